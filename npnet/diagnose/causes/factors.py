"""A gradient that is a constant times the right one: which constant, by name where the array has a reason for it.

A name must not be an accident: 2 is N in half of all checks. So a size is a name only if this gradient is a sum over
that axis (there a mean is taken by mistake), 1-p only if forward drops numbers; and where the number of images may be
meant, the layer is tried again with one image more. What cannot be told apart is said so.
"""
from dataclasses import dataclass
from itertools import combinations
from math import isclose, isqrt, log, prod

import numpy as np

from ..evidence import Cause
from ..matrices import ENOUGH, alive, array_words, example, explains, is_first, number, output_words, trusted

PLAIN = {"2": 2}
LOGARITHMS = {"ln 2": log(2), "ln 10": log(10)}
MEANS = {"N": "the number of images", "P*Q": "the number of positions in a map", "R*S": "the size of a window",
         "C": "the number of classes, or features", "M": "the number of outputs for an image",
         "K": "the number of filters",
         "R": "the side of a window", "C/groups": "the channels that a filter sees", "H*W": "the size of a map"}


@dataclass
class Name:
    """A name that a factor may have: 'N' for 2; inverse: the factor is 1/N. images: whether N is part of it."""
    word: str
    value: float
    inverse: bool = False
    images: bool = False

    def __str__(self):
        word = f"({self.word})" if self.inverse and any(sign in self.word for sign in "*/- ") else self.word
        return f"1/{word}" if self.inverse else self.word


def factor(evidence):
    """B = c J for one number c that is not 1."""
    J, B, _ = trusted(evidence)
    live = alive(J)
    if live.sum() < ENOUGH and len(np.unique(np.round(J[live] / np.abs(J).max(initial=1), 6))) < 3:
        return None                                             # 3 unlike numbers in one ratio are no accident
    c = float((B * J).sum() / (J * J).sum())
    if abs(c) < 1e-6 or abs(c - 1) < 1e-4 or not explains(evidence, c * J, B, J):
        return None
    if isclose(c, -1, rel_tol=1e-5):
        return sign(evidence)
    names = told_apart(evidence, known_names(evidence, abs(c)))
    return described(evidence, c, names, int(live.sum()))


def factor_for_each(evidence):
    """A factor for each channel (feature, filter): as where gamma, or a standard deviation, is missing."""
    J, B, entries = trusted(evidence)
    for right, found, shape, flat, words in ((J.T, B.T, evidence.array.shape, entries, array_words(evidence)),
                                             (J, B, evidence.y.shape, evidence.outputs, output_words(evidence))):
        places = np.unravel_index(flat, shape) if shape else ()
        for axis, word in enumerate(words):
            if shape[axis] > 1 and word in ("channel", "filter", "feature"):
                c = ratios(right, found, places[axis], shape[axis])
                if c is not None and explains(evidence, right * c[places[axis], None], found, right):
                    return described_for_each(evidence, c, word)
    return None


def ratios(right, found, place, size):
    """The best factor for each of `size` places, or None where there are too few numbers, or it is one for all."""
    below = np.bincount(place, (right * right).sum(axis=1), size)
    c = np.bincount(place, (found * right).sum(axis=1), size) / below
    enough = np.bincount(place, alive(right).sum(axis=1), size) >= ENOUGH
    usable = enough.all() and np.isfinite(c).all() and (np.abs(c) > 1e-6).all() and np.ptp(c) > 1e-3 * np.abs(c).max()
    return c if usable else None


def described_for_each(evidence, c, word):
    """The Cause for factors c; named where they are a power of an array, or of the standard deviations of the input."""
    first, name = evidence.x, ""
    known = {key: array.ravel() for key, array in evidence.arrays.items() if array.size == len(c)}
    known |= {"std": first.std(axis=tuple(a for a in range(first.ndim) if a != axis))
              for axis, size in enumerate(first.shape) if size == len(c) and first.ndim in (2, 4)}
    for key, values in known.items():
        for power, form in ((1, "{}"), (-1, "1/{}"), (2, "{}^2"), (-2, "1/{}^2"), (-3, "1/{}^3"), (3, "{}^3")):
            if not name and np.allclose(c, values ** power, 2e-3 if key == "std" else 1e-5, 0):
                name = form.format(key)
    meant = {"std": "the standard deviation of the input"}.get(name.strip("1/^23"), name.strip("1/^23"))
    some = ", ".join(number(value) for value in c[:4]) + (" ..." if len(c) > 4 else "")
    sentence = f"The gradient of {evidence.name} is the right one times another constant for each {word}: {some}"
    sentence += f"; that is {name}, where {name.strip('1/^23')} is {meant}." if meant != name.strip("1/^23") else (
        f"; that is {name}." if name else ".")
    look = f"Is {meant} missing in backward, or there once too often?" if name else (
        f"Which number that each {word} has its own of is missing in backward, or there once too often?")
    return Cause("factor", sentence, name, example(evidence), look, "exact" if name else "likely")


