"""Reads Caffe's description of a network, a .prototxt: protobuf's text format, by the tables of caffe.py.

    layer {                                             parsed(text) gives what caffe.py gives of a binary file:
      name: "conv1"   type: "Convolution"
      bottom: "data"  top: "conv1"                      {"layer": [{"name": "conv1", "type": "Convolution",
      convolution_param { num_output: 96 }                          "bottom": ["data"], "top": ["conv1"],
    }                                                               "convolution_param": {"num_output": 96}}]}

A field is `name: value`, `name { ... }`, `name: { ... }` or `name: [value, value]`; `< ... >` may stand for braces,
commas and semicolons between fields are passed over, and a # begins a comment. Fields that the tables do not have are
read and left out.
"""
import math
import os
import re

from ...screen.words import printable
from .caffe import NET, bytes_of
from ..stored import Stored

FORMAT = "Caffe (prototxt)"
LARGEST, LEVELS = 10_000_000, 32                # bytes of a file; messages in messages
TOKEN = re.compile(r"""(?:[ \t\r\v\f]|\#[^\n]*)*(?:
    (?P<line>\n) |
    (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*') |
    (?P<word>[A-Za-z0-9_.+-]+) |
    (?P<sign>[{}<>\[\]:;,]) |
    (?P<end>\Z))""", re.VERBOSE)
ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
CLOSING = {"{": "}", "<": ">", "[": "]"}
TRUTH = {"true": True, "True": True, "t": True, "1": True, "false": False, "False": False, "f": False, "0": False}


