"""The Deep Compression container: published SqueezeNet, files of our own, and files that are damaged."""
import math
import struct

import numpy as np
import pytest


import npnet
from npnet.data import read_picture
from npnet.weights.readers import compression
from npnet.weights.readers.compression import NETWORKS, OURS, coded, pruned, quantised, read, recognised, write
from npnet.weights.prepared import PREPARED

SMALL = {"conv1": (4, 3, 3, 3), "conv2": (6, 2, 1, 1), "fc3": (5, 54)}          # groups=2 in conv2
BY_HAND = {"conv1": (1, 1, 2, 20), "fc2": (2, 3)}


def same(one, other):
    """Whether two dicts hold the same names in the same order, and the same bits."""
    return list(one) == list(other) and all(
        one[name].shape == other[name].shape and one[name].tobytes() == other[name].tobytes() for name in one)


def drawn(random, shapes, keep=0.3):
    """Arrays of these shapes whose weights have as many values as a codebook holds, most of them 0."""
    arrays = {}
    for name, shape in shapes.items():
        most, size = 255 if len(shape) == 4 else 15, math.prod(shape)
        values = random.normal(size=most).astype(np.float32)
        w = np.zeros(size, np.float32)
        places = np.unique(random.integers(0, size, round(keep * size)))
        w[places] = values[random.integers(0, most, len(places))]
        arrays |= {f"{name}.w": w.reshape(shape), f"{name}.b": random.normal(size=shape[0]).astype(np.float32)}
    return arrays


def beginning(path):
    with path.open("rb") as file:
        return file.read(compression.HEAD)


def published(reference):
    return reference / "squeezenet" / "compressed_SqueezeNet.net"


# ---------------------------------------------------------------------------- by hand

def bytes_by_hand():
    """Two layers, written out: conv1 has weights at 0, 17 and 39, fc2 at 1 and 3."""
    book1 = [0.0, 0.5, -2.0] + 253 * [0.0]
    book2 = [0.0, 1.5, -0.25] + 13 * [0.0]
    return (struct.pack("<2I", 5, 2)
            + struct.pack("<256f", *book1) + struct.pack("<f", 7.0)
            + bytes([1, 0, 2, 0, 1]) + bytes([0xF0, 0xF0, 0x05])        # 0, (16), 17, (33), 39
            + struct.pack("<16f", *book2) + struct.pack("<2f", 3.0, 4.0)
            + bytes([0x12]) + bytes([0x11]))                            # code 2 at 1, code 1 at 3


def test_a_file_by_hand(tmp_path):
    (tmp_path / "hand.net").write_bytes(bytes_by_hand())
    stored = read(tmp_path / "hand.net", BY_HAND)
    conv, dense = stored.arrays["conv1.w"], stored.arrays["fc2.w"]

    assert list(stored.arrays) == ["conv1.w", "conv1.b", "fc2.w", "fc2.b"]
    assert (stored.layout, stored.format, stored.layers) == ("caffe", "Deep Compression", None)
    assert {int(i): float(conv.reshape(-1)[i]) for i in np.flatnonzero(conv)} == {0: 0.5, 17: -2.0, 39: 0.5}
    assert dense.tolist() == [[0, -0.25, 0], [1.5, 0, 0]]
    assert stored.arrays["conv1.b"].tolist() == [7] and stored.arrays["fc2.b"].tolist() == [3, 4]
    assert all(array.dtype == np.float32 for array in stored.arrays.values())


def test_our_encoder_writes_the_file_by_hand(tmp_path):
    (tmp_path / "hand.net").write_bytes(bytes_by_hand())
    books = {layer.name: layer.codebook for layer in coded(tmp_path / "hand.net", BY_HAND)}
    size = write(tmp_path / "again.net", read(tmp_path / "hand.net", BY_HAND).arrays, books)

    assert (tmp_path / "again.net").read_bytes() == bytes_by_hand() and size == len(bytes_by_hand())


# ---------------------------------------------------------------------------- the published file

