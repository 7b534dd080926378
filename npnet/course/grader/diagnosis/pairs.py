"""D4: two mistakes at once. Both patches are put into the solution; most pairs fail on the first probe."""
import time
from itertools import combinations

from .single import QUICK, SECONDS


def pairs(played, seconds=SECONDS):
    """[(mistake, mistake)] that together explain every probe; [] where none does, or there is no time."""
    until, found = time.perf_counter() + seconds, []
    for pair in combinations(likely_first(played), 2):
        if time.perf_counter() > until:
            break
        for order in (pair, pair[::-1]):
            if played.runner(*order) is not None:
                if all(played.explains(i, *order) for i in played.order):
                    found.append(order)
                break
    return found


def likely_first(played):
    """The mistakes, those first that alone explain some of the quickest probes: one half of a pair often does."""
    wrong = [i for i in played.order if i in played.case.wrong][:QUICK]
    return sorted(played.mistakes, key=lambda mistake: -sum(played.explains(i, mistake) for i in wrong))


def shared(found):
    """The mistakes that are in every pair."""
    return [mistake for mistake in (found[0] if found else ()) if all(mistake in pair for pair in found)]
