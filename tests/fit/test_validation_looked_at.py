"""What the doctor says of validation and of the answers: each cause planted in a small training, at three seeds."""
import math

import numpy as np
import pytest

import npnet
from npnet.fit.doctor import Doctor
from npnet.fit.doctor.answers import Answers
from npnet.fit.doctor.parts import difference
from npnet.fit.doctor.shares import Shares, error
from npnet.fit.doctor.validation import Validation, marks, other_order, remedy
from npnet.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, Layer, MaxPool, ReLU
from npnet.optim import SGD
from npnet.train import evaluate, train

SEEDS = [0, 1, 2]
seeds = pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.further) for seed in (1, 2))])


@pytest.fixture(autouse=True)
def one_thread():
    npnet.use("numpy")


def quarters(count, seed=0, noise=0.5, shares=None, classes=4):
    """Noise (N, 1, 8, 8) with a bright quarter, whose place is the class, and the labels."""
    random = np.random.default_rng(seed)
    labels = random.choice(classes, count, p=shares)
    x = random.normal(0, noise, (count, 1, 8, 8))
    for picture, label in zip(x, labels):
        row, column = divmod(label, 2)
        picture[0, 4 * row:4 * row + 4, 4 * column:4 * column + 4] += 1
    return ((x - 0.25) / math.sqrt(noise ** 2 + 0.19)).astype(np.float32), labels


def stripes(count, seed=0):
    """Stripes of four directions, wherever they begin, under noise: (N, 1, 8, 8) and the labels."""
    random = np.random.default_rng(seed)
    labels, (v, h) = random.integers(0, 4, count), np.mgrid[:8, :8]
    along = np.stack([h, v, h + v, h - v])[labels] + random.integers(0, 4, count)[:, None, None]
    x = np.sin(np.pi * along / 2) + random.normal(0, 0.5, (count, 8, 8))
    return x[:, None].astype(np.float32), labels


def small(seed=0, classes=4, **changes):
    layers = dict(conv1=Conv2D(8, 3, pad=1, init="he"), relu1=ReLU(), pool1=MaxPool(2, 2), flatten=Flatten(),
                  fc2=Dense(16, init="he"), relu2=ReLU(), fc3=Dense(classes, init="he"))
    return npnet.Network((1, 8, 8), seed=seed, **layers | changes)


def normed(seed, momentum):
    return npnet.Network((1, 8, 8), seed=seed, conv1=Conv2D(8, 3, pad=1, init="he"), norm1=BatchNorm(momentum),
                         relu1=ReLU(), pool1=MaxPool(2, 2), conv2=Conv2D(8, 3, pad=1, init="he"),
                         norm2=BatchNorm(momentum), relu2=ReLU(), flatten=Flatten(), fc3=Dense(4, init="he"))


def batches(x, labels, size, order=None):
    order = np.arange(len(x)) if order is None else order
    for first in range(0, len(x), size):
        yield x[order[first:first + size]], labels[order[first:first + size]]


def watched(net, optimizer, data, held=None, epochs=3, size=32, classes=4, seed=0, doctor=None, passes=1, begin=0):
    """The doctor after so many epochs, with .remarks, [(epoch, Remark)], and .rows."""
    doctor = doctor or Doctor(net, classes)
    doctor.remarks, doctor.rows = getattr(doctor, "remarks", []), getattr(doctor, "rows", [])
    for epoch in range(begin + 1, epochs + 1):
        losses, right = [], []
        for number in range(passes):
            order = np.random.default_rng((seed, epoch, number)).permutation(len(data[0]))
            for step in train(net, optimizer, batches(*data, size, order)):
                losses.append(step.loss)
                right.append(step.accuracy)
                doctor.remarks += [(epoch - 0.5, remark) for remark in doctor.step(step, net, optimizer)]
        row = dict(train_loss=float(np.mean(losses)), train_top1=float(np.mean(right)), loss=None, top1=None)
        if held is not None:
            result = evaluate(net, batches(*held, size))
            row |= dict(loss=result.loss, top1=result.top1, pictures=result.pictures)
        doctor.rows.append(row)
        doctor.remarks += [(epoch, remark) for remark in doctor.epoch(row, net, optimizer)]
    return doctor


