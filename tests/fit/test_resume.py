"""Runs that are interrupted or killed at any moment go on and end the same."""
import os
import shlex
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from training import PIPELINE, SETTINGS, arrays, ends_as, history, loaders, run, small

import npnet
from npnet import optim
from npnet.data import Loader, Pipeline
from npnet.fit import fit
from npnet.weights import read_checkpoint, trained


@pytest.mark.parametrize("schedule", [lambda: optim.Cosine(0.02, 24), lambda: optim.Plateau(0.02, patience=0)])
def test_resumed_after_an_epoch_it_ends_the_same(tmp_path, schedule):
    run(tmp_path / "whole", 4, optimizer=npnet.SGD(schedule()))
    run(tmp_path / "parts", 1, optimizer=npnet.SGD(schedule()))
    run(tmp_path / "parts", 3, resume=True)
    run(tmp_path / "parts", 4, resume=True, lr=17)              # what was given anew does not count

    ends_as(tmp_path / "parts", tmp_path / "whole")


def test_nothing_is_left_to_do(tmp_path):
    run(tmp_path, 2)
    before = arrays(tmp_path / "last.npz")
    net, done = run(tmp_path, 2, resume=True)

    assert done.epoch == 2 and arrays(tmp_path / "last.npz") == before
    assert np.array_equal(net.params()["fc2.w"], trained(tmp_path / "last.npz").net.params()["fc2.w"])


def test_resuming_what_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file .*last.npz"):
        run(tmp_path, resume=True)
    with pytest.raises(ValueError, match="resume needs out, the folder of the run"):
        run(None, resume=True)


def test_resuming_with_another_network(tmp_path):
    run(tmp_path, 1)

    with pytest.raises(ValueError, match="was saved from a network with other layers"):
        run(tmp_path, 2, resume=True, net=npnet.without(small(), "drop2"))


def test_resuming_with_other_pictures_or_another_batch(tmp_path):
    run(tmp_path, 1)
    training, validation = loaders()
    for other, odd in [(Loader(training.pictures, 4, PIPELINE), "another batch, seed .*batch 10 then, 4 now"),
                       (Loader(training.pictures, 10, PIPELINE, seed=9), "another batch, seed .*seed 0 then, 9 now"),
                       (Loader(training.pictures.take(range(59)), 10, PIPELINE), "other pictures: .*is missing"),
                       (Loader(training.pictures.take(range(59, -1, -1)), 10, PIPELINE), "other pictures: .* in another order")]:
        with pytest.raises(ValueError, match=f"last.npz cannot go on with {odd}"):
            fit(small(), npnet.SGD(0.02), other, validation, 2, tmp_path, resume=True, quiet=True)


def test_resuming_with_pictures_that_are_prepared_otherwise(tmp_path):
    run(tmp_path, 1)
    training, validation = loaders()
    other = Loader(training.pictures, 10, Pipeline(size=8, shorter=8, channels=3, mean=120.0, deviation=60.0, pad=1))

    with pytest.raises(ValueError, match="last.npz cannot go on with pictures that are prepared in another way"):
        fit(small(), npnet.SGD(0.02), other, validation, 2, tmp_path, resume=True, quiet=True)


def test_resuming_in_an_epoch_that_was_to_be_shorter(tmp_path, capsys):
    """Five steps are done, and now an epoch shall have but two: it ends at once."""
    with pytest.raises(ZeroDivisionError):
        run(tmp_path, 2, save_every=0, optimizer=Stumbling(0.02))
    done = run(tmp_path, 2, resume=True, limit_batches=2)[1]

    assert [row["steps"] for row in done.rows] == [5, 7]


class Stumbling(npnet.SGD):
    """An optimizer that fails in its sixth step."""

    def update(self, params, grads):
        if self.steps == 5:
            raise ZeroDivisionError
        super().update(params, grads)


def test_the_checkpoint_of_no_run(tmp_path):
    from npnet.weights import save_checkpoint
    save_checkpoint(tmp_path / "last.npz", small(), npnet.SGD(), PIPELINE)

    with pytest.raises(ValueError, match="last.npz is the checkpoint of no run of npnet.fit; begin a new one"):
        run(tmp_path, resume=True)


def test_what_a_killed_writing_left_is_removed(tmp_path):
    run(tmp_path, 1)
    (tmp_path / ".writing-0123.npz").write_bytes(b"half")
    run(tmp_path, 2, resume=True)

    assert not list(tmp_path.glob(".writing-*"))


def test_settings_given_anew_are_kept(tmp_path):
    run(tmp_path, 1, settings={**SETTINGS, "epochs": 1})
    run(tmp_path, 2, resume=True, settings={**SETTINGS, "epochs": 2})

    assert read_checkpoint(tmp_path / "last.npz").about["settings"]["epochs"] == 2


def test_a_run_that_ended_early_says_so(tmp_path, capsys):
    run(tmp_path, 50, lr=0.0, patience=1)
    done = run(tmp_path, 50, lr=0.0, patience=1, resume=True, quiet=False)[1]

    assert done.epoch == 3 and "the run has ended: the error has not improved for 2 epochs" in capsys.readouterr().out


