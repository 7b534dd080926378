"""Whole networks: every array, sampled, at the size at which the network is used.

    print(check_network(model("krizhevsky2012"), seconds=60))

A mistake may show at full size alone: an index kept in 8 bits, a block of pixels, a 14 that was written into the
code. So nothing is made smaller here. What is saved is work: each layer is checked at its own place, with the
numbers that the network brings there, and one slope costs one run of that layer and not of the network. Every
array is moved in two ways:

    along random directions     all of its numbers at once: a single wrong one among 37 million still shows
    number by number            some of them, drawn at random: they tell what is wrong, and where

If a direction is wrong and the drawn numbers are all right, the array is halved until the wrong place is found.
In the end the network as a whole is moved along a random direction of each array: that the layers are right does
not yet mean that they are called in the right order.

The numbers that reach a layer are brought to size 1, and a tenth as much is added at random, so that no two are
equal: behind a ReLU most windows of a pool would hold nothing but zeros, and be left out as kinks.
"""
import time
from dataclasses import dataclass, field

import numpy as np
from numpy.linalg import norm

from ..backend import ops
from ..gradcheck import Row, along, central, judge, spread
from ..layers import Layer, rng
from ..models import copied
from ..network import Network, fill
from ..screen.words import counted, listed, sentence
from .directions import halved
from .strangers import call
from .strangers.ways import FORWARD
from .strangers.ways import Chain as Strung

STEP, TOLERANCE = 1e-5, 1e-6        # the step is a share of the array's size
FEWEST, MOST = 1, 24                # numbers of each array that are moved, as time allows
TRIES = 4                           # directions drawn anew where one meets a kink
HALVING = 15                        # seconds for finding one wrong number among many
QUIET = 2                           # seconds before progress is told


@dataclass
class NetworkReport:
    """One Row per array, "conv1.w", and one for the network as a whole. print(report) shows what matters."""

    rows: list = field(default_factory=list)
    layers: int = 0                     # how many were checked at their own places
    seconds: float = 0.0
    unchecked: dict = field(default_factory=dict)       # {layer or array: why}

    @property
    def ok(self):
        return bool(self.rows) and not self.unchecked and all(row.verdict == "ok" for row in self.rows)

    def __str__(self):
        numbers, kinks = sum(row.checked for row in self.rows), sum(row.kinks for row in self.rows)
        where = f"{self.layers} layers at their own places, then all together" if self.layers else "as a whole"
        lines = [f"gradient check {'passed' if self.ok else 'FAILED'}: {len(self.rows)} arrays, {where}",
                 f"  {numbers:,} slopes{f', {kinks} on a kink left out' if kinks else ''}, in {self.seconds:.0f} s"]
        lines += [str(row) for row in self.rows if row.verdict != "ok"]
        return "\n".join(lines + [f"  not checked: {name} ({why})" for name, why in self.unchecked.items()])


class Part:
    """A layer at its place, or a network: `arrays` are moved in place and put back, `forward` gives y for them.

    y, dy, rounding: as the book's Point has them. gradients: what backward gave for dy, the arrays themselves.
    """

    def __init__(self, name, subject, x, seed, options):
        self.name, self.subject, self.options = name, ready(subject, x, seed, options), options
        self.inputs = getattr(self.subject, "inputs", {"x": x})
        self.unchecked = dict(getattr(self.subject, "unchecked", {}))
        self.params = dict(self.subject.params())
        self.arrays = dict(self.inputs) | self.params
        self.rng = rng(seed, "whole", name)
        self.y = self.forward()
        self.dy = spread(self.y.shape, self.rng)
        self.rounding = 8 * np.finfo(np.float64).eps * norm(self.dy * self.y)
        dx = self.subject.backward(self.dy.copy())
        self.gradients = dict(zip(self.inputs, dx if isinstance(dx, list) else [dx])) | dict(self.subject.grads())

    def forward(self):
        """y as a fresh array. ValueError if it is not finite."""
        y = np.array(self.subject.forward(*(array.copy() for array in self.inputs.values()), **self.options),
                     np.float64)
        if not np.isfinite(y).all():
            raise ValueError(f"{self.name}: forward returned numbers that are not finite; give another x")
        return y


