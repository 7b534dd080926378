"""train and evaluate: the loop, ten losses on every backend, and the same ten as PyTorch."""
import math
import warnings

import numpy as np
import pytest

import npnet
from npnet import optim
from npnet.train import evaluate, train

# ten steps of `small` below at seed 0, lr 0.05: recorded once, from the numpy backend
LOSSES = [2.087574, 1.787589, 1.529612, 1.877056, 1.308715, 2.251997,
          1.672469, 1.540259, 1.615785, 1.596381]


def small(drop=0.2, dtype=np.float32):
    """AlexNet's layers on a picture of 12 pixels."""
    return npnet.Network(
        (3, 12, 12), seed=0, dtype=dtype,
        conv1=npnet.Conv2D(8, 5, stride=1, pad=2, init="he"), relu1=npnet.ReLU(), norm1=npnet.LRN(k=2, alpha=0.1, groups=2),
        pool1=npnet.MaxPool(3, 2), conv2=npnet.Conv2D(12, 3, pad=1, groups=2, init="he"), relu2=npnet.ReLU(),
        pool2=npnet.MaxPool(3, 2), flatten=npnet.Flatten(), fc6=npnet.Dense(16, init="he"), relu6=npnet.ReLU(),
        drop6=npnet.Dropout(drop), fc7=npnet.Dense(5, std=0.1))


def batches(count=10, size=6, dtype=np.float32):
    """Pictures whose label can be seen: the brightest of five rows."""
    random = np.random.default_rng(1)
    for _ in range(count):
        labels = random.integers(0, 5, size)
        x = random.standard_normal((size, 3, 12, 12))
        x[np.arange(size), :, 2 * labels + 1] += 2
        yield x.astype(dtype), labels


@pytest.mark.long
def test_ten_losses_are_the_recorded_ones(backend):
    net = small()
    losses = [step.loss for step in train(net, npnet.SGD(0.05), batches())]

    assert np.allclose(losses, LOSSES, rtol=2e-5, atol=0)


def test_it_learns():
    net = small()
    accuracies = [step.accuracy for step in train(net, npnet.SGD(0.05), batches(150, 16))]

    assert np.mean(accuracies[:10]) < 0.5 and np.mean(accuracies[-10:]) > 0.8


def test_a_step_tells_what_it_saw():
    net, optimizer = small(), npnet.SGD(optim.StepDecay(0.05, 2))
    steps = list(train(net, optimizer, batches(3)))

    assert [step.number for step in steps] == [0, 1, 2] and net.step == 2 and optimizer.steps == 3
    assert [step.lr for step in steps] == pytest.approx([0.05, 0.05, 0.005])
    for step in steps:
        p = np.exp(step.logits - np.logaddexp.reduce(step.logits, axis=1, keepdims=True))
        assert step.loss == pytest.approx(-np.log(p[np.arange(6), step.labels]).mean(), rel=1e-5)
        assert step.accuracy == (step.logits.argmax(axis=1) == step.labels).mean()
        assert type(step.loss) is float


def test_it_goes_on_where_the_optimizer_stands():
    """Two halves are the whole, dropout masks included: the step is part of their address."""
    whole, halves = small(0.5), small(0.5)
    list(train(whole, npnet.SGD(0.05), batches(8)))
    optimizer, pictures = npnet.SGD(0.05), list(batches(8))
    list(train(halves, optimizer, pictures[:3]))
    list(train(halves, optimizer, pictures[3:]))

    assert all(np.array_equal(w, halves.params()[name]) for name, w in whole.params().items())


def test_nothing_happens_before_it_is_iterated():
    net = small()
    before = net.params()["fc7.w"].copy()
    training = train(net, npnet.SGD(0.05), batches())

    assert np.array_equal(before, net.params()["fc7.w"])
    next(training)
    assert not np.array_equal(before, net.params()["fc7.w"])


def test_frozen_layers_stand_still():
    net = small()
    net.freeze("conv1", "fc6")
    before = {name: array.copy() for name, array in net.state().items()}
    list(train(net, npnet.SGD(0.05), batches()))

    assert set(before) == {"conv1.w", "conv1.b", "fc6.w", "fc6.b"}
    assert all(np.array_equal(array, net.state()[name]) for name, array in before.items())


@pytest.mark.parametrize("name", ["numpy", None])
def test_numbers_that_diverge_are_a_loss_and_no_warning(name):
    if name:
        npnet.use(name)
    net = small()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        losses = [step.loss for step in train(net, npnet.SGD(1e30), batches(4))]
        evaluate(net, batches(1))

    assert not np.isfinite(losses[-1])


# ---------------------------------------------------------------------------- evaluate

class Fixed(npnet.Layer):
    """Logits that are the input's."""

    def forward(self, x, train=False):
        return x.copy()


def fixed(classes=7):
    return npnet.Network((classes,), fixed=Fixed())


