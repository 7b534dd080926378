"""Caffe's binary files: blobs of every form, made here field by field, and the real ones of the reference data."""
import json

import numpy as np
import pytest
from wire import field, packed, varint

from npnet.weights.readers.caffe import kind_of, mean_picture, our_name, read

RNG = np.random.default_rng(12)


def blob(array, kind=np.float32):
    """A blob of today: shape, and packed data of this kind."""
    number = {np.float32: 5, np.float64: 8, np.float16: 12}[kind]
    raw = field(10, 2) if kind is np.float16 else b""
    return field(7, packed(1, array.shape)) + raw + field(number, array.astype(kind).tobytes())


def legacy(array):
    """A blob of 2014: four axes, and data one by one."""
    axes = b"".join(field(number, size) for number, size in enumerate(array.shape, start=1))
    return axes + b"".join(field(5, float(value)) for value in array.ravel())


def layer(name, kind, *blobs, number=100):
    """A layer of today."""
    return field(number, field(1, name) + field(2, kind) + b"".join(field(7, one) for one in blobs))


def written(path, data):
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.float16])
def test_layers_of_today(tmp_path, kind):
    w, b = RNG.standard_normal((4, 3, 5, 5)), RNG.standard_normal(4)
    data = (field(1, "net") + layer("relu", "ReLU") + layer("fire2/squeeze1x1", "Convolution", blob(w, kind), blob(b, kind))
            + layer("ip", "InnerProduct", blob(w.reshape(10, 30), kind)))
    stored = read(written(tmp_path / "a.caffemodel", data))
    assert (stored.layout, stored.format) == ("caffe", "Caffe (protobuf)")
    assert list(stored.arrays) == ["fire2/squeeze1x1/0", "fire2/squeeze1x1/1", "ip/0"]
    for name, wanted in zip(stored.arrays, (w, b, w.reshape(10, 30))):
        assert stored.arrays[name].dtype == kind and np.array_equal(stored.arrays[name], wanted.astype(kind))
        assert stored.arrays[name].flags.aligned and stored.arrays[name].flags.owndata
    assert json.loads(json.dumps(stored.layers)) == stored.layers            # plain data
    assert stored.layers["layer"][1]["blobs"] == [[4, 3, 5, 5], [4]] and stored.layers["name"] == "net"
    assert stored.layers["file"] == str(tmp_path / "a.caffemodel")


def test_layers_of_2014(tmp_path):
    w, b, dense = (RNG.standard_normal(shape).astype(np.float32) for shape in ((4, 3, 5, 5), (1, 1, 1, 4), (1, 1, 7, 9)))
    v1 = field(2, field(2, "data") + field(4, "conv1") + field(5, 4) + field(6, legacy(w)) + field(6, legacy(b)))
    v1 += field(2, field(4, "ip") + field(5, 14) + field(6, legacy(dense)) + field(6, legacy(b)))
    stored = read(written(tmp_path / "a.caffemodel", v1))
    wanted = {"conv1/0": w, "conv1/1": b.reshape(4), "ip/0": dense.reshape(7, 9), "ip/1": b.reshape(4)}
    assert list(stored.arrays) == list(wanted)
    assert all(np.array_equal(stored.arrays[name], wanted[name]) for name in wanted)
    assert stored.layers["layers"][0]["type"] == "CONVOLUTION" and stored.layers["layers"][0]["bottom"] == ["data"]


def test_names_of_ours_have_no_slash():
    assert [our_name(name) for name in ("conv1", "fire2/squeeze1x1", "conv.1", "seed")] == [
        "conv1", "fire2_squeeze1x1", "conv_1", "seed_"]


W = np.ones((2, 3), np.float32)


