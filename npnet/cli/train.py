"""`npnet train`: train a network, from the drawn figures that need no download to ImageNet.

    npnet train                                                 shapes, cifar_alexnet, three epochs
    npnet train --data cifar10 --epochs 30 --lr 0.02 --schedule cosine --out runs/cifar
    npnet train --resume runs/cifar                             goes on, bit for bit
    npnet train --data my_pictures/ --overfit-one-batch         can this network learn anything here?
"""
import os
from pathlib import Path

from .. import optim
from ..models import MODELS, model
from . import add_backend, choose_backend, echo
from .progress import bar

NET, DATA = "cifar_alexnet", "shapes"
SCHEDULES = ("constant", "step", "multistep", "polynomial", "cosine", "plateau")
MEAN_ONLY = ("krizhevsky2012", "original", "pool_first", "caffe", "half_tower", "cifar_four_layer")     # as published
OPTIONS = """
    data net weights freeze epochs batch lr schedule every at factor power patience warm_up momentum weight_decay
    bias_lr form clip init dropout size normalise augment colour seed validation workers skip_damaged early_stopping
    limit_batches save_every
""".split()                         # what makes a run, and is kept with it


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
    parser.set_defaults(run=lambda options: train(options, parser))


def add_what(group):
    group.add_argument("--data", default=DATA, metavar="NAME", help="shapes, a name of npnet data list, a folder or "
                       "an .npz file (default: %(default)s)")
    group.add_argument("--net", default=NET, metavar="NAME", help=f"one of {', '.join(MODELS)} (default: %(default)s)")
    group.add_argument("--size", type=int, metavar="PIXELS", help="of the input's side (default: the network's own)")
    group.add_argument("--init", choices=("paper", "he", "torch"), help="initial weights (default: the network's own)")
    group.add_argument("--dropout", type=float, metavar="SHARE", help="of every Dropout (default: the network's own)")
    group.add_argument("--weights", metavar="NETWORK", help="begin with the arrays of this run, checkpoint or shipped "
                       "network that fit by name and shape")
    group.add_argument("--freeze", nargs="+", default=[], metavar="LAYER", help="layers that are not trained")


def add_how(group):
    def number(name, default, words, kind=float, metavar=None):
        group.add_argument(name, type=kind, default=default, metavar=metavar, help=f"{words} (default: %(default)s)")
    number("--epochs", 3, "how many times all pictures are seen", int, "N")
    number("--batch", 64, "pictures in a step", int, "N")
    number("--lr", 0.01, "learning rate")
    group.add_argument("--schedule", choices=SCHEDULES, default="cosine", help="of the rate (default: %(default)s)")
    number("--every", 10, "step: between two drops", metavar="EPOCHS")
    group.add_argument("--at", type=float, nargs="+", default=[], metavar="EPOCH", help="multistep: when it drops")
    number("--factor", 0.1, "step, multistep, plateau: of one drop")
    number("--power", 1.0, "polynomial: its power")
    number("--patience", 2, "plateau: how long without a lower validation error before a drop", int, "EPOCHS")
    number("--warm-up", 0.0, "in which the rate rises to --lr", metavar="EPOCHS")
    number("--momentum", 0.9, "of the velocity")
    number("--weight-decay", 0.0005, "of weights, not of biases")
    number("--bias-lr", 1.0, "how many times as fast biases learn: 2 in Caffe and in 2012", metavar="TIMES")
    group.add_argument("--form", choices=("paper", "torch"), default="paper",
                       help="of the momentum (default: %(default)s)")
    group.add_argument("--clip", type=float, metavar="LENGTH", help="of all gradients together (default: none)")
    number("--seed", 0, "of weights, order, augmentation, dropout", int, "N")


def add_pictures(group):
    group.add_argument("--validation", type=int, metavar="N", help="how many training pictures are held out to watch "
                       "and to choose by (default: a tenth; 0: none, the test pictures are watched and choose nothing)")
    group.add_argument("--normalise", choices=("standard", "mean", "mean-picture", "none"),
                       help="minus the mean and over the deviation; minus the mean; minus the mean picture; none "
                       "(default: standard, and mean for the networks of 2012)")
    group.add_argument("--augment", choices=("yes", "no", "crop"), help="shifts or crops, and mirror images; crop: no "
                       "mirror images (default: yes, and crop for grey pictures)")
    group.add_argument("--colour", choices=("paper", "original"), help="shift colours along their principal "
                       "components, as the paper says or as the code of 2012 did")
    group.add_argument("--skip-damaged", action="store_true",
                       help="leave out pictures that cannot be read, and name them")
    group.add_argument("--workers", type=int, default=2, metavar="N",
                       help="threads that prepare pictures (default: %(default)s)")


