"""How the book's classes are called, and the mistakes in them."""
import numpy as np
from strangers_record import Planted, Subject, glue_of

W_AND_B = {"W": "dW", "b": "db"}
AFFINE = [
    Planted("dW is divided by N", "self.dW = np.dot(self.x.T, dout)\n",
            "self.dW = np.dot(self.x.T, dout) / dout.shape[0]\n",
            "W", ("factor:1/N",)),
    Planted("db is a mean", "self.db = np.sum(dout, axis=0)\n        return dx.re", "self.db = np.mean(dout, axis=0)\n"
            "        return dx.re", "b", ("factor:1/N",)),
    Planted("dW is not kept", "self.dW = np.dot(self.x.T, dout)", "dW = np.dot(self.x.T, dout)", "W", ("unchecked",)),
    Planted("dW is turned", "self.dW = np.dot(self.x.T, dout)", "self.dW = np.dot(dout.T, self.x)", "W",
            ("shape", "transposed")),
    Planted("dW is added to the last", "self.dW = np.dot(self.x.T, dout)",
            "self.dW = np.dot(self.x.T, dout) + (0 if self.dW is None else self.dW)", "W", ("added",)),
    Planted("dx is not given its shape back", "return dx.reshape(*self.x_shape)", "return dx", "x", ("shape",)),
    Planted("no return", "return dx.reshape(*self.x_shape)", "dx = dx.reshape(*self.x_shape)", "x", ("nothing",)),
    Planted("W takes its step in backward", "self.db = np.sum(dout, axis=0)\n        return dx.re",
            "self.db = np.sum(dout, axis=0)\n        self.W = self.W - 0.1 * self.dW\n        return dx.re", ("x", "W"),
            ("replaced",)),
]
RELU = [
    Planted("the mask is turned", "dout[self.mask] = 0\n", "dout[~self.mask] = 0\n", "x", ("mask", "slope")),
    Planted("the mask is of dout", "dout[self.mask] = 0\n", "dout[dout <= 0] = 0\n", "x", ("mask", "not linear")),
    Planted("leaky in backward only", "dout[self.mask] = 0\n", "dout[self.mask] *= 0.1\n", "x", ("slope", "mask"),
            ("entry",)),
]
SIGMOID = [
    Planted("one factor is missing", "dout * (1.0 - self.out) * self.out", "dout * (1.0 - self.out)", "x", ("slope",)),
    Planted("tanh's slope", "dout * (1.0 - self.out) * self.out", "dout * (1.0 - self.out ** 2)", "x", ("slope",)),
    Planted("a sign inside", "(1.0 - self.out)", "(self.out - 1.0)", "x", ("sign",)),
    Planted("dout is forgotten", "dx = dout * (1.0 - self.out)", "dx = (1.0 - self.out)", "x", ("ignores dy",)),
]
LOSS = [
    Planted("not divided by the batch", "dx = dx / batch_size", "dx = dx", "x", ("factor:N",)),
    Planted("forward sums", "self.t])) / batch_size", "self.t]))", "x", ("factor:1/N",),
            forward=True),
    Planted("sigmoid's slope once more", "dx = dx / batch_size", "dx = dx * self.y * (1 - self.y) / batch_size", "x",
            ("slope", "wrong term", "other array")),
    Planted("the label is not subtracted", "        dx[np.arange(batch_size), self.t] -= 1\n", "", "x",
            ("missing term", "wrong term", "offset"), ("entry",)),
]
DROPOUT = [
    Planted("no mask in backward", "return dout * self.mask", "return dout", "x", ("mask",), ("entry",)),
    Planted("scaled in backward only", "return dout * self.mask",
            "return dout * self.mask / (1.0 - self.dropout_ratio)", "x",
            ("factor:1/(1-p)",)),
    Planted("the dropped ones get it", "return dout * self.mask", "return dout * (1 - self.mask)", "x", ("mask",)),
]
BATCHNORM = [
    Planted("the 2 is missing", "(2.0 / self.batch_size)", "(1.0 / self.batch_size)", "x", ("wrong term",)),
    Planted("the mean's term is missing", "dx = dxc - dmu / self.batch_size", "dx = dxc", "x",
            ("missing term", "wrong term")),
    Planted("the mean's term is not divided", "dmu / self.batch_size", "dmu", "x", ("wrong term",)),
    Planted("dstd has the wrong sign", "dstd = -np.sum", "dstd = np.sum", "x", ("wrong term",)),
    Planted("the variance's term is missing", "        dxc += (2.0 / self.batch_size) * self.xc * dvar\n", "", "x",
            ("missing term", "wrong term")),
    Planted("dgamma is of xc", "np.sum(self.xn * dout, axis=0)", "np.sum(self.xc * dout, axis=0)", "gamma",
            ("other array", "factor", "slope")),
    Planted("dbeta is a mean", "self.dbeta = dout.sum(axis=0)", "self.dbeta = dout.mean(axis=0)", "beta",
            ("factor:1/N",)),
]
CONV = [
    Planted("dW is reshaped, not transposed", "dW.transpose(1, 0).reshape(FN, C, FH, FW)", "dW.reshape(FN, C, FH, FW)",
            "W",
            ("reshaped",)),
    Planted("dout is reshaped, not transposed", "dout.transpose(0, 2, 3, 1).reshape(-1, FN)", "dout.reshape(-1, FN)",
            ("x", "W", "b"), ("reshaped",)),
    Planted("col2im overwrites", "x:x + stride * out_w:stride] += col", "x:x + stride * out_w:stride] = col", "x",
            ("overwritten",)),
    Planted("col2im crops at the top left", "return img[:, :, pad:H + pad, pad:W + pad]", "return img[:, :, :H, :W]",
            "x",
            ("shifted",)),
    Planted("the window's rows and columns in another order", "col.transpose(0, 4, 5, 1, 2, 3)",
            "col.transpose(0, 4, 5, 1, 3, 2)", "x", ("transposed", "forward"), like="Conv2D(4, 3, stride=2, pad=1)"),
    Planted("col2im takes its axes in another order", "C, fh, fw).transpose(0, 3, 4, 5, 1, 2)",
            "C, fh, fw).transpose(0, 3, 5, 4, 1, 2)", "x", ("transposed",)),
    Planted("db is divided by N", "self.db = np.sum(dout, axis=0)\n        dW", "self.db = np.sum(dout, axis=0) / "
            "len(self.x)\n        dW", "b", ("factor:1/N",)),
    Planted("dW is a mean over the windows", "dW = np.dot(self.col.T, dout)",
            "dW = np.dot(self.col.T, dout) / len(dout)", "W",
            ("factor:1/(N*P*Q)",)),
    Planted("dW of the first image", "dW = np.dot(self.col.T, dout)",
            "n = len(dout) // len(self.x)\n        dW = np.dot(self.col[:n].T, dout[:n])", "W", ("part:image",),
            ("image",)),
    Planted("db has b's number of axes wrong", "self.db = np.sum(dout, axis=0)\n        dW",
            "self.db = np.sum(dout, axis=0, keepdims=True)\n        dW", "b", ("shape",)),
]
POOL = [
    Planted("dout is not transposed", "dout = dout.transpose(0, 2, 3, 1)\n        pool", "pool", "x",
            ("reshaped", "raised")),
    Planted("forward is a mean", "out = np.max(col, axis=1)", "out = np.mean(col, axis=1)", "x",
            ("slope", "forward", "mask"),
            like="MaxPool(3, 2)"),
    Planted("the least", "arg_max = np.argmax(col, axis=1)", "arg_max = np.argmin(col, axis=1)", "x", ("mask",)),
    Planted("col2im overwrites", "x:x + stride * out_w:stride] += col", "x:x + stride * out_w:stride] = col", "x",
            ("overwritten",)),
    Planted("all get a share", "dmax = dmax.reshape(dout.shape + (pool_size,))",
            "dmax[...] = dout.reshape(-1, 1) / pool_size\n        dmax = dmax.reshape(dout.shape + (pool_size,))", "x",
            ("slope", "mask", "ties")),
]


