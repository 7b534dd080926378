"""`npnet see`: what a trained network sees.

    npnet see saliency photo.jpg                        where the answer is sensitive; also guided, gradcam, occlusion
    npnet see all photo.jpg --weights runs/pets         all of these on one sheet, filters and maps beside it
    npnet see gradcam photo.jpg --class cat             for a class that is not the most probable one
    npnet see filters
    npnet see excite --layer conv5 --channel 12         the picture that excites a channel; --class dog: a class
    npnet see patches holidays/ --layer conv5 --channel 12
    npnet see nearest photo.jpg holidays/               the pictures of a folder that are like it for the network
    npnet see answers holidays/                         the five best answers below each picture
"""
import re
from pathlib import Path

from ..screen import bar, echo, percent, tell
from ..screen.words import short_names
from . import NETWORKS, add_backend, add_layers, add_reading, choose_backend, reading
from .plot import place_of
from .predict import NET, files

MOST = 24                           # pictures on a sheet of answers
FOLDER = "see"                      # where the pictures go, unless --save names another place
KINDS = {
    "saliency": "how sensitive the answer is to each pixel",
    "guided": "guided backprop: the edges that the layers answered to",
    "gradcam": "Grad-CAM: where the last maps hold what speaks for the class",
    "occlusion": "how much the answer suffers when a place is covered",
    "deconvolution": "one number of a layer, sent back to the pixels",
    "maps": "what a layer makes of a photograph",
    "all": "all of these on one sheet, and the filters",
    "filters": "the filters of the first convolution",
    "excite": "the picture that excites a channel, or a class, most",
    "patches": "the nine patches of many pictures that excite a channel most",
    "nearest": "the pictures that are nearest to the first one",
    "answers": "pictures with their five best answers",
}
ON_A_SHEET = ("saliency", "guided", "gradcam", "occlusion", "deconvolution", "excite")


def add(commands):
    from ..explain.words import LANGUAGES
    parser = commands.add_parser("see")
    parser.description = ("What a trained network sees, as pictures. KIND is one of: " +
                          "; ".join(f"{kind} ({what})" for kind, what in KINDS.items()) + ".")
    parser.add_argument("kind", metavar="KIND", help="what to draw")
    parser.add_argument("pictures", nargs="*", metavar="PHOTO", help="a photograph, a folder of them, or a pattern "
                        "(default: the sample of matplotlib)")
    parser.add_argument("--weights", metavar="NETWORK", default=NET, help=f"{NETWORKS} (default: %(default)s)")
    add_reading(parser)
    add_layers(parser)
    parser.add_argument("--class", dest="label", metavar="CLASS", help="its number or its name (default: the most "
                        "probable one)")
    parser.add_argument("--layer", metavar="NAME", help="for gradcam, deconvolution, maps, excite and patches "
                        "(default: the last convolution)")
    parser.add_argument("--channel", type=int, metavar="N", help="of that layer (default: the one that answers "
                        "most; patches and excite need it)")
    parser.add_argument("--save", metavar="PLACE", help="a file for one picture, or a folder (default: see)")
    parser.add_argument("--lang", choices=LANGUAGES, metavar="LANG", help="en or ko (default: NPNET_LANG, else en)")
    add_backend(parser)
    parser.set_defaults(run=run, several="pictures")


def run(options):
    from ..explain.words import chosen, errors_in
    from ..screen.words import nearest
    if options.kind not in KINDS:
        raise ValueError(f"{options.kind!r} is nothing that can be seen; {nearest(options.kind, KINDS)}"
                         f"choose one of {', '.join(KINDS)}")
    options.lang, options.drawn = chosen(options.lang), []
    with errors_in(options.lang):
        check_save(options)
        choose_backend(options)
        network = opened(options)
        one = {"filters": filters, "excite": excite, "patches": patches, "nearest": neighbours, "answers": answers}
        one.get(options.kind, photographs)(options, network)


def opened(options):
    """The trained network; for its filters, a file of the first layers is enough."""
    from ..weights import trained
    return trained(options.weights, **reading(options), partial=options.kind == "filters")


