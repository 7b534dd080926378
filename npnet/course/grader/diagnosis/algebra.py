"""D3: the answer is the right one with something simple done to it: a factor, a term more or less, another order.

Every rule must hold on all probes, each with the sizes of its own call, before it speaks.
"""
from itertools import combinations, permutations

import numpy as np

from .families import divided_by_dropped, inside_logarithm
from .shapes import words_of
from .sizes import constant, factors, named, number, sizes
from .trial import MATCH, MATCH32, Said, alike, rounded

ENOUGH = 4                      # numbers that must agree before a rule is believed


def cause(case, series):
    """(Said, ask or None) of the first rule that explains a Series; None where no rule does.

    The answers must have the right shapes and be finite.
    """
    items = series.items
    sound = all(np.isfinite(item.got).all() and np.isfinite(item.want).all() for item in items)
    if not series.wrong or not sound or sum(item.want.size for item in items) < ENOUGH:
        return None
    with np.errstate(all="ignore"):
        for rule in (inside_logarithm, zero, almost, scaled,
                     cut_off, unary, argument_given, added, multiplied, rearranged):
            found = rule(case, series)
            if found:
                return found
    return None


def tables(case, items):
    """factors() of the calls of items."""
    return [factors(sizes(case.arguments(item.call), output_pairs(case, item))) for item in items]


def output_pairs(case, item):
    """[(name, right array)] of all outputs of an item's call."""
    return [(s.name, other.want) for s in case.series for other in s.items
            if other.call == item.call and isinstance(other.want, np.ndarray)]


# ---------------------------------------------------------------------------- factors

def zero(case, series):
    """0 everywhere."""
    if any(item.got.any() for item in series.items) or not any(item.want.any() for item in series.items):
        return None
    return Said("diagnosis.algebra.zero", {"output": series.label}), None


def almost(case, series):
    """The right answer up to a millionth: too close for a factor, too far for rounding."""
    if all(alike(item.got, item.want) for item in series.items):
        return Said("diagnosis.algebra.almost", {"output": series.label}), None
    return None


def ratio(a, b):
    """The c for which a = c * b, by least squares; None where there is none."""
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    if not b.any():
        return None
    c = float(a @ b / (b @ b))
    tolerance = MATCH32 if rounded(a) else MATCH
    return c if np.linalg.norm(a - c * b) <= tolerance * np.linalg.norm(a) else None


def scaled(case, series):
    """A multiple of the right answer, with a factor that has a name, or that is the same on every probe."""
    items = [item for item in series.items if item.want.any()]
    if any(item.got.any() for item in series.items if not item.want.any()):
        return None
    ratios = [ratio(item.got, item.want) for item in items]
    if None in ratios:
        return None
    names, always = named(ratios, tables(case, items)), constant(ratios)
    first = next(k for k, item in enumerate(items) if item.wrong)
    values = {"output": series.label, "factor": number(ratios[first])}
    spare = sum(item.want.size for item in items) - len(items)
    if always is None and not names:
        return None
    if always is not None and ("N" in names or "1/N" in names):
        size = number(always if "N" in names else 1 / always)
        return Said("diagnosis.algebra.constant_batch", {**values, "size": size}), asked_for("N")
    if not names or number(ratios[first]) in PLAIN and always is not None:
        if spare + len(items) - 1 < ENOUGH:
            return None
        return Said("diagnosis.algebra.constant", values), asked_for(number(always))
    return Said("diagnosis.algebra.named", {**values, "name": short(names)}), asked_for(short(names))


def short(names):
    """The name that is most likely meant: N before the others, else the shortest."""
    for name in ("N", "1/N", "(1 - p_drop)", "1/(1 - p_drop)"):
        if name in names:
            return name
    return min(names, key=len)


def varying(case, series):
    """A Said where the answer is a multiple of the right one on every probe, each time another."""
    items = [item for item in series.items if item.want.any()]
    ratios = [ratio(item.got, item.want) for item in items] if series.wrong else [None]
    if None in ratios or sum(item.want.size for item in items) - len(items) < ENOUGH:
        return None
    if divided_by_dropped(case, items, ratios):
        return Said("diagnosis.algebra.divided_by_dropped", {"output": series.label})
    some = ", ".join(dict.fromkeys(number(c) for c in ratios))
    return Said("diagnosis.algebra.varying", {"output": series.label, "factors": some})


