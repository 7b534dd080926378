"""npnet evaluate: what it says, which pictures it leaves out, where its picture goes."""
import json
import re
import shutil

import numpy as np
import pytest
from colours import COLOURS, coloured, noisy, train, width
from PIL import Image
from rich.cells import cell_len

from npnet.cli import main
from npnet.cli.evaluate import confusions, met
from npnet.data import dataset
from npnet.fit import answers, score
from npnet.screen import print_table
from npnet.weights import trained

pytestmark = pytest.mark.usefixtures("here")


def evaluate(capsys, *words, code=0):
    """What npnet evaluate prints, its long lines joined; of a refusal, the sentence."""
    capsys.readouterr()
    assert main(["evaluate", *map(str, words), "--workers", "0"]) == code
    streams = capsys.readouterr()
    return " ".join((streams.out if code == 0 else streams.err).split())


def test_evaluate(runs, capsys):
    assert main(["evaluate", str(runs / "a")]) == 0
    said = capsys.readouterr().out

    assert "on 15 pictures of colours, test" in " ".join(said.split())
    assert re.search(r"^100.00 % of 15 pictures right \(only 15 pictures: one is 6.7 %\), loss 0\.\d{4}$", said, re.MULTILINE)
    assert re.search(r"^green +5  100.0 %", said, re.MULTILINE) and "best five" not in said and "error" not in said


def test_the_picture_goes_into_the_runs_folder_or_where_save_says(runs, here, capsys):
    shutil.copytree(runs / "a", "a")
    assert "the confusion matrix is a/evaluation.png" in evaluate(capsys, "a")
    assert "the confusion matrix is a/evaluation.png" in evaluate(capsys, "a/last.npz")         # drawn anew
    assert "confusion matrix" not in evaluate(capsys, "a", runs / "b")                          # whose folder?
    assert "the confusion matrix is both.png" in evaluate(capsys, "a", runs / "b", "--save", "both.png")
    assert width("a/evaluation.png") > 200 and {path.name for path in here.iterdir()} == {"a", "both.png"}

    (here / "a" / "evaluation.png").write_bytes(b"mine")
    assert "a/evaluation.png is there and was not drawn by npnet" in evaluate(capsys, "a", code=2)
    assert (here / "a" / "evaluation.png").read_bytes() == b"mine"


def test_training_pictures_are_left_out_wherever_they_lie(here, capsys):
    """Of a folder that was moved, and of one with new pictures among those that were trained on."""
    coloured(here, set=10)
    train("set", "--epochs", "1", "--validation", "3", "--out", "a")
    place = shutil.move("set", "elsewhere")
    assert "a was trained on" in (said := evaluate(capsys, "a", code=2)) and "give its new place with --data" in said
    assert "a on 6 pictures of elsewhere; 24 others were seen in training" in evaluate(capsys, "a", "--data", place)

    for number, colour in enumerate(["red", "green", "blue"]):
        image = np.full((30, 40, 3), COLOURS[colour], np.uint8)
        image[0, 0] = number
        Image.fromarray(image).save(here / "elsewhere" / colour / "new.png")
    assert "a on 9 pictures of elsewhere; 24 others" in evaluate(capsys, "a", "--data", place)
    assert "a on 24 pictures of elsewhere, those that were seen in training" in evaluate(
        capsys, "a", "--data", place, "--part", "train")


def test_classes_are_known_by_their_names(runs, here, capsys):
    """A folder lists its classes by the alphabet, whatever the order in which a network learnt them."""
    coloured(here, set=4)
    said = evaluate(capsys, runs / "a", "--data", "set")

    assert "on 12 pictures of set 100.00 % of 12 pictures right" in said


def test_a_part_of_the_classes_is_enough(runs, here, capsys):
    coloured(here, set=4)
    shutil.rmtree("set/green")
    (here / "set" / "red").rename(here / "set" / "Red")
    said = evaluate(capsys, runs / "a", "--data", "set")
    assert "set has 2 of the 3 classes that" in said and "100.00 % of 8 pictures right" in said

    (here / "set" / "blue").rename(here / "set" / "n02391049_zebra")
    said = evaluate(capsys, runs / "a", "--data", "set", code=2)
    assert "not the name of one class of the network: n02391049_zebra" in said
    assert "for ImageNet's numbers such as n02391049, give --names synset_words.txt" in said


