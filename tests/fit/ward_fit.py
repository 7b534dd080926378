"""Trainings through fit, a Recipe and `npnet train`, ill and healthy: what only there goes wrong, or is known.

Two sets of pictures with their labels, two pipelines, folders of files, weights that are given, a run that goes on.
"""
import functools
import tempfile
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
from ward_healthy_tools import learnt
from ward_tools import Heard, Patient

import npnet
from npnet.cli import main
from npnet.data import Loader, Pictures, Pipeline
from npnet.fit import Recipe, fit, loop
from npnet.fit.doctor import Remark
from npnet.layers import BatchNorm, Conv2D, Dense, Flatten, MaxPool, ReLU
from npnet.optim import SGD, Cosine, MultiStep, Plateau, Polynomial, StepDecay

FIT = []
CLASSES = ("north", "east", "south", "west")
STANDARD = dict(size=8, shorter=8, channels=3, mean=(95, 95, 95), deviation=55.0)
RATES = ("rate-low", "rate-high")
HELD = dict(against=("by-heart",))


def kept(name, *planted, also=(), against=(), where=()):
    """The decorator: a function of a seed and a new folder that trains; what was said is what its patient heard."""
    def keep(run):
        @functools.wraps(run)
        def alone(seed):
            npnet.use("numpy")
            with tempfile.TemporaryDirectory() as folder, listening() as heard:
                run(seed, Path(folder))
            return heard if planted else learnt(heard, np.log(4), 0.6, 0.7)
        FIT.append(Patient(name, "fit" if planted else "healthy", planted, alone, tuple(also), tuple(against), where))
        return run
    return keep


@contextmanager
def listening():
    """Gives the Heard into which all goes that the trainings of fit tell of their doctor's remarks; its course is that
    of the last one."""
    heard, whole, runs = Heard(), loop.Training.tell, []

    def tell(training, *remarks):
        place = f"epoch {training.run.epoch}, step {training.run.sums['batches']}"
        heard.extend((place, remark) for remark in remarks if isinstance(remark, Remark))
        runs.append(training.run)
        whole(training, *remarks)
    loop.Training.tell = tell
    try:
        yield heard
    finally:
        loop.Training.tell = whole
    heard.course = [(row["train_loss"], row["train_top1"], row["loss"], row["top1"], runs[-1].losses[0])
                    for row in runs[-1].rows]


# ------------------------------------------------------------------------ pictures

def images(seed, count=400, side=8):
    """A light quarter on a dark ground, whose place is the class: uint8 (N, side, side, 3), and labels."""
    random = np.random.default_rng((seed, side))
    labels = random.permutation(np.arange(count) % 4)
    made, half = random.integers(20, 120, (count, side, side, 3)), side // 2
    for picture, label in zip(made, labels):
        row, column = divmod(label, 2)
        picture[half * row:half * row + half, half * column:half * column + half] += 90
    return made.astype(np.uint8), labels


def tints(seed, count=400, side=8):
    """A square anywhere, whose colour is the class: red, green, blue or white."""
    random = np.random.default_rng((seed, side))
    labels = random.permutation(np.arange(count) % 4)
    made = random.integers(20, 120, (count, side, side, 3))
    for picture, label in zip(made, labels):
        row, column = random.integers(0, side - 3, 2)
        picture[row:row + 4, column:column + 4] += np.array([(130, 0, 0), (0, 130, 0), (0, 0, 130), (70, 70, 70)])[label]
    return made.astype(np.uint8), labels


def parts(seed, count=400, held=120, make=images):
    """Pictures to learn from and pictures to validate by."""
    x, labels = make(seed, count + held)
    return Pictures(x[:count], labels[:count], CLASSES), Pictures(x[count:], labels[count:], CLASSES)


def loader(pictures, batch=20, train=True, **changes):
    """A Loader; changes: of the pipeline."""
    return Loader(pictures, batch, Pipeline(**STANDARD | changes), train=train, workers=0)


def small(seed=0, init="he", size=8, **changes):
    layers = dict(conv1=Conv2D(8, 3, pad=1, init=init), relu1=ReLU(), pool1=MaxPool(2, 2), flatten=Flatten(),
                  fc2=Dense(16, init=init), relu2=ReLU(), fc3=Dense(4, init=init))
    return npnet.Network((3, size, size), seed=seed, **layers | changes)


def fitted(seed, optimizer=None, training=None, validation=None, net=None, epochs=6, **options):
    """A run of fit on pictures that are right, but for what is given."""
    first, second = parts(seed)
    fit(net or small(seed), optimizer or SGD(0.01), training or loader(first),
        validation or loader(second, train=False), epochs, quiet=True, **options)


