"""The plain loop of every class of layer as text, for a notebook: one output, with the layer's numbers put in.

    loop(step)          lines of Python that leave one output in `value`; None for a layer that is not npnet's own

The lines use `layer` and `x`, the layer's input as a NumPy array, and share no line with the library.
"""
import textwrap

from ..layers import pair
from ..ops.lrn import lrn_constants
from .by_hand import first_by_hand, path_of


def loop(step):
    """The text of the loop that computes again the output that step.by_hand did."""
    name = type(step.layer).__name__
    if step.by_hand is None or name not in LOOPS:
        return None
    return lines_of(step.layer, step.x, step.by_hand.index)


def lines_of(layer, x, index):
    """The lines of one layer, without what they are indented by in this file."""
    return textwrap.dedent(LOOPS[type(layer).__name__](layer, x, index)).strip("\n")


def convolution(layer, x, index):
    n, k, p, q = index
    K, D, R, S = layer.w.shape
    first = k // (K // layer.groups) * D
    return f"""
        k, p, q = {k}, {p}, {q}
        value = float(layer.b[k])
        for c in range({D}):
            for r in range({R}):
                for s in range({S}):
                    h, v = p * {layer.stride} + r - {layer.pad}, q * {layer.stride} + s - {layer.pad}
                    if 0 <= h < {x.shape[2]} and 0 <= v < {x.shape[3]}:
                        value += float(x[0, {f'{first} + c' if first else 'c'}, h, v]) * float(layer.w[k, c, r, s])"""


def dense(layer, x, index):
    return f"""
        m = {index[1]}
        value = float(layer.b[m])
        for d in range({x.shape[1]}):
            value += float(x[0, d]) * float(layer.w[d, m])"""


def window(layer, index):
    """The rows and columns of a pooling's window, as text."""
    return [f"range({place * layer.stride - layer.pad}, {place * layer.stride - layer.pad + size})"
            for place, size in zip(index[2:], pair(layer.size))]


def seen(x, index, rows, columns):
    """Lines that gather the numbers of a window, as far as they lie inside."""
    return f"""
        numbers = []
        for h in {rows}:
            for v in {columns}:
                if 0 <= h < {x.shape[2]} and 0 <= v < {x.shape[3]}:
                    numbers.append(float(x[0, {index[1]}, h, v]))"""


def max_pool(layer, x, index):
    return seen(x, index, *window(layer, index)) + """
        value = max(numbers)"""


def avg_pool(layer, x, index):
    rows, columns = window(layer, index)
    edge, (H, W) = layer.pad if layer.count_include_pad else 0, x.shape[2:]
    area = (f"(sum({-edge} <= h < {H + edge} for h in {rows}) * sum({-edge} <= v < {W + edge} for v in {columns}))"
            if layer.pad or layer.ceil_mode else "len(numbers)")
    return seen(x, index, rows, columns) + f"""
        value = sum(numbers) / {area}"""


def adaptive_avg_pool(layer, x, index):
    sides = [f"range({place * size // parts}, {-(-(place + 1) * size // parts)})"
             for place, size, parts in zip(index[2:], x.shape[2:], pair(layer.size))]
    return seen(x, index, *sides) + """
        value = sum(numbers) / len(numbers)"""


def lrn(layer, x, index):
    n, i, h, v = index
    k, alpha = lrn_constants(layer.convention, layer.n, layer.k, layer.alpha)
    size = x.shape[1] // layer.groups
    low, high = i // size * size, i // size * size + size                       # the group's channels
    return f"""
        i, h, v = {i}, {h}, {v}
        total = 0.0
        for j in range(max({low}, i - {layer.n // 2}), min({high}, i + {layer.n // 2 + 1})):
            total += float(x[0, j, h, v]) ** 2
        value = float(x[0, i, h, v]) * ({k!r} + {alpha!r} * total) ** -{layer.beta!r}"""


def lrn_within(layer, x, index):
    sides = [f"range({place - layer.n // 2}, {place + layer.n // 2 + 1})" for place in index[2:]]
    return seen(x, index, *sides) + f"""
        total = sum(number ** 2 for number in numbers)
        scale = {layer.k!r} + {layer.alpha!r} / {layer.n ** 2} * total
        value = float(x[{place(index)}]) * scale ** -{layer.beta!r}"""


def place(index):
    """An index as it is written between brackets."""
    return ", ".join(map(str, index))


def batchnorm(layer, x, index):
    return f"""
        c = {index[1]}
        mean, var = (float(array[c]) for array in layer.used)
        normalised = (float(x[{place(index)}]) - mean) / (var + {layer.eps!r}) ** 0.5
        value = float(layer.w[c]) * normalised + float(layer.b[c])"""


def relu(layer, x, index):
    return f"value = max(float(x[{place(index)}]), 0.0)"


def tanh(layer, x, index):
    return f"value = math.tanh(float(x[{place(index)}]))"


def sigmoid(layer, x, index):
    return f"value = 1 / (1 + math.exp(-float(x[{place(index)}])))"


def softmax(layer, x, index):
    return f"""
        largest = max(map(float, x[0]))
        exps = [math.exp(float(number) - largest) for number in x[0]]
        value = exps[{index[1]}] / sum(exps)"""


def dropout(layer, x, index):
    return f"value = float(x[{place(index)}])"


def flatten(layer, x, index):
    if x.ndim != 4:
        return f"value = float(x[{place(index)}])"
    (H, W), rest = x.shape[2:], index[1]
    return f"""
        c, h, v = {rest // (H * W)}, {rest // W % H}, {rest % W}                  # (c*H + h)*W + v = {rest}
        value = float(x[0, c, h, v])"""


def concat(layer, x, index):
    """The layers of the path that makes this channel; from the last that looks at more than one number, by loops."""
    number, channel = path_of(layer, index[1])
    path, at = layer.paths[number], (index[0], channel, *index[2:])
    names, first = list(path), first_by_hand(list(path.values()))
    lines = [f"path = layer.paths[{number}]                  # channel {index[1]} is channel {channel} of this path"]
    for name in names[:first]:
        lines.append(f"x = path[{name!r}].forward(x)")
        x = path[name].forward(x)
    if not names:
        lines.append(f"value = float(x[{place(at)}])")
    for i, name in enumerate(names[first:]):
        lines.append(f"layer{f', x' if i else ''} = path[{name!r}]{f', {{{at}: value}}' if i else ''}")
        lines.append(lines_of(path[name], x, at))
    return "\n".join(lines)


LOOPS = {
    "Conv2D": convolution, "Dense": dense, "ReLU": relu, "Tanh": tanh, "Sigmoid": sigmoid, "Softmax": softmax,
    "MaxPool": max_pool, "AvgPool": avg_pool, "AdaptiveAvgPool": adaptive_avg_pool, "LRN": lrn,
    "LRNWithin": lrn_within, "BatchNorm": batchnorm, "Dropout": dropout, "Flatten": flatten, "Concat": concat,
}
