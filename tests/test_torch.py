"""PyTorch as a second opinion: every layer, the loss, the update and whole networks.

Both sides get the same numbers, a random dy included, and everything that comes back is compared by
its distance relative to its length, |ours - theirs| / |theirs|. The shapes are drawn once, from a
seed; the constants are such that a wrong convention is a large error (alpha near 1, p_drop 0.2).
"""
from itertools import product

import numpy as np
import pytest

import npnet
from npnet.backend import ops
from npnet.layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, LRNWithin,
                          MaxPool, ReLU, Sigmoid, Softmax, Tanh, pair)
from npnet.models import MODELS, copied

torch = pytest.importorskip("torch", reason="needs PyTorch (pip install torch)", exc_type=ImportError)
F, nn = torch.nn.functional, torch.nn

pytestmark = pytest.mark.torch

# Rounding moves a number by 6e-8 or 1.1e-16 of itself. A sum is rounded once per term, the steps partly cancel,
# and so may its terms: thirty times that for one layer, and for twenty of them five times more.
LAYER = {"float32": 2e-6, "float64": 4e-15}
NETWORK = {"float32": 1e-5, "float64": 1e-13}
WINOGRAD = {"float32": 3e-5, "float64": 1e-13}          # what npnet/fast/winograd.py promises, of the largest number

both_types = pytest.mark.parametrize("dtype", ["float32", "float64"])
array_backends = pytest.mark.parametrize("backend", ["numpy", "numba"], indirect=True)


def distance(ours, theirs):
    """|ours - theirs| / |theirs|, computed in float64."""
    ours, theirs = np.float64(ours), np.float64(theirs)
    return np.linalg.norm(ours - theirs) / (np.linalg.norm(theirs) or 1)


def agree(ours, theirs, what, tolerance=LAYER):
    """Asserts that an array of ours and a tensor of theirs have one shape, one dtype and the same numbers."""
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape, what
    assert ours.dtype == theirs.dtype, what
    assert distance(ours, theirs) <= tolerance[str(ours.dtype)], what


def tensor(array):
    """A copy of the array as a tensor that gathers a gradient."""
    return torch.tensor(array, requires_grad=True)


def numbers(seed, shape, dtype):
    """Numbers from N(0, 1), the same in every run."""
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def compare(layer, x):
    """One layer against PyTorch: forward, the gradient of the input and those of the parameters."""
    layer = copied(layer)
    shape = layer.build(x.shape[1:], np.random.default_rng(0), x.dtype)
    for seed, array in enumerate(layer.params().values()):
        array[...] = numbers(seed, array.shape, x.dtype)
    theirs = {"x": tensor(x)} | {name: tensor(array) for name, array in layer.params().items()}
    y, their_y = layer.forward(x), THEIRS[type(layer)](layer)(**theirs)
    agree(y, their_y, "y")
    assert y.shape == (len(x), *shape)
    dy = numbers(9, y.shape, x.dtype)
    grads = {"x": layer.backward(dy)} | layer.grads()
    their_grads = torch.autograd.grad(their_y, list(theirs.values()), torch.from_numpy(dy))
    for (name, ours), other in zip(grads.items(), their_grads, strict=True):
        agree(ours, other, f"d{name}")


# What PyTorch calls each layer: a function of the layer that returns a function of x and the parameters.

def their_conv(layer):
    """F.conv2d; sizes rounded up, as in the 2012 code, are zeros added to the right and at the bottom."""
    def conv(x, w, b):
        if layer.ceil_mode:
            hang = [-(size + 2 * layer.pad - window) % layer.stride for size, window in zip(x.shape[2:], w.shape[2:])]
            x = F.pad(x, (0, hang[1], 0, hang[0]))
        return F.conv2d(x, w, b, layer.stride, layer.pad, 1, layer.groups)
    return conv


def their_max_pool(layer):
    return lambda x: F.max_pool2d(x, pair(layer.size), layer.stride, layer.pad, ceil_mode=layer.ceil_mode)


