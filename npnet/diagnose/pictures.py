"""A wrong gradient as a picture: what backward gave, forward's slopes, and the difference."""
import numpy as np

from ..plots import gradient_maps

AXES = {"NCHW": (0, 1, 2, 3), "NHWC": (0, 3, 1, 2)}             # pictures, as (N, C, H, W)
FILTERS = {"NCHW": (0, 1, 2, 3), "NHWC": (3, 2, 0, 1)}          # (R, S, C, K) as (K, C, R, S)


def draw(examination):
    """{name: Figure} of the wrong arrays of an Examination; those of another shape than their gradient have none."""
    layout = getattr(examination.called, "layout", "") or "NCHW"
    x = next(iter(examination.report.point.inputs), "") if examination.report else ""
    if getattr(examination.called, "presented", False):         # the parameters are moved in the input's place
        x = ""
    return {row.name: drawn(row, examination.causes.get(row.name), layout, row.name == x)
            for row in examination.rows if row.verdict != "ok" and row.errors is not None}


def drawn(row, cause, layout, first):
    """The Figure of one wrong array. first: it is the input x; others of four axes are filters."""
    order, words = None, None
    if row.gradient.ndim == 4:
        orders, words = (AXES, ("image", "channel")) if first else (FILTERS, ("filter", "channel"))
        order = orders.get(layout)
    elif row.gradient.ndim == 2 and first:
        words = "image", "feature"
    wrong = row.errors | ~np.isfinite(row.gradient)
    arrays = row.gradient, row.slopes, wrong, row.seen
    if order is not None:                       # np.transpose would reverse the axes for None
        arrays = [np.transpose(array, order) for array in arrays]
    title = f"d{row.name} is wrong" + (f": {cause.sentence}" if cause else "")
    return gradient_maps(*arrays, name=row.name, title=title, words=words)
