"""Packs: a data set in one .npz file, as arrays or as JPEG files end to end; and arrays that are in memory.

    np.savez("mine.npz", x=x, y=y)                      # uint8 (N, H, W), (N, H, W, C) or (N, C, H, W); integers (N,)
    np.savez("mine.npz", train_x=..., train_y=..., test_x=..., test_y=..., classes=["cat", "dog"])
    data = pack("mine.npz")
    data = arrays((x, y), (x_test, y_test))

In a pack of JPEG files `jpeg` is uint8, all files one after the other, `end` tells where each ends, `label` what
it shows; with train_ and test_ before these names there are two parts. They are decoded once, by threads.
No file is unpickled: an array of objects is refused.
"""
import io
import zipfile
import zlib
from pathlib import Path

import numpy as np

from .cifar import CIFAR10, CIFAR100
from .mnist import CLOTHES, DIGITS
from .pictures import MOST_PIXELS, SMALLEST_SIDE, pillow
from .sets import DataSet, Pictures, in_threads

ARRAYS = (("train_x", "train_y", "test_x", "test_y"), ("x_train", "y_train", "x_test", "y_test"), ("x", "y"))
JPEGS = (("train_jpeg", "train_end", "train_label", "test_jpeg", "test_end", "test_label"), ("jpeg", "end", "label"))
FLOWERS17 = ("daffodil", "snowdrop", "lily of the valley", "bluebell", "crocus", "iris", "tiger lily", "tulip",
             "fritillary", "sunflower", "daisy", "colt's foot", "dandelion", "cowslip", "buttercup", "windflower",
             "pansy")
NAMES = {"cifar100": CIFAR100, "cifar10": CIFAR10, "fashion": CLOTHES, "mnist": DIGITS, "flowers17": FLOWERS17}
ORIGINS = {"cifar100": "CIFAR-100 (Krizhevsky 2009)", "cifar10": "CIFAR-10 (Krizhevsky 2009)",
           "fashion": "Fashion-MNIST (Xiao, Rasul, Vollgraf 2017)", "mnist": "MNIST (LeCun, Cortes, Burges 1998)",
           "flowers17": "Oxford Flowers 17 (Nilsback, Zisserman 2006)"}       # by what is in the name of the file
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
BLOCK = 64                      # JPEG files that a thread decodes at a time


