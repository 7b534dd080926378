"""Before the first step: the pictures of training and of validation, and how they are prepared.

Labels and fingerprints are compared in full, of the pictures themselves 200 of each part are decoded: 0.1 to 2 s.
What a loader of one's own does not have (pictures, pipeline) is not asked for.
"""
import math

import numpy as np

from ...data.fingerprints import identity, known
from ...data.pipeline import Pipeline, number_words
from ...layers import rng
from ...screen import counted, listed, percent
from .finding import Finding

MOST = 200          # pictures of each part that are decoded
FILES = 2000        # whose fingerprints are taken where nobody has them: 0.1 s; of arrays, all
APART = 0.05        # of the range of the inputs: by more two pipelines differ; means of two halves of a set by < 0.01
SAME = 0.05         # of the validation pictures: CIFAR-10 and MNIST have fewer than 0.001 in both parts
REPEATED = 0.1      # different ones among the training pictures, in every class: the repeated rare class is wanted
LACKING = 10        # pictures that a class of validation should have and has none: by chance 0.00005
UNLIKE = 0.3        # half the sum of the differences of shares, above what chance makes of few: sqrt(K / N) / 2
OTHER = 0.5         # deviations of the inputs, between the means of both parts: two halves of a set have < 0.1
SURE = 6.0          # standard errors


def before(training, validation, identities):
    """Findings on two Loaders; validation may be None. identities: {part: Identity}, where they are known."""
    pictures = [getattr(loader, "pictures", None) for loader in (training, validation)]
    train, other = (each if hasattr(each, "labels") and hasattr(each, "classes") else None for each in pictures)
    pipelines = [getattr(loader, "pipeline", None) for loader in (training, validation)]
    prints = fingerprints(train, other, identities)
    found = [one_label(train), repeated(train, prints[0])]
    if validation is not None and all(isinstance(one, Pipeline) for one in pipelines):
        found.append(pipelines_differ(*pipelines))
    if train is not None and other is not None:
        found += [classes_differ(train, other) or shares_differ(train, other), same_pictures(*prints)]
    found += seen(train, other, pipelines, skip=any(one and one.name == "pipelines-differ" for one in found))
    return [finding for finding in found if finding]


def fingerprints(train, other, identities):
    """The prints of both parts, None where they are not known and would take long."""
    given = [identities.get("training"), identities.get("validation", identities.get("test"))]
    found = []
    for pictures, one in zip((train, other), given):
        if one is None and pictures is not None and hasattr(pictures, "images"):
            if isinstance(pictures.images, np.ndarray) or len(pictures) <= FILES:
                one = identity(pictures)
        found.append(getattr(one, "prints", None))
    return found


# ------------------------------------------------------------------------ labels and classes

def one_label(train):
    """All training pictures have one label."""
    if train is None or len(train.classes) < 2 or len(train) < 2 or len(np.unique(train.labels)) > 1:
        return None
    name = train.classes[train.labels[0]]
    return Finding("labels-one", "the labels", f"all {len(train):,} are {name}, though there are "
                   f"{len(train.classes):,} classes: the network learns to answer {name} whatever it sees",
                   "look at how the labels are read", 1.0, alone=True)


def classes_differ(train, other):
    """The names of the classes, number by number."""
    here, there = train.classes, other.classes
    moved = [(name, number, here.index(name)) for number, name in enumerate(there) if name in here and
             here.index(name) != number]
    new = [(name, number) for number, name in enumerate(there) if name not in here]
    if moved:
        name, number, place = moved[0]
        return Finding("classes-differ", "validation", f"its classes are numbered otherwise than those of training: "
                       f"{counted(len(moved), 'class', 'classes')} of {len(there):,}, such as {name}, which is number "
                       f"{place} in training and number {number} in validation",
                       "read both parts with the same classes in the same order", 1.0, alone=True)
    if new:
        name, number = new[0]
        instead = f", where training has {here[number]}" if number < len(here) else ""
        return Finding("classes-differ", "validation", f"{len(new):,} of its {len(there):,} classes are none of "
                       f"training: {listed(name for name, _ in new)} (number {number}{instead})",
                       "read both parts with the same classes in the same order", 0.8, alone=True)
    return None


def shares_differ(train, other):
    """A class that one part has and the other has not; or very different shares."""
    count = max(len(train.classes), len(other.classes))
    here, there = (np.bincount(part.labels, minlength=count) for part in (train, other))
    never = np.flatnonzero((here == 0) & (there > 0))
    if not len(train) or not len(other):
        return None
    if len(never):
        return Finding("classes-differ", "validation", f"it has {counted(int(there[never].sum()), 'picture')} of "
                       f"{listed(other.classes[k] for k in never)}, and training has none: these cannot be learnt",
                       "draw both parts from all classes", 0.6, alone=True)
    lacking = np.flatnonzero((there == 0) & (here * len(other) / len(train) >= LACKING))
    apart = abs(here / len(train) - there / len(other)).sum() / 2
    if apart < UNLIKE + 0.5 * math.sqrt(count / len(other)) and not len(lacking):
        return None
    k = int(abs(here / len(train) - there / len(other)).argmax())
    return Finding("validation-other", "validation", f"its classes have other shares than in training: "
                   f"{train.classes[k]} has {percent(here[k] / len(train))} of training and "
                   f"{percent(there[k] / len(other))} of validation", "draw both parts from the same pictures", 0.4)


# ------------------------------------------------------------------------ fingerprints

