"""What is wrong with an answer: an assignment of our own, solved wrongly in many ways."""
import ast
import re
import string
from pathlib import Path

import numpy as np
import pytest

from npnet.course.grader.assignment import load
from npnet.course.grader.diagnosis import Case, causes, diagnose, smallest, text
from npnet.course.grader.diagnosis.exceptions import RULES, explained
from npnet.course.grader.calls import Call, Direct, Outcome, Raised
from npnet.course.grader.perform import namespace
from npnet.course.grader.words import known, table

GRADER = Path(causes.__file__).parent
SOURCE = '''# HANDOUT(en)
"""Sums of windows."""
# HANDOUT(ko)
"""윈도의 합."""
# END HANDOUT
# TEXT(en)
"""Starter."""
# TEXT(ko)
"""시작."""
# END TEXT
import numpy as np


def conv2d_forward(x, w, b, stride, pad, groups):
    # BEGIN SOLUTION(z1.conv, points=2)
    frame = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    K, Cg, R, S = w.shape
    P, Q = (frame.shape[2] - R) // stride + 1, (frame.shape[3] - S) // stride + 1
    y = np.zeros((len(x), K, P, Q))
    for r in range(R):
        for s in range(S):
            part = frame[:, :, r:r + stride * P:stride, s:s + stride * Q:stride]
            for k in range(K):
                first = k // (K // groups) * Cg
                y[:, k] += (part[:, first:first + Cg] * w[k, :, r, s].reshape(1, -1, 1, 1)).sum(axis=1)
    y += b.reshape(1, -1, 1, 1)
    # END SOLUTION(z1.conv)
    return y


def col2im(cols, H, W, stride, pad):
    # BEGIN SOLUTION(z1.col2im, points=2)
    N, C, R, S, P, Q = cols.shape
    frame = np.zeros((N, C, H + 2 * pad, W + 2 * pad))
    for r in range(R):
        for s in range(S):
            frame[:, :, r:r + stride * P:stride, s:s + stride * Q:stride] += cols[:, :, r, s]
    dx = frame[:, :, pad:pad + H, pad:pad + W]
    # END SOLUTION(z1.col2im)
    return dx
'''
CATALOGUE = '''
[[mistake]]
id = "conv.flip"
region = "z1.conv"
edits = [["w[k, :, r, s]", "w[k, :, R - 1 - r, S - 1 - s]"]]
concept = "flip"
if.en = "the filter is rotated"
if.ko = "필터를 돌렸을 때"
ask.en = "Where is w[0, 0]?"
ask.ko = "w[0, 0]은 어디에 있습니까?"

[[mistake]]
id = "conv.no_bias"
region = "z1.conv"
edits = [["y += b.reshape(1, -1, 1, 1)", "y += 0"]]
if.en = "the bias is not added"
if.ko = "편향을 더하지 않았을 때"

[[mistake]]
id = "conv.no_pad"
region = "z1.conv"
edits = [["frame = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))", "frame = x"]]
if.en = "there is no padding"
if.ko = "패딩을 하지 않았을 때"

[[mistake]]
id = "col2im.overwrite"
region = "z1.col2im"
edits = [["] += cols", "] = cols"]]
concept = "accumulate"
if.en = "overlapping windows overwrite each other instead of adding up"
if.ko = "겹치는 윈도의 기울기를 더하지 않고 덮어썼을 때"
ask.en = "The pixel in the middle feeds four outputs. How many gradients must it receive?"
ask.ko = "가운데 픽셀은 출력 네 곳에 쓰였습니다. 기울기를 몇 번 받아야 합니까?"
'''
CHECKS = '''
from npnet.course.grader.calls import Call
from npnet.course.grader.properties import Property

OUTPUTS = {"conv2d_forward": ("y",), "col2im": ("dx",)}


def conv(draw, parts):
    for N, C, K, H, W, R, S, stride, pad, G in ((2, 4, 6, 7, 5, 3, 2, 1, 1, 2), (3, 2, 5, 6, 8, 2, 3, 2, 1, 1),
                                                (2, 2, 3, 5, 6, 2, 2, 1, 0, 1)):
        yield Call("conv2d_forward", [draw.quarters(N, C, H, W), draw.quarters(K, C // G, R, S), draw.quarters(K),
                                      stride, pad, G])


def images(draw, parts):
    for N, C, H, W, R, S, P, Q, stride, pad in ((2, 4, 9, 8, 3, 3, 5, 4, 2, 1), (3, 2, 6, 5, 2, 3, 5, 3, 1, 0)):
        yield Call("col2im", [draw.quarters(N, C, R, S, P, Q), H, W, stride, pad])


PROPERTIES = [Property("z1.conv.values", "z1.conv", lambda draw, parts: list(conv(draw, parts))),
              Property("z1.col2im.values", "z1.col2im", lambda draw, parts: list(images(draw, parts)))]
'''


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    for name, content in (("assignments/z1_windows.py", SOURCE), ("catalogue/z1.toml", CATALOGUE),
                          ("checks/z1.py", CHECKS)):
        (folder / name).parent.mkdir()
        (folder / name).write_text(content, "utf-8")
    return load("z1", folder)


