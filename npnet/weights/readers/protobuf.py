"""Reads protobuf's wire format by a table of the few fields that are wanted; others are skipped.

    SHAPE = {1: ("dim", ["int"])}
    BLOB = {5: ("data", ["float"]), 7: ("shape", SHAPE), 10: ("type", ("DOUBLE", "FLOAT", "FLOAT16"))}
    read_message(data, BLOB)            # {"data": float32 array, "shape": {"dim": int64 array}, "type": "FLOAT"}

A table is {field number: (name, kind)}. A kind is one of

    "int"  "bool"           a varint: a whole number (64 bits, with a sign), or True and False
    "float"  "double"       4 or 8 bytes, a Python float
    "text"  "bytes"         str (UTF-8), or the bytes, a memoryview of the file, not copied
    ("MAX", "AVE")          an enum that counts from 0: the name, or the number where it has no name here
    {1: (...), ...}         a message: a dictionary. A table may hold itself; LEVELS is the limit
    [kind]                  repeated. "int", "float" and "double", packed or not, become one array (int64, float32,
                            float64; read-only, not always aligned) of all that is there; other kinds a list

A field that is not in the file is not in the dictionary: protobuf's defaults are the caller's. Of a field that is no
list and is there twice, the last one counts. Everything that comes back is made of bytes that are there: a length is
compared with what is left before anything is taken, and no count in the file is believed.
"""
import struct

import numpy as np

LEVELS = 32                     # messages in messages
MOST = 200_000                  # entries of all lists of a file
LETTERS = 500                   # of one text
VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5                                 # wire types
WIRE = {"int": VARINT, "bool": VARINT, "float": FOUR, "double": EIGHT, "text": BYTES, "bytes": BYTES}
NUMBERS = {"int": "<i8", "float": "<f4", "double": "<f8"}


def read_message(data, table, level=0, count=None):
    """The message in `data` (bytes or a memoryview) as {name: value}. ValueError for what is no such message.

    level, count: how deep it lies in another, and how many entries that has so far, a list of one.
    """
    count = [0] if count is None else count
    if level > LEVELS:
        raise ValueError(f"it has more than {LEVELS} levels of messages in messages, which npnet does not read")
    found = {}
    for number, wire, value in fields_of(memoryview(data)):
        if number not in table:
            continue
        name, kind = table[number]
        if not isinstance(kind, list):
            found[name] = value_of(name, kind, wire, value, level, count)
        elif isinstance(kind[0], str) and kind[0] in NUMBERS:
            held, more = found.get(name), numbers_of(name, kind[0], wire, value)
            found[name] = more if held is None else joined(held, more)
        else:
            count[0] += 1
            if count[0] > MOST:
                raise ValueError(f"it has more than {MOST:,} entries in its lists, which npnet does not read")
            found.setdefault(name, []).append(value_of(name, kind[0], wire, value, level, count))
    for name, kind in table.values():
        if name in found and isinstance(kind, list) and isinstance(kind[0], str) and kind[0] in NUMBERS:
            found[name] = np.frombuffer(found[name], NUMBERS[kind[0]])
            found[name].flags.writeable = False
    return found


def joined(held, more):
    """The bytes of a repeated field so far, and more of them; grows in place from the second time on."""
    held = held if isinstance(held, bytearray) else bytearray(held)
    held += more
    return held


def fields_of(data):
    """The fields of a message one by one: number, wire type, value (an int, or a memoryview of its bytes)."""
    place = 0
    while place < len(data):
        start = place
        key, place = varint(data, place)
        number, wire = key >> 3, key & 7
        if not number or wire not in (VARINT, EIGHT, BYTES, FOUR):
            raise ValueError(f"at byte {start} of a message there is no field of protobuf; the file is damaged or of "
                             f"another format")
        if wire == VARINT:
            value, place = varint(data, place)
        else:
            size = {EIGHT: 8, FOUR: 4}.get(wire)
            if size is None:
                size, place = varint(data, place)
            if size > len(data) - place:
                raise ValueError(f"its field {number} says {size:,} bytes, but {len(data) - place:,} are left; the "
                                 f"file is cut off or damaged")
            value, place = data[place:place + size], place + size
        yield number, wire, value


def varint(data, place):
    """The number at `place`, 7 bits a byte, lowest first, and the place after it."""
    number = 0
    for shift in range(0, 70, 7):
        if place == len(data):
            raise ValueError("it ends in the middle of a number; the file is cut off or damaged")
        byte = data[place]
        number |= (byte & 127) << shift
        place += 1
        if byte < 128:
            return number & (1 << 64) - 1, place
    raise ValueError("it has a number of more than 64 bits; the file is damaged or of another format")


def value_of(name, kind, wire, value, level, count):
    """One value of a kind, made of what fields_of gave."""
    if isinstance(kind, tuple):
        number = value_of(name, "int", wire, value, level, count)
        return kind[number] if 0 <= number < len(kind) else number
    if wire != (BYTES if isinstance(kind, dict) else WIRE[kind]):
        raise ValueError(f"its field {name} is of another type (wire type {wire}); the file is damaged or of another "
                         f"format")
    if isinstance(kind, dict):
        return read_message(value, kind, level + 1, count)
    if kind == "text":
        return text_of(name, value)
    if kind in ("float", "double"):
        return struct.unpack(NUMBERS[kind][0] + kind[0], value)[0]
    return bool(value) if kind == "bool" else signed(value) if kind == "int" else value


def text_of(name, value):
    """A text. ValueError for one that is too long for a name, or holds what no terminal should be sent."""
    text = bytes(value[:4 * LETTERS + 1]).decode("utf-8", "replace")
    if len(text) > LETTERS or not text.isprintable():
        raise ValueError(f"its field {name} holds a text that can be no name: it has more than {LETTERS} letters, or "
                         f"such as no screen shows; the file is damaged")
    return text


def signed(number):
    """A number of 64 bits with its sign: protobuf writes -1 as 2^64 - 1."""
    return number - (1 << 64) if number >> 63 else number


def numbers_of(name, kind, wire, value):
    """The little-endian bytes of one field of repeated numbers, which holds one of them, or packed many."""
    if wire == WIRE[kind]:
        return struct.pack("<q", signed(value)) if kind == "int" else value
    size = np.dtype(NUMBERS[kind]).itemsize
    if wire != BYTES or kind != "int" and len(value) % size:
        raise ValueError(f"its field {name} does not hold numbers of type {kind}; the file is damaged or of another "
                         f"format")
    return packed_varints(value) if kind == "int" else value


def packed_varints(data):
    """The little-endian 64-bit numbers of varints that stand one after the other."""
    codes = np.frombuffer(data, np.uint8)
    if not codes.size:
        return b""
    ends = np.flatnonzero(codes < 128)
    if not ends.size or ends[-1] != codes.size - 1:
        raise ValueError("it ends in the middle of a number; the file is cut off or damaged")
    starts = np.concatenate([[0], ends[:-1] + 1])
    if (ends - starts).max() > 9:
        raise ValueError("it has a number of more than 64 bits; the file is damaged or of another format")
    shifts = 7 * (np.arange(codes.size) - np.repeat(starts, ends - starts + 1))
    return np.add.reduceat((codes & 127).astype(np.uint64) << shifts.astype(np.uint64), starts).tobytes()
