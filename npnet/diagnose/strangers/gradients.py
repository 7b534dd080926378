"""Where the gradient of each input and of each parameter of a stranger's layer is."""
import numpy as np

from .arguments import GREEK, RATE, RATES, is_label, plain
from .parameters import (AGREE, Parameter, Source, bare, candidates, distance, few_slopes, grouped, is_state, leaves,
                         match, moves, name_all, photograph, related, scalars, standing)
from .reach import Place, everything, follow, written

INPUTS = set("x input inputs in inp xin bottom a aprev prev previous data layerinput lastinput".split())
SURE = 4                            # a name that leaves no doubt, of parameters.related


class Search:
    """What one forward and one backward showed of a Called, and what follows from it."""

    def __init__(self, called, y, dy, seed):
        self.called, self.y, self.dy, self.seed = called, y, dy, seed
        self.root, self.way = called.root, called.way
        self.arrays = list(called.inputs.values())
        self.step, self.agree = (1e-2, 3e-2) if called.float32 else (1e-5, AGREE)
        self.known, self.result, self.found = {}, None, []

    def run(self):
        return self.called.run(self.arrays)

    def backward(self):
        """Runs forward and backward, and keeps what came back, appeared and changed."""
        self.run()
        before = photograph(self.root)
        with self.called.written(), self.called.draws.go_on():
            self.result = self.called.back(self.dy)
            self.found = candidates(before, photograph(self.root), self.result)

    def far(self, item, array):
        """How far an array is from the slopes of an input or a parameter: 0 (equal) to 1."""
        if id(item) not in self.known:
            self.known[id(item)] = few_slopes(item.array, lambda: self.moved(item), self.dy, self.step, self.seed)
        return distance(array, *self.known[id(item)])

    def moved(self, item):
        """y with an item's numbers as they are now."""
        if item.name in self.called.inputs:     # its array is the one that is passed
            return self.run()
        return self.called.run_with(item, self.arrays)

    # ------------------------------------------------------------------------- inputs

    def inputs(self):
        """A Source for each input: by its place in what backward returned, else by name, shape and slopes."""
        called, top = self.called, top_level(self.result)
        called.sources = {}
        names = list(called.inputs)
        wanted = [np.shape(array) for array in self.arrays]
        if isinstance(self.result, dict) or not top:
            self.by_name(names)
            return
        have = [np.shape(value) for _, value in top]
        chosen = list(range(len(names)))
        if len(top) < len(names):
            chosen = one_each(have, wanted, [is_label(name) for name in self.way.moving])
        elif any(have[i] != need for i, need in enumerate(wanted)):
            chosen = other_order(have, wanted) or chosen
        for name, i in zip(names, chosen):
            if i is not None:
                called.sources[name] = Source(top[i][0], True)
        given = [i for i in chosen if i is not None]
        if given != sorted(given):
            arrived = [f"d{names[chosen.index(i)]}" for i in sorted(given)]
            called.order = (f"backward returns {', '.join(arrived)}, in this order; forward's arguments come in the "
                            f"order {', '.join(names)}")

    def by_name(self, names):
        """Sources for inputs that backward left on the object (self.dx), or returned under a name."""
        items = [Parameter(name, [Place(((".", own),), array)])
                 for name, own, array in zip(names, self.way.moving, self.arrays)]
        for item in items:
            item.array = self.called.inputs[item.name]
            for candidate in self.found:
                candidate.kin = self.input_kin(item, candidate)
            fit = [c for c in self.found if c.fresh and c.array.shape == item.array.shape and not c.used]
            sure = [c for c in fit if c.kin >= SURE] or [c for c in fit if self.far(item, c.array) <= self.agree] or [
                c for c in self.found if c.kin >= SURE and (c.fresh or c.array.shape == item.array.shape)]
            if sure:
                best = max(sure, key=lambda c: c.kin) if len(sure) > 1 else sure[0]
                best.used, self.called.sources[item.name] = True, best.source

    def input_kin(self, item, candidate):
        """How surely a name says that this is the gradient of an input."""
        key = next((key for _, key in candidate.source.steps[::-1] if isinstance(key, str)), "")
        base, marked = bare(key)
        own = plain(item.places[0].steps[0][1])
        same = base == own or base in INPUTS and len(self.called.inputs) == 1
        return len(candidate.source.steps) <= 2 and marked and same and SURE + (len(candidate.source.steps) == 1)

    def no_input(self, called):
        """Where no input has a gradient: in networks only the parameters count; of others it is a mistake."""
        layers = sum(hasattr(value, "forward") for _, value in everything(self.root))
        network = not called.inputs or not self.way.uses_dy or layers > 2
        if network and called.parameters and not called.unchecked:
            called.own_x, called.presented = self.arrays, True
            called.inputs = {item.name: item.array.copy() for item in called.parameters}
            called.assumed.append("only parameters are checked: backward gives no gradient of the input")
        else:
            called.sources = in_order(called.inputs)

    def sum_up(self):
        """A loss of several inputs at once whose backward has no dy: the gradient is that of their mean, or sum."""
        called = self.called
        if self.way.label is None or not np.ndim(self.y) or self.way.uses_dy:
            return
        source = next(iter(called.sources.values()), None)
        gradient = source and source.read(self.root, self.result)
        if gradient is None or np.shape(gradient) != self.arrays[0].shape:
            return
        errors = {}
        for word in ("mean", "sum"):
            called.total, called.loss, self.dy, self.known = word, True, np.ones(()), {}
            item = Parameter(next(iter(called.inputs)), [])
            item.array = self.arrays[0]
            errors[word] = self.far(item, gradient)
        called.total = min(errors, key=errors.get)
        self.y, self.known = self.run(), {}
        called.assumed.append(f"the loss is the {called.total} of the numbers that forward returns")

    # ------------------------------------------------------------------------- parameters

    def parameters(self):
        """The arrays that move y, or that have a gradient by their name, each with its Source if there is one."""
        called = self.called
        groups = grouped(standing(self.root, called.run, self.arrays))
        groups = [group for group in groups if not all(step.steps[0][0] == "()" for step in group)]
        self.use_returned_inputs()
        y = self.run()                      # not the first y, if the layer remembers more than it should
        kept, fresh = [], {c.source.steps for c in self.found if c.fresh and not c.source.returned}
        left = [stays(self.root, group) for group in groups]
        for group, there in zip(groups, left):
            item = Parameter("", group)
            if moves(called, group[0], y, self.arrays):
                kept.append(item)
            elif there and not any(place.steps in fresh for place in group):  # no gradient itself
                kept += [item] if self.named(item) else []
        kept += self.scalar_parameters(y)
        for item, name in zip(kept, name_all([item.places for item in kept], called.inputs)):
            item.name = name
        state = [item for item in kept if is_state(item.name) and not self.named(item)]
        return [item for item in kept if item not in state], state

    def named(self, item):
        """Whether backward made or changed an array of its shape that is its gradient by name."""
        return any(c.fresh and related(item, c) >= SURE and c.array.shape == item.array.shape for c in self.found)

    def scalar_parameters(self, y):
        """Single numbers (self.a) that move y and have a gradient by their name (self.da)."""
        single = [c for c in self.found if c.fresh and c.array.ndim == 0]
        found = []
        for place in scalars(self.root) if single else []:
            item = Parameter("", [place])
            if any(related(item, c) >= SURE for c in single) and moves(self.called, place, y, self.arrays):
                found.append(item)
        return found

    def use_returned_inputs(self):
        """What is an input's gradient is no parameter's."""
        used = {(source.steps, source.returned) for source in self.called.sources.values()}
        for candidate in self.found:
            candidate.used = (candidate.source.steps, candidate.source.returned) in used

    def join(self, items):
        """Gives parameters their gradients; returns those without one."""
        left = match(items, self.found, self.far, self.agree)
        rest = [c for c in self.found if c.source.returned and not c.used and c.array.ndim]
        if left and len(left) == len(rest):                 # of another shape: to be judged, not called missing
            for item, candidate in zip(left, rest):
                item.gradient, candidate.used = candidate.source, True
            left = []
        return left

    def by_change(self, items):
        """Parameters that backward changes by a learning rate: their change over the rate is a gradient."""
        called, way = self.called, self.way
        arguments = [a for a in (way.backward.arguments if way.backward else []) if plain(a.name) in RATES | GREEK
                     and a.role == "value" and isinstance(a.value, (int, float)) and a.value]
        called.rates = [] if arguments else rate_places(self.root)
        changed = self.changed_by_backward(items) if arguments or called.rates else []
        if not changed:
            called.rates = []
            return
        rate, value = (arguments[0].name, arguments[0].value) if arguments else (written(called.rates[0]), RATE)
        called.learns = True
        called.assumed.append(f"backward changes {', '.join(item.name for item in changed)}: it is called with {rate}="
                              f"{value:g}, and they are put back after each call")
        for item in changed:
            if item.gradient is None:
                item.gradient = Source(item.places[0].steps, rate=value)
                called.assumed.append(f"the gradient of {item.name} is read from its change")

    def changed_by_backward(self, items):
        """The parameters that have other numbers after backward."""
        self.run()
        for item in items:
            item.write(self.root)
        try:
            with self.called.draws.go_on(), self.called.at_rate():
                self.called.back(self.dy)
            return [item for item in items if item.changed(self.root)
                    and item.now(self.root).shape == item.array.shape]
        finally:
            for item in items:
                item.take_back(self.root)

    def add_by_design(self):
        """Whether the gradients of tensors add up to those before by design: in all of them, or by y.backward()."""
        called = self.called
        if self.way.wrap is not None:
            return True
        called.adds, gradients = False, []
        for _ in range(2):
            called.run(self.arrays)
            with called.written(), called.draws.go_on(), called.at_rate():
                result = called.back(self.dy)
                gradients.append([np.array(item.gradient.read(self.root, result)) for item in called.parameters
                                  if item.tensors(self.root)])
        return all(np.shape(a) == np.shape(b) and not np.allclose(a, b, 1e-9, 0) for a, b in zip(*gradients))

    def looked(self, item):
        """Where the gradient of an array was looked for."""
        names = [str(c.source) for c in self.found if c.fresh and not c.source.returned]
        shapes = [str(np.shape(value)) for _, value in leaves(self.result)]
        where = [f"what backward returned ({', '.join(shapes)})"] if shapes else []
        more = ", ..." if len(names) > 4 else ""
        where += [f"what it made or changed ({', '.join(names[:4])}{more})"] if names else []
        alike = [str(c.source) for c in self.found if c.fresh and not c.used and c.array.shape == item.array.shape]
        if alike:
            return (f"arrays of its shape {item.array.shape} were seen ({', '.join(alike[:4])}), but none has its "
                    f"slopes, and no name says which is its gradient")
        return (f"no gradient of its shape {item.array.shape} was found; looked in {' and '.join(where)}" if where else
                f"no gradient of its shape {item.array.shape} was found: backward returned, made and changed no array")


