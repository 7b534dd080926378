"""Two helpers for causes: arrays laid out as y is, and one row of numbers as a power of another."""
import numpy as np


def broadcast(evidence):
    """{name: array of y's shape}: the other arrays that can be laid out so, one number for each channel or feature."""
    shape = evidence.y.shape
    found = {}
    for name, array in evidence.arrays.items():
        if name == evidence.name or array.size < 2:
            continue
        channels = (1, -1) + (1,) * (len(shape) - 2)
        flat = [array] + ([array.reshape(channels)] if len(shape) > 2 and array.size == shape[1] else [])
        for laid in flat:
            try:
                found[name] = np.array(np.broadcast_to(laid, shape))
            except ValueError:
                continue
    return found


def power_of(values, base):
    """(p, c) with values = c * base ** p, if that holds for all of them and they are not all alike; else (None, 1)."""
    usable = (values > 0) & (base > 0)
    if not usable.all() or len(np.unique(np.round(base, 9))) < 8 or np.ptp(np.log(base)) < 1e-3:
        return None, 1.0
    power, start = np.polyfit(np.log(base), np.log(values), 1)
    fits = np.allclose(power * np.log(base) + start, np.log(values), atol=1e-4)
    return (float(power), float(np.exp(start))) if fits else (None, 1.0)
