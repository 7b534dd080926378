"""`npnet course`: the assignments, with a checker that says what is wrong. Works offline.

    npnet course list                               the assignments, and how far I am
    npnet course start a3 "my course"               writes the files of an assignment
    npnet course check a3.dx                        runs my file and says what is wrong, and why
    npnet course hint a3.dx                         one hint more, of three
    npnet course submit a3                          a zip to hand in
"""
import json
import sys
from importlib.util import find_spec

from ..course.grader.words import LANGUAGES

COMMANDS = {
    "list": "the assignments: points, what they build on, how far you are",
    "start": "write the files of an assignment into a folder",
    "check": "run your file and say what is wrong, and why",
    "show": "the operation in small numbers, with your output beside the right one",
    "hint": "the next hint for a region: three levels",
    "why": "the numbers behind the last answer of check",
    "status": "how far you are, and what comes next",
    "reset": "a region as it was at the start; your file is kept in backup",
    "update": "a new version of the assignments, with your code in it",
    "submit": "a zip to hand in",
}
MARKS = [(r"^\+ \S+", "green"), (r"^[-!] \S+", "bold red"), (r"^\. \S+", "dim"), (r"^  (more|더 보기): .*", "cyan")]
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
    say_all(work, [])
    print_table(rows(work), "lrll")
    tell("\n" + sum_of_points(work))


def add_start(parser):
    parser.add_argument("assignments", nargs="+", metavar="ASSIGNMENT", help="ids, such as a3; a last word that is no "
                        "assignment is the folder")
    parser.add_argument("--in", dest="folder", metavar="DIR", help="the folder (default: your course's, or this one)")
    parser.add_argument("--notebook", action="store_true", help="the handout and your file as one Jupyter notebook")
    parser.set_defaults(run=run_start)


def run_start(options):
    from ..course.workspace import Workspace, find, ids_and_folder
    ids, folder = ids_and_folder(options.assignments, find(options.lang).language)
    folder = options.folder or folder
    work = find(options.lang) if folder is None else Workspace(folder, options.lang)
    say_all(work, [])
    for id in ids:
        say_all(None, work.start(id, options.notebook))


def add_status(parser):
    parser.set_defaults(run=run_status)


def run_status(options):
    from ..course.overview import status
    from ..course.workspace import find
    work = find(options.lang)
    say_all(work, status(work))


# ---------------------------------------------------------------------------- reset, update

def add_reset(parser):
    parser.add_argument("region", metavar="REGION", help="such as a3.dx; an assignment's id stands for all of its "
                        "regions")
    parser.set_defaults(run=run_reset)


def run_reset(options):
    from ..course.workspace import find, meant
    work, region = find(options.lang), meant(options.region)
    id, _, rest = region.partition(".")
    say_all(work, work.reset(id, region if rest else None))


def add_update(parser):
    parser.set_defaults(run=run_update)


def run_update(options):
    from ..course.workspace import find
    work = find(options.lang)
    say_all(work, work.update())


# ---------------------------------------------------------------------------- check, show

def add_check(parser):
    parser.add_argument("what", nargs="*", metavar="WHAT", help="assignments (a3), regions (a3.dx) or files (default: "
                        "all that you have started)")
    parser.add_argument("--only", action="append", default=[], metavar="REGION",
                        help="this region alone; may be given again")
    parser.add_argument("--with", dest="others", choices=["mine", "reference"], default="reference", help="whose "
                        "functions of earlier assignments your file gets: the right ones, or yours")
    parser.add_argument("--watch", action="store_true", help="check again whenever you save")
    parser.add_argument("--json", action="store_true", help="the result for other programs")
    parser.add_argument("--plain", action="store_true", help="no colours")
    parser.set_defaults(run=run_check)


def run_check(options):
    import os
    from ..course.check import OURS, check
    from ..course.workspace import find
    work, say = find(options.lang), mouth(options.plain)
    try:
        if options.watch:
            from ..course.watch import Watch
            return Watch(work, options.what or None, options.others == "mine", say=say).run()
        hear, wipe = progress(work)
        try:
            found = check(work, options.what, options.only, options.others == "mine", hear)
        finally:
            wipe()
    except ValueError:
        raise
    except Exception as error:
        if os.environ.get("NPNET_DEBUG", "") not in ("", "0"):
            raise
        print(f"npnet: {work.say_of('check.ours', error=f'{type(error).__name__}: {error}')}", file=sys.stderr)
        return OURS
    if options.json:
        print(json.dumps(found.table(), ensure_ascii=False, indent=1))
    else:
        say_all(work, [])
        for line in found.lines():
            say(line)
    return found.code


def progress(work):
    """(hear, wipe): hear(region) says on a terminal what is being checked; wipe() takes that line away again."""
    if not sys.stdout.isatty():
        return None, lambda: None
    from ..course.grader.report import cut, padded
    line = 60
    return (lambda region: print("\r" + padded(cut(work.say_of("check.checking", region=region), line), line), end="",
                                 flush=True), lambda: print("\r" + " " * line + "\r", end="", flush=True))


def mouth(plain):
    """What prints a line of a report: in colours on a terminal, unless it shall be plain."""
    from ..screen import echo
    return print if plain else lambda line="": echo(line, marks=MARKS)


def add_show(parser):
    parser.add_argument("region", nargs="?", metavar="REGION",
                        help="such as a3.dx (default: the first that is not right)")
    parser.add_argument("--save", nargs="?", const="", metavar="NAME.png", help="save the picture (default: "
                        "pictures/a3.dx.png)")
    parser.set_defaults(run=run_show)


def run_show(options):
    from ..course.overview import region_of
    from ..course.show import show
    from ..course.workspace import find
    work = find(options.lang)
    region = region_of(work, options.region)
    shown = show(work, region)
    for line in [*work.notes, *shown.lines]:
        print(line)
    print(work.say_of("show.save", region=region) if options.save is None else shown.save(options.save or None))


def add_why(parser):
    parser.add_argument("region", nargs="?", metavar="REGION", help="a3.dx, or an assignment (default: the first "
                        "that is not right)")
    parser.set_defaults(run=run_why)


def run_why(options):
    from ..course.overview import region_of
    from ..course.why import why
    from ..course.workspace import find
    work = find(options.lang)
    for line in [*work.notes, *why(work, region_of(work, options.region))]:
        print(line)


# ---------------------------------------------------------------------------- hint, submit

def add_hint(parser):
    parser.add_argument("region", nargs="?", metavar="REGION",
                        help="such as a3.dx (default: the first that is not right)")
    parser.set_defaults(run=run_hint)


def run_hint(options):
    from ..course.hints import hint
    from ..course.overview import region_of
    from ..course.workspace import find
    work = find(options.lang)
    say_all(work, hint(work, region_of(work, options.region)))


def add_submit(parser):
    parser.add_argument("assignments", nargs="+", metavar="ASSIGNMENT", help="ids, such as a3; a zip for each")
    parser.set_defaults(run=run_submit)


def run_submit(options):
    from ..course.submit import submit
    from ..course.workspace import find, meant
    work = find(options.lang)
    say_all(work, [])
    for id in dict.fromkeys(map(meant, options.assignments)):
        say_all(None, submit(work, id))


def say_all(work, lines):
    """Prints sentences, after those about what had to be mended in the folder."""
    from ..screen import tell
    for line in [*(work.notes if work else []), *lines]:
        print(line) if line.startswith("  ") else tell(line)
