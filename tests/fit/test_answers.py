"""Answers and scores: probabilities averaged by their logarithms, and one loss, however confident a mistake is."""
import numpy as np
import pytest

import npnet
from npnet.data import Loader, Pictures, Pipeline
from npnet.fit import answers, score
from npnet.train import evaluate

PIPELINE = Pipeline(size=8, shorter=8, channels=3, mean=127.0, deviation=60.0)


@pytest.fixture(autouse=True)
def no_compiler():
    npnet.use("numpy")


def pictures(count):
    random = np.random.default_rng(0)
    return Pictures(random.integers(0, 256, (count, 8, 8, 3), np.uint8), random.integers(0, 3, count), "abc")


def small(seed=0, classes=3, **last):
    return npnet.Network((3, 8, 8), seed=seed, flatten=npnet.Flatten(), fc=npnet.Dense(classes, std=0.1), **last)


class Fixed(npnet.Layer):
    """Logits that are three pixels' brightness."""

    def build(self, shape, rng, dtype=np.float32):
        return (3,)

    def forward(self, x, train=False):
        return x[:, 0, 0, :3].copy()


def test_score_by_hand():
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [0.3, 0.3, 0.4]])
    result = score(np.log(p), np.array([0, 1, 1]))

    assert (result.pictures, result.top1, result.top5) == (3, pytest.approx(1 / 3), 1)
    assert result.loss == pytest.approx(-np.log([0.7, 0.2, 0.3]).mean())
    assert result.confusion.tolist() == [[1, 0, 0], [0, 0, 2], [0, 0, 0]]


def test_the_five_best_are_five():
    p = np.array([[0.4, 0.25, 0.15, 0.1, 0.06, 0.04]] * 6)
    result = score(np.log(p), np.array([0, 0, 2, 3, 4, 5]))

    assert (result.top1, result.top5) == (pytest.approx(2 / 6), pytest.approx(5 / 6))
    assert result.confusion[:, 0].tolist() == [2, 0, 1, 1, 1, 1] and result.confusion.sum() == 6


def test_an_ensemble_averages_probabilities_not_logits():
    one, other = small(0), small(1)
    held = pictures(7)
    x = np.stack([PIPELINE.test(held[i]) for i in range(7)])
    expected = (one.probabilities(x) + other.probabilities(x)) / 2

    assert np.allclose(np.exp(answers([(one, PIPELINE), (other, PIPELINE)], held, batch=3)), expected, atol=1e-6)


def test_ten_crops_average_probabilities_per_picture():
    net, held = npnet.Network((3, 8, 8), fixed=Fixed()), pictures(5)
    raw = Pipeline(size=8, shorter=8, channels=3, pad=2, mean=127.0, deviation=60.0)
    expected = np.stack([net.probabilities(raw.ten(held[i])).mean(axis=0) for i in range(5)])
    averaged = np.exp(answers([(net, raw)], held, ten=True, batch=20))

    assert np.allclose(averaged, expected, atol=1e-6)
    assert not np.allclose(averaged, np.exp(answers([(net, raw)], held)), atol=1e-3)
    logits = np.stack([net.forward(raw.ten(held[i])).mean(axis=0) for i in range(5)])
    assert not np.allclose(averaged, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), atol=1e-3)


def test_networks_of_different_classes_are_no_ensemble():
    other = small(classes=4)

    with pytest.raises(ValueError, match=r"need the same classes, got outputs \[\(3,\), \(4,\)\]"):
        answers([(small(), PIPELINE), (other, PIPELINE)], pictures(3))


@pytest.mark.parametrize("gap", [0.5, 150, 2000])
def test_the_loss_of_a_confident_mistake_is_that_of_training(gap):
    """150 where the probability, 7e-66, is beyond float32; 2000 where it is beyond float64."""
    picture = np.zeros((1, 8, 8, 3), np.uint8)
    net = npnet.Network((3, 8, 8), flatten=npnet.Flatten(), fc=npnet.Dense(2))
    net.params()["fc.b"][:] = 0, gap
    net.params()["fc.w"][:] = 0
    one = Pictures(picture, [0], "ab")
    loss = score(answers([(net, PIPELINE)], one), one.labels).loss

    assert loss == pytest.approx(np.logaddexp(0, gap), rel=1e-12)
    assert loss == pytest.approx(evaluate(net, Loader(one, 1, PIPELINE, train=False)).loss, rel=1e-6)


def test_the_mean_of_two_networks_does_not_underflow():
    """Probabilities e^-1000 and e^-1001: their mean is e^-1000 (1 + 1/e) / 2."""
    nets = [npnet.Network((3, 8, 8), flatten=npnet.Flatten(), fc=npnet.Dense(2)) for _ in range(2)]
    for net, gap in zip(nets, (1000, 1001)):
        net.params()["fc.w"][:], net.params()["fc.b"][:] = 0, (0, gap)
    one = Pictures(np.zeros((1, 8, 8, 3), np.uint8), [0], "ab")
    log_p = answers([(net, PIPELINE) for net in nets], one)

    assert log_p[0, 0] == pytest.approx(-1000 + np.log((1 + np.exp(-1)) / 2), rel=1e-12)


def test_a_network_that_ends_in_a_softmax_answers_the_same():
    held = pictures(6)
    plain, ending = small(), small(softmax=npnet.Softmax())

    assert np.array_equal(answers([(plain, PIPELINE)], held), answers([(ending, PIPELINE)], held))


def test_what_cannot_be_scored_is_said():
    with pytest.raises(ValueError, match="score takes the logarithms of probabilities"):
        score(np.array([[0.3, 0.7]]), np.array([0]))
    net = small()
    net.params()["fc.b"][0] = np.nan
    with pytest.raises(ValueError, match="the answers hold NaN or infinity"):
        answers([(net, PIPELINE)], pictures(3))
