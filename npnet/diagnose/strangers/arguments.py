"""What a function's arguments mean, told from their names: dy, a cache, a learning rate, labels, a train word."""
import inspect
import re
from dataclasses import dataclass, field

GRADIENTS = set("dy dout dz da dh dl ds dx gy gz eta delta deltas error errors err upstream dvalues dnext nextgrad "
                "topdiff djdy dldy".split())
CACHES = set("cache caches ctx context saved memory memo tape residual residuals aux stash forwardcache".split())
TRAINS = set("train training istraining istrain trainflg trainflag trainmode intrain mode phase".split())
TESTS = set("test testing istest inference eval evalmode testmode deterministic predict".split())
RATES = set("lr learningrate learnrate lrate rate stepsize learningrates".split())
GREEK = {"eta", "alpha"}            # a learning rate where backward alone takes it, a slope or a share in forward
LABELS = set("y t label labels target targets ytrue truey true truth gt groundtruth expected desired onehot yonehot "
             "yreal actual answer answers tags".split())
OUTPUTS = set("y out output outputs z a s o result yhat probs prob softmaxout activation activations ypred".split())
SETTINGS = ("param", "params", "hparameters", "hparams", "hyperparameters", "parameters", "config", "options", "opts")
GUESSES = {"stride": 1, "pad": 0, "padding": 0, "pool_height": 2, "pool_width": 2, "pool_size": 2, "f": 2,
           "size": 2, "mode": "train", "train": True}
RATE = 1.0                          # the learning rate that a backward gets which changes the weights at once
REQUIRED = inspect.Parameter.empty


def plain(name):
    """A name without capitals and underscores."""
    return name.replace("_", "").lower()


def is_gradient(name):
    """Whether an argument of backward is named like the gradient that comes from above."""
    word = plain(name)
    parts = r"d(out|output|outputs|next|top|values?|ldout|lout|y\d*|z\d*|a\d*|loss|prev|pred)"
    return (word in GRADIENTS or "grad" in word or "delta" in word or "upstream" in word or word.startswith("dld")
            or bool(re.fullmatch(parts, word)))


def is_label(name):
    """Whether an argument is named like labels, or targets."""
    word = plain(name)
    return word in LABELS or word.startswith(("label", "target", "true"))


def is_setting(name):
    """Whether an argument is named like a dictionary of settings."""
    return plain(name).endswith(SETTINGS)


class Missing(TypeError):
    """What has to be given by whoever calls: it cannot be guessed."""


class Guesses(dict):
    """A dictionary of settings in which a missing one is guessed, if its name has a usual value."""

    def __init__(self, given=()):
        super().__init__(given or {})
        self.guessed = {}

    def __missing__(self, name):
        if name not in GUESSES:
            raise KeyError(name)
        self.guessed[name] = self[name] = GUESSES[name]
        return self[name]

    def get(self, name, default=None):
        return super().get(name, default)


@dataclass
class Argument:
    """One argument of a function: how it is passed, and which value it gets."""

    name: str
    role: str                   # "dy", "input", "cache", "y", "label", "left" (an output on the object), "value"
    value: object = None        # of a "value"; the name of an "input"; the number of a "cache" (None: all)
    word: bool = False          # passed by name


@dataclass
class Call:
    """How a function is called."""

    function: object
    arguments: list = field(default_factory=list)

    def __call__(self, given):
        """given: {"dy": ..., "y": ..., "label": ..., "inputs": {...}, "cache": [...]}."""
        values = [(argument, found(argument, given)) for argument in self.arguments]
        return self.function(*[value for argument, value in values if not argument.word],
                             **{argument.name: value for argument, value in values if argument.word})

    def roles(self):
        return [argument.role for argument in self.arguments]

    def __str__(self):
        shown = [f"{argument.name}={argument.value!r}" if argument.role == "value" and not is_setting(argument.name)
                 else argument.name for argument in self.arguments]
        return f"{title(self.function)}({', '.join(shown)})"


def found(argument, given):
    if argument.role == "value":
        return argument.value
    if argument.role == "input":
        return given["inputs"][argument.value]
    if argument.role == "cache":
        cache = given["cache"]
        return cache[argument.value] if argument.value is not None else cache[0] if len(cache) == 1 else tuple(cache)
    return given[argument.role]


