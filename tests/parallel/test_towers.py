"""The two towers compute what one process computes with groups of 2, hold half each, and send what figure 2 draws."""
import os
import re
import subprocess
import sys
import threading
import weakref
from functools import partial
from queue import Queue
from types import SimpleNamespace

import numpy as np
import pytest
from ranked import ROOT, launched, on_ranks

from standin import DeviceArray, to_host

import npnet
from npnet import (LRN, SGD, AdaptiveAvgPool, AvgPool, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, Layer,
                   LRNWithin, MaxPool, ReLU, Softmax, Tanh)
from npnet.backend import BACKENDS, NUMPY, ops
from npnet.models import copied
from npnet.network import Network
from npnet.parallel.towers.cutting import Unbuilt, rows_of
from npnet.parallel.towers.exchange import Traffic, traffic
from npnet.parallel.towers.figure import figure, table
from npnet.parallel.towers.tower import TwoTowers
from npnet.train import evaluate, train
from npnet.weights.checkpoint import read_checkpoint, save_checkpoint

SEEDS = 12
CLOSE = {np.float64: 1e-10, np.float32: 1e-3}


def small(dtype=np.float64, seed=0, classes=7):
    """Every kind of layer that two towers can have, in the order of the paper's network; an odd number of classes."""
    return Network(
        (3, 16, 16), seed, dtype, conv1=Conv2D(8, 5, stride=2, pad=2, init="he"), relu1=ReLU(),
        norm1=LRN(n=3, alpha=0.1, groups=2), pool1=MaxPool(3, 2), conv2=Conv2D(12, 3, pad=1, groups=4, init="he"),
        batch2=BatchNorm(), relu2=ReLU(), drop2=Dropout(0.2), conv3=Conv2D(11, 3, pad=1, init="he", bias=0.5),
        relu3=ReLU(), pool3=AdaptiveAvgPool(2), flatten=Flatten(), batch3=BatchNorm(), fc6=Dense(9, init="he"), relu6=ReLU(),
        drop6=Dropout(0.5), fc7=Dense(classes, init="he"))


def batches(net, steps=3, size=6):
    """The same pictures and labels in every process."""
    random = np.random.default_rng(1)
    return [(random.standard_normal((size, *net.input_shape)).astype(net.dtype), np.arange(size) % 3) for _ in range(steps)]


# ---------------------------------------------------------------------- two processes that are threads

class Wire:
    """What mpi4py's communicator of two processes offers to a tower, between two threads."""

    size = 2

    def __init__(self, rank, out, back):
        self.rank, self.out, self.back, self.log = rank, out, back, []

    def Isend(self, array, dest, tag):
        assert dest == 1 - self.rank and array.flags.c_contiguous
        self.log.append(array.nbytes)
        self.out.put((tag, array.copy()))
        return SimpleNamespace(Test=lambda: True)

    def Irecv(self, array, source, tag):
        assert source == 1 - self.rank and array.flags.c_contiguous

        def arrive():
            sent, got = self.back.get(timeout=20)
            assert sent == tag, "the towers wait for different messages"
            assert (got.shape, got.dtype) == (array.shape, array.dtype)
            array[...] = got
            return True
        return SimpleNamespace(Test=arrive)


def wait(requests):
    """Waits for messages of such a Wire."""
    assert all([request.Test() for request in requests])


def both(function, *given, backend="numpy"):
    """[what function(comm, *given) returned in the process of tower 0, of tower 1]; raises what tower 0 raised."""
    npnet.use(backend)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("npnet.parallel.towers.exchange.wait", wait)
        return both_run(function, *given)


