"""What the page about several processes draws and has recorded: bytes are those that npnet counts, words those of the pictures."""
import re
from pathlib import Path

import pytest

import npnet
from npnet.parallel.towers.cutting import Unbuilt
from npnet.parallel.towers.exchange import traffic
from npnet.screen import size

ROOT = Path(__file__).resolve().parents[2]
CROSSING = (0xb0 / 255, 0x4a / 255, 0)                          # the colour of what travels


@pytest.fixture
def parallel(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    pytest.importorskip("matplotlib")
    from pictures import parallel
    return parallel


def texts(figure):
    """All texts of a picture, one a line."""
    return [line for text in figure.axes[0].texts for line in text.get_text().splitlines()]


def crossing(figure):
    """How many arrows have the colour of what travels."""
    arrows = [text.arrow_patch for text in figure.axes[0].texts if getattr(text, "arrow_patch", None)]
    return sum(arrow.get_edgecolor()[:3] == pytest.approx(CROSSING) for arrow in arrows)


def alt(word):
    """The text alternative of a picture of the page."""
    page = (ROOT / "docs" / "parallel.md").read_text("utf-8")
    return "".join(re.findall(r'"([^"]*)"', re.search(rf"show\(drawn\.{word}\b.*?\n```", page, re.DOTALL)[0]))


def recorded(name):
    return (ROOT / "docs" / "recorded" / f"{name}.txt").read_text("utf-8")


def test_the_towers_have_the_bytes_that_they_send(parallel):
    figure, sent = parallel.towers(batch=64), traffic(Unbuilt(*npnet.MODELS["krizhevsky2012"]()), 64)
    wanted = [line for told in sent.values()
              for line in (f"{size(told.forward)} forward", f"{size(told.backward)} back" if told.backward else "nothing back")]

    assert [line for line in texts(figure) if line.endswith((" forward", " back"))] == wanted
    assert list(sent) == ["conv3", "fc6", "fc7", "fc8", "loss"] and crossing(figure) == 2 * len(sent)
    assert texts(figure).count("192x13x13") == 4 and texts(figure).count("500") == 2


def test_a_step_of_two_ranks_has_the_bytes_of_every_gradient(parallel):
    figure, net = parallel.shared_batch(), parallel.whole()
    bytes_of = {name: sum(array.nbytes for array in layer.params().values()) for name, layer in net.layers.items()}
    wanted = [size(bytes_of[name]) for name in ("fc8", "fc7", "fc6")]
    wanted += [size(sum(count for name, count in bytes_of.items() if name.startswith("conv")))]

    assert [text for text in texts(figure) if text.endswith("MB")] == wanted
    assert "rank 0: rows 0 to 63" in texts(figure) and "rank 1: rows 64 to 127" in texts(figure)
    assert crossing(figure) == 2 + len(wanted)                  # the logits, and each gradient


def test_words_for_the_pictures_have_their_numbers(parallel):
    def numbers(words):
        return re.findall(r"\d+\.\d+|\d+(?= kB)", words)

    for word, figure in (("shared_batch", parallel.shared_batch()), ("towers", parallel.towers())):
        drawn = [number for text in texts(figure) for number in numbers(text)]
        told = numbers(alt(word))
        assert len(told) >= 4 and set(told) == set(drawn), word


def test_what_was_recorded_is_what_the_page_says_of_it():
    ranks, towers, trace = map(recorded, ("ranks", "two_towers", "parallel_trace"))

    assert "2 ranks: " in ranks and "mpiexec -n 2 npnet train" in ranks
    assert re.search(r"going on after 1 epoch .*\n(.*\n)*epoch 2 ", ranks)
    assert towers.count(": agree") == 3 and "DIFFER" not in towers
    for place, told in traffic(Unbuilt(*npnet.MODELS["krizhevsky2012"](10, 99), dtype=float), 8).items():
        row = re.search(rf"^{place} +([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+) ", towers, re.MULTILINE).groups()
        assert [int(number.replace(",", "")) for number in row] == [told.forward] * 2 + [told.backward] * 2
    assert re.search(r"\d+ % of the communication was hidden behind computing\. The drawing is parallel_trace.png\.\s*$", trace)
