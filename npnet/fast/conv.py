"""Convolution: a jitted gather per image, one matrix product per group, the columns reused.

Images are spread over the threads. A single one goes to the chapter's text, whose product is shared
out by BLAS itself: cutting it up here as well was measured, and took half as long again.
"""
import numpy as np

from .kernels import jit
from ..ops import conv as chapter
from ..ops.shapes import conv_size
from .threads import spread


@jit
def frame(x, cols, stride, pad):
    """Zeros, as large as all windows over the padded image together, so that no window hangs over an edge."""
    C, R, S, P, Q = cols.shape
    height, width = max(pad + x.shape[1], (P - 1) * stride + R), max(pad + x.shape[2], (Q - 1) * stride + S)
    return np.zeros((C, height, width), x.dtype)


@jit
def gather(x, cols, stride, pad):
    """im2col of one image: x (C, H, W) -> cols (C, R, S, P, Q), filled."""
    C, R, S, P, Q = cols.shape
    padded = frame(x, cols, stride, pad)
    for c in range(C):
        for h in range(x.shape[1]):
            for v in range(x.shape[2]):
                padded[c, pad + h, pad + v] = x[c, h, v]
    for c in range(C):
        for r in range(R):
            for s in range(S):
                for p in range(P):
                    if stride == 1:                     # neighbours come from neighbours: eight are copied at once
                        for q in range(Q):
                            cols[c, r, s, p, q] = padded[c, p + r, q + s]
                    else:
                        for q in range(Q):
                            cols[c, r, s, p, q] = padded[c, p * stride + r, q * stride + s]


@jit
def scatter(cols, x, stride, pad):
    """col2im of one image: cols (C, R, S, P, Q) -> x (C, H, W), filled."""
    C, R, S, P, Q = cols.shape
    padded = frame(x, cols, stride, pad)
    for c in range(C):
        for r in range(R):
            for s in range(S):
                for p in range(P):
                    if stride == 1:
                        for q in range(Q):
                            padded[c, p + r, q + s] += cols[c, r, s, p, q]
                    else:
                        for q in range(Q):
                            padded[c, p * stride + r, q * stride + s] += cols[c, r, s, p, q]
    for c in range(C):
        for h in range(x.shape[1]):
            for v in range(x.shape[2]):
                x[c, h, v] = padded[c, pad + h, pad + v]


def conv2d_forward(x, w, b, stride, pad, groups, ceil_mode=False):
    """y (N, K, P, Q), as in ops/conv.py."""
    N, C, H, W = x.shape
    K, Cg, R, S = w.shape
    if N == 1:
        return chapter.conv2d_forward(x, w, b, stride, pad, groups, ceil_mode)
    P, Q = conv_size(H, R, stride, pad, ceil_mode), conv_size(W, S, stride, pad, ceil_mode)
    x, w_mat = np.ascontiguousarray(x), w.reshape(groups, K // groups, Cg * R * S)
    y = np.empty((N, K, P, Q), x.dtype)

    def images(first, last):
        cols = np.empty((C, R, S, P, Q), x.dtype)
        cols_mat = cols.reshape(groups, Cg * R * S, P * Q)
        for n in range(first, last):
            gather(x[n], cols, stride, pad)
            np.matmul(w_mat, cols_mat, out=y[n].reshape(groups, K // groups, P * Q))
            y[n] += b.reshape(K, 1, 1)

    spread(images, N)
    return y


def conv2d_backward(dy, x, w, stride, pad, groups, ceil_mode=False, to_input=True):
    """dx (N, C, H, W) or None, dw (K, C/G, R, S), db (K,), as in ops/conv.py."""
    N, C, H, W = x.shape
    K, Cg, R, S = w.shape
    if N == 1:
        return chapter.conv2d_backward(dy, x, w, stride, pad, groups, ceil_mode, to_input)
    P, Q = dy.shape[2:]
    x, dy_mat = np.ascontiguousarray(x), np.ascontiguousarray(dy).reshape(N, groups, K // groups, P * Q)
    w_mat = w.reshape(groups, K // groups, Cg * R * S)
    dx = np.empty(x.shape, dy.dtype) if to_input else None

    def images(first, last):
        cols = np.empty((C, R, S, P, Q), x.dtype)
        cols_mat = cols.reshape(groups, Cg * R * S, P * Q)
        dw = np.zeros(w_mat.shape)                          # float64: the sum over many images
        for n in range(first, last):
            gather(x[n], cols, stride, pad)
            dw += dy_mat[n] @ cols_mat.swapaxes(1, 2)
            if to_input:
                np.matmul(w_mat.swapaxes(1, 2), dy_mat[n], out=cols_mat)        # the columns become dcols
                scatter(cols, dx[n], stride, pad)
        return dw

    dw = sum(spread(images, N)).reshape(w.shape).astype(w.dtype)
    return dx, dw, dy.sum(axis=(0, 2, 3), dtype=np.float64).astype(dy.dtype)
