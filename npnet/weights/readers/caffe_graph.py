"""From the layers of Caffe's description to a chain with branches: what counts at test, and how it hangs together.

Caffe's layers name the blobs that they read (bottom) and make (top); a layer that has one name for both works in place.
npnet's networks are chains, whose Concat has paths. So branches must part at one layer and meet in one Concat, in any
depth (series-parallel); that is what fire modules and inception modules are.
"""
from ...screen.words import printable

SPELT = {"RELU": "ReLU", "LRN": "LRN", "TANH": "TanH", "SOFTMAX_LOSS": "SoftmaxWithLoss", "HDF5_DATA": "HDF5Data",
         "HDF5_OUTPUT": "HDF5Output", "ABSVAL": "AbsVal", "BNLL": "BNLL", "MVN": "MVN"}      # V1's, not as others
LEFT_OUT = ("Accuracy", "ArgMax", "HDF5Output", "Silence")        # and all losses
MANY, READ, LEVELS = 2_000, 5_000, 16                   # layers; blobs that they read; Concats in Concats


def wanted_layers(description):
    """The layers of a NetParameter that count at test, with types as of today, in their order.

    Those that read no blob, data and inputs, are always among them: a .caffemodel has its training's alone.
    """
    layers = [*(description.get("layers") or []), *(description.get("layer") or [])]
    read = sum(len(layer.get("bottom", [])) for layer in layers)
    if len(layers) > MANY or read > READ:
        raise ValueError(f"it has {len(layers):,} layers, which read {read:,} blobs; npnet builds networks of up to "
                         f"{MANY:,} layers and {READ:,} blobs")
    found = []
    for layer in layers:
        if "layer" in layer:
            raise ValueError("it was written by Caffe of 2013 (layers in layers); bring it up to date with Caffe's "
                             "tool upgrade_net_proto_text first")
        if counts(layer) or not layer.get("bottom"):
            found.append({**layer, "name": layer.get("name") or "unnamed", "type": type_of(layer)})
    return found


def counts(layer):
    """Whether a layer is there at test, by its rules."""
    included = not layer.get("include") or any(met(rule) for rule in layer["include"])
    return included and not any(met(rule) for rule in layer.get("exclude", []))


def met(rule):
    """Whether a rule of include or exclude holds at test, at level 0, in no stage."""
    return (rule.get("phase", "TEST") == "TEST" and rule.get("min_level", 0) <= 0 <= rule.get("max_level", 0)
            and not rule.get("stage"))


def type_of(layer):
    """A layer's type as it is spelt today: CONVOLUTION and Convolution are the same."""
    kind = str(layer.get("type", ""))
    if not kind.isupper() or kind in SPELT.values():
        return kind
    return SPELT.get(kind) or "".join(part.capitalize() for part in kind.split("_"))


def described(layer):
    """A layer in a message: its name and type."""
    return f"layer {printable(layer['name'])} ({printable(layer['type']) or 'of no type'})"


# ---------------------------------------------------------------------------- the graph

def chain_of(description, notes):
    """The network as a chain: a list of layers, where one with "paths" is a Concat, its paths such lists.

    Adds sentences to the notes. ValueError for what is no chain with branches that meet.
    """
    nodes, end = graph_of(description, wanted_layers(description), notes)
    while end and nodes[end][0]["type"] == "Softmax":
        notes.append(f"{printable(nodes[end][0]['name'])} (Softmax) is left out: the network ends in logits, and "
                     f"net.probabilities applies the softmax.")
        end = nodes[end][1][0]
    if not end:
        raise ValueError("it has no layer that npnet could build, only data and losses")
    branches = Branches(nodes)
    chain = branches.chain(end, 0, 0)
    others = [layer["name"] for number, (layer, _) in enumerate(nodes) if number and number not in branches.used
              and layer["type"] != "Softmax"]
    if others:
        notes.append(f"The answer is taken to be that of {printable(nodes[end][0]['name'])}; {len(others)} layers that "
                     f"lead to other outputs are left out, {printable(others[0])} the first of them.")
    return chain


