"""The child process: it runs a student's file, and says over a pipe of its own what every call gave.

It is started as `python -I -S -B worker.py FOLDER`, FOLDER being where NumPy is; it reads no other file of ours and
holds nothing of a solution. Messages are dictionaries; each is a frame: a mark, two lengths, JSON, the arrays' bytes.
What the student prints goes elsewhere, so that printing cannot look like an answer.

Two kinds of limits. The system's, set here, hold whatever the code does: memory, size of a file, number of processes,
where the system has them (Child.holds says which). And refusals inside Python: imports, opening files, starting
processes, the network. Those stop accidents and copied scripts; who works at it can get around them.
"""
import _thread
import builtins
import io
import json
import linecache
import math
import os
import struct
import sys
import types
from importlib.machinery import ModuleSpec          # now: while an import is looked up, it could not be

if __name__ == "__main__":
    sys.path.append(sys.argv[1])

import numpy as np

HEAD = struct.Struct("<8sIQ")           # the mark, and the lengths of the JSON and of the arrays
MARK = b"npnet\r\n1"
MOST_JSON = 1 << 22                     # bytes
MOST_PARTS = 100_000                    # numbers, texts, arrays in one message
DEEPEST = 30                            # lists in lists
TYPES = {"|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"}
WHOLE = "numpy", "math", "parts"        # what an assignment is about; and modules that do no harm
HARMLESS = tuple("""__future__ abc array bisect cmath collections contextlib copy dataclasses decimal enum fractions
functools heapq itertools numbers operator pprint random re statistics string sys textwrap time types typing
warnings""".split())


class Broken(ValueError):
    """A frame that is none, or a message that cannot be sent."""


class RefusedImport(ImportError):
    """A module that a submission may not import."""


class Refused(PermissionError):
    """Something that a submission may not do."""


# ------------------------------------------------------------------------------- messages

def encoded(value, arrays, depth=0, count=None):
    """A value in terms of JSON. Its arrays are put into the list `arrays`, as (type, shape, bytes).

    Broken for a value of another kind, and for one that is too deep or has too many parts.
    """
    count = [0] if count is None else count
    count[0] += 1
    if depth > DEEPEST or count[0] > MOST_PARTS or isinstance(value, str) and len(value) > MOST_JSON:
        raise Broken("a value that is too large")
    if value is None or isinstance(value, (bool, float, str)):
        return value
    if isinstance(value, int) and value.bit_length() < 1000:
        return value
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, (np.ndarray, np.generic)):
        arrays.append(packed(np.asarray(value)))
        return {"number" if isinstance(value, np.generic) else "array": len(arrays) - 1}
    if isinstance(value, (tuple, list)):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [encoded(part, arrays, depth + 1, count) for part in value]}
    if isinstance(value, dict):
        return {"dict": [[str(name), encoded(part, arrays, depth + 1, count)] for name, part in value.items()]}
    raise Broken(f"a {type(value).__name__}")


def packed(array):
    """(type, shape, bytes) of an array of numbers; longer numbers than float64 are shortened to it."""
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind not in "biufc":
        raise Broken(f"an array of {array.dtype}")
    name = kind + str(min(size, 8 if kind == "f" else 16))
    plain = array.astype(np.dtype(name).newbyteorder("<"), order="C", copy=False)
    return plain.dtype.str, list(plain.shape), plain.tobytes()


def decoded(tree, arrays):
    """The value that `encoded` made a tree of."""
    if tree is None or isinstance(tree, (bool, int, float, str)):
        return tree
    [(kind, content)] = tree.items()
    if kind == "complex":
        return complex(*content)
    if kind in ("array", "number"):
        return arrays[content] if kind == "array" else arrays[content][()]
    if kind == "dict":
        return {str(name): decoded(part, arrays) for name, part in content}
    parts = [decoded(part, arrays) for part in content]
    return {"tuple": tuple, "list": list}[kind](parts)


def send(file, message, most):
    """Writes one message. Broken, with nothing written, if its arrays have more than `most` bytes."""
    arrays = []
    tree = encoded(message, arrays)
    size = sum(len(content) for _, _, content in arrays)
    text = json.dumps([tree, [[name, shape] for name, shape, _ in arrays]]).encode()
    if size > most or len(text) > MOST_JSON:
        raise Broken("a message that is too large")
    file.write(b"".join([HEAD.pack(MARK, len(text), size), text, *(content for _, _, content in arrays)]))
    file.flush()


