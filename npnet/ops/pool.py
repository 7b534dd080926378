"""Pooling: every window of a map becomes one number, its largest or its mean.

    max       y[n, c, p, q] = max over r, s of x[n, c, p*stride + r - pad, q*stride + s - pad]
    average   y[n, c, p, q] = (sum over r, s of the same) / (number of pixels in the window)

AlexNet's windows are 3 wide and 2 apart, so they overlap (section 3.4), and one pixel can win in up
to four of them. Padding is -infinity for the maximum (with 0, a window of negative numbers would
give 0) and 0 for the mean.

Backward. The maximum moves only with the pixel that won, so dy goes there, whole; where several
are equal, to the first in reading order. What forward saves is which place of the window won:
argmax = r*S + s. A pixel that won several windows gets the sum of their dy.
The mean moves with every pixel of the window alike, so each gets dy divided by their number.

What "the number of pixels" means at the border has two answers: the padding counts
(count_include_pad=True: Caffe, and PyTorch unless told otherwise) or only the picture does (False:
the 2012 code, ONNX). Pixels beyond the padding, where rounding up lets a window hang, never count.

Adaptive average pooling (PyTorch) asks for P x Q outputs and cuts the picture itself: output p is
the mean of the rows from floor(p*H/P) up to, and without, ceil((p+1)*H/P).
"""
import numpy as np

from .shapes import framed, pool_size, reach, wide


def max_pool_forward_loops(x, R, S, stride, pad, ceil_mode):
    """The largest of every window, and which place of the window held it: y, argmax (N, C, P, Q)."""
    N, C, H, W = x.shape
    hang = stride - 1 if ceil_mode else 0                   # rounding up lets the last window hang over
    P, Q = (H + 2 * pad - R + hang) // stride + 1, (W + 2 * pad - S + hang) // stride + 1
    P -= (P - 1) * stride >= H + pad                        # but none starts beyond the picture
    Q -= (Q - 1) * stride >= W + pad
    y = np.full((N, C, P, Q), -np.inf, x.dtype)
    argmax = np.zeros((N, C, P, Q), np.int32)
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    for r in range(R):
                        for s in range(S):
                            h, v = p * stride + r - pad, q * stride + s - pad
                            if 0 <= h < H and 0 <= v < W:
                                value = x[n, c, h, v]
                                if value > y[n, c, p, q] or value != value:         # NaN wins, and stays seen
                                    y[n, c, p, q] = value
                                    argmax[n, c, p, q] = r * S + s
    return y, argmax


def max_pool_backward_loops(dy, argmax, H, W, R, S, stride, pad):
    """Every dy goes to the pixel that won its window. dy, argmax (N, C, P, Q) -> dx (N, C, H, W)."""
    N, C, P, Q = dy.shape
    dx = np.zeros((N, C, H, W), dy.dtype)
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    r, s = argmax[n, c, p, q] // S, argmax[n, c, p, q] % S
                    h, v = p * stride + r - pad, q * stride + s - pad
                    if 0 <= h < H and 0 <= v < W:
                        dx[n, c, h, v] += dy[n, c, p, q]
    return dx


def avg_pool_forward_loops(x, R, S, stride, pad, ceil_mode, count_include_pad):
    """The mean of every window. x (N, C, H, W) -> y (N, C, P, Q)."""
    N, C, H, W = x.shape
    hang = stride - 1 if ceil_mode else 0                   # rounding up lets the last window hang over
    P, Q = (H + 2 * pad - R + hang) // stride + 1, (W + 2 * pad - S + hang) // stride + 1
    P -= (P - 1) * stride >= H + pad                        # but none starts beyond the picture
    Q -= (Q - 1) * stride >= W + pad
    edge = pad if count_include_pad else 0                  # how far outside the picture pixels count
    y = np.zeros((N, C, P, Q), x.dtype)
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    area, total = 0, np.float64(0)
                    for r in range(R):
                        for s in range(S):
                            h, v = p * stride + r - pad, q * stride + s - pad
                            if -edge <= h < H + edge and -edge <= v < W + edge:
                                area += 1
                            if 0 <= h < H and 0 <= v < W:
                                total += x[n, c, h, v]
                    y[n, c, p, q] = total / area
    return y


