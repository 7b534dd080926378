"""Caffe's own networks, from their files alone, against logits and accuracies that were computed without npnet."""
import gzip
import math

import numpy as np
import pytest

from npnet import models
from npnet.layers import LRNWithin
from npnet.models import MODELS
from npnet.weights.readers import caffe, caffe_h5, prototxt
from npnet.weights.readers.caffe_graph import chain_of
from npnet.weights.readers.caffe_network import Builder, network_of, shape_in
from npnet.weights.readers.caffe_pictures import pipeline_of

pytestmark = pytest.mark.reference

CIFAR = {                                                       # file: (prototxt, right of 1000 exact test pictures)
    "cifar10_full_iter_70000.caffemodel": ("cifar10_full", 828),
    "cifar10_full_iter_100000.caffemodel.h5": ("cifar10_full", 835),
    "cifar10_quick_iter_4000.caffemodel": ("cifar10_quick", 720),
    "cifar10_quick_iter_5000.caffemodel.h5": ("cifar10_quick", 758)}
IN_SHORT = "cifar10_quick_iter_5000.caffemodel.h5"


def stored(path):
    return (caffe_h5 if path.suffix == ".h5" else caffe).read(path)


def filled(net, arrays):
    """The network with Caffe's arrays: blob 0 is the weight, (M, D) for dense layers, blob 1 the bias."""
    own = net.params()
    assert len(own) == len(arrays)
    for name, array in arrays.items():
        layer, _, number = name.rpartition("/")
        own[f"{caffe.our_name(layer)}.{'wb'[int(number)]}"][...] = array.T if array.ndim == 2 else array
    return net


def pictures(reference, pipeline):
    """The 1000 exact test pictures as the network reads them, and their labels."""
    with np.load(reference / "cifar10_lossless_4000_1000.npz") as file:
        x, labels = file["test_x"], file["test_y"]
    return np.stack([pipeline.test(picture) for picture in x.transpose(0, 2, 3, 1)]), labels


def answers(net, x):
    return np.concatenate([net.forward(x[start:start + 100]) for start in range(0, len(x), 100)])


@pytest.fixture
def mean(reference):
    return caffe.mean_picture(reference / "caffe_cifar10" / "mean.binaryproto")


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.long] * (name != IN_SHORT)) for name in CIFAR])
def test_cifar_10(reference, mean, name):
    folder = reference / "caffe_cifar10"
    description = prototxt.read(folder / f"{CIFAR[name][0]}.prototxt").layers
    net, _ = network_of(description)
    filled(net, stored(folder / name).arrays)
    pipeline, notes = pipeline_of(description, net.input_shape, mean)
    assert pipeline.order == "RGB" and "RGB" in notes[0]
    x, labels = pictures(reference, pipeline)
    logits = answers(net, x)
    with np.load(folder / "golden_lossless_test1000.npz") as golden:
        assert np.abs(logits - golden[f"{name}/logits_1000"]).max() < 1e-4
        for layer in ("norm1", "norm2", "pool3") if "full" in name else ():
            y = x[:2]
            for own in list(net.layers)[:list(net.layers).index(layer) + 1]:
                y = net[own].forward(y)
            assert np.allclose(y, golden[f"{name}/{layer}_first2"], rtol=1e-4, atol=1e-4), layer
    assert (logits.argmax(axis=1) == labels).sum() == CIFAR[name][1]


@pytest.mark.long
def test_without_lrn_it_is_worse(reference, mean):
    """The comparison can fail: LRN left out costs about twelve points."""
    folder = reference / "caffe_cifar10"
    description = prototxt.read(folder / "cifar10_full.prototxt").layers
    net = filled(network_of(description)[0], stored(folder / "cifar10_full_iter_100000.caffemodel.h5").arrays)
    x, labels = pictures(reference, pipeline_of(description, net.input_shape, mean)[0])
    bare = models.without(net, "norm1", "norm2")
    assert 0.69 < np.mean(answers(bare, x).argmax(axis=1) == labels) < 0.73


@pytest.mark.parametrize("name", ["cifar10_full_iter_70000.caffemodel", "cifar10_quick_iter_4000.caffemodel"])
def test_the_file_describes_its_network_itself(reference, name):
    """The snapshot's own description, which is that of training, gives the deploy prototxt's network."""
    folder = reference / "caffe_cifar10"
    own, notes = network_of(stored(folder / name).layers)
    assert own.architecture() == network_of(prototxt.read(folder / f"{CIFAR[name][0]}.prototxt").layers)[0].architecture()
    assert any("3 x 32 x 32 is supposed" in note for note in notes)
    train_test = folder / "cifar10_full_train_test.prototxt"
    if "full" in name:
        assert network_of(prototxt.read(train_test).layers, (3, 32, 32))[0].architecture() == own.architecture()


