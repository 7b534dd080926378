"""What the doctor sees in pictures and labels: each fault at three seeds, and healthy sets, of which nothing is said."""
import json
from types import SimpleNamespace

import numpy as np
import pytest

import npnet
from npnet.data.loader import Loader
from npnet.data.pipeline import Pipeline
from npnet.data.sets import Pictures, held_out
from npnet.data.shapes import shapes
from npnet.fit.doctor import Doctor
from npnet.fit.doctor.pictures import Pictures as Examiner
from npnet.fit.doctor.pictures import contradicting
from npnet.fit.labels import Sample
from npnet.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPool, ReLU
from npnet.optim import SGD
from npnet.train import train

SEEDS = (0, 1, 2)


@pytest.fixture(autouse=True)
def one_thread():
    npnet.use("numpy")


def drawn(seed, count=512, classes=4, side=8, shares=None):
    """Noise with a bright field, whose place is the class: x float32 (N, 1, side, side), labels."""
    random = np.random.default_rng((seed, classes))
    labels = random.choice(classes, count, p=shares)
    x = random.normal(0, 0.5, (count, 1, side, side))
    columns = 2 if classes <= 4 else 10
    for picture, label in zip(x, labels):
        row, column = divmod(label, columns)
        high, wide = side // (2 if classes <= 4 else -(-classes // columns)), side // columns
        picture[0, high * row:high * row + high, wide * column:wide * column + wide] += 1
    x = (x - x.mean()) / x.std()
    return x.astype(np.float32), labels


def small(x, classes, **first):
    return npnet.Network(x.shape[1:], **first, conv1=Conv2D(4, 3, pad=1, init="he"), relu1=ReLU(), pool1=MaxPool(2, 2),
                         flatten=Flatten(), fc2=Dense(classes, init="he"))


def order_of(seed, count, size, epochs=1):
    """Batches of indices, in a new order in each epoch."""
    for epoch in range(epochs):
        order = np.random.default_rng((seed, epoch)).permutation(count)
        yield [order[first:first + size] for first in range(0, count, size)]


def heard(x, labels, classes=4, size=32, seed=0, epochs=2, shuffle=True, lr=0.01, net=None, ask=False):
    """(names of the remarks, {name: Finding that the examiner gives if asked}) of a training."""
    net = net or small(x, classes)
    doctor, optimizer, remarks = Doctor(net, classes, **NO_PROBE), SGD(lr), []
    with np.errstate(all="ignore"):
        for cuts in order_of(seed, len(x), size, epochs):
            cuts = cuts if shuffle else [np.arange(len(x))[first:first + size] for first in range(0, len(x), size)]
            for step in train(net, optimizer, ((x[cut], labels[cut]) for cut in cuts)):
                remarks += doctor.step(step, net, optimizer)
            row = dict(train_loss=step.loss, train_top1=step.accuracy, loss=None, top1=None)
            remarks += doctor.epoch(row, net, optimizer)
    found = {finding.name: finding for finding in doctor.inputs.suspects(doctor.case)}
    return (MINE & {finding.name for remark in remarks for finding in remark.causes}, found)


NO_PROBE = {"probe": False}
MINE = {"input-constant", "input-scale", "input-faint", "pictures-flat", "pictures-repeated", "pictures-nan",
        "labels-shuffled", "labels-sorted", "labels-one"}


# ------------------------------------------------------------------------ healthy

@pytest.mark.parametrize("size", [1, pytest.param(4, marks=pytest.mark.long), 32, 512])
@pytest.mark.parametrize("classes, shares", [(2, None), (2, (0.95, 0.05)), (4, None), (4, (0.85, 0.05, 0.05, 0.05))])
def test_of_healthy_sets_nothing_is_said(classes, shares, size):
    for seed in SEEDS:
        x, labels = drawn(seed, 128 if size == 1 else 512, classes, shares=shares)
        said, found = heard(x, labels, classes, size, seed, epochs=1)
        assert not said and not found, (said, found)


