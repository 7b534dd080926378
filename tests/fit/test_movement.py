"""What moves: each finding of the examiner of movement is earned by a training, at several batches and seeds."""
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

import npnet
from npnet.fit.doctor import Doctor
from npnet.fit.doctor.course import Course
from npnet.fit.doctor.movement import Movement
from npnet.fit.measures import moved, sampled
from npnet.layers import BatchNorm, Conv2D, Dense, Flatten, Layer, MaxPool, ReLU, Sigmoid, Tanh
from npnet.ops.softmax import softmax_cross_entropy
from npnet.optim import SGD, Constant, Cosine, MultiStep, Plateau, Polynomial, StepDecay, WarmUp
from npnet.train import Step, train

SIDE, CLASSES = 8, 4
SEEDS = pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.further) for seed in (1, 2))])
BATCHES = pytest.mark.parametrize("size", [32, *(pytest.param(size, marks=pytest.mark.further) for size in (1, 512))])


@pytest.fixture(autouse=True)
def plain_numpy():
    """Quickest for networks as small as these."""
    npnet.use("numpy")


def pictures(count=1024, seed=0):
    """Noise with a bright quarter, whose place is the class."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, count)
    x = random.normal(0, 0.5, (count, 1, SIDE, SIDE))
    for one, (row, column) in zip(x, zip(*divmod(labels, 2))):
        one[0, 4 * row:4 * row + 4, 4 * column:4 * column + 4] += 1
    return ((x - x.mean()) / x.std()).astype(np.float32), labels


def network(init="he", unit=ReLU, seed=0, **changes):
    layers = dict(conv1=Conv2D(8, 3, pad=1, init=init), unit1=unit(), pool1=MaxPool(2, 2), flatten=Flatten(),
                  fc2=Dense(16, init=init), unit2=unit(), fc3=Dense(CLASSES, init=init))
    return npnet.Network((1, SIDE, SIDE), seed=seed, **layers | changes)


def deep(unit, count, seed=0, init="torch"):
    layers = {"flatten": Flatten()}
    for number in range(1, count + 1):
        layers |= {f"fc{number}": Dense(32, init=init), f"unit{number}": unit()}
    return npnet.Network((1, SIDE, SIDE), seed=seed, **layers, out=Dense(CLASSES, init=init))


def batches(size, steps, seed=0):
    x, labels = pictures(seed=seed)
    random = np.random.default_rng(seed)
    for _ in range(steps):
        chosen = random.choice(len(x), size, replace=False)
        yield x[chosen], labels[chosen]


def alone(net):
    """A doctor who asks the examiner of movement, and that of the loss, and nobody else."""
    doctor = Doctor(net, CLASSES, probe=False)
    doctor.examiners = [one for one in doctor.examiners if isinstance(one, (Movement, Course))]
    return doctor


def found(net, optimizer, size=32, steps=60, seed=0, loop=train):
    """{name of a cause: its Finding} of all remarks of a training, in the order in which they came."""
    doctor, causes = alone(net), {}
    with np.errstate(all="ignore"):
        for step in loop(net, optimizer, batches(size, steps, seed)):
            for remark in doctor.step(step, net, optimizer):
                causes |= {cause.name: cause for cause in remark.causes}
    return causes


def looped(update, lr=0.02):
    """A loop of one's own, whose update(net, number) is given."""
    def loop(net, optimizer, pairs):
        for number, (x, labels) in enumerate(pairs):
            logits = net.forward(x, train=True)
            loss, dlogits = softmax_cross_entropy(logits, labels)
            net.backward(dlogits, to_input=False)
            update(net, number)
            yield Step(number, float(loss), lr, logits, labels)
    return loop


class Nothing:
    """An optimizer that has nothing of npnet's."""


def descend(lr):
    def update(net, number):
        for name, w in net.params().items():
            w -= np.float32(lr) * net.grads()[name]
    return update


# ------------------------------------------------------------------------ measures

def test_a_step_is_measured_across_the_weights_and_along_them():
    before = np.array([3.0, 4.0])
    assert moved(before, before * 0.9) == pytest.approx((0, -0.1), abs=1e-12)
    assert moved(before, before + [-0.4, 0.3]) == pytest.approx((0.1, 0), abs=1e-12)
    assert moved(np.zeros(2), np.ones(2)) == (math.inf, 0) and moved(np.zeros(2), np.zeros(2)) == (0, 0)