def title(function):
    """The name of a function, as in a sentence."""
    return getattr(function, "__name__", type(function).__name__)


def signature(function):
    """The parameters of a function, in order; None where that cannot be known."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):             # compiled functions may have no signature
        return None


def positional(parameters):
    return [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


class Asker:
    """Finds the arguments of forward and of backward.

    param: settings by name. train: True, False or None. both: one function gives loss and gradient.
    """

    def __init__(self, param, train, both=False):
        self.given = dict(param or {})
        self.settings, self.train, self.both = Guesses(self.given), train, both
        self.defaults = {}                      # of what forward takes: backward must get the same

    def forward(self, function, inputs):
        """The Call of a forward that gets these inputs first (a list of names, by the function's own words)."""
        parameters = signature(function)
        if parameters is None:
            return Call(function, [Argument(name, "input", name) for name in inputs])
        self.defaults = {p.name: p.default for p in parameters if p.default is not REQUIRED}
        places = positional(parameters)
        star = any(p.kind == p.VAR_POSITIONAL for p in parameters)
        if len(places) < len(inputs) and not star:
            raise Missing(f"{title(function)} takes {len(places)} arguments ({names(places)}), but there are "
                            f"{len(inputs)} inputs; give one array for each input that it has")
        arguments = [Argument(name, "input", name, not star) for name in inputs]
        for p in parameters:
            arguments += self.other(function, p) if p.name not in inputs else []
        arguments += self.words(function, parameters)
        return Call(function, by_place(arguments, parameters))

    def other(self, function, p):
        """The argument for a parameter of forward that is no input, in a list; an empty one leaves the default."""
        if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
            return []
        kind = plain(p.name)
        if p.name in self.given:
            return [Argument(p.name, "value", self.given[p.name], True)]
        if is_setting(p.name) and (self.given or p.default is REQUIRED):
            return [Argument(p.name, "value", self.settings, True)]
        if kind in TRAINS | TESTS and (self.train is not None or p.default is REQUIRED):
            return [Argument(p.name, "value", train_value(p, self.train is not False), True)]
        if p.default is not REQUIRED and not (self.both and p.default is None and is_label(p.name)):
            return []
        if is_label(p.name):
            return [Argument(p.name, "label", word=True)]
        if kind in RATES:
            return [Argument(p.name, "value", 0.0, True)]
        raise Missing(self.ask(function, p))

    def words(self, function, parameters):
        """What is left of param, where forward takes any word."""
        known = {p.name for p in parameters}
        if not any(p.kind == p.VAR_KEYWORD for p in parameters):
            return []
        behind = getattr(getattr(function, "__self__", function), "call", None)     # __call__ passes its words on
        hidden = [p for p in signature(behind) or [] if plain(p.name) in TRAINS | TESTS] if behind else []
        words = {p.name: train_value(p, self.train) for p in hidden if self.train is not None}
        return [Argument(name, "value", value, True) for name, value in {**words, **self.given}.items()
                if name not in known]

    def ask(self, function, p):
        """The sentence that asks for an argument by name, with the line to add."""
        return (f"{title(function)} needs {p.name}, and nothing tells what it is: give an array for it as one more "
                f"input, or a setting as param={{'{p.name}': ...}} (on the command line one more --shape, or "
                f"--param '{{\"{p.name}\": ...}}')")

    def backward(self, function, inputs, caches, label, rate=RATE):
        """The Call of a backward. inputs: the names of forward's; caches: how many values forward gave beside y."""
        parameters = signature(function)
        if parameters is None:
            return Call(function, [Argument("dy", "dy"), *(Argument(name, "input", name) for name in inputs)])
        places, arguments = positional(parameters), {}
        top = next((p for p in places if is_gradient(p.name) and p.name not in inputs), None)
        if top is None and places and self.known(places[0], inputs, label) is None:
            top = places[0]
        for p in parameters:
            if p is top:
                arguments[p.name] = Argument(p.name, "dy", word=p.kind == p.KEYWORD_ONLY)
            elif p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
                arguments[p.name] = self.known(p, inputs, label, caches, rate)
        self.rest(function, parameters, arguments, inputs, caches)
        taken = by_place([argument for argument in arguments.values() if argument], parameters)
        if any(p.kind == p.VAR_POSITIONAL for p in parameters):
            taken += [Argument(name, "input", name) for name in inputs if not caches]
            taken += [Argument(f"cache {i}", "cache", i) for i in range(caches)]
        return Call(function, taken)

    def known(self, p, inputs, label, caches=0, rate=RATE):
        """The argument for a parameter of backward whose name says what it is; None for others."""
        kind = plain(p.name)
        if p.name in inputs:
            return Argument(p.name, "input", p.name, True)
        if p.name in self.given:
            still = kind in RATES - {"rate"} and self.given[p.name] == 0       # a dropout's rate may well be 0
            return Argument(p.name, "value", rate if still else self.given[p.name], True)
        if label and is_label(p.name):
            return Argument(p.name, "label", word=True)
        if kind in CACHES or kind.endswith("cache"):
            return Argument(p.name, "cache", word=True) if p.default is REQUIRED or caches else None
        if kind in RATES or kind in GREEK and p.default is REQUIRED:
            return Argument(p.name, "value", self.defaults.get(p.name, rate) if kind in GREEK else rate, True)
        if is_setting(p.name) and p.default is REQUIRED:
            return Argument(p.name, "value", self.settings, True)
        if kind in TRAINS | TESTS and p.default is REQUIRED:
            return Argument(p.name, "value", train_value(p, self.train is not False), True)
        return None

    def rest(self, function, parameters, arguments, inputs, caches):
        """Fills in what no name told: values that forward gave, y, and the inputs in their order."""
        open_ones = [p for p in parameters if p.name in arguments and arguments[p.name] is None
                     and p.default is REQUIRED]
        seen = {argument.value for argument in arguments.values() if argument and argument.role == "input"}
        left = [name for name in inputs if name not in seen]
        if caches and len(open_ones) in (1, caches):
            for i, p in enumerate(open_ones):
                arguments[p.name] = Argument(p.name, "cache", i if len(open_ones) == caches else None, True)
            return
        for p in open_ones:
            if plain(p.name) in OUTPUTS and not (len(open_ones) == len(left) == 1):
                arguments[p.name] = Argument(p.name, "y", word=True)
            elif left:
                arguments[p.name] = Argument(p.name, "input", left.pop(0), True)
            else:
                raise Missing(f"{title(function)} needs {p.name}, and nothing tells what it is; give it as param="
                                f"{{'{p.name}': ...}} (on the command line --param '{{\"{p.name}\": ...}}')")


def by_place(arguments, parameters):
    """The arguments in the order of the parameters; by place as long as none is left out, the others by name."""
    order = {p.name: number for number, p in enumerate(parameters)}
    last = len(parameters)                      # words that **words takes
    arguments = sorted(arguments, key=lambda a: order.get(a.name, last if a.word and a.role == "value" else -1))
    for number, argument in enumerate(arguments):
        p = parameters[number] if number < len(parameters) else None
        words = argument.role == "value" or p is not None and p.kind == p.KEYWORD_ONLY
        if argument.name in order:
            argument.word = words or p is None or p.name != argument.name
    return arguments


def own_names(function, count):
    """What forward calls its inputs, labels after the others; "input 0" ... where that cannot be known."""
    parameters = positional(signature(function) or [])
    needed = [p for p in parameters if p.default is REQUIRED and plain(p.name) not in TRAINS | TESTS | RATES | GREEK]
    if count < len(needed) and any(not is_label(p.name) for p in needed):
        parameters = sorted(parameters, key=lambda p: is_label(p.name))
    names = [p.name for p in parameters][:count]
    return names if len(names) == count else [f"input {i}" for i in range(count)]


def names(parameters):
    return ", ".join(p.name for p in parameters)


def train_value(p, train):
    """What a train word is given: a word for `mode`, True or False for others."""
    if isinstance(p.default, str) or plain(p.name) in ("mode", "phase"):
        return "train" if train else "test"
    return train if plain(p.name) in TRAINS else not train
