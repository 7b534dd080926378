"""The pages of the site tell the truth: files, commands, options and figures that they name are there, and are right."""
import re
from pathlib import Path

import pytest

import npnet
from npnet.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
BY_ITSELF = {"NPNET_CHILD", "NPNET_RANKS", "NPNET_NOTES", "NPNET_TERMINAL"}          # variables that npnet itself sets
GUIDE = ["start", "build", "data", "training", "doctor", "remarks", "shipped", "speed", "gpu", "parallel", "gradcheck", "commands", "weights", "see",
         "course/students", "course/instructors"]


def page(name):
    return (DOCS / f"{name}.md").read_text("utf-8")


def cells(text):
    """The code of a page's cells, without their tags."""
    found = re.findall(r"^```\{code-cell\} python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(r"^:tags:.*\n", "", code) for code in found]


def help_of(capsys, *command):
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", GUIDE)
def test_files_that_a_page_names_exist(name):
    text = page(name)
    paths = re.findall(r"`((?:npnet|examples|tests|docs)/[\w/]+(?:\.\w+)?/?)`", text) + re.findall(r"examples/\w+\.py", text)
    paths += [str(Path("docs", name).parent / path) for path in re.findall(r"^```\{literalinclude\} (\S+)$", text, re.MULTILINE)]

    for path in paths:
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize("name", GUIDE)
def test_a_page_begins_as_myst_nb_wants_it(name):
    text = page(name)

    assert re.match(r"---\nfile_format: mystnb\nkernelspec:\n  name: python3\n---\n# \S", text)
    assert "@@" not in text and "TODO" not in text
    for code in cells(text):
        if not code.startswith("%%"):
            compile(code, f"{name}.md", "exec")


@pytest.mark.parametrize("name", GUIDE)
def test_options_that_a_page_names_exist(name, capsys):
    """Every --option after a command of npnet, on the same line, is one of that command."""
    known = {}
    for words in re.findall(r"npnet ((?:data|course|weights) [a-z-]+[^`\n]*|[a-z]+[^`\n]*)", page(name)):
        command = words.split()[:2] if words.split()[0] in ("data", "course", "weights") else words.split()[:1]
        options = re.findall(r"(?<!\S)--[a-z][a-z-]+", words)
        if options and command[0] in COMMANDS and (len(command) == 1 or re.match(r"[a-z][a-z-]*$", command[1])):
            said = known.setdefault(tuple(command), None) or help_of(capsys, *command)
            known[tuple(command)] = said
            for option in options:
                assert option in said, f"npnet {words}"


def test_the_table_of_commands_has_every_command(capsys):
    table = dict(re.findall(r"^\| `(\w+)[^`]*` \| (.*) \|$", page("commands"), re.MULTILINE))
    table = {command: said for command, said in table.items() if command in COMMANDS}

    assert set(table) == set(COMMANDS)
    for command, said in table.items():
        words = help_of(capsys, command)
        for option in re.findall(r"`(--[a-z-]+)", said.replace("`--lang ko`", "")):
            assert option in words, f"{command} {option}"
        assert f'options("{command}")' in page("commands")
    actions = re.findall(r"`([a-z-]+)`", table["course"])
    assert len(actions) == 17 and all(re.search(rf"^    {action}\b", help_of(capsys, "course"), re.MULTILINE) for action in actions)


def test_variables_are_those_that_the_code_reads():
    told = set(re.findall(r"^\| `(NPNET_\w+)`", page("commands"), re.MULTILINE))
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / "npnet").rglob("*.py"))

    assert told == set(re.findall(r"\bNPNET_[A-Z_]+\b", text)) - BY_ITSELF


def test_twelve_lines():
    assert len(cells(page("build"))[1].splitlines()) <= 12


@pytest.mark.long
def test_every_version_with_its_parameters():
    rows = dict(re.findall(r"^\| (`\w+`(?:, `\w+`)?) \|.*\| ([\d, ]+) \|$", page("build"), re.MULTILINE))
    named = {name: int(count.replace(",", "")) for names, counts in rows.items()
             for name, count in zip(re.findall(r"`(\w+)`", names), counts.split(", "))}

    assert set(named) == set(npnet.MODELS)
    for name, count in named.items():
        assert sum(array.size for array in npnet.model(name).params().values()) == count