def idx(path, header):
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


@pytest.mark.parametrize("many, right", [(1000, 992), pytest.param(10_000, 9905, marks=pytest.mark.long)])
def test_lenet(reference, many, right):
    """99.05 % on MNIST's 10,000 test pictures; the scale of 1/256 is in the file."""
    folder = reference / "caffe_lenet"
    known = stored(folder / "lenet_iter_10000.caffemodel")
    net = filled(network_of(known.layers)[0], known.arrays)
    assert net.architecture() == network_of(prototxt.read(folder / "lenet.prototxt").layers)[0].architecture()
    pipeline, _ = pipeline_of(known.layers, net.input_shape)
    assert pipeline.deviation == 256 and pipeline.channels == 1
    x = idx(reference / "mnist" / "t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1)[:many]
    labels = idx(reference / "mnist" / "t10k-labels-idx1-ubyte.gz", 8)[:many]
    assert np.array_equal(pipeline.test(x[0])[0], x[0, :, :, 0] / np.float32(256))
    logits = answers(net, np.ascontiguousarray(x.transpose(0, 3, 1, 2) / np.float32(256)))
    with np.load(folder / "golden_t10k.npz") as golden:
        assert np.abs(logits[:100] - golden["logits_first100"]).max() < 1e-4
        assert np.array_equal(logits.argmax(axis=1), golden["pred"][:many])
    assert (logits.argmax(axis=1) == labels).sum() == right


def shapes(layers, shape):
    """The shape after every layer, and the number of parameters: nothing is drawn."""
    after, count = {}, 0
    for name, layer in layers.items():
        count += sum(math.prod(sizes) for sizes in layer.arrays(shape).values())
        after[name] = shape = tuple(layer.output(shape))
    return after, count


@pytest.mark.parametrize("name, version", [
    ("bvlc_alexnet_deploy", "caffe"), ("bvlc_alexnet_train_val", "caffe"), ("bvlc_caffenet_deploy", "pool_first")])
def test_alexnet_and_caffenet(reference, name, version):
    description = prototxt.read(reference / "caffe" / f"{name}.prototxt").layers
    shape = shape_in(description)
    layers, _ = Builder().chain(chain_of(description, []), shape)
    after, count = shapes(layers, shape)
    assert shape == (3, 227, 227) and count == 60_965_224
    assert after["conv1"] == (96, 55, 55) and after["pool5"] == (256, 6, 6) and after["fc8"] == (1000,)
    known = MODELS[version]()[1]
    assert list(layers) == list(known) and after == shapes(known, shape)[0]
    if version == "caffe":
        assert all(repr(layers[layer]) == repr(known[layer]) for layer in ("norm1", "norm2", "pool1", "relu7", "drop7"))


@pytest.mark.long
def test_alexnet_is_built(reference):
    net, notes = network_of(prototxt.read(reference / "caffe" / "bvlc_alexnet_deploy.prototxt").layers)
    assert sum(array.size for array in net.params().values()) == 60_965_224
    assert net.shapes["fc8"] == (1000,) and "prob (Softmax) is left out" in notes[0]


def test_imagenet_s_pipeline(reference):
    """The middle of the mean picture goes where the picture's middle goes, and blue comes first."""
    description = prototxt.read(reference / "caffe" / "bvlc_alexnet_train_val.prototxt").layers
    mean = caffe.mean_picture(reference / "caffe" / "imagenet_mean.binaryproto")
    pipeline, notes = pipeline_of(description, (3, 227, 227), mean)
    assert (pipeline.size, pipeline.shorter, pipeline.order) == (227, 256, "BGR") and "BGR" in notes[0]
    picture = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    wanted = (picture.transpose(2, 0, 1)[::-1] - mean)[:, 14:241, 14:241]
    assert np.allclose(pipeline.test(picture), wanted, atol=1e-4)
    without, notes = pipeline_of(description, (3, 227, 227))
    assert not without.mean.any() and any("imagenet_mean.binaryproto, which is missing" in note for note in notes)


def test_lrn_is_within_the_channel(reference):
    net, _ = network_of(prototxt.read(reference / "caffe_cifar10" / "cifar10_full.prototxt").layers)
    assert repr(net["norm1"]) == "LRNWithin(n=3, alpha=5e-05)" and isinstance(net["norm2"], LRNWithin)
