"""Gradients to which only a part of y contributes, or of which only a part is filled; and sums over a wrong axis."""
from itertools import combinations

import numpy as np
from numpy.linalg import norm

from ..evidence import Cause
from ..matrices import ENOUGH, alive, array_words, example, explains, is_first, number, output_words, trusted

SPACE = {"row", "column"}


# ------------------------------------------------------------------------------- only some contribute

def part_of_the_outputs(evidence):
    """Rows of B that are J's, and others that are 0: only some images, filters, positions of y contribute."""
    J, B, _ = trusted(evidence)
    found = divided(J, B)
    if found is None:
        return None
    c, live, kept = found
    index = np.array(np.unravel_index(evidence.outputs, evidence.y.shape))       # (axes, outputs)
    ranges, words = block(index[:, live], kept[live], evidence.y.shape), output_words(evidence)
    if ranges is None or groups_of(evidence, ranges, words) or written_over(evidence, J, live, kept):
        return None
    detail = axis_detail([words[axis] for axis in ranges])
    which = spoken(ranges, words, evidence.y.shape)
    sentence = f"Only {which} of y contribute{'' if many(ranges) else 's'} to the gradient of {evidence.name}"
    k = evidence.outputs[live & ~kept][0]
    sentence += f": a dy that is 1 at {evidence.output(k)} and 0 elsewhere gives 0." + besides(c)
    look = question(ranges, evidence.y.shape, detail)
    return Cause("part", sentence, detail, example(evidence), look, "exact")


def written_over(evidence, J, live, kept):
    """Whether every output that sends nothing shares its one entry of the input with a later one that sends it.

    So it is where maxima are written with =: asked alone, such an output is overwritten by the later one's 0.
    """
    if not is_first(evidence) or evidence.y.ndim < 3 or (alive(J).sum(axis=1) > 1).any():
        return False
    winner, turn = np.abs(J).argmax(axis=1), np.asarray(evidence.outputs)
    return all((kept & (winner == winner[k]) & (turn > turn[k])).any() for k in np.flatnonzero(live & ~kept))


def part_of_the_array(evidence):
    """Columns of B that are J's, and others that are 0: only some filters, channels, rows are filled."""
    if evidence.y.size == 1 and not is_first(evidence):         # a loss: a class without a gradient is no part
        return None
    J, B, entries = trusted(evidence)
    found = divided(J.T, B.T)
    if found is None:
        return None
    c, live, kept = found
    index = np.array(np.unravel_index(entries, evidence.array.shape))
    ranges, words = block(index[:, live], kept[live], evidence.array.shape), array_words(evidence)
    if ranges is None or groups_of(evidence, ranges, words):
        return None
    detail = axis_detail([words[axis] for axis in ranges])
    which = spoken(ranges, words, evidence.array.shape)
    verb = "are" if many(ranges) else "is"
    return Cause("part", f"Only {which} of the gradient of {evidence.name} {verb} filled; the rest is 0." + besides(c),
                 detail, example(evidence),
                 "Do the loops of backward run over the whole array? Is return inside a loop?", "exact")


def only_one(evidence):
    """Every output alone is sent back right, but of all together only the first, or the last, arrives."""
    J, B, entries = trusted(evidence)
    if evidence.y.size < 3 or not evidence.same(B, J) or alive(evidence.right).sum() < ENOUGH - 2:
        return None
    well = ~evidence.kinks
    for k, which in ((0, "first"), (evidence.y.size - 1, "last")):
        share = evidence.dy.flat[k] * evidence.J_all[k]
        if alive(share[well]).sum() >= ENOUGH - 2 and evidence.same(evidence.got[well], share[well]):
            return Cause("part", f"Each number of dy alone is sent back right to {evidence.name}; of all together "
                         f"only the {which} one arrives.", output_words(evidence)[-1], example(evidence),
                         "Does a loop over dy end too early, by a return or a break inside it, or does each turn "
                         "assign (=) where it must add (+=)?", "exact")
    return None


