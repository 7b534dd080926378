"""Ill trainings, kinds 8 and 9 of the record: pictures and labels, and how a network ends and begins."""
import numpy as np

from npnet.layers import Conv2D, Dense, Flatten, Layer, MaxPool, ReLU, Softmax
from npnet.ops.softmax import softmax_backward, softmax_forward
from npnet.optim import SGD, Cosine
from ward_tools import (Drawn, Loop, OwnAdam, OwnSGD, built, chain, conv, deep, forms, in_order, normed, paths, quarters,
                        raw, registered, shuffled, stripes, tanhs, tens, two, watch, with_labels)

SETS = []
sick = registered(SETS)
RATES = ("rate-low", "rate-high")
LABELS = dict(against=RATES)


# ------------------------------------------------------------------------ 8: pictures and labels

@sick("labels-one", 8, "labels-one", also=("one-answer",), against=(*RATES, "labels-sorted"))
def labels_one(seed):
    data = quarters(seed)
    return watch(conv(data, seed), SGD(0.02), with_labels(data, 0 * data.labels + 2), seed)


@sick("labels-one-after-reading", 8, "labels-one", also=("one-answer",), against=(*RATES, "labels-sorted"))
def labels_one_own(seed):
    """All labels 0: a column of the table that holds no numbers."""
    data = tens(seed)
    return watch(tanhs(data, seed), OwnSGD(0.05), with_labels(data, 0 * data.labels), seed, steps=Loop(), size=64)


@sick("labels-sorted", 8, "labels-sorted", also=("one-answer", "class-never"), **LABELS)
def labels_sorted(seed):
    data = forms(seed, 800)
    order = np.argsort(data.labels, kind="stable")
    data = Drawn(data.x[order], data.labels[order], 5)
    return watch(conv(data, seed), SGD(0.02), data, seed, batches=in_order)


@sick("labels-sorted-norm", 8, "labels-sorted", also=("one-answer", "class-never", "statistics-behind"), **LABELS)
def labels_sorted_norm(seed):
    data, held = stripes(seed).halves()
    order = np.argsort(data.labels, kind="stable")
    data = Drawn(data.x[order], data.labels[order], 4)
    return watch(normed(data, seed), OwnAdam(0.005), data, seed, steps=Loop(), batches=in_order, held=held)


@sick("labels-shuffled", 8, "labels-shuffled", **LABELS)
def labels_shuffled(seed):
    data = quarters(seed, 1600)
    data = with_labels(data, np.random.default_rng(seed).permutation(data.labels))
    return watch(conv(data, seed, "torch"), SGD(0.01), data, seed, epochs=6)


@sick("labels-shuffled-tens", 8, "labels-shuffled", **LABELS)
def labels_shuffled_tens(seed):
    data = tens(seed, 2000)
    data = with_labels(data, np.random.default_rng(seed).permutation(data.labels))
    return watch(chain(data, seed, "torch"), OwnSGD(0.05), data, seed, steps=Loop(), size=128, epochs=16)


@sick("labels-half-shuffled", 8, "labels-shuffled", also=("by-heart",), **LABELS)
def labels_half(seed):
    """The second half of the table was read from another line."""
    data = quarters(seed, 1600)
    labels = data.labels.copy()
    labels[800:] = np.random.default_rng(seed).permutation(labels[800:])
    return watch(conv(data, seed), SGD(0.02), with_labels(data, labels), seed, epochs=6)


@sick("labels-of-the-next-batch", 8, "labels-shuffled", **LABELS)
def labels_next(seed):
    def shifted(data, size, seed, epoch):
        pairs = list(shuffled(data, size, seed, epoch))
        for (x, _), (_, labels) in zip(pairs, pairs[1:]):
            if len(x) == len(labels):
                yield x, labels
    data = quarters(seed, 1600)
    return watch(paths(data, seed), SGD(0.02), data, seed, batches=shifted, epochs=6)


@sick("labels-off-by-one-picture", 8, "labels-shuffled", **LABELS)
def labels_off(seed):
    data = tens(seed, 1600)
    return watch(tanhs(data, seed), SGD(0.02), with_labels(data, np.roll(data.labels, 1)), seed, epochs=6)


@sick("picture-repeated", 8, "pictures-repeated", also=("labels-shuffled", "one-answer"), **LABELS)
def picture_repeated(seed):
    data = quarters(seed)
    return watch(conv(data, seed, "torch"), SGD(0.01), data._replace(x=np.repeat(data.x[:1], len(data.x), axis=0)), seed)


@sick("pictures-repeated-few", 8, "pictures-repeated", also=("labels-shuffled", "one-answer"), **LABELS)
def pictures_repeated_few(seed):
    """A buffer that is read into again and again: the whole batch is its last picture."""
    def buffered(data, size, seed, epoch):
        for x, labels in shuffled(data, size, seed, epoch):
            yield np.repeat(x[-1:], len(x), axis=0), labels
    data = stripes(seed)
    return watch(two(data, seed), OwnAdam(0.002), data, seed, steps=Loop(), batches=buffered)


