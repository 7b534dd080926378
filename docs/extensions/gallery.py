"""The gallery: a page for every example, built from the example itself.

A page has what the example's docstring says, its picture, what it prints, and its source. docs/gallery/examples.toml
names the examples in their order. One that takes less than eight seconds runs while the site is built, and an error
in it is an error of the build; what a longer one printed is recorded (docs/recording.py). One that needs hours, or
files which are not here, says so, and has the network that it is about as its picture. The pages and the pictures
are written into docs/gallery/pages, which git does not keep, and only again when an example or its table changed.

    ```{gallery}
    ```

shows all examples as cards with a picture. Why not sphinx-gallery, which is the usual tool: it takes the pictures
that pyplot has open, and npnet draws without pyplot, into files; it runs an example or shows nothing that the example
prints, so that there is no place for a recorded output; and it wants the examples in its own comment syntax, while
ours stay the scripts that a reader runs.
"""
import ast
import hashlib
import os
import sys
import tempfile
import tomllib
from fnmatch import fnmatch
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

DOCS = Path(__file__).parents[1]
sys.path[:0] = [] if str(DOCS) in sys.path else [str(DOCS)]
from recording import FOLDER, ROOT, commands, run, small       # noqa: E402

GALLERY = DOCS / "gallery"
PAGES = GALLERY / "pages"


def examples():
    """{name: its table}, in the gallery's order. ValueError if examples/ and examples.toml do not agree."""
    tables = tomllib.loads((GALLERY / "examples.toml").read_text("utf-8"))
    there = {path.stem for path in (ROOT / "examples").glob("*.py")}
    if there != set(tables):
        raise ValueError(f"docs/gallery/examples.toml and examples/ must name the same examples; only one has "
                         f"{', '.join(sorted(there ^ set(tables)))}")
    return tables


def docstring(name):
    """(title, the rest of the first sentence's line, the other paragraphs) of an example."""
    text = ast.get_docstring(ast.parse((ROOT / "examples" / f"{name}.py").read_text("utf-8")))
    first, _, rest = text.partition("\n\n")
    first = " ".join(first.split())
    return first.partition(":")[0].rstrip("."), first, rest.strip("\n")


def paragraphs(rest):
    """The docstring's other paragraphs as Markdown: commands as blocks, the rest as they are."""
    parts = []
    for part in rest.split("\n\n"):
        lines = part.splitlines()
        block = [line.strip() for line in lines if line.startswith("    ")]
        if block and len(block) == len([line for line in lines if line.strip()]):
            parts.append("```sh\n" + "\n".join(block) + "\n```")
        else:
            parts.append(" ".join(line.strip() for line in lines))
    return "\n\n".join(parts)


# ---------------------------------------------------------------------------- making the pages

