"""Pruning and quantising: how small the file of a trained network becomes, and what that costs.

    python examples/compress.py                         100 pieces of a photograph
    python examples/compress.py cifar10.npz             pictures with labels: how many answers are still right

Deep Compression (Han, Mao and Dally, 2016): the smallest weights become 0, the others take one of 255 values (one of 15
in dense layers), and the file holds codes and the gaps between them. SqueezeNet is published so, in 0.68 MB. Here
the shipped network is written in that form with fewer and fewer weights; every file is read again and asked.

Twice: with the same share of the weights left in every layer, and layer by layer. conv1 and the last layer need all of
theirs; of the many weights of fc6 a tenth is enough. Nothing is trained anew. The authors train what is left once more,
and lose nothing at a ninth of AlexNet's weights.
"""

# %% The network, its pictures
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from npnet import plots
from npnet.data import dataset, pieces, read_picture, sample_picture
from npnet.plots.figure import finish, new_figure
from npnet.weights import trained
from npnet.weights.readers.compression import arrays_of, pruned, quantised, write

KEEP = (1, 0.7, 0.5, 0.4, 0.3, 0.2)                     # the share of weights that are left
PLANS = {"everywhere": {}, "by layer": {"conv1.w": (1, 1), "fc6.w": (0.05, 0.1), "fc7.w": (1, 1)}}     # least, most

known = trained("cifar_alexnet")
if len(sys.argv) > 1:
    try:
        data = dataset(sys.argv[1])
    except (OSError, ValueError) as error:                      # no such file, or not a data set
        sys.exit(f"{error}")
    test = data.train if data.test is None else data.test
    pictures, labels = [test[k] for k in range(min(1000, len(test)))], test.labels[:1000]
else:
    pictures, labels = pieces(read_picture(sample_picture()), 100, size=32), None
x = np.stack([known.pipeline.test(picture) for picture in pictures])                    # (N, 3, 32, 32)
whole = known.net.forward(x).argmax(axis=1)                                             # its answers as it is
wanted, what = (whole, "as before") if labels is None else (labels, "right")

# %% Fewer weights, fewer values; each file is written, read again, and asked
arrays = arrays_of(known.net)                                           # {"conv1.w": (48, 3, 5, 5), ...}
count = sum(array.size for array in arrays.values())
print(f"{count:,} numbers of 32 bits are {4 * count:,} bytes: {(whole == wanted).mean():.1%} {what}\n")
print(f"{'pruned':<12}{'left':>6}{'bytes':>12}{'times smaller':>16}{what:>12}")
curves, folder = {plan: [] for plan in PLANS}, TemporaryDirectory()
file = Path(folder.name) / "small.net"
for plan, limits in PLANS.items():
    for keep in KEEP:
        small, left = dict(arrays), 0                                   # biases stay as they are
        for name in [name for name in arrays if name.endswith(".w")]:
            few = pruned(arrays[name], np.clip(keep, *limits.get(name, (0, 1))))
            small[name], left = quantised(few, 255 if few.ndim == 4 else 15), left + np.count_nonzero(few)
        size = write(file, small)
        right = (trained(file).net.forward(x).argmax(axis=1) == wanted).mean()
        curves[plan].append((size / 1000, 100 * right))
        print(f"{plan:<12}{left / count:>6.0%}{size:>12,}{4 * count / size:>16.1f}{right:>12.1%}")
folder.cleanup()

# %% The share of right answers over the size
figure = new_figure(7, 3.6)
axes = figure.subplots()
axes.spines[["top", "right"]].set_visible(False)
axes.axhline(100 * (whole == wanted).mean(), color="0.5", linewidth=1, label=f"as it was: {4 * count / 1000:,.0f} kB")
for (plan, points), style in zip(curves.items(), ("s--", "o-")):
    axes.plot(*zip(*points), style, color="#c65f2d" if style == "o-" else "#2f6b9a", label=f"pruned {plan}")
axes.set(xlabel="size of the file (kB)", ylabel=f"{what} (%)", xlim=(0, None), ylim=(0, 102))
axes.legend(frameon=False, loc="lower right")
plots.save(finish(figure, "cifar_alexnet, pruned and quantised"), "compress.png")
