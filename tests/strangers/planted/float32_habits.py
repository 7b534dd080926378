"""Layers in float32 that draw random numbers without a seed and write their gradients in place."""
import numpy as np
from glue import layer
from strangers_record import Planted, Subject, numbers


def doubled(glue):
    """A glue with float64 in the place of the text's float32: slopes need the digits."""
    def exact(file):
        file["Dense"].forward.__globals__["FLOAT"] = np.float64
        return glue(file)
    return exact


def quick(expression, shapes, weights=(), **more):
    return doubled(layer(expression, shapes, weights, **more))


def loss(file):
    file["Dense"].forward.__globals__["FLOAT"] = np.float64
    made, labels = file["SoftmaxWithLoss"](), np.array([1, 0, 3, 3, 2])

    def backward(arrays, dy):
        made.forward(arrays["x"], labels)
        return {"x": made.backward(dy)}
    return lambda arrays: made.forward(arrays["x"], labels), backward, numbers(x=(5, 4))


DENSE = "Dense(5, 4)", [(6, 5)]
TENSORS = {"W": ("W.data", "W.grad"), "b": ("b.data", "b.grad")}
CONV = "Conv(2, 3, 3, stride=2, pad=1)", [(3, 2, 5, 6)]
NARROW = "Conv(2, 3, 2)", [(2, 2, 4, 3)]
GRADIENTS = {"W": ("W", "gW"), "b": ("b", "gb")}
CONNECT = "DropConnect(6, 5)", [(4, 6)]
POOL = "MaxPool(3, 2)", [(2, 3, 7, 5)]
SCATTER = "gxp[:, :, i * s:i * s + k, j * s:j * s + k] +="

