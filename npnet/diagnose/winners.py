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
    k, i, count = rows[counts.argmax()], columns[counts.argmax()], counts.max()
    whole = np.abs(reads.B[k, i] - reads.J[k, i]) <= reads.limit
    sentence = (f"A window's gradient belongs to its winner alone, but {count} entries of a window get "
                f"{'all of it each' if whole else 'an equal part of it'}.")
    example = (f"{reads.output(k)} is {reads.index(i)}; for a dy that is 1 there and 0 elsewhere, backward gives "
               f"{count} entries {number(reads.B[k, i])} each.")
    look = "Average pooling spreads; max-pooling must find the winner again, for instance by argmax's index."
    return Cause("ties", sentence, example=example, look=look, sure="exact")


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
        look = "Is the winner's place inside the window added to the window's first row and column?"
        return Cause("ties", f"Entry [{at}] of each window gets the gradient, whichever entry won.", example=example,
                     look=look, sure="exact")
    return None


def another_entry(reads, rows, columns, gets, example):
    """The Cause if another entry of the window, or one outside it, gets the gradient."""
    values = reads.evidence.array.ravel()[reads.entries]
    inside = np.ones(len(rows), bool)
    for window in reads.windows:
        at = reads.places[window.axis][gets] - reads.starts(window)[rows]
        inside &= (at >= 0) & (at < window.size)
    other = (gets != columns).sum()
    if inside.all():
        words = "a smaller entry than the winner" if (values[gets] <= values[columns]).all() else "another entry"
        sentence = f"The gradient of {other} of {len(rows)} windows goes to {words}, of the same window."
        look = "Is the winner looked for in the same array, in the same order, as in forward?"
    else:
        sentence = (f"The gradient of {other} of {len(rows)} windows goes to an entry that is not the winner; "
                    f"{(~inside).sum()} times it lies outside the window.")
        look = "Is the winner's index counted from the start of its window, and with the window's own width?"
    return Cause("mask", sentence, example=example, look=look)


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
    i, j = (evidence.index(evidence.entries[column]) for column in np.flatnonzero(tied[k])[:2])
    sentence = (f"Where several entries of a window are equal and largest, each gets the whole gradient ({rows.sum()} "
                f"windows); together they must get it once.")
    example = (f"{i} and {j} are both {number(y[k])}, the largest of {evidence.output(evidence.outputs[k])}'s window; "
               f"each gets {number(share)} where together they must get {number(share)}.")
    look = "x == max is true of all of them: keep one, for instance argmax's."
    return Cause("ties", sentence, example=example, look=look, sure="exact")


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
               f"{number(evidence.dy.ravel()[i])} there, and backward gives {number(evidence.gradient.ravel()[i])}.")
    if everywhere:
        sentence = (f"Backward has no mask: dy passes everywhere, though forward's slope is {number(low)} at "
                    f"{(use & ~is_high).sum()} of {use.sum()} entries.")
        look = "Does backward use the mask that forward made?"
        return Cause("mask", sentence, example=example, look=look, sure="exact")
    source = mask_source(evidence, given, use)
    by = f"where {source}" if source else "by another mask, of another array or drawn anew"
    sentence = (f"Backward lets dy pass {by}; that is not where forward lets x pass ({wrong.sum()} of {use.sum()} "
                f"entries differ).")
    look = "Is the mask that forward used kept for backward?"
    return Cause("mask", sentence, example=example, look=look, sure="exact" if source else "likely")


def mask_source(evidence, given, use):
    """'dy > 0': the condition that gives this mask, or ''."""
    arrays = {"dy": evidence.dy, "y": evidence.y, **evidence.arrays}
    for name, array in arrays.items():
        if array.shape == evidence.y.shape:
            masks = {f"{name} > 0": array > 0, f"{name} < 0": array < 0, f"{name} is not 0": array != 0}
            for words, mask in masks.items():
                if (mask.ravel() == given)[use].all():
                    return words
    return ""


CAUSES = [all_ties, spread_evenly, another_winner, another_mask]
