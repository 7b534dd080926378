"""Whole networks: a perceptron that returns its loss and a dictionary of gradients, and a small LeNet."""
import numpy as np


class TwoLayerNet:
    """affine - relu - affine - softmax, with L2 regularisation"""

    def __init__(self, n_in, n_hidden, n_out, reg=0.1):
        rng = np.random.RandomState(3)
        self.reg = reg
        self.params = {
            "W1": 0.5 * rng.randn(n_in, n_hidden),
            "b1": 0.5 * rng.randn(n_hidden),
            "W2": 0.5 * rng.randn(n_hidden, n_out),
            "b2": 0.5 * rng.randn(n_out),
        }

    def loss(self, x, y):
        W1, b1, W2, b2 = (self.params[k] for k in ("W1", "b1", "W2", "b2"))
        N = x.shape[0]
        z1 = x.dot(W1) + b1
        h = np.maximum(z1, 0)
        scores = h.dot(W2) + b2
        scores = scores - scores.max(axis=1, keepdims=True)
        p = np.exp(scores)
        p /= p.sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(N), y]).mean() + self.reg * (np.sum(W1 ** 2) + np.sum(W2 ** 2))

        grads = {}
        ds = p.copy()
        ds[np.arange(N), y] -= 1
        ds /= N
        grads["W2"] = h.T.dot(ds) + 2 * self.reg * W2
        grads["b2"] = ds.sum(axis=0)
        dh = ds.dot(W2.T)
        dz1 = dh * (z1 > 0)
        grads["W1"] = x.T.dot(dz1) + 2 * self.reg * W1
        grads["b1"] = dz1.sum(axis=0)
        return loss, grads


class Linear:
    def __init__(self, n_in, n_out, rng):
        self.w = rng.randn(n_in, n_out) / np.sqrt(n_in)
        self.b = 0.3 * rng.randn(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, d):
        self.dw = self.x.T @ d
        self.db = d.sum(0)
        return d @ self.w.T


class Conv:
    def __init__(self, c, k, size, rng, pad=0):
        self.size, self.pad = size, pad
        self.w = rng.randn(k, c, size, size) / size
        self.b = 0.3 * rng.randn(k)

    def forward(self, x):
        p, f = self.pad, self.size
        self.x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        oh, ow = self.x.shape[2] - f + 1, self.x.shape[3] - f + 1
        y = np.zeros((len(x), len(self.w), oh, ow))
        for r in range(f):
            for s in range(f):
                y += np.einsum("nchw,kc->nkhw", self.x[:, :, r:r + oh, s:s + ow], self.w[:, :, r, s])
        return y + self.b[:, None, None]

    def backward(self, d):
        p, f = self.pad, self.size
        oh, ow = d.shape[2:]
        dx = np.zeros_like(self.x)
        self.dw = np.zeros_like(self.w)
        for r in range(f):
            for s in range(f):
                self.dw[:, :, r, s] = np.einsum("nkhw,nchw->kc", d, self.x[:, :, r:r + oh, s:s + ow])
                dx[:, :, r:r + oh, s:s + ow] += np.einsum("nkhw,kc->nchw", d, self.w[:, :, r, s])
        self.db = d.sum((0, 2, 3))
        return dx[:, :, p:dx.shape[2] - p, p:dx.shape[3] - p]


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, d):
        return d * (1 - self.y ** 2)


class Relu:
    def forward(self, x):
        self.on = x > 0
        return x * self.on

    def backward(self, d):
        return d * self.on


class MeanPool:
    """2 x 2, as in LeNet"""

    def forward(self, x):
        n, c, h, w = x.shape
        return x.reshape(n, c, h // 2, 2, w // 2, 2).mean(axis=(3, 5))

    def backward(self, d):
        return d.repeat(2, axis=2).repeat(2, axis=3) / 4


class Flatten:
    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, d):
        return d.reshape(self.shape)


class Sequential:
    def __init__(self, *layers):
        self.layers = list(layers)

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, d):
        for layer in reversed(self.layers):
            d = layer.backward(d)
        return d


def lenet():
    rng = np.random.RandomState(1)
    return Sequential(Conv(1, 2, 3, rng, pad=1), Tanh(), MeanPool(), Conv(2, 3, 2, rng), Relu(), Flatten(), Linear(18, 4, rng))


class Classifier:
    """layers in a list, squared hinge loss; the gradients are in self.grads, by the number of the layer"""

    def __init__(self, sizes):
        rng = np.random.RandomState(6)
        self.layers = []
        for n_in, n_out in zip(sizes[:-1], sizes[1:]):
            self.layers += [Linear(n_in, n_out, rng), Tanh()]
        self.layers.pop()
        self.grads = {}

    def forward(self, x, y):
        for layer in self.layers:
            x = layer.forward(x)
        n = len(y)
        right = x[np.arange(n), y][:, None]
        self.margin = np.maximum(0, x - right + 1)
        self.margin[np.arange(n), y] = 0
        self.y = y
        return (self.margin ** 2).sum() / n

    def backward(self):
        n = len(self.y)
        d = 2 * self.margin / n
        d[np.arange(n), self.y] = -d.sum(axis=1)
        for i in range(len(self.layers) - 1, -1, -1):
            d = self.layers[i].backward(d)
            if isinstance(self.layers[i], Linear):
                self.grads["w%d" % i] = self.layers[i].dw
                self.grads["b%d" % i] = self.layers[i].db
        return d
