"""Causes of convolutions in groups: backward reaches another group's channels, or takes another group's filters."""
import numpy as np

from ..evidence import Cause
from ..reads import ENOUGH, join, one_share, reads_of
from .kernels import by_filter

BLOCKS = "Groups are blocks: group g has the channels from g * (C // groups) on, in backward as in forward."
DEALT = "Groups are blocks of neighbouring channels: are they dealt out in turn (c % groups)?"


def other_channels(evidence):
    """Backward sends an output's patch to other channels than those that forward reads for it."""
    reads = reads_of(evidence)
    if not pictures_of_groups(reads):
        return None
    J, B = by_channel(reads, reads.J), by_channel(reads, reads.B)           # (asked, C, ...)
    takes, reaches = channels_of(J, reads.limit), channels_of(B, reads.limit)
    for k in range(len(J)):
        have, give = J[k][takes[k]], B[k][reaches[k]]
        if have.shape != give.shape or np.abs(have - give).max(initial=0) > reads.limit:
            return None
    other = (takes != reaches).any(axis=1)
    if not other.any() or reads.differs.sum() < ENOUGH:
        return None
    k = int(other.argmax())
    have, give = np.flatnonzero(takes[k]), np.flatnonzero(reaches[k])
    sentence = (f"For {reads.output(k)} forward reads {channels(have)} of {reads.name}, backward reaches "
                f"{channels(give)}: another group's channels.")
    look = DEALT if len(give) > 1 and give[1] - give[0] > 1 else BLOCKS
    return Cause("groups", sentence, example=one_share(reads), look=look, sure="exact")


def pictures_of_groups(reads):
    """Whether the array has channels like y, some of which an output does not read, and something of it is wrong."""
    if not reads.usable or not reads.differs.any() or reads.channel_axis is None or not reads.linear:
        return False
    if len(reads.shape) != len(reads.y_shape) or not reads.windows or reads.single:
        return False
    takes = channels_of(by_channel(reads, reads.J), reads.limit)
    return not takes.all() and bool((takes.sum(axis=1) >= 1).all())


def by_channel(reads, values):
    """(rows, C, ...) of (rows, entries)."""
    return np.moveaxis(reads.spread_out(values), reads.channel_axis + 1, 1)


def channels_of(values, limit):
    """(rows, C): the channels in which a row has numbers that are not 0."""
    return np.abs(values).max(axis=tuple(range(2, values.ndim))) > limit


def channels(indices):
    """'channels 2 and 3', 'channel 1', 'channels 4 to 9'."""
    if len(indices) > 2 and indices[-1] - indices[0] == len(indices) - 1:
        return f"channels {indices[0]} to {indices[-1]}"
    return f"channel{'s' if len(indices) > 1 else ''} {join(indices)}"


def other_filters(evidence):
    """Backward multiplies dy with the filter of another group: the patch of another filter, at the right channels."""
    reads = reads_of(evidence)
    if not pictures_of_groups(reads):
        return None
    J = by_channel(reads, reads.all).reshape(*reads.y_shape, reads.shape[reads.channel_axis], -1)
    B = by_channel(reads, reads.B_all).reshape(J.shape)                     # (*y, C, others)
    J, B = (np.moveaxis(values, reads.channel_axis, 0) for values in (J, B))
    J, B = (values.reshape(len(J), -1, *J.shape[-2:]) for values in (J, B))     # (K, outputs, C, others)
    takes = [channels_of(np.moveaxis(block, 1, 0)[None], reads.limit)[0] for block in J]
    sources = []
    for f, block in enumerate(B):
        asked = np.isfinite(block[:, 0, 0])
        if (np.abs(block[asked][:, ~takes[f]]) > reads.limit).any():
            return None
        sources.append(same_patch(block[asked][:, takes[f]], J[:, asked], takes, f, reads.limit))
    exchanged = [f for f, source in enumerate(sources) if source != f]
    if None in sources or not exchanged or reads.differs.sum() < ENOUGH:
        return None
    f = exchanged[0]
    own, theirs = (channels(np.flatnonzero(takes[filter])) for filter in (f, sources[f]))
    sentence = (f"For the dy of filter {f} backward uses the weights of filter {sources[f]}, another group's: what "
                f"belongs to {theirs} of {reads.name} goes to {own}.")
    look = "Which filters does backward take for group g? Those from g * (K // groups) on, as forward does."
    return Cause("groups", sentence, example=one_share(reads), look=look, sure="exact")


def same_patch(block, J, takes, own, limit):
    """The filter of J whose patch, at its own channels, is this block; its own if that is; None if there is none."""
    for f in [own, *range(len(J))]:
        theirs = J[f][:, takes[f]]
        if theirs.shape == block.shape and np.abs(theirs - block).max(initial=0) <= limit:
            return f
    return None


def other_inputs(evidence):
    """The gradient of a kernel is taken from another group's channels."""
    reads = reads_of(evidence)
    if not reads.usable or not reads.differs.any() or reads.windows or not reads.linear:
        return None
    J, B = by_filter(reads, reads.all), by_filter(reads, reads.B_all)       # (K, N, P, Q, C, R, S)
    if J is None or all(np.abs(J[0] - block).max() <= reads.limit for block in J):      # all filters see one input
        return None
    J, B = np.moveaxis(J, 4, 1), np.moveaxis(B, 4, 1)                       # (K, C, N, P, Q, R, S)
    sources = {at: same_input(B[at], J, at, reads.limit) for at in np.ndindex(J.shape[:2])}
    exchange = {own: source for own, source in sources.items() if source != own}
    if None in sources.values() or not exchange or reads.differs.sum() < ENOUGH:
        return None
    (f, c), (g, d) = next(iter(exchange.items()))
    sentence = (f"d{reads.name} of filter {f}, channel {c}, is taken from the channel that filter {g}'s channel {d} "
                f"reads: another group's input ({len(exchange)} of {len(sources)} kernels).")
    return Cause("groups", sentence, example=one_share(reads), look=BLOCKS, sure="exact")


def same_input(block, J, own, limit):
    """(filter, channel) of the block of J that is equal to this one, its own if that is; None if there is none."""
    asked = np.isfinite(block)
    for at in [own, *np.ndindex(J.shape[:2])]:
        if np.abs(block - J[at])[asked].max(initial=0) <= limit:
            return at
    return None


CAUSES = [other_channels, other_filters, other_inputs]
