'''
CNN layers, homework 3.
each weight is a dict {"val": ..., "grad": ...} so that the optimizer can do w["val"] -= lr * w["grad"]
'''
import numpy as np


class Conv:
    def __init__(self, Cin, Cout, F, stride=1, padding=0, groups=1):
        rs = np.random.RandomState(11)
        self.F = F
        self.S = stride
        self.P = padding
        self.G = groups
        self.W = {"val": rs.normal(0.0, 0.5, (Cout, Cin // groups, F, F)), "grad": 0}
        self.b = {"val": rs.normal(0.0, 0.5, Cout), "grad": 0}
        self.X = None

    def forward(self, X):
        F, S, P = self.F, self.S, self.P
        self.inshape = X.shape
        X = np.pad(X, ((0, 0), (0, 0), (P, P), (P, P)))
        self.X = X
        N, C, H, W = X.shape
        K = self.W["val"].shape[0]
        ci, co = C // self.G, K // self.G
        OH = (H - F) // S + 1
        OW = (W - F) // S + 1
        Y = np.zeros((N, K, OH, OW))
        for g in range(self.G):
            kern = self.W["val"][g * co:(g + 1) * co]
            for i in range(OH):
                for j in range(OW):
                    patch = X[:, g * ci:(g + 1) * ci, i * S:i * S + F, j * S:j * S + F]
                    Y[:, g * co:(g + 1) * co, i, j] = np.tensordot(patch, kern, axes=([1, 2, 3], [1, 2, 3]))
        return Y + self.b["val"].reshape(1, -1, 1, 1)

    def backward(self, dout):
        F, S, P = self.F, self.S, self.P
        N, C, H, W = self.inshape
        K, OH, OW = dout.shape[1:]
        ci, co = C // self.G, K // self.G
        dX = np.zeros_like(self.X)
        dW = np.zeros_like(self.W["val"])
        for g in range(self.G):
            back_kern = self.W["val"][g * co:(g + 1) * co]
            for i in range(OH):
                for j in range(OW):
                    d = dout[:, g * co:(g + 1) * co, i, j]          # (N, co)
                    win = (slice(None), slice(g * ci, (g + 1) * ci), slice(i * S, i * S + F), slice(j * S, j * S + F))
                    dX[win] += np.tensordot(d, back_kern, axes=(1, 0))
                    dW[g * co:(g + 1) * co] += np.tensordot(d, self.X[win], axes=(0, 0))
        self.W["grad"] = dW
        self.b["grad"] = dout.sum(axis=(0, 2, 3))
        return dX[:, :, P:P + H, P:P + W]


class MaxPool:
    def __init__(self, F, stride):
        self.F, self.S = F, stride

    def forward(self, X):
        F, S = self.F, self.S
        N, C, H, W = X.shape
        self.shape = X.shape
        OH, OW = (H - F) // S + 1, (W - F) // S + 1
        Y = np.zeros((N, C, OH, OW))
        self.best = np.zeros((N, C, OH, OW), dtype=int)
        for i in range(OH):
            for j in range(OW):
                flat = X[:, :, i * S:i * S + F, j * S:j * S + F].reshape(N, C, F * F)
                self.best[:, :, i, j] = flat.argmax(axis=2)
                Y[:, :, i, j] = flat.max(axis=2)
        return Y

    def backward(self, dout):
        F, S = self.F, self.S
        dX = np.zeros(self.shape)
        N, C, OH, OW = dout.shape
        for n in range(N):
            for c in range(C):
                for i in range(OH):
                    for j in range(OW):
                        r, s = divmod(self.best[n, c, i, j], F)
                        dX[n, c, i * S + r, j * S + s] += dout[n, c, i, j]
        return dX


class FC:
    def __init__(self, Din, Dout):
        rs = np.random.RandomState(5)
        self.W = {"val": rs.normal(0.0, 0.5, (Din, Dout)), "grad": 0}
        self.b = {"val": rs.normal(0.0, 0.5, Dout), "grad": 0}

    def forward(self, X):
        self.oldshape = X.shape
        self.flat = X.reshape(X.shape[0], -1)
        return self.flat.dot(self.W["val"]) + self.b["val"]

    def backward(self, dout):
        dX = dout.dot(self.W["val"].T).reshape(self.oldshape)
        self.W["grad"] = self.flat.T.dot(dout)
        self.b["grad"] = dout.sum(axis=0)
        return dX


class LeakyReLU:
    def __init__(self, slope=0.1):
        self.slope = slope

    def forward(self, X):
        self.X = X
        return np.where(X > 0, X, self.slope * X)

    def backward(self, dout):
        return dout * np.where(self.X > 0, 1.0, self.slope)


class Softmax:
    '''over the last axis, with the full Jacobian'''

    def forward(self, X):
        e = np.exp(X - X.max(axis=-1, keepdims=True))
        self.Y = e / e.sum(axis=-1, keepdims=True)
        return self.Y

    def backward(self, dout):
        inner = (dout * self.Y).sum(axis=-1, keepdims=True)
        return self.Y * (dout - inner)
