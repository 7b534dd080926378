"""npnet train, as it is typed."""
import json
import os
import re
import shlex
import shutil
import signal
from dataclasses import fields

import numpy as np
import pytest
from colours import COLOURS, QUICK, coloured, train
from PIL import Image

from npnet import backend
from npnet.cli import main
from npnet.fit import Recipe, Run
from npnet.fit.doctor import KINDS
from npnet.fit.pictures import cut
from npnet.fit.report import write_report
from npnet.weights import read_checkpoint, trained
from npnet.weights.checkpoint import schedule_data

pytestmark = pytest.mark.usefixtures("here")


# ---------------------------------------------------------------------------- train

def test_a_run_from_its_data_to_its_report(pack, capsys, tmp_path):
    assert train(pack, "--epochs", "6", "--out", "runs/a", "--augment", "no") == 0
    said = capsys.readouterr().out

    assert "colours: 41 to train, 4 for validation, 15 to test; 3 classes" in said
    assert len(re.findall(r"^epoch \d  train loss .* validation .* s$", said, re.MULTILINE)) == 6
    assert re.search(r"^best.npz: [\d.]+ % of 15 test pictures right \(only 15 pictures: one is 6.7 %\)$", said, re.MULTILINE)
    assert "6 epochs of 5 steps of 9 pictures; rate 0.05, falling to 0 along a cosine over 30 steps; momentum 0.9" in " ".join(said.split())
    assert {path.name for path in (tmp_path / "runs" / "a").iterdir()} >= {
        "best.npz", "last.npz", "history.csv", "losses.csv", "settings.json", "curves.png", "filters.png",
        "confusion.png", "report.html"}


def test_the_report_shows_the_run_and_needs_no_other_file(pack, tmp_path):
    train(pack, "--epochs", "1", "--out", "a&b")
    page = (tmp_path / "a&b" / "report.html").read_text()
    assert "<td>seed</td><td>0</td>" in page and "<td>clip</td>" not in page

    assert "<h1>a&amp;b</h1>" in page and "--net caffe_lenet" in page and "conv1" in page
    assert page.count("data:image/png;base64,") >= 3 and not re.search(r'(src|href)="(?!data:)', page)
    assert "of 15 test pictures right; loss" in re.sub("<[^>]+>", "", page)
    assert "<th>train right</th>" in page and "best five" not in page                   # of three classes


def test_the_same_command_makes_the_same_network(pack, tmp_path):
    train(pack, "--epochs", "1", "--out", "a")
    settings = json.loads((tmp_path / "a" / "settings.json").read_text())
    assert main([*shlex.split(settings["command"])[1:], "--out", "b"]) == 0

    one, other = (read_checkpoint(tmp_path / name / "last.npz") for name in "ab")
    assert one.losses.tolist() == other.losses.tolist() and len(one.losses) == 5
    assert all(np.array_equal(v, other.velocity[name]) for name, v in one.velocity.items())


def test_classes_and_channels_follow_the_data(pack, tmp_path):
    train(pack, "--epochs", "1", "--limit-batches", "1", "--out", "a")
    one = trained("a")

    assert one.classes == tuple(COLOURS) and one.net.shapes["ip2"] == (3,)
    assert one.pipeline.channels == 1 and not one.pipeline.mirror


def test_grey_pictures_are_not_mirrored_whatever_the_network(tmp_path):
    """Digits, most of them; their left and right mean something."""
    np.savez("grey.npz", x=np.random.default_rng(0).integers(0, 256, (30, 12, 12), np.uint8), y=np.arange(30) % 3)
    assert train("grey.npz", "--net", "cifar_four_layer", "--epochs", "1", "--limit-batches", "1", "--out", "a") == 0

    assert trained("a").pipeline.channels == 3 and not trained("a").pipeline.mirror
    assert train("grey.npz", "--epochs", "1", "--limit-batches", "1", "--augment", "yes", "--out", "b") == 0
    assert trained("b").pipeline.mirror