def case_of(assignment, region, student):
    """A Case of a student's text, or of a Direct."""
    direct = student if isinstance(student, Direct) else Direct(
        namespace(student, "student.py", {}), "student.py", student)
    calls = [call for property in assignment.of(region) for call in assignment.calls(property)]
    return Case(assignment, region, calls, [direct.run(call) for call in calls],
                [assignment.reference.run(call) for call in calls], run=direct.run)


def told(assignment, region, old, new, language="en"):
    """The Diagnosis of the solution with another text in one place, and its sentences as one text."""
    assert SOURCE.count(old) == 1
    found = diagnose(case_of(assignment, region, SOURCE.replace(old, new)))
    return found, " ".join(text(found, language))


def test_nothing_is_said_of_right_answers(course):
    assert diagnose(case_of(course, "z1.conv", SOURCE)) is None
    assert diagnose(case_of(course, "z1.col2im", SOURCE)) is None


@pytest.mark.parametrize("id", ["conv.flip", "conv.no_bias", "conv.no_pad", "col2im.overwrite"])
def test_mistakes_of_the_catalogue_are_named(course, id):
    mistake = next(m for m in course.mistakes if m.id == id)
    found = diagnose(case_of(course, mistake.region, course.mistaken(mistake)))
    assert (found.mistakes, found.certainty, found.step) == ([id], "exact", "D2")
    assert mistake.when["en"] in text(found, "en")[0] and mistake.when["ko"] in text(found, "ko")[0]


def test_an_overwriting_col2im_is_said_with_its_places_and_a_question(course):
    found, said = told(course, "z1.col2im", "] += cols", "] = cols")
    assert said.startswith("Your dx is exactly what you get if overlapping windows overwrite each other instead of adding up.")
    right, wrong, more = map(int, re.search(r"right at all (\d+) pixels covered once .* at (\d+) of the (\d+)", said).groups())
    assert right + more == 2 * 4 * 9 * 8 and right == 2 * 4 * 5 * 5 and 0.9 * more < wrong <= more
    assert said.endswith("How many gradients must it receive?")
    korean = " ".join(text(found, "ko"))
    assert "dx는 겹치는 윈도의 기울기를 더하지 않고 덮어썼을 때 나오는 값과 정확히 같습니다." in korean
    assert f"두 번 이상 덮인 픽셀 {more}개 중 {wrong}개가 틀립니다" in korean


