"""Which operations can a forward be, by the shapes of what goes in and what comes out?

    for candidate in candidates(x, y, arrays):              # Candidate("convolution", (w, b), {"stride": 2, ...})
        candidate.right(x)                                  # what npnet's own operation gives

x and y are as npnet has them: pictures (N, C, H, W), rows (N, D). `arrays` are all the others, in any order and
layout: filters may be (K, C, R, S) or (R, S, C, K), weights (D, M) or (M, D), biases of any shape with M numbers.
"""
from dataclasses import dataclass, field
from itertools import permutations
from math import isclose, prod

import numpy as np

from ...layers import pair
from ...ops.conv import im2col
from ...ops.lrn import lrn_constants
from ...ops.pool import adaptive_avg_pool_forward
from ...ops.shapes import conv_size, pool_size
from . import mistaken, mistaken_units

STRIDES, WINDOWS = range(1, 6), range(1, 8)     # that are tried
EPS = 1e-5, 1e-8, 1e-7, 1e-6, 1e-3, 1e-4, 1e-10, 1e-12, 1e-2, 0.0
FILTERS = {                                     # axes of strangers' filters, in npnet's order (K, C, R, S)
    (0, 1, 2, 3): "", (3, 2, 0, 1): "filters (R, S, C, K)", (1, 0, 2, 3): "filters (C, K, R, S)",
    (0, 3, 1, 2): "filters (K, R, S, C)", (3, 0, 1, 2): "filters (C, R, S, K)"}
OPERATIONS = {                                  # the right forward, and what it may be mistaken for
    "convolution": (mistaken.convolution, mistaken.CONVOLUTION),
    "max_pool": (mistaken.max_pool, mistaken.MAX_POOL),
    "avg_pool": (mistaken.avg_pool, mistaken.AVG_POOL),
    "adaptive_avg_pool": (lambda x, P, Q: adaptive_avg_pool_forward(x, P, Q), {}),
    "lrn": (mistaken.lrn, mistaken.LRN),
    "lrn_within": (mistaken.lrn_spatial, {}),
    "dense": (mistaken_units.dense, mistaken_units.DENSE),
    "relu": (mistaken_units.relu, mistaken_units.RELU),
    "sigmoid": (mistaken_units.sigmoid, mistaken_units.SIGMOID),
    "tanh": (np.tanh, mistaken_units.TANH),
    "softmax": (mistaken_units.softmax, mistaken_units.SOFTMAX),
    "cross_entropy": (mistaken_units.cross_entropy, mistaken_units.CROSS_ENTROPY),
    "batch_norm": (mistaken_units.batch_norm, mistaken_units.BATCH_NORM),
    "flatten": (lambda x: x.reshape(len(x), -1), {
        f"flatten_{''.join(order)}": (f"the numbers of a picture in the order ({', '.join(order)}), not (C, H, W)",
                                      lambda x, order=order: x.transpose(0, *("NCHW".index(axis) for axis in order))
                                      .reshape(len(x), -1)) for order in permutations("CHW") if order != tuple("CHW")}),
}
WHOLE = "convolution", "max_pool", "avg_pool", "adaptive_avg_pool", "dense", "flatten", "relu"
# the others are given small numbers, since exp of a large one is 0 or infinite


@dataclass
class Candidate:
    """An operation with its arrays and settings. words: what was noticed on the way: "filters (R, S, C, K)"."""

    operation: str
    arrays: tuple = ()
    settings: dict = field(default_factory=dict)
    expression: str = ""
    words: str = ""

    def right(self, x):
        return OPERATIONS[self.operation][0](x, *self.arrays, **self.settings)

    def mistakes(self):
        """{name: (words, function of x)}; a function gives None where the mistake makes no sense."""
        return {name: (words, lambda x, function=function: function(x, *self.arrays, **self.settings))
                for name, (words, function) in OPERATIONS[self.operation][1].items()}


# ------------------------------------------------------------------------------- arrays, by their shapes

