"""One pool of threads of our own, and BLAS held to one thread while it works.

NumPy's BLAS has a pool too. If both were awake, they would take the processors from each other, so
while ours works, BLAS is held to one thread: the product of each piece of work runs where the piece
runs. The limit counts for the whole process (for one thread alone only where BLAS borrows OpenMP's
threads, so each of ours sets its own), hence the list of who wants it.

Pieces are cut by number, not by who is free, and sums are added in order: the same number of threads
gives the same bits, from whichever Python thread and in whatever order they are asked for, and in a
forked child too. Who runs a piece is left open. The caller runs the first, then whichever of the others
no thread has begun: waking a thread takes 10 microseconds or more, so what is smaller than that never
waits, and nothing waits for a thread that could not be started.
"""
import contextvars
import ctypes
import functools
import itertools
import os
import threading
import time
import warnings
from contextlib import contextmanager
from queue import SimpleQueue

import numpy  # noqa: F401 (the BLAS that it loads is looked for below)
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


by_environment = asked(os.environ.get("NPNET_THREADS"))     # said when a backend is chosen, not in its first step
by_use = None


@functools.cache
def count():
    """How many threads work."""
    return setting()[0]


def setting():
    """How many threads work, and who says so: use("numba", threads=...), else NPNET_THREADS, else the processors."""
    if not blas().lib_controllers:
        return 1, "NumPy's BLAS cannot be held to one thread, so npnet has no others"
    if by_use:
        return by_use, "npnet.use"
    if by_environment:
        return by_environment, "NPNET_THREADS"
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return usable, "the processors that this process may use"


def choose(number):
    """From the next operation on, so many threads work; those that are too many wait for ever, and cost nothing."""
    global by_use
    by_use = number
    count.cache_clear()
    if count() != number:
        warnings.warn(f"threads={number} is not possible: {setting()[1]}", stacklevel=3)


@functools.cache
def handles():
    """For each BLAS, the functions that read and set its number of threads.

    OpenBLAS's own are taken where they are found: threadpoolctl's cost three times as much, and those since
    version 3.7 obey the Python thread alone that came first, and silently no other.
    """
    pairs = []
    for library in blas().lib_controllers:
        pair = library.get_num_threads, library.set_num_threads
        if library.internal_api == "openblas" and library.threading_layer != "openmp":
            functions = ctypes.PyDLL(library.filepath)
            for form in ("openblas_{}_num_threads", "openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads",
                         "scipy_openblas_{}_num_threads64_"):
                if hasattr(functions, form.format("set")):
                    pair = getattr(functions, form.format("get")), getattr(functions, form.format("set"))
        pairs.append(pair)
    return pairs


def limit(numbers):
    """Gives every BLAS its number of threads."""
    for (_, set_number), number in zip(handles(), numbers):
        set_number(number)


class Hold:
    """Holds BLAS to one thread from the first who enters to the last who leaves.

    Ctrl-C may come between any two lines. So one who leaves need not have entered, and a limit that was
    left standing is lifted by the next who leaves.
    """

    def __init__(self):
        self.lock, self.users, self.before = threading.Lock(), set(), None

    @contextmanager
    def __call__(self):
        user = object()
        try:
            self.enter(user)
            yield
        finally:
            self.leave(user)

    def enter(self, user):
        with self.lock:
            self.users.add(user)
            if self.before is None:
                self.before = [number() for number, _ in handles()]
                limit([1] * len(self.before))

    def leave(self, user):
        with self.lock:
            self.users.discard(user)
            if not self.users and self.before is not None:
                limit(self.before)
                self.before = None

    def renew(self):
        """In a forked child, none of those who held BLAS is there."""
        self.lock = threading.Lock()
        self.users.clear()
        self.leave(None)


