"""The doctor: every fault is made to happen in a small network, and a healthy training gives no remark."""
import gzip
import math

import numpy as np
import pytest

import npnet
from npnet.data.sets import Pictures
from npnet.data.shapes import shapes
from npnet.fit.doctor import Doctor, Remark
from npnet.fit.labels import labels_fit
from npnet.fit.measures import finite, lowered, raised, step_ratios
from npnet.fit.overfit import overfit
from npnet.layers import BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, MaxPool, ReLU, Softmax, Tanh
from npnet.optim import SGD, Cosine
from npnet.train import Step, train

SIDE, CLASSES = 8, 4


@pytest.fixture(autouse=True)
def one_thread():
    """Networks as small as these are quickest without a pool of threads."""
    npnet.use("numpy")


def pictures(count=512, seed=0):
    """Noise with a bright corner, whose place is the class: x float32 (N, 1, 8, 8) of mean 0 and deviation 1, labels."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, count)
    x = random.normal(0, 0.5, (count, 1, SIDE, SIDE))
    for n, label in enumerate(labels):
        row, column = divmod(label, 2)
        x[n, 0, 4 * row:4 * row + 4, 4 * column:4 * column + 4] += 1
    x = (x - x.mean()) / x.std()
    return x.astype(np.float32), labels


def small(init="torch", **changes):
    layers = dict(conv1=Conv2D(8, 3, pad=1, init=init), relu1=ReLU(), pool1=MaxPool(2, 2), flatten=Flatten(),
                  fc2=Dense(16, init=init), relu2=ReLU(), fc3=Dense(CLASSES, init=init))
    return npnet.Network((1, SIDE, SIDE), **layers | changes)


def batches(x, labels, size=32, steps=1000):
    for number in range(steps):
        first = number * size % (len(x) - size + 1)
        yield x[first:first + size], labels[first:first + size]


def watched(net, optimizer, data, steps, classes=CLASSES, size=32):
    """The doctor after so many steps, with all remarks as {where: text}."""
    doctor, remarks = Doctor(net, classes), []
    with np.errstate(all="ignore"):
        for step in train(net, optimizer, batches(*data, size=size, steps=steps)):
            remarks += doctor.step(step, net, optimizer)
    assert len(set(remarks)) == len(remarks)                            # nothing twice
    doctor.remarks = {}
    for remark in remarks:
        doctor.remarks[remark.where] = doctor.remarks.get(remark.where, "") + remark.text
    return doctor


def row(train_loss=1.0, train_top1=0.6, loss=1.1, top1=0.55):
    return dict(epoch=1, steps=10, lr=0.01, train_loss=train_loss, train_top1=train_top1, loss=loss, top1=top1, top5=1.0,
                seconds=1.0)


# ------------------------------------------------------------------------ healthy

@pytest.mark.parametrize("init, rate, form", [("torch", 0.05, "paper"), ("he", 0.02, "torch")])
def test_a_healthy_training_gives_no_remark(init, rate, form):
    net, optimizer = small(init), SGD(rate, form=form)
    doctor = watched(net, optimizer, pictures(), 200)
    assert doctor.remarks == {}
    assert np.mean(doctor.losses) < 0.3
    assert doctor.epoch(row(), net, optimizer) == []


def test_dropout_batch_norm_tanh_and_a_falling_rate_are_healthy():
    net = small("he", norm2=BatchNorm(), tanh2=Tanh(), drop2=Dropout(0.5), fc4=Dense(CLASSES, init="he"))
    assert watched(net, SGD(Cosine(0.02, steps=150)), pictures(), 160).remarks == {}


@pytest.mark.long
@pytest.mark.parametrize("name, init", [("cifar_alexnet", None), ("cifar_four_layer", "he")])
def test_the_small_versions_of_alexnet_are_healthy(name, init):
    images = shapes(train=64, test=10).train
    x = (images.images[:, ::2, ::2].transpose(0, 3, 1, 2).astype(np.float32) - 128) / 64
    npnet.use("numba")
    net = npnet.model(name, size=16, init=init)
    assert watched(net, SGD(0.01), (x, images.labels), 10, classes=10, size=8).remarks == {}


def test_the_papers_network_is_healthy_at_the_start():
    x = np.random.default_rng(0).normal(0, 60, (8, 3, 67, 67)).astype(np.float32)
    npnet.use("numba")
    net = npnet.model("krizhevsky2012", classes=10, size=67)
    assert watched(net, SGD(0.01), (x, np.arange(8)), 1, classes=10, size=8).remarks == {}


@pytest.mark.reference
def test_lenet_on_mnist_is_healthy(reference):
    x, labels = mnist(reference, 1000)
    data = (x / 256).astype(np.float32)[:, None], labels
    npnet.use("numba")
    doctor = watched(npnet.model("caffe_lenet"), SGD(0.02), data, 40, classes=10, size=8)
    assert doctor.remarks == {} and np.mean(list(doctor.losses)[-10:]) < 2


# ------------------------------------------------------------------------ the first step

def test_inputs_that_are_too_large_show_in_the_first_loss():
    x, labels = pictures()
    remarks = watched(small("he"), SGD(1e-6), (60 * x + 120, labels), 1).remarks
    assert "a network that prefers no class starts at log(4) = 1.39" in remarks["the loss"]
    assert "The inputs have mean 1" in remarks["the loss"]
    assert "and deviation 59.4, as if the mean were not subtracted" in remarks["the loss"]


def test_weights_that_are_too_large_show_in_the_first_loss():
    net = small()
    for w in net.params().values():
        w *= 20
    text = watched(net, SGD(1e-9), pictures(), 1).remarks["the loss"]
    assert "as the weights or the inputs are too large" in text and "not subtracted" not in text


def test_a_first_loss_far_below_that_of_guessing():
    net = npnet.Network((CLASSES,), fc=Dense(CLASSES, init="torch"))
    labels = np.arange(64) % CLASSES
    x = 50 * np.eye(CLASSES, dtype=np.float32)[labels]                  # the label is the picture
    net["fc"].w[...] = np.eye(CLASSES)
    text = watched(net, SGD(1e-4), (x, labels), 1).remarks["the loss"]
    assert text.startswith("it starts at 0.00, far below log(4) = 1.39")


def test_a_run_that_goes_on_has_no_first_loss():
    net, optimizer = small("he"), SGD(1e-6)
    optimizer.steps = 5000
    x, labels = pictures()
    assert watched(net, optimizer, (60 * x + 120, labels), 1).remarks == {}


def test_softmax_before_the_loss():
    remarks = watched(small(prob=Softmax()), SGD(0.05), pictures(), 1).remarks
    assert set(remarks) == {"prob"}
    assert f"cannot fall below {math.log(1 + 3 / math.e):.2f}" in remarks["prob"]
    assert "without prob" in remarks["prob"]


def test_a_wrong_number_of_classes():
    remarks = watched(small(), SGD(0.05), pictures(), 1, classes=("a", "b", "c", "d", "e")).remarks
    assert remarks == {"fc3": "the network has 4 outputs, but there are 5 classes; build it with classes=5"}
    with pytest.raises(ValueError, match="at least 2 classes to tell apart, got 1"):
        Doctor(small(), 1)


def test_weights_that_are_all_zero():
    net = small()
    for array in net.params().values():
        array[...] = 0
    doctor = watched(net, SGD(0.05), pictures(), 200)
    assert doctor.remarks["conv1, fc2, fc3"].startswith("all weights are 0, so all units")
    assert doctor.remarks["the weights"] == "no weight moves, though the rate is 0.05: all gradients are 0"
    assert "ll units of conv1, fc2, fc3 have the same weights" in doctor.remarks["the loss"]


def test_a_constant_input():
    x, labels = pictures()
    remarks = watched(small(), SGD(0.05), (0 * x + 3, labels), 1).remarks
    assert remarks["the input"].startswith("all numbers of the first batch are 3, so there is nothing to see")


def test_batches_of_a_single_class():
    x, labels = pictures()
    order = np.argsort(labels, kind="stable")
    remarks = watched(small(), SGD(0.001), (x[order], labels[order]), 6, size=16).remarks
    assert remarks["the labels"].startswith("each of the first 5 batches holds a single class")
    assert watched(small(), SGD(0.001), (x, labels), 6, size=16).remarks == {}


# ------------------------------------------------------------------------ the rate

def test_a_rate_of_zero():
    doctor = watched(small(), SGD(0.0), pictures(), 200)
    assert doctor.remarks["the rate"].startswith("it is 0, so nothing will be learnt")
    assert "The rate is 0: choose one" in doctor.remarks["the loss"]


def test_a_rate_that_is_too_low():
    doctor = watched(small(), SGD(1e-8), pictures(), 200)
    assert doctor.remarks["the rate"].startswith("no layer's step is longer than")
    assert "Raise the rate (now 1e-08), perhaps to 0.00" in doctor.remarks["the rate"]
    assert "still that of guessing (log(4) = 1.386): nothing is learnt so far. The steps are too short" in doctor.remarks[
        "the loss"]


def test_a_rate_that_is_too_high():
    net, optimizer = small("he"), SGD(5.0)
    doctor = watched(net, optimizer, pictures(), 200)
    assert doctor.remarks["the loss"].startswith("it grows: ")
    assert "The steps are too long: lower the rate (now 5) ten times" in doctor.remarks["the loss"]
    assert "the loss rose to" in doctor.causes(net, optimizer)[0]


def test_dead_relus():
    net = small("he")
    net["fc2"].b[...] = -100
    doctor = watched(net, SGD(0.01), pictures(), 200)
    assert doctor.remarks["relu2"].startswith("100% of its units are 0 for each of the last 64 pictures looked at")
    assert "no layer before it learns either" in doctor.remarks["relu2"]
    assert "ost units are 0 for every picture in relu2 (100%)" in doctor.remarks["the loss"]
    net = small("he")
    net["conv1"].b[:6] = -100                                           # 6 of 8 maps
    assert watched(net, SGD(0.01), pictures(), 3).remarks["relu1"].startswith("75% of its units are 0")
    net["conv1"].b[2:6] = 0
    assert watched(net, SGD(0.01), pictures(), 3).remarks == {}


def with_paths(init="he"):
    """The small network with two paths in place of its convolution."""
    paths = [dict(one=Conv2D(4, 1, init=init), relu_one=ReLU()), dict(three=Conv2D(4, 3, pad=1, init=init), relu_three=ReLU())]
    return npnet.Network((1, SIDE, SIDE), both=Concat(paths), pool1=MaxPool(2, 2), flatten=Flatten(), drop2=Dropout(0.1),
                         fc2=Dense(CLASSES, init=init))


def test_a_network_with_paths_is_healthy_and_its_state_is_brought_back():
    doctor = watched(with_paths(), SGD(0.01), pictures(), 60)
    assert doctor.remarks == {} and set(doctor.ratios) == {"both.one", "both.three", "fc2"}
    assert doctor.figures[1] == pytest.approx(1, abs=0.1)               # the first layer that remembers x is in a path

    again = Doctor(with_paths(), CLASSES)
    again.restore(doctor.state(), with_paths(), lambda: [])
    assert set(again.alive) == {"both.relu_one", "both.relu_three"}


def test_dead_relus_in_a_path():
    net = with_paths()
    net.params()["both.three.b"][...] = -100
    doctor = watched(net, SGD(0.01), pictures(), 5)
    assert set(doctor.remarks) == {"both.relu_three"}
    assert doctor.remarks["both.relu_three"].startswith("100% of its units are 0")
    assert "no other layer of its path learns either" in doctor.remarks["both.relu_three"]


def test_equal_weights_and_a_repeated_mask_in_a_path():
    net = npnet.Network((1, SIDE, SIDE), both=Concat([dict(one=Conv2D(4, 1, std=0), drop=Dropout(0.5)), dict(two=Dropout(0.5))]),
                        flatten=Flatten(), fc2=Dense(CLASSES))
    optimizer, (x, labels), doctor = SGD(0.0), pictures(32), Doctor(net, CLASSES)
    step = next(train(net, optimizer, [(x, labels)]))
    remarks = doctor.step(step, net, optimizer) + doctor.step(step, net, optimizer)
    assert [remark.text for remark in remarks if remark.where == "both.one"][0].startswith("all weights are 0")
    assert {"both.drop", "both.two"} <= {remark.where for remark in remarks if "throws the same units away" in remark.text}


def test_steps_longer_than_the_weights():
    x, labels = pictures()
    net = npnet.Network((1, SIDE, SIDE), flatten=Flatten(), fc=Dense(CLASSES, std=1e-6))
    random = np.random.default_rng(0).permutation(labels)
    remarks = watched(net, SGD(3.0, momentum=0, weight_decay=0.25), (x, random), 60).remarks
    assert remarks["fc"].startswith("a step changes its weights by")
    assert "Lower the rate (now 3), perhaps to 0.003" in remarks["fc"]


def test_a_gradient_that_fades_on_its_way_back():
    net = npnet.Network((1, SIDE, SIDE), flatten=Flatten(), fc1=Dense(16, init="he"), tanh1=Tanh(),
                        fc2=Dense(16, std=1e-4), tanh2=Tanh(), fc3=Dense(16, std=1e-4), tanh3=Tanh(),
                        fc4=Dense(CLASSES, std=0.01, bias=0))
    remarks = watched(net, SGD(0.01, weight_decay=0), pictures(), 30).remarks
    assert "those of fc" in remarks["fc1"] and "the gradient fades on its way back" in remarks["fc1"]


def test_ratio_by_hand():
    net, optimizer = npnet.Network((2,), fc=Dense(2)), SGD(0.1)
    net["fc"].w[...] = [[3, 0], [0, 4]]                                 # length 5
    optimizer.velocity = {"fc.w": np.array([[0, 0.03], [0.04, 0]]), "fc.b": np.array([9.0, 9.0])}
    assert step_ratios(net, optimizer, 0.1) == pytest.approx({"fc": 0.01})
    optimizer.form = "torch"
    assert step_ratios(net, optimizer, 0.1) == pytest.approx({"fc": 0.001})
    assert lowered(0.5, 0.1) == pytest.approx(0.005) and raised(1e-6, 1e-7) == pytest.approx(0.01)


# ------------------------------------------------------------------------ a loss at chance

def test_biases_of_one_beside_small_weights():
    """Trap 17: the paper's start can leave the loss at log(classes) for long."""
    net = npnet.Network((1, SIDE, SIDE), conv1=Conv2D(8, 3, pad=1), relu1=ReLU(), conv2=Conv2D(8, 3, pad=1, bias=1),
                        relu2=ReLU(), pool2=MaxPool(4, 4), flatten=Flatten(), fc3=Dense(16, bias=1), relu3=ReLU(),
                        fc4=Dense(CLASSES))
    text = watched(net, SGD(0.001), pictures(), 200).remarks["the loss"]
    assert "iases of 1 beside weights of about 0.01 (conv2, fc3) hide the picture" in text and "Caffe took biases of 0.1" in text


