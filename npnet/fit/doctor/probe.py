"""The probe: does the loss fall along the gradient as the gradient promises? If not: whose backward is wrong?

    found = probe(net, x, labels, update=0.01)
    found.faults            [Fault("fc2", "w", "sign", ...)]: whose backward, which gradient, and how it is wrong
    found.slopes            {"fc2.w": measured over promised decrease of the loss along this array's gradient}
    found.steps             {1: loss, 0.1: loss, ...} after a step of so many updates' length along the gradient

Who is guilty. A layer that hands on a wrong dx makes the dw of all layers before it wrong, so each layer is asked
alone: with a random dy, the sum of dy * y moves along a direction v as <gradient, v> promises, whatever the other
layers do. y is subtracted before it is summed, so that float32 is precise enough: 1e-4 of what is measured. Along
the gradient itself a sign is -1 and a factor of 20 is 0.05; along random directions a mere factor shows again, and
anything else does not.

Kinks. A ReLU at 0 and a max-pool at a tie have no gradient there, so x is moved a little away from where it was; and
what does not fit is measured again with a quarter of the length, and only believed when two lengths agree.

Everything happens on a Twin: the network is as it was, also after Ctrl-C, or when a layer raises an error.
"""
import math
import time
from dataclasses import dataclass, field

import numpy as np

from ...backend import ops
from ...layers import Concat
from ..measures import finite, unwarned
from .twin import TimeIsUp, Twin, moved, ours

PICTURES = 8                # at most, for the loss
ALONE = 4                   # at most, where a layer is asked alone: tests/fit/test_probe.py holds with 4 and with 8
NEAR = 0.03                 # of what is promised; measured in healthy layers of npnet: at most 0.01
WRONG = 0.1                 # deviations above it are a fault, if two lengths agree; faults of doctor.md begin at 0.3
SHARE = 1e-3                # of an array's root mean square: the length of a move
LOSS_SHARE = 3e-3           # of the loss: what a move along the gradient of the whole network should change
HARDLY_SEEN = 3e-5          # of the loss: a change of it that rounding (3e-7) makes wrong by 1 %
SMALL = 0.03                # of an array's length: a longer step along its gradient meets curves
ROUNDING = 4e-7             # of a number: float32's 1.2e-7, after some sums
PART = 2 ** 20              # numbers that are turned into float64 at once
PERIOD = 999_983            # random numbers before they repeat: a prime, so that they fit to no row
DIRECTIONS = 3              # random ones: half of a gradient forgotten is overseen by one of them in 8, by all in 600
STEPS = (1, 0.1, 0.01, 0.001)           # updates; longer ones as long as the loss falls, shorter ones until it does
SHORTER = tuple(10.0 ** -power for power in range(4, 9))
LONGER = tuple(10 ** power for power in range(1, 9))


@dataclass(frozen=True)
class Fault:
    """What is wrong with one gradient of one layer.

    array: "w", "b", ..., or "x" for the gradient that it hands on. kind: "sign", "factor", "direction", "zero" (though
    the output depends on the array), "adds" (a second backward gives another gradient). slope: measured over promised
    along the gradient itself; error: how sure it is.
    """

    layer: str
    array: str
    kind: str
    slope: float = math.nan
    error: float = 0.0
    pictures: int = 0


@dataclass
class Probe:
    """What was measured. loss: of these pictures; unreached, unclear: layers or arrays without a verdict; why: what
    kept all of it from being measured; whole: measured over promised decrease along the gradients of all layers; anew:
    with new first weights."""

    pictures: int = 0
    seconds: float = 0.0
    loss: float = math.nan
    whole: float = math.nan
    faults: list = field(default_factory=list)
    slopes: dict = field(default_factory=dict)
    steps: dict = field(default_factory=dict)
    unreached: list = field(default_factory=list)
    unclear: list = field(default_factory=list)
    why: str = ""
    anew: bool = False

    @property
    def right(self):
        """Whether all gradients were measured and are right."""
        return not (self.faults or self.unreached or self.unclear or self.why)

    @property
    def best(self):
        """How many updates' length lowers the loss most, or 0 if none does."""
        lowest = min(self.steps, key=self.steps.get, default=0)
        return lowest if lowest and self.steps[lowest] < self.loss else 0


