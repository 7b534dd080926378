"""Ill trainings, kinds 2, 3, 4, 6 and 10 of the record: decay, rates and schedules, nothing moves, units, and numbers
that overflow."""
import numpy as np

from npnet.layers import Concat, Conv2D, Dense, Dropout, Flatten, MaxPool, ReLU, Sigmoid, Tanh
from npnet.ops.softmax import softmax_cross_entropy
from npnet.optim import SGD, Constant, Cosine, MultiStep, Polynomial, StepDecay, WarmUp
from ward_tools import (Loop, OwnAdam, OwnSGD, built, chain, conv, deep, dropped, forms, normed, paths, quarters, raw,
                        registered, stripes, tanhs, tens, two, watch)

MOVES = []
sick = registered(MOVES)
DOWN = dict(against=("rate-low", "rate-zero"), also=("dead", "one-answer", "class-never", "saturated", "nan-overflow"))
UP = dict(against=("rate-high",))
STILL = dict(against=("rate-high", "rate-low", "decay-strong"))


# ------------------------------------------------------------------------ 2: decay, and gradients that fade

@sick("decay-half", 2, "decay-strong", against=("rate-high", "rate-low", "weights-small"))
def decay_half(seed):
    data = forms(seed)
    return watch(conv(data, seed), SGD(0.05, weight_decay=0.5), data, seed)


@sick("decay-of-a-high-rate", 2, "decay-strong", also=("rate-high",), against=("rate-low",))
def decay_of_a_high_rate(seed):
    data = tens(seed)
    return watch(tanhs(data, seed), SGD(0.2, momentum=0.5, weight_decay=0.2), data, seed)


@sick("decay-torch-form", 2, "decay-strong", against=("rate-high", "rate-low"))
def decay_torch(seed):
    data = stripes(seed)
    return watch(two(data, seed), SGD(Cosine(0.03, steps=240), weight_decay=0.6, form="torch"), data, seed)


@sick("decay-without-rate", 2, "decay-strong", also=("rate-low",), against=("rate-high",))
def decay_without_rate(seed):
    """w *= 0.9 at every step, whatever the rate."""
    def update(net, optimizer):
        optimizer.update(net.params(), net.grads())
        for w in net.params().values():
            w *= np.float32(0.9)
    data = quarters(seed)
    return watch(chain(data, seed), OwnSGD(0.02, 0.5), data, seed, steps=Loop(update=update))


@sick("decay-of-own-sgd", 2, "decay-strong", against=("rate-high", "rate-low"))
def decay_own(seed):
    data = forms(seed)
    return watch(conv(data, seed), OwnSGD(0.05, 0.9, decay=0.3), data, seed, steps=Loop())


@sick("sigmoids-eight-deep", 2, "gradients-vanish", against=("rate-high", "decay-strong"))
def sigmoids(seed):
    data = quarters(seed)
    return watch(deep(data, seed, 8, Sigmoid), SGD(0.02), data, seed)


@sick("sigmoids-twelve-own", 2, "gradients-vanish", against=("rate-high", "decay-strong"))
def sigmoids_own(seed):
    data = tens(seed)
    net = deep(data, seed, 12, Sigmoid, lambda units: Dense(units, init="torch"))
    return watch(net, OwnSGD(0.1, 0.9), data, seed, steps=Loop(), size=64)


@sick("tanh-small-weights", 2, "gradients-vanish", "weights-small", against=("rate-high", "decay-strong"))
def tanh_small(seed):
    data = quarters(seed)
    return watch(deep(data, seed, 6, Tanh, lambda units: Dense(units, std=0.02)), SGD(0.01, weight_decay=0), data, seed)


# ------------------------------------------------------------------------ 3: too slow

@sick("rate-1e-5-cosine", 3, "rate-low", **UP)
def rate_cosine(seed):
    data = quarters(seed)
    return watch(conv(data, seed, "torch"), SGD(Cosine(1e-6, steps=240)), data, seed)


@sick("rate-1e-6-polynomial", 3, "rate-low", **UP)
def rate_polynomial(seed):
    data = stripes(seed)
    return watch(two(data, seed), SGD(Polynomial(1e-6, steps=240)), data, seed)


