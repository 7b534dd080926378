"""Screen: what a terminal shows. Words for numbers, lines, tables, progress; it knows nothing of networks."""
from .curve import curve
from .output import echo, fold, tell
from .progress import bar, display, hushed
from .tables import aligned, line, print_table
from .words import clock, counted, duration, listed, nearest, percent, sentence, size

__all__ = ["aligned", "bar", "clock", "counted", "curve", "display", "duration", "echo", "fold", "hushed", "line",
           "listed", "nearest", "percent", "print_table", "sentence", "size", "tell"]
