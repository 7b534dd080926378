"""A4 and A5 in other code: written rightly, every property holds and nothing is said; wrongly, the mistake is named."""
import textwrap

import pytest

from npnet.course.grader.assignment import load
from npnet.course.grader.diagnosis import Case, diagnose
from npnet.course.grader.properties import equal
from npnet.course.grader.source import replaced
from npnet.course.selftest import holds

pytestmark = pytest.mark.long              # processes are started, or many probes run

SIZES = """
def windows_along(size, window, stride, pad, ceil_mode):
    room = size + 2 * pad - window
    count = int(np.ceil(room / stride) if ceil_mode else np.floor(room / stride)) + 1
    return count - 1 if (count - 1) * stride >= size + pad else count
P, Q = windows_along(H, R, stride, pad, ceil_mode), windows_along(W, S, stride, pad, ceil_mode)
"""
RIGHT = {
    "a4.forward": {
        "loops": SIZES + """
y, argmax = np.empty((N, C, P, Q)), np.empty((N, C, P, Q), dtype=int)
for n in range(N):
    for c in range(C):
        for p in range(P):
            for q in range(Q):
                best, where = None, None
                for r in range(R):
                    for s in range(S):
                        h, v = p * stride + r - pad, q * stride + s - pad
                        if h < 0 or v < 0 or h >= H or v >= W:
                            continue
                        if best is None or x[n, c, h, v] > best:
                            best, where = x[n, c, h, v], r * S + s
                y[n, c, p, q], argmax[n, c, p, q] = best, where
""",
        "sliding_view": SIZES + """
after = max(P * stride + R, Q * stride + S)
padded = np.pad(x, ((0, 0), (0, 0), (pad, after), (pad, after)), constant_values=-np.inf)
view = np.lib.stride_tricks.sliding_window_view(padded, (R, S), axis=(2, 3))[:, :, ::stride, ::stride][:, :, :P, :Q]
flat = view.reshape(N, C, P, Q, R * S)
argmax = flat.argmax(-1)
y = np.take_along_axis(flat, argmax[..., None], -1)[..., 0]
""",
        "shifts": SIZES + """
big = np.full((N, C, P * stride + R + H, Q * stride + S + W), -np.inf)
big[:, :, pad:pad + H, pad:pad + W] = x
shifts = [big[:, :, r:r + P * stride:stride, s:s + Q * stride:stride] for r in range(R) for s in range(S)]
y, argmax = shifts[0].copy(), np.zeros((N, C, P, Q), np.int64)
for place, shift in enumerate(shifts):
    argmax[shift > y] = place
    y = np.maximum(y, shift)
""",
    },
    "a4.backward": {
        "add_at": """
n, c, p, q = np.indices(dy.shape)
dx = np.zeros(x.shape)
np.add.at(dx, (n, c, p * stride + argmax // S - pad, q * stride + argmax % S - pad), dy)
""",
        "a_slice_for_each_place": """
big = np.zeros((N, C, P * stride + R + H, Q * stride + S + W))
for place in range(R * S):
    r, s = divmod(place, S)
    big[:, :, r:r + P * stride:stride, s:s + Q * stride:stride] += dy * (argmax == place)
dx = big[:, :, pad:pad + H, pad:pad + W]
""",
        "from_x_again": """
dx = np.zeros_like(x)
for n, c, p, q in np.ndindex(dy.shape):
    top, left = max(p * stride - pad, 0), max(q * stride - pad, 0)
    part = x[n, c, top:p * stride - pad + R, left:q * stride - pad + S]
    r, s = np.argwhere(part == part.max())[0]
    dx[n, c, top + r, left + s] += dy[n, c, p, q]
""",
        "bincount": """
p, q = np.indices(dy.shape)[2:]
places = (p * stride + argmax // S - pad) * W + q * stride + argmax % S - pad
dx = np.stack([np.bincount(a.ravel(), b.ravel(), H * W) for a, b in zip(places.reshape(N * C, -1), dy.reshape(N * C, -1))])
dx = dx.reshape(x.shape)
""",
    },
    "a5.forward": {
        "loops": """
scale, y = np.empty(x.shape), np.empty(x.shape)
for m, i, h, v in np.ndindex(x.shape):
    total = sum(x[m, j, h, v] ** 2 for j in range(C) if abs(i - j) <= n // 2)
    scale[m, i, h, v] = k + alpha * total
    y[m, i, h, v] = x[m, i, h, v] / scale[m, i, h, v] ** beta
""",
        "cumulated": """
half = n // 2
total = np.cumsum(np.pad(x * x, ((0, 0), (half + 1, half), (0, 0), (0, 0))), axis=1)
scale = k + alpha * (total[:, n:] - total[:, :-n])
y = x / np.power(scale, beta)
""",
        "band_matrix": """
band = np.abs(np.subtract.outer(np.arange(C), np.arange(C))) <= n // 2
scale = k + alpha * np.einsum("ij,njhw->nihw", band.astype(float), x ** 2)
y = x * np.exp(-beta * np.log(scale))
""",
        "shifts": """
scale = np.full(x.shape, float(k))
for shift in range(-(n // 2), n // 2 + 1):
    low, high = max(0, -shift), min(C, C - shift)
    if low < high:
        scale[:, low:high] += alpha * x[:, low + shift:high + shift] ** 2
y = x * scale ** (-beta)
""",
    },
    "a5.backward": {
        "scattered": """
dx = dy * scale ** -beta
for i in range(C):
    for j in range(C):
        if abs(i - j) <= n // 2:
            dx[:, j] -= dy[:, i] * x[:, i] * beta * scale[:, i] ** (-beta - 1) * alpha * 2 * x[:, j]
""",
        "band_matrix": """
band = (np.abs(np.subtract.outer(np.arange(C), np.arange(C))) <= n // 2).astype(float)
y = x * scale ** -beta
dx = dy * scale ** -beta - 2 * alpha * beta * x * np.einsum("ij,njhw->nihw", band, dy * y / scale)
""",
        "cumulated": """
half, power = n // 2, scale ** -beta
ratio = np.pad(dy * x * power / scale, ((0, 0), (half + 1, half), (0, 0), (0, 0))).cumsum(axis=1)
dx = power * dy - (2 * alpha * beta) * x * (ratio[:, n:] - ratio[:, :-n])
""",
        "whole_jacobian": """
dx = np.zeros(x.shape)
for i in range(C):
    for j in range(C):
        slope = (i == j) * scale[:, i] ** -beta
        if i - n // 2 <= j <= i + n // 2:
            slope = slope - 2 * alpha * beta * x[:, i] * x[:, j] / scale[:, i] ** (beta + 1)
        dx[:, j] += dy[:, i] * slope
""",
    },
}
WRONG = {                       # (region, the mistake that it is): other code
    ("a4.forward", "max_pool.pad_zero"): SIZES + """
padded = np.pad(x, ((0, 0), (0, 0), (pad, pad + R), (pad, pad + S)))
y, argmax = np.empty((N, C, P, Q)), np.empty((N, C, P, Q), int)
for n, c, p, q in np.ndindex(y.shape):
    part = padded[n, c, p * stride:p * stride + R, q * stride:q * stride + S]
    y[n, c, p, q], argmax[n, c, p, q] = part.max(), part.argmax()
""",
    ("a4.forward", "max_pool.last_tie"): SIZES + """
y, argmax = np.full((N, C, P, Q), -np.inf), np.zeros((N, C, P, Q), int)
for n, c, p, q in np.ndindex(y.shape):
    for place in range(R * S):
        h, v = p * stride + place // S - pad, q * stride + place % S - pad
        if 0 <= h < H and 0 <= v < W and x[n, c, h, v] >= y[n, c, p, q]:
            y[n, c, p, q], argmax[n, c, p, q] = x[n, c, h, v], place
""",
    ("a4.backward", "max_pool_backward.overwrite"): """
n, c, p, q = np.indices(dy.shape)
dx = np.zeros(x.shape)
dx[n, c, p * stride + argmax // S - pad, q * stride + argmax % S - pad] += dy
""",
    ("a4.backward", "max_pool_backward.all_ties"): """
dx = np.zeros_like(x)
for n, c, p, q in np.ndindex(dy.shape):
    for h in range(max(p * stride - pad, 0), min(p * stride - pad + R, H)):
        for v in range(max(q * stride - pad, 0), min(q * stride - pad + S, W)):
            r, s = argmax[n, c, p, q] // S, argmax[n, c, p, q] % S
            if x[n, c, h, v] == x[n, c, p * stride + r - pad, q * stride + s - pad]:
                dx[n, c, h, v] += dy[n, c, p, q]
""",
    ("a5.forward", "lrn.alpha_over_n"): """
band = np.abs(np.subtract.outer(np.arange(C), np.arange(C))) <= n // 2
scale = k + (alpha / n) * np.einsum("ij,njhw->nihw", band.astype(float), x ** 2)
y = x / scale ** beta
""",
    ("a5.forward", "lrn.wrap"): """
scale = k + alpha * sum(np.roll(x ** 2, shift, axis=1) for shift in range(-(n // 2), n // 2 + 1))
y = x / scale ** beta
""",
    ("a5.backward", "lrn_backward.own_dy"): """
band = (np.abs(np.subtract.outer(np.arange(C), np.arange(C))) <= n // 2).astype(float)
dx = dy * (scale ** -beta - 2 * alpha * beta * x * np.einsum("ij,njhw->nihw", band, x * scale ** (-beta - 1)))
""",
    ("a5.backward", "lrn_backward.only_itself"): """
dx = dy * scale ** -beta * (1 - 2 * alpha * beta * x ** 2 / scale)
""",
    ("a5.backward", "lrn_backward.across_images"): """
dx = dy * scale ** -beta
for a in range(N):
    for b in range(N):
        if abs(a - b) <= n // 2:
            dx[a] = dx[a] - 2 * alpha * beta * x[a] * (dy[b] * x[b] * scale[b] ** (-beta - 1))
""",
}


