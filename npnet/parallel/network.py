"""DataParallel: a network whose batches are worked on by several ranks, each with its own rows.

    net = DataParallel(network, team)                   # or team.network(network)
    for step in train(net, SGD(0.01), batches):         # the book's loop; batches: own rows of x, all labels
        print(step.loss)                                # of the whole batch, the same on every rank

It has Network's methods and walks the layers itself:

    forward     each rank sends its rows through all layers; then the logits of all rows are gathered, so that
                every rank computes the same loss and the same dlogits from them
    backward    each rank takes its rows of dlogits back through the layers; as soon as one is done, its gradients
                are on their way to be added over the ranks (gradients.py)
    grads       the sums, the same on every rank, hence the same update, and weights that stay the same

The gradient of a mean over the batch is the sum of its rows' gradients, each divided by N. softmax_cross_entropy has
divided by the N of the whole batch, so adding is all that is left to do. Dropout draws the mask of the whole batch and
takes its rows (rows = (first, total)); batch normalisation takes statistics over all ranks (batchnorm.py); every
other layer treats each picture by itself.

Where a rank has several shards (team.shards), each goes through copies of the layers, which share their arrays.
"""
import copy

import numpy as np

from ..layers import BatchNorm, check_made
from ..network import Network, check_finite, check_left, every_layer
from .batchnorm import batchnorm_backward, batchnorm_forward
from .gradients import InOrder, Summed
from .shards import cuts


class DataParallel:
    """Network's methods over the ranks of a team. net: the same network on every rank; it is trained.

    forward takes this rank's rows of a batch, team.rows(N), and returns the outputs of all N. What is not named here
    (layers, shapes, state, save ...) is the network's own. Raises ValueError where a rank has another network, or
    gives other rows, and for a layer that is made from BatchNorm and may compare pictures in a way of its own;
    TypeError for what is no Network, and for the team of one process.
    """

    def __init__(self, net, team):
        if isinstance(net, DataParallel) or not isinstance(net, Network):
            raise TypeError(f"the ranks of a team take a Network, and take it once, got a {type(net).__name__}")
        if not hasattr(team, "own"):
            raise TypeError("DataParallel is for several ranks or shards; team.network(net) is for one process, too")
        check_over_the_batch(net)
        team.compare("of the network", net)
        self.net, self.team, self.train = net, team, False          # train: whether the last forward was in training
        self.parts = [net] + [with_own_memory(net) for _ in team.own[1:]]   # one for each shard of this rank
        self.buffer = self.empty_buffer()

    def empty_buffer(self):
        """Room for the gradients of all that is trained now."""
        return (Summed if self.team.shards is None else InOrder)(self.net, self.team)

    def __getattr__(self, name):
        if name == "net":                                           # while it is copied, there is none yet
            raise AttributeError(name)
        return getattr(self.net, name)

    def __getitem__(self, key):
        return self.net[key]

    def __str__(self):
        return str(self.net)

    @property
    def step(self):
        """The number of the training step, part of the address of a dropout mask."""
        return self.net.step

    @step.setter
    def step(self, number):
        self.net.step = number

    def grads(self):
        """The gradients of the whole batch: the same names and shapes as params()."""
        return self.buffer.grads

    # ------------------------------------------------------------------ forward

    def forward(self, x, train=False):
        """The outputs (N, K) of the whole batch, for this rank's rows x (n, *input_shape), which may be none."""
        if len(x):
            self.net.check_input(x)
            check_finite("the input", x)
        self.train, (self.total, xs) = train, self.cut(x, train)
        for name in self.net.layers:
            shapes = [(len(one), *self.net.shapes[name]) for one in xs]
            try:
                xs = self.through([part.layers[name] for part in self.parts], xs, shapes,
                                  self.in_training(name))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
            for one, shape in zip(xs, shapes):
                check_made(name, "forward", one, shape, self.net.dtype)
                check_finite(f"{name}: its output", one)
        y = self.team.gathered(joined(xs), self.counts)
        self.net.output_shape = y.shape
        return y

    def in_training(self, name):
        """Whether the layer is run as in training: frozen ones are not."""
        return self.train and name not in self.net.frozen

    def cut(self, x, train):
        """The number of pictures in the whole batch, and this rank's shards of it. ValueError for other rows, and where
        another rank does something else."""
        self.counts = self.team.batch(len(x), train, self.net.step, self.net.params())
        total = sum(self.counts)
        first, wanted = self.team.rows(total)[0], self.team.sizes(total)
        if not total:
            raise ValueError("a batch needs at least one picture, got none")
        for rank, (count, size) in enumerate(zip(self.counts, wanted)):         # all ranks know, and all raise
            if count != size:
                raise ValueError(f"rank {rank} got {count} of {total} pictures, and {size} are its; give each rank "
                                 f"x[first:last] with first, last = team.rows(N)")
        bounds = cuts(total, self.team.pieces)
        self.bounds = [(bounds[shard], bounds[shard + 1]) for shard in self.team.own]
        return total, [x[begin - first:end - first] for begin, end in self.bounds]

    def through(self, layers, xs, shapes, train):
        """What one layer makes of every shard x (n, ...), in the same order; layers: its copies. shapes: (n, ...) that
        each must be, for those without pictures, which no layer gets."""
        if train and type(layers[0]) is BatchNorm:
            return batchnorm_forward(layers, xs, self.team)
        if train and over_the_batch(layers[0]):
            return self.through_paths(layers, xs)
        return [self.one_forward(layer, x, rows, train) if len(x) else np.empty_like(x, shape=shape)
                for layer, x, rows, shape in zip(layers, xs, self.bounds, shapes)]

    def one_forward(self, layer, x, rows, train):
        """The layer's own forward of one shard."""
        if layer.draws:
            layer.step, layer.rows = self.net.step, (rows[0], self.total)
        return layer.forward(x, train=True) if train else layer.forward(x)

    def through_paths(self, layers, xs):
        """What a Concat with batch normalisation inside makes of every shard: path by path, layer by layer."""
        made, layers[0].before = [], xs[0].shape[1:]        # made: of each path, y of each shard
        for number, path in enumerate(layers[0].paths):
            ys = xs
            for name, layer in path.items():
                shapes = [(len(y), *layer.output(y.shape[1:])) for y in ys]
                ys = self.through([one.paths[number][name] for one in layers], ys, shapes, True)
            made.append(ys)
        for layer in layers:
            layer.channels = [ys[0].shape[1] for ys in made]
        return [np.concatenate(ys, axis=1) for ys in zip(*made)]

    # ------------------------------------------------------------------ backward

    def backward(self, dy, to_input=True):
        """Adds the gradients over all ranks; dy (N, K): of the outputs of the whole batch. Returns the gradient of
        this rank's rows of the input, or None with to_input=False."""
        self.net.check_gradient(dy)
        if list(self.buffer.params) != list(self.net.params()):             # layers were frozen meanwhile, or unfrozen
            self.buffer = self.empty_buffer()
        last = self.net.first_trained() if not to_input else None
        dys = [dy[begin:end] for begin, end in self.bounds]
        before = [self.net.input_shape, *self.net.shapes.values()][:-1]         # of every layer's input
        for name in reversed(self.net.layers):
            shape = before.pop() if name != last else None
            dys = self.back([part.layers[name] for part in self.parts], dys, shape, self.in_training(name))
            self.hand_over(name)
            if name == last:
                break
            for one, (begin, end) in zip(dys, self.bounds):
                check_made(name, "backward", one, (end - begin, *shape), self.net.dtype)
                check_finite(f"{name}: the gradient of its input", one)
        self.buffer.finish()
        return joined(dys) if to_input else None

    def back(self, layers, dys, shape, train):
        """The gradient (n, *shape) of one layer's input for every shard, from dy (n, ...) of its output; shape: one
        picture's, None where nobody needs it."""
        if train and type(layers[0]) is BatchNorm:
            return batchnorm_backward(layers, dys, self.team)
        if train and over_the_batch(layers[0]):
            return self.back_through_paths(layers, dys)
        return [one_backward(layer, dy, shape) for layer, dy in zip(layers, dys)]

    def back_through_paths(self, layers, dys):
        """The same of a Concat with batch normalisation inside: what its paths send back, added."""
        dxs, first = [0] * len(dys), 0
        for number, (path, channels) in enumerate(zip(layers[0].paths, layers[0].channels)):
            backs, last = [dy[:, first:first + channels] for dy in dys], first + channels
            for name, _, before in reversed(list(layers[0].steps(path, layers[0].before))):
                backs = self.back([one.paths[number][name] for one in layers], backs, before, True)
            dxs, first = [dx + back for dx, back in zip(dxs, backs)], last
        return dxs

    def hand_over(self, name):
        """Gives the gradients that a layer's backward left to be added, if the layer is trained."""
        if name not in self.buffer.places:
            return self.buffer.ask()
        shards = [part.layers[name] for part, (begin, end) in zip(self.parts, self.bounds) if begin < end]
        for layer in shards:
            check_left(name, layer)
        self.buffer.start(name, [layer.grads() for layer in shards])


