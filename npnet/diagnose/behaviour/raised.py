"""An error that a layer's own code raised: where, at which line, with which shapes, and what it usually means."""
import builtins
import linecache
import re
from pathlib import Path

import numpy as np

from ..evidence import Cause

ROOM = Path(__file__).parents[1]                              # npnet/diagnose
OURS = (str(ROOM), str(ROOM.parent / "gradcheck.py"))       # frames in here are the check's
LIBRARIES = "site-packages", "dist-packages", "<__array_function__", "<frozen", str(Path(linecache.__file__).parent)


def raised_cause(error):
    """The Cause of an exception that came out of a layer's own code; None where the check itself raised it.

    Its detail is the file's name and the line: "layers.py, line 41".
    """
    frame, line, outer = student_frame(error)
    if frame is None:
        return None
    file, text = frame.f_code.co_filename, linecache.getline(frame.f_code.co_filename, line).strip()
    where = f"{Path(file).name}, line {line}"
    kind = "integers" if "Cannot cast ufunc" in str(error) and "int" in str(error) else "raised"
    arrays = arrays_in(text, frame)
    shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
    example = f"{text}" + (f"    with {shapes}" if shapes else "") if text else ""
    return Cause(kind, f"{outer} raised {type(error).__name__} in {where}: {first_line(error)}", where, example,
                 hint(error, frame, arrays), "exact")


def student_frame(error):
    """The frame, the line and the name of the outermost function of the layer's code that the error passed through.

    The innermost frame that belongs to no library counts; (None, 0, "") if that one is the check's own.
    """
    frames = []
    step = error.__traceback__
    while step:
        if not any(word in step.tb_frame.f_code.co_filename for word in LIBRARIES):
            frames.append((step.tb_frame, step.tb_lineno))
        step = step.tb_next
    if not frames or frames[-1][0].f_code.co_filename.startswith(OURS):
        return None, 0, ""
    mine = 0
    for number, (frame, line) in enumerate(frames):
        if frame.f_code.co_filename.startswith(OURS):
            mine = number + 1
    name = frames[mine][0].f_code.co_name
    return *frames[-1], name if name.isidentifier() else "the code"


def first_line(error):
    """The error's sentence, its first line, with a full stop."""
    text = (str(error).strip().splitlines() or ["it says no more"])[0].rstrip(". ")
    return f"{text[:200]}."


def arrays_in(text, frame):
    """{"self.w": array}: the arrays that a line of code names, as they were when it ran."""
    found = {}
    for name in dict.fromkeys(re.findall(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", text)):
        first, *rest = name.split(".")
        value = frame.f_locals.get(first, frame.f_globals.get(first))
        path = first
        for part in rest:
            if isinstance(value, np.ndarray) or not hasattr(value, "__dict__"):
                break
            value, path = vars(value).get(part), f"{path}.{part}"
        if isinstance(value, np.ndarray):
            found[path] = value
    return found


# ------------------------------------------------------------------------------- what it usually means

def hint(error, frame, arrays):
    """What an error of this kind usually means in a layer; the first that fits. arrays: those that its line names."""
    text = str(error)
    for pattern, advice in HINTS.items():
        match = re.search(pattern, f"{type(error).__name__}: {text}")
        if match:
            return advice(match, frame, arrays) if callable(advice) else advice
    return "Print the shapes of what this line uses, and say what they should be."


def broadcast(match, frame, arrays):
    """Two shapes that do not line up: a bias for an axis that is not the last."""
    shapes = sorted((numbers(text) for text in re.findall(r"\([\d, ]*\)", match.group())), key=len)
    if len(shapes) == 2 and len(shapes[0]) == 1 and len(shapes[1]) > 2 and shapes[1][1] == shapes[0][0]:
        return ("NumPy lines shapes up from the right. One number for each channel must line up with axis 1: "
                "b[:, None, None], or b.reshape(1, -1, 1, 1).")
    return "NumPy lines shapes up from the right: from there, two sizes must be equal, or one of them 1."


def aligned(match, frame, arrays):
    """A matrix product whose inner sizes differ; says which transposition would make it fit."""
    rule = "In a @ b the last size of a must be the first of b"
    matrices = [(name, array.shape) for name, array in arrays.items() if array.ndim == 2]
    if len(matrices) != 2:
        return f"{rule}: is one of the two to be transposed?"
    (a, (rows, inner)), (b, (other, columns)) = matrices
    fits = [words for words, good in ((f"{a}.T @ {b}", rows == other), (f"{a} @ {b}.T", inner == columns),
                                      (f"{b} @ {a}", columns == rows)) if good]
    return f"{rule}." + (f" Of these two, {' or '.join(fits)} would fit." if fits else "")


def numbers(text):
    return [int(number) for number in re.findall(r"\d+", text)]


def no_attribute(match, frame, arrays):
    """Backward needs what forward did not keep."""
    name = match.group(1)
    return f"Where is self.{name} given its value? Forward must remember what backward needs: self.{name} = ..."


def not_defined(match, frame, arrays):
    name = match.group(1)
    own = vars(frame.f_locals["self"]) if hasattr(frame.f_locals.get("self"), "__dict__") else {}
    if name in own:
        return f"The layer has self.{name}; a plain {name} is another name."
    near = [known for known in {**frame.f_globals, **vars(builtins)} if known.lower() == name.lower()]
    if near:
        return f"Is it {near[0]} that is meant?"
    return f"{name} has no value here: it must be an argument, or self.{name}."


EDGE = ("How many windows fit? (size + 2 pad - window) // stride + 1; and the window at output p begins at p * stride. "
        "Is the index one of the padded array?")
HINTS = {
    r"could not be broadcast together with.*": broadcast,
    r"shapes? .*not aligned.*": aligned,
    r"matmul: .*": aligned,
    r"index .* is out of bounds": EDGE,
    r"could not broadcast input array from shape.*": "A slice at the edge is cut short, so the sizes differ. " + EDGE,
    r"cannot reshape array of size": "A reshape keeps the number of numbers: which shape did the array have before?",
    r"UnboundLocalError|referenced before assignment":
        "The name has no value yet: it is given one only inside an if, or inside a loop that was not entered, or it is "
        "meant to be self's.",
    r"NoneType": "Something is None: a function without a return, or something that forward must remember and did not.",
    r"AttributeError: .* has no attribute '(\w+)'": no_attribute,
    r"NameError: name '(\w+)'": not_defined,
    r"Cannot cast ufunc": "An array of integers cannot take decimals: make it with x.dtype, np.zeros(shape, x.dtype).",
    r"as an integer|slice indices must be integers|only integer|indices must be integers|index must be an integer":
        "A size or an index is not a whole number: / gives decimals, // a whole number.",
    r"axes don't match|axis \d+ is out of bounds":
        "The array has another number of axes than this line takes it to have.",
    r"not enough values to unpack|too many values to unpack":
        "As many names on the left as there are values on the right: what does the shape, or the function, hold?",
    r"ZeroDivisionError": "What is divided by is 0 here: a size, or a count?",
    r"missing \d+ required positional": "A function is called with fewer arguments than it has.",
    r"RecursionError": "The function calls itself without end.",
    r"KeyError": "The dictionary does not hold this key: which keys did forward put there?",
    r"setting an array element with a sequence|inhomogeneous":
        "One place of an array takes one number, not a list or an array.",
    r"ambiguous": "An array has no one truth value: write .any() or .all(), or a mask.",
}
