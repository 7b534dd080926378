"""A team: what the ranks share, agree on, join and compare; and a network of a team, used by hand."""
from types import SimpleNamespace

import numpy as np
import pytest
from equal_networks import batch_norm, every_layer, paths
from ranked import on_ranks
from squares import PIPELINE, pictures

import npnet
from npnet import parallel
from npnet.data import Loader
from npnet.data.fingerprints import identity
from npnet.fit.measures import first_broken
from npnet.fit.team import ALONE, Alone
from npnet.parallel import Ranks, same


def asked(function, *given):
    """What a function returns, or the sentence of its error."""
    try:
        return function(*given)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def full_disk():
    raise OSError(28, "No space left on device")


# ---------------------------------------------------------------------------- one process

def test_one_process_without_mpiexec():
    assert parallel.here() is ALONE and ALONE.first and (ALONE.rank, ALONE.size) == (0, 1)
    assert ALONE.shared(lambda: 3) == 3 and ALONE.agreed(4) == 4 and ALONE.rows(10) == (0, 10)
    net, loader = every_layer(), Loader(pictures(4), 2, PIPELINE)
    assert ALONE.network(net) is net and ALONE.loader(loader) is loader


def test_one_process_with_shards_needs_no_mpi():
    team = parallel.here(shards=4)

    assert (team.rank, team.size, team.first, team.rows(10)) == (0, 1, True, (0, 10))
    assert team.shared(lambda: 3) == 3 and team.agreed(4) == 4
    assert "OSError" in asked(team.shared, full_disk)


def test_a_team_answers_what_one_process_answers():
    """fit is written once for both."""
    public = {name for name in vars(Alone) if not name.startswith("_")}

    assert public >= {"shared", "agreed", "network", "loader", "rows", "joined", "compare", "first", "rank", "size"}
    assert all(hasattr(Ranks(None, 2), name) for name in public)


def test_an_mpiexec_of_another_mpi(monkeypatch):
    """Each process would believe that it is alone, and all would write the same files."""
    monkeypatch.setattr("npnet.parallel.ranks.started", lambda: 2)
    alone = SimpleNamespace(COMM_WORLD=SimpleNamespace(rank=0, size=1))
    monkeypatch.setattr("npnet.parallel.ranks.mpi", lambda: alone)

    with pytest.raises(OSError, match="mpiexec started 2 processes, but mpi4py's MPI knows of this one alone: .*use the mpiexec of the same"):
        parallel.here()


# ---------------------------------------------------------------------------- three ranks

def team_work():
    """What a team answers on this rank."""
    npnet.use("numpy")
    team = parallel.here()
    third = team.rank == 2
    net, settings = every_layer(), {"lr": 0.1, "clip": None, "nan": float("nan"), "at": [1, 2]}
    other, seen = npnet.Network((3, 8, 8), seed=int(third), **{"flatten": npnet.Flatten(), "fc": npnet.Dense(3)}), identity(pictures(20))
    number = np.arange(team.rank, dtype=np.float32)                                     # rank 0 has no row
    return {
        "who": (team.rank, team.size, team.first),
        "shared": team.shared(lambda: f"made by {team.rank}"),
        "full disk": asked(team.shared, full_disk if team.first else lambda: 1),
        "agreed": team.agreed(team.rank * 10),
        "joined": team.joined(lambda: number),
        "one raises": asked(team.joined, full_disk if team.rank == 1 else lambda: number),
        "same": asked(team.compare, "at the start", net, settings | {"workers": team.rank, "origin": f"the folder {team.rank}"}, {"training": seen}),
        "other settings": asked(team.compare, "at the start", net, settings | {"lr": 0.2 if third else 0.1}, {}),
        "no such setting": asked(team.compare, "at the start", net, {"seed": 1} if team.rank != 1 else {}, {}),
        "other weights": asked(team.compare, "after epoch 3", other),
        "other pictures": asked(team.compare, "at the start", net, {}, {"training": identity(pictures(20, seed=int(third)))}),
        "no pictures": asked(team.compare, "at the start", net, {}, {"training": seen} if not third else {}),
        "nothing left": team.joined(lambda: np.zeros((0, 2))).shape}


@pytest.fixture(scope="module")
def answered():
    return on_ranks(3, team_work)


