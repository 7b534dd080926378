"""Networks: names, shape flow, gradients, parts, freezing, saving, and every sentence about bad input."""
import copy
import json
import os
import pickle
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import npnet
from npnet import network
from npnet.backend import ops
from npnet.gradcheck import check_directions
from npnet.layers import (LRN, BatchNorm, Conv2D, Dense, Dropout, Flatten, Layer, MaxPool, ReLU, Softmax)


def small(seed=0, dtype=np.float64, **more):
    """A small network with one of most things."""
    return npnet.Network((2, 11, 11), seed, dtype, conv1=Conv2D(4, 3, stride=2, groups=2, std=0.5, bias=0.5), relu1=ReLU(),
                         norm1=LRN(3, alpha=0.7), pool1=MaxPool(3, 2), flatten=Flatten(), fc2=Dense(6, std=0.5),
                         relu2=ReLU(), drop2=Dropout(0.2), fc3=Dense(3, std=0.5), **more)


@pytest.fixture
def x(random):
    return random.standard_normal((4, 2, 11, 11))


LABELS = np.array([0, 2, 1, 2])


class Negative(Layer):
    """A student's layer, whose backward knows nothing of to_input."""

    def __init__(self, factor=1.0):
        self.factor = factor

    def forward(self, x, train=False):
        return -self.factor * x

    def backward(self, dy):
        return -self.factor * dy


class TestForwardAndBackward:
    def test_is_its_layers_one_after_the_other(self, backend, x):
        net, y = small(), x
        for layer in net.layers.values():
            y = layer.forward(y)

        np.testing.assert_array_equal(net.forward(x), y)

    def test_gradients_along_random_directions(self, backend, x):
        report = check_directions(small(), x)
        assert report.ok, report

    def test_backward_twice_is_the_same_and_outputs_belong_to_the_caller(self, backend, x):
        net = small()
        y = net.forward(x)
        kept, dy = y.copy(), y.copy()
        first = net.backward(dy).copy()
        grads = {name: gradient.copy() for name, gradient in net.grads().items()}

        np.testing.assert_array_equal(net.backward(dy), first)
        net.forward(2 * x)
        np.testing.assert_array_equal(y, kept)
        net.forward(x)
        net.backward(dy)
        for name, gradient in net.grads().items():
            np.testing.assert_array_equal(gradient, grads[name])

    def test_gradients_fall_out_of_the_loss(self, backend, x):
        net = small()
        loss, dlogits = ops.softmax_cross_entropy(net.forward(x), LABELS)
        net.backward(dlogits)
        for name, w in net.params().items():
            w -= 0.01 * net.grads()[name]

        assert ops.softmax_cross_entropy(net.forward(x), LABELS)[0] < loss

    def test_same_seed_same_weights_and_another_seed_others(self):
        first, same, other = small(), small(), small(seed=1)

        np.testing.assert_array_equal(first["conv1"].w, same["conv1"].w)
        assert (first["conv1"].w != other["conv1"].w).all()
        assert (first["fc2"].w[:3] != first["fc3"].w[:3, :1]).all()

    def test_a_layer_left_out_changes_no_other_layers_weights(self):
        np.testing.assert_array_equal(npnet.without(small(), "norm1")["fc2"].w, small()["fc2"].w)

    def test_stops_at_the_first_layer_that_trains(self, x):
        net = small(tail=Negative())
        y = net.forward(x)
        net.backward(y)
        expected = {name: gradient.copy() for name, gradient in net.grads().items()}
        net["conv1"].dw = net["conv1"].db = None

        assert net.backward(y, to_input=False) is None
        for name, gradient in net.grads().items():
            np.testing.assert_array_equal(gradient, expected[name])

    def test_dropout_follows_step_and_rows(self, x):
        net = small()
        first = net.forward(x, train=True)
        net.step = 1
        second = net.forward(x, train=True)
        net.step = 0

        np.testing.assert_array_equal(net.forward(x, train=True), first)
        assert (first != second).any()
        assert (net.forward(x) != first).any()
        net.rows = (2, 4)
        np.testing.assert_allclose(net.forward(x[2:], train=True), first[2:], rtol=1e-13)

    def test_probabilities(self, backend, x):
        net = small()
        p = net.probabilities(x)
        ending = npnet.Network((3,), dtype=np.float64, prob=Softmax())

        np.testing.assert_allclose(p.sum(axis=1), 1)
        np.testing.assert_allclose(p, ops.softmax_forward(net.forward(x)))
        np.testing.assert_array_equal(ending.probabilities(net.forward(x)), p)

    def test_what_a_layer_remembers_stays_its_own(self, x):
        """The caller may change an output, even of a layer that needs it again: y[n, label] -= 1 is a habit."""
        for tail in ({"prob": Softmax()}, {"relu": ReLU(), "drop": Dropout(0.2)}, {"relu": ReLU(), "flatten": Flatten()}):
            net = npnet.Network((3,), dtype=np.float64, fc1=Dense(4, std=1), **tail)
            y = net.forward(x[:, 0, 0, :3])
            expected = net.backward(np.ones_like(y))
            y[:] = -1

            np.testing.assert_array_equal(net.backward(np.ones_like(y)), expected)

    def test_probabilities_need_classes(self, x):
        with pytest.raises(ValueError, match=r"probabilities need an output \(N, classes\), but this network's is "
                                             r"\(4, 4, 2, 2\); end it in Flatten\(\) and Dense\(classes\)"):
            small()[:"flatten"].probabilities(x)

    def test_whole_numbers_of_numpy_are_numbers(self, x, tmp_path):
        net, same = small(seed=np.arange(9)[7]), small(seed=7)
        net.step, same.step = np.int64(3), 3

        np.testing.assert_array_equal(net.forward(x, train=True), same.forward(x, train=True))
        net.save(tmp_path / "net.npz")
        assert npnet.load(tmp_path / "net.npz").seed == 7


