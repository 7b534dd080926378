"""The probe names whose backward is wrong and how, says nothing on healthy networks, and leaves no trace."""
import random

import numpy as np
import pytest

import npnet
from npnet import (LRN, AvgPool, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, LRNWithin, MaxPool, Network, ReLU,
                   Sigmoid, Tanh)
from npnet.backend import ops
from npnet.fit.doctor import Doctor
from npnet.fit.doctor.gradients import Gradients
from npnet.fit.doctor.probe import probe
from npnet.optim import SGD
from npnet.train import Step, train

SEEDS = [0, pytest.param(1, marks=pytest.mark.further), pytest.param(2, marks=pytest.mark.further)]


@pytest.fixture(autouse=True)
def numpy_row():
    """Nothing here needs to be compiled."""
    npnet.use("numpy")


def wrong(kind, array, how):
    """A class like `kind`, one of whose gradients is wrong."""
    class Wrong(kind):
        def backward(self, dy, to_input=True):
            before = getattr(self, f"d{array}", None)
            dx = super().backward(dy, to_input)
            if array == "x":
                return dx if dx is None else how(dx, dx)
            setattr(self, f"d{array}", how(getattr(self, f"d{array}"), before))
            return dx
    return Wrong


def added(new, old):
    old += new
    return old


def half_forgotten(new, _):
    made = new.copy()
    made.reshape(-1)[::2] = 0
    return made


HOW = {"sign": lambda new, _: -new, "factor": lambda new, _: 20 * new, "zero": lambda new, _: 0 * new, "adds": added,
       "direction": lambda new, _: np.roll(new, 1).copy(), "direction ": half_forgotten}


def network(seed=0, conv=Conv2D, norm=BatchNorm, dense=Dense):
    return Network((2, 8, 8), seed=seed, conv1=Conv2D(4, 3, pad=1, init="he"), relu1=ReLU(),
                   conv2=conv(5, 3, pad=1, init="he"), norm2=norm(), relu2=ReLU(), pool2=MaxPool(2, 2),
                   flatten=Flatten(), fc3=dense(12, init="he"), tanh3=Tanh(), fc4=Dense(10, init="he"))


def batches(net, count=3, size=16, seed=0, scale=1.0, classes=10):
    r = np.random.default_rng(seed)
    return [((scale * r.standard_normal((size, *net.input_shape))).astype(np.float32), r.integers(0, classes, size))
            for _ in range(count)]


def trained(net, steps=2, lr=0.01, **more):
    some = batches(net, steps, **more)
    for _ in train(net, SGD(lr=lr), some):
        pass
    return some[-1]


def faults(net, **more):
    found = probe(net, *trained(net, **more), seconds=60)
    assert not found.why and not found.unreached, found
    return [(fault.layer, fault.array, fault.kind) for fault in found.faults], found


# ------------------------------------------------------------------------------- whose backward, and how

@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("layer, kind", [("conv2", Conv2D), ("norm2", BatchNorm), ("fc3", Dense)])
def test_a_wrong_dw_is_named_with_its_kind(layer, kind, how, seed):
    named = {"conv2": "conv", "norm2": "norm", "fc3": "dense"}[layer]
    found, measured = faults(network(seed, **{named: wrong(kind, "w", HOW[how])}))
    assert found == [(layer, "w", how.strip())]
    assert not measured.right
    if how in ("sign", "factor"):
        expected = {"sign": -1, "factor": 0.05}[how]
        assert measured.faults[0].slope == pytest.approx(expected, rel=0.05)
        assert measured.slopes[f"{layer}.w"] == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("how", [name for name in HOW if name != "adds"])
@pytest.mark.parametrize("layer, kind", [("conv2", Conv2D), ("norm2", BatchNorm), ("fc3", Dense)])
def test_a_wrong_dx_blames_the_layer_that_hands_it_on_alone(layer, kind, how, seed):
    named = {"conv2": "conv", "norm2": "norm", "fc3": "dense"}[layer]
    found, _ = faults(network(seed, **{named: wrong(kind, "x", HOW[how])}))
    assert found == [(layer, "x", how.strip())]


