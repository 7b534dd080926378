"""Causes in layers where each number of y depends on one number of the array: activations, dropout, scales.

There the slope of an output is one number, and so is what backward sends back for it; the two are looked up among the
slopes of common functions, at x and at y, and among the other arrays.
"""
import re
from dataclasses import dataclass

import numpy as np
from numpy.linalg import norm

from ..evidence import Cause
from ..scales import broadcast
from .taken_apart import linear as adds_up

ENOUGH = 8


@dataclass
class Singles:
    """One number for each output: slope (forward's), sent (backward's), x (the entry) and y, all (outputs,).

    place (outputs,): the entry's number in the array; arrays: {name: (outputs,)} the other arrays that are laid out so.
    """

    slope: np.ndarray
    sent: np.ndarray
    x: np.ndarray
    y: np.ndarray
    dy: np.ndarray
    place: np.ndarray
    arrays: dict


def one_shape(evidence):
    return evidence.array.shape == evidence.y.shape and evidence.array.size > 3


def singles(evidence, alone=True):
    """The Singles of this array; None where an output depends on several of its numbers.

    alone=False: what backward sends back is looked at for all outputs at once, as gradient / dy.
    """
    J, entries, outputs = evidence.J, evidence.entries, evidence.outputs
    reads = np.abs(J) > 10 * evidence.noise
    if one_shape(evidence):
        own = outputs[:, None] == entries[None]
        if (reads & ~own).any():
            return None
    else:
        own = reads | (np.abs(evidence.B) > 10 * evidence.noise)
        if (own.sum(axis=1) > 1).any():
            return None
    rows = own.any(axis=1) & ~(own & evidence.kinks).any(axis=1)
    if rows.sum() < ENOUGH:
        return None
    columns = own[rows].argmax(axis=1)
    picked = np.arange(len(outputs))[rows], columns
    k, place = outputs[rows], entries[columns]
    dy = evidence.dy.ravel()[k]
    if alone:
        B = evidence.B
        if not np.isfinite(B).all() or norm(B[rows][~own[rows]]) > 1e-9 * norm(B) + evidence.noise:
            return None
        sent = B[picked]
    else:
        sent = evidence.gradient.ravel()[place] / dy if one_shape(evidence) else np.full(len(k), np.nan)
    arrays = {name: array.ravel()[k] for name, array in broadcast(evidence).items()}
    return Singles(J[picked], sent, evidence.array.ravel()[place], evidence.y.ravel()[k], dy, place, arrays)


def linear(evidence, found):
    """Whether what is sent back for one output alone is what is sent back for all of them."""
    if one_shape(evidence):
        return evidence.same(found.sent * found.dy, evidence.gradient.ravel()[found.place])
    return evidence.same(evidence.ask(2 * evidence.dy), 2 * evidence.gradient)


def agree(a, b):
    """Whether two rows of numbers are equal, up to rounding in measured slopes."""
    return bool(np.isfinite(a).all() and np.isfinite(b).all() and norm(a - b) <= 1e-6 * (norm(a) + norm(b)))


def worked(evidence, found, i=None):
    """The most telling number, as an example."""
    i = int(np.abs(found.slope - found.sent).argmax()) if i is None else i
    return (f"At {evidence.index(found.place[i])} = {found.x[i]:.4g}, where y is {found.y[i]:.4g}, forward's slope is "
            f"{found.slope[i]:.4g}; backward multiplies dy by {found.sent[i]:.4g}.")


# ------------------------------------------------------------------------------- masks

def mask_of_dy(evidence):
    """The mask is taken of dy: numbers of dy above 0 are multiplied by another number than those below."""
    found = singles(evidence, alone=False) if one_shape(evidence) else None
    if found is None:
        return None
    up, down = found.sent[found.dy > 0], found.sent[found.dy < 0]
    if min(len(up), len(down)) < 4 or np.ptp(up) > 1e-9 or np.ptp(down) > 1e-9 or abs(up[0] - down[0]) < 1e-6:
        return None
    return Cause("mask", f"Backward looks at the sign of dy, where forward looks at {evidence.name}: every dy above 0 "
                 f"is multiplied by {up[0]:.4g}, every other by {down[0]:.4g}.", "dy", worked(evidence, found),
                 f"Which numbers did forward let through? Their places are those where {evidence.name} > 0.", "exact")