def ready(subject, x, seed, options):
    """The subject with forward, backward, params and grads: a layer or network of npnet's kind as it is, others called
    as strangers (who are called in training or not by their own `train`). Errors of strangers.call."""
    if isinstance(subject, (Layer, Network)):
        return subject
    called = call(subject, [x], train=options.get("train"), seed=seed)
    options.clear()
    return called


class Clock:
    """How much time is left, and whether progress is worth a word."""

    def __init__(self, seconds, say):
        self.began, self.seconds, self.say = time.monotonic(), seconds, say

    @property
    def passed(self):
        return time.monotonic() - self.began

    def tell(self, sentence):
        if self.passed > QUIET:
            self.say(f"{sentence} ({self.passed:.0f} of at most about {self.seconds:.0f} s)")


def check_network(net, x=None, seed=0, entries=None, seconds=60, train=False, say=lambda sentence: None):
    """A NetworkReport: every array of a network, sampled, in about so many seconds.

    net: a Network, which is computed in float64 whatever its own dtype; a list of layers; or a stranger's
    object with forward and backward, its layers in a list or dictionary `layers`, if it has them. x: pictures
    (N, C, H, W); a Network makes two of its own, others need it. entries: how many numbers of each array are
    moved one by one (None: 1 to 24, as time allows). train: as Network.forward has it. say(sentence) hears how
    far it is, if it takes more than two seconds. Raises ValueError where nothing can be measured, with the
    layer's name.
    """
    clock, report = Clock(seconds, say), NetworkReport()
    net, x = prepared(net, x, seed)
    kept = {name: array.copy() for name, array in getattr(net, "state", dict)().items()} if train else {}
    places = places_of(net, x, train)
    report.layers = len(places)
    left = sum(place.cost for place in places)
    for place in places:
        clock.tell(f"{place.name}: {place.shape}")
        budget = (0.6 * seconds - clock.passed) * place.cost / max(left, 1e-9)
        left -= place.cost
        try:
            report.rows += checked_place(place, seed, entries, clock.passed + budget, clock, report)
        except (TypeError, ValueError) as error:                # a stranger that cannot be called
            report.unchecked[place.name] = sentence(error)
    clock.tell("the network as a whole")
    if report.rows and any(row.verdict != "ok" for row in report.rows):
        report.unchecked["the network as a whole"] = "its layers must be right first"
    else:
        whole = Part("the network", net, x, seed, options_of(net, train))
        report.unchecked |= whole.unchecked
        report.rows += [chain(whole)] if places else check_part(whole, "", entries, seconds, clock)
    for name, array in kept.items():                        # running statistics went on in training
        net.state()[name][...] = array
    report.seconds = clock.passed
    return report


# ------------------------------------------------------------------------------- what is checked, and where

@dataclass
class Place:
    """A layer of a network, what the network brings it (float64), and what one forward costs in seconds."""

    name: str
    layer: object
    x: np.ndarray
    options: dict
    seconds: float

    @property
    def cost(self):
        return self.seconds * (1 + len(getattr(self.layer, "params", dict)()))

    @property
    def shape(self):
        return " x ".join(map(str, self.x.shape))


def named(layers):
    """{name: layer} of a list, "0 MyConv", or of a dictionary."""
    if isinstance(layers, dict):
        return dict(layers)
    return {f"{number} {type(layer).__name__}": layer for number, layer in enumerate(layers)}


def prepared(net, x, seed):
    """The network in float64, and x. Raises ValueError or TypeError for what cannot be checked."""
    if isinstance(net, Network):
        if net.device != "host":
            raise ValueError("a network on a graphics card cannot be moved number by number; save it, call "
                             "use('numpy') and load it")
        net = net if net.dtype == np.float64 else in_float64(net)
        x = spread((2, *net.input_shape), rng(seed, "whole", "x")) if x is None else np.array(x, np.float64)
        net.check_input(x)
        return net, x
    if x is None:
        raise ValueError("x is missing: a batch of pictures for this network, like np.random.randn(2, 3, 32, 32)")
    return list(net.values()) if isinstance(net, dict) else net, np.array(x, np.float64)


