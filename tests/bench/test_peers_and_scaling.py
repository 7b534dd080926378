"""The same layers as others write them, and cost against size."""
import pytest

from npnet.bench import peers, scaling
from npnet.bench.measure import Settings, works
from npnet.layers import Conv2D, MaxPool
from small import tiny


def test_peers_of_a_small_network():
    """Real processes: numpy, the textbooks' text and the loops."""
    counted, settings = [], Settings(threads=1, rounds=1, backend="numpy", seconds=0.01)
    found = peers.peers(tiny(), ["pool1", "conv2"], 2, settings, lambda: counted.append(1))
    assert len(counted) == peers.ticks(["pool1", "conv2"], settings)
    assert [(row["layer"], row["way"]) for row in found["rows"]] == [
        ("pool1", "forward"), ("pool1", "backward"), ("conv2", "forward"), ("conv2", "backward")]
    for row in found["rows"]:
        assert row["ratio"] == row["npnet"] / row["textbook"] and min(row["numpy"], row["loops"]) > 0
    assert found["versions"]["textbook"]["backend"] == "textbook"


def test_the_front_of_a_network_ends_in_a_small_dense_layer():
    front = peers.front_of(tiny(), "pool1")
    assert list(front.layers) == ["conv1", "relu1", "norm1", "pool1", "flatten", "outputs"] and front.shapes["outputs"] == (10,)


@pytest.mark.parametrize("name, filters, shape", [("conv1", 1, (3, 11, 11)), ("conv2", 2, (4, 5, 5)), ("pool1", None, (4, 11, 11))])
def test_a_piece_is_the_same_layer_with_few_windows(name, filters, shape):
    """One filter in each group, 5 x 5 windows; pooling keeps its channels."""
    net = tiny()
    piece = peers.piece_of(net, name)
    assert piece.input_shape == shape and piece.shapes[name][1:] == (5, 5) and piece.shapes[name][0] == (filters or 4)
    assert type(piece[name]) is type(net[name]) and piece[name].stride == net[name].stride
    assert (name, "backward") in works(piece, 1)


def test_a_layer_without_windows_has_no_peers():
    with pytest.raises(ValueError, match=r"peers are measured on convolutions and pooling, but relu1 is ReLU\(\)"):
        peers.piece_of(tiny(), "relu1")


def test_pieces_of_the_papers_layers_are_small():
    import npnet
    net = npnet.model("krizhevsky2012")
    for name in peers.LAYERS:
        piece = peers.piece_of(net, name)
        assert isinstance(piece[name], (Conv2D, MaxPool)) and works(piece, 1)[name, "forward"].operations < 300_000


@pytest.fixture
def imagined(monkeypatch):
    """Every point takes 1 ms forward and 3 a step, numpy 2; its own step is as quick for one picture."""
    asked = []

    def times(net, batch, threads, size=None, settings=None):
        asked.append((net if isinstance(net, str) else "net", batch, threads, size))
        return None if size == 512 else {"backend": "numba", "forward": {"npnet": 1.0, "numpy": 2.0},
                                         "step": {"npnet": 3.0, "numpy": 2.9 if batch == 1 else 6.0}}
    monkeypatch.setattr(scaling, "point_times", times)
    return asked


def test_cost_against_size(imagined):
    counted, settings = [], Settings(threads=6)
    found = scaling.scaling(tiny(), settings, (1, 8), (32, 512), lambda: counted.append(1))
    assert imagined == [("net", 1, 6, None), ("net", 8, 6, None), *(("net", 16, n, None) for n in (1, 2, 4, 6)),
                        ("cifar_alexnet", 4, 6, 32), ("cifar_alexnet", 4, 6, 512)]
    assert len(counted) == scaling.ticks(settings, (1, 8), (32, 512)) == 8
    assert [panel["at"] for panel in found["panels"]] == [[1, 8], [1, 2, 4, 6], [32, 512]] and found["backend"] == "numba"
    assert found["panels"][2]["step"] == {"npnet": [3.0, None], "numpy": [6.0, None]}
    assert found["slower"] == [{"what": "batch", "at": 1, "pass": "step", "ratio": 3.0 / 2.9}]


def test_one_point():
    times = scaling.point_times(tiny(), 2, 1, settings=Settings(rounds=1, backend="loops", seconds=0.01))
    assert times["backend"] == "loops" and times["step"]["npnet"] > times["step"]["numpy"] > 0


def test_a_point_for_which_memory_is_too_little(monkeypatch):
    monkeypatch.setattr(scaling, "free_memory", lambda: 10)
    assert scaling.point_times(tiny(), 2, 1, settings=Settings(rounds=1)) is None
