"""Whether an argument of backward, under a name that forward does not have, is x or forward's output."""
import warnings

import numpy as np

from .arguments import OUTPUTS, Argument, Call, plain
from .parameters import leaves

OF_INPUTS = set("x inp input inputs inputdata data xs".split())
STEP, NEAR, DIRECTIONS = 1e-4, 1e-2, 3


def choices(call, names):
    """[(name, Call with x there, Call with y there)] for the one argument that may be both; [] where none is."""
    own = OF_INPUTS | {plain(name) for name in names}
    open_ones = [a for a in call.arguments if a.role == "input" and plain(a.name) not in own]
    if len(open_ones) != 1:
        return []
    one = open_ones[0]
    other = [Argument(a.name, "y", word=a.word) if a is one else a for a in call.arguments]
    return [(one, call, Call(call.function, other))]


def chosen(trial, seed, dy, snapshot):
    """(Call, sentence) for a backward whose argument may be x or y: the one whose gradients agree with the slopes.

    Where both agree, or none does, its name decides: y for that of an output, else x. (None, "") where nothing is open.
    """
    way = trial.way
    if way.backward is None or trial.label is not None or not np.shape(trial.y):
        return None, ""
    for one, with_x, with_y in choices(way.backward, way.names):
        named = plain(one.name) in OUTPUTS - {"z"}
        order = [with_y, with_x] if named else [with_x, with_y]
        counts = [agreeing(trial, plan, seed, dy, snapshot) for plan in order]
        if max(counts) < 0:
            break
        best = order[int(counts[1] > counts[0])]
        return best, f"{one.name} is " + ("forward's output" if best is with_y else one.value)
    return None, ""


def agreeing(trial, plan, seed, dy, snapshot):
    """How many inputs have a gradient, with backward called so, that agrees with forward's slopes; -1 if it fails."""
    way, before = trial.way, trial.way.backward
    way.backward = plan
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            with trial.draws.begin():
                way.run(trial.arrays)
            with trial.draws.go_on():
                found = [np.asarray(value, float) for _, value in leaves(way.back(dy.copy()))]
            snapshot.restore()                  # a backward that changes weights: slopes are those before
            return sum(any(agrees(trial, place, gradient, seed, dy) for gradient in found
                           if gradient.shape == x.shape) for place, x in enumerate(trial.arrays))
    except Exception:                           # the stranger's own: so it is not called
        return -1
    finally:
        way.backward = before
        snapshot.restore()


def agrees(trial, place, gradient, seed, dy):
    """Whether a gradient of an input agrees with the slopes along some drawn directions."""
    generator = np.random.default_rng(seed)
    for _ in range(DIRECTIONS):
        direction, sums = generator.standard_normal(gradient.shape), []
        for step in (STEP, -STEP):
            arrays = list(trial.arrays)
            arrays[place] = arrays[place] + step * direction
            with trial.draws.begin():
                sums.append((np.asarray(trial.way.run(arrays), float) * dy).sum())
        slope, scale = (sums[0] - sums[1]) / (2 * STEP), np.abs(gradient * direction).sum()
        if not abs(slope - (gradient * direction).sum()) <= NEAR * max(scale, 1e-6):
            return False
    return True
