"""Output: lines on standard output, and what becomes of letters that it cannot show."""
import os
import shutil
import sys
import textwrap


def forgiving():
    """From now on ? takes the place of a letter that standard output or error cannot show: 日 on an ASCII terminal;
    and a standard stream that is closed (>&-) is one that hears nothing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:                      # in this order: each takes its own number again
            setattr(sys, name, open(os.devnull, mode))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):                  # a test's or a notebook's need not have it
            stream.reconfigure(errors="replace")


def echo(text="", style=None, end="\n"):
    """Prints a line at once, in a style ("bold", "red" ...) where the output is a terminal."""
    if style and sys.stdout.isatty():
        console(sys.stdout).print(str(text), style=style, end=end, soft_wrap=True)
    else:
        print(text, end=end, flush=True)


def tell(text):
    """Prints a sentence that may be long, in lines that fit the terminal."""
    echo(textwrap.fill(text.strip(), width(), subsequent_indent="  ", break_on_hyphens=False))


def width(most=79):
    """How many columns a sentence may take: those of the terminal, at most 79."""
    return max(20, min(most, shutil.get_terminal_size().columns - 1))


def console(stream):
    """rich's console on a stream, which prints what it is given: no markup, no colours of its own."""
    from rich.console import Console                        # here, so that what prints nothing stays quick
    return Console(file=stream, highlight=False, markup=False, emoji=False)
