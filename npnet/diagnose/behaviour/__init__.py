"""What a layer's calls do, before any number is compared: it raises, returns nothing, overflows, adds, draws anew.

    behaviour_of(error, called)                 # a Cause, or None; error: what was raised, or None
    behaviour_of(None, called)                  # nothing was raised, but a gradient is wrong
    fitted(called)                              # the same layer, its gradients brought to the shapes of their arrays

Nothing is read off the sentence of an error where the layer itself can be asked: it is called again, and what came
is compared. A layer that does nothing unusual costs three forwards and six backwards.
"""
from functools import cached_property

import numpy as np

from ...gradcheck import spread
from ..evidence import Cause, place
from ..strangers.draws import fresh_states, same_state
from .gradient_shapes import fit, order_cause, shape_cause
from .raised import raised_cause

LARGE = 1e3                 # an input below this is not large: a layer must not overflow there
GARBAGE = 1e3, -7e2         # what unwritten memory holds in two trials


class Watched:
    """A called layer and what its calls do. Each call is made when it is first asked for, and only once.

    called: as strangers.call makes it; inputs, params() and grads() by name. dy: of y's shape; None: random numbers.
    """

    def __init__(self, called, error=None, dy=None, seed=0):
        self.called, self.error, self.given = called, error, dy
        self.rng = np.random.default_rng(seed)
        self.inputs = {name: np.array(array, np.float64) for name, array in all_inputs(called).items()}
        self.before = {name: (array, np.array(array)) for name, array in self.params().items()}

    @property
    def finite(self):
        return self.y is not None and bool(np.isfinite(self.y).all())

    def params(self):
        return dict(getattr(self.called, "params", dict)())

    def grads(self):
        return dict(getattr(self.called, "grads", dict)())

    def forward(self):
        """What forward returns, not copied."""
        return self.called.forward(*(array.copy() for array in self.inputs.values()))

    def backward(self, dy=None):
        """{name: gradient}, copies, of the inputs and the parameters; what is missing is None."""
        result = self.called.backward(np.array(self.dy if dy is None else dy))
        result = result if isinstance(result, (tuple, list)) else [result]
        found = dict(zip(self.called.inputs, result)) | self.grads()
        return {name: None if found.get(name) is None else np.array(found[name])
                for name in [*self.inputs, *self.before]}

    @cached_property
    def y(self):
        y = self.forward()
        return None if y is None else np.array(y)

    @cached_property
    def dy(self):
        return spread(self.y.shape, self.rng) if self.given is None else np.array(self.given, np.float64)

    @cached_property
    def gradients(self):
        """Of a backward after a fresh forward."""
        self.forward()
        return self.backward()

    @cached_property
    def arrays(self):
        """{name: the array}: inputs, and the parameters as they were at first."""
        return self.inputs | {name: saved for name, (array, saved) in self.before.items()}

    def put_back(self):
        """The parameters, as they were, whatever backward did to them."""
        for array, saved in self.before.values():
            if array.shape == saved.shape and array.flags.writeable:
                array[...] = saved


def all_inputs(called):
    """{name: array} of the inputs that forward is given, those for which no gradient was found among them."""
    way = getattr(called, "way", None)
    if way is None or called.presented or len(called.inputs) == len(way.moving):
        return called.inputs
    return dict(zip(way.moving, way.passed))


def behaviour_of(error, called, dy=None, seed=0, rules=None):
    """The Cause that shows in what the calls do, or None.

    error: the exception that the layer, or the check of it, raised; None where nothing was raised. called: the layer as
    strangers.call makes it. dy: as given to the check. rules: RULES by default.
    """
    arithmetic = isinstance(error, (RuntimeWarning, FloatingPointError))        # where warnings are errors
    if error is not None and not arithmetic and (cause := raised_cause(error)):
        return cause
    watched = Watched(called, error, dy, seed)
    with np.errstate(all="ignore"):
        for rule in rules or RULES:
            try:
                if rule not in (nothing, overflow) and not watched.finite:
                    return None
                cause = rule(watched)
            except Exception as raised:             # the layer's own, of a call that was made here
                cause = raised_cause(raised) if error is not None else None
            finally:
                watched.put_back()
            if cause is not None:
                return cause
    return None


def cause_in_calls(called, dy=None, seed=0):
    """The Cause of gradients that are wrong though nothing was raised, where the calls show it; else None.

    Only what makes numbers wrong: whole numbers, random numbers, unwritten memory, a parameter that backward changes.
    """
    return behaviour_of(None, called, dy, seed, [integers, two_answers, random, memory, replaced, added])


