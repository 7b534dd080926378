"""Keras-like layers in NumPy. Images are (batch, height, width, channels), kernels (height, width, in, out).

    conv = Conv2D(8, (3, 3), strides=(1, 1), padding="same")
    y = conv(x)                 # builds the weights when it sees x for the first time
    dx = conv.gradient(dy)
"""
import math
import numpy as np


class KerasLayer:
    built = False

    def build(self, input_shape):
        pass

    def __call__(self, inputs, **kwargs):
        if not self.built:
            self.build(inputs.shape)
            self.built = True
        return self.call(inputs, **kwargs)


def same_padding(size, k, s):
    out = math.ceil(size / s)
    total = max((out - 1) * s + k - size, 0)
    return total // 2, total - total // 2


class Conv2D(KerasLayer):

    def __init__(self, filters, kernel_size, strides=(1, 1), padding="valid"):
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding

    def build(self, input_shape):
        gen = np.random.default_rng(2)
        limit = 0.8
        self.kernel = gen.uniform(-limit, limit, self.kernel_size + (input_shape[-1], self.filters))
        self.bias = gen.uniform(-limit, limit, (self.filters,))

    def call(self, inputs):
        kh, kw = self.kernel_size
        sh, sw = self.strides
        n, h, w, c = inputs.shape
        self.in_hw = h, w
        (top, bottom), (left, right) = (0, 0), (0, 0)
        if self.padding == "same":
            (top, bottom), (left, right) = same_padding(h, kh, sh), same_padding(w, kw, sw)
        self.before = top, left
        self.after = bottom, right
        xp = np.pad(inputs, ((0, 0), (top, bottom), (left, right), (0, 0)))
        oh, ow = (xp.shape[1] - kh) // sh + 1, (xp.shape[2] - kw) // sw + 1
        out = np.zeros((n, oh, ow, self.filters))
        for i in range(kh):
            for j in range(kw):
                out += xp[:, i:i + oh * sh:sh, j:j + ow * sw:sw, :] @ self.kernel[i, j]
        self.xp = xp
        return out + self.bias

    def gradient(self, dy):
        kh, kw = self.kernel_size
        sh, sw = self.strides
        n, oh, ow, _ = dy.shape
        h, w = self.in_hw
        dxp = np.zeros_like(self.xp)
        self.kernel_gradient = np.zeros_like(self.kernel)
        for i in range(kh):
            for j in range(kw):
                patch = self.xp[:, i:i + oh * sh:sh, j:j + ow * sw:sw, :]
                self.kernel_gradient[i, j] = np.tensordot(patch, dy, axes=([0, 1, 2], [0, 1, 2]))
                dxp[:, i:i + oh * sh:sh, j:j + ow * sw:sw, :] += dy @ self.kernel[i, j].T
        self.bias_gradient = dy.sum(axis=(0, 1, 2))
        top, left = self.before
        return dxp[:, top:top + h, left:left + w, :]


class DepthwiseConv2D(KerasLayer):
    """one kernel for each channel; kernel (height, width, channels)"""

    def __init__(self, kernel_size):
        self.kernel_size = kernel_size

    def build(self, input_shape):
        gen = np.random.default_rng(4)
        self.kernel = gen.uniform(-0.8, 0.8, self.kernel_size + (input_shape[-1],))

    def call(self, inputs):
        kh, kw = self.kernel_size
        self.inputs = inputs
        oh, ow = inputs.shape[1] - kh + 1, inputs.shape[2] - kw + 1
        return sum(inputs[:, i:i + oh, j:j + ow] * self.kernel[i, j] for i in range(kh) for j in range(kw))

    def gradient(self, dy):
        kh, kw = self.kernel_size
        oh, ow = dy.shape[1:3]
        dx = np.zeros_like(self.inputs)
        self.kernel_gradient = np.zeros_like(self.kernel)
        for i in range(kh):
            for j in range(kw):
                self.kernel_gradient[i, j] = (self.inputs[:, i:i + oh, j:j + ow] * dy).sum(axis=(0, 1, 2))
                dx[:, i:i + oh, j:j + ow] += dy * self.kernel[i, j]
        return dx


