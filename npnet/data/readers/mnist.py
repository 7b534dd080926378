"""MNIST and Fashion-MNIST: 60,000 + 10,000 grey pictures of 28x28, in idx files, plain or gzipped.

    data = mnist("mnist")               # a folder with train-images-idx3-ubyte.gz and three more files
    array = read_idx("train-labels-idx1-ubyte.gz")                      # uint8 (60000,)

An idx file begins with 0, 0, the type of its numbers (8: bytes from 0 to 255), how many axes it has, then
the length of each axis, 4 bytes, the highest first; then come the numbers. The two data sets have the same
file names and sizes. They are told apart by the first ten labels.
"""
import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from ..sets import DataSet, Pictures, share_of

DIGITS = tuple("0123456789")
CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
CLASSES = {"mnist": DIGITS, "fashion-mnist": CLOTHES}
CITED = {"mnist": "MNIST (LeCun, Cortes, Burges 1998)", "fashion-mnist": "Fashion-MNIST (Xiao, Rasul, Vollgraf 2017)"}
FIRST = {"mnist": [5, 0, 4, 1, 9, 2, 1, 3, 1, 4], "fashion-mnist": [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]}  # training labels
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
PUBLISHED = (60_000, 10_000)
MOST_BYTES = 2**28              # of numbers in a file; MNIST has 47 MB, a damaged header may claim anything
TYPES = {9: "signed bytes", 11: "16-bit integers", 12: "32-bit integers", 13: "floats", 14: "doubles"}


def mnist_folder(folder):
    """The folder of the idx files: this one, or raw/ or MNIST/raw/ inside it; None if there are none."""
    for inside in ("", "raw", "MNIST/raw", "FashionMNIST/raw"):
        if any(file_under(Path(folder) / inside, name) for name in FILES):
            return Path(folder) / inside
    return None


def mnist(folder, name=None, progress=None):
    """The MNIST or Fashion-MNIST in a folder as a DataSet of uint8 (N, 28, 28, 1), white on black.

    name: "mnist" or "fashion-mnist", which decides what the classes are called. None: told by the first ten labels,
    then by "fashion" in the folder's name; otherwise the classes are the digits. The files may be plain or .gz, with
    "." in place of the last "-" in their names. FileNotFoundError for a missing file, ValueError for a damaged one.
    """
    place = mnist_folder(folder)
    if place is None:
        raise FileNotFoundError(f"{folder} holds no idx files, such as {FILES[0]}.gz")
    if name is not None and name not in CLASSES:
        raise ValueError(f"name must be {' or '.join(map(repr, CLASSES))}, got {name!r}")
    paths, arrays = [file_under(place, stem) for stem in FILES], []
    for stem, path in zip(FILES, paths):
        if path is None:
            raise FileNotFoundError(f"{place} lacks {stem} (or {stem}.gz); the four files are {', '.join(FILES)}")
        arrays.append(read_idx(path))
        if progress:
            progress(len(arrays), len(paths))
    for number in (0, 2):
        check_pair(paths[number], arrays[number], paths[number + 1], arrays[number + 1])
    name = name or told_apart(arrays[1], Path(folder))
    train, test = (Pictures(arrays[number][..., None], arrays[number + 1], CLASSES[name]) for number in (0, 2))
    if train.images.shape[1:] != test.images.shape[1:]:
        raise ValueError(f"{place}: pictures to train on are {train.images.shape[1:3]} pixels, those to test on "
                         f"{test.images.shape[1:3]}; the files do not belong together")
    return DataSet(name, train, test, f"{CITED[name]} from {place.name}{share_of(train, test, PUBLISHED)}")


def read_idx(path):
    """The numbers in an idx file of bytes, plain or gzipped, as a uint8 array of the file's shape."""
    with open(path, "rb") as file:
        # by the first bytes, not by the name: some browsers unpack a file and leave its name as it was
        opened = gzip.open if file.read(2) == b"\x1f\x8b" else open
    try:
        with opened(path, "rb") as file:
            shape = header_of(path, file)
            array, size = np.empty(math.prod(shape), np.uint8), math.prod(shape)
            count = file.readinto(array) + len(file.read(1))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is damaged or was cut off ({error}); fetch it again") from None
    if count != size:
        came = "more" if count > size else f"{count:,}"
        raise ValueError(f"{path} must hold {product(shape)} = {size:,} bytes after its header, got {came}; fetch it "
                         f"again")
    return array.reshape(shape)


def header_of(path, file):
    """The shape that an idx file claims, checked."""
    start = file.read(4)
    if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in (8, *TYPES) or not 1 <= start[3] <= 4:
        raise ValueError(f"{path} is not an idx file: it must begin with the bytes 0, 0, 8 and the number of axes, got "
                         f"{', '.join(map(str, start)) or 'nothing'}; fetch it again")
    if start[2] != 8:
        raise ValueError(f"{path} holds {TYPES[start[2]]}; only bytes from 0 to 255 are read (type 8)")
    sizes = file.read(4 * start[3])
    shape = tuple(np.frombuffer(sizes[:len(sizes) // 4 * 4], ">u4").tolist())
    if len(shape) != start[3] or not 0 < math.prod(shape) <= MOST_BYTES:
        raise ValueError(f"{path} claims {product(shape) or 'no'} numbers, which cannot be right; fetch it again")
    return shape


def product(shape):
    return " x ".join(map(str, shape))


# ---------------------------------------------------------------------------- the folder

def file_under(folder, stem):
    """The path of one of the files under any of its names, or None; a plain file comes before a gzipped one."""
    other = ".idx".join(stem.rsplit("-idx", 1))
    paths = (folder / name for name in (stem, other, f"{stem}.gz", f"{other}.gz"))
    return next((path for path in paths if path.is_file()), None)


def check_pair(images_path, images, labels_path, labels):
    """Raises ValueError unless these are pictures and as many labels from 0 to 9."""
    for path, array, axes, form in ((images_path, images, 3, "3 axes"), (labels_path, labels, 1, "1 axis")):
        if array.ndim != axes:
            raise ValueError(f"{path} must have {form}, got the shape {array.shape}; were pictures and labels swapped?")
    if len(images) != len(labels):
        raise ValueError(f"{images_path} holds {len(images):,} pictures, but {labels_path.name} {len(labels):,} "
                         f"labels; they do not belong together")
    if labels.max() > 9:
        raise ValueError(f"{labels_path} holds the label {labels.max()}, but MNIST and Fashion-MNIST have 0 to 9; save "
                         f"pictures and labels as x and y in an .npz file to read them as a set of your own")


def told_apart(labels, folder):
    """ "mnist" or "fashion-mnist"."""
    told = [name for name, first in FIRST.items() if labels[:10].tolist() == first]
    return told[0] if told else "fashion-mnist" if "fashion" in folder.resolve().name.lower() else "mnist"
