"""The recipe of a run: the settings of `npnet train`, and the objects that they stand for."""
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from .. import optim
from ..models import MODELS, model
from ..screen import bar, echo

SCHEDULES = ("constant", "step", "multistep", "polynomial", "cosine", "plateau")
MEAN_ONLY = ("krizhevsky2012", "original", "pool_first", "caffe", "half_tower", "cifar_four_layer")     # as published
DEFAULTS = {                        # of what makes a run, and is kept with it; None: the network or the data decide
    "data": "shapes", "net": "cifar_alexnet", "size": None, "init": None, "dropout": None, "weights": None,
    "freeze": [], "epochs": 3, "batch": 32, "lr": 0.02, "schedule": "cosine", "every": 10.0, "at": [], "factor": 0.1,
    "power": 1.0, "patience": 2, "times": 3, "warm_up": 0.0, "momentum": 0.9, "weight_decay": 0.0005, "bias_lr": 1.0,
    "form": "paper", "clip": None, "seed": 0, "validation": None, "normalise": None, "shorter": None, "augment": None,
    "colour": None, "skip_damaged": False, "workers": 2, "early_stopping": None, "limit_batches": None,
    "save_every": 300.0,
}


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
    option(group, "every", "step: between two drops, after the warm-up", float, "EPOCHS")
    option(group, "at", "multistep: when it drops", float, "EPOCH", nargs="+")
    option(group, "factor", "step, multistep, plateau: of one drop", float, "TIMES")
    option(group, "power", "polynomial: its power", float)
    option(group, "patience", "plateau: how long without a lower validation error before a drop", int, "EPOCHS")
    option(group, "times", "plateau: how many drops; when the error stops improving once more, the run ends", int, "N")
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
    option(group, "limit-batches", "only so many in each epoch, and as few pictures to validate and test on: for a "
           "quick look", int, "N")
    group.add_argument("--overfit-one-batch", action="store_true",
                       help="train on one batch only: what cannot be learnt by heart cannot be learnt")


def pictures_of(options):
    """The data set, and its parts to train on, to validate on (or None) and to test on (or None)."""
    from ..data import dataset, held_out
    with bar(f"reading {options.data}") as progress:
        data = dataset(options.data, progress=progress)
    training, test = parts(data)
    if not len(training):
        raise ValueError(f"{options.data} has no pictures to train on, only pictures to test on")
    if options.skip_damaged:
        training, test = readable(training), test and readable(test)
    count = len(training) // 10 if options.validation is None else options.validation
    if not 0 <= count < len(training):
        raise ValueError(f"--validation must leave some of the {len(training)} training pictures, got {count}")
    if not count and (options.schedule == "plateau" or options.early_stopping is not None):
        raise ValueError("--schedule plateau and --early-stopping need pictures that are held out; give --validation N")
    validation = None
    if count:
        training, validation = held_out(training, count, options.seed)
    if options.limit_batches is not None:                       # a quick look is quick in all its parts
        validation, test = (part and some(part, options.limit_batches * options.batch) for part in (validation, test))
    return data, training, validation, test