def test_weights_too_small_for_the_inputs():
    x, labels = pictures()
    text = watched(small("paper"), SGD(0.001), (0.1 * x, labels), 200).remarks["the loss"]
    assert "he answers hardly depend on the picture" in text and "try init he" in text


def test_labels_shuffled_against_pictures():
    x, labels = pictures(6400)
    shuffled = np.random.default_rng(1).permutation(labels)
    text = watched(small(), SGD(0.02), (x, shuffled), 200).remarks["the loss"]
    assert "still that of guessing (log(4) = 1.386)" in text
    assert "are the labels shuffled against the pictures?" in text
    assert "shuffled" not in str(watched(small(), SGD(1e-8), (x, labels), 200).remarks["the loss"])


def test_classes_of_unequal_size_have_another_chance():
    x, labels = pictures(6400)
    labels = np.where(np.random.default_rng(0).random(6400) < 0.9, 0, labels)       # nine tenths are class 0
    doctor = watched(small(), SGD(1e-8), (x, labels), 10)
    shares = np.bincount(labels[:320]) / 320
    assert doctor.chance() == pytest.approx(-(shares * np.log(shares)).sum())
    assert doctor.guessing() == f"log(4) = 1.386, or {doctor.chance():.3f} knowing how frequent each class is"


def test_an_epoch_in_which_nothing_is_learnt():
    net, optimizer = small(), SGD(1e-8)
    doctor = Doctor(net, CLASSES)
    remarks = []
    for step in train(net, optimizer, batches(*pictures(), size=16, steps=199)):
        remarks += doctor.step(step, net, optimizer)
    assert "the loss" not in [remark.where for remark in remarks]
    assert doctor.epoch(row(train_loss=1.39, train_top1=0.25, loss=1.39, top1=0.25), net, optimizer) == []      # too early
    for step in train(net, optimizer, batches(*pictures(), size=16, steps=2)):
        remarks += doctor.step(step, net, optimizer)
    again = doctor.epoch(row(train_loss=1.39, train_top1=0.25, loss=1.39, top1=0.25), net, optimizer)
    assert [remark.where for remark in remarks].count("the loss") == 1 and again == []                           # said once