def read(path):
    """The network that a .prototxt describes: a Stored without arrays, its layers the description as plain data.

    Raises FileNotFoundError, and ValueError in one sentence, with the line, for what cannot be read.
    """
    if os.path.isfile(path) and os.path.getsize(path) > LARGEST:
        raise ValueError(f"{path} has more than {LARGEST:,} bytes, which no description of a network needs; give the "
                         f".prototxt")
    data = bytes_of(path)
    try:
        description = parsed(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text; give the .prototxt, not the weights") from None
    except ValueError as error:
        raise ValueError(f"{path}, {error}") from None
    if not description.get("layer") and not description.get("layers"):
        raise ValueError(f"{path} describes no layers; give the .prototxt of a network, not that of a solver")
    return Stored(str(path), FORMAT, {}, "caffe", layers={**description, "file": str(path)})


def parsed(text):
    """The description in a text as plain data. ValueError, which begins with the line, for what cannot be read."""
    tokens = Tokens(text)
    try:
        tokens.take()                                       # nothing yet: the first token is there now
        return message(tokens, NET, "end", 0)
    except ValueError as error:
        raise ValueError(f"line {tokens.line}: {error}") from None


class Tokens:
    """The words, texts and signs of a text one by one: `kind` and `value` are the next one's, `take` goes on."""

    def __init__(self, text):
        self.text, self.place, self.line = text, 0, 1
        self.kind = self.value = None

    def take(self):
        """The value of this token; the next one is then there."""
        value, self.kind = self.value, "line"
        while self.kind == "line":
            found = TOKEN.match(self.text, self.place)
            if not found:
                raise ValueError("there is a character or a text in quotation marks that does not end here")
            self.kind, self.place = found.lastgroup, found.end()
            self.value = found[self.kind]
            self.line += self.kind == "line"
        return value

    def is_sign(self, signs):
        """Whether the next token is one of these signs."""
        return self.kind == "sign" and self.value in signs


def message(tokens, table, end, level):
    """The fields up to the sign `end`, which is taken: {name: value} of those that the table has."""
    if level > LEVELS:
        raise ValueError(f"there are more than {LEVELS} levels of braces")
    kinds, found = {name: kind for name, kind in table.values()}, {}
    while not (tokens.kind == "end" if end == "end" else tokens.is_sign(end)):
        if tokens.is_sign(",;") and found:
            tokens.take()
            continue
        if tokens.kind != "word":
            raise ValueError("the text ends where braces are still open" if tokens.kind == "end" else
                             f"the name of a field must come here, got {printable(tokens.value, 40)!r}")
        name = tokens.take()
        keep(found, name, kinds.get(name), values(tokens, kinds.get(name), level))
    tokens.take()
    return found


def values(tokens, kind, level):
    """What is given for a field: a list of one value, or of those in [...]."""
    colon = tokens.is_sign(":")
    if colon:
        tokens.take()
    if not tokens.is_sign("["):
        return [value(tokens, kind, colon, level)]
    tokens.take()
    given = []
    while not tokens.is_sign("]"):
        given.append(value(tokens, kind, colon, level))
        if not tokens.is_sign("]") and not (tokens.is_sign(",") and tokens.take()):
            raise ValueError("a list needs commas between its values and a ] at its end")
    tokens.take()
    return given


def value(tokens, kind, colon, level):
    """One value: a message, or a word or text as the kind has it; of another field, whatever it is."""
    kind = kind[0] if isinstance(kind, list) else kind
    if tokens.is_sign("{<"):
        if kind is not None and not isinstance(kind, dict):
            raise ValueError("braces stand where one value must stand")
        return message(tokens, kind or {}, CLOSING[tokens.take()], level + 1)
    if not colon or tokens.kind not in ("word", "text") or isinstance(kind, dict):
        wanted = "braces" if isinstance(kind, dict) else "a value" if colon else "a colon or braces"
        raise ValueError(f"{wanted} must come here, got {printable(tokens.value, 40)!r}")
    if tokens.kind == "word":
        return of_kind(tokens.take(), kind)
    parts = []
    while tokens.kind == "text":                            # texts that stand side by side are one
        parts.append(unescaped(tokens.take()))
    return of_kind("".join(parts), kind)


def unescaped(quoted):
    """A text without its quotation marks, its escapes (\\n, \\x41, \\101) resolved."""
    def resolved(found):
        code, octal, letter = found.groups()
        if letter is not None:
            return LETTERS.get(letter, letter)
        return bytes([int(code, 16) if code else int(octal, 8) & 255])

    return ESCAPE.sub(resolved, quoted[1:-1].encode()).decode("utf-8", "replace")


def of_kind(word, kind):
    """A word or text as a kind of the tables has it."""
    if isinstance(kind, tuple):                             # an enum: its name, or its number
        return kind[int(word)] if word.isdecimal() and len(word) < 4 and int(word) < len(kind) else word
    if kind == "bool":
        if word not in TRUTH:
            raise ValueError(f"true or false must come here, got {printable(word, 40)!r}")
        return TRUTH[word]
    try:
        if kind == "int":
            return whole(word)
        if kind in ("float", "double"):
            return finite(word)
    except ValueError:
        raise ValueError(f"a number of type {kind} must come here, got {printable(word, 40)!r}") from None
    return word


def whole(word):
    """A whole number of up to 64 bits: 12, 0x0c or 014."""
    octal = re.fullmatch(r"[+-]?0[0-7]+", word)
    number = int(word, 8 if octal else 0)
    if not -2 ** 63 <= number < 2 ** 63:
        raise ValueError(word)
    return number


def finite(word):
    """A finite number: 0.5, 5e-05, 1.f."""
    number = float(word[:-1] if word[-1:] in ("f", "F") and word[:2].lower() != "0x" else word)
    if not math.isfinite(number):
        raise ValueError(word)
    return number


def keep(found, name, kind, given):
    """Puts the values of a field where they belong: in a list, or alone. ValueError for two of what is one."""
    if isinstance(kind, list):
        found.setdefault(name, []).extend(given)
    elif kind is not None:
        if name in found or len(given) != 1:
            raise ValueError(f"{name} can be given once in one message")
        found[name] = given[0]