def names(doctor):
    return [remark.name for _, remark in doctor.remarks]


# ------------------------------------------------------------------------ how it is asked

class Drops(Dropout):
    """Throws numbers away at test, too."""

    def forward(self, x, train=False):
        return super().forward(x, train=True)


class Zero(Dropout):
    """Gives zeros at test."""

    def forward(self, x, train=False):
        return super().forward(x, train) if train else 0 * x


class Noise(Layer):
    """Adds noise at test, too."""

    def forward(self, x, train=False):
        return x + np.random.normal(0, 0.1, x.shape).astype(x.dtype)

    def backward(self, dy, to_input=True):
        return dy


@pytest.mark.parametrize("own, words", [(Drops(0.3), "with train=False, too"), (Zero(0.3), "as in training and"),
                                        (Noise(), "two answers about the same pictures")], ids=lambda one: type(one).__name__)
def test_a_layer_that_does_at_test_what_does_not_fit(own, words):
    net = small(own2=own, fc3=Dense(4, init="he"))
    doctor = watched(net, SGD(0.02), quarters(512), quarters(300, 50), epochs=1)
    assert names(doctor) == ["test-differs"] and doctor.remarks[0][1].where == "own2" and words in doctor.remarks[0][1].text


def test_validation_that_is_asked_as_in_training():
    (x, labels), net = quarters(300, 50), npnet.Network(
        (1, 8, 8), flatten=Flatten(), fc1=Dense(32, init="he"), norm1=BatchNorm(), relu1=ReLU(), fc2=Dense(4, init="he"))
    order, forward = np.argsort(labels, kind="stable"), net.forward
    net.forward = lambda x, train=True: forward(x, train=True)              # batches of one class
    doctor = watched(net, SGD(0.02), quarters(512), (x[order], labels[order]), epochs=3)
    assert names(doctor) == ["asked-in-training"]
    assert "norm1 took the statistics of the batch itself" in doctor.remarks[0][1].text


def test_what_an_epoch_has_lost_again_is_not_called_by_heart():
    doctor = watched(small(), SGD(0.02), quarters(512), quarters(300, 50), epochs=1)
    net, optimizer = doctor.case.net, SGD(0.0)
    net["fc3"].w[...] = 0                                                   # as a step that was too long does
    for step in train(net, optimizer, batches(*quarters(128), 32)):
        doctor.step(step, net, optimizer)
    result = evaluate(net, batches(*quarters(300, 50), 32))
    row = dict(train_loss=0.01, train_top1=0.99, loss=result.loss, top1=result.top1, pictures=300)
    assert doctor.epoch(row, net, optimizer) == []


@seeds
def test_pictures_that_look_alike_contradict_learning_by_heart(seed):
    """A low rate: the first epoch is right of nothing, so it proves nothing."""
    held, theirs = stripes(300, seed + 50)
    doctor = watched(small(seed), SGD(0.003), stripes(512, seed), (held, np.random.default_rng(seed).permutation(theirs)), epochs=12)
    assert "by-heart" not in names(doctor) and "classes-differ" in names(doctor)


# ------------------------------------------------------------------------ batch norm

@seeds
def test_running_statistics_that_cannot_have_caught_up(seed):
    doctor = watched(normed(seed, 0.001), SGD(0.05), stripes(512, seed), stripes(300, seed + 50), epochs=4)
    epoch, remark = doctor.remarks[0]
    assert remark.name == "statistics-behind" and remark.where.startswith("norm")
    assert "the running statistics of norm" in remark.text
    assert f"After {16 * epoch:,} steps of momentum 0.001 the statistics still hold" in remark.text
    assert remark.text.endswith("give it momentum 0.1 in place of 0.001, which has caught up after 44 steps")
    assert "by-heart" not in names(doctor)


