"""The check: a student's file is run in a process of its own, graded by its public properties, and told what is wrong.

    found = check(work, "a3.dx")            one region; "a3": an assignment; a file's name; None: all that was started
    found.lines(), found.code, found.table()

Exit codes: 0 all is right, 1 something is wrong, 2 nothing was started, 3 the file does not run, 4 a mistake of ours.
"""
import hashlib
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .grader import assignment as assignments
from .grader.child import Child, Limits, answers, asked
from .grader.fingerprints import read
from .grader.grade import grade
from .grader.printed import grade_by_prints
from .grader.report import COLUMNS, diagnosed, failed, lines, loading, noted, titled
from .workspace import NOTEBOOK, Workspace, known, known_region, meant, shown

LIMITS = Limits(seconds=3.0, wasted=4.0)        # the solutions take a thousandth of that
RIGHT, WRONG, NOT_STARTED, DOES_NOT_RUN, OURS = range(5)


@dataclass
class Target:
    """A student's file, of which assignment it is, and the regions that are asked for (all if there are none)."""

    work: object
    assignment: object
    path: Path
    only: list


@dataclass
class Found:
    """What came of a check: [(Target, Result)]. gone: ids of assignments whose files are not there any longer."""

    results: list
    language: str
    gone: list = ()

    def lines(self):
        """The report, file after file."""
        found = []
        for number, (target, result) in enumerate(self.results, 1):
            last = number == len(self.results)
            some = lines(result, target.assignment, self.language, screen_columns(), last)
            found += ([""] if found else []) + some
        return found

    @property
    def code(self):
        """The exit code: of several files, the one that is worst off."""
        codes = {code_of(result) for _, result in self.results} | ({WRONG} if self.gone else set())
        return next((code for code in (DOES_NOT_RUN, WRONG) if code in codes),
                    NOT_STARTED if codes == {NOT_STARTED} else WRONG if NOT_STARTED in codes else RIGHT)

    def table(self):
        """The same as lists and dictionaries, for --json."""
        return [table_of(target, result, self.language) for target, result in self.results]


def check(work, words=None, only=(), mine=False, say=None, limits=None):
    """Checks files; a Found. words: one, or a list; none: all that was started.
    mine: earlier functions are the student's own. say(region) hears what is done.

    ValueError in one sentence: nothing was started, a region or a file is unknown.
    """
    results, limits = [], limits or LIMITS
    gone = work.gone() if work.started() and not words and not only else []
    work.notes += [work.say("gone", id=id, file=work.path(id).name, folder=shown(work.folder)) for id in gone]
    for target in asked_for(work, words, only):
        data = read_file(target)
        prints = target.path.with_name(f"{target.assignment.id}.fp.json")
        if prints.is_file():                            # of a handout whose solution is the teacher's alone
            result = grade_by_prints(data, target.assignment, read(prints), target.only, limits, say)
        else:
            result = grade(data, target.assignment, hidden=False, only=target.only,
                           mine=earlier(target) if mine else None, limits=limits, say=say)
        remember(target, result, data)
        results.append((target, result))
    return Found(results, work.language, gone)


# ---------------------------------------------------------------------------- what is checked

def read_file(target):
    """The bytes of a student's file; of a notebook, those of its code."""
    if target.path.suffix == NOTEBOOK:
        return target.work.of_notebook(target.path).encode()
    return target.path.read_bytes()


def asked_for(work, words=None, only=()):
    """The Targets of one word, of several, or of none; those of one file as one."""
    words, files = [words] if isinstance(words, str) else list(words or [None]), {}
    for target in [target for word in words for target in targets(work, word, list(only))]:
        before = files.get(target.path)
        if before is None:
            files[target.path] = target
        else:
            before.only = before.only and target.only and list(dict.fromkeys(before.only + target.only))
    return list(files.values())


def targets(work, word, only):
    """The Targets that a word means: an assignment, a region, a file; all that was started without one."""
    if word is None and only:
        word = meant(only[0]).partition(".")[0]
    if word is None:
        ids = work.started()
        if not ids:
            raise ValueError(work.say("none_started", folder=shown(work.folder)))
        return [target(work, id, []) for id in ids]
    word, only = meant(word), list(map(meant, only))
    if word.endswith((".py", ".ipynb")) or Path(word).is_file():
        return [of_file(Path(word), work.language, only)]
    id, _, rest = word.partition(".")
    return [target(work, id, [word, *only] if rest else only)]