def subject(make, shape, kind, mistakes, weights=None, train=None, **glue):
    """A Subject of an object that is made at the end of the file, after a seed."""
    setup = f"np.random.seed(1)\nlayer = {make}"
    return Subject("layer", [shape], kind, mistakes, train=train, setup=setup,
                   glue=glue_of(lambda file: file["layer"], {"x": shape}, weights, **glue))


SUBJECTS = [
    subject("Affine(np.random.randn(12, 5), np.random.randn(5))", (3, 3, 4), "dense", AFFINE, W_AND_B),
    subject("Relu()", (3, 4), "activation", RELU),
    subject("Sigmoid()", (3, 4), "activation", SIGMOID),
    subject("SoftmaxWithLoss()", (4, 5), "loss", LOSS, settings=[np.array([1, 0, 4, 1])], backward=lambda thing, dy:
            thing.backward() * dy),
    subject("Dropout(0.2)", (4, 6), "dropout", DROPOUT),
    subject("BatchNormalization(np.random.rand(4) + 0.5, np.random.randn(4))", (6, 4), "batchnorm", BATCHNORM,
            {"gamma": "dgamma", "beta": "dbeta"}),
    subject("Convolution(np.random.randn(4, 3, 3, 3), np.random.randn(4), stride=2, pad=1)", (2, 3, 7, 6), "conv", CONV,
            W_AND_B),
    subject("Pooling(3, 3, stride=2)", (2, 3, 7, 5), "pool", POOL),
]
