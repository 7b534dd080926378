"""How other people's layers are called, as they are.

    called = call(anything, [x])                    # an object, a pair of functions, one function that gives both
    check_gradients(called, *called.inputs.values(), names=list(called.inputs))

Everybody names and arranges forward and backward in another way. call() tries what is usual (ways.py, arguments.py),
finds the parameters and their gradients by what they do (parameters.py), and says in `assumed` what it guessed. What
the layer's own code raises comes out unchanged; what cannot be guessed is a ValueError or a TypeError that asks for it.
"""
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from .arguments import RATE, is_label, positional, signature
from .draws import Draws
from .gradients import Search, in_order
from .manners import habits, layout, said, unused_train
from .parameters import Parameter, is_tensor
from .reach import Place, Snapshot, Whole, callable_only, follow, put
from .training import written_in_training
from .trials import BACKWARD, dy_for, first_way
from .ways import Way


@dataclass
class Called:
    """A stranger's layer or functions, called as npnet's layers are.

    inputs: {name: float64 array} of those that are moved. layout: "NCHW", "NHWC" or "". loss: y is one number, and
    dy should be 1. assumed, remarks: sentences. unchecked: {name: where its gradient was looked for}. float32: the
    layer computes in float32 inside. order: a sentence, if gradients come in another order than inputs. original:
    what call() was given.
    """
    original: object
    way: Way
    inputs: dict
    draws: Draws
    parameters: list = field(default_factory=list)      # with gradients, a Parameter each
    others: list = field(default_factory=list)          # those without
    sources: dict = field(default_factory=dict)         # {name of an input: Source of its gradient}
    layout: str = ""
    loss: bool = False
    assumed: list = field(default_factory=list)
    remarks: list = field(default_factory=list)
    unchecked: dict = field(default_factory=dict)
    float32: bool = False
    order: str = ""
    rates: list = field(default_factory=list)           # steps of attributes that are learning rates
    presented: bool = False                             # the parameters are given as inputs: x has no gradient
    state: object = None                                # a Snapshot, for layers that remember more than they should
    total: str = ""                                     # "sum" or "mean" of y is the loss
    adds: bool = True                                   # gradients of tensors add up by design, and begin at zero
    learns: bool = False                                # backward changes parameters by a learning rate
    found: dict = field(default_factory=dict)
    own_x: list = field(default_factory=list)           # the inputs, where the parameters are presented as such
    shape: tuple = None                                 # of y, None where forward fails
    before: object = None                               # a snapshot of `original`, before anything was called

    @property
    def root(self):
        return self.way.root

    def params(self):
        """{name: float64 array}: what a checker moves."""
        return {} if self.presented else {parameter.name: parameter.array for parameter in self.parameters}

    def grads(self):
        """{name: gradient} of the last backward."""
        return {} if self.presented else {parameter.name: self.found[parameter.name] for parameter in self.parameters
                                          if parameter.name in self.found}

    def forward(self, *inputs, train=False):
        """y, a fresh float64 array (complex for complex inputs)."""
        if self.presented:
            for parameter, value in zip(self.parameters, inputs):
                parameter.array[...] = value                    # complex numbers are refused by NumPy's warning
            inputs = self.own_x
        if any(np.iscomplexobj(value) for value in inputs) and (self.float32 or self.way.wrap or self.draws.drawn):
            raise TypeError("complex numbers are not for layers like this one")
        return as_floats(self.run(inputs))

    def run(self, inputs):
        if self.state is not None:
            self.state.restore()
        with self.written(), self.draws.begin():
            y = self.way.run(inputs)
        if y is None:
            return None
        return total(y, self.total)

    def run_with(self, item, inputs):
        """y with one more Parameter's numbers in the object; they are put back."""
        self.others.append(item)
        try:
            return self.run(inputs)
        finally:
            self.others.pop()

    def written(self):
        return Written(self)

    def backward(self, dy):
        """The gradient of each input, for this dy. Call forward before."""
        found = self.gradients(np.asarray(dy))
        return [found[name] for name in self.inputs]

    def gradients(self, dy):
        """{name: gradient} of the inputs and the parameters."""
        with self.written(), self.draws.go_on(), self.at_rate():
            result = self.back(dy)
            self.found = {name: self.one(name, source, result, dy) for name, source in self.sources.items()}
            for parameter in self.parameters:
                self.found[parameter.name] = self.one(parameter.name, parameter.gradient, result, dy, parameter)
            self.show_changes()
        return self.found

    def back(self, dy, copied=True):
        """What backward returns; gradients that add up by design (those of tensors) begin at zero."""
        zero_gradients(self.root, self.parameters if self.adds else [])
        return self.way.back(np.array(dy) if copied else dy)

    def one(self, name, source, result, dy, parameter=None):
        """One gradient, a fresh array."""
        if source.rate:
            value = (parameter.array - parameter.now(self.root)) / source.rate
        else:
            value = source.read(self.root, result)
        if value is None:
            return None
        value = as_floats(value)
        return value if self.way.uses_dy or dy.ndim else value * float(dy)

    def show_changes(self):
        """A parameter that backward changed, or replaced, without a learning rate: the checker's array changes too."""
        for parameter in self.parameters:
            if not self.learns and parameter.changed(self.root):
                now = parameter.now(self.root)
                if now.shape == parameter.array.shape:
                    parameter.array[...] = now

    def restore(self):
        """The stranger's object as it was before the check; nothing more can be called then, if it was not built."""
        for parameter in (*self.parameters, *self.others):
            parameter.take_back(self.root)
        if self.before is not None:
            self.before.restore()

    @contextmanager
    def at_rate(self):
        """While it lasts, the object's own learning rates are 1, and its momenta 0."""
        changed = [(steps, RATE) for steps in self.rates]
        changed += [((*steps[:-1], (".", "momentum")), 0.0) for steps in self.rates
                    if hasattr(follow(self.root, steps[:-1]), "momentum")]
        saved = [(steps, follow(self.root, steps)) for steps, _ in changed]
        for steps, value in changed:
            put(self.root, steps, value)
        try:
            yield
        finally:
            for steps, value in saved:
                put(self.root, steps, value)


