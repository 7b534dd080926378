"""What the ward's trainings are made of: drawn pictures, small networks, loops and optimizers of one's own.

    @sick("dw-sign", 1, "backward-wrong", where=("fc1", "fc2"))
    def dw_sign(seed):
        data = quarters(seed)
        return watch(chain(data, seed, fc2=broken(Dense, negative, 16)), SGD(0.02), data, seed)

Everything here is what a student writes: nothing knows what the doctor looks at.
"""
import math
import os
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

import npnet
from npnet.backend import ops
from npnet.fit.doctor import Doctor
from npnet.layers import BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, MaxPool, ReLU, Tanh
from npnet.train import Result, Step, train


@dataclass(frozen=True)
class Patient:
    """A small training with one fault planted. run(seed) trains it, and returns a Heard: [(when, Remark), ...].

    kind: 1 to 10, or "brother". planted: the names that are right, more than one where they are truly the same
    thing. also: names that would be true beside it. against: names whose advice is the opposite of the remedy.
    where: the layers at which a finding must point, where that matters. reference: needs NPNET_REFERENCE.
    """

    name: str
    kind: object
    planted: tuple
    run: object
    also: tuple = ()
    against: tuple = ()
    where: tuple = ()
    reference: bool = False


class Heard(list):
    """The remarks of a training, [(when, Remark), ...]; course: the losses and shares of right answers of its epochs."""

    def __init__(self, remarks=(), course=()):
        super().__init__(remarks)
        self.course = list(course)


def registered(into):
    """The decorator `sick`, which puts the trainings of one file into a list."""
    def sick(name, kind, *planted, also=(), against=(), where=(), reference=False):
        def keep(run):
            into.append(Patient(name, kind, planted, run, tuple(also), tuple(against), tuple(where), reference))
            return run
        return keep
    return sick


# ------------------------------------------------------------------------ pictures