def sign(evidence):
    return Cause("sign", f"The gradient of {evidence.name} has the wrong sign, everywhere; its size is right.",
                 example=example(evidence), sure="exact",
                 look="Is a difference taken the wrong way round, or a minus lost, or one too many?")


def described(evidence, c, names, count):
    """The Cause for a factor c that has these names."""
    name, size = evidence.name, abs(c)
    minus = ", and has the wrong sign" if c < 0 else ""
    times = fraction(size)
    sentence = f"The gradient of {name} is {times} times the right one, everywhere{minus}"
    if [name.word for name in names] == ["2"]:          # "2 is simply 2 here" says nothing
        sentence += "."
    elif len(names) == 1:
        sentence += f"; {number(names[0].value)} is {spelt(evidence, names[0])} here."
    elif names:
        words = " or ".join(spelt(evidence, known) for known in names)
        sentence += f"; {number(names[0].value)} is {words} here: this check cannot tell which."
    else:
        sentence += f" ({count} slopes agree)."
    detail = " or ".join(map(str, names)) or times
    return Cause("factor", sentence, detail, example(evidence), question(names, size), "exact")


def fraction(size):
    """'1/12', '3/2', '0.3217': as a fraction of small numbers where it is one."""
    for below in range(1, 25):
        if isclose(size * below, round(size * below), rel_tol=1e-5) and below * size < 1000:
            return f"{round(size * below)}/{below}" if below > 1 else str(round(size))
    return f"1/{round(1 / size)}" if isclose(1 / size, round(1 / size), rel_tol=1e-5) else unlike_one(size)


def unlike_one(size):
    """A factor in so many digits that they tell how far it is from 1: '0.3217', '1.0005'."""
    shown = (f"{size:.{digits}g}" for digits in range(4, 9))
    return next((text for text in shown if isclose(float(text) - 1, size - 1, rel_tol=1e-2)), f"{size:.9g}")


def spelt(evidence, name):
    """'N, the number of images'; 'simply 2'."""
    if name.word in PLAIN:
        return f"simply {name.word}"
    return f"{name.word}, {MEANS[name.word]}," if name.word in MEANS else name.word


def question(names, size):
    """What to look for, for a factor of these names."""
    words = {name.word for name in names}
    if words & set(LOGARITHMS):
        return "Which logarithm does forward take? The derivative of log2(x) is 1 / (x ln 2)."
    if any("p" in word and "size" not in word for word in words):
        return "Which scale does forward use? Backward multiplies by the same mask and the same scale, once."
    if words & set(PLAIN) and len(words) == 1:
        return ("Is something added twice? Is the 2 of a square's derivative counted twice?" if size > 1 else
                "Is the 2 of a square's derivative missing, or a mean taken of two parts that must be added?")
    if any(name.inverse for name in names):
        return "Is a mean taken where a sum must be, or a division done twice, here and in the loss? Gradients add up."
    if names:
        return "Forward divides by it, or takes a mean: does backward? Or is something summed that many times over?"
    return "Which constant of forward's formula is missing in backward, or there once too often?"


# ------------------------------------------------------------------------------- names with a reason

def known_names(evidence, size):
    """The names of a factor's size that this array has a reason for; those with a weak reason if there is no other."""
    candidates = [*summed_sizes(evidence), *(Name(word, value) for word, value in PLAIN.items()),
                  *(Name(word, value) for word, value in LOGARITHMS.items())]
    candidates += [Name(name.word, name.value, True, name.images) for name in candidates]
    found = [name for name in candidates + dropping(evidence) if fits(name, size)]
    if found:
        return unlike(found)
    weaker = [Name(word, value) for word, value in window_sizes(evidence).items()
              if value > (2 if word == "R" else 4)]
    weaker += [Name(name.word, name.value, True) for name in weaker]
    return unlike([name for name in weaker if fits(name, size)])


