"""Any damage gives a data set or one sentence, quickly and in little memory."""
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from made import (META, TABLE, TRUTH_FILE, X, Y, cifar10_binary, cifar10_python, devkit, flat, jpeg, jpegs, mnist_files, refused,
                  training, write)

from npnet.data import dataset
from npnet.files.fetch import contents
from npnet.data.readers.matlab import read_table


def test_damage_anywhere_gives_one_sentence(tmp_path, random):
    """Any byte of any file may be wrong: a data set comes or a sentence that names the folder, nothing else."""
    mnist_files(tmp_path / "mnist", ending=".gz")
    devkit(flat(training(tmp_path / "ilsvrc")), "map_clsloc.txt", TABLE)
    np.savez_compressed(tmp_path / "a.npz", x=X, y=Y, classes=["a", "b", "c"])
    np.savez(tmp_path / "b.npz", **dict(zip(("jpeg", "end", "label"), jpegs(4))))
    for place, file in (
            (cifar10_python(tmp_path / "python"), "data_batch_2"), (cifar10_binary(tmp_path / "binary"), "data_batch_2.bin"),
            (tmp_path / "mnist", "t10k-images-idx3-ubyte.gz"), (tmp_path / "ilsvrc", "map_clsloc.txt"),
            (tmp_path / "ilsvrc", TRUTH_FILE), (tmp_path / "a.npz", ""), (tmp_path / "b.npz", "")):
        sound = np.frombuffer((place / file).read_bytes(), np.uint8)
        for attempt in range(40):
            broken = sound.copy()
            broken[random.integers(0, len(sound) if attempt % 2 else min(len(sound), 200), 3)] = random.integers(0, 256, 3)
            (place / file).write_bytes(broken[:None if attempt % 4 else random.integers(len(sound))].tobytes())
            try:
                assert len(dataset(place).classes) > 2
            except (ValueError, FileNotFoundError) as error:
                assert str(tmp_path) in str(error) and "\n" not in str(error)
        (place / file).write_bytes(sound.tobytes())


@pytest.mark.parametrize("kind, file", [
    ("python", "data_batch_1"), ("python", "batches.meta"), ("binary", "data_batch_1.bin"), ("binary", "batches.meta.txt"),
    ("mnist", "train-images-idx3-ubyte.gz"), ("mnist", "t10k-labels-idx1-ubyte.gz"), ("ilsvrc", "meta.mat"), ("ilsvrc", TRUTH_FILE),
    ("pets", "labels.csv"), (".", "a.npz")])
def test_an_emptied_file_gives_one_sentence_that_names_it(tmp_path, kind, file):
    cifar10_python(tmp_path / "python")
    cifar10_binary(tmp_path / "binary")
    mnist_files(tmp_path / "mnist", ending=".gz")
    devkit(flat(training(tmp_path / "ilsvrc")))
    write(tmp_path / "pets", {"1.jpg": jpeg(), "2.jpg": jpeg(), "labels.csv": "1.jpg,cat\n2.jpg,dog"})
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    place = tmp_path / (file if kind == "." else kind)
    assert len(dataset(place).classes) >= 2
    (tmp_path / kind / file).write_bytes(b"")
    assert file in refused(ValueError, dataset, place)


@pytest.mark.parametrize("content", [
    b"", b"{", b"null", b"[]", b'{"files": []}', b'{"files": {"a": 3}}', b'{"files": {"a": [1e999, "md5:0"]}}', b"[" * 100_000,
    b'{"files": {"a": [null, null]}}', b"\xff\xfe", b" " * 2**21 + b'{"files": {"a": [1, "x"]}}'])
def test_a_damaged_list_of_contents_is_that_of_a_set_that_was_not_fetched(tmp_path, content):
    write(tmp_path, {"contents.json": content})
    assert contents(tmp_path) is None
    write(tmp_path, {"contents.json": '{"files": {"a": [1, "md5:0"]}}'})
    assert contents(tmp_path) == {"a": (1, "md5:0")}


def test_a_table_that_would_unpack_into_a_gigabyte(tmp_path):
    """A stream of zeros, and streams inside a stream: each unpacks into 4 MB at most, and only from the outermost."""
    inner = struct.pack("<II", 15, 0) + zlib.compress(b"\0" * 2**25)
    inner = inner[:4] + struct.pack("<I", len(inner) - 8) + inner[8:]
    for content in (b"\0" * 2**27, inner * 100):
        packed = zlib.compress(content)
        table = META[:128] + struct.pack("<II", 15, len(packed)) + packed
        write(tmp_path, {"meta.mat": table})
        tracemalloc.start()
        sentence = refused(ValueError, read_table, tmp_path / "meta.mat")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert "meta.mat" in sentence and peak < 2**27
