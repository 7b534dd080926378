"""A1 to A5 with einsum and matrices that pick pixels."""
import numpy as np


def conv_size(size, window, stride, pad):
    return int((size - window + pad + pad) // stride + 1)


def pad_image(x, pad):
    N, C, H, W = x.shape
    rows, columns = np.zeros((H + 2 * pad, H)), np.zeros((W + 2 * pad, W))
    rows[np.arange(H) + pad, np.arange(H)] = 1
    columns[np.arange(W) + pad, np.arange(W)] = 1
    return np.einsum("ah,nchv,bv->ncab", rows, x, columns)


def picks(size, window, stride, pad, count=None):
    """(window, count, size): 1 where place r of window p is pixel h."""
    count = conv_size(size, window, stride, pad) if count is None else count
    r, p, h = np.ogrid[:window, :count, :size]
    return (p * stride + r - pad == h).astype(float)


def im2col(x, R, S, stride, pad):
    H, W = x.shape[2:]
    return np.einsum("nchv,rph,sqv->ncrspq", x, picks(H, R, stride, pad), picks(W, S, stride, pad), optimize=True)


def conv2d_forward(x, w, b, stride, pad, groups):
    N, C, H, W = x.shape
    K, per_group, R, S = w.shape
    cols = im2col(x, R, S, stride, pad)
    cols = cols.reshape(N, groups, per_group, *cols.shape[2:])
    y = np.einsum("ngcrspq,gkcrs->ngkpq", cols, w.reshape(groups, K // groups, per_group, R, S), optimize=True)
    return y.reshape(N, K, *y.shape[3:]) + b[None, :, None, None]


def columns_bytes(N, C, H, W, R, S, stride, pad, bytes_per_number):
    P, Q = conv_size(H, R, stride, pad), conv_size(W, S, stride, pad)
    return N * P * Q * (C * R * S) * bytes_per_number


def col2im(cols, H, W, stride, pad):
    R, S, P, Q = cols.shape[2:]
    return np.einsum("ncrspq,rph,sqv->nchv", cols, picks(H, R, stride, pad, P), picks(W, S, stride, pad, Q), optimize=True)


def conv2d_backward_w(dy, x, R, S, stride, pad, groups):
    N, K, P, Q = dy.shape
    cols = im2col(x, R, S, stride, pad)
    cols = cols.reshape(N, groups, -1, R, S, P, Q)
    dw = np.einsum("ngkpq,ngcrspq->gkcrs", dy.reshape(N, groups, K // groups, P, Q), cols, optimize=True)
    return dw.reshape(K, -1, R, S)


def conv2d_backward_b(dy):
    return np.einsum("nkpq->k", dy)


def conv2d_backward_x(dy, w, H, W, stride, pad, groups):
    N, K, P, Q = dy.shape
    per_group, R, S = w.shape[1:]
    cols = np.einsum("ngkpq,gkcrs->ngcrspq", dy.reshape(N, groups, -1, P, Q),
                     w.reshape(groups, -1, per_group, R, S), optimize=True)
    return col2im(cols.reshape(N, groups * per_group, R, S, P, Q), H, W, stride, pad)


def pool_count(size, window, stride, pad, ceil_mode):
    count = -(-(size + 2 * pad - window) // stride) + 1 if ceil_mode else conv_size(size, window, stride, pad)
    return count - 1 if (count - 1) * stride - pad >= size else count


def max_pool_forward(x, R, S, stride, pad, ceil_mode):
    H, W = x.shape[2:]
    rows = picks(H, R, stride, pad, pool_count(H, R, stride, pad, ceil_mode))
    columns = picks(W, S, stride, pad, pool_count(W, S, stride, pad, ceil_mode))
    seen = np.einsum("nchv,rph,sqv->ncpqrs", x, rows, columns, optimize=True)
    inside = np.einsum("rph,sqv->pqrs", rows, columns) > 0
    seen = np.where(inside, seen, -np.inf).reshape(*seen.shape[:4], R * S)
    argmax = seen.argmax(-1)
    return np.take_along_axis(seen, argmax[..., None], -1)[..., 0], argmax.astype(np.int32)


def max_pool_backward(dy, x, argmax, R, S, stride, pad):
    P, Q = dy.shape[2:]
    chosen = np.eye(R * S)[argmax].reshape(*argmax.shape, R, S)
    rows, columns = picks(x.shape[2], R, stride, pad, P), picks(x.shape[3], S, stride, pad, Q)
    return np.einsum("ncpq,ncpqrs,rph,sqv->nchv", dy, chosen, rows, columns, optimize=True)


def band(C, n):
    """(C, C): 1 where two channels are neighbours."""
    i = np.arange(C)
    return (np.abs(i[:, None] - i) <= n // 2).astype(float)


def lrn_forward(x, n, k, alpha, beta):
    scale = alpha * np.einsum("ij,njhv->nihv", band(x.shape[1], n), x ** 2) + k
    return np.exp(-beta * np.log(scale)) * x, scale


def lrn_backward(dy, x, scale, n, alpha, beta):
    through = np.einsum("ij,njhv->nihv", band(x.shape[1], n), dy * x * scale ** (-1 - beta))
    return scale ** -beta * dy - (2 * beta * alpha) * through * x
