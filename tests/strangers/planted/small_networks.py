"""Whole networks: loss(x, y) -> loss and a dictionary of gradients; a list of layers; a small LeNet."""
import numpy as np
from glue import layer
from strangers_record import Planted, Subject, numbers

LABELS = (2, 0, 1, 2)


def perceptron(file):
    """The gradients of the parameters; the network gives none of its input."""
    net, x = file["TwoLayerNet"](5, 6, 3), numbers(x=(4, 5))["x"]

    def loss(arrays):
        for name, array in net.params.items():
            array[...] = arrays[name]
        return net.loss(x, np.array(LABELS))
    begin = {name: array.copy() for name, array in net.params.items()}
    return (lambda arrays: loss(arrays)[0],
            lambda arrays, dy: {name: gradient * dy for name, gradient in loss(arrays)[1].items()}, begin)


def classifier(file):
    net = file["Classifier"]([5, 6, 3])
    owned = {"layers[0].w": net.layers[0].w, "layers[0].b": net.layers[0].b, "layers[2].w": net.layers[2].w,
             "layers[2].b": net.layers[2].b}
    labels = np.array(LABELS)

    def put(arrays):
        for name, array in owned.items():
            array[...] = arrays[name]
        return arrays["x"], labels

    def backward(arrays, dy):
        net.forward(*put(arrays))
        found = {"x": net.backward() * dy}
        return found | {f"layers[{i}].{name[0]}": net.grads[f"{name[0]}{i}"] * dy for i in (0, 2) for name in "wb"}
    return (lambda arrays: net.forward(*put(arrays))), backward, numbers(x=(4, 5)) | {
        name: array.copy() for name, array in owned.items()}


LENET = "lenet()", [(2, 1, 6, 8)]
OWNED = {f"layers[{i}].{name}": (f"layers[{i}].{name}", f"layers[{i}].d{name}") for i in (0, 3, 6) for name in "wb"}
FIRST = "layers[0].w", "layers[0].b"
SECOND = "layers[3].w", "layers[3].b"
LAST = "layers[6].w", "layers[6].b"

SUBJECTS = [
    Subject("TwoLayerNet(5, 6, 3)", [(4, 5)], "loss", labels=LABELS, glue=perceptron, mistakes=[
        Planted("the factor 2 of the decay of W2", "+ 2 * self.reg * W2", "+ self.reg * W2", "W2",
                ("decay", "wrong term", "missing term")),
        Planted("no decay in W1's gradient", " + 2 * self.reg * W1", "", "W1", ("decay", "missing term")),
        Planted("b1 is summed before the mask", 'grads["b1"] = dz1.sum', 'grads["b1"] = dh.sum', "b1", ("mask",)),
        Planted("W2's gradient with z1 for h", "h.T.dot(ds)", "z1.T.dot(ds)", "W2", ("other array", "mask")),
        Planted("b2 gets a mean", 'grads["b2"] = ds.sum(axis=0)', 'grads["b2"] = ds.mean(axis=0)', "b2", ("factor:1/N",)),
        Planted("the loss is not divided by the images in backward", "        ds /= N\n", "", ("W1", "b1", "W2", "b2"),
                ("factor:N", "wrong term")),
        Planted("ReLU's mask is forgotten", "dz1 = dh * (z1 > 0)", "dz1 = dh", ("W1", "b1"), ("mask",)),
        Planted("the mask is dh's", "dh * (z1 > 0)", "dh * (dh > 0)", ("W1", "b1"), ("mask", "not linear")),
        Planted("whole columns are lessened", "ds[np.arange(N), y] -= 1", "ds[:, y] -= 1", ("W1", "b1", "W2", "b2"),
                ("wrong term", "offset", "axis", "mask")),
    ]),
    Subject("Classifier([5, 6, 3])", [(4, 5)], "loss", labels=LABELS, glue=classifier, mistakes=[
        Planted("the factor 2 of the square", "d = 2 * self.margin / n", "d = self.margin / n",
                ("x", *FIRST, "layers[2].w", "layers[2].b"), ("factor:1/2",)),
        Planted("the right class gets nothing", "        d[np.arange(n), self.y] = -d.sum(axis=1)\n", "",
                ("x", *FIRST, "layers[2].w", "layers[2].b"), ("missing term", "wrong term")),
        Planted("the right class gets the sum over images", "= -d.sum(axis=1)", "= -d.sum(axis=0)[self.y]",
                ("x", *FIRST, "layers[2].w", "layers[2].b"), ("axis", "wrong term")),
        Planted("the bias of a dense layer gets a mean", "self.db = d.sum(0)", "self.db = d.mean(0)",
                ("layers[0].b", "layers[2].b"), ("factor:1/N",)),
        Planted("sigmoid's slope for tanh's", "d * (1 - self.y ** 2)", "d * self.y * (1 - self.y)", ("x", *FIRST),
                ("slope",)),
    ]),
    Subject(*LENET, "conv", glue=layer(*LENET, OWNED), mistakes=[
        Planted("the bias of a convolution from the first image", "self.db = d.sum((0, 2, 3))", "self.db = d[0].sum((1, 2))",
                ("layers[0].b", "layers[3].b"), ("part:image",)),
        Planted("the dense weights' gradient over N", "self.dw = self.x.T @ d", "self.dw = self.x.T @ d / len(d)",
                "layers[6].w", ("factor:1/N",)),
        Planted("the mean pool passes the whole on", "repeat(2, axis=3) / 4", "repeat(2, axis=3)", ("x", *FIRST),
                ("factor:4", "factor:R*S")),
        Planted("the mean pool tiles where it must repeat", "d.repeat(2, axis=2).repeat(2, axis=3)", "np.tile(d, (1, 1, 2, 2))",
                ("x", *FIRST), ("reshaped",)),
        Planted("flatten gives back another order", "return d.reshape(self.shape)",
                "return d.reshape(self.shape[0], *self.shape[:0:-1]).transpose(0, 3, 2, 1)",
                ("x", *FIRST, *SECOND), ("reshaped", "transposed")),
        Planted("the convolution's windows overwrite each other", "dx[:, :, r:r + oh, s:s + ow] +=",
                "dx[:, :, r:r + oh, s:s + ow] =", ("x", *FIRST), ("overwritten",)),
        Planted("the kernels turned round", "d, self.w[:, :, r, s])\n        self.db", "d, self.w[:, :, f - 1 - r, f - 1 - s])\n        self.db",
                ("x", *FIRST), ("rotated",)),
        Planted("the convolution's padding is cropped at the corner", "dx[:, :, p:dx.shape[2] - p, p:dx.shape[3] - p]",
                "dx[:, :, :dx.shape[2] - 2 * p, :dx.shape[3] - 2 * p]", "x", ("shifted",)),
        Planted("ReLU lets everything through", "return d * self.on", "return d", ("x", *FIRST, *SECOND), ("mask",)),
        Planted("tanh's slope without the square", "d * (1 - self.y ** 2)", "d * (1 - self.y)", ("x", *FIRST), ("slope",)),
        Planted("the kernels' gradient has rows and columns exchanged", "self.dw[:, :, r, s] =", "self.dw[:, :, s, r] =",
                ("layers[0].w", "layers[3].w"), ("transposed",)),
    ]),
]
