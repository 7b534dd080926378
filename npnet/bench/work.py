"""Work: what a layer must at least compute, read and write, counted from shapes alone.

    forward_work(layer, shape, made, batch)                 a Work, for a batch of inputs of `shape`
    backward_work(layer, shape, made, batch, to_input)
    update_work(parameters)

shape and made are those of one input and one output. Read and written are the arrays that the operation takes and
gives (ops/), each counted once, as if all that happens in between stayed near the processor; batch normalisation alone
has to look at its input twice, as no number can be normalised before the last one is added up. What is saved for the
backward (argmax, scale, mask) is among what forward writes. An operation on one number is one, be it an addition, a
comparison, a root or a power; a multiply-add is two.
"""
import math
from typing import NamedTuple

from ..layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, LRNWithin,
                      MaxPool, ReLU, Sigmoid, Softmax, Tanh, pair)

INDEX, MASK = 4, 1              # bytes of an int32 and of a bool


class Work(NamedTuple):
    """Operations, bytes read, bytes written; products: whether the operations are those of a matrix product."""

    operations: int
    read: int
    written: int
    products: bool = False

    @property
    def moved(self):
        """Bytes read and written."""
        return self.read + self.written

    @property
    def intensity(self):
        """Operations per byte."""
        return self.operations / self.moved if self.moved else 0.0


def forward_work(layer, shape, made, batch, itemsize=4):
    """The Work of layer.forward(x, train=True)."""
    x, y = batch * math.prod(shape), batch * math.prod(made)
    if isinstance(layer, (Conv2D, Dense)):
        w = sum(math.prod(size) for size in layer.arrays(shape).values())
        return Work(2 * batch * layer.multiply_adds(shape), (x + w) * itemsize, y * itemsize, products=True)
    if isinstance(layer, Concat):
        return together([forward_work(one, before, one.output(before), batch, itemsize)
                         for _, one, before in layer.every(shape)] + [Work(0, y * itemsize, y * itemsize)])
    operations, read, written, besides = FORWARD[type(layer)](layer, x, y)
    return Work(operations, read * itemsize, written * itemsize + besides)


def backward_work(layer, shape, made, batch, to_input=True, itemsize=4):
    """The Work of layer.backward(dy, to_input)."""
    x, y = batch * math.prod(shape), batch * math.prod(made)
    if isinstance(layer, (Conv2D, Dense)):
        w = math.prod(layer.arrays(shape)["w"])
        for_w, for_x = 2 * batch * layer.multiply_adds(shape), to_input * 2 * batch * layer.multiply_adds(shape)
        return Work(for_w + for_x, (x + y + to_input * w) * itemsize,
                    (w + layer.arrays(shape)["b"][0] + to_input * x) * itemsize, products=True)
    if isinstance(layer, Concat):                           # dy is cut into parts, and one dx for each path added
        return together([backward_work(one, before, one.output(before), batch, itemsize=itemsize)
                         for _, one, before in layer.every(shape)]
                        + [Work(len(layer.paths) * x, (y + len(layer.paths) * x) * itemsize, (y + x) * itemsize)])
    operations, read, written, besides = BACKWARD[type(layer)](layer, x, y)
    return Work(operations, read * itemsize + besides, written * itemsize)


def update_work(parameters, itemsize=4):
    """The Work of one step of SGD with momentum and decay: w and v are read and written, dw is read."""
    return Work(6 * parameters, 3 * parameters * itemsize, 2 * parameters * itemsize)


def together(works):
    """The Work of several, one after the other."""
    return Work(*(sum(counts) for counts in list(zip(*works))[:3]), products=any(work.products for work in works))


def window(layer):
    """How many numbers a window holds."""
    return math.prod(pair(layer.size))


# ---------------------------------------------------------------------------- the layers without products
# (operations, numbers read, numbers written, bytes besides) of x inputs and y outputs. Besides: argmax or mask,
# which forward writes and backward reads.

FORWARD = {
    ReLU: lambda layer, x, y: (x, x, y, 0),
    Tanh: lambda layer, x, y: (x, x, y, 0),
    Sigmoid: lambda layer, x, y: (3 * x, x, y, 0),
    Softmax: lambda layer, x, y: (5 * x, x, y, 0),                          # largest, minus, exp, sum, over
    MaxPool: lambda layer, x, y: (window(layer) * y, x, y, INDEX * y),
    AvgPool: lambda layer, x, y: (window(layer) * y, x, y, 0),
    AdaptiveAvgPool: lambda layer, x, y: (x, x, y, 0),
    LRN: lambda layer, x, y: ((2 * layer.n + 4) * x, x, 2 * y, 0),          # n squares added, k + alpha, power, times x
    LRNWithin: lambda layer, x, y: ((2 * layer.n ** 2 + 4) * x, x, 2 * y, 0),
    BatchNorm: lambda layer, x, y: (8 * x, 2 * x, y, 0),
    Dropout: lambda layer, x, y: (2 * x, x, y, MASK * x),
    Flatten: lambda layer, x, y: (0, 0, 0, 0),
}
BACKWARD = {
    ReLU: lambda layer, x, y: (x, 2 * y, x, 0),                             # dy, y
    Tanh: lambda layer, x, y: (3 * x, 2 * y, x, 0),
    Sigmoid: lambda layer, x, y: (3 * x, 2 * y, x, 0),
    Softmax: lambda layer, x, y: (4 * x, 2 * y, x, 0),
    MaxPool: lambda layer, x, y: (y, y, x, INDEX * y),
    AvgPool: lambda layer, x, y: (window(layer) * y, y, x, 0),
    AdaptiveAvgPool: lambda layer, x, y: (x, y, x, 0),
    LRN: lambda layer, x, y: ((layer.n + 7) * x, 2 * x + y, x, 0),          # x, scale, dy
    LRNWithin: lambda layer, x, y: ((layer.n ** 2 + 7) * x, 2 * x + y, x, 0),
    BatchNorm: lambda layer, x, y: (10 * x, 2 * (x + y), x, 0),
    Dropout: lambda layer, x, y: (2 * x, y, x, MASK * x),
    Flatten: lambda layer, x, y: (0, 0, 0, 0),
}
