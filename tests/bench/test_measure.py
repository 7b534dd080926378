"""What comes of the times: medians, shares of the limits, ratios; and what cannot be measured is said before."""
import pytest

import npnet
from npnet.bench import measure, sides
from npnet.bench.measure import (Settings, check_same, chosen, measured, needed, network, rows, shares, ticks,
                                 too_little_memory, typical, typical_layers, works)
from npnet.bench.work import Work
from npnet.fast.threads import count
from npnet.layers import Conv2D, Dense, Flatten, ReLU
from small import tiny

LIMITS = {"matrix": {"one": 50e9, "all": 100e9}, "copy": {"one": 10e9, "all": 8e9}, "read": {"one": 12e9, "all": 20e9}}


def test_the_median_of_medians():
    """One turn that was disturbed, and one call in each other turn, change nothing."""
    assert typical([[1, 2, 90], [3], [50, 60, 70]]) == 3
    assert typical([[2, 4]]) == 3


def test_medians_of_layers():
    turns = [[{"conv1": {"forward": t, "backward": 2 * t}, "update": {"backward": 5}} for t in turn] for turn in ([1, 2, 3], [9], [4])]
    assert typical_layers(turns) == {"conv1": {"forward": 4, "backward": 8}, "update": {"backward": 5}}


@pytest.mark.parametrize("work, least, limit", [
    (Work(2 * 10 ** 11, 1000, 1000, True), 2000, "matrix"),
    (Work(2 * 10 ** 11, 10 ** 9, 10 ** 9), 200, "copy"),                    # no product; one thread copies as fast as all
    (Work(10 ** 9, 4 * 10 ** 10, 8, True), 2000, "read"),                   # a dense layer for one picture
    (Work(0, 0, 0), 0, "copy")])
def test_the_least_time_by_hand(work, least, limit):
    found = shares(work._asdict() | {"npnet": 4000.0, "torch": None}, LIMITS)
    assert found == {"limit": limit, "least": pytest.approx(least), "share": pytest.approx(least / 4000), "torch_share": None}


def test_rows_by_hand():
    net, every = tiny(), works(tiny(), 2)
    layers = {name: {"forward": 0.002, "backward": 0.004} for name in ("conv1", "relu1")} | {"update": {"backward": 0.001}}
    slower = {name: {way: 2 * t for way, t in ways.items()} for name, ways in layers.items()}
    found = rows(net, {"batch": 2, "layers": {"npnet": [[layers]], "torch": [[slower]]}}, LIMITS)
    assert [(row["layer"], row["way"]) for row in found] == [
        ("conv1", "forward"), ("conv1", "backward"), ("relu1", "forward"), ("relu1", "backward"), ("update", "backward")]
    first = found[0]
    assert first["rounds"] == {"npnet": [2.0], "torch": [4.0]}
    assert (first["npnet"], first["torch"], first["ratio"], first["unit"]) == (2, 4, 0.5, "ms")
    assert first["operations"] == every["conv1", "forward"].operations == 2 * 2 * 100 * 27
    assert first["share"] == pytest.approx(first["least"] / 2) and first["torch_share"] == pytest.approx(first["share"] / 2)
    alone, *_ = rows(net, {"batch": 2, "layers": {"npnet": [[layers]]}}, LIMITS)
    assert (alone["torch"], alone["ratio"], alone["torch_share"]) == (None, None, None)


def test_the_first_trained_layer_needs_no_dx():
    """And what comes before it is not run backward at all."""
    net = npnet.Network((3, 8, 8), relu1=ReLU(), conv2=Conv2D(4, 3), flatten=Flatten(), fc3=Dense(2))
    every = works(net, 1)
    assert ("relu1", "backward") not in every
    assert every["conv2", "backward"].operations == every["conv2", "forward"].operations
    assert every["fc3", "backward"].operations == 2 * every["fc3", "forward"].operations


def frozen():
    net = tiny()
    net.freeze("conv1")
    return net


@pytest.mark.parametrize("net, said", [
    (frozen, "measures training steps of whole networks, but conv1 is frozen"),
    (lambda: npnet.Network((3, 8, 8), flatten=Flatten()), "this network has nothing to train"),
    (lambda: npnet.Network((3, 8, 8), conv1=Conv2D(4, 3)), r"need an output \(N, classes\), but this network's is \(N, 4, 6, 6\)"),
    (lambda: "alexnet", "no network is called 'alexnet'")])
