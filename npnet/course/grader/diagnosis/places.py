"""D5: where do the wrong numbers sit? Only at the border, only in images after the first, only where windows overlap.

A place is a mask over an output, made from the call alone. It is told if everything outside it is right on every probe,
and most of what is inside is wrong.
"""
import numpy as np

from .sizes import letters_of, sizes
from .trial import Said

MOST = 0.5                      # of a place's numbers must be wrong, at least


def wrong_mask(item):
    """(shape of the output) bool: where the answer is not the right one."""
    got, want = item.got.astype(np.complex128), item.want.astype(np.complex128)
    finite = want[np.isfinite(want)]
    with np.errstate(all="ignore"):
        near = np.abs(got - want) <= 1e-6 * np.sqrt(np.mean(np.abs(finite) ** 2)) if finite.size else False
    return ~(near | (got == want) | (np.isnan(got) & np.isnan(want)))


def where(case, series):
    """([Said], call): what the wrong numbers of an output have in common, and the probe of its counts; [] and
    the probe that shows most, where nothing is found."""
    nothing = [], shown_call(case, series)
    if not series.shaped:
        return nothing
    rows = [(item, wrong_mask(item), dict(masks(case, series, item))) for item in series.wrong]
    rows = [row for row in rows if row[1].any()]
    found = []
    for id in rows[0][2] if rows else ():
        score = precision([(wrong, table[id]) for _, wrong, table in rows if id in table])
        if score >= MOST and all(id in table for _, _, table in rows):
            found.append((score, id))
    if not found:
        return nothing
    score, id = max(found, key=lambda pair: round(pair[0], 1))      # of equals the first: the most telling
    item, wrong, table = max(rows, key=lambda row: telling(case, row, id))
    return [told(id, wrong, table[id])], item.call


def telling(case, row, id):
    """How well a probe shows a place: it is not secret, it has numbers inside and outside, it is large."""
    item, _, table = row
    return not (case.hidden and case.hidden[item.call]), not table[id].all(), item.want.size


def shown_call(case, series):
    """The wrong probe whose numbers are told: one that is not secret, and of those the largest."""
    open_ones = [item for item in series.wrong if not (case.hidden and case.hidden[item.call])]
    sized = [item for item in open_ones or series.wrong if isinstance(item.want, np.ndarray)]
    return max(sized, key=lambda item: item.want.size).call if sized else series.wrong[0].call


def precision(pairs):
    """The share of wrong numbers inside a place, over all probes; 0 where some lie outside, or it is everywhere."""
    if any((wrong & ~mask).any() for wrong, mask in pairs) or all(mask.all() for _, mask in pairs):
        return 0.0
    inside = sum(int(mask.sum()) for _, mask in pairs)
    return sum(int(wrong.sum()) for wrong, _ in pairs) / inside if inside else 0.0


def told(id, wrong, mask):
    """The Said of a place, with the counts of the probe that is shown."""
    word, _, which = id.partition(":")
    if word.endswith("_of"):
        one = which
    else:
        one = Said("diagnosis.one.other", {"number": which}) if which.isdigit() else Said(f"diagnosis.one.{which}")
    return Said("diagnosis.place." + word, {"outside": int((~mask).sum()), "wrong": int((wrong & mask).sum()),
                                            "inside": int(mask.sum()), "one": one if which else ""})


# ---------------------------------------------------------------------------- the masks

def masks(case, series, item):
    """(id, mask) of every place that an output of this call may have, the most telling first."""
    arguments = case.arguments(item.call)
    letters = letters_of(series.name, item.want.ndim, arguments)
    found = sizes(arguments, [(series.name, item.want)])
    like = item.want.shape
    if len(letters) != len(like):
        yield from first_and_last(["" for _ in like], like)
        return
    yield from of_windows(letters, found, arguments, like)
    yield from of_channels(letters, found, arguments, like)
    yield from of_classes(letters, arguments, item.want)
    yield from of_elements(arguments, item.want)
    yield from first_and_last(letters, like)


def spread(mask, like, axes):
    """A mask over some axes, laid over all of them."""
    return np.broadcast_to(mask.reshape([size if axis in axes else 1 for axis, size in enumerate(like)]), like)


