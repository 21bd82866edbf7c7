"""Asks ONNX Runtime and PyTorch about what `exported FOLDER COUNT` wrote: their answers must be ours to 1e-4,
with whole numbers of eight bits to a few steps.

Each file must pass onnx.checker with full shape inference, take a batch of another size, and each model.py must train.
"""

import importlib.util
import json
import pathlib
import sys
import time
from collections import defaultdict

import numpy
import onnx
import onnxruntime
import torch
from safetensors.numpy import load_file

APART = 1e-4
# Where a value lies half-way between two whole numbers, the last bit of a sum decides: a step of one value, seldom of more.
STEPS_APART = 0.05


def apart(ours, theirs):
    """The largest difference, beside the largest answer and 1."""
    assert ours.shape == theirs.shape, (ours.shape, theirs.shape)
    return float(numpy.abs(ours - theirs).max() / max(1.0, numpy.abs(ours).max()))


def in_session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def in_onnx_runtime(folder, case):
    model = onnx.load(folder / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    assert all(v.type.tensor_type.HasField("shape") for v in inferred.graph.value_info)
    assert model.opset_import[0].version >= 17, model.opset_import
    session = in_session(folder / "model.onnx")
    name = session.get_inputs()[0].name
    answers = session.run(None, {name: case["inputs"]})
    worst = apart(case["meant"], answers[0])
    if len(answers) > 1:
        shares = torch.softmax(torch.from_numpy(case["answers"]), 1).numpy()
        worst = max(worst, apart(shares, answers[1]))
        classes = json.loads({p.key: p.value for p in model.metadata_props}["nascent.classes"])
        assert len(classes) == answers[1].shape[1], classes
    # One example alone, and five at once.
    for rows in ([0], [0, 1, 2, 1, 0]):
        worst = max(worst, apart(case["meant"][rows], session.run(None, {name: case["inputs"][rows]})[0]))
    return worst


def in_whole_numbers(folder, case):
    """ONNX Runtime's answers with whole numbers of eight bits, from our own with the same rounding."""
    onnx.checker.check_model(onnx.load(folder / "int8.onnx"), full_check=True)
    session = in_session(folder / "int8.onnx")
    answers = session.run(None, {session.get_inputs()[0].name: case["inputs"]})
    ours = case["whole"]
    assert ours.shape == answers[0].shape, (ours.shape, answers[0].shape)
    # A step of one value changes some answers, and what is wrong changes most.
    return float(numpy.abs(ours - answers[0]).mean() / max(1.0, numpy.abs(ours).max()))


def in_steps(folder, case):
    """The network that reads some tokens at a time, from what it answers at once and from our own token by token."""
    model = onnx.load(folder / "step.onnx")
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    session = in_session(folder / "step.onnx")
    said = session.get_modelmeta().custom_metadata_map
    states, window = json.loads(said["nascent.states"]), int(said["nascent.window"])
    tokens, continued = case["inputs"].astype(numpy.int64), case["continued"]
    assert window == tokens.shape[1] == continued.shape[2], (window, tokens.shape, continued.shape)
    worst = apart(case["answers"].reshape(continued.shape), continued)
    # How many texts, tokens of each, and tokens at a time.
    half = window // 2
    for batch, length, some in ((3, window, 1), (1, window, 3), (3, half, half), (1, window, window), (3, 1, 1)):
        kept = {s["input"]: numpy.zeros([batch if n == "batch" else n for n in s["shape"]], s["type"]) for s in states}
        for at in range(0, length, some):
            piece = tokens[:batch, at : min(at + some, length)]
            logits, *after = session.run(None, {"tokens": piece, **kept})
            kept = {s["input"]: value for s, value in zip(states, after)}
            worst = max(worst, apart(continued[:batch, :, at : at + piece.shape[1]], logits))
    return worst


def in_pytorch(folder, case):
    spec = importlib.util.spec_from_file_location("model", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.load()
    inputs = torch.from_numpy(case["inputs"])
    read = module.preprocess(inputs) if hasattr(module, "preprocess") else inputs
    worst = apart(case["read"], read.numpy())
    with torch.no_grad():
        worst = max(worst, apart(case["answers"], network(read).flatten(1).numpy()))
    train(network, read)
    return worst


def train(network, read):
    """A few steps towards fixed answers bring the network nearer to them, and no number of it is left without a gradient."""
    if not list(network.parameters()):
        return
    torch.manual_seed(0)
    for layer in network.modules():
        # What is dropped at random is no measure of a step.
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
    network.train()
    with torch.no_grad():
        wanted = torch.randn_like(network(read))
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    losses = []
    for _ in range(12):
        loss = ((network(read) - wanted) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        if not losses:
            assert all(p.grad is not None for p in network.parameters()), "a number without a gradient"
        optimizer.step()
        losses.append(loss.item())
    assert min(losses[1:]) < losses[0], losses


def main(folder):
    torch.set_num_threads(1)
    # oneDNN of PyTorch 1.13 (Debian's) now and then reads memory that nothing was written to on the way back through a
    # recurrent unit with a GELU before it: one step in a hundred gives gradients that are not numbers.
    torch.backends.mkldnn.set_flags(False)
    begin = time.time()
    worst = defaultdict(lambda: [0, 0.0, 0.0, 0.0, 0.0])
    for case in sorted(pathlib.Path(folder).iterdir()):
        try:
            tensors = load_file(case / "case.safetensors")
            runtime, pytorch = in_onnx_runtime(case, tensors), in_pytorch(case, tensors)
            whole = in_whole_numbers(case, tensors)
            steps = in_steps(case, tensors) if "continued" in tensors else 0.0
            assert max(runtime, pytorch, steps) <= APART and whole <= STEPS_APART, (runtime, pytorch, steps, whole)
        except Exception as error:
            raise SystemExit(f"{case.name}: {error!r}") from error
        entry = worst[case.name.split("-")[0]]
        entry[0] += 1
        entry[1:] = map(max, entry[1:], (runtime, pytorch, whole, steps))
    assert worst, f"nothing in {folder}"
    assert any(entry[4] > 0 for entry in worst.values()), "no network that reads some tokens at a time"
    for space, (count, runtime, pytorch, whole, steps) in worst.items():
        print(
            f"{space}: {count} networks, ONNX Runtime at most {runtime:.1e} from us, PyTorch {pytorch:.1e}, "
            f"ONNX Runtime with whole numbers {whole:.1e}"
            + (f", some tokens at a time {steps:.1e}" if steps else "")
        )
    print(f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, torch {torch.__version__}: {time.time() - begin:.0f} s")


main(sys.argv[1])
