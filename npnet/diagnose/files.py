"""A layer in a file of one's own, or a pair of functions: the file is run, the layer is made and checked."""
import ast
import inspect
import json
import shlex

import numpy as np

from ..backend import choose, ops
from ..gradcheck import Report, Row
from ..layers import LAYERS, Layer
from ..screen.words import counted, listed, nearest
from .behaviour.raised import first_line
from .beyond import TRAINING
from .check import Examination, check_layer
from .evidence import Cause
from .ready import build, distinct, on_host
from .running import EXPRESSION, aloud, at_home, blamed, last_of_a_stranger, names_in, run
from .shapes import changed, family, legal
from .strangers import call
from .strangers.arguments import LABELS, TRAINS, is_setting, plain, positional, signature, title
from .strangers.ways import BACKWARD, FORWARD

ARRAYS = dict.fromkeys(("w", "w1", "weight", "weights"), "np.random.randn(5, 3)") \
    | dict.fromkeys(("b", "b1", "bias", "biases"), "np.zeros(3)")                   # by the name of an argument


def check_file(path, expression, shapes, train=None, seed=0, param=None, labels=None, like=None, entries=None,
               thorough=False, say=lambda sentence: None):
    """The Examination of what `expression` makes with the names of a file, which is run.

    path: a file of Python or a notebook; None for npnet's own layers. expression: "MyLRN(n=5)", a layer;
    "forward,backward" or "lambda x: f(x, 2), lambda dy, x: g(dy, x, 2)", two functions; "" for the only one that the
    file holds. shapes: of the input, the number of pictures first; a list of them for several inputs. train, param,
    entries: as check_layer has them. labels: whole numbers, for a loss that wants its own. like: a layer of npnet, or
    its expression, that forward is held against. thorough: a family of shapes and settings is tried as well.
    say(sentence) hears what is being done, for work that takes a while. Whatever is wrong with the file is a
    ValueError with its name and the line.
    """
    choose()
    seed = seed % 2 ** 32
    shapes = [tuple(shapes)] if shapes and not hasattr(shapes[0], "__len__") else list(shapes)
    options = {"param": param, "train": train, "seed": seed, "entries": entries, "say": aloud(say)}
    if like is not None:
        options["like"] = evaluate(like, LAYERS, None) if isinstance(like, str) else like
    with at_home(path, seed):
        namespace = run(path, expression, options["say"]) if path else LAYERS
        expression = expression or only(path, namespace)
        subject = evaluate(expression, namespace, path)
        with blamed(path):
            check_shapes(subject, shapes, path, expression)
            options["say"](f"checking {expression} with {' and '.join('x'.join(map(str, shape)) for shape in shapes)}")
            inputs = [distinct(shape, seed + i) for i, shape in enumerate(shapes)] + classes(labels, shapes)
            subject, promised = built(subject, shapes[0], seed)
            examination = check_layer(subject, *inputs, **options)
            if len(inputs) == 1 and wants_whole(examination):
                examination, thorough = of_whole_numbers(examination, subject, inputs, options), False
            kept_promise(examination, promised, shapes[0])
            if thorough:
                make = remaker(expression, namespace, path, param)
                examination.others = others_of(examination, inputs, make, options)
    examination.command = f"npnet gradcheck {quoted(path, expression)} {shapes_typed(shapes)}" \
                          f"{settings_typed(param, train)} --thorough"
    return examination


def built(subject, shape, seed):
    """The subject, built if it is a layer of npnet's kind, on the host; and the shape that build promised, or None."""
    parameters = inspect.signature(subject.build).parameters if callable(getattr(subject, "build", None)) else ()
    promised = build(subject, shape, seed) if len(parameters) > 1 else None
    return (subject if ops.device == "host" or promised is None else on_host(subject)), promised


def wants_whole(examination):
    """Whether forward took the numbers that it was given for indices."""
    cause = examination.causes.get("")
    return (examination.report is None and cause is not None and "forward raised IndexError" in cause.sentence
            and "arrays used as indices must be of integer" in cause.sentence)


