"""Which array of a file goes where in a network, and what had to be done to it: nothing is guessed silently.

    mapping = mapped(stored, net)
    print(mapping)                      every array of the network, its name in the file, what was done, what is missing
    mapping.fill(net)

Arrays are paired by the names of networks that are known (names.py), then by names that are npnet's own, then by
their order if every shape fits. Then shapes decide: a dense weight is (D, M) here, inputs first, and (M, D) in most
files; filters are (K, C/G, R, S) here and in most files, (R, S, C/G, K) in Keras's and TensorFlow's.
"""
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..backend import ops
from ..screen.words import counted, listed, printable
from . import names
from .layouts import ways
from .plans import plan_of

BY_PLACE = "by its place"               # how an array was paired whose name says nothing


@dataclass(frozen=True)
class Row:
    """One array of the network and where it comes from. theirs: its name in the file, "" where zeros stand for a bias
    that the file does not have. how: a few words on what was done, or ""."""

    ours: str
    theirs: str
    shape: tuple
    how: str
    steps: tuple = ()                   # what makes the file's array ours: functions, each a view or a copy

    @property
    def by_place(self):
        """Whether its place in the file told, not its name."""
        return self.how.startswith(BY_PLACE)


@dataclass
class Mapping:
    """What of a file fits a network.

    left_over: arrays of the file that went nowhere. missing: arrays of the network that the file does not have.
    differ: a sentence for each array that is there in another shape. notes: sentences on what nobody can see in the
    arrays. fits: nothing is missing and nothing differs.
    """

    stored: object
    rows: list = field(default_factory=list)
    left_over: list = field(default_factory=list)
    missing: list = field(default_factory=list)
    differ: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    @property
    def fits(self):
        return bool(self.rows) and not self.missing and not self.differ

    @property
    def other_weights(self):
        """The names of filters and matrices that went nowhere: signs of another network than this."""
        return [name for name in self.left_over if self.stored.arrays[name].ndim > 1]

    def fill(self, net, partial=False):
        """Copies the arrays into the network. ValueError if it does not fit, unless partial is True: then what is
        missing or differs stays as it is. ValueError for NaN and infinity; nothing is copied then."""
        if not self.fits and not partial:
            raise ValueError(f"{self.stored.path} does not fit this network: {self.trouble()}")
        own, made = net.params() | net.state(), {}
        for row in self.rows:
            made[row.ours] = array = self.array(row)
            if not np.isfinite(array).all():
                raise ValueError(f"{self.stored.path}: {row.theirs} holds NaN or infinity; take a file from before its "
                                 f"training failed")
        with np.errstate(over="ignore"):
            for name, array in made.items():
                own[name][...] = ops.to_device(array.astype(net.dtype))

    def array(self, row):
        """The array of a row in the network's shape, a view where that is possible."""
        if not row.theirs:
            return np.zeros(row.shape, np.float32)
        array = self.stored.arrays[row.theirs]
        for step in row.steps:
            array = step(array)
        return array

    def trouble(self):
        """What does not fit, in a sentence or two."""
        missing = [f"it has no array for {listed(self.missing, 6)}"] if self.missing else []
        said = "; ".join([*self.differ[:3], *missing])
        return printable(said, 900) or "no array of it belongs to this network"

    def __str__(self):
        """The report: a line for each array of the network, then what is missing, left over and to be known."""
        total = len(self.rows) + len(self.missing) + len(self.differ)
        lines = [f"{Path(self.stored.path).name} ({self.stored.format}): {len(self.rows)} of {total} arrays"]
        wide = [max((len(row.ours) for row in self.rows), default=0),
                max((len(row.theirs) for row in self.rows), default=0),
                max((len(str(row.shape)) for row in self.rows), default=0)]
        for row in self.rows:
            lines.append(f"  {row.ours:{wide[0]}}  {row.theirs or '-':{wide[1]}}  {str(row.shape):{wide[2]}}  "
                         f"{row.how}".rstrip())
        for title, entries in (("missing", self.missing), ("left over", self.left_over)):
            lines += [f"{title}: {listed(entries, 24)}"] if entries else []
        for title, entries in (("differs", self.differ), ("note", [*self.stored.notes, *self.notes])):
            lines += [f"{title}: {entry}" for entry in entries]
        return "\n".join(printable(line, 600) for line in lines)


