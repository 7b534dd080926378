"""The report of a check, in lines of at most 80 columns: of each region what holds, and one cause of what is wrong.

    for line in lines(result, assignment, "ko"):
        print(line)

A wrong region takes at most twelve lines: its points, what holds, the probe, shape and dtype and where the largest
difference is, the diagnosis, a question, where to go on. A Korean letter takes two columns, and is counted so.
"""
import re
import unicodedata

import numpy as np

from .calls import Rng, flat
from .diagnosis.trial import argument_names
from .properties import fits
from .words import known, say, sentences

COLUMNS = 80
MOST = 12                       # lines of one region
PRINTED = 6                     # lines of what the student's code printed
SHORT_OF_SPACE = "..."
BESIDE = ("diagnosis.beside", "diagnosis.changed", "diagnosis.global_random")


def lines(result, assignment, language="en", columns=COLUMNS, last=True):
    """The lines of the report of a Result. last: it is the last one of several, or the only one."""
    found = blockers(result, assignment, language, columns)
    told, before = False, []
    for graded in result.regions if not result.blockers else ():
        region = region_lines(graded, assignment, language, columns)
        region = region[:1] if told and graded.state == "wrong" else region
        region = region + printed_lines(graded, language, columns)
        found += ([""] if found and max(len(region), len(before)) > 2 else []) + region
        before = region
        told = told or graded.state == "wrong" and loading(result)
    found += [""] if result.warnings else []
    for warning in result.warnings:
        found += folded(noted(warning, language), columns)
    return [*found, "", *total(result, assignment, language, columns, last)]


def loading(result):
    """Whether running the file itself failed, before any call: then every call has this one outcome."""
    outcomes = [outcome for region in result.regions if region.trial for outcome in region.trial.outcomes]
    if not outcomes or outcomes[0].came or any(outcome is not outcomes[0] for outcome in outcomes):
        return False
    error = outcomes[0].error
    return error.function == "<module>" if error is not None else len(outcomes) > 1


def blockers(result, assignment, language, columns):
    """The name of a file that could not be run, and why."""
    said = [line for note in result.blockers for line in folded(noted(note, language), columns, "  ")]
    return [f"! {assignment.filename}", *said] if said else []


def total(result, assignment, language, columns, last=True):
    """The points, what they count, and how long it took."""
    values = {"title": titled(assignment.id, language), "got": short(result.earned), "most": short(result.points)}
    found = [f"{assignment.id}  {say('report.total', language, **values)}"]
    if result.seconds:
        found[0] += "  " + say("report.time", language, seconds=f"{result.seconds:.1f}")
    if result.answers:
        given = sum(bool(answer.text) for answer in result.answers)
        values = {"points": short(result.written), "given": given, "all": len(result.answers)}
        found.append(say("report.answers", language, **values))
    if last and result.limits:
        found.append(noted(result.limits[0], language))
    if last and not result.hidden and not result.blockers:
        found.append(say("report.hidden", language))
    return [line for text in found for line in folded(text, columns)]


# ---------------------------------------------------------------------------- one region

def region_lines(graded, assignment, language="en", columns=COLUMNS, most=MOST):
    """The lines of one region; most: of them."""
    head = heading(graded, language, columns, max(14, *(len(id) + 1 for id in assignment.source.regions)))
    if graded.state == "untouched":
        return [head, *folded(say("report.not_started", language), columns, "  ")]
    if graded.note:
        return [head, *folded(noted(graded.note, language), columns, "  ")]
    body = folded(held(graded, language), columns, "  ")
    remarks = [line for note in graded.remarks for line in folded(noted(note, language), columns, "  ")]
    if graded.state == "right":
        return [head, *body, *remarks][:most]
    body = [*body[:2], *probe_lines(graded, assignment, language, columns)]
    cause, question = cause_lines(graded, language, columns)
    question = shortened(question, 3, columns)
    room = most - 2 - len(body) - len(question)                            # 2: the head and the last line
    if len(cause) + len(remarks) <= room:
        cause = cause + remarks
    elif len(cause) > room:                                                 # `why` tells all of it
        cause = shortened(cause, room, columns)
    name = "report.more" if known(f"show.{graded.id}") else "report.more_plain"
    more = folded(say(name, language, region=graded.id), columns, "  ")
    return [head, *body, *cause, *question, *more[:1]]


