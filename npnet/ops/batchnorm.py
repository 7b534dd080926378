"""Batch normalisation: every channel is brought to mean 0 and variance 1, then scaled and shifted.

Ioffe and Szegedy (2015), three years after AlexNet; many later texts put it where LRN was.

    mean[c], var[c] = over all images and pixels of channel c          m = N*H*W numbers
    xhat = (x - mean) / sqrt(var + eps)             y = w * xhat + b   w, b (C,): gamma and beta

In training mean and var are the batch's own (var divides by m); at test they are running averages,
running = 0.9 * running + 0.1 * batch, in which the variance divides by m - 1, as PyTorch has it.

Backward at test is a line's slope: dx = dy * w / sqrt(var + eps). In training x also moves mean and
var. Write g = w * dy for the gradient of xhat and o = 1/sqrt(var + eps). Then
dxhat[i]/dx[j] = o * ((1 if i == j) - 1/m - xhat[i] xhat[j] / m), hence

    dx = o * (g - mean(g) - xhat * mean(g * xhat)) = w * o * (dy - db/m - xhat * dw/m)

with db = sum of dy and dw = sum of dy * xhat, which are the gradients of b and w.
"""
import numpy as np

from .shapes import wide


def batchnorm_statistics_loops(x):
    """Mean and variance (dividing by m) of every channel. x (N, C, H, W) -> mean (C,), var (C,)."""
    N, C, H, W = x.shape
    mean, var = np.zeros(C), np.zeros(C)                    # float64: sums over a batch are long
    for c in range(C):
        for n in range(N):
            for h in range(H):
                for v in range(W):
                    mean[c] += x[n, c, h, v]
        mean[c] /= N * H * W
        for n in range(N):
            for h in range(H):
                for v in range(W):
                    var[c] += (x[n, c, h, v] - mean[c]) * (x[n, c, h, v] - mean[c])
        var[c] /= N * H * W
    return mean.astype(x.dtype), var.astype(x.dtype)


def batchnorm_forward_loops(x, w, b, mean, var, eps):
    """y = w * (x - mean) / sqrt(var + eps) + b. x, y (N, C, H, W), the others (C,)."""
    N, C, H, W = x.shape
    y = np.empty_like(x)
    for n in range(N):
        for c in range(C):
            for h in range(H):
                for v in range(W):
                    y[n, c, h, v] = w[c] * (x[n, c, h, v] - mean[c]) / np.sqrt(var[c] + x.dtype.type(eps)) + b[c]
    return y


def batchnorm_backward_loops(dy, x, w, mean, var, eps, train):
    """dx (N, C, H, W), dw (C,), db (C,); train says that mean and var were the batch's own."""
    N, C, H, W = x.shape
    m = N * H * W
    dx, dw, db = np.empty_like(x), np.zeros(C), np.zeros(C)
    for c in range(C):
        deviation = np.sqrt(var[c] + x.dtype.type(eps))
        for n in range(N):
            for h in range(H):
                for v in range(W):
                    db[c] += dy[n, c, h, v]
                    dw[c] += dy[n, c, h, v] * (x[n, c, h, v] - mean[c]) / deviation
        for n in range(N):
            for h in range(H):
                for v in range(W):
                    dx[n, c, h, v] = w[c] * dy[n, c, h, v] / deviation
                    if train:
                        xhat = (x[n, c, h, v] - mean[c]) / deviation
                        dx[n, c, h, v] -= w[c] * (db[c] + xhat * dw[c]) / m / deviation
    return dx, dw.astype(w.dtype), db.astype(w.dtype)


def each(channels):
    """(C,) -> (1, C, 1, 1), to stand beside (N, C, H, W)."""
    return channels.reshape(1, -1, 1, 1)


def batchnorm_statistics(x):
    """Mean and variance (dividing by m) of every channel. x (N, C, H, W) -> mean (C,), var (C,)."""
    mean, var = (f(axis=(0, 2, 3), dtype=wide(x)) for f in (x.mean, x.var))
    return mean.astype(x.dtype), var.astype(x.dtype)


def batchnorm_forward(x, w, b, mean, var, eps):
    """y = w * (x - mean) / sqrt(var + eps) + b. x, y (N, C, H, W), the others (C,)."""
    return (x - each(mean)) * each(w / np.sqrt(var + eps)) + each(b)


def batchnorm_backward(dy, x, w, mean, var, eps, train):
    """dx (N, C, H, W), dw (C,), db (C,); train says that mean and var were the batch's own."""
    m = x.size // len(w)                                    # numbers per channel
    deviation = np.sqrt(var + eps)                          # (C,)
    xhat = (x - each(mean)) / each(deviation)
    dw, db = (terms.sum(axis=(0, 2, 3), dtype=wide(x)).astype(x.dtype) for terms in (dy * xhat, dy))
    if train:
        dy = dy - each(db / m) - xhat * each(dw / m)
    return dy * each(w / deviation), dw, db
