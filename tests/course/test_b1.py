"""B1, find the bug: right layers are the library's, wrong ones are caught, and each is worth 0.3 points."""
import ast
from textwrap import dedent, indent

import numpy as np
import pytest

from npnet import ops
from npnet.course.checks import b1_layers as layers
from npnet.course.checks.b1 import PROGRAM, PROPERTIES
from npnet.course.grader.assignment import load
from npnet.course.grader.calls import Call, Outcome
from npnet.course.grader.report import lines
from npnet.course.grader.results import Checked, Graded, Result

B1 = load("b1")
RIGHT = Outcome((1, 0))
RANDOM = np.random.default_rng(3)
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def quarters(dtype, *shape):
    return (RANDOM.integers(-8, 9, shape) / 4).astype(dtype)


def right(test):
    return layers.RIGHT[test]


def same(got, expected):
    assert got.dtype == expected.dtype and np.array_equal(got, expected)


# ---------------------------------------------------------------------------- right layers are right

@DTYPES
@pytest.mark.parametrize("shape, R, S, stride, pad", [
    ((2, 3, 6, 8), 3, 2, 2, 1), ((1, 2, 5, 5), 3, 3, 1, 0), ((2, 1, 7, 4), 2, 1, 3, 0), ((3, 2, 4, 6), 1, 4, 2, 2)])
def test_the_right_columns_are_the_library_s(dtype, shape, R, S, stride, pad):
    x = quarters(dtype, *shape)
    expected = ops.im2col(x, R, S, stride, pad)
    for im2col, in right("test_im2col"):
        same(im2col(x, R, S, stride, pad), expected)
    cols = quarters(dtype, *expected.shape)
    for col2im, in right("test_col2im"):
        same(col2im(cols, *shape[2:], stride, pad), ops.col2im(cols, *shape[2:], stride, pad))


@DTYPES
def test_the_right_gradients_of_a_convolution_are_the_library_s(dtype):
    for K, C, stride, pad, groups in ((4, 6, 2, 1, 2), (3, 2, 1, 0, 1), (6, 3, 3, 2, 3)):
        x, w = quarters(dtype, 2, C, 6, 7), quarters(dtype, K, C // groups, 3, 2)
        dy = quarters(dtype, *ops.conv2d_forward(x, w, np.zeros(K, dtype), stride, pad, groups).shape)
        for backward, in right("test_conv2d_backward"):
            for got, expected in zip(backward(dy, x, w, stride, pad, groups),
                                     ops.conv2d_backward(dy, x, w, stride, pad, groups)):
                same(got, expected)


@DTYPES
def test_the_right_pools_are_the_library_s(dtype):
    for R, S, stride, pad, up in ((3, 3, 2, 0, False), (3, 2, 2, 1, False), (2, 3, 3, 1, True), (2, 2, 2, 0, True)):
        x = quarters(dtype, 2, 3, 7, 6)
        y, argmax = ops.max_pool_forward(x, R, S, stride, pad, up)
        dy = quarters(dtype, *y.shape)
        for forward, in right("test_max_pool_forward"):
            for got, expected in zip(forward(x, R, S, stride, pad, up), (y, argmax)):
                same(got, expected)
        for backward, in right("test_max_pool_backward"):
            same(backward(dy, x, argmax, R, S, stride, pad), ops.max_pool_backward(dy, argmax, 7, 6, R, S, stride, pad))


@DTYPES
def test_the_right_layers_with_powers_and_logarithms_are_the_library_s(dtype):
    close = {"rtol": 1e-12 if dtype == np.float64 else 1e-5, "atol": 1e-12 if dtype == np.float64 else 1e-6}
    x, dy = RANDOM.normal(size=(2, 7, 2, 3)).astype(dtype), RANDOM.normal(size=(2, 7, 2, 3)).astype(dtype)
    y, scale = ops.lrn_forward(x, 5, 2.0, 0.7, 0.75, 1)
    for forward, in right("test_lrn_forward"):
        for got, expected in zip(forward(x, 5, 2.0, 0.7, 0.75), (y, scale)):
            assert got.dtype == dtype
            np.testing.assert_allclose(got, expected, **close)
    for backward, in right("test_lrn_backward"):
        np.testing.assert_allclose(backward(dy, x, scale, 5, 0.7, 0.75), ops.lrn_backward(dy, x, scale, 5, 0.7, 0.75, 1), **close)
    logits, labels = (3 * RANDOM.normal(size=(4, 5))).astype(dtype), np.array([0, 4, 2, 2])
    loss, dlogits = ops.softmax_cross_entropy(logits, labels)
    for each, gradient in right("test_cross_entropy"):
        np.testing.assert_allclose(each(logits, labels), loss, rtol=1e-5)
        np.testing.assert_allclose(gradient(logits, labels), dlogits, **close)


def test_the_right_dropouts_relus_and_updates_agree():
    x = RANDOM.normal(size=(6, 7))
    found = [forward(x, 0.3, np.random.default_rng(1), True) for forward, _ in right("test_dropout")]
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-12)
    assert np.array_equal(found[0][1], found[1][1])
    for relu_backward, in right("test_relu_backward"):
        assert np.array_equal(relu_backward(x, np.maximum(x, 0)), np.where(x > 0, x, 0))
    ends = []
    for kind, in right("test_sgd"):
        params, optimizer = {"a.w": x.copy(), "a.b": x[0].copy()}, kind(0.1, 0.9, 0.01)
        for step in range(3):
            optimizer.step(params, {"a.w": x * step, "a.b": x[1]})
        ends.append(params)
    for name in ends[0]:
        np.testing.assert_allclose(ends[0][name], ends[1][name], rtol=1e-12)


