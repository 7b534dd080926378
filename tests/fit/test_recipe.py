"""A Recipe: all settings of a run and the objects that they stand for; nothing is missing from Python."""
import json
from dataclasses import replace

import numpy as np
import pytest

import npnet
from npnet.cli import main
from npnet.data import Loader
from npnet.fit import Recipe
from npnet.fit.announce import in_words
from npnet.train import evaluate, train
from npnet.weights import read_checkpoint


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder of its own, no compiler."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NPNET_BACKEND", "numpy")
    return tmp_path


@pytest.fixture
def pack(here):
    """Bright and dark pictures, 40 to train on and 10 to test on."""
    random, labels = np.random.default_rng(0), np.arange(50) % 2
    images = random.integers(0, 120, (50, 12, 12, 3), np.uint8) + (120 * labels)[:, None, None, None].astype(np.uint8)
    np.savez("pack.npz", train_x=images[:40], train_y=labels[:40], test_x=images[40:], test_y=labels[40:])
    return "pack.npz"


SMALL = {"net": "caffe_lenet", "size": 16, "batch": 10, "workers": 0, "lr": 0.01, "epochs": 2, "augment": "no"}


def test_a_recipe_is_plain_data_and_comes_back():
    recipe = Recipe(data="pets", freeze=("conv1", "conv2"), at=(3, 4.5), schedule="multistep", epochs=5, clip=2.0)
    data = json.loads(json.dumps(recipe.as_data()))

    assert Recipe.restored(data) == recipe and data["freeze"] == ["conv1", "conv2"]


def test_however_it_is_given_it_is_the_same():
    """A list, one name, NumPy's numbers."""
    assert Recipe(freeze=["conv1"], at=2) == Recipe(freeze="conv1", at=(2,)) == Recipe(freeze=("conv1",), at=[2])
    given = Recipe(lr=np.float32(0.5), batch=np.int64(7))
    given.check()
    assert Recipe.restored(json.loads(json.dumps(given.as_data()))) == Recipe(lr=0.5, batch=7)


def test_a_folder_that_is_taken_is_said_before_pictures_are_read(here):
    (here / "a").mkdir()
    (here / "a" / "history.csv").write_text("mine")

    with pytest.raises(FileExistsError, match="a has a file history.csv, and the run would write over it"):
        Recipe(data="nowhere").train("a")


def test_settings_of_an_older_npnet_are_accepted():
    """What 0.1.0 wrote: more than a recipe, and without what came later."""
    kept = {"command": "npnet train --data shapes", "backend": "numba", "classes": ["a"], "origin": "drawn",
            "data": "shapes", "net": "lenet5", "lr": 0.5, "at": [], "freeze": ["conv1"]}

    assert Recipe.restored(kept) == Recipe(net="lenet5", lr=0.5, freeze=("conv1",))


@pytest.mark.long
def test_from_python_nothing_is_missing(pack, here, capsys):
    """The same losses as by the command; the test, the report and all files as well."""
    run = Recipe(data=pack, **SMALL).train("a", quiet=True)
    assert capsys.readouterr().out == ""
    words = [word for name, value in SMALL.items() for word in (f"--{name}", str(value))]
    assert main(["train", "--data", pack, *words, "--out", "b"]) == 0

    assert run.losses == read_checkpoint("b/last.npz").losses.tolist() and len(run.losses) == 8
    assert {path.name for path in (here / "a").iterdir()} == {path.name for path in (here / "b").iterdir()}
    assert run.test.pictures == 10 and f"best.npz: {100 * run.test.top1:.2f} % of 10 test pictures right" in capsys.readouterr().out
    assert Recipe.of("a") == Recipe.of("b") == Recipe(data=str(here / pack), **SMALL)


def test_a_run_goes_on_as_it_began(pack, here):
    whole = Recipe(data=pack, schedule="constant", **SMALL)
    one = replace(whole, epochs=1).train("parts", quiet=True)
    two = replace(Recipe.of("parts"), epochs=2).train(resume="parts", quiet=True)

    assert one.epoch == 1 and two.losses == whole.train("whole", quiet=True).losses
    with pytest.raises(ValueError, match="^lr was 0.01 and is 3, but a run goes on with its own settings"):
        replace(Recipe.of("parts"), lr=3).train(resume="parts", quiet=True)