PLAIN = "2", "1/2", "0.5", "-1", "-2"         # factors that need no other name
ASKED = {"N": "batch", "1/N": "batch", "N*P*Q": "mean", "1/(N*P*Q)": "mean", "P*Q": "mean", "1/(P*Q)": "mean",
         "1/(N*C)": "mean", "1/C": "mean", "-1": "sign", "2": "twice", "1/2": "half", "0.5": "half",
         "(1 - p_drop)": "keep", "1/(1 - p_drop)": "keep", "p_drop": "keep", "1/p_drop": "keep"}


def asked_for(name):
    """The question that a factor's name leads to."""
    return Said("diagnosis.ask." + ASKED.get(name, "factor"), {"name": name})


# ---------------------------------------------------------------------------- number by number

def cut_off(case, series):
    """The decimals are missing."""
    if all(alike(item.got, np.trunc(item.want)) or alike(item.got, np.floor(item.want)) for item in series.items):
        return Said("diagnosis.algebra.integers", {"output": series.label}), None
    return None


UNARY = {"absolute": np.abs, "square": np.square, "root": lambda a: np.sqrt(np.abs(a)), "log": np.log, "exp": np.exp,
         "inverse": np.reciprocal, "positive": lambda a: np.maximum(a, 0)}


def unary(case, series):
    """A function of the right answer."""
    for name, function in UNARY.items():
        if all(item.want.dtype.kind == "f" and alike(item.got, function(item.want)) for item in series.items):
            return Said("diagnosis.algebra." + name, {"output": series.label}), None
    return None


def placed(argument, like):
    """An argument (array or number) as it can be laid over an output: as it is, along an axis, along the last."""
    if isinstance(argument, bool) or not isinstance(argument, (int, float, np.ndarray)):
        return
    array = np.asarray(argument)
    if array.dtype.kind not in "iuf":
        return
    if array.shape == like.shape or array.ndim == 0:
        yield array
    elif array.ndim == 1:
        for axis in range(like.ndim):
            if like.shape[axis] == array.size:
                yield array.reshape([-1 if other == axis else 1 for other in range(like.ndim)])


def laid(case, series):
    """(name, number of the way, {call: array}) for every argument that can be laid over all answers."""
    tables_of = [case.arguments(item.call) for item in series.items]
    for name in tables_of[0]:
        ways = [list(placed(table.get(name), item.want)) for table, item in zip(tables_of, series.items)]
        for way in range(min(map(len, ways))):
            yield name, [found[way] for found in ways]


def argument_given(case, series):
    """An argument, or a multiple of it, in the place of the answer."""
    for name, arrays in laid(case, series):
        full = [np.broadcast_to(array, item.want.shape) for array, item in zip(arrays, series.items)]
        if any(array.size < ENOUGH or array.ndim == 0 for array in arrays):
            continue
        ratios = [ratio(item.got, array) for item, array in zip(series.items, full)]
        if None not in ratios and ratios[0] and constant(ratios) is not None:
            values = {"output": series.label, "name": name, "factor": number(ratios[0])}
            return Said("diagnosis.algebra.argument" + ("" if ratios[0] == 1 else "_times"), values), None
    return None


def added(case, series):
    """The right answer and something more: one number, or an argument."""
    wrong = series.wrong
    rest = {item.call: item.got.astype(np.float64) - item.want for item in series.items}
    firsts = [rest[item.call].flat[0] for item in wrong]
    if len(wrong) == len(series.items) and all(item.want.size > 2 for item in wrong) and all(
            np.allclose(rest[item.call], first, rtol=1e-6, atol=1e-9 * np.abs(item.want).max())
            for item, first in zip(wrong, firsts)) and constant(firsts) is not None:
        return Said("diagnosis.algebra.plus_constant", {"output": series.label, "number": number(firsts[0])}), None
    for name, arrays in laid(case, series):
        found = term(case, series, name, arrays, rest)
        if found:
            return found
    return None