def their_avg_pool(layer):
    return lambda x: F.avg_pool2d(x, pair(layer.size), layer.stride, layer.pad, layer.ceil_mode,
                                  layer.count_include_pad)


def their_lrn(layer):
    """F.local_response_norm on each group of channels; the paper's alpha is n times PyTorch's."""
    own_k, times = {"paper": (2, layer.n), "original": (2, 1), "caffe": (1, 1), "torch": (1, 1)}[layer.convention]
    k = own_k if layer.k is None else layer.k
    return lambda x: torch.cat([F.local_response_norm(part, layer.n, times * layer.alpha, layer.beta, k)
                                for part in x.chunk(layer.groups, dim=1)], dim=1)


def their_lrn_within(layer):
    """From an average pool of the squares whose divisor is always n * n."""
    return lambda x: x * (layer.k + layer.alpha * F.avg_pool2d(x * x, layer.n, 1, layer.n // 2)) ** -layer.beta


def their_batch_norm(layer):
    """At test, with the layer's own running mean and variance."""
    mean, var = torch.tensor(layer.mean), torch.tensor(layer.var)
    return lambda x, w, b: F.batch_norm(x, mean, var, w, b, False, layer.momentum, layer.eps)


def their_concat(layer):
    """torch.cat of the paths, each as its layers say."""
    def concat(x, **parameters):
        made = []
        for path in layer.paths:
            y = x
            for name, one in path.items():
                y = THEIRS[type(one)](one)(y, **{key: parameters[f"{name}.{key}"] for key in one.params()})
            made.append(y)
        return torch.cat(made, dim=1)
    return concat


THEIRS = {
    Conv2D: their_conv,
    Dense: lambda layer: lambda x, w, b: F.linear(x, w.T, b),           # PyTorch keeps w as (M, D)
    ReLU: lambda layer: torch.relu,
    Tanh: lambda layer: torch.tanh,
    Sigmoid: lambda layer: torch.sigmoid,
    Softmax: lambda layer: lambda x: torch.softmax(x, dim=1),
    MaxPool: their_max_pool,
    AvgPool: their_avg_pool,
    AdaptiveAvgPool: lambda layer: lambda x: F.adaptive_avg_pool2d(x, layer.size),
    LRN: their_lrn,
    LRNWithin: their_lrn_within,
    BatchNorm: their_batch_norm,
    Dropout: lambda layer: lambda x: x,                                 # at test
    Flatten: lambda layer: lambda x: x.flatten(1),
    Concat: their_concat,
}


# Layers one by one

def convolutions():
    """Groups 1, 2, 4, strides 1 to 4, pads 0 to 2 and both roundings, with other sizes drawn at random."""
    draw = np.random.default_rng(1)
    for groups, stride, pad, ceil_mode in product((1, 2, 4), (1, 2, 3, 4), (0, 1, 2), (False, True)):
        R, S = (draw.permutation(5)[:2] + 1).tolist()                   # never square
        C, K = (groups * draw.integers(1, 3, size=2)).tolist()
        H, W = (draw.permutation(5)[:2] + 5).tolist()
        yield Conv2D(K, (R, S), stride, pad, groups, ceil_mode), (2, C, H, W)


def windows():
    """Sizes, strides and pads of pooling windows, both roundings, and pictures to put them on."""
    draw = np.random.default_rng(2)
    yield 3, 2, 0, False, (2, 3, 9, 11)                                 # AlexNet's
    yield 3, 2, 0, True, (2, 3, 8, 10)
    yield 3, 2, 1, True, (2, 3, 8, 5)
    for stride, ceil_mode in product((1, 2, 3, 4), (False, True)):
        R, S = (draw.permutation(5)[:2] + 1).tolist()
        H, W = (draw.permutation(6)[:2] + 5).tolist()
        yield (R, S), stride, int(draw.integers(0, min(R, S) // 2 + 1)), ceil_mode, (2, 3, H, W)


LRNS = [                                            # layer, channels
    (LRN(5, 2, 0.9, 0.75, "torch"), 12),
    (LRN(5, None, 0.9, 0.75, "torch"), 7),
    (LRN(7, None, 1.1, 0.75, "torch"), 3),          # the window is wider than all channels
    (LRN(9, 1, 0.8, 0.5, "torch"), 1),
    (LRN(1, 1, 1.2, 0.75, "torch"), 4),
    (LRN(5, None, 0.9, 0.75, "paper"), 12),
    (LRN(5, None, 0.9, 0.75, "paper", groups=2), 12),
    (LRN(7, 0.5, 0.7, 1.5, "paper", groups=4), 8),
    (LRN(3, None, 1.1, 0.75, "original", groups=2), 6),
    (LRN(5, None, 1.0, 0.75, "caffe"), 9),
    (LRN(3, 1, 1.0, 0.75, "caffe", groups=3), 9),
]

WITHIN = [                                          # layer, height, width
    (LRNWithin(5, 1, 0.9, 0.75), 7, 9),
    (LRNWithin(3, 2, 1.1, 0.5), 5, 6),
    (LRNWithin(7, 1, 1.5, 0.75), 4, 3),             # the window is larger than the picture
    (LRNWithin(1, 0.5, 1.0, 0.75), 5, 4),
]

CASES = [
    *convolutions(),
    *((Dense(M), (N, D)) for N, D, M in [(1, 1, 3), (4, 7, 5), (3, 40, 1), (6, 12, 31)]),
    *((activation, shape) for activation in (ReLU(), Tanh(), Sigmoid()) for shape in [(3, 17), (2, 3, 5, 4)]),
    *((Softmax(), shape) for shape in [(1, 2), (5, 9), (4, 30)]),
    *((MaxPool(*window), shape) for *window, shape in windows()),
    *((AvgPool(*window, counted), shape) for *window, shape in windows() for counted in (True, False)),
    *((AdaptiveAvgPool(size), (2, 3, H, W)) for size, H, W in
      [(6, 13, 13), (6, 6, 6), (1, 7, 5), ((3, 4), 7, 10), ((2, 5), 9, 8), (6, 1, 1), (6, 4, 9)]),
    *((layer, (2, C, 4, 5)) for layer, C in LRNS),
    *((layer, (2, 3, H, W)) for layer, H, W in WITHIN),
    (BatchNorm(eps=0.1), (4, 3, 5, 2)),
    (BatchNorm(eps=0.1), (4, 6)),
    (Flatten(), (2, 3, 4, 5)),
    (Concat([dict(one=Conv2D(3, 1), tanh=Tanh()), dict(three=Conv2D(2, 3, pad=1)), dict(pool=MaxPool(3, 1, pad=1))]), (2, 3, 5, 6)),
]

ONE_OF_EACH = list({type(layer): (layer, shape) for layer, shape in CASES}.values())


def test_cases_hold_every_layer():
    """No layer of npnet is without a case, but Dropout, which has a test of its own."""
    assert {type(layer) for layer, shape in CASES} | {Dropout} == set(npnet.layers.LAYERS.values()) == set(THEIRS)


@both_types
@pytest.mark.parametrize("layer, shape", CASES, ids=[f"{layer} on {shape}" for layer, shape in CASES])
def test_layer(layer, shape, dtype, backend):
    """Every layer forward and backward, numbers from N(0, 4)."""
    compare(layer, 2 * numbers(3, shape, dtype))


@both_types
@pytest.mark.parametrize("layer, shape", ONE_OF_EACH, ids=[f"{layer} on {shape}" for layer, shape in ONE_OF_EACH])
def test_layer_on_views(layer, shape, dtype, backend):
    """The same layers on an input that does not lie in order in memory."""
    compare(layer, numbers(4, shape[::-1], dtype).T)


@both_types
@pytest.mark.parametrize("layer", [MaxPool(3, 2), MaxPool(3, 2, 1), MaxPool(3, 2, 1, True), MaxPool((2, 3), 1), ReLU()],
                         ids=repr)
@pytest.mark.parametrize("lowest, highest", [(-3, -1), (-2, 1), (0, 1)], ids=["negative", "around 0", "after ReLU"])
def test_ties(layer, lowest, highest, dtype, backend):
    """Whole numbers, so that most windows have several winners: the gradient goes where PyTorch sends it."""
    x = np.random.default_rng(5).integers(lowest, highest + 1, (2, 3, 9, 8)).astype(dtype)
    compare(layer, x)


@both_types
@pytest.mark.parametrize("layer", [Tanh(), Sigmoid(), Softmax()], ids=repr)
def test_far_out(layer, dtype, backend):
    """Where exp overflows and the gradient vanishes."""
    compare(layer, np.array([[-1000, -100, -20, 0], [1000, 90, 20, 1e-3]], dtype))


@both_types
@array_backends
@pytest.mark.parametrize("layer, shape", [
    (Conv2D(32, 5, 1, 2, 2), (19, 12, 17, 13)), (Conv2D(24, (11, 7), 4), (19, 3, 51, 47)),
    (MaxPool(3, 2), (19, 12, 27, 27)), (AvgPool(3, 2, 1), (19, 12, 13, 13)),
    (LRN(5, 2, 0.9, 0.75, "torch", 2), (19, 32, 9, 9))], ids=str)
def test_many_pictures(layer, shape, dtype, backend):
    """A batch that is cut into blocks and spread over threads, in sizes nearer to AlexNet's."""
    compare(layer, numbers(6, shape, dtype))


@both_types
@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 5, 2), (6, 4, 1, 1)], ids=["1d", "2d", "one pixel"])
def test_batch_norm_in_training(shape, dtype, backend):
    """Four steps of training, then a test: outputs, gradients and the running mean and variance after each."""
    layer = BatchNorm(momentum=0.3, eps=0.05)
    module = (nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d)(4, 0.05, 0.3, dtype=getattr(torch, dtype))
    layer.build(shape[1:], None, np.dtype(dtype))
    layer.w[...], layer.b[...] = numbers(7, (2, 4), dtype)
    hand_over(layer, module)
    for step, train in enumerate([True, True, True, True, False]):
        x, dy = 3 * numbers(10 + step, shape, dtype) + 2, numbers(20 + step, shape, dtype)
        theirs = tensor(x)
        module.train(train)
        y, their_y = layer.forward(x, train=train), module(theirs)
        grads = [layer.backward(dy), *layer.grads().values()]
        their_grads = torch.autograd.grad(their_y, [theirs, module.weight, module.bias], torch.from_numpy(dy))
        for what, ours, other in zip(("dx", "dw", "db"), grads, their_grads):
            agree(ours, other, f"{what} in step {step}")
        agree(y, their_y, f"y in step {step}")
        agree(layer.mean, module.running_mean, f"mean after step {step}")
        agree(layer.var, module.running_var, f"variance after step {step}")


@both_types
@pytest.mark.parametrize("p_drop", [0.2, 0.5])
def test_dropout(p_drop, dtype, backend):
    """The mask that PyTorch drew, in both directions."""
    torch.manual_seed(0)
    x, dy = numbers(0, (40, 50), dtype), numbers(1, (40, 50), dtype)
    theirs = tensor(x)
    their_y, mask = torch.native_dropout(theirs, p_drop, True)
    assert abs(mask.double().mean() - (1 - p_drop)) < 0.05              # its p, too, is the share thrown away
    agree(ops.dropout_forward(x, mask.numpy(), p_drop), their_y, "y")
    their_dx, = torch.autograd.grad(their_y, theirs, torch.from_numpy(dy))
    agree(ops.dropout_backward(dy, mask.numpy(), p_drop), their_dx, "dx")


@both_types
@pytest.mark.parametrize("scale", [1, 30, 1000])
def test_log_softmax_and_loss(scale, dtype, backend):
    """Log-softmax with a random dy; the mean loss and its gradient. At 1000 exp would overflow."""
    x, dy, labels = scale * numbers(0, (7, 10), dtype), numbers(1, (7, 10), dtype), np.array([3, 9, 0, 0, 5, 1, 3])
    theirs = tensor(x)
    y, their_y = ops.log_softmax_forward(x), torch.log_softmax(theirs, dim=1)
    agree(y, their_y, "y")
    agree(ops.log_softmax_backward(dy, y), *torch.autograd.grad(their_y, theirs, torch.from_numpy(dy)), "dx")
    loss, dlogits = ops.softmax_cross_entropy(x, labels)
    their_loss = nn.CrossEntropyLoss()(theirs, torch.from_numpy(labels))
    agree(loss, their_loss, "loss")
    agree(dlogits, *torch.autograd.grad(their_loss, theirs), "dlogits")


# The update

RATES = [0.1, 0.1, 0.1, 0.1, 0.02, 0.02, 0.02, 0.02]


def steps(update, dtype, when_rate_changes=lambda buffer, times: None):
    """Eight steps with weight decay by one of our rules and by torch.optim.SGD: yields w, v, their w, their v."""
    w = numbers(0, (5, 7), dtype)
    v, theirs = np.zeros_like(w), tensor(w)
    optimizer = torch.optim.SGD([theirs], lr=RATES[0], momentum=0.9, weight_decay=0.05)
    for step, lr in enumerate(RATES):
        dw, group = numbers(step, w.shape, dtype), optimizer.param_groups[0]
        if lr != group["lr"]:
            when_rate_changes(optimizer.state[theirs]["momentum_buffer"], group["lr"] / lr)
        theirs.grad, group["lr"] = torch.tensor(dw), lr
        update(w, dw, v, lr, 0.9, 0.05)
        optimizer.step()
        yield w, v, theirs, optimizer.state[theirs]["momentum_buffer"]


@both_types
def test_update_in_the_form_of_torch(dtype, backend):
    """Weights and velocities after every step, with a change of the rate in the middle."""
    for w, v, their_w, their_v in steps(ops.sgd_update_torch, dtype):
        agree(w, their_w, "w")
        agree(v, their_v, "v")


@both_types
def test_update_in_the_form_of_the_paper(dtype, backend):
    """The paper's velocity is PyTorch's times -lr, so it needs PyTorch's to grow by old/new where the rate changes."""
    scaled = steps(ops.sgd_update, dtype, when_rate_changes=lambda buffer, times: buffer.mul_(times))
    for (w, v, their_w, their_v), lr in zip(scaled, RATES, strict=True):
        agree(w, their_w, "w")
        agree(v, -lr * their_v, "v")


def test_the_two_forms_part_where_the_rate_changes(backend):
    """Left alone, they agree for as long as the rate does not change, and then differ by more than rounding."""
    far = [distance(w, their_w.detach()) for w, v, their_w, their_v in steps(ops.sgd_update, "float64")]
    assert max(far[:4]) < 1e-15 and min(far[4:]) > 1e-2


# Whole networks: PyTorch's text of them, written beside the papers, not from models.py

class Halves(nn.Module):
    """A module applied to the first half of the channels and to the second: one for each tower."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return torch.cat([self.module(half) for half in x.chunk(2, dim=1)], dim=1)


def dense_layers(inputs, units, classes):
    """The end of AlexNet: dropout after the hidden dense layers."""
    return dict(
        flatten=nn.Flatten(),
        fc6=nn.Linear(inputs, units), relu6=nn.ReLU(), drop6=nn.Dropout(0.5),
        fc7=nn.Linear(units, units), relu7=nn.ReLU(), drop7=nn.Dropout(0.5),
        fc8=nn.Linear(units, classes))


def krizhevsky2012(side, units, classes):
    """Two towers; the paper's alpha is PyTorch's divided by n = 5."""
    norm = Halves(nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2))
    return dict(
        conv1=nn.Conv2d(3, 96, 11, stride=4), relu1=nn.ReLU(), norm1=norm, pool1=nn.MaxPool2d(3, 2),
        conv2=nn.Conv2d(96, 256, 5, padding=2, groups=2), relu2=nn.ReLU(), norm2=norm, pool2=nn.MaxPool2d(3, 2),
        conv3=nn.Conv2d(256, 384, 3, padding=1), relu3=nn.ReLU(),
        conv4=nn.Conv2d(384, 384, 3, padding=1, groups=2), relu4=nn.ReLU(),
        conv5=nn.Conv2d(384, 256, 3, padding=1, groups=2), relu5=nn.ReLU(), pool5=nn.MaxPool2d(3, 2),
    ) | dense_layers(256 * side ** 2, units, classes)


def single_tower(side, units, classes):
    """No groups, and PyTorch's own LRN over all channels."""
    return dict(
        conv1=nn.Conv2d(3, 96, 11, stride=4), relu1=nn.ReLU(),
        norm1=nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2), pool1=nn.MaxPool2d(3, 2),
        conv2=nn.Conv2d(96, 256, 5, padding=2), relu2=nn.ReLU(),
        norm2=nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2), pool2=nn.MaxPool2d(3, 2),
        conv3=nn.Conv2d(256, 384, 3, padding=1), relu3=nn.ReLU(),
        conv4=nn.Conv2d(384, 384, 3, padding=1), relu4=nn.ReLU(),
        conv5=nn.Conv2d(384, 256, 3, padding=1), relu5=nn.ReLU(), pool5=nn.MaxPool2d(3, 2),
        avgpool=nn.AdaptiveAvgPool2d(6),
    ) | dense_layers(256 * 6 ** 2, units, classes)


