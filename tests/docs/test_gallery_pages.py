"""The gallery and the reference: every example has its page and picture, every docstring becomes valid text."""
import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

import npnet

ROOT = Path(npnet.__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))
pytestmark = pytest.mark.docs
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))


@pytest.fixture(scope="module")
def gallery():
    return importlib.import_module("extensions.gallery")


@pytest.fixture(scope="module")
def docstrings():
    return importlib.import_module("extensions.docstrings")


# ---------------------------------------------------------------------------- the gallery

def test_all_examples_have_an_entry(gallery):
    assert sorted(gallery.examples()) == EXAMPLES


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_has_a_picture_and_words_for_it(gallery, name):
    """It is drawn by the example while the site is built, or recorded, or it is the network of what was not run."""
    table, kept = gallery.examples()[name], gallery.commands()
    assert len(table["alt"]) > 40
    assert [name in kept, "picture" in table, "network" in table].count(True) == 1
    if name in kept:
        path = gallery.FOLDER / f"{name}.png"
        assert ("drawn" in kept[name] or kept[name]["picture"].endswith(".png")) and path.stat().st_size <= 120_000
        with Image.open(path) as picture:
            assert min(picture.size) > 150
    elif "network" in table:
        assert "not run" in " ".join(table["needs"].split()) and table["network"] in npnet.MODELS


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_recorded_command_is_that_of_the_entry(gallery, name):
    if name in gallery.commands():
        command = gallery.commands()[name]["command"]
        assert command.removeprefix("mpiexec -n 2 ").split()[:2] == ["python", f"examples/{name}.py"]
        assert sys.modules["recording"].read(name).command == command


def test_an_example_without_an_entry_is_said(gallery, tmp_path, monkeypatch):
    (tmp_path / "examples.toml").write_text('[alexnet_forward]\nalt = ""\n', "utf-8")
    monkeypatch.setattr(gallery, "GALLERY", tmp_path)
    with pytest.raises(ValueError, match="must name the same examples; only one has compare_backends, "):
        gallery.examples()


@pytest.fixture
def made(gallery, tmp_path, monkeypatch):
    """The names of the pages that a build writes into an empty folder; nothing runs."""
    monkeypatch.setattr(gallery, "PAGES", tmp_path)

    def make(part):
        monkeypatch.setenv("NPNET_DOCS", part)
        names = []
        monkeypatch.setattr(gallery, "make", lambda name, table, kept: names.append(name))
        gallery.make_pages(None)
        return sorted(names)
    return make


def test_a_part_of_the_site_runs_no_example_that_it_has_no_page_of(made):
    assert made("ops/pool ko/*") == made("gallery/index") == []
    assert made("gallery/pages/own_layer") == ["own_layer"]
    assert made("") == made("gallery/pages/*.md") == EXAMPLES


def test_a_page_is_made_once_and_again_when_its_entry_changes(gallery, tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "PAGES", tmp_path)
    ran = []
    monkeypatch.setattr(gallery, "fresh_output", lambda name, table: ran.append(name) or ["![](a.png)", "output"])
    table = {"picture": "own_layer.png", "alt": "Small squares."}
    for entry in (table, table, {**table, "alt": "Squares."}):
        gallery.make("own_layer", entry, {})
    page = (tmp_path / "own_layer.md").read_text("utf-8")

    assert ran == ["own_layer", "own_layer"]
    assert "\n# A layer of your own\n" in page and "../../../examples/own_layer.py" in page
    assert "```sh\npython examples/own_layer.py\n```" in page and page.index("![](a.png)") < page.index("output")


def test_a_page_of_what_was_not_run_says_why_and_draws_the_network(gallery, tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "PAGES", tmp_path)
    gallery.make("train_cifar", gallery.examples()["train_cifar"], {})
    page = (tmp_path / "train_cifar.md").read_text("utf-8")

    assert "It was not\nrun for this page" in page and "## What it prints" not in page
    with Image.open(tmp_path / "train_cifar.png") as picture:
        assert picture.width > 500
        assert f'style="--own: {picture.width // 2}px"' in page
    assert (tmp_path / "train_cifar.png").stat().st_size <= 120_000


# ---------------------------------------------------------------------------- the reference

def html_of(text):
    """What docutils makes of reStructuredText; an error at its slightest warning."""
    from docutils.core import publish_parts
    return publish_parts(text, writer_name="html5", settings_overrides={"halt_level": 1, "report_level": 1})["body"]


