"""Which operation is this forward, and which mistake is in it?

    cause, sentence = recognised(called, inputs)                        # "forward is Conv2D(6, 3, stride=2), exactly"
    cause, sentence = recognised(called, inputs, like=Conv2D(6, 3, stride=2))       # a Cause if it is another forward

A gradient check holds backward against forward, so a forward that computes something else passes it. Here forward is
asked for whole numbers, whose sums are exact, and its output is held against npnet's operations (operations.py) and
against their known mistakes (mistaken.py): one that gives every number alike is what the forward does.

With a reference at hand a mistake is a Cause. Without one it is a remark: whoever wrote this may want a convolution
whose kernel is turned round.
"""
import time
from dataclasses import dataclass

import numpy as np

from ...layers import Layer, rng
from ..evidence import Cause
from ..places import whereabouts
from .mistaken_units import DROPOUT
from .operations import WHOLE, Candidate, candidates, columns, lrn_candidates, reference

LAYOUTS = {             # a stranger's pictures, or rows, and how they become npnet's: (there, back)
    "": (lambda a: a, lambda a: a),
    "pictures (N, H, W, C)": (lambda a: np.moveaxis(a, -1, 1), lambda a: np.moveaxis(a, 1, -1)),
    "one picture (C, H, W)": (lambda a: a[None], lambda a: a[0]),
    "one picture (H, W, C)": (lambda a: np.moveaxis(a, -1, 0)[None], lambda a: np.moveaxis(a[0], 0, -1)),
    "one picture (H, W)": (lambda a: a[None, None], lambda a: a[0, 0]),
    "features first, (D, N)": (lambda a: a.T, lambda a: a.T),
    "one row (D,)": (lambda a: a[None], lambda a: a[0]),
}
BY_AXES = {4: ["", "pictures (N, H, W, C)"], 3: ["one picture (C, H, W)", "one picture (H, W, C)"],
           2: ["", "features first, (D, N)", "one picture (H, W)"], 1: ["one row (D,)"]}
EXACT, ROUGH = 1e-11, 2e-6              # a share of the largest number; the second for those who compute in float32
COPIES = 40                             # of a batch, so that dropout's share can be counted
SECONDS = 0.4                           # for mistakes that nobody asked for


@dataclass
class Asked:
    """What a forward gave: x and y in npnet's layout, and the arrays that it used, in its own."""

    x: np.ndarray
    y: np.ndarray
    arrays: list


