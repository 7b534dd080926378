"""A run goes on with another number of ranks, and ends as if it had never stopped."""
import json
import os
import re
import signal
from functools import cache
from unittest import mock

import numpy as np
import pytest
from equal_networks import CASES, loaders
from ranked import launched, on_ranks
from squares import pictures

import npnet
from npnet import optim, parallel
from npnet.cli import main
from npnet.fit import fit
from npnet.parallel.mpi import started
from npnet.weights import read_checkpoint

ROUNDING = 1e-4             # of float32, in 8 steps at a high rate
PLAN = [("batch norm", None), ("paths", 6)]                                 # case, shards
HALVES = [*PLAN, ("every layer", "towers")]                                 # with the two towers


class Pressed(npnet.SGD):
    """An optimizer in whose sixth step somebody presses Ctrl-C, which reaches one rank alone."""

    rank = 0

    def update(self, params, grads):
        if self.steps == 5 and self.rank == 1:
            os.kill(os.getpid(), signal.SIGINT)
        super().update(params, grads)


class Broken(npnet.SGD):
    """An optimizer whose fourth step, the last of an epoch, makes weights of one tower NaN, and not of the other."""

    rank = 0

    def update(self, params, grads):
        super().update(params, grads)
        if self.steps == 4 and self.rank == 1:
            params["conv2.w"][...] = np.nan


@mock.patch("npnet.fit.folder.draw")                                        # curves take longer than this training
def run(folder, case, shards, draw, epochs=2, optimizer=npnet.SGD, resume=False):
    """A run of fit by the team of this process; returns the Run. shards: a number, None, or "towers"."""
    npnet.use("numpy")
    alone = started() == 1
    team = parallel.here(None if shards == "towers" else shards, towers=shards == "towers" and not alone)
    training, validation = loaders(CASES[case][1])
    if resume:
        checkpoint = team.shared(lambda: read_checkpoint(folder / "last.npz"))
        return fit(resume=checkpoint, loader=training, validation=validation, epochs=epochs, quiet=True, team=team)
    optimizer = optimizer(optim.Plateau(0.05, patience=0), clip=0.5)
    optimizer.rank = team.rank
    return fit(CASES[case][0](), optimizer, training, validation, epochs, folder, quiet=True, team=team)


def on_two_ranks(folder):
    """The second half of what one process began, and the first half of what one process will end; which steps each saw."""
    seen = {}
    for case, shards in HALVES:
        name = f"{case} {shards}"
        seen[f"12 {name}"] = run(folder / f"12 {name}", case, shards, resume=True).losses
        seen[f"21 {name}"] = run(folder / f"21 {name}", case, shards, epochs=1).losses
        seen[f"22 {name}"] = run(folder / f"22 {name}", case, shards).losses
    pressed = run(folder / "pressed", "paths", 6, optimizer=Pressed)
    broken = run(folder / "broken", "every layer", "towers", optimizer=Broken)
    return seen, pressed.stopped, pressed.losses, broken.stopped


@cache
def kept(path):
    """Everything in a checkpoint but seconds and threads: arrays, and what is said about them."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files if name != "training/about"}
        about = json.loads(str(file["training/about"]))
    for row in [*about["rows"], about["best"] or {}, about["sums"]]:
        row.pop("seconds", None), row.pop("waiting", None)
    return arrays, {key: value for key, value in about.items() if key not in ("threads", "remarks")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder of all runs: "12": begun by one process and ended by two ranks, "21", "22", and "11", which are whole."""
    folder = tmp_path_factory.mktemp("runs")
    for case, shards in HALVES:
        run(folder / f"11 {case} {shards}", case, shards)
        run(folder / f"12 {case} {shards}", case, shards, epochs=1)
    returned = on_ranks(2, on_two_ranks, folder, timeout=120)
    for case, shards in HALVES:
        run(folder / f"21 {case} {shards}", case, shards, resume=True)
    run(folder / "pressed", "paths", 6, resume=True)
    return folder, returned


@pytest.mark.mpi
@pytest.mark.parametrize("ranks", ["12", "21", "22"])
@pytest.mark.parametrize("case, shards", HALVES)
@pytest.mark.parametrize("name", ["last.npz", "best.npz"])
def test_it_ends_as_if_it_had_never_stopped(folder, case, shards, ranks, name):
    ours, about = kept(folder[0] / f"{ranks} {case} {shards}" / name)
    theirs, their_about = kept(folder[0] / f"11 {case} {shards}" / name)

    assert list(ours) == list(theirs)
    for key, array in theirs.items():
        assert (ours[key].dtype, ours[key].shape) == (array.dtype, array.shape)
        assert array.dtype.kind == "U" or np.allclose(ours[key], array, rtol=ROUNDING, atol=ROUNDING)
        assert shards in (None, "towers") or ours[key].tobytes() == array.tobytes()
    assert like(about) == like(their_about)
    assert shards in (None, "towers") or about == their_about


def like(about):
    """Plain data with its numbers rounded, without what the doctor saw: he looks at the pictures of rank 0."""
    return json.loads(json.dumps({**about, "doctor": list(about["doctor"])}), parse_float=lambda number: round(float(number), 3))