PRINTED = {
    "start": ["Cause: The gradient of x is 2/3 times the right one", "epoch 6: loss"],
    "build": ["Conv2D(256, 5, pad=2, groups=2, bias=1) (256, 27, 27) (256, 48, 5, 5) (2, 3, 227, 227)",
              "loss 7.65, and log(1000) is 6.91", "21 layers without LRN", "1.0 of these eight pictures are learnt",
              "(8, 3600)", "LeakyReLU(slope=0.2)", "gradient check passed", "[-0.  2.] True"],
    "training": ["5 steps, 40 test pictures", "12 steps, 100 test pictures",
                 "npnet train --data cifar10 --net cifar_alexnet --epochs 20 --batch 64 --lr 0.012 --warm-up 0.5"],
    "parallel": ["3 ranks share 10 pictures: cut at [0, 3, 6, 10]", "rank 0 of 1", "was killed (signal 9",
                 "before conv3    11,075,584 bytes forward   11,075,584 back", "data-parallel     244.1 MB sent",
                 "two towers         31.3 MB sent", "one weird trick    18.5 MB sent", "weights, gradients, velocity: 0.73 GB",
                 "ranks  pictures"],
    "gradcheck": ["Only what the last window sends arrives", "gradient check passed", "{'x': 'factor'}"],
    "doctor": ["backward-wrong: fc2", "sign of its dw is wrong", "gradient check FAILED: w is wrong", "labels-shuffled: the loss",
               "input-faint: the loss", "biases-hide: the loss", "rate-high: the loss", "rate-low: the rate",
               "statistics-behind: norm1", "labels-sorted: the labels", "the network can learn this batch",
               "step 19: the weights: no weight has changed", "the same bits: True", "step 20: the rate", "step 80: the rate"],
    "weights": ["single_tower, torchvision, squeezenet1_1", "the whole picture stretched to 256 x 256 pixels", "cat 100",
                "fc6.w    fc6.weight    (2048, 256)       transposed", "'fc2.w': (64, 5)"],
    "see": ["ship, 100", "100 squares", "conv5: 163 pixels on a side"],
}


@pytest.mark.long
@pytest.mark.parametrize("name", PRINTED)
def test_cells_print_what_the_text_says(name, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(DOCS))
    here, namespace = str(tmp_path), {"__name__": "__main__"}         # where classes of a page live
    monkeypatch.setattr("tempfile.mkdtemp", lambda: here)
    for code in cells(page(name)):
        if code.startswith("%%writefile "):
            file, _, text = code.removeprefix("%%writefile ").partition("\n")
            Path(file).write_text(text)
        else:
            exec(compile(code, f"{name}.md", "exec"), namespace)
    said = capsys.readouterr().out

    for line in PRINTED[name]:
        assert line in said


def test_the_page_about_speed_names_what_exists(capsys):
    speed = page("speed")
    words, commands = help_of(capsys, "bench"), re.findall(r"npnet bench ([^`\n]+)", speed)

    assert len(commands) > 5
    for option in re.findall(r"--[a-z-]+", " ".join(commands)):
        assert option in words
    for name in re.findall(r"\b\w+\.py\b", speed):
        assert any((ROOT / folder / name).exists() for folder in ("npnet/fast", "examples", "npnet/bench")), name


def test_ratios_of_the_page_about_speed_are_those_of_its_times():
    rows = re.findall(r"^\|.*\| ([\d.]+) (?:ms|MB) \| ([\d.]+) (?:ms|MB) \| \**([\d.]+)\** \|", page("speed"), re.MULTILINE)

    assert len(rows) == 9
    for ours, theirs, ratio in rows:
        assert abs(float(ours) / float(theirs) - float(ratio)) < 0.006


def test_pictures_of_the_page_about_speed_show_its_figures(monkeypatch):
    monkeypatch.syspath_prepend(str(DOCS))
    from pictures import speed
    rates, roof = speed.rungs()
    told = speed.layers()

    assert len(rates) == 6 and rates == sorted(rates) and rates[4] < roof
    assert len(told) == 11 and told["conv3"] == (164, 326, 313, 656)
    assert all(ours + back < theirs + their_back for ours, back, theirs, their_back in told.values())       # as its alt says
    for figure in (speed.ladder(), speed.beside_pytorch()):
        assert figure.get_size_inches()[0] <= 4.7
