"""What forward writes when it is told that it trains: running means, whatever they are called."""
import warnings

import numpy as np

from .arguments import Asker
from .parameters import numbers_of
from .reach import Snapshot, everything

SWITCHES = ("training", "is_training", "train_mode", "is_train", "train")


def written_in_training(called):
    """The steps to arrays that have other numbers after a forward in training. The object is left as it was."""
    way, before, saved = called.way, numbers_of(called.root), Snapshot(called.root)
    plain, state = way.forward, called.state
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            called.state = None                     # it would put the switches back
            way.forward = Asker(way.asker.given, True, way.asker.both).forward(plain.function, way.names)
            switch_on(called.root)
            called.run(list(called.inputs.values()))
        after = numbers_of(called.root)
        return {steps for steps, number in before.items() if steps in after and after[steps] != number}
    except Exception:                               # it cannot train with what it was given
        return set()
    finally:
        way.forward, called.state = plain, state
        saved.restore()


def switch_on(root):
    """Sets the switches for training of an object, and of those in it."""
    for _, value in everything(root):
        for name in SWITCHES:
            if isinstance(getattr(value, "__dict__", {}).get(name), bool):
                setattr(value, name, True)
