"""Small tables of numbers side by side, as narrow as a phone: no axes, letters of at least 9 points.

    figure = tables([[Grid(x, "x"), "·", Grid(w, "w"), "=", Grid(y, "y")]])

A row is a list of Grids (npnet.plots.course) and of signs between them.
"""
import numpy as np
from npnet.plots.course import CELL, Grid, draw_grid
from npnet.plots.figure import INK, finish, new_axes, new_figure

WIDE = 4.6                      # inches: what a phone shows whole
SIGN = 0.28                     # inches that a sign takes


def tables(rows, cell=CELL):
    """Rows of tables and signs as one figure; cell: inches of one number, smaller where a row would be too wide."""
    cell = min([cell] + [(WIDE - 0.2 - sum(SIGN for part in row if isinstance(part, str)) - 0.12 * len(row))
                         / sum(part.table.shape[1] + 0.4 for part in row if isinstance(part, Grid)) for row in rows])
    widths = [[SIGN if isinstance(part, str) else cell * (part.table.shape[1] + 0.4) for part in row] for row in rows]
    high = [max(cell * (part.table.shape[0] + 0.4) for part in row if isinstance(part, Grid)) for row in rows]
    titled = [0.3 if any(isinstance(part, Grid) and part.title for part in row) else 0.05 for row in rows]
    across = max(sum(row) + 0.12 * (len(row) - 1) for row in widths)
    figure = new_figure(across + 0.2, sum(high) + sum(titled) + 0.12 * len(rows) + 0.1)
    figure.set_layout_engine("none")
    top = figure.get_figheight() - 0.05
    for row, wide, tall, above in zip(rows, widths, high, titled):
        left, top = 0.1, top - above
        for part, width in zip(row, wide):
            axes = place(figure, left, top - tall, width, tall)
            sign(axes, part) if isinstance(part, str) else table(axes, part, cell)
            left += width + 0.12
        top -= tall + 0.12
    return finish(figure, None)


def place(figure, left, bottom, width, height):
    """Axes without a frame at a place in inches."""
    across, high = figure.get_size_inches()
    axes = new_axes(figure)
    axes.set_position([left / across, bottom / high, width / across, height / high])
    axes.set_anchor("N")
    return axes


def table(axes, grid, cell=CELL):
    """One table with its title, without numbers along its sides."""
    draw_grid(axes, grid)
    axes.set(xticks=[], yticks=[])
    axes.set_title(grid.title, fontsize=10, pad=3)
    for text in axes.texts:
        text.set_fontsize(9 if cell < 0.5 else 10)


def sign(axes, text):
    """A sign between two tables, at the height of their middle."""
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.text(0.5, 0.5, text, ha="center", va="center", fontsize=13, color=INK)


def beside(wrong, right, name="y"):
    """A wrong table, the right one, and what the wrong one has too much; wrong numbers are outlined."""
    wrong, right = np.atleast_2d(np.asarray(wrong, float)), np.atleast_2d(np.asarray(right, float))
    differs = ~np.isclose(wrong, right, equal_nan=True)
    most = float(max(np.abs(wrong[np.isfinite(wrong)]).max(initial=0), np.abs(right).max())) or 1.0
    with np.errstate(invalid="ignore"):
        gap = np.where(differs, wrong - right, 0)
    return tables([[Grid(wrong, f"✗ {name}", wrong=differs, most=most), Grid(right, f"✓ {name}", most=most),
                    Grid(gap, "✗ − ✓", most=most)]])


def lines(axes, across, upward):
    """Axes with pale lines, numbers of 9 points and names at both sides."""
    from npnet.plots.figure import TRACK
    axes.grid(color=TRACK, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_xlabel(across, fontsize=10)
    axes.set_ylabel(upward, fontsize=10, rotation=0, ha="right", va="center")
    axes.tick_params(labelsize=9)
