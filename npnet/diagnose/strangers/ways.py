"""The ways in which people write a forward and a backward, brought to one: run(inputs) -> y, back(dy) -> what came."""
import inspect
import types

import numpy as np

from .arguments import CACHES
from .arguments import OUTPUTS as RESULTS
from .arguments import Argument, Asker, Call, Guesses, Missing, own_names, plain, positional, signature
from .parameters import is_tensor
from .reach import is_numbers
from .tensors import send_back

FORWARD = """forward forward_pass forwardpass forward_prop forward_propagation forwardprop feedforward feed_forward
fprop fwd propagate __call__ call compute apply activate run evaluate calculate loss cost f func function
predict""".split()
BACKWARD = """backward backward_pass backwardpass backward_prop backward_propagation backprop back_prop backpropagate
back_propagate backpropagation back_propagation bprop bwd back gradient gradients grad vjp derivative deriv prime
d_f df dloss loss_gradient compute_gradients compute_gradient""".split()
LOCAL = {"gradient", "grad", "derivative", "deriv", "prime", "df", "gradients"}     # of the function itself: no dy
OUTPUTS = "output outputs out y z a activation activations result".split()


class Way:
    """A forward and a backward as their author wrote them.

    forward, backward: Calls. root: the object whose arrays are looked for. After run, `given` holds what backward may
    be given: the inputs as forward had them, y, what forward returned beside y, labels.
    """

    def __init__(self, forward, backward, root, wrap=None):
        self.forward, self.backward, self.root, self.wrap = forward, backward, root, wrap
        self.given, self.label, self.fixed, self.raw, self.passed = {}, None, {}, None, []
        self.local, self.silent, self.back_function = False, False, None
        self.names = [argument.name for argument in forward.arguments if argument.role == "input"]
        self.moving = list(self.names)          # those that are not in `fixed`

    def run(self, inputs):
        """y for the inputs that are moved; copies are passed, for code that writes into its arguments."""
        self.passed = [np.array(value) for value in inputs]
        own = {name: self.wrapped(value) for name, value in zip(self.moving, self.passed)}
        own |= {name: value.copy() for name, value in self.fixed.items()}
        label = self.label.copy() if isinstance(self.label, np.ndarray) else self.label
        self.given = {"inputs": own, "label": label, "cache": [], "y": None}
        self.raw = self.forward(self.given)
        y, self.given["cache"] = self.parted(self.raw)
        self.given["y"] = y
        return y if y is None else np.asarray(y.data if is_tensor(y) else y)

    def wrapped(self, array):
        return array if self.wrap is None else self.wrap(array)

    def parted(self, raw):
        """(y, what forward returned beside it)."""
        if raw is None:
            return left_output(self.root) if self.silent else None, []
        if isinstance(raw, (tuple, list)) and not is_numbers(raw):
            whole = [i for i, part in enumerate(raw) if is_output(part)]
            if not whole:
                raise TypeError(f"forward must return an array, but returned a {type(raw).__name__} without one")
            return raw[whole[0]], [part for i, part in enumerate(raw) if i != whole[0]]
        if isinstance(raw, dict):
            names = [name for name in raw if plain(str(name)) in OUTPUTS] or list(raw)
            return raw[names[0]], [raw]
        if not is_output(raw):
            raise TypeError(f"forward must return an array, but returned a {type(raw).__name__}")
        return raw, []

    def back(self, dy):
        """What backward returns for a dy. Called right after run."""
        if self.pullback is not None:
            return self.pullback(dy) if takes_any(self.pullback) else self.pullback()
        if self.backward is None:
            y, inputs = self.given["y"], list(self.given["inputs"].values())
            return send_back(y, dy, inputs) if is_tensor(y) else self.of_both()
        given = self.given | {"dy": float(dy) if np.ndim(dy) == 0 else dy, "left": left_output(self.root)}
        result = self.backward(given)
        return dy * np.asarray(result) if self.local else result

    def of_both(self):
        """The gradients of a function that returns them beside the loss."""
        cache = self.given["cache"]
        return cache[0] if len(cache) == 1 else tuple(cache)

    def settings_taken(self, original):
        """The names of the settings that were passed on, to forward, to backward, or to the class that was made."""
        arguments = [a for call in (self.forward, self.backward) if call for a in call.arguments if a.role == "value"]
        names = [p.name for p in (signature(original) or [] if isinstance(original, type) else [])]
        return {*names, *(a.name for a in arguments), *(name for a in arguments if isinstance(a.value, Guesses)
                                                        for name in a.value)}

    @property
    def pullback(self):
        """The function that forward returned beside y, if there is no other backward."""
        if self.backward is not None or self.back_function is not None:
            return None
        return next((value for value in self.given["cache"] if callable(value) and not is_tensor(value)), None)

    @property
    def uses_dy(self):
        """Whether dy is given to backward; otherwise it is that of a loss, or of its own slope."""
        if self.pullback is not None:
            return takes_any(self.pullback)
        return self.local or (self.backward is None and is_tensor(self.given.get("y"))) or (
            self.backward is not None and "dy" in self.backward.roles())


