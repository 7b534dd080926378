"""Arrays alone, .npz and .safetensors: read as they lie there, written for PyTorch, refused where they are no arrays."""
import io
import struct
import sys
import zipfile

import numpy as np
import pytest

import npnet
from npnet.layers import BatchNorm, Concat, Conv2D, Dense, Flatten, ReLU
from npnet.weights.readers.arrays import read, state_dict, write_npz, write_safetensors
from npnet.weights.candidates import candidates, model_for
from npnet.weights.mapping import mapped

WRITERS = {"npz": write_npz, "safetensors": write_safetensors}
both = pytest.mark.parametrize("ending", WRITERS)


def network(seed=0):
    return npnet.Network((3, 6, 6), seed, conv1=Conv2D(4, 3, init="he"), norm1=BatchNorm(), relu1=ReLU(),
                         expand2=Concat([dict(expand1x1=Conv2D(2, 1)), dict(expand3x3=Conv2D(3, 3, pad=1))]),
                         flatten=Flatten(), fc3=Dense(5, init="he"))


def need(ending):
    if ending == "safetensors":
        pytest.importorskip("safetensors")


def written(tmp_path, ending, net):
    need(ending)
    path = tmp_path / f"net.{ending}"
    WRITERS[ending](path, net)
    return path


def safetensors_bytes(header, data):
    text = header.encode()
    return struct.pack("<Q", len(text)) + text + data


@both
def test_what_is_written_is_read_again(tmp_path, ending):
    net, other = network(1), network(2)
    net["norm1"].mean[...] = 3, 4, 5, 6
    stored = read(written(tmp_path, ending, net))
    mapped(stored, other).fill(other)

    assert stored.layout == "torch" and set(stored.arrays) == {
        "conv1.weight", "conv1.bias", "norm1.weight", "norm1.bias", "norm1.running_mean", "norm1.running_var",
        "expand2.expand1x1.weight", "expand2.expand1x1.bias", "expand2.expand3x3.weight", "expand2.expand3x3.bias",
        "fc3.weight", "fc3.bias"}
    assert stored.arrays["fc3.weight"].shape == (5, 80)
    theirs = other.params() | other.state()
    for name, array in (net.params() | net.state()).items():
        np.testing.assert_array_equal(array, theirs[name])
    (tmp_path / "plain").touch()
    assert (tmp_path / "plain").stat().st_mode == (tmp_path / f"net.{ending}").stat().st_mode
    assert {path.name for path in tmp_path.iterdir()} == {"plain", f"net.{ending}"}


@both
def test_frozen_layers_are_written_too(tmp_path, ending):
    net = network()
    net.freeze("conv1")

    assert set(read(written(tmp_path, ending, net)).arrays) == set(state_dict(network()))


@pytest.mark.parametrize("version", ["squeezenet1_0", "squeezenet1_1"])
def test_networks_that_torchvision_has_get_its_names(version):
    net = npnet.replace(npnet.model(version, classes=11), "conv10", Conv2D(11, 1))
    arrays = state_dict(net)

    first = (96, 3, 7, 7) if version == "squeezenet1_0" else (64, 3, 3, 3)
    assert arrays["features.0.weight"].shape == first
    assert arrays["features.3.squeeze.weight"].shape == (16, first[0], 1, 1)
    assert arrays["features.12.expand3x3.bias"].shape == (256,) and arrays["classifier.1.bias"].shape == (11,)
    assert len(arrays) == 52


def test_caffes_squeezenet_keeps_its_padding(tmp_path):
    net = npnet.model("squeezenet1_0", classes=6)
    write_npz(tmp_path / "a.npz", net)
    stored = read(tmp_path / "a.npz")
    made, notes = model_for(stored, "squeezenet1_0")

    assert "expand2.expand1x1.weight" in stored.arrays and "features.0.weight" not in stored.arrays
    assert made["conv10"].pad == 1 and not notes and mapped(stored, made).fits


@pytest.mark.long
def test_alexnets_names():
    net = npnet.model("torchvision", classes=3, size=64)
    arrays = state_dict(net)

    assert list(arrays)[0] == "features.0.weight" and list(arrays)[-1] == "classifier.6.bias"
    assert arrays["classifier.1.weight"].shape == (4096, 9216) and arrays["classifier.1.weight"].flags.c_contiguous
    np.testing.assert_array_equal(arrays["classifier.6.weight"].T, net["fc8"].w)


def test_npz_keeps_names_types_and_order(tmp_path):
    arrays = {"conv1/W": np.ones((2, 3, 5, 5), np.float16), "b": np.arange(3.0), "n": np.array(7), "f": np.ones(0)}
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    found = read(tmp_path / "a.npz").arrays

    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_the_layout_is_that_of_the_names(tmp_path):
    np.savez(tmp_path / "a.npz", **network().params())
    stored = read(tmp_path / "a.npz")

    assert stored.layout == "npnet" and not mapped(stored, network()).differ


