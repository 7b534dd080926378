"""Checkpoints: a network with everything that its training needs to go on, in one file.

    save_checkpoint("last.npz", net, optimizer, pipeline, about={"epoch": 3}, losses=[...])
    checkpoint = read_checkpoint("last.npz")
    net, optimizer = checkpoint.network(), checkpoint.optimizer()

The file is the one that Network.save writes (so npnet.load reads it as a network) with more arrays in
it, whose names have a slash:

    training/about                  JSON: the optimizer, the pipeline, versions, and whatever the caller adds
    training/losses, rates          float64, one for each step
    velocity/conv1.w ...            the optimizer's
    pipeline/mean ...               the pipeline's
    pictures/training/prints ...    which pictures these were (data/fingerprints.py), if they are not too many

It is written beside the old one and renamed, never as a pickle, and nothing in it is run. It is read once, and
all of it is checked before anybody gets any of it.
"""
import json
import math
import platform
from dataclasses import dataclass, fields
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from .. import __version__, network, optim
from ..backend import ops
from ..data.fingerprints import Identity
from ..data.pipeline import Pipeline
from ..files import writing
from ..layers import LAYERS

SCHEDULES = {kind.__name__: kind for kind in (optim.Constant, optim.StepDecay, optim.MultiStep, optim.Polynomial,
                                              optim.Cosine, optim.WarmUp, optim.Plateau)}
OPTIMIZER = ("momentum", "weight_decay", "bias_lr", "form", "clip")        # SGD's arguments after lr
MANY = 100_000              # pictures: of more, a checkpoint knows the digest alone

# ---------------------------------------------------------------------------- writing


def save_checkpoint(path, net, optimizer, pipeline=None, about=None, losses=(), rates=None, pictures=None):
    """Writes a checkpoint. about: plain data for JSON, whatever is wanted back. pictures: {part: Identity}.

    Raises OSError where the file cannot be written (the old one is then as it was), TypeError for a
    schedule, a layer's argument or an entry of about that is not plain data.
    """
    pictures = pictures or {}
    about = {
        **(about or {}),
        "optimizer": settings_of(optimizer),
        "pipeline": pipeline and pipeline.settings(),
        "pictures": {part: identity.digest for part, identity in pictures.items()},
        "versions": versions(),
    }
    extra = {"training/about": np.array(json.dumps(about, default=network.plain)),
             "training/losses": np.asarray(losses, np.float64)}
    if rates is not None:
        extra["training/rates"] = np.asarray(rates, np.float64)
    if optimizer.steps:                                     # before, all of it is 0
        extra |= {f"velocity/{name}": ops.to_host(optimizer.velocity_of(name, w)) for name, w in net.params().items()}
    if pipeline:
        extra |= {f"pipeline/{name}": array for name, array in pipeline.arrays().items()}
    if sum(len(identity.labels) for identity in pictures.values()) <= MANY:
        extra |= {f"pictures/{part}/{name}": array for part, identity in pictures.items()
                  for name, array in identity.arrays().items()}
    with writing(path) as beside, open(beside, "wb") as file:
        network.write(file, net, extra)


def versions():
    """What this process computes with; other versions may round otherwise, draw or decode otherwise."""
    packages = {name: installed(name) for name in ("numpy", "numba", "pillow")}
    return {"npnet": __version__, **packages, "python": platform.python_version(), "backend": ops.name}


