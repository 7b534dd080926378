"""What must hold of A8: one step of SGD with momentum and weight decay.

The class is driven by short programs. Rates, momenta, decays and all arrays are fractions with a power of two below,
so that three or four steps are exact whichever way the terms are put together; the handout's example is not.
"""
import numpy as np

from ..grader.calls import Call
from ..grader.properties import Property

OUTPUTS = {}

# A velocity that the class holds, and not the object, begins empty, so that no call shows what another one left behind.
FRESH = """
import numpy as np

def optimizer(lr, momentum, weight_decay):
    return SGD(lr, momentum, weight_decay)

def fresh():
    for held in list(vars(SGD).values()):
        if isinstance(held, dict):
            held.clear()
"""
STEPS = FRESH + """
def steps(rates, momentum, weight_decay, names, order, *arrays):
    fresh()
    held = dict(zip(names, arrays))                     # the arrays that the network holds
    slopes = dict(zip(names, arrays[len(names):]))      # one gradient for every step
    params, sgd = dict(held), optimizer(rates[0], momentum, weight_decay)
    after = {name: [] for name in names}
    for i, rate in enumerate(rates):
        if i and rate != rates[i - 1]:
            sgd.lr = rate
        sgd.step(params, {name: slopes[name][i].copy() for name in order})
        for name in names:
            after[name].append(held[name].copy())
    return {name: np.stack(after[name]) for name in names}
"""
IN_PLACE = FRESH + """
def in_place(lr, momentum, weight_decay, w, dw):
    fresh()
    params, grads, sgd = {"fc8.w": w}, {"fc8.w": dw}, optimizer(lr, momentum, weight_decay)
    for _ in range(2):
        sgd.step(params, grads)
    return {"w": w.copy(), "params": params["fc8.w"].copy(), "grads": grads["fc8.w"].copy()}
"""
TWO = FRESH + """
def two(rates, momentum, weight_decay, first, second, slopes):
    fresh()
    optimizers = [optimizer(rate, momentum, weight_decay) for rate in rates]
    for dw in slopes:
        for sgd, w in zip(optimizers, (first, second)):
            sgd.step({"fc8.w": w}, {"fc8.w": dw.copy()})
    return {"first w": first.copy(), "second w": second.copy()}
"""

NAMES = ["conv1.w", "conv1.b", "conv2.w", "conv2.b", "branch.w"]
SHAPES = [(3, 2), (3,), (3, 2), (3,), (2, 4)]           # two weights and two biases of one shape
ORDER = ["conv2.w", "conv2.b", "conv1.w", "conv1.b", "branch.w"]        # of the gradients; shapes alike at every place
RATES, MOMENTUM, DECAY = [0.25, 0.25, 0.25], 0.625, 0.0625


# ---------------------------------------------------------------------------- calls

def steps(draw, rates, momentum, decay, order=NAMES):
    """A call of several steps, on several weights and biases."""
    values = [draw.quarters(*shape) for shape in SHAPES]
    slopes = [draw.quarters(len(rates), *shape) for shape in SHAPES]
    return Call("steps", [list(rates), momentum, decay, NAMES, list(order), *values, *slopes], STEPS)


def one_number(rates):
    """The handout's example: a weight and a bias of 1, gradients of 0.5."""
    gradients = np.full((len(rates), 1), 0.5)
    return Call("steps", [list(rates), 0.9, 0.01, ["fc8.w", "fc8.b"], ["fc8.w", "fc8.b"], np.ones((1, 1)), np.ones(1),
                          gradients[..., None].copy(), gradients], STEPS)


def worked(draw, parts):
    return [one_number([0.1, 0.1, 0.1])]


def drop(draw, parts):
    return [one_number([0.1, 0.1, 0.01]), steps(draw, [0.25, 0.25, 0.03125, 0.03125], MOMENTUM, DECAY)]


def several(draw, parts):
    return [steps(draw, RATES, MOMENTUM, DECAY, ORDER)]


def in_place(draw, parts):
    return [Call("in_place", [0.25, MOMENTUM, DECAY, draw.quarters(3, 4), draw.quarters(3, 4)], IN_PLACE)]


def two(draw, parts):
    return [Call("two", [[0.25, 0.5], MOMENTUM, DECAY, draw.quarters(2, 3), draw.quarters(2, 3),
                         draw.quarters(3, 2, 3)], TWO)]


def zeros(draw, parts):
    return [steps(draw, RATES, 0.0, DECAY), steps(draw, RATES, MOMENTUM, 0.0)]


def settings(draw):
    """(lr, momentum, weight decay) of a student's own."""
    return draw.pick([0.25, 0.375, 0.5]), draw.pick([0.375, 0.625, 0.875]), draw.pick([0.0625, 0.125, 0.1875])


def seeded(draw, parts):
    lr, momentum, decay = settings(draw)
    return [steps(draw, [lr, lr, lr / 8, lr / 8], momentum, decay)]


def exchanged(draw, parts):
    lr, momentum, decay = settings(draw)
    return [steps(draw, [lr] * 3, momentum, decay, ORDER)]


def no_momentum(draw, parts):
    lr, _, decay = settings(draw)
    return [steps(draw, [lr] * 3, 0.0, decay)]


def seeded_in_place(draw, parts):
    lr, momentum, decay = settings(draw)
    return [Call("in_place", [lr, momentum, decay, draw.quarters(4, 2), draw.quarters(4, 2)], IN_PLACE)]


def seeded_two(draw, parts):
    lr, momentum, decay = settings(draw)
    return [Call("two", [[lr, lr / 2], momentum, decay, draw.quarters(3, 2), draw.quarters(3, 2),
                         draw.quarters(3, 3, 2)], TWO)]


def public(name, calls, **options):
    return Property("a8.step." + name, "a8.step", calls, **options)


def hidden(name, calls):
    return Property("a8.step." + name, "a8.step", calls, hidden=True)


PROPERTIES = [
    public("worked", worked, tolerance=1e-9),
    public("several", several),
    public("drop", drop, tolerance=1e-9),
    public("in_place", in_place),
    public("two", two),
    public("zeros", zeros),
    hidden("seeded", seeded),
    hidden("exchanged", exchanged),
    hidden("no_momentum", no_momentum),
    hidden("seeded_in_place", seeded_in_place),
    hidden("seeded_two", seeded_two),
]
