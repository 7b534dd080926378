"""Downloads a file from the first of several addresses that gives it complete and right.

    download(["https://one.org/a.gz", "https://two.org/a.gz"], "data/a.gz", checksum="md5:d53e105e...")

Addresses of data sets die, and what then answers is often a friendly web page under the old name. So a file has its
name only after its length and its checksum were found right; until then it is written beside.
"""
import hashlib
import re
import time
from pathlib import Path

from .beside import writing

PIECE = 2**16                   # bytes asked for at a time
SLOWEST = 100                   # bytes per second; a server below it is not waited for
TIMEOUT = 20                    # seconds without an answer, or below SLOWEST
DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "git": 40}       # kinds of checksum: hexadecimal digits
FEWEST = 8                      # digits of a checksum of which only the beginning is known
WEB_PAGE = re.compile(rb"\s*(<!doctype html|<html|<\?xml[^>]*>\s*<!doctype html)", re.IGNORECASE)


def download(addresses, path, size=None, checksum=None, progress=None, timeout=TIMEOUT):
    """Writes to `path` what the first good address gives; returns the Path.

    addresses: one, or several that are tried in this order, http:// or https://
    size: in bytes, if it is known
    checksum: "md5:...", "sha1:...", "sha256:..." or "git:..." (of a blob), or the beginning of one
    progress: called as progress(bytes so far, bytes in all or None)
    timeout: seconds after which a server that says nothing, or next to nothing, is given up

    ConnectionError, which says what happened at each address, if none gave the file; OSError if it cannot be written.
    """
    addresses, path, failures = [addresses] if isinstance(addresses, str) else list(addresses), Path(path), []
    if not addresses:
        raise ValueError("download needs at least one address")
    for address in addresses:
        if not re.match(r"https?://[^\s/]", address):
            raise ValueError(f"an address must begin with http:// or https://, got {address!r}")
    if checksum is not None:
        digits_of(checksum)                                     # or ValueError
    for address in addresses:
        try:
            with writing(path) as temporary:
                start = receive(address, temporary, size, progress or (lambda done, total: None), timeout)
                check(temporary, start, checksum)
            return path
        except Failed as failure:
            failures.append(f"{address} {failure}")
    raise ConnectionError(f"{path.name} could not be downloaded: {'; '.join(failures)}; try again later, or get the "
                          f"file in another way and put it at {path}")


def right(path, size=None, checksum=None):
    """Whether the file is there and has this size and this checksum, as far as they are known."""
    path = Path(path)
    return path.is_file() and size in (None, path.stat().st_size) and (
        checksum is None or digest(path, checksum).startswith(digits_of(checksum)))


def wrong(path, size=None, checksum=None):
    """What is wrong with a file that is there, its size or its checksum, in words; "" for nothing, or for no file."""
    path = Path(path)
    if not path.is_file() or right(path, size, checksum):
        return ""
    there = path.stat().st_size
    if size not in (None, there):
        return f"the file at {path} has {there:,} bytes, where {size:,} are right"
    kind = checksum.partition(":")[0]
    return (f"the file at {path} has {there:,} bytes with the {kind} {digest(path, kind)}, where {digits_of(checksum)} "
            f"is right")