def written(folder, x, labels, part=None):
    """The pictures as files, a folder for each class; returns the folder."""
    from PIL import Image
    for number, (picture, label) in enumerate(zip(x, labels)):
        place = folder / (part or "") / CLASSES[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / f"{number:04}.png")
    return folder


def recipe(folder, optimizer=None, net=None, **changes):
    """A Recipe's pictures, loaders and optimizer, for a small network of one's own."""
    given = Recipe(**dict(data=str(folder), net="cifar10_quick", size=16, batch=20, workers=0, epochs=4, lr=0.02,
                          normalise="standard", augment="no") | changes)
    parts, net = given.parts(lambda *said: None), net or small(given.seed, "torch", 16)
    loaders = given.loaders(parts, given.pipeline(parts.training, net))
    optimizer = given.optimizer(len(loaders["train"]))
    fit(net, optimizer, loaders["train"], loaders["validation"], given.epochs, quiet=True)


def command(*words):
    """npnet train, with these words; RuntimeError where it ends in an error."""
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        code = main(["train", *map(str, words)])
    if code:
        raise RuntimeError(said.getvalue()[-500:])


SMALL = ("--net", "caffe_lenet", "--size", 16, "--batch", 20, "--workers", 0, "--augment", "no")


# ------------------------------------------------------------------------ 3 and 4: the rate; nothing moves

@kept("fit-cosine-1e-6", "rate-low", against=("rate-high",))
def cosine(seed, folder):
    fitted(seed, SGD(Cosine(1e-6, steps=240)), epochs=12)


@kept("fit-polynomial-1e-7", "rate-low", against=("rate-high",))
def polynomial(seed, folder):
    fitted(seed, SGD(Polynomial(1e-7, steps=200)), epochs=10, net=small(seed, "torch"))


@kept("recipe-rate-1e-8", "rate-low", against=("rate-high",))
def recipe_low(seed, folder):
    recipe(written(folder, *images(seed, 400, 16)), lr=1e-8, epochs=6)


@kept("recipe-rate-0", "rate-zero", against=("rate-low", "rate-high"))
def recipe_zero(seed, folder):
    recipe(written(folder, *images(seed, 150, 16)), lr=0.0)


@kept("fit-all-frozen", "all-frozen", also=("no-update",), against=RATES)
def all_frozen(seed, folder):
    net = small(seed)
    net.freeze("conv1", "fc2", "fc3")
    fitted(seed, net=net)


@kept("fit-used-optimizer", "schedule-ended", also=("rate-zero",), against=("rate-high",))
def used_optimizer(seed, folder):
    """A second network is trained with the optimizer of the first, whose schedule is over."""
    optimizer = SGD(Cosine(0.02, steps=60))
    optimizer.steps = 60
    fitted(seed, optimizer)


@kept("recipe-multistep-early", "schedule-ended", also=("rate-low",), against=("rate-high",))
def multistep_early(seed, folder):
    """at= in epochs, but steps of the schedule were meant, and a factor of a thousandth."""
    recipe(written(folder, *images(seed, 300, 16)), schedule="multistep", at=(0.1, 0.2), factor=0.0001, epochs=8)


@kept("recipe-rate-5", "rate-high", also=("dead", "nan-overflow", "one-answer", "class-never"), against=("rate-low",))
def recipe_high(seed, folder):
    recipe(written(folder, *images(seed, 300, 16)), lr=5.0)


@kept("command-rate-1e-7", "rate-low", against=("rate-high",))
def command_low(seed, folder):
    """The schedule that the command line takes: Cosine."""
    written(folder / "data", *images(seed, 250, 16))
    command("--data", folder / "data", *SMALL, "--lr", 1e-7, "--epochs", 3, "--out", folder / "run", "--seed", seed)


# ------------------------------------------------------------------------ 5: the part that is held out

def otherwise(seed, **changes):
    """A run on colours, whose pictures to validate by are prepared in another way."""
    first, second = parts(seed, make=tints)
    fitted(seed, SGD(0.02), loader(first), loader(second, train=False, **changes), epochs=8)


@kept("fit-validation-bgr", "pipelines-differ", also=("validation-other", "classes-differ"), **HELD)
def bgr(seed, folder):
    otherwise(seed, order="BGR")


@kept("fit-validation-other-mean", "pipelines-differ", also=("validation-other",), **HELD)
def other_mean(seed, folder):
    otherwise(seed, mean=0.0)


@kept("fit-validation-0-to-1", "pipelines-differ", also=("validation-other", "input-faint"), **HELD)
def other_scale(seed, folder):
    otherwise(seed, scale="0-1", mean=0.0, deviation=1.0)


