"""What a network sees is computed on the device and handed to the host, in every function, without a card."""
import numpy as np
import pytest
from standin import DeviceArray, to_host

import npnet
from npnet import AvgPool, Concat, Conv2D, Dense, Flatten, MaxPool, Network, ReLU
from npnet.backend import BACKENDS, NUMPY
from npnet.explain.ascent import excite
from npnet.explain.insight import deconvolution, feature_maps, first_filters, grad_cam, guided_backprop, occlusion_map, saliency
from npnet.explain.neighbours import features
from npnet.explain.patches import best_patches
from npnet.weights.prepared import PREPARED


def net():
    return Network((3, 32, 32), seed=1, conv1=Conv2D(4, 3, init="he"), relu1=ReLU(), pool1=MaxPool(3, 2),
                   two=Conv2D(6, 3, pad=1, groups=2, init="he"),
                   paths=Concat([dict(one=Conv2D(3, 1, init="he"), relu=ReLU()), dict(three=Conv2D(3, 3, pad=1, init="he"))]),
                   pool2=AvgPool(2, 2), flatten=Flatten(), fc3=Dense(6, init="he"), relu3=ReLU(), fc4=Dense(5, init="he"))


def seen():
    """All functions of one network and one picture."""
    built, random = net(), np.random.default_rng(3)
    x = random.standard_normal((1, 3, 32, 32)).astype(np.float32)
    pictures, pipeline = random.integers(0, 256, (3, 32, 32, 3), np.uint8), PREPARED["cifar_alexnet"]
    best = best_patches(built, pipeline, pictures, "two", 4, count=2, back=True)
    return [saliency(built, x, 1), guided_backprop(built, x, 1), grad_cam(built, x, 1), occlusion_map(built, x, 1, 8, 8),
            deconvolution(built, x, "two", 4), feature_maps(built, x, "two"), first_filters(built)[1],
            excite(built, "two", 4, -1, 1, steps=3), features(built, pipeline, pictures),
            *[patch.back for patch in best], np.array([patch.value for patch in best])]


def test_the_device_sees_what_the_host_sees(monkeypatch):
    monkeypatch.setitem(BACKENDS, "standin", lambda: {**NUMPY, "device": "standin", "to_device": DeviceArray, "to_host": to_host})
    npnet.use("standin")
    there = seen()
    npnet.use("numpy")
    for one, other in zip(there, seen(), strict=True):
        assert type(one) is np.ndarray
        np.testing.assert_array_equal(one, other)
    with pytest.raises(TypeError):
        np.asarray(DeviceArray(np.ones(3)))                             # a silent copy would have been refused