class TestParts:
    def test_by_name(self):
        net = small()

        assert net["conv1"] is net.layers["conv1"]
        with pytest.raises(KeyError, match="no layer is called 'conv2'; did you mean conv1"):
            net["conv2"]

    def test_a_part_and_the_rest_make_the_whole(self, backend, x):
        net = small()
        front, back = net[:"fc2"], net["fc2":]

        assert (front.input_shape, back.input_shape, list(back.layers)[0]) == ((2, 11, 11), (16,), "fc2")
        np.testing.assert_array_equal(back.forward(front.forward(x)), net.forward(x))
        np.testing.assert_array_equal(front.backward(back.backward(net.forward(x))), net.backward(net.forward(x)))

    def test_a_part_shares_arrays_but_remembers_its_own_forward(self, x):
        net = small()
        expected = net.backward(net.forward(x))
        part = net[:"fc3"]
        y = net.forward(x)
        part.forward(3 * x)

        assert part["conv1"].w is net["conv1"].w
        np.testing.assert_array_equal(net.backward(y), expected)

    @pytest.mark.parametrize("start, stop", [("fc2", "conv1"), ("fc2", "fc2")])
    def test_empty(self, start, stop):
        with pytest.raises(ValueError, match="holds no layers; name two layers in their order"):
            small()[start:stop]


class TestFreeze:
    def test_moves_arrays_from_params_to_state(self, x):
        net = small()
        everything = set(net.params())
        net.freeze("conv1", "fc2")

        assert set(net.params()) == {"fc3.w", "fc3.b"} == set(net.grads())
        assert set(net.state()) == everything - set(net.params())
        with pytest.raises(KeyError, match="no layer is called 'conv7'"):
            net.freeze("conv7")

    def test_frozen_layers_in_front_do_not_run_backward(self, x, monkeypatch):
        net = small()
        net.freeze("conv1")
        y = net.forward(x, train=True)
        monkeypatch.setattr(net["norm1"], "backward", None)

        assert net.backward(y, to_input=False) is None
        assert net["fc2"].dw.any()

    def test_frozen_batch_norm_stands_still(self, random):
        net = npnet.Network((3,), dtype=np.float64, norm1=BatchNorm(), fc2=Dense(2))
        net.freeze("norm1")
        net.forward(random.standard_normal((8, 3)) + 5, train=True)

        assert net.state()["norm1.mean"].tolist() == [0, 0, 0]
        assert sorted(net.state()) == ["norm1.b", "norm1.mean", "norm1.var", "norm1.w"]

    def test_all_frozen(self, x):
        net = small()
        net.freeze("conv1", "fc2", "fc3")
        y = net.forward(x)

        assert (net.params(), net.backward(y, to_input=False)) == ({}, None)
        assert net.backward(y).shape == x.shape


