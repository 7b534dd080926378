"""What a bench prints: its numbers, in lines that fit."""
import json

import pytest

from answered import data, scaling_data
from npnet import bench
from npnet.bench.report import milliseconds, rate

pytestmark = pytest.mark.usefixtures("weightless")


def printed(capsys, function, *arguments):
    function(*arguments)
    return capsys.readouterr().out


@pytest.fixture(params=[60, 80], autouse=True)
def columns(request, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(request.param))
    return request.param


def lines_of(text, first):
    return [line.split() for line in text.splitlines() if line.startswith(first)]


def test_every_line_fits(capsys, columns):
    found = data()
    bench.print_machine(found)
    bench.print_limits(found)
    for batch in (1, 16, 128):
        bench.print_batch(found, batch)
    bench.print_summary(found)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= columns and "…" not in out


def test_a_table_of_layers(capsys):
    found = data()
    out = printed(capsys, bench.print_batch, found, 128)
    row = next(row for row in found["layers"] if (row["batch"], row["layer"], row["way"]) == (128, "conv3", "forward"))
    assert lines_of(out, "conv3")[0] == ["conv3", f"{row['npnet']:.0f}", "ms", *rate(row).split(), f"{100 * row['share']:.0f}", "%",
                                         f"{row['torch']:.0f}", "ms", "0.71"]
    assert len(lines_of(out, "flatten")[0]) == 6                        # neither a rate nor a share of a limit
    assert "forward, batch 128" in out and "backward, batch 128" in out and len(lines_of(out, "sum")) == 2
    assert lines_of(out, "step") == [["step", "3759", "ms", "5261", "ms", "0.71"]]
    assert lines_of(out, "page faults") == [["page", "faults", "140,000", "140,000", "1.00"]]
    assert lines_of(out, "peak memory") == [["peak", "memory", "2.0", "GB", "2.0", "GB", "1.00"]]


def test_without_pytorch(capsys):
    found = data(torch=False)
    out = printed(capsys, bench.print_batch, found, 16) + printed(capsys, bench.print_summary, found)
    assert lines_of(out, "conv1")[0][-1] == "%" and lines_of(out, "step 128  ") == [["step", "128", "3759", "ms", "0.42"]]


def test_the_summary_beside_the_targets(capsys):
    found = data()
    found["notes"] = ["batch 999 is left out"]
    out = printed(capsys, bench.print_summary, found)
    assert lines_of(out, "forward 1 ") == [["forward", "1", "22.5", "ms", "21.4", "ms", "1.05", "0.70", "missed"],
                                           ] and "peak of step 128" in out
    assert lines_of(out, "peak of step 128")[0][-2:] == ["0.80", "met"]
    assert lines_of(out, "step 128 torchvision")[0][-3:] == ["1.28", "0.90", "missed"]
    assert lines_of(out, "LRN both ways, 128")[0][-3:] == ["0.31", "0.12", "missed"]
    assert lines_of(out, "step 16")[0][-1] == "0.65"                    # nothing was promised
    assert "batch 999 is left out" in out and "backends of npnet" in out and "0.89" in out


def test_another_network_has_no_targets(capsys):
    out = printed(capsys, bench.print_summary, data("half_tower"))
    assert "target" not in out and "met" not in out.split() and "missed" not in out


def test_the_limits(capsys):
    out = printed(capsys, bench.print_limits, data())
    assert lines_of(out, "matrix products") == [["matrix", "products,", "float32", "150", "GFLOP/s", "300", "GFLOP/s"]]
    assert lines_of(out, "copying") == [["copying,", "read", "and", "written", "21", "GB/s", "33", "GB/s"]]


def test_cost_against_size(capsys, columns):
    out = printed(capsys, bench.print_scaling, scaling_data())
    assert max(map(len, out.splitlines())) <= columns
    assert "numba is slower here: step, batch 1: 1.02 times its time" in " ".join(out.split())
    assert lines_of(out, "512") == [["512", "33.3", "ms", "66.7", "ms", "0.50"]]         # memory was too little for a step
    out = printed(capsys, bench.print_scaling, scaling_data() | {"slower": []})
    assert "Nowhere is numpy quicker." in " ".join(out.split())


def test_peers(capsys, columns):
    row = {"layer": "conv1", "npnet": 22.0, "numpy": 41.0, "textbook": 180.0, "loops": 6e5, "loops_share": 1e-4, "ratio": 0.122}
    found = {"batch": 16, "threads": 2, "versions": {"npnet": {"backend": "numba"}},
             "rows": [row | {"way": "forward"}, row | {"way": "backward", "loops_share": 1e-3}]}
    out = printed(capsys, bench.print_peers, found)
    assert lines_of(out, "conv1")[0] == ["conv1", "22.0", "ms", "41.0", "ms", "180", "ms", "10", "min", "0.12"]
    assert "(1 part of 1,000 to 10,000)" in " ".join(out.split()) and max(map(len, out.splitlines())) <= columns


@pytest.mark.parametrize("number, said", [(None, ""), (0.01234, "0.012 ms"), (1.234, "1.23 ms"), (12.34, "12.3 ms"), (1234.5, "1234 ms")])
def test_milliseconds(number, said):
    assert milliseconds(number) == said


def test_what_json_gave_back_prints_the_same(capsys):
    found = data(batches=(16,))
    for function, rest in ((bench.print_batch, (16,)), (bench.print_summary, ())):
        assert printed(capsys, function, found, *rest) == printed(capsys, function, json.loads(json.dumps(found)), *rest)
