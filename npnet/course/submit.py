"""What is handed in: a zip with the file that was asked for and a manifest. Nothing is sent anywhere.

    a3.zip
        a3_conv_backward.py
        manifest.json           SHA-256 of the file, versions, what the last check said, how many hints were seen
"""
import hashlib
import json
import platform
import zipfile

import numpy as np

from .. import __version__
from ..files import writing
from ..screen import size
from .answers import unanswered
from .grader.report import short
from .grader.source import blocks_of, stub
from .handout import zip_of
from .workspace import free_name, known

MANIFEST = "manifest.json"


def submit(work, id):
    """Writes the zip of an assignment; returns sentences. ValueError: it is not started, or its marks are damaged."""
    assignment = known(id, work.language)
    text = work.read(id)
    for region in assignment.source.regions:
        work.blocks(text, region)                           # damaged marks are told before anything is written
    content = work.path(id).read_bytes() if work.path(id).suffix == ".py" else text.encode()
    manifest = manifest_of(work, assignment, content)
    files = {assignment.filename: content, MANIFEST: json.dumps(manifest, ensure_ascii=False, indent=1).encode()}
    path, notes = target(work, id)
    with writing(path) as temporary:
        temporary.write_bytes(zip_of(files))
    lines = [*notes, work.say_of("submit.wrote", file=path.name),
             work.say_of("submit.file", file=assignment.filename, size=size(len(content)), digest=digest(content)[:8]),
             work.say_of("submit.manifest", file=MANIFEST)]
    return [*lines, *state_lines(work, assignment, text, manifest), work.say_of("submit.hand_in", file=path.name)]


def manifest_of(work, assignment, content):
    """What a grader may want to know of a submission, and nothing about who wrote it."""
    last = work.remembered("last", assignment.id, {})
    checked = work.remembered("checked", assignment.id, {})
    hints = {region: work.remembered("hints", region, 0) for region in assignment.source.regions}
    return {"npnet": __version__, "assignment": assignment.id, "python": platform.python_version(),
            "numpy": np.__version__, "files": {assignment.filename: digest(content)},
            "language": work.language, "hints": {region: count for region, count in hints.items() if count},
            "checks": checked.get("count", 0), "checked": checked.get("sha256", "") == digest(content), "last": last}


def state_lines(work, assignment, text, manifest):
    """What a student wants to know before handing in: the last check, what is not started, what is not answered."""
    found, id = [], assignment.id
    if not manifest["checks"]:
        found.append(work.say_of("submit.never_checked", id=id))
    elif not manifest["checked"]:
        found.append(work.say_of("submit.changed", id=id))
    else:
        got, most = (sum(region[name] for region in manifest["last"].values()) for name in ("got", "most"))
        found.append(work.say_of("submit.checked", got=short(got), most=short(most)))
    stubs = [region for region in assignment.source.regions
             if any(stub(region, "") in block for block in blocks_of(text, region))]
    if stubs:
        found.append(work.say_of("submit.stubs", regions=", ".join(stubs)))
    open_questions = unanswered(text, assignment.source.starter(work.language))
    if open_questions:
        found.append(work.say_of("submit.unanswered", questions=", ".join(open_questions)))
    return found


def target(work, id):
    """(path, sentences): where the zip goes. An older zip of ours is replaced, anything else is left alone."""
    path = work.folder / f"{id}.zip"
    if not path.exists() or ours(path, id):
        return path, []
    return free_name(work.folder, id, ".zip"), [work.say_of("submit.not_ours", file=path.name)]


def ours(path, id):
    """Whether a file is a zip that `submit` made of this assignment."""
    try:
        with zipfile.ZipFile(path) as archive:
            manifest = json.loads(archive.read(MANIFEST))
            return len(archive.namelist()) == 2 and manifest["assignment"] == id and "npnet" in manifest
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
        return False


def digest(content):
    """The SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
