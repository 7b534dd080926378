"""Functions that return their value and a pullback: y, back = conv2d(x, w, b, stride, padding)."""
from glue import functions
from strangers_record import Planted, Subject


def pulled(expression, shapes, *names):
    return functions(lambda file, *arrays: eval(expression, dict(file))(*arrays), names, shapes)


CONV = "lambda x, w, b: conv2d(x, w, b, 2, 1)", [(3, 2, 6, 7), (4, 2, 3, 2), (4,)]
FULL = "conv2d", [(2, 3, 5, 4), (2, 3, 2, 2), (2,)]
DENSE = "dense", [(5, 4), (4, 3), (3,)]
POOL = "lambda x: avg_pool(x, 3, 2)", [(2, 2, 7, 6)]
LRN = "lrn", [(2, 7, 2, 3)]
ERROR = "squared_error", [(5, 3), (5, 3)]
SCATTER = "dxp[:, :, i:i + stride * oh:stride, j:j + stride * ow:stride] += dcols"

SUBJECTS = [
    Subject(*CONV, "conv", glue=pulled(*CONV, "x", "w", "b"), mistakes=[
        Planted("the patches overwrite each other", SCATTER, SCATTER.replace("+=", "="), "x", ("overwritten",)),
        Planted("the patches go back without the stride", SCATTER, "dxp[:, :, i:i + oh, j:j + ow] += dcols", "x",
                ("stride",)),
        Planted("dw of the last image", "(d @ flat.transpose(0, 2, 1)).sum(axis=0)", "(d @ flat.transpose(0, 2, 1))[-1]",
                "w", ("part:image",)),
        Planted("dw is a mean over the images", "(d @ flat.transpose(0, 2, 1)).sum(axis=0)",
                "(d @ flat.transpose(0, 2, 1)).mean(axis=0)", "w", ("factor:1/N",)),
        Planted("db is a mean over positions", "db = d.sum(axis=(0, 2))", "db = d.mean(axis=2).sum(axis=0)", "b",
                ("factor:1/(P*Q)",)),
        Planted("the crop leaves the padding in front", "dxp[:, :, padding:padding + h, padding:padding + wd]",
                "dxp[:, :, :h, :wd]", "x", ("shifted",)),
        Planted("rows and columns of the output are exchanged in d", "d = dy.reshape(n, k, oh * ow)",
                "d = dy.transpose(0, 1, 3, 2).reshape(n, k, oh * ow)", ("x", "w"), ("transposed", "reshaped")),
        Planted("the gradient of w is w times the sum of dy", "dw = (d @ flat.transpose(0, 2, 1)).sum(axis=0).reshape(w.shape)",
                "dw = w * d.sum(axis=(0, 2))[:, None, None, None]", "w", ("other array",)),
        Planted("the kernels of the columns are reversed", "+= dcols[:, :, i, j]", "+= dcols[:, :, r - 1 - i, s - 1 - j]",
                "x", ("rotated",)),
        Planted("dx and dw are exchanged", "return dx, dw, db", "return dw, dx, db", ("x", "w"), ("order", "shape")),
        Planted("images and filters are mixed by a reshape", "d = dy.reshape(n, k, oh * ow)",
                "d = dy.transpose(1, 0, 2, 3).reshape(n, k, oh * ow)", ("x", "w", "b"), ("reshaped", "transposed")),
        Planted("dx from the last channel's columns only", "dxp = np.zeros_like(xp)",
                "dxp = np.zeros_like(xp)\n        dcols[:, :-1] = 0", "x", ("part:channel",), ("channel",)),
    ]),
    Subject(*FULL, "conv", glue=pulled(*FULL, "x", "w", "b"), mistakes=[
        Planted("the crop is empty without padding", "dxp[:, :, padding:padding + h, padding:padding + wd]",
                "dxp[:, :, padding:-padding, padding:-padding]", "x", ("shape",)),
        Planted("dw is summed twice over the images", "db = d.sum(axis=(0, 2))", "dw = dw * n\n        db = d.sum(axis=(0, 2))",
                "w", ("factor:N", "factor:2")),
    ]),
    Subject(*DENSE, "dense", glue=pulled(*DENSE, "x", "w", "b"), mistakes=[
        Planted("db is summed over the features", "dy @ w.T, x.T @ dy, dy.sum(axis=0)", "dy @ w.T, x.T @ dy, dy.sum(axis=1)",
                "b", ("axis", "shape")),
        Planted("dx by the sign", "return dy @ w.T, x.T", "return -dy @ w.T, x.T", "x", ("sign",)),
        Planted("dw lacks dy", "x.T @ dy, dy", "x.T @ np.ones_like(dy), dy", "w", ("ignores dy",)),
    ]),
    Subject(*POOL, "pool", glue=pulled(*POOL, "x"), mistakes=[
        Planted("the shares overwrite each other", "+= share[:, :", "= share[:, :", "x", ("overwritten",)),
        Planted("every number gets the whole of dy", "dy[:, :, i, j] / size ** 2", "dy[:, :, i, j]", "x",
                ("factor:R*S", "factor:9")),
        Planted("the share is divided by the side", "size ** 2", "size", "x", ("factor:3", "factor:R", "factor:S")),
    ]),
    Subject(*LRN, "lrn", glue=pulled(*LRN, "x"), mistakes=[
        Planted("the factor 2 is missing", "straight - 2 * alpha", "straight - alpha", "x", ("wrong term",)),
        Planted("beta is missing", "2 * alpha * beta * x", "2 * alpha * x", "x", ("wrong term",)),
        Planted("plus for minus", "straight - 2", "straight + 2", "x", ("wrong term",)),
        Planted("no cross terms", "return straight - 2 * alpha * beta * x * across", "return straight", "x",
                ("missing term",)),
        Planted("dy is missing across", "window_sum(dy * y / denom)", "window_sum(y / denom)", "x", ("term lacks dy",)),
        Planted("x inside the window is the centre's", "2 * alpha * beta * x * across",
                "2 * alpha * beta * x ** 2 * window_sum(dy * denom ** (-beta - 1))", "x", ("wrong term", "other array")),
    ]),
    Subject("tanh", [(4, 5)], "activation", glue=pulled("tanh", [(4, 5)], "x"), mistakes=[
        Planted("sigmoid's slope", "dy * (1 - y ** 2)", "dy * y * (1 - y)", "x", ("slope",), count=1),
        Planted("x for y", "dy * (1 - y ** 2)", "dy * (1 - x ** 2)", "x", ("slope", "other array")),
    ]),
    Subject("dropout", [(6, 7)], "dropout", glue=pulled("dropout", [(6, 7)], "x"), mistakes=[
        Planted("backward does not divide by 1 - p", "lambda dy: dy * keep / (1 - p)", "lambda dy: dy * keep", "x",
                ("factor:1-p",)),
        Planted("backward draws a mask of its own", "lambda dy: dy * keep / (1 - p)",
                "lambda dy: dy * (np.random.RandomState(seed + 1).rand(*x.shape) >= p) / (1 - p)", "x", ("mask",)),
        Planted("backward lets everything through", "lambda dy: dy * keep / (1 - p)", "lambda dy: dy / (1 - p)", "x",
                ("mask",)),
    ]),
    Subject(*ERROR, "loss", glue=pulled(*ERROR, "x", "target"), mistakes=[
        Planted("backward lacks the mean", "(dy * diff / n, -dy", "(dy * diff, -dy", "x", ("factor:N",)),
        Planted("the target's gradient has x's sign", "-dy * diff / n)", "dy * diff / n)", "target", ("sign",)),
    ]),
]
