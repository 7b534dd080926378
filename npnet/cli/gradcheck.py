"""`npnet gradcheck`: is every backward right, and if not, why?

    npnet gradcheck                                             every layer of npnet, and the loss
    npnet gradcheck LRN                                         the cases of one class
    npnet gradcheck layers.py                                   what a file holds; the only one is checked
    npnet gradcheck "layers.py:Conv(3, 6, 3)" --shape 2,3,7,8   a layer of your own
    npnet gradcheck "layers.py:forward,backward" --shape 4,5 --shape 5,3 --shape 3 --param stride=2,pad=1
    npnet gradcheck "hw2.ipynb:Conv" --shape 2,3,7,8 --thorough --draw
    npnet gradcheck --net krizhevsky2012                        a whole network, sampled
"""
import ast
import json
import re
import textwrap
import time
from pathlib import Path

from .. import plots
from ..diagnose import MANY, cases, check_file, check_network, draw, subjects_and_line
from ..layers import LAYERS
from ..models import MODELS, model
from ..screen import echo, fold
from . import add_backend, choose_backend

WIDTH = 32                          # of the column of layers
HEAD = f"{'layer':{WIDTH}} {'input':8} {'dx':>5} {'dw':>5} {'db':>5} {'kinks':>5} {'verdict':7} {'time':>5}"
OF_A_LAYER = "shape", "param", "labels", "like", "thorough", "draw"
OF_ONES_OWN = *OF_A_LAYER, "train", "entries"
OF_NETWORKS = "classes", "size", "seconds", "train", "entries"
LABELS = [(r"^\s*(Cause|Likely cause|Example|Look|Worst|Where):", "bold"), (r"^\s*not checked:", "red")]


def add(commands):
    parser = commands.add_parser("gradcheck")
    parser.description = ("Compare every gradient with the slope of forward, and say what is wrong: of npnet's layers, "
                          "of yours, of a whole network. The exit code is 0 if all is right, 1 if not or if an array "
                          "could not be checked, 2 if it cannot be tried.")
    add_subject(parser)
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the input and dy (default: 0)")
    parser.add_argument("--entries", type=int, metavar="N", help="check N numbers of each array, drawn at random "
                        "(default: all, of large arrays 300)")
    parser.add_argument("--train", action="store_true", default=None, help="check it as it is in training")
    parser.add_argument("--no-train", action="store_false", dest="train", help="check it as it is outside training")
    parser.add_argument("--json", action="store_true", help="what was found, as JSON")
    parser.add_argument("--net", metavar="NAME", help=f"check a whole network, sampled: {', '.join(MODELS)}")
    parser.add_argument("--classes", type=int, metavar="N", help="of --net: how many classes")
    parser.add_argument("--size", type=int, metavar="PIXELS", help="of --net: of the input's side")
    parser.add_argument("--seconds", type=float, metavar="S", help="of --net: how long it may take (default: 60)")
    add_backend(parser)
    parser.set_defaults(run=run)


def add_subject(parser):
    """Adds the options about a layer of one's own."""
    parser.add_argument("subject", nargs="?", help="'layers.py:Conv(3, 6, 3)', 'layers.py:forward,backward', "
                        "'layers.py:lambda x: f(x, 2), lambda dy, x: g(dy, x, 2)', 'hw2.ipynb:Conv', layers.py, or a "
                        "class of npnet; the file is run (default: all of npnet's layers)")
    parser.add_argument("--shape", action="append", metavar="2,3,7,8", help="of the input, the number of pictures "
                        "first; once for each input of a pair of functions")
    parser.add_argument("--param", action="append", metavar="stride=2,pad=1", help="settings that forward wants; also "
                        "'{\"stride\": 2, \"pad\": 1}'")
    parser.add_argument("--labels", metavar="0,2,1", help="the classes that a loss takes, one for each picture "
                        "(default: some are made)")
    parser.add_argument("--like", metavar="'Conv2D(6, 3)'", help="a layer of npnet that forward should be equal to")
    parser.add_argument("--thorough", action="store_true", help="also try other shapes and settings: strides with a "
                        "remainder, no padding, groups, one image, negative numbers, ties")
    parser.add_argument("--draw", nargs="?", const="", metavar="FILE.png", help="draw the wrong gradients beside what "
                        "they should be (default: gradient_x.png)")


def run(options):
    if options.draw is not None:
        check_place(options.draw, options.subject)
    backend = choose_backend(options)
    if options.net is not None:
        return check_whole(options)
    refuse(options, OF_NETWORKS[:3], "for --net")
    if options.subject is not None and (options.subject not in LAYERS or options.shape):
        return check_own(options)
    refuse(options, OF_ONES_OWN, "for a layer of your own, like 'layers.py:MyLRN(n=5)'")
    return check_all(options, backend)


