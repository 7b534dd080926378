"""Carries out a pickle instruction by instruction, in Python: for PyTorch's files, which hold more kinds of things.

npnet.files.unpickle leaves the work to Python's own machine, and must forbid beforehand what would keep that busy:
tuples in several places, for example. Optimisers do have such tuples. So here every instruction is carried out by
a few lines of ours. There is no instruction that fetches a function: a name is looked up in a table that the caller
gives, and what is called is one of the table's functions, or nothing. Keys of dicts are texts and numbers, so nothing
deep is ever hashed; sets become lists; nothing here calls itself, so depth costs nothing.

    value = carried_out(file, {("collections", "OrderedDict"): StandIn(ordered)}, storage_of)
"""
import pickletools
import warnings

from ..screen.words import printable
from .unpickle import MOST_MEMO, Refused, Room, StandIn

MOST_INSTRUCTIONS = 2**21       # a second and a half; a state_dict of 10,000 tensors has some 400,000
KEYS = (str, bytes, int, bool, type(None))                      # of dicts


def carried_out(file, allowed, outside):
    """The value that a pickle describes; the file stands behind it then.

    file: in memory (io.BytesIO), for a length in the file is believed only as far as there are bytes.
    allowed: {(module, name): value}; a StandIn among them may be called. outside(identity): what "persistent" means.
    Refused, the end of a sentence, for other names and for what is no plain data; ValueError, LookupError, TypeError
    and others of npnet.files.unpickle.DAMAGED where the file is no pickle.
    """
    machine, count = Machine(allowed, outside, Room(len(file.getbuffer()))), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")                         # of odd escapes in damaged texts
        for name, argument in instructions(file):
            count += 1
            if count > MOST_INSTRUCTIONS:
                raise Refused(f"is a pickle of more than {MOST_INSTRUCTIONS:,} instructions")
            machine.carry_out(name, argument)
    return machine.stack.pop()


def instructions(file):
    """Their names and arguments. ValueError, in words of ours, where the file is damaged or ends."""
    found = pickletools.genops(file)
    while True:
        try:
            instruction, argument, _ = next(found)
        except StopIteration:
            return
        except Exception:                                       # what Python says is about its own insides
            raise ValueError("a pickle in it is cut off, or has invalid instructions") from None
        yield instruction.name, argument


class Ordered(dict):
    """A dict to which a pickle may give attributes (a state_dict has _metadata); they are let go."""

    def __setstate__(self, state):
        pass


