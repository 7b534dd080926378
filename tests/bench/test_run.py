"""A whole bench: its keys, its notes, and that JSON can hold it."""
import json

import pytest

from npnet.bench import measure, run, sides, targets
from npnet.bench.measure import Settings
from npnet.bench.run import Bench, everything
from small import tiny

KEYS = {"forward_b2", "step_b2", "memory_b2", "lrn"}


@pytest.fixture
def quick(monkeypatch):
    """The limits of an imagined machine, in place of a second of work."""
    limits = {name: {"one": 1e9, "all": 2e9} for name in ("matrix", "copy", "read")}
    monkeypatch.setattr(measure, "measured_limits", lambda settings: limits)
    monkeypatch.setattr(sides, "SETTLE", 0)


def check_result(found, unit="ms", torch=True):
    assert set(found) >= {"npnet", "torch", "ratio", "unit"} and found["unit"] == unit and found["npnet"] > 0
    if torch:
        assert found["ratio"] == pytest.approx(found["npnet"] / found["torch"])
    else:
        assert found["torch"] is None and found["ratio"] is None


def test_without_pytorch(quick, monkeypatch):
    """torch and ratio are None, and a note says how to get it; numpy takes part as a backend of npnet's."""
    monkeypatch.setattr(measure, "find_spec", {"torch": None}.get)
    data = everything(tiny(), (2,), Settings(threads=1, rounds=2, backend="loops", seconds=0.01))
    assert KEYS <= set(data) and json.loads(json.dumps(data)) == data
    for key in KEYS:
        check_result(data[key], "MB" if key == "memory_b2" else "ms", torch=False)
    assert data["notes"] == ["PyTorch is not installed, so there is nothing to compare with: pip install torch (npnet's extra torch)"]
    assert set(data["times"]["step_b2"]) == {"npnet", "numpy"} and len(data["times"]["step_b2"]["npnet"]) == 2
    assert data["backends"]["step_b2"]["name"] == "loops"
    row = data["backends"]["step_b2"]
    assert row["ratio"] == pytest.approx(row["backend"] / row["numpy"])
    assert data["lrn"]["npnet"] == pytest.approx(sum(row["npnet"] for row in data["layers"] if row["layer"] == "norm1"))
    assert [row["layer"] for row in data["layers"] if row["way"] == "forward"] == list(tiny().layers)
    assert (data["network"], data["threads"], data["rounds"], data["input_shape"]) == ("network", 1, 2, [3, 11, 11])


@pytest.mark.long
@pytest.mark.torch
def test_beside_pytorch(quick):
    data = everything(tiny(), (2,), Settings(threads=1, rounds=1, backend="numpy", seconds=0.01))
    for key in KEYS:
        check_result(data[key], "MB" if key == "memory_b2" else "ms")
    assert data["notes"] == [] and data["versions"]["torch"]["torch"] and not data["backends"]
    assert all(row["torch"] > 0 for row in data["layers"])
    assert set(data["memory"]["2"]) == {"npnet", "torch"}


def test_some_layers_alone(quick):
    data = everything(tiny(), (1, 2), Settings(threads=1, rounds=1, backend="numpy", torch=False, seconds=0.01), layers=["conv1", "update"])
    assert [(row["batch"], row["layer"], row["way"]) for row in data["layers"]] == [
        (batch, *row) for batch in (1, 2) for row in (("conv1", "forward"), ("conv1", "backward"), ("update", "backward"))]
    assert not KEYS & set(data) and not data["times"]


def test_too_little_memory_is_a_note(quick, monkeypatch):
    monkeypatch.setattr(run, "free_memory", lambda: 1000)
    bench = Bench(tiny(), Settings(threads=1, backend="numpy", torch=False, seconds=0.01))
    bench.measure(2)
    data = bench.finish()
    assert data["notes"][-1].startswith("batch 2 is left out") and not data["layers"] and "lrn" not in data


def test_a_limit_is_the_best_that_was_measured(monkeypatch):
    """A disturbed measurement changes nothing, and a better one all shares."""
    made = iter([5e9, 4e9, 8e9])
    monkeypatch.setattr(measure, "measured_limits", lambda settings: {what: {"one": (rate := next(made) if what == "matrix" else 1e9),
                                                                             "all": rate} for what in ("matrix", "copy", "read")})
    bench = Bench(tiny(), Settings(threads=1, backend="numpy", torch=False))
    row = {"npnet": 4.0, "torch": None, "operations": 8 * 10 ** 6, "read": 8, "written": 8, "products": True}
    bench.data["layers"] = [row]
    for rate in (5e9, 5e9, 8e9):
        bench.measure_limits()
        assert bench.data["limits"]["matrix"]["all"] == rate and row["share"] == pytest.approx(8e6 / rate / 4e-3)


def test_every_turn_is_counted(quick):
    bench, counted = Bench(tiny(), Settings(threads=1, rounds=1, backend="loops", torch=False, seconds=0.01)), []
    bench.measure(1, lambda: counted.append(1))
    assert len(counted) == bench.ticks(1) == 2 * 5 + 6                          # two passes of two sides, layers of one


def test_the_version_without_lrn_belongs_to_the_paper_alone(monkeypatch):
    built = []
    monkeypatch.setattr(measure, "model", lambda name, size=None: built.append(name) or tiny())
    bench = Bench(settings=Settings(threads=1, torch=False, seconds=0.01))
    assert bench.has_torchvision and not Bench(tiny(), bench.settings).has_torchvision
    assert not Bench("krizhevsky2012", bench.settings, size=67).has_torchvision
    assert not Bench("krizhevsky2012", bench.settings, ["conv1"], 67).has_torchvision
    asked = []
    monkeypatch.setattr(measure, "measured", lambda net, batch, settings, *rest: asked.append((net, batch, *rest)) or {
        "versions": {"npnet": {"backend": "numpy"}}, "step": {"npnet": [[0.5]]}})
    monkeypatch.setattr(run, "free_memory", lambda: None)
    bench.measure_torchvision(128)
    assert bench.data["step_b128_torchvision"] == {"npnet": 500, "torch": None, "ratio": None, "unit": "ms"}
    assert built[-1] == "torchvision" and asked[0][1:4] == (128, (), ("step",))


def test_targets():
    """They are of the paper's network; LRN's is for 128 pictures."""
    data = {"network": "krizhevsky2012", "lrn": {"batch": 128}}
    assert targets.target(data, "step_b128") == 0.42 and targets.target(data, "step_b3") is None
    assert targets.target(data, "lrn") == 0.12 and targets.target(data | {"lrn": {"batch": 16}}, "lrn") is None
    assert targets.target(data | {"network": "lenet5"}, "step_b128") is None
    assert [targets.verdict(ratio, 0.42) for ratio in (0.42, 0.43, None)] == ["0.42 met", "0.42 missed", "0.42"]
    assert targets.verdict(0.5, None) == ""