# ------------------------------------------------------------------------ NaN

@pytest.mark.parametrize("where", ["conv1.w", "fc2.w", "fc3.b"])
def test_nan_in_the_weights_is_named(where):
    net, optimizer = small(), SGD(0.05)
    net.params()[where].flat[0] = np.nan
    doctor = watched(net, optimizer, pictures(), 3)
    name = where.partition(".")[0]
    assert set(doctor.remarks) == {name}                                # and nothing is said of what follows
    assert "its output is the first that holds NaN or infinity" in doctor.remarks[name]
    assert "its weights hold NaN or infinity. The loss of step 0 is nan" in doctor.remarks[name]


@pytest.mark.parametrize("where, named", [("both.one.b", "both.one"), ("both.three.w", "both.three"), ("fc2.w", "fc2")])
def test_nan_in_the_weights_of_a_path_is_named(where, named):
    net = with_paths()
    net.params()[where].flat[0] = np.nan
    remarks = watched(net, SGD(0.05), pictures(), 3).remarks
    assert set(remarks) == {named} and "its weights hold NaN or infinity. The loss of step 0 is nan" in remarks[named]


def test_nan_of_paths_that_remember_no_output_is_that_of_the_whole():
    net = npnet.Network((1, SIDE, SIDE), both=Concat([dict(one=Conv2D(4, 1)), dict(two=Conv2D(4, 1))]), relu=ReLU(),
                        flatten=Flatten(), fc2=Dense(CLASSES))
    net.params()["both.two.w"][...] = np.inf
    assert set(watched(net, SGD(0.05), pictures(), 1).remarks) == {"both"}


