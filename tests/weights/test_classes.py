"""Which of a network's classes a name stands for: by its words, by ImageNet's number, in a file's name."""
import pytest

from npnet.weights.classes import number_of, numbers_of, synsets_of, truth_of


def test_which_classes_are_the_same():
    network = ["tench, Tinca tinca", "crane", "goldfish, Carassius auratus"]
    assert numbers_of(["goldfish, Carassius auratus", "tench, Tinca tinca", "crane"], network).tolist() == [2, 0, 1]
    assert numbers_of(["Tench", "class 1", "carassius auratus"], network).tolist() == [0, 1, 2]
    assert numbers_of(["class 0", "class 1", "class 2"], network).tolist() == [0, 1, 2]
    assert numbers_of(["goldfish", "crane", "tench"], network).tolist() == [2, 1, 0]        # by one of their words, in any order
    assert numbers_of(["tench", "crane"], network).tolist() == [0, 1] and numbers_of(["tench", "shark"], network) is None


def test_classes_are_known_by_the_numbers_of_imagenet_and_by_any_of_their_words():
    classes = ["tench, Tinca tinca", "crane", "zebra", "crane, hoisting crane"]
    synsets = ("n01440764", "n02012849", "n02391049", "n03126707")
    for names, numbers in ((["Zebra", "tinca_tinca"], [2, 0]), (["n02391049", "n03126707_crane"], [2, 3]),
                           (["n99999999_zebra"], [2]), (["crane, hoisting crane", "crane"], [3, 1])):
        assert numbers_of(names, classes, synsets).tolist() == numbers
    assert numbers_of(["n02391049"], classes) is None                       # the file of the numbers is not here
    assert numbers_of(["zebra", "n02391049"], classes, synsets) is None     # one class twice
    assert numbers_of(["zebra", "horse"], classes, synsets) is None
    assert numbers_of(["hen"], ["a hen, biddy", "partridge"]) is None       # a part of a word is not the word
    assert numbers_of(["crane bird"], classes) is None and numbers_of(["zebra\u0301"], classes) is None


def test_a_class_that_is_called_by_a_number_is_known_by_it():
    """A network that was trained on folders with ImageNet's numbers, and nobody knows their words."""
    classes = ["n01440764", "n02391049", "n02787622", ""]
    assert numbers_of(["n02787622", "n01440764"], classes).tolist() == [2, 0] and number_of("n99999999", classes, ()) is None
    assert truth_of("x/n02391049/7.JPEG", classes) == 1 and truth_of("7.png", classes) is None


def test_numbers_of_imagenet_are_taken_from_a_file_that_has_these_classes(tmp_path):
    (tmp_path / "words.txt").write_text("n01440764 tench, Tinca tinca\n\nn02391049 zebra\n")
    assert synsets_of(tmp_path / "words.txt", ["tench", "zebra"]) == ("n01440764", "n02391049")
    assert synsets_of(tmp_path / "words.txt", ["zebra", "tench"]) == ()
    assert synsets_of(tmp_path / "words.txt", ["tench"]) == ()
    for content, sentence in ((b"\xff\xfe", "is no text file"), (b"\n", "is empty; give a text file")):
        (tmp_path / "words.txt").write_bytes(content)
        with pytest.raises(ValueError, match=sentence):
            synsets_of(tmp_path / "words.txt", ["tench"])


def test_the_truth_is_in_the_name_of_a_file_or_its_folder():
    classes = ("tench, Tinca tinca", "cat", "great white shark")
    assert truth_of("a/n01440764_tench.JPEG", classes) == 0 and truth_of("cat/7.png", classes) == 1
    assert truth_of("x/great_white_shark.png", classes) == 2 and truth_of("dogs/1.png", classes) is None