def test_a_sample_takes_from_each_column_and_is_a_copy():
    net = npnet.Network((3000,), fc=Dense(10))
    net["fc"].w[...] = np.arange(10)
    sample = sampled(net)
    assert np.unique(sample["fc.w"]).size == 10 and 2000 <= sample["fc.w"].size <= 4096
    net["fc"].w[...] = 0
    assert sample["fc.w"].any()


# ------------------------------------------------------------------------ healthy

SCHEDULES = [Constant(0.02), Cosine(0.02, steps=120), Polynomial(0.02, steps=120, power=2.0), StepDecay(0.02, every=40),
             MultiStep(0.02, at=(60, 100)), Plateau(0.02), WarmUp(60, Cosine(0.02, steps=60)), WarmUp(2000, Constant(0.1))]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_healthy_schedules_are_silent_beyond_their_end(schedule):
    assert found(network(), SGD(schedule), steps=150) == {}


@BATCHES
@pytest.mark.parametrize("init, unit, rate", [("torch", ReLU, 0.05), ("paper", ReLU, 0.05), ("he", Tanh, 0.02),
                                              ("torch", Tanh, 0.05), ("he", Sigmoid, 0.1)])
def test_healthy_weights_and_units_are_silent(init, unit, rate, size):
    rate = rate / 20 if size == 1 else rate
    assert found(network(init, unit), SGD(rate), size, steps={1: 300, 32: 100, 512: 30}[size]) == {}


def test_frozen_layers_batch_norm_clip_and_trained_weights_are_silent():
    net = network()
    net.freeze("conv1", "fc2")
    assert found(net, SGD(0.02)) == {}
    assert found(network("paper", norm2=BatchNorm(), fc4=Dense(CLASSES, init="paper")), SGD(0.05)) == {}
    assert found(network(), SGD(0.02, clip=1.0)) == {}
    net = network()
    for _ in train(net, SGD(0.02), batches(32, 150)):
        pass
    assert found(net, SGD(1e-6)) == {}                          # what has learnt may take short steps


def test_own_optimizers_and_gathered_gradients_are_silent():
    assert found(network(), Nothing(), loop=looped(descend(0.1))) == {}
    sums = {}

    def gathered(net, number):
        for name, dw in net.grads().items():
            sums[name] = sums.get(name, 0) + dw / 16
        if number % 16 == 15:
            for name, w in net.params().items():
                w -= np.float32(0.2) * sums[name]
            sums.clear()
    assert found(network(), Nothing(), steps=150, loop=looped(gathered)) == {}


# ------------------------------------------------------------------------ nothing moves

def test_all_layers_frozen():
    net = network()
    net.freeze(*net.layers)
    assert found(net, SGD(0.02), steps=1)["all-frozen"].explains == 1


@SEEDS
@BATCHES
def test_no_update(size, seed):
    causes = found(network(seed=seed), SGD(0.02), size, 40 if size < 512 else 22, seed, looped(lambda net, number: None))
    assert list(causes) == ["no-update"] and "the optimizer has counted none" in causes["no-update"].says


def test_an_update_of_new_arrays():
    def rebinding(net, number):
        params = net.params()
        for name in params:
            params[name] = params[name] - 0.02 * net.grads()[name]
    causes = found(network(), Nothing(), 32, 40, loop=looped(rebinding))
    assert list(causes) == ["no-update"] and "w = w - ... makes a new one" in causes["no-update"].do


def test_an_update_of_biases_alone_and_one_without_a_gradient():
    def biases(net, number):
        for name, w in net.params().items():
            if w.ndim == 1:
                w -= np.float32(0.02) * net.grads()[name]

    def decay(net, number):
        for name, w in net.params().items():
            w -= np.float32(0.002) * w
    finding = found(network(), Nothing(), steps=30, loop=looped(biases))["no-update"]
    assert finding.says.startswith("in 20 steps only biases and scales have changed")
    causes = found(network(), Nothing(), steps=30, loop=looped(decay))
    assert list(causes) == ["no-update"] and "makes them 0.2 % shorter, as decay does" in causes["no-update"].says
    assert found(network(), Nothing(), steps=30, loop=looped(descend(0.02))) == {}


def test_an_update_that_makes_nan_of_numbers():
    def divided(net, number):
        for name, w in net.params().items():
            dw = net.grads()[name]
            w -= np.float32(0.001) * dw / np.sqrt(dw * dw)
    net = network()
    net["fc3"].w[...] = 0                                   # so the gradients before it are exactly 0
    with np.errstate(all="ignore"):
        causes = found(net, Nothing(), steps=2, loop=looped(divided))
    assert list(causes)[0] == "update-nan" and causes["update-nan"].where == "conv1"
    assert "the update of step 0 made 72 of its 72 numbers in conv1.w NaN" in causes["update-nan"].says
    assert causes["update-nan"].says.endswith("and of these the gradient is exactly 0")


