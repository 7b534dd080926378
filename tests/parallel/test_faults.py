"""One rank comes to its end, at any moment and in any way: the whole run ends, and says which rank and why.

No process stays, and the last checkpoint is whole: the run goes on from it.
"""
import os
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from dying import MOMENTS
from ranked import ROOT, launched

import npnet
from npnet.fit import Recipe
from npnet.weights import read_checkpoint

pytestmark = pytest.mark.mpi
SCRIPT = Path(__file__).with_name("dying.py")
LENET = ("--net", "caffe_lenet", "--epochs", 1, "--limit-batches", 2, "--batch", 8, "--workers", 0, "--backend", "numpy",
         "--no-probe")
RESUMED = ("half saved", "evaluating")                                          # goes on in the tests of CI, too
UNSAVED = ("before MPI", "joining", "start", "reading", "first words")          # there is no checkpoint yet
# (moment, which rank, how, how many ranks); the first thirteen in CI, the others with -m long
DEATHS = [("batch", 1, "SIGKILL", 2), ("backward", 1, "raise", 2), ("half saved", 0, "SIGKILL", 2), ("reading", 1, "raise", 2),
          ("first words", 2, "SIGSEGV", 3), ("forward", 0, "exit 0", 2), ("update", 1, "exit 3", 2), ("testing", 1, "SIGKILL", 2),
          ("before MPI", 1, "raise", 2), ("evaluating", 0, "SIGKILL", 2), ("waiting", 0, "bug", 3), ("end", 1, "SIGKILL", 2),
          ("exchange", 1, "SIGKILL", 2)]
FURTHER = [("before MPI", 0, "SIGKILL", 2), ("joining", 1, "exit 3", 2), ("start", 0, "SIGKILL", 2), ("reading", 0, "SIGKILL", 3),
           ("first words", 0, "raise", 2), ("batch", 0, "raise", 2), ("forward", 1, "SIGKILL", 3), ("between", 1, "SIGKILL", 2),
           ("between", 0, "bug", 2), ("backward", 0, "SIGKILL", 3), ("waiting", 1, "SIGKILL", 2), ("update", 0, "SIGKILL", 2),
           ("saving", 0, "SIGKILL", 2), ("others save", 1, "SIGKILL", 2), ("others save", 1, "raise", 2),
           ("evaluating", 1, "bug", 2), ("history", 0, "SIGKILL", 2), ("report", 0, "SIGKILL", 2), ("end", 0, "bug", 2),
           ("end", 1, "exit 0", 2), ("exchange", 0, "raise", 2)]
HOW = {"SIGKILL": "was killed (signal 9, SIGKILL", "SIGSEGV": "crashed (signal 11, SIGSEGV)",
       "exit 0": "ended and said nothing (exit code 0)", "exit 3": "ended and said nothing (exit code 3)",
       "raise": "a picture is not there", "bug": "ZeroDivisionError: a mistake of npnet's own"}
CODES = {"SIGKILL": 137, "SIGSEGV": 139, "exit 0": 2, "exit 3": 3, "raise": 2, "bug": 1}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A small data set in a file."""
    path = tmp_path_factory.mktemp("pictures") / "grey.npz"
    rng = np.random.default_rng(14)
    np.savez(path, x=rng.integers(0, 255, (60, 28, 28), dtype=np.uint8), y=np.arange(60) % 3)
    return path


def dying(folder, pictures, moment, rank, how, ranks, *words, **environment):
    """The Done of a run in `folder`/run, one of whose ranks comes to its end."""
    return launched(ranks, [SCRIPT, moment, rank, how, "train", "--data", pictures, "--out", "run", *LENET, *words],
                    timeout=100, environment=environment, folder=folder)


def nobody_is_left(folder):
    """Whether no rank of a run in this folder runs any more, and no watcher; mpiexec's last signals may take a moment."""
    ids = [int(word) for path in (folder / "processes").iterdir() for word in path.read_text().split()]
    ends = time.monotonic() + 10
    while any(map(runs, ids)) and time.monotonic() < ends:
        time.sleep(0.02)
    return len(ids) >= 2 and not any(map(runs, ids))


def runs(process):
    """Whether a process runs; one that has ended, and nobody has asked how, does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def whole(folder):
    """Whether the run's last checkpoint can be read, and holds numbers."""
    npnet.use("numpy")
    return all(np.isfinite(array).all() for array in read_checkpoint(folder / "run/last.npz").network().params().values())


