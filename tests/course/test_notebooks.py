"""An assignment as a notebook, and back."""
import json

import pytest
from small_course import FIRST, SECOND

from npnet.course.grader.assignment import ids, load
from npnet.course.grader.notebooks import notebook_of, text_of
from npnet.course.grader.source import Source, blocks_of, regions_of


@pytest.mark.parametrize("text", [FIRST, SECOND])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_there_and_back(text, language):
    source = Source(text)
    notebook = json.loads(json.dumps(notebook_of(source, "a1", language)))
    back = text_of(json.dumps(notebook).encode())
    starter = source.starter(language)
    assert list(regions_of(back)) == list(source.regions)
    for id in source.regions:
        assert blocks_of(back, id) == blocks_of(starter, id)
    assert notebook["cells"][0]["source"] == source.handout(language).strip().splitlines(keepends=True)[:len(notebook["cells"][0]["source"])]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in notebook["cells"] if cell["cell_type"] == "code")


@pytest.mark.parametrize("id", ids())
def test_every_assignment_as_a_notebook(id):
    source = load(id).source
    notebook = notebook_of(source, id)
    assert sorted(regions_of(text_of(json.dumps(notebook).encode()))) == sorted(source.regions)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])


def test_what_ipython_alone_understands_is_left_out():
    cells = [{"cell_type": "code", "source": ["%matplotlib inline\n", "x = 1\n", "!ls\n", "x?"]},
             {"cell_type": "markdown", "source": ["# no code"]}, {"cell_type": "code", "source": ["y = x % 2"]}]
    assert text_of(json.dumps({"cells": cells}).encode()).split() == "x = 1 y = x % 2".split()


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"cells": [{}]}'])
def test_what_is_no_notebook(data):
    with pytest.raises(ValueError, match="no notebook"):
        text_of(data)
