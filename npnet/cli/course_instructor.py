"""The instructor's part of `npnet course`.

    npnet course build-handout a3 --out a3.zip --lang ko
    npnet course build-autograder a3 --out a3-autograder.zip --secret secret.txt --wheelhouse wheels
    npnet course grade kim.zip --student kim@example.org --secret secret.txt --html kim.html
    npnet course grade-all downloads.zip --secret secret.txt --csv grades.csv --html reports
    npnet course grades fill --into gradebook.csv --id-column ID --grade-column "A3 (4711)"
    npnet course selftest a3 --seeds 50
    npnet course similarity downloads.zip
"""
import os
from pathlib import Path

from ..course.grader.words import LANGUAGES
from ..course.grader.words import language as language_of

COMMANDS = {
    "grade": "grade one submission: a folder, a zip, or a file",
    "grade-all": "grade a folder or a zip of submissions, as Canvas, Moodle or Gradescope give it",
    "grades": "put grades into the table that an LMS gave",
    "build-handout": "a zip for students, which gives nothing of the solution away",
    "build-autograder": "a zip for Gradescope, which needs no network; or files for otter and nbgrader",
    "selftest": "are the tests good tests? Every mistake of the catalogue must be caught",
    "similarity": "pairs of submissions that are alike",
}


def add(commands):
    for name, text in COMMANDS.items():
        made = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        globals()["add_" + name.replace("-", "_")](made)


def add_course(parser, language=True):
    """The options that all have: an own course, the language."""
    parser.add_argument("--course", metavar="DIR", help="a course of your own, whose files go before npnet's "
                        "(default: NPNET_COURSE)")
    if language:
        parser.add_argument("--lang", choices=LANGUAGES, metavar="LANG", help="en or ko (default: NPNET_LANG, else en)")


def add_assignment(parser):
    parser.add_argument("--assignment", metavar="a3", help="default: told from the names of the files")


def add_secret(parser):
    parser.add_argument("--secret", metavar="FILE", help="the course's secret, from which each student's hidden tests "
                        "are drawn (default: a public one)")


def use_course(options):
    """Makes an own course the one that is used, in the processes that we start too."""
    if options.course is not None:
        if not Path(options.course).is_dir():
            raise ValueError(f"--course {options.course} is not a folder; give the one that holds assignments/")
        os.environ["NPNET_COURSE"] = str(Path(options.course).resolve())


# ---------------------------------------------------------------------------- grade

def add_grade(parser):
    parser.add_argument("submission", metavar="SUBMISSION", help="a folder, a zip, or a .py file")
    add_assignment(parser)
    parser.add_argument("--student", metavar="ID", help="who it is from (default: told from the name "
                        "of the file or folder, as grade-all does)")
    add_secret(parser)
    parser.add_argument("--gradescope", metavar="FILE", help="write results.json, as Gradescope takes it")
    parser.add_argument("--csv", metavar="FILE", help="write a table with one row")
    parser.add_argument("--html", metavar="FILE", help="write a report")
    add_course(parser)
    parser.set_defaults(run=run_grade)


def run_grade(options):
    from ..course.grader.report import lines
    from ..course.grading import grade_files
    from ..course.submissions import id_of, one
    from ..screen import tell
    use_course(options)
    language, files = language_of(options.lang), one(options.submission)
    assignment = chosen(options.assignment, files)
    student = options.student or id_of(options.submission)
    grade, result = grade_files(files, assignment, student, secret_of(options.secret), language)
    for line in lines(result, assignment, language):
        print(line)
    for path in written(options, grade, result, assignment, files, language):
        tell(f"wrote {path}")


def chosen(id, files):
    """The assignment that is asked for, or that the files are of."""
    from ..course.grader.assignment import load
    from ..course.grading import assignment_of
    return load(id or assignment_of(files))


def secret_of(path):
    from ..course.grader.variants import read_secret
    return read_secret(path)


def written(options, grade, result, assignment, files, language):
    """Writes what was asked for; yields the paths."""
    from ..course.gradebook import write_grades
    from ..course.grading import results_of
    from ..course.reports import write_report
    if options.gradescope:
        from ..course.grader.gradescope import write
        write(options.gradescope, results_of(result, assignment, files, secret_of(options.secret), grade.student,
                                             language))
        yield options.gradescope
    if options.csv:
        write_grades(options.csv, [grade])
        yield options.csv
    if options.html:
        write_report(options.html, grade, language)
        yield options.html


# ---------------------------------------------------------------------------- grade-all, grades

def add_grade_all(parser):
    parser.add_argument("folder", metavar="FOLDER", help="the folder or the zip, as it was downloaded")
    add_assignment(parser)
    add_secret(parser)
    parser.add_argument("--csv", metavar="FILE", default="grades.csv", help="the table (default: grades.csv)")
    parser.add_argument("--html", metavar="DIR", help="a folder for reports: class.html, and one of each student")
    parser.add_argument("--jobs", type=int, metavar="N", help="how many at a time (default: one a processor)")
    add_course(parser)
    parser.set_defaults(run=run_grade_all)