def stays(root, group):
    """Whether forward left an array where it was. What it makes anew, and does not read, is no parameter."""
    try:
        return all(follow(root, place.steps) is place.value for place in group)
    except KeyError:
        return False


def top_level(result):
    """(steps, value) of what backward returned, from left to right; nested lists opened."""
    return sorted(leaves(result), key=lambda leaf: [str(key).zfill(4) for _, key in leaf[0]])


def other_order(have, wanted):
    """For each wanted shape the number of a returned one; None if some has none."""
    chosen = one_each(have, wanted)
    return None if None in chosen else chosen


def one_each(have, wanted, later=()):
    """For each wanted shape the number of the first returned one of it that is free; None where there is none.

    later: True for those that get what the others leave.
    """
    chosen, free = [None] * len(wanted), list(range(len(have)))
    for number in sorted(range(len(wanted)), key=lambda number: bool(later and later[number])):
        chosen[number] = next((i for i in free if have[i] == wanted[number]), None)
        free = [i for i in free if i != chosen[number]]
    return chosen


def in_order(inputs):
    """The gradients as they should come: in the order of the inputs."""
    return {name: Source((("[]", i),) if len(inputs) > 1 else (), True) for i, name in enumerate(inputs)}


def rate_places(root):
    """The steps to attributes that are learning rates by their names."""
    return [steps for steps, value in everything(root) if steps and isinstance(value, float)
            and isinstance(steps[-1][1], str) and plain(steps[-1][1]) in RATES | {"eta"}]
