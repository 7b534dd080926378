"""The letters of a call: which size is N, which is C; and the factors that have a name there (N, 1/N, P*Q, 1 - p ...).

The letters are the library's: images N, channels C, filters K, rows and columns H W, of the filter R S, of the
output P Q, groups G.
"""
from math import isclose, prod

import numpy as np

LETTERS = {                     # of an array, by its name and the number of its axes
    "x": {4: "N C H W", 3: "C H W", 2: "N D"}, "w": {4: "K C/G R S", 2: "D M"}, "b": {1: "K"},
    "y": {4: "N K P Q", 2: "N M"}, "cols": {6: "N C R S P Q"}, "columns": {6: "N C R S P Q"},
    "im2col": {6: "N C R S P Q"},
    "logits": {2: "N C"}, "labels": {1: "N"}, "argmax": {4: "N C P Q"}, "scale": {4: "N C H W"},
    "mask": {4: "N C H W", 2: "N D"}}
LIKE_X = "scale", "mask"        # functions with these arguments or outputs leave the shape as it is
NAMED = {"groups": "G"}         # arguments that have a letter
PRODUCTS = ("H*W", "P*Q", "R*S", "N*P*Q", "N*H*W", "N*C", "N*K", "N*D", "C*H*W", "C*R*S", "K*R*S", "K*P*Q", "N*C*H*W",
            "N*K*P*Q", "N*M", "stride*stride", "C/G", "K/G", "alpha*beta", "2*alpha", "2*beta", "2*alpha*beta",
            "alpha/n", "lr*weight_decay", "lr*momentum")
REST = ("p_drop", "momentum")   # what is left of 1 has a name too
CONSTANTS = (2.0, 0.5, -1.0, -2.0, 4.0, 0.25, 3.0, 1 / 3)


def letters_of(name, dims, arguments=()):
    """The letters of an array's axes, or [] where they are not known. arguments: names of the call's arguments."""
    base = name.rpartition(".")[2] or name
    if base not in LETTERS and base[:1] == "d" and base[1:] in LETTERS:
        base = base[1:]                                             # dx has the letters of x
    found = LETTERS.get(base, {}).get(dims, "").split()
    if base == "y" and any(word in arguments for word in ("alpha", "p_drop")) or base == "y" and "w" not in arguments \
            and not {"R", "S", "argmax", "dy"} & set(arguments):
        found = LETTERS["x"].get(dims, "").split()                  # one number for one number
    if base == "y" and pooled(arguments):
        found = ["C" if letter == "K" else letter for letter in found]
    return found


def pooled(arguments):
    """Whether the call is a pooling: its outputs have x's channels."""
    return "argmax" in arguments or "ceil_mode" in arguments


def sizes(arguments, outputs=()):
    """{"N": 2, "C": 4, "stride": 2 ...} of a call. arguments: {name: value}; outputs: [(name, right array)]."""
    found = {}
    for name, value in arguments.items():
        if isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool):
            found[NAMED.get(name, name)] = value
    for name, value in [*arguments.items(), *outputs]:
        if isinstance(value, np.ndarray) and value.ndim:
            letters = letters_of(name, value.ndim, arguments)
            if name == "dy" and np.shape(arguments.get("x")) == value.shape:
                letters = letters_of("x", value.ndim)
            for letter, size in zip(letters, value.shape):
                if letter != "C/G":
                    found.setdefault(letter, size)
    if "G" in found and "C" not in found and isinstance(arguments.get("w"), np.ndarray):
        found["C"] = arguments["w"].shape[1] * found["G"]
    return found


def factors(found):
    """{"N": 2.0, "1/N": 0.5 ...}: all factors that have a name in a call of these sizes."""
    values = {name: float(size) for name, size in found.items()}
    for name in PRODUCTS:
        parts = name.replace("/", "*").split("*")
        if all(part.isdigit() or part in found for part in parts):
            values[name] = product(name, found)
    for name in REST:
        if name in found:
            values[f"(1 - {name})"] = 1.0 - found[name]
    inverse = {f"1/({name})" if "*" in name or "/" in name else f"1/{name}": 1 / value
               for name, value in values.items() if value}
    both = {**values, **inverse}
    return {**both, **{f"-{name}": -value for name, value in both.items()}}


def product(name, found):
    """The value of "2*alpha*beta" or "C/G"."""
    above, _, below = name.partition("/")
    number = prod(float(part) if part.isdigit() else float(found[part]) for part in above.split("*"))
    return number / float(found[below]) if below else number


def named(ratios, tables):
    """The names of the factors that all ratios have, each in the sizes of its own call: ["N"], or [].

    ratios: one for each call; tables: factors() of the same calls. A ratio of 1 needs a factor of 1.
    """
    return [name for name in tables[0]
            if all(name in table and isclose(table[name], ratio, rel_tol=1e-6) for ratio, table in zip(ratios, tables))]


def constant(ratios):
    """The one value of all ratios, or None."""
    return ratios[0] if all(isclose(ratio, ratios[0], rel_tol=1e-6) for ratio in ratios) else None


def number(value):
    """'4', '0.25', '1/3': a factor as it is printed."""
    for below in (1, 3, 7, 9, 6, 12, 18):
        above = round(value * below)
        if isclose(value * below, above, rel_tol=1e-7) and (below == 1 or 0 < abs(above) < 10):
            return f"{above}/{below}" if below > 1 else f"{above}"
    return f"{value:.6g}"
