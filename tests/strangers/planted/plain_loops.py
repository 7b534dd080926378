"""How the loops are called, and the mistakes in them."""
from strangers_record import Planted, Subject, numbers

CONV = [
    Planted("dx is overwritten", "dx[n, c, h, v] += g * w", "dx[n, c, h, v] = g * w", "x",
            ("overwritten", "part:filter")),
    Planted("dw is overwritten", "dw[k, c, r, s] += g * x", "dw[k, c, r, s] = g * x", "w",
            ("overwritten", "part:position", "part:image")),
    Planted("the kernel is turned round", "+= g * w[k, c, r, s]", "+= g * w[k, c, R - 1 - r, S - 1 - s]", "x",
            ("rotated",)),
    Planted("backward has no padding", "h = p * stride + r - pad\n", "h = p * stride + r\n", ("x", "w"), ("shifted",)),
    Planted("backward has no stride", "v = q * stride + s - pad\n", "v = q + s - pad\n", ("x", "w"), ("stride",)),
    Planted("the bias in the inner loop",
            "                    db[k] += g\n                    for c in range(C):\n                        for r in range(R):\n",
            "                    for c in range(C):\n                        db[k] += g\n                        for r in range(R):\n", "b",
            ("factor:C", "counted twice")),
    Planted("rows and columns of the kernel", "+= g * w[k, c, r, s]", "+= g * w[k, c, s, r]", "x", ("transposed",)),
    Planted("the last row is left out", "if 0 <= h < H and 0 <= v < V:\n                                    dx",
            "if 0 <= h < H - 1 and 0 <= v < V:\n"
            "                                    dx", ("x", "w"), ("border", "part:row"), ("border", "row")),
    Planted("row 0 is left out", "if 0 <= h < H and 0 <= v < V:\n                                    dx",
            "if 0 < h < H and 0 < v < V:\n"
            "                                    dx", ("x", "w"), ("border", "part:row", "part:column"),
            ("border", "row", "column")),
    Planted("dw is multiplied by w", "dw[k, c, r, s] += g * x[n, c, h, v]", "dw[k, c, r, s] += g * w[k, c, r, s]", "w",
            ("other array",)),
    Planted("one image", "for n in range(dy.shape[0]):\n        for k in",
            "for n in range(dy.shape[0] - 1):\n        for k in", ("x", "w", "b"), ("part:image",), ("image",)),
]
MAX = [
    Planted("overwritten", "dx[n][c][where[0]][where[1]] += dy", "dx[n][c][where[0]][where[1]] = dy", "x",
            ("overwritten",)),
    Planted("the window's place is forgotten", "where = top + r, left + s", "where = r, left + s", "x",
            ("mask", "reshaped", "shifted", "stride")),
    Planted("the last of the window", "                                where = top + r, left + s\n",
            "                            where = top + r, left + s\n", "x",
            ("mask", "reshaped")),
    Planted("rows and columns", "where = top + r, left + s", "where = top + s, left + r", "x",
            ("transposed", "mask", "reshaped")),
    Planted("a greatest that starts at 0 in forward",
            "best = -math.inf\n                    for r in range(size):\n                        for s in range(size):\n"
            "                            if x[n][c][top + r][left + s] > best:\n                                best = x[n][c][top + r][left + s]\n                    row",
            "best = 0.0\n                    for r in range(size):\n                        for s in range(size):\n"
            "                            if x[n][c][top + r][left + s] > best:\n                                best = x[n][c][top + r][left + s]\n                    row", "x",
            ("mask", "forward"), like="MaxPool(3, 2)"),
]
AVERAGE = [
    Planted("not divided", "+= dy[n, c, i, j] / (size * size)", "+= dy[n, c, i, j]", "x", ("factor:R*S",)),
    Planted("overwritten", "dx[n, c, i * step + r, j * step + s] += dy", "dx[n, c, i * step + r, j * step + s] = dy",
            "x", ("overwritten",)),
    Planted("multiplied by x", "+= dy[n, c, i, j] / (size * size)",
            "+= dy[n, c, i, j] * x[n, c, i * step + r, j * step + s] / (size * size)", "x", ("other array",)),
    Planted("steps of the window's size", "dx[n, c, i * step + r, j * step + s] +=",
            "dx[n, c, min(i * size + r, x.shape[2] - 1), j * step + s] +=", "x", ("stride",)),
    Planted("a row too few",
            "for r in range(size):\n                        for s in range(size):\n                            dx[n, c, i",
            "for r in range(size - 1):\n                        for s in range(size):\n                            dx[n, c, i", "x", ("part:row", "part:position", "border"),
            ("row",)),
    Planted("forward divides by the side", "total / (size * size)", "total / size", "x",
            ("factor:1/R", "factor:1/S", "forward"),
            like="AvgPool(3, 2)"),
]
LRN = [
    Planted("the cross terms are missing",
            "                        dx[m, c, h, v] -= 2 * alpha * beta * x[m, c, h, v] * term\n", "", "x",
            ("missing term", "wrong term")),
    Planted("only the own channel",
            "for j in range(max(0, c - n // 2), min(C, c + n // 2 + 1)):\n                        term",
            "for j in [c]:\n                        term",
            "x", ("missing term", "wrong term")),
    Planted("the 2 is missing", "-= 2 * alpha * beta", "-= alpha * beta", "x", ("wrong term",)),
    Planted("beta is missing", "-= 2 * alpha * beta", "-= 2 * alpha", "x", ("wrong term",)),
    Planted("plus", "-= 2 * alpha * beta", "+= 2 * alpha * beta", "x", ("wrong term",)),
    Planted("the own number inside the sum", "dy[m, j, h, v] * x[m, j, h, v] * scale",
            "dy[m, c, h, v] * x[m, j, h, v] * scale", "x", ("wrong term", "other array")),
    Planted("x of c twice", "* x[m, j, h, v] * scale[j] **", "* x[m, c, h, v] * scale[j] **", "x",
            ("wrong term", "other array")),
    Planted("scale of c", "scale[j] ** (-beta - 1)", "scale[c] ** (-beta - 1)", "x", ("wrong term", "other array")),
    Planted("the exponent", "scale[j] ** (-beta - 1)", "scale[j] ** -beta", "x", ("wrong term",)),
    Planted("the window at the end is one too short", "min(C, c + n // 2 + 1)):\n                        term",
            "min(C - 1, c + n // 2 + 1)):\n                        term",
            "x", ("missing term", "wrong term", "border", "part:channel"), ("channel", "border")),
    Planted("the direct term is overwritten", "dx[m, c, h, v] -= 2 * alpha", "dx[m, c, h, v] = -2 * alpha", "x",
            ("overwritten", "missing term", "wrong term")),
]
SOFTMAX = [
    Planted("the diagonal alone", "dy[n, j] * y[n, j] * (same - y[n, c])", "dy[n, j] * y[n, j] * same * (1 - y[n, c])",
            "x", ("missing term", "wrong term")),
    Planted("without the own term", "(same - y[n, c])", "(0.0 - y[n, c])", "x", ("missing term", "wrong term")),
    Planted("overwritten", "dx[n, c] += dy[n, j]", "dx[n, c] = dy[n, j]", "x",
            ("overwritten", "part:feature", "part:column", "part:position", "missing term")),
    Planted("y of c where y of j belongs", "* y[n, j] * (same - y[n, c])", "* y[n, c] * (same - y[n, c])", "x",
            ("wrong term", "other array")),
]
DENSE = [
    Planted("db of the last sample", "db[m] += dy[n, m]", "db[m] = dy[n, m]", "b", ("overwritten", "part:image"),
            ("image",)),
    Planted("dx of the last unit", "dx[n, d] += dy", "dx[n, d] = dy", "x",
            ("overwritten", "part:feature", "part:column", "part:position")),
    Planted("w where x belongs", "dw[d, m] += dy[n, m] * x[n, d]", "dw[d, m] += dy[n, m] * w[d, m]", "w",
            ("other array",)),
    Planted("dw and db change places", "return dx, dw, db\n", "return dx, db, dw\n", ("w", "b"), ("order", "shape"),
            count=2),
]


