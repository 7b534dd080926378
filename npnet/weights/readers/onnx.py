"""Reads the weights in an ONNX file: its initialisers, by name. The graph itself is not built.

    stored = read("alexnet.onnx")
    stored.arrays["features.0.weight"]                  # float32 (64, 3, 11, 11)

An ONNX file is a message of protobuf (protobuf.py): field 7 is the graph, whose field 5 are the initialisers. Numbers
lie there as the bytes of an array, or as a list of floats, doubles or whole numbers; a float16 in such a list is the
whole number with its bits. Gemm and MatMul may hold dense weights the other way round: so that all are (M, D),
those are turned, with a note.
"""
import math
from pathlib import Path

import numpy as np

from ...screen.words import printable
from .protobuf import read_message
from ..stored import Stored, bfloat16_words, from_bfloat16

TENSOR = {1: ("shape", ["int"]), 2: ("type", "int"), 3: ("segment", "bytes"), 4: ("floats", ["float"]),
          5: ("whole", ["int"]), 7: ("long", ["int"]), 8: ("name", "text"), 9: ("raw", "bytes"),
          10: ("doubles", ["double"]), 11: ("unsigned", ["int"]), 13: ("external", ["bytes"]), 14: ("place", "int")}
NODE = {1: ("inputs", ["text"]), 4: ("kind", "text"), 5: ("options", [{1: ("name", "text"), 3: ("value", "int")}])}
GRAPH = {1: ("nodes", [NODE]), 5: ("tensors", [TENSOR]), 15: ("sparse", ["bytes"])}
MODEL = {1: ("version", "int"), 7: ("graph", GRAPH)}

# number of a type: NumPy's, the field that lists its numbers. bfloat16 has the upper half of a float32's bits.
TYPES = {1: ("<f4", "floats"), 2: ("u1", "whole"), 3: ("i1", "whole"), 4: ("<u2", "whole"), 5: ("<i2", "whole"),
         6: ("<i4", "whole"), 7: ("<i8", "long"), 9: ("?", "whole"), 10: ("<f2", "whole"), 11: ("<f8", "doubles"),
         12: ("<u4", "unsigned"), 13: ("<u8", "unsigned"), 16: ("<u2", "whole")}
FLOAT16, BFLOAT16, BOOL, EXTERNAL = 10, 16, 9, 1
NAMES = {8: "texts", 14: "complex64", 15: "complex128", 17: "float8", 18: "float8", 19: "float8", 20: "float8"}
FIELDS = (0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42)     # the first bytes of the fields of a model after the first
VERSIONS = range(3, 100)                                # of the format; 3 came in 2017


def recognised(head):
    """Whether a file's first bytes can be those of an ONNX model: its first field is the version of the format."""
    return len(head) > 2 and head[0] == 8 and head[1] in VERSIONS and head[2] in FIELDS


def read(path):
    """The Stored initialisers of an ONNX file.

    FileNotFoundError; ValueError, one sentence that begins with the path, for a file that is damaged, has no
    initialisers, or keeps its weights in another file.
    """
    path, notes = Path(path), []
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; give the path of an ONNX model")
    try:
        graph = read_message(path.read_bytes(), MODEL).get("graph")
        if graph is None:
            raise ValueError("it has no graph, so it is no ONNX model")
        arrays = arrays_of(graph.get("tensors", []), notes)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{path} is not read as ONNX: {printable(str(error), 300)}") from None
    if graph.get("sparse"):
        notes.append(f"{len(graph['sparse'])} sparse initialisers are left out")
    turn(arrays, graph.get("nodes", []), notes)
    return Stored(str(path), "ONNX", arrays, "onnx", notes=notes)


def arrays_of(tensors, notes):
    """{name: array} of the initialisers."""
    arrays, halves = {}, 0
    for tensor in tensors:
        name, kind = tensor.get("name", ""), tensor.get("type", 0)
        if not name.isprintable() or not 0 < len(name) <= 1000 or name in arrays:
            raise ValueError(f"an initialiser has an invalid name, or that of another ({printable(name) or 'none'})")
        if tensor.get("place") == EXTERNAL or tensor.get("external"):
            raise ValueError("its weights are in another file beside it (external data), which npnet does not open; "
                             "save the model as one file, with onnx.save(onnx.load(path), \"one.onnx\")")
        if kind not in TYPES:
            notes.append(f"{name} is left out: it holds {NAMES.get(kind, f'numbers of type {kind}')}, which npnet does "
                         f"not read")
            continue
        arrays[name] = array_of(name, kind, tensor)
        halves += kind == BFLOAT16
    if not arrays:
        raise ValueError("it has no initialisers of numbers; export the network with its weights")
    if halves:
        notes.append(bfloat16_words(halves))
    return arrays


def array_of(name, kind, tensor):
    """The array of an initialiser: its shape must ask for the numbers that are there."""
    shape = [int(size) for size in tensor.get("shape", ())]
    if len(shape) > 32 or min(shape, default=0) < 0 or math.prod(size for size in shape if size) > 2**48:
        raise ValueError(f"{name} has an invalid shape")
    dtype, field = TYPES[kind]
    if "raw" in tensor:
        values = np.frombuffer(tensor["raw"], "u1" if kind == BOOL else dtype) if fits(tensor["raw"], dtype) else ()
    else:
        values = tensor.get(field, np.zeros(0, dtype))
    if len(values) != math.prod(shape) or "segment" in tensor:
        raise ValueError(f"{name} has {len(values):,} numbers where its shape {tuple(shape)} asks for "
                         f"{math.prod(shape):,}; the file is damaged")
    if kind in (FLOAT16, BFLOAT16) and "raw" not in tensor:
        values = values.astype("u2").view(dtype)
    if kind == BFLOAT16:
        values = from_bfloat16(values)
    return values.astype(np.dtype(dtype).newbyteorder("=") if kind != BFLOAT16 else "f4", copy=False).reshape(shape)


def fits(content, dtype):
    return len(content) % np.dtype(dtype).itemsize == 0


def turn(arrays, nodes, notes):
    """Turns dense weights that lie (D, M), as MatMul has them and Gemm without transB, into (M, D), each once."""
    turned = {}
    for node in nodes:
        name = (node.get("inputs", []) + ["", ""])[1]
        straight = any(option.get("name") == "transB" and option.get("value") for option in node.get("options", []))
        if node.get("kind") in ("Gemm", "MatMul") and not straight and name in arrays and arrays[name].ndim == 2:
            turned[name] = node["kind"]
    for name, kind in turned.items():
        arrays[name] = arrays[name].T
        notes.append(f"{name} was turned: {kind} has dense weights as (inputs, outputs)")
