"""The recipe of a run: all its settings, and the objects that they stand for.

    recipe = Recipe(data="shapes", net="cifar_alexnet", epochs=3)
    run = recipe.train("runs/first")            # all that `npnet train` does: watches, saves, chooses, tests, reports
    run = Recipe.of("runs/first").train(resume="runs/first")        # goes on where it stopped
    print(run.test.top1)

    parts = recipe.parts()                      # or the pieces, for a loop of one's own
    net = recipe.network(len(parts.data.classes))
    loaders = recipe.loaders(parts, recipe.pipeline(parts.training, net))
    optimizer = recipe.optimizer(len(loaders["train"]))

The options of `npnet train` are made from the fields below, and a run keeps its recipe as JSON: the same
words everywhere. None means that the network or the data decide.
"""
import json
import math
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np

from .. import models, optim
from ..backend import choose, ops
from ..data import Loader, Pipeline, held_out
from ..data.catalogue import CATALOGUE
from ..layers import Dropout, Layer
from ..network import Network, plain
from ..screen import bar, echo, hushed, listed
from ..weights import Checkpoint, found, read_checkpoint, shipped
from ..weights.names import nearest_network
from ..weights.prepared import normalise_for, order_for
from .announce import announce
from .beginning import as_before, begin_with, pipeline_of, said_of_pictures
from .finish import finish
from .folder import command_line, new_folder, try_folder
from .loop import fit, folder_of
from .overfit import overfit
from .pictures import Parts, cut, place, read, readable, some
from .team import ALONE

RUNS = Path("runs")         # where a run's folder is made, unless it is given
SCHEDULES = ("constant", "step", "multistep", "polynomial", "cosine", "plateau")
# what may be given anew to a run that goes on
ANEW = ("data", "epochs", "workers", "save_every", "skip_damaged", "no_probe")


def setting(group, default, words, kind=str, metavar=None, **rules):
    """A field of Recipe. rules: choices, or the range of a number: least (from), above, below."""
    return field(default=default, metadata={"group": group, "help": words, "kind": kind, "metavar": metavar, **rules})


class Unfit(ValueError):
    """What a setting cannot be. The sentence begins with the setting's name."""


