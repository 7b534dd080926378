"""Wrong answers that several students share: counted by a hash of what their functions gave on the public probes.

The hash is grader/fingerprints.py's (cluster). The probes are the same for all, so equal hashes are equal answers. An
answer that nobody has catalogued and that fourteen students give is a mistake to add to the catalogue.
"""
from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class Cluster:
    """A wrong answer: the region, its hash, who gave it."""

    region: str
    hash: str
    students: list = field(default_factory=list)


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
