"""CIFAR-10 and CIFAR-100: 50,000 + 10,000 colour pictures of 32x32 (Krizhevsky, 2009), as they are distributed.

    data = cifar("cifar-10-batches-py")                 # 10 classes
    data = cifar("cifar-100-binary", coarse=True)       # 20 classes, each of 5 of the 100

Both come in two forms. A python batch is a pickled dictionary with one row of 3072 numbers per picture.
A binary batch has a record per picture: the label (CIFAR-100: the coarse one, then the fine one), then
the same 3072 bytes. In both, all red comes first, then all green, then all blue, row by row.
"""
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...files.unpickle import unpickled
from ..sets import DataSet, Pictures, share_of

PIXELS = 3 * 32 * 32            # bytes of a picture
MOST_BYTES = 2**28              # of a file; CIFAR-100 has 154 MB
PUBLISHED = (50_000, 10_000)    # pictures to train on, to test on

CIFAR10 = "airplane automobile bird cat deer dog frog horse ship truck".split()
CIFAR100 = """
    apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle
    caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin elephant
    flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man
    maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree
    plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper
    snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger tractor train
    trout tulip turtle wardrobe whale willow_tree wolf woman worm""".split()
CIFAR100_COARSE = """
    aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices
    household_furniture insects large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes
    large_omnivores_and_herbivores medium_mammals non-insect_invertebrates people reptiles small_mammals trees
    vehicles_1 vehicles_2""".split()


@dataclass(frozen=True)
class Layout:
    """One of the forms: the names of its files, and where in it the labels and their names are."""

    title: str
    folder: str                 # the name of its folder in the archive
    train: tuple
    test: str
    labels: dict                # {names of the classes, as known: (key or place of the label, file of the names, key)}
    label_bytes: int = 0        # in front of every picture; 0 for a python batch

    def fits(self, folder):
        """Whether a training batch or the file of the classes' names is in the folder, so that all others must be."""
        return any((folder / name).is_file() for name in (*self.train, self.labels["fine"][1]))


BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
LAYOUTS = (
    Layout("CIFAR-10", "cifar-10-batches-py", BATCHES, "test_batch",
           {"fine": (b"labels", "batches.meta", b"label_names", CIFAR10)}),
    Layout("CIFAR-10", "cifar-10-batches-bin", tuple(f"{name}.bin" for name in BATCHES), "test_batch.bin",
           {"fine": (0, "batches.meta.txt", None, CIFAR10)}, label_bytes=1),
    Layout("CIFAR-100", "cifar-100-python", ("train",), "test",
           {"fine": (b"fine_labels", "meta", b"fine_label_names", CIFAR100),
            "coarse": (b"coarse_labels", "meta", b"coarse_label_names", CIFAR100_COARSE)}),
    Layout("CIFAR-100", "cifar-100-binary", ("train.bin",), "test.bin",
           {"fine": (1, "fine_label_names.txt", None, CIFAR100),
            "coarse": (0, "coarse_label_names.txt", None, CIFAR100_COARSE)}, label_bytes=2),
)


def cifar_folder(folder):
    """(folder, layout) if CIFAR batches are in this folder, or in the folder of the archive inside it; else None."""
    folder = Path(folder)
    for layout in LAYOUTS:
        for place in (folder, folder / layout.folder):
            if layout.fits(place):
                return place, layout
    return None


