"""This machine: its processor, and how much memory it has to give.

    processor_model()       its name
    free_memory()           bytes that this process may still take, None where nobody says
    switched_on(variable)   what its user wants of it
"""
import os
import platform
import subprocess
import sys
from pathlib import Path


def processor_model():
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return output_of("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor() or "unknown"


def output_of(*command):
    """What a small program prints, or "" where it is missing, fails or does not answer."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


# ---------------------------------------------------------------------------- what is free

def free_memory():
    """Bytes that this process may still take: the least of what the computer has and what its groups allow.

    Linux: MemAvailable, and the limits of control groups (versions 1 and 2: containers, batch systems).
    Windows: what GlobalMemoryStatusEx says. None elsewhere, and where nothing can be read.
    """
    if sys.platform == "win32":
        return windows_memory()
    answers = [available(), *group_room(Path("/sys/fs/cgroup"), own_groups())]
    return min((answer for answer in answers if answer is not None), default=None)


def available(path="/proc/meminfo"):
    """MemAvailable in bytes, or None."""
    return next((1024 * int(line.split()[1]) for line in lines(path) if line.startswith("MemAvailable:")), None)


def own_groups(path="/proc/self/cgroup"):
    """The control groups of this process, [(controllers, group), ...]; controllers is empty for version 2."""
    return [tuple(line.split(":", 2)[1:]) for line in lines(path) if line.count(":") > 1]


def group_room(root, groups):
    """Bytes that each control group with a limit has left: of the process's own groups and of those above them."""
    for controllers, group in groups:
        if controllers and "memory" not in controllers.split(","):
            continue
        base = root / "memory" if controllers else root
        names = ("memory.limit_in_bytes", "memory.usage_in_bytes") if controllers else ("memory.max", "memory.current")
        place = base / group.lstrip("/")
        for folder in (place, *place.parents):
            if folder != base and base not in folder.parents:
                break
            limit, used = ("".join(lines(folder / name)).strip() for name in names)
            if limit.isdecimal() and used.isdecimal():                      # no limit is the word max
                yield max(0, int(limit) - int(used) + reclaimable(folder))


def reclaimable(folder):
    """Bytes of files that a control group keeps in memory and would give up: they count as used, but are free."""
    return next((int(line.split()[1]) for line in lines(folder / "memory.stat")
                 if line.startswith(("inactive_file ", "total_inactive_file "))), 0)


def lines(path):
    """The lines of a small text file; none if it cannot be read."""
    try:
        return Path(path).read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def windows_memory():
    """Bytes of memory that Windows has left, or None."""
    try:
        import ctypes
        status = (ctypes.c_ulonglong * 8)()                 # MEMORYSTATUSEX: two 32-bit numbers, then seven of 64
        status[0] = ctypes.sizeof(status)                   # its length, in the lower half of the first
        return int(status[2]) if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else None
    except (ImportError, AttributeError, OSError):
        return None


def switched_on(variable):
    """Whether a variable of the environment leaves something on: 1, or not set. ValueError unless it is 0 or 1."""
    value = os.environ.get(variable) or "1"
    if value not in ("0", "1"):
        raise ValueError(f"{variable} must be 0 (off) or 1 (on), got {value!r}")
    return value == "1"
