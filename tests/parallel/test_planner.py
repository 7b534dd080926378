"""npnet plan: what a training step costs on several ranks. Nothing here needs MPI."""
import json
import math

import numpy as np
import pytest

import npnet
from npnet import plots
from npnet.cli import main
from npnet.layers import LRN, BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool, ReLU
from npnet.models import MODELS
from npnet.parallel import here
from npnet.parallel.planner import conclusions, rates, units
from npnet.parallel.planner.compare import compare
from npnet.parallel.planner.costs import Cost, Link, allgather, allreduce, exchange, reduce_scatter
from npnet.parallel.towers.exchange import traffic
from npnet.parallel.planner.predictions import DATA, TOWERS, TRICK, WAYS, plan, predicted
from npnet.parallel.planner.rates import Rates, along, assumed, from_bench, sizes
from npnet.parallel.planner.ways import dense_phase, parts_of, two_towers
from npnet.plots import drawn_by_npnet
from ranked import launched, on_ranks

SECOND = Link(latency=1.0, bandwidth=1000.0, adding=math.inf)       # a message: 1 s, and 1 s for 1000 bytes
FREE = Link(latency=0.0, bandwidth=math.inf, adding=math.inf)


@pytest.fixture(autouse=True)
def numpy_backend():
    npnet.use("numpy")


@pytest.fixture(scope="module")
def alexnet():
    """61 million weights, drawn once."""
    npnet.use("numpy")
    return npnet.model("krizhevsky2012")


def small():
    """9 numbers, 100 units, 10 classes: gradients of 4000 and 4040 bytes."""
    return npnet.Network((9,), fc1=Dense(100), fc2=Dense(10))


def tower():
    """A network of two towers, whose conv2 sees both: 4 x 8 x 8 numbers go into it."""
    return npnet.Network((3, 8, 8), conv1=Conv2D(4, 3, pad=1), relu1=ReLU(), norm1=LRN(n=3, groups=2),
                         conv2=Conv2D(4, 3, pad=1), conv3=Conv2D(4, 3, pad=1, groups=2), flatten=Flatten(), fc4=Dense(10))


def seconds_of(net, forward=1.0, backward=2.0, each=0.001):
    """Rates of so many seconds for each layer and picture."""
    times = {(name, way): {1: seconds} for name in net.layers
             for way, seconds in (("forward", forward), ("backward", backward))}
    return Rates(times, each, "as the test says")


# ---------------------------------------------------------------------------- units

@pytest.mark.parametrize("text, number", [
    ("10Gbit", 1.25e9), ("1 Gbit/s", 1.25e8), ("100Mbps", 1.25e7), ("100MB/s", 1e8), ("1.5GB", 1.5e9), ("800bit", 100),
    ("1GiB/s", 2 ** 30), ("1e3kB", 1e6), ("5B/s", 5), ("2 gbit", 2.5e8)])
def test_bandwidths(text, number):
    assert units.bandwidth(text) == pytest.approx(number)


@pytest.mark.parametrize("number, text", [(0, "0"), (2.0, "2.00 s"), (0.9996, "1.00 s"), (0.226, "226 ms"), (0.0181, "18.1 ms"),
                                          (1e-5, "0.0100 ms"), (735.2, "735 s")])
def test_times_of_a_table_have_three_digits(number, text):
    assert units.time_words(number) == text


@pytest.mark.parametrize("text, number", [("50us", 5e-5), ("50µs", 5e-5), ("0.2 ms", 2e-4), ("1s", 1), ("0s", 0), ("7ns", 7e-9)])
def test_latencies(text, number):
    assert units.seconds(text) == pytest.approx(number)


@pytest.mark.parametrize("text, number", [("150", 150e9), ("150Gflop/s", 150e9), ("1.2 Tflops", 1.2e12), ("300MFLOP/s", 3e8)])
def test_rates_of_computing(text, number):
    assert units.flops(text) == pytest.approx(number)


@pytest.mark.parametrize("function, text, said", [
    (units.bandwidth, "10", "no unit that is known; write bits as 10Gbit"),
    (units.bandwidth, "10Gb", "no unit that is known"),             # bits or bytes?
    (units.bandwidth, "fast", "must be a number and a unit, got 'fast'"),
    (units.bandwidth, "-1Gbit", "must be a number and a unit"),
    (units.bandwidth, "0Gbit", "above 0"),
    (units.bandwidth, "1e999Gbit", "must be a number"),
    (units.seconds, "50", "write it as 50us"),
    (units.seconds, "50 minutes", "write it as 50us"),
    (units.flops, "3 km", "write it as 150"),
    (units.flops, "0", "above 0")])
