"""One battery for every layer, and what each layer has of its own."""
import copy
import importlib.util
import warnings

import numpy as np
import pytest

import npnet
from npnet.gradcheck import check_gradients
from npnet.layers import (LAYERS, LRN, AdaptiveAvgPool, AvgPool, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten,
                          Layer, LRNWithin, MaxPool, ReLU, Sigmoid, Softmax, Tanh, arguments, expression, rng)

PICTURES, ROW = (4, 9, 8), (6,)

LAYER_CASES = [
    (Conv2D(6, 3, stride=2, pad=1, groups=2, std=0.5, bias=1), PICTURES),
    (Conv2D(3, (2, 3), stride=4, ceil_mode=True, init="he"), PICTURES),
    (Conv2D(2, 1, init="torch"), PICTURES),
    (Dense(5, std=0.5, bias=0.25), ROW),
    (Dense(1, init="torch"), (1,)),
    (ReLU(), PICTURES), (ReLU(), ROW), (Tanh(), PICTURES), (Sigmoid(), ROW), (Softmax(), ROW),
    (MaxPool(3, 2), PICTURES), (MaxPool((2, 3), 2, pad=1, ceil_mode=True), PICTURES),
    (AvgPool(3, 2, ceil_mode=True), PICTURES), (AvgPool(3, 2, pad=1, count_include_pad=False), PICTURES),
    (AdaptiveAvgPool((2, 3)), PICTURES), (AdaptiveAvgPool(1), PICTURES),
    (LRN(3, alpha=0.7), PICTURES), (LRN(5, k=1, alpha=0.9, convention="torch", groups=2), PICTURES),
    (LRN(9, alpha=0.7, beta=0.5, convention="original"), PICTURES), (LRNWithin(3, alpha=0.7), PICTURES),
    (BatchNorm(momentum=0.3), PICTURES), (BatchNorm(), ROW),
    (Dropout(0.2), PICTURES), (Dropout(0.0), ROW), (Flatten(), PICTURES), (Flatten(), ROW),
    (Concat([dict(one=Conv2D(3, 1, std=0.5), squash=Tanh()), dict(three=Conv2D(2, 3, pad=1, std=0.5), norm=BatchNorm()),
             dict(pool=MaxPool(3, 1, pad=1), drop=Dropout(0.2))]), PICTURES),
    (Concat([dict(deep=Concat([dict(low=Conv2D(2, (2, 3), stride=2, std=0.5)), dict(high=AvgPool((2, 3), 2))]))]), PICTURES),
    (Concat([{}, dict(row=Dense(2, std=0.5))]), ROW),
    # options that are NumPy's numbers, as from np.linspace, must not turn float32 into float64
    (LRN(3, k=np.float64(2), alpha=np.float64(0.7), beta=np.float64(0.5)), PICTURES),
    (LRNWithin(3, k=np.float64(1), alpha=np.float64(0.7), beta=np.float64(0.5)), PICTURES),
    (BatchNorm(momentum=np.float64(0.3), eps=np.float64(0.25)), PICTURES), (Dropout(np.float64(0.25)), PICTURES),
]
NAMES = [f"{expression(layer)} on {shape}" for layer, shape in LAYER_CASES]
DTYPES = [np.float32, np.float64]
every_layer = pytest.mark.parametrize("layer, shape", LAYER_CASES, ids=NAMES)
in_both_modes = pytest.mark.parametrize("train", [False, True])


def built(layer, shape, dtype=np.float64):
    """A copy of the layer, built; its output's shape."""
    layer = copy.deepcopy(layer)
    return layer, layer.build(shape, rng(0, "init", "layer"), dtype)


def batch(shape, N=3, dtype=np.float64):
    """Numbers that are all different and none of them 0, so that no maximum is tied and no ReLU at its kink."""
    numbers = np.random.default_rng(3).permutation(N * int(np.prod(shape))) - N * np.prod(shape) / 2 + 0.25
    return (numbers / 64).reshape(N, *shape).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@in_both_modes
