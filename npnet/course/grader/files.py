"""The files of a submission: read from a folder, and the asked one found among them."""
import os
import re
from pathlib import Path, PurePosixPath

from .notebooks import text_of

LEFT_OUT = ("__MACOSX", "__pycache__", ".git", ".ipynb_checkpoints", ".DS_Store")
MOST_FILES = 2000
MOST_BYTES = 50_000_000             # of all files together


def files_of_folder(folder):
    """{name: bytes} of the files of a folder; links are not followed. ValueError: too many, or too large."""
    found, total, folder = {}, 0, Path(folder)
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if set(inside.parts) & set(LEFT_OUT) or path.is_symlink() or not path.is_file():
            continue
        total += path.stat().st_size
        if total > MOST_BYTES or len(found) == MOST_FILES:
            raise ValueError(f"{folder.name} holds more than {MOST_FILES:,} files or {MOST_BYTES // 1_000_000} MB; "
                             f"is it the folder of one submission?")
        if not through_a_link(path, folder):
            found[inside.as_posix()] = path.read_bytes()
    return found


def through_a_link(path, folder):
    """Whether a folder on the way to a path is a link."""
    return os.path.realpath(path) != os.path.join(os.path.realpath(folder), path.relative_to(folder))


def asked(files, filename):
    """(name, bytes) of the asked file, a notebook as the Python text of its cells; (None, None) where it is missing."""
    name = wanted(files, filename)
    if name is None:
        return None, None
    if not name.lower().endswith(".ipynb"):
        return name, files[name]
    try:
        return name, text_of(files[name]).encode()
    except ValueError:                                      # no notebook: what it is, the look at it says
        return name, files[name]


def wanted(files, filename):
    """The name of the asked file among {name: bytes}, or None.

    The name may have a number, as browsers and Canvas add ("a3_conv_backward-1.py", "... (2).py"), may lie in a
    folder, may be that of a notebook, and may be another one altogether if the file has the marks of this assignment.
    """
    stem, id = PurePosixPath(filename).stem, filename.partition("_")[0]
    for ending in ("py", "ipynb"):
        numbered = re.compile(re.escape(stem) + r"(?:[-_ ]?\(?(\d{1,3})\)?)?\." + ending, re.I)
        matches = [(-int(match[1] or 0), name.count("/"), name) for name in files
                   for match in [numbered.fullmatch(PurePosixPath(name).name)] if match]
        if matches:
            return min(matches)[2]
    marked = [name for name, content in files.items() if name.lower().endswith((".py", ".ipynb"))
              and re.search(rf"# BEGIN YOUR CODE\({id}\.".encode(), content)]
    return min(marked, key=lambda name: (name.endswith("ipynb"), name.count("/"), name)) if marked else None
