"""Activations: one number in, one number out.

    relu      y = max(x, 0)                dx = dy where x > 0, else 0    (at exactly 0: 0)
    tanh      y = tanh(x)                  dx = dy * (1 - y^2)
    sigmoid   y = 1 / (1 + exp(-x))        dx = dy * y * (1 - y)

All three derivatives can be had from the *output* (y > 0 exactly where x > 0), so y is what is
saved. AlexNet uses ReLU (section 3.1): tanh and sigmoid are flat far out, where their gradient
vanishes, and a ReLU network reached the same error in a sixth of the steps (figure 1).
"""
import numpy as np


def relu_forward_loops(x):
    """y = max(x, 0). Any shape; NaN stays NaN, so that a check further on can find it."""
    y = np.empty_like(x)
    for i in range(x.size):
        value = x.flat[i]
        y.flat[i] = x.dtype.type(0) if value <= 0 else value
    return y


def relu_backward_loops(dy, y):
    """dx = dy where the output was positive. Same shape as y."""
    dx = np.zeros_like(y)
    for i in range(y.size):
        if y.flat[i] > 0:
            dx.flat[i] = dy.flat[i]
    return dx


def tanh_forward_loops(x):
    """y = tanh(x), between -1 and 1."""
    y = np.empty_like(x)
    for i in range(x.size):
        y.flat[i] = np.tanh(x.flat[i])
    return y


def tanh_backward_loops(dy, y):
    """dx = dy * (1 - y^2): 1 in the middle, 0 far out."""
    dx = np.empty_like(y)
    for i in range(y.size):
        dx.flat[i] = dy.flat[i] * (1 - y.flat[i] * y.flat[i])
    return dx


def sigmoid_forward_loops(x):
    """y = 1 / (1 + exp(-x)), between 0 and 1, written so that exp never overflows."""
    y = np.empty_like(x)
    for i in range(x.size):
        small = np.exp(-abs(x.flat[i]))             # between 0 and 1 whatever the sign of x
        y.flat[i] = 1 / (1 + small) if x.flat[i] >= 0 else small / (1 + small)
    return y


def sigmoid_backward_loops(dy, y):
    """dx = dy * y * (1 - y): a quarter in the middle, 0 far out."""
    dx = np.empty_like(y)
    for i in range(y.size):
        dx.flat[i] = dy.flat[i] * y.flat[i] * (1 - y.flat[i])
    return dx


def relu_forward(x):
    """y = max(x, 0). Any shape."""
    return np.maximum(x, 0)


def relu_backward(dy, y):
    """dx = dy where the output was positive."""
    return np.where(y > 0, dy, 0)


def tanh_forward(x):
    """y = tanh(x)."""
    return np.tanh(x)


def tanh_backward(dy, y):
    """dx = dy * (1 - y^2)."""
    return dy * (1 - y * y)


def sigmoid_forward(x):
    """y = 1 / (1 + exp(-x)) = (1 + tanh(x/2)) / 2; the second form cannot overflow."""
    return (1 + np.tanh(x / 2)) / 2


def sigmoid_backward(dy, y):
    """dx = dy * y * (1 - y)."""
    return dy * y * (1 - y)
