"""What must hold of A3: col2im, and the three gradients of a convolution.

All numbers are quarters, so that sums are exact whichever way they are added up; only slopes are measured on normally
distributed numbers. No two sizes of a Case are alike where exchanging them could go unseen.
"""
from collections import namedtuple
from dataclasses import dataclass

import numpy as np

from ..grader.calls import Call, flat
from ..grader.properties import Failure, Property, differs, equal, missing, unchanged, unequal

OUTPUTS = {"col2im": ("x",), "conv2d_backward_w": ("dw",), "conv2d_backward_b": ("db",), "conv2d_backward_x": ("dx",)}


class Case(namedtuple("Case", "N C H W K R S stride pad groups")):
    """The sizes of a convolution."""

    @property
    def P(self):
        return (self.H + 2 * self.pad - self.R) // self.stride + 1

    @property
    def Q(self):
        return (self.W + 2 * self.pad - self.S) // self.stride + 1


#              N  C  H   W  K  R  S stride pad groups
WORKED = Case(1, 1, 4, 4, 1, 2, 2, 1, 0, 1)             # the handout's example
FOUR = Case(1, 1, 5, 5, 1, 3, 3, 2, 0, 1)               # four windows that overlap
PLAIN = Case(2, 3, 9, 10, 4, 3, 2, 2, 1, 1)
LEFT = Case(2, 3, 8, 9, 4, 3, 2, 2, 0, 1)                # no window reaches the last row and the last column
GROUPS = Case(2, 4, 9, 10, 6, 3, 2, 2, 1, 2)
SMALL = Case(2, 4, 5, 4, 4, 2, 3, 2, 1, 2)              # for slopes: every number is moved twice
PADDED = [Case(2, 4, 9, 7, 6, 3, 2, 2, 1, 2), Case(3, 6, 8, 11, 4, 2, 3, 2, 1, 2), Case(2, 6, 7, 10, 9, 3, 4, 2, 1, 3),
          Case(3, 4, 11, 12, 6, 5, 4, 3, 2, 2), Case(2, 6, 6, 9, 4, 4, 3, 2, 1, 2), Case(2, 4, 10, 7, 6, 3, 5, 2, 2, 2)]
NOT_PADDED = [Case(2, 4, 7, 8, 6, 3, 2, 1, 0, 2), Case(3, 6, 9, 6, 4, 3, 2, 2, 0, 2),
              Case(2, 4, 6, 9, 6, 2, 3, 1, 0, 2)]
GAPS = [Case(2, 3, 10, 11, 4, 2, 1, 3, 0, 1), Case(3, 2, 6, 12, 4, 1, 2, 4, 0, 1),
        Case(2, 3, 11, 13, 4, 3, 2, 4, 1, 1)]


@dataclass
class Known(Call):
    """A call of whose answer something is known from the forward pass alone.

    direction: an array of the answer's shape; product: what the sum of answer * direction must be. slopes: the
    answer, measured.
    """

    direction: object = None
    product: float = 0.0
    slopes: object = None


# ---------------------------------------------------------------------------- judges

def adjoint(outcomes, expected, calls, tolerance=0.0, names=()):
    """The sum of answer * direction is what the forward pass says, exactly."""
    for i, (got, want, call) in enumerate(zip(outcomes, expected, calls)):
        failure = missing(got)
        if failure is None:
            answer = flat(got.value, names)[0][1]
            if not numbers_like(answer, call.direction):
                failure = unequal(got, want, tolerance, names)
            elif (answer * call.direction).sum() != call.product:
                failure = Failure("property", details={"left": float(call.product),
                                                       "right": float((answer * call.direction).sum())})
        if failure is not None:
            failure.call = i
            return failure
    return None


def numbers_like(answer, direction):
    """Whether an answer is an array of numbers of this shape."""
    return isinstance(answer, np.ndarray) and answer.shape == direction.shape and answer.dtype.kind in "iuf"


def measured(outcomes, expected, calls, tolerance=0.0, names=()):
    """The answer is, to the tolerance, the slopes that were measured with the forward pass."""
    for i, (got, call) in enumerate(zip(outcomes, calls)):
        failure = missing(got) or differs(flat(got.value, names)[0][1], call.slopes, tolerance)
        if failure is not None:
            failure.call = i
            return failure
    return None


