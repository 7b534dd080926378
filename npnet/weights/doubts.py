"""Doubts: whether a batch can have come out of a pipeline, or was prepared as another network's pictures are.

    for sentence in doubts(x, trained.pipeline):        # x (N, C, H, W), as the network gets it
        warnings.warn(sentence)

Real weights that name the same class for every picture have nearly always been shown pixels from 0 to 1 in place of
0 to 255, the other order of channels, or no mean. None of these is an error that anybody sees. So the usual ways to
prepare a picture are each undone: what was right gives pixels between black and white that use the space between
the two; what was wrong gives colours that do not exist, or a grey that hardly varies.

Only photographs are judged: in noise, neighbours differ, and it may have any numbers. The thresholds are measured
on the 50 photographs of imagenet_samples, 1360 of flowers and 4000 of CIFAR-10, at every pipeline of prepared.py.
"""
import math
from dataclasses import dataclass

import numpy as np

from ..backend import ops

MOST, SIDE = 128, 64        # pictures that are looked at, evenly spread, and about how many rows and columns of each
ALIKE = 0.5                 # correlation of neighbours: photographs 0.90 or more, CIFAR-10 and digits 0.51, noise 0.04
TAIL = 0.005                # share of pixels at each end that may be anything: resizing overshoots at edges
SLACK = 0.015               # how far the others may lie beyond black and white; the means of two orders differ by 0.045
FLAT = 0.04                 # share of black to white in one photograph: 0.28 and more; in the wrong scale 0.02 at most
NARROW = 0.35               # not divided by the deviation, or 0 to 1 without a mean: 0.23
FULL = 0.1                  # ... which is only said if the other preparation reaches so near to black and to white
SQUASH = 8.0                # red minus blue (black to white is 1) that counts as much: more hardly counts more
SPREAD = 1.1                # deviation of a picture's warmth: 1.03 (imagenet_samples), 1.06 (flowers), 1.09 (CIFAR-10)
SURE = 3.0                  # so many of them over the root of N: see cold
FEW, SAME = 16, 0.6         # fewer pictures, or pictures as like as crops of one, say nothing about the order
TORCH = (0.229, 0.224, 0.225)