def functions(forward, backward, shapes, negative=False):
    """The glue: backward takes dy and the inputs, and gives their gradients."""
    def glue(file):
        arrays = numbers(shapes)
        if negative:
            arrays["x"] = -abs(arrays["x"])

        def back(arrays, dy):
            gradients = file[backward](dy, *arrays.values())
            return dict(zip(arrays, gradients if isinstance(gradients, tuple) else [gradients]))
        return lambda arrays: file[forward](*arrays.values()), back, arrays
    return glue


def subject(name, kind, mistakes, negative=False, **shapes):
    return Subject(f"{name},{name}_grad", list(shapes.values()), kind, mistakes,
            glue=functions(name, f"{name}_grad", shapes, negative))


SUBJECTS = [
    subject("conv", "conv", CONV, x=(2, 2, 5, 4), w=(3, 2, 3, 3), b=(3,)),
    subject("max_pool", "pool", MAX, negative=True, x=(2, 2, 7, 5)),
    subject("average_pool", "pool", AVERAGE, x=(2, 2, 7, 5)),
    subject("lrn", "lrn", LRN, x=(2, 7, 2, 3)),
    subject("softmax", "loss", SOFTMAX, x=(3, 5)),
    subject("dense", "dense", DENSE, x=(3, 4), w=(4, 5), b=(5,)),
]
