"""A layer of one's own, or a pair of functions: its file is run, the layer is made, called and checked."""
import ast
import builtins
import inspect
import math
import runpy
import sys
import time
import traceback
from contextlib import contextmanager
from pathlib import Path

from ..backend import choose
from ..layers import LAYERS, Layer
from ..screen.words import nearest
from .check import check_layer
from .ready import build, distinct, on_host

MANY, SAMPLE = 2000, 300            # of an array with more entries than MANY, SAMPLE are checked


def check_file(path, expression, shapes, train=False, seed=0, say=lambda sentence: None):
    """The Report of what `expression` makes with the names of a file of Python, which is run.

    expression: "MyLRN(n=5)", a layer, or "forward,backward", two functions. path: the file; None for npnet's
    own layers. shapes: of the input, the number of pictures first; a list of them for functions of several
    inputs. say(sentence) hears what is being done, for work that takes a while. Whatever is wrong with the
    file is a ValueError with its name and the line.
    """
    choose()
    shapes = [tuple(shapes)] if shapes and not hasattr(shapes[0], "__len__") else list(shapes)
    namespace = run_file(path, say) if path else LAYERS
    with blamed(path):
        subject = evaluate(expression, namespace, path or "npnet")
        check_shapes(subject, shapes, expression)
        say(f"checking {expression} with {' and '.join('x'.join(map(str, shape)) for shape in shapes)}")
        if isinstance(subject, tuple):
            check_pair(subject, shapes, train)
        else:
            check_methods(subject)
            subject = built(subject, shapes[0], seed)
        inputs = [distinct(shape, seed + i) for i, shape in enumerate(shapes)]
        entries = effort(subject, inputs, train, say)
        return check_layer(subject, *inputs, seed=seed, train=train, entries=entries)


def layers_of(path):
    """{"MyLRN": MyLRN}: the classes of layers that a file of Python defines, as npnet.load takes them."""
    return {name: value for name, value in run_file(path).items()
            if isinstance(value, type) and hasattr(value, "forward") and value not in (Layer, *LAYERS.values())}


def run_file(path, say=lambda sentence: None):
    """The names that a file of Python defines. The file is run, as `python path` would."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}; the folder here is {Path.cwd()}")
    say(f"running {path}")
    sys.path.insert(0, str(Path(path).parent.absolute()))           # it may import its neighbours
    try:
        with blamed(path):
            return runpy.run_path(str(path), run_name=Path(path).stem)
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
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
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
            near = nearest(name, [known for known in namespace if known[0] != "_"], most=3).strip()
            raise ValueError(f"{owner} has no {name}; " + (near or "a layer of your own is 'my_layer.py:MyLRN(n=5)'"))
    try:
        value = eval(compile(tree, "<expression>", "eval"), dict(namespace))
        return value() if isinstance(value, type) else value
    except Exception as error:                  # wrong arguments, mostly
        if traceback.extract_tb(error.__traceback__)[-1].filename == str(owner):
            raise
        raise ValueError(f"{expression} cannot be made: {error}") from error


# ------------------------------------------------------------------------------- what a subject must be

def check_shapes(subject, shapes, expression):
    """Raises ValueError unless there is a shape for every input."""
    if not shapes:
        raise ValueError("the shape of the input is missing: the number of pictures first, like 2,7,5,4 "
                         "(--shape 2,7,5,4 on the command line)")
    if not all(isinstance(size, int) and size > 0 for shape in shapes for size in shape):
        raise ValueError(f"a shape must be whole numbers of at least 1, like (2, 7, 5, 4); got {shapes}")
    if len(shapes) > 1 and not isinstance(subject, tuple):
        raise ValueError(f"{expression} is a layer and has one input, but there are {len(shapes)} shapes")


def check_pair(functions, shapes, train):
    """Raises ValueError unless these are two functions, the first of which takes so many inputs."""
    if len(functions) != 2 or not all(map(callable, functions)):
        raise ValueError("functions are checked in pairs: 'my_ops.py:forward,backward'")
    if train:
        raise ValueError("train is for layers; functions take their inputs and nothing else")
    try:
        inspect.signature(functions[0]).bind(*shapes)
    except TypeError as error:
        raise ValueError(f"{functions[0].__name__} does not fit {len(shapes)} shape{'s' if len(shapes) > 1 else ''}: "
                         f"{error}; give one for each input") from None


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
    subject = on_host(layer)
    made = getattr(subject.forward(distinct(shape, seed)), "shape", (0,))[1:]
    if promised is not None and made and made != promised:
        raise ValueError(f"build returned {promised}, but forward makes {made} for each picture of {shape[1:]}")
    return subject


def effort(subject, inputs, train, say):
    """How many entries of each array to check (None: all); says so, and how long it takes if that is long."""
    forward = subject[0] if isinstance(subject, tuple) else subject.forward
    for _ in range(2):                          # the first may compile
        start = time.perf_counter()
        forward(*(x.copy() for x in inputs), **({"train": True} if train else {}))
        seconds = time.perf_counter() - start
    sizes = [array.size for array in (*inputs, *getattr(subject, "params", dict)().values())]
    entries = SAMPLE if max(sizes) > MANY else None
    runs = 3 * sum(min(size, entries or size) for size in sizes)        # two slopes and a complex step
    if entries:
        say(f"of each array, {entries} numbers are checked, drawn at random; a smaller shape checks all")
    if runs * seconds > 1:
        say(f"this runs forward {runs:,} times, about {math.ceil(runs * seconds):,} s")
    return entries
