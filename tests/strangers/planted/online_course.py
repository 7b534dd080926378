"""How the online course's functions are called, and the mistakes in them."""
from strangers_record import Planted, Subject, numbers

CONV = [
    Planted("windows overwrite each other", "left:left + f, :] += W", "left:left + f, :] = W", "A_prev",
            ("overwritten", "part:filter", "part:channel")),
    Planted("dW of the last window", "dW[:, :, :, c] += a_slice", "dW[:, :, :, c] = a_slice", "W",
            ("overwritten", "part:position", "part:image")),
    Planted("the slice is of the unpadded image", "a_prev_pad = A_prev_pad[i]\n        da",
            "a_prev_pad = zero_pad(A_prev, 2 * pad)[i]"
            "\n        da", "W", ("shifted",)),
    Planted("db is a mean over the images", "return dA_prev, dW, db\n\n\ndef pool",
            "return dA_prev, dW, db / m\n\n\ndef pool",
            "b", ("factor:1/N",)),
    Planted("everything is divided by m", "return dA_prev, dW, db\n\n\ndef pool",
            "return dA_prev / m, dW / m, db / m\n\n\ndef pool", ("A_prev", "W", "b"), ("factor:1/N",)),
    Planted("the crop begins at 0", "da_prev_pad[pad:pad + n_H_prev, pad:pad + n_W_prev, :]",
            "da_prev_pad[:n_H_prev, :n_W_prev, :]", "A_prev", ("shifted",)),
    Planted("the kernel is turned round", "+= W[:, :, :, c] * dZ", "+= W[::-1, ::-1, :, c] * dZ", "A_prev",
            ("rotated",)),
    Planted("rows and columns of the kernel", "+= W[:, :, :, c] * dZ", "+= W[:, :, :, c].transpose(1, 0, 2) * dZ",
            "A_prev",
            ("transposed",)),
    Planted("no stride in backward", "top = h * stride", "top = h", ("A_prev", "W"), ("stride",)),
    Planted("only the last image is cropped", "\n        dA_prev[i, :, :, :] = da", "\n    dA_prev[i, :, :, :] = da",
            "A_prev",
            ("part:image",), ("image",)),
    Planted("return in the loop", "W_prev, :]\n    return dA", "W_prev, :]\n        return dA", ("A_prev", "W", "b"),
            ("part:image",), ("image",)),
    Planted("the bias is forgotten in forward", "np.sum(s) + float(np.squeeze(b))", "np.sum(s)", "b", ("forward",),
            like="Conv2D(4, 3, stride=2, pad=1)"),
]
MAX = [
    Planted("windows overwrite each other", "+= mask * dA", "= mask * dA", "A_prev", ("overwritten",)),
    Planted("all equal ones get it",
            "    mask = np.zeros(x.shape)\n    mask[np.unravel_index(np.argmax(x), x.shape)] = 1\n",
            "    mask = (x == np.max(x))\n", "A_prev", ("ties",), visible=False),
    Planted("the slope of average pooling", "+= mask * dA[i, h, w, c]", "+= distribute_value(dA[i, h, w, c], (f, f))",
            "A_prev", ("slope", "mask", "ties")),
    Planted("multiplied by the window", "+= mask * dA", "+= window * mask * dA", "A_prev", ("other array", "slope")),
    Planted("the mask is of another channel", "left:left + f, c]\n                        mask",
            "left:left + f, 0]\n                        mask", "A_prev", ("mask", "other array"), ("channel",)),
]
AVERAGE = [
    Planted("not divided by the window", "average = dz / (n_H * n_W)", "average = dz", "A_prev", ("factor:R*S",)),
    Planted("divided by its sides' sum", "dz / (n_H * n_W)", "dz / (n_H + n_W)", "A_prev", ("factor:3/2", "factor")),
    Planted("overwritten", "+= distribute_value(da", "= distribute_value(da", "A_prev", ("overwritten",)),
    Planted("forward sums", "A[i, h, w, c] = np.mean(a_slice)", "A[i, h, w, c] = np.sum(a_slice)", "A_prev",
            ("factor:1/(R*S)", "forward"),
            like="AvgPool(3, 2)"),
    Planted("one image's gradient for all", "da = dA[i, h, w, c]", "da = dA[0, h, w, c]", "A_prev",
            ("part:image", "other array"), ("image",)),
]
LINEAR = [
    Planted("dW is divided by m", "dW = np.dot(dZ, A_prev.T)", "dW = 1. / A_prev.shape[1] * np.dot(dZ, A_prev.T)", "W",
            ("factor:1/N",)),
    Planted("db is a mean", "np.sum(dZ, axis=1, keepdims=True)", "np.mean(dZ, axis=1, keepdims=True)", "b",
            ("factor:1/N",)),
    Planted("db sums everything", "np.sum(dZ, axis=1, keepdims=True)", "np.sum(dZ) * np.ones(b.shape)", "b", ("axis",)),
    Planted("db loses its axis", "np.sum(dZ, axis=1, keepdims=True)", "np.sum(dZ, axis=1)", "b", ("shape",)),
    Planted("W is not transposed", "np.dot(W.T, dZ)", "np.dot(W, dZ)", ("A", "W", "b"), ("raised",)),
    Planted("dA of the wrong sign", "np.dot(W.T, dZ)", "-np.dot(W.T, dZ)", "A", ("sign",)),
]
SIGMOID = [
    Planted("s is not 1 - s", "dA * s * (1 - s)", "dA * s", "Z", ("slope",)),
    Planted("sigmoid twice", "Z = cache\n    s =", "Z = 1 / (1 + np.exp(-cache))\n    s =", "Z", ("slope",)),
]
RELU = [
    Planted("the mask is of dA", "dZ[Z <= 0] = 0", "dZ[dZ <= 0] = 0", "Z", ("mask", "not linear")),
    Planted("at 1 in place of 0", "dZ[Z <= 0] = 0", "dZ[Z <= 1] = 0", "Z", ("mask", "slope"), ("entry",)),
]


