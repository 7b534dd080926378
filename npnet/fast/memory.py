"""Memory that stays: what arrays leave behind is kept by the process, and the next arrays take it.

Left alone, the C library asks the system for every large array anew and gives it back afterwards. The system hands
out pages of 4 KB, each of them cleared, each at its first touch: a training step of AlexNet with 128 pictures asks
for 140,000 and spends a fifth of its time on that. With glibc, the C library of most Linux systems, three settings
end it (measured: none from the fourth step on, a sixth to a tenth less time at 128 and 16 pictures, and a peak of
2.30 GB in place of 2.16):

    M_MMAP_MAX 0           large arrays lie in the heap like small ones, not each in a mapping of its own
    M_TRIM_THRESHOLD -1    the end of the heap is never given back
    M_ARENA_MAX 1          one heap for all threads: the others end at 64 MB, so that a step in a thread of yours
                           would find no room there, and pieces of it in every heap would be kept

The price: the process keeps the most that it ever used, also what your own arrays took, until it ends. After one
step of 128 pictures that is 2.3 GB, of which AlexNet, its gradients and its velocity need 0.75; release() gives back
the rest. NPNET_KEEP_MEMORY=0 leaves everything to the C library.
"""
import ctypes
import functools
import sys

from .machine import switched_on

SETTINGS = {"M_MMAP_MAX": (-4, 0), "M_TRIM_THRESHOLD": (-1, -1), "M_ARENA_MAX": (-8, 1)}     # numbers in malloc.h


@functools.cache
def library():
    """The C library of this process if it is glibc, else None."""
    functions = ctypes.CDLL(None) if sys.platform == "linux" else None
    return functions if hasattr(functions, "gnu_get_libc_version") else None


def keep():
    """Keeps memory from now on. Returns "" or, in a few words, why it is not kept."""
    if not switched_on("NPNET_KEEP_MEMORY"):
        return "NPNET_KEEP_MEMORY=0"
    if library() is None:
        return "possible only on Linux with glibc"
    refused = [name for name, (number, value) in SETTINGS.items() if not library().mallopt(number, value)]
    return f"glibc refused {', '.join(refused)}" if refused else ""


def release():
    """Gives the system back what no array uses at the moment; what is freed later is kept as before.

    Returns whether there was any; False where memory is not kept anyway.
    """
    return library() is not None and bool(library().malloc_trim(0))
