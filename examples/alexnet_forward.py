"""AlexNet, layer by layer: a photograph goes in at the top of this page, five classes come out at the end.

Run it as a script, cell by cell in an editor or a notebook (a cell begins with # %%), or with a
debugger: a step into any forward(...) leads, through npnet/layers.py, to the text of its chapter in
npnet/ops. After every layer one number of its output is computed again by hand, with a plain loop, and
compared.

    python examples/alexnet_forward.py
"""

# %% Settings
from pathlib import Path

import numpy as np

import npnet
from npnet import data, plots
from npnet.explain import layer_facts
from npnet.weights import trained
from npnet.weights.fetching import located

npnet.use("numpy")                      # the backend whose functions are the chapters' own

PHOTO = None                            # the path of your photograph; None: the sample that matplotlib ships
NET = "krizhevsky2012"                  # or "half_tower"; other versions: npnet explain --net NAME
WEIGHTS = None                          # a file of weights, or a name of `npnet weights list`; None: alexnet, if it was
                                        # fetched (npnet weights get alexnet), and random weights if not
CLASS_NAMES = None                      # a text file, one class on each line; None: those that npnet knows, or numbers
FOLDER = "walk"                         # where the pictures go

if WEIGHTS is None and NET == "krizhevsky2012" and located("alexnet"):
    WEIGHTS = "alexnet"
    print("The weights are real: alexnet, which npnet weights get has fetched. They belong")
    print("to the version caffe: blue first; LRN over all maps, with k = 1 and alpha / n.")
if WEIGHTS is None:
    print("The weights are random: the answers mean nothing yet.")
    print("npnet weights get alexnet fetches real ones (8.9 MB).")
known = trained(WEIGHTS, names=CLASS_NAMES) if WEIGHTS else None


# %% The photograph: cut to a square, and the mean of each colour taken away
picture = data.read_picture(PHOTO or data.sample_picture())             # (H, W, 3), 0 to 255
square = data.resize_and_crop(picture, 227)                             # (227, 227, 3)
x, order = data.to_input(square), "RGB"                                 # (1, 3, 227, 227): one picture, red first
if known:                                                               # as the network was trained
    x, order = known.pipeline.test(picture)[None], known.pipeline.order
plots.save(plots.picture_and_input(picture, x, order), f"{FOLDER}/00-input.png")
print(f"\nA photograph of {picture.shape[1]} x {picture.shape[0]} pixels becomes "
      f"{x.size:,} numbers from {x.min():.1f} to {x.max():.1f}.")


# %% The network, and the two lines that this page prints about every layer
net = known.net if known else npnet.model(NET)
_, expected = npnet.MODELS["krizhevsky2012"]()
if list(net.layers) != list(expected) or not isinstance(net["norm1"], npnet.LRN):
    raise SystemExit("This page is written for the layers of krizhevsky2012; for other networks: "
                     "npnet explain --net NAME")
work = {facts.name: facts.multiply_adds for facts in layer_facts(net)}
print(f"{WEIGHTS or NET}: {len(net.layers)} layers, {sum(array.size for array in net.params().values()):,} parameters, "
      f"{sum(work.values()):,} multiply-adds.")


def tell(name, before, x):
    """Prints what a layer is, the shapes before and after it, what it costs, and what its numbers are like."""
    shapes = " -> ".join("x".join(map(str, array.shape[1:])) for array in (before, x))
    parameters = sum(array.size for array in net[name].params().values())
    print(f"\n{name:8} {net[name]}\n         {shapes}" + (
        f", {parameters:,} parameters, {work[name]:,} multiply-adds" if parameters else ""))
    print(f"         {x.min():.4g} to {x.max():.4g}, mean {x.mean():.4g}, {(x == 0).mean():.0%} zeros")


def compare(words, by_hand, array):
    """Prints a number that was computed by hand beside the one that the layer computed."""
    same = np.isclose(by_hand, array, rtol=1e-4, atol=1e-5)             # float32 keeps about 7 digits
    print(f"by hand  {words} = {by_hand:.6g}; layer {array:.6g}: {'agree' if same else 'DIFFER'}")


def largest(x):
    """Where the largest number of the output is: (k, p, q) in maps, (m,) in a row."""
    return tuple(int(i) for i in np.unravel_index(x[0].argmax(), x[0].shape))


# %% conv1: filters of 11 x 11 pixels and 3 colours slide over the picture, 4 pixels at a time
before = x
x = net["conv1"].forward(x)                                             # (1, 96, 55, 55), as (227 - 11)/4 + 1 = 55
tell("conv1", before, x)

