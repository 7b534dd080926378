"""What arrays are called: how a name in a file is read, and how known networks name their layers.

    parsed("features.0.weight")     ("features.0", "w")
    parsed("conv1/kernel:0")        ("conv1", "w")

A network is known to this page by a table {module in the file: layer of npnet's}. A name within a Concat is
that of the Concat, a dot and the inner layer's: "expand2.expand1x1".
"""
import re

from ..models import MODELS
from ..screen.words import nearest

MEANT = {                               # what people call networks of which npnet has several: {name: versions}
    "alexnet": ("krizhevsky2012", "caffe", "torchvision"), "bvlc_alexnet": ("caffe",), "caffenet": ("pool_first",),
    "torchvision_alexnet": ("torchvision",), "squeezenet": ("squeezenet1_0", "squeezenet1_1"),
    "torchvision_squeezenet1_1": ("squeezenet1_1",), "lenet": ("lenet5", "caffe_lenet"),
    "cifar10": ("cifar10_full", "cifar10_quick", "cifar_alexnet")}
LONGEST = 300                           # characters; longer names stand for no array of a network
ROLES = {                               # the last part of a name, in small letters: the array of npnet's
    "w": "w", "weight": "w", "weights": "w", "kernel": "w", "gamma": "w", "scale": "w", "filters": "w",
    "b": "b", "bias": "b", "biases": "b", "beta": "b", "offset": "b",
    "mean": "mean", "running_mean": "mean", "moving_mean": "mean",
    "var": "var", "running_var": "var", "moving_variance": "var", "variance": "var"}
BLOBS = {"0": "w", "1": "b"}            # Caffe's blobs have numbers: conv1.0, conv1/1
COUNTERS = ("num_batches_tracked", "scale_factor", "momentum_buffer", "iter", "global_step")     # no weights
ENDING = re.compile(r"(?P<module>.+?)(?:[./_:]|::)(?P<role>" + "|".join(sorted(ROLES, key=len, reverse=True)) + r")",
                    re.IGNORECASE)
BLOB = re.compile(r"(?P<module>.+)[./](?P<role>[01])")
NUMBERED = re.compile(r"(?P<role>[wb])_?(?P<module>\d+)", re.IGNORECASE)        # W1, b1
FIRE = re.compile(r"fire(?P<number>\d+)[./_](?P<part>squeeze|expand)(?P<size>\dx\d)?(?P<again>_?\dx\d)?")


def parsed(name):
    """(module, role) of an array's name: role is w, b, mean, var, "counter" for what is no weight, None if unknown."""
    plain = re.sub(r":\d+$", "", name)                          # TensorFlow's "kernel:0"
    if any(plain.lower().endswith(word) for word in COUNTERS):
        return re.sub(r"[./_][^./]*$", "", plain), "counter"
    found = ENDING.fullmatch(plain) or NUMBERED.fullmatch(plain) or BLOB.fullmatch(plain)
    return (found["module"], (ROLES | BLOBS)[found["role"].lower()]) if found else (plain, None)


def alike(module):
    """A module's name in one spelling: fire2/expand1x1 and fire2_expand1x1 are one."""
    return re.sub(r"[./_:]+", ".", module.lower()).strip(".")


def fire_module(module):
    """The layer of npnet's that stands for a part of a fire module (fire2/squeeze1x1, fire2.expand3x3), or None."""
    found = FIRE.fullmatch(module.lower())
    if not found:
        return None
    size = (found["size"] or found["again"] or "").strip("_")
    if found["part"] == "squeeze":
        return f"squeeze{found['number']}"
    return f"expand{found['number']}.expand{size}" if size else None


def squeezenet(places):
    """torchvision's names of a SqueezeNet whose fire modules 2 to 9 stand at these places of `features`."""
    table = {"features.0": "conv1"}
    for number, place in enumerate(places, 2):
        table[f"features.{place}.squeeze"] = f"squeeze{number}"
        table[f"features.{place}.expand1x1"] = f"expand{number}.expand1x1"
        table[f"features.{place}.expand3x3"] = f"expand{number}.expand3x3"
    return table | {"classifier.1": "conv10"}


TABLES = {                              # {version of npnet's: {module of torchvision's: layer}}
    "torchvision": {
        "features.0": "conv1", "features.3": "conv2", "features.6": "conv3", "features.8": "conv4",
        "features.10": "conv5", "classifier.1": "fc6", "classifier.4": "fc7", "classifier.6": "fc8"},
    "squeezenet1_0": squeezenet((3, 4, 5, 7, 8, 9, 10, 12)),
    "squeezenet1_1": squeezenet((3, 4, 6, 7, 9, 10, 11, 12))}


def nearest_network(name):
    """"did you mean krizhevsky2012 or caffe? ": the versions that a name may mean; "" where none comes near."""
    meant = MEANT.get(str(name).lower(), ())
    return f"did you mean {' or '.join(meant)}? " if meant else nearest(name, MODELS, cutoff=0.75)
