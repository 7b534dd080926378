"""Local response normalisation: windows summed row by row of pixels, so that the inner loops run along memory.

A few hundred pixels at a time, so that what several windows see stays in the cache. The threads share out all
pixels of all images, and so also those of a single one.

s^-0.75 is two square roots, many times quicker than a power: 1 / (sqrt(s) * sqrt(sqrt(s))).
"""
import numpy as np

from .kernels import jit
from .pieces import over_maps, spread_large

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


@jit
def square_sums(x, n, total):
    """The sums of x (H, W), float64, over n x n pixels around each, fewer at the edges -> total (H, W), filled."""
    H, W = x.shape
    half, column = n // 2, np.empty(W)
    for h in range(H):
        column[:] = 0
        for i in range(max(0, h - half), min(H, h + half + 1)):
            add(x[i], column)
        total[h] = column
        for offset in range(1, min(half + 1, W)):
            add(column[offset:], total[h, :W - offset])
            add(column[:W - offset], total[h, offset:])


@jit
def normalise_within(x, y, scale, n, k, alpha, beta):
    """Maps x (maps, H, W) -> y and scale (maps, H, W), filled."""
    squares = np.empty(x.shape[1:])
    total = np.empty(x.shape[1:])
    for m in range(x.shape[0]):
        squares[:] = 0
        for h in range(x.shape[1]):
            add_squares(x[m, h], squares[h])
        square_sums(squares, n, total)
        for h in range(x.shape[1]):
            finish(x[m, h], total[h], k, alpha, beta, y[m, h], scale[m, h])


@jit
def normalise_within_back(dy, x, scale, dx, n, factor, beta):
    """Maps dy, x and scale (maps, H, W) -> dx (maps, H, W), filled."""
    through, total = np.empty(x.shape[1:], x.dtype), np.empty(x.shape[1:])
    for m in range(x.shape[0]):
        for h in range(x.shape[1]):
            first_term(dy[m, h], x[m, h], scale[m, h], beta, dx[m, h], through[h])
        square_sums(through, n, total)
        for h in range(x.shape[1]):
            second_term(x[m, h], total[h], factor, dx[m, h])


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


def lrn_within_forward(x, n, k, alpha, beta):
    """y and the scale s, both (N, C, H, W), as in ops/lrn.py."""
    real = x.dtype.type
    y, scale = np.empty_like(x), np.empty_like(x)
    over_maps(normalise_within, (x, y, scale), n, real(k), real(alpha), real(beta))
    return y, scale


def lrn_within_backward(dy, x, scale, n, alpha, beta):
    """dx (N, C, H, W), as in ops/lrn.py."""
    real = x.dtype.type
    dx = np.empty_like(x)
    over_maps(normalise_within_back, (dy, x, scale, dx), n, real(2 * alpha * beta), real(beta))
    return dx
