"""Batches that were prepared as another network's pictures are named; what was right, and noise, is not."""
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from npnet.data import arrays, dataset, read_picture
from npnet.data.pipeline import Pipeline
from npnet.layers import rng
from npnet.weights.doubts import doubts
from npnet.weights.prepared import PREPARED, TORCH

DIFFERENT = {name: pipeline for place, (name, pipeline) in enumerate(PREPARED.items())
             if pipeline not in list(PREPARED.values())[:place]}
IN_COLOUR = {name: pipeline for name, pipeline in DIFFERENT.items() if pipeline.channels == 3}
PIXELS = {"0-255": 255.0, "0-1": 1.0}
SCALE, MEAN, DEVIATION, ORDER = "has pixels from", "no mean was subtracted", "not divided by the deviation", "in the other order"

every = pytest.mark.parametrize("pipeline", DIFFERENT.values(), ids=DIFFERENT)
in_colour = pytest.mark.parametrize("pipeline", IN_COLOUR.values(), ids=IN_COLOUR)


@pytest.fixture(scope="module")
def sets():
    """The photographs by name, each set read once."""
    return {}


def photographs(sets, reference, pipeline):
    """The real photographs for a pipeline: imagenet_samples for a large one, CIFAR-10 for a small one."""
    which = "large" if pipeline.size > 100 else "small"
    if which not in sets and which == "large":
        paths = sorted((reference / "imagenet_samples").glob("*.JPEG"))
        sets[which] = [np.asarray(Image.fromarray(read_picture(path)).resize((256, 256), Image.BILINEAR)) for path in paths]
    elif which not in sets:
        with np.load(reference / "cifar10_lossless_4000_1000.npz") as file:
            sets[which] = list(file["test_x"].transpose(0, 2, 3, 1))
    return sets[which]


def batch(pictures, pipeline, top=None, mean=True, deviation=True, pixels_swapped=False):
    """Pictures prepared as the pipeline does it, but for what is said otherwise: float32 (N, C, H, W)."""
    raw = replace(pipeline, mean=0.0, deviation=1.0, scale="0-255", order="RGB")
    top, own = top or PIXELS[pipeline.scale], PIXELS[pipeline.scale]
    x = np.stack([raw.test(picture) for picture in pictures]) / 255 * top
    turn = slice(None, None, -1) if pipeline.order == "BGR" else slice(None)
    m, d = (np.broadcast_to(array, pipeline.channels)[turn].reshape(-1, 1, 1) for array in (pipeline.mean, pipeline.deviation))
    x = x[:, turn] if not pixels_swapped else x[:, turn][:, ::-1]
    return ((x - m * (top / own) * mean) / (d if deviation else 1)).astype(np.float32)


def found(sentences, *parts):
    """Whether there is one sentence for each of these, in this order, and none besides."""
    return len(sentences) == len(parts) and all(part in sentence for part, sentence in zip(parts, sentences))


# ---------------------------------------------------------------------------- what is right

@pytest.mark.reference
@every
def test_what_its_pipeline_prepared_is_not_doubted(sets, reference, pipeline):
    pictures = photographs(sets, reference, pipeline)
    x = np.stack([pipeline.test(picture) for picture in pictures[:200]])
    np.testing.assert_allclose(batch(pictures[:3], pipeline), x[:3], atol=1e-4)     # what the tests below change

    assert doubts(x, pipeline) == []
    assert [doubts(one[None], pipeline) for one in x if doubts(one[None], pipeline)] == []


@pytest.mark.reference
@pytest.mark.long
def test_of_340_flowers_none_is_doubted(reference):
    with np.load(reference / "flowers17_128.npz") as file:
        ends, data = file["end"], file["jpeg"]
        pictures = [np.asarray(Image.open(io.BytesIO(data[start:end].tobytes())).convert("RGB"))
                    for start, end in list(zip([0, *ends[:-1]], ends))[::4]]
    assert len(pictures) == 340
    for pipeline in (PREPARED["krizhevsky2012"], PREPARED["caffe"], TORCH):
        assert [doubts(pipeline.test(picture)[None], pipeline) for picture in pictures] == 340 * [[]]


