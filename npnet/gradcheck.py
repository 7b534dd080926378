"""Is this backward right? Its gradients, checked against slopes that were measured with forward alone.

Call L = sum(dy * y) the loss, for some array dy of the shape of y. Then dL/dy is dy, so backward(dy) must
return dL/dx; and dL/dx can also be measured: move one number of x by a little h, run forward again, see how
far L moved. "Analytic" is what backward returned, "numeric" what was measured.

Central differences. (L(x+h) - L(x-h)) / 2h misses the slope by about h^2 L'''/6, and rounding adds about
1e-16 L/h. The first wants a small h, the second a large one; at h = 1e-5 both are about 1e-10 for numbers
around 1. In float32 the second is 1e-7 / 1e-5: one percent, and correct code stands accused. So everything
here is float64, and float32 arithmetic is refused.

Why a random dy. With dy = 1 everywhere L is the plain sum of y: it stays the same when y is transposed, and
behind a softmax, whose sum is always 1, a backward that returns zeros is right. A random dy sees both.

Complex step. For code made of + - * / exp and the like, L(x + ih) = L(x) + ih L'(x) + ..., so the imaginary
part over h is the slope. Nothing is subtracted, so h may be 1e-30 and no digit is lost. Code that takes
abs() or throws the imaginary part away is not like that; agreement with the central slopes decides.

The adjoint identity. If forward is linear, F(x) - F(0) = J x, and backward is the transpose of J exactly
when <dy, J x> = <J^T dy, x>: no step, exact to rounding. Convolution is linear in x, and in w.

Kinks. At 0 a ReLU has two slopes, at a tie a max-pool has several, and no number is *the* gradient. There
the slopes to the right and to the left differ, at h/4 as much as at h, while a curve's difference shrinks
with the step. Such entries are left out and counted; more than 5 % left out is a failure.

    check_gradients(layer, x)                     every entry of x and of each parameter
    check_gradients((forward, backward), x, w)    forward(x, w) -> y, backward(dy, x, w) -> dx, dw
    check_directions(network, x)                  slopes along random directions: cheap at any size
    check_adjoint(layer, x)                       operations that are linear in each of their arrays

Each returns a Report; report.ok is the verdict. The error of an array is ||a - n|| / (||a|| + ||n||): ok below
1e-7, wrong from 1e-4 on, and in between look at it (it fails too, unless `tolerance` is raised). An attribute of
the object that moves y, and that params() does not name, is not passed over: it fails the check, by its name.
"""
import inspect
import textwrap
import warnings
from dataclasses import dataclass, field
from math import nan, prod

import numpy as np
from numpy.linalg import norm

VERDICTS = "ok", "look", "wrong"
LOOK = 1e-4                 # an array with this error is wrong; with less, down to the tolerance: look at it
MAX_KINKS = 0.05            # the share of entries that may be left out
EPSILON = np.finfo(np.float64).eps


@dataclass
class Row:
    """The verdict on one array. worst is the index of the worst entry, analytic and numeric its values."""
    name: str
    size: int
    method: str
    parameter: bool = False                 # of the object; the others are inputs
    checked: int = 0
    kinks: int = 0
    error: float = nan                      # nan: there was nothing to compare
    verdict: str = "ok"
    wrong: int = 0
    worst: tuple = ()
    analytic: float = 0.0
    numeric: float = 0.0
    notes: str = ""                         # sentences: what else is the matter
    gradient: np.ndarray = field(default=None, repr=False, compare=False)   # analytic; these four have one shape
    slopes: np.ndarray = field(default=None, repr=False, compare=False)     # numeric, 0 where nothing was measured
    seen: np.ndarray = field(default=None, repr=False, compare=False)       # which entries were compared
    errors: np.ndarray = field(default=None, repr=False, compare=False)     # which of them are wrong

    def note(self, sentence, verdict="ok"):
        self.notes = f"{self.notes} {sentence}".strip()
        self.verdict = max(self.verdict, verdict, key=VERDICTS.index)

    def __str__(self):
        kinks = f" ({self.kinks} on a kink left out)" if self.kinks else ""
        lines = [f"{self.name}: {self.verdict}, error {self.error:.1e}",
                 f"  {self.method}, {self.checked} of {self.size} checked{kinks}", f"  {self.notes}"]
        if self.wrong:
            lines.insert(2, f"  {self.wrong} wrong; worst at {list(self.worst)}: "
                            f"analytic {self.analytic:.7g}, numeric {self.numeric:.7g}")
        wrapped = [textwrap.fill(line, 77, subsequent_indent="  ") for line in lines]
        return textwrap.indent("\n".join(wrapped).rstrip(), "  ")


