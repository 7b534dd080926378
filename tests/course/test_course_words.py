"""Words: both languages of every sentence, the same placeholders in both, and Korean particles."""
import string

import pytest

from npnet.course.grader import words
from npnet.course.grader.words import filled, language, particle, say, table

FOLDER = words.FOLDER.parent
TEXTS = sorted([*FOLDER.glob("words/*.toml"), *FOLDER.glob("catalogue/*.toml")])


def placeholders(sentence):
    """The names in braces, without their formats."""
    return sorted({name.split("[")[0].split(".")[0] for _, name, *_ in string.Formatter().parse(sentence) if name})


def pairs(tables, place=""):
    """(place, table) of every table that holds a sentence in some language."""
    if isinstance(tables, list):
        for number, entry in enumerate(tables):
            yield from pairs(entry, f"{place}[{entry.get('id', number) if isinstance(entry, dict) else number}]")
    elif isinstance(tables, dict):
        if tables.keys() & set(words.LANGUAGES):
            yield place, tables
        for name, entry in tables.items():
            yield from pairs(entry, f"{place}.{name}")


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_sentence_is_there_in_both_languages_with_the_same_values(path):
    found = list(pairs(words.read(path.with_suffix(""))))
    assert found
    for place, sentences in found:
        assert all(sentences.get(each, "").strip() for each in words.LANGUAGES), f"{path.name}{place}"
        assert placeholders(sentences["en"]) == placeholders(sentences["ko"]), f"{path.name}{place}"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_only_korean_uses_korean_and_only_with_particles_that_are_known(path):
    for place, sentences in pairs(words.read(path.with_suffix(""))):
        assert not any("가" <= letter <= "힣" for letter in sentences["en"]), f"{path.name}{place}"
        for _, name, form, _ in string.Formatter().parse(sentences["ko"]):
            if form and not form.isascii():
                assert form in words.PARTICLES, f"{path.name}{place}: {{{name}:{form}}}"


@pytest.mark.parametrize("word, expected", [
    ("dx", "dx는"), ("im2col", "im2col은"), ("dw 3", "dw 3은"), ("(2, 4, 9, 8)", "(2, 4, 9, 8)은"), ("[1,0]", "[1,0]은"),
    ("x (2,4,9)", "x (2,4,9)는"), ("필터", "필터는"), ("윈도", "윈도는"), ("합성곱", "합성곱은"), ("scale", "scale은"),
    ("mask", "mask는"), ("dtype", "dtype은"), ("None", "None은"), ("10", "10은"), ("14.125", "14.125는"), ("n", "n은"),
    ("'a'", "'a'는"), ("", "는"),
    ("a1.double", "a1.double은"), ("number", "number는"), ("r", "r은"), ("a3.dx", "a3.dx는"), ("step", "step은")])
def test_a_particle_fits_the_end_of_the_word(word, expected):
    assert filled("{word:은는}", word=word) == expected


@pytest.mark.parametrize("word, form, expected", [
    ("채널", "으로", "로"), ("im2col", "으로", "로"), ("합", "으로", "으로"), ("이미지", "으로", "로"), ("3", "으로", "으로"),
    ("7", "으로", "로"), ("dx", "이가", "가"), ("dx", "을를", "를"), ("n", "과와", "과"), ("b", "이라", "라"), ("값", "이나", "이나")])
def test_particles(word, form, expected):
    assert particle(word, form) == expected


def test_other_formats_still_work():
    assert filled("{x:.2f} {y} {z[0]}", x=1.234, y=[1], z=(5,)) == "1.23 [1] 5"


def test_a_sentence_is_said_in_both_languages():
    assert say("report.held_all", "en", all=5) == "all 5 properties hold"
    assert say("report.held_all", "ko", all=5) == "성질 5개가 모두 성립합니다"


def test_an_unknown_sentence_is_named():
    with pytest.raises(KeyError, match="no sentence of the course is called 'report.nothing'"):
        say("report.nothing", "en")


def test_the_language_is_asked_for_or_set_or_english(monkeypatch):
    monkeypatch.delenv("NPNET_LANG", raising=False)
    assert language() == "en" and language("ko") == "ko"
    monkeypatch.setenv("NPNET_LANG", "ko_KR.UTF-8")
    assert language() == "ko" and language("en") == "en"
    monkeypatch.setenv("NPNET_LANG", "")
    assert language() == "en"
    monkeypatch.setenv("NPNET_LANG", "korean")
    with pytest.raises(ValueError, match="NPNET_LANG must be en or ko, got 'korean'"):
        language()
    with pytest.raises(ValueError, match="--lang must be en or ko, got 'fr'"):
        language("fr")


def test_an_id_belongs_to_one_file(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text('["a.b"]\nen = "x"\nko = "y"\n')
    with pytest.raises(ValueError, match="two: the sentence 'a.b' is in another file of words too"):
        table(tmp_path)


def test_tables_in_tables_are_ids_too(tmp_path):
    (tmp_path / "one.toml").write_text('[a.b]\nen = "x"\nko = "y"\nc.en = "z"\nc.ko = "w"\n')
    assert table(tmp_path) == {"a.b": {"en": "x", "ko": "y"}, "a.b.c": {"en": "z", "ko": "w"}}
