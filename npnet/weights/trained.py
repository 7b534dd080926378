"""Trained networks: what a name, a run's folder, a checkpoint or a file of weights stands for.

    cifar = trained("cifar_alexnet")                    shipped with npnet
    mine = trained("runs/shapes-cifar_alexnet")         best.npz of a run, or last.npz
    squeeze = trained("squeezenet")                     fetched before, with npnet weights get squeezenet
    theirs = trained("net.caffemodel", prototxt="deploy.prototxt", mean="mean.binaryproto")     reading.py
    mine.probabilities(mine.pipeline.test(picture)[None])
    save_trained("squeezenet.npz", squeeze)             in npnet's own form, which trained() reads again
"""
import json
import warnings
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .. import network
from ..data.pipeline import Pipeline
from ..files import writing
from ..screen.words import counted, nearest
from . import fetching
from .checkpoint import read_checkpoint, versions
from .classes import names_in
from .doubts import doubts
from .prepared import pipeline_for, version_of

SHIPPED = Path(__file__).parent / "shipped"             # NAME.npz, and NAME.md, the card that says how it was made


@dataclass(frozen=True)
class Trained:
    """A network with all that its answers need: how pictures become its input, and what its classes are called.

    settings: what made the run, or the file, plain data. report: of a file that is not npnet's, the Mapping that says
    which array went where (mapping.py), else None.
    """

    name: str
    net: network.Network
    pipeline: Pipeline
    classes: tuple
    settings: dict
    report: object = None

    def probabilities(self, x):
        """Softmax of the network's output for a batch that the pipeline made, (N, classes); errors as
        Network.probabilities. Warns if x cannot have come out of this pipeline (doubts.py)."""
        for doubt in doubts(x, self.pipeline):
            warnings.warn(doubt, stacklevel=2)
        return self.net.probabilities(x)


def shipped():
    """The names of the networks that come with npnet."""
    return sorted(path.stem for path in SHIPPED.glob("*.npz"))


def trained(name_or_path, layers=None, net=None, prototxt=None, mean=None, names=None, partial=False):
    """The Trained network of that name, in that run's folder, checkpoint or file of weights, whatever its format.

    layers: classes of one's own, as for npnet.load. net, prototxt, mean, names: what files of others do not say, as for
    reading.read; names replaces the names of the classes of any file. partial: whether the first convolution is enough.

    Raises FileNotFoundError where there is none, ValueError for a file that is damaged, or holds a network
    without the way its pictures are prepared.
    """
    path = found(name_or_path)
    known = fetching.KNOWN.get(str(name_or_path))
    if known is not None and path.parent == known.folder and not known.is_network:
        raise ValueError(f"{name_or_path} are the names of ImageNet's classes, not a network; npnet uses them where "
                         f"they are needed")
    if known is not None and path.parent == known.folder and net is None and prototxt is None:
        net = known.net
    if not is_ours(path):
        from .reading import read
        return renamed(read(path, net, prototxt, mean, names, partial), name_or_path)
    if prototxt is not None or mean is not None:
        raise ValueError(f"{path} is a file of npnet's own, which has its network and its mean; leave prototxt and "
                         f"mean out")
    return with_names(from_checkpoint(name_or_path, path, layers, net), names)


def from_checkpoint(name, path, layers, net):
    """The Trained in a file of npnet's: a checkpoint, or a network alone, whose version says how pictures are
    prepared."""
    if not is_trained(path):
        return alone(name, path, layers, net)
    checkpoint = read_checkpoint(path)
    pipeline, settings = checkpoint.pipeline(), checkpoint.about.get("settings", {})
    if net is not None:
        raise ValueError(f"{path} says itself how its pictures are prepared; leave net out")
    if pipeline is None:
        raise ValueError(f"{path} does not say how its pictures are prepared; give fit Loaders that have a Pipeline")
    return whole(name, path, checkpoint.network(layers), pipeline, settings)


