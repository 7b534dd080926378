"""A6, A7, A9 and A10: their solutions are the library's functions, their handouts say what the code gives."""
import doctest

import numpy as np
import pytest

from npnet import ops
from npnet.course.grader.assignment import load
from npnet.course.grader.draws import Draw

MINE = ["a6", "a7"]


class Known:
    """A generator that gives the numbers it was made with."""

    def __init__(self, numbers):
        self.numbers, self.asked = numbers, []

    def random(self, shape):
        self.asked.append(shape)
        return self.numbers


def solution(id):
    """The names of an assignment's solution."""
    return load(id).reference.names


def quarters(name, *shape):
    return Draw(name).quarters(*shape)


# ---------------------------------------------------------------------------- the texts

@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("id", MINE)
def test_worked_examples_are_what_the_code_gives(id, language):
    text = load(id).source.handout(language)
    example = doctest.DocTestParser().get_doctest(text, {"np": np, **solution(id)}, f"{id} {language}", None, 0)
    assert len(example.examples) >= 4
    failures = []
    doctest.DocTestRunner().run(example, out=failures.append)
    assert failures == []


@pytest.mark.parametrize("id", MINE)
def test_both_languages_have_the_same_examples_and_regions(id):
    source = load(id).source
    english, korean = source.handout("en"), source.handout("ko")
    examples = [[line for line in text.splitlines() if ">>>" in line] for text in (english, korean)]
    assert examples[0] == examples[1]
    for region in source.regions.values():
        row = f"| `{region.id}` |"
        for text in (english, korean):
            assert [line.rstrip(" |").endswith(f" {region.points}") for line in text.splitlines() if row in line] == [True]


@pytest.mark.parametrize("id", MINE)
def test_nothing_of_the_solution_stands_in_the_handout_or_the_starter(id):
    source = load(id).source
    lines = {line.strip() for region in source.regions.values() for first, end in region.blocks
             for line in source.lines[first:end] if len(line.strip()) > 20}
    for language in ("en", "ko"):
        text = source.handout(language) + source.starter(language)
        assert [line for line in lines if line in text] == []


# ---------------------------------------------------------------------------- A6

@pytest.mark.parametrize("p_drop", [0.0, 0.5, 0.75, 0.875])
@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 4, 5)])
def test_dropout_is_the_librarys_bit_for_bit(p_drop, shape):
    a6, x, dy = solution("a6"), quarters("x", *shape), quarters("dy", *shape)
    given = Known(Draw("mask").integers(0, 256, *shape) / 256)
    y, mask = a6["dropout_forward"](x, p_drop, given, True)
    assert given.asked == [shape]
    np.testing.assert_array_equal(mask, given.numbers >= p_drop)
    np.testing.assert_array_equal(y, ops.dropout_forward(x, mask, p_drop))
    np.testing.assert_array_equal(y, ops.dropout_forward_loops(x, mask, p_drop))
    np.testing.assert_array_equal(a6["dropout_backward"](dy, mask, p_drop), ops.dropout_backward(dy, mask, p_drop))


def test_dropout_at_test_draws_nothing():
    x = quarters("x", 3, 4)
    y, mask = solution("a6")["dropout_forward"](x, 0.5, None, False)
    np.testing.assert_array_equal(y, x)
    assert y is not x and mask.dtype == bool and mask.all()


def test_a_number_is_kept_where_its_random_number_is_p_drop():
    mask = solution("a6")["dropout_forward"](np.ones(3), 0.5, Known(np.array([0.49, 0.5, 0.51])), True)[1]
    assert mask.tolist() == [False, True, True]


def test_relu_is_the_librarys_bit_for_bit():
    a6, x, dy = solution("a6"), quarters("x", 2, 3, 4, 5), quarters("dy", 2, 3, 4, 5)
    y = a6["relu_forward"](x)
    assert (x == 0).any()
    np.testing.assert_array_equal(y, ops.relu_forward(x))
    np.testing.assert_array_equal(a6["relu_backward"](dy, y), ops.relu_backward(dy, y))


# ---------------------------------------------------------------------------- A7

@pytest.mark.parametrize("size", [1.0, 30.0, 1000.0])
@pytest.mark.parametrize("N, M", [(3, 5), (6, 4), (1, 10)])
def test_cross_entropy_is_the_librarys(N, M, size):
    a7, logits, labels = solution("a7"), size * Draw("z").normal(N, M), Draw("t").integers(0, M, N)
    loss, dlogits = ops.softmax_cross_entropy(logits, labels)
    np.testing.assert_allclose(a7["cross_entropy_loss"](logits, labels), loss, rtol=1e-12)
    np.testing.assert_allclose(a7["cross_entropy_gradient"](logits, labels), dlogits, rtol=1e-12, atol=1e-15)
