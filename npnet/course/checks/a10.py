"""What must hold of A10: the way back through a small network, its training, and maps told by their filters.

In the child process every function of `parts` costs about two thousandths of a second, so runs are short: a few steps
number by number, and one of forty steps, of which the first and the last loss are judged.
"""
import math

import numpy as np

from ..grader.calls import Call, Rng
from ..grader.properties import Failure, Property, missing, unchanged
from .a6 import drawn, equal_and_drawn

OUTPUTS = {"dense_backward": ("dx", "dw", "db"), "shuffled": ("images", "labels"), "match_maps": ("list",)}
ROUNDING = 1e-9
NEAR, LEARNED = 0.35, 0.05              # how far the first loss may be from log(M); below what the last one must be

GRADIENTS = """
def gradients(dlogits, saved, weights):
    grads = small_backward(dlogits, saved, weights)
    return {name: grads[name] for name in weights}
"""
TRAINED = """
import numpy

def trained(x, labels, weights, lr, momentum, epochs, batch, rng):
    before = {name: w.copy() for name, w in weights.items()}
    losses, result = train(x, labels, weights, lr, momentum, epochs, batch, rng)
    table = {"losses": numpy.array([float(loss) for loss in losses])}
    for name in before:
        table[name] = numpy.array(result[name])
    table["weights kept"] = all(numpy.array_equal(weights[name], before[name]) for name in before)
    return table
"""


# ---------------------------------------------------------------------------- judges

def learns(outcomes, expected, calls, tolerance=0.0, names=()):
    """As many losses as the solution gives, the first near log(M), the last small."""
    for i, (got, want) in enumerate(zip(outcomes, expected)):
        classes = calls[i].arguments[2]["fc.b"].size
        failure = missing(got) or judged_losses(got.value["losses"], want.value["losses"], math.log(classes))
        if failure:
            failure.call, failure.output = i, "losses"
            return failure
    return None


def judged_losses(got, want, start):
    if got.shape != want.shape:
        return Failure("shape", details={"got": got.shape, "want": want.shape})
    wrong = ~np.isfinite(got)
    if wrong.any():
        return Failure("finite", details={"count": int(wrong.sum()), "at": (int(np.argmax(wrong)),)})
    if abs(got[0] - start) > NEAR or got[-1] >= LEARNED:
        return Failure("property", details={"first": float(got[0]), "last": float(got[-1]), "start": start})
    return None


# ---------------------------------------------------------------------------- probes

