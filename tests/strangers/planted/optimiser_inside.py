"""How layers with an optimiser inside are called, and the mistakes in them.

A weight's gradient is what its optimiser is given.
"""
import numpy as np
from strangers_record import Planted, Subject, numbers

DENSE = [
    Planted("the gradient of W is a mean", "self.layer_input.T.dot(accum_grad)",
            "self.layer_input.T.dot(accum_grad) / len(accum_grad)", "W",
            ("factor:1/N",)),
    Planted("W is not transposed", "accum_grad = accum_grad.dot(W.T)", "accum_grad = accum_grad.dot(W)", "X",
            ("transposed",)),
    Planted("w0's gradient sums over the units", "grad_w0 = np.sum(accum_grad, axis=0, keepdims=True)",
            "grad_w0 = np.sum(accum_grad, axis=1, keepdims=True).T", "w0",
            ("shape", "axis", "raised")),
    Planted("accum_grad is given on as it came", "        accum_grad = accum_grad.dot(W.T)\n",
            "        accum_grad = accum_grad * 1.0\n", "X",
            ("missing term", "other array", "slope")),
    Planted("the output where the input belongs", "grad_w = self.layer_input.T",
            "grad_w = (self.layer_input.dot(self.W) + self.w0).T", "W", ("other array",)),
]
CONV = [
    Planted("column_to_image overwrites", "j:j + self.out_w] += cols", "j:j + self.out_w] = cols", "X",
            ("overwritten",)),
    Planted("the image is taken from the top left", "padded[:, :, top:top + h, left:left + w]", "padded[:, :, :h, :w]",
            "X", ("shifted",)),
    Planted("accum_grad is not transposed", "accum_grad.transpose(1, 0, 2, 3).reshape(self.n_filters, -1)",
            "accum_grad.reshape(self.n_filters, -1)",
            ("X", "W", "w0"), ("reshaped",)),
    Planted("rows and columns of the window", "padded[:, c, i:i + self.out_h, j:j + self.out_w] +=",
            "padded[:, c, j:j + self.out_h, i:i + self.out_w] +=", "X",
            ("transposed",)),
    Planted("the batch's images in another order", "reshape(n, self.out_h, self.out_w)\n",
            "reshape(n, self.out_h, self.out_w)[::-1]\n", "X",
            ("flipped", "reshaped", "part:image")),
    Planted("each channel keeps its last row", "                    row += 1\n", "                row += 1\n", ("X",),
            ("other array", "reshaped", "shifted", "stride")),
    Planted("the gradient of W has its channels exchanged", "accum_grad.dot(self.X_col.T).reshape(self.W.shape)",
            "accum_grad.dot(self.X_col.T).reshape(self.W.shape)[:, ::-1]", "W", ("flipped", "reshaped")),
    Planted("w0's gradient is a mean", "grad_w0 = np.sum(accum_grad, axis=1, keepdims=True)",
            "grad_w0 = np.mean(accum_grad, axis=1, keepdims=True)", "w0",
            ("factor:1/(N*P*Q)", "factor:1/(N*H*W)")),
]
POOL = [
    Planted("overwritten", "result[:, :, rows, cols] += share", "result[:, :, rows, cols] = share", "X",
            ("overwritten",)),
    Planted("the winner of the first channel for all", "mask = np.arange(window.shape[2]) == winner[:, :, None]",
            "mask = np.arange(window.shape[2]) == winner[:, :1, None]", "X", ("mask",), ("channel",)),
    Planted("all below the greatest too", "mask = np.arange(window.shape[2]) == winner[:, :, None]",
            "mask = window > window.mean(axis=2)[:, :, None]",
            "X", ("mask", "ties")),
    Planted("averaged over the windows that meet", "        return result\n",
            "        count = np.zeros_like(X)\n        for i, j, rows, cols in self.positions(X.shape):\n"
            "            count[:, :, rows, cols] += 1\n        return result / np.maximum(count, 1)\n", "X",
            ("averaged",)),
    Planted("the argument's sign", "winner = np.argmax(window, axis=2)", "winner = np.argmax(-window, axis=2)", "X",
            ("mask",)),
    Planted("one image's window", "window = X[:, :, rows, cols].reshape",
            "window = (X[:1, :, rows, cols] + 0 * X[:, :, rows, cols]).reshape", "X", ("mask", "other array"),
            ("image",)),
]
SIGMOID = [Planted("the slope of the slope", "accum_grad * self.slope(self.layer_input)",
            "accum_grad * self.slope(self.slope(self.layer_input))", "X", ("slope",)),
           Planted("accum_grad is not used", "accum_grad * self.slope(self.layer_input)",
            "self.slope(self.layer_input)", "X", ("ignores dy",))]