def test_a_rate_of_zero_is_said_at_once_and_a_warm_up_from_zero_is_not():
    assert list(found(network(), SGD(0.0), steps=1)) == ["rate-zero"]
    assert list(found(network(), SGD(lambda step: 0.0), steps=6)) == ["rate-zero"]
    assert found(network(), SGD(lambda step: min(0.02, 0.001 * step)), steps=60) == {}


@pytest.mark.parametrize("schedule", [Cosine(0.01, steps=40), Polynomial(0.01, steps=40), StepDecay(0.01, every=1, factor=0.5),
                                      MultiStep(0.01, (1, 2, 3, 4, 5, 6))], ids=str)
def test_a_schedule_that_has_ended(schedule):
    causes = found(network("torch"), SGD(schedule), steps=120)
    assert "schedule-ended" in causes and "was 0.01 before" in causes["schedule-ended"].says


def test_the_step_at_which_a_schedule_ended_and_an_optimizer_that_came_with_its_end():
    assert "since step 40" in found(network("torch"), SGD(Cosine(0.01, steps=40)), steps=95)["schedule-ended"].says
    optimizer = SGD(Cosine(0.02, steps=100))
    optimizer.steps = 100
    assert "make a new optimizer" in found(network(), optimizer, steps=3)["schedule-ended"].do


@pytest.mark.parametrize("schedule, size, seed", [
    *((Cosine(1e-7, steps=200), size, seed) for size in (1, 32, 512) for seed in range(3)),
    (Constant(1e-7), 32, 0), (Polynomial(1e-9, steps=80), 32, 0), (StepDecay(1e-6, every=30), 32, 0)], ids=str)
def test_a_rate_that_is_low_is_found_early_under_each_schedule(schedule, size, seed):
    causes = found(network("torch", seed=seed), SGD(schedule), size, 45 if size < 512 else 24, seed)
    assert list(causes) == ["rate-low"] and causes["rate-low"].wants == "rate up"


@pytest.mark.parametrize("rate", [1e-10, 1e-22])
def test_from_a_rate_that_is_far_too_low_a_usual_one_is_named(rate):
    do = found(network(), SGD(rate), steps=45)["rate-low"].do
    assert do.startswith("raise it to 0.01, a usual one") and "e-" not in do


def test_a_rate_that_is_low_in_a_loop_of_ones_own():
    assert list(found(network(), Nothing(), loop=looped(descend(1e-9), 1e-9))) == ["rate-low"]


@pytest.mark.parametrize("lr", [None, math.nan, -0.1])
def test_a_loop_that_tells_no_rate_is_judged_by_its_steps(lr):
    """It was told that its rate is 0; and what was kept for a resume held NaN."""
    for optimizer in (Nothing(), SGD(0.02)):
        net, doctor = network(), Doctor(network(), CLASSES)
        for step in looped(descend(0.1), lr)(net, optimizer, batches(32, 60)):
            assert doctor.step(step, net, optimizer) == []
        Doctor(net, CLASSES).restore(json.loads(json.dumps(doctor.state())), net, None)
    assert found(network(), Nothing(), loop=looped(descend(1e-9), lr))["rate-low"].do.startswith("make the steps of your")
    tall = found(network(), Nothing(), loop=looped(descend(20.0), lr))
    assert set(tall) == {"rate-high"} and "nan" not in str(tall["rate-high"])
    assert list(found(network(), Nothing(), loop=looped(lambda net, number: None, lr), steps=60)) == []


def test_a_warm_up_that_takes_for_ever():
    causes = found(network("torch"), SGD(WarmUp(10 ** 8, Constant(0.01))), steps=45)
    assert causes["rate-low"].do == "give the warm-up fewer steps than 100,000,000"


@SEEDS
@BATCHES
def test_a_clip_that_is_short(size, seed):
    causes = found(network(seed=seed), SGD(0.01, clip=1e-6), size, 45 if size < 512 else 24, seed)
    assert list(causes) == ["clip-short"] and "clip shortens them to 1e-06" in causes["clip-short"].says


class Forgetful(Layer):
    """Units with a factor each, whose backward forgets the gradient of these."""

    def build(self, shape, rng, dtype=np.float32):
        self.w, self.dw = np.ones((1, *shape), dtype), np.zeros((1, *shape), dtype)
        return super().build(shape, rng, dtype)

    def forward(self, x, train=False):
        return x * self.w

    def backward(self, dy, to_input=True):
        return dy * self.w

    def params(self):
        return {"w": self.w}

    def grads(self):
        return {"w": self.dw}