def avg_pool_backward_loops(dy, H, W, R, S, stride, pad, count_include_pad):
    """Every dy is shared out evenly over its window. dy (N, C, P, Q) -> dx (N, C, H, W)."""
    N, C, P, Q = dy.shape
    edge = pad if count_include_pad else 0                  # how far outside the picture pixels count
    dx = np.zeros((N, C, H, W), dy.dtype)
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    area = 0
                    for r in range(R):
                        for s in range(S):
                            h, v = p * stride + r - pad, q * stride + s - pad
                            if -edge <= h < H + edge and -edge <= v < W + edge:
                                area += 1
                    for r in range(R):
                        for s in range(S):
                            h, v = p * stride + r - pad, q * stride + s - pad
                            if 0 <= h < H and 0 <= v < W:
                                dx[n, c, h, v] += dy[n, c, p, q] / area
    return dx


def adaptive_avg_pool_forward_loops(x, P, Q):
    """The means of P x Q parts that cover the picture. x (N, C, H, W) -> y (N, C, P, Q)."""
    N, C, H, W = x.shape
    y = np.zeros((N, C, P, Q), x.dtype)
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    top, bottom = p * H // P, -(-(p + 1) * H // P)          # -(-a // b) is a/b rounded up
                    left, right = q * W // Q, -(-(q + 1) * W // Q)
                    total = np.float64(0)
                    for h in range(top, bottom):
                        for v in range(left, right):
                            total += x[n, c, h, v]
                    y[n, c, p, q] = total / ((bottom - top) * (right - left))
    return y


def adaptive_avg_pool_backward_loops(dy, H, W):
    """Every dy is shared out evenly over its part. dy (N, C, P, Q) -> dx (N, C, H, W)."""
    N, C, P, Q = dy.shape
    dx = np.zeros((N, C, H, W), dy.dtype)
    for n in range(N):
        for c in range(C):
            for p in range(P):
                for q in range(Q):
                    top, bottom = p * H // P, -(-(p + 1) * H // P)          # -(-a // b) is a/b rounded up
                    left, right = q * W // Q, -(-(q + 1) * W // Q)
                    for h in range(top, bottom):
                        for v in range(left, right):
                            dx[n, c, h, v] += dy[n, c, p, q] / ((bottom - top) * (right - left))
    return dx


def windows(frame, R, S, stride, P, Q):
    """For every place (r, s) of the window: its number r*S + s and the pixels there, a view (N, C, P, Q)."""
    for r in range(R):
        for s in range(S):
            yield r * S + s, frame[:, :, r:r + stride * P:stride, s:s + stride * Q:stride]


def max_pool_forward(x, R, S, stride, pad, ceil_mode):
    """The largest of every window, and which place r*S + s of the window held it.

    x (N, C, H, W) -> y (N, C, P, Q) and argmax (N, C, P, Q) int32; of equals, the first.
    """
    N, C, H, W = x.shape
    P, Q = pool_size(H, R, stride, pad, ceil_mode), pool_size(W, S, stride, pad, ceil_mode)
    frame = framed(x, pad, reach(H, R, stride, pad, P), reach(W, S, stride, pad, Q), -np.inf)
    y = np.full_like(x, -np.inf, shape=(N, C, P, Q))
    argmax = np.zeros_like(y, dtype=np.int32)
    for place, pixels in windows(frame, R, S, stride, P, Q):
        better = (pixels > y) | (pixels != pixels)          # NaN wins, and stays seen
        y = np.where(better, pixels, y)
        argmax = np.where(better, place, argmax)
    return y, argmax.astype(np.int32)


