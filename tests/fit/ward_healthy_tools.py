"""What the healthy trainings of the ward are made of, beside ward_tools: more sets, losses and optimizers of one's own,
and the question whether a network has learnt.
"""
import functools
import math
import tempfile
from pathlib import Path

import numpy as np
from ward_tools import Drawn, OwnSGD, conv, normal, quarters, stripes, watch, with_labels

import npnet
from npnet.backend import ops
from npnet.optim import SGD
from npnet.train import Step


class NotHealthy(AssertionError):
    """A training that was meant to be healthy has not learnt."""


def chance_of(data):
    """The loss of knowing nothing but how frequent the classes are."""
    shares = np.bincount(data.labels) / len(data.labels)
    return float(-(shares[shares > 0] * np.log(shares[shares > 0])).sum())


def learnt(heard, chance, below=0.5, above=0.75):
    """The remarks. NotHealthy unless the last quarter of the epochs has a loss well below that of guessing, and a
    share of right answers well above it."""
    rows = heard.course[-max(1, len(heard.course) // 4):]
    loss, right = np.mean([row[0] for row in rows]), np.mean([row[1] for row in rows])
    if not (loss < below * chance and right > above):
        raise NotHealthy(f"loss {loss:.3f}, that of guessing {chance:.3f}; {right:.0%} right")
    return heard


def of(made, /, *arguments, **options):
    """The same function, with these arguments in front and these options."""
    return functools.partial(made, *arguments, **options)


# ------------------------------------------------------------------------ sets

def patterns(seed, count=1024, classes=4, shape=(1, 8, 8), noise=1.0, shares=None):
    """Every class has a pattern of its own, under noise. shape: (C, H, W) or (D,); shares: how frequent they are."""
    random = np.random.default_rng((seed, classes, *shape))
    coarse = random.normal(0, 1, (classes, *shape[:1], *(size // 2 for size in shape[1:])))
    for axis in range(2, coarse.ndim):                                  # squares of 2 x 2 pixels
        coarse = coarse.repeat(2, axis)
    labels = random.choice(classes, count, p=shares)
    labels[:classes] = np.arange(classes)                               # every class is there
    return normal(coarse[labels] + noise * random.normal(0, 1, (count, *shape)), labels, classes)


def strokes(seed, count=1024):
    """Mostly black pictures from 0 to 1, as MNIST's: a bright bar, whose direction and place are the class."""
    random = np.random.default_rng(seed)
    labels, x = random.integers(0, 4, count), np.zeros((count, 1, 8, 8), np.float32)
    for picture, label in zip(x, labels):
        picture[0, 1 + 4 * (label // 2) + random.integers(0, 3), :] = random.uniform(0.5, 1)
        if label % 2:
            picture[0] = picture[0].T.copy()
    return Drawn(x, labels, 4)


def minus_mean(seed, make=quarters):
    """Numbers from 0 to 255, minus their mean, as Caffe and the networks of 2012 read them."""
    data = make(seed)
    pixels = np.clip(np.rint(60 * data.x + 110), 0, 255).astype(np.float32)
    return data._replace(x=pixels - pixels.mean())


def from_0_to_1(seed):
    """No mean subtracted."""
    data = quarters(seed)
    return data._replace(x=np.clip(0.2 * data.x + 0.4, 0, 1).astype(np.float32))


def noisy(seed, share=0.1):
    """A tenth of the labels is drawn anew."""
    data, random = quarters(seed, 1024), np.random.default_rng(seed)
    wrong = random.random(len(data.labels)) < share
    return with_labels(data, np.where(wrong, random.integers(0, 4, len(data.labels)), data.labels))


def imbalanced(seed, share=0.95):
    """Two classes, one of which is rare."""
    return patterns(seed, 1024, 2, noise=0.5, shares=(share, 1 - share))


def grown(seed, make=stripes):
    """The same pictures as float64."""
    data = make(seed)
    return data._replace(x=data.x.astype(np.float64))


# ------------------------------------------------------------------------ networks

def redrawn(data, seed, make=conv, scale=lambda inputs, outputs: math.sqrt(2 / (inputs + outputs)), **changes):
    """A network whose weights are drawn anew; scale: their deviation (Glorot and Bengio 2010, unless given)."""
    net, random = make(data, seed, **changes), np.random.default_rng(seed)
    for w in net.params().values():
        if w.ndim > 1:
            inputs, outputs = (w.shape[0], w.shape[1]) if w.ndim == 2 else (math.prod(w.shape[1:]), w.shape[0])
            w[...] = random.normal(0, scale(inputs, outputs), w.shape)
    return net


def saved(net):
    """The network as it comes back from a file."""
    with tempfile.TemporaryDirectory() as folder:
        net.save(Path(folder, "net.npz"))
        return npnet.load(Path(folder, "net.npz"))


def trained(seed, data=None, epochs=6, make=conv):
    """A network that has learnt a set, saved and loaded, and the set."""
    data = data or quarters(seed)
    net = make(data, seed)
    watch(net, SGD(0.02), data, seed, epochs=epochs)
    return saved(net), data


def beginning_with(before, net, last="fc3"):
    """The network with the arrays of another one, all but those of its last layer."""
    for name, array in net.params().items():
        if not name.startswith(last):
            array[...] = before.params()[name]
    return net


def frozen(net, *names):
    net.freeze(*names)
    return net


# ------------------------------------------------------------------------ losses of one's own

def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def smoothed(logits, labels):
    """Cross-entropy with targets of 0.9 and a tenth for all (Szegedy et al. 2016)."""
    p, targets = softmax(logits), 0.9 * np.eye(logits.shape[1])[labels] + 0.1 / logits.shape[1]
    return -(targets * np.log(p + 1e-12)).sum(axis=1).mean(), (p - targets) / len(labels)


def weighted(logits, labels):
    """Cross-entropy in which a picture of the rare class 1 counts five times."""
    p, counts = softmax(logits), np.where(labels == 1, 5.0, 1.0)[:, None]
    targets = np.eye(logits.shape[1])[labels]
    return -(counts * targets * np.log(p + 1e-12)).sum() / len(labels), counts * (p - targets) / len(labels)


def squared(logits, labels):
    """The squared distance of the probabilities from one-hot labels."""
    p = softmax(logits)
    away = p - np.eye(logits.shape[1])[labels]
    d = 2 * away / len(labels)
    return (away ** 2).sum(axis=1).mean(), p * (d - (d * p).sum(axis=1, keepdims=True))


def hinge(logits, labels):
    """The margin that the right class lacks, over all others (Weston and Watkins 1999)."""
    rows = np.arange(len(labels))
    short = np.maximum(0, 1 + logits - logits[rows, labels][:, None])
    short[rows, labels] = 0
    d = (short > 0).astype(logits.dtype)
    d[rows, labels] = -d.sum(axis=1)
    return short.sum(axis=1).mean(), d / len(labels)


# ------------------------------------------------------------------------ optimizers of one's own

class Nesterov(OwnSGD):
    """Momentum that looks ahead."""

    def update(self, params, grads):
        for name, w in params.items():
            v = self.moved[name] = 0.9 * self.moved.get(name, 0) - self.lr * grads[name]
            w += 0.9 * v - self.lr * grads[name]


class RMSprop:
    """Every number has a rate of its own, from the recent squares of its gradient."""

    def __init__(self, lr):
        self.lr, self.squares = lr, {}

    def update(self, params, grads):
        for name, w in params.items():
            self.squares[name] = 0.9 * self.squares.get(name, 0) + 0.1 * grads[name] ** 2
            w -= self.lr * grads[name] / (np.sqrt(self.squares[name]) + 1e-6)


class Halves:
    """A loop that adds the gradients of two halves of a batch before it updates."""

    def __init__(self):
        self.number = 0

    def __call__(self, net, optimizer, batches):
        for x, labels in batches:
            parts, sums = [], {}
            for half in (slice(0, len(x) // 2), slice(len(x) // 2, None)):
                net.step = self.number
                logits = net.forward(x[half], train=True)
                loss, dlogits = ops.softmax_cross_entropy(logits, labels[half])
                share = np.float32(len(labels[half]) / len(labels))
                net.backward(dlogits * share)
                sums = {name: sums.get(name, 0) + dw for name, dw in net.grads().items()}
                parts.append((share * loss, logits))
            lr = optimizer.lr
            optimizer.update(net.params(), sums)
            logits = np.concatenate([logits for _, logits in parts])
            yield Step(self.number, float(sum(loss for loss, _ in parts)), lr, logits, labels)
            self.number += 1
