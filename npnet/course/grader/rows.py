"""The rows of results.json: of each region one for its public properties and one for its hidden ones.

    planned(assignment, "ko")                   before anything is graded: 0 points, "not graded"
    rows_of(graded, assignment, "ko")           of a graded region

A public row has the report of `npnet course check`. A hidden row says what the properties are called and which concept
to look at again, never a number that was expected: what can be read can be copied.
"""
from dataclasses import replace

from .diagnosis import case_of
from .fingerprints import cluster
from .grade import written_answers
from .gradescope import test
from .report import region_lines, short, titled
from .words import say

HIDDEN = "after_published"          # when students see the rows of the hidden properties


def planned(assignment, language="en"):
    """The rows as long as nothing is graded."""
    rows = [row(assignment, region, hidden, 0.0, say("grading.waiting", language), language)
            for region in assignment.source.regions for hidden in kinds(assignment, region)]
    return rows + answer_rows(written_answers("", assignment.source), language)


def rows_of(graded, assignment, language="en", blockers=()):
    """The rows of a Graded. blockers: Notes why nothing could be run."""
    if blockers:
        said = "\n".join(said_of(note, language) for note in blockers)
        return [row(assignment, graded.id, hidden, 0.0, said, language) for hidden in kinds(assignment, graded.id)]
    return [hidden_row(graded, assignment, language) if hidden else public_row(graded, assignment, language)
            for hidden in kinds(assignment, graded.id)]


def answer_rows(answers, language="en"):
    """Rows without points of the written answers [results.Answer], for the person who reads them."""
    found = []
    for answer in answers:
        name = say("grading.written", language, region=answer.id, title=titled(answer.id, language),
                   points=answer.points)
        made = test(answer.id, name, 0, 0, answer.text or say("grading.no_answer", language))
        found.append({**made, "status": "passed" if answer.text else "failed"})
    return found


def said_of(note, language):
    """A Note as a sentence."""
    return say(note.id, language, **note.values)


def summary(result, assignment, language, name, files, versions=""):
    """What is said of the whole submission: never the points of hidden properties. name: of the file that was graded,
    None if it is missing; files: the names of all files."""
    said = [said_of(note, language) for note in [*result.blockers, *result.warnings]]
    if name is None:
        found = ", ".join(files[:8]) or say("grading.nothing", language)
        said.append(say("grading.missing", language, found=found))
    got = sum(earned(graded, assignment, False) for graded in result.regions)
    most = sum(share(assignment, graded.id, False) for graded in result.regions)
    if result.written:
        said.append(say("grading.by_hand", language, points=result.written))
    said.append(say("grading.public_points", language, got=short(got), most=short(most)))
    return "\n".join([*said, *filter(None, [versions])])


def kinds(assignment, region):
    """[False] for a region with public properties alone, [False, True] for one with hidden ones too."""
    return sorted({property.hidden for property in assignment.of(region)})


def share(assignment, region, hidden):
    """The points that the public or the hidden properties of a region can give."""
    return round(sum(points for property, points in assignment.worth(region) if property.hidden == hidden), 4)


def row(assignment, region, hidden, score, output, language, **more):
    """One row of results.json."""
    place = list(assignment.source.regions).index(region) + 1
    name = say("grading.hidden" if hidden else "grading.public", language, region=region,
               title=titled(region, language))
    return test(f"{number_of(assignment)}.{place}.{2 if hidden else 1}", name, score,
                share(assignment, region, hidden), output, HIDDEN if hidden else "visible", **more)


def number_of(assignment):
    """"3" for a3, "B1" for b1: what the numbers of the rows begin with."""
    return assignment.id.removeprefix("a").upper()


def earned(graded, assignment, hidden):
    """The points that the public or the hidden properties of a region gave."""
    held = [c.property.id for c in graded.checked if c.holds]
    return round(sum(points for property, points in assignment.worth(graded.id)
                     if property.hidden == hidden and property.id in held), 4)


def public_row(graded, assignment, language):
    """The row of the public properties, with the report of the region as if there were no others."""
    shown = alone(graded, share(assignment, graded.id, False))
    score = earned(graded, assignment, False)
    lines = region_lines(shown, assignment, language)
    return row(assignment, graded.id, False, score, "\n".join(lines), language, **kept(shown, assignment))


def alone(graded, points):
    """The same region with its public properties alone, and their points: what a report of it may tell."""
    public = [c for c in graded.checked if not c.property.hidden]
    shown = replace(graded, points=points, checked=public, trial=public_probes(graded.trial))
    if graded.state == "wrong" and all(c.holds for c in public):
        shown.state, shown.diagnosis = "right", None
    elif graded.diagnosis is not None and graded.trial is not None:
        shown.diagnosis = replace(graded.diagnosis, call=place_among_public(graded.diagnosis.call, graded.trial))
    return shown


def public_probes(trial):
    """The Trial without the probes of hidden properties."""
    if trial is None:
        return None
    kept = [i for i, hidden in enumerate(trial.hidden) if not hidden]
    lists = {name: [getattr(trial, name)[i] for i in kept]
             for name in ("calls", "outcomes", "expected", "hidden", "tolerances")}
    return replace(trial, **lists)


def place_among_public(call, trial):
    """The number of a probe among the public ones; one that none of them has, if it is a hidden probe."""
    if call >= len(trial.hidden) or trial.hidden[call]:
        return len(trial.hidden)
    return trial.hidden[:call].count(False)


def hidden_row(graded, assignment, language):
    """The row of the hidden properties: their names, and a concept."""
    checked = [c for c in graded.checked if c.property.hidden]
    wrong = [c for c in checked if not c.holds]
    if not checked:
        said = [say("report.not_started", language) if graded.state == "untouched" else
                said_of(graded.note, language) if graded.note else say("grading.waiting", language)]
    else:
        said = [say("grading.hidden_passed", language, passed=len(checked) - len(wrong), properties=len(checked))]
    said += [say("grading.hidden_wrong", language, name=titled(c.property.id, language)) for c in wrong]
    if wrong:
        said += [say("grading.concept", language, concept=each) for each in concepts(graded, assignment)]
    score = earned(graded, assignment, True)
    return row(assignment, graded.id, True, score, "\n".join(said), language,
               **(kept(graded, assignment) if wrong else {}))


def kept(graded, assignment):
    """What is kept of a wrong region for the teacher's tables: concepts, mistakes, a hash of the answer."""
    if graded.state != "wrong":
        return {}
    found = {"tags": concepts(graded, assignment), "mistakes": mistakes(graded)}
    if graded.trial is not None:
        found["answer"] = cluster(case_of(graded.trial))
    return found


def mistakes(graded):
    """The ids of the mistakes that the diagnosis names."""
    return list(graded.diagnosis.mistakes) if graded.diagnosis is not None else []


def concepts(graded, assignment):
    """The concepts of these mistakes, and of the diagnosis itself."""
    named = set(mistakes(graded))
    found = {mistake.concept for mistake in assignment.mistakes if mistake.id in named}
    if graded.diagnosis is not None and graded.diagnosis.concept:
        found.add(graded.diagnosis.concept)
    return sorted(found - {""})
