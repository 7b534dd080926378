"""A function of the library with one line changed: the mistakes of operations that the course has no assignment on.

    wrong = changed(avg_pool_forward_loops, "total / area", "total / (R * S)")
"""
import inspect


def changed(function, line, becomes):
    """The function with a part of its text, which must stand there once, replaced. ValueError: it does not."""
    text = inspect.getsource(function)
    if text.count(line) != 1:
        raise ValueError(f"{function.__name__} must hold {line!r} once; it holds it {text.count(line)} times")
    made = {}
    exec(compile(text.replace(line, becomes), f"<{function.__name__}, changed>", "exec"), function.__globals__, made)
    return made[function.__name__]
