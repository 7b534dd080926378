"""Words: how numbers, names and errors are said, everywhere alike."""
import difflib
import math
from collections import Counter


def percent(share, decimals=1):
    """A share from 0 to 1: "54.6 %", or "< 0.1 %" for a little. decimals=None: two digits that count, "0.013 %"."""
    if decimals is None:
        return f"{float(f'{100 * share:.2g}'):g} %"
    if 0 < 100 * share < 0.5 / 10 ** decimals:
        return f"< {1 / 10 ** decimals:g} %"
    return f"{100 * share:.{decimals}f} %"


def counted(number, thing, things=None):
    """"1 epoch", "2,000 epochs"; things: the plural, where it takes more than an s."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def listed(names, most=5):
    """"a, b and 3 more"."""
    names = list(map(str, names))
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def printable(text, most=100):
    """A text out of a file for a message: what a terminal would obey is a question mark."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(text)[:most])


def short_names(names):
    """The names by the first of their words, where that is no other's: "tench" for "tench, Tinca tinca"."""
    first = [str(name).split(",")[0].strip() for name in names]
    counts = Counter(first)
    return [one if one and counts[one] == 1 else str(name) for one, name in zip(first, names)]


def nearest(name, names, most=1, cutoff=0.6):
    """"did you mean cat or cut? ", whatever the capitals; "" where no name comes near."""
    lower = {known.lower(): known for known in map(str, names)}
    near = difflib.get_close_matches(str(name).lower(), lower, most, cutoff)
    return f"did you mean {' or '.join(lower[each] for each in near)}? " if near else ""


def clock(seconds):
    """"0:07", "12:34", "1:02:03"; "?" for what is not a finite number."""
    if not math.isfinite(seconds):
        return "?"
    seconds = round(seconds)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def duration(seconds):
    """"12 min", "3.4 s", "1.2 ms"."""
    for unit, length in (("min", 60), ("s", 1), ("ms", 0.001)):
        if seconds >= length:
            return f"{seconds / length:.{0 if seconds >= 10 * length else 1}f} {unit}"
    return f"{1000 * seconds:.2f} ms" if seconds >= 1e-5 else "< 0.01 ms"


def size(count, kilo=1000):
    """Bytes: "85.3 MB", "12 kB". kilo: 1000 for files and downloads, 1024 for memory."""
    power, unit = scale(count, kilo)
    return f"{count / power:.{1 if power > kilo else 0}f} {unit}"


def scale(count, kilo=1000):
    """(1000000, "MB"): the unit in which a number of bytes is best said."""
    for exponent, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        if count >= kilo ** exponent:
            return kilo ** exponent, unit
    return 1, "B"


def sentence(error):
    """An exception's text on one line, without KeyError's quotes and the system's error numbers."""
    if isinstance(error, KeyError) and error.args:
        text = str(error.args[0])
    elif isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    elif isinstance(error, MemoryError):
        text = str(error).replace("Unable to allocate", "not enough memory for")
        text = text or "there is not enough memory for that"
    else:
        text = str(error)
    return " ".join(text.split()) or type(error).__name__
