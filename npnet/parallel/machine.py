"""What the ranks of one machine share out among themselves: its processors and its graphics cards."""
import os
import platform
from pathlib import Path

from ..fast import threads
from .faults import exchanged
from .watch import place


ours = None                 # the number of threads that was chosen here, and not by the user


def share_processors(comm):
    """Gives each rank as many threads as its machine has processors for it, where the user has not said how many.

    Ranks that may run on the same processors divide them; those that mpiexec has bound to their own keep them.
    """
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    own = platform.node(), usable
    beside = exchanged(comm, own).count(own)                    # MPI's Split_type would wait for ever
    if beside > 1:
        give_threads(max(1, len(usable) // beside))


def give_threads(number):
    """Lets this process compute with so many threads, where the user has not said how many."""
    global ours
    if threads.by_environment or threads.by_use not in (None, ours):
        return
    ours = number
    threads.choose(number)
    threads.limit([number] * len(threads.handles()))                    # BLAS's own, for the backend numpy


def share_cards(devices=Path("/dev")):
    """Lets CuPy see one of the machine's cards, another on each rank as far as there are so many, unless
    CUDA_VISIBLE_DEVICES says which. To be called before CuPy is first used. devices: where Linux lists them."""
    cards = sorted(path.name for path in devices.glob("nvidia[0-9]*"))
    own = place()
    if own and len(cards) > 1:
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", str(own.local % len(cards)))