def of_windows(letters, found, arguments, like):
    """Places that windows make: overlap, padding, ties."""
    if letters[-2:] == ["H", "W"] and {"R", "S", "stride", "pad"} <= set(found):
        counts = coverage(found, like[-2:], places_of(arguments, found))
        axes = {len(like) - 2, len(like) - 1}
        if counts is not None:
            yield "covered_more", spread(counts > 1, like, axes)
            yield "covered_once", spread(counts == 1, like, axes)
            yield "covered_never", spread(counts == 0, like, axes)
        yield from winners(arguments, found, like)
        yield from ring(like, max(found["pad"], 1), "border")
    elif letters[-2:] == ["P", "Q"] and {"H", "W", "R", "S", "stride", "pad"} <= set(found):
        yield from into_padding(found, like)
        yield from ties_of(arguments, found, like)
    elif letters[-2:] == ["H", "W"]:
        yield from ring(like, 1, "border")


def places_of(arguments, found):
    """(P, Q) of a call's windows: as an argument shows them, else as the sizes give them."""
    for name in ("cols", "dy", "argmax"):
        if isinstance(arguments.get(name), np.ndarray):
            return arguments[name].shape[-2:]
    return tuple((found[a] + 2 * found["pad"] - found[b]) // found["stride"] + 1 for a, b in ("HR", "WS"))


def coverage(found, size, places):
    """(H, W): how many windows hold each pixel."""
    (H, W), (P, Q), stride, pad = size, places, found["stride"], found["pad"]
    frame = np.zeros((H + 2 * pad + P * stride + found["R"], W + 2 * pad + Q * stride + found["S"]), int)
    for p in range(P):
        for q in range(Q):
            frame[p * stride:p * stride + found["R"], q * stride:q * stride + found["S"]] += 1
    return frame[pad:pad + H, pad:pad + W]


def winners(arguments, found, like):
    """For the backward of a max-pool: pixels that win several windows, and pixels of windows with a tie."""
    argmax, x = arguments.get("argmax"), arguments.get("x")
    if not isinstance(argmax, np.ndarray) or argmax.ndim != 4 or np.shape(x) != like:
        return
    won = np.zeros(like, int)
    for (n, c, p, q), place in np.ndenumerate(argmax):
        h = p * found["stride"] + int(place) // found["S"] - found["pad"]
        v = q * found["stride"] + int(place) % found["S"] - found["pad"]
        if 0 <= h < like[2] and 0 <= v < like[3]:
            won[n, c, h, v] += 1
    yield "won_more", won > 1
    tied = np.zeros(like, bool)
    for n, c, p, q, rows, columns in windows(x, found, argmax.shape[2:]):
        part = x[n, c, rows, columns]
        if part.size and (part == part.max()).sum() > 1:
            tied[n, c, rows, columns] |= part == part.max()
    yield "tied", tied


def windows(x, found, places):
    """n, c, p, q and the slices of rows and columns of every window, cut at the edges of the picture."""
    N, C, H, W = x.shape
    for n, c, p, q in np.ndindex(N, C, *places):
        top, left = p * found["stride"] - found["pad"], q * found["stride"] - found["pad"]
        yield (n, c, p, q, slice(max(top, 0), min(top + found["R"], H)), slice(max(left, 0), min(left + found["S"], W)))


def ties_of(arguments, found, like):
    """For the forward of a max-pool: windows with several equal maxima, and windows without a positive number."""
    x = arguments.get("x")
    if "ceil_mode" not in arguments or not isinstance(x, np.ndarray) or x.ndim != 4 or len(like) != 4:
        return
    tied, negative = np.zeros(like, bool), np.zeros(like, bool)
    for n, c, p, q, rows, columns in windows(x, found, like[2:]):
        part = x[n, c, rows, columns]
        tied[n, c, p, q] = part.size and (part == part.max()).sum() > 1
        negative[n, c, p, q] = part.size and part.max() < 0
    yield "tied_windows", tied
    yield "negative_windows", negative


def into_padding(found, like):
    """Windows that reach beyond the picture."""
    sides = []
    for size, reach, count in (("H", "R", like[-2]), ("W", "S", like[-1])):
        start = np.arange(count) * found["stride"] - found["pad"]
        sides.append((start < 0) | (start + found[reach] > found[size]))
    yield "padding", spread(sides[0][:, None] | sides[1], like, {len(like) - 2, len(like) - 1})


def ring(like, deep, word):
    """The border of the picture."""
    if min(like[-2:]) > 2 * deep:
        edge = np.ones(like[-2:], bool)
        edge[deep:-deep, deep:-deep] = False
        yield word, spread(edge, like, {len(like) - 2, len(like) - 1})


def of_channels(letters, found, arguments, like):
    """Places that groups make, and the ends of the channels, where LRN's window is cut."""
    for axis, letter in enumerate(letters):
        groups = found.get("G", 1)
        if letter in ("C", "K") and groups > 1 and like[axis] % groups == 0:
            later = np.arange(like[axis]) >= like[axis] // groups
            yield "later_groups", spread(later, like, {axis})
        if letter == "C" and "beta" in arguments and "n" in found:
            half = int(found["n"]) // 2
            ends = (np.arange(like[axis]) < half) | (np.arange(like[axis]) >= like[axis] - half)
            yield "end_channels", spread(ends, like, {axis})


def of_classes(letters, arguments, want):
    """For logits: the column of the right class; rows with large numbers; rows whose class others have too."""
    labels, logits = arguments.get("labels"), arguments.get("logits")
    if not isinstance(labels, np.ndarray) or not isinstance(logits, np.ndarray) or want.shape != logits.shape:
        return
    own = np.zeros(want.shape, bool)
    own[np.arange(len(labels)), labels.astype(int)] = True
    yield "own_class", own
    yield "other_classes", ~own
    yield "large_rows", np.broadcast_to((np.abs(logits).max(axis=1) > 100)[:, None], want.shape)
    shared = np.isin(np.arange(want.shape[1]), labels)
    yield "classes_of_batch", np.broadcast_to(shared, want.shape)


def of_elements(arguments, want):
    """Places that the numbers themselves make: dropped or kept, zero, negative, not finite."""
    mask = arguments.get("mask")
    if isinstance(mask, np.ndarray) and mask.shape == want.shape:
        yield "dropped", mask == 0
        yield "kept", mask != 0
    for name in ("y", "x"):
        array = arguments.get(name)
        if isinstance(array, np.ndarray) and array.shape == want.shape and array.dtype.kind == "f":
            yield f"zeros_of:{name}", array == 0
            yield f"negative_of:{name}", array < 0
            yield f"positive_of:{name}", array > 0
            break


def first_and_last(letters, like):
    """Along every axis: all but the first, all but the last, only the first, only the last."""
    for axis, (letter, size) in enumerate(zip(letters, like)):
        if size < 2:
            continue
        index, which = np.arange(size), letter.replace("/", "_") or axis
        for place, mask in (("later", index > 0), ("earlier", index < size - 1), ("first", index == 0),
                            ("last", index == size - 1)):
            yield f"{place}:{which}", spread(mask, like, {axis})


# ---------------------------------------------------------------------------- across probes

CONDITIONS = {                  # true for the simple calls; {sizes}: letters; arguments: as they are
    "stride": lambda found, arguments: found["stride"] == 1,
    "pad": lambda found, arguments: found["pad"] == 0,
    "groups": lambda found, arguments: found["G"] == 1,
    "ceil_mode": lambda found, arguments: not arguments["ceil_mode"],
    "train": lambda found, arguments: not arguments["train"],
    "square_window": lambda found, arguments: found["R"] == found["S"],
    "square_picture": lambda found, arguments: found["H"] == found["W"],
    "overlap": lambda found, arguments: found["stride"] >= max(found["R"], found["S"]),
    "p_drop": lambda found, arguments: found["p_drop"] == 0.5,
    "momentum": lambda found, arguments: found["momentum"] == 0,
    "decay": lambda found, arguments: found["weight_decay"] == 0,
    "images": lambda found, arguments: found["N"] == 1,
}


def across(case, function, example=None):
    """[Said]: "right for stride 1, wrong for stride 2": a condition that divides right calls from wrong ones.

    example: a call that fails; where it is one of the simple calls, the condition is a chance of the probes. That it is
    the number of images is believed last, because most larger probes have several.
    """
    calls = [i for i, call in enumerate(case.calls) if call.function == function]
    tables = {i: (sizes(case.arguments(i)), case.arguments(i)) for i in calls}
    found = []
    for name, simple in CONDITIONS.items():
        try:
            easy = {i for i in calls if simple(*tables[i])}
            refuted = example is not None and simple(sizes(dict(example.arguments)), dict(example.arguments))
        except KeyError:
            continue
        hard = [i for i in calls if i not in easy]
        wrong = [i for i in hard if i in case.wrong]
        if easy and wrong and not refuted and not any(i in case.wrong for i in easy) and 2 * len(wrong) > len(hard):
            found.append((name == "images", len(wrong) < len(hard), Said(f"diagnosis.only.{name}", {
                "right": len(easy), "wrong": len(wrong), "hard": len(hard)})))
    return [said for *_, said in sorted(found, key=lambda each: each[:2])][:1]
