"""The doctor: every fault is made to happen in a small network, and a healthy training gives no remark."""
import gzip
import math

import numpy as np
import pytest

import npnet
from npnet.data.sets import Pictures
from npnet.data.shapes import shapes
from npnet.fit.doctor import Doctor, Finding
from npnet.fit.doctor import doctor as core
from npnet.fit.doctor.case import cross_entropy, facts_of
from npnet.fit.doctor.ends import Ends
from npnet.fit.doctor.finding import ranked, remark_of, remark_with_causes
from npnet.fit.labels import labels_fit
from npnet.fit.measures import finite
from npnet.fit.overfit import overfit
from npnet.layers import (AdaptiveAvgPool, BatchNorm, Concat, Conv2D, Dense, Dropout, Flatten, MaxPool, ReLU, Sigmoid, Softmax,
                          Tanh)
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
    doctor.remarks, doctor.names_heard = {}, [remark.name for remark in remarks]
    for remark in remarks:
        doctor.remarks[remark.where] = doctor.remarks.get(remark.where, "") + remark.text
    return doctor


def row(train_loss=1.0, train_top1=0.6, loss=1.1, top1=0.55):
    return dict(epoch=1, steps=10, lr=0.01, train_loss=train_loss, train_top1=train_top1, loss=loss, top1=top1, top5=1.0,
                seconds=1.0)


# ------------------------------------------------------------------------ healthy

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
    assert doctor.remarks == {} and np.mean(list(doctor.course.losses)[-10:]) < 2


# ------------------------------------------------------------------------ the first step

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


# ------------------------------------------------------------------------ the rate

def with_paths(init="he"):
    """The small network with two paths in place of its convolution."""
    paths = [dict(one=Conv2D(4, 1, init=init), relu_one=ReLU()), dict(three=Conv2D(4, 3, pad=1, init=init), relu_three=ReLU())]
    return npnet.Network((1, SIDE, SIDE), both=Concat(paths), pool1=MaxPool(2, 2), flatten=Flatten(), drop2=Dropout(0.1),
                         fc2=Dense(CLASSES, init=init))


# ------------------------------------------------------------------------ a loss at chance

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


def test_nan_in_the_pictures_of_a_network_that_begins_with_a_flatten():
    x, labels = pictures()
    x[3, 0, 2, 2] = np.nan
    net = npnet.Network((1, SIDE, SIDE), flatten=Flatten(), fc1=Dense(16), relu1=ReLU(), fc2=Dense(CLASSES))
    doctor = watched(net, SGD(0.05), (x, labels), 2)
    assert doctor.names_heard == ["nan-input"] and doctor.remarks["the input"].startswith("1 of 32 pictures hold NaN")


def test_infinity_by_steps_that_are_too_long():
    net = npnet.Network((1, SIDE, SIDE), flatten=Flatten(), fc1=Dense(16, init="he"), fc2=Dense(16, init="he"),
                        fc3=Dense(CLASSES, init="he"))
    remarks = watched(net, SGD(10.0), pictures(), 60).remarks
    assert "it grows" in remarks["the loss"]
    assert [text for text in remarks.values() if "nothing after this step can be used" in text]


def test_finite_numbers_whose_sum_is_not():
    huge = np.full(4, 3e38, np.float32)
    assert finite(huge) and not finite(huge * np.array([1, 1, 1, np.nan], np.float32))


# ------------------------------------------------------------------------ the epoch

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
    assert labels_fit(Pictures(noise[:450], np.arange(450) % 2, range(2))) is None              # chance agrees too often
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


@pytest.mark.parametrize("times", [1, 2])
def test_the_usual_loss_is_computed_again_at_looks_alone(times, monkeypatch):
    """That is a tenth of what a step costs him; of a loss of one's own it is needed at each step."""
    doctor, net, asked = Doctor(small(), CLASSES), small(), []
    monkeypatch.setattr(core, "cross_entropy", lambda *given: asked.append(doctor.seen) or cross_entropy(*given))
    for step in train(net, SGD(0.001), batches(*pictures(), steps=102)):
        doctor.step(step._replace(loss=times * step.loss), net, None)
        assert doctor.case.loss == pytest.approx(step.loss, rel=1e-5)
    assert asked == ([*range(1, 51), 100] if times == 1 else [*range(1, 103)])


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

