"""Forwards with a mistake, continued: dense layers, activations, softmax and its loss, batch norm, dropout.

As in mistaken.py: {name: (words, function)}; a function takes the arrays of the right one and its settings.
"""
import numpy as np

from ...ops.softmax import log_softmax_forward

# ------------------------------------------------------------------------------- dense


def dense(x, w, b):
    return x @ w + b


def bias_of_images(x, w, b):
    return x @ w + b[:, None] if len(x) == len(b) else None


DENSE = {
    "nobias": ("a dense layer without the bias", lambda x, w, b: x @ w),
    "bias_twice": ("a dense layer with the bias added twice", lambda x, w, b: x @ w + 2 * b),
    "minus_bias": ("a dense layer that subtracts the bias", lambda x, w, b: x @ w - b),
    "bias_per_input": ("a dense layer with the bias added once for each input",
                       lambda x, w, b: x @ w + b * x.shape[1]),
    "bias_axis": ("a dense layer with the bias added along the images", bias_of_images),
    "transposed": ("a dense layer with w transposed",
                   lambda x, w, b: x @ w.T + b if w.shape[0] == w.shape[1] else None),
    "mean": ("a dense layer that takes the mean over its inputs, where their sum must be",
             lambda x, w, b: x @ w / x.shape[1] + b),
    "batch0": ("a dense layer of the first image alone; is return inside the loop?",
               lambda x, w, b: np.concatenate([x[:1] @ w + b, np.zeros((len(x) - 1, len(b)))])),
    "last_input": ("a dense layer with its last input alone: contributions must be added, +=",
                   lambda x, w, b: x[:, -1:] @ w[-1:] + b),
}

# ------------------------------------------------------------------------------- number by number


def relu(x):
    return np.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


RELU = {
    "abs": ("|x|, not max(x, 0)", np.abs),
    "min": ("min(x, 0), not max(x, 0)", lambda x: np.minimum(x, 0)),
    "minus": ("max(-x, 0), not max(x, 0)", lambda x: np.maximum(-x, 0)),
    "leaky": ("a leaky ReLU with slope 0.01", lambda x: np.where(x > 0, x, 0.01 * x)),
    "one": ("ReLU with a threshold of 1", lambda x: np.where(x > 1, x, 0)),
    "mask": ("the mask x > 0 itself, not x where it is positive", lambda x: np.where(x > 0, 1.0, 0)),
    "identity": ("x, unchanged", lambda x: x),
}
SIGMOID = {
    "sign": ("1/(1 + exp(x)), with the sign of x forgotten", lambda x: sigmoid(-x)),
    "tanh": ("tanh, not the sigmoid", np.tanh),
    "exp": ("exp(-x), not the sigmoid", lambda x: np.exp(-x)),
    "minus": ("1/(1 - exp(-x)), with a minus where there must be a plus", lambda x: 1 / (1 - np.exp(-x))),
}
TANH = {
    "sigmoid": ("the sigmoid, not tanh", sigmoid),
    "half": ("tanh(x/2): (1 - exp(-x))/(1 + exp(-x)); tanh has exp(-2x)", lambda x: np.tanh(x / 2)),
    "sign": ("-tanh(x)", lambda x: -np.tanh(x)),
}

# ------------------------------------------------------------------------------- softmax and the loss


def softmax(x, axis=-1):
    e = np.exp(x - x.max())
    return e / e.sum(axis=axis, keepdims=True)


SOFTMAX = {
    "axis0": ("softmax over the batch: each column adds up to 1; each row must", lambda x: softmax(x, 0)),
    "all": ("softmax over all numbers at once: they add up to 1 together; each row must", lambda x: softmax(x, None)),
    "log": ("the logarithm of softmax", log_softmax_forward),
    "no_sum": ("exp(x - max), not divided by its sum", lambda x: np.exp(x - x.max(axis=-1, keepdims=True))),
    "sign": ("softmax of -x", lambda x: softmax(-x)),
    "sigmoid": ("the sigmoid of each number, not softmax", sigmoid),
}


def cross_entropy(x, labels):
    """The mean of -log p(label). x (N, M) -> one number."""
    return -log_softmax_forward(x)[np.arange(len(x)), labels].mean()


def true_probabilities(x, labels, axis=-1):
    return softmax(x, axis)[np.arange(len(x)), labels]


