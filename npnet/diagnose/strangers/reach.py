"""Everything that can be reached from an object: attributes, dictionaries, lists, objects inside objects.

A place is written as Python writes it: `layers[0].W`, `params['W1']`. Its steps lead from the object to what
stands there, ((".", "layers"), ("[]", 0), (".", "W")), and are walked anew each time, for code that puts
new arrays in place of old ones.
"""
import copy
import dis
import random
import types
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from numbers import Number

import numpy as np

DEEP, LONG = 10, 9999               # steps from the object; entries of a list that is looked into
CLOSED = (str, bytes, Number, np.generic, np.dtype, type, types.ModuleType, types.BuiltinFunctionType,
          np.random.Generator, np.random.RandomState, random.Random, np.ufunc, range, slice, type(None))
ASIDE = ("__init__", "__new__", "__repr__", "__str__", "train", "fit", "test", "plot", "load", "save", "accuracy")
GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


@dataclass
class Place:
    """Where an array stands."""

    steps: tuple
    value: object               # an array, or a list of numbers

    @property
    def array(self):
        """Its numbers, float64, as a copy."""
        return np.array(self.value, np.float64)

    def __str__(self):
        return written(self.steps)


def written(steps):
    """The steps as Python writes them, without the object's own name."""
    text = "".join(f".{key}" if kind == "." else f"[{key!r}]" if kind == "[]" else f".{key}()" for kind, key in steps)
    return text.removeprefix(".")


def places(root, begin=()):
    """A Place for every array of floats (or list of numbers) that can be reached from an object, the nearest first."""
    return [Place(steps, value) for steps, value in everything(root, begin) if is_numbers(value)]


def everything(root, begin=()):
    """(steps, value) of all that can be reached, the nearest first; an object that is reached twice is entered once."""
    waiting, entered = [(tuple(begin), root)], set()
    while waiting:
        steps, value = waiting.pop(0)
        yield steps, value
        if id(value) in entered or len(steps) - len(begin) >= DEEP or is_numbers(value):
            continue
        entered.add(id(value))
        waiting.extend(((*steps, step), child) for step, child in children(value))


def children(value):
    """(step, child) of everything one step from a value."""
    if isinstance(value, dict):
        return [(("[]", key), child) for key, child in value.items()]
    if isinstance(value, (list, tuple, deque)):
        return [(("[]", i), child) for i, child in enumerate(value) if i < LONG]
    if isinstance(value, types.MethodType):
        return [((".", "__self__"), value.__self__)]
    if isinstance(value, types.FunctionType):
        return used_by(value)
    if is_closed(value):
        return []
    return [((".", name), getattr(value, name)) for name in attributes(value)] + used_by(value)


def is_closed(value):
    """Whether nothing is looked for in a value: it is no object of somebody's own class."""
    return isinstance(value, CLOSED) or type(value).__module__.partition(".")[0] in ("numpy", "builtins", "torch")


def attributes(value):
    """The names of an object's own attributes, and of arrays that stand in its class."""
    slots = [name for kind in type(value).__mro__ for name in np.atleast_1d(getattr(kind, "__slots__", []))]
    shared = [name for kind in type(value).__mro__ for name, own in vars(kind).items()
              if is_numbers(own) or isinstance(own, (dict, list, tuple, deque))]
    own = getattr(value, "__dict__", {})            # a library that is not Python's own gives anything here
    names = dict.fromkeys([*(own if isinstance(own, dict) else {}), *map(str, slots), *shared])
    return [name for name in names if not name.startswith("__") and hasattr(value, name)]


def used_by(value):
    """What a function, or the methods of an object, take from outside: of the function around, and of the file."""
    found = {}
    for function in functions_of(value):
        cells = zip(function.__code__.co_freevars, function.__closure__ or ())
        for name, cell in cells:
            if not is_empty(cell):
                found.setdefault(("{}", name), cell.cell_contents)
        taken = [(name, function.__globals__[name]) for name in names_in(function.__code__)
                  if name in function.__globals__ and name not in function.__code__.co_freevars]
        for name, child in taken:
            near = not isinstance(child, types.FunctionType) or child.__globals__ is function.__globals__
            if near and not isinstance(child, CLOSED) and (function is value or is_held(child, function)):
                found.setdefault(("{}", name), child)
    return list(found.items())


def functions_of(value):
    """A function itself; of an object those of its methods that forward and backward may call."""
    if isinstance(value, types.FunctionType):
        return [value]
    methods = [getattr(own, "__func__", own) for kind in type(value).__mro__ for name, own in vars(kind).items()
               if not name.startswith(ASIDE)]
    return [method for method in methods if isinstance(method, types.FunctionType)
            and method.__module__.partition(".")[0] != "npnet"]             # whose files hold no weights


def is_held(child, method):
    """Whether what a method takes from its file may hold weights: numbers, containers, objects of that file."""
    return is_numbers(child) or isinstance(child, (dict, list, tuple, types.FunctionType)) or (
        type(child).__module__ == method.__module__)