def some(pictures, count=None):
    """As many of the pictures, evenly spaced, so that they are of all classes; all of them for None."""
    count = min(count or len(pictures), len(pictures))
    return pictures.take(np.arange(count) * len(pictures) // max(count, 1))


def parts(data):
    """The pictures to train on and to test on. Of a set without a test part a fifth is held out: the same pictures in
    every run, whatever its seed, so that no network is tested on what another one of an ensemble has seen."""
    from ..data import held_out
    if data.test is not None:
        return data.train, data.test
    if len(data.train) < 5:
        raise ValueError(f"{data.name} has no pictures to test on, and {len(data.train)} in all are too few to hold a "
                         f"fifth out; add some, or a part called test")
    return held_out(data.train, len(data.train) // 5, seed=0)


@contextmanager
def naming_the_flag():
    """Ends a sentence about a picture that cannot be read with the option that leaves it out."""
    from ..data.sets import Unreadable
    try:
        yield
    except Unreadable as error:
        raise ValueError(f"{error}; --skip-damaged leaves such pictures out") from None


def readable(pictures):
    """Those of the pictures that can be read; the others are named."""
    from ..data import checked
    with bar("looking for damaged pictures", "pictures") as progress:
        pictures, sentences = checked(pictures, skip=True, progress=progress)
    for sentence in sentences:
        echo(sentence)
    return pictures


def place(name, known):
    """One of the known names as it is, and the full path of anything else, so that a run goes on from every folder."""
    path = Path(name).expanduser()
    return str(path.resolve()) if name not in known and path.exists() else name


def network(options, classes, fresh=True):
    """The network, with the frozen layers and, if it is not filled from a checkpoint, the weights asked for."""
    from ..layers import Dropout
    from ..models import replace
    from ..network import load
    from ..weights import found
    net = model(options.net, classes, options.size, options.seed, options.init)
    if options.dropout is not None:
        net = replace(net, Dropout, Dropout(options.dropout))
    if options.weights is not None and fresh:
        taken = take(net, load(found(options.weights)))
        echo(f"{len(taken)} of {len(net.params())} arrays from {options.weights}: {', '.join(taken)}")
    net.freeze(*options.freeze)
    return net


def take(net, other):
    """Copies the arrays of another network that fit by name and shape; returns their names."""
    own, theirs = net.params() | net.state(), other.params() | other.state()
    fits = [name for name, array in own.items() if name in theirs and theirs[name].shape == array.shape]
    if not fits:
        raise ValueError("no array of these weights fits the network, neither by name nor by shape")
    for name in fits:
        own[name][...] = theirs[name]
    return fits


def pipeline_of(options, pictures, net):
    """How pictures become the network's input."""
    from ..data import Pipeline
    normalise = options.normalise or ("mean" if options.net in MEAN_ONLY else "standard")
    grey = net.input_shape[0] == 1 or pictures[0].shape[2] == 1
    augment = options.augment or ("crop" if grey else "yes")
    asked = {"no": {"crop": False, "pad": 0, "mirror": False}, "crop": {"mirror": False}, "yes": {}}[augment]
    with bar("mean of the training pictures") as progress:
        return Pipeline.for_training(pictures, net.input_shape, normalise=normalise, colour=options.colour,
                                     order="BGR" if options.net == "caffe" else "RGB", shorter=options.shorter,
                                     most=options.limit_batches and options.limit_batches * options.batch,
                                     progress=progress, **asked)


def loader(options, pictures, pipeline, training):
    """The Loader of one part."""
    from ..data.loader import Loader
    return Loader(pictures, options.batch, pipeline, options.seed, train=training, workers=options.workers)


def optimizer_of(options, batches):
    """The optimizer; epochs of the schedule become steps of `batches` an epoch."""
    if options.schedule == "multistep" and not options.at:
        raise ValueError("--schedule multistep needs --at, the epochs at which the rate drops")
    if not options.every > 0:
        raise ValueError(f"--every must be above 0, got {options.every:g}")
    if not options.warm_up >= 0:
        raise ValueError(f"--warm-up must be at least 0, got {options.warm_up:g}")
    batches = min(batches, options.limit_batches or batches)
    total, lr, warm = options.epochs * batches, options.lr, round(options.warm_up * batches)
    rest = max(1, total - warm)
    drops = tuple(round(epoch * batches) - warm for epoch in options.at)        # the schedule begins after the warm-up
    if min(drops, default=1) < 1:
        raise ValueError(f"--at must lie at least a step after the warm-up, got {min(options.at):g} with --warm-up "
                         f"{options.warm_up:g}")
    schedule = {
        "constant": lambda: optim.Constant(lr),
        "step": lambda: optim.StepDecay(lr, max(1, round(options.every * batches)), options.factor),
        "multistep": lambda: optim.MultiStep(lr, drops, options.factor),
        "polynomial": lambda: optim.Polynomial(lr, rest, options.power),
        "cosine": lambda: optim.Cosine(lr, rest),
        "plateau": lambda: optim.Plateau(lr, options.factor, options.patience, options.times),
    }[options.schedule]()
    return optim.SGD(optim.WarmUp(warm, schedule) if warm else schedule, options.momentum, options.weight_decay,
                     options.bias_lr, options.form, options.clip)