def probe(net, x, labels, update=None, rate=None, seconds=1.0, anew=False, only=None):
    """The Probe of a network on at most 8 of these pictures.

    update: the length of one update of all weights, for steps; rate: of an update that is rate times the gradient,
    where its length is not known. seconds: when nothing new is begun any more. anew: with new first weights, as where
    a training has ruined its own; where they hold NaN or infinity it is so in any case. only: the names of layers
    that are asked alone; nothing else is measured where they are right.
    """
    count, began = min(PICTURES, len(x)), time.perf_counter()
    found = Probe(pictures=count)
    with np.errstate(all="ignore"), unwarned():
        try:
            found.anew = anew or not all(map(finite, net.params().values()))
            with Twin(net, x[:count], labels[:count], found.anew, began + seconds) as twin:
                found.unreached = [name for name in twin.asked if only is None or name in only]
                examine(twin, found)
                if not found.why and (only is None or found.faults):
                    follow(twin, found, update, rate)
        except TimeIsUp:
            pass
        except Exception as error:                                          # whatever a student's layer raises
            found.why = found.why or f"{type(error).__name__}: {error}"
    found.seconds = time.perf_counter() - began
    return found


def examine(twin, found):
    """Asks each layer whether its gradients are right."""
    twin.forward()
    found.loss = twin.start
    if math.isfinite(twin.start):
        for name in list(found.unreached):
            look_at(name, twin, found)
    else:
        found.why = "the loss of these pictures is no finite number"


def follow(twin, found, update, rate):
    """Measures the loss along the gradient: after whole updates and parts of them, then for each array."""
    twin.learn()
    if abs(found.loss - twin.start) > 1e-5 * (1 + abs(twin.start)):
        found.why = "two forward passes over the same pictures give two losses"
        return
    if not found.faults:
        found.whole = slope_of_all(twin)
        if update or rate:
            after_steps(twin, update / norm_of(twin.gradients) if update else rate, found.steps)
    guilty = [f"{fault.layer}.{fault.array}" for fault in found.faults]
    for name in sorted(twin.gradients, key=lambda name: name not in guilty):
        found.slopes[name] = slope_of_loss(name, twin)


# ------------------------------------------------------------------------------- each layer alone

def look_at(name, twin, found):
    """Adds the faults of one layer; of those inside a Concat, if the whole is wrong."""
    layer, x = twin.layers[name], twin.inputs[name][:ALONE]
    try:
        faults, unclear = faults_of(name, layer, x, twin)
        if faults and isinstance(layer, Concat):
            inside = [fault for one in inside_of(name, layer, x, twin) for fault in faults_of(*one, twin)[0]]
            faults = inside or faults
    except TimeIsUp:
        raise
    except Exception as error:
        unclear, faults = [f"{name} ({type(error).__name__}: {error})"], []
    found.faults += faults
    found.unclear += unclear
    found.unreached.remove(name)
    twin.forget(name)


def inside_of(name, concat, x, twin):
    """(name, layer, what it got) of the layers in the paths of a Concat."""
    for path in concat.paths:
        now = x.copy()
        for key, layer in path.items():
            yield f"{name}.{key}", layer, now.copy()
            now = twin.one(name, layer, now)


def faults_of(name, layer, x, twin):
    """([Fault], [names of what could not be judged]) of one layer at inputs near x.

    What is not right is asked once more, at other inputs and with another dy, and only believed when wrong there too.
    """
    spot = Spot(name, layer, x, twin, 0)
    faults = [Fault(name, key, "adds", pictures=len(x)) for key in spot.adds]
    verdicts = {key: judged(spot, key, gradient) for key, gradient in spot.gradients.items() if key not in spot.adds}
    doubtful = [key for key, verdict in verdicts.items() if verdict is None or verdict[0]]
    again = Spot(name, layer, x, twin, 1) if doubtful else None
    verdicts = {key: judged(again, key, again.gradients[key]) for key in doubtful}
    faults += [Fault(name, key, *verdict, len(x)) for key, verdict in verdicts.items() if verdict and verdict[0]]
    return faults, [f"{name}.{key}" for key, verdict in verdicts.items() if verdict is None]