def batchnorm(side, units, classes):
    """The single tower with batch normalisation after the first two ReLUs."""
    layers = single_tower(side, units, classes) | dict(norm1=nn.BatchNorm2d(96), norm2=nn.BatchNorm2d(256))
    del layers["avgpool"]
    return layers | dense_layers(256 * side ** 2, units, classes)


def torchvision(side, units, classes):
    """torchvision.models.alexnet: features, avgpool, classifier; dropout before the dense layers."""
    return dict(
        conv1=nn.Conv2d(3, 64, 11, stride=4, padding=2), relu1=nn.ReLU(), pool1=nn.MaxPool2d(3, 2),
        conv2=nn.Conv2d(64, 192, 5, padding=2), relu2=nn.ReLU(), pool2=nn.MaxPool2d(3, 2),
        conv3=nn.Conv2d(192, 384, 3, padding=1), relu3=nn.ReLU(),
        conv4=nn.Conv2d(384, 256, 3, padding=1), relu4=nn.ReLU(),
        conv5=nn.Conv2d(256, 256, 3, padding=1), relu5=nn.ReLU(), pool5=nn.MaxPool2d(3, 2),
        avgpool=nn.AdaptiveAvgPool2d(6), flatten=nn.Flatten(),
        drop6=nn.Dropout(0.5), fc6=nn.Linear(256 * 6 ** 2, units), relu6=nn.ReLU(),
        drop7=nn.Dropout(0.5), fc7=nn.Linear(units, units), relu7=nn.ReLU(),
        fc8=nn.Linear(units, classes))