@pytest.mark.mpi
def test_a_folder_has_the_files_of_one_process(folder):
    for case, shards in HALVES:
        one, *others = [sorted(path.name for path in (folder[0] / f"{ranks} {case} {shards}").iterdir())
                        for ranks in ("11", "12", "21", "22")]
        assert all(names == one for names in others) and "last.npz" in one and "history.csv" in one


@pytest.mark.mpi
def test_all_ranks_have_seen_the_same_steps(folder):
    first, second = folder[1]

    assert first == second and {len(losses) for losses in first[0].values()} == {4, 8}


@pytest.mark.mpi
def test_a_signal_at_one_rank_stops_all_after_the_same_step(folder):
    for _, stopped, losses, _ in folder[1]:
        assert stopped == "interrupted" and len(losses) == 6
    ours, about = kept(folder[0] / "pressed" / "last.npz")
    whole, whole_about = kept(folder[0] / "11 paths 6" / "last.npz")

    assert about == whole_about and {key: array.tobytes() for key, array in ours.items()} == {
        key: array.tobytes() for key, array in whole.items()}


@pytest.mark.mpi
def test_both_towers_end_where_one_has_broken_weights(folder):
    for *_, stopped in folder[1]:
        assert stopped == "conv2.w holds NaN or infinity after the last step; the last checkpoint is from before"
    arrays, about = kept(folder[0] / "broken" / "last.npz")

    assert not about["rows"] and all(np.isfinite(array).all() for array in arrays.values() if array.dtype.kind == "f")


# ---------------------------------------------------------------------------- the command

@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """A file of small pictures, to train on and to test on."""
    path = tmp_path_factory.mktemp("pack") / "squares.npz"
    whole = pictures(60)
    np.savez(path, x=whole.images, y=whole.labels)
    return path


def words(pack, *more):
    return ["train", "--data", str(pack), "--net", "caffe_lenet", "--size", "16", "--batch", "9", "--workers", "0",
            "--schedule", "constant", "--backend", "numpy", *more]


@pytest.mark.mpi
def test_the_command_writes_and_shows_once_and_goes_on_with_any_number(pack, tmp_path, monkeypatch, capsys):
    """Begun by two ranks, ended by one process, with shards: the same bits as one process alone."""
    monkeypatch.chdir(tmp_path)
    assert main(words(pack, "--shards", "4", "--epochs", "2", "--out", "whole")) == 0
    said = capsys.readouterr().out
    done = launched(2, ["-m", "npnet", *words(pack, "--shards", "4", "--epochs", "1", "--out", "parts")], folder=tmp_path)
    assert done.code == 0, done
    assert main(["train", "--resume", "parts", "--epochs", "2"]) == 0

    assert len(re.findall(r"^epoch \d", done.stdout, re.MULTILINE)) == 1 and len(re.findall(r"^epoch \d", said, re.MULTILINE)) == 2
    assert done.stdout.count("the report is") == done.stdout.count("of 12 test pictures right") == 1
    assert {path.name for path in (tmp_path / "parts").iterdir()} == {path.name for path in (tmp_path / "whole").iterdir()}
    (ours, about), (theirs, their_about) = (kept(tmp_path / name / "last.npz") for name in ("parts", "whole"))
    assert {key: array.tobytes() for key, array in ours.items()} == {key: array.tobytes() for key, array in theirs.items()}
    assert about["rows"] == their_about["rows"] and about["optimizer"] == their_about["optimizer"]


@pytest.mark.mpi
def test_the_command_trains_two_towers_and_one_process_goes_on(pack, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(words(pack, "--epochs", "2", "--out", "whole")) == 0
    done = launched(2, ["-m", "npnet", *words(pack, "--towers", "--epochs", "1", "--out", "parts")], folder=tmp_path)
    assert done.code == 0 and done.stdout.count("of 12 test pictures right") == 1, done
    assert main(["train", "--resume", "parts", "--epochs", "2"]) == 0

    (ours, about), (theirs, their_about) = (kept(tmp_path / name / "last.npz") for name in ("parts", "whole"))
    assert list(ours) == list(theirs) and like(about)["rows"] == like(their_about)["rows"]
    assert all(np.allclose(ours[key], array, rtol=ROUNDING, atol=ROUNDING) for key, array in theirs.items() if array.dtype.kind == "f")


@pytest.mark.parametrize("more, said", [
    ([], "two towers are two ranks, each with all pictures of a batch, got 1 rank; start them with --ranks 2, or mpiexec -n 2"),
    (["--shards", "4"], "got 1 rank and 4 shards")])
def test_towers_without_a_second_rank(pack, capsys, more, said):
    assert main(words(pack, "--towers", *more)) == 2
    assert said in capsys.readouterr().err


@pytest.mark.mpi
def test_a_network_that_cannot_be_cut_is_named_before_the_pictures_are_read(tmp_path):
    done = launched(2, ["-m", "npnet", "train", "--towers", "--net", "squeezenet1_1", "--data", "no/such/pictures"], folder=tmp_path)
    assert done.code == 2 and done.stderr.count("\n") == 1, done
    assert done.stderr.startswith("npnet: --net squeezenet1_1 cannot be cut into --towers: expand2: a Concat cannot be divided")
