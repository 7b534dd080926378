"""The memory of a training step: measured, foretold for larger batches, and in a sentence."""
import subprocess
import sys

import numpy as np
import pytest

import npnet
from npnet.fit import memory
from npnet.fit.memory import memory_sentence, step_memory
from npnet.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, ReLU
from npnet.screen import size

GB = 2 ** 30


def net():
    return npnet.Network((3, 16, 16), conv1=Conv2D(16, 5, pad=2), norm1=BatchNorm(), relu1=ReLU(), flatten=Flatten(),
                         drop2=Dropout(0.5), fc2=Dense(10))


@pytest.fixture(params=["numpy", "numba"])
def array_backend(request):
    npnet.use(request.param)


# ------------------------------------------------------------------------ the measurement

def test_it_grows_in_a_straight_line():
    npnet.use("numpy")
    one, two, four = (step_memory(net(), batch) for batch in (64, 128, 256))

    assert one < two < four and four - two == pytest.approx(2 * (two - one), rel=0.01)
    held = 4 * 16 * 16 * 16 * 64                                # what a convolution makes of 64 pictures
    assert two - one > 3 * held                                 # conv1, norm1 and relu1 remember as much


def test_the_network_is_as_it_was(array_backend):
    """Its running means, its masks, what its layers remember: a step afterwards is the same, bit for bit."""
    measured, untouched = net(), net()
    x = np.random.default_rng(0).standard_normal((4, 3, 16, 16), np.float32)
    for one in (measured, untouched):
        one.forward(x, train=True)
    before = {name: array.copy() for name, array in (measured.params() | measured.state()).items()}
    memory.step_memory(measured, 32)

    assert all(np.array_equal(array, before[name]) for name, array in (measured.params() | measured.state()).items())
    ours, theirs = (one.backward(np.ones((4, 10), np.float32)) for one in (measured, untouched))
    assert np.array_equal(ours, theirs)
    assert np.array_equal(measured.forward(x, train=True), untouched.forward(x, train=True))


MEASURE = """
import sys
import numpy as np
import npnet
from npnet.fit.memory import step_memory
from npnet.layers import LRN, Conv2D, Dense, Dropout, Flatten, MaxPool, ReLU
from npnet.optim import SGD
from npnet.train import train

def peak():
    line, = (line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return 1024 * int(line.split()[1])

def steps(net, batch):
    x = np.full((batch, *net.input_shape), 0.1, np.float32)
    for step in train(net, SGD(0.0001), [(x, np.zeros(batch, np.int64))] * 2):
        pass

npnet.use(sys.argv[1])
steps(npnet.Network((3, 16, 16), conv1=Conv2D(8, 3, pad=1), relu1=ReLU(), norm1=LRN(), pool1=MaxPool(2, 2),
                    flatten=Flatten(), drop2=Dropout(0.5), fc2=Dense(10)), 4)       # what is compiled and loaded
net = npnet.model(sys.argv[2], classes=10, size=int(sys.argv[3]))
base = peak()
steps(net, int(sys.argv[4]))
print(peak() - base, step_memory(net, int(sys.argv[4])))
"""


@pytest.mark.long
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self/status")
@pytest.mark.parametrize("backend, name, size, batch", [
    ("numba", "cifar_four_layer", 32, 32), ("numpy", "caffe_lenet", 28, 128), ("numba", "krizhevsky2012", 67, 8)])
def test_prediction_against_the_measured_peak(backend, name, size, batch):
    done = subprocess.run([sys.executable, "-c", MEASURE, backend, name, str(size), str(batch)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    measured, predicted = map(int, done.stdout.split())
    assert 0.6 < predicted / measured < 1.5, (predicted, measured)


# ------------------------------------------------------------------------ the sentence

def test_a_step_that_fits_needs_no_sentence(array_backend):
    assert memory_sentence(net(), 128, free=GB) is None


def test_a_step_that_does_not_fit_is_said_with_what_to_do():
    npnet.use("numpy")
    needed = {batch: step_memory(net(), batch) for batch in (64, 128)}
    free = int(needed[64] / 0.9) + 1000
    assert memory_sentence(net(), 128, free) == (
        f"a training step of 128 pictures needs about {size(needed[128], 1024)} more memory, but {size(free, 1024)} "
        f"are free: use --batch 64")
    assert memory_sentence(net(), 128, free=2 ** 10).endswith("are free: use a smaller network, or close other programs")


def test_nobody_knows_what_is_free(monkeypatch):
    npnet.use("numpy")
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    assert memory_sentence(net(), 10 ** 6) is None
    monkeypatch.setattr(memory, "free_memory", lambda: 1000)
    assert "1000 B are free" in memory_sentence(net(), 10 ** 6)


def test_what_cannot_be_measured_is_left_to_the_first_step():
    npnet.use("numpy")
    broken = npnet.Network((3, 8, 8), conv1=Conv2D(4, 3))                   # it ends in maps
    assert memory_sentence(broken, 128, free=1000) is None
