"""Trainings that were planted by one who had not read the doctor's rules, from public complaints, and healthy ones.

He was held against all of these once, before any rule was changed for them: the kinds that he missed are here.
"""
import json

import numpy as np
from ward_healthy_tools import learnt, softmax
from ward_tools import (Drawn, Heard, Loop, OwnSGD, Patient, built, chain, colours, conv, dropped, evaluated, quarters,
                        raw, registered, shuffled, stripes, tanhs, tens, watch, with_labels)

import npnet
from npnet.fit.doctor import Doctor
from npnet.layers import AdaptiveAvgPool, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, ReLU, Sigmoid, Tanh
from npnet.optim import SGD, Constant, StepDecay
from npnet.train import Result

UNSEEN = []
RATES = ("rate-low", "rate-high")
HEART = dict(against=("by-heart", *RATES))
sick = registered(UNSEEN)


# ------------------------------------------------------------------------ what the loop does to the pictures

def in_place(change):
    """batches(data, size, seed, epoch) of a loop that changes the pictures themselves before each epoch."""
    def batches(data, size, seed, epoch):
        change(data.x, np.random.default_rng((seed, epoch)))
        yield from shuffled(data, size, seed, epoch)
    return batches


@sick("divided-in-each-epoch", "unseen", "input-changes", "input-faint", also=("weights-small",),
      against=(*RATES, "gradients-vanish"))
def divided_again(seed):
    """x /= 60 inside the loop over epochs."""
    data = tens(seed)
    data = data._replace(x=60 * data.x)
    return watch(chain(data, seed), SGD(0.01), data, seed, batches=in_place(lambda x, _: np.divide(x, 60, out=x)))


@sick("columns-standardised", "unseen", "nan-input", "pictures-nan", against=RATES)
def columns_standardised(seed):
    """Each pixel over its deviation, and the border is always black; the network begins with a Flatten."""
    data = quarters(seed)
    data.x[:, :, 0] = 0
    with np.errstate(all="ignore"):
        data = data._replace(x=(data.x - data.x.mean(axis=0)) / data.x.std(axis=0))
    return watch(chain(data, seed), SGD(0.02), data, seed)


@sick("black-picture-standardised", "unseen", "nan-input", "pictures-nan", against=RATES)
def black_picture(seed):
    data = tens(seed)
    data.x[100] = 0
    with np.errstate(all="ignore"):
        x = data.x / data.x.std(axis=(1, 2, 3), keepdims=True)
    return watch(tanhs(data, seed), OwnSGD(0.05), data._replace(x=x), seed, steps=Loop())


@sick("shuffled-small-set", "unseen", "labels-shuffled", against=RATES)
def shuffled_small(seed):
    """np.random.shuffle(x) alone. So few pictures are soon learnt by heart, and the loss leaves that of guessing."""
    data = stripes(seed, 640)
    x = data.x.copy()
    np.random.default_rng(seed).shuffle(x)
    return watch(conv(data, seed), SGD(0.01), data._replace(x=x), seed)


# ------------------------------------------------------------------------ ends, layers, weights

@sick("tanh-last", "unseen", "outputs-bounded", against=RATES)
def tanh_last(seed):
    data = tens(seed)
    return watch(chain(data, seed, last=Tanh()), SGD(0.02), data, seed)


@sick("sigmoid-last-of-two", "unseen", "outputs-bounded", against=RATES)
def sigmoid_last_of_two(seed):
    data = colours(seed)
    return watch(conv(data, seed, last=Sigmoid()), SGD(0.05), data, seed)


@sick("dropout-0.97", "unseen", "dropout-strong", also=("rate-high", "nan-overflow"), against=("weights-large", "rate-low"))
def dropout_everywhere(seed):
    data = tens(seed)
    wide = dict(fc1=Dense(64, init="he"), fc2=Dense(64, init="he"))
    own = dict(flatten=Flatten(), fc1=wide["fc1"], relu1=ReLU(), drop1=Dropout(0.97), fc2=wide["fc2"], relu2=ReLU(),
               drop2=Dropout(0.97), fc3=Dense(10, init="he"))
    return watch(built(data, seed, {}, **own), SGD(0.01), data, seed)


class Idle(BatchNorm):
    """Takes its running statistics in training, too, so they are never renewed."""

    def forward(self, x, train=False):
        return super().forward(x, train=False)


@sick("batchnorm-does-nothing", "unseen", "input-scale", also=("weights-large", "rate-high", "dead", "nan-overflow"),
      against=("rate-low",))
def idle_norm(seed):
    data = raw(quarters(seed))
    net = built(data, seed, {}, norm0=Idle(), flatten=Flatten(), fc1=Dense(16, init="he"), relu1=ReLU(),
                fc2=Dense(4, init="he"))
    return watch(net, SGD(0.02), data, seed)


