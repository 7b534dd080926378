"""Trained networks: what a checkpoint, a run's folder or the name of a shipped network stands for.

    cifar = trained("cifar_alexnet")                    shipped with npnet
    mine = trained("runs/shapes-cifar_alexnet")         best.npz of a run, or last.npz
    mine.net.probabilities(mine.pipeline.test(picture)[None])
"""
import json
import shlex
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .. import network
from ..data.pipeline import Pipeline
from ..files import writing
from .checkpoint import read_checkpoint

SHIPPED = Path(__file__).parent / "shipped"             # NAME.npz, and NAME.md, the card that says how it was made


@dataclass(frozen=True)
class Trained:
    """A network with all that its answers need: how pictures become its input, and what its classes are called.

    settings: what made the run, plain data.
    """

    name: str
    net: network.Network
    pipeline: Pipeline
    classes: tuple
    settings: dict


def without_places(settings):
    """Settings that tell nothing of the computer on which they were used: of paths only the last part."""
    kept = dict(settings)
    for name in ("data", "weights"):
        path = kept.pop(name, None)
        if path and "command" in kept:
            kept["command"] = kept["command"].replace(shlex.quote(path), shlex.quote(Path(path).name))
    return kept


def shipped():
    """The names of the networks that come with npnet."""
    return sorted(path.stem for path in SHIPPED.glob("*.npz"))


def trained(name_or_path, layers=None):
    """The Trained network of that name, in that checkpoint, or in that run's folder; layers as for npnet.load.

    Raises FileNotFoundError where there is none, ValueError for a file that is damaged or holds a network
    without the way its pictures are prepared.
    """
    path = found(name_or_path)
    if zipfile.is_zipfile(path) and not is_trained(path):
        raise ValueError(f"{path} holds a network alone, which does not say how its pictures are prepared; give a "
                         f"run's folder or a checkpoint")
    checkpoint = read_checkpoint(path)
    pipeline, settings = checkpoint.pipeline(), checkpoint.about.get("settings", {})
    if pipeline is None:
        raise ValueError(f"{path} does not say how its pictures are prepared; give fit Loaders that have a Pipeline")
    net = checkpoint.network(layers)
    outputs = net.shapes[list(net.layers)[-1]][0]
    classes = settings.get("classes") or [f"class {k}" for k in range(outputs)]
    if len(classes) != outputs:
        raise ValueError(f"{path} has {len(classes)} names for {outputs} outputs; give fit settings with all classes")
    return Trained(str(name_or_path), net, pipeline, tuple(classes), settings)


def is_trained(path):
    """Whether a path is a run's folder, or a file with a training in it, not a network alone."""
    if Path(path).is_dir():
        return True
    try:
        with zipfile.ZipFile(path) as file:
            return "training/about.npy" in file.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def found(name_or_path):
    """The file that a name or path stands for; a shipped name comes first, a folder of that name is ./NAME."""
    path = Path(name_or_path)
    if str(name_or_path) in shipped():
        return SHIPPED / f"{name_or_path}.npz"
    if path.is_dir():
        there = [path / name for name in ("best.npz", "last.npz") if (path / name).exists()]
        if not there:
            raise FileNotFoundError(f"{path} holds no run: there is neither best.npz nor last.npz in it")
        return there[0]
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}, and npnet ships no network of that name; it ships "
                                f"{', '.join(shipped()) or 'none'}")
    return path


def hand_on(checkpoint, path):
    """Writes the network of a checkpoint, to be given to others: half the precision, nothing to train it further.

    Numbers become float16, which changes answers in the third digit; velocities, losses and the place of
    the data are left out: a quarter of the size. npnet.load and trained read the file.
    """
    kept = read_checkpoint(checkpoint)
    for name, array in kept.arrays.items():
        if np.abs(array).max(initial=0) > np.finfo(np.float16).max:
            raise ValueError(f"{checkpoint}: {name} has numbers beyond {np.finfo(np.float16).max:g}, which half the "
                             f"precision cannot hold")
    settings = without_places(kept.about.get("settings", {}))
    about = {"settings": settings, "pipeline": kept.about["pipeline"], "versions": kept.about["versions"]}
    texts = {"architecture": kept.architecture, "training/about": about}
    with writing(path) as beside, open(beside, "wb") as file:
        np.savez_compressed(
            file, **{name: array.astype(np.float16) for name, array in kept.arrays.items()},
            **{f"pipeline/{name}": array for name, array in kept.pipeline_arrays.items()},
            **{name: np.array(json.dumps(data)) for name, data in texts.items()},
            **{"training/losses": np.zeros(0)})
