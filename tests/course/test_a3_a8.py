"""A3 and A8 are the library's own operations, their pages say what the code gives, and other right ways pass."""
import ast
import re

import numpy as np
import pytest

from npnet import ops
from npnet.course.checks import a3 as checks
from npnet.course.grader.assignment import PUBLIC, load
from npnet.course.grader.calls import flat
from npnet.course.grader.draws import Draw
from npnet.course.grader.report import described
from npnet.course.grader.source import replaced
from npnet.course.grader.words import table

A3, A8 = load("a3"), load("a8")
NAMES, STEP = A3.reference.names, A8.reference.names["SGD"]
CASES = [checks.WORKED, checks.FOUR, checks.PLAIN, checks.GROUPS, checks.SMALL, *checks.PADDED, *checks.NOT_PADDED, *checks.GAPS,
         checks.Case(1, 4, 3, 5, 4, 3, 5, 1, 0, 4), checks.Case(3, 2, 4, 4, 2, 1, 1, 1, 0, 1), checks.Case(1, 3, 6, 7, 3, 2, 2, 5, 2, 3)]


def arrays(case, dtype):
    """dy, x, w of a case, quarters."""
    draw = Draw(str(case))
    return [make(draw, case).astype(dtype) for make in (checks.outputs, checks.picture, checks.filters)]


def same(got, want):
    assert got.shape == want.shape and got.dtype == want.dtype
    assert got.tobytes() == np.ascontiguousarray(want).tobytes()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_are_the_librarys(case, dtype):
    dy, x, w = arrays(case, dtype)
    options = case.stride, case.pad, case.groups
    dx, dw, db = ops.conv2d_backward(dy, x, w, *options)
    for got in NAMES["conv2d_backward"](dy, x, w, *options), ops.conv2d_backward_loops(dy, x, w, *options):
        for a, b in zip(got, (dx, dw, db)):
            same(a + 0.0, b + 0.0)                                  # -0.0 is 0.0


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_col2im_is_the_librarys_and_the_transpose_of_im2col(case, dtype):
    draw = Draw(str(case))
    cols, x = checks.columns(draw, case).astype(dtype), checks.picture(draw, case).astype(dtype)
    got = NAMES["col2im"](cols, case.H, case.W, case.stride, case.pad)
    same(got, ops.col2im(cols, case.H, case.W, case.stride, case.pad))
    there = (NAMES["im2col"](x, case.R, case.S, case.stride, case.pad) * cols).sum()
    assert there == (x * got).sum()


def test_loss_has_dy_as_its_gradient():
    dy, x, w = arrays(checks.GROUPS, np.float64)
    b, options = np.array([0.25, 1, 2, -1, 0, 3]), (2, 1, 2)
    before, dx = NAMES["loss"](dy, x, w, b, *options), NAMES["conv2d_backward"](dy, x, w, *options)[0]
    x[1, 2, 3, 4] += 0.25
    assert (NAMES["loss"](dy, x, w, b, *options) - before) / 0.25 == dx[1, 2, 3, 4]


# ---------------------------------------------------------------------------- the pages

def lists(page):
    """All arrays that a page prints, as nested lists."""
    return [ast.literal_eval(found) for found in re.findall(r"(?<!\w)\[\[.*?\]\]", page, re.S)]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_page_of_a3_prints_what_the_code_gives(language):
    page = A3.source.handout(language)
    calls = {name: A3.reference.run(checks_of(A3, name)[0]).value for name in (
        "a3.col2im.worked", "a3.col2im.digits", "a3.dx.worked", "a3.dw.worked", "a3.dx.digits")}
    y = NAMES["conv2d_forward"](checks.WORKED_X, checks.WORKED_W, np.ones(1), 1, 0, 1)
    printed = lists(page)
    wanted = [calls["a3.col2im.worked"], calls["a3.col2im.digits"], checks.WORKED_X, checks.WORKED_W, y,
              calls["a3.dx.worked"], calls["a3.dw.worked"]]
    assert printed == [array.reshape(array.shape[-2:]).tolist() for array in wanted]
    assert "db = [9]" in page and A3.reference.run(checks_of(A3, "a3.db.worked")[0]).value.tolist() == [9]
    assert np.array_equal(calls["a3.dx.digits"], calls["a3.col2im.digits"])


