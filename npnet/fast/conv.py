"""Convolution: a jitted gather per image, one matrix product per group, the columns reused.

Several images are spread over the threads; of a single one, the channels and the rows of the product.
"""
import numpy as np

from ..backend import jit
from ..ops.shapes import conv_size
from .threads import at_once, spread


@jit
def gather(x, cols, stride, pad):
    """im2col of one image: x (C, H, W) -> cols (C, R, S, P, Q), filled."""
    C, R, S, P, Q = cols.shape
    H, W = x.shape[1], x.shape[2]
    for c in range(C):
        for r in range(R):
            for s in range(S):
                left = min(Q, max(0, (pad - s + stride - 1) // stride))         # the first q inside the picture
                right = max(left, min(Q, (W - 1 + pad - s) // stride + 1))      # and the first beyond it
                for p in range(P):
                    h, row = p * stride + r - pad, cols[c, r, s, p]
                    if h < 0 or h >= H:
                        row[:] = 0
                        continue
                    row[:left] = 0
                    row[right:] = 0
                    for q in range(left, right):
                        row[q] = x[c, h, q * stride + s - pad]


@jit
def scatter(cols, x, stride, pad):
    """col2im of one image: cols (C, R, S, P, Q) -> x (C, H, W), filled."""
    C, R, S, P, Q = cols.shape
    H, W = x.shape[1], x.shape[2]
    x[:] = 0
    for c in range(C):
        for r in range(R):
            for s in range(S):
                left = min(Q, max(0, (pad - s + stride - 1) // stride))
                right = max(left, min(Q, (W - 1 + pad - s) // stride + 1))
                for p in range(P):
                    h = p * stride + r - pad
                    if 0 <= h < H:
                        for q in range(left, right):
                            x[c, h, q * stride + s - pad] += cols[c, r, s, p, q]


def sharing(N):
    """How to spread N images, and how to spread the work inside each."""
    return (at_once, spread) if N == 1 else (spread, at_once)


def multiply(a, b, out, share):
    """out = a @ b for one matrix of every group, (G, rows, ...) each; the rows may be shared out."""
    for g in range(len(a)):
        share(lambda first, last: np.matmul(a[g, first:last], b[g], out=out[g, first:last]), a.shape[1])


def conv2d_forward(x, w, b, stride, pad, groups, ceil_mode=False):
    """y (N, K, P, Q), as in ops/conv.py."""
    N, C, H, W = x.shape
    K, Cg, R, S = w.shape
    P, Q = conv_size(H, R, stride, pad, ceil_mode), conv_size(W, S, stride, pad, ceil_mode)
    x, w_mat = np.ascontiguousarray(x), w.reshape(groups, K // groups, Cg * R * S)
    y = np.empty((N, K, P, Q), x.dtype)
    over_images, inside = sharing(N)

    def images(first, last):
        cols = np.empty((C, R, S, P, Q), x.dtype)
        for n in range(first, last):
            inside(lambda c0, c1: gather(x[n, c0:c1], cols[c0:c1], stride, pad), C)
            multiply(w_mat, cols.reshape(groups, Cg * R * S, P * Q), y[n].reshape(groups, K // groups, P * Q), inside)
            y[n] += b.reshape(K, 1, 1)

    over_images(images, N)
    return y


def conv2d_backward(dy, x, w, stride, pad, groups, ceil_mode=False, to_input=True):
    """dx (N, C, H, W) or None, dw (K, C/G, R, S), db (K,), as in ops/conv.py."""
    N, C, H, W = x.shape
    K, Cg, R, S = w.shape
    P, Q = dy.shape[2:]
    D = Cg * R * S
    x, dy_mat = np.ascontiguousarray(x), np.ascontiguousarray(dy).reshape(N, groups, K // groups, P * Q)
    turned = w.reshape(groups, K // groups, D).swapaxes(1, 2)                   # (G, D, K/G)
    dx = np.empty(x.shape, dy.dtype) if to_input else None
    over_images, inside = sharing(N)

    def images(first, last):
        cols = np.empty((C, R, S, P, Q), x.dtype)
        cols_mat = cols.reshape(groups, D, P * Q)
        dw, product = np.zeros((groups, K // groups, D), w.dtype), np.empty((groups, K // groups, D), w.dtype)
        for n in range(first, last):
            inside(lambda c0, c1: gather(x[n, c0:c1], cols[c0:c1], stride, pad), C)
            multiply(dy_mat[n], cols_mat.swapaxes(1, 2), product, inside)
            dw += product
            if to_input:
                multiply(turned, dy_mat[n], cols_mat, inside)                  # the columns become dcols
                inside(lambda c0, c1: scatter(cols[c0:c1], dx[n, c0:c1], stride, pad), C)
        return dw

    dw = sum(over_images(images, N)).reshape(w.shape)
    return dx, dw, dy.sum(axis=(0, 2, 3))
