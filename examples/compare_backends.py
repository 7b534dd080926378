"""One convolution as a ladder: from the definition, in Python's loops, to Winograd's, rung by rung.

    python examples/compare_backends.py --save ladder.png

The layer is conv3 of AlexNet: maps (256, 13, 13) -> (384, 13, 13) by filters of 3 x 3. Every rung computes the same
numbers. It is first compared with the im2col of npnet/ops/conv.py in float64, which is itself compared with the
definition in float64, and then timed, in float32. No rung leaves work out, but the slow ones are not given the
whole batch: the definition in Python computes 1 filter of the 384, for one picture, and its time is multiplied
by 384, since every filter costs the same.
"""
import argparse
import statistics
import time
from functools import partial
from unittest.mock import patch

import numpy as np

import npnet
from npnet import plots
from npnet.bench.limits import matrix_rates
from npnet.fast import conv, winograd
from npnet.fast.kernels import jit
from npnet.fast.threads import count
from npnet.ops.conv import conv2d_forward, conv2d_forward_loops

CHANNELS, PIXELS, FILTERS, SIZE, PAD = 256, 13, 384, 3, 1
BATCH = 32                                              # pictures for the quick rungs
ROUNDS, CALLS = 5, 3
OPTIONS = {"stride": 1, "pad": PAD, "groups": 1}
OPERATIONS = 2 * FILTERS * PIXELS ** 2 * CHANNELS * SIZE ** 2       # multiplications and additions of one picture


def one_window_at_a_time(x, w, b):
    """NumPy without BLAS: all filters see one window, (K, C, R, S) products at once, and add them up."""
    frame = np.pad(x, [(0, 0), (0, 0), (PAD, PAD), (PAD, PAD)])
    y = np.empty((len(x), len(w), *x.shape[2:]), x.dtype)
    for n in range(len(x)):
        for p in range(PIXELS):
            for q in range(PIXELS):
                window = frame[n, :, p:p + SIZE, q:q + SIZE]            # (C, R, S)
                y[n, :, p, q] = (w * window).sum(axis=(1, 2, 3)) + b
    return y


def without_winograd(x, w, b):
    """The fast path, as NPNET_WINOGRAD=0 leaves it: columns."""
    with patch.dict(winograd.LEAST, clear=True):
        return conv.conv2d_forward(x, w, b, **OPTIONS)


# name, the function, pictures that it is given, filters that it is given
RUNGS = [
    ("the definition, loops in Python", partial(conv2d_forward_loops, **OPTIONS), 1, 1),
    ("NumPy, one window at a time", one_window_at_a_time, 1, FILTERS),
    ("the loops, compiled by numba", partial(jit(conv2d_forward_loops), **OPTIONS), 1, FILTERS),
    ("im2col and BLAS", partial(conv2d_forward, **OPTIONS), BATCH, FILTERS),
    ("npnet.fast, Winograd off", without_winograd, BATCH, FILTERS),
    ("npnet.fast, Winograd", partial(winograd.conv2d_forward, pad=PAD, groups=1), BATCH, FILTERS),
]


def exact(x, w, b):
    """The output in float64, by the chapter's im2col; one filter of it is compared with the definition."""
    x, w, b = (array.astype(np.float64) for array in (x, w, b))
    y = conv2d_forward(x, w, b, **OPTIONS)
    by_definition = conv2d_forward_loops(x[:1], w[:1], b[:1], **OPTIONS)
    if not np.allclose(y[:1, :1], by_definition, rtol=0, atol=1e-12 * np.abs(y).max()):
        raise SystemExit("im2col and the definition differ in float64")
    return y


def error(y, expected):
    """The largest difference, in parts of the largest number."""
    return np.abs(y - expected).max() / np.abs(expected).max()


def fewer_multiplications():
    """By what factor Winograd has fewer: tiles of 4 x 4 outputs cover the maps, and hang over their edge."""
    tiles = winograd.tiles_over(PIXELS) ** 2
    return PIXELS ** 2 * SIZE ** 2 / (tiles * (winograd.TILE + SIZE - 1) ** 2)


def measured(tasks):
    """Median seconds of every task, called in turn, so that a slow minute of the machine is every task's."""
    times = [[] for _ in tasks]
    for _ in range(ROUNDS):
        for own, task in zip(times, tasks):
            for _ in range(CALLS):
                start = time.perf_counter()
                task()
                own.append(time.perf_counter() - start)
                if own[-1] > 0.2:                       # one call of what takes long is enough for this round
                    break
    return [statistics.median(own) for own in times]


def main():
    parser = argparse.ArgumentParser(description="One convolution, from loops in Python to Winograd")
    parser.add_argument("--save", metavar="FILE", help="also draw the ladder: ladder.png")
    options = parser.parse_args()
    npnet.use("numba")                                  # memory stays, for every rung
    random = np.random.default_rng(0)
    x = random.standard_normal((BATCH, CHANNELS, PIXELS, PIXELS), np.float32)
    w = random.standard_normal((FILTERS, CHANNELS, SIZE, SIZE), np.float32) * np.float32(0.02)
    b = random.standard_normal(FILTERS, np.float32)
    expected, limit = exact(x, w, b), matrix_rates(1024, 0.3)["all"] / 1e9

    print(f"conv3 of AlexNet, forward, {OPERATIONS / 1e9:.2f} G operations a picture, float32, threads: {count()}\n")
    tasks, errors = [], []
    for name, function, pictures, filters in RUNGS:
        tasks.append(partial(function, x[:pictures], w[:filters], b[:filters]))
        errors.append(error(tasks[-1](), expected[:pictures, :filters]))        # the first call also compiles
        if errors[-1] > 1e-5:
            raise SystemExit(f"{name}: wrong by {errors[-1]:.1e} of the largest number")

    each = [seconds / pictures * FILTERS / filters
            for seconds, (_, _, pictures, filters) in zip(measured(tasks), RUNGS)]
    rates = [OPERATIONS / seconds / 1e9 for seconds in each]
    print(f"{'':34}ms a picture   GFLOP/s  times quicker    error")
    for i, (name, *_) in enumerate(RUNGS):
        factor = f"{each[i - 1] / each[i]:.3g}" if i else ""
        print(f"{i + 1} {name:31}{1000 * each[i]:13,.{0 if each[i] > 1 else 2}f}{rates[i]:10.3g}{factor:>15}"
              f"{errors[i]:9.0e}")
    print(f"""
Products of large matrices reach {limit:.0f} GFLOP/s here. Operations are counted as
the definition has them. Winograd needs {fewer_multiplications():.1f} times fewer multiplications, and so
may lie above. Rung 1 was given 1 filter of {FILTERS} and its time multiplied, rungs 2
and 3 one picture, the others {BATCH}. error: the largest difference from float64,
in parts of the largest number.""")
    if options.save:
        names = [f"{number} {name}" for number, (name, *_) in enumerate(RUNGS, 1)]
        figure = plots.ladder(names, rates, limit, "One convolution, rung by rung: conv3 of AlexNet, forward")
        plots.save(figure, options.save)


if __name__ == "__main__":
    main()
