"""Activations: numbers in a row, the row cut into pieces for the threads.

ReLU's loops have no branch, only a choice between two numbers, so that eight are made at once. NumPy's tanh is
quicker than a compiled one: tanh and sigmoid are the chapter's texts, on pieces of the row.
"""
import numpy as np

from .kernels import jit
from ..ops import activation as chapter
from .pieces import each, in_chunks


@jit
def rectify(x, y):
    """y = max(x, 0), filled; NaN stays NaN."""
    zero = x.dtype.type(0)
    for i in range(x.size):
        value = x[i]
        y[i] = zero if value <= zero else value


@jit
def rectify_back(dy, y, dx):
    """dx = dy where y > 0, else 0, filled."""
    zero = dy.dtype.type(0)
    for i in range(dy.size):
        value = dy[i]                                               # read in any case: so there is no branch
        dx[i] = value if y[i] > zero else zero


@jit
def tanh_back(dy, y, dx):
    """dx = dy (1 - y^2), filled."""
    one = dy.dtype.type(1)
    for i in range(dy.size):
        dx[i] = dy[i] * (one - y[i] * y[i])


@jit
def sigmoid_back(dy, y, dx):
    """dx = dy y (1 - y), filled."""
    one = dy.dtype.type(1)
    for i in range(dy.size):
        dx[i] = dy[i] * y[i] * (one - y[i])


def relu_forward(x):
    """y = max(x, 0), as in ops/activation.py."""
    y = np.empty_like(x)
    each(rectify, (x, y))
    return y


def relu_backward(dy, y):
    """dx = dy where the output was positive, as in ops/activation.py."""
    dx = np.empty_like(dy)
    each(rectify_back, (dy, y, dx))
    return dx


def tanh_forward(x):
    """y = tanh(x), as in ops/activation.py."""
    return in_chunks(chapter.tanh_forward, x)


def tanh_backward(dy, y):
    """dx = dy * (1 - y^2), as in ops/activation.py."""
    dx = np.empty_like(dy)
    each(tanh_back, (dy, y, dx))
    return dx


def sigmoid_forward(x):
    """y = 1 / (1 + exp(-x)), as in ops/activation.py."""
    return in_chunks(chapter.sigmoid_forward, x)


def sigmoid_backward(dy, y):
    """dx = dy * y * (1 - y), as in ops/activation.py."""
    dx = np.empty_like(dy)
    each(sigmoid_back, (dy, y, dx))
    return dx