@seeds
def test_a_momentum_of_0_never_catches_up(seed):
    x, labels = stripes(512, seed)
    held, theirs = stripes(300, seed + 50)
    doctor = watched(normed(seed, 0.0), SGD(0.05), (4 * x + 2, labels), (4 * held + 2, theirs), epochs=4)
    assert names(doctor)[0] == "statistics-behind"
    assert "of momentum 0 the statistics still hold 100% of their first values" in doctor.remarks[0][1].text


@pytest.mark.parametrize("momentum, size, epochs", [(0.1, 32, 4), (0.1, 8, 2), (0.5, 16, 4), (0.9, 64, 8), (0.02, 8, 6)])
def test_statistics_that_have_caught_up_are_healthy(momentum, size, epochs):
    doctor = watched(normed(0, momentum), SGD(0.02), stripes(512, 0), stripes(300, 50), epochs=epochs, size=size)
    assert names(doctor) == [] and doctor.rows[-1]["top1"] > 0.8


def test_frozen_layers_are_not_judged():
    net = normed(0, 0.1)
    net.freeze("norm1")
    doctor = watched(net, SGD(0.02), stripes(256), stripes(100, 1), epochs=1)
    running = [one for one in doctor.examiners if isinstance(one, Validation)][0].running
    assert set(running.figures()) == {"norm2"}


def test_what_to_do_about_statistics_that_are_behind():
    assert remedy(0.0, 500, 1.0) == "give it momentum 0.1 in place of 0, which has caught up after 44 steps"
    assert remedy(0.1, 10, 0.9 ** 10) == "train 34 more steps before validation is believed: then 1% is left"
    assert "weights move faster than the statistics follow" in remedy(0.1, 500, 0.0)


# ------------------------------------------------------------------------ other classes, other pictures

@seeds
def test_classes_in_another_order(seed):
    x, labels = quarters(300, seed + 50)
    doctor = watched(small(seed), SGD(0.02), quarters(512, seed), (x, (labels + 1) % 4))
    assert names(doctor) == ["classes-differ"]
    assert "0.0% in validation, less than by guessing" in doctor.remarks[0][1].text


@seeds
def test_labels_of_validation_that_are_shuffled_are_no_overfitting(seed):
    x, labels = quarters(400, seed + 50)
    held = x, np.random.default_rng(seed).permutation(labels)
    doctor = watched(small(seed), SGD(0.02), quarters(512, seed), held)
    assert names(doctor)[0] == "classes-differ" and "by-heart" not in names(doctor)
    assert "when each training picture was new, too" in doctor.remarks[0][1].text


def test_the_order_of_the_classes_is_found_in_the_confusion():
    net = small()
    doctor = watched(net, SGD(0.02), quarters(256), epochs=1)
    validation = [one for one in doctor.examiners if isinstance(one, Validation)][0]
    swapped = np.array([[2, 90, 3, 5], [92, 3, 4, 1], [2, 3, 95, 0], [4, 1, 3, 92]])
    row = dict(train_top1=0.95, top1=0.48, confusion=swapped, pictures=400)
    found = other_order(doctor.case, row, Shares(row, validation.answers, 1, 4))
    assert found.name == "classes-differ" and found.explains == 1
    assert "92.2% would be right with its classes in another order (92 of 100 pictures of 1 are answered 0)" in found.says
    row["confusion"] = np.array([[40, 20, 20, 20]] * 4)                         # always 0, whatever comes
    assert other_order(doctor.case, row, Shares(row, validation.answers, 1, 4)) is None


@seeds
def test_validation_that_is_not_normalised(seed):
    x, labels = quarters(300, seed + 50)
    doctor = watched(small(seed), SGD(0.02), quarters(512, seed), (60 * x + 120, labels), epochs=4)
    assert set(names(doctor)) <= {"validation-other"}
    data, (x, labels) = stripes(512, seed), stripes(300, seed + 50)
    doctor = watched(small(seed), SGD(0.05), data, (x + 2, labels), epochs=6)
    assert names(doctor)[0] == "validation-other" and "have mean 2" in doctor.remarks[0][1].text


