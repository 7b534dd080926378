"""A mini autograd in the manner of torch.autograd.Function, with NumPy arrays.

A Function has two static methods: forward(ctx, *inputs) -> output, which saves in ctx what backward needs, and
backward(ctx, grad_output) -> one gradient for every input of forward (None for what is no array).
"""
import numpy as np


class Context:
    def __init__(self):
        self.saved_tensors = ()

    def save_for_backward(self, *arrays):
        self.saved_tensors = arrays


class Function:
    @classmethod
    def apply(cls, *args):
        ctx = Context()
        return cls.forward(ctx, *args), ctx


class LinearFunction(Function):
    # weight is (out, in) as in torch
    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return x.dot(weight.T) + bias

    @staticmethod
    def backward(ctx, grad_output):
        x, weight = ctx.saved_tensors
        grad_x = grad_output.dot(weight)
        grad_weight = grad_output.T.dot(x)
        grad_bias = grad_output.sum(0)
        return grad_x, grad_weight, grad_bias


def correlate(a, b):
    """a (N, C, H, W) with b (K, C, R, S), stride 1 and no padding"""
    R, S = b.shape[2:]
    P, Q = a.shape[2] - R + 1, a.shape[3] - S + 1
    result = np.zeros((a.shape[0], b.shape[0], P, Q))
    for r in range(R):
        for s in range(S):
            result += np.tensordot(a[:, :, r:r + P, s:s + Q], b[:, :, r, s], axes=(1, 1)).transpose(0, 3, 1, 2)
    return result


class Conv2dFunction(Function):
    """backward without im2col: dx is a full correlation of the spread gradient with the rotated kernels"""

    @staticmethod
    def forward(ctx, x, weight, bias, stride=1, padding=0):
        xp = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
        ctx.save_for_backward(xp, weight)
        ctx.stride, ctx.padding = stride, padding
        return correlate(xp, weight)[:, :, ::stride, ::stride] + bias[None, :, None, None]

    @staticmethod
    def backward(ctx, grad_output):
        xp, weight = ctx.saved_tensors
        K, C, R, S = weight.shape
        N, _, H, W = xp.shape
        spread = np.zeros((N, K, H - R + 1, W - S + 1))
        spread[:, :, ::ctx.stride, ::ctx.stride] = grad_output
        rotated = weight[:, :, ::-1, ::-1]
        full = np.pad(spread, ((0, 0), (0, 0), (R - 1, R - 1), (S - 1, S - 1)))
        grad_xp = correlate(full, rotated.transpose(1, 0, 2, 3))
        p = ctx.padding
        grad_x = grad_xp[:, :, p:H - p, p:W - p]
        grad_weight = correlate(xp.transpose(1, 0, 2, 3), spread.transpose(1, 0, 2, 3)).transpose(1, 0, 2, 3)
        grad_bias = grad_output.sum((0, 2, 3))
        return grad_x, grad_weight, grad_bias, None, None


class MaxPoolFunction(Function):
    @staticmethod
    def forward(ctx, x, size=2, stride=2):
        N, C, H, W = x.shape
        P, Q = (H - size) // stride + 1, (W - size) // stride + 1
        rows = stride * np.arange(P)[:, None, None, None] + np.arange(size)[None, None, :, None]
        cols = stride * np.arange(Q)[None, :, None, None] + np.arange(size)[None, None, None, :]
        patches = x[:, :, rows, cols].reshape(N, C, P, Q, size * size)
        best = patches.argmax(axis=-1)
        n, c, p, q = np.ogrid[:N, :C, :P, :Q]
        ctx.where = n, c, p * stride + best // size, q * stride + best % size
        ctx.shape = x.shape
        return patches.max(axis=-1)

    @staticmethod
    def backward(ctx, grad_output):
        grad_x = np.zeros(ctx.shape)
        np.add.at(grad_x, ctx.where, grad_output)
        return grad_x, None, None


class LogSoftmaxFunction(Function):
    @staticmethod
    def forward(ctx, x):
        shifted = x - x.max(1, keepdims=True)
        out = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad_output):
        out, = ctx.saved_tensors
        return grad_output - np.exp(out) * grad_output.sum(1, keepdims=True)


class SigmoidFunction(Function):
    @staticmethod
    def forward(ctx, x):
        out = 1.0 / (1.0 + np.exp(-x))
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx, grad_output):
        x, out = ctx.saved_tensors
        return grad_output * out * (1 - out)


class ClampFunction(Function):
    @staticmethod
    def forward(ctx, x, low=-1.0, high=1.0):
        ctx.save_for_backward(x)
        ctx.low, ctx.high = low, high
        return np.clip(x, low, high)

    @staticmethod
    def backward(ctx, grad_output):
        x, = ctx.saved_tensors
        return grad_output * ((x > ctx.low) & (x < ctx.high)), None, None


class MultiplyFunction(Function):
    """a gate of each channel: x (N, C, H, W) times gate (N, C)"""

    @staticmethod
    def forward(ctx, x, gate):
        ctx.save_for_backward(x, gate)
        return x * gate[:, :, None, None]

    @staticmethod
    def backward(ctx, grad_output):
        x, gate = ctx.saved_tensors
        return grad_output * gate[:, :, None, None], (grad_output * x).sum((2, 3))
