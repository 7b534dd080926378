"""Small files of PyTorch's, made without PyTorch: the instructions of the pickle one by one, in both formats.

    zipped(state_dict({"conv.weight": array}))          bytes
    legacy(state_dict({"conv.weight": array}))
"""
import io
import pickle
import struct
import zipfile

import numpy as np

NAMES = {"f4": "Float", "f8": "Double", "f2": "Half", "i8": "Long", "i4": "Int", "i2": "Short", "i1": "Char",
         "u1": "Byte", "b1": "Bool"}
MAGIC = 0x1950a86a20f9469cfc6c


def text(letters):
    content = letters.encode()
    return b"X" + struct.pack("<I", len(content)) + content


def number(value):
    return b"J" + struct.pack("<i", value) if -2**31 <= value < 2**31 else pickle.dumps(value, 2)[2:-1]


def numbers(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def name(module, function):
    return f"c{module}\n{function}\n".encode()


def tensor(key, dtype, count, shape, strides=None, offset=0, storage=None, view=None, legacy=False):
    """The instructions that make a tensor. storage: the name of a class in place of dtype's."""
    strides = [int(np.prod(shape[axis + 1:])) for axis in range(len(shape))] if strides is None else strides
    kept = b"(" + text("storage") + name("torch", (storage or NAMES[dtype]) + "Storage") + text(key) + text("cpu") + number(count)
    if legacy or view:
        kept += b"(" + text(view[0]) + number(view[1]) + number(view[2]) + b"t" if view else b"N"
    return (name("torch._utils", "_rebuild_tensor_v2") + b"(" + kept + b"tQ" + number(offset) + numbers(shape) + numbers(strides)
            + b"\x89" + name("collections", "OrderedDict") + b")R" + b"tR")


def dictionary(items):
    """{text: instructions} as instructions."""
    return b"}(" + b"".join(text(key) + value for key, value in items.items()) + b"u"


def state_dict(arrays, legacy=False):
    """(instructions, {key of the storage: array})."""
    rows = {str(place): array for place, array in enumerate(arrays.values())}
    tensors = {name: tensor(key, array.dtype.str[1:], array.size, array.shape, legacy=legacy)
               for (name, array), key in zip(arrays.items(), rows)}
    return dictionary(tensors), rows


def zipped(described, order="<", extra=(), compression=zipfile.ZIP_STORED):
    """A file of the zip format. extra: further members (name, bytes)."""
    instructions, rows = described
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        members = [("data.pkl", b"\x80\x02" + instructions + b"."),
                   ("byteorder", b"little" if order == "<" else b"big"),
                   *((f"data/{key}", bytes_of(row, order)) for key, row in rows.items()), ("version", b"3\n"), *extra]
        for member, content in members:
            archive.writestr(zipfile.ZipInfo(f"small/{member}"), content, compression)
    return file.getvalue()


def bytes_of(row, order):
    return row if isinstance(row, bytes) else row.astype(row.dtype.newbyteorder(order)).tobytes()


def legacy(described, counts=None):
    """A file of the legacy format. counts: {key: what is written as its length}."""
    instructions, rows = described
    machine = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    heads = [pickle.dumps(value, 2) for value in (MAGIC, 1001, machine)]
    storages = [struct.pack("<q", (counts or {}).get(key, row.size)) + bytes_of(row, "<") for key, row in rows.items()]
    return b"".join([*heads, b"\x80\x02" + instructions + b".", pickle.dumps(list(rows), 2), *storages])
