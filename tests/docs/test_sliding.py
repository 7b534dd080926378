"""The window that slides over a picture (docs/pictures/sliding.py): right numbers, small, and for everybody."""
import re
from pathlib import Path

import numpy as np
import pytest

from npnet.ops import conv2d_forward

DOCS = Path(__file__).resolve().parents[2] / "docs"
X = np.array([[1.0, 2, 0, 1], [0, 1, 3, 1], [2, 1, 0, 0], [1, 0, 1, 2]])
W = np.array([[1.0, 0], [2, -1]])


@pytest.fixture
def sliding(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    pytest.importorskip("matplotlib")
    from pictures.sliding import sliding
    return sliding


def test_every_step_says_the_right_sum(sliding):
    right = conv2d_forward(X[None, None], W[None, None], np.ones(1), 1, 0, 1).ravel()
    said = re.findall(r"<title>.*?= (−?\d+)\.</title>", sliding(X, W, 1)._repr_html_())

    assert [int(number.replace("−", "-")) for number in said] == right.tolist()


def test_the_page_stays_small_and_asks_no_other_host(sliding):
    text = sliding(X, W, 1, "ko", "설명")._repr_html_()

    assert len(text.encode()) < 300_000
    assert "http" not in text and "src=" not in text
    assert "재생" in text and "<figcaption>설명</figcaption>" in text


@pytest.mark.long
@pytest.mark.browser
def test_it_plays_by_keyboard_and_is_a_strip_where_nothing_may_move(sliding, tmp_path, chromium_path):

    import playwright.sync_api as playwright
    page = tmp_path / "page.html"
    page.write_text(f"<meta charset=utf-8>{sliding(X, W, 1)._repr_html_()}", "utf-8")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        still = browser.new_page(reduced_motion="reduce")
        still.goto(page.as_uri())
        assert still.locator("li:visible").count() == 9 and not still.locator("button").is_visible()
        moving = browser.new_page(reduced_motion="no-preference")
        moving.goto(page.as_uri())
        assert moving.locator("li:visible").count() == 1
        moving.locator("input").focus()
        moving.keyboard.press("ArrowRight")
        assert "Step 2:" in moving.locator("li:visible title").text_content()
        moving.locator("button").focus()
        moving.keyboard.press("Space")
        assert moving.locator("button").inner_text() == "Pause"
        moving.keyboard.press("Space")
        assert moving.locator("button").inner_text() == "Play"
        moving.emulate_media(media="print")
        assert moving.locator("li:visible").count() == 9
        browser.close()
