"""One name or path, one data set."""
import importlib

import pytest
from made import (cifar100_binary, cifar100_python, cifar10_binary, cifar10_python, jpeg, mnist_files, pets,
                  refused, training, write)

from npnet.data import dataset
from npnet.data.find import reader_of
from npnet.data.readers.cifar import cifar
from npnet.data.readers.folders import pictures_folder
from npnet.data.readers.imagenet import imagenet
from npnet.data.readers.mnist import mnist


@pytest.mark.parametrize("made, reader, name", [
    (cifar10_python, cifar, "cifar10"), (cifar100_binary, cifar, "cifar100"), (mnist_files, mnist, "mnist"),
    (pets, pictures_folder, "a"), (training, imagenet, "a")])
def test_a_folder_is_recognised(tmp_path, made, reader, name):
    made(tmp_path / "a")
    assert reader_of(tmp_path / "a")[0] is reader
    assert dataset(str(tmp_path / "a")).name == name and dataset(tmp_path / "a").name == name


def test_pictures_in_folders_called_train_and_test_are_not_cifar100(tmp_path):
    write(pets(tmp_path), {"meta.txt": "x"})
    assert reader_of(tmp_path)[0] is pictures_folder


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
    monkeypatch.setattr("npnet.data.find.folder", {"cifar10-binary": made}.__getitem__)
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


@pytest.mark.parametrize("name", ["cifar", "folders", "imagenet", "matlab", "mnist", "packs"])
def test_the_readers_under_their_names_of_version_0_1_0(name):
    import npnet
    assert importlib.import_module(f"npnet.data.{name}") is importlib.import_module(f"npnet.data.readers.{name}")
    assert getattr(npnet.data, name) is importlib.import_module(f"npnet.data.readers.{name}")


def test_what_belongs_to_weights_is_found_in_data_all_the_same():
    from npnet import data
    from npnet.weights import prepared
    assert data.PREPARED is prepared.PREPARED and data.prepare is prepared.prepare
    with pytest.raises(AttributeError, match="npnet.data has no 'prepared'; it has DataSet, Loader, PREPARED"):
        data.prepared
