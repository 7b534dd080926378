"""Arrays with a memory: other people's classes of tensors, with .data, .grad and y.backward()."""
import inspect

import numpy as np

from .arguments import positional, signature
from .parameters import is_tensor
from .reach import everything

USUAL = "Tensor Variable Var Value Node Array".split()


def tensor_maker(root, function):
    """A function that makes a tensor of an array, if the layer works on tensors; else None."""
    kinds = [type(value) for _, value in everything(root) if is_tensor(value)] + classes_near(function)
    for kind in sorted(kinds, key=lambda kind: kind.__name__ not in USUAL):
        if maker := maker_of(kind):
            return maker
    return None


def classes_near(function):
    """The classes of the file in which a function stands."""
    names = getattr(getattr(function, "__func__", function), "__globals__", None)
    if names is None:                           # an object that is called
        names = getattr(type(function).__call__, "__globals__", {})
    return [value for value in names.values() if isinstance(value, type) and value.__module__ != "builtins"]


def maker_of(kind):
    """A function that makes one of this class from an array; None for classes that are not tensors."""
    parameters = signature(kind)
    if not parameters or sum(p.default is p.empty for p in positional(parameters)) > 1:
        return None
    words = {p.name: True for p in parameters if p.name in ("requires_grad", "requiresgrad", "needs_grad")}
    try:
        made = kind(np.ones((2, 1)), **words)
    except Exception:                           # another kind of class
        return None
    if not is_tensor(made) or not isinstance(made.data, np.ndarray) or made.data.shape != (2, 1):
        return None
    if not callable(getattr(made, "backward", None)):
        return None
    return lambda array: kind(array, **words)


def send_back(y, dy, inputs):
    """y.backward(dy), and the gradients of the inputs (tensors, or None for others)."""
    grad = dy
    kept = next((value.grad for value in inputs if is_tensor(value)), None)
    parameters = positional(signature(y.backward) or [])
    first = parameters[0] if parameters else None
    if first is not None and (first.default is inspect.Parameter.empty or first.name[0] in "dg"):
        y.backward(type(y)(grad) if is_tensor(kept) else grad)
    else:
        y.grad = grad
        y.backward()
        if not np.array_equal(getattr(y.grad, "data", y.grad) if is_tensor(y.grad) else y.grad, dy):
            raise TypeError(f"{type(y).__name__}.backward() begins with ones whatever y.grad is: give a pair "
                            f"(forward, backward) in which backward(dy, x) multiplies by dy")
    return [grad_of(value) for value in inputs if is_tensor(value)]


def grad_of(tensor):
    """The gradient of a tensor, as an array."""
    return tensor.grad.data if is_tensor(tensor.grad) else tensor.grad
