"""`npnet gradcheck`: is every backward right?

    npnet gradcheck                                             every layer, and the loss
    npnet gradcheck LRN                                         the cases of one class
    npnet gradcheck "my_layer.py:MyLRN(n=5)" --shape 2,7,5,4    a layer of your own
    npnet gradcheck "my_ops.py:forward,backward" --shape 4,6 --shape 6,3        two functions
"""
import textwrap
import time

from ..diagnose import cases, check_file
from ..layers import LAYERS
from ..screen import echo
from . import add_backend, choose_backend

WIDTH = 32                          # of the column of layers
HEAD = f"{'layer':{WIDTH}} {'input':8} {'dx':>5} {'dw':>5} {'db':>5} {'kinks':>5} {'verdict':7} {'time':>5}"


def add(commands):
    parser = commands.add_parser("gradcheck")
    parser.description = ("Compare every gradient with the slope of forward: of npnet's layers, or of your own. "
                          "The exit code is 1 if one is wrong.")
    parser.add_argument("subject", nargs="?", help="'my_layer.py:MyLRN(n=5)', 'my_ops.py:forward,backward' or a class "
                        "of npnet; the file is run (default: all of npnet's layers)")
    parser.add_argument("--shape", action="append", metavar="2,7,5,4", help="of the input, the number of pictures "
                        "first; once for each input of a pair of functions")
    parser.add_argument("--train", action="store_true", help="call forward(x, train=True) on your layer")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the input and dy (default: 0)")
    add_backend(parser)
    parser.set_defaults(run=run)


def run(options):
    backend = choose_backend(options)
    if options.subject is not None and options.subject not in LAYERS:
        return check_own(options)
    if options.shape or options.train:
        raise ValueError("--shape and --train are for a layer of your own, like 'my_layer.py:MyLRN(n=5)'")
    echo(f"backend {backend}, float64, seed {options.seed}; errors are relative, 0 to 1\n")
    echo(HEAD, "bold")
    right = [checked(case, options.seed) for case in cases(options.subject)]
    wrong = right.count(False)
    echo(f"\n{sum(right)} of {len(right)} are right{f', {wrong} WRONG' if wrong else ''}", "red" if wrong else "green")
    return 1 if wrong else 0


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


def check_own(options):
    """Checks what the subject names, a layer or a pair of functions, and prints the report; 1 if it failed."""
    shapes = [whole_numbers(text) for text in options.shape or []]
    path, expression = parts(options.subject)
    report = check_file(path, expression, shapes, options.train, options.seed, say=echo)
    echo(report, "green" if report.ok else "red")
    return 0 if report.ok else 1


def whole_numbers(text):
    """(2, 7, 5, 4) from '2,7,5,4'."""
    words = text.replace(" ", "").strip("()").split(",")
    if not all(word.isdecimal() and int(word) for word in words):
        raise ValueError(f"--shape must be whole numbers of at least 1 with commas between them, like 2,7,5,4; "
                         f"got {text!r}")
    return tuple(map(int, words))


def parts(subject):
    """The path and the expression of 'my_layer.py:MyLRN(n=5)'; no path where npnet's own classes are meant."""
    path, found, expression = subject.rpartition(".py:")
    if found and expression.strip():
        return path + ".py", expression.strip()
    if subject.removesuffix(":").endswith(".py"):
        raise ValueError(f"{subject} names a file but no layer in it; write '{subject.removesuffix(':')}:MyLayer()'")
    return None, subject
