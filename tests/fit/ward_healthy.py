"""Healthy trainings of many kinds: each one truly learns, which it asserts itself, and should hear no remark.

A run raises NotHealthy where its network did not learn: then it says nothing about a doctor who alarms in it.
Batches, schedules, initial weights, beginnings, layers, sets, optimizers and losses differ; a run takes about a second.
"""
import functools
import gzip
import math
import os
from pathlib import Path

import numpy as np
from ward_healthy_tools import (Halves, NotHealthy, Nesterov, RMSprop, beginning_with, chance_of, from_0_to_1, frozen, grown, hinge,
                                imbalanced, learnt, minus_mean, noisy, of, patterns, redrawn, saved, smoothed, squared,
                                strokes, trained, weighted)
from ward_tools import (Loop, OwnAdam, OwnSGD, Patient, built, chain, colours, conv, deep, digits, dropped, evaluated,
                        forms, normed, paths, quarters, shuffled, stripes, tanhs, tens, two, watch, with_labels)

import npnet
from npnet.data.shapes import shapes
from npnet.layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Conv2D, Dense, Dropout, Flatten, MaxPool, ReLU,
                          Sigmoid, Tanh)
from npnet.optim import SGD, Constant, Cosine, MultiStep, Plateau, Polynomial, StepDecay, WarmUp

HEALTHY = []


def healthy(name, reference=False):
    """The decorator: a function of a seed that trains and returns what was Heard becomes a patient without a fault.
    reference: only where the reference data are."""
    def keep(run):
        @functools.wraps(run)
        def alone(seed):
            npnet.use("numpy")                                          # quickest for networks as small as these
            return run(seed)
        if os.environ.get("NPNET_REFERENCE") or not reference:
            HEALTHY.append(Patient(name, "healthy", (), alone, reference=reference))
        return run
    return keep


def usual(name, optimizer, data=quarters, net=conv, below=0.5, above=0.75, chance=None, reference=False, held=True,
          **options):
    """One more patient. optimizer() makes one, data(seed) pictures and net(data, seed) a network; a quarter of the
    pictures is held out, unless held is False; options: of watch."""
    @healthy(name, reference)
    def run(seed):
        every = data(seed)
        part, validation = every.halves() if held else (every, None)
        given = options | ({"steps": options["steps"]()} if "steps" in options else {})
        heard = watch(net(part, seed), optimizer(), part, seed, **{"epochs": 6, "held": validation, **given})
        return learnt(heard, chance or chance_of(part), below, above)


# ------------------------------------------------------------------------ batches

for size, epochs, rate in ((1, 2, 0.001), (2, 2, 0.002), (8, 4, 0.01), (32, 6, 0.02), (128, 15, 0.03), (512, 40, 0.05)):
    usual(f"batch {size}", of(SGD, rate), size=size, epochs=epochs)
usual("batch 512, wide", of(SGD, 0.02), patterns, of(chain, fc1=Dense(128, init="he")), size=512, epochs=40)
usual("batch 1, own loop", of(OwnSGD, 0.01), size=1, epochs=2, steps=Loop)
usual("all pictures in a batch", of(SGD, 0.05), of(quarters, count=256), size=192, epochs=60)
usual("a last batch of one", of(SGD, 0.02), of(quarters, count=641), held=False)
usual("a last batch of three", of(SGD, 0.02), of(stripes, count=771), two, held=False, epochs=6)

# ------------------------------------------------------------------------ schedules: 108 steps in six epochs