def test_resuming_by_the_command(pack, capsys, tmp_path):
    words = ["--schedule", "step", "--every", "1"]
    train(pack, "--epochs", "3", "--out", "whole", *words)
    train(pack, "--epochs", "1", "--out", "parts", *words)
    assert main(["train", "--resume", "parts", "--epochs", "3"]) == 0

    settings = (tmp_path / "whole" / "settings.json").read_text()
    assert main(["train", "--resume", "whole"]) == 0
    assert (tmp_path / "whole" / "settings.json").read_text() == settings

    whole, parts = (read_checkpoint(tmp_path / name / "last.npz") for name in ("whole", "parts"))
    assert whole.losses.tolist() == parts.losses.tolist()
    assert all(np.array_equal(v, parts.velocity[name]) for name, v in whole.velocity.items())


@pytest.mark.parametrize("words, message", [
    (["--resume", "nowhere"], "nowhere holds no run that could go on"),
    (["--resume", "a", "--lr", "3"], "a run goes on with its own settings; leave --lr out, or begin a new run"),
    (["--resume", "a", "--out", "b"], "a run goes on with its own settings; leave --out out"),
    (["--resume", "a", "--epochs", "9"], "--epochs must stay 1, where the cosine of this run ends, got 9; begin a new run"),
    (["--data", "nothing"], "there is no data set 'nothing'"),
    (["--data", "cifr10"], "did you mean cifar10"),
    (["--validation", "45"], "--validation must leave some of the 45 training pictures, got 45"),
    (["--epochs", "x"], "argument --epochs: invalid int value: 'x'"),
    (["--schedule", "multistep", "--at", "0.001"], "--at must lie at least a step after the warm-up, got 0.001 with a warm-up of 0"),
    (["--schedule", "multistep", "--at", "9", "2", "--warm-up", "3", "--epochs", "10"], "got 2 with a warm-up of 3"),
    (["--resume", "a", "--overfit-one-batch"], "leave --overfit-one-batch out"),
])
def test_what_cannot_be_is_one_line(pack, begun, words, message, capsys):
    shutil.copytree(begun, "a")
    words = words if "--resume" in words else ["--data", str(pack), *QUICK, "--epochs", "1", *words]

    assert main(["train", *words]) == 2
    error = [line for line in capsys.readouterr().err.splitlines() if line.startswith("npnet: ")]
    assert len(error) == 1 and message in error[0]


def test_a_run_is_not_overwritten_and_folders_are_numbered(pack, capsys, tmp_path):
    for _ in range(2):
        assert train(pack, "--epochs", "1", "--limit-batches", "1") == 0
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["colours-caffe_lenet", "colours-caffe_lenet-2"]
    assert train(pack, "--epochs", "1", "--out", "runs/colours-caffe_lenet") == 2
    assert "holds a run already" in capsys.readouterr().err


@pytest.mark.parametrize("out, file, target", [("a", "a", "a/last.npz"), ("a/run", "a", "a/run"), (None, "runs", "runs/last.npz")])
def test_a_folder_that_cannot_be_made_is_said_before_the_pictures_are_read(pack, capsys, tmp_path, monkeypatch, out, file, target):
    (tmp_path / file).write_text("mine")
    monkeypatch.setattr(Recipe, "parts", None)                      # called, it would fail
    assert train(pack, "--epochs", "1", *(["--out", out] if out else [])) == 2

    assert f"{tmp_path / target} cannot be written: part of {tmp_path / file} is a file, not a folder" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [file] and (tmp_path / file).read_text() == "mine"


