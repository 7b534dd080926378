"""Reads a pickle without running it: CIFAR's python batches, and nothing that is more than data.

A pickle is a small program. Two of its instructions, "fetch the function of this name" and "call it",
let any file run any command on the computer of whoever reads it: pickle.load(file) must be
understood as `sh file`. CIFAR-10 and CIFAR-100 are published as pickles all the same.

So the instructions are carried out by Python, but "fetch the function of this name" finds only the
names of the table ALLOWED, and what it finds are functions of this file, not NumPy's. They build arrays
of plain numbers; a dtype of objects, whose bytes NumPy would take for addresses in memory, is refused.

A few hundred bytes can also keep Python busy for ever, or end it: a tuple that holds the same tuple
twice, sixty times over, has 2**60 ways in, and all of them are gone when it becomes the key of a dict.
So sets, and tuples in several places or in great numbers, are refused before anything is carried out.

    with open("data_batch_1", "rb") as file:
        batch = unpickled(file, "data_batch_1")         # {b"data": uint8 (10000, 3072), b"labels": [6, 9, ...]}
"""
import io
import math
import pickle
import pickletools
import re
import warnings

import numpy as np

MOST_BYTES = 2**30              # the largest file of CIFAR has 155 MB
MOST_MEMO = 2**22               # things that a pickle remembers by a number; CIFAR-100 has some 100,000
MOST_TUPLES = 1000              # that are no arguments of a function; an array has two
PUT = frozenset(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"))    # remember the last thing under a number
GET = ("GET", "BINGET", "LONG_BINGET")                          # put it in another place as well
SETS = ("EMPTY_SET", "ADDITEMS", "FROZENSET")
TUPLES = ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3")
# Instructions that make a new thing which is not a tuple: it may be in many places.
SHARED = frozenset("""
    STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES BINBYTES8
    BYTEARRAY8 LIST EMPTY_LIST DICT EMPTY_DICT GLOBAL STACK_GLOBAL REDUCE""".split())
PLAIN = (int, float, complex, bytes, bytearray, str, np.generic, np.ndarray, type(None))
NUMBERS = re.compile(r"b1|[iu][1248]|f[248]")
DAMAGED = (pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError, LookupError, OverflowError,
           MemoryError, RecursionError)     # UnicodeDecodeError is a ValueError


def unpickled(source, name="the pickle"):
    """What a pickle holds: dict, list, tuple, bytes, str, numbers, None, and NumPy arrays of numbers.

    source: bytes, or a file opened in binary. name: what messages call it. Texts of Python 2, such as CIFAR's keys,
    come as bytes. ValueError for anything else in the file (it names the function that the pickle asks for), for
    what would keep Python busy, and for a file that is damaged or larger than 1 GB.
    """
    content = source if isinstance(source, bytes) else source.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"{name} has more than {MOST_BYTES:,} bytes; no data set that npnet knows has such pickles")
    try:
        check_instructions(content)
        unpickler = Unpickler(io.BytesIO(content), encoding="bytes")
        unpickler.room = Room(len(content))
        return finished(unpickler.load(), {}, unpickler.room)
    except Refused as refusal:
        raise ValueError(f"{name} {refusal}; npnet reads only plain data and arrays of numbers, because a pickle can "
                         f"run any program") from None
    except DAMAGED as error:
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise ValueError(f"{name} is not a pickle, is damaged or was cut off ({reason}); fetch it again") from None


class Refused(Exception):
    """The end of a sentence that begins with the name of the file."""


class Room:
    """How many bytes may still be made of those in the file: a call takes a few bytes, and may copy a million."""

    def __init__(self, size):
        self.left = 4 * size + 2**16

    def counted(self, made):
        """The value, if there is room for it."""
        if isinstance(made, (bytes, np.ndarray, np.generic)):
            self.left -= memoryview(made).nbytes
        if self.left < 0:
            raise Refused("makes far more of its bytes than it has")
        return made


class Unpickler(pickle.Unpickler):
    """Python's, which finds no functions but those of ALLOWED."""

    def find_class(self, module, name):
        if (module, name) not in ALLOWED:
            raise Refused(f"asks for {module}.{name}")
        return StandIn(lambda *arguments: self.room.counted(ALLOWED[module, name](*arguments)))

    def persistent_load(self, number):
        raise Refused("refers to something outside the file")


def check_instructions(content):
    """Raises Refused for what would take Python for ever or all the memory; ValueError if the file ends early.

    A number so high that the table of what is remembered would fill the memory. Sets. A tuple in several places:
    what is fetched by its number must have been remembered right after an instruction of SHARED, as pickle does
    it; DUP, which pickle never writes, is refused. And very many tuples that are not at once the arguments of
    a function: one inside the other, they would be too deep.
    """
    last, tuples, known = "", 0, {}                             # known: {number: whether it may be in many places}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")                         # of odd escapes in damaged texts
        for instruction, argument, _ in pickletools.genops(content):
            name = instruction.name
            if name in PUT:
                number = len(known) if name == "MEMOIZE" else argument
                if number > MOST_MEMO:
                    raise Refused(f"remembers something as number {number:,}")
                known[number] = last in SHARED
                continue
            if name in SETS:
                raise Refused("holds a set where plain data must be")
            if name == "DUP" or name in GET and not known.get(argument, True):
                raise Refused("has one tuple in several places")
            tuples += (name in TUPLES) - (last in TUPLES and name in ("REDUCE", "BUILD"))
            if tuples > MOST_TUPLES:
                raise Refused(f"holds more than {MOST_TUPLES:,} tuples")
            last = name


