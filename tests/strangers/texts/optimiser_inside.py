"""Layers with forward_pass and backward_pass, which take their step themselves with an optimiser of their own."""
import copy
import math

import numpy as np


class StochasticGradientDescent:
    def __init__(self, learning_rate=0.01):
        self.learning_rate = learning_rate

    def update(self, w, grad_wrt_w):
        return w - self.learning_rate * grad_wrt_w


class Layer:
    def set_input_shape(self, shape):
        self.input_shape = shape

    def layer_name(self):
        return self.__class__.__name__

    def parameters(self):
        return 0


class Dense(Layer):
    def __init__(self, n_units, input_shape=None):
        self.layer_input = None
        self.input_shape = input_shape
        self.n_units = n_units
        self.trainable = True
        self.W = None
        self.w0 = None

    def initialize(self, optimizer):
        limit = 1 / math.sqrt(self.input_shape[0])
        self.W = np.random.uniform(-limit, limit, (self.input_shape[0], self.n_units))
        self.w0 = np.zeros((1, self.n_units))
        self.W_opt = copy.copy(optimizer)
        self.w0_opt = copy.copy(optimizer)

    def forward_pass(self, X, training=True):
        self.layer_input = X
        return X.dot(self.W) + self.w0

    def backward_pass(self, accum_grad):
        W = self.W
        if self.trainable:
            grad_w = self.layer_input.T.dot(accum_grad)
            grad_w0 = np.sum(accum_grad, axis=0, keepdims=True)
            self.W = self.W_opt.update(self.W, grad_w)
            self.w0 = self.w0_opt.update(self.w0, grad_w0)
        accum_grad = accum_grad.dot(W.T)
        return accum_grad

    def output_shape(self):
        return (self.n_units,)


