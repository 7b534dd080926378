"""Numbers, names and errors in words."""
import pytest

from npnet.screen import clock, counted, duration, listed, nearest, percent, sentence, size
from npnet.screen.words import printable, short_names


@pytest.mark.parametrize("share, decimals, text", [
    (0.546, 1, "54.6 %"), (1, 1, "100.0 %"), (0.98304, 2, "98.30 %"), (0.000134, None, "0.013 %"), (0.5, None, "50 %"), (0.9997, None, "100 %"),
    (0.0004, 1, "< 0.1 %"), (0.0006, 1, "0.1 %"), (0, 1, "0.0 %"), (0.004, 0, "< 1 %"), (0.00004, 2, "< 0.01 %")])
def test_percentages(share, decimals, text):
    assert percent(share, decimals) == text


@pytest.mark.parametrize("number, text", [(0, "0 classes"), (1, "1 class"), (2000, "2,000 classes")])
def test_counted_things(number, text):
    assert counted(number, "class", "classes") == text
    assert counted(number, "step") == text.replace("classes", "steps").replace("class", "step")


@pytest.mark.parametrize("names, text", [([], ""), (["a"], "a"), (["a", "b"], "a, b"), ([1, 2, 3], "1, 2 and 1 more"),
                                         (range(3000), "0, 1 and 2,998 more")])
def test_lists_are_cut(names, text):
    assert listed(names, most=2) == text


@pytest.mark.parametrize("name, hint", [("cifra10", "did you mean cifar10? "), ("CIFAR10", "did you mean cifar10? "),
                                        ("Jose", "did you mean José? "), ("xyz", "")])
def test_the_nearest_name(name, hint):
    assert nearest(name, ["cifar10", "mnist", "José"]) == hint


@pytest.mark.parametrize("seconds, text", [(0.4, "0:00"), (59.6, "1:00"), (605, "10:05"), (3600, "1:00:00"), (7325, "2:02:05"),
                                           (float("nan"), "?"), (float("inf"), "?")])
def test_clock_times(seconds, text):
    assert clock(seconds) == text


@pytest.mark.parametrize("seconds, text", [(720, "12 min"), (3.44, "3.4 s"), (0.0123, "12 ms"), (0.0012, "1.2 ms"),
                                           (0.00012, "0.12 ms"), (1e-6, "< 0.01 ms")])
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize("count, kilo, text", [(0, 1000, "0 B"), (999, 1000, "999 B"), (400_000, 1000, "400 kB"),
                                               (85_300_000, 1000, "85.3 MB"), (2 ** 30, 1024, "1.0 GB")])
def test_sizes(count, kilo, text):
    assert size(count, kilo) == text


@pytest.mark.parametrize("error, text", [
    (ValueError("two\n  lines"), "two lines"), (KeyError("no layer"), "no layer"), (ValueError(), "ValueError"),
    (FileNotFoundError(2, "No such file or directory", "a.npz"), "a.npz: No such file or directory"),
    (MemoryError("Unable to allocate 5 GiB"), "not enough memory for 5 GiB"),
    (MemoryError(), "there is not enough memory for that")])
def test_an_error_is_one_line(error, text):
    assert sentence(error) == text


def test_a_text_of_a_file_cannot_command_a_terminal():
    assert printable("a\nb\x1b[2J고") == "a?b?[2J고" and len(printable("a" * 500)) == 100


def test_names_by_the_first_of_their_words():
    assert short_names(["tench, Tinca tinca", "crane", "goldfish, Carassius auratus"]) == ["tench", "crane", "goldfish"]
    assert short_names(["crane, bird", "crane, machine", ", x"]) == ["crane, bird", "crane, machine", ", x"]
