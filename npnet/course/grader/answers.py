"""A wrong answer as a few digits, so that equal ones can be counted without keeping them."""
import hashlib

import numpy as np

from .calls import flat

DIGITS = 6                          # that count: two orders of adding up are one answer


def answer_hash(outcomes, hidden=()):
    """Twelve digits for what a region gave: values, shapes, exceptions.

    hidden: for each outcome, whether it is left out: the probes of hidden properties differ from student to student.
    """
    digest = hashlib.sha256()
    for place, outcome in enumerate(outcomes):
        if place < len(hidden) and hidden[place]:
            continue
        if not outcome.came:
            raised = outcome.error.kind if outcome.error is not None else outcome.stopped
            digest.update(f"no value: {raised}".encode())
            continue
        for _, part in flat(outcome.value):
            digest.update(written(part))
    return digest.hexdigest()[:12]


def written(part):
    """Bytes for one output, the same for numbers that differ by rounding alone."""
    if not isinstance(part, np.ndarray):
        return repr(part).encode()
    numbers = " ".join(f"{number:.{DIGITS}g}" if number else "0" for number in part.ravel().tolist())
    return f"{part.shape} {numbers}".encode()