def receive(file, most):
    """Reads one message. EOFError at the end of the stream; Broken for what is no message of ours, or too large."""
    mark, text, size = HEAD.unpack(exactly(file, HEAD.size))
    if mark != MARK:
        raise Broken("something that is no frame")
    if text > MOST_JSON or size > most:
        raise Broken("a message that is too large")
    text, content = exactly(file, text), exactly(file, size)
    try:
        tree, described = json.loads(text)
        return decoded(tree, unpacked(described, content))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError, RecursionError) as error:
        raise Broken(f"a frame with a wrong content: {error}") from None


def unpacked(described, content):
    """The arrays of a message: copies, which can be written to."""
    arrays, start = [], 0
    for name, shape in described:
        if name not in TYPES or len(shape) > 32 or any(type(size) is not int or size < 0 for size in shape):
            raise Broken("an array that is none")
        count = math.prod(shape)
        array = np.frombuffer(content, name, count, start).reshape(shape) if count else np.zeros(shape, name)
        arrays.append(array.copy())
        start += count * np.dtype(name).itemsize
    if start != len(content):
        raise Broken("arrays of another size than their bytes")
    return arrays


def exactly(file, size):
    """The next `size` bytes. EOFError if the stream ends before."""
    content = file.read(size)
    if len(content) < size:
        raise EOFError("the stream ended")
    return content


# ------------------------------------------------------------------------------- limits and refusals

def limit(memory, file, seconds):
    """Sets the system's limits for this process; [names] of those that hold."""
    try:
        import resource
    except ImportError:                                                     # Windows
        return []
    held = []
    for name, most in (("CORE", 0), ("FSIZE", file), ("CPU", seconds), ("NPROC", 0), ("AS", used() + memory)):
        try:
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
            held.append(name)
        except (AttributeError, ValueError, OSError):
            pass
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        held = [name for name in held if name != "NPROC"]                   # the system counts for all users but root
    return held if refuses(memory) else [name for name in held if name != "AS"]


def used():
    """The bytes of address space that this process has now; a guess where the system does not say."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 1 << 30


def refuses(memory):
    """Whether the system refuses more memory than the limit: asked for, not touched."""
    import mmap
    try:
        mmap.mmap(-1, memory + (1 << 26)).close()
    except (OSError, MemoryError, ValueError, OverflowError):
        return True
    return False


class Importer:
    """Gives the module `parts` and the student's other files; refuses what is neither NumPy nor Python's own."""

    def __init__(self, makers):
        self.makers = makers                                                # {name: function(module) that fills it}

    def find_spec(self, name, path=None, target=None):
        if name in self.makers:
            return ModuleSpec(name, self)
        root = name.partition(".")[0]
        if root != "numpy" and root not in sys.stdlib_module_names and not root.startswith("_sysconfigdata"):
            raise RefusedImport(name, name=name)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        self.makers[module.__name__](module)


def builtins_of(allowed):
    """Python's built-in names for a student's module: its imports are held to the allowed ones."""
    real = builtins.__import__

    def importing(name, globals=None, locals=None, fromlist=(), level=0):
        if not level and name.partition(".")[0] not in allowed:
            raise RefusedImport(name, name=name)
        return real(name, globals, locals, fromlist, level)
    return {**vars(builtins), "__import__": importing}


DOING = {"process": ("os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile",
                     "os.kill", "os.killpg", "signal.pthread_kill", "subprocess.Popen", "pty.spawn"),
         "file": ("os.chdir", "os.chmod", "os.chown", "os.link", "os.symlink", "os.mkdir", "os.remove", "os.rename",
                  "os.rmdir", "os.truncate", "os.utime"),
         "system": ("resource.setrlimit", "resource.prlimit", "webbrowser.open")}
DOING = {event: kind for kind, events in DOING.items() for event in events}
ROOMS = {"socket": "network", "ctypes": "system", "shutil": "file", "tempfile": "file", "ftplib": "network",
         "winreg": "system", "urllib": "network", "http": "network", "smtplib": "network", "sqlite3": "file"}


def refuse(readable):
    """From now on Python refuses files outside its own library and the folders `readable`, writing, processes and the
    network. What is installed beside the library's files, npnet perhaps, is not readable."""
    roots = tuple(os.path.join(os.path.realpath(folder), "") for folder in readable)
    library = os.path.join(os.path.realpath(os.path.dirname(os.__file__)), "")
    installed = tuple(os.path.join(library, name, "") for name in ("site-packages", "dist-packages"))
    listed = {os.path.realpath(folder) for folder in sys.path}
    real, string = os.path.realpath, os.fspath
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def inside(path):
        path = real(string(path))
        if not isinstance(path, str):
            return False
        own = path.startswith(library) and not path.startswith(installed)
        return own or path.startswith(roots) or path in listed

    def hook(event, arguments):
        kind = DOING.get(event) or ROOMS.get(event.partition(".")[0])
        if kind:
            raise Refused(f"{kind}: {event}")
        if event == "open":
            path, mode, flags = arguments
            writing = flags & writes if isinstance(flags, int) else mode and set(mode) & set("wax+")
            if isinstance(path, int) or writing or not inside(path):
                raise Refused(f"file: {path}")
        elif event in ("os.listdir", "os.scandir") and not inside(arguments[0] or "."):
            raise Refused(f"file: {arguments[0]}")
    def no_thread(*arguments, **options):
        raise Refused("process: a thread")
    sys.addaudithook(hook)
    for module in "_thread", "threading":                                   # Python 3.10 has no event for it
        for name in {"start_new_thread", "start_new", "_start_new_thread", "start_joinable_thread",
                     "_start_joinable_thread"} & set(vars(sys.modules.get(module, sys))):
            setattr(sys.modules[module], name, no_thread)