DOCSTRINGS = {
    "an indented block": ("Sizes.\n\n    P = (H - R)//S + 1\n    a * b * c\n\nAnd more.", ["a * b * c", "<p>And more.</p>"]),
    "a block at once": ("Sizes:\n    P = (H - R)//S + 1\nand more.", ["P = (H - R)//S + 1", "and more."]),
    "two blocks": ("    one\n\n    two\n\nthree", ["one\n\ntwo"]),
    "a star": ("Takes *names and **options, a * b, *c.", ["*names and **options, a * b, *c."]),
    "an underscore": ("The name_ and __all__ of `x_`; |x| and [1]_.", ["name_ and __all__", ">x_<", "|x| and [1]_"]),
    "a doctest": ("Adds.\n\n>>> 1 + 1\n2\n\nDone.", ["&gt;&gt;&gt; 1 + 1\n2", "<p>Done.</p>"]),
    "no list": ("(a) first\n(b) second\n- third\n1. fourth\n\nx: a name", ["(a) first", "- third", "1. fourth", "x: a name"]),
    "a heading": ("Words\n=====\n\n-----", ["Words\n=====", "-----"]),
    "quotes": ("A `name` and 'x' and \"y\", <here>.", ["name</", "&lt;here&gt;"]),
}


@pytest.mark.parametrize("text, shown", DOCSTRINGS.values(), ids=DOCSTRINGS)
def test_a_docstring_becomes_what_it_looks_like(docstrings, text, shown):
    html = html_of("\n".join(docstrings.as_text(text.splitlines())))
    for words in shown:
        assert words in html, html
    assert "\\" not in html


def test_docstrings_are_rewritten_where_sphinx_reads_them(docstrings):
    lines = ["a *b"]
    docstrings.rewrite(None, "function", "f", None, None, lines)
    assert lines == [r"a \*b", ""]
    assert docstrings.skip(None, "class", "x", SimpleNamespace(__doc__="Alias for field number 0"), False, None)


@pytest.mark.parametrize("room", ["ops", "backend", "layers", "network", "models", "optim", "train", "gradcheck"])
def test_all_public_names_of_the_book_are_in_the_reference(docstrings, room):
    """Names of npnet itself and of the chapters' __init__ stand on the page of the file that defines them."""
    modules = [f"npnet.ops.{name}" for name in docstrings.CHAPTERS] if room == "ops" else [f"npnet.{room}"]
    for name in modules:
        module, page = importlib.import_module(name), docstrings.page(name)
        public = [each for each, thing in vars(module).items() if callable(thing) and thing.__doc__
                  and getattr(thing, "__module__", "") == name and not each.startswith("_")]
        assert public
        for each in public:
            assert f":: {name}.{each}\n" in page
    index = (ROOT / "docs" / "api" / "index.md").read_text("utf-8")
    assert all(f"rooms/{name.removeprefix('npnet.').replace('.', '-')}\n" in index for name in modules)


def test_what_a_room_says_keeps_its_blocks(docstrings):
    """Where all lines after the first are indented, too."""
    assert ".. code-block:: text\n\n    mpiexec -n 4 npnet train" in docstrings.page("npnet.parallel")


def test_lines_of_code_are_counted(docstrings, tmp_path):
    (tmp_path / "a.py").write_text('"""Says."""\n\n# a comment\nx = 1\n\n\ndef f():\n    """Is.\n\n    More."""\n    return x\n')
    assert docstrings.code_lines(tmp_path / "a.py") == 3


# ---------------------------------------------------------------------------- the picture of the rooms

def test_the_rooms_are_drawn_from_the_table_that_holds_them():
    rooms = importlib.import_module("pictures.rooms")
    book, annexes, may = rooms.table()
    order = rooms.in_order([*book, *annexes], may)
    figure = rooms.who_may_import_whom()

    assert may["layers"] == ["ops", "backend"] and rooms.imports("layers") == {"ops", "backend"}
    assert order[:len(book)] == book and "parallel" in annexes
    assert figure.get_size_inches()[0] <= 4.6
    squares = [patch for patch in figure.axes[0].patches if patch.get_width() == 0.72]
    assert len(squares) == sum(map(len, may.values()))
    assert all(square.get_x() < square.get_y() for square in squares)
    with pytest.raises(ValueError, match="in a circle: a, b"):
        rooms.in_order(["a", "b"], {"a": ["b"], "b": ["a"]})
