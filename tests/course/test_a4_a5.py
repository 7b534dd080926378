"""A4 and A5: their solutions are the library's functions, their handouts say what the code gives, their words are there."""
import re

import numpy as np
import pytest

from npnet import ops
from npnet.course.grader.assignment import load
from npnet.course.grader.draws import Draw
from npnet.course.grader.words import known, say
from npnet.course.selftest import selftest
from npnet.ops.lrn import lrn_constants

MINE = ["a4", "a5"]
KEYS = [f"student-{i}" for i in range(3)]
GEOMETRIES = [(H, W, R, S, stride, pad) for H, W in ((7, 5), (6, 9)) for R, S in ((3, 3), (3, 2), (2, 4))
              for stride in (1, 2, 3) for pad in (0, 1)]


def solution(id):
    """The names of an assignment's solution."""
    return load(id).reference.names


def numbers_in(text):
    return [float(number) for number in re.findall(r"-?\d+\.?\d*", text)]


def columns(text, *names):
    """The blocks of numbers that stand side by side in a handout, under `name =`: {name: [numbers in reading order]}."""
    lines = next(block for block in text.split("\n\n") if all(f"{name} =" in block for name in names)).splitlines()
    edges = [lines[0].index(f"{name} =") for name in names]
    return {name: [number for line in lines for number in numbers_in(line[start:end].split("=")[-1])]
            for name, start, end in zip(names, edges, [*edges[1:], None])}


# ---------------------------------------------------------------------------- A4 is the library's max-pool

@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_max_pool_is_the_librarys_bit_for_bit_with_ties(dtype, ceil_mode):
    for geometry in GEOMETRIES:
        H, W, *window = geometry
        x = Draw(geometry).quarters(2, 3, H, W, most=2).astype(dtype)          # five different numbers: many ties
        y, argmax = solution("a4")["max_pool_forward"](x, *window, ceil_mode)
        dy = Draw("dy").quarters(*y.shape).astype(dtype)
        dx = solution("a4")["max_pool_backward"](dy, x, argmax, *window)
        for forward, backward in ((ops.max_pool_forward, ops.max_pool_backward),
                                  (ops.max_pool_forward_loops, ops.max_pool_backward_loops)):
            right, places = forward(x, *window, ceil_mode)
            np.testing.assert_array_equal(y, right)
            np.testing.assert_array_equal(argmax, places)
            np.testing.assert_array_equal(dx, backward(dy, places, H, W, *window))
        assert y.dtype == dx.dtype == dtype and argmax.dtype == np.int32


def test_the_geometries_round_up_and_drop_windows():
    sizes = [(ops.pool_size(H, R, stride, pad), ops.conv_size(H, R, stride, pad, True), ops.pool_size(H, R, stride, pad, True))
             for H, W, R, S, stride, pad in GEOMETRIES]
    assert any(down < up == kept for down, up, kept in sizes)
    assert any(kept < up for down, up, kept in sizes)


def test_max_pool_at_the_padding_is_the_librarys_for_negative_numbers():
    x = -1 - np.abs(Draw("negative").quarters(2, 3, 5, 7))
    y, argmax = solution("a4")["max_pool_forward"](x, 4, 3, 2, 2, True)
    right, places = ops.max_pool_forward(x, 4, 3, 2, 2, True)
    assert (y < 0).all()
    np.testing.assert_array_equal(y, right)
    np.testing.assert_array_equal(argmax, places)


# ---------------------------------------------------------------------------- A5 is the library's LRN

@pytest.mark.parametrize("setting", [(5, None, 1e-4, 0.75), (5, 2.0, 0.7, 0.75), (3, 1.0, 0.6, 0.5), (7, 1.5, 0.8, 1.25)])
@pytest.mark.parametrize("shape", [(2, 8, 3, 4), (3, 5, 2, 3), (2, 3, 4, 5)])
def test_lrn_is_the_librarys_with_the_papers_convention(shape, setting):
    n, k, alpha, beta = setting
    k, alpha = lrn_constants("paper", n, k, alpha)
    x, dy = Draw("x").normal(*shape), Draw("dy").normal(*shape)
    y, scale = solution("a5")["lrn_forward"](x, n, k, alpha, beta)
    dx = solution("a5")["lrn_backward"](dy, x, scale, n, alpha, beta)
    for forward, backward in ((ops.lrn_forward, ops.lrn_backward), (ops.lrn_forward_loops, ops.lrn_backward_loops)):
        right, scales = forward(x, n, k, alpha, beta, 1)
        np.testing.assert_allclose(y, right, rtol=1e-12, atol=0)
        np.testing.assert_allclose(scale, scales, rtol=1e-12, atol=0)
        np.testing.assert_allclose(dx, backward(dy, x, scales, n, alpha, beta, 1), rtol=0, atol=1e-12 * np.abs(dx).max())


