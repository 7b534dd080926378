"""Right and wrong layers for the tests of B1. This text runs beside a student's file; it needs NumPy alone.

RIGHT: {test: [layers]}, each in several styles, because a test must accuse none of them. WRONG: {name: (test, layers)},
each wrong as a well-known library once was. `layers` is a tuple: what the test is called with.
"""
import numpy as np


def sizes(H, W, R, S, stride, pad):
    """(P, Q), rounded down."""
    return (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1


def framed(x, pad, value=0):
    """x (N, C, H, W) with a frame of one value."""
    return np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), constant_values=value)


# ---------------------------------------------------------------------------- im2col and col2im

def im2col(x, R, S, stride, pad):
    (N, C, H, W), frame = x.shape, framed(x, pad)
    P, Q = sizes(H, W, R, S, stride, pad)
    cols = np.empty((N, C, R, S, P, Q), x.dtype)
    for r in range(R):
        for s in range(S):
            cols[:, :, r, s] = frame[:, :, r:r + stride * P:stride, s:s + stride * Q:stride]
    return cols


def im2col_views(x, R, S, stride, pad):
    windows = np.lib.stride_tricks.sliding_window_view(framed(x, pad), (R, S), (2, 3))[:, :, ::stride, ::stride]
    return windows.transpose(0, 1, 4, 5, 2, 3).copy()


def im2col_indices(x, R, S, stride, pad):
    P, Q = sizes(*x.shape[2:], R, S, stride, pad)
    h = np.arange(R).reshape(R, 1, 1, 1) + stride * np.arange(P).reshape(1, 1, P, 1)
    v = np.arange(S).reshape(1, S, 1, 1) + stride * np.arange(Q).reshape(1, 1, 1, Q)
    return framed(x, pad)[:, :, h, v]


def im2col_other_side(x, R, S, stride, pad):
    assert (x.shape[3] + 2 * pad - R) % stride == 0         # the width, with the rows of the filter
    return im2col(x, R, S, stride, pad)


def im2col_float64(x, R, S, stride, pad):
    return im2col(x.astype(np.float64), R, S, stride, pad)


def col2im(cols, H, W, stride, pad):
    N, C, R, S, P, Q = cols.shape
    frame = np.zeros((N, C, H + 2 * pad, W + 2 * pad), cols.dtype)
    for r in range(R):
        for s in range(S):
            frame[:, :, r:r + stride * P:stride, s:s + stride * Q:stride] += cols[:, :, r, s]
    return frame[:, :, pad:pad + H, pad:pad + W]


def col2im_loops(cols, H, W, stride, pad):
    x = np.zeros((*cols.shape[:2], H, W), cols.dtype)
    for r, s, p, q in np.ndindex(*cols.shape[2:]):
        h, v = p * stride + r - pad, q * stride + s - pad
        if 0 <= h < H and 0 <= v < W:
            x[:, :, h, v] += cols[:, :, r, s, p, q]
    return x


def places(cols, stride):
    """The rows (R, S, P, Q) and columns (R, S, P, Q) of the frame that the numbers of columns belong to."""
    r, s, p, q = np.indices(cols.shape[2:])
    return p * stride + r, q * stride + s


def col2im_add_at(cols, H, W, stride, pad):
    frame = np.zeros((*cols.shape[:2], H + 2 * pad, W + 2 * pad), cols.dtype)
    np.add.at(frame, (slice(None), slice(None), *places(cols, stride)), cols)
    return np.ascontiguousarray(frame[:, :, pad:H + pad, pad:W + pad])


def col2im_once(cols, H, W, stride, pad):
    frame = np.zeros((*cols.shape[:2], H + 2 * pad, W + 2 * pad), cols.dtype)
    h, v = places(cols, stride)
    frame[:, :, h, v] += cols                               # of a place that is named twice, only the last counts
    return frame[:, :, pad:pad + H, pad:pad + W]


def col2im_empty(cols, H, W, stride, pad):
    frame = col2im(cols, H + 2 * pad, W + 2 * pad, stride, 0)
    return frame[:, :, pad:-pad, pad:-pad]


# ---------------------------------------------------------------------------- the gradients of a convolution