def test_what_differs_between_the_pictures_of_two_parts():
    random = np.random.default_rng(0)
    x = random.normal(0, 1, (64, 3, 8, 8)) + np.array([0.8, 0, -0.8]).reshape(1, 3, 1, 1)
    assert difference(x[:32], x[32:]) is None
    assert "have mean -0.8" in difference(x[:32], x[32:, ::-1])
    assert "have deviation 0.00" in difference(x[:32], x[32:] / 255)
    digits = random.normal(0, 1, (64, 1, 8, 8)) + 2 * (np.mgrid[:8, :8][0] > 3)
    digits -= digits.mean()
    assert "the reverse of training's" in difference(digits[:32], -digits[32:])
    assert difference(digits[:32], digits[32:]) is None
    assert difference(digits[:4], -digits[32:]) is None                          # too few


# ------------------------------------------------------------------------ by heart

@seeds
def test_training_pictures_known_by_heart(seed):
    doctor = watched(small(seed), SGD(0.03), quarters(96, seed, noise=3), quarters(300, seed + 50, noise=3), epochs=30, size=16)
    heard = [(epoch, remark) for epoch, remark in doctor.remarks if remark.name == "by-heart"]
    assert heard and heard[0][0] > 3 and doctor.remarks[0][1].name == "by-heart"
    assert "the network knows its training pictures by heart" in heard[0][1].text
    gaps = [row["train_top1"] - row["top1"] for row in doctor.rows]
    assert [math.floor(10 * gaps[epoch - 1]) for epoch, _ in heard] == sorted(
        {math.floor(10 * gaps[epoch - 1]) for epoch, _ in heard})               # said again only as it becomes worse


def test_a_gap_is_no_remark_where_training_is_not_good_or_pictures_are_few():
    answers = Answers(10)
    answers.labels[:] = 100
    row = dict(train_top1=0.36, top1=0.15, pictures=1000)
    assert Shares(row, answers, 1, 10).worse() and not Shares(row, answers, 1, 10).good()
    row = dict(train_top1=0.9, top1=0.5, pictures=10)
    assert not Shares(row, answers, 1, 10).worse()                               # 5 of 10 may be chance
    assert Shares(row | {"pictures": 200}, answers, 1, 10).worse()


@seeds
def test_ten_validation_pictures_prove_nothing(seed):
    doctor = watched(small(seed), SGD(0.03), quarters(96, seed, noise=2), quarters(10, seed + 50, noise=2), epochs=25, size=16)
    assert names(doctor) == [] and doctor.rows[-1]["train_top1"] > 0.9


def test_the_number_of_validation_pictures_is_told_by_the_shares():
    doctor = watched(small(), SGD(0.02), quarters(64), epochs=1)
    validation = [one for one in doctor.examiners if isinstance(one, Validation)][0]
    row = dict(train_loss=1.0, train_top1=0.5, loss=1.0, top1=37 / 131)
    doctor.epoch(row, doctor.case.net, None)
    assert validation.finest == 131
    assert error(0.5, 100) == pytest.approx(0.05)
    assert 0 < error(0.0, 100) < 0.01 < error(0.0, 10)


# ------------------------------------------------------------------------ NaN

@seeds
def test_nan_in_validation_pictures(seed):
    x, labels = quarters(300, seed + 50)
    x[299 if seed else 3, 0, 2, 2] = np.nan
    doctor = watched(small(seed), SGD(0.02), quarters(256, seed), (x, labels), epochs=2)
    assert names(doctor) == ["validation-nan"]
    where = "1 of the last 12 pictures hold" if seed else "gives numbers for the training pictures, so some pictures hold"
    assert where in doctor.remarks[0][1].text


