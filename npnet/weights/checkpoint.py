"""Checkpoints: a network with everything that its training needs to go on, in one file.

    save_checkpoint("last.npz", net, optimizer, pipeline, about={"epoch": 3}, losses=[...])
    checkpoint = read_checkpoint("last.npz")
    net, optimizer = checkpoint.network(), checkpoint.optimizer()

The file is the one that Network.save writes (so npnet.load reads it as a network) with more arrays in
it, whose names have a slash:

    training/about                  JSON: the optimizer, the pipeline, versions, and whatever the caller adds
    training/losses                 float64, one for each step
    velocity/conv1.w ...            the optimizer's
    pipeline/mean ...               the pipeline's

It is written beside the old one and renamed, never as a pickle, and nothing in it is run.
"""
import json
import platform
from dataclasses import dataclass, fields
from importlib.metadata import PackageNotFoundError, version

import numpy as np

from .. import __version__, network, optim
from ..backend import ops
from ..data.pipeline import Pipeline
from ..files import writing

SCHEDULES = {kind.__name__: kind for kind in (optim.Constant, optim.StepDecay, optim.MultiStep, optim.Polynomial,
                                              optim.Cosine, optim.WarmUp, optim.Plateau)}

OPTIMIZER = ("momentum", "weight_decay", "bias_lr", "form", "clip")        # SGD's arguments after lr


def save_checkpoint(path, net, optimizer, pipeline=None, about=None, losses=()):
    """Writes a checkpoint. about: plain data for JSON, whatever is wanted back.

    Raises OSError where the file cannot be written (the old one is then as it was), TypeError for a
    schedule, a layer's argument or an entry of about that is no plain data.
    """
    arrays = {name: ops.to_host(array) for name, array in (net.params() | net.state()).items()}
    arrays |= {f"velocity/{name}": ops.to_host(v) for name, v in optimizer.velocity.items()}
    about = {
        **(about or {}),
        "optimizer": settings_of(optimizer),
        "pipeline": pipeline and pipeline.settings(),
        "versions": versions(),
    }
    if pipeline:
        arrays |= {f"pipeline/{name}": array for name, array in pipeline.arrays().items()}
    texts = {"architecture": net.architecture(), "training/about": about}
    arrays |= {name: np.array(json.dumps(data, default=network.plain)) for name, data in texts.items()}
    with writing(path) as beside, open(beside, "wb") as file:
        np.savez(file, **arrays, **{"training/losses": np.asarray(losses, np.float64)})


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


@dataclass
class Checkpoint:
    """What a checkpoint's file holds. about is what was given to save_checkpoint, and its own entries."""

    path: str
    architecture: dict
    arrays: dict
    about: dict
    losses: np.ndarray
    velocity: dict
    pipeline_arrays: dict

    def network(self, layers=None):
        """The network, built anew; layers={"MyLRN": MyLRN} makes classes of one's own known."""
        return network.assembled(self.path, self.architecture, self.arrays, layers)

    def fill(self, net):
        """Copies parameters and state into a network that is built like the saved one. ValueError if it is not."""
        ours = json.loads(json.dumps(net.architecture(), default=network.plain))
        for key, what in (("layers", "other layers"), ("seed", "another seed"), ("frozen", "other frozen layers")):
            if ours[key] != self.architecture[key]:
                raise ValueError(f"{self.path} was saved from a network with {what}; build the same one, or let "
                                 f"read_checkpoint(...).network() build it")
        try:
            network.fill(net, self.arrays)
        except ValueError as error:
            raise ValueError(f"{self.path}: {error}") from None

    def optimizer(self):
        """The optimizer as it was, with its velocity and its schedule. ValueError if the file describes none."""
        try:
            settings = {**self.about["optimizer"]}
            steps, schedule = settings.pop("steps"), schedule_of(settings.pop("schedule"))
            optimizer = optim.SGD(schedule, *(settings.pop(name) for name in OPTIMIZER))
            optimizer.steps = int(steps)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{self.path} describes no optimizer that npnet could make ({error})") from None
        optimizer.velocity = {name: ops.to_device(v.copy()) for name, v in self.velocity.items()}
        return optimizer

    def pipeline(self):
        """How pictures become the network's input, or None if that was not saved."""
        settings = self.about["pipeline"]
        if settings is None:
            return None
        try:
            pipeline = Pipeline.restored(settings, self.pipeline_arrays)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{self.path} describes no pipeline that npnet could make ({error})") from None
        made = [pipeline.channels, pipeline.size, pipeline.size]
        if made != self.architecture["input_shape"]:
            raise ValueError(f"{self.path}: its pipeline makes pictures {made}, its network reads "
                             f"{self.architecture['input_shape']}; it was put together from two runs")
        return pipeline


def read_checkpoint(path):
    """The Checkpoint in a file.

    Raises FileNotFoundError, and ValueError for a file that is damaged, cut off, no file of npnet's, or a
    network without a training.
    """
    architecture, arrays, kept = network.read(path)
    if "training/about" not in kept:
        raise ValueError(f"{path} holds a network, but no training that could go on; give the last.npz or best.npz "
                         f"of a run")
    try:
        about = {"pipeline": None, "settings": {}, **json.loads(str(kept["training/about"]))}
        about["settings"] = dict(about["settings"])
        losses = kept["training/losses"]
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"{path} is damaged, or is not a checkpoint that npnet saved") from None
    return Checkpoint(str(path), architecture, arrays, about, losses, part(kept, "velocity"), part(kept, "pipeline"))


def part(arrays, prefix):
    """The arrays whose names begin with prefix and a slash, under the rest of their names."""
    return {name.partition("/")[2]: array for name, array in arrays.items() if name.startswith(f"{prefix}/")}


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


def schedule_of(data):
    """The schedule that schedule_data described."""
    values = {name: schedule_of(value) if name == "then" else value for name, value in data.items() if name != "kind"}
    return SCHEDULES[data["kind"]](**values)
