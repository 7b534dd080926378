"""Folders of pictures: layouts, classes, files that are not pictures."""
import os

import numpy as np
import pytest
from made import jpeg, pets, refused, some, write

from npnet.data.readers.folders import checked, ordered, pictures_folder


def test_a_folder_per_class(tmp_path):
    data = pictures_folder(pets(tmp_path / "pets"))
    assert data.name == "pets" and data.classes == ("cat", "dog") and data.origin == "the folder pets"
    assert data.train.labels.tolist() == [0, 0, 1] == data.test.labels.tolist()
    assert data.train[0].shape == (16, 24, 3) and data.train[0][0, 0, 0] > 150 > data.train[2][0, 0, 0]
    assert [os.path.basename(path) for path in data.train.images] == ["1.jpg", "2.jpg", "1.jpg"]


@pytest.mark.parametrize("train, test", [("Train", "TEST"), ("training", "val"), ("train", "valid"), ("train", "validation")])
def test_names_of_the_parts(tmp_path, train, test):
    data = pictures_folder(pets(tmp_path, (f"{train}/", f"{test}/")))
    assert len(data.train) == 3 == len(data.test)


def test_test_comes_before_val_unless_it_has_no_classes(tmp_path):
    pets(tmp_path, ("train/", "val/"))
    write(tmp_path, {"test/1.jpg": jpeg(), "test/2.jpg": jpeg()})        # pictures to send in, without labels
    assert "val" in pictures_folder(tmp_path).test.images[0]
    write(tmp_path, {"test/dog/1.jpg": jpeg()})
    assert pictures_folder(tmp_path).test.labels.tolist() == [1]


def test_folders_that_are_not_used_are_named(tmp_path):
    pets(tmp_path / "pets", ("train/", "val/", "test/"))
    notes = []
    data = pictures_folder(tmp_path / "pets", notes)
    assert notes == ["of the folders in pets, train and test are used and val is not"] and notes[0] in data.origin
    assert "test" in data.test.images[0]
    write(tmp_path / "pets", {"extra/a/1.jpg": jpeg()})
    assert "train and test are used and extra, val are not" in pictures_folder(tmp_path / "pets").origin


@pytest.mark.parametrize("others", [[], ["val/"]])
def test_a_part_to_test_on_alone(tmp_path, others):
    data = pictures_folder(pets(tmp_path / "pets", ["test/", *others]))
    assert data.classes == ("cat", "dog") and len(data.train) == 0 and data.test.labels.tolist() == [0, 0, 1]
    assert ("test is used and val is not" in data.origin) == bool(others)
    assert all(f"{os.sep}test{os.sep}" in path for path in data.test.images)


def test_a_part_to_test_on_beside_classes_is_refused(tmp_path):
    pets(tmp_path, ["", "test/"])
    assert "has the folder test with class folders in it, and beside it cat, dog, but no part to train on" in refused(
        ValueError, pictures_folder, tmp_path)
    pets(tmp_path / "b", ["training_set/", "test/"])
    assert "beside it training_set, but no part" in refused(ValueError, pictures_folder, tmp_path / "b")


@pytest.mark.parametrize("parts", [("training_set/", "test_set/"), ("training_set/training_set/", "test_set/test_set/")])
def test_parts_of_other_names_are_no_classes(tmp_path, parts):
    pets(tmp_path, parts)
    sentence = refused(ValueError, pictures_folder, tmp_path)
    assert "look like parts (test_set, training_set), not classes; call them train and test" in sentence
    write(tmp_path, {"notes/readme.txt": "x"})
    assert refused(ValueError, pictures_folder, tmp_path) == sentence


