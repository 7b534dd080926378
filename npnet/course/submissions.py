"""Whose files are these? Submissions as teachers have them: a folder or a zip, as Canvas, Moodle or Gradescope give it.

    for submission in submissions("downloads.zip"):
        submission.id, submission.files             # "12345", {"a3_conv_backward.py": b"..."}

Names that are understood, beside a folder, a zip or a file for each student:

    kimminsu_LATE_12345_67890_a3_conv_backward-1.py     Canvas: name, late, student, attachment, file
    Kim Minsu_12345_assignsubmission_file_/...          Moodle: name, participant
    submission_12345/...                                Gradescope; addresses from submission_metadata.yml
"""
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from .archives import flattened, members
from .grader.files import files_of_folder

WHOLE_CLASS = 2_000_000_000         # bytes of all submissions of a class, in one zip
CANVAS = re.compile(r"(?P<name>[^_]+)(?P<late>_late)?_(?P<id>\d+)_(?P<attachment>\d+)_(?P<file>.+)", re.I)
MOODLE = re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)(?:_(?P<file>.*))?", re.I)
GRADESCOPE = re.compile(r"submission_(?P<id>\d+)")
NOT_ONES = ("submission_metadata.yml", "grades.csv", "reports")        # of a download, and what a grading leaves there


@dataclass
class Submission:
    """What one student, or one group, handed in. problem: a sentence, where it cannot be read; files are then {}."""

    id: str
    name: str = ""
    files: dict = field(default_factory=dict)
    late: bool = False
    problem: str = ""


def submissions(path):
    """All submissions in a folder or a zip, sorted by id. ValueError: there are none. A bad one has its problem."""
    found = {}
    for name, content in entries(Path(path)):
        about = owner(name)
        submission = found.setdefault(about["id"], Submission(about["id"], about["name"]))
        submission.late |= about["late"]
        try:
            files = content() if callable(content) else content
            submission.files.update(flattened(placed(files, about["file"])))
        except (ValueError, OSError) as error:
            submission.problem = " ".join(str(error).split())
    if not found:
        raise ValueError(f"{path} holds no submissions; give the folder of zips, or the zip, as it was downloaded")
    return sorted(found.values(), key=lambda submission: submission.id)


def one(path):
    """{name: bytes} of one submission: a folder, a zip, or a single file. ValueError: it cannot be read."""
    path = Path(path)
    if path.is_dir():
        return flattened(files_of_folder(path))
    if not path.is_file():
        raise ValueError(f"{path} is not there; give a folder, a zip or a .py file")
    return flattened(members(path)) if path.suffix.lower() == ".zip" else {path.name: path.read_bytes()}


def id_of(path):
    """The id of the student whose one submission a path is: the same that `submissions` finds for it in a download."""
    path = Path(path).resolve()
    addresses = path.parent / "submission_metadata.yml"
    names = addresses_of(addresses.read_text("utf-8", "replace")) if addresses.is_file() else {}
    return owner(names.get(path.name, path.name))["id"]


# ---------------------------------------------------------------------------- what is in a download

def entries(path):
    """(name, {name: bytes}, or a function that gives it) for everything at the top of a folder or zip."""
    if path.is_dir():
        addresses = path / "submission_metadata.yml"
        names = addresses_of(addresses.read_text("utf-8", "replace")) if addresses.is_file() else {}
        for each in sorted(path.iterdir()):
            if each.name not in NOT_ONES and not each.name.startswith("."):
                yield names.get(each.name, each.name), loader(each)
    else:
        yield from entries_of_zip(members(path, WHOLE_CLASS))


def entries_of_zip(files):
    """The same for the files of a zip. A folder that holds everything is looked through."""
    tops = {PurePosixPath(name).parts[0] for name in files}
    while len(tops) == 1 and all(len(PurePosixPath(name).parts) > 1 for name in files):
        top = tops.pop()
        if owner(top)["known"]:                             # the folder of the only student
            tops = {top}
            break
        files = {name[len(top) + 1:]: content for name, content in files.items()}
        tops = {PurePosixPath(name).parts[0] for name in files}
    addresses = files.pop("submission_metadata.yml", b"").decode("utf-8", "replace")
    names = addresses_of(addresses)
    for top in sorted(tops - set(NOT_ONES)):
        if top in files:
            content = files[top]
            yield top, (lambda content=content: members(content)) if top.lower().endswith(".zip") else {top: content}
        else:
            inside = {name[len(top) + 1:]: content for name, content in files.items() if name.startswith(top + "/")}
            yield names.get(top, top), inside


def loader(path):
    """A function that reads a folder, a zip or a file."""
    if path.is_dir():
        return lambda: files_of_folder(path)
    if path.suffix.lower() == ".zip":
        return lambda: members(path)
    return lambda: {path.name: path.read_bytes()}


def placed(files, file):
    """The files, with the file's own name where a download put others before it; a zip is unpacked already."""
    renamed = file and not file.lower().endswith(".zip") and len(files) == 1
    return {file: content for content in files.values()} if renamed else files


def owner(name):
    """Whose an entry of a download is: {"id", "name", "late", "file", "known": whether the name is one of a system}."""
    stem = re.sub(r"\.(zip|py|ipynb)$", "", name, flags=re.I)
    for pattern in (MOODLE, CANVAS, GRADESCOPE):
        match = pattern.fullmatch(name)
        if match:
            parts = match.groupdict()
            return {"id": parts["id"], "name": parts.get("name") or "", "late": bool(parts.get("late")),
                    "file": parts.get("file") or "", "known": True}
    return {"id": stem, "name": "", "late": False, "file": "", "known": False}


def addresses_of(text):
    """{"submission_12345": "kim@x.org, lee@x.org"} of Gradescope's submission_metadata.yml."""
    found, current = {}, None
    for line in text.splitlines():
        start = re.match(r"['\"]?(submission_\d+)['\"]?:\s*$", line)
        address = re.match(r"\s+(?:- )?:?email: *['\"]?([^'\"\s]+)", line)
        if start:
            current = start[1]
        elif address and current:
            found.setdefault(current, []).append(address[1])
    return {name: ",".join(sorted(addresses)) for name, addresses in found.items()}
