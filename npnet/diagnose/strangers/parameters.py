"""Parameters by behaviour: which arrays of an object move y, and which arrays hold their gradients.

Nothing is known of names at first. Every array of floats that can be reached from the object is moved, and y is
watched: one that was there before forward ran, that forward does not write, and that moves y, is a parameter.
Arrays that appear or change in backward, and what backward returns, are the candidates for gradients. A name decides
where it says enough (dW for W, grads["W"] for W, the third of the gradients for the third of the parameters);
otherwise a few slopes of forward do. Where no candidate has the right slopes, the most related one is taken: so a
wrong gradient is judged, and not called missing.
"""
import re
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.linalg import norm

from .reach import Place, everything, follow, is_numbers, places, put, written

VALUES = "data val value values array w param".split()      # the last step to an array that says nothing of its own
MARKS = "gradients gradient grads grad deltas delta nabla derivative deriv diff dldo dld dl d g".split()
ALIKE = {"weights": "w", "weight": "w", "kernel": "w", "kernels": "w", "filters": "w", "filter": "w", "bias": "b",
         "biases": "b", "weightmatrix": "w", "ws": "w", "bs": "b", "params": "", "parameters": "", "param": ""}
STATE = "mean var variance std average avg ema momentum velocity history mask".split()      # the last word of a name
KEEPS, WEIGHS = ("running", "moving", "ema", "average"), "w weight weights kernel b bias".split()
GIVEN = ("grads", "get_grads", "gradients", "get_gradients", "grad", "gradient", "dparams")
SAMPLES, AGREE = 6, 1e-4            # slopes that decide between candidates, and how near they must come


@dataclass
class Parameter:
    """An array of the stranger's, and the float64 array that stands for it.

    `array` is what a checker moves. It is written into the stranger's own array before forward and backward run, and
    the stranger's own numbers are put back after them. An array in float32 is replaced by a float64 one meanwhile.
    """

    name: str
    places: list                        # all Places that lead to the same array
    array: np.ndarray = None
    gradient: object = None             # a Source
    before: np.ndarray = None           # the stranger's own numbers
    own: object = None
    twin: object = None                 # what stands in the place of an array that is not float64

    def __post_init__(self):
        if self.places:
            self.own = self.places[0].value
            self.array = self.places[0].array
            self.before = self.own.copy() if isinstance(self.own, (np.ndarray, list)) else self.own

    @property
    def in_place(self):
        return isinstance(self.own, np.ndarray) and self.own.dtype == np.float64 and self.own.flags.writeable

    def write(self, root):
        """Puts the moved numbers into the object."""
        if self.in_place:
            self.own[...] = self.array
            self.stand_in(root)
            return
        self.twin = self.array.copy() if isinstance(self.own, np.ndarray) else self.array.tolist()
        done = [put(root, place.steps, self.twin) for place in self.places]
        if not all(done) and isinstance(self.own, np.ndarray) and self.own.flags.writeable:
            self.own[...] = self.array

    def changed(self, root):
        """Whether the code wrote other numbers here, or put another array in this place, since `write`."""
        try:
            now = np.asarray(follow(root, self.places[0].steps), np.float64)
        except (KeyError, TypeError, ValueError):
            return True
        return not np.array_equal(now, self.array, equal_nan=True)

    def now(self, root):
        return np.array(follow(root, self.places[0].steps), np.float64)

    def tensors(self, root):
        """The tensors whose .data this is."""
        owners = [follow(root, place.steps[:-1]) for place in self.places if place.steps[-1:] == ((".", "data"),)]
        return [owner for owner in owners if is_tensor(owner)]

    def take_back(self, root):
        """The stranger's own array and numbers, as they were."""
        if isinstance(self.own, np.ndarray):
            if self.own.flags.writeable:
                self.own[...] = self.before
        self.stand_in(root)

    def stand_in(self, root):
        """Puts the stranger's own array where the code put another one."""
        for place in self.places:
            try:
                if follow(root, place.steps) is not self.own:
                    put(root, place.steps, self.own)
            except KeyError:
                pass


