"""`npnet train --ranks N`: which mpiexec is run, with what; what is said where it cannot be."""
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ranked import MPIEXEC, ROOT

from npnet.cli import RANKS, main
from npnet.cli.train import without_ranks
from npnet.parallel import launch
from npnet.parallel.launcher import MOMENT, Mpiexec
from npnet.parallel.watch import PLACES, Place, place, watched

FAKE = "import os, sys; print(*sys.argv[1:3], *sys.argv[sys.argv.index('-m'):]); print(*map(os.environ.get, ['NPNET_THREADS', 'NPNET_RANKS']))"
# starts two processes that believe to be two ranks, of which MPI knows nothing: the mpiexec of another MPI
STRANGE = """
import os, subprocess, sys
each = [subprocess.Popen(sys.argv[3:], env={**os.environ, "PMI_RANK": str(rank), "PMI_SIZE": "2"}) for rank in range(2)]
sys.exit(max(process.wait() for process in each))
"""


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """No mpiexec has started these tests."""
    for name in ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "NPNET_RANKS", "NPNET_MPIEXEC"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def instead(tmp_path, monkeypatch):
    """Makes a program of Python run in the place of mpiexec."""
    def take(text):
        path = tmp_path / "instead of mpiexec.py"
        path.write_text(text)
        monkeypatch.setenv("NPNET_MPIEXEC", f"{sys.executable} '{path}'")
        return path
    return take


def trained(*words, **environment):
    """What `npnet train words` left: its exit code, the lines of its output and of its errors."""
    done = subprocess.run([sys.executable, "-m", "npnet", "train", *map(str, words)], capture_output=True, text=True, timeout=60,
                          cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **environment})
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


@pytest.mark.parametrize("words, kept", [
    (["train", "--ranks", "2", "--data", "shapes"], ["train", "--data", "shapes"]),
    (["train", "--data", "shapes", "--ranks=2"], ["train", "--data", "shapes"]),
    (["train", "--rank", "2", "--resume", "runs/a"], ["train", "--resume", "runs/a"]),
    (["train", "--ra=2", "--resume", "runs/a"], ["train", "--resume", "runs/a"])])
def test_the_ranks_get_the_same_words_without_ranks(words, kept):
    assert without_ranks(words) == kept


@pytest.mark.parametrize("environment, expected", [
    ({"PMI_RANK": "1", "PMI_SIZE": "4", "MPI_LOCALRANKID": "0"}, Place(1, 4, 0)),                  # MPICH
    ({"OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_SIZE": "3", "OMPI_COMM_WORLD_LOCAL_RANK": "2"}, Place(2, 3, 2)),
    ({"PMIX_RANK": "1", "SLURM_STEP_NUM_TASKS": "2", "SLURM_LOCALID": "0"}, Place(1, 2, 0)),       # srun --mpi=pmix
    ({"PMI_RANK": "3", "PMI_SIZE": "4"}, Place(3, 4, 3)),
    ({"PMI_RANK": "0", "PMI_SIZE": "1"}, None),                                                    # mpiexec -n 1
    ({"SLURM_PROCID": "0", "SLURM_NTASKS": "8"}, None),                 # a batch script, which starts no ranks itself
    ({"PMI_RANK": "0"}, None), ({}, None)])
def test_a_process_learns_its_place_from_what_mpiexec_has_said(environment, expected):
    assert place(environment) == expected


@pytest.mark.mpi
@pytest.mark.parametrize("threads, cores, ranks", [("", 8, 2), ("", 2, 3), ("3", 8, 2)])
def test_the_line_that_is_run_is_said(instead, monkeypatch, capfd, threads, cores, ranks):
    """Threads are the ranks' own to choose (npnet/parallel/machine.py), where the user has not."""
    instead(FAKE)
    monkeypatch.setattr(sys.modules["npnet.parallel.launcher"], "usable", lambda: cores)
    monkeypatch.setenv("NPNET_THREADS", threads)
    assert launch(ranks, ["train", "--data", "a b"]) == 0
    said, *rest = capfd.readouterr().out.splitlines()
    assert said == f"{ranks} ranks: mpiexec -n {ranks} npnet train --data 'a b'"
    assert rest[-2:] == [f"-n {ranks} -m npnet train --data a b", f"{threads} {ranks}"]
    assert rest[:-2] == [f"{ranks} ranks share {cores} cores: this shows how it works, not how fast it can be"] * (ranks > cores)


