"""Local response normalisation: windows summed row by row of pixels, so that the inner loops run
along memory. Images are spread over the threads; a single one goes to the chapter's text.

s^-0.75 is two square roots, many times quicker than a power: 1 / (sqrt(s) * sqrt(sqrt(s))).
"""
import numpy as np

from .kernels import jit
from ..ops import lrn as chapter
from .threads import spread


@jit
def damp(scale, beta, out):
    """out = scale^-beta, for one row of pixels."""
    if beta == 0.75:
        for i in range(scale.size):
            root = np.sqrt(scale[i])
            out[i] = 1 / (root * np.sqrt(root))
    else:
        for i in range(scale.size):
            out[i] = scale[i] ** -beta


@jit
def add_squares(x, out):
    """out += x^2, for one row of pixels."""
    for i in range(x.size):
        out[i] += x[i] * x[i]


@jit
def normalise(x, y, scale, n, k, alpha, beta, groups):
    """One image, x (C, pixels) -> y and scale (C, pixels), filled."""
    C, size = x.shape[0], x.shape[0] // groups
    for i in range(C):
        first = i // size * size                                        # of the group of channel i
        scale[i] = 0
        for j in range(max(first, i - n // 2), min(first + size, i + n // 2 + 1)):
            add_squares(x[j], scale[i])
        scale[i] = k + alpha * scale[i]
        damp(scale[i], beta, y[i])
        y[i] *= x[i]


@jit
def normalise_back(dy, x, scale, dx, n, alpha, beta, groups):
    """One image, dy, x and scale (C, pixels) -> dx (C, pixels), filled."""
    C, size = x.shape[0], x.shape[0] // groups
    through = np.empty_like(x)                                          # dy x s^(-beta-1), (C, pixels)
    for i in range(C):
        damp(scale[i], beta, dx[i])
        dx[i] *= dy[i]
        through[i] = dx[i] * x[i] / scale[i]
    total = np.empty_like(x[0])
    for j in range(C):
        first = j // size * size                                        # of the group of channel j
        total[:] = 0
        for i in range(max(first, j - n // 2), min(first + size, j + n // 2 + 1)):
            total += through[i]
        dx[j] -= 2 * alpha * beta * x[j] * total


def rows(*arrays):
    """Every array (N, C, H, W) as (N, C, pixels), in order in memory."""
    return [np.ascontiguousarray(array).reshape(*array.shape[:2], -1) for array in arrays]


def lrn_forward(x, n, k, alpha, beta, groups):
    """y and the scale s, both (N, C, H, W), as in ops/lrn.py."""
    if len(x) == 1:
        return chapter.lrn_forward(x, n, k, alpha, beta, groups)
    k, alpha, beta = x.dtype.type(k), x.dtype.type(alpha), x.dtype.type(beta)
    flat, = rows(x)
    y, scale = np.empty_like(flat), np.empty_like(flat)

    def images(first, last):
        for image in range(first, last):
            normalise(flat[image], y[image], scale[image], n, k, alpha, beta, groups)

    spread(images, len(x))
    return y.reshape(x.shape), scale.reshape(x.shape)


def lrn_backward(dy, x, scale, n, alpha, beta, groups):
    """dx (N, C, H, W), as in ops/lrn.py."""
    if len(x) == 1:
        return chapter.lrn_backward(dy, x, scale, n, alpha, beta, groups)
    alpha, beta = x.dtype.type(alpha), x.dtype.type(beta)
    dy_flat, flat, scale_flat = rows(dy, x, scale)
    dx = np.empty_like(flat)

    def images(first, last):
        for image in range(first, last):
            normalise_back(dy_flat[image], flat[image], scale_flat[image], dx[image], n, alpha, beta, groups)

    spread(images, len(x))
    return dx.reshape(x.shape)
