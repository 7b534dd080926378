"""What the tests of the operations share."""
import numpy as np

from npnet.backend import ops
from npnet.gradcheck import check_adjoint, check_gradients


def assert_same(expected, got):
    """The same numbers, shape and dtype, without tolerance; tuples and None member by member."""
    if isinstance(expected, tuple):
        assert len(expected) == len(got)
        for one, other in zip(expected, got):
            assert_same(one, other)
    elif expected is None:
        assert got is None
    else:
        np.testing.assert_array_equal(got, expected, strict=True)


def assert_close(expected, got, tolerance=None):
    """The same shape and dtype and, relative to the largest number, the same values up to rounding."""
    assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
    tolerance = tolerance or (1e-13 if expected.dtype == np.float64 else 2e-6)
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * max(1, np.abs(expected).max()))


def assert_right_gradients(forward, backward, *inputs, **options):
    """The gradient check; NumPy's text also by the complex step, the others (compiled, slow) by differences."""
    method = "auto" if ops.name == "numpy" else "central"
    report = check_gradients((forward, backward), *inputs, **{"method": method, **options})
    assert report.ok, report
    return report


def assert_adjoints(forward, backward, *inputs):
    """<dy, F(x) - F(0)> = <dx, x> for each input of an operation that is linear in each."""
    report = check_adjoint((forward, backward), *inputs)
    assert report.ok, report


def assert_unchanged(function, *arguments):
    """Calls function and asserts that it left its array arguments as they were; returns the result."""
    before = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    result = function(*arguments)
    for old, new in zip(before, arguments):
        if isinstance(old, np.ndarray):
            np.testing.assert_array_equal(new, old)
    return result
