"""The student's folder: the files of the assignments, and what is remembered of them.

    work = Workspace("my course")
    work.start("a3")            a3_conv_backward.py, a3_conv_backward.md, parts.py
    work.reset("a3.dx")         one region is as it was; the file from before is kept in backup/
    work.update()               a new version of the handout, with the student's regions in it

Nothing that a student wrote is ever replaced without a copy in backup/. What is remembered (which hints were seen, the
last result, the starter as it was given) is in one file, .npnet-course.json; without it everything works but `update`.
"""
import json
import os
import re
import shutil
from pathlib import Path

from .. import __version__
from ..files import writing
from .answers import with_answers
from .grader import assignment as assignments
from .grader.notebooks import notebook_of, text_of
from .grader.report import short
from .grader.source import answer_places, blocks_of, damaged_marks, regions_of, replaced, stub
from .grader.words import language as language_of
from .grader.words import say
from .handout import PARTS, parts_text
from .titles import points, title

STATE = ".npnet-course.json"
BACKUP = "backup"
NOTEBOOK = ".ipynb"


class Workspace:
    """A folder with files of the course. language: "en" or "ko"; None: that of NPNET_LANG, or of the folder."""

    def __init__(self, folder=".", language=None):
        self.folder = Path(folder)
        self.notes = []                                     # sentences about what had to be mended
        self.state = self.read_state()
        remembered = None if os.environ.get("NPNET_LANG") else self.state.get("language") or handed_out_in(self.folder)
        self.language = language_of(language or remembered)
        if self.damaged:
            self.notes.append(self.say("damaged_state", file=STATE, kept=self.damaged))

    def say(self, name, /, **values):
        return say(f"student.{name}", self.language, **values)

    def say_of(self, name, /, **values):
        """A sentence of any file of words, in the student's language."""
        return say(name, self.language, **values)

    # ------------------------------------------------------------------ what is remembered

    def read_state(self):
        """What the file remembers; {} where there is none. A damaged file is moved aside."""
        self.damaged, path = "", self.folder / STATE
        try:
            state = json.loads(path.read_text("utf-8"))
            if isinstance(state, dict):
                return state
        except (FileNotFoundError, NotADirectoryError):     # the second one is told when something is written
            return {}
        except ValueError:
            pass
        kept = free_name(self.folder, STATE.removesuffix(".json"), ".damaged.json")
        os.replace(path, kept)
        self.damaged = kept.name
        return {}

    def remember(self, **changes):
        """Writes down {name: {key: value}}, added to what is remembered under that name."""
        self.state = self.read_state()                      # another command may have written since
        for name, entries in changes.items():
            if isinstance(entries, dict):
                self.state.setdefault(name, {}).update(entries)
            else:
                self.state[name] = entries
        write_text(self.folder / STATE, json.dumps(self.state, ensure_ascii=False, indent=1))

    def remembered(self, name, key, otherwise=None):
        return self.state.get(name, {}).get(key, otherwise)

    # ------------------------------------------------------------------ files

    def path(self, id):
        """Where the student's file of an assignment is, or would be."""
        path = self.folder / known(id, self.language).filename
        notebook = path.with_suffix(NOTEBOOK)
        return notebook if notebook.is_file() and not path.is_file() else path

    def started(self):
        """The ids of the assignments whose files are here."""
        return [id for id in assignments.ids() if self.path(id).is_file()]

    def read(self, id):
        """The text of the student's file. ValueError in one sentence: it is not there, or not UTF-8."""
        path = self.path(id)
        self.must_be_here(id)
        if path.suffix == NOTEBOOK:
            return self.of_notebook(path)
        return read_text(path, self.language)

    def of_notebook(self, path):
        """The Python text of a notebook's cells. ValueError in one sentence: it cannot be read."""
        try:
            return text_of(path.read_bytes())
        except ValueError:
            raise ValueError(self.say("notebook_damaged", file=path.name)) from None

    def no_notebook(self, id, command):
        """ValueError in one sentence: this command does not work on a notebook."""
        if self.path(id).suffix == NOTEBOOK:
            raise ValueError(self.say("notebook_not", id=id, file=self.path(id).name, command=command))

    def must_be_here(self, id):
        """ValueError in one sentence: the file of an assignment is not there, or is no longer there."""
        if not self.path(id).is_file():
            name = "gone" if id in self.state.get("given", {}) else "not_started"
            raise ValueError(self.say(name, id=id, file=self.path(id).name, folder=shown(self.folder)))

    def gone(self):
        """The ids of the assignments that were started here and whose files are not here any longer."""
        return [id for id in assignments.ids() if id in self.state.get("given", {}) and not self.path(id).is_file()]

    def start(self, id, notebook=False):
        """Writes the files of an assignment that are not there yet; returns sentences about them. notebook: the handout
        and the starter as one notebook."""
        assignment = known(id, self.language)
        source, stem = assignment.source, Path(assignment.filename).stem
        lines = [self.say("started", id=id, title=title(id, self.language), points=short(points(assignment)))]
        starter = source.starter(self.language)
        files = [(f"{stem}.md", source.handout(self.language), "is_handout"), (f"{stem}.py", starter, "is_work")]
        if notebook:
            book = json.dumps(notebook_of(source, id, self.language), ensure_ascii=False, indent=1)
            files = [(f"{stem}{NOTEBOOK}", book, "is_notebook")]
        if source.parts:
            files.append((PARTS, parts_text(self.language), "is_parts"))
        for name, text, what in files:
            path = self.folder / name
            if path.exists():
                lines.append(self.say("kept", file=name))
                before = self.remembered("given", f"{id}.handout", {})
                if what == "is_handout" and before.get("language", self.language) != self.language:
                    lines.append(self.say("kept_language", id=id, file=name))
                continue
            write_text(path, text)
            lines.append(self.say("wrote", file=name, what=self.say(what)))
            if what in ("is_work", "is_handout"):
                key = id if what == "is_work" else f"{id}.handout"
                self.remember(given={key: {"version": __version__, "language": self.language, "text": text}})
        self.remember(language=self.language)
        if self.folder.resolve() != Path.cwd():
            lines.append(self.say("in_folder", folder=shown(self.folder)))
        return [*lines, self.say("next_check", id=id)]

    def keep(self, id, path=None):
        """Copies a file into backup/ under a name that is free; returns the copy's path as it is shown."""
        path = path or self.path(id)
        copy = free_name(self.folder / BACKUP, path.stem, path.suffix)
        copy.parent.mkdir(exist_ok=True)
        shutil.copy2(path, copy)
        return f"{BACKUP}/{copy.name}"

    def reset(self, id, region=None):
        """Puts the stub back into one region of a file, or into all of them; returns sentences."""
        self.no_notebook(id, "reset")
        assignment, text = known(id, self.language), self.read(id)
        wanted = [region] if region else list(assignment.source.regions)
        for each in wanted:
            known_region(assignment, each, self.language)
        new = text
        for each in wanted:
            blocks = self.blocks(text, each)
            indents = [indent_before(text, each, number) for number in range(len(blocks))]
            new = replaced(new, each, [stub(each, indent) for indent in indents])
        if with_newlines(new, text) == text:
            return [self.say("up_to_date", file=assignment.filename)]
        backup = self.keep(id)
        write_text(self.path(id), with_newlines(new, text))
        return [self.say("was_reset", region=region or id, backup=backup)]

    def blocks(self, text, region):
        """The blocks of a region in the student's text. ValueError in one sentence: its marks are gone or damaged."""
        assignment = known(region.split(".")[0], self.language)
        damaged = damaged_marks(text, assignment.source.starter())
        if region in damaged or damaged and not whole(text):
            raise ValueError(self.about_marks(assignment, damaged, region))
        return blocks_of(text, region)

    def about_marks(self, assignment, damaged, region=None):
        """A sentence about damaged marks (source.damaged_marks): of which region, and how they are mended."""
        region = region if region in damaged else next(iter(damaged))
        values = {"file": assignment.filename, "region": region, "lines": ", ".join(damaged[region]),
                  "function": " and ".join(assignment.source.regions[region].functions)}
        if not damaged[region]:
            return self.say("marks_order", **values)
        return self.say("no_marks" if len(damaged[region]) > 1 else "marks", **values)

    # ------------------------------------------------------------------ a new version

    def update(self):
        """Brings every started assignment to this version of the course; returns sentences."""
        started = self.started()
        if not started:
            raise ValueError(self.say("none_started", folder=shown(self.folder)))
        books = [id for id in started if self.path(id).suffix == NOTEBOOK]
        lines = [self.say("notebook_not", id=id, file=self.path(id).name, command="update") for id in books]
        return lines + [line for id in started if id not in books
                        for line in [*self.update_work(id), *self.update_handout(id)]]

    def update_work(self, id):
        """The student's file: a new starter with the student's regions, if no line outside them was changed."""
        assignment, text = known(id, self.language), self.read(id)
        given = self.remembered("given", id, {})
        new = assignment.source.starter(given.get("language", self.language))
        damaged = damaged_marks(text, given.get("text", new))
        if damaged and not whole(text) or damaged and new == given.get("text"):
            return [self.about_marks(assignment, damaged)]
        if new == given.get("text"):
            return [self.say("up_to_date", file=assignment.filename)]
        merged, gone, reason = self.merged(text, new, given.get("text", new))
        if outside(text) == outside(new) and not reason and merged.rstrip() == text.rstrip():
            self.remember(given={id: {**given, "version": __version__, "text": new}})
            return [self.say("up_to_date", file=assignment.filename)]
        reason = reason or self.changed_outside(text, given.get("text"))
        if reason:
            beside = self.beside(assignment.filename, merged)
            return [self.say("update_beside", file=assignment.filename, reason=reason, new=beside)]
        backup = self.keep(id)
        write_text(self.path(id), with_newlines(merged, text))
        self.remember(given={id: {**given, "version": __version__, "text": new}})
        return [self.say("updated", file=assignment.filename, backup=backup),
                *(self.say("region_gone", region=region, backup=backup) for region in gone)]

    def merged(self, text, new, given):
        """The new starter with the student's regions and answers, the regions that it has no longer, and why that
        cannot be all; given: the starter that the student began with."""
        theirs, ours, reason = regions_of(text), regions_of(new), ""
        for region in ours:
            blocks = blocks_of(text, region)
            if len(blocks) == len(ours[region].blocks):
                new = replaced(new, region, blocks)
            elif region in theirs:
                reason = self.say("because_blocks", region=region)
        new = with_answers(new, text, given)
        return new, [region for region in theirs if region not in ours], reason

    def changed_outside(self, text, given):
        """Why a file may not be replaced: which lines outside the regions are not the starter's; "" if none."""
        if given is None:
            return self.say("because_unknown")
        original, lines = set(outside(given)), outside(text, numbered=True)
        changed = [number for number, line in lines if line not in original]
        if not changed and [line for _, line in lines] != outside(given):
            changed = [lines[-1][0]]
        return self.say("because_outside", lines=", ".join(map(str, changed[:8]))) if changed else ""

    def update_handout(self, id):
        """The handout's text, replaced unless the student wrote into it."""
        assignment = known(id, self.language)
        path = self.path(id).with_suffix(".md")
        given = self.remembered("given", f"{id}.handout", {})
        new = assignment.source.handout(given.get("language", self.language))
        if not path.is_file():
            write_text(path, new)
        elif (text := read_text(path, self.language)) == new:
            return []
        elif text != given.get("text"):
            return [self.say("update_beside", file=path.name, reason=self.say("because_yours"),
                             new=self.beside(path.name, new))]
        else:
            write_text(path, new)
        self.remember(given={f"{id}.handout": {**given, "version": __version__, "text": new}})
        return [self.say("update_handout", file=path.name)]

    def beside(self, name, text):
        """Writes a new version beside a file of the student's; returns its name."""
        path = self.folder / f"{Path(name).stem}.new{Path(name).suffix}"
        if path.exists() and path.read_text("utf-8", errors="replace") != text:
            path = free_name(self.folder, f"{Path(name).stem}.new", Path(name).suffix)
        write_text(path, text)
        return path.name


