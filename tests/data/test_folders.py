"""Folders of pictures: layouts, classes, files that are not pictures."""
import io
import os
import shutil

import numpy as np
import pytest
from PIL import Image
from made import jpeg, pets, refused, some, write

from npnet.data import Pipeline, dataset
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


# ---------------------------------------------------------------------------- grey

def png(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def digits(folder, colour=()):
    """Four grey pictures of two classes; those whose number is in `colour` are in colour."""
    for number in range(4):
        picture = np.full((9, 9, 3) if number in colour else (9, 9), 60 * number, np.uint8)
        write(folder, {f"{number % 2}/{number}.png": png(picture)})
    return folder


def test_a_folder_of_grey_pictures_is_grey(tmp_path):
    data = dataset(digits(tmp_path / "digits"))
    assert data.train[1].shape == (9, 9, 1) and [image[0, 0, 0] for image in data.train] == [0, 120, 60, 180]
    assert data.origin == "the folder digits; read as grey, as the pictures are"
    pipeline = Pipeline.for_training(data.train, (1, 9, 9))
    assert pipeline.test(data.train[0]).shape == (1, 9, 9)


@pytest.mark.parametrize("grey, shape, said", [
    (None, (9, 9, 3), "read in colour; 3 of 4 pictures are grey"), (True, (9, 9, 1), "read as grey, as asked"),
    (False, (9, 9, 3), "read in colour, as asked")])
def test_one_picture_in_colour_and_the_choice(tmp_path, grey, shape, said):
    data = dataset(digits(tmp_path, colour=[2]), grey=grey)
    assert data.train[0].shape == shape and data.origin.endswith(said)


def test_the_test_part_is_as_grey_as_the_training_part(tmp_path):
    digits(tmp_path / "train")
    digits(tmp_path / "test", colour=[0, 1, 2, 3])
    data = pictures_folder(tmp_path)
    assert data.train[0].shape == data.test[0].shape == (9, 9, 1)


def test_a_palette_of_greys_and_one_of_colours(tmp_path):
    for name, colour in (("grey", (9, 9, 9)), ("colour", (200, 30, 30))):
        picture = Image.new("P", (9, 9))
        picture.putpalette([0, 0, 0, *colour])
        for label in "ab":
            (tmp_path / name / label).mkdir(parents=True)
            picture.save(tmp_path / name / label / "1.gif")
    assert pictures_folder(tmp_path / "grey").train.grey and not pictures_folder(tmp_path / "colour").train.grey


# ---------------------------------------------------------------------------- names, links and leftovers

def test_names_in_two_unicode_forms_are_one_class(tmp_path):
    composed, parted = "caf\u00e9", "cafe\u0301"
    write(tmp_path, {f"train/{composed}/1.jpg": jpeg(), "train/tea/1.jpg": jpeg(), f"test/{parted}/1.jpg": jpeg()})
    data = pictures_folder(tmp_path)
    assert data.classes == (composed, "tea") and data.test.labels.tolist() == [0]
    write(tmp_path, {f"train/{parted}/2.jpg": jpeg()})
    assert pictures_folder(tmp_path).train.labels.tolist() == [0, 0, 1]


def test_a_class_whose_name_is_not_text(tmp_path):
    for name in (b"caf\xe9", b"tea"):
        try:
            os.mkdir(os.path.join(os.fsencode(tmp_path), name))
        except OSError:
            pytest.skip("this system has no such names")
        with open(os.path.join(os.fsencode(tmp_path), name, b"1.jpg"), "wb") as file:
            file.write(jpeg())
    assert r"a class folder whose name is not text in UTF-8, b'caf\xe9'; rename it" in refused(ValueError, dataset, tmp_path)


def test_links_that_lead_back_or_nowhere_are_counted(tmp_path):
    pets(tmp_path / "a", [""])
    try:
        os.symlink(tmp_path / "a", tmp_path / "a" / "self")                             # would be a class of all
        os.symlink(tmp_path, tmp_path / "a" / "above")
        os.symlink(tmp_path / "a" / "loop", tmp_path / "a" / "loop")
        os.symlink(tmp_path / "gone", tmp_path / "a" / "emu")
        os.symlink(tmp_path / "gone.jpg", tmp_path / "a" / "cat" / "3.jpg")
    except OSError:
        pytest.skip("this system does not allow links")
    data = dataset(tmp_path / "a")
    assert data.classes == ("cat", "dog") and len(data.train) == 3
    assert data.origin == "the folder a; 5 links in a that lead nowhere or back were left out"


def test_what_systems_leave_behind_is_passed_over(tmp_path):
    pets(tmp_path / "a", [""])
    write(tmp_path / "a", {f"{folder}{name}": "x" for folder in ("", "cat/", "dog/") for name in ("Thumbs.db", "desktop.ini")})
    write(tmp_path / "a", {"@eaDir/1.jpg": jpeg()})
    assert dataset(tmp_path / "a").origin == "the folder a"


def test_photographs_of_telephones(tmp_path):
    first, second = (Image.new("RGB", (16, 16), colour) for colour in ("red", "blue"))
    for name in "ab":
        (tmp_path / name).mkdir()
        first.save(tmp_path / name / "1.mpo", save_all=True, append_images=[second])
    data = pictures_folder(tmp_path)
    assert len(data.train) == 2 and np.abs(data.train[0].astype(int) - (255, 0, 0)).max() < 10


def test_numbered_classes_with_very_many_digits():
    assert ordered(["9" * 5000, "10", "9"]) == ("9", "10", "9" * 5000)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_pipes_that_are_called_like_pictures_are_not_waited_for(tmp_path):
    from npnet.data.fingerprints import print_of
    for name in "ab":
        (tmp_path / name).mkdir()
        Image.new("RGB", (9, 9), "red").save(tmp_path / name / "1.png")
    os.mkfifo(tmp_path / "a" / "2.png")
    data = pictures_folder(tmp_path)
    assert len(data.train) == 2 and "1 file" in data.origin
    with pytest.raises(FileNotFoundError, match="2.png is gone, or not an ordinary file"):
        print_of(tmp_path / "a" / "2.png")
    os.remove(tmp_path / "a" / "2.png")
    shutil.rmtree(tmp_path / "b")
    Image.new("RGB", (9, 9)).save(tmp_path / "3.png")
    os.mkfifo(tmp_path / "labels.csv")
    with pytest.raises(ValueError, match="labels.csv is not an ordinary file"):
        pictures_folder(tmp_path)