def cifar(folder, coarse=False, progress=None):
    """The CIFAR-10 or CIFAR-100 in a folder, python or binary batches, as a DataSet of uint8 (N, 32, 32, 3).

    coarse: CIFAR-100's 20 coarse classes in place of its 100. The names of the classes come from the file that belongs
    to the batches, or, if it is missing, are the well-known ones. FileNotFoundError for a missing batch, ValueError for
    one that is damaged or something else.
    """
    found = cifar_folder(folder)
    if found is None:
        raise FileNotFoundError(f"{folder} holds no batches of CIFAR, such as data_batch_1 or train.bin")
    folder, layout = found
    kind = "coarse" if coarse else "fine"
    if kind not in layout.labels:
        raise ValueError(f"{layout.title} has no coarse classes, only CIFAR-100 has; leave coarse=True out")
    key, meta, names_key, known = layout.labels[kind]
    classes = names_in(folder / meta, names_key, known)
    read = binary_batch if layout.label_bytes else python_batch
    images, labels, names = [], [], (*layout.train, layout.test)
    for done, name in enumerate(names, start=1):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"{folder} lacks {name}; {layout.title} has {', '.join(names)}: unpack the archive "
                                    f"again")
        rows, numbers = read(folder / name, key, layout.label_bytes)
        images.append(rows)
        labels.append(checked_labels(folder / name, numbers, len(rows), len(classes)))
        if progress:
            progress(done, len(names))
    train = pictures_of(images[:-1], labels[:-1], classes)
    test = pictures_of(images[-1:], labels[-1:], classes)
    origin = f"{layout.title} (Krizhevsky 2009) from {folder.name}{share_of(train, test, PUBLISHED)}"
    return DataSet(layout.title.lower().replace("-", ""), train, test, origin)


# ---------------------------------------------------------------------------- the two forms of a batch

def python_batch(path, key, _):
    """Rows uint8 (N, 3072) and labels of a python batch."""
    with path.open("rb") as file:
        batch = unpickled(file, str(path))
    rows = batch.get(b"data") if isinstance(batch, dict) else None
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != PIXELS:
        came = f"{rows.dtype} {rows.shape}" if isinstance(rows, np.ndarray) else f"{type(rows).__name__}"
        raise ValueError(f"{path}: data must be uint8 (N, {PIXELS}), got {came}; is it a batch of CIFAR?")
    if key not in batch:
        raise ValueError(f"{path} has no {key.decode()}; is it a batch of another data set?")
    return rows, batch[key]


def binary_batch(path, place, label_bytes):
    """Rows uint8 (N, 3072) and labels of a binary batch."""
    content, record = np.fromfile(path, np.uint8, MOST_BYTES), label_bytes + PIXELS
    if len(content) == 0 or len(content) % record:
        raise ValueError(f"{path} has {len(content):,} bytes, which is not a multiple of {record}, the size of a "
                         f"picture with its label; it was cut off or is something else: unpack the archive again")
    records = content.reshape(-1, record)
    return records[:, label_bytes:], records[:, place]


def checked_labels(path, labels, pictures, classes):
    """Labels as int64 (N,), as many as pictures, each the number of a class."""
    try:
        array = np.asarray(labels)
    except ValueError:                                          # lists of several lengths
        array = np.zeros(0)
    if array.shape != (pictures,) or array.dtype.kind not in "iu":
        raise ValueError(f"{path} has {pictures:,} pictures and needs as many labels, got {array.dtype} {array.shape}")
    if pictures and not 0 <= array.min() <= array.max() < classes:
        raise ValueError(f"{path} has labels from {array.min()} to {array.max()}, but there are {classes} classes, 0 "
                         f"to {classes - 1}; it is damaged or belongs to another data set")
    return array.astype(np.int64)


def names_in(path, key, known):
    """The names of the classes from the file that belongs to the batches, else those that are known."""
    if not path.is_file():
        return tuple(known)
    with path.open("rb") as file:
        meta = {None: file.read(2**16).split()} if key is None else unpickled(file, str(path))
    names = meta.get(key) if isinstance(meta, dict) else None
    names = names if isinstance(names, list) else []
    if len(names) != len(known):
        raise ValueError(f"{path} must name {len(known)} classes, got {len(names)}; unpack the archive again, or "
                         f"remove the file: then the well-known names are used")
    return tuple(name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in names)


def pictures_of(images, labels, classes):
    """Rows of several batches, each (n, 3072), as Pictures (N, 32, 32, 3)."""
    images = np.concatenate(images).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Pictures(np.ascontiguousarray(images), np.concatenate(labels), classes)
