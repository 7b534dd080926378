"""Where the errors of a gradient sit: only in the first image, at the border, everywhere 4 times too large.

    report = check_gradients(layer, x)
    locate(report.point, report.rows[0])        # 'Only in the right column: 5 of the 5 entries there are wrong.'
    place_of(report.rows[0], evidence)          # the same in the layer's own words, and the word 'column'
"""
from math import isclose

import numpy as np
from numpy.linalg import norm

from .matrices import array_words

PLACES = "image", "channel", "filter", "row", "column", "border", "group", "feature", "entry"
MISTAKES = {                            # what was done, and what undoes it
    "transposed: its last two axes are swapped": lambda a: a.swapaxes(-1, -2),
    "transposed: its first two axes are swapped": lambda a: a.swapaxes(0, 1),
    "reshaped where it must be transposed": lambda a: a.reshape(a.shape[::-1]).T,
    "rotated by 180 degrees: its last two axes are reversed": lambda a: a[..., ::-1, ::-1],
    "flipped: its rows are in reverse order": lambda a: a[..., ::-1, :],
    "flipped: its columns are in reverse order": lambda a: a[..., ::-1],
}


def place_of(row, evidence):
    """Where the errors of an array sit: a sentence, and the word of PLACES for it, '' for everywhere.

    The axes have the words that the layer gives them: rows and columns are axes 1 and 2 where channels are last.
    """
    words = array_words(evidence)
    sentence = locate(evidence.point, row, words)
    if sentence.startswith(("Everywhere", "The analytic")):
        return sentence, ""
    return sentence + by_readers(row, evidence), place_word(words, row.seen, row.errors)


def by_readers(row, evidence):
    """' Those that one output reads are right': the entries with and without errors, by how many outputs read them."""
    J = np.abs(evidence.J_all)
    readers = (J > max(5 * evidence.noise, 1e-6 * J.max(initial=0))).sum(axis=0)
    wrong, seen = row.errors.ravel()[evidence.entries], row.seen.ravel()[evidence.entries]
    few = min(readers[seen & (readers > 0)], default=0)
    least, more = seen & (readers == few), seen & (readers > few)
    if few and more.any() and least.sum() >= 4 and not wrong[least].any() and 2 * wrong[more].sum() > more.sum():
        outputs = f"{few} output{'s' if few > 1 else ''}"
        return (f" The {least.sum()} that {outputs} read{'s' if few == 1 else ''} are right; of the {more.sum()} that "
                f"more read, {wrong[more].sum()} are wrong.")
    return ""


def place_word(words, checked, wrong):
    """The word for the axis along which the errors are in the smallest share of places; 'border', 'group', 'entry'."""
    if wrong.sum() == 1:
        return "entry"
    found, seen = ([np.unique(i) for i in np.nonzero(mask)] for mask in (wrong, checked))
    shares = {axis: len(f) / len(s) for axis, (f, s) in enumerate(zip(found, seen)) if len(f) < len(s)}
    if not shares:
        return "border" if pictures_last(words) and border(wrong.transpose(pictures_last(words)))[1] else ""
    axis = min(shares, key=shares.get)
    word, described = words[axis], describe(found[axis], wrong.shape[axis], words[axis])
    if described.startswith("group"):
        return "group"
    return word if word in PLACES else "feature" if word == "element" else ""


def pictures_last(words):
    """The axes in an order in which rows and columns come last; None where there are none."""
    if "row" not in words or "column" not in words:
        return None
    others = [axis for axis, word in enumerate(words) if word not in ("row", "column")]
    return [*others, words.index("row"), words.index("column")]


def locate(point, row, words=None):
    """One sentence on what all wrong entries of a row have in common, the most telling thing first.

    words: for each axis of the array; by default those of pictures and weights, channels first.
    """
    name, analytic, numeric, checked, wrong = row.name, row.gradient, row.slopes, row.seen, row.errors
    a, n = analytic[wrong], numeric[wrong]
    rule = relation(a, n)
    if rule and wrong[checked & ((analytic != 0) | (numeric != 0))].all():
        copies = " Does params() return copies?" if name in point.params and not n.any() else ""
        return f"Everywhere {rule}.{copies}"
    for mistake, undo in MISTAKES.items():
        if analytic.ndim > 1 and undo(analytic).shape == analytic.shape:
            if norm((undo(analytic) - numeric)[checked]) < 1e-3 * norm(a - n):
                return f"The analytic gradient is {mistake}."
    if not rule and a.size > 2 and not (a * n).any():
        return "Where it is wrong, the analytic or the numeric value is 0: as with another mask than forward's."
    return whereabouts(words or axis_words(name, wrong.ndim), checked, wrong) + (f"; there {rule}." if rule else ".")