def goes_on(folder):
    """Whether the run goes on from its last checkpoint, here on one process, to its end."""
    assert whole(folder)
    shutil.copytree(folder / "run", folder / "copy")
    run = Recipe.of(folder / "copy").train(resume=folder / "copy", quiet=True)
    return run.epoch == 1 and len(run.losses) == 2 and not list((folder / "copy").glob(".writing-*"))


@pytest.mark.parametrize("moment, rank, how, ranks", DEATHS + [pytest.param(*one, marks=pytest.mark.long) for one in FURTHER])
def test_the_end_of_one_rank_is_the_end_of_all(tmp_path, pictures, moment, rank, how, ranks):
    done = dying(tmp_path, pictures, moment, rank, how, ranks, *["--towers"] * (moment == "exchange"))

    said = [line for line in done.stderr.splitlines() if "npnet" in line or HOW[how] in line]
    assert done.code == CODES[how], str(done)
    assert HOW[how] in said[-1] and any(f"rank {rank}" in line for line in said), str(done)
    assert how == "bug" or len(said) == 1, str(done)
    assert nobody_is_left(tmp_path)
    saved = (tmp_path / "run/last.npz").exists()
    assert saved == (moment not in UNSAVED)
    if saved:
        assert "go on with: npnet train --resume run" in said[-1]
        assert (goes_on if moment in RESUMED or (moment, rank, how, ranks) in FURTHER else whole)(tmp_path)


@pytest.mark.parametrize("moment, rank", [("forward", 1), pytest.param("evaluating", 0, marks=pytest.mark.long),
                                          pytest.param("update", 1, marks=pytest.mark.long)])
def test_a_rank_that_is_told_to_end_takes_all_with_it_after_the_step(tmp_path, pictures, moment, rank):
    done = dying(tmp_path, pictures, moment, rank, "SIGTERM", 2)

    assert done.code == 143, str(done)
    assert done.stdout.count("saved. Go on with: npnet train --resume run") == 1
    assert nobody_is_left(tmp_path) and goes_on(tmp_path)


def test_ctrl_c_while_mpi_begins_is_not_lost(tmp_path, pictures):
    """MPI_Init does not return for a signal, and a rank that left after it alone would wait for the others' end."""
    done = dying(tmp_path, pictures, "joining", 0, "SIGINT", 2)

    assert done.code == 130, str(done)
    assert done.stderr == "npnet: rank 0 of 2: it was told to end (signal 2, SIGINT), and the whole run ends with it\n"
    assert nobody_is_left(tmp_path)


def test_what_all_ranks_meet_is_said_once_as_if_there_were_one(tmp_path, pictures):
    done = dying(tmp_path, pictures, "half saved", 0, "full disk", 2)

    assert done.code == 2, str(done)
    assert [line for line in done.stderr.splitlines() if line] == [
        f"npnet: there is no room left to write {tmp_path / 'run/last.npz'}; free some space"]
    assert nobody_is_left(tmp_path) and whole(tmp_path)


def test_a_rank_that_does_not_answer_is_waited_for_and_named(tmp_path, pictures):
    done = dying(tmp_path, pictures, "forward", 1, "SIGSTOP", 2, NPNET_MPI_TIMEOUT="4")

    stopped, waited = done.stderr.splitlines()
    assert done.code == 2, str(done)
    assert "rank 1 of 2" in stopped and "is stopped (signal 19, SIGSTOP)" in stopped and "kill -CONT" in stopped
    assert waited.startswith("npnet: rank 0 of 2 waited 4 s for rank 1 on ") and "NPNET_MPI_TIMEOUT" in waited
    assert "go on with: npnet train --resume run" in waited
    assert nobody_is_left(tmp_path) and whole(tmp_path)


@pytest.mark.parametrize("what, said", [
    ("pictures", "rank 1 has other training pictures than rank 0: [0-9]+ training pictures have other content"),
    ("setting", "the settings of the run differ: lr is 0.02 on rank 0 and 0.5 on rank 1"),
    pytest.param("command", "rank 1 runs npnet evaluate while rank 0 runs npnet train; give all ranks the same command", marks=pytest.mark.long),
    pytest.param("version", "the versions of the run differ: numpy is .* on rank 0 and '1.0' on rank 1", marks=pytest.mark.long)])
def test_what_differs_between_ranks_is_named_at_the_start(tmp_path, pictures, what, said):
    with np.load(pictures) as file:
        arrays = dict(file)
    arrays["x"][:20, 0, 0] ^= 1                                     # of those that are trained on, at least one
    np.savez(tmp_path / "grey.npz", **arrays)
    done = dying(tmp_path, pictures, "other", 1, tmp_path / "grey.npz" if what == "pictures" else what, 2)

    lines = done.stderr.splitlines()
    assert done.code == 2 and len(lines) == 1 and re.search(f"^npnet: {said}", lines[0]), str(done)
    assert nobody_is_left(tmp_path) and not (tmp_path / "run/last.npz").exists()