def stamp(name, table):
    """What the page of an example depends on, as a short text."""
    text = (ROOT / "examples" / f"{name}.py").read_text("utf-8") + repr(table) + Path(__file__).read_text("utf-8")
    text += (FOLDER / "commands.toml").read_text("utf-8") + str(css_width(FOLDER / f"{name}.png"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def make(name, table, kept):
    """Writes the page of an example, unless it is there already as it must be."""
    page, mark = PAGES / f"{name}.md", f"% {stamp(name, table)}"
    if page.exists() and page.read_text("utf-8").startswith(mark):
        return
    title, first, rest = docstring(name)
    needs = ["## What it needs", table["needs"]] if "needs" in table else []
    shown = (recorded_output(name, table) if name in kept else not_run(name, table) if "network" in table
             else fresh_output(name, table))
    sentence = first.partition(":")[2].strip() or first
    text = [mark, f"# {title}", sentence[:1].upper() + sentence[1:], paragraphs(rest), shown[0], *needs, *shown[1:],
            "## The source", f"`examples/{name}.py`",
            f"```{{literalinclude}} ../../../examples/{name}.py\n:language: python\n:linenos:\n```"]
    page.write_text("\n\n".join(part for part in text if part) + "\n", "utf-8")


def recorded_output(name, table):
    """What docs/recording.py wrote of it, with its picture."""
    return [picture(f"../../recorded/{name}.png", table["alt"], css_width(FOLDER / f"{name}.png")),
            "## What it prints", f"```{{recorded}} {name}\n```"]


def not_run(name, table):
    """The network that the example is about, drawn by its boxes; the page says why there is no output."""
    from npnet.plots import save
    from pictures import network
    counts = network.counts(table["network"])
    save(network.boxes(counts.layers, counts.input_shape), PAGES / f"{name}.png", dpi=192)
    return [picture(f"{name}.png", table["alt"], css_width(PAGES / f"{name}.png", 192))]


def fresh_output(name, table):
    """Runs the example in an empty folder; the picture is kept beside the page."""
    command = table.get("command", f"python examples/{name}.py")
    with tempfile.TemporaryDirectory() as folder:
        output = run(command, folder)
        (PAGES / f"{name}.png").write_bytes(small(Path(folder) / table["picture"]))
    block = f"````text\n$ {command}\n{output.strip(chr(10))}\n````"
    return [picture(f"{name}.png", table["alt"], css_width(PAGES / f"{name}.png")), "## What it prints", block,
            "It ran while this page was built."]


def picture(path, alt, wide):
    """Markdown for a picture: as wide as the text, but on a telephone never so small that it cannot be read; it
    scrolls in its box. wide: its own width in pixels of a screen."""
    return (f'<div class="example-picture" tabindex="0" style="--own: {wide}px">\n\n'
            f"![{alt}]({path})\n\n</div>")


def css_width(path, dpi=120):
    """How many pixels of a screen a picture is wide, 96 to an inch; 0 if there is none."""
    from PIL import Image
    if not path.exists():
        return 0
    with Image.open(path) as image:
        return image.width * 96 // dpi


def wanted(name):
    """Whether the page of an example is built: all are, unless NPNET_DOCS names some pages."""
    part = os.environ.get("NPNET_DOCS", "").split()
    return not part or any(fnmatch(f"gallery/pages/{name}", pattern.removesuffix(".md")) for pattern in part)


def make_pages(app):
    """Writes the pages that this build needs, before Sphinx looks for its files."""
    PAGES.mkdir(parents=True, exist_ok=True)
    try:
        tables, kept = examples(), commands()
        for page in PAGES.glob("*.md"):
            if page.stem not in tables:
                page.unlink()
        for name in filter(wanted, tables):
            logging.getLogger(__name__).info("gallery: %s", name)
            make(name, tables[name], kept)
    except (OSError, ValueError, RuntimeError) as error:
        raise ExtensionError(f"the gallery: {error}") from error


# ---------------------------------------------------------------------------- the cards

class Gallery(SphinxDirective):
    """All examples as cards: a picture, a title, a sentence."""

    def run(self):
        tables = examples()
        lines = ["::::{grid} 1 2 2 3", ":gutter: 3", ""]
        for name, table in tables.items():
            title, first, _ = docstring(name)
            sentence = first.partition(":")[2].strip() or first
            lines += [f":::{{grid-item-card}} {title}", f":link: /gallery/pages/{name}", ":link-type: doc",
                      *thumbnail(name, table),
                      "", sentence[:1].upper() + sentence[1:], ":::"]
        lines += ["::::", "", "```{toctree}", ":hidden:", "", *(f"pages/{name}" for name in tables), "```"]
        self.env.note_dependency(str(GALLERY / "examples.toml"))
        box = nodes.Element()
        self.state.nested_parse(lines, self.content_offset, box, match_titles=True)
        return box.children


def thumbnail(name, table):
    """The lines of a card that show its example's picture; none if this build has no page of the example."""
    for folder, place in ((FOLDER, "/recorded"), (PAGES, "/gallery/pages")):
        if (folder / f"{name}.png").exists():
            return [f":img-top: {place}/{name}.png", f":img-alt: {table['alt']}"]
    return []


def setup(app):
    app.connect("builder-inited", make_pages)
    app.add_directive("gallery", Gallery)
    app.add_css_file("gallery.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
