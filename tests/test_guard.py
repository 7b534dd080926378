"""Wrong arguments to the operations: on numba one sentence comes back and never a number; nowhere does the process end."""
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_device import CALLS

import npnet
from npnet import backend as backends
from npnet.backend import OPERATIONS, SIGNATURES, ops

HUGE = 2 ** 63
EVERY = {**CALLS, **{name: tuple(np.full((3, 4), k, np.float32) for k in range(3)) + (0.1, 0.9, 0.01)
                     for name in ("sgd_update", "sgd_update_torch")}}


def names(operation):
    return list(backends.inspect.signature(getattr(backends.chapters, operation)).parameters)


def full(operation):
    """The arguments of a right call, those with a default too."""
    parameters = backends.inspect.signature(getattr(backends.chapters, operation)).parameters.values()
    given = EVERY[operation]
    return given + tuple(parameter.default for parameter in list(parameters)[len(given):])


def wrong_shapes(operation, key, array):
    """Shapes that cannot be right: more and fewer axes, and axes that another argument knows."""
    letters = SIGNATURES[operation][key]
    others = ",".join(shape for other, shape in SIGNATURES[operation].items() if other != key)
    if letters != "*":
        yield array[None]
        yield array[0]
    elif len(SIGNATURES[operation]) == 1:
        return
    for axis, letter in enumerate(letters.split(",") if letters != "*" else "*" * array.ndim):
        known = letter in others or letter in "PQ" and "stride" in names(operation) or letter == "C/G"
        if known or letter in names(operation):
            step = 2 if letter in "PQ" else 1           # one more or less may be the other way to round a size
            yield np.concatenate([array, array.take([0] * step, axis)], axis)
            if array.shape[axis] > step:
                yield array.take(range(array.shape[axis] - step), axis)


def wrong_scalars(key):
    if key in backends.LEAST:
        return [-1, 1.5, "2", None, float("nan"), True, HUGE, *([] if key == "pad" else [0])] + {
            "groups": [3, 5], "n": [4], "R": [50], "S": [50], "pad": []}.get(key, [])
    return ["no", None, np.zeros(2), *([2, 0.5] if key in backends.CHOICES else [])]


def wrong_calls(operation):
    """(what is wrong, arguments), one argument at a time."""
    right = full(operation)
    for place, (key, value) in enumerate(zip(names(operation), right)):
        if key == "labels":
            changed = [value.astype(float), value[:1], value + 5, value - 1, value.tolist()]
        elif isinstance(value, np.ndarray):
            other = np.int64 if key != "argmax" else np.float32
            changed = [*wrong_shapes(operation, key, value), np.ma.masked_array(value), value.astype(other), value.astype(np.float16),
                       value.tolist(), None, 3, value.astype(value.dtype.newbyteorder()) if value.itemsize > 1 else None]
            if len(set(SIGNATURES[operation]) - {"mask", "argmax"}) > 1:
                changed.append(value.astype(np.float64))
        else:
            changed = wrong_scalars(key)
        for one in changed:
            what = f"{operation}: {key} = {(one.shape, str(one.dtype)) if isinstance(one, np.ndarray) else one!r:.40}"
            yield what, right[:place] + (one,) + right[place + 1:]


def orders(array):
    """The same numbers, otherwise in memory."""
    twice = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    twice[..., ::2] = array
    room = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    room[...] = array
    still = array.copy()
    still.flags.writeable = False
    return {"strided": twice[..., ::2], "backwards": array[::-1].copy()[::-1], "unaligned": room, "still": still,
            "fortran": np.asfortranarray(array), "subclass": array.copy().view(np.memmap)}


def same(one, other):
    pairs = zip(one, other) if isinstance(one, tuple) else [(one, other)]
    return all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def tried(backend, operations):
    """What went wrong, run in a child process: a compiled text that reads outside its arrays may end it."""
    npnet.use(backend)
    for operation in operations:
        compiled = backend == "numba" and hasattr(getattr(ops, operation), "__wrapped__")
        for what, arguments in wrong_calls(operation):
            if not compiled and any(isinstance(one, int) and one == HUGE for one in arguments):
                continue                            # a loop without a guard would count up to it
            try:
                result = getattr(ops, operation)(*(a.copy() if isinstance(a, np.ndarray) else a for a in arguments))
                if compiled:
                    yield f"{what} gave {str(result):.60}"
            except Exception as error:
                sentence = str(error)
                if compiled and (type(error) not in (TypeError, ValueError) or "\n" in sentence):
                    yield f"{what}: {type(error).__name__}: {sentence:.200}"
        if backend == "numba":
            yield from orders_tried(operation)


def orders_tried(operation):
    """Every array in every order in memory gives what it gives in order."""
    def call(arguments):
        result = getattr(ops, operation)(*arguments)
        return result if result is not None else arguments[:1] + arguments[2:3]

    right = [a.copy() if isinstance(a, np.ndarray) else a for a in full(operation)]
    expected = call([a.copy() if isinstance(a, np.ndarray) else a for a in right])
    for place, value in enumerate(right):
        if isinstance(value, np.ndarray):
            for order, array in orders(value).items():
                changed = operation.startswith("sgd") and place in (0, 2)
                if changed and (place == 2 or order in ("backwards", "fortran", "subclass")):
                    continue                        # each is a compilation more
                try:
                    arguments = [a.copy() if isinstance(a, np.ndarray) else a for a in right]
                    arguments[place] = array
                    if not same(expected, call(tuple(arguments))):
                        yield f"{operation}: argument {place} {order} gives other numbers"
                except ValueError as error:
                    if not (changed and order in ("still", "unaligned")):
                        yield f"{operation}: argument {place} {order}: {error}"


