"""Convolution: a filter slides over the picture and at every place takes a weighted sum.

    y[n, k, p, q] = b[k] + sum over c, r, s of x[n, c, p*stride + r - pad, q*stride + s - pad] * w[k, c, r, s]

A term whose h = p*stride + r - pad or v = q*stride + s - pad lies outside the picture is 0. (The
filter is not turned round: what everybody calls convolution is, strictly, correlation.) With G
groups the channels and the filters are cut into G contiguous blocks, and a filter sees only the
channels of its own block: the two towers of AlexNet, one on each graphics card, are groups=2.

Backward. Write L for the loss, dy = dL/dy. Each line of the sum above says which y a number touches,
and with which factor; its gradient is the sum of dy times that factor over all of them:

    db[k]          = sum over n, p, q of dy[n, k, p, q]
    dw[k, c, r, s] = sum over n, p, q of dy[n, k, p, q] * x[n, c, h, v]
    dx[n, c, h, v] = sum over k, and over all (p, q, r, s) that hit (h, v), of dy[n, k, p, q] * w[k, c, r, s]

Windows overlap, so a pixel is hit many times: dx must *add*. That is the loops text below: the same
nest three times, with one line in the middle that changes.

The array text lays every window out as a column (im2col), after which the sum over c, r, s is one
matrix product per image and group. The columns are R*S/stride^2 times the size of the picture, so
they are never kept: backward builds them again. In matrices, with cols (D, PQ) and D = C/G*R*S,

    y = w cols        dw = dy cols^T        dcols = w^T dy        dx = col2im(dcols)

where col2im adds every column back to the pixels that it was copied from: the transpose of im2col,
so that <im2col(x), cols> = <x, col2im(cols)> for all x and cols.
"""
import numpy as np

from .shapes import conv_size, framed, reach, wide


def im2col_loops(x, R, S, stride, pad, ceil_mode=False):
    """Every window of x (N, C, H, W), laid out: cols (N, C, R, S, P, Q)."""
    N, C, H, W = x.shape
    hang = stride - 1 if ceil_mode else 0                   # rounding up lets the last window hang over
    P, Q = (H + 2 * pad - R + hang) // stride + 1, (W + 2 * pad - S + hang) // stride + 1
    cols = np.zeros((N, C, R, S, P, Q), x.dtype)
    for n in range(N):
        for c in range(C):
            for r in range(R):
                for s in range(S):
                    for p in range(P):
                        for q in range(Q):
                            h, v = p * stride + r - pad, q * stride + s - pad
                            if 0 <= h < H and 0 <= v < W:
                                cols[n, c, r, s, p, q] = x[n, c, h, v]
    return cols


def col2im_loops(cols, H, W, stride, pad):
    """Every column added back to the pixels it came from: cols (N, C, R, S, P, Q) -> x (N, C, H, W)."""
    N, C, R, S, P, Q = cols.shape
    x = np.zeros((N, C, H, W), cols.dtype)
    for n in range(N):
        for c in range(C):
            for r in range(R):
                for s in range(S):
                    for p in range(P):
                        for q in range(Q):
                            h, v = p * stride + r - pad, q * stride + s - pad
                            if 0 <= h < H and 0 <= v < W:
                                x[n, c, h, v] += cols[n, c, r, s, p, q]
    return x


def conv2d_forward_loops(x, w, b, stride, pad, groups, ceil_mode=False):
    """The definition, one multiply-add at a time. x (N, C, H, W), w (K, C/G, R, S) -> y (N, K, P, Q)."""
    N, C, H, W = x.shape
    K, Cg, R, S = w.shape
    hang = stride - 1 if ceil_mode else 0                   # rounding up lets the last window hang over
    P, Q = (H + 2 * pad - R + hang) // stride + 1, (W + 2 * pad - S + hang) // stride + 1
    y = np.zeros((N, K, P, Q), x.dtype)
    for n in range(N):
        for k in range(K):
            c0 = k // (K // groups) * Cg                    # the first channel that this filter sees
            for p in range(P):
                for q in range(Q):
                    total = np.float64(0)
                    for c in range(Cg):
                        for r in range(R):
                            for s in range(S):
                                h, v = p * stride + r - pad, q * stride + s - pad
                                if 0 <= h < H and 0 <= v < W:
                                    total += x[n, c0 + c, h, v] * w[k, c, r, s]
                    y[n, k, p, q] = total + b[k]
    return y