usual("StepDecay", lambda: SGD(StepDecay(0.02, every=40, factor=0.3)))
usual("MultiStep", lambda: SGD(MultiStep(0.02, at=(60, 90))))
usual("MultiStep, long after", lambda: SGD(MultiStep(0.02, at=(60, 80, 100))), epochs=14)
usual("Polynomial", lambda: SGD(Polynomial(0.02, steps=108)))
usual("Polynomial, 0 at the end", lambda: SGD(Polynomial(0.02, steps=107)))
usual("Polynomial of power 2", lambda: SGD(Polynomial(0.03, steps=108, power=2)))
usual("Cosine to its end", lambda: SGD(Cosine(0.02, steps=108)))
usual("Cosine with a lowest rate", lambda: SGD(Cosine(0.02, steps=144, lowest=0.001)), stripes, two, epochs=8)
usual("Cosine of many steps", lambda: SGD(Cosine(0.02, steps=100000)))
usual("WarmUp", lambda: SGD(WarmUp(40, Constant(0.02))))
usual("WarmUp and Cosine", lambda: SGD(WarmUp(30, Cosine(0.03, steps=114))), net=of(conv, init="torch"), epochs=8)
usual("a long WarmUp", lambda: SGD(WarmUp(130, Constant(0.03))), epochs=8)
usual("restarts", lambda: SGD(lambda step: 0.02 * (1 + math.cos(math.pi * (step % 36) / 36)) / 2))
usual("one cycle", lambda: SGD(lambda step: 0.04 * max(0.02, 1 - abs(step - 50) / 58)))


@healthy("Plateau")
def plateau(seed):
    part, held = quarters(seed).halves()
    optimizer = SGD(Plateau(0.02, patience=1, times=2))

    def judged(net, pictures):
        result = evaluated(net, pictures)
        optimizer.schedule.saw(1 - result.top1)
        return result
    return learnt(watch(conv(part, seed), optimizer, part, seed, epochs=14, held=held, judged=judged), math.log(4))


# ------------------------------------------------------------------------ initial weights

def orthogonal(data, seed):
    """Weights whose columns stand at right angles (Saxe et al. 2014)."""
    net = chain(data, seed)
    for w in net.params().values():
        if w.ndim > 1:
            w[...] = np.linalg.svd(w, full_matrices=False)[0][:, :w.shape[1]] * math.sqrt(2)
    return net


usual("init torch", of(SGD, 0.03), net=of(conv, init="torch"))
usual("init torch, two convolutions", of(SGD, 0.05), stripes, of(two, init="torch"), epochs=8)
usual("init he, forms", of(SGD, 0.02), forms, epochs=10)
usual("init paper", of(SGD, 0.001), minus_mean, of(conv, init="paper"), epochs=8)
usual("init paper, Dense", of(SGD, 0.05), net=of(chain, init="paper"), epochs=16)
usual("Xavier", of(SGD, 0.03), net=of(redrawn, make=tanhs))
usual("Xavier before ReLU", of(SGD, 0.03), net=redrawn)
usual("orthogonal weights", of(SGD, 0.02), net=orthogonal)
usual("all weights of one deviation", of(SGD, 0.05), net=of(redrawn, make=chain, scale=lambda *sizes: 0.1), epochs=8)
usual("the paper's biases of 1", of(SGD, 0.02), stripes, of(two, conv2=Conv2D(8, 3, pad=1, init="he", bias=1)), epochs=8)
usual("biases of 0.1", of(SGD, 0.02), net=of(conv, fc2=Dense(16, init="he", bias=0.1)))


# ------------------------------------------------------------------------ from weights, frozen, going on

@healthy("from its own weights")
def from_weights(seed):
    net, data = trained(seed, epochs=3)
    return learnt(watch(net, SGD(0.01), data, seed, epochs=4), math.log(4))


@healthy("learnt long ago")
def long_ago(seed):
    """Nothing is left to learn: gradients and steps are very short."""
    net, data = trained(seed, epochs=10)
    return learnt(watch(net, SGD(0.001), data, seed, epochs=6), math.log(4), 0.2, 0.95)


@healthy("fine-tuned, front frozen")
def fine_tuned(seed):
    """Another set of other classes: a new last layer, conv1 frozen, fc2 going on."""
    before, (part, held) = trained(seed)[0], patterns(seed, classes=3).halves()
    net = frozen(beginning_with(before, conv(part, seed)), "conv1")
    return learnt(watch(net, SGD(0.01), part, seed, epochs=6, held=held), math.log(3))


@healthy("only the last layer")
def only_last(seed):
    before, (part, held) = trained(seed)[0], quarters(seed + 100).halves()
    net = frozen(beginning_with(before, conv(part, seed + 1)), "conv1", "fc2")
    return learnt(watch(net, SGD(0.02), part, seed, epochs=6, held=held), math.log(4))