def lenet5(side, units, classes):
    """LeNet-5 with tanh and plain averages."""
    return dict(
        conv1=nn.Conv2d(1, 6, 5, padding=2), tanh1=nn.Tanh(), pool1=nn.AvgPool2d(2, 2),
        conv2=nn.Conv2d(6, 16, 5), tanh2=nn.Tanh(), pool2=nn.AvgPool2d(2, 2),
        conv3=nn.Conv2d(16, 120, 5), tanh3=nn.Tanh(), flatten=nn.Flatten(),
        fc4=nn.Linear(120, 84), tanh4=nn.Tanh(), fc5=nn.Linear(84, classes))


NETWORKS = {text.__name__: text for text in (krizhevsky2012, single_tower, batchnorm, torchvision, lenet5)}


def small(name, dtype, size, units=48, classes=10):
    """A version of npnet's at another size, with narrow hidden dense layers, He's weights and random biases."""
    input_shape, layers = MODELS[name](classes, size)
    for layer in layers.values():
        if hasattr(layer, "init"):
            layer.init = "he"
        if isinstance(layer, Dense) and layer.units == 4096:
            layer.units = units
    return with_random_rows(npnet.Network(input_shape, 1, np.dtype(dtype), **layers))


def with_random_rows(net):
    """The network, its biases and batch normalisation's four arrays drawn between 0.5 and 1.5."""
    draw = np.random.default_rng(2)
    for array in (net.params() | net.state()).values():
        if array.ndim == 1:
            array[...] = draw.uniform(0.5, 1.5, array.shape)
    return net