@pytest.mark.parametrize("kind, inside", [(ReLU(), "sign"), (Tanh(), "factor"), (MaxPool(3, 1, pad=1), "direction")])
def test_a_layer_without_parameters_is_named(kind, inside):
    made = wrong(type(kind), "x", HOW[inside])
    one = made(3, 1, pad=1) if isinstance(kind, MaxPool) else made()
    net = Network((2, 8, 8), conv1=Conv2D(4, 3, init="he"), odd=one, flatten=Flatten(), fc2=Dense(10, init="he"))
    assert faults(net)[0] == [("odd", "x", inside)]


def test_the_layer_inside_a_concat_is_named():
    net = Network((2, 8, 8), conv1=Conv2D(4, 3, init="he"), relu1=ReLU(), both=Concat([
        dict(one=wrong(Conv2D, "w", HOW["sign"])(3, 1, init="he"), relu=ReLU()),
        dict(two=Conv2D(3, 3, pad=1, init="he"))]), flatten=Flatten(), fc2=Dense(10, init="he"))
    assert faults(net)[0] == [("both.one", "w", "sign")]


def test_a_bias_that_is_forgotten_is_found():
    assert faults(network(dense=wrong(Dense, "b", HOW["zero"])))[0] == [("fc3", "b", "zero")]


def test_of_a_first_layer_only_what_trains_is_asked():
    net = Network((6,), fc1=wrong(Dense, "x", HOW["sign"])(8, init="he"), relu1=ReLU(), fc2=Dense(10, init="he"))
    assert faults(net)[0] == []


# ------------------------------------------------------------------------------- healthy networks