def alone(name, path, layers, net):
    """The Trained of a network that Network.save wrote."""
    built = network.load(path, layers)
    version = net or version_of(built)
    if version is None:
        raise ValueError(f"{path} holds a network alone, which does not say how its pictures are prepared, and is no "
                         f"version of npnet's; name the version that it was trained as (net), or give a run's folder "
                         f"or a checkpoint")
    return whole(name, path, built, pipeline_for(version, built.input_shape), {"net": version})


def whole(name, path, net, pipeline, settings):
    """The Trained, if there are as many names as outputs."""
    outputs = net.shapes[list(net.layers)[-1]][0]
    classes = settings.get("classes") or [f"class {k}" for k in range(outputs)]
    if len(classes) != outputs:
        raise ValueError(f"{path} has {counted(len(classes), 'name')} for {outputs} outputs; give fit settings with "
                         f"all classes")
    return Trained(str(name), net, pipeline, tuple(classes), settings)


def renamed(known, name):
    """The same under the name that was asked for."""
    return replace(known, name=str(name))


def with_names(known, names):
    """The same with other names of its classes: a list, or a text file with one on each line; None leaves them."""
    if names is None:
        return known
    classes = checked_names(names, len(known.classes))
    return replace(known, classes=classes, settings={**known.settings, "classes": list(classes)})


def checked_names(names, count):
    """Names of `count` classes as a tuple: a list, or a text file with one on each line. ValueError if there are more
    or fewer."""
    where = f"{names} has" if isinstance(names, (str, Path)) else "the list has"
    names = tuple(names_in(names) if isinstance(names, (str, Path)) else map(str, names))
    if len(names) != count:
        raise ValueError(f"{where} {counted(len(names), 'name')} for {counted(count, 'class', 'classes')}; give one on "
                         f"each line, in the order of the network's outputs")
    return names


# ---------------------------------------------------------------------------- writing

def save_trained(path, known):
    """Writes a Trained as one .npz of npnet's: the network, how its pictures are prepared, its classes.

    OSError where the file cannot be written; the old one is then as it was.
    """
    about = {"settings": {**known.settings, "classes": list(known.classes)}, "pipeline": known.pipeline.settings(),
             "pictures": {}, "versions": versions()}
    extra = {"training/about": np.array(json.dumps(about, default=network.plain)),
             "training/losses": np.zeros(0), "training/rates": np.zeros(0)}
    extra |= {f"pipeline/{name}": array for name, array in known.pipeline.arrays().items()}
    with writing(path) as beside, open(beside, "wb") as file:
        network.write(file, known.net, extra)


# ---------------------------------------------------------------------------- where it is

def is_trained(path):
    """Whether a path is a run's folder, or a file with a training in it, not a network alone."""
    return Path(path).is_dir() or "training/about.npy" in members(path)


def is_ours(path):
    """Whether a file is one of npnet's own: a network, a checkpoint, or what save_trained wrote."""
    return "architecture.npy" in members(path)


def members(path):
    """The names in a zip file; none for any other file."""
    try:
        with zipfile.ZipFile(path) as file:
            return file.namelist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return []


def found(name_or_path):
    """The file that a name or path stands for; a shipped name comes first, then weights that npnet weights get has
    fetched; a file or folder of that name is ./NAME."""
    path, fetched = Path(name_or_path), fetching.located(str(name_or_path))
    if str(name_or_path) in shipped():
        return SHIPPED / f"{name_or_path}.npz"
    if fetched is not None:
        return fetched
    if str(name_or_path) in fetching.KNOWN and not path.exists():
        return fetching.wanted(str(name_or_path))               # which says how to have it
    if path.is_dir():
        there = [path / name for name in ("best.npz", "last.npz") if (path / name).exists()]
        if not there:
            raise FileNotFoundError(f"{path} holds no run: there is neither best.npz nor last.npz in it")
        return there[0]
    if not path.exists():
        fetches = [name for name, entry in fetching.KNOWN.items() if entry.is_network]
        raise FileNotFoundError(f"there is no file {path}, and npnet ships no network of that name; "
                                f"{nearest(name_or_path, [*shipped(), *fetches])}it ships "
                                f"{', '.join(shipped()) or 'none'}, and fetches {', '.join(fetches)}")
    return path
