"""What the smallest runs are made of: drawn pictures, a small network, and a training with a doctor beside it."""
from typing import NamedTuple

import numpy as np

from ...backend import ops
from ...data.loader import Loader
from ...data.pipeline import Pipeline
from ...data.sets import Pictures
from ...layers import Conv2D, Dense, Flatten, MaxPool, ReLU
from ...network import Network
from ...train import Step, evaluate, train
from .doctor import Doctor


class Watched(NamedTuple):
    """A training: the losses of its steps, and what the doctor said: [(when, Remark), ...]."""

    losses: list
    said: list


def pictures(count=512, seed=0, noise=0.5):
    """Noise (N, 1, 8, 8) with a bright quarter, whose place is the class; mean 0, deviation 1. And the labels."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 4, count)
    x = random.normal(0, noise, (count, 1, 8, 8))
    for picture, label in zip(x, labels):
        row, column = 4 * (label // 2), 4 * (label % 2)
        picture[:, row:row + 4, column:column + 4] += 1
    return ((x - x.mean()) / x.std()).astype(np.float32), labels


def small(init="he", **more):
    """A network for them. more: layers that come after it, or in place of its own."""
    layers = dict(conv1=Conv2D(8, 3, pad=1, init=init), relu1=ReLU(), pool1=MaxPool(2, 2), flatten=Flatten(),
                  fc2=Dense(16, init=init), relu2=ReLU(), fc3=Dense(4, init=init))
    return Network((1, 8, 8), **layers | more)


def chain(**layers):
    """Another network for them, of these layers after a Flatten."""
    return Network((1, 8, 8), flatten=Flatten(), **layers)


def watch(net, optimizer, data, epochs=12, size=32, held=None, classes=4, loss=None, update=None, count=True):
    """Trains, as a loop of one's own does, and asks the doctor after each step and after each epoch.

    data, held: pairs (x, labels), to learn from and to validate. loss(logits, labels) -> loss, dlogits and update(net)
    take the place of the usual ones; count: whether net.step counts the steps.
    """
    (x, labels), doctor, watched = data, Doctor(net, classes), Watched([], [])
    for epoch in range(1, epochs + 1):
        steps = []
        for first in range(0, len(x), size):
            number, lr, batch = len(watched.losses), optimizer.lr, slice(first, first + size)
            net.step = number if count else 0
            with np.errstate(all="ignore"):
                logits = net.forward(x[batch], train=True)
                value, dlogits = (loss or ops.softmax_cross_entropy)(logits, labels[batch])
                net.backward(dlogits, to_input=False)
                update(net) if update else optimizer.update(net.params(), net.grads())
                steps.append(Step(number, float(value), lr, logits, labels[batch]))
                asked(doctor, net, optimizer, steps[-1], watched)
        closed(doctor, net, optimizer, steps, held and [held], watched, f"epoch {epoch}")
    return watched


def watch_loaders(net, optimizer, training, validation, epochs=3):
    """The same with two Loaders, at whose pictures the doctor looks before the first step."""
    doctor, watched = Doctor(net, training.pictures.classes), Watched([], [])
    watched.said.extend(("before the first step", remark) for remark in doctor.before(training, validation))
    for epoch in range(1, epochs + 1):
        steps = []
        for step in train(net, optimizer, training):
            steps.append(step)
            asked(doctor, net, optimizer, step, watched)
        closed(doctor, net, optimizer, steps, validation, watched, f"epoch {epoch}")
    return watched


def asked(doctor, net, optimizer, step, watched):
    """Keeps the loss of a step, and what the doctor says of it."""
    watched.losses.append(step.loss)
    watched.said.extend((f"step {step.number}", remark) for remark in doctor.step(step, net, optimizer))


def closed(doctor, net, optimizer, steps, validation, watched, when):
    """Validates after an epoch, and keeps what the doctor says of it."""
    result = evaluate(net, validation) if validation else None
    row = dict(train_loss=np.mean([step.loss for step in steps]), train_top1=np.mean([step.accuracy for step in steps]),
               loss=result and result.loss, top1=result and result.top1)
    watched.said.extend((when, remark) for remark in doctor.epoch(row, net, optimizer))


def loader(data, names="abcd", **pipeline):
    """A Loader of pictures from 0 to 255, prepared to a mean of 0 and a deviation of 1, or by other settings."""
    x, labels = data
    pixels = np.clip(60 * x + 120, 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)
    settings = {"mean": 120.0, "deviation": 60.0} | pipeline
    return Loader(Pictures(pixels, labels, tuple(names)), 32, Pipeline(8, 8, 1, **settings), workers=0)