@every_layer
def test_shape_promised_is_shape_made_and_dtype_is_kept(backend, layer, shape, train, dtype):
    layer, promised = built(layer, shape, dtype)
    x = batch(shape, dtype=dtype)
    y = layer.forward(x, train=train)
    dx = layer.backward(np.ones_like(y))

    assert y.shape == (3, *promised)
    assert (y.dtype, dx.dtype, dx.shape) == (dtype, dtype, x.shape)
    for array in [*layer.params().values(), *layer.grads().values(), *layer.state().values()]:
        assert array.dtype == dtype


@in_both_modes
@every_layer
def test_changes_no_argument_and_gives_the_same_twice(backend, layer, shape, train):
    layer, promised = built(layer, shape)
    x, dy = batch(shape), batch(promised)
    x_before, dy_before = x.copy(), dy.copy()
    first = layer.forward(x, train=train)
    kept = first.copy()
    dx, grads = layer.backward(dy).copy(), copy.deepcopy(layer.grads())

    np.testing.assert_array_equal(layer.backward(dy), dx)              # backward twice: gradients are written, not added
    np.testing.assert_array_equal(layer.forward(x, train=train), kept)
    np.testing.assert_array_equal(first, kept)                         # the first answer still belongs to us
    layer.backward(dy)
    for name, gradient in layer.grads().items():
        np.testing.assert_array_equal(gradient, grads[name])
    np.testing.assert_array_equal(x, x_before)
    np.testing.assert_array_equal(dy, dy_before)


@every_layer
def test_params_and_grads_agree(backend, layer, shape):
    layer, promised = built(layer, shape)
    fresh = {name: gradient.shape for name, gradient in layer.grads().items()}
    layer.forward(batch(shape))
    layer.backward(batch(promised))
    shapes = {name: array.shape for name, array in layer.params().items()}

    assert layer.arrays(shape) == shapes | {name: array.shape for name, array in layer.state().items()}
    assert fresh == shapes == {name: gradient.shape for name, gradient in layer.grads().items()}
    assert not set(layer.params()) & set(layer.state())


@every_layer
def test_without_the_inputs_gradient(backend, layer, shape):
    layer, promised = built(layer, shape)
    layer.forward(batch(shape))
    layer.backward(batch(promised))
    grads = copy.deepcopy(layer.grads())
    dx = layer.backward(batch(promised), to_input=False)

    assert dx is None or not layer.params()
    for name, gradient in layer.grads().items():
        np.testing.assert_array_equal(gradient, grads[name])


@in_both_modes
@every_layer
def test_gradient(backend, layer, shape, train):
    small = (4, 5, 4) if len(shape) == 3 else shape
    layer, promised = built(layer, small)

    report = check_gradients(layer, batch(small, N=2), train=train, entries=40, method="central")
    assert report.ok, report


@every_layer
def test_batch_of_one(backend, layer, shape):
    layer, promised = built(layer, shape)
    x = batch(shape)
    together = layer.forward(x)

    np.testing.assert_allclose(layer.forward(x[1:2]), together[1:2], rtol=1e-13, atol=1e-14)
    assert layer.backward(batch(promised, N=1)).shape == (1, *shape)


@every_layer
def test_repr_makes_the_layer_again(layer, shape):
    again = eval(repr(layer), {**LAYERS, "np": np})

    assert type(again) is type(layer)
    assert repr(again) == repr(layer)
    if not isinstance(layer, Concat):                                  # whose arguments are layers, equal to themselves
        assert arguments(again) == arguments(layer)


@every_layer
def test_state_survives_saving(backend, layer, shape, tmp_path):
    layers = {"one": copy.deepcopy(layer)}
    net = npnet.Network(shape, dtype=np.float64, **layers)
    net.forward(batch(shape), train=True)
    net.save(tmp_path / "net.npz")
    loaded = npnet.load(tmp_path / "net.npz")

    np.testing.assert_array_equal(loaded.forward(batch(shape)), net.forward(batch(shape)))
    for name, array in (net.params() | net.state()).items():
        np.testing.assert_array_equal((loaded.params() | loaded.state())[name], array)


