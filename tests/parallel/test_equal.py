"""Any number of ranks trains the network that one process trains: to rounding, and with shards to the last bit."""
from functools import cache
from unittest import mock

import numpy as np
import pytest
from equal_networks import CASES, TO_ROUNDING, TO_THE_BIT, everything, trained
from ranked import on_ranks

import npnet
from npnet import parallel
from npnet.layers import LAYERS
from npnet.network import every_layer
from npnet.parallel.ranks import Ranks

RANKS = [2, 3, 4]
ROUNDING = {"float64": 1e-12, "float32": 1e-5}      # of numbers around 1; float32 itself is 2e-6 from float64 here


@cache
def left_by(ranks):
    """What `everything` returns on each of so many ranks."""
    return on_ranks(ranks, everything, timeout=120)


@cache
def left_alone(case, dtype, shards=None):
    """What the same training leaves in one process, without MPI."""
    npnet.use("numpy")
    return trained(case, np.dtype(dtype), parallel.here(shards))


def far(ours, theirs, rounding):
    """The names of what differs by more than rounding."""
    assert list(ours) == list(theirs)
    return [name for name in ours if ours[name].shape != theirs[name].shape
            or not np.allclose(ours[name], theirs[name], rtol=rounding, atol=rounding)]


def unequal(ours, theirs):
    """The names of what differs at all."""
    assert list(ours) == list(theirs)
    return [name for name in ours if (ours[name].dtype, ours[name].shape, ours[name].tobytes())
            != (theirs[name].dtype, theirs[name].shape, theirs[name].tobytes())]


@pytest.mark.mpi
@pytest.mark.parametrize("ranks", RANKS)
@pytest.mark.parametrize("case, dtype, shards", TO_ROUNDING)
def test_ranks_train_as_one_process(case, dtype, shards, ranks):
    assert not far(left_by(ranks)[0][case, dtype, shards], left_alone(case, dtype), ROUNDING[dtype])


@pytest.mark.mpi
@pytest.mark.parametrize("ranks", RANKS)
@pytest.mark.parametrize("case, dtype, shards", TO_THE_BIT)
def test_with_shards_ranks_train_as_one_process_to_the_last_bit(case, dtype, shards, ranks):
    ours, theirs = left_by(ranks)[0][case, dtype, shards], left_alone(case, dtype, shards)

    assert [name for name in unequal(ours, theirs) if not name.startswith("answers")] == []
    assert not far(ours, theirs, ROUNDING[dtype])


@pytest.mark.parametrize("case, dtype, shards", TO_THE_BIT)
def test_shards_change_nothing_but_rounding(case, dtype, shards):
    assert not far(left_alone(case, dtype, shards), left_alone(case, dtype), ROUNDING[dtype])


@pytest.mark.mpi
@pytest.mark.parametrize("ranks", RANKS)
def test_all_ranks_have_the_same_numbers(ranks):
    first, *others = left_by(ranks)

    assert len(others) == ranks - 1
    for left in others:
        assert not [(case, name) for case in first for name in unequal(left[case], first[case])]


def compiled():
    """The same training by compiled text, on all processors that a rank may have."""
    npnet.use("numba")
    return {f"{case} {name}": array for case in CASES for name, array in trained(case, np.float32, parallel.here(shards=4)).items()}


@pytest.mark.mpi
def test_compiled_text_gives_the_same_bits_too():
    """One process may use all processors, and two share them: the number of threads must not matter."""
    free = {"NPNET_THREADS": "", "OPENBLAS_NUM_THREADS": "", "OMP_NUM_THREADS": ""}
    [one], two = (on_ranks(ranks, compiled, timeout=150, environment=free) for ranks in (1, 2))

    assert [name for left in two for name in unequal(left, one) if " answers for " not in name] == []


def test_the_networks_that_are_compared_have_every_kind_of_layer():
    npnet.use("numpy")
    kinds = {type(layer).__name__ for make, _ in CASES.values() for layer in every_layer(make().layers).values()}

    assert kinds == set(LAYERS) - {"Softmax"}               # which a network that is trained does not have


# ---------------------------------------------------------------------------- would a mistake be noticed?

class Broken:
    """An MPI communicator that makes one mistake."""

    def __init__(self, comm, mistake):
        self.comm, self.mistake = comm, mistake

    def __getattr__(self, name):
        return getattr(self.comm, name)

    def Iallreduce(self, place, array):
        from mpi4py import MPI
        if self.mistake == "gradients stay on their rank":
            return MPI.REQUEST_NULL
        if self.mistake == "gradients are averaged":
            self.comm.Allreduce(place, array)
            array /= self.comm.size
            return MPI.REQUEST_NULL
        return self.comm.Iallreduce(place, array)

    def Irecv(self, array, source):
        if self.mistake != "a sum is lost on its way":
            return self.comm.Irecv(array, source=source)
        from mpi4py import MPI
        self.comm.Recv(np.empty_like(array), source=source)
        return MPI.REQUEST_NULL


# {mistake: (case, shards) that must notice it}
MISTAKES = {"gradients stay on their rank": ("every layer", None), "gradients are averaged": ("every layer", None),
            "a sum is lost on its way": ("every layer", 4), "statistics stay on their rank": ("batch norm", None),
            "dropout draws for each rank anew": ("every layer", None)}


def with_mistakes():
    """{mistake: what a training with it leaves} on this rank."""
    from mpi4py import MPI
    npnet.use("numpy")
    left = {}
    for mistake, (case, shards) in MISTAKES.items():
        team = Ranks(Broken(MPI.COMM_WORLD, mistake), shards)
        with mock.patch.object(Ranks, "added", (lambda self, arrays: sum(arrays)) if "statistics" in mistake else Ranks.added), \
                mock.patch.object(npnet.Dropout, "draw", draw_anew if "dropout" in mistake else npnet.Dropout.draw):
            left[mistake] = trained(case, np.float64, team)
    return left


def draw_anew(dropout, shape):
    """Dropout.draw for a rank that believes that its rows are the whole batch."""
    dropout.rows = None
    return draw(dropout, shape)


draw = npnet.Dropout.draw


@pytest.mark.mpi
def test_mistakes_are_noticed():
    first, second = on_ranks(2, with_mistakes)

    for mistake, (case, _) in MISTAKES.items():
        assert [name for name in far(first[mistake], left_alone(case, "float64"), 1e-6) if name.startswith("weights")], mistake
