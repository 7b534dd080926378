"""Units that do nothing any more: dead ReLUs, saturated tanh and sigmoid, dropout that repeats or throws all away."""
import json

import numpy as np
import pytest

import npnet
from npnet.fit.doctor import Doctor
from npnet.fit.doctor.course import Course
from npnet.fit.doctor.units import ENOUGH, Units
from npnet.fit.measures import at_ends
from npnet.layers import Concat, Conv2D, Dense, Dropout, Flatten, Layer, MaxPool, ReLU, Sigmoid, Tanh
from npnet.ops.softmax import softmax_cross_entropy
from npnet.optim import SGD
from npnet.train import Step, train

SIDE, CLASSES = 8, 4
SEEDS = pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.further) for seed in (1, 2))])
BATCHES = pytest.mark.parametrize("size", [32, *(pytest.param(size, marks=pytest.mark.further) for size in (1, 512))])


@pytest.fixture(autouse=True)
def plain_numpy():
    """Quickest for networks as small as these."""
    npnet.use("numpy")


def batches(size, steps, seed=0):
    """Batches of noise with a bright quarter, whose place is the class."""
    random = np.random.default_rng(seed)
    for _ in range(steps):
        labels = random.integers(0, CLASSES, size)
        x = random.normal(-0.4, 0.8, (size, 1, SIDE, SIDE))
        for one, (row, column) in zip(x, zip(*divmod(labels, 2))):
            one[0, 4 * row:4 * row + 4, 4 * column:4 * column + 4] += 1.6
        yield x.astype(np.float32), labels


def network(init="he", unit=ReLU, seed=0, **changes):
    layers = dict(conv1=Conv2D(8, 3, pad=1, init=init), unit1=unit(), pool1=MaxPool(2, 2), flatten=Flatten(),
                  fc2=Dense(16, init=init), unit2=unit(), fc3=Dense(CLASSES, init=init))
    return npnet.Network((1, SIDE, SIDE), seed=seed, **layers | changes)


def alone(net):
    """A doctor who asks the examiners of units and of the loss, and nobody else."""
    doctor = Doctor(net, CLASSES, probe=False)
    doctor.examiners = [one for one in doctor.examiners if isinstance(one, (Units, Course))]
    return doctor


def watched(net, optimizer, size=32, steps=30, seed=0, loop=train):
    """That doctor, after a training; causes_named: all that he named."""
    doctor = alone(net)
    doctor.causes_named = []
    with np.errstate(all="ignore"):
        for step in loop(net, optimizer, batches(size, steps, seed)):
            doctor.causes_named += [cause for one in doctor.step(step, net, optimizer) for cause in one.causes]
    return doctor


def found(*given, **options):
    """{name: Finding}, the last of each name."""
    return {cause.name: cause for cause in watched(*given, **options).causes_named}