def test_nan_in_the_pictures_of_a_network_that_begins_with_paths():
    x, labels = pictures()
    x[3, 0, 2, 2] = np.nan
    assert watched(with_paths(), SGD(0.05), (x, labels), 2).remarks["the input"].startswith("1 of 32 pictures hold NaN")


def test_nan_in_the_pictures_is_named():
    x, labels = pictures()
    x[3, 0, 2, 2], x[5, 0, 1, 1] = np.nan, np.inf
    remarks = watched(small(), SGD(0.05), (x, labels), 2).remarks
    assert remarks["the input"].startswith("2 of 32 pictures hold NaN or infinity")


def test_infinity_by_steps_that_are_too_long():
    net = npnet.Network((1, SIDE, SIDE), flatten=Flatten(), fc1=Dense(16, init="he"), fc2=Dense(16, init="he"),
                        fc3=Dense(CLASSES, init="he"))
    remarks = watched(net, SGD(10.0), pictures(), 60).remarks
    assert "it grows" in remarks["the loss"]
    assert [text for text in remarks.values() if "nothing after this step can be used" in text]


def test_a_gradient_that_is_no_number():
    net, optimizer = small(), SGD(0.05)
    for step in train(net, optimizer, batches(*pictures(), steps=1)):
        net["fc2"].dw[0, 0] = np.inf
        remarks = Doctor(net, CLASSES).step(step, net, optimizer)
    assert remarks[0].where == "fc2" and remarks[0].text.startswith("the gradient of w holds NaN or infinity at step 0")