class Conv2D(Layer):
    """Stride 1; padding 'same' or 'valid'."""

    def __init__(self, n_filters, filter_shape, input_shape=None, padding='same'):
        self.n_filters = n_filters
        self.filter_shape = filter_shape
        self.input_shape = input_shape
        self.padding = padding
        self.trainable = True

    def initialize(self, optimizer):
        fh, fw = self.filter_shape
        channels = self.input_shape[0]
        limit = 1 / math.sqrt(fh * fw)
        self.W = np.random.uniform(-limit, limit, size=(self.n_filters, channels, fh, fw))
        self.w0 = np.zeros((self.n_filters, 1))
        self.W_opt = copy.copy(optimizer)
        self.w0_opt = copy.copy(optimizer)

    def determine_padding(self):
        if self.padding == 'valid':
            return (0, 0), (0, 0)
        fh, fw = self.filter_shape
        return ((fh - 1) // 2, fh // 2), ((fw - 1) // 2, fw // 2)

    def image_to_column(self, images):
        """(channels * fh * fw, batch * out_h * out_w)."""
        fh, fw = self.filter_shape
        padded = np.pad(images, ((0, 0), (0, 0), *self.determine_padding()))
        self.out_h, self.out_w = padded.shape[2] - fh + 1, padded.shape[3] - fw + 1
        rows = []
        for c in range(padded.shape[1]):
            for i in range(fh):
                for j in range(fw):
                    rows.append(padded[:, c, i:i + self.out_h, j:j + self.out_w].reshape(-1))
        return np.array(rows)

    def column_to_image(self, cols, shape):
        fh, fw = self.filter_shape
        (top, bottom), (left, right) = self.determine_padding()
        n, channels, h, w = shape
        padded = np.zeros((n, channels, h + top + bottom, w + left + right))
        row = 0
        for c in range(channels):
            for i in range(fh):
                for j in range(fw):
                    padded[:, c, i:i + self.out_h, j:j + self.out_w] += cols[row].reshape(n, self.out_h, self.out_w)
                    row += 1
        return padded[:, :, top:top + h, left:left + w]

    def forward_pass(self, X, training=True):
        batch_size = X.shape[0]
        self.layer_input = X
        self.X_col = self.image_to_column(X)
        self.W_col = self.W.reshape((self.n_filters, -1))
        output = self.W_col.dot(self.X_col) + self.w0
        output = output.reshape(self.n_filters, batch_size, self.out_h, self.out_w)
        return output.transpose(1, 0, 2, 3)

    def backward_pass(self, accum_grad):
        accum_grad = accum_grad.transpose(1, 0, 2, 3).reshape(self.n_filters, -1)
        if self.trainable:
            grad_w = accum_grad.dot(self.X_col.T).reshape(self.W.shape)
            grad_w0 = np.sum(accum_grad, axis=1, keepdims=True)
            self.W = self.W_opt.update(self.W, grad_w)
            self.w0 = self.w0_opt.update(self.w0, grad_w0)
        accum_grad = self.W_col.T.dot(accum_grad)
        return self.column_to_image(accum_grad, self.layer_input.shape)


class MaxPooling2D(Layer):
    def __init__(self, pool_shape=(2, 2), stride=1):
        self.pool_shape, self.stride = pool_shape, stride

    def positions(self, shape):
        (ph, pw), s = self.pool_shape, self.stride
        for i in range((shape[2] - ph) // s + 1):
            for j in range((shape[3] - pw) // s + 1):
                yield i, j, slice(i * s, i * s + ph), slice(j * s, j * s + pw)

    def forward_pass(self, X, training=True):
        self.layer_input = X
        (ph, pw), s = self.pool_shape, self.stride
        output = np.zeros((*X.shape[:2], (X.shape[2] - ph) // s + 1, (X.shape[3] - pw) // s + 1))
        for i, j, rows, cols in self.positions(X.shape):
            output[:, :, i, j] = np.max(X[:, :, rows, cols], axis=(2, 3))
        return output

    def backward_pass(self, accum_grad):
        X = self.layer_input
        result = np.zeros_like(X)
        for i, j, rows, cols in self.positions(X.shape):
            window = X[:, :, rows, cols].reshape(*X.shape[:2], -1)
            winner = np.argmax(window, axis=2)
            mask = np.arange(window.shape[2]) == winner[:, :, None]
            share = (mask * accum_grad[:, :, i, j, None]).reshape(*X.shape[:2], *self.pool_shape)
            result[:, :, rows, cols] += share
        return result


class Activation(Layer):
    """name: sigmoid, softmax, tanh, relu, leaky_relu or softplus. The gradients are those of element by element."""

    def __init__(self, name):
        self.activation_name = name

    def forward_pass(self, X, training=True):
        self.layer_input = X
        if self.activation_name == 'sigmoid':
            return 1 / (1 + np.exp(-X))
        if self.activation_name == 'tanh':
            return 2 / (1 + np.exp(-2 * X)) - 1
        if self.activation_name == 'relu':
            return np.where(X >= 0, X, 0)
        if self.activation_name == 'leaky_relu':
            return np.where(X >= 0, X, 0.2 * X)
        return np.log(1 + np.exp(X))

    def slope(self, x):
        if self.activation_name == 'sigmoid':
            s = 1 / (1 + np.exp(-x))
            return s * (1 - s)
        if self.activation_name == 'tanh':
            t = 2 / (1 + np.exp(-2 * x)) - 1
            return 1 - np.power(t, 2)
        if self.activation_name == 'relu':
            return np.where(x >= 0, 1, 0)
        if self.activation_name == 'leaky_relu':
            return np.where(x >= 0, 1, 0.2)
        return 1 / (1 + np.exp(-x))

    def backward_pass(self, accum_grad):
        return accum_grad * self.slope(self.layer_input)


class Dropout(Layer):
    def __init__(self, p=0.2):
        self.p = p
        self._mask = None

    def forward_pass(self, X, training=True):
        c = (1 - self.p)
        if training:
            self._mask = np.random.uniform(size=X.shape) > self.p
            c = self._mask
        return X * c

    def backward_pass(self, accum_grad):
        return accum_grad * self._mask


class BatchNormalization(Layer):
    """Without weights that learn."""

    def __init__(self, eps=0.01):
        self.eps = eps

    def forward_pass(self, X, training=True):
        self.X_centered = X - np.mean(X, axis=0)
        self.stddev_inv = 1 / np.sqrt(np.var(X, axis=0) + self.eps)
        return self.X_centered * self.stddev_inv

    def backward_pass(self, accum_grad):
        batch_size = accum_grad.shape[0]
        accum_grad = (1 / batch_size) * self.stddev_inv * (
            batch_size * accum_grad
            - np.sum(accum_grad, axis=0)
            - self.X_centered * self.stddev_inv ** 2 * np.sum(accum_grad * self.X_centered, axis=0)
        )
        return accum_grad