def test_networks_that_cannot_be_measured(net, said):
    with pytest.raises(ValueError, match=said):
        network(net())


def test_a_layer_of_ones_own_cannot_be_measured():
    class Mine(ReLU):
        pass
    with pytest.raises(ValueError, match="relu1 is a Mine, a layer of your own: bench measures networks of npnet's layers"):
        network(tiny(relu1=Mine()))


def test_names_of_layers():
    net = tiny()
    assert chosen(net, ["update", "fc3", "conv1"]) == ["conv1", "fc3", "update"]
    assert chosen(net, None) == [*net.layers, "update"]
    with pytest.raises(KeyError, match="no layer is called 'conv9'; did you mean conv"):
        chosen(net, ["conv9"])


@pytest.mark.parametrize("given, said", [({"threads": -1}, "threads must be a whole number of at least 1, got -1"),
                                         ({"rounds": 0}, "rounds must be a whole number of at least 1, got 0"),
                                         ({"rounds": 1.5}, "rounds must be")])
def test_settings_that_cannot_be(given, said):
    with pytest.raises(ValueError, match=said):
        Settings(**given)


def test_the_sides_have_the_threads_that_npnet_would_use():
    assert Settings().threads == count() and Settings(threads=7).threads == 7


@pytest.mark.parametrize("present, wanted", [(True, 31), (False, 15)])
def test_memory_that_is_too_little_is_said(present, wanted, monkeypatch):
    monkeypatch.setattr(measure, "torch_present", lambda: present)         # each side holds a network of its own
    net, settings = tiny(), Settings(threads=1, torch=True)
    weights = sum(array.nbytes for array in net.params().values())
    outputs = 3 * 100 + 16 + 4 * 24 + 5                        # numbers that the layers give
    assert needed(net, 2) == 4 * weights + 3 * 4 * 2 * outputs
    assert too_little_memory(net, 2, settings, None) is None and too_little_memory(net, 2, settings, 2 * needed(net, 2)) is None
    assert too_little_memory(net, 2, settings, 5000) == (
        f"batch 2 is left out: it needs about {wanted} kB of memory, and 5 kB are free")


class Made:
    def __init__(self, words, **made):
        self.words, self.made = words, made

    def ask(self, do, batch):
        return self.made


@pytest.mark.parametrize("theirs, said", [
    ({"loss": [1.001]}, "loss"), ({"loss": [float("nan")]}, "loss"), ({}, "loss"), ({"loss": [1.0, 1.0]}, "loss")])
def test_other_results_are_refused(theirs, said):
    check_same({"npnet": Made("npnet", loss=[1.0]), "torch": Made("PyTorch", loss=[1.00001])}, 1)
    with pytest.raises(ValueError, match=f"npnet and PyTorch do not compute the same network: they differ in the {said}, so"):
        check_same({"npnet": Made("npnet", loss=[1.0]), "torch": Made("PyTorch", **theirs)}, 1)


def test_one_batch_size_measured(monkeypatch):
    """Real processes: npnet on numpy, with the loops beside."""
    monkeypatch.setattr(sides, "SETTLE", 0)
    net, counted = tiny(), []
    settings = Settings(threads=1, rounds=2, backend="numpy", torch=False, seconds=0.01)
    found = measured(net, 2, settings, ["conv1"], others=("loops",), tick=lambda: counted.append(1))
    assert set(found["step"]) == set(found["forward"]) == set(found["versions"]) == {"npnet", "loops"}
    assert set(found["layers"]) == set(found["memory"]) == {"npnet"}
    assert [len(turns) for turns in (*found["step"].values(), *found["layers"].values())] == [2, 2, 2]
    assert len(counted) == ticks(settings, ["conv1"], others=("loops",))
    assert min(seconds for turn in found["step"]["npnet"] for seconds in turn) > 0


def test_pytorch_is_looked_for_and_not_imported(monkeypatch):
    monkeypatch.setattr(measure, "find_spec", {"torch": None}.get)
    assert not measure.torch_present()
