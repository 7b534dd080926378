"""The table of backends: choosing, missing packages, blocks, folders, kernels."""
import importlib.util
import inspect
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import npnet
from npnet import backend as backends
from npnet import ops as chapters
from npnet.backend import OPERATIONS, ops

WITH_FAST = pytest.mark.skipif(not importlib.util.find_spec("npnet.fast"), reason="needs npnet.fast")


def python(code, **environment):
    """What a fresh Python prints for this code, run beside the package under test."""
    path = str(Path(npnet.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": path, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip() + done.stderr.strip()


def test_every_operation_has_both_texts():
    for name in OPERATIONS:
        assert callable(getattr(chapters, name))
        assert callable(getattr(chapters, f"{name}_loops"))


def test_both_texts_take_the_same_arguments():
    for name in OPERATIONS:
        array, loops = (inspect.signature(getattr(chapters, key)) for key in (name, f"{name}_loops"))
        assert list(array.parameters) == list(loops.parameters)
        assert [p.default for p in array.parameters.values()] == [p.default for p in loops.parameters.values()]


@WITH_FAST
def test_hot_texts_take_the_chapters_arguments():
    npnet.use("numba")
    for name, where in backends.numba_row().items():
        if isinstance(where, str) and ":" in where:
            assert list(inspect.signature(getattr(ops, name).__wrapped__).parameters) == list(
                inspect.signature(getattr(chapters, name)).parameters)


def test_loops_texts_call_nothing_of_ours_and_no_product():
    """numba could not compile them, and its cache would not notice a change in what they call."""
    ours = {name for name in dir(chapters) if callable(getattr(chapters, name))}
    for name in OPERATIONS:
        code = getattr(chapters, f"{name}_loops").__code__
        assert not ours & set(code.co_names), name
        assert "@" not in inspect.getsource(getattr(chapters, f"{name}_loops")), name


def test_use_puts_the_very_function_into_the_namespace(backend):
    assert ops.name == backend
    if backend == "loops":
        assert ops.conv2d_forward is chapters.conv2d_forward_loops
    else:
        assert ops.im2col is not chapters.im2col_loops and ops.softmax_forward is chapters.softmax_forward


def test_two_frames_from_a_layer_to_the_chapter(monkeypatch):
    """Stepping into net["conv1"].forward(x) is in the chapter after at most two frames."""
    depth = []

    def watched(*arguments):
        depth.append(len(inspect.stack()))
        return chapters.conv2d_forward(*arguments)

    backends.BACKENDS["watched"] = lambda: {**backends.NUMPY, "conv2d_forward": backends.forward_in_blocks(watched)}
    npnet.use("watched")
    net = npnet.Network((1, 4, 4), conv1=npnet.Conv2D(1, 3))
    net["conv1"].forward(np.zeros((1, 1, 4, 4), np.float32))
    del backends.BACKENDS["watched"]

    assert depth == [len(inspect.stack()) + 3]                          # layer, in_blocks, this text


def test_a_row_of_ones_own():
    def mine(x):
        return x * 0 + 7

    backends.BACKENDS["mine"] = lambda: {**backends.NUMPY, "relu_forward": mine}
    npnet.use("mine")
    y = npnet.Network((2,), relu1=npnet.ReLU()).forward(np.zeros((1, 2), np.float32))
    del backends.BACKENDS["mine"]

    assert y.tolist() == [[7, 7]]


def test_a_row_with_a_slip_of_the_pen(monkeypatch):
    before = dict(vars(ops))
    monkeypatch.setitem(backends.BACKENDS, "mine", lambda: {**backends.NUMPY, "conv2d_foward": print})
    with pytest.raises(ValueError, match="backend mine has an operation 'conv2d_foward', .*did you mean conv2d_forward?"):
        npnet.use("mine")
    assert vars(ops) == before


def test_a_row_that_lacks_operations_is_filled_from_numpy(monkeypatch):
    monkeypatch.setitem(backends.BACKENDS, "mine", lambda: {"relu_forward": abs})
    npnet.use("loops")
    npnet.use("mine")

    assert ops.relu_forward is abs and ops.relu_backward is chapters.relu_backward


def test_unknown_backend():
    with pytest.raises(ValueError, match="backend must be one of loops, numpy, numba, cupy, got 'jax'"):
        npnet.use("jax")


@pytest.mark.skipif(bool(importlib.util.find_spec("cupy")), reason="CuPy is installed")
def test_cupy_missing():
    with pytest.raises(ImportError, match=r"backend cupy needs the package cupy, which does not import .*extra cuda12"):
        npnet.use("cupy")


def test_numba_missing(monkeypatch):
    kernels = pytest.importorskip("npnet.fast.kernels")
    monkeypatch.setitem(sys.modules, "numba", None)
    kernels.jit.cache_clear()
    with pytest.raises(ImportError, match="backend numba needs the package numba, which does not import .*pip install"):
        npnet.use("numba")


def test_a_backend_that_failed_leaves_the_old_one():
    npnet.use("loops")
    with pytest.raises(ValueError):
        npnet.use("none")

    assert ops.name == "loops"
    assert ops.relu_forward is chapters.relu_forward_loops


class TestDefault:
    SHOW = "import npnet; npnet.Network((2,), relu1=npnet.ReLU()); print(npnet.backend.ops.name)"

    @WITH_FAST
    def test_numba_where_it_is(self):
        assert python(self.SHOW, NPNET_BACKEND="") == "numba"

    def test_by_environment(self):
        assert python(self.SHOW, NPNET_BACKEND="loops") == "loops"

    def test_use_comes_before(self):
        assert python("import npnet; npnet.use('loops');" + self.SHOW, NPNET_BACKEND="numpy") == "loops"

    def test_numpy_where_numba_is_not(self):
        code = "import sys, importlib.util as u; f = u.find_spec; import npnet.backend as b; " \
               "b.find_spec = lambda n: None if n == 'numba' else f(n); " + self.SHOW
        assert python(code, NPNET_BACKEND="") == "numpy"

    @WITH_FAST
    def test_a_numba_that_is_found_but_broken_warns_once(self):
        code = "import sys; sys.modules['numba'] = None; import npnet.backend as b; b.find_spec = lambda n: True; " \
               + self.SHOW + "; npnet.Network((2,), relu1=npnet.ReLU())"
        printed = python(code, NPNET_BACKEND="")

        assert printed.startswith("numpy")
        assert printed.count("UserWarning: numba is installed but does not work") == 1
        assert "npnet goes on with numpy, which is slower" in printed

    def test_importing_npnet_chooses_nothing_and_is_light(self):
        heavy = "numba matplotlib cupy torch rich PIL threadpoolctl"
        code = f"import npnet, npnet.models, sys; print(npnet.backend.ops.name, [m for m in '{heavy}'.split() if m in sys.modules])"
        assert python(code) == "None []"


class TestFolders:
    def test_home(self, monkeypatch, tmp_path):
        monkeypatch.setenv("NPNET_HOME", str(tmp_path / "here"))
        assert backends.home() == tmp_path / "here"
        monkeypatch.delenv("NPNET_HOME")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.setattr(sys, "platform", "linux")
        assert backends.home() == tmp_path / "npnet"
        monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
        monkeypatch.setattr(sys, "platform", "win32")
        assert backends.home() == tmp_path / "local" / "npnet"
        monkeypatch.setattr(sys, "platform", "darwin")
        assert backends.home().parts[-3:] == ("Library", "Caches", "npnet")


@WITH_FAST
class TestKernels:
    """Compiled texts are kept, and no file that was damaged is believed."""

    X = np.array([-1, 2], np.float32)

    @pytest.fixture
    def folder(self, monkeypatch, tmp_path):
        from npnet.fast import kernels
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kept"))
        yield tmp_path / "kept"
        kernels.jit.cache_clear()

    def fresh(self):
        """What the first call of a process gives."""
        from npnet.fast import kernels
        kernels.jit.cache_clear()
        return kernels.jit(chapters.relu_forward_loops)(self.X).tolist()

    def test_are_compiled_once_and_the_users_own_folder_stays(self, folder, monkeypatch):
        import numba
        monkeypatch.setattr(numba.config, "CACHE_DIR", "mine")
        npnet.use("numba")
        first = ops.relu_forward.__wrapped__
        npnet.use("numba")

        assert ops.relu_forward.__wrapped__ is first
        assert numba.config.CACHE_DIR == "mine"

    @pytest.mark.parametrize("damage", [lambda d: b"", lambda d: d[:7], lambda d: d[:len(d) // 2], lambda d: d + b"x",
                                        lambda d: d[:len(d) // 2] + bytes([d[len(d) // 2] ^ 1]) + d[len(d) // 2 + 1:]])
    def test_a_damaged_file_is_compiled_again_and_replaced(self, folder, damage):
        assert self.fresh() == [0, 2]
        file, = folder.glob("*.nbc")
        file.write_bytes(damage(file.read_bytes()))
        with pytest.warns(UserWarning, match=r"^the compiled kernel .*relu_forward.*nbc cannot be used \(.*\); it is compiled"):
            assert self.fresh() == [0, 2]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert self.fresh() == [0, 2]
        assert list(folder.iterdir()) == [file]

    def test_another_text_has_another_file(self, folder, monkeypatch):
        from npnet.fast import kernels
        self.fresh()
        monkeypatch.setattr(kernels.Path, "read_bytes", lambda path: b"changed" if path.suffix == ".py" else path.open("rb").read())
        self.fresh()

        assert len(list(folder.glob("*.nbc"))) == 2

    def test_a_full_disk(self, folder, monkeypatch):
        from npnet.fast import kernels

        def full(path, data):
            path.touch()
            raise OSError(28, "No space left on device")
        monkeypatch.setattr(kernels.Path, "write_bytes", full)
        with pytest.warns(UserWarning, match=r"cannot be kept in .*kept \(No space left on device\), so every process comp"):
            assert self.fresh() == [0, 2]
        assert list(folder.iterdir()) == []

    def test_no_folder(self, folder):
        folder.write_text("a file")
        with pytest.warns(UserWarning, match="compiled kernels cannot be kept in .*; make room there, or set NPNET_HOME"):
            assert self.fresh() == [0, 2]

    def test_from_one_process_to_the_next(self, tmp_path):
        code = "import numpy as np, npnet; npnet.use('numba'); print(npnet.backend.ops.relu_forward(np.ones(1)))"
        before = None
        for _ in range(2):
            assert python(code, NPNET_HOME=str(tmp_path / "home"), NUMBA_CACHE_DIR="") == "[1.]"
            file, = (tmp_path / "home" / "kernels").rglob("*.nbc")
            assert before in (None, file.stat().st_mtime_ns)
            before = file.stat().st_mtime_ns
