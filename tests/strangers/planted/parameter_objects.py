"""Layers that keep a list of Parameter objects (value, gradient), called by layer(x) and layer.backward(g)."""
from glue import layer
from strangers_record import Planted, Subject


def called(expression, shapes, *names):
    """The glue of a layer whose parameters are called so, in the order of its list."""
    places = {name: (f"parameters[{i}].value", f"parameters[{i}].gradient") for i, name in enumerate(names)}
    return layer(expression, shapes, places, call=lambda made, x: made(x))


AFFINE = "Affine(5, 4)", [(6, 5)]
CONV = "Convolution2D(3, 4, 3, 2, step=2, border=1)", [(2, 3, 6, 7)]
NORM = "BatchNorm2D(3)", [(4, 3, 3, 2)]
PRELU = "PReLU(3)", [(4, 3, 2, 2)]
ELU = "ELU()", [(4, 5)]
BACK_KERNEL = '"nkhw,kc->nchw", g, self.kernel.value[:, :, i, j]'

SUBJECTS = [
    Subject(*AFFINE, "dense", glue=called(*AFFINE, "weight", "bias"), mistakes=[
        Planted("the weight's gradient is reshaped where it must be transposed", "g.T @ self.saved",
                "(self.saved.T @ g).reshape(self.weight.value.shape)", "weight", ("reshaped", "transposed")),
        Planted("the bias gets a mean", "g.sum(axis=0, keepdims=True)", "g.mean(axis=0, keepdims=True)", "bias",
                ("factor:1/N",)),
        Planted("the input's gradient is divided by the number of images", "return g @ self.weight.value",
                "return g @ self.weight.value / g.shape[0]", "x", ("factor:1/N",)),
        Planted("weight decay is added", "g.T @ self.saved", "g.T @ self.saved + 0.01 * self.weight.value", "weight",
                ("decay",)),
        Planted("backward returns nothing", "return g @ self.weight.value", "g @ self.weight.value", "x", ("nothing",)),
        Planted("the weight's gradient is added to the one before", "self.weight.gradient = ",
                "self.weight.gradient += ", "weight", ("added",)),
        Planted("the bias has a gradient without its axis of length 1", "g.sum(axis=0, keepdims=True)",
                "g.mean(axis=0)", "bias", ("factor:1/N", "shape")),
    ]),
    Subject(*CONV, "conv", glue=called(*CONV, "kernel", "offset"), mistakes=[
        Planted("the shares of several windows overwrite each other", "self.rows(j, ow)] += np.einsum",
                "self.rows(j, ow)] = np.einsum", "x", ("overwritten",)),
        Planted("the offset's gradient is that of the first image", 'np.einsum("nkhw->k", g)', 'g[0].sum(axis=(1, 2))',
                "offset", ("part:image",)),
        Planted("the kernel's gradient is turned round", "gk[:, :, i, j] =", "gk[:, :, kh - 1 - i, kw - 1 - j] =",
                "kernel", ("rotated",)),
        Planted("the kernel's gradient stands on its head", "gk[:, :, i, j] =", "gk[:, :, kh - 1 - i, j] =", "kernel",
                ("flipped",)),
        Planted("the input's gradient by the kernel turned round", BACK_KERNEL,
                '"nkhw,kc->nchw", g, self.kernel.value[:, :, -1 - i, -1 - j]', "x", ("rotated",)),
        Planted("only the first filter reaches the input's gradient", BACK_KERNEL,
                '"nkhw,kc->nchw", g[:, :1], self.kernel.value[:1, :, i, j]', "x", ("part:filter",)),
        Planted("the step is missing in the input's gradient", "gx[:, :, self.rows(i, oh), self.rows(j, ow)] +=",
                "gx[:, :, i:i + oh, j:j + ow] +=", "x", ("stride",)),
        Planted("the input's gradient loses the first rows and columns", "gx[:, :, q:gx.shape[2] - q, q:gx.shape[3] - q]",
                "gx[:, :, 2 * q:, 2 * q:]", "x", ("shifted",)),
        Planted("the kernel's gradient is a mean over positions", "self.kernel.gradient = gk",
                "self.kernel.gradient = gk / (oh * ow)", "kernel", ("factor:1/(P*Q)",)),
        Planted("the kernel's gradient twice", "self.kernel.gradient = gk", "self.kernel.gradient = 2 * gk", "kernel",
                ("factor:2",)),
        Planted("forward repeats the border where backward has zeros around it", 'mode="constant"', 'mode="edge"', "x",
                ("border", "forward"), ("border", "row", "column")),
    ]),
    Subject(*NORM, "batchnorm", glue=called(*NORM, "scale", "shift"), mistakes=[
        Planted("the term of the mean is missing", "gn - s1 / count - self.normed", "gn - self.normed", "x",
                ("missing term",)),
        Planted("the term of the variance is missing", " - self.normed * s2 / count)", ")", "x", ("missing term",)),
        Planted("the count leaves out rows and columns", "count = g.shape[0] * g.shape[2] * g.shape[3]",
                "count = g.shape[0]", "x", ("wrong term",)),
        Planted("the shift gets a mean over positions", "self.shift.gradient = g.sum(axis=(0, 2, 3))",
                "self.shift.gradient = g.mean(axis=(2, 3)).sum(axis=0)", "shift", ("factor:1/(P*Q)",)),
        Planted("eps stands outside the root in forward", "1.0 / np.sqrt(var + self.eps)",
                "1.0 / (np.sqrt(var) + self.eps)", "x", ("eps", "wrong term")),
        Planted("the scale is missing in the input's gradient", "gn = g * self.scale.value[:, None, None]", "gn = g", "x",
                ("factor", "missing term", "other array")),
        Planted("backward of the test mode in training", "if not self.training:", "if self.training:", "x",
                ("missing term",)),
    ]),
    Subject(*PRELU, "activation", glue=called(*PRELU, "slopes"), mistakes=[
        Planted("the slopes see the positive numbers too", "(g * np.minimum(self.saved, 0))", "(g * self.saved)", "slopes",
                ("mask", "other array")),
        Planted("the slopes' gradient is divided by the number of images", ".sum(axis=axes)",
                ".sum(axis=axes) / g.shape[0]", "slopes", ("factor:1/N",)),
        Planted("g is forgotten where x is negative", "g, a * g)", "g, a * np.ones_like(g))", "x",
                ("term lacks dy", "ignores dy")),
    ]),
    Subject(*ELU, "activation", glue=called(*ELU), mistakes=[
        Planted("y where y + 1 belongs", "np.exp(np.minimum(self.saved, 0)))", "np.exp(np.minimum(self.saved, 0)) - 1)",
                "x", ("slope", "offset")),
        Planted("the mask is g's", "g * np.where(self.saved > 0", "g * np.where(g > 0", "x", ("mask", "not linear")),
        Planted("the slope of the exponential everywhere", "g * np.where(self.saved > 0, 1, np.exp(np.minimum(self.saved, 0)))",
                "g * np.exp(self.saved)", "x", ("slope",)),
    ]),
]
