"""Trained networks: what a checkpoint, a run's folder or the name of a shipped network stands for.

    cifar = trained("cifar_alexnet")                    shipped with npnet
    mine = trained("runs/shapes-cifar_alexnet")         best.npz of a run, or last.npz
    mine.net.probabilities(mine.pipeline.test(picture)[None])
"""
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .. import network
from ..data.pipeline import Pipeline
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