def test_of_many_classes_those_that_were_met_are_drawn():
    matrix = np.zeros((50, 50), int)
    matrix[3, 3] = matrix[7, 40] = 2
    small, names = met(matrix, [f"class {k}" for k in range(50)])
    assert names == ["class 3", "class 7", "class 40"] and small.tolist() == [[2, 0, 0], [0, 0, 2], [0, 0, 0]]
    assert len(met(matrix[:10, :10], list("abcdefghij"))[1]) == 10


@pytest.mark.long
@pytest.mark.reference
@pytest.mark.parametrize("folders", [("n02391049", "n02787622", "n01440764"), ("zebra", "Banjo", "n01440764_tench"),
                                     ("zebra", "banjo", "tench, Tinca tinca")])
def test_folders_of_imagenet_are_a_part_of_its_classes(folders, reference, here, capsys):
    for file, folder in zip(("n02391049_zebra", "n02787622_banjo", "n01440764_tench"), folders):
        (here / "some" / folder).mkdir(parents=True)
        shutil.copy(reference / "imagenet_samples" / f"{file}.JPEG", here / "some" / folder)
    said = evaluate(capsys, reference / "squeezenet" / "compressed_SqueezeNet.net", "--data", "some",
                    "--names", reference / "caffe" / "synset_words.txt", "--save", "matrix.png")
    assert "some has 3 of the 1,000 classes" in said and "100.00 % of 3 pictures right" in said
    assert "zebra" in said and width("matrix.png") > 200 and "the worst" not in said


def test_the_table_says_that_it_is_cut(capsys):
    from argparse import Namespace

    from npnet.cli.evaluate import show
    labels = np.arange(30)
    show(Namespace(networks=["a"], ten_crop=False), score(np.log(np.full((30, 30), 1 / 30)), labels),
         [f"kind {k}" for k in labels], "30 pictures")
    said = capsys.readouterr().out
    assert "the worst 20 of 30 classes" in said and said.count("kind ") >= 20


def test_no_network_of_an_ensemble_has_seen_the_pictures(here, capsys):
    """Two runs that trained on the halves of a set leave nothing of it."""
    images, labels = noisy(60)
    np.savez("whole.npz", x=images, y=labels)
    for name, half in (("a", slice(0, 30)), ("b", slice(30, 60))):
        np.savez(f"{name}.npz", train_x=images[half], train_y=labels[half], test_x=images[:3], test_y=labels[:3])
        train(f"{name}.npz", "--epochs", "1", "--limit-batches", "1", "--validation", "0", "--out", name)

    assert "on 30 pictures of whole; 30 others were seen in training" in evaluate(capsys, "a", "--data", "whole.npz")
    assert "all 60 pictures of whole.npz were seen in training" in evaluate(
        capsys, "a", "b", "--data", "whole.npz", code=2)


def test_a_run_without_fingerprints_is_said_to_have_none(runs, here, pack, capsys):
    """As npnet 0.1.0 left them: no pictures.npz, no digests in the checkpoint."""
    shutil.copytree(runs / "a", "a")
    without_fingerprints(here / "a")
    said = evaluate(capsys, "a", "--data", pack)

    assert "a has no fingerprints of its pictures (npnet 0.1.0 and other libraries keep none): whether these are among them is not known" in said
    assert "a on 15 pictures of colours, test" in said


def test_a_run_without_fingerprints_is_tested_on_the_fifth_that_it_held_out(here, capsys):
    """Of a set without a test part, in the place where it was; the others are --part train."""
    coloured(here, set=10)
    train("set", "--epochs", "1", "--validation", "3", "--out", "a")
    without_fingerprints(here / "a")

    assert "a on 6 pictures of set, the fifth that was held out" in evaluate(capsys, "a")
    assert "a on 24 pictures of set, all but the fifth that was held out" in evaluate(capsys, "a", "--part", "train")


