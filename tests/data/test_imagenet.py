"""The reader of ILSVRC, whose classic bug is a wrong numbering."""
import pytest
from made import (DEVKIT, KIT, META, RIGHT, SORTED, TABLE, TRUTH, TRUTH_FILE, devkit, flat, jpeg, pets, photographs,
                  refused, training, write)

from npnet.data import dataset
from npnet.data.readers.folders import checked
from npnet.data.readers.imagenet import imagenet, imagenet_layout, read_words, samples


def test_the_order_of_the_devkit_is_not_the_sorted_order():
    by_devkit = {number: synset for number, synset, _ in DEVKIT}
    assert [SORTED.index(by_devkit[number]) for number in TRUTH] == RIGHT
    wrong = [number - 1 for number in TRUTH]                            # the classic bug
    assert sum(a == b for a, b in zip(wrong, RIGHT)) == 0 and all(0 <= label < 6 for label in wrong)


@pytest.mark.parametrize("place", [KIT, "", "val", "devkit"])
@pytest.mark.parametrize("table, content", [("meta.mat", META), ("map_clsloc.txt", TABLE), ("synsets.txt", TABLE)])
def test_ilsvrc_with_the_flat_validation_folder(tmp_path, place, table, content):
    flat(training(tmp_path / "imagenet"))
    devkit(tmp_path / "imagenet" / place, table, content)
    data = dataset(tmp_path / "imagenet")
    assert data.test.labels.tolist() == RIGHT and len(data.train) == 12
    assert data.train.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert data.classes == ("tench", "crane (n02012849)", "English setter", "Siberian husky", "kit fox", "crane (n03126707)")
    assert all(SORTED[label] in path for label, path in zip(data.train.labels, data.train.images))
    assert data.test.images[1].endswith("ILSVRC2012_val_00000002.JPEG") and data.test[1].shape == (16, 24, 3)
    assert "sorted order of the synsets" in data.origin


@pytest.mark.parametrize("inside", ["", "val/"])
def test_validation_pictures_alone(tmp_path, inside):
    devkit(flat(tmp_path / "a", inside) / KIT)
    data = dataset(tmp_path / "a")
    assert len(data.train) == 0 and data.test.labels.tolist() == RIGHT and len(data.classes) == 6


def test_the_folder_val_itself_and_a_devkit_elsewhere(tmp_path):
    devkit(flat(tmp_path) / KIT)
    assert dataset(tmp_path / "val").test.labels.tolist() == RIGHT
    flat(tmp_path / "b")
    assert imagenet(tmp_path / "b", devkit=tmp_path / "ILSVRC2012_devkit_t12").test.labels.tolist() == RIGHT


def test_validation_sorted_into_synsets(tmp_path):
    training(tmp_path)
    write(tmp_path, {f"val/{SORTED[label]}/ILSVRC2012_val_{number:08}.JPEG": jpeg() for number, label in enumerate(RIGHT, 1)})
    data = dataset(tmp_path)
    assert data.test.labels.tolist() == sorted(RIGHT) and data.classes == tuple(SORTED)


def test_training_pictures_alone_with_words(tmp_path):
    training(tmp_path)
    write(tmp_path, {"synset_words.txt": "\n".join(f"{synset} {words}" for _, synset, words in DEVKIT[:5]) + "\n" +
                     "n02012849 crane, wading bird"})
    data = imagenet(tmp_path)
    assert data.test is None and data.classes[:2] == ("tench", "crane, wading bird") and data.classes[5] == "crane"
    assert imagenet(tmp_path / "train").train.labels.tolist() == data.train.labels.tolist()


def test_a_part_of_the_classes(tmp_path):
    flat(training(tmp_path, SORTED[2:5]))
    devkit(tmp_path)
    notes = []
    data = imagenet(tmp_path, notes=notes)
    assert data.test.labels.tolist() == [2, 2, 0, 1] and data.classes == ("English setter", "Siberian husky", "kit fox")
    assert notes == ["3 validation pictures of classes not trained on were left out"] and notes[0] in data.origin


def test_a_part_of_the_validation_pictures_is_counted(tmp_path):
    flat(training(tmp_path))
    devkit(tmp_path)
    (tmp_path / "val" / "ILSVRC2012_val_00000002.JPEG").unlink()
    data = imagenet(tmp_path)
    assert data.test.labels.tolist() == RIGHT[:1] + RIGHT[2:] and "6 of 7 validation pictures are there" in data.origin


