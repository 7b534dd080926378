"""PyTorch's side is npnet's network: the same outputs, the same gradients, and another network is refused."""
import pytest

import npnet
from npnet.bench.measure import check_same
from npnet.bench.ours import Ours
from npnet.bench.plan import plan_of
from npnet.layers import LAYERS, LRN, Softmax
from small import EVERY_LAYER, tiny

torch = pytest.importorskip("torch", reason="needs PyTorch (pip install torch)", exc_type=ImportError)
from npnet.bench.theirs import MODULES, Theirs  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


class Asked:
    """A side in this process."""

    def __init__(self, side, words):
        self.side, self.words = side, words

    def ask(self, do, batch):
        return getattr(self.side, do)(batch)


def sides(ours, theirs):
    """Both networks, as check_same takes them."""
    return {"npnet": Asked(Ours(plan_of(ours), "numpy"), "npnet"), "torch": Asked(Theirs(plan_of(theirs), 1), "PyTorch")}


@pytest.mark.parametrize("name", EVERY_LAYER)
def test_both_make_the_same(name):
    net = EVERY_LAYER[name]()
    both = sides(net, net)
    ours, theirs = (side.ask("made", batch=2) for side in both.values())
    assert ours.keys() == theirs.keys()
    assert {f"output of {name}" for name in net.layers} | {f"gradient of {name}" for name in net.params()} < ours.keys()
    check_same(both, 2)


def test_every_layer_has_a_module():
    assert set(MODULES) == set(LAYERS.values())
    assert {type(layer) for made in EVERY_LAYER.values() for layer in made().layers.values()} | {Softmax} == set(MODULES)


@pytest.mark.parametrize("changed, where", [
    ({"norm1": LRN(groups=1)}, "output of norm1"), ({"norm1": LRN(groups=2, convention="original")}, "output of norm1"),
    ({"norm1": LRN(groups=2, k=1)}, "output of norm1"),
    ({"conv2": npnet.Conv2D(6, 3, pad=1)}, "output of conv2"), ({"seed": 1}, "output of conv1")])
def test_another_network_is_refused(changed, where):
    """An alpha that is divided by n, or not, is seen: the pictures are as bright as photographs."""
    with pytest.raises(ValueError, match=f"npnet and PyTorch do not compute the same network: they differ in the {where}"):
        check_same(sides(tiny(), tiny(**changed)), 2)


def test_the_pieces_of_work():
    """Forward has no dropout and gives logits, a step gives a loss and updates all that is trained, layers have times."""
    side = Theirs(plan_of(tiny()), 1)
    first, second = side.forward(2)(), side.forward(2)()
    assert first.shape == (2, 5) and torch.equal(first, second)
    assert first.ravel().tolist() == pytest.approx(side.made(2)["output of fc3"], rel=1e-5)         # in place or not
    assert side.step(2)() > 0
    assert all(abs(state["momentum_buffer"]).max() > 0 for state in side.optimizer.state.values())
    assert len(side.optimizer.state) == 6
    seconds = side.layers(2, ["conv1", "relu1", "fc3", "update"])()
    assert {name: list(ways) for name, ways in seconds.items()} == {
        "conv1": ["forward", "backward"], "relu1": ["forward", "backward"], "fc3": ["forward", "backward"], "update": ["backward"]}


def test_relu_writes_in_place_only_where_nothing_needs_what_was_there():
    net = npnet.Network((3, 8, 8), conv1=npnet.Conv2D(4, 3), relu1=npnet.ReLU(), norm1=LRN(), relu2=npnet.ReLU(),
                        flatten=npnet.Flatten(), fc2=npnet.Dense(3))
    side = Theirs(plan_of(net), 1)
    assert side.in_place == ["relu1"]
    assert side.step(2)() > 0


def test_the_update_is_the_librarys():
    """After three steps both sides have the same weights: momentum 0.9, decay 0.0005 on weights alone."""
    net = tiny(drop3=npnet.Dropout(0.0))
    ours, theirs = Ours(plan_of(net), "numpy"), Theirs(plan_of(net), 1)
    theirs.optimizer.param_groups[0]["lr"] = theirs.optimizer.param_groups[1]["lr"] = 1e-3
    ours.optimizer = npnet.SGD(lr=1e-3)
    mine, other = ours.step(2), theirs.step(2)
    for _ in range(3):
        assert mine() == pytest.approx(other(), rel=1e-4)
    for (layer, key), parameter in theirs.parameters().items():
        array = ours.net.params()[f"{layer}.{key}"]
        array = array.T if layer == "fc3" and key == "w" else array
        assert abs(array - parameter.detach().numpy()).max() < 1e-5 * abs(array).max() + 1e-7