class Asker:
    """Asks a stranger's forward for other numbers; what it holds is put back.

    The first input is x; the other inputs and the parameters are `arrays`, set to small whole numbers.
    """

    def __init__(self, called, inputs, seed=0):
        self.called, self.inputs = called, [np.array(x, np.float64) for x in inputs]
        self.rng, self.params = rng(seed, "forwards"), list(called.params().values())
        self.arrays = [self.draw(array.shape) for array in self.inputs[1:] + self.params]
        self.exact = ROUGH if getattr(called, "float32", False) else EXACT
        self.known, self.seconds = {}, 0.0          # {an x, as bytes: its y}; what the last forward took
        self.points = {"whole": (self.whole(), -np.abs(self.whole()) - 1), "small": (self.small(),
                                                                                     np.abs(self.small()) + 0.1)}

    def draw(self, shape):
        """Whole numbers from -3 to 3 without 0."""
        return self.rng.choice([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0], shape)

    def whole(self):
        """Distinct whole numbers around 0, for x."""
        shape = self.inputs[0].shape
        return (self.rng.permutation(int(np.prod(shape))) - np.prod(shape) // 2).astype(np.float64).reshape(shape)

    def small(self):
        return self.rng.permutation(np.linspace(-2, 2, self.inputs[0].size)).reshape(self.inputs[0].shape)

    def forward(self, x):
        """y for x, in the stranger's layout; None where forward raises, or gives what is no array of finite numbers."""
        if x.tobytes() not in self.known:
            began = time.monotonic()
            self.known[x.tobytes()] = self.run(x)
            self.seconds = time.monotonic() - began
        return self.known[x.tobytes()]

    def run(self, x):
        saved, own = [array.copy() for array in self.params], self.arrays[len(self.inputs) - 1:]
        try:
            for array, numbers in zip(self.params, own):
                array[...] = numbers
            y = np.array(self.called.forward(x.copy(), *(a.copy() for a in self.arrays[:len(self.inputs) - 1])), float)
        except Exception:                       # a stranger's code may not take such numbers: then nothing is said
            return None
        finally:
            for array, numbers in zip(self.params, saved):
                array[...] = numbers
        return y if np.isfinite(y).all() else None

    def ask(self, x, layout):
        """An Asked for x, read in one layout; None where there is nothing to read."""
        y, there = self.forward(x), LAYOUTS[layout][0]
        if y is None:
            return None
        same = y.ndim == x.ndim
        return Asked(there(x), there(y) if same else y, self.arrays)

    def same(self, y, other):
        """Whether two outputs are equal, up to what rounding does."""
        if other is None or np.shape(other) != y.shape:
            return False
        other = np.asarray(other)
        return bool(np.isfinite(other).all() and np.abs(y - other).max(initial=0) <= self.exact * max(
            1e-300, np.abs(y).max(initial=0)))


# ------------------------------------------------------------------------------- without a reference, and with one

def recognised(called, inputs, like=None, seed=0):
    """(Cause or None, sentence or ""): which operation a stranger's forward is, or what is wrong with it.

    called: what strangers.call gave, or another object with forward and params. inputs: those of the check. like: a
    layer of npnet, not built: the reference. With a reference a forward that differs is a Cause of kind "forward",
    its detail the short name of the mistake ("" if it is none that is known). Without one nothing is wrong: the
    sentence names the operation, or the operation and its known mistake, or is "". ValueError where the reference
    cannot be compared with this forward at all.
    """
    asker = Asker(called, inputs, seed)
    if like is not None and not isinstance(like, Layer):
        raise TypeError(f"the reference must be a layer of npnet, like Conv2D(6, 3, stride=2), got {like!r}")
    if type(like).__name__ == "Dropout":
        return dropped(asker, like.p_drop)
    return compared(asker, like) if like is not None else (None, named(asker))


def layouts(asker):
    """The layouts that x may have, the one that is known first."""
    found = BY_AXES.get(asker.inputs[0].ndim, [""])
    return found[::-1] if getattr(asker.called, "layout", "") == "NHWC" and len(found) == 2 else found


def trials(asker, layout):
    """Whole numbers, and then negative ones, and small ones: {"whole": [Asked, Asked], "small": [Asked]}."""
    return {name: [asked for asked in (asker.ask(x, layout) for x in found) if asked]
            for name, found in asker.points.items()}


def matches(asker, found, forward):
    """Whether a forward gives all that was asked, number by number."""
    try:
        with np.errstate(all="ignore"):
            return bool(found) and all(asker.same(asked.y, forward(asked.x)) for asked in found)
    except ValueError:                          # a window, turned or without padding, that does not fit
        return False


def named(asker):
    """The sentence without a reference; "" where nothing is recognised."""
    mistaken, end = {}, time.monotonic() + SECONDS
    for layout in layouts(asker):
        asked = trials(asker, layout)
        first = (asked["small"] or asked["whole"] or [None])[0]
        if first is None:
            return ""
        possible = list(candidates(first.x, first.y, first.arrays)) + lrns(asker, layout, first)
        for candidate in possible:
            found = asked["whole" if candidate.operation in WHOLE else "small"]
            if matches(asker, found, candidate.right):
                return f"forward is {said(candidate, layout)}, exactly"
            for name, (words, function) in candidate.mistakes().items():
                if unasked(candidate, name) and time.monotonic() < end and matches(asker, found, function):
                    mistaken.setdefault(words, said(candidate, layout))
    return special(asker) or remark(mistaken)


def unasked(candidate, name):
    """Whether a mistake is looked for without a reference: not in windows that are rare, nor in constants, where one
    mistake is another's right forward."""
    settings = candidate.settings
    if candidate.operation == "lrn":
        return name in ("window_causal", "window_noself", "wrap", "batch_axis")
    return not settings.get("ceil_mode") and settings.get("R") == settings.get("S")


def remark(mistaken):
    """What is said of the one known mistake that gives all numbers; "" where none does, or several that differ."""
    if len(mistaken) != 1:
        return ""
    (words, expression), = mistaken.items()
    return f"forward is {words} (everything else as in {expression}), exactly; fine if that is what you want"


def special(asker):
    """What has no candidates: dropout, im2col, x itself, the loss; "" for none of them."""
    x = asker.points["whole"][0]
    y = asker.forward(x)
    if y is None or asker.arrays:
        return ""
    if asker.same(y, x):
        return "forward is x, unchanged"
    if y.ndim == 2 and x.ndim == 4 and (words := columns(x, y)):
        return f"forward is {words}"
    if y.shape == x.shape:
        return dropped(asker, None)[1]
    return loss(asker) if y.size == 1 and x.ndim == 2 else ""


def said(candidate, layout):
    """'Conv2D(6, 3) with pictures (N, H, W, C) and filters (R, S, C, K)'."""
    words = " and ".join(filter(None, [layout, candidate.words]))
    return f"{candidate.expression}{f' with {words}' if words else ''}"


def lrns(asker, layout, asked):
    """LRN's Candidates, where x and y are pictures of one shape without parameters."""
    if asker.arrays or asked.x.ndim != 4 or asked.x.shape != asked.y.shape:
        return []
    there, back = LAYOUTS[layout]

    def run(x):
        y = asker.forward(back(x))
        return np.full(x.shape, np.nan) if y is None else there(y)
    return list(lrn_candidates(run, asked.x.shape, numbers_of(asker.called)))


def numbers_of(called):
    """The numbers among a stranger's settings: attributes, and values of dictionaries in them."""
    own = dict(getattr(getattr(called, "original", called), "__dict__", {}))
    values = [*own.values(), *(value for held in own.values() if isinstance(held, dict) for value in held.values())]
    return {float(value) for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)}


