"""Tables in a terminal: columns that line up, also with Korean letters, which are two columns wide."""
import sys
import textwrap

from .output import console, width


def line(name, value):
    """"  name      value", the value wrapped under itself."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return textwrap.fill(text, width(), initial_indent=f"  {name:18}", subsequent_indent=" " * 20,
                         break_long_words=False, break_on_hyphens=False)


def aligned(texts):
    """The texts with blanks after them, so that all take as many columns; a Korean letter takes two."""
    from rich.cells import cell_len, set_cell_size
    wide = max(map(cell_len, texts), default=0)
    return [set_cell_size(text, wide) for text in texts]


def print_table(rows, sides):
    """Prints rows of strings, the first one the heads, as aligned columns; sides: "l" or "r" for each.

    Where the terminal is too narrow, the first column is cut, and the last one, if it is on the left, folds.
    """
    from rich.cells import cell_len
    from rich.table import Table
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold" if sys.stdout.isatty() else "")
    for number, (head, side) in enumerate(zip(rows[0], sides)):
        folds = side == "l" and number == len(sides) - 1 > 0
        table.add_column(head, justify={"l": "left", "r": "right"}[side], no_wrap=not folds,
                         overflow="fold" if folds else "ellipsis",
                         min_width=max(cell_len(row[number]) for row in rows) if number and not folds else 4)
    for row in rows[1:]:
        table.add_row(*row)
    console(sys.stdout).print(table)