def test_numpy_says_nothing_before_the_doctor_does(recwarn):
    net = small()
    result = overfit(net, SGD(1e6), *pictures(32), steps=20)

    assert result.remarks and not recwarn.list


# ------------------------------------------------------------------------ how the network ends and begins

def test_weights_that_are_too_large():
    net = small()
    for w in net.params().values():
        w *= 20
    doctor = watched(net, SGD(1e-9), pictures(), 1)
    assert doctor.names_heard == ["weights-large"]
    assert "where a network that prefers no class starts at log(4) = 1.39" in doctor.remarks["the loss"]


def test_weights_that_are_all_zero_are_named_once():
    net = small()
    for array in net.params().values():
        array[...] = 0
    doctor = watched(net, SGD(0.05), pictures(), 200)
    assert doctor.names_heard[0] == "equal-weights"
    assert doctor.remarks["conv1, fc2, fc3"].startswith("all weights are 0, so all units of a layer compute the same")


def test_a_relu_at_the_end():
    remarks = watched(small(relu3=ReLU()), SGD(0.01), pictures(), 1).remarks
    assert "the outputs are never below 0" in remarks["relu3"] and "end the network before relu3" in remarks["relu3"]


@pytest.mark.parametrize("last, lowest", [(Sigmoid(), 0.74), (Tanh(), 0.34)], ids=repr)
def test_a_sigmoid_or_tanh_at_the_end(last, lowest):
    doctor = watched(small(last=last), SGD(0.01), pictures(), 1)
    assert doctor.names_heard == ["outputs-bounded"]
    assert f"the loss cannot fall below {lowest}; end the network before last" in doctor.remarks["last"]


def test_means_of_maps_of_a_relu_and_small_outputs_of_a_dense_layer_are_no_such_end():
    x, labels = pictures(64)
    layers = dict(conv1=Conv2D(16, 3, init="he"), relu1=ReLU(), conv2=Conv2D(CLASSES, 1, init="he"), relu2=ReLU())
    mean = npnet.Network((1, SIDE, SIDE), **layers, pool2=AdaptiveAvgPool(1), flatten=Flatten())
    mean["conv2"].b[:2] = -100                                          # maps that are 0: half of the outputs
    assert not watched(mean, SGD(1e-9), (x, labels), 1).remarks
    low = small()
    low["fc3"].w[...] *= 1e-3
    low["fc3"].b[...] = 0.5
    assert {cause.name for cause in Ends.suspects(*asked(low, x, labels))} <= {"weights-small"}


def asked(net, x, labels):
    """The examiner of ends, and a case of one step."""
    doctor, optimizer = Doctor(net, CLASSES), SGD(1e-9)
    for step in train(net, optimizer, [(x, labels)]):
        doctor.step(step, net, optimizer)
    return doctor.examiners[0], doctor.case


def test_dropout_that_keeps_little_makes_the_first_loss_large_and_not_the_weights():
    wide = small("he", fc2=Dense(400, init="he"), drop2=Dropout(0.97), fc3=Dense(CLASSES, init="he"))
    assert wide["fc3"].w.shape == (400, CLASSES)
    with np.errstate(all="ignore"):
        for net, named in ((wide, False), (small("he", fc3=Dense(CLASSES, std=60)), True)):
            ends, case = asked(net, *pictures(64))
            assert (ends.first_loss > 4) and named == any(one.name == "weights-large" for one in ends.suspects(case))


def test_by_heart_is_not_said_after_what_it_contradicts():
    doctor = Doctor(small(), CLASSES)
    heart = Finding("by-heart", "validation", "so", "do", 0.8, alone=True)
    assert not doctor.explained(heart)
    doctor.remember([Finding("classes-differ", "validation", "so", "do", 0.5, alone=True)])
    assert doctor.explained(heart) and doctor.speak([heart]) == []


