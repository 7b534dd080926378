"""Layers that are called, and build their weights at the first call. Channels last."""
import numpy as np


class Layer:
    def __init__(self):
        self.built = False
        self.weights = {}
        self.gradients = {}

    def build(self, input_shape):
        pass

    def __call__(self, inputs, **kwargs):
        if not self.built:
            self.build(inputs.shape)
            self.built = True
        return self.call(inputs, **kwargs)


class Dense(Layer):
    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, input_shape):
        limit = np.sqrt(6 / (input_shape[-1] + self.units))
        self.weights['kernel'] = np.random.uniform(-limit, limit, (input_shape[-1], self.units))
        self.weights['bias'] = np.zeros(self.units)

    def call(self, inputs):
        self.inputs = inputs
        return inputs @ self.weights['kernel'] + self.weights['bias']

    def gradient(self, dout):
        self.gradients['kernel'] = self.inputs.T @ dout
        self.gradients['bias'] = dout.sum(axis=0)
        return dout @ self.weights['kernel'].T


class Activation(Layer):
    """name: relu, tanh, sigmoid or elu."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def call(self, inputs):
        self.inputs = inputs
        if self.name == 'relu':
            return np.maximum(inputs, 0)
        if self.name == 'tanh':
            return np.tanh(inputs)
        if self.name == 'elu':
            return np.where(inputs > 0, inputs, np.exp(np.minimum(inputs, 0)) - 1)
        return 1 / (1 + np.exp(-inputs))

    def gradient(self, dout):
        if self.name == 'relu':
            return dout * (self.inputs > 0)
        if self.name == 'tanh':
            return dout * (1 - np.tanh(self.inputs) ** 2)
        if self.name == 'elu':
            return dout * np.where(self.inputs > 0, 1, np.exp(np.minimum(self.inputs, 0)))
        s = 1 / (1 + np.exp(-self.inputs))
        return dout * s * (1 - s)


class Conv2D(Layer):
    """padding: 'valid' or 'same'. The kernel is (height, width, channels, filters)."""

    def __init__(self, filters, kernel_size, strides=(1, 1), padding='valid'):
        super().__init__()
        self.filters, self.kernel_size, self.strides, self.padding = filters, kernel_size, strides, padding

    def build(self, input_shape):
        kh, kw = self.kernel_size
        self.weights['kernel'] = 0.2 * np.random.randn(kh, kw, input_shape[-1], self.filters)
        self.weights['bias'] = np.zeros(self.filters)

    def pad(self, inputs):
        self.top = self.left = 0
        if self.padding == 'valid':
            return inputs
        (kh, kw), (sh, sw) = self.kernel_size, self.strides
        h, w = inputs.shape[1:3]
        rows = max((-(-h // sh) - 1) * sh + kh - h, 0)
        cols = max((-(-w // sw) - 1) * sw + kw - w, 0)
        self.top, self.left = rows // 2, cols // 2
        return np.pad(inputs, ((0, 0), (self.top, rows - self.top), (self.left, cols - self.left), (0, 0)))

    def call(self, inputs):
        self.input_shape = inputs.shape
        self.padded = self.pad(inputs)
        (kh, kw), (sh, sw) = self.kernel_size, self.strides
        oh, ow = (self.padded.shape[1] - kh) // sh + 1, (self.padded.shape[2] - kw) // sw + 1
        out = np.zeros((len(inputs), oh, ow, self.filters)) + self.weights['bias']
        for i in range(kh):
            for j in range(kw):
                out += self.padded[:, i:i + oh * sh:sh, j:j + ow * sw:sw] @ self.weights['kernel'][i, j]
        return out

    def gradient(self, dout):
        (kh, kw), (sh, sw) = self.kernel_size, self.strides
        oh, ow = dout.shape[1:3]
        dkernel = np.zeros_like(self.weights['kernel'])
        dpadded = np.zeros_like(self.padded)
        flat = dout.reshape(-1, self.filters)
        for i in range(kh):
            for j in range(kw):
                rows, cols = slice(i, i + oh * sh, sh), slice(j, j + ow * sw, sw)
                patch = self.padded[:, rows, cols]
                dkernel[i, j] = patch.reshape(-1, patch.shape[-1]).T @ flat
                dpadded[:, rows, cols] += dout @ self.weights['kernel'][i, j].T
        self.gradients['kernel'] = dkernel
        self.gradients['bias'] = flat.sum(axis=0)
        h, w = self.input_shape[1:3]
        return dpadded[:, self.top:self.top + h, self.left:self.left + w]


class MaxPooling2D(Layer):
    def __init__(self, pool_size=2, strides=2):
        super().__init__()
        self.pool_size, self.strides = pool_size, strides

    def call(self, inputs):
        self.inputs = inputs
        p, s = self.pool_size, self.strides
        n, h, w, c = inputs.shape
        out = np.full((n, (h - p) // s + 1, (w - p) // s + 1, c), -np.inf)
        self.winner = np.zeros(out.shape, int)
        for k in range(p * p):
            i, j = k // p, k % p
            seen = inputs[:, i:i + s * out.shape[1]:s, j:j + s * out.shape[2]:s]
            better = seen > out
            out[better] = seen[better]
            self.winner[better] = k
        return out

    def gradient(self, dout):
        p, s = self.pool_size, self.strides
        dinputs = np.zeros_like(self.inputs)
        for k in range(p * p):
            i, j = k // p, k % p
            dinputs[:, i:i + s * dout.shape[1]:s, j:j + s * dout.shape[2]:s] += dout * (self.winner == k)
        return dinputs


class BatchNormalization(Layer):
    """Over all axes but the last."""

    def __init__(self, momentum=0.99, epsilon=0.001):
        super().__init__()
        self.momentum, self.epsilon = momentum, epsilon

    def build(self, input_shape):
        self.weights['gamma'] = np.ones(input_shape[-1])
        self.weights['beta'] = np.zeros(input_shape[-1])
        self.moving_mean, self.moving_variance = np.zeros(input_shape[-1]), np.ones(input_shape[-1])

    def call(self, inputs, training=True):
        self.training = training
        self.axes = tuple(range(inputs.ndim - 1))
        mean, variance = self.moving_mean, self.moving_variance
        if training:
            mean, variance = inputs.mean(axis=self.axes), inputs.var(axis=self.axes)
            self.moving_mean = self.momentum * self.moving_mean + (1 - self.momentum) * mean
            self.moving_variance = self.momentum * self.moving_variance + (1 - self.momentum) * variance
        self.deviation = np.sqrt(variance + self.epsilon)
        self.normal = (inputs - mean) / self.deviation
        return self.weights['gamma'] * self.normal + self.weights['beta']

    def gradient(self, dout):
        self.gradients['beta'] = dout.sum(axis=self.axes)
        self.gradients['gamma'] = (dout * self.normal).sum(axis=self.axes)
        d = dout * self.weights['gamma'] / self.deviation
        if not self.training:
            return d
        return d - d.mean(axis=self.axes) - self.normal * (d * self.normal).mean(axis=self.axes)


class Dropout(Layer):
    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def call(self, inputs, training=False):
        self.mask = np.ones(inputs.shape)
        if training:
            self.mask = (np.random.uniform(size=inputs.shape) >= self.rate) / (1 - self.rate)
        return inputs * self.mask

    def gradient(self, dout):
        return dout * self.mask