def installed(package):
    """The version of a package, or None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def settings_of(optimizer):
    """An optimizer, but for its velocity, as plain data."""
    names = (*OPTIMIZER, "steps")
    return {"schedule": schedule_data(optimizer.schedule)} | {name: getattr(optimizer, name) for name in names}


def schedule_data(schedule):
    """A schedule as plain data: the name of its class and its fields."""
    if type(schedule).__name__ not in SCHEDULES:
        raise TypeError(f"cannot save the schedule {schedule!r}; the schedules of npnet.optim can be saved: "
                        f"{', '.join(SCHEDULES)}")
    data = {field.name: getattr(schedule, field.name) for field in fields(schedule)}
    return {"kind": type(schedule).__name__} | {
        name: schedule_data(value) if name == "then" else value for name, value in data.items()}


# ---------------------------------------------------------------------------- reading

@dataclass
class Checkpoint:
    """What a checkpoint's file holds. about is what was given to save_checkpoint, and its own entries.

    identity: {part: Identity of its pictures, or the digest alone}, empty where the run did not know them.
    """

    path: str
    architecture: dict
    arrays: dict
    about: dict
    losses: np.ndarray
    rates: np.ndarray
    velocity: dict
    pipeline_arrays: dict
    identity: dict
    built: network.Network | None = None        # by read_checkpoint, to see whether it can be

    def network(self, layers=None):
        """The network, another object each time; layers={"MyLRN": MyLRN} makes classes of one's own known."""
        built, self.built = self.built, None
        if built is not None and built.device == ops.device:
            return built
        return network.assembled(self.path, self.architecture, self.arrays, layers)

    def fill(self, net):
        """Copies parameters and state into a network that is built like the saved one. ValueError if it is not."""
        ours = json.loads(json.dumps(net.architecture(), default=network.plain))
        for key, what in (("layers", "other layers"), ("seed", "another seed"), ("frozen", "other frozen layers")):
            if ours[key] != self.architecture[key]:
                raise ValueError(f"{self.path} was saved from a network with {what}; build the same one, or let "
                                 f"fit(resume=read_checkpoint(...)) take it from the file")
        try:
            network.fill(net, self.arrays)
        except ValueError as error:
            raise ValueError(f"{self.path}: {error}") from None

    def optimizer(self):
        """The optimizer as it was, with its velocity and its schedule. ValueError if the file describes none."""
        try:
            settings = {**self.about["optimizer"]}
            check("steps", settings["steps"], int)
            steps, schedule = settings.pop("steps"), schedule_of(settings.pop("schedule"))
            optimizer = optim.SGD(schedule, *(settings.pop(name) for name in OPTIMIZER))
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"{self.path} describes no optimizer that npnet could make ({error})") from None
        optimizer.steps = steps
        optimizer.velocity = {name: ops.to_device(v.copy()) for name, v in self.velocity.items()}
        return optimizer

    def pipeline(self):
        """How pictures become the network's input, or None if that was not saved."""
        settings, arrays = self.about["pipeline"], self.pipeline_arrays
        if settings is None and not arrays:
            return None
        try:
            check("its settings", settings, dict)
            wanted = ("mean", "deviation", "vectors", "values") if settings.get("colour") else ("mean", "deviation")
            check("the file", arrays, dict.fromkeys(wanted, np.ndarray))
            pipeline = Pipeline.restored(settings, arrays)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.path} describes no pipeline that npnet could make ({error})") from None
        made = [pipeline.channels, pipeline.size, pipeline.size]
        if made != self.architecture["input_shape"]:
            raise ValueError(f"{self.path}: its pipeline makes pictures {made}, its network reads "
                             f"{self.architecture['input_shape']}; it was put together from two runs")
        return pipeline


def read_checkpoint(path):
    """The Checkpoint in a file. It is read once, and all of it is checked.

    Raises FileNotFoundError, and ValueError for a file that is damaged, cut off, no file of npnet's, changed by
    hand into what cannot be right, or a network without a training.
    """
    architecture, arrays, kept = network.read(path)
    if "training/about" not in kept:
        raise ValueError(f"{path} holds a network, but no training that could go on; give the last.npz or best.npz "
                         f"of a run")
    try:
        kinds = network.kinds_of(network.parts_of(architecture)[-1])
        about = about_of(str(kept["training/about"]))
        losses = kept["training/losses"]
        rates = kept.get("training/rates", np.asarray(about.pop("rates", []), np.float64))     # in JSON until 0.1.0
        check_steps(about, losses, rates)
        check_finite(kept)
        checkpoint = Checkpoint(str(path), architecture, arrays, about, losses, rates, part(kept, "velocity"),
                                part(kept, "pipeline"), identities(about["pictures"], part(kept, "pictures")))
        check_velocity(checkpoint.velocity, arrays)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is damaged, or is not a checkpoint that npnet saved: "
                         f"{network.legible(error)}") from None
    steps = checkpoint.optimizer().steps if "optimizer" in about else 0
    if kinds <= set(LAYERS):                                # else network(layers) sees to it
        checkpoint.built = network.assembled(path, architecture, arrays)
        missing = set(checkpoint.built.params()) - set(checkpoint.velocity)
        if steps and missing:
            raise ValueError(f"{path} is damaged: velocity/{min(missing)} is missing after {steps} steps")
    checkpoint.pipeline()
    return checkpoint


def about_of(text):
    """training/about, checked."""
    about = json.loads(text, parse_constant=constant)
    check("training/about", about, dict)
    about = {"pipeline": None, "settings": {}, "pictures": {}, **about}
    check("training/about", about, ABOUT)
    check("the settings", {"classes": [], **about["settings"]}, {"classes": [str]})
    if "rows" in about:
        check("training/about", about, {"rows": [dict], "best": (dict, type(None))})
        for row in [*about["rows"], about["best"] or {}]:
            row.setdefault("waiting", 0.0)                                  # not in the oldest ones
        check("training/about", about, RECORD)
    if "examiners" not in about.get("doctor", {"examiners"}):               # a doctor who had none yet: he begins anew
        del about["doctor"]
    if "doctor" in about:
        check("the doctor", about["doctor"], DOCTOR)
    return about


def part(arrays, prefix):
    """The arrays whose names begin with prefix and a slash, under the rest of their names."""
    return {name.partition("/")[2]: array for name, array in arrays.items() if name.startswith(f"{prefix}/")}


