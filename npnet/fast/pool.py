"""Max-pooling: every map on its own, the maps spread over the threads."""
import numpy as np

from .kernels import jit
from ..ops.shapes import pool_size
from .threads import spread


@jit
def largest(x, y, argmax, R, S, stride, pad):
    """Maps x (maps, H, W) -> y and argmax (maps, P, Q), filled."""
    H, W = x.shape[1], x.shape[2]
    for m in range(y.shape[0]):
        for p in range(y.shape[1]):
            top = p * stride - pad
            for q in range(y.shape[2]):
                left = q * stride - pad
                best, place = x.dtype.type(-np.inf), 0
                for r in range(max(0, -top), min(R, H - top)):
                    for s in range(max(0, -left), min(S, W - left)):
                        value = x[m, top + r, left + s]
                        if value > best or value != value:
                            best, place = value, r * S + s
                y[m, p, q], argmax[m, p, q] = best, place


@jit
def winners(dy, argmax, dx, S, stride, pad):
    """Maps dy and argmax (maps, P, Q) -> dx (maps, H, W), filled."""
    H, W = dx.shape[1], dx.shape[2]
    dx[:] = 0
    for m in range(dy.shape[0]):
        for p in range(dy.shape[1]):
            for q in range(dy.shape[2]):
                place = argmax[m, p, q]
                h, v = p * stride - pad + place // S, q * stride - pad + place % S
                if 0 <= h < H and 0 <= v < W:
                    dx[m, h, v] += dy[m, p, q]


def max_pool_forward(x, R, S, stride, pad, ceil_mode):
    """y and argmax (N, C, P, Q), as in ops/pool.py."""
    N, C, H, W = x.shape
    P, Q = pool_size(H, R, stride, pad, ceil_mode), pool_size(W, S, stride, pad, ceil_mode)
    maps = np.ascontiguousarray(x).reshape(N * C, H, W)
    y, argmax = np.empty((N * C, P, Q), x.dtype), np.empty((N * C, P, Q), np.int32)
    spread(lambda m0, m1: largest(maps[m0:m1], y[m0:m1], argmax[m0:m1], R, S, stride, pad), N * C)
    return y.reshape(N, C, P, Q), argmax.reshape(N, C, P, Q)


def max_pool_backward(dy, argmax, H, W, R, S, stride, pad):
    """dx (N, C, H, W), as in ops/pool.py."""
    N, C, P, Q = dy.shape
    maps, places = np.ascontiguousarray(dy).reshape(N * C, P, Q), argmax.reshape(N * C, P, Q)
    dx = np.empty((N * C, H, W), dy.dtype)
    spread(lambda m0, m1: winners(maps[m0:m1], places[m0:m1], dx[m0:m1], S, stride, pad), N * C)
    return dx.reshape(N, C, H, W)
