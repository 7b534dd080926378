"""Causes of layers that choose: the largest number of a window, the numbers that pass a mask."""
import numpy as np

from .evidence import Cause
from .reads import ENOUGH, Reads, number


def window_of_winners(evidence):
    """Reads of a layer whose outputs each read one entry of a moving window, as max-pooling does; else None."""
    reads = Reads(evidence)
    if not reads.usable or not reads.windows or not reads.differs.any() or not reads.linear:
        return None
    return reads if (reads.reading.sum(axis=1) <= 1).all() and reads.reads.sum() >= ENOUGH else None


def chosen_rows(reads):
    """The rows of J whose one entry is known, and its column: two arrays."""
    rows = np.flatnonzero(reads.reads.any(axis=1))
    return rows, reads.reads[rows].argmax(axis=1)


def spread_evenly(evidence):
    """Every entry of a window gets an equal part of the gradient that belongs to the winner."""
    reads = window_of_winners(evidence)
    if reads is None:
        return None
    rows, columns = chosen_rows(reads)
    counts, largest = reads.reached[rows].sum(axis=1), np.abs(reads.B[rows]).max(axis=1)
    equal = np.abs(reads.B[rows]) >= largest[:, None] - reads.limit
    if (counts < 2).all() or (reads.reached[rows] & ~equal).any() or not reads.reached[rows, columns].all():
        return None
    if (counts > 1).sum() < ENOUGH:
        return None
    k, i = rows[counts.argmax()], columns[counts.argmax()]
    whole = np.abs(reads.B[k, i] - reads.J[k, i]) <= reads.limit
    each = "the whole" if whole else f"{number(reads.B[k, i])}"
    return Cause("ties", f"A window's gradient belongs to its winner alone, but {counts.max()} entries of a window get "
                 f"{'it' if whole else 'an equal part of it'}.", example=f"{reads.output(k)} is {reads.index(i)}; "
                 f"asked for it alone, "
                 f"backward gives {counts.max()} entries {each} each.", look="Average pooling spreads; max-pooling "
                 "must find the "
                 "winner again, for instance by the index that argmax gave.", sure="exact")


def another_winner(evidence):
    """Another entry of the window than the winner gets its gradient: a corner, the smallest, another window's."""
    reads = window_of_winners(evidence)
    if reads is None:
        return None
    rows, columns = chosen_rows(reads)
    count = reads.reached[rows].sum(axis=1)
    one = count == 1
    lost = rows[~one]
    if one.sum() < ENOUGH or count.max() > 1:
        return None
    rows, columns = rows[one], columns[one]
    gets = reads.reached[rows].argmax(axis=1)
    other = gets != columns
    if (np.abs(reads.B[rows, gets] - reads.J[rows, columns]) > reads.limit).any() or other.sum() < ENOUGH:
        return None
    k, i, j = rows[other][0], columns[other][0], gets[other][0]
    example = f"{reads.output(k)} is {reads.index(i)}; asked for it alone, backward gives all to {reads.index(j)}."
    cause = corner(reads, rows, gets, lost, example)
    return another_entry(reads, rows, columns, gets, example) if cause is None and len(lost) < len(rows) else cause


def corner(reads, rows, gets, lost, example):
    """The Cause if it is the same corner of every window that gets the gradient; where it is lost, it lies outside."""
    offsets = np.stack([reads.places[window.axis][gets] - reads.starts(window)[rows] for window in reads.windows], 1)
    outside = np.zeros(len(lost), bool)
    for window, offset in zip(reads.windows, offsets[0]):
        at = reads.starts(window)[lost] + offset
        outside |= (at < 0) | (at >= reads.shape[window.axis])
    if (offsets == offsets[0]).all() and outside.all():
        at = ", ".join(map(str, offsets[0]))
        return Cause("ties", f"Entry [{at}] of each window gets the gradient, whichever entry won.", example=example,
                     look="Is the winner's place inside the window added to the window's first row and "
                     "column?", sure="exact")
    return None


def another_entry(reads, rows, columns, gets, example):
    """The Cause if another entry of the window, or one outside it, gets the gradient."""
    values = reads.evidence.array.ravel()[reads.entries]
    inside = np.ones(len(rows), bool)
    for window in reads.windows:
        at = reads.places[window.axis][gets] - reads.starts(window)[rows]
        inside &= (at >= 0) & (at < window.size)
    if inside.all():
        smaller = (values[gets] <= values[columns]).all()
        words = "an entry that is smaller than the winner" if smaller else "another entry than the winner"
        return Cause("mask", f"The gradient goes to {words}, of the same window, for {(gets != columns).sum()} of "
                     f"{len(rows)} windows.",
                     example=example, look="Is the winner looked for in the same array, in the same order, as in "
                     "forward?")
    return Cause("mask", f"The gradient of {(gets != columns).sum()} of {len(rows)} windows goes to an entry that is "
                 f"not the winner; "
                 f"{(~inside).sum()} times it lies outside the window.", example=example, look="Is the winner's index "
                 "counted from the "
                 "start of its window, and with the window's own width?")


