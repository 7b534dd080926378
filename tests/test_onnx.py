"""The reference vectors of ONNX, an independent statement of what each operation means.

Every case is one operator with its attributes, inputs and expected outputs. RUNNERS has, under ONNX's
name, a function that does the same with npnet's operations; its arguments are ONNX's attributes with
ONNX's defaults, so an attribute that nobody thought of is a TypeError. LEFT_OUT names the cases that
npnet cannot do, and they are shown to fail.

Where ONNX says a thing differently, the function says what it does about it: LRN's alpha is divided
by the window, its bias is k; what is summed over is moved to the last axis; weights are transposed
before Gemm; padding of one side only is added by hand.
"""
import json
import os
from pathlib import Path

import numpy as np
import pytest

from npnet.backend import ops
from npnet.layers import BatchNorm, Flatten
from npnet.ops import lrn_constants

pytestmark = pytest.mark.reference

LEFT_OUT = {
    "node/test_adagrad": "npnet has no Adagrad",
    "node/test_adagrad_multiple": "npnet has no Adagrad",
    "node/test_adam": "npnet has no Adam",
    "node/test_adam_multiple": "npnet has no Adam",
    "node/test_nesterov_momentum": "npnet's momentum is the standard one, not Nesterov's",
    "node/test_nllloss_NC": "npnet's loss begins with logits; these log-probabilities are not the logarithms of any",
    "node/test_sce_mean_weight": "npnet's loss weighs all classes alike",
    "pytorch-converted/test_Conv2d_dilated": "npnet has no dilated convolution",
}


# One function per operator: inputs in ONNX's order, attributes by name; returns the list of outputs.

