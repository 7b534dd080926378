"""How the course notes' functions are called, and the mistakes in them."""
import copy

import numpy as np
from strangers_record import Planted, Subject, numbers


def functions(forward, backward, shapes, given=None):
    """The glue: forward gives (out, cache), backward the gradients of the inputs in their order."""
    def glue(file):
        arrays = numbers(shapes)
        if "pool" in forward:
            arrays["x"] = -np.abs(arrays["x"])          # a greatest that starts from 0 shows
        extra = [] if given is None else [copy.deepcopy(given)]

        def run(arrays):
            np.random.seed(3)
            return file[forward](*arrays.values(), *copy.deepcopy(extra))

        def back(arrays, dy):
            gradients = file[backward](dy, run(arrays)[1])
            return dict(zip(arrays, gradients if isinstance(gradients, tuple) else [gradients]))
        return lambda arrays: run(arrays)[0], back, arrays
    return glue


def loss(file):
    labels = np.array([1, 0, 4, 1])
    return (lambda arrays: file["softmax_loss"](arrays["x"], labels)[0],
            lambda arrays, dy: {"x": dy * file["softmax_loss"](arrays["x"], labels)[1]}, numbers(x=(4, 5)))


AFFINE = [
    Planted("dw is averaged over the batch", "dw = flat.T.dot(dout)", "dw = flat.T.dot(dout) / x.shape[0]", "w",
            ("factor:1/N",)),
    Planted("db is a mean", "db = np.sum(dout, axis=0)", "db = np.mean(dout, axis=0)", "b", ("factor:1/N",)),
    Planted("the gradients come in another order", "db = np.sum(dout, axis=0)\n    return dx, dw, db",
            "db = np.sum(dout, axis=0)\n    return dw, dx, db", ("x", "w"), ("order", "shape")),
    Planted("db keeps its axis", "np.sum(dout, axis=0)\n", "np.sum(dout, axis=0, keepdims=True)\n", "b", ("shape",)),
    Planted("dw does not use dout", "flat.T.dot(dout)", "flat.T.dot(np.ones_like(dout))", "w", ("ignores dy",)),
    Planted("weight decay in dw", "dw = flat.T.dot(dout)", "dw = flat.T.dot(dout) + 0.1 * w", "w",
            ("decay", "term lacks dy")),
    Planted("dx is not given back its shape", "dout.dot(w.T).reshape(x.shape)", "dout.dot(w.T)", "x", ("shape",)),
    Planted("dw of the last sample only", "flat.T.dot(dout)", "flat[-1:].T.dot(dout[-1:])", "w", ("part:image",),
            ("image",)),
]
SQUARE = [
    Planted("w is not transposed in dx", "dout.dot(w.T)", "dout.dot(w)", "x", ("transposed",)),
    Planted("dw is transposed", "flat.T.dot(dout)", "dout.T.dot(flat)", "w", ("transposed", "order")),
    Planted("db sums over the features", "np.sum(dout, axis=0)", "np.sum(dout, axis=1)", "b", ("axis",)),
]
RELU = [
    Planted("the mask is of dout", "dout * (x > 0)", "dout * (dout > 0)", "x", ("mask", "not linear")),
    Planted("no mask", "dout * (x > 0)", "dout * 1.0", "x", ("mask", "slope"), ("entry",)),
    Planted("multiplied by the output", "dout * (x > 0)", "dout * np.maximum(0, x)", "x", ("other array", "slope")),
]
CONV = [
    Planted("windows of dx overwrite each other", "dx_pad[n, :, rows, cols] += ", "dx_pad[n, :, rows, cols] = ", "x",
            ("overwritten", "part:filter")),
    Planted("dw keeps the last window", "dw[f] += g * x_pad", "dw[f] = g * x_pad", "w",
            ("overwritten", "part:position", "part:image")),
    Planted("db keeps the last number", "db[f] += g", "db[f] = g", "b",
            ("overwritten", "part:position", "part:image")),
    Planted("dx is cropped at the top left", "dx_pad[:, :, pad:pad + H, pad:pad + W]", "dx_pad[:, :, :H, :W]", "x",
            ("shifted",)),
    Planted("dx is not cropped", "dx_pad[:, :, pad:pad + H, pad:pad + W]", "dx_pad", "x", ("shape",)),
    Planted("the kernel is turned round in dx", "g * w[f]", "g * w[f][:, ::-1, ::-1]", "x", ("rotated",)),
    Planted("the kernel is transposed in dx", "g * w[f]", "g * w[f].transpose(0, 2, 1)", "x", ("transposed",)),
    Planted("dw reads x without its padding", "x_pad[n, :, rows, cols]\n                    db",
            "x[n, :, rows, cols]\n                    db", "w", ("shifted", "border")),
    Planted("backward has no stride", "slice(i * stride, i * stride + HH)", "slice(i, i + HH)", ("x", "w"),
            ("stride",)),
    Planted("only the first image", "for n in range(0, N)", "for n in range(0, 1)", ("x", "w", "b"), ("part:image",),
            ("image",)),
    Planted("dw is averaged over the windows", "return dx, dw, db\n\n\ndef max",
            "return dx, dw / (N * H_out * W_out), db"
            "\n\n\ndef max", "w", ("factor:1/(N*P*Q)",)),
    Planted("forward pads with the edge", "mode='constant'", "mode='edge'", ("x", "w"), ("border", "forward"),
            ("border", "row", "column"), like="Conv2D(4, 3, stride=2, pad=1)"),
    Planted("one row of windows is left out", "for i in range(0, H_out)", "for i in range(0, H_out - 1)",
            ("x", "w", "b"), ("part:row", "part:position"), ("row", "border")),
]
CONV_BARE = [
    Planted("an empty slice without padding", "dx_pad[:, :, pad:pad + H, pad:pad + W]",
            "dx_pad[:, :, pad:-pad, pad:-pad]", "x", ("shape",)),
    Planted("the bias is added twice", "np.sum(window * w[f]) + b[f]", "np.sum(window * w[f] + b[f])", "b",
            ("factor:1/(C*R*S)", "factor", "forward"), like="Conv2D(4, 3)"),
    Planted("dw turned upside down", "dw[f] += g * x_pad[n, :, rows, cols]",
            "dw[f] += g * x_pad[n, :, rows, cols][:, ::-1, ::-1]", "w", ("rotated",)),
    Planted("dx of the last filter only", "for f in range(0, F):", "for f in range(F - 1, F):", ("x", "w", "b"),
            ("part:filter", "part:channel"), ("filter", "channel")),
]
POOL = [
    Planted("windows overwrite each other", "left + s] += dout", "left + s] = dout", "x", ("overwritten",)),
    Planted("the gradient goes to the corner", "top + r, left + s]", "top, left]", "x", ("mask", "reshaped")),
    Planted("the least gets the gradient", "np.argmax(patch)", "np.argmin(patch)", "x", ("mask",)),
    Planted("multiplied by the greatest", "+= dout[n, c, i, j]", "+= dout[n, c, i, j] * patch[r, s]", "x",
            ("other array", "slope")),
    Planted("backward steps by the window", "top, left = i * stride, j * stride\n                    patch",
            "top, left = i * ph, j * pw\n                    patch", "x", ("stride", "mask")),
    Planted("forward starts at 0", "window.max(axis=(2, 3))", "np.maximum(0, window.max(axis=(2, 3)))", "x",
            ("mask", "forward"), like="MaxPool(3, 2)"),
    Planted("the whole map's greatest", "np.argmax(patch), patch.shape", "np.argmax(x[n, c]) % patch.size, patch.shape",
            "x", ("mask", "reshaped")),
]
BATCHNORM = [
    Planted("the mean's term is missing", "dx_hat - dx_hat.mean(axis=0) - x_hat", "dx_hat - x_hat", "x",
            ("missing term", "wrong term")),
    Planted("the variance's term is missing", " - x_hat * np.mean(dx_hat * x_hat, axis=0)) / std", ") / std", "x",
            ("missing term", "wrong term")),
    Planted("the variance's term has the wrong sign", "- x_hat * np.mean", "+ x_hat * np.mean", "x", ("wrong term",)),
    Planted("a sum in place of a mean", "np.mean(dx_hat * x_hat, axis=0)", "np.sum(dx_hat * x_hat, axis=0)", "x",
            ("wrong term",)),
    Planted("gamma is forgotten", "dx_hat = dout * gamma", "dx_hat = dout", "x", ("factor", "other array")),
    Planted("dgamma without x_hat", "(dout * x_hat).sum(axis=0)", "dout.sum(axis=0)", "gamma", ("other array",)),
    Planted("dgamma is a mean", "(dout * x_hat).sum(axis=0)", "(dout * x_hat).mean(axis=0)", "gamma", ("factor:1/N",)),
    Planted("eps is not in backward's root", "axis=0)) / std\n", "axis=0)) / np.sqrt(std ** 2 - eps)\n", "x", ("eps",)),
]
DROPOUT = [
    Planted("no mask in backward", "dx = dout * mask", "dx = dout * 1.0", "x", ("mask",), ("entry",)),
    Planted("no scale in backward", "dx = dout * mask", "dx = dout * (mask > 0)", "x", ("factor:p",)),
    Planted("a new mask in backward", "dx = dout * mask",
            "dx = dout * (np.random.rand(*dout.shape) < dropout_param['p']) / dropout_param['p']", "x",
            ("mask", "random")),
]
LOSS = [
    Planted("not divided by N", "    dx /= N\n", "", "x", ("factor:N",)),
    Planted("the label is not subtracted", "    dx[np.arange(N), y] -= 1\n", "", "x",
            ("missing term", "wrong term", "offset"), ("entry",)),
    Planted("whole columns are lessened", "dx[np.arange(N), y] -= 1", "dx[:, y] -= 1", "x",
            ("wrong term", "offset", "mask", "axis"), ("column", "feature", "entry")),
    Planted("y - p", "dx /= N", "dx /= -N", "x", ("sign",)),
    Planted("divided by N twice", "dx /= N", "dx /= N * N", "x", ("factor:1/N",)),
    Planted("exp without the shift", "shifted = x - x.max(axis=1, keepdims=True)", "shifted = x", "x", ("overflow",),
            visible=False),
]
CONV_SHAPES = {"x": (2, 3, 7, 5), "w": (4, 3, 3, 3), "b": (4,)}
BARE_SHAPES = {"x": (2, 2, 5, 4), "w": (4, 2, 3, 3), "b": (4,)}
AFFINE_SHAPES = {"x": (3, 2, 4), "w": (8, 5), "b": (5,)}
SQUARE_SHAPES = {"x": (4, 4), "w": (4, 4), "b": (4,)}
NORM_SHAPES = {"x": (6, 4), "gamma": (4,), "beta": (4,)}
POOL_PARAM = {"pool_height": 3, "pool_width": 3, "stride": 2}


