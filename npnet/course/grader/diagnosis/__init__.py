"""What is wrong with an answer, and how sure that is.

    found = diagnose(trial)             # of a results.Trial: a Diagnosis, or None if nothing is wrong
    text(found, "ko")                   # sentences

Steps, in the order of how much they prove; the first that speaks is heard:

    exceptions.py   D0  Python stopped, or nothing was returned
    single.py       D2  exactly what one mistake of the catalogue gives, on all probes
    shapes.py       D1  another shape: with the right numbers in it, or the shape that a mistake gives
    algebra.py      D3  a factor with a name, a term more or less, another order
    pairs.py        D4  two mistakes at once
    causes.py           npnet's gradient checker, where the catalogue knows nothing
    places.py       D5  where the wrong numbers sit
    smallest.py     D6  the smallest call that fails
"""
import numpy as np

from ..reasons import ours, reason
from . import algebra, causes, exceptions, pairs, places, shapes, single, smallest
from .sentences import text
from .trial import Case, Diagnosis, Example, Said, case_of

__all__ = ["Case", "Diagnosis", "Example", "Said", "case_of", "diagnose", "text"]


def diagnose(trial):
    """The Diagnosis of a Trial, or None if all its values, and what was done beside giving them, are right."""
    case = case_of(trial)
    played = single.Played(case)
    with np.errstate(all="ignore"):                         # of a student's NaN and infinite numbers
        for step in STEPS:
            found = step(case, played)
            if found:
                found.region = case.region
                return found
    return None


# ---------------------------------------------------------------------------- what catalogue and algebra prove

def unwritten(case, played):
    """The line that raises NotImplementedError is still there."""
    for i in case.wrong:
        error = case.outcomes[i].error
        if error is not None and error.kind == "NotImplementedError":
            own = error.text.strip() == case.region
            return Diagnosis("D0", "diagnosis.unwritten" if own else "diagnosis.unwritten_other", "exact", call=i,
                             values={"id": error.text[:40], "region": case.region})
    return None


def one_mistake(case, played):
    """D2."""
    found = single.matching(played)
    if not found:
        return None
    if not case.wrong:
        result = known("diagnosis.beside", "exact", case, found, 0)
        result.places = []
        return result
    return known("diagnosis.single", "exact", case, found)


def restless(case, played):
    """Another answer each time: the catalogue's mistakes of that kind, or just the fact."""
    if any(failure and failure.kind == "shape" for failure in case.failures):
        return None                                     # which says more: what lies beyond an array changes by itself
    calls = single.unsteady(played)
    if not calls:
        return None
    found = single.as_unsteady(played, calls)
    values = {"function": case.calls[calls[0]].function}
    if not found:
        drawn = any(case.outcomes[i].global_random for i in calls)
        return Diagnosis("D0", "diagnosis.unsteady" + ("_random" if drawn else ""), "exact", call=calls[0],
                         values=values)
    result = known("diagnosis.unsteady_as", "likely", case, found, calls[0], **values)
    result.places = []
    return result


def known(id, certainty, case, mistakes, call=None, step="D2", **values):
    """A Diagnosis that names mistakes of the catalogue; several are alternatives. call: the probe that is shown; by
    default the most telling one of the first wrong output."""
    series = next(iter(wrong_series(case)), None)
    if call is not None:
        series = next((s for s in case.series if any(item.call == call for item in s.wrong)), None)
    found, shown = places.where(case, series) if series else ([], case.wrong[0] if case.wrong else 0)
    call = shown if call is None else call
    label = series.label if series else case.calls[call].function
    error = case.outcomes[call].error
    return Diagnosis(
        step, id, certainty, output=label, call=call, mistakes=[mistake.id for mistake in mistakes],
        values={"output": label, "when": [mistake.when for mistake in mistakes], **values}, concept=mistakes[0].concept,
        ask=mistakes[0].ask or None, places=found if error is None else [exceptions.at_line(error)])


