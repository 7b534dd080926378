"""What a run says before its first step: the pictures, the network, how pictures are prepared, how it is trained."""
import numpy as np

from .. import optim
from ..backend import ops
from ..screen import counted, listed, tell

PURPOSES = {"train": "to train", "validation": "for validation", "test": "to test"}


def announce(recipe, parts, loaders, pipeline, net=None, optimizer=None):
    """Tells what is about to happen. net and optimizer: of a run that begins."""
    data, classes = parts.data, parts.data.classes
    numbers = ", ".join(f"{len(part.pictures):,} {PURPOSES[name]}" for name, part in loaders.items())
    fifth = " (a fifth of the whole, as the set has no part to test on)" * (data.test is None)
    origin = f" ({data.origin})" if data.origin else ""
    tell(f"{data.name}: {numbers}{fifth}; {counted(len(classes), 'class', 'classes')}{origin}")
    few = [classes[k] for k in np.flatnonzero(np.bincount(parts.training.labels, minlength=len(classes)) < 2)]
    if few:
        tell(f"fewer than 2 pictures to train on: {listed(few)}; a class cannot be learnt from one picture")
    if net is not None:
        parameters = sum(w.size for w in net.params().values())
        size = " x ".join(map(str, net.input_shape))
        tell(f"{recipe.net}: {parameters:,} parameters to train, input {size}, on {ops.name}")
    tell(str(pipeline))
    steps = min(len(loaders["train"]), recipe.limit_batches or len(loaders["train"]))
    how = f"; {in_words(optimizer)}" if optimizer else ""
    tell(f"{counted(recipe.epochs, 'epoch')} of {counted(steps, 'step')} of {counted(recipe.batch, 'picture')}{how}")


def in_words(optimizer):
    """An SGD in words: "rate 0.02 falling to 0 along a cosine over 507 steps; momentum 0.9, ..." """
    schedule, extra = optimizer.schedule, []
    if isinstance(schedule, optim.WarmUp):
        rate = f"rate rising to {schedule.then.lr:g} in {counted(schedule.steps, 'step')}, then {course(schedule.then)}"
    else:
        rate = f"rate {schedule.lr:g}, {course(schedule)}"
    if optimizer.bias_lr != 1:
        extra.append(f"biases {optimizer.bias_lr:g} times as fast")
    if optimizer.form != "paper":
        extra.append("the rate outside the velocity, as in PyTorch")
    if optimizer.clip is not None:
        extra.append(f"gradients shortened to {optimizer.clip:g}")
    return ", ".join([f"{rate}; momentum {optimizer.momentum:g}", f"weight decay {optimizer.weight_decay:g}", *extra])


def course(schedule):
    """What becomes of a rate, in words."""
    over = f"over {counted(schedule.steps, 'step')}" if hasattr(schedule, "steps") else ""
    times = f"times {getattr(schedule, 'factor', 0):g}"
    return {
        "Constant": lambda: "constant",
        "StepDecay": lambda: f"{times} every {counted(schedule.every, 'step')}",
        "MultiStep": lambda: f"{times} after {listed(f'{step:,}' for step in schedule.at)} steps",
        "Polynomial": lambda: f"falling to 0 {over}, " + (
            "in a straight line" if schedule.power == 1 else f"with the power {schedule.power:g}"),
        "Cosine": lambda: f"falling to {schedule.lowest:g} along a cosine {over}",
        "Plateau": lambda: f"{times} whenever the validation error has not fallen for more than "
                           f"{counted(schedule.patience, 'epoch')}, at most {counted(schedule.times, 'time')}",
    }[type(schedule).__name__]()
