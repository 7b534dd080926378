"""Weights that can be fetched: what they are, where they are published, and how to know that they are right.

    fetch("squeezenet")         # downloads and checks; the Path of the file, at once if it is there already
    located("squeezenet")       # the Path, or None where it is not on this computer
    class_names()               # the file with the names of ImageNet's 1000 classes, or None

A network lies in the folder weights/<name> of NPNET_HOME. A file that the user has put there counts as fetched if its
checksum is right. The names of ImageNet's classes, which no file of weights has, are an entry of their own, ilsvrc12.
"""
from dataclasses import dataclass

from .. import backend
from ..files.download import right, wrong
from ..files.fetch import Part, check_room, complete, contents, fetch_parts, missing, unverified
from ..screen.words import nearest

NAMES, FILE_OF_NAMES, FILE_OF_MEAN = "ilsvrc12", "synset_words.txt", "imagenet_mean.binaryproto"
OFFLINE = "; offline, the network cifar_alexnet comes with npnet"
GITHUB, BERKELEY = "https://github.com/songhan/", "http://dl.caffe.berkeleyvision.org/"
PYTORCH = "https://download.pytorch.org/models/"


@dataclass(frozen=True)
class Entry:
    """Something to fetch: what it is, and its parts. The first part is the file of weights.

    net: the version of npnet.models whose weights they are; None where the file describes its network itself and no
    version is that (CaffeNet: pooling as in pool_first, LRN and pictures as in caffe), and for what is no network.
    room: bytes on the disk, about. stated: right answers on ImageNet, best and best five, as its authors state them.
    """

    name: str
    about: str
    net: str | None
    room: int
    parts: tuple
    licence: str
    stated: str | None = None

    @property
    def is_network(self):
        """Whether they are the weights of a network."""
        return self.name != NAMES

    @property
    def unverified(self):
        """The names of parts whose checksum nobody gave us."""
        return unverified(self.parts)

    @property
    def file(self):
        """The name of the file that is read."""
        return self.parts[0].only[0] if self.parts[0].only else self.parts[0].name

    @property
    def folder(self):
        """Where it lies on this computer, or would."""
        return backend.home() / "weights" / self.name


def part(place, name, checksum=None, size=None, only=()):
    """The Part that lies at one place under its own name."""
    return Part(name, (place + name,), checksum, size, only)


ENTRIES = (
    Entry("squeezenet", "SqueezeNet 1.0, Deep Compression", "squeezenet1_0", 675_763,
          (part(f"{GITHUB}SqueezeNet-Deep-Compression/raw/master/", "compressed_SqueezeNet.net",
                "sha256:e4ab6960ae8cd81505e1c2136921201507e930966c53deaf15862a395b3a3261", 675_763),), "BSD-2"),
    Entry("alexnet", "AlexNet, Deep Compression", "caffe", 8_900_000,
          (part(f"{GITHUB}Deep-Compression-AlexNet/raw/master/", "AlexNet_compressed.net",
                "git:ea0d14e98edfbcbfba995003c94d7259fa23b6cc"),), "BSD-2", "57.07 / 80.25 %"),
    Entry("bvlc_alexnet", "AlexNet as Caffe trained it", "caffe", 243_900_000,
          (part(BERKELEY, "bvlc_alexnet.caffemodel", "sha1:9116a64c0fbe4459d18f4bb6b56d647b63920377"),),
          "unrestricted use", "57.1 / 80.2 %"),
    Entry("caffenet", "CaffeNet: pooling before LRN", None, 243_900_000,
          (part(BERKELEY, "bvlc_reference_caffenet.caffemodel", "sha1:4c8d77deb20ea792f84eb5e6d0a11ca0a8660a46"),),
          "unrestricted use", "57.4 / 80.4 %"),
    Entry("torchvision_alexnet", "torchvision's AlexNet: one tower, no LRN", "torchvision", 244_400_000,
          (part(PYTORCH, "alexnet-owt-7be5be79.pth", "sha256:7be5be79"),), "BSD-3, torchvision's", "56.5 / 79.1 %"),
    Entry("torchvision_squeezenet1_1", "torchvision's SqueezeNet 1.1", "squeezenet1_1", 5_000_000,
          (part(PYTORCH, "squeezenet1_1-b8a52dc0.pth", "sha256:b8a52dc0"),), "BSD-3, torchvision's", "58.2 / 80.6 %"),
    Entry(NAMES, "names of ImageNet's 1000 classes, mean picture", None, 20_000_000,
          (part(BERKELEY, "caffe_ilsvrc12.tar.gz", only=(FILE_OF_NAMES, FILE_OF_MEAN)),), "none stated"),
)
KNOWN = {entry.name: entry for entry in ENTRIES}


