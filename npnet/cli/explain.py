"""`npnet explain`: one picture, walked through a network layer by layer.

    npnet explain                                   the sample photograph, the network of the paper
    npnet explain cat.jpg --weights a.npz --names classes.txt
    npnet explain cat.jpg --layer conv2             only this block
    npnet explain cat.jpg --backward --save walk    with the gradients, and pictures in a folder
    npnet explain cat.jpg --html cat.html           all of it as one page, for a browser
"""
from pathlib import Path

from ..data import read_picture, sample_picture
from ..explain.counts import times
from ..explain.prepared import in_words, knowledge
from ..explain.terminal import interactive, print_all, show, walk, warning
from ..explain.walk import Explain, cost, outside
from ..explain.words import LANGUAGES, Said, chosen, errors_in, understood, within
from ..models import MODELS, model
from ..network import load
from ..screen import duration, echo, fold
from ..screen.output import width
from ..weights import is_trained, shipped, trained
from ..weights.classes import names_in
from ..weights.fetching import located
from ..weights.prepared import pipeline_for, version_of
from ..weights.trained import is_ours
from . import DEFAULT, NETWORKS, add_backend, add_layers, add_reading, choose_backend, own_layers

FOLDER = "walk"                     # where the key p saves pictures, unless --save names another
FETCHED = "alexnet"                 # explained without --net and --weights, if npnet weights get has fetched it
LONG = 20                           # seconds that nobody waits for without having been asked


def add(commands):
    parser = commands.add_parser("explain")
    parser.description = ("Walk a picture through a network: shapes, sizes, parameters, work and values of every "
                          "layer, and one output of each computed again by a plain loop. In a terminal single keys "
                          "move; elsewhere everything is printed.")
    parser.add_argument("photo", nargs="?", metavar="PHOTO", help="a picture (default: the sample of matplotlib)")
    parser.add_argument("--net", metavar="NAME", help=f"one of {', '.join(MODELS)} (default: {DEFAULT})")
    parser.add_argument("--classes", type=int, metavar="N", help="how many classes (default: the version's own)")
    parser.add_argument("--weights", metavar="NETWORK", help=f"{NETWORKS}; or a network that npnet saved, of which "
                        "--net then says how its pictures are prepared (default: alexnet, if it was fetched)")
    add_reading(parser, net=False)
    add_layers(parser)
    parser.add_argument("--layer", metavar="NAME", help="show only this layer; those after it are not computed")
    parser.add_argument("--backward", action="store_true", help="one backward pass, too, of the best class")
    parser.add_argument("--save", metavar="DIR", help="save pictures in this folder")
    parser.add_argument("--see", action="store_true", help="draw where in the photograph the best class comes from: "
                        f"saliency, Grad-CAM, occlusion, as seen.png in the folder of --save (default: {FOLDER})")
    parser.add_argument("--notebook", metavar="FILE.ipynb", help="write all this as a notebook that runs by itself")
    parser.add_argument("--html", metavar="FILE", help="write all of it as one page for a browser, backward too; "
                        "nothing else is printed")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the random weights (default: 0)")
    parser.add_argument("--yes", action="store_true", help="do not ask, however long it takes")
    parser.add_argument("--lang", choices=LANGUAGES, metavar="LANG", help="en or ko (default: NPNET_LANG, else en)")
    add_backend(parser)
    parser.set_defaults(run=run)


def run(options):
    options.lang = chosen(options.lang)
    with errors_in(options.lang):
        explain_photo(options)


def explain_photo(options):
    """Builds the walk, says what it is and what it costs, and shows it."""
    check_html(options)
    backend = choose_backend(options)
    notes, path = [], sample_picture() if options.photo is None else Path(options.photo)
    layers = own_layers(options)
    picture = read_picture(path, notes)                         # before 60 million weights are drawn
    known = known_network(options, layers)
    if known is not None:
        net, version, names, pipeline = known.net, file_name(known.name), known.classes, known.pipeline
    else:
        names = None if options.names is None else names_in(options.names)
        net, version = network(options, names, layers)
        pipeline = pipeline_for(version, net.input_shape)
    weights = version if known else options.weights
    explain = Explain(net, pipeline.test(picture)[None].astype(net.dtype), names, weights, picture, pipeline.order,
                      options.lang)
    last = None if options.layer is None else outside(net, options.layer)
    last = None if options.backward else last                   # a backward pass begins at the end
    through = version if known or options.weights is None else (
        f"{Path(options.weights).name} ({version or explain.say('head.unknown')})")
    multiply_adds, seconds = cost(net, last, options.backward or bool(options.html))
    head = [
        Said("head.photo", photo=path.name, columns=picture.shape[1], rows=picture.shape[0], network=through),
        *known_words(options, known, version), *warning(explain), *map(understood, notes),
        Said("head.input", shape=times(net.input_shape), prepared=in_words(pipeline, own_run(known))),
        *([] if version else [Said("head.guess")]),
        cost_words(options, last, multiply_adds, seconds, backend)]
    show([part for line in head for part in fold(within(line, options.lang), width(), rest="  ")])
    if not (seconds < LONG or last or options.yes or agreed(seconds, explain)):
        return
    if options.see:
        draw_seen(explain, options, pipeline)
    if options.html is not None:
        write_html(explain, options, through)
    if options.notebook is not None:
        save_notebook(explain, options, pipeline, version, known is not None, path.name)
    elif options.html is None:
        walk_or_print(explain, options)