@dataclass
class Source:
    """Where a gradient is found after backward: in what it returned, or at a place of the object."""

    steps: tuple
    returned: bool = False
    rate: float = 0.0                   # not 0: the gradient is the change of the weights over this learning rate

    def read(self, root, result):
        """The gradient, or None."""
        try:
            value = follow(result if self.returned else root, self.steps)
        except KeyError:
            return None
        return None if value is None else np.asarray(value.data if is_tensor(value) else value)

    def __str__(self):
        return f"returned {written(self.steps)}".strip() if self.returned else written(self.steps)


@dataclass
class Candidate:
    """An array that may be a gradient."""

    source: Source
    array: np.ndarray
    fresh: bool = True                  # it appeared or changed in backward
    used: bool = False
    kin: int = 0


def is_tensor(value):
    """Whether this is an object of somebody's own with .data and .grad."""
    return not isinstance(value, np.ndarray) and hasattr(value, "data") and hasattr(value, "grad") \
        and not isinstance(value, type)


# ------------------------------------------------------------------------------- which arrays are parameters

def standing(root, run, inputs):
    """The Places that were there before forward, and hold the same numbers after it, whatever it is given.

    run(inputs) calls forward. What forward keeps for backward (x, y, a mask) has other numbers for another x; what it
    puts anew each time (self.W = np.clip(self.W, -5, 5)) has the same.
    """
    early = [(place, fingerprint(place.value)) for place in places(root)]
    run(inputs)
    first = numbers_of(root)
    run([0.875 * x if x.dtype.kind == "f" else x for x in inputs])
    second = numbers_of(root)
    return [place for place, number in early if first.get(place.steps) == second.get(place.steps) == number]


def numbers_of(root):
    """{steps: fingerprint} of every array that can be reached."""
    return {place.steps: fingerprint(place.value) for place in places(root)}


def fingerprint(value):
    """A number that changes when an array's numbers change."""
    return zlib.crc32(np.ascontiguousarray(value).tobytes())


def grouped(found):
    """The Places of one array together, as lists; a list's name is its shortest one's."""
    groups = {}
    for place in found:
        groups.setdefault(id(place.value), []).append(place)
    return list(groups.values())


def moves(called, place, y, inputs):
    """Whether y changes when an array is moved, with the numbers put back."""
    trial = Parameter("", [place])
    size = np.abs(trial.array).max(initial=0) or 1.0
    steps = np.random.default_rng(trial.array.size).uniform(1, 3, trial.array.shape)    # a pattern could cancel out
    trial.array = trial.array + 0.03 * size * steps
    try:
        with np.errstate(all="ignore"):
            other = called.run_with(trial, inputs)
    except Exception:                   # the numbers meant something else: an index, a size
        return False
    return other.shape != y.shape or not np.allclose(other, y, 1e-12, 1e-13 * np.abs(y).max(initial=0), equal_nan=True)


def title(steps):
    """What a parameter is called: its last step that says something, W for W.data and W['val']."""
    steps = [step for step in steps if step[0] != "()"] or list(steps)
    while len(steps) > 1 and str(steps[-1][1]) in VALUES and steps[-1][1] != "w":
        steps = steps[:-1]
    last = steps[-1][1]
    return str(last) if isinstance(last, str) else written(steps)


def name_all(groups, taken=()):
    """A different name for each list of Places: short where that is enough, else the whole way to it."""
    short = [title(group[0].steps) for group in groups]
    names, used = [], set(taken)
    for name, group in zip(short, groups):
        whole = written(group[0].steps)
        for suffix in (".data", ".value", "['val']", "['value']", "['data']"):
            whole = whole.removesuffix(suffix)
        name = name if short.count(name) == 1 and name not in used else whole
        name = name if name not in used else f"the layer's {name}"
        used.add(name)
        names.append(name)
    return names