def takes_any(function):
    """Whether a function takes an argument."""
    parameters = signature(function)
    return parameters is None or bool(positional(parameters))


def is_output(value):
    return isinstance(value, (np.ndarray, float, int, np.number)) and not isinstance(value, bool) \
        or is_numbers(value) or is_tensor(value)


def left_output(root):
    """The output that forward left on the object instead of returning it."""
    return next((getattr(root, name) for name in OUTPUTS if is_output(getattr(root, name, None))), None)


class Chain:
    """A list of layers, called one after the other."""

    def __init__(self, layers):
        self.layers = list(layers)

    def forward(self, x):
        for layer in self.layers:
            x = method_of(layer, FORWARD)(x)
        return x

    def backward(self, dy):
        for layer in reversed(self.layers):
            dy = method_of(layer, BACKWARD)(dy)
        return dy


class Context:
    """What a function that keeps nothing itself is given to keep things in."""

    def save_for_backward(self, *values):
        self.saved_tensors = self.saved_values = self.saved = values


# ------------------------------------------------------------------------------- which methods

def method_of(owner, known):
    """The first method of these names, or None."""
    for name in known:
        found = getattr(owner, name, None)
        if callable(found) and not (name == "__call__" and isinstance(owner, type)):
            return found
    return None


def is_function(value):
    return isinstance(value, (types.FunctionType, types.MethodType, types.BuiltinFunctionType, np.ufunc)) or (
        callable(value) and not isinstance(value, type) and not backward_of(value))


def backward_of(value):
    return method_of(value, BACKWARD)


def both_methods(layer):
    """(forward, backward) of an object. TypeError names what is missing."""
    backward = backward_of(layer)
    if backward is not None and getattr(backward, "__name__", "") in ("gradient", "gradients", "grad") \
            and callable(getattr(layer, "loss", None)) and not callable(getattr(layer, "forward", None)):
        return layer.loss, backward                             # a network whose gradient(x, t) is that of loss(x, t)
    forward = method_of(layer, FORWARD)
    if forward is None:
        raise TypeError(f"{type(layer).__name__} has no forward under a usual name ({', '.join(FORWARD[:4])}, __call__ "
                        f"...); give the pair (layer.your_forward, layer.your_backward)")
    return forward, backward


def is_pair(anything):
    return isinstance(anything, (tuple, list)) and len(anything) == 2 and all(map(is_function, anything))