def all_ties(evidence):
    """Each of several equal maxima gets the whole gradient of the window."""
    if not evidence.kinks.any():
        return None
    values, J, B = evidence.array.ravel()[evidence.entries], evidence.J, evidence.B
    if not (np.isfinite(B).all() and np.isfinite(J).all()):
        return None
    limit = max(5 * evidence.noise, 1e-6 * np.abs(evidence.J_all).max(initial=0))
    reads, y = np.abs(J) > limit, evidence.y.ravel()[evidence.outputs]
    tied = reads & evidence.kinks & (np.abs(values - y[:, None]) <= 1e-4 * np.abs(y[:, None]))
    rows = (tied.sum(axis=1) > 1) & (tied == reads).all(axis=1)
    once = reads.sum(axis=1) == 1
    if not rows.any() or not once.any() or (reads.sum(axis=1)[~rows] > 1).any():
        return None
    share = np.abs(B[once][reads[once]]).max()
    apart = np.abs(np.concatenate([B[rows][tied[rows]], J[once][reads[once]]]) - share)
    if apart.max() > 100 * limit:
        return None
    k = int(rows.argmax())
    i, j = np.flatnonzero(tied[k])[:2]
    return Cause("ties", f"Where several entries of a window are equal and largest, each gets the whole gradient "
                 f"({rows.sum()} windows); "
                 f"together they must get it once.", example=f"{evidence.index(evidence.entries[i])} and "
                 f"{evidence.index(evidence.entries[j])} are "
                 f"both {number(values[i])}, the largest of {evidence.output(evidence.outputs[k])}'s window; each "
                 f"gets {number(B[k, i])}.",
                 look="x == max is true of all of them: keep one, for instance argmax's.", sure="exact")


# ------------------------------------------------------------------------------- masks of single numbers

def another_mask(evidence):
    """Where x and y have one shape: numbers pass by another mask than forward's."""
    if evidence.array.shape != evidence.y.shape or not evidence.whole or not np.isfinite(evidence.gradient).all():
        return None
    use = ~evidence.kinks & (np.abs(evidence.dy.ravel()) > 0)
    limit = max(5 * evidence.noise, 1e-6 * np.abs(evidence.J_all).max(initial=0))
    slope = np.diag(evidence.J_all)
    if (np.abs(evidence.J_all - np.diag(slope)) > limit)[:, use].any():     # an output reads other entries as well
        return None
    passes = np.divide(evidence.gradient.ravel(), evidence.dy.ravel(), where=use, out=np.zeros(slope.shape))
    return mask_cause(evidence, slope, passes, use, 10 * limit)


def mask_cause(evidence, slope, passes, use, limit):
    """The Cause if forward's slopes are two numbers, and backward's the same at other places, or one everywhere."""
    low, high = slope[use].min(initial=np.inf), slope[use].max(initial=-np.inf)
    if abs(low) > abs(high):
        low, high = high, low
    is_high = np.abs(slope - high) <= limit
    if high - low == 0 or (~is_high & (np.abs(slope - low) > limit))[use].any() or abs(high - low) <= limit:
        return None
    level = np.median(passes[use])
    everywhere = abs(level) > limit and (np.abs(passes - level) <= limit)[use].all()
    given = np.abs(passes - (level if everywhere else high)) <= limit
    if not everywhere and (~given & (np.abs(passes - low) > limit))[use].any():
        return None
    wrong = use & (given != is_high)
    both = (wrong & given).any() and (wrong & ~given).any()
    if wrong.sum() < ENOUGH or not given[use].any() or not (everywhere or both):
        return None
    i = int(np.where(wrong, np.abs(evidence.dy.ravel()), -1).argmax())
    example = (f"{evidence.index(i)} = {number(evidence.array.ravel()[i])} has slope {number(slope[i])}; dy is "
               f"{number(evidence.dy.ravel()[i])} there, "
               f"and backward gives {number(evidence.gradient.ravel()[i])}.")
    if everywhere:
        return Cause("mask", f"Backward has no mask: dy passes everywhere, though forward's slope is {number(low)} at "
                     f"{(use & ~is_high).sum()} "
                     f"of {use.sum()} entries.", example=example, look="Does backward use the mask that forward "
                     "made?", sure="exact")
    source = mask_source(evidence, given, use)
    by = f"where {source}" if source else "by another mask, of another array or drawn anew"
    return Cause("mask", f"Backward lets dy pass {by}; that is not where forward lets x pass ({wrong.sum()} of "
                 f"{use.sum()} entries "
                 f"differ).", example=example, look="Is the mask that forward used kept for "
                 "backward?", sure="exact" if source else "likely")


def mask_source(evidence, given, use):
    """'dy > 0': the condition that gives this mask, or ''."""
    arrays = {"dy": evidence.dy, "y": evidence.y, **evidence.arrays}
    for name, array in arrays.items():
        if array.shape == evidence.y.shape:
            for words, mask in ((f"{name} > 0", array > 0), (f"{name} < 0", array < 0), (f"{name} is not "
                                                                                         f"0", array != 0)):
                if (mask.ravel() == given)[use].all():
                    return words
    return ""


CAUSES = [all_ties, spread_evenly, another_winner, another_mask]