def graph_of(description, layers, notes):
    """(nodes, number of the last one). A node is (layer, numbers of the nodes that it reads); 0 is the picture."""
    blobs, nodes = {}, [({"name": "the picture", "type": "Input"}, [])]
    data = [layer.get("top", []) for layer in layers if not layer.get("bottom")]
    sources = [description.get("input", []), *data]
    for number, top in enumerate(top for tops in sources for top in tops):
        blobs.setdefault(top, None if number else 0)        # the first is the picture, others are labels
    end = 0
    for layer in layers:
        if not layer.get("bottom"):
            continue
        if layer["type"].endswith("Loss") or layer["type"] in LEFT_OUT:
            if layer["type"].endswith("Loss"):
                notes.append(f"{described(layer).removeprefix('layer ')} is left out: the network ends in logits.")
            continue
        end = added(nodes, blobs, layer)
    return nodes, end


def added(nodes, blobs, layer):
    """The number of a layer's node, which is new unless the layer only hands on what it reads."""
    read = [number_of(blobs, blob, layer) for blob in layer["bottom"]]
    if layer["type"] == "Concat":
        concat = layer.get("concat_param", {})
        if concat.get("axis", concat.get("concat_dim", 1)) != 1:
            raise ValueError(f"{described(layer)}: it joins along axis {concat.get('axis', concat.get('concat_dim'))}; "
                             f"npnet's Concat joins channels, axis 1")
    elif len(read) != 1:
        raise ValueError(f"{described(layer)}: it reads {len(read)} blobs; in npnet, branches meet in a Concat alone")
    if layer["type"] == "Split" or layer["type"] == "Concat" and len(read) == 1:
        number = read[0]
    else:
        nodes.append((layer, read))
        number = len(nodes) - 1
    for top in layer.get("top", []):
        blobs[top] = number
    return number


def number_of(blobs, blob, layer):
    """The node that made a blob last. ValueError where none did."""
    if blobs.get(blob) is None:
        made = "holds no picture" if blob in blobs else "no layer before it makes"
        raise ValueError(f"{described(layer)}: it reads {printable(blob) or 'a blob without a name'}, which {made}")
    return blobs[blob]


class Branches:
    """The nodes of a graph, each with the last node that every way to it passes (its dominator)."""

    def __init__(self, nodes):
        self.nodes, self.used = nodes, set()
        self.before, self.depth = [0], [0]
        for _, read in nodes[1:]:
            meeting = read[0]
            for other in read[1:]:
                meeting = self.common(meeting, other)
            self.before.append(meeting)
            self.depth.append(self.depth[meeting] + 1)

    def common(self, one, other):
        """The last node that every way to both of them passes."""
        while one != other:
            if self.depth[one] >= self.depth[other]:
                one = self.before[one]
            else:
                other = self.before[other]
        return one

    def chain(self, end, start, level):
        """The layers after node `start` up to node `end`, as chain_of gives them."""
        if level > LEVELS:
            raise ValueError(f"it has more than {LEVELS} Concats in Concats")
        chain = []
        while end != start:
            layer, read = self.nodes[end]
            if end in self.used:
                raise ValueError(f"{described(layer)}: it feeds branches that do not all meet in the same Concat; "
                                 f"npnet builds branches that part at one layer and meet in one Concat")
            self.used.add(end)
            if len(read) > 1:
                fork = self.before[end]
                layer = {**layer, "paths": [self.chain(node, fork, level + 1) for node in read]}
            chain.append(layer)
            end = self.before[end]
        return chain[::-1]


def every(chain):
    """All layers of a chain, those of paths too, before their Concat."""
    for layer in chain:
        for path in layer.get("paths", []):
            yield from every(path)
        yield layer