def subject_of(anything, param):
    """(forward function, backward function or None, the object whose arrays count, words for what it is)."""
    if is_pair(anything):
        forward, backward = anything
        owner = getattr(forward, "__self__", None)
        same = owner is not None and owner is getattr(backward, "__self__", None)
        return forward, backward, owner if same else tuple(anything), "functions"
    if isinstance(anything, (tuple, list)) and anything and all(backward_of(layer) for layer in anything):
        chain = Chain(anything)
        return chain.forward, chain.backward, chain, "layers"
    kind = anything if isinstance(anything, type) else type(anything)
    if keeps_elsewhere(kind):
        return kind.forward, kind.backward, kind, "static"
    if isinstance(anything, type):
        anything = made(anything, param)
    if is_function(anything) and not hasattr(anything, "forward"):
        return anything, None, anything, "function"
    if isinstance(anything, (str, bytes, np.ndarray, int, float, dict)) or anything is None:
        raise TypeError(f"a check needs a layer (an object with forward and backward) or a pair of functions "
                        f"(forward, backward), got {type(anything).__name__}")
    forward, backward = both_methods(anything)
    return forward, backward, anything, "layer"


def keeps_elsewhere(kind):
    """Whether a class has forward(ctx, ...) and backward(ctx, ...) that are called on the class itself."""
    static = all(isinstance(inspect.getattr_static(kind, name, None), (staticmethod, classmethod))
                 for name in ("forward", "backward"))
    return static and plain(next(iter(p.name for p in signature(kind.forward) or []), "")) in CACHES


def made(kind, param):
    """An instance of a class, with the settings of param that its constructor knows."""
    parameters = signature(kind) or []
    known = {p.name: param[p.name] for p in parameters if param and p.name in param}
    missing = [p.name for p in parameters if p.default is p.empty and p.name not in known
               and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if missing:
        raise TypeError(f"{kind.__name__} is a class, and needs {', '.join(missing)}: give an object, "
                        f"{kind.__name__}({', '.join(f'{name}=...' for name in missing)})")
    return kind(**known)


def way_of(anything, count, param, train):
    """The Way of a subject with so many inputs; how backward is called is not yet known."""
    forward, backward, root, kind = subject_of(anything, param)
    asker, context = Asker(param, train, backward is None), None
    if kind == "static":
        context = Context()
        forward, backward = with_context(forward, context), with_context(backward, context)
        root = context
    way = Way(asker.forward(forward, own_names(forward, count)), None, root)
    way.asker, way.kind, way.back_function, way.context = asker, kind, backward, context
    return way


def with_context(function, context):
    """The function with its first argument given."""
    def called(*values, **words):
        return function(context, *values, **words)
    called.__name__ = getattr(function, "__qualname__", "forward")
    parameters = (signature(function) or [])[1:]
    called.__signature__ = inspect.Signature(parameters)
    return called


def plan_backward(way, label):
    """Finds how backward is called, when forward has run once. label: whether forward was given labels."""
    function = way.back_function
    if function is None:
        if not is_tensor(way.given["y"]) and not way.given["cache"]:
            raise Missing("there is a forward, but no backward under a usual name (backward, backward_pass, backprop, "
                          "gradient, grad); give the pair (layer.your_forward, layer.your_backward)")
        return
    way.backward = way.asker.backward(function, way.names, len(way.given["cache"]), label)
    name, roles = plain(getattr(function, "__name__", "")), way.backward.roles()
    way.local = False
    if label and "dy" not in roles and np.shape(way.given["y"]) == np.shape(way.passed[0]) != ():
        way.local = True                        # a loss for each number of x, and its slope
    if label or not np.shape(way.given["y"]) or not any(name.endswith(word) for word in LOCAL):
        return
    way.local = "dy" not in roles               # the slope of y by x, number by number
    if roles == ["dy"] and (role := local_role(positional(signature(function))[0].name)):
        way.backward, way.local = Call(function, [Argument(way.names[0], role, way.names[0])]), True


def local_role(name):
    """What the only argument of sigmoid_derivative(a) is: x, or y; "" if it is a gradient."""
    if plain(name) in ("x", "input", "inputs", "z", "inp", "val", "value", "v", "data", "signal"):
        return "input"
    return "y" if plain(name) in RESULTS | {"sigmoid", "tanh", "act"} else ""