@dataclass
class Report:
    """One Row per array, and the Point at which they were measured. print(report) shows them all."""
    rows: list = field(default_factory=list)
    point: object = field(default=None, repr=False, compare=False)

    @property
    def ok(self):
        return bool(self.rows) and all(row.verdict == "ok" for row in self.rows)

    def __str__(self):
        return "\n".join(["gradient check " + ("passed" if self.ok else "FAILED"), *map(str, self.rows)])


# ------------------------------------------------------------------------------- the point

class Point:
    """The subject, called in one way whichever kind it is, and the point at which it is measured.

    `arrays` are the arrays that are moved, by name: float64 copies of the inputs, and the object's own
    parameters, which are moved in place and put back. y, dy and gradients are what was found there.
    """

    def __init__(self, subject, inputs, dy, seed, train, names, precision=EPSILON):
        self.pair = isinstance(subject, (tuple, list)) and len(subject) == 2
        if not inputs or not (self.pair or hasattr(subject, "forward") and hasattr(subject, "backward")):
            raise TypeError(f"gradcheck needs an object with forward and backward, or a pair (forward, "
                            f"backward), and an input; got {type(subject).__name__} and {len(inputs)} inputs")
        self.run, self.back = subject if self.pair else (subject.forward, subject.backward)
        self.options = {"train": True} if train else {}         # a plain forward(x) need not know the word
        self.params, self.grads = dict(table(subject, "params")()), table(subject, "grads")
        self.attributes = dict(getattr(getattr(self.back, "__self__", None), "__dict__", {}))   # forward adds others
        state = getattr(subject, "state", None)
        self.state = list(state().values()) if callable(state) else []          # saved, but not trained
        for name, array in self.params.items():
            if array.dtype != np.float64:
                raise TypeError(f"parameter {name} is {array.dtype}, but a check needs float64; build the "
                                f"layer with dtype=np.float64")
        names = list(names or input_names(self.run, len(inputs)))
        if len(names) != len(inputs) or len({*names, *self.params}) < len(names) + len(self.params):
            raise ValueError(f"names must hold {len(inputs)} different names, none of them a parameter's; "
                             f"got {names}")
        self.inputs = {name: np.array(array, np.float64) for name, array in zip(names, inputs)}
        self.arrays = self.inputs | self.params
        self.rng, self.report = np.random.default_rng(seed % 2 ** 64), Report(point=self)
        self.start(dy)
        self.rounding = 8 * precision * norm(self.dy * self.y)                  # what L may be off by

    def start(self, dy):
        """Forward twice, backward once; neither may write into its arguments."""
        before = {name: array.copy() for name, array in self.arrays.items()}
        self.y = self.forward()
        unchanged("forward", before, self.arrays)
        if not np.isfinite(self.y).all():
            raise ValueError(f"forward returned {first_bad(self.y)}; give an input where y is finite")
        self.same_answer()
        self.dy = spread(self.y.shape, self.rng) if dy is None else np.array(dy, np.float64)
        if self.dy.shape != self.y.shape:
            raise ValueError(f"dy must have the shape of y, {self.y.shape}, but has {self.dy.shape}")
        passed = self.dy.copy()
        self.gradients = self.backward(passed)
        unchanged("backward", {"dy": self.dy, **before}, {"dy": passed, **self.arrays})
        self.written_not_added()

    def call(self, replaced):
        return self.run(*(self.inputs | replaced).values(), **self.options)

    def forward(self):
        """y as a fresh array (forward may use its buffer again); refuses what has no slope to measure."""
        y = self.call({})
        if y is None or isinstance(y, (tuple, list, dict)):
            raise TypeError(f"forward must return one array, got {type(y).__name__}; wrap it in a function "
                            f"that returns y alone")
        y = np.array(y)
        if y.dtype != np.float64:
            raise TypeError(f"your arithmetic is {y.dtype}: forward got float64 and returned {y.dtype}; make "
                            f"arrays with x.dtype, for instance np.zeros(shape, x.dtype)")
        return y

    def backward(self, dy):
        """Copies of the gradients, by name. Called right after forward."""
        result = self.back(dy, *self.inputs.values()) if self.pair else self.back(dy)
        result = result if isinstance(result, (tuple, list)) else [result]
        if len(result) != len(self.inputs):
            raise ValueError(f"backward must return a gradient for each of {', '.join(self.inputs)}, in this "
                             f"order; it returned {len(result)}")
        found = dict(zip(self.inputs, result)) | self.grads()
        for name in self.arrays:
            if found.get(name) is None:
                raise ValueError(f"grads() must hold a gradient for {name}, under the same name as in params()"
                                 if name in self.params else
                                 f"backward must give a gradient for {name}, but it gave None or nothing")
        return {name: np.array(found[name]) for name in self.arrays}

    def written_not_added(self):
        """A second backward after the same forward must give the same gradients."""
        self.forward()
        for name, gradient in self.backward(self.dy.copy()).items():
            first = self.gradients[name]
            noise = 1e-9 * np.abs(first[np.isfinite(first)]).max(initial=0)
            if gradient.shape != first.shape or not np.allclose(gradient, first, 1e-9, noise, equal_nan=True):
                raise ValueError(f"a second backward after the same forward gave another gradient for {name}; it must "
                                 f"write its gradients, not add to the last ones, and draw no random numbers")

    def same_answer(self):
        again = self.forward()
        if again.shape != self.y.shape or not norm(again - self.y) <= 1e-12 * norm(self.y):
            raise ValueError("forward gave two answers for one input, so it has no slope; fix its random "
                             "numbers (a seed, a given mask) or leave train=True out")

    def rows(self, method):
        """A new row for every array whose gradient can be compared; the others get a failed one."""
        for name, array in self.arrays.items():
            have, need = self.gradients[name].shape, array.shape
            row = Row(name, array.size, method, parameter=name in self.params)
            self.report.rows.append(row)
            if have == need:
                yield row
            else:
                transposed = ": it is transposed" if have == need[::-1] else ""
                row.note(f"d{name} has shape {have}, but {name} has {need}{transposed}.", "wrong")
        self.report.rows += [
            Row(name, self.attributes[name].size, "not checked", parameter=True, verdict="look",
                notes=f"{name} moves y, but params() does not name it. Add it there, and its gradient to grads().")
            for name in self.nameless()]
        self.same_answer()                      # random numbers may have agreed twice by chance

    def nameless(self):
        """Names of the object's arrays that y moves with, though they are neither parameters nor state."""
        found = []
        for name, array in self.attributes.items():
            if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or not array.flags.writeable:
                continue
            if not any(np.may_share_memory(array, known) for known in (*self.params.values(), *self.state)):
                saved = array.copy()
                try:
                    array += 0.01 * spread(array.shape, self.rng)       # not all alike: a mean would take that away
                    found += [name] if not np.array_equal(self.forward(), self.y) else []
                finally:
                    array[...] = saved
        return found