HEALTHY = {
    "batch norm": lambda seed: network(seed),
    "tanh": lambda seed: Network((2, 8, 8), seed=seed, flatten=Flatten(), fc1=Dense(20, init="torch"), tanh1=Tanh(),
                                 fc2=Dense(20, init="torch"), tanh2=Tanh(), fc3=Dense(10, init="torch")),
    "sigmoid": lambda seed: Network((2, 8, 8), seed=seed, flatten=Flatten(), fc1=Dense(20, init="torch"),
                                    s1=Sigmoid(), fc2=Dense(20, init="torch"), s2=Sigmoid(), fc3=Dense(10)),
    "dropout": lambda seed: Network((2, 8, 8), seed=seed, conv1=Conv2D(4, 3, init="he"), relu1=ReLU(),
                                    drop1=Dropout(0.5), flatten=Flatten(), fc2=Dense(10, init="he")),
    "norms": lambda seed: Network((6, 8, 8), seed=seed, conv1=Conv2D(6, 3, groups=2, init="he"), relu1=ReLU(),
                                  norm1=LRN(), within=LRNWithin(3), pool1=AvgPool(2, 2), flatten=Flatten(),
                                  fc2=Dense(10, init="he")),
    "small weights": lambda seed: Network((2, 8, 8), seed=seed, flatten=Flatten(), fc1=Dense(20), relu1=ReLU(),
                                          fc2=Dense(20), relu2=ReLU(), fc3=Dense(10)),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", HEALTHY)
@pytest.mark.parametrize("size, scale", [(1, 1.0), (16, 1.0), (16, 60.0)])
def test_a_healthy_network_has_no_fault(name, size, scale, seed):
    if name == "batch norm" and size == 1:
        size = 2
    found, measured = faults(HEALTHY[name](seed), size=size, scale=scale, lr=1e-3 / scale, seed=seed)
    assert found == []
    assert measured.right
    assert measured.whole == pytest.approx(1, abs=0.07)
    assert all(0.9 < slope < 1.1 for slope in measured.slopes.values() if np.isfinite(slope))


@pytest.mark.parametrize("steps", [0, 1])
def test_black_pictures_and_biases_of_0_are_no_fault(steps):
    """ReLU at exactly 0 and max-pools at ties: the loss has no gradient there, and no backward is wrong."""
    net = Network((1, 8, 8), conv1=Conv2D(4, 3, init="he"), relu1=ReLU(), pool1=MaxPool(2, 2), flatten=Flatten(),
                  fc2=Dense(16, init="he"), relu2=ReLU(), fc3=Dense(10, init="he"))
    (x, labels), = batches(net, 1)
    x[:, :, 2:] = 0
    x[:4] = 0
    for _ in train(net, SGD(), [(x, labels)] * steps):
        pass
    found = probe(net, x, labels, seconds=60)
    assert found.right and not found.why


def test_frozen_layers_and_weights_of_0_are_no_fault():
    net = network()
    net.freeze("conv1", "conv2", "norm2")
    net["fc4"].w[...] = 0
    assert probe(net, *batches(net, 1)[0], seconds=60).right


def test_a_network_that_is_no_chain_is_not_judged():
    class Odd(Network):
        def forward(self, x, train=False):
            return super().forward(x, train)

    net = Odd((6,), fc1=Dense(10))
    found = probe(net, *batches(net, 1)[0])
    assert "no chain" in found.why and not found.right and not found.faults


# ------------------------------------------------------------------------------- no trace

GLOBAL = np.random.default_rng(5)


class OwnNoise(npnet.Layer):
    """Draws where nobody can see it: from np.random, random, a generator of its own and one of its module."""

    def build(self, shape, rng, dtype=np.float32):
        self.rng = np.random.default_rng(3)
        return super().build(shape, rng, dtype)

    def forward(self, x, train=False):
        if train:
            self.kept = ((np.random.random(x.shape) + self.rng.random(x.shape) + GLOBAL.random(x.shape)
                          + random.random()) > 1.5).astype(x.dtype)
        return x * self.kept if train else x

    def backward(self, dy, to_input=True):
        return dy * self.kept


class OwnInPlace(Dense):
    """Writes into whatever it has: x, its weights, its gradients."""

    calls = 0

    def forward(self, x, train=False):
        self.w *= np.float32(0.9999)
        self.calls += 1
        y = super().forward(x.copy())
        x[...] = 0
        return y

    def backward(self, dy, to_input=True):
        self.dw += self.x.T @ dy
        self.db += dy.sum(axis=0)
        dx = dy @ self.w.T
        dy[...] = 0
        return dx


def odd_network(seed=0):
    return Network((2, 8, 8), seed=seed, conv1=Conv2D(4, 3, pad=1, init="he"), norm1=BatchNorm(), relu1=ReLU(),
                   both=Concat([dict(one=Conv2D(3, 1), drop=Dropout(0.3)), dict(two=Conv2D(3, 3, pad=1), n2=BatchNorm())]),
                   noise=OwnNoise(), flatten=Flatten(), drop2=Dropout(0.5), fc3=OwnInPlace(12, init="he"),
                   relu3=ReLU(), fc4=Dense(10, init="he"))


def everything(net, optimizer):
    """All that a training goes on from, as bytes."""
    arrays = {**net.params(), **{f"state {k}": v for k, v in net.state().items()},
              **{f"grad {k}": v for k, v in net.grads().items()},
              **{f"v {k}": v for k, v in optimizer.velocity.items()}}
    for name, layer in npnet.network.every_layer(net.layers).items():
        arrays |= {f"{name}.{key}": value for key, value in vars(layer).items() if isinstance(value, np.ndarray)}
    found = {key: value.tobytes() for key, value in arrays.items()}
    found["calls"], found["own"] = net["fc3"].calls, str(net["noise"].rng.bit_generator.state)
    found["random"] = str((np.random.get_state(), random.getstate(), GLOBAL.bit_generator.state, net.step, net.rows))
    return found


def ten_steps(trouble):
    """What is left of ten steps after `trouble(net, x, labels)` in the fourth."""
    np.random.seed(1)
    random.seed(1)
    GLOBAL.bit_generator.state = np.random.default_rng(5).bit_generator.state
    net, optimizer = odd_network(), SGD(lr=0.001)
    for step, (x, labels) in zip(train(net, optimizer, batches(net, 14)), batches(net, 14)):
        if step.number == 3:
            before = everything(net, optimizer)
            trouble(net, x, labels)
            assert everything(net, optimizer) == before
    return everything(net, optimizer)


def test_a_probe_leaves_no_bit_changed_now_or_ten_steps_later():
    found = []
    plain = ten_steps(lambda *_: None)
    assert ten_steps(lambda *given: found.append(probe(*given, update=0.01, seconds=60))) == plain
    assert [(fault.layer, fault.kind) for fault in found[0].faults if fault.kind == "adds"] == [("fc3", "adds")] * 2


@pytest.mark.parametrize("seed", range(3))
def test_an_interrupted_probe_leaves_no_bit_changed(seed, monkeypatch):
    """Ctrl-C at forwards and backwards anywhere in the middle; a layer that raises an error."""
    plain, when = ten_steps(lambda *_: None), np.random.default_rng(seed)
    for error in (KeyboardInterrupt, MemoryError):
        count, at = [0], int(when.integers(1, 120))

        def trouble(net, x, labels):
            def counted(method):
                def call(self, *given, **more):
                    count[0] += 1
                    result = method(self, *given, **more)
                    if count[0] == at:
                        raise error
                    return result
                return call
            with monkeypatch.context() as patched:
                for kind in (Conv2D, ReLU, OwnNoise, OwnInPlace):
                    for name in ("forward", "backward"):
                        patched.setattr(kind, name, counted(getattr(kind, name)))
                try:
                    probe(net, x, labels, update=0.01, seconds=60)
                except KeyboardInterrupt:
                    assert error is KeyboardInterrupt
                else:
                    assert error is not KeyboardInterrupt
        assert ten_steps(trouble) == plain
        assert count[0] >= at


# ------------------------------------------------------------------------------- the examiner

def watched(net, optimizer, some, loop=train, **more):
    """(findings, Gradients) of a training in which something is wrong at the end."""
    doctor, gradients, found, last = Doctor(net, 10), Gradients(net, **more), [], None
    with np.errstate(all="ignore"):
        for step in loop(net, optimizer, some):
            last = doctor.case_of(step, net, optimizer)
            found += gradients.see(last)
            if not np.isfinite(step.loss):
                break
    found += gradients.suspects(last)
    return list({finding.key: finding for finding in found}.values()), gradients, last


def mlp(seed=0, dense=Dense):
    return Network((6,), seed=seed, fc1=Dense(16, init="he"), relu1=ReLU(), fc2=dense(16, init="he"), relu2=ReLU(),
                   fc3=Dense(10, init="he"))


def own_loop(loss=1.0, direction=1.0):
    """A loop of one's own, whose loss is so many times the mean, and whose updates go `direction` times down."""
    def loop(net, optimizer, some):
        for x, labels in some:
            net.step = optimizer.steps
            logits = net.forward(x, train=True)
            mean, dlogits = ops.softmax_cross_entropy(logits, labels)
            factor = np.float32(len(x) if loss == "sum" else loss)
            net.backward(factor * dlogits, to_input=False)
            optimizer.update(net.params(), {name: direction * dw for name, dw in net.grads().items()})
            yield Step(net.step, float(factor * mean), optimizer.lr, logits, labels)
    return loop


class Adam:
    """An optimizer of one's own."""

    def __init__(self, lr):
        self.lr, self.steps, self.m, self.v = lr, 0, {}, {}

    def update(self, params, grads):
        self.steps += 1
        for name, w in params.items():
            self.m[name] = 0.9 * self.m.get(name, 0) + 0.1 * grads[name]
            self.v[name] = 0.999 * self.v.get(name, 0) + 0.001 * grads[name] ** 2
            m, v = self.m[name] / (1 - 0.9 ** self.steps), self.v[name] / (1 - 0.999 ** self.steps)
            w -= (self.lr * m / (np.sqrt(v) + 1e-8)).astype(w.dtype)


@pytest.mark.parametrize("how, words", [
    ("sign", "raises the loss, measured -1.00 of what it promises: the sign of its dw is wrong"),
    ("factor", "measured 0.05 of what it promises: its dw is 20 times too long"),
    ("zero", "its dw is 0 though the loss depends on w"),
    ("direction", "its dw does not point where the loss falls"),
    ("adds", "a second backward gives another gradient: its dw is added to the one before")])
def test_a_finding_says_how_the_backward_is_wrong_and_its_call_works(how, words, capsys):
    net = mlp(dense=wrong(Dense, "w", HOW[how]))
    (finding, *rest), gradients, _ = watched(net, SGD(lr=0.01), batches(net, 6))
    assert not rest and gradients.right is False
    assert (finding.name, finding.where, finding.explains) == ("backward-wrong", "fc2", 1.0)
    assert words in finding.says and "measured on 8 pictures in " in finding.says
    exec(finding.do.partition(": ")[2], {"npnet": npnet, "np": np, "net": net})
    assert "FAILED" in (out := capsys.readouterr().out) or "a second backward" in out


def test_a_dx_is_said_to_be_handed_on_and_a_loss_of_nan_does_not_hide_it():
    net = mlp(dense=wrong(Dense, "x", HOW["sign"]))
    some = batches(net, 6)
    net["fc1"].w[...] = np.nan
    (finding,), gradients, _ = watched(net, SGD(lr=0.01), some)
    assert gradients.found.anew
    assert finding.where == "fc2" and "the sign of the dx that it hands on is wrong" in finding.says
    assert "with new first weights" in finding.says


@pytest.mark.parametrize("optimizer", [lambda: SGD(lr=0.01), lambda: SGD(lr=0.01, momentum=0), lambda: Adam(0.001),
                                       lambda: SGD(lr=0.01, weight_decay=1.0)])
def test_ascent_is_seen_after_three_updates_and_descent_is_none(optimizer):
    for direction in (-1, 1):
        found, gradients, _ = watched(mlp(), optimizer(), batches(mlp(), 6), own_loop(direction=direction))
        assert {finding.name for finding in found} == ({"ascent"} if direction < 0 else set())
        assert gradients.right
        assert all(finding.alone and finding.where == "the update" for finding in found)


def test_a_loss_that_sums_or_goes_the_wrong_way_is_seen_at_the_outputs():
    for loss, name, words in (("sum", "loss-sums", "16 times"), (-1, "ascent", "-1 times"), (1, None, ""),
                              (50, "loss-own", "50 times")):
        found, _, _ = watched(mlp(), SGD(lr=1e-4), batches(mlp(), 6), own_loop(loss=loss))
        assert [finding.name for finding in found] == ([name] if name else [])
        assert not found or words in found[0].says


@pytest.mark.parametrize("make", [lambda lr: SGD(lr=lr), lambda lr: Adam(lr)])
def test_the_rate_is_judged_by_the_loss_after_a_whole_step(make):
    for lr, name in ((10.0, "rate-high"), (0.003, None), (1e-8, "rate-low")):
        found, gradients, _ = watched(mlp(), make(lr), batches(mlp(), 4), own_loop())
        assert [finding.name for finding in found] == ([name] if name else []), (lr, gradients.found)


def test_gradients_of_0_and_nan_are_remarks_by_themselves():
    net = mlp()
    net["fc2"].b[...] = -100
    net["fc3"].b[...] = 0
    net.freeze("fc3")
    found, _, _ = watched(net, SGD(lr=0.01), batches(net, 5))
    assert {finding.name for finding in found} == {"gradients-zero"} and found[0].alone

    def spoil(new, _):
        return new * np.nan
    net = mlp(dense=wrong(Dense, "w", spoil))
    found, _, _ = watched(net, SGD(lr=0.0), batches(net, 1))
    assert [finding.name for finding in found][0] == "gradients-nan" and "dw holds NaN" in found[0].says


def test_the_probe_is_asked_once_also_after_a_resume_and_can_be_turned_off(monkeypatch):
    net = mlp(dense=wrong(Dense, "w", HOW["sign"]))
    found, gradients, last = watched(net, SGD(lr=0.01), batches(net, 6))
    monkeypatch.setattr("npnet.fit.doctor.gradients.probe", lambda *_: pytest.fail("asked twice"))
    assert found and gradients.suspects(last) == found
    other = Gradients(net)
    other.restore(npnet.fit.doctor.case.plain(gradients.state()))
    assert other.suspects(last) == found and other.right is False
    assert watched(net, SGD(lr=0.01), batches(net, 6), probe=False)[0] == []


def test_a_layer_of_ones_own_is_asked_early_though_the_network_learns():
    net, (some,) = mlp(dense=wrong(Dense, "b", HOW["sign"])), batches(mlp(), 1)
    doctor, gradients, optimizer, found = Doctor(net, 10), Gradients(net), SGD(lr=0.1), {}
    for step in train(net, optimizer, [some] * 40):
        found[step.number] = gradients.see(doctor.case_of(step, net, optimizer))
    assert step.loss < 0.5
    (finding,) = found.pop(1)
    assert finding.alone and finding.where == "fc2" and finding.explains < 1 and not any(found.values())


def test_early_only_layers_of_ones_own_are_asked(monkeypatch):
    monkeypatch.setattr("npnet.fit.doctor.gradients.probe", lambda *_, **__: pytest.fail("asked"))
    doctor, net, optimizer = Doctor(mlp(), 10), mlp(), SGD()
    gradients = Gradients(net)
    assert not any(gradients.see(doctor.case_of(step, net, optimizer))
                   for step in train(net, optimizer, batches(net, 4)))
