"""The two towers of AlexNet, each in a process of its own, as the paper's two graphics cards had them.

    network = Unbuilt(*npnet.MODELS["krizhevsky2012"]())            # (cutting.py) its layers, without arrays
    towers = TwoTowers(network, comm)                               # in both processes of mpiexec -n 2
    for step in train(towers, SGD(0.01), batches):                  # the same batches in both
        ...                                                         # the same loss in both
    whole = towers.whole()                                          # tower 0: the network; tower 1: None

A tower has half of the filters or units of every layer: half of the weights, of the gradients, of the velocity and of
the work. Both see the whole batch. Between conv1 and conv2 nothing travels; before conv3, fc6, fc7 and fc8 the towers
exchange their feature maps, which are the crossing lines of the paper's figure 2 (exchange.py). The numbers are those
of one process that computes the same network with groups of 2, but for rounding.

Inside, a tower is a few networks, one after the other, with an exchange between them:

    conv1 .. pool2  X  conv3 .. flatten  X  fc6 .. drop6  X  fc7 .. drop7  X  fc8  X

Each is a Network, and does all that a Network does: it checks what comes and what its layers make.
"""
import copy
import json

import numpy as np

from ...backend import ops
from ...layers import arguments
from ...models import copied
from ...network import Network, plain
from .cutting import Unbuilt, axis_of, half_array, half_layer, half_shape, part_of, rows_of
from .exchange import Joint, Partner