@sick("rate-1e-7-steps", 3, "rate-low", **UP)
def rate_steps(seed):
    data = tens(seed)
    return watch(chain(data, seed), SGD(StepDecay(1e-7, every=60), form="torch"), data, seed)


@sick("rate-adam-1e-8", 3, "rate-low", **UP)
def rate_adam(seed):
    data = forms(seed)
    return watch(conv(data, seed), OwnAdam(1e-8), data, seed, steps=Loop())


@sick("rate-norm-1e-7", 3, "rate-low", **UP)
def rate_norm(seed):
    data = quarters(seed)
    return watch(normed(data, seed), SGD(1e-7), data, seed, size=128, epochs=30)


@sick("warm-up-without-end", 3, "rate-low", also=("schedule-ended",), **UP)
def warm_up(seed):
    data = quarters(seed)
    return watch(paths(data, seed, "torch"), SGD(WarmUp(10 ** 7, Constant(0.01))), data, seed)


@sick("clip-short", 3, "clip-short", also=("rate-low",), **UP)
def clip_short(seed):
    data = quarters(seed)
    return watch(conv(data, seed, "torch"), SGD(0.01, clip=1e-4), data, seed)


@sick("clip-short-torch", 3, "clip-short", also=("rate-low",), **UP)
def clip_short_torch(seed):
    data = tens(seed)
    return watch(tanhs(data, seed), SGD(0.02, clip=1e-5, form="torch"), data, seed, size=16)


# ------------------------------------------------------------------------ 4: nothing moves

@sick("all-frozen", 4, "all-frozen", **STILL)
def all_frozen(seed):
    data = quarters(seed)
    net = conv(data, seed)
    net.freeze(*net.layers)
    return watch(net, SGD(0.01), data, seed)


@sick("all-frozen-own", 4, "all-frozen", **STILL)
def all_frozen_own(seed):
    data = tens(seed)
    net = tanhs(data, seed)
    net.freeze("fc1", "fc2", "fc3")
    return watch(net, OwnSGD(0.05), data, seed, steps=Loop(), size=64)


@sick("no-update", 4, "no-update", **STILL)
def no_update(seed):
    data = quarters(seed)
    return watch(conv(data, seed), SGD(0.01), data, seed, steps=Loop(update=lambda net, optimizer: None))


@sick("update-of-a-copy", 4, "no-update", **STILL)
def update_of_a_copy(seed):
    data = stripes(seed)
    copied = {}

    def update(net, optimizer):
        copied.update(copied or {name: w.copy() for name, w in net.params().items()})
        optimizer.update(copied, net.grads())
    return watch(two(data, seed), SGD(0.02), data, seed, steps=Loop(update=update))


@sick("update-of-a-name", 4, "no-update", **STILL)
def update_of_a_name(seed):
    """w = w - lr * dw makes a new array, and the network keeps the old one."""
    def update(net, optimizer):
        for name, w in net.params().items():
            w = w - optimizer.lr * net.grads()[name]
    data = tens(seed)
    return watch(chain(data, seed), OwnSGD(0.1), data, seed, steps=Loop(update=update))


@sick("update-of-another", 4, "no-update", **STILL)
def update_of_another(seed):
    """The optimizer is given the parameters of the network that was built before."""
    data = forms(seed)
    before = conv(data, seed + 1)
    return watch(conv(data, seed), SGD(0.02), data, seed,
                 steps=Loop(update=lambda net, optimizer: optimizer.update(before.params(), net.grads())))


@sick("backward-not-called", 4, "gradients-zero", also=("no-update",), **STILL)
def backward_not_called(seed):
    data = quarters(seed)
    return watch(conv(data, seed), OwnSGD(0.1), data, seed, steps=Loop(backward=False))


@sick("loss-without-gradient", 4, "gradients-zero", also=("loss-own",), **STILL)
def loss_without_gradient(seed):
    """A loss whose gradient was left as the zeros it was allocated with."""
    data = stripes(seed)
    loop = Loop(lambda logits, labels: (softmax_cross_entropy(logits, labels)[0], np.zeros_like(logits)))
    return watch(two(data, seed), SGD(0.02), data, seed, steps=loop)


