"""Every operation gives its value and a function, the pullback: a gradient goes in, the gradients of the inputs come out.

    y, back = conv2d(x, w, b, stride=2, padding=1)
    dx, dw, db = back(dy)
"""
import numpy as np


def conv2d(x, w, b, stride=1, padding=0):
    n, c, h, wd = x.shape
    k, _, r, s = w.shape
    oh = (h + 2 * padding - r) // stride + 1
    ow = (wd + 2 * padding - s) // stride + 1
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    cols = np.empty((n, c, r, s, oh, ow))
    for i in range(r):
        for j in range(s):
            cols[:, :, i, j] = xp[:, :, i:i + stride * oh:stride, j:j + stride * ow:stride]
    flat = cols.reshape(n, c * r * s, oh * ow)
    wmat = w.reshape(k, -1)
    y = (wmat @ flat).reshape(n, k, oh, ow) + b[:, None, None]

    def backward(dy):
        d = dy.reshape(n, k, oh * ow)
        dw = (d @ flat.transpose(0, 2, 1)).sum(axis=0).reshape(w.shape)
        db = d.sum(axis=(0, 2))
        dcols = (wmat.T @ d).reshape(n, c, r, s, oh, ow)
        dxp = np.zeros_like(xp)
        for i in range(r):
            for j in range(s):
                dxp[:, :, i:i + stride * oh:stride, j:j + stride * ow:stride] += dcols[:, :, i, j]
        dx = dxp[:, :, padding:padding + h, padding:padding + wd]
        return dx, dw, db

    return y, backward


def dense(x, w, b):
    y = x @ w + b

    def backward(dy):
        return dy @ w.T, x.T @ dy, dy.sum(axis=0)

    return y, backward


def avg_pool(x, size, stride):
    n, c, h, wd = x.shape
    oh, ow = (h - size) // stride + 1, (wd - size) // stride + 1
    y = np.stack([np.stack([x[:, :, i * stride:i * stride + size, j * stride:j * stride + size].mean(axis=(2, 3))
                            for j in range(ow)], axis=-1) for i in range(oh)], axis=-2)

    def backward(dy):
        dx = np.zeros(x.shape)
        for i in range(oh):
            for j in range(ow):
                share = dy[:, :, i, j] / size ** 2
                dx[:, :, i * stride:i * stride + size, j * stride:j * stride + size] += share[:, :, None, None]
        return dx

    return y, backward


def lrn(x, n=5, k=2.0, alpha=0.3, beta=0.75):
    half, channels = n // 2, x.shape[1]

    def window_sum(a):
        return np.stack([a[:, max(c - half, 0):c + half + 1].sum(axis=1) for c in range(channels)], axis=1)

    denom = k + alpha * window_sum(x ** 2)
    y = x * denom ** -beta

    def backward(dy):
        straight = dy * denom ** -beta
        across = window_sum(dy * y / denom)
        return straight - 2 * alpha * beta * x * across

    return y, backward


def tanh(x):
    y = np.tanh(x)
    return y, lambda dy: dy * (1 - y ** 2)


def sigmoid(x):
    y = 1 / (1 + np.exp(-x))
    return y, lambda dy: dy * y * (1 - y)


def dropout(x, p=0.4, seed=3):
    """p is the probability to drop"""
    keep = np.random.RandomState(seed).rand(*x.shape) >= p
    return x * keep / (1 - p), lambda dy: dy * keep / (1 - p)


def squared_error(x, target):
    """mean over the images of half the squared distance"""
    diff = x - target
    n = x.shape[0]
    return 0.5 * np.sum(diff ** 2) / n, lambda dy=1.0: (dy * diff / n, -dy * diff / n)
