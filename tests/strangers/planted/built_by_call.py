"""How layers that are built by their first call are called, and the mistakes in them."""
import numpy as np
from strangers_record import Planted, Subject, glue_of, numbers

DENSE = [
    Planted("kernel over the batch", "self.inputs.T @ dout", "self.inputs.T @ dout / len(dout)", "kernel",
            ("factor:1/N",)),
    Planted("the bias gets a copy of dout", "self.gradients['bias'] = dout.sum(axis=0)",
            "self.gradients['bias'] = dout", "bias", ("shape",)),
    Planted("kernel and bias change places", "self.gradients['bias'] = dout.sum(axis=0)\n",
            "self.gradients['bias'], self.gradients['kernel'] = self.gradients['kernel'], dout.sum(axis=0)\n",
            ("kernel", "bias"),
            ("order", "shape", "unchecked")),
    Planted("the kernel is not transposed", "dout @ self.weights['kernel'].T\n\n\nclass Act",
            "dout @ self.weights['kernel']\n\n\nclass Act",
            ("inputs", "kernel", "bias"), ("raised",)),
    Planted("the bias under another name", "self.gradients['bias'] = dout.sum(axis=0)",
            "self.gradients['b'] = dout.sum(axis=0) * 2", "bias",
            ("factor:2", "unchecked")),
]
RELU = [Planted("elu's slope", "return dout * (self.inputs > 0)",
            "return dout * np.where(self.inputs > 0, 1, np.exp(self.inputs))", "inputs",
                ("slope", "mask"), ("entry",))]
TANH = [
    Planted("1 - x squared", "1 - np.tanh(self.inputs) ** 2", "1 - self.inputs ** 2", "inputs", ("slope",)),
    Planted("sigmoid's slope", "            return dout * (1 - np.tanh(self.inputs) ** 2)\n", "            pass\n",
            "inputs", ("slope",)),
]
ELU = [Planted("the negative side's slope is e to the x less 1",
            "np.where(self.inputs > 0, 1, np.exp(np.minimum(self.inputs, 0)))",
               "np.where(self.inputs > 0, 1, np.exp(np.minimum(self.inputs, 0)) - 1)", "inputs", ("slope",),
               ("entry",))]
