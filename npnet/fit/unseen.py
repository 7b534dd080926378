"""Unseen: which pictures of a set a network was not trained on. Fingerprints know them, wherever they lie now.

    seen, unknown = seen_by(["runs/a", "runs/b"], pictures)
    others = pictures.take(np.flatnonzero(~seen))
"""
import numpy as np

from ..data.fingerprints import Identity, identity, known
from ..screen import bar
from .folder import identities


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
