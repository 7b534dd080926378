"""Memory of this process: the most that it held, and page faults, where the system says them."""
import sys
from pathlib import Path

try:
    import resource
except ImportError:             # Windows
    resource = None


def during(task):
    """Calls task(); {"peak": bytes that the process held at the worst moment, "minor": page faults for which the
    system had to find or clear memory, "major": those that waited for a disk}, each None where nobody says it."""
    forget_peak()
    before = faults()
    task()
    after = faults()
    minor, major = (None if before is None else b - a for a, b in zip(before or (0, 0), after or (0, 0)))
    return {"peak": peak(), "minor": minor, "major": major}


def forget_peak():
    """Linux: the peak from now on, in place of that since the process began. Elsewhere that stays the peak."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def peak():
    """Bytes that this process held at the worst moment."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        pass
    if resource is None:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def faults():
    """(minor, major) page faults so far, or None."""
    if resource is None:
        return None
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_minflt, usage.ru_majflt
