"""Reads the weights in a file of PyTorch's: .pth, .pt, .th, in its two formats, without PyTorch and without running it.

    stored = read("alexnet-owt-7be5be79.pth")
    stored.arrays["features.0.weight"]                  # float32 (64, 3, 11, 11)

Zip format, since 2019: a zip archive, not compressed; NAME/data.pkl describes the tensors, NAME/data/KEY has the
numbers of a storage, NAME/byteorder their order of bytes. Legacy format: five pickles one after the other (a number
that marks the format, the version, the machine, the tensors, the keys of the storages), then the storages: how many
numbers as 8 bytes, and the numbers, always the low byte first. A pickle is a program; npnet.files.pickle_machine
carries it out with nothing but the names of pytorch_names.py.

Several tensors may see one storage. They are given as NumPy's views of it, so a file needs the memory of its own size
however many names it has; they are read-only.
"""
import io
import math
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ...files.pickle_machine import carried_out
from ...files.unpickle import DAMAGED, Refused
from ...screen.words import printable
from .pytorch_names import ALLOWED, READ, UNREAD, Tensor, storage
from .pytorch_tree import weights_in
from ..stored import Stored, bfloat16_words, from_bfloat16

MAGIC = 0x1950a86a20f9469cfc6c                          # the first pickle of the legacy format
MOST_BYTES = 2**26                                      # of the pickles; with 10,000 tensors they have 2 MB
MOST_SEEN = 8                                           # numbers of all tensors to numbers in the file
ADVICE = ("npnet runs nothing that comes from a file; where you trust it, load it with PyTorch and save the weights "
          "alone: torch.save(net.state_dict(), \"weights.pth\")")


def read(path):
    """The Stored weights of a file that torch.save has written.

    FileNotFoundError; ValueError, one sentence that begins with the path, for files that hold more than data (it
    names what they ask for), TorchScript, files that are damaged or not PyTorch's.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}; give the path of a file that torch.save has written")
    with path.open("rb") as file:
        try:
            zipped = file.read(4) == b"PK\3\4"
            archive = (Zip if zipped else Legacy)(file)
            weights, notes = weights_in(archive.value)
            arrays = arrays_of(weights, archive, notes)
        except Refused as refusal:
            code = str(refusal).startswith(("asks for", "is a TorchScript", "holds a whole module"))
            raise ValueError(f"{path} {refusal}" + (f"; {ADVICE}" if code else "")) from None
        except (*DAMAGED, OSError, EOFError, zipfile.BadZipFile, NotImplementedError, struct.error) as error:
            reason = printable(str(error)) if type(error) is ValueError else "its parts do not fit together"
            raise ValueError(f"{path} is damaged, was cut off, or is no file of PyTorch's ({reason}); fetch it again, "
                             f"or save it again with torch.save") from None
    return Stored(str(path), f"PyTorch ({'zip' if zipped else 'legacy'})", arrays, "torch", notes=notes)


# ---------------------------------------------------------------------------- from tensors to arrays

def arrays_of(weights, archive, notes):
    """{name: array}; tensors of types that NumPy does not have are left out, with a note."""
    arrays, rows, halves, seen = {}, {}, 0, 0
    for name, tensor in weights.items():
        if isinstance(tensor, np.ndarray):
            arrays[name] = tensor
            continue
        if not isinstance(tensor, Tensor) or tensor.dtype.name in UNREAD or tensor.storage.dtype.name in UNREAD:
            what = tensor.dtype.name if isinstance(tensor, Tensor) else tensor.what
            notes.append(f"{name} is left out: it is {what}, which npnet does not read")
            continue
        seen += math.prod(tensor.shape) * tensor.dtype.size
        if seen > MOST_SEEN * archive.size + 2**16:
            raise Refused(f"holds {name}, which repeats a few numbers very often (expand in PyTorch); save a clone()")
        kept = tensor.storage
        key = kept.key, kept.dtype, tensor.dtype
        if key not in rows:
            rows[key] = row_of(archive, *key)
        first, count = kept.view or (0, kept.count)
        bytes_each = kept.dtype.size
        row = rows[key][first * bytes_each // tensor.dtype.size:(first + count) * bytes_each // tensor.dtype.size]
        arrays[name] = view_of(row, tensor)
        halves += tensor.dtype.name == "bfloat16"
    if halves:
        notes.append(bfloat16_words(halves))
    return arrays


def row_of(archive, key, kept, dtype):
    """All numbers of a storage, whose type is `kept`, as `dtype` in this machine's order of bytes, read-only."""
    if kept != dtype and kept.name != "uint8":
        raise ValueError("a tensor has another type than its storage")
    content = archive.content(key)
    row = np.frombuffer(content, archive.order + READ[dtype.name], len(content) // dtype.size)
    if dtype.name == "bfloat16":
        row = from_bfloat16(row)
    elif dtype.name == "bool":
        row = row != 0
    elif not row.dtype.isnative:
        row = row.astype(row.dtype.newbyteorder("="))
    row.flags.writeable = False
    return row


def view_of(row, tensor):
    """What a tensor sees of its storage."""
    if math.prod(tensor.shape) == 0:
        if math.prod(size for size in tensor.shape if size) > 2**48:
            raise ValueError("an empty tensor is too large")
        return np.zeros(tensor.shape, row.dtype)
    end = tensor.offset + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides)) + 1
    if end > len(row):
        raise ValueError(f"a tensor ends at number {end:,} of a storage of {len(row):,}")
    strides = [stride * row.itemsize if size > 1 else 0 for size, stride in zip(tensor.shape, tensor.strides)]
    array = np.lib.stride_tricks.as_strided(row[tensor.offset:], tensor.shape, strides, writeable=False)
    if "conj" in tensor.changed:
        array = array.conj()
    return -array if "neg" in tensor.changed else array


