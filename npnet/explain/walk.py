"""The walk of one picture through a network: what every layer was given, what it made of it, what it cost.

    explain = Explain(net, x)               # x (1, C, H, W)
    for step in explain:                    # layer after layer; each runs when it is asked for
        print(step.facts.name, step.size, step.by_hand)
    explain["conv2"].y                      # what conv2 made
    explain.best(5)                         # the five best classes
    explain.backward()                      # and how large the gradients are on their way back

An Explain holds facts and prints nothing: terminal.py and pictures.py are two of its faces. With
npnet.check(True) the first layer that makes NaN or infinity is named, and the walk ends there.
"""
import time
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..backend import ops
from ..layers import Conv2D, Softmax, rng
from ..network import check_finite
from .by_hand import ByHand, by_hand
from .facts import LayerFacts, layer_facts
from .sentences import size_sentences
from .words import LANGUAGES, Said, within

SLOW = 5            # seconds: what takes so long is not timed again


@dataclass
class Step:
    """One layer of the walk. x, y: its input and output, with N = 1, as NumPy arrays."""

    walk: object            # the Explain
    facts: LayerFacts
    number: int             # 1 for the first layer
    count: int              # of all layers
    layer: object
    x: np.ndarray
    y: np.ndarray
    seconds: float
    size: list              # why the output has its size: one line, or one for rows and one for columns; see words
    share: float            # of the network's multiply-adds
    parameter_share: float  # of the network's parameters
    column_bytes: int       # what im2col writes
    minimum: float
    maximum: float
    mean: float
    zeros: float            # the share of zeros in the output
    by_hand: ByHand         # one output again, by a plain loop; None for a layer that is not npnet's own

    @property
    def language(self):
        """In which its faces say it."""
        return self.walk.language

    @cached_property
    def paths(self):
        """The steps of the layers inside a Concat, path by path; they run again when this is asked for."""
        paths = self.layer.paths if self.facts.paths else ()
        return [self.along(path, facts) for path, facts in zip(paths, self.facts.paths)]

    def along(self, path, facts):
        """The steps of one path."""
        steps, x = [], self.x
        for layer, own in zip(path.values(), facts):
            steps.append(self.walk.made(layer, own, x, self.number, runs=1))
            x = steps[-1].y
        return steps


@dataclass
class Answer:
    """One class and how probable the network finds it."""

    label: int
    name: str
    probability: float


@dataclass
class Backward:
    """One backward pass: the loss of `label`, and a Gradient for every layer, the last layer first."""

    label: int
    loss: float
    gradients: list


@dataclass
class Gradient:
    """Lengths (Euclidean norms) of what reached a layer, of what it sent on, and of its parameters' gradients."""

    name: str
    dy: float
    dx: float
    parameters: dict        # {"w": ..., "b": ...} or {}