def test_what_cannot_be_read(function, text, said):
    with pytest.raises(ValueError, match=said):
        function(text)


def test_words_can_be_read_again():
    for text in ("10 Gbit/s", "1 Gbit/s", "100 Mbit/s", "64 kbit/s"):
        assert units.bandwidth_words(units.bandwidth(text)) == text
    assert units.latency_words(5e-5) == "50 us" and units.latency_words(0.002) == "2 ms"


# ---------------------------------------------------------------------------- what messages cost

def test_allreduce_by_hand():
    """4000 bytes on 4 ranks: half away and a quarter, 2 messages, and back; 3/4 of them twice."""
    assert allreduce(4000, 4, SECOND) == (4 * 1 + 6.0, 6000, 4)
    assert allreduce(4000, 4, SECOND, "ring") == (6 * 1 + 6.0, 6000, 6)
    assert allreduce(1000, 4, SECOND) == (2 * 1 + 2.0, 2000, 2)         # short: whole vectors, lg 4 times
    assert allreduce(4000, 1, SECOND) == (0, 0, 0) == allreduce(0, 8, SECOND)


def test_allreduce_of_three_ranks_folds_one_into_its_neighbour():
    """Whole vectors there and back (2 + 8 s), and two ranks between (2 + 4 s)."""
    assert allreduce(4000, 3, SECOND) == (2 + 8 + 2 + 4, 8000, 4)      # the neighbour sends halves twice, and the sum back
    assert allreduce(4000, 6, SECOND).sent == 6000 + 4000              # as on 4 ranks, and the sum back
    assert allreduce(4000, 3, SECOND, "ring")[1] == pytest.approx(2 * 2 / 3 * 4000)


def test_adding_takes_time():
    slow = Link(0.0, math.inf, adding=1000.0)
    assert allreduce(4000, 4, slow).seconds == 3.0                      # 3/4 of the bytes are added by each rank
    assert reduce_scatter(4000, 4, slow).seconds == 3.0 and allgather(4000, 4, slow).seconds == 0
    assert exchange(4000, slow, adds=True).seconds == 4.0 and exchange(4000, slow).seconds == 0


def test_gathering_by_hand():
    assert allgather(4000, 4, SECOND) == (2 + 3.0, 3000, 2)
    assert allgather(2 ** 20, 8, Link(1.0, 2 ** 20, math.inf)) == (7 + 7 / 8, 7 * 2 ** 17, 7)     # long: along a ring
    assert allgather(9e4, 3, SECOND).waiting == 2 and allgather(9e4, 5, SECOND).waiting == 4       # more than 80 kB
    assert allgather(9e4, 4, SECOND).waiting == 2 and allgather(8e4, 5, SECOND).waiting == 3
    assert reduce_scatter(4000, 3, SECOND).sent == pytest.approx(8000 / 3)
    assert exchange(500, SECOND) == (1.5, 500, 1)
    assert Cost(1, 2, 0.5).times(4) == (4, 8, 2) and Cost(1, 2).and_then(Cost(4, 5, 1)) == (5, 7, 1)


@pytest.mark.parametrize("ranks", [2, 3, 4, 7, 8, 64])
def test_no_algorithm_sends_less_than_the_ring(ranks):
    """2 (N-1)/N n is the least that an Allreduce can send."""
    least = allreduce(1e6, ranks, FREE, "ring").sent
    assert least == pytest.approx(2 * (ranks - 1) / ranks * 1e6) and allreduce(1e6, ranks, FREE).sent >= least


@pytest.mark.parametrize("given", [{"latency": -1.0}, {"bandwidth": 0.0}, {"adding": 0.0}, {"latency": math.nan},
                                   {"bandwidth": math.nan}, {"latency": "50us"}, {"bandwidth": "1Gbit"}, {"adding": None}])
def test_links_that_cannot_be(given):
    with pytest.raises(ValueError, match=f"{next(iter(given))} must be"):
        Link(**given)


def test_an_unknown_kind_of_allreduce():
    with pytest.raises(ValueError, match="one of mpich, ring, got 'tree'"):
        allreduce(10, 2, SECOND, "tree")


# ---------------------------------------------------------------------------- the three ways by hand

