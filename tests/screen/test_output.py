"""Lines and tables: letters that a stream cannot show, narrow terminals."""
import io
import sys

import pytest
from rich.cells import cell_len

from npnet.screen import echo, print_table, tell
from npnet.screen.output import forgiving


@pytest.fixture
def columns(monkeypatch):
    """Sets the width of the terminal."""
    return lambda count: monkeypatch.setenv("COLUMNS", str(count))


@pytest.mark.parametrize("encoding, shown", [
    ("ascii", "? caf?"), ("cp1252", "? café"), ("cp949", "일 caf?"), ("latin-1", "? café"), ("utf-8", "일 café")])
def test_what_a_stream_cannot_show_is_replaced(monkeypatch, encoding, shown):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    forgiving()
    echo("일 café")
    assert stream.buffer.getvalue().decode(encoding).split("\n")[0].rstrip("\r") == shown


def test_streams_of_others_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    forgiving()
    echo("일")
    assert sys.stdout.getvalue() == "일\n"


@pytest.mark.parametrize("wide", [80, 40])
def test_sentences_fit_the_terminal(capsys, columns, wide):
    columns(wide)
    tell("every word of a long sentence is there, " * 5)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) < wide and " ".join(" ".join(lines).split()).count("sentence is there") == 5


def test_korean_letters_are_two_columns_wide(capsys, columns):
    columns(40)
    tell("꽃사진 한 장을 보면 무엇이 보이는지 사람은 금방 알지만 컴퓨터는 숫자만 본다: " + "words between 낱말 " * 4)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(cell_len, lines)) < 40 and cell_len(lines[0]) > 30


def test_a_command_to_copy_stays_whole(capsys, columns):
    columns(30)
    tell("interrupted; it goes on with this command:\n    npnet train --resume a/folder/with/a/long/name")
    assert capsys.readouterr().out.splitlines()[-1] == "    npnet train --resume a/folder/with/a/long/name"


ROWS = [("class", "pictures", "most often taken for"), ("a long name of a class", "1,000", "another name (12)"), ("일본 벚나무", "7", "")]


def test_columns_line_up_and_nothing_is_cut_where_there_is_room(capsys, columns):
    columns(80)
    print_table(ROWS, "lrl")
    lines = capsys.readouterr().out.splitlines()
    assert "a long name of a class     1,000  another name (12)" in lines[1] and "…" not in "".join(lines)
    assert lines[2].startswith("일본 벚나무") and lines[2].rstrip().endswith("7")


def test_no_word_is_broken_where_words_stay_whole(capsys, columns):
    rows = [("name", "what"), ("squeezenet1_1_of_others", "torchvision's SqueezeNet 1.1")]
    columns(34)
    print_table(rows, "ll", whole=True)
    out = capsys.readouterr().out
    assert all(word in out for word in ("squeezenet1_1_of_others", "torchvision's", "SqueezeNet", "1.1")) and max(map(len, out.splitlines())) <= 34
    columns(40)
    print_table(rows, "ll", whole=True)
    assert capsys.readouterr().out.splitlines()[1].startswith("squeezenet1_1_of_others  torchvision's")     # folded between words


def test_numbers_are_never_cut_in_a_narrow_terminal(capsys, columns):
    columns(30)
    print_table(ROWS, "lrl")
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 30 and "1,000" in shown and "pictures" in shown
