"""`npnet predict`: what a picture shows, as a trained network sees it.

    npnet predict photo.jpg                             the network that comes with npnet
    npnet predict --weights runs/flowers --json *.jpg
    npnet predict photo.jpg --weights runs/a --weights runs/b       an ensemble
"""
import json

import numpy as np

from ..screen import echo
from . import add_backend, choose_backend

NET = "cifar_alexnet"               # the shipped one
WIDTH = 30                          # of a bar, in characters


def add(commands):
    parser = commands.add_parser("predict", help="what a picture shows")
    parser.description = ("The five most probable classes of each picture. A network knows only the classes that it "
                          "was trained on, and names one of them whatever the picture shows.")
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="JPEG, PNG and others")
    parser.add_argument("--weights", action="append", metavar="NETWORK",
                        help=f"a run's folder, a checkpoint, a shipped network (default: {NET}); given several times, "
                             f"their answers are averaged")
    parser.add_argument("--ten-crop", action="store_true", help="average over ten crops of each picture")
    parser.add_argument("--json", action="store_true", help="one JSON object for each picture, one on a line")
    parser.add_argument("--save", metavar="FILE", help="draw the answers beside the picture (for one picture)")
    add_backend(parser)
    parser.set_defaults(run=run)


def run(options):
    from ..data import Pictures, read_picture
    from ..fit import answers
    from .evaluate import limits, opened
    choose_backend(options)
    if options.save is not None and len(options.pictures) > 1:
        raise ValueError(f"--save draws one picture, got {len(options.pictures)}")
    options.weights = options.weights or [NET]
    networks = opened(options.weights)
    pairs = [(one.net, one.pipeline) for one in networks]
    if not options.json:
        echo("\n".join(limits(" + ".join(options.weights), networks[0].classes)))
    failed = 0
    for path in options.pictures:
        notes = []
        try:
            picture = read_picture(path, notes)
        except (OSError, ValueError) as error:                  # the others are answered all the same
            failed += 1
            echo(json.dumps({"picture": path, "error": str(error)}) if options.json else f"\n{path}: {error}")
            continue
        one = Pictures([picture], [0], networks[0].classes)
        p = np.exp(answers(pairs, one, options.ten_crop, workers=0)[0])
        show(path, picture, p, networks[0].classes, notes, options)
    return 2 if failed else 0


def show(path, picture, p, classes, notes, options):
    """The five best answers, as JSON or with bars, and the drawing if one was asked for."""
    best = (-p).argsort(kind="stable")[:5]
    if options.json:
        told = [{"class": classes[k], "number": int(k), "probability": float(p[k])} for k in best]
        echo(json.dumps({"picture": path, "answers": told, "notes": notes}))
    else:
        echo(f"\n{path}")
        for note in notes:
            echo(f"  ({note})")
        from rich.cells import cell_len, set_cell_size          # a Korean letter is two columns wide
        width = max(cell_len(classes[k]) for k in best)
        for k in best:
            bar = "█" * round(WIDTH * float(p[k]))
            echo(f"  {set_cell_size(classes[k], width)}  {100 * p[k]:5.1f} %  {bar}".rstrip(),
                 "bold" if k == best[0] else None)
    if options.save is not None:
        from .. import plots
        plots.save(plots.probabilities(p, classes, path, picture), options.save)
        if not options.json:
            echo(f"\nthe picture is {options.save}")