def given(options, needed=True):
    """The files of the pictures that were named; the sample where none was, if one is enough."""
    from ..data import sample_picture
    if not options.pictures and needed:
        raise ValueError(f"npnet see {options.kind} needs pictures: name a folder of them, or several files")
    return [path for word in options.pictures or [str(sample_picture())] for path in files(word)]


class Album:
    """The pictures of some files, read one after the other; what cannot be read is named and left out of `paths`."""

    def __init__(self, paths):
        self.paths = list(paths)

    def __iter__(self):
        from ..data import read_picture
        for path in list(self.paths):
            try:
                picture = read_picture(path)
            except (OSError, ValueError) as error:
                if len(self.paths) == 1:
                    raise                                       # there is nothing else to look at
                echo(f"npnet: {error}")
                self.paths.remove(path)
            else:
                yield picture


def word(options, name, /, **values):
    """A sentence by its id, in the language that was chosen."""
    from ..explain.words import Said
    return Said(name, **values).within(options.lang)


def label_of(options, network):
    """The class that --class names, or None."""
    from ..explain.seen import class_number
    return None if options.label is None else class_number(options.label, network.classes)


# ---------------------------------------------------------------------------- of photographs

def photographs(options, network):
    """Everything that is drawn of one photograph at a time."""
    from ..explain import seen
    paths, label = given(options, needed=False), label_of(options, network)
    for number, picture in enumerate(album := Album(paths)):
        path = album.paths[number]
        look = seen.Look(network.net, network.pipeline, network.classes, picture, label, options.layer,
                         options.channel, options.lang)
        stem = Path(path).stem
        echo(f"{Path(path).name}: {look.name} {percent(look.probabilities[look.label])}", "bold")
        if options.kind != "maps":
            kinds = ON_A_SHEET if options.kind == "all" else [options.kind]
            figure = seen.sheet(look, kinds, lambda kind: bar(word(options, f"see.kind_{kind}")))
            kind = "sheet" if options.kind == "all" else options.kind
            draw(options, figure, "-".join([stem, kind, *chosen_words(options, look)]), kinds, paths)
        if options.kind in ("maps", "all"):
            draw(options, seen.feature_maps(look), f"{stem}-{look.layer}", ["maps"], paths)
    if options.kind == "all":
        filters(options, network)


def chosen_words(options, look):
    """What the name of a file says of the class, the layer and the channel: those that were chosen, and matter."""
    kind = options.kind
    return ([look.name] * (options.label is not None and kind != "deconvolution") +
            [look.layer] * (options.layer is not None and kind in ("gradcam", "deconvolution", "all")) +
            [str(look.channel)] * (options.channel is not None and kind in ("deconvolution", "all")))


# ---------------------------------------------------------------------------- of the network alone

def filters(options, network):
    from ..explain import seen
    draw(options, seen.filters(network.net, network.pipeline.order, options.lang), "filters", ["filters"])


def excite(options, network):
    """Of a class, or of a channel of a layer."""
    from ..explain import seen
    label = label_of(options, network)
    if (label is None) == (options.channel is None):
        raise ValueError("npnet see excite needs --class CLASS, or --channel N with --layer NAME")
    if label is None:
        from ..explain.insight import last_maps
        layer, channel = options.layer or last_maps(network.net), options.channel
    else:
        layer, channel = None, label
    with bar(word(options, "see.kind_excite"), word(options, "see.steps")) as progress:
        name = None if label is None else short_names(network.classes)[label]
        figure = seen.excited(network.net, network.pipeline, layer, channel, name, options.lang, progress=progress)
    draw(options, figure, f"excite-{layer}-{channel}" if layer else f"excite-{name}", ["excite"])


# ---------------------------------------------------------------------------- of many pictures

