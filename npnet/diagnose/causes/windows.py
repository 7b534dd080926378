"""Causes that show in the shares of single outputs: some overwritten, averaged, counted twice, divided at the border.

An entry of the array is read by several outputs, and each has its share in the entry's gradient. Column i of J is the
list of the shares of entry i, column i of B what arrives of them.
"""
from itertools import combinations

import numpy as np

from ..evidence import Cause
from ..reads import ENOUGH, brief, join, one_share, reads_of
from . import groups, kernels, masks, outputs, winners

FEW = 16                        # entries that are looked at first
WRITES = "Where backward writes d{0}, is it = where it must be +=? d{0}[rows, columns] += v also adds once a place."


def overwritten(evidence):
    """Only the share of the last (first) window arrives, of every entry that several read."""
    reads = reads_of(evidence)
    if not reads.usable:
        return None
    alone = not reads.differs.any()
    if alone and evidence.same(reads.right, reads.got):
        return None
    if not alone and not (reads.linear and shares_arrive_or_not(reads)):
        return None
    wrong = np.abs(reads.got - reads.right) > reads.limit if alone else reads.differs.any(axis=0)
    few, all_of_them = np.flatnonzero(wrong)[:FEW], slice(None)             # most orders fail with a few already
    for covers in (reads.reading, covering(reads)):
        for axes, last in orders(reads) if covers is not None else ():
            if explains(reads, surviving(reads, covers, axes, last, few), alone, few):
                survivors = surviving(reads, covers, axes, last, all_of_them)       # (y.size, entries)
                if explains(reads, survivors, alone, all_of_them):
                    return overwriting(reads, survivors, covers, axes, last, alone)
    return None


def shares_arrive_or_not(reads):
    """Whether every share arrives whole or not at all, and nothing arrives that is no share."""
    lost = reads.differs & reads.reads
    enough = lost.sum() >= ENOUGH or few_but_clear(reads, lost.any(axis=0))
    return bool(enough and (~reads.differs | ~reads.reached).all())


def few_but_clear(reads, wrong):
    """Whether a few entries, at least 3, are wrong, each read by several outputs, and all that one reads are right."""
    count = reads.reading.sum(axis=0)
    return wrong.sum() >= 3 and not (wrong & (count < 2)).any() and (wrong | (count == 1)).sum() >= ENOUGH


def orders(reads):
    """The orders in which outputs may be visited: (axes of y, whether the last wins). The shortest first."""
    long = [axis for axis, size in enumerate(reads.y_shape) if size > 1]
    for count in range(1, len(long) + 1):
        for axes in combinations(long, count):
            swapped = (*axes[:-2], axes[-1], axes[-2]) if count > 1 else axes
            for order in dict.fromkeys((axes, swapped)):
                yield order, True
                yield order, False


def surviving(reads, covers, axes, last, columns):
    """(y.size, columns): the outputs that come last (first) in this order among those that cover an entry."""
    turn = np.zeros(len(reads.all), int)
    for axis in axes:
        turn = turn * reads.y_shape[axis] + reads.every_output[axis]
    turn = (turn if last else turn.max() - turn)[:, None]
    return reads.reading[:, columns] & (turn == np.where(covers[:, columns], turn, -1).max(axis=0))


def explains(reads, survivors, alone, columns):
    """Whether what arrives at these columns is what the survivors send: output by output, or for dy as a whole."""
    if not alone:
        arrives = reads.reads[:, columns] & ~reads.differs[:, columns]
        return bool((survivors[reads.outputs] == arrives).all())
    expected = reads.evidence.dy.ravel() @ np.where(survivors, reads.all[:, columns], 0)
    if not reads.evidence.same(expected, reads.got[columns]):
        return False
    wrong = np.abs(expected - reads.right[columns]) > reads.limit
    return len(wrong) < len(reads.entries) or wrong.sum() >= ENOUGH or few_but_clear(reads, wrong)


def covering(reads):
    """(y.size, entries): the outputs whose window covers the entry, read or not (a maximum reads one entry)."""
    if not reads.windows and reads.evidence.parameter:
        return np.ones(reads.all.shape, bool)                               # a kernel's entries: every window
    if not reads.windows or (reads.reading.sum(axis=1) > 1).any():
        return None
    inside = np.ones(reads.all.shape, bool)
    for axis, size in enumerate(reads.shape):
        window = next((window for window in reads.windows if window.axis == axis), None)
        if window:
            start = (reads.every_output[window.output] * window.stride - window.pad)[:, None]
            inside &= (reads.places[axis] >= start) & (reads.places[axis] < start + window.size)
        elif len(reads.shape) == len(reads.y_shape) and size == reads.y_shape[axis]:
            inside &= reads.every_output[axis][:, None] == reads.places[axis]
    return inside