@pytest.mark.reference
def test_every_byte_of_squeezenet_is_consumed(reference):
    """The lengths of the parts add up to the file's, and written again they are the same bytes."""
    path = published(reference)
    layers = coded(path)
    counts = np.frombuffer(path.read_bytes(), "<u4", 26)

    assert [len(layer.codes) for layer in layers] == [len(layer.gaps) for layer in layers] == counts.tolist()
    assert 4 * 26 + sum(4 * 256 + 4 * layer.shape[0] + len(layer.codes) + -(-len(layer.codes) // 2)
                        for layer in layers) == path.stat().st_size == 675_763


@pytest.mark.reference
def test_squeezenet_written_again_is_the_same_file(reference, tmp_path):
    stored = read(published(reference))
    write(tmp_path / "again.net", stored.arrays, {layer.name: layer.codebook for layer in coded(published(reference))})
    size = write(tmp_path / "ours.net", stored.arrays)

    assert (tmp_path / "again.net").read_bytes() == published(reference).read_bytes()
    assert size == 675_763 and same(read(tmp_path / "ours.net").arrays, stored.arrays)


@pytest.mark.reference
def test_squeezenet_has_its_names_and_shapes(reference):
    arrays = read(published(reference)).arrays
    assert len(arrays) == 52 and sum(array.size for array in arrays.values()) == 1_248_424
    assert list(arrays)[:6] == ["conv1.w", "conv1.b", "fire2/squeeze1x1.w", "fire2/squeeze1x1.b",
                                "fire2/expand1x1.w", "fire2/expand1x1.b"]
    assert arrays["fire9/expand3x3.w"].shape == (256, 64, 3, 3) and arrays["conv10.w"].shape == (1000, 512, 1, 1)
    assert 0.4 < np.mean([(array == 0).mean() for name, array in arrays.items() if "expand3x3.w" in name]) < 0.8
    assert all(len(np.unique(array)) <= 256 for array in arrays.values() if array.ndim == 4)


def filled(net, arrays):
    """A network without dense layers with these arrays, their names in npnet's words."""
    params = net.params()
    ours = {f"{OURS.get(name[:-2], name[:-2])}{name[-2:]}": array for name, array in arrays.items()}
    assert {name: array.shape for name, array in params.items()} == {name: array.shape for name, array in ours.items()}
    for name, array in ours.items():
        params[name][...] = array
    return net


@pytest.mark.reference
@pytest.mark.parametrize("every, right_of_these, best_five_of_these", [
    (10, 5, 5), pytest.param(1, 33, 41, marks=pytest.mark.long)])
def test_squeezenet_names_what_is_in_fifty_photographs(reference, every, right_of_these, best_five_of_these):
    """33 right, 41 in the best five: what the README of these data says of it, stretched to 256 x 256 as there."""
    net = filled(npnet.model("squeezenet1_0"), read(published(reference)).arrays)
    synsets = [line.split()[0] for line in (reference / "caffe" / "synset_words.txt").read_text("utf-8").splitlines()]
    right = best_five = 0
    for path in sorted((reference / "imagenet_samples").glob("*.JPEG"))[::every]:
        best = np.argsort(-net.forward(PREPARED["squeezenet1_0"].test(read_picture(path))[None])[0])[:5]
        label = synsets.index(path.name.partition("_")[0])
        right, best_five = right + (best[0] == label), best_five + (label in best)

    assert (right, best_five) == (right_of_these, best_five_of_these)


# ---------------------------------------------------------------------------- both ways

def test_written_and_read_again_bit_for_bit(tmp_path, random):
    arrays = drawn(random, SMALL)
    write(tmp_path / "small.net", arrays)
    assert same(read(tmp_path / "small.net", SMALL).arrays, arrays)


@pytest.mark.long
def test_an_alexnet_of_our_encoder(tmp_path, random):
    """61 million weights, pruned to a ninth: 9 MB, recognised by its first bytes, the same bits again."""
    arrays = drawn(random, NETWORKS["caffe"], keep=0.11)
    size = write(tmp_path / "alexnet.net", arrays)

    assert compression.network_for(beginning(tmp_path / "alexnet.net"), size) == "caffe"
    assert 6e6 < size < 10e6
    assert same(read(tmp_path / "alexnet.net").arrays, arrays)


@pytest.mark.parametrize("places", [[], [0], [15], [16], [17], [0, 16], [0, 17], [31, 63, 95, 96], [5399], [100, 5000]])
def test_gaps_of_any_length(tmp_path, places):
    w = np.zeros(5400, np.float32)
    w[places] = 1.25
    arrays = {"conv1.w": w.reshape(2, 300, 3, 3), "conv1.b": np.zeros(2, np.float32)}
    write(tmp_path / "gaps.net", arrays)
    assert same(read(tmp_path / "gaps.net", {"conv1": (2, 300, 3, 3)}).arrays, arrays)


def test_zeros_with_a_sign_and_the_smallest_numbers(tmp_path):
    w = np.array([[-0.0, 0.0, 1e-45, -1e-45, 3.4e38, 0.0]], np.float32)
    arrays = {"fc1.w": w, "fc1.b": np.float32([-0.0])}
    write(tmp_path / "odd.net", arrays)
    assert same(read(tmp_path / "odd.net", {"fc1": (1, 6)}).arrays, arrays)


def test_a_network_of_npnets(tmp_path):
    """Dense weights turn to (M, D) on the way out; names that differ are Caffe's."""
    net = npnet.model("cifar_alexnet")
    arrays = compression.arrays_of(net)
    few = {name: quantised(array, 255 if array.ndim == 4 else 15) if array.ndim > 1 else array
           for name, array in arrays.items()}
    write(tmp_path / "cifar.net", few)
    stored = read(tmp_path / "cifar.net")                               # one of NETWORKS: needs no shapes

    assert compression.shapes_of(net) == NETWORKS["cifar_alexnet"]
    assert (arrays["fc6.w"] == net["fc6"].w.T).all() and same(stored.arrays, few)


def test_the_shapes_of_caffe_are_those_of_the_model():
    input_shape, layers = npnet.MODELS["caffe"]()
    shapes = NETWORKS["caffe"]
    convolutions = {name: (layer.filters, layer.size) for name, layer in layers.items() if isinstance(layer, npnet.Conv2D)}
    assert {name: (shape[0], shape[2]) for name, shape in shapes.items() if len(shape) == 4} == convolutions
    assert sum(math.prod(shape) + shape[0] for shape in shapes.values()) == 60_965_224


# ---------------------------------------------------------------------------- what is no such file

def test_other_files_are_not_recognised(random):
    for head in (bytes(200), b"\x89HDF" + bytes(200), b"PK\x03\x04" + bytes(200), bytes(range(1, 201)), 100 * b"ab\n",
                 np.arange(1, 60, dtype="<u4").tobytes(), np.full(60, 1000, "<u4").tobytes(), b"", b"\x01"):
        assert not recognised(head, 10 ** 6), head[:8]
    assert not any(recognised(random.bytes(200), 10 ** 6) for _ in range(2000))


@pytest.mark.reference
def test_no_other_file_of_the_reference_data_is_recognised(reference):
    paths = [path for path in reference.rglob("*") if path.is_file()]
    found = [path.name for path in paths if recognised(beginning(path), path.stat().st_size)]
    assert found == ["compressed_SqueezeNet.net"] and len(paths) > 100


@pytest.mark.reference
@pytest.mark.parametrize("size", [104, 105, 1000, 400_000, 675_762])
def test_a_file_that_is_cut_off(reference, tmp_path, size):
    data = published(reference).read_bytes()[:size]
    (tmp_path / "cut.net").write_bytes(data)
    assert recognised(data[:200], size)
    with pytest.raises(ValueError, match=rf"cut.net is cut off: .*promise 675,763 bytes, and it has {size:,}; fetch it"):
        read(tmp_path / "cut.net")


@pytest.mark.reference
def test_a_file_with_bytes_behind_it(reference, tmp_path):
    (tmp_path / "more.net").write_bytes(published(reference).read_bytes() + b"x")
    with pytest.raises(ValueError, match="more.net is damaged: its first bytes promise 675,763 bytes, and it has 675,764"):
        read(tmp_path / "more.net")


@pytest.mark.reference
@pytest.mark.parametrize("place, data, message", [
    (104, b"\x00\x00\x80\x3f", "the codebook of conv1 must begin with 0"),
    (108, b"\x00\x00\xc0\x7f", "the codebook of conv1 must .* neither NaN nor infinity"),
    (104 + 1024, b"\x00\x00\x80\xff", "and the biases must hold neither NaN nor infinity"),
    (104 + 1024 + 384 + 13902, 200 * b"\xff", r"conv1 has 14,112 weights, and the gaps lead to place \d\d,\d\d\d"),
])
def test_damage_inside(reference, tmp_path, place, data, message):
    whole = bytearray(published(reference).read_bytes())
    whole[place:place + len(data)] = data
    (tmp_path / "bad.net").write_bytes(whole)
    with pytest.raises(ValueError, match=f"bad.net is damaged: .*{message}.*; fetch it again"):
        read(tmp_path / "bad.net")


def test_what_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file .*gone.net"):
        read(tmp_path / "gone.net")
    with pytest.raises(FileNotFoundError, match="it is a folder"):
        read(tmp_path)
    (tmp_path / "short.net").write_bytes(b"\x01\x02")
    with pytest.raises(ValueError, match="short.net is no Deep Compression file of SqueezeNet 1.0, AlexNet or cifar_alexnet"):
        read(tmp_path / "short.net")
    with pytest.raises(ValueError, match="short.net is no Deep Compression file of these layers"):
        read(tmp_path / "short.net", SMALL)


def test_a_small_file_cannot_claim_a_large_network(tmp_path):
    """An entry stands for 64 weights at most, so 8 counts and some bytes never make 240 MB."""
    shapes = NETWORKS["caffe"]
    counts = [2] * len(shapes)
    size = compression.length(counts, shapes)
    (tmp_path / "tiny.net").write_bytes(np.array(counts, "<u4").tobytes() + bytes(size - 32))
    with pytest.raises(ValueError, match="no Deep Compression file"):
        read(tmp_path / "tiny.net")


# ---------------------------------------------------------------------------- what cannot be written

@pytest.mark.parametrize("change, message", [
    ({"fc3.w": np.arange(270, dtype=np.float32).reshape(5, 54)}, r"fc3.w has 269 values other than 0, .* holds 15; .*quantised\(w, 15\)"),
    ({"fc3.b": np.zeros(4, np.float32)}, r"fc3: weights must be .* got \(5, 54\) and \(4,\)"),
    ({"conv1.w": np.full((4, 3, 3, 3), np.nan, np.float32)}, "conv1 holds NaN or infinity"),
    ({"norm1.mean": np.zeros(4)}, "nothing else; got norm1.mean"),
    ({"fc4.w": np.zeros((2, 2))}, "fc4.w has no fc4.b"),
])
def test_arrays_that_do_not_fit(tmp_path, random, change, message):
    arrays = {**drawn(random, SMALL), **change}
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "no.net", arrays)
    assert not (tmp_path / "no.net").exists()


