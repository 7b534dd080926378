"""Train AlexNet for 32 pixels on CIFAR-10: a loop of one's own, of the pieces of a Recipe, with the settings of the
network that npnet ships.

    npnet data get cifar10 && python examples/train_cifar.py                      (170 MB)
    python examples/train_cifar.py my_cifar.npz --epochs 20
"""
import argparse
import sys
import time

import numpy as np

from npnet import plots
from npnet.fit import Recipe
from npnet.train import evaluate, train

parser = argparse.ArgumentParser(description="AlexNet for 32 pixels on CIFAR-10")
parser.add_argument("data", nargs="?", default="cifar10", help="a name or a path, as npnet train takes it")
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--validation", type=int, default=2000, help="pictures held out to watch; the test chooses nothing")
parser.add_argument("--steps", type=int, help="end each epoch after so many: for a quick look")
options = parser.parse_args()

recipe = Recipe(data=options.data, net="cifar_alexnet", epochs=options.epochs, batch=64, lr=0.012, warm_up=0.5,
                validation=options.validation)
try:
    parts = recipe.parts()
except (OSError, ValueError) as error:                          # not fetched yet, or not a data set
    sys.exit(f"{error}")
net = recipe.network(len(parts.data.classes))
loaders = recipe.loaders(parts, recipe.pipeline(parts.training, net))
optimizer, rows = recipe.optimizer(len(loaders["train"])), []

for epoch in range(options.epochs):
    began, steps = time.monotonic(), []
    for number, step in enumerate(train(net, optimizer, loaders["train"].epoch(epoch)), start=1):
        steps.append((step.loss, step.accuracy))
        if number % 50 == 0:
            print(f"epoch {epoch + 1}  step {number:4d} of {len(loaders['train'])}  loss {step.loss:.3f}", flush=True)
        if number == options.steps:
            break
    result = evaluate(net, loaders["validation"])
    print(f"epoch {epoch + 1}: {100 * result.top1:.2f} % of the validation pictures right, loss {result.loss:.4f}, "
          f"{time.monotonic() - began:.0f} s", flush=True)
    train_loss, train_top1 = np.mean(steps, axis=0)
    rows.append({"epoch": epoch + 1, "train_loss": train_loss, "train_top1": train_top1, "lr": step.lr,
                 "loss": result.loss, "top1": result.top1})
    plots.save(plots.curves({"cifar_alexnet": rows}), "train_cifar.png")

result = evaluate(net, loaders["test"])
print(f"test: {100 * result.top1:.2f} % right, {100 * result.top5:.2f} % in the best five")
net.save("trained_on_cifar.npz")