@pytest.mark.long
def test_a_hundred_classes_and_a_tiny_set_are_healthy():
    for seed in SEEDS:
        x, labels = drawn(seed, 1200, 100, side=10)
        assert heard(x, labels, 100, 64, seed) == (set(), {})
        x, labels = drawn(seed, 20)
        assert heard(x, labels, 4, 8, seed, epochs=40) == (set(), {})


@pytest.mark.parametrize("size", [1, 2, 32])
def test_a_batch_that_is_learnt_by_heart_on_purpose_is_healthy(size):
    for seed in SEEDS:
        x, labels = drawn(seed, size)
        net = small(x, 4)
        doctor, optimizer = Doctor(net, 4, **NO_PROBE), SGD(0.01)
        remarks = [remark for step in train(net, optimizer, [(x, labels)] * 150)
                   for remark in doctor.step(step, net, optimizer)]
        assert not remarks and doctor.inputs.again == 2


def test_batches_with_every_class_in_a_row_are_healthy():
    """Each batch holds 8 pictures of each class, one class after the other."""
    for seed in SEEDS:
        x, labels = drawn(seed, 512)
        places = [np.flatnonzero(labels == k)[:96] for k in range(4)]
        chosen = np.concatenate([places[k][8 * batch:8 * batch + 8] for batch in range(12) for k in range(4)])
        assert heard(x[chosen], labels[chosen], shuffle=False) == (set(), {})


# ------------------------------------------------------------------------ labels

@pytest.mark.parametrize("size", [1, 8, 32, 128])
def test_sorted_labels(size):
    for seed in SEEDS:
        x, labels = drawn(seed, 160 if size == 1 else 600)
        order = np.argsort(labels, kind="stable")
        said, found = heard(x[order], labels[order], size=size, shuffle=False, epochs=1)
        assert said == {"labels-sorted"}
        assert "two have the same label in" in found["labels-sorted"].says and found["labels-sorted"].do.startswith("shuffle")


def test_pictures_shuffled_among_neighbours_only_are_sorted():
    for seed in SEEDS:
        x, labels = drawn(seed, 800, 40, side=10)
        for window, said in ((15, {"labels-sorted"}), (60, set())):
            order = np.argsort(labels)[np.argsort(np.arange(800) + np.random.default_rng(seed).uniform(0, window, 800))]
            found = heard(x[order], labels[order], 40, shuffle=False, epochs=1)
            assert found[0] == said and "labels-sorted" in found[1]     # a wide window can still explain a trouble


def test_one_label_for_all():
    for seed in SEEDS:
        x, labels = drawn(seed, 512)
        said, found = heard(x, 0 * labels + 3, seed=seed)
        assert said == {"labels-one"}
        x, labels = drawn(seed, 1100)                               # in the middle of a long epoch
        net, optimizer = small(x, 4), SGD(0.01)
        doctor = Doctor(net, 4, **NO_PROBE)
        text = [str(remark) for step in train(net, optimizer, ((x[n:n + 50], 0 * labels[:50]) for n in range(0, 1100, 50)))
                for remark in doctor.step(step, net, optimizer)]
        assert len(text) == 1 and "the first 1,000 are all 0, though there are 4 classes" in text[0]


@pytest.mark.parametrize("classes", [2, 4, 100])
def test_shuffled_labels(classes):
    for seed in SEEDS:
        count = {2: 900, 4: 512, 100: 1200}[classes]
        x, labels = drawn(seed, count, classes, side=10)
        shuffled = np.random.default_rng((9, seed)).permutation(labels)
        _, found = heard(x, shuffled, classes, seed=seed, epochs=1)
        assert set(found) == {"labels-shuffled"} and "by chance it would be" in found["labels-shuffled"].says
        third = np.where(np.arange(count) % 3 == 0, shuffled, labels)
        assert classes == 100 or not heard(x, third, classes, seed=seed, epochs=1)[1]     # these fit still


def test_labels_that_only_colour_tells_are_not_called_shuffled():
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        x, labels = random.normal(0, 1, (512, 3, 8, 8)).astype(np.float32), random.integers(0, 3, 512)
        x[np.arange(512), labels] += 0.6
        assert heard(x, labels, 3, seed=seed, epochs=1) == (set(), {})


