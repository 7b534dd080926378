"""Pictures beside a file of labels."""
import os

import pytest
from made import jpeg, refused, write

from npnet.data.readers.folders import pictures_folder


@pytest.mark.parametrize("name, text", [
    ("labels.csv", "file,label\nb.jpg,dog\na.jpg,cat\n\nc d.jpg,cat\n"), ("labels.csv", '\ufeffb.jpg , dog\r\n"a.jpg","cat"\r\nc d.jpg,cat'),
    ("labels.txt", "b.jpg dog\na.jpg\tcat\nc d.jpg cat\n"), ("labels.txt", "b.jpg,dog\na.jpg,cat\nc d.jpg,cat\n")])
def test_labels_in_a_file(tmp_path, name, text):
    write(tmp_path, {"a.jpg": jpeg(), "b.jpg": jpeg(), "c d.jpg": jpeg(), "e.jpg": jpeg(), name: text})
    data = pictures_folder(tmp_path)
    assert data.classes == ("cat", "dog") and data.train.labels.tolist() == [1, 0, 0] and data.test is None
    assert [os.path.basename(path) for path in data.train.images] == ["b.jpg", "a.jpg", "c d.jpg"]
    assert data.origin.endswith("1 file without a line in labels.csv was left out".replace("labels.csv", name))


def test_labels_beside_a_folder_with_the_pictures(tmp_path):
    write(tmp_path, {"labels.csv": "a.jpg,cat\nb.jpg,dog\n", "images/a.jpg": jpeg(), "images/b.jpg": jpeg()})
    assert ("has labels.csv, but no pictures beside it, and one class folder alone, images; move labels.csv to the pictures"
            in refused(ValueError, pictures_folder, tmp_path))
    (tmp_path / "labels.csv").rename(tmp_path / "images" / "labels.csv")
    assert pictures_folder(tmp_path / "images").classes == ("cat", "dog")


def test_a_comma_in_a_name_stands_in_quotes(tmp_path):
    write(tmp_path, {"a, b.jpg": jpeg(), "c.jpg": jpeg(), "labels.csv": '"a, b.jpg",cat\nc.jpg,dog'})
    assert pictures_folder(tmp_path).train.labels.tolist() == [0, 1]
    write(tmp_path, {"labels.csv": "a, b.jpg,cat\nc.jpg,dog"})
    assert "line 1 must be a file and its class" in refused(ValueError, pictures_folder, tmp_path)


def test_labels_beside_pictures_and_folders_with_the_same_names(tmp_path):
    write(tmp_path, {"labels.csv": "a.jpg,cat\nb.jpg,dog", "a.jpg": jpeg(), "b.jpg": jpeg(), "x/z/1.jpg": jpeg(), "y/z/1.jpg": jpeg()})
    assert pictures_folder(tmp_path).classes == ("cat", "dog")


def test_parts_with_labels_in_files(tmp_path):
    write(tmp_path, {"train/a.jpg": jpeg(), "train/b.jpg": jpeg(), "train/labels.csv": "a.jpg,10\nb.jpg,9",
                     "test/a.jpg": jpeg(), "test/labels.csv": "a.jpg,10"})
    data = pictures_folder(tmp_path)
    assert data.classes == ("9", "10") and data.train.labels.tolist() == [1, 0] and data.test.labels.tolist() == [1]


@pytest.mark.parametrize("text, error, said", [
    ("a.jpg,cat\nz.jpg,dog", FileNotFoundError, "line 2: there is no file z.jpg"),
    ("a.jpg,cat\nb.jpg", ValueError, "line 2 must be a file and its class, as in 1.jpg,cat, got 'b.jpg'"),
    ("a.jpg,cat,1", ValueError, "line 1 must be a file and its class"), ("a.jpg,", ValueError, "line 1 must be"),
    ('a.jpg,"' + 200_000 * "x", ValueError, "line 1 must be a file and its class"),
    ("a.jpg,cat\na.jpg,dog", ValueError, "line 2: a.jpg is dog here and cat further up"),
    ("a.jpg,cat\nb.jpg,dog\na.jpg,cat", ValueError, "names 1 files twice"),
    ("file,label\n\n", ValueError, "has no lines"), ("", ValueError, "has no lines"),
    (b"\xff\xfea\0.\0", ValueError, "is not text in UTF-8"), ("a\0b", ValueError, "holds zeros"),
    ("a.jpg,cat\nb.jpg,cat", ValueError, "has one class alone, cat")])
