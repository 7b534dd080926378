"""How modules with .data and .grad are called, and the mistakes in them."""
import numpy as np
from strangers_record import Planted, Subject, numbers

LINEAR = [
    Planted("the weight's gradient is halved", "+= grad_output.T @ self.x", "+= 0.5 * grad_output.T @ self.x", "weight",
            ("factor:1/2",)),
    Planted("averaged over the batch", "+= grad_output.sum(0)", "+= grad_output.mean(0)", "bias", ("factor:1/N",)),
    Planted("the bias learns nothing", "        self.bias.grad += grad_output.sum(0)\n", "", "bias",
            ("zero", "unchecked")),
    Planted("the weight instead of its gradient", "self.weight.grad += grad_output.T @ self.x",
            "self.weight.data += grad_output.T @ self.x",
            "weight", ("replaced", "zero", "unchecked")),
    Planted("grad_output twice", "+= grad_output.sum(0)", "+= (grad_output ** 2).sum(0)", "bias",
            ("not linear", "other array")),
    Planted("nothing is returned", "        return grad_output @ self.weight.data\n",
            "        grad_output @ self.weight.data\n", "x", ("nothing", "unchecked")),
]
CONV = [
    Planted("overwritten", "j:j + s * ow:s] += back", "j:j + s * ow:s] = back", "x", ("overwritten",)),
    Planted("the groups of the weight are dealt out", "grad = grad_output.reshape(n, g, -1, oh * ow)",
            "grad = grad_output.reshape(n, -1, g, oh * ow)"
            ".transpose(0, 2, 1, 3)", ("x", "weight"), ("groups", "reshaped", "transposed"),
            ("group", "channel", "filter")),
    Planted("back is of the first group's weight", "back = (weight.transpose(0, 2, 1) @ grad)",
            "back = (weight[:1].transpose(0, 2, 1) @ grad)", "x",
            ("groups",), ("group", "channel")),
    Planted("the crop begins at 0", "return padded[:, :, p:p + h, p:p + w]\n\n\nclass Max",
            "return padded[:, :, :h, :w]\n\n\nclass Max", "x", ("shifted",)),
    Planted("the offsets of the window exchanged", "+= back[:, :, i, j]", "+= back[:, :, j, i]",
            ("x", "weight", "bias"), ("raised",)),
    Planted("the offsets of the window reversed", "+= back[:, :, i, j]", "+= back[:, :, kh - 1 - i, kw - 1 - j]", "x",
            ("rotated",)),
    Planted("one row of windows is added twice",
            "back = (weight.transpose(0, 2, 1) @ grad).reshape(n, c, kh, kw, oh, ow)",
            "back = (weight.transpose(0, 2, 1) @ grad).reshape(n, c, kh, kw, oh, ow)\n        back[..., :1, :] *= 2",
            "x", ("counted twice", "part:row"),
            ("row", "border")),
    Planted("the weight's gradient is minus", "self.weight.grad += np.einsum", "self.weight.grad -= np.einsum",
            "weight", ("sign",)),
    Planted("the weight's gradient of one image", "'ngkl,ngdl->gkd', grad,",
            "'ngkl,ngdl->gkd', grad * (np.arange(n) < 1).reshape(-1, 1, 1, 1),", "weight",
            ("part:image",), ("image",)),
    Planted("the weight's gradient divided by the positions", ".reshape(self.weight.shape)\n",
            ".reshape(self.weight.shape) / (oh * ow)\n", "weight",
            ("factor:1/(P*Q)",)),
    Planted("the bias sums too little", "grad_output.sum((0, 2, 3))", "grad_output[:, :, 0].sum((0, 2))", "bias",
            ("part:row", "part:position"), ()),
]
POOL = [
    Planted("lost updates", "np.add.at(grad, (b, d, rows, cols), grad_output)", "grad[b, d, rows, cols] += grad_output",
            "x", ("overwritten",)),
    Planted("rows and columns of the index", "self.index // k, j * s + self.index % k",
            "self.index % k, j * s + self.index // k", "x",
            ("transposed", "mask", "reshaped")),
    Planted("padding with 0", ", constant_values=-np.inf", "", "x", ("forward", "border", "mask"),
            ("border", "row", "column", "entry"), visible=False,
            like="MaxPool(3, 2, pad=1)"),
    Planted("the padding is not taken off", "return grad[:, :, p:p + h, p:p + w]", "return grad", "x", ("shape",)),
    Planted("an int buffer", "grad = np.zeros((n, c, h + 2 * p, w + 2 * p))",
            "grad = np.zeros((n, c, h + 2 * p, w + 2 * p), int)", ("x",), ("integers", "raised")),
]
LRN = [
    Planted("no cross terms", "self.beta - cross", "self.beta", "x", ("missing term", "wrong term")),
    Planted("plus the cross terms", "self.beta - cross", "self.beta + cross", "x", ("wrong term",)),
    Planted("alpha is not divided in backward", "self.alpha * self.beta / self.size * self.x",
            "self.alpha * self.beta * self.x", "x", ("wrong term",)),
    Planted("beta is missing", "2 * self.alpha * self.beta / self.size", "2 * self.alpha / self.size", "x",
            ("wrong term",)),
    Planted("the exponent is beta", "** (self.beta + 1)", "** self.beta", "x", ("wrong term",)),
    Planted("x is missing in the ratio", "ratio = grad_output * self.x / ", "ratio = grad_output / ", "x",
            ("wrong term", "other array")),
    Planted("grad_output is missing in the ratio", "ratio = grad_output * self.x / ", "ratio = self.x / ", "x",
            ("term lacks dy",)),
    Planted("only the channels before", "a[:, max(0, c - before):c + self.size - before].sum(1)",
            "a[:, max(0, c - before):c + 1].sum(1)", "x",
            ("wrong term", "missing term")),
]
LOSS = [
    Planted("a sum, not a mean", "return grad / len(grad)", "return grad", "logits", ("factor:N",)),
    Planted("the target is not subtracted", "        grad[np.arange(len(grad)), self.target] -= 1\n", "", "logits",
            ("missing term", "wrong term", "offset"), ("entry",)),
    Planted("log p in place of p", "grad = np.exp(self.log_p)", "grad = self.log_p.copy()", "logits",
            ("slope", "wrong term", "other array")),
]
DROPOUT = [
    Planted("the mask without its scale", "grad_output * self.mask", "grad_output * (self.mask > 0)", "x",
            ("factor:1-p",)),
    Planted("as in eval", "return grad_output * self.mask", "return grad_output", "x", ("mask",), ("entry",)),
]