# ------------------------------------------------------------------------ pictures

def test_the_same_picture_again_and_again():
    for seed in SEEDS:
        for size in (1, 32):
            x, labels = drawn(seed, 128)
            said, found = heard(x[np.zeros(128, int)], labels, size=size, seed=seed, epochs=1)
            assert said == {"pictures-repeated"} and "labels-shuffled" not in found
            assert "different ones, and equal pictures have different labels" in found["pictures-repeated"].says
        x, labels = drawn(seed, 256)
        some = np.where(np.random.default_rng(seed).random(256) < 0.6, 7, np.arange(256))
        assert heard(x[some], labels, seed=seed)[0] == {"pictures-repeated"}


def test_how_low_the_loss_can_come_where_equal_pictures_have_different_labels():
    """By hand: of four pictures two are equal with two labels, log(2) each; guessing knows the shares 1/4 and 3/4."""
    labels = list(np.array([0, 255, 255, 255], np.uint8))               # whose largest, and 1 more, is no uint8
    said = contradicting([7, 7, 8, 8], labels).says
    assert "there are 2 different ones" in said and "cannot fall below 0.347, guessing is 0.562" in said
    assert contradicting([7, 6, 8, 9], labels) is None and contradicting([7, 7, 7], [1, 1, 1]) is None


def test_many_pictures_of_one_constant_colour():
    for seed in SEEDS:
        x, labels = drawn(seed)
        random = np.random.default_rng(seed)
        flat = random.random(512) < 0.56
        x[flat] = random.normal(size=(int(flat.sum()), 1, 1, 1))
        said, found = heard(x, labels, seed=seed)
        assert said == {"pictures-flat"} and "are of one constant colour" in found["pictures-flat"].says
        x, labels = drawn(seed)
        x[::5] = 1.0                                                # a fifth may be empty
        assert not heard(x, labels, seed=seed)[0]


@pytest.mark.long
def test_inputs_that_are_constant_faint_raw_or_no_numbers():
    for seed in SEEDS:
        x, labels = drawn(seed)
        assert heard(0 * x + 3, labels, seed=seed)[0] == {"input-constant"}
        faint = heard(x / 255, labels, seed=seed)[1]
        assert set(faint) == {"input-faint"} and faint["input-faint"].explains > 0.8 and "0.0039" in faint["input-faint"].says
        raw = heard(60 * x + 120, labels, seed=seed, lr=1e-6)[1]["input-scale"]
        assert raw.explains == 0.8 and "mean 120 and deviation" in raw.says and "subtract the mean, 120" in raw.do
        assert heard(60 * x, labels, seed=seed, lr=1e-6)[1]["input-scale"].explains == 0.4
        assert heard(0.25 * x + 0.5, labels, seed=seed)[1]["input-scale"].explains < 0.5
        net = small(x, 4, norm=BatchNorm())
        assert not heard(60 * x + 120, labels, seed=seed, net=net)[1]


def test_inputs_that_the_loop_changes_and_batch_norm_that_does_nothing():
    class Idle(BatchNorm):
        def forward(self, x, train=False):
            return super().forward(x)
    x, labels = drawn(0)
    first = dict(norm0=Idle())
    raw = np.float32(60) * x + np.float32(120)
    assert "input-scale" in heard(raw, labels, net=small(x, 4, **first), ask=True, lr=1e-6)[1]
    assert "input-scale" not in heard(raw, labels, net=small(x, 4, norm0=BatchNorm()), ask=True, lr=1e-6)[1]
    examiner, look = Examiner(small(x, 4)), SimpleNamespace(whole=True)
    for scale in (1, 1.4, 0.7, 1, 1.2, 0.8):
        examiner.look(np.float32(scale) * x[:32], look)
    assert examiner.changed() is None
    for scale in (0.3, 0.25, 0.2):
        examiner.look(np.float32(scale) * x[:32], look)
    assert "its deviation was" in examiner.changed().says and examiner.changed().explains < 0.9
    for scale in (1e-3, 1e-4, 1e-5):
        examiner.look(np.float32(scale) * x[:32], look)
    assert examiner.changed().name == "input-changes" and examiner.changed().explains > 0.9


