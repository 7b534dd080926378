"""How layers that keep their outputs are called, and the mistakes in them."""
import numpy as np
from strangers_record import Planted, Subject, glue_of

DENSE = [
    Planted("dweights is divided by the samples", "np.dot(self.inputs.T, dvalues)",
            "np.dot(self.inputs.T, dvalues) / len(dvalues)",
            "weights", ("factor:1/N",)),
    Planted("dweights is not kept", "self.dweights = np.dot(self.inputs.T, dvalues)",
            "dweights = np.dot(self.inputs.T, dvalues)",
            "weights", ("unchecked",)),
    Planted("dbiases lose their axis", "np.sum(dvalues, axis=0, keepdims=True)", "np.sum(dvalues, axis=0)", "biases",
            ("shape",)),
    Planted("dbiases is a mean", "np.sum(dvalues, axis=0, keepdims=True)", "np.mean(dvalues, axis=0, keepdims=True)",
            "biases",
            ("factor:1/N",)),
    Planted("decay in dweights", "np.dot(self.inputs.T, dvalues)",
            "np.dot(self.inputs.T, dvalues) + 0.01 * self.weights", "weights",
            ("decay", "term lacks dy")),
    Planted("dinputs is not kept", "self.dinputs = np.dot(dvalues, self.weights.T)",
            "dinputs = np.dot(dvalues, self.weights.T)", "inputs",
            ("nothing", "unchecked")),
    Planted("the output where the input belongs", "np.dot(self.inputs.T, dvalues)",
            "np.dot(np.tanh(self.inputs).T, dvalues)", "weights",
            ("other array",)),
]
RELU = [
    Planted("one line too many", "self.dinputs[self.inputs <= 0] = 0", "self.dinputs[dvalues <= 0] = 0", "inputs",
            ("mask", "not linear")),
    Planted("the copy is forgotten and the mask too", "        self.dinputs[self.inputs <= 0] = 0\n", "", "inputs",
            ("mask", "slope"), ("entry",)),
]
SIGMOID = [
    Planted("the inputs in place of the output", "(1 - self.output) * self.output", "(1 - self.inputs) * self.inputs",
            "inputs", ("slope",)),
    Planted("twice", "dvalues * (1 - self.output) * self.output", "2 * dvalues * (1 - self.output) * self.output",
            "inputs", ("factor:2",)),
]
SOFTMAX = [
    Planted("the diagonal alone", "np.diagflat(column) - np.dot(column, column.T)",
            "np.diagflat(column * (1 - column))", "inputs",
            ("missing term", "wrong term")),
    Planted("plus", "np.diagflat(column) - np.dot", "np.diagflat(column) + np.dot", "inputs", ("wrong term",)),
    Planted("the first sample's output for all", "column = output.reshape(-1, 1)",
            "column = self.output[0].reshape(-1, 1)", "inputs",
            ("other array", "wrong term"), ("image",)),
    Planted("uninitialised memory", "            self.dinputs[index] = np.dot(jacobian, dvalue)\n",
            "            if index:\n                self.dinputs[index] = np.dot(jacobian, dvalue)\n", "inputs",
            ("memory", "part:image"), ("image",)),
]
LOSS = [
    Planted("not divided by the samples", "self.dinputs / samples", "self.dinputs / 1", "inputs", ("factor:N",)),
    Planted("plus 1", "y_true] -= 1", "y_true] += 1", "inputs", ("wrong term", "offset"), ("entry",)),
    Planted("divided by the classes", "self.dinputs / samples", "self.dinputs / dvalues.size", "inputs",
            ("factor:1/C", "factor:1/K", "factor:1/M")),
]
DROPOUT = [
    Planted("the scale is missing in backward", "dvalues * self.binary_mask", "dvalues * (self.binary_mask > 0)",
            "inputs", ("factor:1-p",)),
    Planted("no mask", "self.dinputs = dvalues * self.binary_mask", "self.dinputs = dvalues / self.rate", "inputs",
            ("mask",), ("entry",)),
    Planted("inputs are scaled twice in backward", "dvalues * self.binary_mask",
            "dvalues * self.binary_mask / self.rate", "inputs",
            ("factor:1/(1-p)",)),
]
CONV = [
    Planted("windows overwrite each other", "left + self.size] += share\n\n\nclass Layer_Av",
            "left + self.size] = share\n\n\nclass Layer_Av",
            "inputs", ("overwritten",)),
    Planted("einsum with rows and columns exchanged", "'nfij,ncijrs->fcrs'", "'nfij,ncijrs->fcsr'", "weights",
            ("transposed",)),
    Planted("einsum over one image", "'nfij,ncijrs->fcrs', dvalues, self.windows(self.inputs)",
            "'nfij,ncijrs->fcrs', dvalues[:1], self.windows(self.inputs)[:1]", "weights", ("part:image",), ("image",)),
    Planted("dbiases of one axis too few", "dvalues.sum(axis=(0, 2, 3))", "dvalues.sum(axis=(0, 2))[:, 0]", "biases",
            ("part:column", "axis", "part:position")),
    Planted("the kernel is turned round", "np.tensordot(dvalues[:, :, i, j], self.weights, axes=1)",
            "np.tensordot(dvalues[:, :, i, j], self.weights[:, :, ::-1, ::-1], axes=1)", "inputs", ("rotated",)),
    Planted("the kernel is upside down", "np.tensordot(dvalues[:, :, i, j], self.weights, axes=1)",
            "np.tensordot(dvalues[:, :, i, j], self.weights[:, :, ::-1], axes=1)", "inputs", ("flipped",)),
    Planted("no stride in backward",
            "top, left = i * self.stride, j * self.stride\n                share = np.tensordot",
            "top, left = i, j\n                share = np.tensordot", "inputs", ("stride",)),
    Planted("one window too few", "rows, columns = dvalues.shape[2:]",
            "rows, columns = dvalues.shape[2] - 1, dvalues.shape[3]", "inputs",
            ("part:row", "part:position"), ("row", "border")),
]
AVERAGE = [
    Planted("divided by the side", "[:, :, None, None] / self.size ** 2", "[:, :, None, None] / self.size", "inputs",
            ("factor:R", "factor:S")),
    Planted("overwritten", "left + self.size] += share\n\n\nclass Layer_Ba",
            "left + self.size] = share\n\n\nclass Layer_Ba", "inputs",
            ("overwritten",)),
    Planted("the corner gets it all", "left:left + self.size] += share\n\n\nclass Layer_Ba",
            "left:left + self.size][:, :, :1, :1] += 9 * share\n\n\n"
            "class Layer_Ba", "inputs", ("mask", "slope", "part:position"), ("position",)),
]
BATCHNORM = [
    Planted("the variance's term is missing",
            "        self.dinputs -= self.normalised * (dnormalised * self.normalised).sum(axis=0)\n", "", "inputs",
            ("missing term", "wrong term")),
    Planted("the mean's term is missing", "samples * dnormalised - dnormalised.sum(axis=0)", "samples * dnormalised",
            "inputs",
            ("missing term", "wrong term")),
    Planted("not divided by the samples", "*= inverse / samples", "*= inverse", "inputs", ("factor:N",)),
    Planted("epsilon outside the root", "inverse = 1 / np.sqrt(self.variance + self.epsilon)",
            "inverse = 1 / (np.sqrt(self.variance) + self.epsilon)",
            "inputs", ("eps",)),
    Planted("dgamma of the centred inputs", "np.sum(dvalues * self.normalised, axis=0)",
            "np.sum(dvalues * self.centred, axis=0)", "gamma",
            ("other array", "factor", "slope")),
]
WEIGHTS = {"weights": "dweights", "biases": "dbiases"}