def entry(name):
    """The Entry of that name. ValueError if there is none, with the nearest name."""
    if name not in KNOWN:
        raise ValueError(f"no weights are called {name!r}; {nearest(name, KNOWN)}npnet can fetch {', '.join(KNOWN)}")
    return KNOWN[name]


def located(name):
    """The file of that name on this computer; None if it was not fetched, if its size is no longer what it was, or if
    no weights have that name. A file that the user has put there counts if its checksum is right; one of which none is
    known counts as it is."""
    if name not in KNOWN:
        return None
    known, first = KNOWN[name], KNOWN[name].parts[0]
    path, gone = known.folder / known.file, missing(known.folder)
    if gone is not None:
        return path if known.file not in gone and path.is_file() else None
    return path if right(path, None if first.only else first.size, first.checksum) else None


def wanted(name):
    """The file of that name on this computer. FileNotFoundError, with the command that fetches it, if it is not."""
    path = located(entry(name).name)
    if path is None:
        raise FileNotFoundError(absent(name))
    return path


def absent(name):
    """The sentence for weights that are not on this computer: where a file lies in their place, what is wrong with it,
    then the command that fetches them."""
    said = damage(name)
    return (f"{said}: npnet weights get {name} fetches another" if said else
            f"{name} is not on this computer yet: npnet weights get {name}")


def damage(name):
    """What is wrong with the file that lies where weights should, a sentence; "" where nothing is, or no file."""
    known, first = KNOWN[name], KNOWN[name].parts[0]
    path, came = known.folder / known.file, contents(known.folder)
    if came is not None:
        return wrong(path, came[known.file][0]) if known.file in came else ""
    return wrong(path, None if first.only else first.size, first.checksum)


def room(name):
    """Bytes: what weights that are here take on the disk, or about what they would."""
    known = KNOWN[name]
    if located(name) is None:
        return known.room
    files = (known.folder / file for file in {known.file, *(contents(known.folder) or ())})
    return sum(path.stat().st_size for path in files if path.is_file())


def class_names():
    """The file with the names of ImageNet's classes, one on each line, or None."""
    return located(NAMES)


def mean_picture():
    """The file with the mean picture that Caffe's networks were trained with, or None."""
    path = KNOWN[NAMES].folder / FILE_OF_MEAN
    return path if path.is_file() and located(NAMES) else None


def fetch(name, trust=False, progress=None):
    """Downloads weights and checks them; returns the Path of the file. What is there and right is kept.

    trust: also take files whose checksum is not known. progress(bytes so far, bytes in all or None) is called.

    ConnectionError, which says where the file is and where to put it, if the address does not give it; ValueError for
    a name that is not known or needs trust; OSError if the file cannot be written.
    """
    known = entry(name)
    path = known.folder / known.file
    if complete(known.folder) or not (known.is_network or trust) and located(name):
        return path                                             # names put there by hand need no trust
    if known.unverified and not trust:
        raise ValueError(f"{name} is unverified: npnet knows no checksum of {', '.join(known.unverified)} and could "
                         f"not tell another file from it; npnet weights get {name} --trust takes it as it comes")
    check_room(name, known.room, known.folder)
    fetch_parts(name, known.parts, known.folder, progress, OFFLINE if known.is_network else "")
    return path
