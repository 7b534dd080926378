"""Unseen: which pictures of a set a network was not trained on. Fingerprints know them, wherever they lie now.

    seen, unknown = seen_by(["runs/a", "runs/b"], pictures)
    others = pictures.take(np.flatnonzero(~seen))
    others, words, warning = to_evaluate(dataset("pets/"), [trained("runs/a")], "test", "pets/")
"""
import numpy as np

from ..data.catalogue import CATALOGUE
from ..data.fingerprints import Identity, identity, known
from ..screen import bar, counted, listed
from .folder import identities
from .pictures import cut, place


def seen_by(networks, pictures):
    """Which of the pictures one of the networks was trained on, or chosen by: bool (N,); and the names of those
    networks that do not know what they were trained on, as a shipped one, or a run of npnet 0.1.0.

    networks: folders of runs, checkpoints, names of shipped networks.
    """
    before, unknown = [], []
    for name in networks:
        kept = identities(name)
        prints = [kept[part].prints for part in ("training", "validation") if isinstance(kept.get(part), Identity)]
        before += prints
        if not isinstance(kept.get("training"), Identity):
            unknown.append(name)
    if not before:
        return np.zeros(len(pictures), bool), unknown
    with bar("looking for pictures that were seen in training", "pictures") as progress:
        return known(identity(pictures, progress).prints, np.concatenate(before)), unknown


def to_evaluate(data, networks, part, source):
    """The Pictures of a part of a DataSet on which trained networks are judged, which they are in words, and a warning
    or "". networks: Trained; part: "test" or "train"; source: the name or path of the data.

    To test: those that no network has seen in training. To train: of a set without a test part, those that one of
    them has seen. Of runs that have no fingerprints, a set in the same place is cut as it was then. ValueError where
    none is left to test on.
    """
    if data.test is not None and part == "train":
        return data.train, ", train", ""
    pictures = data.train if data.test is None else data.test
    seen, unknown = seen_by([one.name for one in networks], pictures)
    has, its = ("has", "its") if len(unknown) == 1 else ("have", "their")
    warning = (f"{listed(unknown)} {has} no fingerprints of {its} pictures (npnet 0.1.0 and other libraries keep "
               f"none): whether these are among them is not known") * bool(unknown)
    if data.test is None and not seen.any() and any(
            one.name in unknown and one.settings.get("data") == place(source, CATALOGUE) for one in networks):
        fifth = ", the fifth that was held out" if part == "test" else ", all but the fifth that was held out"
        return cut(data)[part == "test"], fifth, ""
    if not seen.any():
        if data.test is None and not warning:
            warning = "none of these files was seen in training; a picture that was saved again would not be known"
        return pictures, "" if data.test is None else ", test", warning
    if part == "train":
        return pictures.take(np.flatnonzero(seen)), ", those that were seen in training", warning
    if seen.all():
        raise ValueError(f"all {len(seen):,} pictures of {source} were seen in training, so they say nothing about "
                         f"others; give --data others, or --part train to evaluate on these nevertheless")
    return (pictures.take(np.flatnonzero(~seen)), f"; {counted(int(seen.sum()), 'other was', 'others were')} seen in "
            f"training", warning)
