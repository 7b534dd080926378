"""npnet's own layers, and the loss, at places where mistakes show.

The cases are small and in float64: LRN at alpha 0.7, pooling whose windows overlap, dropout at 0.2,
windows that are not square.
"""
from dataclasses import dataclass

import numpy as np

from ..backend import ops
from ..gradcheck import check_gradients
from ..layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, Layer,
                      LRNWithin, MaxPool, ReLU, Sigmoid, Softmax, Tanh)
from .ready import build, distinct, on_host

PICTURES = (2, 4, 6, 5)             # N, C, H, W: no two sizes of a picture are alike


@dataclass
class Case:
    """A layer, the shape of its input, and whether it trains."""

    layer: Layer
    shape: tuple
    train: bool = False

    @property
    def expression(self):
        return f"{self.layer!r}{', train' if self.train else ''}"

    def check(self, seed=0):
        """The Report of the layer on the backend in use."""
        build(self.layer, self.shape, seed)
        if not self.train and self.layer.state():
            self.layer.forward(ops.to_device(distinct(self.shape, seed + 1)), train=True)   # statistics of its own
        return check_gradients(on_host(self.layer), distinct(self.shape, seed), seed=seed, method="central",
                               train=self.train)


class Loss:
    """The loss as a pair of functions of the logits; the labels are integers."""

    expression, shape = "softmax_cross_entropy", (4, 5)

    def check(self, seed=0):
        labels = ops.to_device(np.arange(self.shape[0]) % self.shape[1])

        def forward(x):
            return np.asarray(ops.to_host(ops.softmax_cross_entropy(ops.to_device(x), labels)[0]))

        def backward(dy, x):
            return dy * ops.to_host(ops.softmax_cross_entropy(ops.to_device(x), labels)[1])

        return check_gradients((forward, backward), distinct(self.shape, seed), seed=seed, method="central")


CASES = [
    Case(Conv2D(3, 3), PICTURES),
    Case(Conv2D(6, (3, 2), stride=2, pad=1, groups=2), PICTURES),
    Case(Conv2D(3, 3, stride=2, ceil_mode=True), PICTURES),
    Case(Dense(4), (3, 5)),
    Case(ReLU(), PICTURES),
    Case(Tanh(), PICTURES),
    Case(Sigmoid(), PICTURES),
    Case(Softmax(), (3, 5)),
    Case(MaxPool(3, 2), (2, 3, 7, 5)),
    Case(MaxPool((3, 2), 2, pad=1, ceil_mode=True), PICTURES),
    Case(AvgPool(3, 2), (2, 3, 7, 5)),
    Case(AvgPool(3, 2, pad=1, ceil_mode=True), PICTURES),
    Case(AvgPool(3, 2, pad=1, count_include_pad=False), PICTURES),
    Case(AdaptiveAvgPool((3, 2)), (2, 3, 7, 5)),
    Case(LRN(alpha=0.7), (2, 7, 3, 4)),
    Case(LRN(n=3, alpha=0.7, groups=2), (2, 8, 3, 4)),
    Case(LRN(alpha=0.7, convention="original", groups=2), (2, 8, 3, 4)),
    Case(LRN(alpha=0.7, convention="caffe"), (2, 7, 3, 4)),
    Case(LRN(alpha=0.7, beta=0.5, convention="torch"), (2, 7, 3, 4)),
    Case(LRNWithin(n=3, alpha=0.7), PICTURES),
    Case(BatchNorm(), PICTURES, train=True),
    Case(BatchNorm(), PICTURES),
    Case(BatchNorm(), (6, 4), train=True),
    Case(Dropout(0.2), PICTURES, train=True),
    Case(Dropout(0.2), PICTURES),
    Case(Flatten(), PICTURES),
    Case(Concat([dict(one=Conv2D(3, 1), tanh=Tanh()), dict(three=Conv2D(2, 3, pad=1))]), PICTURES),
]


def cases(name=None):
    """The cases of one class of npnet's layers; all of them and the loss by default."""
    return [*CASES, Loss()] if name is None else [case for case in CASES if type(case.layer).__name__ == name]