def of_whole_numbers(examination, subject, inputs, options):
    """The Examination of small whole numbers, as an embedding takes them, one of them twice.

    How many rows there are is not known: the largest range that forward takes. As it was, if it takes none.
    """
    for count in (5, 3, 2):
        x = np.random.default_rng(options["seed"]).integers(0, count, inputs[0].shape)
        x.flat[-1] = x.flat[0]
        try:
            found = check_layer(subject, x, **options)
        except Exception:                               # it has nothing that could be checked, or fails on these too
            continue
        if found.report:
            found.assumed.append(f"forward takes whole numbers (indices): it is given some of 0 to {count - 1}, "
                                 "in this shape alone")
            return found
    return examination


def kept_promise(examination, promised, shape):
    """Raises ValueError where forward makes another shape than build said."""
    made = examination.report.point.y.shape[1:] if examination.report else promised
    if promised is not None and made != promised:
        raise ValueError(f"build returned {promised}, but forward makes {made} for each picture of {shape[1:]}")


def layers_of(path):
    """{"MyLRN": MyLRN}: the classes of layers that a file defines, as npnet.load takes them."""
    with at_home(path):
        return {name: value for name, value in run(path).items()
                if isinstance(value, type) and hasattr(value, "forward") and value not in (Layer, *LAYERS.values())}


def subjects_of(path):
    """{"MyConv": "MyConv(filters, size=3)"}: the layers, pairs of functions and losses in a file, and their forms."""
    return subjects_and_line(path)[0]


def subjects_and_line(path):
    """The subjects_of a file, which is run once, and the command that checks the first of them; "" where none is."""
    with at_home(path):
        namespace = run(path)
        found = {subject: ", ".join(form_of(name, namespace[name]) for name in subject.split(","))
                 for subject in subjects(namespace)}
        first = next(iter(found), "")
        return found, line_to_type(path, first, count_of_inputs(namespace[first.partition(",")[0]])) if first else ""


def count_of_inputs(subject):
    """How many arrays a function must be given; 1 for a class, whose object is yet to be made."""
    return 1 if isinstance(subject, type) else len(inputs_of(subject)[0])


def form_of(name, value):
    """'MyConv(filters, size=3)': how a class or a function is called; the name alone where that is not known."""
    parameters = signature(value)
    return name if parameters is None else f"{name}({', '.join(map(str, parameters))})"


def subjects(namespace):
    """The layers, the pairs of functions and the losses among the names of a file, without those that it imports."""
    module = namespace["__name__"]
    own = {name: value for name, value in namespace.items() if getattr(value, "__module__", None) == module}
    layers = [name for name, value in own.items() if isinstance(value, type)
              and all(any(word in methods(value) for word in words) for words in (FORWARD, BACKWARD))]
    pairs = {name: other for name in own for other in [partner(name, own)] if other}
    losses = [name for name, value in own.items() if inspect.isfunction(value) and "loss" in name.lower().split("_")
              and name not in (*pairs, *pairs.values())]
    return layers + [f"{name},{other}" for name, other in pairs.items()] + losses


def methods(layer):
    """The names of the methods that a class, or one that it inherits from, defines."""
    return {name for each in layer.__mro__ if each not in (object, Layer) for name in vars(each)}


def partner(name, names):
    """The name of the function that goes backward, for one that goes forward: conv_forward, conv_backward; or None."""
    parts = name.split("_")
    for place in [place for place, part in enumerate(parts) if part in FORWARD and inspect.isfunction(names[name])]:
        for word in BACKWARD:
            other = "_".join([*parts[:place], word, *parts[place + 1:]])
            if inspect.isfunction(names.get(other)):
                return other
    return None


def only(path, namespace):
    """The one layer or pair of functions of a file. ValueError with the list of them, if there are others."""
    if path is None:
        raise ValueError("name a layer of npnet: 'Conv2D(6, 3)'")
    found = subjects(namespace)
    if len(found) == 1:
        return found[0]
    if not found:
        own = [name for name, value in namespace.items() if getattr(value, "__module__", "") == namespace["__name__"]]
        raise ValueError(f"{path} holds no class with forward and backward and no pair of functions such as f_forward, "
                         f"f_backward; name what is to be checked, '{path}:forward,backward'"
                         + (f"; it defines {listed(own, 8)}" if own else ""))
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
            example = with_arguments(expression, names, path) if "missing" in str(error) else ""
            raise ValueError(f"{expression} cannot be made: {error}{form(expression, names)}{example}") from error