class Machine:
    """The stack, the marks in it, and what is remembered by a number."""

    def __init__(self, allowed, outside, room):
        self.stack, self.marks, self.memo = [], [], {}
        self.allowed, self.outside, self.room = allowed, outside, room

    def carry_out(self, name, argument):
        """One instruction."""
        if name in PUSH:
            self.stack.append(PUSH[name](argument))
        elif name in MEMO:
            self.remember(len(self.memo) if name == "MEMOIZE" else argument)
        elif name in GET:
            self.stack.append(self.memo[argument])
        elif name in OTHERS:
            OTHERS[name](self)
        elif name == "GLOBAL":
            self.fetch(*argument.split(" ", 1))
        elif name not in ("PROTO", "FRAME", "STOP"):
            raise Refused(f"has the instruction {name}, which PyTorch does not write")

    def remember(self, number):
        if number > MOST_MEMO:
            raise Refused(f"remembers something as number {number:,}")
        self.memo[number] = self.stack[-1]

    def fetch(self, module, name):
        if not isinstance(module, str) or not isinstance(name, str):
            raise TypeError("a name is no text")
        if (module, name) not in self.allowed:
            raise Refused(f"asks for {printable(module)}.{printable(name)}")
        self.stack.append(self.allowed[module, name])

    def since_mark(self):
        """What was put down after the last mark, taken away."""
        start = self.marks.pop()
        if start > len(self.stack):
            raise IndexError("a mark is missing")
        found = self.stack[start:]
        del self.stack[start:]
        return found

    def last(self, count):
        """The last so many things, taken away."""
        if count > len(self.stack):
            raise IndexError("the stack is empty")
        found = self.stack[len(self.stack) - count:]
        del self.stack[len(self.stack) - count:]
        return found

    def put_items(self, pairs):
        """Keys and values in turn, into the dict on top."""
        target = self.stack[-1]
        if not isinstance(target, dict):
            raise TypeError("items for what is no dict")
        if len(pairs) % 2:
            raise TypeError("a key without a value")
        for key, value in zip(pairs[::2], pairs[1::2]):
            target[key_of(key)] = value

    def put_values(self, values):
        if type(self.stack[-1]) is not list:
            raise TypeError("values for what is no list")
        self.stack[-1].extend(values)

    def make_dict(self):
        """What protocols 0 and 1 write for a dict."""
        pairs = self.since_mark()
        self.stack.append({})
        self.put_items(pairs)

    def call(self):
        function, arguments = self.last(2)
        if type(function) is not StandIn or type(arguments) is not tuple:
            raise TypeError("a call of what is no function")
        self.stack.append(self.room.counted(function(*arguments)))

    def build(self):
        value, state = self.last(2)
        if not hasattr(value, "__setstate__"):
            raise Refused(f"gives a state to a {type(value).__name__.strip('_').lower()}")
        value.__setstate__(state)
        self.stack.append(value)


def key_of(key):
    """The key, if it is a text or a number: nothing else is hashed. Large numbers may all have one hash."""
    if type(key) not in KEYS or isinstance(key, int) and abs(key) > 2**60:
        raise Refused(f"has a {type(key).__name__.strip('_').lower()} as the key of a dict")
    return key


def text_of(content):
    """A text of Python 2 where it is one, else its bytes."""
    return content if isinstance(content, str) or not content.isascii() else content.decode("ascii")


MEMO, GET = ("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), ("GET", "BINGET", "LONG_BINGET")
PUSH = dict.fromkeys(("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "UNICODE",
                      "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
                      "BYTEARRAY8"), lambda argument: argument)
PUSH |= dict.fromkeys(("STRING", "BINSTRING", "SHORT_BINSTRING"),
                      lambda argument: text_of(argument.encode("latin1")))      # pickletools gives letters for bytes
PUSH |= {"NONE": lambda _: None, "NEWTRUE": lambda _: True, "NEWFALSE": lambda _: False, "EMPTY_TUPLE": lambda _: (),
         "EMPTY_LIST": lambda _: [], "EMPTY_DICT": lambda _: {}, "EMPTY_SET": lambda _: []}
OTHERS = {
    "MARK": lambda m: m.marks.append(len(m.stack)),
    "TUPLE": lambda m: m.stack.append(tuple(m.since_mark())),
    "TUPLE1": lambda m: m.stack.append(tuple(m.last(1))),
    "TUPLE2": lambda m: m.stack.append(tuple(m.last(2))),
    "TUPLE3": lambda m: m.stack.append(tuple(m.last(3))),
    "DICT": Machine.make_dict,
    "LIST": lambda m: m.stack.append(m.since_mark()),
    "FROZENSET": lambda m: m.stack.append(m.since_mark()),
    "APPEND": lambda m: m.put_values(m.last(1)),
    "APPENDS": lambda m: m.put_values(m.since_mark()),
    "ADDITEMS": lambda m: m.put_values(m.since_mark()),
    "SETITEM": lambda m: m.put_items(m.last(2)),
    "SETITEMS": lambda m: m.put_items(m.since_mark()),
    "REDUCE": Machine.call,
    "BUILD": Machine.build,
    "STACK_GLOBAL": lambda m: m.fetch(*m.last(2)),
    "BINPERSID": lambda m: m.stack.append(m.outside(*m.last(1))),
}
