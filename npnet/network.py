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
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from .backend import choose, ops
from .layers import LAYERS, Softmax, arguments, expression, rng

checking = os.environ.get("NPNET_CHECK", "") not in ("", "0")


def check(on=True):
    """Look for NaN and infinity after every layer from now on (or NPNET_CHECK=1), and name the layer."""
    global checking
    checking = on


def check_finite(name, what, array):
    """Raises FloatingPointError, naming the layer, if the array holds NaN or infinity."""
    finite = np.isfinite(array)
    if checking and not finite.all():
        wrong = int(array.size - finite.sum())
        raise FloatingPointError(f"{name}: {what} holds {wrong} of {array.size} numbers that are NaN or infinite; "
                                 f"the layers before it were fine")


class Network:
    """Layers by name. input_shape is that of one input, (C, H, W) or (D,); dtype is float32 or float64.

    seed decides the initial weights and the dropout masks. step is the training step and rows the
    place of the batch in a larger one, (first, total); both only matter to layers that draw.
    Raises ValueError, with the layer's name, where a layer does not fit the one before it.
    """

    def __init__(self, input_shape, seed=0, dtype=np.float32, **layers):
        choose()
        self.input_shape, self.seed, self.dtype = tuple(input_shape), seed, np.dtype(dtype)
        self.layers, self.shapes, self.frozen = layers, {}, set()      # shapes: of every layer's output
        self.step, self.rows, self.device, self.output_shape = 0, None, ops.device, None
        if not layers:
            raise ValueError("a Network needs at least one layer: Network((3, 32, 32), flatten=Flatten(), ...)")
        if self.dtype not in (np.float32, np.float64):
            raise ValueError(f"dtype must be float32 or float64, got {self.dtype}")
        shape = self.input_shape
        for name, layer in layers.items():
            shape = self.shapes[name] = self.build_layer(name, layer, shape)

    def build_layer(self, name, layer, shape):
        """Builds one layer for inputs of `shape`; returns the shape of its output."""
        for other in self.shapes:
            if self.layers[other] is layer:
                raise ValueError(f"{name}: this is the same object as {other}; make a layer of its own for each name")
        if getattr(layer, "draws", False):
            layer.seed, layer.name = self.seed, name
        try:
            return tuple(layer.build(shape, rng(self.seed, "init", name), self.dtype))
        except (ValueError, TypeError) as error:
            raise type(error)(f"{name}: {error}") from error

    def forward(self, x, train=False):
        """The output for a batch x (N, *input_shape). Frozen layers run as at test."""
        self.check_input(x)
        for name, layer in self.layers.items():
            if train and name not in self.frozen:
                if getattr(layer, "draws", False):
                    layer.step, layer.rows = self.step, self.rows
                x = layer.forward(x, train=True)
            else:
                x = layer.forward(x)
            if checking:
                check_finite(name, "its output", x)
        self.output_shape = x.shape
        return x

    def check_input(self, x):
        """Raises ValueError or TypeError unless x is a batch that this network was built for."""
        if ops.device != self.device:
            raise ValueError(f"this network was built on the {self.device} and the backend {ops.name} computes on "
                             f"the {ops.device}; save it, call use({ops.name!r}) and load it")
        expected = f"(N, {', '.join(map(str, self.input_shape))})"
        if not hasattr(x, "dtype"):
            raise TypeError(f"input must be an array of shape {expected}, got a {type(x).__name__}")
        if x.shape[1:] != self.input_shape or x.ndim != len(self.input_shape) + 1:
            hint = "; one picture alone is x[None]" if x.shape == self.input_shape else ""
            raise ValueError(f"input has shape {x.shape}, but this network was built for {expected}{hint}")
        if x.dtype != self.dtype:
            raise TypeError(f"input is {x.dtype}, but this network computes in {self.dtype}; "
                            f"use x.astype(np.{self.dtype})")

    def backward(self, dy, to_input=True):
        """The input's gradient from the output's; the layers' own are then in grads().

        With to_input=False it stops at the first layer that has something to train, and returns None.
        """
        if self.output_shape != dy.shape:
            raise ValueError(f"backward needs the gradient of the last forward's output, {self.output_shape}, got "
                             f"{dy.shape}" if self.output_shape else "backward needs a forward first")
        last = self.first_trained() if not to_input else None
        for name, layer in reversed(self.layers.items()):
            if name == last:
                layer.backward(dy, to_input=False)
                return None
            dy = layer.backward(dy)
            if checking:
                check_finite(name, "the gradient of its input", dy)
        return dy if to_input else None

    def first_trained(self):
        """The name of the first layer with parameters that are not frozen, or None."""
        return next((name for name, layer in self.layers.items() if name not in self.frozen and layer.params()), None)

    def collect(self, method, frozen=False):
        """{"layer.name": array} from one method of every layer that is frozen, or is not."""
        return {f"{name}.{key}": array for name, layer in self.layers.items() if (name in self.frozen) == frozen
                for key, array in getattr(layer, method)().items()}

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
        near = difflib.get_close_matches(str(name), self.layers, n=3) or list(self.layers)
        raise KeyError(f"no layer is called {name!r}; did you mean {', '.join(near)}?")

    def __getitem__(self, key):
        """net["conv1"] is that layer; net["conv2":"fc6"] the network from conv2 up to, without, fc6.

        Such a part shares its arrays with the whole, and remembers its own forward.
        """
        if not isinstance(key, slice):
            return self.layers[self.known(key)]
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
        """Softmax of the output, (N, classes): for networks that end in logits, and for those that do not."""
        y = self.forward(x)
        return y if isinstance(list(self.layers.values())[-1], Softmax) else ops.softmax_forward(y)

    def __str__(self):
        """The shape table: name, layer, shape of the output, number of parameters."""
        rows = [("input", "", self.input_shape, 0)]
        for name, layer in self.layers.items():
            rows.append((name, expression(layer), self.shapes[name], sum(p.size for p in layer.params().values())))
        widths = [max(len(row[0]) for row in rows), min(42, max(len(row[1]) for row in rows))]
        lines = [f"{name:{widths[0]}}  {shorten(layer, widths[1]):{widths[1]}}  {' x '.join(map(str, shape)):>14}  "
                 f"{count or '':{'>11,' if count else '>11'}}" for name, layer, shape, count in rows]
        lines.append(f"{'':{widths[0]}}  {'parameters':{widths[1]}}  {'':14}  {sum(row[3] for row in rows):>11,}")
        return "\n".join(line.rstrip() for line in lines)

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
        path = Path(path)
        arrays = {name: ops.to_host(array) for name, array in (self.params() | self.state()).items()}
        try:
            text = json.dumps(self.architecture())
        except TypeError as error:
            raise TypeError(f"cannot save: a layer's argument is neither number, text, tuple nor None "
                            f"({error})") from None
        temporary = None
        try:
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, suffix=".part", delete=False) as file:
                temporary = file.name
                np.savez(file, architecture=np.array(text), **arrays)
            os.replace(temporary, path)
        except OSError as error:
            raise OSError(f"cannot write {path} ({error.strerror or error}); choose another folder") from None
        finally:
            if temporary and os.path.exists(temporary):
                os.remove(temporary)


