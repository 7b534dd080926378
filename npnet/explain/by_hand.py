"""One output of every layer, computed again by a plain loop that shares no line with the library.

    by_hand(layer, x, y)            one number of y, where there is something to see: a ByHand, or None

Each function below takes a layer, its input x and the place of an output, and returns what it did
in words, how many numbers went in, the value that came out, and the size of the numbers that were
added: rounding may be off by a share of that, and by no more. BY_HAND, at the end, says which
function belongs to which class.
"""
import math
from dataclasses import dataclass

import numpy as np

from ..backend import ops
from ..layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Conv2D, Dense, Dropout, Flatten, LRNWithin, MaxPool,
                      ReLU, Sigmoid, Softmax, Tanh, pair)
from ..ops.lrn import lrn_constants
from ..screen.words import counted


@dataclass
class ByHand:
    """One number of a layer's output, computed by a plain loop."""

    index: tuple        # of the output, image first
    words: str          # what was computed: "1200 products + b[0]"
    terms: int          # how many numbers went in
    value: float        # what came out, in float64
    array: float        # what the layer's output holds there
    allowed: float      # how far rounding may take the two apart

    @property
    def agrees(self):
        """Whether the two are equal up to rounding; NaN agrees with NaN."""
        both_nan = self.value != self.value and self.array != self.array
        return both_nan or self.value == self.array or abs(self.value - self.array) <= self.allowed < math.inf

    @property
    def place(self):
        """The index as it is written: y[0,12,27,27]."""
        return f"y[{','.join(map(str, self.index))}]"


def by_hand(layer, x, y):
    """One output of a layer of npnet's own, computed by a plain loop: a ByHand, or None for other layers."""
    if type(layer) not in BY_HAND or y.size == 0:
        return None
    index = telling_place(y)
    words, terms, value, size = BY_HAND[type(layer)](layer, x, index)
    allowed = 100 * np.finfo(y.dtype).eps * float(size)                 # size: of the numbers that were added
    return ByHand(index, words, terms, float(value), float(y[index]), allowed)


def telling_place(y):
    """The middle of the first map that is not zero there; of a row the largest number."""
    if y.ndim == 4:
        p, q = y.shape[2] // 2, y.shape[3] // 2
        for k in range(y.shape[1]):
            if y[0, k, p, q] != 0:
                return 0, k, p, q
    return tuple(int(i) for i in np.unravel_index(y.argmax(), y.shape))


# ---------------------------------------------------------------------------- the layers

def convolution(layer, x, index):
    n, k, p, q = index
    w, b = ops.to_host(layer.w), ops.to_host(layer.b)
    (H, W), (K, per_group, R, S) = x.shape[2:], w.shape
    first = k // (K // layer.groups) * per_group                        # the first channel that filter k sees
    total, size, terms = float(b[k]), abs(float(b[k])), 0
    for c in range(per_group):
        for r in range(R):
            for s in range(S):
                h, v = p * layer.stride + r - layer.pad, q * layer.stride + s - layer.pad
                if 0 <= h < H and 0 <= v < W:
                    product = float(x[n, first + c, h, v]) * float(w[k, c, r, s])
                    total, size, terms = total + product, size + abs(product), terms + 1
    return f"{terms} products + b[{k}]", terms, total, size


def dense(layer, x, index):
    n, m = index
    w, b = ops.to_host(layer.w), ops.to_host(layer.b)
    total, size = float(b[m]), abs(float(b[m]))
    for d in range(x.shape[1]):
        product = float(x[n, d]) * float(w[d, m])
        total, size = total + product, size + abs(product)
    return f"{x.shape[1]} products + b[{m}]", x.shape[1], total, size


def seen(layer, x, index):
    """The numbers that the window of a pooling sees."""
    n, c, p, q = index
    R, S = pair(layer.size)
    for h in range(p * layer.stride - layer.pad, p * layer.stride - layer.pad + R):
        for v in range(q * layer.stride - layer.pad, q * layer.stride - layer.pad + S):
            if 0 <= h < x.shape[2] and 0 <= v < x.shape[3]:
                yield float(x[n, c, h, v])


def max_pool(layer, x, index):
    largest, terms = -math.inf, 0
    for value in seen(layer, x, index):
        terms += 1
        if value > largest or value != value:                           # NaN wins, and stays seen
            largest = value
    return f"the largest of {counted(terms, 'number')}", terms, largest, abs(largest)


def avg_pool(layer, x, index):
    n, c, p, q = index
    edge = layer.pad if layer.count_include_pad else 0
    total, size, terms, area = 0.0, 0.0, 0, 0
    for value in seen(layer, x, index):
        total, size, terms = total + value, size + abs(value), terms + 1
    for r in range(pair(layer.size)[0]):
        for s in range(pair(layer.size)[1]):
            h, v = p * layer.stride + r - layer.pad, q * layer.stride + s - layer.pad
            area += -edge <= h < x.shape[2] + edge and -edge <= v < x.shape[3] + edge
    words = f"the mean of {counted(terms, 'number')}"
    return words if terms == area else f"the sum of {terms} numbers / {area}", terms, total / area, size / area


