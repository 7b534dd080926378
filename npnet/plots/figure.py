"""What all pictures share: an empty figure, its title and caption, and writing it to a file.

Figures are made without pyplot, so they need no screen, work in threads, and are freed when the
caller drops them. Colours and fonts are set here and nowhere taken from the user's settings.
"""
import os
import secrets
import textwrap
import warnings
from functools import cache
from pathlib import Path

INK = "#222222"                 # all text
BAR = "#2f6b9a"
TRACK = "#e4e8ec"               # the empty part of a bar
COLOURS = "cividis"             # dark blue to yellow: in order of lightness, also for the colour-blind
KOREAN = ("Noto Sans CJK KR", "Noto Sans KR", "NanumGothic", "Malgun Gothic", "Apple SD Gothic Neo")


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


def finish(figure, title, caption=None):
    """Put the title above and the caption below, broken into lines, and settle fonts and colours."""
    from matplotlib.text import Text
    width = figure.get_size_inches()[0]
    if title:
        figure.suptitle(textwrap.fill(str(title), int(width * 10)), fontsize=12)
    if caption:
        figure.supxlabel(textwrap.fill(caption, int(width * 14)), fontsize=9)
    for text in figure.findobj(Text):
        text.set(color=INK, family=_families(), parse_math=False)       # a $ in a name is a dollar
    return figure


@cache
def _families():
    """The font that matplotlib ships, then what this computer has for Korean."""
    from matplotlib.font_manager import fontManager
    installed = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(name for name in KOREAN if name in installed)]


def save(figure, path, dpi=120):
    """Write a Figure to `path`; its ending (.png, .svg, .pdf ...) chooses the format.

    Written beside and renamed, so that a picture is complete or not there. Missing folders are made.
    Letters that no font here has, as Korean where there is no Korean font, become boxes without a warning.
    Errors, one sentence each: ValueError for an ending that is no picture, and OSError or its
    subclass PermissionError for a place that cannot be written.
    """
    path = Path(os.path.realpath(path))
    known = figure.canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in known:
        raise ValueError(f"{path.name} must end in .{', .'.join(sorted(known))}; .png is the usual one")
    temporary = path.parent / f".writing-{secrets.token_hex(6)}{path.suffix}"       # npnet.files.tidy removes those
    _no_warnings_of_fonts()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(temporary, dpi=dpi)
        os.replace(temporary, path)
    except OSError as error:
        kind = PermissionError if isinstance(error, PermissionError) else OSError
        raise kind(f"{path} cannot be written ({error.strerror or error}); choose another folder") from None
    finally:
        if temporary.exists():
            temporary.unlink()


def _no_warnings_of_fonts():
    """Silence what matplotlib says about every letter without a glyph, where this file draws.

    A filter for this file alone, which stays: warnings.catch_warnings is not safe in threads.
    """
    warnings.filterwarnings("ignore", "Glyph .* missing from|Matplotlib currently does not support", UserWarning,
                            module=__name__.replace(".", r"\."))