def checks_of(assignment, name):
    """The calls of a property."""
    return assignment.calls(next(p for p in assignment.properties if p.id == name))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_page_of_a8_prints_what_the_code_gives(language):
    page = A8.source.handout(language)
    worked, drop = (A8.reference.run(checks_of(A8, name)[0]).value for name in ("a8.step.worked", "a8.step.drop"))
    weights, biases = worked["fc8.w"].ravel(), worked["fc8.b"].ravel()
    assert re.findall(r"w = (0\.\d+)", page) == [f"{w:.6f}".rstrip("0") for w in weights]
    assert re.findall(r"= (-0\.\d{3,})", page)[:3] == ["-0.051", "-0.096849", "-0.138016"]
    assert np.allclose(np.diff([1, *weights]), [-0.051, -0.096849, -0.138016], atol=5e-7)
    assert ", ".join(f"{b:.6f}".rstrip("0") for b in biases) in page
    assert f"{drop['fc8.w'][2, 0, 0]:.6f}" in page and f"{np.diff(drop['fc8.w'].ravel())[1]:.6f}" in page


@pytest.mark.parametrize("region", ["col2im", "dx"])
def test_the_two_ways_to_overwrite_are_what_their_sentences_say(region):
    """On the page's example: which window's share is left at each pixel."""
    call = checks_of(A3, f"a3.{region}.worked")[0]
    found = {mistake.id: mistake for mistake in A3.mistakes}
    offsets, windows = (A3.mistaken(found[f"{region}.overwrite_{form}"]).run(call).value[0, 0].tolist()
                        for form in ("offsets", "windows"))
    if region == "dx":
        assert windows == [[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0], [2, 2, 2, -1]]
        assert offsets == [[1, 0, 0, 0], [2, -1, -1, -1], [2, -1, -1, -1], [2, -1, -1, -1]]
    else:
        assert windows == [[1, 5, 6], [9, 13, 14], [11, 15, 16]] and offsets == [[1, 2, 6], [3, 4, 8], [11, 12, 16]]
    assert "last one's share" in found[f"{region}.overwrite_windows"].when["en"]
    assert "first one's share" in found[f"{region}.overwrite_offsets"].when["en"]


# ---------------------------------------------------------------------------- the update

@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("momentum, decay", [(0.5, 0.125), (0.0, 0.125), (0.5, 0.0), (0.9, 0.0005)])
def test_the_step_is_the_librarys(momentum, decay, dtype):
    """Bit for bit, also where the numbers are no fractions of a power of two."""
    draw, sgd = Draw("sgd"), STEP(0.25, momentum, decay)
    ours = {"fc8.w": draw.quarters(4, 3).astype(dtype), "fc8.b": draw.quarters(3).astype(dtype)}
    theirs = {name: w.copy() for name, w in ours.items()}
    velocity = {name: np.zeros_like(w) for name, w in ours.items()}
    for lr in (0.25, 0.25, 0.0625):
        sgd.lr = lr
        grads = {name: draw.quarters(*w.shape).astype(dtype) for name, w in reversed(ours.items())}
        sgd.step(ours, grads)
        for name, w in theirs.items():
            ops.sgd_update(w, grads[name], velocity[name], lr, momentum, 0.0 if name == "fc8.b" else decay)
        for name, w in theirs.items():
            same(ours[name], w)


# ---------------------------------------------------------------------------- the catalogues