def test_the_command_line_knows_every_mpi_that_a_place_is_read_from():
    assert RANKS == {rank for rank, _, _ in PLACES}


def test_nothing_much_is_there_before_a_rank_is_divided_from_its_watcher():
    """Threads, and what was begun, would not be divided."""
    text = "import npnet.parallel.watch, sys; print({'numpy', 'rich', 'subprocess', 'threading', 'npnet.screen'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {text}"], capture_output=True, text=True)
    assert done.stdout == "set()\n", done


def test_one_rank_needs_no_mpi(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    assert main(["train", "--ranks", "1", "--data", "no/such/pictures"]) == 2
    assert "no/such/pictures" in capsys.readouterr().err


@pytest.mark.parametrize("ranks, words", [(0, ["train"]), ("2", ["train"]), (2.0, ["train"]), (2, "train")])
def test_what_cannot_be_launched(ranks, words):
    with pytest.raises(ValueError, match="launch takes a whole number of ranks of at least 1 and a list of words"):
        launch(ranks, words)


@pytest.mark.parametrize("ranks", ["0", "-2"])
def test_fewer_than_one_rank_is_refused(capsys, ranks):
    assert main(["train", "--ranks", ranks]) == 2
    assert f"--ranks must be a whole number of at least 1, got {ranks}" in capsys.readouterr().err


def test_without_mpi4py_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(sys.modules["npnet.parallel.launcher"], "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install npnet\[mpi\].*mpiexec -n 2 npnet train"):
        launch(2, ["train"])


def test_without_mpiexec_the_line_to_type_is_said(monkeypatch, tmp_path):
    pytest.importorskip("mpi4py")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="no mpiexec beside.*this works, too: mpiexec -n 2 npnet train"):
        launch(2, ["train"])


def test_an_mpiexec_that_does_not_run_is_named(monkeypatch, tmp_path, capfd):
    pytest.importorskip("mpi4py")
    monkeypatch.setenv("NPNET_MPIEXEC", str(tmp_path / "mpiexec"))
    with pytest.raises(OSError, match="mpiexec does not run .No such file or directory.*: mpiexec -n 2 npnet train"):
        launch(2, ["train"])
    monkeypatch.setenv("NPNET_MPIEXEC", f"{sys.executable} -c 'raise SystemExit(3)'")
    assert launch(2, ["train"]) == 3
    assert "started no rank (exit code 3). Where an mpiexec does: mpiexec -n 2 npnet train" in capfd.readouterr().err