def test_data_parallel_by_hand():
    """2 pictures a rank: forward 4 s, backward 8 s, copies and update 0.0014 s a parameter. Logits: 80 bytes sent. Sums:
    4 and 4.04 s, and
    the latency of their 2 messages once, as both begin at once."""
    one = predicted(small(), DATA, 2, 4, seconds_of(small()), SECOND)
    assert one.computing == pytest.approx(12 + 1.4 * 2.01)
    assert one.sending == pytest.approx(1.08 + 2 + 4 + 4.04) and one.sent == 80 + 4000 + 4040
    assert one.step == pytest.approx(one.computing + one.sending)
    assert one.weak == pytest.approx((12 + 2.01) / one.step) and one.strong == pytest.approx((24 + 2.01) / 2 / one.step)
    assert one.largest()[0] == "gradient of fc2"


def test_batch_normalisation_gathers_its_statistics():
    """4 channels: both ways two sums of 8 bytes for each of them, and three counts."""
    net = npnet.Network((3, 8, 8), conv1=Conv2D(4, 3), norm1=BatchNorm(), flatten=Flatten(), fc2=Dense(10))
    for way in (DATA, TRICK):
        found = [message for message in predicted(net, way, 2, 4, seconds_of(net), SECOND).messages if "statistics" in message[0]]
        assert found == [("statistics of norm1", pytest.approx(5 + 0.088), 3 * 8 + 2 * 4 * 8)] * 2


def test_batch_normalisation_gathers_inside_paths_and_not_where_it_is_frozen():
    inside = npnet.Concat([{"one": Conv2D(4, 1), "norm": BatchNorm()}, {"other": BatchNorm()}])
    net = npnet.Network((3, 8, 8), paths=inside, norm1=BatchNorm(), flatten=Flatten(), fc2=Dense(10))
    names = ["statistics of paths.norm", "statistics of paths.other", "statistics of norm1"]

    def gathered():
        return [(what, sent) for what, _, sent in predicted(net, DATA, 2, 4, seconds_of(net), SECOND).messages if "statistics" in what]

    bytes_of = {channels: 3 * 8 + 2 * channels * 8 for channels in (3, 4, 7)}
    assert gathered() == [*zip(names, [bytes_of[4], bytes_of[3], bytes_of[7]]), (names[2], bytes_of[7]),
                          *zip(names[:2], [bytes_of[4], bytes_of[3]])]
    net.freeze("paths")
    assert gathered() == [(names[2], bytes_of[7])] * 2


def test_data_parallel_at_best_by_hand():
    """fc2's sum is on its way while fc1 is computed; fc1's waits for the link, the update for both."""
    forward_and_logits = 4 + 1.08
    fc2_is_summed = forward_and_logits + 4 + 0.404 + 6.04
    fc1_is_summed = max(fc2_is_summed, forward_and_logits + 8 + 0.804 + 2) + 4
    one = predicted(small(), DATA, 2, 4, seconds_of(small()), SECOND)
    assert one.at_best == pytest.approx(fc1_is_summed + 2.01)


def test_two_towers_by_hand():
    """4 pictures: half of every layer, half of the update; 4 x 8 x 8 numbers of conv2 and fc4 cross, halved."""
    net = tower()
    one = predicted(net, TOWERS, 2, 4, seconds_of(net), SECOND)
    crossing = 4 * 128 * 4                                              # pictures, numbers, bytes
    assert [what for what, _, _ in one.messages] == [
        "input of conv2", "input of fc4", "logits", "gradient of the input of fc4", "gradient of the input of conv2"]
    assert one.sent == 4 * crossing + 4 * 5 * 4 and one.sending == pytest.approx(5 + one.sent / 1000)
    parameters = sum(array.size for array in net.params().values())
    assert one.computing == pytest.approx(4 * 7 * 3 / 2 + 0.001 * parameters / 2)
    assert one.at_best == pytest.approx(one.step)                       # nothing can hide


def test_one_weird_trick_by_hand():
    """fc1 and fc2 are split: their inputs are gathered, fc2's gradient of its input is scattered; no weights travel."""
    net = small()
    one = predicted(net, TRICK, 2, 4, seconds_of(net), SECOND)
    assert one.sent == 9 * 4 * 2 + 100 * 4 * 2 + 100 * 4 * 2 + 10 * 4 * 2         # numbers, bytes, pictures of the other
    assert one.computing == pytest.approx(12 + 2.01 / 2) and one.scheme == "a"
    assert "gradient" not in [what.split(" of ")[0] for what, _, _ in one.messages if "input" not in what]


