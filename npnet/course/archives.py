"""Zip files from strangers: read into memory, within limits, and never unpacked onto the disk.

    files = members("kim.zip")          # {"a3_conv_backward.py": b"...", "notes/readme.txt": b"..."}

A zip may lie about sizes (a bomb), name places outside the folder it is unpacked in ("../../.ssh"), or hold links.
All of that is refused with one sentence; the names of folders are kept, so that a student's folder inside is found.
"""
import io
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from .grader.files import LEFT_OUT, MOST_BYTES, MOST_FILES

DEEPEST = 2                         # zips within zips
NAMED_IN_UTF8 = 0x800               # a flag of a zip's entry


def members(source, most_bytes=MOST_BYTES):
    """{name: bytes} of the files of a zip (a path, or bytes). Names have "/" between folders.

    ValueError, one sentence: no zip, damaged, encrypted, too large, or a name that leads out of the folder.
    """
    name = "the zip" if isinstance(source, bytes) else Path(source).name
    opened = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with zipfile.ZipFile(opened) as archive:
            return read(archive, name, most_bytes)
    except zipfile.BadZipFile:
        raise ValueError(f"{name} is not a zip, or it is damaged; ask for it again") from None
    except (NotImplementedError, RuntimeError, EOFError, OSError, zlib.error) as error:
        if isinstance(error, OSError) and not isinstance(source, bytes) and not Path(source).is_file():
            raise
        raise ValueError(f"{name} cannot be unpacked: {error}") from None


def read(archive, name, most_bytes):
    """{name: bytes} of an open zip."""
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > MOST_FILES:
        raise ValueError(f"{name} holds {len(entries):,} files; {MOST_FILES:,} is the most")
    found, total = {}, 0
    for entry in entries:
        inside = safe(spelt(entry), name)
        if (entry.external_attr >> 16) & 0o170000 == 0o120000:
            raise ValueError(f"{name} holds a link, {inside}; only plain files are taken")
        if set(PurePosixPath(inside).parts) & set(LEFT_OUT):
            continue
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{name} is packed in a way that is not taken; ask for a plain zip")
        if entry.flag_bits & 1:
            raise ValueError(f"{name} has a password; ask for it without one")
        found[inside] = unpacked(archive, entry, most_bytes - total, name)
        total += len(found[inside])
    return found


def unpacked(archive, entry, most, name):
    """The bytes of one file. Its stated size is not believed: reading stops where the limit is reached."""
    with archive.open(entry) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{name} unpacks to more than {MOST_BYTES // 1_000_000} MB; ask for one without data and "
                         f"checkpoints")
    return content


def spelt(entry):
    """The name of an entry. Windows writes Korean names without saying in which code."""
    if entry.flag_bits & NAMED_IN_UTF8:
        return entry.filename
    try:
        written = entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return entry.filename
    for code in ("utf-8", "cp949"):
        try:
            return written.decode(code)
        except UnicodeDecodeError:
            pass
    return entry.filename


def safe(name, archive):
    """A name with "/" between folders. ValueError if it leads out of the folder that it would be unpacked in."""
    inside = name.replace("\\", "/")
    parts = PurePosixPath(inside).parts
    if inside.startswith("/") or ".." in parts or not parts or ":" in parts[0] or "\0" in inside:
        raise ValueError(f"{archive} holds {name!r}, which leads out of its folder; it is not unpacked")
    return "/".join(parts)


def flattened(files, depth=DEEPEST):
    """The same files, with those of zips inside in the place of the zips. A zip inside that is broken is left out."""
    found, left = {}, MOST_BYTES
    for name, content in files.items():
        if name.lower().endswith(".zip") and depth > 0:
            try:
                inner = flattened(members(content, left), depth - 1)
            except ValueError:
                continue
            left -= sum(map(len, inner.values()))
            found.update({f"{name[:-4]}/{each}": bytes_of for each, bytes_of in inner.items()})
        else:
            found[name] = content
    return found
