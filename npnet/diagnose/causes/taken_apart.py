"""Forward's slopes taken apart into terms, in layers whose x and y have one shape: LRN, softmax, the norms.

The slope of y[j] by x[i] is a sum: the direct term, for i = j alone, and terms through what the numbers share, a sum
of squares, a mean, a variance. Each is found from J alone; how much of each is in B is what terms.py asks.
"""
from dataclasses import dataclass

import numpy as np
from numpy.linalg import norm

from ..scales import power_of

ENOUGH = 8                  # so many numbers must agree, beyond those that a rule may choose


@dataclass
class Terms:
    """J taken apart. parts: {name: (outputs, entries)}, which add up to J; the first is the direct term.

    own (outputs, entries): where an entry and an output have one place. reads: where J is not 0. known: {name: number}
    that a factor may be, found from J. shared (entries,): to what the last part is proportional, and what it is called.
    """

    J: np.ndarray
    B: np.ndarray
    own: np.ndarray
    reads: np.ndarray
    parts: dict
    known: dict
    through: str = ""
    shared: np.ndarray = None
    word: str = "x"
    x: np.ndarray = None                # at the entries, and y there
    y: np.ndarray = None

    @property
    def direct(self):
        """(outputs,) of the direct term."""
        return next(iter(self.parts.values())).sum(axis=1)


def one_shape(evidence):
    return evidence.array.shape == evidence.y.shape and evidence.array.size > 3


def linear(evidence):
    """Whether B tells all of backward: what it sends back for dy is the sum of what it sends for each output."""
    if evidence.whole:
        return evidence.same(evidence.dy.ravel() @ evidence.B, evidence.got)
    twice, zero = evidence.ask(2 * evidence.dy), evidence.ask(0 * evidence.dy)
    return evidence.same(twice, 2 * evidence.gradient) and not zero.any()


def explains(evidence, rebuilt, J, B):
    """Whether a rule gives backward's numbers: up to rounding, and to a thousandth of what is wrong in them."""
    share = 0.05 if evidence.float32 else 1e-3
    return evidence.same(rebuilt, B) and norm(rebuilt - B) <= share * norm(J - B)


def compared(evidence):
    """J, B (outputs, entries without kinks), own and reads, masks; None where the rules of this file do not apply."""
    if not one_shape(evidence):
        return None
    smooth = ~evidence.kinks
    J, B = evidence.J[:, smooth], evidence.B[:, smooth]
    own = evidence.outputs[:, None] == evidence.entries[None, smooth]
    reads = np.abs(J) > 10 * evidence.noise
    if (reads & ~own).sum() < ENOUGH or not np.isfinite(B).all() or not linear(evidence):
        return None
    factor = np.sum(J * B) / np.sum(J * J)
    if explains(evidence, factor * J, J, B):                    # all terms alike
        return None
    return J, B, own, reads


# ------------------------------------------------------------------------------- J taken apart

def terms(evidence):
    """The Terms of this array, or None; found once, and kept with the evidence."""
    if not hasattr(evidence, "terms"):
        evidence.terms = taken_apart(evidence)
    return evidence.terms


def taken_apart(evidence):
    """The Terms of this array, by the first way that J can be taken apart; None if there is none."""
    found = compared(evidence)
    if found is None:
        return None
    J, B, own, reads = found
    smooth = ~evidence.kinks
    x = evidence.array.ravel()[evidence.entries][smooth]
    y = evidence.y.ravel()[evidence.entries][smooth]
    for shared, through in ((x, "the sum of squares"), (y, "softmax's sum"), (np.exp(y), "the sum of exponentials"),
                            (np.ones(len(x)), "the mean")):
        parts = one_shared(J, own, reads, shared, through, own @ (y / x) if shared is x else None)
        if parts:
            word = evidence.name if shared is x else "y"
            found = Terms(J, B, own, reads, parts, {}, through, shared, word, x, y)
            found.known = constants_of(found, x) if through == "the sum of squares" else {}
            return found
    parts = mean_and_variance(J, own, reads, x) if smooth.all() and evidence.whole else None
    if parts:
        count = int(reads.sum(axis=1).max())
        known = {f"{count}, as many as share a mean": count, f"{count}/{count - 1}": count / (count - 1)}
        return Terms(J, B, own, reads, parts, known, "the mean and the variance", normalised(x, reads | own),
                     f"{evidence.name} normalised", x, y)
    return None