def test_the_three_schemes_send_the_same_bytes():
    """(b) takes longer by the idle links of all ranks but one; (a) has the fewest messages."""
    net = npnet.model("cifar_alexnet")
    late = [part for part in parts_of(net) if part.name.startswith(("fc", "relu6", "drop"))]
    sends = {scheme: [event for event in dense_phase(net, late, 4, 128, seconds_of(net), SECOND, scheme) if event.message]
             for scheme in "abc"}
    sent = {scheme: sum(event.sent for event in events) for scheme, events in sends.items()}
    took = {scheme: sum(event.seconds for event in events) for scheme, events in sends.items()}
    assert sent["a"] == pytest.approx(sent["b"]) == pytest.approx(sent["c"]) and took["a"] < took["c"] < took["b"]


def test_networks_without_towers_or_dense_layers():
    net = npnet.Network((3, 8, 8), conv1=Conv2D(4, 3), norm1=LRN(n=3), pool1=MaxPool(6, 6), flatten=Flatten())
    found = plan(net, (1, 2), seconds_of(net), SECOND, batch=4)
    assert set(found.left_out) == {TOWERS, TRICK} and {one.way for one in found.predictions} == {DATA}
    assert "norm1: its window reaches from one tower into the other" in found.left_out[TOWERS] and "no dense layers" in found.left_out[TRICK]
    with pytest.raises(ValueError, match="two towers need 2 ranks, got 3"):
        two_towers(tower(), 3, 6, seconds_of(tower()), SECOND)


# ---------------------------------------------------------------------------- limits, and published figures

@pytest.mark.parametrize("way", [DATA, TRICK])
def test_one_rank_sends_nothing(way):
    one = predicted(small(), way, 1, 8, seconds_of(small()), SECOND)
    assert (one.sent, one.sending, one.messages) == (0, 0, ()) and one.weak == one.strong == 1
    assert one.step == one.at_best == pytest.approx(8 * 6 + 2.01)


@pytest.mark.parametrize("way, ranks", [(DATA, 8), (TOWERS, 2), (TRICK, 8)])
def test_a_link_without_end_costs_nothing(way, ranks):
    net = npnet.model("cifar_alexnet")
    one = predicted(net, way, ranks, 64, assumed(net, 1e11), FREE)
    assert one.sending == 0 and one.sent > 0 and one.step == pytest.approx(one.at_best)


@pytest.mark.parametrize("way, ranks", [(DATA, 4), (TOWERS, 2), (TRICK, 4)])
@pytest.mark.parametrize("worse", [Link(1e-3, 1e9), Link(50e-6, 1e8), Link(50e-6, 1e9, 1e8)])
def test_a_worse_link_takes_longer(way, ranks, worse):
    net = npnet.model("cifar_alexnet")
    better, other = (predicted(net, way, ranks, 64, assumed(net, 1e11), link) for link in (Link(50e-6, 1e9), worse))
    assert other.step > better.step and other.strong < better.strong and other.sent == better.sent
    assert other.computing == better.computing and other.at_best >= better.at_best


def test_more_ranks_never_raise_efficiency(alexnet):
    found = plan(alexnet, (1, 2, 4, 8, 16, 32, 64), assumed(alexnet, 150e9), Link(), batch=128)
    for way in (DATA, TRICK):
        strong = [one.strong for one in found.column(way)]
        assert len(strong) == 7 and strong == sorted(strong, reverse=True)
    assert all(one.at_best <= one.step for one in found.predictions)


def test_the_traffic_of_alexnet(alexnet):
    """61 M parameters are 244 MB of gradients; before conv3 each tower sends its 128 maps of 13 x 13."""
    found = plan(alexnet, (1, 2, 4), assumed(alexnet, 150e9), Link(), batch=128)
    gradients = [sent for what, _, sent in found.of(DATA, 2).messages if what != "logits"]
    assert sum(gradients) == 4 * 60_965_224 and found.parameters == 60_965_224 and found.dense == 58_631_144
    assert sum(sent for what, _, sent in found.of(DATA, 4).messages if what != "logits") == 1.5 * 4 * 60_965_224
    towers = {what: sent for what, _, sent in found.of(TOWERS, 2).messages}
    assert towers["input of conv3"] == 128 * 128 * 13 * 13 * 4 == towers["gradient of the input of conv3"]
    assert towers["input of fc6"] == 128 * 4608 * 4 and towers["input of fc7"] == towers["input of fc8"] == 128 * 2048 * 4
    assert sorted(towers) == sorted(["logits", *(f"{what} {layer}" for layer in ("conv3", "fc6", "fc7", "fc8")
                                                 for what in ("input of", "gradient of the input of"))])
    trick = {what: sent for what, _, sent in found.of(TRICK, 2).messages}
    assert trick["input of fc6"] == 64 * 9216 * 4 and trick["gradient of the input of fc7"] == 64 * 4096 * 4
    assert trick["gradient of conv1"] == 34_944 * 4 and "gradient of fc6" not in trick