@pytest.mark.mpi
def test_what_is_made_once_is_shared(answered):
    assert [rank["who"] for rank in answered] == [(0, 3, True), (1, 3, False), (2, 3, False)]
    for rank in answered:
        assert rank["shared"] == "made by 0" and rank["agreed"] == 20
        assert rank["joined"].tolist() == [0, 0, 1] and rank["joined"].dtype == np.float32
        assert rank["nothing left"] == (0, 2)


@pytest.mark.mpi
def test_what_one_raises_all_raise(answered):
    for rank in answered:
        assert rank["full disk"] == "OSError: [Errno 28] No space left on device"
        assert rank["one raises"] == "OSError: [Errno 28] No space left on device (on rank 1)"


@pytest.mark.mpi
def test_what_differs_is_named_with_its_rank(answered):
    """On every rank, so that none waits for the others."""
    for rank in answered:
        assert rank["same"] is None
        assert rank["other settings"] == "ValueError: the settings at the start differ: lr is 0.1 on rank 0 and 0.2 on rank 2; " \
                                         "start all ranks with the same"
        assert "the settings at the start differ: seed is 1 on rank 0 and 'not there' on rank 1" in rank["no such setting"]
        assert "the checksums of the arrays after epoch 3 differ: fc.w is " in rank["other weights"] and "on rank 2" in rank["other weights"]
        assert rank["other pictures"].startswith("ValueError: rank 2 has other training pictures than rank 0: ")
        assert rank["no pictures"].startswith("ValueError: rank 2 has other training pictures than rank 0: there are no training pictures")


# ---------------------------------------------------------------------------- a network of a team

def batch(count=7):
    random = np.random.default_rng(3)
    return random.standard_normal((count, 3, 8, 8)), random.standard_normal((count, 3))


class Sum(npnet.Layer):
    """A layer of somebody's own, who knows nothing of to_input."""

    def forward(self, x, train=False):
        return x + 1

    def backward(self, dy):
        return dy.copy()


class Scale(npnet.Layer):
    """A layer of somebody's own that writes what it remembers, and its gradient, into arrays that it keeps."""

    def build(self, shape, rng, dtype=np.float32):
        self.w, self.dw, self.x = np.full(shape, 1.5, dtype), np.zeros(shape, dtype), np.zeros((7, *shape), dtype)
        return shape

    def forward(self, x, train=False):
        self.count = len(x)
        self.x[:self.count] = x
        return x * self.w

    def backward(self, dy):
        self.dw[...] = (dy * self.x[:self.count]).sum(axis=0)
        return dy * self.w

    def params(self):
        return {"w": self.w}

    def grads(self):
        return {"w": self.dw}


def own_layer(dtype):
    return npnet.Network((3, 8, 8), dtype=dtype, own=Sum(), flatten=npnet.Flatten(), fc=npnet.Dense(3, init="he"), scale=Scale(), last=Sum())


BY_HAND = {"every layer": every_layer, "batch norm": batch_norm, "paths": paths, "own layer": own_layer}


def by_hand(shards=None):
    """{network: the outputs, this rank's rows of the input's gradient, all gradients}, in training and not."""
    npnet.use("numpy")
    team, left = parallel.here(shards), {}
    x, dy = batch()
    first, last = team.rows(len(x))
    for name, make in BY_HAND.items():
        for train in (True, False):
            net = team.network(make(np.float64))
            y = net.forward(x[first:last] if team.size > 1 or shards else x, train=train)
            dx = net.backward(dy)
            left[name, train] = y, dx, {key: array.copy() for key, array in net.grads().items()}
    return left


@pytest.mark.mpi
@pytest.mark.parametrize("ranks, shards", [(2, None), (3, 5)])
def test_gradients_of_the_input_by_hand(ranks, shards):
    returned, expected = on_ranks(ranks, by_hand, shards), by_hand()

    for key, (y, dx, gradients) in expected.items():
        assert np.allclose(np.concatenate([rank[key][1] for rank in returned]), dx, rtol=1e-11, atol=1e-12), key
        for rank in returned:
            assert np.allclose(rank[key][0], y, rtol=1e-11, atol=1e-12) and list(rank[key][2]) == list(gradients)
            assert all(np.allclose(rank[key][2][name], array, rtol=1e-11, atol=1e-12) for name, array in gradients.items()), key


def net_of_team(shards=2):
    npnet.use("numpy")
    return parallel.here(shards).network(every_layer(np.float64))


