"""Softmax and cross-entropy: from logits to probabilities to one number, the loss.

    p[m] = exp(x[m]) / sum_j exp(x[j])                          row by row: the classes of one image

exp overflows early (in float32 at 89), but adding one number to all logits of a row changes no p.
So the largest is subtracted first: exp then never exceeds 1, and the sum is at least 1.

    log p[m] = x[m] - log(sum_j exp(x[j]))                      log-softmax, never log(softmax)
    loss     = mean over the images of -log p[label]

Backward. With z = sum_j exp(x[j]), dp[m]/dx[j] = p[m] (1 if m == j else 0) - p[m] p[j], hence

    softmax        dx[j] = p[j] (dy[j] - sum_m dy[m] p[m])
    log-softmax    dx[j] = dy[j] - p[j] sum_m dy[m]
    the loss       dlogits[j] = (p[j] - (1 if j == label else 0)) / N

The last line is log-softmax's with dy = -1/N at the label and 0 elsewhere; the mean over the batch
is taken here, once, and no layer divides by N again.
"""
import numpy as np

from .shapes import wide


def softmax_forward_loops(x):
    """Probabilities, row by row. x (N, M) -> y (N, M), each row sums to 1."""
    N, M = x.shape
    y = np.empty_like(x)
    for n in range(N):
        largest = x[n, 0]
        for m in range(M):
            largest = max(largest, x[n, m])
        total = np.float64(0)
        for m in range(M):
            y[n, m] = np.exp(x[n, m] - largest)
            total += y[n, m]
        for m in range(M):
            y[n, m] /= total
    return y


def softmax_backward_loops(dy, y):
    """dx (N, M) from dy and the probabilities y."""
    N, M = y.shape
    dx = np.empty_like(y)
    for n in range(N):
        total = np.float64(0)
        for m in range(M):
            total += dy[n, m] * y[n, m]
        mean = y.dtype.type(total)
        for m in range(M):
            dx[n, m] = y[n, m] * (dy[n, m] - mean)
    return dx


def log_softmax_forward_loops(x):
    """Logarithms of the probabilities, row by row. x (N, M) -> y (N, M)."""
    N, M = x.shape
    y = np.empty_like(x)
    for n in range(N):
        largest = x[n, 0]
        for m in range(M):
            largest = max(largest, x[n, m])
        total = np.float64(0)
        for m in range(M):
            total += np.exp(x[n, m] - largest)
        for m in range(M):
            y[n, m] = x[n, m] - largest - np.log(total)
    return y


def log_softmax_backward_loops(dy, y):
    """dx (N, M) from dy and the log-probabilities y."""
    N, M = y.shape
    dx = np.empty_like(y)
    for n in range(N):
        total = np.float64(0)
        for m in range(M):
            total += dy[n, m]
        for m in range(M):
            dx[n, m] = dy[n, m] - np.exp(y[n, m]) * total
    return dx


def softmax_cross_entropy_loops(logits, labels):
    """Mean loss and its gradient. logits (N, M), labels (N,) integers -> loss, dlogits (N, M)."""
    N, M = logits.shape
    dlogits = np.empty_like(logits)
    loss = np.float64(0)
    for n in range(N):
        largest = logits[n, 0]
        for m in range(M):
            largest = max(largest, logits[n, m])
        total = np.float64(0)
        for m in range(M):
            total += np.exp(logits[n, m] - largest)
        loss += (np.log(total) + largest - logits[n, labels[n]]) / N
        for m in range(M):
            dlogits[n, m] = np.exp(logits[n, m] - largest) / total / N
        dlogits[n, labels[n]] -= logits.dtype.type(1) / N
    return logits.dtype.type(loss), dlogits


def softmax_forward(x):
    """Probabilities, row by row. x (N, M) -> y (N, M), each row sums to 1."""
    y = np.exp(x - x.max(axis=-1, keepdims=True))
    return y / y.sum(axis=-1, keepdims=True)


def softmax_backward(dy, y):
    """dx (N, M) from dy and the probabilities y."""
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


def log_softmax_forward(x):
    """Logarithms of the probabilities, row by row. x (N, M) -> y (N, M)."""
    y = x - x.max(axis=-1, keepdims=True)
    return y - np.log(np.exp(y).sum(axis=-1, keepdims=True))


def log_softmax_backward(dy, y):
    """dx (N, M) from dy and the log-probabilities y."""
    return dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)


def softmax_cross_entropy(logits, labels):
    """Mean loss and its gradient: the beginning of every backward pass.

    logits (N, M), labels (N,) integers from 0 to M - 1 -> loss, dlogits (N, M).
    Raises TypeError and ValueError for labels that are not such integers (check_labels).
    """
    check_labels(logits, labels)
    rows = np.arange(len(logits), like=logits)
    log_p = log_softmax_forward(logits)             # (N, M)
    loss = -log_p[rows, labels].mean(dtype=wide(logits)).astype(logits.dtype)
    dlogits = np.exp(log_p)                         # a new array, so it may be changed
    dlogits[rows, labels] -= 1
    return loss, dlogits / len(logits)


def check_labels(logits, labels):
    """Raises TypeError or ValueError unless labels are N integers, each one of the M classes."""
    if logits.ndim != 2:
        raise ValueError(f"logits must have shape (N, classes), got {logits.shape}; end the network in a Dense")
    N, M = logits.shape
    if not hasattr(labels, "dtype") or hasattr(labels, "numpy"):            # a list; a tensor of another library
        raise TypeError(f"labels must be an array of {N} integers, got a {type(labels).__name__}; "
                        f"use {'labels.numpy()' if hasattr(labels, 'numpy') else 'np.array(labels)'}")
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels must be integers from 0 to {M - 1}, got {labels.dtype}; "
                        f"use labels.astype(np.int64)")
    if labels.shape != (N,):
        raise ValueError(f"labels must have shape ({N},), one per row of logits {logits.shape}, got "
                         f"{labels.shape}; one-hot labels become integers by labels.argmax(axis=1)")
    if N and (labels.min() < 0 or labels.max() >= M):
        raise ValueError(f"labels must lie between 0 and {M - 1} for {M} classes, got "
                         f"{int(labels.min())} to {int(labels.max())}; count classes from 0")