def same_pads(auto_pad, pads, size, kernel, strides):
    """[top, left, bottom, right]; with SAME, as many as give ceil(size / stride) outputs, the odd one at one end."""
    if auto_pad == "NOTSET":
        return pads
    total = [max(0, (-(-n // stride) - 1) * stride + k - n) for n, k, stride in zip(size, kernel, strides)]
    less, more = [n // 2 for n in total], [n - n // 2 for n in total]
    return [*more, *less] if auto_pad == "SAME_LOWER" else [*less, *more]


def one(numbers):
    """The number that all of these are: npnet has one stride and one pad for rows and columns."""
    if len(set(numbers)) != 1:
        raise NotImplementedError(f"{numbers} differ")
    return numbers[0]


def conv(x, w, b=None, *, kernel_shape, strides=(1, 1), pads=(0, 0, 0, 0), group=1, dilations=(1, 1),
         auto_pad="NOTSET"):
    """No bias is a bias of zeros. Unequal pads become zeros around the picture."""
    if one(dilations) != 1:
        raise NotImplementedError("dilation")
    assert list(w.shape[2:]) == kernel_shape
    b = np.zeros(len(w), x.dtype) if b is None else b
    top, left, bottom, right = pads = same_pads(auto_pad, pads, x.shape[2:], kernel_shape, strides)
    if len(set(pads)) == 1:
        return [ops.conv2d_forward(x, w, b, one(strides), top, group)]
    x = np.pad(x, [(0, 0), (0, 0), (top, bottom), (left, right)])
    return [ops.conv2d_forward(x, w, b, one(strides), 0, group)]


def pool_windows(operation, x, kernel_shape, strides, pads, auto_pad, ceil_mode, *more):
    """Pads of both ends must be equal, or differ by a whole stride, when the surplus window is cut off.

    Rows of pixels (N, C, W) are pictures of height 1.
    """
    strides = strides or [1] * len(kernel_shape)
    pads = same_pads(auto_pad, pads or [0] * 2 * len(kernel_shape), x.shape[2:], kernel_shape, strides)
    if x.ndim == 3:
        return operation(x[:, :, None], 1, *kernel_shape, one(strides), one(pads), bool(ceil_mode), *more)[:, :, 0]
    top, left, bottom, right = pads
    most = max(pads)
    y = operation(x, *kernel_shape, one(strides), most, bool(ceil_mode), *more)
    if most * 4 == sum(pads):
        return y
    cut = [(most - pad) // one(strides) for pad in pads]
    assert [n * one(strides) for n in cut] == [most - pad for pad in pads]
    return y[:, :, cut[0]:y.shape[2] - cut[2], cut[1]:y.shape[3] - cut[3]]


def max_pool(x, *, kernel_shape, strides=None, pads=None, auto_pad="NOTSET", ceil_mode=0):
    def operation(*arguments):
        return ops.max_pool_forward(*arguments)[0]
    return [pool_windows(operation, x, kernel_shape, strides, pads, auto_pad, ceil_mode)]


def average_pool(x, *, kernel_shape, strides=None, pads=None, auto_pad="NOTSET", ceil_mode=0, count_include_pad=0):
    return [pool_windows(ops.avg_pool_forward, x, kernel_shape, strides, pads, auto_pad, ceil_mode,
                         bool(count_include_pad))]


def global_average_pool(x):
    return [ops.adaptive_avg_pool_forward(x, 1, 1)]


def lrn(x, *, size, alpha=1e-4, beta=0.75, bias=1.0):
    """ONNX's alpha is divided by the window, as PyTorch's; bias is k."""
    k, alpha = lrn_constants("torch", size, bias, alpha)
    return [ops.lrn_forward(x, size, k, alpha, beta, 1)[0]]


def on_rows(operation):
    """An operator that takes the last axis of (rows, M) as one on any axis (opset 13), or on all from an axis on."""
    def moved(x, *, opset, axis=None):
        if opset < 13:                              # from this axis on, all axes are one
            return [operation(x.reshape(int(np.prod(x.shape[:axis])), -1)).reshape(x.shape)]
        x = np.moveaxis(x, -1 if axis is None else axis, -1)
        y = operation(np.ascontiguousarray(x).reshape(-1, x.shape[-1])).reshape(x.shape)
        return [np.moveaxis(y, -1, -1 if axis is None else axis)]
    return moved


def cross_entropy(x, labels, *, reduction="mean", ignore_index=None):
    """The mean from npnet's loss, without the pictures to ignore; none and sum from log-softmax, as log_prob is."""
    x, labels = np.moveaxis(x, 1, -1).reshape(-1, x.shape[1]), labels.reshape(-1)
    kept = labels != ignore_index
    x, labels = np.ascontiguousarray(x[kept]), labels[kept]
    log_p = ops.log_softmax_forward(x)
    each = -log_p[np.arange(len(labels)), labels]
    loss = {"none": each, "sum": each.sum(), "mean": ops.softmax_cross_entropy(x, labels)[0]}[reduction]
    return [loss, log_p]


def batch_norm(x, w, b, mean, var, *, epsilon=1e-5, momentum=0.9, training_mode=0, is_test=1):
    """ONNX's momentum is the share that stays, npnet's (PyTorch's) the share that is new.

    In training ONNX's running variance takes up the batch's variance over m, PyTorch's that over m - 1.
    Output and mean are the layer's; the variance, with npnet's statistics over m, is put together here.
    """
    layer = BatchNorm(1 - momentum, epsilon)
    layer.build(x.shape[1:], None, x.dtype)
    layer.w, layer.b, layer.mean, layer.var = w, b, mean.copy(), var.copy()
    y = layer.forward(x, train=bool(training_mode) or not is_test)
    batch_var = ops.batchnorm_statistics(x)[1]
    return [y, layer.mean, momentum * var + (1 - momentum) * batch_var]


def gemm(a, b, c=None, *, alpha=1.0, beta=1.0, transA=0, transB=0, broadcast=1):
    """A dense layer has one bias per output; a bias per row and output too is added afterwards.

    broadcast, of old versions, allows c to be smaller than the output, which it always may be here.
    """
    x = np.ascontiguousarray(alpha * (a.T if transA else a), a.dtype)
    w = np.ascontiguousarray(b.T if transB else b)
    zeros = np.zeros(w.shape[1], a.dtype)
    c = zeros if c is None else np.float32(beta) * c
    if c.ndim == 2 and len(c) > 1:
        return [ops.dense_forward(x, w, zeros) + c]
    return [ops.dense_forward(x, w, c.reshape(-1) + zeros)]


def flatten(x, *, axis=1):
    if axis != 1:
        raise NotImplementedError(f"axis={axis}")
    return [Flatten().forward(x)]


def momentum(rate, step, *tensors, alpha, beta, mode, norm_coefficient):
    """PyTorch's rule, over all X, all G and then all V. From the second step on ONNX multiplies G by beta."""
    if mode != "standard" or step > 0 and beta != 1:
        raise NotImplementedError(f"mode={mode}, beta={beta}")
    count = len(tensors) // 3
    w, dw, v = ([np.array(tensor) for tensor in tensors[i * count:(i + 1) * count]] for i in range(3))
    for arrays in zip(w, dw, v):
        ops.sgd_update_torch(*arrays, float(rate), alpha, norm_coefficient)
    return w + v


RUNNERS = {
    "Conv": conv,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "GlobalAveragePool": global_average_pool,
    "LRN": lrn,
    "Softmax": on_rows(lambda x: ops.softmax_forward(x)),
    "LogSoftmax": on_rows(lambda x: ops.log_softmax_forward(x)),
    "SoftmaxCrossEntropyLoss": cross_entropy,
    "BatchNormalization": batch_norm,
    "Gemm": gemm,
    "MatMul": gemm,
    "Transpose": lambda x, *, perm: [x.transpose(perm)],
    "Flatten": flatten,
    "Relu": lambda x: [ops.relu_forward(x)],
    "Sigmoid": lambda x: [ops.sigmoid_forward(x)],
    "Tanh": lambda x: [ops.tanh_forward(x)],
    "Momentum": momentum,
}


def cases():
    """{name: inputs, nodes, outputs} of all cases; empty where there are no reference data."""
    path = Path(os.environ.get("NPNET_REFERENCE") or "") / "onnx_vectors" / "vectors.json"
    return json.loads(path.read_text()) if path.is_file() else {}


CASES = cases()
NAMES = [name for name in CASES if name not in LEFT_OUT] or ["no case"]     # no case: the marker skips it


@pytest.fixture(scope="module")
def vectors():
    """All arrays of the cases: "<case>/input_0", "<case>/init:<input's name>", "<case>/output_0" ..."""
    with np.load(Path(os.environ["NPNET_REFERENCE"]) / "onnx_vectors" / "vectors.npz") as file:
        return dict(file)


def inputs_of(name, vectors):
    """{input's name: array}: what is given, and what was stored as the model's weights."""
    given = {key: f"{name}/input_{number}" for number, key in enumerate(CASES[name]["inputs"])}
    return {key: vectors.get(place, vectors.get(f"{name}/init:{key}")) for key, place in given.items()}


def run(name, vectors):
    """The outputs that npnet gives for a case, node by node. NotImplementedError for an operator it does not have."""
    arrays = inputs_of(name, vectors)
    for node in CASES[name]["nodes"]:
        if node["op"] not in RUNNERS:
            raise NotImplementedError(node["op"])
        opset = {"opset": CASES[name]["opset"]} if node["op"] in ("Softmax", "LogSoftmax") else {}
        outputs = RUNNERS[node["op"]](*(arrays[key] for key in node["in"]), **node["attr"], **opset)
        arrays |= dict(zip(node["out"], outputs))
    return [arrays[key] for key in CASES[name]["outputs"]]


@pytest.mark.parametrize("name", NAMES)
def test_case(name, vectors, backend):
    """Every output has ONNX's shape and, but for float32's rounding, its numbers."""
    outputs = run(name, vectors)
    assert len(outputs) == len(CASES[name]["outputs"]) > 0
    for number, ours in enumerate(outputs):
        expected = vectors[f"{name}/output_{number}"]
        assert ours.shape == expected.shape and ours.dtype == expected.dtype == np.float32
        np.testing.assert_allclose(ours, expected, rtol=2e-6, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize("name", LEFT_OUT)
def test_left_out_does_not_run(name, vectors):
    """A case that is left out is one that npnet cannot do: should it learn to, this says so."""
    with pytest.raises((NotImplementedError, TypeError)):
        run(name, vectors)


def test_every_case_runs_or_is_left_out():
    """Of the 107 cases 99 run and 8 are left out by name; there is no third kind."""
    assert len(CASES) == 107
    assert set(LEFT_OUT) <= set(CASES)
    assert len(NAMES) == 99


@pytest.mark.parametrize("name", ["node/test_lrn", "node/test_lrn_default"])
def test_lrn_tells_the_conventions_apart(name, vectors, backend):
    """With the paper's alpha the same vectors disagree by far more than rounding."""
    x, expected, attr = vectors[f"{name}/input_0"], vectors[f"{name}/output_0"], CASES[name]["nodes"][0]["attr"]
    k, alpha = lrn_constants("paper", attr["size"], attr.get("bias", 1), attr.get("alpha", 1e-4))
    y = ops.lrn_forward(x, attr["size"], k, alpha, attr.get("beta", 0.75), 1)[0]
    assert np.abs(y - expected).max() > 20 * 2e-6 * np.abs(expected).max()


@pytest.mark.parametrize("case", ["example", "epsilon"])
def test_running_variance_differs_by_m(case, vectors, backend):
    """npnet's running variance moves m/(m - 1) times as far as ONNX's, m numbers per channel: as PyTorch has it."""
    name = f"node/test_batchnorm_{case}_training_mode"
    x, w, b, mean, var = inputs_of(name, vectors).values()
    layer = BatchNorm()
    layer.build(x.shape[1:], None, x.dtype)
    layer.var[...] = var
    layer.forward(x, train=True)
    m = x.size // x.shape[1]
    expected = vectors[f"{name}/output_2"]
    np.testing.assert_allclose(layer.var - 0.9 * var, m / (m - 1) * (expected - 0.9 * var), rtol=1e-4)
    assert np.abs(layer.var - expected).max() > 1e-3
