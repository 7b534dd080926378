"""Activations: numbers in a row, the row cut into pieces for the threads.

The inner loops have no branch, only a choice between two numbers, so that eight are made at once.
"""
import numpy as np

from .kernels import jit
from .pieces import each


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


def relu_forward(x):
    """y = max(x, 0), as in ops/activation.py."""
    y = np.empty_like(x)
    each(rectify, x, y)
    return y


def relu_backward(dy, y):
    """dx = dy where the output was positive, as in ops/activation.py."""
    dx = np.empty_like(dy)
    each(rectify_back, dy, y, dx)
    return dx