def part_of_the_window(evidence):
    """Of every window that y reads, only some rows or columns get something back."""
    J, B, entries = trusted(evidence)
    if not is_first(evidence) or evidence.array.ndim < 3 or evidence.y.ndim < 3 or evidence.y.size < ENOUGH:
        return None
    read, words = alive(J), array_words(evidence)
    if np.ptp(read.sum(axis=1)) > 0:                            # padding cuts the last windows, which would tell
        return None                                             # windows that overwrite each other from this
    given = read & (np.abs(B) > 1e-6 * np.abs(J).max(initial=1))
    if not 0 < given.sum() < read.sum() or np.abs(B[~read]).max(initial=0) > evidence.noise:
        return None
    c = float((B[given] * J[given]).sum() / (J[given] ** 2).sum())
    if not np.allclose(B[given], c * J[given], 1e-5, evidence.noise):
        return None
    place = np.array(np.unravel_index(entries, evidence.array.shape))            # (axes, entries)
    rows, columns = np.nonzero(read)
    offsets = np.array([places[columns] - np.array([places[line].min() for line in read])[rows] for places in place])
    ranges = block(offsets, given[rows, columns], offsets.max(axis=1) + 1)
    if ranges is None or not SPACE & {words[axis] for axis in ranges}:
        return None
    detail = axis_detail([words[axis] for axis in ranges])
    which = spoken(ranges, words, offsets.max(axis=1) + 1)
    return Cause("part", f"Of each window of {evidence.name} only {which} get{'' if many(ranges) else 's'} something "
                 f"back; the rest gets 0." + besides(c), detail, example(evidence),
                 "Do the loops over the window run over all of its rows and columns?", "exact")


def divided(J, B):
    """(c, live, kept) if every live row of J is, in B, either c times itself (kept) or 0; else None."""
    size, given = norm(J, axis=1), norm(B, axis=1)
    live = size > 1e-7 * size.max(initial=0)
    there = given > 1e-6 * np.maximum(size, 1e-7 * size.max(initial=0))
    if not live.any() or (there & ~live).any() or not 0 < there.sum() < live.sum():
        return None
    c = float((B[there] * J[there]).sum() / (J[there] ** 2).sum())
    agree = norm(B[there] - c * J[there], axis=1) <= 1e-5 * size[there]
    if abs(c) < 1e-3 or not agree.all() or alive(J[there]).sum() < ENOUGH:
        return None
    return c, live, there


def block(index, kept, shape):
    """{axis: range} of the axes along which only some places are kept, if the kept ones are a block; else None.

    index (axes, count) are the places of count things, kept is a mask of them. A block along an axis is one place, all
    but those at one end, or every second (third ...) place.
    """
    ranges = {}
    for axis, places in enumerate(index):
        here = np.unique(places[kept])
        if len(here) < len(np.unique(places)):
            step = int(here[1] - here[0]) if len(here) > 1 else 1
            ranges[axis] = range(int(here[0]), int(here[-1]) + 1, step)
            inner = step == 1 < len(here) and here[0] > 0 and here[-1] < shape[axis] - 1
            if inner or list(ranges[axis]) != here.tolist():
                return None
    inside = np.ones(len(kept), bool)
    for axis, places in ranges.items():
        inside &= np.isin(index[axis], places)
    return ranges if ranges and np.array_equal(inside, kept) else None


def groups_of(evidence, ranges, words):
    """Whether the ranges are those of one group of channels: another rule's matter."""
    name, first = next(iter(evidence.point.inputs)), evidence.x
    if [words[axis] in ("channel", "filter") for axis in ranges] != [True] or first.ndim != 4:
        return False
    axis = 2 if evidence.channels_last else 1                      # of the weights' channels
    channels = first.shape[-1 if evidence.channels_last else 1]
    return next(iter(ranges.values())).step == 1 and any(
        array.ndim == 4 and array.shape[axis] < channels and channels % array.shape[axis] == 0
        for other, array in evidence.arrays.items() if other != name)


def axis_detail(words):
    """The word for these axes: the one, or position for a row and a column."""
    if SPACE <= set(words):
        return "position"
    return next((word for word in words if word not in SPACE), words[0])