@sick("schedule-ended", 4, "schedule-ended", also=("rate-zero",), **STILL)
def schedule_ended(seed):
    """An optimizer that has trained before, and whose schedule is at its end."""
    data = quarters(seed)
    optimizer = SGD(Cosine(0.02, steps=100))
    optimizer.steps = 100
    return watch(conv(data, seed), optimizer, data, seed)


@sick("schedule-ends-early", 4, "schedule-ended", also=("rate-low", "rate-zero"), **UP)
def schedule_ends_early(seed):
    """Steps of one epoch given where all of them were meant."""
    data = forms(seed, 1024)
    return watch(conv(data, seed, "torch"), SGD(Polynomial(0.002, steps=20)), data, seed)


@sick("schedule-counts-steps", 4, "schedule-ended", also=("rate-low",), **UP)
def schedule_counts_steps(seed):
    """MultiStep in epochs, where steps are counted: after 6 steps the rate is a millionth."""
    data = tens(seed)
    return watch(chain(data, seed, "torch"), SGD(MultiStep(0.01, (1, 2, 3, 4, 5, 6))), data, seed)


@sick("rate-zero", 4, "rate-zero", **STILL)
def rate_zero(seed):
    data = stripes(seed)
    return watch(two(data, seed), SGD(0.0), data, seed)


@sick("rate-1e-22", 4, "rate-low", also=("rate-zero",), **UP)
def rate_22(seed):
    data = quarters(seed)
    return watch(conv(data, seed), SGD(1e-22), data, seed)


@sick("rate-1e-9-own", 4, "rate-low", **UP)
def rate_9(seed):
    data = quarters(seed)
    return watch(chain(data, seed), OwnSGD(1e-9), data, seed, steps=Loop())


# ------------------------------------------------------------------------ 6: dead and saturated

@sick("dead-by-bias", 6, "dead", also=("gradients-zero",), against=("rate-low", "rate-high"))
def dead_by_bias(seed):
    data = quarters(seed)
    net = conv(data, seed)
    net["fc2"].b[...] = -100
    return watch(net, SGD(0.01), data, seed)


@sick("dead-by-bias-conv", 6, "dead", also=("gradients-zero",), against=("rate-low", "rate-high"))
def dead_by_bias_conv(seed):
    data = stripes(seed)
    net = two(data, seed, conv2=Conv2D(8, 3, pad=1, init="paper", bias=-20))
    return watch(net, OwnAdam(0.001), data, seed, steps=Loop(), epochs=6)


@sick("dead-by-a-huge-step", 6, "rate-high", "dead", also=("one-answer", "class-never"), against=("rate-low",))
def dead_by_a_huge_step(seed):
    """One step a hundred times too long, as a schedule that begins at 1, and a good rate after it."""
    data = forms(seed)
    return watch(conv(data, seed), SGD(MultiStep(5.0, (1,), factor=0.001), momentum=0), data, seed)


@sick("saturated-tanh", 6, "saturated", "weights-large", against=("rate-low",))
def saturated_tanh(seed):
    data = tens(seed)
    net = deep(data, seed, 4, Tanh, lambda units: Dense(units, std=5))
    net["fc4"].w *= 0.02
    return watch(net, SGD(0.001), data, seed)


@sick("saturated-sigmoid-raw", 6, "saturated", "input-scale", against=("rate-low",))
def saturated_sigmoid(seed):
    data = raw(quarters(seed))
    return watch(deep(data, seed, 3, Sigmoid, lambda units: Dense(units, init="torch")), SGD(0.001), data, seed)


@sick("dropout-95", 6, "dropout-strong", against=("rate-low",), also=("rate-high",))
def dropout_95(seed):
    data = tens(seed)
    return watch(dropped(data, seed, 0.97), SGD(0.002), data, seed)