def repeated(train, prints):
    """The same few training pictures many times, in every class."""
    if train is None or prints is None or len(prints) < 64:
        return None
    keys = np.ascontiguousarray(prints).view(f"S{prints.shape[1]}").ravel()
    shares = [len(np.unique(keys[train.labels == k])) / (train.labels == k).sum() for k in np.unique(train.labels)]
    different = len(np.unique(keys))
    if max(shares) > REPEATED and different > len(keys) / 64:
        return None
    return Finding("pictures-repeated", "the input", f"the {len(prints):,} training pictures are only {different:,} "
                   f"different ones", "look at how they are read, or at their files (npnet data show)",
                   1.0 if different < 2 * len(train.classes) else 0.5, alone=True)


def same_pictures(train, other):
    """Validation pictures that are training pictures, too."""
    if train is None or other is None or not len(other):
        return None
    both = int(known(other, train).sum())
    share = both / len(other)
    if both < 2 or share - 3 * math.sqrt(share * (1 - share) / len(other)) < SAME:
        return None
    return Finding("same-pictures", "validation", f"{both:,} of its {len(other):,} pictures ({percent(share)}) are "
                   f"training pictures, too, so its error says too little of pictures that the network has not seen",
                   "hold out pictures that are not in the training part (npnet.data.held_out)", 1.0, alone=True)


# ------------------------------------------------------------------------ pipelines

def pipelines_differ(train, other):
    """What two pipelines make of black and of white, and how they cut."""
    if train.channels != other.channels:
        return None                                             # the network says it
    ends = [ends_of(pipeline) for pipeline in (train, other)]   # (2, channels): of black and of white
    apart = abs(ends[0] - ends[1]).max() / max(abs(ends[0][1] - ends[0][0]).max(), 1e-12)
    order = train.channels == 3 and train.order != other.order
    if order or apart > APART:
        here, there = (", ".join(number_words(pipeline)) for pipeline in (train, other))
        return Finding("pipelines-differ", "validation", f"its pictures are prepared otherwise than those of "
                       f"training: {there}, and in training {here}", "give both loaders the same pipeline",
                       0.95 if order or apart > 10 * APART else 0.7, alone=True)
    if train.stretch != other.stretch:
        way = ["the middle of the picture is cut out", "the whole picture is stretched"]
        return Finding("pipelines-differ", "validation", f"its pictures are cut otherwise: {way[other.stretch]}, and "
                       f"in training {way[train.stretch]}", "give both loaders the same pipeline", 0.4)
    return None


def ends_of(pipeline):
    """What black and white become, in each channel of the picture (red, green, blue): (2, channels)."""
    mean = pipeline.mean.mean(axis=(1, 2)) if pipeline.mean.ndim == 3 else pipeline.mean
    white = 1 if pipeline.scale == "0-1" else 255
    ends = [(value - mean) / pipeline.deviation for value in (0, white)]
    return np.stack([np.broadcast_to(each, (pipeline.channels,)) for each in ends]).astype(float)


# ------------------------------------------------------------------------ pictures that are decoded

def seen(train, other, pipelines, skip):
    """Findings on some pictures of both parts; skip: do not compare them."""
    from .pictures import flat_pictures, more_than
    found, figures = [], []
    for pictures, pipeline, whose in zip((train, other), pipelines, ("training", "validation")):
        if pictures is None or not hasattr(pictures, "images"):
            continue
        chosen = rng(0, "doctor").permutation(len(pictures))[:MOST]
        some = list(readable(pictures, chosen))
        flat = sum(int((one == one[:1, :1]).all()) for one in some)
        if len(some) >= 20 and more_than(flat / len(some), len(some)):
            found.append(flat_pictures(flat, len(some), whose))
        if not skip and hasattr(pipeline, "test"):
            figures.append(list(map(pipeline.test, some)))
    return found + ([other_kind(*map(facts_of, figures))] if len(figures) == 2 else [])


def readable(pictures, indices):
    """The pictures, without those that cannot be read: what is wrong with these is said when their turn comes."""
    for i in indices:
        try:
            yield pictures[int(i)]
        except (ValueError, OSError):
            continue


def facts_of(inputs):
    """Mean and deviation of each channel of each picture: (N, C) and (N, C)."""
    return (np.array([x.mean(axis=(1, 2)) for x in inputs], float),
            np.array([x.std(axis=(1, 2)) for x in inputs], float))


def other_kind(train, other):
    """Whether the inputs of validation are of another kind: their means, in deviations and standard errors."""
    (here, inside), (there, beside) = train, other
    if here.shape[1] != there.shape[1] or min(len(here), len(there)) < 20:
        return None
    deviation = np.sqrt((inside ** 2).mean(axis=0) + here.var(axis=0)).clip(1e-12)
    figures = []
    for word, first, second in (("mean", here, there), ("deviation", inside, beside)):
        apart = abs(first.mean(axis=0) - second.mean(axis=0))
        error = np.sqrt(first.var(axis=0) / len(first) + second.var(axis=0) / len(second)).clip(1e-12)
        if (apart > np.maximum(OTHER * deviation, SURE * error)).any():
            figures.append(f"{word} {first.mean():.3g} in training, {second.mean():.3g} in validation")
    if not figures:
        return None
    return Finding("validation-other", "validation", f"its pictures are of another kind than those of training: of "
                   f"{len(here):,} and {len(there):,} as the network sees them, {'; '.join(figures)}",
                   "look at both on a sheet (npnet data show)", 0.5)
