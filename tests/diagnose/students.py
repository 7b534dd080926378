"""The file of a student: layers and functions that are right, and some that are not."""
import numpy as np

from npnet.layers import Layer


def sums(a, n):
    out = np.zeros_like(a)
    for i in range(a.shape[1]):
        out[:, i] = a[:, max(0, i - n // 2):i + n // 2 + 1].sum(axis=1)
    return out


class MyLRN:
    def __init__(self, n=5, k=2, alpha=0.7, beta=0.75):
        self.n, self.k, self.alpha, self.beta = n, k, alpha, beta

    def forward(self, x, train=False):
        self.x = x
        self.s = self.k + self.alpha * sums(x * x, self.n)
        return x * self.s ** -self.beta

    def backward(self, dy):
        damped = dy * self.s ** -self.beta
        return damped - 2 * self.alpha * self.beta * self.x * sums(damped * self.x / self.s, self.n)


class NoCrossTerm(MyLRN):
    def backward(self, dy):
        return dy * self.s ** -self.beta


class MyDense(Layer):
    def __init__(self, units, promised=None):
        self.units, self.promised = units, promised or (units,)

    def build(self, shape, rng, dtype=np.float32):
        self.w, self.b = rng.standard_normal((*shape, self.units)).astype(dtype), np.zeros(self.units, dtype)
        return self.promised

    def params(self):
        return {"w": self.w, "b": self.b}

    def grads(self):
        return {"w": self.dw, "b": self.db}

    def forward(self, x, train=False):
        self.x = x
        return x @ self.w + self.b

    def backward(self, dy):
        self.dw, self.db = self.x.T @ dy, dy.sum(axis=0)
        return dy @ self.w.T


class TwiceTheBias(MyDense):
    def backward(self, dy):
        dx = super().backward(dy)
        self.db = 2 * self.db
        return dx


class ScaleWithoutW:
    """Right as long as w is 1."""
    def build(self, shape, rng, dtype=np.float32):
        self.w = np.ones(shape[0], dtype)
        return shape

    def params(self):
        return {"w": self.w}

    def grads(self):
        return {"w": (self.dy * self.x).sum(axis=0)}

    def forward(self, x):
        self.x = x
        return x * self.w

    def backward(self, dy):
        self.dy = dy
        return dy.copy()


class ListOfParams(MyDense):
    def params(self):
        return [self.w, self.b]


class NothingBuilt(MyDense):
    def build(self, shape, rng, dtype=np.float32):
        super().build(shape, rng, dtype)


class OnlyInTraining:
    def forward(self, x, train=False):
        return x * (3 if train else 2)

    def backward(self, dy):
        return 3 * dy


class Raises(MyLRN):
    def backward(self, dy):
        return dy[9]


class NoBackward:
    def forward(self, x):
        return x


class Unfinished(Layer):
    def forward(self, x, train=False):
        return x


def forward(x, w):
    return x @ w


def backward(dy, x, w):
    return dy @ w.T, x.T @ dy


def upside_down(dy, x, w):
    return dy @ w.T, (x.T @ dy)[::-1]
