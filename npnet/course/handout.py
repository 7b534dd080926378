"""The handout of an assignment: what students get, as a zip that gives nothing of the solution away.

    build_handout("a3", "a3.zip", language="ko")

    a3_conv_backward.py     the starter
    a3_conv_backward.md     the text of the assignment
    a3_conv_backward.ipynb  both in one, if asked for
    parts.py                imports functions of earlier assignments from npnet, where this one needs them
    a3.fp.json              for students whose npnet lacks the solution: fingerprints of the mistakes
"""
import io
import json
import zipfile
from pathlib import Path

from ..files.beside import writing
from .grader.assignment import load
from .grader.fingerprints import table_of
from .grader.notebooks import notebook_of
from .grader.words import say
from .leaks import leaks

PARTS = "parts.py"
MOMENT = (2020, 1, 1, 0, 0, 0)      # the date of every file in a zip, so that the same handout has the same bytes


def build_handout(id, out, language="en", folder=None, notebook=False, without_data=False):
    """Writes the handout of an assignment; returns the names in it.

    folder: an own course. without_data: fingerprints go with it, for students whose npnet lacks the solution.
    ValueError: the handout would give something of the solution away; nothing is written then.
    """
    assignment = load(id, folder)
    assignment.refuse_misfits()
    files = handout_files(assignment, language, notebook, without_data)
    refuse_leaks(assignment, files)
    with writing(out) as temporary:
        Path(temporary).write_bytes(zip_of(files))
    return sorted(files)


def handout_files(assignment, language="en", notebook=False, without_data=False):
    """{name: bytes} of a handout."""
    source, stem = assignment.source, Path(assignment.filename).stem
    files = {f"{stem}.py": source.starter(language), f"{stem}.md": source.handout(language)}
    if source.parts:
        files[PARTS] = parts_text(language)
    if notebook:
        files[f"{stem}.ipynb"] = json.dumps(notebook_of(source, assignment.id, language), ensure_ascii=False, indent=1)
    if without_data:
        files[f"{assignment.id}.fp.json"] = json.dumps(table_of(assignment), ensure_ascii=False, separators=(",", ":"))
    return {name: text.encode() for name, text in files.items()}


def parts_text(language="en"):
    """The text of parts.py: it holds no function, but asks npnet for them, so that a student's file runs by itself."""
    return f'"""{say("student.parts", language)}"""\nfrom npnet.course.parts import __getattr__  # noqa: F401\n'


def allowed_names(assignment):
    """The names that may be in a handout of an assignment."""
    stem = Path(assignment.filename).stem
    return {f"{stem}.py", f"{stem}.md", f"{stem}.ipynb", PARTS, f"{assignment.id}.fp.json"}


def refuse_leaks(assignment, files):
    """ValueError with everything that a handout must not hold."""
    found = leaks(files, assignment.source, allowed_names(assignment))
    if found:
        raise ValueError(f"the handout of {assignment.id} is not written, because it would give something away: "
                         + "; ".join(found[:5]) + (f"; and {len(found) - 5} more" if len(found) > 5 else ""))


def zip_of(files, executable=()):
    """The bytes of a zip of {name: bytes}: the same files give the same bytes. executable: names that are programs."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3                                     # Unix: the permissions below count
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            archive.writestr(entry, files[name])
    return held.getvalue()
