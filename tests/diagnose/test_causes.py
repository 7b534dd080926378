"""The rules in order: one that fails says nothing, unless its error is wanted."""
from pathlib import Path

import pytest

from npnet.diagnose import causes
from npnet.diagnose.evidence import Cause
from npnet.diagnose.kinds import KINDS


def failing(evidence):
    return evidence.nothing


def silent(evidence):
    return None


def speaking(evidence):
    return Cause("sign", "The sign is wrong.")


def test_the_first_rule_that_speaks_is_heard(monkeypatch):
    monkeypatch.delenv("NPNET_DEBUG", raising=False)
    monkeypatch.setattr(causes, "rules", lambda: [silent, failing, speaking, lambda evidence: Cause("zero", "")])
    assert causes.cause_of(object()).kind == "sign"
    monkeypatch.setattr(causes, "rules", lambda: [silent, failing])
    assert causes.cause_of(object()) is None
    monkeypatch.setenv("NPNET_DEBUG", "1")
    with pytest.raises(AttributeError, match="nothing"):
        causes.cause_of(object())


def test_no_rule_is_there_twice_and_the_special_ones_are_first():
    rules = causes.rules()
    assert len(set(rules)) == len(rules) > 20
    early = [rule for file in causes.FILES for rule in getattr(file, "EARLY", [])]
    assert rules[:len(early)] == early


def test_kinds_are_told_in_words():
    assert all(text and text[0].islower() or text.startswith("NaN") for text in KINDS.values())
    assert not any(text.endswith(".") for text in KINDS.values())


def test_the_page_has_the_kinds():
    page = (Path(__file__).resolve().parents[2] / "docs" / "gradcheck.md").read_text()
    start = page.index("| raised |")
    rows = [line.strip("| ").split(" | ", 1) for line in page[start:page.index("\n\n", start)].splitlines()]
    assert dict(map(tuple, rows)) == KINDS
