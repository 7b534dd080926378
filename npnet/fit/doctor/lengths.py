"""Lengths of weights and of steps: what the examiner of movement asks of a network and of an optimizer."""
import math
import zlib

import numpy as np

from ...layers import Dropout
from ...network import every_layer
from ...optim import Constant, WarmUp
from ..measures import RATIO_HEALTHY, at_ends, living

AHEAD = 500                 # steps in which a warm-up must come to a rate that learns
USUAL = 0.01                # a rate to begin with: the paper's
FARTHEST = 1e-6             # of a healthy step: from farther, a rate cannot be reckoned
STRONG = 0.85               # a share that dropout throws away: it may leave no unit for several pictures
MOST_AT_ENDS = 0.9          # of the outputs of tanh or sigmoid: then it is they that keep gradients back


def layer_of(name):
    """'conv1' of 'conv1.w'."""
    return name.rpartition(".")[0]


def blocked(net):
    """Whether units keep gradients back: ReLUs that are 0 everywhere, tanh and sigmoid at their ends, dropout that
    leaves next to nothing. The examiner of units says it."""
    ends, layers = at_ends(net), every_layer(net.layers).items()
    nothing = [name for name, layer in layers if isinstance(layer, Dropout) and getattr(layer, "mask", None) is not None
               and (layer.p_drop >= STRONG or not layer.mask.any())]
    return bool(nothing) or any(not above.any() for above in living(net).values()) or any(
        share > MOST_AT_ENDS for share in ends.values())


def lengths_of(net, arrays):
    """{parameter: its length}, of arrays {parameter: array}; biases and scales are left out."""
    return {name: math.sqrt(float(np.square(arrays[name]).sum())) for name, w in net.params().items()
            if w.ndim > 1 and name in arrays}


def weights_among(net, arrays):
    """Those of arrays {parameter: array} that belong to weights, not to biases and scales."""
    params = net.params()
    return {name: array for name, array in arrays.items() if name in params and params[name].ndim > 1}


def checksum(arrays):
    """A number that is another one as soon as one bit is."""
    found = 0
    for array in arrays.values():
        found = zlib.crc32(np.ascontiguousarray(array).view(np.uint8), found)
    return found


def top_rate(optimizer, number, seen):
    """The highest rate of an optimizer's schedule up to AHEAD steps after step `number`, where that is known, else the
    highest that was seen."""
    schedule, share = getattr(optimizer, "schedule", None), 1.0
    if isinstance(schedule, WarmUp):
        schedule, share = schedule.then, min(1.0, (number + AHEAD) / schedule.steps)
    return max(seen, share * float(schedule.lr)) if isinstance(schedule, Constant) else seen


def tenfold(number):
    """The power of 10 that is nearest, 10 at least."""
    return 10.0 ** max(1, round(math.log10(number))) if math.isfinite(number) else 1e10


def higher(lr, pace):
    """What to do about a rate whose steps are so short: one figure where it is a usual rate, else a usual rate."""
    raised = lr * tenfold(RATIO_HEALTHY / pace) if pace > RATIO_HEALTHY * FARTHEST else 0
    to = f"{raised:g}" if 1e-4 <= raised <= 0.1 else f"{USUAL}, a usual one"
    return f"raise it to {to}, and ten times more as long as the steps are below 0.1 % of the weights"