def table(subject, word):
    """The method params or grads of a subject, as a function that gives its dictionary."""
    found = getattr(subject, word, dict)
    if isinstance(found, dict):
        return lambda: getattr(subject, word)
    if not callable(found):
        raise TypeError(f"{word} must be a method that returns a dictionary, got {type(found).__name__}")
    return found


def unchanged(who, before, after):
    for name, array in after.items():
        if not np.array_equal(array, before[name], equal_nan=True):
            raise ValueError(f"{who} changed {name} in place; it must leave its arguments alone: use a copy")


def input_names(function, count):
    """What forward calls its inputs; "input 0", "input 1" ... where that cannot be known."""
    try:
        names = list(inspect.signature(function).parameters)[:count]
    except (TypeError, ValueError):             # compiled functions may have no signature
        names = []
    return names if len(names) == count else [f"input {i}" for i in range(count)]


def spread(shape, rng):
    """Distinct numbers away from 0: evenly spaced in 0.5..1.5, in random order, with random signs."""
    count = prod(shape)
    return (rng.permutation(np.linspace(0.5, 1.5, count)) * rng.choice([-1.0, 1.0], count)).reshape(shape)


def first_bad(values):
    """'nan at [0, 2]': the first number that is not finite."""
    index = np.argwhere(~np.isfinite(values))[0].tolist()
    return f"{values[tuple(index)]} at {index}"


# ------------------------------------------------------------------------------- numeric: slopes

def along(point, array, place, direction):
    """A line through the point: a function of t that gives y with t * direction added to array[place]."""
    def output(t):
        saved = np.array(array[place])
        array[place] = saved + t * direction
        try:
            return point.forward()
        finally:
            array[place] = saved
    return output


def one_sided(line, point, step):
    """The slopes of L to the right and to the left. Outputs are subtracted before they are summed."""
    right = np.sum(point.dy * (line(step) - point.y)) / step
    left = np.sum(point.dy * (point.y - line(-step))) / step
    return right, left