def test_without_mpi4py_the_extra_is_named_once(tmp_path):
    (tmp_path / "mpi4py.py").write_text("raise ImportError('there is none')")
    paths = os.pathsep.join(filter(None, [str(tmp_path), str(ROOT), os.environ.get("PYTHONPATH")]))
    done = launched(2, ["-m", "npnet", "train"], environment={"PYTHONPATH": paths}, folder=tmp_path)

    assert done.code == 2, str(done)
    assert done.stderr == "npnet: several processes need mpi4py and an MPI: pip install npnet[mpi] (there is none)\n"
    assert os.listdir(tmp_path) == ["mpi4py.py"]


@pytest.mark.parametrize("words", [["-m", "npnet", "train"], ["-c", "from npnet.parallel import guarded\nwith guarded(): pass"]])
def test_what_keeps_ranks_from_joining_is_said_once(tmp_path, words):
    done = launched(2, words, environment={"NPNET_MPI_TIMEOUT": "soon"}, folder=tmp_path)

    assert done.code == 2, str(done)
    assert done.stderr == "npnet: NPNET_MPI_TIMEOUT must be a whole number of seconds of at least 1, got 'soon'\n"


OWN = """
import os, sys
from contextlib import nullcontext
from npnet.parallel import guarded, here
with {}():
    team = here()
    if team.rank == 1:
        {}
    for step in range(3):
        team.agreed(step)
print("done")
"""


RAISES = "raise ZeroDivisionError('a mistake of mine')"
RAISED = 'npnet: rank 1 of 2: Traceback [^\\n]*\n  File "[^"]*own.py", line 8.*ZeroDivisionError: a mistake of mine'
FINISHED = "^npnet: rank 0 of 2 waits for rank 1, which has finished: all ranks must do the same steps"


@pytest.mark.parametrize("guard, line, code, said", [
    ("guarded", RAISES, 1, RAISED),
    ("guarded", "os.kill(os.getpid(), 9)", 137, "npnet: rank 1 of 2 .* was killed .signal 9, SIGKILL"),
    ("guarded", "sys.exit()", 2, FINISHED),
    ("nullcontext", RAISES, 1, RAISED),
    pytest.param("nullcontext", "sys.exit()", 2, FINISHED, marks=pytest.mark.long),
    pytest.param("nullcontext", "pass", 0, "^$", marks=pytest.mark.long),
    pytest.param("guarded", "raise KeyboardInterrupt", 130, "^npnet: rank 1 of 2: it was told to end .signal 2, SIGINT", marks=pytest.mark.long),
    pytest.param("guarded", "sys.exit(4)", 4, "npnet: rank 1 of 2: Traceback .*SystemExit: 4", marks=pytest.mark.long),
    pytest.param("guarded", "pass", 0, "^$", marks=pytest.mark.long)])
def test_a_script_of_ones_own_ends_all_its_ranks(tmp_path, guard, line, code, said):
    (tmp_path / "own.py").write_text(OWN.format(guard, line))
    done = launched(2, [tmp_path / "own.py"], timeout=60)

    assert done.code == code and re.search(said, done.stderr, re.DOTALL), str(done)
    assert done.stdout.count("done") == (0 if code else 2)


FINALIZES = """
from contextlib import nullcontext
from mpi4py import MPI
from npnet.parallel import guarded, here
with {}():
    team = here()
    print("done" * (team.agreed(1) == 1))
    MPI.Finalize()
    {}
"""


@pytest.mark.parametrize("guard, line, code, said", [
    ("nullcontext", "pass", 0, "^$"), pytest.param("guarded", "pass", 0, "^$", marks=pytest.mark.long),
    ("guarded", RAISES, 1, "^npnet: Traceback .*ZeroDivisionError: a mistake of mine"),
    pytest.param("nullcontext", RAISES, 1, "^npnet: Traceback .*ZeroDivisionError: a mistake of mine", marks=pytest.mark.long)])
def test_a_script_that_ends_mpi_itself(tmp_path, guard, line, code, said):
    (tmp_path / "own.py").write_text(FINALIZES.format(guard, line))
    done = launched(2, [tmp_path / "own.py"], timeout=60)

    assert done.code == code and re.search(said, done.stderr, re.DOTALL), str(done)
    assert done.stdout.count("done") == 2 and "Attempting to use an MPI routine" not in done.stderr


def test_every_moment_is_met():
    assert {moment for moment, *_ in DEATHS + FURTHER} == set(MOMENTS)
