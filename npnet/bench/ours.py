"""npnet's side of a comparison: what is timed, each piece a function without arguments."""
import time

import numpy as np

from .. import backend
from ..optim import SGD
from ..train import train
from .plan import LR, UPDATE, built, pictures, trained_layers


class Ours:
    """A network on one of npnet's backends."""

    def __init__(self, plan, row=None):
        if row:
            backend.use(row)
        backend.choose()
        if backend.ops.device != "host":
            raise ValueError(f"bench measures processors, and the backend {backend.ops.name} computes on a graphics "
                             f"card; choose numba or numpy")
        self.plan, self.name = plan, backend.ops.name
        self.net, self.optimizer = built(plan), SGD(lr=LR)
        self.trained = trained_layers(self.net)

    def versions(self):
        """What computes here, in words."""
        return {"backend": self.name, "numpy": np.__version__}

    def forward(self, batch):
        """The forward of a batch, as at test."""
        x, labels = pictures(self.plan, batch)
        return lambda: self.net.forward(x)

    def step(self, batch):
        """A training step: forward, loss, backward, update."""
        x, labels = pictures(self.plan, batch)
        return lambda: next(train(self.net, self.optimizer, [(x, labels)])).loss

    def layers(self, batch, names):
        """Each of these layers forward, then backward, and the update: {name: {way: seconds}}.

        A layer gets the input that it has in the network, and random numbers for dy.
        """
        inputs, numbers = {}, dy_numbers(self.plan, batch)
        x, labels = pictures(self.plan, batch)
        for name, layer in self.net.layers.items():
            if name in names:
                inputs[name] = x
            x = layer.forward(x, train=True)

        def task():
            seconds = {name: {"forward": timed(self.net[name].forward, inputs[name], True)} for name in inputs}
            for name in [name for name in reversed(self.trained) if name in inputs]:
                dy = dy_of(numbers, batch, self.net.shapes[name])
                to_input = {"to_input": False} if name == self.trained[0] else {}
                seconds[name]["backward"] = timed(self.net[name].backward, dy, **to_input)
            if UPDATE in names:
                seconds[UPDATE] = {"backward": timed(self.optimizer.update, self.net.params(), self.net.grads())}
            return seconds
        return task

    def made(self, batch):
        """{array: some of its numbers}: what every layer makes of a batch, and all gradients, as at test."""
        x, labels = pictures(self.plan, batch)
        found = {}
        for name, layer in self.net.layers.items():
            x = layer.forward(x)
            found[f"output of {name}"] = some(x)
        loss, dy = backend.ops.softmax_cross_entropy(x, labels)
        found["loss"] = [float(loss)]
        for name, layer in reversed(self.net.layers.items()):
            dy = layer.backward(dy)
            found |= {f"gradient of {name}.{key}": some(array) for key, array in layer.grads().items()}
        return found | {"gradient of the input": some(dy)}


def timed(function, *arguments, **named):
    """Seconds of one call."""
    start = time.perf_counter()
    function(*arguments, **named)
    return time.perf_counter() - start


def dy_numbers(plan, batch):
    """As many random numbers as the largest output of a batch has."""
    most = max(int(np.prod(shape)) for shape in plan["shapes"])
    return np.random.default_rng(1).standard_normal(batch * most, np.float32)


def dy_of(numbers, batch, shape):
    """A gradient for an output of `shape`, a view of these numbers."""
    shape = (batch, *shape)
    return numbers[:int(np.prod(shape))].reshape(shape)


def some(array, most=2000):
    """At most so many numbers of an array, evenly spread over it."""
    flat = array.reshape(-1)
    return [float(number) for number in flat[::-(-flat.size // most)]]
