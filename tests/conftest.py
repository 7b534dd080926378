"""What every test may use: the backends, the reference data, and markers that say why a test is skipped."""
import importlib.util
import os
import shutil
import signal
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

import npnet
from npnet import backend as backends

for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(threads, "1")     # for the processes that test beside each other: threads of theirs would fight for the cores

BACKENDS = ["loops", "numpy", "numba"]
collect_ignore_glob = ["*conftest.py", "ward*.py", "fuzz.py", "fuzzed.py", "small_*.py", "mutate.py", "doctor_cost.py",       # --doctest-modules would import them
                       "strangers/texts/*", "strangers/planted/*", "course/styles/*"]


def missing(marker):
    """Why tests with this marker cannot run here, or None."""
    if marker == "torch" and not importlib.util.find_spec("torch"):
        return "needs PyTorch (pip install torch)"
    if marker == "reference" and not Path(os.environ.get("NPNET_REFERENCE") or "/nowhere").is_dir():
        return "needs the reference data: set NPNET_REFERENCE to their folder"
    if marker == "gpu" and not graphics_card():
        return "needs CuPy and an NVIDIA graphics card"
    if marker == "browser" and not browser():
        return "needs Playwright and Chromium (pip install npnet[browser], and Debian's chromium)"
    if marker == "docs" and not all(map(importlib.util.find_spec, ("sphinx", "myst_nb", "pydata_sphinx_theme"))):
        return "needs what builds the site (pip install npnet[docs])"
    if marker == "notebook" and not all(map(importlib.util.find_spec, ("nbformat", "nbclient", "ipykernel"))):
        return "needs Jupyter's kernel (pip install npnet[notebook])"
    if marker == "mpi" and not mpiexec():
        return "needs mpi4py and mpiexec (pip install npnet[mpi])"
    return None


def browser():
    """The path of the Chromium that tests drive, or None where it or Playwright is missing."""
    found = importlib.util.find_spec("playwright")
    return shutil.which("chromium") or shutil.which("google-chrome") if found else None


def mpiexec():
    """The mpiexec beside this Python, or the first of PATH, or None where it or mpi4py is missing."""
    found = importlib.util.find_spec("mpi4py")
    return shutil.which("mpiexec", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}") if found else None


def graphics_card():
    """Whether CuPy is there and finds a card."""
    if not importlib.util.find_spec("cupy"):
        return False
    import cupy
    try:
        return cupy.cuda.runtime.getDeviceCount() > 0
    except cupy.cuda.runtime.CUDARuntimeError:
        return False


RUNNING = set()                             # the tests that have begun and not ended, of all processes


def ended_from_outside(number, frame):
    """Stops this run as Ctrl-C does: what it has, it writes."""
    signal.signal(number, signal.SIG_IGN)                               # timeout sends it twice
    pytest.exit("ended from outside while these ran: " + ", ".join(sorted(RUNNING)), returncode=2)


def pytest_configure(config):
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):       # who starts the others tests nothing
        signal.signal(signal.SIGTERM, ended_from_outside)


def pytest_runtest_logstart(nodeid):
    RUNNING.add(nodeid)


def pytest_runtest_logfinish(nodeid):
    RUNNING.discard(nodeid)


def drawn(item):
    """Whether a case marked further is one of the quarter that runs: NPNET_DRAW is a number that draws it, or all."""
    by = os.environ.get("NPNET_DRAW") or "0"
    return by == "all" or zlib.crc32(f"{by} {item.nodeid}".encode()) % 4 == 0


UNCHOSEN = dict(vars(backends.ops))


def unchoose():
    """Forgets which backend was chosen."""
    vars(backends.ops).clear()
    vars(backends.ops).update(UNCHOSEN)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """A file that chooses a backend when it is imported, as a network that is built there does, chooses it for all tests."""
    report = yield
    if backends.ops.name is not None:
        report.outcome, report.longrepr = "failed", (f"{collector.nodeid} chooses the backend {backends.ops.name} when it is imported: "
                                                     f"use it, and build networks, in a test or a fixture")
        unchoose()
    return report


@pytest.hookimpl(tryfirst=True)                                         # before -m looks for what is long
def pytest_collection_modifyitems(config, items):
    further = [item for item in items if item.get_closest_marker("further")]
    for item in further:
        item.add_marker(pytest.mark.long)
    named = any("::" in word for word in config.args)                   # one case asked for by name
    left = {item for item in further if not named and not drawn(item)}
    config.hook.pytest_deselected(items=list(left))
    items[:] = [item for item in items if item not in left]
    reasons = {marker: missing(marker) for marker in ("torch", "reference", "gpu", "browser", "docs", "notebook", "mpi")}
    for item in items:
        for marker, reason in reasons.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def chromium_path():
    """The program of Chromium (tests that drive it are marked so)."""
    return browser()


@pytest.fixture
def reference():
    """The folder of the reference data (tests that use it are marked so)."""
    return Path(os.environ["NPNET_REFERENCE"])


@pytest.fixture
def server(monkeypatch):
    """A server on the loopback address (loopback.py), which asks no proxy."""
    from loopback import running
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with running() as server:
        yield server


@pytest.fixture
def without_winograd(monkeypatch):
    """For tests that ask for more digits than Winograd's convolution keeps."""
    if importlib.util.find_spec("npnet.fast"):                          # not where the book is tested alone
        monkeypatch.setattr("npnet.fast.winograd.LEAST", {})


@pytest.fixture(autouse=True)
def undisturbed():
    """Every test starts with no backend chosen and leaves none behind, nor a number of threads that a team chose.

    So do the fixtures of a file or of the whole run: what one of them chose was for itself.
    """
    unchoose()
    yield
    unchoose()
    machine = sys.modules.get("npnet.parallel.machine")
    if machine and machine.ours:
        machine.ours = machine.threads.by_use = None
        machine.threads.count.cache_clear()


def nothing_drawn(layer, rng, shape, fan_in, outputs, dtype):
    """In place of layers.initial: arrays of the same shapes that take no memory, as all their numbers are one 0."""
    return np.broadcast_to(np.zeros((), dtype), shape), np.broadcast_to(np.zeros((), dtype), outputs)


@pytest.fixture
def weightless(monkeypatch):
    """For tests that ask a network for its shapes and counts: AlexNet's 60 million weights are not drawn."""
    monkeypatch.setattr("npnet.layers.initial", nothing_drawn)


@pytest.fixture(params=BACKENDS)
def backend(request):
    """Each backend in turn, chosen."""
    if request.param == "numba" and not importlib.util.find_spec("npnet.fast"):
        pytest.skip("the numba row needs npnet.fast, which this copy does not have")
    npnet.use(request.param)
    return request.param


@pytest.fixture
def random():
    """Random numbers, the same in every run."""
    return np.random.default_rng(0)


@pytest.fixture
def quarters(random):
    """quarters(shape, dtype) draws multiples of 1/4, on which sums of products are exact in any order."""
    return lambda *shape, dtype=np.float64: (random.integers(-8, 9, shape) / 4).astype(dtype)
