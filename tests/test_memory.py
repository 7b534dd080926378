"""The memory of a training step: counted by hand, against the measured peak, and in a sentence."""
import subprocess
import sys

import numpy as np
import pytest

import npnet
from npnet.fit import memory
from npnet.fit.memory import amount, available, fitting, free_memory, group_room, own_groups, predicted_peak
from npnet.layers import LRN, BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool, ReLU

GB = 2 ** 30


def dense():
    return npnet.Network((10,), fc1=Dense(20), relu1=ReLU(), fc2=Dense(5))


# ------------------------------------------------------------------------ by hand

def test_what_exists_once_a_network_is_built():
    assert memory.held(dense()) == 2 * 4 * (10 * 20 + 20 + 20 * 5 + 5)          # parameters and gradients, float32
    assert memory.held(npnet.Network((4,), dtype=np.float64, norm=BatchNorm())) == 8 * (4 + 4 + 4 + 4 + 4 + 4)
    net = dense()
    net.freeze("fc1")
    assert memory.held(net) == memory.held(dense())


def test_what_the_layers_remember():
    """fc1 has its input, the batch itself; relu1 its output, which fc2 shares."""
    assert memory.remembered(dense(), 3) == 4 * 3 * (10 + 20)
    net = npnet.Network((2, 8, 8), conv1=Conv2D(4, 3, pad=1), relu1=ReLU(), norm1=LRN(n=3), pool1=MaxPool(2, 2),
                        flatten=Flatten(), drop2=Dropout(0.5), fc2=Dense(5))
    batch, maps, pooled = 2 * 64, 4 * 64, 4 * 16
    expected = 4 * (batch + maps + maps + pooled) + pooled + 4 * pooled         # x, relu1 (and norm1), scale, argmax
    assert memory.remembered(net, 1) == expected                                # mask of bytes, and what fc2 has


def test_the_whole_of_a_small_network(monkeypatch):
    npnet.use("loops")
    monkeypatch.setattr(memory, "GAPS", 1)
    velocity = 4 * (10 * 20 + 20 + 20 * 5 + 5)
    working = 4 * 64 * (20 + 20)                                                # relu1: what it is given and makes
    assert memory.working(dense(), 64) == working
    assert predicted_peak(dense(), 64) == 3 * velocity + 4 * 64 * (10 + 20) + working
    assert predicted_peak(dense(), 128) - predicted_peak(dense(), 64) == 4 * 64 * (10 + 20) + working
    with pytest.raises(ValueError, match="a batch has at least 1 picture, got 0"):
        predicted_peak(dense(), 0)


def test_columns_of_a_block_or_of_a_thread(backend):
    net = npnet.Network((16, 32, 32), conv1=Conv2D(2, 5, pad=2), flatten=Flatten(), fc=Dense(2))
    columns = 16 * 25 * 32 * 32 * 4                                             # of one picture, 1.6 MB
    space = memory.forward_space(net["conv1"], (16, 32, 32), net, 64, 0, 0)
    from npnet.fast.threads import count
    assert space // columns == {"loops": 0, "numpy": 8, "numba": min(64, count())}[backend]


# ------------------------------------------------------------------------ against the measured peak

MEASURE = """
import sys
import numpy as np
import npnet
from npnet.fit.memory import predicted_peak
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
base = peak()
net = npnet.model(sys.argv[2], classes=10, size=int(sys.argv[3]))
steps(net, int(sys.argv[4]))
print(peak() - base, predicted_peak(net, int(sys.argv[4])))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc/self/status")
@pytest.mark.parametrize("backend, name, size, batch", [
    ("numba", "cifar_four_layer", 32, 32), ("numpy", "caffe_lenet", 28, 128), ("numba", "krizhevsky2012", 67, 8)])
def test_prediction_against_the_measured_peak(backend, name, size, batch):
    done = subprocess.run([sys.executable, "-c", MEASURE, backend, name, str(size), str(batch)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    measured, predicted = map(int, done.stdout.split())
    assert 0.65 < predicted / measured < 1.35, (amount(predicted), amount(measured))


# ------------------------------------------------------------------------ what is free

def test_free_memory_is_some():
    free = free_memory()
    assert free is None or 2 ** 20 < free < 2 ** 50
    if sys.platform.startswith("linux"):
        assert free is not None


def test_memory_of_the_computer(tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal:  8000 kB\nMemFree:  100 kB\nMemAvailable:    3000 kB\n")
    assert available(tmp_path / "meminfo") == 3000 * 1024
    assert available(tmp_path / "nothing") is None


def group(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_control_groups_of_version_2(tmp_path):
    group(tmp_path, memory__stat="inactive_file 5\n")
    group(tmp_path / "batch", memory__max="1000\n", memory__current="900\n", memory__stat="anon 1\ninactive_file 50\n")
    group(tmp_path / "batch" / "job", memory__max="max\n", memory__current="300\n")
    assert list(group_room(tmp_path, [("", "/batch/job")])) == [150]            # of the group above
    assert list(group_room(tmp_path, [("", "/elsewhere")])) == []               # a path of another computer
    group(tmp_path, memory__max="100\n", memory__current="700\n")
    assert list(group_room(tmp_path, [("", "/batch/job")])) == [150, 0]         # never below 0


def test_control_groups_of_version_1(tmp_path):
    group(tmp_path / "memory" / "docker", memory__limit_in_bytes="4096\n", memory__usage_in_bytes="1000\n",
          memory__stat="total_inactive_file 24\n")
    groups = [("cpu,cpuacct", "/docker"), ("memory", "/docker")]
    assert list(group_room(tmp_path, groups)) == [3120]
    (tmp_path / "cgroup").write_text("4:memory:/docker\n3:cpu,cpuacct:/a:b\n0::/user\nodd\n")
    assert own_groups(tmp_path / "cgroup") == [("memory", "/docker"), ("cpu,cpuacct", "/a:b"), ("", "/user")]


# ------------------------------------------------------------------------ the sentence

def test_a_step_that_fits_needs_no_sentence():
    assert memory.memory_sentence(dense(), 128, free=GB) is None


def test_a_step_that_does_not_fit_is_said_with_what_to_do():
    net = npnet.model("caffe_lenet")
    needed = {batch: memory.grown(net, batch) for batch in (64, 128, 1)}
    free = int(needed[64] / 0.9) + 1
    assert memory.memory_sentence(net, 128, free) == (
        f"a training step of 128 pictures needs about {amount(needed[128])} more memory, but {amount(free)} are free: "
        f"use --batch 64")
    text = memory.memory_sentence(net, 128, free=2 ** 20)
    assert text.endswith(f"one picture alone would need {amount(needed[1])}: use a smaller network, or close other programs")


def test_nobody_knows_what_is_free(monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: None)
    assert memory.memory_sentence(npnet.model("caffe_lenet"), 10 ** 6) is None
    monkeypatch.setattr(memory, "free_memory", lambda: 1000)
    assert "1000 bytes are free" in memory.memory_sentence(npnet.model("caffe_lenet"), 10 ** 6)


def test_the_batch_that_fits():
    net = dense()
    room = memory.grown(net, 50) / 0.9 + 1
    assert fitting(net, 100, room) == 32 and fitting(net, 64, room) == 32 and fitting(net, 32, room) == 16
    assert fitting(net, 100, 10) == 0


def test_amounts():
    assert [amount(size) for size in (12, 2048, 850 * 2 ** 20, 3.1 * GB, 31 * GB)] == [
        "12 bytes", "2.0 KB", "850 MB", "3.1 GB", "31 GB"]
