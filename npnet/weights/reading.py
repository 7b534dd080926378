"""Any file of weights made a Trained: which format it is, which network it belongs to, how pictures are prepared.

    known = read("compressed_SqueezeNet.net")
    known = read("cifar10_full.caffemodel", prototxt="cifar10_full.prototxt", mean="mean.binaryproto")
    print(known.report)                         which array went where, and what was supposed

The network is the one that is named (`net`), described (`prototxt`), described by the file itself (.caffemodel), or
the version of models.py whose arrays have these names and shapes. Nothing in a file is run.
"""
import re
from importlib import import_module
from pathlib import Path

from ..data.readers.cifar import CIFAR10
from ..models import MODELS
from ..network import read as saved
from ..screen.words import counted, listed
from . import fetching
from .readers import caffe, compression, onnx
from .candidates import candidates, model_for
from .candidates import nearest as nearest_version
from .mapping import mapped
from .names import nearest_network
from .plans import plan_of
from .prepared import pipeline_for, version_of
from .stored import Stored
from .trained import Trained, checked_names, is_ours

HEAD = max(4096, compression.HEAD)              # bytes by which a format is known
WANTED = "npnet reads .npz, .safetensors, .pth, .caffemodel, .caffemodel.h5, .onnx and Deep Compression's .net"
DIGITS = list("0123456789")
CLASSES = {"cifar10_full": CIFAR10, "cifar10_quick": CIFAR10, "caffe_lenet": DIGITS, "lenet5": DIGITS}


# ---------------------------------------------------------------------------- which format

def stored(path):
    """The Stored content of a file of weights, npnet's own too; its format is known by its first bytes, not by its
    name.

    FileNotFoundError; ValueError, one sentence, for a file of another kind and for one that is damaged.
    """
    path = Path(path)
    check_file(path)
    with path.open("rb") as file:
        head = file.read(HEAD)
    if is_ours(path):
        return stored_by_npnet(path)
    return import_module(f".readers.{format_of(path, head)}", __package__).read(path)


def check_file(path):
    """FileNotFoundError where there is no file, ValueError for what is no plain file, or has no byte."""
    if not path.exists():
        raise FileNotFoundError(f"there is no file {path}; give the path of a file of weights")
    if not path.is_file():
        raise ValueError(f"{path} is {'a folder' if path.is_dir() else 'a device'}, not a file; give the path of a "
                         f"file of weights")
    if not path.stat().st_size:
        raise ValueError(f"{path} is empty (0 bytes); its download or its copy failed, get it again")


def stored_by_npnet(path):
    """The Stored content of a network or a checkpoint that npnet saved."""
    _, arrays, kept = saved(path)
    training = any(name.startswith("velocity/") for name in kept)
    return Stored(str(path), "npnet, with a training" if training else "npnet", arrays, "npnet")


def format_of(path, head):
    """The module that reads a file that begins with these bytes. ValueError where none does."""
    if head.startswith(b"PK\3\4"):
        return "pytorch" if b"data.pkl" in head or b"/.data/" in head else "arrays"
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "caffe_h5"
    if head[8:9] == b"{" and head[5:8] == b"\0\0\0":                # the length of safetensors' header
        return "arrays"
    if head.startswith(b"\x80") and head[1:2] in b"\1\2\3\4\5":     # a pickle
        return "pytorch"
    if compression.recognised(head, path.stat().st_size):
        return "compression"
    if onnx.recognised(head):
        return "onnx"
    if kind_of_text(head):
        raise ValueError(f"{path} {kind_of_text(head)}; {WANTED}")
    if caffe.kind_of(path.read_bytes()) is not None or path.suffix in (".caffemodel", ".binaryproto"):
        return "caffe"
    if path.suffix == ".net":
        return "compression"                                        # which says what is wrong with it
    raise ValueError(f"{path} is no file of weights that npnet knows, or its beginning is damaged; {WANTED}")