def both_run(function, *given):
    wires, results = (Queue(), Queue()), {}

    def run(rank):
        try:
            results[rank] = function(Wire(rank, wires[rank], wires[1 - rank]), *given)
        except Exception as error:
            results[rank] = error
    threads = [threading.Thread(target=run, args=(rank,), daemon=True) for rank in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results.values():
        if isinstance(result, Exception):
            raise result
    return results[0], results[1]


def check_close(got, wanted, dtype):
    """Equal but for rounding, measured against the largest number of each array (a gradient may be 0 but for that)."""
    assert list(got) == list(wanted)
    for name, array in wanted.items():
        assert got[name].shape == array.shape and got[name].dtype == array.dtype
        off = np.abs(got[name] - array).max() / max(np.abs(array).max(), 1e-3)
        assert off < CLOSE[np.dtype(dtype).type], (name, off)


# ---------------------------------------------------------------------- the same numbers as one process

def three_updates(comm, make, *given, rate=0.05):
    """What a tower makes of three steps: everything that one_process, too, returns; gathered where it is cut."""
    towers = TwoTowers(make(*given), comm)
    optimizer, found = SGD(rate, momentum=0.9, weight_decay=0.01), []
    for step in train(towers, optimizer, batches(towers)):
        found.append({"logits": step.logits, "loss": np.array(step.loss), "grads": towers.joined(towers.grads())})
    towers.step, dx = 9, None
    logits = towers.forward(ops.to_device(batches(towers)[0][0]), train=True)
    dx = towers.backward(np.cos(logits))
    return {"steps": found, "params": towers.joined(towers.params()), "state": towers.joined(towers.state()), "dx": dx,
            "velocity": towers.joined(optimizer.velocity), "result": evaluate(towers, batches(towers)),
            "memory": sum(array.size for array in (towers.params() | towers.state()).values())}


def one_process(make, *given, rate=0.05):
    npnet.use("numpy")
    net, optimizer, found = make(*given), SGD(rate, momentum=0.9, weight_decay=0.01), []
    for step in train(net, optimizer, batches(net)):
        found.append({"logits": step.logits, "loss": np.array(step.loss), "grads": net.grads()})
    net.step = 9
    dx = net.backward(np.cos(net.forward(batches(net)[0][0], train=True)))
    return {"steps": found, "params": net.params(), "state": net.state(), "dx": dx, "velocity": optimizer.velocity,
            "result": evaluate(net, batches(net)),
            "memory": sum(array.size for array in (net.params() | net.state()).values())}


def check_same_run(towers, alone, dtype):
    first, second = towers
    for tower in towers:
        check_close({"dx": tower["dx"]}, {"dx": alone["dx"]}, dtype)
        assert np.allclose(tower["result"], alone["result"], rtol=CLOSE[np.dtype(dtype).type])
        for step, wanted in zip(tower["steps"], alone["steps"], strict=True):
            check_close({"logits": step["logits"], "loss": step["loss"]}, {key: wanted[key] for key in ("logits", "loss")}, dtype)
    for step, wanted in zip(first["steps"], alone["steps"]):
        check_close(step["grads"], wanted["grads"], dtype)
    for what in ("params", "state", "velocity"):
        check_close(first[what], alone[what], dtype)
        assert second[what] is None
    assert first["memory"] + second["memory"] == alone["memory"]
    assert [step["loss"] for step in first["steps"]] == [step["loss"] for step in second["steps"]]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_three_updates_of_a_small_network(dtype):
    check_same_run(both(three_updates, small, dtype), one_process(small, dtype), dtype)


@pytest.fixture
def device():
    """A backend whose arrays are not the host's, and refuse to be taken for such."""
    BACKENDS["standin"] = lambda: {**NUMPY, "device": "standin", "to_device": DeviceArray, "to_host": to_host}
    yield "standin"
    del BACKENDS["standin"]


def test_on_a_device_arrays_pass_through_the_host(device):
    towers = both(three_updates, small, backend=device)
    check_same_run([on_host(tower) for tower in towers], one_process(small), np.float64)


def on_host(tower):
    """What three_updates returned, on the host."""
    for step in tower["steps"]:
        step["logits"] = to_host(step["logits"])
    return tower | {"dx": to_host(tower["dx"])}


def drawn(seed):
    """A network of layers that chance has chosen, of those that two towers can have."""
    random, layers, channels, flat = np.random.default_rng(seed), {}, 3, False
    for number in range(random.integers(3, 9)):
        options = [ReLU(), Tanh(), Dropout(0.3)]
        if flat:
            options += 3 * [Dense(int(random.integers(2, 9)), std=0.5)] + ([BatchNorm()] if channels else [])
        else:
            groups = int(random.choice([1, 1, 2, 4])) if channels % 4 == 0 else 1
            options += 4 * [Conv2D(int(random.integers(1, 4)) * 4 - (groups == 1) * int(random.integers(0, 2)), 3, pad=1, groups=groups, std=0.3)]
            options += [MaxPool(2, 1), AvgPool(2, 1), LRNWithin(n=3, alpha=0.1), Flatten()]
            options += [LRN(n=3, alpha=0.2, groups=2)] * (channels % 2 == 0 and number > 0) + [BatchNorm()] * (number > 0)
        layer = options[random.integers(len(options))]
        layers[f"layer{number}"] = layer
        channels, flat = getattr(layer, "filters", channels), flat or isinstance(layer, Flatten)
    if not flat:
        layers["flatten"] = Flatten()
    return Network((3, 9, 7), seed, np.float64, **layers, fc=Dense(5, std=0.5))


def possible(seed):
    """Whether the network of this seed can be cut."""
    net = drawn(seed)
    try:
        return bool(rows_of(net.input_shape, net.layers))
    except ValueError:
        return False


def test_networks_that_chance_has_chosen(monkeypatch):
    npnet.use("numpy")
    monkeypatch.setitem(CLOSE, np.float64, 1e-8)                # batch normalisation of nearly nothing enlarges rounding
    seeds = [seed for seed in range(SEEDS) if possible(seed)]
    assert len(seeds) > SEEDS / 3
    for seed in seeds:
        check_same_run(both(partial(three_updates, rate=1e-3), drawn, seed), one_process(drawn, seed, rate=1e-3), np.float64)


def run_on_a_rank(make, *given):
    from mpi4py import MPI
    npnet.use("numpy")
    return three_updates(MPI.COMM_WORLD, make, *given)


def paper(size, classes, units=4096):
    """krizhevsky2012 in float64, where a term that is missing in LRN (alpha is 1e-4) is not taken for rounding; with
    dense layers that may be smaller."""
    shape, layers = npnet.MODELS["krizhevsky2012"](classes, size)
    layers["fc6"].units = layers["fc7"].units = units
    return Network(shape, 0, np.float64, **layers)


@pytest.mark.mpi
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_three_updates_in_two_processes(dtype):
    check_same_run(on_ranks(2, run_on_a_rank, small, dtype), one_process(small, dtype), dtype)


@pytest.mark.mpi
def test_the_paper_s_network_in_two_processes():
    towers, alone = on_ranks(2, run_on_a_rank, paper, 67, 10, 256), one_process(paper, 67, 10, 256)
    check_same_run(towers, alone, np.float64)


def frozen_later(comm):
    """A step with layers frozen after the towers were made, of a batch that is a part of one of 10 pictures."""
    net = TwoTowers(small(), comm) if comm else small()
    net.freeze("conv1", "batch2", "fc6")
    net.rows = (3, 10)
    for step in train(net, SGD(0.1), batches(net, 2)):
        pass
    whole = net.whole() if comm else net
    return list(net.params()), whole


def test_layers_may_be_frozen_later_and_batches_be_parts_of_others():
    (names, whole), (others, nothing) = both(frozen_later)
    wanted, alone = frozen_later(None)
    assert names == others == wanted == list(whole.params()) and "conv1.w" not in names and nothing is None
    check_close(whole.params() | whole.state(), alone.params() | alone.state(), np.float64)
    assert (whole.step, whole.rows, whole.frozen, str(whole)) == (1, (3, 10), alone.frozen, str(alone))


def test_numbers_that_are_not_finite_are_found_where_they_come_up():
    def broken(comm):
        towers = TwoTowers(small(), comm)
        towers["conv2"].b[0] = np.nan
        towers.forward(batches(towers)[0][0])
    npnet.check()
    try:
        with pytest.raises(FloatingPointError, match="conv2: its output holds"):
            both(broken)
    finally:
        npnet.check(False)


# ---------------------------------------------------------------------- what travels, and what each holds

def unbuilt(name="krizhevsky2012", **settings):
    """A network's layers without their arrays."""
    return Unbuilt(*npnet.MODELS[name](**settings))


def test_the_paper_s_traffic():
    """The crossing lines of figure 2, for a batch of 128."""
    conv3 = 128 * 128 * 13 * 13 * 4
    assert traffic(unbuilt(), 128) == {
        "conv3": Traffic(conv3, conv3, 2), "fc6": Traffic(128 * 4608 * 4, 128 * 4608 * 4, 2),
        "fc7": Traffic(128 * 2048 * 4, 128 * 2048 * 4, 2), "fc8": Traffic(128 * 2048 * 4, 128 * 2048 * 4, 2),
        "loss": Traffic(128 * 500 * 4, 0, 1)}
    assert conv3 == 11_075_584


@pytest.mark.parametrize("batch", [0, -1, 2.5, "a"])
def test_batches_of_no_pictures_have_no_traffic(batch):
    with pytest.raises(ValueError, match="batch must be a whole number of pictures of at least 1, got"):
        traffic(unbuilt(), batch)


@pytest.mark.parametrize("name, places", [
    ("original", ["conv3", "fc6", "fc7", "fc8", "loss"]), ("cifar_alexnet", ["conv3", "fc6", "fc7", "loss"]),
    ("lenet5", ["conv2", "conv3", "fc4", "fc5", "loss"]), ("torchvision", ["conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8", "loss"]),
    ("batchnorm", ["conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8", "loss"])])
def test_where_other_networks_exchange(name, places):
    assert list(traffic(unbuilt(name), 1)) == places


def told(comm, make, frozen=()):
    net = make()
    net.freeze(*frozen)
    towers = TwoTowers(net, comm)
    before, comm.log[:] = len(comm.log), []
    (x, labels), = batches(net, 1)
    for step in train(towers, SGD(0.1), [(x, labels)]):
        pass
    return before, comm.log[1:], towers.partner.sent, traffic(net, len(x), comm.rank)       # [0] compares the batches


def test_what_is_sent_is_what_the_formula_says():
    for tower in both(told, small):
        _, log, sent, formula = tower
        assert {place: told[:3] for place, told in sent.items()} == {place: told[:3] for place, told in formula.items()}
        maps = [told.forward for told in formula.values()] + [told.backward for told in formula.values()][-2::-1]
        assert log == [*maps, 8]                                # 8: how long this tower's gradients are, for SGD(clip=...)
        assert all(told.seconds > 0 for told in sent.values()) and list(formula) == ["conv3", "fc6", "fc7", "loss"]


@pytest.mark.parametrize("frozen, back", [(["conv1", "conv2", "batch2"], ["fc6", "fc7"]), (["conv1", "conv2", "batch2", "conv3", "batch3", "fc6"], []), (["fc6"], ["conv3", "fc6", "fc7"])])
def test_frozen_layers_are_not_asked_for_gradients(frozen, back):
    for _, log, sent, formula in both(told, small, frozen):
        assert [place for place, told in sent.items() if told.backward] == back
        assert {place: told[:3] for place, told in sent.items()} == {place: told[:3] for place, told in formula.items()}


def test_half_the_memory_and_nothing_of_the_whole():
    def halves(comm):
        net = small(classes=8)
        gone, count = weakref.ref(net["fc6"].w), sum(array.nbytes for array in (net.params() | net.state()).values())
        towers = TwoTowers(net, comm)
        net = None
        arrays = [*(towers.params() | towers.state()).values(), *towers.grads().values()]
        assert gone() is None and all(array.base is None for array in arrays)
        return count, towers.params() | towers.state()
    (whole, first), (_, second) = both(halves)
    assert sum(array.nbytes for array in [*first.values(), *second.values()]) == whole
    sizes = {name: (first[name].shape, second[name].shape) for name in first}
    assert sizes["batch3.var"] == ((20,), (24,))
    assert sizes["conv1.w"] == ((4, 3, 5, 5), (4, 3, 5, 5)) and sizes["conv2.w"] == ((6, 2, 3, 3), (6, 2, 3, 3))
    assert sizes["conv3.w"] == ((5, 12, 3, 3), (6, 12, 3, 3)) and sizes["batch2.mean"] == ((6,), (6,))
    assert sizes["fc6.w"] == ((44, 4), (44, 5)) and sizes["fc7.b"] == ((4,), (4,))


def test_initial_weights_are_the_halves_of_one_draw():
    whole = small().params()
    first, second = both(lambda comm: TwoTowers(small(), comm).params())
    for name, array in whole.items():
        axis = int(name.startswith("fc") and array.ndim == 2)
        assert np.array_equal(np.concatenate([first[name], second[name]], axis), array)


@pytest.mark.parametrize("init", ["paper", "he", "torch"])
def test_halves_are_drawn_without_the_whole(init):
    """The same numbers to the last bit, and the same training."""
    def layers():
        return {name: copied(layer) for name, layer in small().layers.items()}

    def trained(comm, unbuilt):
        chosen = layers()
        for layer in chosen.values():
            if hasattr(layer, "init"):
                layer.init = init
        net = Unbuilt((3, 16, 16), chosen, 3, np.float64) if unbuilt else Network((3, 16, 16), 3, np.float64, **chosen)
        towers = TwoTowers(net, comm)
        assert not unbuilt or not hasattr(chosen["fc6"], "w")
        begin = {name: array.copy() for name, array in (towers.params() | towers.state()).items()}
        list(train(towers, SGD(0.01), batches(towers)))
        return begin, towers.params(), towers.architecture()
    for drawn, copies in zip(both(trained, True), both(trained, False)):
        assert drawn[2] == copies[2]
        for one, other in zip(drawn[:2], copies[:2]):
            assert list(one) == list(other) and all(np.array_equal(one[name], other[name]) for name in one)


def test_a_layer_that_does_not_fit_is_named_when_halves_are_drawn():
    with pytest.raises(ValueError, match="conv1: a window of 9 does not fit into 4 pixels"):
        both(lambda comm: TwoTowers(Unbuilt((3, 4, 4), dict(conv1=Conv2D(4, 9), flatten=Flatten(), fc=Dense(2))), comm))


# ---------------------------------------------------------------------- the whole again

def saved(comm, folder, half):
    """Two steps, a checkpoint of the whole, and two more steps; then the last two again, from the checkpoint."""
    towers, optimizer = TwoTowers(small(), comm), SGD(0.05)
    given = batches(towers, 4)
    list(train(towers, optimizer, given[:2]))
    whole, all_of_it = towers.whole(), towers.whole_optimizer(optimizer)
    path = folder / f"{comm.rank}.npz"
    towers.save(folder / "net.npz")
    if comm.rank == 0:
        save_checkpoint(path, whole, all_of_it)
        comm.out.put(None)
    else:
        assert whole is None and all_of_it is None and comm.back.get(timeout=20) is None
    list(train(towers, optimizer, given[2:]))

    checkpoint = read_checkpoint(folder / "0.npz")
    again = TwoTowers(checkpoint.network(), comm)
    resumed = again.half_optimizer(checkpoint.optimizer())
    if half is not None and comm.rank == 1:                                  # what a careless change would do
        half(again, resumed)
    list(train(again, resumed, given[2:]))
    return [np.concatenate([array.ravel() for array in (net.params() | net.state()).values()]) for net in (towers, again)]


@pytest.mark.parametrize("half, same", [
    (None, True), (lambda net, optimizer: net["conv2"].w.__setitem__(0, 0), False),
    (lambda net, optimizer: optimizer.velocity["fc6.w"].__setitem__(0, 1), False)])
def test_a_checkpoint_of_the_whole_goes_on_as_two_towers(tmp_path, half, same):
    for towers, again in both(saved, tmp_path, half):
        assert np.array_equal(towers, again) == same
    net = npnet.load(tmp_path / "net.npz")
    optimizer = read_checkpoint(tmp_path / "0.npz").optimizer()
    alone, other = small(), SGD(0.05)
    list(train(alone, other, batches(alone, 4)[:2]))
    check_close(net.params() | net.state(), alone.params() | alone.state(), np.float64)     # one process goes on from it
    check_close(optimizer.velocity, other.velocity, np.float64)
    assert optimizer.steps == 2 and net.architecture() == alone.architecture()


def test_clipping_looks_at_both_towers():
    def clipped(comm):
        net = TwoTowers(small(), comm) if comm else small()
        optimizer = SGD(0.1, clip=0.01)
        list(train(net, optimizer, batches(net)))
        return (net.joined(net.params()) if comm else net.params())
    check_close(both(clipped)[0], clipped(None), np.float64)


# ---------------------------------------------------------------------- what cannot be

def cut(**layers):
    return rows_of((4, 8, 8), layers)


@pytest.mark.parametrize("layers, sentence", [
    (dict(conv1=Conv2D(8, 3), norm1=LRN()), "norm1: its window reaches from one tower into the other; use LRN"),
    (dict(conv1=Conv2D(6, 3), norm1=LRN(groups=3)), "norm1: groups=3 cannot be divided between two towers; use an even"),
    (dict(conv1=Conv2D(6, 3), conv2=Conv2D(6, 3, groups=3)), "conv2: groups=3 cannot be divided"),
    (dict(conv1=Conv2D(8, 3, groups=2)), "conv1: groups=2 divides channels that both towers have"),
    (dict(norm0=BatchNorm(), conv1=Conv2D(8, 3)), "norm0: its parameters cannot be divided"),
    (dict(conv1=Conv2D(1, 3)), r"conv1: Conv2D\(1, 3\) has 1 output"),
    (dict(flatten=Flatten(), fc=Dense(1)), r"fc: Dense\(1\) has 1 output"),
    (dict(both=Concat([dict(a=Conv2D(2, 1))])), "both: a Concat cannot be divided between two towers; they can have"),
    (dict(mine=type("Mine", (Layer,), {})()), "mine: a Mine cannot be divided"),
    (dict(flatten=Flatten(), fc1=Dense(4), soft=Softmax(), fc2=Dense(4)), "soft: a Softmax needs the numbers of both"),
    (dict(relu=ReLU()), "no layer with parameters")])
def test_a_layer_that_cannot_be_cut_is_named(layers, sentence):
    npnet.use("numpy")
    with pytest.raises(ValueError, match=sentence):
        cut(**layers)


@pytest.mark.parametrize("comm", [None, SimpleNamespace(size=1, rank=0), SimpleNamespace(size=3, rank=0), SimpleNamespace(comm=None)])
def test_two_towers_need_two_processes(comm):
    npnet.use("numpy")
    with pytest.raises(ValueError, match="two towers need exactly 2 processes, got .; start them with mpiexec -n 2"):
        TwoTowers(small(), comm)


def test_two_towers_are_made_of_a_whole_network():
    npnet.use("numpy")
    with pytest.raises(TypeError, match="made of a whole Network, got a dict"):
        TwoTowers({}, None)
    with pytest.raises(TypeError, match="made of a whole Network, got a TwoTowers"):
        both(lambda comm: TwoTowers(TwoTowers(small(), comm), comm))


def test_towers_that_do_not_do_the_same_do_not_take_one_array_for_another():
    """One trains while the other tests: without tags of their own, logits would be taken for gradients."""
    def lost(comm):
        towers, (x, _) = TwoTowers(small(), comm), batches(small())[0]
        logits = towers.forward(x)
        if comm.rank:
            towers.forward(x)
        else:
            towers.backward(logits)
    with pytest.raises(AssertionError, match="the towers wait for different messages"):
        both(lost)


def other_seed(comm):
    TwoTowers(small(seed=comm.rank), comm)


def other_weights(comm):
    net = small()
    net["fc6"].w[0, 0] += comm.rank
    TwoTowers(net, comm)


def other_batch(comm):
    TwoTowers(small(), comm).forward(batches(small())[comm.rank][0])


@pytest.mark.parametrize("function, what", [(other_seed, "network"), (other_weights, "network"), (other_batch, "batch and step")])
def test_what_must_be_the_same(function, what):
    with pytest.raises(ValueError, match=f"the two towers must have the same {what}, and they differ"):
        both(function)


def wrong_input(comm):
    towers, (x, _) = TwoTowers(small(), comm), batches(small())[0]
    answers = []
    for method, array in (("backward", x), ("forward", x[:, :2]), ("forward", x.astype(np.float32))):
        with pytest.raises((ValueError, TypeError)) as error:
            getattr(towers, method)(array)
        answers.append(str(error.value))
    towers.forward(x)
    with pytest.raises(ValueError) as error:
        towers.backward(x)
    with pytest.raises(ValueError, match="a part of two towers is no network"):
        towers["conv1":"conv2"]
    with pytest.raises(KeyError, match="did you mean conv1"):
        towers.freeze("conv_1")
    return [*answers, str(error.value)]


def test_checks_are_the_network_s():
    for answers in both(wrong_input):
        assert answers[0] == "backward needs a forward first"
        assert answers[1].startswith("input has shape (6, 2, 16, 16), but this network was built for (N, 3, 16, 16)")
        assert answers[2].startswith("input is float32, but this network computes in float64")
        assert answers[3].startswith("backward needs the gradient of the last forward's output, (6, 7)")


def test_a_softmax_at_the_end_is_of_both():
    def ends(comm):
        net = npnet.Network((5,), 0, np.float64, fc1=Dense(6, std=1), relu1=ReLU(), fc2=Dense(4, std=1), soft=Softmax())
        net = TwoTowers(net, comm) if comm else net
        x = np.random.default_rng(0).standard_normal((3, 5))
        y = net.forward(x)
        return y, net.backward(np.cos(y) * x[:, :4]), net.probabilities(x)
    for tower in both(ends):
        for got, wanted in zip(tower, ends(None)):
            assert np.allclose(got, wanted, rtol=1e-12, atol=1e-14)


# ---------------------------------------------------------------------- the example

EXAMPLE = ROOT / "examples" / "two_towers.py"


@pytest.mark.mpi
def test_the_example_compares_with_one_process():
    done = launched(2, [EXAMPLE, "--size", "67", "--batch", "2", "--steps", "2"], timeout=90)
    assert done.code == 0 and done.stdout.count(": agree\n") == 3 and "DIFFER" not in done.stdout, done
    assert done.stdout.count(" X ") == 5 and "X     11.1 MB each way, 11.1 MB back\n" in done.stdout
    assert re.search(r"^step 1: loss (\d+\.\d+) of two towers, \1 of one process$", done.stdout, re.MULTILINE)
    assert re.search(r"^conv3 +(\d[\d,]*) +\1 +\1 +\1 +2 +\d\.\d{4}$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("environment, sentence", [
    ({}, "Two towers are two processes, and here is 1. Start them with\n    mpiexec -n 2 python "),
    ({"PMI_SIZE": "2", "PMI_RANK": "0"}, "pip install npnet[mpi]")])
