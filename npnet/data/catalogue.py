"""The catalogue: data sets that can be fetched, where they are published, and how to know that they are right.

    fetch("cifar10")        # downloads, checks, unpacks; the folder, at once if it is there already
    folder("cifar10")       # the folder, or FileNotFoundError with the command that fetches it

A data set lies in the folder data/<name> of NPNET_HOME, all its files directly in it, with contents.json: the name,
size and SHA-256 of every file when it came. An archive is removed after it was unpacked, unless the user had put it
there.
"""
import gzip
import json
import os
import re
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .. import backend
from ..files import tidy, writing
from ..files.download import digest, download, right
from ..screen.words import nearest

CONTENTS = "contents.json"
MOST_CONTENTS = 2**20           # bytes of contents.json
MOST_FILES, MOST_BYTES = 100, 2**30         # of an archive; CIFAR has 8 files and 190 MB
MEMBER = re.compile(r"([\w~-][\w.~-]*/)?([\w~-][\w.~-]*)", re.ASCII)      # an optional folder and a plain name
ARCHIVES = (".tar.gz", ".tgz")
A_DAY = 24 * 3600               # seconds; no download takes longer

KRIZHEVSKY = "A. Krizhevsky, Learning multiple layers of features from tiny images, technical report, 2009"
LECUN = "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, 1998"
XIAO = "H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST: a novel image dataset for benchmarking, arXiv:1708.07747, 2017"
CITE = "none stated; its authors ask for the citation"


@dataclass(frozen=True)
class Part:
    """One file to download: its name here, its addresses, and its size and checksum as far as they are known."""

    name: str
    addresses: tuple
    checksum: str | None = None
    size: int | None = None


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
        return [part.name for part in self.parts if part.checksum is None]


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
    files = contents(path)
    if files is None:
        raise FileNotFoundError(f"{name} is not on this computer yet: npnet data get {name}")
    missing = [file for file, (size, _) in files.items() if not right(path / file, size)]
    if missing:
        raise FileNotFoundError(f"{name} in {path} lacks {missing[0]} or holds it damaged: npnet data get {name}")
    return path


def contents(path):
    """{file: (bytes, checksum)} of a folder that fetch has filled, None of any other."""
    try:
        with (Path(path) / CONTENTS).open("rb") as file:
            files = json.loads(file.read(MOST_CONTENTS))["files"]
        return {str(file): (int(size), str(checksum)) for file, (size, checksum) in files.items()} or None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def damaged(path):
    """The files of a folder that fetch has filled whose bytes have changed since: a list of names."""
    return [file for file, (size, checksum) in (contents(path) or {}).items()
            if not right(Path(path) / file, size, checksum)]


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
    tidy(path, older_than=A_DAY)
    if contents(path) and not damaged(path):
        return path
    if known.unverified and not trust:
        raise ValueError(f"{name} is unverified: npnet knows no checksum of {', '.join(known.unverified)} and could "
                         f"not tell another file from it; npnet data get {name} --trust takes it as it comes")
    check_room(known, path)
    files, came = {}, [0] * len(known.parts)                    # bytes of each part

    def count(number, done, total):
        came[number] = done
        in_all = None if total is None or number < len(came) - 1 else sum(came) - done + total
        if progress:
            progress(sum(came), in_all)                         # how much it is is known when the last part has begun

    for number, part in enumerate(known.parts):
        files.update(fetch_part(part, path, partial(count, number)))
    with writing(path / CONTENTS) as temporary:
        temporary.write_text(json.dumps({"name": name, "files": files}, indent=2))
    return path


def fetch_part(part, path, progress):
    """Has one part there and right; {file: (bytes, checksum)} of what it consists of."""
    target = path / part.name
    by_hand = right(target, part.size, part.checksum)
    if not by_hand:
        try:
            download(part.addresses, target, part.size, part.checksum, progress)
        except ConnectionError as error:
            raise ConnectionError(f"{error}, then repeat the command; offline, the data set shapes needs no "
                                  f"download") from None
    if not part.name.endswith(ARCHIVES):
        return {part.name: facts_of(target)}
    try:
        return {name: facts_of(path / name) for name in unpack(target, path)}
    finally:
        if not by_hand:                                         # the user's own file stays
            target.unlink(missing_ok=True)


def facts_of(path):
    return path.stat().st_size, f"sha256:{digest(path)}"


def check_room(known, path):
    """Raises OSError if the disk has not the room, before an hour of downloading."""
    free = shutil.disk_usage(next(there for there in (path, *path.absolute().parents) if there.exists())).free
    if free < known.room:
        raise OSError(f"{known.name} needs {known.room / 1e6:,.0f} MB in {path}, where {free / 1e6:,.0f} MB are free; "
                      f"free some space, or name another folder in NPNET_HOME")


def unpack(archive, path):
    """Writes the files of a .tar.gz directly into the folder `path`, without the folder that they are in; their names.

    tarfile only reads here: every file is written by us, under a plain name in one folder. ValueError for anything
    else in the archive, for too much, and for damage; files that it added are removed then.
    """
    archive, path, names, total = Path(archive), Path(path), [], 0
    before = os.listdir(path) if path.is_dir() else []
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                if member.isdir() or member.isreg() and member.size == 0:
                    continue
                match = MEMBER.fullmatch(member.name)
                plain = match and member.type in (tarfile.REGTYPE, tarfile.AREGTYPE)    # no link, device or holes
                if not plain or match[2] in (*names, archive.name, CONTENTS):
                    raise ValueError(f"{archive.name} holds {member.name!r}, which is not a plain file in one folder, "
                                     f"so it is not unpacked; it may be forged")
                names.append(match[2])
                total += member.size
                if len(names) > MOST_FILES or total > MOST_BYTES:
                    raise ValueError(f"{archive.name} holds more than {MOST_FILES} files or {MOST_BYTES:,} bytes, "
                                     f"which no data set of the catalogue does; it is not unpacked")
                with writing(path / names[-1]) as temporary, open(temporary, "wb") as file:
                    shutil.copyfileobj(tar.extractfile(member), file, 2**20)
            tar.fileobj.seek(0, os.SEEK_END)                    # reads to the end, where gzip compares its checksum
        if not names:
            raise ValueError(f"{archive} holds no files; remove it and fetch it again")
    except BaseException as error:                              # stopped by the user, too
        for name in set(names).difference(before):
            (path / name).unlink(missing_ok=True)
        if isinstance(error, (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError)):
            raise ValueError(f"{archive} is not a .tar.gz or is damaged ({error}); remove it and fetch it "
                             f"again") from None
        raise
    return names