SUBJECTS = [
    Subject(*DENSE, "dense", glue=quick(*DENSE, TENSORS), mistakes=[
        Planted("W's gradient is divided by the images", "self.x.T @ dout\n", "self.x.T @ dout / len(dout)\n", "W",
                ("factor:1/N",)),
        Planted("b gets the first image's", "self.b.grad = dout.sum(axis=0)", "self.b.grad = dout[0]", "b", ("part:image",)),
        Planted("W's gradient is the first image's", "self.x.T @ dout\n", "self.x[:1].T @ dout[:1]\n", "W", ("part:image",)),
        Planted("the gradient of x has the wrong sign", "return dout @ self.W.data.T", "return -dout @ self.W.data.T", "x",
                ("sign",)),
        Planted("W's gradient forgets dout", "self.x.T @ dout\n", "self.x.T @ np.sign(dout)\n", "W", ("not linear",)),
        Planted("weight decay of W", "self.x.T @ dout\n", "self.x.T @ dout + 0.05 * self.W.data\n", "W", ("decay",)),
    ]),
    Subject(*CONV, "conv", glue=quick(*CONV, GRADIENTS), mistakes=[
        Planted("windows overwrite each other", SCATTER, SCATTER.replace("+=", "="), "x", ("overwritten",)),
        Planted("the crop begins at 0", "gxp[:, :, p:h - p, p:w - p]", "gxp[:, :, :h - 2 * p, :w - 2 * p]", "x",
                ("shifted",)),
        Planted("the kernels are turned round", "(d * self.W).sum", "(d * self.W[:, :, ::-1, ::-1]).sum", "x", ("rotated",)),
        Planted("only the first row of windows counts in W", "self.gW += (d * patch).sum(axis=0)",
                "self.gW += (d * patch).sum(axis=0) * (i == 0)", "W", ("part:row", "part:position"), ("row",)),
        Planted("W's gradient by images' mean", "(d * patch).sum(axis=0)", "(d * patch).mean(axis=0)", "W", ("factor:1/N",)),
        Planted("b's gradient is that of the maximum", "self.gb = dout.sum(axis=(0, 2, 3))",
                "self.gb = dout.max(axis=(0, 2, 3))", "b", ("not linear", "part:position")),
        Planted("the gradient of x sees the first filter alone", "(d * self.W).sum(axis=1)", "(d * self.W)[:, 0]", "x",
                ("part:filter",)),
        Planted("W is updated in backward", "        self.gb = dout.sum", "        self.W -= 0.01 * self.gW\n        self.gb = dout.sum",
                "W", ("replaced",)),
    ]),
    Subject(*NARROW, "conv", glue=quick(*NARROW, GRADIENTS), mistakes=[
        Planted("an empty crop", "gxp[:, :, p:h - p, p:w - p]", "gxp[:, :, p:-p, p:-p]", "x", ("shape",)),
        Planted("rows and columns of W's gradient are exchanged", "        self.gb = dout.sum",
                "        self.gW = self.gW.swapaxes(2, 3)\n        self.gb = dout.sum", "W", ("transposed",)),
    ]),
    Subject("ReLU()", [(4, 6)], "activation", glue=quick("ReLU()", [(4, 6)]), mistakes=[
        Planted("the mask is dout's", "dout[self.mask] = 0\n        return dout\n\n\nclass LeakyReLU", "dout[dout <= 0] = 0\n"
                "        return dout\n\n\nclass LeakyReLU", "x", ("mask", "not linear")),
        Planted("the mask is turned", "dout[self.mask] = 0", "dout[~self.mask] = 0", "x", ("mask",)),
        Planted("a 1 where x is above 0", "dout[self.mask] = 0", "dout[self.mask] = 0\n        dout[~self.mask] = 1", "x",
                ("ignores dy",)),
    ]),
    Subject("LeakyReLU()", [(4, 6)], "activation", glue=quick("LeakyReLU()", [(4, 6)]), mistakes=[
        Planted("the slope in place of the gradient times the slope", "dout[self.neg] *=", "dout[self.neg] =", "x",
                ("term lacks dy",)),
        Planted("ReLU's gradient", "dout[self.neg] *= self.slope", "dout[self.neg] = 0", "x", ("slope", "mask")),
    ]),
    Subject("Dropout(0.4)", [(5, 6)], "dropout", glue=quick("Dropout(0.4)", [(5, 6)]), mistakes=[
        Planted("not divided by 1 - p", "        dout /= 1 - self.p\n", "", "x", ("factor:1-p",)),
        Planted("divided by p", "dout /= 1 - self.p", "dout /= self.p", "x", ("factor:(1-p)/p", "factor")),
        Planted("a mask of its own", "dout *= self.keep", "dout *= np.random.rand(*dout.shape) >= self.p", "x",
                ("random", "mask")),
        Planted("no mask", "        dout *= self.keep\n", "", "x", ("mask",)),
    ]),
    Subject("NoisyGain()", [(4, 6)], "dropout", glue=quick("NoisyGain()", [(4, 6)]), mistakes=[
        Planted("new noise in backward", "dout * self.gain", "dout * (1 + self.sigma * np.random.randn(*dout.shape))", "x",
                ("random", "mask")),
        Planted("the noise is left out", "dout * self.gain", "dout", "x", ("missing term", "mask", "slope", "other array")),
    ]),
    Subject(*CONNECT, "dropout", glue=quick(*CONNECT, {"W": ("W", "gW")}), mistakes=[
        Planted("W's gradient has no mask", "self.x.T.dot(dout) * self.on", "self.x.T.dot(dout)", "W", ("mask",)),
        Planted("all of W in the gradient of x", "dout.dot((self.W * self.on).T)", "dout.dot(self.W.T)", "x",
                ("mask", "other array")),
    ]),
    Subject(*POOL, "pool", glue=quick(*POOL), mistakes=[
        Planted("a winner of two windows gets one share", "j * s:j * s + f] += first", "j * s:j * s + f] = first", "x",
                ("overwritten",)),
        Planted("the smallest wins", "first = (box == box.max(", "first = (box == box.min(", "x", ("mask",)),
        Planted("multiplied by the value", "+= first * dout", "+= first * box * dout", "x", ("other array",)),
    ]),
    Subject("SoftmaxWithLoss()", [(5, 4)], "loss", labels=(1, 0, 3, 3, 2), glue=loss, mistakes=[
        Planted("a sum in place of the mean", "dout * dx / len(self.t)", "dout * dx", "x", ("factor:N",)),
        Planted("the labels are not subtracted", "        dx[np.arange(len(self.t)), self.t] -= 1\n", "", "x",
                ("missing term", "offset", "wrong term"), ("entry",)),
    ]),
]