@pytest.mark.parametrize("region, old, new, id, name", [
    ("z1.conv", "    return y", "    return y * len(x)", "named", "N"),
    ("z1.conv", "    return y", "    return y / (P * Q)", "named", "1/(P*Q)"),
    ("z1.conv", "    return y", "    return -2 * y", "constant", None),
    ("z1.col2im", "    return dx", "    return dx / C", "named", "1/C"),
    ("z1.conv", "    return y", "    return y + 3", "plus_constant", None),
    ("z1.conv", "    return y", "    return y - 2 * b.reshape(1, -1, 1, 1)", "with_times", "b"),
    ("z1.conv", "    return y", "    return y * 0", "zero", None),
    ("z1.conv", "    return y", "    return np.trunc(y)", "integers", None),
    ("z1.conv", "    return y", "    return y[::-1]", "reversed", None),
    ("z1.conv", "    return y", "    return y[:, :, ::-1, ::-1]", "reversed", None),
    ("z1.conv", "    return y", "    return abs(y)", "absolute", None)])
def test_simple_arithmetic_is_named(course, region, old, new, id, name):
    found, said = told(course, region, old, new)
    assert (found.step, found.id, found.certainty) == ("D3", f"diagnosis.algebra.{id}", "exact")
    assert found.values.get("name") == name and "exactly" in said or "right numbers" in said or "0 everywhere" in said


def test_a_factor_must_hold_on_every_probe(course):
    """2 for the first probe, whose N is 2 too, and 2 again where N is 3: it is not N."""
    found, said = told(course, "z1.conv", "    return y", "    return 2 * y")
    assert (found.id, found.values["factor"]) == ("diagnosis.algebra.constant", "2")
    found, _ = told(course, "z1.conv", "    return y", "    return y * (2 if stride == 2 else 1)")
    assert found.step in ("D3", "D5") and found.id != "diagnosis.algebra.constant"


@pytest.mark.parametrize("new, id", [
    ("y.transpose(0, 1, 3, 2)", "permuted"), ("y.transpose(0, 2, 3, 1)", "permuted"),
    ("y.reshape(len(x), K, P * Q)", "reshaped"), ("y.sum(axis=0)", "summed"), ("y.mean(axis=(2, 3))", "averaged"),
    ("np.pad(y, ((0, 0), (0, 0), (1, 1), (1, 1)))", "not_cropped"), ("y[:, :, :0]", "empty"),
    ("y[:, :, pad:-pad]", "empty"), ("y[:, :0] if pad else y", "size_0")])
def test_shapes_are_named(course, new, id):
    found, said = told(course, "z1.conv", "    return y", f"    return {new}")
    assert (found.step, found.values["why"].id) == ("D1", f"diagnosis.shape.{id}")


def test_two_mistakes_at_once_are_named(course):
    flip, bias = (next(m for m in course.mistakes if m.id == id) for id in ("conv.flip", "conv.no_bias"))
    found = diagnose(case_of(course, "z1.conv", course.mistaken(flip, bias)))
    assert found.step == "D4" and set(found.mistakes) == {"conv.flip", "conv.no_bias"} and found.certainty == "likely"
    assert "\n- the filter is rotated\n- the bias is not added\n" in text(found, "en")[0]


@pytest.mark.parametrize("region, old, new, place", [
    ("z1.conv", "    return y", "    y[1:] += np.pi * y[1:] ** 2\n    return y", "later"),
    ("z1.conv", "    return y", "    y[:, K // groups:] += np.pi * y[:, K // groups:] ** 2\n    return y", "later_groups"),
    ("z1.col2im", "    return dx", "    dx[:, :, [0, -1]] += np.pi * dx[:, :, [0, -1]] ** 2\n    return dx", "border")])
def test_places_are_named(course, region, old, new, place):
    found, said = told(course, region, old, new)
    assert (found.step, found.certainty) == ("D5", "place")
    assert f"diagnosis.place.{place}" in [said.id for said in found.places] or place == "later_groups"


