"""A server on the loopback address, and what servers do to a file: for tests of what is downloaded.

The fixture `server` (conftest.py) is one that runs.
"""
import hashlib
import io
import socket
import tarfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONTENT = bytes(range(256)) * 300                               # 76,800 bytes
PAGE = b"<!DOCTYPE html><html><title>We have moved</title></html>"


class Server(ThreadingHTTPServer):
    """A server on the loopback address; `files` is {path: bytes or function of the handler}, `asked` what was asked for."""

    daemon_threads = True

    def __init__(self):
        self.files, self.asked, self.closing = {}, [], threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """A client that hangs up is no error here."""


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        answer = self.server.files.get(self.path)
        if answer is None:
            self.send_error(404)
        elif callable(answer):
            answer(self)
        else:
            self.begin(len(answer))
            self.wfile.write(answer)

    def begin(self, length=None, code=200, **headers):
        self.send_response(code)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_):
        """Not on the screen."""


@contextmanager
def running():
    """A Server that answers until the block ends."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    server.server_close()
    thread.join()


# ---------------------------------------------------------------------------- what a server may do

def truncated(handler):
    handler.begin(len(CONTENT))
    handler.wfile.write(CONTENT[:1000])


def without_length(handler):
    handler.begin()
    handler.wfile.write(CONTENT)


def stalled(handler):
    handler.begin(len(CONTENT))
    handler.wfile.write(CONTENT[:1000])
    handler.wfile.flush()
    handler.server.closing.wait(10)


def dripping(handler):
    handler.begin(len(CONTENT))
    while not handler.server.closing.wait(0.05):
        handler.wfile.write(b"x")


def silent(handler):
    handler.server.closing.wait(10)


def too_long(handler):
    handler.begin()
    handler.wfile.write(CONTENT + b"and more")


def moved(handler):
    handler.begin(0, 302, Location="/good")


def moved_to_a_page(handler):
    handler.begin(0, 302, Location="/page")


def moved_to_a_file(handler):
    handler.begin(0, 302, Location="file:///etc/passwd")


def hangs_up(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)


# ---------------------------------------------------------------------------- files to serve

def md5_of(content):
    return "md5:" + hashlib.md5(content).hexdigest()


def archive(*members, top="batches/"):
    """A .tar.gz with these (name, bytes), or TarInfo without content, in a folder."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        if top:
            head = tarfile.TarInfo(top)
            head.type = tarfile.DIRTYPE
            tar.addfile(head)
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                info = tarfile.TarInfo(top + member[0])
                info.size = len(member[1])
                tar.addfile(info, io.BytesIO(member[1]))
    return made.getvalue()
