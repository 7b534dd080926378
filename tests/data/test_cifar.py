"""The reader of CIFAR."""
import pickle

import pytest
from made import Evil, cifar100_binary, cifar100_python, cifar10_binary, cifar10_python, refused, rows, write

from npnet.data.readers import cifar as cifars
from npnet.data.readers.cifar import CIFAR10, CIFAR100, CIFAR100_COARSE, cifar


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
    assert "has 12,291 bytes, which is not a multiple of 3073" in refused(ValueError, cifar, binary)
    (binary / "test_batch.bin").write_bytes(b"")
    assert "has 0 bytes" in refused(ValueError, cifar, binary)


@pytest.mark.parametrize("names", [{b"label_names": [b"cat"]}, {b"other": 1}, [b"cat"] * 10])
def test_wrong_names(tmp_path, names):
    write(cifar10_python(tmp_path), {"batches.meta": pickle.dumps(names, 2)})
    assert "batches.meta must name 10 classes, got" in refused(ValueError, cifar, tmp_path)