@pytest.mark.parametrize("assignment", [A3, A8], ids=lambda a: a.id)
def test_no_two_mistakes_give_the_same_and_all_give_numbers(assignment):
    seen, calls = {}, {property.id: assignment.calls(property, PUBLIC) for property in assignment.properties}
    for mistake in assignment.mistakes:
        runner, found = assignment.mistaken(mistake), []
        for property in assignment.of(mistake.region):
            for call in calls[property.id]:
                outcome = runner.run(call)
                assert outcome.error is None, (mistake.id, outcome.error)
                found += [(name, array.shape, array.tobytes()) for name, array in flat(outcome.value)]
                found.append(tuple(outcome.changed))
        key = mistake.region, tuple(found)
        assert key not in seen, f"{mistake.id} gives what {seen[key]} gives"
        seen[key] = mistake.id


@pytest.mark.parametrize("assignment", [A3, A8], ids=lambda a: a.id)
def test_every_sentence_is_there_in_both_languages(assignment):
    ids = [assignment.id, *assignment.source.regions, *(p.id for p in assignment.properties),
           *(f"{region}.hint{level}" for region in assignment.source.regions for level in (1, 2, 3))]
    for id in ids:
        assert table()[id]["en"] and re.search("[가-힣]", table()[id]["ko"]), id
    assert {id for id in table() if id.split(".")[0] == assignment.id} == set(ids)
    for mistake in assignment.mistakes:
        assert mistake.concept and all(re.search("[가-힣]", words["ko"]) and words["en"]
                                       for words in (mistake.when, mistake.ask)), mistake.id


@pytest.mark.parametrize("assignment", [A3, A8], ids=lambda a: a.id)
def test_hints_and_pages_hold_no_line_of_the_solution(assignment):
    lines = {line.split("#")[0].strip() for region in assignment.source.regions.values()
             for first, end in region.blocks for line in assignment.source.lines[first:end]}
    texts = [words[language] for id, words in table().items() for language in words if id.startswith(assignment.id + ".")]
    texts += [assignment.source.handout("en"), assignment.source.handout("ko"), assignment.source.starter()]
    long = [line for line in lines if len(line) > 16]
    assert long and not [line for line in long if any(line in text for text in texts)]


# ---------------------------------------------------------------------------- other right ways

OTHER = {
    "a3.col2im": ["""
    x = np.zeros((N, C, H, W), dtype=cols.dtype)
    for n, c, r, s, p, q in np.ndindex(cols.shape):
        h, v = p * stride + r - pad, q * stride + s - pad
        if 0 <= h < H and 0 <= v < W:
            x[n, c, h, v] += cols[n, c, r, s, p, q]
""", """
    frame = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    r, s, p, q = np.indices((R, S, P, Q))
    np.add.at(frame, (slice(None), slice(None), p * stride + r, q * stride + s), cols)
    x = frame[:, :, pad:H + pad, pad:W + pad].copy()
""", """
    frame = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for p in range(P):
        for q in range(Q):
            frame[:, :, p * stride:p * stride + R, q * stride:q * stride + S] += cols[:, :, :, :, p, q]
    x = frame[:, :, pad:frame.shape[2] - pad, pad:frame.shape[3] - pad]
"""],
    "a3.dw": ["""
    cols = im2col(x, R, S, stride, pad).reshape(N, groups, C // groups * R * S, P * Q)
    rows = dy.reshape(N, groups, K // groups, P * Q)
    dw = np.einsum("ngkp,ngdp->gkd", rows, cols).reshape(K, C // groups, R, S)
""", """
    frame = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    Cg, dw = C // groups, np.zeros((K, C // groups, R, S))
    for n in range(N):
        for k in range(K):
            g = k // (K // groups)
            for p in range(P):
                for q in range(Q):
                    window = frame[n, g * Cg:(g + 1) * Cg, p * stride:p * stride + R, q * stride:q * stride + S]
                    dw[k] += dy[n, k, p, q] * window
"""],
    "a3.db": ["""
    db = np.einsum("nkpq->k", dy)
""", """
    db = dy.transpose(1, 0, 2, 3).reshape(K, -1) @ np.ones(N * P * Q)
"""],
    "a3.dx": ["""
    dcols = w.reshape(groups, K // groups, -1).swapaxes(1, 2) @ dy.reshape(N, groups, K // groups, P * Q)
    dx = col2im(dcols.reshape(N, -1, R, S, P, Q), H, W, stride, pad)
""", """
    apart = np.zeros((N, K, H + 2 * pad + R - 1, W + 2 * pad + S - 1))
    apart[:, :, R - 1:R - 1 + stride * P:stride, S - 1:S - 1 + stride * Q:stride] = dy
    windows = np.lib.stride_tricks.sliding_window_view(apart, (R, S), (2, 3))
    turned = w[:, :, ::-1, ::-1].reshape(groups, K // groups, Cg, R, S)
    windows = windows.reshape(N, groups, K // groups, *windows.shape[2:])
    frame = np.einsum("ngkhvrs,gkcrs->ngchv", windows, turned).reshape(N, -1, H + 2 * pad, W + 2 * pad)
    dx = frame[:, :, pad:pad + H, pad:pad + W]
"""]}


