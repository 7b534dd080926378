"""Readers of data sets: the right numbers from good files, one sentence for bad ones."""
import base64
import gzip
import io
import os
import pickle
import struct

import numpy as np
import pytest
from PIL import Image

from npnet.data import cifar as cifars
from npnet.data import mnist as mnists
from npnet.data.cifar import CIFAR10, CIFAR100, CIFAR100_COARSE, cifar
from npnet.data.find import dataset, recognised
from npnet.data.folders import checked, ordered, pictures_folder
from npnet.data.imagenet import imagenet, imagenet_kind, read_words, samples
from npnet.data.matlab import read_table
from npnet.data.mnist import CLOTHES, DIGITS, mnist, read_idx
from npnet.data.packs import FLOWERS17, arrays, pack
from npnet.data.sets import DataSet, Pictures, held_out, in_threads


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


# ---------------------------------------------------------------------------- sets

def some(labels, classes="abc", size=8):
    """Pictures whose pixels are their number."""
    numbers = np.arange(len(labels), dtype=np.uint8)[:, None, None, None]
    return Pictures(np.repeat(numbers, size * size * 3, 1).reshape(-1, size, size, 3), labels, classes)


def test_pictures_that_do_not_fit():
    assert "3 pictures need as many labels" in refused(ValueError, Pictures, np.zeros((3, 8, 8, 3), np.uint8), [0, 1], "ab")
    assert "between 0 and 1" in refused(ValueError, Pictures, np.zeros((2, 8, 8, 3), np.uint8), [0, 2], "ab")
    assert "transpose(0, 2, 3, 1)" in refused(ValueError, Pictures, np.zeros((2, 3, 8, 8), np.uint8), [0, 1], "ab")


def test_take():
    pictures = some([0, 1, 2, 1])
    taken = pictures.take([3, 0, 3])
    assert taken.labels.tolist() == [1, 0, 1] and [image[0, 0, 0] for image in taken] == [3, 0, 3]
    assert pictures.take([-1])[0][0, 0, 0] == 3 and len(pictures.take([])) == 0
    files = Pictures(["a.png", "b.png"], [0, 1], "ab")
    assert files.take([1]).images == ["b.png"]


def test_a_mask_is_not_taken_for_indices():
    assert "np.flatnonzero(mask)" in refused(TypeError, some([0, 1]).take, [True, False])
    assert "whole numbers, got float64" in refused(TypeError, some([0, 1]).take, [0.5])
    assert "between 0 and 1, got 0 to 2" in refused(IndexError, some([0, 1]).take, [0, 2])


def test_sets_can_be_compared_and_be_keys():
    one, other = some([0, 1]), some([0, 1])
    first, second = DataSet("a", one, one), DataSet("a", other, other)
    assert one == one != other and first == first != second           # the same object, not the same pixels
    assert len({one, other, first, second}) == 4


def test_repr_says_what_the_pictures_are():
    assert repr(some([0, 1])) == "2 pictures (8x8x3) of 3 classes"
    assert repr(Pictures(["a.png"], [0], "ab")) == "1 pictures (files) of 2 classes"
    mixed = [np.zeros((8, 9, 3), np.uint8), np.zeros((9, 8, 3), np.uint8)]
    assert repr(Pictures(mixed, [0, 1], "ab")) == "2 pictures (several sizes) of 2 classes"


def test_parts_with_different_classes_are_refused():
    assert "same classes in the same order" in refused(ValueError, DataSet, "mine", some([0], "ab"), some([0], "ba"))


@pytest.mark.parametrize("sizes, count, shares", [
    ([90, 10], 10, [9, 1]), ([5, 5, 5], 7, [3, 2, 2]), ([7, 2, 1], 5, [4, 1, 0]), ([10, 10], 1, [1, 0]), ([3, 0, 3], 4, [2, 0, 2])])
def test_held_out_keeps_the_shares(sizes, count, shares):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    train, validation = held_out(some(labels), count, seed=1)
    assert np.bincount(validation.labels, minlength=len(sizes)).tolist() == shares
    assert len(train) == len(labels) - count and train.classes == validation.classes


def test_held_out_shares_no_picture(random):
    labels = random.integers(0, 3, 100)
    pictures = some(labels)
    for seed in range(20):
        train, validation = held_out(pictures, 30, seed)
        numbers = [image[0, 0, 0] for image in train.images], [image[0, 0, 0] for image in validation.images]
        assert not set(numbers[0]) & set(numbers[1]) and len(numbers[1]) == 30
        assert sorted(numbers[0] + numbers[1]) == list(range(100))
        assert labels[numbers[1]].tolist() == validation.labels.tolist()


def test_held_out_is_decided_by_the_seed():
    pictures = some(np.arange(60) % 3)
    first, again, other = (held_out(pictures, 12, seed)[1].images[:, 0, 0, 0].tolist() for seed in (5, 5, 6))
    assert first == again != other
    assert first == sorted(first) and first != list(range(12))


@pytest.mark.parametrize("count", [0, 4, -1, 2.0, True, None])
def test_held_out_refuses(count):
    assert "whole number from 1 to 3" in refused(ValueError, held_out, some([0, 1, 2, 0]), count, 0)


def test_in_threads_keeps_the_order_and_raises_the_first_error():
    seen = []
    assert in_threads(lambda i: i * i, range(2345), lambda *at: seen.append(at)) == [i * i for i in range(2345)]
    assert seen[0] == (50, 2345) and seen[-1] == (2345, 2345)
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda i: 1 // (7 - i), range(20))


# ---------------------------------------------------------------------------- CIFAR

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


def test_the_known_names():
    assert len(CIFAR100) == 100 == len(set(CIFAR100)) and CIFAR100 == sorted(CIFAR100)
    assert len(CIFAR100_COARSE) == 20 and CIFAR100_COARSE == sorted(CIFAR100_COARSE)
    assert len(CIFAR10) == 10 and CIFAR10[3] == "cat"


@pytest.mark.parametrize("made", [cifar10_python, cifar10_binary])
def test_cifar10(tmp_path, made):
    seen = []
    data = cifar(made(tmp_path), progress=lambda *at: seen.append(at))
    assert data.name == "cifar10" and data.classes == tuple(CIFAR10)
    assert data.train.images.shape == (20, 32, 32, 3) and data.test.images.shape == (4, 32, 32, 3)
    assert data.train[6][5, 9].tolist() == [6, 5, 9] and data.test[2][31, 0].tolist() == [22, 31, 0]
    assert data.train.labels.tolist() == [0, 1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6, 4, 5, 6, 7]
    assert data.test.labels.tolist() == [5, 6, 7, 8]
    assert "a part of it: 20 of 50,000 and 4 of 10,000" in data.origin and "Krizhevsky" in data.origin
    assert seen == [(i, 6) for i in range(1, 7)]


def test_cifar10_of_another_pickle_and_inside_the_folder_of_the_archive(tmp_path):
    cifar10_python(tmp_path / "cifar-10-batches-py", protocol=4)
    assert len(cifar(tmp_path).train) == 20


@pytest.mark.parametrize("made", [cifar100_python, cifar100_binary])
@pytest.mark.parametrize("coarse, labels, first", [(False, [99, 0, 7], "worm"), (True, [13, 4, 19], "non-insect_invertebrates")])
def test_cifar100(tmp_path, made, coarse, labels, first):
    data = cifar(made(tmp_path), coarse=coarse)
    assert data.train.labels.tolist() == labels == data.test.labels.tolist()
    assert data.classes[labels[0]] == first and len(data.classes) == (20 if coarse else 100)
    assert data.train[2][5, 9].tolist() == [2, 5, 9] and data.name == "cifar100"


def test_cifar_without_the_names(tmp_path):
    cifar10_python(tmp_path)
    (tmp_path / "batches.meta").unlink()
    assert cifar(tmp_path).classes == tuple(CIFAR10)


def test_cifar_of_full_size_is_no_part(tmp_path, monkeypatch):
    monkeypatch.setattr(cifars, "PUBLISHED", (20, 4))
    assert cifar(cifar10_binary(tmp_path / "c")).origin == "CIFAR-10 (Krizhevsky 2009) from c"


