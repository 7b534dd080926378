"""The limits of a machine: how fast it multiplies matrices, copies and reads. No layer can be faster.

    limits()        {"matrix": {"one": ..., "all": ...}, "copy": ..., "read": ...}: operations or bytes a second

one: a single thread. all: every thread of npnet's pool, each with a piece of its own, which is how the hot texts work.
Copying counts the bytes read and those written. Each limit is the best of several attempts: what is slower was
disturbed.
"""
import time

import numpy as np

from ..fast.threads import count, single_blas, spread

SIDE = 1536                     # of the matrices: large enough for BLAS to be at its best
LARGE = 2 ** 26                 # float32 in an array, 256 MB: more than any cache holds
ATTEMPTS, SECONDS = 5, 0.7      # of each rate, at least


def limits(side=SIDE, large=LARGE, seconds=SECONDS):
    """The rates of this machine, in operations and bytes per second."""
    source, target = np.ones(large, np.float32), np.ones(large, np.float32)         # ones: their pages exist
    return {
        "matrix": matrix_rates(side, seconds),
        "copy": rates(lambda a, b: np.copyto(target[a:b], source[a:b]), large, 8 * large, seconds),
        "read": rates(lambda a, b: np.dot(source[a:b], target[a:b]), large, 8 * large, seconds),
    }


def matrix_rates(side, seconds):
    """Of NumPy's BLAS: every thread multiplies two matrices of its own."""
    random = np.random.default_rng(0)
    a, b = random.standard_normal((2, side, side), np.float32)
    out = np.empty((count(), side, side), np.float32)

    def multiply(first, last):
        for thread in range(first, last):
            np.matmul(a, b, out=out[thread])

    with single_blas():
        one = best(lambda: multiply(0, 1), seconds)
    everyone = best(lambda: spread(multiply, count()), seconds)
    return {"one": 2 * side ** 3 / one, "all": count() * 2 * side ** 3 / everyone}


def rates(task, total, moved, seconds):
    """Bytes per second of task(first, last) over 0..total, by one thread and by all."""
    return {"one": moved / best(lambda: task(0, total), seconds),
            "all": moved / best(lambda: spread(task, total), seconds)}


def best(task, seconds):
    """The shortest time of a task, in seconds, after one that is not counted."""
    task()
    times = []
    while len(times) < ATTEMPTS or sum(times) < seconds:
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return min(times)
