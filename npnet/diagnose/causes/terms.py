"""Causes in layers whose x and y have one shape and whose numbers hang together: LRN, softmax, batch and layer norm.

The slope of y[j] by x[i] is then a sum of terms. One is the direct term, for i = j alone; the others go through what
the numbers share: a sum of squares, a mean, a variance. Forward's own slopes J are taken apart into these terms; how
much of each is in what backward sends back, B, tells which one is missing, and which has a wrong factor.
"""
from math import isclose

import numpy as np
from numpy.linalg import norm

from ..evidence import Cause
from ..scales import broadcast, power_of
from .constants import CAUSES as CONSTANTS
from .constants import EARLY as FIRST
from .exchanged import CAUSES as EXCHANGED
from .losses import CAUSES as LOSSES
from .pointwise import CAUSES as POINTWISE
from .pointwise import EARLY as GATES
from .taken_apart import ENOUGH, Terms, compared, explains, measured, terms


def whole_terms(evidence):
    """Each term, by a constant factor: 'the cross term is there half'."""
    found = terms(evidence)
    if found is None:
        return None
    parts = {name: part for name, part in found.parts.items() if norm(part) > 1e-7 * norm(found.J)}
    ratios = measured(found.B, parts.values())
    rebuilt = sum(ratio * part for ratio, part in zip(ratios, parts.values()))
    if not explains(evidence, rebuilt, found.J, found.B) or np.ptp(ratios) < 1e-5:
        return None
    return told(evidence, found, dict(zip(parts, ratios)))


def told(evidence, found, ratios):
    """The Cause for terms with these ratios, of which some are not 1."""
    wrong = {name: ratio for name, ratio in ratios.items() if not isclose(ratio, 1, abs_tol=1e-5)}
    missing = [name for name, ratio in wrong.items() if abs(ratio) < 1e-6]
    right = [name for name in ratios if name not in wrong]
    sentences = [f"{listed(missing)} missing"] if missing else []
    sentences += [f"the {name} is {ratio:.5g} times what it must be{reason(evidence, ratio, found.known)}"
                  for name, ratio in wrong.items() if name not in missing]
    rest = f"; {listed(right)} right" if right else ""
    kind = "missing term" if len(missing) == len(wrong) else "wrong term"
    detail = " ".join(word(name) for name in wrong)
    return Cause(kind, f"In the gradient of {evidence.name} {'; '.join(sentences)}{rest}.", detail,
                 example(evidence, found.J, found.B), question(wrong), "exact")


def listed(names):
    """'the direct term and the cross term are' of their names."""
    return f"{' and '.join(f'the {name}' for name in names)} {'are' if len(names) > 1 else 'is'}"


def word(name):
    """'cross' of 'cross term (through the sum of squares)'."""
    return next(word for word in ("direct", "cross", "mean", "variance") if word in name)


def reason(evidence, ratio, known):
    """': its factor 2 is missing', where the ratio is one of the numbers of this layer."""
    if isclose(ratio, -1, abs_tol=1e-5):
        return ": its sign is wrong"
    sign = ", and its sign is wrong" if ratio < 0 else ""
    numbers = {"2": 2.0} | known | {f"{size} = {name}": size for name, size in evidence.sizes.items()}
    for name, number in numbers.items():
        if isclose(abs(ratio), 1 / number, rel_tol=1e-5):
            return f": a factor {name}, is missing{sign}" if "," in name else f": its factor {name} is missing{sign}"
        if isclose(abs(ratio), number, rel_tol=1e-5):
            return f": a factor {name}{',' * (',' in name)} is too much{sign}"
    return ""


def question(wrong):
    """What to think about, for the first wrong term."""
    return {"direct": "x[i] is in y[i] itself, whatever is shared: what is the slope if the sum is held fixed?",
            "cross": "x[i] is in the sum of every neighbour j: in d y[j] / d x[i], which factor comes from the outer "
                     "power, which from the square?",
            "mean": "When one x moves, the mean moves by 1/m, and every y of the group with it: where is that?",
            "variance": "When one x moves, the variance moves by 2 (x - mean) / m, and every y of the group with it."
            }[word(next(iter(wrong)))]


