"""Causes that show in whole rows of J: what backward sends for one output is what forward has for another."""
import numpy as np

from ..evidence import Cause
from ..reads import ENOUGH, reads_of

RESHAPED = "Where backward reshapes dy, are its axes in the order in which forward left them?"
LONGEST = 16                    # an axis of y with more places is not tried


def other_outputs(evidence):
    """For an output backward sends what belongs to another one: another filter's, another image's, another place's."""
    reads = reads_of(evidence)
    if not reads.usable or not reads.differs.any() or not reads.linear or (reads.reads & reads.differs).sum() < ENOUGH:
        return None
    for axis, size in enumerate(reads.y_shape):
        source = sources_along(reads, axis) if 1 < size <= LONGEST else None
        if source is not None:
            return exchanged(reads, axis, source)
    source = sources(reads)
    if source is None:
        return None
    k = int((source != reads.outputs).argmax())
    own, other = reads.evidence.output(reads.outputs[k]), reads.evidence.output(source[k])
    sentence = (f"For {(source != reads.outputs).sum()} of {len(source)} outputs backward sends what belongs to "
                f"another output: the right numbers, in another order.")
    return Cause("reshaped", sentence, example=sends(reads, own, other), look=RESHAPED, sure="exact")


def sends(reads, own, other):
    """The sentence of an example: what is sent for an output is another's."""
    return f"For a dy that is 1 at {own} and 0 elsewhere, backward sends {reads.name} what belongs to {other}."


def sources_along(reads, axis):
    """For each place along an axis of y, the place whose slopes backward sends; None if there is no such rule."""
    found = []
    for t in range(reads.y_shape[axis]):
        rows = np.flatnonzero(reads.asked[axis] == t)
        index = [list(places[rows]) for places in reads.asked]
        for u in [t, *range(reads.y_shape[axis])]:
            index[axis] = [u] * len(rows)
            theirs = reads.all[np.ravel_multi_index(index, reads.y_shape)]
            if len(rows) and np.abs(reads.B[rows] - theirs).max() <= reads.limit:
                found.append(u)
                break
        else:
            return None
    return found if found != list(range(len(found))) else None


def exchanged(reads, axis, source):
    """The Cause of a source along one axis of y."""
    channels = axis == reads.channel_axis
    words = {4: ["image", "filter", "row", "column"], 3: ["filter", "row", "column"], 2: ["image", "feature"]}
    word = words.get(len(reads.y_shape), ["place"] * len(reads.y_shape))[axis]
    if reads.channel_axis == len(reads.y_shape) - 1:
        word = (["image"] * (len(reads.y_shape) - 3) + ["row", "column", "filter"])[axis]
    t = next(t for t, u in enumerate(source) if t != u)
    order = ", ".join(map(str, source))
    example = sends(reads, f"{word} {t} of y", f"{word} {source[t]}")
    if len(set(source)) == 1:
        sentence = f"Whatever {word} of y is asked, backward uses what belongs to {word} {source[0]}."
        look = f"Does the loop over {word}s take each one's own array?"
        return Cause("other array", sentence, example=example, look=look, sure="exact")
    sentence = f"Backward mixes up the {word}s of y: for {word}s 0, 1, 2 ... it takes what belongs to {word}s {order}."
    if channels and grouped(reads):
        look = "Filters of a group are neighbours: is dy cut into blocks, (groups, K // groups), or dealt out in turn?"
        return Cause("groups", sentence, example=example, look=look, sure="exact")
    kind = "flipped" if source == list(range(len(source)))[::-1] else "reshaped"
    return Cause(kind, sentence, example=example, look=RESHAPED, sure="exact")


def grouped(reads):
    """Whether filters fall into blocks that read different entries, as groups of channels make them."""
    index = reads.every_output[reads.channel_axis]
    takes = np.array([reads.reading[index == f].any(axis=0) for f in range(reads.y_shape[reads.channel_axis])])
    return bool((takes[0] != takes).any())


def sources(reads):
    """For each asked output the one whose row of J is what backward sends; None unless there is one for each."""
    direction = np.random.default_rng(0).standard_normal(reads.all.shape[1])
    have, give = reads.all @ direction, reads.B @ direction
    order = np.argsort(have)
    near = np.clip(np.searchsorted(have[order], give), 1, len(have) - 1)
    left, right = order[near - 1], order[near]
    source = np.where(np.abs(have[left] - give) < np.abs(have[right] - give), left, right)
    source = np.where(reads.differs.any(axis=1), source, reads.outputs)
    return source if np.abs(reads.B - reads.all[source]).max() <= reads.limit else None


CAUSES = [other_outputs]
