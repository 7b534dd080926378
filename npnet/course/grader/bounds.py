"""Limits for a short while in this process: answers to a student's code are computed here, from its arguments.

    with bounded(5, 1 << 30):
        im2col(x, R, S, stride, pad)            # TimeoutError after 5 seconds, MemoryError for more than 1 GiB

A slip there asks for a frame of a million zeros as easily as for one of two. Both limits hold where the system has
them, time in the main thread only.
"""
import signal
import threading
from contextlib import ExitStack, contextmanager

from .worker import used


@contextmanager
def bounded(seconds, memory):
    """While this lasts, Python code ends after so many seconds, and more memory than so many bytes is refused."""
    with ExitStack() as stack:
        stack.enter_context(memory_bounded(memory))
        stack.enter_context(time_bounded(seconds))
        yield


@contextmanager
def memory_bounded(memory):
    """At most so many bytes more than now; nothing where the system has no such limit."""
    try:
        import resource
        before = resource.getrlimit(resource.RLIMIT_AS)
        most = used() + memory
        if before[0] == resource.RLIM_INFINITY or before[0] > most:
            resource.setrlimit(resource.RLIMIT_AS, (most, before[1]))
        else:
            before = None
    except (ImportError, AttributeError, ValueError, OSError):
        before = None
    try:
        yield
    finally:
        if before:
            resource.setrlimit(resource.RLIMIT_AS, before)


@contextmanager
def time_bounded(seconds):
    """At most so many seconds of Python code; nothing outside the main thread, and where there is no such signal."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(number, frame):
        raise TimeoutError(f"the answer took more than {seconds:g} seconds")
    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
