"""Batch normalisation: one channel after the other, the channels spread over the threads.

The sums are float64, in 128 totals side by side (number i of a map goes to total i % 128), so that several are
added at once; then the totals are added in order. What is read twice, one channel of all images, is in the cache
the second time.
"""
import numpy as np

from .kernels import jit
from .pieces import spread_large

TOTALS = 128


@jit
def totals(pixels):
    """Zeros, float64: one for every pixel of a map, at most TOTALS."""
    return np.zeros(max(1, min(pixels, TOTALS)))


@jit
def add(x, total):
    """total += x, for numbers of one map."""
    for i in range(x.size):
        total[i] += x[i]


@jit
def add_squares(x, mean, total):
    """total += (x - mean)^2, for numbers of one map."""
    for i in range(x.size):
        total[i] += (x[i] - mean) * (x[i] - mean)


@jit
def add_products(dy, x, mean, total):
    """total += dy (x - mean), for numbers of one map."""
    for i in range(x.size):
        total[i] += dy[i] * (x[i] - mean)


@jit
def statistics(x, mean, var, first, last):
    """Mean and variance of channels first..last of x (N, C, pixels), filled there."""
    N, _, pixels = x.shape
    for c in range(first, last):
        total, squares = totals(pixels), totals(pixels)
        for n in range(N):
            for i in range(0, pixels, TOTALS):
                add(x[n, c, i:i + TOTALS], total)
        middle = total.sum() / (N * pixels)
        for n in range(N):
            for i in range(0, pixels, TOTALS):
                add_squares(x[n, c, i:i + TOTALS], middle, squares)
        mean[c], var[c] = middle, squares.sum() / (N * pixels)


@jit
def line(x, mean, slope, b, y):
    """y = (x - mean) slope + b, for numbers of one map."""
    for i in range(x.size):
        y[i] = (x[i] - mean) * slope + b


@jit
def normalise(x, mean, slope, b, y, first, last):
    """Maps first..last of all maps of all images, x (N, C, pixels) -> y (N, C, pixels), filled there."""
    C = x.shape[1]
    for m in range(first, last):
        n, c = m // C, m % C
        line(x[n, c], mean[c], slope[c], b[c], y[n, c])


@jit
def without_the_means(dy, x, mean, slope, dy_mean, x_mean, dx):
    """dx = slope (dy - dy_mean - (x - mean) x_mean), for numbers of one map."""
    for i in range(x.size):
        dx[i] = slope * (dy[i] - dy_mean - (x[i] - mean) * x_mean)


@jit
def normalise_back(dy, x, mean, deviation, slope, train, dx, dw, db, first, last):
    """Channels first..last of dy and x (N, C, pixels) -> dx (N, C, pixels), dw and db (C,), filled there."""
    N, _, pixels = x.shape
    for c in range(first, last):
        total, products = totals(pixels), totals(pixels)
        for n in range(N):
            for i in range(0, pixels, TOTALS):
                add(dy[n, c, i:i + TOTALS], total)
                add_products(dy[n, c, i:i + TOTALS], x[n, c, i:i + TOTALS], np.float64(mean[c]), products)
        db[c], dw[c] = total.sum(), products.sum() / deviation[c]
        dy_mean = x.dtype.type(total.sum() / (N * pixels))
        x_mean = x.dtype.type(products.sum() / (N * pixels) / deviation[c] / deviation[c])
        for n in range(N):
            if train:
                without_the_means(dy[n, c], x[n, c], mean[c], slope[c], dy_mean, x_mean, dx[n, c])
            else:
                line(dy[n, c], x.dtype.type(0), slope[c], x.dtype.type(0), dx[n, c])


def maps(*arrays):
    """Every array (N, C, H, W) as (N, C, pixels)."""
    N, C, H, W = arrays[0].shape
    return [array.reshape(N, C, H * W) for array in arrays]


def batchnorm_statistics(x):
    """mean and var (C,), as in ops/batchnorm.py."""
    mean, var = np.empty((2, x.shape[1]), x.dtype)
    spread_large(lambda first, last: statistics(*maps(x), mean, var, first, last), len(mean), x.size)
    return mean, var


def batchnorm_forward(x, w, b, mean, var, eps):
    """y (N, C, H, W), as in ops/batchnorm.py."""
    y, slope = np.empty_like(x), w / np.sqrt(var + x.dtype.type(eps))
    flat_x, flat_y = maps(x, y)
    spread_large(lambda first, last: normalise(flat_x, mean, slope, b, flat_y, first, last),
                 len(x) * len(b), x.size, cheap=True)
    return y


def batchnorm_backward(dy, x, w, mean, var, eps, train):
    """dx (N, C, H, W), dw (C,), db (C,), as in ops/batchnorm.py."""
    dx, dw, db = np.empty_like(x), np.empty_like(w), np.empty_like(w)
    deviation = np.sqrt(var + x.dtype.type(eps))
    slope = w / deviation
    flat_dy, flat_x, flat_dx = maps(dy, x, dx)
    spread_large(lambda first, last: normalise_back(flat_dy, flat_x, mean, deviation, slope, train, flat_dx, dw, db,
                                                    first, last), len(w), x.size)
    return dx, dw, db
