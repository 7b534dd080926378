"""A model of Caffe's, read and tested: what its three files say, and what one mistake in preparing pictures costs.

    python examples/read_caffe_model.py cifar10_full_iter_100000.caffemodel.h5 cifar10_full.prototxt mean.binaryproto

The weights are those of Caffe's larger network for CIFAR-10, the .prototxt describes its layers, the .binaryproto is
the mean of its training pictures. npnet builds the network, maps the arrays, and names the classes of test pictures:
first as in training, then with one thing wrong each time. No mistake gives an error: the answers are only worse. A
network that is shown numbers from 0 to 1 in place of 0 to 255 names the same class for every picture.
"""
import argparse
import sys
from dataclasses import replace

import numpy as np

from npnet import models, plots
from npnet.data import dataset
from npnet.weights import trained

BATCH = 100


def answers(net, pipeline, pictures):
    """The class that the network names for every picture, (N,)."""
    named = []
    for start in range(0, len(pictures), BATCH):
        places = range(start, min(start + BATCH, len(pictures)))
        x = np.stack([pipeline.test(pictures[i]) for i in places])          # (100, 3, 32, 32)
        named.append(net.forward(x).argmax(axis=1))
    return np.concatenate(named)


def variants(known):
    """{what is different: (network, pipeline)}, the first as it was trained."""
    net, pipeline = known.net, known.pipeline
    norms = [name for name in net.layers if name.startswith("norm")]
    return {
        "as in training": (net, pipeline),
        "LRN left out": (models.without(net, *norms), pipeline),
        "red and blue swapped": (net, replace(pipeline, order="BGR")),
        "no mean subtracted": (net, replace(pipeline, mean=0.0)),
        "numbers from 0 to 1": (net, replace(pipeline, scale="0-1", mean=pipeline.mean / 255)),
    }


def draw(right):
    """A bar for each variant: the share of right answers. right: {name: percentage}."""
    figure = plots.figure.new_figure(6, 2.6)
    axes = plots.figure.new_axes(figure, 1, 1, 1)
    for row, (name, share) in enumerate(right.items()):
        axes.barh(row, share, height=0.6, color=plots.figure.TRACK, edgecolor=plots.figure.BAR)
        axes.text(max(share, 10) + 1.5, row, f"{share:.1f} %", va="center", fontsize=10)
    axes.axvline(10, color=plots.figure.BAR, linewidth=0.8, linestyle=":")
    axes.set(xlim=(0, 100), ylim=(len(right) - 0.5, -0.5))
    axes.set_xticks(range(0, 101, 25))
    axes.set_yticks(range(len(right)), list(right), fontsize=10)
    axes.set_xlabel("test pictures right, %; dotted: guessing", fontsize=9)
    return plots.figure.finish(figure, "The same weights, one thing wrong each time")


def main():
    parser = argparse.ArgumentParser(description="Reads a model of Caffe's and tests it")
    parser.add_argument("weights", help="the weights: a .caffemodel or .caffemodel.h5")
    parser.add_argument("prototxt", help="the description of the network: a .prototxt")
    parser.add_argument("mean", help="the mean picture: a .binaryproto")
    parser.add_argument("--data", default="cifar10", help="CIFAR-10: its name once fetched, or a file")
    parser.add_argument("--limit", type=int, default=1000, help="so many test pictures")
    options = parser.parse_args()
    try:
        known = trained(options.weights, prototxt=options.prototxt, mean=options.mean)
        data = dataset(options.data)
    except (OSError, ValueError) as error:                      # not such files, or CIFAR-10 is not fetched yet
        sys.exit(f"{error}")
    print(f"{known.net}\n\n{known.report}\npictures: {known.pipeline}")
    pictures = data.train if data.test is None else data.test
    pictures = pictures.take(np.arange(min(options.limit, len(pictures))))
    print(f"\n{len(pictures):,} test pictures{'':5}right   most often named")
    right = {}
    for name, (net, pipeline) in variants(known).items():
        named = answers(net, pipeline, pictures)
        right[name] = share = 100 * np.mean(named == pictures.labels)
        often = np.bincount(named, minlength=len(known.classes))
        print(f"{name:22}{share:6.1f} %   {known.classes[often.argmax()]}, {100 * often.max() / len(named):.0f} %",
              flush=True)
    plots.save(draw(right), "read_caffe_model.png")


main()
