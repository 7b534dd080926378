"""The operation of a region in small numbers, with the student's output beside the right one, as text and as a picture.

    shown = show(work, "a3.dx")
    print("\\n".join(shown.lines))
    shown.save()                            pictures/a3.dx.png
"""
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..plots.course import Bars, Grid, Path as PathPanel, operation
from .check import running
from .examples import EXAMPLES
from .grader.calls import flat
from .grader.report import folded, shape
from .grader.static import look
from .panels import text_of
from .titles import title
from .workspace import known, known_region

PICTURES = "pictures"


@dataclass
class Shown:
    """What `show` has to say: rows of panels, lines of text, and where the picture goes."""

    work: object
    region: str
    rows: list
    caption: str
    lines: list

    def save(self, name=None):
        """Writes the picture; returns a sentence. ValueError: a picture that npnet did not draw is in its place."""
        from ..plots import check_name, drawn_by_npnet, save
        path = check_name(name) if name else self.work.folder / PICTURES / f"{self.region}.png"
        if path.exists() and not (path.suffix == ".png" and drawn_by_npnet(path)):
            raise ValueError(self.work.say_of("show.not_ours", file=path))
        heading = f"{self.region}: {title(self.region, self.work.language)}"
        save(operation(self.rows, heading, self.caption), path)
        inside = path.resolve().is_relative_to(Path.cwd())
        return self.work.say_of("show.saved", file=path.resolve().relative_to(Path.cwd()) if inside else path)


def show(work, region):
    """A Shown of a region. ValueError: the region is unknown, or there is nothing to draw."""
    assignment = known(region.split(".")[0], work.language)
    known_region(assignment, region, work.language)
    if region not in EXAMPLES:
        raise ValueError(work.say_of("show.nothing_to_draw", region=region, known=", ".join(EXAMPLES)))
    example = EXAMPLES[region](assignment.parts)
    right = assignment.reference.run(example.call)
    outcome = ask(work, assignment, region, example.call)
    below, differing, count = answers(work, example, outcome, right)
    told = work.say_of("show.count", wrong=differing, all=count) if differing else ""
    if count and not differing:
        told = work.say_of("show.equal")
    failing = smallest_failing(work, assignment, region) if count and not differing else []
    told = " ".join(filter(None, [told, work.say_of("show.smallest") if failing else ""]))
    caption = " ".join(filter(None, [say_what(work, region), told]))
    rows = [row for row in [example.panels, *below, *failing] if row]
    lines = [f"{region}  {title(region, work.language)}", *folded(caption, indent="  ")]
    for row in rows:
        lines += ["", *text_of(row)]
    return Shown(work, region, rows, caption, [*lines, ""])


def smallest_failing(work, assignment, region):
    """Rows of the smallest call that fails, and of what the student gives there; [] where the last check found none."""
    if work.remembered("last", assignment.id, {}).get(region, {}).get("state") != "wrong":
        return []
    from .why import failing_example, panels_of
    found = failing_example(work, region)
    return panels_of(work, found) if found else []


def say_what(work, region):
    """What is to be seen of a region."""
    return work.say_of(f"show.{region}")


def ask(work, assignment, region, call):
    """The Outcome of the student's function; None where the region is not started."""
    text = work.read(assignment.id)
    if region in look(text, assignment.source).untouched:
        return None
    with running(assignment, text) as run:
        return run(call, region)


# ---------------------------------------------------------------------------- beside each other

def answers(work, example, outcome, right):
    """(rows of panels, how many numbers differ, of how many): yours, right, difference for every output."""
    ours = example.drawn(right.value)
    words, theirs = came(work, example, outcome, right, ours)
    if example.kind == "path":
        return path_rows(work, words, theirs, ours)
    rows, differing, count = [], 0, 0
    for place, (name, want) in enumerate(ours):
        got = theirs[place] if theirs else None
        wrong = None if got is None else ~np.isclose(got, want, rtol=1e-9, atol=1e-12, equal_nan=True)
        with np.errstate(invalid="ignore"):
            gap = None if got is None else np.where(wrong, np.asarray(got, float) - want, 0)
        if wrong is not None:
            differing, count = differing + int(wrong.sum()), count + wrong.size
        panel = bars_panel if example.kind == "bars" else Grid
        most = largest(got, want)                                           # one scale for both
        row = [panel(got, work.say_of("show.yours", name=name), words=words, most=most),
               panel(want, work.say_of("show.right", name=name), most=most)]
        if gap is not None:
            row.append(panel(gap, work.say_of("show.difference"), wrong=wrong, most=largest(gap, got, want)))
        rows.append(row)
    return rows, differing, count


def bars_panel(values, title, words="", wrong=None, most=None):
    """Bars, those that are wrong marked."""
    return Bars(values, title, () if wrong is None else tuple(np.flatnonzero(wrong)), most, words, "xx")


def largest(*arrays):
    """The largest size of the finite numbers of arrays, some of which may be None; None where it is 0."""
    sizes = [np.abs(array[np.isfinite(array)]).max(initial=0) for array in map(np.asarray, filter_none(arrays))]
    return float(max(sizes)) or None


def filter_none(things):
    return [thing for thing in things if thing is not None]


def path_rows(work, words, theirs, ours):
    """Both paths in one panel; the right one alone where none came."""
    (name, want), = ours
    lines, differing = {work.say_of("show.line_right"): want}, 0
    if theirs:
        lines[work.say_of("show.line_yours")] = theirs[0]
        differing = int((~np.isclose(theirs[0], want, rtol=1e-9)).sum())
    heading = f"{name} ({work.say_of('show.line_yours')}: {words})" if words else name
    return [[PathPanel(lines, heading, work.say_of("show.step"))]], differing, len(want) if theirs else 0


def came(work, example, outcome, right, ours):
    """(words, numbers): the student's numbers, or words why there are none that could be drawn."""
    if outcome is None:
        return work.say_of("show.not_started"), None
    if outcome.error is not None:
        return work.say_of("show.raised", kind=outcome.error.kind), None
    if outcome.stopped:
        return work.say_of("show.stopped"), None
    if outcome.value is None:
        return work.say_of("show.nothing_came"), None
    try:
        drawn = [numbers for _, numbers in example.drawn(outcome.value)]
        if any(map(np.iscomplexobj, drawn)):
            return work.say_of("show.nothing_came"), None
        theirs = [np.asarray(numbers, float) for numbers in drawn]
    except (TypeError, ValueError, IndexError, KeyError, AttributeError, OverflowError):
        return work.say_of("show.nothing_came"), None
    if len(theirs) != len(ours):
        return work.say_of("show.nothing_came"), None
    for (_, got), (_, full), mine, (_, want) in zip(flat(outcome.value), flat(right.value), theirs, ours):
        whole = isinstance(got, np.ndarray) and isinstance(full, np.ndarray) and got.shape != full.shape
        if whole or mine.shape != want.shape:
            return work.say_of("show.other_shape", got=shape(np.asarray(got)), right=shape(np.asarray(full))), None
    return "", theirs