def test_bfloat16_and_half(tmp_path):
    need("safetensors")
    numbers = np.array([1.0, -2.5, 3e38, 1e-30, np.inf], np.float32)
    bits = (numbers.view(np.uint32) >> 16).astype("<u2")
    header = ('{"a":{"dtype":"BF16","shape":[5],"data_offsets":[0,10]},'
              '"h":{"dtype":"F16","shape":[1,2],"data_offsets":[10,14]},'
              '"e":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[14,16]}}')
    path = tmp_path / "a.safetensors"
    path.write_bytes(safetensors_bytes(header, bits.tobytes() + np.array([0.5, 7], "<f2").tobytes() + b"\0\0"))
    stored = read(path)

    assert stored.arrays["a"].dtype == np.float32 and list(stored.arrays) == ["a", "h"]
    np.testing.assert_array_equal(stored.arrays["a"], (bits.astype(np.uint32) << 16).view(np.float32))
    np.testing.assert_array_equal(stored.arrays["h"], np.array([[0.5, 7]], np.float16))
    assert "1 array of bfloat16" in stored.notes[0] and "e (F8_E4M3)" in stored.notes[1]


def test_safetensors_come_in_the_order_of_their_names(tmp_path):
    need("safetensors")
    from safetensors.numpy import save_file
    save_file({f"features.{n}.weight": np.ones(1, np.float32) for n in (10, 3, 0)}, tmp_path / "a.safetensors")

    assert list(read(tmp_path / "a.safetensors").arrays) == [f"features.{n}.weight" for n in (0, 3, 10)]


def zip_of(**members):
    """The bytes of a zip with these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return stream.getvalue()


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


@pytest.mark.parametrize("content, words", [
    (zip_of(), "holds no arrays|damaged"),
    (zip_of(**{"a.txt": "text"}), "'a.txt', which is no array"),
    (zip_of(**{"../a.npy": b"\x93NUMPY"}), "damaged"),
    (zip_of(**{"a.npy": npy(np.array(["text"]))}), "a holds <U4, not numbers"),
    (zip_of(**{"a.npy": npy(np.array([{}], object))}), "damaged"),
    (zip_of(**{"a.npy": npy(np.ones(3))})[:-30], "damaged"),
    (zip_of(**{"a.npy": bytes(10 ** 8)}), "would fill the memory"),
    (zip_of(**{"a.npy": npy(np.ones(3)).replace(b"(3,)", b"(9,)")}), "its array a.npy is damaged, or holds no numbers"),
    (zip_of(**{"architecture.npy": npy(np.array("{}"))}), "npnet.load reads it")])
def test_a_zip_that_is_no_npz_of_arrays(tmp_path, content, words):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"a.npz.*({words})"):
        read(path)


@pytest.mark.parametrize("content", [
    b"", b"1234", b"\xff" * 8, struct.pack("<Q", 2 ** 60) + b"{}", safetensors_bytes("{}", b"12"),
    safetensors_bytes('{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4]}}', b"1234"),
    safetensors_bytes('{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,0]}}', b"1234"),
    safetensors_bytes("[" * 5000, b""), safetensors_bytes('{"a":1}', b"")])
def test_bytes_that_are_no_safetensors(tmp_path, content):
    need("safetensors")
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="a.safetensors is damaged, or is no .safetensors file"):
        read(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read(tmp_path / "a.npz")


def test_the_extra_is_named_where_the_package_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    (tmp_path / "a.safetensors").write_bytes(safetensors_bytes("{}", b""))
    with pytest.raises(ImportError, match=r"pip install 'npnet\[safetensors\]'"):
        read(tmp_path / "a.safetensors")
    with pytest.raises(ImportError, match="safetensors"):
        write_safetensors(tmp_path / "b.safetensors", network())
    assert not (tmp_path / "b.safetensors").exists()


@both
def test_a_version_is_found_in_what_was_written(tmp_path, ending):
    assert candidates(read(written(tmp_path, ending, npnet.model("cifar10_quick", classes=4))))[0] == (
        "cifar10_quick", 4)


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["float32", "float64", "float16", "bfloat16", "int64", "uint8", "bool"])
def test_every_type_of_number_that_pytorch_writes(tmp_path, kind):
    import torch
    need("safetensors")
    from safetensors.torch import save_file
    numbers = torch.arange(-6, 6).reshape(3, 4).mul(0.37 if "float" in kind else 1).to(getattr(torch, kind))
    save_file({"a.weight": numbers, "a.bias": numbers[0].clone()}, tmp_path / "a.safetensors")
    found = read(tmp_path / "a.safetensors").arrays

    np.testing.assert_array_equal(found["a.weight"], numbers.to(torch.float64).numpy())
    assert list(found) == ["a.bias", "a.weight"] and found["a.bias"].shape == (4,)
