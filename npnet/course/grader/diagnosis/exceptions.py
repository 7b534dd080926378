"""D0: Python stopped. From the exception's text, the student's line and the shapes of the arrays there: why."""
import re

from .trial import Said

BACK = ("col2im", "backward_x", "pool_backward")            # functions that put numbers back onto pixels
WITHOUT_PADDING = ("lrn_", "dropout_", "relu_", "cross_entropy_")
NUMBERS = r"\(([\d,\s]*)\)"


def shape(text):
    """(2, 5, 27) of "2,5,27"."""
    return tuple(int(part) for part in text.replace(" ", "").split(",") if part)


def tidy(dims):
    """'(2,5,27)': a shape as it is printed."""
    return "(" + ",".join(map(str, dims)) + ("," if len(dims) == 1 else "") + ")"


def explained(raised):
    """A Said for an exception: what it means, as far as its text tells."""
    for kinds, pattern, rule in RULES:
        match = re.search(pattern, raised.text)
        if match and raised.kind in kinds.split():
            said = rule(match, raised)
            if said:
                return said
    return Said("diagnosis.raised.other", {"kind": raised.kind, "text": raised.text[:120]})


def at_line(raised):
    """Where Python stopped: the line and its text, or that it was in no line of the student's file."""
    if not raised.line:
        return Said("diagnosis.stopped_elsewhere", {"kind": raised.kind})
    return Said("diagnosis.stopped_at", {"line": raised.line, "code": cut(raised.code), "kind": raised.kind})


def cut(code, most=60):
    """A line of code that is not too long, and shows where it was cut."""
    return code if len(code) <= most else code[:most - 4].rstrip() + " ..."


def broadcast(match, raised):
    """operands could not be broadcast together with shapes (2,5,27,27) (5,)"""
    a, b = shape(match[1]), shape(match[2])
    long, short = (a, b) if len(a) >= len(b) else (b, a)
    values = {"first": tidy(a), "second": tidy(b)}
    if len(short) == 1 and len(long) == 4 and short[0] == long[1]:
        return Said("diagnosis.raised.bias", {**values, "bias": tidy(short), "size": short[0]})
    if len(a) == len(b) == 4:
        gaps = {abs(m - n) for m, n in zip(a[2:], b[2:])} - {0}
        if a[:2] == b[:2] and gaps:
            return Said("diagnosis.raised.window", values)
        if a[:2] != b[:2] and a[2:] == b[2:]:
            return Said("diagnosis.raised.channels", values)
    if a == b[::-1] and a != b:
        return Said("diagnosis.raised.turned", values)
    return Said("diagnosis.raised.broadcast", values)


def into_shape(match, raised):
    """could not broadcast input array from shape (2,3,2,2) into shape (2,3,3,2)"""
    return Said("diagnosis.raised.into", {"first": tidy(shape(match[1])), "second": tidy(shape(match[2]))})


def matmul(match, raised):
    """mismatch in its core dimension 0 ... (size 27 is different from 12)"""
    return Said("diagnosis.raised.matmul", {"first": match[2], "second": match[1], "shapes": shapes_of(raised)})


def not_aligned(match, raised):
    """shapes (3,4) and (3,5) not aligned: 4 (dim 1) != 3 (dim 0)"""
    a, b = shape(match[1]), shape(match[2])
    id = "diagnosis.raised.transpose" if len(a) == len(b) == 2 and a[0] == b[0] else "diagnosis.raised.aligned"
    return Said(id, {"first": tidy(a), "second": tidy(b)})


def out_of_bounds(match, raised):
    """index 7 is out of bounds for axis 2 with size 7"""
    index, axis, size = map(int, match.groups())
    values = {"index": index, "axis": axis, "size": size, "last": size - 1}
    if size == 0:
        return Said("diagnosis.raised.empty")
    if axis < 2:
        return Said("diagnosis.raised.bounds_in_front", values)
    if raised.function.endswith(BACK):
        return Said("diagnosis.raised.bounds_back", values)
    if raised.function.startswith(WITHOUT_PADDING):
        return Said("diagnosis.raised.bounds_plain", values)
    return Said("diagnosis.raised.bounds_by_one" if index == size else "diagnosis.raised.bounds", values)


def reshaped(match, raised):
    """cannot reshape array of size 72 into shape (3,20)"""
    wanted = match[2].replace(" ", "")
    if match[1] == "0":
        return Said("diagnosis.raised.empty")
    return Said("diagnosis.raised.reshape", {"size": match[1], "shape": f"({wanted})", "shapes": shapes_of(raised)})


def unwritten(match, raised):
    """NotImplementedError("a3.col2im")"""
    return Said("diagnosis.raised.unwritten", {"id": match[0]})


