"""For every region that is worth a look, one small example: what is asked of the student's function, and what is drawn.

    example = EXAMPLES["a3.dx"](parts)          parts: {name: the solution's function}
    example.call, example.panels                what goes in
    example.drawn(value)                        [(name, (rows, columns))] of what came out

The numbers are those of the handouts where they can be: they can be followed on paper.
"""
from dataclasses import dataclass, field

import numpy as np

from ..plots.course import Bars, Grid
from .grader.calls import Call, Rng

X = np.array([[1.0, 2, 0, 1], [0, 1, 3, 1], [2, 1, 0, 0], [1, 0, 1, 2]])
W = np.array([[1.0, 0], [2, -1]])
STEPS = """
def steps(w, gradients, lr, momentum, weight_decay):
    params, optimizer, path = {"fc.w": np.array([w])}, SGD(lr, momentum, weight_decay), [w]
    for dw in gradients:
        optimizer.step(params, {"fc.w": np.array([dw])})
        path.append(float(params["fc.w"][0]))
    return np.array(path)
"""


@dataclass
class Example:
    """A call of the student's function, the panels of what goes in, and how what comes out is drawn.

    drawn: value -> [(name, numbers of at most two axes)]. kind: "grid", "bars" or "path".
    """

    call: Call
    panels: list = field(default_factory=list)
    drawn: object = None
    kind: str = "grid"


def maps(*names):
    """Draws the first map of each output: y (N, C, P, Q) -> (P, Q)."""
    def drawn(value):
        values = value if isinstance(value, tuple) else (value,)
        return [(name, flat_map(each)) for name, each in zip(names, values)]
    return drawn


def flat_map(array):
    """The first map of an array of four axes; an array of at most two as it is."""
    array = np.asarray(array)
    while array.ndim > 2:
        array = array[0]
    return array


# ---------------------------------------------------------------------------- convolution

def size(parts):
    padded, window, stride = 9, 3, 2                                        # 7 numbers, padded by 1 on both sides
    covers = np.zeros((4, padded))
    for p in range(4):
        covers[p, p * stride:p * stride + window] = 1
    grey = np.zeros(covers.shape, bool)
    grey[:, [0, -1]] = True
    boxes = [(p, p * stride, 1, window) for p in range(4)]
    return Example(Call("conv_size", [7, 3, 2, 1]), [Grid(covers, "size 7, window 3, stride 2, pad 1", boxes, grey)],
                   maps("P"))


def pad_image(parts):
    x = X[:3, :3]
    return Example(Call("pad_image", [x[None, None], 1]), [Grid(x, "x")], maps("x, pad 1"))


def conv(parts):
    call = Call("conv2d_forward", [X[None, None], W[None, None], np.array([1.0]), 1, 0, 1])
    return Example(call, [Grid(X, "x", [(0, 0, 2, 2)]), Grid(W, "w"), Grid(np.array([1.0]), "b")], maps("y"))


def columns(parts):
    def drawn(value):
        value = np.asarray(value)
        return [("cols (R*S, P*Q)", value[0, 0].reshape(4, -1) if value.shape[:4] == (1, 1, 2, 2) else value)]

    return Example(Call("im2col", [X[None, None], 2, 2, 1, 0]), [Grid(X, "x", [(0, 0, 2, 2)])], drawn)


def conv_by_columns(parts):
    x = X[None, None]
    cols = parts["im2col"](x, 2, 2, 1, 0)[0, 0].reshape(4, 9)
    call = Call("conv2d_forward", [x, W[None, None], np.array([1.0]), 1, 0, 1])
    panels = [Grid(W.reshape(1, 4), "w (K, R*S)"), Grid(cols, "cols (R*S, P*Q)", [(0, 0, 4, 1)])]
    return Example(call, panels, maps("y"))


def coverage(parts):
    cols = np.ones((1, 1, 3, 3, 2, 2))
    boxes = [(0, 0, 3, 3), (0, 2, 3, 3), (2, 0, 3, 3), (2, 2, 3, 3)]
    panels = [Grid(np.ones((5, 5)), "3 x 3, stride 2", boxes)]
    return Example(Call("col2im", [cols, 5, 5, 2, 0]), panels, maps("x"))