class Drawn(NamedTuple):
    """Pictures x (N, C, H, W) float32 of mean 0 and deviation 1, their labels, and how many classes there are."""

    x: np.ndarray
    labels: np.ndarray
    classes: int

    def part(self, first, last):
        return Drawn(self.x[first:last], self.labels[first:last], self.classes)

    def halves(self):
        """The first three quarters, to learn from, and the last one."""
        return self.part(0, 3 * len(self.x) // 4), self.part(3 * len(self.x) // 4, None)


def normal(x, labels, classes):
    return Drawn(((x - x.mean()) / x.std()).astype(np.float32), labels, classes)


def drawn(seed, count, classes, side, channels=1, noise=0.5):
    """A generator, labels, and noise to draw into."""
    random = np.random.default_rng((seed, classes, side))
    return random, random.integers(0, classes, count), random.normal(0, noise, (count, channels, side, side))


def quarters(seed, count=768, side=8, channels=1):
    """A bright quarter; its place is the class."""
    random, labels, x = drawn(seed, count, 4, side, channels)
    half = side // 2
    for picture, label in zip(x, labels):
        row, column = divmod(label, 2)
        picture[:, half * row:half * row + half, half * column:half * column + half] += 1
    return normal(x, labels, 4)


def tens(seed, count=960):
    """Ten fields of 10 x 10 pixels; the bright one is the class."""
    random, labels, x = drawn(seed, count, 10, 10)
    for picture, label in zip(x, labels):
        row, column = divmod(label, 5)
        picture[0, 5 * row:5 * row + 5, 2 * column:2 * column + 2] += 2
    return normal(x, labels, 10)


def stripes(seed, count=768, side=10):
    """Stripes of four directions, wherever they begin."""
    random, labels, x = drawn(seed, count, 4, side)
    v, h = np.meshgrid(np.arange(side), np.arange(side))
    along = np.stack([h, v, h + v, h - v])[labels]
    x[:, 0] += np.sin(2 * np.pi * (along + random.integers(0, 4, count)[:, None, None]) / 4)
    return normal(x, labels, 4)


def forms(seed, count=768, side=12):
    """A square, a frame, a disc, a cross or a bar, anywhere in the picture."""
    random, labels, x = drawn(seed, count, 5, side, noise=0.2)
    v, h = np.meshgrid(np.arange(7) - 3, np.arange(7) - 3)
    square = np.ones((7, 7), bool)
    kinds = [square, np.maximum(abs(v), abs(h)) == 3, v ** 2 + h ** 2 < 9, (v == 0) | (h == 0), abs(h) < 2]
    for picture, label in zip(x, labels):
        row, column = random.integers(0, side - 6, 2)
        picture[0, row:row + 7, column:column + 7][kinds[label]] += 1.5
    return normal(x, labels, 5)


def colours(seed, count=768, side=8):
    """Three colours, each brighter in one channel; the labels are the channels."""
    random, labels, x = drawn(seed, count, 3, side, channels=3)
    x[np.arange(count), labels] += 0.6
    return normal(x, labels, 3)


def digits(seed, count=1024):
    """MNIST's digits, 14 x 14: every second pixel of every second row. Needs NPNET_REFERENCE."""
    import gzip
    folder = os.path.join(os.environ["NPNET_REFERENCE"], "mnist")
    first = 2000 * (seed % 20)
    with gzip.open(os.path.join(folder, "train-images-idx3-ubyte.gz")) as file:
        x = np.frombuffer(file.read(16 + 784 * (first + count))[16 + 784 * first:], np.uint8).reshape(-1, 1, 28, 28)
    with gzip.open(os.path.join(folder, "train-labels-idx1-ubyte.gz")) as file:
        labels = np.frombuffer(file.read(8 + first + count)[8 + first:], np.uint8).astype(int)
    return normal(x[:, :, ::2, ::2].astype(np.float32), labels, 10)


def raw(data):
    """The same pictures as numbers from 0 to 255."""
    return data._replace(x=np.clip(60 * data.x + 120, 0, 255).round().astype(np.float32))


def with_labels(data, labels):
    return data._replace(labels=np.asarray(labels))


# ------------------------------------------------------------------------ networks

def conv(data, seed, init="he", **changes):
    """One convolution and two Dense layers; changes replace layers of these names, others come after them."""
    return built(data, seed, changes, conv1=Conv2D(8, 3, pad=1, init=init), relu1=ReLU(), pool1=MaxPool(2, 2),
                 flatten=Flatten(), fc2=Dense(16, init=init), relu2=ReLU(), fc3=Dense(data.classes, init=init))


def two(data, seed, init="he", **changes):
    """Two convolutions, and one Dense layer for the answers."""
    return built(data, seed, changes, conv1=Conv2D(4, 3, pad=1, init=init), relu1=ReLU(), pool1=MaxPool(2, 2),
                 conv2=Conv2D(6, 3, pad=1, init=init), relu2=ReLU(), pool2=MaxPool(2, 2), flatten=Flatten(),
                 fc3=Dense(data.classes, init="torch"))


def chain(data, seed, init="he", **changes):
    """Dense layers only."""
    return built(data, seed, changes, flatten=Flatten(), fc1=Dense(16, init=init), relu1=ReLU(),
                 fc2=Dense(16, init=init), relu2=ReLU(), fc3=Dense(data.classes, init=init))


def deep(data, seed, depth=8, between=ReLU, make=lambda units: Dense(units, init="he"), **changes):
    """Many Dense layers of 16 units, with an activation after each but the last."""
    layers = dict(flatten=Flatten())
    for number in range(1, depth):
        layers |= {f"fc{number}": make(16), f"act{number}": between()}
    return built(data, seed, changes, **layers, **{f"fc{depth}": make(data.classes)})


def normed(data, seed, momentum=0.1, **changes):
    """A convolution with batch normalisation."""
    return built(data, seed, changes, conv1=Conv2D(8, 3, pad=1, init="he"), norm1=BatchNorm(momentum), relu1=ReLU(),
                 pool1=MaxPool(2, 2), flatten=Flatten(), fc2=Dense(16, init="he"), relu2=ReLU(),
                 fc3=Dense(data.classes, init="he"))


def tanhs(data, seed, init="torch", **changes):
    """Dense layers and tanh."""
    return built(data, seed, changes, flatten=Flatten(), fc1=Dense(24, init=init), tanh1=Tanh(),
                 fc2=Dense(16, init=init), tanh2=Tanh(), fc3=Dense(data.classes, init=init))


def dropped(data, seed, share=0.5, **changes):
    """Dense layers with dropout."""
    return built(data, seed, changes, flatten=Flatten(), fc1=Dense(32, init="he"), relu1=ReLU(), drop1=Dropout(share),
                 fc2=Dense(data.classes, init="he"))


def paths(data, seed, init="he", **changes):
    """Two paths side by side, as in GoogLeNet."""
    both = Concat([dict(one=Conv2D(4, 1, init=init), relu_one=ReLU()),
                   dict(three=Conv2D(4, 3, pad=1, init=init), relu_three=ReLU())])
    return built(data, seed, changes, both=both, pool1=MaxPool(2, 2), flatten=Flatten(),
                 fc2=Dense(data.classes, init=init))


def built(data, seed, changes, **layers):
    return npnet.Network(data.x.shape[1:], seed=seed, **layers | changes)


def broken(kind, fault, *arguments, **settings):
    """A layer of one's own, right but for `fault(layer, dy, dx)`, which spoils dw or db, and returns dx."""
    class Own(kind):
        def backward(self, dy, to_input=True):
            return fault(self, dy, super().backward(dy, to_input))
    Own.__name__ = f"My{kind.__name__}"
    return Own(*arguments, **settings)


# ------------------------------------------------------------------------ loops and optimizers of one's own

class OwnSGD:
    """The rule of every lecture: w -= lr * dw, perhaps with momentum and decay. sign=1 goes up."""

    def __init__(self, lr, momentum=0.0, decay=0.0, sign=-1):
        self.lr, self.momentum, self.decay, self.sign, self.moved = lr, momentum, decay, sign, {}

    def update(self, params, grads):
        for name, w in params.items():
            step = self.momentum * self.moved.get(name, 0) + self.sign * self.lr * (grads[name] + self.decay * w)
            self.moved[name] = step
            w += step.astype(w.dtype)


class OwnAdam:
    """Adam (Kingma and Ba 2015), in ten lines."""

    def __init__(self, lr=0.001, sign=-1):
        self.lr, self.sign, self.t, self.m, self.v = lr, sign, 0, {}, {}

    def update(self, params, grads):
        self.t += 1
        for name, w in params.items():
            self.m[name] = 0.9 * self.m.get(name, 0) + 0.1 * grads[name]
            self.v[name] = 0.999 * self.v.get(name, 0) + 0.001 * grads[name] ** 2
            m, v = self.m[name] / (1 - 0.9 ** self.t), self.v[name] / (1 - 0.999 ** self.t)
            w += (self.sign * self.lr * m / (np.sqrt(v) + 1e-8)).astype(w.dtype)


def updated(net, optimizer):
    optimizer.update(net.params(), net.grads())


class Loop:
    """A loop of one's own. loss(logits, labels) -> loss, dlogits; update(net, optimizer); count: sets net.step."""

    def __init__(self, loss=ops.softmax_cross_entropy, update=updated, backward=True, count=True):
        self.loss, self.update, self.backward, self.count, self.number = loss, update, backward, count, 0

    def __call__(self, net, optimizer, batches):
        for x, labels in batches:
            if self.count:
                net.step = self.number
            logits = net.forward(x, train=True)
            loss, dlogits = self.loss(logits, labels)
            if self.backward:
                net.backward(np.asarray(dlogits, net.dtype))
            lr = optimizer.lr
            self.update(net, optimizer)
            yield Step(self.number, float(loss), lr, logits, labels)
            self.number += 1


def shuffled(data, size, seed, epoch):
    """The batches of an epoch, in a new order; the last one may be smaller."""
    order = np.random.default_rng((seed, epoch)).permutation(len(data.x))
    for first in range(0, len(order), size):
        chosen = order[first:first + size]
        yield data.x[chosen], data.labels[chosen]


def in_order(data, size, seed, epoch):
    """The batches of an epoch as they lie."""
    for first in range(0, len(data.x), size):
        yield data.x[first:first + size], data.labels[first:first + size]


def evaluated(net, held, size=64):
    """npnet.train.evaluate on pictures that were held out."""
    return npnet.train.evaluate(net, in_order(held, size, 0, 0))


def watch(net, optimizer, data, seed, epochs=10, size=32, held=None, steps=train, batches=shuffled, judged=evaluated,
          classes=None):
    """Trains with a doctor beside it, and returns what was Heard. A training is given up after an epoch with NaN."""
    doctor, heard, number = Doctor(net, classes or data.classes), Heard(), 0
    with np.errstate(all="ignore"):
        for epoch in range(1, epochs + 1):
            losses, right = [], []
            for step in steps(net, optimizer, batches(data, size, seed, epoch)):
                losses.append(step.loss)
                right.append(step.accuracy * len(step.labels))
                heard += [(number, remark) for remark in doctor.step(step, net, optimizer)]
                number += 1
            result = judged(net, held) if held else Result(None, None, None, 0)
            row = dict(epoch=epoch, steps=number, lr=optimizer.lr, train_loss=float(np.mean(losses)),
                       train_top1=sum(right) / len(data.x), loss=result.loss, top1=result.top1, top5=result.top5)
            heard.course.append((row["train_loss"], row["train_top1"], row["loss"], row["top1"], losses[0]))
            heard += [(f"epoch {epoch}", remark) for remark in doctor.epoch(row, net, optimizer)]
            if not math.isfinite(row["train_loss"]):
                break
    return heard
