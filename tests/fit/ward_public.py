"""The commonest public complaints of people who train networks, each with the causes that were found for them.

    the loss stays at log(classes)      2.303, 0.693, 6.9
    NaN after some steps                also Caffe's 87.3365, which is -log of the smallest float32
    validation is far worse
    one class only                      "my network always predicts the same class"
    the loss falls, accuracy does not

The planted name is what the first remark must lead with. Docstrings say where such a cause was told.
"""
import numpy as np
from ward_healthy_tools import patterns, softmax
from ward_tools import (Drawn, Loop, OwnAdam, OwnSGD, built, chain, conv, deep, forms, in_order, quarters, raw, registered,
                        stripes, tanhs, tens, two, watch, with_labels)

from npnet.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPool, ReLU, Softmax
from npnet.optim import SGD, StepDecay

PUBLIC = []
RATES = ("rate-low", "rate-high")
complaint = registered(PUBLIC)


# ------------------------------------------------------------------------ the loss stays at log(classes)

@complaint("stuck: biases of 1", "public", "biases-hide", also=("weights-small",), against=RATES)
def biases(seed):
    """"Open the network file and change all the bias 1 to 0.1" (BVLC/caffe 2085 and 327)."""
    data = tens(seed)
    net = built(data, seed, {}, conv1=Conv2D(8, 3, pad=1), relu1=ReLU(), conv2=Conv2D(8, 3, pad=1, bias=1), relu2=ReLU(),
                pool2=MaxPool(2, 2), flatten=Flatten(), fc3=Dense(24, bias=1), relu3=ReLU(), fc4=Dense(24, bias=1),
                relu4=ReLU(), fc5=Dense(10))
    return watch(net, SGD(0.01), data, seed)


@complaint("stuck: softmax in the network", "public", "softmax-twice", against=RATES)
def softmax_too(seed):
    """"Check if you pass the softmax into the CrossEntropy loss" (discuss.pytorch.org 43814)."""
    data = tens(seed)
    return watch(chain(data, seed, "torch", prob=Softmax()), OwnSGD(0.02), data, seed, steps=Loop())


@complaint("stuck: a tenth after each step", "public", "schedule-ended", also=("rate-low", "rate-zero"),
           against=("rate-high",))
def each_step(seed):
    """"I was reducing learning rate by 10 every step" (matteo-dunnhofer/imagenet 10)."""
    data = forms(seed)
    return watch(conv(data, seed, "torch"), SGD(StepDecay(0.001, every=1)), data, seed)


@complaint("stuck: labels left in place", "public", "labels-shuffled", against=RATES)
def left_in_place(seed):
    """The pictures were shuffled, and the labels were not (told in many threads)."""
    data = quarters(seed, 1600)
    x = data.x[np.random.default_rng(seed).permutation(len(data.x))]
    return watch(two(data, seed), SGD(0.01), data._replace(x=x), seed, epochs=5)


@complaint("stuck: 0 to 255", "public", "input-scale", also=("rate-high", "dead", "one-answer", "class-never"),
           against=("rate-low",))
def not_normalised(seed):
    """"You forgot to normalize your data" (theorangeduck.com): the first thing on every list."""
    data = raw(tens(seed))
    return watch(chain(data, seed), SGD(0.01), data, seed)


@complaint("stuck at 0.693: relu last", "public", "relu-last", also=("dead", "gradients-zero", "one-answer", "class-never"),
           against=RATES)
def relu_last(seed):
    """Two classes, biases drawn below 0, and a ReLU after every layer, the last one too."""
    data = patterns(seed, 800, 2)
    return watch(conv(data, seed, fc3=Dense(2, std=0.05, bias=-2), relu3=ReLU()), SGD(0.02), data, seed)


@complaint("stuck: weights of 0.01", "public", "weights-small", also=("gradients-vanish",), against=("rate-high",))
def small_weights(seed):
    """"I use MSRA init in convolution layers ... it works" (BVLC/caffe 3243)."""
    data = stripes(seed)
    return watch(deep(data, seed, 7, make=lambda units: Dense(units, std=0.01)), SGD(0.01), data, seed)


@complaint("stuck: all weights 0", "public", "equal-weights", also=("gradients-zero", "one-answer"), against=RATES)
def zeros(seed):
    """Weights made by zeros(...), in a network of one's own."""
    data = tens(seed)
    return watch(chain(data, seed, "paper", fc1=Dense(16, std=0), fc2=Dense(16, std=0), fc3=Dense(10, std=0)), OwnSGD(0.1),
                 data, seed, steps=Loop())


