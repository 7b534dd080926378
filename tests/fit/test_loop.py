"""fit: the ready loop and what it leaves in the folder."""
import csv
import errno
import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
from training import PIPELINE, SETTINGS, history, loaders, run, small

import npnet
from npnet import optim
from npnet.data import Loader, Pipeline, dataset
from npnet.fit import answers, fit, score
from npnet.weights import read_checkpoint, trained


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


@pytest.mark.long
@pytest.mark.reference
def test_lenet_learns_handwritten_digits(reference):
    """A tenth of MNIST, once: the whole, five times, is in docs/training.md and takes minutes."""
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
    assert re.fullmatch(r"epoch 1  train loss [\d.]+, [\d.]+ % right  validation [\d.]+, [\d.]+ % right  \d+ s", lines[0])


def test_plain_lines_say_how_much_is_left(capsys, monkeypatch):
    """From the second step on: the first may wait for a compiler."""
    from npnet.screen import progress
    monkeypatch.setattr(progress, "RARELY", 0)
    run(None, 2, quiet=False)

    assert re.search(r"^epoch 1/2   33 %  loss [\d.]+, [\d.]+ % right  \d+ pictures/s  \d+:\d\d left$", capsys.readouterr().out, re.MULTILINE)


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
    assert all(" ".join(remark.split()) in " ".join(said.split()) for remark in done.remarks)
    assert max(map(len, said.splitlines())) < 80                        # as on a terminal, in a file, too


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
