"""Ill trainings, kind 1 of the record: a backward, a loss or a direction of one's own that is wrong, and not the rate."""
import numpy as np

from npnet.backend import ops
from npnet.layers import BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool, ReLU, Sigmoid
from npnet.optim import SGD, Cosine
from ward_tools import (Loop, OwnAdam, OwnSGD, broken, built, chain, conv, deep, dropped, forms, normed, paths, quarters,
                        raw, registered, stripes, tanhs, tens, two, watch)

GRADIENTS = []
sick = registered(GRADIENTS)
RATE = dict(also=("dead", "one-answer", "class-never"), against=("rate-low", "rate-high", "rate-zero"))


# ------------------------------------------------------------------------ a gradient of weights

def negative(layer, dy, dx):
    layer.dw = -layer.dw
    return dx


def transposed(layer, dy, dx):
    """dy.T @ x, brought to the right shape by reshape."""
    layer.dw = layer.dw.T.reshape(layer.w.shape).copy()
    return dx


def accumulating(layer, dy, dx):
    layer.sum = getattr(layer, "sum", 0) + layer.dw
    layer.dw = layer.sum.copy()
    return dx


def forgotten(layer, dy, dx):
    layer.dw = np.zeros_like(layer.w)
    return dx


def both_forgotten(layer, dy, dx):
    """`dw = ...` in place of `self.dw = ...`, and the same with db."""
    layer.db = np.zeros_like(layer.b)
    return forgotten(layer, dy, dx)


def times(factor):
    def fault(layer, dy, dx):
        layer.dw = layer.dw * np.float32(factor)
        return dx
    return fault


@sick("dw-sign-all", 1, "backward-wrong", where=("fc1", "fc2", "fc3"), **RATE)
def dw_sign_all(seed):
    data = quarters(seed)
    own = {f"fc{k}": broken(Dense, negative, units, init="he") for k, units in ((1, 16), (2, 16), (3, 4))}
    return watch(chain(data, seed, **own), SGD(0.01), data, seed)


@sick("dw-sign-last", 1, "backward-wrong", where=("fc3",), **RATE)
def dw_sign_last(seed):
    data = forms(seed)
    return watch(conv(data, seed, fc3=broken(Dense, negative, 5, init="torch")), SGD(0.005, form="torch"), data, seed)


@sick("dw-sign-conv", 1, "backward-wrong", where=("conv1", "conv2"), **RATE)
def dw_sign_conv(seed):
    data = stripes(seed)
    own = dict(conv1=broken(Conv2D, negative, 4, 3, pad=1, init="he"),
               conv2=broken(Conv2D, negative, 6, 3, pad=1, init="he"))
    return watch(two(data, seed, **own), SGD(Cosine(0.02, steps=240)), data, seed)


@sick("dw-sign-adam", 1, "backward-wrong", where=("fc3",), **RATE)
def dw_sign_adam(seed):
    data = tens(seed)
    return watch(tanhs(data, seed, fc3=broken(Dense, negative, 10, init="torch")), OwnAdam(0.002), data, seed, steps=Loop())


@sick("dw-transposed", 1, "backward-wrong", where=("fc1", "fc2", "fc3"), **RATE)
def dw_transposed(seed):
    data = stripes(seed)
    own = {f"fc{k}": broken(Dense, transposed, units, init="he") for k, units in ((1, 16), (2, 16), (3, 4))}
    return watch(chain(data, seed, **own), SGD(0.02), data, seed)


def transposed_filters(layer, dy, dx):
    """Rows and columns of each filter changed over."""
    layer.dw = layer.dw.transpose(0, 1, 3, 2).copy()
    return dx


@sick("dw-transposed-filters", 1, "backward-wrong", where=("conv1", "conv2"), **RATE)
def dw_transposed_filters(seed):
    data = stripes(seed)
    own = dict(conv1=broken(Conv2D, transposed_filters, 4, 3, pad=1, init="he"),
               conv2=broken(Conv2D, transposed_filters, 6, 3, pad=1, init="he"))
    return watch(two(data, seed, **own), OwnSGD(0.1), data, seed, steps=Loop())


@sick("dw-accumulates", 1, "backward-wrong", where=("fc1", "fc2", "fc3"), **RATE)
def dw_accumulates(seed):
    data = quarters(seed)
    own = {f"fc{k}": broken(Dense, accumulating, units, init="he") for k, units in ((1, 16), (2, 16), (3, 4))}
    return watch(chain(data, seed, **own), SGD(0.02), data, seed)


