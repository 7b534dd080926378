"""Which array of a file goes where in a network, and what the report says of it."""
import numpy as np
import pytest

import npnet
from npnet.data.pipeline import Pipeline
from npnet.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPool, ReLU
from npnet.models import MODELS
from npnet.weights import names
from npnet.weights.candidates import candidates, model_for, nearest, outputs_in
from npnet.weights.mapping import mapped
from npnet.weights.plans import plan_of, plan_of_version
from npnet.weights.stored import Stored

SMALL = [version for version in MODELS if version.startswith(("cifar", "lenet", "caffe_lenet"))]


def network(seed=0, classes=5):
    """A network of every kind of array, small."""
    return npnet.Network((3, 8, 8), seed, conv1=Conv2D(4, 3, pad=1, init="he"), norm1=BatchNorm(), relu1=ReLU(),
                         pool1=MaxPool(2, 2), conv2=Conv2D(6, 3, pad=1, groups=2, init="he"), flatten=Flatten(),
                         fc3=Dense(7, init="he"), fc4=Dense(7, init="he"), fc5=Dense(classes, init="he"))


def arrays_of(net, name, dense=lambda w: w.T, filters=lambda w: w):
    """A network's arrays under other names and in another layout."""
    made, arrays = {}, net.params() | net.state()
    for module, role in [(module, role) for module, roles in plan_of(net).modules.items() for role in roles]:
        array = arrays[f"{module}.{role}"]
        there = filters(array) if array.ndim == 4 else dense(array) if array.ndim == 2 else array
        made[name(module, role)] = np.array(there)
    return made


def in_torch(module, role):
    """PyTorch's names."""
    norm = {"w": "weight", "b": "bias", "mean": "running_mean", "var": "running_var"}
    return f"{module}.{norm[role]}"


def stored(arrays, layout="torch"):
    return Stored("a.file", "test", arrays, layout)


def check_same(net, other):
    """Whether all arrays of two networks are equal, bit for bit."""
    theirs = other.params() | other.state()
    for name, array in (net.params() | net.state()).items():
        np.testing.assert_array_equal(array, theirs[name], err_msg=name)


@pytest.mark.parametrize("name, expected", [
    ("features.0.weight", ("features.0", "w")), ("conv1/kernel:0", ("conv1", "w")), ("conv1_w", ("conv1", "w")),
    ("bn1.running_var", ("bn1", "var")), ("W2", ("2", "w")), ("ip1.1", ("ip1", "b")), ("arr_0", ("arr_0", None)),
    ("bn1.num_batches_tracked", ("bn1", "counter")), ("expand2.expand1x1.b", ("expand2.expand1x1", "b")),
    ("fire2/squeeze1x1.w", ("fire2/squeeze1x1", "w")), ("weight", ("weight", None))])
def test_a_name_is_read(name, expected):
    assert names.parsed(name) == expected


@pytest.mark.parametrize("name", [in_torch, "{}.{}".format, "{}_{}".format, lambda *parts: "net." + in_torch(*parts)])
def test_arrays_find_their_places_by_names(name):
    net, other = network(1), network(2)
    mapping = mapped(stored(arrays_of(net, name)), other)
    mapping.fill(other)

    assert mapping.fits and not mapping.left_over and not mapping.notes
    assert {row.how for row in mapping.rows} == {"", "transposed"}
    check_same(net, other)


def test_arrays_find_their_places_by_order():
    places = dict(zip(plan_of(network()).modules, ("0", "1", "4", "7", "9", "11"), strict=True))
    net, other = network(1), network(2)
    mapping = mapped(stored(arrays_of(net, lambda module, role: in_torch(f"net.{places[module]}", role))), other)
    mapping.fill(other)

    assert all(row.how.startswith("by its place") for row in mapping.rows)
    check_same(net, other)