# ------------------------------------------------------------------------ NaN after some steps

@complaint("nan: rate", "public", "rate-high", "nan-overflow", also=("dead",), against=("rate-low",))
def rate(seed):
    """"Try reducing learning rate" (karpathy/nanoGPT 136)."""
    data = stripes(seed)
    net = built(data, seed, {}, conv1=Conv2D(8, 3, pad=1, init="he"), flatten=Flatten(), fc2=Dense(16, init="he"),
                fc3=Dense(4, init="he"))
    return watch(net, SGD(0.5), data, seed)


@complaint("nan: own log(0)", "public", "loss-log-zero", against=RATES)
def log_of_0(seed):
    """y * log(p) + (1 - y) * log(1 - p) by hand: where p becomes 1, it is 0 times infinity (tensorflow/models 181)."""
    def loss(logits, labels):
        p = softmax(logits)
        y = np.eye(logits.shape[1], dtype=logits.dtype)[labels]
        return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(), (p - y) / len(labels)
    data = patterns(seed, 800, 2, noise=0.3)
    return watch(chain(data, seed), OwnSGD(0.05, 0.9), data, seed, steps=Loop(loss), epochs=20)


@complaint("nan: a picture", "public", "pictures-nan", "nan-input", against=RATES)
def a_picture(seed):
    """One damaged picture among many, met after some steps."""
    data = forms(seed)
    data.x[500, 0, 2:4] = np.nan
    return watch(conv(data, seed), SGD(0.01), data, seed, batches=in_order)


@complaint("nan: 0 to 255", "public", "input-scale", also=("rate-high", "nan-overflow", "dead"), against=("rate-low",))
def not_divided(seed):
    """"Why dividing pixel values by 255 is the difference between a working network and a screen full of NaN"."""
    data = raw(stripes(seed))
    net = built(data, seed, {}, conv1=Conv2D(8, 3, pad=1, init="he"), flatten=Flatten(), fc2=Dense(16, init="he"),
                fc3=Dense(4, init="he"))
    return watch(net, SGD(0.01), data, seed)


@complaint("87.3365", "public", "rate-high", "nan-overflow", also=("dead", "loss-own", "one-answer"), against=("rate-low",))
def caffe(seed):
    """Caffe takes 1.2e-38 for every p that is 0 or NaN: where it diverges, the loss stays at 87.3365 (wy1iu/sphereface 103)."""
    def loss(logits, labels):
        p, own = softmax(logits), np.arange(len(labels))
        ones = np.eye(logits.shape[1], dtype=logits.dtype)[labels]
        return -np.log(np.fmax(p[own, labels], np.finfo(np.float32).tiny)).mean(), (p - ones) / len(labels)
    data = stripes(seed)
    net = built(data, seed, {}, conv1=Conv2D(8, 3, pad=1, init="he"), flatten=Flatten(), fc2=Dense(16, init="he"),
                fc3=Dense(4, init="he"))
    return watch(net, SGD(0.5), data, seed, steps=Loop(loss))


# ------------------------------------------------------------------------ validation is far worse

@complaint("held: batch norm", "public", "statistics-behind", against=("by-heart",))
def evaluating(seed):
    """Good in train(), at chance in eval(): the running statistics (pytorch/pytorch 4741, keras-team/keras 6977)."""
    part, held = stripes(seed).halves()
    net = two(part, seed, relu1=BatchNorm(0.002), pool1=ReLU(), conv2=Conv2D(8, 3, stride=2, pad=1, init="he"),
              relu2=BatchNorm(0.002))
    far = Drawn(4 * part.x + 9, part.labels, 4), Drawn(4 * held.x + 9, held.labels, 4)
    return watch(net, SGD(0.01), far[0], seed, held=far[1])


@complaint("held: prepared otherwise", "public", "validation-other", "pipelines-differ", against=("by-heart",))
def prepared(seed):
    """Training divides by 255 and subtracts the mean, validation only divides."""
    part, held = forms(seed).halves()
    return watch(conv(part, seed), SGD(0.02), part, seed, held=held._replace(x=0.2 * held.x + 0.45), epochs=10)


@complaint("held: order of classes", "public", "classes-differ", against=("by-heart",))
def folders(seed):
    """The folders of the second set were listed in another order."""
    part, held = tens(seed).halves()
    order = np.random.default_rng(seed).permutation(10)
    return watch(tanhs(part, seed), SGD(0.02), part, seed, held=with_labels(held, order[held.labels]))


