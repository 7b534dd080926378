"""One self-contained page of a walk, for a browser: no server, no network, opens from a file.

    from npnet.explain.page import write
    write(explain, "out.html")              # runs what has not run yet, forward and backward

data.py      what goes into the page, most useful first, as long as it fits
pack.py      arrays as text; layers.py back.py photograph.py code.py: what is said of what
page.html    the page; page.css; the .js files, in the order of SCRIPTS, are joined into one script
words*.toml  every sentence of the page in English and Korean
"""
from .file import check_path, is_page, write

__all__ = ["check_path", "is_page", "write"]
