"""Ill trainings, kinds 5 and 7 of the record, and brothers: validation, batches of one and of four, classes that are
rare, MNIST's digits."""
import numpy as np

import npnet
from npnet.layers import BatchNorm, Conv2D, Dense, ReLU, Sigmoid
from npnet.ops.softmax import softmax_forward
from npnet.optim import SGD, Constant, Cosine, WarmUp
from ward_tools import (Drawn, Loop, OwnAdam, OwnSGD, chain, colours, conv, digits, dropped, evaluated, forms, in_order,
                        normed, quarters, raw, registered, stripes, tanhs, tens, two, watch, with_labels)

HELD = []
sick = registered(HELD)
RATES = ("rate-low", "rate-high")
LABELS = dict(against=RATES)


# ------------------------------------------------------------------------ 5: validation

@sick("statistics-behind", 5, "statistics-behind", against=("by-heart",))
def statistics_behind(seed):
    """Numbers from 0 to 1, as batch normalisation is said to need nothing else."""
    data, held = (part._replace(x=0.2 * part.x + 0.5) for part in forms(seed).halves())
    return watch(normed(data, seed, 0.001), SGD(0.03), data, seed, held=held, epochs=6)


@sick("statistics-behind-deep", 5, "statistics-behind", against=("by-heart",))
def statistics_behind_deep(seed):
    data, held = forms(seed).halves()
    own = dict(conv1=Conv2D(8, 5, pad=2, init="he"), fc2=Dense(16, init="he"), norm2=BatchNorm(0.002), relu2=ReLU(),
               fc4=Dense(5, init="he"))
    net = normed(data, seed, 0.002, **own, fc3=Dense(16, init="he"))
    return watch(net, OwnAdam(0.01), data, seed, held=held, steps=Loop(), epochs=6)


@sick("statistics-never-moved", 5, "statistics-behind", "statistics-frozen", against=("by-heart",))
def statistics_never_moved(seed):
    """A momentum of 0: another library's 1 - momentum."""
    data, held = forms(seed).halves()
    data, held = (part._replace(x=2 * part.x + 1) for part in (data, held))
    return watch(normed(data, seed, 0.0), SGD(0.05), data, seed, held=held)


@sick("classes-in-another-order", 5, "classes-differ", also=("pipelines-differ",), against=("by-heart",))
def classes_other(seed):
    data, held = quarters(seed).halves()
    return watch(conv(data, seed), SGD(0.02), data, seed, held=with_labels(held, np.array([2, 0, 3, 1])[held.labels]))


@sick("classes-sorted-as-text", 5, "classes-differ", also=("pipelines-differ",), against=("by-heart",))
def classes_sorted(seed):
    """Validation counts its classes the other way round, as a listing of folders gave them."""
    data, held = tens(seed).halves()
    return watch(tanhs(data, seed), SGD(0.03), data, seed, held=with_labels(held, 9 - held.labels), size=16)


@sick("validation-bgr", 5, "validation-other", "pipelines-differ", also=("classes-differ",), against=("by-heart",))
def validation_bgr(seed):
    data, held = colours(seed).halves()
    shift = np.array([0.8, 0, -0.8], np.float32).reshape(1, 3, 1, 1)        # a sunset is redder than it is blue
    data, held = data._replace(x=data.x + shift), held._replace(x=(held.x + shift)[:, ::-1].copy())
    return watch(conv(data, seed), SGD(0.02), data, seed, held=held)


@sick("validation-raw", 5, "validation-other", "pipelines-differ", against=("by-heart",))
def validation_raw(seed):
    data, held = forms(seed).halves()
    return watch(two(data, seed), SGD(0.02), data, seed, held=raw(held))


@sick("validation-without-mean", 5, "validation-other", "pipelines-differ", against=("by-heart",))
def validation_without_mean(seed):
    """Divided by the deviation, but the mean is still in it; a loop of one's own judges it."""
    data, held = forms(seed).halves()

    def judged(net, held):
        return evaluated(net, held._replace(x=held.x + 2))
    return watch(two(data, seed), OwnAdam(0.005), data, seed, held=held, steps=Loop(), judged=judged)


