"""Assignments 1 and 2: the solutions are the library's convolution, bit for bit; the handouts' examples hold."""
import ast
import doctest
from textwrap import dedent, indent

import numpy as np
import pytest

from npnet import ops
from npnet.course.grader.assignment import PUBLIC, load
from npnet.course.grader.source import replaced
from npnet.course.selftest import holds

A1, A2 = load("a1"), load("a2")
DYADIC = np.random.default_rng(0)
SHAPES = [  # N C H W K R S stride pad groups
    (1, 1, 1, 1, 1, 1, 1, 1, 0, 1), (2, 3, 5, 7, 4, 3, 2, 1, 1, 1), (2, 4, 8, 5, 6, 2, 3, 2, 1, 2), (1, 6, 7, 6, 9, 3, 3, 3, 2, 3),
    (3, 2, 9, 4, 2, 1, 1, 4, 0, 2), (2, 3, 4, 9, 5, 4, 5, 2, 0, 1), (2, 8, 6, 7, 8, 3, 1, 2, 3, 4), (1, 2, 10, 3, 3, 2, 2, 3, 0, 1)]


def quarters(*shape, dtype=np.float64):
    return (DYADIC.integers(-8, 9, shape) / 4).astype(dtype)


def convolution(sizes, dtype):
    N, C, H, W, K, R, S, stride, pad, groups = sizes
    return (quarters(N, C, H, W, dtype=dtype), quarters(K, C // groups, R, S, dtype=dtype), quarters(K, dtype=dtype),
            stride, pad, groups)


def same(got, expected):
    assert got.dtype == expected.dtype and got.shape == expected.shape
    assert (got == expected).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sizes", SHAPES, ids=str)
def test_the_solutions_are_the_library_bit_for_bit(sizes, dtype):
    arguments = convolution(sizes, dtype)
    expected = ops.conv2d_forward(*arguments)
    same(A1.parts["conv2d_forward"](*arguments), expected)
    same(A2.parts["conv2d_forward"](*arguments), expected)
    x, w, _, stride, pad, _ = arguments
    columns = A2.parts["im2col"](x, w.shape[2], w.shape[3], stride, pad)
    same(columns, ops.im2col(x, w.shape[2], w.shape[3], stride, pad))
    assert A2.parts["columns_bytes"](*x.shape, *w.shape[2:], stride, pad, x.itemsize) == columns.nbytes


def test_the_number_of_windows_is_the_library_s():
    for size in range(1, 12):
        for window in range(1, 6):
            for stride in range(1, 5):
                for pad in range(3):
                    if window <= size + 2 * pad:
                        expected = ops.conv_size(size, window, stride, pad)
                        assert A1.parts["conv_size"](size, window, stride, pad) == expected


@pytest.mark.parametrize("pad", [0, 1, 3])
def test_the_frame_is_numpy_s(pad):
    x = quarters(2, 3, 4, 5, dtype=np.float32)
    frame = A1.parts["pad_image"](x, pad)
    same(frame, np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad))))
    assert not np.shares_memory(frame, x)


# ---------------------------------------------------------------------------- the handouts

def examples(assignment, language):
    return doctest.DocTestParser().get_examples(assignment.source.handout(language))


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("assignment", [A1, A2], ids=["a1", "a2"])
def test_the_examples_of_a_handout_are_what_the_code_gives(assignment, language):
    test = doctest.DocTestParser().get_doctest(assignment.source.handout(language), {**assignment.parts, "np": np},
                                               assignment.id, None, 0)
    told = []
    outcome = doctest.DocTestRunner(verbose=False).run(test, out=told.append)
    assert outcome.attempted >= 5 and not outcome.failed, "".join(told)


@pytest.mark.parametrize("assignment", [A1, A2], ids=["a1", "a2"])
def test_both_languages_have_the_same_examples(assignment):
    english, korean = ([(e.source.partition("#")[0].strip(), e.want) for e in examples(assignment, language)]
                       for language in ("en", "ko"))
    assert english == korean


