"""The lines of npnet that made a layer's output, read from the files as they are, with their numbers."""
import inspect
from pathlib import Path

from ... import ops
from ...layers import Concat, Dropout, Flatten

ROOT = Path(__file__).resolve().parents[3]
FUNCTIONS = {
    "Conv2D": "conv2d_forward", "Dense": "dense_forward", "ReLU": "relu_forward", "Tanh": "tanh_forward",
    "Sigmoid": "sigmoid_forward", "Softmax": "softmax_forward", "MaxPool": "max_pool_forward",
    "AvgPool": "avg_pool_forward", "AdaptiveAvgPool": "adaptive_avg_pool_forward", "LRN": "lrn_forward",
    "LRNWithin": "lrn_within_forward", "BatchNorm": "batchnorm_forward",
}


def code_of(layer, own):
    """[{"file", "line", "text"}] of a layer: the array text and the loops of its chapter; the layer's own forward for
    a Flatten, a Dropout, a Concat and a layer of the user's own (own=False)."""
    kind = type(layer).__name__
    if own and kind in FUNCTIONS:
        name = FUNCTIONS[kind]
        return [source(getattr(ops, name)), source(getattr(ops, f"{name}_loops"))]
    text = source(type(layer).forward) if not own or isinstance(layer, (Dropout, Flatten, Concat)) else None
    return [text] if text else []


def source(function):
    """Where a function stands and what its lines are; None where no file has it."""
    try:
        lines, first = inspect.getsourcelines(function)
        path = Path(inspect.getsourcefile(function)).resolve()
    except (OSError, TypeError):
        return None
    file = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT / "npnet") else path.name
    return {"file": file, "line": first, "text": inspect.cleandoc("\n" + "".join(lines)).expandtabs(4)}