# ---------------------------------------------------------------------------- the two formats

def known(storages, kept):
    """The storage, which must have the type and length that it had where it was named before."""
    before = storages.setdefault(kept.key, kept)
    if (before.dtype, before.count) != (kept.dtype, kept.count):
        raise ValueError("a storage has two lengths or types")
    return kept


class Legacy:
    """Pickles one after the other, then the storages. value: what the fourth describes. order: of bytes, for NumPy."""

    order = "<"

    def __init__(self, file):
        self.file, self.storages, self.places = file, {}, {}
        self.size = file.seek(0, io.SEEK_END)
        file.seek(0)
        content = io.BytesIO(file.read(MOST_BYTES))
        start = content.read(5)
        content.seek(0)
        if not start.startswith(b"\x80") or carried_out(content, {}, None) != MAGIC:
            raise ValueError("it does not begin as torch.save begins a file")
        version, _ = carried_out(content, {}, None), carried_out(content, {}, None)
        if version != 1001:
            raise ValueError("the version of its format is not 1001")
        self.value = carried_out(content, ALLOWED, self.remember)
        keys = carried_out(content, {}, None)
        self.find(keys, content.tell())

    def remember(self, identity):
        """The storage of this identity, known by its key from now on."""
        return known(self.storages, storage(identity))

    def find(self, keys, place):
        """Where each storage begins; its length must be the one that the tensors say."""
        if type(keys) is not list or len(keys) > len(self.storages):
            raise ValueError("the keys of the storages are missing")
        for key in keys:
            kept = self.storages[str(key) if type(key) is int else key]
            self.file.seek(place)
            count, = struct.unpack("<q", self.file.read(8))
            if count != kept.count or place + 8 + count * kept.dtype.size > self.size:
                raise ValueError(f"a storage of {kept.count:,} numbers is cut off or has another length")
            self.places[kept.key] = place + 8
            place += 8 + count * kept.dtype.size

    def content(self, key):
        """The bytes of a storage."""
        self.file.seek(self.places[key])
        return self.file.read(self.storages[key].count * self.storages[key].dtype.size)


class Zip:
    """A zip archive without compression. value: what data.pkl describes. order: of bytes, as in NumPy."""

    def __init__(self, file):
        self.file, self.size, self.storages = file, file.seek(0, io.SEEK_END), {}
        infos = zipfile.ZipFile(file).infolist()
        self.members = {info.filename: info for info in infos}
        if len(self.members) != len(infos):
            raise ValueError("two members of the archive have one name")
        pickles = [name for name in self.members if name.count("/") == 1 and name.endswith("/data.pkl")]
        if any(name.partition("/")[2].startswith(("constants.pkl", "code/")) for name in self.members):
            raise Refused("is a TorchScript archive, which holds a program beside its weights")
        self.check()
        if len(pickles) != 1:
            raise ValueError("the archive has no data.pkl")
        self.folder = pickles[0].removesuffix("data.pkl")
        order = self.bytes_of(f"{self.folder}byteorder", 10) if f"{self.folder}byteorder" in self.members else b"little"
        if order not in (b"little", b"big"):
            raise ValueError("the order of bytes is neither little nor big")
        self.order = "<" if order == b"little" else ">"
        if self.members[pickles[0]].file_size > MOST_BYTES:
            raise Refused(f"has a data.pkl of more than {MOST_BYTES:,} bytes")
        self.value = carried_out(io.BytesIO(self.bytes_of(pickles[0])), ALLOWED, self.remember)

    def check(self):
        """Every member must lie in the file as it is, in a place of its own: no compression, nothing twice."""
        end, name = 0, ""
        for info in sorted(self.members.values(), key=lambda info: info.header_offset):
            if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
                raise ValueError(f"{printable(info.filename)} is compressed, which PyTorch never does")
            if info.header_offset < end:
                raise ValueError(f"{printable(info.filename)} and {name} lie in the same place")
            end, name = info.header_offset + 30 + info.file_size, printable(info.filename)
        if end > self.size:
            raise ValueError(f"{name} is cut off")

    def bytes_of(self, name, most=None):
        """The bytes of a member. Its checksum must be right, or 0: PyTorch can be told to compute none."""
        info = self.members[name]
        self.file.seek(info.header_offset)
        header = self.file.read(30)
        if header[:4] != b"PK\3\4":
            raise ValueError(f"{printable(name)} does not begin where the archive says")
        self.file.seek(sum(struct.unpack("<HH", header[26:30])), io.SEEK_CUR)
        content = self.file.read(info.file_size if most is None else min(info.file_size, most))
        if len(content) != info.file_size:
            raise ValueError(f"{printable(name)} is cut off or too long")
        if info.CRC not in (0, zlib.crc32(content)):
            raise ValueError(f"{printable(name)} has another checksum than when it was saved")
        return content

    def remember(self, identity):
        """The storage of this identity, if its member is there and has so many numbers."""
        kept, name = storage(identity), f"{self.folder}data/"
        info = self.members.get(name + kept.key)
        if info is None:
            raise ValueError(f"{printable(name + kept.key)} is missing")
        if kept.count * kept.dtype.size > info.file_size:
            raise ValueError(f"{printable(info.filename)} has fewer than {kept.count:,} numbers")
        return known(self.storages, kept)

    def content(self, key):
        """The bytes of a storage."""
        return self.bytes_of(f"{self.folder}data/{key}")