@sick("weights-from-0-to-1", "unseen", "weights-large", also=("dead", "nan-overflow"), against=("rate-low", "rate-high"))
def weights_positive(seed):
    """np.random.rand in place of randn."""
    data, random = tens(seed), np.random.default_rng(seed)
    net = conv(data, seed)
    for w in net.params().values():
        w[...] = random.random(w.shape)
    return watch(net, SGD(0.01), data, seed)


# ------------------------------------------------------------------------ updates of one's own

@sick("update-without-gradient", "unseen", "no-update", "decay-strong", against=RATES)
def without_gradient(seed):
    """dw = decay * w, where dw += decay * w was meant."""
    def update(net, optimizer):
        for w in net.params().values():
            w -= optimizer.lr * 0.01 * w
    data = quarters(seed)
    return watch(conv(data, seed), OwnSGD(0.1), data, seed, steps=Loop(update=update))


@sick("update-of-biases", "unseen", "no-update", against=RATES)
def biases_alone(seed):
    """if w.ndim == 1, where weights were meant to have a decay and biases not."""
    def update(net, optimizer):
        for name, w in net.params().items():
            if w.ndim == 1:
                w -= optimizer.lr * net.grads()[name]
    data = tens(seed)
    return watch(chain(data, seed), OwnSGD(0.05), data, seed, steps=Loop(update=update))


@sick("rmsprop-without-epsilon", "unseen", "update-nan", against=RATES)
def without_epsilon(seed):
    """The gradient of a black border is always 0, and so is the root of its mean square."""
    squares = {}

    def update(net, optimizer):
        for name, w in net.params().items():
            dw = net.grads()[name]
            squares[name] = 0.9 * squares.get(name, 0) + 0.1 * dw ** 2
            w -= optimizer.lr * dw / np.sqrt(squares[name])
    data = quarters(seed)
    data.x[:, :, :2] = 0
    return watch(chain(data, seed), OwnSGD(0.001), data, seed, steps=Loop(update=update))


# ------------------------------------------------------------------------ validation

def one_class_at_a_time(net, held):
    """The Result of a loop that forgets that the network is to be asked as at test, in batches of one class."""
    order = np.argsort(held.labels, kind="stable")
    kept = {name: array.copy() for name, array in net.state().items()}
    results = []
    for first in range(0, len(order), 16):
        labels = held.labels[order[first:first + 16]]
        logits = net.forward(held.x[order[first:first + 16]], train=True)
        results.append((npnet.ops.softmax_cross_entropy(logits, labels)[0], (logits.argmax(axis=1) == labels).mean()))
    for name, array in net.state().items():
        array[...] = kept[name]
    loss, top1 = np.mean(results, axis=0)
    return Result(float(loss), float(top1), float(top1), len(order))


@sick("validated-in-training-mode", "unseen", "asked-in-training", "statistics-behind", **HEART)
def training_mode(seed):
    data, held = quarters(seed, 1024).halves()
    net = built(data, seed, {}, flatten=Flatten(), fc1=Dense(32, init="he"), norm1=BatchNorm(), relu1=ReLU(),
                fc2=Dense(16, init="he"), norm2=BatchNorm(), relu2=ReLU(), fc3=Dense(4, init="he"))
    return watch(net, SGD(0.02), data, seed, held=held, judged=one_class_at_a_time)


class NothingAtTest(Dropout):
    """x * p in place of x * (1 - p), with a p of 0: the share that is kept, or that is thrown away?"""

    def forward(self, x, train=False):
        return super().forward(x, train) if train else x * np.float32(0)


@sick("dropout-of-all-at-test", "unseen", "test-differs", where=("drop1",), **HEART)
def nothing_at_test(seed):
    data, held = tens(seed).halves()
    net = dropped(data, seed, drop1=NothingAtTest(0.2))
    return watch(net, SGD(0.02), data, seed, held=held)


class AlwaysDrops(Dropout):
    """Drops at test, too."""

    def forward(self, x, train=False):
        return super().forward(x, train=True)


@sick("dropout-at-test", "unseen", "test-differs", where=("drop1",), **HEART)
def drops_at_test(seed):
    data, held = quarters(seed).halves()
    return watch(dropped(data, seed, drop1=AlwaysDrops(0.6)), SGD(0.02), data, seed, held=held)


class Draws(npnet.Layer):
    """Noise of one's own, which does not ask whether it is training."""

    def forward(self, x, train=False):
        return x + np.random.normal(0, 0.3, x.shape).astype(x.dtype)

    def backward(self, dy, to_input=True):
        return dy


