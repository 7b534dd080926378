"""Causes that show in where a share lands: kernels turned round, windows shifted, another stride, another group.

Asked for one output alone, backward sends a patch of numbers to the window that this output reads. Each function
looks for the same numbers elsewhere: in another order inside the window, or in a window elsewhere.
"""
from dataclasses import dataclass, replace

import numpy as np

from ..evidence import Cause
from ..matrices import is_first
from ..reads import ENOUGH, one_share, reads_of

ORDERS = {                      # (reverse rows, reverse columns, exchange rows and columns): kind, what was done
    (0, 0, 0): ("shifted", ""),
    (1, 1, 0): ("rotated", "with its rows and its columns in reverse order, turned by 180 degrees"),
    (0, 0, 1): ("transposed", "with its rows and columns exchanged"),
    (1, 0, 0): ("flipped", "with its rows in reverse order"),
    (0, 1, 0): ("flipped", "with its columns in reverse order"),
    (1, 1, 1): ("transposed", "with its rows and columns exchanged, and both in reverse order"),
    (1, 0, 1): ("transposed", "turned by 90 degrees"),
    (0, 1, 1): ("transposed", "turned by 90 degrees"),
}
STRIDE = "Does every index in backward have forward's p*stride + r?"
SHIFTS = (0, 1, -1, 2, -2, 3, -3)


@dataclass
class Pictures:
    """J and B as pictures (asked, others, H, W), and for every asked output where its window starts.

    start (asked, 2), size (2,): of the windows; place (asked, 2): of the outputs among the windows; step (2,): stride.
    """

    J: np.ndarray
    B: np.ndarray
    known: np.ndarray           # (others, H, W)
    start: np.ndarray
    size: tuple
    place: np.ndarray
    step: tuple
    bounded: bool = True        # outside its window an output reads nothing
    shift: np.ndarray = 0       # (asked, 2)


def pictures(reads, axes=None):
    """The Pictures of windows that move over one or two axes of the array; None where there are none.

    With `axes`, two axes of the array, one window covers both whole.
    """
    asked = len(reads.outputs)
    if axes is None:
        windows = reads.windows
        if not windows:
            return None
        moving = [window.axis for window in windows]
        start = np.stack([reads.starts(window) for window in windows], axis=1)
        place = np.stack([reads.asked[window.output] for window in windows], axis=1)
        size, step = [window.size for window in windows], [window.stride for window in windows]
    else:
        moving, start, place = list(axes), np.zeros((asked, 2), int), np.zeros((asked, 2), int)
        size, step = [reads.shape[axis] for axis in axes], [1, 1]
    if len(moving) == 1:                                                    # one row of numbers: a picture 1 high
        start, place = np.insert(start, 0, 0, axis=1), np.insert(place, 0, 0, axis=1)
        size, step = [1, *size], [1, *step]

    def as_pictures(values):
        values = np.moveaxis(values, [axis - len(reads.shape) for axis in moving], range(-len(moving), 0))
        H = reads.shape[moving[0]] if len(moving) == 2 else 1
        return values.reshape(*values.shape[:values.ndim - len(reads.shape)], -1, H, reads.shape[moving[-1]])

    J, B = as_pictures(reads.spread_out(reads.J)), as_pictures(reads.spread_out(reads.B))
    return Pictures(J, B, as_pictures(reads.known), start, tuple(size), place, tuple(step), axes is None)


# ------------------------------------------------------------------------------- the same numbers in other places

def moved(shown, order, shift):
    """What B would be if each window's patch were in this order and the window shifted: (values, sure, inside).

    shift (asked, 2). sure: whether the value is known, (asked, others, H, W). inside (asked, 1, H, W): the window.
    """
    H, W = shown.J.shape[2:]
    start = shown.start + (shown.shift if shift is None else shift)
    u = np.arange(H)[None, :, None] - start[:, 0, None, None]               # (asked, H, 1): the row inside the window
    v = np.arange(W)[None, None, :] - start[:, 1, None, None]
    R, S = shown.size
    inside = (u >= 0) & (u < R) & (v >= 0) & (v < S) | (not shown.bounded)
    reverse_rows, reverse_columns, exchange = order
    u = R - 1 - u if reverse_rows else u
    v = S - 1 - v if reverse_columns else v
    u, v = (v, u) if exchange else (u, v)
    h, w = np.broadcast_arrays(u + shown.start[:, 0, None, None], v + shown.start[:, 1, None, None])
    exists = (h >= 0) & (h < H) & (w >= 0) & (w < W)
    rows = np.arange(len(shown.J))[:, None, None]
    h, w = np.clip(h, 0, H - 1), np.clip(w, 0, W - 1)
    values = np.moveaxis(shown.J[rows, :, h, w], -1, 1)                     # (asked, others, H, W)
    sure = exists[:, None] & np.moveaxis(shown.known[:, h, w], 0, 1) & shown.known
    inside = inside[:, None]
    return np.where(inside, values, 0), np.where(inside, sure, shown.known), inside


