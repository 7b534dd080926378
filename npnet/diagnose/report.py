"""What a check says: the text of an Examination, a screen of 80 columns, and the same as plain data.

    gradient check FAILED: x is wrong
      x: 370 of 576 numbers are wrong, error 0.31
        Cause: windows that overlap overwrite each other where they must be added.
        Example: x[0,3,3,3] is read by 4 windows; backward gives it 0.31, the
          share of the last; the four together are 1.84.
        Look: is dx[...] = written where dx[...] += must be?
      right: w and b, all 60 numbers, error at most 2e-11
      called as forward(x) -> y, backward(dy) -> dx

First the verdict, then every array that is wrong, then those that are right, then what was assumed. Arrays that are
wrong for one reason are told together.
"""
import math
from dataclasses import asdict

import numpy as np

from ..screen.output import fold
from ..screen.words import counted, listed
from .matrices import number

COLUMNS = 79
KNOWN = "  called as", "  right:", "  remark: forward is"       # said once, of all shapes
TOLD = 3                            # so many groups of wrong arrays are told at length


def text(examination, columns=COLUMNS):
    """The examination in lines of at most so many columns; what is to be copied stays on one line."""
    lines = fold(headline(examination), columns, rest="    ")
    for sentence in told(examination.causes.get("")):
        lines += fold(sentence, columns, "  ", "    ")
    for place, (names, rows) in enumerate(groups(examination)):
        first, *others = group(examination, names, rows)
        lines += fold(first, columns, "  ", "    ")
        for sentence in others if place < TOLD else []:
            lines += fold(sentence, columns, "    ", "      ")
    for words, other in examination.others.items():
        if not other.ok:
            sentence = f"{words[:1].upper()}{words[1:]}: {headline(other).partition(': ')[2]}."
            lines += fold(sentence, columns, "  ", "    ")
            lines += [f"  {line}" for line in text(other, columns - 2).splitlines()[1:] if not line.startswith(KNOWN)]
    for sentence in others_said(examination):
        lines += fold(sentence, columns, "  ", "    ")
    return "\n".join(lines + offer(examination, columns))


def others_said(examination):
    """The sentences on what is right, what was not checked, what was assumed and what is to be remarked."""
    said = right(examination) + also_right(examination)
    said += [f"not checked: {name} ({where})" for name, where in examination.unchecked.items()]
    called_first = sorted(examination.assumed, key=lambda sentence: not sentence.startswith("called as"))
    said += ["; ".join(called_first)] if called_first else []
    return said + [f"remark: {sentence}" for sentence in examination.remarks]


# ------------------------------------------------------------------------------- verdict

def headline(examination):
    """'gradient check FAILED: x is wrong'."""
    wrong, doubtful = named(examination, "wrong"), named(examination, "look")
    said = []
    if wrong:
        said.append(f"{together(wrong)} {'are' if len(wrong) > 1 else 'is'} wrong")
    if doubtful:
        said.append(f"look at {together(doubtful)}")
    if not (wrong or doubtful) and "" in examination.causes:
        said.append("forward is another one" if examination.causes[""].kind == "forward" else "the layer is wrong")
    if not said and not all(other.ok for other in examination.others.values()):
        said.append("at these shapes all is right, at others not")
    if examination.unchecked:
        said.append(f"{together(examination.unchecked)} could not be checked")
    verdict = "gradient check passed" if examination.ok else "gradient check FAILED"
    return verdict + (f": {'; '.join(said)}" if said else "")


def named(examination, verdict):
    """The names of the arrays with this verdict; an array with a cause is wrong whatever its numbers say."""
    rows = {row.name: row.verdict for row in examination.rows}
    rows |= {name: "wrong" for name in examination.causes if name and rows.get(name, "ok") == "ok"}
    return [name for name, found in rows.items() if found == verdict]


def together(names):
    """'x', 'x and w', 'x, w and b', 'a, b, c, d and 3 more'."""
    names = list(names)
    if len(names) in (2, 3, 4, 5):
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return listed(names, 4)


# ------------------------------------------------------------------------------- what is wrong

def groups(examination):
    """[(names, rows)]: the arrays that are not right, those with one reason together."""
    rows = {row.name: row for row in examination.rows}
    found = {}
    for name in [name for name in dict.fromkeys([*rows, *examination.causes]) if name]:
        row, cause = rows.get(name), examination.causes.get(name)
        if cause or row.verdict != "ok":
            found.setdefault(reason(examination, name, row, cause), []).append(name)
    return [(names, [rows[name] for name in names if name in rows]) for names in found.values()]


def reason(examination, name, row, cause):
    """What two arrays must have in common to be told together."""
    if cause:
        return cause.kind, cause.detail
    place, _ = examination.places.get(name, ("", ""))
    return ("", place) if place.startswith("Everywhere") else ("", name)


def group(examination, names, rows):
    """The lines on arrays that are wrong for one reason: how many numbers, the cause, an example, where to look."""
    name = names[0]
    cause = examination.causes.get(name)
    lines = [amount(names, rows), *told(cause)]
    row = rows[0] if rows else None
    if row is not None and not (cause and cause.example) and row.wrong:
        analytic, numeric = apart(row.analytic, row.numeric)
        lines.append(f"Worst: d{name}{index(row.worst)}, analytic {analytic} (backward), numeric {numeric} (forward).")
    if cause is None and name in examination.places:
        lines.append(f"Where: {examination.places[name][0]}")
    return lines


def told(cause):
    """The lines on a cause: its sentence, an example in numbers, where to look. None has none."""
    if cause is None:
        return []
    lines = [f"{'Cause' if cause.sure == 'exact' else 'Likely cause'}: {cause.sentence}"]
    lines += [f"Example: {cause.example}"] if cause.example else []
    return lines + ([f"Look: {cause.look}"] if cause.look else [])


