"""Causes of layers that choose: the largest number of a window."""
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..evidence import Cause
from ..reads import ENOUGH, brief, join, one_share, reads_of


def window_of_winners(evidence):
    """Reads of a layer whose outputs each read one entry of a moving window, as max-pooling does; else None."""
    reads = reads_of(evidence)
    if not reads.usable or not reads.windows or not reads.differs.any() or not reads.linear:
        return None
    return reads if reads.single and reads.reads.sum() >= ENOUGH else None


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
               f"{count} entries {brief(reads.B[k, i])} each.")
    look = "Average pooling spreads; max-pooling must find the winner again, for instance by argmax's index."
    return Cause("mask", sentence, example=example, look=look, sure="exact")


@dataclass
class Sent:
    """Where the gradients of windows go that each go to one entry: rows of J, the winners' columns, those that get it.

    lost: the rows whose gradient goes nowhere.
    """

    rows: np.ndarray
    winners: np.ndarray
    gets: np.ndarray
    lost: np.ndarray


def sent_elsewhere(reads):
    """The Sent of a layer of winners, where enough gradients go to one other entry each; None otherwise."""
    if reads is None:
        return None
    rows, columns = chosen_rows(reads)
    count = reads.reached[rows].sum(axis=1)
    one = count == 1
    found = Sent(rows[one], columns[one], reads.reached[rows[one]].argmax(axis=1), rows[~one])
    whole = np.abs(reads.B[found.rows, found.gets] - reads.J[found.rows, found.winners]) <= reads.limit
    return found if count.max() == 1 and whole.all() and (found.gets != found.winners).sum() >= ENOUGH else None


def one_window(reads, sent):
    """One window, in words: who won, and who gets its gradient."""
    n = int((sent.gets != sent.winners).argmax())
    return (f"{reads.output(sent.rows[n])} is {reads.index(sent.winners[n])}; for a dy that is 1 there and 0 "
            f"elsewhere, backward gives it to {reads.index(sent.gets[n])}.")


def same_corner(evidence):
    """The same corner of every window gets the gradient; or the winner's place in the window is one in the picture."""
    reads = window_of_winners(evidence)
    sent = sent_elsewhere(reads)
    if sent is None:
        return None
    at = [reads.places[window.axis][sent.gets] for window in reads.windows]
    starts = [reads.starts(window)[sent.rows] for window in reads.windows]
    won = [reads.places[window.axis][sent.winners] for window in reads.windows]
    look = "Is the winner's place inside the window added to the window's first row and column?"
    forgotten = [start.any() and ((to == winner - start).all() or (to == winner - start - window.pad).all())
                 for to, winner, start, window in zip(at, won, starts, reads.windows)]
    if any(forgotten) and all(lost or (to == winner).all() for lost, to, winner in zip(forgotten, at, won)):
        sentence = "The winner's place in its window is taken as a place in the picture: all write to the first window."
        return Cause("mask", sentence, example=one_window(reads, sent), look=look, sure="exact")
    offsets = [to - start for to, start in zip(at, starts)]
    outside = np.zeros(len(sent.lost), bool)
    for window, offset in zip(reads.windows, offsets):
        lost = reads.starts(window)[sent.lost] + offset[0]
        outside |= (lost < 0) | (lost >= reads.shape[window.axis])
    if all((offset == offset[0]).all() for offset in offsets) and outside.all():
        entry = ", ".join(str(offset[0]) for offset in offsets)
        sentence = f"Entry [{entry}] of each window gets the gradient, whichever entry won."
        return Cause("mask", sentence, example=one_window(reads, sent), look=look, sure="exact")
    return None


def other_steps(evidence):
    """Backward looks for the winners in windows that step by another stride than forward's."""
    reads = window_of_winners(evidence)
    sent = sent_elsewhere(reads)
    if sent is None:
        return None
    values, moving = reads.evidence.array.ravel()[reads.entries], {window.axis for window in reads.windows}
    near = np.ones((len(sent.rows), len(values)), bool)                     # entries of the winner's own picture
    for axis, places in enumerate(reads.places):
        if axis not in moving:
            near &= places == places[sent.winners][:, None]
    own = [window.stride for window in reads.windows]
    for steps in product(range(6), repeat=len(own)):
        inside = near.copy()
        for window, step in zip(reads.windows, steps):
            start = (reads.asked[window.output][sent.rows] * step - window.pad)[:, None]
            inside &= (reads.places[window.axis] >= start) & (reads.places[window.axis] < start + window.size)
        if list(steps) != own and (np.where(inside, values, -np.inf).argmax(axis=1) == sent.gets).all():
            sentence = (f"Backward looks for the winners in windows that step by {join(dict.fromkeys(steps))}; "
                        f"forward's step by {join(dict.fromkeys(own))}.")
            look = "Does every index in backward have forward's p*stride?"
            return Cause("stride", sentence, example=one_window(reads, sent), look=look, sure="exact")
    return None