def run_grade_all(options):
    from ..course.gradebook import write_grades
    from ..course.grading import assignment_of_all, grade_all
    from ..course.reports import write_reports
    from ..screen import bar, tell
    if options.jobs is not None and options.jobs < 1:
        raise ValueError(f"--jobs must be 1 or more, got {options.jobs}")
    use_course(options)
    id = options.assignment or assignment_of_all(options.folder)
    with bar(f"Grading {id}", "submissions") as progress:
        grades = grade_all(options.folder, id, secret_of(options.secret), language_of(options.lang),
                           jobs=options.jobs or os.cpu_count() or 1, progress=progress)
    write_grades(options.csv, grades)
    for line in told(grades):
        print(line)
    tell(f"wrote {options.csv}")
    if options.html:
        tell(f"wrote {write_reports(options.html, grades, language_of(options.lang))}")


def told(grades):
    """Lines on a class: points, mistakes that were recognised, wrong answers that several share, what has no points."""
    from ..course.clusters import clusters, counted_mistakes
    from ..course.gradebook import number
    from ..screen import counted, listed
    good = [grade for grade in grades if not grade.problem]
    mean = sum(grade.earned for grade in good) / max(len(good), 1)
    yield (f"{counted(len(grades), 'submission')}, {len(good)} graded, mean {number(round(mean, 2))} of "
           f"{number(max(grade.points for grade in grades))} points")
    for region, mistake, count in counted_mistakes(grades)[:10]:
        yield f"  {counted(count, 'student'):>12}  {region}: {mistake}"
    for cluster in clusters(grades)[:10]:
        yield (f"  {counted(len(cluster.students), 'student'):>12}  {cluster.region}: an answer that is in no "
               f"catalogue ({cluster.hash}): {listed(cluster.students)}")
    for grade in grades:
        if grade.problem:
            yield f"  {grade.student}: {grade.problem}"


def add_grades(parser):
    parser.add_argument("what", choices=["fill"], metavar="fill", help="the only thing that is done with grades")
    parser.add_argument("--into", required=True, metavar="FILE", help="the table, as the LMS gave it; a copy is kept")
    parser.add_argument("--from", dest="grades", default="grades.csv", metavar="FILE", help="what grade-all wrote "
                        "(default: grades.csv)")
    parser.add_argument("--id-column", required=True, metavar="NAME", help="the column that tells the students apart")
    parser.add_argument("--grade-column", required=True, metavar="NAME", help="the column that is filled")
    parser.add_argument("--replace", action="store_true", help="also where another grade stands already")
    parser.set_defaults(run=run_grades)


def run_grades(options):
    from ..course.gradebook import fill
    from ..screen import counted, listed, tell
    done = fill(options.into, options.grades, options.id_column, options.grade_column, options.replace)
    tell(f"{counted(len(done.filled), 'grade')} put into {options.into}; the table as it was is beside it")
    for names, text in ((done.kept, "have another grade there, which is kept (--replace replaces it)"),
                        (done.unknown, "are in no row of the table"), (done.empty, "have no grade"),
                        (done.ungraded, "were not graded, and their rows are left alone (the column remark of the "
                         "grades says why)")):
        if names:
            tell(f"{len(names)} {text}: {listed(names)}")
    return 0 if done.filled or done.kept else 1


# ---------------------------------------------------------------------------- what is built

def add_build_handout(parser):
    parser.add_argument("assignment", metavar="a3")
    parser.add_argument("--out", metavar="FILE", help="the zip (default: a3-handout.zip)")
    parser.add_argument("--notebook", action="store_true", help="with a notebook of the same text")
    parser.add_argument("--no-solution-data", action="store_true", help="for students whose npnet lacks the solution: "
                        "fingerprints of the mistakes go with it")
    add_course(parser)
    parser.set_defaults(run=run_build_handout)


def run_build_handout(options):
    from ..course.handout import build_handout
    from ..screen import listed, tell
    use_course(options)
    out = options.out or f"{options.assignment}-handout.zip"
    names = build_handout(options.assignment, out, language_of(options.lang), notebook=options.notebook,
                          without_data=options.no_solution_data)
    tell(f"wrote {out}: {listed(names, 9)}")


def add_build_autograder(parser):
    parser.add_argument("assignment", metavar="a3")
    parser.add_argument("--out", metavar="FILE", help="the zip (default: a3-autograder.zip), or a folder for --otter")
    parser.add_argument("--secret", metavar="FILE", help="the course's secret; the file is made if it is not there "
                        "(default: a public secret)")
    parser.add_argument("--wheelhouse", metavar="DIR", help="a folder with wheels of NumPy and pip for the Python of "
                        "the image; then it is built without a network")
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--otter", action="store_true", help="test files of otter, in a folder")
    other.add_argument("--nbgrader", action="store_true", help="a notebook of nbgrader")
    add_course(parser)
    parser.set_defaults(run=run_build_autograder)