@every_layer
def test_forward_on_one_backend_and_backward_on_another(layer, shape):
    """What is remembered is neutral: it means the same to every backend."""
    results, third = [], "numba" if importlib.util.find_spec("npnet.fast") else "numpy"
    for forward, backward in (("numpy", "numpy"), ("loops", third), (third, "loops"), ("numpy", third)):
        npnet.use(forward)
        mine, promised = built(layer, shape)
        mine.forward(batch(shape), train=True)
        npnet.use(backward)
        results.append(mine.backward(batch(promised)))

    for result in results[1:]:
        np.testing.assert_allclose(result, results[0], rtol=1e-12, atol=1e-13)


def test_the_battery_knows_every_layer():
    assert {type(layer) for layer, shape in LAYER_CASES} == set(LAYERS.values())


def test_constructors_compute_nothing_and_refuse_nothing():
    assert arguments(LRN(n=4, groups=7, convention="mine")) == {
        "n": 4, "k": None, "alpha": 1e-4, "beta": 0.75, "convention": "mine", "groups": 7}


@pytest.mark.parametrize("layer, shape, message", [
    (Conv2D(5, 3, groups=2), (3, 9, 9), "groups=2 must divide both the 3 input channels and the 5 filters"),
    (Conv2D(4, 11), (3, 9, 9), "a window of 11 x 11 does not fit into 9 x 9 with pad=0"),
    (Conv2D(4, 3), (27,), r"Conv2D needs pictures \(C, H, W\), got \(27,\)"),
    (Conv2D(0, 3), (3, 9, 9), "filters must be a whole number of at least 1, got 0"),
    (Conv2D(4, 3, stride=0), (3, 9, 9), "stride must be a whole number of at least 1, got 0"),
    (Conv2D(4, 3, stride=1.5), (3, 9, 9), "stride must be a whole number of at least 1, got 1.5"),
    (Conv2D(4, 3, pad=-1), (3, 9, 9), "pad must be a whole number of at least 0, got -1"),
    (Conv2D(4, 3, init="zeros"), (3, 9, 9), "init must be one of paper, he, torch, got 'zeros'"),
    (Dense(10), (256, 6, 6), r"Dense needs a flat input \(D,\), got \(256, 6, 6\); put a Flatten\(\) before it"),
    (Dense(-3), (10,), "units must be a whole number of at least 1, got -3"),
    (Softmax(), (3, 2, 2), r"Softmax needs a flat input"),
    (MaxPool(3, 2), (3, 2, 2), "a window of 3 x 3 does not fit into 2 x 2"),
    (MaxPool(2, 2, pad=2), (3, 8, 8), "pad=2 must be smaller than the window of 2 x 2"),
    (AvgPool(3, 2), (3,), "AvgPool needs pictures"),
    (AdaptiveAvgPool(0), (3, 8, 8), "size must be a whole number of at least 1, got 0"),
    (LRN(4), (3, 8, 8), "n=4 must be odd, so that the window has a middle; use 3 or 5"),
    (LRN(groups=2), (3, 8, 8), "groups=2 must divide the 3 input channels"),
    (LRN(convention="keras"), (3, 8, 8), "convention must be one of paper, original, caffe, torch, got 'keras'"),
    (LRNWithin(2), (3, 8, 8), "n=2 must be odd"),
    (Conv2D(4, (3, 3, 3)), (3, 8, 8), r"size must be one number or \(rows, columns\), got \(3, 3, 3\)"),
    (AdaptiveAvgPool((1, 2, 3)), (3, 8, 8), r"size must be one number or \(rows, columns\)"),
    (Dropout("0.5"), (3,), "p_drop must be a number, got '0.5'"),
    (Dropout(1), (3,), "p_drop must lie between 0 and 1"),
    (Dropout(-0.1), (3,), "p_drop must lie between 0 and 1"),
    (LRN(alpha="1e-4"), (3, 8, 8), "alpha must be a number, got '1e-4'"),
    (LRNWithin(k=None), (3, 8, 8), "k must be a number, got None"),
    (BatchNorm(eps=None), (3,), "eps must be a number, got None"),
    (BatchNorm(eps=-1), (3,), "eps must be a finite number of at least 0, got -1"),
    (BatchNorm(eps=np.nan), (3,), "eps must be a finite number of at least 0, got nan"),
    (BatchNorm(momentum=5), (3,), "momentum must be a finite number from 0 to 1, got 5"),
    (LRN(k=-1), (3, 8, 8), "k must be a finite number of at least 0, got -1"),
    (LRN(beta=np.inf), (3, 8, 8), "beta must be a finite number of at least 0, got inf"),
    (LRNWithin(alpha=-1), (3, 8, 8), "alpha must be a finite number of at least 0, got -1"),
    (Dropout(np.nan), (3,), "p_drop must "),
    (Conv2D(4, 3, std=np.nan), (3, 9, 9), "std must be a finite number of at least 0, got nan"),
    (Dense(4, std=-1), (3,), "std must be a finite number of at least 0, got -1"),
    (Dense(4, bias="1"), (3,), "bias must be a number, got '1'"),
    (Dense(4, bias=np.inf), (3,), "bias must be a finite number, got inf"),
    (Conv2D(4, 3, ceil_mode="no"), (3, 9, 9), "ceil_mode must be True or False, got 'no'"),
    (MaxPool(3, 2, ceil_mode=None), (3, 9, 9), "ceil_mode must be True or False, got None"),
    (AvgPool(3, 2, count_include_pad=2), (3, 9, 9), "count_include_pad must be True or False, got 2"),
])
def test_what_does_not_fit_is_said_when_the_network_is_built(layer, shape, message):
    with pytest.raises(ValueError, match=f"^mine: .*{message}"):
        npnet.Network(shape, mine=layer)


