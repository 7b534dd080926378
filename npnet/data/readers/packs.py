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
import math
import zipfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ...network import DAMAGE, check_letters
from ..pictures import MOST_PIXELS, SMALLEST_SIDE, pillow
from ..sets import MOST_CLASSES, DataSet, Pictures, in_threads, no_tensor
from .cifar import CIFAR10, CIFAR100
from .mnist import CITED, CLOTHES, DIGITS

LAYOUTS = (                                     # of an .npz file: the names of the arrays of each part
    (("train_jpeg", "train_end", "train_label"), ("test_jpeg", "test_end", "test_label")),
    (("jpeg", "end", "label"),),
    (("train_x", "train_y"), ("test_x", "test_y")),
    (("x_train", "y_train"), ("x_test", "y_test")),
    (("x", "y"), ("x_test", "y_test"), ("test_x", "test_y")))
FLOWERS17 = ("daffodil", "snowdrop", "lily of the valley", "bluebell", "crocus", "iris", "tiger lily", "tulip",
             "fritillary", "sunflower", "daisy", "colt's foot", "dandelion", "cowslip", "buttercup", "windflower",
             "pansy")
KNOWN = {                                       # by what is in the name of the file: names of the classes, origin
    "cifar100": (CIFAR100, "CIFAR-100 (Krizhevsky 2009)"),
    "cifar10": (CIFAR10, "CIFAR-10 (Krizhevsky 2009)"),
    "fashion": (CLOTHES, CITED["fashion-mnist"]),
    "mnist": (DIGITS, CITED["mnist"]),
    "flowers17": (FLOWERS17, "Oxford Flowers 17 (Nilsback, Zisserman 2006)")}
LARGE, PACKED = 2**28, 500      # bytes of an array, and how many times smaller no such array of pictures becomes


