"""`npnet train`: train a network, from the drawn figures that need no download to ImageNet.

    npnet train                                                 shapes, cifar_alexnet, three epochs
    npnet train --data cifar10 --epochs 30 --lr 0.02 --schedule cosine --out runs/cifar
    npnet train --resume runs/cifar                             goes on, bit for bit
    npnet train --data my_pictures/ --overfit-one-batch         can this network learn anything here?
"""
import os
import shlex
from pathlib import Path

from .. import optim
from ..layers import check_whole
from ..screen import bar, counted, echo, tell
from . import add_backend, choose_backend
from .recipe import (DEFAULTS, add_how, add_pictures, add_run, add_what, loader, naming_the_flag, network, optimizer_of,
                     pictures_of, pipeline_of, place)

ANEW = ("epochs", "workers", "save_every", "skip_damaged")              # what may be given anew to a run that goes on


def add(commands):
    parser = commands.add_parser("train", help="train a network")
    parser.description = ("Train a network and keep the run in a folder: checkpoints, history, curves, a report. "
                          "Without any option: the drawn figures, which need no download, and a small AlexNet.")
    add_what(parser.add_argument_group("what"))
    add_how(parser.add_argument_group("how"))
    add_pictures(parser.add_argument_group("pictures"))
    run = parser.add_argument_group("the run")
    add_run(run)
    add_backend(run)
    parser.set_defaults(run=train)


@naming_the_flag()
def train(options):
    from ..data.catalogue import CATALOGUE                      # here, so that --help is quick
    from ..fit import fit
    from ..fit.report import write_report
    from ..weights import shipped
    given = {name: getattr(options, name) for name in DEFAULTS if getattr(options, name) is not None}
    kept, checkpoint = (DEFAULTS, None) if options.resume is None else resumed(options, given)
    vars(options).update({name: kept[name] for name in DEFAULTS} | given)
    check(options)
    backend = choose_backend(options)
    data, training, validation, test = pictures_of(options)
    options.data = place(options.data, CATALOGUE)
    options.weights = options.weights and place(options.weights, shipped())
    net = network(options, len(data.classes), fresh=checkpoint is None)
    pipeline = checkpoint.pipeline() if checkpoint else pipeline_of(options, training, net)
    loaders = {name: loader(options, part, pipeline, name == "train") for name, part in
               (("train", training), ("validation", validation), ("test", test)) if part is not None}
    optimizer = optimizer_of(options, len(loaders["train"]))
    describe(options, data, loaders, net, pipeline, optimizer, backend)
    if options.overfit_one_batch:
        return one_batch(net, optimizer, loaders["train"])
    folder = Path(options.resume or options.out or free_folder(options))
    settings = settings_of(options, data, backend) | ({"command": kept["command"]} if checkpoint and not given else {})
    watched = loaders.get("validation", loaders.get("test"))
    run = fit(net, optimizer, loaders["train"], watched, options.epochs, folder, resume=options.resume is not None,
              patience=options.early_stopping, chooses="validation" in loaders, save_every=options.save_every,
              limit_batches=options.limit_batches, settings=settings)
    if run.stopped == "interrupted":
        return 130
    if run.failed:
        echo(f"the report is {write_report(run, net, pipeline)}")
        return 1
    return finish(run, data, loaders, pipeline, options)


def check(options):
    """Raises ValueError for numbers that cannot be meant, before anything is read."""
    check_whole(**{"--epochs": options.epochs, "--batch": options.batch,
                   "--limit-batches": 1 if options.limit_batches is None else options.limit_batches,
                   "--early-stopping": 1 if options.early_stopping is None else options.early_stopping})
    if not options.save_every > 0:
        raise ValueError(f"--save-every must be above 0, got {options.save_every:g}")


def one_batch(net, optimizer, loader):
    """Trains on the first batch alone, at a constant rate; exit code 1 if it cannot be learnt."""
    from ..fit import overfit
    optimizer.schedule = optim.Constant(optimizer.lr)
    x, labels = next(iter(loader))
    with bar("one batch", "steps") as progress:
        result = overfit(net, optimizer, x, labels, progress=progress)
    echo(str(result))
    return 0 if result.learnt else 1


