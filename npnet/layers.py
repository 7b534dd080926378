"""Layers: operations that remember.

    class Layer:
        build(shape, rng, dtype)      once: allocates; shape of one input without N -> shape of one output
        forward(x, train=False)       remembers what backward needs
        backward(dy, to_input=True)   dx; leaves dw and db on the layer. With to_input=False a layer that
                                      has parameters returns None; the others may ignore it
        params() grads()              {"w": array, "b": array} or {}: same keys, same shapes
        state()                       what is saved but not trained (running statistics); {} for most

A constructor stores its arguments under their own names and computes nothing, so repr(layer) is the
expression that makes the layer. Gradients are written, never added to: no zero_grad. `train` is
False unless asked for, so that nothing is random by default. Options go to the operations as
float(option): one that came as an np.float64 would turn float32 arithmetic into float64.

A layer also answers for itself what one picture of a given shape costs: multiply_adds, connections,
columns (numbers that im2col writes) and window (what one output sees of the input); and what build will
make: output, the shape of one output, and arrays, the shapes of parameters and state.
"""
import copy
import hashlib
import inspect
import math
import numbers

import numpy as np

from .backend import choose, ops
from .ops.lrn import CONVENTIONS, lrn_constants
from .ops.shapes import conv_size, pool_size, taps


def rng(*address):
    """A random generator of its own for every draw: rng(seed, "init", "conv1").

    The address decides all numbers, whatever was drawn before, elsewhere or on another machine.
    """
    plain = tuple(int(part) if isinstance(part, np.integer) else part for part in address)     # 1 however it came
    key = hashlib.sha256(repr(plain).encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(key[:16], "little")))


class Layer:
    """A layer without parameters that leaves shapes alone; the others are made from it."""

    draws = False           # True: forward draws random numbers, and Network says which

    def build(self, shape, rng, dtype=np.float32):
        """Allocates for inputs of `shape` (without N), drawing from rng; returns the shape of an output.

        Raises ValueError or TypeError where the shape or an argument does not fit.
        """
        choose()
        return shape

    def forward(self, x, train=False):
        """The output for x; remembers what backward needs."""
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(self, x, train=False)")

    def backward(self, dy, to_input=True):
        """The gradient dx from the gradient dy; leaves the parameters' gradients on the layer."""
        raise NotImplementedError(f"{type(self).__name__} needs a method backward(self, dy, to_input=True)")

    def params(self):
        """What is trained: {name: array}."""
        return {}

    def grads(self):
        """The gradients that backward left: the same names and shapes as params()."""
        return {}

    def state(self):
        """What is saved but not trained: {name: array}."""
        return {}

    def output(self, shape):
        """The shape of one output for inputs of `shape`: what build returns, after it has checked them."""
        return shape

    def arrays(self, shape):
        """{name: shape} of the params and the state that build makes for inputs of `shape`."""
        return {}

    def inside(self):
        """{name: layer} of the layers that this one is made of: only Concat has such."""
        return {}

    def multiply_adds(self, shape):
        """Multiply-adds of forward for one input of `shape`, those on padding included."""
        return 0

    def connections(self, shape):
        """Multiply-adds that meet a real input, those on padding left out."""
        return self.multiply_adds(shape)

    def columns(self, shape):
        """How many numbers im2col writes for one input."""
        return 0

    def window(self, shape):
        """Rows, columns and stride of the window of the input that one output sees."""
        return 1, 1, 1

    def __repr__(self):
        return expression(self)


def arguments(layer):
    """The constructor's arguments of a layer, by name, as they are stored on it."""
    names = inspect.signature(type(layer)).parameters
    for name in names:
        if not hasattr(layer, name):
            raise TypeError(f"{type(layer).__name__} must store its argument {name} under that name: "
                            f"self.{name} = {name}")
    return {name: getattr(layer, name) for name in names}


def expression(layer):
    """The expression that makes a layer: Conv2D(96, 11, stride=4)."""
    words = []
    for name, parameter in inspect.signature(type(layer)).parameters.items():
        value = repr(getattr(layer, name, "?"))
        if parameter.default is parameter.empty:
            words.append(value)
        elif value != repr(parameter.default):
            words.append(f"{name}={value}")
    return f"{type(layer).__name__}({', '.join(words)})"


