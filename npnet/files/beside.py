"""Writes a file so that it is either complete or not there.

A program that is stopped in the middle of np.savez leaves half a checkpoint where a whole one was.
So we write into a temporary file in the same folder and rename it at the end: within one folder the
operating system replaces the old file by the new one in a single step.

    with writing("runs/a.npz") as temporary:
        np.savez(temporary, **arrays)

If the block fails, the temporary file is removed and the old file is as it was.
"""
import errno
import os
import secrets
import time
from contextlib import contextmanager, suppress
from pathlib import Path

FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)      # disk, quota, file size


@contextmanager
def writing(path):
    """Yields a temporary path beside `path` that becomes `path` when the block ends without an error.

    The temporary name has the ending of `path` (np.savez and Pillow look at it); the file is there
    and empty. Missing folders are made; a link is followed.
    """
    target = Path(os.path.realpath(path))
    temporary = begin(target)
    try:
        yield temporary
        finish(temporary, target)
    except OSError as error:
        if error.errno in FULL:
            raise OSError(error.errno, f"there is no room left to write {target}; free some space") from None
        raise
    finally:
        temporary.unlink(missing_ok=True)       # after a success the name is already gone


def tidy(folder, older_than=0):
    """Removes what programs that were killed while they wrote have left in a folder, if there is such a folder.

    older_than: seconds since a file was last written; a younger one may belong to a program that still runs.
    """
    latest = time.time() - older_than
    for path in Path(folder).glob(".writing-*"):
        with suppress(OSError):
            if not older_than or path.stat().st_mtime < latest:
                path.unlink()


def begin(target):
    """Makes the folder and an empty temporary file in it; returns its path."""
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder; give the name of a file in it")
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(f"{target} is write-protected; choose another name or lift the protection")
    temporary = target.parent / f".writing-{secrets.token_hex(6)}{target.suffix}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.open("xb").close()
    except (FileExistsError, NotADirectoryError):
        raise NotADirectoryError(f"{target} cannot be written: part of {target.parent} is a file, "
                                 f"not a folder") from None
    except OSError as error:
        kind = PermissionError if isinstance(error, PermissionError) else OSError
        raise kind(f"{target} cannot be written: the folder {target.parent} refuses new files "
                   f"({error.strerror}); choose another folder") from None
    return temporary


def finish(temporary, target):
    """Puts what was written on the disk and gives it its name."""
    if temporary.stat().st_size == 0:
        raise OSError(f"nothing was written for {target}, so it is left as it was; write into the path "
                      f"that writing() gives, exactly as it is spelt")
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())                 # a power cut leaves the old file or the new one
    try:
        os.replace(temporary, target)
    except PermissionError:
        raise PermissionError(f"{target} cannot be replaced; is it open in another program?") from None
