"""The reader of MNIST and Fashion-MNIST."""
import gzip

import numpy as np
import pytest
from made import idx, mnist_files, refused, write

from npnet.data.readers import mnist as mnists
from npnet.data import dataset
from npnet.data.find import reader_of
from npnet.data.readers.mnist import CLOTHES, DIGITS, mnist, read_idx


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
    assert len(mnist(tmp_path).train) == 4 and reader_of(tmp_path)[0] is mnist


def test_a_file_that_a_browser_has_unpacked(tmp_path):
    write(tmp_path, {"a.gz": idx(np.arange(6, dtype=np.uint8).reshape(2, 3))})
    assert read_idx(tmp_path / "a.gz").tolist() == [[0, 1, 2], [3, 4, 5]]


SIX = np.arange(6, dtype=np.uint8)


@pytest.mark.parametrize("content, said", [
    (idx(SIX)[:-1], "must hold 6 = 6 bytes after its header, got 5"),
    (idx(SIX.reshape(2, 3)) + b"x", "must hold 2 x 3 = 6 bytes after its header, got more"),
    (gzip.compress(idx(SIX), mtime=0)[:-9], "is damaged or was cut off"),
    (gzip.compress(idx(SIX), mtime=0)[:25] + b"\0\0\0" + gzip.compress(idx(SIX), mtime=0)[28:], "is damaged or was cut off"),
    (gzip.compress(b"", mtime=0), "is not an idx file: it must begin with the bytes 0, 0, 8 and the number of axes, got nothing"),
    (b"", "got nothing"), (b"<html>not found</html>", "got 60, 104, 116, 109"),
    (idx(SIX, kind=13), "holds floats; only bytes from 0 to 255"), (idx(SIX, kind=7), "is not an idx file"),
    (idx(SIX, shape=(0, 6)), "claims 0 x 6 numbers, which cannot be right"),
    (idx(SIX, shape=(2**31, 2**31)), "claims 2147483648 x 2147483648 numbers"),
    (idx(SIX)[:7], "claims no numbers"), (idx(SIX, shape=(1,) * 5), "is not an idx file")])
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
