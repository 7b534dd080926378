"""A submission, graded: looked at, run in a child process, judged region by region, and told what is wrong.

Each region is graded with everything else right: the other regions' functions and those of earlier assignments are
answered by the solution, in this process. So one mistake costs its own points only.

    result = grade(path.read_bytes(), load("a3"), key=student_key(secret, id))
"""
import os
import time
from contextlib import ExitStack

from .assignment import PUBLIC, load
from .calls import Call, flat
from .child import Child, answers, asked
from .diagnosis import diagnose
from .properties import compares, single
from .reasons import ours, reason
from .results import Answer, Checked, Graded, Note, Result, Trial
from .source import LANGUAGES, answers_of, blocks_of, regions_of
from .static import look, single_lines


def grade(data, assignment, key=PUBLIC, hidden=True, only=None, mine=None, limits=None, user=None, say=None,
          say_result=None):
    """The Result of a student's file.

    data: the bytes of the file, None where it is missing. key: of the hidden probes, the student's. hidden: whether
    hidden properties are judged too. only: ids of regions. mine: {id of an earlier assignment: the student's text of
    it}, which then answers in place of the solution. limits, user: of child.Child. say(region id) hears what is graded
    now; say_result(Result) hears the result after every region.
    """
    start, looked = time.perf_counter(), look(data, assignment.source)
    result = Result(assignment.id, blockers=looked.blockers, warnings=looked.warnings, hidden=hidden)
    result.answers = written_answers(looked.text, assignment.source)
    regions = [region for region in assignment.source.regions.values() if not only or region.id in only]
    result.regions = [Graded(region.id, region.points, "fault") for region in regions]
    if looked.blockers:
        return result
    with ExitStack() as opened:
        provide = answers(assignment)
        if mine:
            provide = opened.enter_context(Earlier(assignment, mine, limits, user))
        files = {assignment.filename: looked.text}
        child = opened.enter_context(Child(files, provide, limits=limits, user=user, **asked(assignment)))
        result.limits = child.notes()
        if ours(child.loaded):
            result.blockers = [reason(child.loaded, loading=True)]
            return result
        for place, region in enumerate(regions):
            if say:
                say(region.id)
            result.regions[place] = grade_region(region, assignment, looked, child, key, hidden)
            result.seconds = time.perf_counter() - start
            if say_result:
                say_result(result)
    return result


def written_answers(text, source):
    """The Answers of a student's file, without the questions themselves."""
    asked = [answers_of(source.starter(language)) for language in LANGUAGES] if source.questions else []
    found = answers_of(text)
    answers = []
    for id, points in source.questions.items():
        questions = {line for texts in asked for line in texts.get(id, "").splitlines()}
        lines = [line for line in found.get(id, "").splitlines() if line not in questions]
        answers.append(Answer(id, points, "\n".join(lines).strip()))
    return answers


def grade_region(region, assignment, looked, child, key, hidden):
    """One region, Graded."""
    graded = Graded(region.id, region.points)
    if region.id in looked.untouched or region.id in looked.faults:
        graded.state = "untouched" if region.id in looked.untouched else "fault"
        graded.note = looked.faults.get(region.id)
        return graded
    own = set(region.functions)
    child.wasted, child.replaced = 0.0, []                  # an endless loop costs its own region alone
    played = [play(property, assignment, child, own, key) for property in assignment.of(region.id)
              if hidden or not property.hidden]
    graded.checked = [checked for checked, *_ in played]
    graded.trial = trial_of(region, assignment, looked, child, own, played)
    right = all(checked.holds for checked in graded.checked)
    graded.remarks = (remarks_of(graded.trial) if right else []) + replaced(child)
    if not right:
        graded.state, graded.diagnosis = "wrong", cause(graded.trial)
    if not hidden:                                      # a print may tell of hidden probes
        graded.printed = printed(graded, [outcome for _, _, outcomes, _ in played for outcome in outcomes])
    return graded


def printed(graded, outcomes):
    """What the student's code printed: in the probe that the diagnosis speaks of, else in the first that printed."""
    told = graded.trial.outcomes[graded.diagnosis.call:][:1] if graded.diagnosis else []
    return next((outcome.printed for outcome in [*told, *outcomes] if outcome.printed.strip()), "")