def test_it_has_networks_methods():
    net = net_of_team()
    net.step = 3

    assert net.net.step == net.step == 3 and str(net) == str(net.net) and net["conv1"] is net.net["conv1"]
    assert list(net.params()) == list(net.grads()) and net.shapes["fc4"] == (3,) and net.first_trained() == "conv1"
    assert all(net.grads()[name].shape == w.shape for name, w in net.params().items())


def test_what_is_no_network_of_a_team():
    net = net_of_team()
    with pytest.raises(TypeError, match="take a Network, and take it once, got a DataParallel"):
        net.team.network(net)
    with pytest.raises(TypeError, match="take a Network, and take it once, got a dict"):
        net.team.network({})
    with pytest.raises(TypeError, match="DataParallel is for several ranks or shards; team.network"):
        parallel.DataParallel(net.net, ALONE)
    with pytest.raises(ValueError, match="shards must be a whole number of at least that of the ranks, 1, got True"):
        parallel.here(True)


def test_shards_of_one_process_remember_each_their_own():
    """Also of layers that write into arrays which they keep; the weights are the same arrays."""
    net, whole = net_of_team(3).team.network(own_layer(np.float64)), own_layer(np.float64)
    for one in (net, whole):
        one.forward(batch()[0], train=True)
        one.backward(batch()[1], to_input=False)

    assert all(np.allclose(net.grads()[name], array, rtol=1e-11, atol=1e-12) for name, array in whole.grads().items())
    for part in net.parts:
        assert all(part.params()[name] is w for name, w in net.params().items())


@pytest.mark.parametrize("before, later", [([], ["conv2", "fc4"]), (["conv2", "fc4"], ["conv1"])])
def test_layers_may_be_frozen_and_unfrozen_later(before, later):
    """Clipping looks at the gradients of what is trained now."""
    net, whole = net_of_team(), every_layer(np.float64)
    for one in (net, whole):
        one.freeze(*before)
        optimizer = npnet.SGD(0.1, clip=0.01)
        for number in range(2):
            one.step = number
            one.forward(batch()[0], train=True)
            one.backward(batch()[1], to_input=False)
            assert list(one.grads()) == list(one.params())
            optimizer.update(one.params(), one.grads())
            one.frozen.clear()
            one.freeze(*later)

    assert all(np.allclose(net.params()[name], array, rtol=1e-11, atol=1e-12) for name, array in whole.params().items())


def test_gradients_are_views_of_one_buffer():
    net = net_of_team()
    before = {name: array.ctypes.data for name, array in net.grads().items()}
    net.forward(batch()[0], train=True)
    net.backward(batch()[1], to_input=False)

    assert before == {name: array.ctypes.data for name, array in net.grads().items()}
    assert sum(array.size for array in net.grads().values()) == net.buffer.flat.size


def test_what_is_no_batch_is_said():
    net = net_of_team()
    with pytest.raises(ValueError, match="input has shape"):
        net.forward(batch()[0][:, :, :7])
    with pytest.raises(TypeError, match="input is float32, but this network computes in float64"):
        net.forward(batch()[0].astype(np.float32))
    with pytest.raises(ValueError, match="at least one"):
        net.forward(batch()[0][:0])
    net.forward(batch()[0])
    with pytest.raises(ValueError, match=r"backward needs the gradient of the last forward's output, \(7, 3\), got \(6, 3\)"):
        net.backward(batch()[1][:6])


def test_backward_needs_a_forward():
    with pytest.raises(ValueError, match="backward needs a forward first"):
        net_of_team().backward(batch()[1])


def test_batch_normalisation_of_one_number():
    npnet.use("numpy")
    net = parallel.here(3).network(npnet.Network((4,), norm=npnet.BatchNorm(), fc=npnet.Dense(2)))

    with pytest.raises(ValueError, match="norm: BatchNorm needs at least 2 numbers per channel in training, got 1"):
        net.forward(np.ones((1, 4), np.float32), train=True)


def test_nan_is_named_with_its_layer():
    from npnet import network
    net = net_of_team()
    net.net["conv2"].w[0] = np.nan
    network.check(True)
    try:
        with pytest.raises(FloatingPointError, match="conv2: its output holds"):
            net.forward(batch()[0])
    finally:
        network.check(False)