def in_float64(net):
    """A copy of a network that computes in float64."""
    wide = Network(net.input_shape, net.seed, np.float64, **{name: copied(layer) for name, layer in net.layers.items()})
    wide.freeze(*net.frozen)
    wide.step, wide.rows = net.step, net.rows
    fill(wide, {name: ops.to_host(array) for name, array in (net.params() | net.state()).items()})
    return wide


def options_of(subject, train):
    return {"train": True} if train else {}


def places_of(net, x, train):
    """A Place for each layer of a network that has layers; [] for one whose layers cannot be reached.

    The network runs once, and what comes to each layer's forward is kept.
    """
    layers = named(net if isinstance(net, (list, tuple)) else getattr(net, "layers", None) or {})
    methods = {name: next((word for word in FORWARD if callable(getattr(layer, word, None))), "__call__")
               for name, layer in layers.items()}
    if "__call__" in methods.values() or not all(hasattr(layer, "__dict__") for layer in layers.values()):
        return []                                               # what stands in the class cannot be listened to
    net = Strung(layers.values()) if isinstance(net, (list, tuple)) else net
    found = {}

    def recorded(name, layer):
        run = getattr(layer, methods[name])                     # the class's own method, for this object

        def forward(x, *others, **options):
            came = np.array(x, np.float64)
            began = time.monotonic()
            y = run(x, *others, **options)
            found[name] = Place(name, layer, came, options, time.monotonic() - began)
            return y
        return forward

    try:
        for name, layer in layers.items():
            setattr(layer, methods[name], recorded(name, layer))
        for _ in range(2):                                      # the first may compile, the second is timed
            next(run for run in (getattr(net, word, None) for word in FORWARD) if callable(run))(
                x.copy(), **options_of(net, train))
    except TypeError:                                           # forward wants more: then it is called as a whole
        return []
    finally:
        for name, layer in layers.items():
            vars(layer).pop(methods[name], None)
    return list(found.values()) if len(found) == len(layers) else []


def checked_place(place, seed, entries, until, clock, report):
    """The rows of one layer at its place; [] and a word in report.unchecked where it cannot be called."""
    size = norm(place.x) / np.sqrt(place.x.size) or 1.0
    x = place.x / size + 0.1 * spread(place.x.shape, rng(seed, "whole", place.name, "x"))
    part = Part(place.name, place.layer, x, seed, place.options)
    report.unchecked |= {f"{place.name}.{name}": where for name, where in part.unchecked.items()}
    return check_part(part, f"{place.name}.", entries, until, clock)


# ------------------------------------------------------------------------------- slopes

def check_part(part, prefix, entries, until, clock):
    """A Row for every array of a Part; `until`: seconds on the clock at which it should be done."""
    rows = []
    for number, (name, array) in enumerate(part.arrays.items()):
        row, gradient = Row(prefix + name, array.size, "", name in part.params), part.gradients.get(name)
        rows.append(row)
        if np.shape(gradient) != array.shape:
            row.note(f"Its gradient has shape {np.shape(gradient)}, but the array {array.shape}.", "wrong")
            continue
        end = clock.passed + (until - clock.passed) / (len(part.arrays) - number)
        check_array(part, row, array, gradient, entries, end, clock)
    return rows


def check_array(part, row, array, gradient, entries, until, clock):
    """Fills in the row of one array: random directions first, then some numbers one by one, while there is time."""
    size = norm(array) / np.sqrt(array.size) or 1.0
    began = clock.passed
    along_all = [direction(part, array, gradient, size)]
    each = max(clock.passed - began, 1e-6)                      # one number's slope takes less
    count = min(array.size, entries or int(np.clip((until - clock.passed) / each, FEWEST, MOST)))
    if count > FEWEST:
        along_all.append(direction(part, array, gradient, size))
    places = sorted({tuple(int(part.rng.integers(length)) for length in array.shape) for _ in range(count)})
    slopes, kinks = central([along(part, array, place, size) for place in places], part, STEP)
    numeric = np.array([slope for _, slope, _ in along_all] + list(slopes))
    analytic = np.array([product for product, _, _ in along_all] + [gradient[place] * size for place in places])
    seen = ~np.array([kink for _, _, kink in along_all] + list(kinks))
    row.method = f"{counted(len(along_all), 'random direction')} and {counted(len(places), 'number')}"
    row.kinks = int((~seen).sum())
    judge(row, analytic, numeric, seen, TOLERANCE, part.rounding / STEP)
    if row.verdict != "ok":
        explain(part, row, array, gradient, size, places, row.errors[len(along_all):], slopes, clock)