def mapped(stored, net, pipeline=None, flattened=None, reverse=False):
    """The Mapping of a file's arrays (a Stored) into a network, which is left as it is; see Mapping.fill.

    pipeline: how the network's pictures are prepared, for the sentence on RGB and BGR
    flattened: "HWC" if the file's first dense layer read maps as rows, columns, channels; "CHW"; None: as its layout
    reverse: turn the three input channels of the first convolution, for weights of BGR and pictures of RGB
    """
    if flattened not in (None, "CHW", "HWC"):
        raise ValueError(f'flattened must be "CHW", "HWC" or None, got {flattened!r}')
    return Arranged(stored, plan_of(net), pipeline, flattened, reverse).mapping()


# ---------------------------------------------------------------------------- pairing

def modules_of(arrays):
    """{module: {role: name}} of a file's arrays, in its order, and the names of counters."""
    modules, counters = {}, []
    for name in arrays:
        if len(name) > names.LONGEST:
            continue
        module, role = names.parsed(name)
        if role == "counter":
            counters.append(name)
        else:
            modules.setdefault(module, {}).setdefault(role or name, name)
    return modules, counters


def without_prefix(modules):
    """The same modules without a first part that all their names have: {short: module}."""
    short = {module: module for module in modules}
    for _ in range(5):                                              # module.model.net.features.0
        firsts = {name.partition(".")[0] if "." in name else None for name in short}
        if len(firsts) != 1 or None in firsts:
            break
        short = {name.partition(".")[2]: module for name, module in short.items()}
    return short


def table_of(modules, ours):
    """The version whose table holds all of these modules, or all of whose modules are here; None if there is none."""
    for version, table in names.TABLES.items():
        whole = set(table) <= set(modules) or (len(modules) > 1 and set(modules) <= set(table))
        if whole and set(table.values()) <= set(ours):
            return version
    return None


def by_name(modules, ours):
    """{our module: (their module, table or None)} as far as names tell."""
    short = without_prefix(modules)
    version = table_of(short, ours)
    if version:
        return {names.TABLES[version][name]: module for name, module in short.items()
                if name in names.TABLES[version]}, version
    spelt = spellings(ours)
    pairs = {}
    for name, module in short.items():
        our = spelt.get(names.alike(name)) or names.fire_module(name)
        if our in ours and our not in pairs:
            pairs[our] = module
    return pairs, None


def spellings(ours):
    """{name in one spelling: our module}: the whole name, and within a Concat the inner one, if it is the only one."""
    inner = [names.alike(module.rpartition(".")[2]) for module in ours]
    return {name: module for name, module in zip(inner, ours, strict=True) if inner.count(name) == 1} | {
        names.alike(module): module for module in ours}


def by_order(ours, theirs, fit, alike=None):
    """{our module: their module} in order, if there are as many here as there and all fit; the last, which depends on
    the classes, need only be `alike` where others fit."""
    if len(ours) != len(theirs) or not ours:
        return {}
    *rest, last = zip(ours, theirs, strict=True)
    if not all(fit(*pair) for pair in rest) or not (fit(*last) or alike and alike(*last)):
        return {}
    return {our: their for our, their in (*rest, last)}