def test_a_condition_that_divides_the_probes_is_said(course):
    found, said = told(course, "z1.conv", "    return y", "    return y + (stride - 1) * np.pi * y ** 2")
    assert "Right on all probes with stride 1 (2), wrong on 1 of 1 with a larger one" in said


def test_the_smallest_call_that_fails_is_small(course):
    found, said = told(course, "z1.col2im", "    return dx", "    return dx + np.pi * (dx > 5)")
    example = found.example
    assert example.function == "col2im" and example.arguments[0][1].size <= 8 and example.at != ()
    assert example.yours[example.at] - example.right[example.at] == pytest.approx(np.pi)
    assert "The smallest call that fails:\ncol2im(cols=np.array([[[[[[" in said and "by hand" in said
    assert "손으로 계산해" in " ".join(text(found, "ko"))


def test_a_hidden_probe_is_no_example(course):
    call = Call("col2im", [np.ones((1, 1, 1, 1, 2, 2)), 2, 2, 1, 0])
    right, wrong = course.reference.run(call), Outcome(np.zeros((1, 1, 2, 2)))
    found = [smallest.given(Case(course, "z1.col2im", [call], [wrong], [right], [hidden]), "col2im")
             for hidden in (True, False)]
    assert found[0] is None and found[1].arguments[0] == ("cols", call.arguments[0])


def test_python_stopped(course):
    found, said = told(course, "z1.conv", "y += b.reshape(1, -1, 1, 1)", "y = y + b")
    assert (found.step, found.values["why"].id) == ("D0", "diagnosis.raised.bias")
    assert "(ValueError): y = y + b." in said and "the shape (1, 5, 1, 1)" in said


def test_none_is_not_an_answer(course):
    found, said = told(course, "z1.conv", "    return y", "    pass")
    assert (found.step, found.id) == ("D0", "diagnosis.nothing") and "conv2d_forward returned None" in said


def test_the_starter_is_not_started(course):
    found = diagnose(case_of(course, "z1.conv", course.source.starter()))
    assert found.id == "diagnosis.unwritten"


def test_arguments_that_are_changed_are_told(course):
    found, said = told(course, "z1.conv", "    return y", "    x *= 2\n    return y")
    assert (found.id, found.values["argument"]) == ("diagnosis.changed", "x")


def test_random_answers_are_told(course):
    found, said = told(course, "z1.conv", "    return y", "    return y * np.random.random(y.shape)")
    assert found.id == "diagnosis.unsteady_random" and "another answer each time" in said


@pytest.mark.parametrize("kind, message, id", [
    ("ValueError", "operands could not be broadcast together with shapes (2,5,27,27) (5,) ", "bias"),
    ("ValueError", "operands could not be broadcast together with shapes (2,3,4,4) (2,3,4,3) ", "window"),
    ("ValueError", "operands could not be broadcast together with shapes (3,4) (4,3) ", "turned"),
    ("ValueError", "could not broadcast input array from shape (2,3,2,2) into shape (2,3,3,2)", "into"),
    ("ValueError", "matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature "
     "(n?,k),(k,m?)->(n?,m?) (size 27 is different from 12)", "matmul"),
    ("ValueError", "shapes (3,4) and (3,5) not aligned: 4 (dim 1) != 3 (dim 0)", "transpose"),
    ("ValueError", "cannot reshape array of size 72 into shape (3,20)", "reshape"),
    ("IndexError", "index 7 is out of bounds for axis 2 with size 7", "bounds_by_one"),
    ("UnboundLocalError", "cannot access local variable 'y' where it is not associated with a value", "unbound"),
    ("UnboundLocalError", "local variable 'y' referenced before assignment", "unbound"),
    ("TypeError", "'float' object cannot be interpreted as an integer", "float_size"),
    ("NotImplementedError", "a3.col2im", "unwritten"),
    ("KeyError", "'conv1.w'", "key"),
    ("UFuncTypeError", "Cannot cast ufunc 'add' output from dtype('float64') to dtype('int64') with casting rule "
     "'same_kind'", "cast"),
    ("OddError", "something else", "other")])