def module(make, shape, weights=(), negative=False):
    """The glue: gradients are what backward adds to .grad."""
    def glue(file):
        np.random.seed(1)
        layer = eval(make, file)
        arrays = numbers(x=shape)
        if negative:
            arrays["x"] = -np.abs(arrays["x"])

        def forward(arrays):
            np.random.seed(3)
            return layer(arrays["x"])

        def backward(arrays, dy):
            layer.zero_grad()
            forward(arrays)
            return {"x": layer.backward(dy), **{name: getattr(layer, name).grad for name in weights}}
        return forward, backward, arrays | {name: getattr(layer, name).data for name in weights}
    return glue


def loss(file):
    layer, target = file["CrossEntropyLoss"](), np.array([1, 0, 4, 1])

    def backward(arrays, dy):
        layer(arrays["logits"], target)
        return {"logits": dy * layer.backward()}
    return lambda arrays: layer(arrays["logits"], target), backward, numbers(logits=(4, 5))


def subject(make, shape, kind, mistakes, weights=(), **options):
    return Subject(make, [shape], kind, mistakes, glue=module(make, shape, weights, **options))


SUBJECTS = [
    subject("Linear(4, 5)", (3, 4), "dense", LINEAR, ["weight", "bias"]),
    subject("Conv2d(4, 6, (3, 2), stride=2, padding=1, groups=2)", (2, 4, 6, 7), "conv", CONV, ["weight", "bias"]),
    subject("MaxPool2d(3, 2, padding=1)", (2, 3, 7, 5), "pool", POOL, negative=True),
    subject("LocalResponseNorm(5)", (2, 7, 3, 4), "lrn", LRN),
    Subject("CrossEntropyLoss()", [(4, 5)], "loss", LOSS, glue=loss),
    subject("Dropout(0.2)", (4, 6), "dropout", DROPOUT),
]