class Written:
    """While it lasts, the stranger's arrays hold the numbers that the checker moved."""

    def __init__(self, called):
        self.called = called

    def __enter__(self):
        for parameter in (*self.called.parameters, *self.called.others):
            parameter.write(self.called.root)

    def __exit__(self, *error):
        for parameter in (*self.called.parameters, *self.called.others):
            parameter.take_back(self.called.root)


def total(y, word):
    """One number of the losses of several inputs: their "sum" or "mean"; y itself for ""."""
    return y.sum() if word == "sum" else y.mean() if word == "mean" else y


def as_floats(values):
    """float64 for float32 and for Python's numbers; other kinds as they are, for a checker to speak of."""
    values = np.asarray(values) if values is not None else None
    return values.astype(np.float64) if values is not None and values.dtype in (np.float32, np.float16) else values


def zero_gradients(root, parameters):
    """Sets the gradients of tensors to zero, which add up by design."""
    if callable(getattr(root, "zero_grad", None)) and not positional(signature(root.zero_grad) or []):
        root.zero_grad()
    for parameter in parameters:
        for tensor in parameter.tensors(root):
            if isinstance(tensor.grad, np.ndarray):
                tensor.grad = np.zeros_like(tensor.grad)
            elif is_tensor(tensor.grad):
                tensor.grad = None


# ------------------------------------------------------------------------------- the call

def call(anything, inputs, param=None, train=None, names=None, seed=0):
    """A stranger's layer or functions as a Called, with its parameters and their gradients found.

    anything: an object, a class, a pair of functions, one function that returns loss and gradient, or a list of layers.
    inputs: arrays; those of whole numbers (labels) are not moved. param: {name: value} of settings. train: True or
    False for a layer that has such a word; None: as it is by default, and training where it must be given. names: of
    the inputs, by default forward's own words. ValueError and TypeError ask for what cannot be guessed.
    """
    inputs = [np.asarray(x) for x in inputs]
    if not inputs:
        raise TypeError("a check needs an input: give an array for each input of forward")
    before = Whole(anything)
    try:
        called = explored(anything, inputs, param, train, names, seed)
    except BaseException:                       # also of one who will not wait
        before.restore()
        raise
    called.before = before
    return called


