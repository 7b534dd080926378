"""No loops if einsum can do it. gamma and beta are trained, their gradients are dgamma and dbeta."""
import numpy as np
from numpy.lib.stride_tricks import as_strided


def view_windows(x, R, S, stride):
    N, C, H, W = x.shape
    P, Q = (H - R) // stride + 1, (W - S) // stride + 1
    n, c, h, w = x.strides
    return as_strided(x, (N, C, P, Q, R, S), (n, c, h * stride, w * stride, h, w))


class EinConv:

    def __init__(self, C, K, R, S, stride=1, pad=0, groups=1):
        rng = np.random.RandomState(8)
        self.stride, self.pad, self.groups = stride, pad, groups
        self.W = rng.uniform(-0.7, 0.7, (K, C // groups, R, S))
        self.b = rng.uniform(-0.7, 0.7, K)

    def forward(self, x):
        G, p = self.groups, self.pad
        K, cg, R, S = self.W.shape
        self.xpad = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        win = view_windows(self.xpad, R, S, self.stride)
        N, C, P, Q = win.shape[:4]
        self.win = win.reshape(N, G, cg, P, Q, R, S)
        y = np.einsum("ngcpqrs,gkcrs->ngkpq", self.win, self.W.reshape(G, K // G, cg, R, S), optimize=True)
        return y.reshape(N, K, P, Q) + self.b.reshape(1, K, 1, 1)

    def backward(self, dout):
        G, p, st = self.groups, self.pad, self.stride
        K, cg, R, S = self.W.shape
        N, _, P, Q = dout.shape
        d = dout.reshape(N, G, K // G, P, Q)
        self.dW = np.einsum("ngkpq,ngcpqrs->gkcrs", d, self.win, optimize=True).reshape(self.W.shape)
        self.db = np.einsum("nkpq->k", dout)
        dwin = np.einsum("ngkpq,gkcrs->ngcpqrs", d, self.W.reshape(G, K // G, cg, R, S), optimize=True)
        dwin = dwin.reshape(N, G * cg, P, Q, R, S)
        dxpad = np.zeros(self.xpad.shape)
        for r in range(R):
            for s in range(S):
                dxpad[:, :, r:r + st * P:st, s:s + st * Q:st] += dwin[..., r, s]
        H, W = dxpad.shape[2:]
        return dxpad[:, :, p:H - p, p:W - p]


class BatchNorm:
    """(N, C, H, W), always with the statistics of the batch"""

    def __init__(self, C, eps=1e-5):
        self.gamma, self.beta, self.eps = np.linspace(0.5, 2, C), np.linspace(-1, 1, C), eps

    def forward(self, x):
        m = np.einsum("nchw->c", x) / (x.size // x.shape[1])
        centred = x - m[:, None, None]
        v = np.einsum("nchw,nchw->c", centred, centred) / (x.size // x.shape[1])
        self.istd = 1 / np.sqrt(v + self.eps)
        self.xhat = np.einsum("nchw,c->nchw", centred, self.istd)
        return np.einsum("nchw,c->nchw", self.xhat, self.gamma) + self.beta[:, None, None]

    def backward(self, dout):
        M = dout.size // dout.shape[1]
        self.dbeta = np.einsum("nchw->c", dout)
        self.dgamma = np.einsum("nchw,nchw->c", dout, self.xhat)
        inner = dout - self.dbeta[:, None, None] / M - np.einsum("nchw,c->nchw", self.xhat, self.dgamma) / M
        return np.einsum("nchw,c,c->nchw", inner, self.gamma, self.istd)


class LayerNorm:
    """over the last axis of (N, D)"""

    def __init__(self, D, eps=1e-5):
        self.gamma, self.beta, self.eps = np.linspace(0.5, 2, D), np.linspace(-1, 1, D), eps

    def forward(self, x):
        m = x.mean(-1, keepdims=True)
        self.istd = 1 / np.sqrt(x.var(-1, keepdims=True) + self.eps)
        self.xhat = (x - m) * self.istd
        return self.xhat * self.gamma + self.beta

    def backward(self, dout):
        self.dbeta = np.einsum("nd->d", dout)
        self.dgamma = np.einsum("nd,nd->d", dout, self.xhat)
        dxhat = np.einsum("nd,d->nd", dout, self.gamma)
        along = np.einsum("nd,nd->n", dxhat, self.xhat)[:, None] / dout.shape[1]
        return self.istd * (dxhat - dxhat.mean(-1, keepdims=True) - self.xhat * along)


class GroupNorm:
    """the channels of one group and one image have mean 0 and variance 1"""

    def __init__(self, groups, C, eps=1e-5):
        self.G = groups
        self.gamma, self.beta, self.eps = np.linspace(0.5, 2, C), np.linspace(-1, 1, C), eps

    def forward(self, x):
        N = x.shape[0]
        flat = x.reshape(N, self.G, -1)
        self.sd = np.sqrt(flat.var(axis=2, keepdims=True) + self.eps)
        self.xhat = ((flat - flat.mean(axis=2, keepdims=True)) / self.sd).reshape(x.shape)
        return self.xhat * self.gamma[:, None, None] + self.beta[:, None, None]

    def backward(self, dout):
        N = dout.shape[0]
        self.dbeta = dout.sum((0, 2, 3))
        self.dgamma = (dout * self.xhat).sum((0, 2, 3))
        dflat = (dout * self.gamma[:, None, None]).reshape(N, self.G, -1)
        xflat = self.xhat.reshape(N, self.G, -1)
        proj = (dflat * xflat).mean(axis=2, keepdims=True)
        return ((dflat - dflat.mean(axis=2, keepdims=True) - xflat * proj) / self.sd).reshape(dout.shape)


class RMSNorm:

    def __init__(self, D, eps=1e-6):
        self.gamma, self.eps = np.linspace(0.5, 2, D), eps

    def forward(self, x):
        self.x = x
        self.r = np.sqrt((x ** 2).mean(-1, keepdims=True) + self.eps)
        return self.gamma * x / self.r

    def backward(self, dout):
        D = dout.shape[-1]
        self.dgamma = (dout * self.x / self.r).sum(0)
        g = dout * self.gamma
        return g / self.r - self.x * (g * self.x).sum(-1, keepdims=True) / (D * self.r ** 3)


class BandLRN:
    """across channels; which channel sees which is a matrix of 0 and 1"""

    def __init__(self, n=5, k=2.0, alpha=0.5, beta=0.75):
        self.n, self.k, self.alpha, self.power = n, k, alpha, beta

    def band(self, C):
        i, j = np.indices((C, C))
        return (np.abs(i - j) <= self.n // 2).astype(float)

    def forward(self, x):
        self.x = x
        self.scale = self.k + self.alpha * np.einsum("cd,ndhw->nchw", self.band(x.shape[1]), x ** 2)
        return x * self.scale ** -self.power

    def backward(self, dout):
        inner = dout * self.x * self.scale ** (-self.power - 1)
        back = np.einsum("cd,nchw->ndhw", self.band(dout.shape[1]), inner)
        return dout * self.scale ** -self.power - 2 * self.alpha * self.power * self.x * back
