"""The pages of the operations: their nine headings, and Korean pages that run the cells of the English ones."""
import ast
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
ENGLISH = ["Picture", "By hand", "Formula", "Shapes", "Code", "Backward", "Mistakes", "Try", "Other libraries"]
KOREAN = ["그림", "손으로 계산하기", "식", "형상", "코드", "역전파", "흔한 실수", "해 보기", "다른 라이브러리"]
PAGES = sorted(page for page in DOCS.glob("ops/*.md") if page.stem != "index")


def cells(path):
    """The code cells of a page, without comments, without their strings and without the language of a picture."""
    found = re.findall(r"^```\{code-cell\}[^\n]*\n((?:.*\n)*?)```$", path.read_text("utf-8"), re.MULTILINE)
    return [ast.dump(Bare().visit(ast.parse(re.sub(r"^:tags:.*\n", "", cell)))) for cell in found]


class Bare(ast.NodeTransformer):
    """Takes out of a cell what may differ between languages."""

    def visit_Constant(self, node):
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node):
        return ast.JoinedStr([self.visit(part) for part in node.values if isinstance(part, ast.FormattedValue)])

    def visit_Call(self, node):
        self.generic_visit(node)
        node.keywords = [keyword for keyword in node.keywords if keyword.arg != "language"]
        return node


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_headings_stand_in_their_order(page):
    assert re.findall(r"^## (.+)$", page.read_text("utf-8"), re.MULTILINE) == ENGLISH
    korean = DOCS / "ko" / "ops" / page.name
    assert re.findall(r"^## (.+)$", korean.read_text("utf-8"), re.MULTILINE) == KOREAN


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_both_languages_run_the_same_cells(page):
    english, korean = cells(page), cells(DOCS / "ko" / "ops" / page.name)

    assert len(english) > 10
    assert korean == english


def test_a_cell_that_computes_something_else_is_found(tmp_path):
    one, other = tmp_path / "one.md", tmp_path / "other.md"
    one.write_text('```{code-cell} python\nf(1, "word", language="ko")     # a comment\n```\n', "utf-8")
    other.write_text('```{code-cell} python\n:tags: [remove-input]\nf(1, "말")\n```\n', "utf-8")

    assert cells(one) == cells(other)
    other.write_text('```{code-cell} python\nf(2, "말")\n```\n', "utf-8")
    assert cells(one) != cells(other)