@healthy("going on, a new doctor")
def going_on(seed):
    """The second half of a training, in a loop of one's own after a break."""
    data, optimizer = quarters(seed), SGD(Cosine(0.02, steps=240))
    net = conv(data, seed)
    watch(net, optimizer, data, seed, epochs=5)
    return learnt(watch(saved(net), optimizer, data, seed + 1, epochs=5), math.log(4))


usual("frozen from the start", of(SGD, 0.02), net=lambda data, seed: frozen(conv(data, seed), "conv1"))
usual("frozen in the middle", of(SGD, 0.03), net=lambda data, seed: frozen(chain(data, seed), "fc2"), epochs=8)

# ------------------------------------------------------------------------ layers

SIGMOIDS = dict(make=lambda units: Dense(units, init="torch"), between=Sigmoid)
usual("tanh", of(SGD, 0.03), net=tanhs)
usual("tanh, five deep", of(SGD, 0.03), net=of(deep, depth=5, between=Tanh), epochs=8)
usual("a sigmoid", of(SGD, 0.2), net=of(deep, depth=2, **SIGMOIDS), epochs=10)
usual("two sigmoids", of(SGD, 0.5), net=of(deep, depth=3, **SIGMOIDS), epochs=20)
usual("three sigmoids", of(SGD, 0.5), net=of(redrawn, make=of(deep, depth=4, **SIGMOIDS),
                                             scale=lambda inputs, outputs: 4 * math.sqrt(2 / (inputs + outputs))), epochs=20)
usual("eight deep", of(SGD, 0.01), net=deep, epochs=12)
usual("no hidden layer", of(SGD, 0.01), net=of(built, changes={}, flatten=Flatten(), fc=Dense(4, init="torch")))
for momentum in (0.1, 0.5, 1.0):
    usual(f"batch norm, momentum {momentum}", of(SGD, 0.02), stripes, of(normed, momentum=momentum), epochs=6)
usual("batch norm, momentum 0.01", of(SGD, 0.005), net=of(normed, momentum=0.01), size=4, epochs=4)
usual("batch norm after Dense", of(SGD, 0.02), net=of(chain, relu1=BatchNorm(), relu2=ReLU()))
usual("batch norm, batch 4", of(SGD, 0.005), net=normed, size=4, epochs=4)
usual("dropout of 0.5", of(SGD, 0.02), net=dropped, epochs=10)
usual("dropout of 0.8, wide", of(SGD, 0.02), net=of(dropped, share=0.8, fc1=Dense(128, init="he")), epochs=10, above=0.7)
usual("dropout at the input", of(SGD, 0.02), net=lambda data, seed: built(
    data, seed, {}, drop=Dropout(0.2), flatten=Flatten(), fc1=Dense(32, init="he"), relu1=ReLU(), fc2=Dense(4, init="he")))
usual("LRN", of(SGD, 0.02), net=of(conv, relu1=ReLU(), pool1=LRN(n=5, k=2, alpha=1e-4)), epochs=6)
usual("average pooling", of(SGD, 0.03), stripes, of(two, pool1=AvgPool(2, 2)), epochs=15)
usual("one average for each map", of(SGD, 0.05), stripes, of(two, pool2=AdaptiveAvgPool(1)), epochs=15)
usual("paths", of(SGD, 0.03), net=paths, epochs=8)
usual("Dense only", of(SGD, 0.02), net=chain, epochs=8)
usual("numbers in a row", of(SGD, 0.02), of(patterns, shape=(20,)), net=lambda data, seed: built(
    data, seed, {}, fc1=Dense(24, init="he"), relu1=ReLU(), fc2=Dense(4, init="he")), epochs=10)
usual("strides in place of pooling", of(SGD, 0.03), stripes, of(two, pool1=Conv2D(6, 2, stride=2, init="he")), epochs=9)

# ------------------------------------------------------------------------ sets

usual("20 pictures by heart", of(SGD, 0.02), of(quarters, count=20), held=False, size=20, epochs=150)
usual("any labels by heart", of(SGD, 0.05), lambda seed: with_labels(
    quarters(seed, 20), np.arange(20) % 4), of(chain, fc1=Dense(64, init="he")), held=False, size=10, epochs=150)
