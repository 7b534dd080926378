"""fit: the ready loop, its folder, Ctrl-C, and runs that are killed at any moment and end the same."""
import csv
import errno
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import npnet
from npnet import optim
from npnet.data import Loader, Pictures, Pipeline, dataset
from npnet.fit import answers, fit, score
from npnet.weights import read_checkpoint, trained

PIPELINE = Pipeline(size=8, shorter=8, channels=3, mean=127.0, deviation=60.0, pad=1)


def pictures(count, seed=0):
    """Squares that are brighter at the top, in the middle or at the bottom."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, count)
    images = random.integers(0, 120, (count, 8, 8, 3), np.uint8)
    for image, label in zip(images, labels):
        image[3 * label:3 * label + 2] += 100
    return Pictures(images, labels, ("top", "middle", "bottom"))


def small(seed=0):
    return npnet.Network((3, 8, 8), seed=seed, conv1=npnet.Conv2D(4, 3, pad=1, init="he"), relu1=npnet.ReLU(),
                         pool1=npnet.MaxPool(3, 2, ceil_mode=True), flatten=npnet.Flatten(), drop2=npnet.Dropout(0.2),
                         fc2=npnet.Dense(3, std=0.1))


def loaders(batch=10, train=60, held=20):
    return (Loader(pictures(train), batch, PIPELINE, workers=0),
            Loader(pictures(held, seed=1), batch, PIPELINE, train=False, workers=0))


SETTINGS = {"classes": ["top", "middle", "bottom"], "command": "npnet train"}


def run(out=None, epochs=3, lr=0.02, net=None, optimizer=None, **options):
    training, validation = loaders()
    net = net or small()
    options = {"quiet": True, "settings": SETTINGS, **options}
    return net, fit(net, optimizer or npnet.SGD(lr), training, validation, epochs, out, **options)


def arrays(path):
    """Everything in a checkpoint but the clock's times."""
    with np.load(path) as file:
        kept = {name: file[name].tobytes() for name in file.files if name != "training/about"}
        about = json.loads(str(file["training/about"]))
    for row in [*about["rows"], about["best"] or {}, about["sums"]]:
        row.pop("seconds", None), row.pop("waiting", None)
    return kept, about


def history(folder):
    """history.csv without the clock's times."""
    with open(folder / "history.csv", newline="") as file:
        return [{key: value for key, value in row.items() if key not in ("seconds", "waiting")} for row in csv.DictReader(file)]


def ends_as(folder, other):
    assert arrays(folder / "last.npz") == arrays(other / "last.npz")
    assert arrays(folder / "best.npz") == arrays(other / "best.npz")
    assert history(folder) == history(other)
    assert (folder / "losses.csv").read_text() == (other / "losses.csv").read_text()


# ---------------------------------------------------------------------------- the loop

