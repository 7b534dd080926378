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
from dataclasses import asdict, dataclass

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
    """What this process computes with; other versions may round otherwise."""
    return {"npnet": __version__, "numpy": np.__version__, "python": platform.python_version(), "backend": ops.name}


@dataclass
class Checkpoint:
    """What a checkpoint's file holds. about is what was given to save_checkpoint, and its own entries."""

    path: str
    about: dict
    losses: np.ndarray
    velocity: dict
    pipeline_arrays: dict

    def network(self, layers=None):
        """The network, built anew; layers={"MyLRN": MyLRN} makes classes of one's own known."""
        return network.load(self.path, layers)

    def fill(self, net):
        """Copies parameters and state into a network that is built like the saved one. ValueError if it is not."""
        architecture, arrays = network.read(self.path)
        ours = json.loads(json.dumps(net.architecture(), default=network.plain))
        if ours["layers"] != architecture["layers"]:
            raise ValueError(f"{self.path} was saved from a network with other layers; build the same one, or let "
                             f"read_checkpoint(...).network() build it")
        network.fill(net, arrays, self.path)

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
        return settings and Pipeline.restored(settings, self.pipeline_arrays)


def read_checkpoint(path):
    """The Checkpoint in a file.

    Raises FileNotFoundError, and ValueError for a file that is damaged, cut off, no file of npnet's, or a
    network without a training.
    """
    network.read(path)                                          # one sentence for what is no file of npnet's
    try:
        with np.load(path, allow_pickle=False) as file:
            if "training/about" not in file.files:
                raise ValueError(f"{path} holds a network, but no training that could go on; "
                                 f"give the last.npz or best.npz of a run")
            kept = {name: file[name] for name in file.files if "/" in name}
    except network.DAMAGE as error:
        if "holds a network" in str(error):
            raise
        raise ValueError(f"{path} is damaged, or is not a checkpoint that npnet saved") from None
    about = json.loads(str(kept.pop("training/about")))
    return Checkpoint(str(path), about, kept.pop("training/losses"), part(kept, "velocity"), part(kept, "pipeline"))


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
    fields = {name: getattr(schedule, name) for name in asdict(schedule)}
    return {"kind": type(schedule).__name__} | {
        name: schedule_data(value) if name == "then" else value for name, value in fields.items()}


def schedule_of(data):
    """The schedule that schedule_data described."""
    fields = {name: schedule_of(value) if name == "then" else value for name, value in data.items() if name != "kind"}
    return SCHEDULES[data["kind"]](**fields)