def test_the_gradient_of_lrn_is_the_slope_of_its_forward():
    """With a complex step, which is exact to rounding: f(x + ih) = f(x) + ih f'(x)."""
    a5, shape = solution("a5"), (2, 6, 3, 2)
    x, dy = Draw("x").normal(*shape), Draw("dy").normal(*shape)
    dx = a5["lrn_backward"](dy, x, a5["lrn_forward"](x, 5, 2.0, 0.7, 0.75)[1], 5, 0.7, 0.75)
    for index in [(0, 0, 0, 0), (1, 2, 1, 1), (0, 5, 2, 0), (1, 4, 0, 1)]:
        moved = x.astype(complex)
        moved[index] += 1e-30j
        slope = (dy * a5["lrn_forward"](moved, 5, 2.0, 0.7, 0.75)[0]).sum().imag / 1e-30
        assert dx[index] == pytest.approx(slope, rel=1e-12)


# ---------------------------------------------------------------------------- the handouts

@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_nine_in_the_middle_is_what_the_code_gives(language):
    a4, text = solution("a4"), load("a4").source.handout(language)
    x = np.array(numbers_of_example(text)).reshape(1, 1, 5, 5)
    printed = columns(text, "y", "argmax", "dy", "dx")
    dy = np.array(printed["dy"]).reshape(1, 1, 2, 2)
    y, argmax = a4["max_pool_forward"](x, 3, 3, 2, 0, False)
    dx = a4["max_pool_backward"](dy, x, argmax, 3, 3, 2, 0)
    assert [y.ravel().tolist(), argmax.ravel().tolist()] == [printed["y"], printed["argmax"]]
    assert dx.ravel().tolist() == printed["dx"] and dx[0, 0, 2, 2] == 1111
    x[0, 0, 0, 2] = 9
    argmax = a4["max_pool_forward"](x, 3, 3, 2, 0, False)[1]
    dx = a4["max_pool_backward"](dy, x, argmax, 3, 3, 2, 0)
    assert dx[0, 0, 0, 2] == 11 and dx[0, 0, 2, 2] == 1100 and dx.sum() == 1111


def numbers_of_example(text):
    """The 5 x 5 numbers of the handout's first example."""
    block = next(block for block in text.split("\n\n") if "R = S = 3" in block and "x = " in block)
    return [number for line in block.splitlines() for number in numbers_in(line[8:19])]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_examples_of_padding_and_rounding_are_what_the_code_gives(language):
    forward, text = solution("a4")["max_pool_forward"], load("a4").source.handout(language)
    printed = columns(text[text.index("-3 -1") - 20:], "x", "y", "argmax")
    y, argmax = forward(np.array(printed["x"]).reshape(1, 1, 2, 2), 2, 2, 2, 1, False)
    assert [y.ravel().tolist(), argmax.ravel().tolist()] == [printed["y"], printed["argmax"]]
    assert forward(np.zeros((1, 1, 6, 6)), 3, 3, 2, 0, False)[0].shape == (1, 1, 2, 2)
    assert forward(np.zeros((1, 1, 6, 6)), 3, 3, 2, 0, True)[0].shape == (1, 1, 3, 3)
    assert forward(np.zeros((1, 1, 5, 5)), 2, 2, 3, 1, True)[0].shape == (1, 1, 2, 2)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_example_of_lrn_is_what_the_code_gives(language):
    a5, text = solution("a5"), load("a5").source.handout(language)
    printed = {name: numbers_in(line)[:5] for name in ("x", "scale", "y", "dy", "dx")
               for line in text.splitlines() if re.match(rf"    {name} +=  ?-?\d", line)}
    x, dy = (np.array(printed[name]).reshape(1, 5, 1, 1) for name in ("x", "dy"))
    y, scale = a5["lrn_forward"](x, 3, 2, 0.5, 0.75)
    dx = a5["lrn_backward"](dy, x, scale, 3, 0.5, 0.75)
    assert scale.ravel().tolist() == printed["scale"]
    assert np.round(y.ravel(), 4).tolist() == printed["y"]
    assert np.round(dx.ravel(), 4).tolist() == printed["dx"]
    assert "0.1714" in text and round(scale[0, 2, 0, 0] ** -0.75, 4) == 0.1714
    y, scale = a5["lrn_forward"](x, 5, 2, 1, 0.75)
    assert scale[0, 0, 0, 0] == 16 and y[0, 0, 0, 0] == 1 / 8


