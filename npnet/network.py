"""A network: layers with names, one after the other.

    net = Network((3, 227, 227), seed=0, conv1=Conv2D(96, 11, stride=4), relu1=ReLU(), ...)
    logits = net.forward(x)             every layer in turn
    dx = net.backward(dlogits)          every layer in turn, from the last to the first
    net.params(), net.grads()           {"conv1.w": array, ...}

When it is built, the shape of the input flows through the layers, and each allocates what it needs;
that is where shapes are checked, with the layer's name in the message.
"""
import copy
import difflib
import json
import math
import os
import sys
import tokenize
import weakref
import zipfile
import zlib
from pathlib import Path

import numpy as np

from .backend import choose, ops
from .layers import LAYERS, Layer, Softmax, arguments, built, check_made, check_whole, collected, expression, rng

NETWORKS = weakref.WeakSet()                # all that are in use: a layer belongs to one of them
OWNERS = weakref.WeakValueDictionary()      # {id of a layer: the network in which it was put last}

checking = os.environ.get("NPNET_CHECK", "") not in ("", "0")


def check(on=True):
    """Look for NaN and infinity after every layer from now on (or NPNET_CHECK=1), and name the layer."""
    global checking
    checking = on


def check_finite(what, array):
    """Raises FloatingPointError, naming the array, if it holds NaN or infinity; does nothing unless checking is on."""
    if not checking:
        return
    finite = np.isfinite(array)
    if not finite.all():
        raise FloatingPointError(f"{what} holds {int(array.size - finite.sum())} of {array.size} numbers that are NaN "
                                 f"or infinite; it is the first that does")


