"""`npnet train`: train a network, from the drawn figures that need no download to ImageNet.

    npnet train                                                 shapes, cifar_alexnet, three epochs
    npnet train --data cifar10 --epochs 30 --lr 0.02 --schedule cosine --out runs/cifar
    npnet train --resume runs/cifar                             goes on, bit for bit
    npnet train --resume runs/pets --data moved/pets            the same pictures, in another place
    npnet train --data cifar10 --ranks 4                        four processes work on each batch
    npnet train --net krizhevsky2012 --towers --ranks 2         two, each with half of every layer, as in 2012
    npnet train --data my_pictures/ --overfit-one-batch         can this network learn anything here?
    npnet train --explain-remarks softmax-twice                 what the doctor's remark means, and a run that earns it

Its options are the settings of npnet.fit.Recipe, which does all that is done here.
"""
import os
import re
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path

from ..data.sets import Unreadable
from ..fit.recipe import ANEW, Recipe, Unfit, checkpoint_of
from ..models import MODELS
from ..parallel import here
from ..parallel.towers.cutting import rows_of
from ..screen import tell
from . import add_backend, choose_backend

FIELDS = {one.name: one for one in fields(Recipe)}


def add(commands):
    parser = commands.add_parser("train", help="train a network")
    parser.description = ("Train a network and keep the run in a folder: checkpoints, history, curves, a report. "
                          "Without any option: the drawn figures, which need no download, and a small AlexNet.")
    groups = {title: parser.add_argument_group(title) for title in ("what", "how", "pictures", "the run")}
    run = groups["the run"]
    run.add_argument("--out", metavar="DIR",
                     help="its folder (default: runs/DATA-NET, with a number if that is taken)")
    run.add_argument("--resume", metavar="DIR", help="go on with the run in this folder; "
                     f"{', '.join(map(flag, ANEW))} may be given anew")
    for one in FIELDS.values():
        add_setting(groups[one.metadata["group"]], one)
    run.add_argument("--ranks", metavar="N", type=int, help="in so many processes on this machine, which work on each "
                     "batch together, under mpiexec (default: 1)")
    run.add_argument("--towers", action="store_true", help="the two towers of 2012: two ranks, each with half of every "
                     "layer and all pictures (with --ranks 2, or under mpiexec -n 2)")
    run.add_argument("--overfit-one-batch", action="store_true",
                     help="train on one batch only: what cannot be learnt by heart cannot be learnt")
    run.add_argument("--explain-remarks", metavar="NAME", nargs="*", help="train nothing, and explain what the doctor "
                     "can say; with names, each with the smallest run that earns it")
    add_backend(run)
    parser.set_defaults(run=train)


def flag(name):
    """The option of a setting: --warm-up."""
    return f"--{name.replace('_', '-')}"


def add_setting(group, one):
    """Adds the option of a setting. What was not typed is None, so that it can be told from what was."""
    rules = one.metadata
    if rules["kind"] is bool:
        group.add_argument(flag(one.name), action="store_true", default=None, help=rules["help"])
        return
    words = rules["help"] if one.default in (None, ()) else f"{rules['help']} (default: {one.default})"
    several = {"nargs": "+"} if one.default == () else {}
    group.add_argument(flag(one.name), type=rules["kind"], metavar=rules["metavar"], help=words,
                       choices=rules.get("choices"), **several)


@contextmanager
def options_named():
    """What is wrong with a setting is said with the name of its option; of pictures that cannot be read, which option
    leaves them out."""
    try:
        yield
    except Unreadable as error:
        raise ValueError(f"{error}; --skip-damaged leaves such pictures out") from None
    except Unfit as error:
        first, rest = str(error).split(" ", 1)
        raise ValueError(f"{flag(first)} {rest}") from error


@options_named()
def train(options):
    if options.explain_remarks is not None:
        from .remarks import explain
        return explain(options.explain_remarks)
    if options.ranks is not None and options.ranks < 1:
        raise ValueError(f"--ranks must be a whole number of at least 1, got {options.ranks}")
    if (options.ranks or 1) > 1 and not os.environ.get("NPNET_RANKS"):
        from ..parallel import launch
        return launch(options.ranks, without_ranks(options.words))
    given = {name: getattr(options, name) for name in FIELDS if getattr(options, name) is not None}
    checkpoint, recipe, team = None, Recipe(**given), here()
    if options.resume is not None:
        checkpoint = team.shared(lambda: resumed(options, given))
        recipe = Recipe.of(checkpoint)
        if options.data is None:
            check_there(recipe.data, options.resume)
        recipe = replace(recipe, **given)
        if options.backend is None and not os.environ.get("NPNET_BACKEND"):
            options.backend = checkpoint.about["settings"].get("backend")
    choose_backend(options)
    team = here(recipe.shards, options.towers)
    if team.halves:
        check_cut(recipe, fresh=checkpoint is None)
    if options.overfit_one_batch:
        return overfitted(recipe, team)
    run = recipe.train(options.out, checkpoint, team=team)
    return 128 + run.signal if run.signal else int(run.failed)


def overfitted(recipe, team):
    """Trains on one batch only; the exit code."""
    if team.size > 1:
        raise ValueError("--overfit-one-batch is for one process; start it without mpiexec and --ranks")
    result = recipe.overfit()
    tell(str(result))
    return 0 if result.learnt else 1


def check_cut(recipe, fresh):
    """Raises Unfit for settings that cannot be, and a network that cannot be cut into two towers."""
    recipe.check(fresh)
    try:
        rows_of(*MODELS[recipe.net](**({} if recipe.size is None else {"size": recipe.size})))
    except ValueError as error:
        raise Unfit(f"net {recipe.net} cannot be cut into --towers: {error}") from None


def without_ranks(words):
    """The words of a command line without --ranks N or --ranks=N."""
    kept, words = [], iter(words)
    for word in words:
        if re.fullmatch("--rank?s?|--ra", word):                # argparse takes the beginning of an option, too
            next(words, None)
        elif not re.match("--ra[nks]*=", word):
            kept.append(word)
    return kept


def check_there(data, run):
    """Raises FileNotFoundError if the pictures of a run, kept as a full path, have gone."""
    if Path(data).is_absolute() and not Path(data).exists():
        raise FileNotFoundError(f"{run} was trained on {data}, which is not there; if it was moved, give its new place "
                                f"with --data")


def resumed(options, given):
    """The checkpoint of the run that goes on; ValueError for options that cannot go with it."""
    odd = [flag(name) for name in given if name not in ANEW]
    odd += ["--out"] * (options.out is not None) + ["--overfit-one-batch"] * options.overfit_one_batch
    if odd:
        raise ValueError(f"a run goes on with its own settings; leave {', '.join(odd)} out, or begin a new run")
    checkpoint = checkpoint_of(Path(options.resume))
    return checkpoint
