"""What all pictures share: an empty figure, its title and caption, and writing it to a file.

Figures are made without pyplot, so they need no screen, work in threads, and are freed when the
caller drops them. Colours and fonts are set here and nowhere taken from the user's settings.
"""
import textwrap
from bisect import bisect
from itertools import accumulate
from pathlib import Path
from unicodedata import east_asian_width

from ..files import writing
from ..screen.output import fold
from .letters import SQUARE, composed, drawable, families, undrawn

INK = "#222222"                 # all text
BAR = "#2f6b9a"
TRACK = "#e4e8ec"               # the empty part of a bar


def new_figure(width, height):
    """An empty white Figure of width x height inches that arranges its parts so that none overlap."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise ModuleNotFoundError("plots need matplotlib, which is missing: pip install matplotlib") from None
    figure = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    figure.get_layout_engine().set(w_pad=0.1, h_pad=0.1)                    # inches
    return figure


def new_axes(figure, *place):
    """Axes without a frame and without ticks."""
    axes = figure.add_subplot(*place, facecolor="white", frame_on=False)
    axes.set(xticks=[], yticks=[])
    axes.tick_params(length=0, labelsize=9)
    return axes


def show_image(axes, image, title=None):
    """One image, (H, W) or (H, W, 3), every pixel a square of one colour, on axes made by new_axes."""
    axes.imshow(image, interpolation="nearest" if min(image.shape[:2]) < 200 else "auto", cmap="gray")
    axes.set(xticks=[], yticks=[])
    if title:
        axes.set_title(title, fontsize=10)


def colour_bar(figure, axes, image, ticks, **place):
    """A bar without a frame that tells the colours of an image. ticks: {number: its label}."""
    bar = figure.colorbar(image, ax=axes, pad=0.02, **place)
    bar.outline.set_visible(False)
    bar.ax.set_yticks(list(ticks), list(ticks.values()), fontsize=9)
    bar.ax.set_yticks([], minor=True)
    bar.ax.tick_params(length=0)


def finish(figure, title, caption=None):
    """Puts the title above and the caption below, broken into lines, and settles fonts and colours."""
    from matplotlib.text import Text
    width = figure.get_size_inches()[0]
    title, caption = str(title or ""), caption or ""
    letters = composed("\n".join([title, caption, *(text.get_text() for text in figure.findobj(Text))]))
    fonts, missing = families(set(letters) - {"\n"})
    if missing:
        undrawn.update(missing)
        caption = f"{caption} {SQUARE}: a letter that no font on this computer has.".strip()
        figure.set_figheight(figure.get_figheight() + 0.25)
    if title:
        figure.suptitle(filled(title, int(width * 10)), fontsize=12)
    if caption:
        figure.supxlabel(filled(caption, int(width * 14)), fontsize=9)
    for axis in [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]:
        labels = [label.get_text() for label in axis.get_ticklabels()]
        if labels != (shown := [drawable(label, missing) for label in labels]):
            axis.set_ticks(axis.get_ticklocs(), shown)                      # an axis writes its labels when it is drawn
    for text in figure.findobj(Text):
        text.set(text=drawable(text.get_text(), missing), color=INK, family=fonts, parse_math=False)
    return figure                                                           # a $ in a name is a dollar


def filled(text, columns):
    """The text in lines of at most so many letters, of which a Korean one counts twice."""
    wide = any(east_asian_width(letter) in "WF" for letter in text)
    return "\n".join(fold(text, columns)) if wide else textwrap.fill(text, columns)


def shortened(name, most):
    """The name, or its beginning where it is wider than `most` letters; one of Korean is as wide as two."""
    widths = list(accumulate(1 + (east_asian_width(letter) in "WF") for letter in name))
    return name if not name or widths[-1] <= most else name[:bisect(widths, most - 4)].rstrip() + " ..."


def told_apart(names, most):
    """Names of at most `most` letters; where two beginnings are the same, the end is kept; else the whole name."""
    names = [str(name) for name in names]
    short = [shortened(name, most) for name in names]
    short = [name if short.count(name) == 1 or name == whole else "... " + whole[4 - most:]
             for name, whole in zip(short, names)]
    return short if len(set(short)) == len(set(names)) else names


def save(figure, path, dpi=120):
    """Writes a Figure to `path`; its ending (.png, .svg, .pdf ...) chooses the format.

    Written beside and renamed, so that a picture is complete or not there. Missing folders are made. ValueError
    for an ending that is not one of a picture, OSError or a subclass of it for a place that cannot be written.
    """
    path = check_name(path)
    metadata = {"Software": "npnet"} if path.suffix.lower() == ".png" else None
    with writing(path) as temporary:
        figure.savefig(temporary, dpi=dpi, metadata=metadata)


def check_name(path):
    """The Path of a picture. ValueError for an ending that is not one of a picture."""
    path, known = Path(path), new_figure(1, 1).canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in known:
        raise ValueError(f"{path.name} must end in .{', .'.join(sorted(known))}; .png is the usual one")
    return path


def drawn_by_npnet(path):
    """Whether a file is a PNG that `save` wrote: it says so in its first lines."""
    with open(path, "rb") as file:
        return b"Software\0npnet" in file.read(1000)
