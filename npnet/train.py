"""Training is a loop.

    for step in train(net, SGD(lr=0.01), batches):
        print(step.number, step.loss)
    print(evaluate(net, others).top1)

batches: anything that yields pairs (x, labels), x (N, *input_shape), labels (N,) integers.
"""
from typing import NamedTuple

import numpy as np

from .backend import ops


class Step(NamedTuple):
    """What one training step saw: loss, a mean over the batch, and logits (N, classes), from before the update."""

    number: int
    loss: float
    lr: float
    logits: np.ndarray
    labels: np.ndarray

    @property
    def accuracy(self):
        """The share of the batch that was answered rightly, 0 to 1."""
        return float((ops.to_host(self.logits).argmax(axis=1) == self.labels).mean())


class Result(NamedTuple):
    """Means over all pictures: the loss, and the share whose class is the best answer, or among the five best."""

    loss: float
    top1: float
    top5: float
    pictures: int


def train(net, optimizer, batches):
    """Train the network, one step for every batch; yields a Step after each. It begins when it is iterated."""
    for x, labels in batches:
        net.step, lr = optimizer.steps, optimizer.lr            # the step is part of a dropout mask's address
        with np.errstate(all="ignore"):                         # numbers that diverge: the loss says it, not a warning
            logits = net.forward(ops.to_device(x), train=True)
            loss, dlogits = ops.softmax_cross_entropy(logits, ops.to_device(labels))
            net.backward(dlogits, to_input=False)
            optimizer.update(net.params(), net.grads())
        yield Step(net.step, float(loss), lr, logits, labels)


def evaluate(net, batches):
    """The Result on batches that the network does not learn from. ValueError if there are none."""
    loss, right, right_in_five, pictures = 0.0, 0, 0, 0
    for x, labels in batches:
        with np.errstate(all="ignore"):
            logits = net.forward(ops.to_device(x))
            loss += len(labels) * float(ops.softmax_cross_entropy(logits, ops.to_device(labels))[0])
        best = np.argsort(-ops.to_host(logits), axis=1, kind="stable")[:, :5]          # (N, 5), ties in order
        right += int((best[:, 0] == labels).sum())
        right_in_five += int((best == labels[:, None]).sum())
        pictures += len(labels)
    if not pictures:
        raise ValueError("evaluate needs at least one batch, got none")
    return Result(loss / pictures, right / pictures, right_in_five / pictures, pictures)