@kept("fit-classes-other-order", "classes-differ", **HELD)
def other_order(seed, folder):
    """The folders of the two parts were listed in different orders."""
    held = parts(seed)[1]
    order = np.array([2, 0, 3, 1])
    held = Pictures(held.images, np.argsort(order)[held.labels], tuple(CLASSES[k] for k in order))
    fitted(seed, validation=loader(held, train=False))


@kept("fit-labels-other-order", "classes-differ", **HELD)
def other_labels(seed, folder):
    """The names are the same, but the numbers of the validation labels come from another list."""
    held = parts(seed)[1]
    fitted(seed, validation=loader(Pictures(held.images, (held.labels + 1) % 4, CLASSES), train=False))


@kept("fit-same-pictures", "same-pictures", **HELD)
def same_pictures(seed, folder):
    first, _ = parts(seed)
    fitted(seed, training=loader(first), validation=loader(first.take(range(100)), train=False))


@kept("command-same-pictures", "same-pictures", **HELD)
def command_same(seed, folder):
    """The folder val holds copies of pictures of the folder train."""
    x, labels = images(seed, 200, 16)
    written(folder / "data", x, labels, "train")
    written(folder / "data", x[:60], labels[:60], "val")
    command("--data", folder / "data", *SMALL, "--lr", 0.01, "--epochs", 3, "--out", folder / "run", "--validation", 0)


@kept("fit-statistics-behind", "statistics-behind", **HELD)
def statistics(seed, folder):
    """A momentum of 0.001, as the share of the batch: what others call 0.999."""
    net = npnet.Network((3, 8, 8), seed=seed, conv1=Conv2D(8, 3, pad=1, init="he"), norm1=BatchNorm(momentum=0.001),
                        relu1=ReLU(), pool1=MaxPool(2, 2), flatten=Flatten(), fc2=Dense(4, init="he"))
    first, second = parts(seed)
    far = dict(mean=-200.0, deviation=20.0)
    fitted(seed, net=net, training=loader(first, **far), validation=loader(second, train=False, **far))


@kept("fit-validation-inverted", "validation-other", also=("classes-differ", "pipelines-differ"), **HELD)
def inverted(seed, folder):
    """The pictures to validate by come from a scanner that makes light of dark."""
    held = parts(seed)[1]
    fitted(seed, validation=loader(Pictures(255 - held.images, held.labels, CLASSES), train=False))


@kept("fit-by-heart", "by-heart", against=("pipelines-differ", "classes-differ", "statistics-behind"))
def by_heart(seed, folder):
    """Forty pictures of nothing but noise and a weak hint, seen forty times."""
    random = np.random.default_rng(seed)
    x, labels = random.integers(0, 256, (240, 8, 8, 3)), random.integers(0, 4, 240)
    x[np.arange(240), labels, labels] = 200
    made = [Pictures(x[part].astype(np.uint8), labels[part], CLASSES) for part in (slice(40), slice(40, None))]
    fitted(seed, training=loader(made[0]), validation=loader(made[1], train=False), epochs=60)


# ------------------------------------------------------------------------ 8: pictures and labels

@kept("recipe-flat-pictures", "pictures-flat", also=("pictures-repeated", "labels-shuffled", "same-pictures"), against=RATES)
def flat(seed, folder):
    """Six files in ten were damaged on their way, and are of one colour."""
    x, labels = images(seed, 400, 16)
    lost = np.random.default_rng(seed).random(len(x)) < 0.6
    x[lost] = x[lost].mean(axis=(1, 2), keepdims=True).astype(np.uint8)
    recipe(written(folder, x, labels))


@kept("recipe-one-picture", "pictures-repeated", also=("labels-shuffled", "one-answer", "same-pictures"), against=RATES)
def one_picture(seed, folder):
    """A script has saved one picture under all names."""
    x, labels = images(seed, 300, 16)
    recipe(written(folder, np.repeat(x[:1], len(x), axis=0), labels))


@kept("fit-labels-one", "labels-one", also=("one-answer",), against=(*RATES, "labels-sorted"))
def labels_one(seed, folder):
    first, second = parts(seed)
    one = [loader(Pictures(part.images, 0 * part.labels + 2, CLASSES), train=number == 0)
           for number, part in enumerate((first, second))]
    fitted(seed, training=one[0], validation=one[1])


@kept("fit-labels-sorted", "labels-sorted", also=("one-answer", "class-never"), against=RATES)
def labels_sorted(seed, folder):
    """Pictures in the order of their classes, and a Loader that was made for tests."""
    first, _ = parts(seed, 800)
    order = np.argsort(first.labels, kind="stable")
    fitted(seed, SGD(0.02), training=loader(first.take(order), train=False))


@kept("fit-labels-shuffled", "labels-shuffled", against=RATES)
def labels_shuffled(seed, folder):
    first, second = parts(seed, 1600)
    labels = np.random.default_rng(seed).permutation(first.labels)
    fitted(seed, training=loader(Pictures(first.images, labels, CLASSES)), validation=loader(second, train=False))


