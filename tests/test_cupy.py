"""The array texts on a graphics card: every operation, every version of the network, a training, a checkpoint."""
import numpy as np
import pytest
from test_device import CALLS, drawn, small

import npnet
from npnet.backend import NUMPY, ops
from npnet.train import evaluate, train

pytestmark = pytest.mark.gpu

VERSIONS = ["krizhevsky2012", "original", "pool_first", "caffe", "single_tower", "batchnorm", "torchvision", "half_tower",
            "cifar_alexnet", "cifar_four_layer", "lenet5", "caffe_lenet"]
CLOSE = {np.dtype(np.float32): 2e-4, np.dtype(np.float64): 1e-11}       # of the largest number


@pytest.fixture
def card():
    npnet.use("cupy")


def close(expected, got):
    """Whether every array on the card has the dtype and, to rounding, the numbers of the one on the host."""
    for one, other in zip(*(r if isinstance(r, tuple) else (r,) for r in (expected, got)), strict=True):
        one, other = np.asarray(one), ops.to_host(other) if hasattr(other, "get") else np.asarray(other)
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        largest = max(float(abs(one).max()), 1.0) if one.size and one.dtype.kind == "f" else 1.0
        np.testing.assert_allclose(other, one, rtol=0, atol=CLOSE.get(one.dtype, 0) * largest)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", CALLS)
def test_every_operation_gives_on_the_card_what_it_gives_on_the_host(card, name, dtype):
    given = [a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype == np.float32 else a for a in CALLS[name]]
    there = [ops.to_device(a) if isinstance(a, np.ndarray) else a for a in given]
    close(NUMPY[name](*given), getattr(ops, name)(*there))


@pytest.mark.parametrize("name", ["sgd_update", "sgd_update_torch"])
def test_every_update(card, name):
    host = [drawn(3, 4), drawn(3, 4) + 1, drawn(3, 4) * 2]
    there = [ops.to_device(a) for a in host]
    NUMPY[name](*host, 0.1, 0.9, 0.01)
    getattr(ops, name)(*there, 0.1, 0.9, 0.01)
    close(tuple(host), tuple(there))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_forward_and_backward(version):
    results = []
    for backend in ("numpy", "cupy"):
        npnet.use(backend)
        net = npnet.model(version, classes=10, dtype=np.float64)
        x = np.random.default_rng(0).standard_normal((2, *net.input_shape))
        loss, dlogits = ops.softmax_cross_entropy(net.forward(ops.to_device(x), train=True), ops.to_device(np.array([1, 7])))
        dx = net.backward(dlogits)
        results.append((float(loss), ops.to_host(dx), {name: ops.to_host(g) for name, g in net.grads().items()}))
    (loss, dx, grads), (loss_there, dx_there, grads_there) = results
    assert loss == pytest.approx(loss_there, rel=1e-9)
    for one, other in [(dx, dx_there), *((grads[name], grads_there[name]) for name in grads)]:
        np.testing.assert_allclose(other, one, rtol=0, atol=1e-9 * max(abs(one).max(), 1e-30))


def test_a_training_goes_as_on_the_host():
    """Ten steps with dropout, momentum and batch norm in float64: the same masks, the same losses."""
    x, labels = drawn(24, 4, 19, 19).astype(np.float64), np.arange(24) % 5
    losses = {}
    for backend in ("numpy", "cupy"):
        npnet.use(backend)
        net = npnet.Network((4, 19, 19), dtype=np.float64, **{name: type(layer)(**npnet.layers.arguments(layer))
                                                              for name, layer in small().layers.items()})
        batches = [(x[i % 3::3], labels[i % 3::3]) for i in range(10)]
        losses[backend] = [step.loss for step in train(net, npnet.SGD(0.05), batches)]
        losses[backend].append(evaluate(net, batches[:3]).loss)
    np.testing.assert_allclose(losses["cupy"], losses["numpy"], rtol=1e-8)


def test_a_run_on_the_card_resumes_and_its_network_answers_on_the_host(tmp_path, monkeypatch):
    monkeypatch.setenv("NPNET_HOME", str(tmp_path / "home"))
    from npnet.data import Loader, Pipeline, dataset
    from npnet.fit import fit
    from npnet.weights import trained
    npnet.use("cupy")
    shapes = dataset("shapes", train=200, test=50)
    pipeline = Pipeline.for_training(shapes.train, (3, 32, 32))
    loaders = Loader(shapes.train, 50, pipeline), Loader(shapes.test, 50, pipeline, train=False)
    whole = fit(npnet.model("cifar_alexnet"), npnet.SGD(0.01), *loaders, epochs=2, out=tmp_path / "whole", quiet=True)
    fit(npnet.model("cifar_alexnet"), npnet.SGD(0.01), *loaders, epochs=1, out=tmp_path / "parts", quiet=True)
    parts = fit(npnet.model("cifar_alexnet"), npnet.SGD(0.01), *loaders, epochs=2, out=tmp_path / "parts", resume=True, quiet=True)
    np.testing.assert_allclose(parts.losses, whole.losses, rtol=1e-3)
    x = np.stack([pipeline.test(shapes.test[i]) for i in range(20)])
    there = ops.to_host(trained(tmp_path / "whole").net.probabilities(ops.to_device(x)))
    npnet.use("numpy")
    np.testing.assert_allclose(trained(tmp_path / "whole").net.probabilities(x), there, atol=1e-4)


def test_what_is_on_the_wrong_side_is_said(card):
    net = small()
    with pytest.raises((TypeError, ValueError), match="to_device|on the host|NumPy|numpy"):
        net.forward(drawn(2, 4, 19, 19))