def shorten(text, width):
    """The text, cut to a width with dots at the end where it is longer."""
    return text if len(text) <= width else text[:width - 3] + "..."


def load(path, layers=None):
    """The network that `save` wrote. layers={"MyLRN": MyLRN} makes classes of one's own known.

    Nothing in the file is run: classes are looked up by name, arrays are read without pickle.
    Raises FileNotFoundError, or ValueError for a file that is damaged or not npnet's.
    """
    architecture, arrays = read(path)
    known = LAYERS | (layers or {})
    built = {name: made(path, name, kind, given, known) for name, kind, given in architecture["layers"]}
    net = Network(architecture["input_shape"], architecture["seed"], architecture["dtype"], **built)
    fill(net, arrays, path)
    net.freeze(*architecture["frozen"])
    return net


def read(path):
    """The architecture and the arrays in a file that `save` wrote."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file {path}; give the path of a network that save() wrote")
    try:
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        architecture = json.loads(str(arrays.pop("architecture")))
        known_format = architecture["npnet"] == 1
    except (KeyError, TypeError, ValueError, EOFError, OSError, AttributeError, zipfile.BadZipFile):
        raise ValueError(f"{path} is damaged, or is not a network that npnet saved") from None
    if not known_format:
        raise ValueError(f"{path} has format {architecture['npnet']}, this npnet reads format 1; use a newer npnet")
    return architecture, arrays


def made(path, name, kind, given, known):
    """One layer from its class's name and its constructor's arguments."""
    if kind not in known:
        raise ValueError(f"{path}: layer {name} is a {kind}, which npnet does not have; "
                         f"use load(path, layers={{{kind!r}: {kind}}})")
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    try:
        return known[kind](**given)
    except TypeError as error:
        raise ValueError(f"{path}: layer {name} cannot be made: {error}") from None


def fill(net, arrays, path=""):
    """Copies arrays, by name, into a network's parameters and state; all names and shapes must agree."""
    own = net.params() | net.state()
    if set(own) != set(arrays):
        odd = sorted(set(own) ^ set(arrays))
        raise ValueError(f"{path}: these arrays are in the file or the network, but not in both: {', '.join(odd)}")
    for name, array in arrays.items():
        if own[name].shape != array.shape:
            raise ValueError(f"{path}: {name} has shape {array.shape}, the network needs {own[name].shape}")
        own[name][...] = ops.to_device(array)