def printed_lines(graded, language, columns=COLUMNS):
    """What the student's own code printed, cut; none where it printed nothing."""
    some = graded.printed.rstrip().splitlines()
    if not some:
        return []
    shown = [cut(f"    {printable(line)}", columns) for line in some[:PRINTED]]
    more = ["    ..."] if len(some) > PRINTED else []
    return [*folded(say("report.printed", language), columns, "  "), *shown, *more]


def heading(graded, language, columns=COLUMNS, wide=14):
    """The id of a region, its title and its points at the right; a mark says it without colour."""
    mark = {"right": "+", "wrong": "-", "untouched": ".", "fault": "!"}[graded.state]
    points = say("report.points", language, got=short(graded.earned), most=short(graded.points))
    left = f"{mark} {padded(graded.id, wide)} {titled(graded.id, language)}"
    left = cut(left, columns - width(points) - 2)
    return left + " " * (columns - width(left) - width(points)) + points


def held(graded, language):
    """How many properties hold, and the names of those that do not."""
    wrong = [titled(checked.property.id, language) for checked in graded.checked if not checked.holds]
    count = len(graded.checked)
    if not wrong:
        return say("report.held_all" if count > 1 else "report.held_one", language, all=count)
    if own_words(graded, language):                                         # they name them
        return say("report.held_some", language, held=count - len(wrong), all=count)
    if count == 1:
        return say("report.held_none", language, names=wrong[0])
    names = wrong[0] if len(wrong) == 1 else say("report.and_more", language, names=wrong[0], more=len(wrong) - 1)
    return say("report.held", language, held=count - len(wrong), all=count, names=names)


def probe_lines(graded, assignment, language, columns):
    """The probe of which the numbers are told, and what was seen there: at most four lines. Where the properties have
    sentences of their own for what they miss: these, at most six lines."""
    own = [line for text in own_words(graded, language) for line in folded(text, columns, "  ")]
    if own:
        return own[:6]
    found = telling(graded)
    if found is None:
        return []
    number, call, outcome, expected = found
    text = say("report.probe", language, number=number + 1, all=count_of(graded), arguments=described(call, assignment))
    names = assignment.outputs.get(call.function, ())
    given = shortened(folded(text, columns, "  ", more="    "), 2, columns)
    if graded.diagnosis is not None and graded.diagnosis.id in BESIDE:      # all values are right
        return given
    return [*given, *seen_lines(outcome, expected, names, language, columns)[:2]]


def own_words(graded, language):
    """What the failures of a region say in words of their assignment (details["say"] is an id), each once; [] where a
    diagnosis speaks."""
    if graded.diagnosis is not None:
        return []
    found = [say(checked.failure.details["say"], language, **checked.failure.details["values"],
                 title=titled(checked.property.id, language))
             for checked in graded.checked if not checked.holds and "say" in checked.failure.details]
    return list(dict.fromkeys(found))


def shortened(found, most, columns):
    """At most so many lines; dots at the end where there were more."""
    return found if len(found) <= most else [*found[:most - 1], cut(found[most - 1] + " " * columns, columns)]


def telling(graded):
    """(number, call, outcome, expected) of the probe that the diagnosis speaks of, else of the first that fails."""
    trial, diagnosis = graded.trial, graded.diagnosis
    if trial and diagnosis is not None and diagnosis.call < len(trial.calls):
        i = diagnosis.call
        return i, trial.calls[i], trial.outcomes[i], trial.expected[i]
    for checked in graded.checked:
        if not checked.holds and checked.call is not None:
            return place_of(checked.call, trial), checked.call, checked.outcome, checked.expected
    return None


def place_of(call, trial):
    """The number of a call among those of the trial; 0 where it is none of them."""
    return next((i for i, other in enumerate(trial.calls if trial else ()) if other is call), 0)


def count_of(graded):
    """How many probes a region has."""
    return len(graded.trial.calls) if graded.trial else max(1, len(graded.checked))


