"""The gradients of all ranks, added: one flat buffer, in which every layer has a slice.

    buffer      | conv1.w | conv1.b | conv2.w | ... | fc8.w | fc8.b |
                                                    `-- fc8 --------'   added first: backward begins there

A layer's slice is handed to MPI as soon as its backward is done, while the layers before it still compute; all are
waited for before the update. There are two ways to add.

Summed: one non-blocking Allreduce for each layer. Every rank gets the same sum, but in which order MPI adds depends
on how many ranks there are, and with float32 so do the last bits.

InOrder: the sum goes along a chain, from rank 0 to the last one, and each adds its shards to it, one after the
other; the last one has the sum and gives it to all. That is (((0 + shard 0) + shard 1) + shard 2) + ..., whoever
holds which shard: the same bits on any number of ranks. It takes longer, as rank 2 must wait for rank 1.
"""
import numpy as np

from ..backend import ops
from .faults import wait
from .mpi import at_rest, mpi, staged


class Buffer:
    """The flat buffer of a network's gradients, in the order of params(): numbers of the network's dtype.

    grads: {"conv1.w": view of the buffer, ...}, of the parameters' shapes.
    """

    def __init__(self, net, team):
        self.team, self.params = team, net.params()
        first = next(iter(self.params.values()), np.empty(0, net.dtype))
        self.flat = np.zeros_like(first, shape=sum(w.size for w in self.params.values()))
        self.host = np.zeros(self.flat.size, net.dtype) if staged() else self.flat      # what MPI reads and writes
        self.places, self.grads, begin = {}, {}, 0          # places: {layer: slice of the buffer}
        for name, w in self.params.items():
            layer, end = name.partition(".")[0], begin + w.size
            self.places[layer] = slice(self.places.get(layer, slice(begin, 0)).start, end)
            self.grads[name] = self.flat[begin:end].reshape(w.shape)
            begin = end
        self.under_way = []                                 # MPI's requests, and the slices they are of

    def fill(self, layer, gradients):
        """Writes one shard's gradients of a layer, {"w": array, ...}, into the layer's slice."""
        for key, array in gradients.items():
            self.grads[f"{layer}.{key}"][...] = array

    def add(self, layer, gradients):
        """Adds another shard's."""
        for key, array in gradients.items():
            self.grads[f"{layer}.{key}"] += array

    def ask(self):
        """Lets MPI work on what is under way: many an MPI does so only inside its own functions."""
        if self.under_way:
            mpi().Request.Testall([request for request, _ in self.under_way])

    def to_host(self, place):
        """The slice where MPI can read it."""
        if self.host is self.flat:
            return at_rest(self.flat[place])
        self.host[place] = ops.to_host(self.flat[place])
        return self.host[place]

    def to_device(self, place):
        """What MPI wrote, where the optimizer reads it."""
        if self.host is not self.flat:
            self.flat[place] = ops.to_device(self.host[place])


class Summed(Buffer):
    """Adds as MPI does: a non-blocking Allreduce for each layer."""

    def start(self, layer, shards):
        """The layer's backward is done. shards: its gradients from each of this rank's shards that has pictures."""
        place = self.places[layer]
        if not shards:
            self.flat[place] = 0
        for number, gradients in enumerate(shards):
            (self.add if number else self.fill)(layer, gradients)
        if self.team.size > 1:
            self.ask()
            self.under_way.append((self.team.comm.Iallreduce(mpi().IN_PLACE, self.to_host(place)), place))

    def finish(self):
        """Waits until all are added."""
        wait([request for request, _ in self.under_way])
        for _, place in self.under_way:
            self.to_device(place)
        self.under_way = []


class InOrder(Buffer):
    """Adds shard after shard along the chain of ranks: the same bits, however many there are."""

    def __init__(self, net, team):
        super().__init__(net, team)
        self.waiting = []                                   # (layer, its shards' gradients), in the order of backward

    def start(self, layer, shards):
        """The layer's backward is done. shards: its gradients from each of this rank's shards that has pictures."""
        self.waiting.append((layer, shards))

    def finish(self):
        """Adds all layers' gradients, and waits until every rank has the sums."""
        sent = []
        for layer, shards in self.waiting:
            self.receive(self.places[layer])
            for gradients in shards:
                self.add(layer, gradients)
            sent += self.send(self.places[layer])
        wait(sent)
        if self.team.size > 1:
            self.give_to_all([self.places[layer] for layer, _ in self.waiting])
        self.waiting = []

    def give_to_all(self, places):
        """Sends the sums, which the last rank has, to all others."""
        wait([self.team.comm.Ibcast(self.to_host(place), root=self.team.size - 1) for place in places])
        for place in places:
            self.to_device(place)

    def receive(self, place):
        """The sum of the shards of the ranks before this one; 0 on the first."""
        if self.team.first:
            self.flat[place] = 0
            return
        room = self.host[place]
        wait([self.team.comm.Irecv(at_rest(room) if self.host is self.flat else room, source=self.team.rank - 1)])
        self.to_device(place)

    def send(self, place):
        """Hands the sum on to the next rank, if there is one; MPI's requests."""
        if self.team.rank == self.team.size - 1:
            return []
        return [self.team.comm.Isend(self.to_host(place), dest=self.team.rank + 1)]