def hand_over(layer, module):
    """Gives a module the layer's parameters, the same memory, and a copy of its running statistics."""
    if layer.params():
        w = layer.w.T if isinstance(layer, Dense) else layer.w
        module.weight, module.bias = nn.Parameter(torch.from_numpy(w)), nn.Parameter(torch.from_numpy(layer.b))
    if layer.state():
        module.running_mean, module.running_var = torch.tensor(layer.mean), torch.tensor(layer.var)


def their_network(name, net, side):
    """PyTorch's text of a version with the weights of ours, at test."""
    dense = [layer for layer in net.layers.values() if isinstance(layer, Dense)]
    with torch.device("meta"):                      # nothing is drawn: all weights come from ours
        modules = NETWORKS[name](side, dense[0].units, dense[-1].units)
    assert list(modules) == list(net.layers)
    for key, layer in net.layers.items():
        hand_over(layer, modules[key])
    return nn.ModuleDict(modules).eval()


def batch(net, dtype):
    """Two pictures as large as a photograph minus its mean, so that LRN has something to do, and their classes."""
    classes = list(net.shapes.values())[-1][0]
    return 60 * numbers(5, (2, *net.input_shape), dtype), np.array([1, classes - 1])


def our_answers(net, x, labels, train=False):
    """Logits, loss, and the gradients of the input and of every parameter."""
    logits = net.forward(x, train)
    loss, dlogits = ops.softmax_cross_entropy(logits, labels)
    dx = net.backward(dlogits)
    return {"logits": logits, "loss": loss, "dx": dx} | net.grads()


