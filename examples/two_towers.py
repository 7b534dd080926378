"""Two towers: AlexNet in two processes, as the paper's two graphics cards had it (figure 2).

    mpiexec -n 2 python examples/two_towers.py
    mpiexec -n 2 python examples/two_towers.py cifar10 --size 227 --batch 16 --float32

Each process holds half of every layer: half of the filters, of the units, of the gradients. Both see the same pictures.
Nothing travels between them but the feature maps before conv3, fc6, fc7 and fc8, and their gradients on the way back.
Then the first process computes the same steps alone, with the whole network, and compares every number. All of it is
in float64: with fewer digits, rounding would now and then make another number the largest of a pooling window, and
send its gradient to another pixel.
"""

# %% Settings: each process takes its share of the processors
import argparse
import os
import sys
import time

os.environ.setdefault("NPNET_THREADS", str(max(1, (os.cpu_count() or 2) // 2)))     # before npnet is imported

import numpy as np                                              # noqa: E402

import npnet                                                    # noqa: E402
from npnet import data                                          # noqa: E402
from npnet.parallel import TwoTowers, guarded, here, traffic    # noqa: E402
from npnet.parallel.faults import patient                       # noqa: E402
from npnet.parallel.towers.cutting import Unbuilt, rows_of      # noqa: E402
from npnet.parallel.towers.figure import figure, table, total   # noqa: E402
from npnet.train import train                                   # noqa: E402

parser = argparse.ArgumentParser(description="AlexNet as two towers, in two processes")
parser.add_argument("data", nargs="?", help="a name or a path, as npnet train takes it; by default pieces of the "
                                            "photograph that matplotlib ships")
parser.add_argument("--size", type=int, default=99, help="pixels on a side of what the network reads; 227 in the paper")
parser.add_argument("--batch", type=int, default=8)
parser.add_argument("--steps", type=int, default=3)
parser.add_argument("--float32", action="store_true", help="fewer digits, as in a real training")
options = parser.parse_args()
if min(options.size, options.batch, options.steps) < 1:
    parser.error("--size, --batch and --steps must be at least 1")
dtype = np.float32 if options.float32 else np.float64


# %% The pictures: the same ones in both processes, in the same order
def photographs():
    """Pieces of one photograph, in ten classes that mean nothing: here it matters only that numbers agree."""
    pieces = data.pieces(data.read_picture(data.sample_picture()), options.batch * options.steps, options.size)
    return data.arrays((np.stack(pieces), np.arange(len(pieces)) % 10), classes=list("0123456789"))


def batches_of(pictures):
    """The first batches of a training."""
    pipeline = data.Pipeline.for_training(pictures.train, (3, options.size, options.size), most=500)
    loader = data.Loader(pictures.train, options.batch, pipeline, seed=0)
    return [(x.astype(dtype), labels) for (x, labels), _ in zip(loader, range(options.steps))]


# %% The network, and its training
def layers(classes):
    """The input's shape and the layers of krizhevsky2012, not built yet."""
    return npnet.MODELS["krizhevsky2012"](classes, options.size)


def steps_of(net, optimizer, batches):
    """Trains on the batches; returns the loss, the logits and the seconds of each step."""
    losses, logits, seconds, began = [], [], [], time.perf_counter()
    for step in train(net, optimizer, batches):
        losses.append(step.loss)
        logits.append(step.logits)
        seconds.append(time.perf_counter() - began)
        began = time.perf_counter()
    return losses, logits, seconds


def trained(net, batches):
    """What steps_of returns, after a step that learns nothing, in which is compiled what is compiled."""
    steps_of(net, npnet.SGD(lr=0.0), batches[:1])
    if isinstance(net, TwoTowers):
        net.partner.sent.clear()
    return steps_of(net, npnet.SGD(lr=0.001), batches)


# %% What is shown
def show_the_paper():
    """The towers as the paper has them: 227 pixels, 128 pictures in a batch."""
    paper = Unbuilt(*npnet.MODELS["krizhevsky2012"]())
    sent = total(traffic(paper, 128))
    size = sum(np.prod(shape) * 4 for row in rows_of(*paper[:2])
               for shape in row.layer.arrays(row.before).values())
    print("krizhevsky2012, 227 pixels, 128 pictures in a batch: what each tower has, and what both exchange in a step",
          figure(paper, 128), sep="\n\n")
    print(f"\nIn all each tower sends {(sent.forward + sent.backward) / 1e6:.1f} MB in a step, whatever the number of "
          f"parameters.\nTwo processes that share the pictures instead, and add their gradients, each send "
          f"{size / 1e6:.1f} MB,\nwhatever the number of pictures.\n")


def megabytes(arrays):
    """How much memory {name: array} takes."""
    return sum(array.nbytes for array in arrays.values()) / 1e6


def compare(what, got, wanted):
    """Prints the largest difference of two lists of arrays, against the largest number of each array."""
    off = max(float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-12)) for a, b in zip(got, wanted, strict=True))
    verdict = "" if options.float32 else ": agree" if off < 1e-9 else ": DIFFER"
    print(f"{what:34} largest difference {off:.1e}{verdict}")


def show_the_exchange(net, towers, seconds, times):
    """What it took: bytes, and seconds of both."""
    sent = towers.partner.sent
    print(f"\nWhat this process sent in a step, as counted (seconds: with the wait for the other tower):\n\n"
          f"{table(traffic(net, options.batch), sent, options.steps)}\n")
    exchange = sum(told.seconds for told in sent.values()) / options.steps
    print(f"A step takes {np.median(seconds):.2f} s in two processes, {exchange:.2f} s of it to exchange; "
          f"{np.median(times):.2f} s in one process\nwith as many threads as each of the two has.")


# %% One tower in each process: it draws the numbers that one process would draw, and keeps its half
def main():
    team = here()                                               # the processes that mpiexec started
    if team.size != 2:
        sys.exit(f"Two towers are two processes, and here {'is' if team.size == 1 else 'are'} {team.size}. Start them "
                 f"with\n    mpiexec -n 2 python {sys.argv[0]}\nmpiexec comes with mpi4py: pip install npnet[mpi]")
    try:
        pictures = data.dataset(options.data) if options.data else photographs()
        batches, classes = batches_of(pictures), len(pictures.classes)
        towers = TwoTowers(Unbuilt(*layers(classes), seed=0, dtype=dtype), team)
    except (OSError, ValueError) as error:                      # not fetched yet, no data set, or too small a size
        sys.exit(f"{error}")
    losses, logits, seconds = trained(towers, batches)

    # Everything that is compared comes to the first process. The other one's work is done: it waits, without taking
    # a processor, until the first has computed the same alone, with the whole network
    parameters, gradients = towers.joined(towers.params()), towers.joined(towers.grads())
    if not team.first:
        return patient([team.comm.Ibarrier()])
    shape, whole = layers(classes)
    net = npnet.Network(shape, seed=0, dtype=dtype, **whole)
    expected, outputs, times = trained(net, batches)
    patient([team.comm.Ibarrier()])

    show_the_paper()
    print(f"Here: {options.size} pixels, {options.batch} pictures in a batch, {np.dtype(dtype)}. Parameters: "
          f"{megabytes(net.params()):.1f} MB in one process, {megabytes(towers.params()):.1f} MB in each of the two.\n")
    for number, (ours, theirs) in enumerate(zip(losses, expected)):
        print(f"step {number}: loss {ours:.6f} of two towers, {theirs:.6f} of one process")
    compare("logits of all steps", logits, outputs)
    compare("gradients of the last step", gradients.values(), net.grads().values())
    compare("weights after the last step", parameters.values(), net.params().values())
    show_the_exchange(net, towers, seconds, times)


if __name__ == "__main__":
    with guarded():                                             # a process that fails ends both
        main()
