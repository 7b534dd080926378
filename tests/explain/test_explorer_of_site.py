"""The explorer of SqueezeNet that the site shows: where its weights come from, and what is said without them."""
import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest

import npnet
from npnet.weights import fetching

FILE = Path(npnet.__file__).parents[1] / "docs" / "extensions" / "explorer.py"


@pytest.fixture
def extension(monkeypatch, tmp_path):
    """docs/extensions/explorer.py on a computer without any weights."""
    if not FILE.exists():
        pytest.skip("needs the docs folder beside npnet")
    spec = importlib.util.spec_from_file_location("site_explorer", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.delenv("NPNET_REFERENCE", raising=False)
    monkeypatch.setattr(fetching, "located", lambda name: None)
    monkeypatch.setattr(fetching, "class_names", lambda: None)
    return module


def test_without_weights_one_sentence_says_so(extension):
    for language, word in (("en", "were not on the computer"), ("ko", "가중치가 없어")):
        text = extension.squeezenet_frame(language)
        assert word in text and "npnet weights get squeezenet" in text and "iframe" not in text


def test_weights_come_from_the_reference_or_from_the_home(extension, monkeypatch, tmp_path):
    monkeypatch.setattr(fetching, "located", lambda name: tmp_path / "home.net")
    assert extension.squeezenet_files() == (tmp_path / "home.net", None)
    assert "../_static/explorer/squeezenet.html" in extension.squeezenet_frame("ko")
    for name in extension.REFERENCE:
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("x")
    monkeypatch.setenv("NPNET_REFERENCE", str(tmp_path))
    assert extension.squeezenet_files() == tuple(tmp_path / name for name in extension.REFERENCE)


def test_an_old_page_goes_when_the_weights_have_gone(extension, monkeypatch, tmp_path):
    page = tmp_path / "_static" / "explorer" / "squeezenet.html"
    page.parent.mkdir(parents=True)
    page.write_text("old")
    monkeypatch.setattr(extension, "SHOWN", ("squeezenet",))
    extension.write_explorers(SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(format="html")), None)
    assert not page.exists()


@pytest.mark.reference
@pytest.mark.long
def test_the_page_of_squeezenet(reference, extension, monkeypatch, tmp_path):
    monkeypatch.setenv("NPNET_REFERENCE", str(reference))
    extension.write_explorer("squeezenet", tmp_path / "a.html")
    text = (tmp_path / "a.html").read_text("utf-8")
    assert len(text) < 4_000_000 and '"best":[{"label":457,"name":"bow tie' in text and '"name":"gradcam"' in text


def test_a_licence_goes_with_the_weights(extension, monkeypatch, tmp_path):
    monkeypatch.setattr(fetching, "located", lambda name: tmp_path / "home.net")
    assert '"_static/squeezenet-licence.txt"' in extension.squeezenet_frame()
    text = (FILE.parents[1] / "static" / "squeezenet-licence.txt").read_text()
    assert "Redistributions in binary form must reproduce" in text
