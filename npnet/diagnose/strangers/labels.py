"""Labels for losses that cannot be called without them."""
import numpy as np

from ...gradcheck import spread
from ...layers import rng

FIGURES = ("mse", "squared", "square", "regress", "mean", "l1", "l2", "mae", "huber", "quadratic", "euclid")
BINARY = ("binary", "bce", "logistic", "sigmoid")


def label_kinds(*words):
    """The kinds of labels to try, the likeliest first; words: names of the loss and of its argument."""
    text = " ".join(words).lower()
    if "onehot" in text.replace("_", ""):
        return ["one-hot", "whole numbers"]
    if any(word in text for word in BINARY):
        return ["zeros and ones", "one-hot", "whole numbers", "numbers"]
    if any(word in text for word in FIGURES):
        return ["numbers", "one-hot", "whole numbers"]
    return ["whole numbers", "zeros and ones, one for each x", "one-hot", "numbers", "zeros and ones"]


def make_label(kind, x, seed):
    """Labels of a kind for scores x (N, classes): whole numbers (N,), or an array of x's shape."""
    if kind == "numbers":
        return spread(x.shape, rng(seed, "gradcheck", "labels"))
    if kind == "zeros and ones":
        return (np.arange(x.size).reshape(x.shape) % 3 == 0).astype(np.float64)
    axis = 1 if x.ndim > 2 else -1
    classes = x.shape[axis] if x.ndim else 1
    count = x.size // max(classes, 1)
    whole = ((np.arange(count) * 2 + 1) % max(classes, 1)).reshape(np.delete(x.shape, axis % max(x.ndim, 1)))
    if kind == "whole numbers":
        return whole
    if kind == "zeros and ones, one for each x":
        return whole % 2
    return np.moveaxis(np.eye(classes)[whole], -1, axis)