def spoken(ranges, words, shape):
    """'the last image', 'rows 0 to 2 (of 0 to 3), column 1', 'every second row'."""
    parts = []
    for axis, places in ranges.items():
        word, size, first, last = words[axis], shape[axis], places[0], places[-1]
        if places.step > 1 and len(places) > 1:
            parts.append(f"every {['second', 'third', 'fourth'][min(places.step, 4) - 2]} {word} (from {first})")
        elif first == last:
            which = "first" if first == 0 else "last" if first == size - 1 else ""
            parts.append(f"the {which} {word}" if which else f"{word} {first}")
        else:
            parts.append(f"{word}s {first} to {last} (of 0 to {size - 1})")
    return ", ".join(parts)


def many(ranges):
    places = list(ranges.values())[0]
    return len(places) > 1 and places.step == 1


def besides(c):
    return "" if abs(c - 1) < 1e-4 else f" What is there is {number(c)} times the right one."


def question(ranges, shape, detail):
    """Where such a mistake sits: the last one (overwritten in a loop), the first one (a return in it), all but some."""
    (axis, places), *_ = ranges.items()
    first, last, size = places[0], places[-1], shape[axis]
    if first == last == size - 1:
        return (f"In a loop over {detail}s, is the gradient assigned (=) where it must be added (+=), or made anew in "
                f"every turn? Then only the last turn counts.")
    if first == last == 0:
        return f"Does a loop over {detail}s end in its first turn (a return inside it)? Is an index [0] left over?"
    return f"Does the loop over {detail}s begin at the first and end after the last?"


# ------------------------------------------------------------------------------- a wrong axis

def summed_too_far(evidence):
    """Every entry along an axis gets the sum (or the mean) of all of them."""
    shape = evidence.array.shape
    if not evidence.whole or evidence.kinks.any() or evidence.array.size < 2:
        return None
    axes = [axis for axis, size in enumerate(shape) if size > 1]
    J, B, right, got = evidence.J, evidence.B, evidence.right.reshape(shape), evidence.got.reshape(shape)
    for count in range(1, len(axes) + 1):
        for some in combinations(axes, count):
            total = np.broadcast_to(right.sum(axis=some, keepdims=True), shape)
            c = float((got * total).sum() / (total * total).sum()) if total.any() else 0
            if abs(c) < 1e-6 or not evidence.same(got, c * total):
                continue
            rows = J.reshape(-1, *shape).sum(axis=tuple(axis + 1 for axis in some), keepdims=True)
            rows = np.broadcast_to(c * rows, (len(J), *shape)).reshape(J.shape)
            if alive(rows).sum() >= ENOUGH and explains(evidence, rows, B, J):
                return too_far(evidence, some, c)
    return None


def one_for_all(evidence):
    """Every place along an axis gets the gradient of one of them."""
    shape = evidence.array.shape
    if not evidence.whole or evidence.kinks.any() or evidence.array.size < 2 or alive(evidence.J).sum() < ENOUGH:
        return None
    index = np.arange(evidence.array.size).reshape(shape)
    for axis, size in enumerate(shape):
        for place in {0, size - 1} if size > 1 else ():
            taken = np.broadcast_to(np.take(index, [place], axis), shape).ravel()
            if evidence.same(evidence.got, evidence.right[taken]) and explains(
                    evidence, evidence.J[:, taken], evidence.B, evidence.J):
                word = array_words(evidence)[axis]
                which = "first" if place == 0 else "last"
                return Cause("part", f"In the gradient of {evidence.name} every {word} has the numbers that belong to "
                             f"the {which} one.", word, example(evidence),
                             f"Is the index of the {word} a fixed one, [0] or [-1]? Or is one number spread over all?",
                             "exact")
    return None


def too_far(evidence, some, c):
    words = [array_words(evidence)[axis] for axis in some]
    kind = "the sum" if abs(c - 1) < 1e-4 else f"{number(c)} times the sum"
    along = " and ".join(words)
    return Cause("axis", f"The gradient of {evidence.name} is summed over an axis too many: along its {along} axis all "
                 f"numbers are alike, each {kind} of those that belong there.", "", example(evidence),
                 f"{evidence.name} has shape {evidence.array.shape}: which axes of dy does it not have? Those, and no "
                 f"others, are summed over.", "exact")