class TestSaving:
    def test_everything_comes_back(self, backend, x, tmp_path):
        net = small(seed=7)
        net.freeze("conv1")
        net.save(tmp_path / "net.npz")
        loaded = npnet.load(tmp_path / "net.npz")

        np.testing.assert_array_equal(loaded.forward(x), net.forward(x))
        np.testing.assert_array_equal(loaded.forward(x, train=True), net.forward(x, train=True))
        assert (str(loaded), loaded.frozen, loaded.dtype, loaded.seed) == (str(net), {"conv1"}, np.float64, 7)

    def test_is_one_npz_that_needs_no_pickle(self, tmp_path):
        small().save(tmp_path / "net.npz")
        with np.load(tmp_path / "net.npz", allow_pickle=False) as file:
            names, architecture = set(file.files), json.loads(str(file["architecture"]))

        assert names == {"architecture", *small().params()}
        assert architecture["layers"][0] == ["conv1", "Conv2D", {
            "filters": 4, "size": 3, "stride": 2, "pad": 0, "groups": 2, "ceil_mode": False, "init": "paper",
            "std": 0.5, "bias": 0.5}]
        assert os.listdir(tmp_path) == ["net.npz"]

    def test_ones_own_layer(self, tmp_path):
        npnet.Network((3,), mine=Negative(2.0)).save(tmp_path / "net.npz")

        assert npnet.load(tmp_path / "net.npz", layers={"Negative": Negative})["mine"].factor == 2
        with pytest.raises(ValueError, match=r"layer mine is a Negative, which npnet does not have; use "
                                             r"load\(path, layers=\{'Negative': Negative\}\)"):
            npnet.load(tmp_path / "net.npz")

        with pytest.raises(TypeError, match=r"layers must be a dictionary of classes, \{'MyLRN': MyLRN\}, got a list"):
            npnet.load(tmp_path / "net.npz", layers=[Negative])

    def test_a_name_is_looked_up_and_never_run(self, tmp_path):
        with np.load(self.saved(tmp_path)) as file:
            arrays = dict(file)
        architecture = json.loads(str(arrays["architecture"]))
        architecture["layers"][1][1] = "__import__('os').getcwd"
        arrays["architecture"] = np.array(json.dumps(architecture))
        np.savez(tmp_path / "odd.npz", **arrays)
        with pytest.raises(ValueError, match=r"layer relu1 is a __import__\('os'\).getcwd, which npnet does not have"):
            npnet.load(tmp_path / "odd.npz")

    def saved(self, folder):
        small().save(folder / "net.npz")
        return folder / "net.npz"

    @pytest.mark.parametrize("spoil", ["truncated", "text", "empty", "npy", "pickle", "foreign", "flipped"])
    def test_damaged_or_foreign(self, tmp_path, spoil):
        good, path = self.saved(tmp_path).read_bytes(), tmp_path / "bad.npz"
        if spoil == "npy":
            np.save(tmp_path / "bad.npy", np.zeros(3))
            path = tmp_path / "bad.npy"
        elif spoil == "foreign":
            np.savez(path, w=np.zeros(3))
        else:
            path.write_bytes({"truncated": good[:len(good) // 2], "text": b"hello", "empty": b"",
                              "pickle": pickle.dumps({"w": 1}),
                              "flipped": good[:3000] + bytes([good[3000] ^ 255]) + good[3001:]}[spoil])
        with pytest.raises(ValueError, match=r"bad.np[yz] is damaged, or is not a network that npnet saved"):
            npnet.load(path)

    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    def test_one_flipped_byte_anywhere_is_noticed_or_harmless(self, tmp_path, save):
        net = npnet.Network((3,), fc1=Dense(2, std=1))
        save(tmp_path / "good.npz", architecture=np.array(json.dumps(net.architecture())), **net.params())
        good = (tmp_path / "good.npz").read_bytes()
        for place in range(0, len(good), 3):
            path = tmp_path / "bad.npz"
            path.write_bytes(good[:place] + bytes([good[place] ^ 255]) + good[place + 1:])
            try:
                loaded = npnet.load(path)
            except ValueError as error:
                assert str(error).startswith(str(path))
            else:
                np.testing.assert_array_equal(loaded["fc1"].w, net["fc1"].w)

    @pytest.mark.parametrize("change", [
        lambda a: a.pop("layers"), lambda a: a.update(input_shape=3), lambda a: a.update(frozen=["conv9"]),
        lambda a: a.update(seed="x"), lambda a: a["layers"].append(["conv1"]), lambda a: a["layers"][0].append(1),
        lambda a: a["layers"].__setitem__(0, ["seed", "ReLU", {}]), lambda a: a["layers"].__setitem__(0, ["a", "ReLU", 3]),
        lambda a: a.update(dtype="text"), lambda a: a.update(dtype=None), lambda a: a.update(frozen=None),
        lambda a: a.update(frozen=3), lambda a: a.update(layers=[]), lambda a: a.update(layers={}),
        lambda a: a["layers"].append(a["layers"][1]), lambda a: a.update(seed=float("nan")),
        lambda a: a.update(input_shape=[2, 11, 10 ** 30]), lambda a: a.update(input_shape=["2", 11, 11]),
        lambda a: a["layers"][0][2].update(groups=0), lambda a: a["layers"][0][2].update(size=None),
        lambda a: a["layers"][0][2].update(stride=float("nan")), lambda a: a["layers"][0][2].update(size=float("inf")),
        lambda a: a["layers"][5][2].update(units="6"), lambda a: a["layers"][5][2].update(units=None)])
    def test_an_architecture_that_cannot_be(self, tmp_path, change):
        with np.load(self.saved(tmp_path)) as file:
            arrays = dict(file)
        architecture = json.loads(str(arrays["architecture"]))
        change(architecture)
        arrays["architecture"] = np.array(json.dumps(architecture))
        np.savez(tmp_path / "odd.npz", **arrays)
        with pytest.raises(ValueError, match="^.*odd.npz holds no network that npnet could build: .+") as caught:
            npnet.load(tmp_path / "odd.npz")
        assert "object is not" not in str(caught.value) and "convert" not in str(caught.value)

    @pytest.mark.parametrize("layers", [
        [["conv1", "Conv2D", {"filters": 10 ** 6, "size": 21}]], [["fc1", "Dense", {"units": 10 ** 9}]],
        [["flatten", "Flatten", {}], ["fc1", "Dense", {"units": 10 ** 6}]], [["norm1", "BatchNorm", {}]]])
    def test_shapes_are_compared_before_weights_are_drawn(self, tmp_path, monkeypatch, layers):
        """10^6 filters would be half a minute of drawing, a batch norm of 10^9 channels 24 GB."""
        monkeypatch.setattr(network.Network, "build_layer", self.only_flatten)
        shape = [10 ** 9] if layers[0][1] in ("Dense", "BatchNorm") else [3, 227, 227]
        architecture = {"npnet": 1, "input_shape": shape, "seed": 0, "dtype": "float32", "frozen": [], "layers": layers}
        some = {f"{name}.{key}": np.zeros(3, np.float32) for name, kind, given in layers for key in ("w", "b")}
        np.savez(tmp_path / "odd.npz", architecture=np.array(json.dumps(architecture)), **some)
        with pytest.raises(ValueError, match=r"[1a-z]\.w has shape \(3,\), the network needs \(\d+"):
            npnet.load(tmp_path / "odd.npz")

    def only_flatten(self, name, layer, shape):
        assert isinstance(layer, Flatten), f"{layer} was built"
        return (int(np.prod(shape)),)

    @pytest.mark.parametrize("kind", ["header", "bomb", "short", "object", "folder"])
    def test_sizes_that_a_file_only_claims_take_no_memory(self, tmp_path, kind):
        path = tmp_path / "odd.npz"
        arrays = dict(np.load(self.saved(tmp_path)))
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
            for name, array in arrays.items():
                with file.open(f"{name}.npy", "w") as member:
                    np.save(member, array)
            with file.open("fc9.w.npy", "w", force_zip64=True) as member:
                count = {"header": 10 ** 12, "bomb": 6 * 10 ** 7, "short": 9}.get(kind, 1)
                header = {"descr": "|O" if kind == "object" else "<f4", "fortran_order": False, "shape": (count,)}
                np.lib.format.write_array_header_1_0(member, header)
                for _ in range({"bomb": 240}.get(kind, 0)):
                    member.write(bytes(10 ** 6))
                member.write(bytes(0 if kind == "bomb" else 8))
            if kind == "folder":
                file.writestr("more/", b"")
        code = ("import resource, sys; resource.setrlimit(resource.RLIMIT_DATA, (500 * 10 ** 6,) * 2); "
                "import npnet\ntry: npnet.load(sys.argv[1])\nexcept ValueError as error: print(error)")
        done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True,
                              env={**os.environ, "NPNET_BACKEND": "numpy", "OPENBLAS_NUM_THREADS": "1"})

        assert done.stdout.strip() == f"{path} is damaged, or is not a network that npnet saved", done.stderr

    def test_others_may_read_it(self, tmp_path):
        old = os.umask(0o022)
        try:
            assert self.saved(tmp_path).stat().st_mode & 0o777 == 0o644
        finally:
            os.umask(old)

    def test_numbers_of_numpy_as_arguments(self, tmp_path):
        npnet.Network((3,), fc1=Dense(np.int64(4), std=np.float32(0.5))).save(tmp_path / "net.npz")

        assert repr(npnet.load(tmp_path / "net.npz")["fc1"]) == "Dense(4, std=0.5)"

    def test_of_a_later_format(self, tmp_path):
        np.savez(tmp_path / "new.npz", architecture=np.array(json.dumps({"npnet": 2})))
        with pytest.raises(ValueError, match="has format 2, this npnet reads format 1; use a newer npnet"):
            npnet.load(tmp_path / "new.npz")

    @pytest.mark.parametrize("change, message", [
        (lambda a: a.pop("fc2.w"), r"the array fc2.w \(16, 6\) is missing"),
        (lambda a: a.update({"fc9.w": np.zeros(1)}), "it has an array fc9.w, which the network does not have"),
        (lambda a: a.update({"fc2.w": np.zeros((2, 2))}), r"fc2.w has shape \(2, 2\), the network needs \(16, 6\)"),
        (lambda a: a.update({"fc2.w": np.zeros((16, 6), int)}), "fc2.w is int64, the network computes in float64"),
        (lambda a: a.update({"fc2.w": np.full((16, 6), "w")}), "fc2.w is <U1, the network computes in float64"),
        (lambda a: a["fc3.b"].__setitem__(1, np.nan), "fc3.b holds NaN or infinity; take a file from before"),
        (lambda a: a["conv1.w"].__setitem__(0, -np.inf), "conv1.w holds NaN or infinity")])
    def test_arrays_that_do_not_fit(self, tmp_path, change, message):
        with np.load(self.saved(tmp_path)) as file:
            arrays = dict(file)
        change(arrays)
        np.savez(tmp_path / "odd.npz", **arrays)
        with pytest.raises(ValueError, match=message):
            npnet.load(tmp_path / "odd.npz")

    def test_names_with_a_slash_are_free_for_others(self, tmp_path):
        net, theirs = small(), {"training/losses": np.arange(3.0), "training/names": np.array(["a", "bc"])}
        with open(tmp_path / "net.npz", "wb") as file:
            network.write(file, net, theirs)
        architecture, arrays, extra = network.read(tmp_path / "net.npz")

        assert str(npnet.load(tmp_path / "net.npz")) == str(net) and set(arrays) == set(net.params())
        for name, array in theirs.items():
            np.testing.assert_array_equal(extra[name], array, strict=True)
        with pytest.raises(ValueError, match="cannot save losses: the network's names must have no slash, those of oth"):
            network.write(None, net, {"losses": np.zeros(1)})
        with pytest.raises(ValueError, match="cannot save a/b.w: the network's names must have no slash"):
            network.write(None, npnet.Network((3,), **{"a/b": Dense(2)}))

    def test_numbers_of_half_the_precision(self, tmp_path):
        architecture, arrays, extra = network.read(self.saved(tmp_path))
        halves = {name: array.astype(np.float16) for name, array in arrays.items()}
        net = network.assembled("halves", architecture, halves)

        assert net.params()["fc2.w"].dtype == np.float64
        np.testing.assert_array_equal(net.params()["fc2.w"], halves["fc2.w"])

    def test_unknown_arguments(self, tmp_path):
        net = npnet.Network((3,), mine=Negative())
        net.save(tmp_path / "net.npz")
        with pytest.raises(ValueError, match="layer mine cannot be made: .*no arguments"):
            npnet.load(tmp_path / "net.npz", layers={"Negative": ReLU})

    def test_no_such_file(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="there is no file .*none.npz; give the path of a network"):
            npnet.load(tmp_path / "none.npz")

    def test_a_folder_that_cannot_be_written(self, tmp_path):
        (tmp_path / "file").write_text("not a folder")
        with pytest.raises(OSError, match="cannot write .*net.npz .*; choose another folder"):
            small().save(tmp_path / "file" / "net.npz")
        with pytest.raises(OSError, match="cannot write .*net.npz .*; choose another folder"):
            small().save(tmp_path / "missing" / "net.npz")

    def test_through_a_link_and_never_over_what_is_no_file(self, tmp_path):
        (tmp_path / "link.npz").symlink_to(self.saved(tmp_path))
        small(seed=5).save(tmp_path / "link.npz")

        assert (tmp_path / "link.npz").is_symlink()
        assert npnet.load(tmp_path / "net.npz").seed == 5
        for wrong in (tmp_path, os.devnull):
            with pytest.raises(OSError, match="cannot write .*, which is not a file; name one in a folder"):
                small().save(wrong)

    def test_names_as_long_as_the_system_allows(self, tmp_path):
        small().save(tmp_path / ("n" * 251 + ".npz"))
        with pytest.raises(OSError, match="cannot write .*; choose another folder"):
            small().save(tmp_path / ("n" * 260 + ".npz"))

    def test_an_interrupted_write_leaves_the_old_file(self, tmp_path, monkeypatch, x):
        path = self.saved(tmp_path)
        before = path.read_bytes()
        monkeypatch.setattr(np, "savez", lambda file, **arrays: file.write(b"half") and self.fail())
        with pytest.raises(KeyboardInterrupt):
            small(seed=1).save(path)

        assert path.read_bytes() == before
        assert os.listdir(tmp_path) == ["net.npz"]

    def fail(self):
        raise KeyboardInterrupt

    def test_an_argument_that_is_no_plain_data(self, tmp_path):
        with pytest.raises(TypeError, match="cannot save: a layer's argument is neither number, text, tuple, layer nor None"):
            npnet.Network((3,), mine=Negative(np.zeros(3))).save(tmp_path / "net.npz")