def mask(evidence):
    """Backward's zeros sit in other places than forward's; elsewhere the two agree."""
    found = singles(evidence)
    if found is None or not linear(evidence, found):
        return None
    closed, shut = (np.abs(values) < 1e-7 * np.abs(values).max(initial=0) for values in (found.slope, found.sent))
    both, differ = ~closed & ~shut, closed != shut
    two = two_valued(found)
    if two is None and (differ.sum() < 3 or both.sum() and not proportional(found.sent[both], found.slope[both])):
        return None
    if two is None and both.sum() < 3 and not inverted(closed, shut):
        return None
    let, share = found.sent > (found.sent.max() + found.sent.min()) / 2, ""
    if np.ptp(found.sent) < 1e-9:
        what, detail = f"Backward {passes_all(evidence, closed)}: no mask is used", "none"
    else:
        what, detail = mask_words(evidence, found, let)
        what += "" if detail == "other" else other_slopes(found, let)
        if detail == "other" and (shut | ~closed).all():
            return None                                     # it only closes more: a part is missing
        share = f" {int((np.abs(found.slope - found.sent) > 1e-6).sum())} of {len(let)} numbers have the wrong one."
    i = int(np.flatnonzero(differ)[0]) if differ.any() else None
    return Cause("mask", f"{what}.{share}", detail, worked(evidence, found, i),
                 "Which array decides in forward what passes? Backward must use the same mask, remembered.", "exact")


def passes_all(evidence, closed):
    """What a backward does that knows no mask: of one number each, or of a choice such as a maximum."""
    if one_shape(evidence) or not closed.any():
        return "lets every dy through"
    return f"sends every dy on, though {closed.sum()} of {len(closed)} outputs do not change with {evidence.name}"


def other_slopes(found, let):
    """Forward's slopes where backward's mask is wrong: where it is shut, or else where it is open."""
    wrong = np.abs(found.slope - found.sent) > 1e-6
    where, some = ("elsewhere", found.slope[wrong & ~let]) if (wrong & ~let).any() else ("there", found.slope[wrong])
    if not some.size:
        return ""
    values = f"{some[0]:.4g}" if np.ptp(some) < 1e-6 else f"from {some.min():.3g} to {some.max():.3g}"
    every = len(some) == (let if where == "there" else ~let).sum()
    return f"; forward's slope {where} is {values}" + ("" if every else f" at {len(some)}")


def two_valued(found):
    """Whether slopes and what is sent back have the same two values, or one of two; None if not, or if all agree."""
    values = np.unique(np.round(found.slope, 6))
    sent = np.unique(np.round(found.sent, 6))
    if len(values) != 2 or not set(sent) <= set(values) or agree(found.slope, found.sent):
        return None
    return values


def proportional(a, b):
    """Whether a is a constant times b."""
    return agree(a, b * float(a @ b / (b @ b)))


def inverted(closed, shut):
    return bool((closed != shut).all())


def mask_words(evidence, found, let):
    """What backward's mask is, in words, and in one."""
    name = evidence.name
    for words, by in ((f"{name} > 0", found.x > 0), (f"{name} < 0", found.x < 0), ("y > 0", found.y > 0),
                      ("y < 0", found.y < 0), (f"|{name}| < 1", np.abs(found.x) < 1), (f"{name} > 1", found.x > 1)):
        if (by == let).all() and not let.all():
            return f"Backward lets dy through where {words}", words
    closed, shut = found.slope == 0, ~let
    return (f"Backward has another mask than forward, as if it were drawn anew, or of another array: it closes "
            f"{shut.sum()} places, forward {closed.sum()}, and {(closed & shut).sum()} of them are the same"), "other"


