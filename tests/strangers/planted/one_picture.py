"""How the layers for one picture are called, and the mistakes in them. The gradient is the step that a layer takes."""
import numpy as np
from strangers_record import Planted, Subject, numbers

CONV = [
    Planted("windows overwrite each other", "j:j + 3] += d_L_d_out", "j:j + 3] = d_L_d_out", "input",
            ("overwritten", "part:filter", "part:channel")),
    Planted("the filters learn from the last window", "d_L_d_filters[f] += d_L_d", "d_L_d_filters[f] = d_L_d",
            "filters",
            ("overwritten", "part:position")),
    Planted("the step climbs", "self.filters -= learn_rate * d_L", "self.filters += learn_rate * d_L", "filters",
            ("sign",)),
    Planted("the kernel is turned round", "d_L_d_out[i, j, f] * self.filters[f]",
            "d_L_d_out[i, j, f] * self.filters[f, ::-1, ::-1]",
            "input", ("rotated",)),
    Planted("one filter for all", "d_L_d_out[i, j, f] * self.filters[f]", "d_L_d_out[i, j, f] * self.filters[0]",
            "input",
            ("part:filter", "part:channel", "other array", "groups"), ("filter", "channel")),
    Planted("the rows lie one lower", "im_region, i, j in self.iterate_regions(self.last_input):\n            for f in",
            "im_region, i, j in self.iterate_regions(np.roll(self.last_input, 1, axis=0)):\n            for f in",
            "filters",
            ("shifted",)),
    Planted("dout is forgotten in the filters", "+= d_L_d_out[i, j, f] * im_region", "+= im_region", "filters",
            ("ignores dy",)),
    Planted("the kernel is transposed", "d_L_d_out[i, j, f] * self.filters[f]",
            "d_L_d_out[i, j, f] * self.filters[f].T", "input",
            ("transposed",)),
    Planted("no return", "        return d_L_d_input\n\n\nclass Max", "\n\nclass Max", "input",
            ("nothing", "unchecked")),
]
POOL = [
    Planted("windows overwrite each other", "j2, f2] += d_L_d_out", "j2, f2] = d_L_d_out", "input", ("overwritten",)),
    Planted("no stride in backward", "i * 2 + i2, j * 2 + j2, f2] +=", "i + i2, j + j2, f2] +=", "input", ("stride",)),
    Planted("the least", "amax = np.amax(im_region", "amax = np.amin(im_region", "input", ("mask",)),
    Planted("the greatest of all channels", "im_region[i2, j2, f2] == amax[f2]", "im_region[i2, j2, f2] == amax.max()",
            "input",
            ("mask",)),
    Planted("the corner of the window", "d_L_d_input[i * 2 + i2, j * 2 + j2, f2] +=",
            "d_L_d_input[i * 2, j * 2, f2] +=", "input",
            ("mask", "reshaped")),
]
SOFTMAX = [
    Planted("return at the first class", "            d_L_d_t += gradient * d_out_d_t\n",
            "            d_L_d_t += gradient * d_out_d_t\n"
            "            break\n", ("input", "weights", "biases"), ("part:feature", "part:position", "part", "overwritten")),
    Planted("the last class overwrites", "d_L_d_t += gradient", "d_L_d_t = gradient", ("input", "weights", "biases"),
            ("overwritten", "part:feature", "part:position", "part")),
    Planted("the own term alone", "d_out_d_t = -t_exp[i] * t_exp / (S ** 2)", "d_out_d_t = 0 * t_exp",
            ("input", "weights", "biases"), ("missing term", "wrong term")),
    Planted("the cross terms have the wrong sign", "d_out_d_t = -t_exp[i]", "d_out_d_t = t_exp[i]",
            ("input", "weights", "biases"), ("wrong term",)),
    Planted("the weights' step is too large", "self.weights -= learn_rate * d_L_d_w",
            "self.weights -= 2 * learn_rate * d_L_d_w",
            "weights", ("factor:2",)),
    Planted("the step comes before the input's gradient", "        d_L_d_inputs = self.weights @ d_L_d_t\n"
            "        self.weights -= learn_rate * d_L_d_w\n", "        self.weights -= learn_rate * d_L_d_w\n"
            "        d_L_d_inputs = self.weights @ d_L_d_t\n", "input", ("replaced", "not linear", "other array")),
    Planted("the input's gradient stays flat", "return d_L_d_inputs.reshape(self.last_input_shape)",
            "return d_L_d_inputs", "input",
            ("shape",)),
]
RELU = [
    Planted("greater than the output", "d_L_d_out * (self.last_input > 0)", "d_L_d_out * (d_L_d_out > 0)", "input",
            ("mask", "not linear")),
    Planted("the input once more", "d_L_d_out * (self.last_input > 0)", "d_L_d_out * np.maximum(self.last_input, 0)",
            "input",
            ("other array", "slope")),
]
DENSE = [
    Planted("weights transposed", "np.outer(self.last_input, d_L_d_out)", "np.outer(d_L_d_out, self.last_input)",
            "weights",
            ("transposed",)),
    Planted("the bias steps by one number", "self.bias -= learn_rate * d_L_d_out",
            "self.bias -= learn_rate * np.sum(d_L_d_out)", "bias",
            ("axis",)),
    Planted("w and not its transpose", "d_L_d_input = self.weights @ d_L_d_out",
            "d_L_d_input = d_L_d_out @ self.weights", "input",
            ("transposed",)),
    Planted("the bias never learns", "        self.bias -= learn_rate * d_L_d_out\n        return d_L_d_input\n",
            "        return d_L_d_input\n", "bias", ("unchecked", "zero")),
]


def stepping(make, shape, weights, rate=True):
    """The glue: a weight's gradient is the step that backprop takes at a rate of 1; the weights are put back."""
    def glue(file):
        np.random.seed(1)
        layer = eval(make, file)

        def back(arrays, dy):
            layer.forward(arrays["input"])
            before = {name: getattr(layer, name).copy() for name in weights}
            gradients = {"input": layer.backprop(dy, 1.0) if rate else layer.backprop(dy)}
            for name, array in before.items():
                gradients[name] = array - getattr(layer, name)
                getattr(layer, name)[...] = array
            return gradients
        return (lambda arrays: layer.forward(arrays["input"]), back,
                numbers(input=shape) | {name: getattr(layer, name) for name in weights})
    return glue


SUBJECTS = [
    Subject("Conv3x3(4)", [(7, 6)], "conv", CONV, glue=stepping("Conv3x3(4)", (7, 6), ["filters"])),
    Subject("MaxPool3()", [(7, 5, 3)], "pool", POOL, glue=stepping("MaxPool3()", (7, 5, 3), [], rate=False)),
    Subject("Softmax(12, 5)", [(2, 3, 2)], "dense", SOFTMAX,
            glue=stepping("Softmax(12, 5)", (2, 3, 2), ["weights", "biases"])),
    Subject("Relu()", [(4, 5)], "activation", RELU, glue=stepping("Relu()", (4, 5), [], rate=False)),
    Subject("Dense(5, 5)", [(5,)], "dense", DENSE, glue=stepping("Dense(5, 5)", (5,), ["weights", "bias"])),
]