def another_axis(evidence):
    """An array that runs along one axis of y, and a gradient that runs along another."""
    J, B, entries = trusted(evidence)
    shape = evidence.y.shape
    long = [size for size in evidence.array.shape if size > 1]
    if len(long) != 1 or not shape or len(entries) != evidence.array.size or alive(J).sum() < ENOUGH:
        return None
    index = np.unravel_index(evidence.outputs, shape)
    axes = [axis for axis, size in enumerate(shape) if size >= long[0]]
    place, value = np.arange(long[0]), J.sum(axis=1, keepdims=True)
    chosen = {axis: value * (index[axis][:, None] == place) for axis in axes}
    true = [axis for axis in axes if evidence.same(J, chosen[axis])]
    for axis in axes:
        if len(true) == 1 and axis != true[0] and explains(evidence, chosen[axis], B, J):
            words = output_words(evidence)
            return Cause("axis", f"The gradient of {evidence.name} has one number for each {words[axis]} of y, where "
                         f"it must have one for each {words[true[0]]}: the sum runs over the wrong axes of dy.", "",
                         example(evidence), f"Which axis of y does {evidence.name} run along in forward? Over all "
                         f"other axes there is a sum.", "exact")
    return None


def mixed_axis(evidence):
    """x and y have one shape: forward mixes numbers along one axis, backward along another."""
    shape = evidence.array.shape
    if shape != evidence.y.shape or not is_first(evidence) or len(shape) < 2:
        return None
    J, B, entries = trusted(evidence)
    outputs = np.array(np.unravel_index(evidence.outputs, shape))[:, :, None]
    inputs = np.array(np.unravel_index(entries, shape))[:, None, :]
    unlike = outputs != inputs                                  # (axes, outputs, entries)
    forward, backward = ({axis for axis in range(len(shape)) if (unlike[axis] & moved).any()}
                         for moved in (alive(J), alive(B)))
    full = all_along(alive(J), unlike, forward)
    exchanged = forward - backward and backward - forward
    if not forward or not backward or forward == backward or not (exchanged or full):
        return None
    words = array_words(evidence)
    there, here = (" and ".join(f"{words[axis]}s" for axis in sorted(axes)) for axes in (forward, backward))
    return Cause("axis", f"In forward, one number of y depends on numbers of {evidence.name} along its {there}; "
                 f"backward mixes along {here}: a sum or a mean in backward runs over the wrong axes.", "",
                 example(evidence), "Compare the axis= of each sum and mean in backward with forward's.", "likely")


def all_along(moved, unlike, axes):
    """Whether nearly every pair of places that differ along these axes alone is coupled."""
    other = [axis for axis in range(len(unlike)) if axis not in axes]
    alike = ~unlike[other].any(axis=0) if other else np.ones(moved.shape, bool)
    return bool(alike.any() and moved[alike].mean() > 0.8)


def one_image_for_all(evidence):
    """The images of dy are sent back as if all of x were its first image, or its last."""
    y, first = evidence.y, evidence.x
    if y.ndim < 2 or y.shape[0] < 2 or len(y) != len(first) or not evidence.whole or evidence.kinks.any():
        return None
    if (alive(evidence.J).sum(axis=1) <= 1).all():              # number by number, where a mask explains it as well
        return None
    images = len(first) if is_first(evidence) else 1
    rows = evidence.J.reshape(len(y), y.size // len(y), images, evidence.array.size // images)
    for n, which in ((0, "first"), (len(y) - 1, "last")):
        rebuilt = np.zeros_like(rows)
        for image in range(len(y)):
            rebuilt[image, :, image % images] = rows[n, :, n % images]
        rebuilt = rebuilt.reshape(evidence.J.shape)
        if alive(rebuilt).sum() >= ENOUGH and explains(evidence, rebuilt, evidence.B, evidence.J):
            return Cause("other array", f"The gradient of {evidence.name} is what it would be if every image were "
                         f"the {which} one: what forward remembered of that image is used for all.", "image",
                         example(evidence), "Is what backward needs kept for every image, or written over by the next?",
                         "exact")
    return None


CAUSES = [only_one, one_image_for_all, part_of_the_outputs, part_of_the_array, part_of_the_window, another_axis,
          one_for_all, summed_too_far]