def test_classes_with_folders_inside_are_classes(tmp_path):
    pets(tmp_path / "a", ["cats/old/", "birds/new/"])
    write(tmp_path / "a", {"birds/new/emu/1.jpg": jpeg()})                # not the same folders
    assert pictures_folder(tmp_path / "a").classes == ("birds", "cats")
    pets(tmp_path / "b", ["in/", "out/"])
    assert "look like parts (in, out)" in refused(ValueError, pictures_folder, tmp_path / "b")
    write(tmp_path / "b", {"in/1.jpg": jpeg()})                           # a picture of the class itself
    assert pictures_folder(tmp_path / "b").classes == ("in", "out")
    pets(tmp_path / "c", ["train/in/", "train/out/"])                     # what the sentence advises
    assert pictures_folder(tmp_path / "c").classes == ("in", "out")


def test_one_part(tmp_path):
    data = pictures_folder(pets(tmp_path, [""]))
    assert data.test is None and data.train.labels.tolist() == [0, 0, 1]


def test_a_class_called_train(tmp_path):
    write(tmp_path, {"bus/1.jpg": jpeg(), "train/1.jpg": jpeg()})
    assert pictures_folder(tmp_path).classes == ("bus", "train")


def test_order_of_the_classes():
    assert ordered(["b", "a", "B", "10", "9"]) == ("10", "9", "B", "a", "b")
    assert ordered(["10", "9", "0", "01"]) == ("0", "01", "9", "10")
    assert ordered(["²", "1"]) == ("1", "²")                             # a digit to Python, but no number


def test_numbered_classes_keep_their_number(tmp_path):
    write(tmp_path, {f"{label}/a.jpg": jpeg() for label in range(12)})
    data = pictures_folder(tmp_path)
    assert [data.classes[label] for label in data.train.labels] == [str(label) for label in range(12)]
    assert all(f"{os.sep}{label}{os.sep}" in path for label, path in zip(data.train.labels, data.train.images))


def test_nested_hidden_and_foreign_files(tmp_path):
    pets(tmp_path / "a", [""])
    write(tmp_path / "a", {"cat/more/deep/3.PNG": jpeg(), "cat/notes.txt": "x", "dog/Thumbs.db": "x", "dog/._1.jpg": "x",
                           ".git/1.jpg": "x", ".ipynb_checkpoints/1.jpg": "x", "__MACOSX/cat/1.jpg": "x", "README.md": "x",
                           "cat/.DS_Store": "x", "loose.jpg": jpeg()})
    notes = []
    data = pictures_folder(tmp_path / "a", notes)
    assert data.classes == ("cat", "dog") and data.train.labels.tolist() == [0, 0, 0, 1]
    assert notes == ["1 file in a with another ending than a picture's was left out",
                     "1 file in a, outside the folders of the classes, was left out"]
    assert data.origin == "; ".join(["the folder a", *notes])


def test_links(tmp_path):
    pets(tmp_path / "a", [""])
    try:
        os.symlink(tmp_path / "a" / "cat", tmp_path / "a" / "lion")                     # a class
        os.symlink(tmp_path / "a" / "cat" / "1.jpg", tmp_path / "a" / "dog" / "2.jpg")  # a picture
        os.symlink(tmp_path / "a", tmp_path / "a" / "dog" / "loop")                     # not followed
        os.symlink(tmp_path / "gone.jpg", tmp_path / "a" / "dog" / "3.jpg")             # leads nowhere
    except OSError:
        pytest.skip("this system does not allow links")
    data = pictures_folder(tmp_path / "a")
    assert data.classes == ("cat", "dog", "lion") and np.bincount(data.train.labels).tolist() == [2, 2, 2]
    assert data.origin == "the folder a; 2 links in a that lead nowhere or back were left out"


def test_folders_that_are_none(tmp_path):
    write(tmp_path, {"file": "x"})
    (tmp_path / "empty").mkdir()
    assert "there is no folder" in refused(FileNotFoundError, pictures_folder, tmp_path / "none")
    assert "is a file; give the folder" in refused(NotADirectoryError, pictures_folder, tmp_path / "file")
    assert "empty holds no pictures; it needs a folder for each class" in refused(FileNotFoundError, pictures_folder, tmp_path / "empty")