def test_a_codebook_that_does_not_fit(tmp_path):
    arrays = {"fc1.w": np.float32([[1, 2]]), "fc1.b": np.float32([0])}
    with pytest.raises(ValueError, match="fc1.w has values that its codebook has not"):
        write(tmp_path / "no.net", arrays, {"fc1": np.arange(16) / 8 + np.float32([0] + 15 * [0.03])})
    with pytest.raises(ValueError, match="must have 16 values, the first of them 0"):
        write(tmp_path / "no.net", arrays, {"fc1": np.ones(16)})


# ---------------------------------------------------------------------------- pruning and quantising

def test_pruning_keeps_the_largest(random):
    w = random.normal(size=(10, 30)).astype(np.float32)
    few = pruned(w, 0.1)
    assert (few != 0).sum() == 30 and (few[few != 0] == w[few != 0]).all()
    assert np.abs(few[few != 0]).min() >= np.abs(w[few == 0]).max()
    assert (pruned(w, 1) == w).all() and not pruned(w, 0).any()
    assert (pruned(w.T, 0.1) == few.T).all() and (quantised(w.T, 15) == quantised(w, 15).T).all()
    with pytest.raises(ValueError, match="keep is the share of weights that stay, from 0 to 1, got 1.5"):
        pruned(w, 1.5)


