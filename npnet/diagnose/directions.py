"""Arrays of which a check draws numbers, moved as a whole: one wrong number among millions still shows.

    look_along(examination)

A drawn number that is right says nothing of the others. Along a random direction all of them move, so that the slope
must be that of the whole gradient; where it is not, the array is halved until one wrong number is found. Kinks are left
out, as the book leaves them out, and a difference counts only if the slope stays the same at another step.
"""
import time

import numpy as np
from numpy.linalg import norm

from ..gradcheck import EPSILON, along, central
from ..layers import rng
from .evidence import place as index_of

DIRECTIONS = 4
SECONDS = 4                         # for halving, of one array
STEP, TOLERANCE = 1e-5, 3e-5        # crossed kinks that the book does not see are up to 1e-5 of a slope
STEP32, TOLERANCE32 = 1e-2, 2e-2


class Along:
    """One array of a report, moved along directions: products, what backward says, and slopes, what forward does."""

    def __init__(self, point, name, float32, tolerance=0):
        self.point, self.array, self.gradient = point, point.arrays[name], point.gradients[name].astype(np.float64)
        self.step, self.tolerance = (STEP32, TOLERANCE32) if float32 else (STEP, TOLERANCE)
        self.tolerance = max(self.tolerance, tolerance)
        precision = np.finfo(np.float32).eps if float32 else EPSILON
        moved = norm(self.gradient * self.array)                # the move itself is rounded, in every number
        self.noise = precision * (20 * norm(point.dy * point.y) + 4 * moved) / self.step

    def measured(self, directions, place=...):
        """(products, slopes), without those on a kink, or whose slope is another at another step."""
        products = np.array([np.sum(self.gradient[place] * direction) for direction in directions])
        lines = [along(self.point, self.array, place, direction) for direction in directions]
        slopes, kinks = central(lines, self.point, self.step)
        off = np.flatnonzero(~kinks & (np.abs(products - slopes) > self.noise))
        if len(off):                                            # a curve, a kink or rounding: not a wrong gradient
            others, bent = central([lines[i] for i in off], self.point, 4 * self.step)
            kinks[off] |= bent | (np.abs(others - slopes[off]) > np.abs(products[off] - slopes[off]) / 10)
        return products[~kinks], slopes[~kinks]

    def error(self, products, slopes):
        """How far they are apart, as a share; 0 up to what is to be expected."""
        difference = norm(np.maximum(np.abs(products - slopes) - self.noise, 0))
        size = norm(products) + norm(slopes)
        return float(difference / size) if difference > self.tolerance * size else 0.0

    def off(self, place, random):
        """How far product and slope along a direction in a region are apart, whatever its size; 0 on a kink."""
        direction = drawn(self.array[place].shape, random)
        size = norm(direction)
        products, slopes = self.measured([direction / size], place)
        difference = np.abs(products - slopes) - self.noise
        return float(max(difference.max(initial=0), 0)) * size


def halved(shape, off, in_time):
    """The place of one wrong number of an array, or None: of two halves, that which is further off is kept.

    off(place): how far product and slope are apart where the numbers at these slices alone are moved. in_time():
    whether there is time for another step.
    """
    region = [(0, length) for length in shape]
    while in_time():
        axis = int(np.argmax([last - first for first, last in region]))
        first, last = region[axis]
        if last - first == 1:
            return tuple(first for first, _ in region)
        middle = (first + last) // 2
        halves = [region[:axis] + [half] + region[axis + 1:] for half in ((first, middle), (middle, last))]
        offs = [off(tuple(slice(*ends) for ends in half)) for half in halves]
        if not max(offs):
            return None
        region = halves[int(np.argmax(offs))]
    return None


def drawn(shape, random):
    """Numbers of 0.5 to 1.5 with random signs, without the order that the book's spread takes long for."""
    direction = random.uniform(-1, 1, shape)
    return direction + np.copysign(0.5, direction)


def look_along(found, seed=0, tolerance=0):
    """Moves every right array of a report of which numbers were drawn; what is wrong is said in its row.

    found.directions has, for each such array, how many directions were right. tolerance: of the check, if it is wide.
    """
    for row in found.rows:
        if row.verdict != "ok" or not row.checked or row.checked + row.kinks == row.size:
            continue
        try:
            moved(found, row, seed, tolerance)
        except Exception:               # a stranger's code may raise where all numbers move; the drawn ones are right
            continue


def moved(found, row, seed, tolerance):
    """Moves the array of a row along random directions."""
    array = Along(found.report.point, row.name, found.called.float32, tolerance)
    random = rng(seed, "directions", row.name)
    directions = [drawn(array.array.shape, random) for _ in range(DIRECTIONS)]
    products, slopes = array.measured([direction / norm(direction) for direction in directions])
    error = array.error(products, slopes)
    if error:
        tell(row, array, error, len(products), seed)
    elif len(products):                                     # all on kinks: nothing was seen
        found.directions[row.name] = len(products)


def tell(row, array, error, count, seed):
    """Says in a row that some other number than those that were drawn is wrong, and which one, where it is found."""
    directions = f"{count} random directions" if count > 1 else "a random direction"
    row.note(f"its {row.checked:,} drawn numbers are right, but along {directions} what backward gives and forward's "
             f"slope differ, error {error:.2g}: some other number is wrong.", "wrong")
    row.error = error
    random, until = rng(seed, "halved"), time.monotonic() + SECONDS
    place = halved(array.array.shape, lambda place: array.off(place, random), lambda: time.monotonic() < until)
    if place is None:
        return
    products, slopes = array.measured([np.ones(())], place)
    if len(products) and array.error(products, slopes):
        row.worst, row.analytic, row.numeric = place, float(products[0]), float(slopes[0])
        row.note(f"One of them is d{row.name}{index_of(place)}: analytic {row.analytic:.4g} (backward), numeric "
                 f"{row.numeric:.4g} (forward).")
