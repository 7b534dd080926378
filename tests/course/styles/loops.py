"""A1 to A5 in plain loops, one number at a time."""
import numpy as np


def conv_size(size, window, stride, pad):
    count, start = 0, -pad
    while start + window <= size + pad:
        count, start = count + 1, start + stride
    return count


def pad_image(x, pad):
    N, C, H, W = x.shape
    out = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for v in range(W):
                    out[n, c, h + pad, v + pad] = x[n, c, h, v]
    return out


def places(H, W, R, S, stride, pad):
    """(p, q, r, s, h, v) of every pixel in every window."""
    for p in range(conv_size(H, R, stride, pad)):
        for q in range(conv_size(W, S, stride, pad)):
            for r in range(R):
                for s in range(S):
                    h, v = p * stride + r - pad, q * stride + s - pad
                    if 0 <= h < H and 0 <= v < W:
                        yield p, q, r, s, h, v


def conv2d_forward(x, w, b, stride, pad, groups):
    N, C, H, W = x.shape
    K, per_group, R, S = w.shape
    y = np.zeros((N, K, conv_size(H, R, stride, pad), conv_size(W, S, stride, pad)))
    for n in range(N):
        for k in range(K):
            y[n, k] = b[k]
            for c in range(per_group):
                channel = k * groups // K * per_group + c
                for p, q, r, s, h, v in places(H, W, R, S, stride, pad):
                    y[n, k, p, q] += x[n, channel, h, v] * w[k, c, r, s]
    return y


def im2col(x, R, S, stride, pad):
    N, C, H, W = x.shape
    columns = np.zeros((N, C, R, S, conv_size(H, R, stride, pad), conv_size(W, S, stride, pad)))
    for n in range(N):
        for c in range(C):
            for p, q, r, s, h, v in places(H, W, R, S, stride, pad):
                columns[n, c, r, s, p, q] = x[n, c, h, v]
    return columns


def columns_bytes(N, C, H, W, R, S, stride, pad, bytes_per_number):
    total = 0
    for p in range(conv_size(H, R, stride, pad)):
        for q in range(conv_size(W, S, stride, pad)):
            total += N * C * R * S * bytes_per_number
    return total


def col2im(cols, H, W, stride, pad):
    N, C, R, S = cols.shape[:4]
    x = np.zeros((N, C, H, W))
    for n in range(N):
        for c in range(C):
            for p, q, r, s, h, v in places(H, W, R, S, stride, pad):
                x[n, c, h, v] += cols[n, c, r, s, p, q]
    return x


def conv2d_backward_w(dy, x, R, S, stride, pad, groups):
    N, C, H, W = x.shape
    K = dy.shape[1]
    dw = np.zeros((K, C // groups, R, S))
    for n in range(N):
        for k in range(K):
            for c in range(C // groups):
                channel = k // (K // groups) * (C // groups) + c
                for p, q, r, s, h, v in places(H, W, R, S, stride, pad):
                    dw[k, c, r, s] += dy[n, k, p, q] * x[n, channel, h, v]
    return dw


def conv2d_backward_b(dy):
    db = np.zeros(dy.shape[1])
    for n, k, p, q in np.ndindex(*dy.shape):
        db[k] += dy[n, k, p, q]
    return db


def conv2d_backward_x(dy, w, H, W, stride, pad, groups):
    N, K = dy.shape[:2]
    per_group, R, S = w.shape[1:]
    dx = np.zeros((N, per_group * groups, H, W))
    for n in range(N):
        for k in range(K):
            for c in range(per_group):
                channel = k // (K // groups) * per_group + c
                for p, q, r, s, h, v in places(H, W, R, S, stride, pad):
                    dx[n, channel, h, v] += dy[n, k, p, q] * w[k, c, r, s]
    return dx


def pool_size(size, window, stride, pad, ceil_mode):
    count = conv_size(size, window, stride, pad)
    if ceil_mode and (count - 1) * stride + window < size + 2 * pad and count * stride - pad < size:
        count += 1
    return count


def max_pool_forward(x, R, S, stride, pad, ceil_mode):
    N, C, H, W = x.shape
    P, Q = pool_size(H, R, stride, pad, ceil_mode), pool_size(W, S, stride, pad, ceil_mode)
    y, argmax = np.zeros((N, C, P, Q)), np.zeros((N, C, P, Q), np.int32)
    for n, c, p, q in np.ndindex(N, C, P, Q):
        best, place = -np.inf, 0
        for r in range(R):
            for s in range(S):
                h, v = p * stride + r - pad, q * stride + s - pad
                if 0 <= h < H and 0 <= v < W and x[n, c, h, v] > best:
                    best, place = x[n, c, h, v], r * S + s
        y[n, c, p, q], argmax[n, c, p, q] = best, place
    return y, argmax


def max_pool_backward(dy, x, argmax, R, S, stride, pad):
    dx = np.zeros(x.shape)
    for n, c, p, q in np.ndindex(*dy.shape):
        r, s = divmod(int(argmax[n, c, p, q]), S)
        dx[n, c, p * stride + r - pad, q * stride + s - pad] += dy[n, c, p, q]
    return dx


def lrn_forward(x, n, k, alpha, beta):
    y, scale = np.zeros(x.shape), np.zeros(x.shape)
    for image, i, h, v in np.ndindex(*x.shape):
        total = 0.0
        for j in range(i - (n - 1) // 2, i + (n - 1) // 2 + 1):
            if 0 <= j < x.shape[1]:
                total += x[image, j, h, v] * x[image, j, h, v]
        scale[image, i, h, v] = k + alpha * total
        y[image, i, h, v] = x[image, i, h, v] / scale[image, i, h, v] ** beta
    return y, scale


def lrn_backward(dy, x, scale, n, alpha, beta):
    dx, half = np.zeros(x.shape), n // 2
    for image, i, h, v in np.ndindex(*x.shape):
        a, s, g = x[image, i, h, v], scale[image, i, h, v], dy[image, i, h, v]
        dx[image, i, h, v] += g * s ** -beta
        for j in range(max(i - half, 0), min(i + half + 1, x.shape[1])):
            dx[image, j, h, v] -= g * a * beta * s ** (-beta - 1) * alpha * 2 * x[image, j, h, v]
    return dx