def test_a_layer_without_methods_says_which_it_needs():
    with pytest.raises(NotImplementedError, match="Layer needs a method forward"):
        Layer().forward(1)
    with pytest.raises(NotImplementedError, match="Layer needs a method backward"):
        Layer().backward(1)


class Renamed(Layer):
    """A student's layer that keeps its argument under another name."""

    def __init__(self, n, kernel=np.zeros(2)):
        self.size, self.kernel = n, kernel


def test_an_argument_under_another_name():
    assert repr(Renamed(3)) == "Renamed('?')"
    with pytest.raises(TypeError, match="Renamed must store its argument n under that name: self.n = n"):
        arguments(Renamed(3))


def test_batch_norm_of_one_number_per_channel():
    layer, shape = built(BatchNorm(), ROW)
    with pytest.raises(ValueError, match="at least 2 numbers per channel in training, got 1: a batch of one picture, often "
                                         r"the last of an epoch; leave that one out \(drop_last\), or change the batch size"):
        layer.forward(batch(ROW, N=1), train=True)


@pytest.mark.parametrize("layer", [BatchNorm(eps=0.0), LRN(3, k=0), LRNWithin(3, k=0)])
def test_division_by_zero_is_nan_on_every_backend(backend, layer):
    layer, shape = built(layer, (2, 3, 3))
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        y = layer.forward(np.zeros((2, 2, 3, 3)), train=True)

    assert np.isnan(y).all()


def test_batch_norm_runs_towards_the_batch():
    layer, shape = built(BatchNorm(momentum=0.5), (1, 2, 1))
    layer.forward(np.array([1.0, 3, 5, 7]).reshape(2, 1, 2, 1), train=True)

    assert layer.mean.tolist() == [2]                                   # halfway from 0 to 4
    assert layer.var.tolist() == pytest.approx([1 + (20 / 3 - 1) / 2])  # halfway from 1 to 20/3, dividing by m - 1