def again(outcomes, expected, calls, tolerance=0.0, names=()):
    """The same call, made twice, gives the right answer twice, and changes no argument."""
    return equal(outcomes, expected, calls, tolerance, names) or unchanged(outcomes, expected, calls, tolerance, names)


def slopes_of(loss, array, step=2.0 ** -7):
    """The slope of loss() along every number of an array, which is moved there and put back."""
    slopes = np.zeros(array.shape)
    for at in np.ndindex(array.shape):
        before = array[at]
        array[at] = before + step
        higher = loss()
        array[at] = before - step
        slopes[at] = (higher - loss()) / (2 * step)
        array[at] = before
    return slopes


# ---------------------------------------------------------------------------- arrays of a case

def columns(draw, case):
    return draw.quarters(case.N, case.C, case.R, case.S, case.P, case.Q)


def picture(draw, case):
    return draw.quarters(case.N, case.C, case.H, case.W)


def filters(draw, case):
    return draw.quarters(case.K, case.C // case.groups, case.R, case.S)


def outputs(draw, case):
    """For dy."""
    return draw.quarters(case.N, case.K, case.P, case.Q)


def picked(draw, cases, number=2):
    return draw.shuffled(cases)[:number]


# ---------------------------------------------------------------------------- col2im

def col2im(cols, case, **known):
    return Known("col2im", [cols, case.H, case.W, case.stride, case.pad], **known)


def col2im_worked(draw, parts):
    cols = np.arange(1.0, 17).reshape(2, 2, 2, 2).transpose(2, 3, 0, 1)         # (P, Q, R, S) -> (R, S, P, Q)
    return [Call("col2im", [cols[None, None].copy(), 3, 3, 1, 0])]


def col2im_coverage(draw, parts):
    return [col2im(np.ones((case.N, case.C, case.R, case.S, case.P, case.Q)), case) for case in (FOUR, PLAIN, LEFT)]


def col2im_digits(draw, parts):
    digits = np.array([[1.0, 10.0], [100.0, 1000.0]])                           # (P, Q)
    return [col2im(np.broadcast_to(digits, (1, 1, 3, 3, 2, 2)).copy(), FOUR)]


def col2im_adjoint(draw, parts):
    calls = []
    for case in (PLAIN, NOT_PADDED[0]):
        x, cols = picture(draw, case), columns(draw, case)
        product = (parts["im2col"](x, case.R, case.S, case.stride, case.pad) * cols).sum()
        calls.append(col2im(cols, case, direction=x, product=product))
    return calls


def col2im_frame(draw, parts):
    return [col2im(columns(draw, case), case) for case in (PLAIN, PADDED[5])]


def col2im_again(draw, parts):
    return [col2im(columns(draw, PLAIN), PLAIN)] * 2


def col2im_seeded(draw, parts):
    return [col2im(columns(draw, case), case) for case in picked(draw, PADDED)]


def col2im_no_pad(draw, parts):
    return [col2im(columns(draw, case), case) for case in picked(draw, NOT_PADDED)]


def col2im_gaps(draw, parts):
    return [col2im(columns(draw, case), case) for case in GAPS]


def col2im_seeded_again(draw, parts):
    case = draw.pick(PADDED)
    return [col2im(columns(draw, case), case)] * 2


# ---------------------------------------------------------------------------- dw

def dw(dy, x, case, **known):
    return Known("conv2d_backward_w", [dy, x, case.R, case.S, case.stride, case.pad, case.groups], **known)


WORKED_X = np.array([[[[1, 2, 0, 1], [0, 1, 3, 1], [2, 1, 0, 0], [1, 0, 1, 2]]]], dtype=float)
WORKED_W = np.array([[[[1, 0], [2, -1]]]], dtype=float)
WORKED_DY = np.ones((1, 1, 3, 3))


def dw_worked(draw, parts):
    return [dw(WORKED_DY, WORKED_X, WORKED)]


def dw_one(draw, parts):
    dy = np.zeros((PLAIN.N, PLAIN.K, PLAIN.P, PLAIN.Q))
    dy[1, 2, 1, 3] = 1
    return [dw(dy, picture(draw, PLAIN), PLAIN)]


def dw_case(draw, case):
    return dw(outputs(draw, case), picture(draw, case), case)


def dw_images(draw, parts):
    return [dw_case(draw, PLAIN)]


def dw_groups(draw, parts):
    return [dw_case(draw, GROUPS)]


def dw_again(draw, parts):
    return [dw_case(draw, GROUPS)] * 2


def dw_seeded(draw, parts):
    return [dw_case(draw, case) for case in picked(draw, PADDED)]


def dw_no_pad(draw, parts):
    return [dw_case(draw, case) for case in picked(draw, NOT_PADDED)]


def dw_product(draw, parts):
    calls = []
    for case in picked(draw, PADDED):
        x, w, dy = picture(draw, case), filters(draw, case), outputs(draw, case)
        y = parts["conv2d_forward"](x, w, np.zeros(case.K), case.stride, case.pad, case.groups)
        calls.append(dw(dy, x, case, direction=w, product=(y * dy).sum()))
    return calls


def small_loss(draw, parts):
    """(loss, dy, x, w) of the SMALL case; loss() is a number that follows x and w."""
    x, w = draw.normal(2, 4, 5, 4), draw.normal(4, 2, 2, 3)
    dy, b = draw.normal(SMALL.N, SMALL.K, SMALL.P, SMALL.Q), draw.normal(4)
    forward = parts["conv2d_forward"]
    return lambda: (dy * forward(x, w, b, SMALL.stride, SMALL.pad, SMALL.groups)).sum(), dy, x, w


def dw_slopes(draw, parts):
    loss, dy, x, w = small_loss(draw, parts)
    return [dw(dy, x, SMALL, slopes=slopes_of(loss, w))]


def dw_seeded_again(draw, parts):
    return [dw_case(draw, draw.pick(PADDED))] * 2


# ---------------------------------------------------------------------------- db

def db_worked(draw, parts):
    return [Call("conv2d_backward_b", [WORKED_DY])]


def db_digits(draw, parts):
    digits = np.array([[1.0, 10.0], [100.0, 1000.0]]).reshape(2, 1, 1, 2)                   # (N, 1, P, Q)
    return [Call("conv2d_backward_b", [digits * np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1)])]