def steps_of(size, pictures=640):
    return max(6, pictures // size)


# ------------------------------------------------------------------------ dead

@SEEDS
@BATCHES
def test_a_layer_that_is_dead_from_the_start(size, seed):
    net = network(seed=seed)
    net["fc2"].b[...] = -100
    cause = found(net, SGD(0.01), size, steps_of(size), seed)["dead"]
    assert cause.where == "unit2" and cause.explains > 0.9 and cause.says.startswith("100% of its units are 0")
    assert "100% in the first batch already" in cause.says and "so nothing passes" in cause.says
    assert "draw its layer's weights again" in cause.do and cause.wants == ""


@SEEDS
@pytest.mark.parametrize("size", [32, 512])
def test_a_layer_that_a_step_has_killed(size, seed):
    net = network(seed=seed)

    def loop(net, optimizer, pairs):
        for step in train(net, optimizer, pairs):
            if step.number == 2:
                net["fc2"].b[...] = -100                        # as a step that was too long leaves it
            yield step
    cause = found(net, SGD(0.001), size, steps_of(size, 1300), seed, loop)["dead"]
    died = int(cause.says.partition("and before any step, and ")[2].partition("%")[0])
    assert cause.where == "unit2" and died > 60 and cause.do.startswith("lower the rate") and cause.wants == "rate down"


def test_so_many_pictures_decide():
    for size, pictures in ((1, ENOUGH), (32, 512), (512, 512)):
        net = network()
        net["fc2"].b[...] = -100
        says = found(net, SGD(0.01), size, steps_of(size))["dead"].says
        assert f"are 0 for each of {pictures} pictures" in says


@BATCHES
def test_most_maps_dead_are_said_where_the_network_learns_and_a_few_are_not(size):
    rate, steps = (0.02, steps_of(size, 1700)) if size > 1 else (0.004, 700)
    net = network()
    net["conv1"].b[:7] = -100
    cause = found(net, SGD(rate), size, steps if size < 512 else 51)["dead"]
    assert cause.says.startswith("88% of its units") and cause.explains <= 0.4
    net = network()
    net["conv1"].b[:4] = -100
    assert found(net, SGD(rate), size, steps_of(size)) == {}


def test_most_units_dead_do_not_lead_where_nothing_is_learnt():
    net = network()
    net["fc2"].b[:15] = -100
    doctor = watched(net, SGD(1e-9), steps=20)
    dead = [cause for cause in doctor.causes(doctor.case) if cause.name == "dead"]
    assert doctor.causes_named == [] and [cause.explains for cause in dead] == [0.4]


@BATCHES
def test_a_healthy_training_has_no_dead_units(size):
    for init, rate in (("he", 0.02), ("torch", 0.05)):
        assert found(network(init), SGD(rate / (20 if size == 1 else 1)), size, {1: 400, 32: 110, 512: 12}[size]) == {}


def test_a_look_ends_where_the_suspicion_is_gone():
    net = network()
    doctor = watched(net, SGD(0.02), 32, 3)
    units = next(one for one in doctor.examiners if isinstance(one, Units))
    assert units.pictures == 0 and units.alive == {} and units.dead == {}
    net["fc2"].b[...] = -100
    doctor = watched(net, SGD(0.01), 32, 3)
    units = next(one for one in doctor.examiners if isinstance(one, Units))
    assert units.pictures == 96 and not any(units.alive["unit2"])


def in_paths():
    paths = [dict(one=Conv2D(4, 1, init="he"), unit_one=ReLU()), dict(three=Conv2D(4, 3, pad=1, init="he"), unit_three=ReLU())]
    return npnet.Network((1, SIDE, SIDE), both=Concat(paths), flatten=Flatten(), fc2=Dense(CLASSES, init="he"))


def test_a_layer_inside_a_path_is_named_by_its_path():
    net = in_paths()
    assert found(in_paths(), SGD(0.01)) == {}
    net.params()["both.three.b"][...] = -100
    cause = found(net, SGD(0.01))["dead"]
    assert cause.where == "both.unit_three" and "no layer before it learns on its path" in cause.says


class Bare(Layer):
    """A layer that remembers neither x nor y."""

    def forward(self, x, train=False):
        return 2 * x

    def backward(self, dy, to_input=True):
        return 2 * dy


class OwnReLU(ReLU):
    """A ReLU that remembers which numbers were above 0, and no y."""

    def forward(self, x, train=False):
        self.above = x > 0
        return x * self.above

    def backward(self, dy, to_input=True):
        return dy * self.above


def test_layers_that_remember_nothing_do_no_harm():
    assert found(network(bare=Bare(), unit4=OwnReLU(), fc5=Dense(CLASSES, init="he")), SGD(0.005)) == {}


# ------------------------------------------------------------------------ saturated

@SEEDS
@BATCHES
@pytest.mark.parametrize("unit", [Tanh, Sigmoid])
def test_units_that_begin_at_their_ends(unit, size, seed):
    net = network(unit=unit, seed=seed)
    net["fc2"].w *= 1000
    net["conv1"].w *= 1000
    cause = found(net, SGD(0.001), size, steps_of(size), seed)["saturated"]
    assert cause.where in ("unit1", "unit2") and "in the first batch it was" in cause.says and "init torch" in cause.do


def test_the_share_at_the_ends():
    net = npnet.Network((3,), tanh=Tanh(), sigmoid=Sigmoid())
    net.forward(np.array([[9, 0, -9], [0, 0, 9]], np.float32))
    assert at_ends(net) == {"tanh": 0.5, "sigmoid": 0}


@BATCHES
def test_healthy_tanh_and_sigmoid_are_silent(size):
    for unit, rate in ((Tanh, 0.02), (Sigmoid, 0.1)):
        assert found(network(unit=unit), SGD(rate / (20 if size == 1 else 1)), size, {1: 400, 32: 110, 512: 12}[size]) == {}


# ------------------------------------------------------------------------ dropout

def same_step(net, optimizer, pairs):
    """A loop of one's own that leaves net.step where it is."""
    for number, (x, labels) in enumerate(pairs):
        logits = net.forward(x, train=True)
        loss, dlogits = softmax_cross_entropy(logits, labels)
        net.backward(dlogits, to_input=False)
        optimizer.update(net.params(), net.grads())
        yield Step(number, float(loss), 0.01, logits, labels)


def with_dropout(p):
    return network(drop2=Dropout(p), fc4=Dense(CLASSES, init="he"))


@SEEDS
@BATCHES
def test_a_mask_that_repeats(size, seed):
    net = npnet.Network((1, SIDE, SIDE), seed=seed, flatten=Flatten(), drop=Dropout(0.5), fc=Dense(CLASSES))
    assert "net.step" in found(net, SGD(0.01), size, 3, seed, same_step)["mask-repeats"].do


def test_masks_of_a_few_numbers_may_be_the_same_by_chance():
    net = npnet.Network((16,), drop=Dropout(0.99), fc=Dense(CLASSES))
    doctor, names = alone(net), []
    for step in same_step(net, SGD(0.01), ((np.ones((1, 16), np.float32), np.zeros(1, int)) for _ in range(5))):
        names += [cause.name for one in doctor.step(step, net, SGD(0.01)) for cause in one.causes]
    assert "mask-repeats" not in names


@SEEDS
@BATCHES
def test_dropout_that_leaves_nothing(size, seed):
    net = network(seed=seed, drop=Dropout(0.99), fc4=Dense(CLASSES, init="he"))
    cause = found(net, SGD(0.001), size, max(3, 40 // size), seed)["dropout-strong"]
    assert cause.where == "drop" and "nothing at all passes" in cause.says and cause.explains == 0.9


def test_usual_dropout_is_silent_and_nine_tenths_of_many_units_only_a_cause():
    assert found(with_dropout(0.5), SGD(0.01)) == {}
    net = npnet.Network((1, SIDE, SIDE), flatten=Flatten(), drop=Dropout(0.9), fc=Dense(CLASSES))
    doctor = watched(net, SGD(0.001))
    assert doctor.causes_named == []
    assert [cause.explains for cause in doctor.causes(doctor.case) if cause.name == "dropout-strong"] == [0.5]


# ------------------------------------------------------------------------ a resume

def test_a_resume_in_the_middle_of_a_look():
    net, optimizer = network(), SGD(0.01)
    net["fc2"].b[...] = -100
    doctor, causes = alone(net), []
    for number, step in enumerate(train(net, optimizer, batches(32, 20))):
        causes += [cause for remark in doctor.step(step, net, optimizer) for cause in remark.causes]
        if number == 7:
            state = json.loads(json.dumps(doctor.state()))
            doctor = alone(net)
            doctor.restore(state, net, None)
    assert [cause.name for cause in causes] == ["dead"] and "0 for each of 512 pictures (100% in" in causes[0].says