def digest(path, kind="sha256"):
    """The checksum of a file in hexadecimal digits. kind: "md5", "sha1", "sha256" or "git"; ":..." may follow."""
    path, kind = Path(path), kind.partition(":")[0]
    sums = hashlib.new("sha1" if kind == "git" else kind, usedforsecurity=False)
    if kind == "git":                                           # how Git names the content of a file
        sums.update(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as file:
        while piece := file.read(2**20):
            sums.update(piece)
    return sums.hexdigest()


# ---------------------------------------------------------------------------- one address

class Failed(Exception):
    """What happened at an address: the rest of a sentence that begins with it."""


def receive(address, temporary, size, progress, timeout):
    """Writes what the address sends to the file; returns its first bytes. Failed if less or more comes than must, or
    next to nothing for too long."""
    with opened(address, timeout) as answer, open(temporary, "wb") as file:
        length = answer.length                                  # None where the server does not say
        if size is not None and length not in (None, size):
            raise Failed(f"offers {page_word(piece_of(answer, timeout))}{length:,} bytes where the file has {size:,}")
        total, done, start, began, before = length if size is None else size, 0, b"", time.monotonic(), 0
        progress(0, total)
        while piece := piece_of(answer, timeout):
            start = start or piece
            done += len(piece)
            if total is not None and done > total:
                raise Failed(f"sends {page_word(start)}more than the {total:,} bytes of the file")
            file.write(piece)
            progress(done, total)
            elapsed = time.monotonic() - began
            if elapsed > timeout:
                if done - before < SLOWEST * elapsed:
                    raise Failed(f"sends only {(done - before) / elapsed:.0f} bytes per second")
                began, before = time.monotonic(), done          # a new stretch of time begins
    if total is not None and done < total:
        raise Failed(f"broke off after {done:,} of {total:,} bytes")
    if done == 0:
        raise Failed("sent an empty file")
    return start


def check(temporary, start, checksum):
    """Raises Failed unless the file is right."""
    if checksum is None:
        if WEB_PAGE.match(start) and temporary.suffix not in (".html", ".htm"):
            raise Failed("sent a web page in place of the file")
    elif not right(temporary, None, checksum):
        raise Failed(f"sent {page_word(start)}{temporary.stat().st_size:,} bytes with the {checksum.partition(':')[0]} "
                     f"{digest(temporary, checksum)}, where {digits_of(checksum)} is right")


def page_word(start):
    """Three words for what often stands where a file has been."""
    return "a web page, " if WEB_PAGE.match(start) else ""


def opened(address, timeout):
    """The server's answer. Failed for every trouble of the network, and for what is no answer of the web."""
    import http.client
    import urllib.request                                       # here: they take longer than the rest of npnet.files
    request = urllib.request.Request(address, headers={"User-Agent": "npnet"})         # some refuse Python-urllib
    answer = attempt(lambda: urllib.request.urlopen(request, timeout=timeout), timeout)
    if not isinstance(answer, http.client.HTTPResponse):
        answer.close()
        raise Failed(f"leads to {answer.url}, which is not an address of the web")
    return answer


def piece_of(answer, timeout):
    """The next bytes that have come, b"" at the end; read() would wait for all of them."""
    return attempt(lambda: answer.read1(PIECE), timeout)


def attempt(ask, timeout):
    """What `ask()` returns. Troubles of the network become Failed; those of the disk are the caller's."""
    from http.client import HTTPException
    try:
        return ask()
    except (OSError, HTTPException, ValueError) as trouble:     # URLError and timeouts are OSError
        if hasattr(trouble, "close"):                           # HTTPError is the answer, too
            trouble.close()
        raise Failed(reason_of(trouble, timeout)) from None


def reason_of(trouble, timeout):
    """What went wrong in the network, in words."""
    import socket
    if getattr(trouble, "code", None):                          # HTTPError: an answer, but no file
        return f"answers {trouble.code} ({trouble.reason})"
    trouble = getattr(trouble, "reason", trouble)               # URLError is only a wrapping
    if isinstance(trouble, TimeoutError):
        return f"did not answer for {timeout:g} seconds"
    if isinstance(trouble, ConnectionRefusedError):
        return "refuses connections"
    if isinstance(trouble, socket.gaierror):
        return "cannot be reached (no network?)"
    text = getattr(trouble, "strerror", None) or str(trouble)
    return f"failed ({' '.join(text.split()) or type(trouble).__name__})"


def digits_of(checksum):
    """The hexadecimal digits of "md5:..."; ValueError for anything else."""
    kind, _, digits = checksum.lower().partition(":")
    if kind not in DIGITS or not re.fullmatch(f"[0-9a-f]{{{FEWEST},{DIGITS[kind]}}}", digits):
        raise ValueError(f"a checksum must be one of {', '.join(DIGITS)}, a colon and {FEWEST} or more hexadecimal "
                         f"digits, got {checksum!r}")
    return digits
