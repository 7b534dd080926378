"""An answer of the check with its numbers: all that the diagnosis says, the student's array beside a summary
of the right one, and the smallest example that fails, small enough to be worked out by hand.
"""
import numpy as np

from .check import LIMITS, read_file, running, targets
from .grader.calls import flat
from .grader.diagnosis import case_of
from .grader.diagnosis.smallest import smallest
from .grader.grade import grade
from .grader.properties import apart, fits
from .grader.report import (brief, described, diagnosed, failed, folded, folded_parts, heading, noted, own_words,
                             printed_lines, shape, telling, written)
from .panels import maps_of, text_of


def why(work, region):
    """The lines about a region: its diagnosis, its numbers. ValueError: unknown, not started, damaged."""
    target, = targets(work, region, [])
    data = read_file(target)
    result = grade(data, target.assignment, hidden=False, only=[region], limits=LIMITS)
    language = work.language
    if result.blockers:
        return [line for note in result.blockers for line in folded(noted(note, language))]
    graded, = result.regions
    lines = [heading(graded, language)]
    if graded.state == "untouched":
        return lines + folded(work.say_of("report.not_started"), indent="  ")
    if graded.note:
        return lines + folded(noted(graded.note, language), indent="  ")
    if graded.state == "right":
        return lines + folded(work.say_of("why.right", region=region), indent="  ")
    own = own_words(graded, language)
    if own:
        return lines + [line for said in own for line in folded(said, indent="  ", more="    ")] + [""]
    for said in diagnosed(graded, language) or [failed(graded, language)]:
        lines += folded_parts(said, indent="  ")
    lines += printed_lines(graded, language)
    return [*lines, *numbers(work, target.assignment, graded), *by_hand(work, target, graded), ""]


def numbers(work, assignment, graded):
    """The student's array of the probe that the diagnosis speaks of, and a summary of the right one."""
    found = telling(graded)
    if found is None:
        return []
    number, call, outcome, expected = found
    said = work.say_of("why.numbers", number=number + 1, arguments=described(call, assignment))
    lines = ["", *folded(said, more="  ")]
    if not outcome.came or outcome.value is None:
        there = outcome.error.shapes if outcome.error is not None else {}
        said = ", ".join(f"{name} ({','.join(map(str, dims))})" for name, dims in there.items())
        lines += folded(work.say_of("why.nothing"), indent="  ")
        return lines + (folded(work.say_of("why.arrays", arrays=said), indent="  ") if said else [])
    names = assignment.outputs.get(call.function, ())
    for (name, got), (_, want) in zip(flat(outcome.value, names), flat(expected.value, names)):
        some = beside(work, name or call.function, got, want)
        lines += ([""] if some and len(lines) > 3 else []) + some
    return lines


def beside(work, name, got, want):
    """One output: summaries of both, and the student's numbers, wrong ones in brackets; nothing where all are right."""
    if not isinstance(want, np.ndarray):
        return []
    if not isinstance(got, np.ndarray):
        return folded(work.say_of("why.nothing"), indent="  ")
    wrong = apart(got, want, 1e-9) if got.shape == want.shape else None
    if wrong is not None and not wrong.any():
        if fits(got.dtype.kind, want.dtype.kind):
            return []
        return folded(work.say_of("why.dtype", output=name, got=got.dtype, right=want.dtype), indent="  ")
    lines = folded(work.say_of("why.yours", output=name, **summary(got)), indent="  ")
    lines += folded(work.say_of("why.summary", **summary(want)), indent="  ")
    if wrong is not None:
        lines += folded(work.say_of("why.wrong", wrong=int(wrong.sum()), all=wrong.size), indent="  ")
    return [*lines, "", *text_of(maps_of(got, name, wrong))]


def summary(array):
    """What is told of an array: its shape, its least and its largest number, and the mean."""
    array = array.real if array.dtype.kind == "c" else array
    finite = array[np.isfinite(array)] if array.dtype.kind in "fc" else array.ravel()
    finite = finite if finite.size else np.zeros(1)
    return {"shape": shape(array), "least": written(finite.min().item()), "most": written(finite.max().item()),
            "mean": written(finite.mean().item())}


def by_hand(work, target, graded):
    """The smallest example that fails: its arguments and the student's answer, as arrays."""
    example = graded.diagnosis.example if graded.diagnosis else None
    if example is None and graded.trial is not None and graded.trial.calls:
        example = found_again(target, graded)
    if example is None:
        return []
    arrays = [(name, value) for name, value in example.arguments if isinstance(value, np.ndarray)]
    others = [(name, value) for name, value in example.arguments if not isinstance(value, np.ndarray)]
    given = ", ".join([*(name for name, _ in arrays), *(f"{name}={brief(value)}" for name, value in others)])
    lines = ["", *folded(work.say_of("why.smallest", call=f"{example.function}({given})"), more="  ")]
    for row in panels_of(work, example):
        lines += text_of(row)
    return [*lines, "", *folded(work.say_of("why.by_hand"), indent="  ")] if example.at else lines


def panels_of(work, example):
    """Rows of panels of an example: its arguments with the student's answer, wrong numbers marked."""
    panels = [panel for name, value in example.arguments if isinstance(value, np.ndarray)
              for panel in maps_of(value, name)]
    if isinstance(example.yours, np.ndarray):
        right = np.asarray(example.right)
        wrong = apart(example.yours, right, 1e-9) if example.yours.shape == right.shape else None
        panels += maps_of(example.yours, work.say_of("show.yours", name=example.output), wrong)
    return [panels]


def failing_example(work, region):
    """The smallest example of a region that fails; None where there is none."""
    target, = targets(work, region, [])
    result = grade(read_file(target), target.assignment, hidden=False, only=[region], limits=LIMITS)
    graded = None if result.blockers else result.regions[0]
    if graded is None or graded.trial is None or graded.state != "wrong":
        return None
    return (graded.diagnosis and graded.diagnosis.example) or found_again(target, graded)


def found_again(target, graded):
    """The smallest example, looked for with a child of its own; None where none is found."""
    case = case_of(graded.trial)
    if not case.wrong:
        return None
    function = case.calls[case.wrong[0]].function
    with running(target.assignment, read_file(target).decode("utf-8-sig")) as run:
        case.run = lambda call: run(call, graded.id)
        return smallest(case, function, target.assignment.parts)