def pack(path, progress=None):
    """The DataSet in an .npz file: pictures as arrays or as JPEG files, in the layouts above.

    The classes are called as the array of texts `classes` says; else, if the file's name has a word of KNOWN in it and
    the number of classes fits, by their known names; else "class 0" and so on. FileNotFoundError, and ValueError for a
    file that is damaged or has other arrays.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    headers = read_headers(path)
    parts = parts_of(path, headers)
    for names in parts:
        check_bytes(*headers[names[0]], f"{path}: {names[0]}", jpeg=len(names) == 3)
    with opening(path) as content:
        found = {name: content[name] for name in {*sum(parts, ()), "classes"} & set(headers)}
    jpeg = len(parts[0]) == 3
    read = jpeg_parts(path, found, parts, progress) if jpeg else [
        (images_of(found[x], f"{path}: {x}"), found[y]) for x, y in parts]
    classes = found.get("classes")
    if classes is not None and (classes.ndim != 1 or classes.dtype.kind != "U"):
        raise ValueError(f"{path}: classes must be a list of texts, got {classes.dtype} {classes.shape}")
    if classes is not None:
        try:
            check_letters(classes)
        except ValueError as error:
            raise ValueError(f"{path} is damaged: {error}; copy or download it again") from None
    return data_set(path.stem, str(path), read, classes, origin_of(path, jpeg))


def arrays(train, test=None, classes=None, name="arrays"):
    """A DataSet of pictures in memory: train and test are pairs (x, y).

    x: uint8 (N, H, W), (N, H, W, C) or (N, C, H, W) with C 1 or 3, pixels from 0 to 255. y: N integers from 0.
    classes: their names; None: "class 0", "class 1" and so on. ValueError where these do not fit, TypeError for what
    is not a pair.
    """
    parts, pairs = [], {"train": train} if test is None else {"train": train, "test": test}
    for part, pair in pairs.items():
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"{part} must be a pair (x, y) of pictures and labels, got {type(pair).__name__}")
        x, y = (np.asarray(no_tensor(what, values)) for what, values in zip("xy", pair))
        parts.append((images_of(x, f"{name}: x of {part}"), y))
    return data_set(name, name, parts, classes, "arrays in memory")


# ---------------------------------------------------------------------------- what is in the file

@contextmanager
def opening(path):
    """The file as np.load gives it; whatever NumPy or zipfile raise in this block becomes one sentence."""
    if not zipfile.is_zipfile(path):
        with path.open("rb") as file:
            begins = file.read(4) == b"PK\3\4"
        raise ValueError(f"{path} was cut off; copy or download it again" if begins else
                         f"{path} is not an .npz file, which np.savez writes; is it something else under this name?")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
            yield content
    except MemoryError:
        raise ValueError(f"{path} needs more memory than there is, or is damaged") from None
    except (*DAMAGE, OverflowError) as error:
        raise ValueError(f"{path} is damaged or was cut off ({error}); copy or download it again") from None


def read_headers(path):
    """{name: (shape, dtype)} of every array in the file. ValueError for one that claims what it cannot hold."""
    headers, read = {}, {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    with opening(path) as content:
        members = {name: content.zip.getinfo(f"{name}.npy") for name in content.files}
        for name, member in members.items():
            with content.zip.open(member) as file:
                shape, _, dtype = read[np.lib.format.read_magic(file)](file)
                headers[name] = shape, dtype
    for name, (shape, dtype) in headers.items():
        claimed, info = math.prod(shape) * dtype.itemsize, members[name]
        if dtype.hasobject:
            raise ValueError(f"{path}: {name} is an array of objects, which would have to be unpickled; save pictures "
                             f"as uint8 and labels as integers")
        if claimed > info.file_size or claimed > max(LARGE, PACKED * info.compress_size):
            raise ValueError(f"{path}: {name} claims {claimed:,} bytes, but has {info.compress_size:,} in the file, "
                             f"which cannot be right; it is damaged: copy or download it again")
    return headers


def parts_of(path, headers):
    """The names of the arrays of each part, of the first layout that the file has."""
    layout = next((layout for layout in LAYOUTS if layout[0][0] in headers), None)
    if layout is None:
        raise ValueError(f"{path} has no pictures under names that are known, but {', '.join(headers) or 'nothing'}; "
                         f"save them by np.savez(path, x=pictures, y=labels)")
    parts = [names for names in layout if names[0] in headers]
    for names in parts:
        lacking = [name for name in names if name not in headers]
        if lacking:
            what = "the places where its files end" if lacking[0].endswith("end") else "the labels of its pictures"
            raise ValueError(f"{path} has {names[0]}, but not {lacking[0]}, {what}")
    return parts


def origin_of(path, jpeg):
    known = next((origin for part, (_, origin) in KNOWN.items() if part in path.stem.lower()), None)
    if known and "cifar" in path.stem.lower() and jpeg:
        known += ", JPEG-recompressed: networks trained on the exact pictures lose 3 to 4 points on these"
    return f"{known or ('JPEG files' if jpeg else 'arrays')}; from {path.name}"


# ---------------------------------------------------------------------------- arrays

def check_bytes(shape, dtype, where, jpeg=False):
    """Raises ValueError unless an array of this shape and dtype is pictures, or JPEG files end to end."""
    if dtype != np.uint8:
        advice = "; np.rint(x * 255).astype(np.uint8) makes them so from 0 to 1" if dtype.kind == "f" else ""
        raise ValueError(f"{where} must be uint8, pixels from 0 to 255, got {dtype} {shape}{advice}")
    fits = len(shape) == 1 if jpeg else len(shape) == 3 or len(shape) == 4 and {shape[1], shape[3]} & {1, 3}
    if not fits or 0 in shape:
        forms = "(bytes,)" if jpeg else "(N, H, W), (N, H, W, C) or (N, C, H, W) with C 1 or 3"
        raise ValueError(f"{where} must have the shape {forms}, got {shape}")


def images_of(x, where):
    """Pictures as uint8 (N, H, W, C), from (N, H, W), (N, H, W, C) or (N, C, H, W)."""
    check_bytes(x.shape, x.dtype, where)
    if x.ndim == 3:
        x = x[..., None]
    elif x.shape[3] not in (1, 3):
        x = x.transpose(0, 2, 3, 1)
    if min(x.shape[1:3]) < SMALLEST_SIDE:
        raise ValueError(f"{where} has pictures of {x.shape[1]} x {x.shape[2]} pixels; a side must have at least "
                         f"{SMALLEST_SIDE}, below that there is nothing to recognise")
    return np.ascontiguousarray(x)


def labels_of(y, count, where):
    """Labels as integers (N,); a column (N, 1) is taken for that."""
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.shape != (count,) or y.dtype.kind not in "iu":
        advice = "; y.argmax(axis=1) makes them from one-hot rows" if y.ndim == 2 else ""
        raise ValueError(f"{where} must have a label for each of {count} pictures, integers from 0, got {y.dtype} "
                         f"{y.shape}{advice}")
    if y.min() < 0:
        raise ValueError(f"{where} must have labels from 0, got {y.min()}")
    return y


def data_set(name, where, parts, classes, origin):
    """A DataSet of one or two parts (images, labels)."""
    parts = [(images, labels_of(labels, len(images), where)) for images, labels in parts]
    count, total = 1 + max(int(labels.max()) for _, labels in parts), sum(len(images) for images, _ in parts)
    if count > max(total, MOST_CLASSES):
        raise ValueError(f"{where}: labels reach {count - 1:,} for {total:,} pictures; number the classes 0, 1, 2 and "
                         f"so on, as np.unique(y, return_inverse=True)[1] does")
    if classes is None:
        known = [names for part, (names, _) in KNOWN.items() if part in name.lower() and len(names) == count]
        classes = known[0] if known else [f"class {label}" for label in range(count)]
    twice = [name for name, times in Counter(map(str, classes)).items() if times > 1]
    if twice:
        raise ValueError(f"{where} has two classes called {twice[0]}; give each a name of its own")
    if len(classes) < count:
        raise ValueError(f"{where} has labels up to {count - 1}, but names for {len(classes)} classes")
    train, test = [*(Pictures(images, labels, classes) for images, labels in parts), None][:2]
    sizes = f"{len(train):,} + {len(test):,}" if test else f"{len(train):,}"
    return DataSet(name, train, test, f"{origin}: {sizes} pictures")


# ---------------------------------------------------------------------------- JPEG files end to end

def jpeg_parts(path, found, parts, progress):
    """(images, labels) of every part: uint8 (N, H, W, 3), or a list of arrays where their sizes differ."""
    files, read = [jpeg_files(path, found, *names[:2]) for names in parts], []
    decoded = in_threads(decode_jpeg, [file for part in files for file in part], progress)
    for part, names in zip(files, parts):
        images, decoded = decoded[:len(part)], decoded[len(part):]
        same = len({image.shape for image in images}) == 1
        read.append((np.stack(images) if same else images, found[names[2]]))
    return read


def jpeg_files(path, found, jpeg, end):
    """[(what a file is called, its bytes), ...] of a part."""
    files, ends = found[jpeg], found[end]
    if ends.ndim != 1 or ends.dtype.kind not in "iu" or not len(ends):
        raise ValueError(f"{path}: {end} must be integers (N,), got {ends.dtype} {ends.shape}")
    begins = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    if (ends <= begins).any() or ends[-1] != len(files):
        raise ValueError(f"{path}: {end} must rise from file to file up to {len(files):,}, the length of {jpeg}, and "
                         f"does not; it is damaged")
    return [(f"{path}: picture {i} of {jpeg}", files[first:last]) for i, (first, last) in enumerate(zip(begins, ends))]


def decode_jpeg(file):
    """uint8 (H, W, 3) of a JPEG file, (what it is called, its bytes)."""
    where, content = file
    try:
        with pillow().Image.open(io.BytesIO(content), formats=["JPEG"]) as picture:
            width, height = picture.size
            if width * height > MOST_PIXELS or min(width, height) < SMALLEST_SIDE:
                raise ValueError(f"{width} x {height} pixels")
            return np.array(picture.convert("RGB"))
    except MemoryError:
        raise
    except Exception as error:                                      # whatever Pillow raises
        raise ValueError(f"{where} cannot be decoded ({error}); copy or download the file again") from None
