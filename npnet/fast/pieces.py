"""How much work is worth a second thread: the one place that says so.

Another thread begins 50 to 150 microseconds after it was asked; what one thread does in less than twice that is
not quicker on two. The limits were measured on one picture.
"""
import numpy as np

from .threads import spread

FLAT = 2 ** 20          # numbers, of each of which one is made
MANY = 2 ** 17          # numbers that cost ten times as much each: in windows, or as a tanh
CHUNK = 2 ** 18         # numbers for one call of NumPy: fewer, and the threads wait for each other between calls


def spread_large(task, total, numbers, cheap=False):
    """task(first, last) for pieces that together are 0..total; on all threads if so many numbers are worth it."""
    return [task(0, total)] if numbers < (FLAT if cheap else MANY) else spread(task, total)


def each(kernel, arrays, *options):
    """Calls kernel with pieces of arrays of one shape, laid out flat, and the options; it fills the last array."""
    flat = [array.reshape(-1) for array in arrays]                  # views: the arrays are in order in memory
    spread_large(lambda first, last: kernel(*[array[first:last] for array in flat], *options),
                 flat[0].size, flat[0].size, cheap=True)


def over_maps(kernel, arrays, *options):
    """Calls kernel on the maps of arrays whose first axes are (N, C), and the options, on all threads."""
    N, C = arrays[0].shape[:2]
    maps = [array.reshape(N * C, *array.shape[2:]) for array in arrays]
    spread_large(lambda first, last: kernel(*[array[first:last] for array in maps], *options),
                 N * C, max(array.size for array in arrays))


def in_chunks(function, x):
    """function(x), a text of NumPy's that treats all numbers alike, made chunk by chunk."""
    y = np.empty_like(x)
    flat_x, flat_y = x.reshape(-1), y.reshape(-1)

    def some(first, last):
        for begin in range(first, last, CHUNK):
            end = min(begin + CHUNK, last)
            flat_y[begin:end] = function(flat_x[begin:end])

    spread_large(some, x.size, x.size)
    return y