def form(expression, names):
    """'; its form is MyConv(filters, size=3)', for a class that is called in an expression; '' for anything else."""
    name, value = called_in(expression, names)
    return f"; its form is {form_of(name, value)}" if callable(value) else ""


def called_in(expression, names):
    """The name that an expression is or calls, and what it stands for; None, None for anything else."""
    tree = ast.parse(expression.strip(), mode="eval").body
    name = getattr(getattr(tree, "func", tree), "id", None)
    return name, names.get(name)


def with_arguments(expression, names, path):
    """'; give n_in and n_out, for instance npnet gradcheck "layers.py:Linear(5, 3)" --shape 4,5'; '' if unknown.

    A guess: whole numbers, and arrays where a name says so (W, weights, b).
    """
    name, value = called_in(expression, names)
    needed = [p.name for p in positional(signature(value) or []) if p.default is p.empty] if callable(value) else []
    if not needed:
        return "; an array is np.random.randn(5, 3)"
    sizes = iter([likely_shapes(name)[0][1]])               # of the input; the others are 3
    each = [ARRAYS.get(plain(argument)) or str(next(sizes, 3)) for argument in needed]
    example = f"{name}({', '.join(each)})"
    return f"; give {listed(needed, 8)}, for instance {line_to_type(path, example)}"


def names_needed(expression):
    """The names in an expression. ValueError if it is not Python."""
    try:
        return names_in(expression)
    except SyntaxError:
        raise ValueError(f"{expression!r} is not Python; write MyLRN(n=5), or for two functions forward,backward; "
                         f"or lambda x: f(x, 2), lambda dy, x: g(dy, x, 2)") from None


# ------------------------------------------------------------------------------- the family of --thorough

def remaker(expression, namespace, path, param):
    """make(stride=2): what the expression gives with other arguments; those that are settings in param stay there."""
    def make(**changes):
        others = {name: value for name, value in changes.items() if name not in (param or {})}
        called = ast.parse(expression.strip(), mode="eval").body
        known = namespace.get(getattr(getattr(called, "func", called), "id", None))
        if others and known is None:
            raise ValueError(f"{expression} cannot be made with other settings")
        return evaluate(changed(expression, known, **others) if others else expression, namespace, path)
    return make


def others_of(examination, inputs, make, options):
    """{"stride 2 with a remainder": its Examination}: a layer at other shapes, and with other settings."""
    found, param = in_training(examination, inputs, make, options), options["param"] or {}
    if examination.called.presented:            # the arrays that are moved are parameters: no shapes of x
        examination.remarks = [*examination.remarks, "no other shapes were tried: parameters alone are checked"]
        return found
    words = {name: options[name] for name in ("param", "train", "seed")}
    called = call(examination.called.original, inputs, **words)         # once more: it was left as it was before
    members = family(make, called, inputs, seed=options["seed"]) if examination.report else []
    called.restore()
    for member in members:
        settings = {name: value for name, value in member.settings.items() if name in param}
        settings = {**options, "param": {**param, **settings} or None, "like": None}    # like has other settings
        options["say"](f"checking {member.words}")
        try:
            if member.ties:
                found[member.words] = at_ties(member, settings)
            else:
                found[member.words] = check_layer(built(member.subject, member.inputs[0].shape, options["seed"])[0],
                                                  *member.inputs, **settings)
                reason = refused(found[member.words])
                if reason:
                    del found[member.words]
                    not_tried(examination, member.words, reason)
        except (TypeError, ValueError) as error:    # a shape that this layer does not take
            not_tried(examination, member.words, first_line(error).rstrip("."))
    return found


def not_tried(examination, words, reason):
    """Says that a member of the family was left out: that is no failure, but must not pass in silence."""
    examination.remarks = [*examination.remarks, f"could not be tried: {words} ({reason})"]


def refused(examination):
    """Why forward does not take a member of the family, in its own words; "" where it does."""
    cause = examination.causes.get("")
    if examination.report is not None or cause is None or cause.kind != "raised":
        return ""
    forward = title(examination.called.way.forward.function)
    return cause.sentence.rstrip(".") if cause.sentence.startswith(f"{forward} raised ") else ""