# ------------------------------------------------------------------------------- a reference at hand

def compared(asker, like):
    """(Cause, "") or (None, sentence) for a forward beside npnet's layer `like`."""
    reason, chosen = None, None
    for layout in layouts(asker):
        asked = trials(asker, layout)
        for candidate in read(like, asked, layout):
            if isinstance(candidate, ValueError):
                reason = reason or candidate
                continue
            found = asked["whole" if candidate.operation in WHOLE else "small"]
            if matches(asker, found, candidate.right):
                return None, f"forward is {said(candidate, layout)}, exactly"
            names = {name: words for name, (words, function) in candidate.mistakes().items()
                     if matches(asker, found, function)}
            if names:
                return blame(asker, candidate, found, names), ""
            chosen = chosen or (found and (candidate, found))
    if chosen:
        return blame(asker, *chosen, {}), ""
    raise reason or ValueError(f"{like!r} cannot be compared with this forward: it does not take whole numbers")


def read(like, asked, layout):
    """The Candidates of the reference in one layout; the ValueError that says why there are none."""
    first = (asked["whole"] or asked["small"] or [None])[0]
    if first is None:
        return []
    try:
        return reference(like, first.x, first.arrays)
    except ValueError as error:
        return [error]


def blame(asker, candidate, found, names):
    """The Cause of a forward that is not the reference. names: {short name: words} of mistakes that give all."""
    asked, right = shown(asker, candidate, found)
    if names:
        detail, words = next(iter(names)), " or ".join(list(names.values())[:2])
        count = sum(each.y.size for each in found)
        return Cause("forward", f"Forward is not {candidate.expression}: it is {words}. All {count} numbers that it "
                                f"gave are that, exactly.", detail, example(asked.y, right, candidate),
                     "Backward may be right for this forward; forward itself is another one.",
                     "exact" if len(names) == 1 else "likely")
    if np.shape(right) != asked.y.shape:
        sentence = (f"Forward makes {asked.y.shape} of {asked.x.shape}, {candidate.expression} "
                    f"{np.shape(right)}.")
    else:
        wrong = np.abs(asked.y - right) > asker.exact * np.abs(right).max()
        where = whereabouts("y", np.ones(asked.y.shape, bool), wrong)
        sentence = f"Forward is not {candidate.expression}. {where}."
    return Cause("forward", sentence, "", example(asked.y, right, candidate), "", "exact")


def shown(asker, candidate, found):
    """The first of what was asked in which the right output is another one, and that output."""
    for asked in found:
        with np.errstate(all="ignore"):
            right = candidate.right(asked.x)
        if not asker.same(asked.y, right):
            break
    return asked, right


def example(y, right, candidate):
    """'y[0,2,1,1] is 57; Conv2D(6, 3) gives 31': the first place at which they differ."""
    if np.shape(right) != y.shape:
        return f"y has shape {y.shape}; {candidate.expression} gives {np.shape(right)}"
    place = tuple(int(i) for i in np.unravel_index(np.argmax(np.abs(y - right) > 1e-9 * np.abs(right).max()), y.shape))
    return (f"For whole numbers in, y[{','.join(map(str, place))}] is {y[place]:.6g}; {candidate.expression} gives "
            f"{right[place]:.6g}")


