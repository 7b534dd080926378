"""`npnet train`: train a network, from the drawn figures that need no download to ImageNet.

    npnet train                                                 shapes, cifar_alexnet, three epochs
    npnet train --data cifar10 --epochs 30 --lr 0.02 --schedule cosine --out runs/cifar
    npnet train --resume runs/cifar                             goes on, bit for bit
    npnet train --data my_pictures/ --overfit-one-batch         can this network learn anything here?
"""
import os
import shlex
import textwrap
from pathlib import Path

from .. import optim
from ..layers import check_whole
from ..models import MODELS, model
from . import add_backend, choose_backend, echo
from .progress import bar

SCHEDULES = ("constant", "step", "multistep", "polynomial", "cosine", "plateau")
MEAN_ONLY = ("krizhevsky2012", "original", "pool_first", "caffe", "half_tower", "cifar_four_layer")     # as published
DEFAULTS = {                        # of what makes a run, and is kept with it; None: the network or the data decide
    "data": "shapes", "net": "cifar_alexnet", "size": None, "init": None, "dropout": None, "weights": None,
    "freeze": [], "epochs": 3, "batch": 32, "lr": 0.02, "schedule": "cosine", "every": 10.0, "at": [], "factor": 0.1,
    "power": 1.0, "patience": 2, "warm_up": 0.0, "momentum": 0.9, "weight_decay": 0.0005, "bias_lr": 1.0,
    "form": "paper", "clip": None, "seed": 0, "validation": None, "normalise": None, "shorter": None, "augment": None,
    "colour": None, "skip_damaged": False, "workers": 2, "early_stopping": None, "limit_batches": None,
    "save_every": 300.0,
}
ANEW = ("epochs", "workers", "save_every")              # what may be given anew to a run that goes on


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


def option(group, name, words, kind=str, metavar=None, **more):
    """Adds --name to a group of options. Its default stands in DEFAULTS and in the help, so that what was typed
    can be told from what was not."""
    default = DEFAULTS[name.replace("-", "_")]
    words = words if default in (None, []) else f"{words} (default: {default})"
    group.add_argument(f"--{name}", type=kind, metavar=metavar, help=words, **more)


def add_what(group):
    option(group, "data", "shapes, a name of npnet data list, a folder or an .npz file", metavar="NAME")
    option(group, "net", f"one of {', '.join(MODELS)}", metavar="NAME")
    option(group, "size", "of the input's side (default: the network's own)", int, "PIXELS")
    option(group, "init", "initial weights (default: the network's own)", choices=("paper", "he", "torch"))
    option(group, "dropout", "of every Dropout (default: the network's own)", float, "SHARE")
    option(group, "weights", "begin with the arrays of this run, checkpoint or shipped network that fit by name and "
           "shape", metavar="NETWORK")
    option(group, "freeze", "layers that are not trained", metavar="LAYER", nargs="+")


def add_how(group):
    option(group, "epochs", "how many times all pictures are seen", int, "N")
    option(group, "batch", "pictures in a step", int, "N")
    option(group, "lr", "learning rate", float, "RATE")
    option(group, "schedule", "of the rate", choices=SCHEDULES)
    option(group, "every", "step: between two drops", float, "EPOCHS")
    option(group, "at", "multistep: when it drops", float, "EPOCH", nargs="+")
    option(group, "factor", "step, multistep, plateau: of one drop", float, "TIMES")
    option(group, "power", "polynomial: its power", float)
    option(group, "patience", "plateau: how long without a lower validation error before a drop", int, "EPOCHS")
    option(group, "warm-up", "in which the rate rises to --lr", float, "EPOCHS")
    option(group, "momentum", "of the velocity", float, "SHARE")
    option(group, "weight-decay", "of weights, not of biases", float, "RATE")
    option(group, "bias-lr", "how many times as fast biases learn: 2 in Caffe and in 2012", float, "TIMES")
    option(group, "form", "of the momentum", choices=("paper", "torch"))
    option(group, "clip", "of all gradients together (default: none)", float, "LENGTH")
    option(group, "seed", "of weights, order, augmentation, dropout", int, "N")


def add_pictures(group):
    option(group, "validation", "how many training pictures are held out to watch and to choose by (default: a tenth; "
           "0: none, the test pictures are watched and choose nothing)", int, "N")
    option(group, "normalise", "minus the mean and over the deviation; minus the mean; minus the mean picture; none "
           "(default: standard, and mean for the networks of 2012)",
           choices=("standard", "mean", "mean-picture", "none"))
    option(group, "shorter", "to which the shorter side of a picture is resized, before it is cropped to the input "
           "(default: 256 for 227 and 224, in proportion for others, the input's up to 64)", int, "PIXELS")
    option(group, "augment", "shifts or crops, and mirror images; crop: no mirror images (default: yes, and crop for "
           "grey pictures)", choices=("yes", "no", "crop"))
    option(group, "colour", "shift colours along their principal components, as the paper says or as the code of 2012 "
           "did", choices=("paper", "original"))
    group.add_argument("--skip-damaged", action="store_true", default=None,
                       help="leave out pictures that cannot be read, and name them")
    option(group, "workers", "threads that prepare pictures", int, "N")