@pytest.mark.parametrize("id", MINE)
def test_both_languages_have_the_same_numbers_and_code(id):
    english, korean = (load(id).source.handout(language) for language in ("en", "ko"))
    for text in (english, korean):
        assert [f"| {region.points} |" in row for region in load(id).source.regions.values()
                for row in text.splitlines() if f"| `{region.id}` |" in row] == [True, True]
    assert set(re.findall(r"`[^`\n]+`", english)) == set(re.findall(r"`[^`\n]+`", korean))


@pytest.mark.parametrize("id", MINE)
def test_nothing_of_the_solution_is_given_away(id):
    source = load(id).source
    lines = {line.strip() for region in source.regions.values() for first, end in region.blocks
             for line in source.lines[first:end] if len(line.strip()) > 12}
    for language in ("en", "ko"):
        hints = [say(f"{region}.hint{level}", language) for region in source.regions for level in (1, 2, 3)]
        text = "\n".join([source.handout(language), source.starter(language), *hints])
        assert [line for line in lines if line in text] == []


# ---------------------------------------------------------------------------- words, mistakes, the gate

@pytest.mark.parametrize("id", MINE)
def test_every_property_and_region_has_its_words(id):
    assignment = load(id)
    needed = [id, *assignment.source.regions, *(property.id for property in assignment.properties),
              *(f"{region}.hint{level}" for region in assignment.source.regions for level in (1, 2, 3))]
    assert [name for name in needed if not known(name)] == []
    for name in needed:
        english, korean = say(name, "en"), say(name, "ko")
        assert not re.search("[가-힣]", english) and re.search("[가-힣]", korean), name


@pytest.mark.parametrize("id", MINE)
def test_every_mistake_is_told_and_asked_about_in_both_languages(id):
    mistakes = load(id).mistakes
    assert len(mistakes) >= 60
    for mistake in mistakes:
        assert set(mistake.when) == set(mistake.ask) == {"en", "ko"} and mistake.concept, mistake.id
        assert re.search(r"때(\([^()]+\))?$", mistake.when["ko"]), mistake.id
        assert "?" in mistake.ask["en"] and re.search("[가-힣]", mistake.ask["ko"]), mistake.id
        assert not mistake.when["en"].endswith(".") and not re.search("[가-힣]", mistake.when["en"] + mistake.ask["en"])


@pytest.mark.long
@pytest.mark.parametrize("id", MINE)
def test_no_two_mistakes_give_the_same_numbers(id):
    assignment = load(id)
    for region in assignment.source.regions:
        calls = [call for property in assignment.of(region) if not property.hidden for call in assignment.calls(property)]
        seen = {}
        for mistake in (m for m in assignment.mistakes if m.region == region and m.concept != "arguments"):
            outcomes = [assignment.mistaken(mistake).run(call) for call in calls]
            seen.setdefault(tuple(fingerprint(outcome) for outcome in outcomes), []).append(mistake.id)
        assert [group for group in seen.values() if len(group) > 1] == []


def fingerprint(outcome):
    """Shapes and rounded numbers of an outcome, or what it raised; 0.0 makes one zero of the two."""
    if outcome.error:
        return outcome.error.kind, outcome.error.text
    values = outcome.value if isinstance(outcome.value, tuple) else (outcome.value,)
    return tuple((value.shape, (np.round(value.astype(float), 6) + 0.0).tobytes()) for value in values)


@pytest.mark.long
@pytest.mark.parametrize("id", MINE)
def test_the_gate_holds(id):
    assert selftest(id, KEYS) == []