@pytest.mark.parametrize("made, gone", [
    (cifar10_python, "data_batch_3"), (cifar10_python, "test_batch"), (cifar10_binary, "data_batch_1.bin"), (cifar100_python, "test"),
    (cifar100_python, "train"), (cifar100_binary, "test.bin")])
def test_missing_batch(tmp_path, made, gone):
    (made(tmp_path) / gone).unlink()
    sentence = refused(FileNotFoundError, cifar, tmp_path)
    assert sentence.startswith(f"{tmp_path} lacks {gone}; CIFAR-10") and sentence.endswith("unpack the archive again")


def test_no_cifar_at_all(tmp_path):
    assert "holds no batches of CIFAR" in refused(FileNotFoundError, cifar, tmp_path)
    assert "has no coarse classes" in refused(ValueError, cifar, cifar10_binary(tmp_path), coarse=True)


@pytest.mark.parametrize("batch, said", [
    ({b"data": rows(4)[:, :3000], b"labels": [0] * 4}, r"data must be uint8 (N, 3072), got uint8 (4, 3000)"),
    ({b"data": rows(4).astype(float), b"labels": [0] * 4}, "got float64 (4, 3072)"),
    ({b"labels": [0] * 4}, "data must be uint8 (N, 3072), got NoneType"),
    ([1, 2], "data must be uint8 (N, 3072), got NoneType"),
    ({b"data": rows(4), b"fine_labels": [0] * 4}, "has no labels; is it a batch of another data set?"),
    ({b"data": rows(4), b"labels": [0] * 3}, "has 4 pictures and needs as many labels, got int64 (3,)"),
    ({b"data": rows(4), b"labels": [0, [1], 2, 3]}, "needs as many labels"),
    ({b"data": rows(4), b"labels": [0, 1, 2, 10]}, "labels from 0 to 10, but there are 10 classes"),
    ({b"data": rows(4), b"labels": [0, 1, -2, 3]}, "labels from -2 to 3")])
def test_wrong_python_batch(tmp_path, batch, said):
    cifar10_python(tmp_path)
    write(tmp_path, {"data_batch_2": pickle.dumps(batch, 2)})
    sentence = refused(ValueError, cifar, tmp_path)
    assert said in sentence and "data_batch_2" in sentence


class Evil:
    def __reduce__(self):
        return os.system, ("echo harm > harm.txt",)


def test_a_pickle_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(cifar10_python(tmp_path), {"data_batch_1": pickle.dumps({b"data": Evil()}, 2)})
    assert "data_batch_1 asks for posix.system" in refused(ValueError, cifar, tmp_path).replace("nt.system", "posix.system")
    assert not (tmp_path / "harm.txt").exists()


def test_cut_off_and_damaged_batches(tmp_path):
    python, binary = cifar10_python(tmp_path / "p"), cifar10_binary(tmp_path / "b")
    (python / "data_batch_4").write_bytes((python / "data_batch_4").read_bytes()[:5000])
    assert "data_batch_4" in refused(ValueError, cifar, python) and "cut off" in refused(ValueError, cifar, python)
    (binary / "test_batch.bin").write_bytes((binary / "test_batch.bin").read_bytes()[:-1])
    assert "has 12,291 bytes, which is no multiple of 3073" in refused(ValueError, cifar, binary)
    (binary / "test_batch.bin").write_bytes(b"")
    assert "has 0 bytes" in refused(ValueError, cifar, binary)


@pytest.mark.parametrize("names", [{b"label_names": [b"cat"]}, {b"other": 1}, [b"cat"] * 10])
def test_wrong_names(tmp_path, names):
    write(cifar10_python(tmp_path), {"batches.meta": pickle.dumps(names, 2)})
    assert "batches.meta must name 10 classes, got" in refused(ValueError, cifar, tmp_path)


# ---------------------------------------------------------------------------- MNIST

def idx(array, kind=8, shape=None):
    shape = array.shape if shape is None else shape
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + array.tobytes()


def mnist_files(folder, names=mnists.FILES, ending="", labels=(5, 0, 4, 1), size=(28, 28)):
    pictures = np.arange(4 * size[0] * size[1], dtype=np.uint8).reshape(4, *size)
    for name in names:
        content = idx(np.array(labels, np.uint8) if "labels" in name else pictures)
        write(folder, {name + ending: gzip.compress(content) if ending else content})
    return folder


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("dots", [False, True])
def test_mnist(tmp_path, ending, dots):
    names = [".idx".join(name.rsplit("-idx", 1)) if dots else name for name in mnists.FILES]
    data = mnist(mnist_files(tmp_path, names, ending))
    assert data.name == "mnist" and data.classes == DIGITS
    assert data.train.images.shape == (4, 28, 28, 1) and data.test.labels.tolist() == [5, 0, 4, 1]
    assert data.train[1][2, 3, 0] == (784 + 2 * 28 + 3) % 256
    assert data.train.images.flags.writeable and "4 of 60,000" in data.origin