@sick("noise-at-test", "unseen", "test-differs", where=("noise1",), **HEART)
def noise_at_test(seed):
    data, held = quarters(seed).halves()
    np.random.seed(seed)
    net = built(data, seed, {}, flatten=Flatten(), fc1=Dense(24, init="he"), noise1=Draws(), relu1=ReLU(),
                fc2=Dense(4, init="he"))
    return watch(net, SGD(0.02), data, seed, held=held)


def coloured(seed, count=1024):
    """Stripes in three channels of one brightness: a reshape for a transpose leaves all means as they are."""
    data = stripes(seed, count, 12)
    return data._replace(x=np.repeat(data.x, 3, axis=1))


@sick("validation-reshaped", "unseen", "validation-other", "pipelines-differ", also=("classes-differ",), **HEART)
def reshaped(seed):
    """reshape(N, 3, H, W) of (N, H, W, 3), where a transpose was meant."""
    data, held = coloured(seed).halves()
    x = np.ascontiguousarray(held.x.transpose(0, 2, 3, 1)).reshape(held.x.shape)
    return watch(conv(data, seed), SGD(0.02), data, seed, held=held._replace(x=x), epochs=8)


@sick("validation-labels-shuffled", "unseen", "classes-differ", "validation-other", **HEART)
def held_labels_shuffled(seed):
    data, held = stripes(seed, 1024).halves()
    labels = np.random.default_rng(seed).permutation(held.labels)
    return watch(conv(data, seed), SGD(0.02), data, seed, held=with_labels(held, labels), epochs=8)


@sick("validation-nearly-blank", "unseen", "validation-other", "classes-differ", **HEART)
def nearly_blank(seed):
    """Noise as strong as training's, and next to nothing of the figures; by its answers alone it may be the labels."""
    data, held = stripes(seed, 1024).halves()
    x = 0.1 * held.x + np.random.default_rng(seed).normal(0, 0.9, held.x.shape).astype(np.float32)
    return watch(conv(data, seed), SGD(0.02), data, seed, held=held._replace(x=x), epochs=8)


# ------------------------------------------------------------------------ healthy

def healthy(name, chance, below=0.5, above=0.75):
    """The decorator: run(seed) returns what was Heard of a training that must learn."""
    def keep(run):
        def alone(seed):
            npnet.use("numpy")
            return learnt(run(seed), chance, below, above)
        UNSEEN.append(Patient(name, "healthy", (), alone))
        return run
    return keep


@healthy("fire modules, ends in a mean", np.log(4))
def fire(seed):
    """As SqueezeNet, but for its last ReLU."""
    data, held = stripes(seed).halves()
    both = Concat([dict(e1=Conv2D(6, 1, init="he"), r1=ReLU()), dict(e3=Conv2D(6, 3, pad=1, init="he"), r3=ReLU())])
    net = built(data, seed, {}, conv1=Conv2D(8, 3, init="he"), relu1=ReLU(), squeeze2=Conv2D(6, 1, init="he"), relu2=ReLU(),
                both2=both, conv3=Conv2D(4, 1, init="he"), pool3=AdaptiveAvgPool(1), flatten=Flatten())
    return watch(net, SGD(0.05), data, seed, held=held, epochs=12)


@healthy("a rate that goes up and down", np.log(4))
def cyclical(seed):
    class Cycle(Constant):
        def __call__(self, step):
            return 0.0005 + 0.02 * abs(step % 40 / 20 - 1)
    data, held = quarters(seed).halves()
    return watch(conv(data, seed), SGD(Cycle(0.01)), data, seed, held=held, epochs=8)


@healthy("taught by another network", np.log(4), below=1.0)
def taught(seed):
    data, held = quarters(seed).halves()
    teacher = conv(data, seed + 9)
    for epoch in range(4):
        for _ in npnet.train.train(teacher, SGD(0.02), shuffled(data, 32, seed, epoch)):
            pass
    shown = []

    def batches(*given):
        for x, labels in shuffled(*given):
            shown[:] = [softmax(teacher.forward(x) / 2)]
            yield x, labels

    def loss(logits, labels):
        p = softmax(logits)
        return float(-(shown[0] * np.log(p + 1e-12)).sum(axis=1).mean()), (p - shown[0]) / len(p)
    return watch(conv(data, seed), SGD(0.03), data, seed, held=held, batches=batches, steps=Loop(loss=loss), epochs=8)


@healthy("mixed pictures and labels", np.log(4), below=0.8, above=0.7)
def mixed(seed):
    """Mixup (Zhang and others 2018)."""
    data, held = quarters(seed).halves()
    random, kept = np.random.default_rng(seed), {}

    def batches(*given):
        for x, labels in shuffled(*given):
            order, share = random.permutation(len(x)), np.float32(random.uniform(0.6, 1))
            kept.update(one=labels, other=labels[order], share=share)
            yield share * x + (1 - share) * x[order], labels

    def loss(logits, labels):
        (v, d), (u, e) = (npnet.ops.softmax_cross_entropy(logits, kept[key]) for key in ("one", "other"))
        return kept["share"] * v + (1 - kept["share"]) * u, kept["share"] * d + (1 - kept["share"]) * e
    return watch(conv(data, seed), SGD(0.02), data, seed, held=held, batches=batches, steps=Loop(loss=loss), epochs=8)