class TestChecking:
    @pytest.fixture(autouse=True)
    def checked(self):
        npnet.check()
        yield
        npnet.check(False)

    def test_nan_is_named_by_the_first_layer_that_makes_it(self, backend, x):
        net = small()
        net.forward(x)
        net["fc2"].w[3, 1] = np.nan
        with pytest.raises(FloatingPointError, match="fc2: its output holds 4 of 24 numbers that are NaN or infinite; "
                                                     "it is the first that does"):
            net.forward(x)

    def test_the_input_and_the_gradient_of_the_output(self, x):
        net = small()
        y = net.forward(x)
        x[1, 1, 3, 4] = np.inf
        with pytest.raises(FloatingPointError, match="^the input holds 1 of 968 numbers"):
            net.forward(x)
        with pytest.raises(FloatingPointError, match="^the gradient of the output holds 12 of 12 numbers"):
            net.backward(y * np.nan)

    def test_gradients_of_parameters(self, x):
        net = small()
        y = net.forward(x)
        net["conv1"].x = x * np.nan
        with pytest.raises(FloatingPointError, match="^conv1: the gradient of w holds"):
            net.backward(y, to_input=False)

    def test_gradients_too(self, x):
        net = small()
        y = net.forward(x)
        net["fc3"].w[0, 0] = np.inf
        with pytest.raises(FloatingPointError, match="fc3: the gradient of its input holds"):
            net.backward(y)

    def test_off_by_default(self, x):
        npnet.check(False)
        net = small()
        net["fc3"].w[:] = np.nan

        assert np.isnan(net.forward(x)).all()
        assert os.environ.get("NPNET_CHECK") or not network.checking


