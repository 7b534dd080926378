"""Classes whose weights are dictionaries {"val": array, "grad": array}."""
from glue import layer
from strangers_record import Planted, Subject



def named(expression, shapes, params=(), **more):
    return layer(expression, shapes, params, inputs=("X",), **more)


WEIGHTS = {"W": ("W['val']", "W['grad']"), "b": ("b['val']", "b['grad']")}
CONV, SHAPE = "Conv(4, 6, 3, stride=2, padding=1, groups=2)", [(3, 4, 5, 6)]

SUBJECTS = [
    Subject(CONV, SHAPE, "conv", glue=named(CONV, SHAPE, WEIGHTS), mistakes=[
        Planted("windows that overlap overwrite each other in dX", "dX[win] += ", "dX[win] = ", "X", ("overwritten",)),
        Planted("backward's windows forget the stride", "slice(i * S, i * S + F), slice(j * S, j * S + F))",
                "slice(i, i + F), slice(j, j + F))", ("X", "W"), ("stride",)),
        Planted("dX is cropped at its corner", "dX[:, :, P:P + H, P:P + W]", "dX[:, :, :H, :W]", "X", ("shifted",)),
        Planted("dX of every group by the filters of the first", 'back_kern = self.W["val"][g * co:(g + 1) * co]',
                'back_kern = self.W["val"][:co]', "X", ("groups",), ("group", "channel")),
        Planted("db is a mean", '["grad"] = dout.sum(axis=(0, 2, 3))', '["grad"] = dout.mean(axis=(0, 2, 3))', "b",
                ("factor:1/(N*P*Q)",)),
        Planted("dW is divided by the number of images", '["grad"] = dW', '["grad"] = dW / N', "W", ("factor:1/N",)),
        Planted("dW is that of the last position", "dW[g * co:(g + 1) * co] += ", "dW[g * co:(g + 1) * co] = ", "W",
                ("part:position", "overwritten")),
        Planted("dX by the kernels turned round", 'back_kern = self.W["val"][g * co:(g + 1) * co]',
                'back_kern = self.W["val"][g * co:(g + 1) * co, :, ::-1, ::-1]', "X", ("rotated",)),
        Planted("dW of the first image only", "np.tensordot(d, self.X[win], axes=(0, 0))",
                "np.tensordot(d[:1], self.X[win][:1], axes=(0, 0))", "W", ("part:image",)),
        Planted("dX is not cropped", "return dX[:, :, P:P + H, P:P + W]", "return dX", "X", ("shape",)),
        Planted("dout is taken as 1", "d = dout[:, g * co:(g + 1) * co, i, j]          #",
                "d = np.ones_like(dout[:, g * co:(g + 1) * co, i, j])        #", ("X", "W"), ("ignores dy",)),
        Planted("backward takes the step itself", '["grad"] = dW', '["grad"] = dW\n        self.W["val"] -= 0.1 * dW', "W",
                ("replaced",)),
        Planted("dW with rows and columns exchanged", '["grad"] = dW', '["grad"] = dW.transpose(0, 1, 3, 2)', "W",
                ("transposed",)),
        Planted("db is added to the one before", 'self.b["grad"] = dout.sum(axis=(0, 2, 3))',
                'self.b["grad"] = self.b["grad"] + dout.sum(axis=(0, 2, 3))', "b", ("added",)),
        Planted("dX is made of integers", "dX = np.zeros_like(self.X)", "dX = np.zeros_like(self.X, dtype=int)", "X",
                ("raised", "integers")),
    ]),
    Subject("MaxPool(3, 2)", [(2, 3, 7, 6)], "pool", glue=named("MaxPool(3, 2)", [(2, 3, 7, 6)], negative=True), mistakes=[
        Planted("a winner of several windows gets the last one's", "j * S + s] += dout", "j * S + s] = dout", "X",
                ("overwritten",)),
        Planted("the gradient goes to the corner of the window", "dX[n, c, i * S + r, j * S + s]",
                "dX[n, c, i * S, j * S]", "X", ("mask", "shifted")),
        Planted("row and column of the winner are exchanged", "r, s = divmod", "s, r = divmod", "X",
                ("transposed", "mask")),
        Planted("the maximum begins at 0", "flat.max(axis=2)", "np.maximum(flat.max(axis=2), 0)", "X",
                ("forward", "mask"), like="MaxPool(3, 2)"),
    ]),
    Subject("FC(6, 4)", [(5, 2, 3)], "dense", glue=named("FC(6, 4)", [(5, 2, 3)], WEIGHTS), mistakes=[
        Planted("dW is reshaped where it must be transposed", "self.flat.T.dot(dout)",
                'dout.T.dot(self.flat).reshape(self.W["val"].shape)', "W", ("reshaped", "transposed")),
        Planted("db is a mean over the images", '["grad"] = dout.sum(axis=0)', '["grad"] = dout.mean(axis=0)', "b",
                ("factor:1/N",)),
        Planted("dX is reshaped where it must be transposed", 'dout.dot(self.W["val"].T).reshape',
                'self.W["val"].dot(dout.T).reshape', "X", ("reshaped", "transposed")),
        Planted("dW is made of W in place of X", "self.flat.T.dot(dout)", 'self.W["val"] * dout.sum(axis=0)', "W",
                ("other array",)),
    ]),
    Subject("LeakyReLU(0.1)", [(4, 5)], "activation", glue=named("LeakyReLU(0.1)", [(4, 5)]), mistakes=[
        Planted("the mask is dout's", "np.where(self.X > 0, 1.0", "np.where(dout > 0, 1.0", "X", ("mask", "not linear")),
        Planted("the slope of ReLU", "dout * np.where(self.X > 0, 1.0, self.slope)", "dout * (self.X > 0)", "X",
                ("slope", "mask")),
        Planted("dX goes back with the wrong sign", "return dout * np.where", "return -dout * np.where", "X", ("sign",)),
    ]),
    Subject("Softmax()", [(4, 5)], "loss", glue=named("Softmax()", [(4, 5)]), mistakes=[
        Planted("the cross terms are missing", "self.Y * (dout - inner)", "self.Y * (1 - self.Y) * dout", "X",
                ("missing term",)),
        Planted("the sum runs over the images", "(dout * self.Y).sum(axis=-1", "(dout * self.Y).sum(axis=0", "X",
                ("axis",)),
        Planted("the cross terms have the wrong sign", "(dout - inner)", "(dout + inner)", "X", ("wrong term",)),
    ]),
]
