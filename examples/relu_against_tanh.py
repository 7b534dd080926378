"""ReLU against tanh: the paper's figure 1 in small, with the same network and pictures, and the best rate for each.

    python examples/relu_against_tanh.py

The paper trains a network of four layers twice, with max(x, 0) and with tanh(x), and counts epochs until a quarter of
the training pictures are still wrong. It says that "the learning rates for each network were chosen independently to
make training as fast as possible". So does this script: every network is trained with every rate, and the best one
counts. The pictures are drawn figures, not CIFAR-10, and the networks are smaller, so that it takes minutes.
"""
import numpy as np

import npnet
from npnet import plots
from npnet.data import Loader, Pipeline, dataset
from npnet.train import evaluate, train

TRAIN, TEST, EPOCHS, BATCH = 2000, 500, 10, 25
RATES = (0.001, 0.003, 0.01, 0.03)
QUARTER = 0.25                                                  # the share of wrong answers at which we stop the clock

shapes = dataset("shapes", train=TRAIN, test=TEST)
pipeline = Pipeline.for_training(shapes.train, (3, 32, 32))
tests = Loader(shapes.test, 100, pipeline, train=False)


def four_layers(activation):
    """A small network; the same seed, so the same first weights, whatever stands between its layers."""
    return npnet.Network((3, 32, 32), seed=0,
                         conv1=npnet.Conv2D(16, 5, pad=2, init="he"), act1=activation(), pool1=npnet.MaxPool(3, 2),
                         conv2=npnet.Conv2D(24, 5, pad=2, init="he"), act2=activation(), pool2=npnet.MaxPool(3, 2),
                         conv3=npnet.Conv2D(32, 3, pad=1, init="he"), act3=activation(), pool3=npnet.MaxPool(3, 2),
                         flatten=npnet.Flatten(), fc4=npnet.Dense(len(shapes.classes), std=0.01))


def run(activation, rate):
    """Trains one network; returns a row for every epoch."""
    net, optimizer, rows = four_layers(activation), npnet.SGD(lr=rate), []
    batches = Loader(shapes.train, BATCH, pipeline, seed=0)     # the same pictures in the same order for all
    for epoch in range(1, EPOCHS + 1):
        steps = list(train(net, optimizer, batches))
        result = evaluate(net, tests)
        rows.append({"epoch": epoch, "train_loss": np.mean([step.loss for step in steps]), "lr": rate,
                     "train_top1": np.mean([step.accuracy for step in steps]), "loss": result.loss,
                     "top1": result.top1})
    return rows


def epochs_to_a_quarter(rows):
    """The first epoch in which at most a quarter of the training pictures were wrong; infinity if there is none."""
    return next((row["epoch"] for row in rows if 1 - row["train_top1"] <= QUARTER), np.inf)


best = {}
print(f"{'':6}{'rate':>7}{'epochs to 25 % wrong':>23}{'wrong at the end':>19}{'wrong on test':>16}")
for activation in (npnet.ReLU, npnet.Tanh):
    runs = {rate: run(activation, rate) for rate in RATES}
    for rate, rows in runs.items():
        needed = epochs_to_a_quarter(rows)
        print(f"{activation.__name__:6}{rate:7g}{needed if needed < np.inf else 'never':>23}"
              f"{100 - 100 * rows[-1]['train_top1']:17.1f} %{100 - 100 * rows[-1]['top1']:14.1f} %", flush=True)
    rate = min(RATES, key=lambda rate: (epochs_to_a_quarter(runs[rate]), runs[rate][-1]["train_loss"]))
    best[activation] = f"{activation.__name__}, rate {rate:g}", runs[rate]

needed = [epochs_to_a_quarter(rows) for _, rows in best.values()]
if np.isfinite(needed).all():
    print(f"\nReLU needs {needed[0]} epochs, tanh {needed[1]}: {needed[1] / needed[0]:.1f} times as many; "
          f"in the paper's figure 1 about 6 times.")
else:
    print(f"\nIn {EPOCHS} epochs not both came to 25 %: {', '.join(name for name, _ in best.values())}.")
print("One seed, one small network, drawn figures: this measures an example, not a law.")
plots.save(plots.curves(dict(best.values()), "ReLU against tanh, each at its best rate"), "relu_against_tanh.png")