def holds_everywhere(assignment, region, blocks):
    """Asserts that all properties of a region hold for other code in it, in float64 and for a student's own key."""
    runner = assignment.run(replaced(assignment.source.solution, region, blocks))
    for property in assignment.of(region):
        calls = assignment.calls(property, "student" if property.hidden else PUBLIC)
        outcomes, expected = [runner.run(call) for call in calls], [assignment.reference.run(call) for call in calls]
        assert property.judge(outcomes, expected, calls, property.tolerance, ()) is None, property.id


@pytest.mark.parametrize("region, code", [(region, code) for region, codes in OTHER.items() for code in codes])
def test_other_right_ways_pass(region, code):
    holds_everywhere(A3, region, [code.strip("\n")])


@pytest.mark.parametrize("first, second", [("self.v = {}", """
        for name in params:
            v = self.momentum * self.v.get(name, 0) - self.lr * grads[name]
            if not name.endswith(".b"):
                v = v - self.weight_decay * self.lr * params[name]
            self.v[name] = v
            params[name] += v"""), ("self.memory = None", """
        if self.memory is None:
            self.memory = {name: np.zeros(params[name].shape) for name in params}
        for name, decays in [(name, name[-2:] != ".b") for name in grads]:
            slope = grads[name] + decays * self.weight_decay * params[name]
            self.memory[name] = self.momentum * self.memory[name] - self.lr * slope
            params[name][...] = params[name] + self.memory[name]""")])
def test_other_right_optimisers_pass(first, second):
    holds_everywhere(A8, "a8.step", ["        " + first, second.strip("\n")])


def test_the_judges_see_what_they_are_for():
    """Zeros pass neither the products nor the slopes, and say both sides; a second call that differs is seen."""
    zeros = A3.run(replaced(A3.source.solution, "a3.dx", ["    dx = np.zeros((N, groups * Cg, H, W))"]))
    for id, kind in {"a3.dx.adjoint": "property", "a3.dx.product": "property", "a3.dx.slopes": "value"}.items():
        property = next(p for p in A3.properties if p.id == id)
        calls = A3.calls(property, "student")
        failure = property.judge([zeros.run(call) for call in calls], [A3.reference.run(call) for call in calls], calls,
                                 property.tolerance, ("dx",))
        assert failure.kind == kind and failure.call == 0
        assert kind == "value" or failure.details["right"] == 0 != failure.details["left"]
    kept = A3.mistaken(next(mistake for mistake in A3.mistakes if mistake.id == "col2im.kept"))
    calls = checks_of(A3, "a3.col2im.again")
    outcomes, expected = [kept.run(call) for call in calls], [A3.reference.run(call) for call in calls]
    assert checks.again(outcomes, expected, calls).call == 1


def test_a_probe_of_the_optimiser_names_its_settings():
    told = described(checks_of(A8, "a8.step.worked")[0], A8)
    assert told.startswith("rates [0.1, 0.1, 0.1]  momentum 0.9  weight_decay 0.01  names [fc8.w, fc8.b]")