class Network:
    """Layers by name. input_shape is that of one input, (C, H, W) or (D,); dtype is float32 or float64.

    seed, a whole number, decides the initial weights and the dropout masks. step is the training
    step and rows the place of the batch in a larger one, (first, total); both only matter to layers
    that draw. Raises TypeError for what is no layer and ValueError where a layer does not fit the one
    before it, with the layer's name.
    """

    def __init__(self, input_shape, seed=0, dtype=np.float32, **layers):
        choose()
        self.input_shape, self.seed, self.dtype = checked_shape(input_shape), checked_seed(seed), np.dtype(dtype)
        self.layers, self.shapes, self.frozen = {}, {}, set()          # shapes: of every layer's output
        self.step, self.rows, self.device, self.output_shape = 0, None, ops.device, None
        if not layers:
            raise ValueError("a Network needs at least one layer: Network((3, 32, 32), flatten=Flatten(), ...)")
        if self.dtype not in (np.float32, np.float64):
            raise ValueError(f"dtype must be float32 or float64, got {self.dtype}")
        for name, layer in layers.items():
            self.add(name, layer)
        NETWORKS.add(self)

    def add(self, name, layer):
        """One more layer, after the others. Raises ValueError or TypeError where it does not fit them."""
        shape = self.shapes[list(self.shapes)[-1]] if self.shapes else self.input_shape
        self.shapes[name] = self.build_layer(name, layer, shape)
        self.layers[name] = layer
        OWNERS.update({id(one): self for one in every_layer({name: layer}).values()})

    def build_layer(self, name, layer, shape):
        """Builds one layer for inputs of `shape`; returns the shape of its output."""
        if not isinstance(layer, Layer):
            raise TypeError(f"{name}: {layer!r} is no layer; write ReLU(), with brackets, or "
                            f"class MyLayer(npnet.Layer)")
        for part, one in every_layer({name: layer}).items():
            owner = OWNERS.get(id(one))
            same = [other for other, theirs in every_layer(owner.layers).items() if one is theirs] if owner else []
            if same and owner is self:
                raise ValueError(f"{part}: this is the same object as {same[0]}; make a layer of its own for each name")
            if same and owner in NETWORKS:
                raise ValueError(f"{part}: this layer is in another network, whose weights it would lose; make one of "
                                 f"its own, or take a part of that network: net[:{name!r}]")
        if layer.draws:
            layer.seed, layer.name = self.seed, name
        return built(name, layer, shape, rng(self.seed, "init", name), self.dtype)

    def forward(self, x, train=False):
        """The output for a batch x (N, *input_shape). Frozen layers run as at test."""
        self.check_input(x)
        check_finite("the input", x)
        images = len(x)
        for name, layer in self.layers.items():
            if layer.draws:
                layer.step, layer.rows = self.step, self.rows
            try:
                x = layer.forward(x, train=True) if train and name not in self.frozen else layer.forward(x)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
            check_made(name, "forward", x, (images, *self.shapes[name]), self.dtype)
            check_finite(f"{name}: its output", x)
        self.output_shape = x.shape
        return x if layer.params() else x.copy()            # activations remember their output, Flatten hands it on

    def check_input(self, x):
        """Raises ValueError or TypeError unless x is a batch that this network was built for."""
        if ops.device != self.device:
            raise ValueError(f"this network was built on the {self.device} and the backend {ops.name} computes on "
                             f"the {ops.device}; save it, call use({ops.name!r}) and load it")
        expected = f"(N, {', '.join(map(str, self.input_shape))})"
        if not hasattr(x, "dtype") or hasattr(x, "numpy"):
            raise TypeError(f"input must be an array of shape {expected}, got a {type(x).__name__}; use "
                            f"{'x.numpy()' if hasattr(x, 'numpy') else f'np.array(x, np.{self.dtype})'}")
        if x.shape[1:] != self.input_shape or not len(x):
            hint = "; one picture alone is x[None]" if x.shape == self.input_shape else ""
            raise ValueError(f"input has shape {x.shape}, but this network was built for {expected}{hint}")
        if x.dtype != self.dtype:
            raise TypeError(f"input is {x.dtype}, but this network computes in {self.dtype}; "
                            f"use x.astype(np.{self.dtype})")

    def backward(self, dy, to_input=True):
        """The input's gradient from the output's; the layers' own are then in grads().

        With to_input=False it stops at the first layer that has something to train, and returns None.
        """
        self.check_gradient(dy)
        last = self.first_trained() if not to_input else None
        before = [self.input_shape, *self.shapes.values()][:-1]                 # of every layer's input
        for name, layer in reversed(self.layers.items()):
            dy = layer.backward(dy, to_input=False) if name == last else layer.backward(dy)
            check_left(name, layer)
            if name == last:
                return None
            shape = before.pop()
            check_made(name, "backward", dy, (self.output_shape[0], *shape), self.dtype)
            check_finite(f"{name}: the gradient of its input", dy)
        return dy if to_input else None

    def check_gradient(self, dy):
        """Raises ValueError or TypeError unless dy is a gradient of the last forward's output."""
        if self.output_shape is None:
            raise ValueError("backward needs a forward first")
        if hasattr(dy, "numpy"):
            raise TypeError(f"the gradient must be an array, got a {type(dy).__name__}; use dy.numpy()")
        if getattr(dy, "shape", None) != self.output_shape:
            raise ValueError(f"backward needs the gradient of the last forward's output, "
                             f"{self.output_shape}, got {getattr(dy, 'shape', type(dy).__name__)}")
        if dy.dtype != self.dtype:
            raise TypeError(f"the gradient is {dy.dtype}, but this network computes in {self.dtype}; "
                            f"use dy.astype(np.{self.dtype})")
        check_finite("the gradient of the output", dy)

    def first_trained(self):
        """The name of the first layer with parameters that are not frozen, or None."""
        return next((name for name, layer in self.layers.items() if name not in self.frozen and layer.params()), None)

    def collect(self, method, frozen=False):
        """{"layer.name": array} from one method of every layer that is frozen, or is not."""
        chosen = {name: layer for name, layer in self.layers.items() if (name in self.frozen) == frozen}
        return collected(chosen, method)

    def params(self):
        """What is trained: {"conv1.w": array, ...}, the arrays themselves."""
        return self.collect("params")

    def grads(self):
        """The gradients that the last backward left: the same names and shapes as params()."""
        return self.collect("grads")

    def state(self):
        """What is saved but not trained: running statistics, and everything of frozen layers."""
        return self.collect("state") | self.collect("state", frozen=True) | self.collect("params", frozen=True)

    def freeze(self, *names):
        """Stop training these layers: their parameters move from params() to state()."""
        for name in names:
            self.frozen.add(self.known(name))

    def known(self, name):
        """The name, if it is a layer's; else KeyError with the nearest ones."""
        if name in self.layers:
            return name
        near = difflib.get_close_matches(str(name), self.layers, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(self.layers)}"
        raise KeyError(f"no layer is called {name!r}; {hint}")

    def __getitem__(self, key):
        """net["conv1"] is that layer, net["expand2.expand1x1"] one inside a Concat; net["conv2":"fc6"] the network from
        conv2 up to, without, fc6.

        Such a part shares its arrays with the whole, and remembers its own forward.
        """
        if not isinstance(key, slice):
            layers = every_layer(self.layers)
            return layers[key] if key in layers else layers[self.known(key)]
        names = list(self.layers)
        start = 0 if key.start is None else names.index(self.known(key.start))
        stop = len(names) if key.stop is None else names.index(self.known(key.stop))
        if start >= stop or key.step is not None:
            raise ValueError(f"net[{key.start!r}:{key.stop!r}] holds no layers; name two layers in their order")
        part = copy.copy(self)
        part.input_shape = self.shapes[names[start - 1]] if start else self.input_shape
        part.layers = {name: copy.copy(self.layers[name]) for name in names[start:stop]}
        part.shapes = {name: self.shapes[name] for name in part.layers}
        part.frozen, part.output_shape = self.frozen & set(part.layers), None
        return part

    def probabilities(self, x):
        """Softmax of the output, (N, classes): for networks that end in logits, and for those that do not.

        Raises ValueError for networks that end in maps.
        """
        y = self.forward(x)
        if y.ndim != 2:
            raise ValueError(f"probabilities need an output (N, classes), but this network's is {y.shape}; "
                             f"end it in Flatten() and Dense(classes)")
        return y if isinstance(list(self.layers.values())[-1], Softmax) else ops.softmax_forward(y)

    def __str__(self):
        """The shape table: name, layer, shape of the output, number of parameters."""
        counts = {name: sum(p.size for p in layer.params().values()) for name, layer in self.layers.items()}
        rows = [("input", "", self.input_shape, 0)]
        rows += [(name, expression(layer), self.shapes[name], counts[name]) for name, layer in self.layers.items()]
        rows += [("", "parameters", (), sum(counts.values()))]
        wide, width = max(len(row[0]) for row in rows), min(42, max(len(row[1]) for row in rows))
        lines = []
        for name, layer, shape, count in rows:
            shape, count = " x ".join(map(str, shape)), f"{count:,}" if count else ""
            lines.append(f"{name:{wide}}  {shorten(layer, width):{width}}  {shape:>14}  {count:>11}".rstrip())
        return "\n".join(lines)

    __repr__ = __str__

    def architecture(self):
        """Everything but the numbers, as plain data: what save writes as JSON."""
        return {
            "npnet": 1,
            "input_shape": self.input_shape,
            "seed": self.seed,
            "dtype": str(self.dtype),
            "frozen": sorted(self.frozen),
            "layers": [[name, type(layer).__name__, arguments(layer)] for name, layer in self.layers.items()],
        }

    def save(self, path):
        """Writes the architecture and all arrays into one .npz file, beside the old one, then renames it.

        Raises OSError where the folder cannot be written, TypeError where a layer's argument is no plain data.
        """
        path = Path(os.path.realpath(path))                 # through a link, not in its place
        if os.path.exists(path) and not os.path.isfile(path):
            raise OSError(f"cannot write {path}, which is not a file; name one in a folder")
        beside = path.with_name(f".npnet-{os.getpid()}-{id(self)}.part")       # no other save writes there
        try:
            with open(beside, "wb") as file:
                write(file, self)
            os.replace(beside, path)
        except OSError as error:
            raise OSError(f"cannot write {path} ({error.strerror or error}); choose another folder") from None
        finally:
            if os.path.exists(beside):                      # only after something went wrong
                beside.unlink()