def student(region, code):
    """(Assignment, Direct) of the solution with other code in a region."""
    assignment = load(region.partition(".")[0])
    return assignment, assignment.run(replaced(assignment.source.solution, region, [textwrap.indent(code, "    ")]))


def found(region, code):
    """The Diagnosis of a region with other code, from its public probes."""
    assignment, runner = student(region, code)
    probes = [(call, property.tolerance) for property in assignment.of(region)
              if property.judge is equal and not property.hidden for call in assignment.calls(property)]
    calls, tolerances = map(list, zip(*probes))
    return diagnose(Case(assignment, region, calls, [runner.run(call) for call in calls],
                         [assignment.reference.run(call) for call in calls], tolerances=tolerances, run=runner.run))


@pytest.mark.parametrize("region, style", [(region, style) for region in RIGHT for style in RIGHT[region]])
def test_every_property_holds_for_right_code_in_other_styles(region, style):
    assignment, runner = student(region, RIGHT[region][style])
    for property in assignment.of(region):
        calls = assignment.calls(property, "someone")
        expected = [assignment.reference.run(call) for call in calls]
        assert holds(assignment, property, runner, calls, expected) is None, property.id


@pytest.mark.parametrize("region, style", [(region, style) for region in RIGHT for style in RIGHT[region]])
def test_nothing_is_said_of_right_code_in_other_styles(region, style):
    assert found(region, RIGHT[region][style]) is None


@pytest.mark.parametrize("region, mistake", WRONG)
def test_mistakes_are_named_in_other_code_too(region, mistake):
    assert found(region, WRONG[region, mistake]).mistakes == [mistake]


def test_a_small_number_that_is_added_is_no_mistake_of_the_catalogue():
    said = found("a5.forward", RIGHT["a5.forward"]["band_matrix"].replace("scale = k", "scale = 1e-8 + k"))
    assert (said.mistakes, said.id) == ([], "diagnosis.algebra.almost")


def test_one_window_too_many_is_no_frame_and_two_mistakes_are_told_apart():
    code = RIGHT["a4.forward"]["sliding_view"].replace("return count - 1 if", "return count if")
    code = code.replace("argmax = flat.argmax(-1)", "argmax = flat.argmax(-1)\nplaces = argmax % S * R + argmax // S")
    said = found("a4.forward", code + "argmax = places\n")
    assert set(said.mistakes) == {"max_pool.beyond_kept", "max_pool.place_by_columns"} and said.together