# ---------------------------------------------------------------------------- what the names stand for

class StandIn:
    """One of our functions under a name that a pickle may ask for. Nothing in the file can change it."""

    __slots__ = ("call",)

    def __init__(self, call):
        self.call = call

    def __call__(self, *arguments):
        return self.call(*arguments)

    def __setstate__(self, state):
        raise Refused("changes a function")


def no_call(*_):
    raise Refused("makes an array without content")


def encoded(text, encoding):
    """Bytes, as Python 3 writes them for Python 2: every byte a letter of Latin-1."""
    if text_of(encoding) not in ("latin1", "latin-1"):
        raise Refused(f"asks for bytes in {text_of(encoding)[:40]}")
    return text.encode("latin1")


def text_of(value):
    """str, whether Python 2 or 3 wrote it."""
    if not isinstance(value, (bytes, str)):
        raise Refused(f"has a {type(value).__name__.strip('_').lower()} where a text must be")
    return value.decode("ascii") if isinstance(value, bytes) else value


class Dtype:
    """The type of an array's numbers: "u1" and the order of its bytes. Never a real dtype, until it is checked."""

    def __init__(self, code, align=False, copy=True):
        self.code, self.order = text_of(code), "="

    def __setstate__(self, state):
        _, order, *described = state                                # (version, order, subtype, names, fields, ...)
        if any(part is not None for part in described[:3]):
            raise Refused("holds an array of records")
        self.order = text_of(order)

    def checked(self):
        """NumPy's dtype."""
        if not NUMBERS.fullmatch(self.code) or self.order not in ("|", "<", ">", "="):
            raise Refused(f"holds an array of type {self.code[:40]!r}")
        return np.dtype(self.order.replace("|", "=") + self.code)


class Array:
    """An array to be: `_reconstruct` makes it empty, the instruction BUILD hands over its content."""

    def __init__(self, *_):                                         # of what kind and shape it is until then
        self.array = None

    def __setstate__(self, state):
        _, shape, dtype, fortran, content = state
        self.array = seen_as(content, dtype, shape, "F" if fortran else "C")

    def owned(self, room):
        """The array, which has numbers of its own from now on."""
        if self.array is None:
            raise ValueError("an array has no content")
        if not self.array.flags.writeable:
            self.array = room.counted(self.array.copy(order="K"))
        return self.array


def array_of(content, dtype, shape, order):
    """An array of its own from bytes."""
    return seen_as(content, dtype, shape, order).copy(order="K")


def seen_as(content, dtype, shape, order):
    """Bytes as an array, without a copy. The shape must ask for neither more nor fewer than there are."""
    if not isinstance(dtype, Dtype):
        raise Refused("holds an array without a type")
    dtype, shape = dtype.checked(), tuple(map(int, shape))
    if not isinstance(content, (bytes, bytearray)):
        raise Refused("holds an array of objects")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(content):
        raise ValueError(f"an array {dtype} {shape} must not have {len(content):,} bytes")
    return np.frombuffer(content, dtype).reshape(shape, order=text_of(order))


def scalar(dtype, content):
    """A single number of NumPy's."""
    return array_of(content, dtype, (), "C")[()]


# {(module, name): what a pickle gets}. NumPy 2 calls numpy.core numpy._core, Python 3 __builtin__ builtins.
ALLOWED = {("numpy", "ndarray"): StandIn(no_call), ("numpy", "dtype"): StandIn(Dtype),
           ("_codecs", "encode"): StandIn(encoded), ("__builtin__", "bytes"): StandIn(lambda: b"")}
for package in ("numpy.core", "numpy._core"):
    ALLOWED |= {(f"{package}.multiarray", "_reconstruct"): StandIn(Array),
                (f"{package}.multiarray", "scalar"): StandIn(scalar),
                (f"{package}.numeric", "_frombuffer"): StandIn(array_of)}


def finished(value, done, room):
    """The value with NumPy's arrays in place of ours, down to the last list.

    done: {identity: (what was seen, what became of it)}, so that a list that holds itself, or one list in a
    million places, is looked at once.
    """
    if id(value) in done:
        return done[id(value)][1]
    if isinstance(value, Array):
        return value.owned(room)
    if type(value) not in (dict, list, tuple):
        return plain(value)
    done[id(value)] = (value, value)
    if type(value) is dict:
        content = [(plain(key), finished(item, done, room)) for key, item in value.items()]
        value.clear()
        value.update(content)
    elif type(value) is list:
        value[:] = [finished(item, done, room) for item in value]
    else:
        done[id(value)] = (value, tuple([finished(item, done, room) for item in value]))
    return done[id(value)][1]


def plain(value):
    """The value, if it is a text, bytes, a number, None or an array that array_of made."""
    if not isinstance(value, PLAIN):
        raise Refused(f"holds a {type(value).__name__.strip('_').lower()} where plain data must be")
    return value