def test_wrong_labels(tmp_path, text, error, said):
    write(tmp_path, {"a.jpg": jpeg(), "b.jpg": jpeg(), "labels.csv": text})
    assert said in refused(error, pictures_folder, tmp_path)


@pytest.mark.parametrize("header, row", [
    ("id,breed", "{},{}"), ("image_id,label", "{},{}"), ("filename,class", "{}.jpg,{}"), ("label,file", "{1},{0}.jpg"),
    ("width,Image,height,Species", "200,{},100,{}"), ("path,category", "deeper/{},{}"), ("name,label", "{},{}")])
def test_the_common_headers(tmp_path, header, row):
    where = "deeper/" if "deeper" in row else ""
    rows = "\n".join(row.format(name, kind) for name, kind in (("b1f", "dog"), ("000", "cat"), ("77a", "cat")))
    write(tmp_path, {"x.jpg": jpeg(), **{f"{where}{name}.jpg": jpeg() for name in ("b1f", "000", "77a")},
                     "labels.csv": f"{header}\n{rows}\n"})
    data = pictures_folder(tmp_path)
    assert [os.path.basename(path) for path in data.train.images] == ["b1f.jpg", "000.jpg", "77a.jpg"]
    assert data.train.labels.tolist() == [1, 0, 0] and data.classes == ("cat", "dog")


def test_a_name_without_its_ending_that_two_pictures_have(tmp_path):
    write(tmp_path, {"a.jpg": jpeg(), "a.png": jpeg(), "b.jpg": jpeg(), "labels.csv": "b,cat\na,dog"})
    assert "line 2: there is no file a in" in refused(FileNotFoundError, pictures_folder, tmp_path)


def test_one_picture_under_both_its_names(tmp_path):
    write(tmp_path, {"a.jpg": jpeg(), "b.jpg": jpeg(), "labels.csv": "a,cat\nb,dog\na.jpg,cat"})
    assert "names 1 files twice" in refused(ValueError, pictures_folder, tmp_path)


def test_names_in_another_unicode_form_than_the_files(tmp_path):
    write(tmp_path, {"cafe\u0301.jpg": jpeg(), "b.jpg": jpeg(), "labels.csv": "caf\u00e9.jpg,th\u00e9\nb.jpg,the\u0301x"})
    data = pictures_folder(tmp_path)
    assert data.classes == ("th\u00e9", "th\u00e9x") and data.train[0].shape == (16, 24, 3)


def test_a_header_names_how_many_cells_there_are(tmp_path):
    write(tmp_path, {"a.jpg": jpeg(), "labels.csv": "id,breed,age\na,cat"})
    assert "line 2 must be a file and its class" in refused(ValueError, pictures_folder, tmp_path)


def test_a_file_of_labels_as_large_as_a_film(tmp_path):
    write(tmp_path, {"a.jpg": jpeg(), "labels.csv": ""})
    os.truncate(tmp_path / "labels.csv", 10**11)
    assert "has 100,000,000,000 bytes, too many for a file of labels" in refused(ValueError, pictures_folder, tmp_path)


def test_semicolons_as_excel_writes_them_in_europe(tmp_path):
    write(tmp_path, {"1.jpg": jpeg(), "2.jpg": jpeg(), "labels.csv": "\ufefffile;class\r\n1.jpg;cat\r\n2.jpg;dog\r\n"})
    assert pictures_folder(tmp_path).classes == ("cat", "dog")
