"""Forwards are recognised, and their mistakes named: every mistake in the tables is planted and must be found."""
import numpy as np
import pytest

from npnet.backend import use
from npnet.diagnose.forwards import mistaken, recognised
from npnet.diagnose.forwards.mistaken_units import DROPOUT
from npnet.diagnose.forwards.operations import OPERATIONS, reference
from npnet.layers import (LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Conv2D, Dense, Dropout, Flatten, LRNWithin, MaxPool,
                          ReLU, Sigmoid, Softmax, Tanh)


class Stranger:
    """A forward with parameters of given shapes."""

    def __init__(self, forward, *shapes):
        self.run, self.arrays = forward, [np.random.default_rng(1).standard_normal(shape) for shape in shapes]

    def forward(self, x):
        return self.run(x, *self.arrays)

    def params(self):
        return dict(zip("wb", self.arrays))


def numbers(*shape):
    return np.random.default_rng(0).standard_normal(shape)


X = numbers(2, 4, 7, 6)
PLACES = [              # a reference, its input, the shapes of its parameters
    (Conv2D(4, 3, stride=2, pad=1, groups=2), X, [(4, 2, 3, 3), (4,)]),
    (Conv2D(6, 3, pad=1), X, [(6, 4, 3, 3), (6,)]),
    (Conv2D(6, (3, 2), ceil_mode=True, stride=2), X, [(6, 4, 3, 2), (6,)]),
    (MaxPool(3, 2, pad=1), X, []),
    (MaxPool((3, 2), 2, ceil_mode=True), numbers(2, 3, 8, 7), []),
    (AvgPool(3, 2, pad=1), X, []),
    (AvgPool((3, 2), 2, pad=1, count_include_pad=False), X, []),
    (LRN(n=3, alpha=0.7), numbers(3, 7, 3, 4), []),
    (LRN(n=3, k=1, alpha=0.7, beta=0.6, convention="torch", groups=2), numbers(3, 8, 3, 4), []),
    (Dense(5), numbers(5, 6), [(6, 5), (5,)]),
    (Dense(6), numbers(4, 6), [(6, 6), (6,)]),
    (ReLU(), numbers(3, 4, 2, 5), []),
    (Sigmoid(), numbers(5, 4), []),
    (Tanh(), numbers(5, 4), []),
    (Softmax(), numbers(5, 4), []),
    (BatchNorm(), numbers(4, 3, 3, 2), [(3,), (3,)]),
    (BatchNorm(), numbers(7, 5), [(5,), (5,)]),
    (Flatten(), numbers(2, 3, 4, 5), []),
]


@pytest.fixture(autouse=True)
def numpy_backend():
    use("numpy")


def candidate_of(like, x, arrays):
    return reference(like, x, arrays)[0]


@pytest.mark.parametrize("like, x, shapes", PLACES, ids=[repr(place[0]) for place in PLACES])
def test_a_right_forward_is_recognised_with_and_without_a_reference(like, x, shapes):
    def forward(x, *arrays):
        return candidate_of(like, x, list(arrays)).right(x)

    cause, sentence = recognised(Stranger(forward, *shapes), [x], like=like)
    unasked = recognised(Stranger(forward, *shapes), [x])

    assert cause is None and sentence == f"forward is {like!r}, exactly"
    assert unasked[0] is None and type(like).__name__ in unasked[1] and unasked[1].endswith(", exactly")


@pytest.mark.parametrize("like, x, shapes", PLACES, ids=[repr(place[0]) for place in PLACES])
def test_every_known_mistake_is_named_beside_its_reference(like, x, shapes):
    for name in candidate_of(like, x, [np.ones(shape) for shape in shapes]).mistakes():
        def forward(x, *arrays):
            return candidate_of(like, x, list(arrays)).mistakes()[name][1](x)

        stranger = Stranger(forward, *shapes)
        with np.errstate(invalid="ignore"):
            y, right = stranger.forward(x), candidate_of(like, x, stranger.arrays).right(x)
        if y is None or (y.shape == right.shape and np.allclose(y, right, 1e-13, 1e-13) and name not in ("pad0", "init0")):
            continue                            # makes no sense here, or changes nothing
        cause, sentence = recognised(stranger, [x], like=like)

        assert cause is not None and sentence == "", name
        words = OPERATIONS[candidate_of(like, x, stranger.arrays).operation][1][name][0]
        assert cause.kind == "forward" and (cause.detail == name or words in cause.sentence or twins(name, cause)), name
        assert cause.example.count("y") and repr(like) in cause.sentence + cause.example


def twins(name, cause):
    """Mistakes that are one here: with three in a list, the sentence names two."""
    return cause.sure == "likely"


def test_layers_of_npnet_itself_are_recognised():
    for like, x, shapes in PLACES[:9] + [(AdaptiveAvgPool((3, 2)), X, []), (LRNWithin(n=3, alpha=0.7), X, [])]:
        like.build(x.shape[1:], np.random.default_rng(0), np.float64)

        assert recognised(like, [x], like=like) == (None, f"forward is {like!r}, exactly")


def test_other_layouts_are_noticed_and_said():
    def last_channels(x, w, b):
        y = mistaken.convolution(x.transpose(0, 3, 1, 2), w.transpose(3, 2, 0, 1), b.reshape(-1), 1, 1, 1, False)
        return y.transpose(0, 2, 3, 1)

    stranger = Stranger(last_channels, (3, 3, 4, 5), (1, 5))
    like = Conv2D(5, 3, pad=1)

    said = "forward is Conv2D(5, 3, pad=1) with pictures (N, H, W, C) and filters (R, S, C, K), exactly"
    assert recognised(stranger, [numbers(2, 7, 6, 4)]) == (None, said)
    assert recognised(stranger, [numbers(2, 7, 6, 4)], like=like) == (None, said)