@dataclass(frozen=True)
class Recipe:
    """The settings of a run; dataclasses.replace(recipe, lr=0.01) makes another one."""

    data: str = setting("what", "shapes", "shapes, a name of npnet data list, a folder or an .npz file", metavar="NAME")
    net: str = setting("what", "cifar_alexnet", f"one of {', '.join(models.MODELS)}", metavar="NAME")
    size: int = setting("what", None, "of the input's side (default: the network's own)", int, "PIXELS", least=1)
    init: str = setting("what", None, "initial weights (default: the network's own)", choices=("paper", "he", "torch"))
    dropout: float = setting("what", None, "of every Dropout (default: the network's own)", float, "SHARE", least=0,
                             below=1)
    weights: str = setting("what", None, "begin with the arrays that fit, by name and shape, of this run, of a name of "
                           "npnet weights list, or of a file of npnet, Caffe, PyTorch or others", metavar="NETWORK")
    freeze: tuple = setting("what", (), "layers that are not trained", metavar="LAYER")
    epochs: int = setting("how", 3, "how many times all pictures are seen", int, "N", least=1)
    batch: int = setting("how", 32, "pictures in a step", int, "N", least=1)
    lr: float = setting("how", 0.02, "learning rate", float, "RATE", least=0)
    schedule: str = setting("how", "cosine", "of the rate", choices=SCHEDULES)
    every: float = setting("how", 10.0, "step: between two drops, after the warm-up", float, "EPOCHS", above=0)
    at: tuple = setting("how", (), "multistep: when it drops", float, "EPOCH", above=0)
    factor: float = setting("how", 0.1, "step, multistep, plateau: of one drop", float, "TIMES", above=0)
    power: float = setting("how", 1.0, "polynomial: its power", float, least=0)
    patience: int = setting("how", 2, "plateau: how long without a lower validation error before a drop", int, "EPOCHS",
                            least=0)
    times: int = setting("how", 3, "plateau: how many drops; when the error stops improving once more, the run ends",
                         int, "N", least=0)
    warm_up: float = setting("how", 0.0, "in which the rate rises to --lr", float, "EPOCHS", least=0)
    momentum: float = setting("how", 0.9, "of the velocity", float, "SHARE", least=0, below=1)
    weight_decay: float = setting("how", 0.0005, "of weights, not of biases", float, "RATE", least=0)
    bias_lr: float = setting("how", 1.0, "how many times as fast biases learn: 2 in Caffe and in 2012", float, "TIMES",
                             least=0)
    form: str = setting("how", "paper", "of the momentum", choices=("paper", "torch"))
    clip: float = setting("how", None, "of all gradients together (default: none)", float, "LENGTH", above=0)
    seed: int = setting("how", 0, "of weights, order, augmentation, dropout", int, "N")
    validation: int = setting("pictures", None, "how many training pictures are held out to watch and to choose by "
                              "(default: a tenth; 0: none, the test pictures are watched and choose nothing)", int, "N",
                              least=0)
    normalise: str = setting("pictures", None, "minus the mean and over the deviation; minus the mean; minus the mean "
                             "picture; none (default: standard, and mean for the networks of 2012; with --weights "
                             "as the pictures that these have learnt from)",
                             choices=("standard", "mean", "mean-picture", "none"))
    shorter: int = setting("pictures", None, "to which the shorter side of a picture is resized, before it is cropped "
                           "to the input (default: 256 for 227 and 224, in proportion for others, the input's up to "
                           "64)", int, "PIXELS", least=1)
    augment: str = setting("pictures", None, "shifts or crops, and mirror images; crop: no mirror images (default: "
                           "yes, and crop for grey pictures)", choices=("yes", "no", "crop"))
    colour: str = setting("pictures", None, "shift colours along their principal components, as the paper says or as "
                          "the code of 2012 did", choices=("paper", "original"))
    grey: str = setting("pictures", None, "read the pictures of a folder as grey (default: yes if all of them are)",
                        choices=("yes", "no"))
    skip_damaged: bool = setting("pictures", False, "leave out pictures that cannot be read, and name them", bool)
    workers: int = setting("pictures", 2, "threads that prepare pictures", int, "N", least=0)
    early_stopping: int = setting("the run", None, "end after more than so many without a lower validation error", int,
                                  "EPOCHS", least=1)
    save_every: float = setting("the run", 300.0, "between two checkpoints within an epoch", float, "SECONDS", above=0)
    no_probe: bool = setting("the run", False, "when something is wrong, do not try small steps along the gradient to "
                             "find out what (it takes the time of ten training steps, once)", bool)
    shards: int = setting("the run", None, "cut every batch into so many shards and add their gradients in this order: "
                          "the same run to the last bit on any number of ranks, up to this one, each with one thread "
                          "unless NPNET_THREADS says how many", int, "N", least=1)
    limit_batches: int = setting("the run", None, "only so many in each epoch, and as few pictures to validate and "
                                 "test on: for a quick look", int, "N", least=1)

    def __post_init__(self):
        for name in ("freeze", "at"):                           # as they are typed: one, a list, or a tuple
            value = getattr(self, name)
            object.__setattr__(self, name, tuple(value) if isinstance(value, (list, tuple)) else (value,))

    # ------------------------------------------------------------------------ as data

    def as_data(self):
        """The settings as plain data for JSON."""
        return json.loads(json.dumps(vars(self), default=plain))

    @classmethod
    def restored(cls, data):
        """The recipe that as_data described. What is missing has its default: an older npnet did not have it; of what
        else a run keeps with its recipe nothing is read."""
        return cls(**{one.name: data[one.name] for one in fields(cls) if one.name in data})

    @classmethod
    def of(cls, run):
        """The recipe of a run, which is a folder or a Checkpoint."""
        return cls.restored(checkpoint_of(run).about["settings"])

    def command(self):
        """The command that makes the same run again."""
        words = ["npnet", "train"] + (["--backend", ops.name] if ops.name != "numba" else [])
        for one in fields(self):
            value = getattr(self, one.name)
            if value != one.default or one.name in ("data", "net"):
                values = [] if value is True else value if isinstance(value, tuple) else [value]
                words += [f"--{one.name.replace('_', '-')}", *map(str, values)]
        return command_line(*words)

    # ------------------------------------------------------------------------ checks

    def check(self, fresh=True):
        """Raises Unfit, a ValueError, for what cannot be right, before anything is read. fresh: whether the run
        begins, with the weights that it is to begin with."""
        for one in fields(self):
            values = getattr(self, one.name)
            for value in values if isinstance(values, tuple) else (values,):
                if value is not None or one.default is not None:
                    check_value(one.name, value, **one.metadata)
        self.check_network()
        if self.warm_up >= self.epochs:
            raise Unfit(f"warm_up must end before the run does, got {self.warm_up:g} epochs of {self.epochs}")
        if self.schedule == "multistep" and not self.at:
            raise Unfit("at is missing: the epochs at which the rate of a multistep schedule drops")
        if self.validation == 0 and self.needs_validation():
            raise Unfit("validation is 0, but a plateau schedule and early stopping need pictures that are held out; "
                        "hold some out")
        if self.weights is not None and fresh:
            found(self.weights)

    def check_network(self):
        """Raises Unfit for a network that there is not, or a setting that does not fit it."""
        if self.net not in models.MODELS:
            raise Unfit(f"net: no network is called {self.net!r}; {nearest_network(self.net)}npnet has "
                        f"{', '.join(models.MODELS)}")
        size = {} if self.size is None else {"size": self.size}
        input_shape, layers = models.MODELS[self.net](**size)
        unknown = [name for name in self.freeze if name not in layers]
        if unknown:
            raise Unfit(f"freeze names {listed(unknown)}, but {self.net} has {', '.join(layers)}")
        if all(name in self.freeze for name, layer in layers.items() if type(layer).params is not Layer.params):
            raise Unfit(f"freeze leaves no layer of {self.net} to train; leave one out")
        side = input_shape[1]
        if self.shorter is not None and not side <= self.shorter <= 10 * side:
            raise Unfit(f"shorter must be at least {side}, the side of the input, and at most {10 * side}, got "
                        f"{self.shorter}")
        if self.colour is not None and input_shape[0] == 1:
            raise Unfit(f"colour needs a network that sees colours, but {self.net} reads grey pictures")
        try:
            if size:                                            # the layers before flatten: few weights
                Network(input_shape, **dict(list(layers.items())[:list(layers).index("flatten")]))
        except ValueError as error:
            raise Unfit(f"size {self.size} does not fit {self.net}: {error}") from None

    def needs_validation(self):
        """Whether pictures that are held out decide something besides the best epoch."""
        return self.schedule == "plateau" or self.early_stopping is not None

    # ------------------------------------------------------------------------ objects

    def parts(self, say=echo):
        """The pictures, whole and in parts. say: is told which pictures were left out because they are damaged."""
        with bar(f"reading {self.data}") as progress:
            data = read(self.data, self.grey, progress)
        training, test = cut(data)
        if not len(training):
            raise ValueError(f"{self.data} has no pictures to train on, only pictures to test on")
        if self.skip_damaged:
            training, test = readable(training, say), test and readable(test, say)
        count = len(training) // 10 if self.validation is None else self.validation
        if count >= len(training):
            raise Unfit(f"validation must leave some of the {len(training)} training pictures, got {count}")
        training, validation = held_out(training, count, self.seed) if count else (training, None)
        if not count and self.needs_validation():
            raise Unfit(f"validation is 0, as {len(training)} pictures have no tenth, but a plateau schedule and early "
                        f"stopping need pictures that are held out; hold some out")
        if self.limit_batches is not None:                      # a quick look is quick in all its parts
            validation, test = (part and some(part, self.limit_batches * self.batch) for part in (validation, test))
        return Parts(data, training, validation, test)

    def network(self, classes, say=echo):
        """The network with the weights to begin with, and its frozen layers."""
        net = models.model(self.net, classes, self.size, self.seed, self.init)
        if self.dropout is not None:
            net = models.replace(net, Dropout, Dropout(self.dropout))
        if self.weights is not None:
            taken, notes = begin_with(net, found(self.weights), self.net)
            say(f"{len(taken)} of {len(net.params())} arrays from {self.weights}: {listed(taken)}", *notes)
        net.freeze(*self.freeze)
        return net

    def pipeline(self, pictures, net):
        """How pictures become the input of the network; the means are those of these pictures. With weights to begin
        with, and no word on how to normalise, they are those of the pictures that the weights have learnt from."""
        before = self.before(net) if self.normalise is None else None
        normalise = self.normalise or normalise_for(self.net)
        if before is not None:
            normalise = "none" if self.colour is None else "mean"       # what is computed here is not kept
        grey = net.input_shape[0] == 1 or pictures[0].shape[2] == 1
        augment = self.augment or ("crop" if grey else "yes")
        asked = {"no": {"crop": False, "pad": 0, "mirror": False}, "crop": {"mirror": False}, "yes": {}}[augment]
        with bar("mean of the training pictures") as progress:
            made = Pipeline.for_training(pictures, net.input_shape, normalise=normalise, colour=self.colour,
                                         order=order_for(self.net), shorter=self.shorter,
                                         most=self.limit_batches and self.limit_batches * self.batch,
                                         progress=progress, **asked)
        return made if before is None else as_before(made, before)

    def before(self, net):
        """How the pictures were prepared that the weights to begin with have learnt from; None without weights."""
        return None if self.weights is None else pipeline_of(found(self.weights), self.net, net)

    def loaders(self, parts, pipeline):
        """{"train", "validation", "test": Loader} of the parts that there are."""
        return {name: Loader(part, self.batch, pipeline, self.seed, train=name == "train", workers=self.workers)
                for name, part in (("train", parts.training), ("validation", parts.validation), ("test", parts.test))
                if part is not None}

    def optimizer(self, batches):
        """The optimizer; epochs of the schedule become steps of `batches` an epoch, limit_batches at most."""
        batches = min(batches, self.limit_batches or batches)
        warm = round(self.warm_up * batches)
        rest = max(1, self.epochs * batches - warm)
        drops = tuple(round(epoch * batches) - warm for epoch in self.at)           # counted from after the warm-up
        if min(drops, default=1) < 1:
            raise Unfit(f"at must lie at least a step after the warm-up, got {min(self.at):g} with a warm-up of "
                        f"{self.warm_up:g}")
        schedule = {
            "constant": lambda: optim.Constant(self.lr),
            "step": lambda: optim.StepDecay(self.lr, max(1, round(self.every * batches)), self.factor),
            "multistep": lambda: optim.MultiStep(self.lr, drops, self.factor),
            "polynomial": lambda: optim.Polynomial(self.lr, rest, self.power),
            "cosine": lambda: optim.Cosine(self.lr, rest),
            "plateau": lambda: optim.Plateau(self.lr, self.factor, self.patience, self.times),
        }[self.schedule]()
        return optim.SGD(optim.WarmUp(warm, schedule) if warm else schedule, self.momentum, self.weight_decay,
                         self.bias_lr, self.form, self.clip)

    # ------------------------------------------------------------------------ the run

    def train(self, out=None, resume=None, quiet=False, team=ALONE):
        """Trains, tests once with the network that validation chose, writes the report; returns the Run, with the
        Score of the test as run.test (None without a test part, or where the run was interrupted or failed).

        out: the run's folder (default: runs/DATA-NET, with a number if that is taken). resume: the folder of a run to
        go on with, or its Checkpoint (then with out). team: the processes that train together, each of which calls
        this (npnet.parallel.here(shards)). Errors as check, fit and the readers of data say.
        """
        check_shards(self.shards, team)
        checkpoint = None if resume is None else team.shared(lambda: checkpoint_of(resume))
        with hushed(not team.first):
            return self.trained(out, checkpoint, quiet, team)

    def trained(self, out, checkpoint, quiet, team):
        """What train does, from a Checkpoint or, for None, from the beginning."""
        weights = self.weights and place(self.weights, shipped())
        recipe = replace(self, data=place(self.data, CATALOGUE), weights=weights)
        say = silent if quiet else echo
        fresh = checkpoint is None
        recipe.check(fresh)
        choose()
        team.shared(lambda: try_folder(folder_of(out, checkpoint or False) or RUNS, new=fresh and out is not None))
        command = recipe.command() if fresh else recipe.going_on(checkpoint)
        parts = recipe.parts(say)
        if fresh:
            net, pipeline, loaders, optimizer = recipe.made(parts, say, team)
        else:
            net, pipeline, optimizer = None, checkpoint.pipeline(), None        # fit takes them from the checkpoint
            loaders = recipe.loaders(parts, pipeline)
        if not quiet:
            announce(recipe, parts, loaders, pipeline, net, optimizer)
        if fresh:
            usual = RUNS / f"{Path(recipe.data).stem}-{recipe.net}"
            out = team.shared(lambda: out or new_folder(usual))
        settings = {"command": command, **recipe.as_data(), "backend": ops.name, "classes": list(parts.data.classes),
                    "origin": parts.data.origin}
        run = fit(net, optimizer, loaders["train"], loaders.get("validation", loaders.get("test")), recipe.epochs,
                  out, resume=checkpoint or False, patience=recipe.early_stopping, chooses="validation" in loaders,
                  save_every=recipe.save_every, limit_batches=recipe.limit_batches, settings=settings, quiet=quiet,
                  probe=not recipe.no_probe, team=team)
        return finish(run, loaders, say, team)

    def made(self, parts, say=echo, team=ALONE):
        """Network, pipeline, loaders and optimizer for a run that begins."""
        net = self.network(len(parts.data.classes), say)
        pipeline = team.shared(lambda: self.pipeline(parts.training, net))
        if said := said_of_pictures(self.weights, pipeline, self.before(net)):
            say(said)
        loaders = self.loaders(parts, pipeline)
        return net, pipeline, loaders, self.optimizer(len(loaders["train"]))

    def overfit(self, quiet=False):
        """The OverfitResult of training on the first batch alone, at a constant rate."""
        say = silent if quiet else echo
        recipe = replace(self, schedule="constant", warm_up=0.0)
        recipe.check()
        parts = recipe.parts(say)
        net, pipeline, loaders, optimizer = recipe.made(parts, say)
        if not quiet:
            announce(recipe, parts, loaders, pipeline, net, optimizer)
        x, labels = next(iter(loaders["train"]))
        with bar("one batch", "steps") as progress:
            return overfit(net, optimizer, x, labels, progress=progress)

    def going_on(self, checkpoint):
        """The command of a run that goes on with this recipe. ValueError where its own differs in more than ANEW."""
        kept = checkpoint.about["settings"]
        if "command" not in kept:
            raise ValueError(f"the run of {checkpoint.path} was not made by npnet train; go on as it was made, with "
                             f"npnet.fit.fit(..., resume=True)")
        then = Recipe.restored(kept)
        odd = [name for name, value in vars(self).items() if name not in ANEW and value != getattr(then, name)]
        if odd:
            raise Unfit(f"{odd[0]} was {getattr(then, odd[0])!r} and is {getattr(self, odd[0])!r}, but a run goes on "
                        f"with its own settings; begin a new run")
        if self.epochs != then.epochs and self.schedule in ("cosine", "polynomial"):
            raise Unfit(f"epochs must stay {then.epochs}, where the {self.schedule} of this run ends, got "
                        f"{self.epochs}; begin a new run with its weights")
        return kept["command"] if self == then else self.command()