def target(work, id, only):
    """The Target of an assignment in the student's folder."""
    assignment = known(id, work.language)
    for region in only:
        known_region(assignment, region, work.language)
    work.must_be_here(id)
    return Target(work, assignment, work.path(id), only)


def of_file(path, language, only):
    """The Target of a file, whose name tells its assignment."""
    work = Workspace(path.parent, language)
    id = path.stem.partition("_")[0].lower()
    if not path.is_file():
        raise ValueError(work.say("no_file", path=path))
    if id not in assignments.ids():
        example = assignments.load(assignments.ids()[0]).filename
        raise ValueError(work.say("not_a_file_of_ours", path=path.name, example=example))
    assignment = known(id, language)
    for region in only:
        known_region(assignment, region, language)
    return Target(work, assignment, path, only)


def earlier(target):
    """{id: text} of the student's files of earlier assignments."""
    place = assignments.number(target.assignment.id)
    return {id: target.work.read(id) for id in target.work.started() if assignments.number(id) < place}


@contextmanager
def running(assignment, text):
    """run(call, region) -> Outcome: calls of one file, in one child process; all but the region is the solution's."""
    regions = assignment.source.regions
    with Child({assignment.filename: text}, answers(assignment), LIMITS, **asked(assignment)) as child:
        yield lambda call, region: child.run(call, set(regions[region].functions))


# ---------------------------------------------------------------------------- what came of it

def screen_columns():
    """How many columns a report may take: those of the terminal, at most 80, at least 50."""
    return max(50, min(COLUMNS, shutil.get_terminal_size().columns))


def code_of(result):
    """The exit code of one file."""
    if result.blockers or loading(result):
        return DOES_NOT_RUN
    states = {region.state for region in result.regions}
    return NOT_STARTED if states == {"untouched"} else RIGHT if states <= {"right"} else WRONG


def remember(target, result, data):
    """Writes down what a check gave, if the file is the one in the student's folder."""
    work, id = target.work, target.assignment.id
    if target.path.resolve() != work.path(id).resolve():
        return
    last = dict(work.remembered("last", id, {}))
    for region in result.regions:
        last[region.id] = {"state": region.state, "got": region.earned, "most": region.points,
                           "held": sum(checked.holds for checked in region.checked), "of": len(region.checked)}
    count = work.remembered("checked", id, {}).get("count", 0) + 1
    whole = not target.only or work.remembered("checked", id, {}).get("sha256") == digest(data)
    work.remember(last={id: last}, checked={id: {"count": count, "sha256": digest(data) if whole else ""}})


def digest(content):
    """The SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def table_of(target, result, language):
    """A Result as a dictionary."""
    return {"assignment": result.assignment, "file": str(target.path), "points": result.points, "earned": result.earned,
            "seconds": round(result.seconds, 3), "code": code_of(result),
            "blockers": [noted(note, language) for note in result.blockers],
            "warnings": [noted(note, language) for note in result.warnings],
            "regions": [region_table(graded, language) for graded in result.regions]}


def region_table(graded, language):
    """A Graded as a dictionary."""
    diagnosis = graded.diagnosis
    said = [noted(graded.note, language)] if graded.note else diagnosed(graded, language) if diagnosis else \
        [failed(graded, language)] if graded.state == "wrong" else []
    return {"id": graded.id, "title": titled(graded.id, language), "state": graded.state, "points": graded.points,
            "earned": graded.earned, "says": [line for line in said if line],
            "printed": graded.printed,
            "properties": [{"id": checked.property.id, "says": titled(checked.property.id, language),
                            "holds": checked.holds} for checked in graded.checked],
            "diagnosis": diagnosis and {"step": diagnosis.step, "id": diagnosis.id, "certainty": diagnosis.certainty,
                                        "mistakes": diagnosis.mistakes, "concept": diagnosis.concept}}