def one_name(id):
    """A rule whose sentence needs one word of the exception's text."""
    return lambda match, raised: Said(id, {"name": match[1]})


def plain(id):
    """A rule whose sentence needs nothing."""
    return lambda match, raised: Said(id)


def shapes_of(raised):
    """'x (2,3,7,7), w (4,3,2,2)': the arrays at the line that stopped, those that it names first."""
    named = [name for name in raised.shapes if re.search(rf"\b{re.escape(name)}\b", raised.code)]
    return ", ".join(f"{name} {tidy(raised.shapes[name])}" for name in (named or list(raised.shapes))[:4])


RULES = [                       # kinds of exceptions, what their text holds, what makes a sentence of it
    ("NotImplementedError", r"[ab]\d+\.\w+", unwritten),
    ("ValueError", rf"broadcast together with (?:remapped )?shapes {NUMBERS} {NUMBERS}", broadcast),
    ("ValueError", rf"output operand with shape {NUMBERS}.*broadcast shape {NUMBERS}", into_shape),
    ("ValueError", rf"from shape {NUMBERS} into shape {NUMBERS}", into_shape),
    ("ValueError", r"size (\d+) is different from (\d+)", matmul),
    ("ValueError", rf"shapes {NUMBERS} and {NUMBERS} not aligned", not_aligned),
    ("ValueError", r"cannot reshape array of size (\d+) into shape \(?([-\d,\s]+)\)?", reshaped),
    ("ValueError", r"truth value of an array", plain("diagnosis.raised.truth")),
    ("ValueError", r"axes don't match array|repeated axis in transpose", plain("diagnosis.raised.axes")),
    ("ValueError", r"zero-size array to reduction", plain("diagnosis.raised.empty")),
    ("ValueError", r"setting an array element with a sequence", plain("diagnosis.raised.element")),
    ("ValueError", r"(?:not enough|too many) values to unpack", plain("diagnosis.raised.unpack")),
    ("ValueError", r"negative dimensions", plain("diagnosis.raised.negative")),
    ("ValueError", r"is read-only", plain("diagnosis.raised.read_only")),
    ("ValueError", r"all the input array dimensions|must have same number of dim",
     plain("diagnosis.raised.concatenate")),
    ("IndexError", r"index (-?\d+) is out of bounds for axis (\d+) with size (\d+)", out_of_bounds),
    ("IndexError", r"too many indices for array", plain("diagnosis.raised.indices")),
    ("IndexError", r"arrays used as indices must be of integer", plain("diagnosis.raised.integer_index")),
    ("IndexError", r"only integers, slices", plain("diagnosis.raised.float_index")),
    ("IndexError", r"boolean index did not match", plain("diagnosis.raised.boolean_index")),
    ("IndexError", r"list index out of range|tuple index out of range", plain("diagnosis.raised.list_index")),
    ("AxisError", r"axis (-?\d+) is out of bounds", one_name("diagnosis.raised.axis")),
    ("UnboundLocalError", r"variable '(\w+)'", one_name("diagnosis.raised.unbound")),
    ("NameError", r"name '(\w+)' is not defined", one_name("diagnosis.raised.name")),
    ("TypeError", r"'float' object cannot be interpreted as an integer", plain("diagnosis.raised.float_size")),
    ("TypeError", r"slice indices must be integers", plain("diagnosis.raised.float_size")),
    ("TypeError", r"unsupported operand type.*'NoneType'", plain("diagnosis.raised.none")),
    ("TypeError", r"'NoneType' object is not", plain("diagnosis.raised.none")),
    ("TypeError", r"missing \d+ required positional|takes \d+ positional", plain("diagnosis.raised.arguments")),
    ("TypeError", r"(?:only \S+ arrays? can be converted|only length-1 arrays)", plain("diagnosis.raised.scalar")),
    ("TypeError UFuncTypeError _UFuncOutputCastingError", r"annot cast.*float64'\) to dtype\('(\w+)'",
     one_name("diagnosis.raised.cast")),
    ("AttributeError", r"'NoneType' object has no attribute '(\w+)'", one_name("diagnosis.raised.none_attribute")),
    ("AttributeError", r"has no attribute '(\w+)'", one_name("diagnosis.raised.attribute")),
    ("KeyError", r"'([\w.]+)'", one_name("diagnosis.raised.key")),
    ("ZeroDivisionError", r"", plain("diagnosis.raised.zero")),
    ("RecursionError", r"", plain("diagnosis.raised.recursion")),
    ("MemoryError _ArrayMemoryError", r"", plain("diagnosis.raised.memory")),
    ("ImportError ModuleNotFoundError", r"'([\w.]+)'", one_name("diagnosis.raised.import")),
]