def test_flat_pictures_without_labels(tmp_path):
    write(tmp_path, {"1.jpg": jpeg(), "2.jpg": jpeg()})
    assert "holds 2 pictures, but no folder for each class and no labels.csv with lines such as 1.jpg,cat" in refused(
        FileNotFoundError, pictures_folder, tmp_path)


def test_classes_without_pictures(tmp_path):
    pets(tmp_path)
    (tmp_path / "train" / "emu").mkdir()
    write(tmp_path, {"train/fox/readme.txt": "x"})
    assert "the folder of the class emu, fox holds no pictures" in refused(ValueError, pictures_folder, tmp_path)


def test_only_empty_classes(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "dog").mkdir()
    assert "holds no pictures" in refused(FileNotFoundError, pictures_folder, tmp_path)


def test_one_class_alone(tmp_path):
    write(tmp_path, {"pets/cat/1.jpg": jpeg(), "pets/dog/1.jpg": jpeg()})
    assert "one class alone, pets; give the folder that holds" in refused(ValueError, pictures_folder, tmp_path)


def test_a_class_that_training_lacks(tmp_path):
    write(pets(tmp_path), {"test/fox/1.jpg": jpeg(), "test/gnu/1.jpg": jpeg()})
    assert "test has the class fox, gnu, which the training pictures lack" in refused(ValueError, pictures_folder, tmp_path)


def test_a_class_that_the_test_lacks_keeps_its_number(tmp_path):
    write(pets(tmp_path), {"train/ant/1.jpg": jpeg()})
    data = pictures_folder(tmp_path)
    assert data.classes == ("ant", "cat", "dog") and data.test.labels.tolist() == [1, 1, 2]


def damaged(folder):
    """300 sound pictures of two classes, and three that cannot be read."""
    write(folder, {f"{name}/{number:03}.jpg": jpeg() for name in ("cat", "dog") for number in range(150)})
    return write(folder, {"cat/077.jpg": jpeg()[:300], "dog/001.jpg": b"", "dog/zebra.jpg": b"no picture at all " * 9})


def test_damaged_pictures_are_named(tmp_path):
    data = pictures_folder(damaged(tmp_path))
    sentence = refused(ValueError, checked, data.train)
    assert sentence.startswith("3 of 301 pictures cannot be read: ")
    for path in ("cat/077.jpg", "dog/001.jpg", "dog/zebra.jpg"):
        assert str(tmp_path / path) in sentence
    assert "zebra.jpg is not a picture that can be read" in sentence and "001.jpg is empty" in sentence


def test_damaged_pictures_are_left_out(tmp_path):
    data, seen = pictures_folder(damaged(tmp_path)), []
    sound, sentences = checked(data.train, skip=True, progress=lambda *at: seen.append(at))
    assert len(sound) == 298 and len(sentences) == 3 and seen[-1] == (301, 301)
    assert sentences[0].startswith(str(tmp_path / "cat" / "077.jpg") + " ")
    assert np.bincount(sound.labels).tolist() == [149, 149]
    assert not any("077" in path and "cat" in path for path in sound.images)
    assert checked(sound) == (sound, [])


def test_many_damaged_pictures_make_a_short_sentence(tmp_path):
    write(tmp_path, {f"{name}/{number}.jpg": b"x" for name in "ab" for number in range(50)})
    data = pictures_folder(tmp_path)
    assert "; and 97 more; " in refused(ValueError, checked, data.train)
    assert "no picture of the class a, b can be read: " in refused(ValueError, checked, data.train, skip=True)


def test_a_damaged_picture_is_named_with_its_folder_when_it_is_asked_for(tmp_path):
    data = pictures_folder(damaged(tmp_path))
    assert refused(ValueError, data.train.__getitem__, 77).startswith(str(tmp_path / "cat" / "077.jpg") + " is damaged")


def test_arrays_are_sound():
    pictures = some([0, 1])
    assert checked(pictures) == (pictures, [])