def example(evidence, J, B):
    """The slope that is most wrong, in numbers."""
    j, i = np.unravel_index(np.abs(J - B).argmax(), J.shape)
    entry = evidence.entries[~evidence.kinks][i]
    return (f"{evidence.output(evidence.outputs[j])} has the slope {J[j, i]:.4g} by {evidence.index(entry)}; with dy = "
            f"1 there, and 0 elsewhere, backward gives {B[j, i]:.4g}.")


# ------------------------------------------------------------------------------- a term that is another one

def other_cross_term(evidence):
    """The direct term is right, and the last term is a known wrong one."""
    found = terms(evidence)
    if found is None or found.through == "the mean":
        return None
    *others, cross = found.parts.values()
    for matrix, sentence, look, kind in wrong_cross_terms(evidence, found, cross):
        parts = [*others, matrix]
        ratios = measured(found.B, parts)
        rebuilt = sum(ratio * part for ratio, part in zip(ratios, parts))
        direct = isclose(ratios[0], 1, abs_tol=0.5) or abs(ratios[0]) < 1e-6            # there, or missing as well
        if direct and norm(matrix) > 0 and explains(evidence, rebuilt, found.J, found.B):
            also = "".join(f" Besides, the {name} is missing." if abs(ratio) < 1e-6 else
                           f" Besides, the {name} is {ratio:.5g} times as large{reason(evidence, ratio, found.known)}."
                           for name, ratio in zip(found.parts, ratios) if not isclose(ratio, 1, abs_tol=1e-4))
            return Cause(kind, sentence + also, "cross", example(evidence, found.J, found.B), look, "exact")
    return None


def wrong_cross_terms(evidence, found, cross):
    """Wrong cross terms as they are often written: (matrix, sentence, look, kind)."""
    smooth, x_i, name = ~evidence.kinks, found.shared, found.word   # x_i at the entry, x_j at the output
    x_j = evidence.array.ravel()[evidence.outputs] if x_i is found.x else found.own @ x_i
    ratio = np.outer(1 / x_j, x_i)
    term = "variance's term" if len(found.parts) > 2 else "cross term"
    out = "In y[j]'s slope by x[i] everything but one factor belongs to j, where the sum is."
    everyone = "x[i] is in the sum of each of its neighbours j, not in its own alone."
    if not np.isfinite(ratio).all():                                # an output whose own entry was not moved
        return
    yield cross * found.own, (f"Of the {term} only the share of the own place is there (j = i): the shares of the "
                              "neighbours are missing."), everyone, "missing term"
    yield cross * ~found.own, f"In the {term} the share of the own place (j = i) is missing.", (
        "The window around i holds i itself."), "missing term"
    yield cross * ratio, (
        f"Inside the sum of the {term} stands {name}[i], where {name}[j] belongs."), out, "wrong term"
    yield cross / x_j[:, None], f"Inside the sum of the {term} the factor {name}[j] is missing.", out, "wrong term"
    yield cross / x_i, f"In the {term} the factor {name}[i] is missing.", (
        "The slope of a square, x[i]^2, is 2 x[i]."), "wrong term"
    for word, z in (("1", np.ones(len(x_i))), ("x", found.x), ("y", found.y), ("exp(y)", np.exp(found.y))):
        if np.abs(z - x_i).max() > 1e-6:
            yield np.outer(cross @ x_i / ((cross != 0) @ x_i ** 2), z) * (cross != 0), (
                f"In the {term} stands {word}[i], where {name}[i] belongs."), (
                "Write d y[j] / d x[i] down: what of x[i] is in it?"), "wrong term"
    yield cross / ratio, f"In the {term} stands {name}[j], where {name}[i] belongs.", out, "wrong term"
    if evidence.whole and smooth.all():
        yield cross.T, (f"In the {term} i and j are exchanged: what belongs inside the sum stands before it."), (
            out), "wrong term"
        yield np.diag(cross.sum(axis=0)), f"Inside the sum of the {term} stands dy[i], where dy[j] belongs.", (
            "Each y[j] sends its own dy[j] back."), "wrong term"


