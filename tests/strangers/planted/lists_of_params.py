"""How layers with lists of weights and gradients are called, and the mistakes in them."""
import numpy as np
from strangers_record import Planted, Subject, glue_of

MATMUL = [
    Planted("the gradient is put elsewhere", "self.grads[0][...] = dW\n        return dx\n\n\nclass Affine",
            "self.grads[0] = self.grads[0] + dW\n        return dx\n\n\nclass Affine", "params[0]", ("added",)),
    Planted("W is not transposed", "dx = np.dot(dout, W.T)\n        dW", "dx = np.dot(dout, W)\n        dW", "x",
            ("transposed",)),
    Planted("dW is a third", "dW = np.dot(self.x.T, dout)", "dW = np.dot(self.x.T, dout) / 3", "params[0]",
            ("factor:1/3",)),
]
AFFINE = [
    Planted("the gradients change places",
            "self.grads[0][...] = np.dot(self.x.T, dout)\n        self.grads[1][...] = np.sum(dout, axis=0)",
            "self.grads = [np.sum(dout, axis=0), np.dot(self.x.T, dout)]", ("params[0]", "params[1]"),
            ("order", "shape", "unchecked")),
    Planted("grads[1] is never written", "        self.grads[1][...] = np.sum(dout, axis=0)\n", "", "params[1]",
            ("zero", "unchecked")),
    Planted("dW of the outputs' sum", "self.grads[0][...] = np.dot(self.x.T, dout)",
            "self.grads[0][...] = np.dot(self.x.T, dout)"
            ".sum(axis=1, keepdims=True)", "params[0]", ("axis",)),
    Planted("the wrong sign everywhere", "self.grads[0][...] = np.dot(self.x.T, dout)",
            "dout = -dout\n        dx = -dx\n"
            "        self.grads[0][...] = np.dot(self.x.T, dout)", ("x", "params[0]", "params[1]"), ("sign",)),
]
TANH = [
    Planted("sigmoid's slope", "dout * (1 - self.out ** 2)", "dout * self.out * (1 - self.out)", "x", ("slope",)),
    Planted("tanh of tanh", "1 - self.out ** 2", "1 - np.tanh(self.out) ** 2", "x", ("slope",)),
    Planted("no square", "(1 - self.out ** 2)", "(1 - self.out)", "x", ("slope",)),
]
SOFTMAX = [
    Planted("the cross terms are missing", "        dx -= self.out * total\n", "", "x", ("missing term", "wrong term")),
    Planted("p (1 - p)", "        dx -= self.out * total\n", "        dx = dx * (1 - self.out)\n", "x",
            ("missing term", "wrong term", "slope")),
    Planted("the sum runs over the batch", "np.sum(dx, axis=1, keepdims=True)", "np.sum(dx, axis=0, keepdims=True)",
            "x",
            ("axis", "wrong term")),
    Planted("total is subtracted bare", "dx -= self.out * total", "dx -= total", "x",
            ("wrong term", "offset", "missing term")),
]
SIGMOID_LOSS = [
    Planted("not divided by N", "* dout / len(self.t)", "* dout", "x", ("factor:N",)),
    Planted("sigmoid's slope once more", "return (self.y - self.t)", "return (self.y - self.t) * self.y * (1 - self.y)",
            "x",
            ("slope", "other array")),
    Planted("t - y", "(self.y - self.t)", "(self.t - self.y)", "x", ("sign",)),
]
LRN = [
    Planted("the cross terms are missing", "        dx -= 2 * self.alpha * self.beta * self.x * inner\n", "", "x",
            ("missing term", "wrong term")),
    Planted("the 2 is missing", "dx -= 2 * self.alpha", "dx -= self.alpha", "x", ("wrong term",)),
    Planted("plus", "dx -= 2 * self.alpha", "dx += 2 * self.alpha", "x", ("wrong term",)),
    Planted("the own term alone in the sum", "inner = self.window_sum(dout * self.out / self.scale)",
            "inner = dout * self.out / self.scale",
            "x", ("missing term", "wrong term")),
    Planted("x is inside the sum", "self.x * inner", "self.window_sum(self.x * dout * self.out / self.scale)", "x",
            ("wrong term", "other array")),
    Planted("divided by the scale once less", "dout * self.out / self.scale)", "dout * self.out)", "x",
            ("wrong term",)),
    Planted("the direct term is missing", "dx = dout * self.scale ** -self.beta", "dx = 0 * dout", "x",
            ("missing term", "wrong term")),
    Planted("alpha is divided by the size in backward", "dx -= 2 * self.alpha", "dx -= 2 * self.alpha / self.size", "x",
            ("wrong term",)),
]
CONV = [
    Planted("every group sees the first channels", "part = self.xp[:, g * Cg:(g + 1) * Cg]", "part = self.xp[:, :Cg]",
            ("x", "params[0]"), ("groups", "forward"), ("group", "channel", "filter"),
            like="Conv2D(4, 3, stride=2, pad=1, groups=2)"),
    Planted("dx goes to the first group", "dxp[:, c, rows, cols] +=", "dxp[:, :Cg, rows, cols] +=", "x", ("groups",),
            ("group", "channel")),
    Planted("dW overwritten by rows", "dW[f, :, i, j] = np", "dW[f, :, j, i] = np", "params[0]", ("transposed",)),
    Planted("channels in turn", "c, f = slice(g * Cg, g * Cg + Cg)", "c, f = slice(g, None, self.groups)",
            ("x", "params[0]"),
            ("groups",), ("group", "channel", "filter")),
    Planted("overwritten", "dxp[:, c, rows, cols] += np", "dxp[:, c, rows, cols] = np", "x", ("overwritten",)),
    Planted("only the first group", "for g in range(self.groups):\n            c, f",
            "for g in range(1):\n            c, f", ("x", "params[0]"),
            ("groups", "part:group", "part:channel", "part:filter"), ("group", "channel", "filter")),
    Planted("db leaves the images apart", "dout.sum(axis=(0, 2, 3))", "dout[0].sum(axis=(1, 2))", "params[1]",
            ("part:image",), ("image",)),
]


def subject(make, shape, kind, mistakes, weights=0, **glue):
    """A Subject of an object that is made at the end of the file, after a seed; it has so many weights."""
    setup = f"np.random.seed(1)\nlayer = {make}"
    names = {f"params[{i}]": f"grads[{i}]" for i in range(weights)}
    return Subject("layer", [shape], kind, mistakes, setup=setup,
            glue=glue_of(lambda file: file["layer"], {"x": shape}, names, **glue))


SUBJECTS = [
    subject("MatMul(np.random.randn(4, 4))", (3, 4), "dense", MATMUL, 1),
    subject("Affine(np.random.randn(4, 5), np.random.randn(5))", (3, 4), "dense", AFFINE, 2),
    subject("Tanh()", (3, 4), "activation", TANH),
    subject("Softmax()", (3, 5), "loss", SOFTMAX),
    subject("SigmoidWithLoss()", (5,), "loss", SIGMOID_LOSS, settings=[np.array([1, 0, 0, 1, 1])],
            backward=lambda thing, dy: thing.backward() * dy),
    subject("LRN()", (2, 7, 3, 4), "lrn", LRN),
    subject("GroupedConv(np.random.randn(4, 2, 3, 3), np.random.randn(4), 2, 1)", (2, 4, 6, 7), "conv", CONV, 2),
]