@sick("dw-accumulates-conv", 1, "backward-wrong", where=("conv1", "conv2"), **RATE)
def dw_accumulates_conv(seed):
    data = stripes(seed)
    own = dict(conv1=broken(Conv2D, accumulating, 4, 3, pad=1, init="he"),
               conv2=broken(Conv2D, accumulating, 6, 3, pad=1, init="he"))
    return watch(two(data, seed, **own), OwnSGD(0.05, 0.9), data, seed, steps=Loop())


@sick("dw-times-20", 1, "backward-wrong", where=("fc2", "fc3"), **RATE)
def dw_times_20(seed):
    data = forms(seed)
    own = dict(fc2=broken(Dense, times(20), 16, init="he"), fc3=broken(Dense, times(20), 5, init="he"))
    return watch(conv(data, seed, **own), SGD(0.02), data, seed)


@sick("dw-times-batch", 1, "backward-wrong", "loss-sums", where=("fc1", "fc2", "fc3"), **RATE)
def dw_times_batch(seed):
    """dw multiplied by the size of the batch once more, in every layer: the mean was forgotten."""
    data = tens(seed)
    own = {f"fc{k}": broken(Dense, times(128), units, init="he") for k, units in ((1, 16), (2, 16), (3, 10))}
    return watch(chain(data, seed, **own), SGD(0.02), data, seed, size=128, epochs=15)


@sick("dw-times-fiftieth", 1, "backward-wrong", also=("rate-low",), where=("fc1", "fc2", "fc3"), against=("rate-high",))
def dw_times_fiftieth(seed):
    data = quarters(seed)
    own = {f"fc{k}": broken(Dense, times(0.02), units, init="torch") for k, units in ((1, 16), (2, 16), (3, 4))}
    return watch(chain(data, seed, "torch", **own), SGD(0.001), data, seed)


@sick("dw-zero", 1, "backward-wrong", "gradients-zero", where=("fc1", "fc2", "fc3"), **RATE)
def dw_zero(seed):
    data = quarters(seed)
    own = {f"fc{k}": broken(Dense, both_forgotten, units, init="he") for k, units in ((1, 16), (2, 16), (3, 4))}
    return watch(chain(data, seed, **own), SGD(0.01), data, seed)


@sick("dw-zero-conv", 1, "backward-wrong", "gradients-zero", where=("conv1", "conv2"), **RATE)
def dw_zero_conv(seed):
    data = stripes(seed)
    own = dict(conv1=broken(Conv2D, forgotten, 4, 3, pad=1, init="torch"),
               conv2=broken(Conv2D, forgotten, 6, 3, pad=1, init="torch"))
    return watch(two(data, seed, "torch", **own), SGD(0.002), data, seed)


def flipped(layer, dy, dx):
    layer.dw = layer.dw[:, :, ::-1, ::-1].copy()
    return dx


@sick("dw-flipped-kernel", 1, "backward-wrong", where=("conv1", "conv2"), **RATE)
def dw_flipped(seed):
    data = stripes(seed)
    own = dict(conv1=broken(Conv2D, flipped, 4, 4, init="he"), conv2=broken(Conv2D, flipped, 6, 2, init="he"))
    return watch(two(data, seed, **own), SGD(0.02), data, seed)


def without_stride(layer, dy, dx):
    """dw from the pixels that lie side by side, not `stride` apart."""
    R, S = layer.w.shape[2:]
    x = layer.x[:, :, :dy.shape[2] + R - 1, :dy.shape[3] + S - 1]
    layer.dw = ops.conv2d_backward(dy, x, layer.w, 1, 0, 1, False, False)[1]
    return dx


@sick("dw-without-stride", 1, "backward-wrong", where=("conv1",), **RATE)
def dw_without_stride(seed):
    data = forms(seed, side=13)
    net = built(data, seed, {}, conv1=broken(Conv2D, without_stride, 8, 3, stride=2, init="he"), relu1=ReLU(),
                pool1=MaxPool(6, 6), flatten=Flatten(), fc2=Dense(5, init="he"))
    return watch(net, SGD(0.02), data, seed)


# ------------------------------------------------------------------------ a gradient of inputs

@sick("relu-without-mask", 1, "backward-wrong", where=[f"act{k}" for k in range(1, 8)], **RATE)
def relu_without_mask(seed):
    data = stripes(seed)
    return watch(deep(data, seed, 8, lambda: broken(ReLU, lambda layer, dy, dx: dy)), SGD(0.02), data, seed)


@sick("relu-mask-inverted", 1, "backward-wrong", where=("relu1", "relu2"), **RATE)
def relu_inverted(seed):
    data = stripes(seed)
    own = {name: broken(ReLU, lambda layer, dy, dx: dy * (layer.y <= 0)) for name in ("relu1", "relu2")}
    return watch(two(data, seed, **own), SGD(0.02), data, seed)