class TwoTowers(Network):
    """One tower of a network, beside another process that has the other. For `train` and `evaluate` it is a Network.

    net: the whole network, the same in both processes; it is copied from and left as it is, so give it without keeping
    it: TwoTowers(npnet.model("krizhevsky2012"), comm). Or an Unbuilt one, of which nobody ever holds more than half:
    TwoTowers(Unbuilt(*npnet.MODELS["krizhevsky2012"]()), comm) has the same weights. comm: an MPI communicator of two
    processes, or a team with one.

    tower: 0 or 1. layers, shapes, params(), grads(), state(): of this tower. partner.sent: what it has sent. Every
    method that computes or gathers must be called in both processes. Raises ValueError, with the layer's name, for a
    layer that cannot be cut in two.
    """

    def __init__(self, net, comm):
        if not isinstance(net, (Network, Unbuilt)) or isinstance(net, TwoTowers):
            raise TypeError(f"two towers are made of a whole Network, got a {type(net).__name__}; npnet.model(NAME) "
                            f"makes one")
        arrays = [] if isinstance(net, Unbuilt) else (net.params() | net.state()).values()
        net = net.network() if isinstance(net, Unbuilt) else net
        self.partner = Partner(comm)
        self.tower, self.met, self.others = self.partner.tower, False, np.zeros(1)      # others: see Gradients
        rows = rows_of(net.input_shape, net.layers)
        self.partner.check_same("network", described(net), *arrays)
        vars(self).update(vars(net) | {"frozen": set(net.frozen), "output_shape": None})
        self.parts, self.joints = self.cut(net, rows)
        self.layers = {name: layer for part in self.parts for name, layer in part.layers.items()}
        self.shapes = {name: shape for part in self.parts for name, shape in part.shapes.items()}
        self.whole_rows = {row.name: row._replace(layer=copied(row.layer)) for row in rows}     # without arrays

    def cut(self, net, rows):
        """The networks of this tower, and the Joint after each: None after the last where both end in the same."""
        starts = [0] + [number for number, row in enumerate(rows) if row.gathers is not None]
        parts = [self.part(net, rows[a:b]) for a, b in zip(starts, [*starts[1:], len(rows)])]
        joints = [Joint(row.name, row.before, row.gathers, self.partner, complete=row.cut is None)
                  for row in rows if row.gathers is not None]
        end = rows[-1]
        joints.append(end.cut and Joint("loss", end.after, end.cut, self.partner, complete=True))
        return parts, joints

    def part(self, net, rows):
        """A network of this tower's halves of some layers, whose input both towers have whole."""
        part = copy.copy(net)
        part.input_shape, part.frozen, part.output_shape = rows[0].before, self.frozen, None
        part.layers = {row.name: half_layer(row, self.tower, net) for row in rows}
        part.shapes = {row.name: half_shape(row.after, row.cut, self.tower) for row in rows}
        return part

    # ------------------------------------------------------------------ computing

    def forward(self, x, train=False):
        """The output of both towers, in both processes, for a batch x (N, *input_shape) that both are given."""
        self.check_input(x)
        if not self.met:
            self.partner.check_same("batch and step", f"{x.shape} {self.step} {self.rows} {train}", x)
            self.met = True
        for part, joint in zip(self.parts, self.joints):
            part.step, part.rows = self.step, self.rows
            x = part.forward(x, train)
            x = joint.forward(x) if joint else x
        self.output_shape = x.shape
        return x

    def backward(self, dy, to_input=True):
        """The input's gradient from the output's, of both towers; this tower's own are then in grads()."""
        self.check_gradient(dy)
        dx = self.walked_back(dy, to_input)
        own = length(super().grads().values())
        self.others = self.partner.swap(ops.to_device(own), own.shape)
        return dx

    def walked_back(self, dy, to_input):
        """The same, without saying how long the gradients are."""
        last = self.first_trained()
        if not to_input and last is None:
            return None
        for part, joint in zip(reversed(self.parts), reversed(self.joints)):
            dy = joint.backward(dy) if joint else dy
            if not to_input and last in part.layers:
                return part.backward(dy, to_input=False)
            dy = part.backward(dy)
        return dy + self.partner.swap(dy, dy.shape, "input", backward=True)     # both have seen all of the input

    def grads(self):
        return Gradients(super().grads(), self.others)

    # ------------------------------------------------------------------ halves and the whole

    def architecture(self):
        """That of the whole network."""
        layers = [[name, type(row.layer).__name__, arguments(row.layer)] for name, row in self.whole_rows.items()]
        return super().architecture() | {"layers": layers}

    def halves(self, arrays):
        """This tower's half of {"fc6.w": array, ...} of the whole network: of its parameters, or of a velocity."""
        return {name: half_array(*self.place(name), array, self.tower) for name, array in arrays.items()}

    def joined(self, arrays):
        """On tower 0 the whole {"fc6.w": array, ...} of both towers' halves, on the host; on tower 1 None."""
        whole = {name: self.joined_array(*self.place(name), ops.to_host(array)) for name, array in arrays.items()}
        return whole if self.tower == 0 else None

    def joined_array(self, row, key, half):
        """One array of both halves, on tower 0."""
        axis, shape = axis_of(row.layer, key), list(row.layer.arrays(row.before)[key])
        part = part_of(row.cut, shape[axis], 1)
        shape[axis] = part.stop - part.start
        other = self.partner.given(half, shape)                # tower 1's
        return np.concatenate([half, other], axis=axis) if self.tower == 0 else None

    def place(self, name):
        """The Row of the layer, and the key in it, of an array's name. KeyError where there is no such layer."""
        layer, _, key = name.rpartition(".")
        return self.whole_rows[self.known(layer)], key

    def whole(self):
        """On tower 0 the network with all arrays, as one process has it; on tower 1 None."""
        arrays = self.joined(self.params() | self.state())
        if arrays is None:
            return None
        layers = {name: copied(row.layer) for name, row in self.whole_rows.items()}
        net = Network(self.input_shape, self.seed, self.dtype, **layers)
        net.freeze(*self.frozen)
        net.step, net.rows = self.step, self.rows
        for name, own in (net.params() | net.state()).items():          # not fill, which refuses NaN
            own[...] = ops.to_device(arrays[name])
        return net

    def whole_optimizer(self, optimizer):
        """On tower 0 an optimizer like this one with the velocity of both towers, for a checkpoint; on tower 1 None."""
        velocity = self.joined(optimizer.velocity)
        if velocity is None:
            return None
        whole = copy.copy(optimizer)
        whole.velocity = {name: ops.to_device(array) for name, array in velocity.items()}
        return whole

    def half_optimizer(self, optimizer):
        """An optimizer like this one, of a checkpoint, with this tower's half of its velocity."""
        half = copy.copy(optimizer)
        half.velocity = self.halves(optimizer.velocity)
        return half

    def save(self, path):
        """Writes the whole network, on tower 0. To be called in both processes."""
        whole = self.whole()
        if whole is not None:
            whole.save(path)

    def __getitem__(self, key):
        """towers["conv1"] is this tower's half of that layer."""
        if isinstance(key, slice):
            raise ValueError("a part of two towers is no network; take it from towers.whole(), on tower 0")
        return super().__getitem__(key)


class Gradients(dict):
    """{name: gradient} of one tower. Its values() have one number more, the length of the other tower's gradients
    together: so what sums their squares, as SGD(clip=...) does, gets the length of all."""

    def __init__(self, grads, others):
        super().__init__(grads)
        self.others = others

    def values(self):
        return [*super().values(), self.others]


def length(arrays):
    """The length of arrays together, float64 (1,)."""
    return np.sqrt([sum(float(np.square(array, dtype=np.float64).sum()) for array in arrays)])


def described(net):
    """A network without its numbers, as text."""
    return json.dumps(net.architecture(), default=plain)