def identities(digests, arrays):
    """{part: Identity, or the digest where the file holds no more}."""
    found = dict(digests)
    for name in {name.partition("/")[0] for name in arrays}:
        found[name] = Identity.restored(part(arrays, name))
        if digests.get(name) != found[name].digest:
            raise ValueError(f"the fingerprints of the {name} pictures are not those of its digest")
    return found


def schedule_of(data):
    """The schedule that schedule_data described. ValueError, KeyError or TypeError where it cannot be one."""
    kind, values = SCHEDULES[data["kind"]], {name: value for name, value in data.items() if name != "kind"}
    kinds = {float: LIMITLESS, int: int, bool: bool, tuple: [int], optim.Constant: dict}
    check(data["kind"], values, {field.name: kinds[field.type] for field in fields(kind)})
    return kind(**{name: schedule_of(value) if name == "then" else value for name, value in values.items()})


# ---------------------------------------------------------------------------- what must hold

LIMITLESS, NUMBER, WORD = "a number", "a finite number", (str, type(None))
MAYBE = (NUMBER, type(None))
ROW = {"epoch": int, "steps": int, "lr": NUMBER, "train_loss": NUMBER, "train_top1": NUMBER, "loss": MAYBE,
       "top1": MAYBE, "top5": MAYBE, "seconds": NUMBER, "waiting": NUMBER}
SUMS = {"batches": int, "pictures": int, "loss": NUMBER, "right": int, "seconds": NUMBER, "waiting": NUMBER}
ABOUT = {"settings": dict, "pictures": {...: str}, "versions": {...: WORD}}             # ...: of any name
RECORD = {"rows": [ROW], "sums": SUMS, "best": (ROW, type(None)), "waited": int, "chooses": bool, "remarks": [str],
          "stopped": str}                                                                # of a run (fit/run.py)
DOCTOR = {"said": {...: NUMBER}, "seen": int, "pictures": int, "size": int, "epochs": int, "counts": [int],
          "fresh": bool, "ended": bool, "examiners": {...: dict},
          "surest": {"training": NUMBER, "validation": NUMBER}}                         # what a doctor has seen


def check(what, value, wanted):
    """Raises ValueError unless plain data is as wanted: a type, NUMBER, one of several, [each so], [exactly these],
    {name: so}."""
    if isinstance(wanted, dict):
        check(what, value, dict)
        for name in value if ... in wanted else wanted:
            if name not in value:
                raise ValueError(f"{what} has no {name}")
            check(f"{what}: {name}", value[name], wanted.get(name, wanted.get(...)))
    elif isinstance(wanted, list):
        check(what, value, list)
        if len(wanted) > 1 and len(value) != len(wanted):
            raise ValueError(f"{what} must have {len(wanted)} parts, got {len(value)}")
        for number, entry in enumerate(value):
            check(f"{what} {number}", entry, wanted[number if len(wanted) > 1 else 0])
    elif isinstance(wanted, tuple):
        if not (value is None and type(None) in wanted):
            check(what, value, wanted[0])
    elif wanted in (NUMBER, LIMITLESS):
        if type(value) not in (int, float) or wanted == NUMBER and not math.isfinite(value):
            raise ValueError(f"{what} must be {wanted}, got {value!r:.40}")
    elif type(value) is not wanted:
        raise ValueError(f"{what} must be a {wanted.__name__}, got {value!r:.40}")


def constant(name):
    """Of the words that Python's JSON has for what is not a number: infinity, as Plateau's best error begins there."""
    if name == "NaN":
        raise ValueError("training/about holds NaN")
    return float(name)


def check_steps(about, losses, rates):
    """Raises ValueError unless losses, rates and the run's record are of the same steps."""
    for name, array in (("losses", losses), ("rates", rates)):
        if array.ndim != 1 or array.dtype != np.float64:
            raise ValueError(f"training/{name} must be a row of float64, got {array.dtype} {array.shape}")
    rows = about.get("rows")
    steps = len(losses) if rows is None else (rows[-1]["steps"] if rows else 0) + about["sums"]["batches"]
    if len(losses) != steps or len(rates) not in ((0, steps) if rows is None else (steps,)):
        raise ValueError(f"it has {len(losses)} losses and {len(rates)} rates of {steps} steps")
    if rows and [row["epoch"] for row in rows] != list(range(1, len(rows) + 1)):
        raise ValueError("its rows are not those of the epochs 1, 2, 3, ...")


def check_finite(arrays):
    """Raises ValueError where an array holds NaN or infinity."""
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name} holds NaN or infinity")


def check_velocity(velocity, arrays):
    """Raises ValueError unless every velocity has the shape of its array."""
    for name, v in velocity.items():
        if name not in arrays or v.shape != arrays[name].shape or v.dtype.kind != "f":
            raise ValueError(f"velocity/{name} is {v.dtype} {v.shape}, and its array "
                             f"{arrays[name].shape if name in arrays else 'is missing'}")
