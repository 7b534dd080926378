"""Right solutions of A6, A7, A9 and A10 in other words than ours: every property holds for them."""
import pytest

from npnet.course.grader.assignment import load
from npnet.course.grader.calls import Direct
from npnet.course.grader.perform import namespace
from npnet.course.selftest import holds

pytestmark = pytest.mark.long              # processes are started, or many probes run

A6_LOOPS = '''
import numpy as np

def dropout_forward(x, p_drop, rng, train):
    mask = np.full(x.shape, True)
    if not train:
        return x, mask
    drawn = rng.random(size=x.shape)
    y = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        if drawn[place] < p_drop:
            mask[place] = False
        else:
            y[place] = x[place] * (1 / (1 - p_drop))
    return y, mask

def dropout_backward(dy, mask, p_drop):
    dx = dy.copy()
    dx[np.logical_not(mask)] = 0
    return dx / (1 - p_drop)

def relu_backward(dy, y):
    dx = np.zeros_like(dy)
    for place in np.ndindex(dy.shape):
        if y[place] > 0:
            dx[place] = dy[place]
    return dx
'''

A6_PRODUCTS = '''
import numpy as np

def dropout_forward(x, p_drop, rng, train):
    if train:
        keep = 1.0 - p_drop
        mask = ~(rng.random(x.shape) < p_drop)
        return x * mask / keep, mask
    return x.copy(), np.ones_like(x).astype(bool)

def dropout_backward(dy, mask, p_drop):
    return dy * mask / (1.0 - p_drop)

def relu_backward(dy, y):
    return dy * (y > 0)
'''

A7_LOOPS = '''
import math
import numpy as np

def probabilities(row):
    top = max(row)
    exps = [math.exp(z - top) for z in row]
    return [e / sum(exps) for e in exps]

def cross_entropy_loss(logits, labels):
    total = 0.0
    for row, label in zip(logits, labels):
        top = max(row)
        total += math.log(sum(math.exp(z - top) for z in row)) + top - row[label]
    return total / len(logits)

def cross_entropy_gradient(logits, labels):
    dlogits = np.zeros(logits.shape)
    for n in range(len(logits)):
        for m, p in enumerate(probabilities(logits[n])):
            dlogits[n, m] = (p - 1 if m == labels[n] else p) / len(logits)
    return dlogits
'''

A7_ONE_HOT = '''
import numpy as np

def cross_entropy_loss(logits, labels):
    one_hot = np.eye(logits.shape[1])[labels]
    z = logits - np.max(logits, axis=1)[:, None]
    return np.mean(np.log(np.sum(np.exp(z), axis=1)) - np.sum(one_hot * z, axis=1))

def cross_entropy_gradient(logits, labels):
    one_hot = np.eye(logits.shape[1])[labels]
    z = logits - np.logaddexp.reduce(logits, axis=1)[:, None]
    return (np.exp(z) - one_hot) / logits.shape[0]
'''

A9_OTHER = '''
import numpy as np

SETTINGS = [(11, 4, 0), (5, 1, 2), (3, 1, 1), (3, 1, 1), (3, 1, 1)]

def alexnet_layers(filters, groups, units, classes):
    layers = []
    for i, (window, stride, pad) in enumerate(SETTINGS):
        number = str(i + 1)
        layers.append(conv("conv" + number, filters[i], window, stride, pad, groups[i]))
        layers.append(relu("relu" + number))
        if i < 2:
            layers.append(lrn("norm" + number))
        if i in (0, 1, 4):
            layers.append(max_pool("pool" + number, window=3, stride=2))
    layers.append(flatten("flatten"))
    for number, unit in zip("67", units):
        layers += [dense("fc" + number, unit), relu("relu" + number), dropout("drop" + number, 0.5)]
    return layers + [dense("fc8", classes)]

def flatten_forward(x):
    return np.array([image.ravel() for image in x])

def dense_forward(x, w, b):
    return np.einsum("nd,dm->nm", x, w) + b[None, :]

def network_forward(x, layers, weights, masks):
    def convolution(x, o):
        return conv2d_forward(x, weights[o["name"] + ".w"], weights[o["name"] + ".b"], o["stride"], o["pad"], o["groups"])
    def dropped(x, o):
        mask = masks.get(o["name"])
        return x if mask is None else x * mask / (1 - o["p_drop"])
    does = {"conv": convolution, "relu": lambda x, o: relu_forward(x), "dropout": dropped,
            "lrn": lambda x, o: lrn_forward(x, o["n"], o["k"], o["alpha"], o["beta"])[0],
            "max_pool": lambda x, o: max_pool_forward(x, o["window"], o["window"], o["stride"], 0, False)[0],
            "flatten": lambda x, o: flatten_forward(x),
            "dense": lambda x, o: dense_forward(x, weights[o["name"] + ".w"], weights[o["name"] + ".b"])}
    for o in layers:
        x = does[o["kind"]](x, o)
    return x

def output_shapes(layers, shape):
    shapes, now = [], list(shape)
    for o in layers:
        if o["kind"] in ("conv", "max_pool"):
            pad = o.get("pad", 0)
            now = [o.get("filters", now[0])] + [(size + 2 * pad - o["window"]) // o["stride"] + 1 for size in now[1:]]
        if o["kind"] == "flatten":
            now = [np.prod(now)]
        if o["kind"] == "dense":
            now = [o["units"]]
        shapes.append(list(now))
    return shapes

def layer_parameters(layers, shape):
    counts = []
    for o, after in zip(layers, output_shapes(layers, shape)):
        w = {"conv": lambda: np.prod([o["filters"], shape[0] // o["groups"], o["window"], o["window"]]) + o["filters"],
             "dense": lambda: (shape[0] + 1) * o["units"]}.get(o["kind"], lambda: 0)
        counts.append(w())
        shape = after
    return np.array(counts)

def layer_multiply_adds(layers, shape):
    counts = []
    for o, after, parameters in zip(layers, output_shapes(layers, shape), layer_parameters(layers, shape)):
        outputs = o.get("filters", o.get("units", 0))
        counts.append(int(parameters - outputs) * (after[1] * after[2] if o["kind"] == "conv" else 1))
    return counts
'''