def equal(a, b):
    """Whether two arrays, or two dictionaries of them, hold the same numbers up to rounding; NaN equals NaN."""
    if isinstance(a, dict):
        return all(equal(a[name], b[name]) for name in a)
    if a is None or b is None:
        return a is b
    size = np.abs(a[np.isfinite(a)]).max(initial=0)
    return a.shape == b.shape and np.allclose(a, b, 1e-9, 1e-9 * size, equal_nan=True)


def differing(a, b):
    """The names under which two dictionaries of arrays differ, in words."""
    return " and ".join(name for name in a if not equal(a[name], b[name]))


# ------------------------------------------------------------------------------- what is returned

def nothing(watched):
    """Forward or backward returned None."""
    where = ""
    if watched.y is None:
        where = "forward"
    elif len(watched.called.inputs) < len(watched.inputs) or any(    # an input for which no gradient was found
            gradient is None or gradient.dtype == object for gradient in watched.gradients.values()):
        where = "backward" if watched.called.back(np.array(watched.dy)) is None else ""
    if where:
        return Cause("nothing", f"{where} returned nothing (None).", where, sure="exact",
                     look=f"Does {where} end with a return, on every path through it?")


def overflow(watched):
    """y is not finite at inputs that are not large."""
    bad = ~np.isfinite(watched.y)
    largest = max((np.abs(array).max(initial=0) for array in watched.arrays.values()), default=0)
    if not bad.any() or largest > LARGE:
        return None
    index = tuple(np.argwhere(bad)[0])
    line = floating_point_line(watched)
    return Cause(
        "overflow", f"Forward overflows at numbers that are not large: {bad.sum()} of {bad.size} numbers of y are not "
        f"finite, though no number that goes in is above {largest:.3g}.{line}", sure="exact",
        example=f"y{place(index)} is {watched.y[index]}.",
        look="exp() of a large number is inf, and inf / inf, 0 / 0 and log(0) are no numbers: subtract the largest "
             "number before exp(), and keep what you divide by away from 0.")


def floating_point_line(watched):
    """Where in the layer's text arithmetic first fails, as a sentence."""
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            watched.forward()
    except FloatingPointError as error:
        cause = raised_cause(error)
        return f" It begins at {cause.detail}: {error}." if cause else ""
    except Exception:                           # the layer's own check: where it stops is not where it overflowed
        return ""
    return ""


def not_finite(watched):
    """A gradient is NaN or infinite where y is finite."""
    for name, gradient in watched.gradients.items():
        if gradient is None or gradient.dtype.kind not in "fc" or np.isfinite(gradient).all():
            continue
        bad = ~np.isfinite(gradient)
        index = tuple(np.argwhere(bad)[0])
        array = watched.arrays[name]
        value = f" There {name}{place(index)} is {array[index]:.4g}." if array.shape == gradient.shape else ""
        return Cause("not finite", f"The gradient of {name} holds numbers that are not finite, {bad.sum()} of "
                     f"{bad.size}, though forward's numbers are all finite.", name, sure="exact",
                     example=f"d{name}{place(index)} is {gradient[index]}.{value}",
                     look="What does backward divide by, and what does it take the log or the root of? Is it 0 there? "
                          "Is every number of an array made with np.empty written?")
    return None


def integers(watched):
    """y, or a gradient, has no decimals though what goes in has."""
    if any(whole(array) for array in watched.inputs.values()) or whole(watched.dy):
        return None
    for what, array in [("y", watched.y), *((f"d{name}", g) for name, g in watched.gradients.items())]:
        if array is not None and array.size > 3 and whole(array) and len(np.unique(array)) > 2:
            if what != "y" and not grows(watched, what[1:]):
                return None                                 # it is the same for every dy: another mistake
            return Cause("integers", f"Every number of {what} is a whole number, though what goes in has decimals: "
                         f"an array of integers cuts them off.", what, sure="exact",
                         example=f"{what}{place((0,) * array.ndim)} is {array.flat[0]:.6g}.",
                         look="np.zeros(shape, int), np.zeros_like(an array of integers) and np.array([0, 1]) hold "
                              "integers: give the type, np.zeros(shape, x.dtype).")
    return None


def grows(watched, name):
    """Whether the gradient of an array is larger for a larger dy."""
    watched.forward()
    return np.abs(watched.backward(10 * watched.dy)[name]).sum() > 2 * np.abs(watched.gradients[name]).sum()


def whole(array):
    return array.size > 0 and bool(np.isfinite(array).all() and (array == np.round(array)).all())


# ------------------------------------------------------------------------------- shapes and their order

