"""LRN on and off: the same network with and without its two normalisations, several seeds, and what came out.

    python examples/lrn_on_and_off.py

The paper says that local response normalisation takes 1.4 percentage points off the errors on ImageNet, and that a
network for CIFAR-10 errs in 11 % with it and in 13 % without. One run of each shows little: another seed moves the
result, too. So every seed gives all networks the same first weights and the same pictures, and the differences are
averaged. There is a third network, because LRN does two things: it compares a number with its neighbours in other
channels, and it makes all numbers smaller, as k is 2 and not 1. The third network has alpha = 0, which leaves only k.
What is printed is what came out, whether or not LRN helps here.
"""
import numpy as np

import npnet
from npnet import plots
from npnet.data import Loader, Pipeline, dataset
from npnet.train import evaluate, train

TRAIN, TEST, EPOCHS, BATCH, RATE = 2000, 1000, 6, 25, 0.01
SEEDS = (0, 1, 2)

shapes = dataset("shapes", train=TRAIN, test=TEST)
pipeline = Pipeline.for_training(shapes.train, (3, 32, 32))
tests = Loader(shapes.test, 100, pipeline, train=False)


def with_lrn(seed):
    """A small network with the paper's LRN where the paper has it: after the first two ReLUs."""
    return npnet.Network((3, 32, 32), seed=seed,
                         conv1=npnet.Conv2D(16, 5, pad=2, init="he"), relu1=npnet.ReLU(), norm1=npnet.LRN(),
                         pool1=npnet.MaxPool(3, 2),
                         conv2=npnet.Conv2D(24, 5, pad=2, init="he"), relu2=npnet.ReLU(), norm2=npnet.LRN(),
                         pool2=npnet.MaxPool(3, 2),
                         conv3=npnet.Conv2D(32, 3, pad=1, init="he"), relu3=npnet.ReLU(), pool3=npnet.MaxPool(3, 2),
                         flatten=npnet.Flatten(), fc4=npnet.Dense(len(shapes.classes), std=0.01))


def run(net, seed):
    """Trains a network; returns a row for every epoch."""
    optimizer, rows, batches = npnet.SGD(lr=RATE), [], Loader(shapes.train, BATCH, pipeline, seed=seed)
    for epoch in range(1, EPOCHS + 1):
        steps, result = list(train(net, optimizer, batches)), evaluate(net, tests)
        rows.append({"epoch": epoch, "train_loss": np.mean([step.loss for step in steps]), "lr": RATE,
                     "train_top1": np.mean([step.accuracy for step in steps]), "loss": result.loss,
                     "top1": result.top1})
    return rows


def damping(net):
    """By what norm1 multiplied its inputs in the last forward pass: the smallest and the largest factor."""
    x = net["norm1"].x
    y = net["norm1"].forward(x)
    factors = y[x > 0] / x[x > 0]
    return factors.min(), factors.max()


rows, errors = {}, []
for seed in SEEDS:
    on = with_lrn(seed)
    nets = {"on": on, "k alone": npnet.replace(on, npnet.LRN, npnet.LRN(alpha=0)),
            "off": npnet.without(on, "norm1", "norm2")}
    for name, net in nets.items():
        rows[f"{name}, seed {seed}"] = run(net, seed)
    errors.append([100 - 100 * rows[f"{name}, seed {seed}"][-1]["top1"] for name in nets])
    low, high = damping(on)
    print(f"seed {seed}: wrong on test with LRN {errors[-1][0]:.1f} %, with k alone {errors[-1][1]:.1f} %, without "
          f"{errors[-1][2]:.1f} %; norm1 multiplied by {low:.3f} to {high:.3f}", flush=True)

on, k_alone, off = np.array(errors).T                           # percentages, one for each seed
print()
for name, fewer in (("LRN against none", off - on), ("LRN against k alone", k_alone - on)):
    sure = (fewer > 0).all() or (fewer < 0).all()
    print(f"{name}: {fewer.mean():+.1f} percentage points fewer errors, {fewer.min():+.1f} to {fewer.max():+.1f}: "
          f"{'the same sign for every seed' if sure else 'the sign changes with the seed'}")
print(f"k = 2 alone multiplies by 2^-0.75 = {2 ** -0.75:.3f}: only what differs from that compares neighbours.")
shown = {name: run for name, run in rows.items() if name.endswith(f"seed {SEEDS[0]}")}
plots.save(plots.curves(shown, f"LRN on and off, seed {SEEDS[0]}"), "lrn_on_and_off.png")