@seeds
def test_nan_in_running_statistics(seed):
    net, optimizer = normed(seed, 0.1), SGD(0.02)
    doctor = watched(net, optimizer, stripes(256, seed), stripes(100, 1), epochs=1)
    net["norm2"].var[3] = np.nan
    result = evaluate(net, batches(*stripes(100, 1), 32))
    row = dict(train_loss=1.0, train_top1=0.6, loss=result.loss, top1=result.top1)
    remark, = doctor.epoch(row, net, optimizer)
    assert (remark.name, remark.where) == ("validation-nan", "norm2")


@pytest.mark.parametrize("remembers, loss, says", [
    (True, 2.2e9, "where guessing has log(4) = 1.386: the network gives numbers too large to be added; mend the training first"),
    (False, 2.2e9, "mend the training first, which has diverged"),
    (False, 1.0, "the weights and the running statistics are finite; look for NaN in the validation pictures")],
    ids=["diverged", "diverged, no pictures", "no pictures"])
def test_validation_pictures_are_not_blamed_unseen(remembers, loss, says):
    """Where the training has diverged, and where no training pictures can be shown again, as on several ranks."""
    net, optimizer = small(), SGD(0.02)
    doctor = watched(net, optimizer, quarters(64), epochs=1)
    validation = next(one for one in doctor.examiners if isinstance(one, Validation))
    if not remembers:
        validation.recent.batches.clear()
    remark, = doctor.epoch(dict(train_loss=loss, train_top1=0.5, loss=math.nan, top1=0.5), net, optimizer)
    assert remark.name == "validation-nan" and says in remark.text
    assert "some pictures hold" not in remark.text and "gives numbers for the training pictures" not in remark.text


# ------------------------------------------------------------------------ the answers

@seeds
def test_always_the_frequent_class(seed):
    data = quarters(512, seed, noise=6, shares=(0.95, 0.05), classes=2)
    doctor = watched(small(seed, 2), SGD(0.001), data, epochs=4, classes=2)
    assert names(doctor) == ["one-answer"]
    assert "of knowing these shares and nothing else; show the other classes as often" in doctor.remarks[0][1].text


@seeds
def test_a_class_of_few_pictures_is_never_the_answer(seed):
    x, labels = quarters(800, seed)
    few = np.sort(np.append(np.flatnonzero(labels < 3), np.flatnonzero(labels == 3)[:6]))
    doctor = watched(small(seed), SGD(0.0005), (x[few], labels[few]), epochs=14, classes=("a", "b", "c", "rare"))
    assert names(doctor) == ["class-never"]
    assert doctor.remarks[0][1].text.startswith("one of 4 classes is never the answer: rare, with")
    assert doctor.remarks[0][1].text.endswith("show them oftener (repeat their pictures)")


def test_answers_are_counted_in_chunks():
    answers, random = Answers(3), np.random.default_rng(0)
    labels = random.integers(0, 3, 1500)
    for first in range(0, 1500, 20):
        answers.see(np.eye(3)[np.minimum(labels, 1)][first:first + 20], labels[first:first + 20])
    answers.count()
    assert answers.labels.tolist() == np.bincount(labels).tolist()
    assert answers.answers.tolist() == [answers.labels[0], answers.labels[1] + answers.labels[2], 0]
    assert answers.right.tolist() == [*answers.labels[:2], 0]
    assert answers.since.tolist() == [0, 0, answers.labels[2]]


# ------------------------------------------------------------------------ healthy

HEALTHY = {
    "plain": dict(), "few": dict(count=96, epochs=10), "dropout": dict(net=dict(drop2=Dropout(0.5), fc4=Dense(4, init="he"))),
    "batch 1": dict(count=128, size=1, rate=0.002), "batch 512": dict(count=1024, size=512, rate=0.1, epochs=10),
    "uneven": dict(shares=(0.7, 0.2, 0.05, 0.05), epochs=6)}