def test_trying_a_folder_leaves_it_as_it_was(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(Recipe, "parts", None)
    (tmp_path / "mine").mkdir()
    for out in ("mine", "other"):
        with pytest.raises(TypeError):
            Recipe(str(pack), "caffe_lenet").train(out)

    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_without_validation_the_test_pictures_choose_nothing(pack, capsys, tmp_path):
    train(pack, "--epochs", "1", "--validation", "0", "--out", "a")

    assert "45 to train, 15 to test" in (said := capsys.readouterr().out) and "  test " in said
    assert not (tmp_path / "a" / "best.npz").exists() and "last.npz: " in said


def test_the_filters_that_are_drawn_are_the_first_even_if_frozen(pack, tmp_path):
    from npnet.fit.folder import first_filters
    train(pack, "--epochs", "1", "--limit-batches", "1", "--out", "a", "--freeze", "conv1")

    assert first_filters(trained("a").net)[0] == "conv1"


@pytest.mark.long
def test_beginning_with_other_weights_and_freezing(pack, capsys, tmp_path):
    train(pack, "--epochs", "1", "--out", "a")
    train(pack, "--epochs", "1", "--out", "b", "--weights", "a", "--freeze", "conv1", "conv2")

    assert f"8 of 8 arrays from {tmp_path / 'a'}: conv1.w" in capsys.readouterr().out
    trained("a").net.save("alone.npz")
    assert train(pack, "--epochs", "1", "--limit-batches", "1", "--out", "c", "--weights", "alone.npz") == 0
    assert main(["evaluate", "alone.npz"]) == 2
    assert "alone.npz does not say what it was trained on; give --data" in capsys.readouterr().err     # caffe_lenet's pictures
    one, other = trained("a").net, trained("b").net
    assert np.array_equal(one.params()["conv1.w"], other.state()["conv1.w"]) and "conv1.w" not in other.params()
    assert not np.array_equal(one.params()["ip2.w"], other.params()["ip2.w"])


def test_overfitting_one_batch(pack, capsys):
    assert train(pack, "--overfit-one-batch", "--augment", "no") == 0
    assert "can learn this batch" in capsys.readouterr().out
    assert train(pack, "--overfit-one-batch", "--lr", "0") == 1


AT_ONCE = [                     # what is refused before any picture is read
    (["--net", "alexnet"], "--net: no network is called 'alexnet'; did you mean krizhevsky2012 or caffe or torchvision? "),
    (["--lr", "-1"], "--lr must be a number of at least 0, got -1.0"),
    (["--lr", "nan"], "--lr must be a number of at least 0, got nan"),
    (["--momentum", "2"], "--momentum must be a number of at least 0 and below 1, got 2.0"),
    (["--dropout", "1.5"], "--dropout must be a number of at least 0 and below 1, got 1.5"),
    (["--batch", "0"], "--batch must be a whole number of at least 1, got 0"),
    (["--size", "0"], "--size must be a whole number of at least 1, got 0"),
    (["--size", "5", "--net", "krizhevsky2012"], "--size 5 does not fit krizhevsky2012: conv1: "),
    (["--shorter", "20"], "--shorter must be at least 28, the side of the input, and at most 280, got 20"),
    (["--colour", "paper"], "--colour needs a network that sees colours, but caffe_lenet reads grey pictures"),
    (["--workers", "-1"], "--workers must be a whole number of at least 0, got -1"),
    (["--clip", "0"], "--clip must be a number above 0, got 0.0"),
    (["--weight-decay", "-1"], "--weight-decay must be a number of at least 0, got -1.0"),
    (["--freeze", "conv9"], "--freeze names conv9, but caffe_lenet has conv1, pool1, conv2, "),
    (["--freeze", "conv1", "conv2", "ip1", "ip2"], "--freeze leaves no layer of caffe_lenet to train"),
    (["--schedule", "multistep"], "--at is missing: the epochs at which the rate of a multistep schedule drops"),
    (["--every", "0"], "--every must be a number above 0, got 0.0"),
    (["--warm-up", "-1"], "--warm-up must be a number of at least 0, got -1.0"),
    (["--warm-up", "3"], "--warm-up must end before the run does, got 3 epochs of 3"),
    (["--save-every", "-5"], "--save-every must be a number above 0, got -5.0"),
    (["--early-stopping", "-1"], "--early-stopping must be a whole number of at least 1, got -1"),
    (["--epochs", "0"], "--epochs must be a whole number of at least 1, got 0"),
    (["--limit-batches", "0"], "--limit-batches must be a whole number of at least 1, got 0"),
    (["--validation", "-1"], "--validation must be a whole number of at least 0, got -1"),
    (["--validation", "0", "--schedule", "plateau"], "--validation is 0, but a plateau schedule and early stopping need pictures that are held out"),
    (["--weights", "nowhere"], "there is no file nowhere, and npnet ships no network of that name"),
]


@pytest.mark.parametrize("words, message", AT_ONCE)
def test_refused_before_pictures_are_read(words, message, capsys, monkeypatch):
    monkeypatch.setattr("npnet.fit.pictures.dataset", lambda *given, **more: pytest.fail("pictures were read"))
    assert main(["train", "--net", "caffe_lenet", *words]) == 2
    error, = capsys.readouterr().err.splitlines()
    assert error.startswith("npnet: ") and message in error


SCHEDULES = [                   # what is typed, and the schedule for 3 epochs of 2 steps
    (["constant"], {"kind": "Constant", "lr": 0.05}),
    (["step", "--every", "2", "--factor", "0.5"], {"kind": "StepDecay", "lr": 0.05, "every": 4, "factor": 0.5}),
    (["multistep", "--at", "1", "2.5"], {"kind": "MultiStep", "lr": 0.05, "at": (2, 5), "factor": 0.1}),
    (["polynomial", "--power", "2"], {"kind": "Polynomial", "lr": 0.05, "steps": 6, "power": 2.0}),
    (["cosine"], {"kind": "Cosine", "lr": 0.05, "steps": 6, "lowest": 0.0}),
    (["plateau", "--patience", "7", "--times", "4", "--factor", "0.2"], {"kind": "Plateau", "lr": 0.05, "patience": 7, "times": 4, "factor": 0.2}),
]


@pytest.mark.parametrize("words, expected", SCHEDULES, ids=[words[0] for words, _ in SCHEDULES])
def test_every_schedule_by_name(words, expected, monkeypatch):
    """Typed, and made for epochs of two steps."""
    made = []
    monkeypatch.setattr(Recipe, "train", lambda recipe, out, resume, team: made.append(recipe) or Run())
    assert train("pack.npz", "--epochs", "3", "--schedule", *words) == 0
    kept = schedule_data(made[0].optimizer(2).schedule)

    assert {name: kept[name] for name in expected} == expected


def test_drops_are_counted_from_the_first_step_with_a_warm_up_too(pack, tmp_path):
    train(pack, "--epochs", "4", "--limit-batches", "2", "--out", "a", "--lr", "0.1", "--schedule", "multistep", "--at", "3",
          "--warm-up", "1")

    assert np.allclose(read_checkpoint(tmp_path / "a" / "last.npz").rates, [0.05, 0.1] + 4 * [0.1] + 2 * [0.01])


def test_warming_up(pack, tmp_path):
    train(pack, "--epochs", "3", "--limit-batches", "2", "--out", "a", "--warm-up", "1")
    checkpoint = read_checkpoint(tmp_path / "a" / "last.npz")

    assert checkpoint.about["optimizer"]["schedule"] == {
        "kind": "WarmUp", "steps": 2, "then": {"kind": "Cosine", "lr": 0.05, "steps": 4, "lowest": 0.0}}
    assert checkpoint.rates[:3] == pytest.approx([0.025, 0.05, 0.05])


ARRIVED = {                     # an option: what is typed, and where it can be seen
    "momentum": ("0.5", lambda about, net, pipeline: about["optimizer"]["momentum"] == 0.5),
    "weight-decay": ("0.01", lambda about, net, pipeline: about["optimizer"]["weight_decay"] == 0.01),
    "bias-lr": ("2", lambda about, net, pipeline: about["optimizer"]["bias_lr"] == 2),
    "form": ("torch", lambda about, net, pipeline: about["optimizer"]["form"] == "torch"),
    "clip": ("3", lambda about, net, pipeline: about["optimizer"]["clip"] == 3),
    "lr": ("0.25", lambda about, net, pipeline: about["rows"][0]["lr"] == 0.25),
    "seed": ("9", lambda about, net, pipeline: net.seed == 9 and about["loader"]["seed"] == 9),
    "init": ("he", lambda about, net, pipeline: net["conv1"].init == "he"),
    "size": ("20", lambda about, net, pipeline: net.input_shape == (1, 20, 20)),
    "net": ("lenet5", lambda about, net, pipeline: "tanh1" in net.layers),
    "batch": ("5", lambda about, net, pipeline: about["loader"]["batch"] == 5),
    "epochs": ("2", lambda about, net, pipeline: len(about["rows"]) == 2),
    "validation": ("11", lambda about, net, pipeline: about["loader"]["pictures"] == 34),
    "normalise": ("none", lambda about, net, pipeline: pipeline.scale == "0-1"),
    "shorter": ("22", lambda about, net, pipeline: pipeline.shorter == 22),
    "augment": ("no", lambda about, net, pipeline: pipeline.pad == 0 and not pipeline.crop),
    "early-stopping": ("4", lambda about, net, pipeline: about["settings"]["early_stopping"] == 4),
    "limit-batches": ("1", lambda about, net, pipeline: about["rows"][-1]["steps"] == 2),
    "save-every": ("7", lambda about, net, pipeline: about["settings"]["save_every"] == 7),
    "shards": ("3", lambda about, net, pipeline: about["settings"]["shards"] == 3),
    "workers": ("1", lambda about, net, pipeline: about["settings"]["workers"] == 1),
}
ELSEWHERE = {"data", "weights", "freeze", "schedule", "every", "at", "factor", "power", "patience", "times", "warm-up", "skip-damaged",
             "dropout", "colour", "grey", "no-probe"}        # each has a test of its own


def test_every_option_has_a_test():
    assert {one.name.replace("_", "-") for one in fields(Recipe)} == set(ARRIVED) | ELSEWHERE


@pytest.mark.parametrize("words, wanted", [([], True), (["--no-probe"], False)])
def test_no_probe_reaches_the_doctor(pack, tmp_path, monkeypatch, words, wanted):
    from npnet.fit import loop
    given = []

    class Noted(loop.Doctor):
        def __init__(self, net, classes, probe=True):
            given.append(probe)
            super().__init__(net, classes, probe)
    monkeypatch.setattr(loop, "Doctor", Noted)
    assert main(["train", "--backend", "numpy", "--data", str(pack), "--net", ARRIVED["net"][0], "--epochs", "1",
                 "--limit-batches", "1", "--batch", "4", *words, "--out", str(tmp_path / "a")]) == 0
    assert given == [wanted]


@pytest.fixture(scope="module")
def arrived(pack, tmp_path_factory):
    """The checkpoint of one run with all of these options."""
    folder, before = tmp_path_factory.mktemp("options") / "a", dict(vars(backend.ops))
    words = [word for option, (value, _) in ARRIVED.items() for word in (f"--{option}", value)]
    assert main(["train", "--backend", "numpy", "--data", str(pack), *words, "--out", str(folder)]) == 0
    vars(backend.ops).clear()
    vars(backend.ops).update(before)
    return read_checkpoint(folder / "last.npz")


@pytest.mark.parametrize("option", sorted(ARRIVED))
def test_every_hyperparameter_arrives(arrived, option):
    assert ARRIVED[option][1](arrived.about, arrived.network(), arrived.pipeline())


def test_dropout_and_colours_arrive(pack, tmp_path):
    assert train(pack, "--net", "cifar_alexnet", "--size", "16", "--dropout", "0.125", "--colour", "paper", "--epochs", "1",
                 "--limit-batches", "1", "--out", "a") == 0
    one = trained("a")

    assert one.net["drop6"].p_drop == 0.125 and one.pipeline.colour == "paper" and one.pipeline.vectors.shape == (3, 3)


def test_damaged_pictures_are_named_and_skipped_by_a_flag(tmp_path, capsys):
    coloured(tmp_path / "set", train=4, test=2)
    bad = tmp_path / "set" / "train" / "green" / "2.png"
    bad.write_bytes(bad.read_bytes()[:60])

    assert train("set", "--epochs", "1", "--validation", "1") == 2
    complaint = capsys.readouterr().err
    assert "green/2.png" in complaint and "--skip-damaged leaves such pictures out" in complaint
    assert train("set", "--epochs", "1", "--validation", "1", "--skip-damaged", "--out", "a") == 0
    said = capsys.readouterr().out
    assert "green/2.png" in said and "10 to train, 1 for validation, 6 to test" in said


def test_a_set_without_test_pictures_holds_a_fifth_out(tmp_path, capsys):
    coloured(tmp_path, set=10)

    assert train("set", "--epochs", "1", "--validation", "3", "--out", "a") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "21 to train, 3 for validation, 6 to test (a fifth of the whole, as the set has no part to test on)" in said
    assert main(["evaluate", "a", "--workers", "0"]) == 0
    assert "a on 6 pictures of set; 24 others were seen in training" in capsys.readouterr().out


def test_too_few_pictures_to_hold_any_out(tmp_path, capsys):
    coloured(tmp_path, set=1)

    assert train("set", "--epochs", "1") == 2
    assert "set has no pictures to test on, and 3 in all are too few to hold a fifth out" in capsys.readouterr().err


@pytest.mark.long
def test_no_seed_tests_on_what_another_has_seen(tmp_path, capsys):
    """Of a set without test pictures the same fifth is held out, whatever the seed: or an ensemble would leak."""
    from npnet.data import arrays
    images = np.random.default_rng(0).integers(0, 256, (50, 12, 12, 3), np.uint8)
    np.savez("set.npz", x=images, y=np.arange(50) % 3)
    tested = cut(arrays((images, np.arange(50) % 3)))[1]
    for seed in ("0", "5"):
        train("set.npz", "--epochs", "1", "--limit-batches", "1", "--seed", seed, "--out", seed)
    assert main(["evaluate", "0", "5", "--workers", "0", "--json"]) == 0

    tests = {picture.tobytes() for picture in tested.images}
    assert len(tests) == 10 and "on 10 pictures" not in capsys.readouterr().err
    for seed in (0, 5):
        _, training, validation, test = Recipe(data="set.npz", seed=seed).parts()
        assert {picture.tobytes() for picture in test.images} == tests
        assert not tests & {picture.tobytes() for part in (training, validation) for picture in part.images}
    assert main(["evaluate", "0", "--workers", "0"]) == 0
    assert "on 10 pictures of set; 40 others were seen in training" in capsys.readouterr().out
    np.savez("other.npz", x=255 - images[:30], y=np.arange(30) % 3)
    assert main(["evaluate", "0", "--workers", "0", "--data", "other.npz"]) == 0
    assert "on 30 pictures of other\n" in capsys.readouterr().out                       # none of which it has seen


@pytest.mark.long
def test_a_run_goes_on_from_another_folder_and_without_the_weights_it_began_with(pack, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(pack.parent)
    train("colours.npz", "--epochs", "1", "--out", str(tmp_path / "a"), "--schedule", "constant")
    train("colours.npz", "--epochs", "1", "--out", str(tmp_path / "b"), "--schedule", "constant", "--weights", str(tmp_path / "a"))
    monkeypatch.chdir(tmp_path)
    shutil.rmtree("a")

    assert main(["train", "--resume", "b", "--epochs", "2"]) == 0
    settings = json.loads((tmp_path / "b" / "settings.json").read_text())
    assert settings["epochs"] == 2 and settings["weights"] == str(tmp_path / "a")
    assert main(["evaluate", "b"]) == 0


@pytest.mark.long
def test_a_run_goes_on_after_its_folder_was_moved(here, capsys):
    """To the same losses; but not with pictures that are others."""
    coloured(here, set=6)
    for name in ("whole", "parts"):
        train("set", "--epochs", "2" if name == "whole" else "1", "--schedule", "constant", "--out", name)
    shutil.move("set", "moved")

    assert main(["train", "--resume", "parts", "--epochs", "2"]) == 2
    assert f"parts was trained on {here / 'set'}, which is not there; if it was moved, give its new place with --data" in capsys.readouterr().err
    shutil.copytree("moved", "other")
    (here / "other" / "red").rename(here / "other" / "scarlet")
    assert main(["train", "--resume", "parts", "--epochs", "2", "--data", "other"]) == 2
    assert "class red is called scarlet now" in capsys.readouterr().err
    assert main(["train", "--resume", "parts", "--epochs", "2", "--data", "moved"]) == 0
    one, other = (read_checkpoint(here / name / "last.npz") for name in ("whole", "parts"))
    assert one.losses.tolist() == other.losses.tolist() and other.about["settings"]["data"] == str(here / "moved")


@pytest.mark.long
def test_grey_decides_how_a_folder_is_read(here, capsys):
    """Grey pictures in a folder are not mirrored; --grey no reads them in colour, and so does evaluate later."""
    for colour, value in (("dark", 40), ("light", 200)):
        (here / "set" / colour).mkdir(parents=True)
        for i in range(10):
            Image.fromarray(np.full((12, 12), value + i, np.uint8)).save(here / "set" / colour / f"{i}.png")
    for name, words in (("a", []), ("b", ["--grey", "no"])):
        assert train("set", "--net", "cifar_four_layer", "--epochs", "1", "--limit-batches", "1", "--out", name, *words) == 0
        assert main(["evaluate", name, "--workers", "0"]) == 0

    assert (trained("a").pipeline.mirror, trained("b").pipeline.mirror) == (False, True)
    assert train("grey.npz", "--grey", "maybe") == 2
    assert "argument --grey: invalid choice: 'maybe'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_stop_is_the_exit_code_of_its_signal(pack, here, name, monkeypatch):
    """A cluster's stop finishes the step and saves, as Ctrl-C does; 128 and the number of the signal."""
    number, steps = getattr(signal, name), []

    def step(self, *given):
        steps.append(given)
        os.kill(os.getpid(), number)
    monkeypatch.setattr("npnet.fit.loop.Training.show", step)

    assert train(pack, "--epochs", "2", "--out", "a") == 128 + number
    assert (here / "a" / "last.npz").exists() and len(read_checkpoint("a/last.npz").losses) == 2


def test_a_damaged_test_picture_loses_nothing(tmp_path, capsys):
    """The run ends with its report, and says how it can be tested."""
    coloured(tmp_path / "set", train=4, test=2)
    bad = tmp_path / "set" / "test" / "green" / "1.png"
    bad.write_bytes(bad.read_bytes()[:60])

    assert train("set", "--epochs", "1", "--validation", "1", "--out", "a") == 2
    assert "npnet evaluate a --skip-damaged tests it on the others" in capsys.readouterr().err
    assert (tmp_path / "a" / "report.html").exists()
    assert main(["evaluate", "a"]) == 2
    complaint = capsys.readouterr().err
    assert "green/1.png" in complaint and "--skip-damaged leaves such pictures out" in complaint
    assert main(["evaluate", "a", "--skip-damaged"]) == 0
    assert "on 5 pictures of set, test" in capsys.readouterr().out


def test_a_quick_look_sees_all_classes(tmp_path, capsys):
    """Pictures in folders are listed class by class; a limit takes them evenly."""
    coloured(tmp_path, set=30)
    train("set", "--epochs", "1", "--limit-batches", "1", "--out", "a", "--validation", "30")
    assert "9 for validation, 9 to test" in capsys.readouterr().out
    assert main(["evaluate", "a", "--limit", "6", "--workers", "0"]) == 0

    assert re.findall(r"^(\w+) +2 ", capsys.readouterr().out, re.MULTILINE) == sorted(COLOURS)


def test_a_run_of_an_older_npnet_goes_on(pack, tmp_path):
    """Settings that were not there when it began have their defaults."""
    train(pack, "--epochs", "1", "--out", "a", "--schedule", "constant")
    checkpoint = read_checkpoint("a/last.npz")
    with np.load("a/last.npz") as file:
        kept = {name: file[name] for name in file.files}
    for name in ("shorter", "times"):
        assert checkpoint.about["settings"].pop(name) == getattr(Recipe(), name)
    for row in checkpoint.about["rows"]:
        row.pop("waiting")
    np.savez("a/last.npz", **{**kept, "training/about": np.array(json.dumps(checkpoint.about))})

    assert main(["train", "--resume", "a", "--epochs", "2"]) == 0


def test_a_loss_that_is_no_number_is_exit_code_1(pack, capsys, tmp_path):
    with np.errstate(all="ignore"):
        assert train(pack, "--epochs", "3", "--out", "a", "--lr", "1e30") == 1
    assert "ended: the loss is" in capsys.readouterr().out
    page = (tmp_path / "a" / "report.html").read_text()
    assert "Ended because the loss is nan" in page and "<h2>Remarks</h2>" in page and "conv1" in page
    assert "train right" not in page                            # no table without an epoch


def test_the_report_tells_each_cause_with_what_to_do_and_its_name(tmp_path):
    lines = ["the loss: it grows: 1 & 2", "(1) fc1: <half>; it is; to do: mend it; then go on [dead]", "(2) x: y [later]"]
    run = Run(tmp_path, {"classes": ["a"]}, remarks=["\n".join(lines), "a sentence; to do: none of a doctor's"])
    page = write_report(run, "net", "pipeline").read_text()
    assert '<div class="remark"><p>the loss: it grows: 1 &amp; 2</p>\n<ol><li><p>fc1: &lt;half&gt;; it is</p>' \
        f"<p><b>What to do:</b> mend it; then go on</p><details><summary>dead</summary>{KINDS['dead'].explanation}" in page
    assert "<li><p>(2) x: y [later]</p></li></ol>\n</div>" in page             # a name that there is not any more
    assert "<p>a sentence; to do: none of a doctor&#x27;s</p>\n</div>" in page