def normalised(x, groups):
    """x (entries,) less its mean, over its deviation, in the group of each entry, a row of a mask."""
    hat = np.zeros(len(x))
    for i in range(len(x)):
        group = x[groups[i]]
        hat[i] = (x[i] - group.mean()) / group.std()
    return hat


def one_shared(J, own, reads, shared, through, scale=None):
    """Direct and cross term where each output depends on the others through one number; None if that is not so.

    The slopes of one output by the other entries are then proportional to `shared` (entries,). scale (outputs,): what
    the direct term is where an output has no others to tell it from, if it is this elsewhere.
    """
    others = reads & ~own
    weight = (others * shared ** 2).sum(axis=1)
    slope = np.divide((J * others) @ shared, weight, out=np.zeros(len(J)), where=weight > 0)
    cross = np.outer(slope, shared) * (reads | own)
    agreeing = np.maximum(others.sum(axis=1) - 1, 0).sum()          # one number of each output is used up
    if agreeing < ENOUGH or norm((J - cross)[others]) > 1e-5 * norm(J[others]):
        return None
    direct = np.where(own, J - cross, 0)
    alone, diagonal = weight == 0, direct.sum(axis=1)
    if scale is not None and alone.any() and np.allclose(diagonal[~alone], scale[~alone], 1e-4):
        direct[alone] = own[alone] * scale[alone, None]
        cross[alone] = own[alone] * J[alone] - direct[alone]
    return {"direct term": direct, f"cross term (through {through})": J * others + np.where(own, cross, 0)}


def mean_and_variance(J, own, reads, x):
    """Direct term, and those through a mean and through a variance; None if J is not made of these."""
    direct, mean, variance = np.zeros((3, *J.shape))
    for j, row in enumerate(reads | own):
        i = np.flatnonzero(row)
        if len(i) < 5:
            return None
        centred = x[i] - x[i].mean()
        basis = np.stack([own[j, i].astype(float), np.ones(len(i)), centred / max(norm(centred), 1e-300)], axis=1)
        direct[j, i], mean[j, i], variance[j, i] = (basis * np.linalg.lstsq(basis, J[j, i], rcond=None)[0]).T
    if norm(direct + mean + variance - J) > 1e-5 * norm(J):
        return None
    return {"direct term": direct, "term through the mean": mean, "term through the variance": variance}


def constants_of(found, x):
    """{"beta": 0.75, "alpha": 0.7}: of y = x * (k + alpha * sum of squares) ** -beta, read off J.

    There the direct term is s ** -beta, and the cross term -2 alpha beta x[j] x[i] s ** (-beta - 1).
    """
    direct, cross = found.parts.values()
    cross = (cross * found.own).sum(axis=1)
    at = found.own @ x                                          # x at the place of each output
    usable = (direct.sum(axis=1) > 0) & (at != 0) & (cross != 0)
    power, factor = power_of(np.abs(cross[usable] / at[usable] ** 2), direct.sum(axis=1)[usable])
    width = int(found.reads.sum(axis=1).max())
    known = {"2": 2.0, f"{width}, the width of its window": float(width)}
    if power is not None and power > 1.001:
        beta = 1 / (power - 1)
        known |= {f"{beta:.4g}, the exponent beta": beta,
                  f"{factor / (2 * beta):.4g}, the factor alpha": factor / (2 * beta)}
    return known


# ------------------------------------------------------------------------------- how much of each term there is

def measured(target, parts):
    """How much of each part is in the target, by least squares: a list of numbers."""
    columns = np.stack([part.ravel() for part in parts])
    sizes = norm(columns, axis=1)
    columns = columns / np.where(sizes > 0, sizes, 1)[:, None]
    shares = np.linalg.lstsq(columns @ columns.T, columns @ target.ravel(), rcond=None)[0]
    return shares / np.where(sizes > 0, sizes, 1)
