"""ILSVRC, the 1000 classes of ImageNet, as it is distributed; and photographs whose name begins with a synset.

    ilsvrc/train/n01440764/n01440764_10026.JPEG         a folder for each synset (a set of words that mean one thing)
    ilsvrc/val/ILSVRC2012_val_00000001.JPEG             flat, or sorted into folders of synsets
    ilsvrc/ILSVRC2012_devkit_t12/data/meta.mat          the devkit, here or in ilsvrc/ itself
    ilsvrc/ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt

    data = imagenet("ilsvrc")
    data = samples("imagenet_samples")                  # n01440764_tench.JPEG ..., with labels.txt

Two numberings of the classes exist, and mixing them up is the classic bug of ImageNet: a network that is right is
measured as one that guesses. The labels of the paper's successors, of Caffe and of PyTorch are the places of the
synsets in sorted order, from 0: n01440764, the tench, is 0. The ground truth of the validation pictures has the
devkit's own numbers, ILSVRC2012_ID, from 1, in another order: 1 is n02119789, the kit fox, which is 278 in sorted
order. So the table in the devkit is needed to read it, and without it this reader refuses rather than guesses.
"""
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..sets import DataSet, Pictures
from .folders import inside, part, pictures_in, read_labels, text_of
from .matlab import read_table

SYNSET = re.compile(r"n\d{8}")
VALIDATION = re.compile(r"ILSVRC2012_val_(\d{8})\.jpe?g", re.IGNORECASE)
NUMBER = re.compile(r"[0-9]{1,9}")
SAMPLE = re.compile(r"(n\d{8})_(.+)\.jpe?g", re.IGNORECASE)
TRUTH = "ILSVRC2012_validation_ground_truth.txt"
TABLES = ("meta.mat", "map_clsloc.txt", "synsets.txt")
WORDS = ("synset_words.txt", "LOC_synset_mapping.txt")
CLASSES = 1000                  # of ILSVRC
BUG = ("the numbers in the ground truth are the devkit's own (ILSVRC2012_ID), not places in the sorted order of the "
       "synsets; taken for such, almost every picture gets a wrong class")


@dataclass(frozen=True)
class Layout:
    """What was found in a folder. training, validation: folders, or None. flat: the names of the validation pictures,
    where they are not sorted into folders. samples: the names of photographs that begin with their synset."""

    training: Path | None = None
    validation: Path | None = None
    flat: tuple = ()
    samples: tuple = ()


def imagenet_layout(folder):
    """The Layout of a folder with ILSVRC or with samples of it, or None for another folder."""
    content = inside(folder)
    samples = tuple(filter(SAMPLE.fullmatch, content.pictures))
    if samples:
        return Layout(samples=samples)
    training = part(content, ("train",)) or content.folder
    training = training if has_synsets(inside(training)) else None
    for name in ("", *(name for name in ("val", "validation", "valid") if name in content.folders)):
        within = inside(content.folder / name)
        flat = tuple(filter(VALIDATION.fullmatch, within.pictures))
        if flat or name and has_synsets(within):
            return Layout(training, within.folder, flat)
    return Layout(training) if training else None


def has_synsets(content):
    return any(map(SYNSET.fullmatch, content.folders))


def imagenet(folder, devkit=None, notes=None, layout=None):
    """ILSVRC in a folder as a DataSet of files; labels are places in the sorted order of the synsets, from 0.

    The folder of the training or of the validation pictures may also be given itself. With validation pictures
    alone, train holds no pictures but has the classes. If train has a part of the classes only, validation pictures
    of the others are left out; `origin` and the list `notes` say how many.

    devkit: the folder of meta.mat (or of map_clsloc.txt, or synsets.txt with lines `n02119789 1 kit_fox`) and of
    the ground truth; None: it is looked for in the folder and in folders inside with devkit in their name. The
    classes are called by their first word in synset_words.txt, or in the devkit's table; else by their synset.
    layout: what imagenet_layout has found already. FileNotFoundError for a missing file, ValueError for files that do
    not fit together.
    """
    folder, notes = Path(folder), [] if notes is None else notes
    before = len(notes)
    layout = layout or imagenet_layout(folder)
    if layout is None or layout.samples:
        raise FileNotFoundError(f"{folder} is not laid out as ILSVRC: it has no train/ with folders such as n01440764 "
                                f"and no val/ with pictures such as ILSVRC2012_val_00000001.JPEG")
    places = places_of(folder, layout, devkit)
    try:
        table = table_in(places)
    except (OSError, ValueError):
        if layout.flat:
            raise
        table = None                                            # only the names are wanted
    train, test = by_synset(layout.training, notes) if layout.training else None, None
    if layout.flat:
        test = flat_pictures(layout, places, table, train.classes if train else None, notes)
    elif layout.validation and train:
        test = trained_synsets(layout.validation, train.classes, notes)
    elif layout.validation:
        test = by_synset(layout.validation, notes)
    path = find_file(places, WORDS)
    names = names_of((train or test).classes, read_words(path) if path else {}, table)
    test = test and replace(test, classes=names)
    train = replace(train, classes=names) if train else test.take([])
    origin = f"ILSVRC (Russakovsky et al. 2015) in {folder.resolve().name}; classes in the sorted order of the synsets"
    return DataSet(folder.resolve().name, train, test, "; ".join([origin, *notes[before:]]))