def check_left(name, layer):
    """Raises ValueError unless backward left a gradient for each of the layer's parameters."""
    gradients = layer.grads()
    for key, array in layer.params().items():
        if getattr(gradients.get(key), "shape", None) != array.shape:
            raise ValueError(f"{name}: grads() must hold {key} after backward, an array {array.shape}, got "
                             f"{getattr(gradients.get(key), 'shape', 'none')}")
        check_finite(f"{name}: the gradient of {key}", gradients[key])


def every_layer(layers):
    """{name: layer} of these and of those inside them: "expand2", "expand2.expand1x1" ..."""
    found = {}
    for name, layer in layers.items():
        inside = every_layer(layer.inside()) if isinstance(layer, Layer) else {}
        found |= {name: layer} | {f"{name}.{key}": one for key, one in inside.items()}
    return found


def checked_shape(input_shape):
    """The shape as a tuple; ValueError unless it is (C, H, W) or (D,), whole numbers of at least 1."""
    shape = tuple(input_shape) if isinstance(input_shape, (tuple, list)) else ()
    if len(shape) not in (1, 3):
        raise ValueError(f"input_shape must be (C, H, W) or (D,), got {input_shape!r}")
    for size in shape:
        check_whole(**{"every size in input_shape": size})
    return shape


def checked_seed(seed):
    """The seed as an int; TypeError unless it is a whole number."""
    if not isinstance(seed, (int, np.integer)):
        raise TypeError(f"seed must be a whole number, got {seed!r}; no layer can be called seed, dtype or input_shape")
    return int(seed)


