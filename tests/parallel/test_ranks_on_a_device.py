"""Ranks whose arrays lie on a device: they pass through the host on their way to MPI, and the numbers are the same."""
import sys
from pathlib import Path

import numpy as np
import pytest

import npnet
from npnet import parallel
from npnet.backend import BACKENDS, NUMPY, ops
from npnet.optim import SGD
from npnet.parallel.gradients import InOrder, Summed
from npnet.train import train


def on_a_device(to_host=None):
    """Chooses the stand-in for a graphics card (tests/standin.py); to_host: what is called in the place of its own."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import standin
    DeviceArray, to_host = standin.DeviceArray, to_host or standin.to_host
    BACKENDS["standin"] = lambda: {**NUMPY, "device": "standin", "to_device": DeviceArray, "to_host": to_host}
    npnet.use("standin")


def trained(shards, device):
    """Losses and weights of three steps on the ranks of this team."""
    on_a_device() if device else npnet.use("numpy")
    net = npnet.Network((3, 8, 8), conv1=npnet.Conv2D(4, 3, groups=1), norm1=npnet.BatchNorm(), relu1=npnet.ReLU(),
                        paths=npnet.Concat([dict(one=npnet.Conv2D(2, 1), norm=npnet.BatchNorm()), {}]),
                        pool1=npnet.MaxPool(2, 2), flatten=npnet.Flatten(), drop1=npnet.Dropout(0.3), fc2=npnet.Dense(3))
    team, draw = parallel.here(shards), np.random.default_rng(0)
    batches = [(draw.standard_normal((count, 3, 8, 8), np.float32), draw.integers(0, 3, count)) for count in (7, 1, 5)]
    own = [(x[slice(*team.rows(len(x)))], labels) for x, labels in batches]
    losses = [step.loss for step in train(team.network(net), SGD(0.1), own)]
    return losses, {name: ops.to_host(array).copy() for name, array in (net.params() | net.state()).items()}


class Recorded:
    """A communicator, and a device, that record when which of them is asked."""

    def __init__(self):
        self.asked, self.size, self.rank, self.first, self.comm = [], 2, 1, False, self

    def __getattr__(self, name):
        return lambda *given, **named: self.asked.append(name)


@pytest.mark.mpi
@pytest.mark.parametrize("way", [Summed, InOrder])
def test_an_mpi_that_reads_device_memory_gets_it_when_the_device_is_done(no_device_left, monkeypatch, way):
    """Bringing a number to the host waits for the device; here that is recorded, since nothing else can be seen."""
    monkeypatch.setenv("MPIR_CVAR_ENABLE_GPU", "1")
    team = Recorded()
    on_a_device(lambda array: team.asked.append("to_host") or array)
    monkeypatch.setattr("npnet.parallel.gradients.wait", lambda requests: None)
    net = npnet.Network((4,), fc=npnet.Dense(2))
    buffer = way(net, team)
    team.asked.clear()
    buffer.start("fc", [{name.partition(".")[2]: array for name, array in net.params().items()}])
    buffer.finish()

    sent = [name for name in team.asked if name != "to_host"]
    assert sent == (["Iallreduce"] if way is Summed else ["Irecv", "Ibcast"])
    assert team.asked == [name for one in sent for name in ("to_host", one)]


@pytest.fixture
def no_device_left():
    yield
    BACKENDS.pop("standin", None)


@pytest.mark.mpi
@pytest.mark.parametrize("shards", [None, 3])
def test_ranks_on_a_device_train_as_on_the_host(shards):
    from ranked import on_ranks
    on_device, on_host = (on_ranks(2, trained, shards, device) for device in (True, False))

    for rank in (0, 1):
        assert on_device[rank][0] == on_host[rank][0]
        for name, array in on_host[rank][1].items():
            np.testing.assert_array_equal(on_device[rank][1][name], array)


def test_shards_on_a_device_in_one_process(no_device_left):
    losses, arrays = trained(3, True)
    expected, wanted = trained(3, False)

    assert losses == expected
    for name, array in wanted.items():
        np.testing.assert_array_equal(arrays[name], array)