def test_towers_send_what_the_two_processes_send():
    net = npnet.model("cifar_alexnet")
    found, sent = predicted(net, TOWERS, 2, 64, assumed(net, 1e11), Link()), traffic(net, 64)
    assert found.sent == sum(one.forward + one.backward for one in sent.values()) > 10 ** 6


def test_numbers_of_numpy_are_numbers():
    net = small()
    assert plan(net, np.arange(1, 3), seconds_of(net), SECOND, batch=np.int64(4)).as_data() == plan(net, (1, 2), seconds_of(net), SECOND, batch=4).as_data()


def test_pictures_of_each_rank():
    """16 pictures a rank: the same computing on every number of ranks, and the batch grows."""
    net = small()
    found = plan(net, (1, 2, 4), seconds_of(net), SECOND, per_rank=16, ways=[DATA])
    assert [one.batch for one in found.predictions] == [16, 32, 64] and found.fixed == "per rank"
    assert found.of(DATA, 2).computing == pytest.approx(found.of(DATA, 4).computing)
    assert found.of(DATA, 1).strong == 1 and found.of(DATA, 8) is None


def test_a_batch_that_the_ranks_do_not_divide():
    """The rank with the most pictures decides: 3 of 8 on 3 ranks."""
    assert plan(small(), 3, seconds_of(small()), SECOND, batch=8).of(DATA, 3).pictures == 3


@pytest.mark.parametrize("given, said", [
    ({"ranks": 0}, "ranks must be whole numbers of at least 1"), ({"ranks": []}, "ranks must be"),
    ({"ranks": [1.5]}, "ranks must be"), ({"ranks": 8, "batch": 4}, "8 ranks cannot share a batch of 4"),
    ({"ranks": 2, "batch": 4, "per_rank": 2}, "not both"), ({"ranks": 2, "batch": 0}, "batch must be a whole number"),
    ({"ranks": 2, "per_rank": -1}, "per_rank must be"), ({"ranks": 2, "batch": True}, "batch must be a whole number"),
    ({"ranks": "4"}, "ranks must be"), ({"ranks": 2, "ways": ["towers"]}, "ways must be some of 'data-parallel', 'two towers', 'one weird"), ({"ranks": 2, "kind": "star"}, "kind must be one of mpich, ring")])
def test_plans_that_cannot_be(given, said):
    with pytest.raises(ValueError, match=said):
        plan(small(), rates=seconds_of(small()), **given)


# ---------------------------------------------------------------------------- rates

def test_times_between_and_beyond_those_measured():
    times = {4: 10.0, 8: 14.0, 16: 30.0}
    assert along(times, 8) == 14 and along(times, 6) == 12 and along(times, 12) == 22
    assert along(times, 28) == 30 + 12 * 20 / 12                        # the line from 4 to 16 goes on
    assert along(times, 2) == 5 and along({4: 10.0}, 8) == 20           # in proportion
    assert along({32: 3.2, 34: 9.0}, 68) == 18                          # two that are near each other make no line
    assert along({}, 8) == 0 and along({1: 2.0, 2: 1.0}, 4) == 1        # never less for more pictures


def test_sizes_worth_measuring(alexnet):
    assert sizes(alexnet, {128, 64, 32, 16, 8, 4, 2, 1}) == [1, 4, 8, 34]
    assert sizes(alexnet, {128, 64, 32}) == [8, 34] and sizes(alexnet, {128, 9}) == [9, 34]       # apart, for a line beyond
    assert sizes(alexnet, {32, 30}) == [32]
    assert sizes(alexnet, {999}) == [8, 34]
    assert sizes(alexnet, {16}) == [16]
    assert sizes(small(), {5, 9}) == [5, 9]


def test_assumed_rates_by_hand():
    """fc1: 2 x 9 x 100 operations a picture; its bytes are more than that at a low rate of memory."""
    net = small()
    assert assumed(net, 1000.0, 1e12).seconds("fc1", "forward", 3) == pytest.approx(3 * 1.8)
    assert assumed(net, 1e12, 1000.0).seconds("fc1", "forward", 3) == pytest.approx((3 * 9 + 1000 + 3 * 100) * 4 / 1000)
    assert assumed(net, 1e12, 1000.0).updating(2010) == pytest.approx(2010 * 20 / 1000)
    assert assumed(net, 1e12).seconds("nothing", "forward", 3) == 0
    with pytest.raises(ValueError, match="operations must be above 0"):
        assumed(net, 0)
    with pytest.raises(ValueError, match="moved must be above 0 a second, got '10GB/s'"):
        assumed(net, 1e9, "10GB/s")
    with pytest.raises(TypeError, match="rates must be what measure, from_bench or assumed .* gives, got 150"):
        plan(net, 2, 150)


