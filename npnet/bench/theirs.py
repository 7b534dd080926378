"""PyTorch's side of a comparison: npnet's network, translated layer by layer, with the same weights.

MODULES is the table: a function of a layer and of the shape of its input that returns the torch.nn module. PyTorch is
imported here alone, and this file only in the process of that side.
"""
import time

import numpy as np
import torch
from torch import nn

from .. import backend
from ..layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Conv2D, Dense, Dropout, Flatten, LRNWithin, MaxPool,
                      ReLU, Sigmoid, Softmax, Tanh, pair)
from ..ops.lrn import lrn_constants
from .ours import dy_numbers, dy_of, some, timed
from .plan import LR, UPDATE, built, pictures, trained_layers

F = nn.functional


class HangingConv(nn.Conv2d):
    """A convolution whose sizes are rounded up, as in the 2012 code: zeros to the right and at the bottom."""

    hang = 0, 0

    def forward(self, x):
        rows, columns = self.hang
        return super().forward(F.pad(x, (0, columns, 0, rows)))


class GroupedLRN(nn.Module):
    """nn.LocalResponseNorm inside each group of channels: groups become pictures of their own, nothing is copied."""

    def __init__(self, n, alpha, beta, k, groups):
        super().__init__()
        self.norm, self.groups = nn.LocalResponseNorm(n, alpha, beta, k), groups

    def forward(self, x):
        N, C, H, W = x.shape
        return self.norm(x.reshape(N * self.groups, C // self.groups, H, W)).reshape(x.shape)


class Within(nn.Module):
    """Response normalisation within a channel: an average pool of the squares, whose divisor is always n * n."""

    def __init__(self, n, k, alpha, beta):
        super().__init__()
        self.n, self.k, self.alpha, self.beta = n, k, alpha, beta

    def forward(self, x):
        return x * (self.k + self.alpha * F.avg_pool2d(x * x, self.n, 1, self.n // 2)) ** -self.beta


def conv(layer, shape):
    (R, S), hang = pair(layer.size), (0, 0)
    if layer.ceil_mode:
        hang = tuple(-(size + 2 * layer.pad - window) % layer.stride for size, window in zip(shape[1:], (R, S)))
    kind = HangingConv if any(hang) else nn.Conv2d
    module = kind(shape[0], layer.filters, (R, S), layer.stride, layer.pad, groups=layer.groups)
    module.hang = hang
    return module


def lrn(layer, shape):
    k, alpha = lrn_constants(layer.convention, layer.n, layer.k, layer.alpha)
    module = nn.LocalResponseNorm if layer.groups == 1 else GroupedLRN
    groups = (layer.groups,) if layer.groups > 1 else ()
    return module(layer.n, layer.n * alpha, layer.beta, k, *groups)         # our alpha is the sum's, theirs the mean's


def batch_norm(layer, shape):
    module = nn.BatchNorm1d if len(shape) == 1 else nn.BatchNorm2d
    return module(shape[0], layer.eps, layer.momentum)


MODULES = {
    Conv2D: conv,
    Dense: lambda layer, shape: nn.Linear(shape[0], layer.units),
    ReLU: lambda layer, shape: nn.ReLU(),
    Tanh: lambda layer, shape: nn.Tanh(),
    Sigmoid: lambda layer, shape: nn.Sigmoid(),
    Softmax: lambda layer, shape: nn.Softmax(dim=1),
    MaxPool: lambda layer, shape: nn.MaxPool2d(layer.size, layer.stride, layer.pad, ceil_mode=layer.ceil_mode),
    AvgPool: lambda layer, shape: nn.AvgPool2d(layer.size, layer.stride, layer.pad, layer.ceil_mode,
                                               layer.count_include_pad),
    AdaptiveAvgPool: lambda layer, shape: nn.AdaptiveAvgPool2d(layer.size),
    LRN: lrn,
    LRNWithin: lambda layer, shape: Within(layer.n, layer.k, layer.alpha, layer.beta),
    BatchNorm: batch_norm,
    Dropout: lambda layer, shape: nn.Dropout(layer.p_drop),
    Flatten: lambda layer, shape: nn.Flatten(),
}
IN_PLACE_AFTER = (Conv2D, Dense, MaxPool, BatchNorm)    # whose backward does not need their output


def translated(net):
    """The nn.Sequential of an npnet network, with copies of its weights."""
    modules, shape, before = nn.Sequential(), net.input_shape, None
    for name, layer in net.layers.items():
        module = MODULES[type(layer)](layer, shape)
        for key, array in layer.params().items():
            with torch.no_grad():
                ours = torch.from_numpy(array.T if isinstance(layer, Dense) and key == "w" else array)
                (module.weight if key == "w" else module.bias).copy_(ours)
        module.may_be_in_place = isinstance(layer, ReLU) and isinstance(before, IN_PLACE_AFTER)
        modules.add_module(name, module)
        shape, before = net.shapes[name], layer
    return modules


class Theirs:
    """The same network in PyTorch; the methods are those of Ours."""

    def __init__(self, plan, threads):
        torch.set_num_threads(threads)
        backend.use("numpy")
        net = built(plan)                                   # for its weights alone
        self.plan, self.net, self.trained = plan, translated(net), trained_layers(net)
        weights = [p for p in self.net.parameters() if p.ndim > 1]
        others = [p for p in self.net.parameters() if p.ndim == 1]
        groups = [{"params": weights, "weight_decay": 0.0005}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = torch.optim.SGD([group for group in groups if group["params"]], lr=LR, momentum=0.9)

    def versions(self):
        return {"torch": torch.__version__}

    def forward(self, batch):
        x, labels = map(torch.from_numpy, pictures(self.plan, batch))

        def task():
            self.prepare(train=False)
            with torch.inference_mode():
                return self.net(x)
        return task

    def step(self, batch):
        x, labels = map(torch.from_numpy, pictures(self.plan, batch))

        def task():
            self.prepare(train=True)
            self.optimizer.zero_grad()
            loss = F.cross_entropy(self.net(x), labels)
            loss.backward()
            self.optimizer.step()
            return float(loss.detach())
        return task

    def prepare(self, train, in_place=True):
        """Switches dropout on or off, and lets ReLU write over its input where PyTorch allows that."""
        if self.net.training != train:
            self.net.train(train)
        for module in self.net:
            if module.may_be_in_place:
                module.inplace = in_place

    def layers(self, batch, names):
        inputs, numbers = {}, torch.from_numpy(dy_numbers(self.plan, batch))
        x, labels = map(torch.from_numpy, pictures(self.plan, batch))
        self.prepare(train=True, in_place=False)
        with torch.no_grad():
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
                seconds[name]["backward"] = timed(torch.autograd.grad, y, wanted, dy)
            if UPDATE in names:
                seconds[UPDATE] = {"backward": self.timed_update()}
            return seconds
        return task

    def timed_update(self):
        for parameter in self.net.parameters():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        return timed(self.optimizer.step)

    def made(self, batch):
        x, labels = map(torch.from_numpy, pictures(self.plan, batch))
        self.prepare(train=False, in_place=False)
        first, found = x.requires_grad_(), {}
        for name, module in self.net.named_children():
            x = module(x)
            found[f"output of {name}"] = some(x.detach().numpy())
        loss = F.cross_entropy(x, labels)
        found["loss"] = [float(loss.detach())]
        gradients = dict(zip(["input", *(name for name, _ in self.net.named_parameters())],
                             torch.autograd.grad(loss, [first, *self.net.parameters()])))
        found["gradient of the input"] = some(gradients.pop("input").numpy())
        for name, gradient in gradients.items():
            layer, _, kind = name.rpartition(".")
            if isinstance(self.net.get_submodule(layer), nn.Linear) and kind == "weight":
                gradient = gradient.T
            found[f"gradient of {layer}.{kind[0]}"] = some(np.ascontiguousarray(gradient.numpy()))
        return found
