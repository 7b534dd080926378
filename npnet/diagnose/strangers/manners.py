"""What is said of a stranger's layer beside its gradients: how it was called, its habits, the order of its axes."""
import numpy as np

from .arguments import TESTS, TRAINS, Guesses, plain


def said(called, trial):
    """What was assumed, in sentences: first how forward and backward were called, then what was made or chosen."""
    way = called.way
    beside = len(way.given.get("cache", []))
    returned = {0: "", 1: " -> (y, cache)"}.get(beside, f" -> (y, {beside} more)")
    if way.pullback is not None:
        returned = " -> (y, backward)"
    elif way.backward is None and beside:
        returned = " -> (loss, gradients)" if called.loss else " -> (y, gradients)"
    if way.silent:
        returned = " -> None, y left on the object"
    first = f"called as {way.forward}{returned}"
    if way.backward is not None:
        first += f", {way.backward}{' * dy' if way.local else ''}"
    elif way.wrap is not None:
        first += ", with tensors, and y.backward(dy)"
    return [first, *settings(way), *trial.words]


def settings(way):
    """A sentence about a dictionary of settings, if forward takes one: what was given, what was guessed."""
    sentences = []
    for argument in way.forward.arguments:
        if isinstance(argument.value, Guesses):
            held = {name: value for name, value in argument.value.items() if not isinstance(value, np.ndarray)}
            guessed = ", ".join(argument.value.guessed)
            more = f" ({guessed} guessed; param=... gives others)" if guessed else ""
            sentences.append(f"{argument.name} = {held}{more}")
    return sentences


def unused_train(way, train):
    """A remark where train was given to a layer that has no word and no switch for it, in a list."""
    words = [a for a in way.forward.arguments if plain(a.name) in TRAINS | TESTS and a.role == "value"]
    if train is None or way.switched or words:
        return []
    return [f"train={train} changes nothing: forward takes no such word, and the layer has no switch for it"]


def habits(called, dy):
    """Remarks: what the layer does that is no mistake in its gradients, but that one should know."""
    way, remarks = called.way, []
    names, arrays = list(called.inputs), list(called.inputs.values())
    called.draws.drawn = False              # a layer that built itself may have drawn its weights
    called.run(arrays)
    wrote = [name for name, passed, x in zip(names, way.passed, arrays) if not same_array(passed, x)]
    if wrote:
        remarks.append(f"forward writes into {' and '.join(wrote)}: it was given a copy; the caller may still need it")
    given, kept = dy.copy(), [passed.copy() for passed in way.passed]
    with called.written(), called.draws.go_on(), called.at_rate():
        called.back(given, copied=False)
    if not same_array(given, dy):
        remarks.append("backward writes into the gradient that it is given: it was given a copy")
    wrote = [name for name, passed, x in zip(names, way.passed, kept) if not same_array(passed, x)]
    if wrote:
        remarks.append(f"backward writes into {' and '.join(wrote)}: it was given a copy")
    if called.draws.drawn:
        remarks.append("random numbers are drawn: the generators are set to one seed before each forward")
    if called.float32:
        remarks.append("it computes in float32 inside: steps and tolerances are wider")
    return remarks


def same_array(a, b):
    return np.shape(a) == np.shape(b) and np.array_equal(a, b, equal_nan=True)


def layout(called, y):
    """"NCHW" or "NHWC" where the shapes tell; "" where they do not."""
    x = next(iter(called.inputs.values()))
    if x.ndim != 4:
        return ""
    votes = {vote_of(np.shape(array), x.shape, y.shape) for array in arrays_of(called)} - {""}
    votes = votes or {vote_of_pictures(x.shape, y.shape)}
    return votes.pop() if len(votes) == 1 else ""


def arrays_of(called):
    """The parameters of a layer; of functions the inputs after the first."""
    return [parameter.array for parameter in called.parameters] + list(called.inputs.values())[1:]


def vote_of(w, x, y):
    """What the shape of a parameter says: filters, or one number for each channel."""
    if len(w) == 4 and len(y) == 4:
        first = y[1] == w[0] and x[1] % w[1] == 0
        last = y[3] in (w[3], w[2] * w[3]) and x[3] == w[2]
        return "NCHW" if first and not last else "NHWC" if last and not first else ""
    channels = [size for size in w if size > 1]
    if len(channels) == 1 and len(y) == 4:
        first, last = y[1] == channels[0], y[3] == channels[0]
        return "NCHW" if first and not last else "NHWC" if last and not first else ""
    return ""


def vote_of_pictures(x, y):
    """What x and y say: pooling leaves the channels as many as they are."""
    if len(y) != 4 or x == y:
        return ""
    first, last = x[1] == y[1] and x[3] != y[3], x[3] == y[3] and x[1] != y[1]
    return "NCHW" if first and not last else "NHWC" if last and not first else ""
