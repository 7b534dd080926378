"""Three ways to share a training step among ranks, each as the list of what one rank does: what it computes, what it
sends, in order.

    data-parallel       Every rank has the whole network and its share of the batch. When a layer's backward is done,
                        its gradient is summed over all ranks (an Allreduce); the update is then the same everywhere.
    two towers          The paper of 2012: two ranks, each has half of every layer, and all pictures. A layer that sees
                        both towers (a convolution without groups after the first, each dense layer) needs the other
                        tower's half of its input: an exchange; on the way back the other tower's half of its gradient:
                        another one. No gradient of weights is sent. cutting.py says how layers are cut.
    one weird trick     Krizhevsky, "One weird trick for parallelizing convolutional neural networks" (2014, arXiv
                        1404.5997): convolutions, which have most of the work and few weights, are data-parallel; the
                        dense layers, which have most of the weights and little work, are split: each rank has 1/N of
                        the units and sees all pictures. Before each dense layer its input is gathered, after its
                        backward the gradient of that input is summed and scattered.

Section 4 of that paper has three schemes for the passage from the convolutions to the dense layers:

    (a) all ranks gather the whole batch, then compute the dense layers once
    (b) one rank after the other gives its share to all, who compute the dense layers for it
    (c) in each of N turns every rank gives 1/N of its share, and all compute the dense layers for these pictures

Each rank sends the same bytes in all three. In (b) one rank sends while the links of the others are idle, so it takes
N times as long; (a) has the fewest messages and reads the weights once; with (c) the next turn's messages can travel
while this turn is computed. (b) and (c) add up the gradients of their turns: one update for each batch, so that all
three ways train the same network.
"""
import math
from typing import NamedTuple

from ...layers import BatchNorm, Dense
from ...network import every_layer
from ..towers.cutting import rows_of
from ..towers.exchange import traffic
from .costs import allgather, allreduce, exchange, reduce_scatter

COPIED = 2 / 5           # of the update's time: it moves five numbers for each parameter, a copy two
DATA, TOWERS, TRICK = "data-parallel", "two towers", "one weird trick"
WAYS = (DATA, TOWERS, TRICK)
SCHEMES = "abc"


class Event(NamedTuple):
    """One thing that a rank does. sent: bytes; background: a message that nothing waits for but the update; waiting:
    the part of its seconds that is latency."""

    what: str
    seconds: float
    sent: float = 0.0
    message: bool = False
    background: bool = False
    waiting: float = 0.0


class Part(NamedTuple):
    """A layer in the eyes of the planner. before: numbers of one input; made: of one output; parameters: that are
    trained; back: whether a step runs its backward, and to_input whether that one gives dx."""

    name: str
    layer: object
    before: int
    made: int
    parameters: int
    back: bool
    to_input: bool


def parts_of(net):
    """The Parts of a network."""
    first, found, before, seen = net.first_trained(), [], net.input_shape, False
    for name, layer in net.layers.items():
        seen, trained = seen or name == first, name not in net.frozen
        parameters = sum(array.size for array in layer.params().values()) if trained else 0
        found.append(Part(name, layer, math.prod(before), math.prod(net.shapes[name]), parameters, seen,
                          seen and name != first))
        before = net.shapes[name]
    return found


def computed(rates, parts, way, pictures, share=1.0):
    """An Event for every part that computes; share: of its time, where a rank has so much of each layer."""
    order = parts if way == "forward" else [part for part in reversed(parts) if part.back]
    return [Event(f"{part.name} {way}", share * rates.seconds(part.name, way, pictures)) for part in order]


def message(what, cost, background=False):
    """The Event of a message; nothing where nothing is sent."""
    return [Event(what, cost.seconds, cost.sent, True, background, cost.waiting)] if cost.sent else []


# ---------------------------------------------------------------------------- data-parallel

def data_parallel(net, ranks, batch, rates, link, kind="mpich"):
    """The Events of one step of a rank."""
    parts, pictures = parts_of(net), math.ceil(batch / ranks)
    update = rates.updating(sum(part.parameters for part in parts))
    return [*shared_forward(parts, ranks, pictures, rates, link), *logits(net, parts, ranks, batch, link),
            *summed_backward(net, parts, ranks, pictures, rates, link, kind), Event("update", update)]


def shared_forward(parts, ranks, pictures, rates, link):
    """Every layer's forward, and the statistics that ranks give each other."""
    return [event for part in parts for event in (*computed(rates, [part], "forward", pictures),
                                                  *statistics(part, ranks, link))]


def statistics(part, ranks, link):
    """What batch normalisation (batchnorm.py) gathers each way, also inside a Concat: two sums of each channel, and how
    many numbers are in them, in five messages. A frozen one gathers nothing."""
    events = []
    for name, layer in every_layer({part.name: part.layer}).items() if ranks > 1 and part.parameters else ():
        if isinstance(layer, BatchNorm):
            count, channels = (allgather(8 * ranks * numbers, ranks, link) for numbers in (1, layer.w.size))
            events += message(f"statistics of {name}", count.times(3).and_then(channels.times(2)))
    return events


def logits(net, parts, ranks, batch, link):
    """The outputs of all ranks, which each of them needs for the loss of the whole batch."""
    return message("logits", allgather(batch * parts[-1].made * net.dtype.itemsize, ranks, link)) if ranks > 1 else []