@pytest.mark.parametrize("gone", ["meta.mat", TRUTH_FILE])
def test_the_flat_folder_without_the_devkit_is_refused(tmp_path, gone):
    flat(training(tmp_path))
    devkit(tmp_path)
    (tmp_path / gone).unlink()
    sentence = refused(FileNotFoundError, dataset, tmp_path)
    assert f"flat validation folder, and {gone}" in sentence
    assert "the devkit's own (ILSVRC2012_ID), not places in the sorted order" in sentence and "wrong class" in sentence


@pytest.mark.parametrize("table, said", [
    (SORTED[0] + "\n" + TABLE, "line 1 must be a synset, its number in the devkit and its name"),
    (TABLE.replace(" 6 ", " 7 "), "must number its 6 classes from 1 to 6"),
    (TABLE.replace(" 6 ", " 5 "), "has a synset or a number twice"),
    (TABLE.replace("n02012849", "n03126707"), "has a synset or a number twice"),
    ("", "synsets.txt is empty"), ("tench 4 tench", "line 1 must be a synset"),
    ("\n".join(TABLE.splitlines()[:5]), "must hold a number from 1 to 5 for each picture, got '6'"),
    (TABLE.replace("n01440764", "n01440765"), "have the synset n01440764, which the table of the devkit lacks")])
def test_wrong_tables(tmp_path, table, said):
    flat(training(tmp_path))
    devkit(tmp_path, "synsets.txt", table)
    assert said in refused(ValueError, imagenet, tmp_path)


@pytest.mark.parametrize("truth, said", [
    ([0, 1, 2, 3, 4, 5, 6], "a number from 1 to 6 for each picture, got '0'"), (["cat"], "got 'cat'"), ([], "got nothing"),
    ([1, 2, 3], "has pictures numbered 1 to 7, but ILSVRC2012_validation_ground_truth.txt has 3 lines")])
def test_wrong_ground_truth(tmp_path, truth, said):
    flat(training(tmp_path))
    devkit(tmp_path, truth=truth)
    assert said in refused(ValueError, imagenet, tmp_path)


def test_a_table_in_sorted_order_is_no_devkit(tmp_path, monkeypatch):
    monkeypatch.setattr("npnet.data.readers.imagenet.CLASSES", 6)
    flat(training(tmp_path))
    devkit(tmp_path, "map_clsloc.txt", "\n".join(f"{synset} {number} x" for number, synset in enumerate(SORTED, 1)))
    assert "numbers the synsets in sorted order, which the devkit does not" in refused(ValueError, imagenet, tmp_path)
    devkit(tmp_path, "map_clsloc.txt", TABLE)
    assert imagenet(tmp_path).test.labels.tolist() == RIGHT


def test_a_list_of_synsets_alone_is_no_table(tmp_path):
    flat(training(tmp_path))
    devkit(tmp_path / KIT)
    write(tmp_path, {"synsets.txt": "\n".join(SORTED) + "\n"})          # as Caffe's, without numbers
    data = imagenet(tmp_path)
    assert data.test.labels.tolist() == RIGHT and data.classes[0] == "tench"
    (tmp_path / KIT / "meta.mat").rename(tmp_path / KIT / "unknown")
    assert "meta.mat (or map_clsloc.txt with lines such as n02119789 1 kit_fox) of its devkit is missing" in refused(
        FileNotFoundError, imagenet, tmp_path)


def test_the_name_of_a_table_comes_before_its_place(tmp_path):
    flat(training(tmp_path))
    devkit(tmp_path / KIT)
    write(tmp_path, {"synsets.txt": "no table at all"})
    assert imagenet(tmp_path).test.labels.tolist() == RIGHT


@pytest.mark.parametrize("table", ["\n".join(SORTED), "no table at all", "", TABLE.replace(" 6 ", " 7 ")])
def test_a_table_that_is_not_needed_is_not_refused(tmp_path, table):
    training(tmp_path)
    write(tmp_path, {"synsets.txt": table, "val/n01440764/1.JPEG": jpeg(), "val/n02119789/1.JPEG": jpeg()})
    data = imagenet(tmp_path)
    assert data.classes == tuple(SORTED) and data.test.labels.tolist() == [0, 4]
    write(tmp_path, {"synsets.txt": TABLE})
    assert imagenet(tmp_path).classes[0] == "tench"


