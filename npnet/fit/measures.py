"""What the doctor measures: figures of a network and of its last step, from what the layers remember.

Nothing is computed a second time: layers keep x or y for their backward, and these are looked at.
"""
import math
import warnings
from contextlib import contextmanager

import numpy as np

from ..backend import ops
from ..layers import Concat, Dense, Flatten, ReLU, Sigmoid, Tanh
from ..network import every_layer
from ..screen import words

RATIO_HEALTHY = 1e-3        # length of a step over length of the weights (CS231n)
END = 0.99                  # of the range of tanh or sigmoid: beyond it an output passes at most 2 % of its gradient
SAMPLE = 4096               # numbers of a parameter that are looked at: a length is right to 1.1 % (1 / sqrt(2 * 4096))


def weights(net):
    """{layer: its weights}, trained or not, biases and batch norm's scales left out."""
    return {name: layer.params()["w"] for name, layer in every_layer(net.layers).items()
            if "w" in layer.params() and layer.params()["w"].ndim > 1}


def every_shape(net):
    """{layer: the shape of its output}, of the layers inside a Concat, too."""
    found = dict(net.shapes)
    for (name, layer), shape in zip(net.layers.items(), [net.input_shape, *net.shapes.values()]):
        found |= shapes_inside(name, layer, shape)
    return found


def shapes_inside(name, layer, shape):
    """The same of the layers inside one layer, for inputs of `shape`."""
    found = {}
    for key, one, before in layer.every(shape) if isinstance(layer, Concat) else ():
        found |= {f"{name}.{key}": one.output(before)} | shapes_inside(f"{name}.{key}", one, before)
    return found


def same_units(net):
    """The names of the layers whose units have the same weights, all of them."""
    found = []
    for name, w in weights(net).items():
        units = w if isinstance(net[name], Dense) else w.reshape(len(w), -1).T          # (weights of a unit, units)
        if units.shape[1] > 1 and (units[:, 0] == units[:, 1]).all() and (units == units[:, :1]).all():
            found.append(name)
    return found


def first_input(net):
    """What the network was shown last, as its first layer that remembers its input has it; None if none does."""
    for layer in every_layer(net.layers).values():
        if getattr(layer, "x", None) is not None:
            return as_shown(layer.x, net)
        if type(layer).__name__ not in ("Flatten", "Concat"):
            return None
    return None


def as_shown(x, net):
    """What a layer keeps as its x, in the shape of the network's input; None where it cannot be that: a layer of one's
    own may keep it with a padding, or something else by that name; and where it is no whole batch."""
    wanted = math.prod(net.input_shape)
    fits = getattr(x, "ndim", 0) > 1 and x.size == len(x) * wanted and shown_whole(net)
    return x.reshape(len(x), *net.input_shape) if fits else None


def shown_whole(net):
    """Whether the layers have seen all of the last batch: those of a team (team.py) see the rows of one process, and
    where it had none still remember the batch before."""
    return not hasattr(net, "team")


def input_figures(net):
    """Mean and deviation of what the network was shown last; NaN where it is not remembered."""
    x = first_input(net)
    return (math.nan, math.nan) if x is None else (float(x.mean()), float(x.std()))


def spread(logits):
    """How much the outputs (N, classes) vary from one picture to the next."""
    with np.errstate(all="ignore"):
        return float(logits.std(axis=0).mean())


def scaling(mean, deviation):
    """What the figures of the inputs say, or nothing where they are as they should be."""
    if abs(mean) > max(deviation, 3):
        return ", as if the mean were not subtracted"
    return ", as if they were not divided by their deviation" if deviation > 3 else ""


def living(net):
    """{ReLU: which of its units were above 0 for at least one picture of the last batch}; a map is one unit."""
    found = {}
    for name, layer in every_layer(net.layers).items():
        y = getattr(layer, "y", None)
        if isinstance(layer, ReLU) and y is not None:
            found[name] = ops.to_host(y.max(axis=(0, *range(2, y.ndim))) > 0)
    return found


def at_ends(net):
    """{tanh or sigmoid: the share of its last outputs within 1 % of an end of its range: hardly a gradient passes}."""
    found = {}
    for name, layer in every_layer(net.layers).items():
        y = getattr(layer, "y", None)
        if isinstance(layer, (Tanh, Sigmoid)) and y is not None:
            found[name] = float((abs(y if isinstance(layer, Tanh) else 2 * y - 1) > END).mean())
    return found