def test_finite_numbers_whose_sum_is_not():
    huge = np.full(4, 3e38, np.float32)
    assert finite(huge) and not finite(huge * np.array([1, 1, 1, np.nan], np.float32))


# ------------------------------------------------------------------------ the epoch

def test_overfitting_is_said_once_until_it_becomes_worse():
    net, optimizer, doctor = small(), SGD(0.05), Doctor(small(), CLASSES)
    first = doctor.epoch(row(0.1, 0.98, 0.9, 0.72), net, optimizer)
    assert [remark.where for remark in first] == ["validation"]
    assert first[0].text.startswith("98.0% right in training, 72.0% in validation, loss 0.100 and 0.900: the network learns")
    assert doctor.epoch(row(0.1, 0.98, 0.9, 0.73), net, optimizer) == []
    assert len(doctor.epoch(row(0.0, 1.00, 1.9, 0.62), net, optimizer)) == 1
    assert doctor.epoch(row(0.4, 0.88, 0.5, 0.80), net, optimizer) == []
    assert str(Remark("conv1", "it is so")) == "conv1: it is so"


def test_validation_at_chance_and_nan():
    net, optimizer = small(), SGD(0.05)
    remarks = Doctor(net, CLASSES).epoch(row(0.3, 0.9, 4.0, 0.26), net, optimizer)
    assert "no better than guessing. Are these pictures prepared as those of training are" in remarks[0].text
    remarks = Doctor(net, CLASSES).epoch(row(0.3, 0.9, math.nan, 0.25), net, optimizer)
    assert remarks[0].text.startswith("its loss is nan")
    assert Doctor(net, CLASSES).epoch(row(0.3, 0.9, None, None), net, optimizer) == []
    for loss in (1e30, math.nan):                               # it diverged, which is said where it grows
        assert Doctor(net, CLASSES).epoch(row(3e28, 0.9, loss, 0.25), net, optimizer) == []


