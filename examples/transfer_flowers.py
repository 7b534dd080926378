"""What a trained AlexNet sees is good for other pictures too: its five convolutions, frozen, and a new head.

    python examples/transfer_flowers.py alexnet_conv_float.npz flowers17_128.npz

The first file holds conv1 to conv5 of an AlexNet that was trained on ImageNet (lxd-cumt/ABM-SpConv), the second 80
photographs each of 17 kinds of flowers (Oxford VGG). No photograph goes through the convolutions more than once: the
9,216 numbers after pool5 are kept, and the same small head is trained on them, on those of the same network with its
weights shuffled, and on the pixels. Everything is done for several splits into pictures to train on and to test on.
"""
import argparse
import copy
import sys
import time

import numpy as np

import npnet
from npnet import plots
from npnet.backend import ops
from npnet.data import Pictures, Pipeline, dataset, held_out
from npnet.models import MODELS
from npnet.optim import Cosine
from npnet.train import evaluate, train
from npnet.weights.reading import stored

EPOCHS, BATCH = 20, 32
TORCH = Pipeline(size=227, shorter=256, scale="0-1", mean=np.float32([0.485, 0.456, 0.406]),
                 deviation=np.float32([0.229, 0.224, 0.225]))


def convolutions(path):
    """conv1 to pool5 of the caffe version with the weights of a file: conv1_w, conv1_b, conv2_w ..."""
    input_shape, layers = MODELS["caffe"]()
    layers["norm1"] = npnet.LRN(alpha=16e-4, convention="caffe")     # was trained on numbers four times as large
    layers["norm2"] = npnet.LRN(convention="caffe")
    net = npnet.Network(input_shape, **{name: layers[name] for name in list(layers)[:list(layers).index("flatten")]},
                        flatten=npnet.Flatten())
    arrays = stored(path).arrays
    for name, array in net.params().items():
        found = arrays.get(name.replace(".", "_"))
        if found is None or found.shape != array.shape:
            raise ValueError(f"{path} must hold {name.replace('.', '_')} {array.shape}, the convolutions of AlexNet; "
                             f"{'it does not' if found is None else f'its shape there is {found.shape}'}")
        array[...] = found
    net.freeze("conv1", "conv2", "conv3", "conv4", "conv5")
    return net


def shuffled(net):
    """The same network, the weights of every layer in another order: as large, as many zeros, nothing learnt."""
    other = copy.deepcopy(net)
    for name, array in other.state().items():
        array[...] = npnet.layers.rng(0, "shuffled", name).permutation(array.ravel()).reshape(array.shape)
    return other


def features(net, pictures, title):
    """What a network makes of all pictures, (N, D)."""
    began, parts = time.monotonic(), []
    for start in range(0, len(pictures), BATCH):
        x = np.stack([TORCH.test(pictures[i]) for i in range(start, min(start + BATCH, len(pictures)))])
        parts.append(ops.to_host(net.forward(ops.to_device(x))))
        if sys.stdout.isatty():
            print(f"\r{title}: {start + len(x):,} of {len(pictures):,}", end="", flush=True)
    print("\r" * sys.stdout.isatty() + f"{title}: {len(pictures):,} pictures, {time.monotonic() - began:.0f} s")
    return np.concatenate(parts)


def accuracy(x, pictures, seed):
    """The share of test pictures that a new head, trained on the others, gets right."""
    chosen, tested = split(pictures, seed)
    x = x - x[chosen].mean(axis=0)                              # the test pictures have no say in it
    x /= x[chosen].std()
    head = npnet.Network((x.shape[1],), seed=seed, drop6=npnet.Dropout(0.5), fc6=npnet.Dense(128, init="he"),
                         relu6=npnet.ReLU(), drop7=npnet.Dropout(0.5), fc7=npnet.Dense(len(pictures.classes), std=0.01))
    steps = -(-len(chosen) // BATCH)
    optimizer = npnet.SGD(lr=Cosine(0.01, EPOCHS * steps), weight_decay=0.005)
    for epoch in range(EPOCHS):
        order = npnet.layers.rng(seed, "shuffle", epoch).permutation(chosen)
        batches = ((x[part], pictures.labels[part]) for part in np.array_split(order, steps))
        for step in train(head, optimizer, batches):
            pass
    return evaluate(head, [(x[tested], pictures.labels[tested])]).top1


def split(pictures, seed):
    """Indices to train on and to test on (a quarter), as many of every kind."""
    numbers = Pictures([str(i) for i in range(len(pictures))], pictures.labels, pictures.classes)
    return (np.array(part.images, int) for part in held_out(numbers, len(pictures) // 4, seed))


def draw(right):
    """Three bars, the mean over the splits, and a point for every split. right: {name: percentages}."""
    figure = plots.figure.new_figure(5.5, 2.4)
    axes = plots.figure.new_axes(figure, 1, 1, 1)
    for row, (name, shares) in enumerate(right.items()):
        axes.barh(row, np.mean(shares), height=0.6, color=plots.figure.TRACK, edgecolor=plots.figure.BAR)
        axes.plot(shares, np.full(len(shares), row), "o", color=plots.figure.BAR, markersize=5)
        axes.text(102, row, f"{np.mean(shares):.1f} %", va="center", fontsize=10)
    axes.set(xlim=(0, 115), ylim=(len(right) - 0.5, -0.5))
    axes.set_xticks(range(0, 101, 25))
    axes.set_yticks(range(len(right)), list(right), fontsize=10)
    axes.set_xlabel("test pictures right, %; a point is a split", fontsize=9)
    return plots.figure.finish(figure, "The same head on three kinds of input")


def main():
    parser = argparse.ArgumentParser(description="Flowers, seen through a trained AlexNet")
    parser.add_argument("weights", help="conv1 to conv5 of AlexNet: arrays conv1_w, conv1_b, conv2_w ...")
    parser.add_argument("flowers", help="the photographs: an .npz, or a folder with a folder for each kind")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--limit", type=int, help="only so many pictures of each kind: for a quick look")
    options = parser.parse_args()
    try:
        net = convolutions(options.weights)
        pictures = dataset(options.flowers).train
    except (OSError, ValueError) as error:                      # not such files
        sys.exit(f"{error}")
    if options.limit:
        pictures = pictures.take(np.concatenate([np.flatnonzero(pictures.labels == k)[:options.limit]
                                                 for k in range(len(pictures.classes))]))
    pixels = np.stack([TORCH.test(pictures[i])[:, 2::4, 2::4].ravel() for i in range(len(pictures))])     # 3 x 57 x 57
    inputs = {"trained": features(net, pictures, "trained"), "shuffled": features(shuffled(net), pictures, "shuffled"),
              "pixels": pixels}
    everything = {}
    for name, x in inputs.items():
        everything[name] = right = [100 * accuracy(x, pictures, seed) for seed in range(options.splits)]
        splits = f"{len(right)} split{'s' * (len(right) > 1)}"
        print(f"{name:9} {np.mean(right):5.1f} % right, {min(right):.1f} to {max(right):.1f} in {splits}", flush=True)
    plots.save(draw(everything), "transfer_flowers.png")


main()