def test_other_classes_are_named_where_the_order_pairs_the_last():
    net, places = network(), ("0", "1", "4", "7", "9", "11")
    short = dict(zip(plan_of(net).modules, places, strict=True))
    arrays = arrays_of(network(classes=9), lambda module, role: in_torch(f"net.{short[module]}", role))
    part = {name.replace("net.0", "conv1").replace("net.1.", "norm1.").replace("net.4", "conv2"): array
            for name, array in arrays.items()}

    for given in (arrays, part):
        mapping = mapped(stored(given), net)
        assert len(mapping.differ) == 2 and "the file has 9 classes" in mapping.differ[0] and "classes" not in mapping.differ[1]
        assert not mapping.missing and not mapping.left_over


def test_arrays_without_names_find_their_places_by_order():
    net, other = network(1), network(2)
    arrays = {f"arr_{n}": array for n, array in enumerate(arrays_of(net, in_torch).values())}
    mapped(stored(arrays), other).fill(other)

    check_same(net, other)


def test_order_is_not_used_where_a_shape_does_not_fit():
    arrays = {f"arr_{n}": array for n, array in enumerate(arrays_of(network(), in_torch).values())}
    arrays["arr_0"] = np.zeros((4, 3, 5, 5), np.float32)
    mapping = mapped(stored(arrays), network())

    assert not mapping.rows and len(mapping.missing) == len(arrays) == len(mapping.left_over)


def test_keras_filters_and_rows_are_put_in_order():
    net, other = network(1), network(2)
    arrays = arrays_of(net, in_torch, lambda w: w, lambda w: w.transpose(2, 3, 1, 0))
    arrays["fc3.weight"] = net["fc3"].w.reshape(6, 4, 4, 7).transpose(1, 2, 0, 3).reshape(96, 7)
    mapping = mapped(stored(arrays), other)
    mapping.fill(other)

    how = {row.ours: row.how for row in mapping.rows}
    assert how["conv1.w"] == "from (R, S, C, K)" and how["fc3.w"] == "rows from H, W, C to C, H, W"
    assert 'flattened="CHW"' in str(mapping) and "eps" in str(mapping)
    check_same(net, other)

    mapped(stored(arrays), other, flattened="CHW").fill(other)
    np.testing.assert_array_equal(other["fc3"].w, arrays["fc3.weight"])


def test_a_square_dense_weight_lies_as_the_others_do():
    net, other = network(1), network(2)
    mapping = mapped(stored(arrays_of(net, in_torch, lambda w: w)), other)          # (D, M), other than PyTorch
    mapping.fill(other)

    assert "lie inputs first, (D, M)" in str(mapping)
    check_same(net, other)


def test_old_shapes_of_caffe_and_filters_in_place_of_a_matrix():
    net, other = network(1), network(2)
    arrays = arrays_of(net, in_torch, lambda w: w.T[None, None])
    arrays = {name: array[None, None, None] if array.ndim == 1 else array for name, array in arrays.items()}
    arrays["fc3.weight"] = net["fc3"].w.T.reshape(7, 6, 4, 4)
    mapping = mapped(stored(arrays, "caffe"), other)
    mapping.fill(other)

    assert "from filters over the whole map" in str(mapping)
    check_same(net, other)


def test_a_bias_that_is_not_there_is_zero_and_said():
    net = network()
    arrays = arrays_of(net, in_torch)
    del arrays["conv1.bias"], arrays["norm1.running_var"]
    mapping = mapped(stored(arrays), net)

    assert "conv1.b" in [row.ours for row in mapping.rows] and "zeros" in str(mapping)
    assert mapping.missing == ["norm1.var"] and not mapping.fits


@pytest.mark.parametrize("change, words", [
    ({"fc5.weight": (9, 7)}, "the file has 9 classes, this network 5; build the network with classes=9"),
    ({"fc5.bias": (9,)}, "the file has 9 classes"),
    ({"fc3.weight": (7, 54)}, "the maps before it are 6 x 4 x 4, the file's had 6 maps of 3 x 3"),
    ({"conv1.weight": (4, 1, 3, 3)}, "the file's pictures have 1 channel, this network's 3"),
    ({"conv2.weight": (6, 4, 3, 3)}, "one of the two has more groups"),
    ({"conv2.weight": (6, 2, 5, 5)}, "conv2.w is (6, 2, 3, 3) here, conv2.weight in the file is (6, 2, 5, 5)")])