def filters_gradient(parts):
    dy = np.ones((3, 3))
    call = Call("conv2d_backward_w", [dy[None, None], X[None, None], 2, 2, 1, 0, 1])
    return Example(call, [Grid(X, "x", [(0, 0, 3, 3)]), Grid(dy, "dy")], maps("dw"))


def bias_gradient(parts):
    dy = np.array([[[[1.0, 2], [3, 4]], [[0, 1], [0, -1]]], [[[1, 1], [1, 1]], [[2, 2], [0, 0]]]])
    panels = [Grid(dy[n, k], f"dy[{n}, {k}]") for k in range(2) for n in range(2)]
    return Example(Call("conv2d_backward_b", [dy]), panels, maps("db"))


def input_gradient(parts):
    dy = np.ones((3, 3))
    call = Call("conv2d_backward_x", [dy[None, None], W[None, None], 4, 4, 1, 0, 1])
    return Example(call, [Grid(dy, "dy"), Grid(W, "w")], maps("dx"))


# ---------------------------------------------------------------------------- pooling, normalisation

POOLED = np.array([[1.0, 2, 0, 1, 3], [0, 1, 2, 0, 1], [2, 0, 9, 1, 0], [1, 3, 0, 2, 1], [0, 1, 2, 0, 4]])
WINDOWS = [(0, 0, 3, 3), (0, 2, 3, 3), (2, 0, 3, 3), (2, 2, 3, 3)]


def pool(parts):
    call = Call("max_pool_forward", [POOLED[None, None], 3, 3, 2, 0, False])
    return Example(call, [Grid(POOLED, "x", WINDOWS)], maps("y", "argmax"))


def routed(parts):
    dy, x = np.array([[1.0, 10], [100, 1000]]), POOLED[None, None]
    y, argmax = parts["max_pool_forward"](x, 3, 3, 2, 0, False)
    call = Call("max_pool_backward", [dy[None, None], x, argmax, 3, 3, 2, 0])
    return Example(call, [Grid(POOLED, "x", WINDOWS), Grid(dy, "dy")], maps("dx"))


def channels(*names):
    """Draws one number of each channel."""
    def drawn(value):
        values = value if isinstance(value, tuple) else (value,)
        return [(name, np.asarray(each).reshape(-1)) for name, each in zip(names, values)]
    return drawn


def lrn(parts):
    x = np.array([1.0, 2, 3, 2, 1])
    call = Call("lrn_forward", [x.reshape(1, 5, 1, 1), 3, 2.0, 0.5, 0.75])
    return Example(call, [Bars(x, "x, n = 3", (1, 2, 3))], channels("y", "scale"), "bars")


def lrn_gradient(parts):
    x, dy = np.array([1.0, 2, 3, 2, 1]), np.array([0.0, 0, 1, 0, 0])
    y, scale = parts["lrn_forward"](x.reshape(1, 5, 1, 1), 3, 2.0, 0.5, 0.75)
    call = Call("lrn_backward", [dy.reshape(1, 5, 1, 1), x.reshape(1, 5, 1, 1), scale, 3, 0.5, 0.75])
    return Example(call, [Bars(x, "x, n = 3", (1, 2, 3)), Bars(dy, "dy")], channels("dx"), "bars")


# ---------------------------------------------------------------------------- dropout, softmax, update, network

def dropout(parts):
    x = np.arange(1.0, 13).reshape(3, 4)
    return Example(Call("dropout_forward", [x, 0.5, Rng(4), True]), [Grid(x, "x, p_drop = 0.5")], maps("y", "mask"))


def relu(parts):
    y, dy = np.array([[0.0, 2, 0], [1, 0, 3]]), np.array([[5.0, -6, 7], [8, -9, 4]])
    return Example(Call("relu_backward", [dy, y]), [Grid(y, "y"), Grid(dy, "dy")], maps("dx"))