def add_run(group):
    group.add_argument("--out", metavar="DIR",
                       help="its folder (default: runs/DATA-NET, with a number if that is taken)")
    group.add_argument("--resume", metavar="DIR", help="go on with the run in this folder; --epochs may be given anew")
    group.add_argument("--early-stopping", type=int, metavar="EPOCHS",
                       help="end after more than so many without a lower validation error")
    group.add_argument("--save-every", type=float, default=300, metavar="SECONDS",
                       help="between two checkpoints within an epoch (default: %(default)s)")
    group.add_argument("--limit-batches", type=int, metavar="N", help="only so many in each epoch: for a quick look")
    group.add_argument("--overfit-one-batch", action="store_true",
                       help="train on one batch only: what cannot be learnt by heart cannot be learnt")


def train(options, parser):
    from ..fit import fit                                       # here, so that --help is quick
    kept = None if options.resume is None else resumed(options, parser)
    backend = choose_backend(options)
    data, training, validation, test = pictures_of(options)
    net = network(options, len(data.classes))
    pipeline = kept.pipeline() if kept else pipeline_of(options, training, net)
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


def resumed(options, parser):
    """Puts the options that the run in a folder was made with into `options`, but for --epochs if it was given.

    Returns the run's last checkpoint.
    """
    from ..weights import read_checkpoint
    path = Path(options.resume) / "last.npz"
    if not path.exists():
        raise FileNotFoundError(f"{options.resume} holds no run that could go on (there is no {path})")
    given = [name for name in OPTIONS if getattr(options, name) != parser.get_default(name)]
    odd = [f"--{name.replace('_', '-')}" for name in given if name not in ("epochs", "workers", "save_every")]
    if odd:
        raise ValueError(f"a run goes on with its own settings; leave {', '.join(odd)} out, or begin a new run")
    checkpoint = read_checkpoint(path)
    kept = checkpoint.about["settings"]
    if not set(OPTIONS) <= set(kept):
        raise ValueError(f"the run in {options.resume} was not made by npnet train; "
                         f"go on as it was made, with npnet.fit.fit(..., resume=True)")
    if options.epochs != kept["epochs"] and "epochs" in given and kept["schedule"] in ("cosine", "polynomial"):
        raise ValueError(f"the {kept['schedule']} of this run ends after {kept['epochs']} epochs; leave --epochs out, "
                         f"or begin a new run with --weights {options.resume}")
    for name in OPTIONS:
        if name not in given:
            setattr(options, name, kept[name])
    options.overfit_one_batch = False
    if options.backend is None and not os.environ.get("NPNET_BACKEND"):
        options.backend = kept["backend"]
    return checkpoint


def settings_of(options, data, backend):
    """What made the run, as plain data."""
    return {"command": command(options), **{name: getattr(options, name) for name in OPTIONS}, "backend": backend,
            "classes": list(data.classes), "origin": data.origin}


def command(options):
    """The command that makes the same run again."""
    words = ["npnet train"]
    for name in OPTIONS:
        value = getattr(options, name)
        if value not in (None, False, []):
            value = " ".join(map(str, value)) if isinstance(value, list) else value
            words.append(f"--{name.replace('_', '-')}" + ("" if value is True else f" {value}"))
    return " ".join(words)


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
                                     order="BGR" if options.net == "caffe" else "RGB", progress=progress, **asked)


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
    echo(f"{data.name}: {numbers}; {len(data.classes)} classes. {data.origin}".rstrip())
    size = " x ".join(map(str, net.input_shape))
    echo(f"{options.net}: {parameters:,} parameters to train, input {size}, on {backend}")
    echo(str(pipeline))
    echo(f"{options.epochs} epochs of {len(loaders['train'])} steps of {options.batch}; {optimizer}")


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
    names = [f"{pictures.classes[p[i].argmax()]}? {pictures.classes[pictures.labels[i]]}" for i in worst]
    return [("Confident mistakes", plots.samples([pictures[i] for i in worst], names))] if len(worst) else []
