"""Times what Optuna and pymoo need for 1,000 trials on a table in memory, one thread; prints one JSON object each."""

import itertools
import json
import time

import numpy
import optuna
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import ElementwiseProblem
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.mutation.pm import PM
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.operators.sampling.rnd import IntegerRandomSampling
from pymoo.optimize import minimize

TRIALS = 1_000
OPTIONS = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
# As many rows as NAS-Bench-201 has, of two numbers each: what they are does not change how long a look-up takes.
ROWS = {key: (sum(key) % 97 / 97, key[0] * 25 + key[1]) for key in itertools.product(range(5), repeat=6)}
NUMBER = {option: number for number, option in enumerate(OPTIONS)}


def say(name, work):
    """The shortest of three."""
    best = min(timed(work, seed) for seed in range(3))
    print(json.dumps({"name": name, "seconds": best}), flush=True)


def timed(work, seed):
    start = time.perf_counter()
    work(seed)
    return time.perf_counter() - start


def study(sampler, directions):
    def work(seed):
        def objective(trial):
            answers = (trial.suggest_categorical(f"edge[{i}]", OPTIONS) for i in range(6))
            row = ROWS[tuple(NUMBER[answer] for answer in answers)]
            return row if len(directions) > 1 else row[0]

        optuna.create_study(sampler=sampler(seed), directions=directions).optimize(objective, n_trials=TRIALS)

    return work


class Cells(ElementwiseProblem):
    def __init__(self):
        super().__init__(n_var=6, n_obj=2, xl=0, xu=4, vtype=int)

    def _evaluate(self, x, out, *args, **kwargs):
        accuracy, size = ROWS[tuple(int(i) for i in x)]
        out["F"] = [-accuracy, size]


def pymoo_nsga2(seed):
    algorithm = NSGA2(
        pop_size=50,
        sampling=IntegerRandomSampling(),
        crossover=SBX(repair=RoundingRepair()),
        mutation=PM(repair=RoundingRepair()),
    )
    minimize(Cells(), algorithm, ("n_eval", TRIALS), seed=seed)


optuna.logging.set_verbosity(optuna.logging.WARNING)
numpy.seterr(all="ignore")
one, two = ["maximize"], ["maximize", "minimize"]
say("Optuna's random", study(lambda seed: optuna.samplers.RandomSampler(seed=seed), one))
say("Optuna's TPE", study(lambda seed: optuna.samplers.TPESampler(seed=seed), one))
say("Optuna's NSGA-II", study(lambda seed: optuna.samplers.NSGAIISampler(seed=seed), two))
say("pymoo's NSGA-II", pymoo_nsga2)
