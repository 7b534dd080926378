"""Causes in losses: y is one number, x holds what a network thinks of each class, and the slope is p - label."""
import numpy as np
from numpy.linalg import norm

from ..evidence import Cause

ENOUGH = 5                  # numbers, at least


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def probabilities(x):
    """{words: values}: what p may be in a slope (p - label) / count."""
    found = {"softmax": softmax(x)} if x.ndim > 1 else {}
    return found | {"sigmoid": 1 / (1 + np.exp(-x))}


def labelled(evidence):
    """(kind of p, p, label, count) with slopes (p - label) / count and labels of 0 and 1; None if that is not so."""
    x = evidence.array
    if evidence.y.size != 1 or x.size < ENOUGH or evidence.kinks.any() or len(evidence.entries) < x.size:
        return None
    slopes = evidence.right.reshape(x.shape)
    for word, p in probabilities(x).items():
        above = slopes > 0
        if above.sum() < 2:
            continue
        count = float(np.median(p[above] / slopes[above]))
        label = p - count * slopes
        whole = np.round(label)
        rounding = 1e-2 if evidence.float32 else 1e-5
        if norm(label - whole) <= rounding * norm(p) and set(np.unique(whole)) == {0.0, 1.0}:
            return word, p, whole, count
    return None


def wrong_label_terms(p, label):
    """{words: (gradient times count, kind, look)} of wrong gradients of a loss."""
    columns = np.broadcast_to(label.any(axis=0), p.shape) * 1.0
    right = "With cross-entropy the slope is p - 1 at the label of each row, and p elsewhere."
    return {
        "the label is not subtracted: it is p alone": (p, "missing term", right),
        "the label is added where it must be subtracted": (p + label, "wrong term", right),
        "1 is subtracted in whole columns, for every row": (
            p - columns, "wrong term",
            "p[:, labels] are whole columns; one number of each row is p[np.arange(N), labels]."),
        "the label is all there is of it: p is missing": (-label, "missing term", right),
        "it is the slope by p, not by x": (
            -label / p, "missing term", "The chain rule goes on: from p back to x, through softmax or sigmoid."),
        "it is multiplied by p (1 - p) as well": (
            (p - label) * p * (1 - p), "slope", "p (1 - p) is a sigmoid's slope; with cross-entropy it cancels."),
        "it is multiplied by p as well": (
            (p - label) * p, "slope", "With cross-entropy the slope of softmax cancels: p - label is all."),
        "log p stands where p belongs": (np.log(p) - label, "wrong term", right),
        "at the labels it is 0": ((p - label) * (1 - label), "missing term", right),
        "it is 0 but for the labels": ((p - label) * label, "missing term", right),
    }


def label_term(evidence):
    """The slope of cross-entropy with one part wrong."""
    found = labelled(evidence)
    if found is None:
        return None
    word, p, label, count = found
    got, right = evidence.gradient, evidence.right.reshape(p.shape)
    for words, (values, kind, look) in wrong_label_terms(p, label).items():
        factor = float(np.sum(got * values) / np.sum(values * values))
        rounding = 1e-3 if evidence.float32 else 1e-6
        if factor == 0 or norm(got - factor * values) > rounding * norm(got) or evidence.same(got, right):
            continue
        also = f" Besides, it is {factor * count:.5g} times as large." if abs(factor * count - 1) > 1e-4 else ""
        place = int(np.abs(got - right).argmax())
        worked = (f"{evidence.index(place)} gets {got.flat[place]:.5g}; its slope is {right.flat[place]:.5g}, p is "
                  f"{p.flat[place]:.4g} and the label {label.flat[place]:.0f}.")
        return Cause(kind, f"The slope of {evidence.name} is p - label, with p the {word} of {evidence.name}; in "
                     f"backward {words}.{also}", "label", worked, look, "exact")
    return None


def penalty(evidence):
    """A loss whose gradient has a multiple of the array too much or too little: weight decay."""
    array = evidence.array
    if evidence.y.size != 1 or array.size < 3 or np.ptp(array) < 1e-3 * np.abs(array).max():
        return None
    if len(evidence.entries) < array.size or evidence.kinks.any():
        return None
    rest = evidence.got - evidence.right
    values = array.ravel()
    rate = float(rest @ values / (values @ values))
    if norm(rest) <= 1e-6 * norm(evidence.right) or norm(rest - rate * values) > 1e-4 * norm(rest):
        return None
    i = int(np.abs(rest).argmax())
    rate /= float(evidence.dy.ravel()[0])
    what = f"{abs(rate):.5g} times {evidence.name} is {'added' if rate > 0 else 'missing'}"
    look = ("Forward knows nothing of this term." if rate > 0 else
            "The slope of r w^2 / 2 is r w, and that of r w^2 is 2 r w: which of the two has forward?")
    return Cause("decay", f"In the gradient of {evidence.name} {what}, as if weight decay were "
                 f"{'counted too often' if rate > 0 else 'forgotten, or a part of it'}.", "",
                 f"{evidence.index(i)} is {values[i]:.4g}; its gradient is {evidence.got[i]:.5g}, and the slope "
                 f"{evidence.right[i]:.5g}.", look, "exact")


CAUSES = [label_term, penalty]