def in_training(examination, inputs, make, options):
    """{"in training": the Examination there}, of a layer that was checked outside of it; {} for others."""
    if not examination.uncovered.startswith(TRAINING):
        return {}
    options["say"]("checking it in training")
    try:
        subject = built(make(), np.shape(inputs[0]), options["seed"])[0]
        return {"in training": check_layer(subject, *inputs, **{**options, "train": True, "like": None})}
    except (TypeError, ValueError) as error:    # what cannot be checked must not pass in silence
        examination.unchecked["training"] = str(error)
        return {}


def at_ties(member, options):
    """The Examination of a layer where numbers are equal: is its gradient a legal one?"""
    called = call(member.subject, member.inputs, param=options["param"], train=options["train"], seed=options["seed"])
    sentence = legal(called, list(called.inputs.values()), options["seed"])
    cause = Cause("ties", sentence[:1].upper() + sentence[1:] + ".", sure="exact")
    return Examination(called=called, report=Report([Row("x", 0, "ties")]), causes={"": cause} if sentence else {})


# ------------------------------------------------------------------------------- shapes

def check_shapes(subject, shapes, path, expression):
    """Raises ValueError unless there is a shape for every input; its sentence has the line to type."""
    if isinstance(subject, tuple) and (len(subject) != 2 or not all(map(callable, subject))):
        raise ValueError(f"functions are checked in pairs: {quoted(path, 'forward,backward')}")
    required, most = inputs_of(subject[0] if isinstance(subject, tuple) else getattr(subject, "forward", subject))
    if not shapes:
        each = f", one for each of {', '.join(required)}" if len(required) > 1 else ": the number of pictures first"
        raise ValueError(f"the shape of the input is missing{each}; for instance "
                         f"{line_to_type(path, expression, len(required))}")
    if not all(isinstance(size, int) and size > 0 for shape in shapes for size in shape):
        raise ValueError(f"a shape must be whole numbers of at least 1, like (2, 7, 5, 4); got {shapes}")
    if len(shapes) > len(most) > 0:
        raise ValueError(f"{expression} has {counted(len(most), 'input')}, {', '.join(most)}, but there are "
                         f"{len(shapes)} shapes")


def line_to_type(path, expression, count=1):
    """The command that checks a subject of so many inputs, with shapes that may fit."""
    return f"npnet gradcheck {quoted(path, expression)} {shapes_typed(likely_shapes(expression, max(1, count)))}"


def likely_shapes(expression, count=1):
    """Shapes for an example, as the names in an expression suggest."""
    pictures = any(word in expression.lower() for word in ("conv", "pool", "norm", "lrn", "flatten"))
    return [(2, 3, 7, 8), (4, 3, 3, 3), (4,)][:count] if pictures else [(4, 5), (5, 3), (3,)][:count]


def inputs_of(function):
    """The names of a forward's arguments that must be arrays, and of those that may be; [] where that is not known."""
    parameters = signature(function) or []
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return [], []
    names = [p for p in positional(parameters) if not is_setting(p.name) and plain(p.name) not in TRAINS]
    return [p.name for p in names if p.default is p.empty and plain(p.name) not in LABELS], [p.name for p in names]


def classes(labels, shapes):
    """[labels] as an array of whole numbers, one for each picture; [] for None, which leaves them to be drawn."""
    if labels is None:
        return []
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape[:1] != shapes[0][:1]:
        raise ValueError(f"labels must be {shapes[0][0]} whole numbers, one for each picture of the shape "
                         f"{shapes[0]}; got {labels.tolist()}")
    return [labels]


def quoted(path, expression):
    """A subject as it is typed: "layers.py:Conv(3, 6)"."""
    subject = f"{path}:{expression}" if path else expression
    return f'"{subject}"' if not set('"$`\\!') & set(subject) else shlex.quote(subject)


def settings_typed(param, train):
    """" --param '{...}' --train", as far as they are given."""
    word = {True: " --train", False: " --no-train", None: ""}[train]
    return (f" --param {shlex.quote(json.dumps(param, default=str))}" if param else "") + word


def shapes_typed(shapes):
    """'--shape 4,5 --shape 5,3'."""
    return " ".join(f"--shape {','.join(map(str, shape))}" for shape in shapes)