class Work:
    """A task in pieces. Each is run once, by whichever thread comes first, with the np.errstate of the caller."""

    def __init__(self, task, total, pieces):
        self.task, self.cuts = task, [total * piece // pieces for piece in range(pieces + 1)]
        self.waiting = iter(range(pieces))              # shared by the threads: each number comes out once
        self.results, self.errors, self.context = [None] * pieces, {}, contextvars.copy_context()
        self.ended, self.over, self.bell = itertools.count(1), False, threading.Lock()
        self.bell.acquire()                             # for the caller, who waits by acquiring it again
        self.offered, self.returned = 0, []             # how many threads were asked for help, which are done with it

    def run(self, context):
        """Runs pieces until none is waiting; True for the thread that ended the last one."""
        last = False
        try:
            inside.piece = True
            for piece in self.waiting:
                try:
                    self.results[piece] = context.run(self.task, self.cuts[piece], self.cuts[piece + 1])
                except BaseException as error:          # the caller raises it
                    self.errors[piece] = error
                if next(self.ended) == len(self.results):
                    self.over = last = True
            return last
        finally:
            inside.piece = False


class Pool:
    """Threads that wait for work; they are started when they are first needed, and end with the process."""

    def __init__(self):
        self.lock, self.threads, self.works = threading.Lock(), 0, SimpleQueue()
        self.lacking = False                            # whether the system gives no more threads

    def offer(self, work, helpers):
        """Wakes so many threads, as far as they can be had."""
        if self.threads < helpers and not self.lacking:
            self.grow(helpers)
        for _ in range(min(helpers, self.threads)):
            work.offered += 1
            self.works.put(work)

    def grow(self, number):
        """Starts threads until there are so many."""
        with self.lock:
            while self.threads < number:
                try:
                    threading.Thread(target=self.help, name=f"npnet-{self.threads + 1}", daemon=True).start()
                except RuntimeError:                    # a limit of the system, or Python is about to end
                    self.lacking = True
                    return
                self.threads += 1

    def help(self):
        """What each of the threads does, always."""
        for library in blas().lib_controllers:
            if getattr(library, "threading_layer", None) == "openmp":           # its limit is this thread's own
                library.set_num_threads(1)
        while True:
            work = self.works.get()
            if work.run(work.context.copy()):
                work.bell.release()
            work.returned.append(True)
            work = None                                 # while this thread waits, nobody's arrays stay for its sake


single_blas, pool, inside = Hold(), Pool(), threading.local()


def renew():
    """In a forked child there are no threads but its own."""
    global pool
    pool = Pool()
    single_blas.renew()


if hasattr(os, "register_at_fork"):             # the lock is ours while the process is copied: nobody else is halfway
    os.register_at_fork(before=lambda: single_blas.lock.acquire(), after_in_child=renew,
                        after_in_parent=lambda: single_blas.lock.release())


def spread(task, total):
    """task(first, last) for pieces that together are 0..total, one per thread; their results in order.

    A spread within a piece runs in that piece's thread. What a piece raises is raised here when all have ended.
    """
    work = Work(task, total, max(1, min(count(), total)))
    if getattr(inside, "piece", False):
        return [task(*cut) for cut in zip(work.cuts, work.cuts[1:])]
    try:
        single_blas.enter(work)
        shared(work)
    finally:
        single_blas.leave(work)
    return answers(work)


def shared(work):
    """Runs all pieces, with the pool's help. Ctrl-C is raised when none is running."""
    try:
        pool.offer(work, len(work.results) - 1)
        if not work.run(work.context):
            while not work.over:
                work.bell.acquire()
    except BaseException:
        for _ in work.waiting:                          # those that nobody has begun never begin
            pass
        while len(work.returned) < work.offered:
            time.sleep(0.001)
        raise


def answers(work):
    """What the pieces returned; raises what the first that failed has raised."""
    if not work.errors:
        return work.results
    try:
        raise work.errors[min(work.errors)]
    finally:
        work.errors.clear()             # an error knows its frames, and must not be found again from there
