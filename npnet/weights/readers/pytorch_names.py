"""The names that a file of PyTorch's may ask for, and what stands for them here.

A checkpoint is a pickle that names functions of PyTorch: "call torch._utils._rebuild_tensor_v2 with this storage,
this shape, these strides". The table ALLOWED has one small class or function of ours for each name that a
state_dict, an optimiser's or a scheduler's state holds; everything else is refused by npnet.files.pickle_machine. What
comes out is a description: a Tensor knows which numbers of which Storage it sees, and no number has been read yet.
"""
from dataclasses import dataclass

from ...files.pickle_machine import Ordered, key_of
from ...files.unpickle import ALLOWED as NUMPYS
from ...files.unpickle import Refused, StandIn, scalar, seen_as

# dtype of PyTorch: NumPy's, without the order of bytes. bfloat16 is read as the upper half of a float32.
READ = {"float16": "f2", "float32": "f4", "float64": "f8", "bfloat16": "u2", "uint8": "u1", "uint16": "u2",
        "uint32": "u4", "uint64": "u8", "int8": "i1", "int16": "i2", "int32": "i4", "int64": "i8", "bool": "u1",
        "complex64": "c8", "complex128": "c16"}
UNREAD = {"complex32": 4, "float8_e4m3fn": 1, "float8_e5m2": 1, "float8_e4m3fnuz": 1, "float8_e5m2fnuz": 1,
          "float8_e8m0fnu": 1, "qint8": 1, "quint8": 1, "qint32": 4}                # bytes of a number
STORAGES = {"Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16", "Byte": "uint8",
            "Char": "int8", "Short": "int16", "Int": "int32", "Long": "int64", "Bool": "bool", "Untyped": "uint8",
            "ComplexFloat": "complex64", "ComplexDouble": "complex128", "QInt8": "qint8", "QUInt8": "quint8",
            "QInt32": "qint32"}


@dataclass(frozen=True)
class Dtype:
    """torch.float32, or torch.FloatStorage."""

    name: str

    @property
    def size(self):
        """Bytes of a number."""
        return UNREAD[self.name] if self.name in UNREAD else int(READ[self.name][1:])


@dataclass(frozen=True)
class Storage:
    """A row of numbers in the file: its key there, how many numbers; view: (first, count) of an old file."""

    dtype: Dtype
    key: str
    count: int
    view: tuple | None


@dataclass(frozen=True)
class Tensor:
    """Which numbers of a storage, in which shape. changed: "conj" or "neg", what is done to them in the end."""

    storage: Storage
    offset: int
    shape: tuple
    strides: tuple
    dtype: Dtype
    changed: tuple = ()


@dataclass(frozen=True)
class Unread:
    """A tensor that is no array of numbers in memory: what it is, in words."""

    what: str


# ---------------------------------------------------------------------------- what the names stand for

def storage(identity):
    """What a pickle calls ("storage", torch.FloatStorage, key, place, count) or, in old files, with a view."""
    if type(identity) is not tuple or len(identity) not in (5, 6) or identity[0] != "storage":
        if type(identity) is tuple and identity[:1] == ("module",):
            raise Refused("holds a whole module")
        raise Refused("refers to something outside the file")
    _, dtype, key, _, count, *view = identity
    view = view[0] if view else None
    if view is not None:
        view = whole_numbers(view[1:] if type(view) is tuple and len(view) == 3 else None, 2)
    if not isinstance(dtype, Dtype) or type(key) is not str:
        raise ValueError("a storage has no type or no name")
    return Storage(dtype, key, *whole_numbers((count,)), view)


def tensor(kept, offset, shape, strides, *others, dtype=None):
    """_rebuild_tensor and _rebuild_tensor_v2: whether it wants a gradient, and hooks, do not matter."""
    if not isinstance(kept, Storage):
        raise ValueError("a tensor has no storage")
    shape = whole_numbers(shape)
    metadata = others[2] if len(others) > 2 and isinstance(others[2], dict) else {}
    changed = tuple(name for name in ("conj", "neg") if metadata.get(name) is True)
    return Tensor(kept, *whole_numbers((offset,)), shape, whole_numbers(strides, len(shape)), dtype or kept.dtype,
                  changed)