def overwriting(reads, survivors, covers, axes, last, alone):
    """The Cause, unless it is one image or filter that alone contributes, whatever the entry: that is a part."""
    units, which = unit(reads, axes), "last" if last else "first"
    rows, whole = reads.reading.any(axis=1), (survivors == reads.reading).all(axis=1)
    if not alone and (whole | ~survivors.any(axis=1))[rows].all() and units not in ("window", "position"):
        return None
    count, read = times(reads, covers, axes), times(reads, reads.reading, axes)         # (entries,)
    wrong = np.abs(reads.got - reads.right) > reads.limit
    several, once = (read > 0) & (count > 1), (read > 0) & (count == 1)
    if not (wrong & several).any():
        return None
    i = chosen(reads, wrong & several, read)
    verb, done = ("read", "read") if covers is reads.reading else ("cover", "covered")
    right = f" The {once.sum()} that one {units} {verb}s are right." if once.any() and not (wrong & once).any() else ""
    alone = " Asked for one output at a time, backward is right." if alone else ""
    sentence = (f"Only what the {which} {units} sends arrives: {(wrong & several).sum()} of the {several.sum()} "
                f"entries of {reads.name} that several {units}s {verb} are wrong.{right}{alone}")
    share = "the share of" if covers is reads.reading else "what comes from"
    example = (f"{reads.index(i)} is {done} by {count[i]} {units}s; backward gives it {brief(reads.got[i])}, {share} "
               f"the {which}; the {count[i]} together are {brief(reads.right[i])}.")
    if units == "position" and not reads.evidence.parameter:        # steps may feed one another, as in time
        look = (f"Is what other positions send back to {reads.name} lost: written with = where += must be, or not "
                f"carried from one step to the one before it?")
        return Cause("overwritten", sentence, example=example, look=look)
    loop = " In a loop over the kernel's entries the first window is written last."
    order = "" if last or units == "position" else loop
    return Cause("overwritten", sentence, example=example, look=WRITES.format(reads.name) + order, sure="exact")


def unit(reads, axes):
    """What reads an entry: 'window', where these axes of y are the rows and columns of pictures; 'position', where they
    are steps; 'filter', 'image', 'output'."""
    if len(reads.y_shape) in (3, 4):
        pictures = {axis for axis in range(len(reads.y_shape)) if axis != reads.channel_axis}
        pictures -= {0} if len(reads.y_shape) == 4 else set()
        if pictures & set(axes):
            return "position" if in_sequence(reads) else "window"
        return "filter" if reads.channel_axis in axes else "image"
    if len(reads.shape) > 2 and not reads.evidence.parameter and (reads.reading.sum(axis=1) <= 1).all():
        return "window"
    return "image" if axes == (0,) and len(reads.y_shape) == 2 else "output"


def in_sequence(reads):
    """Whether y has three axes and no window runs over the array: every step may read all that came before it."""
    if len(reads.y_shape) != 3:
        return False
    if reads.evidence.parameter:
        return len(reads.shape) < 3
    return len(reads.shape) == 3 and all(window.size >= reads.shape[window.axis] for window in reads.windows)


def times(reads, mask, axes):
    """(entries,): at how many different places along these axes of y the mask (y.size, entries) is set."""
    turn = np.zeros(len(reads.all), int)
    for axis in axes:
        turn = turn * reads.y_shape[axis] + reads.every_output[axis]
    table = np.zeros((turn.max() + 1, reads.all.shape[1]), bool)
    np.logical_or.at(table, turn, mask)
    return table.sum(axis=0)


def chosen(reads, among, count):
    """The column of an entry that shows it well: read by few, more than once, with a large error."""
    error = np.abs(reads.got - reads.right)
    few = among & (count == count[among].min())
    return int(np.where(few, error, -1).argmax())