def each_output(evidence):
    """A term is off by another factor at each output: another power of the scale, a parameter forgotten."""
    found = terms(evidence)
    if found is None:
        return None
    parts = list(found.parts.values())
    ratios = np.full((len(parts), len(found.J)), np.nan)            # of each term at each output
    rebuilt = np.zeros(found.J.shape)
    for j in range(len(found.J)):
        rows = np.stack([part[j] for part in parts])
        if (found.reads[j] | found.own[j]).sum() > len(parts) - 1 and norm(rows, axis=1).min() > 0:
            ratios[:, j] = measured(found.B[j], rows)
            rebuilt[j] = ratios[:, j] @ rows
    spare = (found.reads | found.own).sum(axis=1) - len(parts)
    if spare[spare > 0].sum() < ENOUGH or not explains(evidence, rebuilt, found.J, found.B):
        return None
    names = [name for name, ratio in zip(found.parts, ratios) if np.nanmax(np.abs(ratio - 1)) > 1e-4]
    if len(names) == len(parts) and np.nanmax(np.ptp(ratios, axis=0)) < 1e-4:
        return alike(evidence, found, ratios[0])
    if not names or np.nanmax(np.abs(ratios - 1)) < 5e-3:           # nothing, or a small constant's matter
        return None
    sentences = [described(evidence, found, name, ratios[list(found.parts).index(name)]) for name in names]
    return Cause("wrong term", f"In the gradient of {evidence.name} {'; '.join(sentences)}.",
                 " ".join(map(word, names)), example(evidence, found.J, found.B),
                 "Write the derivative of this term down: which power of the scale, and which parameters, are in it?",
                 "exact")


def alike(evidence, found, ratio):
    """The Cause where all terms of an output have one ratio, if it is a known one; else None: a factor's matter."""
    words = described(evidence, found, f"whole gradient of {evidence.name}", ratio)
    if "differs from output" in words:
        return None
    return Cause("wrong term", f"{words[0].upper()}{words[1:]}.", "all", example(evidence, found.J, found.B),
                 "Write the derivative down: how often is it divided by the root, and which parameters are in it?",
                 "exact")


def described(evidence, found, name, ratio):
    """What a term's ratios (outputs,) are: a power of the scale, a parameter, or just from here to there."""
    seen = np.isfinite(ratio) & (ratio != 0)
    ratio, direct, ones = ratio[seen], np.abs(found.direct[seen]), np.ones(seen.sum())
    others = {known: array.ravel()[evidence.outputs][seen] for known, array in broadcast(evidence).items()}
    for known, values in others.items():
        if np.ptp(values) > 1e-6 and np.allclose(ratio * values, 1, 1e-4):
            return f"the {name} lacks its factor {known}"
        if np.ptp(values) > 1e-6 and np.allclose(ratio, values, 1e-4):
            return f"the {name} has {known} as a factor too much"
    beta = next((number for known, number in found.known.items() if "beta" in known), None)
    power, factor = power_of(np.abs(ratio), direct)
    if beta and power is not None:
        times = f"{factor:.4g} times " if abs(factor - 1) > 1e-3 else ""
        return f"the {name} has another exponent: it is too large by {times}the scale to the power {-power * beta:.4g}"
    for values in [np.abs(values) for values in others.values()] + [ones]:
        root = values / direct                                      # what the direct term is divided by
        for power in (-3, -2, -1, 1, 2, 3):
            if np.ptp(root) > 1e-6 and np.allclose(np.abs(ratio), root ** power, 1e-4):
                times = "once" if abs(power) == 1 else f"{abs(power)} times"
                times += " too rarely" if power > 0 else " too often"
                return f"the {name} is divided by the root, of the variance or the mean square, {times}"
    return (f"the {name} is not what it must be, by a factor that differs from output to output, from "
            f"{ratio.min():.3g} to {ratio.max():.3g}")