@sick("validation-over-255", 5, "validation-other", "pipelines-differ", against=("by-heart",))
def validation_over_255(seed):
    data, held = tens(seed).halves()
    return watch(chain(data, seed), SGD(0.02), data, seed, held=held._replace(x=held.x / 255))


@sick("validation-nan", 5, "validation-nan", also=("nan-input", "pictures-nan"), against=("by-heart", *RATES))
def validation_nan(seed):
    data, held = quarters(seed).halves()
    held.x[5, 0, 2, 2] = np.nan
    return watch(conv(data, seed), SGD(0.02), data, seed, held=held)


@sick("same-pictures", 5, "same-pictures", against=("by-heart",))
def same_pictures(seed):
    data = stripes(seed, 256)
    return watch(two(data, seed), SGD(0.02), data, seed, held=data)


@sick("by-heart-noise", 5, "by-heart", also=("labels-shuffled",), against=("pipelines-differ", "classes-differ"))
def by_heart_noise(seed):
    """Few pictures whose labels are half wrong, and many passes over them."""
    data, held = stripes(seed, 224).halves()
    random = np.random.default_rng(seed)
    data = with_labels(data, np.where(random.random(len(data.x)) < 0.5, random.integers(0, 4, len(data.x)), data.labels))
    return watch(chain(data, seed, fc1=Dense(64, init="he")), SGD(0.05), data, seed, held=held, epochs=50)


@sick("by-heart-few", 5, "by-heart", against=("pipelines-differ", "classes-differ"))
def by_heart_few(seed):
    data, held = forms(seed, 96).halves()
    return watch(chain(data, seed, fc1=Dense(64, init="he")), OwnAdam(0.003), data, seed, held=held, steps=Loop(), size=8,
                 epochs=30)


# ------------------------------------------------------------------------ 7: batches of one, and of four

@sick("batch-1-rate-high", 7, "rate-high", also=("dead", "one-answer", "class-never", "nan-overflow"), against=("rate-low",))
def batch_1_high(seed):
    data = quarters(seed, 300)
    return watch(chain(data, seed), SGD(0.5), data, seed, size=1, epochs=3)


@sick("batch-1-rate-low", 7, "rate-low", against=("rate-high", "weights-small"))
def batch_1_low(seed):
    data = tens(seed, 400)
    return watch(chain(data, seed, "torch"), SGD(1e-8), data, seed, size=1, epochs=2)


@sick("batch-1-shuffled-labels", 7, "labels-shuffled", **LABELS)
def batch_1_shuffled(seed):
    data = tens(seed, 800)
    data = with_labels(data, np.random.default_rng(seed).permutation(data.labels))
    return watch(chain(data, seed, "torch"), SGD(0.001), data, seed, size=1, epochs=2)


@sick("batch-4-decay", 7, "decay-strong", against=RATES)
def batch_4_decay(seed):
    data = forms(seed, 400)
    return watch(chain(data, seed), SGD(0.01, weight_decay=2), data, seed, size=4, epochs=6)


@sick("batch-4-sorted", 7, "labels-sorted", also=("one-answer", "class-never"), **LABELS)
def batch_4_sorted(seed):
    data, held = forms(seed, 400).halves()
    order = np.argsort(data.labels, kind="stable")
    data = Drawn(data.x[order], data.labels[order], 5)
    return watch(chain(data, seed), SGD(0.01), data, seed, size=4, batches=in_order, epochs=4, held=held)


# ------------------------------------------------------------------------ brothers

def rare(data, seed, share):
    """The same with all classes but 0 left out, save so many of them that together they are `share`."""
    first = np.flatnonzero(data.labels == 0)
    others = np.flatnonzero(data.labels)[:int(len(first) * share / (1 - share))]
    kept = np.random.default_rng(seed).permutation(np.concatenate([first, others]))
    return Drawn(data.x[kept], data.labels[kept], data.classes)


@sick("one-class-95-in-100", "brother", "class-never", "one-answer", against=("rate-high",))
def one_class(seed):
    """The loss falls to that of the shares, and the answer is always the frequent class."""
    data = rare(stripes(seed, 2400), seed, 0.05)
    return watch(chain(data, seed, "torch"), SGD(0.003, momentum=0.5), data, seed)