def tensor_v3(kept, offset, shape, strides, _, hooks, dtype, *metadata):
    """_rebuild_tensor_v3: the storage is of bytes, the type comes with the tensor."""
    if not isinstance(dtype, Dtype):
        raise ValueError("a tensor has no type")
    return tensor(kept, offset, shape, strides, _, hooks, *metadata, dtype=dtype)


def whole_numbers(values, count=None):
    """The tuple, if it holds so many whole numbers from 0 to 2**60."""
    if type(values) not in (tuple, list) or len(values) != (len(values) if count is None else count) \
            or any(type(value) is not int or not 0 <= value < 2**60 for value in values):
        raise ValueError("a tensor's shape, strides or offset are not whole numbers")
    if len(values) > 32:
        raise ValueError("a tensor has more than 32 axes")
    return tuple(values)


def parameter(data, *_):
    """A Parameter is its tensor."""
    if not isinstance(data, (Tensor, Unread)):
        raise ValueError("a parameter without a tensor")
    return data


def rebuilt(function, kind, arguments, state):
    """A tensor to which attributes were given."""
    if type(function) is not StandIn or type(arguments) is not tuple:
        raise ValueError("a tensor without a function that makes it")
    return function(*arguments)


def ordered(pairs=()):
    """collections.OrderedDict; Python 2 gave it pairs. They are taken out of their list, which no other may use."""
    made = Ordered()
    for pair in pairs if type(pairs) in (list, tuple) else [pairs]:
        key, value = pair
        made[key_of(key)] = value
    if type(pairs) is list:
        pairs.clear()
    return made


def the_same(kind):
    """A function that returns its one argument, which is not copied: it must be of this kind."""
    def same(value=kind()):
        if type(value) is not kind:
            raise ValueError(f"something is no {kind.__name__}")
        return value
    return StandIn(same)


def device(*parts):
    """torch.device("cuda", 0) as a text."""
    return ":".join(str(part)[:20] for part in parts if type(part) in (str, int))


def number(dtype, content):
    """A single number of NumPy's; Python 2 wrote the bytes as a text."""
    return scalar(dtype, content.encode("latin1") if isinstance(content, str) else content)


def unread(what):
    return StandIn(lambda *_: Unread(what))


ALLOWED = {**NUMPYS, ("collections", "OrderedDict"): StandIn(ordered), ("collections", "Counter"): the_same(dict),
           ("torch", "Size"): the_same(tuple), ("torch", "device"): StandIn(device),
           ("torch", "Tensor"): "torch.Tensor", ("torch.storage", "UntypedStorage"): Dtype("uint8"),
           ("torch.serialization", "_get_layout"): the_same(str),
           ("torch._tensor", "_rebuild_from_type_v2"): StandIn(rebuilt)}
for module in ("__builtin__", "builtins"):
    ALLOWED |= {(module, "set"): the_same(list), (module, "frozenset"): the_same(list),
                (module, "complex"): StandIn(lambda real, imaginary: (real, imaginary)),
                (module, "bytearray"): StandIn(lambda *_: b"")}
for module in ("numpy.core.multiarray", "numpy._core.multiarray"):
    ALLOWED[module, "scalar"] = StandIn(number)
for module in ("numpy.core.numeric", "numpy._core.numeric"):
    ALLOWED[module, "_frombuffer"] = StandIn(seen_as)
for name, kind in STORAGES.items():
    ALLOWED |= {(module, f"{name}Storage"): Dtype(kind) for module in ("torch", "torch.cuda", "torch.storage")}
for name in (*READ, *UNREAD):
    ALLOWED["torch", name] = Dtype(name)
for name in ("per_tensor_affine", "per_channel_affine", "strided", "contiguous_format", "channels_last"):
    ALLOWED["torch", name] = f"torch.{name}"
for name in ("Parameter", "Buffer"):
    ALLOWED["torch.nn.parameter", name] = f"torch.nn.{name}"
UTILS = {"_rebuild_tensor": StandIn(tensor), "_rebuild_tensor_v2": StandIn(tensor),
         "_rebuild_tensor_v3": StandIn(tensor_v3), "_rebuild_parameter": StandIn(parameter),
         "_rebuild_parameter_with_state": StandIn(parameter), "_rebuild_sparse_tensor": unread("sparse"),
         "_rebuild_qtensor": unread("quantised"), "_rebuild_meta_tensor_no_storage": unread("without numbers (meta)")}
ALLOWED |= {("torch._utils", name): function for name, function in UTILS.items()}