def test_classes_that_are_never_the_answer():
    net, optimizer, doctor = small(), SGD(0.05), Doctor(small(), ("ant", "bee", "cat", "dog"))

    def steps():
        """Fifty ants and fifty cats that are known, fifty bees that are not, and no dogs."""
        for number in range(50):
            doctor.note(Step(number, 1.0, 0.05, np.eye(4, dtype=np.float32)[[0, 0, 2]], np.array([0, 1, 2])), net)
        return doctor.epoch(row(), net, optimizer)
    net.forward(np.zeros((3, *net.input_shape), np.float32))
    remarks = steps()
    assert [str(remark) for remark in remarks] == ["the answers: 1 of 4 classes is never the answer: bee. Too few training "
                                                   "pictures, or too early?"]
    assert steps() == []


# ------------------------------------------------------------------------ labels

def mnist(reference, count):
    with gzip.open(reference / "mnist" / "train-images-idx3-ubyte.gz") as file:
        x = np.frombuffer(file.read(16 + 784 * count)[16:], np.uint8).reshape(-1, 28, 28)
    with gzip.open(reference / "mnist" / "train-labels-idx1-ubyte.gz") as file:
        return x, np.frombuffer(file.read(8 + count)[8:], np.uint8).astype(int)


def judged(images, labels, names=10):
    """The fits of right labels and of shuffled ones."""
    right = Pictures(images, labels, range(names))
    return labels_fit(right), labels_fit(Pictures(images, np.random.default_rng(1).permutation(labels), range(names)))


def test_labels_of_shapes_fit_and_shuffled_ones_do_not():
    data = shapes(train=1000, test=10).train
    right, shuffled = judged(data.images, data.labels)
    assert right.fits and right.agreement > 0.25 and right.chance == pytest.approx(0.1, abs=0.01)
    assert not shuffled.fits and "are the labels shuffled against the pictures?" in str(shuffled)
    assert str(right).endswith("the labels belong to the pictures")


