"""Grading on a teacher's machine: one submission, or all that an LMS gave.

    grade, result = grade_one("kim.zip", load("a3"), "kim@x.org", secret)
    grades = grade_all("downloads", "a3", secret, jobs=4, progress=progress)

Every submission is graded in a process of its own, so that nothing that one does can stop the others.
"""
from collections import Counter
from concurrent.futures import BrokenExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context

from .gradebook import Grade
from .grader.assignment import folders_of, ids, load
from .grader.diagnosis import case_of
from .grader.files import asked, wanted
from .grader.fingerprints import cluster
from .grader.grade import grade
from .grader.gradescope import document
from .grader.report import region_lines, titled
from .grader.rows import answer_rows, rows_of, summary
from .grader.source import blocks_of
from .grader.variants import label, student_key
from .grader.words import known, say
from .submissions import one, submissions


def grade_one(path, assignment, student, secret, language="en"):
    """(Grade, Result) of one submission: a folder, a zip, or a single file. ValueError: it cannot be read."""
    return grade_files(one(path), assignment, student, secret, language)


def grade_files(files, assignment, student, secret, language="en"):
    """(Grade, Result) of {name: bytes}."""
    name, data = asked(files, assignment.filename)
    result = grade(data, assignment, key=student_key(secret, student))
    made = grade_of(result, assignment, student, language)
    if result.blockers:
        made.problem = " ".join(say(note.id, language, **note.values) for note in result.blockers)
    if data is not None:
        made.codes = codes_of(data, result)
        made.texts += texts_of_answers(result.answers, language)
    return made, result


def assignment_of(files, folder=None):
    """The id of the assignment whose file is among {name: bytes}. ValueError: none is, or several are."""
    found = [id for id in ids(folders_of(folder)) if wanted(files, load(id, folder).filename)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(sorted(files)[:5]) or "nothing"
    if not found:
        raise ValueError(f"no file of an assignment is in the submission, which holds {names}; say --assignment a3")
    raise ValueError(f"the submission holds files of {', '.join(found)}; say which one, with --assignment {found[0]}")


def assignment_of_all(path, folder=None):
    """The id of the assignment that most submissions of a class hold. ValueError: none holds one."""
    counts = Counter()
    for each in submissions(path):
        with suppress(ValueError):
            counts[assignment_of(each.files, folder)] += 1
    if not counts:
        raise ValueError(f"no submission in {path} holds a file of one assignment; say --assignment a3")
    return counts.most_common(1)[0][0]


def texts_of(path, assignment):
    """{student: the text of the asked file} of a class, of those who handed it in."""
    found = {}
    for each in submissions(path):
        _, data = asked(each.files, assignment.filename)
        if data is not None:
            found[each.id] = data.decode("utf-8", "replace")
    return found


# ---------------------------------------------------------------------------- what is kept of a Result

def grade_of(result, assignment, student, language="en"):
    """The Grade of a Result."""
    made = Grade(result.assignment, student, earned=result.earned, points=result.points, seconds=result.seconds)
    for graded in result.regions:
        made.regions[graded.id] = (graded.earned, graded.points)
        if graded.state != "wrong":
            continue
        found = graded.diagnosis
        made.mistakes += [(graded.id, mistake) for mistake in (found.mistakes if found is not None else ())]
        if graded.trial is not None and came(graded.trial) and not (found is not None and found.mistakes):
            made.unknown.append((graded.id, cluster(case_of(graded.trial))))
    if not result.blockers:
        made.texts = [(graded.id, "\n".join(region_lines(graded, assignment, language))) for graded in result.regions]
    return made


def came(trial):
    """Whether a public probe got an answer: those that all end with one kind of error have nothing else in common."""
    return any(outcome.came for outcome, hidden in zip(trial.outcomes, trial.hidden) if not hidden)


def results_of(result, assignment, files, secret, student, language="en"):
    """results.json of a Result, as the autograder writes it."""
    rows = [row for graded in result.regions for row in rows_of(graded, assignment, language, result.blockers)]
    rows += answer_rows(result.answers, language)
    name, _ = asked(files, assignment.filename)
    said = summary(result, assignment, language, name, sorted(files))
    return document(rows, said, result.seconds, variant=label(student_key(secret, student)))


def texts_of_answers(answers, language):
    """[(title, text)] for a report: every written answer, with the rubric that it is graded by."""
    found = []
    for answer in answers:
        rubric = f"{answer.id}.rubric"
        said = [answer.text or say("grading.no_answer", language), say(rubric, language) if known(rubric) else ""]
        title = say("grading.written", language, region=answer.id, title=titled(answer.id, language),
                    points=answer.points)
        found.append((title, "\n\n".join(filter(None, said))))
    return found


def codes_of(data, result):
    """{region: what the student wrote}; {} for a file whose marks do not belong together."""
    text = data.decode("utf-8", "replace")
    try:
        return {graded.id: "\n".join(blocks_of(text, graded.id)) for graded in result.regions
                if graded.state in ("right", "wrong")}
    except ValueError:
        return {}


# ---------------------------------------------------------------------------- a class

@dataclass
class Task:
    """What a process needs to grade one submission."""

    submission: object
    assignment: str
    folder: str
    secret: str
    language: str


def grade_all(path, id, secret, language="en", folder=None, jobs=1, progress=None):
    """The Grades of all submissions in a folder or a zip, sorted by student. progress(done, total) hears how far it is.

    A submission that cannot be read, or that takes the process down which grades it, has its problem, and no points.
    """
    tasks = [Task(each, id, folder, secret, language) for each in submissions(path)]
    grades = [failed(task, task.submission.problem) for task in tasks if task.submission.problem]
    left = [task for task in tasks if not task.submission.problem]
    for made in graded(left, jobs):
        grades.append(made)
        if progress:
            progress(len(grades), len(tasks))
    return sorted(grades, key=lambda made: made.student)


def graded(tasks, jobs):
    """Yields the Grades of tasks as they are done. Those whose process broke are tried once more, each by itself."""
    broken = []
    with pool(min(jobs, len(tasks)) or 1) as executor:
        waiting = {executor.submit(work, task): task for task in tasks}
        for future in as_completed(waiting):
            try:
                yield future.result()
            except BrokenExecutor:
                broken.append(waiting[future])
    for task in broken:
        with pool(1) as executor:
            try:
                yield executor.submit(work, task).result()
            except BrokenExecutor:
                yield failed(task, "grading it took the grader's own process down; grade it by itself, and look")


def pool(jobs):
    """Processes that begin afresh: a copy of this one would have its threads' locks."""
    from concurrent.futures import ProcessPoolExecutor      # which needs more of a system than reading this file may
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))


def work(task):
    """The Grade of a Task."""
    submission = task.submission
    try:
        made, _ = grade_files(submission.files, load(task.assignment, task.folder), submission.id, task.secret,
                              task.language)
    except Exception as error:                              # of the grader's: one submission must not stop the rest
        return failed(task, f"the grader failed: {type(error).__name__}: {error}")
    made.name, made.late = submission.name, submission.late
    return made


def failed(task, problem):
    """The Grade of a submission that could not be graded."""
    regions = load(task.assignment, task.folder).source.regions
    return Grade(task.assignment, task.submission.id, task.submission.name, late=task.submission.late, problem=problem,
                 points=sum(region.points for region in regions.values()))