@pytest.mark.parametrize("layer, low, high", [
    (Dense(400, std=0.01), -0.0125, 0.0125), (Dense(400, init="he"), -0.09, 0.09)])
def test_normal_weights_have_their_deviation(layer, low, high):
    layer, shape = built(layer, (300,))
    wanted = 0.01 if layer.init == "paper" else np.sqrt(2 / 300)

    assert layer.w.std() == pytest.approx(wanted, rel=0.01)
    assert abs(layer.w.mean()) < wanted / 100
    assert layer.b.tolist() == [0] * 400


def test_torch_weights_fill_their_interval():
    layer, shape = built(Conv2D(64, 3, init="torch"), (16, 5, 5))
    bound = 1 / np.sqrt(16 * 9)

    assert 0.99 * bound < np.abs(layer.w).max() <= bound
    assert 0.9 * bound < np.abs(layer.b).max() <= bound


def test_weights_are_the_same_in_both_dtypes():
    single, double = (built(Conv2D(4, 3), PICTURES, dtype)[0] for dtype in DTYPES)

    np.testing.assert_array_equal(single.w, double.w.astype(np.float32))


class TestDropout:
    def mask(self, **address):
        layer = Dropout(0.2)
        layer.build((50,), None)
        vars(layer).update(address)
        return layer.forward(np.ones((40, 50)), train=True) > 0

    def test_drops_the_share_it_was_asked_for(self):
        assert self.mask().mean() == pytest.approx(0.8, abs=0.03)       # 2000 numbers: 3 deviations are 0.027

    def test_the_expected_value_is_kept(self):
        layer = Dropout(0.2)
        kept = layer.forward(np.ones((100, 100)), train=True)

        assert set(np.unique(kept)) == {0, 1.25}
        assert kept.mean() == pytest.approx(1, abs=0.015)

    def test_the_address_decides_the_mask(self):
        assert (self.mask() == self.mask()).all()
        for other in ({"seed": 1}, {"name": "drop7"}, {"step": 1}):
            assert (self.mask() != self.mask(**other)).any()

    def test_parts_of_a_batch_draw_their_rows_of_the_whole(self):
        layer, whole = Dropout(0.2), self.mask()
        layer.build((50,), None)
        layer.rows = (10, 40)

        np.testing.assert_array_equal(layer.forward(np.ones((30, 50)), train=True) > 0, whole[10:])

    def test_equals_the_papers_with_the_next_layers_weights_halved_at_test(self):
        """The paper keeps x * mask in training and halves at test; ours doubles in training."""
        x, w = batch((6,)), batch((5,), N=6)
        layer = Dropout(0.5)
        papers_test = x @ (w / 2)
        papers_train = x * (layer.forward(np.ones_like(x), train=True) > 0) @ w

        np.testing.assert_allclose(layer.forward(x) @ w / 2, papers_test)
        np.testing.assert_allclose(layer.forward(x, train=True) @ (w / 2), papers_train)

    def test_at_test_nothing_happens(self):
        x = batch((6,))

        np.testing.assert_array_equal(Dropout(0.9).forward(x), x)


def test_rng_depends_on_every_part_of_its_address():
    first = rng(0, "init", "conv1").random(4).tolist()

    assert first == rng(0, "init", "conv1").random(4).tolist()
    for address in ((1, "init", "conv1"), (0, "dropout", "conv1"), (0, "init", "conv2")):
        assert rng(*address).random(4).tolist() != first


