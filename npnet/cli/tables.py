"""Tables in a terminal: columns that line up, also with Korean letters, which are two columns wide."""
import sys
import textwrap


def line(name, value):
    """'  name      value', the value wrapped under itself."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return textwrap.fill(text, 79, initial_indent=f"  {name:18}", subsequent_indent=" " * 20,
                         break_long_words=False, break_on_hyphens=False)


def print_table(rows, sides):
    """Rows of strings, the first one the heads, as aligned columns; sides: "l" or "r" for each.

    Where the terminal is too narrow the first column is cut.
    """
    from rich.cells import cell_len                             # a Korean letter is two columns wide
    from rich.console import Console
    from rich.table import Table
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold" if sys.stdout.isatty() else "")
    for number, (head, side) in enumerate(zip(rows[0], sides)):
        table.add_column(head, justify={"l": "left", "r": "right"}[side], no_wrap=True, overflow="ellipsis",
                         min_width=max(cell_len(row[number]) for row in rows) if number else None)
    for row in rows[1:]:
        table.add_row(*row)
    Console(markup=False, highlight=False, emoji=False).print(table)