def test_biases_of_one_beside_small_weights():
    """Trap 17: the paper's start can leave the loss at log(classes) for long."""
    net = npnet.Network((1, SIDE, SIDE), conv1=Conv2D(8, 3, pad=1), relu1=ReLU(), conv2=Conv2D(8, 3, pad=1, bias=1),
                        relu2=ReLU(), pool2=MaxPool(4, 4), flatten=Flatten(), fc3=Dense(16, bias=1), relu3=ReLU(),
                        fc4=Dense(CLASSES))
    text = watched(net, SGD(0.001), pictures(), 400).remarks["the loss"]
    assert "biases of 1 beside weights of about 0.01 hide the picture" in text and "Caffe's biases of 0.1" in text


# ------------------------------------------------------------------------ a loss of one's own

def own_loop(loss, steps=8, net=None, update=None):
    """The names of what the doctor remarks in a loop that is wholly one's own, and the texts."""
    net, optimizer = net or small(), SGD(0.05)
    doctor, remarks = Doctor(net, CLASSES), []
    for number, (x, labels) in enumerate(batches(*pictures(), steps=steps)):
        net.step = number
        logits = net.forward(x, train=True)
        value, dlogits = loss(logits, labels)
        net.backward(dlogits.astype(np.float32), to_input=False)
        (update or optimizer.update)(net.params(), net.grads())
        remarks += doctor.step(Step(number, float(value), 0.05, logits, labels), net, optimizer)
    return [remark.name for remark in remarks], " ".join(map(str, remarks))


def test_a_loss_that_takes_the_logarithm_of_zero():
    def own(logits, labels):
        p = npnet.ops.softmax_forward(50 * logits)
        with np.errstate(divide="ignore"):
            return -np.log(p[np.arange(len(labels)), labels] * 0).mean(), npnet.ops.softmax_cross_entropy(logits, labels)[1]
    names, text = own_loop(own, 3)
    assert names == ["loss-log-zero"] and "the loss takes the logarithm of a probability that is 0" in text


def test_a_loss_of_ones_own_on_probabilities_of_ones_own_is_healthy():
    def own(p, labels):
        rows = np.arange(len(labels))
        dp = np.zeros_like(p)
        dp[rows, labels] = -1 / (len(labels) * p[rows, labels])
        return -np.log(p[rows, labels]).mean(), dp
    assert own_loop(own, 150, small(prob=Softmax()))[0] == []


def test_the_loss_is_computed_again():
    logits = np.random.default_rng(0).normal(0, 1, (8, CLASSES))
    labels = np.arange(8) % CLASSES
    expected = npnet.ops.softmax_cross_entropy(logits, labels)[0]
    assert cross_entropy(logits, labels, 7.0) == pytest.approx(float(expected), rel=1e-6)
    with pytest.raises(ValueError, match=r"the doctor needs labels from 0 to 3, got 0 to 4"):
        facts_of(logits, labels + (labels == 3))
    with pytest.raises(ValueError, match=r"the doctor needs logits \(N, classes\) and labels \(N,\), whole numbers"):
        facts_of(logits, labels.astype(float))


@pytest.mark.parametrize("wrong, sentence", [
    (lambda: Doctor(small(), None), "classes must be a whole number, or a list of their names, got None"),
    (lambda: Doctor(small(), "abcd"), "classes must be a whole number, or a list of their names, got 'abcd'"),
    (lambda: Doctor(4, small()), "the doctor needs a Network, got a int"),
    (lambda: first_step((0, 1.4, 0.01)), r"an npnet.train.Step\(number, loss, lr, logits, labels\), got a tuple"),
    (lambda: first_step(Step(0, np.ones(8), 0.01, *TOLD)), "a loss that is one number, the mean .* got a ndarray"),
    (lambda: first_step(Step(0, None, 0.01, *TOLD)), "a loss that is one number, the mean .* got a NoneType"),
    (lambda: first_epoch(train_top1=None), "the doctor needs the train_top1 of an epoch, got epoch, steps, lr"),
    (lambda: first_epoch(top1=None), "the loss and the top1 of validation, or neither, got one of them"),
    (lambda: first_epoch(top1=55.0), "top1 must be a share of right answers from 0 to 1, got 55.0"),
    (lambda: Doctor(small(), CLASSES).restore({}, small(), None), "the doctor has no said"),
    (lambda: overfit(small(), SGD(0.1), *pictures(8), steps=2.5), "steps must be a whole number of at least 1, got 2.5")])
