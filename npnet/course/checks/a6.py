"""What must hold of A6: dropout and ReLU.

Where numbers are compared exactly, 1 - p_drop is 1/2, 1/4 or 1/8, so that x / (1 - p_drop) and
x * (1 / (1 - p_drop)) are the same number. The recorded generator gives multiples of 1/256, so large
probes hold places where the random number equals p_drop.
"""
import numpy as np

from ..grader.calls import Call, Rng
from ..grader.properties import Failure, Property, equal, missing, unchanged

OUTPUTS = {"dropout_forward": ("y", "mask"), "dropout_backward": ("dx",), "relu_backward": ("dx",)}

TWICE = """
def twice(dy, mask, p_drop):
    first = dropout_backward(dy, mask, p_drop)
    return np.stack([first, dropout_backward(dy, mask, p_drop)])
"""


# ---------------------------------------------------------------------------- judges

def drawn(outcomes, expected, calls, tolerance=0.0, names=()):
    """The generator is asked what the solution asks of it, and the shared one of NumPy is left alone."""
    for i, (got, want) in enumerate(zip(outcomes, expected)):
        failure = missing(got)
        if not failure and (got.global_random or shapes(got.drawn) != shapes(want.drawn)):
            failure = Failure("random", details={"got": shapes(got.drawn), "want": shapes(want.drawn),
                                                 "global": got.global_random})
        if failure:
            failure.call = i
            return failure
    return None


def shapes(drawn):
    """[(method, shape)] with tuples for shapes, whichever way they came."""
    return [(method, tuple(shape)) for method, shape in drawn]


def equal_and_drawn(outcomes, expected, calls, tolerance=0.0, names=()):
    """The values are right, and so is what is asked of the generators."""
    return (equal(outcomes, expected, calls, tolerance, names)
            or drawn(outcomes, expected, calls, tolerance, names))


# ---------------------------------------------------------------------------- dropout

def numbers(draw, *shape):
    """Quarters without a 0, so that every dropped number is seen."""
    x = draw.quarters(*shape)
    return np.where(x == 0, 2.25, x)


def forward(draw, shape, p_drop, train=True):
    return Call("dropout_forward", [numbers(draw, *shape), p_drop, Rng(draw.integers(0, 2 ** 31)), train])


def backward(draw, shape, p_drop, share):
    """share: of the numbers that are kept."""
    mask = draw.uniform(*shape) < share
    mask.flat[:2] = True, False
    dy = numbers(draw, *shape)
    dy.flat[:2] = -1.5, 1.75
    return Call("dropout_backward", [dy, mask, p_drop])


def calls_of_train(draw, parts):
    return [forward(draw, (3, 5), 0.5), forward(draw, (4, 6, 16, 16), 0.75)]


def calls_of_test(draw, parts):
    return [forward(draw, (3, 5), 0.5, train=False), forward(draw, (2, 3, 4, 5), 0.75, train=False)]


def calls_of_backward(draw, parts):
    return [backward(draw, (3, 7), 0.5, 0.5), backward(draw, (2, 3, 5, 4), 0.75, 0.4)]


def calls_of_seeded(draw, parts):
    few, more = (draw.integers(2, 5) for _ in range(2))
    p_drop = draw.pick([0.75, 0.875])
    return [forward(draw, (few, 7), p_drop), forward(draw, (more, 5, 16, 16), p_drop),
            forward(draw, (few, 5), 0.875 if p_drop == 0.75 else 0.75, train=False),
            backward(draw, (few, 9), p_drop, 0.5), backward(draw, (more, 3, 2, 4), p_drop, 0.3)]


def calls_of_nothing_dropped(draw, parts):
    return [forward(draw, (draw.integers(3, 6), 4, 16, 16), 0.0), backward(draw, (3, 5), 0.0, 0.7)]


def calls_of_own_masks(draw, parts):
    """Equal images, so that only the masks can tell them apart; two generators."""
    x = np.repeat(numbers(draw, 1, 12), draw.integers(3, 6), axis=0)
    return [Call("dropout_forward", [x, 0.5, Rng(draw.integers(0, 2 ** 31)), True]) for _ in range(2)]


def calls_of_repeated(draw, parts):
    dy, mask, p_drop = backward(draw, (draw.integers(2, 5), 30), 0.75, 0.5).arguments
    return [Call("twice", [dy, mask, p_drop], TWICE)]


def calls_of_arguments(draw, parts):
    return [forward(draw, (3, 8), 0.75), forward(draw, (2, 3, 2, 2), 0.75, train=False),
            backward(draw, (3, 8), 0.75, 0.5)]


# ---------------------------------------------------------------------------- ReLU

def gate(draw, *shape):
    """dy of both signs, y with many zeros; every pair of signs is there."""
    y, dy = np.maximum(draw.quarters(*shape), 0), numbers(draw, *shape)
    y.flat[:4] = 0.0, 0.0, 1.5, 0.25
    dy.flat[:4] = 2.0, -1.0, 0.75, -3.0
    order = draw.order(y.size)
    return Call("relu_backward", [dy.flat[order].reshape(shape), y.flat[order].reshape(shape)])


def calls_of_gate(draw, parts):
    return [gate(draw, 3, 5), gate(draw, 2, 3, 4, 5)]


def calls_of_zeros(draw, parts):
    """Outputs of ReLU for numbers of which every third is exactly 0."""
    x = numbers(draw, 4, 9)
    x[:, ::3] = 0
    return [Call("relu_backward", [numbers(draw, 4, 9), np.maximum(x, 0)])]


def calls_of_relu_seeded(draw, parts):
    few, more = draw.integers(2, 5), draw.integers(3, 7)
    return [gate(draw, few, more + 2), gate(draw, few, 3, more, 2)]


PROPERTIES = [
    Property("a6.dropout.train", "a6.dropout", calls_of_train),
    Property("a6.dropout.draws", "a6.dropout", calls_of_train, judge=drawn),
    Property("a6.dropout.test", "a6.dropout", calls_of_test, judge=equal_and_drawn),
    Property("a6.dropout.backward", "a6.dropout", calls_of_backward),
    Property("a6.dropout.arguments", "a6.dropout", calls_of_arguments, judge=unchanged),
    Property("a6.dropout.seeded", "a6.dropout", calls_of_seeded, hidden=True),
    Property("a6.dropout.nothing_dropped", "a6.dropout", calls_of_nothing_dropped, hidden=True),
    Property("a6.dropout.own_masks", "a6.dropout", calls_of_own_masks, hidden=True, judge=equal_and_drawn),
    Property("a6.dropout.repeated", "a6.dropout", calls_of_repeated, hidden=True, judge=equal_and_drawn),
    Property("a6.dropout.unchanged", "a6.dropout", calls_of_seeded, hidden=True, judge=unchanged),
    Property("a6.relu_backward.gate", "a6.relu_backward", calls_of_gate),
    Property("a6.relu_backward.zeros", "a6.relu_backward", calls_of_zeros),
    Property("a6.relu_backward.arguments", "a6.relu_backward", calls_of_gate, judge=unchanged),
    Property("a6.relu_backward.seeded", "a6.relu_backward", calls_of_relu_seeded, hidden=True),
    Property("a6.relu_backward.unchanged", "a6.relu_backward", calls_of_relu_seeded, hidden=True, judge=unchanged),
]