def test_what_the_first_handout_says_in_words():
    x = np.array([[1.0, 2, 0, 1], [0, 1, 3, 1], [2, 1, 0, 0], [1, 0, 1, 2]]).reshape(1, 1, 4, 4)
    w, b = np.array([[1.0, 0], [2, -1]]).reshape(1, 1, 2, 2), np.ones(1)
    forward = A1.parts["conv2d_forward"]
    assert forward(x, w, b, 1, 0, 1)[0, 0].tolist() == [[1, 2, 6], [4, 4, 4], [5, 1, 1]]
    assert forward(x, w[:, :, ::-1, ::-1], b, 1, 0, 1)[0, 0, 0].tolist() == [5, 2, 4]
    assert forward(x, w, b, 2, 0, 1).ravel().tolist() == [1, 6, 5, 1]
    counts = forward(np.ones((1, 1, 5, 5)), np.ones((1, 1, 3, 3)), np.zeros(1), 1, 1, 1)[0, 0]
    assert (counts[0, 0], counts[0, 2], counts[2, 2]) == (4, 6, 9)


def test_what_the_second_handout_says_in_words():
    columns = A2.parts["columns_bytes"](128, 96, 27, 27, 5, 5, 1, 2, 4)
    assert columns == 895_795_200 and columns == 25 * 4 * 128 * 96 * 27 * 27


# ---------------------------------------------------------------------------- other right solutions

def failing(assignment, region, body):
    """The ids of the properties that do not hold with this text in a region."""
    runner = assignment.run(replaced(assignment.source.solution, region, [indent(dedent(body), "    ")]))
    found = []
    for property in assignment.of(region):
        calls = assignment.calls(property, "student-0" if property.hidden else PUBLIC)
        expected = [assignment.reference.run(call) for call in calls]
        if holds(assignment, property, runner, calls, expected):
            found.append(property.id)
    return found


IM2COL = {
    "strided": """
        N, C, H, W = x.shape
        frame = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        P, Q = (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1
        n, c, h, v = frame.strides
        return np.lib.stride_tricks.as_strided(frame, (N, C, R, S, P, Q), (n, c, h, v, h * stride, v * stride))""",
    "windows": """
        frame = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        every = np.lib.stride_tricks.sliding_window_view(frame, (R, S), (2, 3))
        return every[:, :, ::stride, ::stride].transpose(0, 1, 4, 5, 2, 3)""",
    "indices": """
        P, Q = conv_size(x.shape[2], R, stride, pad), conv_size(x.shape[3], S, stride, pad)
        frame = pad_image(x, pad)
        rows = stride * np.arange(P)[None, None, :, None] + np.arange(R)[:, None, None, None]
        places = stride * np.arange(Q)[None, None, None, :] + np.arange(S)[None, :, None, None]
        return frame[:, :, rows, places]""",
    "image by image": """
        made = []
        for image in pad_image(x, pad):
            P, Q = (image.shape[1] - R) // stride + 1, (image.shape[2] - S) // stride + 1
            made.append([[image[:, r:r + stride * P:stride, s:s + stride * Q:stride] for s in range(S)]
                         for r in range(R)])
        return np.array(made).transpose(0, 3, 1, 2, 4, 5)"""}
CONV = {
    "einsum": """
        N, C = x.shape[:2]
        K, channels, R, S = w.shape
        columns = im2col(x, R, S, stride, pad)
        P, Q = columns.shape[4:]
        columns = columns.reshape(N, groups, channels, R, S, P, Q)
        y = np.einsum("ngcrspq,gkcrs->ngkpq", columns, w.reshape(groups, K // groups, channels, R, S))
        return y.reshape(N, K, P, Q) + b[:, None, None]""",
    "rows": """
        columns = im2col(x, w.shape[2], w.shape[3], stride, pad)
        N, C, R, S, P, Q = columns.shape
        rows, maps = columns.transpose(0, 4, 5, 1, 2, 3).reshape(N * P * Q, groups, -1), []
        for g, filters in enumerate(np.split(w, groups)):
            maps.append(rows[:, g] @ filters.reshape(len(filters), -1).T)
        return (np.concatenate(maps, axis=1) + b).reshape(N, P, Q, -1).transpose(0, 3, 1, 2)""",
    "float32": """
        K, channels, R, S = w.shape
        columns = im2col(x, R, S, stride, pad).astype(np.float32)
        N, C, R, S, P, Q = columns.shape
        filters = w.reshape(groups, K // groups, -1).astype(np.float32)
        y = filters @ columns.reshape(N, groups, -1, P * Q)
        return y.reshape(N, K, P, Q) + b.astype(np.float32).reshape(K, 1, 1)"""}