@pytest.mark.parametrize("layer, shape, expected", [
    (Conv2D(256, 5, pad=2, groups=2), (96, 27, 27), (223_948_800, 204_484_608, 1_749_600, (5, 5, 1))),
    (Conv2D(96, 11, stride=4), (3, 227, 227), (105_415_200, 105_415_200, 1_098_075, (11, 11, 4))),
    (Conv2D(96, 11, stride=4, ceil_mode=True), (3, 224, 224), (105_415_200, 104_372_352, 1_098_075, (11, 11, 4))),
    (Dense(4096), (9216,), (37_748_736, 37_748_736, 0, (1, 1, 1))),
    (MaxPool(3, 2), (96, 55, 55), (0, 0, 0, (3, 3, 2))),
    (LRNWithin(5), (2, 8, 8), (0, 0, 0, (5, 5, 1))),
    (AdaptiveAvgPool(6), (256, 13, 13), (0, 0, 0, (3, 3, 2))),
    (ReLU(), (2, 8, 8), (0, 0, 0, (1, 1, 1))),
])
def test_what_a_layer_says_of_itself(layer, shape, expected):
    assert (layer.multiply_adds(shape), layer.connections(shape), layer.columns(shape), layer.window(shape)) == expected


def write_described(path, paths):
    """A file with a network of one Concat, whose paths are this JSON."""
    text = '{"npnet": 1, "input_shape": [2, 4, 4], "seed": 0, "dtype": "float32", "frozen": [], "layers": [["both", "Concat", ' \
           '{"paths": %s}]]}' % paths
    np.savez(path, architecture=np.array(text))


