"""Numbers for probes: drawn from SHA-256 in counter mode, so that they are the same on every machine, for ever.

NumPy promises the same stream only for the same build. And the numbers are made for tests: quarters k/4 of small k add
and multiply without rounding, so that loops, matrix products and float32 give the same bits.
"""
import hashlib
import math

import numpy as np


class Draw:
    """A stream of numbers from a key (text or bytes). The same key gives the same numbers."""

    def __init__(self, key):
        self.key = key if isinstance(key, bytes) else str(key).encode()
        self.count = 0

    def part(self, name):
        """Another stream, which belongs to a name."""
        return Draw(self.key + b"/" + str(name).encode())

    def words(self, number):
        """(number,) uint64, all 64 bits random."""
        blocks = math.ceil(number / 4)
        bits = b"".join(hashlib.sha256(self.key + b"#" + str(self.count + i).encode()).digest() for i in range(blocks))
        self.count += blocks
        return np.frombuffer(bits, "<u8")[:number]

    def uniform(self, *shape):
        """Multiples of 2^-53 in [0, 1)."""
        return (self.words(math.prod(shape)) >> np.uint64(11)).astype(np.float64).reshape(shape) * 2.0 ** -53

    def integers(self, low, high, *shape):
        """Whole numbers low <= i < high; without a shape, one int."""
        drawn = low + (self.uniform(*shape) * (high - low)).astype(np.int64)
        return drawn if shape else int(drawn)

    def quarters(self, *shape, most=8):
        """Multiples of 1/4 between -most/4 and most/4: exact in sums and products."""
        return self.integers(-most, most + 1, *shape) / 4

    def distinct(self, *shape):
        """Multiples of 1/4, no two alike, around 0: a maximum that is never a tie."""
        size = math.prod(shape)
        return (self.order(size) - size // 2).reshape(shape) / 4

    def normal(self, *shape):
        """Normally distributed numbers (Box and Muller). For functions that are not sums and products."""
        radius, angle = 1 - self.uniform(*shape), self.uniform(*shape)
        return np.sqrt(-2 * np.log(radius)) * np.cos(2 * np.pi * angle)

    def order(self, size):
        """The numbers 0 ... size - 1 in random order."""
        return np.argsort(self.words(size), kind="stable")

    def shuffled(self, things):
        """A list of the same things in another order."""
        return [things[i] for i in self.order(len(things))]

    def pick(self, things):
        """One of a list."""
        return things[self.integers(0, len(things))]
