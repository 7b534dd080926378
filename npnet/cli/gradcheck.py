"""`npnet gradcheck`: is every backward right?

    npnet gradcheck                                             every layer, and the loss
    npnet gradcheck LRN                                         the cases of one class
    npnet gradcheck "my_layer.py:MyLRN(n=5)" --shape 2,7,5,4    a layer of your own
    npnet gradcheck "my_ops.py:forward,backward" --shape 4,6 --shape 6,3        two functions

The cases are small, in float64, at places where mistakes show: LRN at alpha 0.7, pooling whose
windows overlap, dropout at 0.2, windows that are not square. Parameters are moved off their first
values, so that a weight of 1 or a bias of 0 hides nothing.
"""
import ast
import builtins
import difflib
import inspect
import math
import runpy
import sys
import textwrap
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..backend import ops
from ..gradcheck import check_gradients, spread
from ..layers import (LAYERS, LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Conv2D, Dense, Dropout, Flatten, Layer,
                      LRNWithin, MaxPool, ReLU, Sigmoid, Softmax, Tanh, rng)
from ..screen import echo
from . import add_backend, choose_backend

MANY, SAMPLE = 2000, 300            # of an array with more entries than MANY, SAMPLE are checked


def add(commands):
    parser = commands.add_parser("gradcheck", help="is every backward right?")
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
    return check_ours(options, backend)


# ------------------------------------------------------------------------------- npnet's own layers

PICTURES = (2, 4, 6, 5)             # N, C, H, W: no two sizes of a picture are alike
CASES = [                           # a layer, the shape of its input, and whether it trains
    (Conv2D(3, 3), PICTURES, False),
    (Conv2D(6, (3, 2), stride=2, pad=1, groups=2), PICTURES, False),
    (Conv2D(3, 3, stride=2, ceil_mode=True), PICTURES, False),
    (Dense(4), (3, 5), False),
    (ReLU(), PICTURES, False),
    (Tanh(), PICTURES, False),
    (Sigmoid(), PICTURES, False),
    (Softmax(), (3, 5), False),
    (MaxPool(3, 2), (2, 3, 7, 5), False),
    (MaxPool((3, 2), 2, pad=1, ceil_mode=True), PICTURES, False),
    (AvgPool(3, 2), (2, 3, 7, 5), False),
    (AvgPool(3, 2, pad=1, ceil_mode=True), PICTURES, False),
    (AvgPool(3, 2, pad=1, count_include_pad=False), PICTURES, False),
    (AdaptiveAvgPool((3, 2)), (2, 3, 7, 5), False),
    (LRN(alpha=0.7), (2, 7, 3, 4), False),
    (LRN(n=3, alpha=0.7, groups=2), (2, 8, 3, 4), False),
    (LRN(alpha=0.7, convention="original", groups=2), (2, 8, 3, 4), False),
    (LRN(alpha=0.7, convention="caffe"), (2, 7, 3, 4), False),
    (LRN(alpha=0.7, beta=0.5, convention="torch"), (2, 7, 3, 4), False),
    (LRNWithin(n=3, alpha=0.7), PICTURES, False),
    (BatchNorm(), PICTURES, True),
    (BatchNorm(), PICTURES, False),
    (BatchNorm(), (6, 4), True),
    (Dropout(0.2), PICTURES, True),
    (Dropout(0.2), PICTURES, False),
    (Flatten(), PICTURES, False),
]
LOSS = ("softmax_cross_entropy", (4, 5))
WIDTH = 32                          # of the column of layers
HEAD = f"{'layer':{WIDTH}} {'input':8} {'dx':>5} {'dw':>5} {'db':>5} {'kinks':>5} {'verdict':7} {'time':>5}"


def check_ours(options, backend):
    """A line for each case, as it is done; returns 1 if one of them failed."""
    cases = [case for case in CASES if options.subject in (None, type(case[0]).__name__)]
    echo(f"backend {backend}, float64, seed {options.seed}; errors are relative, 0 to 1\n")
    echo(HEAD, "bold")
    reports = [check_layer(*case, options.seed) for case in cases]
    if options.subject is None:
        reports.append(check_loss(options.seed))
    right = sum(report.ok for report in reports)
    wrong = len(reports) - right
    echo(f"\n{right} of {len(reports)} are right{f', {wrong} WRONG' if wrong else ''}", "red" if wrong else "green")
    return 1 if wrong else 0


def check_layer(layer, shape, train, seed):
    """Check one layer and print its line; the Report."""
    with line(f"{layer!r}{', train' if train else ''}", shape) as show:
        build(layer, shape, seed)
        if not train and layer.state():
            layer.forward(ops.to_device(distinct(shape, seed + 1)), train=True)     # statistics of its own
        subject = layer if ops.device == "host" else OnHost(layer)
        return show(check_gradients(subject, distinct(shape, seed), seed=seed, method="central", train=train))


