"""Code on the pages runs when the site is built: a block that does not says why."""
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
FENCE = re.compile(r"^(?P<before>.*)\n(?:\s*\n)?\s*(?:`{3,}|:{3,}) ?(?:python|py|pycon|\{code-block\} python|\{code\} python)\b.*$",
                   re.MULTILINE)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(DOCS).as_posix())
def test_python_runs_or_says_why_not(path):
    """A block of Python is a {code-cell}; before any other one stands a comment: % not run: the reason."""
    unmarked = [found[0] for found in FENCE.finditer(path.read_text("utf-8"))
                if not re.match(r"% not run: \S", found["before"])]
    assert unmarked == []


def test_a_block_that_says_nothing_is_found():
    text = "Words.\n\n```python\nprint(1)\n```\n\n% not run: needs a card\n```python\nprint(2)\n```\n\n```{code-cell} python\n3\n```\n"
    found = [match["before"] for match in FENCE.finditer(text)]
    assert found == ["Words.", "% not run: needs a card"]