CONV = [
    Planted("dkernel of the last filter position", "dkernel[i, j] = patch", "dkernel[:] = patch", "kernel",
            ("other array", "reshaped", "shifted", "part")),
    Planted("rows and columns of the kernel", "dkernel[i, j] = patch", "dkernel[j, i] = patch", "kernel",
            ("transposed",)),
    Planted("the kernel is turned round", "dout @ self.weights['kernel'][i, j].T",
            "dout @ self.weights['kernel'][kh - 1 - i, kw - 1 - j].T", "inputs",
            ("rotated",)),
    Planted("overwritten", "dpadded[:, rows, cols] += dout", "dpadded[:, rows, cols] = dout", "inputs",
            ("overwritten",)),
    Planted("the crop begins at 0", "dpadded[:, self.top:self.top + h, self.left:self.left + w]", "dpadded[:, :h, :w]",
            "inputs", ("shifted",)),
    Planted("the padding is at the other side", "((0, 0), (self.top, rows - self.top), (self",
            "((0, 0), (rows - self.top + 1, self.top - 1), (self", "inputs",
            ("shifted",)),
    Planted("the bias is averaged over positions", "flat.sum(axis=0)", "flat.sum(axis=0) / (oh * ow)", "bias",
            ("factor:1/(P*Q)",)),
    Planted("dout and patch in other orders", "patch.reshape(-1, patch.shape[-1]).T @ flat",
            "patch.transpose(0, 2, 1, 3).reshape(-1, patch.shape[-1]).T @ flat", "kernel",
            ("reshaped", "transposed", "flipped")),
    Planted("one stride for both", "slice(j, j + ow * sw, sw)", "slice(j, j + ow, 1)", ("inputs", "kernel"),
            ("stride",)),
    Planted("the kernel's gradient is added up", "self.gradients['kernel'] = dkernel",
            "self.gradients['kernel'] = self.gradients.get('kernel', 0) + dkernel",
            "kernel", ("added",)),
]
POOL = [
    Planted("overwritten", "+= dout * (self.winner == k)", "= dout * (self.winner == k)", "inputs", ("overwritten",)),
    Planted("forward starts at 0", "out = np.full((n, (h - p) // s + 1, (w - p) // s + 1, c), -np.inf)",
            "out = np.zeros((n, (h - p) // s + 1, (w - p) // s + 1, c))", "inputs", ("mask", "forward"),
            like="MaxPool(3, 2)"),
    Planted("rows and columns of the window",
            "for k in range(p * p):\n            i, j = k // p, k % p\n            dinputs", "for k in range(p * p):\n"
            "            j, i = k // p, k % p\n            dinputs", "inputs", ("transposed", "mask", "reshaped")),
    Planted("all numbers that were ever greatest", "self.winner == k", "self.winner >= k", "inputs", ("mask", "ties")),
    Planted("dout is not used", "+= dout * (self.winner == k)", "+= (self.winner == k)", "inputs", ("ignores dy",)),
]
BATCHNORM = [
    Planted("training's gradient is inference's", "if not self.training:", "if self.training:", "inputs",
            ("missing term", "wrong term")),
    Planted("the mean's term is missing", "d - d.mean(axis=self.axes) - self", "d - self", "inputs",
            ("missing term", "wrong term")),
    Planted("the variance's term lacks normal", "- self.normal * (d * self.normal)", "- (d * self.normal)", "inputs",
            ("wrong term", "missing term")),
    Planted("the axes are one too few", "return d - d.mean(axis=self.axes)", "return d - d.mean(axis=0)", "inputs",
            ("axis", "wrong term")),
    Planted("dgamma of one image", "(dout * self.normal).sum(axis=self.axes)",
            "(dout * self.normal)[:1].sum(axis=self.axes)", "gamma", ("part:image",),
            ("image",)),
]
DROPOUT = [
    Planted("no scale in backward", "return dout * self.mask", "return dout * (self.mask != 0)", "inputs",
            ("factor:1-p",)),
    Planted("the mask is drawn anew", "return dout * self.mask",
            "return dout * (np.random.uniform(size=dout.shape) >= self.rate) / (1 - self.rate)",
            "inputs", ("mask", "random")),
]


class Dictionary:
    """A layer whose weights and gradients are seen as w_kernel and g_kernel."""

    def __init__(self, layer, shape):
        layer(numbers(x=shape)["x"])
        self.layer = layer
        for array in layer.weights.values():
            array += np.random.uniform(0.1, 0.5, array.shape)

    def __getattr__(self, name):
        return (self.layer.weights if name[0] == "w" else self.layer.gradients)[name[2:]]


def subject(make, shape, kind, mistakes, weights=(), training=None, negative=False):
    def glue(file):
        np.random.seed(1)
        thing = Dictionary(eval(make, file), shape)
        settings = {} if training is None else {"training": training}
        forward, backward, arrays = glue_of(
            lambda file: thing, {"inputs": shape}, {f"w_{name}": f"g_{name}" for name in weights},
            lambda thing, x: thing.layer(x, **settings), lambda thing, dy: thing.layer.gradient(dy),
            negative=negative)(file)
        return (lambda arrays: forward({"inputs": arrays["inputs"]}), lambda arrays, dy:
                {name.removeprefix("w_"): array for name, array in backward({"inputs": arrays["inputs"]}, dy).items()},
                {name.removeprefix("w_"): array for name, array in arrays.items()})
    return Subject(make, [shape], kind, mistakes, train=training, glue=glue)


SUBJECTS = [
    subject("Dense(5)", (3, 4), "dense", DENSE, ["kernel", "bias"]),
    subject("Activation('relu')", (3, 4), "activation", RELU),
    subject("Activation('tanh')", (3, 4), "activation", TANH),
    subject("Activation('elu')", (3, 4), "activation", ELU),
    subject("Conv2D(4, (3, 3), strides=(1, 2), padding='same')", (2, 6, 7, 3), "conv", CONV, ["kernel", "bias"]),
    subject("MaxPooling2D(3, 2)", (2, 7, 5, 3), "pool", POOL, negative=True),
    subject("BatchNormalization()", (3, 2, 2, 4), "batchnorm", BATCHNORM, ["gamma", "beta"]),
    subject("Dropout(0.2)", (4, 6), "dropout", DROPOUT, training=True),
]
