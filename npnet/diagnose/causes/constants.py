"""Causes that add a constant: weight decay inside the gradient, an offset, an eps that stands in another place."""
import numpy as np
from numpy.linalg import norm

from ..evidence import Cause

SMALL = 1e-3                # the relative error that a constant such as eps may cause, at most


def without_dy(evidence):
    """What backward gives where dy is 0 everywhere, if it is the same part of the gradient for every dy; else None."""
    rest = evidence.ask(np.zeros(evidence.y.shape))
    if not np.isfinite(rest).all() or norm(rest) <= 1e-9 * norm(evidence.gradient):
        return None
    twice, once = evidence.ask(2 * evidence.dy) - rest, evidence.gradient - rest
    return rest if evidence.same(twice, 2 * once) and norm(once) > 1e-9 * norm(rest) else None


def decay(evidence):
    """A multiple of the array is added to its gradient."""
    array = evidence.array
    rest = without_dy(evidence) if array.size > 2 and np.ptp(array) > 1e-3 * np.abs(array).max() else None
    if rest is None:
        return None
    for values, words in ((array, evidence.name), (np.sign(array), f"the sign of {evidence.name}")):
        rate = float(np.sum(rest * values) / np.sum(values * values))
        if np.ptp(values) > 0 and norm(rest - rate * values) <= 1e-6 * norm(rest):
            i = int(np.abs(rest).argmax())
            return Cause("decay", f"{rate:.6g} times {words} is added to the gradient of {evidence.name}, whatever dy "
                         f"is, as weight decay does.", sure="exact",
                         example=f"For a dy of zeros backward gives {evidence.index(i)} {rest.flat[i]:.5g}; the number "
                                 f"itself is {array.flat[i]:.5g}.",
                         look="Forward knows nothing of this term. Is it part of the loss that was measured, or the "
                              "optimizer's matter?")
    return None


def offset(evidence):
    """One number is added everywhere."""
    rest = without_dy(evidence) if evidence.array.size > 2 else None
    if rest is None or np.ptp(rest) > 1e-6 * np.abs(rest).max():
        return None
    return Cause("offset", f"{rest.flat[0]:.6g} is added to every number of the gradient of {evidence.name}, whatever "
                 f"dy is.", sure="exact", example=f"For a dy of zeros every number of it is {rest.flat[0]:.6g}, not 0.",
                 look="Does the array of the gradient begin at zeros?")


def eps(evidence):
    """Everything is right but for a small share: a constant such as eps in another place."""
    J, B = evidence.J[:, ~evidence.kinks], evidence.B[:, ~evidence.kinks]
    got = evidence.got
    if J.size < 8 or not np.isfinite(B).all() or np.array_equal(got, got.astype(np.float32)):
        return None
    reads = np.abs(J) > 0.05 * np.abs(J).max() + 10 * evidence.noise
    share = (B[reads] - J[reads]) / J[reads]
    wrong = np.abs(share) > 1e-8
    if reads.sum() < 8 or np.abs(share).max() > 10 * SMALL or wrong.mean() < 0.5 or norm(B - J) > SMALL * norm(J):
        return None
    if not evidence.same(B, J, 2 * SMALL) or norm(B - J) <= 3 * evidence.noise * np.sqrt(J.size):
        return None
    middle = float(np.median(np.abs(share[wrong])))
    k, i = np.argwhere(reads)[np.abs(share).argmax()]
    entry = evidence.entries[~evidence.kinks][i]
    return Cause("eps", f"The gradient of {evidence.name} is right but for {middle:.1e} of it: a small constant, such "
                 f"as eps, stands in another place than in forward, or has another value.", sure="likely",
                 example=f"{evidence.output(evidence.outputs[k])} has the slope {J[k, i]:.9g} by "
                         f"{evidence.index(entry)}; backward has {B[k, i]:.9g}.",
                 look="Is eps inside the root, sqrt(var + eps), or outside, sqrt(var) + eps? Inside the log? Forward "
                      "and backward must have the same.")


EARLY = [decay, offset]
CAUSES = [eps]