def order(watched):
    """The gradients have the shapes of one another's arrays."""
    if getattr(watched.called, "order", ""):
        return order_cause(watched.called.order)
    have = {name: gradient.shape for name, gradient in watched.gradients.items() if gradient is not None}
    need = {name: watched.arrays[name].shape for name in have}
    moved = [name for name in have if have[name] != need[name]]
    if len(moved) > 1 and sorted(have[name] for name in moved) == sorted(need[name] for name in moved):
        takers = [next(other for other in moved if need[other] == have[name]) for name in moved]
        return Cause("order", f"The gradients are in another order: where the gradient of {moved[0]} belongs there is "
                     f"an array of the shape of {takers[0]}, {have[moved[0]]}.", " ".join(moved), sure="likely",
                     example="; ".join(f"d{name} has shape {have[name]}, {name} has {need[name]}" for name in moved),
                     look=f"In which order does backward return its gradients? It must be that of forward's arguments: "
                          f"{', '.join(watched.inputs)}.")
    return None


def shape(watched):
    """A gradient has another shape than its array."""
    for name, gradient in watched.gradients.items():
        if gradient is not None and gradient.shape != watched.arrays[name].shape:
            return shape_cause(name, gradient, watched.arrays[name].shape)
    return None


class Fitted:
    """A called layer whose gradients have the shapes of their arrays, where that can be done without doubt.

    It has all that the called layer has. db of shape (3,) for b of (1, 3) becomes (1, 3), so that its numbers are
    compared as well.
    """

    def __init__(self, called):
        self.called = called

    def __getattr__(self, name):
        return getattr(self.called, name)

    def backward(self, dy):
        result = self.called.backward(dy)
        several = isinstance(result, (tuple, list))
        arrays = list(self.called.inputs.values())
        found = [fit(gradient, np.shape(array)) for gradient, array in zip(result if several else [result], arrays)]
        return found if several else found[0]

    def grads(self):
        params = self.called.params()
        return {name: fit(gradient, np.shape(params[name])) if name in params else gradient
                for name, gradient in self.called.grads().items()}


def fitted(called):
    """The called layer, with its gradients brought to the shapes of their arrays; see Fitted."""
    return Fitted(called)


# ------------------------------------------------------------------------------- what differs between calls

def two_answers(watched):
    """Forward gives another y for the same input: nothing that is measured on it means anything."""
    first, second = np.array(watched.forward()), np.array(watched.forward())
    if equal(first, second):
        return None
    unwritten_memory = memory(watched)
    if unwritten_memory:
        return unwritten_memory
    where = tuple(int(i) for i in np.unravel_index(np.nanargmax(np.abs(first - second)), first.shape))
    return Cause("random", "Forward gives two answers for one input, so its slopes cannot be measured: it draws random "
                 "numbers that the check cannot seed, reads a clock, or uses memory that is not its own.", "forward",
                 sure="exact", example=f"y{place(where)} was {first[where]:.6g}, then {second[where]:.6g}.",
                 look="Draw from np.random (the check seeds it), from a generator that the object keeps as an "
                      "attribute (self.rng), or make the generator in forward from a seed: np.random.default_rng(0).")


def random(watched):
    """Backward draws random numbers of its own, and its gradients depend on them."""
    drawn, changed = backward_draws(watched)
    if not changed:
        return None
    return Cause("random", f"Backward draws new random numbers: with other ones in backward alone, the gradient of "
                 f"{changed} changes.", "backward", sure="exact",
                 look="Which numbers did forward draw (a mask?), and does backward use the same ones, remembered?")


def backward_draws(watched):
    """Whether backward draws random numbers, and the names of the gradients that depend on what is drawn."""
    draws = getattr(watched.called, "draws", None)
    if draws is None:
        return False, ""
    watched.forward()
    start, seed = draws.later, draws.seed
    first = watched.backward()
    drawn = not same_state(start, draws.later)
    watched.forward()
    other = np.random.default_rng(seed + 1).bit_generator.state
    draws.seed, draws.later = seed + 1, [*fresh_states(seed + 1), *(
        other if isinstance(generator, np.random.Generator) and state["bit_generator"] == "PCG64" else state
        for (generator, _), state in zip(draws.own, start[2:]))]
    try:
        second = watched.backward()
    finally:
        draws.seed = seed
    changed = differing(first, second)
    return drawn or bool(changed), changed


def memory(watched):
    """Numbers are read from memory that nobody wrote: made visible by filling it."""
    who = unwritten(watched)
    if who:
        return Cause("memory", f"{who} depends on what memory held before: a part of an array of np.empty is read "
                     f"before it is written.", who, sure="exact",
                     look="Is every number of the array written, the last rows and columns too, and those that no "
                          "window reaches? np.zeros would show the same place as zeros.")
    return None


