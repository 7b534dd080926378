"""One call of a function, performed and written down.

The child process runs this text too: it imports nothing of ours.
"""
import contextlib
import io
import random
import sys
import time
import traceback
import types
import warnings

import numpy as np

MOST_PRINTED = 2000             # letters of what a call prints that are kept


class Recorded:
    """A generator of random numbers that writes down what was asked of it: [(method, shape)]."""

    def __init__(self, seed):
        self.generator, self.asked = np.random.Generator(np.random.PCG64(seed)), []

    def random(self, size=None):
        """Multiples of 1/256 in [0, 1)."""
        self.asked.append(("random", np.broadcast_shapes(() if size is None else size)))
        return np.floor(self.generator.random(size) * 256) / 256

    def __getattr__(self, name):
        method = getattr(self.generator, name)

        def asked(*arguments, **options):
            values = method(*arguments, **options)
            self.asked.append((name, np.shape(values)))
            return values
        return asked


def namespace(text, filename, modules):
    """The names that a file defines when it runs. modules: {name: {name: object}} that it may import."""
    made = {}
    for name, contents in modules.items():
        made[name] = types.ModuleType(name)
        vars(made[name]).update(contents)
    before = {name: sys.modules.get(name) for name in made}
    names = {"__name__": filename.rpartition(".")[0] or filename}
    sys.modules.update(made)
    try:
        exec(compile(text, filename, "exec"), names)
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module
    return names


def perform(names, function, arguments, program="", filename="", written=None):
    """Calls names[function](*arguments) and writes down what happened, as a dictionary (calls.Outcome has its fields).

    program: source text that defines the function and sees the names. An argument {"rng": seed} becomes a Recorded
    generator. filename: of the student's file, whose line an exception is traced to. written: an open text file for
    what is printed, with getvalue().
    """
    given = [Recorded(a["rng"]) if isinstance(a, dict) and set(a) == {"rng"} else a for a in arguments]
    before = [a.copy() if isinstance(a, np.ndarray) else None for a in given]
    state, written = (np.random.get_state()[1:3], random.getstate()), written or io.StringIO()
    found = {"value": None, "error": None}
    with warnings.catch_warnings(record=True) as heard, contextlib.redirect_stdout(written):
        warnings.simplefilter("always")
        start = time.perf_counter()
        try:
            called = defined(names, program)[function] if program else names[function]
            found["value"] = plain(called(*given))
        except BaseException as error:
            found["error"] = raised(error, filename)
        found["seconds"] = time.perf_counter() - start
    same = (random.getstate() == state[1] and np.array_equal(np.random.get_state()[1], state[0][0])
            and np.random.get_state()[2] == state[0][1])
    found["changed"] = [i for i, (a, b) in enumerate(zip(given, before)) if b is not None and not alike(a, b)]
    found["drawn"] = [asked for a in given if isinstance(a, Recorded) for asked in a.asked]
    found["global_random"], found["printed"] = not same, written.getvalue()[:MOST_PRINTED]
    found["warnings"] = [str(warning.message) for warning in heard][:5]
    return found


def defined(names, program):
    """The names of a program of ours, beside those of the student."""
    both = dict(names)
    exec(compile(program, "program", "exec"), both)
    return both


def alike(a, b):
    """Whether an array is as it was, NaN included."""
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def plain(value):
    """A value in terms of arrays, numbers, text, None, and tuples, lists and dictionaries of these; copied."""
    if value is None or isinstance(value, (bool, int, float, complex, str)):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        return np.array(value)                  # a copy, and no subclass
    if isinstance(value, np.generic) and value.dtype.kind in "biufc":
        return np.array(value)
    if isinstance(value, (tuple, list)):
        return type(value)(map(plain, value)) if type(value) in (tuple, list) else tuple(map(plain, value))
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: plain(part) for key, part in value.items()}
    kind = f"array of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
    return {"strange": kind}                    # nothing that a number can be read from


def raised(error, filename):
    """An exception as a dictionary (calls.Raised has its fields): what, and at which line of the student's file."""
    frames = [frame for frame in traceback.walk_tb(error.__traceback__) if frame[0].f_code.co_filename == filename]
    frame, line = frames[-1] if frames else (None, 0)
    try:
        text = str(error)
    except BaseException:                       # its own __str__ may raise anything
        text = ""
    shapes = {}
    if frame:
        shapes = {name: list(array.shape) for name, array in list(frame.f_locals.items())[:40]
                  if isinstance(array, np.ndarray)}
    return {"kind": type(error).__name__, "text": text[:500], "line": line, "shapes": shapes,
            "function": frame.f_code.co_name if frame else ""}
