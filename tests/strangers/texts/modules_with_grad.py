"""Modules whose parameters have .data and .grad; backward adds to .grad, and zero_grad empties it."""
import math

import numpy as np


class Parameter:
    def __init__(self, data):
        self.data = np.asarray(data, dtype=float)
        self.grad = np.zeros_like(self.data)

    @property
    def shape(self):
        return self.data.shape


class Module:
    def __init__(self):
        self.training = True

    def parameters(self):
        return [value for value in self.__dict__.values() if isinstance(value, Parameter)]

    def zero_grad(self):
        for p in self.parameters():
            p.grad = np.zeros_like(p.data)

    def train(self, mode=True):
        self.training = mode
        return self

    def eval(self):
        return self.train(False)

    def __call__(self, *args):
        return self.forward(*args)


class Linear(Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        bound = 1 / math.sqrt(in_features)
        self.weight = Parameter(np.random.uniform(-bound, bound, (out_features, in_features)))
        self.bias = Parameter(np.random.uniform(-bound, bound, out_features))

    def forward(self, x):
        self.x = x
        return x @ self.weight.data.T + self.bias.data

    def backward(self, grad_output):
        self.weight.grad += grad_output.T @ self.x
        self.bias.grad += grad_output.sum(0)
        return grad_output @ self.weight.data


class Conv2d(Module):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, groups=1):
        super().__init__()
        kh, kw = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
        bound = 1 / math.sqrt(in_channels // groups * kh * kw)
        self.weight = Parameter(np.random.uniform(-bound, bound, (out_channels, in_channels // groups, kh, kw)))
        self.bias = Parameter(np.random.uniform(-bound, bound, out_channels))
        self.stride, self.padding, self.groups = stride, padding, groups

    def unfold(self, x):
        """(N, C, H, W) -> (N, C, kh, kw, out_h, out_w), without a copy."""
        kh, kw = self.weight.shape[2:]
        p, s = self.padding, self.stride
        x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        view = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::s, ::s]
        return view.transpose(0, 1, 4, 5, 2, 3)

    def forward(self, x):
        self.x = x
        columns = self.unfold(x)
        n, c, kh, kw, oh, ow = columns.shape
        g = self.groups
        columns = columns.reshape(n, g, -1, oh * ow)
        weight = self.weight.data.reshape(g, len(self.weight.data) // g, -1)
        out = weight @ columns
        return out.reshape(n, -1, oh, ow) + self.bias.data[:, None, None]

    def backward(self, grad_output):
        columns = self.unfold(self.x)
        n, c, kh, kw, oh, ow = columns.shape
        g, s, p = self.groups, self.stride, self.padding
        weight = self.weight.data.reshape(g, len(self.weight.data) // g, -1)
        grad = grad_output.reshape(n, g, -1, oh * ow)
        columns = columns.reshape(n, g, -1, oh * ow)
        self.weight.grad += np.einsum('ngkl,ngdl->gkd', grad, columns).reshape(self.weight.shape)
        self.bias.grad += grad_output.sum((0, 2, 3))
        back = (weight.transpose(0, 2, 1) @ grad).reshape(n, c, kh, kw, oh, ow)
        h, w = self.x.shape[2:]
        padded = np.zeros((n, c, h + 2 * p, w + 2 * p))
        for i in range(kh):
            for j in range(kw):
                padded[:, :, i:i + s * oh:s, j:j + s * ow:s] += back[:, :, i, j]
        return padded[:, :, p:p + h, p:p + w]


class MaxPool2d(Module):
    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self.kernel_size, self.stride, self.padding = kernel_size, stride or kernel_size, padding

    def forward(self, x):
        k, s, p = self.kernel_size, self.stride, self.padding
        self.x_shape = x.shape
        x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)), constant_values=-np.inf)
        view = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(2, 3))[:, :, ::s, ::s]
        flat = view.reshape(*view.shape[:4], k * k)
        self.index = flat.argmax(-1)
        return flat.max(-1)

    def backward(self, grad_output):
        k, s, p = self.kernel_size, self.stride, self.padding
        n, c, h, w = self.x_shape
        grad = np.zeros((n, c, h + 2 * p, w + 2 * p))
        b, d, i, j = np.indices(grad_output.shape)
        rows, cols = i * s + self.index // k, j * s + self.index % k
        np.add.at(grad, (b, d, rows, cols), grad_output)
        return grad[:, :, p:p + h, p:p + w]


class LocalResponseNorm(Module):
    """x / (k + alpha / size * the sum of size squares) ** beta, across channels."""

    def __init__(self, size, alpha=0.5, beta=0.75, k=1.0):
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def around(self, a):
        before = self.size // 2
        out = np.zeros_like(a)
        for c in range(a.shape[1]):
            out[:, c] = a[:, max(0, c - before):c + self.size - before].sum(1)
        return out

    def forward(self, x):
        self.x = x
        self.denominator = self.k + self.alpha / self.size * self.around(x * x)
        return x / self.denominator ** self.beta

    def backward(self, grad_output):
        ratio = grad_output * self.x / self.denominator ** (self.beta + 1)
        cross = 2 * self.alpha * self.beta / self.size * self.x * self.around(ratio)
        return grad_output / self.denominator ** self.beta - cross


class CrossEntropyLoss(Module):
    """forward(logits, target): the mean over the batch. backward() gives the gradient of the logits."""

    def forward(self, logits, target):
        self.target = target
        logits = logits - logits.max(1, keepdims=True)
        self.log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        return -self.log_p[np.arange(len(target)), target].mean()

    def backward(self):
        grad = np.exp(self.log_p)
        grad[np.arange(len(grad)), self.target] -= 1
        return grad / len(grad)


class Dropout(Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            self.mask = np.ones_like(x)
        else:
            self.mask = (np.random.random(x.shape) > self.p).astype(x.dtype) / (1 - self.p)
        return x * self.mask

    def backward(self, grad_output):
        return grad_output * self.mask