def known_words(options, known, version):
    """Of a trained network: that it was fetched and stands in for the default one, and what it can answer."""
    if not known:
        return []
    fetched = [] if options.weights or options.net else [
        Said("head.fetched", name=FETCHED, version=version_of(known.net), default=DEFAULT)]
    return [*fetched, knowledge(version, known.classes)]


def file_name(name):
    """The name of a network, or of its file without the folders, which a page may take to other people."""
    return Path(name).name if Path(name).is_file() else name


def cost_words(options, last, multiply_adds, seconds, backend):
    """How much is computed, up to where, and about how long it takes."""
    return Said("head.cost", count=multiply_adds, layer=Said("head.up_to", layer=last) if last else "",
                both=Said("head.both") if options.backward or options.html else "", backend=backend,
                time=Said("head.about", time=duration(seconds)) if seconds >= 1 else Said("head.quick"))


def check_html(options):
    """Raises, before anything is computed, where --html names no page that may be written."""
    if options.html is None:
        return
    from ..explain.page import check_path
    check_path(options.html)
    if options.layer is not None:
        raise ValueError(Said("error.page_whole").within(options.lang))


def write_html(explain, options, title):
    """The page for a browser, and the pictures if they were asked for."""
    from ..explain.page import write
    size = write(explain, options.html, title, options.lang)
    save(explain, options)
    echo(explain.say("saved.page", path=options.html, size=f"{size / 1e6:.1f}"))


def walk_or_print(explain, options):
    """One block, the interactive walk or everything, and the pictures that were asked for."""
    if options.layer is None and interactive():
        save(explain, options)                                  # first: q leaves the walk where it is
        walk(explain, options.backward, FOLDER if options.save is None else options.save)
    else:
        print_all(explain, options.backward, options.layer)
        save(explain, options)


def draw_seen(explain, options, pipeline):
    """Saliency, Grad-CAM and occlusion of the best class, and what they do not show."""
    from .. import plots
    from ..explain.seen import limit, of_explain
    from .plot import place_of
    path = place_of(None, Path(options.save or FOLDER) / "seen.png")
    figure, name = of_explain(explain, pipeline)
    plots.save(figure, path)
    show([*fold(explain.say("see.drawn", label=name, path=path), width(), rest="  "),
          *(part for kind in ("saliency", "gradcam", "occlusion")
            for part in fold(limit(kind, options.lang, named=True), width(), rest="  "))])


def save_notebook(explain, options, pipeline, version, known, photo):
    """The notebook, with the code that makes this network again."""
    if options.layer is not None:
        raise ValueError(explain.say("notebook.whole"))
    from ..explain import notebook
    if known:
        given = {name: getattr(options, name) for name in ("net", "prototxt", "mean", "names")}
        code = notebook.from_trained(options.weights or options.net or FETCHED, options.layers,
                                     given if options.weights else {"names": options.names})
    elif options.weights is not None:
        code = notebook.from_file(options.weights, version, options.layers)
    else:
        code = notebook.from_model(version, explain.classes, options.seed)
    path = notebook.write(explain, options.notebook, code, pipeline, photo, version)
    show(fold(explain.say("notebook.saved", path=path), width(), rest="  "))


def save(explain, options):
    """The pictures, if a folder was named: of one layer, or of everything."""
    if options.save is None:
        return
    from ..explain import pictures                              # draws; the text does without
    if options.layer is not None and not options.backward:
        paths = pictures.save(explain, options.save, explain[options.layer].number - 1)
    else:
        list(explain)                                           # runs every layer
        if options.backward and explain.classes and not explain.gradients:
            explain.backward()
        paths = pictures.save(explain, options.save)
    echo(explain.say("saved.pictures", count=len(paths), folder=Path(options.save), first=paths[0].name,
                     last=paths[-1].name))


def agreed(seconds, explain):
    """Whether the user wants a walk that takes so long; ValueError where nobody can be asked."""
    if not interactive():
        raise ValueError(explain.say("error.too_long", time=duration(seconds)))
    try:
        return input(explain.say("ask.go_on")).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def known_network(options, layers):
    """The Trained network that the options name, of a file or a name, which knows its own classes and how its pictures
    are prepared; None where they name random weights, or a network that npnet saved without all that."""
    if options.weights is not None and options.classes is not None:
        raise ValueError(Said("error.whole_network", file=options.weights).within(options.lang))
    if options.weights is None:
        name = options.net or (FETCHED if located(FETCHED) else None)
        by_name = options.classes is None and (options.net is None or name in shipped())
        return trained(name, names=options.names) if name and by_name else None
    if is_ours(options.weights) and not is_trained(options.weights):
        return None
    return trained(options.weights, layers, options.net, options.prototxt, options.mean, options.names)


def own_run(known):
    """Whether a Trained is a run of npnet's, of which is known how its pictures were prepared in training."""
    return known is not None and "format" not in known.settings


def network(options, names, layers):
    """The network, and the version whose pictures it expects (None: nobody knows)."""
    if options.weights is None:
        name = DEFAULT if options.net is None else options.net
        classes = len(names) if names and options.classes is None else options.classes
        return model(name, classes, seed=options.seed), name
    if options.net is not None and options.net not in MODELS:
        raise ValueError(Said("error.no_network", name=options.net, names=", ".join(MODELS)).within(options.lang))
    net = load(options.weights, layers)
    return net, version_of(net) if options.net is None else options.net
