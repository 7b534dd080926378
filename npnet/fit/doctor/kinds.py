"""The table of all that the doctor can say: a name, a sentence of explanation, and the smallest run that earns it."""
from typing import NamedTuple


class Kind(NamedTuple):
    """group: what it is about; explanation: a sentence; run: Python text, the smallest training that earns it."""

    group: str
    explanation: str
    run: str = ""


KINDS = {
    "softmax-twice": Kind("ends", "The network ends in probabilities, and the loss takes the softmax once more."),
    "relu-last": Kind("ends", "The outputs are never below 0, so a class can be preferred but not ruled out."),
    "outputs": Kind("ends", "The network has another number of outputs than there are classes."),
    "equal-weights": Kind("beginning", "All units of a layer have the same weights, and so they stay the same."),
    "weights-large": Kind("beginning", "The first weights are so large that the network is sure before it has learnt."),
    "weights-small": Kind("beginning", "The first weights are so small that no output depends on the picture."),
    "biases-hide": Kind("beginning", "Large biases beside small weights hide the picture."),
    "input-constant": Kind("input", "All numbers that come in are the same."),
    "input-scale": Kind("input", "The inputs are far from mean 0 and deviation 1."),
    "input-faint": Kind("input", "The inputs hardly differ from one another."),
    "pictures-flat": Kind("input", "Many pictures are of one constant colour."),
    "pictures-repeated": Kind("input", "The same few pictures come again and again."),
    "pictures-nan": Kind("input", "Some pictures hold NaN or infinity."),
    "labels-shuffled": Kind("labels", "The labels have nothing to do with their pictures."),
    "labels-sorted": Kind("labels", "The pictures come class by class."),
    "labels-one": Kind("labels", "All labels are the same."),
    "class-never": Kind("answers", "Some classes have pictures and are never the answer."),
    "one-answer": Kind("answers", "The network gives the same answer for every picture."),
    "rate-zero": Kind("rate", "The rate is 0."),
    "rate-low": Kind("rate", "The steps are too short to learn anything in the time there is."),
    "rate-high": Kind("rate", "The steps are too long: they jump over what they look for."),
    "schedule-ended": Kind("rate", "The schedule has brought the rate to 0, and the training goes on."),
    "decay-strong": Kind("rate", "The weight decay shortens the weights faster than the loss lengthens them."),
    "clip-short": Kind("rate", "All gradients are shortened so far that the steps are too short."),
    "all-frozen": Kind("movement", "All layers are frozen."),
    "no-update": Kind("movement", "There are gradients, but no weight changes."),
    "gradients-zero": Kind("movement", "All gradients are exactly 0."),
    "backward-wrong": Kind("gradients", "A gradient is not the one of the loss: a backward pass is wrong."),
    "ascent": Kind("gradients", "The updates go up the gradient, and so the loss grows."),
    "gradients-vanish": Kind("gradients", "The gradient fades on its way back to the first layers."),
    "gradients-nan": Kind("gradients", "A gradient holds NaN or infinity."),
    "loss-sums": Kind("loss", "The loss is a sum over the batch where a mean is expected."),
    "loss-own": Kind("loss", "The loss is not the softmax cross-entropy of these outputs and labels."),
    "loss-log-zero": Kind("loss", "The loss takes the logarithm of a probability that is 0."),
    "dead": Kind("units", "Units of a ReLU are 0 for every picture, and learn nothing."),
    "saturated": Kind("units", "Units of tanh or sigmoid are at their limits, and hardly learn."),
    "mask-repeats": Kind("units", "Dropout throws the same units away in each step."),
    "dropout-strong": Kind("units", "Dropout throws nearly everything away."),
    "nan-input": Kind("numbers", "NaN or infinity came in with the pictures."),
    "nan-weights": Kind("numbers", "The weights held NaN or infinity before the training."),
    "statistics-behind": Kind("validation", "The running statistics of batch normalisation have not caught up."),
    "pipelines-differ": Kind("validation", "Validation pictures are prepared otherwise than training pictures."),
    "classes-differ": Kind("validation", "The classes of validation are in another order than those of training."),
    "same-pictures": Kind("validation", "Validation pictures are in the training part, too."),
    "by-heart": Kind("validation", "The network knows the training pictures by heart, and not what they show."),
    "validation-nan": Kind("validation", "The validation loss is NaN or infinite."),
    "validation-other": Kind("validation", "Validation pictures are of another kind than those of training."),
    "validation-chance": Kind("validation", "The network is right in training, and guesses in validation."),
    "stuck": Kind("symptoms", "The loss stays that of guessing, and nothing that was measured explains it."),
    "grows": Kind("symptoms", "The loss grows, and nothing that was measured explains it."),
    "nan-overflow": Kind("symptoms", "Numbers grew until they were too large, and nothing measured explains it."),
}
