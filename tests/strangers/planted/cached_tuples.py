"""Classes that keep self.cache and whose backward returns the gradients of the input and of the parameters."""
import numpy as np
from glue import layer
from strangers_record import Planted, Subject, numbers


def returned(expression, shapes, *names):
    """The glue of a layer that returns its parameters' gradients behind the input's."""
    def back(made, dy):
        found = made.backward(dy)
        found = found if isinstance(found, tuple) else (found,)
        made.found = dict(zip(names, found[1:]))
        return found[0]
    return layer(expression, shapes, {name: (name, f"found['{name}']") for name in names}, back=back)


def of_loss(name, own, given):
    """The glue of a loss: forward(own, given) -> one number, backward() -> the gradient of own."""
    def glue(file):
        made = file[name]()

        def backward(arrays, dy):
            made.forward(arrays[own], given)
            return {own: dy * made.backward()}
        return lambda arrays: made.forward(arrays[own], given), backward, numbers({own: (4, 5)})
    return glue


LINEAR = "Linear(4, 3)", [(5, 4)]
CONV = "Conv2d(2, 4, (2, 3), stride=(1, 2), padding=(0, 1), groups=2)", [(3, 2, 4, 5)]
WIDE = "Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 1))", [(2, 2, 4, 3)]
LINE = "Conv1d(3, 4, 3, stride=2)", [(2, 3, 9)]
BIAS = "Bias2d(3)", [(3, 3, 2, 4)]
TWICE = "Upsample(2)", [(2, 2, 3, 4)]
TARGET = numbers(x=(4, 5), target=(4, 5))["target"]