@sick("pool-wrong-place", 1, "backward-wrong", where=("pool1", "pool2"), **RATE)
def pool_wrong_place(seed):
    """All goes to the corner of its window, wherever the largest number was."""
    def fault(layer, dy, dx):
        made = np.zeros_like(dx)
        made[:, :, :2 * dy.shape[2]:2, :2 * dy.shape[3]:2] = dy
        return made
    data = forms(seed)
    own = {name: broken(MaxPool, fault, 2, 2) for name in ("pool1", "pool2")}
    return watch(two(data, seed, **own), SGD(0.02), data, seed, epochs=6)


@sick("dx-sign", 1, "backward-wrong", where=("fc3",), **RATE)
def dx_sign(seed):
    data = stripes(seed)
    return watch(deep(data, seed, 3, fc3=broken(Dense, lambda layer, dy, dx: None if dx is None else -dx, 4, init="he")),
                 SGD(0.02), data, seed)


@sick("dx-not-transposed", 1, "backward-wrong", where=[f"fc{k}" for k in range(2, 6)], **RATE)
def dx_not_transposed(seed):
    data = stripes(seed)
    own = {f"fc{k}": broken(Dense, lambda layer, dy, dx: dy @ layer.w, 16, init="he") for k in range(2, 6)}
    return watch(deep(data, seed, 6, **own), SGD(0.02), data, seed)


@sick("dx-times-100", 1, "backward-wrong", where=("fc3",), **RATE)
def dx_times_100(seed):
    data = quarters(seed)
    own = broken(Dense, lambda layer, dy, dx: 100 * dx, 4, init="he")
    return watch(chain(data, seed, fc3=own), SGD(0.02, form="torch"), data, seed)


@sick("dx-zero", 1, "backward-wrong", also=("gradients-zero", "gradients-vanish"), where=("fc3",),
      against=("rate-low", "rate-high"))
def dx_zero(seed):
    """The last layer hands nothing back, and the rest stays as it was drawn; it begins with small weights."""
    data = stripes(seed)
    own = broken(Dense, lambda layer, dy, dx: 0 * dx, 4, init="torch")
    return watch(deep(data, seed, 5, make=lambda units: Dense(units, init="torch"), fc5=own), SGD(0.02), data, seed)


@sick("norm-without-means", 1, "backward-wrong", where=("norm1", "norm2"), **RATE)
def norm_without_means(seed):
    """dx = dy * w / deviation, as if mean and variance were constants."""
    def fault(layer, dy, dx):
        scale = (layer.w / np.sqrt(layer.used[1] + layer.eps)).reshape(1, -1, *[1] * (dy.ndim - 2))
        return dy * scale
    data = stripes(seed)
    own = dict(norm1=broken(BatchNorm, fault), fc2=Dense(16, init="he"))
    return watch(normed(data, seed, **own), OwnSGD(0.02, 0.9), data, seed, steps=Loop())


@sick("dropout-without-mask", 1, "backward-wrong", where=("drop1",), **RATE)
def dropout_without_mask(seed):
    data = tens(seed)
    net = dropped(data, seed, drop1=broken(Dropout, lambda layer, dy, dx: 10 * dy, 0.9))
    return watch(net, SGD(0.02), data, seed)


@sick("sigmoid-wrong-formula", 1, "backward-wrong", where=("act1", "act2"), **RATE)
def sigmoid_wrong(seed):
    """x * (1 - x) in place of y * (1 - y): x was kept."""
    def forward_kept(layer, dy, dx):
        x = np.log(layer.y / (1 - layer.y))
        return dy * x * (1 - x)
    data = quarters(seed)
    return watch(deep(data, seed, 3, lambda: broken(Sigmoid, forward_kept)), SGD(0.05), data, seed)


# ------------------------------------------------------------------------ up the gradient

@sick("ascent", 1, "ascent", **RATE)
def ascent(seed):
    data = quarters(seed)
    return watch(conv(data, seed), OwnSGD(0.01, sign=1), data, seed, steps=Loop())


@sick("ascent-momentum", 1, "ascent", **RATE)
def ascent_momentum(seed):
    data = tens(seed)
    return watch(tanhs(data, seed), OwnSGD(0.005, 0.9, sign=1), data, seed, steps=Loop(), size=16)


@sick("ascent-adam", 1, "ascent", **RATE)
def ascent_adam(seed):
    data = forms(seed)
    return watch(paths(data, seed), OwnAdam(0.001, sign=1), data, seed, steps=Loop())


def loss_with(change):
    """A loss of one's own: change(loss, dlogits, probabilities, labels) of the right ones -> loss, dlogits."""
    def loss(logits, labels):
        right, dlogits = ops.softmax_cross_entropy(logits, labels)
        return change(right, dlogits, ops.softmax_forward(logits), labels)
    return loss