def closed(evidence):
    """Slopes that are 0 in forward (behind a mask) are not in backward; all others are right."""
    if evidence.y.size < ENOUGH or evidence.kinks.any() or not np.isfinite(evidence.B).all():
        return None
    J, B = evidence.J, evidence.B
    zero = np.abs(J) <= 10 * evidence.noise
    ghosts = zero & (np.abs(B) > 1e-3 * np.abs(B).max())
    whole = zero.all(axis=1)[:, None] | zero.all(axis=0)[None]      # of outputs, or entries, that are quite closed
    flat = evidence.array.ndim == 2 and evidence.y.ndim == 2        # or single ones, in a matrix product
    if ghosts.sum() < ENOUGH or not (whole[ghosts].all() or flat) or (~zero).sum() < ENOUGH:
        return None
    if not evidence.same(np.where(ghosts, 0, B), J, 1e-6) or not adds_up(evidence):
        return None
    k, i = np.argwhere(ghosts)[0]
    return Cause("mask", f"Backward sends something back to {evidence.name} where nothing came through, as without "
                 f"the mask: {ghosts.sum()} slopes of y by {evidence.name} are 0 in forward and not in backward; the "
                 f"others are right.", "none",
                 f"{evidence.output(evidence.outputs[k])} does not change with {evidence.index(evidence.entries[i])}; "
                 f"with dy = 1 there, and 0 elsewhere, backward gives {B[k, i]:.4g}.",
                 "Where forward multiplies by a mask, backward multiplies by the same, in the same place.", "exact")


# ------------------------------------------------------------------------------- slopes

def functions(x, y, name="x"):
    """{words: values}: slopes of common functions, at x and at y. The words say what is computed, and whose it is."""
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def at(z, word):
        s, t = sigmoid(z), np.tanh(z)
        own = "from its output" if word == "y" else f"if {word} were its output"
        return {f"{word} (1 - {word}), the slope of a sigmoid {own}": z * (1 - z),
                f"1 - {word}^2, the slope of tanh {own}": 1 - z ** 2,
                f"s({word}) (1 - s({word})), the slope of a sigmoid at {word}": s * (1 - s),
                f"1 - tanh({word})^2, the slope of tanh at {word}": 1 - t ** 2,
                f"s({word}), the sigmoid of {word}": s, f"tanh({word})": t, f"1 - tanh({word})": 1 - t,
                f"1 - s({word})": 1 - s, f"exp({word})": np.exp(z), f"exp(-{word})": np.exp(-z),
                f"1 - {word}": 1 - z, f"1 + {word}": 1 + z, f"2 {word}": 2 * z, f"{word}^2": z ** 2,
                f"2 (1 - {word})": 2 * (1 - z), f"1 / {word}": 1 / z, f"1 / (2 {word})": 1 / (2 * z),
                f"1 / {word}^2": 1 / z ** 2, f"1 + {word}^2": 1 + z ** 2, f"1 / (1 + {word}^2)": 1 / (1 + z ** 2),
                f"1 / (1 + |{word}|)^2": 1 / (1 + np.abs(z)) ** 2, f"1 / (1 + |{word}|)": 1 / (1 + np.abs(z)),
                f"cos({word})": np.cos(z), f"sin({word})": np.sin(z), f"|{word}|": np.abs(z),
                f"the sign of {word}": np.sign(z),
                f"{word} s({word})": z * s, f"{word} s({word}) (1 - s({word}))": z * s * (1 - s),
                f"s({word}) + {word} s({word}) (1 - s({word})), the slope of a swish": s + z * s * (1 - s),
                f"1 where {word} > 0": (z > 0) * 1.0, f"1 where {word} < 0": (z < 0) * 1.0}
    return at(y, "y") | at(x, name)


def recognised(values, table):
    """The words for these values in a table {words: values}, with a sign; "" where there are none."""
    table = {words: candidate for words, candidate in table.items() if np.ptp(candidate) > 1e-9}
    for words, candidate in table.items():
        if agree(values, candidate):
            return words
    for words, candidate in table.items():
        if agree(values, -candidate):
            return f"-({words.split(',')[0]}){','.join([''] + words.split(',')[1:])}"
    return ""


def slope_at_dy(evidence):
    """The slope of a function, but at dy: dy (1 - dy)."""
    found = singles(evidence, alone=False) if one_shape(evidence) else None
    if found is None or np.ptp(found.slope) < 1e-6:
        return None
    table = functions(found.dy, found.dy, "dy")
    words = recognised(found.sent, {words: values for words, values in table.items() if "dy" in words})
    if not words:
        return None
    return Cause("slope", f"Backward computes the slope at dy: it multiplies dy by {words}.", "dy",
                 worked(evidence, found), f"The slope is that of forward, at the {evidence.name} (or y) of forward: it "
                 f"must be remembered.", "exact")


