"""A process of its own for a student's code: started with little around it, never waited for, ended whole.

Nothing here knows about the course: messages go in and come out. Reading and writing are done by two threads, because a
pipe whose other end does nothing would hold us up, on every system that Python runs on.
"""
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from .worker import Broken, receive, send

WORKER = Path(__file__).with_name("worker.py")
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
              "NUMEXPR_NUM_THREADS")
KEPT = "PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"
LOOK = 0.1                              # seconds between two looks at how many processes there are
LAST_WORDS = 2                  # seconds in which the pipe of an ended process is read to its end


class Stopped(Exception):
    """The process was ended, or ended itself. reason: time, memory, died, output, broken, processes."""

    def __init__(self, reason, detail=""):
        super().__init__(reason)
        self.reason, self.detail = reason, detail


class Process:
    """A process that runs worker.py as another user, if one is named; `most`: bytes in one message of it."""

    def __init__(self, user=None, most=1 << 26, processes=4):
        self.most, self.processes, self.mark = most, processes, f"NPNET_CHILD={secrets.token_hex(8)}"
        self.folder = Path(tempfile.mkdtemp(prefix="npnet-child-"))
        (self.folder / "work").mkdir()
        shutil.copyfile(WORKER, self.folder / "worker.py")
        try:
            as_user = self.given_to(user) if user else {}
        except (LookupError, OSError):
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        own_group = ({"start_new_session": True} if os.name == "posix" else
                     {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)})
        command = [sys.executable, "-I", "-S", "-B", "-X", "utf8", str(self.folder / "worker.py"),
                   os.path.dirname(np.__path__[0])]
        try:
            with open(self.folder / "printed", "wb") as printed:
                self.process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=printed, env=self.environment(),
                    cwd=self.folder / "work", **own_group, **as_user)
        except OSError as error:
            shutil.rmtree(self.folder, ignore_errors=True)
            who = f"the user {user!r}" if user else "this user"
            raise OSError(error.errno, f"{who} cannot run {sys.executable}: {error.strerror}") from None
        self.read, self.to_write, self.closed = queue.Queue(maxsize=2), queue.Queue(), False
        self.threads = [threading.Thread(target=work, daemon=True) for work in (self.reads, self.writes)]
        for thread in self.threads:
            thread.start()

    def given_to(self, user):
        """Lets another user into the folder; arguments for Popen. LookupError if there is no such user."""
        import pwd                                                          # no Windows has it, and no user= either
        try:
            entry = pwd.getpwnam(user)
        except KeyError:
            raise LookupError(f"there is no user {user!r} on this machine; make one, or grade without --user") from None
        self.folder.chmod(0o755)
        os.chown(self.folder / "work", entry.pw_uid, entry.pw_gid)
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def environment(self):
        """The variables of the child: none of ours but those that it cannot do without."""
        home = str(self.folder / "work")
        name, _, value = self.mark.partition("=")
        return {**{name: os.environ[name] for name in KEPT if name in os.environ}, "HOME": home, "TMPDIR": home,
                "TEMP": home, "TMP": home, "LANG": "C.UTF-8", **dict.fromkeys(ONE_THREAD, "1"), name: value}

    # --------------------------------------------------------------------------- messages

    def reads(self):
        """Puts what the child says into the queue, two messages ahead at most; at the end, why it ended."""
        last = None
        while last is None:
            try:
                item = receive(self.process.stdout, self.most)
            except Broken as error:
                item = last = Stopped("output" if "too large" in str(error) else "broken", str(error))
            except (EOFError, OSError, ValueError, MemoryError):
                item = last = Stopped("died")
            while not self.closed:
                with suppress(queue.Full):
                    self.read.put(item, timeout=0.5)
                    break
            if self.closed:
                return

    def writes(self):
        """Writes what is to be said; None ends it."""
        while (message := self.to_write.get()) is not None:
            with suppress(OSError, ValueError):
                send(self.process.stdin, message, 1 << 30)

    def say(self, message):
        self.to_write.put(message)

    def hear(self, until):
        """The next message. Stopped at the time `until`, or if the process ends or has too many children."""
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise Stopped("time")
            try:
                item = self.read.get(timeout=min(left, LOOK))
            except queue.Empty:
                if len(self.family()) > self.processes:
                    raise Stopped("processes") from None
                if self.process.poll() is None or not self.read.empty():
                    continue
                item = self.last_words()
            if isinstance(item, Stopped):
                raise self.explained(item)
            return item

    def last_words(self):
        """What an ended process had still said: on a busy machine it may be on its way. Stopped if that is nothing."""
        try:
            return self.read.get(timeout=LAST_WORDS)
        except queue.Empty:                                 # another process holds the pipe open
            return Stopped("died")

    def explained(self, stopped):
        """Adds how the process ended; killed by the system, it was for its memory."""
        if stopped.reason != "died":
            return stopped
        try:
            code = self.process.wait(2)
        except subprocess.TimeoutExpired:
            return Stopped("broken", "the pipe was closed")
        if code == -getattr(signal, "SIGKILL", 9):
            return Stopped("memory")
        with suppress(ValueError):
            return Stopped("died", signal.Signals(-code).name if code < 0 else str(code))
        return Stopped("died", str(code))

    def printed(self):
        """What the child had printed when it was ended."""
        with suppress(OSError), open(self.folder / "printed", "rb") as file:
            return file.read(20000).partition(b"\0")[0].decode("utf-8", "replace")
        return ""

    # --------------------------------------------------------------------------- the processes that it has started

    def left(self):
        """What a call has left running: "threads", "processes" or "". "" too where the system does not say."""
        tasks = f"/proc/{self.process.pid}/task"
        with suppress(OSError):
            if len(os.listdir(tasks)) > 1:
                return "threads"
            with open(f"{tasks}/{self.process.pid}/children") as file:
                return "processes" if file.read(1) else ""
        return ""

    def family(self):
        """The numbers of all processes of its session or with its mark, itself too. [] if unknown."""
        found = []
        with suppress(OSError):
            for name in filter(str.isdecimal, os.listdir("/proc")):
                with suppress(OSError, ValueError, IndexError):
                    if int(name) == os.getpid():
                        continue
                    state, _, group, session = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[:4]
                    if state != "Z" and (self.process.pid in (int(group), int(session)) or self.marked(name)):
                        found.append(int(name))
        return found

    def marked(self, number):
        """Whether a process has our mark among its variables, as all have that a child of ours started."""
        with suppress(OSError):
            return self.mark.encode() in Path(f"/proc/{number}/environ").read_bytes()
        return False

    def kill(self):
        """Ends the process, its group, and what has left the group; the folder goes too."""
        self.closed = True
        self.to_write.put(None)
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                subprocess.run(["taskkill", "/F", "/T", "/PID", str(self.process.pid)], capture_output=True)
        self.process.kill()
        for _ in range(100):                                                # its number is ours until we wait for it
            strays = self.family()
            for number in strays:
                with suppress(OSError):
                    os.kill(number, signal.SIGKILL)
            if not strays:
                break
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        for thread, pipe in zip(self.threads, (self.process.stdout, self.process.stdin)):
            thread.join(2)
            if not thread.is_alive():                                       # else closing would wait for it
                with suppress(OSError):
                    pipe.close()
        shutil.rmtree(self.folder, ignore_errors=True)
