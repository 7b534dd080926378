"""Dense: rows of w are spread over the threads, each product made by BLAS on one.

Rows of w lie one after the other in memory, so every thread reads its own part of the 151 MB of fc6 and no
other. BLAS could share out a product itself. But its threads stay awake for tens of milliseconds after it,
looking for more, and the convolutions before and after want the processors meanwhile.

The gradient of w for a few pictures is written once, by a loop of ours: BLAS clears it first.
"""
import numpy as np

from .kernels import jit
from .threads import single_blas, spread

SMALL = 2 * 10 ** 7         # multiply-adds: less is not worth another thread
FEW = 4                     # pictures


@jit
def outer(x, dy, dw, first, last):
    """dw[first:last] = x^T dy, for few images: x (N, D), dy (N, M), dw (D, M)."""
    N, M = dy.shape
    for d in range(first, last):
        row = dw[d]
        for m in range(M):
            row[m] = x[0, d] * dy[0, m]
        for n in range(1, N):
            for m in range(M):
                row[m] += x[n, d] * dy[n, m]


def share(task, x, w):
    """task(first, last) for all rows of w, on all threads if the product x w is large; what each returned, in order."""
    if len(x) * w.size >= SMALL:
        return spread(task, len(w))
    with single_blas():
        return [task(0, len(w))]


def dense_forward(x, w, b):
    """y (N, M), as in ops/dense.py: each thread adds up what its rows of w give."""
    first, *others = share(lambda first, last: np.matmul(x[:, first:last], w[first:last]), x, w)
    for other in others:
        first += other
    first += b
    return first


def dense_backward(dy, x, w, to_input=True):
    """dx (N, D) or None, dw (D, M), db (M,), as in ops/dense.py."""
    dx, dw = np.empty_like(x) if to_input else None, np.empty_like(w)

    def rows(first, last):
        if 0 < len(x) <= FEW:
            outer(x, dy, dw, first, last)
        else:
            np.matmul(x[:, first:last].T, dy, out=dw[first:last])
        if to_input:
            np.matmul(dy, w[first:last].T, out=dx[:, first:last])

    share(rows, x, w)
    return dx, dw, dy.sum(axis=0, dtype=np.float64).astype(dy.dtype)
