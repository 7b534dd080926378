"""Memory that stays: on where it is possible, off when asked, and no more of it after a long run."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

import npnet
from npnet.fast import memory

GLIBC = pytest.mark.skipif(memory.library() is None, reason="needs Linux with glibc")
FAULTS = """if True:
    import resource
    import numpy as np, npnet
    def faults(megabytes):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        np.ones(megabytes * 2 ** 17)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
"""


def python(code, **environment):
    """What a fresh Python prints for this code."""
    done = subprocess.run([sys.executable, "-c", FAULTS + code], capture_output=True, text=True, env={
        **os.environ, "PYTHONPATH": str(Path(npnet.__file__).parents[1]), "NUMPY_MADVISE_HUGEPAGE": "0", **environment})
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@GLIBC
@pytest.mark.parametrize("where", ["faults(100)", "ThreadPoolExecutor(1).submit(faults, 100).result()"])
def test_arrays_lie_where_others_lay(where):
    """25,600 pages are 100 MB: touched once when they are kept, else every time; in threads of the caller's, too."""
    code = f"""
    from concurrent.futures import ThreadPoolExecutor
    npnet.use("numba")
    print(*[{where} for _ in range(3)])"""
    kept, first = [int(number) for number in python(code)], 25000
    assert kept[0] > first and max(kept[1:]) < 100
    assert min(int(number) for number in python(code, NPNET_KEEP_MEMORY="0")) > first


@GLIBC
def test_only_the_numba_row_keeps_memory():
    assert min(int(number) for number in python("""
    npnet.use("numpy")
    print(*[faults(100) for _ in range(3)])""")) > 25000


@GLIBC
def test_what_is_free_can_be_given_back():
    before, kept, after = [int(number) for number in python("""
    def resident():
        return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() // 2 ** 20
    from npnet.fast.memory import release
    npnet.use("numba")
    sizes = [resident()]
    faults(200)
    sizes += [resident()]
    assert release()
    print(*sizes, resident())
    assert faults(200) > 50000 and faults(200) < 100                    # and what is freed later is kept as before""")]
    assert kept >= before + 195 and after <= before + 5


@GLIBC
@pytest.mark.long
def test_a_long_run_with_changing_batches_does_not_grow():
    """Training and testing in turn, the last batch smaller: the same places are found again."""
    early, late = [int(number) for number in python("""
    from npnet.backend import ops
    npnet.use("numba")
    random = np.random.default_rng(0)
    net = npnet.Network((3, 24, 24), conv1=npnet.Conv2D(16, 5, pad=2), relu1=npnet.ReLU(), pool1=npnet.MaxPool(3, 2),
                        conv2=npnet.Conv2D(24, 3, pad=1), relu2=npnet.ReLU(), norm2=npnet.LRN(), flatten=npnet.Flatten(),
                        fc3=npnet.Dense(10))
    optimizer, sizes = npnet.SGD(), []
    for turn in range(30):
        for images in (64, 64, 7 + turn):                               # the last one is another each time
            x = random.standard_normal((images, 3, 24, 24)).astype("f")
            _, dlogits = ops.softmax_cross_entropy(net.forward(x, train=True), np.zeros(images, int))
            net.backward(dlogits, to_input=False)
            optimizer.update(net.params(), net.grads())
        for images in (100, 1, 50 - turn):
            net.forward(np.zeros((images, 3, 24, 24), np.float32))
        sizes.append(int(open("/proc/self/statm").read().split()[1]))
    print(sizes[4], sizes[-1])""")]
    assert late <= 1.1 * early


def test_why_it_is_not_kept(monkeypatch):
    monkeypatch.setenv("NPNET_KEEP_MEMORY", "0")
    assert memory.keep() == "NPNET_KEEP_MEMORY=0"
    monkeypatch.delenv("NPNET_KEEP_MEMORY")
    monkeypatch.setattr(memory, "library", lambda: None)
    assert memory.keep() == "possible only on Linux with glibc" and memory.release() is False
    asked = []
    monkeypatch.setattr(memory, "library", lambda: type("C", (), {"mallopt": lambda *given: asked.append(given) or given[0] == -1}))
    assert memory.keep() == "glibc refused M_MMAP_MAX, M_ARENA_MAX"
    assert asked == [(-4, 0), (-1, -1), (-8, 1)]


@pytest.mark.parametrize("platform, there", [("linux", True), ("darwin", False), ("win32", False)])
def test_other_systems_are_left_alone(monkeypatch, platform, there):
    monkeypatch.setattr(memory.sys, "platform", platform)
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: type("C", (), {"gnu_get_libc_version": "2.36"} if there else {}))
    assert (memory.library.__wrapped__() is not None) == there
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())                 # musl
    assert memory.library.__wrapped__() is None
