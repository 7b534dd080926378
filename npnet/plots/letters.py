"""Letters: a font that has them, and what is said where no font has.

Class names come in all scripts, and the font that matplotlib ships has no Korean, Chinese or Japanese. Whatever
font of this computer has the letters is used beside it. A letter that no font has is drawn as an empty square,
the picture's caption says so, and `letters_without_a_font` says once which letters they were.
"""
import unicodedata
from functools import cache

from ..screen.words import listed

LATIN = "DejaVu Sans"           # the font that matplotlib ships
PREFERRED = ("Noto Sans CJK", "Noto Sans KR", "NanumGothic", "Malgun Gothic", "Apple SD Gothic Neo")
SQUARE = "\u25a1"
undrawn = set()                 # letters that no font had, of which nothing was said yet
unreadable = set()              # files that look like fonts by their names


@cache
def has(path, letter):
    """Whether the font in a file has a letter; False for what is not one (a tab), or a file that cannot be read."""
    from matplotlib.font_manager import get_font
    if not letter.isprintable():
        return False
    try:
        return get_font(path).get_char_index(ord(letter)) > 0
    except (OSError, RuntimeError, ValueError):
        return False


def families(letters):
    """The names of the fonts that these letters need, the shipped one first, and the letters that none of them has."""
    from matplotlib.font_manager import findfont, fontManager
    shipped = findfont(LATIN)
    names, missing = [LATIN], {letter for letter in letters if not has(shipped, letter)}
    while missing:
        best = max(fontManager.ttflist, key=lambda font: rank(font, missing))
        if not rank(best, missing)[0]:
            if installed_since():
                continue
            break
        names.append(best.name)
        missing = {letter for letter in missing if not has(best.fname, letter)}
    return names, missing


def installed_since():
    """Adds the fonts that were installed after matplotlib had made its list of them; how many there were."""
    from matplotlib.font_manager import findSystemFonts, fontManager
    new = set(findSystemFonts()) - {font.fname for font in fontManager.ttflist} - unreadable
    for path in new:
        try:
            fontManager.addfont(path)
        except Exception:                                   # whatever FreeType says of a file that is not a font
            unreadable.add(path)
    return len(new - unreadable)


def rank(font, letters):
    """How well an installed font suits: how many of the letters it has, then known names and a plain face."""
    squares = "lastresort" in font.name.lower().replace(" ", "")                    # has every letter, as a box
    return (0 if squares else sum(has(font.fname, letter) for letter in letters), font.name.startswith(PREFERRED),
            font.style == "normal", font.weight in (400, "normal", "regular", "book"))


def drawable(text, missing):
    """The text in composed letters, with a square for each of those that are missing."""
    return "".join(SQUARE if letter in missing else letter for letter in composed(text))


def composed(text):
    """The text with its parts joined: Hangul from macOS comes in pieces, which few fonts have."""
    return unicodedata.normalize("NFC", text)


def letters_without_a_font():
    """One sentence about the letters that no font could draw since the last call; None if there are none."""
    if not undrawn:
        return None
    some = [letter if letter.isprintable() else f"U+{ord(letter):04X}" for letter in sorted(undrawn)]
    undrawn.clear()
    return (f"no font on this computer has the letters {listed(some)}: the pictures show {SQUARE} instead; "
            f"install one that has, for Korean for instance Noto Sans CJK")
