"""What check_layer is given: whatever makes no sense is refused in a sentence, before anything runs."""
import numpy as np

from ..screen.words import nearest
from .strangers.arguments import signature

OF_THE_BOOK = "step", "tolerance", "precision", "method"


def refuse_misused(inputs, param=None, train=None, seed=0, dy=None, names=None, entries=None, options=()):
    """Raises TypeError or ValueError for arguments that make no sense."""
    refuse_inputs(inputs)
    if not is_whole(seed):
        raise TypeError(f"seed must be a whole number; got {seed!r}")
    if entries is not None and (not is_whole(entries) or entries < 1):
        raise ValueError(f"entries must be None, for all, or how many numbers of each array are checked, 1 or more; "
                         f"got {entries!r}")
    if train not in (None, True, False):
        raise TypeError(f"train must be True, False, or None for the layer as it is; got {train!r}")
    if param is not None and not (isinstance(param, dict) and all(isinstance(name, str) for name in param)):
        raise TypeError(f"param must be a dictionary of forward's settings, like {{'stride': 2}}; got {param!r}")
    if names is not None and (isinstance(names, str) or not all(isinstance(name, str) for name in names)):
        raise TypeError(f"names must be a list of words, one for each input; got {names!r}")
    if names is not None and len(names) != len(inputs):
        raise ValueError(f"names must be one word for each input: {', '.join(names)} are {len(names)}, and the inputs "
                         f"are {len(inputs)}")
    if dy is not None:
        numbers(dy, "dy")
    for name in options:
        if name not in OF_THE_BOOK:
            raise TypeError(f"check_layer has no option {name}; those of the book's check are {', '.join(OF_THE_BOOK)}")
        if name != "method" and not (isinstance(options[name], (int, float, np.number)) and 0 < options[name] < np.inf):
            raise ValueError(f"{name} must be a number above 0; got {options[name]!r}")


def refuse_inputs(inputs):
    """Raises TypeError or ValueError for inputs that are no arrays of finite, real numbers."""
    for number, x in enumerate(inputs):
        numbers(x, f"input {number}")


def numbers(values, name):
    """The values as an array. TypeError or ValueError where they are no finite, real numbers."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} must be an array; its rows have several lengths") from None
    if array.dtype.kind == "c":
        raise TypeError(f"{name} holds complex numbers, and gradients are checked for real ones")
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be an array of numbers; got {type(values).__name__}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        word = "nan" if np.isnan(array).any() else "inf"
        raise ValueError(f"{name} holds {word}: a slope is measured at finite numbers alone")
    if array.size == 0:
        raise ValueError(f"{name} has the shape {array.shape}: there is no number in it to move; give a batch of at "
                         f"least one")
    return array


def refuse_unused(called, param=None, dy=None):
    """Raises ValueError for a dy of another shape than y, and for settings that neither forward nor backward takes."""
    shape = () if called.total else called.shape
    if dy is not None and shape is not None and np.shape(dy) != shape:
        raise ValueError(f"dy has the shape {np.shape(dy)}, but forward returns {shape}: they must be the same")
    unused = [name for name in param or {} if name not in called.way.settings_taken(called.original)]
    if unused:
        way = called.way
        functions = [call.function for call in (way.forward, way.backward) if call]
        near = nearest(unused[0], [p.name for function in functions for p in signature(function) or []]).strip()
        raise ValueError(f"param gives {', '.join(unused)}, which neither forward nor backward takes: "
                         + (near or "a setting of the layer itself is given where it is made"))


def is_whole(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
