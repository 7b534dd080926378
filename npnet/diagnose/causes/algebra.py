"""Causes that show in how the gradient depends on dy: it ignores dy, a part of it does, twice the dy is not twice as
much; and a gradient that is 0 everywhere.

L = sum(dy * y), so the gradient of every array is a sum of terms that each carry one number of dy. So a right backward
is linear: backward(2 dy) = 2 backward(dy), and backward(a) + backward(b) = backward(a + b), whatever the layer is.
"""
import numpy as np
from numpy.linalg import norm

from ..evidence import Cause
from ..matrices import ENOUGH, example, number, other_dy, trusted
from .arrangement import CAUSES as ARRANGEMENT
from .factors import CAUSES as FACTORS
from .parts import CAUSES as PARTS
from .parts import mixed_axis


def zero(evidence):
    """The gradient is 0 everywhere, and the slopes are not."""
    size = np.abs(evidence.slopes[evidence.checked]).max(initial=0)
    if size == 0 or np.abs(evidence.gradient).max(initial=0) > 1e-12 * size:
        return None
    if np.abs(evidence.ask(other_dy(evidence))).max(initial=0) > 1e-12 * size:
        return None
    return Cause("zero", f"The gradient of {evidence.name} is 0 everywhere; the slopes go up to {number(size)}.",
                 example=example(evidence), sure="exact",
                 look="Is the array for it made with zeros, and never filled? Does the loop that fills it run at "
                      "all, and does backward give back this array, or another?")


def depends_on_dy(evidence):
    """A backward that is not linear in dy: what kind of dependence it is instead."""
    dy, other = evidence.dy, other_dy(evidence)
    if evidence.y.size == 1 and np.all(dy == 1):        # a loss: backward need not know dy
        return None
    one, two, more, both = (evidence.ask(d) for d in (dy, 2 * dy, other, dy + other))
    if not evidence.same(one, evidence.gradient) or not all(np.isfinite(a).all() for a in (two, more, both)):
        return None
    if not one.any() or evidence.same(two, 2 * one) and evidence.same(both, one + more):
        return None
    if evidence.same(two, one) and evidence.same(more, one):
        return ignores_dy(evidence)
    free = 2 * one - two                                # what does not grow with dy, if the rest does
    if evidence.same(one + more - both, free) and norm(free) > 1e-6 * norm(one):
        return term_lacks_dy(evidence, free)
    return not_linear(evidence, one, two, both, one + more)


def ignores_dy(evidence):
    """The same gradient for every dy."""
    name = evidence.name
    sentence = f"The gradient of {name} is the same whatever dy is; twice the dy should give twice as much."
    look = "Is dy, the gradient that comes in, used anywhere in backward? The chain rule multiplies by it."
    ones, well = evidence.J_all.sum(axis=0), ~evidence.kinks
    if evidence.y.size == 1:
        sentence = f"The gradient of {name} is the same whatever dy is: backward does not depend on dy."
        look = "y is one number: either backward multiplies by dy, or it is checked with dy = 1."
    elif evidence.same(evidence.got[well], ones[well]):
        sentence += " It is the right one for dy = 1 everywhere: multiply by dy, before any sum."
    return Cause("ignores dy", sentence, example=example(evidence), look=look, sure="exact")


def term_lacks_dy(evidence, free):
    """A part that is linear in dy and one that does not depend on it; decay and offset have rules of their own."""
    array, flat = evidence.array.ravel(), free.ravel()
    share = array @ flat / (array @ array) if array.any() else 0
    if norm(flat - share * array) < 1e-3 * norm(flat) or norm(flat - flat.mean()) < 1e-3 * norm(flat):
        return None
    i = int(np.abs(flat).argmax())
    return Cause("term lacks dy", f"A part of the gradient of {evidence.name} does not depend on dy: for dy = 0 it "
                 f"should be 0, and is {number(flat[i])} at {evidence.index(i)}.",
                 example=example(evidence), sure="exact",
                 look="Every term of the derivative is multiplied by dy. Which term in backward is not?")


def not_linear(evidence, one, two, both, apart):
    """Neither: where a power, a gate or a limit is taken of dy itself."""
    name, kind, detail = evidence.name, "not linear", ""
    if np.array_equal(one, np.rint(one)):                       # decimals cut off: another rule's matter
        return None
    i = int(np.abs(both - apart).argmax())
    sentence = (f"The gradient of {name} is not linear in dy: at {evidence.index(i)} it is {number(both.flat[i])} for "
                f"a sum of two dy, and {number(apart.flat[i])} if the two are sent back apart and added.")
    look = "What in backward is computed from dy other than by multiplying and adding: a power, a mask, a limit?"
    limit = np.abs(one).max()
    if evidence.same(two, 4 * one):
        sentence = f"Twice the dy gives 4 times the gradient of {name}: dy is multiplied in twice."
        look, detail = "Where is dy multiplied by itself, or the chain rule applied twice?", "squared"
    elif (np.abs(one) == limit).sum() > 1 and np.abs(evidence.slopes).max() > limit:
        sentence = (f"The gradient of {name} is cut off at {number(limit)}: {(np.abs(one) == limit).sum()} numbers "
                    f"have this size, and some slopes are larger.")
        look, detail = "Gradients may be clipped by the optimizer; backward must return them as they are.", "clipped"
    elif evidence.same(two, one):
        sentence = (f"The gradient of {name} is the same for twice the dy: only the sign of dy is used, or something "
                    f"is divided by its own size.")
        look = "Where is the sign of dy taken, or the gradient, or dy, normalised?"
    elif gated_by_dy(evidence, one):
        kind, detail = "mask", "dy"
        sentence = f"The gradient of {name} is 0 wherever dy < 0, and only there: the mask is taken from dy."
        look = "Where forward's input is above 0, not where dy is, the gradient passes."
    elif evidence.same(two, 2 * one) and alone(evidence) and evidence.same(evidence.ask(-evidence.dy), -one):
        kind = "overwritten"
        sentence = (f"Each output alone sends the right gradient back to {name}, but together they do not: "
                    f"contributions overwrite each other where they must be added.")
        look = "Is there an = in a loop where += must be, or a repeated index in an array's +=?"
    return Cause(kind, sentence, detail, example(evidence), look, "exact" if kind == "not linear" else "likely")


def gated_by_dy(evidence, one):
    """Whether the gradient is 0 exactly where dy < 0, for a layer that works number by number."""
    if evidence.array.shape != evidence.y.shape:
        return False
    negative = evidence.dy < 0
    return bool(negative.sum() >= ENOUGH and not one[negative].any() and one[~negative].any())


def alone(evidence):
    """Whether backward is right for every output by itself."""
    J, B, _ = trusted(evidence)
    return evidence.same(B, J)


CAUSES = [zero, depends_on_dy, *FACTORS, *PARTS, *ARRANGEMENT, mixed_axis]