def patches(options, network):
    from ..explain import seen
    from ..explain.insight import last_maps
    paths, layer = given(options), options.layer or last_maps(network.net)
    if options.channel is None:
        last = network.net.shapes[network.net.known(layer)][0] - 1
        raise ValueError(f"npnet see patches needs --channel N; {layer} has the channels 0 to {last}")
    with bar(word(options, "see.looking"), word(options, "see.pictures")) as progress:
        figure, best = seen.patches(network.net, network.pipeline, album := Album(paths), layer, options.channel,
                                    options.lang, counting(progress, len(paths)))
    size = " x ".join(map(str, network.net.input_shape[1:]))
    tell(word(options, "see.windows", size=size))
    for patch in best:
        top, bottom, left, right = patch.window
        place = word(options, "see.window", top=top, bottom=bottom - 1, left=left, right=right - 1,
                     file=Path(album.paths[patch.picture]).name)
        echo(f"{patch.value:10.4g}  {place}")
    draw(options, figure, f"patches-{layer}-{options.channel}", ["patches"], paths)


def neighbours(options, network):
    """To the first picture those of the others that are nearest."""
    from ..explain import seen
    from ..explain.neighbours import before_classes
    paths = given(options)
    query, others = paths[0], [path for path in paths[1:] if Path(path).resolve() != Path(paths[0]).resolve()]
    if not others:
        raise ValueError("npnet see nearest needs a photograph and others to compare it with: "
                         "npnet see nearest photo.jpg FOLDER")
    with bar(word(options, "see.looking"), word(options, "see.pictures")) as progress:
        figure, found = seen.neighbours(network.net, network.pipeline, Album([query]), album := Album(others),
                                        language=options.lang, progress=counting(progress, len(others)))
    tell(word(options, "see.distances", layer=list(before_classes(network.net).layers)[-1]))
    for number, distance in zip(*found[0]):
        echo(f"{distance:10.4g}  {Path(album.paths[int(number)]).name}")
    draw(options, figure, f"{Path(query).stem}-nearest", ["nearest"], paths)


def answers(options, network):
    from ..explain import seen
    from ..weights.classes import truth_of
    paths = given(options, needed=False)
    if len(paths) > MOST:
        tell(word(options, "see.first", most=MOST, count=f"{len(paths):,}"))
    album = Album(paths[:MOST])
    pictures = list(album)
    figure, p = seen.answers(network.net, network.pipeline, network.classes, pictures,
                             [truth_of(path, network.classes) for path in album.paths], options.lang)
    names = short_names(network.classes)
    for path, row in zip(album.paths, p):
        echo(f"{Path(path).name}: {names[int(row.argmax())]} {percent(row.max())}")
    draw(options, figure, "answers", ["answers"], paths)


def counting(progress, total):
    """A function that counts pictures on a bar."""
    done = 0

    def count(more):
        nonlocal done
        done += more
        progress(done, total)
    return count


# ---------------------------------------------------------------------------- where it goes

def check_save(options):
    """Raises ValueError, before anything is computed, where --save names a file and several pictures are drawn, or a
    file that may not be written."""
    if not of_one_picture(options):
        return
    from ..plots import check_name
    check_name(options.save)
    paths = [path for word in options.pictures for path in files(word)]
    if options.kind == "all" or len(paths) > 1 and options.kind not in ("patches", "nearest", "answers"):
        raise ValueError(f"several pictures are drawn; give --save a folder, not {options.save}")
    place_of(options.save, reads=paths)


def of_one_picture(options):
    """Whether --save names a file, not a folder."""
    return options.save is not None and bool(Path(options.save).suffix) and not Path(options.save).is_dir()


def draw(options, figure, name, kinds, reads=()):
    """Saves a figure, and says where it is and what it does not show."""
    from .. import plots
    from ..explain.seen import limit
    if of_one_picture(options):
        path = place_of(options.save, reads=reads)
    else:
        path = place_of(None, own_place(options, name), reads)
    replaced = path.exists()
    plots.save(figure, path)
    for kind in kinds:
        tell(limit(kind, options.lang, named=len(kinds) > 1))
    echo(word(options, "see.saved_again" if replaced else "see.saved", path=path))


def own_place(options, name):
    """A file in the folder of the pictures that is called like this; with a number if one of this command is."""
    folder, name = Path(FOLDER if options.save is None else options.save), re.sub(r"[^\w.-]", "_", name)
    options.drawn.append(name)
    count = options.drawn.count(name)
    return folder / (f"{name}.png" if count == 1 else f"{name}-{count}.png")
