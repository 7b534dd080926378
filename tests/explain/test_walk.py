"""The walk: layers run when they are asked for, once; what a step holds; the way back; why a size is what it is."""
import re

import numpy as np
import pytest

import npnet
from networks import every_class, moved, small, walked
from npnet import LRN, AdaptiveAvgPool, Conv2D, Dense, Flatten, MaxPool, network
from npnet.explain import terminal
from npnet.explain.walk import Explain, cost, size_sentences
from npnet.layers import Layer


def test_layers_run_once_and_when_they_are_asked_for(random):
    net, ran = small(), []
    for name, layer in net.layers.items():
        layer.forward = lambda x, forward=layer.forward, name=name: (ran.append(name), forward(x))[1]
    explain = walked(net, random)
    assert ran == [] and len(explain) == 4
    assert explain["relu1"].facts.name == "relu1" and set(ran) == {"conv1", "relu1"}
    ran.clear()
    assert explain["relu1"] is explain.steps[1] and ran == []
    assert [step.number for step in explain] == [1, 2, 3, 4]


def test_what_a_step_holds(random):
    net = small()
    explain = walked(net, random)
    np.testing.assert_array_equal(explain["fc2"].y, net.forward(explain.x))
    assert explain["relu1"].zeros == (explain["relu1"].y == 0).mean() > 0
    assert explain["relu1"].minimum == 0 and explain["relu1"].maximum == explain["relu1"].y.max()
    assert sum(step.share for step in explain) == pytest.approx(1)
    assert sum(step.parameter_share for step in explain) == pytest.approx(1)
    assert explain["conv1"].column_bytes == 3 * 9 * 49 * 4 and explain["relu1"].column_bytes == 0
    assert all(step.seconds > 0 for step in explain)


def test_best_classes(random):
    explain = walked(small(), random, names=["a", "b", "c", "d", "e"])
    best = explain.best(3)
    p = explain.net.probabilities(explain.x)[0]
    assert [answer.label for answer in best] == list(np.argsort(-p)[:3])
    assert [answer.probability for answer in best] == sorted(p, reverse=True)[:3]
    assert best[0].name == "abcde"[best[0].label]
    assert len(explain.best()) == 5
    assert walked(small(), random).best(1)[0].name.startswith("class ")


def test_softmax_at_the_end(random):
    net = every_class()
    explain = walked(net, random)
    np.testing.assert_array_equal(explain.probabilities(), net.probabilities(explain.x)[0])
    back = explain.backward(2)
    logits = net[:"softmax"].forward(explain.x)
    loss, dlogits = npnet.ops.softmax_cross_entropy(logits, np.array([2]))
    assert back.loss == pytest.approx(loss) and back.gradients[0].name == "fc5"
    assert back.gradients[0].dy == pytest.approx(np.linalg.norm(dlogits))


def test_gradients_are_those_of_the_network(random):
    net = moved(small(), random)
    explain = walked(net, random)
    back = explain.backward()
    assert back.label == explain.best(1)[0].label and explain.gradients is back
    loss, dlogits = npnet.ops.softmax_cross_entropy(net.forward(explain.x), np.array([back.label]))
    dx = net.backward(dlogits)
    assert [each.name for each in back.gradients] == ["fc2", "flatten", "relu1", "conv1"]
    assert back.loss == pytest.approx(float(loss))
    assert back.gradients[-1].dx == pytest.approx(np.linalg.norm(dx))
    found = {f"{each.name}.{name}": value for each in back.gradients for name, value in each.parameters.items()}
    assert found == {name: pytest.approx(np.linalg.norm(array)) for name, array in net.grads().items()}


def test_errors(random):
    net = small()
    with pytest.raises(ValueError, match="one picture walks at a time, got a batch of 2; give x\\[:1\\]"):
        Explain(net, np.zeros((2, 3, 9, 9), np.float32))
    with pytest.raises(ValueError, match="this network was built for \\(N, 3, 9, 9\\)"):
        Explain(net, np.zeros((1, 3, 8, 9), np.float32))
    with pytest.raises(ValueError, match="there are 2 names, but the network has 5 classes"):
        walked(net, random, names=["a", "b"])
    with pytest.raises(KeyError, match="no layer is called 'conv9'; did you mean conv1"):
        walked(net, random)["conv9"]
    maps = walked(net[:"flatten"], random)
    for answer in (maps.best, maps.backward):
        with pytest.raises(ValueError, match=r"ends in \(4, 7, 7\), and not in classes"):
            answer()
    assert len(terminal.pages(maps, backward=True)) == 2