class Spot:
    """One layer at one input, with a random dy: its output y, and the gradients that its backward gives."""

    def __init__(self, name, layer, x, twin, seed):
        self.name, self.layer, self.twin = name, layer, twin
        self.rng = np.random.default_rng(seed)
        self.x = x + x.dtype.type(0.1 * (size(x) or 1)) * self.random(x)            # a little away from kinks
        self.y = self.forward(layer, self.x)
        if not np.isfinite(self.y).all():                                           # a logarithm, a root
            self.x = x.copy()
            self.y = self.forward(layer, self.x)
        self.dy = self.random(self.y) + self.level(self.y)
        self.noise = ROUNDING * length(self.dy * self.y)
        self.gradients, self.adds = self.backward(), set()
        if not ours(layer):
            self.once_more()

    def random(self, like):
        """Random numbers in the shape of an array; those of a large one repeat, as drawing them takes long."""
        drawn = self.rng.standard_normal(min(like.size, PERIOD), np.float32).astype(like.dtype, copy=False)
        return ops.to_device(np.resize(drawn, like.shape))

    def level(self, y):
        """A part of dy that is the same in all pictures, and one that follows the output, other in each channel: what
        batch normalisation has to take out of its dx, and random numbers alone hardly have."""
        each = self.rng.standard_normal(y.shape[1]).astype(y.dtype).reshape(1, -1, *[1] * (y.ndim - 2))
        spread = y.dtype.type(size(y - y.mean()) or 1)
        return ops.to_device(each) * (1 + (y - y.mean()) / spread)

    def once_more(self):
        """Finds gradients that a second backward adds to."""
        self.forward(self.layer, self.x)
        for key, again in self.backward().items():
            first = self.gradients[key]
            if not np.allclose(again, first, 1e-3, 1e-5 * float(abs(first).max()), equal_nan=True):
                self.adds.add(key)

    def forward(self, layer, x):
        """A copy of what the layer makes of x."""
        self.twin.chance.repeat()
        return self.twin.one(self.name, layer, x.copy()).copy()

    def backward(self):
        """Copies of the gradients that it leaves, and of the one that it hands on, as "x", if another layer needs it.

        Those of a frozen layer train nothing.
        """
        last = self.name == self.twin.first
        dx = self.layer.backward(self.dy.copy(), to_input=False) if last else self.layer.backward(self.dy.copy())
        own = {} if self.name in self.twin.frozen else self.layer.grads()
        own = own if ours(self.layer) else {key: array.copy() for key, array in own.items()}
        return own | ({} if last else {"x": dx.copy()})

    def change(self, key, direction):
        """A function of t: how far the sum of dy * y moves when t * direction is added to the array `key`."""
        def moved_by(t):
            if key == "x":
                y = self.forward(self.layer, self.x + self.x.dtype.type(t) * direction)
            else:
                y = self.forward(moved(self.layer, {key: direction}, t), self.x)
            return total(self.dy, y - self.y)
        return moved_by

    def reach(self, key, scale):
        """The length of a move: a thousandth of the array, or more where rounding would hide what it does."""
        array = self.x if key == "x" else self.layer.params()[key]
        least = self.noise / (NEAR / 3 * scale) if scale else 0.0
        return max(SHARE * (size(array) or 1), min(least, 1e3))


def judged(spot, key, gradient):
    """(kind or "", slope, error) of one gradient; None where it cannot be judged."""
    n, height = gradient.size, size(gradient)
    if not math.isfinite(height):
        return None
    if height == 0:
        return zero(spot, key, gradient)
    scale = n * height ** 2                                                     # what a step along it promises
    value, error = slope_of(spot.change(key, gradient), scale, scale, spot.reach(key, scale / height) / height)
    slope, error = value / scale, error / scale
    for off, doubt in ((slope - 1, error), *(across(spot, key, gradient) for _ in range(DIRECTIONS))):
        if abs(off) > WRONG:
            sure = abs(off) > WRONG + 2 * doubt
            return (kind_of(spot, key, gradient, slope), slope, error) if sure else None
    return "", slope, error


def random_direction(spot, gradient):
    """(direction, what a gradient of this length promises along such a one, typically)."""
    return spot.random(gradient), math.sqrt(gradient.size) * size(gradient)


def across(spot, key, gradient, slope=1.0):
    """How far from slope times what is promised the output moves along a random direction: (of the scale, error)."""
    direction, scale = random_direction(spot, gradient)
    scale *= abs(slope)
    promised = slope * total(gradient, direction)
    value, error = slope_of(spot.change(key, direction), promised, scale, spot.reach(key, scale))
    return (value - promised) / scale, error / scale


