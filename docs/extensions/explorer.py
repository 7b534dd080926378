"""The explorers that the site shows: pages that npnet writes of one photograph, beside the site's other static files.

They are written when the site has been built, where they are missing or older than npnet. A network is walked with the
seed 0, so two builds show the same.
"""
from pathlib import Path

SHOWN = ("cifar_alexnet", "krizhevsky2012")     # the shipped network, and the one of 2012 with random weights
ROOT = Path(__file__).resolve().parents[2]
READ = (".py", ".js", ".css", ".html", ".toml", ".npz")


def setup(app):
    app.connect("build-finished", write_explorers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_explorers(app, error):
    """Writes _static/explorer/NAME.html of the built site."""
    if error is not None or app.builder.format != "html":
        return
    newest = max(path.stat().st_mtime for path in (ROOT / "npnet").rglob("*") if path.suffix in READ)
    for name in SHOWN:
        path = Path(app.outdir) / "_static" / "explorer" / f"{name}.html"
        if not path.exists() or path.stat().st_mtime < newest:
            write_explorer(name, path)


def write_explorer(name, path):
    """The page of the sample photograph in one network: trained where npnet ships it, else random."""
    from npnet.data import read_picture, sample_picture
    from npnet.explain import Explain
    from npnet.explain.page import write
    from npnet.models import model
    from npnet.weights import shipped, trained
    from npnet.weights.prepared import pipeline_for
    picture = read_picture(sample_picture())
    known = trained(name) if name in shipped() else None
    net = known.net if known else model(name)
    pipeline = known.pipeline if known else pipeline_for(name, net.input_shape)
    names, weights = (known.classes, known.name) if known else (None, None)
    explain = Explain(net, pipeline.test(picture)[None].astype(net.dtype), names, weights, picture, pipeline.order)
    write(explain, path, name)
