"""Layers with the dictionaries self.params and self.grads."""
from glue import layer
from strangers_record import Planted, Subject


def kept(expression, shapes, *names, **more):
    return layer(expression, shapes, {name: (f"params['{name}']", f"grads['{name}']") for name in names}, **more)


CONV = "ConvLayer(4, 6, (3, 2), stride=2, pad=1, groups=2)", [(3, 4, 5, 6)]
POOL = "PoolLayer(3, 2, pad=1)", [(2, 3, 6, 7)]
LRN = "LRNLayer()", [(2, 6, 3, 2)]
NORM = "BNLayer(4)", [(6, 4)]
DROP = "DropoutLayer(0.3)", [(5, 8)]
TRAINED = dict(call=lambda made, x: made.forward(x, True))
MEANS = "dxhat / self.std + dvar * 2 * self.xc / N + dmean / N"


SUBJECTS = [
    Subject(*CONV, "conv", glue=kept(*CONV, "W", "b"), mistakes=[
        Planted("dW of the last image", "dw[g] += d.dot", "dw[g] = d.dot", "W", ("part:image", "overwritten")),
        Planted("pieces overwrite each other", "j * s:j * s + self.kw] += piece", "j * s:j * s + self.kw] = piece", "x",
                ("overwritten",)),
        Planted("the columns of the first group for all", "self.cols[n * G + g].T", "self.cols[n * G].T", "W", ("groups",),
                ("group", "filter")),
        Planted("the filters of the first group for all", "dcol = w[g].T.dot(d)", "dcol = w[0].T.dot(d)", "x", ("groups",),
                ("group", "channel")),
        Planted("a piece has its rows and columns in the other order", ".reshape(cg, self.kh, self.kw)",
                ".reshape(cg, self.kw, self.kh).transpose(0, 2, 1)", "x", ("reshaped", "transposed")),
        Planted("db is a mean over the images", "dy.sum(axis=0).sum(axis=1)", "dy.mean(axis=0).sum(axis=1)", "b",
                ("factor:1/N",)),
        Planted("the positions of dy are counted by columns", "dcol[:, i * self.ow + j]", "dcol[:, j * self.oh + i]", "x",
                ("transposed", "reshaped")),
        Planted("the crop is one row and column too early", "return dxp[:, :, p:p + H, p:p + W]",
                "return dxp[:, :, p - 1:p - 1 + H, p - 1:p - 1 + W]", "x", ("shifted",)),
        Planted("only the first row of windows goes back", "for i in range(self.oh):", "for i in range(1):", "x",
                ("part:row", "part"), ("row",)),
        Planted("dW gets weight decay", 'dw.reshape(self.params["W"].shape)',
                'dw.reshape(self.params["W"].shape) + 5e-3 * self.params["W"]', "W", ("decay",)),
        Planted("the columns of all images are those of the first", "self.cols[n * G + g].T", "self.cols[g].T", "W",
                ("part:image", "other array")),
    ]),
    Subject(*POOL, "pool", glue=kept(*POOL, negative=True), mistakes=[
        Planted("the last window wins", "j * s + b] += dy", "j * s + b] = dy", "x", ("overwritten",)),
        Planted("backward goes to the smallest", "np.argmax(w)", "np.argmin(w)", "x", ("mask",)),
        Planted("the stride of the columns is forgotten", "dxp[n, c, i * s + a, j * s + b]", "dxp[n, c, i * s + a, j + b]",
                "x", ("stride",)),
        Planted("padding with 0", "-np.inf)", "0.0)", "x", ("forward", "border"), ("border", "row", "column"),
                visible=False, like="MaxPool(3, 2, pad=1)"),
        Planted("an even share for each", "dxp[n, c, i * s + a, j * s + b] += dy[n, c, i, j]",
                "dxp[n, c, i * s:i * s + f, j * s:j * s + f] += dy[n, c, i, j] / f ** 2", "x",
                ("mask", "averaged", "ties")),
        Planted("the value instead of the gradient", "+= dy[n, c, i, j]", "+= dy[n, c, i, j] * w.max()", "x",
                ("other array",)),
    ]),
    Subject(*LRN, "lrn", glue=kept(*LRN), mistakes=[
        Planted("no cross terms", " - cross", "", "x", ("missing term",)),
        Planted("the factor 2 is missing", "2 * self.beta *", "self.beta *", "x", ("wrong term",)),
        Planted("the exponent is -beta", "-self.beta - 1)", "-self.beta)", "x", ("wrong term",)),
        Planted("alpha is not divided by n in backward", "2 * self.beta * (self.alpha / self.n)",
                "2 * self.beta * self.alpha", "x", ("wrong term",)),
        Planted("only the own channel in the cross term", "self.neighbours(ratio)", "ratio", "x", ("missing term",)),
        Planted("the own term is missing", "return dy * np.power(self.scale, -self.beta) - cross", "return -cross", "x",
                ("missing term",)),
        Planted("dy is missing in the own term", "return dy * np.power", "return np.power", "x", ("term lacks dy",)),
    ]),
    Subject(*NORM, "batchnorm", glue=kept(*NORM, "gamma", "beta"), mistakes=[
        Planted("no gradient by the mean", MEANS, "dxhat / self.std + dvar * 2 * self.xc / N", "x", ("missing term",)),
        Planted("no gradient by the variance", MEANS, "dxhat / self.std + dmean / N", "x", ("missing term",)),
        Planted("the sign of dvar", "* -0.5 *", "* 0.5 *", "x", ("wrong term",)),
        Planted("gamma's gradient with the centred x", "np.sum(dy * self.xhat, axis=0)", "np.sum(dy * self.xc, axis=0)",
                "gamma", ("other array", "factor")),
        Planted("gamma's gradient over the features", "np.sum(dy * self.xhat, axis=0)", "np.sum(dy * self.xhat, axis=1)[:4]",
                "gamma", ("axis",)),
        Planted("beta's gradient is a mean", '["beta"] = dy.sum(axis=0)', '["beta"] = dy.mean(axis=0)', "beta",
                ("factor:1/N",)),
        Planted("backward writes gamma over", "dxhat = dy * ", 'self.params["gamma"] = self.params["gamma"] - 0.1 * '
                'self.grads["gamma"]\n        dxhat = dy * ', ("gamma", "x"), ("replaced",)),
    ]),
    Subject(*DROP, "dropout", train=True, glue=kept(*DROP, **TRAINED), mistakes=[
        Planted("backward lacks the mask", "return dy * self.mask", "return dy / (1 - self.ratio)", "x", ("mask",)),
        Planted("backward draws a new mask", "return dy * self.mask",
                "return dy * (np.random.rand(*dy.shape) > self.ratio) / (1 - self.ratio)", "x", ("random", "mask")),
        Planted("backward scales once more", "return dy * self.mask", "return dy * self.mask / (1 - self.ratio)", "x",
                ("factor:1/(1-p)",)),
    ]),
]
