"""Reads the weights that Caffe wrote as HDF5 (.caffemodel.h5); needs the package h5py, the extra `h5`.

    read("cifar10_full_iter_100000.caffemodel.h5").arrays       {"conv1/0": (32, 3, 5, 5), "conv1/1": (32,), ...}

The file has a group `data` with one group for each layer and in it its blobs, "0", "1" ...; the arrays have the names
that they have in a .caffemodel (caffe.py). It does not describe the network: that takes the prototxt. HDF5 can point
to other places and files; such links are not followed.

h5py's library is written in C, and what that does with the bytes of a damaged file npnet cannot see beforehand. None of
20,000 files that tests/weights/fuzzed.py damaged ended the process; a file that somebody made in order to do so may.
Who reads files of strangers converts them in a process of its own: npnet weights convert theirs.h5 ours.npz.
"""
import os

import numpy as np

from ...screen.words import printable
from ..stored import Stored

LEVELS, MOST = 16, 100_000                      # groups in groups; entries of all groups
LARGER = 20                                     # times the file's size: what its arrays may take, where compressed
DAMAGE = (AttributeError, KeyError, MemoryError, OSError, OverflowError, RuntimeError, TypeError, UnicodeError,
          ValueError)                           # what h5py raises for a file that is damaged


class Unfit(ValueError):
    """What is wrong with a file, as part of a sentence of ours; h5py's own errors are not for readers."""


def read(path):
    """The arrays of a .caffemodel.h5, sorted by the name of their layer, as HDF5 keeps them.

    Raises ImportError where h5py is missing, FileNotFoundError, and ValueError for a file that is damaged, or not such
    a file.
    """
    h5py = package()
    if not os.path.exists(path):
        raise FileNotFoundError(f"there is no file {path}")
    arrays, notes, room = {}, [], LARGER * os.path.getsize(path)
    try:
        with h5py.File(path, "r") as file:
            if "data" not in file or not isinstance(file.get("data", getlink=True), h5py.HardLink):
                raise Unfit("it has no group data, in which Caffe keeps the weights")
            for name, dataset in datasets(h5py, file["data"], "", 0, [0]):
                check(name, dataset)
                room -= dataset.nbytes
                if room < 0:
                    raise Unfit(f"{name} would be far larger than the file")
                arrays[name] = np.asarray(dataset[()])
            if not arrays:
                raise Unfit("there are no arrays in its group data")
            if "diff" in file:
                notes.append("The file also holds gradients (diff), which are not read.")
    except DAMAGE as error:
        reason = printable(str(error), 300) if isinstance(error, Unfit) else "the file is damaged or cut off"
        raise ValueError(f"{path} holds no weights that npnet can read: {reason}; give a .caffemodel.h5 that Caffe "
                         f"wrote") from None
    return Stored(str(path), "Caffe (HDF5)", arrays, "caffe", notes=notes)


def package():
    """h5py, or an ImportError that says how to get it."""
    try:
        import h5py
    except ImportError:
        raise ImportError("reading HDF5 files needs the package h5py: pip install 'npnet[h5]'") from None
    return h5py


def datasets(h5py, group, prefix, level, seen):
    """The datasets below a group with their names, LAYER/NUMBER; seen: how many entries there were, a list of one."""
    if level > LEVELS:
        raise Unfit(f"it has more than {LEVELS} groups in groups")
    for key in group:
        seen[0] += 1
        if seen[0] > MOST:
            raise Unfit(f"it has more than {MOST:,} entries")
        name = f"{prefix}{key}"
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise Unfit(f"{name} is a link to another place or file, which npnet does not follow")
        entry = group[key]
        if isinstance(entry, h5py.Group):
            yield from datasets(h5py, entry, f"{name}/", level + 1, seen)
        elif isinstance(entry, h5py.Dataset):
            yield name, entry


def check(name, dataset):
    """Raises ValueError unless a dataset is an array of real numbers that lies in this file, all of it."""
    if dataset.dtype.kind != "f" or dataset.dtype.itemsize not in (2, 4, 8) or dataset.shape is None:
        raise Unfit(f"{name} is no array of numbers (its type is {dataset.dtype})")
    if dataset.is_virtual or dataset.external is not None:
        raise Unfit(f"the numbers of {name} lie in another file, which npnet does not open")
    if dataset.id.get_storage_size() < dataset.nbytes and dataset.chunks is None:
        raise Unfit(f"{name} is said to be {dataset.nbytes:,} bytes, but fewer are there")
