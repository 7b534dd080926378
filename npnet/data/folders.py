"""A folder of pictures: a folder per class, or pictures beside a file of labels.

    pets/train/cat/1.jpg  pets/train/dog/7.jpg  pets/test/cat/9.jpg         two parts
    pets/cat/1.jpg        pets/dog/7.jpg                                    one part, all of it to train on
    pets/1.jpg            pets/7.jpg            pets/labels.csv             lines such as 1.jpg,cat
    pets/test/cat/9.jpg   pets/test/dog/8.jpg                               one part, all of it to test on

    data = pictures_folder("pets")
    sound, sentences = checked(data.train, skip=True)           # decodes every file, leaves the damaged ones out

Classes are numbered in the order of their names, as Python sorts texts: capitals first, "10" before "2". Only
where all names are whole numbers are they sorted as numbers. Pictures are listed in the order of their names and
decoded when they are asked for.
"""
import csv
import os
from pathlib import Path

import numpy as np

from .sets import DataSet, Pictures, in_threads, read_file

ENDINGS = tuple(".jpg .jpeg .jpe .jfif .png .gif .webp .avif .bmp .tif .tiff .ppm .pgm .jp2".split())
TRAIN, TEST = ("train", "training"), ("test", "testing", "val", "valid", "validation")    # names of the parts
LABELS = ("labels.csv", "labels.txt")
HEADERS = ("file", "filename", "file_name", "name", "image", "picture", "path", "id")
SHOWN = 3                       # of many names in a sentence


def pictures_folder(folder, notes=None):
    """The pictures in a folder as a DataSet; the layouts are those above.

    The parts are called train (training) and test, testing, val, valid or validation; the first of these that
    has class folders or labels is the one to test on, and a set without any has test None. Without a part to
    train on, train holds no pictures but has the classes. Folders beside the parts are not used; `origin` and
    `notes` name them. A folder called train that holds pictures and nothing else is a class of that name.

    Below a class, folders in folders count as the class's. Hidden files and folders are passed over. Files
    with other endings than a picture's, and pictures outside all classes, are left out and counted in a
    sentence in `origin`, and in the list `notes`, if given. Links to files and to class folders are followed,
    links to folders further below are not.

    Errors, one sentence each: NotADirectoryError, FileNotFoundError (no such folder, no pictures, a row of the
    labels without its file), ValueError (one class alone, a class without pictures, a class in the test part that
    the training part lacks, a labels file that is none, folders that look like parts under other names).
    """
    folder, notes = Path(folder), [] if notes is None else notes
    check_folder(folder)
    before = len(notes)
    train, test = part(folder, TRAIN), part(folder, TEST)
    if train:
        pictures = pictures_in(train, notes=notes)
        held = pictures_in(test, pictures.classes, notes=notes) if test else None
    elif test and not _labels_file(folder):
        _check_beside(folder, test)
        held = pictures_in(test, notes=notes)
        pictures = Pictures([], np.zeros(0, np.int64), held.classes)
    else:
        _check_no_parts(folder)
        test, pictures, held = None, pictures_in(folder, notes=notes), None
    if train or test:
        _note_unused(folder, [train, test], notes)
    origin = "; ".join([f"the folder {folder.resolve().name}", *notes[before:]])
    return DataSet(folder.resolve().name, pictures, held, origin)


def check_folder(folder):
    """Raise one sentence unless this is a folder that may be listed."""
    if not os.path.exists(folder):
        raise FileNotFoundError(f"there is no folder {folder}")
    if not os.path.isdir(folder):
        raise NotADirectoryError(f"{folder} is a file; give the folder that it is in")
    try:
        os.listdir(folder)
    except PermissionError:
        raise PermissionError(f"{folder} may not be listed by this user; change its permissions") from None


def part(folder, names):
    """The folder of the first of these names, in any case, that has class folders or a labels file; or None."""
    folders = {path.name.lower(): path for path in _folders(folder)}
    for name in names:
        if name in folders and (_folders(folders[name]) or _labels_file(folders[name])):
            return folders[name]
    return None


def _check_beside(folder, test):
    """Raise one sentence if pictures lie beside a part to test on, in folders that are no parts: they would be lost."""
    others = [path.name for path in _folders(folder) if path.name.lower() not in TEST and _below(path)[0]]
    if others:
        raise ValueError(f"{folder} has the folder {test.name} with class folders in it, and beside it "
                         f"{_some(others)}, but no part to train on; put the folder of every class to train on into "
                         f"one called train")


