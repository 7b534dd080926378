"""Why a call of a student's function gave no value, as far as it is the child process that knows: words/child.toml."""
from .results import Note

OURS = {"Refused": "child.refused", "RefusedImport": "child.refused.import", "SystemExit": "child.error.exit",
        "Missing": "child.error.missing"}
KNOWN = {**OURS, "MemoryError": "child.error.memory", "RecursionError": "child.error.recursion"}


def reason(outcome, loading=False):
    """The Note that says why no value came, or why what came is no value; None where there is nothing to say.

    loading: the outcome is of running the file, before any call.
    """
    seconds = {"seconds": f"{outcome.seconds:.2g}"}
    if outcome.stopped and loading:
        return Note("child.loading.time" if outcome.stopped == "time" else "child.loading.ended", seconds)
    if outcome.stopped:
        return Note(f"child.{outcome.stopped}", seconds)
    if outcome.error is not None:
        return of_error(outcome.error, "child.loading.raised" if loading else None)
    if is_strange(outcome.value):
        return Note("child.strange", {"kind": outcome.value["strange"]})
    return None


def of_error(error, otherwise=None):
    """The Note of an exception; the one called `otherwise` for an exception that is not known here."""
    name = KNOWN.get(error.kind, otherwise)
    what = error.text.partition(":")[0]
    if error.kind == "Refused":
        name = f"child.refused.{what if what in ('process', 'network', 'system') else 'file'}"
    return Note(name, {"line": error.line, "kind": error.kind, "text": error.text, "code": error.code,
                       "function": error.function, "module": error.text}, error.line) if name else None


def is_strange(value):
    """Whether a value was of a kind that no number can be read from: then only the name of its kind came."""
    return isinstance(value, dict) and set(value) == {"strange"}


def ours(outcome):
    """Whether the child's sentence is the one to print: a call that was ended or refused, or a value that is none."""
    refused = outcome.error is not None and outcome.error.kind in OURS
    return bool(outcome.stopped) or is_strange(outcome.value) or refused
