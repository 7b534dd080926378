"""What assignments and regions are called, and what they build on."""
import re

from .grader import assignment as assignments
from .grader.words import known, say


def title(id, language):
    """The title of an assignment or a region: that of the words, or else the handout's first line."""
    if known(id):
        return say(id, language)
    if id in assignments.ids():
        heading = assignments.load(id).source.handout(language).partition("\n")[0]
        return re.sub(r"^#\s*(\w+\.\s*)?", "", heading)
    return id


def points(assignment):
    """All points of an assignment, with those for written answers."""
    source = assignment.source
    return sum(region.points for region in source.regions.values()) + sum(source.questions.values())


def builds_on(assignment):
    """The ids of the earlier assignments whose functions this one imports from `parts`."""
    found = []
    for name in assignment.source.parts:
        earlier = [id for id in before(assignment.id) if name in assignments.load(id).source.functions]
        if earlier and earlier[-1] not in found:
            found.append(earlier[-1])
    return sorted(found, key=assignments.number)


def before(id):
    """The ids of the assignments before one, in their order."""
    return [other for other in assignments.ids() if assignments.number(other) < assignments.number(id)]
