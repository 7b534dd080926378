"""Random numbers that come out the same each time: every generator is set back before forward runs."""
import copy
import random
from contextlib import contextmanager

import numpy as np

from .reach import functions, generators, names_in

DEFAULT_RNG = np.random.default_rng


class Draws:
    """The generators that a layer may draw from: np.random, random, its attributes', and those of its file.

    Before forward each is set to its first state; backward goes on where forward stopped, so that code which draws a
    second mask there is seen. The caller's own generators are as they were after each call. quiet: a layer that was
    seen to draw nothing is left alone, which is quicker.
    """

    def __init__(self, root, seed):
        self.seed, self.drawn, self.quiet = seed % 2 ** 32, False, False
        self.own = [(generator, state_of(generator)) for generator in generators(root)]
        self.imported = [(function.__globals__, name) for function in functions(root)       # from numpy.random import
                         for name in names_in(function.__code__) if function.__globals__.get(name) is DEFAULT_RNG]
        self.first = self.later = [*fresh_states(self.seed), *(state for _, state in self.own)]

    @contextmanager
    def begin(self):
        """Around forward."""
        self.later = self.first
        with self.go_on():
            yield

    @contextmanager
    def go_on(self):
        """Around backward."""
        if self.quiet:
            yield
            return
        callers, before = states(self.own), self.later
        set_states(self.own, before)
        self.set_default_rng(self.default_rng)
        try:
            yield
        finally:
            self.set_default_rng(DEFAULT_RNG)
            self.later = states(self.own)
            self.drawn = self.drawn or not same_state(before, self.later)
            set_states(self.own, callers)

    def set_default_rng(self, made):
        """Lets np.random.default_rng be another function, under every name that the layer's functions have for it."""
        np.random.default_rng = made
        for names, name in self.imported:
            names[name] = made

    def default_rng(self, seed=None):
        """np.random.default_rng, with a seed where none was given."""
        if seed is None:
            self.drawn, seed = True, self.seed
        return DEFAULT_RNG(seed)


def fresh_states(seed):
    return [np.random.RandomState(seed).get_state(), random.Random(seed).getstate()]


def states(own):
    return [np.random.get_state(), random.getstate(), *(state_of(generator) for generator, _ in own)]


def set_states(own, held):
    np.random.set_state(held[0])
    random.setstate(held[1])
    for (generator, _), state in zip(own, held[2:]):
        set_state(generator, state)


def state_of(generator):
    if isinstance(generator, np.random.Generator):
        return copy.deepcopy(generator.bit_generator.state)
    return generator.get_state() if isinstance(generator, np.random.RandomState) else generator.getstate()


def set_state(generator, state):
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    else:
        generator.setstate(state)


def same_state(first, second):
    """Whether two states are equal, or two lists of them: tuples, dictionaries and arrays."""
    if isinstance(first, dict):
        return all(same_state(value, second[key]) for key, value in first.items())
    if isinstance(first, (list, tuple)) and not isinstance(first[0], int):
        return all(map(same_state, first, second))
    return np.array_equal(first, second) if isinstance(first, np.ndarray) else first == second