def with_own_memory(net):
    """The same network for another shard: its layers remember for themselves, also in arrays that they keep, and share
    parameters and state.

    deepcopy copies nothing that stands in its second argument, {id of a thing: its copy}: there every parameter is its
    own copy, and so is the array that it is a view of, where it is one.
    """
    part, shared = net[:], (net.params() | net.state()).values()
    known = {id(array): array for one in shared for array in (one, getattr(one, "base", None))}
    part.layers = {name: copy.deepcopy(layer, dict(known)) for name, layer in net.layers.items()}
    return part


def joined(shards):
    """The rows of a rank's shards, one after the other."""
    return np.concatenate(shards) if len(shards) > 1 else shards[0]


def one_backward(layer, dy, shape):
    """The layer's own backward of one shard."""
    if not len(dy):
        return dy if shape is None else np.empty_like(dy, shape=(0, *shape))
    return layer.backward(dy) if shape is not None else layer.backward(dy, to_input=False)


def check_over_the_batch(net):
    """Raises ValueError for a class made from BatchNorm: what it does otherwise would be lost."""
    for name, layer in every_layer(net.layers).items():
        if isinstance(layer, BatchNorm) and type(layer) is not BatchNorm:
            raise ValueError(f"{name}: a {type(layer).__name__} is made from BatchNorm, and on several ranks npnet "
                             f"knows only how BatchNorm itself is computed; use that, or one process without shards")


def over_the_batch(layer):
    """Whether the layer is or holds a batch normalisation, which compares the pictures of a batch."""
    return any(isinstance(one, BatchNorm) for one in every_layer({"": layer}).values())