def adaptive_avg_pool(layer, x, index):
    n, c, p, q = index
    (H, W), (P, Q) = x.shape[2:], pair(layer.size)
    total, size, terms = 0.0, 0.0, 0
    for h in range(p * H // P, math.ceil((p + 1) * H / P)):
        for v in range(q * W // Q, math.ceil((q + 1) * W / Q)):
            value = float(x[n, c, h, v])
            total, size, terms = total + value, size + abs(value), terms + 1
    return f"the mean of {counted(terms, 'number')}", terms, total / terms, size / terms


def lrn(layer, x, index):
    n, i, h, v = index
    k, alpha = lrn_constants(layer.convention, layer.n, layer.k, layer.alpha)
    size = x.shape[1] // layer.groups
    total, terms = 0.0, 0
    for j in range(i - layer.n // 2, i + layer.n // 2 + 1):
        if 0 <= j < x.shape[1] and j // size == i // size:              # a channel of the same group
            total, terms = total + float(x[n, j, h, v]) ** 2, terms + 1
    edge = f"; not {layer.n}: map {i} is at the edge{' of its group' if layer.groups > 1 else ''}"
    return damped(float(x[index]), k, alpha, total, terms, layer.beta, edge if terms < layer.n else "")


def lrn_within(layer, x, index):
    n, c, h, v = index
    total, terms = 0.0, 0
    for i in range(h - layer.n // 2, h + layer.n // 2 + 1):
        for j in range(v - layer.n // 2, v + layer.n // 2 + 1):
            if 0 <= i < x.shape[2] and 0 <= j < x.shape[3]:
                total, terms = total + float(x[n, c, i, j]) ** 2, terms + 1
    edge = f"; not {layer.n ** 2}: the window is cut at the edge" if terms < layer.n ** 2 else ""
    return damped(float(x[index]), layer.k, layer.alpha / layer.n ** 2, total, terms, layer.beta, edge)


def damped(x, k, alpha, total, terms, beta, edge):
    value = x * np.float64(k + alpha * total) ** -beta                  # np.float64: 0 ** -1 is inf, and no error
    words = f"{x:.5g} * ({k:g} + {alpha:g} * {counted(terms, 'square')})^-{beta:g}{edge}"
    return words, terms, value, abs(value)


def batchnorm(layer, x, index):
    c = index[1]
    mean, var = (float(ops.to_host(array)[c]) for array in layer.used)
    w, b = float(ops.to_host(layer.w)[c]), float(ops.to_host(layer.b)[c])
    deviation = np.sqrt(np.float64(var + layer.eps))
    value = w * (float(x[index]) - mean) / deviation + b
    words = f"{w:.4g} * ({float(x[index]):.4g} - {mean:.4g}) / {deviation:.4g} + {b:.4g}"
    return words, 1, value, (abs(w * float(x[index])) + abs(w * mean)) / deviation + abs(b)


def relu(layer, x, index):
    value = float(x[index])
    return f"max({value:.5g}, 0)", 1, 0.0 if value <= 0 else value, abs(value)


def tanh(layer, x, index):
    return f"tanh({float(x[index]):.5g})", 1, math.tanh(x[index]), 1


def sigmoid(layer, x, index):
    small = math.exp(-abs(float(x[index])))
    value = 1 / (1 + small) if x[index] >= 0 else small / (1 + small)
    return f"1 / (1 + exp({-float(x[index]):.5g}))", 1, value, 1


def softmax(layer, x, index):
    n, m = index
    largest, total = -math.inf, 0.0
    for value in x[n]:
        largest = max(largest, float(value))
    for value in x[n]:
        total += float(np.exp(np.float64(value) - largest))
    value = float(np.exp(np.float64(x[n, m]) - largest)) / total
    return f"exp({float(x[n, m]):.5g}) / the sum of {x.shape[1]} exps", x.shape[1], value, 1


def dropout(layer, x, index):
    return "the number that came in: only training drops", 1, float(x[index]), abs(float(x[index]))


def flatten(layer, x, index):
    place, source = index[1], []
    for size in reversed(x.shape[1:]):                                  # the last index runs fastest
        place, source = place // size, [place % size, *source]
    value = float(x[(index[0], *source)])
    return f"x[{','.join(map(str, (index[0], *source)))}]", 1, value, abs(value)


BY_HAND = {
    Conv2D: convolution,
    Dense: dense,
    ReLU: relu,
    Tanh: tanh,
    Sigmoid: sigmoid,
    Softmax: softmax,
    MaxPool: max_pool,
    AvgPool: avg_pool,
    AdaptiveAvgPool: adaptive_avg_pool,
    LRN: lrn,
    LRNWithin: lrn_within,
    BatchNorm: batchnorm,
    Dropout: dropout,
    Flatten: flatten,
}