def explored(anything, inputs, param, train, names, seed):
    """The Called of call(), with its parameters and gradients found."""
    way, draws, trial = first_way(anything, inputs, param, train, seed)
    shown = list(names) if names and len(names) == len(way.names) else way.names
    inputs = {word: x for word, name, x in zip(shown, way.names, inputs) if name in way.moving}
    called = Called(anything, way, dict(zip(inputs, trial.arrays)), draws)
    called.shape = None if trial.y is None else trial.y.shape
    called.loss = called.shape == ()
    called.sources = in_order(called.inputs)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if trial.stage > BACKWARD:
            explore(called, seed)
    called.assumed = said(called, trial) + called.assumed
    called.remarks += unused_train(way, train)
    draws.quiet = not draws.drawn
    return called


def explore(called, seed):
    """Fills in sources, parameters and remarks of a Called whose forward and backward run."""
    arrays, root = list(called.inputs.values()), called.root
    y = called.run(arrays)
    called.float32 = in_float32(called, y)
    start = Snapshot(root)
    if not np.array_equal(called.run(arrays), y, equal_nan=True):
        called.state = start
    search = Search(called, y, dy_for(y, seed), seed)
    search.backward()
    search.inputs()
    search.sum_up()
    start.restore()
    items, state = search.parameters()
    search.join(items)
    search.by_change(items)
    if called.rates:
        called.state = start
    items, trained = without_trained(called, items)
    keep(called, search, items)
    called.adds = search.add_by_design()
    hold_others(called, search)
    if state:
        called.assumed.append(f"{', '.join(item.name for item in state)}: held fixed, no parameter by its name")
    if trained:
        called.assumed.append(f"{', '.join(item.name for item in trained)}: held fixed, forward itself writes it")
    start.restore()
    if not called.presented and called.inputs:
        called.layout = layout(called, y)
        called.remarks += habits(called, dy_for(called.run(list(called.inputs.values())), seed))
        start.restore()


def without_trained(called, items):
    """(the parameters, those without a gradient that forward itself writes in training: running means)."""
    left = [item for item in items if item.gradient is None]
    written = written_in_training(called) if left else set()
    state = [item for item in left if any(place.steps in written for place in item.places)]
    return [item for item in items if not any(item is other for other in state)], state


def keep(called, search, items):
    """Takes over the parameters that were found: with a gradient, without one, and those that stand outside."""
    called.parameters = [item for item in items if item.gradient is not None and not covered(item, items)]
    called.others = [item for item in items if item.gradient is None and not covered(item, items)]
    fixed = [item for item in called.others if from_outside(item.places[0].steps, called.root)]
    called.unchecked = {item.name: search.looked(item) for item in called.others if item not in fixed}
    if fixed:
        called.assumed.append(f"{', '.join(item.name for item in fixed)}: held fixed, it stands outside the functions")


def hold_others(called, search):
    """Inputs without a gradient are held fixed; where no input has one, the parameters are checked alone."""
    if not called.sources:
        search.no_input(called)
        return
    for name, own in list(zip(called.inputs, called.way.moving)):
        if name not in called.sources:
            if is_label(own):
                called.assumed.append(f"{name} is held fixed: labels have no gradient here")
            else:
                called.unchecked[name] = search.looked(Parameter(name, [Place(((".", name),), called.inputs[name])]))
            called.way.fixed[own] = called.inputs.pop(name)
            called.way.moving.remove(own)


def from_outside(steps, root):
    """Whether an array is fixed from around: of a lambda (how arguments are fixed), or a file's CONSTANT of methods."""
    if steps[-1][0] != "{}":
        return False
    holder, name = follow(root, steps[:-1]), steps[-1][1]
    constant = name.isupper() and sum(map(str.isalpha, name)) > 2
    return constant if not callable_only(holder) else holder.__name__ == "<lambda>"


def covered(item, items):
    """Whether an array's numbers are those of others that have a gradient (views of one long array, a transpose)."""
    if not isinstance(item.own, np.ndarray):
        return False
    others = [other for other in items if other is not item and isinstance(other.own, np.ndarray)
              and np.may_share_memory(item.own, other.own) and other.gradient is not None]
    if item.gradient is None:
        return bool(others)
    return sum(other.own.size for other in others if other.own.size < item.own.size) >= item.own.size


def in_float32(called, y):
    """Whether forward computes in float32 inside: then it does not see what float32 cannot hold."""
    if y.dtype == np.float32:
        return True
    rounded = [x.astype(np.float32).astype(np.float64) for x in called.inputs.values()]
    far = any(not np.array_equal(x, r) for x, r in zip(called.inputs.values(), rounded))
    return far and np.array_equal(called.run(rounded), y) and len(np.unique(y)) > 3