def test_the_pieces_are_enough_for_a_loop_of_ones_own(pack):
    recipe = Recipe(data=pack, **SMALL)
    parts = recipe.parts()
    net = recipe.network(len(parts.data.classes))
    loaders = recipe.loaders(parts, recipe.pipeline(parts.training, net))
    optimizer = recipe.optimizer(len(loaders["train"]))
    losses = [step.loss for epoch in range(recipe.epochs) for step in train(net, optimizer, loaders["train"].epoch(epoch))]

    assert losses == recipe.train("a", quiet=True).losses
    assert isinstance(loaders["test"], Loader) and evaluate(net, loaders["test"]).pictures == 10


@pytest.mark.parametrize("settings, message", [
    ({"lr": -1}, "^lr must be a number of at least 0, got -1$"),
    ({"epochs": "3"}, "^epochs must be a whole number of at least 1, got '3'$"),
    ({"epochs": 2.5}, "^epochs must be a whole number of at least 1, got 2.5$"),
    ({"batch": True}, "^batch must be a whole number of at least 1, got True$"),
    ({"form": "nesterov"}, "^form must be one of paper, torch, got 'nesterov'$"),
    ({"init": "xavier"}, "^init must be one of paper, he, torch, got 'xavier'$"),
    ({"schedule": "multistep", "at": (1, -2)}, "^at must be a number above 0, got -2$"),
    ({"net": "alexnet"}, "^net: no network is called 'alexnet'"),
    ({"shorter": 100000}, "^shorter must be at least 32, the side of the input, and at most 320, got 100000$"),
    ({"freeze": ("conv9",)}, "^freeze names conv9, but cifar_alexnet has conv1, "),
])
def test_check_names_the_setting(settings, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**settings).check()


def test_the_recipe_as_it_is_can_be_trained():
    Recipe().check()
    for version in npnet.MODELS:
        Recipe(net=version).check()


@pytest.mark.parametrize("settings, words", [
    ({}, "rate 0.02, falling to 0 along a cosine over 30 steps; momentum 0.9, weight decay 0.0005"),
    ({"schedule": "constant"}, "rate 0.02, constant; "),
    ({"schedule": "step", "every": 1}, "rate 0.02, times 0.1 every 10 steps; "),
    ({"schedule": "multistep", "at": (1, 2)}, "rate 0.02, times 0.1 after 10, 20 steps; "),
    ({"schedule": "polynomial"}, "rate 0.02, falling to 0 over 30 steps, in a straight line; "),
    ({"schedule": "polynomial", "power": 2}, "falling to 0 over 30 steps, with the power 2; "),
    ({"schedule": "plateau"}, "times 0.1 whenever the validation error has not fallen for more than 2 epochs, at most 3 times; "),
    ({"warm_up": 0.5}, "rate rising to 0.02 in 5 steps, then falling to 0 along a cosine over 25 steps; "),
    ({"warm_up": 0.5, "schedule": "constant"}, "rate rising to 0.02 in 5 steps, then constant; "),
    ({"bias_lr": 2, "form": "torch", "clip": 5}, "weight decay 0.0005, biases 2 times as fast, the rate outside the velocity, as in PyTorch, gradients shortened to 5"),
])
def test_an_optimizer_in_words(settings, words):
    assert words in in_words(Recipe(**settings).optimizer(10))


def test_pictures_that_are_in_training_and_test_are_said_once(here, capsys):
    images = np.random.default_rng(0).integers(0, 256, (40, 12, 12, 3), np.uint8)
    np.savez("leak.npz", train_x=images, train_y=np.arange(40) % 2, test_x=images[:10], test_y=np.arange(10) % 2)
    Recipe(data="leak.npz", **{**SMALL, "epochs": 1}).train("a")

    assert capsys.readouterr().out.count("10 test pictures were seen in training too") == 1


def test_a_class_with_one_picture_is_said(here, capsys):
    images = np.random.default_rng(0).integers(0, 256, (30, 12, 12, 3), np.uint8)
    labels = np.arange(30) % 2
    labels[7] = 2
    np.savez("rare.npz", train_x=images[:20], train_y=labels[:20], test_x=images[20:], test_y=labels[20:],
             classes=np.array(["cat", "dog", "newt"]))
    Recipe(data="rare.npz", validation=0, **{**SMALL, "epochs": 1}).train("a")

    assert "fewer than 2 pictures to train on: newt; a class cannot be learnt from one picture" in " ".join(capsys.readouterr().out.split())