def test_what_a_loop_of_ones_own_may_give_by_mistake(wrong, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        wrong()


TOLD = np.zeros((8, CLASSES), np.float32), np.arange(8) % CLASSES       # logits and labels


def first_step(step):
    return Doctor(small(), CLASSES).step(step, small(), None)


def first_epoch(**changes):
    return Doctor(small(), CLASSES).epoch(row() | changes, small(), None)


# ------------------------------------------------------------------------ the order of causes

def finding(name, explains, wants="", where="x", alone=False):
    return Finding(name, where, "it was 3", "do this", explains, alone, wants=wants)


def test_causes_are_ranked_and_never_contradict_each_other():
    high, low = finding("rate-high", 0.6, "rate down"), finding("rate-low", 0.7, "rate up")
    assert ranked([high, low]) == [low]                                 # the stronger of the two
    assert ranked([high, finding("dead", 0.55), high]) == [high, finding("dead", 0.55)]
    proof, sure = finding("ascent", 1.0), finding("labels-shuffled", 0.85)
    assert ranked([finding("dead", 0.4), proof, high, sure]) == [proof, sure]           # no guess beside a proof
    assert len(ranked([finding("dead", 0.5, where=str(n)) for n in range(5)])) == 3


def test_remarks_of_one_and_of_several_findings():
    one, two = finding("dead", 0.5, where="relu1"), finding("ascent", 1.0, where="fc2")
    assert str(remark_of([one])) == "relu1: it was 3; do this" and remark_of([one]).name == "dead"
    assert str(remark_of([two, one])) == "the training: (1) fc2: it was 3; do this. (2) relu1: it was 3; do this."
    remark = remark_with_causes("the loss", "it grows", [two], "grows")
    assert str(remark) == "the loss: it grows. Cause: fc2: it was 3; do this." and remark.name == "ascent"
    assert remark_with_causes("the loss", "it grows", [], "grows").name == "grows"


def test_remarks_in_lines_have_a_line_and_a_name_for_each_cause():
    one, two = finding("dead", 0.5, where="relu1"), finding("ascent", 1.0, where="fc2")
    lines = "relu1: it was 3; to do: do this [dead]", "fc2: it was 3; to do: do this [ascent]"
    assert remark_of([one]).lines == [lines[0]]
    assert remark_of([two, one]).lines == ["the training:", f"(1) {lines[1]}", f"(2) {lines[0]}"]
    assert remark_with_causes("the loss", "it grows", [two], "grows").lines == [
        "the loss: it grows", f"Cause: {lines[1]}"]
    assert remark_with_causes("the loss", "it grows", [one, two], "grows").lines == [
        "the loss: it grows", f"(1) {lines[0]}", f"(2) {lines[1]}"]
    assert remark_with_causes("the loss", "it grows", [], "grows").lines == ["the loss: it grows [grows]"]


# ------------------------------------------------------------------------ a run that goes on

def test_the_state_of_another_network_or_a_damaged_one_is_refused():
    state = watched(small(), SGD(0.01), pictures(), 6).state()
    with pytest.raises(ValueError, match="what the doctor has seen is of other classes"):
        Doctor(small(), CLASSES + 1).restore(state, small(), None)
    with pytest.raises(ValueError, match="the doctor's Ends has no first_loss"):
        Doctor(small(), CLASSES).restore(state | {"examiners": {}}, small(), None)
    bad = {name: dict(one) for name, one in state["examiners"].items()}
    bad["Course"]["highest_at"] = "often"
    with pytest.raises(ValueError, match="the doctor's Course: highest_at must be a int, got 'often'"):
        Doctor(small(), CLASSES).restore(state | {"examiners": bad}, small(), None)


def test_an_activation_that_overflows_at_the_first_step_has_no_weights_to_blame():
    class Exponential(npnet.Layer):
        def forward(self, x, train=False):
            with np.errstate(over="ignore"):
                self.y = np.exp(x)
            return self.y

        def backward(self, dy):
            return dy * self.y
    x, labels = pictures()
    doctor = watched(small(relu1=Exponential()), SGD(0.01), (1000 * x, labels), 1)
    assert "nan-weights" not in doctor.names_heard and len(doctor.names_heard) == 1
