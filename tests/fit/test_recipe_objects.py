"""The objects that a Recipe makes: schedules in steps, parts, loaders, pipelines, networks."""
from dataclasses import replace

import numpy as np
import pytest

import npnet
from npnet.data import Pipeline, dataset
from npnet.fit import Recipe
from npnet.fit.beginning import as_before, said_of_pictures, take
from npnet.fit.pictures import some
from npnet.weights import Trained, save_trained
from npnet.weights.readers.arrays import write_npz
from npnet.weights.prepared import pipeline_for

SMALL = {"net": "caffe_lenet", "size": 16, "batch": 10, "workers": 0}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder of its own, no compiler."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NPNET_BACKEND", "numpy")


@pytest.fixture
def pack():
    """40 pictures to train on and 10 to test on."""
    images = np.random.default_rng(0).integers(0, 256, (50, 12, 12, 3), np.uint8)
    np.savez("pack.npz", train_x=images[:40], train_y=np.arange(40) % 2, test_x=images[40:], test_y=np.arange(10) % 2)
    return "pack.npz"


def rates(optimizer, *steps):
    return [optimizer.schedule(step) for step in steps]


def test_a_schedule_ends_with_the_run_and_counts_from_its_first_step():
    """Four epochs of ten steps, the first of them a warm-up."""
    cosine = Recipe(lr=1.0, epochs=4, warm_up=1).optimizer(10)
    assert rates(cosine, 0, 9, 10, 25, 40) == pytest.approx([0.1, 1, 1, 0.5, 0]) and rates(cosine, 39)[0] > 0
    drops = Recipe(lr=1.0, epochs=4, warm_up=1, schedule="multistep", at=(2, 3)).optimizer(10)
    assert rates(drops, 19, 20, 29, 30) == pytest.approx([1, 0.1, 0.1, 0.01])
    steps = Recipe(lr=1.0, epochs=4, schedule="step", every=1.5).optimizer(10)
    assert rates(steps, 14, 15, 30) == pytest.approx([1, 0.1, 0.01])
    short = Recipe(lr=1.0, epochs=4, limit_batches=5).optimizer(10)
    assert rates(short, 10, 20) == pytest.approx([0.5, 0])
    assert rates(Recipe(lr=0.3, schedule="constant").optimizer(10), 0, 99) == [0.3, 0.3]


def test_a_tenth_is_held_out_as_the_seed_says(pack):
    parts = [Recipe(data=pack, seed=seed).parts() for seed in (0, 1)]
    assert [(len(one.training), len(one.validation), len(one.test)) for one in parts] == [(36, 4, 10)] * 2
    assert not np.array_equal(parts[0].validation.images, parts[1].validation.images)
    assert len(Recipe(data=pack, validation=7).parts().validation) == 7
    quick = Recipe(data=pack, limit_batches=1, batch=3).parts()
    assert (len(quick.training), len(quick.validation), len(quick.test)) == (36, 3, 3)


def test_a_fifth_of_a_set_without_a_test_part_is_the_same_whatever_the_seed():
    images = np.random.default_rng(0).integers(0, 256, (30, 12, 12, 3), np.uint8)
    np.savez("whole.npz", x=images, y=np.arange(30) % 2)
    one, other = (Recipe(data="whole.npz", seed=seed, validation=0).parts() for seed in (0, 1))
    assert len(one.test) == 6 and np.array_equal(one.test.images, other.test.images)
    assert not {image.tobytes() for image in one.test.images} & {image.tobytes() for image in one.training.images}


def test_some_of_the_pictures_are_spread_over_all(pack):
    pictures = Recipe(data=pack).parts().data.train
    assert np.array_equal(some(pictures, 4).images, pictures.images[[0, 10, 20, 30]]) and len(some(pictures)) == 40


def test_loaders_train_on_the_training_pictures_alone(pack):
    recipe = Recipe(data=pack, **SMALL)
    parts = recipe.parts()
    loaders = recipe.loaders(parts, recipe.pipeline(parts.training, recipe.network(2)))
    assert {name: loader.train for name, loader in loaders.items()} == {"train": True, "validation": False, "test": False}


def test_how_pictures_are_prepared_depends_on_the_network_and_on_their_colours(pack):
    pictures = Recipe(data=pack).parts().training
    grey = type(pictures)(pictures.images[..., :1], pictures.labels, pictures.classes)
    made = {}
    for name, recipe, seen in (("caffe", Recipe(net="caffe"), pictures),
                               ("squeeze", Recipe(net="squeezenet1_0"), pictures), ("colour", Recipe(), pictures), ("grey", Recipe(), grey),
                               ("still", Recipe(augment="no"), pictures)):
        net = npnet.Network((3, 16, 16), flatten=npnet.Flatten())
        made[name] = recipe.pipeline(seen, net)
    assert [made[name].order for name in made] == ["BGR", "BGR", "RGB", "RGB", "RGB"]
    assert [made[name].mirror for name in made] == [True, True, True, False, False]