def pair(size):
    """Rows and columns of a window: 3 means (3, 3). Raises ValueError for anything but one number or two."""
    rows_and_columns = tuple(size) if isinstance(size, (tuple, list)) else (size, size)
    if len(rows_and_columns) != 2:
        raise ValueError(f"size must be one number or (rows, columns), got {size!r}")
    return rows_and_columns


def built(name, layer, shape, rng, dtype):
    """Builds a layer for inputs of `shape`; returns the shape of its output. Errors begin with the layer's name."""
    try:
        made = layer.build(shape, rng, dtype)
    except (ValueError, TypeError) as error:
        raise type(error)(f"{name}: {error}") from error
    if not isinstance(made, (tuple, list)):
        raise TypeError(f"{name}: build must return the shape of one output, (C, H, W) or (D,), got {made!r}")
    for size in made:
        check_whole(**{f"{name}: every size in the shape that build returns": size})
    own, again = layer.params(), layer.params()
    if not isinstance(own, dict) or not all(hasattr(array, "shape") for array in own.values()):
        raise TypeError(f"{name}: params() must return a dictionary of arrays, like {{'w': self.w}}, got {own!r:.60}")
    if any(again[key] is not array and (array.base is None or again[key].base is not array.base)
           for key, array in own.items()):
        raise TypeError(f"{name}: params() must return the arrays themselves, not copies, which nobody would train")
    return tuple(made)


def check_made(name, method, array, promised, dtype):
    """Raises ValueError or TypeError unless a layer made what it must."""
    if getattr(array, "shape", None) != promised:
        what = "an array {}, as build promised" if method == "forward" else "the gradient of its input, {}"
        raise ValueError(f"{name}: {method} must return {what.format(promised)}, got "
                         f"{getattr(array, 'shape', type(array).__name__)}")
    if array.dtype != dtype:
        raise TypeError(f"{name}: {method} must return {dtype}, as its input is, got {array.dtype}; "
                        f"make arrays with x.dtype")


def check_whole(**values):
    """Raises ValueError unless every value is a whole number of at least 1."""
    for name, value in values.items():
        if not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {value!r}")


def check_numbers(least=0, most=math.inf, **values):
    """Raises ValueError unless every value is a finite real number from least to most, Python's or NumPy's."""
    for name, value in values.items():
        if not isinstance(value, numbers.Real):
            raise ValueError(f"{name} must be a number, got {value!r}")
        if not (math.isfinite(value) and least <= value <= most):
            limits = f"from {least} to {most}" if math.isfinite(most) else "" if least < 0 else f"of at least {least}"
            raise ValueError(f"{name} must be a finite number {limits}, got {value!r}".replace(" ,", ","))


def check_pictures(layer, shape):
    """Raises ValueError unless shape is (C, H, W)."""
    if len(shape) != 3:
        raise ValueError(f"{type(layer).__name__} needs pictures (C, H, W), got {shape}; "
                         f"put it before the Flatten()")


def check_flat(layer, shape):
    """Raises ValueError unless shape is (D,)."""
    if len(shape) != 1:
        raise ValueError(f"{type(layer).__name__} needs a flat input (D,), got {shape}; put a Flatten() before it")


def check_window(layer, shape):
    """Raises ValueError unless a window with this stride and pad goes over pictures of this shape."""
    check_pictures(layer, shape)
    for name in ("ceil_mode", "count_include_pad"):
        if not isinstance(getattr(layer, name, False), (bool, np.bool_)):
            raise ValueError(f"{name} must be True or False, got {getattr(layer, name)!r}")
    (R, S), pad = pair(layer.size), layer.pad
    check_whole(size=R, stride=layer.stride)
    check_whole(size=S)
    if not isinstance(pad, (int, np.integer)) or pad < 0:
        raise ValueError(f"pad must be a whole number of at least 0, got {pad!r}")
    if R > shape[1] + 2 * pad or S > shape[2] + 2 * pad:
        raise ValueError(f"a window of {R} x {S} does not fit into {shape[1]} x {shape[2]} with pad={pad}; "
                         f"use a smaller window, more padding or a larger picture")