# ---------------------------------------------------------------------------- folders of synsets

def by_synset(folder, notes):
    """Pictures in folders of synsets; the classes are the synsets, sorted."""
    pictures = pictures_in(folder, None, notes)
    strange = [name for name in pictures.classes if not SYNSET.fullmatch(name)]
    if strange:
        raise ValueError(f"{folder} has the folder {strange[0]}, which is not a synset such as n01440764; remove it, "
                         f"or move the folders of synsets elsewhere")
    return pictures


def trained_synsets(folder, classes, notes):
    """Validation pictures in folders of synsets, without those that are not among the classes."""
    there = set(filter(SYNSET.fullmatch, inside(folder).folders))
    pictures = pictures_in(folder, tuple(sorted(there | set(classes))), notes)
    return of_classes(folder, pictures.images, [pictures.classes[label] for label in pictures.labels], classes, notes)


def of_classes(folder, paths, synsets, classes, notes):
    """The Pictures whose synset is among the classes; a note says how many are not."""
    place = {synset: label for label, synset in enumerate(classes)}
    kept = [i for i, synset in enumerate(synsets) if synset in place]
    if not kept:
        raise ValueError(f"no validation picture in {folder} is of a class that is trained on, such as {classes[0]}; "
                         f"they do not belong together")
    if len(kept) < len(synsets):
        notes.append(f"{len(synsets) - len(kept):,} validation pictures of classes not trained on were left out")
    return Pictures([paths[i] for i in kept], [place[synsets[i]] for i in kept], classes, folder)


def places_of(folder, layout, devkit):
    """The folders in which the devkit's files may be."""
    if devkit is not None:
        return [inside(devkit).folder, inside(devkit).folder / "data"]
    roots = [folder] if layout.validation != folder else [folder, folder.parent]
    kits = [root / name for root in roots for name in inside(root).folders if "devkit" in name.lower()]
    validation = [layout.validation] if layout.validation else []
    return [place / within for place in (*roots, *validation, *kits) for within in ("", "data")]


def find_file(places, names, unfit=lambda path: False):
    """The file of the first of these names that is in any of the places and not unfit, or None."""
    paths = (place / name for name in names for place in places)
    return next((path for path in paths if path.is_file() and not unfit(path)), None)


# ---------------------------------------------------------------------------- the flat validation folder

def flat_pictures(layout, places, table, classes, notes):
    """The pictures of the flat folder, with the ground truth's numbers turned into places among the classes."""
    folder, names = layout.validation, layout.flat
    truth = find_file(places, [TRUTH])
    if truth is None or table is None:
        lacks = TRUTH if truth is None else f"{TABLES[0]} (or {TABLES[1]} with lines such as n02119789 1 kit_fox)"
        raise FileNotFoundError(f"{folder} is ILSVRC's flat validation folder, and {lacks} of its devkit is missing: "
                                f"{BUG}; put {TRUTH} and {TABLES[0]} beside the folder of the pictures or give devkit=")
    answers = answers_of(truth, len(table))
    numbers = np.array([int(VALIDATION.fullmatch(name)[1]) for name in names])
    if not 1 <= numbers.min() <= numbers.max() <= len(answers):
        raise ValueError(f"{folder} has pictures numbered {numbers.min()} to {numbers.max()}, but {truth.name} has "
                         f"{len(answers):,} lines; they do not belong together")
    synsets = [table[answers[number - 1]][0] for number in numbers]
    known = {synset for synset, _ in table.values()}
    classes = classes or tuple(sorted(known))
    missing = [synset for synset in classes if synset not in known]
    if missing:
        raise ValueError(f"the training pictures beside {folder} have the synset {missing[0]}, which the table of the "
                         f"devkit lacks; it is the devkit of another year, or damaged")
    pictures = of_classes(folder, [str(folder / name) for name in names], synsets, classes, notes)
    if len(names) < len(answers):
        notes.append(f"{len(names):,} of {len(answers):,} validation pictures are there")
    return pictures


