"""Fingerprints: the same pictures are known wherever they lie, and every kind of change is named."""
import shutil
import unicodedata

import numpy as np
import pytest
from PIL import Image

from npnet.data import Pictures, arrays, dataset
from npnet.data.fingerprints import Identity, different, identity, known, print_of, shared

CLASSES = ("cat", "dog", "owl")


@pytest.fixture
def pets(tmp_path, random):
    """A folder with five pictures for each of three classes."""
    for name in CLASSES:
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(5):
            save(tmp_path / "pets" / name / f"{number}.png", random)
    return tmp_path / "pets"


def save(path, random, size=16):
    Image.fromarray(random.integers(0, 256, (size, size, 3), np.uint8)).save(path)


def found(folder):
    return identity(dataset(folder).train)


def changes(folder, change):
    """What is said when `change()` has altered the folder; that the digests differ is part of it."""
    then = found(folder)
    change()
    now = found(folder)
    assert then.digest != now.digest
    return different(then, now)


# ---------------------------------------------------------------------------- the same

def test_a_moved_and_a_copied_folder_are_the_same(pets, tmp_path):
    then = found(pets)
    shutil.copytree(pets, tmp_path / "elsewhere" / "copy")
    shutil.move(pets, tmp_path / "moved")
    for folder in (tmp_path / "elsewhere" / "copy", tmp_path / "moved"):
        assert found(folder).digest == then.digest and different(then, found(folder)) == []


def test_what_was_held_out_is_known_again_under_another_path(pets, tmp_path):
    train = dataset(pets).train
    held = identity(train.take([0, 1]))                         # of one class alone, whose folder is no part of it
    shutil.move(pets, tmp_path / "moved")
    today = identity(dataset(tmp_path / "moved").train)
    assert held.names == ("cat/0.png", "cat/1.png")
    assert np.flatnonzero(known(today.prints, held.prints)).tolist() == [0, 1]


def test_names_that_differ_in_their_unicode_form_are_one_name(tmp_path, random):
    images = random.integers(0, 256, (4, 16, 16, 3), np.uint8)
    for form in ("NFC", "NFD"):
        for label, name in enumerate(("café", "고양이")):
            place = tmp_path / form / unicodedata.normalize(form, name)
            place.mkdir(parents=True)
            for number in range(2):
                Image.fromarray(images[2 * label + number]).save(place / unicodedata.normalize(form, f"é{number}.png"))
    then, now = found(tmp_path / "NFC"), found(tmp_path / "NFD")
    assert then.digest == now.digest and now.names[0] == "café/é0.png"


def test_arrays_are_known_by_content_alone(tmp_path, random):
    x, y = random.integers(0, 256, (6, 8, 8), np.uint8), np.arange(6) % 2
    np.savez(tmp_path / "one.npz", x=x, y=y)
    np.savez_compressed(tmp_path / "other.npz", train_x=x[..., None], train_y=y.astype(np.uint8))
    first, second = (identity(dataset(tmp_path / name).train) for name in ("one.npz", "other.npz"))
    assert first.digest == second.digest and first.names is None
    assert identity(arrays((x.reshape(6, 8, 8, 1)[:, ::-1], y)).train).digest != first.digest, "the pixels count"


def test_the_same_bytes_in_another_shape_are_another_picture():
    wide, tall = (identity(Pictures(np.zeros((1, *size, 1), np.uint8), [0], "a")) for size in ((8, 16), (16, 8)))
    assert wide.digest != tall.digest and different(wide, tall) == ["one training picture has other content (picture 0)"]


@pytest.mark.parametrize("place", [0, 8191, -8192, -1])
def test_large_files_are_told_by_both_ends_and_by_their_size(tmp_path, place):
    content = bytearray(range(256)) * 400                                # 100 kB; never decoded
    changed = content.copy()
    changed[place] ^= 1
    for name, some in (("a.jpg", content), ("b.jpg", content), ("c.jpg", changed), ("d.jpg", content[:9000] + content[8744:])):
        (tmp_path / name).write_bytes(some)
    found = identity(Pictures([str(tmp_path / f"{name}.jpg") for name in "abcd"], [0] * 4, "a"))
    same = [[(one == other).all() for other in found.prints] for one in found.prints]
    assert (np.array(same) == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]).all()
    assert found.names == ("a.jpg", "b.jpg", "c.jpg", "d.jpg")


def test_reading_back(pets, tmp_path):
    for one in (found(pets), identity(arrays((np.zeros((2, 8, 8), np.uint8), [0, 1]), classes=["한", "글"]).train)):
        np.savez(tmp_path / "identity.npz", **one.arrays())
        with np.load(tmp_path / "identity.npz") as file:
            again = Identity.restored(dict(file))
        assert again.digest == one.digest and again.names == one.names and again.classes == one.classes


@pytest.mark.parametrize("key, value", [
    ("labels", np.zeros(15)), ("labels", np.full(15, 9)), ("prints", np.zeros((15, 8), np.uint8)), ("prints", None),
    ("names", np.zeros(3, np.uint8)), ("names", np.frombuffer(b'["a"]', np.uint8)), ("classes", np.frombuffer(b"3", np.uint8))])
def test_damaged_fingerprints_are_refused(pets, key, value):
    with pytest.raises(ValueError, match="fingerprints of the pictures are damaged"):
        Identity.restored({**found(pets).arrays(), key: value})


# ---------------------------------------------------------------------------- what has changed

def test_a_class_under_another_name_that_sorts_elsewhere(pets):
    sentences = changes(pets, lambda: (pets / "cat").rename(pets / "wildcat"))
    assert sentences == ["the training class cat is called wildcat now", "the training class wildcat had the number 0 and has 2"]


