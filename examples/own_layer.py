"""A layer of your own: written, checked, and put into a network that trains.

    python examples/own_layer.py

The layer is a ReLU that lets a little of the negative numbers through, and learns how much: one slope for each channel
(PReLU, He et al. 2015). Beside it stands the same layer with a mistake in backward. The check finds the mistake, says
what the cause is, and draws the wrong gradient beside the slopes of forward. Then the right layer takes the places of
all ReLUs in a small network.
"""
import numpy as np

import npnet
from npnet import plots
from npnet.data import Loader, Pipeline, dataset
from npnet.diagnose.pictures import draw
from npnet.train import evaluate, train

TRAIN, TEST, EPOCHS = 1000, 200, 3


class LearntSlope(npnet.Layer):
    """y = x where x > 0, and w[c] * x elsewhere. Remembers its input x."""

    def __init__(self, start=0.25):
        self.start = start                                      # arguments are stored under their own names

    def build(self, shape, rng, dtype=np.float32):
        super().build(shape, rng, dtype)
        self.w = np.full(shape[0], self.start, dtype)           # (C,)
        self.dw = np.zeros_like(self.w)
        return shape                                            # that of the output, without N

    def forward(self, x, train=False):
        self.x = x
        return np.where(x > 0, x, self.slopes() * x)

    def backward(self, dy, to_input=True):
        axes = (0, *range(2, dy.ndim))                          # all but the channels: every place shares one slope
        self.dw = (dy * np.minimum(self.x, 0)).sum(axis=axes)   # (C,)
        return np.where(self.x > 0, dy, self.slopes() * dy)

    def slopes(self):
        return self.w.reshape(-1, *[1] * (self.x.ndim - 2))     # (C, 1, 1): in line with axis 1 of x

    def params(self):
        return {"w": self.w}

    def grads(self):
        return {"w": self.dw}


class Hasty(LearntSlope):
    """The same with a mistake: backward lets nothing through where x is negative, as a plain ReLU."""

    def backward(self, dy, to_input=True):
        super().backward(dy)
        return np.where(self.x > 0, dy, 0)


x = np.random.default_rng(0).standard_normal((2, 3, 4, 4))      # float64: a check needs the digits
for layer in (Hasty(), LearntSlope()):
    layer.build(x.shape[1:], None, np.float64)
    examination = npnet.check_layer(layer, x)                   # npnet.assert_gradients is the same for tests
    print(f"\n{layer}\n{examination}")
    for figure in draw(examination).values():                   # one for each array that is wrong
        plots.save(figure, "own_layer.png")

shapes = dataset("shapes", train=TRAIN, test=TEST)
pipeline = Pipeline.for_training(shapes.train, (3, 32, 32))
net = npnet.Network((3, 32, 32), seed=0,
                    conv1=npnet.Conv2D(16, 5, pad=2, init="he"), act1=LearntSlope(), pool1=npnet.MaxPool(3, 2),
                    conv2=npnet.Conv2D(32, 5, pad=2, init="he"), act2=LearntSlope(), pool2=npnet.MaxPool(3, 2),
                    flatten=npnet.Flatten(), fc3=npnet.Dense(len(shapes.classes), std=0.01))
optimizer, batches = npnet.SGD(lr=0.003), Loader(shapes.train, 25, pipeline, seed=0)
print("\nTraining:")
for epoch in range(EPOCHS):
    losses = [step.loss for step in train(net, optimizer, batches)]
    print(f"epoch {epoch + 1}: mean loss {np.mean(losses):.3f}; slopes of act1 {net['act1'].w.min():.3f} to "
          f"{net['act1'].w.max():.3f}")
result = evaluate(net, Loader(shapes.test, 100, pipeline, train=False))
print(f"{100 * result.top1:.1f} % of {result.pictures} test pictures right")

net.save("own_layer.npz")                                       # a network with it is read with its class
again = npnet.load("own_layer.npz", layers={"LearntSlope": LearntSlope})
print(again["act1"])