@lru_cache(maxsize=None)
def names_in(code):
    """The names that a function's code looks up in its file, with those of functions inside it; no attributes."""
    inner = [name for part in code.co_consts if isinstance(part, types.CodeType) for name in names_in(part)]
    own = [step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    return dict.fromkeys([*own, *inner])


def is_empty(cell):
    """Whether a variable of the function around has no value yet."""
    try:
        cell.cell_contents
    except ValueError:
        return True
    return False


def is_numbers(value):
    """Whether this is an array of floats, or a list (of lists) of numbers with a decimal point."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f"
    if not isinstance(value, list) or not value or len(value) > LONG:
        return False
    first = value
    while isinstance(first, list) and first:
        first = first[0]
    if not isinstance(first, float):
        return False
    try:
        return np.array(value).dtype.kind == "f"
    except ValueError:              # rows of several lengths
        return False


def follow(root, steps):
    """What stands at a place now; KeyError if the way to it is gone."""
    value = root
    for kind, key in steps:
        try:
            if kind == ".":
                value = getattr(value, key)
            elif kind == "[]":
                value = value[key]
            elif kind == "()":
                value = getattr(value, key)()
            else:
                value = dict((step[1], child) for step, child in used_by(value))[key]
        except (AttributeError, IndexError, TypeError, KeyError):
            raise KeyError(written(steps)) from None
    return value


def put(root, steps, value):
    """Lets a place hold another value. False where that cannot be done (a property)."""
    if not steps:
        return False
    holder, (kind, key) = follow(root, steps[:-1]), steps[-1]
    if type(holder) is tuple:                   # another tuple takes its place
        return put(root, steps[:-1], (*holder[:key], value, *holder[key + 1:]))
    try:
        if kind == ".":
            setattr(holder, key, value)
        elif kind == "[]":
            holder[key] = value
        else:
            put_outside(holder, key, value)
    except (AttributeError, TypeError):
        return False
    return True


def put_outside(holder, name, value):
    """Lets a variable that functions take from outside hold another value, for all of them."""
    for function in functions_of(holder):
        if name in function.__code__.co_freevars:
            function.__closure__[function.__code__.co_freevars.index(name)].cell_contents = value
        elif name in names_in(function.__code__) and name in function.__globals__:
            function.__globals__[name] = value


def generators(root):
    """The generators of random numbers that can be reached, those among the variables of the functions' files too."""
    values = [value for _, value in everything(root)]
    values += [function.__globals__.get(name) for function in functions(root) for name in names_in(function.__code__)]
    return list({id(value): value for value in values if isinstance(value, GENERATORS)}.values())


def functions(root):
    """The functions that an object runs: its own and its parts' methods, and those of one file that these look up."""
    values = [value for _, value in everything(root)]
    kinds = {kind for value in values for kind in type(value).__mro__}
    values += [own for kind in kinds for own in list(vars(kind).values())]
    waiting = [value for value in values if isinstance(value, types.FunctionType)]
    found = {}
    while waiting:
        function = waiting.pop()
        if id(function) not in found and not of_numpy(function):
            found[id(function)] = function
            waiting += [value for _, value in used_by(function) if isinstance(value, types.FunctionType)]
    return list(found.values())


def of_numpy(function):
    return str(function.__module__).partition(".")[0] in ("numpy", "builtins", "torch")


class Snapshot:
    """What an object's containers held, and the numbers in its arrays, at one moment."""

    def __init__(self, root):
        self.containers, self.arrays = [], []
        for _, value in everything(root):
            if isinstance(value, np.ndarray):
                self.arrays.append((value, value.copy()))
            elif isinstance(value, (dict, list, deque)):
                self.containers.append((value, value.copy()))
            elif hasattr(value, "__dict__") and not is_closed(value) and not callable_only(value):
                self.containers.append((vars(value), dict(vars(value))))

    def restore(self):
        """Everything as it was."""
        for container, held in self.containers:
            container.clear()
            container.extend(held) if isinstance(container, (list, deque)) else container.update(held)
        for array, numbers in self.arrays:
            if array.flags.writeable and not np.array_equal(array, numbers, equal_nan=array.dtype.kind in "fc"):
                array[...] = numbers


class Whole(Snapshot):
    """A Snapshot of all that a check may change: with what has slots, the variables around functions, generators."""

    def __init__(self, root):
        super().__init__(root)
        self.values, self.drawn = [], [(generator, copy.deepcopy(generator)) for generator in generators(root)]
        for steps, value in everything(root):
            if isinstance(value, types.FunctionType):
                self.values += [(value, step, child) for step, child in variables(value)]
            elif isinstance(value, (set, deque)):
                self.containers.append((value, value.copy()))
            elif not is_closed(value) and not isinstance(value, (dict, list, tuple, types.MethodType)):
                self.values += [(value, (".", name), getattr(value, name)) for name in slots(value)]

    def restore(self):
        """Everything as it was; a part that cannot be put back does not keep the others from it."""
        super().restore()
        for holder, step, value in self.values:
            put(holder, (step,), value)
        for generator, first in self.drawn:
            if isinstance(generator, np.random.Generator):
                generator.bit_generator.state = first.bit_generator.state
            elif isinstance(generator, np.random.RandomState):
                generator.set_state(first.get_state())
            else:
                generator.setstate(first.getstate())


def variables(function):
    """(step, value) of the variables that a function may bind anew: those around it, and globals."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or ())
    found = [(("{}", name), cell.cell_contents) for name, cell in cells if not is_empty(cell)]
    return found + [(("{}", name), function.__globals__[name]) for name in names_in(function.__code__)
                    if name in function.__globals__ and name not in function.__code__.co_freevars]


def slots(value):
    """The names of __slots__ that an object has."""
    names = [name for kind in type(value).__mro__ for name in np.atleast_1d(getattr(kind, "__slots__", []))]
    return [str(name) for name in names if hasattr(value, name) and not str(name).startswith("__")]


def callable_only(value):
    """Whether this is a function or a method, which holds nothing of its own."""
    return isinstance(value, (types.FunctionType, types.MethodType))