def plain(argument):
    """A layer's argument as JSON knows it: NumPy's numbers become Python's, layers [class, arguments]."""
    if isinstance(argument, np.generic):
        return argument.item()
    if isinstance(argument, Layer):
        return [type(argument).__name__, arguments(argument)]
    raise TypeError(f"cannot save: a layer's argument is neither number, text, tuple, layer nor None, but "
                    f"{type(argument).__name__}")


def shorten(text, width):
    """The text, cut to a width with dots at the end where it is longer."""
    return text if len(text) <= width else text[:width - 3] + "..."


def write(file, net, extra=None):
    """Writes a network into a file that is open for writing bytes: the mirror of `read`.

    The file is an .npz: "architecture" is JSON, every other array has the name that params() and state() give
    it. None of these names has a slash: names with a slash are free for others, part of the format. extra:
    {name: array} of such, which npnet.load passes over and `read` gives back.
    """
    arrays = {name: ops.to_host(array) for name, array in (net.params() | net.state()).items()}
    extra = extra or {}
    for name in [name for name in arrays if "/" in name] + [name for name in extra if "/" not in name]:
        raise ValueError(f"cannot save {name}: the network's names must have no slash, those of others must have one")
    text = np.array(json.dumps(net.architecture(), default=plain))
    np.savez(file, architecture=text, **arrays, **extra)