def add_run(group):
    group.add_argument("--out", metavar="DIR",
                       help="its folder (default: runs/DATA-NET, with a number if that is taken)")
    group.add_argument("--resume", metavar="DIR", help="go on with the run in this folder; --epochs may be given anew")
    option(group, "early-stopping", "end after more than so many without a lower validation error", int, "EPOCHS")
    option(group, "save-every", "between two checkpoints within an epoch", float, "SECONDS")
    option(group, "limit-batches", "only so many in each epoch: for a quick look", int, "N")
    group.add_argument("--overfit-one-batch", action="store_true",
                       help="train on one batch only: what cannot be learnt by heart cannot be learnt")


def train(options):
    from ..fit import fit                                       # here, so that --help is quick
    given = {name: getattr(options, name) for name in DEFAULTS if getattr(options, name) is not None}
    kept, checkpoint = (DEFAULTS, None) if options.resume is None else resumed(options, given)
    vars(options).update({name: kept[name] for name in DEFAULTS} | given)
    check_whole(**{"--epochs": options.epochs, "--batch": options.batch,
                   "--limit-batches": 1 if options.limit_batches is None else options.limit_batches})
    backend = choose_backend(options)
    data, training, validation, test = pictures_of(options)
    net = network(options, len(data.classes))
    pipeline = checkpoint.pipeline() if checkpoint else pipeline_of(options, training, net)
    loaders = {name: loader(options, part, pipeline, name == "train") for name, part in
               (("train", training), ("validation", validation), ("test", test)) if part is not None}
    optimizer = optimizer_of(options, len(loaders["train"]))
    describe(options, data, loaders, net, pipeline, optimizer, backend)
    if options.overfit_one_batch:
        return one_batch(net, optimizer, loaders["train"])
    folder = Path(options.resume or options.out or free_folder(options))
    seen = loaders.get("validation", loaders.get("test"))
    run = fit(net, optimizer, loaders["train"], seen, options.epochs, folder, resume=options.resume is not None,
              patience=options.early_stopping, chooses="validation" in loaders, save_every=options.save_every,
              limit_batches=options.limit_batches, settings=settings_of(options, data, backend))
    if run.stopped == "interrupted":
        return 130
    return finish(run, data, loaders, pipeline, options)


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
    if odd or options.out is not None:
        raise ValueError(f"a run goes on with its own settings; leave {', '.join(odd or ['--out'])} out, or begin a "
                         f"new run")
    checkpoint = read_checkpoint(path)
    kept = checkpoint.about["settings"]
    if not set(DEFAULTS) <= set(kept):
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
    words = ["npnet", "train"]
    for name in DEFAULTS:
        value = getattr(options, name)
        if value != DEFAULTS[name] or name in ("data", "net"):
            values = [] if value is True else value if isinstance(value, list) else [value]
            words += [f"--{name.replace('_', '-')}", *map(str, values)]
    return shlex.join(words)


def pictures_of(options):
    """The data set, and its parts to train on, to validate on (or None) and to test on (or None)."""
    from ..data import checked, dataset, held_out
    with bar(f"reading {options.data}") as progress:
        data = dataset(options.data, progress=progress)
    training, test = parts(data, options.seed)
    if not len(training):
        raise ValueError(f"{options.data} has no pictures to train on, only pictures to test on")
    if options.skip_damaged:
        training, sentences = checked(training, skip=True)
        for sentence in sentences:
            echo(sentence)
    count = len(training) // 10 if options.validation is None else options.validation
    if not 0 <= count < len(training):
        raise ValueError(f"--validation must leave some of the {len(training)} training pictures, got {count}")
    if not count and (options.schedule == "plateau" or options.early_stopping is not None):
        raise ValueError("--schedule plateau and --early-stopping need pictures that were held out; leave "
                         "--validation 0 out")
    validation = None
    if count:
        training, validation = held_out(training, count, options.seed)
    return data, training, validation, test