@sick("one-class-95-validation", "brother", "class-never", "one-answer", against=("rate-high", "by-heart"))
def one_class_validation(seed):
    """Validation has as many of each, and is right at chance."""
    data, (_, held) = rare(forms(seed, 3000), seed, 0.04), forms(seed + 100).halves()
    return watch(tanhs(data, seed), OwnSGD(0.02), data, seed, steps=Loop(), held=held)


@sick("class-of-few-pictures", "brother", "class-never", against=("rate-high",))
def class_of_few(seed):
    data = quarters(seed, 1000)
    kept = np.flatnonzero((data.labels < 3) | (np.arange(len(data.x)) % 60 == 0))
    data = Drawn(data.x[kept], data.labels[kept], 4)
    return watch(tanhs(data, seed), SGD(0.001), data, seed, epochs=6)


@sick("warm-up-of-one-step", "brother", "rate-high", also=("dead", "one-answer", "class-never"), against=("rate-low",))
def warm_up_short(seed):
    data = forms(seed)
    return watch(conv(data, seed), SGD(WarmUp(2, Constant(1.0))), data, seed)


@sick("sigmoid-last", "brother", "outputs-bounded", "saturated", also=("softmax-twice",), against=RATES)
def sigmoid_last(seed):
    """Outputs from 0 to 1, which the softmax cannot tell apart well."""
    data = tens(seed)
    return watch(chain(data, seed, last=Sigmoid()), SGD(0.02), data, seed)


@sick("digits-raw", "brother", "input-scale", also=("rate-high", "dead", "one-answer", "class-never"), against=("rate-low",),
      reference=True)
def digits_raw(seed):
    data = raw(digits(seed))
    return watch(chain(data, seed, fc1=Dense(32, init="he")), SGD(0.05), data, seed)


@sick("digits-shuffled", "brother", "labels-shuffled", reference=True, **LABELS)
def digits_shuffled(seed):
    data = digits(seed, 1600)
    data = with_labels(data, np.random.default_rng(seed).permutation(data.labels))
    return watch(tanhs(data, seed), SGD(0.01), data, seed, epochs=6)


@sick("digits-loss-sums", "brother", "loss-sums", also=("dead", "one-answer", "class-never"), against=RATES, reference=True)
def digits_loss_sums(seed):
    def summed(logits, labels):
        p = softmax_forward(logits)
        rows = np.arange(len(labels))
        loss = -np.log(np.maximum(p[rows, labels], 1e-30)).sum()
        p[rows, labels] -= 1
        return loss, p
    data = digits(seed)
    return watch(chain(data, seed, fc1=Dense(32, init="he")), OwnSGD(0.1), data, seed, steps=Loop(summed), size=64)


@sick("digits-rate-low", "brother", "rate-low", against=("rate-high",), reference=True)
def digits_rate_low(seed):
    data, held = digits(seed).halves()
    return watch(dropped(data, seed), SGD(Cosine(1e-6, steps=240)), data, seed, held=held)


@sick("digits-validation-inverted", "brother", "validation-other", "pipelines-differ", against=("by-heart",), reference=True)
def digits_inverted(seed):
    """Black on white in training, white on black in validation."""
    data, held = digits(seed).halves()
    return watch(chain(data, seed), SGD(0.02), data, seed, held=held._replace(x=-held.x))


@sick("digits-tanh-own", "brother", "backward-wrong", also=("dead", "one-answer"), against=RATES, where=("tanh1", "tanh2"),
      reference=True)
def digits_tanh(seed):
    """A tanh of one's own, whose backward takes y * y - 1."""
    class MyTanh(npnet.Layer):
        def forward(self, x, train=False):
            self.y = np.tanh(x)
            return self.y

        def backward(self, dy, to_input=True):
            return dy * (self.y ** 2 - 1)
    data = digits(seed)
    net = tanhs(data, seed, "he", tanh1=MyTanh(), tanh2=MyTanh())
    return watch(net, OwnSGD(0.1, 0.9), data, seed, steps=Loop())
