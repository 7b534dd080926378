"""The first forward and backward of a stranger's layer: with the inputs as they are, or as the layer may want them."""
import warnings

import numpy as np

from ...gradcheck import spread
from ..ready import build
from .arguments import RATE, Argument, Call, Missing, is_label, own_names, positional, signature, title
from .draws import Draws
from .labels import label_kinds, make_label
from .more_outputs import refuse_outputs
from .outputs import chosen
from .parameters import is_tensor, leaves
from .reach import Snapshot, places
from .tensors import tensor_maker
from .training import SWITCHES
from .ways import left_output, plan_backward, way_of

# of the way, as the best trial left it
KEPT = "label silent local wrap forward backward back_function names moving fixed".split()
FORWARD, BACKWARD, SHAPE, WELL = 0, 1, 2, 3         # where a trial stopped: forward failed, backward, dx is strange


class Trial:
    """One attempt to call forward and backward, and how far it came."""

    def __init__(self, way, draws, arrays, label=None, words=(), change=None):
        self.way, self.draws, self.arrays, self.label, self.words = way, draws, arrays, label, list(words)
        self.change = change or {}              # what it sets on the way
        self.stage, self.error, self.y, self.backward = FORWARD, None, None, None

    def go(self, seed):
        for name, value in {**self.change, "label": self.label}.items():
            setattr(self.way, name, value)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                self.forward()
                if self.stage == BACKWARD:
                    self.back(seed)
            except Exception as error:          # the stranger's own, or ours that asks for something
                self.error = error
        return self

    def forward(self):
        """Runs forward; a None is accepted if the output was left on the object."""
        way = self.way
        with self.draws.begin():
            self.y = way.run(self.arrays)
            if way.wrap is None and is_tensor(way.given["y"]):
                way.wrap = tensor_maker(way.given["y"], way.forward.function)
                self.y = way.run(self.arrays)
            if self.y is None and way.kind == "layer" and left_output(way.root) is not None:
                way.silent = True
                self.y = way.run(self.arrays)
        numbers = self.y is not None and self.y.dtype.kind in "fiub"
        if numbers and np.isfinite(self.y).all():
            self.stage = BACKWARD

    def back(self, seed):
        """Runs backward in the ways that its arguments leave open, and keeps the first that fits."""
        way = self.way
        plan_backward(way, self.label is not None)
        snapshot, first, error = Snapshot(way.root), way.backward, None
        for plan in plans(way, self.label):
            way.backward = plan
            try:
                fits = self.fits(seed)
            except Exception as raised:
                error = error or raised
                continue
            finally:
                snapshot.restore()
            fits = fits and not self.is_flat()
            if fits or self.stage == BACKWARD:
                self.stage, self.backward = WELL if fits else SHAPE, plan
            if fits:
                break
        way.backward = self.backward if self.stage > BACKWARD else first
        self.settle(seed, snapshot)
        self.error = error if self.stage == BACKWARD else None

    def settle(self, seed, snapshot):
        """Takes x or y for an argument of backward that may be both."""
        plan, sentence = chosen(self, seed, dy_for(self.y, seed), snapshot)
        if plan is not None and (self.stage > BACKWARD or plan is not self.way.backward):
            self.way.backward = self.backward = plan
            self.words.append(sentence)
            self.stage = max(self.stage, SHAPE)

    def is_flat(self):
        """Whether a loss does not see numbers below 0: then it is one of probabilities."""
        if self.label is None or not (self.arrays[0] < 0).any():
            return False
        x = self.arrays[0]
        with self.draws.begin():
            y = self.way.run([np.where(x < 0, 1.01 * x, x), *self.arrays[1:]])
        return np.array_equal(y, self.y)

    def fits(self, seed):
        """Whether backward gives an array of x's shape, or returns none."""
        way = self.way
        with self.draws.begin():
            way.run(self.arrays)
        with self.draws.go_on():
            result = way.back(dy_for(self.y, seed))
        shapes = [np.shape(value) for _, value in leaves(result)]
        return not shapes or not self.arrays or any(x.shape in shapes for x in self.arrays)