@pytest.mark.reference
@pytest.mark.parametrize("label", [label if label in (0, 8) else pytest.param(label, marks=pytest.mark.further) for label in range(10)])
def test_one_kind_of_thing_is_not_doubted(reference, label):
    """Ships and aeroplanes are blue, and still nobody says that red and blue are exchanged."""
    with np.load(reference / "cifar10_lossless_4000_1000.npz") as file:
        x = file["train_x"][file["train_y"] == label]
    pipeline = PREPARED["cifar_four_layer"]
    x = np.stack([pipeline.test(picture) for picture in x.transpose(0, 2, 3, 1)])
    for size in (16, 32, 128):
        assert [part for part in np.split(x[:len(x) // size * size], len(x) // size) if doubts(part, pipeline)] == []


@pytest.mark.reference
@pytest.mark.parametrize("normalise", ["standard", "mean", "mean-picture", "none"])
@pytest.mark.parametrize("colour", [None, "paper"])
def test_what_training_does_is_not_doubted(sets, reference, normalise, colour):
    pictures = photographs(sets, reference, PREPARED["cifar_alexnet"])[:200]
    known = arrays((np.stack(pictures), np.zeros(len(pictures), int))).train
    pipeline = Pipeline.for_training(known, (3, 32, 32), normalise=normalise, colour=colour)
    x = np.stack([pipeline.train(picture, rng(0, "augment", i)) for i, picture in enumerate(pictures)])

    assert doubts(x, pipeline) == []
    assert all(doubts(one[None], pipeline) == [] for one in x)
    assert all(doubts(pipeline.ten(picture), pipeline) == [] for picture in pictures[:50])


@every
def test_noise_is_not_doubted(random, pipeline):
    shape = 17, pipeline.channels, pipeline.size, pipeline.size
    normal, even = random.normal(size=shape).astype(np.float32), random.random(shape, np.float32)
    for x in (normal, 100 * normal, 1e4 * normal, even, 255 * even, np.round(255 * even) - 120, even > 0.5,
              np.zeros(shape), np.ones(shape), np.full(shape, -300.0), np.full(shape, np.nan), np.full(shape, np.inf)):
        assert doubts(x, pipeline) == []


@pytest.mark.long
def test_drawings_in_any_colours_are_not_doubted():
    drawn = dataset("shapes", train=512, test=10).train
    for pipeline in (PREPARED["cifar_alexnet"], PREPARED["cifar_four_layer"]):
        x = np.stack([pipeline.test(drawn[i]) for i in range(512)])
        assert [part for size in (1, 16, 64) for part in np.split(x, 512 // size) if doubts(part, pipeline)] == []


def test_other_shapes_are_not_doubted():
    for shape in ((0, 3, 32, 32), (5, 3072), (2, 1, 32, 32), (2, 3, 4, 4)):
        assert doubts(np.full(shape, 1e6, np.float32), PREPARED["cifar_alexnet"]) == []
    for x in ([[1, 2], [3]], None, np.array(["cat"]), np.full((2, 3, 32, 32), None)):
        assert doubts(x, PREPARED["cifar_alexnet"]) == []


# ---------------------------------------------------------------------------- what is wrong

@pytest.mark.reference
@every
def test_the_other_scale(sets, reference, pipeline):
    """0 to 1 where 0 to 255 is expected, or the other way round, and nothing else done."""
    pictures, top = photographs(sets, reference, pipeline)[:50], 256 - PIXELS[pipeline.scale]
    given = doubts(batch(pictures, pipeline, top, mean=False, deviation=False), pipeline)
    without = [MEAN] if pipeline.mean.any() else []
    if (pipeline.deviation == 256).all():
        assert given == []                              # caffe_lenet: 0 to 255 over 256 is 0 to 1, but for a 256th
        return
    if (pipeline.deviation != 1).any():
        without.append(DEVIATION)
    assert found(given, SCALE, *without)
    assert ("multiply" if PIXELS[pipeline.scale] == 255 else "divide") in given[0]


@pytest.mark.reference
@every
def test_no_mean(sets, reference, pipeline):
    pictures = photographs(sets, reference, pipeline)[:50]
    given = doubts(batch(pictures, pipeline, mean=False), pipeline)
    assert found(given, MEAN) if pipeline.mean.any() else given == []


@pytest.mark.reference
@every
def test_no_deviation(sets, reference, pipeline):
    pictures = photographs(sets, reference, pipeline)[:50]
    given = doubts(batch(pictures, pipeline, deviation=False), pipeline)
    assert found(given, DEVIATION) if (pipeline.deviation != 1).any() else given == []


@pytest.mark.reference
@pytest.mark.parametrize("name", ["krizhevsky2012", "caffe", "cifar_four_layer"])
def test_the_other_scale_with_its_mean(sets, reference, name):
    """From 0 to 1, minus the mean in 0 to 1: every number is between -1 and 1."""
    pipeline = PREPARED[name]
    given = doubts(batch(photographs(sets, reference, pipeline)[:50], pipeline, top=1.0), pipeline)
    assert found(given, SCALE)


@pytest.mark.reference
@in_colour
def test_all_of_it_in_the_other_order(sets, reference, pipeline):
    x = batch(photographs(sets, reference, pipeline)[:50], pipeline)[:, ::-1]
    given = doubts(x, pipeline)
    assert found(given, ORDER)
    assert ("blue, green, red" if pipeline.order == "BGR" else "red, green, blue") in given[0]


@pytest.mark.reference
@in_colour
def test_only_the_pixels_in_the_other_order(sets, reference, pipeline):
    """The mean is in the right order, so no number is impossible: seen at a batch, by its colours, and not at one."""
    x = batch(photographs(sets, reference, pipeline)[:128], pipeline, pixels_swapped=True)
    assert found(doubts(x, pipeline), ORDER)
    assert [doubts(one[None], pipeline) for one in x[:20]] == 20 * [[]]


@pytest.mark.reference
@pytest.mark.parametrize("name", ["krizhevsky2012", "caffe"])
def test_as_torchvisions_pictures(sets, reference, name):
    pipeline = PREPARED[name]
    pictures = photographs(sets, reference, pipeline)[:50]
    given = doubts(np.stack([replace(TORCH, size=227).test(picture) for picture in pictures]), pipeline)
    assert given and "divided by a deviation, and its network expects pictures that were not" in " ".join(given)


@pytest.mark.reference
def test_one_photograph_tells_as_much(sets, reference):
    """At Caffe's networks, which most of the weights here were made for: how many of twenty are named alone."""
    pipeline = PREPARED["caffe"]
    pictures = photographs(sets, reference, pipeline)[:20]

    def named(**changes):
        return sum(bool(doubts(one[None], pipeline)) for one in batch(pictures, pipeline, **changes))

    assert named() == 0
    assert named(top=1.0) == named(top=1.0, mean=False) == 20
    assert named(mean=False) >= 18
    assert sum(bool(doubts(one[None, ::-1], pipeline)) for one in batch(pictures, pipeline)) >= 14


def test_numbers_that_no_picture_has():
    """A smooth picture whose numbers fit no preparation: the sentence says which numbers would."""
    x = np.tile(np.linspace(-4e4, 4e4, 64, dtype=np.float32), (2, 3, 64, 1))
    given = doubts(x, replace(PREPARED["caffe"], size=64, shorter=64))
    assert found(given, "lie between -123 and 151; prepare them with its pipeline")


def test_a_mean_picture_that_was_not_subtracted(random):
    ramp = np.tile(np.linspace(0, 255, 32).astype(np.uint8)[:, None], (1, 32, 3)).reshape(32, 32, 3)
    mean = np.full((3, 32, 32), 120.0) + np.linspace(-20, 20, 32)[:, None]
    pipeline = Pipeline(32, 32, mean=mean)
    assert doubts(pipeline.test(ramp)[None], pipeline) == []
    assert found(doubts(ramp.transpose(2, 0, 1)[None].astype(np.float32), pipeline), "minus the mean picture")
