"""What assignments and regions are called, and how many points they have."""
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
