"""Convolution and max-pooling as NumPy's textbooks have them: a backend to be measured against, not to be used.

Every window becomes a row of one large matrix (pad, a strided copy for each place in the window, a transposition that
sorts all numbers anew), and a single np.dot does the rest. It is the text of many courses and books, here in words of
our own. The filters of each group are taken on their own, as these texts know no groups.
"""
import numpy as np

from ..backend import BACKENDS, NUMPY
from ..ops.shapes import conv_size, pool_size

NAME = "textbook"


def padded(x, R, S, stride, pad, P, Q, value=0):
    """x with a frame, as large as P x Q windows need, and at least `pad` on each side."""
    below = max((P - 1) * stride + R - x.shape[2] - pad, 0)
    right = max((Q - 1) * stride + S - x.shape[3] - pad, 0)
    return np.pad(x, [(0, 0), (0, 0), (pad, below), (pad, right)], constant_values=value)


def rows_of(img, R, S, stride, P, Q):
    """Every window of a padded batch as a row: (N*P*Q, C*R*S)."""
    N, C = img.shape[:2]
    windows = np.zeros((N, C, R, S, P, Q), img.dtype)
    for r in range(R):
        for s in range(S):
            windows[:, :, r, s] = img[:, :, r:r + stride * P:stride, s:s + stride * Q:stride]
    return windows.transpose(0, 4, 5, 1, 2, 3).reshape(N * P * Q, -1)


def picture_of(rows, shape, R, S, stride, pad, P, Q):
    """Every row added back to the pixels it came from: x of `shape`."""
    N, C, H, W = shape
    windows = rows.reshape(N, P, Q, C, R, S).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((N, C, max(H + 2 * pad, (P - 1) * stride + R), max(W + 2 * pad, (Q - 1) * stride + S)), rows.dtype)
    for r in range(R):
        for s in range(S):
            img[:, :, r:r + stride * P:stride, s:s + stride * Q:stride] += windows[:, :, r, s]
    return img[:, :, pad:pad + H, pad:pad + W]


def conv_forward(x, w, b, stride, pad, P, Q):
    """One group: y (N, K, P, Q)."""
    K, C, R, S = w.shape
    rows = rows_of(padded(x, R, S, stride, pad, P, Q), R, S, stride, P, Q)
    y = np.dot(rows, w.reshape(K, -1).T) + b
    return y.reshape(len(x), P, Q, K).transpose(0, 3, 1, 2)


def conv_backward(dy, x, w, stride, pad, to_input):
    """One group: dx or None, dw, db."""
    (K, _, R, S), (P, Q) = w.shape, dy.shape[2:]
    rows = rows_of(padded(x, R, S, stride, pad, P, Q), R, S, stride, P, Q)
    dy = dy.transpose(0, 2, 3, 1).reshape(-1, K)
    dw = np.dot(rows.T, dy).T.reshape(w.shape)
    dx = picture_of(np.dot(dy, w.reshape(K, -1)), x.shape, R, S, stride, pad, P, Q) if to_input else None
    return dx, dw, dy.sum(axis=0)


def conv2d_forward(x, w, b, stride, pad, groups, ceil_mode=False):
    """As in ops/conv.py."""
    P, Q = (conv_size(*sizes, stride, pad, ceil_mode) for sizes in zip(x.shape[2:], w.shape[2:]))
    parts = zip(*(np.split(array, groups, axis) for array, axis in ((x, 1), (w, 0), (b, 0))))
    return np.concatenate([conv_forward(*part, stride, pad, P, Q) for part in parts], axis=1)


def conv2d_backward(dy, x, w, stride, pad, groups, ceil_mode=False, to_input=True):
    """As in ops/conv.py."""
    parts = zip(*(np.split(array, groups, axis) for array, axis in ((dy, 1), (x, 1), (w, 0))))
    dx, dw, db = zip(*(conv_backward(*part, stride, pad, to_input) for part in parts))
    return np.concatenate(dx, axis=1) if to_input else None, np.concatenate(dw), np.concatenate(db)


def max_pool_forward(x, R, S, stride, pad, ceil_mode):
    """As in ops/pool.py."""
    N, C = x.shape[:2]
    P, Q = (pool_size(size, window, stride, pad, ceil_mode) for size, window in zip(x.shape[2:], (R, S)))
    rows = rows_of(padded(x, R, S, stride, pad, P, Q, -np.inf), R, S, stride, P, Q).reshape(-1, R * S)
    y, argmax = rows.max(axis=1), rows.argmax(axis=1).astype(np.int32)
    return tuple(array.reshape(N, P, Q, C).transpose(0, 3, 1, 2) for array in (y, argmax))


def max_pool_backward(dy, argmax, H, W, R, S, stride, pad):
    """As in ops/pool.py."""
    N, C, P, Q = dy.shape
    dy, argmax = (array.transpose(0, 2, 3, 1).reshape(-1) for array in (dy, argmax))
    rows = np.zeros((dy.size, R * S), dy.dtype)
    rows[np.arange(dy.size), argmax] = dy
    return picture_of(rows.reshape(N * P * Q, -1), (N, C, H, W), R, S, stride, pad, P, Q)


def known():
    """Makes the backend known to `use`, in this process."""
    BACKENDS[NAME] = lambda: {**NUMPY, "conv2d_forward": conv2d_forward, "conv2d_backward": conv2d_backward,
                              "max_pool_forward": max_pool_forward, "max_pool_backward": max_pool_backward}