@complaint("held: few pictures", "public", "by-heart", against=("pipelines-differ", "classes-differ", "validation-other"))
def few(seed):
    """Sixty pictures, three hundred to validate by, no dropout, many epochs."""
    data = patterns(seed, 360, 4, noise=5)
    return watch(chain(data, seed, fc1=Dense(64, init="he")), SGD(0.02), data.part(0, 60), seed, held=data.part(60, None),
                 size=20, epochs=60)


# ------------------------------------------------------------------------ one class only

@complaint("one class: 97 to 3", "public", "class-never", "one-answer", against=("rate-high",))
def rare(seed):
    """"This happens when the model has collapsed to predicting the most dominant class": 97 % are right."""
    data = patterns(seed, 1200, 2, noise=7, shares=(0.97, 0.03))
    return watch(conv(data, seed, "torch"), SGD(0.002, weight_decay=0.01), data, seed, epochs=6)


@complaint("one class: sorted", "public", "labels-sorted", also=("one-answer", "class-never"), against=RATES)
def by_class(seed):
    """All pictures of the first class, then all of the second."""
    part, held = stripes(seed).halves()
    order = np.argsort(part.labels, kind="stable")
    part = Drawn(part.x[order], part.labels[order], 4)
    return watch(two(part, seed), SGD(0.02), part, seed, batches=in_order, size=16, held=held)


@complaint("one class: dead by the rate", "public", "rate-high", "dead", also=("one-answer", "class-never"),
           against=("rate-low",))
def died(seed):
    """"The parameters are almost all negative, and their derivatives are all zero"."""
    data = forms(seed)
    return watch(conv(data, seed), OwnSGD(1.0, 0.9), data, seed, steps=Loop())


@complaint("one class: rate too low", "public", "rate-low", also=("one-answer", "class-never"), against=("rate-high",))
def too_low(seed):
    """"The predictive value is always the same": "the learning rate is too small" (halwai/bird_classification 12)."""
    data = patterns(seed, 800, 4)
    net = chain(data, seed, "torch", fc3=Dense(4, init="torch"))
    net["fc3"].b[...] = (0.5, 0, 0, 0)
    return watch(net, OwnSGD(1e-7), data, seed, steps=Loop())


# ------------------------------------------------------------------------ the loss falls, accuracy does not

@complaint("falls: the penalty", "public", "decay-strong", "loss-own", against=RATES)
def penalty(seed):
    """The loss has the squares of the weights in it, and they are what falls."""
    data = stripes(seed)
    net, decay = two(data, seed), 4

    def loss(logits, labels):
        p = softmax(logits)
        ones = np.eye(logits.shape[1], dtype=logits.dtype)[labels]
        squares = sum(float((w ** 2).sum()) for w in net.params().values() if w.ndim > 1)
        return -np.log((p * ones).sum(axis=1)).mean() + decay / 2 * squares, (p - ones) / len(labels)
    return watch(net, OwnSGD(0.01, decay=decay), data, seed, steps=Loop(loss))


@complaint("falls: other labels", "public", "loss-own", also=("class-never", "labels-shuffled"), against=RATES)
def other_labels(seed):
    """The loss has the labels of the batch in the order of its pictures; what is compared was sorted."""
    data = quarters(seed)

    def relabelled(net, optimizer, batches):
        for step in Loop()(net, optimizer, batches):
            yield step._replace(labels=np.sort(step.labels))
    return watch(conv(data, seed), SGD(0.02), data, seed, steps=relabelled)


@complaint("falls: softmax twice", "public", "softmax-twice", against=RATES)
def twice(seed):
    """It falls from 2.303 to 2.2 and no further; "applying the softmax ... the accuracy dropped to 35 %"."""
    data = tens(seed)
    return watch(tanhs(data, seed, prob=Softmax()), SGD(0.01), data, seed, epochs=3)


@complaint("falls: rare class", "public", "class-never", "one-answer", against=("rate-high",))
def shares(seed):
    """From 0.69 to the loss of knowing how frequent the classes are, and the answer is always the frequent one."""
    data = patterns(seed, 1200, 2, noise=6, shares=(0.92, 0.08))
    return watch(chain(data, seed, "torch"), OwnSGD(0.01), data, seed, steps=Loop(), epochs=5)


@complaint("falls: by heart", "public", "by-heart", against=("pipelines-differ", "classes-differ", "validation-other"))
def validation_stays(seed):
    """The loss of training falls to 0, and the accuracy of validation stays where it was."""
    data = patterns(seed, 700, 4, noise=8)
    return watch(chain(data, seed, fc1=Dense(96, init="he")), OwnAdam(0.003), data.part(0, 200), seed, steps=Loop(),
                 held=data.part(200, None), epochs=30)