@pytest.mark.parametrize("form", ["kmeans", "linear"])
def test_quantised_weights_have_few_values(random, form):
    w = pruned(random.normal(size=(20, 50)).astype(np.float32), 0.3)
    few = quantised(w, 15, form)
    assert len(np.unique(few[few != 0])) <= 15 and few.dtype == np.float32
    assert (few[w == 0] == 0).all() and np.abs(few - w).max() < (w.max() - w.min()) / 5


def test_kmeans_by_hand_and_better_than_linear(random):
    w = np.float32([0, 1, 1.5, 2, 0, 9, 11])
    assert quantised(w, 2).tolist() == [0, 1.5, 1.5, 1.5, 0, 10, 10]
    assert quantised(w, 2, "linear").tolist() == [0, 1, 1, 1, 0, 11, 11]
    assert quantised(w, 1).tolist() == pytest.approx([0, 4.9, 4.9, 4.9, 0, 4.9, 4.9])
    many = random.normal(size=5000).astype(np.float32)
    errors = {form: ((quantised(many, 16, form) - many) ** 2).sum() for form in ("kmeans", "linear")}
    assert errors["kmeans"] < 0.75 * errors["linear"]


def test_what_is_quantised_stays(random):
    w = quantised(random.normal(size=400).astype(np.float32), 15)
    assert np.abs(quantised(w, 400) - w).max() < 0.01
    assert not quantised(np.zeros(5), 15).any()
    with pytest.raises(ValueError, match="values must be a whole number of at least 1, got 0"):
        quantised(w, 0)
    with pytest.raises(ValueError, match='form must be "kmeans" or "linear"'):
        quantised(w, 3, "median")
    with pytest.raises(ValueError, match="NaN or infinity"):
        quantised(np.float32([np.inf]), 3)