w, b = net["conv1"].w, net["conv1"].b                                   # (96, 3, 11, 11) and (96,)
k, p, q = 0, 27, 27                                                     # filter 0, in the middle of its map
total = float(b[k])
for c in range(3):
    for r in range(11):
        for s in range(11):
            total += float(before[0, c, 4 * p + r, 4 * q + s]) * float(w[k, c, r, s])
compare(f"363 products + b[{k}]", total, x[0, k, p, q])

rgb = w if order == "RGB" else w[:, ::-1]                                # drawn with red first
plots.save(plots.filters(rgb, "conv1: the filters"), f"{FOLDER}/01-conv1-filters.png")
plots.save(plots.feature_maps(x[0], "conv1: the maps"), f"{FOLDER}/02-conv1.png")


# %% relu1: what is negative becomes 0
before = x
x = net["relu1"].forward(x)                                             # (1, 96, 55, 55)
tell("relu1", before, x)

k, p, q = largest(x)
compare(f"max({before[0, k, p, q]:.5g}, 0)", max(before[0, k, p, q], 0), x[0, k, p, q])


# %% norm1: every number is damped by its neighbours in the maps before and after, inside its own tower
before = x
x = net["norm1"].forward(x)                                             # (1, 96, 55, 55)
tell("norm1", before, x)

i, h, v = largest(x)                                                    # the i-th map, pixel (h, v)
tower = before.shape[1] // net["norm1"].groups                          # maps in a tower: 48
squares, neighbours = 0.0, 0
for j in range(i - 2, i + 3):                                           # n = 5 maps
    if 0 <= j < before.shape[1] and j // tower == i // tower:           # no neighbours in the other tower
        squares, neighbours = squares + float(before[0, j, h, v]) ** 2, neighbours + 1
lrn = net["norm1"]
plus, alpha = npnet.ops.lrn_constants(lrn.convention, lrn.n, lrn.k, lrn.alpha)      # 2 and 0.0001 in the paper
damped = before[0, i, h, v] / (plus + alpha * squares) ** 0.75             # beta = 0.75
compare(f"x / ({plus:g} + {alpha:g} * {neighbours} squares)^0.75", damped, x[0, i, h, v])
if neighbours < 5:
    print(f"         {neighbours} squares and not 5: map {i} is at the edge of its tower")
plots.save(plots.feature_maps(x[0], "norm1: the maps"), f"{FOLDER}/03-norm1.png")


# %% pool1: of every 3 x 3 pixels the largest, 2 pixels apart: the windows overlap
before = x
x = net["pool1"].forward(x)                                             # (1, 96, 27, 27), as (55 - 3)/2 + 1 = 27
tell("pool1", before, x)

k, p, q = largest(x)
winner = -np.inf
for r in range(3):
    for s in range(3):
        winner = max(winner, before[0, k, 2 * p + r, 2 * q + s])
compare("the largest of 9 pixels", winner, x[0, k, p, q])
plots.save(plots.feature_maps(x[0], "pool1: the maps"), f"{FOLDER}/04-pool1.png")


# %% conv2: filters of 5 x 5, with 2 zeros around the maps; each filter sees only the maps of its own tower
before = x
x = net["conv2"].forward(x)                                             # (1, 256, 27, 27), as 27 + 2*2 - 5 + 1 = 27
tell("conv2", before, x)


def one_output(before, layer, k, p, q):
    """One output of a convolution with stride 1: its number, and how many products it is the sum of."""
    filters, seen, rows, columns = layer.w.shape                        # (256, 48, 5, 5)
    first = k // (filters // layer.groups) * seen                       # the first map of filter k's tower
    total, products = float(layer.b[k]), 0
    for c in range(seen):
        for r in range(rows):
            for s in range(columns):
                h, v = p + r - layer.pad, q + s - layer.pad
                if 0 <= h < before.shape[2] and 0 <= v < before.shape[3]:       # else a zero of the padding
                    total += float(before[0, first + c, h, v]) * float(layer.w[k, c, r, s])
                    products += 1
    return total, products


k, p, q = largest(x)
total, products = one_output(before, net["conv2"], k, p, q)
compare(f"{products} products + b[{k}]", total, x[0, k, p, q])
plots.save(plots.feature_maps(x[0], "conv2: the maps"), f"{FOLDER}/05-conv2.png")


# %% relu2
before = x
x = net["relu2"].forward(x)                                             # (1, 256, 27, 27)
tell("relu2", before, x)

k, p, q = largest(x)
compare(f"max({before[0, k, p, q]:.5g}, 0)", max(before[0, k, p, q], 0), x[0, k, p, q])