usual("colours", of(SGD, 0.03), colours, epochs=10)
usual("colour, ten classes", of(SGD, 0.03), of(patterns, classes=10, shape=(3, 8, 8)), of(conv, fc2=Dense(32, init="he")),
      epochs=8)
usual("95 to 5", of(SGD, 0.02), imbalanced, epochs=10, above=0.97)
usual("80 to 20, batch 8", of(SGD, 0.005), of(imbalanced, share=0.8), size=8, epochs=4, above=0.9)
usual("two classes", of(SGD, 0.02), of(patterns, classes=2), above=0.85)
usual("fifty classes", of(SGD, 0.03), of(patterns, count=3000, classes=50, noise=0.7), of(chain, fc1=Dense(64, init="he"),
      fc2=Dense(64, init="he")), epochs=8, above=0.6)
usual("raw minus the mean, as Caffe", of(SGD, 1e-4, bias_lr=2), minus_mean, of(conv, init="torch"))
usual("pictures from 0 to 1", of(SGD, 0.05), from_0_to_1, epochs=10)
usual("mostly black pictures", of(SGD, 0.05), strokes, epochs=15)
usual("a tenth of the labels wrong", of(SGD, 0.02), noisy, epochs=8, below=0.6)
usual("a third of the labels wrong", of(SGD, 0.02), of(noisy, share=0.33), epochs=8, below=0.8, above=0.65)
usual("float64", of(SGD, 0.02), grown, lambda data, seed: npnet.Network(
    data.x.shape[1:], seed=seed, dtype=np.float64, conv1=Conv2D(6, 3, pad=1, init="he"), relu1=ReLU(),
    pool1=MaxPool(2, 2), flatten=Flatten(), fc=Dense(4, init="he")), epochs=10)
usual("hard pictures", of(SGD, 0.02), of(patterns, noise=2.5, count=3000), epochs=3, below=0.75, above=0.6)

# ------------------------------------------------------------------------ optimizers

usual("the torch form", of(SGD, 0.02, form="torch"), stripes, two, epochs=8)
usual("no momentum", of(SGD, 0.1, momentum=0), epochs=8)
usual("momentum 0.99", of(SGD, 0.002, momentum=0.99), epochs=10)
usual("momentum 0.5", of(SGD, 0.05, momentum=0.5), stripes, two, epochs=10)
usual("no decay", of(SGD, 0.02, weight_decay=0), tens, tanhs, epochs=12)
usual("decay 0.01", of(SGD, 0.02, weight_decay=0.01), epochs=10)
usual("clip", of(SGD, 0.03, clip=1.0), stripes, two, epochs=8)
usual("a clip that always shortens", of(SGD, 0.05, clip=0.2), epochs=10)
usual("biases twice as fast", of(SGD, 0.02, bias_lr=2), forms, epochs=10)
usual("own SGD", of(OwnSGD, 0.1), steps=Loop, epochs=8)
usual("own SGD, npnet's train", of(SGD, 0.05, momentum=0, weight_decay=0, bias_lr=1), tens, epochs=15)
usual("own momentum and decay", of(OwnSGD, 0.02, 0.9, 0.0005), stripes, two, steps=Loop, epochs=10)
usual("own Adam", of(OwnAdam, 0.003), steps=Loop, epochs=8)
usual("own Adam, two convolutions", of(OwnAdam, 0.005), stripes, two, steps=Loop, epochs=9)
usual("own Adam, batch 4", of(OwnAdam, 0.001), size=4, steps=Loop, epochs=3)
usual("own RMSprop", of(RMSprop, 0.002), steps=Loop, epochs=8)
usual("own Nesterov", of(Nesterov, 0.02), tens, tanhs, steps=Loop, epochs=10)
usual("gradients of two halves", of(SGD, 0.03), stripes, two, steps=Halves, epochs=7)

# ------------------------------------------------------------------------ losses of one's own

usual("label smoothing", of(OwnSGD, 0.05, 0.9), steps=of(Loop, smoothed), epochs=8, below=0.6)
usual("label smoothing, Adam", of(OwnAdam, 0.003), stripes, two, steps=of(Loop, smoothed), epochs=9, below=0.6)
usual("squared error", of(OwnSGD, 0.1, 0.9), steps=of(Loop, squared), epochs=8, chance=0.75)
usual("hinge", of(OwnSGD, 0.01, 0.9), steps=of(Loop, hinge), epochs=8, chance=3)
usual("rare pictures count more", of(OwnSGD, 0.02, 0.9), of(imbalanced, share=0.9), steps=of(Loop, weighted), epochs=10,
      chance=0.6, above=0.9)

