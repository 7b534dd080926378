"""Local response normalisation: windows summed row by row of pixels, so that the inner loops run along memory.

A few hundred pixels at a time, so that what several windows see stays in the cache. The threads share out all
pixels of all images, and so also those of a single one.

s^-0.75 is two square roots, many times quicker than a power: 1 / (sqrt(s) * sqrt(sqrt(s))).
"""
import numpy as np

from .kernels import jit
from .pieces import spread_large

BLOCK = 2000            # pixels: the rows of one window are 40 KB, and longer ones are read faster from memory


@jit
def damp(scale, beta, out):
    """out = scale^-beta, for one row of pixels."""
    one = scale.dtype.type(1)
    if beta == 0.75:
        for i in range(out.size):
            root = np.sqrt(scale[i])
            out[i] = one / (root * np.sqrt(root))
    else:
        for i in range(out.size):
            out[i] = scale[i] ** -beta


@jit
def add_squares(x, total):
    """total += x^2, for one row of pixels."""
    for i in range(total.size):
        total[i] += x[i] * x[i]


@jit
def add(x, total):
    """total += x, for one row of pixels."""
    for i in range(total.size):
        total[i] += x[i]


@jit
def window(i, n, size):
    """The channels around i, from .. up to and without .., within i's group of `size` channels."""
    first = i // size * size
    return max(first, i - n // 2), min(first + size, i + n // 2 + 1)


@jit
def finish(x, total, k, alpha, beta, y, scale):
    """y and scale from the sums of squares, for one row of pixels."""
    for i in range(total.size):
        scale[i] = k + alpha * total[i]
    damp(scale, beta, y)
    for i in range(total.size):
        y[i] *= x[i]


@jit
def normalise(x, y, scale, image, begin, end, n, k, alpha, beta, groups):
    """Pixels begin..end of one image: x (N, C, pixels) -> y and scale (N, C, pixels), filled there."""
    C = x.shape[1]
    total = np.empty(end - begin, x.dtype)
    for i in range(C):
        total[:] = 0
        first, last = window(i, n, C // groups)
        for j in range(first, last):
            add_squares(x[image, j, begin:end], total)
        finish(x[image, i, begin:end], total, k, alpha, beta, y[image, i, begin:end], scale[image, i, begin:end])


@jit
def first_term(dy, x, scale, beta, dx, through):
    """dx = dy s^-beta and through = dy x s^(-beta-1), for one row of pixels."""
    damp(scale, beta, dx)
    for i in range(dx.size):
        dx[i] *= dy[i]
        through[i] = dx[i] * x[i] / scale[i]


@jit
def second_term(x, total, factor, dx):
    """dx -= factor x total, for one row of pixels."""
    for i in range(dx.size):
        dx[i] -= factor * x[i] * total[i]


@jit
def normalise_back(dy, x, scale, dx, image, begin, end, n, factor, beta, groups):
    """Pixels begin..end of one image: dy, x and scale (N, C, pixels) -> dx (N, C, pixels), filled there."""
    C = x.shape[1]
    through, total = np.empty((C, end - begin), x.dtype), np.empty(end - begin, x.dtype)
    for i in range(C):
        first_term(dy[image, i, begin:end], x[image, i, begin:end], scale[image, i, begin:end], beta,
                   dx[image, i, begin:end], through[i])
    for j in range(C):
        total[:] = 0
        first, last = window(j, n, C // groups)
        for i in range(first, last):
            add(through[i], total)
        second_term(x[image, j, begin:end], total, factor, dx[image, j, begin:end])


def blocks(first, last, pixels):
    """Pixels first..last of all images, in blocks: the image, and its pixels from .. up to and without .."""
    size = -(-pixels // max(1, -(-pixels // BLOCK)))                # as equal as they can be; -(-a // b): rounded up
    while first < last:
        image, begin = divmod(first, pixels)
        end = min(begin + size, pixels, begin + last - first)
        yield image, begin, end
        first += end - begin


def over_pixels(kernel, arrays, *options):
    """Calls kernel on blocks of the pixels of arrays (N, C, H, W), on all threads."""
    images, C, H, W = arrays[0].shape
    flat = [array.reshape(images, C, H * W) for array in arrays]

    def some(first, last):
        for block in blocks(first, last, H * W):
            kernel(*flat, *block, *options)

    spread_large(some, images * H * W, flat[0].size)


def lrn_forward(x, n, k, alpha, beta, groups):
    """y and the scale s, both (N, C, H, W), as in ops/lrn.py."""
    real = x.dtype.type
    y, scale = np.empty_like(x), np.empty_like(x)
    over_pixels(normalise, (x, y, scale), n, real(k), real(alpha), real(beta), groups)
    return y, scale


def lrn_backward(dy, x, scale, n, alpha, beta, groups):
    """dx (N, C, H, W), as in ops/lrn.py."""
    real = x.dtype.type
    dx = np.empty_like(x)
    over_pixels(normalise_back, (dy, x, scale, dx), n, real(2 * alpha * beta), real(beta), groups)
    return dx