def read(path):
    """What `write` wrote: the architecture, the network's arrays, and {name: array} of others, whose names have a
    slash. Nothing is built, and no more memory taken than a file of this size can honestly need.

    Raises FileNotFoundError, and ValueError for a file that is damaged or not npnet's.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no file {path}; give the path of a network that save() wrote")
    try:
        stream = open(path, "rb")
    except OSError as error:
        raise OSError(f"cannot read {path} ({error.strerror or error})") from None
    try:
        with stream, zipfile.ZipFile(stream) as file:
            if sum(member.file_size for member in file.infolist()) > 20 * os.path.getsize(path) + 2 * 10 ** 8:
                raise ValueError("a zip that would fill the memory")
            every = {member.filename.removesuffix(".npy"): array_of(file, member) for member in file.infolist()}
        architecture = json.loads(str(every.pop("architecture")))
        known_format = architecture["npnet"] == 1
    except DAMAGE:
        raise ValueError(f"{path} is damaged, or is not a network that npnet saved") from None
    if not known_format:
        raise ValueError(f"{path} has format {architecture['npnet']!r}, this npnet reads format 1; use a newer npnet")
    ours = {name: array for name, array in every.items() if "/" not in name}
    return architecture, ours, {name: array for name, array in every.items() if "/" in name}


def array_of(file, member):
    """One array of a zip. ValueError unless its header fits what the member holds, before memory is taken for it."""
    with file.open(member) as stream:
        header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, fortran, dtype = header[np.lib.format.read_magic(stream)](stream)
        if dtype.kind not in "biufU" or stream.tell() + math.prod(shape) * dtype.itemsize != member.file_size:
            raise ValueError("a header that does not fit")
    with file.open(member) as stream:
        array = np.lib.format.read_array(stream, allow_pickle=False)
    check_letters(array)
    return array


def check_letters(array):
    """ValueError for texts with letters that there are not: NumPy would make a str of them that breaks Python."""
    order = array.dtype.byteorder
    if array.dtype.kind == "U" and array.nbytes and array.reshape(-1).view(order + "u4").max() > sys.maxunicode:
        raise ValueError("it has a text with letters that there are not")


# what zipfile, zlib, NumPy and json raise for bytes that are not what they should be
DAMAGE = (KeyError, TypeError, ValueError, AttributeError, EOFError, OSError, NotImplementedError, RuntimeError,
          MemoryError, zipfile.BadZipFile, zlib.error, tokenize.TokenError)


def load(path, layers=None):
    """The network that `save` wrote. layers={"MyLRN": MyLRN} makes classes of one's own known.

    Nothing in the file is run: classes are looked up by name, arrays are read without pickle.
    Raises FileNotFoundError, or ValueError for a file that is damaged or not npnet's.
    """
    return assembled(path, *read(path)[:2], layers)


def assembled(path, architecture, arrays, layers=None):
    """The network of what `read` found in the file `path`; errors as `load`.

    A layer is built, which takes memory and draws weights, after its arrays in the file were checked.
    """
    if not isinstance(layers, (dict, type(None))):
        raise TypeError(f"layers must be a dictionary of classes, {{'MyLRN': MyLRN}}, got a {type(layers).__name__}")
    try:
        input_shape, seed, dtype, frozen, rows = parts_of(architecture)
        net, shape = None, checked_shape(input_shape)
        for name, kind, given in rows:
            layer = made(name, kind, given, LAYERS | (layers or {}))
            wanted = arrays_of_layer(name, layer, shape) if isinstance(layer, Layer) else {}
            check_arrays({f"{name}.{key}": size for key, size in wanted.items()}, arrays, dtype)
            net = net or Network(input_shape, seed, dtype, **{name: layer})
            if name not in net.layers:
                net.add(name, layer)
            shape = net.shapes[name]
        net.freeze(*frozen)
        fill(net, arrays)
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} holds no network that npnet could build: {legible(error)}") from error
    return net


def arrays_of_layer(name, layer, shape):
    """layer.arrays(shape). ValueError for arguments with which nothing can be computed; others the layer names."""
    try:
        return layer.arrays(shape)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    except (TypeError, AttributeError) as error:
        raise ValueError(f"layer {name} has an argument of a wrong type") from error
    except ZeroDivisionError as error:
        raise ValueError(f"layer {name} has a 0 where there must be none") from error


def legible(error):
    """An error's text, as long as a person reads, with a question mark for letters that a terminal would not show."""
    return "".join(letter if letter.isprintable() else "?" for letter in shorten(str(error), 500))


