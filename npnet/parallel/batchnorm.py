"""Batch normalisation over the batch of all ranks (npnet/ops/batchnorm.py has the formulas).

A rank sees some rows of the batch, but mean and variance are those of all rows, so every rank adds up its own and
the sums are joined, in the order of the shards: first of x, for the mean, then of (x - mean)**2, for the variance.
Backward needs the sums dw and db over the whole batch, because x moved the mean and the variance of all:

    dx = w * o * (dy - db/m - xhat * dw/m)          m: the numbers of a channel, of all ranks together

while the layer keeps the dw and db of its own rows, which are added over the ranks with all other gradients.
"""
import math

import numpy as np

from ..backend import ops
from ..ops.batchnorm import each
from ..ops.shapes import wide


def batchnorm_forward(layers, xs, team):
    """y of every shard of this rank in training, also of those without pictures. layers: the copies of one BatchNorm,
    one for each shard x."""
    for layer, x in zip(layers, xs):
        layer.shape, layer.train = x.shape, True
        layer.x = x.reshape(*x.shape[:2], math.prod(x.shape[2:]), 1)
    m, mean, var = statistics([layer.x for layer in layers], team)
    one = layers[0]                                         # the running ones are the same arrays in all copies
    one.mean += one.momentum * (mean - one.mean)
    one.var += one.momentum * (var * (m / (m - 1)) - one.var)
    for layer in layers:
        layer.used = mean, var
    return [ops.batchnorm_forward(layer.x, layer.w, layer.b, mean, var, float(layer.eps)).reshape(layer.shape)
            if len(layer.x) else layer.x.reshape(layer.shape) for layer in layers]


def numbers(xs, team):
    """How many numbers a channel has in the whole batch."""
    return sum(team.counts(sum(x.size for x in xs))) // xs[0].shape[1]


def statistics(xs, team):
    """How many numbers a channel has in the whole batch, their mean (C,) and their variance (C,), dividing by that."""
    m, precise = numbers(xs, team), wide(xs[0])
    if m < 2:
        raise ValueError("BatchNorm needs at least 2 numbers per channel in training, got 1: a batch of one picture, "
                         "often the last of an epoch; leave that one out (drop_last), or change the batch size")
    mean = team.added([x.sum(axis=(0, 2, 3), dtype=precise) for x in xs]) / m
    var = team.added([np.square(x - each(mean)).sum(axis=(0, 2, 3), dtype=precise) for x in xs]) / m
    return m, mean.astype(xs[0].dtype), var.astype(xs[0].dtype)


def batchnorm_backward(layers, dys, team):
    """dx of every shard of this rank; each layer keeps the dw and db of its own rows."""
    dxs = [as_if_constant(layer, dy) for layer, dy in zip(layers, dys)]
    m = numbers([layer.x for layer in layers], team)
    dw, db = (team.added([getattr(layer, key) for layer in layers]) for key in ("dw", "db"))
    for layer, dx in zip(layers, dxs):
        mean, var = layer.used
        deviation = np.sqrt(var + layer.eps)
        xhat = (layer.x - each(mean)) / each(deviation)
        dx -= (each(layer.w / deviation) * (each(db / m) + xhat * each(dw / m))).astype(dx.dtype, copy=False)
    return [dx.reshape(layer.shape) for layer, dx in zip(layers, dxs)]


def as_if_constant(layer, dy):
    """w * o * dy, the gradient if mean and variance were constants; the layer keeps the dw and db of its rows."""
    if not len(dy):
        layer.dw, layer.db = np.zeros_like(layer.w), np.zeros_like(layer.b)
        return np.zeros_like(layer.x)
    dx, layer.dw, layer.db = ops.batchnorm_backward(dy.reshape(layer.x.shape), layer.x, layer.w, *layer.used,
                                                    float(layer.eps), False)
    return dx
