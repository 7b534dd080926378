"""The smallest runs, continued: gradients, losses, units, NaN and validation."""
import numpy as np

from ...backend import ops
from ...layers import BatchNorm, Dense, Dropout, ReLU, Sigmoid, Tanh
from ...optim import SGD
from .watching import chain, loader, pictures, small, watch, watch_loaders


# ------------------------------------------------------------------------ gradients

def backward_wrong():
    class MyDense(Dense):
        def backward(self, dy, to_input=True):
            dx = super().backward(dy, to_input)
            self.dw = -self.dw
            return dx
    return watch(small(fc2=MyDense(16, init="he")), SGD(0.02), pictures())


def ascent():
    net = small()

    def update(net):
        for name, w in net.params().items():
            w += 0.02 * net.grads()[name]
    return watch(net, SGD(0.02), pictures(), update=update)


def gradients_vanish():
    layers = {}
    for number in range(1, 9):
        layers[f"fc{number}"] = Dense(16, init="he")
        layers[f"sigmoid{number}"] = Sigmoid()
    net = chain(**layers, fc9=Dense(4, init="he"))
    return watch(net, SGD(0.02), pictures())


def gradients_nan():
    class MyDense(Dense):
        def backward(self, dy, to_input=True):
            dx = super().backward(dy, to_input)
            self.dw = self.dw / np.sqrt(abs(self.dw) * 0)
            return dx
    return watch(small(fc2=MyDense(16, init="he")), SGD(0.02), pictures())


# ------------------------------------------------------------------------ the loss

def loss_sums():
    def loss(logits, labels):
        mean, dlogits = ops.softmax_cross_entropy(logits, labels)
        return mean * len(labels), dlogits * len(labels)
    return watch(small(), SGD(0.02), pictures(), loss=loss)


def loss_own():
    def loss(logits, labels):
        return ops.softmax_cross_entropy(logits, labels % 3 + 1)
    return watch(small(), SGD(0.02), pictures(), loss=loss)


def loss_log_zero():
    def loss(logits, labels):
        p = ops.softmax_forward(logits)[np.arange(len(labels)), labels]
        right, dlogits = ops.softmax_cross_entropy(logits, labels)
        return -np.log(p).mean(), dlogits
    x, labels = pictures()
    return watch(small(), SGD(1e-6), (60 * x + 120, labels), loss=loss)


# ------------------------------------------------------------------------ units

def dead():
    net = small()
    net["fc2"].b[...] = -100
    return watch(net, SGD(0.02), pictures())


def saturated():
    net = chain(fc1=Dense(16, std=20), tanh1=Tanh(),
                fc2=Dense(16, std=20), tanh2=Tanh(), fc3=Dense(4, std=0.1))
    return watch(net, SGD(0.001), pictures())


def mask_repeats():
    net = small(drop2=Dropout(0.5), fc3=Dense(4, init="he"))
    return watch(net, SGD(0.02), pictures(), count=False)


def dropout_strong():
    net = small(drop2=Dropout(0.97), fc3=Dense(4, init="he"))
    return watch(net, SGD(0.002), pictures())


# ------------------------------------------------------------------------ NaN and infinity

def nan_input():
    x, labels = pictures()
    x[3, 0, 2, 2] = np.nan
    return watch(small(), SGD(0.02), (x, labels))


def nan_weights():
    net = small()
    net["fc2"].w[0, 0] = np.nan
    return watch(net, SGD(0.02), pictures())


def update_nan():
    squares = {}

    def update(net):
        for name, w in net.params().items():
            dw = net.grads()[name]
            squares[name] = squares.get(name, 0) + dw ** 2
            w -= 0.01 * dw / np.sqrt(squares[name])         # 0 / 0
    x, labels = pictures()
    x[:, :, 0] = 0                                          # a black row
    return watch(chain(fc1=Dense(4)), SGD(0.01), (x, labels), update=update)


def nan_overflow():
    return watch(small(), SGD(1e20), pictures())


# ------------------------------------------------------------------------ validation

def statistics_behind():
    (x, labels), (others, theirs) = pictures(), pictures(256, seed=1)
    data, held = (x + 10, labels), (others + 10, theirs)
    net = chain(norm1=BatchNorm(momentum=0.001), fc1=Dense(16, init="he"),
                relu1=ReLU(), fc2=Dense(4, init="he"))
    return watch(net, SGD(0.005), data, held=held)


def asked_in_training():
    net = chain(norm1=BatchNorm(), fc1=Dense(64, init="he"),
                norm2=BatchNorm(), relu2=ReLU(), fc3=Dense(4, init="he"))
    forward = net.forward
    net.forward = lambda x, train=True: forward(x, train=True)
    x, labels = pictures(256, seed=1)
    one = labels == 0                                       # class by class
    return watch(net, SGD(0.02), pictures(), held=(x[one], labels[one]))


def test_differs():
    class MyDropout(Dropout):
        def forward(self, x, train=False):
            y = super().forward(x, train)
            return y if train else x * 0            # kept or thrown?
    net = small(drop2=MyDropout(0.2), fc3=Dense(4, init="he"))
    return watch(net, SGD(0.02), pictures(), held=pictures(256, seed=1))


def pipelines_differ():
    held = loader(pictures(256, seed=1), mean=0.0, deviation=255.0)
    return watch_loaders(small(), SGD(0.02), loader(pictures()), held)


def classes_differ():
    held = loader(pictures(256, seed=1), names="dcba")
    return watch_loaders(small(), SGD(0.02), loader(pictures()), held)


def same_pictures():
    x, labels = pictures()
    held = loader((x[:256], labels[:256]))
    return watch_loaders(small(), SGD(0.02), loader((x, labels)), held)


def by_heart():
    few, others = pictures(64, noise=2), pictures(256, seed=1, noise=2)
    return watch(small(), SGD(0.02), few, epochs=40, held=others)


def validation_nan():
    x, labels = pictures(256, seed=1)
    x[3, 0, 2, 2] = np.nan
    return watch(small(), SGD(0.02), pictures(), held=(x, labels))


def validation_other():
    x, labels = pictures(256, seed=1)
    held = 0.25 * x + 0.5, labels
    return watch(small(), SGD(0.02), pictures(), held=held)