def test_fashion_is_told_by_labels_name_or_argument(tmp_path):
    fashion = mnist_files(tmp_path / "fashion-mnist")
    assert mnist(fashion).classes == CLOTHES and mnist(fashion, name="mnist").classes == DIGITS
    first = [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    write(tmp_path / "a", {name: idx(np.array(first, np.uint8) if "labels" in name else np.zeros((10, 28, 28), np.uint8))
                           for name in mnists.FILES})
    assert mnist(tmp_path / "a").name == "fashion-mnist" and mnist(tmp_path / "a").classes[9] == "Ankle boot"
    (tmp_path / "a").rename(tmp_path / "mnist")
    assert mnist(tmp_path / "mnist").name == "fashion-mnist"
    assert "name must be 'mnist' or 'fashion-mnist'" in refused(ValueError, mnist, fashion, name="kmnist")


def test_mnist_in_the_folder_of_another_library(tmp_path):
    mnist_files(tmp_path / "MNIST" / "raw")
    assert len(mnist(tmp_path).train) == 4 and recognised(tmp_path) is mnist


def test_a_file_that_a_browser_has_unpacked(tmp_path):
    write(tmp_path, {"a.gz": idx(np.arange(6, dtype=np.uint8).reshape(2, 3))})
    assert read_idx(tmp_path / "a.gz").tolist() == [[0, 1, 2], [3, 4, 5]]


SIX = np.arange(6, dtype=np.uint8)


@pytest.mark.parametrize("content, said", [
    (idx(SIX)[:-1], "must hold 6 = 6 bytes after its header, got 5"),
    (idx(SIX.reshape(2, 3)) + b"x", "must hold 2 x 3 = 6 bytes after its header, got more"),
    (gzip.compress(idx(SIX))[:-9], "is damaged or was cut off"),
    (gzip.compress(idx(SIX))[:25] + b"\0\0\0" + gzip.compress(idx(SIX))[28:], "is damaged or was cut off"),
    (gzip.compress(b""), "is no idx file: it must begin with the bytes 0, 0, 8 and the number of axes, got nothing"),
    (b"", "got nothing"), (b"<html>not found</html>", "got 60, 104, 116, 109"),
    (idx(SIX, kind=13), "holds floats; only bytes from 0 to 255"), (idx(SIX, kind=7), "is no idx file"),
    (idx(SIX, shape=(0, 6)), "claims 0 x 6 numbers, which cannot be"),
    (idx(SIX, shape=(2**31, 2**31)), "claims 2147483648 x 2147483648 numbers"),
    (idx(SIX)[:7], "claims no numbers"), (idx(SIX, shape=(1,) * 5), "is no idx file")])
def test_wrong_idx(tmp_path, content, said):
    (tmp_path / "a").write_bytes(content)
    assert said in refused(ValueError, read_idx, tmp_path / "a")


def test_files_that_do_not_belong_together(tmp_path):
    mnist_files(tmp_path)
    images, labels = mnists.FILES[2:]
    write(tmp_path, {labels: idx(np.zeros(3, np.uint8))})
    assert "holds 4 pictures, but t10k-labels-idx1-ubyte 3 labels" in refused(ValueError, mnist, tmp_path)
    write(tmp_path, {labels: idx(np.full(4, 10, np.uint8))})
    assert "holds the label 10" in refused(ValueError, mnist, tmp_path)
    write(tmp_path, {labels: idx(np.zeros((4, 28, 28), np.uint8))})
    assert "must have 1 axis, got the shape (4, 28, 28)" in refused(ValueError, mnist, tmp_path)
    write(tmp_path, {labels: idx(np.zeros(4, np.uint8)), images: idx(np.zeros((4, 20, 20), np.uint8))})
    assert "(28, 28) pixels, those to test on (20, 20)" in refused(ValueError, mnist, tmp_path)
    (tmp_path / images).unlink()
    assert "lacks t10k-images-idx3-ubyte (or t10k-images-idx3-ubyte.gz)" in refused(FileNotFoundError, mnist, tmp_path)
    assert "holds no idx files" in refused(FileNotFoundError, mnist, tmp_path / "none")


@pytest.mark.reference
def test_the_real_mnist(reference):
    data = dataset(reference / "mnist")
    assert data.name == "mnist" and data.origin == "MNIST (LeCun, Cortes, Burges 1998) from mnist"
    assert data.train.images.shape == (60000, 28, 28, 1) and data.test.images.shape == (10000, 28, 28, 1)
    assert data.train.labels[:5].tolist() == [5, 0, 4, 1, 9] and data.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(data.train.labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert abs(data.train.images.mean() / 255 - 0.1307) < 1e-4           # the well-known mean


# ---------------------------------------------------------------------------- folders of pictures

def pets(folder, parts=("train/", "test/")):
    """Two cats and a dog in every part; cats are red."""
    return write(folder, {f"{part}{name}.jpg": jpeg((200, 30, 30) if "cat" in name else (30, 30, 200))
                          for part in parts for name in ("cat/1", "cat/2", "dog/1")})


def test_a_folder_per_class(tmp_path):
    data = pictures_folder(pets(tmp_path / "pets"))
    assert data.name == "pets" and data.classes == ("cat", "dog") and data.origin == "the folder pets"
    assert data.train.labels.tolist() == [0, 0, 1] == data.test.labels.tolist()
    assert data.train[0].shape == (16, 24, 3) and data.train[0][0, 0, 0] > 150 > data.train[2][0, 0, 0]
    assert [os.path.basename(path) for path in data.train.images] == ["1.jpg", "2.jpg", "1.jpg"]


@pytest.mark.parametrize("train, test", [("Train", "TEST"), ("training", "val"), ("train", "valid"), ("train", "validation")])
def test_names_of_the_parts(tmp_path, train, test):
    data = pictures_folder(pets(tmp_path, (f"{train}/", f"{test}/")))
    assert len(data.train) == 3 == len(data.test)


def test_test_comes_before_val_unless_it_has_no_classes(tmp_path):
    pets(tmp_path, ("train/", "val/"))
    write(tmp_path, {"test/1.jpg": jpeg(), "test/2.jpg": jpeg()})        # pictures to send in, without labels
    assert "val" in pictures_folder(tmp_path).test.images[0]
    write(tmp_path, {"test/dog/1.jpg": jpeg()})
    assert pictures_folder(tmp_path).test.labels.tolist() == [1]


def test_folders_that_are_not_used_are_named(tmp_path):
    pets(tmp_path / "pets", ("train/", "val/", "test/"))
    notes = []
    data = pictures_folder(tmp_path / "pets", notes)
    assert notes == ["of the folders in pets, train and test are used and val is not"] and notes[0] in data.origin
    assert "test" in data.test.images[0]
    write(tmp_path / "pets", {"extra/a/1.jpg": jpeg()})
    assert "train and test are used and extra, val are not" in pictures_folder(tmp_path / "pets").origin


@pytest.mark.parametrize("others", [[], ["val/"]])
def test_a_part_to_test_on_alone(tmp_path, others):
    data = pictures_folder(pets(tmp_path / "pets", ["test/", *others]))
    assert data.classes == ("cat", "dog") and len(data.train) == 0 and data.test.labels.tolist() == [0, 0, 1]
    assert ("test is used and val is not" in data.origin) == bool(others)
    assert all(f"{os.sep}test{os.sep}" in path for path in data.test.images)


def test_a_part_to_test_on_beside_classes_is_refused(tmp_path):
    pets(tmp_path, ["", "test/"])
    assert "has the folder test with class folders in it, and beside it cat, dog, but no part to train on" in refused(
        ValueError, pictures_folder, tmp_path)
    pets(tmp_path / "b", ["training_set/", "test/"])
    assert "beside it training_set, but no part" in refused(ValueError, pictures_folder, tmp_path / "b")


@pytest.mark.parametrize("parts", [("training_set/", "test_set/"), ("training_set/training_set/", "test_set/test_set/")])
def test_parts_of_other_names_are_no_classes(tmp_path, parts):
    pets(tmp_path, parts)
    sentence = refused(ValueError, pictures_folder, tmp_path)
    assert "look like parts (test_set, training_set), not classes; call them train and test" in sentence
    write(tmp_path, {"notes/readme.txt": "x"})
    assert refused(ValueError, pictures_folder, tmp_path) == sentence


def test_classes_with_folders_inside_are_classes(tmp_path):
    pets(tmp_path / "a", ["cats/old/", "birds/new/"])
    write(tmp_path / "a", {"birds/new/emu/1.jpg": jpeg()})                # not the same folders
    assert pictures_folder(tmp_path / "a").classes == ("birds", "cats")
    pets(tmp_path / "b", ["in/", "out/"])
    assert "look like parts (in, out)" in refused(ValueError, pictures_folder, tmp_path / "b")
    write(tmp_path / "b", {"in/1.jpg": jpeg()})                           # a picture of the class itself
    assert pictures_folder(tmp_path / "b").classes == ("in", "out")
    pets(tmp_path / "c", ["train/in/", "train/out/"])                     # what the sentence advises
    assert pictures_folder(tmp_path / "c").classes == ("in", "out")


def test_one_part(tmp_path):
    data = pictures_folder(pets(tmp_path, [""]))
    assert data.test is None and data.train.labels.tolist() == [0, 0, 1]


def test_a_class_called_train(tmp_path):
    write(tmp_path, {"bus/1.jpg": jpeg(), "train/1.jpg": jpeg()})
    assert pictures_folder(tmp_path).classes == ("bus", "train")


def test_order_of_the_classes():
    assert ordered(["b", "a", "B", "10", "9"]) == ("10", "9", "B", "a", "b")
    assert ordered(["10", "9", "0", "01"]) == ("0", "01", "9", "10")
    assert ordered(["²", "1"]) == ("1", "²")                             # a digit to Python, but no number


def test_numbered_classes_keep_their_number(tmp_path):
    write(tmp_path, {f"{label}/a.jpg": jpeg() for label in range(12)})
    data = pictures_folder(tmp_path)
    assert [data.classes[label] for label in data.train.labels] == [str(label) for label in range(12)]
    assert all(f"{os.sep}{label}{os.sep}" in path for label, path in zip(data.train.labels, data.train.images))


def test_nested_hidden_and_foreign_files(tmp_path):
    pets(tmp_path / "a", [""])
    write(tmp_path / "a", {"cat/more/deep/3.PNG": jpeg(), "cat/notes.txt": "x", "dog/Thumbs.db": "x", "dog/._1.jpg": "x",
                           ".git/1.jpg": "x", ".ipynb_checkpoints/1.jpg": "x", "__MACOSX/cat/1.jpg": "x", "README.md": "x",
                           "cat/.DS_Store": "x", "loose.jpg": jpeg()})
    notes = []
    data = pictures_folder(tmp_path / "a", notes)
    assert data.classes == ("cat", "dog") and data.train.labels.tolist() == [0, 0, 0, 1]
    assert notes == ["2 files in a with another ending than a picture's were left out",
                     "1 file in a, outside the folders of the classes, was left out"]
    assert data.origin == "; ".join(["the folder a", *notes])


def test_links(tmp_path):
    pets(tmp_path / "a", [""])
    try:
        os.symlink(tmp_path / "a" / "cat", tmp_path / "a" / "lion")                     # a class
        os.symlink(tmp_path / "a" / "cat" / "1.jpg", tmp_path / "a" / "dog" / "2.jpg")  # a picture
        os.symlink(tmp_path / "a", tmp_path / "a" / "dog" / "loop")                     # not followed
        os.symlink(tmp_path / "gone.jpg", tmp_path / "a" / "dog" / "3.jpg")             # leads nowhere
    except OSError:
        pytest.skip("this system does not allow links")
    data = pictures_folder(tmp_path / "a")
    assert data.classes == ("cat", "dog", "lion") and np.bincount(data.train.labels).tolist() == [2, 3, 2]
    assert "there is no file" in refused(FileNotFoundError, data.train.__getitem__, 4)
    assert len(checked(data.train, skip=True)[0]) == 6


def test_folders_that_are_none(tmp_path):
    write(tmp_path, {"file": "x"})
    (tmp_path / "empty").mkdir()
    assert "there is no folder" in refused(FileNotFoundError, pictures_folder, tmp_path / "none")
    assert "is a file; give the folder" in refused(NotADirectoryError, pictures_folder, tmp_path / "file")
    assert "empty holds no pictures; it needs a folder for each class" in refused(FileNotFoundError, pictures_folder, tmp_path / "empty")


def test_flat_pictures_without_labels(tmp_path):
    write(tmp_path, {"1.jpg": jpeg(), "2.jpg": jpeg()})
    assert "holds 2 pictures, but no folder for each class and no labels.csv with lines such as 1.jpg,cat" in refused(
        FileNotFoundError, pictures_folder, tmp_path)


def test_classes_without_pictures(tmp_path):
    pets(tmp_path)
    (tmp_path / "train" / "emu").mkdir()
    write(tmp_path, {"train/fox/readme.txt": "x"})
    assert "the folder of the class emu, fox holds no pictures" in refused(ValueError, pictures_folder, tmp_path)


def test_only_empty_classes(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "dog").mkdir()
    assert "holds no pictures" in refused(FileNotFoundError, pictures_folder, tmp_path)


def test_one_class_alone(tmp_path):
    write(tmp_path, {"pets/cat/1.jpg": jpeg(), "pets/dog/1.jpg": jpeg()})
    assert "one class alone, pets; give the folder that holds" in refused(ValueError, pictures_folder, tmp_path)


def test_a_class_that_training_lacks(tmp_path):
    write(pets(tmp_path), {"test/fox/1.jpg": jpeg(), "test/gnu/1.jpg": jpeg()})
    assert "test has the class fox, gnu, which the training pictures lack" in refused(ValueError, pictures_folder, tmp_path)


def test_a_class_that_the_test_lacks_keeps_its_number(tmp_path):
    write(pets(tmp_path), {"train/ant/1.jpg": jpeg()})
    data = pictures_folder(tmp_path)
    assert data.classes == ("ant", "cat", "dog") and data.test.labels.tolist() == [1, 1, 2]


# ---------------------------------------------------------------------------- labels in a file

@pytest.mark.parametrize("name, text", [
    ("labels.csv", "file,label\nb.jpg,dog\na.jpg,cat\n\nc d.jpg,cat\n"), ("labels.csv", '\ufeffb.jpg , dog\r\n"a.jpg","cat"\r\nc d.jpg,cat'),
    ("labels.txt", "b.jpg dog\na.jpg\tcat\nc d.jpg cat\n"), ("labels.txt", "b.jpg,dog\na.jpg,cat\nc d.jpg,cat\n")])
def test_labels_in_a_file(tmp_path, name, text):
    write(tmp_path, {"a.jpg": jpeg(), "b.jpg": jpeg(), "c d.jpg": jpeg(), "e.jpg": jpeg(), name: text})
    data = pictures_folder(tmp_path)
    assert data.classes == ("cat", "dog") and data.train.labels.tolist() == [1, 0, 0] and data.test is None
    assert [os.path.basename(path) for path in data.train.images] == ["b.jpg", "a.jpg", "c d.jpg"]
    assert data.origin.endswith("1 file without a line in labels.csv was left out".replace("labels.csv", name))


def test_labels_beside_a_folder_with_the_pictures(tmp_path):
    write(tmp_path, {"labels.csv": "a.jpg,cat\nb.jpg,dog\n", "images/a.jpg": jpeg(), "images/b.jpg": jpeg()})
    assert ("has labels.csv, but no pictures beside it, and one class folder alone, images; move labels.csv to the pictures"
            in refused(ValueError, pictures_folder, tmp_path))
    (tmp_path / "labels.csv").rename(tmp_path / "images" / "labels.csv")
    assert pictures_folder(tmp_path / "images").classes == ("cat", "dog")


def test_a_comma_in_a_name_stands_in_quotes(tmp_path):
    write(tmp_path, {"a, b.jpg": jpeg(), "c.jpg": jpeg(), "labels.csv": '"a, b.jpg",cat\nc.jpg,dog'})
    assert pictures_folder(tmp_path).train.labels.tolist() == [0, 1]
    write(tmp_path, {"labels.csv": "a, b.jpg,cat\nc.jpg,dog"})
    assert "line 1 must be a file and its class" in refused(ValueError, pictures_folder, tmp_path)


def test_labels_beside_pictures_and_folders_with_the_same_names(tmp_path):
    write(tmp_path, {"labels.csv": "a.jpg,cat\nb.jpg,dog", "a.jpg": jpeg(), "b.jpg": jpeg(), "x/z/1.jpg": jpeg(), "y/z/1.jpg": jpeg()})
    assert pictures_folder(tmp_path).classes == ("cat", "dog")


def test_parts_with_labels_in_files(tmp_path):
    write(tmp_path, {"train/a.jpg": jpeg(), "train/b.jpg": jpeg(), "train/labels.csv": "a.jpg,10\nb.jpg,9",
                     "test/a.jpg": jpeg(), "test/labels.csv": "a.jpg,10"})
    data = pictures_folder(tmp_path)
    assert data.classes == ("9", "10") and data.train.labels.tolist() == [1, 0] and data.test.labels.tolist() == [1]


@pytest.mark.parametrize("text, error, said", [
    ("a.jpg,cat\nz.jpg,dog", FileNotFoundError, "line 2: there is no file z.jpg"),
    ("a.jpg,cat\nb.jpg", ValueError, "line 2 must be a file and its class, as in 1.jpg,cat, got 'b.jpg'"),
    ("a.jpg,cat,1", ValueError, "line 1 must be a file and its class"), ("a.jpg,", ValueError, "line 1 must be"),
    ('a.jpg,"' + 200_000 * "x", ValueError, "line 1 must be a file and its class"),
    ("a.jpg,cat\na.jpg,dog", ValueError, "line 2: a.jpg is dog here and cat further up"),
    ("a.jpg,cat\nb.jpg,dog\na.jpg,cat", ValueError, "names 1 files twice"),
    ("file,label\n\n", ValueError, "has no lines"), ("", ValueError, "has no lines"),
    (b"\xff\xfea\0.\0", ValueError, "is no text in UTF-8"), ("a\0b", ValueError, "holds zeros"),
    ("a.jpg,cat\nb.jpg,cat", ValueError, "has one class alone, cat")])
def test_wrong_labels(tmp_path, text, error, said):
    write(tmp_path, {"a.jpg": jpeg(), "b.jpg": jpeg(), "labels.csv": text})
    assert said in refused(error, pictures_folder, tmp_path)


# ---------------------------------------------------------------------------- damaged pictures

def damaged(folder):
    """300 sound pictures of two classes, and three that cannot be read."""
    write(folder, {f"{name}/{number:03}.jpg": jpeg() for name in ("cat", "dog") for number in range(150)})
    return write(folder, {"cat/077.jpg": jpeg()[:300], "dog/001.jpg": b"", "dog/zebra.jpg": b"no picture at all " * 9})


def test_damaged_pictures_are_named(tmp_path):
    data = pictures_folder(damaged(tmp_path))
    sentence = refused(ValueError, checked, data.train)
    assert sentence.startswith("3 of 301 pictures cannot be read: ")
    for path in ("cat/077.jpg", "dog/001.jpg", "dog/zebra.jpg"):
        assert str(tmp_path / path) in sentence
    assert "zebra.jpg is not a picture that can be read" in sentence and "001.jpg is empty" in sentence


def test_damaged_pictures_are_left_out(tmp_path):
    data, seen = pictures_folder(damaged(tmp_path)), []
    sound, sentences = checked(data.train, skip=True, progress=lambda *at: seen.append(at))
    assert len(sound) == 298 and len(sentences) == 3 and seen[-1] == (301, 301)
    assert sentences[0].startswith(str(tmp_path / "cat" / "077.jpg") + " ")
    assert np.bincount(sound.labels).tolist() == [149, 149]
    assert not any("077" in path and "cat" in path for path in sound.images)
    assert checked(sound) == (sound, [])


def test_many_damaged_pictures_make_a_short_sentence(tmp_path):
    write(tmp_path, {f"{name}/{number}.jpg": b"x" for name in "ab" for number in range(50)})
    data = pictures_folder(tmp_path)
    assert "; and 97 more; " in refused(ValueError, checked, data.train)
    assert "no picture of the class a, b can be read: " in refused(ValueError, checked, data.train, skip=True)


def test_a_damaged_picture_is_named_with_its_folder_when_it_is_asked_for(tmp_path):
    data = pictures_folder(damaged(tmp_path))
    assert refused(ValueError, data.train.__getitem__, 77).startswith(str(tmp_path / "cat" / "077.jpg") + " is damaged")


def test_arrays_are_sound():
    pictures = some([0, 1])
    assert checked(pictures) == (pictures, [])


# ---------------------------------------------------------------------------- ILSVRC

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


def test_the_order_of_the_devkit_is_not_the_sorted_order():
    by_devkit = {number: synset for number, synset, _ in DEVKIT}
    assert [SORTED.index(by_devkit[number]) for number in TRUTH] == RIGHT
    wrong = [number - 1 for number in TRUTH]                            # the classic bug
    assert sum(a == b for a, b in zip(wrong, RIGHT)) == 0 and all(0 <= label < 6 for label in wrong)


@pytest.mark.parametrize("place", [KIT, "", "val", "devkit"])
@pytest.mark.parametrize("table, content", [("meta.mat", META), ("map_clsloc.txt", TABLE), ("synsets.txt", TABLE)])
def test_ilsvrc_with_the_flat_validation_folder(tmp_path, place, table, content):
    flat(training(tmp_path / "imagenet"))
    devkit(tmp_path / "imagenet" / place, table, content)
    data = dataset(tmp_path / "imagenet")
    assert data.test.labels.tolist() == RIGHT and len(data.train) == 12
    assert data.train.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert data.classes == ("tench", "crane (n02012849)", "English setter", "Siberian husky", "kit fox", "crane (n03126707)")
    assert all(SORTED[label] in path for label, path in zip(data.train.labels, data.train.images))
    assert data.test.images[1].endswith("ILSVRC2012_val_00000002.JPEG") and data.test[1].shape == (16, 24, 3)
    assert "sorted order of the synsets" in data.origin


@pytest.mark.parametrize("inside", ["", "val/"])
def test_validation_pictures_alone(tmp_path, inside):
    devkit(flat(tmp_path / "a", inside) / KIT)
    data = dataset(tmp_path / "a")
    assert len(data.train) == 0 and data.test.labels.tolist() == RIGHT and len(data.classes) == 6


def test_the_folder_val_itself_and_a_devkit_elsewhere(tmp_path):
    devkit(flat(tmp_path) / KIT)
    assert dataset(tmp_path / "val").test.labels.tolist() == RIGHT
    flat(tmp_path / "b")
    assert imagenet(tmp_path / "b", devkit=tmp_path / "ILSVRC2012_devkit_t12").test.labels.tolist() == RIGHT


def test_validation_sorted_into_synsets(tmp_path):
    training(tmp_path)
    write(tmp_path, {f"val/{SORTED[label]}/ILSVRC2012_val_{number:08}.JPEG": jpeg() for number, label in enumerate(RIGHT, 1)})
    data = dataset(tmp_path)
    assert data.test.labels.tolist() == sorted(RIGHT) and data.classes == tuple(SORTED)


def test_training_pictures_alone_with_words(tmp_path):
    training(tmp_path)
    write(tmp_path, {"synset_words.txt": "\n".join(f"{synset} {words}" for _, synset, words in DEVKIT[:5]) + "\n" +
                     "n02012849 crane, wading bird"})
    data = imagenet(tmp_path)
    assert data.test is None and data.classes[:2] == ("tench", "crane, wading bird") and data.classes[5] == "crane"
    assert imagenet(tmp_path / "train").train.labels.tolist() == data.train.labels.tolist()


def test_a_part_of_the_classes(tmp_path):
    flat(training(tmp_path, SORTED[2:5]))
    devkit(tmp_path)
    notes = []
    data = imagenet(tmp_path, notes=notes)
    assert data.test.labels.tolist() == [2, 2, 0, 1] and data.classes == ("English setter", "Siberian husky", "kit fox")
    assert notes == ["3 validation pictures of classes not trained on were left out"] and notes[0] in data.origin


def test_a_part_of_the_validation_pictures_is_counted(tmp_path):
    flat(training(tmp_path))
    devkit(tmp_path)
    (tmp_path / "val" / "ILSVRC2012_val_00000002.JPEG").unlink()
    data = imagenet(tmp_path)
    assert data.test.labels.tolist() == RIGHT[:1] + RIGHT[2:] and "6 of 7 validation pictures are there" in data.origin


@pytest.mark.parametrize("gone", ["meta.mat", TRUTH_FILE])
def test_the_flat_folder_without_the_devkit_is_refused(tmp_path, gone):
    flat(training(tmp_path))
    devkit(tmp_path)
    (tmp_path / gone).unlink()
    sentence = refused(FileNotFoundError, dataset, tmp_path)
    assert f"flat validation folder, and {gone}" in sentence
    assert "the devkit's own (ILSVRC2012_ID), not places in the sorted order" in sentence and "wrong class" in sentence


@pytest.mark.parametrize("table, said", [
    (SORTED[0] + "\n" + TABLE, "line 1 must be a synset, its number in the devkit and its name"),
    (TABLE.replace(" 6 ", " 7 "), "must number its 6 classes from 1 to 6"),
    (TABLE.replace(" 6 ", " 5 "), "has a synset or a number twice"),
    (TABLE.replace("n02012849", "n03126707"), "has a synset or a number twice"),
    ("", "synsets.txt is empty"), ("tench 4 tench", "line 1 must be a synset"),
    ("\n".join(TABLE.splitlines()[:5]), "must hold a number from 1 to 5 for each picture, got '6'"),
    (TABLE.replace("n01440764", "n01440765"), "have the synset n01440764, which the table of the devkit lacks")])
def test_wrong_tables(tmp_path, table, said):
    flat(training(tmp_path))
    devkit(tmp_path, "synsets.txt", table)
    assert said in refused(ValueError, imagenet, tmp_path)


@pytest.mark.parametrize("truth, said", [
    ([0, 1, 2, 3, 4, 5, 6], "a number from 1 to 6 for each picture, got '0'"), (["cat"], "got 'cat'"), ([], "got nothing"),
    ([1, 2, 3], "has pictures numbered 1 to 7, but ILSVRC2012_validation_ground_truth.txt has 3 lines")])
def test_wrong_ground_truth(tmp_path, truth, said):
    flat(training(tmp_path))
    devkit(tmp_path, truth=truth)
    assert said in refused(ValueError, imagenet, tmp_path)


def test_a_table_in_sorted_order_is_no_devkit(tmp_path, monkeypatch):
    monkeypatch.setattr("npnet.data.imagenet.CLASSES", 6)
    flat(training(tmp_path))
    devkit(tmp_path, "map_clsloc.txt", "\n".join(f"{synset} {number} x" for number, synset in enumerate(SORTED, 1)))
    assert "numbers the synsets in sorted order, which the devkit does not" in refused(ValueError, imagenet, tmp_path)
    devkit(tmp_path, "map_clsloc.txt", TABLE)
    assert imagenet(tmp_path).test.labels.tolist() == RIGHT


def test_a_list_of_synsets_alone_is_no_table(tmp_path):
    flat(training(tmp_path))
    devkit(tmp_path / KIT)
    write(tmp_path, {"synsets.txt": "\n".join(SORTED) + "\n"})          # as Caffe's, without numbers
    data = imagenet(tmp_path)
    assert data.test.labels.tolist() == RIGHT and data.classes[0] == "tench"
    (tmp_path / KIT / "meta.mat").rename(tmp_path / KIT / "unknown")
    assert "meta.mat (or map_clsloc.txt with lines such as n02119789 1 kit_fox) of its devkit is missing" in refused(
        FileNotFoundError, imagenet, tmp_path)


def test_the_name_of_a_table_comes_before_its_place(tmp_path):
    flat(training(tmp_path))
    devkit(tmp_path / KIT)
    write(tmp_path, {"synsets.txt": "no table at all"})
    assert imagenet(tmp_path).test.labels.tolist() == RIGHT


@pytest.mark.parametrize("table", ["\n".join(SORTED), "no table at all", "", TABLE.replace(" 6 ", " 7 ")])
def test_a_table_that_is_not_needed_is_not_refused(tmp_path, table):
    training(tmp_path)
    write(tmp_path, {"synsets.txt": table, "val/n01440764/1.JPEG": jpeg(), "val/n02119789/1.JPEG": jpeg()})
    data = imagenet(tmp_path)
    assert data.classes == tuple(SORTED) and data.test.labels.tolist() == [0, 4]
    write(tmp_path, {"synsets.txt": TABLE})
    assert imagenet(tmp_path).classes[0] == "tench"


def test_sorted_validation_pictures_of_a_part_of_the_classes(tmp_path):
    training(tmp_path, SORTED[2:5])
    write(tmp_path, {f"val/{SORTED[label]}/ILSVRC2012_val_{number:08}.JPEG": jpeg() for number, label in enumerate(RIGHT, 1)})
    notes = []
    data = imagenet(tmp_path, notes=notes)
    assert data.classes == tuple(SORTED[2:5]) and data.test.labels.tolist() == [0, 1, 2, 2]
    assert all(data.classes[label] in path for label, path in zip(data.test.labels, data.test.images))
    assert notes == ["3 validation pictures of classes not trained on were left out"] and notes[0] in data.origin
    write(tmp_path, {"val/junk/1.jpg": jpeg()})
    assert "val has the class junk, which the training pictures lack" in refused(ValueError, imagenet, tmp_path)


def test_validation_pictures_of_other_classes_alone(tmp_path):
    training(tmp_path, SORTED[2:5])
    write(tmp_path, {"val/n01440764/1.JPEG": jpeg()})
    assert "no validation picture in" in refused(ValueError, imagenet, tmp_path)


def test_what_is_no_ilsvrc(tmp_path):
    assert "is not laid out as ILSVRC" in refused(FileNotFoundError, imagenet, pets(tmp_path))
    assert imagenet_kind(tmp_path) is None
    training(tmp_path / "b")
    write(tmp_path, {"b/train/junk/1.jpg": jpeg()})
    assert "has the folder junk, which is no synset" in refused(ValueError, imagenet, tmp_path / "b")


# ---------------------------------------------------------------------------- MATLAB's file

def test_meta_mat(tmp_path):
    table = read_table(write(tmp_path, {"meta.mat": META}) / "meta.mat")
    assert [(row["ILSVRC2012_ID"], row["WNID"], row["words"]) for row in table[:6]] == DEVKIT
    assert table[6] == {"ILSVRC2012_ID": 7, "WNID": "n02083346", "words": "canine, canid", "gloss": "a gloss", "num_children": 3,
                        "children": [1, 2, 3], "wordnet_height": 0, "num_train_images": 1300}
    assert table[0]["children"] == []


def element(kind, content):
    return struct.pack("<II", kind, len(content)) + content + b"\0" * (-len(content) % 8)


def matrix(kind, shape, *parts):
    head = element(6, struct.pack("<II", kind, 0)) + element(5, struct.pack(f"<{len(shape)}i", *shape)) + element(1, b"")
    return element(14, head + b"".join(parts))


def test_a_table_written_by_hand(tmp_path):
    """Uncompressed, a small element, 16-bit characters: as MATLAB writes it."""
    fields = element(5, struct.pack("<i", 8)) + element(1, b"WNID\0\0\0\0number\0\0")
    cells = matrix(4, (1, 2), element(4, "né".encode("utf-16-le"))) + matrix(6, (1, 1), struct.pack("<HHBxxx", 2, 1, 200))
    content = b"MATLAB 5.0".ljust(124) + b"\0\1IM" + matrix(2, (1, 1), fields, cells)
    assert read_table(write(tmp_path, {"a.mat": content}) / "a.mat") == [{"WNID": "né", "number": 200}]


def test_damaged_tables(tmp_path, random):
    path = tmp_path / "meta.mat"
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM")
    assert "is no MATLAB file of version 5" in refused(ValueError, read_table, path)
    path.write_bytes(META[:300])
    assert "is damaged or was cut off" in refused(ValueError, read_table, path)
    path.write_bytes(META[:128] + matrix(6, (1, 1), element(9, struct.pack("<d", 1))))
    assert "holds no table" in refused(ValueError, read_table, path)
    for _ in range(200):
        broken = np.frombuffer(META, np.uint8).copy()
        broken[random.integers(128, len(META), 3)] = random.integers(0, 256, 3)
        path.write_bytes(broken.tobytes())
        assert "meta.mat" in refused(ValueError, read_table, path)      # zlib's checksum finds every change


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


# ---------------------------------------------------------------------------- photographs named by their synset

def photographs(folder):
    return write(folder, {"n01440764_tench.JPEG": jpeg(), "n01601694_water_ouzel.JPEG": jpeg()})


def test_samples_with_labels(tmp_path):
    write(photographs(tmp_path / "a"), {"labels.txt": "n01440764_tench.JPEG 0\nn01601694_water_ouzel.JPEG 20\n"})
    data = dataset(tmp_path / "a")
    assert len(data.train) == 0 and data.test.labels.tolist() == [0, 20] and len(data.classes) == 1000
    assert (data.classes[0], data.classes[1], data.classes[20]) == ("tench", "class 1", "water ouzel")


@pytest.mark.parametrize("text, error, said", [
    ("n01440764_tench.JPEG 449\nn01601694_water_ouzel.JPEG 20", ValueError, "do not rise with the synsets"),
    ("n01440764_tench.JPEG 0", ValueError, "a picture of n01601694, to which neither"),
    ("n01440764_tench.JPEG 0\nother.JPEG 1", FileNotFoundError, "line 2: there is no picture other.JPEG"),
    ("n01440764_tench.JPEG 1000", ValueError, "number from 0 to 999, got '1000'"),
    ("n01440764_tench.JPEG tench", ValueError, "got 'tench'")])
def test_samples_with_wrong_labels(tmp_path, text, error, said):
    write(photographs(tmp_path), {"labels.txt": text})
    assert said in refused(error, samples, tmp_path)


def test_samples_without_numbers(tmp_path):
    sentence = refused(FileNotFoundError, dataset, photographs(tmp_path))
    assert "pictures of 2 synsets, but not their numbers among ILSVRC's 1000" in sentence


def test_samples_with_words(tmp_path, monkeypatch):
    monkeypatch.setattr("npnet.data.imagenet.CLASSES", 3)
    write(photographs(tmp_path), {"synset_words.txt": "n01601694 water ouzel, dipper\nn01440764 tench\nn01500000 a fish\n"})
    data = samples(tmp_path)
    assert data.test.labels.tolist() == [0, 2] and data.classes == ("tench", "a fish", "water ouzel")
    write(tmp_path, {"labels.txt": "n01440764_tench.JPEG 0\nn01601694_water_ouzel.JPEG 1\n"})
    assert "gives n01601694 the number 1, but in the sorted order of the synsets it is 2" in refused(ValueError, samples, tmp_path)


@pytest.mark.reference
def test_the_real_samples(reference):
    data = dataset(reference / "imagenet_samples")
    named = samples(reference / "imagenet_samples", words=reference / "caffe" / "synset_words.txt")
    assert len(data.test) == 50 and data.test.labels.tolist() == list(range(0, 1000, 20)) == named.test.labels.tolist()
    assert all(data.classes[label] == named.classes[label].replace("'", "") for label in data.test.labels)
    assert len(set(named.classes)) == 1000 and named.classes[278] == "kit fox"
    assert checked(data.test) == (data.test, [])


@pytest.mark.reference
def test_sorted_synsets_are_the_order_of_caffe(reference):
    words = read_words(reference / "caffe" / "synset_words.txt")
    assert len(words) == 1000 and list(words) == sorted(words) and list(words).index("n02119789") == 278
    from npnet.data.imagenet import _from_text
    assert "synsets alone do not tell the numbers" in refused(ValueError, _from_text, reference / "caffe" / "synsets.txt")


# ---------------------------------------------------------------------------- packs

X, Y = np.arange(6 * 8 * 9 * 3, dtype=np.uint8).reshape(6, 8, 9, 3), np.array([0, 1, 2, 2, 1, 0])


def jpegs(count, sizes=((24, 16),)):
    files = [jpeg((40 * i, 0, 0), sizes[i % len(sizes)]) for i in range(count)]
    return (np.frombuffer(b"".join(files), np.uint8), np.cumsum([len(file) for file in files]), np.arange(count, dtype=np.uint8) % 3)


@pytest.mark.parametrize("x, shape", [
    (X, (8, 9, 3)), (X[..., 0], (8, 9, 1)), (X[..., :1], (8, 9, 1)), (X.transpose(0, 3, 1, 2), (8, 9, 3)),
    (X[..., :1].transpose(0, 3, 1, 2), (8, 9, 1))])
def test_arrays_of_every_order(x, shape):
    data = arrays((x, Y), (x[:2], Y[:2]))
    assert data.train.images.shape == (6, *shape) and data.train.images.flags.c_contiguous
    assert np.array_equal(data.train.images, X[..., :shape[2]]) and data.test.labels.tolist() == [0, 1]
    assert data.classes == ("class 0", "class 1", "class 2") and data.name == "arrays"


def test_classes_of_arrays():
    assert len(arrays((X, Y * 0), (X, Y)).classes) == 3                  # also those that only the test part shows
    assert arrays((X, Y), classes=["a", "b", "c", "d"]).classes == ("a", "b", "c", "d")
    assert arrays((X, Y[:, None])).train.labels.tolist() == Y.tolist()   # a column
    assert "labels up to 2, but names for 2 classes" in refused(ValueError, arrays, (X, Y), classes=["a", "b"])


@pytest.mark.parametrize("x, y, said", [
    (X / 255, Y, r"must be uint8, pixels from 0 to 255, got float64 (6, 8, 9, 3); np.rint(x * 255)"),
    (X.astype(int), Y, "must be uint8"), (X.reshape(6, -1), Y, r"must have the shape (N, H, W), (N, H, W, C) or (N, C, H, W)"),
    (X[:, :, :, :2], Y, "with C 1 or 3, got (6, 8, 9, 2)"), (X[:0], Y[:0], "got (0, 8, 9, 3)"),
    (X, Y[:5], "a label for each of 6 pictures, integers from 0, got int64 (5,)"), (X, Y / 1, "got float64 (6,)"),
    (X, np.eye(3, dtype=int)[Y], "got int64 (6, 3); y.argmax(axis=1)"), (X, Y - 1, "must have labels from 0, got -1")])
def test_wrong_arrays(tmp_path, x, y, said):
    assert said in refused(ValueError, arrays, (x, y))
    np.savez(tmp_path / "a.npz", x=x, y=y)
    sentence = refused(ValueError, pack, tmp_path / "a.npz")
    assert said in sentence and sentence.startswith(str(tmp_path / "a.npz"))


def test_what_is_no_pair():
    assert "train must be a pair (x, y) of pictures and labels, got ndarray" in refused(TypeError, arrays, X)
    assert "test must be a pair" in refused(TypeError, arrays, (X, Y), (X, Y, Y))


@pytest.mark.parametrize("names", [("train_x", "train_y", "test_x", "test_y"), ("x_train", "y_train", "x_test", "y_test")])
def test_a_pack_of_arrays(tmp_path, names):
    np.savez(tmp_path / "mine.npz", **dict(zip(names, (X, Y, X[:2], Y[:2]))), classes=["ant", "bee", "cat"], else_=np.ones(3))
    data = dataset(tmp_path / "mine.npz")
    assert data.name == "mine" and data.classes == ("ant", "bee", "cat") and len(data.test) == 2
    assert np.array_equal(data.train.images, X) and data.origin == "arrays; from mine.npz: 6 + 2 pictures"


def test_a_compressed_pack_of_one_part(tmp_path):
    np.savez_compressed(tmp_path / "mine.npz", x=X, y=Y)
    data = pack(tmp_path / "mine.npz")
    assert data.test is None and data.classes == ("class 0", "class 1", "class 2") and len(data.train) == 6


def test_known_names_by_the_name_of_the_file(tmp_path):
    np.savez(tmp_path / "my_cifar10_part.npz", x=X, y=np.array([9, 0, 1, 2, 3, 4]))
    assert pack(tmp_path / "my_cifar10_part.npz").classes == tuple(CIFAR10)
    np.savez(tmp_path / "cifar10_three.npz", x=X, y=Y)
    assert pack(tmp_path / "cifar10_three.npz").classes == ("class 0", "class 1", "class 2")
    np.savez(tmp_path / "fashion_mnist.npz", x=X[..., 0], y=np.array([9, 0, 1, 2, 3, 4]))
    assert pack(tmp_path / "fashion_mnist.npz").classes == CLOTHES


def test_a_pack_of_jpeg_files(tmp_path):
    files, ends, labels = jpegs(130)
    seen = []
    np.savez(tmp_path / "a.npz", train_jpeg=files, train_end=ends, train_label=labels, test_jpeg=files[:ends[1]], test_end=ends[:2],
             test_label=labels[:2])
    data = pack(tmp_path / "a.npz", lambda *at: seen.append(at))
    assert data.train.images.shape == (130, 16, 24, 3) and data.test.images.shape == (2, 16, 24, 3)
    for i in (0, 1, 3, 5):                                              # each picture by its own colour
        expected = np.asarray(Image.open(io.BytesIO(jpeg((40 * i, 0, 0)))))
        assert np.array_equal(data.train[i], expected)
    assert data.train.labels.tolist() == labels.tolist() and data.origin == "JPEG files; from a.npz: 130 + 2 pictures"
    assert seen[-1] == (132, 132) and seen == sorted(seen)


def test_a_pack_of_one_part_and_several_sizes(tmp_path):
    files, ends, labels = jpegs(4, ((24, 16), (10, 30)))
    np.savez(tmp_path / "cifar10_jpeg.npz", jpeg=files, end=ends, label=labels)
    data = pack(tmp_path / "cifar10_jpeg.npz")
    assert [image.shape for image in data.train] == [(16, 24, 3), (30, 10, 3)] * 2 and data.test is None
    assert "JPEG-recompressed" in data.origin


@pytest.mark.parametrize("name, value, said", [
    ("end", None, "has no pictures under names that are known, but jpeg, label"),
    ("end", np.array([3, 2, 9]), "end must rise"), ("end", np.array([300, 600, 10**9]), "end must rise"),
    ("end", np.array([], int), "end integers (N,)"), ("end", np.array([[1, 2, 3]]), "end integers (N,)"),
    ("jpeg", np.zeros(3), "jpeg must be uint8 (bytes,)"), ("label", np.array([0, 1]), "a label for each of 3 pictures"),
    ("label", np.array([0, 1, -1]), "labels from 0, got -1")])
def test_wrong_packs_of_jpeg_files(tmp_path, name, value, said):
    content = dict(zip(("jpeg", "end", "label"), jpegs(3)))
    content[name] = value
    np.savez(tmp_path / "a.npz", **{name: value for name, value in content.items() if value is not None})
    assert said in refused(ValueError, pack, tmp_path / "a.npz")


def test_half_a_test_part_of_jpeg_files(tmp_path):
    files, ends, labels = jpegs(3)
    np.savez(tmp_path / "a.npz", train_jpeg=files, train_end=ends, train_label=labels, test_jpeg=files)
    assert "has test_jpeg, but not test_end, which belongs to it" in refused(ValueError, pack, tmp_path / "a.npz")


def test_a_damaged_picture_in_a_pack(tmp_path):
    files, ends, labels = jpegs(3)
    files = files.copy()
    files[ends[0]:ends[0] + 20] = 0
    np.savez(tmp_path / "a.npz", jpeg=files, end=ends, label=labels)
    assert "picture 1 of jpeg cannot be decoded" in refused(ValueError, pack, tmp_path / "a.npz")
    small = np.frombuffer(jpeg(size=(4, 4)), np.uint8)
    np.savez(tmp_path / "a.npz", jpeg=small, end=np.array([len(small)]), label=np.array([0]))
    assert "cannot be decoded (4 x 4 pixels)" in refused(ValueError, pack, tmp_path / "a.npz")


def test_files_that_are_no_pack(tmp_path):
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    content = (tmp_path / "a.npz").read_bytes()
    write(tmp_path, {"cut.npz": content[:-40], "text.npz": "hello", "empty.npz": b"", "bits.npz": content[:200] + b"\xff" + content[201:]})
    assert "was cut off" in refused(ValueError, pack, tmp_path / "cut.npz")
    assert "is no .npz file" in refused(ValueError, pack, tmp_path / "text.npz")
    assert "is no .npz file" in refused(ValueError, pack, tmp_path / "empty.npz")
    assert "is damaged or was cut off" in refused(ValueError, pack, tmp_path / "bits.npz")
    np.savez(tmp_path / "b.npz", weights=X)
    assert "has no pictures under names that are known, but weights; save them by np.savez" in refused(ValueError, pack, tmp_path / "b.npz")
    np.savez(tmp_path / "b.npz", train_x=X, train_y=Y, test_x=X)
    assert "has test_x, but not test_y" in refused(ValueError, pack, tmp_path / "b.npz")
    np.savez(tmp_path / "b.npz", x=X, y=Y, classes=np.arange(3))
    assert "classes must be a list of texts" in refused(ValueError, pack, tmp_path / "b.npz")
    assert "there is no file" in refused(FileNotFoundError, pack, tmp_path / "none.npz")


def test_objects_are_not_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "a.npz", x=np.array([Evil(), 1], object), y=Y)
    assert "holds an array of objects, which would have to be unpickled" in refused(ValueError, pack, tmp_path / "a.npz")
    assert not (tmp_path / "harm.txt").exists()


@pytest.mark.reference
def test_the_exact_pictures_of_cifar10_are_the_first(reference):
    exact = dataset(reference / "cifar10_lossless_4000_1000.npz")
    assert exact.train.images.shape == (4000, 32, 32, 3) and exact.test.images.shape == (1000, 32, 32, 3)
    assert exact.classes == tuple(CIFAR10) and "4,000 + 1,000 pictures" in exact.origin
    assert np.bincount(exact.test.labels).tolist() == [103, 89, 100, 103, 90, 86, 112, 102, 106, 109]
    with np.load(reference / "cifar10_jpeg.npz") as content:
        found = {name: content[name] for name in ("test_jpeg", "test_end", "test_label", "train_label")}
    assert np.bincount(found["train_label"]).tolist() == [5000] * 10 and np.bincount(found["test_label"]).tolist() == [1000] * 10
    assert np.array_equal(found["test_label"][:1000], exact.test.labels)
    assert np.array_equal(found["train_label"][:4000], exact.train.labels)
    begins = [0, *found["test_end"][:999]]
    for i in range(0, 1000, 20):                                        # the same pictures in the same order, but for the JPEG
        file = io.BytesIO(found["test_jpeg"][begins[i]:found["test_end"][i]].tobytes())
        difference = np.asarray(Image.open(file)).astype(float) - exact.test[i]
        assert np.sqrt((difference ** 2).mean()) < 18 < np.sqrt(((difference + exact.test[i] - exact.test[i - 1]) ** 2).mean())


@pytest.mark.reference
def test_the_flowers(reference):
    data = dataset(reference / "flowers17_128.npz")
    assert data.train.images.shape == (1360, 128, 128, 3) and data.test is None and data.classes == FLOWERS17
    assert np.bincount(data.train.labels).tolist() == [80] * 17 and "Oxford" in data.origin
    colour = np.array([data.train.images[data.train.labels == label].mean(axis=(0, 1, 2)) for label in range(17)])
    yellow = colour[:, :2].mean(axis=1) - colour[:, 2]                  # red and green above blue
    yellowest = {data.classes[label] for label in np.argsort(yellow)[-4:]}
    assert yellowest <= {"daffodil", "sunflower", "buttercup", "dandelion", "colt's foot", "cowslip", "tulip"}
    assert data.classes[np.argmin(yellow)] in ("bluebell", "crocus", "pansy")


# ---------------------------------------------------------------------------- one name for all

@pytest.mark.parametrize("made, reader, name", [
    (cifar10_python, cifar, "cifar10"), (cifar100_binary, cifar, "cifar100"), (mnist_files, mnist, "mnist"),
    (pets, pictures_folder, "a"), (training, imagenet, "a")])
def test_a_folder_is_recognised(tmp_path, made, reader, name):
    made(tmp_path / "a")
    assert recognised(tmp_path / "a") is reader
    assert dataset(str(tmp_path / "a")).name == name and dataset(tmp_path / "a").name == name


def test_pictures_in_folders_called_train_and_test_are_not_cifar100(tmp_path):
    write(pets(tmp_path), {"meta.txt": "x"})
    assert recognised(tmp_path) is pictures_folder


def test_options_reach_the_reader(tmp_path):
    cifar100_python(tmp_path)
    assert len(dataset(tmp_path, coarse=True).classes) == 20
    assert "has no option seed; it has coarse" in refused(TypeError, dataset, tmp_path, seed=1)


def test_shapes_are_drawn():
    seen = []
    data = dataset("shapes", lambda *at: seen.append(at), train=20, test=10, seed=3)
    assert len(data.train) == 20 and len(data.test) == 10 and seen[-1] == (30, 30)
    assert "has no option coarse" in refused(TypeError, dataset, "shapes", coarse=True)


def test_a_name_of_the_catalogue(tmp_path, monkeypatch):
    made = cifar10_binary(tmp_path / "kept")
    monkeypatch.setattr("npnet.data.catalogue.folder", {"cifar10-binary": made}.__getitem__)
    assert dataset("cifar10-binary").name == "cifar10-binary"


def test_a_set_that_is_not_here_yet(tmp_path, monkeypatch):
    monkeypatch.setenv("NPNET_HOME", str(tmp_path))
    assert "npnet data get cifar10" in refused(FileNotFoundError, dataset, "cifar10")


def test_a_folder_of_the_same_name_as_a_set(tmp_path, monkeypatch):
    monkeypatch.setenv("NPNET_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    pets(tmp_path / "mnist")
    assert dataset("./mnist").classes == ("cat", "dog")
    assert "npnet data get mnist" in refused(FileNotFoundError, dataset, "mnist")


@pytest.mark.parametrize("name, said", [
    ("cifar", "did you mean cifar10 or cifar100? the names are shapes, cifar10"), ("CIFAR-10", "did you mean cifar10"),
    ("fashion", "did you mean fashion-mnist"), ("Imagenet", "register at image-net.org"), ("ilsvrc2012", "register at image-net.org"),
    ("zzz", "neither by name nor as a file or folder; the names are"), ("", "there is no data set ''"), ("flowes", "did you mean flowers?")])
def test_unknown_names(tmp_path, monkeypatch, name, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flowers").mkdir()
    sentence = refused(FileNotFoundError, dataset, name)
    assert said in sentence and ("image-net.org" in sentence or "a folder of pictures for each class" in sentence)


def test_files_that_hold_no_set(tmp_path):
    write(tmp_path, {"cifar-10-python.tar.gz": "x", "1.jpg": jpeg()})
    assert "unpack it and give the folder" in refused(ValueError, dataset, tmp_path / "cifar-10-python.tar.gz")
    assert "give the folder that it is in" in refused(ValueError, dataset, tmp_path / "1.jpg")
