"""Dropout: in training, every number is thrown away with probability p_drop.

Section 4.2 of the paper, with p_drop = 0.5. `mask` is True where a number is kept.

    y = x * mask / (1 - p_drop)                 dx = dy * mask / (1 - p_drop)          the same mask

Dividing by 1 - p_drop keeps the expected value, so that nothing is left to do at test ("inverted"
dropout). The paper does not divide in training and halves the outputs at test instead; that is the
same network with the next layer's weights halved.
"""
import numpy as np


def dropout_forward_loops(x, mask, p_drop):
    """Survivors grow by 1/(1 - p_drop), the others become 0. x and mask of one shape."""
    y = np.zeros_like(x)
    for i in range(x.size):
        if mask.flat[i]:
            y.flat[i] = x.flat[i] / x.dtype.type(1 - p_drop)
    return y


def dropout_backward_loops(dy, mask, p_drop):
    """The gradient passes where the number passed, grown alike."""
    dx = np.zeros_like(dy)
    for i in range(dy.size):
        if mask.flat[i]:
            dx.flat[i] = dy.flat[i] / dy.dtype.type(1 - p_drop)
    return dx


def dropout_forward(x, mask, p_drop):
    """Survivors grow by 1/(1 - p_drop), the others become 0. x and mask of one shape."""
    return np.where(mask, x / (1 - p_drop), 0)


def dropout_backward(dy, mask, p_drop):
    """The gradient passes where the number passed, grown alike."""
    return np.where(mask, dy / (1 - p_drop), 0)