def fits(name, size):
    return isclose(size, 1 / name.value if name.inverse else name.value, rel_tol=1e-5)


def unlike(names):
    """Without names said twice."""
    return list({str(name): name for name in names}.values())


def summed_sizes(evidence):
    """Names of the sizes over which this gradient is a sum: of the axes of y along which J has it reach all places."""
    y, letters = evidence.y, output_letters(evidence)
    if y.size == 1:                                             # a loss: the mean over images, or over all numbers
        shape = evidence.x.shape
        named = dict(zip("NC", shape[:2 if is_first(evidence) else 1]))
        names = [Name(word, size, images=word == "N") for word, size in named.items()]
        both = [Name("N*C", prod(shape[:2]), images=True)] if len(shape) > 1 < shape[1] else []
        return [name for name in names + both if name.value > 1]
    reached = reaches(evidence)
    axes = [axis for axis, letter in enumerate(letters) if reached[axis] or letter == "N"]
    found = []
    for count in range(1, len(axes) + 1):
        for some in combinations(axes, count):
            word = "*".join(letters[axis] for axis in some)
            found.append(Name(word, prod(y.shape[axis] for axis in some), images="N" in word))
    return [name for name in found if name.value > 1 and (name.word in ("N", "T") or name.word.endswith("P*Q"))]


def output_letters(evidence):
    """The letters of y's axes: N K P Q for maps, N M for rows of features."""
    dims = evidence.y.ndim
    first = evidence.x
    if dims == 1 and first.ndim > 1 and len(evidence.y) == len(first):
        return "N"                                              # a loss for each image
    if dims == 4:
        return "NPQK" if evidence.channels_last else "NKPQ"
    if dims == 3 and first.ndim < 4:                            # one picture
        return "PQK" if evidence.channels_last else "KPQ"
    if dims == 2 and evidence.image_axis:
        return "MN"
    return {1: "M", 2: "NM"}.get(dims, "NTUVW"[:dims])


def reaches(evidence):
    """For each axis of y: whether one entry of the array moves nearly all places along it."""
    moved = alive(evidence.J_all[:, ~evidence.kinks]).reshape(*evidence.y.shape, -1)
    counts = []
    for axis in range(evidence.y.ndim):
        others = tuple(a for a in range(evidence.y.ndim) if a != axis)
        along = moved.any(axis=others)                          # (places along the axis, entries)
        live = along.any(axis=0)
        whole = not is_first(evidence) or along.all(axis=0).any()       # of an input, a window is no sum over all
        counts.append(bool(live.any() and evidence.y.shape[axis] > 1 and along[:, live].mean() > 0.5 and whole))
    return counts


def dropping(evidence):
    """Names made of p, where forward drops a share p: y is 0 in a pattern that the sign of x does not explain."""
    x, y = evidence.array, evidence.y
    if x.shape != y.shape or len(evidence.entries) != x.size or y.size < 2 * ENOUGH:
        return []
    slopes = evidence.J_all[np.arange(x.size), np.arange(x.size)]
    kept = alive(slopes)
    share = 1 - kept.mean()
    if not 0.02 < share < 0.98 or not np.allclose(slopes[kept], slopes[kept][0], 1e-6):
        return []
    if y.ravel()[~kept].any() or all(len({*np.sign(x.ravel()[mask])}) == 1 for mask in (kept, ~kept)):
        return []                                               # a limit, or a ReLU
    scale, kept_share = slopes[kept][0], keeps(evidence)
    guesses = [1 - 1 / scale] if scale > 1 + 1e-6 else [i / 20 for i in range(1, 20)]
    sigma, found = np.sqrt(share * (1 - share) / y.size), []
    for dropped in guesses:
        if abs(dropped - share) < 3 * sigma + 1e-9:
            p = 1 - dropped if any(isclose(1 - dropped, value, rel_tol=1e-6) for value in kept_share) else dropped
            values = {"1-p": 1 - p, "1/(1-p)": 1 / (1 - p), "p": p, "1/p": 1 / p, "p/(1-p)": p / (1 - p),
                      "(1-p)/p": (1 - p) / p}
            found += [Name(word, value) for word, value in values.items() if not isclose(value, 1)]
    return found