# ------------------------------------------------------------------------ courses


def slow(name, net, rate, epochs):
    """A patient whose loss stays at that of guessing for at least a sixth of its epochs, and falls after that."""
    @healthy(name)
    def run(seed):
        part, held = quarters(seed).halves()
        heard = watch(net(part, seed), SGD(rate), part, seed, epochs=epochs, held=held)
        if heard.course[epochs // 6][0] < 0.9 * math.log(4):
            raise NotHealthy(f"not slow: {[round(row[0], 2) for row in heard.course]}")
        return learnt(heard, math.log(4))


slow("a slow start", of(redrawn, make=of(deep, depth=6), scale=lambda *sizes: 0.12), 0.02, 30)
slow("a slow start, sigmoids", of(deep, depth=4, **SIGMOIDS), 0.1, 40)


@healthy("validation better")
def validation_better(seed):
    """Dropout makes training harder than validation is."""
    part, held = quarters(seed, 1024).halves()
    net = dropped(part, seed, 0.7, fc1=Dense(48, init="he"))
    heard = learnt(watch(net, SGD(0.02), part, seed, epochs=10, held=held), math.log(4), 0.6, 0.7)
    if not heard.course[-1][3] > heard.course[-1][1]:
        raise AssertionError(f"validation is not better: {heard.course[-1]}")
    return heard


usual("validation slightly worse", of(SGD, 0.02), of(patterns, noise=2, count=2000), of(conv, fc2=Dense(32, init="he")),
      epochs=5, below=0.7, above=0.65)


def moved(data, size, seed, epoch):
    """The batches of an epoch, half of the pictures moved by a pixel to the right."""
    random = np.random.default_rng((seed, epoch, 1))
    for x, labels in shuffled(data, size, seed, epoch):
        yield np.where(random.random(len(x))[:, None, None, None] < 0.5, np.roll(x, 1, axis=3), x), labels


usual("pictures that are moved", of(SGD, 0.03), stripes, two, batches=moved, epochs=8)


# ------------------------------------------------------------------------ real pictures and networks

usual("MNIST, Dense", of(SGD, 0.02), of(digits, count=6000), chain, reference=True, epochs=3, above=0.8)
usual("MNIST, Adam, batch 16", of(OwnAdam, 0.003), of(digits, count=3000), two, reference=True, steps=Loop, size=16, epochs=3)


@healthy("MNIST, caffe_lenet", reference=True)
def lenet(seed):
    """Caffe's LeNet and its own solver: numbers from 0 to 1, rate 0.01."""
    folder = Path(os.environ["NPNET_REFERENCE"], "mnist")
    with gzip.open(folder / "train-images-idx3-ubyte.gz") as file:
        x = np.frombuffer(file.read(16 + 784 * 1500), np.uint8, offset=16).reshape(-1, 1, 28, 28)
    with gzip.open(folder / "train-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(8 + 1500), np.uint8, offset=8).astype(int)
    own = slice(500 * seed, 500 * seed + 320)
    part = quarters(seed)._replace(x=(x[own] / 256).astype(np.float32), labels=labels[own], classes=10)
    return learnt(watch(npnet.model("caffe_lenet", seed=seed), SGD(0.02), part, seed, epochs=4, size=16), math.log(10))


@healthy("shapes, cifar_alexnet")
def alexnet(seed):
    """Two figures, a few small pictures of each: they are learnt by heart."""
    every = shapes(seed=seed, train=80, test=0, size=12).train
    few = np.flatnonzero(every.labels < 2)
    x = (every.images[few].transpose(0, 3, 1, 2).astype(np.float32) - 90) / 70
    part = quarters(seed)._replace(x=x, labels=every.labels[few], classes=2)
    net = npnet.model("cifar_alexnet", 2, size=12, seed=seed)
    return learnt(watch(net, SGD(0.01), part, seed, epochs=30, size=16), math.log(2), 0.6)