def agreeing(reads, shown, order, shift):
    """How many wrong numbers of B this explains; 0 if it does not explain all that it can."""
    values, sure, inside = moved(shown, order, shift)
    off = np.abs(values - shown.B) > reads.limit
    if (off & sure).any():
        return 0
    differs = (np.abs(shown.J - shown.B) > reads.limit) & sure
    return int((differs & (np.abs(values) > reads.limit)).sum())


def extents(mask):
    """(first, length) of what is set along each of the last two axes: two arrays (asked, 2)."""
    firsts, lengths = [], []
    for axis in (2, 3):
        along = mask.any(axis=tuple({1, 2, 3} - {axis}))                    # (asked, size)
        first, last = along.argmax(axis=1), along.shape[1] - 1 - along[:, ::-1].argmax(axis=1)
        firsts.append(np.where(along.any(axis=1), first, 0))
        lengths.append(np.where(along.any(axis=1), last - first + 1, 0))
    return np.stack(firsts, axis=1), np.stack(lengths, axis=1)


def drifts(reads, shown):
    """How far B's patches may lie from J's: [(rows and columns, more for every place further on)].

    Told from the patches that are not cut off: those of J's full size.
    """
    (first, length), (first_b, length_b) = (extents(np.abs(values) > reads.limit) for values in (shown.J, shown.B))
    full = length.max(axis=0)
    known = (length == full).all(axis=1) & ((length_b == full).all(axis=1) | (length_b == full[::-1]).all(axis=1))
    if not known.any():
        return []
    distance, place = (first_b - first)[known], shown.place[known]
    rows, columns = (lines(place[:, axis], distance[:, axis]) for axis in (0, 1))
    return [((a, b), (c, d)) for a, c in rows for b, d in columns]


