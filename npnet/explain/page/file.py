"""The page as a file: the parts joined, names made harmless, written whole or not at all."""
import base64
import hashlib
import json
import tomllib
from html import escape
from pathlib import Path

from ...files.beside import writing
from ..words import LANGUAGES, Said
from .data import MOST, WANTED, page_data

HERE = Path(__file__).parent
SCRIPTS = ("words", "arrays", "convolve", "layers", "draw", "choose", "branches", "strip", "maps", "facts", "window",
           "kinds", "dense", "trail", "attention", "gradients", "backward", "main")
MARK = '<meta name="generator" content="npnet explain">'


def write(explain, path, title=None, language="en", most=MOST, wanted=WANTED):
    """Writes the page of a walk; returns its size in bytes. Runs all layers, and the way back of the best classes.

    title: what the network is called in it. language: "en" or "ko", in which it opens. ValueError for a name that
    does not end in .html, FileExistsError for a file that npnet did not write; OSError as npnet.files.beside.writing.
    """
    path = check_path(path)
    if language not in LANGUAGES:
        raise ValueError(Said("error.page_language", languages=", ".join(LANGUAGES), language=language))
    text = page(*page_data(explain, title, most, wanted), language).encode()
    with writing(path) as temporary:
        temporary.write_bytes(text)
    return len(text)


def check_path(path):
    """The Path of a page that may be written; what cannot be is said before anything is computed."""
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(Said("error.page_name", path=path))
    if path.is_dir():
        raise IsADirectoryError(Said("error.page_folder", path=path))
    if path.exists() and path.stat().st_size and not is_page(path):
        raise FileExistsError(Said("error.page_not_ours", path=path))
    return path


def is_page(path):
    """Whether a file is a page that `write` wrote: it says so in its first lines."""
    with open(path, "rb") as file:
        return MARK.encode() in file.read(1000)


def words():
    """{id: {"en": ..., "ko": ...}}: the sentences of the page."""
    files = [HERE / "words.toml", HERE / "words_below.toml"]
    return {name: entry for path in files for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items()}


def page(facts, texts, language="en"):
    """The text of the page. Its policy allows its own script alone, by its hash, and no connection at all."""
    script = "\n".join(['"use strict";', *((HERE / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)])
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    blobs = "\n".join(f'<script type="text/plain" id="blob-{i}">{text}</script>' for i, text in enumerate(texts))
    parts = {"MARK": MARK, "HASH": digest, "LANGUAGE": language, "TITLE": escape(str(facts["title"])),
             "STYLE": (HERE / "page.css").read_text(encoding="utf-8"), "SCRIPT": script,
             "WORDS": as_json(words()), "FACTS": as_json(facts), "BLOBS": blobs}
    frame = (HERE / "page.html").read_text(encoding="utf-8").split("@@")    # text, name, text, name, ... text
    return "".join(parts[part] if i % 2 else part for i, part in enumerate(frame))


def as_json(data):
    """JSON that may stand inside a script element: no name in it can end the element."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"),
                      default=lambda value: value.item())           # NumPy's numbers, of which layers may be made
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text
