"""Deep Compression: the container in which SqueezeNet has 0.68 MB and all of AlexNet 8.9 MB.

    stored = read("compressed_SqueezeNet.net")                  # a Stored, float32 arrays under Caffe's names
    small = {**arrays, "fc6.w": quantised(pruned(arrays["fc6.w"], keep=0.1), 15)}
    write("small.net", small)                                   # read(...) gives these arrays again, bit for bit

Most weights of a trained network can be set to 0, and the others replaced by a few values (Han, Mao, Dally, 2016).
What is left, little endian:

    counts      uint32, one for each layer with weights, in the network's order: how many entries are stored
    then for each layer
    codebook    float32: 256 values for a convolution, 16 for a fully-connected layer; the first is 0
    biases      float32, one for each filter or output
    codes       of each entry, which value of the codebook: 8 bits, or 4 bits, the lower half of a byte first
    gaps        of each entry, how many zeros lie before it: 4 bits, the lower half of a byte first

An entry's place among the weights in C order is that of the entry before plus gap plus 1, beginning at -1. Where more
than 15 zeros follow each other, an entry of code 0 stands for the sixteenth. Dense weights are (M, D), as in Caffe.

The file has neither a magic number nor names nor shapes: whoever reads it knows them from the network. NETWORKS
has those that npnet knows; the counts of a file fit one of them or none.
"""
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...backend import ops
from ...files import writing
from ..stored import Stored

FORMAT = "Deep Compression"
LONGEST = 16                # how far one entry lies behind the one before it
FEWEST = 64                 # one entry for so many weights, at least: bounds what a small file can claim

# ---------------------------------------------------------------------------- the networks


def squeezenet():
    """{Caffe's name of a layer: the shape of its weights}, and {that name: npnet's} where the two differ."""
    shapes, names, channels = {"conv1": (96, 3, 7, 7)}, {}, 96
    for number, narrow in zip(range(2, 10), (16, 16, 32, 32, 48, 48, 64, 64)):
        fire, wide = f"fire{number}", 4 * narrow
        shapes |= {f"{fire}/squeeze1x1": (narrow, channels, 1, 1), f"{fire}/expand1x1": (wide, narrow, 1, 1),
                   f"{fire}/expand3x3": (wide, narrow, 3, 3)}
        names |= {f"{fire}/squeeze1x1": f"squeeze{number}", f"{fire}/expand1x1": f"expand{number}.expand1x1",
                  f"{fire}/expand3x3": f"expand{number}.expand3x3"}
        channels = 2 * wide                                             # the two expands, one behind the other
    return {**shapes, "conv10": (1000, channels, 1, 1)}, names


SQUEEZENET, OURS = squeezenet()
NETWORKS = {                                                            # as in models.py; dense weights (M, D)
    "squeezenet1_0": SQUEEZENET,
    "caffe": {"conv1": (96, 3, 11, 11), "conv2": (256, 48, 5, 5), "conv3": (384, 256, 3, 3),
              "conv4": (384, 192, 3, 3), "conv5": (256, 192, 3, 3),
              "fc6": (4096, 9216), "fc7": (4096, 4096), "fc8": (1000, 4096)},
    "cifar_alexnet": {"conv1": (48, 3, 5, 5), "conv2": (128, 24, 5, 5), "conv3": (192, 128, 3, 3),
                      "conv4": (192, 96, 3, 3), "conv5": (128, 96, 3, 3), "fc6": (256, 2048), "fc7": (10, 256)},
}
HEAD = 4 * max(map(len, NETWORKS.values()))                             # bytes, enough to recognise any of them


def network_for(head, size):
    """The name in NETWORKS whose file begins with these bytes (HEAD of them or more), or None.

    A file has that many counts, each between its layer's number of weights and a FEWEST-th of it, which chance does
    not give: of random bytes one in 10^20 at most. A length of the file that fits decides between two networks.
    """
    fitting = [name for name, shapes in NETWORKS.items() if plausible(head[:size], shapes)]
    exact = [name for name in fitting if size == length(counts_of(head, NETWORKS[name]), NETWORKS[name])]
    return (exact or fitting or [None])[0]


def recognised(head, size):
    """Whether a file of `size` bytes that begins with head (HEAD bytes or more) is one, complete or not."""
    return network_for(head, size) is not None


