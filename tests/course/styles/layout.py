"""A1 to A5 in another layout: channels last, a row for every window, and everything turned back at the end."""
import numpy as np


def conv_size(size, window, stride, pad):
    return 1 + (size + 2 * pad - window) // stride


def pad_image(x, pad):
    last = x.transpose(0, 2, 3, 1)
    N, H, W, C = last.shape
    sides = np.zeros((N, H, pad, C))
    wide = np.concatenate([sides, last, sides], axis=2)
    ends = np.zeros((N, pad, W + 2 * pad, C))
    return np.concatenate([ends, wide, ends], axis=1).transpose(0, 3, 1, 2)


def rows_of(x, R, S, stride, pad):
    """(N*P*Q, C*R*S): a row for every window, as in other books."""
    N, C, H, W = x.shape
    P, Q = conv_size(H, R, stride, pad), conv_size(W, S, stride, pad)
    frame = pad_image(x, pad)
    rows = np.zeros((N, P, Q, C, R, S))
    for p in range(P):
        for q in range(Q):
            rows[:, p, q] = frame[:, :, p * stride:p * stride + R, q * stride:q * stride + S]
    return rows.reshape(N * P * Q, C * R * S)


def im2col(x, R, S, stride, pad):
    N, C, H, W = x.shape
    P, Q = conv_size(H, R, stride, pad), conv_size(W, S, stride, pad)
    rows = rows_of(x, R, S, stride, pad).reshape(N, P, Q, C, R, S)
    return np.ascontiguousarray(rows.transpose(0, 3, 4, 5, 1, 2))


def conv2d_forward(x, w, b, stride, pad, groups):
    N, C, H, W = x.shape
    K, per_group, R, S = w.shape
    P, Q = conv_size(H, R, stride, pad), conv_size(W, S, stride, pad)
    parts = []
    for g, filters in enumerate(np.split(w, groups)):
        rows = rows_of(x[:, g * per_group:(g + 1) * per_group], R, S, stride, pad)
        parts.append(rows @ filters.reshape(len(filters), -1).T)
    return (np.hstack(parts) + b).reshape(N, P, Q, K).transpose(0, 3, 1, 2)


def columns_bytes(N, C, H, W, R, S, stride, pad, bytes_per_number):
    windows = N * conv_size(H, R, stride, pad) * conv_size(W, S, stride, pad)
    return bytes_per_number * windows * C * R * S


def col2im(cols, H, W, stride, pad):
    N, C, R, S, P, Q = cols.shape
    patches = cols.transpose(0, 4, 5, 2, 3, 1)                          # (N, P, Q, R, S, C)
    frame = np.zeros((N, H + 2 * pad, W + 2 * pad, C))
    for p in range(P):
        for q in range(Q):
            frame[:, p * stride:p * stride + R, q * stride:q * stride + S] += patches[:, p, q]
    return frame.transpose(0, 3, 1, 2)[:, :, pad:pad + H, pad:pad + W]


def conv2d_backward_w(dy, x, R, S, stride, pad, groups):
    C, K = x.shape[1], dy.shape[1]
    errors = dy.transpose(0, 2, 3, 1).reshape(-1, K)                    # (N*P*Q, K)
    parts = []
    for g, part in enumerate(np.split(errors, groups, axis=1)):
        rows = rows_of(x[:, g * C // groups:(g + 1) * C // groups], R, S, stride, pad)
        parts.append(part.T @ rows)
    return np.concatenate(parts).reshape(K, C // groups, R, S)


def conv2d_backward_b(dy):
    errors = dy.transpose(0, 2, 3, 1).reshape(-1, dy.shape[1])
    return np.ones(len(errors)) @ errors


def conv2d_backward_x(dy, w, H, W, stride, pad, groups):
    N, K, P, Q = dy.shape
    per_group, R, S = w.shape[1:]
    errors = dy.transpose(0, 2, 3, 1).reshape(-1, K)
    parts = []
    for part, filters in zip(np.split(errors, groups, axis=1), np.split(w, groups)):
        rows = part @ filters.reshape(len(filters), -1)                 # (N*P*Q, C/G*R*S)
        cols = rows.reshape(N, P, Q, per_group, R, S).transpose(0, 3, 4, 5, 1, 2)
        parts.append(col2im(cols, H, W, stride, pad))
    return np.concatenate(parts, axis=1)


def max_pool_forward(x, R, S, stride, pad, ceil_mode):
    N, C, H, W = x.shape
    last = x.transpose(0, 2, 3, 1)
    up = stride - 1 if ceil_mode else 0
    P, Q = (H + 2 * pad - R + up) // stride + 1, (W + 2 * pad - S + up) // stride + 1
    P, Q = min(P, (H + pad - 1) // stride + 1), min(Q, (W + pad - 1) // stride + 1)
    y, argmax = np.zeros((N, P, Q, C)), np.zeros((N, P, Q, C), np.int32)
    for p in range(P):
        for q in range(Q):
            top, left = p * stride - pad, q * stride - pad
            rows, columns = range(max(top, 0), min(top + R, H)), range(max(left, 0), min(left + S, W))
            part = last[:, rows.start:rows.stop, columns.start:columns.stop].reshape(N, -1, C)
            best = part.argmax(axis=1)                                  # (N, C)
            y[:, p, q] = part.max(axis=1)
            h, v = best // len(columns) + rows.start, best % len(columns) + columns.start
            argmax[:, p, q] = (h - top) * S + (v - left)
    return y.transpose(0, 3, 1, 2), argmax.transpose(0, 3, 1, 2)


def max_pool_backward(dy, x, argmax, R, S, stride, pad):
    N, C, H, W = x.shape
    P, Q = dy.shape[2:]
    p, q = np.arange(P)[:, None], np.arange(Q)
    pixel = (p * stride - pad + argmax // S) * W + (q * stride - pad + argmax % S)
    dx = np.zeros((N * C, H * W))
    for row, places, errors in zip(dx, pixel.reshape(N * C, -1), dy.reshape(N * C, -1)):
        row += np.bincount(places, errors, H * W)
    return dx.reshape(N, C, H, W)


def lrn_forward(x, n, k, alpha, beta):
    last = np.moveaxis(x, 1, -1)
    total = np.cumsum(np.pad(last ** 2, [(0, 0)] * 3 + [(n // 2 + 1, n // 2)]), axis=-1)
    scale = k + alpha * (total[..., n:] - total[..., :-n])
    return np.moveaxis(last / scale ** beta, -1, 1), np.moveaxis(scale, -1, 1)


def lrn_backward(dy, x, scale, n, alpha, beta):
    g, a, s = (np.moveaxis(array, 1, -1) for array in (dy, x, scale))
    ratio = np.pad(g * a / s ** (beta + 1), [(0, 0)] * 3 + [(n // 2, n // 2)])
    through = sum(ratio[..., i:i + a.shape[-1]] for i in range(n))
    return np.moveaxis(g / s ** beta - 2 * alpha * beta * a * through, -1, 1)
