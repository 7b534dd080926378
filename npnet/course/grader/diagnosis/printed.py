"""The diagnosis from fingerprints, where there is no solution: D1 (shapes), D2, D3 (factors) and D4.

Sums with signs are linear, so a factor is found in them as it is in the numbers themselves.
"""
import numpy as np

from . import algebra, shapes
from ..fingerprints import Prints, like, same
from .trial import Case, Diagnosis, Item, Series


def diagnose(prints, region, calls, outcomes):
    """The Diagnosis of answers, or None: all are right, or nothing is recognised. prints: Fingerprints."""
    made, (right, mistakes) = prints.prints(region, calls, outcomes), prints.region(region)
    if same(made, right, 1e-9):
        return None
    case = Case(prints, region, calls, outcomes, [None] * len(calls))
    case.failures = [None if same(Prints([x]), Prints([y]), 1e-9) else "wrong"
                     for x, y in zip(made.calls, right.calls)]
    for step in (single, factor, pair, shape):
        found = step(case, made, right, mistakes)
        if found:
            found.region = region
            return found
    return None


def named(id, step, certainty, case, mistakes, output):
    """A Diagnosis that names mistakes."""
    call = case.wrong[0] if case.wrong else 0
    label = output or case.calls[call].function
    return Diagnosis(step, id, certainty, output=label, call=call, mistakes=[mistake.id for mistake in mistakes],
                     values={"output": label, "when": [mistake.when for mistake in mistakes]},
                     concept=mistakes[0].concept, ask=mistakes[0].ask or None)


def first_wrong(case, made, right):
    """The name of the first output that is wrong, or ""."""
    for i in case.wrong:
        if isinstance(made.calls[i], dict) and isinstance(right.calls[i], dict):
            for name, x in made.calls[i].items():
                if not like(x, right.calls[i].get(name), 1e-9):
                    return name
    return ""


def single(case, made, right, mistakes):
    """D2: one mistake gives the same sums on every probe."""
    found = [mistake for mistake, its in mistakes if same(made, its)]
    if not found:
        return None
    return named("diagnosis.single", "D2", "exact", case, found, first_wrong(case, made, right))


def series_of(case, made, right, array):
    """[Series] of fingerprints; array(Print) makes an array of one."""
    found = {}
    for i, (x, y) in enumerate(zip(made.calls, right.calls)):
        if isinstance(x, dict) and isinstance(y, dict) and x.keys() == y.keys():
            for name in x:
                key = case.calls[i].function, name
                if x[name] is not None and y[name] is not None:
                    found.setdefault(key, Series(*key, [])).items.append(
                        Item(i, array(x[name]), array(y[name]), i in case.wrong))
    return list(found.values())


def factor(case, made, right, mistakes):
    """D3: all sums are a multiple of the right ones."""
    for series in series_of(case, made, right, lambda part: np.array(part.marks)):
        key = f"{series.function}/{series.name}"
        series.items = [item for item in series.items if item.want.size]       # small ones are joined
        if key in right.joined and right.joined[key].norm is not None and key in made.joined:
            x, y = made.joined[key], right.joined[key]
            first = next(i for i, call in enumerate(case.calls) if call.function == series.function)
            series.items.append(Item(first, np.array(x.marks), np.array(y.marks), not like(x, y, 1e-9)))
        if series.wrong and series.shaped and all(np.isfinite(item.got).all() for item in series.items):
            case.series = []
            found = algebra.zero(case, series) or algebra.scaled(case, series)
            if found:
                said, ask = found
                return Diagnosis("D3", said.id, "exact", output=series.label, call=series.wrong[0].call,
                                 values=said.values, ask=ask)
    return None


def pair(case, made, right, mistakes):
    """D4: two mistakes at once give the same sums, as far as they are kept."""
    found = []
    for i, j, call, name, dims, *marks in case.assignment.table["regions"][case.region]["pairs"]:
        part = made.calls[call].get(name) if isinstance(made.calls[call], dict) else None
        if part is not None and part.norm and list(part.shape) == dims and np.allclose(
                part.marks[:len(marks)], marks, rtol=0, atol=4e-5 * part.norm if part.single else 4e-6 * part.norm):
            found.append((mistakes[i][0], mistakes[j][0]))
    if not found or len(found) > 3:
        return None
    result = named("diagnosis.pair", "D4", "likely", case, found[0], first_wrong(case, made, right))
    result.together = True
    return result


def shape(case, made, right, mistakes):
    """D1: the shape that a mistake gives, or what the shape itself tells."""
    for series in series_of(case, made, right, lambda part: np.broadcast_to(0.0, part.shape)):
        if not shapes.misshapen(series):
            continue
        found = [mistake for mistake, its in mistakes if all(
            isinstance(its.calls[item.call], dict) and its.calls[item.call].get(series.name) is not None
            and its.calls[item.call][series.name].shape == item.got.shape for item in series.items)]
        values = {"output": series.label, "why": shapes.by_shape(case, series)}
        if 0 < len(found) <= 2:
            values["why"] = shapes.Said("diagnosis.shape.mistake", {"when": [mistake.when for mistake in found]})
        return Diagnosis("D1", "diagnosis.shape", "likely", output=series.label, call=shapes.shown(series).call,
                         values=values, mistakes=[mistake.id for mistake in found] if len(found) <= 2 else [],
                         ask=found[0].ask or None if 0 < len(found) <= 2 else None)
    return None
