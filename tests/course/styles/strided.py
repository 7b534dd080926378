"""A1 to A5 with views of all windows (sliding_window_view, as_strided)."""
import math

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view


def conv_size(size, window, stride, pad):
    return math.floor((size + 2 * pad - window) / stride) + 1


def pad_image(x, pad):
    return np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])


def windows(frame, R, S, stride):
    """A view (N, C, P, Q, R, S)."""
    return sliding_window_view(frame, (R, S), axis=(2, 3))[:, :, ::stride, ::stride]


def conv2d_forward(x, w, b, stride, pad, groups):
    K, per_group, R, S = w.shape
    seen = windows(pad_image(x, pad), R, S, stride)
    maps = []
    for k in range(K):
        g = k * groups // K
        maps.append((seen[:, g * per_group:(g + 1) * per_group] * w[k][None, :, None, None]).sum(axis=(1, 4, 5)) + b[k])
    return np.stack(maps, axis=1)


def im2col(x, R, S, stride, pad):
    frame = np.ascontiguousarray(pad_image(x, pad))
    N, C, H, W = frame.shape
    P, Q = (H - R) // stride + 1, (W - S) // stride + 1
    n, c, h, v = frame.strides
    return as_strided(frame, (N, C, R, S, P, Q), (n, c, h, v, h * stride, v * stride)).copy()


def columns_bytes(N, C, H, W, R, S, stride, pad, bytes_per_number):
    shape = (N, C, R, S, conv_size(H, R, stride, pad), conv_size(W, S, stride, pad))
    return math.prod(shape) * bytes_per_number


def col2im(cols, H, W, stride, pad):
    N, C, R, S, P, Q = cols.shape
    frame = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    n, c, h, v = frame.strides
    for r in range(R):
        for s in range(S):
            view = as_strided(frame[:, :, r:, s:], (N, C, P, Q), (n, c, h * stride, v * stride))
            np.add(view, cols[:, :, r, s], out=view)
    return frame[:, :, pad:H + pad, pad:W + pad].copy()


def conv2d_backward_w(dy, x, R, S, stride, pad, groups):
    K, P, Q = dy.shape[1:]
    seen = windows(pad_image(x, pad), R, S, stride)[:, :, :P, :Q]
    per_group, share = x.shape[1] // groups, K // groups
    dw = [np.tensordot(dy[:, k], seen[:, k // share * per_group:(k // share + 1) * per_group], ((0, 1, 2), (0, 2, 3)))
          for k in range(K)]
    return np.stack(dw)


def conv2d_backward_b(dy):
    return dy.swapaxes(0, 1).reshape(dy.shape[1], -1).sum(axis=1)


def conv2d_backward_x(dy, w, H, W, stride, pad, groups):
    """The stretched dy, correlated with the filters turned round."""
    N, K, P, Q = dy.shape
    per_group, R, S = w.shape[1:]
    high, wide = H + 2 * pad, W + 2 * pad
    stretched = np.zeros((N, K, high + R - 1, wide + S - 1))
    stretched[:, :, R - 1:R - 1 + P * stride:stride, S - 1:S - 1 + Q * stride:stride] = dy
    seen, turned = windows(stretched, R, S, 1), w[:, :, ::-1, ::-1]
    share, parts = K // groups, []
    for g in range(groups):
        mine = slice(g * share, (g + 1) * share)
        parts.append(np.einsum("nkhvrs,kcrs->nchv", seen[:, mine], turned[mine]))
    return np.concatenate(parts, axis=1)[:, :, pad:pad + H, pad:pad + W]


def max_pool_forward(x, R, S, stride, pad, ceil_mode):
    N, C, H, W = x.shape
    rounded = math.ceil if ceil_mode else math.floor
    P, Q = rounded((H + 2 * pad - R) / stride) + 1, rounded((W + 2 * pad - S) / stride) + 1
    P, Q = (P - 1 if (P - 1) * stride >= H + pad else P), (Q - 1 if (Q - 1) * stride >= W + pad else Q)
    frame = np.full((N, C, (P - 1) * stride + R + H, (Q - 1) * stride + S + W), -np.inf)
    frame[:, :, pad:pad + H, pad:pad + W] = x
    seen = windows(frame, R, S, stride)[:, :, :P, :Q].reshape(N, C, P, Q, R * S)
    return seen.max(axis=-1), np.argmax(seen, axis=-1).astype(np.int32)


def max_pool_backward(dy, x, argmax, R, S, stride, pad):
    P, Q = dy.shape[2:]
    frame = np.zeros((*x.shape[:2], x.shape[2] + 2 * pad + R, x.shape[3] + 2 * pad + S))
    for r in range(R):
        for s in range(S):
            view = windows(frame, 1, 1, 1)[:, :, r:r + P * stride:stride, s:s + Q * stride:stride, 0, 0]
            place = np.where(argmax == r * S + s, dy, 0)
            frame[:, :, r:r + P * stride:stride, s:s + Q * stride:stride] = view + place
    return frame[:, :, pad:pad + x.shape[2], pad:pad + x.shape[3]]


def neighbours(a, n):
    """The sums of a over n channels: views of a in a frame of zeros."""
    half = n // 2
    frame = np.pad(a, [(0, 0), (half, half), (0, 0), (0, 0)])
    return sliding_window_view(frame, n, axis=1).sum(axis=-1)


def lrn_forward(x, n, k, alpha, beta):
    scale = k + alpha * neighbours(x * x, n)
    return x / np.power(scale, beta), scale


def lrn_backward(dy, x, scale, n, alpha, beta):
    y = x * scale ** -beta
    return dy * scale ** -beta - 2 * alpha * beta * x * neighbours(dy * y / scale, n)