def is_state(name):
    """Whether an array is no parameter by its name: a running mean, a mask, a velocity. Only whole words count."""
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()) or [""]
    keeps = any(word in KEEPS for word in words) or words[-1].startswith(("running", "moving"))
    return words[-1] in STATE or keeps and words[-1] not in WEIGHS


# ------------------------------------------------------------------------------- where gradients are

def leaves(result):
    """(steps, array) of all arrays in what backward returned."""
    if result is None:
        return []
    return [(steps, value) for steps, value in everything(result) if is_array(value)]


def is_array(value):
    return isinstance(value, (np.ndarray, float)) or is_numbers(value)


def photograph(root):
    """{steps: (value, its fingerprint)} of every array that can be reached, methods like grads() included."""
    found = places(root) + scalars(root)
    for name in GIVEN:
        if callable(getattr(root, name, None)) and not hasattr(getattr(root, name), "__wrapped__"):
            found += places(asked(root, name), (("()", name),))
    return {place.steps: (place.value, fingerprint(place.value)) for place in found}


def scalars(root):
    """A Place for every single number with a decimal point that can be reached under a name."""
    return [Place(steps, value) for steps, value in everything(root)
            if isinstance(value, (float, np.floating)) and steps and isinstance(steps[-1][1], str)]


def asked(root, name):
    """What a method without arguments gives; None if it cannot be asked."""
    try:
        return getattr(root, name)()
    except Exception:                   # it needs arguments, or forward and backward first
        return None


def candidates(before, after, result):
    """A Candidate for every array that backward returned, made or changed; and, not fresh, for those it left."""
    found = [Candidate(Source(steps, True), np.array(value)) for steps, value in leaves(result)]
    for steps, (value, number) in after.items():
        old = before.get(steps)
        found.append(Candidate(Source(steps), np.array(value), old is None or old[0] is not value or old[1] != number))
    return found


def bare(name):
    """(name without the mark of a gradient, whether there was one): dW -> w, grad_weights -> w, b_grad -> b."""
    word = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", str(name)).lower().strip("_")
    for mark in MARKS:
        if word in (mark, mark + "s"):
            return "", True
        for joined in (f"{mark}_", mark):
            rest = word.removeprefix(joined)
            known = len(rest) < 3 or alike(rest) != rest.replace("_", "") or rest.startswith(("gamma", "beta", "input"))
            if rest != word and (joined != mark or len(mark) > 1 or known):
                return alike(rest), True
        if word.endswith("_" + mark) or len(mark) > 3 and word.endswith(mark):
            return alike(word.removesuffix(mark)), True
    return alike(word), False


def alike(word):
    """One word for w, weight, weights, kernel; for b, bias, biases. Numbers at the end stay."""
    word = word.replace("_", "")
    stem = word.rstrip("0123456789")
    return ALIKE.get(stem, stem) + word[len(stem):]


def related(parameter, candidate):
    """How surely a name says that this is the gradient of that parameter: 0 (nothing) to 5."""
    best = 0
    for place in parameter.places:
        best = max(best, kinship(place.steps, candidate.source))
    return best


def kinship(steps, source):
    if source.returned:
        name, marked = bare(next((key for _, key in source.steps[::-1] if isinstance(key, str)), ""))
        return 4 if name and name == own_name(steps) else 0
    mine, theirs = [s for s in steps if s[0] != "()"], list(source.steps)
    *holder, (kind, key) = mine
    *other, (_, last) = theirs
    if holder == other:
        base, marked = bare(last)
        if marked and (base == own_name(steps) or not base and str(key).lower() in VALUES) or is_marked(last, key):
            return 5
    if other and last == key and len(mine) == len(theirs):      # grads["W"] and params["W"], grads[0] and params[0]
        base, marked = bare(other[-1][1])
        if marked and mine[:-2] == theirs[:-2] and (not holder or bare(holder[-1][1])[0] == base):
            return 5 if isinstance(key, str) else 4
    if isinstance(last, str) and other and bare(other[-1][1])[1]:           # grads["W"] and self.W
        if alike(bare(last)[0]) == own_name(steps):
            return 4
    base, marked = bare(last)
    if marked and base == own_name(steps):
        return 3 if other[:1] == holder[:1] or not other or not holder else 1
    return 0