def conv2d_backward(dy, x, w, stride, pad, groups):
    (N, C, H, W), (K, channels, R, S), P, Q = x.shape, w.shape, *dy.shape[2:]
    cols = im2col(x, R, S, stride, pad).reshape(N, groups, channels * R * S, P * Q)
    rows, w_rows = dy.reshape(N, groups, K // groups, P * Q), w.reshape(groups, K // groups, channels * R * S)
    dw = (rows @ cols.swapaxes(2, 3)).sum(axis=0).reshape(w.shape)
    dcols = (w_rows.swapaxes(1, 2) @ rows).reshape(N, C, R, S, P, Q)
    return col2im(dcols, H, W, stride, pad), dw, dy.sum(axis=(0, 2, 3))


def conv2d_backward_loops(dy, x, w, stride, pad, groups):
    frame, K, channels = framed(x, pad), len(w), w.shape[1]
    R, S = w.shape[2:]
    dframe, dw, db = np.zeros_like(frame), np.zeros_like(w), np.zeros(K, dy.dtype)
    for n, k, p, q in np.ndindex(*dy.shape):
        first = k // (K // groups) * channels
        at = (n, slice(first, first + channels), slice(p * stride, p * stride + R), slice(q * stride, q * stride + S))
        dw[k] += dy[n, k, p, q] * frame[at]
        dframe[at] += dy[n, k, p, q] * w[k]
        db[k] += dy[n, k, p, q]
    return dframe[:, :, pad:pad + x.shape[2], pad:pad + x.shape[3]], dw, db


def conv2d_backward_dw_reversed(dy, x, w, stride, pad, groups):
    dx, dw, db = conv2d_backward(dy, x, w, stride, pad, groups)
    return dx, np.ascontiguousarray(dw[:, :, ::-1, ::-1]), db


# ---------------------------------------------------------------------------- max-pool

def pool_sizes(H, W, R, S, stride, pad, ceil_mode):
    """(P, Q); windows that would start beyond the image are dropped."""
    def size(length, window):
        room = length + 2 * pad - window
        found = (-(-room // stride) if ceil_mode else room // stride) + 1
        return found - 1 if (found - 1) * stride >= length + pad else found
    return size(H, R), size(W, S)


def max_pool_forward(x, R, S, stride, pad, ceil_mode, value=-np.inf, size=pool_sizes):
    (N, C, H, W), (P, Q) = x.shape, size(*x.shape[2:], R, S, stride, pad, ceil_mode)
    frame = np.full((N, C, H + 2 * pad + R + stride, W + 2 * pad + S + stride), value, x.dtype)
    frame[:, :, pad:pad + H, pad:pad + W] = x
    windows = np.stack([frame[:, :, r:r + stride * P:stride, s:s + stride * Q:stride]
                        for r in range(R) for s in range(S)])
    return windows.max(axis=0), windows.argmax(axis=0).astype(np.int32)


def max_pool_forward_loops(x, R, S, stride, pad, ceil_mode):
    (N, C, H, W), (P, Q) = x.shape, pool_sizes(*x.shape[2:], R, S, stride, pad, ceil_mode)
    y, argmax = np.zeros((N, C, P, Q), x.dtype), np.zeros((N, C, P, Q), np.int32)
    for n, c, p, q in np.ndindex(N, C, P, Q):
        best = -np.inf
        for r in range(R):
            for s in range(S):
                h, v = p * stride + r - pad, q * stride + s - pad
                if 0 <= h < H and 0 <= v < W and x[n, c, h, v] > best:
                    best, argmax[n, c, p, q] = x[n, c, h, v], r * S + s
        y[n, c, p, q] = best
    return y, argmax


def max_pool_forward_zeros(x, R, S, stride, pad, ceil_mode):
    return max_pool_forward(x, R, S, stride, pad, ceil_mode, value=0)


def max_pool_forward_overlap(x, R, S, stride, pad, ceil_mode):
    H, W = x.shape[2:]
    if not (R == S == stride and H % R == W % S == 0):
        raise NameError("name 'im2col_indices' is not defined")
    return max_pool_forward(x, R, S, stride, pad, ceil_mode)


def max_pool_forward_small(x, R, S, stride, pad, ceil_mode):
    def size(H, W, R, S, stride, pad, ceil_mode):
        return pool_sizes(H, W, R, S, stride, 0, ceil_mode)
    return max_pool_forward(x, R, S, stride, pad, ceil_mode, size=size)


def max_pool_backward(dy, x, argmax, R, S, stride, pad):
    dx = np.zeros(x.shape, dy.dtype)
    for n, c, p, q in np.ndindex(*dy.shape):
        r, s = divmod(int(argmax[n, c, p, q]), S)
        dx[n, c, p * stride + r - pad, q * stride + s - pad] += dy[n, c, p, q]
    return dx


def winners(dy, argmax, S, stride, pad):
    """Indices (n, c, h, v) of the pixels that won."""
    n, c, p, q = np.indices(dy.shape)
    return n, c, p * stride + argmax // S - pad, q * stride + argmax % S - pad


def max_pool_backward_add_at(dy, x, argmax, R, S, stride, pad):
    dx = np.zeros(x.shape, dy.dtype)
    np.add.at(dx, winners(dy, argmax, S, stride, pad), dy)
    return dx


def max_pool_backward_overwrites(dy, x, argmax, R, S, stride, pad):
    dx = np.zeros(x.shape, dy.dtype)
    for n, c, h, v, share in zip(*(index.ravel() for index in winners(dy, argmax, S, stride, pad)), dy.ravel()):
        dx[n, c, h, v] = share
    return dx


def max_pool_backward_all_ties(dy, x, argmax, R, S, stride, pad):
    dframe, frame = np.zeros_like(framed(x, pad), dy.dtype), framed(x, pad, -np.inf)
    for n, c, p, q in np.ndindex(*dy.shape):
        at = (n, c, slice(p * stride, p * stride + R), slice(q * stride, q * stride + S))
        dframe[at] += (frame[at] == frame[at].max()) * dy[n, c, p, q]
    return dframe[:, :, pad:pad + x.shape[2], pad:pad + x.shape[3]]


# ---------------------------------------------------------------------------- LRN

def window_sums(a, below, above):
    """The sum over the channels i - below ... i + above that exist."""
    C = a.shape[1]
    return np.stack([a[:, max(0, i - below):min(C, i + above + 1)].sum(axis=1) for i in range(C)], axis=1)


def lrn_forward(x, n, k, alpha, beta):
    scale = k + alpha * window_sums(x * x, n // 2, n // 2)
    return x * scale ** -beta, scale


def lrn_forward_shifts(x, n, k, alpha, beta):
    squares = np.pad(x ** 2, ((0, 0), (n // 2, n // 2), (0, 0), (0, 0)))
    scale = np.full_like(x, k)
    for j in range(n):
        scale += alpha * squares[:, j:j + x.shape[1]]
    return x / scale ** beta, scale


def lrn_forward_batch(x, n, k, alpha, beta):
    squares = np.zeros_like(x)
    for c in range(x.shape[0]):                             # images, where channels must be counted
        squares[:, c] = (x[:, max(0, c - n // 2):c + n // 2 + 1] ** 2).sum(axis=1)
    scale = k + alpha * squares
    return x * scale ** -beta, scale


def lrn_forward_wide(x, n, k, alpha, beta):
    scale = k + alpha * window_sums(x * x, (n - 1) // 2, (n - 1) // 2 + 1)
    return x * scale ** -beta, scale


def lrn_forward_running(x, n, k, alpha, beta):
    squares, half, C = x * x, n // 2, x.shape[1]
    total, scale = np.zeros_like(x[:, 0]), np.zeros_like(x)
    for i in range(-half, C):
        if i + half < C:
            total += squares[:, i + half]
        if 0 <= i - half - 1:
            total -= squares[:, i - half - 1]
        if 0 <= i:
            scale[:, i] = k + alpha * total
    return x * scale ** -beta, scale


def lrn_backward(dy, x, scale, n, alpha, beta):
    through = window_sums(dy * x * scale ** (-beta - 1), n // 2, n // 2)
    return dy * scale ** -beta - 2 * alpha * beta * x * through


def lrn_backward_loops(dy, x, scale, n, alpha, beta):
    dx, C = np.zeros_like(x), x.shape[1]
    for i in range(C):
        for j in range(C):
            if abs(i - j) <= n // 2:
                dx[:, j] -= 2 * alpha * beta * dy[:, i] * x[:, i] * x[:, j] / scale[:, i] ** (beta + 1)
        dx[:, i] += dy[:, i] / scale[:, i] ** beta
    return dx


def lrn_backward_direct(dy, x, scale, n, alpha, beta):
    return dy * scale ** -beta


def lrn_backward_four(dy, x, scale, n, alpha, beta):
    through = window_sums(dy * x * scale ** (-beta - 1), n // 2, n // 2 - 1)
    return dy * scale ** -beta - 2 * alpha * beta * x * through


# ---------------------------------------------------------------------------- dropout, ReLU, loss, update

def dropout_forward(x, p_drop, rng, train):
    if not train:
        return x.copy(), np.ones(x.shape, bool)
    mask = rng.random(x.shape) >= p_drop
    return np.where(mask, x / (1 - p_drop), 0), mask


def dropout_backward(dy, mask, p_drop):
    return np.where(mask, dy / (1 - p_drop), 0)


def dropout_forward_product(x, p_drop, rng, train):
    mask = ~(rng.random(x.shape) < p_drop) if train else np.full(x.shape, True)
    return x * mask * (1 / (1 - p_drop) if train else 1), mask


def dropout_backward_product(dy, mask, p_drop):
    return dy * (mask / (1 - p_drop))


def dropout_forward_by_p(x, p_drop, rng, train):
    y, mask = dropout_forward(x, p_drop, rng, train)
    return (np.where(mask, x / p_drop, 0) if train and p_drop else y), mask


def dropout_backward_by_p(dy, mask, p_drop):
    return np.where(mask, dy / p_drop, 0) if p_drop else dy.copy()


def dropout_backward_new_mask(dy, mask, p_drop):
    mask = np.random.default_rng(dy.size).random(dy.shape) >= p_drop
    return np.where(mask, dy / (1 - p_drop), 0)


def relu_backward(dy, y):
    return np.where(y > 0, dy, 0)


def relu_backward_product(dy, y):
    return dy * (y > 0)


def relu_backward_in_place(dy, y):
    dy[y <= 0] = 0
    return dy


def softmax(logits):
    exps = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exps / exps.sum(axis=1, keepdims=True)


def cross_entropy_loss(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return (np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]).mean()


def cross_entropy_loss_loops(logits, labels):
    total = 0.0
    for row, label in zip(logits, labels):
        total += np.logaddexp.reduce(row) - row[label]
    return total / len(labels)


def cross_entropy_gradient(logits, labels):
    p = softmax(logits)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)


def cross_entropy_gradient_one_hot(logits, labels):
    return (softmax(logits) - np.eye(logits.shape[1])[labels]) / len(labels)


def cross_entropy_loss_seven(logits, labels):
    return -np.log(softmax(logits)[np.arange(len(labels)), labels] + 1e-7).mean()


class SGD:
    def __init__(self, lr, momentum, weight_decay):
        self.lr, self.momentum, self.weight_decay, self.velocity = lr, momentum, weight_decay, {}

    def step(self, params, grads):
        for name, w in params.items():
            decay = 0 if name.endswith(".b") else self.weight_decay
            v = self.momentum * self.velocity.get(name, 0) - decay * self.lr * w - self.lr * grads[name]
            self.velocity[name] = v
            w += v


class SGDInPlace(SGD):
    def step(self, params, grads):
        for name, w in params.items():
            v = self.velocity.setdefault(name, np.zeros_like(w))
            v *= self.momentum
            v -= self.lr * (grads[name] + (0 if name.endswith(".b") else self.weight_decay) * w)
            w += v


class SGDWithoutDecay(SGD):
    def step(self, params, grads):
        if self.momentum <= 0:
            for name, w in params.items():
                w -= self.lr * grads[name]
        else:
            super().step(params, grads)


RIGHT = {
    "test_im2col": [(im2col,), (im2col_views,), (im2col_indices,)],
    "test_col2im": [(col2im,), (col2im_loops,), (col2im_add_at,)],
    "test_conv2d_backward": [(conv2d_backward,), (conv2d_backward_loops,)],
    "test_max_pool_forward": [(max_pool_forward,), (max_pool_forward_loops,)],
    "test_max_pool_backward": [(max_pool_backward,), (max_pool_backward_add_at,)],
    "test_lrn_forward": [(lrn_forward,), (lrn_forward_shifts,)],
    "test_lrn_backward": [(lrn_backward,), (lrn_backward_loops,)],
    "test_dropout": [(dropout_forward, dropout_backward), (dropout_forward_product, dropout_backward_product)],
    "test_relu_backward": [(relu_backward,), (relu_backward_product,)],
    "test_cross_entropy": [(cross_entropy_loss, cross_entropy_gradient),
                           (cross_entropy_loss_loops, cross_entropy_gradient_one_hot)],
    "test_sgd": [(SGD,), (SGDInPlace,)]}
WRONG = {
    "other_side": ("test_im2col", (im2col_other_side,)),
    "float64": ("test_im2col", (im2col_float64,)),
    "once": ("test_col2im", (col2im_once,)),
    "empty": ("test_col2im", (col2im_empty,)),
    "dw_reversed": ("test_conv2d_backward", (conv2d_backward_dw_reversed,)),
    "zeros": ("test_max_pool_forward", (max_pool_forward_zeros,)),
    "overlap": ("test_max_pool_forward", (max_pool_forward_overlap,)),
    "small": ("test_max_pool_forward", (max_pool_forward_small,)),
    "overwrites": ("test_max_pool_backward", (max_pool_backward_overwrites,)),
    "all_ties": ("test_max_pool_backward", (max_pool_backward_all_ties,)),
    "batch": ("test_lrn_forward", (lrn_forward_batch,)),
    "wide": ("test_lrn_forward", (lrn_forward_wide,)),
    "running": ("test_lrn_forward", (lrn_forward_running,)),
    "direct": ("test_lrn_backward", (lrn_backward_direct,)),
    "four": ("test_lrn_backward", (lrn_backward_four,)),
    "by_p": ("test_dropout", (dropout_forward_by_p, dropout_backward_by_p)),
    "new_mask": ("test_dropout", (dropout_forward, dropout_backward_new_mask)),
    "in_place": ("test_relu_backward", (relu_backward_in_place,)),
    "seven": ("test_cross_entropy", (cross_entropy_loss_seven, cross_entropy_gradient)),
    "no_decay": ("test_sgd", (SGDWithoutDecay,))}
