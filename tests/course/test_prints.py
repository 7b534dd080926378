"""Diagnosis without the solution: from sums with signs."""
import json

import numpy as np
import pytest

from npnet.course.check import check
from npnet.course.grader import fingerprints
from npnet.course.grader.assignment import load
from npnet.course.grader.calls import Call, Outcome
from npnet.course.grader.diagnosis import text
from npnet.course.grader.fingerprints import FEW, MARKS, SMALL, like, print_of, sealed, signs
from npnet.course.grader.mistakes import patched
from npnet.course.workspace import Workspace

pytestmark = pytest.mark.long              # processes are started, or many probes run

FIRST = [1, 1, 1, -1, -1, 1, -1, 1]


@pytest.fixture(scope="module")
def a7(tmp_path_factory):
    path = tmp_path_factory.mktemp("prints") / "a7.fp.json"
    size = fingerprints.write(load("a7"), path, pairs=False)
    assert size == path.stat().st_size < 200_000
    return load("a7"), fingerprints.read(path), path


def calls_of(assignment, prints, region):
    return [call for property in assignment.of(region) if fingerprints.fingerprinted(property)
            for call in prints.calls(property)]


def test_signs_are_the_same_for_ever():
    assert signs(5).shape == (MARKS, 5) and signs(8)[0].astype(int).tolist() == FIRST
    assert set(np.unique(signs(1000))) == {-1.0, 1.0} and abs(signs(1000).mean()) < 0.05


def test_equal_arrays_have_equal_prints_and_others_have_not():
    a = np.arange(60.0).reshape(3, 4, 5)
    assert like(print_of(a), print_of(a + 1e-13)) and not like(print_of(a), print_of(a + 1e-3))
    assert not like(print_of(a), print_of(a.reshape(4, 3, 5)))
    assert not like(print_of(a), print_of(a.transpose(0, 2, 1).reshape(3, 4, 5)))
    assert like(print_of(a.astype(np.float32) / 3), print_of(a / 3)) and not like(print_of(a * 2), print_of(a))
    assert np.allclose(print_of(-3 * a).marks, -3 * np.array(print_of(a).marks))


def test_what_is_not_finite_is_counted():
    a = np.arange(30.0)
    b = a.copy()
    b[3], b[4] = np.nan, np.inf
    assert print_of(b).odd == (1, 1, 0) and np.isfinite(print_of(b).marks).all()
    assert not like(print_of(b), print_of(a)) and like(print_of(b), print_of(b.copy()))
    assert print_of(a * 1e200).odd == (0, 29, 0)


def test_few_numbers_are_sealed_and_fewer_are_not_kept():
    assert sealed(np.arange(FEW)).data() == [[], "f"]
    seal = sealed(np.array([1.5, 2.0, -3.25, 4.0])).seal
    assert seal and seal == sealed(np.array([1.5 + 1e-9, 2.0, -3.25, 4.0])).seal
    assert seal != sealed(np.array([1.5, 2.0, -3.25, 4.01])).seal
    assert sealed(np.full(5, 60965224.0)).seal != sealed(np.full(5, 60965225.0)).seal


def test_text_and_dictionaries_have_prints_too():
    outcomes = [Outcome(value={"kind": word, "shape": np.arange(3.0)}) for word in ("conv", "pool")]
    a, b = (fingerprints.prints_of([Call("layers", [])], [outcome], {}, {(0, "shape")}) for outcome in outcomes)
    assert fingerprints.same(a, a) and not fingerprints.same(a, b)
    assert fingerprints.unpacked(fingerprints.packed({"w": np.arange(4.0)}))["w"].tolist() == [0, 1, 2, 3]


def test_no_output_of_few_numbers_stands_in_the_file(a7):
    assignment, _, path = a7
    for region in json.loads(path.read_text("utf-8"))["regions"].values():
        for calls in [region["right"]["calls"], *(mistake["calls"] for mistake in region["mistakes"])]:
            for i, table in enumerate(calls):
                for name, data in (table or {}).items() if isinstance(table, dict) else ():
                    small = [i, name] in region["small"]
                    assert data is None or (len(data) == 2 if small else np.prod(data[0]) != 0)
        for data in region["right"]["joined"].values():
            assert len(data) <= 3 or np.prod(data[0]) > SMALL > 12


def test_the_solution_is_right_and_its_text_is_not_in_the_file(a7):
    assignment, prints, path = a7
    for region in assignment.source.regions:
        calls = calls_of(assignment, prints, region)
        outcomes = [assignment.reference.run(call) for call in calls]
        assert set(prints.right(region, calls, outcomes).values()) == {True}
        assert prints.diagnose(region, calls, outcomes) is None
        with pytest.raises(ValueError, match="has no fingerprints"):
            prints.calls(next(p for p in assignment.of(region) if p.hidden))
    content = path.read_text("utf-8")
    for line in assignment.source.solution.splitlines():
        assert len(line.strip()) < 25 or line.strip() not in content


def test_mistakes_are_named_without_the_solution(a7):
    assignment, prints, _ = a7
    named = 0
    for mistake in assignment.mistakes:
        calls = calls_of(assignment, prints, mistake.region)
        runner = assignment.mistaken(mistake)
        found = prints.diagnose(mistake.region, calls, [runner.run(call) for call in calls])
        named += found is not None and mistake.id in found.mistakes and set(found.mistakes) <= {mistake.id, *mistake.same}
    assert named >= 0.9 * len(assignment.mistakes)


def test_a_factor_is_found_in_the_sums(a7):
    assignment, prints, _ = a7
    region = "a7.grad"
    calls = calls_of(assignment, prints, region)
    outcomes = [Outcome(value=assignment.reference.run(call).value * 7) for call in calls]
    right = prints.right(region, calls, outcomes)
    assert True not in right.values()
    found = prints.diagnose(region, calls, outcomes)
    assert found.step == "D3" and "Your dlogits is exactly 7 x the right one" in text(found, "en")[0]


def test_another_version_is_refused(tmp_path):
    (tmp_path / "a1.fp.json").write_text('{"version": 99}')
    with pytest.raises(ValueError, match="version 99; this npnet reads 1"):
        fingerprints.read(tmp_path / "a1.fp.json")


def test_a_file_is_checked_from_fingerprints_beside_it(a7, tmp_path):
    assignment, _, path = a7
    work = Workspace(tmp_path)
    (tmp_path / "a7.fp.json").write_bytes(path.read_bytes())
    mistake = next(m for m in assignment.mistakes if m.region == "a7.grad")
    for content, code, named in ((assignment.source.solution, 0, []), (assignment.source.starter(), 2, []),
                              (patched(assignment.source.solution, mistake), 1, [mistake.id])):
        (tmp_path / assignment.filename).write_text(content)
        found = check(work, str(tmp_path / assignment.filename))
        result = found.results[0][1]
        assert found.code == code and "report.by_prints" in [note.id for note in result.warnings]
        assert [id for region in result.regions if region.diagnosis for id in region.diagnosis.mistakes] == named
        assert "fingerprints" in "\n".join(found.lines())
