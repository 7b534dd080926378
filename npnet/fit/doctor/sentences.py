"""Sentences on what the probe measured."""
import math

from ...screen import listed, words
from .finding import Finding

PARTS = {0.1: "a tenth", 0.01: "a hundredth", 0.001: "a thousandth"}
AGREE = 0.15                # by how much what the loss does may differ from what the layer alone does, to be told
LESS = 0.6                  # a bias that is wrong explains less than weights, or a dx that spoils all layers before


def how_measured(found):
    """'measured on 8 pictures in 0.3 s'."""
    weights = ", with new first weights" if found.anew else ""
    return f"measured on {words.counted(found.pictures, 'picture')} in {found.seconds:.2g} s{weights}"


def how_small(part):
    """'a tenth', ... '1/10,000'."""
    return PARTS.get(part) or f"1/{round(1 / part):,}"


def finding_of(faults, found, layer, shape):
    """The Finding on one layer whose backward is wrong. faults: all of this layer; shape: of one of its inputs."""
    leading = max(faults, key=lambda fault: (fault.array != "b", fault.array != "x"))
    alike = [fault for fault in faults if fault.kind == leading.kind]
    others = [fault for fault in faults if fault.kind != leading.kind]
    says = f"{measured(leading, found)}{what_is_wrong(leading, alike)}"
    for fault in others[:1]:
        says += f"; and {what_is_wrong(fault, [f for f in others if f.kind == fault.kind])}"
    explains = LESS if all(fault.array == "b" for fault in faults) else 1.0
    return Finding("backward-wrong", leading.layer, f"{says} ({how_measured(found)})",
                   f"compare it with npnet.check_layer: {call(leading.layer, layer, shape)}", explains, alone=True)


def measured(fault, found):
    """'a step along its gradient raises the loss, measured -1.00 of what it promises: '."""
    slope = found.slopes.get(f"{fault.layer}.{fault.array}", math.nan)
    if fault.kind in ("adds", "zero"):
        return ""
    if fault.array == "x":
        return f"a move along its dx changes its output by {fault.slope:.2f} of what is promised: "
    if not abs(slope - fault.slope) < AGREE * max(1, abs(fault.slope)):         # or it is not known
        return f"a step along its d{fault.array} changes its output by {fault.slope:.2f} of what is promised: "
    verb = "raises" if slope < 0 else "lowers"
    return f"a step along its gradient {verb} the loss, measured {slope:.2f} of what it promises: "


def what_is_wrong(fault, alike):
    """'the sign of its dw is wrong'; alike: the faults of the same kind, which may be several arrays'."""
    arrays = listed(list(dict.fromkeys(f"d{one.array}" for one in alike)))
    its = f"the {arrays} that it hands on" if [one.array for one in alike] == ["x"] else f"its {arrays}"
    be = "is" if len(alike) == 1 else "are"
    if fault.kind == "sign":
        return f"the sign of {its} is wrong"
    if fault.kind == "zero":
        on = "its input" if fault.array == "x" else listed([one.array for one in alike])
        return f"{its} {be} 0 though the loss depends on {on}"
    if fault.kind == "adds":
        return f"a second backward gives another gradient: {its} {be} added to the one before"
    if fault.kind == "direction":
        return f"{its} {'does' if len(alike) == 1 else 'do'} not point where the loss falls"
    return f"{its} {be} {how_long(fault)}"


def how_long(fault):
    """'20 times too long', with its sign where that is wrong, too."""
    factor = 1 / abs(fault.slope)
    length = f"{factor:.3g} times too long" if factor > 1 else f"{1 / factor:.3g} times too short"
    many = any(abs(one / fault.pictures - 1) < 0.05 for one in (factor, 1 / factor)) and fault.pictures > 1
    return f"{'of the wrong sign and ' if fault.slope < 0 else ''}{length}" + (
        f", as many times as there are pictures ({fault.pictures})" if many else "")


def call(name, layer, shape):
    """A line of Python that checks the layer; net is the network, np NumPy."""
    train = ", train=True" if layer.state() or layer.draws else ""
    return f"print(npnet.check_layer(net[{name!r}], np.random.default_rng(0).standard_normal({(2, *shape)}){train}))" \
        .replace("'", '"')