def test_the_layers_run_with_numpy_alone():
    imports = [node for node in ast.walk(ast.parse(PROGRAM)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert [ast.unparse(node) for node in imports] == ["import numpy as np"]


# ---------------------------------------------------------------------------- verdicts and points

def checked(text, only=""):
    """[Checked] of a text in the place of the student's file, for the wrong layers of one test or of all."""
    runner, found = B1.run(text), []
    for property in B1.properties:
        [call] = B1.calls(property)
        if only in ("", call.arguments[0]):
            outcome = runner.run(call)
            found.append(Checked(property, property.judge([outcome], [RIGHT], [call]), call=call, outcome=outcome,
                                 expected=RIGHT))
    return found


def with_test(name, body, text=B1.source.solution):
    """The solution with another body of one test."""
    tree = ast.parse(text)
    node = next(node for node in tree.body if getattr(node, "name", "") == name)
    node.body = ast.parse(f"def test():\n{indent(dedent(body), '    ')}").body[0].body
    return ast.unparse(tree)


def missed(text, only=""):
    """The names of the wrong layers that get away."""
    return [each.property.id.rpartition(".")[2] for each in checked(text, only) if each.failure]


def missed_with(name, body):
    return missed(with_test(name, body), name)


def test_the_solution_catches_all_twenty():
    assert len(PROPERTIES) == 20 == len(layers.WRONG) and missed(B1.source.solution) == []


def test_every_wrong_layer_is_worth_the_same():
    assert sum(region.points for region in B1.source.regions.values()) == 6
    for id, region in B1.source.regions.items():
        for lost in B1.of(id):
            graded = Graded(id, region.points, checked=[Checked(each, object() if each is lost else None)
                                                        for each in B1.of(id)])
            assert graded.earned == pytest.approx(region.points - 0.3)


@pytest.mark.parametrize("name, body, expected", [
    ("test_lrn_forward", """                                            # ONNX's own test had five of everything
        x = np.random.default_rng(0).normal(size=(5, 5, 5, 5))
        scale = lrn_forward(x, 3, 1.0, 0.5, 0.75)[1]
        squares = np.pad(x ** 2, ((0, 0), (1, 1), (0, 0), (0, 0)))
        assert np.allclose(scale, 1 + 0.5 * (squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]))
        """, ["batch", "running"]),
    ("test_max_pool_forward", """                                       # windows of 2 x 2, stride 2
        y, argmax = max_pool_forward(np.arange(16.0).reshape(1, 1, 4, 4), 2, 2, 2, 0, False)
        assert np.array_equal(y[0, 0], [[5, 7], [13, 15]])
        """, ["zeros", "overlap", "small"]),
    ("test_max_pool_backward", """
        dx = max_pool_backward(np.ones((1, 1, 2, 2)), np.arange(16.0).reshape(1, 1, 4, 4),
                               np.full((1, 1, 2, 2), 3), 2, 2, 2, 0)
        assert dx.sum() == 4 and dx[0, 0, 1, 1] == 1
        """, ["overwrites", "all_ties"]),
    ("test_col2im", "assert col2im(np.ones((1, 1, 2, 2, 2, 2)), 2, 2, 2, 1).sum() == 4", ["once", "empty"]),
    ("test_dropout", """                                                # at p = 1/2 both scales are alike
        x = np.ones((20, 20))
        y, mask = dropout_forward(x, 0.5, np.random.default_rng(0), True)
        assert np.array_equal(y, 2.0 * mask) and np.array_equal(dropout_backward(x, mask, 0.5), 2.0 * mask)
        """, ["by_p"]),
    ("test_conv2d_backward", """                                        # means cannot see where a number stands
        dw = conv2d_backward(np.ones((1, 1, 2, 2)), np.arange(9.0).reshape(1, 1, 3, 3), np.ones((1, 1, 2, 2)), 1, 0, 1)[1]
        assert dw.mean() == 16
        """, ["dw_reversed"])])
def test_what_weak_tests_let_pass(name, body, expected):
    assert missed_with(name, body) == expected


def test_who_accuses_a_right_layer_earns_nothing_for_that_operation_and_all_for_others():
    assert missed_with("test_dropout", "assert False") == ["by_p", "new_mask"]
    one_style = """
        x = np.random.default_rng(0).normal(size=(9, 9))
        y, mask = dropout_forward(x, 0.3, np.random.default_rng(1), True)
        assert np.array_equal(y, np.where(mask, x / (1 - 0.3), 0))
        """
    assert missed_with("test_dropout", one_style) == ["by_p", "new_mask"]


def test_an_error_of_the_test_is_told_and_an_error_of_a_wrong_layer_catches_it():
    found = {each.property.id: each for each in checked(with_test("test_col2im", "col2im(1)"), "test_col2im")}
    assert found["b1.columns.once"].failure.kind == "raised"
    assert found["b1.columns.once"].outcome.error.kind == "TypeError"
    said = "\n".join(lines(Result("b1", [Graded("b1.columns", 1.5, "wrong", list(found.values()))]), B1))
    assert "test_col2im stops by itself, with a right layer, at line" in said and "missing 4 required" in said
    body = "max_pool_forward(np.ones((1, 1, 5, 5)), 3, 3, 2, 0, False)"          # asserts nothing
    assert missed_with("test_max_pool_forward", body) == ["zeros", "small"]


def test_a_layer_does_not_tell_its_name():
    call = Call("verdict", ["test_im2col", "float64"], PROGRAM)
    spy = B1.run(with_test("test_im2col", "assert 'float' not in im2col.__name__ + im2col.__qualname__"))
    assert spy.run(call).value == (0, 0)


@pytest.mark.parametrize("language, accusing, missing", [
    ("en", "test_im2col stops at 3 of 3 right layers", "test_col2im lets a wrong layer pass: col2im with x[i] += v"),
    ("ko", "test_im2col이 맞는 층 3개 중 3개에서 멈춥니다", "test_col2im이 틀린 층을 통과시킵니다")])
def test_the_report_says_which_layers_got_away(language, accusing, missing):
    text = with_test("test_col2im", "col2im(np.zeros((1, 1, 2, 2, 2, 2)), 2, 2, 2, 1)",
                     with_test("test_im2col", "assert False"))
    found = checked(text, "test_im2col") + checked(text, "test_col2im")
    region = Graded("b1.columns", 1.5, "wrong", [each for each in found if not each.property.hidden])
    said = "\n".join(lines(Result("b1", [region]), B1, language))
    assert accusing in said and missing in said
