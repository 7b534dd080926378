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
from ..layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, LRNWithin,
                      MaxPool, ReLU, Sigmoid, Softmax, Tanh, pair)
from ..ops.lrn import lrn_constants
from .words import Listed, Said, several


@dataclass
class ByHand:
    """One number of a layer's output, computed by a plain loop."""

    index: tuple        # of the output, image first
    words: str          # what was computed: "1200 products + b[0]"; a Said where it holds words
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
    if not known(layer) or y.size == 0:
        return None
    index = telling_place(y)
    words, terms, value, size = BY_HAND[type(layer)](layer, x, index)
    allowed = 100 * np.finfo(y.dtype).eps * float(size)                 # size: of the numbers that were added
    return ByHand(index, words, terms, float(value), float(y[index]), allowed)


def known(layer):
    """Whether a layer, and each inside a Concat, is of a class of npnet's own."""
    return type(layer) in BY_HAND and (type(layer) is not Concat or all(map(known, layer.inside().values())))


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
    (K, per_group, R, S), products = w.shape, []
    first = k // (K // layer.groups) * per_group                        # the first channel that filter k sees
    for c in range(per_group):
        for r in range(R):
            for s in range(S):
                h, v = p * layer.stride + r - layer.pad, q * layer.stride + s - layer.pad
                if 0 <= h < x.shape[2] and 0 <= v < x.shape[3]:
                    products.append(float(x[n, first + c, h, v]) * float(w[k, c, r, s]))
    return summed(Said("hand.products", count=len(products), place=k), products, float(b[k]))


def dense(layer, x, index):
    n, m = index
    w, b = ops.to_host(layer.w), ops.to_host(layer.b)
    products = [float(x[n, d]) * float(w[d, m]) for d in range(x.shape[1])]
    return summed(Said("hand.products", count=len(products), place=m), products, float(b[m]))


def summed(words, numbers, bias=0.0, parts=1):
    """What a function of this chapter returns that adds numbers up."""
    return words, len(numbers), (bias + sum(numbers)) / parts, (abs(bias) + sum(map(abs, numbers))) / parts


def seen(x, index, rows, columns):
    """The numbers of one map in these rows and columns, as far as they lie inside."""
    n, c = index[:2]
    return [float(x[n, c, h, v]) for h in rows for v in columns if 0 <= h < x.shape[2] and 0 <= v < x.shape[3]]


def window(layer, index):
    """The rows and the columns that a pooling's window covers, padding included."""
    return [range(place * layer.stride - layer.pad, place * layer.stride - layer.pad + size)
            for place, size in zip(index[2:], pair(layer.size))]


def max_pool(layer, x, index):
    numbers = seen(x, index, *window(layer, index))
    largest = math.nan if any(map(math.isnan, numbers)) else max(numbers)
    return Said("hand.largest", numbers=several("number", len(numbers))), len(numbers), largest, abs(largest)


def avg_pool(layer, x, index):
    sides, edge = window(layer, index), layer.pad if layer.count_include_pad else 0
    numbers, area = seen(x, index, *sides), 1
    for side, size in zip(sides, x.shape[2:]):
        area *= sum(-edge <= place < size + edge for place in side)
    if len(numbers) == area:
        return mean(numbers)
    return summed(Said("hand.sum_over", count=len(numbers), area=area), numbers, parts=area)


def mean(numbers):
    return summed(Said("hand.mean", numbers=several("number", len(numbers))), numbers, parts=len(numbers))


def adaptive_avg_pool(layer, x, index):
    return mean(seen(x, index, *(range(place * size // parts, math.ceil((place + 1) * size / parts))
                                 for place, size, parts in zip(index[2:], x.shape[2:], pair(layer.size)))))


def lrn(layer, x, index):
    n, i, h, v = index
    k, alpha = lrn_constants(layer.convention, layer.n, layer.k, layer.alpha)
    size = x.shape[1] // layer.groups
    squares = [float(x[n, j, h, v]) ** 2 for j in range(i - layer.n // 2, i + layer.n // 2 + 1)
               if 0 <= j < x.shape[1] and j // size == i // size]       # channels of the same group
    edge = Said(f"hand.edge_of_{'group' if layer.groups > 1 else 'maps'}", n=layer.n, place=i)
    return damped(float(x[index]), k, alpha, squares, layer.beta, edge if len(squares) < layer.n else "")


def lrn_within(layer, x, index):
    sides = [range(place - layer.n // 2, place + layer.n // 2 + 1) for place in index[2:]]
    squares, area = [number ** 2 for number in seen(x, index, *sides)], layer.n ** 2
    edge = Said("hand.edge_of_window", area=area) if len(squares) < area else ""
    return damped(float(x[index]), layer.k, layer.alpha / area, squares, layer.beta, edge)


def damped(x, k, alpha, squares, beta, edge):
    value = x * np.float64(k + alpha * sum(squares)) ** -beta           # np.float64: 0 ** -1 is inf, and no error
    words = Said("hand.damped", x=x, k=k, alpha=alpha, squares=several("square", len(squares)), beta=beta, edge=edge)
    return words, len(squares), value, abs(value)


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
    largest = float(max(x[index[0]]))
    exps = [math.exp(float(value) - largest) for value in x[index[0]]]
    words = Said("hand.softmax", x=float(x[index]), count=len(exps))
    return words, len(exps), exps[index[1]] / sum(exps), 1


def dropout(layer, x, index):
    return Said("hand.dropout"), 1, float(x[index]), abs(float(x[index]))


def flatten(layer, x, index):
    place, source = index[1], []
    for size in reversed(x.shape[1:]):                                  # the last index runs fastest
        place, source = place // size, [place % size, *source]
    source = (index[0], *source)
    return f"x[{','.join(map(str, source))}]", 1, float(x[source]), abs(float(x[source]))


def concat(layer, x, index):
    """The path that makes this channel: its last layer that looks at more than one number, and those after it."""
    number, channel = path_of(layer, index[1])
    chain, place = list(layer.paths[number].values()), (index[0], channel, *index[2:])
    first = first_by_hand(chain)
    for each in chain[:first]:
        x = ops.to_host(each.forward(ops.to_device(x)))
    words, terms, value, size = [], 0, float(x[place]) if not chain else 0.0, 0
    for each in chain[first:]:
        said, more, value, added = BY_HAND[type(each)](each, x, place)
        words, terms, size, x = [*words, said], terms + more, max(size, added), {place: value}
    words = Listed(words or [f"x[{','.join(map(str, place))}]"])
    return Said("hand.path", path=number + 1, channel=channel, words=words), max(terms, 1), value, size or abs(value)


def path_of(layer, channel):
    """The path of a Concat that makes this channel of its output, and which of the path's channels it is."""
    ends = np.cumsum(layer.channels)
    number = int(np.searchsorted(ends, channel, side="right"))
    return number, int(channel - (ends[number - 1] if number else 0))


def first_by_hand(chain):
    """Where in a path a computation by hand begins: the layers after it make one number of one number."""
    return next((i for i in reversed(range(len(chain))) if type(chain[i]) not in ONE_BY_ONE), 0)


ONE_BY_ONE = (ReLU, Tanh, Sigmoid, Dropout, BatchNorm)
BY_HAND = {
    Conv2D: convolution, Dense: dense, ReLU: relu, Tanh: tanh, Sigmoid: sigmoid, Softmax: softmax,
    MaxPool: max_pool, AvgPool: avg_pool, AdaptiveAvgPool: adaptive_avg_pool, LRN: lrn, LRNWithin: lrn_within,
    BatchNorm: batchnorm, Dropout: dropout, Flatten: flatten, Concat: concat,
}
