"""What every layer costs and sees, counted from shapes alone."""
import math
from dataclasses import dataclass

from ..layers import expression


@dataclass
class LayerFacts:
    """One layer of a network, for one picture. Shapes are without N; counts are of numbers, not bytes."""

    name: str
    kind: str               # the class
    expression: str         # what makes the layer
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


def layer_facts(net):
    """The LayerFacts of every layer of a network, in order."""
    facts, shape, field, stride = [], net.input_shape, (1, 1), 1
    for name, layer in net.layers.items():
        shape_out = net.shapes[name]
        if len(net.input_shape) != 3:
            field, stride = None, None                                  # the network does not see pictures
        elif len(shape_out) == 1 or stride is None:
            field, stride = net.input_shape[1:], None                   # flat outputs see the whole picture
        else:
            R, S, step = layer.window(shape)
            field = (field[0] + (R - 1) * stride, field[1] + (S - 1) * stride)
            stride *= step
        facts.append(LayerFacts(
            name=name, kind=type(layer).__name__, expression=expression(layer), shape_in=shape, shape_out=shape_out,
            parameters=sum(array.size for array in layer.params().values()), trained=name not in net.frozen,
            multiply_adds=layer.multiply_adds(shape), connections=layer.connections(shape),
            activations=math.prod(shape_out), columns=layer.columns(shape), field=field, stride=stride))
        shape = shape_out
    return facts
