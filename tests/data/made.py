"""Small data sets of every format, written by the tests."""
import base64
import gzip
import io
import os
import pickle
import struct

import numpy as np
import pytest
from PIL import Image

from npnet.data.readers import mnist as mnists
from npnet.data import Pictures
from npnet.data.readers.cifar import CIFAR10, CIFAR100, CIFAR100_COARSE


def refused(error, function, *arguments, **options):
    """The sentence with which a call is refused."""
    with pytest.raises(error) as caught:
        function(*arguments, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence and len(sentence) < 700
    return sentence


def rows(count, first=0):
    """Pictures of CIFAR as rows: red is the picture's number, green the row, blue the column."""
    picture = np.zeros((count, 3, 32, 32), np.uint8)
    picture[:, 0] = np.arange(first, first + count)[:, None, None]
    picture[:, 1] = np.arange(32)[:, None]
    picture[:, 2] = np.arange(32)
    return picture.reshape(count, 3072)


def jpeg(colour=(200, 30, 30), size=(24, 16)):
    """A JPEG file of one colour, size (width, height)."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "JPEG", quality=95)
    return file.getvalue()


def write(folder, content):
    """Files from {path: bytes or text}, with their folders."""
    for name, data in content.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return folder


def some(labels, classes="abc", size=8):
    """Pictures whose pixels are their number."""
    numbers = np.arange(len(labels), dtype=np.uint8)[:, None, None, None]
    return Pictures(np.repeat(numbers, size * size * 3, 1).reshape(-1, size, size, 3), labels, classes)


def cifar10_python(folder, each=4, protocol=2):
    for number, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        batch = {b"data": rows(each, number * each), b"labels": [(number + i) % 10 for i in range(each)],
                 b"filenames": [b"a_s_000001.png"] * each, b"batch_label": b"training batch"}
        write(folder, {name: pickle.dumps(batch, protocol)})
    return write(folder, {"batches.meta": pickle.dumps(
        {b"label_names": [name.encode() for name in CIFAR10], b"num_vis": 3072}, protocol)})


def cifar10_binary(folder, each=4):
    for number, name in enumerate([*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]):
        labels = (number + np.arange(each, dtype=np.uint8)[:, None]) % 10
        write(folder, {name: np.hstack([labels.astype(np.uint8), rows(each, number * each)]).tobytes()})
    return write(folder, {"batches.meta.txt": "\n".join(CIFAR10) + "\n\n"})


def cifar100_python(folder):
    for name in ("train", "test"):
        batch = {b"data": rows(3), b"fine_labels": [99, 0, 7], b"coarse_labels": [13, 4, 19]}
        write(folder, {name: pickle.dumps(batch, 2)})
    return write(folder, {"meta": pickle.dumps({b"fine_label_names": [name.encode() for name in CIFAR100],
                                                b"coarse_label_names": [name.encode() for name in CIFAR100_COARSE]}, 2)})


def cifar100_binary(folder):
    records = np.hstack([np.array([[13, 99], [4, 0], [19, 7]], np.uint8), rows(3)]).tobytes()
    return write(folder, {"train.bin": records, "test.bin": records})


class Evil:
    def __reduce__(self):
        return os.system, ("echo harm > harm.txt",)


def idx(array, kind=8, shape=None):
    shape = array.shape if shape is None else shape
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + array.tobytes()


def mnist_files(folder, names=mnists.FILES, ending="", labels=(5, 0, 4, 1), size=(28, 28)):
    pictures = np.arange(4 * size[0] * size[1], dtype=np.uint8).reshape(4, *size)
    for name in names:
        content = idx(np.array(labels, np.uint8) if "labels" in name else pictures)
        write(folder, {name + ending: gzip.compress(content) if ending else content})
    return folder


def pets(folder, parts=("train/", "test/")):
    """Two cats and a dog in every part; cats are red."""
    return write(folder, {f"{part}{name}.jpg": jpeg((200, 30, 30) if "cat" in name else (30, 30, 200))
                          for part in parts for name in ("cat/1", "cat/2", "dog/1")})


# (the devkit's number, synset, words). Sorted: tench 0, crane (bird) 1, English setter 2, husky 3, kit fox 4, crane 5.
DEVKIT = [(1, "n02119789", "kit fox, Vulpes macrotis"), (2, "n02100735", "English setter"), (3, "n02110185", "Siberian husky"),
          (4, "n01440764", "tench, Tinca tinca"), (5, "n03126707", "crane"), (6, "n02012849", "crane")]
SORTED = ["n01440764", "n02012849", "n02100735", "n02110185", "n02119789", "n03126707"]
TRUTH = [4, 1, 1, 6, 2, 3, 5]                   # the devkit's numbers of seven validation pictures
RIGHT = [0, 4, 4, 1, 2, 3, 5]                   # their places in sorted order
# The devkit's table as a MATLAB file, its content written by SciPy: the six rows above and n02083346, which is no class
# because it has children.
META = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + base64.b64decode(
    "DwAAAMUBAAB4nO1W3U7CMBQuyu+FiMaLXXjRB+Big8nGFSRqAokxRgxekjkqa4Bi1hLlDXwAH5RHcHUDS52ZsQZisiZn3XeW71vOOd+ylgEA2i"
    "EA+WAvBrEHwpWLcCGITBT8ni4IRYwGz7PgKMq/BtG96vVvz2u6URt0L7jA/XW4r9fzzB9SMTGazOhGgsynA9fDk6GPyEdiA6w0CGIDD+GRxyIK"
    "8x1MBnjqjBAF5SBpg8968lI9GSH4KkX5cC1bnN8W+NkYfkngVyJM9JphNC27GeW5TidBR5N0OB5jBh9nL1XYn0+eEIVTx/VnDFO5rji9gqTHsQ"
    "PDNqv1JaxHT+ADib/iqb731/ybt7bi+9sqftB1q34m1JGkU5Z0OL4kowmmHgw+Oob8r/1IfbANHxSVfGDohq3qgx5+QD52CPTmdLxIfbAbH1QU"
    "fGCYpm41TKGOpP/DsaTDMUPE9arwDhPXgYxf4/uS+mEbfjhR8EPdqDUs3fqmjjidnKTDses7BP2Qn87/r+evqfwXgrOybYrnxXT+/23+p0rzt+"
    "t1syHUkaRzIOlw7DoEE1SFfB/G9GO7PgjPSZ0E/r7E19b8ZSu6aYt6u/THO1gIj2s=")
TABLE = "\n".join(f"{synset} {number} {words.split(',')[0].replace(' ', '_')}" for number, synset, words in DEVKIT)
KIT = "ILSVRC2012_devkit_t12/data"
TRUTH_FILE = "ILSVRC2012_validation_ground_truth.txt"


def training(folder, synsets=SORTED):
    return write(folder, {f"train/{synset}/{synset}_{number}.JPEG": jpeg() for synset in synsets for number in (7, 10026)})


def flat(folder, where="val/"):
    return write(folder, {f"{where}ILSVRC2012_val_{number:08}.JPEG": jpeg() for number in range(1, 8)})


def devkit(folder, table="meta.mat", content=META, truth=TRUTH):
    return write(folder, {table: content, TRUTH_FILE: "".join(f"{number}\n" for number in truth)})


def photographs(folder):
    return write(folder, {"n01440764_tench.JPEG": jpeg(), "n01601694_water_ouzel.JPEG": jpeg()})


X, Y = np.arange(6 * 8 * 9 * 3, dtype=np.uint8).reshape(6, 8, 9, 3), np.array([0, 1, 2, 2, 1, 0])


def jpegs(count, sizes=((24, 16),)):
    files = [jpeg((40 * i, 0, 0), sizes[i % len(sizes)]) for i in range(count)]
    return (np.frombuffer(b"".join(files), np.uint8), np.cumsum([len(file) for file in files]), np.arange(count, dtype=np.uint8) % 3)