def summed_backward(net, parts, ranks, pictures, rates, link, kind):
    """Every layer's backward, and after it the Allreduce of its gradient in the background, from the buffer of all
    gradients, into which it is copied first."""
    events = []
    for part in reversed([part for part in parts if part.back]):
        events += computed(rates, [part], "backward", pictures) + statistics(part, ranks, link)
        if ranks > 1 and part.parameters:
            events.append(Event(f"copy of the gradient of {part.name}", COPIED * rates.updating(part.parameters)))
        cost = allreduce(part.parameters * net.dtype.itemsize, ranks, link, kind)
        events += message(f"gradient of {part.name}", cost, background=True)
    return events


# ---------------------------------------------------------------------------- two towers

def two_towers(net, ranks, batch, rates, link, kind="mpich"):
    """The Events of one step of a rank: of tower 0. ValueError unless there are two ranks and two towers."""
    reason = no_towers(net, ranks)
    if reason:
        raise ValueError(reason)
    parts, crossing = parts_of(net), traffic(net, batch)
    share = {row.name: 0.5 if row.cut is not None else 1.0 for row in rows_of(net.input_shape, net.layers)}
    events = []
    for part in parts:
        if part.name in crossing:
            events += message(f"input of {part.name}", exchange(crossing[part.name].forward, link))
        events += computed(rates, [part], "forward", batch, share[part.name])
    events += message("logits", exchange(crossing["loss"].forward, link)) if "loss" in crossing else []
    for part in reversed([part for part in parts if part.back]):
        events += computed(rates, [part], "backward", batch, share[part.name])
        if part.name in crossing and part.to_input:
            cost = exchange(crossing[part.name].backward, link, adds=True)
            events += message(f"gradient of the input of {part.name}", cost)
    update = rates.updating(sum(part.parameters * share[part.name] for part in parts))
    return [*events, Event("update", update)]


def no_towers(net, ranks=2):
    """Why there are no two towers; None if there are."""
    if ranks != 2:
        return f"two towers need 2 ranks, got {ranks}"
    try:
        rows_of(net.input_shape, net.layers)
    except ValueError as error:
        return str(error)
    return None


# ---------------------------------------------------------------------------- one weird trick

def one_weird_trick(net, ranks, batch, rates, link, kind="mpich", scheme="a", overlap=False):
    """The Events of one step of a rank, by one of the schemes. overlap: the turns of the dense layers in (b) and (c)
    hide messages behind computing, or computing behind messages. ValueError without dense layers."""
    parts, pictures = parts_of(net), math.ceil(batch / ranks)
    split = first_dense(parts)
    early, late = parts[:split], parts[split:]
    weights = sum(part.parameters for part in early) + sum(part.parameters * largest(part, ranks) for part in late)
    return [*shared_forward(early, ranks, pictures, rates, link),
            *dense_phase(net, late, ranks, batch, rates, link, scheme, overlap),
            *summed_backward(net, early, ranks, pictures, rates, link, kind),
            Event("update", rates.updating(weights))]


def first_dense(parts):
    """Where the dense layers begin. ValueError without them, or where a convolution comes later."""
    at = next((i for i, part in enumerate(parts) if isinstance(part.layer, Dense)), None)
    if at is None:
        raise ValueError("this network has no dense layers, so there is nothing to split: "
                         "one weird trick is data-parallel here")
    return at


def largest(part, ranks):
    """The largest share of a layer's units that a rank has: 1/N where N divides them."""
    return math.ceil(part.made / ranks) / part.made


def dense_phase(net, parts, ranks, batch, rates, link, scheme, overlap=False):
    """The Events of the dense layers, forward and backward."""
    size, turns = net.dtype.itemsize, 1 if scheme == "a" else ranks
    pictures, computing, sending = math.ceil(batch / turns), [], []
    for way in ("forward", "backward"):
        for part in parts if way == "forward" else reversed(parts):
            seconds = turns * largest(part, ranks) * rates.seconds(part.name, way, pictures)
            computing.append(Event(f"{part.name} {way}", seconds))
            if ranks > 1 and isinstance(part.layer, Dense) and (way == "forward" or part.to_input):
                cost = passage(pictures * part.before * size, ranks, link, way, scheme == "b" and part is parts[0])
                what = "input" if way == "forward" else "gradient of the input"
                sending += message(f"{what} of {part.name}", cost.times(turns))
    sending += logits(net, parts, ranks, batch, link)
    if not overlap or turns == 1:
        return computing + sending
    C, M = (sum(event.seconds for event in events) for events in (computing, sending))
    return [Event("dense layers", max(C, M) + min(C, M) / turns, sum(event.sent for event in sending))]


def passage(count, ranks, link, way, alone):
    """The Cost of giving `count` bytes of inputs to all ranks, or of summing and scattering their gradient. alone: they
    all come from one rank, or go to one; the bytes are then those of an average rank."""
    if alone:
        part = count * (ranks - 1)
        cost = link.cost(ranks - 1, part, part if way == "backward" else 0)
        return cost._replace(sent=part / ranks)
    return allgather(count, ranks, link) if way == "forward" else reduce_scatter(count, ranks, link)
