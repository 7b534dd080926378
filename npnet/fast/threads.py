"""One pool of threads of our own, and BLAS held to one thread while it works.

NumPy's BLAS has a pool too. If both were awake, they would take the processors from each other, so
while ours works, BLAS is held to one thread: the product of each piece of work runs where the piece
runs. The limit counts for the whole process (for one thread alone only where BLAS borrows OpenMP's
threads), hence the lock that counts who wants it. Pieces are cut by number, not by who is free, and
sums are added in order: the same number of threads gives the same bits, from whichever Python thread
and in whatever order they are asked for, and in a forked child too.
"""
import contextvars
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
        self.lock, self.users, self.before = threading.Lock(), 0, []

    @contextmanager
    def __call__(self):
        with self.lock:
            self.users += 1
            if self.users == 1:
                self.before = [library.num_threads for library in blas().lib_controllers]
                limit([1] * len(self.before))
        try:
            yield
        finally:
            with self.lock:
                self.users -= 1
                if self.users == 0:
                    limit(self.before)

    def renew(self):
        """In a forked child, none of those who held BLAS is there."""
        self.lock = threading.Lock()
        if self.users:
            self.users = 0
            limit(self.before)


def limit(numbers):
    """Gives every BLAS its number of threads. threadpoolctl obeys one Python thread alone until that lets go."""
    for library, number in zip(blas().lib_controllers, numbers):
        let_go = getattr(library, "clear_controlling_thread", lambda force: None)
        let_go(force=True)
        library.set_num_threads(number)
        let_go(force=True)


single_blas = Hold()
if hasattr(os, "register_at_fork"):             # the lock is ours while the process is copied: nobody else is halfway
    os.register_at_fork(before=lambda: single_blas.lock.acquire(), after_in_child=single_blas.renew,
                        after_in_parent=lambda: single_blas.lock.release())


def spread(task, total):
    """task(first, last) for pieces that together are 0..total, one per thread; their results in order."""
    pieces = min(count(), total)
    if pieces < 2:
        return [task(0, total)]
    cuts = [total * piece // pieces for piece in range(pieces + 1)]
    with single_blas():
        others = [pool(os.getpid()).submit(contextvars.copy_context().run, task, *cut)          # with its np.errstate
                  for cut in zip(cuts[1:-1], cuts[2:])]
        try:
            first = task(cuts[0], cuts[1])
        finally:
            wait(others)                                    # none goes on alone when BLAS is let go
        return [first] + [other.result() for other in others]