def their_answers(net, modules, x, labels):
    """The same from PyTorch, the dense weights' gradients turned as ours are.

    It computes in float64, and what it made is rounded to the network's dtype. For float32 its texts are chosen by the
    processor, and some add up in another order: conv2.b of batchnorm was 1e-5 off the right number, ours 3e-6.
    """
    modules.double()
    x = tensor(np.float64(x))
    logits, inputs = x, {}
    for name, module in modules.items():
        inputs[name] = logits.detach().numpy()
        logits = module(logits)
    loss = F.cross_entropy(logits, torch.from_numpy(labels))
    loss.backward()
    answers = {"logits": logits, "loss": loss, "dx": x.grad}
    for name in (key for key, layer in net.layers.items() if layer.params()):
        dw = modules[name].weight.grad
        answers[f"{name}.w"] = dw.T if isinstance(net[name], Dense) else dw
        answers[f"{name}.b"] = modules[name].bias.grad
    return {what: rounded(answer, net) for what, answer in answers.items()}, inputs


def rounded(theirs, net):
    """A tensor in the network's dtype."""
    return theirs.to(getattr(torch, str(net.dtype)))


def flips(net, inputs):
    """How many ReLUs and windows of ours would choose otherwise on PyTorch's rounding of their inputs."""
    count = 0
    for name, layer in net.layers.items():
        if isinstance(layer, ReLU):
            count += np.sum((inputs[name] > 0) != (layer.y > 0))
        if isinstance(layer, MaxPool):
            chosen = ops.max_pool_forward(inputs[name], *pair(layer.size), layer.stride, layer.pad, layer.ceil_mode)[1]
            count += np.sum(chosen != layer.argmax)
    return count