def without_fingerprints(folder):
    (folder / "pictures.npz").unlink(missing_ok=True)
    for name in ("best.npz", "last.npz"):
        with np.load(folder / name) as file:
            kept = {key: file[key] for key in file.files if not key.startswith("pictures/")}
        about = json.loads(str(kept["training/about"]))
        about.pop("pictures", None)
        np.savez(folder / name, **{**kept, "training/about": np.array(json.dumps(about))})


def test_a_set_that_is_called_like_an_option(runs, here, capsys):
    coloured(here, grey=2)
    (here / "grey" / "red").rename(here / "grey" / "scarlet")

    assert evaluate(capsys, runs / "a", "--data", "grey", code=2).startswith("npnet: grey has the classes blue, green, scarlet")


def test_networks_of_other_classes_are_not_averaged(runs, capsys):
    said = evaluate(capsys, runs / "a", "cifar_alexnet", code=2)

    assert said == f"npnet: cifar_alexnet and {runs / 'a'} were trained on other classes, so their answers cannot be averaged"


def test_no_picture_of_the_data_is_drawn_over(runs, here, capsys):
    coloured(here, set=2)
    place = next((here / "set" / "red").iterdir())
    before = place.read_bytes()

    assert "is one of the pictures that are read here" in evaluate(capsys, runs / "a", "--data", "set", "--save", place, code=2)
    assert place.read_bytes() == before


@pytest.mark.parametrize("columns", [40, 80])
def test_the_table_fits_the_terminal(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    matrix = np.array([[1, 4, 0], [0, 5, 0], [2, 0, 3]])
    print_table(confusions(matrix, ["a class with a long name", "cat", "日本桜"]), "lrrl")
    said = capsys.readouterr().out

    assert max(map(cell_len, said.splitlines())) <= columns
    words = said.split()
    assert {"60.0", "20.0", "pictures", "right", "most", "often", "taken", "for", "(4)"} <= set(words)


def test_evaluate_as_json_an_ensemble_with_ten_crops(capsys, pack):
    for seed in "ab":
        train(pack, "--epochs", "1", "--limit-batches", "1", "--out", seed, "--seed", str("ab".index(seed)))
    capsys.readouterr()
    assert main(["evaluate", "a", "b/last.npz", "--ten-crop", "--json", "--data", str(pack), "--part", "train", "--limit", "7"]) == 0
    result = json.loads(capsys.readouterr().out)

    assert result["pictures"] == 7 == np.sum(result["confusion"]) and result["classes"] == list(COLOURS)
    networks = [(one.net, one.pipeline) for one in (trained("a"), trained("b/last.npz"))]
    pictures = dataset(pack).train.take(np.arange(7) * 45 // 7)
    losses = {ten: score(answers(networks, pictures, ten), pictures.labels).loss for ten in (True, False)}
    assert result["loss"] == pytest.approx(losses[True], rel=1e-5) and abs(losses[True] - losses[False]) > 1e-6
    assert result["loss"] != pytest.approx(score(answers(networks[:1], pictures, True), pictures.labels).loss, rel=1e-4)


@pytest.mark.parametrize("words, message", [
    (["nowhere"], "there is no file nowhere"),
    (["RUN", "--data", "other.npz"], "other.npz has the classes cat, dog, but "),
    (["RUN", "--limit", "0"], "--limit must be a whole number of at least 1, got 0"),
])
def test_evaluate_what_cannot_be(runs, words, message, capsys):
    np.savez("other.npz", x=noisy(4)[0], y=[0, 1, 0, 1], classes=np.array(["cat", "dog"]))
    assert main(["evaluate", *[str(runs / "a") if word == "RUN" else word for word in words]]) == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_confusions_of_many_classes_are_the_worst():
    matrix = np.diag(np.arange(1, 31))
    matrix[3, 5] = 96
    rows = confusions(matrix, [f"class {k}" for k in range(30)])

    assert len(rows) == 21 and rows[1] == ("class 3", "100", "4.0 %", "class 5 (96)")
