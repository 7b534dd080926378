"""Classes: which of a network's classes a name stands for, of a class of other data, or of a file.

    numbers_of(["zebra", "n01440764_tench"], network.classes, synsets_of("synset_words.txt", network.classes))
    truth_of("pets/cat/7.png", network.classes)

A class has several words ("tench, Tinca tinca") and, in ImageNet, a number (n01440764): each of them names it.
"""
import re
from pathlib import Path

import numpy as np

from .fetching import class_names

SYNSET = r"(n\d{8})(?!\d)[\s_-]*"          # a class's number in ImageNet, as a folder or a line may begin with it


def numbers_of(names, classes, synsets=()):
    """Of each class of some data the network's number, int (K,); None if one is none of the network's classes, or two
    are the same. names, classes: the names of the data's classes and of the network's.

    They are the same names in any order; or in one order names that agree; or each is, by its number of ImageNet or
    by one of the words for it, one of the network's classes, which may be more. synsets: the numbers of ImageNet of
    the network's classes, if known.
    """
    if sorted(names) == sorted(classes):
        return np.array([classes.index(name) for name in names])
    if len(names) == len(classes) and all(map(agree, range(len(names)), names, classes)):
        return np.arange(len(names))
    numbers = [number_of(name, classes, synsets) for name in names]
    return None if None in numbers or len(set(numbers)) < len(numbers) else np.array(numbers, int)


def number_of(name, classes, synsets):
    """The number of the class that a name such as n02391049, n02391049_zebra or zebra means; None if it is none, or
    one of several. synsets: as numbers_of."""
    if name and list(classes).count(name) == 1:
        return list(classes).index(name)
    found = re.match(SYNSET, name)
    if found and found[1] in synsets:
        return synsets.index(found[1])
    plain = words_of(re.sub(SYNSET, "", name))
    if not plain:
        return None
    for same in (lambda words: words == plain, lambda words: bool(words & plain)):
        fit = [number for number, one in enumerate(classes) if same(words_of(one))]
        if fit:
            return fit[0] if len(fit) == 1 else None
    return None


def words_of(name):
    """The words for a class: {"tench", "tinca tinca"} of "tench, Tinca_tinca"."""
    return {" ".join(word.replace("_", " ").split()).lower() for word in name.split(",")} - {""}


def synsets_of(path, classes):
    """The numbers of ImageNet of a network's classes, ("n01440764", ...) in their order, from a text file with a line
    "n01440764 tench, Tinca tinca" for each, or for None the fetched synset_words.txt; () where these are not its
    classes, or nothing was fetched. Errors as lines_of."""
    path = path or class_names()
    if path is None:
        return ()
    lines = lines_of(path)
    found = [re.match(SYNSET, line) for line in lines]
    if len(lines) != len(classes) or not all(found):
        return ()
    told = [line[one.end():] for line, one in zip(lines, found)]
    return tuple(one[1] for one in found) if all(map(agree, range(len(told)), told, classes)) else ()


def agree(number, one, other):
    """Whether two names can be those of one class: equal, one of several words for it ("tench" of "tench, Tinca
    tinca"), or no name but its number."""
    return f"class {number}" in (one, other) or bool(words_of(one) & words_of(other))


def truth_of(path, classes):
    """The number of the class that the name of a picture, or else of its folder, says; None where neither does."""
    path = Path(path)
    found = (number_of(name, classes, ()) for name in (path.stem, path.parent.name))
    return next((number for number in found if number is not None), None)


# ---------------------------------------------------------------------------- files of names

def names_in(path):
    """The lines of a text file that are not empty; numbers of ImageNet such as n01440764 are left out. Errors as
    lines_of."""
    return [re.sub(r"^n\d{8}\s+", "", line) for line in lines_of(path)]


def lines_of(path):
    """The lines of a text file with the names of classes, without empty ones. FileNotFoundError, and ValueError for a
    file that is no text, or has no line."""
    try:
        lines = Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text file; give one with the name of a class on each line") from None
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {path}; give a text file with the name of a class on each "
                                f"line") from None
    except IsADirectoryError:
        raise ValueError(f"{path} is a folder; give a text file with the name of a class on each line") from None
    if not any(map(str.strip, lines)):
        raise ValueError(f"{path} is empty; give a text file with the name of a class on each line")
    return [line.strip() for line in lines if line.strip()]