def doubts(x, pipeline):
    """Sentences on what is wrong with a batch (N, C, H, W) for the network of a pipeline; none where nothing seems so.

    A batch of fewer than 16 pictures may have the other order of channels unnoticed where its mean has this one.
    """
    if not hasattr(x, "dtype") or x.dtype.kind not in "fiu":        # the network says what is wrong with it
        return []
    x = ops.to_host(x)
    if x.ndim != 4 or x.shape[1] != pipeline.channels or not len(x) or not photographs(few(x, 16)):
        return []
    mean, step = pipeline.mean, max(1, min(x.shape[2:]) // SIDE)
    varies = 0
    if mean.ndim == 3:
        varies = ordered(middle(mean - mean.mean((1, 2), keepdims=True), x.shape), pipeline.order)[:, ::step, ::step]
    x = few(x, MOST)[:, :, ::step, ::step]
    found = best(x + varies, x, pipeline)
    if found is None:
        expected = preparations(pipeline)[0]
        low, high = ends(x)
        return [f"the numbers of this batch lie between {low.min():.4g} and {high.max():.4g}, where pictures prepared "
                f"for this network lie between {expected.least():.4g} and {expected.largest():.4g}; prepare them "
                f"with its pipeline"]
    sentences = words(found, pipeline)
    if "order" not in found.other and cold(found.pixels(x), found.order):
        sentences.append(order_words(pipeline.order))
    return sentences


def few(x, most):
    """So many pictures of a batch at most, evenly spread, as float32."""
    return np.asarray(x[::math.ceil(len(x) / most)], np.float32)


# ---------------------------------------------------------------------------- what may have been done

@dataclass(frozen=True)
class Preparation:
    """(top * pixels - mean) / deviation, pixels from 0 to 1; mean and deviation (C, 1, 1) in the order of x.

    other: what differs from the pipeline, {"scale": "0-1", "mean": "none", ...}.
    """

    top: float
    mean: np.ndarray
    deviation: np.ndarray
    order: str
    other: dict

    def pixels(self, x):
        """The pixels, 0 black and 1 white, that this preparation would have made into x."""
        return (x * self.deviation + self.mean) / self.top

    def least(self):
        """What the darkest channel has where it is black."""
        return float((-self.mean / self.deviation).min())

    def largest(self):
        """What the lightest channel has where it is white."""
        return float(((self.top - self.mean) / self.deviation).max())


def preparations(pipeline):
    """The pipeline's own Preparation first, then the usual wrong ones."""
    mean = pipeline.mean.mean((1, 2)) if pipeline.mean.ndim == 3 else pipeline.mean
    mean, deviation = (np.broadcast_to(array, pipeline.channels).reshape(-1, 1, 1).astype(np.float64)
                       for array in (mean, pipeline.deviation))
    found, own = {}, 255.0 if pipeline.scale == "0-255" else 1.0
    for top, order in ((top, order) for top in (own, 256 - own) for order in orders(pipeline)):
        for mean_word, m in means(mean, own, top).items():
            for deviation_word, d in deviations(deviation, own, top).items():
                other = {"scale": top != own and ("0-255" if top == 255 else "0-1"), "mean": mean_word,
                         "deviation": deviation_word, "order": order != pipeline.order and order}
                made = Preparation(top, ordered(m, order), ordered(d, order), order,
                                   {what: word for what, word in other.items() if word})
                key = top, *(round(float(number), 6) for number in (*made.mean.flat, *made.deviation.flat))
                found.setdefault(key, made)                             # the first has the fewest differences
    return sorted(found.values(), key=lambda made: len(made.other))


def means(mean, own, top):
    """{what is said of it, "" if it is right: the mean that may have been subtracted}."""
    found = {"": mean * (top / own)}
    if mean.any():
        found |= {"none": np.zeros_like(mean), "scale": mean}
    return found


def deviations(deviation, own, top):
    """{what is said of it, "" if it is right: what may have been divided by}."""
    if (deviation != 1).any():
        return {"": deviation * (top / own), "none": np.ones_like(deviation), "scale": deviation}
    return {"": np.ones_like(deviation)} | (
        {"torch": np.reshape(TORCH, (3, 1, 1)) * top} if len(deviation) == 3 else {})


def orders(pipeline):
    """The pipeline's order of channels, then the other one."""
    return (pipeline.order, pipeline.order[::-1]) if pipeline.channels == 3 else (pipeline.order,)


def ordered(array, order):
    """An array (3, ...) of red, green, blue in this order; of one channel as it is."""
    return array[::-1] if order == "BGR" else array


def middle(picture, shape):
    """The middle of a mean picture, as large as the pictures of a batch of this shape."""
    top, left = ((side - part) // 2 for side, part in zip(picture.shape[1:], shape[2:]))
    return picture[:, top:top + shape[2], left:left + shape[3]]


# ---------------------------------------------------------------------------- which of them it was

def best(flat, x, pipeline):
    """The Preparation that x came out of, or None. flat: x as if one mean for each channel had been subtracted."""
    expected, *others = preparations(pipeline)
    limits = ends(flat)
    slack = SLACK + (0.25 if pipeline.colour else np.abs(flat - x).max() / expected.top)    # crops have another middle
    fits, width, _ = judged(expected, limits, slack)
    if fits and width > NARROW:
        return expected
    without = ends(x)                                       # for those that would have subtracted no mean picture
    judgements = [(made, *judged(made, without if made.other.get("mean") == "none" else limits)) for made in others]
    judgements = [row for row in judgements if row[1]]
    widest = max((wide for _, _, wide, _ in judgements), default=0)
    made, _, wide, full = next((row for row in judgements if row[2] >= 0.9 * widest), (None, False, 0, False))
    if fits and width > FLAT and not (full and wide > 3 * width):
        return expected
    if wide > 3 * FLAT:
        return made
    return expected if fits and not around_zero(limits) else None       # a picture of one colour, if not the mean's


def judged(made, limits, slack=SLACK):
    """Whether these numbers can come out of it, how much of black to white they use, and whether they use it all."""
    low, high = (made.pixels(limit) for limit in limits)
    fits = bool(low.min() >= -slack and high.max() <= 1 + slack)
    return fits, float((high - low).max()), bool(low.max() < FULL and high.min() > 1 - FULL)


def around_zero(limits):
    """Whether some channel's numbers lie on both sides of 0 or begin there: in the mean colour, if it is subtracted."""
    low, high = limits
    return bool(((low <= 0) & (high > 0)).any())


def ends(x):
    """The smallest and largest numbers of each channel but for a share TAIL: two arrays (C, 1, 1)."""
    values = np.moveaxis(x, 1, 0).reshape(x.shape[1], -1)
    values = values[:, ::max(1, values.shape[1] // 200_000)]
    return tuple(np.quantile(values, share, axis=1)[:, None, None] for share in (TAIL, 1 - TAIL))


def photographs(x):
    """Whether neighbours resemble each other in at least half of the pictures; nothing of one colour, no NaN."""
    if min(x.shape[2:]) < 8 or not np.isfinite(x).all():
        return False
    x = x.astype(np.float64)
    variances = x.var(axis=(1, 2, 3)) + 1e-30
    steps = (np.diff(x, axis=3) ** 2).mean((1, 2, 3)) / 2 + (np.diff(x, axis=2) ** 2).mean((1, 2, 3)) / 2
    return bool(variances.max() > 1e-12 and np.median(1 - steps / (2 * variances)) > ALIKE)


def cold(pixels, order):
    """Whether the pictures (N, 3, H, W) have the colours of photographs with red and blue exchanged.

    Photographs are warm: red is lighter than blue, and where sky is bluest, it is above. Nothing follows from one
    picture, but from many, even of ships and aeroplanes, which are blue, but bluest above. Measured on 2000 draws from
    each set, each class of CIFAR-10 and each kind of flower: none in the right order is called cold, at 16, 32, 64 or
    128 pictures; in the other order 29, 77, 99 and 100 % of imagenet_samples are, 21, 55, 93 and 100 % of CIFAR-10,
    8, 26, 71 and 98 % of the flowers. Crops of one picture are too much alike to be counted.
    """
    if pixels.shape[1] != 3 or len(pixels) < FEW:
        return False
    red, blue = (pixels[:, 0], pixels[:, 2]) if order == "RGB" else (pixels[:, 2], pixels[:, 0])
    difference, third = red - blue, pixels.shape[2] // 3
    above = difference[:, :third].mean((1, 2)) - difference[:, -third:].mean((1, 2))
    warmth = np.tanh(SQUASH * difference.mean((1, 2))) - 2 * np.tanh(SQUASH * above)
    spread = max(SPREAD, warmth.std())                      # drawings in any colours have more
    return bool(warmth.std() > SAME and warmth.mean() * math.sqrt(len(warmth)) < -SURE * spread)


# ---------------------------------------------------------------------------- in words

def words(found, pipeline):
    """A sentence for each difference."""
    other, range_of = found.other, {"0-255": "0 to 255", "0-1": "0 to 1"}
    has, wants = range_of[other.get("scale", pipeline.scale)], range_of[pipeline.scale]
    said = {
        ("scale", other.get("scale")): f"this batch has pixels from {has}, and its network expects {wants}; "
                                       f"{'multiply' if wants == '0 to 255' else 'divide'} them by 255 first",
        ("mean", "none"): "no mean was subtracted from this batch, and its network expects pictures minus "
                          + mean_words(pipeline),
        ("mean", "scale"): f"the mean of pixels from {wants} was subtracted from pixels from {has}",
        ("deviation", "none"): "this batch was not divided by the deviation that its network expects, "
                               + numbers(pipeline.deviation, pipeline.order),
        ("deviation", "scale"): f"the deviation of pixels from {wants} was applied to pixels from {has}",
        ("deviation", "torch"): "this batch was divided by a deviation, and its network expects pictures that were not",
        ("order", other.get("order")): order_words(pipeline.order),
    }
    return [said[difference] for difference in other.items()]


def mean_words(pipeline):
    return "the mean picture" if pipeline.mean.ndim == 3 else numbers(pipeline.mean, pipeline.order)


def numbers(values, order):
    """'(104, 117, 123), for blue, green, red', or one number."""
    listed = ", ".join(f"{value:.6g}" for value in ordered(values, order))
    return listed if len(values) == 1 else f"({listed}), for {colours(order)}"


def order_words(order):
    return f"the channels of this batch seem to be in the other order; its network expects {colours(order)}: x[:, ::-1]"


def colours(order):
    return "blue, green, red" if order == "BGR" else "red, green, blue"