def test_frozen_layers_and_dropout_are_those_of_the_recipe():
    net = Recipe(net="lenet5", freeze=("conv1",)).network(7)
    assert "conv1.w" not in net.params() and "conv1.w" in net.state() and net.shapes[list(net.layers)[-1]] == (7,)
    assert Recipe(net="cifar_alexnet", dropout=0.25).network(10)["drop6"].p_drop == 0.25


def test_weights_that_fit_are_taken_and_the_others_stay():
    one, other = npnet.model("lenet5", classes=3, seed=1), npnet.model("lenet5", classes=5, seed=2)
    taken = take(other, one)
    assert "conv1.w" in taken and all(np.array_equal(other.params()[name], one.params()[name]) for name in taken)
    assert f"{list(one.layers)[-1]}.w" not in taken


def test_weights_of_a_file_that_is_not_npnets_own_are_taken_by_their_names_and_shapes(tmp_path):
    theirs, said = npnet.model("squeezenet1_1", classes=5, size=35, seed=4, init="torch"), []
    write_npz(tmp_path / "torch.npz", theirs)                           # names of PyTorch's, features.3.squeeze.weight
    recipe = Recipe(net="squeezenet1_1", size=35, weights=str(tmp_path / "torch.npz"))
    net = recipe.network(3, said.append)

    assert said[0].startswith("50 of 52 arrays from ") and "conv1.w" in said[0]
    for name, array in net.params().items():
        assert name.startswith("conv10.") or np.array_equal(array, theirs.params()[name]), name
    with pytest.raises(ValueError, match=r"no array of .*torch.npz fits lenet5: "):
        Recipe(net="lenet5", weights=str(tmp_path / "torch.npz")).network(3)


@pytest.mark.parametrize("ours", [pytest.param(True, marks=pytest.mark.long), False])
def test_pictures_are_prepared_as_those_that_the_weights_have_learnt_from(tmp_path, ours):
    """Their order, scale, mean and deviation, where nothing is said; else the difference is told."""
    net, path = npnet.model("squeezenet1_0", classes=5, size=35, seed=4), tmp_path / "w.npz"
    before = pipeline_for("squeezenet1_0", net.input_shape)
    write_npz(path, net)
    if ours:
        before = replace(before, mean=(1, 2, 3), deviation=50)
        save_trained(path, Trained("w", net, before, tuple("abcde"), {}))
    pictures = dataset("shapes").train.take(np.arange(40))
    recipe = Recipe(net="squeezenet1_0", size=35, weights=str(path))
    made = recipe.pipeline(pictures, net)
    assert (made.order, made.scale, made.stretch) == ("BGR", "0-255", True) and np.array_equal(made.mean, before.mean)
    assert np.array_equal(made.deviation, before.deviation) and made.mirror
    own = replace(recipe, normalise="standard").pipeline(pictures, net)
    assert not np.array_equal(own.mean, before.mean) and (own.deviation != made.deviation).any()
    assert said_of_pictures("w", made, before).startswith("pictures are prepared as those of w: BGR, 0 to 255, minus the mean (")
    assert "w has learnt from pictures that were prepared in another way (BGR, 0 to 255, " in said_of_pictures("w", own, before)
    colours = replace(recipe, colour="paper").pipeline(pictures, net)
    assert np.array_equal(colours.mean, before.mean) and colours.vectors is not None


def test_a_mean_picture_of_another_size_becomes_the_mean_of_each_channel():
    mean = np.stack([np.full((40, 40), value, np.float32) for value in (10, 20, 30)])
    made = as_before(Pipeline(32, 36), Pipeline(32, 40, mean=mean))
    assert made.mean.tolist() == [10, 20, 30] and made.shorter == 36
    assert as_before(Pipeline(32, 40), Pipeline(32, 40, mean=mean)).mean.shape == (3, 40, 40)


@pytest.mark.parametrize("settings", [{"warm_up": 3, "epochs": 3}, {"momentum": 1}, {"dropout": 1.0}, {"lr": -0.1}, {"every": 0}])
def test_limits_of_numbers(settings):
    with pytest.raises(ValueError, match=f"^{next(iter(settings))} must "):
        Recipe(**settings).check()
    Recipe(lr=0, warm_up=2.9, momentum=0, dropout=0.0).check()


def test_a_list_comes_back_as_a_tuple():
    assert Recipe.restored({"at": [1, 2], "freeze": ["conv1"]}) == Recipe(at=(1, 2), freeze=("conv1",))


def test_weights_of_another_shape_are_not_taken_though_they_are_as_many():
    one, other = (npnet.Network((size,), fc=npnet.Dense(10 - size)) for size in (4, 6))
    with pytest.raises(ValueError, match="no array of these weights fits the network"):
        take(one, other)
