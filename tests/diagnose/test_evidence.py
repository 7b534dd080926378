"""What causes are told from: forward's Jacobian beside backward's answers."""
import numpy as np
import pytest

from npnet.diagnose import evidence as room
from npnet.diagnose.evidence import Evidence
from npnet.gradcheck import check_gradients
from npnet.layers import LRN, AvgPool, Conv2D, MaxPool


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def of(subject, *inputs, row=0, **options):
    report = check_gradients(subject, *inputs, **options)
    return Evidence(report.point, report.rows[row])


def built(layer, shape):
    layer.build(shape[1:], np.random.default_rng(0), np.float64)
    return layer


@pytest.mark.parametrize("layer, shape", [(Conv2D(4, 3, stride=2, pad=1, groups=2), (2, 4, 5, 4)), (MaxPool(3, 2), (2, 2, 5, 7)),
                                          (AvgPool(2, 2), (1, 2, 4, 4)), (LRN(alpha=0.7), (2, 6, 2, 2))])
def test_a_right_backward_answers_with_the_jacobian(layer, shape):
    layer = built(layer, shape)
    for row in range(1 + len(layer.params())):
        found = of(layer, drawn(*shape), row=row)
        assert found.whole and not found.kinks.any()
        assert found.B.shape == found.J.shape == (found.y.size, found.array.size)
        assert found.same(found.B, found.J) and found.same(found.got, found.right)
        assert not found.same(found.B, 1.001 * found.J)


def test_the_jacobian_of_a_dense_layer_by_hand():
    w = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])          # (D, M)
    found = of((lambda x: x @ w, lambda dy, x: dy), np.array([[1.0, 2.0, 3.0]]))        # dx has the shape of dy
    assert found.row.verdict == "wrong" and found.wrong is None
    np.testing.assert_allclose(found.J, w.T, atol=1e-9)
    assert np.isnan(found.B).all()                              # an answer of another shape is none


def test_the_jacobian_of_a_curve():
    x = drawn(5)
    found = of((lambda x: x ** 3, lambda dy, x: 3 * x ** 2 * dy), x)
    np.testing.assert_allclose(found.J, np.diag(3 * x ** 2), atol=1e-8)


def test_what_was_measured_leaves_the_point_as_it_was():
    layer = built(Conv2D(2, 3), (2, 3, 5, 5))
    found = of(layer, drawn(2, 3, 5, 5), row=1)
    before = {name: array.copy() for name, array in found.point.arrays.items()}
    doubled = found.see(x=2 * found.arrays["x"], b=0 * found.arrays["b"])
    assert found.same(doubled, 2 * found.see(b=0 * found.arrays["b"]))
    assert found.J.any() and found.B.any()
    for name, array in found.point.arrays.items():
        np.testing.assert_array_equal(array, before[name])


def test_a_backward_that_raises_for_some_dy_says_nothing():
    def backward(dy, x):
        if not dy.all():
            raise RuntimeError
        return 3 * dy

    found = of((lambda x: 2 * x, backward), drawn(3, 4))
    assert np.isnan(found.B).all() and not found.same(found.B, found.J)
    np.testing.assert_allclose(found.ask(np.ones(12)), 3 * np.ones((3, 4)))


def test_kinks_are_marked():
    x = drawn(4, 5)
    x[1, 2] = 0
    found = of((lambda x: np.maximum(x, 0), lambda dy, x: dy * (x >= 0)), x)
    np.testing.assert_array_equal(np.flatnonzero(found.kinks), [7])


def test_a_sample_where_all_would_take_too_long(monkeypatch):
    monkeypatch.setattr(room, "ENTRIES", 30)
    wrong = np.zeros((10, 10))
    wrong[2] = 1
    found = of((lambda x: 2 * x, lambda dy, x: 2 * dy + wrong), drawn(10, 10))
    assert len(found.entries) == len(found.outputs) == 30 and not found.whole
    assert set(range(20, 30)) <= set(found.entries)             # the wrong ones are among them
    assert found.J.shape == (30, 30) and found.J_all.shape == (100, 30)
    again = of((lambda x: 2 * x, lambda dy, x: 2 * dy + wrong), drawn(10, 10))
    np.testing.assert_array_equal(found.entries, again.entries)


def test_names_of_sizes():
    layer = built(Conv2D(4, (3, 2)), (2, 3, 5, 6))
    sizes = of(layer, drawn(2, 3, 5, 6)).sizes
    assert {name: sizes[name] for name in ("N", "C", "H", "W", "K", "P", "Q", "P*Q", "N*P*Q", "R*S")} == \
        {"N": 2, "C": 3, "H": 5, "W": 6, "K": 4, "P": 3, "Q": 5, "P*Q": 15, "N*P*Q": 30, "R*S": 6}
    found = of((lambda x: x.reshape(1, 4), lambda dy, x: dy), drawn(1, 4))
    assert found.sizes == {"D": 4, "M": 4, "N*D": 4, "N*M": 4, "the size of y": 4}


def test_words_for_places():
    found = of((lambda x: 2 * x, lambda dy, x: dy), drawn(2, 3, 4))
    assert (found.index(17), found.output(23)) == ("x[1,1,1]", "y[1,2,3]")