# %% norm2
before = x
x = net["norm2"].forward(x)                                             # (1, 256, 27, 27)
tell("norm2", before, x)

i, h, v = largest(x)
tower = before.shape[1] // net["norm2"].groups                          # 128
squares, neighbours = 0.0, 0
for j in range(i - 2, i + 3):
    if 0 <= j < before.shape[1] and j // tower == i // tower:
        squares, neighbours = squares + float(before[0, j, h, v]) ** 2, neighbours + 1
lrn = net["norm2"]
plus, alpha = npnet.ops.lrn_constants(lrn.convention, lrn.n, lrn.k, lrn.alpha)
damped = before[0, i, h, v] / (plus + alpha * squares) ** 0.75
compare(f"x / ({plus:g} + {alpha:g} * {neighbours} squares)^0.75", damped, x[0, i, h, v])
if neighbours < 5:
    print(f"         {neighbours} squares and not 5: map {i} is at the edge of its tower")
plots.save(plots.feature_maps(x[0], "norm2: the maps"), f"{FOLDER}/06-norm2.png")


# %% pool2
before = x
x = net["pool2"].forward(x)                                             # (1, 256, 13, 13), as (27 - 3)/2 + 1 = 13
tell("pool2", before, x)

k, p, q = largest(x)
winner = -np.inf
for r in range(3):
    for s in range(3):
        winner = max(winner, before[0, k, 2 * p + r, 2 * q + s])
compare("the largest of 9 pixels", winner, x[0, k, p, q])
plots.save(plots.feature_maps(x[0], "pool2: the maps"), f"{FOLDER}/07-pool2.png")


# %% conv3: the one convolution whose filters see both towers
before = x
x = net["conv3"].forward(x)                                             # (1, 384, 13, 13), as 13 + 2*1 - 3 + 1 = 13
tell("conv3", before, x)

k, p, q = largest(x)
total, products = one_output(before, net["conv3"], k, p, q)
compare(f"{products} products + b[{k}]", total, x[0, k, p, q])
plots.save(plots.feature_maps(x[0], "conv3: the maps"), f"{FOLDER}/08-conv3.png")


# %% relu3
before = x
x = net["relu3"].forward(x)                                             # (1, 384, 13, 13)
tell("relu3", before, x)

k, p, q = largest(x)
compare(f"max({before[0, k, p, q]:.5g}, 0)", max(before[0, k, p, q], 0), x[0, k, p, q])


# %% conv4: two towers again
before = x
x = net["conv4"].forward(x)                                             # (1, 384, 13, 13)
tell("conv4", before, x)

k, p, q = largest(x)
total, products = one_output(before, net["conv4"], k, p, q)
compare(f"{products} products + b[{k}]", total, x[0, k, p, q])
plots.save(plots.feature_maps(x[0], "conv4: the maps"), f"{FOLDER}/09-conv4.png")


# %% relu4
before = x
x = net["relu4"].forward(x)                                             # (1, 384, 13, 13)
tell("relu4", before, x)

k, p, q = largest(x)
compare(f"max({before[0, k, p, q]:.5g}, 0)", max(before[0, k, p, q], 0), x[0, k, p, q])


# %% conv5
before = x
x = net["conv5"].forward(x)                                             # (1, 256, 13, 13)
tell("conv5", before, x)

k, p, q = largest(x)
total, products = one_output(before, net["conv5"], k, p, q)
compare(f"{products} products + b[{k}]", total, x[0, k, p, q])
plots.save(plots.feature_maps(x[0], "conv5: the maps"), f"{FOLDER}/10-conv5.png")


# %% relu5
before = x
x = net["relu5"].forward(x)                                             # (1, 256, 13, 13)
tell("relu5", before, x)

k, p, q = largest(x)
compare(f"max({before[0, k, p, q]:.5g}, 0)", max(before[0, k, p, q], 0), x[0, k, p, q])


# %% pool5
before = x
x = net["pool5"].forward(x)                                             # (1, 256, 6, 6), as (13 - 3)/2 + 1 = 6
tell("pool5", before, x)

k, p, q = largest(x)
winner = -np.inf
for r in range(3):
    for s in range(3):
        winner = max(winner, before[0, k, 2 * p + r, 2 * q + s])
compare("the largest of 9 pixels", winner, x[0, k, p, q])
plots.save(plots.feature_maps(x[0], "pool5: the maps"), f"{FOLDER}/11-pool5.png")


# %% flatten: 256 maps of 6 x 6 become a row of 9216 numbers, map after map; what follows sees a row, not a picture
before = x
x = net["flatten"].forward(x)                                           # (1, 9216)
tell("flatten", before, x)

