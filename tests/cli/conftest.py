"""What the tests of the command line share: a command run here."""
import numpy as np
import pytest
from colours import COLOURS, noisy, train

from npnet import backend
from npnet.cli import main


@pytest.fixture
def npnet_(capsys):
    """npnet_("info", "--json") runs a command here and gives its exit code, output and errors."""
    def run(*words):
        code = main(words)
        streams = capsys.readouterr()
        assert "Traceback" not in streams.out + streams.err
        return code, streams.out, streams.err
    return run


@pytest.fixture(scope="session")
def pack(tmp_path_factory):
    """45 pictures in three colours to train on and 15 to test on, as an .npz file."""
    images, labels = noisy(60)
    path = tmp_path_factory.mktemp("data") / "colours.npz"
    np.savez(path, train_x=images[:45], train_y=labels[:45], test_x=images[45:], test_y=labels[45:],
             classes=np.array(list(COLOURS)))
    return path


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of its own, on the backend that needs no compiler; 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NPNET_BACKEND", "numpy")
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.fixture(scope="session")
def begun(pack, tmp_path_factory):
    """The folder of a run of one epoch; copy it to change it."""
    return made(pack, tmp_path_factory.mktemp("begun") / "a", "--epochs", "1", "--limit-batches", "1")


@pytest.fixture(scope="session")
def runs(pack, tmp_path_factory):
    """Two runs that know the three colours, a and b."""
    folder = tmp_path_factory.mktemp("runs")
    for seed, name in enumerate("ab"):
        made(pack, folder / name, "--epochs", "12", "--lr", "0.01", "--augment", "no", "--seed", str(seed))
    return folder


def made(pack, folder, *words):
    """The folder of a run, which leaves no backend chosen."""
    before = dict(vars(backend.ops))
    assert train(pack, "--backend", "numpy", *words, "--out", str(folder)) == 0
    vars(backend.ops).clear()
    vars(backend.ops).update(before)
    return folder
