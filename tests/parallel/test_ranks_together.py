"""Commands and calls in which one rank has something else to do, or to say, than the others: none waits for ever."""
import json
import sys

import numpy as np
import pytest
from ranked import launched, on_ranks
from squares import PIPELINE

import npnet
from npnet import parallel
from npnet.cli import main
from npnet.data import Loader, Pictures
from npnet.fit import fit

pytestmark = pytest.mark.mpi
LENET = ("--net", "caffe_lenet", "--epochs", "1", "--limit-batches", "2", "--batch", "8", "--workers", "0", "--backend", "numpy", "--no-probe")
EVALUATE = ("-m", "npnet", "evaluate", "--backend", "numpy", "--json", "--limit", "5")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with two trained networks, runs "one" and "two"."""
    folder, random = tmp_path_factory.mktemp("runs"), np.random.default_rng(14)
    np.savez(folder / "grey.npz", x=random.integers(0, 255, (60, 28, 28), dtype=np.uint8), y=np.arange(60) % 3)
    for seed, name in enumerate(("one", "two")):
        assert main(["train", "--data", str(folder / "grey.npz"), "--out", str(folder / name), "--seed", str(seed), *LENET]) == 0
    return folder


# ---------------------------------------------------------------------------- commands

def test_two_ranks_evaluate_as_one_process(runs, capsys):
    capsys.readouterr()
    assert main([*EVALUATE[2:], str(runs / "one")]) == 0
    alone, done = json.loads(capsys.readouterr().out), launched(2, [*EVALUATE, runs / "one"])

    assert done.code == 0 and not done.stderr, str(done)
    together = json.loads(done.stdout)                                  # one line: rank 0 alone prints
    assert together.pop("loss") == pytest.approx(alone.pop("loss"), rel=1e-6) and together == alone


def test_ranks_that_evaluate_other_networks_are_named(runs):
    done = launched(1, [*EVALUATE, runs / "one", ":", "-n", "1", sys.executable, *EVALUATE, runs / "two"])

    assert done.code == 2 and not done.stdout, str(done)
    assert len(done.stderr.splitlines()) == 1 and "on rank 1" in done.stderr, str(done)


@pytest.mark.parametrize("words, once", [
    (["train", "--help"], "Train a network and keep the run in a folder"),
    (["plan", "--net", "caffe_lenet", "--rate", "150", "--ranks", "2"], "Quickest on 2 ranks: ")])
def test_what_needs_no_ranks_is_printed_once(words, once):
    done = launched(2, ["-m", "npnet", *words])

    assert done.code == 0 and not done.stderr, str(done)
    assert done.stdout.count(once) == 1, str(done)


# ---------------------------------------------------------------------------- fit

def fitted():
    """The losses of a fit in whose last batches rank 0, where the doctor is, has no picture. The pictures are noise,
    learnt by heart, so that he looks at them again."""
    npnet.use("numpy")
    random, team = np.random.default_rng(0), parallel.here()
    few, others = (Pictures(random.integers(0, 255, (count, 8, 8, 3), np.uint8), random.integers(0, 3, count), ("a", "b", "c"))
                   for count in (9, 40))
    net = npnet.Network((3, 8, 8), flatten=npnet.Flatten(), fc1=npnet.Dense(64, init="he"), relu=npnet.ReLU(), fc2=npnet.Dense(3, init="he"))
    run = fit(net, npnet.SGD(0.02), Loader(few, 2, PIPELINE, workers=0), Loader(others, 10, PIPELINE, train=False, workers=0),
              epochs=25, quiet=True, team=team)
    return run.losses, team.agreed(team.rank)


def test_the_doctor_of_rank_0_asks_for_nothing_that_the_others_do_not_do():
    (losses, agreed), (others, _) = on_ranks(2, fitted, environment={"NPNET_MPI_TIMEOUT": "15"})

    assert len(losses) == 25 * 5 and losses == others and agreed == 1