def test_half_of_a_batch_is_not_kept_beside_the_labels_of_the_whole():
    sample, (x, labels) = Sample(), drawn(0, 64)
    sample.add(x[:32], labels)
    assert sample.count == 0 and not sample.pictures
    sample.add(x, labels)
    assert sample.count == len(sample.pictures) == 64


def test_inputs_that_are_no_pictures():
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        x, labels = random.normal(size=(512, 6)).astype(np.float32), random.integers(0, 4, 512)
        x[np.arange(512), labels] += 2
        net = npnet.Network((6,), fc1=Dense(8, init="he"), relu1=ReLU(), fc2=Dense(4, init="he"))
        assert heard(x, labels, seed=seed, net=net) == (set(), {})
        order = np.argsort(labels)
        assert heard(x[order], labels[order], net=net, shuffle=False)[0] == {"labels-sorted"}
        one = np.eye(2000, dtype=np.float32)[:512]                  # a single 1 in a row is not faint
        net = npnet.Network((2000,), fc1=Dense(4, init="he"))
        assert heard(one, labels, net=net) == (set(), {})


def test_pictures_with_nan_that_a_layer_swallows():
    class Clean(npnet.Layer):
        def forward(self, x, train=False):
            self.x = x
            return np.nan_to_num(x)

        def backward(self, dy, to_input=True):
            return dy

    x, labels = drawn(0)
    x[::4, 0, 2, 2] = np.nan
    said, found = heard(x, labels, net=small(x, 4, clean=Clean()))
    assert said == {"pictures-nan"}


def test_memory_over_a_resume():
    x, labels = drawn(3)
    shuffled = np.random.default_rng(0).permutation(labels)
    cuts = next(iter(order_of(0, 512, 32)))

    def batches():
        yield from ((x[cut], shuffled[cut]) for cut in cuts)

    net, optimizer = small(x, 4), SGD(1e-3)
    whole = Doctor(net, 4, **NO_PROBE)
    parts = whole
    for number, step in enumerate(train(net, optimizer, batches())):
        whole.step(step, net, optimizer)
        if parts is not whole:
            parts.step(step, net, optimizer)
        if number == 7:
            state = json.dumps(whole.state())
            parts = Doctor(net, 4, **NO_PROBE)
            parts.restore(json.loads(state), net, batches)
            assert len(json.dumps(whole.inputs.state())) < 1500
    assert parts.inputs.sample.count == 512 and len(parts.inputs.sample.labels) == 256
    assert parts.inputs.suspects(parts.case) == whole.inputs.suspects(whole.case) != []
    assert len(parts.inputs.sample.labels) == 512


# ------------------------------------------------------------------------ before the first step

def loaders(train, other, pipeline=None, second=None):
    pipeline = pipeline or Pipeline(32, 32, mean=120.0, deviation=60.0)
    return Loader(train, 32, pipeline), Loader(other, 32, second or pipeline, train=False)


def before(*given, **named):
    """{name: Finding} before the first step."""
    training, validation = loaders(*given, **named)
    net = npnet.Network((3, 32, 32), flatten=Flatten(), fc=Dense(10))
    return {finding.name: finding for finding in Examiner(net).before(training, validation, {})}


@pytest.fixture(scope="module")
def parts():
    return held_out(shapes(train=300, test=10).train, 100, seed=0)


def test_two_parts_of_one_set_are_healthy(parts):
    assert before(*parts) == {}
    assert before(parts[0], parts[1].take(np.arange(7))) == {}
    assert before(*parts, pipeline=Pipeline(32, 32, mean=120.0, deviation=60.0, pad=4, mirror=True)) == {}
    second = Pipeline(32, 32, mean=121.0, deviation=61.0)           # of its own pictures: nearly the same
    assert before(*parts, second=second) == {}


@pytest.mark.parametrize("change, words", [
    (dict(order="BGR"), "BGR, 0 to 255"), (dict(mean=0.0), "RGB, 0 to 255, over 60.0, and in training"),
    (dict(scale="0-1", mean=0.5, deviation=1.0), "0 to 1, minus the mean 0.5"), (dict(deviation=1.0), "minus the mean 120.0")])
