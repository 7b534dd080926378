"""The words of explain: complete in both languages, none left in the code, and Korean in blocks that line up."""
import ast
import copy
import io
import pickle
import re
import zipfile
from pathlib import Path
from string import Formatter

import numpy as np
import pytest
from PIL import Image
from rich.cells import cell_len

import npnet
from networks import every_class, small, walked
from npnet.cli import main
from npnet.cli.evaluate import limits
from npnet.data import read_picture
from npnet.data.pictures import too_large
from npnet.data.pipeline import Pipeline, number_words
from npnet.explain import terminal
from npnet.explain.prepared import in_words, knowledge
from npnet.explain.walk import Explain
from npnet.explain.words import Listed, Said, chosen, several, table, understood, within
from npnet.weights.prepared import PREPARED

PACKAGE = Path(npnet.__file__).parent
SOURCES = [*sorted((PACKAGE / "explain").glob("*.py")), *sorted((PACKAGE / "explain" / "page").glob("*.py")),
           PACKAGE / "cli" / "explain.py"]
MADE = ("label.", "what.", "formula.", "count.", "elsewhere.")          # ids of which the code writes only the beginning
SENTENCE = re.compile(r"[A-Za-z']+,? [A-Za-z']+,? [A-Za-z']+")
HANGUL = re.compile("[가-힣]")


def fields(text):
    return sorted({name for _, name, _, _ in Formatter().parse(text) if name})


@pytest.mark.parametrize("name", table())
def test_every_sentence_is_there_in_both_languages(name):
    entry = table()[name]
    assert set(entry) == {"en", "ko"} and all(entry.values())
    assert fields(entry["en"]) == fields(entry["ko"])
    assert entry["en"].isascii()
    wordless = not SENTENCE.search(entry["en"])                         # a formula, or little but values
    assert HANGUL.search(entry["ko"]) or wordless, name


def test_no_particle_depends_on_a_value():
    """은 or 는: which one, the end of the word before it says; a value ends in anything."""
    for name, entry in table().items():
        assert not re.search(r"\}(은|는|이|가|을|를|과|와|으로|로|이라|라|이나|나|이고|고|이며)(?![가-힣])", entry["ko"]), name


def test_every_sentence_is_said_and_every_id_is_known():
    named = set()
    for path in [*SOURCES, PACKAGE / "cli" / "see.py"]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and re.fullmatch(r"[a-z_]+\.[a-zA-Z0-9_.]+", str(node.value)):
                named.add(node.value)
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                named |= {name for name in table() if name.startswith(str(node.values[0].value))
                          and re.fullmatch(r"[a-z]+\.[a-z_]*", str(node.values[0].value))}
    unsaid = [name for name in table() if name not in named and not name.startswith(MADE)]
    rooms = {name.split(".")[0] for name in table()}
    unknown = [name for name in named if name.split(".")[0] in rooms and not name.endswith(".py") and name not in table()
               and not any(known.startswith(name) for known in table())]
    assert unsaid == [] and unknown == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_sentence_is_left_in_the_code(path):
    """Docstrings, help of the command line, the summary's table and what check_finite calls a number are not said by
    explain."""
    if path.stem in ("counts", "loops"):
        pytest.skip("the summary is not explain's, and loops are code alone")
    tree = ast.parse(path.read_text("utf-8"))
    allowed = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
                "add_argument", "check_finite"):
            allowed |= {id(part) for part in ast.walk(node)}
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "attr", "") == "description":
            allowed |= {id(part) for part in ast.walk(node)}
    left = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
            and id(node) not in allowed and SENTENCE.search(node.value)]
    code = re.compile(r"[=(\[{]|import |^for ") if path.stem == "notebook" else re.compile("shape size")     # the LABELS
    assert [text for text in left if not code.search(text)] == []


# ------------------------------------------------------------------------------- Said

def test_a_sentence_within_a_sentence():
    said = Said("hand.largest", numbers=several("number", 9))
    assert said == "the largest of 9 numbers" and said.within("ko") == "숫자 9개 중 가장 큰 수"
    assert Said("hand.largest", numbers=several("number", 1)) == "the largest of 1 number"
    both = Listed(["im2col 3 kB", said])
    assert both == "im2col 3 kB, the largest of 9 numbers" and both.within("ko") == "im2col 3 kB, 숫자 9개 중 가장 큰 수"
    assert within("3 x 3", "ko") == "3 x 3"
    for text in (said, both):
        for other in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
            assert other == text and other.within("ko") == text.within("ko")