def slope(evidence):
    """Backward multiplies dy by the slope of another function, or at another point."""
    found = singles(evidence) if one_shape(evidence) else None
    if found is None or found.arrays or not linear(evidence, found):
        return None
    largest = np.abs(found.slope).max()
    if np.ptp(found.slope) < 1e-6 * largest or np.abs(found.sent - found.slope).max() < 1e-3 * largest:
        return None                                         # no slope to mistake, or a small constant's matter
    wrong = np.abs(found.sent - found.slope) > 1e-6 * largest
    if proportional(found.sent, found.slope) or (wrong & (found.sent != 0)).sum() < max(ENOUGH, wrong.sum() / 2):
        return None                                         # a factor, or only some contribute
    table = functions(found.x, found.y, evidence.name)
    right, sent = (recognised(values, table) for values in (found.slope, found.sent))
    factor = recognised(found.sent / found.slope, table | {"y": found.y, evidence.name: found.x})
    if np.ptp(found.sent) < 1e-9 * np.abs(found.sent).max() + 1e-12:
        what = f"Backward multiplies every dy by {found.sent[0]:.4g}, as if the slope were the same everywhere"
    elif sent and exchanged(sent, right, evidence.name):
        what = f"Backward multiplies dy by {sent.split(',')[0]}: {exchanged(sent, right, evidence.name)}"
    elif sent:
        what = f"Backward multiplies dy by {sent}"
    elif factor:
        what = f"Backward multiplies dy by the right slope times {factor.split(',')[0]}"
    else:
        what = "Backward multiplies dy by another slope than forward's"
    what += f"; forward's slope is {right}." if right else f"; forward's slope goes from {found.slope.min():.3g} to " \
                                                           f"{found.slope.max():.3g}."
    return Cause("slope", what, sent.split(",")[0], worked(evidence, found),
                 f"Write down the derivative of forward: is it in terms of {evidence.name} or of y, and which of the "
                 f"two does backward hold?", "exact" if sent or factor else "likely")


def exchanged(sent, right, name):
    """'x is used where y is wanted', for one formula of two arrays, with words after a comma or without; or ''."""
    sent, right = sent.split(",")[0], right.split(",")[0]
    for used, wanted in ((name, "y"), ("y", name)):
        if sent != right and re.sub(rf"(?<!\w){re.escape(used)}(?!\w)", wanted, sent) == right:
            return f"{used} is used where {wanted} is wanted"
    return ""


def slope_of_a_side(evidence):
    """The slope is right on one side of 0 and wrong on the other: another leak, another exponential."""
    found = singles(evidence) if one_shape(evidence) else None
    if found is None or found.arrays or not linear(evidence, found) or proportional(found.sent, found.slope):
        return None
    wrong = np.abs(found.sent - found.slope) > 1e-4 * np.abs(found.slope).max()
    for side, word in ((found.x < 0, "<"), (found.x > 0, ">")):
        if side.sum() < 4 or (~side).sum() < 4 or not (wrong == side).all():
            continue
        table = {"y": found.y[side]} | functions(found.x[side], found.y[side], evidence.name)
        right, sent = (constant_or(values[side], table) for values in (found.slope, found.sent))
        return Cause("slope", f"Where {evidence.name} {word} 0 backward multiplies dy by {sent}; forward's slope there "
                     f"is {right}. Elsewhere it is right.", "side", worked(evidence, found),
                     "What does forward compute on that side of 0, and what is its derivative?", "exact")
    return None


def constant_or(values, table):
    """One number, if all are alike; else the words of a function, or from where to where they go."""
    if np.ptp(values) < 1e-6 * np.abs(values).max() + 1e-9:
        return f"{values[0]:.4g}"
    return recognised(values, table).split(",")[0] or f"something from {values.min():.3g} to {values.max():.3g}"


# ------------------------------------------------------------------------------- other arrays