class TestTable:
    def test_shapes_and_parameters(self):
        assert str(small()) == """\
input                                                   2 x 11 x 11
conv1    Conv2D(4, 3, stride=2, groups=2, std=0....       4 x 5 x 5           40
relu1    ReLU()                                           4 x 5 x 5
norm1    LRN(n=3, alpha=0.7)                              4 x 5 x 5
pool1    MaxPool(3, 2)                                    4 x 2 x 2
flatten  Flatten()                                               16
fc2      Dense(6, std=0.5)                                        6          102
relu2    ReLU()                                                   6
drop2    Dropout(p_drop=0.2)                                      6
fc3      Dense(3, std=0.5)                                        3           21
         parameters                                                          163"""


class TestSentences:
    @pytest.mark.parametrize("wrong, error, message", [
        (np.zeros((32, 2, 12, 12)), ValueError,
         r"input has shape \(32, 2, 12, 12\), but this network was built for \(N, 2, 11, 11\)"),
        (np.zeros((2, 11, 11)), ValueError, r"built for \(N, 2, 11, 11\); one picture alone is x\[None\]"),
        (np.zeros((1, 2, 11, 11), np.uint8), TypeError,
         r"input is uint8, but this network computes in float64; use x.astype\(np.float64\)"),
        (np.zeros((1, 2, 11, 11), np.float32), TypeError, "input is float32, but this network computes in float64"),
        ([[1.0]], TypeError, r"input must be an array of shape \(N, 2, 11, 11\), got a list; use np.array")])
    def test_input(self, wrong, error, message):
        with pytest.raises(error, match=message):
            small().forward(wrong)

    def test_layers_that_do_not_follow(self):
        with pytest.raises(ValueError, match=r"^fc6: Dense needs a flat input \(D,\), got \(4, 7, 7\); put a Flatten\(\) "):
            npnet.Network((3, 9, 9), conv1=Conv2D(4, 3), fc6=Dense(5))
        with pytest.raises(ValueError, match="^conv2: groups=2 must divide both the 3 input channels and the 5 filters"):
            npnet.Network((3, 9, 9), conv1=Conv2D(3, 3), conv2=Conv2D(5, 3, groups=2))

    def test_one_layer_under_two_names(self):
        relu = ReLU()
        with pytest.raises(ValueError, match="relu2: this is the same object as relu1"):
            npnet.Network((3,), relu1=relu, relu2=relu)

    @pytest.mark.parametrize("made, own, message", [
        ((3, -1, 8), {}, "mine: every size in the shape that build returns must be a whole number of at least 1, got -1"),
        ((4,), None, "mine: params\\(\\) must return a dictionary of arrays, like {'w': self.w}, got None"),
        ((4,), ["w"], "mine: params\\(\\) must return a dictionary of arrays"),
        ((4,), {"w": 3.0}, "mine: params\\(\\) must return a dictionary of arrays")])
    def test_a_layer_of_ones_own_that_is_built_wrongly(self, made, own, message):
        class Mine(npnet.Layer):
            def build(self, shape, rng, dtype=np.float32):
                return made

            def params(self):
                return own
        with pytest.raises((TypeError, ValueError), match=f"^{message}"):
            npnet.Network((4,), mine=Mine())

    def test_parameters_that_are_copies_would_never_be_trained(self):
        class Copies(npnet.Layer):
            def build(self, shape, rng, dtype=np.float32):
                self.w = np.zeros((2, 3), dtype)
                return shape

            def params(self):
                return {"w": self.w.copy()}

        class Views(Copies):
            def params(self):
                return {"w": self.w.T}
        with pytest.raises(TypeError, match=r"^mine: params\(\) must return the arrays themselves, not copies"):
            npnet.Network((4,), mine=Copies())
        assert npnet.Network((4,), mine=Views()).params()["mine.w"].shape == (3, 2)

    @pytest.mark.parametrize("grads, got", [({}, "none"), ({"b": np.zeros(4)}, "none"), ({"w": np.zeros(3)}, r"\(3,\)")])
    def test_gradients_that_a_layer_of_ones_own_forgot(self, grads, got):
        class Mine(npnet.Layer):
            w = np.zeros(4, np.float32)

            def params(self):
                return {"w": self.w}

            def grads(self):
                return grads

            def forward(self, x, train=False):
                return x

            def backward(self, dy, to_input=True):
                return dy
        net = npnet.Network((4,), mine=Mine())
        net.forward(np.ones((2, 4), np.float32))
        with pytest.raises(ValueError, match=rf"^mine: grads\(\) must hold w after backward, an array \(4,\), got {got}"):
            net.backward(np.ones((2, 4), np.float32))

    @pytest.mark.parametrize("layer", [ReLU, "relu", None, object()])
    def test_what_is_no_layer(self, layer):
        with pytest.raises(TypeError, match=r"^relu1: .* is no layer; write ReLU\(\), with brackets, or class MyLayer"):
            npnet.Network((3,), relu1=layer)

    @pytest.mark.parametrize("shape, message", [
        (3, r"input_shape must be \(C, H, W\) or \(D,\), got 3"), ((3, 4), "input_shape must be"),
        ((3, -5, 4), "every size in input_shape must be a whole number of at least 1, got -5"),
        ((3, 5.5, 4), "every size in input_shape must be"), ((0, 9, 9), "every size in input_shape must be")])
    def test_what_is_no_shape(self, shape, message):
        with pytest.raises(ValueError, match=message):
            npnet.Network(shape, relu1=ReLU())

    def test_seeds_and_a_layer_called_so(self):
        for wrong in (1.5, "one", ReLU()):
            with pytest.raises(TypeError, match="seed must be a whole number, got .*no layer can be called seed"):
                npnet.Network((3,), seed=wrong, relu1=ReLU())

    def test_a_layer_that_breaks_its_promise(self):
        class Half(Layer):
            def forward(self, x, train=False):
                return x[:, ::2]

        class Silent(Half):
            def build(self, shape, rng, dtype=np.float32):
                pass

        class Wide(Layer):
            def forward(self, x, train=False):
                return x * np.ones(x.shape)

            def backward(self, dy):
                pass

        class Nothing(Layer):
            def forward(self, x, train=False):
                pass

        x = np.zeros((2, 4), np.float32)
        with pytest.raises(ValueError, match=r"^mine: forward must return an array \(2, 4\), as build promised, got \(2, 2\)"):
            npnet.Network((4,), mine=Half(), fc2=Dense(2)).forward(x)
        with pytest.raises(ValueError, match=r"^mine: forward must return an array \(2, 4\), .* got NoneType"):
            npnet.Network((4,), mine=Nothing()).forward(x)
        with pytest.raises(TypeError, match="^mine: forward must return float32, as its input is, got float64; make arrays"):
            npnet.Network((4,), mine=Wide()).forward(x)
        net = npnet.Network((4,), dtype=np.float64, mine=Wide())
        with pytest.raises(ValueError, match=r"^mine: backward must return the gradient of its input, \(2, 4\), got NoneType"):
            net.backward(net.forward(np.zeros((2, 4))))
        with pytest.raises(TypeError, match=r"^mine: build must return the shape of one output, .*, got None"):
            npnet.Network((4,), mine=Silent())

    @pytest.mark.parametrize("made, error, sentence", [
        (lambda dy: dy[:, :2], ValueError, r"the gradient of its input, \(2, 4\), got \(2, 2\)"),
        (lambda dy: dy[:1], ValueError, r"the gradient of its input, \(2, 4\), got \(1, 4\)"),
        (lambda dy: dy.tolist(), ValueError, r"the gradient of its input, \(2, 4\), got list"),
        (lambda dy: dy.astype(np.float64), TypeError, "float32, as its input is, got float64; make arrays with x.dtype")])
    def test_a_gradient_of_another_shape_or_dtype(self, backend, made, error, sentence):
        """A compiled layer before it would read memory that is not its own."""
        class Wrong(Negative):
            def backward(self, dy):
                return made(dy)

        net = npnet.Network((4,), relu1=ReLU(), mine=Wrong(), fc3=Dense(3))
        y = net.forward(np.ones((2, 4), np.float32))
        with pytest.raises(error, match=f"^mine: backward must return {sentence}"):
            net.backward(y)

    def test_tensors_of_another_library(self):
        class Tensor:
            shape, dtype, numpy = (4, 2, 11, 11), "torch.float32", None

        with pytest.raises(TypeError, match=r"^input must be an array of shape .*, got a Tensor; use x.numpy\(\)"):
            small().forward(Tensor())
        net = npnet.Network((3,), fc1=Dense(2))
        logits = net.forward(np.ones((4, 3), np.float32))
        with pytest.raises(TypeError, match=r"^labels must be an array of 4 integers, got a Tensor; use labels.numpy\(\)"):
            ops.softmax_cross_entropy(logits, Tensor())
        with pytest.raises(TypeError, match=r"^the gradient must be an array, got a Tensor; use dy.numpy\(\)"):
            net.backward(Tensor())

    def test_one_layer_in_two_networks(self, tmp_path):
        net = npnet.Network((3,), fc1=Dense(2), relu1=ReLU())
        before = net["fc1"].w
        with pytest.raises(ValueError, match=r"^head: this layer is in another network, whose weights it would lose"):
            npnet.Network((3,), head=net["fc1"])

        assert net["fc1"].w is before
        part = net[:"relu1"]
        net.save(tmp_path / "net.npz")
        npnet.load(tmp_path / "net.npz"), npnet.without(net, "relu1"), npnet.replace(net, ReLU, npnet.Tanh)
        assert npnet.Network((3,), fc1=copy.deepcopy(part["fc1"]))["fc1"].w is not before

    def test_a_network_that_could_not_be_built_keeps_no_layer(self):
        layer = Dense(2)
        with pytest.raises(ValueError, match="^fc2: units must be"):
            npnet.Network((3,), fc1=layer, fc2=Dense(0))

        npnet.Network((3,), fc1=layer)

    def test_an_empty_batch(self):
        with pytest.raises(ValueError, match=r"input has shape \(0, 2, 11, 11\), but this network was built for"):
            small().forward(np.zeros((0, 2, 11, 11)))

    def test_errors_on_the_way_name_the_layer(self):
        net = npnet.Network((3,), fc1=Dense(2), norm1=BatchNorm())
        with pytest.raises(ValueError, match="^norm1: BatchNorm needs at least 2 numbers per channel"):
            net.forward(np.zeros((1, 3), np.float32), train=True)

    def test_rows_that_leave_no_room(self, x):
        net = small()
        net.rows = (3, 4)
        with pytest.raises(ValueError, match=r"^drop2: rows=\(3, 4\) has no room for 4 images; it must be \(first, total\)"):
            net.forward(x, train=True)
        net.rows = (-2, 8)
        with pytest.raises(ValueError, match=r"^drop2: rows=\(-2, 8\) has no room"):
            net.forward(x, train=True)

    @pytest.mark.parametrize("dy, error, message", [
        (np.zeros((4, 3), np.float32), TypeError, r"the gradient is float32, but this network computes in float64; use dy"),
        ([[1.0]], ValueError, r"the last forward's output, \(4, 3\), got list"), (None, ValueError, "got NoneType")])
    def test_gradient(self, x, dy, error, message):
        net = small()
        net.forward(x)
        with pytest.raises(error, match=message):
            net.backward(dy)

    def test_no_layers_and_other_dtypes(self):
        with pytest.raises(ValueError, match="a Network needs at least one layer"):
            npnet.Network((3,))
        with pytest.raises(ValueError, match="dtype must be float32 or float64, got int64"):
            npnet.Network((3,), dtype=int, relu1=ReLU())

    def test_backward_before_forward_or_of_another_shape(self, x):
        net = small()
        with pytest.raises(ValueError, match="backward needs a forward first"):
            net.backward(np.zeros((4, 3)))
        net.forward(x)
        with pytest.raises(ValueError, match=r"the gradient of the last forward's output, \(4, 3\), got \(3, 4\)"):
            net.backward(np.zeros((3, 4)))