def test_dense_layers_of_other_styles():
    columns = Stranger(lambda a, w, b: w @ a + b, (3, 5), (3, 1))
    transposed = Stranger(lambda x, w, b: x @ w.T + b, (3, 5), (3,))

    assert recognised(columns, [numbers(5, 4)])[1] == (
        "forward is Dense(3) with features first, (D, N) and weights (outputs, inputs), exactly")
    assert recognised(transposed, [numbers(4, 5)])[1] == "forward is Dense(3) with weights (outputs, inputs), exactly"


def test_weights_may_be_inputs():
    class Functions:
        def forward(self, x, w, b):
            return mistaken.CONVOLUTION["flip"][1](x, w, b, stride=1, pad=1, groups=1, ceil_mode=False)

        def params(self):
            return {}

    inputs = [X, numbers(5, 4, 3, 3), numbers(5)]
    cause, _ = recognised(Functions(), inputs, like=Conv2D(5, 3, pad=1))

    assert (cause.kind, cause.detail, cause.sure) == ("forward", "flip", "exact")
    assert cause.sentence.startswith("Forward is not Conv2D(5, 3, pad=1): it is convolution with the kernel turned round")
    assert cause.example.startswith("For whole numbers in, y[0,0,0,0] is ")


def test_without_a_reference_a_mistake_is_a_remark():
    stranger = Stranger(lambda x, w, b: mistaken.CONVOLUTION["flip"][1](x, w, b, stride=2, pad=1, groups=1,
                                                                         ceil_mode=False), (6, 4, 3, 3), (6,))
    cause, sentence = recognised(stranger, [X])

    assert cause is None
    assert sentence.startswith("forward is convolution with the kernel turned round by 180 degrees")
    assert sentence.endswith("(everything else as in Conv2D(6, 3, stride=2, pad=1)), exactly; fine if that is what you "
                             "want")


def test_nothing_is_said_of_what_is_not_known():
    for forward in (lambda x: np.sin(x), lambda x: x ** 3, lambda x: x.cumsum(axis=1), lambda x: x[:, :, 1:, 1:] ** 2):
        assert recognised(Stranger(forward), [X]) == (None, "")


def test_a_reference_that_is_another_layer():
    cause, _ = recognised(Stranger(lambda x: x ** 3), [X], like=ReLU())

    assert cause.detail == "" and cause.sentence.startswith("Forward is not ReLU(). Spread over the whole array")
    with pytest.raises(ValueError, match=r"Conv2D\(6, 3\) cannot be compared .* must be \(6, 4, 3, 3\).* found are none"):
        recognised(Stranger(lambda x: x ** 3), [X], like=Conv2D(6, 3))
    with pytest.raises(TypeError, match="must be a layer of npnet"):
        recognised(Stranger(np.sin), [X], like="Conv2D")


def test_constants_of_lrn_are_found_without_a_reference():
    for like in (LRN(n=5, k=2, alpha=1e-4, beta=0.75), LRN(n=3, k=1, alpha=0.02, beta=0.5)):
        candidate = candidate_of(like, X, [])
        sentence = recognised(Stranger(candidate.right), [X])[1]

        assert sentence == f"forward is LRN(n={like.n}, k={like.k:g}, alpha={like.alpha:g}, beta={like.beta:g}), exactly"


def dropout(p, times, share, one_mask=False):
    def forward(x):
        shape = (1, *x.shape[1:]) if one_mask else x.shape
        return x * times * (np.random.default_rng(5).random(shape) < share)
    return Stranger(forward)


def test_dropout_and_its_mistakes():
    x = numbers(4, 10)

    assert recognised(dropout(0.2, 1.25, 0.8), [x], like=Dropout(0.2)) == (
        None, "forward is Dropout(0.2), with its random numbers")
    assert recognised(dropout(0.2, 1.25, 0.8), [x])[1] == "forward is Dropout(0.2), with its random numbers"
    for name, (words, rule) in DROPOUT.items():
        cause, _ = recognised(dropout(0.2, *rule(0.2)), [x], like=Dropout(0.2))
        assert cause.detail == name and words in cause.sentence and "multiplied by" in cause.example
    assert recognised(dropout(0.2, 1.25, 0.8, True), [x], like=Dropout(0.2))[0].detail == "mask_shared"


@pytest.mark.parametrize("name", [None, *OPERATIONS["cross_entropy"][1]])
def test_losses_are_recognised_without_their_labels(name):
    right, mistakes = OPERATIONS["cross_entropy"]
    function = mistakes[name][1] if name else right
    sentence = recognised(Stranger(lambda x: np.array(function(x, np.array([1, 0, 3, 2, 1])))), [numbers(5, 4)])[1]

    assert sentence.startswith("forward is softmax and cross-entropy")
    assert not name or mistakes[name][0] in sentence


def test_columns_are_recognised_with_their_order():
    from npnet.ops.conv import im2col
    cols = im2col(X, 3, 3, 1, 1)                # (N, C, R, S, P, Q)
    sentence = recognised(Stranger(lambda x: im2col(x, 3, 3, 1, 1).transpose(1, 2, 3, 4, 5, 0).reshape(36, -1)), [X])[1]

    assert cols.shape == (2, 4, 3, 3, 7, 6)
    assert sentence == ("forward is im2col with windows of 3 x 3, stride 1, pad 1: each row is one (channel, kernel row, "
                        "kernel column), each column one (row, column, image)")
