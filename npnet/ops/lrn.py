"""Local response normalisation: a pixel is damped by its neighbours in other channels.

Section 3.3 of the paper. At one pixel, with i and j counting channels of that pixel,

    s[i] = k + alpha * sum of x[j]^2 over the n channels around i          (fewer at the ends)
    y[i] = x[i] * s[i]^-beta                                               n=5 k=2 alpha=1e-4 beta=0.75

With groups, the channels fall into blocks (the two towers), and no window crosses from one to the next.

Alpha has two meanings. The paper multiplies the sum by alpha; Caffe, PyTorch and even the 2012 code
multiply it by alpha/n, so that it weighs a mean of squares. And the paper and its code take k=2,
Caffe and PyTorch k=1. `lrn_constants` turns a convention's name into the k and alpha used here.

Backward. x[j] is in y[j] directly, and through s in every y[i] whose window holds j:

    dy[j] gives     dx[j] += dy[j] * s[j]^-beta
    dy[i] gives     dx[j] += dy[i] * x[i] * (-beta) s[i]^(-beta - 1) * 2 alpha x[j]

n is odd, so i's window holds j exactly when j's window holds i, and the second line adds up to

    dx[j] = dy[j] s[j]^-beta - 2 alpha beta x[j] * sum over the window around j of dy[i] x[i] s[i]^(-beta - 1)

At alpha = 1e-4 the second term is so small that a test hardly notices when it is missing.

lrn_within is the same with a square window of n x n pixels inside one channel, beyond whose edge
there are zeros: Caffe's WITHIN_CHANNEL, and the extra layer that the 2012 code has after norm2. Both
divide alpha by n*n and take k=1.
"""
import numpy as np

from .shapes import wide

CONVENTIONS = {                     # name: (k, does alpha multiply the mean of the squares?)
    "paper": (2, False),
    "original": (2, True),          # the 2012 code
    "caffe": (1, True),
    "torch": (1, True),
}


def lrn_constants(convention, n, k, alpha):
    """The k and alpha of the formula above, from a convention's k (None: its own) and alpha.

    >>> lrn_constants("paper", 5, None, 1e-4), lrn_constants("torch", 5, None, 1e-4)
    ((2.0, 0.0001), (1.0, 2e-05))
    """
    own_k, of_the_mean = CONVENTIONS[convention]
    return float(own_k if k is None else k), float(alpha / n if of_the_mean else alpha)


