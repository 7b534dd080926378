"""The explorers that the site shows: pages that npnet writes of one photograph, beside the site's other static files.

They are written when the site has been built, where they are missing or older than npnet. A network is walked with the
seed 0, so two builds show the same. SqueezeNet's weights do not come with npnet: they are taken from NPNET_REFERENCE or
from NPNET_HOME (`npnet weights get squeezenet`), and where they are in neither, the page on the explorer says so.
"""
import os
from pathlib import Path

SHOWN = ("cifar_alexnet", "krizhevsky2012", "squeezenet")   # shipped; of 2012, with random weights; where it is there
ROOT = Path(__file__).resolve().parents[2]
READ = (".py", ".js", ".css", ".html", ".toml", ".npz")
REFERENCE = "squeezenet/compressed_SqueezeNet.net", "caffe/synset_words.txt"
TITLES = {"en": "The explorer of a photograph in SqueezeNet", "ko": "SqueezeNet 신경망의 탐색기"}
LINKS = {"en": "The page of SqueezeNet in a window of its own", "ko": "SqueezeNet 페이지를 창 전체로 보기"}
LICENCES = {"en": "The weights in it are those of songhan/SqueezeNet-Deep-Compression, under this BSD licence",
            "ko": "그 안의 가중치는 songhan/SqueezeNet-Deep-Compression의 것이며, 이 BSD 라이선스를 따릅니다"}
ABSENT = {
    "en": "SqueezeNet's weights were not on the computer that built this site, so its page is not here: "
          "<code>npnet weights get squeezenet</code> fetches them (0.7 MB).",
    "ko": "이 사이트를 만든 컴퓨터에 SqueezeNet의 가중치가 없어 그 페이지는 여기에 없습니다. "
          "<code>npnet weights get squeezenet</code> 명령으로 가중치(0.7 MB)를 받을 수 있습니다."}


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
        if name == "squeezenet" and squeezenet_files() is None:
            path.unlink(missing_ok=True)
        elif not path.exists() or path.stat().st_mtime < newest:
            write_explorer(name, path)


def write_explorer(name, path):
    """The page of the sample photograph in one network: trained where there are weights, else random."""
    from npnet.data import read_picture, sample_picture
    from npnet.explain import Explain
    from npnet.explain.page import write
    from npnet.models import model
    from npnet.weights.prepared import pipeline_for
    picture, known = read_picture(sample_picture()), known_network(name)
    net = known.net if known else model(name)
    pipeline = known.pipeline if known else pipeline_for(name, net.input_shape)
    names, weights = (known.classes, name) if known else (None, None)
    explain = Explain(net, pipeline.test(picture)[None].astype(net.dtype), names, weights, picture, pipeline.order)
    write(explain, path, name)


def known_network(name):
    """The Trained network of a name; None for one of which there are random weights alone."""
    from npnet.weights import shipped, trained
    if name == "squeezenet":
        weights, names = squeezenet_files()
        return trained(weights, names=names)
    return trained(name) if name in shipped() else None


def squeezenet_files():
    """The files of SqueezeNet's weights and of its classes' names (None: not there); None without weights."""
    from npnet.weights import fetching
    weights, names = (Path(os.environ.get("NPNET_REFERENCE") or "/nowhere") / name for name in REFERENCE)
    if not weights.is_file():
        weights = fetching.located("squeezenet")
    names = names if names.is_file() else fetching.class_names()
    return None if weights is None else (weights, names)


def squeezenet_frame(language="en"):
    """HTML for a page in `language`: SqueezeNet's explorer and a link to it, or that its weights were not there."""
    if squeezenet_files() is None:
        return f"<p>{ABSENT[language]}</p>"
    static = "_static" if language == "en" else "../_static"
    address, licence = f"{static}/explorer/squeezenet.html", f"{static}/squeezenet-licence.txt"
    return (f'<iframe src="{address}" title="{TITLES[language]}" width="100%" height="760" loading="lazy"></iframe>'
            f'<ul><li><a href="{address}">{LINKS[language]}</a></li>'
            f'<li><a href="{licence}">{LICENCES[language]}</a>.</li></ul>')