class Explain:
    """One picture on its way through a network.

    x: the input of the network for one picture, (1, C, H, W). names: what its classes are called.
    weights: where the weights came from; None says that they are random, and the answers mean
    nothing. picture: the photograph, uint8 (H, W, 3), and order, "RGB" or "BGR", that of x's
    channels; both only for the pictures. language: "en" or "ko", in which its faces say all this.
    Layers run when they are asked for, in order, once.
    """

    def __init__(self, net, x, names=None, weights=None, picture=None, order="RGB", language="en"):
        if language not in LANGUAGES:
            raise ValueError(Said("error.language", language=repr(language)))
        net.check_input(x)
        check_finite("the input", x)
        if len(x) != 1:
            raise ValueError(within(Said("error.one_picture", count=len(x)), language))
        self.net, self.x, self.weights, self.picture, self.order, self.language = (
            net, x, weights, picture, order, language)
        self.facts, self.names, self.steps, self.gradients = layer_facts(net), names, [], None
        if names is not None and self.classes != len(names):
            raise ValueError(self.say("error.names" if self.classes else "error.no_classes",
                                      count=len(names), classes=self.classes))

    def say(self, name, /, **values):
        """A sentence of words, by its id, in the language of this walk."""
        return Said(name, **values).within(self.language)

    @property
    def random(self):
        """Whether the weights are random, so that the answers mean nothing."""
        return self.weights is None

    @property
    def classes(self):
        """How many classes the network ends in; 0 if it ends in maps."""
        last = self.facts[-1].shape_out
        return last[0] if len(last) == 1 else 0

    def __len__(self):
        return len(self.facts)

    def __iter__(self):
        return (self.step(number) for number in range(len(self)))

    def __getitem__(self, name):
        """The step of the layer `name`, or of "expand2.expand1x1" inside a Concat; KeyError if there is none."""
        step = self.step(list(self.net.layers).index(outside(self.net, name)))
        if name == step.facts.name:
            return step
        inside = {each.facts.name: each for path in step.paths for each in path}
        return inside[name] if name in inside else self.net.known(name)       # KeyError

    def step(self, number):
        """The step of the layer number `number`, counted from 0; runs it and those before, if they have not."""
        while len(self.steps) <= number:
            self.steps.append(self.next_step())
        return self.steps[number]

    def next_step(self):
        """Runs the first layer that has not run yet."""
        facts = self.facts[len(self.steps)]
        x = self.steps[-1].y if self.steps else ops.to_host(self.x)
        return self.made(self.net.layers[facts.name], facts, x, len(self.steps) + 1, runs=2)

    def made(self, layer, facts, x, number, runs):
        """Runs a layer, as often as `runs` says to take its time; returns the Step."""
        y, seconds = timed(layer, x, runs)
        check_finite(f"{facts.name}: its output", y)
        with np.errstate(all="ignore"):                                 # a picture of NaN can be explained, too
            return Step(
                walk=self, facts=facts, number=number, count=len(self), layer=layer, x=x, y=y, seconds=seconds,
                size=size_sentences(layer, facts.shape_in, facts.shape_out),
                share=facts.multiply_adds / max(1, sum(each.multiply_adds for each in self.facts)),
                parameter_share=facts.parameters / max(1, sum(each.parameters for each in self.facts)),
                column_bytes=facts.columns * y.itemsize,
                minimum=float(y.min()), maximum=float(y.max()), mean=float(y.mean(dtype=np.float64)),
                zeros=float((y == 0).mean()), by_hand=by_hand(layer, x, y))

    def probabilities(self):
        """How probable the network finds every class, (classes,). Runs all layers."""
        last = self.last()
        y = last.y if isinstance(last.layer, Softmax) else ops.to_host(ops.softmax_forward(ops.to_device(last.y)))
        return y[0]

    def last(self):
        """The last step. Runs all layers; ValueError if they end in maps."""
        if not self.classes:
            raise ValueError(self.say("error.maps", shape=self.facts[-1].shape_out))
        return self.step(len(self) - 1)

    def best(self, count=5):
        """The most probable classes, the best first: a list of Answer."""
        p = self.probabilities()
        best = np.argsort(-p, kind="stable")[:count]
        return [Answer(int(label), self.name(label), float(p[label])) for label in best]

    def name(self, label):
        return str(self.names[label]) if self.names is not None else self.say("answers.class", label=label)

    def backward(self, label=None):
        """Carries the gradient of the cross-entropy of class `label` (None: the best one) back to the picture.

        Returns a Backward and keeps it as `gradients`. A Softmax at the end is taken into the loss.
        The layers must still remember this picture: do not run the network on another one before.
        """
        label, last, steps = self.best(1)[0].label if label is None else label, self.last(), list(self)
        logits = last.y
        if isinstance(last.layer, Softmax):
            logits = steps.pop().x
        loss, dy = ops.softmax_cross_entropy(ops.to_device(logits), ops.to_device(np.array([label])))
        self.gradients = Backward(label, float(loss), [])
        for step in reversed(steps):
            dx = step.layer.backward(dy)
            own = step.layer.grads()
            for key, gradient in own.items():
                check_finite(f"{step.facts.name}: the gradient of {key}", gradient)
            check_finite(f"{step.facts.name}: the gradient of its input", dx)
            self.gradients.gradients.append(Gradient(
                step.facts.name, length(dy), length(dx), {name: length(array) for name, array in own.items()}))
            dy = dx
        return self.gradients


def outside(net, name):
    """The name of the layer on the way itself: "expand2" of "expand2.expand1x1"; KeyError if there is none."""
    return net.known(name if name in net.layers else name.partition(".")[0])


def timed(layer, x, runs):
    """The layer's output as a NumPy array, and the seconds of the quickest run: the first may compile."""
    x, seconds = ops.to_device(x), []
    while len(seconds) < runs and max(seconds, default=0) < SLOW:
        start = time.perf_counter()
        y = ops.to_host(layer.forward(x))
        seconds.append(time.perf_counter() - start)
    return y, min(seconds)


def length(array):
    return float(np.linalg.norm(ops.to_host(array).ravel()))


def cost(net, last=None, backward=False):
    """How many multiply-adds a walk up to the layer `last` takes (None: to the end), and about how many
    seconds on the backend in use, at the rate of a small convolution that is run and timed."""
    names = list(net.layers)
    chosen = layer_facts(net)[:names.index(net.known(last)) + 1 if last else None]
    count = sum(facts.multiply_adds for facts in chosen) * (3 if backward else 1)
    rate = multiply_adds_per_second(channels=8, size=12)
    if rate > 1e7:                                                      # no loops: measure where overheads are small
        rate = multiply_adds_per_second(channels=64, size=28)
    return count, count / rate


def multiply_adds_per_second(channels, size):
    """The rate of one convolution."""
    layer, shape = Conv2D(channels, 3, pad=1), (channels, size, size)
    layer.build(shape, rng(0))
    x = np.ones((1, *shape), np.float32)
    layer.forward(ops.to_device(x))                                     # compiles, which may take long
    return layer.multiply_adds(shape) / timed(layer, x, runs=3)[1]
