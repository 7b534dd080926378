"""A small network for one grey picture at a time. Every layer takes its step in backprop."""
import numpy as np


class Conv3x3:
    """A convolution with 3x3 filters."""

    def __init__(self, num_filters):
        self.num_filters = num_filters
        self.filters = np.random.randn(num_filters, 3, 3) / 9

    def iterate_regions(self, image):
        h, w = image.shape
        for i in range(h - 2):
            for j in range(w - 2):
                im_region = image[i:(i + 3), j:(j + 3)]
                yield im_region, i, j

    def forward(self, input):
        """input: (h, w). Gives (h - 2, w - 2, num_filters)."""
        self.last_input = input
        h, w = input.shape
        output = np.zeros((h - 2, w - 2, self.num_filters))
        for im_region, i, j in self.iterate_regions(input):
            output[i, j] = np.sum(im_region * self.filters, axis=(1, 2))
        return output

    def backprop(self, d_L_d_out, learn_rate):
        d_L_d_filters = np.zeros(self.filters.shape)
        d_L_d_input = np.zeros(self.last_input.shape)
        for im_region, i, j in self.iterate_regions(self.last_input):
            for f in range(self.num_filters):
                d_L_d_filters[f] += d_L_d_out[i, j, f] * im_region
                d_L_d_input[i:i + 3, j:j + 3] += d_L_d_out[i, j, f] * self.filters[f]
        self.filters -= learn_rate * d_L_d_filters
        return d_L_d_input


class MaxPool3:
    """Max pooling with windows of 3, two apart."""

    def iterate_regions(self, image):
        h, w, _ = image.shape
        for i in range((h - 3) // 2 + 1):
            for j in range((w - 3) // 2 + 1):
                im_region = image[(i * 2):(i * 2 + 3), (j * 2):(j * 2 + 3)]
                yield im_region, i, j

    def forward(self, input):
        self.last_input = input
        h, w, num_filters = input.shape
        output = np.zeros(((h - 3) // 2 + 1, (w - 3) // 2 + 1, num_filters))
        for im_region, i, j in self.iterate_regions(input):
            output[i, j] = np.amax(im_region, axis=(0, 1))
        return output

    def backprop(self, d_L_d_out):
        d_L_d_input = np.zeros(self.last_input.shape)
        for im_region, i, j in self.iterate_regions(self.last_input):
            h, w, f = im_region.shape
            amax = np.amax(im_region, axis=(0, 1))
            for i2 in range(h):
                for j2 in range(w):
                    for f2 in range(f):
                        if im_region[i2, j2, f2] == amax[f2]:
                            d_L_d_input[i * 2 + i2, j * 2 + j2, f2] += d_L_d_out[i, j, f2]
        return d_L_d_input


class Softmax:
    """A dense layer with softmax: class probabilities of a flattened input."""

    def __init__(self, input_len, nodes):
        self.weights = np.random.randn(input_len, nodes) / input_len
        self.biases = np.zeros(nodes)

    def forward(self, input):
        self.last_input_shape = input.shape
        input = input.flatten()
        self.last_input = input
        totals = np.dot(input, self.weights) + self.biases
        self.last_totals = totals
        exp = np.exp(totals)
        return exp / np.sum(exp, axis=0)

    def backprop(self, d_L_d_out, learn_rate):
        t_exp = np.exp(self.last_totals)
        S = np.sum(t_exp)
        d_L_d_t = np.zeros(len(t_exp))
        for i, gradient in enumerate(d_L_d_out):
            if gradient == 0:
                continue
            d_out_d_t = -t_exp[i] * t_exp / (S ** 2)
            d_out_d_t[i] = t_exp[i] * (S - t_exp[i]) / (S ** 2)
            d_L_d_t += gradient * d_out_d_t
        d_L_d_w = self.last_input[np.newaxis].T @ d_L_d_t[np.newaxis]
        d_L_d_b = d_L_d_t
        d_L_d_inputs = self.weights @ d_L_d_t
        self.weights -= learn_rate * d_L_d_w
        self.biases -= learn_rate * d_L_d_b
        return d_L_d_inputs.reshape(self.last_input_shape)


class Relu:
    def forward(self, input):
        self.last_input = input
        return np.maximum(input, 0)

    def backprop(self, d_L_d_out):
        return d_L_d_out * (self.last_input > 0)


class Dense:
    """A vector in, a vector out."""

    def __init__(self, input_len, nodes):
        self.weights = np.random.randn(input_len, nodes)
        self.bias = np.random.randn(nodes)

    def forward(self, input):
        self.last_input = input
        return input @ self.weights + self.bias

    def backprop(self, d_L_d_out, learn_rate):
        d_L_d_input = self.weights @ d_L_d_out
        self.weights -= learn_rate * np.outer(self.last_input, d_L_d_out)
        self.bias -= learn_rate * d_L_d_out
        return d_L_d_input