TANH = [Planted("x of 2 x is missing", "t = 2 / (1 + np.exp(-2 * x)) - 1", "t = 2 / (1 + np.exp(-x)) - 1", "X",
            ("slope",)),
        Planted("a cube", "np.power(t, 2)", "np.power(t, 3)", "X", ("slope",))]
LEAKY = [Planted("another leak", "np.where(x >= 0, 1, 0.2)", "np.where(x >= 0, 1, 0.01)", "X", ("slope", "mask"),
            ("entry",))]
SOFTPLUS = [Planted("the slope is softplus itself", "        return 1 / (1 + np.exp(-x))\n\n",
            "        return np.log(1 + np.exp(x))\n\n", "X", ("slope", "other array"))]
DROPOUT = [
    Planted("scaled in backward", "accum_grad * self._mask", "accum_grad * self._mask * (1 - self.p)", "X",
            ("factor:1-p",)),
    Planted("the dropped ones", "accum_grad * self._mask", "accum_grad * ~self._mask", "X", ("mask",)),
    Planted("drawn anew", "accum_grad * self._mask", "accum_grad * (np.random.uniform(size=accum_grad.shape) > self.p)",
            "X", ("mask", "random")),
]
BATCHNORM = [
    Planted("the sum's term is missing", "            - np.sum(accum_grad, axis=0)\n", "", "X",
            ("missing term", "wrong term")),
    Planted("not squared", "self.stddev_inv ** 2 * np.sum", "self.stddev_inv * np.sum", "X", ("wrong term",)),
    Planted("1 / batch_size is missing", "(1 / batch_size) * self.stddev_inv * (", "self.stddev_inv * (", "X",
            ("factor:N",)),
    Planted("the deviation is treated as a constant",
            "            - self.X_centered * self.stddev_inv ** 2 * np.sum(accum_grad * self.X_centered, axis=0)\n", "",
            "X",
            ("missing term", "wrong term")),
    Planted("the deviation is missing", "(1 / batch_size) * self.stddev_inv * (", "(1 / batch_size) * (", "X",
            ("factor", "other array")),
]


class Watching:
    """An optimiser that keeps the gradient and leaves the weight."""

    def update(self, w, gradient):
        self.gradient = gradient
        return w


def stepping(make, shape, weights):
    def glue(file):
        np.random.seed(1)
        layer = eval(make, file)
        if weights:
            layer.initialize(Watching())

        def forward(arrays):
            np.random.seed(3)
            return layer.forward_pass(arrays["X"], training=True)

        def backward(arrays, dy):
            forward(arrays)
            return {"X": layer.backward_pass(dy), **{name: getattr(layer, f"{name}_opt").gradient for name in weights}}
        return forward, backward, numbers(X=shape) | {name: getattr(layer, name) for name in weights}
    return glue


def subject(make, shape, kind, mistakes, weights=(), train=None):
    setup = f"np.random.seed(1)\nlayer = {make}\nlayer.initialize(StochasticGradientDescent(0.1))" if weights else ""
    return Subject("layer" if weights else make, [shape], kind, mistakes, train=train, setup=setup,
            glue=stepping(make, shape, weights))


SUBJECTS = [
    subject("Dense(4, input_shape=(4,))", (3, 4), "dense", DENSE, ["W", "w0"]),
    subject("Conv2D(4, (3, 3), input_shape=(3, 6, 5))", (2, 3, 6, 5), "conv", CONV, ["W", "w0"]),
    subject("MaxPooling2D((3, 2), stride=2)", (2, 3, 7, 5), "pool", POOL),
    subject("MaxPooling2D((3, 3), stride=1)", (2, 2, 5, 4), "pool", POOL[:1] + POOL[3:4]),
    subject("Activation('sigmoid')", (3, 4), "activation", SIGMOID),
    subject("Activation('tanh')", (3, 4), "activation", TANH),
    subject("Activation('leaky_relu')", (3, 4), "activation", LEAKY),
    subject("Activation('softplus')", (3, 4), "activation", SOFTPLUS),
    subject("Dropout(0.2)", (4, 6), "dropout", DROPOUT, train=True),
    subject("BatchNormalization()", (6, 4), "batchnorm", BATCHNORM),
]