def parts_of(architecture):
    """input_shape, seed, dtype, frozen and layers of an architecture. ValueError where one is not of its kind."""
    kinds = {"input_shape": list, "seed": int, "dtype": str, "frozen": list, "layers": list}
    for key, kind in kinds.items():
        if type(architecture.get(key)) is not kind:
            raise ValueError(f"its {key} must be of type {kind.__name__}, got {architecture.get(key)!r}")
    rows = architecture["layers"]
    if not rows or [row for row in rows if type(row) is not list or [type(part) for part in row] != [str, str, dict]]:
        raise ValueError(f"its layers must be a list of [name, class, arguments], got {rows!r:.100}")
    if len({name for name, kind, given in rows}) < len(rows):
        raise ValueError("two of its layers have the same name")
    return [architecture[key] for key in kinds]


def kinds_of(rows):
    """The names of the classes of these layers, [name, class, arguments], and of those inside them."""
    inside = [[name, *part] for _, _, given in rows for value in given.values() if type(value) is list
              for path in value if type(path) is dict for name, part in path.items()
              if type(part) is list and [type(one) for one in part] == [str, dict]]
    return {kind for _, kind, _ in rows} | (kinds_of(inside) if inside else set())


def made(name, kind, given, known):
    """One layer from its class's name and its constructor's arguments."""
    if kind not in known:
        raise ValueError(f"layer {name} is a {kind}, which npnet does not have; "
                         f"use load(path, layers={{{kind!r}: {kind}}})")
    try:
        return known[kind](**{key: argument(value, known) for key, value in given.items()})
    except TypeError as error:
        raise ValueError(f"layer {name} cannot be made: {error}") from None


def argument(value, known):
    """A constructor's argument from what `plain` made of it: lists become tuples, but for Concat's paths of layers."""
    if not isinstance(value, list):
        return value
    paths = any(isinstance(part, dict) for part in value)
    return [path_of(part, known) for part in value] if paths else tuple(value)


def path_of(path, known):
    """One path of a Concat: {name: layer} from {name: [class, arguments]}."""
    if not isinstance(path, dict):
        raise ValueError(f"a path must be {{name: [class, arguments]}}, got {path!r:.100}")
    for name, part in path.items():
        if type(part) is not list or [type(one) for one in part] != [str, dict]:
            raise ValueError(f"layer {name} must be [class, arguments], got {part!r:.100}")
    return {name: made(name, *part, known) for name, part in path.items()}


def check_arrays(wanted, arrays, dtype):
    """Raises ValueError unless all that is wanted, {name: shape}, is there, finite and not more precise than dtype."""
    for name, shape in wanted.items():
        if name not in arrays:
            raise ValueError(f"the array {name} {tuple(shape)} is missing")
        if arrays[name].shape != tuple(shape):
            raise ValueError(f"{name} has shape {arrays[name].shape}, the network needs {tuple(shape)}")
        if arrays[name].dtype not in (np.float16, np.float32, dtype):
            raise ValueError(f"{name} is {arrays[name].dtype}, the network computes in {dtype}")
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} holds NaN or infinity; take a file from before its training failed")


def fill(net, arrays):
    """Copies arrays, by name, into a network's parameters and state. ValueError unless they are the ones it has."""
    own = net.params() | net.state()
    check_arrays({name: array.shape for name, array in own.items()}, arrays, net.dtype)
    for name in arrays:
        if name not in own:
            raise ValueError(f"it has an array {name}, which the network does not have")
        own[name][...] = ops.to_device(arrays[name])