A10_OTHER = '''
import numpy as np

def dense_backward(dy, x, w):
    return (np.einsum("nm,dm->nd", dy, w), np.einsum("nd,nm->dm", x, dy), np.ones(len(dy)) @ dy)

def small_backward(dlogits, saved, weights):
    grads = {}
    dx, grads["fc.w"], grads["fc.b"] = dense_backward(dlogits, saved["flat"], weights["fc.w"])
    dx = max_pool_backward(dx.reshape(saved["argmax"].shape), saved["active"], saved["argmax"], 3, 3, 2, 0)
    dx = dx * (saved["active"] > 0)
    grads["conv.w"] = conv2d_backward_w(dx, saved["x"], 3, 3, 1, 1, 1)
    grads["conv.b"] = dx.sum(axis=(0, 2, 3))
    return grads

def shuffled(x, labels, rng):
    order = rng.permutation(len(x))
    return np.array([x[i] for i in order]), np.take(labels, order)

def train(x, labels, weights, lr, momentum, epochs, batch, rng):
    w = {name: np.array(array) for name, array in weights.items()}
    v, losses = {name: 0.0 for name in w}, []
    for _ in range(epochs):
        images, right = shuffled(x, labels, rng)
        while len(images):
            logits, saved = small_forward(images[:batch], w)
            losses += [cross_entropy_loss(logits, right[:batch])]
            g = small_backward(cross_entropy_gradient(logits, right[:batch]), saved, w)
            for name in w:                                          # the rate outside: the same while it is constant
                v[name] = momentum * v[name] + g[name]
                w[name] -= lr * v[name]
            images, right = images[batch:], right[batch:]
    return losses, w

def match_maps(image, filters, maps):
    chosen = []
    for shown in maps:
        best = None
        for number in range(5):
            made = relu_forward(conv2d_forward(image[None], filters[number:number + 1], np.zeros(1), 1, 1, 1))[0, 0]
            far = ((made / made.max() - shown) ** 2).sum()
            if best is None or far < best:
                best, which = far, number
        chosen.append(which)
    return chosen
'''

STYLES = [("a6", A6_LOOPS), ("a6", A6_PRODUCTS), ("a7", A7_LOOPS), ("a7", A7_ONE_HOT), ("a9", A9_OTHER), ("a10", A10_OTHER)]


@pytest.mark.parametrize("id, text", STYLES, ids=["a6-loops", "a6-products", "a7-loops", "a7-one-hot", "a9", "a10"])
def test_right_solutions_in_other_words_are_right(id, text):
    assignment = load(id)
    names = namespace(assignment.source.starter(), assignment.filename, {"parts": assignment.imported})
    exec(compile(text, assignment.filename, "exec"), names)
    runner = Direct(names, assignment.filename, text)
    for property in assignment.properties:
        calls = assignment.calls(property, "another student")
        expected = [assignment.reference.run(call) for call in calls]
        assert holds(assignment, property, runner, calls, expected) is None, property.id
