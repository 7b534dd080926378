"""Packs: arrays and JPEG files in one file."""
import io
import zipfile

import numpy as np
import pytest
from PIL import Image
from made import Evil, X, Y, jpeg, jpegs, refused, write

from npnet.data import dataset
from npnet.data.readers.cifar import CIFAR10
from npnet.data.readers.mnist import CLOTHES
from npnet.data.readers.packs import FLOWERS17, arrays, pack


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
    ("end", None, "has jpeg, but not end, the places where its files end"),
    ("end", np.array([3, 2, 9]), "end must rise"), ("end", np.array([300, 600, 10**9]), "end must rise"),
    ("end", np.array([], int), "end must be integers (N,)"), ("end", np.array([[1, 2, 3]]), "end must be integers (N,)"),
    ("jpeg", np.zeros(3), "jpeg must be uint8, pixels from 0 to 255, got float64 (3,)"), ("label", np.array([0, 1]), "a label for each of 3 pictures"),
    ("label", np.array([0, 1, -1]), "labels from 0, got -1")])
def test_wrong_packs_of_jpeg_files(tmp_path, name, value, said):
    content = dict(zip(("jpeg", "end", "label"), jpegs(3)))
    content[name] = value
    np.savez(tmp_path / "a.npz", **{name: value for name, value in content.items() if value is not None})
    assert said in refused(ValueError, pack, tmp_path / "a.npz")


def test_half_a_test_part_of_jpeg_files(tmp_path):
    files, ends, labels = jpegs(3)
    np.savez(tmp_path / "a.npz", train_jpeg=files, train_end=ends, train_label=labels, test_jpeg=files)
    assert "has test_jpeg, but not test_end" in refused(ValueError, pack, tmp_path / "a.npz")


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
    assert "is not an .npz file" in refused(ValueError, pack, tmp_path / "text.npz")
    assert "is not an .npz file" in refused(ValueError, pack, tmp_path / "empty.npz")
    assert "is damaged or was cut off" in refused(ValueError, pack, tmp_path / "bits.npz")
    np.savez(tmp_path / "b.npz", weights=X)
    assert "has no pictures under names that are known, but weights; save them by np.savez" in refused(ValueError, pack, tmp_path / "b.npz")
    np.savez(tmp_path / "b.npz", train_x=X, train_y=Y, test_x=X)
    assert "has test_x, but not test_y" in refused(ValueError, pack, tmp_path / "b.npz")
    np.savez(tmp_path / "b.npz", x=X, y=Y, classes=np.arange(3))
    assert "classes must be a list of texts" in refused(ValueError, pack, tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", x=X, y=Y, classes=np.full((3, 2), 0x110000, "u4").view("U2").reshape(3))
    assert "a text with letters that there are not" in refused(ValueError, pack, tmp_path / "c.npz")
    assert "there is no file" in refused(FileNotFoundError, pack, tmp_path / "none.npz")


def test_objects_are_not_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "a.npz", x=np.array([Evil(), 1], object), y=Y)
    assert "x is an array of objects, which would have to be unpickled" in refused(ValueError, pack, tmp_path / "a.npz")
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


def test_pictures_without_labels(tmp_path):
    np.savez(tmp_path / "a.npz", x=X)
    assert "has x, but not y, the labels of its pictures" in refused(ValueError, pack, tmp_path / "a.npz")


@pytest.mark.parametrize("shape", [(6, 1, 1), (6, 1, 1, 3), (6, 3, 1, 1), (6, 8, 7, 3)])
def test_pictures_too_small_to_show_anything(tmp_path, shape):
    np.savez(tmp_path / "a.npz", x=np.zeros(shape, np.uint8), y=Y)
    assert "a side must have at least 8, below that there is nothing to recognise" in refused(ValueError, pack, tmp_path / "a.npz")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_label_that_would_fill_the_memory(tmp_path, save):
    save(tmp_path / "a.npz", x=np.zeros((60, 8, 8), np.uint8), y=np.append(np.zeros(59, int), 2_000_000_000))
    assert "labels reach 2,000,000,000 for 60 pictures" in refused(ValueError, pack, tmp_path / "a.npz")


def claiming(path, shape, dtype="|u1", content=b"\0" * 100, deflate=False):
    """An .npz whose x says that it has this shape, and has this content."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": dtype, "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED) as archive:
        with archive.open("x.npy", "w", force_zip64=True) as file:
            file.write(header.getvalue())
            for _ in range(len(content) if isinstance(content, range) else 1):
                file.write(b"\0" * 2**20 if isinstance(content, range) else content)
        labels = io.BytesIO()
        np.save(labels, np.zeros(60, int))
        archive.writestr("y.npy", labels.getvalue())


@pytest.mark.parametrize("shape", [(60, 10**6, 10**6), (10**15,), (60, 2**40, 2**40, 3), (2**62, 2**62)])
def test_an_array_that_claims_more_than_the_file_has(tmp_path, shape):
    claiming(tmp_path / "a.npz", shape)
    assert "which cannot be right; it is damaged" in refused(ValueError, pack, tmp_path / "a.npz")


def test_a_small_file_that_unpacks_into_a_huge_array(tmp_path, monkeypatch):
    monkeypatch.setattr("npnet.data.readers.packs.LARGE", 2**20)       # 2**28 in earnest, which takes a while to write
    claiming(tmp_path / "a.npz", (8, 1024, 1024), content=range(8), deflate=True)
    assert "claims 8,388,608 bytes, but has" in refused(ValueError, pack, tmp_path / "a.npz")


def test_numbers_that_are_not_bytes_are_refused_before_they_are_read(tmp_path):
    claiming(tmp_path / "a.npz", (10, 8, 8), "<f8", b"\0" * 5120)
    content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(content.replace(b"\0" * 64, b"\1" * 64, 1))          # and its checksum is wrong
    assert "x must be uint8, pixels from 0 to 255, got float64 (10, 8, 8)" in refused(ValueError, pack, tmp_path / "a.npz")


@pytest.mark.parametrize("names", [("x_test", "y_test"), ("test_x", "test_y")])
def test_a_test_part_beside_x_and_y(tmp_path, names):
    np.savez(tmp_path / "a.npz", x=X, y=Y, **dict(zip(names, (X[:2], Y[:2]))))
    data = pack(tmp_path / "a.npz")
    assert len(data.train) == 6 and len(data.test) == 2
    np.savez(tmp_path / "a.npz", x=X, y=Y, **{names[0]: X[:2]})
    assert f"has {names[0]}, but not {names[1]}" in refused(ValueError, pack, tmp_path / "a.npz")


def test_two_classes_of_one_name(tmp_path):
    np.savez(tmp_path / "a.npz", x=X, y=Y, classes=["ant", "ant", "cat"])
    assert "has two classes called ant; give each a name of its own" in refused(ValueError, pack, tmp_path / "a.npz")