def plans(way, label):
    """The ways to call backward: as its names say; for a loss also with its output, or x, where dy might be."""
    if way.backward is None or label is None or "dy" not in way.backward.roles():
        return [way.backward]
    found = [way.backward]
    kept = left_output(way.root) if way.kind == "layer" else None
    if kept is not None and np.shape(kept) == np.shape(way.passed[0]):
        found.append(in_place_of_dy(way.backward, Argument("output", "left")))
    return [*found, in_place_of_dy(way.backward, Argument(way.names[0], "input", way.names[0]))]


def in_place_of_dy(call, other):
    """The Call with another argument where dy was: some losses are given the network's output there."""
    arguments = [Argument(a.name, other.role, other.value, a.word) if a.role == "dy" else a for a in call.arguments]
    return Call(call.function, arguments)


def dy_for(y, seed):
    """dy: 1 for a loss, random for others."""
    return np.ones(()) if y.ndim == 0 else spread(y.shape, np.random.default_rng(seed))


def first_way(anything, inputs, param, train, seed):
    """(Way, Draws, the Trial that came farthest) for inputs of all kinds; whole numbers are fixed."""
    way = way_of(anything, len(inputs), param, train)
    way.switched = way.kind == "layer" and train is not None and set_train(way.root, train)
    if way.kind == "layer" and callable(getattr(way.root, "build", None)):
        make_ready(way.root, inputs[0], seed)
    draws, best = Draws(way.root, seed), None
    if inputs[0].dtype.kind in "iu" and not is_label(way.names[0]) and takes_decimals(way, draws, inputs):
        if len(inputs) > 1:
            raise Missing(f"{way.names[0]} holds whole numbers, which are not moved, but forward takes decimals: give "
                          f"{way.names[0]}.astype(float), or param={{'{way.names[0]}': ...}} to hold it fixed")
        inputs[0] = inputs[0].astype(np.float64)
    way.fixed = {name: x for name, x in zip(way.names, inputs) if x.dtype.kind not in "fc"}
    way.moving = [name for name in way.names if name not in way.fixed]
    arrays = [x.astype(np.float64) for x in inputs if x.dtype.kind in "fc"]
    if not arrays and way.kind != "layer":
        raise Missing("no input has decimals, so none can be moved; give x as an array of float64")
    first = {name: getattr(way, name) for name in KEPT}
    for trial in trials(way, draws, arrays, seed):
        for name, value in first.items():
            setattr(way, name, value)
        trial.go(seed)
        if best is None or trial.stage > best.stage:
            best, kept = trial, {name: getattr(way, name) for name in KEPT}
        if best.stage == WELL or not goes_on(best, trial):
            break
    if isinstance(best.error, Missing):
        raise best.error
    for name, value in kept.items():
        setattr(way, name, value)
    if best.stage > FORWARD:
        refuse_outputs(way, best.arrays, draws)
    return way, draws, best


def takes_decimals(way, draws, inputs):
    """Whether the first input, of whole numbers, is no index: forward takes decimals there, and they count."""
    found = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for step in (0, 0.25):
            try:
                with draws.begin():
                    found.append(np.array(way.run([inputs[0] + float(step), *inputs[1:]])))
            except Exception:                   # an index must be a whole number
                return False
    return found[0].dtype.kind == "f" and not np.array_equal(*found, equal_nan=True)


def goes_on(best, trial):
    """Whether another form of x may help: not where forward took it, and not where forward overflows at it."""
    through_call = best.stage == BACKWARD and trial.way.kind == "layer" and callable(trial.way.root)
    through_call = through_call or isinstance(best.error, Missing)
    return trial.label is not None or through_call or best.stage == FORWARD and best.error is not None


def trials(way, draws, arrays, seed):
    """The attempts, the plainest first. A next one is tried only if those before did not go well."""
    kinds = [None]
    if "label" in way.forward.roles():
        argument = next(a for a in way.forward.arguments if a.role == "label")
        owner = type(way.root).__name__ if way.kind == "layer" else ""
        kinds = label_kinds(owner, title(way.forward.function), argument.name)
    for words, others, change in forms(way, arrays, kinds[0]):
        for kind in kinds:
            label = None if kind is None else make_label(kind, others[0], seed)
            said = [words] if words else []
            yield Trial(way, draws, others, label, said + ([f"labels are {kind}"] if kind else []), change)


