"""Checkpoints: everything comes back bit for bit, and what is no checkpoint gets one sentence."""
import json
import pickletools
import zipfile
from contextlib import contextmanager

import numpy as np
import pytest

import npnet
from npnet import optim
from npnet.data import Pipeline
from npnet.train import train
from npnet.weights import read_checkpoint, save_checkpoint, trained

PIPELINE = Pipeline(size=8, shorter=8, channels=3, mean=np.float32([100, 120, 140]), deviation=np.float32([50, 60, 70]), pad=1)


def small(seed=0):
    return npnet.Network((3, 8, 8), seed=seed, conv1=npnet.Conv2D(4, 3, pad=1, init="he"), norm1=npnet.BatchNorm(),
                         relu1=npnet.ReLU(), flatten=npnet.Flatten(), drop2=npnet.Dropout(0.3), fc2=npnet.Dense(3, std=0.1))


def batches(first=0, last=6):
    random = np.random.default_rng(0)
    drawn = [(random.standard_normal((5, 3, 8, 8), dtype=np.float32), random.integers(0, 3, 5)) for _ in range(last)]
    return drawn[first:]


def make(path, schedule=optim.Cosine(0.05, 6), steps=3):
    """A checkpoint after some steps, with the network and the optimizer that it is of."""
    net, optimizer = small(), npnet.SGD(schedule, clip=5, bias_lr=2)
    losses = [step.loss for step in train(net, optimizer, batches()[:steps])]
    save_checkpoint(path, net, optimizer, PIPELINE, {"epoch": 3, "settings": {"classes": ["a", "b", "c"]}}, losses)
    return net, optimizer, losses


def arrays(net):
    return net.params() | net.state()


def equal(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def test_everything_comes_back(backend, tmp_path):
    net, optimizer, losses = make(tmp_path / "a.npz")
    checkpoint = read_checkpoint(tmp_path / "a.npz")
    again = checkpoint.optimizer()

    assert equal(arrays(checkpoint.network()), arrays(net))
    assert equal(again.velocity, optimizer.velocity)
    assert again.velocity["conv1.w"].dtype == np.float32
    assert repr(again) == repr(optimizer) and again.steps == 3
    assert checkpoint.losses.tolist() == losses
    assert checkpoint.about["epoch"] == 3
    assert checkpoint.about["versions"]["backend"] == backend and checkpoint.about["versions"]["numpy"] == np.__version__
    assert checkpoint.pipeline() == PIPELINE


def test_training_goes_on_bit_for_bit(backend, tmp_path):
    whole, optimizer = small(), npnet.SGD(optim.Cosine(0.05, 6), clip=5, bias_lr=2)
    list(train(whole, optimizer, batches()))
    make(tmp_path / "a.npz")
    checkpoint = read_checkpoint(tmp_path / "a.npz")
    half, again = checkpoint.network(), checkpoint.optimizer()
    list(train(half, again, batches(3)))

    assert equal(arrays(half), arrays(whole)) and equal(again.velocity, optimizer.velocity)


@pytest.mark.parametrize("schedule", [
    optim.Constant(0.1), optim.StepDecay(0.1, 5, 0.3), optim.MultiStep(0.1, (2, 4)), optim.Polynomial(0.1, 9, 2.0),
    optim.Cosine(0.1, 9, 0.01), optim.WarmUp(4, optim.Cosine(0.1, 9)), optim.Plateau(0.1, patience=0)])
def test_schedules_come_back_with_what_they_remember(schedule, tmp_path):
    schedule.saw(0.5), schedule.saw(0.6)
    make(tmp_path / "a.npz", schedule, steps=1)
    again = read_checkpoint(tmp_path / "a.npz").optimizer().schedule

    assert type(again) is type(schedule)
    assert [again(step) for step in range(12)] == [schedule(step) for step in range(12)]
    for one in (again, schedule):
        one.saw(0.55)
    assert again == schedule


def test_npnet_load_reads_it_as_a_network(tmp_path):
    net = make(tmp_path / "a.npz")[0]

    assert equal(arrays(npnet.load(tmp_path / "a.npz")), arrays(net))


def test_filling_a_network_that_is_there(tmp_path):
    net = make(tmp_path / "a.npz")[0]
    other = small()
    read_checkpoint(tmp_path / "a.npz").fill(other)

    assert equal(arrays(other), arrays(net))


def test_filling_another_network_is_refused(tmp_path):
    make(tmp_path / "a.npz")

    for other, what in [(npnet.without(small(), "norm1"), "other layers"), (small(seed=5), "another seed")]:
        with pytest.raises(ValueError, match=f"a.npz was saved from a network with {what}; build the same one"):
            read_checkpoint(tmp_path / "a.npz").fill(other)


def test_nothing_is_a_pickle(tmp_path):
    make(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "a.npz") as file:
        for name in file.namelist():
            assert file.read(name)[:6] == b"\x93NUMPY"
            header = file.read(name)[10:80]
            assert b"'|O'" not in header
            with pytest.raises((ValueError, IndexError, KeyError)):
                list(pickletools.genops(file.read(name)))
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)


