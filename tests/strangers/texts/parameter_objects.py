# A little deep learning toolkit. layers are called: y = layer(x); then layer.backward(g)
import numpy as np

_rng = np.random.RandomState(0)


class Parameter(object):

    def __init__(self, value):
        self.value = value
        self.gradient = np.zeros_like(value)

    def __repr__(self):
        return "Parameter%s" % (self.value.shape,)


class Module(object):

    def __init__(self):
        self.parameters = []
        self.training = True

    def __call__(self, x):
        return self.forward(x)


class Affine(Module):

    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = Parameter(_rng.uniform(-1, 1, (n_out, n_in)))
        self.bias = Parameter(_rng.uniform(-1, 1, (1, n_out)))
        self.parameters = [self.weight, self.bias]

    def forward(self, x):
        self.saved = x
        return x @ self.weight.value.T + self.bias.value

    def backward(self, g):
        self.weight.gradient = g.T @ self.saved
        self.bias.gradient = g.sum(axis=0, keepdims=True)
        return g @ self.weight.value


class Convolution2D(Module):
    """weights are (out, in, kh, kw); one python loop over the kernel, the rest is einsum"""

    def __init__(self, n_in, n_out, kh, kw, step=1, border=0):
        super().__init__()
        self.step, self.border = step, border
        self.kernel = Parameter(_rng.uniform(-1, 1, (n_out, n_in, kh, kw)))
        self.offset = Parameter(_rng.uniform(-1, 1, n_out))
        self.parameters = [self.kernel, self.offset]

    def rows(self, i, count):
        return slice(i, i + self.step * (count - 1) + 1, self.step)

    def forward(self, x):
        q = self.border
        self.padded = np.pad(x, [(0, 0), (0, 0), (q, q), (q, q)], mode="constant")
        kh, kw = self.kernel.value.shape[2:]
        oh = (self.padded.shape[2] - kh) // self.step + 1
        ow = (self.padded.shape[3] - kw) // self.step + 1
        out = np.zeros((x.shape[0], self.kernel.value.shape[0], oh, ow))
        for i in range(kh):
            for j in range(kw):
                part = self.padded[:, :, self.rows(i, oh), self.rows(j, ow)]
                out += np.einsum("nchw,kc->nkhw", part, self.kernel.value[:, :, i, j])
        return out + self.offset.value[None, :, None, None]

    def backward(self, g):
        q = self.border
        kh, kw = self.kernel.value.shape[2:]
        oh, ow = g.shape[2:]
        gx = np.zeros_like(self.padded)
        gk = np.zeros_like(self.kernel.value)
        for i in range(kh):
            for j in range(kw):
                region = self.padded[:, :, self.rows(i, oh), self.rows(j, ow)]
                gk[:, :, i, j] = np.einsum("nkhw,nchw->kc", g, region)
                gx[:, :, self.rows(i, oh), self.rows(j, ow)] += np.einsum("nkhw,kc->nchw", g, self.kernel.value[:, :, i, j])
        self.kernel.gradient = gk
        self.offset.gradient = np.einsum("nkhw->k", g)
        return gx[:, :, q:gx.shape[2] - q, q:gx.shape[3] - q]


class BatchNorm2D(Module):

    def __init__(self, channels, eps=1e-3):
        super().__init__()
        self.eps = eps
        self.scale = Parameter(_rng.uniform(0.5, 1.5, channels))
        self.shift = Parameter(_rng.uniform(-1, 1, channels))
        self.parameters = [self.scale, self.shift]
        self.average = np.zeros(channels)
        self.spread = np.ones(channels)

    def forward(self, x):
        if self.training:
            mu, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
            self.average = 0.9 * self.average + 0.1 * mu
            self.spread = 0.9 * self.spread + 0.1 * var
        else:
            mu, var = self.average, self.spread
        self.inv = 1.0 / np.sqrt(var + self.eps)
        self.normed = (x - mu[:, None, None]) * self.inv[:, None, None]
        return self.normed * self.scale.value[:, None, None] + self.shift.value[:, None, None]

    def backward(self, g):
        count = g.shape[0] * g.shape[2] * g.shape[3]
        self.shift.gradient = g.sum(axis=(0, 2, 3))
        self.scale.gradient = (g * self.normed).sum(axis=(0, 2, 3))
        gn = g * self.scale.value[:, None, None]
        if not self.training:
            return gn * self.inv[:, None, None]
        s1 = gn.sum(axis=(0, 2, 3), keepdims=True)
        s2 = (gn * self.normed).sum(axis=(0, 2, 3), keepdims=True)
        return (gn - s1 / count - self.normed * s2 / count) * self.inv[:, None, None]


class PReLU(Module):
    """one slope for each channel (axis 1)"""

    def __init__(self, channels):
        super().__init__()
        self.slopes = Parameter(_rng.uniform(0.1, 0.4, channels))
        self.parameters = [self.slopes]

    def forward(self, x):
        self.saved = x
        a = self.slopes.value.reshape((1, -1) + (1,) * (x.ndim - 2))
        return np.maximum(x, 0) + a * np.minimum(x, 0)

    def backward(self, g):
        a = self.slopes.value.reshape((1, -1) + (1,) * (self.saved.ndim - 2))
        axes = tuple(k for k in range(g.ndim) if k != 1)
        self.slopes.gradient = (g * np.minimum(self.saved, 0)).sum(axis=axes)
        return np.where(self.saved > 0, g, a * g)


class ELU(Module):

    def forward(self, x):
        self.saved = x
        return np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)

    def backward(self, g):
        return g * np.where(self.saved > 0, 1, np.exp(np.minimum(self.saved, 0)))
