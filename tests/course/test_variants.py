"""Keys of students: the same for ever, and nothing of a student in what is stored."""
import pytest

from npnet.course.grader import variants

SECRET = "a secret of a course, long enough"


def test_the_key_of_a_known_student_never_changes():
    """Computed once; if this changes, a regrade would draw other probes."""
    assert variants.student_key("npnet course", "kim@example.org") == \
        "cc6e9187ff878b9445f90cb1c0c55f5dbba9098e34d6c97ed2f49ff496d1753a"


def test_spelling_does_not_matter_and_names_do():
    key = variants.student_key(SECRET, "kim@example.org")
    assert variants.student_key(SECRET, "  KIM@Example.org\n") == key
    assert variants.student_key(SECRET, "lee@example.org") != key
    assert variants.student_key(SECRET + "!", "kim@example.org") != key


def test_a_korean_name_is_one_name_in_both_forms_of_unicode():
    composed, taken_apart = "\uae40", "\u1100\u1175\u11b7"
    assert variants.student_key(SECRET, composed) == variants.student_key(SECRET, taken_apart)


def test_a_group_has_one_key_in_any_order_and_it_is_not_that_of_a_member():
    assert variants.student_key(SECRET, ["b@x.org", "A@x.org"]) == variants.student_key(SECRET, ["a@x.org", "b@x.org"])
    assert variants.student_key(SECRET, ["a@x.org", "b@x.org"]) != variants.student_key(SECRET, "a@x.org")
    assert variants.student_key(SECRET, ["a@x.org"]) == variants.student_key(SECRET, "a@x.org")
    assert variants.student_key(SECRET, ["a@x.org", "b@x.org"]) == variants.student_key(SECRET, "b@x.org,a@x.org")
    assert variants.student_key(SECRET, ["ab"]) != variants.student_key(SECRET, ["a", "b"])


@pytest.mark.parametrize("identity", ["", "  ", [], ["", " "]])
def test_nobody_has_no_key(identity):
    with pytest.raises(ValueError, match="a student needs an id"):
        variants.student_key(SECRET, identity)


def test_who_submitted_to_gradescope():
    metadata = {"id": 1, "users": [{"email": "z@x.org", "id": 7, "name": "Z"}, {"email": "a@x.org", "id": 8, "name": "A"}]}
    assert variants.identities_of(metadata) == ["a@x.org", "z@x.org"]
    assert variants.identities_of({"users": [{"id": 12, "name": "N"}]}) == ["12"]


@pytest.mark.parametrize("metadata", [{}, None, [], {"users": None}, {"users": ["text"]}, {"users": [{}]}])
def test_metadata_without_users(metadata):
    assert variants.identities_of(metadata) == []


def test_a_label_tells_nothing_of_the_key():
    key = variants.student_key(SECRET, "kim@example.org")
    label = variants.label(key)
    assert len(label) == 12 and label not in key and label == variants.label(key)
    assert label != variants.label(variants.student_key(SECRET, "lee@example.org"))


def test_a_secret_is_read_from_a_file(tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text(SECRET + "\n")
    assert variants.read_secret(path) == SECRET
    assert variants.read_secret() == variants.PUBLIC
    path.write_text("short")
    with pytest.raises(ValueError, match="16 characters or more, this has 5"):
        variants.read_secret(path)
    path.write_bytes(b"\xff\xfe" * 20)
    with pytest.raises(ValueError, match="is not a text in UTF-8"):
        variants.read_secret(path)
