"""Which versions of models.py a file's arrays can belong to, by names and shapes; no network is built to look."""
from ..layers import Conv2D
from ..models import MODELS, model, replace
from .mapping import Arranged
from .plans import plan_of_version

MOST = 2000                             # arrays; a network of npnet's has 60, with an optimizer's 180


def candidates(stored):
    """[(version, classes)] of all versions in models.py whose arrays these are, the likeliest first; nothing is built.

    The number of classes is that of the last array. Several versions have the same arrays, since LRN and pooling have
    none: a file in Caffe's conventions is offered to `caffe` first, others to the paper's version.
    """
    found = []
    for version in MODELS if len(stored.arrays) <= MOST else ():
        last = Arranged(stored, plan_of_version(version)).outputs()
        if last:
            made = Arranged(stored, plan_of_version(version, last)).mapping()
            if made.fits and not made.other_weights:
                found.append((version, last, sum(row.by_place for row in made.rows)))
    first = "caffe" if stored.layout == "caffe" else None
    return [(version, last) for version, last, _ in sorted(found, key=lambda row: (row[2], row[0] != first))]


def outputs_in(stored, version):
    """How many classes a file has, if it is of this version: its last outputs; None if that cannot be told."""
    return Arranged(stored, plan_of_version(version)).outputs()


def model_for(stored, version, classes=None):
    """The network of a version, made ready for a file's arrays: (Network, notes). classes: None for the file's own.

    It differs from the version in one case: torchvision's squeezenet1_0 does not pad conv10, Caffe's does.
    """
    plan = plan_of_version(version)
    arranged = Arranged(stored, plan)
    net = model(version, classes or arranged.outputs())
    if arranged.table == "squeezenet1_0" and plan.padded_end:
        last = net.layers[plan.last]
        return replace(net, plan.last, Conv2D(last.filters, last.size)), [
            "these are the names of torchvision's squeezenet1_0, which does not pad conv10, so this network does not "
            "either; its pictures are those of the version torchvision (RGB, 0 to 1)"]
    return net, []


def nearest(stored):
    """The Mapping into the version that has most arrays in common with the file, and its name: for a sentence where
    candidates() is empty. (None, None) where none has half of its arrays there."""
    best, most = (None, None), 0
    for version in MODELS if len(stored.arrays) <= MOST else ():
        plan = plan_of_version(version, outputs_in(stored, version))
        made = Arranged(stored, plan).mapping()
        found = sum(bool(row.theirs) for row in made.rows)
        if found > most and 2 * found >= sum(map(len, plan.modules.values())):
            best, most = (made, version), found
    return best
