"""Layers whose weights and gradients are lists, so that an optimiser can walk through both."""
import numpy as np


class MatMul:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]
        self.x = None

    def forward(self, x):
        W, = self.params
        out = np.dot(x, W)
        self.x = x
        return out

    def backward(self, dout):
        W, = self.params
        dx = np.dot(dout, W.T)
        dW = np.dot(self.x.T, dout)
        self.grads[0][...] = dW
        return dx


class Affine:
    def __init__(self, W, b):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]
        self.x = None

    def forward(self, x):
        W, b = self.params
        self.x = x
        return np.dot(x, W) + b

    def backward(self, dout):
        W, b = self.params
        dx = np.dot(dout, W.T)
        self.grads[0][...] = np.dot(self.x.T, dout)
        self.grads[1][...] = np.sum(dout, axis=0)
        return dx


class Tanh:
    def __init__(self):
        self.params, self.grads = [], []
        self.out = None

    def forward(self, x):
        self.out = np.tanh(x)
        return self.out

    def backward(self, dout):
        return dout * (1 - self.out ** 2)


class Softmax:
    def __init__(self):
        self.params, self.grads = [], []
        self.out = None

    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.out = e / e.sum(axis=1, keepdims=True)
        return self.out

    def backward(self, dout):
        dx = self.out * dout
        total = np.sum(dx, axis=1, keepdims=True)
        dx -= self.out * total
        return dx


class SigmoidWithLoss:
    """One score for each sample; t is 0 or 1."""

    def __init__(self):
        self.params, self.grads = [], []
        self.y = None
        self.t = None

    def forward(self, x, t):
        self.t = t
        self.y = 1 / (1 + np.exp(-x))
        return -np.mean(t * np.log(self.y) + (1 - t) * np.log(1 - self.y))

    def backward(self, dout=1):
        return (self.y - self.t) * dout / len(self.t)


class LRN:
    """Across channels: y = x / (k + alpha * sum of the squares of size channels) ** beta."""

    def __init__(self, size=5, alpha=0.5, beta=0.75, k=2.0):
        self.params, self.grads = [], []
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def window_sum(self, a):
        half = self.size // 2
        padded = np.pad(a, ((0, 0), (half, half), (0, 0), (0, 0)))
        return sum(padded[:, i:i + a.shape[1]] for i in range(self.size))

    def forward(self, x):
        self.x = x
        self.scale = self.k + self.alpha * self.window_sum(x ** 2)
        self.out = x * self.scale ** -self.beta
        return self.out

    def backward(self, dout):
        inner = self.window_sum(dout * self.out / self.scale)
        dx = dout * self.scale ** -self.beta
        dx -= 2 * self.alpha * self.beta * self.x * inner
        return dx


class GroupedConv:
    """A convolution in two towers: W is (F, C/2, k, k), and each half of the filters sees half of the channels."""

    def __init__(self, W, b, stride=1, pad=0, groups=2):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]
        self.stride, self.pad, self.groups = stride, pad, groups

    def forward(self, x):
        W, b = self.params
        F, Cg, k, _ = W.shape
        N, C, H, W_in = x.shape
        s, p, Fg = self.stride, self.pad, F // self.groups
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        self.shape = x.shape
        out_h, out_w = (H + 2 * p - k) // s + 1, (W_in + 2 * p - k) // s + 1
        out = np.zeros((N, F, out_h, out_w))
        for g in range(self.groups):
            part = self.xp[:, g * Cg:(g + 1) * Cg]
            for i in range(k):
                for j in range(k):
                    seen = part[:, :, i:i + s * out_h:s, j:j + s * out_w:s]
                    out[:, g * Fg:(g + 1) * Fg] += np.einsum('fc,nchw->nfhw', W[g * Fg:(g + 1) * Fg, :, i, j], seen)
        return out + b[:, None, None]

    def backward(self, dout):
        W, b = self.params
        F, Cg, k, _ = W.shape
        s, p, Fg = self.stride, self.pad, F // self.groups
        out_h, out_w = dout.shape[2:]
        dxp, dW = np.zeros_like(self.xp), np.zeros_like(W)
        for g in range(self.groups):
            c, f = slice(g * Cg, g * Cg + Cg), slice(g * Fg, g * Fg + Fg)
            for i in range(k):
                for j in range(k):
                    rows, cols = slice(i, i + s * out_h, s), slice(j, j + s * out_w, s)
                    dW[f, :, i, j] = np.einsum('nfhw,nchw->fc', dout[:, f], self.xp[:, c, rows, cols])
                    dxp[:, c, rows, cols] += np.einsum('nfhw,fc->nchw', dout[:, f], W[f, :, i, j])
        self.grads[0][...] = dW
        self.grads[1][...] = dout.sum(axis=(0, 2, 3))
        H, W_in = self.shape[2:]
        return dxp[:, :, p:p + H, p:p + W_in]