def term(case, series, name, arrays, rest):
    """The right answer and a multiple of an argument."""
    items = [(item, np.broadcast_to(array, item.want.shape)) for item, array in zip(series.items, arrays)]
    if any(np.ndim(array) == 0 for array in arrays) or sum(np.asarray(array).size for array in arrays) < ENOUGH:
        return None
    ratios = [ratio(rest[item.call], array) if array.any() else None if rest[item.call].any() else 0.0
              for item, array in items]
    if None in ratios or not ratios[0]:
        return None
    names, always = named(ratios, tables(case, series.items)), constant(ratios)
    values = {"output": series.label, "name": name}
    if always == -1:
        return Said("diagnosis.algebra.without", values), None
    if always == 1:
        return Said("diagnosis.algebra.with", values), None
    if always is None and not names:
        return None
    factor = short(names) if names else number(always)
    return Said("diagnosis.algebra.with_times", {**values, "factor": factor}), None


def multiplied(case, series):
    """The right answer, times or divided by an argument, number by number."""
    for name, arrays in laid(case, series):
        if any(np.ndim(array) == 0 for array in arrays):
            continue
        pairs = list(zip(series.items, arrays))
        if all(alike(item.got, item.want * array) for item, array in pairs):
            return Said("diagnosis.algebra.times", {"output": series.label, "name": name}), None
        if all(np.all(array) and alike(item.got * array, item.want) for item, array in pairs):
            return Said("diagnosis.algebra.divided", {"output": series.label, "name": name}), None
    return None


# ---------------------------------------------------------------------------- order

def rearranged(case, series):
    """The right numbers in other places: axes reversed or exchanged, or just elsewhere."""
    items = series.items
    if any(len(np.unique(item.want)) < ENOUGH for item in series.wrong) or not all(
            alike(np.sort(item.got.ravel()), np.sort(item.want.ravel())) for item in items):
        return None
    item = max(series.wrong, key=lambda item: item.want.size)
    words = words_of(case, series, item)
    for said, change in (*reversals(item.want.ndim, words), *exchanges(item.want.ndim, words)):
        if all(matches(change, other) for other in items):
            return said(series.label), Said("diagnosis.ask.order")
    return Said("diagnosis.algebra.elsewhere", {"output": series.label}), Said("diagnosis.ask.place")


def matches(change, item):
    """Whether the answer is the right one with a change."""
    try:
        return alike(item.got, change(item.want).reshape(item.got.shape))
    except ValueError:
        return False


def reversals(dims, words):
    """Some axes in reverse order."""
    for count in range(1, dims + 1):
        for axes in combinations(range(dims), count):
            yield (lambda label, axes=axes: Said("diagnosis.algebra.reversed",
                                                 {"output": label, "axes": [words[axis] for axis in axes]}),
                   lambda array, axes=axes: np.flip(array, axes))


def exchanges(dims, words):
    """Axes in another order, and then reshaped to the right shape, or the other way round."""
    for order in list(permutations(range(dims)))[1:]:
        moved = [words[axis] for place, axis in enumerate(order) if place != axis]
        back = np.argsort(order)
        yield (lambda label, moved=moved: Said("diagnosis.algebra.exchanged", {"output": label, "axes": moved}),
               lambda array, order=order: array.transpose(order))
        yield (lambda label, moved=moved: Said("diagnosis.algebra.exchanged", {"output": label, "axes": moved}),
               lambda array, order=order, back=back:
               array.reshape([array.shape[axis] for axis in order]).transpose(back))


def reordered(case):
    """The right outputs in another order: [names as they came], or None. For functions with several outputs."""
    for i in case.wrong:
        names = case.outputs(i)
        found = order_of(case, i) if len(names) > 1 else None
        if found and all(order_of(case, j) == found for j in case.wrong
                         if case.calls[j].function == case.calls[i].function):
            return [names[k] for k in found]
    return None


def order_of(case, i):
    """For call i, which right output came in each place; None where that is not so, or all are in place."""
    got, want = case.outcomes[i], case.expected[i]
    if not got.came or not isinstance(got.value, (tuple, list)) or len(got.value) != len(want.value):
        return None
    for order in permutations(range(len(want.value))):
        if list(order) != sorted(order) and all(
                isinstance(got.value[place], np.ndarray) and alike(got.value[place], np.asarray(want.value[k]))
                for place, k in enumerate(order)):
            return list(order)
    return None