def test_ranks_under_mpiexec_are_refused(monkeypatch, capsys):
    monkeypatch.setenv("PMI_RANK", "0")
    monkeypatch.setenv("PMI_SIZE", "2")
    assert main(["train", "--ranks", "2"]) == 2
    assert "mpiexec has started this process already" in capsys.readouterr().err


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_where_there_are_no_watchers_rank_0_tells_the_launcher_itself(monkeypatch, tmp_path, platform):
    """Otherwise every error of the user's would be said to be mpiexec's, and Ctrl-C would end mpiexec."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("NPNET_NOTES", str(tmp_path))
    for name, number in (("PMI_RANK", "1"), ("PMI_SIZE", "2")):
        monkeypatch.setenv(name, number)
    watched()
    assert not os.listdir(tmp_path)
    monkeypatch.setenv("PMI_RANK", "0")
    watched()
    assert (tmp_path / "begun").read_text() == str(os.getpid())


# a rank 0 of a system without watchers, which fails
NO_WATCHER = """
import os, sys
os.environ.update(PMI_RANK="0", PMI_SIZE="2")
sys.platform = "darwin"
from npnet.parallel.watch import watched
watched()
sys.exit(2)
"""


@pytest.mark.mpi
def test_an_error_of_a_rank_without_a_watcher_is_not_said_to_be_mpiexecs(instead, monkeypatch, capfd):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    instead(NO_WATCHER)
    assert launch(2, ["train"]) == 2
    assert "started no rank" not in capfd.readouterr().err


@pytest.mark.mpi
def test_what_all_ranks_find_wrong_is_said_once():
    code, out, err = trained("--ranks", 2, "--data", "no/such/pictures")
    assert code == 2 and len(out) == 1 and len(err) == 1
    assert err[0].startswith("npnet: there is no data set 'no/such/pictures'")


def until(word, terminal):
    """What comes on a terminal, read until a word is there; all that still comes for word=None."""
    text = b""
    while word is None or word not in text:
        try:
            text += os.read(terminal, 4096)
        except OSError:                                             # nobody has the terminal any more
            break
    return text


@pytest.mark.mpi
def test_on_a_terminal_rank_0_draws_its_progress_and_ctrl_c_saves_once(tmp_path):
    np.savez(tmp_path / "grey.npz", x=np.zeros((60, 28, 28), np.uint8), y=np.arange(60) % 3)
    words = ["--data", "grey.npz", "--net", "caffe_lenet", "--epochs", "500", "--batch", "4", "--workers", "0", "--backend", "numpy"]
    ours, theirs = os.openpty()
    process = subprocess.Popen([sys.executable, "-m", "npnet", "train", "--ranks", "2", "--out", "run", *words], cwd=tmp_path,
                               stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
                               env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"})
    os.close(theirs)
    try:
        shown = until(b"epoch 1/500", ours)
        process.send_signal(signal.SIGINT)
        shown += until(None, ours)
        assert process.wait(60) == 130, shown.decode()
    finally:
        process.kill()
        os.close(ours)
    assert shown.count(b"finishing the step ...") == 1
    assert b" ".join(shown.split()).count(b"saved. Go on with: npnet train --resume run") == 1
    assert shown.rstrip().endswith(b"\x1b[?25h")                    # the cursor is there again
    assert (tmp_path / "run/last.npz").exists()


@pytest.mark.parametrize("runs", [True, False])
def test_a_signal_that_comes_before_rank_0_waits_for_it(tmp_path, runs):
    """runs: whether mpiexec does already. Told to end before it has started a rank, it prints a page."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    mpi = Mpiexec(tmp_path)
    mpi.process = process if runs else None
    try:
        mpi.pass_on(signal.SIGTERM, None)
        mpi.process = process
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(3 * MOMENT)
        (tmp_path / "begun").write_text(str(process.pid))
        assert process.wait(10) == -signal.SIGTERM
    finally:
        process.kill()


# one rank, whose output goes to a terminal that Open MPI has made
ON_A_TERMINAL = """
import os, sys
os.environ.update(PMI_RANK="0", PMI_SIZE="2", NPNET_TERMINAL="")
before = sys.stdout.isatty()
from npnet.parallel.watch import note, watched
watched()
note("told")
print(before, sys.stdout.isatty(), "\N{middle dot}")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there are no watchers")
def test_the_terminal_that_an_mpi_makes_is_none():
    """Its other end may be a file, and nobody sees a bar there."""
    ours, theirs = os.openpty()
    done = subprocess.run([sys.executable, "-c", ON_A_TERMINAL], stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE, text=True,
                          env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii:replace"})
    os.close(theirs)
    shown = until(None, ours)
    os.close(ours)
    assert (shown, done.stderr, done.returncode) == (b"True False ?\r\n", "", 0)


@pytest.mark.mpi
def test_the_mpiexec_of_another_mpi_is_noticed(instead):
    instead(STRANGE)
    code, _, err = trained("--ranks", 2, "--data", "shapes")
    assert code == 2 and len(err) == 1
    assert "mpiexec started 2 processes, but mpi4py's MPI knows of 1" in err[0]


@pytest.mark.mpi
def test_mpiexec_is_found_beside_python_first(monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin")
    found = Path(sys.modules["npnet.parallel.launcher"].mpiexec("")[0])
    assert found.parent == Path(sys.executable).parent or not (Path(sys.executable).parent / "mpiexec").exists()
    assert found == Path(MPIEXEC) or found.parent == Path("/usr/bin")
