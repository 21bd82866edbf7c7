"""Times training steps of a network in PyTorch: python engine.py FOLDER VARIANT THREADS.

The folder has the graph, the first weights and one batch, as the Rust side wrote them. The first line out says how many parameters
there are and what the first loss was; then each line in asks for that many seconds of steps and is answered by the shortest, in
milliseconds. The end of the input is answered by the peak memory.
"""

import json
import pathlib
import resource
import sys
import time

import numpy
import torch
import torch.nn.functional as F


def read(folder):
    plan = json.loads((folder / "plan.json").read_text())
    weights, at = {}, 0
    numbers = numpy.fromfile(folder / "weights.f32", dtype=numpy.float32)
    for slot in plan["slots"]:
        size = int(numpy.prod(slot["shape"]))
        weights[slot["name"]] = torch.tensor(numbers[at : at + size]).reshape(slot["shape"])
        at += size
    inputs = torch.tensor(numpy.fromfile(folder / "inputs.f32", dtype=numpy.float32))
    labels = torch.tensor(numpy.fromfile(folder / "labels.u32", dtype=numpy.uint32).astype(numpy.int64))
    return plan, weights, inputs, labels


def square(x):
    return (x, x)


class Net(torch.nn.Module):
    """The graph, node by node, with the operations that a person would write."""

    def __init__(self, graph, weights):
        super().__init__()
        self.nodes = graph["nodes"]
        # Steps of texts are rows, as in transformers everywhere; channels of images and series come first.
        self.rows = any(node["op"] == "embedding" for node in self.nodes)
        self.parts = torch.nn.ParameterDict()
        self.known = {}
        for name, tensor in weights.items():
            node, part = int(name.split(".")[0]), name.split(".", 2)[2]
            key = f"{node}_{part.replace('.', '_')}"
            op = self.nodes[node]["op"]
            if op == "linear" and part == "weight":
                tensor = tensor.t().contiguous()
            if op == "conv1d" and part == "weight" and self.rows:
                tensor = tensor.squeeze(2)
            if op == "embedding":
                tensor = torch.cat([torch.zeros(1, tensor.shape[1]), tensor])
            if op == "position_embedding":
                tensor = tensor.t().contiguous()
            if "running" in part:
                self.register_buffer(key, tensor.clone())
            else:
                self.parts[key] = torch.nn.Parameter(tensor.clone())

    def p(self, i, part):
        key = f"{i}_{part}"
        return self.parts[key] if key in self.parts else None

    def forward(self, x):
        values = []
        for i, node in enumerate(self.nodes):
            op = node["op"]
            a = [values[j] for j in node.get("inputs", [])]
            if op == "input":
                y = x
            elif op == "zero":
                y = None
            elif op in ("identity",):
                y = a[0]
            elif op == "conv2d":
                y = F.conv2d(a[0], self.p(i, "weight"), self.p(i, "bias"), node["stride"], node["padding"], node["dilation"], node["groups"])
            elif op == "conv1d" and self.rows:
                y = F.linear(a[0], self.p(i, "weight"), self.p(i, "bias"))
            elif op == "conv1d":
                y = F.conv1d(a[0], self.p(i, "weight"), self.p(i, "bias"), node["stride"], node["padding"], node["dilation"], node["groups"])
            elif op == "batch_norm":
                mean, variance = getattr(self, f"{i}_running_mean"), getattr(self, f"{i}_running_variance")
                y = F.batch_norm(a[0], mean, variance, self.p(i, "scale"), self.p(i, "shift"), True, 0.1, 1e-5)
            elif op == "activation":
                y = {"relu": F.relu, "gelu": F.gelu, "silu": F.silu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[node["function"]](a[0])
            elif op == "pool2d":
                if node["kind"] == "max":
                    y = F.max_pool2d(a[0], node["kernel"], node["stride"], node["padding"])
                else:
                    y = F.avg_pool2d(a[0], node["kernel"], node["stride"], node["padding"], count_include_pad=False)
            elif op == "global_average_pool":
                y = a[0].mean(1) if self.rows else a[0].flatten(2).mean(2)
            elif op == "linear":
                y = F.linear(a[0], self.p(i, "weight"), self.p(i, "bias"))
            elif op == "add":
                y = None
                for term in a:
                    y = term if y is None else y if term is None else y + term
            elif op == "embedding":
                y = F.embedding(x.long(), self.p(i, "weight"))
            elif op == "position_embedding":
                y = a[0] + self.p(i, "weight")
            elif op == "layer_norm":
                y = F.layer_norm(a[0], a[0].shape[-1:], self.p(i, "scale"), self.p(i, "shift"), 1e-5)
            elif op == "self_attention":
                n, t, c = a[0].shape
                h = node["heads"]
                q, k, v = F.linear(a[0], self.p(i, "projection_weight"), self.p(i, "projection_bias")).chunk(3, 2)
                q, k, v = (z.reshape(n, t, h, c // h).transpose(1, 2) for z in (q, k, v))
                y = F.scaled_dot_product_attention(q, k, v, is_causal=node["causal"])
                y = F.linear(y.transpose(1, 2).reshape(n, t, c), self.p(i, "output_weight"), self.p(i, "output_bias"))
            else:
                raise SystemExit(f"engine.py knows no operation {op}")
            values.append(y)
        return values[-1]


def main():
    folder, variant, threads = pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(threads)
    plan, weights, inputs, labels = read(folder)
    graph = json.loads((folder / "architecture.json").read_text())
    net = Net(graph, weights)
    params = sum(p.numel() for name, p in net.named_parameters())
    # A table's row for code 0 is not trained.
    params -= sum(p.shape[1] for name, p in net.named_parameters() if "weight" in name and graph["nodes"][int(name.split(".")[1].split("_")[0])]["op"] == "embedding")
    x = inputs.reshape(plan["batch"], *plan["input"])
    if variant == "channels-last":
        if x.dim() == 4:
            x = x.to(memory_format=torch.channels_last)
            net = net.to(memory_format=torch.channels_last)
    if plan["optimizer"] == "adamw":
        optimizer = torch.optim.AdamW(net.parameters(), lr=plan["rate"], weight_decay=0.0)
    else:
        optimizer = torch.optim.SGD(net.parameters(), lr=plan["rate"], momentum=0.9)
    run = torch.compile(net) if variant == "compile" else net

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(run(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    begun = time.perf_counter()
    loss = step().item()
    first = (time.perf_counter() - begun) * 1e3
    print(json.dumps({"params": params, "loss": loss, "first_ms": first}), flush=True)
    for line in sys.stdin:
        until, best, steps = time.perf_counter() + float(line), float("inf"), 0
        while time.perf_counter() < until or steps < 3:
            begun = time.perf_counter()
            step()
            best = min(best, time.perf_counter() - begun)
            steps += 1
        print(json.dumps({"ms": best * 1e3, "steps": steps}), flush=True)
    print(json.dumps({"mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)


main()