class Damaged(Loader):
    """A loader that meets a picture that cannot be read."""

    def prepared(self, number, indices):
        raise ValueError("a damaged picture")


def test_an_evaluation_that_fails_loses_nothing(tmp_path):
    run(tmp_path / "whole", 2)
    training, validation = loaders()
    with pytest.raises(ValueError, match="a damaged picture"):
        fit(small(), npnet.SGD(0.02), training, Damaged(validation.pictures, 10, PIPELINE, train=False, workers=0), 2, tmp_path / "parts",
            quiet=True, settings=SETTINGS)
    assert len(read_checkpoint(tmp_path / "parts" / "last.npz").losses) == 6
    run(tmp_path / "parts", 2, resume=True)
    ends_as(tmp_path / "parts", tmp_path / "whole")


def test_another_backend_is_said(tmp_path, capsys):
    npnet.use("numpy")
    run(tmp_path, 1)
    npnet.use("loops")
    run(tmp_path, 1, resume=True, quiet=False)

    said = " ".join(capsys.readouterr().out.split())
    assert "the run will not go on bit for bit as it would have: backend numpy then, loops now" in said


def test_other_threads_are_said(tmp_path, capsys, monkeypatch):
    from npnet.fit import folder
    run(tmp_path, 1)
    monkeypatch.setattr(folder, "threads", lambda: 77)
    run(tmp_path, 1, resume=True, quiet=False)

    assert "77 now" in " ".join(capsys.readouterr().out.split())


class Pressing(Loader):
    """A loader during whose batch number `at` somebody presses Ctrl-C."""

    at = 4

    def prepared(self, number, indices):
        self.asked = getattr(self, "asked", 0) + 1
        if self.asked == self.at:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
        return super().prepared(number, indices)


@pytest.mark.parametrize("at", [4, 6, 9], ids=["in an epoch", "at its end", "in the second"])
def test_ctrl_c_finishes_the_step_saves_and_says_how_to_go_on(tmp_path, capsys, at):
    run(tmp_path / "whole")
    training, validation = loaders()
    pressed = Pressing(training.pictures, 10, PIPELINE, workers=0)
    pressed.at = at
    done = fit(small(), npnet.SGD(0.02), pressed, validation, 3, tmp_path / "parts",
               settings=SETTINGS)
    said = capsys.readouterr().out

    assert done.stopped == "interrupted" and len(done.losses) == at
    assert f"saved. Go on with: npnet train --resume {shlex.quote(str(tmp_path / 'parts'))}" in said
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    run(tmp_path / "parts", resume=True)
    ends_as(tmp_path / "parts", tmp_path / "whole")


def test_outside_the_main_thread_it_runs_too():
    rows = []
    thread = threading.Thread(target=lambda: rows.extend(run(None, 1)[1].rows))
    thread.start()
    thread.join()

    assert len(rows) == 1


KILLED = """
import os, signal, sys, time
sys.path[:0] = {tests}
import npnet
npnet.use("numpy")
import numpy as np
import training
from pathlib import Path

folder, kills = Path({folder!r}), 0
last, random = folder / "last.npz", np.random.default_rng(7)

def written():
    return last.stat().st_mtime_ns if last.exists() else 0

while True:
    before = written()
    child = os.fork()
    if not child:
        training.run(folder, 6, resume=last.exists(), save_every=0)
        os._exit(0)
    alive = True
    while kills % 2 and alive and written() == before:          # every other one gets as far as a checkpoint
        alive = os.waitpid(child, os.WNOHANG) == (0, 0)
    deadline = time.monotonic() + random.uniform(0, 0.02 + kills / 500)      # longer and longer, so that it ends
    while time.monotonic() < deadline and alive:
        alive = os.waitpid(child, os.WNOHANG) == (0, 0)
    if not alive:
        break
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    kills += 1
print(kills)
"""


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, which this system does not have")
def test_killed_at_any_moment_it_ends_the_same(tmp_path):
    """kill -9, many times, with a checkpoint after every step, so that many fall into the writing."""
    npnet.use("numpy")
    run(tmp_path / "whole", 6, save_every=0)
    script = KILLED.format(tests=[os.path.dirname(__file__), os.path.dirname(os.path.dirname(__file__))], folder=str(tmp_path / "parts"))
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True,
                          env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})

    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[-1]) >= 20
    same_but_threads(tmp_path / "parts", tmp_path / "whole")


def same_but_threads(folder, other):
    """ends_as, but for the number of BLAS's threads and what was said about it; products this small use one."""
    pairs = [(arrays(folder / name), arrays(other / name)) for name in ("last.npz", "best.npz")]
    for (ours, about), (theirs, their_about) in pairs:
        assert ours == theirs
        for key in ("rows", "doctor", "best", "waited", "remarks", "optimizer", "pipeline", "settings", "loader"):
            assert about[key] == their_about[key]
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in other.iterdir())
    assert history(folder) == history(other)
    assert (folder / "losses.csv").read_text() == (other / "losses.csv").read_text()
