"""Always the same class: what a trained network says of pictures that are prepared in another way than it was trained.

    python examples/same_class.py                       100 pieces of a photograph
    python examples/same_class.py cifar10.npz           pictures with labels: how many answers are still right

Nothing here raises an error: the shapes are right, and every number is finite. The network is the one that npnet
ships. The last five mistakes are in the network, not in the pictures: LRN has no arrays, so no file of weights says
which constants it had, or that it was there; dense weights lie in two ways, of which one must be transposed; the first
dense layer reads maps as C, H, W or as H, W, C; and weights whose names did not fit were perhaps never copied.
"""

# %% The network, its pictures
import sys

import numpy as np

from npnet import plots
from npnet.data import dataset, pieces, read_picture, sample_picture
from npnet.layers import LRN
from npnet.models import model, replace, without
from npnet.plots.figure import finish, new_axes, new_figure
from npnet.weights import trained

COLOURS = ["#2f6b9a", "#c65f2d", "#8fb9d8", "#5b3f8c", "#e0a63b", "#3f7d4e", "#9c9c9c", "#b5446e", "#7fc2b0", "#444444"]

known = trained("cifar_alexnet")
mean, deviation = (values[:, None, None] for values in (known.pipeline.mean, known.pipeline.deviation))     # (3, 1, 1)
if len(sys.argv) > 1:
    try:
        data = dataset(sys.argv[1])
    except (OSError, ValueError) as error:                      # no such file, or not a data set
        sys.exit(f"{error}")
    test = data.train if data.test is None else data.test
    pictures, labels = [test[k] for k in range(min(1000, len(test)))], test.labels[:1000]
else:
    pictures, labels = pieces(read_picture(sample_picture()), 100, size=32), None
pixels = np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32)                    # (N, 3, 32, 32), 0 to 255


# %% The mistakes: of the pictures, then of the network
right = (pixels - mean) / deviation
caffes = LRN(n=5, alpha=1e-4, beta=0.75, convention="caffe", groups=2)                  # k=1, alpha over n
reshaped = without(known.net)                                                           # a copy
reshaped["fc7"].w[...] = known.net["fc7"].w.T.reshape(known.net["fc7"].w.shape)
flattened, w = without(known.net), known.net["fc6"].w                                   # w: (128 * 4 * 4, 256)
flattened["fc6"].w[...] = w.reshape(128, 4, 4, 256).transpose(1, 2, 0, 3).reshape(w.shape)              # H, W, C first
mistakes = {
    "no mistake": (known.net, right),
    "0 to 1, not 0 to 255": (known.net, (pixels / 255 - mean) / deviation),
    "blue, green, red": (known.net, (pixels[:, ::-1] - mean) / deviation),
    "no mean subtracted": (known.net, pixels / deviation),
    "no deviation": (known.net, pixels - mean),
    "rows before channels": (known.net, right.transpose(0, 2, 3, 1).reshape(right.shape)),
    "Caffe's LRN": (replace(known.net, LRN, caffes), right),
    "no LRN": (without(known.net, "norm1", "norm2"), right),
    "reshaped, not transposed": (reshaped, right),
    "fc6 in H, W, C": (flattened, right),
    "no weights copied": (model("cifar_alexnet", seed=0), right),
}


# %% What the network says
shares, first = {}, None
print(f"{'mistake':26}{'classes named':>15}   most often{'as without':>17}" + "      right" * (labels is not None))
for name, (net, x) in mistakes.items():
    said = net.probabilities(np.ascontiguousarray(x, np.float32)).argmax(axis=1)
    shares[name] = np.bincount(said, minlength=10) / len(said)
    first = said if first is None else first
    most = f"{known.classes[shares[name].argmax()]} {shares[name].max():.0%}"
    line = f"{name:26}{(shares[name] > 0).sum():>15}   {most:<16}{(said == first).mean():>11.0%}"
    print(line + (f"{(said == labels).mean():>11.1%}" if labels is not None else ""))

# %% The answers, a bar for each mistake
figure = new_figure(7, 3.9)
axes = new_axes(figure, 1, 1, 1)
for k, colour in enumerate(COLOURS):
    parts = np.array(list(shares.values()))
    axes.barh(range(len(parts)), parts[:, k], left=parts[:, :k].sum(axis=1), color=colour, label=known.classes[k])
axes.set(yticks=range(len(parts)), yticklabels=list(shares), ylim=(len(parts) - 0.5, -0.5))
figure.legend(loc="outside lower center", ncols=5, frameon=False, fontsize=9)
plots.save(finish(figure, "Which classes the network names"), "same_class.png")