def test_whole_numbers_are_never_cut(backend):
    """The mean of 1 to 100 in windows is 6.5, or a sentence; a 6 it is nowhere."""
    x = np.arange(1, 101).reshape(1, 1, 10, 10)
    for call in (lambda: ops.avg_pool_forward(x, 2, 2, 2, 0, False, True), lambda: ops.adaptive_avg_pool_forward(x, 5, 5)):
        try:
            assert call()[0, 0, 0, 0] == 6.5
        except TypeError as error:
            assert "float" in str(error)


def test_every_operation_that_reads_memory_itself_is_guarded():
    if backends.present("npnet.fast"):
        npnet.use("numba")
        for operation in OPERATIONS:
            assert (getattr(ops, operation) is getattr(backends.chapters, operation)) != hasattr(
                getattr(ops, operation), "__wrapped__"), operation


@pytest.mark.parametrize("operation, arguments, sentence", [
    ("relu_backward", (np.ones((2, 2)), np.ones((4, 4))), r"relu_backward: y must have shape \(\*\) with \*=\(2, 2\), got"),
    ("sgd_update", (np.ones((6, 6)), np.ones((1, 6)), np.ones((6, 6)), 0.1, 0.9, 0.0), "sgd_update: dw must have shape"),
    ("dense_forward", (np.ones((2, 3)), np.ones((4, 5)), np.ones(5)), r"w must have shape \(D,M\) with D=3, got \(4, 5\)"),
    ("dense_forward", (np.ones((2, 3)), np.ones((3, 5), "f"), np.ones(5)), "w is float32, but the arrays before it are float6"),
    ("dense_forward", (np.ones((2, 3)), np.ones((3, 5)), np.ones(4)), r"b must have shape \(M\) with M=5, got \(4,\)"),
    ("conv2d_forward", (np.ones((1, 4, 5, 5)), np.ones((6, 3, 3, 3)), np.ones(6), 1, 0, 1), "groups=1 must divide the 4 chan"),
    ("lrn_backward", (np.ones((1, 4, 2, 2)), np.ones((1, 4, 2, 2)), np.ones((1, 4, 2, 3)), 3, 1.0, 0.75, 1), "scale must have"),
    ("im2col", (np.ones((1, 1, 4, 4)), 3, 3, 0, 1), "stride must be a whole number of at least 1, got 0"),
    ("max_pool_forward", (np.ones((1, 1, 4, 4)), 3, 3, 1, -1, False), "pad must be a whole number of at least 0, got -1"),
    ("max_pool_forward", ([[1.0]], 3, 3, 1, 0, False), "x must be an array of NumPy's, got a list"),
    ("avg_pool_forward", (np.ones((1, 1, 4, 4), int), 3, 3, 1, 0, False, True), r"x must be float32 or float64, got int64; use"),
    ("conv2d_forward", (np.ones((1, 4, 5, 5)), np.ones((6, 4, 3, 3)), np.ones(6), 1, 0, 3), "groups=3 must divide the 4 chan"),
    ("conv2d_backward", (np.ones((1, 6, 9, 3)), np.ones((1, 4, 5, 5)), np.ones((6, 4, 3, 3)), 1, 0, 1),
     "P must be 3 for H=5, R=3, stride=1 and pad=0, got 9")])
def test_sentences_of_numba(operation, arguments, sentence):
    if not backends.present("npnet.fast"):
        pytest.skip("the numba row needs npnet.fast")
    npnet.use("numba")
    with pytest.raises((TypeError, ValueError), match=f"^{operation}: .*" + sentence.removeprefix(f"{operation}: ")):
        getattr(ops, operation)(*arguments)


def test_arguments_by_name_and_missing():
    if not backends.present("npnet.fast"):
        pytest.skip("the numba row needs npnet.fast")
    npnet.use("numba")
    x = np.ones((2, 3))

    assert ops.relu_backward(y=-x, dy=x).tolist() == np.zeros((2, 3)).tolist()
    with pytest.raises(TypeError, match="missing a required argument: 'b'"):
        ops.dense_forward(x, np.ones((3, 1)))


@pytest.mark.parametrize("backend", ["loops", "numpy", "numba"])
def test_wrong_arguments_in_turn(backend):
    if backend == "numba" and not backends.present("npnet.fast"):
        pytest.skip("the numba row needs npnet.fast, which this copy does not have")
    folder = str(Path(__file__).parent)
    code = f"import json, test_guard; print(json.dumps(list(test_guard.tried({backend!r}, test_guard.OPERATIONS))))"
    path = os.pathsep.join([folder, str(Path(npnet.__file__).parents[1])])
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, cwd=folder,
                          env={**os.environ, "PYTHONPATH": path, "NPNET_BACKEND": ""})

    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == []


def test_every_signature_is_a_text_of_the_book():
    for operation in OPERATIONS:
        assert set(SIGNATURES[operation]) <= set(names(operation))
