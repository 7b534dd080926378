"""Layers that keep their output: forward gives nothing back, and the result is layer.output; likewise layer.dinputs."""
import numpy as np


class Layer_Dense:
    def __init__(self, n_inputs, n_neurons):
        self.weights = 0.5 * np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = np.dot(dvalues, self.weights.T)


class Activation_ReLU:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.maximum(0, inputs)

    def backward(self, dvalues):
        self.dinputs = dvalues.copy()
        self.dinputs[self.inputs <= 0] = 0


class Activation_Sigmoid:
    def forward(self, inputs):
        self.inputs = inputs
        self.output = 1 / (1 + np.exp(-inputs))

    def backward(self, dvalues):
        self.dinputs = dvalues * (1 - self.output) * self.output


class Activation_Softmax:
    def forward(self, inputs):
        self.inputs = inputs
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)

    def backward(self, dvalues):
        self.dinputs = np.empty_like(dvalues)
        for index, (output, dvalue) in enumerate(zip(self.output, dvalues)):
            column = output.reshape(-1, 1)
            jacobian = np.diagflat(column) - np.dot(column, column.T)
            self.dinputs[index] = np.dot(jacobian, dvalue)


class Activation_Softmax_Loss:
    """Softmax with cross-entropy. backward is given the softmax outputs and the labels."""

    def forward(self, inputs, y_true):
        exp_values = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = exp_values / np.sum(exp_values, axis=1, keepdims=True)
        confidences = np.clip(self.output, 1e-12, 1 - 1e-12)[range(len(inputs)), y_true]
        return np.mean(-np.log(confidences))

    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        self.dinputs = dvalues.copy()
        self.dinputs[range(samples), y_true] -= 1
        self.dinputs = self.dinputs / samples


class Layer_Dropout:
    """rate: the share of neurons that are switched off."""

    def __init__(self, rate):
        self.rate = 1 - rate

    def forward(self, inputs, training=True):
        self.inputs = inputs
        if not training:
            self.output = inputs.copy()
            return
        self.binary_mask = np.random.binomial(1, self.rate, size=inputs.shape) / self.rate
        self.output = inputs * self.binary_mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.binary_mask


class Layer_Conv2D:
    """inputs: (batch, channels, height, width); no padding."""

    def __init__(self, n_channels, n_filters, size, stride=1):
        self.weights = 0.3 * np.random.randn(n_filters, n_channels, size, size)
        self.biases = np.zeros(n_filters)
        self.size, self.stride = size, stride

    def windows(self, inputs):
        view = np.lib.stride_tricks.sliding_window_view(inputs, (self.size, self.size), axis=(2, 3))
        return view[:, :, ::self.stride, ::self.stride]

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.einsum('ncijrs,fcrs->nfij', self.windows(inputs), self.weights)
        self.output += self.biases.reshape(1, -1, 1, 1)

    def backward(self, dvalues):
        self.dweights = np.einsum('nfij,ncijrs->fcrs', dvalues, self.windows(self.inputs))
        self.dbiases = dvalues.sum(axis=(0, 2, 3))
        self.dinputs = np.zeros_like(self.inputs)
        rows, columns = dvalues.shape[2:]
        for i in range(rows):
            for j in range(columns):
                top, left = i * self.stride, j * self.stride
                share = np.tensordot(dvalues[:, :, i, j], self.weights, axes=1)
                self.dinputs[:, :, top:top + self.size, left:left + self.size] += share


class Layer_AveragePool:
    def __init__(self, size, stride):
        self.size, self.stride = size, stride

    def forward(self, inputs):
        self.inputs = inputs
        batch, channels, height, width = inputs.shape
        rows, columns = (height - self.size) // self.stride + 1, (width - self.size) // self.stride + 1
        self.output = np.zeros((batch, channels, rows, columns))
        for i in range(rows):
            for j in range(columns):
                top, left = i * self.stride, j * self.stride
                self.output[:, :, i, j] = inputs[:, :, top:top + self.size, left:left + self.size].mean(axis=(2, 3))

    def backward(self, dvalues):
        self.dinputs = np.zeros(self.inputs.shape)
        for i in range(dvalues.shape[2]):
            for j in range(dvalues.shape[3]):
                top, left = i * self.stride, j * self.stride
                share = dvalues[:, :, i, j][:, :, None, None] / self.size ** 2
                self.dinputs[:, :, top:top + self.size, left:left + self.size] += share


class Layer_BatchNorm:
    def __init__(self, n_inputs, epsilon=1e-3):
        self.gamma, self.beta = np.ones(n_inputs), np.zeros(n_inputs)
        self.epsilon = epsilon

    def forward(self, inputs):
        self.centred = inputs - inputs.mean(axis=0)
        self.variance = np.mean(self.centred ** 2, axis=0)
        self.normalised = self.centred / np.sqrt(self.variance + self.epsilon)
        self.output = self.gamma * self.normalised + self.beta

    def backward(self, dvalues):
        samples = len(dvalues)
        self.dbeta = np.sum(dvalues, axis=0)
        self.dgamma = np.sum(dvalues * self.normalised, axis=0)
        inverse = 1 / np.sqrt(self.variance + self.epsilon)
        dnormalised = dvalues * self.gamma
        self.dinputs = samples * dnormalised - dnormalised.sum(axis=0)
        self.dinputs -= self.normalised * (dnormalised * self.normalised).sum(axis=0)
        self.dinputs *= inverse / samples