# ---------------------------------------------------------------------------- checks, and what it goes on from

def check_shards(shards, team):
    """Raises Unfit unless a team cuts batches as the recipe says."""
    if shards != team.shards:
        raise Unfit(f"shards is {shards}, but the team of this training cuts batches into {team.shards}; give "
                    f"team=npnet.parallel.here(shards={shards})")


def silent(*text):
    """Says nothing."""


def check_value(name, value, kind, choices=None, least=-math.inf, above=-math.inf, below=math.inf, **words):
    """Raises Unfit unless a value is one of the choices, or a number in its range."""
    if choices and value not in choices:
        raise Unfit(f"{name} must be one of {', '.join(choices)}, got {value!r}")
    number = isinstance(value, (int, np.integer) if kind is int else (int, float, np.number))
    within = number and math.isfinite(value) and least <= value < below and value > above
    if kind in (int, float) and (isinstance(value, bool) or not within):
        limits = f" of at least {least}" * (least > -math.inf) + f" above {above}" * (above > -math.inf)
        limits += f" and below {below}" * (below < math.inf)
        got = value if number else repr(value)
        raise Unfit(f"{name} must be a {'whole ' * (kind is int)}number{limits}, got {got}")


def checkpoint_of(run):
    """The newest Checkpoint of a run's folder, or the one that it is already."""
    if isinstance(run, Checkpoint):
        return run
    path = Path(run) / "last.npz"
    if not path.exists():
        raise FileNotFoundError(f"{run} holds no run that could go on (there is no {path})")
    return read_checkpoint(path)