def lrn_forward_loops(x, n, k, alpha, beta, groups):
    """The definition. x (N, C, H, W) -> y and the scale s, both (N, C, H, W)."""
    N, C, H, W = x.shape
    size = C // groups
    y, scale = np.empty_like(x), np.empty_like(x)
    for image in range(N):
        for i in range(C):
            first = i // size * size                                    # of the group of channel i
            for h in range(H):
                for v in range(W):
                    total = x.dtype.type(0)
                    for j in range(max(first, i - n // 2), min(first + size, i + n // 2 + 1)):
                        total += x[image, j, h, v] * x[image, j, h, v]
                    scale[image, i, h, v] = k + alpha * total
                    y[image, i, h, v] = x[image, i, h, v] * scale[image, i, h, v] ** -beta
    return y, scale


def lrn_backward_loops(dy, x, scale, n, alpha, beta, groups):
    """The two terms of the derivation, one after the other. -> dx (N, C, H, W)."""
    N, C, H, W = x.shape
    size = C // groups
    dx = np.empty_like(x)
    for image in range(N):
        for j in range(C):
            first = j // size * size                                    # of the group of channel j
            for h in range(H):
                for v in range(W):
                    total = x.dtype.type(0)
                    for i in range(max(first, j - n // 2), min(first + size, j + n // 2 + 1)):
                        s = scale[image, i, h, v]
                        total += dy[image, i, h, v] * x[image, i, h, v] * s ** -beta / s
                    dx[image, j, h, v] = dy[image, j, h, v] * scale[image, j, h, v] ** -beta
                    dx[image, j, h, v] -= 2 * alpha * beta * x[image, j, h, v] * total
    return dx


def lrn_within_forward_loops(x, n, k, alpha, beta):
    """The definition, windows of n x n pixels. x (N, C, H, W) -> y and scale, both (N, C, H, W)."""
    N, C, H, W = x.shape
    y, scale = np.empty_like(x), np.empty_like(x)
    for image in range(N):
        for c in range(C):
            for h in range(H):
                for v in range(W):
                    total = np.float64(0)
                    for i in range(max(0, h - n // 2), min(H, h + n // 2 + 1)):
                        for j in range(max(0, v - n // 2), min(W, v + n // 2 + 1)):
                            total += x[image, c, i, j] * x[image, c, i, j]
                    scale[image, c, h, v] = k + alpha * total
                    y[image, c, h, v] = x[image, c, h, v] * scale[image, c, h, v] ** -beta
    return y, scale


def lrn_within_backward_loops(dy, x, scale, n, alpha, beta):
    """The two terms of the derivation over windows of n x n pixels. -> dx (N, C, H, W)."""
    N, C, H, W = x.shape
    dx = np.empty_like(x)
    for image in range(N):
        for c in range(C):
            for h in range(H):
                for v in range(W):
                    total = np.float64(0)
                    for i in range(max(0, h - n // 2), min(H, h + n // 2 + 1)):
                        for j in range(max(0, v - n // 2), min(W, v + n // 2 + 1)):
                            s = scale[image, c, i, j]
                            total += dy[image, c, i, j] * x[image, c, i, j] * s ** -beta / s
                    dx[image, c, h, v] = dy[image, c, h, v] * scale[image, c, h, v] ** -beta
                    dx[image, c, h, v] -= 2 * alpha * beta * x[image, c, h, v] * total
    return dx


def window_sums(x, n, axis):
    """The sum over the n neighbours around each element along `axis`, fewer at the two ends."""
    total = x.copy()
    ahead, behind = x.swapaxes(0, axis), total.swapaxes(0, axis)       # views with that axis first
    for offset in range(1, min(n // 2 + 1, len(ahead))):               # beyond the end there is nothing
        behind[offset:] += ahead[:-offset]
        behind[:-offset] += ahead[offset:]
    return total


def channel_sums(x, n, groups):
    """window_sums over the channels of x (N, C, H, W), within each group."""
    N, C, H, W = x.shape
    return window_sums(x.reshape(N, groups, C // groups, H, W), n, axis=2).reshape(N, C, H, W)


def lrn_forward(x, n, k, alpha, beta, groups):
    """x (N, C, H, W) -> y and the scale s, both (N, C, H, W). The window is n channels wide, n odd."""
    scale = k + alpha * channel_sums(x * x, n, groups)
    return x * scale ** -beta, scale


def lrn_backward(dy, x, scale, n, alpha, beta, groups):
    """dx (N, C, H, W): the direct term minus the one through the windows."""
    damped = dy * scale ** -beta
    return damped - 2 * alpha * beta * x * channel_sums(damped * x / scale, n, groups)


def square_sums(x, n):
    """window_sums over n rows and then n columns of x (N, C, H, W): squares of n x n pixels."""
    return window_sums(window_sums(x.astype(wide(x)), n, axis=2), n, axis=3).astype(x.dtype)


def lrn_within_forward(x, n, k, alpha, beta):
    """x (N, C, H, W) -> y and the scale s, both (N, C, H, W). The window is n x n pixels, n odd."""
    scale = k + alpha * square_sums(x * x, n)
    return x * scale ** -beta, scale


def lrn_within_backward(dy, x, scale, n, alpha, beta):
    """dx (N, C, H, W): the direct term minus the one through the windows."""
    damped = dy * scale ** -beta
    return damped - 2 * alpha * beta * x * square_sums(damped * x / scale, n)