def test_a_schedule_of_ones_own_cannot_be_saved(tmp_path):
    with pytest.raises(TypeError, match="cannot save the schedule .*; the schedules of npnet.optim can be saved: Constant"):
        save_checkpoint(tmp_path / "a.npz", small(), npnet.SGD(lambda step: 0.1))
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------------- what is no checkpoint

def test_every_truncation_is_one_sentence(tmp_path):
    make(tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    for length in [*range(0, len(whole), len(whole) // 40), len(whole) - 1]:
        (tmp_path / "cut.npz").write_bytes(whole[:length])
        with pytest.raises(ValueError, match="cut.npz is damaged, or is not"):
            read_checkpoint(tmp_path / "cut.npz")


def test_damage_is_noticed_wherever_it_is(tmp_path):
    make(tmp_path / "whole.npz")
    whole = bytearray((tmp_path / "whole.npz").read_bytes())
    random, noticed = np.random.default_rng(0), 0
    before = read_checkpoint(tmp_path / "whole.npz")
    for place in random.integers(0, len(whole), 150):
        damaged = whole.copy()
        damaged[place] ^= 0xFF
        (tmp_path / "bad.npz").write_bytes(damaged)
        try:
            checkpoint = read_checkpoint(tmp_path / "bad.npz")
            # bytes that zip files keep twice or do not use, such as dates
            assert equal(checkpoint.velocity, before.velocity) and equal(arrays(checkpoint.network()), arrays(before.network()))
        except ValueError as error:
            assert "bad.npz" in str(error)
            noticed += 1
    assert noticed > 100


@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x04K\x01.", b"PK\x03\x04 no zip"])
def test_foreign_files(content, tmp_path):
    (tmp_path / "a.npz").write_bytes(content)

    with pytest.raises(ValueError, match="a.npz is damaged, or is not a network that npnet saved"):
        read_checkpoint(tmp_path / "a.npz")


def test_a_network_without_a_training(tmp_path):
    small().save(tmp_path / "a.npz")

    with pytest.raises(ValueError, match="a.npz holds a network, but no training that could go on"):
        read_checkpoint(tmp_path / "a.npz")


def test_arrays_of_somebody_else(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(3))

    with pytest.raises(ValueError, match="a.npz is damaged, or is not a network that npnet saved"):
        read_checkpoint(tmp_path / "a.npz")


@pytest.mark.parametrize("change, message", [
    (lambda about: about["optimizer"].update(schedule={"kind": "Magic"}), "describes no optimizer"),
    (lambda about: about["optimizer"].pop("momentum"), "describes no optimizer"),
    (lambda about: about["optimizer"].update(momentum=7), "describes no optimizer"),
    (lambda about: about.update(pipeline="hello"), "describes no pipeline"),
    (lambda about: about["pipeline"].update(std=None), "describes no pipeline"),
])
def test_settings_that_were_changed_by_hand(change, message, tmp_path):
    make(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        kept = {name: file[name] for name in file.files}
    about = json.loads(str(kept["training/about"]))
    change(about)
    np.savez(tmp_path / "b.npz", **{**kept, "training/about": np.array(json.dumps(about))})

    with pytest.raises(ValueError, match=message):
        checkpoint = read_checkpoint(tmp_path / "b.npz")
        checkpoint.optimizer(), checkpoint.pipeline()


@pytest.mark.parametrize("change", [
    {"training/about": np.array("{no JSON")}, {"training/about": np.array("[1]")}, {"training/losses": None},
    {"training/about": np.array("7")}])
def test_a_checkpoint_with_parts_that_are_none(change, tmp_path):
    make(tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        kept = {name: file[name] for name in file.files} | change
    np.savez(tmp_path / "b.npz", **{name: array for name, array in kept.items() if array is not None})

    with pytest.raises(ValueError, match="b.npz is damaged, or is not a checkpoint that npnet saved"):
        read_checkpoint(tmp_path / "b.npz")


@contextmanager
def room_for(size):
    """The system lets this process write no file that is longer."""
    resource = pytest.importorskip("resource", reason="this system has no limits to set")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_keeps_the_old_one(tmp_path):
    make(tmp_path / "a.npz")
    before = (tmp_path / "a.npz").read_bytes()

    for size in (100, len(before) // 2, len(before) - 10):
        with room_for(size), pytest.raises(OSError, match="there is no room left to write .*a.npz; free some space"):
            make(tmp_path / "a.npz", steps=4)
        assert (tmp_path / "a.npz").read_bytes() == before
        assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


# ---------------------------------------------------------------------------- trained networks

def test_trained_has_all_that_answers_need(tmp_path):
    net = make(tmp_path / "best.npz")[0]
    for name in (tmp_path, tmp_path / "best.npz"):
        one = trained(name)
        assert equal(arrays(one.net), arrays(net)) and one.pipeline == PIPELINE and one.classes == ("a", "b", "c")


def test_a_folder_prefers_the_best(tmp_path):
    make(tmp_path / "last.npz", steps=2)
    assert trained(tmp_path).net.params()["fc2.w"].sum() == make(tmp_path / "other.npz", steps=2)[0].params()["fc2.w"].sum()
    net = make(tmp_path / "best.npz", steps=4)[0]
    assert equal(trained(tmp_path).net.params(), net.params())


def test_names_and_pipelines_that_do_not_fit_the_network(tmp_path):
    net, optimizer, losses = make(tmp_path / "a.npz")
    save_checkpoint(tmp_path / "a.npz", net, optimizer, PIPELINE, {"settings": {"classes": ["a", "b"]}})
    with pytest.raises(ValueError, match="a.npz has 2 names for 3 outputs"):
        trained(tmp_path / "a.npz")
    save_checkpoint(tmp_path / "a.npz", net, optimizer, Pipeline(size=9, shorter=9, channels=3))
    with pytest.raises(ValueError, match=r"its pipeline makes pictures \[3, 9, 9\], its network reads \[3, 8, 8\]"):
        trained(tmp_path / "a.npz")


@pytest.mark.parametrize("name, message", [
    ("", "holds no run: there is neither best.npz nor last.npz in it"),
    ("nowhere.npz", "there is no file .*nowhere.npz, and npnet ships no network of that name; it ships cifar_alexnet"),
])
def test_what_is_no_trained_network(name, message, tmp_path):
    with pytest.raises(FileNotFoundError, match=message):
        trained(tmp_path / name)


def test_without_a_pipeline(tmp_path):
    save_checkpoint(tmp_path / "a.npz", small(), npnet.SGD())

    with pytest.raises(ValueError, match="a.npz does not say how its pictures are prepared"):
        trained(tmp_path / "a.npz")


# ---------------------------------------------------------------------------- edited by hand

def edited(path, change):
    """The checkpoint of a run, after change(arrays, about, architecture) has been at it."""
    net, optimizer, losses = make(path)
    row = {"epoch": 1, "steps": 2, "lr": 0.1, "train_loss": 1.0, "train_top1": 0.5, "loss": None, "top1": None, "top5": None,
           "seconds": 1.0, "waiting": 0.0}
    sums = {"batches": 1, "pictures": 5, "loss": 5.0, "right": 2, "seconds": 0.1, "waiting": 0.0}
    about = {"settings": {"classes": ["a", "b", "c"]}, "rows": [row], "sums": sums, "best": None, "waited": 0, "chooses": True,
             "remarks": ["one"], "stopped": ""}
    save_checkpoint(path, net, optimizer, PIPELINE, about, losses, [0.1, 0.1, 0.1])
    read_checkpoint(path)
    with np.load(path) as file:
        kept = {name: file[name] for name in file.files}
    about, architecture = (json.loads(str(kept[name])) for name in ("training/about", "architecture"))
    change(kept, about, architecture)
    kept |= {"training/about": np.array(json.dumps(about)), "architecture": np.array(json.dumps(architecture))}
    np.savez(path, **{name: array for name, array in kept.items() if array is not None})
    return path


def put(place, *keys, value):
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value


@pytest.mark.parametrize("change, words", [
    (lambda arrays, about, net: put(net, "layers", 0, 2, "filters", value=10 ** 6), "conv1.w has shape"),
    (lambda arrays, about, net: put(net, "layers", 5, 2, "units", value=10 ** 9), "fc2.w has shape"),
    (lambda arrays, about, net: put(net, "layers", value=None), "its layers must be of type list"),
    (lambda arrays, about, net: put(net, "frozen", value=3), "its frozen must be of type list"),
    (lambda arrays, about, net: put(arrays, "conv1.w", value=arrays["conv1.w"] * np.nan), "conv1.w holds NaN or infinity"),
    (lambda arrays, about, net: put(about, "rows", 0, "train_loss", value=np.nan), "training/about holds NaN"),
    (lambda arrays, about, net: put(about, "optimizer", "momentum", value=np.nan), "training/about holds NaN"),
    (lambda arrays, about, net: put(arrays, "pipeline/mean", value=None), "describes no pipeline .*has no mean"),
    (lambda arrays, about, net: put(arrays, "pipeline/mean", value=np.zeros((3, 9, 9), np.float32)), "describes no pipeline"),
    (lambda arrays, about, net: put(arrays, "pipeline/deviation", value=None), "describes no pipeline .*has no deviation"),
    (lambda arrays, about, net: put(arrays, "pipeline/mean", value=np.full(3, np.inf, np.float32)), "pipeline/mean holds NaN or infinity"),
    (lambda arrays, about, net: put(about, "pipeline", value=None), "describes no pipeline .*its settings must be a dict, got None"),
    (lambda arrays, about, net: put(about, "pipeline", "size", value="eight"), "describes no pipeline"),
    (lambda arrays, about, net: about["rows"][0].pop("seconds"), "rows 0 has no seconds"),
    (lambda arrays, about, net: put(about, "rows", 0, "top1", value="half"), "rows 0: top1 must be a finite number, got 'half'"),
    (lambda arrays, about, net: put(about, "rows", 0, "epoch", value=7), "its rows are not those of the epochs 1, 2, 3"),
    (lambda arrays, about, net: put(about, "rows", value=None), "rows must be a list, got None"),
    (lambda arrays, about, net: put(about, "sums", value=[]), r"sums must be a dict, got \[\]"),
    (lambda arrays, about, net: put(about, "sums", "batches", value=2), "it has 3 losses and 3 rates of 4 steps"),
    (lambda arrays, about, net: put(about, "best", value=3), "best must be a dict, got 3"),
    (lambda arrays, about, net: put(about, "waited", value=True), "waited must be a int, got True"),
    (lambda arrays, about, net: put(about, "remarks", value=[1]), "remarks 0 must be a str, got 1"),
    (lambda arrays, about, net: put(about, "settings", value="none"), "settings must be a dict"),
    (lambda arrays, about, net: put(about, "settings", "classes", value=7), "classes must be a list, got 7"),
    (lambda arrays, about, net: put(about, "versions", value=1), "versions must be a dict"),
    (lambda arrays, about, net: put(about, "optimizer", value=None), "describes no optimizer"),
    (lambda arrays, about, net: put(about, "optimizer", "steps", value="3"), "describes no optimizer .*steps must be a int"),
    (lambda arrays, about, net: put(about, "optimizer", "schedule", "lr", value="fast"), "describes no optimizer .*lr must be"),
    (lambda arrays, about, net: put(about, "optimizer", "schedule", value=None), "describes no optimizer"),
    (lambda arrays, about, net: put(arrays, "velocity/conv1.w", value=None), "velocity/conv1.w is missing after 3 steps"),
    (lambda arrays, about, net: put(arrays, "velocity/conv1.w", value=np.zeros((4, 3, 1, 1), np.float32)), "velocity/conv1.w is float32"),
    (lambda arrays, about, net: put(arrays, "velocity/magic.w", value=np.zeros(3, np.float32)), "velocity/magic.w .*is missing"),
    (lambda arrays, about, net: put(arrays, "velocity/fc2.b", value=np.full(3, np.nan, np.float32)), "velocity/fc2.b holds NaN"),
    (lambda arrays, about, net: put(arrays, "training/losses", value=np.zeros(2)), "it has 2 losses and 3 rates of 3 steps"),
    (lambda arrays, about, net: put(arrays, "training/rates", value=np.zeros(2)), "it has 3 losses and 2 rates of 3 steps"),
    (lambda arrays, about, net: put(arrays, "training/rates", value=np.array([1, 2, np.inf])), "training/rates holds NaN or infinity"),
    (lambda arrays, about, net: put(arrays, "training/losses", value=np.zeros((3, 1))), "training/losses must be a row of float64"),
])
def test_what_was_edited_by_hand_is_one_sentence_before_anything_is_built(change, words, tmp_path):
    path = edited(tmp_path / "a.npz", change)

    with pytest.raises(ValueError, match=words) as error:
        read_checkpoint(path)
    assert "a.npz" in str(error.value) and "\n" not in str(error.value)


def test_rates_in_the_json_are_those_of_0_1_0(tmp_path):
    def older(arrays, about, architecture):
        about["rates"] = arrays.pop("training/rates").tolist()
    checkpoint = read_checkpoint(edited(tmp_path / "a.npz", older))

    assert checkpoint.rates.tolist() == [0.1, 0.1, 0.1] and "rates" not in checkpoint.about