def answers_of(path, classes):
    """The devkit's number of every validation picture, in the order of the pictures."""
    lines = text_of(path).split()
    strange = [line for line in lines if not (NUMBER.fullmatch(line) and 1 <= int(line) <= classes)]
    if strange or not lines:
        raise ValueError(f"{path} must hold a number from 1 to {classes} for each picture, got "
                         f"{repr(strange[0][:40]) if strange else 'nothing'}; unpack the devkit again")
    return list(map(int, lines))


# ---------------------------------------------------------------------------- the devkit's table and names

def table_in(places):
    """{ILSVRC2012_ID: (synset, words)} of the classes, or None where no table is found."""
    path = find_file(places, TABLES, lists_synsets)
    if path is None:
        return None
    rows = from_matlab(path) if path.suffix == ".mat" else from_text(path)
    table = {number: (synset, words) for number, synset, words in rows}
    if len(table) < len(rows) or len({synset for _, synset, _ in rows}) < len(rows):
        raise ValueError(f"{path} has a synset or a number twice; unpack the devkit again")
    if sorted(table) != list(range(1, len(rows) + 1)):
        raise ValueError(f"{path} must number its {len(rows):,} classes from 1 to {len(rows):,}; unpack it again")
    if len(table) == CLASSES and [table[number][0] for number in sorted(table)] == sorted(s for _, s, _ in rows):
        raise ValueError(f"{path} numbers the synsets in sorted order, which the devkit does not; {BUG}: use the "
                         f"devkit's file as it was published")
    return table


def lists_synsets(path):
    """Whether this is a text with one cell in every line, such as Caffe's synsets.txt."""
    lines = lines_of(path) if path.suffix == ".txt" else []
    return bool(lines) and all(len(content.split()) == 1 for _, content in lines)


def from_matlab(path):
    """(number, synset, words) of the classes; synsets that have others below them are not classes."""
    rows = read_table(path)
    try:
        return [(int(row["ILSVRC2012_ID"]), str(row["WNID"]), str(row["words"])) for row in rows
                if not row["num_children"]]
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{path} must have the columns ILSVRC2012_ID, WNID, words and num_children, got "
                         f"{', '.join(rows[0])}; is it the devkit's meta.mat?") from None


def lines_of(path):
    """(number, content) of every line that is not empty."""
    return [(number, line.strip()) for number, line in enumerate(text_of(path).splitlines(), 1) if line.strip()]


def from_text(path):
    """(number, synset, words) of the classes from lines such as `n02119789 1 kit_fox`."""
    rows = []
    for line, content in lines_of(path):
        cells = content.split(None, 2)
        if len(cells) < 2 or not SYNSET.fullmatch(cells[0]) or not NUMBER.fullmatch(cells[1]):
            raise ValueError(f"{path}, line {line} must be a synset, its number in the devkit and its name, as in "
                             f"n02119789 1 kit_fox, got {content[:60]!r}; synsets alone do not tell the numbers")
        rows.append((int(cells[1]), cells[0], cells[2].replace("_", " ") if len(cells) > 2 else cells[0]))
    if not rows:
        raise ValueError(f"{path} is empty; unpack the devkit again")
    return rows


def read_words(path):
    """{synset: words} of a file with lines such as `n01440764 tench, Tinca tinca`. ValueError for another file."""
    words = {}
    for line, content in lines_of(Path(path)):
        synset, _, text = content.partition(" ")
        if not SYNSET.fullmatch(synset) or not text:
            raise ValueError(f"{path}, line {line} must be a synset and its words, as n01440764 tench, got "
                             f"{content[:60]!r}")
        words[synset] = text.strip()
    return words


