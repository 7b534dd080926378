"""What the pages draw: a phone shows it whole, and its letters can be read; what is said of it is right."""
import importlib
import inspect
import re
from pathlib import Path

import pytest

import npnet

DOCS = Path(__file__).resolve().parents[2] / "docs"
NOT_OF_PAGES = {"__init__", "readme"}                           # readme.png is as wide as a screen
pytest.importorskip("matplotlib")


@pytest.fixture
def picture(monkeypatch):
    """picture("conv") is docs/pictures/conv.py."""
    monkeypatch.syspath_prepend(str(DOCS))
    return lambda name: importlib.import_module(f"pictures.{name}")


def drawn(module):
    """(name, Figure) of all functions of a module that draw without being given anything."""
    from matplotlib.figure import Figure
    for name, function in inspect.getmembers(module, inspect.isfunction):
        given = inspect.signature(function).parameters.values()
        if function.__module__ == module.__name__ and all(each.default is not each.empty or each.kind is each.VAR_KEYWORD
                                                          for each in given):
            figure = function()
            if isinstance(figure, Figure):
                yield name, figure


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(path.stem for path in (DOCS / "pictures").glob("*.py") if path.stem not in NOT_OF_PAGES))
def test_a_phone_shows_it_whole_and_its_letters_can_be_read(name, picture):
    from matplotlib.text import Text
    for function, figure in drawn(picture(name)):
        figure.canvas.draw()                                    # numbers along the sides are made now
        small = [text.get_text() for text in figure.findobj(Text)
                 if text.get_text().strip() and text.get_visible() and text.get_fontsize() < 9]
        assert small == [] and figure.get_size_inches()[0] <= 4.7, function


def test_what_the_walk_says_of_its_pictures(picture):
    counts, text = picture("network").counts("krizhevsky2012"), " ".join((DOCS / "walk.md").read_text("utf-8").split())
    text = text.replace('" "', "")
    facts = {each.name: each for each in counts.layers}
    share = {name: [100 * getattr(facts[name], what) / counts.total(what) for what in ("parameters", "multiply_adds")]
             for name in ("fc6", "conv2")}

    assert "fc6 has {:.0f} percent of the parameters and {:.0f} percent of the multiply-adds".format(*share["fc6"]) in text
    assert 0.45 < share["conv2"][0] < 0.55 and f"and {share['conv2'][1]:.0f} percent of the multiply-adds" in text
    fields = ", ".join(f"{name} {facts[name].field[0]}" for name in npnet.MODELS["krizhevsky2012"]()[1] if name.startswith("conv"))
    assert f"labelled {fields}." in text and len(re.findall("conv", fields)) == 5