def cause(trial):
    """The Diagnosis of a Trial; None where the diagnosis itself fails: nobody must lose the points of other regions."""
    try:
        return diagnose(trial)
    except Exception:                                       # NPNET_DEBUG=1 shows it
        if os.environ.get("NPNET_DEBUG", "") not in ("", "0"):
            raise
        return None


def play(property, assignment, child, own, key):
    """(Checked, calls, outcomes, expected) of one property."""
    start = time.perf_counter()
    calls = assignment.calls(property, key)
    expected = [assignment.reference.run(call) for call in calls]
    outcomes = [child.run(call, own) for call in calls]
    names = assignment.outputs.get(calls[0].function, ()) if calls else ()
    failure = property.judge(outcomes, expected, calls, property.tolerance, names)
    checked = Checked(property, failure, time.perf_counter() - start)
    if failure:
        checked.call, checked.outcome = calls[failure.call], outcomes[failure.call]
        checked.expected = expected[failure.call]
    return checked, calls, outcomes, expected


def trial_of(region, assignment, looked, child, own, played):
    """The Trial of a region: the probes of all its properties that compare with the solution."""
    text = "\n".join(blocks_of(looked.text, region.id)) if marked(looked.text) else looked.text
    trial = Trial(assignment, region.id, [], [], [], [], [], text, looked.text.splitlines(),
                  run=lambda call: child.run(call, own))
    for checked, calls, outcomes, expected in played:
        if compares(checked.property):
            trial.calls += calls
            trial.outcomes += outcomes
            trial.expected += expected
            trial.hidden += [checked.property.hidden] * len(calls)
            trial.tolerances += [checked.property.tolerance] * len(calls)
    return trial


def marked(text):
    """Whether the marks of a student's file belong together."""
    try:
        return bool(regions_of(text))
    except ValueError:
        return False


def remarks_of(trial):
    """Notes on what is right and yet worth a word: arithmetic in float32, where the solution needs more digits."""
    for i, call in enumerate(trial.calls):
        if trial.tolerances[i] and trial.outcomes[i].came and finer(trial.expected[i], trial.outcomes[i]):
            lines = single_lines("\n".join(trial.lines), call.function)
            return [Note("remark.float32", {"function": call.function}, lines[0] if lines else 0)]
    return []


def replaced(child):
    """Notes on functions of NumPy that the code put others in the place of: that deceives only itself."""
    names = ", ".join(child.replaced)
    return [Note("child.replaced", {"names": names})] if names else []


def finer(expected, outcome):
    """Whether the solution's numbers need more digits than float32 has, and the student's do not."""
    ours, theirs = fractions(expected), fractions(outcome)
    return not any(map(single, ours)) and all(map(single, theirs)) and bool(ours and theirs)


def fractions(outcome):
    """The arrays of fractions of an outcome, without those that are all zero."""
    return [array for _, array in flat(outcome.value)
            if getattr(array, "dtype", None) is not None and array.dtype.kind == "f" and array.any()]


class Earlier:
    """Answers questions for functions of earlier assignments from the student's own files; what they do not have, and
    the other regions, from the solution."""

    def __init__(self, assignment, texts, limits=None, user=None):
        self.assignment, self.children, self.limits, self.user = assignment, {}, limits, user
        for id, text in texts.items():
            other = load(id)
            for name in set(assignment.source.parts) & set(other.source.functions):
                self.children[name] = (other, text)             # a later assignment's goes before an earlier one's
        self.running = {}

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for child in self.running.values():
            child.close()

    def __call__(self, name, arguments):
        if name not in self.children:
            return self.assignment.parts[name](*arguments)
        other, text = self.children[name]
        if other.id not in self.running:
            self.running[other.id] = Child({other.filename: text}, answers(other), limits=self.limits, user=self.user,
                                           **asked(other))
        outcome = self.running[other.id].run(Call(name, list(arguments)))
        if not outcome.came:
            why = outcome.stopped or f"{outcome.error.kind}: {outcome.error.text}"
            raise ValueError(f"your {name} of {other.id} gave nothing ({why})")
        return outcome.value