@pytest.mark.parametrize("rows, bad", [(4, 3), (1, 0)], ids=["the last of four", "the only one"])
def test_nan_of_rows_that_the_first_layers_have_not_seen(rows, bad):
    """No layer is blamed for numbers of another rank, or another shard, and one without pictures has none to look at."""
    net, (x, _) = net_of_team(), batch()
    shared = x[:rows].copy()
    shared[bad] = np.nan
    where, says = first_broken(net, net.forward(shared, train=True))

    assert net.bounds[0][1] <= bad and where == "the loss"
    assert says.startswith(f"the outputs for 1 of {rows} pictures hold NaN or infinity, and other ranks have worked on these")
    x[0] = np.nan
    assert first_broken(net, net.forward(x, train=True))[0] == "the input"


def other_rows():
    """The first rank gives its own rows, the second fewer than its own, and the third more."""
    npnet.use("numpy")
    net, (x, _) = parallel.here().network(every_layer(np.float64)), batch()
    return asked(net.forward, [x[:2], x[2:3], x[3:]][parallel.here().rank])


@pytest.mark.mpi
def test_rows_that_are_not_the_ranks_own():
    """Also the rank whose rows are right says so: it would wait for the others for ever."""
    for said in on_ranks(3, other_rows):
        assert "rank 1 got 1 of 7 pictures, and 2 are its" in said


class Given:
    """A loader of somebody's own, which gives one batch."""

    def __init__(self, x, labels):
        self.batch = x, labels

    def epoch(self, number, first=0):
        yield self.batch


def out_of_step():
    """What is said on this rank where another one does something else, or has another batch."""
    npnet.use("numpy")
    team, x = parallel.here(), batch()[0]
    net, odd, own = team.network(every_layer(np.float64)), team.rank == 1, slice(*team.rows(len(x)))
    said = {"evaluates": asked(net.forward, x[own], not odd),
            "agrees": asked(team.agreed, 1) if odd else asked(net.forward, x[own], True),
            "labels": [asked(net.forward, x, True) for x, _ in team.loader(Given(x, np.arange(7) + odd)).epoch(0)][0],
            "other pictures": [asked(net.forward, x.astype(np.float64)) for x, _ in team.loader(Loader(pictures(6, seed=int(odd)), 6, PIPELINE)).epoch(0)][0],
            "length": [asked(net.forward, x) for x, _ in team.loader(Given(x[:7 - odd], np.arange(7 - odd))).epoch(0)][0]}
    net.step = int(odd)
    said["step"] = asked(net.forward, x[own], True)
    said["no step"] = asked(net.forward, x[own]).shape
    if odd:
        net.freeze("conv1")
    return said | {"frozen": asked(net.forward, x[own])}


class Garbled:
    """A communicator whose messages are another's."""

    rank, size = 1, 2

    def __init__(self, *rows):
        self.rows = rows

    def Iallgather(self, own, every):
        for row, given in zip(every, self.rows):
            row[:] = own if given is None else given


@pytest.mark.parametrize("rows, said", [
    ((range(6), range(6)), "rank 1 trains on a batch while the others do something else: all ranks must do the same steps"),
    ((range(6), None), "rank 1 trains on a batch while rank 0 does something else"),
    ((None, [same.TRAINS, 1, 2, 3, 4, 5]), "rank 1 does something else while rank 0 trains on a batch")])
def test_a_message_that_was_not_meant_for_this_is_no_number(monkeypatch, rows, said):
    monkeypatch.setattr(same, "wait", lambda requests: None)
    assert same.in_step(Garbled(None, None), same.TRAINS, 3, 1).tolist() == [[3, 1, 0, 0]] * 2
    with pytest.raises(ValueError, match=said):
        same.in_step(Garbled(*rows), same.TRAINS, 3, 1)


@pytest.mark.mpi
def test_ranks_that_do_not_do_the_same_are_named():
    """On every rank, before anything was computed from the messages of two different things."""
    for said in on_ranks(3, out_of_step):
        assert said["evaluates"] == "ValueError: rank 1 evaluates a batch while rank 0 trains on a batch: all ranks must do the " \
                                    "same steps, on the same number of batches"
        assert "rank 1 agrees on a number while rank 0 trains on a batch" in said["agrees"]
        for one in ("labels", "other pictures", "length"):
            assert said[one] == "ValueError: rank 1 has other labels in this batch than rank 0: every rank's loader must give the " \
                                "same whole batches, drawn from the same seed"
        assert "rank 1 is at step 1 while rank 0 is at step 0" in said["step"] and said["no step"] == (7, 3)
        assert "rank 1 trains other layers than rank 0" in said["frozen"]
