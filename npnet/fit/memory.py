"""Memory: how much a training step will need, said before it is taken and not by a crash.

    predicted_peak(net, 128)        bytes at the worst moment of a training step of 128 pictures
    free_memory()                   bytes that this process may still take, None where nobody says
    memory_sentence(net, 128)       None if it fits; else what is needed, what is free, what to do

At the worst moment there are in memory at once

    parameters, gradients, velocity     three arrays for every parameter that is trained
    what the layers remember            outputs, scales, masks, places of maxima; all of them until the next step
    one layer at work                   the gradient that it is given, the one that it makes, its columns

The same counts decide how large a batch can be, which is why the paper's network was cut in two:
a graphics card of 2012 had 3 GB (section 3.2).
"""
import math
import sys
from pathlib import Path

from ..backend import BLOCK, ops
from ..layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Conv2D, Dense, Dropout, Flatten, LRNWithin, MaxPool,
                      ReLU, Sigmoid, Softmax, Tanh)

UNITS = (("GB", 2 ** 30), ("MB", 2 ** 20), ("KB", 2 ** 10))
GAPS = 1.25         # measured: the allocator leaves a quarter unused between arrays that come and go
OUTPUTS = (ReLU, Tanh, Sigmoid, Softmax)                                # layers that remember their output
NEITHER = (Flatten, Dropout, MaxPool, AvgPool, AdaptiveAvgPool)         # that remember neither that nor their input


# ---------------------------------------------------------------------------- the prediction

def predicted_peak(net, batch):
    """Bytes that a training step of `batch` inputs holds at its worst moment, arrays only.

    Parameters, gradients, velocity, the input, what every layer remembers, and the most that one layer
    needs while it works, with the backend in use. Python and the libraries themselves (about 150 MB)
    are not counted, nor the batches that a loader makes ready. Raises ValueError for a batch below 1.
    """
    return held(net) + grown(net, batch)


def held(net):
    """Bytes that exist as soon as a network is built: parameters, state, and gradients, which start as zeros."""
    gradients = sum(array.nbytes for layer in net.layers.values() for array in layer.grads().values())
    return gradients + sum(array.nbytes for array in (net.params() | net.state()).values())


def grown(net, batch):
    """Bytes that the first training steps add to those: velocity, and everything that grows with the batch."""
    if batch < 1:
        raise ValueError(f"a batch has at least 1 picture, got {batch!r}")
    velocity = sum(array.nbytes for array in net.params().values())
    arrays = remembered(net, batch) + working(net, batch)
    return velocity + max(round(GAPS * arrays), remembered(net, batch) + updating(net))


def flow(net, batch):
    """For every layer: its name, itself, the shape and bytes of its input, the bytes of its output, and whether
    an earlier layer remembers its input (or the caller has it: the batch)."""
    number, shape, kept = net.dtype.itemsize * batch, net.input_shape, True
    for name, layer in net.layers.items():
        given, made = (math.prod(sizes) * number for sizes in (shape, net.shapes[name]))
        yield name, layer, shape, given, made, kept
        kept = kept if isinstance(layer, Flatten) else isinstance(layer, OUTPUTS)
        shape = net.shapes[name]


def keeps_input(layer):
    """Whether a layer remembers its input; of layers that npnet does not know we think so."""
    return not isinstance(layer, OUTPUTS + NEITHER)


def remembered(net, batch):
    """Bytes of the input and of all that forward keeps for backward; what two layers share counts once."""
    total = math.prod(net.input_shape) * net.dtype.itemsize * batch
    for name, layer, shape, given, made, kept in flow(net, batch):
        total += 0 if kept or not keeps_input(layer) else given
        total += made if isinstance(layer, OUTPUTS) else extras(layer, made, net.dtype.itemsize)
    return total


def extras(layer, made, itemsize):
    """Bytes that a layer remembers besides its input or output, of which `made` bytes."""
    if isinstance(layer, (LRN, LRNWithin)):
        return made                                         # the scale
    if isinstance(layer, MaxPool):
        return made // itemsize * 4                         # the place of the maximum, int32
    return made // itemsize if isinstance(layer, Dropout) else 0        # the mask, a byte each