@pytest.mark.parametrize("data, words", [
    (layer("a", "InnerProduct", blob(W))[:-1], "is no network and no mean picture of Caffe, or it is cut off"),
    (layer("a", "InnerProduct", blob(W)[:-1]), "says 24 bytes, but 23 are left"),
    (layer("a", "InnerProduct", field(7, packed(1, [2, 4])) + field(5, W.tobytes())), "a/0 says that its shape is 2 x 4, but has 6"),
    (layer("a", "InnerProduct", field(7, packed(1, [-2, -3])) + field(5, W.tobytes())), "its shape is -2 x -3"),
    (layer("a", "InnerProduct", field(7, packed(1, [1] * 60 + [6])) + field(5, W.tobytes())), "its shape is 1 x 1"),
    (layer("a", "InnerProduct", field(7, packed(1, [2 ** 60, 2 ** 60]))), "but has 0 numbers"),
    (layer("a", "InnerProduct", field(10, 9) + field(12, b"abcd")), "raw data of a type that is not known \\(9\\)"),
    (layer("a", "InnerProduct", field(10, 2) + field(12, b"abc")), "raw data of a type that is not known \\(FLOAT16\\), or cut off"),
    (layer("a", "Bias", blob(W)) * 2, "two layers with weights are called a"),
    (field(2, field(1, field(1, "conv1"))), "written by Caffe of 2013"),
    (b"", "is empty .0 bytes."), (b"PK\3\4", "is no network"), (field(1, "name"), "is no network"),
])
def test_damage_is_one_sentence(tmp_path, data, words):
    with pytest.raises(ValueError, match=words) as error:
        read(written(tmp_path / "a.caffemodel", data))
    assert str(error.value).startswith(str(tmp_path)) and "\n" not in str(error.value)


def test_no_file_and_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read(tmp_path / "none.caffemodel")
    with pytest.raises(OSError, match="cannot read"):
        read(tmp_path)


def test_what_is_caffe_s():
    onnx = field(1, 8) + field(2, "pytorch") + field(7, b"graph")
    mean = field(1, 1) + field(2, 3) + field(3, 2) + field(4, 2) + field(5, bytes(48))
    assert [kind_of(data) for data in (layer("a", "ReLU"), field(1, "x") + field(2, b""), mean, onnx, b"abc")] == [
        "network", "network", "mean", None, None]


def test_mean_pictures(tmp_path):
    mean = RNG.uniform(0, 255, (1, 3, 4, 4)).astype(np.float32)
    found = mean_picture(written(tmp_path / "mean.binaryproto", legacy(mean)))
    assert found.dtype == np.float32 and np.array_equal(found, mean[0])
    np.save(tmp_path / "mean.npy", mean[0].astype(np.float64))
    assert np.array_equal(mean_picture(tmp_path / "mean.npy"), mean[0])


def test_what_is_no_mean_picture(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{}], object), allow_pickle=True)
    np.save(tmp_path / "short.npy", np.ones((3, 4, 4)))
    short = (tmp_path / "short.npy").read_bytes()
    for data, words in ((short[:-1], "is damaged, or holds no numbers"), (short[:30], "is damaged"),
                        ((tmp_path / "objects.npy").read_bytes(), "holds no numbers"),
                        (layer("a", "ReLU"), "holds no mean picture"), (legacy(np.ones((1, 2, 3, 3))), "1 or 3 channels"),
                        (legacy(np.full((1, 3, 2, 2), np.nan)), "finite numbers"), (b"", "is empty"),
                        (legacy(np.full((1, 3, 2, 2), -5.)), "lie from 0 to 255, as pixels do, but here from -5 to -5"),
                        (legacy(np.full((1, 3, 2, 2), 300.)), "from 300 to 300; give the mean picture of the training"), (varint(40), "no mean picture")):
        with pytest.raises(ValueError, match=words):
            mean_picture(written(tmp_path / "mean", data))


@pytest.mark.reference
def test_the_real_files(reference):
    shapes = {"conv1/0": (20, 1, 5, 5), "conv1/1": (20,), "conv2/0": (50, 20, 5, 5), "conv2/1": (50,), "ip1/0": (500, 800),
              "ip1/1": (500,), "ip2/0": (10, 500), "ip2/1": (10,)}
    stored = read(reference / "caffe_lenet" / "lenet_iter_10000.caffemodel")
    assert {name: array.shape for name, array in stored.arrays.items()} == shapes
    assert stored.layers["layer"][1]["convolution_param"] == {"num_output": 20, "kernel_size": [5], "stride": [1]}
    mean = mean_picture(reference / "caffe" / "imagenet_mean.binaryproto")
    assert mean.shape == (3, 256, 256) and np.round(mean.mean(axis=(1, 2))).tolist() == [104, 117, 123]      # BGR
    assert np.allclose(mean, mean_picture(reference / "caffe" / "ilsvrc_2012_mean.npy"), atol=1e-3)
    assert np.round(mean_picture(reference / "caffe_cifar10" / "mean.binaryproto").mean(axis=(1, 2))).tolist() == [
        125, 123, 114]                                                                                      # RGB