def names_of(synsets, words, table):
    """What the classes are called: the first word; all words where two begin alike, such as the bird crane and the
    machine; with their synset if that does not tell them apart either."""
    known = {**{synset: text for synset, text in (table or {}).values()}, **words}
    full = [known.get(synset, synset) for synset in synsets]
    first = [text.split(",")[0].strip() for text in full]
    names = [text if first.count(short) > 1 else short for short, text in zip(first, full)]
    return tuple(f"{name} ({synset})" if names.count(name) > 1 else name for name, synset in zip(names, synsets))


# ---------------------------------------------------------------------------- photographs named by their synset

def samples(folder, words=None, layout=None):
    """Photographs such as n01440764_tench.JPEG in one folder, to test on: DataSet with an empty train.

    The labels are places among ILSVRC's 1000 synsets in sorted order. They come from labels.txt beside the
    pictures (lines `n01440764_tench.JPEG 0`), or from synset_words.txt, beside them or given as words; or the
    pictures show all 1000 synsets. Classes that no picture shows are called by synset_words.txt or "class 7".

    FileNotFoundError where none of these is there; ValueError where labels and synsets contradict each other, as
    the devkit's numbers do.
    """
    folder = Path(folder)
    layout = layout or imagenet_layout(folder)
    if layout is None or not layout.samples:
        raise FileNotFoundError(f"{folder} holds no pictures named by their synset, such as n01440764_tench.JPEG")
    synsets, titles = zip(*(SAMPLE.fullmatch(name).groups() for name in layout.samples))
    path = words or find_file([folder], WORDS)
    known = read_words(path) if path else {}
    place = numbers_of(folder, layout.samples, synsets, known)
    classes = [f"class {label}" for label in range(CLASSES)]
    for title, synset in zip(titles, synsets):
        classes[place[synset]] = title.replace("_", " ")
    if len(known) == CLASSES:
        classes = names_of(sorted(known), known, None)
    paths = [str(folder / name) for name in layout.samples]
    test = Pictures(paths, [place[synset] for synset in synsets], classes, folder)
    origin = f"photographs of ImageNet in {folder.resolve().name}, named by their synsets, in ILSVRC's sorted order"
    return DataSet(folder.resolve().name, test.take([]), test, origin)


def numbers_of(folder, names, synsets, known):
    """{synset: its place in ILSVRC's sorted order}."""
    file = folder / "labels.txt"
    found = sorted(set(synsets))
    given = given_in(file, dict(zip(names, synsets))) if file.is_file() else None
    ordered = sorted(known) if len(known) == CLASSES else found if len(found) == CLASSES else None
    if ordered is None and given is None:
        raise FileNotFoundError(f"{folder} has pictures of {len(found)} synsets, but not their numbers among ILSVRC's "
                                f"{CLASSES}; put labels.txt (lines such as {names[0]} 0) or synset_words.txt there")
    place = {synset: label for label, synset in enumerate(ordered)} if ordered else given
    strange = [synset for synset in found if synset not in place]
    if strange:
        raise ValueError(f"{folder} has a picture of {strange[0]}, to which neither labels.txt nor synset_words.txt "
                         f"gives a number")
    wrong = [synset for synset in given or {} if given[synset] != place.get(synset)]
    if wrong:
        raise ValueError(f"{file} gives {wrong[0]} the number {given[wrong[0]]}, but in the sorted order of the "
                         f"synsets it is {place.get(wrong[0])}")
    return place


def given_in(file, synset_of):
    """{synset: number} of labels.txt, which must rise with the synsets: the devkit's numbers do not."""
    given = {}
    for line, name, label in read_labels(file):
        if name not in synset_of:
            raise FileNotFoundError(f"{file}, line {line}: there is no picture {name} beside it")
        if not (NUMBER.fullmatch(label) and int(label) < CLASSES):
            raise ValueError(f"{file}, line {line} must have a number from 0 to {CLASSES - 1}, got {label!r}")
        if given.setdefault(synset_of[name], int(label)) != int(label):
            raise ValueError(f"{file}, line {line}: {synset_of[name]} has the number {label} here and "
                             f"{given[synset_of[name]]} further up")
    rising = [given[synset] for synset in sorted(given)]
    if any(second <= first for first, second in zip(rising, rising[1:])):
        raise ValueError(f"the numbers in {file} do not rise with the synsets, so they are not places in ILSVRC's "
                         f"sorted order; the devkit's own numbers would give wrong classes")
    return given
