"""Small ONNX files, made without the package onnx: fields of protobuf, one after the other."""
import struct

import numpy as np

KINDS = {"f4": 1, "u1": 2, "i1": 3, "u2": 4, "i2": 5, "i4": 6, "i8": 7, "b1": 9, "f2": 10, "f8": 11, "u4": 12, "u8": 13}


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def field(number, value):
    """A field: a whole number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value % 2**64)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name, array, kind=None, listed=None):
    """An initialiser; listed: the number of the field that lists its numbers, in place of their bytes."""
    shape = b"".join(field(1, size) for size in array.shape)
    head = shape + field(2, kind or KINDS[array.dtype.str[1:]]) + field(8, name)
    if listed is None:
        return head + field(9, array.astype(array.dtype.newbyteorder("<")).tobytes())
    flat = array.reshape(-1)
    packed = struct.pack(f"<{flat.size}{'f' if listed == 4 else 'd'}", *flat) if listed in (4, 10) else b"".join(
        varint(int(number) % 2**64) for number in (flat.view(np.uint16) if array.dtype == np.float16 else flat))
    return head + field(listed, packed)


def node(kind, inputs, **options):
    return b"".join(field(1, name) for name in inputs) + field(4, kind) + b"".join(
        field(5, field(1, name) + field(3, value)) for name, value in options.items())


def model(tensors, nodes=()):
    """The bytes of a file."""
    graph = b"".join(field(1, each) for each in nodes) + field(2, "net") + b"".join(field(5, each) for each in tensors)
    return field(1, 8) + field(2, "npnet") + field(7, graph)
