"""The gate: every property fails on the starter and holds for the solution, every mistake is caught in public and hidden."""
import pytest
from small_course import course

from npnet.course.grader.assignment import ids, load
from npnet.course.selftest import selftest
from npnet.course.titles import points as points_of

KEYS = ["student-0", "student-1", "student-2"]


@pytest.mark.long
@pytest.mark.parametrize("id", ids())
def test_the_gate(id):
    assert selftest(id, KEYS) == []


def test_a_mistake_without_one_language_is_a_problem(tmp_path):
    path = course(tmp_path / "course") / "catalogue" / "a1.toml"
    path.write_text(path.read_text("utf-8").replace("if.ko", "# if.ko"), "utf-8")
    assert "twice.first has no if.ko" in selftest("a1", KEYS, tmp_path / "course")


def test_the_points_of_the_course():
    points = {id: points_of(load(id)) for id in ids()}
    assert points == dict(a1=12, a2=12, a3=16, a4=10, a5=12, a6=6, a7=8, a8=6, a9=10, a10=8, b1=6)


def test_the_size_of_the_catalogue():
    mistakes = [mistake for id in ids() for mistake in load(id).mistakes]
    assert len(mistakes) >= 150 and len({mistake.id for mistake in mistakes}) == len(mistakes)
    assert len({function for id in ids() for mistake in load(id).mistakes
                for function in load(id).source.regions[mistake.region].functions}) >= 13


@pytest.mark.parametrize("id", ids())
def test_every_mistake_is_said_in_both_languages(id):
    for mistake in load(id).mistakes:
        for language in ("en", "ko"):
            assert mistake.when.get(language) and mistake.ask.get(language), f"{mistake.id} has no {language}"
        assert mistake.concept and not mistake.when["en"].endswith("."), mistake.id


@pytest.mark.parametrize("id", ids())
def test_stated_equals_know_each_other(id):
    mistakes = {mistake.id: mistake for mistake in load(id).mistakes}
    for mistake in mistakes.values():
        for other in mistake.same:
            assert mistake.id in mistakes[other].same, f"{other} does not name {mistake.id}"
