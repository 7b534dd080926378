"""What several causes do with J and B, and the words for numbers and axes that they share."""
import numpy as np
from numpy.linalg import norm

ENOUGH = 6                      # so many numbers must agree before a rule is believed
X_WORDS = {1: "feature", 2: "image feature", 3: "channel row column", 4: "image channel row column"}
W_WORDS = {1: "feature", 2: "row column", 3: "channel row column", 4: "filter channel row column"}


def trusted(evidence):
    """J and B without the columns on a kink, and the flat indices of the entries that are left."""
    well = ~evidence.kinks
    return evidence.J[:, well], evidence.B[:, well], evidence.entries[well]


def explains(evidence, rebuilt, found, right):
    """Whether `rebuilt` is what was found, up to rounding, and leaves next to nothing of found's error."""
    left = norm(found - rebuilt)
    return evidence.same(found, rebuilt) and bool(left < 1e-3 * norm(found - right))


def alive(array):
    """The mask of entries that are not 0 up to rounding."""
    size = np.abs(array)
    return size > 1e-7 * size.max(initial=0)


def other_dy(evidence):
    """A second dy, unlike the first: the same numbers in another order, with other signs."""
    rng = np.random.default_rng(1)
    dy = rng.permutation(evidence.dy.ravel()) * rng.choice([-1.0, 1.0], evidence.dy.size)
    return dy.reshape(evidence.dy.shape)


# ------------------------------------------------------------------------------- words

def number(value, digits=4):
    """'0.3125', '-2', '1.5e-07': a number in a sentence, few digits, enough to be found again."""
    return f"{value:.{digits}g}"


def is_first(evidence):
    """Whether the array is the first input: pictures or features, and not weights."""
    return evidence.name == next(iter(evidence.point.inputs)) and not evidence.presented


def has_filters(evidence):
    """Whether there are weights of four axes beside the first input."""
    first = next(iter(evidence.point.inputs))
    return any(array.ndim == 4 for name, array in evidence.arrays.items() if name != first)


def array_words(evidence):
    """A word for each axis of the array: image, channel, row, column for pictures; filter ... for weights."""
    dims = evidence.array.ndim
    words = (X_WORDS if is_first(evidence) else W_WORDS).get(dims, " ".join(f"axis-{i}" for i in range(dims))).split()
    if dims == 2 and is_first(evidence) and evidence.image_axis:
        words = ["feature", "image"]
    if dims == 4 and evidence.channels_last:
        words = "image row column channel".split() if is_first(evidence) else "row column channel filter".split()
    if dims == 2 and is_first(evidence) and evidence.y.ndim == 3:       # one picture of one channel
        words = ["row", "column"]
    if dims == 1 and not is_first(evidence) and evidence.y.ndim == 4:
        words = ["filter" if has_filters(evidence) else "channel"]
    return words


def output_words(evidence):
    """A word for each axis of y: image, filter (where there are filters, else channel), row, column."""
    dims = evidence.y.ndim
    words = X_WORDS.get(dims, " ".join(f"axis-{i}" for i in range(dims))).split()
    if dims == 2 and evidence.image_axis:
        words = ["feature", "image"]
    if dims in (3, 4) and evidence.channels_last:
        words = "image row column channel".split()[-dims:]
    return ["filter" if word == "channel" and has_filters(evidence) else word for word in words]


def worst(evidence):
    """The flat index of the entry with the largest error."""
    error = np.where(evidence.checked, np.abs(evidence.gradient - evidence.slopes), -1)
    return int(np.nanargmax(error))


def example(evidence):
    """'At x[0,3] backward gives 0.31; the slope is 1.84.'"""
    i = worst(evidence)
    found, slope = evidence.gradient.flat[i], evidence.slopes.flat[i]
    return f"At {evidence.index(i)} backward gives {number(found)}; the slope is {number(slope)}."
