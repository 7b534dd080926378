"""Hints for a region, in three levels: a nudge, the formula with its shapes, pseudo-code.

They are shown one after the other, and counted in the student's folder; they cost nothing.
"""
from ..screen.output import width as screen_width
from .grader.report import folded
from .grader.words import known, say
from .titles import title

LEVELS = 3


def hint(work, region):
    """The lines of the next hint for a region; after the last one, those of all. ValueError: there are none."""
    levels = levels_of(region)
    if not levels:
        raise ValueError(say("hint.none", work.language, region=region))
    seen = work.remembered("hints", region, 0)
    values = {"region": region, "title": title(region, work.language), "all": len(levels)}
    if seen < len(levels):
        level = seen + 1
        work.remember(hints={region: level})
        found = [say("hint.head", work.language, level=level, **values), *shown(levels[level - 1], work.language)]
        more = "hint.next" if level < len(levels) else "hint.last" if known(f"show.{region}") else "hint.last_plain"
    else:
        found = [say("hint.head_all", work.language, **values)]
        for number, level in enumerate(levels, 1):
            found += [*shown(level, work.language, f"{number}. ")]
        more = "hint.last" if known(f"show.{region}") else "hint.last_plain"
    return [*found, *folded(say(more, work.language, region=region), screen_width())]


def levels_of(region):
    """The ids of a region's hints, in their order."""
    names = [f"{region}.hint{level}" for level in range(1, LEVELS + 1)]
    return [name for name in names if known(name)]


def shown(name, language, number=""):
    """A hint in lines that fit; the blanks before its lines, of pseudo-code for instance, are kept."""
    found = []
    for place, line in enumerate(say(name, language).rstrip().splitlines()):
        before = "  " + (number if place == 0 else " " * len(number)) + " " * (len(line) - len(line.lstrip()))
        found += folded(line.strip(), screen_width(), indent=before, more=" " * len(before)) or [""]
    return found
