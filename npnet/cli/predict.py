"""`npnet predict`: what a picture shows, as a trained network sees it.

    npnet predict photo.jpg                             the network that comes with npnet
    npnet predict holidays/                             every picture in a folder
    npnet predict --weights runs/flowers --json *.jpg
    npnet predict photo.jpg --weights runs/a --weights runs/b       an ensemble
"""
import glob
from pathlib import Path

import numpy as np

from ..screen import aligned, counted, echo, listed, percent, tell
from ..screen.words import short_names
from . import NETWORKS, add_backend, add_layers, add_reading, choose_backend, reading
from .evaluate import limits, opened, print_json
from .plot import place_of

NET = "cifar_alexnet"               # the shipped one
WIDTH = 30                          # of a bar, in characters


def add(commands):
    parser = commands.add_parser("predict", help="what a picture shows")
    parser.description = ("The five most probable classes of each picture. A network knows only the classes that it "
                          "was trained on, and names one of them whatever the picture shows.")
    parser.add_argument("pictures", nargs="+", metavar="PICTURE",
                        help="JPEG, PNG and others; a folder stands for the pictures in it, in the order of their "
                             "names, a pattern such as '*.jpg' for those that match it")
    parser.add_argument("--weights", action="append", metavar="NETWORK",
                        help=f"{NETWORKS} (default: {NET}); given several times, their answers are averaged")
    add_reading(parser)
    add_layers(parser)
    parser.add_argument("--ten-crop", action="store_true", help="average over ten crops of each picture")
    parser.add_argument("--json", action="store_true", help="one JSON object for each picture, one on a line")
    parser.add_argument("--save", metavar="FILE", help="draw the answers beside the picture (for one picture)")
    add_backend(parser)
    parser.set_defaults(run=run, several="pictures")


def run(options):
    from ..data import Pictures, read_picture
    from ..fit import answers
    choose_backend(options)
    paths = [path for word in options.pictures for path in files(word)]
    if options.save is not None and len(paths) > 1:
        raise ValueError(f"--save draws one picture, got {len(paths)}; give one, or leave --save out")
    if options.save is not None:
        place_of(options.save, reads=paths)
    names = options.weights or [NET]
    networks = opened(names, reading(options))
    classes = networks[0].classes
    if not options.json:
        tell(limits(" + ".join(names), classes))
        for one in networks:
            if one.report is not None and one.report.notes:
                tell(f"npnet weights info shows {counted(len(one.report.notes), 'note')} on how {one.name} was read")
    failed = 0
    for path in paths:
        notes = []
        try:
            picture = read_picture(path, notes)
        except (OSError, ValueError) as error:                  # the others are answered all the same
            failed += 1
            if options.json:
                print_json({"picture": path, "error": str(error)})
            else:
                echo(f"\nnpnet: {error}")
            continue
        log_p = answers([(one.net, one.pipeline) for one in networks], Pictures([picture], [0], classes),
                        options.ten_crop, workers=0)
        show(path, picture, np.exp(log_p[0]), classes, notes, options)
    return 2 if failed else 0


def files(word):
    """The pictures that a word stands for: itself, those in a folder, or those of a pattern that the shell left."""
    from ..data.readers.folders import ENDINGS
    path = Path(word)
    if path.is_dir():
        found = sorted(str(one) for one in path.iterdir() if one.name.lower().endswith(ENDINGS))
        if not found:
            raise ValueError(f"{word} has no picture in it: no name that ends in {listed(ENDINGS, 6)}")
        return found
    if path.exists() or not glob.has_magic(word):
        return [word]
    found = sorted(glob.glob(word, recursive=True))
    if not found:
        raise FileNotFoundError(f"no file matches the pattern {word}")
    return found


def show(path, picture, p, classes, notes, options):
    """The five best answers, as JSON or with bars, and the drawing if one was asked for."""
    best = (-p).argsort(kind="stable")[:5]
    if options.json:
        told = [{"class": classes[k], "number": int(k), "probability": float(p[k])} for k in best]
        print_json({"picture": path, "answers": told, "notes": notes})
    else:
        echo(f"\n{path}")
        for note in notes:
            echo(f"  ({note})")
        names = short_names(classes)
        for k, name in zip(best, aligned([names[k] for k in best])):
            echo(f"  {name}  {percent(p[k]):>7}  {'█' * round(WIDTH * float(p[k]))}".rstrip(),
                 "bold" if k == best[0] else None)
    if options.save is not None:
        from .. import plots
        plots.save(plots.probabilities(p, short_names(classes), path, picture), options.save)
        if not options.json:
            echo(f"\nthe picture is {options.save}")
