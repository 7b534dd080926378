"""`npnet course`: the assignments, with a checker that says what is wrong. Works offline.

    npnet course list                               the assignments, and how far I am
    npnet course start a3 "my course"               writes the files of an assignment
    npnet course check a3.dx                        runs my file and says what is wrong, and why
    npnet course hint a3.dx                         one hint more, of three
    npnet course submit a3                          a zip to hand in
"""
from importlib.util import find_spec

from ..course.grader.words import LANGUAGES

COMMANDS = {
    "list": "the assignments: points, what they build on, how far you are",
    "start": "write the files of an assignment into a folder",
    "hint": "the next hint for a region: three levels",
    "status": "how far you are, and what comes next",
    "reset": "a region as it was at the start; your file is kept in backup",
    "update": "a new version of the assignments, with your code in it",
    "submit": "a zip to hand in",
}
INSTRUCTORS = "npnet.cli.course_instructor"


def add(commands):
    parser = commands.add_parser("course")
    parser.description = ("The assignments of the course. Your files stay on this computer; what you write is never "
                          "overwritten without a copy.")
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    made = {name: inner.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
            for name, text in COMMANDS.items()}
    for name in COMMANDS:
        made[name].add_argument("--lang", choices=LANGUAGES, metavar="LANG", help="en or ko (default: NPNET_LANG, else "
                                "the language that you started with)")
        globals()[f"add_{name}"](made[name])
    if find_spec(INSTRUCTORS):
        from .course_instructor import add as add_instructors
        add_instructors(inner)


# ---------------------------------------------------------------------------- list, start, status

def add_list(parser):
    parser.set_defaults(run=run_list)


def run_list(options):
    from ..course.overview import rows, sum_of_points
    from ..course.workspace import find
    from ..screen import print_table, tell
    work = find(options.lang)
    print_table(rows(work), "lrll")
    tell("\n" + sum_of_points(work))


def add_start(parser):
    parser.add_argument("assignment", metavar="a3")
    parser.add_argument("folder", nargs="?", metavar="DIR", help="where (default: your course's folder, or this one)")
    parser.set_defaults(run=run_start)


def run_start(options):
    from ..course.workspace import Workspace, find
    work = find(options.lang) if options.folder is None else Workspace(options.folder, options.lang)
    say_all(work, work.start(options.assignment))


def add_status(parser):
    parser.set_defaults(run=run_status)


def run_status(options):
    from ..course.overview import status
    from ..course.workspace import find
    work = find(options.lang)
    say_all(work, status(work))


# ---------------------------------------------------------------------------- reset, update

def add_reset(parser):
    parser.add_argument("region", metavar="a3.dx", help="a region; an assignment's id stands for all of its regions")
    parser.set_defaults(run=run_reset)


def run_reset(options):
    from ..course.workspace import find
    work = find(options.lang)
    id, _, rest = options.region.partition(".")
    say_all(work, work.reset(id, options.region if rest else None))


def add_update(parser):
    parser.set_defaults(run=run_update)


def run_update(options):
    from ..course.workspace import find
    work = find(options.lang)
    say_all(work, work.update())


# ---------------------------------------------------------------------------- hint, submit

def add_hint(parser):
    parser.add_argument("region", nargs="?", metavar="a3.dx", help="a region (default: the first that is not right)")
    parser.set_defaults(run=run_hint)


def run_hint(options):
    from ..course.hints import hint
    from ..course.overview import region_of
    from ..course.workspace import find
    work = find(options.lang)
    say_all(work, hint(work, region_of(work, options.region)))


def add_submit(parser):
    parser.add_argument("assignment", metavar="a3")
    parser.set_defaults(run=run_submit)


def run_submit(options):
    from ..course.submit import submit
    from ..course.workspace import find
    work = find(options.lang)
    say_all(work, submit(work, options.assignment))


def say_all(work, lines):
    """Prints sentences, after those about what had to be mended in the folder."""
    from ..screen import tell
    for line in [*work.notes, *lines]:
        print(line) if line.startswith("  ") else tell(line)