@kept("fit-not-normalised", "input-scale", also=("rate-high", "dead", "one-answer", "class-never"), against=("rate-low",))
def not_normalised(seed, folder):
    raw = dict(mean=0.0, deviation=1.0)
    first, second = parts(seed)
    fitted(seed, training=loader(first, **raw), validation=loader(second, train=False, **raw))


@kept("fit-divided-twice", "input-faint", also=("rate-low",), against=("rate-high",))
def divided_twice(seed, folder):
    twice = dict(mean=0.0, deviation=255.0 * 255)
    first, second = parts(seed)
    fitted(seed, training=loader(first, **twice), validation=loader(second, train=False, **twice), epochs=10)


@kept("fit-outputs", "outputs", against=RATES)
def outputs(seed, folder):
    fitted(seed, net=small(seed, fc3=Dense(10, init="he")))


# ------------------------------------------------------------------------ healthy

@kept("fit")
def usual(seed, folder):
    fitted(seed)


@kept("fit, batch 1")
def batch_1(seed, folder):
    first, second = parts(seed)
    fitted(seed, SGD(0.001), loader(first, 1), loader(second, 1, train=False), epochs=3)


@kept("fit, no validation")
def no_validation(seed, folder):
    fit(small(seed), SGD(0.01), loader(parts(seed)[0]), epochs=6, quiet=True)


@kept("fit, moved and mirrored")
def augmented(seed, folder):
    """Training sees other views than validation: that is no difference of two pipelines."""
    training = loader(parts(seed)[0], pad=1)
    fitted(seed, SGD(StepDecay(0.01, every=100)), training, epochs=10)


@kept("fit, Plateau")
def plateau(seed, folder):
    fitted(seed, SGD(Plateau(0.01, patience=1, times=2)), epochs=14)


@kept("fit, batch norm")
def batch_norm(seed, folder):
    net = small(seed, relu1=BatchNorm(), pool1=MaxPool(2, 2))
    fitted(seed, SGD(MultiStep(0.02, at=(80, 110))), net=net)


@kept("fit, frozen front")
def frozen_front(seed, folder):
    net = small(seed)
    net.freeze("conv1")
    fitted(seed, net=net)


@kept("fit, a run that goes on")
def goes_on(seed, folder):
    fitted(seed, SGD(Cosine(0.02, steps=160)), epochs=2, out=folder / "run")
    fitted(seed, SGD(Cosine(0.02, steps=160)), epochs=8, out=folder / "run", resume=True)


@kept("fit, killed within an epoch")
def killed(seed, folder):
    """The process dies in the third epoch; another one goes on from what is left."""
    class Dies(Loader):
        def epoch(self, number, first=0):
            for place, batch in enumerate(super().epoch(number, first)):
                if (number, place) == (2, 7):
                    raise ZeroDivisionError
                yield batch
    mortal = Dies(parts(seed)[0], 20, Pipeline(**STANDARD), workers=0)
    try:
        fitted(seed, training=mortal, out=folder / "run")
    except ZeroDivisionError:
        fitted(seed, out=folder / "run", resume=True)


@kept("recipe, a folder")
def recipe_folder(seed, folder):
    recipe(written(folder, *images(seed, 400, 16)), epochs=5, seed=seed)


@kept("recipe, warm-up and augment")
def recipe_warm(seed, folder):
    recipe(written(folder, *images(seed, 400, 16)), epochs=8, seed=seed, warm_up=1.0, augment="crop", form="torch")


@kept("command")
def command_usual(seed, folder):
    written(folder / "data", *images(seed, 400, 16))
    command("--data", folder / "data", *SMALL, "--lr", 0.01, "--epochs", 4, "--out", folder / "run", "--seed", seed)


def weights(folder, seed, *words):
    """Two runs of npnet train, the second with the weights of the first."""
    x, labels = images(seed, 500, 16)
    written(folder / "one", x[:250], labels[:250])
    written(folder / "two", x[250:], labels[250:])
    command("--data", folder / "one", *SMALL, "--lr", 0.01, "--epochs", 3, "--out", folder / "before")
    command("--data", folder / "two", *SMALL, "--lr", 0.005, "--epochs", 3, "--out", folder / "run",
            "--weights", folder / "before" / "best.npz", *words)


@kept("command, weights given")
def weights_given(seed, folder):
    """The same classes: the loss starts low."""
    weights(folder, seed)


@kept("command, conv1 frozen")
def weights_frozen(seed, folder):
    """As with somebody else's weights: the front is frozen, the rest goes on."""
    weights(folder, seed, "--freeze", "conv1")