def bench_file(path, net, batches=(2, 8), drop=(), **changes):
    """A file as npnet bench --json writes it: 1 ms for each picture."""
    rows = [{"batch": batch, "layer": name, "way": way, "npnet": 1.0 * batch, "operations": work.operations}
            for batch in batches for (name, way), work in rates.works(net, batch).items() if name not in drop]
    data = {"threads": 1, "machine": {"processor": "abacus"}, "layers": rows} | changes
    path.write_text(json.dumps(data))
    return path


def test_rates_of_a_bench(tmp_path):
    net = small()
    found = from_bench(net, bench_file(tmp_path / "speed.json", net))
    assert found.seconds("fc1", "forward", 5) == pytest.approx(0.005) and "abacus, 1 thread, at 2, 8 pictures" in found.words
    assert found.updating(2010) == pytest.approx(0.005)                 # the median of 2 and 8 ms


def test_files_that_hold_no_rates(tmp_path):
    net, path = small(), tmp_path / "speed.json"
    for text in ("{}", "[1]", "no json", "\x80"):
        path.write_text(text, encoding="latin-1")
        with pytest.raises(ValueError, match="not what npnet bench --json FILE writes"):
            from_bench(net, path)
    with pytest.raises(ValueError, match="no times of fc2, update at 2 pictures"):
        from_bench(net, bench_file(path, net, drop=("fc2", "update")))
    with pytest.raises(ValueError, match="no times of layers"):
        from_bench(net, bench_file(path, net, batches=()))
    other = npnet.Network((9,), fc1=Dense(50), fc2=Dense(10))
    with pytest.raises(ValueError, match="measured with another network: its fc1"):
        from_bench(net, bench_file(path, other))
    with pytest.raises(FileNotFoundError):
        from_bench(net, tmp_path / "nothing.json")


def test_layers_are_measured():
    net = small()
    found = rates.measure(net, [1, 2], threads=1, backend="numpy", seconds=0.0, rounds=1)
    assert found.seconds("fc1", "forward", 2) > 0 < found.seconds("fc2", "backward", 1) and found.each > 0
    assert found.words == "measured here, 1 thread a rank, at 1, 2 pictures"


# ---------------------------------------------------------------------------- words, and the command

def test_conclusions(alexnet):
    found = plan(alexnet, (1, 2, 4, 8, 16, 32, 64), assumed(alexnet, 150e9), Link(), batch=128)
    said = " ".join(conclusions.conclusions(found))
    limits = [found.below(DATA, limit) for limit in (0.9, 0.5)]
    assert f"below 0.9 from {limits[0]} ranks on and below 0.5 from {limits[1]} ranks on" in said
    assert "58.6 of 61 million are those of the dense layers" in said and "Quickest on 2 to 64 ranks: one weird trick" in said
    assert found.quickest(64).way == TRICK and found.below(TRICK, 0.01) is None


def test_words_of_efficiency():
    net = small()
    found = plan(net, (1, 2, 4), seconds_of(net), Link(0.0, 100.0), batch=4, ways=[DATA])
    said = conclusions.falls(found, DATA)
    assert found.below(DATA, 0.9) == found.below(DATA, 0.5) == 2 and said == \
        "Data-parallel: efficiency (strong) is below 0.5 from 2 ranks on."
    free = plan(net, (1, 2, 4), seconds_of(net, each=0.0), FREE, batch=4, ways=[DATA])
    assert conclusions.falls(free, DATA) == "Data-parallel: efficiency stays at 0.9 or above up to 4 ranks."
    assert "unlimited each way, 0 us a message" in " ".join(conclusions.assumptions(free))
    assert conclusions.conclusions(plan(net, 1, seconds_of(net), FREE, batch=4)) == []


def speck(classes=4, size=9):
    """A version of a network of which little is to be computed."""
    return (3, size, size), dict(conv1=Conv2D(4, 3), relu1=ReLU(), pool1=MaxPool(3, 2), conv2=Conv2D(4, 3, groups=2),
                                 flatten=Flatten(), fc3=Dense(classes))