NAIVE = {
    "windows of the frame": """
        N, K, R, S = len(x), len(w), w.shape[2], w.shape[3]
        frame, size = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad))), w.shape[1]
        P, Q = (frame.shape[2] - R) // stride + 1, (frame.shape[3] - S) // stride + 1
        y = np.empty((N, K, P, Q))
        for n, k, p, q in np.ndindex(N, K, P, Q):
            first = k * groups // K * size
            window = frame[n, first:first + size, p * stride:p * stride + R, q * stride:q * stride + S]
            y[n, k, p, q] = (window * w[k]).sum() + b[k]
        return y""",
    "without a frame": """
        (N, C, H, W), (K, size, R, S) = x.shape, w.shape
        P, Q = conv_size(H, R, stride, pad), conv_size(W, S, stride, pad)
        y = [[[[b[k] + sum(x[n, k // (K // groups) * size + c, p * stride + r - pad, q * stride + s - pad] * w[k, c, r, s]
                           for c in range(size) for r in range(R) for s in range(S)
                           if 0 <= p * stride + r - pad < H and 0 <= q * stride + s - pad < W)
                for q in range(Q)] for p in range(P)] for k in range(K)] for n in range(N)]
        return np.array(y)"""}


@pytest.mark.parametrize("assignment, region, body", [
    *(pytest.param(A2, "a2.im2col", body, id=f"im2col, {name}") for name, body in IM2COL.items()),
    *(pytest.param(A2, "a2.conv_im2col", body, id=f"product, {name}") for name, body in CONV.items()),
    *(pytest.param(A1, "a1.conv_naive", body, id=f"loops, {name}") for name, body in NAIVE.items())])
def test_right_solutions_in_other_styles_pass(assignment, region, body):
    assert failing(assignment, region, body) == []


LOOPS = {
    "comprehension": """
        frame, P, Q = pad_image(x, pad), conv_size(x.shape[2], R, stride, pad), conv_size(x.shape[3], S, stride, pad)
        cut = [[frame[:, :, p * stride:p * stride + R, q * stride:q * stride + S] for q in range(Q)] for p in range(P)]
        return np.array(cut).transpose(2, 3, 4, 5, 0, 1)""",
    "while": """
        frame, P, Q = pad_image(x, pad), conv_size(x.shape[2], R, stride, pad), conv_size(x.shape[3], S, stride, pad)
        columns, at = np.zeros((*x.shape[:2], R, S, P, Q)), 0
        while at < P * Q:
            p, q = divmod(at, Q)
            columns[..., p, q] = frame[:, :, p * stride:p * stride + R, q * stride:q * stride + S]
            at += 1
        return columns""",
    "rows only": """
        frame, P, Q = pad_image(x, pad), conv_size(x.shape[2], R, stride, pad), conv_size(x.shape[3], S, stride, pad)
        columns = np.zeros((*x.shape[:2], R, S, P, Q))
        for p in range(P):
            for s in range(S):
                columns[:, :, :, s, p] = frame[:, :, p * stride:p * stride + R, s:s + stride * Q:stride]
        return columns""",
    "vectorize": """
        N, C, H, W = x.shape
        frame, P, Q = pad_image(x, pad), conv_size(H, R, stride, pad), conv_size(W, S, stride, pad)
        def pixel(n, c, r, s, p, q):
            return frame[n, c, p * stride + r, q * stride + s]
        return np.vectorize(pixel)(*np.indices((N, C, R, S, P, Q)))"""}


@pytest.mark.parametrize("body", LOOPS.values(), ids=LOOPS)
def test_a_loop_over_positions_is_seen_whatever_its_form(body):
    assert failing(A2, "a2.im2col", body) == ["a2.im2col.loops", "a2.im2col.no_loops"]


def test_the_handouts_of_both_languages_name_every_region_and_function():
    for assignment in (A1, A2):
        for language in ("en", "ko"):
            handout = assignment.source.handout(language)
            for id, region in assignment.source.regions.items():
                [function] = region.functions
                signature = f"{function}({', '.join(assignment.source.functions[function])})"
                assert f"| `{id}` | `{signature}` | {region.points} |" in handout


def test_a_starter_holds_no_line_of_the_solution():
    for assignment in (A1, A2):
        for language in ("en", "ko"):
            ast.parse(assignment.source.starter(language))
        starter = {line.strip() for line in assignment.source.starter("en").splitlines()}
        for region in assignment.source.regions.values():
            for first, end in region.blocks:
                lines = {line.partition("#")[0].strip() for line in assignment.source.lines[first:end]}
                assert not {line for line in lines & starter if len(line) > 12}
