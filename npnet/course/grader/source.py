"""An assignment's file, and what is made from it: the handout, the starter, the solution, the regions.

    # HANDOUT(en) ... # HANDOUT(ko) ... # END HANDOUT          the handout, a string in each language, once
    # TEXT(en) ... # TEXT(ko) ... # END TEXT                   docstrings of the starter, in each language
    # BEGIN SOLUTION(a3.col2im, points=6)  ...  # END SOLUTION(a3.col2im)       what the student writes

Questions that are answered in words stand between `# ANSWER(a10.q1, points=1)` and `# END ANSWER(a10.q1)`.
In the student's file a region stands between `# BEGIN YOUR CODE(a3.col2im)` and `# END YOUR CODE(a3.col2im)`. A region
may have several blocks; its first one has the points.
"""
import ast
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

LANGUAGES = ("en", "ko")
MARKER = re.compile(r"^(\s*)# (BEGIN|END) (SOLUTION|YOUR CODE)\(([\w.]+)(?:, *points=(\d+(?:\.\d+)?))?\)\s*$")
ANSWER = re.compile(r"^\s*# (ANSWER|END ANSWER)\(([\w.]+)(?:, *points=(\d+))?\)\s*$")
TEXT = re.compile(r"^\s*# (?:(HANDOUT|TEXT)\((\w+)\)|END (HANDOUT|TEXT))\s*$")


@dataclass
class Region:
    """What a student writes: its points, its blocks [(first line, line after the last)] counted from 0, without the
    markers, and the names of the functions or classes that hold them."""

    id: str
    points: int = 0
    blocks: list = field(default_factory=list)
    functions: list = field(default_factory=list)


class Source:
    """The text of an assignment's file. ValueError: markers that do not belong together."""

    def __init__(self, text, filename=""):
        self.text, self.filename = text, filename
        self.lines = text.splitlines()
        self.regions = regions_of(text, filename)

    def handout(self, language="en"):
        """The handout, in Markdown."""
        return ast.literal_eval("\n".join(self.texts("HANDOUT", language)).strip()).strip() + "\n"

    def texts(self, word, language):
        """The lines of all blocks of one word and one language."""
        return [line for line, place in self.placed if place == (word, language)]

    @cached_property
    def placed(self):
        """[(line, (word, language) or None)] without the lines that open and close texts."""
        found, place = [], None
        for number, line in enumerate(self.lines, 1):
            marker = TEXT.match(line)
            if not marker:
                found.append((line, place))
            elif marker[1]:
                if marker[2] not in LANGUAGES or place and place[0] != marker[1]:
                    raise ValueError(f"{self.filename}:{number}: {line.strip()} is in the wrong place")
                place = (marker[1], marker[2])
            elif place is None or place[0] != marker[3]:
                raise ValueError(f"{self.filename}:{number}: {line.strip()} ends nothing")
            else:
                place = None
        if place:
            raise ValueError(f"{self.filename}: # {place[0]}({place[1]}) has no # END {place[0]}")
        return found

    def written(self, language):
        """The file with its texts in one language, without the handout."""
        return "\n".join(line for line, place in self.placed if place in (None, ("TEXT", language))).strip() + "\n"

    @cached_property
    def solution(self):
        """The text of the solution, with its markers: what is run, and what mistakes are patches to."""
        return self.written("en")

    def starter(self, language="en"):
        """The file that a student begins with."""
        text = self.written(language)
        stubs = {id: [stub(id, block_indent(text, block)) for block in region.blocks]
                 for id, region in regions_of(text).items()}
        for id, blocks in stubs.items():
            text = replaced(text, id, blocks)
        return re.sub(r"# (BEGIN|END) SOLUTION\(([\w.]+)(?:, *points=[\d.]+)?\)", r"# \1 YOUR CODE(\2)", text)

    @cached_property
    def functions(self):
        """{name: [argument names]} of the functions, {name: None} of the classes at the top of the file."""
        found = {}
        for node in ast.parse(self.solution).body:
            if isinstance(node, ast.FunctionDef):
                found[node.name] = [argument.arg for argument in node.args.args]
            elif isinstance(node, ast.ClassDef):
                found[node.name] = None
        return found

    @cached_property
    def questions(self):
        """{id: points} of the questions that are answered in words, between # ANSWER(id, points=1) and its END."""
        opened = [marker for marker in map(ANSWER.match, self.lines) if marker and marker[1] == "ANSWER"]
        return {marker[2]: int(marker[3] or 0) for marker in opened}

    @cached_property
    def parts(self):
        """The names that the file imports from `parts`: functions of earlier assignments."""
        return [alias.name for node in ast.walk(ast.parse(self.solution))
                if isinstance(node, ast.ImportFrom) and node.module == "parts" for alias in node.names]


