"""Layers for the AlexNet project. A layer has self.params and self.grads with the same keys."""
import numpy as np


def im2col_single(img, kh, kw, s):
    # img: (C, H, W)  ->  (C*kh*kw, oh*ow)
    C, H, W = img.shape
    oh = (H - kh) // s + 1
    ow = (W - kw) // s + 1
    out = np.zeros((C * kh * kw, oh * ow))
    for i in range(oh):
        for j in range(ow):
            out[:, i * ow + j] = img[:, i * s:i * s + kh, j * s:j * s + kw].ravel()
    return out


class ConvLayer:

    def __init__(self, in_channels, out_channels, kernel, stride=1, pad=0, groups=1):
        np.random.seed(42)
        self.kh, self.kw = kernel
        self.stride = stride
        self.pad = pad
        self.groups = groups
        self.params = {}
        self.grads = {}
        self.params["W"] = np.random.randn(out_channels, in_channels // groups, self.kh, self.kw) * 0.3
        self.params["b"] = np.random.randn(out_channels) * 0.3

    def forward(self, x):
        N, C, H, W = x.shape
        self.shape = x.shape
        s, p, G = self.stride, self.pad, self.groups
        K = self.params["W"].shape[0]
        oh = (H + 2 * p - self.kh) // s + 1
        ow = (W + 2 * p - self.kw) // s + 1
        xp = np.zeros((N, C, H + 2 * p, W + 2 * p))
        xp[:, :, p:p + H, p:p + W] = x
        w = self.params["W"].reshape(G, K // G, -1)
        self.cols = []
        y = np.zeros((N, K, oh * ow))
        for n in range(N):
            for g in range(G):
                col = im2col_single(xp[n, g * C // G:(g + 1) * C // G], self.kh, self.kw, s)
                self.cols.append(col)
                y[n, g * K // G:(g + 1) * K // G] = w[g].dot(col)
        y += self.params["b"][:, np.newaxis]
        self.oh, self.ow = oh, ow
        return y.reshape(N, K, oh, ow)

    def backward(self, dy):
        N, C, H, W = self.shape
        s, p, G = self.stride, self.pad, self.groups
        K, cg = dy.shape[1], C // self.groups
        dy = dy.reshape(N, K, -1)
        w = self.params["W"].reshape(G, K // G, -1)
        dw = np.zeros(w.shape)
        dxp = np.zeros((N, C, H + 2 * p, W + 2 * p))
        for n in range(N):
            for g in range(G):
                d = dy[n, g * K // G:(g + 1) * K // G]
                dw[g] += d.dot(self.cols[n * G + g].T)
                dcol = w[g].T.dot(d)
                for i in range(self.oh):
                    for j in range(self.ow):
                        piece = dcol[:, i * self.ow + j].reshape(cg, self.kh, self.kw)
                        dxp[n, g * cg:(g + 1) * cg, i * s:i * s + self.kh, j * s:j * s + self.kw] += piece
        self.grads["W"] = dw.reshape(self.params["W"].shape)
        self.grads["b"] = dy.sum(axis=0).sum(axis=1)
        return dxp[:, :, p:p + H, p:p + W]


class PoolLayer:
    """max pooling, padding with -inf"""

    def __init__(self, size, stride, pad=0):
        self.size, self.stride, self.pad = size, stride, pad
        self.params, self.grads = {}, {}

    def forward(self, x):
        f, s, p = self.size, self.stride, self.pad
        N, C, H, W = x.shape
        self.xp = np.full((N, C, H + 2 * p, W + 2 * p), -np.inf)
        self.xp[:, :, p:p + H, p:p + W] = x
        self.inside = (slice(None), slice(None), slice(p, p + H), slice(p, p + W))
        oh, ow = (H + 2 * p - f) // s + 1, (W + 2 * p - f) // s + 1
        y = np.empty((N, C, oh, ow))
        for i in range(oh):
            for j in range(ow):
                y[:, :, i, j] = self.xp[:, :, i * s:i * s + f, j * s:j * s + f].max(axis=(2, 3))
        return y

    def backward(self, dy):
        f, s = self.size, self.stride
        dxp = np.zeros(self.xp.shape)
        N, C, oh, ow = dy.shape
        for n in range(N):
            for c in range(C):
                for i in range(oh):
                    for j in range(ow):
                        w = self.xp[n, c, i * s:i * s + f, j * s:j * s + f]
                        a, b = np.unravel_index(np.argmax(w), w.shape)
                        dxp[n, c, i * s + a, j * s + b] += dy[n, c, i, j]
        return dxp[self.inside]


class LRNLayer:

    def __init__(self, n=3, k=1.0, alpha=0.6, beta=0.5):
        self.n, self.k, self.alpha, self.beta = n, k, alpha, beta
        self.params, self.grads = {}, {}

    def neighbours(self, a):
        out = np.zeros_like(a)
        half = self.n // 2
        for c in range(a.shape[1]):
            lo = max(0, c - half)
            hi = min(a.shape[1], c + half + 1)
            for m in range(lo, hi):
                out[:, c] += a[:, m]
        return out

    def forward(self, x):
        self.x = x
        self.scale = self.k + (self.alpha / self.n) * self.neighbours(x * x)
        return x * np.power(self.scale, -self.beta)

    def backward(self, dy):
        ratio = dy * self.x * np.power(self.scale, -self.beta - 1)
        cross = 2 * self.beta * (self.alpha / self.n) * self.x * self.neighbours(ratio)
        return dy * np.power(self.scale, -self.beta) - cross


class BNLayer:

    def __init__(self, D, eps=1e-2):
        self.eps = eps
        self.params = {"gamma": np.linspace(0.5, 1.5, D), "beta": np.linspace(-1, 1, D)}
        self.grads = {}
        self.run_mean, self.run_var = np.zeros(D), np.ones(D)

    def forward(self, x, training=True):
        if not training:
            self.std = np.sqrt(self.run_var + self.eps)
            self.xhat = (x - self.run_mean) / self.std
        else:
            self.mean = x.mean(axis=0)
            self.xc = x - self.mean
            self.var = np.mean(self.xc ** 2, axis=0)
            self.std = np.sqrt(self.var + self.eps)
            self.xhat = self.xc / self.std
            self.run_mean = 0.9 * self.run_mean + 0.1 * self.mean
            self.run_var = 0.9 * self.run_var + 0.1 * self.var
        return self.params["gamma"] * self.xhat + self.params["beta"]

    def backward(self, dy):
        N = dy.shape[0]
        self.grads["beta"] = dy.sum(axis=0)
        self.grads["gamma"] = np.sum(dy * self.xhat, axis=0)
        dxhat = dy * self.params["gamma"]
        dvar = np.sum(dxhat * self.xc, axis=0) * -0.5 * self.std ** -3
        dmean = np.sum(dxhat * -1 / self.std, axis=0)
        return dxhat / self.std + dvar * 2 * self.xc / N + dmean / N


class DropoutLayer:

    def __init__(self, ratio=0.3):
        self.ratio = ratio
        self.params, self.grads = {}, {}

    def forward(self, x, is_train):
        if not is_train:
            self.mask = 1.0
            return x
        self.mask = (np.random.rand(*x.shape) > self.ratio) / (1 - self.ratio)
        return x * self.mask

    def backward(self, dy):
        return dy * self.mask
