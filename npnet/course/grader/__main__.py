"""The grader's own command, for the zip that runs without npnet.

    python -m npnet.course.grader --assignment a3 --submission DIR --results results.json --metadata FILE
"""
import argparse
import json
import sys
import traceback

from .assignment import load
from .child import Limits
from .files import asked, files_of_folder
from .grade import grade
from .gradescope import Book
from .rows import answer_rows, planned, rows_of, summary
from .variants import identities_of, label, read_secret, student_key
from .words import LANGUAGES, say

MEMORY = 384 << 20                  # bytes of a student's code: Gradescope gives 768 MB to all together
NOBODY = "nobody"                   # who submits where nothing says who it is


def main(arguments=None):
    """Grades one submission and writes its results; 0 if that worked, whatever the submission is worth."""
    options = parser().parse_args(arguments)
    assignment, language = load(options.assignment), options.lang
    metadata = read_metadata(options.metadata)
    key = student_key(read_secret(options.secret), options.student or identities_of(metadata) or NOBODY)
    book = Book(options.results, planned(assignment, language), language, variant=label(key),
                versions=options.versions)
    try:
        run(options, assignment, key, book)
    except Exception as error:                              # a fault of the grader's, which must not look like a grade
        traceback.print_exc()
        book.finish(say("grading.failed", language, error=type(error).__name__))
        return 1
    return 0


def run(options, assignment, key, book):
    """Grades, and writes the file after every region."""
    files = files_of_folder(options.submission)
    name, data = asked(files, assignment.filename)
    done = set()

    def keep(result):
        for graded in result.regions:
            if graded.id not in done and (graded.checked or graded.state != "fault" or graded.note):
                done.add(graded.id)
                book.add(rows_of(graded, assignment, options.lang))

    result = grade(data, assignment, key, limits=Limits(memory=MEMORY), user=options.user, say_result=keep)
    for graded in result.regions:
        if graded.id not in done:
            book.add(rows_of(graded, assignment, options.lang, result.blockers))
    book.add(answer_rows(result.answers, options.lang))
    book.finish(summary(result, assignment, options.lang, name, sorted(files), options.versions))


def read_metadata(path):
    """What Gradescope says of a submission; {} where there is no such file, or one that cannot be read."""
    if path is None:
        return {}
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def parser():
    made = argparse.ArgumentParser(prog="python -m npnet.course.grader", description=__doc__)
    made.add_argument("--assignment", required=True, metavar="a3")
    made.add_argument("--submission", required=True, metavar="DIR", help="the folder with the student's files")
    made.add_argument("--results", required=True, metavar="FILE", help="where results.json is written")
    made.add_argument("--metadata", metavar="FILE", help="Gradescope's submission_metadata.json: who submitted")
    made.add_argument("--student", metavar="ID", help="who submitted, in the place of the metadata")
    made.add_argument("--secret", metavar="FILE", help="the course's secret, from which hidden probes are drawn")
    made.add_argument("--user", metavar="NAME", help="the user of this machine that runs the student's code")
    made.add_argument("--lang", choices=LANGUAGES, default="en")
    made.add_argument("--versions", default="", metavar="TEXT", help="what was built when; it is kept with the results")
    return made


if __name__ == "__main__":
    sys.exit(main())
