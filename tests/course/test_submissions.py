"""Downloads of learning platforms: whose files they are."""
import pytest
from test_archives import zipped

from npnet.course.grader.files import wanted
from npnet.course.submissions import addresses_of, id_of, one, owner, submissions

MARKED = b"# BEGIN YOUR CODE(a3.dx)\n# END YOUR CODE(a3.dx)\n"


def written(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


CANVAS = {"kimminsu_12345_67890_a3_conv_backward.py": b"k", "leejane_LATE_222_333_a3_conv_backward-2.py": b"l",
          "parkann_77_88_mine.zip": zipped({"deep/er/a3_conv_backward.py": "p"})}
MOODLE = {"Kim Minsu_12345_assignsubmission_file_/a3_conv_backward.py": b"k",
          "김 민수_222_assignsubmission_file/a3_conv_backward.py": b"l",
          "Ann B_77_assignsubmission_file_a3.zip": zipped({"a3_conv_backward.py": "p"})}
PLAIN = {"12345.zip": zipped({"a3_conv_backward.py": "k"}), "222/a3_conv_backward.py": b"l", "77.py": b"p"}


@pytest.mark.parametrize("files", [CANVAS, MOODLE, PLAIN], ids=["Canvas", "Moodle", "plain"])
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_the_students_of_a_download(tmp_path, files, packed):
    path = written(tmp_path / "all", files)
    if packed:
        path = tmp_path / "all.zip"
        path.write_bytes(zipped(files))
    found = {each.id: each for each in submissions(path)}
    assert sorted(found) == ["12345", "222", "77"]
    for id, content in (("12345", b"k"), ("222", b"l"), ("77", b"p")):
        name = wanted(found[id].files, "a3_conv_backward.py") or "77.py"
        assert found[id].files[name] == content and not found[id].problem
    assert found["222"].late is (files is CANVAS)


def test_names_of_students():
    assert owner("kimminsu_12345_67890_a3.py")["name"] == "kimminsu"
    assert owner("Kim Min_Su_12345_assignsubmission_file_")["name"] == "Kim Min_Su"
    assert owner("2020-1234.zip")["id"] == "2020-1234"
    assert owner("kim_minsu")["id"] == "kim_minsu"


METADATA = """---
submission_111:
  :submitters:
  - :name: Kim
    :sid: '2020'
    :email: kim@x.org
  :created_at: 2026-01-01
submission_222:
  :submitters:
  - :name: Lee
    :email: lee@x.org
  - :name: An
    :email: an@x.org
"""


def test_gradescopes_export_gives_addresses(tmp_path):
    assert addresses_of(METADATA) == {"submission_111": "kim@x.org", "submission_222": "an@x.org,lee@x.org"}
    files = {"submission_metadata.yml": METADATA.encode(), "submission_111/a3_conv_backward.py": b"k",
             "submission_222/a3_conv_backward.py": b"l"}
    assert [each.id for each in submissions(written(tmp_path / "export", files))] == ["an@x.org,lee@x.org", "kim@x.org"]
    (tmp_path / "all.zip").write_bytes(zipped({f"assignment_9_export/{name}": c for name, c in files.items()}))
    assert [each.id for each in submissions(tmp_path / "all.zip")] == ["an@x.org,lee@x.org", "kim@x.org"]


def test_one_submission_has_the_id_that_it_has_among_all(tmp_path):
    for name in ("leejieun_102_6002_a3.zip", "kim.py", "submission_12"):
        path = tmp_path / "all" / name
        if name == "submission_12":
            path.mkdir()
            path = path / "a3.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(zipped({"a3.py": "x"}) if name.endswith(".zip") else b"x")
    (tmp_path / "all" / "submission_metadata.yml").write_text("submission_12:\n  :submitters:\n  - :email: kim@x.org\n")
    names = ("kim.py", "leejieun_102_6002_a3.zip", "submission_12")
    assert {id_of(tmp_path / "all" / name) for name in names} == {each.id for each in submissions(tmp_path / "all")} \
        == {"kim", "102", "kim@x.org"}


def test_one_bad_zip_does_not_stop_the_rest(tmp_path):
    files = {"ann.zip": b"broken", "bob.zip": zipped({"../x.py": "1"}), "cat.zip": zipped({"a3_conv_backward.py": "c"})}
    for path in (written(tmp_path / "all", files), tmp_path / "all.zip"):
        if path.suffix:
            path.write_bytes(zipped(files))
        ann, bob, cat = submissions(path)
        assert "not a zip, or it is damaged" in ann.problem and ann.files == {}
        assert "leads out of its folder" in bob.problem and bob.files == {}
        assert cat.problem == "" and list(cat.files) == ["cat/a3_conv_backward.py"] or list(cat.files) == ["a3_conv_backward.py"]


def test_nothing_there(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no submissions"):
        submissions(tmp_path / "empty")
    with pytest.raises(ValueError, match="is not there; give a folder, a zip or a .py file"):
        one(tmp_path / "nothing.zip")


def test_links_are_not_followed(tmp_path):
    (tmp_path / "kim").mkdir()
    (tmp_path / "secret.py").write_text("x")
    (tmp_path / "kim" / "a3_conv_backward.py").symlink_to(tmp_path / "secret.py")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a3_conv_backward.py").write_text("x")
    (tmp_path / "kim" / "inner").symlink_to(tmp_path / "elsewhere")
    assert one(tmp_path / "kim") == {}


@pytest.mark.parametrize("names, found", [
    (["a3_conv_backward.py", "old/a3_conv_backward.py"], "a3_conv_backward.py"),
    (["b/a3_conv_backward.py"], "b/a3_conv_backward.py"),
    (["a3_conv_backward.py", "a3_conv_backward-2.py", "a3_conv_backward-1.py"], "a3_conv_backward-2.py"),
    (["A3_Conv_Backward (1).py"], "A3_Conv_Backward (1).py"),
    (["a3_conv_backward.ipynb", "notes.py"], "a3_conv_backward.ipynb"), (["my.ipynb"], "my.ipynb"),
    (["my solution.py", "a4_max_pool.py"], "my solution.py"), (["a4_max_pool.py"], None), ([], None)])
def test_the_asked_file(names, found):
    files = {name: MARKED if name.startswith("my") else b"" for name in names}
    assert wanted(files, "a3_conv_backward.py") == found