def run_build_autograder(options):
    from ..screen import tell
    use_course(options)
    if options.secret and (options.otter or options.nbgrader):
        raise ValueError("--secret is for Gradescope's zip alone: otter and nbgrader run all tests beside the "
                         "students' functions, where a secret would not stay one; leave it out")
    if options.otter or options.nbgrader:
        return build_bridge(options)
    from ..course.autograder import build_autograder, new_secret
    if options.secret and not Path(options.secret).exists():
        tell(f"wrote {new_secret(options.secret)}; keep it: a regrade with another secret has other hidden tests")
    out = options.out or f"{options.assignment}-autograder.zip"
    names = build_autograder(options.assignment, out, secret_of(options.secret), language_of(options.lang),
                             wheelhouse=options.wheelhouse)
    tell(f"wrote {out}: {len(names)} files, {sum(name.startswith('wheelhouse/') for name in names)} of them wheels")
    if not options.secret:
        tell("Its hidden tests come from a public secret; --secret FILE makes one for your course.")


def build_bridge(options):
    """Writes the files for otter or nbgrader."""
    import json

    from ..course.bridges import nbgrader_notebook, otter_tests
    from ..course.grader.assignment import load
    from ..course.handout import parts_text
    from ..files import writing
    from ..screen import tell
    assignment, language = load(options.assignment), language_of(options.lang)
    if options.otter:
        out = Path(options.out or f"{options.assignment}-otter")
        files = {out / name: text for name, text in otter_tests(assignment, language).items()}
    else:
        text = json.dumps(nbgrader_notebook(assignment, language), ensure_ascii=False, indent=1)
        out = Path(options.out or f"{options.assignment}.ipynb")
        files = {out: text + "\n"}
        if assignment.source.parts:
            files[out.with_name("parts.py")] = parts_text(language)
    for path, text in files.items():
        with writing(path) as temporary:
            Path(temporary).write_text(text, "utf-8")
        tell(f"wrote {path}")


# ---------------------------------------------------------------------------- selftest, similarity

def add_selftest(parser):
    parser.add_argument("assignments", nargs="*", metavar="a3", help="default: all")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="how many made-up students (default: 3)")
    parser.add_argument("--students", metavar="FILE", help="a file with the id of a student on every line, instead")
    add_secret(parser)
    add_course(parser, language=False)
    parser.set_defaults(run=run_selftest)


def run_selftest(options):
    from ..course.grader.assignment import ids, load
    from ..course.grader.variants import student_key
    from ..course.selftest import selftest
    from ..screen import bar, counted
    use_course(options)
    secret, bad, wanted = secret_of(options.secret), 0, options.assignments or ids()
    keys = [student_key(secret, student) for student in students_of(options)]
    with bar("Playing mistakes", "assignments") as progress:
        for done, id in enumerate(wanted, 1):
            problems, assignment = selftest(id, keys), load(id)
            bad += len(problems)
            print(f"{id}: {counted(len(assignment.properties), 'property', 'properties')}, "
                  f"{counted(len(assignment.mistakes), 'mistake')}, {counted(len(keys), 'student')}: "
                  f"{counted(len(problems), 'problem')}", *problems, sep="\n  ")
            progress(done, len(wanted))
    return 1 if bad else 0


def students_of(options):
    """The ids of students to play: those of a file, or made-up ones."""
    if options.students is None:
        if options.seeds < 1:
            raise ValueError(f"--seeds must be 1 or more, got {options.seeds}")
        return [f"student-{number}" for number in range(options.seeds)]
    found = [line.strip() for line in Path(options.students).read_text("utf-8").splitlines() if line.strip()]
    if not found:
        raise ValueError(f"{options.students} has no ids; write one on every line")
    return found


def add_similarity(parser):
    parser.add_argument("folder", metavar="FOLDER", help="the folder or the zip, as it was downloaded")
    add_assignment(parser)
    parser.add_argument("--least", type=float, default=0.4, metavar="SHARE", help="from which share on a pair is shown "
                        "(default: 0.4)")
    add_course(parser, language=False)
    parser.set_defaults(run=run_similarity)


def run_similarity(options):
    from ..course.grading import assignment_of_all, texts_of
    from ..course.grader.assignment import load
    from ..course.similarity import pairs
    from ..screen import counted, percent, print_table, tell
    if not 0 <= options.least <= 1:
        raise ValueError(f"--least is a share from 0 to 1, got {options.least}")
    use_course(options)
    assignment = load(options.assignment or assignment_of_all(options.folder))
    texts = texts_of(options.folder, assignment)
    found = pairs(texts, assignment.source, options.least)
    if found:
        print_table([["alike", "", "", "lines of the two"], *(
            [percent(pair.share, 0), pair.first, pair.second, ", ".join(f"{a}/{b}" for a, b in pair.lines[:6])]
            for pair in found)], "rlll")
    tell(f"{counted(len(found), 'pair')} of {counted(len(texts), 'submission')}. A high share is a reason to read "
         f"both, and no proof: short functions have few right forms.")
