"""Tables in a terminal: columns that line up, also with Korean letters, which are two columns wide."""
import sys

from .output import console, fold, width


def line(name, value):
    """"  name      value", the value wrapped under itself."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return "\n".join(fold(text, width(), first=f"  {name:17} ", rest=" " * 20))


def aligned(texts):
    """The texts with blanks after them, so that all take as many columns; a Korean letter takes two."""
    from rich.cells import cell_len, set_cell_size
    wide = max(map(cell_len, texts), default=0)
    return [set_cell_size(text, wide) for text in texts]


def print_table(rows, sides, whole=False):
    """Prints rows of strings, the first one the heads, as aligned columns; sides: "l" or "r" for each.

    Where the terminal is too narrow, the first column and the last one fold, if the last is on the left; else the
    first is cut. Where that is not enough, every row becomes lines of its own; with `whole` also where a word would be
    broken.
    """
    from rich.table import Table
    screen, folds = console(sys.stdout), len(sides) > 1 and sides[-1] == "l"
    wide = widths(rows, screen.width, folds)
    longest = [max(len(word) for cell in column for word in cell.split() or [""]) for column in zip(*rows)]
    if sum(wide) + 2 * (len(wide) - 1) > screen.width or whole and any(map(int.__gt__, longest, wide)):
        for row in rows[1:]:
            print("\n".join([row[0], *(line(head, cell) for head, cell in zip(rows[0][1:], row[1:]) if cell)]))
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold" if sys.stdout.isatty() else "")
    for head, side, columns in zip(rows[0], sides, wide):
        table.add_column(head, justify={"l": "left", "r": "right"}[side], no_wrap=not folds, width=columns,
                         overflow="fold" if folds else "ellipsis")
    for row in rows[1:]:
        table.add_row(*row)
    screen.print(table)


def widths(rows, columns, folds, least=12):
    """How wide each column of a table is: as its longest text, but for the first and, if it folds, the last one where
    the terminal has too few columns."""
    from rich.cells import cell_len
    wide = [max(map(cell_len, column)) for column in zip(*rows)]
    over = sum(wide) + 2 * (len(wide) - 1) - columns
    if folds and over > 0:
        last = max(wide[-1] - over, min(wide[-1], least))
        over, wide[-1] = over - wide[-1] + last, last
    wide[0] -= min(max(over, 0), max(wide[0] - 4, 0))
    return wide
