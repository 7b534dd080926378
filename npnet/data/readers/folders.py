"""A folder of pictures: a folder per class, or pictures beside a file of labels.

    pets/train/cat/1.jpg  pets/train/dog/7.jpg  pets/test/cat/9.jpg         two parts
    pets/cat/1.jpg        pets/dog/7.jpg                                    one part, all of it to train on
    pets/1.jpg            pets/7.jpg            pets/labels.csv             lines such as 1.jpg,cat
    pets/test/cat/9.jpg   pets/test/dog/8.jpg                               one part, all of it to test on

    data = pictures_folder("pets")
    sound, sentences = checked(data.train, skip=True)           # decodes every file, leaves the damaged ones out

Classes are numbered in the order of their names, as Python sorts texts: capitals first, "10" before "2"; only whole
numbers are sorted as numbers. Pictures are listed in the order of their names and decoded when they are asked for.
"""
import csv
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...layers import rng
from ...screen.words import counted, listed
from ..pictures import is_grey
from ..sets import DataSet, Pictures, composed, in_threads, read_file

ENDINGS = tuple(".jpg .jpeg .jpe .jfif .mpo .png .gif .webp .avif .bmp .tif .tiff .ppm .pgm .jp2".split())
TRAIN, TEST = ("train", "training"), ("test", "testing", "val", "valid", "validation")    # names of the parts
LEFT_BEHIND = ("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "$recycle.bin", "@eadir", "lost+found")
LABELS = ("labels.csv", "labels.txt")
FILE_HEADERS = ("file", "filename", "file_name", "name", "image", "image_id", "picture", "path", "id")
CLASS_HEADERS = ("label", "class", "breed", "species", "category")
MOST_BYTES = 2**27              # of a file of labels; a million lines have some 40 MB
HEADERS_READ = 1000             # to know whether pictures are grey
SHOWN = 3                       # of many names in a sentence


def pictures_folder(folder, notes=None, grey=None):
    """The pictures in a folder as a DataSet; the layouts are those above.

    The first of the names of parts (train; test, val ...) that has class folders or labels is taken; a set without a
    part to test on has test None, one without a part to train on a train without pictures. A folder called train that
    holds pictures and nothing else is a class of that name. Below a class, folders in folders count as the class's.
    Links to files and to class folders are followed, links to folders further below are not. What is left out is said
    in `origin`, and in the list `notes`, if given; hidden files and what systems leave behind (Thumbs.db) are passed
    over.

    grey: pictures are (H, W, 1); None: if the headers of all of them say so (of 1,000, if there are more).

    NotADirectoryError, FileNotFoundError (no such folder, no pictures, a row of the labels without its file),
    ValueError for classes, labels and parts that are not as above.
    """
    folder, notes = Path(folder), [] if notes is None else notes
    before, content = len(notes), inside(folder)
    train, test = part(content, TRAIN), part(content, TEST)
    if train:
        pictures = pictures_in(train, notes=notes)
        held = pictures_in(test, pictures.classes, notes=notes) if test else None
    elif test and not content.labels:
        check_beside(content, test)
        held = pictures_in(test, notes=notes)
        pictures = held.take([])
    else:
        check_no_parts(content)
        test, pictures, held = None, pictures_in(folder, notes=notes), None
    used = [path.name for path in (train, test) if path]
    unused = [name for name in content.folders if name not in used] if used else []
    if unused:
        notes.append(f"of the folders in {folder.resolve().name}, {' and '.join(used)} "
                     f"{'are' if len(used) > 1 else 'is'} used and {listed(unused)} "
                     f"{'are' if len(unused) > 1 else 'is'} not")
    grey = choose_grey(pictures if len(pictures) else held, grey, notes)
    origin = "; ".join([f"the folder {folder.resolve().name}", *notes[before:]])
    return DataSet(folder.resolve().name, replace(pictures, grey=grey), held and replace(held, grey=grey), origin)


def choose_grey(pictures, grey, notes):
    """Whether pictures are read as grey: as asked, or if their headers all say so. Either choice is noted."""
    if grey is not None:
        notes.append(f"read {'as grey' if grey else 'in colour'}, as asked")
        return bool(grey)
    drawn = rng(0, "headers").permutation(len(pictures))[:HEADERS_READ]
    found = [kind for kind in in_threads(is_grey, [pictures.images[i] for i in drawn]) if kind is not None]
    if any(found):
        notes.append("read as grey, as the pictures are" if all(found) else
                     f"read in colour; {sum(found):,} of {len(found):,} pictures are grey")
    return bool(found) and all(found)


# ---------------------------------------------------------------------------- what is in a folder

@dataclass(frozen=True)
class Inside:
    """The names of what a folder itself holds, sorted, without hidden things (.DS_Store, ._1.jpg, Thumbs.db).
    lost: links that lead nowhere, or back to a folder that they are in."""

    folder: Path
    folders: list
    pictures: list
    others: list
    lost: list

    @property
    def labels(self):
        """The file of labels that stands beside pictures, or None."""
        return next((self.folder / name for name in LABELS if self.pictures and name in self.others), None)


def inside(folder):
    """The Inside of a folder. OSError, one sentence, for what is not a folder that may be listed."""
    found = Inside(Path(folder), [], [], [], [])
    try:
        with os.scandir(folder) as entries:
            entries = sorted(entries, key=lambda entry: composed(entry.name))
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no folder {folder}") from None
    except NotADirectoryError:
        raise NotADirectoryError(f"{folder} is a file; give the folder that it is in") from None
    except PermissionError:
        raise PermissionError(f"{folder} may not be listed by this user; change its permissions") from None
    for entry in entries:
        lower = entry.name.lower()
        if lower.startswith(".") or lower in LEFT_BEHIND:
            continue
        if entry.is_symlink() and is_lost(entry.path):
            found.lost.append(entry.name)
        elif entry.is_dir():
            found.folders.append(entry.name)
        else:
            picture = lower.endswith(ENDINGS) and entry.is_file()           # a pipe would be waited for
            (found.pictures if picture else found.others).append(entry.name)
    return found


def is_lost(link):
    """Whether a link leads nowhere, or back to a folder that it is in."""
    around = os.path.join(os.path.realpath(os.path.dirname(link)), "")
    return not os.path.exists(link) or around.startswith(os.path.join(os.path.realpath(link), ""))


def part(content, names):
    """The folder of the first of these names, in any case, that has class folders or a labels file; or None."""
    there = {name.lower(): inside(content.folder / name) for name in content.folders if name.lower() in names}
    found = (there[name] for name in names if name in there)
    return next((each.folder for each in found if each.folders or each.labels), None)


def below(folder):
    """(paths of the pictures, how many other files, how many lost links) anywhere below a folder, sorted."""
    pictures, others, lost, waiting = [], 0, 0, [str(folder)]
    while waiting:
        place = waiting.pop()
        found = inside(place)
        pictures += [os.path.join(place, name) for name in found.pictures]
        others, lost = others + len(found.others), lost + len(found.lost)
        paths = [os.path.join(place, name) for name in reversed(found.folders)]
        waiting += [path for path in paths if not os.path.islink(path)]
    return pictures, others, lost


# ---------------------------------------------------------------------------- folders that are not what they seem

def check_beside(content, test):
    """Raises one sentence if pictures lie beside a part to test on, in folders that are not parts: they would be
    lost."""
    others = [name for name in content.folders if name.lower() not in TEST and below(content.folder / name)[0]]
    if others:
        raise ValueError(f"{content.folder} has the folder {test.name} with class folders in it, and beside it "
                         f"{listed(others)}, but no part to train on; put the folders to train on into one, train")


def check_no_parts(content):
    """Raises one sentence if the folders look like parts, not classes: no pictures, and the same folders in two."""
    found = [innermost(content.folder / name) for name in content.folders]
    kinds = [each.folders for each in found]
    alike = [name for name, kind in zip(content.folders, kinds) if kind and kinds.count(kind) > 1]
    if alike and not content.labels and not any(each.pictures for each in found):
        raise ValueError(f"the folders in {content.folder} look like parts ({listed(alike)}), not classes; call them "
                         f"train and test, or, if they are classes, put them into a folder called train")


def innermost(folder):
    """What is inside; where that is one folder and nothing else, as in archives, what is inside of that."""
    found = inside(folder)
    while len(found.folders) == 1 and not found.pictures + found.others and not os.path.islink(found.folder):
        found = inside(found.folder / found.folders[0])
    return found


# ---------------------------------------------------------------------------- one part

def pictures_in(folder, classes=None, notes=None):
    """The Pictures of one part: class folders, or pictures beside a labels file.

    classes: those that may occur, in their order; None: those that are found, at least two.
    """
    content, notes = inside(folder), [] if notes is None else notes
    paths, names = (by_labels if content.labels else by_class)(content, notes)
    found = ordered(set(names))
    if classes is None:
        classes = found
        if len(classes) < 2:
            raise ValueError(one_class(content, classes[0]))
    unknown = [name for name in found if name not in set(classes)]
    if unknown:
        raise ValueError(f"{folder} has the class {listed(unknown)}, which the training pictures lack; remove it here "
                         f"or add it there")
    number = {name: label for label, name in enumerate(classes)}
    return Pictures(paths, np.array([number[name] for name in names], np.int64), classes, content.folder)


def one_class(content, name):
    """The sentence for a part with one class."""
    lone = next((file for file in LABELS if file in content.others), None)
    if lone and not content.labels:
        return (f"{content.folder} has {lone}, but no pictures beside it, and one class folder alone, {name}; move "
                f"{lone} to the pictures that it names and give their folder")
    return f"{content.folder} has one class alone, {name}; give the folder that holds a folder for each class"


def ordered(names):
    """The names sorted as texts, or, where all are whole numbers, as numbers."""
    if all(name.isascii() and name.isdecimal() for name in names):
        return tuple(sorted(names, key=lambda name: (len(name.lstrip("0")), name.lstrip("0"), name)))
    return tuple(sorted(names, key=composed))


def by_class(content, notes):
    """The paths of all pictures, class by class, and the name of the class of each."""
    folder, paths, names, others, lost, empty = content.folder, [], [], 0, len(content.lost), []
    for name in ordered(content.folders):
        check_text(folder, name)
        found, more_others, more_lost = below(folder / name)
        paths += found
        names += [composed(name)] * len(found)
        others, lost = others + more_others, lost + more_lost
        empty += [] if found else [name]
    if not paths:
        raise FileNotFoundError(no_pictures(content))
    if empty:
        raise ValueError(f"{folder}: the folder of the class {listed(empty)} holds no pictures; add some or remove it")
    note(notes, others, "file", f"in {folder.name} with another ending than a picture's")
    note(notes, len(content.pictures), "file", f"in {folder.name}, outside the folders of the classes,")
    note(notes, lost, "link", f"in {folder.name} that lead{'s' * (lost == 1)} nowhere or back")
    return paths, names


def check_text(folder, name):
    """Raises one sentence for a name in an encoding that no screen, picture or file of a run could show."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{folder} has a class folder whose name is not text in UTF-8, {os.fsencode(name)!r}; rename "
                         f"it, as it will be called in every table and picture") from None


def no_pictures(content):
    if content.pictures:
        return (f"{content.folder} holds {len(content.pictures):,} pictures, but no folder for each class and no "
                f"{LABELS[0]} with lines such as {content.pictures[0]},cat; npnet must know what they show")
    return f"{content.folder} holds no pictures; it needs a folder for each class with pictures in it (.jpg .png ...)"


def note(notes, count, thing, where):
    if count:
        notes.append(f"{counted(count, thing)} {where} {'were' if count > 1 else 'was'} left out")


# ---------------------------------------------------------------------------- a file of labels

def by_labels(content, notes):
    """The paths in the order of the labels file, and the name of the class of each."""
    folder, labels = content.folder, content.labels
    there = {composed(name): name for name in content.pictures}
    stems = {}
    for name in there:                                          # names without their ending, where that is one picture
        stem = os.path.splitext(name)[0]
        stems[stem] = None if stem in stems else name
    paths, names, seen = [], [], {}
    for line, cell, name in read_labels(labels):
        file = cell if cell in there else stems[cell] if cell in stems else elsewhere(folder, cell)
        if file is None:
            raise FileNotFoundError(f"{labels}, line {line}: there is no file {cell} in {folder}; mend the line")
        if seen.setdefault(file, name) != name:
            raise ValueError(f"{labels}, line {line}: {file} is {name} here and {seen[file]} further up; keep one")
        paths.append(str(folder / there.get(file, file)))
        names.append(name)
    if len(seen) < len(paths):
        raise ValueError(f"{labels} names {len(paths) - len(seen):,} files twice; keep one line for each")
    note(notes, len(set(there) - set(seen)), "file", f"without a line in {labels.name}")
    return paths, names


def elsewhere(folder, cell):
    """The name of a file further below that the cell of a labels file means, with its ending or without; or None."""
    return next((cell + ending for ending in ("", *ENDINGS) if (folder / (cell + ending)).is_file()), None)


def read_labels(path):
    """Rows (line, file, class) of a file of labels: `file,class` in each line, or `file class` in a .txt.

    A first line such as `file,label` is passed over; if it names both columns, as `id,breed,age`, there may be
    others. Empty lines are passed over. A cell that holds a comma itself stands in quotes ("a, b.jpg",cat). In a .txt
    a line without commas is parted at its last space. ValueError, one sentence, for another file.
    """
    rows, columns = [], None
    for line, content in enumerate(text_of(path).splitlines(), start=1):
        cells = [composed(cell.strip()) for cell in cells_of(content, path)]
        if not any(cells):
            continue
        if columns is None:
            columns, is_header = columns_of(cells)
            if is_header:
                continue
        file, kind, count = columns
        if len(cells) != count or not cells[file] or not cells[kind]:
            raise ValueError(f"{path}, line {line} must be a file and its class, as in 1.jpg,cat, got {content[:60]!r}")
        rows.append((line, cells[file], cells[kind]))
    if not rows:
        raise ValueError(f"{path} has no lines; it needs one for each picture, as in 1.jpg,cat")
    return rows


def text_of(path):
    """What is in a file of labels. ValueError if it is not text."""
    if not path.is_file():
        raise ValueError(f"{path} is not an ordinary file; make one with lines such as 1.jpg,cat")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path} has {path.stat().st_size:,} bytes, too many for a file of labels")
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not text in UTF-8; save it so") from None
    if "\0" in text:
        raise ValueError(f"{path} is not text, it holds zeros; make a file with lines such as 1.jpg,cat")
    return text


def columns_of(cells):
    """((place of the file, of the class, how many cells), whether this first line is a header)."""
    lower = [cell.lower() for cell in cells]
    file = next((place for place, cell in enumerate(lower) if cell in FILE_HEADERS), None)
    kind = next((place for place, cell in enumerate(lower) if cell in CLASS_HEADERS), None)
    if file is not None and kind is not None:
        return (file, kind, len(cells)), True
    return (0, 1, 2), file == 0


def cells_of(line, path):
    """The cells of one line of a file of labels."""
    if "," not in line and path.suffix != ".csv":
        return line.rsplit(None, 1)
    try:
        return next(csv.reader([line], delimiter="," if "," in line else ";"), [])     # Excel in Europe writes ;
    except csv.Error:                                           # a cell that is longer than csv allows
        return [line]


# ---------------------------------------------------------------------------- damaged pictures

def checked(pictures, skip=False, progress=None):
    """Decodes every file once, by threads: (pictures, sentences), the Pictures that are sound and what is wrong
    with the others.

    Without skip, ValueError names those that cannot be read; with skip, those of which no class remains.
    """
    if isinstance(pictures.images, np.ndarray):
        return pictures, []
    found = in_threads(fault, pictures.images, progress)
    sentences = [sentence for sentence in found if sentence]
    if not sentences:
        return pictures, []
    if not skip:
        more = f"; and {len(sentences) - SHOWN:,} more" if len(sentences) > SHOWN else ""
        raise ValueError(f"{len(sentences):,} of {len(pictures):,} pictures cannot be read: "
                         f"{'; '.join(sentences[:SHOWN])}{more}; replace or remove them, or let them be skipped")
    sound = pictures.take([i for i, sentence in enumerate(found) if not sentence])
    lost = np.setdiff1d(pictures.labels, sound.labels)
    if len(lost):
        raise ValueError(f"no picture of the class {listed([pictures.classes[label] for label in lost])} can be read: "
                         f"{sentences[0]}")
    return sound, sentences


def fault(image):
    """What is wrong with a picture, or None."""
    if not isinstance(image, np.ndarray):
        try:
            read_file(image)
        except (OSError, ValueError) as error:
            return str(error)