def amount(names, rows):
    """'x: 370 of 576 numbers are wrong, error 0.31'; or, where nothing was compared, what else is the matter."""
    measured = [row for row in rows if row.wrong]
    if not measured:
        notes = " ".join(dict.fromkeys(row.notes for row in rows if row.notes))
        return f"{together(names)}: {notes or 'the numbers are right, or none was compared'}"
    each = [f"{row.wrong:,} of {row.checked:,}" for row in measured]
    numbers = each[0] if len(each) == 1 else f"{', '.join(each[:-1])} and {each[-1]}"
    error = max(row.error for row in measured)
    notes = " ".join(dict.fromkeys(row.notes for row in measured if row.notes))
    share = "" if all(row.checked + row.kinks == row.size for row in measured) else " that were drawn"
    little = "wrong by a little" if all(row.verdict == "look" for row in measured) else "wrong"
    return f"{together(names)}: {numbers} numbers{share} are {little}, error {number(error, 2)}. {notes}".rstrip(" .")


# ------------------------------------------------------------------------------- what is right, and what is left

def right(examination):
    """The line on the arrays that are right: their names, how many numbers, the largest error."""
    rows = [row for row in examination.rows if row.verdict == "ok" and row.name not in examination.causes]
    if not rows:
        return []
    checked, sizes, kinks = (sum(getattr(row, word) for row in rows) for word in ("checked", "size", "kinks"))
    amounts = f"all {counted(sizes, 'number')}" if checked == sizes else f"{checked:,} of {sizes:,} numbers"
    tried = [examination.directions[row.name] for row in rows if row.name in examination.directions]
    amounts += f", and {counted(min(tried), 'random direction')}" if tried else ""
    left = f" ({kinks:,} on a kink left out)" if kinks else ""
    errors = [row.error for row in rows if not math.isnan(row.error)]
    notes = " ".join(f"{row.name}: {row.notes}" for row in rows if row.notes)
    error = f"error at most {max(errors, default=0):.0e}"
    return [f"right: {together(row.name for row in rows)}, {amounts}{left}, {error}. {notes}".rstrip(" .")]


def also_right(examination):
    """The line on the shapes and settings of a thorough check at which all is right."""
    words = [words for words, other in examination.others.items() if other.ok]
    return [f"also right: {together(words)}"] if words else []


def offer(examination, columns):
    """After a pass: what the shapes did not cover, and the command that does."""
    if examination.others or not (examination.ok and examination.uncovered):
        return []
    lines = fold(f"not covered by these shapes: {examination.uncovered}", columns, first="  ", rest="    ")
    return lines + ([f"    {examination.command}"] if examination.command else [])


def apart(a, b):
    """Two numbers that differ, in so many digits that this is seen."""
    digits = next((digits for digits in range(4, 17) if number(a, digits) != number(b, digits)), 17)
    return number(a, digits), number(b, digits)


def index(place):
    """'[1,0,7,3]' of (1, 0, 7, 3); '' for an array without axes."""
    return f"[{','.join(map(str, place))}]" if len(place) else ""


# ------------------------------------------------------------------------------- plain data

def data(examination):
    """The examination as dictionaries, lists, numbers and texts alone, for JSON.

    ok: bool. arrays: a list, an entry for each array: name, parameter (bool), shape, verdict ("ok", "look", "wrong",
    "unchecked"), error (null where nothing was compared), size, checked, kinks, wrong (how many numbers), worst
    (null, or index, backward, slope), cause (null, or kind, detail, sentence, example, look, sure), place, notes.
    cause: of the whole layer, or null. assumed, remarks: lists of sentences. uncovered: a sentence, or "". others: the
    same for each other shape of a thorough check, by its name.
    """
    rows = {row.name: row for row in examination.rows}
    names = [name for name in dict.fromkeys([*rows, *examination.causes, *examination.unchecked]) if name]
    return {"ok": bool(examination.ok), "arrays": [array_data(examination, name, rows.get(name)) for name in names],
            "cause": cause_data(examination.causes.get("")), "assumed": list(examination.assumed),
            "remarks": list(examination.remarks), "uncovered": examination.uncovered,
            "others": {words: data(other) for words, other in examination.others.items()}}


def array_data(examination, name, row):
    """One array of `data`."""
    cause, unchecked = examination.causes.get(name), name in examination.unchecked
    verdict = "unchecked" if unchecked else "wrong" if row is None or (cause and row.verdict == "ok") else row.verdict
    place, _ = examination.places.get(name, ("", ""))
    found = {"name": name, "verdict": verdict, "cause": cause_data(cause), "place": place,
             "notes": examination.unchecked.get(name, "")}
    if row is None:                             # nothing was measured
        return found | dict.fromkeys("parameter error size shape checked kinks wrong worst".split())
    worst = {"index": [int(i) for i in row.worst], "backward": finite(row.analytic), "slope": finite(row.numeric)}
    return found | {"parameter": bool(row.parameter), "error": finite(row.error), "size": int(row.size),
                    "shape": [int(size) for size in np.shape(examination.report.point.arrays[name])],
                    "checked": int(row.checked), "kinks": int(row.kinks), "wrong": int(row.wrong),
                    "worst": worst if row.wrong else None, "notes": row.notes}


def cause_data(cause):
    """A Cause as a dictionary."""
    return None if cause is None else asdict(cause)


def finite(value):
    """A number of JSON, which has neither NaN nor infinity: these are null."""
    return float(value) if math.isfinite(value) else None
