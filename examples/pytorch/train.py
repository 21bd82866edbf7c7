"""An evaluator of one's own: PyTorch trains the networks that Nascent proposes.

Nascent starts one process of this for each worker, and both speak JSON, a line a message, as docs/evaluator.md says.
Needs Python 3.9 and PyTorch 1.13 or later; from the repository's root:

    nascent search examples/pytorch/study.toml
"""

import csv
import gzip
import json
import math
import os
import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional

# The real standard output is for messages; whatever else is printed goes where errors go.
answers, sys.stdout = sys.stdout, sys.stderr

DATA = pathlib.Path(__file__).parents[2] / "crates/data/assets/digits.csv.gz"
ACTIVATIONS = {
    "relu": functional.relu,
    "silu": functional.silu,
    "gelu": functional.gelu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}


def say(kind, **content):
    print(json.dumps({kind: content}), file=answers, flush=True)


def layer(node, before):
    """The part of a node that has weights or a window; `before` is the shape of what it reads."""
    kind = node["op"]
    if kind == "conv2d":
        names = ("stride", "padding", "dilation", "groups", "bias")
        return nn.Conv2d(before[0], node["channels"], node["kernel"], **{name: node[name] for name in names})
    if kind == "batch_norm":
        return nn.BatchNorm2d(before[0]) if len(before) == 3 else nn.BatchNorm1d(before[0])
    if kind == "linear":
        return nn.Linear(before[0], node["features"], bias=node["bias"])
    if kind == "dropout":
        return nn.Dropout(node["per_mille"] / 1000)
    if kind == "pool2d" and node["kind"] == "max":
        return nn.MaxPool2d(node["kernel"], node["stride"], node["padding"])
    if kind == "pool2d":
        return nn.AvgPool2d(node["kernel"], node["stride"], node["padding"], count_include_pad=False)
    return None


def compute(node, part, inputs, batch):
    """The value of a node."""
    kind = node["op"]
    if part is not None:
        return part(inputs[0])
    if kind == "zero":
        return batch.new_zeros(len(batch), *node["shape"])
    if kind == "activation":
        return ACTIVATIONS[node["function"]](inputs[0])
    if kind == "add":
        return sum(inputs)
    if kind == "multiply":
        value, gate = inputs
        return value * gate.reshape(*gate.shape, *[1] * (value.dim() - gate.dim()))
    if kind == "concat":
        return torch.cat(inputs, 1)
    if kind == "flatten":
        return inputs[0].flatten(1)
    if kind == "global_average_pool":
        return inputs[0].mean((2, 3))
    if kind == "global_max_pool":
        return inputs[0].amax((2, 3))
    if kind == "identity":
        return inputs[0]
    raise ValueError(f"there is no operation {kind!r} here: add it to examples/pytorch/train.py")


class Network(nn.Module):
    """The graph of a job as a module."""

    def __init__(self, graph):
        super().__init__()
        self.nodes, self.output = graph["nodes"], graph["output"]
        parts, values = [], []
        # One pass of a batch of nothing tells all shapes.
        for node in self.nodes:
            before = [values[i] for i in node.get("inputs", [])]
            part = layer(node, tuple(before[0].shape[1:])) if before else None
            parts.append(part)
            batch = torch.zeros(2, *self.nodes[0]["shape"])
            value = batch if node["op"] == "input" else compute(node, part, before, batch)
            values.append(value.detach())
        self.parts = nn.ModuleList(part or nn.Identity() for part in parts)
        self.has_part = [part is not None for part in parts]

    def forward(self, batch):
        values = []
        for node, part, has_part in zip(self.nodes, self.parts, self.has_part):
            inputs = [values[i] for i in node.get("inputs", [])]
            value = batch if node["op"] == "input" else compute(node, part if has_part else None, inputs, batch)
            values.append(value)
        return values[self.output]


def digits():
    """Every fifth row is for validation."""
    with gzip.open(DATA, "rt") as file:
        rows = torch.tensor([[float(x) for x in row] for row in csv.reader(file)])
    images, labels = rows[:, :64].reshape(-1, 1, 8, 8) / 16, rows[:, 64].long()
    held = torch.arange(len(rows)) % 5 == 1
    return (images[~held], labels[~held]), (images[held], labels[held])


def train(job, data):
    """Trains a network as a job says, and reports after each epoch."""
    torch.manual_seed(job["seed"] % 2**63)
    (images, labels), (held, answers) = data
    network, settings = Network(job["architecture"]), job["settings"]
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=settings["learning_rate"], weight_decay=settings["weight_decay"]
    )
    size, metrics = settings["batch_size"], {}
    steps = math.ceil(len(images) / size)
    for epoch in range(1, job["budget"] + 1):
        network.train()
        order = torch.randperm(len(images))
        for step in range(steps):
            # The horizon is where the schedule ends: beyond the budget, where a trial is only the beginning of one.
            done = ((epoch - 1) * steps + step) / (job["horizon"] * steps)
            for group in optimizer.param_groups:
                group["lr"] = settings["learning_rate"] * (1 + math.cos(math.pi * done)) / 2
            rows = order[step * size : (step + 1) * size]
            loss = functional.cross_entropy(network(images[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            logits = network(held)
        accuracy = (logits.argmax(1) == answers).float().mean().item()
        metrics = {"accuracy": accuracy, "loss": functional.cross_entropy(logits, answers).item()}
        say("reported", trial=job["trial"], step=epoch, metrics=metrics)
    torch.save(network.state_dict(), os.path.join(job["folder"], "model.pt"))
    return metrics


def main():
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    lines = iter(sys.stdin.readline, "")
    opening = json.loads(next(lines))
    if opening["protocol"] != 1:
        say("refused", reason=f"this script speaks version 1 of the protocol, not {opening['protocol']}")
        return
    data = digits()
    say("hello", protocol=1, pid=os.getpid())
    for line in lines:
        order = json.loads(line)
        if "job" not in order:
            continue  # A stop: by the time it is read here, its trial is over.
        job = order["job"]
        try:
            metrics = train(job, data)
        except (ValueError, RuntimeError) as error:
            say("failed", trial=job["trial"], reason=str(error))
        else:
            outcome = {"metrics": metrics, "cost": job["budget"]}
            say("finished", trial=job["trial"], outcome=outcome)


main()