def other_array(evidence):
    """Each output's slope is a number of one array, and backward takes it from another."""
    found = singles(evidence)
    if found is None or not linear(evidence, found):
        return None
    arrays = {"y": found.y, evidence.name: found.x} | found.arrays
    arrays = {name: values for name, values in arrays.items() if np.ptp(values) > 1e-9 * np.abs(values).max()}
    right = recognised(found.slope, arrays)
    sent = recognised(found.sent, arrays)
    if agree(found.slope, found.sent) or not sent or right == sent:
        return None
    if not right and one_shape(evidence) and not found.arrays:
        return None                                     # an activation: its slope is of other functions
    belongs = f"; {right} belongs there" if right else ", and forward's slope is not that"
    return Cause("other array", f"Backward multiplies dy by {sent}{belongs}.", sent, worked(evidence, found),
                 f"What is {evidence.name} multiplied by in forward? That is its slope.", "exact")


def times_array(evidence):
    """What each output sends back is right but for a factor: a number of another array, too much or missing."""
    if evidence.y.size < 2 or evidence.kinks.any() or not np.isfinite(evidence.B).all():
        return None
    J, B = evidence.J, evidence.B
    if evidence.same(J, B) or not np.array_equal(np.abs(J) > 10 * evidence.noise, np.abs(B) > 10 * evidence.noise):
        return None
    rows = {name: array.ravel()[evidence.outputs] for name, array in broadcast(evidence).items()}
    rows |= {"y": evidence.y.ravel()[evidence.outputs]}
    factors = {name: values[:, None] for name, values in rows.items()}
    factors[evidence.name] = evidence.array.ravel()[evidence.entries][None]
    for name, values in factors.items():
        if np.ptp(values) < 1e-6 or (J != 0).sum() < 2 * ENOUGH:
            continue
        for made, words in ((J * values, f"is multiplied by {name} as well"), (J / values, f"lacks its factor {name}")):
            if np.isfinite(made).all() and norm(made - B) <= 1e-5 * norm(B):
                k, i = np.unravel_index(np.abs(J - B).argmax(), J.shape)
                return Cause(
                    "other array", f"What backward sends back to {evidence.name} {words}.", name,
                    f"{evidence.output(evidence.outputs[k])} has the slope {J[k, i]:.4g} by "
                    f"{evidence.index(evidence.entries[i])}; with dy = 1 there, and 0 elsewhere, backward gives "
                    f"{B[k, i]:.4g}.", f"Is {name} in the derivative once, or not at all?", "exact")
    return None


def own_numbers(evidence):
    """Backward sends the array's own numbers back to it, where those of the other array belong: dw from w."""
    if evidence.y.size < 2 or one_shape(evidence) or not np.isfinite(evidence.B).all():
        return None
    B, values = evidence.B, evidence.array.ravel()[evidence.entries]
    sent = np.abs(B) > 10 * evidence.noise
    share = (B / values)[sent]
    if sent.sum() < 2 * ENOUGH or np.ptp(values) < 1e-6 or np.ptp(share) > 1e-6 * abs(share[0]):
        return None
    if evidence.same(B, evidence.J):
        return None
    k, i = np.argwhere(sent)[0]
    return Cause("other array", f"Backward multiplies dy by {evidence.name}, to get the gradient of {evidence.name} "
                 f"itself; the other factor of the product belongs there.", evidence.name,
                 f"{evidence.output(evidence.outputs[k])} has the slope {evidence.J[k, i]:.4g} by "
                 f"{evidence.index(evidence.entries[i])}; backward gives it {B[k, i]:.4g}, and {evidence.name} is "
                 f"{values[i]:.4g} there.", f"In a product, the slope by {evidence.name} is the other factor.", "exact")