def central(lines, point, step):
    """The slope along each line, and which lines meet a kink. Two runs of forward a line, four in doubt."""
    slopes = np.array([one_sided(line, point, step) for line in lines]).reshape(-1, 2)
    numeric, gaps = slopes.mean(axis=1), np.abs(slopes[:, 0] - slopes[:, 1])
    kinks = np.zeros(len(lines), bool)
    limit = 1e-5 * np.abs(slopes).max(initial=0) + 10 * point.rounding / step
    for i in np.flatnonzero(gaps > limit):
        right, left = one_sided(lines[i], point, step / 4)
        gap, middle = abs(right - left), (right + left) / 2     # on a curve the one shrinks, the other stays
        curved = max(abs(gap - gaps[i] / 4), abs(middle - numeric[i])) < gaps[i] / 20
        kinks[i] = gap > limit and not curved
        numeric[i] = middle                     # better than before if there was a kink between h/4 and h
    return numeric, kinks


def complex_step(point, name, places, step=1e-30):
    """The slope at each place from the imaginary part of L; None where the code is not analytic."""
    slopes = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", np.exceptions.ComplexWarning)    # an imaginary part was thrown away
        for place in places:
            moved = point.inputs[name].astype(complex)
            moved[place] += step * 1j
            try:
                y = np.asarray(point.call({name: moved}))
            except Exception:                   # whatever code raises that does not know complex numbers
                return None
            if y.dtype.kind != "c" or y.shape != point.y.shape:
                return None
            slopes.append(np.sum(point.dy * y.imag) / step)
    return np.array(slopes)


# ------------------------------------------------------------------------------- analytic against numeric

def judge(row, analytic, numeric, checked, tolerance, noise):
    """Fill in the row. `checked` is a mask of what was measured; all arrays have one shape.

    noise is what rounding can do to one numeric value. If the error is too large, so much is taken off.
    """
    row.gradient, row.slopes, row.seen, row.errors = analytic, numeric, checked, np.zeros(analytic.shape, bool)
    row.checked = int(checked.sum())
    if row.kinks > MAX_KINKS * (row.checked + row.kinks):
        row.note(f"{row.kinks} of {row.checked + row.kinks} sit on a kink, more than 5 %: give distinct "
                 f"numbers away from 0.", "look")
    for values, which in ((analytic, "analytic"), (np.where(checked, numeric, 0), "numeric")):
        if not np.isfinite(values).all():
            row.note(f"The {which} gradient is {first_bad(values)}.", "wrong")
            return
    if not row.checked:
        row.note("Nothing was checked.", "look")
        return
    difference = np.where(checked, np.abs(analytic - numeric), 0)
    row.worst = tuple(int(i) for i in np.unravel_index(difference.argmax(), difference.shape))
    row.analytic, row.numeric = float(analytic[row.worst]), float(numeric[row.worst])
    if max(np.abs(analytic[checked]).max(), np.abs(numeric[checked]).max()) <= 20 * noise:
        row.error = 0.0
        row.note("Both gradients are zero everywhere, up to rounding.")
        if not row.parameter:                   # a bias before batch norm has no gradient, and may
            row.note("So nothing was checked: give other values, or another dy.", "look")
        return
    size = norm(analytic[checked]) + norm(numeric[checked])
    row.error = float(norm(difference) / size)
    if row.error >= tolerance:
        difference = np.maximum(difference - noise, 0)
        row.error = float(norm(difference) / size)
    if row.error >= tolerance:
        row.note("", "look" if row.error < LOOK else "wrong")
        row.errors = checked & (difference >= tolerance * size / np.sqrt(row.checked))
        row.wrong = int(row.errors.sum())


# ------------------------------------------------------------------------------- the three checks