def keeps(evidence):
    """The settings p of the layer, between 0 and 1: they say where p is the share that is kept."""
    called = getattr(evidence.point.run, "__self__", None)
    way = getattr(called, "way", None)
    owners = [getattr(getattr(way, "root", called), "__dict__", {})]
    owners += [argument.value if isinstance(argument.value, dict) else {argument.name: argument.value}
               for argument in getattr(getattr(way, "forward", None), "arguments", ())]
    return [value for owner in owners for name, value in owner.items() if isinstance(value, float) and 0 < value < 1
            and name == "p"]


def window_sizes(evidence):
    """Names of sizes that are no sum's, but of the window or the group that one output reads."""
    found = {name: size for name, size in evidence.sizes.items() if name in ("R*S", "H*W")}
    found |= {letter: evidence.y.shape[axis] for axis, letter in enumerate(output_letters(evidence))
              if letter in "MK" and evidence.y.size > 1 and reaches(evidence)[axis]}
    first = evidence.x
    for name, array in evidence.arrays.items():
        if array.ndim == 4 and first.ndim == 4 and array is not first and array.shape != first.shape:
            found |= {"C/groups": array.shape[-2 if evidence.channels_last else 1]}
    if evidence.array.ndim == 4 and evidence.array.shape == first.shape:
        read = alive(evidence.J[:, ~evidence.kinks])            # pooling: a window of one channel, or a whole map
        size = int(read.sum(axis=1).max(initial=0))
        found["R*S" if evidence.y.ndim == 4 else "H*W"] = size
        if evidence.y.ndim == 4 and isqrt(size) ** 2 == size:
            found["R"] = isqrt(size)
    return {name: size for name, size in found.items() if size > 1}


# ------------------------------------------------------------------------------- which of them

def told_apart(evidence, names):
    """Those of the names that still hold for one image more; all of them where that cannot be tried."""
    if not any(name.images for name in names) or evidence.presented:
        return names
    count = next(iter(evidence.point.inputs.values())).shape[evidence.image_axis]
    size = factor_of_another_batch(evidence)
    if size is None:
        return names
    new = [Name(name.word, name.value * (count + 1) / count if name.images else name.value, name.inverse, name.images)
           for name in names]
    return [old for old, name in zip(names, new) if fits(name, size)]


def factor_of_another_batch(evidence):
    """The factor's size for one image more; None where the layer does not take it, or has no one factor."""
    point, saved = evidence.point, dict(evidence.point.inputs)
    shape, axis = next(iter(saved.values())).shape, evidence.image_axis
    try:
        point.inputs = {name: array if array.shape != shape else
                        np.concatenate([array, 0.7 * array.take([0], axis)], axis) for name, array in saved.items()}
        point.arrays = point.inputs | point.params
        return measured_factor(evidence, point)
    except Exception:                                           # labels of the old number, a fixed shape ...
        return None
    finally:
        point.inputs, point.arrays = saved, saved | point.params
        point.forward()                                         # what layer and call remember is of this batch again
        point.backward(evidence.dy.copy())


def measured_factor(evidence, point):
    """<gradient, v> over the slope along v, for two directions v that must agree; None if they do not."""
    y, axis = point.forward(), evidence.image_axis
    if evidence.y.shape and y.shape != tuple(size + (a == axis) for a, size in enumerate(evidence.y.shape)):
        return None
    rng, ratios = np.random.default_rng(2), []
    dy = rng.uniform(0.5, 1.5, y.shape) if y.size > 1 else np.ones(y.shape)
    gradient, array = point.backward(dy)[evidence.name], point.arrays[evidence.name]
    for _ in range(2):
        v, kept = rng.standard_normal(array.shape), array.copy()
        try:
            array[...] = kept + 1e-5 * v
            right = point.forward()
            array[...] = kept - 1e-5 * v
            slope = np.sum(dy * (right - point.forward())) / 2e-5
        finally:
            array[...] = kept
        ratios.append(abs(np.sum(gradient * v) / slope))
    return float(ratios[0]) if isclose(*ratios, rel_tol=1e-5) else None


CAUSES = [factor, factor_for_each]
