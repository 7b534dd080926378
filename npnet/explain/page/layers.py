"""What the page is told of every layer: facts, options, arrays, and of dense layers the largest contributions."""
import numpy as np

from ...backend import ops
from ...layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Conv2D, Dense, LRNWithin, MaxPool, pair)
from ...ops.lrn import lrn_constants
from ..by_hand import BY_HAND
from ..sentences import paths
from ..words import LANGUAGES, within
from .code import code_of
from .pack import plain, quantised

CONTRIBUTIONS = 40              # of one output of a dense layer
OUTPUTS = 8                     # of a dense layer whose contributions are computed before
PROBES = 32                     # numbers of an output that the page compares with what it computes itself
FINE = 0.01                     # of the largest output: where 8 bits are further off than this, 16 are used
TABLE = 256                     # values of filters that are kept as codes of 8 bits
KEPT = (Conv2D, Dense)          # outputs that the page does not compute itself


def layer_data(row):
    """The facts of one row as plain data, without its arrays."""
    step, facts, own = row.step, row.step.facts, type(row.step.layer) in BY_HAND
    finite = step.y[np.isfinite(step.y)]
    return {
        "name": facts.name, "kind": facts.kind if own else "own", "type": facts.kind, "expression": facts.expression,
        "from": row.sources, "call": row.call, "inside": row.inside, "size": in_both(step.size),
        "paths": in_both(paths(facts)),
        "shape_in": facts.shape_in, "shape_out": facts.shape_out, "parameters": facts.parameters,
        "trained": facts.trained, "multiply_adds": facts.multiply_adds, "share": step.share,
        "parameter_share": step.parameter_share, "field": facts.field, "spacing": facts.stride,
        "minimum": plain(step.minimum), "maximum": plain(step.maximum), "mean": plain(step.mean), "zeros": step.zeros,
        "largest": float(np.abs(finite).max(initial=0)), "missing": int(step.y.size - finite.size),
        "options": options(step.layer) if own else {}, "probes": probes(step.y), "code": code_of(step.layer, own)}


def in_both(lines):
    """{"en": lines, "ko": lines}: sentences in both languages."""
    return {language: [within(line, language) for line in lines] for language in LANGUAGES}


def options(layer):
    """The numbers that the page needs to compute the layer."""
    if isinstance(layer, (Conv2D, MaxPool, AvgPool)):
        R, S = pair(layer.size)
        more = {"groups": layer.groups} if isinstance(layer, Conv2D) else {}
        more |= {"count_include_pad": bool(layer.count_include_pad)} if isinstance(layer, AvgPool) else {}
        return {"R": R, "S": S, "stride": layer.stride, "pad": layer.pad, "ceil_mode": bool(layer.ceil_mode), **more}
    if isinstance(layer, AdaptiveAvgPool):
        return dict(zip("PQ", pair(layer.size)))
    if isinstance(layer, LRN):
        k, alpha = lrn_constants(layer.convention, layer.n, layer.k, layer.alpha)
        return {"n": layer.n, "k": k, "alpha": alpha, "beta": float(layer.beta), "groups": layer.groups}
    if isinstance(layer, LRNWithin):
        alpha = float(layer.alpha) / layer.n ** 2
        return {"n": layer.n, "k": float(layer.k), "alpha": alpha, "beta": float(layer.beta)}
    if isinstance(layer, BatchNorm):
        arrays = dict(zip(("mean", "var"), layer.used)) | {"w": layer.w, "b": layer.b}
        return {"eps": float(layer.eps),
                **{name: [plain(value) for value in ops.to_host(array).reshape(-1)] for name, array in arrays.items()}}
    return {}


def probes(y):
    """Places of an output and the numbers there, spread evenly: [[place, number], ...]."""
    flat = y.reshape(-1)
    places = np.unique(np.linspace(0, flat.size - 1, min(PROBES, flat.size)).astype(int)) if flat.size else []
    return [[int(place), plain(flat[place])] for place in places]


def kept(step):
    """Whether the output itself goes into the page: convolutions, dense layers and layers of the user's own."""
    return isinstance(step.layer, KEPT) or type(step.layer) not in BY_HAND


def add_weights(blobs, step, most, exact=False):
    """A convolution's filters in 8 bits, or 16 where 8 are too coarse; its biases; how far the sums are off.

    They are exact where the page computes the output, and where they have few values, as those of Deep Compression.
    Returns what is added to the layer's data: {"w", "b", "bits", "off"}, off as a share of the largest output.
    """
    layer = step.layer
    w, b = ops.to_host(layer.w), ops.to_host(layer.b)
    values = table_of(w)
    if values is not None or exact or not np.isfinite(w).all():
        bits, off = 32, 0.0
        entry = blobs.add(w, "f4", most) if values is None else blobs.add_codes(w, values, most)
    else:
        for kind, bits in (("i1", 8), ("i2", 16)):
            whole, scales = quantised(w, 1, kind)
            off = distance(step, whole * scales[:, None, None, None])
            if off <= FINE:
                break
        entry = blobs.add_scaled(w, 1, kind, most)
    return {"w": entry, "b": [plain(value) for value in b], "bits": bits, "off": plain(off)} if entry else {}


def table_of(w):
    """The values that filters have where these are few enough for codes of 8 bits; else None."""
    if w.size < 4 * TABLE or not np.isfinite(w).all():
        return None
    values = np.unique(w)
    return values if len(values) <= TABLE else None


def exact_size(step):
    """How much the exact filters of a convolution take, in numbers of 4 bytes."""
    w = ops.to_host(step.layer.w)
    return w.size if table_of(w) is None else w.size // 4


def distance(step, w):
    """How far a convolution with these filters is from the layer's output, as a share of its largest number."""
    layer = step.layer
    y = ops.to_host(ops.conv2d_forward(ops.to_device(step.x), ops.to_device(w.astype(step.x.dtype)), layer.b,
                                       layer.stride, layer.pad, layer.groups, layer.ceil_mode))
    apart = np.abs(y.astype(np.float64) - step.y)
    apart, largest = apart[np.isfinite(apart)], np.abs(step.y[np.isfinite(step.y)])
    return float(apart.max(initial=0) / max(largest.max(initial=0), 1e-300))


def dense_outputs(step):
    """Which outputs of a dense layer get their contributions: the largest, of the last one the best classes."""
    return [int(m) for m in np.argsort(-np.nan_to_num(step.y[0], nan=-np.inf), kind="stable")[:OUTPUTS]]


def contributions(step, m):
    """One output of a dense layer: its largest products [d, x, w], the sum of the others, the bias and the total."""
    x, w = step.x[0].astype(np.float64), ops.to_host(step.layer.w)[:, m].astype(np.float64)
    products = x * w
    order = np.argsort(-np.nan_to_num(np.abs(products), nan=np.inf), kind="stable")
    first, rest = order[:CONTRIBUTIONS], order[CONTRIBUTIONS:]
    return {"m": m, "rows": [[int(d), plain(x[d]), plain(w[d])] for d in first], "others": len(rest),
            "rest": plain(products[rest].sum()), "bias": plain(ops.to_host(step.layer.b)[m]), "y": plain(step.y[0, m])}
