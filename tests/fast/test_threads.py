"""The threads: pieces, errors, Ctrl-C, forks, how many; and BLAS held while they work."""
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import weakref
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

import npnet
from npnet.backend import ops


def python(code, **environment):
    """What a fresh Python prints for this code, run beside the package under test."""
    path = str(Path(npnet.__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": path, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip() + done.stderr.strip()


@pytest.fixture(autouse=True)
def blas_has_threads(monkeypatch):
    """Which conftest.py holds to one, here and in what is started from here."""
    from npnet.fast import threads
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "2")
    before = [number() for number, _ in threads.handles()]
    threads.limit([2] * len(before))
    yield
    threads.limit(before)


@pytest.fixture
def threads(monkeypatch):
    from npnet.fast import threads
    monkeypatch.setattr(threads, "count", lambda: 3)
    return threads


def test_pieces_cover_everything_once_and_in_order(threads):
    for total in (1, 2, 3, 4, 7, 100):
        pieces = threads.spread(lambda first, last: list(range(first, last)), total)

        assert [number for piece in pieces for number in piece] == list(range(total))
        assert len(pieces) == min(3, total)


def test_runs_on_several_threads(threads):
    meeting = threading.Barrier(3, timeout=10)

    assert len(set(threads.spread(lambda first, last: [meeting.wait(), threading.get_ident()][1], 3))) == 3


def test_nothing_waits_for_a_thread_that_could_not_be_started(threads, monkeypatch):
    def none_left(thread):
        raise RuntimeError("can't start new thread")
    monkeypatch.setattr(threads, "pool", threads.Pool())
    monkeypatch.setattr(threading.Thread, "start", none_left)

    assert threads.spread(lambda first, last: [first, last], 7) == [[0, 2], [2, 4], [4, 7]]
    assert threads.pool.works.empty()


def test_a_spread_within_a_piece_runs_there(threads):
    def task(first, last):
        inner = threads.spread(lambda first, last: (first, last, threading.get_ident()), 5)
        return [piece[:2] for piece in inner], {piece[2] for piece in inner} == {threading.get_ident()}

    assert threads.spread(task, 3) == [([(0, 1), (1, 3), (3, 5)], True)] * 3
    assert threads.spread(lambda first, last: threads.spread(lambda *piece: [time.sleep(0.01), threading.get_ident()][1], 3),
                          1) == [[threading.get_ident()] * 3]           # also when the others have nothing to do
    meeting = threading.Barrier(3, timeout=10)                      # and afterwards they are spread again
    assert threads.spread(lambda first, last: meeting.wait() >= 0, 3) == [True] * 3


def test_several_python_threads_at_once(threads):
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


def test_errstate_of_the_caller_in_all_pieces(threads):
    meeting = threading.Barrier(3, timeout=10)

    def task(first, last):
        meeting.wait()                                                  # so that each thread has one
        np.array(1.0) / np.array(0.0 if first else 1.0)

    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        threads.spread(task, 3)
    with np.errstate(divide="ignore"):
        assert threads.spread(task, 3) == [None] * 3


def test_what_nobody_has_begun_when_ctrl_c_comes_never_begins(threads, monkeypatch):
    def stopped(context):
        raise KeyboardInterrupt
    monkeypatch.setattr(threads.pool, "offer", lambda work, helpers: None)
    work = threads.Work(lambda first, last: None, 3, 3)
    work.run = stopped
    with pytest.raises(KeyboardInterrupt):
        threads.shared(work)
    assert list(work.waiting) == []


def test_the_first_piece_that_failed_is_the_error(threads):
    def task(first, last):
        time.sleep(0.02 * (3 - first))
        if first:
            raise ValueError(str(first))

    for _ in range(3):
        with pytest.raises(ValueError, match="^1$"):
            threads.spread(task, 3)


def test_no_array_stays_for_its_sake(threads):
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
def test_ctrl_c_comes_when_all_pieces_have_ended(threads, first):
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


def test_ctrl_c_between_two_lines_leaves_no_limit_standing(threads, monkeypatch):
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
def test_while_python_ends(warm):
    """Also when no pool was there before: some versions of Python start no threads then."""
    printed = python(f"""if True:
        import atexit
        from npnet.fast.threads import spread
        def work():
            print(spread(lambda first, last: last - first, 5))
        {warm}
        atexit.register(work)""", NPNET_THREADS="2")

    assert printed.split("\n") == ["[2, 3]"] * (2 if warm else 1)


def test_blas_is_held_to_one_thread_meanwhile_and_let_go(threads):
    def limits():
        return [library["num_threads"] for library in threads.blas().info()]

    before = limits()
    inside = threads.spread(lambda first, last: limits(), 3)

    assert inside == [[1] * len(before)] * 3
    assert limits() == before


@pytest.mark.parametrize("images, units", [(2, 64), (1, 64), (40, 64), (64, 8192)])
def test_dense_products_never_wake_the_threads_of_blas(threads, monkeypatch, images, units):
    """Small ones, which one thread makes, and large ones, which all share."""
    from npnet.fast import dense
    inside = []

    def product(*arrays, out=None):
        inside.append([library["num_threads"] for library in threads.blas().info()])
        return matmul(*arrays, out=out)

    matmul, before = np.matmul, [library["num_threads"] for library in threads.blas().info()]
    monkeypatch.setattr(np, "matmul", product)
    x, w = np.ones((images, 64)), np.ones((64, units))

    y = dense.dense_forward(x, w, np.zeros(units))
    dx, dw, db = dense.dense_backward(y, x, w)

    assert (y == 64).all() and (dx == 64 * units).all() and (dw == 64 * images).all()
    assert len(inside) >= 2 and inside == [[1] * len(before)] * len(inside)
    assert [library["num_threads"] for library in threads.blas().info()] == before


def test_let_go_after_an_error_too(threads):
    before = [library["num_threads"] for library in threads.blas().info()]
    with pytest.raises(ZeroDivisionError):
        threads.spread(lambda first, last: 1 / first, 3)

    assert [library["num_threads"] for library in threads.blas().info()] == before


def test_the_other_pieces_end_before_blas_is_let_go(threads):
    seen = []

    def task(first, last):
        if first == 0:
            raise ZeroDivisionError
        time.sleep(0.1)
        seen.append([library["num_threads"] for library in threads.blas().info()])

    with pytest.raises(ZeroDivisionError):
        threads.spread(task, 3)

    assert seen == [[1] * len(threads.blas().info())] * 2


def test_the_same_bits_every_time(threads, random):
    npnet.use("numba")
    x, w = random.standard_normal((7, 4, 12, 11)).astype("f"), random.standard_normal((6, 4, 3, 3)).astype("f")
    dy = random.standard_normal((7, 6, 10, 9)).astype("f")
    first = ops.conv2d_backward(dy, x, w, 1, 0, 1)

    for _ in range(3):
        for one, other in zip(first, ops.conv2d_backward(dy, x, w, 1, 0, 1)):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("order", ["main", "other", "main other", "other main", "main other other main", "nested"])
def test_blas_is_held_from_any_thread_in_any_order(order):
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
                held += numbers()                       # also when the inner one has let go
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


def test_the_same_bits_whichever_thread_came_first():
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
def test_a_fork_while_another_thread_computes():
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
            if codes[-1]:
                break                               # one that waits for ever is enough
        going = False
        print(set(codes))""", NPNET_THREADS="2")

    assert printed == "{0}"


def test_one_thread_where_blas_cannot_be_held_and_by_environment(chosen, monkeypatch):
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
def chosen(monkeypatch):
    """How many threads the pool's next work has, after npnet.use has said it."""
    from npnet.fast import threads
    monkeypatch.setattr(threads, "by_use", None)
    threads.count.cache_clear()
    yield lambda: len(threads.spread(lambda first, last: None, 100))
    threads.count.cache_clear()


def test_use_sets_their_number_at_once(chosen, monkeypatch):
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
def test_use_refuses_other_numbers(chosen, wrong):
    before = npnet.backend.ops.name, chosen()
    with pytest.raises(ValueError, match=f"^threads must be a whole number of at least 1, got {wrong!r}$"):
        npnet.use("numba", threads=wrong)
    with pytest.raises(ValueError, match="^threads=2 is for the backend numba, .*; backend numpy has none: leave it out$"):
        npnet.use("numpy", threads=2)
    assert (npnet.backend.ops.name, chosen()) == before


def test_the_same_bits_for_a_number_whatever_came_before(chosen, random):
    x, w = random.standard_normal((7, 4, 12, 11)).astype("f"), random.standard_normal((6, 4, 3, 3)).astype("f")
    dy, seen = random.standard_normal((7, 6, 10, 9)).astype("f"), {}
    for number in (1, 2, 3, 2, 1, 3):
        npnet.use("numba", threads=number)
        seen.setdefault(number, set()).add(ops.conv2d_backward(dy, x, w, 1, 0, 1)[1].tobytes())
    assert [len(bits) for bits in seen.values()] == [1, 1, 1]


@pytest.mark.long
@pytest.mark.torch
@pytest.mark.parametrize("order", ["npnet torch npnet", "torch npnet torch npnet"])
def test_the_same_bits_before_and_after_torch(order):
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