def test_a_difference_is_a_sentence(change, words):
    net = network()
    arrays = arrays_of(net, in_torch) | {name: np.zeros(shape, np.float32) for name, shape in change.items()}
    mapping = mapped(stored(arrays), net)

    assert words in mapping.differ[0] and words in str(mapping)
    with pytest.raises(ValueError, match="a.file does not fit this network"):
        mapping.fill(net)


def test_part_of_a_network_can_be_filled():
    net, other = network(1), network(2)
    before = other["fc5"].w.copy()
    arrays = arrays_of(net, in_torch)
    arrays["fc5.weight"] = np.zeros((9, 7), np.float32)
    arrays["extra.weight"] = np.zeros(3, np.float32)
    mapping = mapped(stored(arrays), other)
    mapping.fill(other, partial=True)

    np.testing.assert_array_equal(other["conv1"].w, net["conv1"].w)
    np.testing.assert_array_equal(other["fc5"].w, before)
    assert mapping.left_over == ["extra.weight"] and "left over: extra.weight" in str(mapping)


def test_nan_and_whole_numbers_are_no_weights():
    net, arrays = network(), arrays_of(network(1), in_torch)
    before = net["conv1"].w.copy()
    arrays["fc4.weight"][0, 0] = np.nan
    with pytest.raises(ValueError, match="fc4.weight holds NaN or infinity"):
        mapped(stored(arrays), net).fill(net)
    np.testing.assert_array_equal(net["conv1"].w, before)

    arrays["fc4.weight"] = np.ones((7, 7), np.int8)
    assert "numbers of type int8" in mapped(stored(arrays), net).differ[0]


def test_half_and_double_are_converted():
    net = network()
    arrays = {name: array.astype(np.float16 if array.ndim == 1 else np.float64)
              for name, array in arrays_of(net, in_torch).items()}
    mapping = mapped(stored(arrays), net)
    mapping.fill(net)

    assert "from float64" in str(mapping) and net["conv1"].w.dtype == np.float32


def test_names_that_nobody_means_do_no_harm():
    long = {"a." * 10 ** 6: np.ones(1), "_" * 10 ** 6 + "iter": np.ones(1), "\x1b[2J.weight": np.ones(1),
            ":" * 10 ** 6: np.ones(1)}
    text = str(mapped(stored(long), network()))
    assert candidates(stored(long)) == [] and "\x1b" not in text and len(text) < 3000

    many = {f"a{n}.weight": np.ones(1) for n in range(3000)}
    assert candidates(stored(many)) == [] and nearest(stored(many)) == (None, None)
    assert "and 2,976 more" in str(mapped(stored(many), network()))


def test_counters_are_no_left_over():
    arrays = arrays_of(network(), in_torch) | {"norm1.num_batches_tracked": np.array(7)}

    assert mapped(stored(arrays), network()).left_over == []


def test_channels_are_turned_where_asked():
    net, other = network(1), network(2)
    mapped(stored(arrays_of(net, in_torch)), other, reverse=True).fill(other)

    np.testing.assert_array_equal(other["conv1"].w, net["conv1"].w[:, ::-1])
    np.testing.assert_array_equal(other["conv2"].w, net["conv2"].w)


@pytest.mark.parametrize("layout, order, said", [("caffe", "RGB", True), ("caffe", "BGR", False),
                                                 ("torch", "BGR", True), ("torch", "RGB", False)])
def test_red_and_blue_are_a_sentence(layout, order, said):
    net = npnet.Network((3, 16, 16), conv1=Conv2D(2, 7), flatten=Flatten(), fc2=Dense(3))
    mapping = mapped(stored(arrays_of(net, in_torch), layout), net, Pipeline(16, 16, order=order))

    assert ("red and blue" in str(mapping)) == said and mapping.fits


def test_torchvisions_names_are_known():
    table = {layer: name for name, layer in names.TABLES["torchvision"].items()}
    shapes = plan_of_version("torchvision", 12).modules
    arrays = {in_torch(table[module], role): np.zeros(shape[::-1] if len(shape) == 2 else shape, np.float32)
              for module, roles in shapes.items() for role, shape in roles.items()}

    assert candidates(stored(arrays)) == [("torchvision", 12)]


