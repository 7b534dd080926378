"""What the doctor costs: his time after each step beside the step's own, on one thread.

    python tests/fit/doctor_cost.py                                     caffe_lenet, 64 pictures, 1,688 steps
    python tests/fit/doctor_cost.py --net cifar_alexnet --steps 200

An epoch is half of the steps: 844 of 64 pictures are MNIST's but for a tenth. The pictures can be learnt, so he has
nothing to say, and makes no probe; should he speak, it is printed. Nothing else should run meanwhile.
"""
import argparse
import os
import time

os.environ["NPNET_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"          # before npnet is imported
import numpy as np  # noqa: E402

import npnet  # noqa: E402
from npnet.fit.doctor import Doctor  # noqa: E402
from npnet.train import train  # noqa: E402

SET = 4096                  # pictures, which come again and again
WARM = 20                   # steps that are not counted: kernels are loaded in them


def batches(net, pictures, steps):
    """Batches of noise with one of as many patterns as there are classes, whose number is the label."""
    random, (classes,) = np.random.default_rng(0), list(net.shapes.values())[-1]
    patterns = random.standard_normal((classes, *net.input_shape), np.float32)
    labels = random.integers(0, classes, SET)
    x = random.standard_normal((SET, *net.input_shape), np.float32) + patterns[labels] / 2
    for step in range(steps):
        chosen = np.arange(step * pictures, (step + 1) * pictures) % SET
        yield x[chosen], labels[chosen]


def measured(net, pictures, steps):
    """(seconds of the steps, seconds of the doctor)."""
    optimizer, doctor = npnet.SGD(lr=0.01), Doctor(net, list(net.shapes.values())[-1][0])
    began, spent, losses = 0.0, 0.0, []
    for step in train(net, optimizer, batches(net, pictures, steps + WARM)):
        losses.append(step.loss)
        asked = time.thread_time()
        if step.number == WARM:
            began, spent = asked, 0.0
        remarks = doctor.step(step, net, optimizer)
        if len(losses) == steps // 2:
            row = {"train_loss": float(np.mean(losses)), "train_top1": 0.9, "loss": None, "top1": None}
            remarks, losses = remarks + doctor.epoch(row, net, optimizer), []
        spent += time.thread_time() - asked
        print(*remarks, sep="\n", end="")
    return time.thread_time() - began - spent, spent


def main():
    parser = argparse.ArgumentParser(description="The doctor's share of a training step.")
    parser.add_argument("--net", default="caffe_lenet")
    parser.add_argument("--pictures", type=int, default=64, help="of a batch (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=1688, help="(default: %(default)s)")
    given = parser.parse_args()
    own, spent = measured(npnet.model(given.net), given.pictures, given.steps)
    print(f"{given.net}, batches of {given.pictures}: a step {1000 * own / given.steps:.2f} ms, the doctor "
          f"{1000 * spent / given.steps:.3f} ms, {spent / own:.2%}")


if __name__ == "__main__":
    main()
