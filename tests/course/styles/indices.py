"""A1 to A5 with arrays of indices, np.add.at and np.bincount."""
import numpy as np


def conv_size(size, window, stride, pad):
    return len(range(0, size + 2 * pad - window + 1, stride))


def pad_image(x, pad):
    N, C, H, W = x.shape
    out = np.zeros((N, C, H + 2 * pad, W + 2 * pad), dtype=x.dtype)
    h, v = np.meshgrid(np.arange(H), np.arange(W), indexing="ij")
    out[:, :, h + pad, v + pad] = x[:, :, h, v]
    return out


def grid(P, Q, R, S, stride):
    """Rows and columns (R, S, P, Q) of the frame that every place of every window sees."""
    r, s, p, q = np.ogrid[:R, :S, :P, :Q]
    return p * stride + r + 0 * (s + q), q * stride + s + 0 * (r + p)


def im2col(x, R, S, stride, pad):
    P, Q = conv_size(x.shape[2], R, stride, pad), conv_size(x.shape[3], S, stride, pad)
    h, v = grid(P, Q, R, S, stride)
    return pad_image(x, pad)[:, :, h, v]


def conv2d_forward(x, w, b, stride, pad, groups):
    N, C = x.shape[:2]
    K, per_group, R, S = w.shape
    cols = im2col(x, R, S, stride, pad)
    P, Q = cols.shape[-2:]
    channel = (np.arange(K) // (K // groups))[:, None] * per_group + np.arange(per_group)       # (K, C/G)
    y = np.zeros((N, K, P, Q))
    for n in range(N):
        y[n] = (cols[n][channel] * w[..., None, None]).sum((1, 2, 3))
    return y + b.reshape(-1, 1, 1)


def columns_bytes(N, C, H, W, R, S, stride, pad, bytes_per_number):
    h, v = grid(conv_size(H, R, stride, pad), conv_size(W, S, stride, pad), R, S, stride)
    return N * C * h.size * bytes_per_number


def col2im(cols, H, W, stride, pad):
    N, C, R, S, P, Q = cols.shape
    frame = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    h, v = grid(P, Q, R, S, stride)
    np.add.at(frame, (slice(None), slice(None), h, v), cols)
    return frame[:, :, pad:pad + H, pad:pad + W]


def conv2d_backward_w(dy, x, R, S, stride, pad, groups):
    K = dy.shape[1]
    cols, per_group = im2col(x, R, S, stride, pad), x.shape[1] // groups
    dw = np.zeros((K, per_group, R, S))
    for k, c in np.ndindex(K, per_group):
        channel = k // (K // groups) * per_group + c
        np.add.at(dw, (k, c), (cols[:, channel] * dy[:, k, None, None]).sum((0, 3, 4)))
    return dw


def conv2d_backward_b(dy):
    k = np.broadcast_to(np.arange(dy.shape[1])[:, None, None], dy.shape)
    return np.bincount(k.ravel(), dy.ravel(), dy.shape[1])


def conv2d_backward_x(dy, w, H, W, stride, pad, groups):
    N, K, P, Q = dy.shape
    per_group, R, S = w.shape[1:]
    frame = np.zeros((N, per_group * groups, H + 2 * pad, W + 2 * pad))
    for n, k, p, q in np.ndindex(N, K, P, Q):
        first = k // (K // groups) * per_group
        frame[n, first:first + per_group, p * stride:p * stride + R, q * stride:q * stride + S] += w[k] * dy[n, k, p, q]
    return frame[:, :, pad:pad + H, pad:pad + W]


def max_pool_forward(x, R, S, stride, pad, ceil_mode):
    N, C, H, W = x.shape
    counts = []
    for size, window in ((H, R), (W, S)):
        starts = [start for start in range(-pad, size, stride)
                  if start + window <= size + pad or ceil_mode and start - stride + window < size + pad]
        counts.append(len(starts))
    P, Q = counts
    frame = np.full((N, C, H + 2 * pad + stride + R, W + 2 * pad + stride + S), -np.inf)
    frame[:, :, pad:pad + H, pad:pad + W] = x
    h, v = grid(P, Q, R, S, stride)
    seen = frame[:, :, h, v].reshape(N, C, R * S, P, Q)
    order = np.argsort(-seen, axis=2, kind="stable")
    return np.take_along_axis(seen, order[:, :, :1], 2)[:, :, 0], order[:, :, 0].astype(np.int32)


def max_pool_backward(dy, x, argmax, R, S, stride, pad):
    n, c, p, q = np.indices(dy.shape)
    h, v = p * stride + argmax // S - pad, q * stride + argmax % S - pad
    dx = np.zeros_like(x)
    np.add.at(dx, (n, c, h, v), dy)
    return dx


def pairs(C, n):
    """The channels i and j of all pairs of neighbours."""
    i, j = np.meshgrid(np.arange(C), np.arange(C), indexing="ij")
    near = abs(i - j) <= (n - 1) / 2
    return i[near], j[near]


def lrn_forward(x, n, k, alpha, beta):
    i, j = pairs(x.shape[1], n)
    scale = np.full(x.shape, float(k))
    np.add.at(scale, (slice(None), i), alpha * np.square(x[:, j]))
    return x * scale ** -beta, scale


def lrn_backward(dy, x, scale, n, alpha, beta):
    i, j = pairs(x.shape[1], n)
    dx = dy * scale ** -beta
    np.add.at(dx, (slice(None), j), -2 * alpha * beta * (dy * x * scale ** (-beta - 1))[:, i] * x[:, j])
    return dx
