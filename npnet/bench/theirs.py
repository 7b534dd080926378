"""PyTorch's side of a comparison: npnet's network, translated layer by layer, with the same weights.

MODULES is the table: a function of torch.nn, a layer and the shape of its input that makes the module. PyTorch is
imported when a Theirs is made, which happens only in the process of that side.
"""
import time

import numpy as np

from .. import backend
from ..layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, LRNWithin,
                      MaxPool, ReLU, Sigmoid, Softmax, Tanh, pair)
from ..ops.lrn import lrn_constants
from .ours import dy_numbers, dy_of, some, timed
from .plan import LR, UPDATE, built, pictures, trained_layers


def conv(nn, layer, shape):
    """Sizes that are rounded up, as in the 2012 code, are zeros to the right and at the bottom."""
    module = nn.Conv2d(shape[0], layer.filters, layer.size, layer.stride, layer.pad, groups=layer.groups)
    hang = [-(size + 2 * layer.pad - window) % layer.stride for size, window in zip(shape[1:], pair(layer.size))]
    if not layer.ceil_mode or not any(hang):
        return module
    return nn.Sequential(nn.ZeroPad2d((0, hang[1], 0, hang[0])), module)


def lrn(nn, layer, shape):
    """The groups become pictures of their own, for which nothing is copied. PyTorch's alpha is divided by n."""
    k, alpha = lrn_constants(layer.convention, layer.n, layer.k, layer.alpha)
    norm = nn.LocalResponseNorm(layer.n, layer.n * alpha, layer.beta, k)
    if layer.groups == 1:
        return norm
    apart = nn.Unflatten(1, (layer.groups, shape[0] // layer.groups)), nn.Flatten(0, 1)         # (N*G, C/G, H, W)
    return nn.Sequential(*apart, norm, nn.Unflatten(0, (-1, layer.groups)), nn.Flatten(1, 2))


def lrn_within(nn, layer, shape):
    """From an average pool of the squares, whose divisor is always n * n."""
    class Within(nn.Module):
        def __init__(self):
            super().__init__()
            self.mean = nn.AvgPool2d(layer.n, 1, layer.n // 2)

        def forward(self, x):
            return x * (layer.k + layer.alpha * self.mean(x * x)) ** -layer.beta

    return Within()


def batch_norm(nn, layer, shape):
    return (nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d)(shape[0], layer.eps, layer.momentum)


def concat(nn, layer, shape):
    """The paths' modules under the names of their layers."""
    class Paths(nn.Module):
        def __init__(self):
            super().__init__()
            for name, one, before in layer.every(shape):
                self.add_module(name, MODULES[type(one)](nn, one, before))

        def forward(self, x):
            import torch
            return torch.cat([self.along(path, x) for path in layer.paths], 1)

        def along(self, path, x):
            for name in path:
                x = self.get_submodule(name)(x)
            return x

    return Paths()


MODULES = {
    Conv2D: conv,
    Dense: lambda nn, layer, shape: nn.Linear(shape[0], layer.units),
    ReLU: lambda nn, layer, shape: nn.ReLU(),
    Tanh: lambda nn, layer, shape: nn.Tanh(),
    Sigmoid: lambda nn, layer, shape: nn.Sigmoid(),
    Softmax: lambda nn, layer, shape: nn.Softmax(dim=1),
    MaxPool: lambda nn, layer, shape: nn.MaxPool2d(layer.size, layer.stride, layer.pad, ceil_mode=layer.ceil_mode),
    AvgPool: lambda nn, layer, shape: nn.AvgPool2d(layer.size, layer.stride, layer.pad, layer.ceil_mode,
                                                   layer.count_include_pad),
    AdaptiveAvgPool: lambda nn, layer, shape: nn.AdaptiveAvgPool2d(layer.size),
    LRN: lrn,
    LRNWithin: lrn_within,
    BatchNorm: batch_norm,
    Dropout: lambda nn, layer, shape: nn.Dropout(layer.p_drop),
    Flatten: lambda nn, layer, shape: nn.Flatten(),
    Concat: concat,
}
IN_PLACE_AFTER = (Conv2D, Dense, MaxPool, BatchNorm)    # whose backward does not need their output


def translated(nn, net):
    """The nn.Sequential of an npnet network, and the names of its ReLUs that may write over their input."""
    modules, in_place, shape, before = nn.Sequential(), [], net.input_shape, None
    for name, layer in net.layers.items():
        modules.add_module(name, MODULES[type(layer)](nn, layer, shape))
        if isinstance(layer, ReLU) and isinstance(before, IN_PLACE_AFTER):
            in_place.append(name)
        shape, before = net.shapes[name], layer
    return modules, in_place


class Theirs:
    """The same network in PyTorch, with copies of npnet's weights; the methods are those of Ours."""

    def __init__(self, plan, threads):
        import torch
        self.torch, self.plan = torch, plan
        torch.set_num_threads(threads)
        backend.use("numpy")
        net = built(plan)                                   # for its weights alone
        self.trained, (self.net, self.in_place) = trained_layers(net), translated(torch.nn, net)
        arrays = net.params()
        with torch.no_grad():
            for (layer, key), parameter in self.parameters().items():
                array = arrays[f"{layer}.{key}"]
                parameter.copy_(torch.from_numpy(array.T if array.ndim == 2 else array))
        groups = [{"params": [p for p in self.net.parameters() if (p.ndim > 1) == decays], "weight_decay": decay}
                  for decays, decay in ((True, 0.0005), (False, 0.0))]
        self.optimizer = torch.optim.SGD([group for group in groups if group["params"]], lr=LR, momentum=0.9)

    def parameters(self):
        """{(layer, "w" or "b"): parameter}, in the network's order; conv1.1.weight is conv1's w."""
        found = {}
        for name, parameter in self.net.named_parameters():
            *layer, key = [part for part in name.split(".") if not part.isdigit()]
            found[".".join(layer), key[0]] = parameter
        return found

    def versions(self):
        return {"torch": self.torch.__version__}

    def batch(self, batch):
        """x and labels as tensors."""
        return map(self.torch.from_numpy, pictures(self.plan, batch))

    def prepare(self, train, in_place=True):
        """Switches dropout on or off, and lets ReLU write over its input, as PyTorch's own AlexNet does, or not."""
        if self.net.training != train:
            self.net.train(train)
        for name in self.in_place:
            self.net.get_submodule(name).inplace = in_place

    def forward(self, batch):
        x, labels = self.batch(batch)

        def task():
            self.prepare(train=False)
            with self.torch.inference_mode():
                return self.net(x)
        return task

    def step(self, batch):
        x, labels = self.batch(batch)

        def task():
            self.prepare(train=True)
            self.optimizer.zero_grad()
            loss = self.torch.nn.functional.cross_entropy(self.net(x), labels)
            loss.backward()
            self.optimizer.step()
            return float(loss.detach())
        return task

    def layers(self, batch, names):
        inputs, numbers = {}, self.torch.from_numpy(dy_numbers(self.plan, batch))
        x, labels = self.batch(batch)
        self.prepare(train=True, in_place=False)
        with self.torch.no_grad():
            for name, module in self.net.named_children():
                if name in names:
                    inputs[name] = x
                x = module(x)

        def task():
            self.prepare(train=True, in_place=False)
            seconds, made = {}, {}
            for name, x in inputs.items():
                x.requires_grad_(name in self.trained[1:])
                start = time.perf_counter()
                made[name] = self.net.get_submodule(name)(x)
                seconds[name] = {"forward": time.perf_counter() - start}
            for name in [name for name in reversed(self.trained) if name in inputs]:
                x, y = inputs[name], made.pop(name)
                wanted = [*([x] if x.requires_grad else []), *self.net.get_submodule(name).parameters()]
                dy = dy_of(numbers, batch, tuple(y.shape[1:]))
                seconds[name]["backward"] = timed(self.torch.autograd.grad, y, wanted, dy)
            if UPDATE in names:
                seconds[UPDATE] = {"backward": self.timed_update()}
            return seconds
        return task

    def timed_update(self):
        for parameter in self.net.parameters():
            if parameter.grad is None:
                parameter.grad = self.torch.zeros_like(parameter)
        return timed(self.optimizer.step)

    def made(self, batch):
        x, labels = self.batch(batch)
        self.prepare(train=False, in_place=False)
        first, found = x.requires_grad_(), {}
        for name, module in self.net.named_children():
            x = module(x)
            found[f"output of {name}"] = some(x.detach().numpy())
        loss, parameters = self.torch.nn.functional.cross_entropy(x, labels), self.parameters()
        found["loss"] = [float(loss.detach())]
        dx, *gradients = self.torch.autograd.grad(loss, [first, *parameters.values()])
        for (layer, key), gradient in zip(parameters, gradients):
            array = (gradient.T if gradient.ndim == 2 else gradient).numpy()
            found[f"gradient of {layer}.{key}"] = some(np.ascontiguousarray(array))
        return found | {"gradient of the input": some(dx.numpy())}
