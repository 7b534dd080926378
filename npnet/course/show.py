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
from .grader.report import COLUMNS, folded, padded, shape, width
from .grader.static import look
from .titles import title
from .workspace import known, known_region

PICTURES = "pictures"
MOST = 12                       # rows of a table of numbers that are printed


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
    caption = " ".join(filter(None, [work.say_of(f"show.{region}"), told]))
    rows = [row for row in [example.panels, *below] if row]
    lines = [f"{region}  {title(region, work.language)}", *folded(caption, indent="  ")]
    for row in rows:
        lines += ["", *text_of(row)]
    return Shown(work, region, rows, caption, [*lines, ""])


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
    words, theirs = came(work, example, outcome, ours)
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
        rows.append([panel(got, work.say_of("show.yours", name=name), words=words, most=most),
                     panel(want, work.say_of("show.right", name=name), most=most),
                     panel(gap, work.say_of("show.difference"), words=words, wrong=wrong)])
    return rows, differing, count


def bars_panel(values, title, words="", wrong=None, most=None):
    """Bars, those that are wrong marked."""
    return Bars(values, title, () if wrong is None else tuple(np.flatnonzero(wrong)), most, words)


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


def came(work, example, outcome, ours):
    """(words, numbers): the student's numbers, or words why there are none that could be drawn."""
    if outcome is None:
        return work.say_of("show.not_started"), None
    if outcome.error is not None:
        return work.say_of("show.raised", kind=outcome.error.kind), None
    if outcome.stopped:
        return work.say_of("show.stopped"), None
    try:
        theirs = [np.asarray(numbers, float) for _, numbers in example.drawn(outcome.value)]
    except (TypeError, ValueError, IndexError):
        return work.say_of("show.nothing_came"), None
    if len(theirs) != len(ours):
        return work.say_of("show.nothing_came"), None
    for (_, got), mine, (_, want) in zip(flat(outcome.value), theirs, ours):
        if mine.shape != want.shape:
            size = got if isinstance(got, np.ndarray) else mine
            return work.say_of("show.other_shape", got=shape(size), right=shape(np.asarray(want))), None
    return "", theirs


# ---------------------------------------------------------------------------- as text

def text_of(row):
    """The panels of a row as text, beside each other where they fit."""
    found, line = [], []
    for block in map(block_of, row):
        if line and sum(width(each[0]) for each in line) + 3 * len(line) + width(block[0]) > COLUMNS - 2:
            found, line = [*found, *side_by_side(line), ""], []
        line.append(block)
    return [*found, *side_by_side(line)]


def side_by_side(blocks):
    """Blocks of lines, each block's lines of one width, as lines."""
    high = max(map(len, blocks))
    return ["  " + "   ".join(block[i] if i < len(block) else " " * width(block[0]) for block in blocks).rstrip()
            for i in range(high)]


def block_of(panel):
    """A panel as lines of one width: its title, then its numbers."""
    if isinstance(panel, PathPanel):
        table = [[panel.across, *map(str, range(len(next(iter(panel.lines.values())))))]]
        table += [[name, *(f"{number:.6g}" for number in numbers)] for name, numbers in panel.lines.items()]
        table = list(map(list, zip(*table)))                                # a step in every line
    elif panel.values is None:
        return evened([panel.title, panel.words])
    else:
        numbers = np.atleast_2d(np.asarray(panel.values))
        boxes = panel.boxes if isinstance(panel, Grid) and apart(panel.boxes) else []
        table = [[boxed(f"{number:.5g}", row, column, boxes) for column, number in enumerate(line)]
                 for row, line in enumerate(numbers[:MOST])]
    wide = max(width(cell) for line in table for cell in line)
    return evened([panel.title, *(" ".join(" " * (wide - width(cell)) + cell for cell in line) for line in table)])


def apart(boxes):
    """Whether boxes can be told by brackets: there is one, or each holds one number."""
    return len(boxes) == 1 or all(rows * columns == 1 for _, _, rows, columns in boxes)


def boxed(text, row, column, boxes):
    """A number, in brackets where it lies in a box."""
    inside = any(h <= row < h + rows and v <= column < v + columns for h, v, rows, columns in boxes)
    return f"[{text}]" if inside else f"{text} " if boxes else text


def evened(lines):
    """Lines with blanks after them, so that all are as wide as the widest."""
    wide = max(map(width, lines))
    return [padded(line, wide) for line in lines]