def one_gets_all(evidence):
    """All that belongs to the entries of a window goes to one of them, as if the mean were a choice."""
    reads = reads_of(evidence)
    if not reads.usable or not reads.windows or reads.single or not reads.differs.any() or not reads.linear:
        return None
    rows = np.flatnonzero(reads.reached.sum(axis=1) == 1)
    gets = reads.reached[rows].argmax(axis=1)
    if len(rows) < ENOUGH or (reads.reached.sum(axis=1) > 1).any() or np.ptp(reads.B[rows, gets]) > reads.limit:
        return None
    offsets = [reads.places[window.axis][gets] - reads.starts(window)[rows] for window in reads.windows]
    if not all((offset == offset[0]).all() for offset in offsets):
        return None
    entry = ", ".join(str(offset[0]) for offset in offsets)
    sentence = f"Only entry [{entry}] of each window gets anything; forward reads {int(reads.reads.sum(axis=1).max())}."
    look = "Does backward give each entry of the window its share, or only the window's corner?"
    return Cause("mask", sentence, example=one_share(reads), look=look, sure="exact")


def greatest_of_all(evidence):
    """Only a winner that is the largest of all channels, or of the whole picture, gets its gradient."""
    reads = window_of_winners(evidence)
    if reads is None or reads.channel_axis is None or (reads.reached & ~reads.reads).any():
        return None
    rows, columns = chosen_rows(reads)
    lost = ~reads.reached[rows, columns]
    if (reads.differs[rows, columns] & ~lost).any() or lost.sum() < ENOUGH or lost.all():
        return None
    y = reads.evidence.y
    images = tuple(range(1 if y.ndim > 3 else 0, y.ndim))
    pictures = tuple(axis for axis in images if axis != reads.channel_axis)
    for words, axes in (("all channels", reads.channel_axis), ("its whole channel", pictures), ("the image", images)):
        largest = (y == y.max(axis=axes, keepdims=True)).ravel()[reads.outputs[rows]]
        if (largest == ~lost).all():
            k = rows[lost][0]
            example = (f"{reads.output(k)} is {reads.index(columns[lost][0])}; for a dy that is 1 there and 0 "
                       f"elsewhere, backward gives 0.")
            sentence = (f"Only a winner that is the largest of {words} gets its gradient: {lost.sum()} of {len(rows)} "
                        f"windows give nothing.")
            look = "Over which axes does backward take its maximum? Forward's are the window's rows and columns."
            return Cause("mask", sentence, example=example, look=look, sure="exact")
    return None


def another_winner(evidence):
    """Another entry of the window, or one outside it, gets the winner's gradient."""
    reads = window_of_winners(evidence)
    sent = sent_elsewhere(reads)
    if sent is None:
        return None
    rows, columns, gets, example = sent.rows, sent.winners, sent.gets, one_window(reads, sent)
    values = reads.evidence.array.ravel()[reads.entries]
    inside = np.ones(len(rows), bool)               # of the smallest window that holds all winners: it may be larger
    for window in reads.windows:
        at = reads.places[window.axis][gets] - reads.starts(window)[rows]
        inside &= (at >= 0) & (at < window.size)
    other = (gets != columns).sum()
    if inside.all():
        words = "a smaller entry than the winner" if (values[gets] <= values[columns]).all() else "another entry"
        sentence = f"The gradient of {other} of {len(rows)} windows goes to {words}, of the same window."
        look = "Is the winner looked for in the same array, in the same order, as in forward?"
    else:
        sentence = f"The gradient of {other} of {len(rows)} windows goes to an entry that is not the winner."
        look = ("Is the winner looked for as in forward, and its index counted from the start of its window, with the "
                "window's own width?")
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
    example = (f"{i} and {j} are both {brief(y[k])}, the largest of {evidence.output(evidence.outputs[k])}'s window; "
               f"each gets {brief(share)} where together they must get {brief(share)}.")
    look = "x == max is true of all of them: keep one, for instance argmax's."
    return Cause("ties", sentence, example=example, look=look, sure="exact")


EARLY = [all_ties, spread_evenly, same_corner, one_gets_all, greatest_of_all]
CAUSES = [other_steps, another_winner]