def test_the_language_that_was_asked_for(monkeypatch):
    monkeypatch.delenv("NPNET_LANG", raising=False)
    assert chosen() == "en" and chosen("ko") == "ko"
    monkeypatch.setenv("NPNET_LANG", "ko_KR.UTF-8")
    assert chosen() == "ko" and chosen("en") == "en"
    for wrong in ("kr", "korean", "e"):
        monkeypatch.setenv("NPNET_LANG", wrong)
        with pytest.raises(ValueError, match=f"NPNET_LANG must be en or ko, got '{wrong}'"):
            chosen()


def test_a_walk_knows_its_language(random):
    assert walked(small(), random).name(3) == "class 3" and walked(small(), random, language="ko").name(3) == "클래스 3"
    with pytest.raises(ValueError, match="language must be en or ko, got 'fr'"):
        walked(small(), random, language="fr")
    with pytest.raises(ValueError, match="이름은 2개인데 신경망의 클래스는 5개입니다"):
        walked(small(), random, names=["a", "b"], language="ko")
    with pytest.raises(ValueError, match="받은 배치: 2장"):
        Explain(small(), np.zeros((2, 3, 9, 9), np.float32), language="ko")


# ------------------------------------------------------------------------------- the blocks in Korean

def numbers(lines):
    """All numbers of some lines, sorted; without the zero of "no zeros"."""
    return sorted(re.findall(r"\d+(?:[.,]\d+)*", re.sub("0은 없음|0의 비율|0이 됩니다|become 0", "", "\n".join(lines))))


def check_korean(english, korean):
    """The Korean of a step's pages: as many lines (a path's may be folded elsewhere), the same numbers, texts that
    begin in one column."""
    assert english.y.tobytes() == korean.y.tobytes()
    korean.seconds = english.seconds
    for page in (terminal.block, terminal.why, terminal.values):
        lines, ours = page(english), page(korean)
        paths = len(english.facts.paths)
        assert abs(len(ours) - len(lines)) <= paths and len(lines) <= 10 + 2 * paths, ours
        assert numbers(ours) == numbers(lines), ours
        assert all(cell_len(line) <= 80 for line in ours), ours
        assert not any(line.endswith("...") > before.endswith("...") for line, before in zip(ours, lines)), ours
        if page is not terminal.values or len(lines) > 1:
            assert HANGUL.search("".join(ours)), ours
    for line in terminal.block(korean)[1:]:
        label = line[:next(i for i in range(len(line)) if cell_len(line[:i]) >= 14)]
        assert cell_len(label) == 14 and label.endswith(" ") and label.startswith("  "), line


def test_every_class_of_layer_in_korean(random):
    npnet.use("numpy")
    english = walked(every_class(), np.random.default_rng(1))
    korean = walked(every_class(), np.random.default_rng(1), language="ko")
    for one, other in zip(english, korean):
        check_korean(one, other)
    for page in (terminal.answers, terminal.way_back):
        lines, ours = page(english), page(korean)
        assert numbers(lines) == numbers(ours) and max(map(cell_len, ours)) <= 80
        assert len(ours) == len(lines)
    heads, first = terminal.way_back(korean)[2:4]
    assert cell_len(heads) == cell_len("  ") + 10 + 15 + 15 + 13 + 13 and cell_len(first) == len(first)


@pytest.mark.long
@pytest.mark.parametrize("name", npnet.MODELS)
def test_every_version_in_korean(name):
    npnet.use("numpy")
    net = npnet.model(name)
    x = (60 * np.random.default_rng(0).standard_normal((1, *net.input_shape))).astype(np.float32)
    for one, other in zip(Explain(net, x), Explain(net, x, language="ko")):
        check_korean(one, other)


def test_the_keys_in_korean(random, tmp_path, monkeypatch):
    stream, explain = io.StringIO(), walked(small(), random, language="ko")
    terminal.walk(explain, True, tmp_path, iter("wvp\r\r\r\rw\r"), stream)
    text = stream.getvalue()
    prompt = "> Enter 다음  b 이전  w 이유  v 값  p 그림  q 끝 "
    assert text.count(prompt) >= 9 and text.count("\r" + " " * cell_len(prompt) + "\r") == text.count(prompt)
    assert "w 키는 층에서 씁니다" in text and f"저장했습니다: {tmp_path / '01-conv1.png'}" in text
    assert "클래스\n" in text and "역전파(backpropagation) 한 번: 손실" in text