def kind_of_text(head):
    """What a file is that is no file of weights but often lies where one should; "" for others."""
    start = head.lstrip()[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page, which a server sent in place of the file"
    if start.startswith(b"version https://git-lfs"):
        return "is a pointer of Git LFS, not the file itself"
    if head.startswith(b"\x1f\x8b") or head[257:262] == b"ustar":
        return "is an archive; unpack it and give the file inside"
    if b"\0" not in head and re.search(rb"^\s*layers?\s*\{", head, re.MULTILINE):
        return "describes a network and holds no weights; give the weights, and this file as prototxt"
    return ""


# ---------------------------------------------------------------------------- which network

def read(path, net=None, prototxt=None, mean=None, names=None, partial=False):
    """The Trained network in a file of weights.

    net: the name of a version in models.py, where the arrays alone fit several. prototxt: Caffe's description.
    mean: a file with the mean picture. names: what the classes are called, or a text file with one on each line.
    partial: whether the first convolution is enough; arrays that the file does not have stay as they were drawn.

    FileNotFoundError; ValueError, one sentence, where the file is damaged, no network or several fit its arrays, or
    what was given does not fit it.
    """
    found = stored(path)
    network, version, description, notes = network_for(found, net, prototxt)
    pipeline, more = pipeline_of(network, version, description, mean)
    report = mapped(found, network, pipeline)
    report.fill(network, partial and any(row.ours == f"{plan_of(network).first}.w" for row in report.rows))
    check_all_used(report, net)
    report.notes += [*notes, *more]
    if net is None and description is None and any(row.by_place for row in report.rows):
        report.notes.append(f"the names of the file are not those of {version}, only the shapes are: its activations, "
                            f"pooling and pictures are supposed")
    classes = classes_of(version, list(network.shapes.values())[-1][0], names)
    settings = {"net": version or "unknown", "classes": list(classes), "format": found.format,
                "file": Path(path).name, "notes": [*found.notes, *report.notes]}
    return Trained(str(path), network, pipeline, tuple(classes), settings, report)


def network_for(found, net, prototxt):
    """(Network, its version or None, Caffe's description or None, notes) for a Stored."""
    if net is not None and prototxt is not None:
        raise ValueError("give net or prototxt, not both: each of them says which network it is")
    if prototxt is not None:
        from .readers import prototxt as text
        description = text.read(prototxt).layers
        return described(with_shapes(description, found), prototxt)
    if net is not None:
        return named(found, net)
    if list(found.arrays) == ["mean"]:
        raise ValueError(f"{found.path} is a mean picture; give the weights, and this file as mean")
    if found.layers is not None:
        return described(found.layers, found.path)
    fitting = candidates(found)
    if not fitting:
        raise ValueError(no_network(found))
    version, classes = fitting[0]
    others = [name for name, _ in fitting[1:]]
    if others and found.layout != "caffe" and not same_pictures([version, *others]):
        raise ValueError(f"the arrays of {found.path} fit {listed([version, *others], 9)}, which differ in layers "
                         f"without arrays; say which one it is (net)")
    notes = [f"the arrays fit {listed(others, 9)} as well, which differ in layers without arrays; {version} was "
             f"taken"] if others else []
    network, more = model_for(found, version, classes)
    return network, version, None, notes + more


def same_pictures(versions):
    """Whether versions are one network in all but its name."""
    return len({str(MODELS[version]()) for version in versions}) == 1


def described(description, path):
    """The network of Caffe's description, which is in the file `path`."""
    from .readers.caffe_network import network_of
    try:
        network, notes = network_of(description)
    except ValueError as error:
        where = "" if str(error).startswith(f"{path}: ") else f"{path}: "
        raise ValueError(f"{where}{error}") from None
    return network, version_of(network), description, notes


def with_shapes(description, found):
    """Caffe's description without weights, with the shapes that a file's arrays LAYER/NUMBER have: where it does not
    say how large its pictures are, they tell. It is left as it is where it says so, and where shapes are there."""
    from .readers.caffe_network import shape_in
    if found.layout != "caffe" or shape_in(description) is not None:
        return description
    shapes = {}
    for name, array in found.arrays.items():
        shapes.setdefault(name.rpartition("/")[0], []).append(list(array.shape))
    return {key: [layer | ({"blobs": shapes[layer.get("name")]} if layer.get("name") in shapes else {})
                  for layer in value] if key in ("layer", "layers") else value for key, value in description.items()}


def named(found, net):
    """The version of that name, with as many classes as the file has."""
    if net not in MODELS:
        raise ValueError(f"no network is called {net!r}; {nearest_network(net)}npnet has {', '.join(MODELS)}")
    network, notes = model_for(found, net)
    return network, net, None, notes


def check_all_used(report, net):
    """ValueError for weights that went nowhere, where the network is one that was only named; else a note.

    A description may leave out what was for training alone, a name may be that of another network.
    """
    others = listed(report.other_weights)
    if others and net is not None:
        raise ValueError(f"{report.stored.path} holds weights that {net} has no place for: {others}; name the network "
                         f"that they are of (net), or give its prototxt")
    if others:
        report.notes.append(f"weights of the file that the network has no place for: {others}")


def no_network(found):
    """The sentence for arrays that no version has."""
    near, version = nearest_version(found)
    hint = f"; nearest is {version}, but {near.trouble()}" if near else ""
    advice = ("give Caffe's description of the network as prototxt" if found.layout == "caffe" else
              "build the network of npnet's layers and fill it, npnet.weights.mapping.mapped(stored, net).fill(net)")
    return (f"no network of npnet has the arrays of {found.path} ({found.format}, "
            f"{counted(len(found.arrays), 'array')}){hint}; {advice}")


# ---------------------------------------------------------------------------- what goes with the weights

def pipeline_of(network, version, description, mean):
    """(Pipeline, notes): how pictures become the network's input."""
    from .readers.caffe_pictures import pipeline_of as of_caffe
    picture = None if mean is None else caffe.mean_picture(mean)
    usual = pictures_of(network, version)
    if picture is None and usual is not None and not says_more(description):
        return pipeline_for(usual, network.input_shape), [] if version else [
            f"nobody says how its pictures are prepared; those of the version {usual} are supposed, as of other "
            f"networks for ImageNet in Caffe"]
    own = pipeline_for(usual, network.input_shape) if usual else None
    if description is None and own is not None and own.scale == "0-1":
        raise ValueError(f"{mean} is subtracted from pixels from 0 to 255, and {usual} reads pixels from 0 to 1; "
                         f"leave mean out")
    order = own.order if own else None
    try:
        return of_caffe(description or {}, network.input_shape, picture, order)
    except ValueError as error:
        raise ValueError(str(error) if mean is None else f"with the mean picture {mean}: {error}") from None


def pictures_of(network, version):
    """The version whose pictures a network reads, or None. torchvision's squeezenet1_0 is Caffe's without the padding
    of its end, on torchvision's pictures; networks for ImageNet that are no version are taken to be Caffe's."""
    if version == "squeezenet1_0" and network["conv10"].pad == 0:
        return "squeezenet1_1"
    channels, side = network.input_shape[0], network.input_shape[-1]
    of_imagenet = channels == 3 and side >= 200 and list(network.shapes.values())[-1] == (1000,)
    return version or ("caffe" if of_imagenet else None)


def says_more(description):
    """Whether Caffe's description says how its pictures are prepared."""
    from .readers.caffe_network import transforms
    return bool(description) and any(
        set(part) & {"mean_value", "scale"} for part in transforms(description) if part)


def classes_of(version, count, names):
    """The names of `count` classes: those given, else the known ones of the data set, else numbers."""
    if names is None:
        names = CLASSES.get(version) if count == 10 else fetching.class_names() if count == 1000 else None
    if names is None:
        return [f"class {label}" for label in range(count)]
    return list(checked_names(names, count))
