"""Convolution: a jitted gather, one matrix product per group and band of rows, the columns reused.

The rows of all outputs, image after image, are spread over the threads, so a single picture is shared out
as a batch is. Each thread goes through its rows in bands, whose columns stay in the cache: a part of a
large picture, several small pictures together, whose products would be too small alone. The gradient of
the input is spread by channels instead, because the windows of two rows of outputs add to the same pixels.

Layers for which it is quicker, 3 x 3 and 5 x 5 filters over many channels, are Winograd's (winograd.py).
"""
import numpy as np

from . import winograd
from .kernels import jit
from ..ops.shapes import conv_size
from .threads import spread

OUTPUTS, NUMBERS = 256, 2 ** 18          # a band has so many outputs of a map, or so many numbers in its columns


@jit
def frame(x, phases, height, width, stride, pad, top):
    """Rows of a padded picture from `top` on, x (C, H, W) -> (C, phases, height, width), columns sorted by v % stride:
    what one position of a filter sees in a row lies side by side."""
    C, H, W = x.shape
    padded = np.zeros((C, phases, height, width), x.dtype)
    for c in range(C):
        for row in range(max(0, pad - top), min(height, H + pad - top)):
            pixels = x[c, top + row - pad]
            if stride == 1:
                for v in range(min(W, width - pad)):
                    padded[c, 0, row, pad + v] = pixels[v]
            else:
                for phase in range(phases):
                    first = max(0, (pad - phase + stride - 1) // stride)
                    for i in range(first, min(width, (W + pad - phase - 1) // stride + 1)):
                        padded[c, phase, row, i] = pixels[i * stride + phase - pad]
    return padded


@jit
def gather(x, cols, at, p0, p1, stride, pad):
    """im2col of rows p0..p1 of one image's output: x (C, H, W) -> rows from `at` on of cols (C, R, S, rows, Q)."""
    C, R, S, rows, Q = cols.shape
    phases = min(stride, S)
    padded = frame(x, phases, (p1 - p0 - 1) * stride + R, Q + (S - 1) // stride, stride, pad, p0 * stride)
    for c in range(C):
        for r in range(R):
            for phase in range(phases):
                for skip in range((S - 1 - phase) // stride + 1):
                    windows, seen = cols[c, r, skip * stride + phase, at:at + p1 - p0], padded[c, phase, r:]
                    for p in range(p1 - p0):
                        for q in range(Q):
                            windows[p, q] = seen[p * stride, skip + q]


@jit
def scatter(cols, x, stride, pad):
    """col2im of some channels of one image: cols (channels, R, S, P, Q) -> x (channels, H, W), filled."""
    C, R, S, P, Q = cols.shape
    H, W = x.shape[1:]
    phases = min(stride, S)
    height, width = max(H + pad, (P - 1) * stride + R), max(Q + S // stride, (W + pad) // stride + 1)
    for c in range(C):
        padded = np.zeros((phases, height, width), x.dtype)             # of one channel, sorted as in `frame`
        for r in range(R):
            for phase in range(phases):
                for skip in range((S - 1 - phase) // stride + 1):
                    windows, seen = cols[c, r, skip * stride + phase], padded[phase, r:]
                    for p in range(P):
                        for q in range(Q):
                            seen[p * stride, skip + q] += windows[p, q]
        for h in range(H):
            for v in range(W):
                phase = (v + pad) % stride
                x[c, h, v] = padded[phase, h + pad, (v + pad) // stride] if phase < phases else 0


@jit
def put(band, b, y, at, p0, p1):
    """Rows from `at` on of a band (K, rows, Q) become rows p0..p1 of an image's output y (K, P, Q); adds the bias."""
    for k in range(y.shape[0]):
        for p in range(p1 - p0):
            for q in range(y.shape[2]):
                y[k, p0 + p, q] = band[k, at + p, q] + b[k]


@jit
def sums(dy, db, first, last):
    """db[first:last] of dy (N, K, P, Q), in float64; row on row, so that neighbours are added at once."""
    N, K, P, Q = dy.shape
    for k in range(first, last):
        total = np.zeros(Q)
        for n in range(N):
            for p in range(P):
                for q in range(Q):
                    total[q] += dy[n, k, p, q]
        db[k] = total.sum()


def rows_of_band(depth, Q):
    """How many rows of outputs make a band, each output's column `depth` numbers long."""
    return max(1, OUTPUTS // Q, NUMBERS // max(1, depth * Q))


def bands(first, last, P, most):
    """Rows first..last of all images, P each, in bands of at most `most`: lists of (image, p0, p1, place in band)."""
    for start in range(first, last, most):
        row, stop, band = start, min(start + most, last), []
        while row < stop:
            n, p0 = divmod(row, P)
            p1 = min(P, p0 + stop - row)
            band.append((n, p0, p1, row - start))
            row += p1 - p0
        yield band, stop - start


def conv2d_forward(x, w, b, stride, pad, groups, ceil_mode=False):
    """y (N, K, P, Q), as in ops/conv.py."""
    if winograd.suits(x, w, stride, pad, groups):
        return winograd.conv2d_forward(x, w, b, pad, groups)
    (N, C, H, W), (K, Cg, R, S) = x.shape, w.shape
    P, Q = conv_size(H, R, stride, pad, ceil_mode), conv_size(W, S, stride, pad, ceil_mode)
    w_mat, y = w.reshape(groups, K // groups, Cg * R * S), np.empty((N, K, P, Q), x.dtype)

    def rows(first, last):
        most = max(1, min(last - first, rows_of_band(C * R * S, Q)))
        cols, made = np.empty((C, R, S, most, Q), x.dtype), np.empty((K, most, Q), x.dtype)
        for band, size in bands(first, last, P, most):
            for n, p0, p1, at in band:
                gather(x[n], cols, at, p0, p1, stride, pad)
            np.matmul(w_mat, cols.reshape(groups, Cg * R * S, most * Q)[:, :, :size * Q],
                      out=made.reshape(groups, K // groups, most * Q)[:, :, :size * Q])
            for n, p0, p1, at in band:
                put(made, b, y[n], at, p0, p1)

    spread(rows, N * P)
    return y


def conv2d_backward(dy, x, w, stride, pad, groups, ceil_mode=False, to_input=True):
    """dx (N, C, H, W) or None, dw (K, C/G, R, S), db (K,), as in ops/conv.py."""
    db = np.empty(len(w), w.dtype)
    spread(lambda first, last: sums(dy, db, first, last), len(w))
    if winograd.suits(x, w, stride, pad, groups):
        return *winograd.conv2d_backward(dy, x, w, pad, groups, to_input), db
    dx = gradient_of_input(dy, x.shape, w, stride, pad, groups) if to_input else None
    return dx, gradient_of_filters(dy, x, w.shape, stride, pad, groups), db


def gradient_of_filters(dy, x, shape, stride, pad, groups):
    """dw of `shape`, (K, C/G, R, S): each thread adds up its rows in float64, and theirs are added in order."""
    (N, C), (K, Cg, R, S), (P, Q) = x.shape[:2], shape, dy.shape[2:]

    def rows(first, last):
        most = max(1, min(last - first, rows_of_band(C * R * S, Q)))
        cols, taken = np.empty((C, R, S, most, Q), x.dtype), np.empty((K, most, Q), x.dtype)
        cols_mat, taken_mat = cols.reshape(groups, Cg * R * S, most * Q), taken.reshape(groups, K // groups, most * Q)
        dw = np.zeros((groups, K // groups, Cg * R * S))                # float64: the sum over many bands
        for band, size in bands(first, last, P, most):
            for n, p0, p1, at in band:
                gather(x[n], cols, at, p0, p1, stride, pad)
                taken[:, at:at + p1 - p0] = dy[n, :, p0:p1]
            dw += taken_mat[:, :, :size * Q] @ cols_mat[:, :, :size * Q].swapaxes(1, 2)
        return dw

    return sum(spread(rows, N * P)).reshape(shape).astype(x.dtype)


def gradient_of_input(dy, shape, w, stride, pad, groups):
    """dx of `shape`, (N, C, H, W): the channels of all images are spread over the threads."""
    (N, C, H, W), (K, Cg, R, S), (P, Q) = shape, w.shape, dy.shape[2:]
    w_mat, dy_mat = w.reshape(groups, K // groups, Cg, R * S), dy.reshape(N * groups, K // groups, P * Q)
    dx = np.empty((N * groups, Cg, H, W), dy.dtype)

    def channels(first, last):
        most = max(1, min(last - first, NUMBERS // (R * S * P * Q)))
        cols = np.empty((most, R, S, P, Q), dy.dtype)
        for band, size in bands(first, last, Cg, most):
            for part, c0, c1, at in band:                               # part: the channels of a group, of one image
                w_part = w_mat[part % groups, :, c0:c1].reshape(K // groups, (c1 - c0) * R * S)
                np.matmul(w_part.T, dy_mat[part], out=cols[:c1 - c0].reshape((c1 - c0) * R * S, P * Q))
                scatter(cols[:c1 - c0], dx[part, c0:c1], stride, pad)

    spread(channels, N * C)
    return dx.reshape(shape)