@sick("pictures-flat", 8, "pictures-flat", also=("pictures-repeated", "labels-shuffled"), **LABELS)
def pictures_flat(seed):
    """Six in ten files could not be read, and became grey."""
    data = quarters(seed)
    x = data.x.copy()
    x[np.random.default_rng(seed).random(len(x)) < 0.6] = 0
    return watch(conv(data, seed), SGD(0.02), data._replace(x=x), seed)


@sick("pictures-flat-colours", 8, "pictures-flat", also=("pictures-repeated", "labels-shuffled"), **LABELS)
def pictures_flat_colours(seed):
    """Pictures of one colour each, and each another one."""
    data = forms(seed)
    random = np.random.default_rng(seed)
    x = np.where((random.random(len(data.x)) < 0.7)[:, None, None, None],
                 random.normal(0, 1, (len(data.x), 1, 1, 1)), data.x).astype(np.float32)
    return watch(chain(data, seed), OwnSGD(0.05), data._replace(x=x), seed, steps=Loop())


@sick("input-constant", 8, "input-constant", also=("pictures-flat", "pictures-repeated"), **LABELS)
def input_constant(seed):
    data = stripes(seed)
    return watch(two(data, seed), SGD(0.01), data._replace(x=0 * data.x + 3), seed)


@sick("input-black", 8, "input-constant", also=("pictures-flat", "pictures-repeated"), **LABELS)
def input_black(seed):
    """uint8 divided by 256 in whole numbers: all 0."""
    data = tens(seed)
    return watch(chain(data, seed), OwnAdam(0.001), data._replace(x=0 * data.x), seed, steps=Loop(), size=64)


@sick("input-faint", 8, "input-faint", also=("rate-low",), against=("rate-high",))
def input_faint(seed):
    data = forms(seed)
    return watch(conv(data, seed, "torch"), SGD(0.01), data._replace(x=0.004 * data.x), seed)


@sick("input-faint-255-twice", 8, "input-faint", also=("rate-low",), against=("rate-high",))
def input_faint_twice(seed):
    data = raw(tens(seed))
    return watch(chain(data, seed), SGD(Cosine(0.01, steps=300)), data._replace(x=data.x / 255 / 255), seed)


@sick("input-raw", 8, "input-scale", also=("rate-high", "dead", "one-answer", "class-never"), against=("rate-low",))
def input_raw(seed):
    data = raw(quarters(seed))
    return watch(conv(data, seed), SGD(0.02), data, seed)


@sick("input-raw-tanh", 8, "input-scale", also=("saturated",), against=("rate-low",))
def input_raw_tanh(seed):
    data = raw(stripes(seed))
    return watch(tanhs(data, seed), SGD(0.01), data, seed)


@sick("input-raw-adam", 8, "input-scale", also=("rate-high", "dead", "one-answer", "class-never"), against=("rate-low",))
def input_raw_adam(seed):
    data = raw(forms(seed))
    return watch(conv(data, seed), OwnAdam(0.01), data, seed, steps=Loop())


@sick("input-mean-left", 8, "input-scale", also=("rate-high", "dead", "one-answer"), against=("rate-low",))
def input_mean_left(seed):
    """Divided by the deviation, but the mean is not subtracted."""
    data = tens(seed)
    return watch(chain(data, seed), SGD(0.02), data._replace(x=data.x + 12), seed)


@sick("pictures-nan", 8, "pictures-nan", "nan-input", against=RATES)
def pictures_nan(seed):
    data = quarters(seed)
    data.x[7::64, 0, 3, 3] = np.nan
    return watch(conv(data, seed), SGD(0.02), data, seed)


@sick("pictures-nan-by-deviation", 8, "pictures-nan", "nan-input", also=("pictures-flat",), against=RATES)
def pictures_nan_deviation(seed):
    """Each picture divided by its deviation, which is 0 in flat ones."""
    data = stripes(seed)
    data.x[100] = 0.5
    with np.errstate(all="ignore"):
        x = (data.x - data.x.mean(axis=(1, 2, 3), keepdims=True)) / data.x.std(axis=(1, 2, 3), keepdims=True)
    return watch(tanhs(data, seed), OwnSGD(0.05), data._replace(x=x), seed, steps=Loop())


# ------------------------------------------------------------------------ 9: how a network ends and begins

class MySoftmax(Layer):
    """A softmax of one's own."""

    def forward(self, x, train=False):
        self.p = softmax_forward(x)
        return self.p

    def backward(self, dy, to_input=True):
        return softmax_backward(dy, self.p)


@sick("softmax-layer", 9, "softmax-twice", against=RATES)
def softmax_layer(seed):
    data = tens(seed)
    return watch(chain(data, seed, prob=Softmax()), SGD(0.02), data, seed)


@sick("softmax-own", 9, "softmax-twice", against=RATES)
def softmax_own(seed):
    data = quarters(seed)
    return watch(conv(data, seed, prob=MySoftmax()), SGD(0.02), data, seed)