def resumed(options, given):
    """The settings that the run in a folder was made with, and its last checkpoint. given: what was typed anew."""
    from ..weights import read_checkpoint
    path = Path(options.resume) / "last.npz"
    if not path.exists():
        raise FileNotFoundError(f"{options.resume} holds no run that could go on (there is no {path})")
    odd = [f"--{name.replace('_', '-')}" for name in given if name not in ANEW]
    odd += ["--out"] * (options.out is not None) + ["--overfit-one-batch"] * options.overfit_one_batch
    if odd:
        raise ValueError(f"a run goes on with its own settings; leave {', '.join(odd)} out, or begin a new run")
    checkpoint = read_checkpoint(path)
    kept = DEFAULTS | checkpoint.about.get("settings", {})
    if "command" not in kept:
        raise ValueError(f"the run in {options.resume} was not made by npnet train; "
                         f"go on as it was made, with npnet.fit.fit(..., resume=True)")
    if given.get("epochs", kept["epochs"]) != kept["epochs"] and kept["schedule"] in ("cosine", "polynomial"):
        raise ValueError(f"the {kept['schedule']} of this run ends after {kept['epochs']} epochs; leave --epochs out, "
                         f"or begin a new run with --weights {options.resume}")
    if options.backend is None and not os.environ.get("NPNET_BACKEND"):
        options.backend = kept["backend"]
    return kept, checkpoint


def settings_of(options, data, backend):
    """What made the run, as plain data."""
    return {"command": command(options), **{name: getattr(options, name) for name in DEFAULTS}, "backend": backend,
            "classes": list(data.classes), "origin": data.origin}


def command(options):
    """The command that makes the same run again."""
    words = ["npnet", "train"] + (["--backend", options.backend] if options.backend else [])
    for name in DEFAULTS:
        value = getattr(options, name)
        if value != DEFAULTS[name] or name in ("data", "net"):
            values = [] if value is True else value if isinstance(value, list) else [value]
            words += [f"--{name.replace('_', '-')}", *map(str, values)]
    return shlex.join(words)


def describe(options, data, loaders, net, pipeline, optimizer, backend):
    """What is about to happen, before it does."""
    parameters = sum(w.size for w in net.params().values())
    purposes = {"train": "to train", "validation": "for validation", "test": "to test"}
    numbers = ", ".join(f"{len(part.pictures):,} {purposes[name]}" for name, part in loaders.items())
    fifth = " (a fifth of the whole, as the set has no part to test on)" * (data.test is None)
    tell(f"{data.name}: {numbers}{fifth}; {len(data.classes)} classes. {data.origin}")
    size = " x ".join(map(str, net.input_shape))
    tell(f"{options.net}: {parameters:,} parameters to train, input {size}, on {backend}")
    tell(str(pipeline))
    steps = min(len(loaders["train"]), options.limit_batches or len(loaders["train"]))
    tell(f"{counted(options.epochs, 'epoch')} of {counted(steps, 'step')} of {options.batch} pictures; {optimizer}")


def free_folder(options):
    """runs/shapes-cifar_alexnet, or the first of ...-2, -3 that is not there."""
    name = f"{Path(options.data).stem}-{options.net}"
    numbers = iter(range(2, 10_000))
    folder = Path("runs", name)
    while folder.exists():
        folder = Path("runs", f"{name}-{next(numbers)}")
    return folder


def finish(run, data, loaders, pipeline, options):
    """The test, once, with the network that validation chose, or else the last one; and the report."""
    from .. import plots
    from ..data.sets import Unreadable
    from ..fit import answers, score
    from ..fit.report import write_report
    from ..weights import read_checkpoint
    chosen = "best.npz" if (run.folder / "best.npz").exists() else "last.npz"
    net = read_checkpoint(run.folder / chosen).network()
    test, sheets, failed = None, [], None
    if "test" in loaders:
        pictures = loaders["test"].pictures
        try:
            with bar("testing", "pictures") as progress:
                p = answers([(net, pipeline)], pictures, batch=options.batch, workers=options.workers,
                            progress=progress)
            test = score(p, pictures.labels)
        except (OSError, ValueError) as error:                  # a damaged picture: the run has its report all the same
            failed = error
    if test is not None:
        echo(f"{chosen}: {100 * test.top1:.2f} % of {test.pictures:,} test pictures right, "
             f"{100 * test.top5:.2f} % among the best five", "bold")
        sheets = [("Confusion", plots.confusion(test.confusion, data.classes)), *mistakes(p, pictures)]
    path = write_report(run, net, pipeline, test, sheets)
    echo(f"the report is {path}; {chosen} is the network: npnet predict PICTURE --weights {run.folder / chosen}")
    if failed is not None:
        hint = f"; npnet evaluate {run.folder} --skip-damaged tests it on the others" * isinstance(failed, Unreadable)
        raise ValueError(f"the network could not be tested: {failed}{hint}")


def mistakes(p, pictures, most=24):
    """A sheet of the pictures that were answered wrongly with the greatest confidence."""
    from .. import plots
    wrong = (p.argmax(axis=1) != pictures.labels).nonzero()[0]
    worst = wrong[(-p[wrong].max(axis=1)).argsort(kind="stable")][:most]
    names = [f"{pictures.classes[pictures.labels[i]]}, not {pictures.classes[p[i].argmax()]}" for i in worst]
    return [("Confident mistakes", plots.samples([pictures[i] for i in worst], names))] if len(worst) else []