def is_marked(name, own):
    """Whether a name is another one with a gradient's mark: dremap, gradschema and mean_grad of remap, schema, mean."""
    name, own = str(name).lower(), str(own).lower()
    return any(name in (mark + own, f"{mark}_{own}", f"{own}_{mark}") for mark in MARKS)


def own_name(steps):
    """The word for a parameter: w for W, weights and W.data."""
    name = title(steps)
    return alike(re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", "_", re.sub(r"^.*\.", "", name)).lower())


def match(parameters, found, slopes, agree=AGREE):
    """Gives each parameter its gradient's Source where one is found.

    slopes(parameter) -> function of an array: how far it is from the slopes of forward at a few entries, 0 to 1.
    A name that says enough comes first, then slopes, then what else has the shape.
    """
    pairs = []
    for number, parameter in enumerate(parameters):
        for candidate in found:
            kin = related(parameter, candidate)
            if candidate.array.shape == parameter.array.shape:
                pairs.append((kin, candidate.fresh, number, parameter, candidate))
            elif kin >= 4 and candidate.fresh:
                pairs.append((0.5, True, number, parameter, candidate))
    settle([pair for pair in pairs if pair[0] >= 4 and pair[1]], slopes)            # what names say
    settle([pair for pair in pairs if pair[0] == 0.5], slopes)                      # of another shape: to be judged
    settle([pair for pair in pairs if pair[0] >= 3 and pair[1]], slopes)
    settle([pair for pair in pairs if pair[1] and pair[0] >= 1], slopes, agree)
    settle([pair for pair in pairs if pair[1]], slopes, agree)  # what slopes say
    settle([pair for pair in pairs if pair[0] >= 0.5 and (pair[1] or pair[0] >= 4)], slopes)
    return [parameter for parameter in parameters if parameter.gradient is None]


def settle(pairs, slopes, worst=2.0):
    """Joins parameters and candidates: the surest relation first, among equals the one with the right slopes."""
    open_pairs = [pair for pair in pairs if pair[3].gradient is None and not pair[4].used]
    if not open_pairs:
        return
    count = {}
    for pair in open_pairs:
        count[pair[2]] = count.get(pair[2], 0) + 1
    ranked = []
    for kin, fresh, number, parameter, candidate in open_pairs:
        same = candidate.array.shape == parameter.array.shape
        error = slopes(parameter, candidate.array) if same and (count[number] > 1 or worst < 1) else 0 if same else 2.0
        ranked.append((-kin, error, number, parameter, candidate))
    for kin, error, number, parameter, candidate in sorted(ranked, key=lambda pair: pair[:3]):
        if error <= worst and parameter.gradient is None and not candidate.used:
            parameter.gradient, candidate.used = candidate.source, True


def few_slopes(array, run, dy, step, seed=0):
    """(flat indices, slopes of sum(dy * y)) at a few entries of an array, which is moved in place and put back."""
    chosen = np.random.default_rng(seed).permutation(array.size)[:SAMPLES]
    slopes = []
    for i in chosen:
        place = np.unravel_index(i, array.shape)
        saved = array[place].copy()
        ends = []
        for sign in (1, -1):
            array[place] = saved + sign * step
            ends.append(np.sum(dy * run()))
        array[place] = saved
        slopes.append((ends[0] - ends[1]) / (2 * step))
    return chosen, np.array(slopes)


def distance(gradient, chosen, slopes):
    """How far a gradient is from a few slopes, 0 to 1; 1 where it is not finite, or both are 0."""
    values = np.asarray(gradient, np.float64).reshape(-1)[chosen]
    size = norm(values) + norm(slopes)
    return float(norm(values - slopes) / size) if np.isfinite(size) and size > 0 else 1.0
