"""Forwards with more than one output: a check has one dy, so each output is checked by itself."""
import re

import numpy as np

from .arguments import Missing, is_gradient, plain, title
from .parameters import is_tensor

SEVERAL = re.compile(r"d(next|prev|out)?[a-z]?\d*")             # d2, dc, dnext_c: gradients beside the first


def refuse_outputs(way, arrays, draws):
    """Raises Missing where forward returns outputs beside y, whose gradients would go unchecked; with the line to type.

    What backward takes as a cache is none, nor what does not move with the inputs (a mask), nor an input itself. A
    loss may have its probabilities beside it.
    """
    y = way.given["y"]
    if way.backward is None and not is_tensor(y):
        return                                                  # the gradients, or the function that gives them
    if np.shape(y.data if is_tensor(y) else y) == ():
        return
    arguments = way.backward.arguments if way.backward else []
    taken = [argument for argument in arguments if argument.role == "cache"]
    others = [argument.name for argument in taken
              if is_gradient(argument.name) or SEVERAL.fullmatch(plain(argument.name))]
    if others:
        raise Missing(several_gradients(way, others))
    if not taken and any(moves(way, arrays, draws)):
        raise Missing(several_outputs(way))


def beside(way):
    """The numbers that forward returned beside y: arrays and tensors, without the inputs."""
    raw, y = way.raw, way.given["y"]
    parts = list(raw.values()) if isinstance(raw, dict) else list(raw) if isinstance(raw, (tuple, list)) else []
    own = [y, *way.given["inputs"].values()]
    return [np.array(part.data if is_tensor(part) else part) for part in parts
            if not any(part is value for value in own) and is_array(part)]


def is_array(value):
    return is_tensor(value) or isinstance(value, (np.ndarray, np.floating)) and value.dtype.kind == "f"


def moves(way, arrays, draws):
    """Whether each of the arrays beside y has other numbers where the inputs have; runs forward."""
    first = beside(way)
    if not first:
        return []
    with draws.begin(), np.errstate(all="ignore"):
        way.run([1.01 * x + 0.001 for x in arrays])
    second = beside(way)
    with draws.begin():
        way.run(arrays)
    return [not np.array_equal(a, b, equal_nan=True) for a, b in zip(first, second)]


def first_of(way):
    """'[0]', or "['y']": how y is taken out of what forward returns."""
    keys = way.raw.items() if isinstance(way.raw, dict) else enumerate(way.raw)
    return next(f"[{key!r}]" for key, value in keys if value is way.given["y"])


def typed(way):
    """("x", "layer.forward", "layer.backward"): words of a line to type."""
    owner = "layer." if way.kind == "layer" else ""
    backward = owner + title(way.backward.function) if way.backward else ""
    return ", ".join(way.names), owner + title(way.forward.function), backward


def several_outputs(way):
    """The sentence for arrays beside y that backward does not take."""
    inputs, forward, backward = typed(way)
    line = f"check_layer((lambda {inputs}: {forward}({inputs}){first_of(way)}, {backward or '...'}), {inputs})"
    return (f"{title(way.forward.function)} returns other arrays beside y, and nothing tells whether they are outputs, "
            f"whose gradients count too: backward takes no cache. Check one output at a time, with its own backward: "
            f"{line}. A cache that backward does not take is better left out of what forward returns")


def several_gradients(way, others):
    """The sentence for a backward that takes a gradient for each output."""
    inputs, forward, backward = typed(way)
    top = next((argument.name for argument in way.backward.arguments if argument.role == "dy"), "dy")
    rest = ", ".join(f"{name}=np.zeros(...)" for name in others)
    line = (f"check_layer((lambda {inputs}: {forward}({inputs}){first_of(way)}, "
            f"lambda {top}: {backward}({top}, {rest})), {inputs})")
    return (f"{title(way.backward.function)} takes {top} and {', '.join(others)}, a gradient for each output, and a "
            f"check has one: check one output at a time, with zeros for the others, and then the next: {line}")
