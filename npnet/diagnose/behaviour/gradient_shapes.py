"""A gradient that has another shape than its array: what happened, and its numbers in the right shape."""
from itertools import permutations

import numpy as np

from ..evidence import Cause


def fit(gradient, need):
    """The gradient in the shape `need`, where its numbers show without doubt where they belong; else as it is.

    An axis of length 1 is added or dropped; a padding that is the same on both sides of rows and columns is cut off.
    """
    gradient = np.asarray(gradient)
    have = gradient.shape
    if have != need and squeezed(have) == squeezed(need):
        return gradient.reshape(need)
    pads = padding(have, need)
    if pads:
        return gradient[tuple(slice(pad, size - pad) for pad, size in zip(pads, have))]
    return gradient


def squeezed(shape):
    return tuple(size for size in shape if size != 1)


def padding(have, need):
    """How much is too much on each side of each axis, (0, 0, 1, 1), or () if that is not what happened."""
    if len(have) != len(need) or len(need) < 3 or have == need:
        return ()
    more = [h - n for h, n in zip(have, need)]
    if any(extra < 0 or extra % 2 for extra in more) or sum(extra > 0 for extra in more) > 2:
        return ()
    return tuple(extra // 2 for extra in more)


def shape_cause(name, gradient, need):
    """The Cause of a gradient with another shape than its array's, `need`."""
    have = gradient.shape
    what, detail, look = explanation(name, gradient, need)
    return Cause("shape", f"d{name} has shape {have}, but {name} has {need}{what}.", detail, sure="exact", look=look)


def order_cause(sentence):
    """The Cause of gradients that come in another order than forward's arguments; sentence: which."""
    return Cause("order", f"{sentence.rstrip('.')}.", sure="exact",
                 look="Return them in the order of forward's arguments: whoever calls backward counts on it.")


def explanation(name, gradient, need):
    """What happened, one word for it, and where to look. The first that fits."""
    have = gradient.shape
    pads = padding(have, need)
    if gradient.size == 0 and 0 not in need:
        return (": an axis is empty", "empty",
                "A slice [p:-p] is empty when p is 0, because -0 is 0: write [p:p + size].")
    if squeezed(have) == squeezed(need):
        return (": the same numbers, with another number of axes of length 1", "axes of length 1",
                f"keepdims=True keeps the axis that a sum runs over; or end with .reshape({name}.shape).")
    if pads:
        return (f": the padding is still on, {max(pads)} on each side", "padding",
                f"Forward padded {name}; the gradient of the padding itself belongs to nobody: cut it off.")
    if len(have) == len(need) and sorted(have) == sorted(need):
        axes = next(axes for axes in permutations(range(len(need))) if tuple(have[a] for a in axes) == need)
        how = "transposed" if have == need[::-1] else f"in another order of axes; .transpose{axes} would fit"
        return (f": it is {how}", "transposed",
                "Which product gives it, and in which order are the two arrays multiplied?")
    if len(have) > len(need) and gradient.size > int(np.prod(need)):
        return (": it is not summed over every output that the array takes part in", "not summed",
                f"{name} is used for every image (and every position): its gradient is a sum over these axes.")
    if gradient.size == 1:
        return (": it is summed over all axes", "one number",
                f"Over which axes is {name} shared? The sum runs over these alone.")
    return "", "", f"There must be a number for each number of {name}: what is the gradient's shape, line by line?"
