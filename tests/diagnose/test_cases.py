"""The cases of npnet's own layers: they are where mistakes show, and all of them are right."""
import numpy as np
import pytest

import npnet
from npnet import backend as backends
from npnet.backend import NUMPY
from npnet.diagnose import cases
from npnet.layers import LAYERS


def layers(name):
    return [case.layer for case in cases(name)]


def test_every_layer_and_the_loss_are_there():
    assert {type(case.layer).__name__ for case in cases() if hasattr(case, "layer")} == set(LAYERS)
    assert cases()[-1].expression == "softmax_cross_entropy" and cases("nothing") == []


def test_the_cases_are_where_mistakes_show():
    assert {layer.convention for layer in layers("LRN")} == {"paper", "original", "caffe", "torch"}
    assert {layer.alpha for layer in layers("LRN")} == {0.7} and {layer.groups for layer in layers("LRN")} == {1, 2}
    assert any(case.layer.p_drop == 0.2 and case.train for case in cases("Dropout"))
    assert {case.train for case in cases("BatchNorm")} == {True, False}
    assert any((layer.size, layer.stride) == (3, 2) for layer in layers("MaxPool"))


@pytest.mark.long
@pytest.mark.parametrize("name", ["LRN", "MaxPool", "Conv2D", "BatchNorm"])
def test_layers_are_right_on_each_backend(backend, name):
    assert all(case.check().ok for case in cases(name))


def test_a_case_can_be_checked_again():
    npnet.use("numpy")
    case = cases("BatchNorm")[1]
    assert str(case.check(3)) == str(case.check(3))


def test_a_wrong_operation_is_found(monkeypatch):
    def without_cross_term(dy, x, scale, n, alpha, beta, groups):
        return dy * scale ** -beta
    monkeypatch.setitem(backends.BACKENDS, "mine", lambda: {**NUMPY, "lrn_backward": without_cross_term})
    npnet.use("mine")
    assert not any(case.check().ok for case in cases("LRN"))


def test_a_wrong_loss_is_found(monkeypatch):
    def not_the_mean(logits, labels):
        loss, dlogits = NUMPY["softmax_cross_entropy"](logits, labels)
        return loss, dlogits * len(logits)
    monkeypatch.setitem(backends.BACKENDS, "mine", lambda: {**NUMPY, "softmax_cross_entropy": not_the_mean})
    npnet.use("mine")
    assert [case.expression for case in cases() if not case.check().ok] == ["softmax_cross_entropy"]


def test_arrays_on_a_device(monkeypatch):
    """Copies to and fro, as a graphics card needs them: parameters that are moved here must arrive there."""
    row = {**NUMPY, "device": "card", "to_device": np.copy, "to_host": np.copy}
    monkeypatch.setitem(backends.BACKENDS, "card", lambda: row)
    npnet.use("card")
    assert all(case.check().ok for case in cases())
