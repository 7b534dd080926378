"""Wrong answers that several students share: counted by a hash of what their functions gave on the public probes.

The probes are the same for all, so equal hashes are equal answers. An answer that nobody has catalogued and that
fourteen students give is a mistake to add to the catalogue.
"""
import hashlib
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from .grader.calls import flat

DIGITS = 6                          # that count: two orders of adding up are one answer


@dataclass
class Cluster:
    """A wrong answer: the region, its hash, who gave it."""

    region: str
    hash: str
    students: list = field(default_factory=list)


def answer_hash(outcomes, hidden=()):
    """Twelve digits for what a region gave: values, shapes, exceptions.

    hidden: for each outcome, whether it is left out.
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


def clusters(grades, least=2):
    """The Clusters of `least` students or more in a list of Grades, the largest first."""
    found = defaultdict(list)
    for grade in grades:
        for region, code in grade.unknown:
            found[region, code].append(grade.student)
    made = [Cluster(region, code, sorted(students)) for (region, code), students in found.items()
            if len(students) >= least]
    return sorted(made, key=lambda cluster: (-len(cluster.students), cluster.region, cluster.hash))


def counted_mistakes(grades):
    """[(region, id of a mistake, how many students)] of a list of Grades, the most frequent first."""
    found = defaultdict(set)
    for grade in grades:
        for region, mistake in grade.mistakes:
            found[region, mistake].add(grade.student)
    return sorted(((region, mistake, len(students)) for (region, mistake), students in found.items()),
                  key=lambda entry: (-entry[2], entry[0], entry[1]))