@pytest.mark.reference
def test_labels_of_cifar10_and_mnist_fit_and_shuffled_ones_do_not(reference):
    with np.load(reference / "cifar10_lossless_4000_1000.npz") as file:
        right, shuffled = judged(file["train_x"].transpose(0, 2, 3, 1), file["train_y"])
    assert right.pictures == 2000 and right.agreement > 0.3 and right.fits and not shuffled.fits
    x, labels = mnist(reference, 1000)
    right, shuffled = judged(x[..., None], labels)
    assert right.agreement > 0.8 and not shuffled.fits


def test_labels_of_which_nothing_can_be_said():
    random = np.random.default_rng(0)
    noise = random.integers(0, 256, (2000, 16, 16, 1), np.uint8)
    assert labels_fit(Pictures(noise[:300], np.arange(300) % 10, range(10))) is None            # too few
    assert labels_fit(Pictures(noise, np.arange(2000) % 1000, range(1000))) is None             # two of each class
    assert labels_fit(Pictures(noise, np.arange(2000) % 2, range(2))) is None                   # chance agrees too often
    assert labels_fit(Pictures(noise * 0, np.arange(2000) % 10, range(10))) is None             # nothing to compare
    assert labels_fit(Pictures(noise[:, :4, :4], np.arange(2000) % 10, range(10))) is None      # too small
    assert not labels_fit(Pictures(noise, np.arange(2000) % 10, range(10))).fits                # noise fits nothing


# ------------------------------------------------------------------------ one batch

def test_a_batch_is_learnt_by_heart():
    x, labels = pictures(32)
    seen = []
    result = overfit(small("he"), SGD(0.02), x, np.random.default_rng(0).permutation(labels), progress=lambda *at: seen.append(at))
    assert result.learnt and result.accuracy == 1 and result.loss < 0.05 and result.steps == len(result.losses) < 200
    assert seen[0] == (1, 200) and seen[-1] == (result.steps, 200)
    assert str(result).startswith("the network can learn this batch: loss ") and "100% of the 32 pictures right" in str(result)
    assert str(result).endswith("what does not learn on all data is then the data or the settings")


def test_dropout_does_not_hide_that_a_batch_is_known():
    x, labels = pictures(16)
    result = overfit(small("he", drop=Dropout(0.5), fc4=Dense(CLASSES, init="he")), SGD(0.02), x, labels, steps=400)
    assert result.learnt and result.loss < 0.05


def test_a_batch_that_cannot_be_learnt_and_why():
    x, labels = pictures(32)
    result = overfit(small("he"), SGD(0.0), x, labels, steps=20)
    assert not result.learnt and result.steps == 20
    assert str(result).startswith("the network cannot learn this batch: loss")
    assert "the rate: it is 0" in str(result) and "the causes: The rate is 0: choose one" in str(result)
    with pytest.raises(ValueError, match="overfit needs at least 1 step, got 0"):
        overfit(small(), SGD(0.01), x, labels, steps=0)


def test_a_batch_that_needs_more_steps_and_one_that_ends_in_nan():
    x, labels = pictures(32)
    assert "is learning this batch, but has not finished" in overfit(small(), SGD(0.05), x, labels, steps=8).sentence
    net = npnet.Network((1, SIDE, SIDE), flatten=Flatten(), fc1=Dense(16, init="he"), fc2=Dense(16, init="he"),
                        fc3=Dense(CLASSES, init="he"))
    with np.errstate(all="ignore"):
        result = overfit(net, SGD(10.0), x, labels)
    assert not result.learnt and result.steps < 200 and "cannot learn" in str(result)
    assert "nothing after this step can be used" in str(result)


# ------------------------------------------------------------------------ what it costs and leaves alone

def test_nothing_is_changed_by_looking():
    def trained(doctor):
        net, optimizer = small("he", drop=Dropout(0.5), fc4=Dense(CLASSES, init="he")), SGD(0.02)
        for step in train(net, optimizer, batches(*pictures(), steps=12)):
            if doctor:
                doctor.step(step, net, optimizer)
        return net.params()

    alone, looked_at = trained(None), trained(Doctor(small(), CLASSES))
    assert all(np.array_equal(alone[name], looked_at[name]) for name in alone)


