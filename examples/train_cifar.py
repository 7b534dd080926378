"""Train AlexNet for 32 pixels on CIFAR-10, with the settings of the network that npnet ships: a loop of one's own.

    npnet data get cifar10 && python examples/train_cifar.py                      (170 MB)
    python examples/train_cifar.py my_cifar.npz --epochs 20
"""
import argparse
import time

import npnet
from npnet.data import Loader, Pipeline, dataset, held_out
from npnet.optim import Cosine, WarmUp
from npnet.train import evaluate, train

parser = argparse.ArgumentParser(description="AlexNet for 32 pixels on CIFAR-10")
parser.add_argument("data", nargs="?", default="cifar10", help="a name or a path, as npnet train takes it")
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--steps", type=int, help="end each epoch after so many: for a quick look")
options = parser.parse_args()

cifar = dataset(options.data)
pictures, validation = held_out(cifar.train, len(cifar.train) // 25, seed=0)    # the test pictures choose nothing
pipeline = Pipeline.for_training(pictures, (3, 32, 32))
batches = Loader(pictures, 64, pipeline, seed=0)
watched = Loader(validation, 100, pipeline, train=False)

net = npnet.model("cifar_alexnet", classes=len(cifar.classes), seed=0)
warm = max(1, len(batches) // 2)
optimizer = npnet.SGD(lr=WarmUp(warm, Cosine(0.012, options.epochs * len(batches) - warm)))

for epoch in range(options.epochs):
    began = time.monotonic()
    for number, step in enumerate(train(net, optimizer, batches.epoch(epoch)), start=1):
        if number % 50 == 0:
            print(f"epoch {epoch + 1}  step {number:4d} of {len(batches)}  loss {step.loss:.3f}", flush=True)
        if number == options.steps:
            break
    result = evaluate(net, watched)
    print(f"epoch {epoch + 1}: {100 * result.top1:.2f} % of the validation pictures right, loss {result.loss:.4f}, "
          f"{time.monotonic() - began:.0f} s", flush=True)

result = evaluate(net, Loader(cifar.test, 100, pipeline, train=False))
print(f"test: {100 * result.top1:.2f} % right, {100 * result.top5:.2f} % among the best five")
net.save("trained_on_cifar.npz")