@sick("loss-gradient-sign", 1, "ascent", "loss-own", **RATE)
def loss_gradient_sign(seed):
    """labels - p in place of p - labels."""
    data = quarters(seed)
    loop = Loop(loss_with(lambda loss, dlogits, p, labels: (loss, -dlogits)))
    return watch(chain(data, seed), SGD(0.01), data, seed, steps=loop)


# ------------------------------------------------------------------------ a loss of one's own

def summed(loss, dlogits, p, labels):
    return loss * len(labels), dlogits * len(labels)


@sick("loss-sums", 1, "loss-sums", **RATE)
def loss_sums(seed):
    data = quarters(seed)
    return watch(conv(data, seed), SGD(0.02), data, seed, steps=Loop(loss_with(summed)))


@sick("loss-sums-128", 1, "loss-sums", **RATE)
def loss_sums_128(seed):
    data = tens(seed)
    return watch(tanhs(data, seed), OwnSGD(0.1, 0.9), data, seed, steps=Loop(loss_with(summed)), size=128, epochs=20)


@sick("loss-gradient-not-divided", 1, "loss-sums", "loss-own", also=("dead", "one-answer", "class-never", "backward-wrong"),
      against=("rate-low", "rate-high"))
def gradient_not_divided(seed):
    data = forms(seed)
    loop = Loop(loss_with(lambda loss, dlogits, p, labels: (loss, dlogits * len(labels))))
    return watch(conv(data, seed), SGD(0.05), data, seed, steps=loop)


@sick("loss-log-zero", 1, "loss-log-zero", also=("loss-own", "input-scale"), against=("rate-low",))
def loss_log_zero(seed):
    """-log(p) of a p that is 0 for pictures that were not normalised."""
    def own(loss, dlogits, p, labels):
        return -np.log(p[np.arange(len(labels)), labels]).mean(), dlogits
    data = raw(quarters(seed))
    return watch(conv(data, seed), SGD(1e-6), data, seed, steps=Loop(loss_with(own)))


@sick("loss-log-zero-later", 1, "loss-log-zero", also=("loss-own", "dead", "one-answer", "weights-large"))
def loss_log_zero_later(seed):
    """The sum of p log q over all classes, where q of a wrong class becomes 0, and 0 times infinity is NaN."""
    def own(loss, dlogits, p, labels):
        target = np.eye(p.shape[1], dtype=p.dtype)[labels]
        return -(target * np.log(p)).sum(axis=1).mean(), dlogits
    data = quarters(seed)
    net = chain(data, seed)
    for name in ("fc1", "fc2", "fc3"):
        net[name].w *= 5
    return watch(net, SGD(0.001), data, seed, steps=Loop(loss_with(own)))


@sick("loss-exp-overflows", 1, "loss-log-zero", "loss-own", also=("nan-overflow", "input-scale"))
def loss_exp_overflows(seed):
    """exp(logits) without subtracting the largest: infinity over infinity."""
    def loss(logits, labels):
        p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        rows = np.arange(len(labels))
        dlogits = p.copy()
        dlogits[rows, labels] -= 1
        return -np.log(p[rows, labels]).mean(), dlogits / len(labels)
    data = raw(tens(seed))
    return watch(chain(data, seed), SGD(1e-5), data, seed, steps=Loop(loss))


@sick("loss-over-classes", 1, "loss-own", also=("rate-low",), against=("rate-high",))
def loss_over_classes(seed):
    """The mean over pictures and classes: a tenth of the loss, and of its gradient."""
    data = tens(seed)
    loop = Loop(loss_with(lambda loss, dlogits, p, labels: (loss / 10, dlogits / 10)))
    return watch(chain(data, seed, "torch"), SGD(0.005, momentum=0), data, seed, steps=loop)


@sick("loss-in-bits", 1, "loss-own", against=("rate-low", "rate-high"))
def loss_in_bits(seed):
    data = quarters(seed)
    loop = Loop(loss_with(lambda loss, dlogits, p, labels: (loss / np.log(2), dlogits / np.float32(np.log(2)))))
    return watch(conv(data, seed), SGD(0.01), data, seed, steps=loop)


@sick("loss-of-other-labels", 1, "loss-own", also=("class-never",), against=("rate-low", "rate-high"))
def loss_of_other_labels(seed):
    """Classes counted from 1 in the loss, from 0 elsewhere: the loss falls, and no answer is right."""
    def loss(logits, labels):
        return ops.softmax_cross_entropy(logits, (labels + 1) % logits.shape[1])
    data = quarters(seed)
    return watch(conv(data, seed), SGD(0.02), data, seed, steps=Loop(loss))
