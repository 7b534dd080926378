"""Filters and feature maps: what the shipped network has learnt to look for, and what it finds in a photograph.

    python examples/feature_maps.py

The network is the cifar_alexnet that npnet ships: AlexNet for pictures of 32 x 32 pixels, trained on ten kinds of
things. A filter of conv1 is a small picture itself: what it looks like is what it answers to. Its feature map says
where in the photograph that is found. For the filters with the strongest answers the script says where, and looks
whether the pictures agree.
"""
# %% Settings
import numpy as np

from npnet import data, plots
from npnet.weights import trained

PHOTO = None                            # the path of your photograph; None: the sample that matplotlib ships
NET = "cifar_alexnet"                   # a shipped network, a run's folder or a checkpoint
FOLDER = "maps"                         # where the pictures go

# %% The photograph, as the network sees it
shown = trained(NET)
picture = data.read_picture(PHOTO or data.sample_picture())     # (H, W, 3), 0 to 255
x = shown.pipeline.test(picture)[None]                          # (1, 3, 32, 32)
plots.save(plots.picture_and_input(picture, x), f"{FOLDER}/input.png")
print(f"{NET}: {picture.shape[1]} x {picture.shape[0]} pixels become {' x '.join(map(str, x.shape[1:]))} numbers")

# %% The filters of conv1, and its maps after ReLU: one map for each filter
net = shown.net
w = net["conv1"].w                                              # (48, 3, 5, 5)
maps = net[:"norm1"].forward(x)[0]                              # conv1 and relu1: (48, 32, 32)
plots.save(plots.filters(w, "conv1: the filters"), f"{FOLDER}/conv1-filters.png")
plots.save(plots.feature_maps(maps, "conv1 after ReLU: the maps"), f"{FOLDER}/conv1-maps.png")

# %% The strongest answers, each computed again by hand
print("\nthe strongest answers of conv1")
for k in np.argsort(-maps.max(axis=(1, 2)))[:3]:
    p, q = (int(i) for i in np.unravel_index(maps[k].argmax(), maps[k].shape))
    total = float(net["conv1"].b[k])
    for c in range(3):
        for r in range(5):
            for s in range(5):
                h, v = p + r - 2, q + s - 2                     # pad = 2
                if 0 <= h < 32 and 0 <= v < 32:                 # else a zero of the padding
                    total += float(x[0, c, h, v]) * float(w[k, c, r, s])
    same = np.isclose(total, maps[k, p, q], rtol=1e-4, atol=1e-5)
    print(f"filter {k:2d}: {maps[k, p, q]:.3f} at row {p}, column {q}; by hand {total:.3f}: "
          f"{'agree' if same else 'DIFFER'}")

# %% Deeper layers: more maps, smaller ones, and more zeros; a filter there sees maps and is no picture any more
print("\nthe maps of every convolution after its ReLU")
for number in range(1, 6):
    maps = net[:f"relu{number}"].forward(x)[0]
    maps = net[f"relu{number}"].forward(maps)
    silent = (maps.max(axis=(1, 2)) == 0).sum()
    print(f"conv{number}: {len(maps):3d} maps of {maps.shape[1]:2d} x {maps.shape[2]:2d}, "
          f"{(maps == 0).mean():4.0%} zeros, {silent:3d} maps all zero")
plots.save(plots.feature_maps(maps, "conv5 after ReLU: the maps"), f"{FOLDER}/conv5-maps.png")

# %% And the answer
probabilities = net.probabilities(x)[0]                         # (10,)
print(f"\nIt knows {len(shown.classes)} things, and has to name one of them whatever it is shown:")
for m in np.argsort(-probabilities)[:3]:
    print(f"{probabilities[m]:7.1%}  {shown.classes[m]}")
