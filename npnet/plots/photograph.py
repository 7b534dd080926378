"""A photograph and what the network is given of it."""
import numpy as np

from .figure import finish, new_axes, new_figure, show_image


def picture_and_input(picture, x, order="RGB"):
    """The photograph, uint8 (H, W, 3), and beside it the network's input x, (1, C, h, w) or (C, h, w).

    The input has negative numbers and numbers beyond 1; it is drawn from black for the smallest to
    white for the largest, and the caption says which they are. order="BGR" if blue comes first in x.
    """
    x = np.asarray(x)
    x = x[0] if x.ndim == 4 and len(x) == 1 else x
    if x.ndim != 3 or x.shape[0] not in (1, 3):
        raise ValueError(f"the input of one picture must be (1, C, h, w) or (C, h, w) with 1 or 3 "
                         f"channels, got {x.shape}")
    if order not in ("RGB", "BGR"):
        raise ValueError(f'order must be "RGB" or "BGR", got {order!r}')
    picture = np.asarray(picture)
    figure = new_figure(8, 4.4)
    show_image(new_axes(figure, 1, 2, 1), picture,
               f"the photograph: {picture.shape[1]} wide, {picture.shape[0]} high")
    show_image(new_axes(figure, 1, 2, 2), as_image(x, order),
               "what the network sees: " + " x ".join(map(str, x.shape)))
    return finish(figure, None, f"Right: {order if len(x) == 3 else 'grey'}, numbers from {x.min():.4g} "
                                f"(black) to {x.max():.4g} (white), mean {x.mean():.4g}.")


def as_image(x, order):
    """x (C, h, w) with any numbers -> (h, w, C) from 0 to 1, or (h, w) if C is 1."""
    x = x.astype(float)
    x = (x - x.min()) / max(x.max() - x.min(), 1e-300)
    if len(x) == 1:
        return x[0]
    return (x[::-1] if order == "BGR" else x).transpose(1, 2, 0)