# ------------------------------------------------------------------------------- which neighbours

def neighbours(evidence):
    """Backward's sum runs over other neighbours than forward's, or only the last one's share is left."""
    found = terms(evidence)
    if found is None or found.through not in ("the sum of squares", "softmax's sum"):
        return None
    direct, cross = found.parts.values()
    slope = np.divide((cross * found.own).sum(axis=1), found.own @ found.shared)
    reaches = np.abs(found.B) > 10 * evidence.noise
    shares = np.outer(slope, found.shared)
    if explains(evidence, direct + shares * (reaches | found.own), found.J, found.B):
        return other_neighbours(evidence, found, reaches)
    if explains(evidence, shares * reaches, found.J, found.B) and reaches.sum(axis=0).max() == 1:
        return Cause("overwritten", f"Each number of the gradient of {evidence.name} is the share of one neighbour "
                     f"alone, the last: the direct term and the others' shares are overwritten.", "cross",
                     example(evidence, found.J, found.B), "= in a loop keeps the last value; += adds them up.", "exact")
    return None


def other_neighbours(evidence, found, reaches):
    """The Cause for a sum over the places of the mask `reaches` (outputs, entries), not those that forward reads."""
    others, read = reaches & ~found.own, found.reads & ~found.own
    if (others != read).sum() < 2:
        return None
    fewer, more = (read & ~others).sum(), (others & ~read).sum()
    j, i = np.argwhere(others != read)[0]
    entry, output = evidence.index(evidence.entries[~evidence.kinks][i]), evidence.output(evidence.outputs[j])
    worked = (f"{output} does not read {entry}, and backward gives {entry} something from it." if others[j, i] else
              f"{output} reads {entry}, and backward gives {entry} nothing from it.")
    counts = ((fewer, f"{fewer} of the {read.sum()} that forward reads are left out"),
              (more, f"{more} are reached that forward does not read"))
    what = " and ".join(words for count, words in counts if count)
    kind = "missing term" if not more else "wrong term"
    if axes_of(evidence, others) != axes_of(evidence, read):
        kind = "axis"
    return Cause(kind, f"The cross term of {evidence.name} runs over other neighbours than forward's sum: {what}.",
                 "cross", worked, "Over how many neighbours, on each side, and along which axis, does forward sum? And "
                 "at the two ends? (np.roll and negative indices go round the end.)", "exact")


def axes_of(evidence, pairs):
    """The axes along which the outputs and entries of a mask (outputs, entries) lie apart."""
    j, i = np.nonzero(pairs)
    outputs = np.array(np.unravel_index(evidence.outputs[j], evidence.y.shape))
    entries = np.array(np.unravel_index(evidence.entries[~evidence.kinks][i], evidence.y.shape))
    return set(np.flatnonzero((outputs != entries).any(axis=1)))


