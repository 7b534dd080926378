"""A lock of the system's: what one process does, no other does meanwhile.

    with locked("runs/a/.lock", "the run in runs/a"):
        ...

It dies with its process, however that ends, so nobody has to clear away what a killed program has left. The file
says which process holds it, on which host; it is removed in the end.
"""
import errno
import os
import socket
from contextlib import contextmanager, suppress

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:                                         # Windows
    flock = None
    import msvcrt

BEYOND = 2 ** 20                # the byte that Windows locks: not one of those that say who holds the lock


@contextmanager
def locked(path, what):
    """Holds the lock of a file, which is made. BlockingIOError, one sentence, if another process holds it.

    Where no file can be made, or the file system has no locks, nothing is held.
    """
    file = taken(path, what)
    try:
        yield
    finally:
        if file is not None:
            with suppress(OSError):                         # Windows removes no file that is open
                os.unlink(path)
            os.close(file)
            with suppress(OSError):
                os.unlink(path) if flock is None else None


def taken(path, what):
    """The open file whose lock is held now, or None where there are no locks."""
    while True:
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError:
            return None
        try:
            hold(file)
        except OSError as error:
            holder = os.read(file, 200).decode(errors="replace").strip()
            os.close(file)
            if error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
                return None
            raise BlockingIOError(error.errno, f"{what} is being written by {holder or 'another process'}; wait for "
                                               f"its end, or choose another folder") from None
        if is_there(file, path):
            os.truncate(file, 0)
            os.write(file, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
            return file
        os.close(file)                                      # who held it before has removed it


def hold(file):
    """Locks an open file. OSError if it is locked already."""
    if flock is not None:
        return flock(file, LOCK_EX | LOCK_NB)
    os.lseek(file, BEYOND, os.SEEK_SET)
    try:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    finally:
        os.lseek(file, 0, os.SEEK_SET)


def is_there(file, path):
    """Whether an open file is still the one of that path."""
    try:
        return os.path.samestat(os.fstat(file), os.stat(path))
    except FileNotFoundError:
        return False