k, p, q = largest(before)
m = (k * 6 + p) * 6 + q
compare(f"y[{m}] = x[{k},{p},{q}]", before[0, k, p, q], x[0, m])


# %% fc6: every output is a weighted sum of all 9216 inputs; most of the parameters are here
before = x
x = net["fc6"].forward(x)                                               # (1, 4096)
tell("fc6", before, x)

w, b = net["fc6"].w, net["fc6"].b                                       # (9216, 4096) and (4096,)
m, = largest(x)
total = float(b[m])
for d in range(9216):
    total += float(before[0, d]) * float(w[d, m])
compare(f"9216 products + b[{m}]", total, x[0, m])


# %% relu6
before = x
x = net["relu6"].forward(x)                                             # (1, 4096)
tell("relu6", before, x)

m, = largest(x)
compare(f"max({before[0, m]:.5g}, 0)", max(before[0, m], 0), x[0, m])


# %% drop6: in training it would throw half of the numbers away; here it does nothing
before = x
x = net["drop6"].forward(x)                                             # (1, 4096)
tell("drop6", before, x)

m, = largest(x)
compare("what came in", before[0, m], x[0, m])


# %% fc7
before = x
x = net["fc7"].forward(x)                                               # (1, 4096)
tell("fc7", before, x)

w, b = net["fc7"].w, net["fc7"].b                                       # (4096, 4096) and (4096,)
m, = largest(x)
total = float(b[m])
for d in range(4096):
    total += float(before[0, d]) * float(w[d, m])
compare(f"4096 products + b[{m}]", total, x[0, m])


# %% relu7
before = x
x = net["relu7"].forward(x)                                             # (1, 4096)
tell("relu7", before, x)

m, = largest(x)
compare(f"max({before[0, m]:.5g}, 0)", max(before[0, m], 0), x[0, m])


# %% drop7
before = x
x = net["drop7"].forward(x)                                             # (1, 4096)
tell("drop7", before, x)

m, = largest(x)
compare("what came in", before[0, m], x[0, m])


# %% fc8: one number for each class; the largest wins
before = x
x = net["fc8"].forward(x)                                               # (1, 1000)
tell("fc8", before, x)

w, b = net["fc8"].w, net["fc8"].b                                       # (4096, 1000) and (1000,)
m, = largest(x)
total = float(b[m])
for d in range(4096):
    total += float(before[0, d]) * float(w[d, m])
compare(f"4096 products + b[{m}]", total, x[0, m])


# %% The five best classes: softmax makes the numbers positive, with the sum 1
probabilities = npnet.ops.softmax_forward(x)[0]                         # (1000,)
classes = len(probabilities)
if known:
    names = known.classes
else:
    names = Path(CLASS_NAMES).read_text("utf-8").splitlines() if CLASS_NAMES else [f"class {m}" for m in range(classes)]
best = np.argsort(-probabilities)[:5]
print("\nThe five best classes")
for m in best:
    print(f"{probabilities[m]:8.2%}  {names[m][:68]}")

total = 0.0
for m in range(classes):
    total += np.exp(float(x[0, m]))
compare(f"exp({x[0, best[0]]:.5g}) / {classes} exps", np.exp(float(x[0, best[0]])) / total, probabilities[best[0]])
title = "The five best classes" if WEIGHTS else "The five best classes (random weights)"
plots.save(plots.probabilities(probabilities, names, title, picture), f"{FOLDER}/12-classes.png")


# %% One backward pass: if the best class were the right one, how would the loss change with every number on the way?
loss, gradient = npnet.ops.softmax_cross_entropy(x, best[:1])           # a number and (1, 1000)
print(f"\nThe way back, from the loss {loss:.4f} for {names[best[0]][:44]}")
print(f"{'layer':8} {'gradient of input':>18} {'of w':>12} {'of b':>12}   (lengths)")
for name in reversed(net.layers):
    gradient = net[name].backward(gradient)                             # the shape of the layer's input
    own = [f"{np.linalg.norm(array):12.4g}" for array in net[name].grads().values()]
    print(f"{name:8} {np.linalg.norm(gradient):18.4g} {' '.join(own)}".rstrip())

compare("p - 1, the gradient of fc8's bias", float(probabilities[best[0]]) - 1, net["fc8"].db[best[0]])
norms = {name: np.linalg.norm(array) for name, array in net.grads().items()}
plots.save(plots.gradient_norms(list(norms), list(norms.values()), "Gradients"), f"{FOLDER}/13-gradients.png")
print(f"\nPictures are in the folder {FOLDER}.")