# ------------------------------------------------------------------------------- dropout and the loss

def dropped(asker, p):
    """(Cause or None, sentence) for dropout with probability p; p None: whatever it is."""
    x = np.abs(asker.points["whole"][0]) + 1
    y = asker.forward(x)
    if y is None or y.shape != x.shape or not one_number((y / x)[y != 0]):
        return None, ""
    several = np.concatenate([x] * COPIES) if asker.seconds < 0.01 else x
    longer = asker.forward(several)
    if longer is not None and longer.shape == several.shape:        # a mask that was given fits one shape alone
        x, y = several, longer
    ratio = (y / x).ravel()
    kept = ratio[ratio != 0]
    if not one_number(kept) or (p is None and kept.size == ratio.size):
        return None, ""
    masks = (y != 0).reshape(len(y), -1)
    alike = len(y) > 3 and masks.shape[1] > 8 and bool((masks == masks[0]).all())
    draws = masks.shape[1] if alike else ratio.size
    times, share, doubt = float(kept[0]), kept.size / ratio.size, 4 * np.sqrt(0.25 / draws)
    if p is None and np.isclose(times, 1):
        return None, "forward is dropout that does not divide by 1-p in training; fine if it multiplies by 1-p at test"
    if p is None:
        right = times > 1 and abs(1 / times - share) < doubt
        return None, f"forward is Dropout({1 - 1 / times:.4g}), with its random numbers" if right else ""
    fits = {name: words for name, (words, numbers) in DROPOUT.items()
            if np.isclose(times, numbers(p)[0], rtol=1e-6) and abs(share - numbers(p)[1]) < doubt}
    if np.isclose(times, 1 / (1 - p), rtol=1e-6) and abs(share - (1 - p)) < doubt:
        return shared(len(y), p) if alike and kept.size < ratio.size else (
            None, f"forward is Dropout({p}), with its random numbers")
    if kept.size == ratio.size and np.isclose(times, 1):
        return None, "forward is x, unchanged: dropout at test; give train=True to see it in training"
    words = " or ".join(list(fits.values())[:2]) or "another one"
    return Cause("forward", f"Forward is not Dropout({p}): it is {words}.", next(iter(fits), ""),
                 f"{share:.1%} of {ratio.size} numbers are kept, and multiplied by {times:.6g}; Dropout({p}) keeps "
                 f"{1 - p:.0%} and multiplies by {1 / (1 - p):.6g}", "", "exact" if len(fits) == 1 else "likely"), ""


def one_number(values):
    """Whether there are values, and all are equal."""
    return bool(values.size and values.max() - values.min() <= 1e-6 * abs(values.flat[0]))


def shared(images, p):
    """The Cause and no sentence: Dropout(p) with one mask for all images."""
    return Cause("forward", f"Forward is Dropout({p}), but draws one mask for all {images} images; each must have its "
                            f"own.", "mask_shared", "", "", "exact"), ""


def loss(asker):
    """Softmax and cross-entropy, or one of its mistakes; the labels are told from which scores lower the loss."""
    x, h = asker.small(), 1e-4
    labels = []
    for n in range(len(x)):
        ends = [[asker.forward(x + t * (np.indices(x.shape) == np.array([n, m])[:, None, None]).all(axis=0))
                 for t in (h, -h)] for m in range(x.shape[1])]
        if any(end is None for pair in ends for end in pair):
            return ""
        slopes = np.array([float((up - down).sum()) for up, down in ends])
        signs = np.sign(slopes)
        alone = [m for m in range(len(slopes)) if (signs == signs[m]).sum() == 1]
        if len(slopes) < 3 or len(alone) != 1:
            return ""
        labels += alone
    y, labels = float(asker.forward(x).sum()), np.array(labels)
    candidate = Candidate("cross_entropy", (labels,), {}, "softmax and cross-entropy, the mean over the images")
    if asker.same(np.array(y), np.array(candidate.right(x))):
        return f"forward is {candidate.expression}"
    fits = [words for words, function in candidate.mistakes().values()
            if asker.same(np.array(y), np.array(function(x)))]
    return f"forward is softmax and cross-entropy, but {fits[0]}; fine if you want that" if len(fits) == 1 else ""