LOGITS, LABELS = np.array([[2.0, 1, 0], [0, 0, 0]]), np.array([0, 2])


def probabilities():
    """The softmax of every row."""
    exps = np.exp(LOGITS - LOGITS.max(axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)


def loss(parts):
    panels = [Grid(LOGITS, "logits", [(n, label, 1, 1) for n, label in enumerate(LABELS)]), Grid(probabilities(), "p")]
    return Example(Call("cross_entropy_loss", [LOGITS, LABELS]), panels, maps("loss"))


def loss_gradient(parts):
    boxes = [(n, label, 1, 1) for n, label in enumerate(LABELS)]
    panels = [Grid(LOGITS, "logits", boxes), Grid(probabilities(), "p", boxes)]
    return Example(Call("cross_entropy_gradient", [LOGITS, LABELS]), panels, maps("dlogits"))


def path(parts):
    call = Call("steps", [1.0, [0.5] * 6, 0.1, 0.9, 0.01], STEPS)
    return Example(call, [], lambda value: [("w", np.asarray(value).reshape(-1))], "path")


def counted(parts):
    panels = [Grid(np.array([[1.0, 96, 27, 27]]), "x (N, C, H, W)"), Grid(np.array([[5.0, 5]]), "R, S")]
    return Example(Call("columns_bytes", [1, 96, 27, 27, 5, 5, 1, 2, 4]), panels,
                   lambda value: [("MB", np.asarray(value, float).reshape(1, 1) / 1e6)])


# ---------------------------------------------------------------------------- the whole network

WEIGHTED = "conv1 conv2 conv3 conv4 conv5 fc6 fc7 fc8".split()


def layers(parts):
    """AlexNet's list of layers."""
    return parts["alexnet_layers"]((96, 256, 384, 384, 256), (1, 2, 1, 2, 2), (4096, 4096), 1000)


def of_layers(function, names, scale, label):
    """A maker of an Example: one bar for each named layer of AlexNet."""
    def example(parts):
        every = layers(parts)
        places = [i for i, layer in enumerate(every) if layer["name"] in names]
        return Example(Call(function, [every, (3, 227, 227)]), [],
                       lambda value: [(label, np.array([first(value[i]) for i in places]) / scale)], "bars")
    return example


def first(number):
    """A number as it is; of a shape (C, H, W) the rows, of (D,) nothing but D."""
    return float(number[-1]) if isinstance(number, (tuple, list)) else float(number)


MAPS = "conv1 pool1 conv2 pool2 conv3 conv4 conv5 pool5".split()
LOSSES = """
def losses(lr, momentum, epochs, batch):
    x, labels = pictures(20, 1)
    found, trained = train(x, labels, first_weights(4, 4, 2), lr, momentum, epochs, batch, np.random.default_rng(3))
    return np.array(found)
"""


def training(parts):
    call = Call("losses", [0.02, 0.9, 6, 10], LOSSES)
    return Example(call, [], lambda value: [("loss", np.asarray(value, float).reshape(-1))], "path")


EXAMPLES = {
    "a1.size": size, "a1.pad": pad_image, "a1.conv_naive": conv, "a2.im2col": columns,
    "a2.conv_im2col": conv_by_columns,
    "a3.col2im": coverage, "a3.dw": filters_gradient, "a3.db": bias_gradient, "a3.dx": input_gradient,
    "a4.forward": pool, "a4.backward": routed, "a5.forward": lrn, "a5.backward": lrn_gradient,
    "a6.dropout": dropout, "a6.relu_backward": relu, "a7.loss": loss, "a7.grad": loss_gradient, "a8.step": path,
    "a2.count": counted, "a9.shapes": of_layers("output_shapes", MAPS, 1, "rows"),
    "a9.params": of_layers("layer_parameters", WEIGHTED, 1e3, "10^3"),
    "a9.flops": of_layers("layer_multiply_adds", WEIGHTED, 1e6, "10^6"), "a10.train": training}