class MaxPooling2D(KerasLayer):

    def __init__(self, pool_size=(2, 2), strides=None):
        self.pool_size = pool_size
        self.strides = strides or pool_size

    def call(self, inputs):
        (ph, pw), (sh, sw) = self.pool_size, self.strides
        n, h, w, c = inputs.shape
        oh, ow = (h - ph) // sh + 1, (w - pw) // sw + 1
        self.inputs = inputs
        self.out = np.zeros((n, oh, ow, c))
        for i in range(oh):
            for j in range(ow):
                self.out[:, i, j] = inputs[:, i * sh:i * sh + ph, j * sw:j * sw + pw].max(axis=(1, 2))
        return self.out

    def gradient(self, dy):
        (ph, pw), (sh, sw) = self.pool_size, self.strides
        dx = np.zeros(self.inputs.shape)
        for i in range(dy.shape[1]):
            for j in range(dy.shape[2]):
                window = self.inputs[:, i * sh:i * sh + ph, j * sw:j * sw + pw]
                winners = window == self.out[:, i, j][:, None, None, :]
                dx[:, i * sh:i * sh + ph, j * sw:j * sw + pw] += winners * dy[:, i, j][:, None, None, :]
        return dx


class AveragePooling2D(KerasLayer):

    def __init__(self, pool_size=(2, 2), strides=(1, 1)):
        self.pool_size = pool_size
        self.strides = strides

    def call(self, inputs):
        (ph, pw), (sh, sw) = self.pool_size, self.strides
        n, h, w, c = inputs.shape
        self.shape = inputs.shape
        oh, ow = (h - ph) // sh + 1, (w - pw) // sw + 1
        total = np.zeros((n, oh, ow, c))
        for i in range(ph):
            for j in range(pw):
                total += inputs[:, i:i + oh * sh:sh, j:j + ow * sw:sw]
        return total / (ph * pw)

    def gradient(self, dy):
        (ph, pw), (sh, sw) = self.pool_size, self.strides
        n, oh, ow, c = dy.shape
        share = dy / float(ph * pw)
        dx = np.zeros(self.shape)
        for i in range(ph):
            for j in range(pw):
                dx[:, i:i + oh * sh:sh, j:j + ow * sw:sw] += share
        return dx


class GlobalAveragePooling2D(KerasLayer):

    def call(self, inputs):
        self.shape = inputs.shape
        return inputs.mean(axis=(1, 2))

    def gradient(self, dy):
        n, h, w, c = self.shape
        return np.ones(self.shape) * dy.reshape(n, 1, 1, c) / (h * w)


class BatchNormalization(KerasLayer):

    def __init__(self, momentum=0.99, epsilon=1e-3):
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):
        c = input_shape[-1]
        self.gamma = np.linspace(0.6, 1.4, c)
        self.beta = np.linspace(-0.5, 0.5, c)
        self.moving_mean = np.zeros(c)
        self.moving_variance = np.ones(c)

    def call(self, inputs, training=False):
        self.axes = tuple(range(inputs.ndim - 1))
        self.training = training
        if training:
            mean, var = inputs.mean(axis=self.axes), inputs.var(axis=self.axes)
            self.moving_mean = self.moving_mean * self.momentum + mean * (1 - self.momentum)
            self.moving_variance = self.moving_variance * self.momentum + var * (1 - self.momentum)
        else:
            mean, var = self.moving_mean, self.moving_variance
        self.inv_std = (var + self.epsilon) ** -0.5
        self.x_hat = (inputs - mean) * self.inv_std
        return self.gamma * self.x_hat + self.beta

    def gradient(self, dy):
        self.beta_gradient = dy.sum(axis=self.axes)
        self.gamma_gradient = (dy * self.x_hat).sum(axis=self.axes)
        dx_hat = dy * self.gamma
        if not self.training:
            return dx_hat * self.inv_std
        mean_d = dx_hat.mean(axis=self.axes)
        mean_dx = (dx_hat * self.x_hat).mean(axis=self.axes)
        return self.inv_std * (dx_hat - mean_d - self.x_hat * mean_dx)
