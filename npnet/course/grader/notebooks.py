"""An assignment as a notebook, and a student's notebook as the file that is graded.

The handout becomes cells of text, the starter a cell of code for every function. Back again, the cells of code are
put one below the other; what IPython alone understands (%magic, !command, a question mark) is left out.
"""
import ast
import json
import re

MAGIC = re.compile(r"^\s*[%!?]|^\s*[\w.]+\?{1,2}\s*$")


def notebook_of(source, id, language="en", text=None):
    """A notebook, as JSON's dictionaries (nbformat 4.5), without outputs. text: in the place of the starter."""
    texts = [cell("markdown", part) for part in parted(source.handout(language))]
    codes = [cell("code", part) for part in pieces(text or source.starter(language))]
    check = cell("code", f"# {CHECKED[language]}\n!npnet course check {id}")
    cells = [*texts, *codes, check]
    for number, made in enumerate(cells):
        made["id"] = f"{id}-{number}"
    python = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
              "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": python, "nbformat": 4, "nbformat_minor": 5}


CHECKED = {"en": "save the notebook first", "ko": "먼저 노트북을 저장합니다"}


def cell(kind, text):
    """One cell: "markdown" or "code"."""
    made = {"cell_type": kind, "id": "", "metadata": {}, "source": text.strip("\n").splitlines(keepends=True)}
    return made | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def parted(markdown):
    """A handout cut before each of its second headings."""
    return [part for part in re.split(r"\n(?=## )", markdown) if part.strip()]


def pieces(text):
    """A starter cut into the lines before its first function, and one piece for every function or class."""
    lines = text.splitlines()
    starts = [node.lineno - 1 for node in ast.parse(text).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    cuts = [0, *(start for start in starts if start), len(lines)]
    return ["\n".join(lines[a:b]).strip("\n") for a, b in zip(cuts, cuts[1:]) if "\n".join(lines[a:b]).strip()]


def text_of(data):
    """The Python text of a notebook's code cells. data: bytes. ValueError: no notebook."""
    try:
        cells = json.loads(data.decode("utf-8"))["cells"]
        codes = ["".join(made["source"]) for made in cells if made["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"this is no notebook that can be read: {type(error).__name__}") from None
    plain = ["\n".join("" if MAGIC.match(line) else line for line in code.splitlines()) for code in codes]
    return "\n\n\n".join(code for code in plain if code.strip()) + "\n"
