"""One pool of threads of our own, and BLAS held to one thread while it works.

NumPy's BLAS has a pool too. If both were awake, they would take the processors from each other, so
while ours works, BLAS is held to one thread: the product of each piece of work runs where the piece
runs. The limit counts for the whole process, hence the lock that counts who wants it. Pieces are cut
by number, not by who is free, and sums are added in order: the same threads give the same bits.
"""
import functools
import os
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController


@functools.cache
def blas():
    """The controller of the BLAS that NumPy loaded; empty where it cannot be held (Accelerate)."""
    return ThreadpoolController().select(user_api="blas")


def asked(wanted):
    """The number of threads in NPNET_THREADS, or None. Raises ValueError unless it is a whole one of at least 1."""
    if wanted and (not wanted.isdecimal() or int(wanted) < 1):
        raise ValueError(f"NPNET_THREADS must be a whole number of at least 1, got {wanted!r}")
    return int(wanted) if wanted else None


ASKED = asked(os.environ.get("NPNET_THREADS"))              # said when a backend is chosen, not in its first step


@functools.cache
def count():
    """How many threads work: NPNET_THREADS, else the processors we may use; 1 where BLAS cannot be held."""
    if not blas().lib_controllers:
        return 1
    if ASKED:
        return ASKED
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def pool(process):
    """The pool of a process; a forked child, whose copy of it has no threads, gets one of its own."""
    return ThreadPoolExecutor(count(), thread_name_prefix="npnet")


class Hold:
    """Holds BLAS to one thread from the first who enters to the last who leaves."""

    def __init__(self):
        self.lock, self.users, self.limit = threading.Lock(), 0, None

    @contextmanager
    def __call__(self):
        with self.lock:
            self.users += 1
            if self.users == 1:
                self.limit = blas().limit(limits=1)
        try:
            yield
        finally:
            with self.lock:
                self.users -= 1
                if self.users == 0:
                    self.limit.restore_original_limits()


single_blas = Hold()


def spread(task, total):
    """task(first, last) for pieces that together are 0..total, one per thread; their results in order."""
    pieces = min(count(), total)
    if pieces < 2:
        return [task(0, total)]
    cuts = [total * piece // pieces for piece in range(pieces + 1)]
    with single_blas():
        others = [pool(os.getpid()).submit(task, *cut) for cut in zip(cuts[1:-1], cuts[2:])]
        try:
            first = task(cuts[0], cuts[1])
        finally:
            wait(others)                                    # none goes on alone when BLAS is let go
        return [first] + [other.result() for other in others]
