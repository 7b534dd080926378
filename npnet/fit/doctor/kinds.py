"""The table of all that the doctor can say: a name, what it is about, and what it means.

npnet.fit.doctor.runs has the smallest run that earns each; `npnet train --explain-remarks` prints both.
"""
from typing import NamedTuple


class Kind(NamedTuple):
    """group: what it is about. explanation: what it means, why it keeps a network from learning, what to look at."""

    group: str
    explanation: str


GROUPS = {
    "ends": "How the network ends",
    "beginning": "How the network begins",
    "input": "What comes in",
    "labels": "The labels",
    "answers": "The answers",
    "rate": "The rate",
    "movement": "Nothing moves",
    "gradients": "The gradients",
    "loss": "The loss",
    "units": "Units that do not learn",
    "numbers": "NaN and infinity",
    "validation": "Validation",
    "symptoms": "Symptoms without a cause",
}

KINDS = {
    "softmax-twice": Kind("ends", "The network ends in probabilities, and the loss takes the softmax once more. The "
                          "softmax of numbers from 0 to 1 is nearly even, so the loss cannot come near 0, and "
                          "learning is slow. Train the network without its last softmax."),
    "relu-last": Kind("ends", "No output is ever below 0, as after a ReLU. An output of 0 passes no gradient, and a "
                      "class can be preferred but not ruled out. The layer before the ReLU is the right end."),
    "outputs-bounded": Kind("ends", "The outputs cannot leave a range, as after a sigmoid or tanh. The softmax of such "
                            "numbers is sure of nothing, so the loss cannot come near 0, and learning is slow. The "
                            "layer before it is the right end."),
    "outputs": Kind("ends", "The network has another number of outputs than there are classes. With too few of them "
                    "some classes cannot be the answer."),
    "equal-weights": Kind("beginning", "All units of a layer have the same weights. They compute the same and get "
                          "the same gradient, so they stay the same, and the layer is worth one unit. This is why "
                          "weights are drawn at random."),
    "weights-large": Kind("beginning", "The first loss is far above log(classes): the network is sure of its "
                          "answers before it has learnt any. The first steps are then very long. Look at how the "
                          "weights are drawn."),
    "weights-small": Kind("beginning", "The first weights are so small that the outputs do not depend on the "
                          "picture. Each layer makes the numbers smaller, and on the way back the gradients, too, "
                          "so a deep network learns late or never."),
    "biases-hide": Kind("beginning", "Biases of 1 beside weights of about 0.01: the biases decide, and the picture "
                        "hardly matters. The paper's network begins so, and its loss stays that of guessing for "
                        "many steps."),
    "input-constant": Kind("input", "All numbers that come in are the same, so there is nothing to learn from. "
                           "Integers divided by 255 without a remainder do this, and files that were not read."),
    "input-scale": Kind("input", "The inputs are far from a mean of 0 and a deviation of 1, for which weights are "
                        "made. Pixels from 0 to 255 make the outputs large and the steps too long. Subtract the "
                        "mean, and divide by the deviation."),
    "input-faint": Kind("input", "The inputs hardly differ from one another: their deviation is far too small, and "
                        "so are the gradients of the first layer. Pixels that were divided by 255 twice look like "
                        "this."),
    "input-changes": Kind("input", "The inputs are not what they were in the first batches. A line in the loop "
                          "changes the pictures themselves, such as x /= 255, so they are divided again in each "
                          "epoch. Work on a copy."),
    "pictures-flat": Kind("input", "Many pictures are of one constant colour. There is nothing to see in them. Look "
                          "at their files, and at what happens where one cannot be read."),
    "pictures-repeated": Kind("input", "The same few pictures come again and again. There is little to learn from "
                              "them, and where equal pictures have different labels, no network can be right. Look "
                              "at how the pictures are read."),
    "pictures-nan": Kind("input", "Some pictures hold NaN or infinity. One such number is enough to make the loss "
                         "and then all weights NaN. Look at what the pictures are divided by: a deviation of 0 does "
                         "this."),
    "labels-shuffled": Kind("labels", "Pictures that look alike have the same label only as often as by chance, so "
                            "the labels have nothing to do with their pictures. They can be learnt by heart, and "
                            "nothing else. Look for a place where only one of the two is shuffled or sorted."),
    "labels-sorted": Kind("labels", "The pictures come class by class. The network learns the class that it is "
                          "shown, and unlearns those before it. Shuffle pictures and labels together."),
    "labels-one": Kind("labels", "All labels are the same, though there are several classes. The network learns to "
                       "give this answer whatever it sees, and the loss falls to 0. Look at how labels are read."),
    "class-never": Kind("answers", "Some classes have pictures and are never the answer, while others are learnt. "
                        "Either they are rare, or they look like another class. Compare their numbers of pictures."),
    "one-answer": Kind("answers", "The network gives the same answer for every picture. Where most pictures are of "
                       "one class, it looks right, and nothing was learnt about the others."),
    "rate-zero": Kind("rate", "The learning rate is 0, so no step changes anything."),
    "rate-low": Kind("rate", "The steps are too short to learn anything in the time there is. What is measured is "
                     "the length of a step over the length of the weights: about a thousandth is healthy."),
    "rate-high": Kind("rate", "The steps are too long: they jump over what they look for, and the loss grows, or "
                      "stays that of guessing. Units of a ReLU can die in a single one of them."),
    "schedule-ended": Kind("rate", "The schedule has brought the rate to 0 or nearly, and the training goes on "
                           "without learning. A schedule counts steps, not epochs."),
    "decay-strong": Kind("rate", "The weight decay shortens the weights faster than the loss lengthens them, until "
                         "the outputs do not depend on the picture. The paper's decay is 0.0005."),
    "clip-short": Kind("rate", "The gradients are clipped so short that the steps are too short. A clip is for a "
                       "few long gradients; here it shortens all of them."),
    "all-frozen": Kind("movement", "All layers that have weights are frozen, so nothing can be learnt."),
    "no-update": Kind("movement", "There are gradients, but no weight changes. The optimizer is not called, or it "
                      "changes copies: w = w - lr * dw makes a new array, and the network keeps the old one."),
    "gradients-zero": Kind("movement", "The gradients of some or all weights are exactly 0, so these do not learn. "
                           "Backward was not called, or a layer hands on zeros, or its input is 0 everywhere."),
    "backward-wrong": Kind("gradients", "A gradient is not the one of the loss: a small step along it does not "
                           "change the loss by what it promises. So a backward pass is wrong. The remark says in "
                           "which layer and how; npnet.check_layer shows the numbers."),
    "ascent": Kind("gradients", "The updates go up the gradient, and so the loss grows. A sign is wrong, in the "
                   "update or in the gradient of the loss."),
    "gradients-vanish": Kind("gradients", "The gradient becomes smaller from layer to layer on its way back, and "
                             "the first layers hardly learn. A sigmoid passes a quarter of it at most. ReLU with "
                             "He's weights and batch normalisation keep it."),
    "gradients-nan": Kind("gradients", "A gradient holds NaN or infinity, while the loss is a number. Look at the "
                          "backward pass of that layer: it divides by 0 or takes a root of 0."),
    "loss-sums": Kind("loss", "The loss is a sum over the batch where a mean is expected. The gradients are then as "
                      "many times longer as there are pictures in a batch, and a usual rate is too high."),
    "loss-own": Kind("loss", "The loss is not the softmax cross-entropy of these outputs and labels. Another loss "
                     "may be wanted; where it is not, compare the two on one batch."),
    "loss-log-zero": Kind("loss", "The loss takes the logarithm of a probability that has been rounded to 0, which "
                          "is infinite. Computed from the logits, the loss has no such logarithm."),
    "dead": Kind("units", "Units of a ReLU are 0 for every picture. No gradient passes them, so they stay so. Steps "
                 "that were too long do this, or biases far below 0."),
    "saturated": Kind("units", "Units of tanh or sigmoid are at an end of their range, where the curve is level and "
                      "hardly any gradient passes. Their inputs are too large: look at the first weights and the "
                      "pictures."),
    "mask-repeats": Kind("units", "Dropout throws the same units away in each step, so it is no dropout, and these "
                         "units learn nothing. A mask is drawn for the number of its step: set net.step."),
    "dropout-strong": Kind("units", "Dropout throws nearly everything away, and little of a picture passes. The "
                           "number is the share that is thrown away, not the share that is kept."),
    "nan-input": Kind("numbers", "The loss is NaN because NaN or infinity came in with the pictures."),
    "nan-weights": Kind("numbers", "The weights held NaN or infinity before the first step. Look at how they are "
                        "drawn, or at the file from which they come."),
    "update-nan": Kind("numbers", "Weights and gradients were numbers, and the update made NaN or infinity of them. It "
                       "divides by 0 or takes a root below 0: where a gradient is always 0, the root of its mean "
                       "square is 0, too."),
    "nan-overflow": Kind("numbers", "Numbers grew until they were too large for float32, and nothing that was "
                         "measured explains it. Most often the steps were too long."),
    "statistics-behind": Kind("validation", "Batch normalisation uses the batch's mean and variance in training, "
                              "and running ones at test. These have not caught up, so the network is right in "
                              "training and wrong at test, about the same pictures. More steps help, or a larger "
                              "momentum."),
    "asked-in-training": Kind("validation", "Validation was answered as in training: batch normalisation took the "
                              "statistics of each batch, dropout threw numbers away. So its figures are not those of "
                              "the network at test. A forward pass is as at test unless it gets train=True."),
    "test-differs": Kind("validation", "A layer does at test what does not fit what it does in training: it still "
                         "throws numbers away, or multiplies by another number. So the network is worse at test than "
                         "in training, about the same pictures. The remark says which layer, where that can be told."),
    "pipelines-differ": Kind("validation", "Validation pictures are prepared in another way than training pictures: "
                             "another mean, another scale, or red and blue changed over. The network meets numbers "
                             "that it has not learnt from."),
    "classes-differ": Kind("validation", "The classes of validation are numbered otherwise than those of training, "
                           "so right answers count as wrong. Look at the order in which folders or names are read."),
    "same-pictures": Kind("validation", "Validation pictures are in the training part, too. How right the network "
                          "is there says too little about pictures that it has not seen."),
    "by-heart": Kind("validation", "The network knows the training pictures by heart, and is much worse with "
                     "others. More pictures help, or augmentation, dropout, or an earlier end."),
    "validation-nan": Kind("validation", "The validation loss is NaN or infinite, while that of training is a "
                           "number. Look at the validation pictures, and at what is only used at test: running "
                           "statistics."),
    "validation-other": Kind("validation", "Validation pictures are of another kind than training pictures, so the "
                             "network was not trained for them. Look at a sheet of each."),
    "stuck": Kind("symptoms", "The loss stays that of guessing, log(classes), and nothing that was measured "
                  "explains it. Look whether one batch can be learnt by heart (npnet train --overfit-one-batch)."),
    "grows": Kind("symptoms", "The loss grows, and nothing that was measured explains it. Look at the step at which "
                  "it begins to. Where it was nearly 0 just before, the steps were short, so they are not the cause: "
                  "the pictures or the labels are others."),
}
