"""Operations as functions, with nothing but loops. Every gradient function takes dy and the inputs of its forward."""
import math

import numpy as np


def conv(x, w, b, stride=2, pad=1):
    """x[n][c][h][v], w[k][c][r][s], b[k]."""
    N, C, H, V = x.shape
    K, _, R, S = w.shape
    P, Q = (H + 2 * pad - R) // stride + 1, (V + 2 * pad - S) // stride + 1
    y = np.zeros((N, K, P, Q))
    for n in range(N):
        for k in range(K):
            for p in range(P):
                for q in range(Q):
                    total = b[k]
                    for c in range(C):
                        for r in range(R):
                            for s in range(S):
                                h, v = p * stride + r - pad, q * stride + s - pad
                                if 0 <= h < H and 0 <= v < V:
                                    total += x[n, c, h, v] * w[k, c, r, s]
                    y[n, k, p, q] = total
    return y


def conv_grad(dy, x, w, b, stride=2, pad=1):
    N, C, H, V = x.shape
    K, _, R, S = w.shape
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(b.shape)
    for n in range(dy.shape[0]):
        for k in range(dy.shape[1]):
            for p in range(dy.shape[2]):
                for q in range(dy.shape[3]):
                    g = dy[n, k, p, q]
                    db[k] += g
                    for c in range(C):
                        for r in range(R):
                            for s in range(S):
                                h = p * stride + r - pad
                                v = q * stride + s - pad
                                if 0 <= h < H and 0 <= v < V:
                                    dx[n, c, h, v] += g * w[k, c, r, s]
                                    dw[k, c, r, s] += g * x[n, c, h, v]
    return dx, dw, db


def max_pool(x, size=3, step=2):
    """Nested lists come out."""
    N, C, H, V = x.shape
    y = []
    for n in range(N):
        maps = []
        for c in range(C):
            rows = []
            for top in range(0, H - size + 1, step):
                row = []
                for left in range(0, V - size + 1, step):
                    best = -math.inf
                    for r in range(size):
                        for s in range(size):
                            if x[n][c][top + r][left + s] > best:
                                best = x[n][c][top + r][left + s]
                    row.append(best)
                rows.append(row)
            maps.append(rows)
        y.append(maps)
    return np.array(y)


def max_pool_grad(dy, x, size=3, step=2):
    N, C, H, V = x.shape
    dx = np.zeros(x.shape)
    for n in range(N):
        for c in range(C):
            for i, top in enumerate(range(0, H - size + 1, step)):
                for j, left in enumerate(range(0, V - size + 1, step)):
                    where, best = None, -math.inf
                    for r in range(size):
                        for s in range(size):
                            if x[n][c][top + r][left + s] > best:
                                best = x[n][c][top + r][left + s]
                                where = top + r, left + s
                    dx[n][c][where[0]][where[1]] += dy[n][c][i][j]
    return dx


def average_pool(x, size=3, step=2):
    N, C, H, V = x.shape
    P, Q = (H - size) // step + 1, (V - size) // step + 1
    y = np.zeros((N, C, P, Q))
    for n in range(N):
        for c in range(C):
            for i in range(P):
                for j in range(Q):
                    total = 0.0
                    for r in range(size):
                        for s in range(size):
                            total += x[n, c, i * step + r, j * step + s]
                    y[n, c, i, j] = total / (size * size)
    return y


def average_pool_grad(dy, x, size=3, step=2):
    dx = np.zeros(x.shape)
    N, C, P, Q = dy.shape
    for n in range(N):
        for c in range(C):
            for i in range(P):
                for j in range(Q):
                    for r in range(size):
                        for s in range(size):
                            dx[n, c, i * step + r, j * step + s] += dy[n, c, i, j] / (size * size)
    return dx


def lrn(x, n=5, alpha=0.7, beta=0.75, k=2.0):
    """y[c] = x[c] / (k + alpha * sum of x[j]**2 for the n channels j around c) ** beta."""
    N, C, H, V = x.shape
    y = np.zeros(x.shape)
    for m in range(N):
        for h in range(H):
            for v in range(V):
                for c in range(C):
                    total = 0.0
                    for j in range(max(0, c - n // 2), min(C, c + n // 2 + 1)):
                        total += x[m, j, h, v] ** 2
                    y[m, c, h, v] = x[m, c, h, v] * (k + alpha * total) ** -beta
    return y


def lrn_grad(dy, x, n=5, alpha=0.7, beta=0.75, k=2.0):
    N, C, H, V = x.shape
    dx = np.zeros(x.shape)
    for m in range(N):
        for h in range(H):
            for v in range(V):
                scale = []
                for c in range(C):
                    squares = [x[m, j, h, v] ** 2 for j in range(max(0, c - n // 2), min(C, c + n // 2 + 1))]
                    scale.append(k + alpha * sum(squares))
                for c in range(C):
                    dx[m, c, h, v] = dy[m, c, h, v] * scale[c] ** -beta
                    for j in range(max(0, c - n // 2), min(C, c + n // 2 + 1)):
                        term = dy[m, j, h, v] * x[m, j, h, v] * scale[j] ** (-beta - 1)
                        dx[m, c, h, v] -= 2 * alpha * beta * x[m, c, h, v] * term
    return dx


def softmax(x):
    y = np.zeros(x.shape)
    for n in range(x.shape[0]):
        top = max(x[n])
        total = sum(math.exp(value - top) for value in x[n])
        for c in range(x.shape[1]):
            y[n, c] = math.exp(x[n, c] - top) / total
    return y


def softmax_grad(dy, x):
    y = softmax(x)
    dx = np.zeros(x.shape)
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            for j in range(x.shape[1]):
                same = 1.0 if c == j else 0.0
                dx[n, c] += dy[n, j] * y[n, j] * (same - y[n, c])
    return dx


def dense(x, w, b):
    N, D = x.shape
    y = np.zeros((N, w.shape[1]))
    for n in range(N):
        for m in range(w.shape[1]):
            y[n, m] = sum(x[n, d] * w[d, m] for d in range(D)) + b[m]
    return y


def dense_grad(dy, x, w, b):
    dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(b.shape)
    for n in range(dy.shape[0]):
        for m in range(dy.shape[1]):
            db[m] += dy[n, m]
            for d in range(x.shape[1]):
                dx[n, d] += dy[n, m] * w[d, m]
                dw[d, m] += dy[n, m] * x[n, d]
    return dx, dw, db