def conv2d_backward_loops(dy, x, w, stride, pad, groups, ceil_mode=False, to_input=True):
    """The same nest; its innermost line becomes two. Returns dx, dw, db; dx is all 0 if not to_input."""
    N, C, H, W = x.shape
    K, Cg, R, S = w.shape
    P, Q = dy.shape[2], dy.shape[3]                         # whichever way they were rounded
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(K)      # float64: sums may be long
    for n in range(N):
        for k in range(K):
            c0 = k // (K // groups) * Cg                    # the first channel that this filter sees
            for p in range(P):
                for q in range(Q):
                    db[k] += dy[n, k, p, q]
                    for c in range(Cg):
                        for r in range(R):
                            for s in range(S):
                                h, v = p * stride + r - pad, q * stride + s - pad
                                if 0 <= h < H and 0 <= v < W:
                                    dw[k, c, r, s] += dy[n, k, p, q] * x[n, c0 + c, h, v]
                                    if to_input:
                                        dx[n, c0 + c, h, v] += dy[n, k, p, q] * w[k, c, r, s]
    return dx.astype(x.dtype), dw.astype(w.dtype), db.astype(w.dtype)


def im2col(x, R, S, stride, pad, ceil_mode=False):
    """Every window of a picture, laid out.

    x (N, C, H, W) -> cols (N, C, R, S, P, Q): cols[n, c, r, s, p, q] is what position (r, s) of the
    filter sees at output (p, q). As a matrix, one column per window: cols.reshape(N, C*R*S, P*Q).
    With ceil_mode the sizes P and Q are the 2012 code's (shapes.py).
    """
    N, C, H, W = x.shape
    P, Q = conv_size(H, R, stride, pad, ceil_mode), conv_size(W, S, stride, pad, ceil_mode)
    rows, columns = reach(H, R, stride, pad, P), reach(W, S, stride, pad, Q)
    frame = framed(x, pad, rows, columns, 0)
    cols = np.empty_like(x, shape=(N, C, R, S, P, Q))
    for r in range(R):
        for s in range(S):
            cols[:, :, r, s] = frame[:, :, r:r + stride * P:stride, s:s + stride * Q:stride]
    return cols


def col2im(cols, H, W, stride, pad):
    """Every column added back to the pixels that it came from: the transpose of im2col.

    cols (N, C, R, S, P, Q) -> x (N, C, H, W). A pixel that no window covers gets 0.
    """
    N, C, R, S, P, Q = cols.shape
    rows, columns = reach(H, R, stride, pad, P), reach(W, S, stride, pad, Q)
    frame = np.zeros_like(cols, shape=(N, C, rows, columns))
    for r in range(R):
        for s in range(S):
            frame[:, :, r:r + stride * P:stride, s:s + stride * Q:stride] += cols[:, :, r, s]
    return frame[:, :, pad:pad + H, pad:pad + W]


def conv2d_forward(x, w, b, stride, pad, groups, ceil_mode=False):
    """The same sum as one matrix product per image and group. -> y (N, K, P, Q)."""
    N = len(x)
    K, Cg, R, S = w.shape
    G, D = groups, Cg * R * S                                           # D numbers in a patch
    cols = im2col(x, R, S, stride, pad, ceil_mode)                      # (N, C, R, S, P, Q)
    P, Q = cols.shape[-2:]
    y = w.reshape(G, K // G, D) @ cols.reshape(N, G, D, P * Q)          # (N, G, K/G, PQ)
    return y.reshape(N, K, P, Q) + b.reshape(1, K, 1, 1)


def conv2d_backward(dy, x, w, stride, pad, groups, ceil_mode=False, to_input=True):
    """Gradients dx (N, C, H, W), dw (K, C/G, R, S), db (K,); dx is None unless asked for."""
    N, C, H, W = x.shape
    K, Cg, R, S = w.shape
    P, Q = dy.shape[2:]
    G, D = groups, Cg * R * S
    cols = im2col(x, R, S, stride, pad, ceil_mode).reshape(N, G, D, P * Q)      # again: cheaper than keeping it
    dy_mat, w_mat = dy.reshape(N, G, K // G, P * Q), w.reshape(G, K // G, D)
    db = dy.sum(axis=(0, 2, 3), dtype=wide(dy)).astype(dy.dtype)        # (K,)
    dw = (dy_mat @ cols.swapaxes(2, 3)).sum(axis=0).reshape(w.shape)    # (K, C/G, R, S)
    if not to_input:
        return None, dw, db
    dcols = w_mat.swapaxes(1, 2) @ dy_mat                               # (N, G, D, PQ)
    return col2im(dcols.reshape(N, C, R, S, P, Q), H, W, stride, pad), dw, db