def unwritten(watched):
    """What changes when np.empty returns other numbers, and only then: 'y', 'dx', or ''."""
    found = []
    for value in (GARBAGE[0], *GARBAGE):
        with filled(value):
            y = np.array(watched.forward())
            found.append({"y": y} | {f"d{name}": gradient for name, gradient in watched.backward().items()})
    return differing(*found[1:]) if equal(*found[:2]) else ""


class filled:
    """While it lasts, np.empty and np.empty_like return arrays that are full of one number."""

    def __init__(self, value):
        self.value, self.saved = value, (np.empty, np.empty_like)

    def __enter__(self):
        np.empty, np.empty_like = (self.filling(make) for make in self.saved)

    def __exit__(self, *raised):
        np.empty, np.empty_like = self.saved

    def filling(self, make):
        def empty(*arguments, **options):
            array = make(*arguments, **options)
            if array.dtype.kind in "fc":
                array.fill(self.value)
            return array
        return empty


# ------------------------------------------------------------------------------- what is left behind

def replaced(watched):
    """Backward changed a parameter, or put another array in its place."""
    watched.forward()
    first = {name: (array, np.array(array)) for name, array in watched.params().items()}
    gradients = watched.backward()
    now = watched.params()
    for name, (array, saved) in first.items():
        new = now.get(name)
        if new is None or np.array_equal(new, saved):
            continue
        rate = learning_rate(saved, new, gradients.get(name))
        return Cause("replaced", f"Backward changes the parameter {name}{rate}, or puts a new array in its place: the "
                     f"next forward runs with other numbers.", name, sure="exact",
                     example=f"{name}{place((0,) * saved.ndim)} was {saved.flat[0]:.6g} before backward, and is "
                             f"{np.asarray(new).flat[0]:.6g} after it." if saved.size else "",
                     look="Backward must only compute gradients; the step w -= lr * dw belongs after it, in the "
                          "optimizer.")
    return None


def learning_rate(before, after, gradient):
    """', by -0.01 times its gradient', where that is what happened."""
    if gradient is None or np.shape(after) != before.shape or gradient.shape != before.shape or not gradient.any():
        return ""
    change = np.asarray(after, np.float64) - before
    rate = float(np.sum(change * gradient) / np.sum(gradient * gradient))
    return f", by {rate:.4g} times its gradient" if np.allclose(change, rate * gradient, 1e-6, 1e-12) else ""


def added(watched):
    """Every backward adds the same gradient to what the last one left."""
    found = []
    for _ in range(3):
        watched.forward()
        found.append(watched.backward())
    for name, first in found[0].items():
        second, third = found[1][name], found[2][name]
        if first is None or second is None or first.shape != second.shape or equal(first, second):
            continue
        if equal(second - first, third - second):
            where = tuple(int(i) for i in np.unravel_index(np.abs(second - first).argmax(), first.shape))
            return Cause("added", f"Backward adds to the gradient of {name} that the call before left: every call "
                         f"gives more than the one before.", name, sure="exact",
                         example=f"d{name}{place(where)} was {first[where]:.6g}, then {second[where]:.6g}, then "
                                 f"{third[where]:.6g}.",
                         look=f"Backward must write its gradients: where is the array of d{name} made, and is it set "
                              f"to zeros at the start of each backward?")
    return None


def kept(watched):
    """What was returned changes with the next call."""
    first = watched.forward()
    saved = np.array(first)
    other = [array + 0.25 for array in watched.inputs.values()]
    watched.called.forward(*other)
    changed = "y" if not equal(np.asarray(first), saved) else ""
    if not changed:
        watched.forward()
        result = watched.called.backward(np.array(watched.dy))
        result = result if isinstance(result, (tuple, list)) else [result]
        copies = [np.array(gradient) for gradient in result]
        watched.forward()
        watched.called.backward(2 * watched.dy)
        changed = next((f"d{name}" for name, gradient, copy in zip(watched.inputs, result, copies)
                        if isinstance(gradient, np.ndarray) and not equal(gradient, copy)), "")
    if changed:
        return Cause("kept", f"The array {changed} that was returned changes with the next call: the layer keeps one "
                     f"buffer, and returns it each time.", changed, sure="exact",
                     look="Return a new array, or a copy of the buffer.")
    return None


RULES = [nothing, overflow, not_finite, integers, order, shape, replaced, added, two_answers, random, memory, kept]