def stub(id, indent):
    """What stands in a region before the student writes."""
    return f'{indent}raise NotImplementedError("{id}")  # delete this line'


def block_indent(text, block):
    """The indentation of the marker before a block."""
    return re.match(r"\s*", text.splitlines()[block[0] - 1])[0]


def regions_of(text, filename=""):
    """{id: Region} of an assignment's file or of a student's. ValueError: markers that do not belong together."""
    found, open_at = {}, None
    for number, line in enumerate(text.splitlines()):
        marker = MARKER.match(line)
        if not marker:
            continue
        begins, id = marker[2] == "BEGIN", marker[4]
        if begins == bool(open_at) or not begins and open_at[0] != id:
            inside = f"inside {open_at[0]}" if open_at else "without its BEGIN"
            raise ValueError(f"{filename or 'the file'}:{number + 1}: {line.strip()} stands {inside}")
        if begins:
            open_at = (id, number + 1)
            region = found.setdefault(id, Region(id))
            region.points += points_of(marker[5] or "0")
        else:
            found[id].blocks.append((open_at[1], number))
            open_at = None
    if open_at:
        raise ValueError(f"{filename or 'the file'}: # BEGIN of {open_at[0]} has no END")
    add_functions(found, text)
    return found


def points_of(text):
    """6 of "6", 1.5 of "1.5"."""
    return float(text) if "." in text else int(text)


def add_functions(regions, text):
    """Writes down, for every region, which functions or classes at the top of the file hold its blocks."""
    try:
        tops = [node for node in ast.parse(text).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    except (SyntaxError, ValueError):
        return
    for region in regions.values():
        for first, end in region.blocks:
            region.functions += [node.name for node in tops if node.lineno <= first and end <= node.end_lineno
                                 and node.name not in region.functions]


def answer_places(text):
    """{id: (first line, line after the last)} of the written answers, counted from 0, without their marks; a mark alone
    is not counted."""
    found, begun = {}, {}
    for number, line in enumerate(text.splitlines()):
        marker = ANSWER.match(line)
        if marker and marker[1] == "ANSWER":
            begun[marker[2]] = number + 1
        elif marker and marker[2] in begun:
            found[marker[2]] = (begun.pop(marker[2]), number)
    return found


def answers_of(text):
    """{id: text} of the written answers in a student's file, without the # before every line."""
    lines = text.splitlines()
    return {id: "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines[slice(*place)]).strip()
            for id, place in answer_places(text).items()}


def damaged_marks(text, starter):
    """{region: [lines of marks that are missing]} of the regions whose marks in a student's file are not those of the
    starter; [] where none is missing, but one stands twice or in another's place."""
    theirs, ours = marks_of(text), marks_of(starter)
    found = {}
    for id in dict.fromkeys(id for _, id in ours):
        got, wanted = [[word for word, other in marks if other == id] for marks in (theirs, ours)]
        if got != wanted:
            missing = Counter(wanted) - Counter(got)
            found[id] = [f"# {word} YOUR CODE({id})" for word in wanted if missing[word] > 0]
    if not found:
        found = {id: [] for place, (word, id) in enumerate(theirs)
                 if word == "BEGIN" and theirs[place + 1:place + 2] != [("END", id)]}
    return found


def marks_of(text):
    """[("BEGIN" or "END", region)] of the marks in a file, in their order."""
    return [(marker[2], marker[4]) for marker in map(MARKER.match, text.splitlines()) if marker]


def blocks_of(text, id):
    """The texts of a region's blocks; [] where the file has no such region."""
    region = regions_of(text).get(id)
    lines = text.splitlines()
    return ["\n".join(lines[first:end]) for first, end in region.blocks] if region else []


def replaced(text, id, blocks):
    """The text with other blocks in a region. ValueError: another number of blocks."""
    region = regions_of(text)[id]
    if len(blocks) != len(region.blocks):
        raise ValueError(f"{id} has {len(region.blocks)} blocks, not {len(blocks)}")
    lines = text.splitlines()
    for (first, end), block in reversed(list(zip(region.blocks, blocks))):
        lines[first:end] = block.splitlines()
    return "\n".join(lines) + "\n"