def direction(part, array, gradient, size, region=...):
    """<gradient, v>, the slope along v, and whether a kink was met: v is random, of the array's size, in a region."""
    for _ in range(TRIES):
        v = part.rng.standard_normal(array[region].shape)
        v *= size / norm(v)
        slopes, kinks = central([along(part, array, region, v)], part, STEP)
        if not kinks[0]:
            break
    return float(np.vdot(gradient[region], v)), float(slopes[0]), bool(kinks[0])


def chain(whole):
    """One Row for a network whose layers are right: is the whole right along a direction of each array?"""
    row = Row("the network", sum(array.size for array in whole.arrays.values()), "a random direction of each array")
    bad = []
    for name, array in whole.arrays.items():
        gradient = whole.gradients.get(name)
        if np.shape(gradient) != array.shape:
            row.note(f"The gradient of {name} has shape {np.shape(gradient)}, the array {array.shape}.", "wrong")
            return row
        size = norm(array) / np.sqrt(array.size) or 1.0
        product, slope, kink = direction(whole, array, gradient, size)
        usual = size * norm(gradient) / np.sqrt(array.size)     # how large a slope along a direction is, as a rule
        one = Row(name, array.size, "", name in whole.params)     # a bias before batch norm has none
        judge(one, np.array([product, usual]), np.array([slope, usual]), np.array([not kink, True]), TOLERANCE,
              whole.rounding / STEP)
        row.checked, row.kinks, row.error = row.checked + (not kink), row.kinks + kink, np.fmax(row.error, one.error)
        bad += [(name, one)] if one.verdict != "ok" else []
    if bad:
        row.wrong, (first, one) = len(bad), bad[0]
        row.note(f"Each layer is right, the whole is not: {listed([name for name, _ in bad])} (along a direction of "
                 f"{first} analytic {one.analytic:.5g}, numeric {one.numeric:.5g}). Are all layers called in "
                 f"backward, in reverse order, each with what the one after it gave?", "wrong")
    return row


# ------------------------------------------------------------------------------- what is wrong, and where

def explain(part, row, array, gradient, size, places, wrong, slopes, clock):
    """Says what is wrong with an array, in numbers, and where. wrong: which of the numbers that were moved."""
    if not wrong.any():
        until = clock.passed + HALVING
        place = halved(array.shape, lambda place: off(part, array, gradient, size, place), lambda: clock.passed < until)
        if place is None:
            row.note("Along random directions it is wrong; the numbers that were moved one by one are right.")
            return
        places, wrong = [place], np.array([True])
        slopes = central([along(part, array, place, size)], part, STEP)[0]
        row.note("Few of its numbers are wrong; this one was found by halving the array.")
    differences = [abs(gradient[place] * size - slope) if bad else 0 for place, slope, bad in
                   zip(places, slopes, wrong)]
    worst = int(np.argmax(differences))
    row.worst, row.wrong = places[worst], int(wrong.sum())
    row.analytic, row.numeric = float(gradient[row.worst]), float(slopes[worst] / size)
    if len(places) > 1:
        row.note(f"{row.wrong} of the {len(places)} numbers that were moved one by one are wrong"
                 f"{spans(places, wrong)}.")


def off(part, array, gradient, size, place):
    """How far product and slope along a direction in a region are apart."""
    product, slope, kink = direction(part, array, gradient, size, place)
    return 0 if kink else abs(product - slope) * np.sqrt(array[place].size)


def spans(places, wrong):
    """', all at index 256 or more of axis 0; ...': where one axis parts the wrong places from the right ones."""
    bad, good = np.array(places)[wrong], np.array(places)[~wrong]
    for axis in range(bad.shape[1] if len(good) else 0):
        b, g = bad[:, axis], good[:, axis]
        if b.min() > g.max():
            return f", all at index {b.min()} or more of axis {axis}; up to {g.max()} all is right"
        if b.max() < g.min():
            return f", all at index {b.max()} or less of axis {axis}; from {g.min()} on all is right"
    return ""