def test_the_example_says_how_it_is_started(tmp_path, environment, sentence):
    (tmp_path / "mpi4py.py").write_text("raise ImportError('not here')")
    known = {key: value for key, value in os.environ.items() if not key.startswith(("PMI", "OMPI"))}
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run([sys.executable, EXAMPLE], env={**known, **environment, "PYTHONPATH": paths}, text=True,
                          capture_output=True, timeout=60)
    assert done.returncode == (2 if environment else 1) and sentence in done.stderr and done.stderr.count("\n") <= 3, done.stderr


@pytest.mark.mpi
@pytest.mark.parametrize("words, said", [(["no/such/pictures"], "there is no data set 'no/such/pictures'"),
                                         (["--size", "10"], "conv1: a window of 11 does not fit into 10 pixels")])
def test_the_example_says_once_what_cannot_be(words, said):
    done = launched(2, [EXAMPLE, *words])
    assert done.code == 1 and done.stdout == "" and done.stderr.count("\n") == 1, done
    assert done.stderr.startswith(f"npnet: {said}")


def test_the_figure_has_lines_that_cross():
    lines = figure(unbuilt(), 128).split("\n")
    crossing = [number for number, line in enumerate(lines) if " X " in line]
    assert [lines[number + 2].split()[0] for number in crossing] == ["conv3", "fc6", "fc7", "fc8", "loss"]
    assert lines[crossing[0] - 1].strip() == "\\   /" and lines[crossing[0] + 1].strip() == "/   \\"
    assert max(map(len, lines)) < 80 and lines[2].split() == "conv1 48 x 55 x 55 48 x 55 x 55".split()
    formula = traffic(unbuilt(), 128)
    twice = {place: told + told for place, told in formula.items()}
    assert table(formula, twice, 2).split("\n")[-1].split() == ["all", *2 * ["15,788,032"], *2 * ["15,532,032"], "9", "0.0000"]