def test_logits_alone_are_enough():
    """A network of another kind, whose layers remember nothing that the doctor knows: it looks at the loss."""
    class Scale(npnet.Layer):
        def forward(self, x, train=False):
            self.kept = x
            return 2 * x

        def backward(self, dy, to_input=True):
            return 2 * dy

    net, optimizer = npnet.Network((CLASSES,), scale=Scale()), SGD(0.1)
    logits, labels = np.zeros((8, CLASSES), np.float32), np.arange(8) % CLASSES
    doctor = Doctor(net, CLASSES)
    assert doctor.step(Step(0, math.log(4), 0.1, logits, labels), net, optimizer) == []
    assert str(doctor.step(Step(1, math.nan, 0.1, logits * np.nan, labels), net, optimizer)[0]).startswith(
        "scale: its output is the first that holds NaN or infinity. The loss of step 1 is nan")


# ------------------------------------------------------------------------ small last batches, masks, runs that go on

def test_a_last_batch_of_one_picture_says_nothing():
    """Its outputs do not vary, its loss is that of one picture, and it may be black: none of that is a cause."""
    net, optimizer, (x, labels) = small(), SGD(1e-9), pictures(33)
    doctor = Doctor(net, CLASSES)
    for step in train(net, optimizer, [(x[:32], labels[:32]), (0 * x[32:], labels[32:])]):
        doctor.step(step, net, optimizer)
    doctor.step(Step(2, 50.0, 1e-9, np.full((1, CLASSES), 9, np.float32), labels[:1]), net, optimizer)
    causes = " ".join(doctor.causes(net, optimizer))

    assert "vary by" not in causes and "nothing to see" not in causes and "the loss rose" not in causes


def test_a_mask_that_repeats_is_noticed():
    """A loop of one's own that leaves net.step where it is."""
    from npnet.backend import ops
    net, optimizer, (x, labels) = small(drop2=Dropout(0.5)), SGD(0.01), pictures(64)
    doctor, said = Doctor(net, CLASSES), []
    for number in range(3):
        logits = net.forward(x, train=True)
        loss, dlogits = ops.softmax_cross_entropy(logits, labels)
        net.backward(dlogits, to_input=False)
        optimizer.update(net.params(), net.grads())
        said += doctor.step(Step(number, float(loss), 0.01, logits, labels), net, optimizer)

    assert [str(remark).startswith("drop2: it throws the same units away as in the step before") for remark in said] == [True]
    assert "set net.step" in str(said[0])
    assert not watched(small(drop2=Dropout(0.5)), SGD(0.01), pictures(), 8).remarks


def test_its_state_is_small_and_brings_all_back():
    """What a resumed doctor says is what the same one would have said."""
    import json
    x, labels = pictures(2048)
    data = x, np.random.default_rng(9).permutation(labels)                              # shuffled: the loss is at chance
    net, optimizer = small(), SGD(1e-4)
    whole, said = Doctor(net, CLASSES), {"whole": [], "parts": []}
    parts = whole
    for number, step in enumerate(train(net, optimizer, batches(*data, steps=260))):
        said["whole"] += [(number, str(remark)) for remark in whole.step(step, net, optimizer)]
        if parts is not whole:
            said["parts"] += [(number, str(remark)) for remark in parts.step(step, net, optimizer)]
        else:
            said["parts"] = list(said["whole"])
        if number in (7, 120):
            state = json.dumps(parts.state())
            assert len(state) < 5000
            parts = Doctor(net, CLASSES)
            parts.restore(json.loads(state), net, lambda: batches(*data))

    assert said["parts"] == said["whole"] and any("still that of guessing" in text for _, text in said["whole"])
    assert any("are the labels shuffled against the pictures?" in text for _, text in said["whole"])


def test_the_state_of_another_network_is_refused():
    state = watched(small(), SGD(0.01), pictures(), 6).state()

    with pytest.raises(ValueError, match="what the doctor has seen is of another network"):
        Doctor(small(), CLASSES + 1).restore(state, small(), None)


def test_numpy_says_nothing_before_the_doctor_does(recwarn):
    net = small()
    result = overfit(net, SGD(1e6), *pictures(32), steps=20)

    assert result.remarks and not recwarn.list