@healthy("a part of the labels is wrong", np.log(4), below=0.8, above=0.65)
def some_wrong(seed):
    data, held = quarters(seed).halves()
    random = np.random.default_rng(seed)
    labels = np.where(random.random(len(data.x)) < 0.2, random.integers(0, 4, len(data.x)), data.labels)
    return watch(conv(data, seed), SGD(0.01), with_labels(data, labels), seed, held=held, epochs=8)


@healthy("pictures 5 by 31", np.log(4))
def oblong(seed):
    data = quarters(seed, 768)
    x = np.repeat(np.repeat(data.x, 4, axis=3)[..., :31], 2, axis=2)[:, :, 3:13:2]
    data, held = data._replace(x=np.ascontiguousarray(x)).halves()
    net = built(data, seed, {}, conv1=Conv2D(8, (3, 5), pad=1, init="he"), tanh1=Tanh(), flatten=Flatten(),
                fc2=Dense(16, init="torch"), tanh2=Tanh(), fc3=Dense(4, init="torch"))
    return watch(net, SGD(0.01), data, seed, held=held)


@healthy("drops of the rate to next to nothing", np.log(4))
def drops(seed):
    data, held = quarters(seed).halves()
    return watch(conv(data, seed), SGD(StepDecay(0.02, every=60)), data, seed, held=held, epochs=14)


class Leaky(npnet.Layer):
    """A ReLU that lets a tenth through."""

    def forward(self, x, train=False):
        self.x = x
        return np.where(x > 0, x, np.float32(0.1) * x)

    def backward(self, dy, to_input=True):
        return np.where(self.x > 0, dy, np.float32(0.1) * dy)


class MyDropout(npnet.Layer):
    """Dropout of one's own, and right."""

    def forward(self, x, train=False):
        self.kept = (np.random.random(x.shape) > 0.3) / np.float32(0.7) if train else np.ones_like(x)
        return (x * self.kept).astype(x.dtype)

    def backward(self, dy, to_input=True):
        return (dy * self.kept).astype(dy.dtype)


@healthy("layers of one's own, right", np.log(4))
def own_layers(seed):
    data, held = quarters(seed).halves()
    np.random.seed(seed)
    net = built(data, seed, {}, flatten=Flatten(), fc1=Dense(32, init="he"), leaky1=Leaky(), drop1=MyDropout(),
                fc2=Dense(4, init="he"))
    return watch(net, SGD(0.01), data, seed, held=held, epochs=8)


@healthy("the doctor is resumed", np.log(4))
def resumed(seed):
    """What he remembers goes through JSON after each epoch."""
    data, held = quarters(seed).halves()
    net, optimizer, heard, doctor = conv(data, seed), SGD(0.02), Heard(), None
    for epoch in range(1, 7):
        state = doctor and json.loads(json.dumps(doctor.state()))
        doctor = Doctor(net, 4)
        if state:
            doctor.restore(state, net, first_epoch=lambda: shuffled(data, 32, seed, 1))
        steps = []
        for step in npnet.train.train(net, optimizer, shuffled(data, 32, seed, epoch)):
            steps.append(step)
            heard += [(step.number, remark) for remark in doctor.step(step, net, optimizer)]
        result = evaluated(net, held)
        loss, top1 = (float(np.mean([getattr(step, name) for step in steps])) for name in ("loss", "accuracy"))
        heard.course.append((loss, top1, result.loss, result.top1, steps[0].loss))
        heard += [(f"epoch {epoch}", remark) for remark in doctor.epoch(
            dict(train_loss=loss, train_top1=top1, loss=result.loss, top1=result.top1), net, optimizer)]
    return heard


@healthy("two hundred classes of ten", np.log(200), below=0.6, above=0.5)
def many_classes(seed):
    """Each class is a picture of its own, and ten noisy copies of it."""
    random = np.random.default_rng(seed)
    ideal = np.random.default_rng(99).normal(0, 1, (200, 1, 8, 8))
    labels = np.repeat(np.arange(200), 13)[random.permutation(2600)]
    x = (ideal[labels] + random.normal(0, 0.35, (2600, 1, 8, 8))).astype(np.float32)
    data, held = Drawn(x, labels, 200).halves()
    return watch(chain(data, seed, fc1=Dense(64, init="he"), fc2=Dense(64, init="he")), SGD(0.03), data, seed, held=held,
                 epochs=10)
