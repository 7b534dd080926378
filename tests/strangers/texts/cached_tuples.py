# Assignment 2. forward saves what is needed in self.cache, backward returns ALL the gradients:
#     grad_input, grad_weight, grad_bias = layer.backward(grad_output)
import numpy as np


class Linear:
    def __init__(self, in_features, out_features):
        g = np.random.default_rng(0)
        self.weight = g.standard_normal((in_features, out_features)) * 0.5
        self.bias = g.standard_normal(out_features) * 0.5
        self.cache = None

    def forward(self, x):
        self.cache = x
        return x @ self.weight + self.bias

    def backward(self, grad_output):
        x = self.cache
        grad_input = grad_output @ self.weight.T
        grad_weight = x.T @ grad_output
        grad_bias = grad_output.sum(0)
        return grad_input, grad_weight, grad_bias


class Conv2d:
    '''plain loops, slow but clear'''

    def __init__(self, in_channels, out_channels, kernel_size, stride=(1, 1), padding=(0, 0), groups=1):
        g = np.random.default_rng(1)
        self.stride, self.padding, self.groups = stride, padding, groups
        self.weight = g.standard_normal((out_channels, in_channels // groups) + kernel_size) * 0.5
        self.bias = g.standard_normal(out_channels) * 0.5
        self.cache = None

    def forward(self, x):
        N, C, H, W = x.shape
        K, Cg, R, S = self.weight.shape
        sh, sw = self.stride
        ph, pw = self.padding
        P = (H + 2 * ph - R) // sh + 1
        Q = (W + 2 * pw - S) // sw + 1
        out = np.zeros((N, K, P, Q))
        for n in range(N):
            for k in range(K):
                first = k // (K // self.groups) * Cg
                for p in range(P):
                    for q in range(Q):
                        total = self.bias[k]
                        for c in range(Cg):
                            for r in range(R):
                                for s in range(S):
                                    h = p * sh + r - ph
                                    w = q * sw + s - pw
                                    if 0 <= h < H and 0 <= w < W:
                                        total += x[n, first + c, h, w] * self.weight[k, c, r, s]
                        out[n, k, p, q] = total
        self.cache = x
        return out

    def backward(self, grad_output):
        x = self.cache
        N, C, H, W = x.shape
        K, Cg, R, S = self.weight.shape
        (vertical, horizontal), (ph, pw) = self.stride, self.padding
        grad_input = np.zeros(x.shape)
        grad_weight = np.zeros(self.weight.shape)
        grad_bias = np.zeros(K)
        for n in range(N):
            for k in range(K):
                begin = k // (K // self.groups) * Cg
                for p in range(grad_output.shape[2]):
                    for q in range(grad_output.shape[3]):
                        g = grad_output[n, k, p, q]
                        grad_bias[k] += g
                        for c in range(Cg):
                            for r in range(R):
                                for s in range(S):
                                    row = p * vertical + r - ph
                                    col = q * horizontal + s - pw
                                    if row >= 0 and row < H and col >= 0 and col < W:
                                        grad_input[n, begin + c, row, col] += g * self.weight[k, c, r, s]
                                        grad_weight[k, c, r, s] += g * x[n, begin + c, row, col]
        return grad_input, grad_weight, grad_bias


class Conv1d:
    def __init__(self, in_channels, out_channels, width, stride=1):
        g = np.random.default_rng(2)
        self.width, self.stride = width, stride
        self.weight = g.standard_normal((out_channels, in_channels, width)) * 0.5
        self.bias = g.standard_normal(out_channels) * 0.5
        self.cache = None

    def forward(self, x):
        count = (x.shape[2] - self.width) // self.stride + 1
        windows = np.stack([x[:, :, t * self.stride:t * self.stride + self.width] for t in range(count)])
        self.cache = windows, x.shape
        return np.einsum("tncs,kcs->nkt", windows, self.weight) + self.bias[:, None]

    def backward(self, grad_output):
        windows, shape = self.cache
        grad_weight = np.einsum("tncs,nkt->kcs", windows, grad_output)
        grad_bias = np.einsum("nkt->k", grad_output)
        grad_windows = np.einsum("nkt,kcs->tncs", grad_output, self.weight)
        grad_input = np.zeros(shape)
        for t, window in enumerate(grad_windows):
            start = t * self.stride
            grad_input[:, :, start:start + self.width] += window
        return grad_input, grad_weight, grad_bias


class Bias2d:
    '''one number for each channel is added to an image'''

    def __init__(self, channels):
        self.bias = np.linspace(-1, 1, channels)
        self.cache = None

    def forward(self, x):
        return x + self.bias[:, None, None]

    def backward(self, grad_output):
        grad_bias = grad_output.sum(axis=(0, 2, 3))
        return grad_output, grad_bias


class Upsample:
    '''every pixel becomes factor x factor pixels'''

    def __init__(self, factor):
        self.factor = factor
        self.cache = None

    def forward(self, x):
        self.cache = x.shape
        return x.repeat(self.factor, axis=2).repeat(self.factor, axis=3)

    def backward(self, grad_output):
        N, C, H, W = self.cache
        f = self.factor
        return grad_output.reshape(N, C, H, f, W, f).sum(axis=(3, 5))


class Softplus:
    def forward(self, x):
        self.cache = x
        return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)

    def backward(self, grad_output):
        x = self.cache
        return grad_output / (1 + np.exp(-x))


class Swish:
    def forward(self, x):
        gate = 1 / (1 + np.exp(-x))
        self.cache = x, gate
        return x * gate

    def backward(self, grad_output):
        x, gate = self.cache
        return grad_output * (gate + x * gate * (1 - gate))


class CrossEntropyLoss:
    def forward(self, logits, labels):
        z = logits - logits.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self.cache = np.exp(log_p), labels
        return -log_p[np.arange(len(labels)), labels].mean()

    def backward(self):
        p, labels = self.cache
        grad = p.copy()
        grad[np.arange(len(labels)), labels] -= 1
        return grad / len(labels)


class MSELoss:
    def forward(self, prediction, target):
        self.cache = prediction - target
        return (self.cache ** 2).mean()

    def backward(self):
        return 2 * self.cache / self.cache.size