class Arranged:
    """A file's arrays and a plan of a network, paired. plan: see plans.py."""

    def __init__(self, stored, plan, pipeline=None, flattened=None, reverse=False):
        self.stored, self.plan, self.pipeline = stored, plan, pipeline
        self.modules, self.counters = modules_of(stored.arrays)
        self.pairs, self.table = by_name(self.modules, plan.modules)
        self.placed = self.in_order()
        self.pairs |= self.placed
        self.reverse = reverse
        self.keras = self.is_keras()
        self.flattened = flattened or ("HWC" if self.keras else "CHW")
        self.inputs_first = self.dense_inputs_first()

    def in_order(self):
        """Pairs of what names do not tell: modules in order, or single arrays in order where no name is understood."""
        ours = [module for module in self.plan.modules if module not in self.pairs]
        taken = set(self.pairs.values())
        theirs = [module for module in self.modules if module not in taken]
        placed = by_order(ours, theirs, self.could_fit, self.alike if taken or len(ours) > 1 else None)
        if placed or taken:
            return placed
        own = [(module, role) for module in ours for role in self.plan.modules[module]]
        arrays = [name for roles in self.modules.values() for name in roles.values()]
        if len(own) != len(arrays):
            return {}
        grouped = {}
        for (module, role), name in zip(own, arrays, strict=True):
            grouped.setdefault(module, {})[role] = name
        modules, self.modules = self.modules, {" ".join(roles.values()): roles for roles in grouped.values()}
        placed = by_order(ours, list(self.modules), self.could_fit, self.alike)
        if not placed:
            self.modules = modules
        return placed

    def could_fit(self, our, their):
        """Whether two modules have the same roles and every shape could be made to fit."""
        ours, theirs = self.plan.modules[our], self.modules[their]
        return set(theirs) <= set(ours) and "w" in theirs and all(
            ways(self.stored.arrays[name].shape, ours[role]) for role, name in theirs.items())

    def alike(self, our, their):
        """Whether the weights of two modules have as many axes, and one of their sizes in common."""
        ours, name = self.plan.modules[our].get("w", ()), self.modules[their].get("w")
        theirs = self.stored.arrays[name].shape if name else None
        return theirs is not None and len(ours) == len(theirs) > 1 and bool(set(ours) & set(theirs))

    def both(self, dimensions):
        """(their shape, our shape) of all paired weights of so many dimensions."""
        for our, their in self.pairs.items():
            ours, name = self.plan.modules[our].get("w", ()), self.modules[their].get("w")
            if name and len(ours) == dimensions:
                yield self.stored.arrays[name].shape, ours

    def is_keras(self):
        """Whether filters lie as (R, S, C, K): where some fit in no other way, or Keras's name `kernel` says so."""
        shapes = list(self.both(4))
        fits = [theirs == (ours[2], ours[3], ours[1], ours[0]) for theirs, ours in shapes]
        named = any("kernel" in name.lower() for name in self.stored.arrays)
        return bool(fits) and all(fits) and (named or any(theirs != ours for theirs, ours in shapes))

    def dense_inputs_first(self):
        """Whether dense weights lie as (D, M): what those tell that are not square, else the layout."""
        first = {theirs == ours for theirs, ours in self.both(2) if theirs in (ours, ours[::-1])
                 and ours[0] != ours[1]}
        return first.pop() if len(first) == 1 else self.keras or self.stored.layout == "npnet"

    def outputs(self):
        """The number of classes: outputs of the array that the last module got, or None."""
        name = self.modules.get(self.pairs.get(self.plan.last), {}).get("w")
        if name is None:
            return None
        shape, ours = self.stored.arrays[name].shape, self.plan.modules[self.plan.last]["w"]
        first = self.keras if len(shape) == 4 else self.inputs_first
        if len(shape) == len(ours) == 2 and shape[0] != shape[1] and ours[0] in shape:
            first = shape[0] == ours[0]                             # the other size is that of the outputs
        return int(shape[-1] if first else shape[0]) if len(shape) in (2, 4) else None

    # ------------------------------------------------------------------------ rows

    def mapping(self):
        """The Mapping."""
        made = Mapping(self.stored)
        used = set()
        for module, roles in self.plan.modules.items():
            theirs = self.modules.get(self.pairs.get(module), {})
            for role, shape in roles.items():
                if role in theirs:
                    used.add(theirs[role])
                self.place(made, f"{module}.{role}", theirs, shape)
        made.left_over = [name for name in self.stored.arrays if name not in used and name not in self.counters]
        made.notes += self.sentences()
        return made

    def place(self, made, ours, theirs, shape):
        """Adds one array of the network to the mapping: a row, a sentence, or a name that is missing."""
        module, _, role = ours.rpartition(".")
        if role not in theirs:
            if role == "b" and any(row.ours == f"{module}.w" for row in made.rows):
                made.rows.append(Row(ours, "", shape, "the file has no bias here: zeros"))
            else:
                made.missing.append(ours)
            return
        name = theirs[role]
        array = self.stored.arrays[name]
        found = self.steps(ours, array)
        if found is None:
            made.differ.append(self.difference(ours, name, made))
            return
        words, steps = found
        if module in self.placed:
            words = [BY_PLACE, *words]
        if array.dtype.kind == "f" and array.dtype.itemsize > 4:
            words.append(f"from {array.dtype}")
        made.rows.append(Row(ours, name, shape, "; ".join(words), tuple(steps)))

    def steps(self, ours, array):
        """(words, functions) that make an array of the file ours, or None."""
        module, _, role = ours.rpartition(".")
        shape = self.plan.modules[module][role]
        if array.dtype.kind != "f":
            return None
        found = ways(array.shape, shape)
        if not found:
            return None
        wanted = "keras" if len(shape) == 4 and self.keras else "first" if self.inputs_first else "last"
        word, step = found.get(wanted) or next(iter(found.values()))
        words, steps = [word] * bool(word), [step]
        maps = self.plan.maps.get(module)
        if len(shape) == 2 and maps and self.flattened == "HWC" and math.prod(maps[1:]) > 1 and maps[0] > 1:
            words.append("rows from H, W, C to C, H, W")
            steps.append(lambda w: w.reshape(*maps[1:], maps[0], -1).transpose(2, 0, 1, 3).reshape(shape))
        if self.reverse and module == self.plan.first and len(shape) == 4 and shape[1] == 3:
            words.append("its three channels turned")
            steps.append(lambda w: w[:, ::-1])
        return words, steps

    # ------------------------------------------------------------------------ sentences

    def difference(self, ours, name, made):
        """The sentence for an array that does not fit."""
        module, _, role = ours.rpartition(".")
        shape, array = self.plan.modules[module][role], self.stored.arrays[name]
        theirs = array.shape
        start = f"{ours} is {shape} here, {name} in the file is {theirs}"
        if role == "b" and array.dtype.kind == "f" and any(said.startswith(f"{module}.w is ") for said in made.differ):
            return start                                            # why is said with the weights
        if array.dtype.kind != "f":
            return f"{name} holds numbers of type {array.dtype}, which are no weights as they lie there; npnet reads " \
                   f"floating-point arrays"
        if len(shape) == 2:
            theirs = theirs if self.inputs_first else theirs[::-1]
        return start + self.reason(module, shape, theirs)

    def reason(self, module, shape, theirs):
        """What a difference in shape means: the rest of the sentence."""
        if len(theirs) != len(shape):
            return ""
        output = {4: 0, 2: 1, 1: 0}[len(shape)] if len(shape) in (1, 2, 4) else 0
        others = [size for axis, size in enumerate(shape) if axis != output]
        if module == self.plan.last and others == [size for axis, size in enumerate(theirs) if axis != output]:
            more = [name for name, roles in self.modules.items() if "w" in roles and name not in self.pairs.values()]
            if more:
                return (f": the file has layers that this network does not have ({listed(more, 3)}), so it is of "
                        f"another network; name that one, or give its prototxt")
            return (f": the file has {theirs[output]} classes, this network {shape[output]}; build the network with "
                    f"classes={theirs[output]}")
        maps = self.plan.maps.get(module)
        if len(shape) == 2 and maps and theirs[1] == shape[1]:
            side = math.isqrt(theirs[0] // maps[0])
            came = f", the file's had {maps[0]} maps of {side} x {side}" if side ** 2 * maps[0] == theirs[0] else ""
            return (f": the maps before it are {' x '.join(map(str, maps))}{came}; it was trained on pictures of "
                    f"another size, or with other padding or pooling before it")
        if len(shape) == 4 and theirs[0] == shape[0] and theirs[2:] == shape[2:]:
            if module == self.plan.first:
                return f": the file's pictures have {counted(theirs[1], 'channel')}, this network's {shape[1]}"
            if theirs[1] % shape[1] == 0 or shape[1] % theirs[1] == 0:
                return ": one of the two has more groups; choose the version with the same number of groups"
        return ""

    def sentences(self):
        """What is to be known about the file as a whole."""
        said = []
        weights = [shape for _, shape in self.both(2)]
        usual = self.keras or self.stored.layout == "npnet"
        if weights and self.inputs_first != usual:
            order = "inputs first, (D, M)" if self.inputs_first else "outputs first, (M, D)"
            said.append(f"the dense weights of the file lie {order}, as their shapes show; square ones were taken so")
        if self.keras:
            said.append("its filters lie as (R, S, C, K), as Keras and TensorFlow have them")
            if self.flattened == "HWC" and self.plan.maps:
                said.append("its first dense layer is taken to read maps as H, W, C; the rows were put into C, H, W")
                said.append('if the file came from Caffe or PyTorch before, map it with flattened="CHW"')
            if any("mean" in roles for roles in self.plan.modules.values()):
                said.append("Keras's batch normalisation has eps=0.001, npnet's 0.00001; set the layer's eps")
        if self.table == "squeezenet1_0" and self.plan.padded_end:
            said.append("torchvision's squeezenet1_0 does not pad conv10, this network does, as Caffe's; "
                        "npnet.weights.candidates.model_for makes the right one")
        return said + self.order_sentences()

    def order_sentences(self):
        """The sentence on red and blue, where the format and the pictures of the network disagree."""
        first = self.plan.modules.get(self.plan.first, {}).get("w", ())
        if self.pipeline is None or self.reverse or len(first) != 4 or first[1] != 3:
            return []
        usual = {"caffe": "BGR", "torch": "RGB"}.get(self.stored.layout)
        if usual in (None, self.pipeline.order) or (usual == "BGR" and first[2] < 7):   # Caffe's CIFAR-10 is RGB
            return []
        whose = {"caffe": "Caffe's", "torch": "PyTorch's"}[self.stored.layout]
        return [f"{self.plan.first}.w: {whose} networks mostly read {usual}, the pictures of this one are "
                f"{self.pipeline.order}",
                f'if red and blue are swapped, give the pipeline order="{usual}", or map the file with reverse=True']