def test_a_narrow_terminal_cuts_no_korean(random, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    stream, lines = io.StringIO(), terminal.block(walked(small(), random, language="ko")["conv1"])
    terminal.show(lines, stream)
    shown = stream.getvalue()
    assert max(map(cell_len, shown.splitlines())) < 40 and shown.split() == " ".join(lines).split()


def test_korean_gets_the_colours_that_english_gets(random):
    patterns = [re.compile(pattern) for pattern, colour in terminal.marks()]
    for language in ("en", "ko"):
        block = terminal.block(walked(small(), random, language=language)["conv1"])
        assert [any(pattern.search(line) for pattern in patterns) for line in block[1:]] == [True] * len(block[1:])
    assert any(pattern.search("서로 다릅니다") for pattern in patterns)


# ------------------------------------------------------------------------------- the command

@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("asked", ["option", "variable"])
def test_the_command_in_korean(columns, asked, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", str(columns))
    words = ["explain", "--net", "cifar_alexnet", "--layer", "norm1", "--backend", "numpy", "--save", str(tmp_path)]
    if asked == "variable":
        monkeypatch.setenv("NPNET_LANG", "ko")
    assert main([*words, *(["--lang", "ko"] if asked == "option" else [])]) == 0
    out = capsys.readouterr().out
    *blocks, saved = out.split("\n\n")
    assert all(cell_len(line) <= columns for block in blocks for line in block.split("\n"))
    flat = " ".join(out.split())
    assert "512 x 600 픽셀, 신경망: cifar_alexnet" in flat and "아는 것은 클래스 10개입니다." in flat
    assert "입력 3x32x32: RGB, 0 ~ 255, 평균 (125.3, 123.0, 113.9) 빼기, 나누기" in flat
    assert "곱셈-덧셈 3,686,400번 (norm1까지), 1초 미만, 백엔드 numpy" in flat
    assert saved.startswith("그림 1장을 저장했습니다.") and "일치합니다" in flat
    assert not re.search("mean|agree|picture|pixels|channels", flat)


@pytest.mark.parametrize("version", PREPARED)
def test_english_is_what_the_pipeline_says_of_itself(version):
    pipeline = PREPARED[version]
    assert in_words(pipeline) == ", ".join(number_words(pipeline)) and in_words(pipeline, training=True) == str(pipeline)
    assert in_words(pipeline, training=True).within("ko") != str(pipeline)


@pytest.mark.parametrize("options", [
    {"crop": True, "mirror": True, "mean": np.full((3, 40, 40), 9.0), "counted": 2000},
    {"mean": (99, 98, 97), "counted": 50, "order": "BGR", "colour": "paper", "vectors": np.eye(3), "values": np.ones(3)},
    {"mean": 99.0, "colour": "original", "vectors": np.eye(3), "values": np.ones(3)}])
def test_english_is_what_a_training_pipeline_says_of_itself(options):
    pipeline = Pipeline(32, 40, **options)
    assert in_words(pipeline, training=True) == str(pipeline)
    for pad in (1, 4):
        assert in_words(Pipeline(32, 32, pad=pad), training=True) == str(Pipeline(32, 32, pad=pad))


def test_what_a_network_knows_is_said_as_evaluate_says_it():
    for name, classes in (("a", ["x"]), ("a + b", list("abcdefghijkl")), ("shipped", list("abcdefghij")),
                          ("c", [f"class {k}" for k in range(1000)]), ("a + b", ["class 0", "class 1"]),
                          ("d", ["tench, Tinca tinca", "crane, bird", "crane, machine"])):
        assert knowledge(name, classes) == limits(name, classes)


# ------------------------------------------------------------------------------- what other rooms say

ERRORS = {
    "no_folder": ["nowhere/cat.jpg"], "no_network_file": ["--weights", "missing.npz"], "no_file_but": ["greyy.png"],
    "no_file": ["zzzzzzzzzzzz.x"], "folder": ["."], "empty": ["empty.jpg"], "cut_off": ["half.png"], "damaged": ["cut.jpg"],
    "heic": ["film.heic"], "no_picture": ["words.txt"], "too_small": ["small.png"],
    "no_network_but": ["--net", "lenet"], "no_network": ["--net", "zzz"], "no_layer": ["--net", "lenet5", "--layer", "x"],
    "no_layer_but": ["--net", "lenet5", "--layer", "conv9"], "no_network_file_but": ["--weights", "cifar_alexnett"],
    "no_backend": ["--net", "lenet5", "--backend", "nimba"], "damaged_network": ["--weights", "broken.npz"],
    "no_weights": ["--weights", "words.txt"], "not_fetched": ["--weights", "squeezenet"],
    "other_channels": ["--weights", "mine.npz", "--net", "lenet5"], "no_square": ["--weights", "row.npz"],
    "layers_file": ["--layers", "mine.py"], "no_names": ["--names", "no.txt"], "names_not_text": ["--names", "mine.npz"],
    "names_folder": ["--names", "."], "names_empty": ["--names", "empty.jpg"]}


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder of photographs with something to say about each, in which the test runs."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 255, (20, 30), dtype=np.uint8)).save("grey.png")
    Image.fromarray(random.integers(0, 255, (20, 30, 4), dtype=np.uint8)).save("clear.png")
    Image.fromarray(random.integers(0, 65535, (20, 30), dtype=np.uint16)).save("deep.png")
    colours = Image.fromarray(random.integers(0, 255, (200, 300, 3), dtype=np.uint8))
    colours.convert("CMYK").save("print.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6
    colours.save("turned.jpg", exif=exif)
    colours.save("pages.tif", save_all=True, append_images=[colours])
    colours.save("moving.gif", save_all=True, append_images=[colours.rotate(90)])
    colours.resize((4, 4)).save("small.png")
    Path("cut.jpg").write_bytes(Path("turned.jpg").read_bytes()[:9000])
    Path("half.png").write_bytes(b"\x89PNG\r\n")
    Path("film.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(60))
    Path("empty.jpg").write_bytes(b"")
    Path("words.txt").write_text("one\ntwo\n")
    small().save("mine.npz")
    with zipfile.ZipFile("broken.npz", "w") as file:
        file.writestr("architecture.npy", b"no array")
    monkeypatch.setattr("npnet.weights.fetching.located", lambda name: None)
    npnet.Network((8,), fc=npnet.Dense(2)).save("row.npz")


@pytest.mark.parametrize("name", ERRORS)
def test_errors_of_other_rooms_in_korean(name, capsys, photos):
    words = ["explain", *(["--net", "lenet5"] if "--net" not in ERRORS[name] and "--weights" not in ERRORS[name] and
                          name != "layers_file" else []), *ERRORS[name]]
    assert main(words) == 2
    english = capsys.readouterr().err.removeprefix("npnet: ").strip()
    assert understood(english).name == f"elsewhere.{name}" and understood(english) == english
    assert main([*words, "--lang", "ko"]) == 2
    korean = capsys.readouterr().err
    assert korean == f"npnet: {understood(english).within('ko')}\n" and HANGUL.search(korean)


def test_notes_on_photographs_in_korean(photos):
    notes = {"grey.png": "grey", "clear.png": "transparent", "deep.png": "wide", "print.jpg": "cmyk",
             "turned.jpg": "turned", "pages.tif": "pages", "moving.gif": "animated"}
    for photo, name in notes.items():
        said = []
        read_picture(photo, said)
        assert [understood(note).name for note in said] == [f"elsewhere.note_{name}"]
        assert photo in understood(said[0]).within("ko")
    known = {name.removeprefix("elsewhere.") for name in table() if name.startswith("elsewhere.")}
    assert known == {*ERRORS, *(f"note_{name}" for name in notes.values()), "note_camera", "too_large"}
    assert understood(too_large("a.png", 10 ** 9)).within("ko").startswith("a.png: 1,000,000,000픽셀은 너무 큽니다")


def test_what_nobody_translated_stays_as_it_is(capsys):
    assert main(["explain", "--net", "lenet5", "--classes", "0", "--lang", "ko"]) == 2
    assert capsys.readouterr().err == "npnet: fc5: units must be a whole number of at least 1, got 0\n"
