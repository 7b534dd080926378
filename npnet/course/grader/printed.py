"""A student's file graded from fingerprints, where the solution is not at hand: a teacher's private one.

Only public properties that compare with the solution can be told so. The other regions' functions are the student's.

    result = grade_by_prints(path.read_bytes(), load("a3"), read("a3.fp.json"))
"""
import time

from .child import Child, answers, asked
from .properties import Failure
from .reasons import ours, reason
from .results import Checked, Graded, Note, Result, Trial
from .static import look


def grade_by_prints(data, assignment, prints, only=None, limits=None, say=None):
    """The Result of a student's file. prints: fingerprints.Fingerprints of the same assignment."""
    start, looked = time.perf_counter(), look(data, assignment.source)
    result = Result(assignment.id, blockers=looked.blockers, warnings=[*looked.warnings, Note("report.by_prints")])
    regions = [region for id, region in assignment.source.regions.items() if not only or id in only]
    result.regions = [Graded(region.id, region.points, "fault") for region in regions]
    if looked.blockers:
        return result
    with Child({assignment.filename: looked.text}, answers(assignment), limits=limits, **asked(assignment)) as child:
        result.limits = child.notes()
        if ours(child.loaded):
            result.blockers = [reason(child.loaded, loading=True)]
            return result
        for place, region in enumerate(regions):
            if say:
                say(region.id)
            result.regions[place] = region_by_prints(region, assignment, prints, looked, child)
    result.seconds = time.perf_counter() - start
    return result


def region_by_prints(region, assignment, prints, looked, child):
    """One region, Graded."""
    graded = Graded(region.id, region.points)
    if region.id in looked.untouched or region.id in looked.faults:
        graded.state = "untouched" if region.id in looked.untouched else "fault"
        graded.note = looked.faults.get(region.id)
        return graded
    properties = [p for p in assignment.of(region.id) if p.id in prints.table["given"]]
    if region.id not in prints.table["regions"] or not properties:
        graded.state, graded.note = "fault", Note("report.no_prints", {"region": region.id})
        return graded
    calls = [call for property in properties for call in prints.calls(property)]
    outcomes = [child.run(call) for call in calls]
    verdicts = prints.right(region.id, calls, outcomes)
    graded.diagnosis = prints.diagnose(region.id, calls, outcomes)
    graded.checked = [Checked(property, None if verdicts[property.id] else different(graded.diagnosis))
                      for property in properties]
    count = len(calls)
    graded.trial = Trial(prints, region.id, calls, outcomes, [None] * count, [False] * count, [0.0] * count)
    if not all(checked.holds for checked in graded.checked):
        graded.state = "wrong"
    return graded


def different(diagnosis):
    """The Failure of a property; without a diagnosis, no more is known than that its answers are other ones."""
    return Failure("value", details={} if diagnosis else {"say": "report.other_print", "values": {}})