def check_loss(seed):
    """Check the loss as a pair of functions of the logits; the labels are integers."""
    name, shape = LOSS
    labels = ops.to_device(np.arange(shape[0]) % shape[1])

    def forward(x):
        return np.asarray(ops.to_host(ops.softmax_cross_entropy(ops.to_device(x), labels)[0]))

    def backward(dy, x):
        return dy * ops.to_host(ops.softmax_cross_entropy(ops.to_device(x), labels)[1])

    with line(name, shape) as show:
        return show(check_gradients((forward, backward), distinct(shape, seed), seed=seed, method="central"))


@contextmanager
def line(expression, shape):
    """A line of the table: first what is being checked, so that it is seen to work, then what show(report) finds.

    A long expression goes on below; where the check failed, all of the report follows.
    """
    first, *others = textwrap.wrap(expression, WIDTH, break_long_words=False)
    echo(f"{first:{WIDTH}} {'x'.join(map(str, shape)):8} ", end="")
    start = time.perf_counter()

    def show(report):
        errors = {row.name: f"{row.error:.0e}" for row in report.rows}
        cells = " ".join(f"{errors.get(name, ''):>5}" for name in ("x", "w", "b"))
        kinks = sum(row.kinks for row in report.rows) or ""
        echo(f"{cells} {kinks:>5} {'ok' if report.ok else 'WRONG':7} {time.perf_counter() - start:4.1f}s",
             None if report.ok else "red")
        for text in others:
            echo(f"  {text}")
        if not report.ok:
            echo(textwrap.indent(str(report), "  "))
        return report

    try:
        yield show
    except BaseException:
        echo()                                  # ends the line that was begun
        raise


class OnHost:
    """A layer on a graphics card, for a checker that moves numbers on the host."""

    def __init__(self, layer):
        self.layer = layer
        self.own = getattr(layer, "params", dict)
        self.arrays = {name: ops.to_host(array) for name, array in self.own().items()}

    def params(self):
        return self.arrays

    def grads(self):
        return {name: ops.to_host(array) for name, array in getattr(self.layer, "grads", dict)().items()}

    def forward(self, x, train=False):
        for name, array in self.own().items():
            array[...] = ops.to_device(self.arrays[name])
        return ops.to_host(self.layer.forward(ops.to_device(x), **({"train": True} if train else {})))

    def backward(self, dy):
        return ops.to_host(self.layer.backward(ops.to_device(dy)))


def distinct(shape, seed):
    """An input without ties and kinks: numbers whose sizes all differ, drawn anew for each seed and shape."""
    return spread(shape, rng(seed, "gradcheck", shape))


def build(layer, shape, seed):
    """Builds a layer for float64 and moves its parameters off their first values; the shape of one output."""
    made = layer.build(shape[1:], rng(seed, "init", "gradcheck"), np.float64)
    if not isinstance(made, (tuple, list)):
        raise TypeError(f"build must return the shape of one output, like (7, 5, 4), but returned {made!r}")
    draw, params = rng(seed, "gradcheck", "parameters"), getattr(layer, "params", dict)()
    if not isinstance(params, dict) or not all(hasattr(array, "dtype") for array in params.values()):
        raise TypeError("params() must return a dictionary of arrays, like {'w': self.w, 'b': self.b}")
    for array in params.values():
        array += ops.to_device(draw.uniform(-0.5, 0.5, array.shape))
    return tuple(made)


# ------------------------------------------------------------------------------- a layer of one's own

def check_own(options):
    """Check what the subject names, a layer or a pair of functions, and print the report; 1 if it failed."""
    shapes = [whole_numbers(text) for text in options.shape or []]
    path, expression = parts(options.subject)
    namespace = run_file(path) if path else LAYERS
    with blamed(path):
        subject = evaluate(expression, namespace, path or "npnet")
        check_shapes(subject, shapes, expression)
        echo(f"checking {expression} with {' and '.join('x'.join(map(str, shape)) for shape in shapes)}")
        if isinstance(subject, tuple):
            check_pair(subject, shapes, options.train)
        else:
            check_methods(subject)
            subject = built(subject, shapes[0], options.seed)
        inputs = [distinct(shape, options.seed + i) for i, shape in enumerate(shapes)]
        entries = effort(subject, inputs, options.train)
        report = check_gradients(subject, *inputs, seed=options.seed, train=options.train, entries=entries)
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