def _check_no_parts(folder):
    """Raise one sentence if the folders look like parts, not classes: no pictures, and the same folders in two."""
    if _labels_file(folder):
        return
    places = [_innermost(path) for path in _folders(folder)]
    if any(is_picture(name) for place in places for name in files_of(place)):
        return
    inside = [{path.name for path in _folders(place)} for place in places]
    alike = [path.name for path, names in zip(_folders(folder), inside) if names and inside.count(names) > 1]
    if alike:
        raise ValueError(f"the folders in {folder} look like parts ({_some(alike)}), not classes; call them train and "
                         f"test, or, if they are classes, put them into a folder called train")


def _innermost(folder):
    """The folder itself, or, where it holds one folder and nothing else, as archives do, what is in that."""
    while not files_of(folder) and len(_folders(folder)) == 1:
        folder = _folders(folder)[0]
    return folder


def _note_unused(folder, parts, notes):
    unused = [path.name for path in _folders(folder) if path not in parts]
    if unused:
        used = " and ".join(path.name for path in parts if path)
        notes.append(f"of the folders in {folder.resolve().name}, {used} {'are' if all(parts) else 'is'} used and "
                     f"{_some(unused)} {'are' if len(unused) > 1 else 'is'} not")


def pictures_in(folder, classes=None, notes=None):
    """The Pictures of one part: class folders, or pictures beside a labels file.

    classes: those that may occur, in their order; None: those that are found, at least two, none of them
    empty. notes: a list to which a sentence about files that were left out is appended.
    """
    folder, notes = Path(folder), [] if notes is None else notes
    labels = _labels_file(folder)
    if labels:
        paths, names = _labelled(folder, labels, notes)
    else:
        paths, names = _sorted_by_class(folder, notes)
    found = ordered(set(names))
    if classes is None:
        classes = found
        if len(classes) < 2:
            raise ValueError(_one_class(folder, classes[0], labels))
    unknown = [name for name in found if name not in set(classes)]
    if unknown:
        raise ValueError(f"{folder} has the class {_some(unknown)}, which the training pictures lack; remove it here "
                         f"or add it there")
    number = {name: label for label, name in enumerate(classes)}
    return Pictures(paths, np.array([number[name] for name in names], np.int64), classes, folder)


def _one_class(folder, name, labels):
    """The sentence for a part with one class; labels: the file that gave it, or None."""
    lone = next((file for file in LABELS if (folder / file).is_file()), None)
    if lone and not labels:
        return (f"{folder} has {lone}, but no pictures beside it, and one class folder alone, {name}; move {lone} to "
                f"the pictures that it names and give their folder")
    return (f"{folder} has one class alone, {name}; give the folder that holds a folder for each of two or more "
            f"classes")


def ordered(names):
    """The names sorted as texts, or, where all are whole numbers, as numbers."""
    if all(name.isascii() and name.isdecimal() for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def checked(pictures, skip=False, progress=None, threads=None):
    """Decode every file once, by threads: (pictures, sentences), the Pictures that are sound and what is wrong
    with the others.

    Without skip, ValueError names those that cannot be read. With skip they are left out, and each has a
    sentence; ValueError if nothing remains of a class. Arrays are sound as they are. progress(done, total).
    """
    if isinstance(pictures.images, np.ndarray):
        return pictures, []
    found = in_threads(_fault, pictures.images, progress, threads)
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
        raise ValueError(f"no picture of the class {_some([pictures.classes[label] for label in lost])} can be read: "
                         f"{sentences[0]}")
    return sound, sentences


def _fault(image):
    """What is wrong with a picture, or None."""
    if not isinstance(image, np.ndarray):
        try:
            read_file(image)
        except (OSError, ValueError) as error:
            return str(error)


# ---------------------------------------------------------------------------- a folder per class

def _sorted_by_class(folder, notes):
    """The paths of all pictures, class by class, and the name of the class of each."""
    paths, names, others, empty = [], [], 0, []
    for place in _folders(folder):
        found, left_out = _below(place)
        paths += found
        names += [place.name] * len(found)
        others += left_out
        empty += [] if found else [place.name]
    outside = sum(is_picture(name) for name in files_of(folder))
    if not paths:
        raise FileNotFoundError(_no_pictures(folder, outside))
    if empty:
        raise ValueError(f"{folder}: the folder of the class {_some(empty)} holds no pictures; add some or remove it")
    _note(notes, others, f"in {folder.name} with another ending than a picture's")
    _note(notes, outside, f"in {folder.name}, outside the folders of the classes,")
    return paths, names


def _no_pictures(folder, outside):
    if outside:
        first = next(filter(is_picture, files_of(folder)))
        return (f"{folder} holds {outside:,} pictures, but no folder for each class and no {LABELS[0]} with lines such "
                f"as {first},cat; npnet must know what they show")
    return f"{folder} holds no pictures; it needs a folder for each class with pictures in it (.jpg .png .webp ...)"


def _below(folder):
    """Paths of the pictures anywhere below a folder, sorted, and how many files are none."""
    pictures, others = [], 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _hidden(name))
        files = [name for name in files if not _hidden(name)]
        found = sorted(filter(is_picture, files))
        pictures += [os.path.join(place, name) for name in found]
        others += len(files) - len(found)
    return pictures, others