def test_pipelines_that_differ(parts, change, words):
    settings = dict(mean=120.0, deviation=60.0) | change
    found = before(*parts, second=Pipeline(32, 32, **settings))
    assert set(found) == {"pipelines-differ"} and found["pipelines-differ"].alone
    assert words in found["pipelines-differ"].says and "over 60.0" in found["pipelines-differ"].says


def test_classes_that_differ(parts):
    train, other = parts
    turned = Pictures(other.images, other.labels, (*other.classes[1:], other.classes[0]))
    says = before(train, turned)["classes-differ"].says
    assert f"such as {train.classes[1]}, which is number 1 in training and number 0 in validation" in says
    assert "2 of its 10 classes are none of training: a, b" in before(
        train, Pictures(other.images, other.labels, ("a", "b", *other.classes[2:])))["classes-differ"].says
    lacking = train.take(np.flatnonzero(train.labels != 3))
    assert f"of {train.classes[3]}, and training has none" in before(lacking, other)["classes-differ"].says
    few = other.take(np.flatnonzero(other.labels < 2))
    assert not before(train, few)["validation-other"].alone


def test_the_same_pictures_in_both_parts(parts):
    train, other = parts
    says = before(train, train)["same-pictures"].says
    assert "200 of its 200 pictures (100.0 %) are training pictures, too" in says
    some = Pictures(np.concatenate([other.images[:60], train.images[:40]]),
                    np.concatenate([other.labels[:60], train.labels[:40]]), train.classes)
    assert "40 of its 100 pictures" in before(train, some)["same-pictures"].says
    twin = Pictures(np.concatenate([other.images, train.images[:2]]), np.concatenate([other.labels, train.labels[:2]]),
                    train.classes)
    assert before(train, twin) == {}                                # a few are usual


def test_labels_and_pictures_of_training_before_the_first_step(parts):
    train, other = parts
    assert before(Pictures(train.images, 0 * train.labels, train.classes), other)["labels-one"].says.startswith("all 200 are")
    flat = train.images.copy()
    flat[:112] = np.arange(112)[:, None, None, None]
    assert before(Pictures(flat, train.labels, train.classes), other)["pictures-flat"].says.startswith("112 of 200 training")
    one = np.repeat(train.images[:1], 200, axis=0)
    assert "only 1 different ones" in before(Pictures(one, train.labels, train.classes), other)["pictures-repeated"].says


def test_validation_of_another_kind(parts):
    train, other = parts
    dark = Pictures(other.images // 4, other.labels, other.classes)
    found = before(train, dark)["validation-other"]
    assert not found.alone and "in training" in found.says and "mean" in found.says
    net = npnet.Network((3, 32, 32), flatten=Flatten(), fc=Dense(10))
    examiner = Examiner(net)
    examiner.before(*loaders(train, dark), {})
    again = Examiner(net)
    again.restore(json.loads(json.dumps(examiner.state())))
    assert [finding.name for finding in again.validation_suspects(None)] == ["validation-other"]


def test_loaders_of_ones_own_are_asked_for_nothing_they_have_not(parts):
    net = npnet.Network((3, 32, 32), flatten=Flatten(), fc=Dense(10))
    assert Examiner(net).before([], None, {}) == Examiner(net).before(SimpleNamespace(pictures=[1, 2]), [], {}) == []
    assert Examiner(net).before(loaders(*parts)[0], None, {}) == []


def test_where_nothing_was_seen_of_the_pictures_a_resume_has_no_numbers_either():
    net = npnet.Network((3, 32, 32), flatten=Flatten(), fc=Dense(10))
    state, again = json.loads(json.dumps(Examiner(net).state())), Examiner(net)
    again.restore(state)
    assert again.figures == Examiner(net).figures and again.faint(SimpleNamespace(net=net)) is None
    with pytest.raises(ValueError, match="the checkpoint is damaged"):
        again.restore(state | {"figures": [1.0]})