SUBJECTS = [
    Subject(*LINEAR, "dense", glue=returned(*LINEAR, "weight", "bias"), mistakes=[
        Planted("weight and bias change places", "grad_bias = grad_output.sum(0)\n        return grad_input, grad_weight, grad_bias",
                "grad_bias = grad_output.sum(0)\n        return grad_input, grad_bias, grad_weight", ("weight", "bias"),
                ("order", "shape")),
        Planted("the weight's gradient is transposed", "grad_weight = x.T @ grad_output", "grad_weight = grad_output.T @ x",
                "weight", ("shape", "transposed")),
        Planted("the bias gets a mean", "grad_output.sum(0)", "grad_output.mean(0)", "bias", ("factor:1/N",)),
        Planted("the weight's gradient is twice too large", "x.T @ grad_output", "2 * x.T @ grad_output", "weight",
                ("factor:2",)),
        Planted("the input's gradient lacks grad_output", "grad_output @ self.weight.T",
                "np.ones_like(grad_output) @ self.weight.T", "x", ("ignores dy",)),
    ]),
    Subject(*CONV, "conv", glue=returned(*CONV, "weight", "bias"), mistakes=[
        Planted("the input's gradient is overwritten", "row, col] += g * self.weight", "row, col] = g * self.weight", "x",
                ("overwritten",)),
        Planted("the weight's gradient is overwritten", "grad_weight[k, c, r, s] += ", "grad_weight[k, c, r, s] = ",
                "weight", ("overwritten", "part:position", "part:image")),
        Planted("the input's gradient goes to the first group", "grad_input[n, begin + c, row, col]",
                "grad_input[n, c, row, col]", "x", ("groups",), ("group", "channel")),
        Planted("the weight's gradient reads the first group", "g * x[n, begin + c, row, col]", "g * x[n, c, row, col]",
                "weight", ("groups",), ("group", "filter")),
        Planted("the kernel is turned round", "+= g * self.weight[k, c, r, s]", "+= g * self.weight[k, c, R - 1 - r, S - 1 - s]",
                "x", ("rotated",)),
        Planted("backward has no padding", "col = q * horizontal + s - pw", "col = q * horizontal + s", ("x", "weight"),
                ("shifted",)),
        Planted("vertical and horizontal stride are exchanged", "(vertical, horizontal), (ph", "(horizontal, vertical), (ph",
                ("x", "weight"), ("stride",)),
        Planted("the bias is counted for every column of the kernel", "for s in range(S):\n                                    row",
                "for s in range(S):\n                                    grad_bias[k] += g * (c == r == 0 and s > 0)\n"
                "                                    row", "bias", ("factor:S", "factor:3", "counted twice")),
    ]),
    Subject(*WIDE, "conv", glue=returned(*WIDE, "weight", "bias"), mistakes=[
        Planted("the first row is taken for padding", "if row >= 0 and row < H", "if row > 0 and row < H", ("x", "weight"),
                ("border", "part:row"), ("border", "row")),
        Planted("the last column is taken for padding", "col >= 0 and col < W:", "col >= 0 and col < W - 1:",
                ("x", "weight"), ("border", "part:column"), ("border", "column")),
        Planted("only the first image", "for n in range(N):\n            for k in range(K):\n                begin",
                "for n in range(1):\n            for k in range(K):\n                begin", ("x", "weight", "bias"),
                ("part:image",), ("image",)),
        Planted("the weight's gradient is divided by positions", "return grad_input, grad_weight, grad_bias\n\n\nclass Conv1d",
                "return grad_input, grad_weight / (grad_output.shape[2] * grad_output.shape[3]), grad_bias\n\n\nclass Conv1d",
                "weight", ("factor:1/(P*Q)",)),
    ]),
    Subject(*LINE, "conv", glue=returned(*LINE, "weight", "bias"), mistakes=[
        Planted("the stride is missing", "start = t * self.stride", "start = t", "x", ("stride",)),
        Planted("the kernel is reversed", '"nkt,kcs->tncs", grad_output, self.weight)',
                '"nkt,kcs->tncs", grad_output, self.weight[:, :, ::-1])', "x", ("flipped", "rotated")),
        Planted("windows overwrite each other", "start:start + self.width] += window", "start:start + self.width] = window",
                "x", ("overwritten",)),
    ]),
    Subject(*BIAS, "dense", glue=returned(*BIAS, "bias"), mistakes=[
        Planted("the bias gets a mean", "grad_output.sum(axis=(0, 2, 3))", "grad_output.mean(axis=(0, 2, 3))", "bias",
                ("factor:1/(N*P*Q)", "factor:1/(N*H*W)")),
        Planted("the bias is summed over channels, not over images", "grad_output.sum(axis=(0, 2, 3))",
                "grad_output.sum(axis=(1, 2, 3))", "bias", ("axis",)),
    ]),
    Subject(*TWICE, "pool", glue=returned(*TWICE), mistakes=[
        Planted("the first of four pixels only", "grad_output.reshape(N, C, H, f, W, f).sum(axis=(3, 5))",
                "grad_output[:, :, ::f, ::f]", "x", ("part:position", "part")),
        Planted("the mean of four pixels", ".sum(axis=(3, 5))", ".mean(axis=(3, 5))", "x",
                ("averaged", "factor:1/4", "factor")),
        Planted("the pixels are taken from other places", "reshape(N, C, H, f, W, f).sum(axis=(3, 5))",
                "reshape(N, C, f, H, f, W).sum(axis=(2, 4))", "x", ("reshaped",)),
    ]),
    Subject("Softplus()", [(4, 5)], "activation", glue=returned("Softplus()", [(4, 5)]), mistakes=[
        Planted("the sign of x", "np.exp(-x))\n\n\nclass Swish", "np.exp(x))\n\n\nclass Swish", "x", ("slope",)),
    ]),
    Subject("Swish()", [(4, 5)], "activation", glue=returned("Swish()", [(4, 5)]), mistakes=[
        Planted("the product rule's second half is missing", "(gate + x * gate * (1 - gate))", "gate", "x",
                ("slope", "missing term")),
        Planted("grad_output is missing", "grad_output * (gate + x", "(gate + x", "x", ("ignores dy",)),
    ]),
    Subject("CrossEntropyLoss()", [(4, 5)], "loss", glue=of_loss("CrossEntropyLoss", "logits", np.array([2, 0, 4, 2])),
            labels=(2, 0, 4, 2), mistakes=[
        Planted("not divided by the number of images", "return grad / len(labels)", "return grad", "logits", ("factor:N",)),
        Planted("whole columns are lessened", "grad[np.arange(len(labels)), labels] -= 1", "grad[:, labels] -= 1", "logits",
                ("wrong term", "offset", "mask", "axis"), ("column", "feature", "entry")),
        Planted("labels minus probabilities", "return grad / len", "return -grad / len", "logits", ("sign",)),
        Planted("the probability's own slope", "return grad / len(labels)", "return p * (1 - p) * grad / len(labels)", "logits",
                ("wrong term", "other array", "slope", "factor")),
    ]),
    Subject("MSELoss()", [(4, 5), (4, 5)], "loss", glue=of_loss("MSELoss", "prediction", TARGET), mistakes=[
        Planted("the factor 2 is missing", "2 * self.cache / self.cache.size", "self.cache / self.cache.size", "prediction",
                ("factor:1/2",)),
        Planted("divided by the images alone", "self.cache / self.cache.size", "self.cache / len(self.cache)", "prediction",
                ("factor:D", "factor:C", "factor:5", "factor")),
    ]),
]