def stopped(case, played):
    """D0: an exception, a call that was ended from outside, or no value."""
    for i in case.wrong:
        got = case.outcomes[i]
        if ours(got):
            note = reason(got)
            return Diagnosis("D0", note.id, "exact", call=i, values=note.values)
        if got.error is not None:
            raised = exceptions.explained(got.error)
            same = [mistake for mistake in played.mistakes if played.explains(i, mistake)]
            return Diagnosis("D0", "diagnosis.raised", "likely", call=i,
                             places=places.across(case, case.calls[i].function),
                             values={"line": exceptions.at_line(got.error), "why": raised},
                             mistakes=[mistake.id for mistake in same] if len(same) < 3 else [],
                             ask=same[0].ask if len(same) == 1 else None)
        if got.value is None:
            return Diagnosis("D0", "diagnosis.nothing", "exact", call=i, values={
                "function": case.calls[i].function, "outputs": ", ".join(case.outputs(i)) or case.calls[i].function})
    return None


def outputs(case, played):
    """Another number of outputs, or the right ones in another order."""
    for i, failure in enumerate(case.failures):
        if failure and failure.kind in ("count", "names", "kind", "dtype"):
            series = next((s for s in case.series
                           if (s.function, s.name) == (case.calls[i].function, failure.output)), None)
            same = single.of_output(played, series) if series else []
            if 0 < len(same) <= 2:
                return of_one_output(case, series, same)
            names = case.outputs(i)
            return Diagnosis("D1", f"diagnosis.{failure.kind}", "exact", call=i, output=failure.output, values={
                "function": case.calls[i].function, "outputs": ", ".join(names), "output": failure.output or
                case.calls[i].function, **{name: str(value) for name, value in failure.details.items()}})
    order = algebra.reordered(case)
    if order:
        i = case.wrong[0]
        return Diagnosis("D1", "diagnosis.order", "exact", call=i, values={
            "got": ", ".join(order), "want": ", ".join(case.outputs(i))})
    return None


def wrong_series(case):
    """The Series with wrong answers."""
    return [series for series in case.series if series.wrong]


def shape_with_numbers(case, played):
    """D1, where the right numbers are there."""
    for series in wrong_series(case):
        said = shapes.by_numbers(case, series) if shapes.misshapen(series) else None
        if said:
            return shaped(case, series, said, "exact")
    return None


def shaped(case, series, said, certainty, **more):
    """A Diagnosis of a shape."""
    item = shapes.shown(series)
    return Diagnosis("D1", "diagnosis.shape", certainty, output=series.label, call=item.call, values={
        "output": series.label, "got": exceptions.tidy(item.got.shape), "want": exceptions.tidy(item.want.shape),
        "why": said}, places=places.across(case, series.function), **more)


def arithmetic(case, played):
    """D3; and D2 for one output, if the catalogue knows what algebra has found there."""
    for series in wrong_series(case):
        found = algebra.cause(case, series) if series.shaped else None
        same = single.of_output(played, series) if found and len(case.series) > 1 else []
        if 0 < len(same) <= 2:
            return of_one_output(case, series, same)
        if found:
            said, ask = found
            return Diagnosis("D3", said.id, "exact", output=series.label, values=said.values, ask=ask,
                             call=places.shown_call(case, series))
    return None


def one_output(case, played):
    """D2 for one output, where another one is wrong for another reason."""
    for series in wrong_series(case) if len(case.series) > 1 else ():
        found = single.of_output(played, series)
        if 0 < len(found) <= 2:
            return of_one_output(case, series, found)
    return None


def of_one_output(case, series, mistakes):
    """A Diagnosis that names mistakes for one output."""
    found, call = places.where(case, series)
    others = [other.label for other in wrong_series(case) if other is not series]
    return Diagnosis("D2", "diagnosis.one_output" if others else "diagnosis.single", "exact", output=series.label,
                     call=call, mistakes=[mistake.id for mistake in mistakes], concept=mistakes[0].concept,
                     places=found, ask=mistakes[0].ask or None,
                     values={"output": series.label, "others": ", ".join(others),
                             "when": [mistake.when for mistake in mistakes]})


def two_mistakes(case, played):
    """D4."""
    found = pairs.pairs(played) if case.wrong else []
    if not found:
        return None
    first, both = found[0], pairs.shared(found)
    if len(found) > 1 and len(both) == 1:
        others = [next(m for m in pair if m not in both) for pair in found][:3]
        result = known("diagnosis.pair_one", "likely", case, both, step="D4",
                       others=[mistake.when for mistake in others])
    else:
        result = known("diagnosis.pair", "likely", case, first, step="D4")
        result.together = True
    return result


