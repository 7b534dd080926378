"""Memory: how much a training step will need, said before it is taken and not by a crash.

    step_memory(net, 128)           bytes that training takes at the worst moment of a step of 128 pictures
    memory_sentence(net, 128)       None if it fits; else what is needed, what is free, what to do

Nothing is counted layer by layer. A step of a few pictures is taken, on a copy, while Python keeps account of what
is allocated, and one of twice as many; what layers remember and work with grows in a straight line from there.

Memory decides how large a batch can be, and cut the paper's network in two: a graphics card of 2012 had 3 GB.
"""
import copy
import math
import tracemalloc

import numpy as np

from ..backend import BLOCK, ops
from ..fast.machine import free_memory
from ..fast.threads import count
from ..screen import counted, size

GAPS = 1.35         # measured: the allocator leaves a quarter unused between arrays that come and go


def step_memory(net, batch):
    """Bytes that training takes besides the network itself: velocity, and all that grows with the batch."""
    few = min(batch, max(2, count() if ops.name == "numba" else BLOCK))     # as many are worked on at once
    at_few, at_twice = measured(net, few), measured(net, 2 * few)
    return velocity(net) + round(at_few + GAPS * (at_twice - at_few) * (batch - few) / few)


def velocity(net):
    """Bytes of the velocity, which exists from the first update on."""
    return sum(w.nbytes for w in net.params().values())


def measured(net, batch):
    """Bytes that a step of `batch` inputs allocates at its worst moment. The network is as it was afterwards."""
    x, labels = np.zeros((batch, *net.input_shape), net.dtype), np.zeros(batch, np.int64)
    step(copied(net), x, labels)                                            # what has to be compiled is compiled now
    part, running = copied(net), tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        step(part, x, labels)
        return x.nbytes + tracemalloc.get_traced_memory()[1] - before
    finally:
        if not running:
            tracemalloc.stop()


def copied(net):
    """The network with layers of its own, which share parameters with it but not what changes in a forward."""
    part = net[list(net.layers)[0]:]
    part.layers = {name: copy.deepcopy(layer) if layer.state() else layer for name, layer in part.layers.items()}
    return part


def step(net, x, labels):
    """A training step without its update."""
    net.backward(ops.softmax_cross_entropy(net.forward(x, train=True), labels)[1], to_input=False)


def memory_sentence(net, batch, free=None):
    """None if training in batches of `batch` inputs fits into memory (or nobody can say); else one sentence.

    free: bytes; None asks free_memory(). The network exists already, so what it holds is not asked for again.
    """
    free = free_memory() if free is None and ops.device == "host" else free
    if free is None or ops.name == "loops":                                 # which need little, and long
        return None
    try:
        if velocity(net) + GAPS * measured(net, 2) * batch / 2 <= free:     # more than it can be
            return None
        needed = step_memory(net, batch)
    except (ValueError, TypeError, ArithmeticError):
        return None                                                         # the first step will say why
    if needed <= free:
        return None
    smaller = 2 ** int(math.log2(max(batch - 1, 1)))
    while smaller > 1 and step_memory(net, smaller) > 0.9 * free:
        smaller //= 2
    way_out = f"--batch {smaller}" if smaller > 1 else "a smaller network, or close other programs"
    return f"a training step of {counted(batch, 'picture')} needs about {size(needed, 1024)} more memory, but " \
           f"{size(free, 1024)} are free: use {way_out}"