def agree_in_all(net, ours, theirs, inputs, tolerance=NETWORK):
    """Asserts that both hold the same names and, under each, the same numbers.

    A unit so near to 0, or to its neighbour, that rounding decides for it, changes the gradients below by about
    1 in the root of the number of units. Where that has happened, a few times at most, they are held to 1e-2.
    """
    assert list(ours) == list(theirs)
    flipped = flips(net, inputs)
    assert flipped < 10
    for what in ours:
        loose = flipped and what not in ("logits", "loss")
        agree(ours[what], theirs[what], what, tolerance | {"float32": 1e-2} if loose else tolerance)


FULL = [("krizhevsky2012", 227), ("single_tower", 227), ("batchnorm", 227), ("torchvision", 224), ("lenet5", 28)]


@array_backends
@pytest.mark.parametrize("name, size", FULL)
def test_full_size(name, size, backend):
    """Whole networks with their own classes in float32: logits, loss and every gradient."""
    net = with_random_rows(npnet.model(name, size=size, init="he"))
    x, labels = batch(net, "float32")
    agree_in_all(net, our_answers(net, x, labels), *their_answers(net, their_network(name, net, 6), x, labels))


@both_types
@array_backends
@pytest.mark.parametrize("name, size", [(name, 67 if size > 28 else 28) for name, size in FULL])
def test_small_size(name, size, dtype, backend):
    """The same networks on small pictures, where float64 leaves no room for a slip."""
    net = small(name, dtype, size)
    x, labels = batch(net, dtype)
    agree_in_all(net, our_answers(net, x, labels), *their_answers(net, their_network(name, net, 1), x, labels))


