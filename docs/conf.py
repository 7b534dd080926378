"""The site, built by Sphinx: pages in MyST Markdown, whose cells run while it is built.

    python -m sphinx -W --keep-going -j auto docs docs/_build/html              all of it
    NPNET_DOCS="ops/pool ko/*" python -m sphinx -W docs docs/_build/part        some pages, named or by pattern
"""
import os
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS.parent), str(DOCS)]
os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[:2] + [os.environ.get("PYTHONPATH", "")])   # of the pages' cells
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")              # pages are built several at a time
os.environ["COLUMNS"], os.environ["NPNET_LANG"] = "80", "en"

import npnet  # noqa: E402

project, author, copyright = "npnet", "the npnet authors", "the npnet authors"
version = release = npnet.__version__

extensions = ["myst_nb", "sphinx_design", "sphinx_copybutton", "sphinx.ext.autodoc", "sphinx.ext.mathjax",
              *(f"extensions.{name}"
                for name in ("mathjax", "languages", "recorded", "gallery", "docstrings", "explorer"))]
exclude_patterns = ["_build", "recorded", "static", "pictures", "extensions", "**/.ipynb_checkpoints"]
templates_path = ["templates"]
source_suffix = {".md": "myst-nb"}

part = os.environ.get("NPNET_DOCS", "").split()
if part:                                                        # links to pages that are left out are no fault
    include_patterns = ["index.md", *(f"{name.removesuffix('.md')}.md" for name in part)]
    suppress_warnings = ["toc.not_readable", "toc.excluded", "toc.not_included", "toc.glob", "myst.xref_missing",
                         "ref.doc"]

myst_enable_extensions = ["amsmath", "attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
nb_execution_mode = "inline"                                    # {eval} puts numbers of the cells into sentences
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_eval_name_regex = ".+"
nb_merge_streams = True
nb_mime_priority_overrides = [("html", "text/html", 0)]
autodoc_member_order = "bysource"

html_theme = "pydata_sphinx_theme"
html_title = "npnet"
html_static_path = ["static"]
html_css_files, html_js_files = ["npnet.css"], ["npnet.js"]
html_copy_source = False
html_context = {"default_mode": "auto"}                        # light or dark as the reader's system is
html_show_sourcelink = False
html_theme_options = {
    "show_nav_level": 1,
    "navigation_depth": 2,
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "navbar_end": ["languages", "theme-switcher"],
    "navbar_persistent": ["search-button"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