def _folders(folder):
    """The folders in a folder, and links to folders, in the order of the classes."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_dir() and not _hidden(entry.name)]
    return [folder / name for name in ordered(names)]


def files_of(folder):
    """The names of the files in a folder itself, sorted; hidden ones left out."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if not entry.is_dir() and not _hidden(entry.name))


def is_picture(name):
    """Whether a name ends as a picture's does."""
    return name.lower().endswith(ENDINGS)


def _hidden(name):
    """What systems and programs leave behind: .DS_Store, ._1.jpg, .ipynb_checkpoints, __MACOSX."""
    return name.startswith(".") or name == "__MACOSX"


def _note(notes, count, text):
    if count:
        notes.append(f"{count:,} file{'s' * (count > 1)} {text} {'were' if count > 1 else 'was'} left out")


def _some(names):
    """A few names, for a sentence."""
    names = list(map(str, names))
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


# ---------------------------------------------------------------------------- a file of labels

def _labels_file(folder):
    """labels.csv or labels.txt in a folder that holds pictures, or None."""
    found = next((folder / name for name in LABELS if (folder / name).is_file()), None)
    return found if found and any(map(is_picture, files_of(folder))) else None


def _labelled(folder, labels, notes):
    """The paths in the order of the labels file, and the name of the class of each."""
    rows = read_labels(labels)
    paths, names, seen = [], [], {}
    for line, file, name in rows:
        if seen.setdefault(file, name) != name:
            raise ValueError(f"{labels}, line {line}: {file} is {name} here and {seen[file]} further up; keep one")
        if not (folder / file).is_file():
            raise FileNotFoundError(f"{labels}, line {line}: there is no file {file} in {folder}; correct the name or "
                                    f"remove the line")
        paths.append(str(folder / file))
        names.append(name)
    if len(seen) < len(paths):
        raise ValueError(f"{labels} names {len(paths) - len(seen):,} files twice; keep one line for each")
    without = sum(is_picture(name) and name not in seen for name in files_of(folder))
    _note(notes, without, f"without a line in {labels.name}")
    return paths, names


def read_labels(path):
    """Rows (line, file, class) of a file of labels: `file,class` in each line, or `file class` in a .txt.

    A first line such as `file,label` is passed over, as are empty lines. A line has two cells with a comma
    between them; one that holds a comma itself stands in quotes ("a, b.jpg",cat). In a .txt a line without commas
    is parted at its last space. ValueError, one sentence, for another file.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text in UTF-8; save it so") from None
    if "\0" in text:
        raise ValueError(f"{path} is no text, but holds zeros; make a file with lines such as 1.jpg,cat")
    rows = []
    for line, content in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in cells_of(content, path)]
        if not any(cells) or (not rows and cells[0].lower() in HEADERS):
            continue
        if len(cells) != 2 or not all(cells):
            raise ValueError(f"{path}, line {line} must be a file and its class, as in 1.jpg,cat, got {content[:60]!r}")
        rows.append((line, *cells))
    if not rows:
        raise ValueError(f"{path} has no lines; it needs one for each picture, as in 1.jpg,cat")
    return rows


def cells_of(line, path):
    """The cells of one line of a file of labels."""
    if "," not in line and path.suffix != ".csv":
        return line.rsplit(None, 1)
    try:
        return next(csv.reader([line]), [])
    except csv.Error:                                           # a cell that is longer than csv allows
        return [line]
