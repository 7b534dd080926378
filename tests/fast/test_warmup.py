"""npnet warmup: after it, nothing of npnet's waits for a compiler."""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import npnet
from npnet.fast import kernels, warmup
from npnet.layers import LAYERS


def test_every_layer_is_in_it_with_many_dimensions_and_with_few():
    nets = warmup.networks(np.float32)
    assert {type(layer).__name__ for net in nets for layer in net.layers.values()} == set(LAYERS)
    dimensions = {(type(layer).__name__, len(shape)) for net in nets
                  for layer, shape in zip(net.layers.values(), [net.input_shape, *net.shapes.values()])}
    assert {(name, number) for name in ("ReLU", "Tanh", "Sigmoid", "Dropout") for number in (1, 3)} <= dimensions


def test_every_operation_is_called(monkeypatch):
    npnet.use("numba")
    called = set()

    def watched(name, function):
        return lambda *given, **named: (called.add(name), function(*given, **named))[1]

    row = {name: watched(name, getattr(npnet.backend.ops, name)) for name in npnet.backend.OPERATIONS}
    monkeypatch.setattr(warmup, "use", lambda name: vars(npnet.backend.ops).update(row))
    warmup.warm_up()
    assert set(npnet.backend.OPERATIONS) - called == {"log_softmax_forward", "log_softmax_backward"}


def test_progress_and_what_came(monkeypatch):
    monkeypatch.setattr(warmup, "networks", lambda dtype: [npnet.Network((1, 4, 4), dtype=dtype, relu1=npnet.ReLU(),
                                                                         flatten=npnet.Flatten(), fc2=npnet.Dense(2))])
    monkeypatch.setattr(kernels, "had", [kernels.Had("before", True, 1.0)])
    seen = []
    had = warmup.warm_up(["float64"], lambda done, total: seen.append((done, total)))

    assert seen == [(done, 12) for done in range(1, 13)]        # three layers, forward and backward, three pictures and one
    assert npnet.backend.ops.name == "numba" and "before" not in [each.name for each in had]
    assert had == kernels.had[1:]


def test_where_kernels_cannot_be_kept(monkeypatch):
    monkeypatch.setattr(kernels, "kernels", lambda: None)
    with pytest.raises(OSError, match="compiled kernels cannot be kept, so that there is nothing to do beforehand"):
        warmup.warm_up()


@pytest.mark.long
def test_after_it_nothing_is_compiled():
    """A step of the paper's network and of newer ones, with several pictures and with one, and predicting."""
    code = """if True:
        import numpy as np, npnet
        from npnet.backend import ops
        from npnet.fast import kernels, warmup
        warmup.warm_up()
        before = len(kernels.had)
        for name, size, many in (("krizhevsky2012", None, 2), ("torchvision", None, 2), ("cifar_alexnet", None, 64)):
            net = npnet.model(name, size=size)
            for images in (many, 1):
                logits = net.forward(np.zeros((images, *net.input_shape), "f"), train=True)
                net.backward(ops.softmax_cross_entropy(logits, np.zeros(images, int))[1], to_input=False)
                npnet.SGD().update(net.params(), net.grads())
                net.probabilities(np.zeros((images, *net.input_shape), "f"))
        print([each.name for each in kernels.had[before:]])"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(Path(npnet.__file__).parents[1])})
    assert (done.stdout, done.stderr) == ("[]\n", "")