def pair(name, end, shapes, kind, mistakes, param=None):
    """A Subject of NAME_forward and NAME_backward."""
    forward, backward = f"{name}_forward{end}", f"{name}_backward{end}"
    return Subject(f"{forward},{backward}", list(shapes.values()), kind, mistakes, param,
                   glue=functions(forward, backward, shapes, param))


SUBJECTS = [
    pair("affine", "", AFFINE_SHAPES, "dense", AFFINE),
    pair("affine", "", SQUARE_SHAPES, "dense", SQUARE),
    pair("relu", "", {"x": (3, 4)}, "activation", RELU),
    pair("conv", "_naive", CONV_SHAPES, "conv", CONV, {"stride": 2, "pad": 1}),
    pair("conv", "_naive", BARE_SHAPES, "conv", CONV_BARE, {"stride": 1, "pad": 0}),
    pair("max_pool", "_naive", {"x": (2, 3, 7, 5)}, "pool", POOL, POOL_PARAM),
    pair("batchnorm", "", NORM_SHAPES, "batchnorm", BATCHNORM, {"mode": "train"}),
    pair("dropout", "", {"x": (4, 6)}, "dropout", DROPOUT, {"p": 0.8, "mode": "train"}),
    Subject("softmax_loss", [(4, 5)], "loss", LOSS, glue=loss),
]