def lines(t, distance):
    """[(constant, slope)] of the lines that distance may follow over t; two where only one t is known."""
    if (t == t[0]).all():
        d = int(np.median(distance))
        return [(d, 0)] + ([(0, d // int(t[0]))] if d and t[0] and d % t[0] == 0 else [])
    near, far = t.argmin(), t.argmax()
    slope = round((distance[far] - distance[near]) / (t[far] - t[near]))
    return [(int(np.median(distance - slope * t)), slope)]


def lands_elsewhere(evidence):
    """The patches of the windows, each whole, lie elsewhere or in another order."""
    reads = reads_of(evidence)
    shown = pictures(reads) if reads.usable and reads.differs.any() else None
    if not shown or not reads.linear:
        return None
    stay, most = (0, 0), most_wrong(shown, reads)
    for shift, steps in dict.fromkeys([*drifts(reads, shown), (stay, stay), (stay, (-shown.step[0], -shown.step[1]))]):
        distance = np.array(shift) + np.array(steps) * shown.place
        for order, (kind, words) in ORDERS.items():
            if order[2] and shown.size[0] != shown.size[1] or (order, shift, steps) == ((0, 0, 0), stay, stay):
                continue
            few = some_of(replace(shown, shift=distance), most)
            if agreeing(reads, few, order, None) and agreeing(reads, shown, order, distance) >= ENOUGH:
                return landed(reads, shown, order, shift, steps, kind, words)
            if any(steps) and not any(order) and agreeing(reads, not_cut(shown, distance), order, None) >= ENOUGH:
                return replace(landed(reads, shown, order, shift, steps, kind, words), sure="likely")
    return None


def not_cut(shown, distance):
    """The Pictures of the outputs whose windows lie inside when they are shifted; code may treat the others anyhow."""
    start = shown.start + distance
    inside = ((start >= 0) & (start + shown.size <= shown.J.shape[2:])).all(axis=1)
    return some_of(replace(shown, shift=distance), inside)


def some_of(shown, which):
    """The Pictures of some of the outputs."""
    shift = shown.shift[which] if np.ndim(shown.shift) else shown.shift
    return replace(shown, J=shown.J[which], B=shown.B[which], start=shown.start[which], place=shown.place[which],
                   shift=shift)


def landed(reads, shown, order, shift, steps, kind, words):
    """The Cause of patches that lie elsewhere."""
    if any(steps):
        return another_stride(reads, shown, steps)
    where = distance_in_words(shift)
    if kind == "shifted":
        sentence = f"All that backward sends to {reads.name} lands {where} of where forward read it."
        look = ("Is the padding cut off as [pad:pad + H, pad:pad + W], and are forward's and backward's offsets the "
                "same?")
    else:
        sentence = f"Each window of {reads.name} gets its patch {words}{f', and {where}' if where else ''}."
        look = "Forward multiplies x[p*stride + r] with w[r]. Does backward send w[r]*dy[p] back to x[p*stride + r]?"
    return Cause(kind, sentence, example=one_share(reads), look=look, sure="exact")


def another_stride(reads, shown, steps):
    """The Cause of windows that run with another stride than forward's."""
    have = [step + more for step, more in zip(shown.step, steps)]
    axis = next(axis for axis in (0, 1) if steps[axis])
    lines = ("row", "column")[axis] + ("s" if have[axis] != 1 else "")
    sentence = f"Backward's windows step by {have[axis]} {lines} over {reads.name}, forward's by {shown.step[axis]}."
    if not any(step for step, size in zip(have, shown.place.max(axis=0)) if size):
        sentence = f"Whatever output is asked, backward writes to {reads.name}'s first window; forward's move on."
    return Cause("stride", sentence, example=one_share(reads), look=STRIDE, sure="exact")


def distance_in_words(shift):
    """'1 row lower and 2 columns to the left'."""
    rows, columns = shift
    parts = [f"{abs(rows)} row{'s' * (abs(rows) > 1)} {'lower' if rows > 0 else 'higher'}"] if rows else []
    if columns:
        parts.append(f"{abs(columns)} column{'s' * (abs(columns) > 1)} to the {'right' if columns > 0 else 'left'}")
    return " and ".join(parts)


# ------------------------------------------------------------------------------- the same, inside a kernel

def kernel_elsewhere(evidence):
    """The gradient of a kernel is turned round, or its rows are another's: dw upside down, dw of the unpadded x."""
    reads = reads_of(evidence)
    if not reads.usable or not reads.differs.any() or len(reads.shape) < 2 or reads.windows or not reads.linear:
        return None
    for first in range(len(reads.shape) - 2, -1, -1):
        whole, inside = pictures(reads, (first, first + 1)), not_last(reads)
        shown = some_of(whole, inside)
        few = some_of(shown, most_wrong(shown, reads))
        for order, shift in changes(shown.size):
            distance = np.array([shift])
            if agreeing(reads, few, order, distance) and agreeing(reads, shown, order, distance) >= ENOUGH:
                sure = "exact" if agreeing(reads, whole, order, distance) else "likely"
                return kernel_cause(reads, *ORDERS[order], shift, sure)
    return None


def not_last(reads):
    """The asked outputs that are not last along any axis of pictures: the windows of the last may be cut off."""
    axes = [axis for axis in range(1, len(reads.y_shape)) if axis != reads.channel_axis and reads.y_shape[axis] > 1]
    if len(reads.y_shape) != 4 or not axes:
        return np.ones(len(reads.outputs), bool)
    return np.all([reads.asked[axis] < reads.y_shape[axis] - 1 for axis in axes], axis=0)


def changes(size):
    """[(order, shift)]: what may have happened to a kernel of this size."""
    square, still = size[0] == size[1], (0, 0, 0)
    shifts = [(a, b) for a in SHIFTS for b in SHIFTS if abs(a) < size[0] and abs(b) < size[1] and (a, b) != (0, 0)]
    orders = [order for order in ORDERS if order != still and (square or not order[2])]
    return [(order, (0, 0)) for order in orders] + [(still, shift) for shift in shifts]


def most_wrong(shown, reads, count=6):
    """The outputs with the most wrong numbers, to see quickly what cannot be."""
    wrong = (np.abs(shown.J - shown.B) > reads.limit).sum(axis=(1, 2, 3))
    return np.argsort(-wrong, kind="stable")[:count]


def kernel_cause(reads, kind, words, shift, sure):
    """The Cause of a kernel's gradient in which the entries have changed places."""
    if kind == "shifted":
        sentence = f"d{reads.name} holds the right numbers {distance_in_words(shift)}: "
        if is_first(reads.evidence):
            sentence += "as if the padding were cut off at other places."
            look = "Which rows and columns does backward cut off as padding? Those that forward added, on each side."
        else:
            sentence += "as if read from an input without its padding, or with more of it."
            look = "Does backward take its windows from the padded input, as forward does?"
    else:
        sentence = f"d{reads.name} holds the right numbers {words}."
        look = "In which order do the loops, or the two arguments of the correlation, run through the kernel?"
    return Cause(kind, sentence, example=one_share(reads), look=look, sure=sure)


def kernel_stride(evidence):
    """The gradient of a kernel is taken from windows that run with another stride than forward's."""
    reads = reads_of(evidence)
    if not reads.usable or not reads.differs.any() or reads.windows or not reads.linear:
        return None
    J, B = by_filter(reads, reads.all), by_filter(reads, reads.B_all)
    if J is None:
        return None
    f = np.isfinite(B).any(axis=(2, 3, 4, 5, 6)).sum(axis=1).argmax()       # the filter that was asked most
    J, B = J[f], B[f]                                                       # (N, P, Q, C, R, S)
    seen, known, step = picture_behind(J, reads.limit)
    for steps in [(a, a) for a in range(5)] + [(a, b) for a in range(5) for b in range(5) if a != b]:
        for shift in (0, 1, 2, -1, -2):
            if steps != step and windows_agree(reads.limit, seen, known, (J, B), steps, shift):
                return kernel_stride_cause(reads, steps, step)
    return None


def kernel_stride_cause(reads, steps, step):
    """The Cause of a kernel's gradient that is taken from windows with these steps, forward's being step."""
    have, due = (" and ".join(map(str, dict.fromkeys(both))) for both in (steps, step))
    sentence = f"d{reads.name} is taken from windows that step by {have}; forward's step by {due}."
    if steps == (0, 0):
        sentence = (f"For every output backward takes the first window of the input; d{reads.name} needs the output's "
                    f"own.")
    return Cause("stride", sentence, example=one_share(reads), look=STRIDE, sure="exact")


def by_filter(reads, values):
    """(K, N, P, Q, C, R, S) of (y.size, entries): the slopes of every filter's outputs by its own kernel.

    None unless y has four axes and the array is its kernel: (K, C, R, S), or (R, S, C, K).
    """
    pair = next(((a, b) for a, b in reads.pairs if (a, b) in ((0, 1), (3, 3), (0, 3))), None)
    if len(reads.shape) != 4 or len(reads.y_shape) != 4 or values.shape[1] != reads.evidence.array.size or not pair:
        return None
    values = values.reshape(*reads.y_shape, *reads.shape)
    values = np.moveaxis(values, (pair[1], 4 + pair[0]), (0, 4))            # (K, N, P, Q, K, ...)
    if pair[0] == 3:
        values = np.moveaxis(values, 7, 5)                                  # (R, S, C) to (C, R, S)
    return np.stack([values[f, :, :, :, f] for f in range(len(values))])


def picture_behind(J, limit):
    """The padded input that a kernel's slopes were read from: (N, others, H, W), its mask (H, W), and the stride."""
    N, P, Q, C, R, S = J.shape
    steps = [stride_of(np.moveaxis(J, (axis, axis + 3), (0, 1)), limit) for axis in (1, 2)]
    H, W = (P - 1) * steps[0] + R, (Q - 1) * steps[1] + S
    seen, known = np.zeros((N, C, H, W)), np.zeros((H, W), bool)
    for p in range(P):
        for q in range(Q):
            h, v = p * steps[0], q * steps[1]
            seen[:, :, h:h + R, v:v + S] = J[:, p, q]
            known[h:h + R, v:v + S] = True
    return seen, known, tuple(steps)


def stride_of(J, limit):
    """The stride of windows (places, size, ...) that read one line: by how much the next one's numbers are moved."""
    for step in range(1, J.shape[1]):
        if len(J) > 1 and np.abs(J[1:, :-step] - J[:-1, step:]).max() <= limit:
            return step
    return J.shape[1]                                                       # they do not overlap


def windows_agree(limit, seen, known, values, steps, shift):
    """Whether B's windows are those of this input with these steps, wherever both are known, and often enough."""
    J, B = values
    P, Q, R, S = J.shape[1], J.shape[2], *J.shape[4:]
    h = np.arange(P)[:, None] * steps[0] + np.arange(R) + shift             # (P, R)
    v = np.arange(Q)[:, None] * steps[1] + np.arange(S) + shift
    H, W = known.shape
    h, v = h[:, None, :, None], v[None, :, None, :]                         # together (P, Q, R, S)
    exists = (h >= 0) & (h < H) & (v >= 0) & (v < W)
    h, v = np.clip(h, 0, H - 1), np.clip(v, 0, W - 1)
    expected = seen[:, :, h, v].transpose(0, 2, 3, 1, 4, 5)                 # (N, P, Q, C, R, S)
    sure = (exists & known[h, v])[None, :, :, None] & np.isfinite(B)
    if (sure & (np.abs(expected - B) > limit)).any():
        return False
    return (sure & (np.abs(J - B) > limit) & (np.abs(B) > limit)).sum() >= ENOUGH


CAUSES = [lands_elsewhere, kernel_elsewhere, kernel_stride]
