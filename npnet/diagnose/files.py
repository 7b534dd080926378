"""A layer in a file of one's own, or a pair of functions: the file is run, the layer is made and checked."""
import ast
import inspect
import math
import time

import numpy as np

from ..backend import choose
from ..layers import LAYERS, Layer
from ..screen.words import counted, listed, nearest
from .check import check_layer
from .ready import build, distinct, on_host
from .running import EXPRESSION, aloud, at_home, blamed, last_of_a_stranger, names_in, run

MANY, SAMPLE = 2000, 300            # of an array with more entries than MANY, SAMPLE are checked
FORWARD = "forward", "forward_pass", "__call__", "fprop", "fwd"
BACKWARD = "backward", "backward_pass", "backprop", "bprop", "bwd", "gradient", "grad"


def check_file(path, expression, shapes, train=False, seed=0, say=lambda sentence: None):
    """The Examination of what `expression` makes with the names of a file, which is run.

    path: a file of Python or a notebook; None for npnet's own layers. expression: "MyLRN(n=5)", a layer;
    "forward,backward" or "lambda x: f(x, 2), lambda dy, x: g(dy, x, 2)", two functions; "" for the only one that the
    file holds. shapes: of the input, the number of pictures first; a list of them for several inputs. say(sentence)
    hears what is being done, for work that takes a while. Whatever is wrong with the file is a ValueError with its
    name and the line.
    """
    choose()
    shapes = [tuple(shapes)] if shapes and not hasattr(shapes[0], "__len__") else list(shapes)
    say = aloud(say)
    with at_home(path, seed):
        namespace = run(path, expression, say) if path else LAYERS
        expression = expression or only(path, namespace)
        subject = evaluate(expression, namespace, path)
        with blamed(path):
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
    """{"MyLRN": MyLRN}: the classes of layers that a file defines, as npnet.load takes them."""
    with at_home(path):
        return {name: value for name, value in run(path).items()
                if isinstance(value, type) and hasattr(value, "forward") and value not in (Layer, *LAYERS.values())}


def subjects_of(path):
    """["MyLRN", "conv_forward,conv_backward"]: the layers and the pairs of functions that a file defines."""
    with at_home(path):
        return subjects(run(path))


def subjects(namespace):
    """The layers and the pairs of functions among the names of a file, without those that it imports."""
    module = namespace["__name__"]
    own = {name: value for name, value in namespace.items() if getattr(value, "__module__", None) == module}
    layers = [name for name, value in own.items() if isinstance(value, type)
              and all(any(word in methods(value) for word in words) for words in (FORWARD, BACKWARD))]
    pairs = [f"{name},{other}" for name in own for other in [partner(name, own)] if other]
    return layers + pairs


def methods(layer):
    """The names of the methods that a class, or one that it inherits from, defines."""
    return {name for each in layer.__mro__ if each not in (object, Layer) for name in vars(each)}


def partner(name, names):
    """The name of the function that goes backward, for one that goes forward: conv_forward, conv_backward; or None."""
    if inspect.isfunction(names[name]):
        for other in (name.replace(word, back) for word in FORWARD if word in name for back in BACKWARD):
            if inspect.isfunction(names.get(other)):
                return other
    return None


def only(path, namespace):
    """The one layer or pair of functions of a file. ValueError with the list of them, if there are others."""
    found = subjects(namespace) if path else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise ValueError(f"{path or 'npnet'} holds no class with forward and backward and no pair of functions such as "
                         f"f_forward, f_backward; write '{path}:NAME' or '{path}:forward,backward'")
    raise ValueError(f"{path} holds {counted(len(found), 'subject')}: {listed(found, 12)}; say which: "
                     f"'{path}:{found[0]}'")


# ------------------------------------------------------------------------------- what an expression gives

def evaluate(expression, namespace, path):
    """What an expression gives with the names of a file; a class is called without arguments. np is always known."""
    names = {"np": np, **namespace}
    for name in sorted(names_needed(expression)):
        if name not in names:
            near = nearest(name, [known for known in namespace if known[0] != "_"], most=3).strip()
            raise ValueError(f"{path or 'npnet'} has no {name}; "
                             + (near or "a layer of your own is 'my_layer.py:MyLRN(n=5)'"))
    with blamed(path):
        try:
            value = eval(compile(expression.strip(), EXPRESSION, "eval"), names)
            return value() if isinstance(value, type) else value
        except Exception as error:                  # wrong arguments, mostly; or the layer's own mistake
            frame = last_of_a_stranger(error, path)
            if frame and frame.filename != EXPRESSION:
                raise
            raise ValueError(f"{expression} cannot be made: {error}{form(expression, names)}") from error


def form(expression, names):
    """'; its form is MyConv(filters, size=3)', for a class that is called in an expression; '' for anything else."""
    tree = ast.parse(expression.strip(), mode="eval").body
    called = getattr(tree, "func", tree)
    value = names.get(getattr(called, "id", None))
    try:
        return f"; its form is {called.id}{inspect.signature(value)}" if callable(value) else ""
    except (TypeError, ValueError):                 # compiled code may have no signature
        return ""


def names_needed(expression):
    """The names in an expression. ValueError if it is not Python."""
    try:
        return names_in(expression)
    except SyntaxError:
        raise ValueError(f"{expression!r} is not Python; write MyLRN(n=5), or for two functions forward,backward; "
                         f"or lambda x: f(x, 2), lambda dy, x: g(dy, x, 2)") from None


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