def relation(a, n):
    """'analytic = 4 x numeric' or a constant difference, where that explains the errors; else ''.

    The 4 gets no name here: it would be an accident as often as not. factors.py finds those that have a reason.
    """
    if not a.any() or not n.any():
        return "the analytic gradient is 0" if n.any() else "the numeric gradient is 0"
    ratio, offset = float(a @ n / (n @ n)), float(np.mean(a - n))
    reason = " (the sign is wrong)" if isclose(ratio, -1, rel_tol=1e-5) else ""
    if a.size > 1 and norm(a - ratio * n) < 1e-3 * norm(a - n):
        return f"analytic = {ratio:.6g} x numeric{reason}"
    if a.size > 1 and norm(a - n - offset) < 1e-3 * norm(a - n):
        return f"analytic = numeric {'+' if offset > 0 else '-'} {abs(offset):.6g}"
    return ""


def axis_words(name, dims):
    """A word for each axis, of an array about which nothing but its name is known."""
    weights = name.split(".")[-1].startswith("w")
    words = {1: ["element"], 2: ["row", "column"] if weights else ["image", "feature"],
             3: ["channel", "row", "column"],
             4: ["filter" if weights else "image", "channel", "row", "column"]}
    return words.get(dims, [f"axis-{axis} plane" for axis in range(dims)])


def whereabouts(words, checked, wrong):
    """'Only in the first image, the right column: 7 of the 8 entries there are wrong'."""
    if wrong.sum() == 1:
        return f"Only 1 entry of {checked.sum()} is wrong"
    order = pictures_last(words)
    if order:
        words, checked, wrong = [words[axis] for axis in order], checked.transpose(order), wrong.transpose(order)
    found, seen = ([np.unique(i) for i in np.nonzero(mask)] for mask in (wrong, checked))
    some = [len(f) < len(s) for f, s in zip(found, seen)]       # axes along which some places are all right
    parts = [describe(f, size, word) for f, size, word, s in zip(found, wrong.shape, words, some) if s]
    region = np.zeros(wrong.shape, bool)
    region[np.ix_(*found)] = True
    if words[-1] == "column" and not any(some[-2:]):
        strip, sides = border(wrong)
        region, parts = region & strip, parts + sides
    share = f"{wrong.sum()} of the {(region & checked).sum()} entries there are wrong"
    return f"Only in {', '.join(parts)}: {share}" if parts else f"Spread over the whole array: {share}"


def describe(indices, size, word):
    """'group 2 of 2 (channels 4 to 7)', 'the right column': some of the places along one axis."""
    first, last, count = int(indices[0]), int(indices[-1]), len(indices)
    head, tail = {"row": ("top", "bottom"), "column": ("left", "right")}.get(word, ("first", "last"))
    span = f"{word} {first}" if count == 1 else f"{word}s {first} to {last}"
    if last - first + 1 > count:                                # with gaps
        return f"{word}s {', '.join(map(str, indices))}" if count < 8 else f"{count} of {size} {word}s"
    blocks = word in ("channel", "filter", "element") and count > 1 and first % count == 0
    if blocks and size / count in (2, 3, 4):
        return f"group {first // count + 1} of {size // count} ({span})"
    if first == 1 and last == size - 1 and count > 1:
        return f"all {word}s but the {head} one"
    if first == 0 or last == size - 1:
        return f"the {head if first == 0 else tail} {word if count == 1 else f'{count} {word}s'}"
    return span


def border(wrong):
    """The strip along some sides that holds all wrong entries: a mask (H, W), and its name in a list."""
    H, W = wrong.shape[-2:]
    somewhere = wrong.any(axis=tuple(range(wrong.ndim - 2)))    # (H, W)
    h, v = np.indices((H, W))
    depth = {"top": h, "bottom": H - 1 - h, "left": v, "right": W - 1 - v}
    for sides in ("bottom right", "top left", "top right", "bottom left", "top bottom left right"):
        distance = np.min([depth[side] for side in sides.split()], axis=0)
        deepest = distance[somewhere].max()
        strip = distance <= deepest
        if 2 * (deepest + 1) < min(H, W) and somewhere[strip].mean() >= 0.5:
            return strip, [f"the border ({sides.replace(' ', ', ')}; {deepest + 1} deep)"]
    return np.ones((H, W), bool), []
