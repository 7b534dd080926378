"""Caffe's HDF5 files: ones made here, good and hostile, and the real ones of the reference data."""
import sys

import numpy as np
import pytest

from npnet.weights.readers.caffe_h5 import read

h5py = pytest.importorskip("h5py")


def made(path, **entries):
    """A file with these arrays; `__` in a name stands for a slash."""
    with h5py.File(path, "w") as file:
        file.create_group("data/relu1")
        for name, entry in entries.items():
            file[f"data/{name.replace('__', '/')}"] = entry
    return path


def test_arrays_by_caffe_s_names(tmp_path):
    w, b = np.arange(54, dtype=np.float32).reshape(2, 3, 3, 3), np.arange(2, dtype=np.float64)
    path = made(tmp_path / "a.h5", conv1__0=w, conv1__1=b, fire2__squeeze1x1__0=w[:1].astype(np.float16))
    stored = read(path)
    assert list(stored.arrays) == ["conv1/0", "conv1/1", "fire2/squeeze1x1/0"]
    assert (stored.layout, stored.format, stored.layers, stored.notes) == ("caffe", "Caffe (HDF5)", None, [])
    assert [array.dtype for array in stored.arrays.values()] == [np.float32, np.float64, np.float16]
    assert np.array_equal(stored.arrays["conv1/0"], w) and np.array_equal(stored.arrays["conv1/1"], b)


def test_gradients_are_left_there(tmp_path):
    path = made(tmp_path / "a.h5", conv1__0=np.ones(3))
    with h5py.File(path, "a") as file:
        file["diff/conv1/0"] = np.ones(3)
    stored = read(path)
    assert list(stored.arrays) == ["conv1/0"] and "gradients" in stored.notes[0]


def hostile(path, how):
    """A file that points elsewhere, or claims what it does not hold."""
    with h5py.File(path, "w") as file:
        group = file.create_group("data/conv1")
        if how == "soft":
            group["0"] = h5py.SoftLink("/data/conv2")
        elif how == "external link":
            group["0"] = h5py.ExternalLink("/etc/passwd", "/")
        elif how == "external file":
            (path.parent / "secret").write_bytes(bytes(40))
            group.create_dataset("0", (10,), "f4", external=[(str(path.parent / "secret"), 0, 40)])
        elif how == "virtual":
            layout = h5py.VirtualLayout((4,), "f4")
            layout[:] = h5py.VirtualSource(str(path.parent / "other.h5"), "x", (4,))
            group.create_virtual_dataset("0", layout)
        elif how == "never written":
            group.create_dataset("0", (2 ** 40,), "f4")
        elif how == "bomb":
            group.create_dataset("0", (10 ** 8,), "f4", chunks=(10 ** 6,), compression="gzip")
        elif how == "text":
            group["0"] = "text"
        elif how == "ring":
            group["again"] = group
        elif how == "data is a link":
            del file["data"]
            file["data"] = h5py.ExternalLink("/etc/passwd", "/")
        elif how == "no data":
            del file["data"]
    return path


@pytest.mark.parametrize("how, words", [
    ("soft", "conv1/0 is a link"), ("external link", "conv1/0 is a link"), ("external file", "lie in another file"),
    ("virtual", "lie in another file"), ("never written", "said to be 4,398,046,511,104 bytes"),
    ("bomb", "far larger than the file"), ("text", "no array of numbers"), ("ring", "more than 16 groups in groups"),
    ("data is a link", "no group data"), ("no data", "no group data"),
])
def test_hostile_files_are_refused(tmp_path, how, words):
    with pytest.raises(ValueError, match=words) as error:
        read(hostile(tmp_path / "a.h5", how))
    assert str(error.value).startswith(f"{tmp_path / 'a.h5'} holds no weights") and "\n" not in str(error.value)


def test_damage(tmp_path):
    path = made(tmp_path / "a.h5", conv1__0=np.ones(3000))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(ValueError, match="holds no weights that npnet can read"):
        read(path)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read(tmp_path / "none.h5")


def test_no_arrays_and_single_numbers(tmp_path):
    with pytest.raises(ValueError, match="there are no arrays in its group data; give a .caffemodel.h5"):
        read(made(tmp_path / "a.h5"))
    assert read(made(tmp_path / "b.h5", conv1__0=np.float32(2.5))).arrays["conv1/0"].shape == ()


def test_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=r"pip install 'npnet\[h5\]'"):
        read(tmp_path / "a.h5")


@pytest.mark.reference
def test_the_real_files(reference):
    stored = read(reference / "caffe_cifar10" / "cifar10_full_iter_100000.caffemodel.h5")
    assert {name: array.shape for name, array in stored.arrays.items()} == {
        "conv1/0": (32, 3, 5, 5), "conv1/1": (32,), "conv2/0": (32, 32, 5, 5), "conv2/1": (32,),
        "conv3/0": (64, 32, 5, 5), "conv3/1": (64,), "ip1/0": (10, 1024), "ip1/1": (10,)}
    assert all(np.isfinite(array).all() and array.std() > 0 for array in stored.arrays.values())
