"""MathJax in the site itself, from sphinx-mathjax-offline, which does not say that pages may be read side by side.

It copies files when the build is finished, and nothing else: so it is safe, and `-j` may be used.
"""
from importlib import import_module


def setup(app):
    import_module("sphinx-mathjax-offline").setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