def functions(forward, backward, shapes, *given):
    """The glue: forward gives (out, cache), backward the gradients of the inputs in their order."""
    def glue(file):
        forward_, backward_ = eval(forward, file), eval(backward, file)

        def back(arrays, dy):
            gradients = backward_(dy, forward_(*arrays.values(), *given)[1])
            return dict(zip(arrays, gradients if isinstance(gradients, tuple) else [gradients]))
        return lambda arrays: forward_(*arrays.values(), *given)[0], back, numbers(shapes)
    return glue


def subject(forward, backward, shapes, kind, mistakes, param=None):
    return Subject(f"{forward},{backward}", list(shapes.values()), kind, mistakes, param,
                   glue=functions(forward, backward, shapes, *([param] if param else [])))


SUBJECTS = [
    subject("conv_forward", "conv_backward", {"A_prev": (2, 7, 6, 3), "W": (3, 3, 3, 4), "b": (1, 1, 1, 4)}, "conv",
            CONV,
            {"stride": 2, "pad": 1}),
    subject("pool_forward", "pool_backward", {"A_prev": (2, 7, 5, 3)}, "pool", MAX, {"f": 3, "stride": 2}),
    Subject("lambda A_prev, hparameters: pool_forward(A_prev, hparameters, 'average'), "
            "lambda dA, cache: pool_backward(dA, cache, 'average')", [(2, 7, 5, 3)], "pool", AVERAGE,
            {"f": 3, "stride": 2},
            glue=functions("lambda A, h: pool_forward(A, h, 'average')",
            "lambda dA, cache: pool_backward(dA, cache, 'average')",
                           {"A_prev": (2, 7, 5, 3)}, {"f": 3, "stride": 2})),
    subject("linear_forward", "linear_backward", {"A": (4, 3), "W": (5, 4), "b": (5, 1)}, "dense", LINEAR),
    subject("sigmoid", "sigmoid_backward", {"Z": (3, 4)}, "activation", SIGMOID),
    subject("relu", "relu_backward", {"Z": (3, 4)}, "activation", RELU),
]