def check_groups(groups, channels, filters=None):
    """Raises ValueError unless the groups divide the channels, and the filters where there are such."""
    check_whole(groups=groups)
    if filters is None and channels % groups:
        raise ValueError(f"groups={groups} must divide the {channels} input channels")
    if filters is not None and (channels % groups or filters % groups):
        raise ValueError(f"groups={groups} must divide both the {channels} input channels and the {filters} filters")


def initial(layer, rng, shape, fan_in, outputs, dtype):
    """Weights of `shape` and `outputs` biases as layer.init asks; drawn in float32, so every dtype starts alike.

        paper   w from N(0, std), b = bias                          section 5: std 0.01, bias 0 or 1
        he      w from N(0, 2/fan_in), b = 0                        He et al. 2015, for ReLU
        torch   w and b uniform in +-1/sqrt(fan_in)                 PyTorch's default
    """
    bound = 1 / math.sqrt(fan_in)
    check_numbers(std=layer.std)
    check_numbers(-math.inf, bias=layer.bias)
    if layer.init == "paper":
        w, b = layer.std * rng.standard_normal(shape, np.float32), np.full(outputs, layer.bias, np.float32)
    elif layer.init == "he":
        w, b = math.sqrt(2) * bound * rng.standard_normal(shape, np.float32), np.zeros(outputs, np.float32)
    elif layer.init == "torch":
        w = bound * (2 * rng.random(shape, np.float32) - 1)
        b = bound * (2 * rng.random(outputs, np.float32) - 1)
    else:
        raise ValueError(f"init must be one of paper, he, torch, got {layer.init!r}")
    return ops.to_device(w.astype(dtype, copy=False)), ops.to_device(b.astype(dtype, copy=False))


class Weighted(Layer):
    """What layers with a weight w and a bias b share."""

    def params(self):
        return {"w": self.w, "b": self.b}

    def grads(self):
        return {"w": self.dw, "b": self.db}