def seen_lines(outcome, expected, names, language, columns):
    """Shape, dtype and the largest difference of the first output that is not right; none where nothing came."""
    if outcome is None or expected is None or not outcome.came:
        return []
    theirs, ours = flat(outcome.value, names), flat(expected.value, names)
    if len(theirs) != len(ours) or strange(outcome.value):
        got, right = counted_parts(outcome.value), counted_parts(expected.value)
        text = say("report.not_numbers", language, got=got, right=right)
        return folded(text, columns, "  ")
    several = len(ours) > 1
    for (name, a), (_, b) in zip(theirs, ours):
        parts = seen(a, b, language)
        if parts and several:
            parts[0] = f"{name}: {parts[0]}"
        if parts:
            return folded("   ".join(parts), columns, "  ")
    return []


def seen(a, b, language):
    """What is told of one output a beside the right b: shape, dtype, difference; [] where they are equal."""
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        same = type(a) is type(b) and not isinstance(a, np.ndarray) and a == b
        return [] if same else [say("report.not_numbers", language, got=kind_of(a), right=kind_of(b))]
    if a.shape != b.shape:
        return [say("report.shape_wrong", language, got=shape(a), right=shape(b))]
    parts = [say("report.shape_ok", language, shape=shape(a))] if a.ndim else []
    alike = fits(a.dtype.kind, b.dtype.kind)
    parts.append(say("report.dtype_ok", language, dtype=a.dtype) if alike
                 else say("report.dtype_wrong", language, got=a.dtype, right=b.dtype))
    bad = ~np.isfinite(a) & np.isfinite(b)
    if bad.any():
        return [*parts, say("report.not_finite", language, count=int(bad.sum()), index=index(np.argwhere(bad)[0]))]
    with np.errstate(invalid="ignore", over="ignore"):
        gap = np.nan_to_num(np.abs(a.astype(complex) - b), nan=0.0)
    if not gap.any():
        return [] if alike else parts
    if not a.ndim:
        return [*parts, say("report.difference_single", language, size=f"{gap:.4g}")]
    at = np.unravel_index(np.argmax(gap), gap.shape)
    return [*parts, say("report.difference", language, size=f"{gap[at]:.4g}", index=index(at))]


def cause_lines(graded, language, columns):
    """(lines of the diagnosis, lines of the question at its end); or what is known without a diagnosis, and none."""
    sentences = [said for said in diagnosed(graded, language) if said] or [failed(graded, language)]
    question = sentences.pop() if len(sentences) > 1 else ""
    return folded_parts(" ".join(sentences), columns, "  "), folded(question, columns, "  ")


def diagnosed(graded, language):
    """The sentences of a diagnosis; [] where there is none."""
    if graded.diagnosis is None:
        return []
    from .diagnosis import text
    return text(graded.diagnosis, language)


def failed(graded, language):
    """What the first failure says by itself, where no diagnosis does; "" where all is said already."""
    checked = next((checked for checked in graded.checked if not checked.holds), None)
    if checked is None:
        return ""
    failure, error = checked.failure, checked.outcome.error if checked.outcome is not None else None
    if failure.kind == "raised" and error is not None:
        where = "report.raised" if error.line else "report.raised_elsewhere"
        return say(where, language, line=error.line, kind=error.kind, text=cut(error.text, 120), code=error.code)
    values = {"function": checked.call.function if checked.call else "", **failure.details}
    if failure.kind == "changed":
        values["argument"] = name_of_argument(checked.call, failure.details["argument"], graded)
    kind = failure.kind
    name = f"child.{failure.details.get('why')}" if kind == "stopped" else f"report.failure.{kind}"
    values["seconds"] = f"{checked.outcome.seconds:.0f}" if checked.outcome is not None else "?"
    return say(name, language, **values) if known(name) else ""


def name_of_argument(call, number, graded):
    """The name of an argument of a call, as the assignment's file has it."""
    names = argument_names(graded.trial.assignment, call) if graded.trial else []
    return names[number] if number < len(names) else f"argument {number + 1}"


# ---------------------------------------------------------------------------- in words

def noted(note, language):
    """A Note as a sentence, with the line of the student's file before it."""
    text = say(note.id, language, **note.values)
    told = "{line}" in sentences()[note.id][language]       # some sentences name the line themselves
    return say("report.line", language, line=note.line, text=text) if note.line and not told else text


