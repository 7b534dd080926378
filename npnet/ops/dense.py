"""The dense layer: every output sees every input.

    y[n, m] = sum_d x[n, d] * w[d, m] + b[m]                    y = x w + b

Backward. Call the loss L and dy[n, m] = dL/dy[n, m]. A number enters the loss through every y that
it touches, so its gradient is a sum over those:

    x[n, d] touches y[n, m] for every m, with factor w[d, m]    dx = dy w^T
    w[d, m] touches y[n, m] for every n, with factor x[n, d]    dw = x^T dy
    b[m]    touches y[n, m] for every n, with factor 1          db = sum of dy over the images

The shapes leave no choice: dw must be (D, M), and x^T dy is the only product of x and dy that is.
"""
import numpy as np

from .shapes import wide


def dense_forward_loops(x, w, b):
    """The definition, one multiply-add at a time. x (N, D), w (D, M), b (M,) -> y (N, M)."""
    N, D = x.shape
    M = w.shape[1]
    y = np.zeros((N, M), x.dtype)
    for n in range(N):
        for m in range(M):
            total = np.float64(0)
            for d in range(D):
                total += x[n, d] * w[d, m]
            y[n, m] = total + b[m]
    return y


def dense_backward_loops(dy, x, w, to_input=True):
    """The same nest; its innermost line becomes two. Returns dx, dw, db; dx is all 0 if not to_input."""
    N, D = x.shape
    M = w.shape[1]
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(M)      # float64: sums may be long
    for n in range(N):
        for m in range(M):
            db[m] += dy[n, m]
            for d in range(D):
                dw[d, m] += dy[n, m] * x[n, d]
                if to_input:
                    dx[n, d] += dy[n, m] * w[d, m]
    return dx.astype(x.dtype), dw.astype(w.dtype), db.astype(w.dtype)


def dense_forward(x, w, b):
    """y = x w + b. x (N, D), w (D, M), b (M,) -> y (N, M)."""
    return x @ w + b


def dense_backward(dy, x, w, to_input=True):
    """Gradients dx (N, D), dw (D, M), db (M,); dx is None unless asked for."""
    dw = x.T @ dy                                                       # (D, M)
    db = dy.sum(axis=0, dtype=wide(dy)).astype(dy.dtype)                # (M,)
    dx = dy @ w.T if to_input else None                                 # (N, D)
    return dx, dw, db