@sick("dropout-95-twice", 6, "dropout-strong", against=("rate-low",), also=("rate-high",))
def dropout_twice(seed):
    """The share to keep was meant: 0.95 is thrown away."""
    data = stripes(seed)
    net = built(data, seed, {}, conv1=Conv2D(6, 3, pad=1, init="he"), relu1=ReLU(), pool1=MaxPool(2, 2), flatten=Flatten(),
                drop1=Dropout(0.95), fc2=Dense(16, init="he"), relu2=ReLU(), drop2=Dropout(0.95), fc3=Dense(4, init="he"))
    return watch(net, SGD(0.005, form="torch"), data, seed)


@sick("mask-repeats", 6, "mask-repeats")
def mask_repeats(seed):
    data = quarters(seed)
    return watch(dropped(data, seed), OwnSGD(0.05), data, seed, steps=Loop(count=False))


@sick("mask-repeats-paths", 6, "mask-repeats")
def mask_repeats_paths(seed):
    """The dropout is inside a Concat."""
    data = quarters(seed)
    both = Concat([dict(one=Conv2D(4, 1, init="he")), dict(three=Conv2D(4, 3, pad=1, init="he"), drop=Dropout(0.5))])
    return watch(paths(data, seed, both=both), OwnAdam(0.005), data, seed, steps=Loop(count=False))


# ------------------------------------------------------------------------ 10: too fast, and numbers that overflow

@sick("rate-3", 10, "rate-high", **DOWN)
def rate_3(seed):
    data = quarters(seed)
    return watch(conv(data, seed), SGD(3.0), data, seed)


@sick("rate-30", 10, "rate-high", **DOWN)
def rate_30(seed):
    data = tens(seed)
    return watch(chain(data, seed, "torch"), SGD(30.0, momentum=0, weight_decay=0), data, seed)


@sick("rate-300-tanh", 10, "rate-high", **DOWN)
def rate_300(seed):
    data = stripes(seed)
    return watch(tanhs(data, seed), OwnSGD(300.0), data, seed, steps=Loop())


@sick("rate-half-no-warm-up", 10, "rate-high", **DOWN)
def rate_half(seed):
    data = forms(seed)
    return watch(conv(data, seed), SGD(Cosine(0.5, steps=240), form="torch"), data, seed)


@sick("warm-up-to-5", 10, "rate-high", **DOWN)
def warm_up_to_5(seed):
    data = quarters(seed)
    return watch(conv(data, seed), SGD(WarmUp(40, Constant(5.0))), data, seed)


@sick("rate-adam-1", 10, "rate-high", **DOWN)
def rate_adam_1(seed):
    data = forms(seed)
    return watch(two(data, seed), OwnAdam(1.0), data, seed, steps=Loop(), epochs=6)


@sick("momentum-999", 10, "rate-high", **DOWN)
def momentum_999(seed):
    data = quarters(seed)
    return watch(conv(data, seed), SGD(0.05, momentum=0.999), data, seed)


@sick("overflow-without-relu", 10, "rate-high", "nan-overflow", against=("rate-low",))
def overflow(seed):
    data = quarters(seed)
    net = built(data, seed, {}, flatten=Flatten(), fc1=Dense(16, init="he"), fc2=Dense(16, init="he"),
                fc3=Dense(4, init="he"))
    return watch(net, SGD(10.0), data, seed)


@sick("overflow-later", 10, "rate-high", "nan-overflow", against=("rate-low",))
def overflow_later(seed):
    """A rate that rises without end: a schedule whose factor is 2, not 0.5."""
    data = stripes(seed)
    net = built(data, seed, {}, flatten=Flatten(), fc1=Dense(16, init="he"), fc2=Dense(4, init="he"))
    return watch(net, SGD(StepDecay(0.01, every=10, factor=2.0)), data, seed)


@sick("nan-in-a-weight", 10, "nan-weights", against=("rate-high", "rate-low"))
def nan_in_a_weight(seed):
    data = quarters(seed)
    net = conv(data, seed)
    net["fc2"].w.flat[5] = np.nan
    return watch(net, SGD(0.02), data, seed)


@sick("infinity-in-a-path", 10, "nan-weights", against=("rate-high", "rate-low"), where=("both.three",))
def infinity_in_a_path(seed):
    data = quarters(seed)
    net = paths(data, seed)
    net["both.three"].w.flat[3] = np.inf
    return watch(net, OwnAdam(0.002), data, seed, steps=Loop())