def titled(id, language):
    """The words of an id; the id itself where there are none."""
    return say(id, language) if known(id) else id


def described(call, assignment):
    """The arguments of a call in short: x (2,4,9,8)  stride 2."""
    names = argument_names(assignment, call)
    return "  ".join(f"{names[i]} {brief(argument)}" if i < len(names) else brief(argument)
                     for i, argument in enumerate(call.arguments))


def brief(argument):
    """An argument in short: the shape of an array, a number as it is."""
    if isinstance(argument, np.ndarray):
        return shape(argument) if argument.ndim else written(argument.item())
    if isinstance(argument, Rng):
        return f"seed {argument.seed}"
    if isinstance(argument, dict):
        return "{" + ", ".join(f"{name} {brief(part)}" for name, part in argument.items()) + "}"
    if isinstance(argument, (list, tuple)) and argument and isinstance(argument[0], dict):
        return f"[{{...}} x {len(argument)}]"
    if isinstance(argument, (list, tuple)):
        return f"[{brief(argument[0])}, ...]" if len(argument) > 4 else f"[{', '.join(map(brief, argument))}]"
    return written(argument) if isinstance(argument, float) else str(argument)


def kind_of(value):
    """What kind of thing an output is: an array of 3 axes, None, text."""
    if strange(value):
        return value["strange"]
    return f"array {shape(value)}" if isinstance(value, np.ndarray) else repr(value)[:30]


def strange(value):
    """Whether an output was of a kind that cannot be looked at: then its kind alone is known."""
    return isinstance(value, dict) and set(value) == {"strange"}


def counted_parts(value):
    """An array, or so many of them in a tuple."""
    return f"tuple ({len(value)})" if isinstance(value, (tuple, list)) else kind_of(value)


def shape(array):
    """(2,4,9,8), as short as it can be written."""
    return "(" + ",".join(map(str, array.shape)) + ("," if array.ndim == 1 else "") + ")"


def index(place):
    """[1,0,7,3]"""
    return "[" + ",".join(str(int(i)) for i in place) + "]"


def written(number):
    """A number with at most six digits that count."""
    return f"{number:.6g}"


def short(points):
    """Points without needless digits: 2.4, 6."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


# ---------------------------------------------------------------------------- lines that fit

def width(text):
    """How many columns a text takes: Korean letters two, joined marks none."""
    return sum(0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
               for letter in text)


def padded(text, columns):
    """The text with blanks after it, up to so many columns."""
    return text + " " * max(columns - width(text), 0)


def cut(text, columns):
    """The text; its beginning and dots where it is wider."""
    if width(text) <= columns:
        return text
    while text and width(text) > columns - len(SHORT_OF_SPACE):
        text = text[:-1]
    return text.rstrip() + SHORT_OF_SPACE


def folded(text, columns=COLUMNS, indent="", more=None):
    """The text in lines of at most so many columns, broken at blanks; a longer word is broken where it must be.

    indent: what every line begins with; more: every line but the first.
    """
    found, line = [], ""
    for word in pieces(text, columns - len(indent) - len(more or "")):
        start = indent if not found else indent if more is None else more
        longer = f"{line}{word}"
        if line and width(start + longer.rstrip()) > columns:
            found.append(start + line.rstrip())
            longer = word.lstrip()
        line = longer
    start = indent if not found or more is None else more
    return [*found, start + line.rstrip()] if line.strip() else found


def folded_parts(text, columns=COLUMNS, indent="", more=None):
    """The same; each line of the text begins a new one."""
    return [line for part in text.split("\n") for line in folded(part.strip(), columns, indent, more)]


def pieces(text, columns):
    """The words of a text, each with the blanks before it; a word that no line holds comes in parts."""
    for word in re.findall(r" *[^ ]+", printable(text)):
        while width(word.lstrip()) > columns:
            size = next(size for size in range(len(word), 0, -1) if width(word[:size]) <= columns)
            yield word[:size]
            word = word[size:]
        yield word


def printable(text):
    """The text on one line, with ? for what moves the cursor."""
    return "".join(letter if letter.isprintable() else " " if letter in "\n\t" else "?" for letter in str(text))
