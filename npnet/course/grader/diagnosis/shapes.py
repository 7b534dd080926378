"""D1: the answer has another shape than it must have. Which change of the right answer, or which mistake, gives it?

First with the numbers (the right ones, their axes exchanged): that is certain. Then by the shape alone.
"""
from itertools import combinations, permutations
from math import prod

import numpy as np

from .exceptions import tidy
from .single import same_outcome
from .sizes import letters_of, sizes
from .trial import Said, alike, arrays, leaves

MOST_AXES = 8                   # of an answer whose sums are tried: there are 2 ** axes


def words_of(case, series, item):
    """[Said]: a word for each axis of an output: images, channels, rows ..."""
    letters = letters_of(series.name, item.want.ndim, case.arguments(item.call))
    if len(letters) != item.want.ndim:
        return [Said("diagnosis.axis.other", {"number": axis}) for axis in range(item.want.ndim)]
    return [Said("diagnosis.axis." + letter.replace("/", "_")) for letter in letters]


def misshapen(series):
    """Whether the answers are arrays, and some have another shape than they must have."""
    return all(map(arrays, series.items)) and any(item.got.shape != item.want.shape for item in series.items)


def shown(series):
    """The first item with another shape."""
    return next(item for item in series.items if item.got.shape != item.want.shape)


def by_numbers(case, series):
    """A Said for what was done to the right answer, if its numbers are there on every probe; else None."""
    item = shown(series)
    for undo in (permuted, summed, unsummed, cropped, reshaped):
        for said, change in undo(item, words_of(case, series, item)):
            if all(holds(change, other) for other in series.items):
                return said
    return None


def holds(change, item):
    """Whether the answer is what the change makes of the right one (or the other way round: the change says)."""
    try:
        made, answer = change(item)
    except (ValueError, IndexError):
        return False
    return alike(answer, made)


def permuted(item, words):
    """The axes in another order."""
    if item.got.ndim == item.want.ndim:
        for order in permutations(range(item.want.ndim)):
            if item.want.transpose(order).shape == item.got.shape:
                moved = [words[axis] for place, axis in enumerate(order) if place != axis]
                yield (Said("diagnosis.shape.permuted", {"axes": moved}),
                       lambda other, order=order: (other.want.transpose(order), other.got))


def reshaped(item, words):
    """The same numbers in the same order, or in that of other axes, under another shape."""
    if item.got.size == item.want.size:
        yield Said("diagnosis.shape.reshaped"), lambda other: (other.want.reshape(other.got.shape), other.got)
        for order in permutations(range(item.want.ndim)):
            moved = [words[axis] for place, axis in enumerate(order) if place != axis]
            yield (Said("diagnosis.shape.permuted", {"axes": moved}),
                   lambda other, order=order: (other.want.transpose(order).reshape(other.got.shape), other.got))


def summed(item, words):
    """Summed, or averaged, over axes that must stay."""
    for count in range(1, item.want.ndim + 1):
        for axes in combinations(range(item.want.ndim), count):
            for word, function in (("summed", np.sum), ("averaged", np.mean)):
                yield (Said(f"diagnosis.shape.{word}", {"axes": [words[axis] for axis in axes]}),
                       lambda other, axes=axes, function=function:
                       (function(other.want, axis=axes, keepdims=other.got.ndim == other.want.ndim), other.got))


def unsummed(item, words):
    """Not summed over axes that must go."""
    if item.got.ndim > MOST_AXES:
        return
    for count in range(1, item.got.ndim + 1):
        for axes in combinations(range(item.got.ndim), count):
            yield (Said("diagnosis.shape.not_summed", {"axes": list(axes)}),
                   lambda other, axes=axes: (other.got.sum(axis=axes).reshape(other.want.shape), other.want))