def other_input(evidence):
    """The weights' gradient of a matrix product x @ w is built with another matrix: the output, tanh(x)."""
    w, y = evidence.array, evidence.y
    if not evidence.whole or w.ndim != 2 or y.ndim != 2 or w.shape[1] != y.shape[1] or evidence.kinks.any():
        return None
    N, (D, M) = len(y), w.shape
    J, B = (slopes.reshape(N, M, D, M) for slopes in (evidence.J, evidence.B))
    own = np.arange(M)
    right, sent = J[:, own, :, own][0], B[:, own, :, own]           # (N, D) of the first unit; (M, N, D)
    across = norm(B) - norm(sent)
    if across > 1e-9 * norm(B) or M < 2 or not evidence.same(sent, np.stack([sent[0]] * M), 1e-6):
        return None
    inputs = [name for name, x in evidence.arrays.items() if x.shape == right.shape and evidence.same(x, right, 1e-4)]
    if not inputs or proportional(sent[0].ravel(), right.ravel()) or not adds_up(evidence):
        return None
    name, x = inputs[0], evidence.arrays[inputs[0]]
    table = ({"y": y} if y.shape == x.shape else {}) | {f"max({name}, 0)": np.maximum(x, 0)}
    words = recognised(sent[0], table | {of: values for of, values in functions(x, x, name).items() if name in of})
    if not words:
        return None
    k, i = np.unravel_index(np.abs(sent[0] - right).argmax(), right.shape)
    return Cause("other array", f"The gradient of {evidence.name} is built with {words.split(',')[0]}, where {name} "
                 f"belongs: forward multiplies {evidence.name} by {name}.", words,
                 f"{evidence.output(k * M)} has the slope {right[k, i]:.4g} by {evidence.index(i * M)}, which is {name}"
                 f"{[int(k), int(i)]}; backward has {sent[0][k, i]:.4g}.",
                 f"Which array did forward multiply by {evidence.name}, before or after the activation?", "exact")


def one_image(evidence):
    """Backward treats every image with the numbers of one of them: what forward kept of it, the first or the last."""
    x, y = evidence.array, evidence.y
    if not evidence.whole or evidence.parameter or x.ndim < 2 or y.ndim < 2 or not 1 < len(x) == len(y):
        return None
    N = len(x)
    J, B = (slopes.reshape(N, -1, N, x.size // N) for slopes in (evidence.J, evidence.B))
    own, sent = (np.stack([slopes[n, :, n] for n in range(N)]) for slopes in (J, B))      # one Jacobian an image
    if evidence.kinks.any() or own[0].size < ENOUGH or norm(sent) < norm(B) * (1 - 1e-9) or evidence.same(own, sent):
        return None
    for n in range(N):
        if evidence.same(np.stack([own[n]] * N), sent, 1e-6) and not evidence.same(np.stack([own[n]] * N), own, 1e-4):
            k, i = np.unravel_index(np.abs(own[n - 1] - sent[n - 1]).argmax(), own[0].shape)
            m = (n - 1) % N
            return Cause("other array", f"Backward multiplies the dy of every image by the slopes of image {n}: "
                         f"something that forward computed for image {n} stands in for all of them.", "image",
                         f"{evidence.output(m * own[0].shape[0] + k)} has the slope {own[m, k, i]:.4g} by "
                         f"{evidence.index(m * own[0].shape[1] + i)}; backward has {sent[m, k, i]:.4g}, as for image "
                         f"{n}.",
                         "Is something indexed with [0], or kept in a loop over the images, where each image has its "
                         "own?", "exact")
    return None


def forwards_result(evidence):
    """The gradient is the right one of dy = y: forward's result (or its input) stands where dy belongs."""
    if not evidence.whole or evidence.y.size < 4 or evidence.array.size < 3:
        return None
    alike = {name: array for name, array in evidence.arrays.items() if array.shape == evidence.y.shape}
    candidates = {"y": evidence.y} | alike
    for name, values in candidates.items():
        made = values.ravel() @ evidence.J_all
        fits = norm(made) > 0 and norm(made - evidence.got) <= 1e-6 * norm(made)
        if fits and not evidence.same(evidence.right, made):
            return Cause("other array", f"The gradient of {evidence.name} is what it would be if dy were {name}: "
                         f"{name} stands where dy belongs.", name, sure="exact",
                         example=f"{evidence.index(0)} gets {evidence.got[0]:.5g}, for any dy; with this dy it is "
                                 f"{evidence.right[0]:.5g}.",
                         look="The chain rule: every gradient is a product of dy and a slope of forward.")
    return None


EARLY = [mask_of_dy, slope_at_dy, forwards_result]
CAUSES = [mask, other_array, closed, own_numbers, slope_of_a_side, slope, times_array, other_input, one_image]