def test_evaluate_by_hand():
    logits = np.array([[7, 6, 5, 4, 3, 2, 1], [1, 2, 3, 4, 5, 6, 7], [1, 9, 2, 3, 4, 5, 6]], np.float32)
    result = evaluate(fixed(), [(logits[:2], np.array([0, 1])), (logits[2:], np.array([3]))])

    assert (result.top1, result.top5, result.pictures) == pytest.approx((1 / 3, 2 / 3, 3))      # best, sixth, fifth
    log = [np.log(np.exp(row - row.max()).sum()) + row.max() - row[label] for row, label in zip(logits, (0, 1, 3))]
    assert result.loss == pytest.approx(np.mean(log), rel=1e-6)


def test_a_short_batch_counts_by_its_pictures():
    logits = np.zeros((5, 7), np.float32)
    logits[:, 3] = 1
    labels = np.array([3, 3, 3, 3, 0])
    whole = evaluate(fixed(), [(logits, labels)])
    cut = evaluate(fixed(), [(logits[:4], labels[:4]), (logits[4:], labels[4:])])

    assert whole == pytest.approx(cut) and whole.top1 == 0.8


def test_ties_are_not_all_right():
    """A dead network that answers the same for all classes is right by chance only."""
    result = evaluate(fixed(), [(np.zeros((7, 7), np.float32), np.arange(7))])

    assert result.top1 == pytest.approx(1 / 7) and result.top5 == pytest.approx(5 / 7)


def test_fewer_than_five_classes():
    assert evaluate(fixed(3), [(np.eye(3, dtype=np.float32), np.arange(3))]).top5 == 1


def test_no_batches():
    with pytest.raises(ValueError, match="evaluate needs at least one batch, got none"):
        evaluate(fixed(), [])


def test_evaluate_draws_nothing_and_trains_nothing():
    net, pictures = small(0.5), list(batches(2))
    before = {name: w.copy() for name, w in net.params().items()}

    assert evaluate(net, pictures) == evaluate(net, pictures)
    assert all(np.array_equal(w, before[name]) for name, w in net.params().items())


def test_wrong_labels_are_one_sentence():
    with pytest.raises(ValueError, match="labels must lie between 0 and 4 for 5 classes, got 0 to 9"):
        list(train(small(), npnet.SGD(), [(np.zeros((2, 3, 12, 12), np.float32), np.array([0, 9]))]))


# ---------------------------------------------------------------------------- PyTorch

def torchs(torch, net):
    """The same network of PyTorch's layers, with the same weights, without dropout."""
    kinds = torch.nn
    theirs = kinds.Sequential(
        kinds.Conv2d(3, 8, 5, padding=2), kinds.ReLU(), Grouped(torch, 2), kinds.MaxPool2d(3, 2),
        kinds.Conv2d(8, 12, 3, padding=1, groups=2), kinds.ReLU(), kinds.MaxPool2d(3, 2), kinds.Flatten(),
        kinds.Linear(48, 16), kinds.ReLU(), kinds.Linear(16, 5))
    for module, name in zip([m for m in theirs if isinstance(m, (kinds.Conv2d, kinds.Linear))], ("conv1", "conv2", "fc6", "fc7")):
        w = net.params()[f"{name}.w"]
        module.weight.data = torch.tensor(w.T.copy() if w.ndim == 2 else w)
        module.bias.data = torch.tensor(net.params()[f"{name}.b"])
    return theirs


def Grouped(torch, groups):
    """The paper's LRN inside each group, of PyTorch's: its alpha is divided by n."""
    class Layer(torch.nn.Module):
        def forward(self, x):
            norm = torch.nn.LocalResponseNorm(5, alpha=5 * 0.1, beta=0.75, k=2)
            return torch.cat([norm(part) for part in x.chunk(groups, dim=1)], dim=1)
    return Layer()


@pytest.mark.torch
@pytest.mark.parametrize("form", ["torch", "paper"])
def test_ten_losses_are_pytorchs(backend, form):
    """Same weights, order and settings, dropout off; at a constant rate both forms are the same."""
    import torch
    net = small(0.0)
    theirs = torchs(torch, net)
    decays = [[p for p in theirs.parameters() if (p.ndim > 1) == wide] for wide in (True, False)]
    optimizer = torch.optim.SGD([{"params": decays[0], "weight_decay": 0.0005}, {"params": decays[1]}], lr=0.01, momentum=0.9)
    expected = []
    for x, labels in batches():
        loss = torch.nn.functional.cross_entropy(theirs(torch.tensor(x)), torch.tensor(labels))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        expected.append(loss.item())
    losses = [step.loss for step in train(net, npnet.SGD(0.01, form=form), batches())]

    assert len(losses) == 10 and max(map(abs, np.subtract(losses, expected))) < 1e-5
    assert not math.isclose(losses[0], losses[-1], rel_tol=1e-3)
