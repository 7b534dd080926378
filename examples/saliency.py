"""Saliency and occlusion: two answers to the question where in a photograph a network's answer comes from.

    python examples/saliency.py
    python examples/saliency.py cat.jpg --weights squeezenet

Saliency is one backward pass: how much the class's logit changes with each pixel. Occlusion asks without gradients:
a square of the mean colour covers a part of the photograph, and the logit falls, or does not. The first is quick
and fine, and shows what the answer is sensitive to; the second is slow and coarse, and shows what it needs. Both are
written out here; npnet.explain.insight has them ready, with Grad-CAM, deconvolution and others.
"""
import argparse
import sys

import numpy as np

from npnet import data, plots
from npnet.explain.insight import occlusion_map, saliency
from npnet.explain.patches import pixels
from npnet.weights import trained

parser = argparse.ArgumentParser(description="Where in a photograph does a network's answer come from?")
parser.add_argument("photo", nargs="?", help="a picture (default: the sample that matplotlib ships)")
parser.add_argument("--weights", default="cifar_alexnet", help="a name of npnet weights list, a run's folder or a file")
parser.add_argument("--names", metavar="FILE", help="what the classes are called, one on each line")
options = parser.parse_args()

# %% The photograph, as the network is given it, and the answer
try:
    known = trained(options.weights, names=options.names)
    picture = data.read_picture(options.photo or data.sample_picture())
except (OSError, ValueError) as error:                          # no such file, or not one of weights, or no picture
    sys.exit(f"{error}")
net = known.net
x = known.pipeline.test(picture)[None]                  # (1, 3, H, W)
H, W = x.shape[2:]
p = net.probabilities(x)[0]
label = int(p.argmax())
print(f"{options.weights}: {known.classes[label]}, {p[label]:.1%}")

# %% Saliency: the gradient of one logit, all the way back to the pixels
logits = net.forward(x)                                 # (1, K)
dlogits = np.zeros_like(logits)
dlogits[0, label] = 1
dx = net.backward(dlogits)                              # (1, 3, H, W)
sensitive = np.abs(dx[0]).max(axis=0)                   # (H, W): of each pixel the largest of its channels
assert np.allclose(sensitive, saliency(net, x, label), rtol=1e-3, atol=1e-5 * sensitive.max())
h, v = np.unravel_index(sensitive.argmax(), (H, W))
print(f"saliency: most sensitive at row {h}, column {v} of {H} x {W}: {sensitive.max():.3g} of the logit for 1")

# %% Occlusion: cover a square with zeros, which is the mean colour, and look how far the logit falls
size, step = H // 5, H // 10
drops = {}
for top in range(0, H - size + 1, step):
    for left in range(0, W - size + 1, step):
        covered = x.copy()
        covered[:, :, top:top + size, left:left + size] = 0
        drops[top, left] = float(logits[0, label] - net.forward(covered)[0, label])
(top, left), most = max(drops.items(), key=lambda item: item[1])
print(f"occlusion: {len(drops)} squares of {size} x {size}; the logit, {logits[0, label]:.2f}, falls most, by "
      f"{most:.2f}, without rows {top} to {top + size - 1}, columns {left} to {left + size - 1}")

# %% Both over the photograph
shown = pixels(x[0], known.pipeline)
needed = occlusion_map(net, x, label, size, step)       # (H, W): for each pixel the mean of the squares over it
agree = np.corrcoef(sensitive.ravel(), needed.ravel())[0, 1]
print(f"the two maps agree with a correlation of {agree:.2f}")
figure = plots.seen(
    [(shown, "what the network is given"), (plots.heat(sensitive), "saliency"),
     (plots.signed_heat(needed, shown), "occlusion: red costs")], f"{known.classes[label]}: {p[label]:.1%}",
    "Saliency does not show what speaks for or against the class, only to which pixels the answer is sensitive. "
    "Occlusion does not show what two places say together, and a square that is strange to the network can change "
    "its answer by itself.")
plots.save(figure, "saliency.png")
