"""Mistakes with a number in them: the number is found from the answers, and must then explain all of them.

The loss: a small number inside the logarithm, log(p + 1e-12) or log(max(p, 1e-12)). Any number will do; what it is,
the loss itself tells where p is 0: there the loss is -log(number).
Dropout: divided by p_drop, with whatever keeps it from 0.
"""
import numpy as np

from .trial import Said, alike

LARGEST = 0.5                   # a number inside the logarithm is smaller than this
STEPS = 200                     # halvings: more than a fraction has digits


def inside_logarithm(case, series):
    """(Said, ask) where a loss is what a small number inside the logarithm gives, on every probe; else None."""
    logits = [case.arguments(item.call).get("logits") for item in series.items]
    labels = [case.arguments(item.call).get("labels") for item in series.items]
    if any(array is None or np.size(item.want) != 1 for item, array in zip(series.items, logits)):
        return None
    shares = [share(*pair) for pair in zip(logits, labels)]
    pairs = list(zip(shares, series.items))
    telling = min((k for k, item in enumerate(series.items) if item.wrong), key=lambda k: shares[k].min(), default=None)
    if telling is None:
        return None
    fitting = {}                                        # word of the form: its number
    for word, form in FORMS:
        number = solved(form, *pairs[telling])
        if number and all(alike(item.got, np.asarray(form(p, number)), 1e-9) for p, item in pairs):
            fitting.setdefault(word, number)
    if fitting:
        word, number = next(iter(fitting.items())) if len(fitting) == 1 else ("either", fitting["added"])
        values = {"output": series.label, "number": f"{number:.3g}", "most": f"{-np.log(number):.4g}"}
        return Said("diagnosis.algebra.log_" + word, values), Said("diagnosis.ask.log_most", values)
    return None


FORMS = (("added", lambda p, number: -np.log(p + number).mean()),
         ("clipped", lambda p, number: -np.log(np.maximum(p, number)).mean()),
         ("clipped", lambda p, number: -np.log(np.clip(p, number, 1 - number)).mean()))


def share(logits, labels):
    """(N,): the p of every image's own class."""
    exps = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (exps / exps.sum(axis=1, keepdims=True))[np.arange(len(labels)), labels]


def solved(form, p, item):
    """The number for which a form gives the answer to a call, which falls as the number grows; None: there is none."""
    low, high, got = np.log(np.finfo(float).tiny), np.log(LARGEST), float(item.got)
    if not form(p, np.exp(low)) > got > form(p, np.exp(high)):
        return None
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if form(p, np.exp(middle)) > got else (low, middle)
    return float(np.exp(high))


def divided_by_dropped(case, items, ratios):
    """Whether all answers of a dropout are divided by p_drop: as far as p_drop is not 0, where anything may come."""
    def holds(item, ratio):
        arguments = case.arguments(item.call)
        p = arguments["p_drop"]
        right = 1.0 if not arguments.get("train", True) else (1 - p) / p if p else ratio
        return abs(ratio - right) <= 1e-6 * abs(right)
    if not all("p_drop" in case.arguments(item.call) for item in items):
        return False
    return all(holds(item, ratio) for item, ratio in zip(items, ratios))