def other_group(evidence):
    """A mean in backward runs over other numbers than forward's mean or variance."""
    found = terms(evidence)
    if found is None or len(found.parts) != 3:
        return None
    groups, x = found.reads | found.own, evidence.array.ravel()
    root = np.array([x[group].std() for group in groups])           # whole evidence: a row for each entry
    direct, mean, variance = found.parts.values()
    reaches, above = np.abs(found.B) > 10 * evidence.noise, 1e-6 * np.abs(found.J).max() + 10 * evidence.noise
    mean_of, variance_of = (np.abs(found.B - direct - other) > above for other in (variance, mean))
    for means, variances in ((reaches, reaches), (reaches, groups), (groups, reaches), (mean_of, groups),
                             (groups, variance_of)):
        if (means != groups).sum() + (variances != groups).sum() < ENOUGH:
            continue
        rebuilt = np.zeros(found.J.shape)
        for j in range(len(rebuilt)):
            rows = np.stack([found.own[j] * 1.0, means[j] / root, variances[j] * found.shared / root])
            rebuilt[j] = measured(found.B[j], rows) @ rows
        spare = reaches.sum() - 3 * len(rebuilt)
        if spare > ENOUGH and explains(evidence, rebuilt, found.J, found.B):
            other = means if (means != groups).any() else variances
            j = int((other != groups).sum(axis=1).argmax())
            return Cause("axis", f"In the gradient of {evidence.name} a mean runs over other numbers than in forward.",
                         "", f"Forward normalises {evidence.output(evidence.outputs[j])} among {groups[j].sum()} "
                         f"numbers; backward's mean takes {other[j].sum()}, {(other[j] & groups[j]).sum()} of them the "
                         f"same.",
                         "Over which axes does forward take the mean and the variance? Backward's sums have the same.",
                         "exact")
    return None


# ------------------------------------------------------------------------------- own terms and all others

def passed_on(evidence):
    """Backward gives dy on as it came, though forward is no identity."""
    found = compared(evidence)
    if found is None or not evidence.same(found[1], found[2] * 1.0, 1e-9):
        return None
    return Cause("missing term", f"Backward gives dy on to {evidence.name} as it came: the layer's own slopes are "
                 f"missing.", "all", example(evidence, found[0], found[1]),
                 "The chain rule: dy is multiplied by the slope of y by x, of this layer.", "exact")


def turned_round(evidence):
    """Backward multiplies by the slopes where their transpose belongs: dy @ w for dy @ w.T."""
    found = compared(evidence)
    if found is None or not evidence.whole or evidence.kinks.any() or evidence.array.ndim > 2:
        return None
    J, B = found[:2]
    if not explains(evidence, J.T, J, B):
        return None
    return Cause("transposed", f"Backward multiplies dy by the matrix of slopes where its transpose belongs: what "
                 f"y[j] should send to {evidence.name}[i] comes from y[i], and goes to {evidence.name}[j].", "",
                 example(evidence, J, B), "If y = x @ w, then dx = dy @ w.T; a square w fits both ways.", "exact")


def own_and_others(evidence):
    """Any layer of one shape: the slopes of y[i] by x[i] are right and the others not, or the other way round."""
    found = compared(evidence)
    if found is None:
        return None
    J, B, own, reads = found
    parts = [np.where(own, J, 0), np.where(own, 0, J)]
    if min(map(norm, parts)) < 1e-7 * norm(J):
        return None
    ratios = measured(B, parts)
    if explains(evidence, ratios[0] * parts[0] + ratios[1] * parts[1], J, B) and abs(ratios[0] - ratios[1]) > 1e-5:
        words = dict(zip(("direct term", "cross term"), ratios))
        return told(evidence, Terms(J, B, own, reads, {}, {}), words)
    wrong = np.abs(J - B) > 1e-5 * np.abs(J).max() + 10 * evidence.noise
    if wrong[own].mean() > 0.7 and wrong[own].sum() >= ENOUGH and not wrong[~own].any():
        return Cause("wrong term", f"In the gradient of {evidence.name} the cross terms are right, and the direct term "
                     f"(what y[i] sends back to {evidence.name}[i]) is not.", "direct", example(evidence, J, B),
                     question(["direct term"]), "exact")
    return None


EARLY = [*FIRST, *GATES, *EXCHANGED, *LOSSES]       # so special that they come before what linearity in dy tells
CAUSES = [*POINTWISE, whole_terms, other_cross_term, neighbours, other_group, each_output, passed_on, own_and_others,
          turned_round, *CONSTANTS]