def test_sorted_validation_pictures_of_a_part_of_the_classes(tmp_path):
    training(tmp_path, SORTED[2:5])
    write(tmp_path, {f"val/{SORTED[label]}/ILSVRC2012_val_{number:08}.JPEG": jpeg() for number, label in enumerate(RIGHT, 1)})
    notes = []
    data = imagenet(tmp_path, notes=notes)
    assert data.classes == tuple(SORTED[2:5]) and data.test.labels.tolist() == [0, 1, 2, 2]
    assert all(data.classes[label] in path for label, path in zip(data.test.labels, data.test.images))
    assert notes == ["3 validation pictures of classes not trained on were left out"] and notes[0] in data.origin
    write(tmp_path, {"val/junk/1.jpg": jpeg()})
    assert "val has the class junk, which the training pictures lack" in refused(ValueError, imagenet, tmp_path)


def test_validation_pictures_of_other_classes_alone(tmp_path):
    training(tmp_path, SORTED[2:5])
    write(tmp_path, {"val/n01440764/1.JPEG": jpeg()})
    assert "no validation picture in" in refused(ValueError, imagenet, tmp_path)


def test_what_is_no_ilsvrc(tmp_path):
    assert "is not laid out as ILSVRC" in refused(FileNotFoundError, imagenet, pets(tmp_path))
    assert imagenet_layout(tmp_path) is None
    training(tmp_path / "b")
    write(tmp_path, {"b/train/junk/1.jpg": jpeg()})
    assert "has the folder junk, which is not a synset" in refused(ValueError, imagenet, tmp_path / "b")


def test_samples_with_labels(tmp_path):
    write(photographs(tmp_path / "a"), {"labels.txt": "n01440764_tench.JPEG 0\nn01601694_water_ouzel.JPEG 20\n"})
    data = dataset(tmp_path / "a")
    assert len(data.train) == 0 and data.test.labels.tolist() == [0, 20] and len(data.classes) == 1000
    assert (data.classes[0], data.classes[1], data.classes[20]) == ("tench", "class 1", "water ouzel")


@pytest.mark.parametrize("text, error, said", [
    ("n01440764_tench.JPEG 449\nn01601694_water_ouzel.JPEG 20", ValueError, "do not rise with the synsets"),
    ("n01440764_tench.JPEG 0", ValueError, "a picture of n01601694, to which neither"),
    ("n01440764_tench.JPEG 0\nother.JPEG 1", FileNotFoundError, "line 2: there is no picture other.JPEG"),
    ("n01440764_tench.JPEG 1000", ValueError, "number from 0 to 999, got '1000'"),
    ("n01440764_tench.JPEG tench", ValueError, "got 'tench'")])
def test_samples_with_wrong_labels(tmp_path, text, error, said):
    write(photographs(tmp_path), {"labels.txt": text})
    assert said in refused(error, samples, tmp_path)


def test_samples_without_numbers(tmp_path):
    sentence = refused(FileNotFoundError, dataset, photographs(tmp_path))
    assert "pictures of 2 synsets, but not their numbers among ILSVRC's 1000" in sentence


def test_samples_with_words(tmp_path, monkeypatch):
    monkeypatch.setattr("npnet.data.readers.imagenet.CLASSES", 3)
    write(photographs(tmp_path), {"synset_words.txt": "n01601694 water ouzel, dipper\nn01440764 tench\nn01500000 a fish\n"})
    data = samples(tmp_path)
    assert data.test.labels.tolist() == [0, 2] and data.classes == ("tench", "a fish", "water ouzel")
    write(tmp_path, {"labels.txt": "n01440764_tench.JPEG 0\nn01601694_water_ouzel.JPEG 1\n"})
    assert "gives n01601694 the number 1, but in the sorted order of the synsets it is 2" in refused(ValueError, samples, tmp_path)


@pytest.mark.reference
def test_the_real_samples(reference):
    data = dataset(reference / "imagenet_samples")
    named = samples(reference / "imagenet_samples", words=reference / "caffe" / "synset_words.txt")
    assert len(data.test) == 50 and data.test.labels.tolist() == list(range(0, 1000, 20)) == named.test.labels.tolist()
    assert all(data.classes[label] == named.classes[label].replace("'", "") for label in data.test.labels)
    assert len(set(named.classes)) == 1000 and named.classes[278] == "kit fox"
    assert checked(data.test) == (data.test, [])


@pytest.mark.reference
def test_sorted_synsets_are_the_order_of_caffe(reference):
    words = read_words(reference / "caffe" / "synset_words.txt")
    assert len(words) == 1000 and list(words) == sorted(words) and list(words).index("n02119789") == 278
    from npnet.data.readers.imagenet import from_text
    assert "synsets alone do not tell the numbers" in refused(ValueError, from_text, reference / "caffe" / "synsets.txt")