def run_file(path):
    """The names that a file of Python defines. The file is run, as `python path` would, and that is said."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}; the folder here is {Path.cwd()}")
    echo(f"running {path}")
    sys.path.insert(0, str(Path(path).parent.absolute()))           # it may import its neighbours
    try:
        with blamed(path):
            return runpy.run_path(path, run_name=Path(path).stem)
    except SystemExit:
        raise ValueError(f"{path} ends the program; put what does so under if __name__ == '__main__':") from None
    finally:
        sys.path.pop(0)


@contextmanager
def blamed(path):
    """Turns what goes wrong in a student's file into a ValueError that names the file and the line."""
    try:
        yield
    except SyntaxError as error:
        raise ValueError(f"{error.filename}, line {error.lineno}: {type(error).__name__}: {error.msg}") from error
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
        if not frames:
            raise
        where = f" in {frames[-1].name}" if frames[-1].name != "<module>" else ""
        raise ValueError(f"{path}, line {frames[-1].lineno}{where}: {type(error).__name__}: {error}") from error


def evaluate(expression, namespace, owner):
    """What an expression gives with the names of a file; a class is called without arguments."""
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError:
        raise ValueError(f"{expression!r} is not Python; write MyLRN(n=5), or for two functions "
                         f"forward,backward") from None
    for name in (node.id for node in ast.walk(tree) if isinstance(node, ast.Name)):
        if name not in namespace and not hasattr(builtins, name):
            near = ", ".join(difflib.get_close_matches(name, [known for known in namespace if known[0] != "_"]))
            hint = f"did you mean {near}?" if near else "a layer of your own is 'my_layer.py:MyLRN(n=5)'"
            raise ValueError(f"{owner} has no {name}; {hint}")
    try:
        value = eval(compile(tree, "<expression>", "eval"), dict(namespace))
        return value() if isinstance(value, type) else value
    except Exception as error:                  # wrong arguments, mostly
        if traceback.extract_tb(error.__traceback__)[-1].filename == owner:
            raise
        raise ValueError(f"{expression} cannot be made: {error}") from error


def check_shapes(subject, shapes, expression):
    """Raises ValueError unless there is a shape for every input."""
    if not shapes:
        raise ValueError("--shape is missing: give the shape of the input, the number of pictures first, "
                         "like --shape 2,7,5,4")
    if len(shapes) > 1 and not isinstance(subject, tuple):
        raise ValueError(f"{expression} is a layer and has one input, but --shape is there {len(shapes)} times")


def check_pair(functions, shapes, train):
    """Raises ValueError unless these are two functions, the first of which takes so many inputs."""
    if len(functions) != 2 or not all(map(callable, functions)):
        raise ValueError("functions are checked in pairs: 'my_ops.py:forward,backward'")
    if train:
        raise ValueError("--train is for layers; functions take their inputs and nothing else")
    try:
        inspect.signature(functions[0]).bind(*shapes)
    except TypeError as error:
        raise ValueError(f"{functions[0].__name__} does not fit {len(shapes)} --shape: {error}; "
                         f"give one for each input") from None


def check_methods(layer):
    """Raises ValueError unless this is a layer."""
    if callable(layer) and not hasattr(layer, "forward"):
        raise ValueError("this is one function; name two, 'my_ops.py:forward,backward', or a layer")
    for method, form in (("forward", "forward(self, x, train=False)"), ("backward", "backward(self, dy)")):
        own = getattr(type(layer), method, None)
        if own in (None, getattr(Layer, method)):
            raise ValueError(f"{type(layer).__name__} has no method {method}; a layer needs {form}")


def built(layer, shape, seed):
    """The layer, built for this shape if it has build. ValueError if forward makes another shape than build says."""
    promised = build(layer, shape, seed) if hasattr(layer, "build") else None
    subject = layer if ops.device == "host" else OnHost(layer)
    made = getattr(subject.forward(distinct(shape, seed)), "shape", (0,))[1:]
    if promised is not None and made and made != promised:
        raise ValueError(f"build returned {promised}, but forward makes {made} for each picture of {shape[1:]}")
    return subject


def effort(subject, inputs, train):
    """How many entries of each array to check (None: all); says so, and how long it takes if that is long."""
    forward = subject[0] if isinstance(subject, tuple) else subject.forward
    for _ in range(2):                          # the first may compile
        start = time.perf_counter()
        forward(*(x.copy() for x in inputs), **({"train": True} if train else {}))
        seconds = time.perf_counter() - start
    parameters = {} if isinstance(subject, tuple) else getattr(subject, "params", dict)()
    sizes = [array.size for array in (*inputs, *parameters.values())]
    entries = SAMPLE if max(sizes) > MANY else None
    runs = 3 * sum(min(size, entries or size) for size in sizes)        # two slopes and a complex step
    if entries:
        echo(f"of each array, {entries} numbers are checked, drawn at random; a smaller --shape checks all")
    if runs * seconds > 1:
        echo(f"this runs forward {runs:,} times, about {math.ceil(runs * seconds):,} s")
    return entries
