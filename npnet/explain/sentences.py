"""Sentences about one layer that every face of the walk says: why its output has its size, what it sees, its weights.

Each is a list of lines: texts that are the same in both languages, or Said; see words.
"""
from ..layers import AdaptiveAvgPool, AvgPool, Concat, Conv2D, Dense, Flatten, MaxPool, pair
from ..screen import percent
from .by_hand import BY_HAND
from .counts import times
from .words import Listed, Said


def size_sentences(layer, shape_in, shape_out):
    """Why the output has its size, with the numbers put into the formula: one line, or two where rows
    and columns differ; none for a layer that npnet does not know. Lines with words in them are Said."""
    if type(layer) in (Conv2D, MaxPool, AvgPool):
        rows, columns = (window_sentence(layer, *sizes) for sizes in zip(shape_in[1:], pair(layer.size), shape_out[1:]))
        if rows == columns:
            return [rows]
        return [Said("size.rows", sentence=rows), Said("size.columns", sentence=columns)]
    if type(layer) is Dense:
        return [Said("size.dense", outputs=shape_out[0], inputs=shape_in[0])]
    if type(layer) is Flatten:
        return [Said("size.flatten", shape=" x ".join(map(str, shape_in)), count=shape_out[0])]
    if type(layer) is AdaptiveAvgPool:
        return [Said("size.adaptive", rows=shape_out[1], columns=shape_out[2])]
    if type(layer) is Concat:
        made = [[shape_in, *(each.output(shape) for _, each, shape in layer.steps(path, shape_in))][-1]
                for path in layer.paths]
        return [Said("size.concat", sum=" + ".join(str(shape[0]) for shape in made), channels=shape_out[0])]
    return [Said("size.same")] if type(layer) in BY_HAND else []


def window_sentence(layer, size, window, windows):
    """(27 + 2*2 - 5)/1 + 1 = 27, and how it was rounded if it had to be."""
    room, padding = size + 2 * layer.pad - window, f" + 2*{layer.pad}" if layer.pad else ""
    quotient = f"({size}{padding} - {window})/{layer.stride}"
    if room % layer.stride == 0:
        return f"{quotient} + 1 = {windows}"
    exact = f"{round(room / layer.stride, 2):g}"
    if not layer.ceil_mode:
        return Said("size.down", quotient=quotient, exact=exact, whole=room // layer.stride, windows=windows)
    up = -(-room // layer.stride)
    if windows == up:
        return Said("size.starts_in_padding", quotient=quotient, exact=exact, whole=up, windows=windows)
    rule = Said("size.rule_2012" if type(layer) is Conv2D else "size.rule_caffe")
    return Said("size.up", quotient=quotient, exact=exact, whole=up, rule=rule, windows=windows)


def seen(step):
    """How much of its input, and of the picture, one output sees; of interest where there is a window."""
    facts, words = step.facts, []
    if facts.kind == "Conv2D":
        own, all_of_them = facts.shape_in[0] // step.layer.groups, facts.shape_in[0]
        words.append(Said("block.some_channels", own=own, all=all_of_them) if own < all_of_them else
                     Said("block.all_channels"))
    if facts.field and facts.stride and (facts.kind in ("Conv2D", "Concat") or facts.kind.endswith("Pool")):
        words.append(Said("block.field", field=times(facts.field), stride=facts.stride))
    return [Listed(words)] if words else []


def parameters(step):
    """256 x 48 x 5 x 5 + 256 = 307,456 and their share of the network's."""
    arrays = step.layer.params().values()
    terms = " + ".join(" x ".join(map(str, array.shape)) for array in arrays)
    if step.facts.paths:                                                # of each path: its lines say of what
        terms = " + ".join(f"{sum(each.parameters for each in path):,}" for path in step.facts.paths) if arrays else ""
    return [Said("block.parameters" if step.facts.trained else "block.frozen", terms=terms, count=step.facts.parameters,
                 share=percent(step.parameter_share))] if terms else []


def paths(facts):
    """A line for each path of a Concat: its layers, what comes out, what it has and costs."""
    return [Said("block.path" if path else "block.path_empty",
                 layers=" ".join(each.name.rpartition(".")[2] for each in path),
                 shape=times(path[-1].shape_out if path else facts.shape_in),
                 parameters=sum(each.parameters for each in path),
                 multiply_adds=sum(each.multiply_adds for each in path)) for path in facts.paths]
