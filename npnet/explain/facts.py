"""What every layer costs and sees, counted from shapes alone."""
import math
from dataclasses import dataclass

from ..layers import AdaptiveAvgPool, Concat, expression


@dataclass
class LayerFacts:
    """One layer of a network, for one picture. Shapes are without N; counts are of numbers, not bytes."""

    name: str               # of a layer inside a Concat both names: "expand2.expand1x1"
    kind: str               # the class
    expression: str         # what makes the layer; of a Concat the names inside: Concat(one relu_one | two)
    shape_in: tuple
    shape_out: tuple
    parameters: int
    trained: bool           # False: frozen
    multiply_adds: int      # those on padding included
    connections: int        # those on padding left out
    activations: int        # numbers in the output
    columns: int            # numbers that im2col writes
    field: tuple            # rows and columns of the input picture that one output sees, or None
    stride: int             # pixels of the input picture between neighbouring outputs, or None
    paths: tuple = ()       # of a Concat: the facts of the layers inside it, path by path


def layer_facts(net):
    """The LayerFacts of every layer of a network, in order; those inside a Concat are in its `paths`."""
    facts, shape, sight = [], net.input_shape, ((1, 1), 1) if len(net.input_shape) == 3 else (None, None)
    for name, layer in net.layers.items():
        made = facts_of(net, name, layer, shape, net.shapes[name], sight, trained=name not in net.frozen)
        facts.append(made)
        shape, sight = made.shape_out, (made.field, made.stride)
    return facts


def facts_of(net, name, layer, shape, shape_out, sight, trained):
    """The LayerFacts of one layer for inputs of `shape`. sight: the field and the stride of its input."""
    inside = layer.paths if isinstance(layer, Concat) else ()
    field, stride = seen_by(net, layer, shape, shape_out, *sight)
    return LayerFacts(
        name=name, kind=type(layer).__name__, expression=expression_of(layer), shape_in=shape, shape_out=shape_out,
        parameters=sum(array.size for array in layer.params().values()), trained=trained,
        multiply_adds=layer.multiply_adds(shape), connections=layer.connections(shape),
        activations=math.prod(shape_out), columns=layer.columns(shape), field=field, stride=stride,
        paths=tuple(path_facts(net, name, layer.steps(path, shape), sight, trained) for path in inside))


def path_facts(net, name, steps, sight, trained):
    """The facts of the layers of one path of the Concat `name`."""
    facts = []
    for own, layer, shape in steps:
        made = facts_of(net, f"{name}.{own}", layer, shape, layer.output(shape), sight, trained)
        facts.append(made)
        sight = made.field, made.stride
    return tuple(facts)


def seen_by(net, layer, shape, shape_out, field, stride):
    """How much of the picture one output of a layer sees, and the step between neighbours."""
    if field is None:
        return None, None                                               # the network does not see pictures
    whole = len(shape_out) == 1 or isinstance(layer, AdaptiveAvgPool) and shape_out[1:] == (1, 1)
    if stride is None or whole:
        return net.input_shape[1:], None                                # such outputs see the whole picture
    R, S, step = layer.window(shape)
    return (field[0] + (R - 1) * stride, field[1] + (S - 1) * stride), stride * step


def expression_of(layer):
    """The expression that makes a layer; a Concat's would be long, so of it the names of the layers inside."""
    if not isinstance(layer, Concat):
        return expression(layer)
    return f"Concat({' | '.join(' '.join(path) or 'x' for path in layer.paths)})"


def every(facts):
    """The facts of all layers, those inside a Concat before it."""
    for each in facts:
        for path in each.paths:
            yield from every(path)
        yield each
