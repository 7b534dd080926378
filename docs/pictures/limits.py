"""What each picture of what a network sees does not show: the list of docs/see.md, in the words of the commands."""
import html

from npnet.explain.words import table

KINDS = "saliency guided gradcam occlusion deconvolution excite filters maps patches nearest answers".split()


class Limits:
    """The list in HTML, in one language."""

    def __init__(self, language="en"):
        sentences = table()
        self.rows = [[sentences[f"see.{what}_{kind}"][language] for what in ("kind", "not")] for kind in KINDS]

    def _repr_html_(self):
        items = "".join(f"<li><b>{html.escape(kind)}.</b> {html.escape(said)}</li>" for kind, said in self.rows)
        return f"<ul>{items}</ul>"

    def __repr__(self):
        return "\n".join(f"{kind}. {said}" for kind, said in self.rows)