def test_very_many_classes_under_other_names(random):
    """As when a file with their words is put beside a thousand synsets: quick, and a few sentences."""
    pictures = Pictures(random.integers(0, 256, (3000, 8, 8, 1), np.uint8), np.arange(3000) // 3, [f"n{k:04}" for k in range(1000)])
    named = Pictures(pictures.images, pictures.labels, [f"thing {k:04}" for k in range(1000)])
    assert different(identity(pictures), identity(named)) == [
        f"the training class n000{k} is called thing 000{k} now" for k in range(3)] + ["and 997 more classes likewise"]


def test_two_classes_exchanged(pets):
    def exchange():
        (pets / "cat").rename(pets / "x")
        (pets / "dog").rename(pets / "cat")
        (pets / "x").rename(pets / "dog")
    assert changes(pets, exchange) == ["10 training pictures are in other classes, such as cat/0.png: cat, now dog"]


def test_a_class_more_and_a_class_less(pets, random):
    def change():
        shutil.rmtree(pets / "owl")
        (pets / "emu").mkdir()
        save(pets / "emu" / "1.png", random)
    assert changes(pets, change) == [
        "the training class owl is missing", "the training class emu was added",
        "5 training pictures are missing, such as owl/0.png", "one training picture was added (emu/1.png)"]


def test_replaced_missing_added_moved(pets, random):
    def change():
        save(pets / "cat" / "0.png", random)
        save(pets / "cat" / "1.png", random)
        (pets / "dog" / "3.png").unlink()
        save(pets / "dog" / "new.png", random)
        (pets / "owl" / "2.png").rename(pets / "dog" / "owl2.png")
    assert changes(pets, change) == [
        "2 training pictures have other content, such as cat/0.png",
        "one training picture is in another class (owl/2.png: owl, now dog)",
        "one training picture is missing (dog/3.png)", "one training picture was added (dog/new.png)"]


def test_a_copy_less_of_a_picture_that_was_there_twice(pets):
    shutil.copy(pets / "cat" / "1.png", pets / "cat" / "2.png")
    assert changes(pets, (pets / "cat" / "2.png").unlink) == ["one training picture is missing (cat/2.png)"]


def test_another_order(pets):
    assert changes(pets, lambda: (pets / "cat" / "0.png").rename(pets / "cat" / "9.png")) == [
        "the training pictures are in another order: cat/1.png is where cat/0.png was"]
    assert changes(pets, lambda: (pets / "dog" / "0.png").rename(pets / "dog" / "00.png")) == [
        "one training picture has another name (dog/0.png, now dog/00.png)"]


def test_arrays_that_were_replaced_and_reordered(random):
    x, y = random.integers(0, 256, (8, 8, 8, 3), np.uint8), np.arange(8) % 2
    then = identity(Pictures(x, y, ("a", "b")))
    turned = identity(Pictures(x[::-1], y[::-1], ("a", "b")))
    assert different(then, turned) == ["the training pictures are in another order: picture 7 is where picture 0 was"]
    x[3] = 0
    assert different(then, identity(Pictures(x, y, ("a", "b"))), "test") == [
        "one test picture has other content (picture 3)"]


@pytest.mark.parametrize("size", [9, 100, 16_384, 16_385, 50_000])
def test_size_beginning_and_end_of_a_file_count(tmp_path, size):
    content = bytearray(np.random.default_rng(0).bytes(size))
    found = set()
    for changed in (None, 0, 8, size - 9, size - 1):
        other = content.copy()
        if changed is not None:
            other[changed] ^= 1
        (tmp_path / "a.jpg").write_bytes(other)
        found.add(print_of(tmp_path / "a.jpg"))
    (tmp_path / "a.jpg").write_bytes(content + content[-8192:])                 # the same end
    assert len(found | {print_of(tmp_path / "a.jpg")}) == (4 if size == 9 else 6)


def test_a_longer_file_with_the_same_ends_is_another(tmp_path):
    for name, middle in (("a.jpg", 20_000), ("b.jpg", 20_001)):
        (tmp_path / name).write_bytes(bytes(middle))
    assert print_of(tmp_path / "a.jpg") != print_of(tmp_path / "b.jpg")


def test_known_says_it_of_the_first_ones():
    one, other, third = (np.full((1, 16), number, np.uint8) for number in range(3))
    assert known(np.concatenate([one, other, one]), third).tolist() == [False] * 3
    assert known(np.concatenate([one, other, one]), one).tolist() == [True, False, True]


def test_a_change_in_the_middle_of_a_file_without_compression(tmp_path):
    white = np.full((256, 256, 3), 255, np.uint8)
    dotted = white.copy()
    dotted[128, 128] = 0
    for name, picture in (("a", white), ("b", dotted)):
        (tmp_path / name).mkdir()
        Image.fromarray(picture).save(tmp_path / name / "1.bmp")
    assert len(np.unique(found(tmp_path).prints, axis=0)) == 2


def test_pictures_in_both_parts(pets, tmp_path):
    shutil.copytree(pets, tmp_path / "set" / "train")
    (tmp_path / "set" / "test" / "cat").mkdir(parents=True)
    shutil.copy(pets / "dog" / "4.png", tmp_path / "set" / "test" / "cat" / "a.png")
    data = dataset(tmp_path / "set")
    assert shared(identity(data.train), identity(data.test)) == [("cat/a.png", "dog/4.png")]


def test_the_shape_of_an_array_counts(random):
    content = random.integers(0, 256, 8 * 18 * 3, np.uint8)
    assert print_of(content.reshape(8, 18, 3)) != print_of(content.reshape(18, 8, 3)) != print_of(content.reshape(12, 12, 3))