# ---------------------------------------------------------------------------- finding things

def handed_out_in(folder):
    """The language of a handout that was unpacked into a folder: "ko" if its text has Korean letters, else None."""
    texts = [path for id in assignments.ids() for path in Path(folder).glob(f"{id}_*.md")]
    korean = any("가" <= letter <= "힣" for path in texts for letter in path.read_text("utf-8", errors="replace"))
    return "ko" if korean else None


def known(id, language):
    """The Assignment of an id. ValueError in one sentence: there is none."""
    if id not in assignments.ids():
        raise ValueError(say("student.no_assignment", language, id=id, known=", ".join(assignments.ids())))
    return assignments.load(id)


def known_region(assignment, region, language):
    """The Region of an id. ValueError in one sentence: the assignment has none of this id."""
    regions = assignment.source.regions
    if region not in regions:
        raise ValueError(say("student.no_region", language, id=assignment.id, region=region, known=", ".join(regions)))
    return regions[region]


def find(language=None, folder=None):
    """The Workspace of this folder or, if it has no files of the course, of the nearest folder above that has."""
    here = Path(folder or ".")
    for place in [here, *here.resolve().parents]:
        if (place / STATE).is_file():
            return Workspace(place, language)
    return Workspace(here, language)


def meant(word):
    """An id, or a region's, as the course writes it: a3 of A3 and of 3, a3.dx of A3.dx; any other word as it is."""
    id, dot, rest = word.strip().partition(".")
    id = f"a{id}" if id.isdecimal() else id.lower()
    return id + dot + rest.lower() if id in assignments.ids() and rest not in ("py", "ipynb") else word