@sick("softmax-own-adam", 9, "softmax-twice", against=RATES)
def softmax_own_adam(seed):
    data = forms(seed)
    return watch(two(data, seed, end=MySoftmax()), OwnAdam(0.001), data, seed, steps=Loop(), size=64)


@sick("relu-last", 9, "relu-last", also=("dead", "one-answer", "class-never"), against=RATES)
def relu_last(seed):
    data = forms(seed)
    return watch(conv(data, seed, relu3=ReLU()), SGD(0.02), data, seed)


@sick("relu-last-own", 9, "relu-last", also=("dead", "one-answer", "class-never"), against=RATES)
def relu_last_own(seed):
    """The ReLU is inside a Dense of one's own."""
    class DenseReLU(Dense):
        def forward(self, x, train=False):
            self.positive = np.maximum(super().forward(x, train), 0)
            return self.positive

        def backward(self, dy, to_input=True):
            return super().backward(dy * (self.positive > 0), to_input)
    data = tens(seed)
    return watch(chain(data, seed, fc3=DenseReLU(10, init="torch")), OwnSGD(0.1), data, seed, steps=Loop())


@sick("outputs-too-many", 9, "outputs", against=RATES)
def outputs_too_many(seed):
    data = quarters(seed)
    return watch(conv(data, seed, fc3=Dense(1000, init="he")), SGD(0.005), data, seed, epochs=6)


@sick("outputs-one-more", 9, "outputs", against=RATES)
def outputs_one_more(seed):
    data = quarters(seed)
    return watch(tanhs(data, seed), SGD(0.02), data, seed, classes=("none", "a", "b", "c", "d"))


@sick("weights-zero", 9, "equal-weights", also=("gradients-zero", "one-answer"), against=RATES)
def weights_zero(seed):
    data = quarters(seed)
    net = conv(data, seed)
    for array in net.params().values():
        array[...] = 0
    return watch(net, SGD(0.05), data, seed)


@sick("weights-equal", 9, "equal-weights", also=("one-answer", "class-never"), against=RATES)
def weights_equal(seed):
    data = tens(seed)
    net = chain(data, seed)
    for name in ("fc1", "fc2", "fc3"):
        net[name].w[...] = 0.1
    return watch(net, OwnSGD(0.05), data, seed, steps=Loop())


@sick("weights-equal-in-one", 9, "equal-weights", also=("one-answer", "class-never", "weights-large"), against=RATES, where=("fc2",))
def weights_equal_in_one(seed):
    data = forms(seed)
    net = conv(data, seed)
    net["fc2"].w[...] = 0.02
    return watch(net, SGD(0.02, form="torch"), data, seed)


@sick("weights-large", 9, "weights-large", also=("rate-high", "dead", "one-answer"), against=("rate-low",))
def weights_large(seed):
    data = stripes(seed)
    net = two(data, seed)
    for name, w in net.params().items():
        w *= 20 if w.ndim > 1 else 1
    return watch(net, SGD(0.01), data, seed)


@sick("weights-normal-1", 9, "weights-large", also=("rate-high", "dead", "one-answer"), against=("rate-low",))
def weights_normal(seed):
    """np.random.randn, as it comes."""
    data = tens(seed)
    own = dict(fc1=Dense(64, std=1), fc2=Dense(64, std=1), fc3=Dense(10, std=1))
    return watch(chain(data, seed, **own), OwnSGD(0.05), data, seed, steps=Loop())


@sick("weights-small-deep", 9, "weights-small", also=("gradients-vanish",), against=("rate-high",))
def weights_small(seed):
    data = quarters(seed)
    return watch(deep(data, seed, 7, make=lambda units: Dense(units, std=0.01)), SGD(0.02), data, seed)


@sick("weights-small-own", 9, "weights-small", also=("gradients-vanish",), against=("rate-high",))
def weights_small_own(seed):
    data = stripes(seed)
    net = built(data, seed, {}, conv1=Conv2D(6, 3, pad=1, std=1e-3), relu1=ReLU(), conv2=Conv2D(8, 3, pad=1, std=1e-3),
                relu2=ReLU(), pool2=MaxPool(4, 4), flatten=Flatten(), fc3=Dense(16, std=1e-3), relu3=ReLU(),
                fc4=Dense(4, std=1e-3))
    return watch(net, OwnSGD(0.1, 0.9), data, seed, steps=Loop())


@sick("biases-hide", 9, "biases-hide", also=("weights-small",), against=RATES)
def biases_hide(seed):
    data = quarters(seed)
    net = built(data, seed, {}, conv1=Conv2D(8, 3, pad=1), relu1=ReLU(), conv2=Conv2D(8, 3, pad=1, bias=1), relu2=ReLU(),
                pool2=MaxPool(4, 4), flatten=Flatten(), fc3=Dense(16, bias=1), relu3=ReLU(), fc4=Dense(4))
    return watch(net, SGD(0.001), data, seed)