def db_sums(draw, parts):
    return [Call("conv2d_backward_b", [draw.quarters(2, 3, 4, 5)])]


def db_seeded(draw, parts):
    return [Call("conv2d_backward_b", [draw.quarters(*shape)]) for shape in picked(draw, [
        (2, 5, 3, 4), (3, 4, 5, 2), (3, 2, 4, 5), (2, 4, 5, 3)])]


def db_product(draw, parts):
    calls = []
    for case in picked(draw, PADDED):
        b, dy = draw.quarters(case.K), outputs(draw, case)
        calls.append(Known("conv2d_backward_b", [dy], direction=b, product=(b.reshape(1, -1, 1, 1) * dy).sum()))
    return calls


# ---------------------------------------------------------------------------- dx

def dx(dy, w, case, **known):
    return Known("conv2d_backward_x", [dy, w, case.H, case.W, case.stride, case.pad, case.groups], **known)


def dx_case(draw, case):
    return dx(outputs(draw, case), filters(draw, case), case)


def dx_worked(draw, parts):
    return [dx(WORKED_DY, WORKED_W, WORKED)]


def dx_digits(draw, parts):
    return [dx(np.array([[[[1.0, 10.0], [100.0, 1000.0]]]]), np.ones((1, 1, 3, 3)), FOUR)]


def dx_products(draw, parts, cases):
    calls = []
    for case in cases:
        x, w, dy = picture(draw, case), filters(draw, case), outputs(draw, case)
        y = parts["conv2d_forward"](x, w, np.zeros(case.K), case.stride, case.pad, case.groups)
        calls.append(dx(dy, w, case, direction=x, product=(y * dy).sum()))
    return calls


def dx_adjoint(draw, parts):
    return dx_products(draw, parts, [PLAIN, NOT_PADDED[0]])


def dx_filters(draw, parts):
    return [dx_case(draw, PLAIN)]