def sampled(net):
    """{parameter: at most 4,096 of its numbers, on the host}, evenly spread: what a step does to them, it does to all.

    The distance between two of them has no factor in common with the sides of the array, so that each row and each
    column has its share.
    """
    found = {}
    for name, w in net.params().items():
        apart = max(1, -(-w.size // SAMPLE))
        while any(math.gcd(apart, side) > 1 for side in w.shape):
            apart += 1
        found[name] = np.array(ops.to_host(w.reshape(-1)[::apart]))
    return found


def moved(before, after):
    """(across, along): how far a step moved some weights, over their length, across their own direction and along it.

    Decay moves weights along their direction, towards 0, and a gradient moves one among thousands across it, so the
    first is the gradient's part for whatever optimizer made the step. (inf, 0) for weights of 0 that moved.
    """
    start = before.ravel().astype(np.float64)
    change = after.ravel() - start
    square = float(start @ start)
    if square == 0:
        return (math.inf if change.any() else 0.0), 0.0
    along = float(change @ start) / square
    return float(np.linalg.norm(change - along * start)) / math.sqrt(square), along


def gradient_lengths(net):
    """{parameter: the length of its gradient}; a parameter whose layer has none yet is left out."""
    return {name: math.sqrt(float(np.square(dw).sum())) for name, dw in net.grads().items() if dw is not None}


def geometric_mean(ratios):
    """0 where one of them is 0."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if min(ratios) > 0 else 0.0


def percent(ratio):
    """'0.1 %', with two digits that count."""
    return words.percent(ratio, decimals=None)


def finite(array):
    """Whether there is neither NaN nor infinity. A sum shows it, unless it overflows: then every number is asked."""
    with np.errstate(all="ignore"):
        return math.isfinite(float(array.sum())) or bool(np.isfinite(array).all())


@contextmanager
def unwarned():
    """Leaves out NumPy's warnings of overflow and NaN, in all threads: the doctor says it, with the layer's name."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* encountered in ", RuntimeWarning)
        yield


def first_broken(net, logits):
    """(layer, a sentence): the first place in the last forward pass with NaN or infinity. logits (N, K): the outputs.

    What the layers remember is from before the update, but their weights are from after it, so a layer's weights are
    judged by what they made of a finite input. Of a batch that several ranks share, they remember the own rows.
    """
    begin, end = getattr(net, "bounds", [(0, len(logits))])[0]          # of parallel's DataParallel
    own = logits[begin:end]
    if finite(own) and not finite(logits):
        bad = int((~np.isfinite(logits).all(axis=1)).sum())
        return "the loss", (f"the outputs for {bad} of {len(logits)} pictures hold NaN or infinity, and other ranks "
                            f"have worked on these: one process shows where it begins")
    for suspects, x, array in remembered(net, own):
        if finite(array):
            continue
        if not suspects:
            bad = int((~np.isfinite(array.reshape(len(array), -1)).all(axis=1)).sum())
            return "the input", f"{bad} of {len(array)} pictures hold NaN or infinity: look at what they are divided by"
        name = next((name for name, layer in suspects.items() if layer.params()), next(iter(suspects)))
        return name, blame(suspects[name], x)
    return "the loss", f"the outputs of the network are finite, but reach {float(abs(logits).max()):.3g}"


def remembered(net, logits):
    """(the layers that may have made it, the array before them or None, array) for all inputs and outputs that the
    layers remember, in their order; of no layers for the network's input."""
    suspects, x = yield from along(net.layers, {}, None)
    yield suspects, x, logits


def along(layers, suspects, x, whose=""):
    """The same of a chain of layers, after suspects that made of x what it gets; returns those that are left."""
    for name, layer in layers.items():
        if getattr(layer, "x", None) is not None:
            yield suspects, x, layer.x
            suspects, x = {}, layer.x
        for path in layer.paths if isinstance(layer, Concat) else ():
            yield from along(path, suspects, x, f"{whose}{name}.")
        if not isinstance(layer, Flatten):                      # it makes no numbers
            suspects = {**suspects, f"{whose}{name}": layer}
        if getattr(layer, "y", None) is not None:
            yield suspects, x, layer.y
            suspects, x = {}, layer.y
    return suspects, x


def blame(layer, x):
    """What is known of a layer whose output is the first with NaN or infinity, after a finite input x (or None)."""
    start = "its output is the first that holds NaN or infinity"
    if x is None:
        return start
    largest = float(abs(x).max())
    if layer.params() and largest < 1e15:
        return f"{start}, and its input does not (largest: {largest:.3g}), so its weights hold NaN or infinity"
    return f"{start}; its input is finite, but reaches {largest:.3g}"