def forms(way, arrays, labels):
    """(words, inputs, what is set on the way) in which a layer may want its inputs."""
    yield "", arrays, {}
    if way.kind == "layer" and callable(way.root) and way.forward.function != way.root:
        call = way.asker.forward(way.root.__call__, own_names(way.root.__call__, len(way.names)))
        names = [argument.name for argument in call.arguments if argument.role == "input"]
        yield "", arrays, {"forward": call, "back_function": None, "names": names,
                           "moving": [name for name, own in zip(names, way.names) if own in way.moving],
                           "fixed": {name: way.fixed[own] for name, own in zip(names, way.names) if own in way.fixed}}
    if maker := tensor_maker(way.root, way.forward.function):
        yield "", arrays, {"wrap": maker}
    if labels:
        yield "x is made of probabilities", probabilities(arrays), {}
    if arrays and initialized(way.root, arrays[0]):
        yield "initialize() was called with an optimizer", arrays, {}
    for words, others in other_inputs(arrays):
        yield words, others, {}


def other_inputs(arrays):
    """(words, inputs) in other forms, for a layer that cannot take them as they are."""
    if len(arrays) != 1 or arrays[0].ndim == 0:
        return
    x = arrays[0]
    if x.ndim == 4:
        yield "x is one image, (C, H, W)", [x[0].copy()]
        yield "x has its channels last, (N, H, W, C)", [np.ascontiguousarray(x.transpose(0, 2, 3, 1))]
    if x.ndim > 2:
        yield "x is flat, (N, D)", [x.reshape(len(x), -1)]
    if x.ndim == 2:
        yield "x has a column for each of its vectors, (D, N)", [x.T.copy()]
        yield "x is one vector, (D,)", [x[0].copy()]


def probabilities(arrays):
    """For a loss of numbers that must be positive."""
    positive = np.exp(arrays[0])
    if positive.ndim:
        positive = positive / positive.sum(axis=1 if positive.ndim > 2 else -1, keepdims=True)
    return [positive * 0.9, *arrays[1:]]


class Steps:
    """An optimizer for layers that want one: a plain step with the rate 1, so that the change is the gradient."""

    def __init__(self):
        self.learning_rate = RATE

    def update(self, w, gradient):
        return w - RATE * np.asarray(gradient)


def initialized(layer, x):
    """Whether a layer could be told the shape of its input, and be given an optimizer, as some need before forward."""
    begin = getattr(layer, "initialize", None)
    if not callable(begin) or len(signature(begin) or []) > 1:
        return False
    if callable(getattr(layer, "set_input_shape", None)) and getattr(layer, "input_shape", None) is None:
        layer.set_input_shape(x.shape[1:])
    begin(*[Steps() for _ in signature(begin) or []])
    return True


def make_ready(layer, x, seed):
    """Calls the build of a layer that holds no arrays yet: npnet's (shape, rng, dtype), or one that takes x's shape."""
    if any(isinstance(place.value, np.ndarray) and place.value.dtype.kind == "f" for place in places(layer)):
        return
    wanted = positional(signature(layer.build) or [])
    if len(wanted) >= 2:
        build(layer, x.shape, seed)
        return
    state = np.random.get_state()
    np.random.seed(seed % 2 ** 32)
    try:
        layer.build(x.shape) if wanted else layer.build()
    finally:
        np.random.set_state(state)


def set_train(layer, train):
    """Tells a layer that it trains, where it has a switch for that; whether it has one."""
    words = [name for name in SWITCHES if isinstance(getattr(layer, name, None), bool)]
    for name in words:
        setattr(layer, name, train)
    switch = getattr(layer, "train" if train else "eval", None)
    if callable(switch) and not [p for p in positional(signature(switch) or []) if p.default is p.empty]:
        switch()
        return True
    return bool(words)
