"""What the pages on pooling, LRN and batch normalisation draw: the numbers are right, and a phone can show it."""
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from npnet import ops

DOCS = Path(__file__).resolve().parents[2] / "docs"
sys.path.insert(0, str(DOCS))
pytest.importorskip("matplotlib")

from pictures import batchnorm, lrn, pool  # noqa: E402
from pictures.changed import changed  # noqa: E402

PAGES = ["average-pool", "batchnorm", "lrn", "max-pool"]
FIVE = np.array([1.0, 2, 3, 2, 1])
FIGURES = {
    "overlapping": pool.overlapping, "steps": pool.steps, "touched": pool.touched, "routed": pool.routed,
    "padded": pool.padded, "divisors": pool.divisors, "shared": pool.shared, "adaptive": pool.adaptive,
    "ladder": lambda: pool.ladder((2, 3, 1, 3, True), size=5), "beside": lambda: pool.beside(FIVE, FIVE[::-1] + 0.5),
    "parted": lambda: pool.parted(np.arange(20).reshape(4, 5), 2, 2),
    "row_of_channels": lambda: lrn.row_of_channels(lrn.channels(), 59), "five": lambda: lrn.five(FIVE),
    "reached": lrn.reached, "slopes": lambda: lrn.slopes_picture(FIVE), "groups": lrn.groups, "within": lrn.within,
    "lone": lrn.lone, "stages": batchnorm.stages, "who_shares": batchnorm.who_shares,
    "terms": batchnorm.terms_picture, "batchnorm_slopes": batchnorm.slopes_picture,
    "running": batchnorm.running_picture}


@pytest.mark.parametrize("name", FIGURES)
def test_a_phone_shows_it_whole_and_its_letters_are_large_enough(name):
    figure = FIGURES[name]()
    assert figure.get_size_inches()[0] <= 4.6
    written = [text for text in pool.texts(figure) if text.get_text().strip() and text.get_visible()]
    assert written and min(text.get_fontsize() for text in written) >= 9


def test_the_three_terms_add_up_to_the_gradient():
    four = batchnorm.channel
    dx, _, _ = ops.batchnorm_backward(four(batchnorm.DY), four(batchnorm.X), np.array([2.0]), np.array([5.0]),
                                      np.array([4.0]), 0.0, True)
    assert np.array_equal(batchnorm.terms()[-1], dx.ravel())
    assert batchnorm.terms()[-1].sum() == 0


def test_slopes_of_lrn_are_those_that_are_measured():
    step = 1e-6
    measured = np.empty((5, 5))
    for j in range(5):
        up, down = (ops.lrn_forward(lrn.pixel(FIVE + sign * step * np.eye(5)[j]), 3, 2.0, 0.5, 0.75, 1)[0].ravel()
                    for sign in (1, -1))
        measured[:, j] = (up - down) / (2 * step)
    assert np.allclose(lrn.slopes(FIVE), measured, atol=1e-9)


def test_slopes_of_batch_normalisation_are_those_that_are_measured():
    step, measured = 1e-6, np.empty((8, 8))
    for j in range(8):
        up, down = (((x - x.mean()) / x.std()) for x in (batchnorm.X + sign * step * np.eye(8)[j] for sign in (1, -1)))
        measured[:, j] = (up - down) / (2 * step)
    assert np.allclose(batchnorm.slopes(), measured, atol=1e-8)


def test_groups_do_not_see_each_other():
    assert not lrn.membership(8, 5, 2)[3, 4] and lrn.membership(8, 5, 1)[3, 4]
    assert lrn.membership(8, 5, 2).sum() == 28                  # two groups of 3 + 4 + 4 + 3
    assert lrn.membership(8, 5, 1).sum() == 34


def test_a_changed_line_is_run_and_one_that_is_not_there_is_refused():
    wrong = changed(ops.avg_pool_forward_loops, "total / area", "total / 2")
    assert wrong(np.ones((1, 1, 2, 2)), 2, 2, 2, 0, False, True)[0, 0, 0, 0] == 2
    assert ops.avg_pool_forward_loops(np.ones((1, 1, 2, 2)), 2, 2, 2, 0, False, True)[0, 0, 0, 0] == 1
    with pytest.raises(ValueError, match="holds it 0 times"):
        changed(ops.avg_pool_forward_loops, "no such line", "")


@pytest.mark.parametrize("name", PAGES)
def test_both_languages_have_nine_sections_and_the_same_mistakes_code_and_questions(name):
    texts = [(DOCS / folder / f"{name}.md").read_text(encoding="utf-8") for folder in ("ops", "ko/ops")]
    found = [(len(re.findall(r"^## ", text, re.M)), re.findall(r'mistake\("a\d", "([\w.]+)"', text),
              re.findall(r":pyobject: (\w+)", text), text.count(":::{dropdown}"), re.findall(r"changed\(([\w.]+)", text),
              re.findall(r"show\((\w+\.\w+)", text)) for text in texts]
    assert found[0] == found[1]
    assert found[0][0] == 9 and found[0][3] == 3 and len(found[0][1]) + len(found[0][4]) >= 4
