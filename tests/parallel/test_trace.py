"""The trace of computing and communication: what is recorded, on which clock, and that the numbers stay the same."""
import re

import numpy as np
import pytest
from ranked import ROOT, launched, on_ranks

import npnet


def small(seed=0):
    """A network with two layers that are trained, and eight pictures."""
    npnet.use("numpy")
    net = npnet.Network((1, 8, 8), seed=seed, conv1=npnet.Conv2D(4, 3), relu1=npnet.ReLU(), norm1=npnet.BatchNorm(),
                        flatten=npnet.Flatten(), drop=npnet.Dropout(0.3), fc2=npnet.Dense(5))
    random = np.random.default_rng(1)
    return net, random.standard_normal((8, 1, 8, 8), dtype=np.float32), random.integers(0, 5, 8)


def traced(steps, traces, tests=False, shards=None):
    """The weights after some steps, with and without a trace, and what it recorded."""
    from npnet.parallel import here
    from npnet.parallel.trace import tracing
    from npnet.train import train
    net, x, labels = small()
    team = here(shards)
    net = team.network(net)
    first, last = team.rows(len(x))
    optimizer, batches = npnet.SGD(lr=0.1), [(x[first:last], labels)] * steps
    if not traces:
        list(train(net, optimizer, batches))
        return net.params(), None
    with tracing(net, tests) as trace:
        list(train(net, optimizer, batches))
    assert not {"forward", "through", "back"} & set(vars(net)) and "finish" not in vars(net.buffer)
    return net.params(), (trace.rows, trace.alone, trace.waited, trace.hidden)


@pytest.mark.mpi
@pytest.mark.parametrize("tests", [False, True])
def test_every_layer_of_every_rank_is_recorded_in_its_order(tests):
    (_, (rows, alone, waited, hidden)), (_, (others, *none)) = on_ranks(2, traced, 3, True, tests)

    assert {(row.rank, row.step) for row in rows} == {(rank, step) for rank in (0, 1) for step in (0, 1, 2)}
    for rank, step in {(row.rank, row.step) for row in rows}:
        own = [row for row in rows if (row.rank, row.step) == (rank, step)]
        names = {what: [row.layer for row in own if row.what == what] for what in {row.what for row in own}}
        layers = ["conv1", "relu1", "norm1", "flatten", "drop", "fc2"]
        assert names["forward"] == layers and names["backward"] == layers[::-1]
        assert sorted(names["Allreduce"]) == ["conv1", "fc2", "norm1"]
        assert names["gather"] == ["logits"] and names["wait"] == [""]
        times = {(row.what, row.layer): row for row in own}
        assert all(row.start <= row.end for row in own)
        for layer in names["Allreduce"]:                    # it begins when the layer's backward is done
            assert times["backward", layer].end <= times["Allreduce", layer].start
            assert times["Allreduce", layer].end <= times["wait", ""].end
        computing = [row for row in own if row.what in ("forward", "backward")]
        assert all(one.end <= other.start for one, other in zip(computing, computing[1:]))
    assert min(row.start for row in rows) == 0 and {row.rank for row in others} == {1}
    waits = [[row for row in rows if (row.what, row.step) == ("wait", step)] for step in (1, 2)]      # without the first
    assert waited == pytest.approx(sum(max(row.end for row in some) - max(row.start for row in some) for some in waits) / 2)
    assert alone > 0 and waited > 0 and hidden == max(0, 1 - waited / alone) and none == [None] * 3


def with_and_without(shards):
    """What `traced` gives without a trace and with one."""
    return traced(2, False, shards=shards), traced(2, True, True, shards=shards)


@pytest.mark.mpi
@pytest.mark.parametrize("shards", [None, 2])
def test_a_trace_changes_no_number_and_takes_batches_cut_into_shards(shards):
    returned = on_ranks(2, with_and_without, shards)

    for (plain, _), (same, _) in returned:
        assert all(np.array_equal(plain[name], same[name]) for name in plain)
    rows = returned[0][1][1][0]
    assert {row.layer for row in rows if row.what == "Allreduce"} == ({"all layers"} if shards else {"conv1", "norm1", "fc2"})


def offset_of_a_clock_that_is_ahead(seconds):
    """What is found where the clock of rank 1 is ahead."""
    from mpi4py import MPI

    from npnet.parallel import trace
    now = trace.now
    trace.now = lambda: now() + seconds * MPI.COMM_WORLD.rank
    return trace.clock_offset(MPI.COMM_WORLD)


@pytest.mark.mpi
def test_clocks_of_different_machines_are_brought_together():
    first, second, third = on_ranks(3, offset_of_a_clock_that_is_ahead, 1000.0)

    assert first == 0 and second == pytest.approx(-1000, abs=0.1) and third == pytest.approx(-2000, abs=0.1)


def test_waiting_counts_from_when_the_last_rank_has_computed():
    from npnet.parallel.trace import Row, mean_wait
    rows = [Row(0, 0, "wait", "", 0, 500), Row(1, 0, "wait", "", 400, 500),         # the first step does not count
            Row(0, 1, "wait", "", 1000, 1040), Row(1, 1, "wait", "", 1030, 1050),
            Row(0, 2, "wait", "", 2000, 2011), Row(1, 2, "wait", "", 1990, 2010)]

    assert mean_wait(rows) == (20 + 11) / 2
    assert mean_wait(rows[:2]) == 100 and mean_wait([]) == 0


def test_what_nobody_waited_for_was_hidden():
    from npnet.parallel.trace import share_hidden

    assert share_hidden(10, 4) == pytest.approx(0.6) and share_hidden(8, 0) == 1
    assert share_hidden(10, 12) == 0                        # that it took longer beside computing hides nothing
    assert share_hidden(0, 0) is None


def test_one_process_has_nothing_to_send():
    _, (rows, *numbers) = traced(2, True, shards=1)

    assert {row.what for row in rows} == {"forward", "backward"} and numbers == [None] * 3


def test_a_network_of_one_process_is_not_traced():
    from npnet.parallel import tracing

    with pytest.raises(TypeError, match=r"tracing takes the network of several ranks, team.network\(net\), got a Network; start it"):
        with tracing(small()[0]):
            pass


@pytest.mark.mpi
def test_the_example_draws_a_trace_and_says_what_was_hidden(tmp_path):
    text = (ROOT / "examples" / "parallel_trace.py").read_text("utf-8").replace("PICTURES = 64", "PICTURES = 2")
    assert text.count("PICTURES = 2") == 1
    (tmp_path / "script.py").write_text(text, "utf-8")
    done = launched(2, ["-W", "error", "script.py"], timeout=120, environment={"NPNET_BACKEND": "numpy"}, folder=tmp_path)

    assert done.code == 0 and done.stderr == "", done
    assert re.fullmatch(r"(step \d: loss [\d.]+\n){4}alone, the Allreduces take [\d.]+ ms; the ranks waited [\d.]+ ms "
                        r"for them: \d+ % of the communication was hidden behind computing. "
                        r"The drawing is parallel_trace.png.\n", done.stdout), done
    assert (tmp_path / "parallel_trace.png").read_bytes()[1:4] == b"PNG"
