"""The paper's figure 2 as text: two columns of layers, and lines that cross where the towers exchange.

    print(figure(Unbuilt(*npnet.MODELS["krizhevsky2012"]()), 128))
    print(table(traffic(net, 128), towers.partner.sent, steps=10))
"""
from ...screen import size
from .cutting import half_shape, rows_of
from .exchange import Traffic, traffic

LEFT, RIGHT = 20, 20                                    # columns of each tower


def figure(net, batch):
    """The towers of a network, layer by layer, with the bytes that each sends in one training step.

    Layers that change no shape are left out. net: the whole network, or an Unbuilt one.
    """
    bytes_of, lines = traffic(net, batch), [line("", "tower 0", "tower 1")]
    lines.append(line("input", *["both see " + sizes(net.input_shape)] * 2))
    for row in rows_of(net.input_shape, net.layers):
        if row.name in bytes_of:
            lines += crossing(bytes_of[row.name])
        if row.before != row.after or row.layer.arrays(row.before):
            shapes = [half_shape(row.after, row.cut, tower) for tower in (0, 1)]
            lines.append(line(row.name, *map(sizes, shapes)))
    if "loss" in bytes_of:
        lines += [*crossing(bytes_of["loss"]), line("loss", *["all of " + sizes(row.after)] * 2)]
    return "\n".join(lines)


def line(name, left, right):
    """One layer of both towers."""
    return f"{name:9}{left:^{LEFT}}   {right:^{RIGHT}}".rstrip()


def crossing(told):
    """Three lines of text that cross, with what goes along them."""
    words = f"{size(told.forward)} each way, " + (f"{size(told.backward)} back" if told.backward else "nothing back")
    middle = 9 + LEFT
    return [" " * (middle - 1) + r"\   /", " " * (middle + 1) + "X" + " " * 5 + words, " " * (middle - 1) + "/   \\"]


def sizes(shape):
    """A shape in words: 48 x 55 x 55."""
    return " x ".join(map(str, shape))


def table(formula, sent, steps):
    """What was sent at each place beside the formula: bytes and messages of one step; seconds of one step.

    formula: traffic(net, batch, tower). sent: what `steps` steps have recorded, TwoTowers.partner.sent.
    """
    rows = [("before", "bytes forward", "measured", "bytes back", "measured", "messages", "seconds")]
    for place, told in formula.items():
        rows.append(row_of(place, told, sent.get(place, Traffic(0, 0, 0)), steps))
    rows.append(row_of("all", total(formula), total({place: sent[place] for place in formula if place in sent}), steps))
    wide = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(f"{cell:<{width}}" if number == 0 else f"{cell:>{width}}" for number, (cell, width) in
                               enumerate(zip(row, wide))) for row in rows)


def total(places):
    """The sum of {place: Traffic}."""
    return sum(places.values(), Traffic(0, 0, 0))


def row_of(place, wanted, got, steps):
    """The cells of one place."""
    return (place, f"{wanted.forward:,}", f"{got.forward / steps:,.0f}", f"{wanted.backward:,}",
            f"{got.backward / steps:,.0f}", f"{got.messages / steps:g}", f"{got.seconds / steps:.4f}")