def check_gradients(subject, *inputs, dy=None, seed=0, step=1e-5, method="auto", tolerance=1e-7, train=False,
                    names=None, entries=None, precision=EPSILON):
    """Compare every entry of every gradient with the measured slope. Forward runs two to five times an entry.

    subject is an object with forward(x) and backward(dy), and perhaps params() and grads(), or a pair of
    functions forward(*inputs) -> y, backward(dy, *inputs) -> gradients in the order of the inputs (fix other
    arguments, such as labels, with a lambda). Inputs may have any shape. dy has the shape of y; by default
    it is random, from `seed`. method is "central", "complex" (ValueError if the code is not analytic) or
    "auto": complex where possible, but not with train=True, which is passed on to forward. An object's
    parameters are always measured centrally; so is jitted code, if you do not want it compiled for complex
    numbers: say "central". names are those of the inputs, by default forward's own words. entries is how
    many to check of each array, drawn at random (None: all). precision is the relative rounding of forward's
    numbers, for code that computes in float32 inside (give a larger step as well). Returns a Report. TypeError
    and ValueError say why nothing can be measured: float32, no gradient, two answers for one input, an
    argument overwritten.
    """
    if method not in ("auto", "central", "complex"):
        raise ValueError(f"method must be 'auto', 'central' or 'complex', got {method!r}")
    if train and method == "auto":              # running means are updated, and must not become complex
        method = "central"
    point = Point(subject, inputs, dy, seed, train, names, precision)
    for row in point.rows("central differences"):
        check_entries(point, row, step, method, tolerance, entries)
    return point.report


def check_entries(point, row, step, method, tolerance, entries):
    """One array of check_gradients: its slopes, by complex step if that agrees with central differences."""
    array, analytic = point.arrays[row.name], point.gradients[row.name]
    chosen = np.sort(point.rng.permutation(array.size)[:entries])
    places = [np.unravel_index(i, array.shape) for i in chosen]
    slopes, kinks = central([along(point, array, place, 1.0) for place in places], point, step)
    noise = point.rounding / step
    if method != "central" and not row.parameter:
        exact = complex_step(point, row.name, places)
        if exact is not None and norm((exact - slopes)[~kinks]) <= 1e-5 * norm(slopes) + noise * len(places):
            slopes, noise, row.method = exact, point.rounding, "complex step"
        elif method == "complex":
            raise ValueError(f"forward is not analytic in {row.name}: complex numbers do not pass through "
                             f"it; use method='central'")
    numeric, checked = np.zeros(array.shape), np.zeros(array.shape, bool)
    for place, slope, kink in zip(places, slopes, kinks):
        numeric[place], checked[place] = slope, not kink
    row.kinks = int(kinks.sum())
    judge(row, analytic, numeric, checked, tolerance, noise)


def check_directions(subject, *inputs, directions=20, dy=None, seed=0, step=1e-5, tolerance=1e-6, train=False,
                     names=None):
    """Compare <gradient, v> with the slope along v, for random directions v of length 1 in every array.

    Forward runs twice a direction, whatever the size of the array: the check for whole networks. It says
    which array is wrong, not which entry. Arguments as for check_gradients. Returns a Report.
    """
    point = Point(subject, inputs, dy, seed, train, names)
    for row in point.rows("random directions"):
        array = point.arrays[row.name]
        v = [spread(array.shape, point.rng) for _ in range(directions)]
        v = [direction / norm(direction) for direction in v]
        slopes, kinks = central([along(point, array, ..., direction) for direction in v], point, step)
        check_products(point, row, v, slopes, kinks, tolerance, point.rounding / step)
    return point.report


def check_adjoint(subject, *inputs, dy=None, seed=0, tolerance=1e-12, train=False, names=None):
    """Compare <dy, F(a) - F(a - v)> with <da, v>, where F is forward and a one array, the others held fixed.

    v is a itself, which makes it <dy, F(a) - F(0)> = <da, a>, and then a random array. Exact to rounding,
    but only if forward is linear (up to a constant) in each array by itself; else ValueError. Arguments as
    for check_gradients. Returns a Report.
    """
    point = Point(subject, inputs, dy, seed, train, names)
    for row in point.rows("adjoint identity"):
        array = point.arrays[row.name]
        v = [array.copy(), spread(array.shape, point.rng)]
        lines = [along(point, array, ..., direction) for direction in v]
        changes = [point.y - line(-1.0) for line in lines]
        for line, change in zip(lines, changes):
            if norm(point.y - line(-2.0) - 2 * change) > 1e-9 * (norm(point.y) + norm(change)):
                raise ValueError(f"forward is not linear in {row.name}, so it has no adjoint; use "
                                 f"check_gradients")
        slopes = np.array([np.sum(point.dy * change) for change in changes])
        check_products(point, row, v, slopes, np.zeros(2, bool), tolerance, point.rounding)
    return point.report


def check_products(point, row, v, slopes, kinks, tolerance, noise):
    """Judge <gradient, v> against the slope along v, for each v in a list."""
    products = np.array([np.sum(point.gradients[row.name] * direction) for direction in v])
    row.size, row.kinks = len(v), int(kinks.sum())
    judge(row, products, slopes, ~kinks, tolerance, noise)