def test_it_learns_and_keeps_the_run(tmp_path):
    net, done = run(tmp_path / "a", 8)

    assert done.rows[-1]["top1"] > 0.9 and done.rows[0]["train_loss"] > done.rows[-1]["train_loss"]
    assert [row["epoch"] for row in done.rows] == list(range(1, 9)) and [row["steps"] for row in done.rows][:2] == [6, 12]
    assert len(done.losses) == 48 and not done.stopped
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [
        "best.npz", "curves.png", "filters.png", "history.csv", "last.npz", "losses.csv", "losses.png", "pictures.npz", "settings.json"]
    assert json.loads((tmp_path / "a" / "settings.json").read_text()) == SETTINGS
    with open(tmp_path / "a" / "losses.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == done.losses and rows[7]["step"] == "7"


@pytest.mark.reference
def test_lenet_learns_handwritten_digits(reference):
    """A tenth of MNIST, once: the whole, five times, is in the README and takes minutes."""
    mnist = dataset(reference / "mnist")
    train, test = mnist.train.take(range(0, 60000, 10)), mnist.test.take(range(0, 10000, 10))
    net = npnet.model("caffe_lenet")
    pipeline = Pipeline.for_training(train, net.input_shape, pad=0, mirror=False)
    result = fit(net, npnet.SGD(0.02), Loader(train, 32, pipeline), Loader(test, 50, pipeline, train=False), epochs=1, quiet=True)

    assert result.rows[0]["top1"] > 0.9


def test_the_history_is_what_happened(tmp_path):
    """The row of an epoch from train and evaluate alone."""
    from npnet.train import evaluate, train
    done = run(tmp_path, 1)[1]
    net, (training, validation) = small(), loaders()
    steps = list(train(net, npnet.SGD(0.02), training.epoch(0)))
    result = evaluate(net, validation.epoch(0))

    row = done.rows[0]
    assert row["train_loss"] == pytest.approx(np.mean([step.loss for step in steps]))
    assert row["train_top1"] == pytest.approx(np.mean([step.accuracy for step in steps]))
    assert (row["loss"], row["top1"], row["top5"]) == (result.loss, result.top1, result.top5)
    assert history(tmp_path)[0]["loss"] == repr(result.loss)


def test_the_best_one_is_kept(tmp_path):
    """A rate that destroys what was learnt: the best checkpoint is not the last."""
    net, done = run(tmp_path, 6, optimizer=npnet.SGD(lambda_free(), clip=100))
    best = max(done.rows, key=lambda row: (row["top1"], -row["loss"]))

    assert done.best == best and best is not done.rows[-1]
    validation = loaders()[1]
    kept = trained(tmp_path)
    p = answers([(kept.net, PIPELINE)], validation.pictures)
    assert score(p, validation.pictures.labels).top1 == best["top1"]
    assert read_checkpoint(tmp_path / "best.npz").about["rows"][-1]["epoch"] == best["epoch"]


def lambda_free():
    """A rate that is right for 24 steps and then a hundred times as high."""
    return optim.MultiStep(0.02, (24,), factor=100)


def test_validation_that_may_not_choose(tmp_path):
    done = run(tmp_path, 2, chooses=False)[1]

    assert done.rows[0]["top1"] is not None and not (tmp_path / "best.npz").exists()


def test_test_pictures_choose_neither_the_rate_nor_the_end():
    done = run(None, 4, chooses=False)[1]

    assert done.epoch == 4 and done.best is None
    message = "patience and Plateau need validation pictures that may choose; hold some out"
    for options in ({"patience": 1}, {"optimizer": npnet.SGD(optim.Plateau(0.1))},
                    {"optimizer": npnet.SGD(optim.WarmUp(2, optim.Plateau(0.1)))}):
        with pytest.raises(ValueError, match=message):
            run(None, 4, chooses=False, **options)


def test_without_validation_and_without_a_folder():
    training = loaders()[0]
    done = fit(small(), npnet.SGD(0.02), training, epochs=2, quiet=True)

    assert [row["loss"] for row in done.rows] == [None, None] and done.best is None


def test_early_stopping(tmp_path):
    done = run(tmp_path, 50, lr=0.0, patience=2)[1]

    assert done.epoch == 4 and done.stopped == "the error has not improved for 3 epochs"


def test_plateau_lowers_the_rate_and_ends():
    done = run(None, 50, optimizer=npnet.SGD(optim.Plateau(0.0, patience=0, times=2)))[1]

    assert done.epoch == 4 and "after the last drop" in done.stopped
    done = run(None, 9, optimizer=npnet.SGD(optim.Plateau(1e-6, patience=0, times=2)))[1]
    assert len({round(rate, 12) for rate in done.rates}) > 1


def test_limited_batches():
    done = run(None, 2, limit_batches=2)[1]

    assert len(done.losses) == 4 and [row["steps"] for row in done.rows] == [2, 4]


def test_a_folder_with_a_run_is_not_overwritten(tmp_path):
    run(tmp_path, 1)
    before = (tmp_path / "last.npz").read_bytes()

    with pytest.raises(FileExistsError, match="holds a run already; resume it, or choose another folder"):
        run(tmp_path, 1)
    assert (tmp_path / "last.npz").read_bytes() == before


@pytest.mark.parametrize("name", ["best.npz", "settings.json", "history.csv", "report.html"])
def test_files_of_the_user_are_not_written_over(tmp_path, name):
    (tmp_path / name).write_text("mine")

    with pytest.raises(FileExistsError, match=f"has a file {name}, and the run would write over it; choose another folder"):
        run(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name] and (tmp_path / name).read_text() == "mine"


def test_a_read_only_folder_is_noticed_before_training(tmp_path, monkeypatch):
    usual = Path.open

    def refusing(path, mode="r", *more, **options):
        if "x" in mode:
            raise PermissionError(errno.EACCES, "Permission denied")
        return usual(path, mode, *more, **options)
    monkeypatch.setattr(Path, "open", refusing)                 # chmod would not keep root out
    net = small()
    before = net.params()["fc2.w"].copy()

    with pytest.raises(PermissionError, match="last.npz cannot be written: the folder .* refuses new files"):
        run(tmp_path, net=net)
    assert np.array_equal(net.params()["fc2.w"], before)


def test_plain_lines(capsys):
    run(None, 2, quiet=False)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]

    assert len(lines) == 2 and all(len(line) < 80 for line in lines)
    assert re.fullmatch(r"epoch 1  train loss [\d.]+, error +[\d.]+ %  validation [\d.]+, +[\d.]+ %  \d+ s", lines[0])


def test_plain_lines_say_how_much_is_left(capsys, monkeypatch):
    """From the second step on: the first may wait for a compiler."""
    from npnet.screen import progress
    monkeypatch.setattr(progress, "RARELY", 0)
    run(None, 2, quiet=False)

    assert re.search(r"^epoch 1/2   33 %  loss [\d.]+  [\d.]+ %  \d+ pictures/s  \d+:\d\d left$", capsys.readouterr().out, re.MULTILINE)


def test_classes_come_from_the_pictures(tmp_path):
    run(tmp_path, 1, settings=None)

    assert trained(tmp_path).classes == ("top", "middle", "bottom")


def test_memory_is_predicted_before_the_first_step(monkeypatch, capsys):
    from npnet.fit import loop
    monkeypatch.setattr(loop, "memory_sentence", lambda net, batch: f"a step of {batch} pictures needs too much")
    run(None, 1, quiet=False)

    assert capsys.readouterr().out.splitlines()[0] == "a step of 10 pictures needs too much"


