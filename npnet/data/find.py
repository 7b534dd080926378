"""One name or path, one data set: what `--data` means.

    dataset("shapes")                           drawn here, no download
    dataset("cifar10")                          a name of the catalogue, fetched by `npnet data get cifar10`
    dataset("pets")                             a folder or an .npz file, recognised by what is in it

A name comes first; a folder of the same name is given as ./cifar10.
"""
import inspect
import os
import re
from dataclasses import replace
from pathlib import Path

from ..screen.words import nearest
from .catalogue import CATALOGUE, IMAGENET, folder
from .readers.cifar import cifar, cifar_folder
from .readers.folders import inside, pictures_folder
from .readers.imagenet import imagenet, imagenet_layout, samples
from .readers.mnist import mnist, mnist_folder
from .readers.packs import pack

UNDERSTOOD = ("an .npz file, or a folder with batches of CIFAR, idx files of MNIST, ILSVRC, or a folder of pictures "
              "for each class")
ARCHIVES = (".gz", ".tgz", ".tar", ".zip", ".xz", ".bz2", ".7z", ".rar")


def dataset(name_or_path, progress=None, **options):
    """The DataSet of that name, or at that path.

    "shapes", a name of the catalogue, the path of an .npz file, or of a folder: CIFAR-10 or CIFAR-100 (option
    coarse), MNIST or Fashion-MNIST (name), ILSVRC (devkit), photographs named by their synset (words), or
    pictures in a folder for each class (grey); `shapes` takes seed, train, test and size. progress(done, total) is
    called now and then where reading takes long.

    FileNotFoundError for a set that was not fetched yet and for what is neither a name nor a path; TypeError for an
    option that the reader lacks; ValueError and others as the readers say.
    """
    name = os.fspath(name_or_path)
    if name == "shapes":
        from .shapes import shapes
        return read(shapes, {}, name, progress, options)
    if name in CATALOGUE:
        path = folder(name)
        return replace(read(*reader_of(path), name, progress, options), name=name)
    path = Path(name).expanduser()
    if not name or not os.path.exists(path):
        raise unknown(name)
    return read(*reader_of(path), name, progress, options)


def reader_of(path):
    """The reader for what is at a path that exists, and its arguments: the path, and what was found there already."""
    path = Path(path)
    if path.suffix.lower() == ".npz" and path.is_file():
        return pack, {"path": path}
    if not path.is_dir():
        advice = "unpack it and give the folder" if path.suffix.lower() in ARCHIVES else "give the folder that it is in"
        raise ValueError(f"{path} is a file that holds no data set as npnet reads them; {advice}, or {UNDERSTOOD}")
    inside(path)                                                # or one sentence, if it may not be listed
    if cifar_folder(path):
        return cifar, {"folder": path}
    if mnist_folder(path):
        return mnist, {"folder": path}
    layout = imagenet_layout(path)
    if layout:
        return samples if layout.samples else imagenet, {"folder": path, "layout": layout}
    return pictures_folder, {"folder": path}


def read(reader, arguments, name, progress, options):
    """Calls a reader with the options, if it has all of them, and with progress, if it has that."""
    known = inspect.signature(reader).parameters
    takes = [option for option in known if option not in (*arguments, "progress", "notes")]
    strange = [option for option in options if option not in takes]
    if strange:
        raise TypeError(f"{name} is read by {reader.__name__}, which has no option {strange[0]}; it has "
                        f"{', '.join(takes) or 'none'}")
    if "progress" in known:
        options = {**options, "progress": progress}
    return reader(**arguments, **options)


def unknown(name):
    """The error for what is neither a name nor a path, with the names that come close."""
    if re.fullmatch(r"ilsvrc\w*|imagenet\w*", name.lower()):
        return FileNotFoundError(IMAGENET)
    beside = Path(name).expanduser().parent
    try:
        files = [str(beside / found) for found in sorted(os.listdir(beside))[:10_000]]
    except OSError:
        files = []
    hint = nearest(name, CATALOGUE, most=2, cutoff=0.5) or nearest(name, files, cutoff=0.7)
    return FileNotFoundError(f"there is no data set {name!r}, neither by name nor as a file or folder; {hint}the names "
                             f"are {', '.join(CATALOGUE)}; or give {UNDERSTOOD}")
