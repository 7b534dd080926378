"""Fetches the files of a catalogue's entry into one folder, where contents.json says what they were when they came.

    part = Part("a.net", ("https://one.org/a.net",), "sha256:e4ab6960...", 675_763)
    fetch_parts("a", [part], home() / "weights" / "a")
    missing(home() / "weights" / "a")       # [] if all is there, None of a folder that was never filled

contents.json has the name, size and SHA-256 of every file. An archive is removed after it was unpacked, unless the user
had put it there. data/catalogue.py (data sets) and weights/fetching.py (weights) hold the addresses.
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

from .beside import tidy, writing
from .download import digest, download, right, wrong

CONTENTS = "contents.json"
MOST_CONTENTS = 2**20           # bytes of contents.json
MOST_FILES, MOST_BYTES = 100, 2**30         # of an archive; CIFAR has 8 files and 190 MB
MEMBER = re.compile(r"([\w~-][\w.~-]*/)?([\w~-][\w.~-]*)", re.ASCII)      # an optional folder and a plain name
ARCHIVES = (".tar.gz", ".tgz")
A_DAY = 24 * 3600               # seconds; no download takes longer


@dataclass(frozen=True)
class Part:
    """One file to download: its name here, its addresses, and its size and checksum as far as they are known.

    only: the files of an archive that are wanted, by their plain names; () for all of them.
    """

    name: str
    addresses: tuple
    checksum: str | None = None
    size: int | None = None
    only: tuple = ()


def unverified(parts):
    """The names of parts whose checksum nobody gave us."""
    return [part.name for part in parts if part.checksum is None]


# ---------------------------------------------------------------------------- what lies in a folder

def contents(path):
    """{file: (bytes, checksum)} of a folder that fetch_parts has filled, None of any other."""
    try:
        with (Path(path) / CONTENTS).open("rb") as file:
            files = json.loads(file.read(MOST_CONTENTS))["files"]
        return {str(file): (int(size), str(checksum)) for file, (size, checksum) in files.items()} or None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def missing(path):
    """The files that are gone from a filled folder or have another size: a list of names; None of any other folder."""
    files = contents(path)
    return None if files is None else [file for file, (size, _) in files.items() if not right(Path(path) / file, size)]


def damaged(path):
    """The files of a folder that fetch_parts has filled whose bytes have changed since: a list of names."""
    return [file for file, (size, checksum) in (contents(path) or {}).items()
            if not right(Path(path) / file, size, checksum)]


def complete(path):
    """Whether a folder was filled and every byte of it is what it was. Removes what broken downloads have left."""
    tidy(path, older_than=A_DAY)
    return contents(path) is not None and not damaged(path)


# ---------------------------------------------------------------------------- fetching

def fetch_parts(name, parts, path, progress=None, offline=""):
    """Has all parts in the folder `path`, checked and unpacked, and writes its contents.json.

    progress(bytes so far, bytes in all or None) is called. offline: what to do without a network, a sentence's end.

    ConnectionError if no address gives a file; ValueError for an archive that holds what it must not; OSError if the
    files cannot be written.
    """
    files, came = {}, [0] * len(parts)                          # bytes of each part

    def count(number, done, total):
        came[number] = done
        in_all = None if total is None or number < len(came) - 1 else sum(came) - done + total
        if progress:
            progress(sum(came), in_all)                         # how much it is is known when the last part has begun

    for number, part in enumerate(parts):
        files.update(fetch_part(part, path, partial(count, number), offline))
    with writing(path / CONTENTS) as temporary:
        temporary.write_text(json.dumps({"name": name, "files": files}, indent=2))


def fetch_part(part, path, progress, offline=""):
    """Has one part there and right; {file: (bytes, checksum)} of what it consists of."""
    target = path / part.name
    by_hand = right(target, part.size, part.checksum)
    if not by_hand:
        try:
            download(part.addresses, target, part.size, part.checksum, progress)
        except ConnectionError as error:
            said = wrong(target, part.size, part.checksum)      # what the user, or a download, has left there
            raise ConnectionError(f"{said and said + '; '}{error}, then repeat the command{offline}") from None
    if not part.name.endswith(ARCHIVES):
        return {part.name: facts_of(target)}
    try:
        return {name: facts_of(path / name) for name in unpack(target, path, part.only)}
    finally:
        if not by_hand:                                         # the user's own file stays
            target.unlink(missing_ok=True)


def facts_of(path):
    return path.stat().st_size, f"sha256:{digest(path)}"


def check_room(name, room, path):
    """Raises OSError if the disk has not the room (bytes), before an hour of downloading."""
    free = shutil.disk_usage(next(there for there in (path, *path.absolute().parents) if there.exists())).free
    if free < room:
        raise OSError(f"{name} needs {room / 1e6:,.0f} MB in {path}, where {free / 1e6:,.0f} MB are free; "
                      f"free some space, or name another folder in NPNET_HOME")


def unpack(archive, path, only=()):
    """Writes the files of a .tar.gz directly into the folder `path`, without the folder that they are in; their names.

    only: the names of the files that are wanted, all others are passed over; () for all, which must be plain files.
    tarfile only reads here: every file is written by us, under a plain name in one folder. ValueError for anything
    else in the archive, for too much, and for damage; files that it added are removed then.
    """
    archive, path, names = Path(archive), Path(path), []
    before = os.listdir(path) if path.is_dir() else []
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in bounded(tar, archive.name):
                name = plain_name(member, member.name.removeprefix("./") if only else member.name)
                if only and name not in only or member.isdir() or member.isreg() and member.size == 0:
                    continue
                if name is None or name in (*names, archive.name, CONTENTS):
                    raise ValueError(f"{archive.name} holds {member.name!r}, which is not a plain file in one folder, "
                                     f"so it is not unpacked; it may be forged")
                names.append(name)
                with writing(path / name) as temporary, open(temporary, "wb") as file:
                    shutil.copyfileobj(tar.extractfile(member), file, 2**20)
            tar.fileobj.seek(0, os.SEEK_END)                    # reads to the end, where gzip compares its checksum
        if not names or set(only).difference(names):
            lacks = ", ".join(name for name in only if name not in names) or "files"
            raise ValueError(f"{archive} holds no {lacks}; remove it and fetch it again")
    except BaseException as error:                              # stopped by the user, too
        for name in set(names).difference(before):
            (path / name).unlink(missing_ok=True)
        if isinstance(error, (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError)):
            raise ValueError(f"{archive} is not a .tar.gz or is damaged ({error}); remove it and fetch it "
                             f"again") from None
        raise
    return names


def bounded(tar, name):
    """The members of an archive. ValueError when there are too many, or too much is in them."""
    count = total = 0
    for member in tar:
        count, total = count + (not member.isdir()), total + member.size
        if count > MOST_FILES or total > MOST_BYTES:
            raise ValueError(f"{name} holds more than {MOST_FILES} files or {MOST_BYTES:,} bytes, which nothing that "
                             f"npnet fetches does; it is not unpacked")
        yield member


def plain_name(member, path):
    """The last name of a plain file's path of one folder at most; None for anything else."""
    match = MEMBER.fullmatch(path)
    plain = match and member.type in (tarfile.REGTYPE, tarfile.AREGTYPE)        # no link, device or holes
    return match[2] if plain else None
