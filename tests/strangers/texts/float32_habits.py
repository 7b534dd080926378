"""Fast layers: everything is float32 inside, masks are made on the fly, gradients are written in place to save memory."""
import numpy as np

FLOAT = np.float32


class Tensor:
    def __init__(self, data):
        self.data = data.astype(FLOAT)
        self.grad = np.zeros_like(self.data)


class Dense:
    def __init__(self, n_in, n_out):
        self.W = Tensor(np.random.randn(n_in, n_out) / np.sqrt(n_in))
        self.b = Tensor(0.1 * np.random.randn(n_out))

    def forward(self, x):
        self.x = x.astype(FLOAT)
        return self.x @ self.W.data + self.b.data

    def backward(self, dout):
        dout = dout.astype(FLOAT)
        self.W.grad = self.x.T @ dout
        self.b.grad = dout.sum(axis=0)
        return dout @ self.W.data.T


class Conv:
    def __init__(self, c_in, c_out, size, stride=1, pad=0):
        self.size, self.stride, self.pad = size, stride, pad
        self.W = (np.random.randn(c_out, c_in, size, size) / size).astype(FLOAT)
        self.b = (0.1 * np.random.randn(c_out)).astype(FLOAT)

    def forward(self, x):
        x = x.astype(FLOAT)
        k, s, p = self.size, self.stride, self.pad
        self.xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        n, c, h, w = self.xp.shape
        self.oh, self.ow = (h - k) // s + 1, (w - k) // s + 1
        out = np.empty((n, len(self.W), self.oh, self.ow), dtype=FLOAT)
        for i in range(self.oh):
            for j in range(self.ow):
                window = self.xp[:, None, :, i * s:i * s + k, j * s:j * s + k]
                out[:, :, i, j] = (window * self.W).sum(axis=(2, 3, 4)) + self.b
        return out

    def backward(self, dout):
        dout = dout.astype(FLOAT)
        k, s, p = self.size, self.stride, self.pad
        gxp = np.zeros_like(self.xp)
        self.gW = np.zeros_like(self.W)
        for i in range(self.oh):
            for j in range(self.ow):
                d = dout[:, :, i, j][:, :, None, None, None]
                patch = self.xp[:, None, :, i * s:i * s + k, j * s:j * s + k]
                self.gW += (d * patch).sum(axis=0)
                gxp[:, :, i * s:i * s + k, j * s:j * s + k] += (d * self.W).sum(axis=1)
        self.gb = dout.sum(axis=(0, 2, 3))
        h, w = gxp.shape[2:]
        return gxp[:, :, p:h - p, p:w - p]


class ReLU:
    def forward(self, x):
        self.mask = x <= 0
        out = x.copy()
        out[self.mask] = 0
        return out

    def backward(self, dout):
        dout[self.mask] = 0
        return dout


class LeakyReLU:
    def __init__(self, slope=0.2):
        self.slope = slope

    def forward(self, x):
        self.neg = x < 0
        out = x.copy()
        out[self.neg] *= self.slope
        return out

    def backward(self, dout):
        dout[self.neg] *= self.slope
        return dout


class Dropout:
    def __init__(self, p=0.5):
        self.p = p

    def forward(self, x):
        self.keep = np.random.rand(*x.shape) >= self.p
        return x * self.keep / (1 - self.p)

    def backward(self, dout):
        dout *= self.keep
        dout /= 1 - self.p
        return dout


class NoisyGain:
    """multiplies every number by 1 + a little noise"""

    def __init__(self, sigma=0.3):
        self.sigma = sigma

    def forward(self, x):
        self.gain = 1 + self.sigma * np.random.randn(*x.shape)
        return x * self.gain

    def backward(self, dout):
        return dout * self.gain


class DropConnect:
    """dropout of the weights"""

    def __init__(self, n_in, n_out, p=0.3):
        self.p = p
        self.W = np.random.uniform(-1, 1, (n_in, n_out))

    def forward(self, x):
        self.x = x
        self.on = np.random.binomial(1, 1 - self.p, self.W.shape)
        return x.dot(self.W * self.on)

    def backward(self, dout):
        self.gW = self.x.T.dot(dout) * self.on
        return dout.dot((self.W * self.on).T)


class MaxPool:
    def __init__(self, size, stride):
        self.size, self.stride = size, stride

    def forward(self, x):
        x = x.astype(FLOAT)
        f, s = self.size, self.stride
        self.x = x
        n, c, h, w = x.shape
        out = np.zeros((n, c, (h - f) // s + 1, (w - f) // s + 1), dtype=FLOAT)
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                out[:, :, i, j] = x[:, :, i * s:i * s + f, j * s:j * s + f].max(axis=(2, 3))
        return out

    def backward(self, dout):
        f, s = self.size, self.stride
        gx = np.zeros_like(self.x)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                box = self.x[:, :, i * s:i * s + f, j * s:j * s + f]
                first = (box == box.max(axis=(2, 3), keepdims=True))
                gx[:, :, i * s:i * s + f, j * s:j * s + f] += first * dout[:, :, i, j][:, :, None, None]
        return gx


class SoftmaxWithLoss:
    def forward(self, x, t):
        x = x.astype(FLOAT)
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y = e / e.sum(axis=1, keepdims=True)
        self.t = t
        return -np.log(self.y[np.arange(len(t)), t]).mean()

    def backward(self, dout=1):
        dx = self.y.copy()
        dx[np.arange(len(self.t)), self.t] -= 1
        return dout * dx / len(self.t)
