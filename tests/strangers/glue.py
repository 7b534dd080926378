"""How a text's layer is called without the checker: for the proof that a text is right and that its labels are true.

Backward is asked twice, and the second answer counts: gradients that are added to those of the call before are wrong.
"""
import numpy as np
from strangers_record import numbers


def layer(expression, shapes, params=(), inputs=("x",), call=None, back=None, negative=False):
    """The `glue` of a Subject that is one object.

    params: {"W": ("weight.value", "weight.gradient")}, where the object keeps an array and its gradient, as Python
    written after "layer."; an entry that begins with "[" follows the object itself. call(layer, *inputs) -> y and
    back(layer, dy) -> the gradients of the inputs (one, or a tuple) default to layer.forward and layer.backward.
    inputs: their names. negative: they are below 0, where a greatest number that starts from 0 shows.
    """
    places = dict(params)

    def run(made, given):
        np.random.seed(1)                       # one mask for every forward
        return np.array((call or type(made).forward)(made, *[array.copy() for array in given]))

    def glue(names):
        np.random.seed(0)
        made = eval(expression, dict(names))
        first = start(inputs, shapes, negative)
        run(made, first.values())             # some make their weights when they see the first input

        def own():
            return {name: value(made, place) for name, (place, _) in places.items()}

        def forward(arrays):
            for name, array in own().items():
                array[...] = arrays[name]
            return run(made, [arrays[name] for name in inputs])

        def backward(arrays, dy):
            for _ in range(2):
                forward(arrays)
                found = back(made, dy.copy()) if back else made.backward(dy.copy())
            for name, array in own().items():
                if not np.array_equal(array, arrays[name]):
                    raise ValueError(f"backward changed {name}")
            gradients = dict(zip(inputs, found if isinstance(found, tuple) else (found,)))
            return gradients | {name: value(made, place) for name, (_, place) in places.items()}

        return forward, backward, first | {name: array.copy() for name, array in own().items()}
    return glue


def functions(run, names, shapes):
    """The `glue` of functions. run(file's names, *arrays) -> y, back; back(dy) -> a gradient for each array."""
    def glue(file):
        def forward(arrays):
            return np.array(run(file, *[arrays[name].copy() for name in names])[0])

        def backward(arrays, dy):
            found = run(file, *[arrays[name].copy() for name in names])[1](dy.copy())
            return dict(zip(names, found if isinstance(found, tuple) else (found,)))

        return forward, backward, numbers(dict(zip(names, shapes)))
    return glue


def start(names, shapes, negative=False):
    """{"x": array, ...}: inputs of these shapes."""
    found = numbers(dict(zip(names, shapes)))
    return {name: -np.abs(array) for name, array in found.items()} if negative else found


def value(made, place):
    """What an object keeps at a place: "weight.value", "params['W']", or "[0].value" of a list."""
    return eval("made" + (place if place.startswith("[") else f".{place}"), {"made": made})