def filters_and_biases(arrays, channels):
    """Each way to read the arrays as filters (K, C/G, R, S) and biases (K,): w, b, words."""
    for w in arrays:
        others = [b for b in arrays if b is not w]
        shape = w.shape
        w = w.reshape((1,) * (4 - w.ndim) + w.shape) if 2 <= w.ndim < 4 else w
        for axes, words in FILTERS.items() if w.ndim == 4 and len(others) < 2 else ():
            turned, words = w.transpose(axes), f"filters of shape {shape}" if len(shape) < 4 else words
            K, per_group = turned.shape[:2]
            if channels % per_group or K % (channels // per_group):
                continue
            if not others:
                yield turned, np.zeros(K), words or "no bias"
            elif others[0].size == K:
                yield turned, others[0].reshape(-1), words


def weights_and_biases(arrays, inputs, outputs):
    """Each way to read the arrays as weights (D, M) and biases (M,)."""
    for w in arrays:
        others = [b for b in arrays if b is not w]
        if w.ndim != 2 or len(others) > 1 or (others and others[0].size != outputs):
            continue
        b = others[0].reshape(-1) if others else np.zeros(outputs)
        if w.shape == (inputs, outputs):
            yield w, b, "" if others else "no bias"
        if w.shape == (outputs, inputs):
            yield w.T, b, "weights (outputs, inputs)"


def gammas_and_betas(arrays, channels):
    if not arrays:
        return [(np.ones(channels), np.zeros(channels), "no gamma and beta")]
    if len(arrays) != 2 or any(array.size != channels for array in arrays):
        return []
    first, second = (array.reshape(-1) for array in arrays)
    return [(first, second, ""), (second, first, "")]


# ------------------------------------------------------------------------------- settings, by the shapes

def conv_settings(x, y, w):
    """Strides, pads and roundings with which filters w make outputs of y's size."""
    R, S = w.shape[2:]
    for ceil_mode in (False, True):
        for pad in range(max(R, S) + 1):
            for stride in STRIDES:
                if min(x.shape[2:]) + 2 * pad >= max(R, S) and y.shape[2:] == tuple(
                        conv_size(size, window, stride, pad, ceil_mode) for size, window in zip(x.shape[2:], (R, S))):
                    yield dict(stride=stride, pad=pad, ceil_mode=ceil_mode)


def pool_settings(x, y):
    """Windows, strides, pads and roundings with which pooling makes outputs of y's size; square windows first."""
    windows = sorted(((R, S) for R in WINDOWS for S in WINDOWS), key=lambda window: window[0] != window[1])
    for ceil_mode in (False, True):
        for R, S in windows:
            for pad in range(min(R, S, 4)):
                for stride in STRIDES:
                    if R <= x.shape[2] + 2 * pad and S <= x.shape[3] + 2 * pad and y.shape[2:] == tuple(
                            pool_size(size, window, stride, pad, ceil_mode)
                            for size, window in zip(x.shape[2:], (R, S))):
                        yield dict(R=R, S=S, stride=stride, pad=pad, ceil_mode=ceil_mode)


def candidates(x, y, arrays):
    """The Candidates that fit these shapes, the plainest first. LRN's constants are not in shapes: lrn_candidates."""
    if x.ndim == 4 and y.ndim == 4 and x.shape[0] == y.shape[0]:
        for w, b, words in filters_and_biases(arrays, x.shape[1]):
            for settings in conv_settings(x, y, w) if len(b) == y.shape[1] else ():
                yield convolution(w, b, x.shape[1] // w.shape[1], settings, words)
        if not arrays and x.shape[1] == y.shape[1] and x.shape != y.shape:
            yield from pools(x, y)
    if x.ndim == 2 and y.ndim == 2 and len(x) == len(y):
        for w, b, words in weights_and_biases(arrays, x.shape[1], y.shape[1]):
            yield Candidate("dense", (w, b), {}, f"Dense({y.shape[1]})", words)
    if x.shape == y.shape:
        if not arrays:
            yield from (Candidate(name, (), {}, expression) for name, expression in (
                ("relu", "ReLU()"), ("sigmoid", "Sigmoid()"), ("tanh", "Tanh()"), ("softmax", "Softmax()")))
        for w, b, words in gammas_and_betas(arrays, x.shape[1]) if x.ndim in (2, 4) else ():
            yield from (Candidate("batch_norm", (w, b), {"eps": eps}, f"BatchNorm(eps={eps:g})", words) for eps in EPS)
    if x.ndim == 4 and y.shape == (len(x), prod(x.shape[1:])) and not arrays:
        yield Candidate("flatten", (), {}, "Flatten()")


def convolution(w, b, groups, settings, words=""):
    """The Candidate, with the expression that makes npnet's layer."""
    R, S = w.shape[2:]
    named = {"stride": (settings["stride"], 1), "pad": (settings["pad"], 0), "groups": (groups, 1),
             "ceil_mode": (settings["ceil_mode"], False)}
    options = "".join(f", {name}={value}" for name, (value, default) in named.items() if value != default)
    return Candidate("convolution", (w, b), settings | {"groups": groups},
                     f"Conv2D({len(w)}, {R if R == S else (R, S)}{options})", words)


def pools(x, y):
    for settings in pool_settings(x, y):
        R, S, stride, pad, ceil_mode = settings.values()
        rest = f"{R if R == S else (R, S)}, {stride}{f', pad={pad}' if pad else ''}{', ceil_mode=True' * ceil_mode}"
        yield Candidate("max_pool", (), settings, f"MaxPool({rest})")
        for counts in (True, False) if pad else (True,):
            yield Candidate("avg_pool", (), settings | {"count_include_pad": counts},
                            f"AvgPool({rest}{'' if counts else ', count_include_pad=False'})")


# ------------------------------------------------------------------------------- LRN

def lrn_candidates(run, shape, numbers):
    """LRN's Candidates for a forward `run`, by what it does to single channels; [] if it is nothing like LRN.

    With one channel alone, y/x = (k + alpha x^2)^-beta: for the right beta, (y/x)^(-1/beta) is a line in x^2.
    numbers: settings of the stranger, in which beta may be.
    """
    x, middle = np.zeros(shape), shape[1] // 2
    x[:, middle] = np.geomspace(0.5, 60, x[:, middle].size).reshape(x[:, middle].shape)
    t = x[:, middle].ravel()
    with np.errstate(all="ignore"):
        ratio = np.asarray(run(x))[:, middle].ravel() / t
    if len(t) < 4 or not np.isfinite(ratio).all() or (ratio <= 0).any() or np.ptp(ratio) < 1e-9 * ratio.max():
        return
    for beta in [*(number for number in numbers if 0 < number < 5), *np.arange(1, 61) / 20]:
        with np.errstate(all="ignore"):
            s = ratio ** (-1 / beta)                            # k + alpha t^2
        if not np.isfinite(s).all():
            continue
        alpha, k = np.polyfit(t * t, s, 1)
        if np.abs(k + alpha * t * t - s).max() < 1e-9 * s.max() and alpha > 0 and k > -1e-9:
            yield from (lrn(n, short(max(k, 0)), alpha, float(beta), groups, numbers) for groups in (1, 2)
                        if shape[1] % groups == 0 for n in range(1, 2 * shape[1], 2))


def short(value):
    """The nearest number with six digits that count."""
    return float(f"{value:.6g}")


def lrn(n, k, alpha, beta, groups, numbers=()):
    """The Candidate. alpha was measured; where n times it is among the stranger's numbers, or is the shorter number, it
    was divided by n."""
    own = any(isclose(alpha, number, rel_tol=1e-6) for number in numbers)
    mean = n > 1 and not own and (any(isclose(alpha * n, number, rel_tol=1e-6) for number in numbers)
                                  or not isclose(short(alpha), alpha, rel_tol=1e-7))
    alpha = short(alpha * n) / n if mean else short(alpha)
    said = f"LRN(n={n}, k={k:g}, alpha={alpha * n if mean else alpha:g}, beta={beta:g}"
    said += f"{', convention=' + repr('torch') if mean else ''}{f', groups={groups}' if groups > 1 else ''})"
    return Candidate("lrn", (), dict(n=n, k=k, alpha=alpha, beta=beta, groups=groups), said,
                     "alpha divided by n, as Caffe and PyTorch have it" if mean else "")


# ------------------------------------------------------------------------------- a reference

def reference(layer, x, arrays):
    """The Candidates of a layer of npnet's: one for each way to read the arrays. ValueError if none fits."""
    kind, said = type(layer).__name__, repr(layer)
    plain = {"ReLU": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh", "Softmax": "softmax", "Flatten": "flatten"}
    if kind in plain:
        return [Candidate(plain[kind], (), {}, said)]
    if kind in ("MaxPool", "AvgPool"):
        R, S = pair(layer.size)
        settings = dict(R=R, S=S, stride=layer.stride, pad=layer.pad, ceil_mode=layer.ceil_mode)
        if kind == "AvgPool":
            settings["count_include_pad"] = layer.count_include_pad
        return [Candidate("max_pool" if kind == "MaxPool" else "avg_pool", (), settings, said)]
    if kind == "AdaptiveAvgPool":
        return [Candidate("adaptive_avg_pool", (), dict(zip("PQ", pair(layer.size))), said)]
    if kind == "LRN":
        k, alpha = lrn_constants(layer.convention, layer.n, layer.k, layer.alpha)
        return [Candidate("lrn", (), dict(n=layer.n, k=k, alpha=alpha, beta=layer.beta, groups=layer.groups), said)]
    if kind == "LRNWithin":
        return [Candidate("lrn_within", (), dict(n=layer.n, k=layer.k, alpha=layer.alpha / layer.n ** 2,
                                                 beta=layer.beta, groups=1), said)]
    return weighted(layer, kind, said, x, arrays)


def weighted(layer, kind, said, x, arrays):
    """The Candidates of a layer with parameters."""
    found, wanted = [], ""
    if kind == "Conv2D" and x.ndim == 4:
        settings = dict(stride=layer.stride, pad=layer.pad, ceil_mode=layer.ceil_mode, groups=layer.groups)
        wanted = (layer.filters, x.shape[1] // layer.groups, *pair(layer.size))
        found = [Candidate("convolution", (w, b), settings, said, words)
                 for w, b, words in filters_and_biases(arrays, x.shape[1]) if w.shape == wanted]
    if kind == "Dense" and x.ndim == 2:
        wanted = (x.shape[1], layer.units)
        found = [Candidate("dense", (w, b), {}, said, words) for w, b, words in weights_and_biases(arrays, *wanted)]
    if kind == "BatchNorm" and x.ndim in (2, 4):
        wanted = (x.shape[1],)
        found = [Candidate("batch_norm", (w, b), {"eps": layer.eps}, said, words)
                 for w, b, words in gammas_and_betas(arrays, x.shape[1])]
    if not found:
        have = ", ".join(str(array.shape) for array in arrays) or "none"
        raise ValueError(f"{said} cannot be compared with this forward: x is {x.shape}, its weights must be {wanted}, "
                         f"and the arrays found are {have}")
    return found


# ------------------------------------------------------------------------------- im2col

def columns(x, y):
    """'each row one (channel, kernel row, kernel column) ...': the order in which y holds the patches of x; or ''."""
    names = {"C": "channel", "R": "kernel row", "S": "kernel column", "N": "image", "P": "row", "Q": "column"}
    for settings in patch_settings(x, y):
        R, S, stride, pad = settings
        cols = im2col(x, R, S, stride, pad)                     # (N, C, R, S, P, Q)
        for rows in permutations("CRS"):
            for places in permutations("NPQ"):
                for first, second in ((rows, places), (places, rows)):
                    order = ["NCRSPQ".index(axis) for axis in first + second]
                    sizes = prod(cols.shape[axis] for axis in order[:3]), prod(cols.shape[axis] for axis in order[3:])
                    if y.shape == sizes and np.array_equal(cols.transpose(order).reshape(sizes), y):
                        said = [", ".join(names[axis] for axis in axes) for axes in (first, second)]
                        return (f"im2col with windows of {R} x {S}, stride {stride}, pad {pad}: each row is one "
                                f"({said[0]}), each column one ({said[1]})")
    return ""


def patch_settings(x, y):
    """(R, S, stride, pad) for which the patches of x are as many numbers as y."""
    for R in WINDOWS:
        for S in WINDOWS:
            for pad in range(min(R, S, 4)):
                for stride in STRIDES:
                    if R <= x.shape[2] + 2 * pad and S <= x.shape[3] + 2 * pad:
                        P, Q = (conv_size(size, window, stride, pad) for size, window in zip(x.shape[2:], (R, S)))
                        if x.shape[0] * x.shape[1] * R * S * P * Q == y.size:
                            yield R, S, stride, pad