class Conv2D(Weighted):
    """Convolution (ops/conv.py). Remembers its input x.

    filters: their number K. size: R or (R, S). groups: G contiguous blocks of channels and filters.
    ceil_mode: round sizes up as the 2012 code does. init, std, bias: see `initial`.
    """

    def __init__(self, filters, size, stride=1, pad=0, groups=1, ceil_mode=False, init="paper", std=0.01, bias=0):
        self.filters, self.size, self.stride, self.pad, self.groups = filters, size, stride, pad, groups
        self.ceil_mode, self.init, self.std, self.bias = ceil_mode, init, std, bias

    def build(self, shape, rng, dtype=np.float32):
        super().build(shape, rng, dtype)
        check_whole(filters=self.filters)
        check_window(self, shape)
        check_groups(self.groups, shape[0], self.filters)
        size = self.arrays(shape)["w"]                                 # (K, C/G, R, S)
        self.w, self.b = initial(self, rng, size, math.prod(size[1:]), self.filters, dtype)
        self.dw, self.db = np.zeros_like(self.w), np.zeros_like(self.b)
        return self.output(shape)

    def forward(self, x, train=False):
        self.x = x
        return ops.conv2d_forward(x, self.w, self.b, self.stride, self.pad, self.groups, self.ceil_mode)

    def backward(self, dy, to_input=True):
        dx, self.dw, self.db = ops.conv2d_backward(dy, self.x, self.w, self.stride, self.pad, self.groups,
                                                   self.ceil_mode, to_input)
        return dx if to_input else None

    def output(self, shape):
        R, S = pair(self.size)
        return (self.filters, conv_size(shape[1], R, self.stride, self.pad, self.ceil_mode),
                conv_size(shape[2], S, self.stride, self.pad, self.ceil_mode))

    def arrays(self, shape):
        return {"w": (self.filters, shape[0] // self.groups, *pair(self.size)), "b": (self.filters,)}

    def multiply_adds(self, shape):
        return self.filters * self.columns(shape) // self.groups

    def connections(self, shape):
        (R, S), (P, Q) = pair(self.size), self.output(shape)[1:]
        seen = taps(shape[1], R, self.stride, self.pad, P) * taps(shape[2], S, self.stride, self.pad, Q)
        return self.filters * shape[0] // self.groups * seen

    def columns(self, shape):
        return shape[0] * math.prod(pair(self.size)) * math.prod(self.output(shape)[1:])

    def window(self, shape):
        return *pair(self.size), self.stride


class Dense(Weighted):
    """Fully connected (ops/dense.py). Remembers its input x.

    units: the number of outputs M. init, std, bias: see `initial`.
    """

    def __init__(self, units, init="paper", std=0.01, bias=0):
        self.units, self.init, self.std, self.bias = units, init, std, bias

    def build(self, shape, rng, dtype=np.float32):
        super().build(shape, rng, dtype)
        check_whole(units=self.units)
        check_flat(self, shape)
        self.w, self.b = initial(self, rng, (shape[0], self.units), shape[0], self.units, dtype)
        self.dw, self.db = np.zeros_like(self.w), np.zeros_like(self.b)
        return self.output(shape)

    def forward(self, x, train=False):
        self.x = x
        return ops.dense_forward(x, self.w, self.b)

    def backward(self, dy, to_input=True):
        dx, self.dw, self.db = ops.dense_backward(dy, self.x, self.w, to_input)
        return dx if to_input else None

    def output(self, shape):
        return (self.units,)

    def arrays(self, shape):
        return {"w": (shape[0], self.units), "b": (self.units,)}

    def multiply_adds(self, shape):
        return shape[0] * self.units


class ReLU(Layer):
    """max(x, 0) (ops/activation.py). Remembers its output y."""

    def forward(self, x, train=False):
        self.y = ops.relu_forward(x)
        return self.y

    def backward(self, dy, to_input=True):
        return ops.relu_backward(dy, self.y)


class Tanh(Layer):
    """tanh(x) (ops/activation.py). Remembers its output y."""

    def forward(self, x, train=False):
        self.y = ops.tanh_forward(x)
        return self.y

    def backward(self, dy, to_input=True):
        return ops.tanh_backward(dy, self.y)


class Sigmoid(Layer):
    """1 / (1 + exp(-x)) (ops/activation.py). Remembers its output y."""

    def forward(self, x, train=False):
        self.y = ops.sigmoid_forward(x)
        return self.y

    def backward(self, dy, to_input=True):
        return ops.sigmoid_backward(dy, self.y)


class Softmax(Layer):
    """Probabilities (ops/softmax.py). Remembers its output y. For training, ops.softmax_cross_entropy."""

    def build(self, shape, rng, dtype=np.float32):
        super().build(shape, rng, dtype)
        check_flat(self, shape)
        return shape

    def forward(self, x, train=False):
        self.y = ops.softmax_forward(x)
        return self.y

    def backward(self, dy, to_input=True):
        return ops.softmax_backward(dy, self.y)


class Pool(Layer):
    """What MaxPool and AvgPool share: how a window goes over the picture."""

    def build(self, shape, rng, dtype=np.float32):
        super().build(shape, rng, dtype)
        check_window(self, shape)
        R, S = pair(self.size)
        if self.pad >= min(R, S):
            raise ValueError(f"pad={self.pad} must be smaller than the window of {R} x {S}, "
                             f"or a window sees nothing but padding")
        return self.output(shape)

    def output(self, shape):
        R, S = pair(self.size)
        return (shape[0], pool_size(shape[1], R, self.stride, self.pad, self.ceil_mode),
                pool_size(shape[2], S, self.stride, self.pad, self.ceil_mode))

    def window(self, shape):
        return *pair(self.size), self.stride


class MaxPool(Pool):
    """The largest of every window (ops/pool.py). Remembers argmax and the input's height and width.

    size: R or (R, S); AlexNet's windows overlap: MaxPool(3, 2). ceil_mode: round sizes up (Caffe).
    """

    def __init__(self, size, stride, pad=0, ceil_mode=False):
        self.size, self.stride, self.pad, self.ceil_mode = size, stride, pad, ceil_mode

    def forward(self, x, train=False):
        self.height, self.width = x.shape[2:]
        y, self.argmax = ops.max_pool_forward(x, *pair(self.size), self.stride, self.pad, self.ceil_mode)
        return y

    def backward(self, dy, to_input=True):
        return ops.max_pool_backward(dy, self.argmax, self.height, self.width, *pair(self.size), self.stride, self.pad)


class AvgPool(Pool):
    """The mean of every window (ops/pool.py). Remembers the input's height and width.

    count_include_pad: padding counts in the divisor (Caffe, PyTorch's default); if not, only the
    picture does (the 2012 code, ONNX).
    """

    def __init__(self, size, stride, pad=0, ceil_mode=False, count_include_pad=True):
        self.size, self.stride, self.pad, self.ceil_mode = size, stride, pad, ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, x, train=False):
        self.height, self.width = x.shape[2:]
        return ops.avg_pool_forward(x, *pair(self.size), self.stride, self.pad, self.ceil_mode, self.count_include_pad)

    def backward(self, dy, to_input=True):
        return ops.avg_pool_backward(dy, self.height, self.width, *pair(self.size), self.stride, self.pad,
                                     self.count_include_pad)


class AdaptiveAvgPool(Layer):
    """Means of P x Q parts, whatever the picture's size (ops/pool.py). Remembers height and width.

    size: P or (P, Q).
    """

    def __init__(self, size):
        self.size = size

    def build(self, shape, rng, dtype=np.float32):
        super().build(shape, rng, dtype)
        check_pictures(self, shape)
        for size in pair(self.size):
            check_whole(size=size)
        return self.output(shape)

    def output(self, shape):
        return shape[0], *pair(self.size)

    def forward(self, x, train=False):
        self.height, self.width = x.shape[2:]
        return ops.adaptive_avg_pool_forward(x, *pair(self.size))

    def backward(self, dy, to_input=True):
        return ops.adaptive_avg_pool_backward(dy, self.height, self.width)

    def window(self, shape):
        P, Q = pair(self.size)
        return -(-shape[1] // P), -(-shape[2] // Q), max(1, shape[1] // P)


class LRN(Layer):
    """Local response normalisation across n channels (ops/lrn.py). Remembers x and the scale s.

    convention: "paper", "original" (the 2012 code), "caffe" or "torch" says what alpha multiplies
    and which k is meant by None. groups: windows never cross from one group to the next.
    """

    def __init__(self, n=5, k=None, alpha=1e-4, beta=0.75, convention="paper", groups=1):
        self.n, self.k, self.alpha, self.beta = n, k, alpha, beta
        self.convention, self.groups = convention, groups

    def build(self, shape, rng, dtype=np.float32):
        super().build(shape, rng, dtype)
        check_pictures(self, shape)
        check_groups(self.groups, shape[0])
        check_odd(self.n)
        check_numbers(alpha=self.alpha, beta=self.beta, k=0 if self.k is None else self.k)
        if self.convention not in CONVENTIONS:
            raise ValueError(f"convention must be one of {', '.join(CONVENTIONS)}, got {self.convention!r}")
        return shape

    def forward(self, x, train=False):
        self.x = x
        k, alpha = lrn_constants(self.convention, self.n, self.k, self.alpha)
        y, self.scale = ops.lrn_forward(x, self.n, k, alpha, float(self.beta), self.groups)
        return y

    def backward(self, dy, to_input=True):
        k, alpha = lrn_constants(self.convention, self.n, self.k, self.alpha)
        return ops.lrn_backward(dy, self.x, self.scale, self.n, alpha, float(self.beta), self.groups)


class LRNWithin(Layer):
    """Response normalisation by n x n neighbours in the same channel (ops/lrn.py). Remembers x and s.

    alpha multiplies the mean of the n * n squares (Caffe's WITHIN_CHANNEL and the 2012 code).
    """

    def __init__(self, n=5, k=1, alpha=1e-3, beta=0.75):
        self.n, self.k, self.alpha, self.beta = n, k, alpha, beta

    def build(self, shape, rng, dtype=np.float32):
        super().build(shape, rng, dtype)
        check_pictures(self, shape)
        check_odd(self.n)
        check_numbers(k=self.k, alpha=self.alpha, beta=self.beta)
        return shape

    def forward(self, x, train=False):
        self.x = x
        y, self.scale = ops.lrn_within_forward(x, self.n, float(self.k), float(self.alpha) / self.n ** 2,
                                               float(self.beta))
        return y

    def backward(self, dy, to_input=True):
        return ops.lrn_within_backward(dy, self.x, self.scale, self.n, float(self.alpha) / self.n ** 2,
                                       float(self.beta))

    def window(self, shape):
        return self.n, self.n, 1


def check_odd(n):
    """Raises ValueError unless n, the width of a window with a middle, is odd."""
    check_whole(n=n)
    if n % 2 == 0:
        raise ValueError(f"n={n} must be odd, so that the window has a middle; use {n - 1} or {n + 1}")


class BatchNorm(Weighted):
    """Batch normalisation (ops/batchnorm.py). Remembers x, the mean and variance it used, and train.

    momentum: the share of the batch in the running statistics; eps: added to the variance (PyTorch's).
    """

    def __init__(self, momentum=0.1, eps=1e-5):
        self.momentum, self.eps = momentum, eps

    def build(self, shape, rng, dtype=np.float32):
        super().build(shape, rng, dtype)
        check_numbers(eps=self.eps)
        check_numbers(0, 1, momentum=self.momentum)
        self.w, self.b = (ops.to_device(start(shape[0], dtype)) for start in (np.ones, np.zeros))
        self.mean, self.var = (ops.to_device(start(shape[0], dtype)) for start in (np.zeros, np.ones))
        self.dw, self.db = np.zeros_like(self.w), np.zeros_like(self.b)
        return shape

    def forward(self, x, train=False):
        self.shape, self.train = x.shape, train
        self.x = x.reshape(*x.shape[:2], math.prod(x.shape[2:]), 1)    # (N, D) becomes (N, D, 1, 1)
        self.used = self.statistics() if train else (self.mean.copy(), self.var.copy())
        return ops.batchnorm_forward(self.x, self.w, self.b, *self.used, float(self.eps)).reshape(self.shape)

    def statistics(self):
        """The batch's mean and variance, after moving the running ones towards them."""
        m = self.x.size // len(self.w)                                 # numbers per channel
        if m < 2:
            raise ValueError("BatchNorm needs at least 2 numbers per channel in training, got 1: a batch of one "
                             "picture, often the last of an epoch; leave that one out (drop_last), or change the "
                             "batch size")
        mean, var = ops.batchnorm_statistics(self.x)
        self.mean += self.momentum * (mean - self.mean)
        self.var += self.momentum * (var * (m / (m - 1)) - self.var)
        return mean, var

    def backward(self, dy, to_input=True):
        dx, self.dw, self.db = ops.batchnorm_backward(dy.reshape(self.x.shape), self.x, self.w, *self.used,
                                                      float(self.eps), self.train)
        return dx.reshape(self.shape) if to_input else None

    def state(self):
        return {"mean": self.mean, "var": self.var}

    def arrays(self, shape):
        return dict.fromkeys(("w", "b", "mean", "var"), (shape[0],))


class Dropout(Layer):
    """In training, throws every number away with probability p_drop (ops/dropout.py). Remembers the mask.

    The mask's address is (seed, "dropout", name, step), which Network sets; two forwards at one step
    draw the same mask. rows = (first, total): this batch is part of one of `total` images.
    """

    draws = True
    seed, name, step, rows = 0, "dropout", 0, None

    def __init__(self, p_drop=0.5):
        self.p_drop = p_drop

    def build(self, shape, rng, dtype=np.float32):
        check_numbers(-math.inf, p_drop=self.p_drop)
        if not 0 <= self.p_drop < 1:
            raise ValueError(f"p_drop must lie between 0 and 1 (1 itself excluded), got {self.p_drop!r}")
        return super().build(shape, rng, dtype)

    def forward(self, x, train=False):
        self.mask = self.draw(x.shape) if train else None
        return ops.dropout_forward(x, self.mask, float(self.p_drop)) if train else x

    def draw(self, shape):
        """The mask for this step, True where a number is kept: drawn on the host for the whole batch."""
        first, total = self.rows or (0, shape[0])
        if first < 0 or first + shape[0] > total:
            raise ValueError(f"rows={self.rows} has no room for {shape[0]} images; it must be (first, total) with "
                             f"first + {shape[0]} <= total")
        numbers = rng(self.seed, "dropout", self.name, self.step).random((total, *shape[1:]), np.float32)
        return ops.to_device(numbers[first:first + shape[0]] >= self.p_drop)

    def backward(self, dy, to_input=True):
        return dy if self.mask is None else ops.dropout_backward(dy, self.mask, float(self.p_drop))


class Flatten(Layer):
    """(C, H, W) in a row, channels first: (C*H*W,). Remembers the input's shape."""

    def build(self, shape, rng, dtype=np.float32):
        super().build(shape, rng, dtype)
        return self.output(shape)

    def output(self, shape):
        return (math.prod(shape),)

    def forward(self, x, train=False):
        self.shape = x.shape
        return x.reshape(len(x), math.prod(x.shape[1:]))

    def backward(self, dy, to_input=True):
        return dy.reshape(self.shape)


class Concat(Layer):
    """Parallel paths, side by side along the channels (GoogLeNet, SqueezeNet). Remembers how many channels each made,
    and the shapes of what the layers got.

        x ---> expand1x1 -> relu1x1 ---.
          `--> expand3x3 -> relu3x3 ---+-> y, the channels of both

    paths: a list of dictionaries {name: layer}; each is a chain of layers, an empty one hands x on. Every path gets
    the same x; y has the channels of the first path, then those of the second, and so on, so backward cuts dy into
    the paths' parts, and adds what the paths send back: x has gone into all of them. Arrays are called
    "expand1x1.w". A layer of one's own in a path must answer `output`, too.
    """

    seed, name, step, rows = 0, "concat", 0, None                   # for the layers inside that draw

    def __init__(self, paths):
        self.paths = paths

    def __copy__(self):
        """A Concat with a memory of its own: its layers are copies, which share their arrays."""
        made = type(self)([{name: copy.copy(layer) for name, layer in path.items()} for path in self.paths])
        made.__dict__ = self.__dict__ | made.__dict__
        return made

    @property
    def draws(self):
        """Whether any layer inside does."""
        return any(layer.draws for layer in self.inside().values())

    def inside(self):
        paths = self.paths if isinstance(self.paths, (list, tuple)) else []         # build says what is wrong
        return {name: layer for path in paths if isinstance(path, dict) for name, layer in path.items()}

    def build(self, shape, rng, dtype=np.float32):
        super().build(shape, rng, dtype)
        check_paths(self.paths)
        made = [self.build_path(path, shape, rng, dtype) for path in self.paths]
        if len({sizes[1:] for sizes in made}) > 1:
            raise ValueError(f"the paths must make maps of one height and width, to be put side by side, got "
                             f"{', '.join(map(str, made))}")
        return self.joined(made)

    def build_path(self, path, shape, rng, dtype):
        """Builds the layers of one path; returns the shape of its output."""
        for name, layer in path.items():
            if layer.draws:
                layer.seed, layer.name = self.seed, f"{self.name}.{name}"
            before, shape = shape, built(name, layer, shape, rng, dtype)
            if tuple(layer.output(before)) != shape:
                raise ValueError(f"{name}: inside a Concat, output({before}) must answer {shape}, which build "
                                 f"returned, got {layer.output(before)}")
        return shape

    def joined(self, shapes):
        """The shape of the output from those of the paths."""
        return sum(sizes[0] for sizes in shapes), *shapes[0][1:]

    def forward(self, x, train=False):
        self.shapes = {}
        made = [self.forward_path(path, x, train) for path in self.paths]
        self.channels = [y.shape[1] for y in made]
        return np.concatenate(made, axis=1)                         # (N, C1 + C2 + ..., P, Q)

    def forward_path(self, path, x, train):
        """What one path makes of x."""
        for name, layer in path.items():
            if layer.draws:
                layer.step, layer.rows = self.step, self.rows
            self.shapes[name], dtype = x.shape, x.dtype
            x = layer.forward(x, train=True) if train else layer.forward(x)
            check_made(name, "forward", x, (self.shapes[name][0], *layer.output(self.shapes[name][1:])), dtype)
        return x

    def backward(self, dy, to_input=True):
        dx, first = 0, 0
        for path, channels in zip(self.paths, self.channels):
            back = dy[:, first:first + channels]
            for name, layer in reversed(path.items()):
                back = layer.backward(back)
                check_made(name, "backward", back, self.shapes[name], dy.dtype)
            dx, first = dx + back, first + channels
        return dx if to_input else None

    def params(self):
        return collected(self.inside(), "params")

    def grads(self):
        return collected(self.inside(), "grads")

    def state(self):
        return collected(self.inside(), "state")

    def steps(self, path, shape):
        """(name, layer, shape of its input) of the layers of one path, for inputs of `shape`."""
        for name, layer in path.items():
            yield name, layer, shape
            shape = layer.output(shape)

    def every(self, shape):
        """The same of the layers of all paths."""
        return [step for path in self.paths for step in self.steps(path, shape)]

    def output(self, shape):
        return self.joined([self.path_output(path, shape) for path in self.paths])

    def path_output(self, path, shape):
        """The shape of one path's output for inputs of `shape`."""
        for layer in path.values():
            shape = layer.output(shape)
        return shape

    def arrays(self, shape):
        return {f"{name}.{key}": sizes for name, layer, before in self.every(shape)
                for key, sizes in layer.arrays(before).items()}

    def multiply_adds(self, shape):
        return sum(layer.multiply_adds(before) for _, layer, before in self.every(shape))

    def connections(self, shape):
        return sum(layer.connections(before) for _, layer, before in self.every(shape))

    def columns(self, shape):
        return max((layer.columns(before) for _, layer, before in self.every(shape)), default=0)

    def window(self, shape):
        return max(self.path_window(path, shape) for path in self.paths)    # of the path that sees most

    def path_window(self, path, shape):
        """Rows, columns and stride of what one output of a path sees."""
        rows = columns = stride = 1
        for _, layer, before in self.steps(path, shape):
            R, S, step = layer.window(before)
            rows, columns, stride = rows + (R - 1) * stride, columns + (S - 1) * stride, stride * step
        return rows, columns, stride


def collected(layers, method):
    """{"layer.name": array} from one method of all layers of {name: layer}: "params", "grads" or "state"."""
    return {f"{name}.{key}": array for name, layer in layers.items() for key, array in getattr(layer, method)().items()}


def check_paths(paths):
    """Raises TypeError or ValueError unless paths are at least one dictionary of layers, no name or layer twice."""
    if not isinstance(paths, (list, tuple)) or not paths or not all(isinstance(path, dict) for path in paths):
        raise TypeError(f"paths must be a list of dictionaries of layers, [dict(one=Conv2D(64, 1)), ...], got "
                        f"{paths!r:.60}")
    names, objects = set(), set()
    for name, layer in [inside for path in paths for inside in path.items()]:
        if not isinstance(layer, Layer):
            raise TypeError(f"{name}: {layer!r} is no layer; write ReLU(), with brackets")
        if name in names or not isinstance(name, str) or "." in name:
            raise ValueError(f"{name}: every layer inside needs a name of its own, without a dot")
        if id(layer) in objects:
            raise ValueError(f"{name}: this object is in the paths twice; make a layer of its own for each name")
        names.add(name)
        objects.add(id(layer))


LAYERS = {layer.__name__: layer for layer in (
    Conv2D, Dense, ReLU, Tanh, Sigmoid, Softmax, MaxPool, AvgPool, AdaptiveAvgPool, LRN, LRNWithin, BatchNorm,
    Dropout, Flatten, Concat)}
