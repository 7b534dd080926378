"""Whether a layer was checked as it is in training: batch norm and dropout are other layers there."""
import numpy as np

from .arguments import TESTS, TRAINS, Argument, Call, plain, signature, train_value
from .reach import Snapshot
from .training import SWITCHES, switch_on


def untrained(called):
    """Whether a layer has a train word that is off by default, nobody spoke of it, and with it y is another."""
    asker = getattr(getattr(called, "way", None), "asker", None)
    if asker is None or asker.train is not None:
        return False
    words, switches = words_off(called.way), switches_off(called)
    return bool(words or switches) and differs(called, words, switches)


def words_off(way):
    """Arguments that turn training on, for those of forward that are off by default."""
    passed = {argument.name for argument in way.forward.arguments}
    return [Argument(p.name, "value", train_value(p, True), True) for p in signature(way.forward.function) or []
            if p.name not in passed and plain(p.name) in TRAINS | TESTS and off(plain(p.name), p.default)]


def off(kind, value):
    """Whether a train word with this value means: no training."""
    if isinstance(value, str):
        return value.lower() in ("test", "testing", "eval", "inference", "predict")
    return isinstance(value, bool) and value is (kind in TESTS)


def switches_off(called):
    """The layer's own attributes that say: no training."""
    return [name for name in SWITCHES if getattr(called.root, name, None) is False] \
        if called.way.kind == "layer" else []


def differs(called, words, switches):
    """Whether y is another with training on; also where forward does not run so. The layer is left as it was."""
    inputs, forward = list(called.inputs.values()), called.way.forward
    quiet, state, before = called.draws.quiet, called.state, Snapshot(called.root)
    try:
        y = np.array(called.forward(*inputs))
        before.restore()
        called.draws.quiet, called.state = False, None          # the state would put the switches back
        called.way.forward = Call(forward.function, [*forward.arguments, *words])
        if switches:
            switch_on(called.root)
        for name in switches:                                   # those of the class, too
            setattr(called.root, name, True)
        return not np.array_equal(called.forward(*inputs), y, equal_nan=True)
    except Exception:                           # a stranger's code may raise anything
        return True
    finally:
        called.way.forward, called.draws.quiet, called.state = forward, quiet, state
        before.restore()