@pytest.mark.parametrize("kind", HEALTHY)
def test_healthy(kind, count=512, size=32, rate=0.02, epochs=4, net=None, shares=None):
    given = dict(count=count, size=size, rate=rate, epochs=epochs, net={}, shares=shares) | HEALTHY[kind]
    doctor = watched(small(**given["net"]), SGD(given["rate"]), quarters(given["count"], shares=given["shares"]),
                     quarters(300, 50, shares=given["shares"]), epochs=given["epochs"], size=given["size"])
    assert names(doctor) == [] and doctor.rows[-1]["top1"] > 0.8


# ------------------------------------------------------------------------ its memory

def test_pictures_that_come_again_are_noticed():
    x, _ = quarters(64)
    assert len(set(marks(x[:8])) & set(marks(x[4:]))) == 4
    once = watched(small(), SGD(0.02), quarters(512), epochs=1)
    again = watched(small(), SGD(0.02), quarters(512), epochs=1, passes=4)
    repeated = [one.repeated for doctor in (once, again) for one in doctor.examiners if isinstance(one, Validation)]
    assert repeated == [False, True]


def test_pictures_of_few_grey_values_are_told_apart():
    pixels = np.random.default_rng(0).integers(0, 4, (2048, 1, 8, 8)).astype(np.float32)
    assert len({*marks(pixels)}) == 2048 and marks(np.ones((2, 1, 8, 8), np.float32)) == []


@pytest.mark.parametrize("damage", [dict(counts=dict(a=1)), dict(counts=dict(labels=[1, 2])), dict(first_loss=[1.0]),
                                    dict(counts=dict(labels="abc")), dict(counts=5)])
def test_what_is_damaged_is_refused(damage):
    state = Validation(small()).state()
    Validation(small()).restore(state)
    with pytest.raises(ValueError, match="the checkpoint is damaged"):
        Validation(small()).restore(state | damage)


def test_its_memory_over_a_resume():
    net, optimizer, data, held = small(), SGD(0.03), quarters(96, 1, noise=3), quarters(300, 51, noise=3)
    doctor = watched(net, optimizer, data, held, epochs=9, size=16)
    other = Doctor(net, 4)
    other.restore(doctor.state(), net, lambda: [])
    mine, theirs = (next(one for one in some.examiners if isinstance(one, Validation)) for some in (doctor, other))
    assert mine.state() == theirs.state() and theirs.epochs == 9 and theirs.lowest == mine.lowest


# ------------------------------------------------------------------------ layers of one's own

class PaddedConv2D(Conv2D):
    """Keeps its input with a padding, as many do."""

    def forward(self, x, train=False):
        y = super().forward(x, train)
        self.kept, self.x = self.x, np.pad(self.x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        return y

    def backward(self, dy, to_input=True):
        self.x = self.kept
        return super().backward(dy, to_input)


class OwnNorm(BatchNorm):
    """Batch normalisation whose forward remembers other things."""

    def forward(self, x, train=False):
        self.train = train
        mean, var = (x.mean(axis=0), x.var(axis=0)) if train else (self.mean, self.var)
        if train:
            self.mean += self.momentum * (mean - self.mean)
            self.var += self.momentum * (var - self.var)
        self.scale = self.w / np.sqrt(var + self.eps)
        return (x - mean) * self.scale + self.b

    def backward(self, dy, to_input=True):
        self.dw, self.db = np.zeros_like(self.w), dy.sum(axis=0)
        return dy * self.scale


@pytest.mark.parametrize("own", [dict(conv1=PaddedConv2D(8, 3, pad=1)), dict(norm2=OwnNorm())])
def test_layers_that_remember_other_things_are_no_trouble(own):
    net, optimizer = small(**own), SGD(0.02)
    doctor, (x, labels) = Doctor(net, 4, probe=False), quarters(256)
    steps = []
    for step in train(net, optimizer, batches(x, labels, 32)):
        doctor.step(step, net, optimizer)
        steps.append(step.loss)
    result = evaluate(net, [(x, labels)])
    row = dict(train_loss=np.mean(steps), train_top1=0.5, loss=result.loss, top1=result.top1)
    assert doctor.epoch(row, net, optimizer) == [] and doctor.epochs == 1
