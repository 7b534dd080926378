"""Two gradients that have changed places, where both arrays have one shape."""
import numpy as np
from numpy.linalg import norm

from ..evidence import Cause

MANY = 12                   # slopes of the other array that are measured


def exchanged(evidence):
    """The gradient of this array is that of another array of the same shape, and that one's is this one's."""
    got = evidence.gradient
    if got.size < 3:
        return None
    for name, array in evidence.arrays.items():
        if name == evidence.name or array.shape != got.shape:
            continue
        places = np.unique(np.linspace(0, array.size - 1, min(MANY, array.size)).astype(int))
        slopes = np.array([slope(evidence, name, place) for place in places])
        known = got.ravel()[places]
        apart = norm(known - evidence.slopes.ravel()[places])
        other = evidence.point.gradients[name].ravel()[places]
        both = norm(other - evidence.slopes.ravel()[places]) <= 1e-5 * norm(other)
        if both and norm(known - slopes) <= 1e-5 * norm(known) and apart > 1e-3 * norm(known):
            return Cause("order", f"What backward gives {evidence.name} is the gradient of {name}, and the other way "
                         f"round: the two have changed places.", f"{evidence.name} {name}", sure="exact",
                         example=f"{evidence.index(places[0])} gets {known[0]:.5g}; the slope there is "
                                 f"{evidence.slopes.flat[places[0]]:.5g}, and that of {name} is {slopes[0]:.5g}.",
                         look="In which order does backward return its gradients, and under which names?")
    return None


def slope(evidence, name, place):
    """The slope of the loss by one entry of another array."""
    ends = []
    for step in (evidence.step, -evidence.step):
        moved = evidence.arrays[name].copy()
        moved.flat[place] += step
        ends.append(np.sum(evidence.dy * evidence.see(**{name: moved})))
    return (ends[0] - ends[1]) / (2 * evidence.step)


CAUSES = [exchanged]
