"""Whether a handout gives the solution away: what is in it is held against a list of what may be, and read through.

    leaks(files, source, starter)       sentences; [] for a handout that can go out

Public course materials have leaked compiled solutions, outputs of notebooks and whole folders of a
version control; so everything that is not asked for is refused, and what is asked for is read again.
"""
import json
import re
from pathlib import PurePosixPath

SHORT = 12                                                      # characters; shorter lines of a solution say nothing
NEVER = ("__pycache__", ".git", ".ipynb_checkpoints", "__MACOSX", ".DS_Store")
COMPILED = (".pyc", ".pyo", ".so", ".pyd", ".dll", ".npz", ".pkl")


def leaks(files, source, allowed):
    """Sentences on what must not be in a handout.

    files: {name: bytes}. source: the assignment's Source. allowed: the names that may be there.
    """
    found = []
    for name in sorted(files):
        found += wrong_name(name, allowed)
    known = lines_of("\n".join([source.starter("en"), source.starter("ko")]))
    for name, content in sorted(files.items()):
        text = content.decode("utf-8", "replace")
        if name.endswith(".ipynb"):
            found += leaks_of_notebook(name, text)
            text = text_of_notebook(text)
        found += [f"{name} holds a line of the solution of {secret_of(source, line)}: {line}"
                  for line in sorted(lines_of(text) & (secret_lines(source) - known))]
        found += [f"{name} holds the marker of a solution: {marker}"
                  for marker in re.findall(r"# BEGIN SOLUTION\([\w.]+", text)]
    return found


def wrong_name(name, allowed):
    """Sentences on the name of one file."""
    path = PurePosixPath(name)
    found = []
    if name not in allowed:
        found.append(f"{name} is not asked for; the handout holds {', '.join(sorted(allowed))}")
    if set(path.parts) & set(NEVER) or path.suffix in COMPILED:
        found.append(f"{name} must never be in a handout")
    if path.is_absolute() or ".." in path.parts:
        found.append(f"{name} leads out of the folder that the handout is unpacked in")
    return found


def lines_of(text):
    """The lines of a text that say something, without indentation, without a comment behind the code."""
    stripped = (squeezed(line) for line in text.splitlines())
    return {line for line in stripped if len(line) > SHORT}


def squeezed(line):
    """A line without indentation, without a comment, with single spaces, so that two ways to write it are one."""
    code = line.partition("  #")[0] if not line.lstrip().startswith("#") else line
    return " ".join(code.split())


def secret_lines(source):
    """What no handout may hold: the lines of all regions of the solution."""
    lines = source.solution.splitlines()
    return {line for region in solved(source).values() for first, end in region.blocks
            for line in lines_of("\n".join(lines[first:end]))}


def solved(source):
    """{id: Region} with the places of the blocks in source.solution."""
    from .grader.source import regions_of
    return regions_of(source.solution, source.filename)


def secret_of(source, line):
    """The id of the first region that a line of the solution is from."""
    lines = source.solution.splitlines()
    for id, region in solved(source).items():
        if any(line in lines_of("\n".join(lines[first:end])) for first, end in region.blocks):
            return id
    return source.filename


def leaks_of_notebook(name, text):
    """Sentences on outputs, counters and metadata of a notebook's cells."""
    try:
        cells = json.loads(text)["cells"]
    except (ValueError, KeyError, TypeError):
        return [f"{name} is not a notebook"]
    found = []
    for place, cell in enumerate(cells):
        if cell.get("outputs"):
            found.append(f"{name}: cell {place} has outputs")
        if cell.get("execution_count") is not None:
            found.append(f"{name}: cell {place} was run")
        if cell.get("metadata"):
            found.append(f"{name}: cell {place} has metadata: {', '.join(sorted(cell['metadata']))}")
    return found


def text_of_notebook(text):
    """The lines of all cells."""
    try:
        return "\n".join("".join(cell.get("source", "")) for cell in json.loads(text)["cells"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return text