def multiples(case, played):
    """D3 where the factor is another one on every probe."""
    for series in wrong_series(case):
        found = algebra.varying(case, series) if series.shaped else None
        if found:
            ask = algebra.asked_for("p_drop") if found.id.endswith("by_dropped") else None
            return Diagnosis("D3", found.id, "likely", output=series.label, values=found.values, ask=ask,
                             call=places.shown_call(case, series), places=places.across(case, series.function))
    return None


def shape_of_mistake(case, played):
    """D1, by the shape alone."""
    for series in wrong_series(case):
        if shapes.misshapen(series):
            found = shapes.by_mistakes(played, series)
            said = shapes.by_shape(case, series)
            if 0 < len(found) <= 2:
                said = Said("diagnosis.shape.mistake", {"when": [mistake.when for mistake in found]})
                return shaped(case, series, said, "likely", mistakes=[mistake.id for mistake in found],
                              concept=found[0].concept, ask=found[0].ask or None)
            return shaped(case, series, said, "likely")
    return None


def some_probes(case, played):
    """D2 on some probes only: which ones, and no more than that."""
    found = single.partly(played) if case.wrong else []
    if not 0 < len(found) <= 2:
        return None
    hits = found[0][1]
    result = known("diagnosis.partly", "likely", case, [mistake for mistake, _ in found], hits[0], "D2",
                   hits=", ".join(str(i + 1) for i in hits[:5]) + (" ..." if len(hits) > 5 else ""),
                   all=len(case.calls))
    result.places = places.across(case, case.calls[hits[0]].function)
    return result


def checker(case, played):
    """The causes of npnet's gradient checker."""
    for function in dict.fromkeys(case.calls[i].function for i in case.wrong):
        found = causes.told(case, function)
        if found:
            kind, sentence, look, sure = found
            kind = "winners" if (kind, function) == ("mask", "max_pool_backward") else kind
            result = unknown(case, "causes", "diagnosis.checker", "exact" if sure == "exact" else "likely")
            measured = {"en": sentence, "ko": ""}                   # the checker tells its numbers in English alone
            result.values.update(kind=Said(f"diagnosis.kind.{kind.replace(' ', '_')}"), sentence=measured)
            result.ask = {"en": look} if look else None
            return result
    return None


def not_known(case, played):
    """D5 and D6: where it is wrong, and the smallest call that fails."""
    if not case.wrong:
        return None
    result = unknown(case, "D5", "diagnosis.place", "place")
    if not result.places:
        result.step, result.id, result.certainty = "D6", "diagnosis.unknown", "place"
    return result


def unknown(case, step, id, certainty):
    """A Diagnosis with places and the smallest example."""
    from ..fingerprints import cluster
    series = next(iter(wrong_series(case)), None)
    found, call = places.where(case, series) if series else ([], case.wrong[0])
    function = series.function if series else case.calls[call].function
    example = smallest.smallest(case, function, case.assignment.parts)
    found = found + places.across(case, function, example)
    return Diagnosis(step, id, certainty, output=series.label if series else function, call=call, places=found,
                     values={"output": series.label if series else function},
                     example=example, cluster=cluster(case))


def manners(case, played):
    """All values are right, but a call changed its arguments, or drew random numbers of its own."""
    for i, (got, want) in enumerate(zip(case.outcomes, case.expected)):
        if got.changed and not want.changed:
            names = list(case.arguments(i))
            return Diagnosis("D0", "diagnosis.changed", "exact", call=i, values={
                "function": case.calls[i].function, "argument": names[got.changed[0]]})
        if got.global_random and not want.global_random:
            return Diagnosis("D0", "diagnosis.global_random", "exact", call=i, values={
                "function": case.calls[i].function})
    return None


STEPS = (unwritten, one_mistake, restless, stopped, outputs, shape_with_numbers, arithmetic, two_mistakes, one_output,
         multiples, shape_of_mistake, some_probes, checker, not_known, manners)
