"""Times answers of an exported network in PyTorch, on one thread: python inference.py FOLDER BATCH.

The folder has model.py with its numbers and inputs, as the Rust side wrote them. The first line out says what the first answers were;
then each line in asks for that many seconds of batches and is answered by the shortest, in milliseconds. The end of
the input is answered by the peak memory.
"""

import importlib.util
import json
import pathlib
import resource
import sys
import time

import numpy
import torch


def main():
    begun = time.perf_counter()
    folder, batch = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    spec = importlib.util.spec_from_file_location("model", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.load().eval()
    shape = json.loads((folder / "plan.json").read_text())["input"]
    inputs = numpy.fromfile(folder / "inputs.f32", dtype=numpy.float32)
    x = torch.tensor(inputs).reshape(-1, *shape)[:batch].contiguous()
    with torch.inference_mode():
        answers = network(x)
        said = {"first_answer": answers.flatten()[0].item(), "mean_of_squares": (answers.double() ** 2).mean().item()}
        print(json.dumps({**said, "first_ms": (time.perf_counter() - begun) * 1e3}), flush=True)
        for line in sys.stdin:
            until, best, steps = time.perf_counter() + float(line), float("inf"), 0
            while time.perf_counter() < until or steps < 3:
                start = time.perf_counter()
                network(x)
                best = min(best, time.perf_counter() - start)
                steps += 1
            print(json.dumps({"ms": best * 1e3}), flush=True)
    print(json.dumps({"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)


main()