def kind_of(spot, key, gradient, slope):
    """"sign" or "factor" if it is only that, seen along random directions; else "direction"."""
    if slope == 0 or any(abs(across(spot, key, gradient, slope)[0]) > WRONG for _ in range(DIRECTIONS)):
        return "direction"
    return "sign" if abs(slope + 1) <= WRONG else "factor"


def zero(spot, key, gradient):
    """The verdict on a gradient that is 0: wrong, if the output changes along one of some random directions."""
    for _ in range(DIRECTIONS):
        change, reach = spot.change(key, spot.random(gradient)), spot.reach(key, 0)
        far, near = change(4 * reach) / 4, change(reach)
        if abs(near) > 10 * spot.noise and abs(far - near) < 0.3 * abs(near):
            return "zero", 0.0, abs(far - near) / abs(near)
    return "", 1.0, 0.0


def slope_of(change, promised, scale, reach):
    """(the slope of change, its error): at once if it is as promised, else when two lengths agree; else infinity."""
    before, value = math.inf, math.nan
    for step in (reach, reach / 4, reach / 16):
        right = change(step)
        if abs(right / step - promised) <= NEAR * scale:
            return right / step, abs(right / step - promised)
        value = (right - change(-step)) / (2 * step)
        if abs(value - promised) <= NEAR * scale:
            return value, abs(value - promised)
        if abs(value - before) <= 0.1 * max(abs(value), 0.1 * scale):
            return value, abs(value - before)
        before = value
    return value, math.inf


# ------------------------------------------------------------------------------- the loss

def slope_of_loss(name, twin):
    """Measured over promised decrease of the loss along the gradient of one array; NaN where that cannot be told: it
    promises next to nothing, or only so long a step would be seen that it is no small one."""
    layer = next(one for one in twin.layers if name.startswith(f"{one}."))
    key, gradient = name[len(layer) + 1:], twin.gradients[name]
    furthest = SMALL * length(twin.layers[layer].params()[key]) or math.inf
    return fall(lambda t: twin.loss_of({layer: moved(twin.layers[layer], {key: gradient}, t)}, layer) - twin.start,
                length(gradient), twin.start, furthest)


def slope_of_all(twin):
    """The same along the gradients of all arrays."""
    trained = {f"{name}.{key}": w for name, layer in twin.layers.items() for key, w in layer.params().items()}
    return fall(lambda t: twin.loss_along(-t) - twin.start, norm_of(twin.gradients), twin.start,
                SMALL * norm_of(trained))


def fall(change, steepness, loss, furthest):
    """The slope of the loss over what is promised, for a step that is no longer than furthest."""
    seen, promised = max(abs(loss), 0.1), steepness ** 2
    if not 0 < promised < math.inf:
        return math.nan
    reach = min(LOSS_SHARE * seen / promised, furthest / steepness)
    if reach * promised < HARDLY_SEEN * seen:
        return math.nan
    value, error = slope_of(change, promised, promised, reach)
    return value / promised if math.isfinite(error) else math.nan


def after_steps(twin, whole, found):
    """Fills {length in updates: the loss of these pictures after such a step along their gradient}; whole: what one
    update takes the gradient times."""
    for share in STEPS:
        found[share] = twin.loss_along(share * whole)
    lowest = min(found.values())
    for share in SHORTER if not lowest < twin.start else ():
        found[share] = twin.loss_along(share * whole)
        if found[share] < twin.start:
            break
    for share in LONGER if found[1] < twin.start and found[1] <= lowest else ():
        found[share] = twin.loss_along(share * whole)
        if not found[share] < found[share / 10]:
            break


# ------------------------------------------------------------------------------- sums in float64

def total(one, other):
    """The sum of the products of two arrays of one shape, in float64; a part at a time, for the sake of memory."""
    one, other = one.reshape(-1), other.reshape(-1)
    return sum(float((one[first:first + PART].astype(np.float64) * other[first:first + PART]).sum())
               for first in range(0, one.size, PART))


def length(array):
    """The root of the sum of squares."""
    return math.sqrt(total(array, array))


def norm_of(gradients):
    """The length of all of them together; never 0."""
    return math.sqrt(sum(total(gradient, gradient) for gradient in gradients.values())) or 1e-300


def size(array):
    """The root of the mean of squares."""
    return length(array) / math.sqrt(array.size)