def parts(data, seed):
    """The pictures to train on and to test on; of a set without a test part a fifth is held out."""
    from ..data import held_out
    return (data.train, data.test) if data.test is not None else held_out(data.train, len(data.train) // 5, seed)


def network(options, classes):
    """The network, with the weights and the frozen layers that were asked for."""
    from ..layers import Dropout
    from ..models import replace
    from ..weights import trained
    net = model(options.net, classes, options.size, options.seed, options.init)
    if options.dropout is not None:
        net = replace(net, Dropout, Dropout(options.dropout))
    if options.weights is not None:
        taken = take(net, trained(options.weights).net)
        echo(f"{len(taken)} of {len(net.params())} arrays from {options.weights}: {', '.join(taken)}")
    net.freeze(*options.freeze)
    return net


def take(net, other):
    """Copies the arrays of another network that fit by name and shape; returns their names."""
    theirs = other.params() | other.state()
    fits = [name for name, own in (net.params() | net.state()).items()
            if name in theirs and theirs[name].shape == own.shape]
    if not fits:
        raise ValueError("no array of these weights fits the network, neither by name nor by shape")
    for name in fits:
        (net.params() | net.state())[name][...] = theirs[name]
    return fits


def pipeline_of(options, pictures, net):
    """How pictures become the network's input."""
    from ..data import Pipeline
    normalise = options.normalise or ("mean" if options.net in MEAN_ONLY else "standard")
    augment = options.augment or ("crop" if net.input_shape[0] == 1 else "yes")
    asked = {"no": {"crop": False, "pad": 0, "mirror": False}, "crop": {"mirror": False}, "yes": {}}[augment]
    with bar("mean of the training pictures") as progress:
        return Pipeline.for_training(pictures, net.input_shape, normalise=normalise, colour=options.colour,
                                     order="BGR" if options.net == "caffe" else "RGB", shorter=options.shorter,
                                     progress=progress, **asked)


def loader(options, pictures, pipeline, training):
    from ..data.loader import Loader
    return Loader(pictures, options.batch, pipeline, options.seed, train=training, workers=options.workers)


def optimizer_of(options, batches):
    """The optimizer; epochs of the schedule become steps of `batches` an epoch."""
    batches = min(batches, options.limit_batches or batches)
    total, lr, warm = options.epochs * batches, options.lr, round(options.warm_up * batches)
    rest = max(1, total - warm)
    schedule = {
        "constant": lambda: optim.Constant(lr),
        "step": lambda: optim.StepDecay(lr, max(1, round(options.every * batches)), options.factor),
        "multistep": lambda: optim.MultiStep(lr, tuple(round(epoch * batches) for epoch in options.at), options.factor),
        "polynomial": lambda: optim.Polynomial(lr, rest, options.power),
        "cosine": lambda: optim.Cosine(lr, rest),
        "plateau": lambda: optim.Plateau(lr, options.factor, options.patience),
    }[options.schedule]()
    return optim.SGD(optim.WarmUp(warm, schedule) if warm else schedule, options.momentum, options.weight_decay,
                     options.bias_lr, options.form, options.clip)


def describe(options, data, loaders, net, pipeline, optimizer, backend):
    """What is about to happen, before it does."""
    parameters = sum(w.size for w in net.params().values())
    purposes = {"train": "to train", "validation": "for validation", "test": "to test"}
    numbers = ", ".join(f"{len(part.pictures):,} {purposes[name]}" for name, part in loaders.items())
    tell(f"{data.name}: {numbers}; {len(data.classes)} classes. {data.origin}")
    size = " x ".join(map(str, net.input_shape))
    tell(f"{options.net}: {parameters:,} parameters to train, input {size}, on {backend}")
    tell(str(pipeline))
    steps = min(len(loaders["train"]), options.limit_batches or len(loaders["train"]))
    tell(f"{options.epochs} epoch{'s' * (options.epochs > 1)} of {steps} steps of {options.batch}; {optimizer}")


def tell(sentence):
    """Prints a sentence that may be long, in lines for a terminal."""
    echo(textwrap.fill(sentence.strip(), 79, subsequent_indent="  ", break_on_hyphens=False))


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
    from ..fit import answers, score
    from ..fit.report import write_report
    from ..weights import read_checkpoint
    chosen = "best.npz" if (run.folder / "best.npz").exists() else "last.npz"
    net = read_checkpoint(run.folder / chosen).network()
    test, sheets = None, []
    if "test" in loaders:
        pictures = loaders["test"].pictures
        with bar("testing", "pictures") as progress:
            p = answers([(net, pipeline)], pictures, workers=options.workers, progress=progress)
        test = score(p, pictures.labels)
        echo(f"{chosen}: {100 * test.top1:.2f} % of {test.pictures:,} test pictures right, "
             f"{100 * test.top5:.2f} % among the best five", "bold")
        sheets = [("Confusion", plots.confusion(test.confusion, data.classes)), *mistakes(p, pictures)]
    path = write_report(run, net, pipeline, test, sheets)
    echo(f"the report is {path}; {chosen} is the network: npnet predict --weights {run.folder / chosen} PICTURE")


def mistakes(p, pictures, most=24):
    """A sheet of the pictures that were answered wrongly with the greatest confidence."""
    from .. import plots
    wrong = (p.argmax(axis=1) != pictures.labels).nonzero()[0]
    worst = wrong[(-p[wrong].max(axis=1)).argsort(kind="stable")][:most]
    names = [f"{pictures.classes[pictures.labels[i]]}, not {pictures.classes[p[i].argmax()]}" for i in worst]
    return [("Confident mistakes", plots.samples([pictures[i] for i in worst], names))] if len(worst) else []