def max_pool_backward(dy, argmax, H, W, R, S, stride, pad):
    """Every dy goes to the pixel that won its window. dy, argmax (N, C, P, Q) -> dx (N, C, H, W)."""
    N, C, P, Q = dy.shape
    frame = np.zeros_like(dy, shape=(N, C, reach(H, R, stride, pad, P), reach(W, S, stride, pad, Q)))
    for place, pixels in windows(frame, R, S, stride, P, Q):
        pixels += np.where(argmax == place, dy, 0)          # pixels is a view: this adds into frame
    return frame[:, :, pad:pad + H, pad:pad + W]


def window_areas(like, H, W, R, S, stride, pad, P, Q, count_include_pad):
    """How many pixels count in every window: (1, 1, P, Q), made like the array `like`."""
    edge = pad if count_include_pad else 0                  # how far outside the picture pixels count
    ones = np.ones_like(like, shape=(1, 1, H + 2 * edge, W + 2 * edge))
    frame = framed(ones, pad - edge, reach(H, R, stride, pad, P), reach(W, S, stride, pad, Q), 0)
    return sum(pixels for place, pixels in windows(frame, R, S, stride, P, Q))


def avg_pool_forward(x, R, S, stride, pad, ceil_mode, count_include_pad):
    """The mean of every window. x (N, C, H, W) -> y (N, C, P, Q)."""
    N, C, H, W = x.shape
    P, Q = pool_size(H, R, stride, pad, ceil_mode), pool_size(W, S, stride, pad, ceil_mode)
    frame = framed(x.astype(wide(x)), pad, reach(H, R, stride, pad, P), reach(W, S, stride, pad, Q), 0)
    total = sum(pixels for place, pixels in windows(frame, R, S, stride, P, Q))
    areas = window_areas(frame, H, W, R, S, stride, pad, P, Q, count_include_pad)
    return np.divide(total, areas, out=np.empty_like(x, shape=(N, C, P, Q)))


def avg_pool_backward(dy, H, W, R, S, stride, pad, count_include_pad):
    """Every dy is shared out evenly over its window. dy (N, C, P, Q) -> dx (N, C, H, W)."""
    N, C, P, Q = dy.shape
    share = dy / window_areas(dy, H, W, R, S, stride, pad, P, Q, count_include_pad)
    frame = np.zeros_like(dy, shape=(N, C, reach(H, R, stride, pad, P), reach(W, S, stride, pad, Q)))
    for place, pixels in windows(frame, R, S, stride, P, Q):
        pixels += share                                     # pixels is a view: this adds into frame
    return frame[:, :, pad:pad + H, pad:pad + W]


def parts(H, W, P, Q):
    """For every output of adaptive pooling: p, q and the slices of rows and columns that it averages."""
    for p in range(P):
        for q in range(Q):
            rows = slice(p * H // P, -(-(p + 1) * H // P))          # -(-a // b) is a/b rounded up
            columns = slice(q * W // Q, -(-(q + 1) * W // Q))
            yield p, q, rows, columns


def adaptive_avg_pool_forward(x, P, Q):
    """The means of P x Q parts that cover the picture. x (N, C, H, W) -> y (N, C, P, Q)."""
    N, C, H, W = x.shape
    y = np.empty_like(x, shape=(N, C, P, Q))
    for p, q, rows, columns in parts(H, W, P, Q):
        np.copyto(y[:, :, p, q], x[:, :, rows, columns].mean(axis=(2, 3), dtype=wide(x)))
    return y


def adaptive_avg_pool_backward(dy, H, W):
    """Every dy is shared out evenly over its part. dy (N, C, P, Q) -> dx (N, C, H, W)."""
    N, C, P, Q = dy.shape
    dx = np.zeros_like(dy, shape=(N, C, H, W))
    for p, q, rows, columns in parts(H, W, P, Q):
        pixels = dx[:, :, rows, columns]
        pixels += dy[:, :, p:p + 1, q:q + 1] / (pixels.shape[2] * pixels.shape[3])
    return dx