@BATCHES
def test_the_gradient_of_one_layer_is_zero(size):
    causes = found(network(scale=Forgetful()), SGD(0.02 if size > 1 else 0.001), size, 80)
    assert causes["gradients-zero"].where == "scale" and "npnet.check_layer" in causes["gradients-zero"].do


def test_all_gradients_are_zero():
    def loop(net, optimizer, pairs):
        for number, (x, labels) in enumerate(pairs):
            logits = net.forward(x, train=True)
            net.backward(np.zeros_like(logits), to_input=False)
            optimizer.update(net.params(), net.grads())
            yield Step(number, float(softmax_cross_entropy(logits, labels)[0]), 0.02, logits, labels)
    cause = found(network(), SGD(0.02), steps=20, loop=loop)["gradients-zero"]
    assert cause.where == "the gradients" and "of all layers are exactly 0" in cause.says


# ------------------------------------------------------------------------ decay, fading, long steps

@SEEDS
@pytest.mark.parametrize("size", [1, 32, 256])
def test_a_strong_decay_is_told_apart_from_the_rate(size, seed):
    optimizer = SGD(0.02 if size > 1 else 0.005, weight_decay=1.0)
    causes = found(network(seed=seed), optimizer, size, 60, seed)
    assert "decay-strong" in causes and "rate-high" not in causes and causes["decay-strong"].wants == "decay down"
    assert "to 0.0005" in causes["decay-strong"].do


def test_usual_decays_are_silent_and_a_decay_of_ones_own_is_measured():
    assert found(network(), SGD(0.02, weight_decay=0.01), steps=150) == {}

    def shrinking(net, number):
        descend(0.02)(net, number)
        for w in net.params().values():
            w *= np.float32(0.9)
    causes = found(network(), Nothing(), steps=110, loop=looped(shrinking))
    assert "decay-strong" in causes and "a step takes" in causes["decay-strong"].says


@SEEDS
@BATCHES
def test_gradients_that_fade_in_eight_sigmoids(size, seed):
    causes = found(deep(Sigmoid, 8, seed), SGD(0.05 if size > 1 else 0.005), size, 60 if size < 512 else 24, seed)
    assert "gradients-vanish" in causes and "ReLU in place of the 8 sigmoids" in causes["gradients-vanish"].do
    assert "rate-high" not in causes and "decay-strong" not in causes


@pytest.mark.parametrize("unit, init, count", [(ReLU, "he", 8), (Tanh, "torch", 6), (Sigmoid, "he", 2)])
def test_deep_networks_that_learn_are_silent(unit, init, count):
    assert found(deep(unit, count, init=init), SGD(0.02), steps=80) == {}


@SEEDS
def test_a_step_that_is_as_long_as_the_weights(seed):
    assert "rate-high" in found(network("he", Tanh, seed), SGD(5.0), 32, 60, seed)


# ------------------------------------------------------------------------ a resume

@pytest.mark.parametrize("stop", [5, 20, 23])
def test_a_resume_goes_on_with_the_same_memory(stop):
    net, optimizer = network("torch"), SGD(1e-7)
    doctor, causes = alone(net), []
    for number, step in enumerate(train(net, optimizer, batches(32, 60))):
        causes += [cause.name for remark in doctor.step(step, net, optimizer) for cause in remark.causes]
        if number + 1 == stop:
            state, doctor = doctor.state(), alone(net)
            doctor.restore(state, net, None)
    assert causes == ["rate-low"]


def test_the_state_is_plain_and_comes_back_whole():
    import json
    net, optimizer = network(), SGD(0.02)
    doctor = Doctor(net, CLASSES, probe=False)
    for step in train(net, optimizer, batches(32, 12)):
        doctor.step(step, net, optimizer)
    first = next(one for one in doctor.examiners if isinstance(one, Movement))
    again = Movement(net)
    again.restore(json.loads(json.dumps(first.state())))
    assert again.state() == first.state() and len(first.paces["fc2.w"]) == 3


@pytest.mark.parametrize("momentum", [1.0, (0.9, 0.999), None])
def test_a_momentum_that_is_no_share_below_1_is_no_trouble(momentum):
    net, optimizer = network(), SGD(0.02)
    doctor, odd = alone(net), SimpleNamespace(momentum=momentum, weight_decay=0.0005, lr=0.02)
    for step in train(net, optimizer, batches(32, 30)):
        assert doctor.step(step, net, odd) == []
