"""What a check at these shapes did not try, and the shapes that do.

    uncovered(called)                       # "pad 0, a stride that leaves a remainder, one image": words for one line
    for member in family(make, inputs, settings):           # --thorough
        check_layer(member.subject, *member.inputs)

Half of the wrong convolutions pass at 3 x 3, pad 1, stride 1. What there is to try is told from what the layer does,
and from its settings: rows, columns, channels and images are moved one at a time, and which rows, columns ... of y
move with them tells window, stride, padding and groups. A dense layer has no stride, and none is asked of it.
"""
import ast
import inspect
import time
from dataclasses import dataclass, field

import numpy as np

from ..gradcheck import spread
from ..layers import rng

ROLES = {                               # settings by their usual names, without capitals and underscores
    "stride": "stride strides s step stridelen stridesize",
    "pad": "pad padding p pads padsize zeropadding",
    "groups": "groups group g ngroups numgroups",
}
SECONDS = 2                             # that moving rows, columns and channels may take
AXES = {"NCHW": "image channel row column", "NHWC": "image row column channel", "CHW": "channel row column",
        "HWC": "row column channel", "HW": "row column"}


@dataclass
class Windows:
    """How a layer's windows go over a picture, as its behaviour shows it. sizes: {"image": N, "row": H ...} of x."""

    sizes: dict
    size: dict = field(default_factory=dict)        # {"row": R, "column": S}: of the window
    stride: dict = field(default_factory=dict)
    pad: dict = field(default_factory=dict)
    groups: int = 1

    @property
    def there(self):
        """Whether these are windows: some numbers of a map, and not one or all of them."""
        return any(1 < self.size[axis] < self.sizes[axis] + 2 * self.pad[axis] or self.stride[axis] > 1
                   for axis in self.size)

    @property
    def slid_over(self):
        """The axes over which windows slide; one that each number of y sees whole may be one of channels."""
        over = [axis for axis in ("row", "column") if self.size[axis] < self.sizes[axis] + 2 * self.pad[axis]]
        return over or ["row", "column"]

    def remainder(self, axis):
        """How many rows (columns) are left over behind the last window."""
        return (self.sizes[axis] + 2 * self.pad[axis] - self.size[axis]) % self.stride[axis]


# ------------------------------------------------------------------------------- what a layer does

def axes_of(x, layout=""):
    """["image", "channel", "row", "column"]: what the axes of x are; [] for rows of numbers."""
    layout = layout if len(layout) == x.ndim else {4: "NCHW", 3: "CHW"}.get(x.ndim, "")
    return AXES.get(layout, "").split()


def windows_of(called, inputs):
    """The Windows of a layer at its inputs; None where it has no pictures in and out, or is too slow to ask."""
    x, others = np.array(inputs[0], np.float64), [np.array(array, np.float64) for array in inputs[1:]]
    axes, began = axes_of(x, getattr(called, "layout", "")), time.monotonic()
    y = np.array(called.forward(x.copy(), *others))
    slow = (time.monotonic() - began) * sum(x.shape[-3:]) > SECONDS
    if not axes or y.ndim != x.ndim or slow or not np.isfinite(y).all():
        return None
    found = Windows(dict(zip(axes, x.shape)))
    for axis, name in enumerate(axes):
        if name == "image":
            continue
        moved = seen(called, x, others, y, axis)                # (places of y, places of x)
        if name in ("row", "column"):
            found.size[name], found.stride[name], found.pad[name] = sliding(moved)
        if name == "channel":
            found.groups = blocks(moved)
    return found


def seen(called, x, others, y, axis):
    """Which places of y along an axis move with which of x: a mask (places of y, places of x)."""
    moved, large = np.zeros((y.shape[axis], x.shape[axis]), bool), 2 * np.abs(x).max(initial=0) + 1
    rest = tuple(each for each in range(y.ndim) if each != axis)
    for place in range(x.shape[axis]):
        other = x.copy()
        other[(slice(None),) * axis + (place,)] += large        # large: in a window, the largest
        moved[:, place] = (np.array(called.forward(other, *others)) != y).any(axis=rest)
    return moved