def averaged(evidence):
    """Every entry gets the mean of its shares where it must get their sum; or the sum times their number."""
    reads = reads_of(evidence)
    if not reads.usable or not reads.differs.any() or not reads.linear or (reads.differs & reads.reads).sum() < ENOUGH:
        return None
    shares, size = reads.reading.sum(axis=0), (reads.J ** 2).sum(axis=0)
    some = size > 0
    factor = np.divide((reads.B * reads.J).sum(axis=0), size, where=some, out=np.ones(len(size)))
    if (np.abs(reads.B - factor * reads.J) > reads.limit).any() or not factor.all():
        return None
    covers = covering(reads)
    if covers is not None and reads.single and np.ptp(covers.sum(axis=0)[some] * factor[some]) < 1e-4:
        return counted(reads, covers.sum(axis=0), True) if np.ptp(factor[some]) > 1e-4 else None
    if len(set(shares[some])) < 2:
        return None
    for inverse in (True, False):
        group = shares[some] * (factor[some] if inverse else 1 / factor[some])      # outputs that share a window
        each = round(group[0]) if np.isfinite(group).all() else 0
        filters = reads.y_shape[reads.channel_axis] if reads.channel_axis is not None else 1
        if each > 0 and filters % each == 0 and np.abs(group - each).max() < 1e-4 * each:
            return counted(reads, shares // each, inverse)
    return None


def counted(reads, count, inverse):
    """The Cause of shares that are divided by, or multiplied with, their number."""
    units = "window" if len(reads.y_shape) > 2 else "output"
    several = (count > 1) & (np.abs(reads.got - reads.right) > reads.limit)
    i = chosen(reads, several if several.any() else count > 1, count)
    n, what = count[i], "the mean" if inverse else f"{count[i]} times the sum"
    example = (f"{reads.index(i)} is read by {n} {units}s; backward gives it {brief(reads.got[i])}, {what} of their "
               f"shares; together they are {brief(reads.right[i])}.")
    if inverse:
        sentence = (f"Entries of {reads.name} that several {units}s read get the mean of their shares, not the sum: "
                    f"one that {n} read gets 1/{n} of it.")
        look = "Where does backward divide by how often an entry is covered? Gradients add up."
        return Cause("averaged", sentence, example=example, look=look, sure="exact")
    sentence = (f"Entries of {reads.name} get their gradient as many times as {units}s read them: one that {n} read, "
                f"{n} times.")
    look = "Is a sum over windows added once more for each of them?"
    return Cause("counted twice", sentence, example=example, look=look, sure="exact")


def counted_twice(evidence):
    """Some shares arrive a whole number of times, the others once."""
    reads = reads_of(evidence)
    if not reads.usable or not reads.differs.any() or not reads.linear or (reads.reached & ~reads.reads).any():
        return None
    ratio = np.divide(reads.B, reads.J, where=reads.reads, out=np.ones(reads.J.shape))
    often = reads.differs & reads.reads
    if reads.reading.sum(axis=0).max() < 2:
        return None                                                         # each entry has one share: a slope
    times_counted = round(float(np.median(ratio[often])))
    if often.sum() < ENOUGH or not 2 <= times_counted <= 9 or (reads.reads & ~often).sum() < ENOUGH:
        return None
    if (np.abs(reads.B - np.where(often, times_counted, 1) * reads.J) > times_counted * reads.limit).any():
        return None
    word = "twice" if times_counted == 2 else f"{times_counted} times"
    sentence = (f"{often.sum()} of {reads.reads.sum()} shares of {reads.name}'s entries arrive {word}, the others "
                f"once.{where(reads, often)}")
    look = "Do two loops, or two slices, meet at these entries?"
    return Cause("counted twice", sentence, example=one_share(reads), look=look, sure="exact")


def where(reads, often):
    """' They belong to ...': what the entries of these shares have in common, if anything."""
    windows = reads.reading.sum(axis=0)
    entries = often.any(axis=0)
    if (often == reads.reads)[:, entries].all() and windows[entries].min() > windows[~entries].max(initial=0):
        return f" They belong to the {entries.sum()} entries that more than {windows[~entries].max()} outputs read."
    return ""


def border_windows(evidence):
    """Backward divides the windows at the border of y by another number than forward does."""
    reads = reads_of(evidence)
    if not reads.usable or not reads.windows or not reads.differs.any() or (reads.reached & ~reads.reads).any():
        return None
    size = (reads.J ** 2).sum(axis=1)
    some = size > 0
    ratio = np.divide((reads.B * reads.J).sum(axis=1), size, where=some, out=np.ones(len(size)))
    if (np.abs(reads.B - ratio[:, None] * reads.J) > reads.limit).any():
        return None
    other = some & (np.abs(ratio - 1) > 1e-5)
    cut = cut_windows(reads)
    if reads.differs.sum() < ENOUGH or not np.array_equal(other, cut & some) or not (some & ~other).any():
        return None
    if not ratio[other].all():
        return None                                                         # nothing arrives: another matter
    sentence = (f"The windows that lie inside are right; the {other.sum()} that reach into the padding are not: "
                f"backward divides them by another number than forward.")
    look = "Does forward count the padding in its mean, and backward not, or the other way round?"
    return Cause("border", sentence, example=one_share(reads), look=look, sure="exact")


def cut_windows(reads):
    """(asked,): whether the output's window reaches beyond the array."""
    cut = np.zeros(len(reads.outputs), bool)
    for window in reads.windows:
        start = reads.starts(window)
        cut |= (start < 0) | (start + window.size > reads.shape[window.axis])
    return cut


def border(evidence):
    """All errors lie within a strip along the border, as wide as the padding: the inside is right."""
    reads = reads_of(evidence)
    if not reads.usable or not reads.windows or not reads.differs.any():
        return None
    wrong = reads.spread_out(reads.differs).any(axis=0)                     # of the array's shape
    axes = [window.axis for window in reads.windows]
    depth = np.full(reads.shape, max(reads.shape))
    for axis in axes:
        size = reads.shape[axis]
        near = np.minimum(np.arange(size), np.arange(size)[::-1])
        depth = np.minimum(depth, near.reshape([-1 if a == axis else 1 for a in range(len(reads.shape))]))
    deepest = int(depth[wrong].max())
    strip = (depth <= deepest) & reads.known
    inside = reads.known & ~strip
    if inside.sum() < ENOUGH or wrong.sum() < ENOUGH or 2 * wrong.sum() < strip.sum() or deepest + 1 > reach(reads):
        return None
    i = int(np.abs(reads.got - reads.right).argmax())
    sentence = (f"All {inside.sum()} entries of {reads.name} further inside are right; at its border ({deepest + 1} "
                f"deep) {wrong.sum()} of {strip.sum()} are wrong.")
    example = f"{reads.index(i)} gets {brief(reads.got[i])} where {brief(reads.right[i])} is right."
    look = ("What does forward read beyond the border (zeros, the edge again, the other side), and does backward send "
            "that back to the same entries?")
    return Cause("border", sentence, example=example, look=look)


def reach(reads):
    """How deep the padding's influence can reach: the largest padding, at least 1."""
    return max([1] + [max(window.pad, window.size - 1) for window in reads.windows])


def entries_of_windows(evidence):
    """The same rows, columns or entries of every window are left out."""
    reads = reads_of(evidence)
    if not reads.usable or not reads.windows or not reads.differs.any() or not reads.linear:
        return None
    if not shares_arrive_or_not(reads):
        return None
    lost, kept = reads.reads & reads.differs, reads.reads & ~reads.differs
    for word, windows in [("row", reads.windows[:1]), ("column", reads.windows[1:]), ("position", reads.windows)]:
        offsets = [reads.places[window.axis] - reads.starts(window)[:, None] for window in windows]
        out, stay = (set(zip(*(offset[mask] for offset in offsets))) for mask in (lost, kept))
        if not windows or out & stay or len(out) > len(stay):
            continue
        entries = join(sorted(at[0] if len(at) == 1 else f"[{at[0]}, {at[1]}]" for at in out))
        sentence = (f"{word.capitalize()}{'s' if len(out) > 1 else ''} {entries} of every window of {reads.name} get"
                    f"{'s' if len(out) == 1 else ''} nothing; all others are right.")
        look = "Do backward's loops over the window run as far as forward's, and begin at 0?"
        return Cause("part", sentence, detail=word, example=one_share(reads), look=look, sure="exact")
    return None


def part(evidence):
    """Only the outputs of one image, filter, row ... contribute; all others are lost."""
    reads = reads_of(evidence)
    if not reads.usable or not reads.differs.any() or not reads.linear or not shares_arrive_or_not(reads):
        return None
    used = reads.reads.any(axis=1)
    whole, lost = used & ~reads.differs.any(axis=1), used & ~reads.reached.any(axis=1)
    if not np.array_equal(used, whole | lost) or not whole.any():
        return None
    for word, index, size in zip(output_words(reads), reads.asked, reads.y_shape):
        kept = np.unique(index[whole])
        if len(kept) == 1 and size > 1 and (index[lost] != kept[0]).all():
            sentence = f"Only {word} {kept[0]} of y's {size} {word}s contributes to d{reads.name}."
            look = f"Is d{reads.name} set to zero, or written with =, inside the loop over {word}s?"
            return Cause("part", sentence, detail=word, example=one_share(reads), look=look, sure="exact")
    return None


def output_words(reads):
    """What the axes of y are called."""
    if reads.channel_axis == 3:
        return ["image", "row", "column", "filter"]
    return {4: ["image", "filter", "row", "column"], 3: ["filter", "row", "column"], 2: ["image", "feature"],
            1: ["feature"]}.get(len(reads.y_shape), [])


CAUSES = [overwritten, averaged, counted_twice, *winners.EARLY, *kernels.CAUSES, *groups.CAUSES, *winners.CAUSES,
          *masks.CAUSES, border_windows, entries_of_windows, part, border,
          *outputs.CAUSES]
