"""Output: lines on standard output, and what becomes of letters that it cannot show."""
import os
import shutil
import sys
import textwrap
from unicodedata import east_asian_width

SECOND = "\ue000"         # beside a wide letter while lines are folded: its second column


def forgiving():
    """From now on ? takes the place of a letter that standard output or error cannot show: 日 on an ASCII terminal;
    and a standard stream that is closed (>&-) is one that hears nothing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:                      # in this order: each takes its own number again
            setattr(sys, name, open(os.devnull, mode))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):                  # a test's or a notebook's need not have it
            stream.reconfigure(errors="replace")


def echo(text="", style=None, end="\n", stream=None, marks=()):
    """Prints a line at once; on a terminal in a style ("bold", "red" ...), and the parts that match a pattern of
    marks in styles of their own: [("they agree", "green")]."""
    stream = stream or sys.stdout
    if (style or marks) and stream.isatty():
        from rich.text import Text                          # here, so that what prints nothing stays quick
        text = Text(str(text), style or "")
        for pattern, colour in marks:
            text.highlight_regex(pattern, colour)
        console(stream).print(text, end=end, soft_wrap=True)
    else:
        print(text, end=end, file=stream, flush=True)


def printable(text):
    """The text with ? in the place of characters that are not shown, such as those that move the cursor."""
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "?" for letter in text)


def cut(text, columns):
    """The text, printable, with dots at its end if it is wider than so many columns."""
    from rich.cells import cell_len, set_cell_size          # a Korean letter is two columns wide
    text = printable(text)
    return text if cell_len(text) <= columns else set_cell_size(text, columns - 3).rstrip() + "..."


def columns_of(text):
    """How many columns a text takes, of which a Korean letter takes two."""
    from rich.cells import cell_len
    return cell_len(text)


def padded(text, columns, right=False):
    """The text in exactly so many columns: with blanks after it, or before it, or with its end cut off."""
    from rich.cells import set_cell_size
    return " " * max(0, columns - columns_of(text)) * right + text if right else set_cell_size(text, columns)


def tell(text):
    """Prints a text that may be long, in lines that fit the terminal."""
    echo(told(text))


def told(text):
    """The text in lines that fit the terminal; a line that begins with four blanks is to be copied, and stays whole."""
    lines = []
    for line in text.split("\n"):
        lines += [line] if line.startswith("    ") else fold(line.strip(), width(), rest="  ") or [""]
    return "\n".join(lines)


def fold(text, columns, first="", rest=""):
    """The text in lines of at most so many columns, of which a Korean letter takes two; no word is broken.

    first, rest: what the first line begins with, and the others.
    """
    wide = "".join(letter + SECOND * (east_asian_width(letter) in "WF") for letter in printable(text))
    lines = textwrap.wrap(wide, columns, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False,
                          break_long_words=False)
    return [line.replace(SECOND, "") for line in lines]


def width(most=79):
    """How many columns a sentence may take: those of the terminal, at most 79."""
    return max(20, min(most, shutil.get_terminal_size().columns - 1))


def console(stream):
    """rich's console on a stream, which prints what it is given: no markup, no colours of its own."""
    from rich.console import Console
    return Console(file=stream, highlight=False, markup=False, emoji=False)
