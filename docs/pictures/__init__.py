"""What the pages of the site draw. A module for each operation, with functions that return a matplotlib Figure.

    from pictures import conv, show
    show(conv.coverage(), "How often each pixel of a 5 x 5 picture lies in a window: once at the corners, ...")
"""
import base64
import html
import io
import re

from .mistakes import mistake

__all__ = ["Picture", "mistake", "show"]
WIDEST = 4.7            # inches: wider pictures are not shrunk on a telephone; they scroll


class Picture:
    """A figure in HTML: the drawing as SVG, what it shows in words (`alt`), and a caption beneath it."""

    def __init__(self, figure, alt, caption=None):
        if not alt.strip():
            raise ValueError("a picture needs a text alternative: what is to be seen, in words")
        self.figure, self.alt, self.caption = figure, alt, caption

    def _repr_html_(self):
        width, height = (round(96 * inches) for inches in self.figure.get_size_inches())
        fits = "fits" if self.figure.get_size_inches()[0] <= WIDEST else "wide"
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        image = (f'<img class="{fits}" width="{width}" height="{height}" alt="{html.escape(self.alt)}" '
                 f'src="data:image/svg+xml;base64,{base64.b64encode(svg(self.figure).encode()).decode()}">')
        held = f'<div class="scroll" tabindex="0">{image}</div>' if fits == "wide" else image
        return f'<figure class="picture">{held}{caption}</figure>'

    def __repr__(self):
        return self.alt


def svg(figure):
    """The drawing as SVG text, the same in every build."""
    from matplotlib import rc_context
    file = io.StringIO()
    with rc_context({"svg.hashsalt": "npnet", "svg.fonttype": "path"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return re.sub(r"(?s)<metadata>.*?</metadata>", "", file.getvalue())


def show(figure, alt, caption=None):
    """A Picture of the figure, for the last line of a cell."""
    return Picture(figure, alt, caption)