def cropped(item, words):
    """The right answer in a frame that must go, as wide on one side as on the other."""
    if item.got.ndim == item.want.ndim >= 2 and all(a >= b for a, b in zip(item.got.shape, item.want.shape)):
        def middle(other):
            if any((a - b) % 2 for a, b in zip(other.got.shape, other.want.shape)):
                raise ValueError("not in the middle")
            edges = [(a - b) // 2 for a, b in zip(other.got.shape, other.want.shape)]
            return other.got[tuple(slice(e, e + b) for e, b in zip(edges, other.want.shape))], other.want
        yield Said("diagnosis.shape.not_cropped"), middle


def by_mistakes(played, series):
    """The mistakes that give an answer of the student's shape on every probe (and not always of the right one)."""
    case, found = played.case, []
    for mistake in played.mistakes:
        if all(same_shape(played, item, series.name, mistake) for item in series.items):
            found.append(mistake)
    return [mistake for mistake in found if all(
        same_outcome(case.outcomes[i], played.outcome(i, mistake), case.outputs(i))
        for i in range(len(case.calls)) if i not in case.wrong)] or found


def same_shape(played, item, name, mistake):
    """Whether a mistake gives this output the student's shape."""
    made = played.outcome(item.call, mistake)
    if made is None or not made.came:
        return False
    found = dict(leaves(made.value, played.case.outputs(item.call)))
    return name in found and np.shape(found[name]) == item.got.shape


def by_shape(case, series):
    """A Said from the shape alone: never empty."""
    item = shown(series)
    got, want = item.got.shape, item.want.shape
    values = {"got": tidy(got), "want": tidy(want)}
    words = words_of(case, series, item)
    if any(0 in other.got.shape and sizes(case.arguments(other.call)).get("pad") == 0 for other in series.items):
        return Said("diagnosis.shape.empty", values)
    if 0 in got:
        return Said("diagnosis.shape.size_0", values)
    if len(got) != len(want):
        return Said("diagnosis.shape.reshaped_likely" if prod(got) == prod(want) else "diagnosis.shape.axes", values)
    for order in permutations(range(len(want))):
        if tuple(want[axis] for axis in order) == got:
            moved = [words[axis] for place, axis in enumerate(order) if place != axis]
            return Said("diagnosis.shape.permuted_likely", {**values, "axes": moved})
    return in_size(case, series, item, values) or Said("diagnosis.shape.other", values)


def in_size(case, series, item, values):
    """A Said where rows and columns are too many or too few: rounded up, + 1 forgotten, padding or stride ignored."""
    found = sizes(case.arguments(item.call))
    got, want = item.got.shape[-2:], item.want.shape[-2:]
    if len(item.want.shape) < 2 or item.got.shape[:-2] != item.want.shape[:-2]:
        return None
    pad, stride = found.get("pad", 0), found.get("stride", 1)
    more = [a - b for a, b in zip(got, want)]
    if pad and more == [2 * pad, 2 * pad]:
        return Said("diagnosis.shape.frame", {**values, "pad": pad})
    if {"H", "W", "R", "S"} <= set(found) and (pad or stride > 1):
        if pad and all(padded_by(case, other, {0}) for other in series.items):
            return Said("diagnosis.shape.no_pad", values)
        if pad and all(padded_by(case, other, {1, 2}) for other in series.items):
            return Said("diagnosis.shape.half_pad", values)
        if stride > 1 and got == tuple(found[a] + 2 * pad - found[b] + 1 for a, b in ("HR", "WS")):
            return Said("diagnosis.shape.no_stride", values)
    word = other_side(case, series)
    if word:
        return Said("diagnosis.shape." + word, values)
    if set(more) <= {0, 1}:
        return Said("diagnosis.shape.one_more", values)
    return Said("diagnosis.shape.one_less", values) if set(more) <= {0, -1} else None


def other_side(case, series):
    """"columns_from_rows" where, on every probe, rows and columns are as many as they are if both are counted from the
    rows of the picture; "rows_from_columns"; or None."""
    for word, side in (("columns_from_rows", "H"), ("rows_from_columns", "W")):
        if all(item.got.shape[-2:] in counted(sizes(case.arguments(item.call)), side, item.want.shape[-2:])
               for item in series.items):
            return word
    return None


def counted(found, side, want):
    """The rows and columns of an output, of which one axis is counted from the other's side: with its own window, or
    with the other's too. Empty where the call has no windows."""
    if not {"H", "W", "R", "S", "stride", "pad"} <= set(found):
        return []
    axis = 1 if side == "H" else 0
    counts = [(found[side] + 2 * found["pad"] - found[window]) // found["stride"] + 1 for window in "RS"]
    return [tuple(count if k == axis else want[k] for k in range(2)) for count in counts]


def padded_by(case, item, sides):
    """Whether rows and columns of an answer are each as many as they are with the padding of 0, 1 or 2 sides, of which
    `sides` are allowed."""
    arguments = case.arguments(item.call)
    found = sizes(arguments)
    if arguments.get("ceil_mode"):                          # rounded up: another count, which says nothing of padding
        return True
    return all(size in [(found[a] + side * found["pad"] - found[b]) // found["stride"] + 1 for side in sides]
               for size, (a, b) in zip(item.got.shape[-2:], ("HR", "WS")))