@pytest.fixture
def plan_(capsys, tmp_path, monkeypatch):
    """plan_("--ranks", "4") runs npnet plan and gives its exit code, output and errors."""
    monkeypatch.setitem(MODELS, "speck", speck)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)

    def run(*words, net="speck"):
        code = main(["plan", "--net", net, *words])
        streams = capsys.readouterr()
        assert "Traceback" not in streams.out + streams.err
        return code, streams.out, streams.err
    return run


def rows_of(out):
    """The words of every row of the tables."""
    return [line.split() for line in out.splitlines() if line[:5].strip().isdecimal() and line.endswith(tuple("0123456789"))]


def test_the_tables_fit_80_columns(plan_):
    code, out, err = plan_("--rate", "150", net="krizhevsky2012")
    lines = out.splitlines()
    assert (code, err) == (0, "") and max(map(len, lines)) <= 80
    assert [line for line in lines if line in WAYS] == [DATA, TRICK, TOWERS]
    assert [row[0] for row in rows_of(out)] == "1 2 4 8 16 32 64".split() * 2 + ["2"]
    assert "krizhevsky2012, 128 pictures a step, 60,965,224 parameters" in out and "at 4.0 GB/s" in out


def test_measured_now(plan_):
    code, out, _ = plan_("--ranks", "3", "--batch", "6", "--threads", "1", "--backend", "numpy")
    assert code == 0 and "Rates measured here, 1 thread a rank, at 2, 3, 6 pictures." in out
    assert [row[:2] for row in rows_of(out)][:3] == [["1", "6"], ["2", "3"], ["3", "2"]]


def test_json_in_place_of_tables_and_in_a_file(plan_, tmp_path):
    data = json.loads(plan_("--rate", "1", "--ranks", "1,2", "--json", "--bandwidth", "1Gbit", "--latency", "0s")[1])
    assert data["link"] == {"latency": 0, "bandwidth": 1.25e8, "adding": 4e9} and data["net"] == "speck"
    assert [(one["way"], one["ranks"]) for one in data["predictions"]][:2] == [(DATA, 1), (TRICK, 1)]
    code, out, _ = plan_("--rate", "1", "--ranks", "1,2", "--json", "plan.json", "--bandwidth", "1Gbit", "--latency", "0s")
    assert code == 0 and "all numbers are in plan.json" in out and json.loads((tmp_path / "plan.json").read_text()) == data


def test_rates_of_a_file(plan_, tmp_path):
    npnet.use("numpy")
    bench_file(tmp_path / "speed.json", npnet.model("speck"))
    code, out, _ = plan_("--rate", "speed.json", "--ranks", "2", "--per-rank", "2")
    assert code == 0 and "Rates speed.json: abacus" in out and "2 pictures a rank" in out


def test_a_drawing(plan_, tmp_path):
    code, out, _ = plan_("--rate", "1", "--ranks", "1,2,3", "--save", "plan.png")
    assert code == 0 and "the drawing is plan.png" in out and drawn_by_npnet(tmp_path / "plan.png")
    assert "plan.jpeg2 must end in" in plan_("--rate", "1", "--save", "plan.jpeg2")[2]


def test_the_lines_of_a_drawing():
    way = {"ranks": [1, 2], "step": [8.0, 5.0], "at_best": [8.0, 4.0], "sent": [0.0, 3.0], "efficiency": [1.0, 0.8]}
    figure = plots.ranks({"a": way, "b": way}, "title", ideal=([1, 2], [8.0, 4.0]))
    step, sent, efficiency = figure.axes
    assert [list(line.get_ydata()) for line in step.lines] == [[8, 4], [8, 5], [8, 5]] and len(step.collections) == 2
    assert [list(line.get_xdata()) for line in sent.lines] == [[2], [2]]            # 0 has no place on this axis
    assert [list(line.get_ydata()) for line in efficiency.lines][2:] == [[1, 0.8]] * 2 and efficiency.get_ylim() == (0, 1.05)
    quick = plots.ranks({"a": way, "b": way | {"efficiency": [1.0, 2.2]}}).axes[2]         # a share that fits a cache, for instance
    assert quick.get_ylim()[1] > 2.2 and [text.get_text() for text in quick.get_yticklabels()] == ["0", "0.5", "0.9", "1", "2"]
    with pytest.raises(ValueError, match="a needs a number of each kind"):
        plots.ranks({"a": way | {"step": [1.0]}})
    with pytest.raises(ValueError, match="a needs a number of each kind"):
        plots.ranks({"a": {"ranks": [1]}})
    with pytest.raises(ValueError, match="there is no way to draw"):
        plots.ranks({})