def forward(layer, inputs, *labels):
    returned = layer.forward(inputs, *labels)
    return layer.output if returned is None else returned


def backward(layer, dy):
    layer.dinputs = None
    layer.backward(dy)
    return layer.dinputs


def loss_backward(layer, dy):
    layer.dinputs = None
    layer.backward(layer.output, LABELS)
    return layer.dinputs * dy


def subject(make, shape, kind, mistakes, weights=None, backward=backward, settings=()):
    def made(file):
        np.random.seed(1)
        layer = eval(make, file)
        for name in weights or ():
            getattr(layer, name)[...] = np.random.randn(*getattr(layer, name).shape)
        return layer
    return Subject(make, [shape], kind, mistakes,
            glue=glue_of(made, {"inputs": shape}, weights, forward, backward, settings))


LABELS = np.array([1, 0, 4, 1])
SUBJECTS = [
    subject("Layer_Dense(4, 5)", (3, 4), "dense", DENSE, WEIGHTS),
    subject("Activation_ReLU()", (3, 4), "activation", RELU),
    subject("Activation_Sigmoid()", (3, 4), "activation", SIGMOID),
    subject("Activation_Softmax()", (3, 5), "loss", SOFTMAX),
    subject("Activation_Softmax_Loss()", (4, 5), "loss", LOSS, backward=loss_backward, settings=[LABELS]),
    subject("Layer_Dropout(0.2)", (4, 6), "dropout", DROPOUT),
    subject("Layer_Conv2D(3, 4, 3, stride=2)", (2, 3, 7, 5), "conv", CONV, WEIGHTS),
    subject("Layer_AveragePool(3, 2)", (2, 3, 7, 5), "pool", AVERAGE),
    subject("Layer_BatchNorm(4)", (6, 4), "batchnorm", BATCHNORM, {"gamma": "dgamma", "beta": "dbeta"}),
]
