"""How much work is worth a second thread: the one place that says so.

To wake another thread costs tens of microseconds; in that time this one reads and writes some tens of thousands
of numbers. Pieces smaller than that are done where they are.
"""
from .threads import spread

LEAST = 2 ** 16          # numbers of a result: measured on ReLU, the cheapest layer, and one picture


def spread_large(task, total, numbers):
    """task(first, last) for pieces that together are 0..total, on all threads if there are many numbers to make."""
    return [task(0, total)] if numbers < LEAST else spread(task, total)


def each(kernel, *arrays):
    """Calls kernel with pieces of arrays of one shape, laid out flat; what it writes is for it to know."""
    flat = [array.reshape(-1) for array in arrays]                  # views: the arrays are in order in memory
    spread_large(lambda first, last: kernel(*[array[first:last] for array in flat]), flat[0].size, flat[0].size)