def dx_groups(draw, parts):
    return [dx_case(draw, GROUPS)]


def dx_again(draw, parts):
    return [dx_case(draw, GROUPS)] * 2


def dx_seeded(draw, parts):
    return [dx_case(draw, case) for case in picked(draw, PADDED)]


def dx_no_pad(draw, parts):
    return [dx_case(draw, case) for case in picked(draw, NOT_PADDED)]


def dx_shared(draw, parts):
    """Two filters, whose four windows share one pixel; no number is 0."""
    case = FOUR._replace(K=2)
    return [dx(draw.integers(1, 9, 1, 2, 2, 2) / 4, draw.integers(1, 9, 2, 1, 3, 3) / 4, case)]


def dx_product(draw, parts):
    return dx_products(draw, parts, picked(draw, PADDED))


def dx_slopes(draw, parts):
    loss, dy, x, w = small_loss(draw, parts)
    return [dx(dy, w, SMALL, slopes=slopes_of(loss, x))]


def dx_seeded_again(draw, parts):
    return [dx_case(draw, draw.pick(PADDED))] * 2


# ---------------------------------------------------------------------------- the table

def hidden(id, region, calls, **options):
    return Property(id, region, calls, hidden=True, **options)


PROPERTIES = [
    Property("a3.col2im.worked", "a3.col2im", col2im_worked),
    Property("a3.col2im.coverage", "a3.col2im", col2im_coverage),
    Property("a3.col2im.digits", "a3.col2im", col2im_digits),
    Property("a3.col2im.frame", "a3.col2im", col2im_frame),
    Property("a3.col2im.adjoint", "a3.col2im", col2im_adjoint, judge=adjoint),
    Property("a3.col2im.again", "a3.col2im", col2im_again, judge=again),
    hidden("a3.col2im.seeded", "a3.col2im", col2im_seeded),
    hidden("a3.col2im.no_pad", "a3.col2im", col2im_no_pad),
    hidden("a3.col2im.gaps", "a3.col2im", col2im_gaps),
    hidden("a3.col2im.seeded_again", "a3.col2im", col2im_seeded_again, judge=again),

    Property("a3.dw.worked", "a3.dw", dw_worked),
    Property("a3.dw.one", "a3.dw", dw_one),
    Property("a3.dw.images", "a3.dw", dw_images),
    Property("a3.dw.groups", "a3.dw", dw_groups),
    Property("a3.dw.again", "a3.dw", dw_again, judge=again),
    hidden("a3.dw.seeded", "a3.dw", dw_seeded),
    hidden("a3.dw.no_pad", "a3.dw", dw_no_pad),
    hidden("a3.dw.product", "a3.dw", dw_product, judge=adjoint),
    hidden("a3.dw.slopes", "a3.dw", dw_slopes, judge=measured, tolerance=1e-7),
    hidden("a3.dw.seeded_again", "a3.dw", dw_seeded_again, judge=again),

    Property("a3.db.worked", "a3.db", db_worked),
    Property("a3.db.digits", "a3.db", db_digits),
    Property("a3.db.sums", "a3.db", db_sums),
    hidden("a3.db.seeded", "a3.db", db_seeded),
    hidden("a3.db.product", "a3.db", db_product, judge=adjoint),

    Property("a3.dx.worked", "a3.dx", dx_worked),
    Property("a3.dx.digits", "a3.dx", dx_digits),
    Property("a3.dx.filters", "a3.dx", dx_filters),
    Property("a3.dx.groups", "a3.dx", dx_groups),
    Property("a3.dx.adjoint", "a3.dx", dx_adjoint, judge=adjoint),
    Property("a3.dx.again", "a3.dx", dx_again, judge=again),
    hidden("a3.dx.seeded", "a3.dx", dx_seeded),
    hidden("a3.dx.no_pad", "a3.dx", dx_no_pad),
    hidden("a3.dx.shared", "a3.dx", dx_shared),
    hidden("a3.dx.product", "a3.dx", dx_product, judge=adjoint),
    hidden("a3.dx.slopes", "a3.dx", dx_slopes, judge=measured, tolerance=1e-7),
    hidden("a3.dx.seeded_again", "a3.dx", dx_seeded_again, judge=again),
]