@pytest.mark.parametrize("words, said", [
    (["--bandwidth", "10"], "write bits as 10Gbit"), (["--latency", "5"], "write it as 50us"),
    (["--ranks", "two"], "--ranks must be whole numbers from 1"), (["--ranks", "1,,2"], "--ranks must be"),
    (["--ranks", "256"], "256 ranks cannot share a batch of 128"), (["--batch", "0"], "batch must be a whole number"),
    (["--batch", "4", "--per-rank", "2"], "not both"), (["--threads", "2"], "--threads is for layers that are measured"),
    (["--save", "plan.doc"], "plan.doc must end in"), (["--json", "."], ". is a folder"),
    (["--allreduce", "tree"], "invalid choice: 'tree'"), (["--memory", "3"], "--memory '3' has no unit")])
def test_words_that_cannot_be(plan_, words, said):
    code, out, err = plan_("--rate", "150", *words)
    assert (code, out) == (2, "") and err.startswith("npnet: ") and said in err and err.count("\n") == 1


def test_a_file_of_rates_that_is_not_there(plan_):
    code, _, err = plan_("--rate", "speed.json")
    assert code == 2 and "there is no file speed.json" in err


# ---------------------------------------------------------------------------- predicted beside measured

def test_compared_with_one_rank(plan_):
    code, out, _ = plan_("--compare", "--per-rank", "2", "--backend", "numpy", "--json")
    data = json.loads(out)
    assert code == 0 and (data["ranks"], data["pictures"]) == (1, 2) and [row["what"] for row in data["rows"]] == ["one rank"]
    assert data["rows"][0]["ratio"] == pytest.approx(data["rows"][0]["measured"] / data["rows"][0]["step"])
    out = plan_("--compare", "--per-rank", "2", "--backend", "numpy")[1]
    assert "speck, 2 pictures a rank, 1 rank: a step" in out and "Link" not in out


@pytest.mark.parametrize("words, said", [
    (["--measure"], "start several: mpiexec -n 2"), (["--measure", "--latency", "1us"], "leave --bandwidth and --latency out"),
    (["--compare", "--rate", "3"], "leave --rate out"), (["--compare", "--ranks", "1,2"], "one number of ranks"),
    (["--compare", "--measure"], "leave --measure out"), (["--compare", "--ranks", "0"], "one number of ranks")])
def test_measurements_that_cannot_be(plan_, words, said):
    code, out, err = plan_(*words)
    assert (code, out) == (2, "") and said in err and err.count("\n") == 1


def compared(pictures):
    """What this rank finds. Dropout has rows of its own in each way."""
    npnet.use("numpy")
    net = npnet.Network((3, 8, 8), conv1=Conv2D(4, 3), relu1=ReLU(), flatten=Flatten(), fc2=Dense(6), drop2=Dropout(0.5),
                        fc3=Dense(10))
    return compare(net, here(), pictures, rounds=1).as_data()


@pytest.mark.mpi
def test_compared_on_two_ranks():
    """Every rank has the same link and rates, and so the same predictions, and measures three ways."""
    one, other = on_ranks(2, compared, 3)
    assert one == other and (one["ranks"], one["pictures"]) == (2, 3)
    assert [row["what"] for row in one["rows"]] == ["one rank", DATA, TOWERS]
    assert all(row["measured"] > 0 < row["at_best"] <= row["step"] for row in one["rows"])
    assert all(0 < one["link"][name] < math.inf for name in ("latency", "bandwidth", "adding"))


@pytest.mark.mpi
def test_compared_on_three_ranks():
    assert [row["what"] for row in on_ranks(3, compared, 1)[2]["rows"]] == ["one rank", DATA]


@pytest.mark.mpi
def test_the_command_on_two_ranks(tmp_path):
    """Rank 0 alone prints; what is wrong is said once."""
    words = ["-m", "npnet", "plan", "--net", "cifar_alexnet", "--per-rank", "1", "--backend", "numpy"]
    done = launched(2, [*words, "--measure", "--ranks", "2"], folder=tmp_path)
    assert done.code == 0 and done.stdout.count("\ndata-parallel\n") == 1, done
    assert "Rates measured here, on 2 ranks at once" in done.stdout
    done = launched(2, [*words, "--compare"], folder=tmp_path)
    assert done.code == 0 and done.stdout.count("1 picture a rank, 2 ranks: a step") == 1, done
    done = launched(2, [*words, "--compare", "--latency", "1s"], folder=tmp_path)
    assert done.code == 2 and done.stderr.count("leave --latency out") == 1, done