CROSS_ENTROPY = {
    "loss_sum": ("the sum over the images, not the mean", lambda x, labels: len(x) * cross_entropy(x, labels)),
    "loss_NC": ("divided by images times classes; the mean is over images", lambda x, labels:
                cross_entropy(x, labels) / x.shape[1]),
    "loss_sign": ("log p without the minus", lambda x, labels: -cross_entropy(x, labels)),
    "eps_log_7": ("log(p + 1e-7): it hides an overflow and changes every loss a little",
                  lambda x, labels: -np.log(true_probabilities(x, labels) + 1e-7).mean()),
    "eps_log_8": ("log(p + 1e-8): it hides an overflow and changes every loss a little",
                  lambda x, labels: -np.log(true_probabilities(x, labels) + 1e-8).mean()),
    "log2": ("the logarithm to base 2", lambda x, labels: cross_entropy(x, labels) / np.log(2)),
    "log10": ("the logarithm to base 10", lambda x, labels: cross_entropy(x, labels) / np.log(10)),
    "no_log": ("-p, without the logarithm", lambda x, labels: -true_probabilities(x, labels).mean()),
    "axis0": ("with a softmax over the batch", lambda x, labels: -np.log(true_probabilities(x, labels, 0)).mean()),
    "no_softmax": ("-x of the label, without softmax", lambda x, labels: -x[np.arange(len(x)), labels].mean()),
}

# ------------------------------------------------------------------------------- batch normalisation


def batch_norm(x, w, b, eps, axes=None, ddof=0, outside=False, root=True, centred=True):
    """w * (x - mean) / sqrt(var + eps) + b over all axes but the second. x (N, C) or (N, C, H, W).

    axes: of the mean. ddof: 1 divides the variance by m - 1. outside: sqrt(var) + eps. root: whether one is taken.
    centred: whether the mean is subtracted.
    """
    axes = tuple(axis for axis in range(x.ndim) if axis != 1) if axes is None else axes
    shape = (1, -1) + (1,) * (x.ndim - 2)
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, ddof=ddof, keepdims=True)
    scale = np.sqrt(var) + eps if outside else np.sqrt(var + eps) if root else var + eps
    return w.reshape(shape) * (x - mean * centred) / scale + b.reshape(shape)


def batch_norm_with(**changes):
    return lambda x, w, b, eps: batch_norm(x, w, b, eps, **changes)


BATCH_NORM = {
    "unbiased": ("batch norm with a variance that divides by m - 1; in the batch it divides by m",
                 batch_norm_with(ddof=1)),
    "eps_outside": ("batch norm with sqrt(var) + eps; it must be sqrt(var + eps)", batch_norm_with(outside=True)),
    "no_eps": ("batch norm without eps", lambda x, w, b, eps: batch_norm(x, w, b, 0)),
    "no_root": ("batch norm that divides by the variance, without the root", batch_norm_with(root=False)),
    "no_beta": ("batch norm without beta", lambda x, w, b, eps: batch_norm(x, w, 0 * b, eps)),
    "no_gamma": ("batch norm without gamma", lambda x, w, b, eps: batch_norm(x, 1 + 0 * w, b, eps)),
    "per_pixel": ("batch norm with a mean over the images alone; it is over images and pixels",
                  lambda x, w, b, eps: batch_norm(x, w, b, eps, axes=(0,)) if x.ndim > 2 else None),
    "per_image": ("layer norm, with a mean over each image; batch norm's runs over the batch",
                  lambda x, w, b, eps: batch_norm(x, w, b, eps, axes=tuple(range(1, x.ndim)))),
    "per_map": ("instance norm, with a mean over each map; batch norm's runs over the batch too",
                lambda x, w, b, eps: batch_norm(x, w, b, eps, axes=(2, 3)) if x.ndim > 2 else None),
    "no_mean": ("batch norm that does not subtract the mean", batch_norm_with(centred=False)),
}

# ------------------------------------------------------------------------------- dropout

DROPOUT = {             # what a kept number is multiplied by, and the share that is kept; p: the share thrown away
    "noscale": ("dropout that does not divide by 1-p in training", lambda p: (1, 1 - p)),
    "div_p": ("dropout that divides by p, not by 1-p", lambda p: (1 / p, 1 - p)),
    "mul_keep": ("dropout that multiplies by 1-p, where it must divide", lambda p: (1 - p, 1 - p)),
    "scale_twice": ("dropout that divides by 1-p twice", lambda p: (1 / (1 - p) ** 2, 1 - p)),
    "keep_drop_swapped": ("dropout that keeps a number with probability p; p is the probability to drop",
                          lambda p: (1 / p, p)),
    "kept_swapped": ("dropout that keeps a number with probability p, but divides by 1-p", lambda p: (1 / (1 - p), p)),
    "keep_p_noscale": ("dropout that keeps a number with probability p, and does not divide", lambda p: (1, p)),
    "half": ("dropout that multiplies by 2, whatever p is", lambda p: (2, 1 - p)),
}