def test_check_names_the_layer_and_the_walk_ends(random, monkeypatch):
    monkeypatch.setattr(network, "checking", True)
    net = small()
    explain = walked(net, random)
    net["fc2"].w[3, 1] = np.inf
    assert explain["flatten"].number == 3
    with pytest.raises(FloatingPointError, match="^fc2: its output holds 1 of 5 numbers that are NaN or infinite"):
        explain["fc2"]
    with pytest.raises(FloatingPointError, match="^the input holds 243 of 243 numbers that are NaN"):
        Explain(net, np.full_like(explain.x, np.nan))
    net["fc2"].w[3, 1] = 0
    monkeypatch.setattr(net["relu1"], "backward", lambda dy: np.full_like(dy, np.nan))
    with pytest.raises(FloatingPointError, match="^relu1: the gradient of its input holds 196 of 196"):
        explain.backward()
    monkeypatch.undo()
    explain.backward()


def test_check_looks_at_the_gradients_of_parameters(random, monkeypatch):
    monkeypatch.setattr(network, "checking", True)
    explain = walked(small(), random)
    monkeypatch.setattr(explain.net["conv1"], "grads", lambda: {"w": np.full((4, 3, 3, 3), np.nan)})
    with pytest.raises(FloatingPointError, match="^conv1: the gradient of w holds 108 of 108"):
        explain.backward()


def test_the_first_run_which_compiles_does_not_count_as_the_rate(monkeypatch):
    from npnet.explain import walk
    measured, forward, ran = [], Conv2D.forward, []
    monkeypatch.setattr(Conv2D, "forward", lambda layer, x, train=False: (ran.append(x.shape), forward(layer, x))[1])
    monkeypatch.setattr(walk, "timed", lambda layer, x, runs: (measured.append(len(ran)), (None, 1.0))[1])

    walk.multiply_adds_per_second(channels=8, size=12)

    assert measured == [1]


def test_cost(random):
    npnet.use("loops")
    net = npnet.model("lenet5")
    assert cost(net)[0] == 416_520 and cost(net, "conv1")[0] == 117_600
    assert cost(net, backward=True)[0] == 3 * 416_520
    slow = cost(net)[1]
    npnet.use("numpy")
    assert slow > 5 * cost(net)[1] > 0


@pytest.mark.parametrize("layer, shape, sentences", [
    (Conv2D(256, 5, pad=2), (96, 27, 27), ["(27 + 2*2 - 5)/1 + 1 = 27"]),
    (Conv2D(96, 11, stride=4), (3, 227, 227), ["(227 - 11)/4 + 1 = 55"]),
    (Conv2D(96, 11, stride=4), (3, 224, 224), ["(224 - 11)/4 = 53.25, rounded down to 53; + 1 = 54"]),
    (Conv2D(96, 11, stride=4, ceil_mode=True), (3, 224, 224),
     ["(224 - 11)/4 = 53.25, rounded up to 54 (the 2012 rule); + 1 = 55"]),
    (Conv2D(2, (5, 3), stride=2, pad=1), (1, 9, 9),
     ["(9 + 2*1 - 5)/2 + 1 = 4 rows", "(9 + 2*1 - 3)/2 + 1 = 5 columns"]),
    (MaxPool(3, 2), (96, 55, 55), ["(55 - 3)/2 + 1 = 27"]),
    (MaxPool(3, 2), (96, 6, 6), ["(6 - 3)/2 = 1.5, rounded down to 1; + 1 = 2"]),
    (MaxPool(3, 2, ceil_mode=True), (96, 6, 6), ["(6 - 3)/2 = 1.5, rounded up to 2 (Caffe's rule); + 1 = 3"]),
    (MaxPool(2, 3, pad=1, ceil_mode=True), (9, 5, 5),
     ["(5 + 2*1 - 2)/3 = 1.67, up to 2; + 1, - 1 that starts in the padding = 2"]),
    (Dense(4096), (9216,), ["4096 outputs, each of which sees all 9216 inputs"]),
    (Flatten(), (256, 6, 6), ["256 x 6 x 6 = 9216 numbers in a row, channel after channel"]),
    (AdaptiveAvgPool(6), (256, 6, 6), ["cut into 6 x 6 parts, whatever the size of what comes in"]),
    (LRN(), (96, 5, 5), ["as many numbers come out as go in"]),
    (Layer(), (96, 5, 5), []),
])
def test_why_that_size(layer, shape, sentences):
    made = tuple(layer.build(shape, npnet.layers.rng(0)))
    assert size_sentences(layer, shape, made) == sentences
    for sentence, number in zip(sentences, made[1:]):
        if sentence.startswith("("):
            assert re.search(r"= (\d+)( rows| columns)?$", sentence)[1] == str(number)