@pytest.mark.parametrize("version", ["squeezenet1_0", "squeezenet1_1"])
def test_names_of_squeezenets_are_known(version):
    shapes = plan_of_version(version, 20).modules
    theirs = {layer: name for name, layer in names.TABLES[version].items()}
    in_caffe = {module: module.replace("squeeze", "fire") + "/squeeze1x1" if "squeeze" in module
                else module.replace("expand", "fire", 1).replace(".", "/") for module in shapes}
    arrays = {in_torch(theirs[module], role): np.zeros(shape, np.float32)
              for module, roles in shapes.items() for role, shape in roles.items()}
    caffe = {f"{in_caffe[module]}/{'wb'.index(role)}": np.zeros(shape, np.float32)
             for module, roles in shapes.items() for role, shape in roles.items()}

    assert "fire9/squeeze1x1/0" in caffe and "fire2/expand3x3/1" in caffe
    assert candidates(stored(arrays)) == candidates(stored(caffe, "caffe")) == [(version, 20)]
    network = npnet.model(version, classes=20)
    assert not any("place" in row.how for row in mapped(stored(caffe, "caffe"), network).rows)
    assert ("does not pad conv10" in str(mapped(stored(arrays), network))) == (version == "squeezenet1_0")
    made, notes = model_for(stored(arrays), version)
    assert made["conv10"].pad == 0 and bool(notes) == (version == "squeezenet1_0")
    assert not mapped(stored(arrays), made).notes and mapped(stored(arrays), made).fits
    assert model_for(stored(caffe, "caffe"), version)[1] == []
    assert outputs_in(stored(arrays), version) == 20


@pytest.mark.parametrize("version", SMALL)
def test_a_version_is_found_by_its_arrays(version):
    classes = 7
    net = npnet.model(version, classes=classes)

    assert candidates(stored(arrays_of(net, in_torch)))[0] == (version, classes)
    assert candidates(stored(arrays_of(net, "{}.{}".format, lambda w: w), "npnet"))[0] == (version, classes)
    assert candidates(stored(arrays_of(net, "{}_{}".format, lambda w: w)))[0] == (version, classes)


def test_several_versions_have_the_arrays_of_an_alexnet():
    shapes = plan_of_version("caffe").modules
    arrays = {f"{module}.{role}": np.zeros(shape[::-1] if len(shape) == 2 else shape, np.float32)
              for module, roles in shapes.items() for role, shape in roles.items()}

    assert [version for version, _ in candidates(stored(arrays, "caffe"))] == [
        "caffe", "krizhevsky2012", "original", "pool_first"]
    assert candidates(stored(arrays))[0] == ("krizhevsky2012", 1000)


def test_nothing_fits_and_what_is_nearest():
    arrays = arrays_of(npnet.model("caffe_lenet"), in_torch)
    del arrays["ip1.weight"]

    assert candidates(stored(arrays)) == []
    mapping, version = nearest(stored(arrays))
    assert version == "caffe_lenet" and mapping.missing == ["ip1.w"]
    assert nearest(stored({"x": np.zeros(3)})) == (None, None)
    one = {"conv1.weight": np.zeros((96, 3, 11, 11), np.float32), "conv1.bias": np.zeros(96, np.float32)}
    assert nearest(stored(one)) == (None, None)


@pytest.mark.parametrize("version", SMALL)
def test_a_plan_is_that_of_the_network(version):
    assert plan_of_version(version) == plan_of(npnet.model(version))


@pytest.mark.reference
def test_what_a_partial_file_lacks_is_named(reference):
    with np.load(reference / "alexnet_conv" / "alexnet_conv_float.npz") as file:
        arrays = dict(file)
    mapping, version = nearest(stored(arrays))

    assert version == "krizhevsky2012" and mapping.missing == ["fc6.w", "fc6.b", "fc7.w", "fc7.b"]
    assert len(mapping.rows) == 12 and "missing: fc6.w, fc6.b, fc7.w, fc7.b" in str(mapping)
