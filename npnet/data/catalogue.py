"""The catalogue: data sets that can be fetched, where they are published, and how to know that they are right.

    fetch("cifar10")        # downloads, checks, unpacks; the folder, at once if it is there already
    folder("cifar10")       # the folder, or FileNotFoundError with the command that fetches it

A data set lies in the folder data/<name> of NPNET_HOME, all its files directly in it, with contents.json, from which
is known whether they are as they came (files/fetch.py).
"""
import re
from dataclasses import dataclass

from .. import backend
from ..files.fetch import Part, check_room, complete, fetch_parts, missing, unverified
from ..screen.words import nearest

OFFLINE = "; offline, the data set shapes needs no download"
KRIZHEVSKY = "A. Krizhevsky, Learning multiple layers of features from tiny images, technical report, 2009"
LECUN = "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, 1998"
XIAO = "H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking, arXiv:1708.07747, 2017"
CITE = "none stated; its authors ask for the citation"


@dataclass(frozen=True)
class Entry:
    """A data set: what it is and the parts it comes in. room: bytes on the disk, while it is unpacked too."""

    name: str
    about: str
    train: int
    test: int
    classes: int
    picture: str
    room: int
    citation: str
    licence: str
    parts: tuple = ()

    @property
    def unverified(self):
        """The names of parts whose checksum nobody gave us."""
        return unverified(self.parts)


def four_files(places, checksums):
    """The Parts of MNIST or of a set in its form: training pictures and labels, test pictures and labels."""
    names = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz",
             "t10k-labels-idx1-ubyte.gz")
    return tuple(Part(name, tuple(place + name for place in places), f"md5:{checksum}")
                 for name, checksum in zip(names, checksums))


TORONTO = "https://www.cs.toronto.edu/~kriz/"
ENTRIES = (
    Entry("shapes", "ten kinds of figures, drawn by npnet from a seed", 6_000, 1_000, 10, "32x32 in colour", 0,
          "none needed", "npnet's own"),
    Entry("cifar10", "CIFAR-10: photographs of ten things, python batches", 50_000, 10_000, 10, "32x32 in colour",
          357_000_000, KRIZHEVSKY, CITE, (Part(
              "cifar-10-python.tar.gz", (TORONTO + "cifar-10-python.tar.gz",),
              "md5:c58f30108f718f92721af3b95e74349a", 170_498_071),)),
    Entry("cifar10-binary", "CIFAR-10 again, in its binary form", 50_000, 10_000, 10, "32x32 in colour",
          357_000_000, KRIZHEVSKY, CITE, (Part(
              "cifar-10-binary.tar.gz", (TORONTO + "cifar-10-binary.tar.gz",),
              "md5:c32a1d4ab5d03f1284b67883e8d87530"),)),
    Entry("cifar100", "CIFAR-100: photographs of a hundred things, python batches", 50_000, 10_000, 100,
          "32x32 in colour", 357_000_000, KRIZHEVSKY, CITE, (Part(
              "cifar-100-python.tar.gz", (TORONTO + "cifar-100-python.tar.gz",),
              "md5:eb9058c3a382ffc7106e4002c42a8d85"),)),
    Entry("mnist", "MNIST: handwritten digits", 60_000, 10_000, 10, "28x28 grey", 12_000_000, LECUN, "CC BY-SA 3.0",
          four_files(("https://ossci-datasets.s3.amazonaws.com/mnist/",
                      "https://storage.googleapis.com/cvdf-datasets/mnist/"),
                     ("f68b3c2dcbeaaa9fbdd348bbdeb94873", "d53e105ee54ea40749a09fcbcd1e9432",
                      "9fb629c4189551a2d022fa330f9573f3", "ec29112dd5afa0611ce80d1b7f02629c"))),
    Entry("fashion-mnist", "Fashion-MNIST: clothes, shoes and bags", 60_000, 10_000, 10, "28x28 grey", 31_000_000, XIAO,
          "MIT", four_files(("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                             "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/"),
                            ("8d4fb7e6c68d591d4c3dfef9ec88bf0d", "25c81989df183df01b3e8a0aad5dffbe",
                             "bef4ecab320f06d8554ea6380940ec79", "bb300cfdad3c16e7a12a480ee83cd310"))),
)
CATALOGUE = {entry.name: entry for entry in ENTRIES}

IMAGENET = ("ImageNet (ILSVRC) is given only to registered users, so npnet cannot download it: register at "
            "image-net.org and name the folder of the unpacked archives in place of a data set")


def entry(name):
    """The Entry of that name. ValueError if there is none, with the nearest name; ImageNet has its own sentence."""
    if name in CATALOGUE:
        return CATALOGUE[name]
    if re.match(r"ilsvrc|imagenet", str(name).lower()):
        raise ValueError(IMAGENET)
    raise ValueError(f"no data set is called {name!r}; {nearest(name, CATALOGUE)}npnet knows {', '.join(CATALOGUE)}")


def folder(name):
    """The folder with all files of a data set that was fetched. FileNotFoundError, with the command that fetches it,
    if it is not there or a file of it has another size."""
    if not entry(name).parts:
        raise ValueError(f"{name} is drawn when it is needed, it has no folder; npnet.data.dataset({name!r}) draws it")
    path = backend.home() / "data" / name
    gone = missing(path)
    if gone is None:
        raise FileNotFoundError(f"{name} is not on this computer yet: npnet data get {name}")
    if gone:
        raise FileNotFoundError(f"{name} in {path} lacks {gone[0]} or holds it damaged: npnet data get {name}")
    return path


# ---------------------------------------------------------------------------- fetching

def fetch(name, trust=False, progress=None):
    """Downloads a data set, checks it and unpacks it; returns the Path of its folder. What is there and right is kept.

    trust: also take files whose checksum is not known. progress(bytes so far, bytes in all or None) is called.

    ConnectionError if no address gives the files; ValueError for a name that is not in the catalogue or needs trust,
    and for an archive that holds what no data set needs; OSError if the files cannot be written.
    """
    known, path = entry(name), backend.home() / "data" / name
    if not known.parts:
        return path                                             # drawn, never stored
    if complete(path):
        return path
    if known.unverified and not trust:
        raise ValueError(f"{name} is unverified: npnet knows no checksum of {', '.join(known.unverified)} and could "
                         f"not tell another file from it; npnet data get {name} --trust takes it as it comes")
    check_room(name, known.room, path)
    fetch_parts(name, known.parts, path, progress, OFFLINE)
    return path