def refuse(options, names, purpose):
    """Raises ValueError for options that were given and mean nothing here."""
    given = [f"--{name}" for name in names if getattr(options, name) not in (None, False)]
    if given:
        raise ValueError(f"{' and '.join(given)} {'is' if len(given) == 1 else 'are'} {purpose}")


# ------------------------------------------------------------------------------- npnet's own layers

def check_all(options, backend):
    """A table of npnet's own layers, or of the cases of one class; 1 if one is wrong."""
    chosen = cases(options.subject)
    if options.json:
        found = [as_data(case, case.check(options.seed)) for case in chosen]
        right = all(case["ok"] for case in found)
        print(json.dumps({"ok": right, "backend": backend, "seed": options.seed, "cases": found}))
        return 0 if right else 1
    echo(f"backend {backend}, float64, seed {options.seed}; errors are relative, 0 to 1\n")
    echo(HEAD, "bold")
    right = [checked(case, options.seed) for case in chosen]
    wrong = right.count(False)
    echo(f"\n{sum(right)} of {len(right)} are right{f', {wrong} WRONG' if wrong else ''}", "red" if wrong else "green")
    return 1 if wrong else 0


def as_data(case, report):
    """A line of the table as plain data."""
    errors = {row.name: row.error if row.checked else None for row in report.rows}
    return {"layer": case.expression, "shape": list(case.shape), "ok": report.ok, "errors": errors}


def checked(case, seed):
    """Prints a line of the table: first what is being checked, so that it is seen to work, then what was found.

    A long expression goes on below; where the check failed, all of the report follows. Returns whether it is right.
    """
    first, *others = textwrap.wrap(case.expression, WIDTH, break_long_words=False)
    echo(f"{first:{WIDTH}} {'x'.join(map(str, case.shape)):8} ", end="")
    start = time.perf_counter()
    try:
        report = case.check(seed)
    except BaseException:
        echo()                                  # ends the line that was begun
        raise
    errors = {row.name: f"{row.error:.0e}" for row in report.rows}
    cells = " ".join(f"{errors.get(name, ''):>5}" for name in ("x", "w", "b"))
    kinks = sum(row.kinks for row in report.rows) or ""
    echo(f"{cells} {kinks:>5} {'ok' if report.ok else 'WRONG':7} {time.perf_counter() - start:4.1f}s",
         None if report.ok else "red")
    for text in others:
        echo(f"  {text}")
    if not report.ok:
        echo(textwrap.indent(str(report), "  "))
    return report.ok


# ------------------------------------------------------------------------------- a layer of one's own

def check_own(options):
    """Checks what the subject names, and prints what was found: 0 if all is right, 1 if not, 2 if there is a choice."""
    path, expression = parts(options.subject)
    if path is None:
        no_file(options.subject)
    if path and not expression:
        choices, line = subjects_and_line(path)
        if len(choices) > 1:
            return choice(path, choices, line)
        expression = next(iter(choices), "")
    shapes = [whole_numbers(text, "--shape") for text in options.shape or []]
    labels = None if options.labels is None else list(whole_numbers(options.labels, "--labels", least=0))
    say = silent if options.json else echo
    if options.draw is not None and options.entries is None:
        options.entries = MANY                  # a picture of a sample would be full of holes
    found = check_file(path, expression, shapes, train=options.train, seed=options.seed, param=settings(options.param),
                       labels=labels, like=options.like, entries=options.entries, thorough=options.thorough, say=say)
    if options.json:
        print(json.dumps({"subject": options.subject, "shapes": shapes, "seed": options.seed, **found.json()}))
    else:
        show(found)
    if options.draw is not None:
        save(draw(found), options.draw, say)
    return 0 if found.ok else 1


def silent(sentence):
    """Says nothing."""


def show(found):
    """Prints a report, its verdict in colour."""
    verdict, *lines = str(found).split("\n")
    echo("\n".join(fold(verdict, 79, rest="  ")), "bold green" if found.ok else "bold red")
    for line in lines:
        echo(line, marks=LABELS)


def choice(path, found, line):
    """Lists what a file holds, {expression: its form}, and a command to type; 2, for nothing was checked."""
    echo(f"{path} holds")
    for form in found.values():
        echo(f"    {form}")
    echo(f"say which, and the shape of its input:\n    {line}")
    return 2


def check_place(place, subject):
    """Raises ValueError where no picture can be written, before the work, or where --draw took the subject's place."""
    if subject is None and parts(place)[0]:
        raise ValueError(f"--draw took {place!r} for the name of a picture; put --draw last")
    if place and Path(place).is_dir():
        raise ValueError(f"{place} is a folder; name a picture in it, such as {Path(place) / 'gradient.png'}")
    if place:
        plots.check_name(place)