def counts_of(head, shapes):
    """The numbers of entries at the beginning of a file, one for each layer."""
    return [int(count) for count in np.frombuffer(head, "<u4", len(shapes))]


def plausible(head, shapes):
    """Whether the first bytes can be the numbers of entries of layers with these shapes."""
    return len(head) >= 4 * len(shapes) and all(
        math.prod(shape) // FEWEST <= count <= math.prod(shape)
        for count, shape in zip(counts_of(head, shapes), shapes.values()))


def bits_of(shape):
    """How many bits a code has: 8 for filters, 4 for dense weights."""
    return 8 if len(shape) == 4 else 4


def lengths(count, shape):
    """The bytes of a layer's four parts: codebook, biases, codes and gaps."""
    return 4 * 2 ** bits_of(shape), 4 * shape[0], -(-count * bits_of(shape) // 8), -(-count // 2)


def length(counts, shapes):
    """The bytes of a whole file."""
    return 4 * len(counts) + sum(sum(lengths(count, shape)) for count, shape in zip(counts, shapes.values()))


# ---------------------------------------------------------------------------- reading

@dataclass
class Coded:
    """A layer as the file has it: codes and gaps are uint8, one number for each entry."""

    name: str
    shape: tuple
    codebook: np.ndarray
    biases: np.ndarray
    codes: np.ndarray
    gaps: np.ndarray

    def weights(self):
        """The weights, float32, of the layer's shape. ValueError where an entry would lie outside."""
        w = np.zeros(math.prod(self.shape), np.float32)
        places = np.cumsum(self.gaps + 1, dtype=np.int64) - 1
        if len(places) and places[-1] >= len(w):
            raise ValueError(f"{self.name} has {len(w):,} weights, and the gaps lead to place {places[-1] + 1:,}")
        w[places] = self.codebook[self.codes]
        return w.reshape(self.shape)


def read(path, shapes=None):
    """The Stored arrays of a file, "conv1.w", "conv1.b" and so on, in the network's order.

    shapes: {name: shape of the weights} of a network that is not in NETWORKS, as shapes_of gives it. Raises
    FileNotFoundError, and ValueError for a file that is none, is cut off or is damaged.
    """
    arrays = {}
    for layer in coded(path, shapes):
        try:
            arrays |= {f"{layer.name}.w": layer.weights(), f"{layer.name}.b": layer.biases}
        except ValueError as error:
            raise ValueError(f"{path} is damaged: {error}; fetch it again") from None
    return Stored(str(path), FORMAT, arrays, "caffe")


def coded(path, shapes=None):
    """The layers of a file as they lie there, a list of Coded. Errors as read."""
    data, shapes = contents(path, shapes)
    layers, place = [], 4 * len(shapes)
    for count, (name, shape) in zip(counts_of(data, shapes), shapes.items()):
        parts = []
        for size in lengths(count, shape):
            parts.append(data[place:place + size])
            place += size
        codebook, biases = (np.frombuffer(part, "<f4").astype(np.float32) for part in parts[:2])
        if codebook[0] != 0 or not (np.isfinite(codebook).all() and np.isfinite(biases).all()):
            raise ValueError(f"{path} is damaged: the codebook of {name} must begin with 0, and it and the biases "
                             f"must hold neither NaN nor infinity; fetch it again")
        layers.append(Coded(name, tuple(shape), codebook, biases, unpacked(parts[2], bits_of(shape), count),
                            unpacked(parts[3], 4, count)))
    return layers


def contents(path, shapes):
    """The bytes of a file and the shapes of its layers, its length checked before it is read."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}{' (it is a folder)' if path.is_dir() else ''}")
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD if shapes is None else 4 * len(shapes))
        name = None if shapes else network_for(head, size)
        if not (name or shapes and plausible(head, shapes)):
            these = "these layers" if shapes else "SqueezeNet 1.0, AlexNet or cifar_alexnet"
            raise ValueError(f"{path} is no Deep Compression file of {these}: its first bytes must be how many "
                             f"weights of each layer are stored, and they are not")
        shapes = shapes or NETWORKS[name]
        wanted = length(counts_of(head, shapes), shapes)
        if size != wanted:
            raise ValueError(f"{path} {'is cut off' if size < wanted else 'is damaged'}: its first bytes promise "
                             f"{wanted:,} bytes, and it has {size:,}; fetch it again")
        return head + file.read(wanted - len(head)), shapes


def unpacked(data, bits, count):
    """Numbers of 8 or 4 bits as uint8."""
    numbers = np.frombuffer(data, np.uint8)
    if bits == 8:
        return numbers
    return np.stack([numbers & 15, numbers >> 4], axis=1).reshape(-1)[:count]


# ---------------------------------------------------------------------------- writing

def write(path, arrays, codebooks=None):
    """Writes arrays, "conv1.w", "conv1.b" and so on, in the network's order; returns the number of bytes.

    Weights are (K, C/G, R, S) or, dense, (M, D); arrays_of gives those of a network. Their values other than 0 must
    be 255 at most for filters and 15 for dense weights, as quantised makes them; then read gives them again, bit for
    bit. codebooks: {"conv1": the values in their order, 0 first}, where that order must be kept. Raises ValueError.
    """
    layers = [encoded(name, *pair, (codebooks or {}).get(name)) for name, pair in pairs(arrays).items()]
    data = [np.array([len(layer.codes) for layer in layers], "<u4")]
    for layer in layers:
        data += [layer.codebook.astype("<f4"), layer.biases.astype("<f4"), packed(layer.codes, bits_of(layer.shape)),
                 packed(layer.gaps, 4)]
    with writing(path) as beside:
        beside.write_bytes(b"".join(part.tobytes() for part in data))
    return sum(part.nbytes for part in data)


def pairs(arrays):
    """{layer: (weights, biases)} as float32. ValueError where they are not what the container holds."""
    found = {}
    for name in [name.removesuffix(".w") for name in arrays if name.endswith(".w")]:
        if f"{name}.b" not in arrays:
            raise ValueError(f"{name}.w has no {name}.b; in this container every layer has biases, give zeros")
        w, b = (np.ascontiguousarray(arrays[f"{name}.{key}"], np.float32) for key in "wb")
        if w.ndim not in (2, 4) or b.shape != w.shape[:1]:
            raise ValueError(f"{name}: weights must be (K, C, R, S) or (M, D), with one bias for each K or M, got "
                             f"{w.shape} and {b.shape}")
        if not (np.isfinite(w).all() and np.isfinite(b).all()):
            raise ValueError(f"{name} holds NaN or infinity, which this container must not")
        found[name] = w, b
    others = set(arrays) - {f"{name}.{key}" for name in found for key in "wb"}
    if others or not found:
        raise ValueError(f"this container holds the weights and biases of layers, conv1.w and conv1.b, and nothing "
                         f"else; got {', '.join(sorted(others)) or 'none'}")
    return found


def encoded(name, w, b, codebook=None):
    """The Coded layer of weights and biases."""
    bits = w.reshape(-1).view(np.uint32)                # compared as bits: -0.0 is a value of the codebook, too
    places = np.flatnonzero(bits)
    most = 2 ** bits_of(w.shape)
    codebook, codes = codes_of(name, bits[places], most, codebook)
    gaps = np.diff(places, prepend=-1) - 1
    before = gaps // LONGEST                            # entries of code 0 that bridge the zeros before each entry
    count = len(places) + int(before.sum())
    if count < w.size // FEWEST:                        # else the reader would not believe it
        count += (w.size - 1 - (places[-1] if len(places) else -1)) // LONGEST
    at = np.arange(len(places)) + np.cumsum(before)
    all_codes, all_gaps = np.zeros(count, np.uint8), np.full(count, LONGEST - 1, np.uint8)
    all_codes[at], all_gaps[at] = codes, gaps % LONGEST
    return Coded(name, w.shape, codebook, b, all_codes, all_gaps)


def codes_of(name, bits, most, codebook=None):
    """The codebook, `most` float32 of which the first is 0, and the code of each value (as bits, none 0)."""
    if codebook is None:
        values = np.unique(bits).view(np.float32)
        if len(values) >= most:
            raise ValueError(f"{name}.w has {len(values):,} values other than 0, and its codebook holds {most - 1}; "
                             f"quantise it first: quantised(w, {most - 1})")
        codebook = np.zeros(most, np.float32)
        codebook[1:len(values) + 1] = np.sort(values)
    codebook = np.ascontiguousarray(codebook, np.float32)
    if codebook.shape != (most,) or codebook[0] != 0:
        raise ValueError(f"{name}: a codebook must have {most} values, the first of them 0, got {codebook.shape}")
    order = 1 + np.argsort(codebook[1:].view(np.uint32), kind="stable")
    known = codebook.view(np.uint32)[order]
    where = np.minimum(np.searchsorted(known, bits), most - 2)
    if (known[where] != bits).any():
        raise ValueError(f"{name}.w has values that its codebook has not; quantise it with this codebook first")
    return codebook, order[where].astype(np.uint8)


def packed(numbers, bits):
    """uint8 numbers in 8 or 4 bits each."""
    if bits == 8:
        return numbers
    halves = np.append(numbers, np.zeros(len(numbers) % 2, np.uint8)).reshape(-1, 2)
    return halves[:, 0] | halves[:, 1] << 4


# ---------------------------------------------------------------------------- making weights few

def pruned(w, keep):
    """A copy of weights in which the share `keep` (0 to 1) of largest size is left and all others are 0."""
    if not 0 <= keep <= 1:
        raise ValueError(f"keep is the share of weights that stay, from 0 to 1, got {keep!r}")
    left, size = np.zeros(w.shape, w.dtype), round(keep * w.size)
    largest = np.argpartition(np.abs(w), w.size - size, axis=None)[w.size - size:] if size else []
    left.reshape(-1)[largest] = w.reshape(-1)[largest]
    return left


def quantised(w, values, form="kmeans", rounds=50):
    """A float32 copy of weights in which those other than 0 have so many values at most; 0 stays 0.

    The values begin evenly spaced from the least to the largest weight ("linear", where they stay); in "kmeans" each
    moves to the mean of the weights that are nearest to it, and again, until none moves or `rounds` are over.
    """
    if form not in ("kmeans", "linear"):
        raise ValueError(f'form must be "kmeans" or "linear", got {form!r}')
    if not isinstance(values, (int, np.integer)) or values < 1:
        raise ValueError(f"values must be a whole number of at least 1, got {values!r}")
    if not np.isfinite(w).all():
        raise ValueError("the weights hold NaN or infinity, so they cannot be quantised")
    w = np.array(w, np.float32)
    given = np.sort(w[w != 0]).astype(np.float64)
    if len(given):
        centres = np.linspace(given[0], given[-1], values) if values > 1 else given.mean(keepdims=True)
        centres = moved(given, centres, rounds) if form == "kmeans" else centres
        w[w != 0] = centres.astype(np.float32)[nearest(w[w != 0], centres)]
    return w


def moved(given, centres, rounds):
    """The centres after k-means over sorted numbers; sums from the left make each round quick."""
    sums = np.concatenate([[0.0], np.cumsum(given)])
    for _ in range(rounds):
        ends = np.searchsorted(given, (centres[1:] + centres[:-1]) / 2)
        ends = np.concatenate([[0], ends, [len(given)]])
        many = np.diff(ends)
        means = np.where(many > 0, np.diff(sums[ends]) / np.maximum(many, 1), centres)
        if (means == centres).all():
            break
        centres = means
    return centres


def nearest(numbers, centres):
    """Which of the sorted centres is nearest to each number."""
    return np.searchsorted((centres[1:] + centres[:-1]) / 2, numbers)


# ---------------------------------------------------------------------------- a network's arrays

def arrays_of(net):
    """The weights and biases of a network as `write` takes them: Caffe's names where they differ, dense (M, D).

    ValueError where a layer has anything else, such as batch norm's scales.
    """
    theirs, arrays = {ours: name for name, ours in OURS.items()}, {}
    for layer_name, layer in net.layers.items():
        for key, array in layer.params().items():
            name, _, kind = f"{layer_name}.{key}".rpartition(".")
            if kind not in ("w", "b") or kind == "w" and array.ndim not in (2, 4):
                raise ValueError(f"{name}: this container holds filters, dense weights and biases, and no "
                                 f"{key} of shape {array.shape}")
            arrays[f"{theirs.get(name, name)}.{kind}"] = ops.to_host(array.T if array.ndim == 2 else array)
    return arrays


def shapes_of(net):
    """{name: shape of the weights} of a network, for `read`."""
    return {name.removesuffix(".w"): array.shape for name, array in arrays_of(net).items() if name.endswith(".w")}
