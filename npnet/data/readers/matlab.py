"""MATLAB's files of version 5, as far as ILSVRC's devkit needs: a table (struct array) of numbers and texts.

    rows = read_table("meta.mat")               # [{"ILSVRC2012_ID": 1, "WNID": "n02119789", "words": ...}, ...]

After a header of 128 bytes a file is a list of elements: its type and size, 4 bytes each, and its content,
filled up to a multiple of 8 bytes. An element may be a zlib stream that holds another, or a matrix, whose
content is again a list of elements: flags with the matrix' class, dimensions, name, and then its numbers, or
the names of its fields and a matrix for each field of each row. Content of up to 4 bytes sits in the tag.
"""
import math
import struct
import zlib
from pathlib import Path

MATRIX, COMPRESSED, UTF8 = 14, 15, 16
STRUCT, CHARACTERS = 2, 4                       # classes of matrices; those from 6 to 15 are numbers
NUMBERS = {1: "b", 2: "B", 3: "h", 4: "H", 5: "i", 6: "I", 7: "f", 9: "d", 12: "q", 13: "Q"}    # for struct.unpack
MOST_BYTES = 2**22                              # unpacked; the devkit's file has about 2 MB


def read_table(path):
    """The rows of the first table in a file, each a dictionary; numbers, texts, and lists of numbers."""
    with Path(path).open("rb") as file:
        content = file.read(MOST_BYTES)
    if len(content) < 128 or content[124:128] not in (b"\0\1IM", b"\1\0MI"):
        raise ValueError(f"{path} is not a MATLAB file of version 5")
    order = "<" if content[126:128] == b"IM" else ">"
    try:
        for kind, data in elements(content[128:], order):
            table = value_of(data, order) if kind == MATRIX else None
            if isinstance(table, list) and table and isinstance(table[0], dict):
                return table
    except (struct.error, zlib.error, IndexError, KeyError, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path} is damaged or was cut off ({error}); unpack the devkit again") from None
    raise ValueError(f"{path} holds no table (struct array); is it the devkit's meta.mat?")


def elements(data, order, packed=True):
    """(type, content) of every element in some bytes; compressed ones are unpacked, but not one inside another."""
    place = 0
    while place + 8 <= len(data):
        kind, size = struct.unpack_from(order + "II", data, place)
        if kind >> 16:                                          # small: type and size share 4 bytes, then content
            kind, size, start, place = kind & 0xFFFF, kind >> 16, place + 4, place + 8
        else:
            start = place + 8
            place = start + size + (0 if kind == COMPRESSED else -size % 8)
        if start + size > len(data) or not 1 <= kind <= 18:
            raise ValueError("an element is longer than the file, or of no type")
        content = data[start:start + size]
        if kind == COMPRESSED and packed:
            yield from elements(zlib.decompressobj().decompress(content, MOST_BYTES), order, packed=False)
        else:
            yield kind, content


def value_of(data, order):
    """A number, a text, a list of numbers, or a list of dictionaries; None for what the devkit does not have."""
    parts = list(elements(data, order, packed=False))
    if not parts:
        return None                                             # an empty field
    kind = struct.unpack(order + "I", parts[0][1][:4])[0] & 0xFF
    count = math.prod(numbers_of(parts[1], order))
    if kind == STRUCT:
        (length,), names = numbers_of(parts[3], order), parts[4][1]
        fields = [names[i:i + length].rstrip(b"\0").decode("ascii") for i in range(0, len(names), length)]
        cells = [value_of(content, order) for _, content in parts[5:]]
        if len(cells) != count * len(fields):
            raise ValueError(f"{len(cells)} cells for {count} rows of {len(fields)} fields")
        return [dict(zip(fields, cells[i:])) for i in range(0, len(cells), len(fields))]
    if kind != CHARACTERS and not 6 <= kind <= 15:
        return None                                             # cells, objects, sparse matrices
    if kind == CHARACTERS and parts[3][0] == UTF8:
        return parts[3][1].decode("utf-8")
    values = numbers_of(parts[3], order)
    if kind == CHARACTERS:
        return "".join(map(chr, values))
    return values[0] if len(values) == 1 else values


def numbers_of(element, order):
    """The numbers in an element (type, content)."""
    kind, content = element
    return [number for number, in struct.iter_unpack(order + NUMBERS[kind], content)]