def test_exceptions_are_explained(kind, message, id):
    said = explained(Raised(kind, message, 3, "f", {"x": [2, 3]}, "y = x + b"))
    assert said.id == f"diagnosis.raised.{id}"


def test_every_sentence_that_is_asked_for_is_there():
    asked = set()
    for path in GRADER.glob("*.py"):
        asked |= set(re.findall(r'"(diagnosis\.[\w.]*\w)"', path.read_text("utf-8")))
    assert len(asked) > 60
    assert sorted(id for id in asked if not known(id)
                  and not any(name.startswith(id if id.endswith("_") else id + ".") for name in table())) == []


def test_both_languages_have_the_same_values():
    for id, sentences in table().items():
        if id.startswith("diagnosis."):
            fields = {language: {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
                      for language, sentence in sentences.items()}
            assert fields["ko"] - {"kind"} == fields["en"] - {"outside"} or fields["ko"] == fields["en"], id
            assert "correct" not in sentences["en"], id


def test_every_kind_of_npnets_checker_has_words():
    from npnet.diagnose.kinds import KINDS
    assert [kind for kind in KINDS if not known(f"diagnosis.kind.{kind.replace(' ', '_')}")] == []


def test_rules_for_exceptions_have_words():
    assert all(known(f"diagnosis.raised.{id}") for id in ("bias", "window", "turned", "other")) and len(RULES) > 30


def test_the_causes_need_only_what_the_list_names():
    """The builder of the Gradescope zip copies these files: they import each other, NumPy and the standard library."""
    root = GRADER.parents[2]
    for module in causes.NEEDED:
        path = root / (module.replace(".", "/") + ".py")
        path = path if path.is_file() else root / module.replace(".", "/") / "__init__.py"
        package = ["npnet", *path.relative_to(root).parent.parts]
        tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 10))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = ".".join(package[1:len(package) - node.level + 1] + (node.module or "").split(".")).strip(".")
                names = {f"{base}.{alias.name}" for alias in node.names} | {base}
                assert names & set(causes.NEEDED), f"{module} imports {base}"
            elif isinstance(node, ast.ImportFrom):
                assert not node.module.startswith("npnet")


def test_calls_of_programs_have_names_for_their_arguments(course):
    call = Call("twice", [1, 2], "def twice(a, b):\n    return conv2d_forward(a, b, 0, 1, 0, 1)\n")
    case = Case(course, "z1.conv", [call], [None], [None])
    assert case.arguments(0) == {"a": 1, "b": 2}


@pytest.mark.parametrize("reason, words", [("time", "loop without an end"), ("memory", "memory"), ("broken", "call")])
def test_a_call_that_was_ended_is_told_and_not_tried_again(course, reason, words):
    calls = [call for property in course.of("z1.conv") for call in course.calls(property)]
    again = []
    case = Case(course, "z1.conv", calls, [Outcome(stopped=reason)] * len(calls),
                [course.reference.run(call) for call in calls], run=again.append)
    found = diagnose(case)
    assert (found.step, again) == ("D0", []) and words in text(found, "en")[0]


def test_one_of_two_wrong_outputs_is_named():
    """The largest numbers without their decimals, and places that nobody knows: either is wrong by itself."""
    assignment = load("a4")
    solution = assignment.source.solution
    wrong = solution.replace("return y, argmax", "return np.trunc(y), (argmax * 5 + 3) % 7")
    assert wrong != solution
    found = diagnose(case_of(assignment, "a4.forward", wrong))
    assert (found.step, found.id, found.output) == ("D2", "diagnosis.one_output", "y")
    assert found.mistakes == ["max_pool.whole_numbers"]
    assert text(found, "en")[0].endswith("(argmax is wrong for another reason.)")