def ids_and_folder(words, language):
    """(ids, folder or None) of words such as a3 a4 "my course": only the last one may be a folder.

    ValueError in one sentence: a word is neither, or there is no id.
    """
    found = [meant(word).partition(".")[0] if meant(word) != word or word in assignments.ids() else word
             for word in words]
    folder = None
    if len(found) > 1 and found[-1] not in assignments.ids() and not re.fullmatch(r"[A-Za-z]?\d+", found[-1]):
        folder = found.pop()
    for id in found:
        known(id, language)
    return list(dict.fromkeys(found)), folder


# ---------------------------------------------------------------------------- texts

def whole(text):
    """Whether the marks of a file can be read."""
    try:
        return regions_of(text) is not None
    except ValueError:
        return False


def read_text(path, language):
    """A text file of the student's, its lines ended by \\n. ValueError in one sentence: it is not UTF-8."""
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(say("student.not_utf8", language, path=shown(path))) from None


def write_text(path, text):
    """Writes a file beside and renames it."""
    with writing(path) as temporary:
        temporary.write_text(text, "utf-8", newline="")


def with_newlines(text, like):
    """The text; its last line is ended only if that of the other text is."""
    return text if like.endswith("\n") else text.removesuffix("\n")


def outside(text, numbered=False):
    """The lines that no region and no answer holds, without blanks at their ends; numbered: [(line number, line)]."""
    blocks = [block for region in regions_of(text).values() for block in region.blocks]
    inside = {line for block in [*blocks, *answer_places(text).values()] for line in range(*block)}
    lines = enumerate(text.rstrip().splitlines())
    found = [(number + 1, line.rstrip()) for number, line in lines if number not in inside]
    return found if numbered else [line for _, line in found]


def indent_before(text, region, number):
    """The indentation of the mark that begins a block."""
    line = text.splitlines()[regions_of(text)[region].blocks[number][0] - 1]
    return line[:len(line) - len(line.lstrip())]


def free_name(folder, stem, ending):
    """folder/stem.1ending, or the first number that is free."""
    number = 1
    while (folder / f"{stem}.{number}{ending}").exists():
        number += 1
    return folder / f"{stem}.{number}{ending}"


def shown(path):
    """A path as it is printed: relative to this folder where it lies in it."""
    path = Path(path)
    if path.resolve() == Path.cwd():
        return str(Path.cwd())
    return str(path.resolve().relative_to(Path.cwd())) if path.resolve().is_relative_to(Path.cwd()) else str(path)