def save(figures, place, say):
    """Writes the pictures of wrong arrays: one to `place`, several to names made from it."""
    if not figures:
        say("nothing is drawn: no gradient is wrong, or none has the shape of its array")
    for name, figure in figures.items():
        word = re.sub(r"[^\w.-]", "_", name)
        path = Path(place or f"gradient_{word}.png")
        if place and len(figures) > 1:
            path = path.with_name(f"{path.stem}_{word}{path.suffix}")
        elif not place and path.exists() and not plots.drawn_by_npnet(path):
            raise ValueError(f"{path} is there and was not drawn by npnet; choose another place with --draw FILE.png")
        plots.save(figure, path)
        say(f"the drawing is {path}")


# ------------------------------------------------------------------------------- words of the command line

def whole_numbers(text, option, least=1):
    """(2, 7, 5, 4) from '2,7,5,4'."""
    words = text.replace(" ", "").strip("()[]").rstrip(",").split(",")
    if not all(word.isdecimal() and int(word) >= least for word in words):
        raise ValueError(f"{option} must be whole numbers of at least {least} with commas between them, like "
                         f"{'2,7,5,4' if least else '0,2,1'}; got {text!r}")
    return tuple(map(int, words))


def settings(texts):
    """{"stride": 2, "pad": 1} from 'stride=2,pad=1' or '{"stride": 2, "pad": 1}', one or several of them; or None."""
    found = {}
    for text in texts or []:
        text = re.sub(r"\b(true|false|null)\b", lambda word: WORDS[word.group()], text)      # JSON's
        try:
            part = ast.literal_eval(text) if text.strip().startswith("{") else keywords(text)
        except (SyntaxError, ValueError):
            part = None
        if not isinstance(part, dict) or not all(isinstance(name, str) for name in part):
            raise ValueError(f"--param must be settings with their values, like stride=2,pad=1 or "
                             f"'{{\"stride\": 2, \"pad\": 1}}'; got {text!r}")
        found |= part
    return found or None


WORDS = {"true": "True", "false": "False", "null": "None"}


def keywords(text):
    """{"stride": 2} from 'stride=2'; a value that is no number, list or the like is a word: mode=train."""
    call = ast.parse(f"f({text})", mode="eval").body
    if call.args or not call.keywords or not all(word.arg for word in call.keywords):
        raise ValueError(text)
    return {word.arg: word.value.id if isinstance(word.value, ast.Name) else ast.literal_eval(word.value)
            for word in call.keywords}


def parts(subject):
    """The path and the expression of 'layers.py:MyLRN(n=5)'; no path where npnet's own classes are meant, and no
    expression where the file is named alone."""
    for ending in (".py", ".ipynb"):
        path, found, expression = (subject + ":" * subject.endswith(ending)).rpartition(f"{ending}:")
        if found:
            return path + ending, expression.strip()
    return None, subject


def no_file(subject):
    """Raises ValueError for a folder, and for a file whose ending was forgotten: mylayers:Linear(5, 3)."""
    start, colon, expression = subject.partition(":")
    if subject in LAYERS:
        return
    if Path(start).is_dir():
        raise ValueError(f"{start} is a folder; name a file in it, such as '{Path(start) / 'layers.py'}'")
    for ending in (".py", ".ipynb"):
        if Path(start + ending).is_file():
            raise ValueError(f"{start} is no file; did you mean '{start}{ending}{colon}{expression}'?")


# ------------------------------------------------------------------------------- a whole network

def check_whole(options):
    """Checks a network of npnet, sampled; 1 if one of its arrays is wrong."""
    if options.subject is not None:
        raise ValueError(f"--net {options.net} is a whole network; leave {options.subject!r} out")
    refuse(options, OF_A_LAYER, "for a layer of your own, and not for --net")
    net = model(options.net, options.classes, options.size, seed=options.seed)
    say = silent if options.json else echo
    say(f"checking {options.net}, input {' x '.join(map(str, net.input_shape))}, in float64")
    found = check_network(net, seed=options.seed, entries=options.entries, train=bool(options.train), say=say,
                          seconds=60 if options.seconds is None else options.seconds)
    if options.json:
        arrays = [{"name": row.name, "verdict": row.verdict, "error": row.error if row.checked else None,
                   "size": row.size, "checked": row.checked, "notes": row.notes} for row in found.rows]
        print(json.dumps({"net": options.net, "ok": found.ok, "seconds": round(found.seconds, 1),
                          "unchecked": found.unchecked, "arrays": arrays}))
    else:
        show(found)
    return 0 if found.ok else 1