def test_the_doctor_is_heard(capsys):
    net = small()
    net.params()["conv1.w"][0, 0, 0, 0] = np.nan
    with np.errstate(all="ignore"):
        done = run(None, 1, net=net, quiet=False)[1]
    said = capsys.readouterr().out

    assert any("conv1" in remark for remark in done.remarks)
    assert all(remark in said for remark in done.remarks)


class Breaking(Loader):
    """A loader whose pictures are infinitely bright from batch `at` on."""

    at, asked = 9, 0

    def prepared(self, number, indices):
        self.asked += 1
        x, labels = super().prepared(number, indices)
        return (x if self.asked < self.at else x + np.float32(np.inf)), labels


def test_a_loss_that_is_no_number_ends_the_run_and_leaves_the_checkpoint(tmp_path):
    npnet.use("numpy")                                          # computes in this thread, where errstate is known
    training, validation = loaders()
    with np.errstate(all="ignore"):
        done = fit(small(), npnet.SGD(0.02), Breaking(training.pictures, 10, PIPELINE, workers=0), validation, 5, tmp_path, quiet=True)

    assert done.failed and done.stopped == "the loss is nan; the last checkpoint is from before" and done.epoch == 1
    assert len(done.losses) == 9
    kept = trained(tmp_path / "last.npz").net.params()
    assert all(np.isfinite(w).all() for w in kept.values()) and len(read_checkpoint(tmp_path / "last.npz").losses) == 6


def test_a_validation_loss_that_is_no_number(tmp_path):
    npnet.use("numpy")
    training, validation = loaders()
    breaking = Breaking(validation.pictures, 10, PIPELINE, train=False, workers=0)
    breaking.at = 3
    with np.errstate(all="ignore"):
        done = fit(small(), npnet.SGD(0.02), training, breaking, 5, tmp_path, quiet=True)

    assert done.failed and "the validation loss is nan" in done.stopped and len(history(tmp_path)) == 2
    assert read_checkpoint(tmp_path / "best.npz").about["best"]["epoch"] == 1


@pytest.mark.parametrize("at, save_every", [(11, 300), (8, 0)])
def test_weights_that_are_no_numbers_are_not_saved(tmp_path, at, save_every):
    """The loss of a step may be finite, and its update break the weights: before the epoch ends, or in its midst."""
    npnet.use("numpy")
    with np.errstate(all="ignore"):
        done = run(tmp_path, 5, optimizer=npnet.SGD(optim.MultiStep(0.02, (at,), factor=1e42)), save_every=save_every)[1]
    kept = read_checkpoint(tmp_path / "last.npz")

    assert done.failed and "holds NaN or infinity after the last step; the last checkpoint is from before" in done.stopped
    assert len(done.losses) == at + 1 and len(kept.losses) == (6 if save_every else at)
    assert all(np.isfinite(w).all() for w in kept.arrays.values())


class Slow(Loader):
    """A loader that takes longer than the steps."""

    def prepared(self, number, indices):
        time.sleep(0.3)
        return super().prepared(number, indices)


def test_waiting_for_pictures_is_measured_and_said():
    training = loaders()[0]
    slow = fit(small(), npnet.SGD(0.02), Slow(training.pictures, 10, PIPELINE, workers=0), epochs=1, quiet=True)
    quick = fit(small(), npnet.SGD(0.02), training, epochs=1, quiet=True)

    assert 1.8 < slow.rows[0]["waiting"] <= slow.rows[0]["seconds"]
    assert any(re.search(r"the steps waited [12] of \d+ s for pictures", remark) for remark in slow.remarks)
    assert not any("waited" in remark for remark in quick.remarks)


# ---------------------------------------------------------------------------- resuming

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

    assert "the run will not go on bit for bit as it would have: backend numpy then, loops now" in capsys.readouterr().out


def test_other_threads_are_said(tmp_path, capsys, monkeypatch):
    from npnet.fit import folder
    run(tmp_path, 1)
    monkeypatch.setattr(folder, "threads", lambda: 77)
    run(tmp_path, 1, resume=True, quiet=False)

    assert "77 now" in capsys.readouterr().out


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
sys.path.insert(0, {tests!r})
import npnet
npnet.use("numpy")
import numpy as np
import test_fit
from pathlib import Path

folder, kills = Path({folder!r}), 0
last, random = folder / "last.npz", np.random.default_rng(7)

def written():
    return last.stat().st_mtime_ns if last.exists() else 0

while True:
    before = written()
    child = os.fork()
    if not child:
        test_fit.run(folder, 6, resume=last.exists(), save_every=0)
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork, which this system does not have")
def test_killed_at_any_moment_it_ends_the_same(tmp_path):
    """kill -9, many times, with a checkpoint after every step, so that many fall into the writing."""
    npnet.use("numpy")
    run(tmp_path / "whole", 6, save_every=0)
    script = KILLED.format(tests=os.path.dirname(__file__), folder=str(tmp_path / "parts"))
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