# ------------------------------------------------------------------------------- what is printed

class Written(io.TextIOBase):
    """Takes what is printed: the first letters are kept, here and in a file that outlives this process."""

    def __init__(self, descriptor, most):
        self.descriptor, self.most, self.text = descriptor, most, ""
        self.mark()

    def mark(self):
        """Begins again: a zero byte ends the text in the file."""
        self.text = ""
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        os.write(self.descriptor, b"\0")
        os.lseek(self.descriptor, 0, os.SEEK_SET)

    def write(self, text):
        kept = text[:self.most - len(self.text)]
        if kept:
            self.text += kept
            os.write(self.descriptor, kept.encode("utf-8", "replace") + b"\0")
            os.lseek(self.descriptor, -1, os.SEEK_CUR)
        return len(text)

    def getvalue(self):
        return self.text

    def writable(self):
        return True


# ------------------------------------------------------------------------------- the student's file, and calls

class Worker:
    """A student's file in this process. order: the first message of the parent."""

    def __init__(self, order, requests, replies, written):
        self.requests, self.replies, self.written = requests, replies, written
        self.main, self.files, self.most = order["main"], order["files"], order["most"]
        self.token, self.names, self.real = order["token"], {}, {}
        self.performing = {"__name__": "perform"}
        exec(compile(order["perform"], "perform.py", "exec"), self.performing)
        self.proxies = {name: self.proxy(name, names) for name, names in order["others"].items()}
        makers = {name.removesuffix(".py"): self.maker(name) for name in self.files if name != self.main}
        parts = {name: self.proxy(name, names) for name, names in order["parts"].items()}
        makers["parts"] = lambda module: vars(module).update(parts)
        self.makers = makers
        self.ours = {module: dict(vars(module)) for module in (np, np.linalg, np.random, math, builtins)}

    def protect(self):
        """Refuses, from now on, what a submission may not do."""
        sys.meta_path.insert(0, Importer(self.makers))
        self.builtins = builtins_of({*WHOLE, *HARMLESS, *self.makers})
        refuse([*np.__path__, os.path.join(os.path.dirname(np.__path__[0]), "numpy.libs"),
                os.path.join(sys.base_prefix, "DLLs"), os.getcwd()])

    def maker(self, filename):
        """The function that runs one of the student's other files when it is imported."""
        return lambda module: self.execute(module, filename)

    def execute(self, module, filename):
        """Runs a file of the student's as this module."""
        text = self.files[filename]
        linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
        vars(module)["__builtins__"] = self.builtins
        exec(compile(text, filename, "exec"), vars(module))

    def load(self):
        """Runs the student's main file; the reply that says how that went."""
        module = types.ModuleType(self.main.removesuffix(".py"))
        sys.modules[module.__name__] = module
        try:
            self.execute(module, self.main)
        except BaseException as error:
            return self.reply({"error": self.raised(error)})
        self.names = vars(module)
        self.real = {name: self.names[name] for name in self.proxies if name in self.names}
        return self.reply({"error": None})

    def raised(self, error):
        """An exception as a dictionary, whatever its methods do."""
        try:
            found = self.performing["raised"](error, self.main)
            if isinstance(error, SyntaxError) and error.filename == self.main:
                found["line"], found["text"] = error.lineno or 0, str(error.msg)
            return found
        except BaseException:
            return {"kind": "BaseException", "text": ""}

    def run(self, order):
        """Makes one call; the reply with what came of it."""
        self.token, own = order["token"], order["own"]
        self.written.mark()
        for name, proxy in self.proxies.items():
            if own is not None and name not in own:
                self.names[name] = proxy
            elif name in self.real:
                self.names[name] = self.real[name]
        try:
            if not order["program"] and order["function"] not in self.names:
                return self.reply({"error": {"kind": "Missing", "text": order["function"]}})
            found = self.performing["perform"](self.names, order["function"], order["arguments"], order["program"],
                                               self.main, self.written)
        except BaseException as error:
            found = {"error": self.raised(error)}
        return self.reply(found)

    def reply(self, found):
        """The message about a call, and about what the call left behind; NumPy's functions are as they were again."""
        changed = [(module, name) for module, names in self.ours.items()
                   for name, what in names.items() if vars(module).get(name) is not what]
        for module, name in changed:
            vars(module)[name] = self.ours[module][name]
        return {"is": "found", "token": self.token, "found": found, "threads": _thread._count(),
                "replaced": [f"{module.__name__}.{name}" for module, name in changed[:5]],
                "printed": self.written.text}

    def proxy(self, name, names):
        """A function that asks the parent. names: of its arguments, for calls by keyword."""
        def asked(*arguments, **options):
            for key in names[len(arguments):]:
                if not options:
                    break
                if key not in options:
                    raise TypeError(f"{name}() missing the argument {key!r}")
                arguments += (options.pop(key),)
            if options:
                raise TypeError(f"{name}() got an unexpected keyword argument {next(iter(options))!r}")
            return self.ask(name, arguments)
        asked.__name__ = asked.__qualname__ = name
        return asked

    def ask(self, name, arguments):
        """The parent's answer to a question. The parent's exception is raised here, with its text."""
        try:
            send(self.replies, {"is": "question", "token": self.token, "name": name, "arguments": arguments}, self.most)
        except Broken as error:
            raise TypeError(f"{name}() cannot take {error}") from None
        answer = receive(self.requests, self.most)
        if answer["error"] is None:
            return answer["value"]
        kind = getattr(builtins, answer["error"][0], None)
        known = isinstance(kind, type) and issubclass(kind, Exception) and not issubclass(kind, UnicodeError)
        raise (kind if known else RuntimeError)(answer["error"][1])

    def answer(self, reply):
        """Sends a reply; one that cannot be sent is replaced by the reason."""
        try:
            send(self.replies, reply, self.most)
        except (Broken, MemoryError, RecursionError) as error:
            reason = str(error) if isinstance(error, Broken) else "a message that is too large"
            send(self.replies, {**reply, "found": {"error": None, "unsent": reason}}, self.most)


def streams():
    """The parent's two pipes, under other numbers; the usual two lead nowhere."""
    requests, replies = os.dup(0), os.dup(1)
    nowhere(0, 1)
    return open(requests, "rb"), open(replies, "wb")


def nowhere(*usual):
    """Lets descriptors lead nowhere."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for each in usual:
        os.dup2(nothing, each)
    os.close(nothing)


def main():
    requests, replies = streams()
    order = receive(requests, 1 << 30)
    written = Written(os.dup(2), order["printed"])
    worker = Worker(order, requests, replies, written)
    held = limit(order["memory"], order["file"], order["cpu"])
    nowhere(2)                                                              # until here, errors of our own are seen
    sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = written
    worker.protect()
    send(replies, {"is": "held", "token": order["token"], "held": held}, worker.most)
    worker.answer(worker.load())
    while True:
        try:
            order = receive(requests, 1 << 30)
        except EOFError:
            return
        worker.answer(worker.run(order))


if __name__ == "__main__":
    main()