def pack(path, progress=None):
    """The DataSet in an .npz file: pictures as arrays or as JPEG files, in the layouts above.

    The names of the arrays may also be x_train, y_train, x_test, y_test. The classes are called as the array of
    texts `classes` says; else, if the file's name has cifar10, cifar100, mnist, fashion or flowers17 in it and the
    number of classes fits, by their known names; else "class 0" and so on. progress(done, total) counts pictures
    that are decoded. Errors, one sentence each: FileNotFoundError, and ValueError for a file that is
    damaged, cut off, no .npz, without these arrays, or with arrays that do not fit together.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    found = _read(path)
    if any(set(names[:3]) <= set(found) for names in JPEGS):
        names = next(names for names in JPEGS if set(names[:3]) <= set(found))
        parts = _jpeg_parts(path, found, names, progress)
    else:
        names = next((names for names in ARRAYS if set(names[:2]) <= set(found)), None)
        if names is None:
            raise ValueError(f"{path} has no pictures under names that are known, but {', '.join(found) or 'nothing'}; "
                             f"save them by np.savez(path, x=pictures, y=labels)")
        parts = [(_images(found[names[i]], f"{path}: {names[i]}"), _partner(path, found, names[i], names[i + 1]))
                 for i in range(0, len(names), 2) if names[i] in found]
    classes = _texts(path, found["classes"]) if "classes" in found else None
    return _data_set(path.stem, str(path), parts, classes, _origin(path, found))


def arrays(train, test=None, classes=None, name="arrays"):
    """A DataSet of pictures in memory: train and test are pairs (x, y).

    x: uint8 (N, H, W), (N, H, W, C) or (N, C, H, W) with C 1 or 3, pixels from 0 to 255. y: N integers from 0.
    classes: their names; None: "class 0", "class 1" and so on up to the largest label of both parts. ValueError
    where these do not fit, TypeError for what is no pair.
    """
    parts = []
    for part, pair in (("train", train), ("test", test)):
        if pair is None and part == "test":
            continue
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"{part} must be a pair (x, y) of pictures and labels, got {type(pair).__name__}")
        parts.append((_images(np.asarray(pair[0]), f"{name}: x of {part}"), np.asarray(pair[1])))
    return _data_set(name, name, parts, classes, "arrays in memory")


# ---------------------------------------------------------------------------- what is in the file

def _read(path):
    """{name: array} of everything in the file that a pack may hold."""
    wanted = {name for layout in (*ARRAYS, *JPEGS, ("classes",)) for name in layout}
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            begins = file.read(4) == b"PK\3\4"
        raise ValueError(f"{path} was cut off; copy or download it again" if begins else
                         f"{path} is no .npz file, which np.savez writes; is it something else under this name?")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            return {name: content[name] if name in wanted else None for name in content.files}
    except MemoryError:
        raise ValueError(f"{path} needs more memory than there is, or is damaged") from None
    except DAMAGED as error:
        if "allow_pickle" in str(error):
            raise ValueError(f"{path} holds an array of objects, which would have to be unpickled; save pictures as "
                             f"uint8 and labels as integers") from None
        raise ValueError(f"{path} is damaged or was cut off ({error}); copy or download it again") from None


def _partner(path, found, name, labels):
    if labels not in found:
        raise ValueError(f"{path} has {name}, but not {labels}, the labels that belong to it")
    return found[labels]


def _texts(path, classes):
    if classes.ndim != 1 or classes.dtype.kind != "U":
        raise ValueError(f"{path}: classes must be a list of texts, got {classes.dtype} {classes.shape}")
    return classes.tolist()


def _origin(path, found):
    known = next((ORIGINS[part] for part in ORIGINS if part in path.stem.lower()), None)
    jpeg = any(name.endswith("jpeg") for name in found)
    if known and "cifar" in path.stem.lower() and jpeg:
        known += ", JPEG-recompressed: networks trained on the exact pictures lose 3 to 4 points on these"
    elif jpeg and not known:
        known = "JPEG files"
    return f"{known or 'arrays'}; from {path.name}"


# ---------------------------------------------------------------------------- arrays

def _images(x, where):
    """Pictures as uint8 (N, H, W, C), from (N, H, W), (N, H, W, C) or (N, C, H, W)."""
    if x.dtype != np.uint8:
        advice = "; np.rint(x * 255).astype(np.uint8) makes them so from 0 to 1" if x.dtype.kind == "f" else ""
        raise ValueError(f"{where} must be uint8, pixels from 0 to 255, got {x.dtype} {x.shape}{advice}")
    if x.ndim == 3:
        x = x[..., None]
    elif x.ndim == 4 and x.shape[3] not in (1, 3) and x.shape[1] in (1, 3):
        x = x.transpose(0, 2, 3, 1)
    if x.ndim != 4 or x.shape[3] not in (1, 3) or 0 in x.shape:
        raise ValueError(f"{where} must have the shape (N, H, W), (N, H, W, C) or (N, C, H, W) with C 1 or 3, got "
                         f"{x.shape}")
    return np.ascontiguousarray(x)


def _labels(y, count, where):
    """Labels as integers (N,); a column (N, 1) is taken for that."""
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.shape != (count,) or y.dtype.kind not in "iu":
        advice = "; y.argmax(axis=1) makes them from one-hot rows" if y.ndim == 2 else ""
        raise ValueError(f"{where} must have a label for each of {count} pictures, integers from 0, got {y.dtype} "
                         f"{y.shape}{advice}")
    if y.min() < 0:
        raise ValueError(f"{where} must have labels from 0, got {y.min()}")
    return y


def _data_set(name, where, parts, classes, origin):
    """A DataSet of one or two parts (images, labels)."""
    parts = [(images, _labels(labels, len(images), where)) for images, labels in parts]
    count = 1 + max(int(labels.max()) for _, labels in parts)
    if classes is None:
        known = next((NAMES[part] for part in NAMES if part in name.lower() and len(NAMES[part]) == count), None)
        classes = known or [f"class {label}" for label in range(count)]
    if len(classes) < count:
        raise ValueError(f"{where} has labels up to {count - 1}, but names for {len(classes)} classes")
    train, test = [*(Pictures(images, labels, classes) for images, labels in parts), None][:2]
    sizes = f"{len(train):,} + {len(test):,}" if test else f"{len(train):,}"
    return DataSet(name, train, test, f"{origin}: {sizes} pictures")


# ---------------------------------------------------------------------------- JPEG files end to end

def _jpeg_parts(path, found, names, progress):
    """(images, labels) of every part; progress counts the pictures of all of them."""
    parts, before = [], 0
    total = sum(found[name].size for name in names[1::3] if name in found)
    for i in range(0, len(names), 3):
        if names[i] in found:
            parts.append(_decoded(path, found, names[i:i + 3], progress and (
                lambda done, before=before: progress(before + done, total))))
            before += len(parts[-1][0])
    return parts


def _decoded(path, found, names, progress):
    """Pictures and labels of a part: uint8 (N, H, W, 3), or a list of arrays where their sizes differ."""
    lacking = [name for name in names if name not in found]
    if lacking:
        raise ValueError(f"{path} has {names[0]}, but not {lacking[0]}, which belongs to it")
    files, ends, labels = (found[name] for name in names)
    if files.dtype != np.uint8 or files.ndim != 1 or ends.ndim != 1 or ends.dtype.kind not in "iu" or not len(ends):
        raise ValueError(f"{path}: {names[0]} must be uint8 (bytes,) and {names[1]} integers (N,), got {files.dtype} "
                         f"{files.shape} and {ends.dtype} {ends.shape}")
    begins = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    if (ends <= begins).any() or ends[-1] != len(files):
        raise ValueError(f"{path}: {names[1]} must rise from file to file up to {len(files):,}, the length of "
                         f"{names[0]}, and does not; it is damaged")
    labels = _labels(labels, len(ends), f"{path}: {names[2]}")
    blocks = [range(first, min(first + BLOCK, len(ends))) for first in range(0, len(ends), BLOCK)]

    def decode(block):
        return [_jpeg(files[begins[i]:ends[i]], f"{path}: picture {i} of {names[0]}") for i in block]

    def count(done, _):                                             # blocks -> pictures
        progress(min(done * BLOCK, len(ends)))

    images = [image for block in in_threads(decode, blocks, progress and count) for image in block]
    same = len({image.shape for image in images}) == 1
    return (np.stack(images) if same else images), labels


def _jpeg(content, where):
    """A JPEG file, uint8 (bytes,) -> uint8 (H, W, 3)."""
    Image = pillow().Image
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as picture:
            width, height = picture.size
            if width * height > MOST_PIXELS or min(width, height) < SMALLEST_SIDE:
                raise ValueError(f"{width} x {height} pixels")
            return np.array(picture if picture.mode == "RGB" else picture.convert("RGB"))
    except MemoryError:
        raise
    except Exception as error:                                      # whatever Pillow raises
        raise ValueError(f"{where} cannot be decoded ({error}); copy or download the file again") from None