def sliding(moved):
    """Size, stride and padding of a window from what each of its places sees: (P, H) or (Q, W)."""
    widths, first = moved.sum(axis=1), moved.argmax(axis=1)
    last = moved.shape[1] - 1 - moved[:, ::-1].argmax(axis=1)
    size = int(widths.max(initial=1))
    inside = np.flatnonzero(widths == size)                     # those that no border cuts
    if not size or not len(inside):
        return size, 1, 0
    steps = np.concatenate([np.diff(first[inside[0]:]), np.diff(last[:inside[-1] + 1])])
    stride = max(1, int(steps.max(initial=1)))
    return size, stride, max(0, int(inside[0]) * stride - int(first[inside[0]]))     # the first one begins at -pad


def blocks(moved):
    """In how many groups channels fall: 2 where the first half of y sees the first half of x alone, and so on."""
    K, C = moved.shape
    for groups in range(C, 1, -1):
        if C % groups == 0 and K % groups == 0:
            block = np.kron(np.eye(groups), np.ones((K // groups, C // groups))).astype(bool)
            if not moved[~block].any():
                return groups
    return 1


# ------------------------------------------------------------------------------- what a layer was told

def whole(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def settings_of(values):
    """{"stride": ("stride", 1), ...}: which of these named values are a stride, a padding, groups."""
    found = {}
    for role, names in ROLES.items():
        for name, value in values.items():
            pair = isinstance(value, (tuple, list)) and len(value) == 2 and all(map(whole, value))
            word = role == "pad" and str(value).lower() in ("same", "valid")
            if str(name).replace("_", "").lower() in names.split() and (whole(value) or pair or word):
                found.setdefault(role, (name, value))
    return found


def values_of(called):
    """The named values of a stranger: its attributes, its dictionaries of settings, arguments of its functions."""
    values = dict(getattr(getattr(called, "original", called), "__dict__", {}))
    for call in (getattr(getattr(called, "way", None), word, None) for word in ("forward", "backward")):
        for argument in getattr(call, "arguments", []):
            if argument.role == "value":
                values[argument.name] = argument.value
    for held in [value for value in values.values() if isinstance(value, dict)]:
        values = {name: value for name, value in held.items() if isinstance(name, str)} | values
    return values


# ------------------------------------------------------------------------------- what was not covered

def uncovered(called, inputs=None, values=None, windows=None):
    """What the shapes of a check did not try, in words for one line: "pad 0, groups, one image"; or "".

    called: what strangers.call gave, or a layer of npnet. inputs: of the check (None: called.inputs). values: {name:
    value} of its settings (None: those that are found). windows: what windows_of gave, to save its time.
    """
    inputs = list(called.inputs.values()) if inputs is None else inputs
    try:
        windows, images = windows or windows_of(called, inputs), has_images(called, inputs)
    except Exception:                           # a layer that does not run at other numbers: its own check says more
        return ""
    settings = settings_of(values_of(called) if values is None else values)
    words = of_windows(windows, settings) if windows and (windows.there or "stride" in settings) else []
    if images:
        words += ["one image" if len(inputs[0]) > 1 else "more than one image"]
    return ", ".join(words)


def has_images(called, inputs):
    """Whether the first axis of x is that of images, and one alone makes sense."""
    x = np.array(inputs[0], np.float64)
    if x.ndim not in (2, 4) or getattr(called, "loss", False):
        return False
    others = [np.array(array) for array in inputs[1:]]
    y = np.array(called.forward(x.copy(), *others))
    if y.ndim not in (2, 4) or len(y) != len(x):
        return False
    x[0] += 1                                                   # rows of numbers must not be mixed, as batch norm does
    return x.ndim == 4 or not (np.array(called.forward(x, *others)) != y)[1:].any()


def of_windows(windows, settings):
    """What there is to try of layers with windows."""
    words, sizes = [], windows.sizes
    if "pad" in settings:
        words += ["pad 0"] if max(windows.pad.values()) else ["padding"]
    if max(windows.stride.values()) == 1 and "stride" in settings:
        words += ["stride 2"]
    elif not any(windows.remainder(axis) for axis in windows.size):
        words += ["a stride that leaves a remainder"]
    words += ["height unlike width"] * (sizes["row"] == sizes["column"])
    words += ["groups"] * ("groups" in settings and windows.groups == 1)
    return words


# ------------------------------------------------------------------------------- the family of --thorough

@dataclass
class Member:
    """One place more at which a layer is checked. words: "stride 2 with a remainder". ties: legal() decides there."""

    words: str
    subject: object
    inputs: list
    settings: dict = field(default_factory=dict)
    ties: bool = False


def family(make, called, inputs, values=None, seed=0):
    """The Members of a layer's family: other settings and shapes, in turn, as far as they make sense.

    make(**changes) makes the subject anew with changed settings, {"stride": 2}, by the names that it gives them; it
    may raise ValueError or TypeError where that cannot be. called, inputs: the subject as it was checked. values:
    its settings (None: those that are found).
    """
    inputs = [np.array(array, np.float64) if np.asarray(array).dtype.kind == "f" else array for array in inputs]
    settings = settings_of(values_of(called) if values is None else values)
    windows = windows_of(called, inputs)
    plans = [("one image", {}, first_image(inputs))] if len(inputs[0]) > 1 and has_images(called, inputs) else []
    if windows and (windows.there or "stride" in settings):
        plans = of_settings(windows, settings, inputs, axes_of(inputs[0], getattr(called, "layout", "")), seed) + plans
        plans += [("an all-negative input", {}, [negative(inputs[0]), *inputs[1:]])] if windows.there else []
    members = []
    for words, changes, others in plans:
        try:
            members.append(Member(words, make(**changes), others, changes))
        except (TypeError, ValueError):         # it cannot be made so
            continue
    if picks(called, inputs):
        members.append(Member("ties", make(), [tied(inputs[0], seed), *inputs[1:]], {}, True))
    return members


def of_settings(windows, settings, inputs, axes, seed):
    """(words, changes, inputs) of layers with windows."""
    plans, x, names = [], inputs[0], {role: name for role, (name, value) in settings.items()}

    def resized(seed_of, **sizes):
        shape = [sizes.get(axis, size) for axis, size in zip(axes, x.shape)]
        return [spread(shape, rng(seed, "family", seed_of)), *inputs[1:]]

    over, H, W = windows.slid_over, windows.sizes["row"], windows.sizes["column"]
    first = over[0]
    pad = windows.pad[first]
    larger = {axis: windows.sizes[axis] + 1 for axis in over}
    if "stride" in names and not windows.remainder(first):
        left = (windows.sizes[first] + 2 * pad - windows.size[first]) % 2
        plans.append(("stride 2 with a remainder", {names["stride"]: like(settings["stride"][1], 2)},
                      resized("stride", **{axis: size - left for axis, size in larger.items()})))
    elif windows.stride[first] > 1 and not windows.remainder(first):
        plans.append(("a stride that leaves a remainder", {}, resized("remainder", **larger)))
    if "pad" in names:
        word = isinstance(settings["pad"][1], str)
        other = ("valid" if pad else "same") if word else like(settings["pad"][1], 0 if pad else 1)
        plans.append(("pad 0" if pad else "pad 1", {names["pad"]: other}, inputs))
    if H == W:
        plans.append(("height unlike width", {}, resized("height", **{first: H + 2})))
    if "groups" in names and windows.groups == 1 and windows.sizes["channel"] % 2 == 0:
        plans.append(("2 groups", {names["groups"]: 2}, grouped(inputs, windows.sizes["channel"])))
    return plans


def like(value, number):
    """The number in the form of a value: 2, or (2, 2)."""
    return type(value)((number, number)) if isinstance(value, (tuple, list)) else number


def grouped(inputs, channels):
    """The inputs for 2 groups: filters among them, (K, C, R, S), see half of the channels."""
    return [inputs[0]] + [array[:, :channels // 2].copy() if np.ndim(array) == 4 and array.shape[1] == channels
                          else array for array in inputs[1:]]


def first_image(inputs):
    """The inputs with their first image alone; what is no batch stays."""
    count = len(inputs[0])
    return [inputs[0][:1].copy()] + [array[:1].copy() if np.ndim(array) == 1 and len(array) == count
                                     and np.asarray(array).dtype.kind in "iu" else array for array in inputs[1:]]


def negative(x):
    """x with negative numbers alone: a window of them shows a maximum that starts from 0, or is padded with it."""
    return -np.abs(x) - 0.5


def second_look(called, inputs, windows=None):
    """(inputs with negative numbers alone, a remark or ""), for layers with windows; None for others.

    A maximum of negative numbers is negative: a 0 among them came from the padding, or from where the search began.
    """
    try:
        windows = windows or windows_of(called, inputs)
        others = [negative(inputs[0]), *inputs[1:]]
        if not windows or not windows.there:
            return None
        y = np.array(called.forward(*(np.array(array) for array in others)))
        zeros = np.argwhere(y == 0) if picks(called, inputs) else []
    except Exception:                           # a layer that does not run at other numbers: its own check says more
        return None
    if len(zeros) == 0:
        return others, ""
    return others, (f"windows of negative numbers give 0, y{list(map(int, zeros[0]))} for one: is padding 0, or does "
                    f"the search begin at 0? A maximum pads with -inf, and begins there")


# ------------------------------------------------------------------------------- ties

def picks(called, inputs):
    """Whether forward hands on numbers of x, as a maximum does: then several of them may be equal."""
    y = np.array(called.forward(*(np.array(array) for array in inputs)))
    picked = np.isin(y, inputs[0])
    return bool(y.size and y.size < np.size(inputs[0]) and picked.mean() > 0.9 and len(np.unique(y)) > 1)


def tied(x, seed=0):
    """An x in which numbers are equal: whole ones from 1 to 3."""
    return rng(seed, "tied").integers(1, 4, np.shape(x)).astype(np.float64)


def legal(called, inputs, seed=0, outputs=40, step=1e-5):
    """What is wrong with the gradient where numbers are equal, in one sentence; "" if it is a legal one.

    At a tie there is no one gradient: any number between the slopes to the left and to the right will do. But if all
    of a window grow alike, so does its maximum: what the window gets must add up to dy, not to several times it.
    """
    x, others = np.array(inputs[0], np.float64), [np.array(array, np.float64) for array in inputs[1:]]
    y = np.array(called.forward(x.copy(), *others))
    together = (np.array(called.forward(x + step, *others)) - np.array(called.forward(x - step, *others))) / (2 * step)
    chosen = rng(seed, "legal").permutation(y.size)[:outputs]
    for k in sorted(chosen):
        dy = np.zeros(y.size)
        dy[k] = 1
        called.forward(x.copy(), *others)
        dx = called.backward(dy.reshape(y.shape))
        dx = np.asarray(dx[0] if isinstance(dx, (tuple, list)) else dx)
        place = f"y[{','.join(map(str, map(int, np.unravel_index(k, y.shape))))}]"
        if abs(dx.sum() - together.flat[k]) > 1e-6:
            number = int((np.abs(dx) > 1e-9).sum())
            return (f"where numbers are equal, {place} sends {number} entries of x {dx.sum():.6g} times its dy in "
                    f"all, and must send {together.flat[k]:.6g} times: each of the equal maxima gets the whole of it")
        wrong = outside(called, x, others, y, dx, k, step)
        if wrong:
            return f"where numbers are equal, {place} sends its dy to {wrong}, which it does not move with"
    return ""


def outside(called, x, others, y, dx, k, step):
    """'x[0,0,1,1]': an entry whose gradient is not between the slopes of output k to its left and right; or ''."""
    for place in map(tuple, np.argwhere(np.abs(dx) > 1e-9)):
        slopes = []
        for t in (step, -step):
            other = x.copy()
            other[place] += t
            slopes.append((np.array(called.forward(other, *others)).flat[k] - y.flat[k]) / t)
        if not min(slopes) - 1e-6 <= dx[place] <= max(slopes) + 1e-6:
            return f"x[{','.join(map(str, map(int, place)))}]"
    return ""


# ------------------------------------------------------------------------------- the subject made anew

def changed(expression, function, **changes):
    """The expression "MyConv(3, 6, 3, stride=1)" with other arguments: "MyConv(3, 6, 3, stride=2)".

    function: what the expression calls, for the names of arguments without one. ValueError where it takes no such
    argument, or the expression is no call.
    """
    tree = ast.parse(expression.strip(), mode="eval").body
    call = ast.Call(tree, [], []) if not isinstance(tree, ast.Call) else tree
    names = list(inspect.signature(function).parameters)
    for name, value in changes.items():
        node = ast.parse(repr(value), mode="eval").body
        if name not in names:
            raise ValueError(f"{expression} takes no {name}")
        place = names.index(name)
        if place < len(call.args):
            call.args[place] = node
        else:
            call.keywords = [word for word in call.keywords if word.arg != name] + [ast.keyword(name, node)]
    return ast.unparse(call)