def working(net, batch):
    """The most bytes that one layer needs while it works: what it is given, what it makes, and its workspace."""
    most, first, trained = 0, net.first_trained(), False
    for name, layer, shape, given, made, kept in flow(net, batch):
        trained = trained or name == first
        passing = 0 if kept or keeps_input(layer) else given            # nobody remembers it: alive only now
        most = max(most, passing + made + forward_space(layer, shape, net, batch, given, made))
        if trained:
            result = 0 if name == first else given
            most = max(most, made + result + backward_space(layer, shape, net, batch, result, made))
    return most


def compiled():
    """Whether loops do the work, which make hardly any arrays on the way."""
    return ops.name in ("numba", "loops")


def forward_space(layer, shape, net, batch, given, made):
    """Bytes of workspace in forward, besides the input and the output."""
    numbers = made // net.dtype.itemsize
    if isinstance(layer, Conv2D):
        joined = made if batch > BLOCK and not compiled() else 0        # NumPy joins the outputs of its blocks
        return max(joined, at_once(batch) * columns(layer, shape, net.dtype.itemsize))
    if isinstance(layer, (LRN, LRNWithin)):
        return made if compiled() else 3 * made             # the new scale beside the old one; squares and their sums
    if isinstance(layer, MaxPool):
        return 4 * numbers if compiled() else given + made + 9 * numbers        # the frame, y and argmax made again
    if isinstance(layer, AvgPool):
        return 0 if compiled() else given + made
    if isinstance(layer, Dropout):
        return 5 * numbers + (0 if compiled() else made)    # float32 draws and the mask
    return 0 if compiled() or not isinstance(layer, BatchNorm) else given


def backward_space(layer, shape, net, batch, result, made):
    """Bytes of workspace in backward, besides the output's gradient and the input's, which has `result` bytes."""
    fresh = sum(array.nbytes for array in layer.params().values())      # made while the old gradients are still there
    if isinstance(layer, Conv2D):
        return fresh + convolution_back(layer, shape, net, batch, result, fresh)
    if isinstance(layer, (Tanh, Sigmoid, Softmax)):
        return made
    if compiled():
        return fresh
    if isinstance(layer, (LRN, LRNWithin, BatchNorm)):
        return fresh + 3 * made
    return fresh if isinstance(layer, (Dense, Flatten)) else made // net.dtype.itemsize + made