def weights_of(draw, K, C, H, W, M, fc=0.05):
    """Weights for pictures of C x H x W: small normal numbers, and biases that are not 0."""
    D = K * ((H - 3) // 2 + 1) * ((W - 3) // 2 + 1)
    return {"conv.w": 0.3 * draw.normal(K, C, 3, 3), "conv.b": 0.1 * draw.normal(K),
            "fc.w": fc * draw.normal(D, M), "fc.b": 0.1 * draw.normal(M)}


def seed(draw):
    return Rng(draw.integers(0, 2 ** 31))


def dense(draw, N, D, M):
    return Call("dense_backward", [draw.quarters(N, M), draw.quarters(N, D), draw.quarters(D, M)])


def backward(draw, parts, N, K, C, H, W, M):
    weights = weights_of(draw, K, C, H, W, M, fc=0.5)
    logits, saved = parts["small_forward"](draw.normal(N, C, H, W), weights)
    return Call("gradients", [draw.normal(*logits.shape), saved, weights], GRADIENTS)


def order(draw, N):
    return Call("shuffled", [draw.distinct(N, 2, 3, 2), draw.order(N), seed(draw)])


def training(draw, sizes, lr, momentum, epochs, batch):
    N, K, C, H, W, M = sizes
    x, labels, weights = draw.normal(N, C, H, W), draw.order(N) % M, weights_of(draw, K, C, H, W, M)
    return Call("trained", [x, labels, weights, lr, momentum, epochs, batch, seed(draw)], TRAINED)


def learning(draw, M):
    """Twenty pictures of noise: that they can be learned by heart depends on nothing but the training."""
    call = training(draw, (20, 6, 1, 8, 8, M), 0.1, 0.9, 40, 20)
    call.arguments[2]["fc.w"] *= 0.4
    return [call]


def calls_of_dense(draw, parts):
    return [dense(draw, 3, 5, 4), dense(draw, 4, 2, 6)]


def calls_of_backward(draw, parts):
    return [backward(draw, parts, 3, 4, 2, 7, 9, 5)]


def calls_of_shuffled(draw, parts):
    return [order(draw, 9)]


def calls_of_steps(draw, parts):
    """Two epochs of pieces of 3, 3 and 1 pictures."""
    return [training(draw, (7, 3, 2, 7, 9, 4), 0.25, 0.5, 2, 3)]


def calls_of_learns(draw, parts):
    return learning(draw, 4)


def calls_of_own_gradients(draw, parts):
    N, M = draw.integers(2, 5), draw.integers(5, 8)
    return [dense(draw, N, draw.integers(8, 11), M), backward(draw, parts, N, 3, 2, 9, draw.pick([7, 11]), M)]


def calls_of_own_shuffled(draw, parts):
    return [order(draw, draw.integers(8, 13))]


def calls_of_own_steps(draw, parts):
    sizes = (draw.pick([8, 10]), draw.integers(2, 5), 2, 7, draw.pick([9, 11]), draw.integers(3, 6))
    return [training(draw, sizes, draw.pick([0.2, 0.3]), draw.pick([0.6, 0.8]), 2, 3)]


def calls_of_own_learns(draw, parts):
    return learning(draw, draw.pick([3, 5]))


# ---------------------------------------------------------------------------- maps

def quiz(draw, parts):
    """Five filters and their maps, in another order. Filter 1 is filter 0 upside down, filter 3 is filter 2 transposed,
    filter 4 has filter 0's first channel; they answer in very different sizes, which a map does not show."""
    while True:
        image, filters = draw.normal(2, 7, 6), draw.normal(5, 2, 3, 3)
        filters[1], filters[3], filters[4, 0] = filters[0, :, ::-1, ::-1], filters[2].swapaxes(1, 2), filters[0, 0]
        filters *= 4.0 ** draw.order(5).reshape(5, 1, 1, 1)
        answers = parts["relu_forward"](parts["conv2d_forward"](image[np.newaxis], filters, np.zeros(5), 1, 1, 1))[0]
        numbers = draw.order(5)
        if answers.max(axis=(1, 2)).min() > 0:
            maps = answers / answers.max(axis=(1, 2), keepdims=True)
            apart = np.abs(maps[:, np.newaxis] - maps).sum(axis=(2, 3)) + 9 * np.eye(5)
            if apart.min() > 1 and (numbers[numbers] != np.arange(5)).any():
                return [image, filters, maps[numbers]]


def calls_of_maps(draw, parts):
    return [Call("match_maps", quiz(draw, parts))]


def calls_of_own_maps(draw, parts):
    return [Call("match_maps", quiz(draw, parts)) for _ in range(3)]


PROPERTIES = [
    Property("a10.train.dense", "a10.train", calls_of_dense),
    Property("a10.train.backward", "a10.train", calls_of_backward, tolerance=ROUNDING),
    Property("a10.train.shuffled", "a10.train", calls_of_shuffled),
    Property("a10.train.draws", "a10.train", calls_of_shuffled, judge=drawn),
    Property("a10.train.steps", "a10.train", calls_of_steps, tolerance=ROUNDING),
    Property("a10.train.learns", "a10.train", calls_of_learns, judge=learns),
    Property("a10.train.arguments", "a10.train", calls_of_dense, judge=unchanged),
    Property("a10.train.own_gradients", "a10.train", calls_of_own_gradients, tolerance=ROUNDING, hidden=True),
    Property("a10.train.own_shuffled", "a10.train", calls_of_own_shuffled, judge=equal_and_drawn, hidden=True),
    Property("a10.train.own_steps", "a10.train", calls_of_own_steps, tolerance=ROUNDING, hidden=True),
    Property("a10.train.own_learns", "a10.train", calls_of_own_learns, judge=learns, hidden=True),
    Property("a10.maps.five", "a10.maps", calls_of_maps),
    Property("a10.maps.own", "a10.maps", calls_of_own_maps, hidden=True),
    Property("a10.maps.arguments", "a10.maps", calls_of_maps, judge=unchanged),
]