class Mask(nn.Module):
    """Dropout with a mask of ours."""

    def __init__(self, layer):
        super().__init__()
        self.factor = torch.from_numpy(layer.mask / (1 - layer.p_drop))

    def forward(self, x):
        return x * self.factor.to(x.dtype)


@both_types
@array_backends
@pytest.mark.parametrize("tolerance", [NETWORK, WINOGRAD], ids=["columns", "winograd"])
@pytest.mark.parametrize("name", ["krizhevsky2012", "batchnorm", "torchvision"])
def test_training(name, dtype, backend, tolerance, request):
    """One step in training, with npnet's dropout masks and, in batchnorm, the batch's own statistics. The biases
    before a batch norm change nothing, so what they get is rounding alone."""
    if tolerance is NETWORK:
        request.getfixturevalue("without_winograd")
    net = small(name, dtype, 67)
    modules = their_network(name, net, 1).train()
    x, labels = batch(net, dtype)
    ours = our_answers(net, x, labels, train=True)
    for key, layer in net.layers.items():
        if isinstance(layer, Dropout):
            assert 0 < layer.mask.mean() < 1
            modules[key] = Mask(layer)
    agree_in_all(net, ours, *their_answers(net, modules, x, labels), tolerance)
    for key, layer in net.layers.items():
        if layer.state():
            agree(layer.mean, rounded(modules[key].running_mean, net), f"{key}.mean", tolerance)
            agree(layer.var, rounded(modules[key].running_var, net), f"{key}.var", tolerance)


def test_a_wrong_alpha_is_seen():
    """Whole networks are fed such numbers that alpha not multiplied by n moves the logits by far more than rounding."""
    npnet.use("numpy")
    net = small("krizhevsky2012", "float64", 67)
    modules = their_network("krizhevsky2012", net, 1)
    modules["norm1"] = modules["norm2"] = Halves(nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=2))
    x, labels = batch(net, "float64")
    assert distance(net.forward(x), their_answers(net, modules, x, labels)[0]["logits"].detach()) > 0.1


@array_backends
@pytest.mark.parametrize("name", MODELS)
def test_every_version(name, backend):
    """All of models.py in float64, at a size where rounding up and down give different maps."""
    net = small(name, "float64", {"lenet5": 28, "caffe_lenet": 28, "cifar_four_layer": 32}.get(name, 76))
    x, labels = batch(net, "float64")
    theirs = {"dx": tensor(x)} | {key: tensor(array) for key, array in net.params().items()}
    logits = theirs["dx"]
    for key, layer in net.layers.items():
        logits = THEIRS[type(layer)](layer)(logits, **{each: theirs[f"{key}.{each}"] for each in layer.params()})
    loss = F.cross_entropy(logits, torch.from_numpy(labels))
    their_grads = torch.autograd.grad(loss, list(theirs.values()))
    their_answer = {"logits": logits, "loss": loss} | dict(zip(theirs, their_grads))
    for what, ours in our_answers(net, x, labels).items():
        agree(ours, their_answer[what], what, NETWORK)
