"""What a run takes from the weights it begins with: the arrays that fit, and how their pictures were prepared.

    taken, notes = begin_with(net, "compressed_SqueezeNet.net", "squeezenet1_0")
    pipeline = as_before(pipeline, pipeline_of(path, "squeezenet1_0", net))     # BGR, minus its mean

A network sees what it has learnt only in pictures that are prepared as those of its training.
"""
from dataclasses import replace

from ..data.pipeline import number_words
from ..network import load
from ..weights import is_ours, is_trained, read_checkpoint
from ..weights.mapping import mapped
from ..weights.prepared import pipeline_for, version_of
from ..weights.reading import stored


def begin_with(net, path, version):
    """Copies into the network, a version of models.py, what fits of a file of weights; returns the names of the
    arrays, and what is to be known of a file that is not npnet's own. ValueError where nothing fits."""
    if is_ours(path):
        return take(net, load(path)), []
    report = mapped(stored(path), net, pipeline_for(version, net.input_shape))
    if not report.rows:
        raise ValueError(f"no array of {path} fits {version}: {report.trouble()}")
    report.fill(net, partial=True)
    return [row.ours for row in report.rows], [*report.stored.notes, *report.notes]


def take(net, other):
    """Copies the arrays of another network that fit by name and shape; returns their names."""
    own, theirs = net.params() | net.state(), other.params() | other.state()
    fits = [name for name, array in own.items() if name in theirs and theirs[name].shape == array.shape]
    if not fits:
        raise ValueError("no array of these weights fits the network, neither by name nor by shape")
    for name in fits:
        own[name][...] = theirs[name]
    return fits


def pipeline_of(path, version, net):
    """How the pictures were prepared that a file's weights have learnt from: what npnet keeps in its own files, else
    what is known of the version; None where nobody knows, and where those had other channels than the network."""
    if not is_ours(path):
        found = pipeline_for(version, net.input_shape)
    elif is_trained(path):
        found = read_checkpoint(path).pipeline()
    else:
        known = load(path)
        found = version_of(known) and pipeline_for(version_of(known), known.input_shape)
    return found if found is not None and found.channels == net.input_shape[0] else None


def as_before(pipeline, before):
    """The Pipeline of a run with the numbers of the one before: its order, scale, mean and deviation, and whether
    pictures are stretched. A mean picture of another size becomes the mean of each channel."""
    mean = before.mean
    if mean.ndim == 3 and mean.shape[1:] != (pipeline.shorter, pipeline.shorter):
        mean = mean.mean(axis=(1, 2))
    return replace(pipeline, order=before.order, scale=before.scale, mean=mean, deviation=before.deviation,
                   stretch=before.stretch, counted=None)


def said_of_pictures(weights, pipeline, before):
    """A sentence: whether pictures are prepared as those of the weights; "" where nobody knows."""
    if before is None:
        return ""
    now, then = (", ".join(number_words(one)) for one in (pipeline, before))
    return (f"pictures are prepared as those of {weights}: {now}" if now == then else
            f"{weights} has learnt from pictures that were prepared in another way ({then}); now they are {now}")