def convolution_back(layer, shape, net, batch, result, fresh):
    """Bytes of a convolution's backward, but for its new gradients and the input's gradient."""
    images, cols = at_once(batch), columns(layer, shape, net.dtype.itemsize)
    if ops.name in ("numba", "loops") and batch > 1:
        return images * (cols + 2 * fresh)                  # dcols take the place of cols; dw of one image and the sum
    block = images * (2 * cols + fresh)                     # cols, dcols, and dw of every image
    blocks = -(-batch // BLOCK)
    return max(block, result) + blocks * fresh if blocks > 1 else block         # the blocks' dx, before they are joined


def columns(layer, shape, itemsize):
    """Bytes of the columns of one picture, with the frame that holds its padding."""
    frame = 0 if ops.name == "numba" else shape[0] * math.prod(side + 2 * layer.pad for side in shape[1:])
    return (layer.columns(shape) + frame) * itemsize


def at_once(batch):
    """How many pictures have their columns in memory at once: a block, or one for every thread."""
    if ops.name == "loops":
        return 0
    if ops.name == "numba" and batch > 1:
        from ..fast.threads import count                    # loads BLAS's controller: only where threads are used
        return min(batch, count())
    return min(batch, BLOCK)


def updating(net):
    """Bytes that the optimizer needs besides its velocity: NumPy makes two arrays on the way, compiled loops none."""
    return 0 if compiled() else 2 * max((array.nbytes for array in net.params().values()), default=0)


# ---------------------------------------------------------------------------- what is free

def free_memory():
    """Bytes that this process may still take: the least of what the computer has and what its groups allow.

    Linux: MemAvailable, and the limits of control groups (versions 1 and 2: containers, batch systems).
    Windows: what GlobalMemoryStatusEx says. None elsewhere, and where nothing can be read.
    """
    if sys.platform == "win32":
        return windows_memory()
    answers = [available(), *group_room(Path("/sys/fs/cgroup"), own_groups())]
    return min((answer for answer in answers if answer is not None), default=None)


def available(path="/proc/meminfo"):
    """MemAvailable in bytes, or None."""
    for line in lines(path):
        if line.startswith("MemAvailable:"):
            return 1024 * int(line.split()[1])
    return None


def own_groups(path="/proc/self/cgroup"):
    """The control groups of this process, [(controllers, group), ...]; controllers is empty for version 2."""
    parts = [line.split(":", 2) for line in lines(path)]
    return [(part[1], part[2]) for part in parts if len(part) == 3]


def group_room(root, groups):
    """Bytes that each control group with a limit has left: of the process's own groups and of those above them."""
    for controllers, group in groups:
        if controllers and "memory" not in controllers.split(","):
            continue
        base = root / "memory" if controllers else root
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if controllers else ("memory.max", "memory.current")
        place = base / group.lstrip("/")
        for folder in (place, *place.parents):
            if folder != base and base not in folder.parents:
                break
            limit, used = (whole(folder / name) for name in names)
            if limit is not None and used is not None:
                yield max(0, limit - used + reclaimable(folder))


def reclaimable(folder):
    """Bytes of files that a control group keeps in memory and would give up: they count as used, but are free."""
    for line in lines(folder / "memory.stat"):
        if line.startswith(("inactive_file ", "total_inactive_file ")):
            return int(line.split()[1])
    return 0


def whole(path):
    """The whole number in a file; None where there is none, or the word max."""
    text = "".join(lines(path)).strip()
    return int(text) if text.isdecimal() else None


def lines(path):
    """The lines of a small text file; none if it cannot be read."""
    try:
        return Path(path).read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def windows_memory():
    """Bytes of memory that Windows has left, or None."""
    try:
        import ctypes
        status = (ctypes.c_ulonglong * 8)()                 # MEMORYSTATUSEX: two 32-bit numbers, then seven of 64
        status[0] = ctypes.sizeof(status)                   # its length, in the lower half of the first
        return int(status[2]) if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else None
    except (ImportError, AttributeError, OSError):
        return None


# ---------------------------------------------------------------------------- the sentence

def memory_sentence(net, batch, free=None):
    """None if a training step of `batch` inputs fits into memory (or nobody can say); else one sentence.

    free: bytes; None asks free_memory(). The network exists already, so what it holds is not asked for again.
    """
    free = free_memory() if free is None and ops.device == "host" else free
    needed = grown(net, batch)
    if free is None or needed <= free:
        return None
    start = f"a training step of {batch} {'picture' if batch == 1 else 'pictures'} needs about " \
            f"{amount(needed)} more memory, but {amount(free)} are free"
    fits = fitting(net, batch, free)
    if fits:
        return f"{start}: use --batch {fits}"
    return f"{start}, and one picture alone would need {amount(grown(net, 1))}: " \
           f"use a smaller network, or close other programs"


def fitting(net, batch, free):
    """The largest power of 2 below this batch with which a step takes at most nine tenths of `free`; 0 if none."""
    smaller = 2 ** int(math.log2(batch))
    while smaller >= 1 and (smaller == batch or grown(net, smaller) > 0.9 * free):
        smaller //= 2
    return smaller


def amount(size):
    """'3.1 GB', '850 MB' or '12 KB', 1 GB being 2^30 bytes."""
    for name, unit in UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}" if size < 10 * unit else f"{size / unit:.0f} {name}"
    return f"{size} bytes"
