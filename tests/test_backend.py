"""The table of backends: choosing, missing packages, blocks, folders; and the hot texts' threads."""
import gc
import importlib.util
import inspect
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
import weakref
from contextlib import nullcontext
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


@WITH_FAST
class TestThreads:
    @pytest.fixture
    def threads(self, monkeypatch):
        from npnet.fast import threads
        monkeypatch.setattr(threads, "count", lambda: 3)
        return threads

    def test_pieces_cover_everything_once_and_in_order(self, threads):
        for total in (1, 2, 3, 4, 7, 100):
            pieces = threads.spread(lambda first, last: list(range(first, last)), total)

            assert [number for piece in pieces for number in piece] == list(range(total))
            assert len(pieces) == min(3, total)

    def test_runs_on_several_threads(self, threads):
        meeting = threading.Barrier(3, timeout=10)

        assert len(set(threads.spread(lambda first, last: [meeting.wait(), threading.get_ident()][1], 3))) == 3

    def test_nothing_waits_for_a_thread_that_could_not_be_started(self, threads, monkeypatch):
        def none_left(thread):
            raise RuntimeError("can't start new thread")
        monkeypatch.setattr(threads, "pool", threads.Pool())
        monkeypatch.setattr(threading.Thread, "start", none_left)

        assert threads.spread(lambda first, last: [first, last], 7) == [[0, 2], [2, 4], [4, 7]]
        assert threads.pool.works.empty()

    def test_a_spread_within_a_piece_runs_there(self, threads):
        def task(first, last):
            inner = threads.spread(lambda first, last: (first, last, threading.get_ident()), 5)
            return [piece[:2] for piece in inner], {piece[2] for piece in inner} == {threading.get_ident()}

        assert threads.spread(task, 3) == [([(0, 1), (1, 3), (3, 5)], True)] * 3
        meeting = threading.Barrier(3, timeout=10)                      # and afterwards they are spread again
        assert threads.spread(lambda first, last: meeting.wait() >= 0, 3) == [True] * 3

    def test_several_python_threads_at_once(self, threads):
        """As many as come, each with pieces of its own; nobody waits for ever."""
        def ask(number):
            for _ in range(100):
                wrong.extend(total for total in (1, 2, 5)
                             if sum(threads.spread(lambda first, last: (last - first) * number, total)) != total * number)

        before, wrong = [number() for number, _ in threads.handles()], []
        asking = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join(60)

        assert not wrong and not any(thread.is_alive() for thread in asking)
        assert [number() for number, _ in threads.handles()] == before

    def test_errstate_of_the_caller_in_all_pieces(self, threads):
        def task(first, last):
            np.array(1.0) / np.array(0.0)

        with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
            threads.spread(lambda first, last: first and task(first, last), 3)
        with np.errstate(divide="ignore"):
            assert threads.spread(task, 3) == [None] * 3

    def test_the_first_piece_that_failed_is_the_error(self, threads):
        def task(first, last):
            time.sleep(0.02 * (3 - first))
            if first:
                raise ValueError(str(first))

        for _ in range(3):
            with pytest.raises(ValueError, match="^1$"):
                threads.spread(task, 3)

    def test_no_array_stays_for_its_sake(self, threads):
        """Neither after an answer nor after an error; no circle that only the garbage collector would find."""
        for fails in (False, True):
            array = np.ones(3)
            gone = weakref.ref(array)

            def task(first, last, array=array):
                time.sleep(0.01)
                return {}[first] if fails else array.sum()
            gc.disable()
            try:
                with pytest.raises(KeyError) if fails else nullcontext():
                    threads.spread(task, 3)
                del task, array
                until = time.time() + 5
                while gone() is not None and time.time() < until:       # the others have to come back to their queue
                    time.sleep(0.01)
                assert gone() is None
            finally:
                gc.enable()

    @pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers")
    @pytest.mark.parametrize("first", [0, 0.3])
    def test_ctrl_c_comes_when_all_pieces_have_ended(self, threads, first):
        """Whether it comes while the caller waits, or works itself."""
        ended, before = [], [number() for number, _ in threads.handles()]
        meeting = threading.Barrier(3, timeout=10)

        def task(number, last):
            meeting.wait()
            time.sleep(0.3 if number else first)
            ended.append(number)

        def stop(number, frame):
            raise KeyboardInterrupt

        old = signal.signal(signal.SIGALRM, stop)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(KeyboardInterrupt):
                threads.spread(task, 3)
        finally:
            signal.signal(signal.SIGALRM, old)
        assert {1, 2} <= set(ended)
        assert [number() for number, _ in threads.handles()] == before

    def test_ctrl_c_between_two_lines_leaves_no_limit_standing(self, threads, monkeypatch):
        """The next who holds BLAS finds it limited, and lifts it when it leaves."""
        before, real = [number() for number, _ in threads.handles()], threads.limit
        hold = threads.Hold()

        def stopped(numbers):
            if numbers == before:
                raise KeyboardInterrupt
            real(numbers)

        monkeypatch.setattr(threads, "limit", stopped)
        with pytest.raises(KeyboardInterrupt), hold():
            pass
        monkeypatch.setattr(threads, "limit", real)
        with hold():
            assert {number() for number, _ in threads.handles()} == {1}
        assert [number() for number, _ in threads.handles()] == before

    @pytest.mark.parametrize("warm", ["", "work()"])
    def test_while_python_ends(self, warm):
        """Also when no pool was there before: some versions of Python start no threads then."""
        printed = python(f"""if True:
            import atexit
            from npnet.fast.threads import spread
            def work():
                print(spread(lambda first, last: last - first, 5))
            {warm}
            atexit.register(work)""", NPNET_THREADS="2")

        assert printed.split("\n") == ["[2, 3]"] * (2 if warm else 1)

    def test_blas_is_held_to_one_thread_meanwhile_and_let_go(self, threads):
        def limits():
            return [library["num_threads"] for library in threads.blas().info()]

        before = limits()
        inside = threads.spread(lambda first, last: limits(), 3)

        assert inside == [[1] * len(before)] * 3
        assert limits() == before

    @pytest.mark.parametrize("images, units, held", [(2, 64, True), (1, 64, False), (40, 64, False)])
    def test_small_dense_products_are_kept_from_the_threads_of_blas(self, threads, monkeypatch, images, units, held):
        from npnet.fast import dense
        monkeypatch.setattr(dense, "SMALL", 40 * 32 * units)
        before, inside = [library["num_threads"] for library in threads.blas().info()], []
        for name in ("dense_forward", "dense_backward"):
            monkeypatch.setattr(dense.chapter, name, lambda *arrays: inside.append(
                [library["num_threads"] for library in threads.blas().info()]))
        x, w = np.zeros((images, 32)), np.zeros((32, units))

        dense.dense_forward(x, w, np.zeros(units))
        dense.dense_backward(np.zeros((images, units)), x, w)

        assert inside == [[1] * len(before) if held else before] * 2
        assert [library["num_threads"] for library in threads.blas().info()] == before

    def test_let_go_after_an_error_too(self, threads):
        before = [library["num_threads"] for library in threads.blas().info()]
        with pytest.raises(ZeroDivisionError):
            threads.spread(lambda first, last: 1 / first, 3)

        assert [library["num_threads"] for library in threads.blas().info()] == before

    def test_the_other_pieces_end_before_blas_is_let_go(self, threads):
        seen = []

        def task(first, last):
            if first == 0:
                raise ZeroDivisionError
            time.sleep(0.1)
            seen.append([library["num_threads"] for library in threads.blas().info()])

        with pytest.raises(ZeroDivisionError):
            threads.spread(task, 3)

        assert seen == [[1] * len(threads.blas().info())] * 2

    def test_the_same_bits_every_time(self, threads, random):
        npnet.use("numba")
        x, w = random.standard_normal((7, 4, 12, 11)).astype("f"), random.standard_normal((6, 4, 3, 3)).astype("f")
        dy = random.standard_normal((7, 6, 10, 9)).astype("f")
        first = ops.conv2d_backward(dy, x, w, 1, 0, 1)

        for _ in range(3):
            for one, other in zip(first, ops.conv2d_backward(dy, x, w, 1, 0, 1)):
                np.testing.assert_array_equal(one, other)

    @pytest.mark.parametrize("order", ["main", "other", "main other", "other main", "main other other main", "nested"])
    def test_blas_is_held_from_any_thread_in_any_order(self, order):
        """threadpoolctl lets one thread set the limit and silently does nothing for others."""
        printed = python(f"""if True:
            import threading
            import numpy as np
            from npnet.fast import threads
            np.ones((2, 2)) @ np.ones((2, 2))
            def numbers():
                return [library["num_threads"] for library in threads.blas().info()]
            def hold(inner=None):
                with threads.single_blas():
                    held = numbers()
                    if inner:
                        inner()
                assert set(held) == {{1}}, held
            def other(inner=None):
                failed = []
                thread = threading.Thread(target=lambda: failed.append(hold(inner)))
                thread.start(), thread.join()
                assert failed == [None]
            threads.limit([2] * len(numbers()))
            for name in {order.split()!r}:
                dict(main=hold, other=other, nested=lambda: other(lambda: other(hold)))[name]()
                assert set(numbers()) == {{2}}, numbers()
            print("held")""")

        assert printed == "held"

    def test_the_same_bits_whichever_thread_came_first(self):
        code = """if True:
            import sys, threading
            import numpy as np, npnet
            npnet.use("numba")
            random = np.random.default_rng(0)
            x, labels = random.standard_normal((8, 3, 20, 20)).astype("f"), random.integers(0, 5, 8)
            net = npnet.Network((3, 20, 20), conv1=npnet.Conv2D(16, 5, init="he"), relu1=npnet.ReLU(), flatten=npnet.Flatten(),
                                fc2=npnet.Dense(64, init="he"), relu2=npnet.ReLU(), fc3=npnet.Dense(5, init="he"))
            def work():
                dx = net.backward(net.forward(x))
                return hash(b"".join([dx.tobytes(), *(g.tobytes() for g in net.grads().values())]))
            def other():
                seen = []
                thread = threading.Thread(target=lambda: seen.append(work()))
                thread.start(), thread.join()
                return seen[0]
            print(*[dict(main=work, other=other)[name]() for name in sys.argv[1].split()])"""
        bits = set()
        for order in ("main other main", "other main other"):
            bits |= set(python(code.replace("sys.argv[1]", repr(order)), PYTHONHASHSEED="0", NPNET_THREADS="2").split())

        assert len(bits) == 1

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
    def test_a_fork_while_another_thread_computes(self):
        """The child must not wait for a lock that a thread has which was not copied, and its BLAS must be let go."""
        printed = python("""if True:
            import os, signal, threading, warnings
            import numpy as np
            from npnet.fast import threads
            warnings.simplefilter("ignore")
            before, going = [library["num_threads"] for library in threads.blas().info()], True
            def compute():
                while going:
                    with threads.single_blas():
                        pass
            threads.spread(lambda first, last: None, 2)
            others = [threading.Thread(target=compute, daemon=True) for _ in range(2)]
            for thread in others:
                thread.start()
            codes = []
            for _ in range(60):
                child = os.fork()
                if child == 0:
                    signal.alarm(10)
                    meeting = threading.Barrier(2, timeout=5)                   # it has threads of its own
                    ok = threads.spread(lambda first, last: last - first if meeting.wait() >= 0 else 0, 5)
                    after = [library["num_threads"] for library in threads.blas().info()]
                    os._exit(0 if sum(ok) == 5 and after == before else 1)
                codes.append(os.waitpid(child, 0)[1])
            going = False
            print(set(codes))""", NPNET_THREADS="2")

        assert printed == "{0}"

    def test_one_thread_where_blas_cannot_be_held_and_by_environment(self, chosen, monkeypatch):
        from npnet.fast import threads
        monkeypatch.setattr(threads, "by_environment", threads.asked("5"))
        assert threads.setting() == (5, "NPNET_THREADS")
        for wrong in ("two", "0", "-1", "1.5"):
            with pytest.raises(ValueError, match=f"NPNET_THREADS must be a whole number of at least 1, got '{wrong}'"):
                threads.asked(wrong)
        monkeypatch.setattr(threads, "blas", lambda: type("None", (), {"lib_controllers": []}))
        assert threads.setting()[0] == 1
        with pytest.warns(UserWarning, match="threads=2 is not possible: NumPy's BLAS cannot be held to one thread"):
            npnet.use("numba", threads=2)

    @pytest.fixture
    def chosen(self, monkeypatch):
        """How many threads the pool's next work has, after npnet.use has said it."""
        from npnet.fast import threads
        monkeypatch.setattr(threads, "by_use", None)
        threads.count.cache_clear()
        yield lambda: len(threads.spread(lambda first, last: None, 100))
        threads.count.cache_clear()

    def test_use_sets_their_number_at_once(self, chosen, monkeypatch):
        from npnet.fast import threads
        before = chosen()
        for number in (3, 1, 5, 2):
            npnet.use("numba", threads=number)
            assert chosen() == number and threads.setting() == (number, "npnet.use")
        npnet.use("numpy")
        npnet.use("numba")
        assert chosen() == 2                                    # it stays until it is set again
        monkeypatch.setattr(threads, "by_use", None)
        threads.count.cache_clear()
        assert chosen() == before

    @pytest.mark.parametrize("wrong", [0, -1, True, "two", 1.5])
    def test_use_refuses_other_numbers(self, chosen, wrong):
        before = npnet.backend.ops.name, chosen()
        with pytest.raises(ValueError, match=f"^threads must be a whole number of at least 1, got {wrong!r}$"):
            npnet.use("numba", threads=wrong)
        with pytest.raises(ValueError, match="^threads=2 is for the backend numba, .*; backend numpy has none: leave it out$"):
            npnet.use("numpy", threads=2)
        assert (npnet.backend.ops.name, chosen()) == before

    def test_the_same_bits_for_a_number_whatever_came_before(self, chosen, random):
        x, w = random.standard_normal((7, 4, 12, 11)).astype("f"), random.standard_normal((6, 4, 3, 3)).astype("f")
        dy, seen = random.standard_normal((7, 6, 10, 9)).astype("f"), {}
        for number in (1, 2, 3, 2, 1, 3):
            npnet.use("numba", threads=number)
            seen.setdefault(number, set()).add(ops.conv2d_backward(dy, x, w, 1, 0, 1)[1].tobytes())
        assert [len(bits) for bits in seen.values()] == [1, 1, 1]

    @pytest.mark.long
    @pytest.mark.torch
    @pytest.mark.parametrize("order", ["npnet torch npnet", "torch npnet torch npnet"])
    def test_the_same_bits_before_and_after_torch(self, order):
        """Which has a pool and a BLAS of its own, whichever is imported and computes first; and neither waits for ever."""
        bits = python(f"""if True:
            import numpy as np
            def npnet():
                import npnet
                npnet.use("numba")
                random = np.random.default_rng(0)
                x, w = random.standard_normal((8, 4, 20, 20)).astype("f"), random.standard_normal((6, 4, 3, 3)).astype("f")
                dy = random.standard_normal((8, 6, 18, 18)).astype("f")
                for _ in range(3):
                    dx, dw, db = npnet.backend.ops.conv2d_backward(dy, x, w, 1, 0, 1)
                import hashlib
                print(hashlib.sha256(dx.tobytes() + dw.tobytes() + db.tobytes()).hexdigest())
            def torch():
                import torch
                layer = torch.nn.Conv2d(4, 6, 3)
                for _ in range(3):
                    layer(torch.ones(8, 4, 20, 20)).sum().backward()
                assert torch.ones(300, 300) @ torch.ones(300, 300) is not None
            for name in {order.split()!r}:
                dict(npnet=npnet, torch=torch)[name]()""", NPNET_THREADS="2").split()
        alone = python("""if True:
            import hashlib, npnet
            import numpy as np
            npnet.use("numba")
            random = np.random.default_rng(0)
            x, w = random.standard_normal((8, 4, 20, 20)).astype("f"), random.standard_normal((6, 4, 3, 3)).astype("f")
            dy = random.standard_normal((8, 6, 18, 18)).astype("f")
            print(hashlib.sha256(b"".join(d.tobytes() for d in npnet.backend.ops.conv2d_backward(dy, x, w, 1, 0, 1))).hexdigest())""",
                       NPNET_THREADS="2")

        assert set(bits) == {alone} and len(bits) == 2