class TestConcat:
    def test_by_hand(self, backend):
        """Two paths of 1 x 1: y is [2x, 3x - 1]; dy = [[1, 10], [100, 1000]] comes back as 2 dy[0] + 3 dy[1]."""
        layer = Concat([dict(two=Conv2D(1, 1)), dict(three=Conv2D(1, 1))])
        assert layer.build((1, 1, 2), rng(0)) == (2, 1, 2)
        for name, w, b in (("two", 2, 0), ("three", 3, -1)):
            layer.inside()[name].w[...], layer.inside()[name].b[...] = w, b
        y = layer.forward(np.array([[[[1, 4]]]], np.float32))
        dx = layer.backward(np.array([[[[1, 10]], [[100, 1000]]]], np.float32))

        np.testing.assert_array_equal(y, [[[[2, 8]], [[2, 11]]]])
        np.testing.assert_array_equal(dx, [[[[302, 3020]]]])
        assert {name: gradient.ravel().tolist() for name, gradient in layer.grads().items()} == {
            "two.w": [41], "two.b": [11], "three.w": [4100], "three.b": [1100]}

    def test_what_it_costs_is_what_its_layers_cost(self):
        layer, shape = npnet.models.expand(64), (16, 55, 55)
        one, three = layer.inside()["expand1x1"], layer.inside()["expand3x3"]

        assert layer.multiply_adds(shape) == one.multiply_adds(shape) + three.multiply_adds(shape) == 64 * 16 * 10 * 55 ** 2
        assert layer.connections(shape) == one.connections(shape) + three.connections(shape) < layer.multiply_adds(shape)
        assert layer.columns(shape) == three.columns(shape)
        assert layer.window(shape) == (3, 3, 1)
        assert layer.output(shape) == (128, 55, 55)

    def test_the_window_of_a_path_of_several_layers(self):
        layer = Concat([dict(a=Conv2D(2, 3, stride=2, pad=1), b=Conv2D(2, 3, pad=1)), dict(c=MaxPool(2, 2))])

        assert layer.window((1, 8, 8)) == (7, 7, 2)

    @pytest.mark.parametrize("paths, shape, error, words", [
        ([dict(a=Conv2D(2, 3)), dict(b=Conv2D(2, 1))], PICTURES, ValueError, "the paths must make maps of one height and width"),
        ([dict(a=Conv2D(2, 30))], PICTURES, ValueError, "^a: a window of 30 x 30 does not fit"),
        ([dict(a=Dense(3))], PICTURES, ValueError, "^a: Dense needs a flat input"),
        ([dict(a=ReLU()), dict(a=ReLU())], PICTURES, ValueError, "^a: every layer inside needs a name of its own"),
        ([{"a.b": ReLU()}], PICTURES, ValueError, "a.b: every layer inside needs a name of its own, without a dot"),
        ([dict(a=ReLU)], PICTURES, TypeError, "^a: .* is no layer"),
        *((paths, PICTURES, TypeError, "paths must be a list of dictionaries") for paths in ([], [ReLU()], dict(a=ReLU()), 3))])
    def test_errors(self, paths, shape, error, words):
        with pytest.raises(error, match=words):
            Concat(paths).build(shape, rng(0))
        with pytest.raises(error, match="^both: " + words.removeprefix("^")):
            npnet.Network(shape, both=Concat(paths))

    def test_one_layer_in_two_places(self):
        relu = ReLU()
        with pytest.raises(ValueError, match="^b: this object is in the paths twice"):
            Concat([dict(a=relu), dict(b=relu)]).build(PICTURES, rng(0))

    def test_a_layer_of_another_network(self):
        relu = ReLU()
        net = npnet.Network((2, 4, 4), relu=relu)
        with pytest.raises(ValueError, match="^both.one: this layer is in another network"):
            npnet.Network((2, 4, 4), both=Concat([dict(one=relu)]))
        assert net["relu"] is relu

    def test_a_dropout_inside_has_the_mask_of_its_own_address(self):
        net = npnet.Network((2, 4, 4), seed=5, both=Concat([dict(one=Dropout(0.5)), dict(two=Dropout(0.5))]))
        x = np.ones((2, 2, 4, 4), np.float32)
        first, again = net.forward(x, train=True), net.forward(x, train=True)
        net.step = 1
        later = net.forward(x, train=True)
        net.step, net.rows = 0, (1, 2)
        second = net.forward(x[1:], train=True)

        np.testing.assert_array_equal(first, again)
        assert (first != later).any() and (first[:, :2] != first[:, 2:]).any()
        np.testing.assert_array_equal(second, first[1:])

    def test_saved_and_loaded(self, tmp_path):
        layers = dict(both=Concat([dict(one=Conv2D(3, 1), norm=BatchNorm()), dict(deep=Concat([dict(pool=MaxPool(3, 1, pad=1))]))]))
        net = npnet.Network((2, 4, 4), **layers)
        x = np.random.default_rng(0).standard_normal((3, 2, 4, 4)).astype(np.float32)
        net.forward(x, train=True)
        net.save(tmp_path / "net.npz")
        loaded = npnet.load(tmp_path / "net.npz")

        assert str(loaded) == str(net)
        assert set(loaded.state()) == {"both.norm.mean", "both.norm.var"}
        np.testing.assert_array_equal(loaded.forward(x), net.forward(x))

    def test_a_layer_of_ones_own_inside_answers_output(self):
        class Doubled(npnet.Layer):
            def build(self, shape, rng, dtype=np.float32):
                return 2 * shape[0], *shape[1:]

        with pytest.raises(ValueError, match=r"^both: own: inside a Concat, output\(\(2, 4, 4\)\) must answer \(4, 4, 4\), "
                                             r"which build returned, got \(2, 4, 4\)"):
            npnet.Network((2, 4, 4), both=Concat([dict(own=Doubled(), after=Conv2D(2, 1))]))

    @pytest.mark.parametrize("method, returned, words", [
        ("build", None, "build must return the shape of one output"), ("build", (2, 0), "every size in the shape"),
        ("params", [], r"params\(\) must return a dictionary")])
    def test_a_layer_of_ones_own_inside_is_checked_as_any_other(self, method, returned, words):
        own = type("Own", (npnet.Layer,), {method: lambda self, *rest, **options: returned})()
        with pytest.raises((ValueError, TypeError), match=f"^both: own: {words}"):
            npnet.Network((2, 4, 4), both=Concat([dict(own=own)]))

    @pytest.mark.parametrize("method, change, words", [
        ("forward", lambda x: x[:, :1], "own: forward must return an array .3, 2, 4, 4., as build promised, got .3, 1, 4, 4."),
        ("forward", lambda x: x.astype(np.float64), "own: forward must return float32"),
        ("forward", lambda x: None, "own: forward must return an array"),
        ("backward", lambda dy: dy[:, :, :1], "own: backward must return the gradient of its input, .3, 2, 4, 4., got .3, 2, 1, 4."),
        ("backward", lambda dy: None, "own: backward must return the gradient of its input, .3, 2, 4, 4., got NoneType")])
    def test_what_a_layer_of_ones_own_inside_makes_is_checked(self, method, change, words):
        own = type("Own", (npnet.layers.ReLU,), {method: lambda self, x, **options: change(getattr(ReLU, method)(self, x))})()
        net, x = npnet.Network((2, 4, 4), both=Concat([dict(own=own), {}])), np.ones((3, 2, 4, 4), np.float32)
        with pytest.raises((ValueError, TypeError), match=words):
            net.backward(net.forward(x))

    @pytest.mark.parametrize("paths, words", [
        ('[{"a": ["ReLU", {}]}, 3]', "a path must be {name: .class, arguments.}, got 3"),
        ('{"a": ["ReLU", {}]}', "layer both has an argument of a wrong type"),
        ('[{"a": ["Conv2D", {"filters": 2, "size": 1, "stride": 0}]}]', "layer both has a 0 where there must be none"),
        ('[{"a": ["MaxPool", {"size": 1000000000, "stride": 1}]}]', "both: a window of 1000000000 does not fit"),
        ('[{"a": ["Conv2D", {"filters": 1000000000, "size": 1}]}]', "the array both.a.w .1000000000, 2, 1, 1. is missing")])
    def test_a_damaged_description_is_refused_in_a_sentence(self, tmp_path, paths, words):
        write_described(tmp_path / "net.npz", paths)
        with pytest.raises(ValueError, match=words):
            npnet.load(tmp_path / "net.npz")

    def test_concats_in_concats_are_computed_once_each(self, tmp_path):
        """Twice at each level would be 2 ** 40 times."""
        write_described(tmp_path / "net.npz", '[{"c": ["Concat", {"paths": ' * 40 + '[{"a": ["ReLU", {}]}]' + '}]}]' * 40)
        net = npnet.load(tmp_path / "net.npz")

        assert net["both"].output((2, 4, 4)) == (2, 4, 4) == net.shapes["both"]

    def test_frozen(self):
        net = npnet.Network((2, 4, 4), first=Conv2D(2, 1), both=Concat([dict(one=Conv2D(3, 1))]))
        net.freeze("both")

        assert set(net.params()) == {"first.w", "first.b"}
        assert set(net.state()) == {"both.one.w", "both.one.b"}

    def test_layers_inside_are_reached_by_both_names(self):
        net = npnet.Network((2, 4, 4), both=Concat([dict(one=Conv2D(3, 1), tanh=Tanh())]))
        inside = net["both"].inside()

        assert net["both.one"] is inside["one"] and net["both.tanh"] is inside["tanh"]
        with pytest.raises(KeyError, match="no layer is called 'fc6'; there are both"):
            net["fc6"]
        other = npnet.replace(net, "both.tanh", ReLU)
        assert isinstance(other["both.tanh"], ReLU)
        np.testing.assert_array_equal(other["both.one"].w, net["both.one"].w)

    def test_a_part_of_a_network_remembers_its_own_forward(self):
        net = npnet.Network((2, 4, 4), both=Concat([dict(one=Conv2D(3, 1), deep=Concat([dict(two=Tanh())]))]), last=ReLU())
        x = np.random.default_rng(0).standard_normal((3, 2, 4, 4)).astype(np.float32)
        y = net.forward(x)
        dx = net.backward(y)
        part = net[:"last"]
        part.forward(x + 1)

        np.testing.assert_array_equal(net.backward(y), dx)
        assert part["both"].inside()["one"].w is net["both"].inside()["one"].w
