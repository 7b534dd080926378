"""The folder of a run: one process at a time, nothing of the user's is written over, and the pictures are known."""
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from training import PIPELINE, SETTINGS, loaders, run, small

import npnet
from npnet.data import Loader, Pictures, dataset
from npnet.fit import answers, finish, fit, folder, score
from npnet.weights import read_checkpoint

# ---------------------------------------------------------------------------- locks


HOLDS = """
import sys
from npnet.files.lock import locked
with locked(sys.argv[1], "it"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_processes_do_not_train_in_one_folder(tmp_path):
    run(tmp_path, 1)
    other = subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path / ".lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "held\n"
    before = (tmp_path / "last.npz").read_bytes()
    with pytest.raises(BlockingIOError, match=rf"the run in .* is being written by process {other.pid} on \S+; wait for its end"):
        run(tmp_path, 2, resume=True)
    assert (tmp_path / "last.npz").read_bytes() == before

    other.kill()                                                # the lock dies with it, whatever it has left
    other.communicate()
    assert (tmp_path / ".lock").exists()
    run(tmp_path, 2, resume=True)
    assert not (tmp_path / ".lock").exists()


def test_a_folder_is_reserved_by_making_it(tmp_path):
    names = [folder.new_folder(tmp_path / "runs" / "a").name for _ in range(3)]

    assert names == ["a", "a-2", "a-3"] and all((tmp_path / "runs" / name).is_dir() for name in names)


def test_a_run_that_does_not_begin_leaves_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError):
        run(tmp_path / "a", resume=True)
    training, validation = loaders(batch=59)
    with pytest.raises(ValueError, match="drop_last"):
        fit(npnet.Network((3, 8, 8), flat=npnet.Flatten(), fc1=npnet.Dense(4), norm1=npnet.BatchNorm(), fc2=npnet.Dense(3)), npnet.SGD(),
            training, validation, 1, tmp_path / "a", quiet=True)
    inside = npnet.Concat([dict(fc1=npnet.Dense(4), norm1=npnet.BatchNorm())])
    with pytest.raises(ValueError, match="^both.norm1: batch normalisation compares the pictures of a batch.*drop_last"):
        fit(npnet.Network((3, 8, 8), flat=npnet.Flatten(), both=inside, fc2=npnet.Dense(3)), npnet.SGD(), training, validation, 1,
            tmp_path / "a", quiet=True)
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------------- files

@pytest.mark.parametrize("name", ["confusion.png", "confident-mistakes.png", "pictures.npz"])
def test_files_of_the_user_are_not_written_over(tmp_path, name):
    (tmp_path / name).write_text("mine")

    with pytest.raises(FileExistsError, match=f"has a file {name}, and the run would write over it"):
        run(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_is_made_from_the_record_warns_once_and_never_ends_the_training(tmp_path, monkeypatch, capsys):
    """history.csv is open in a spreadsheet: Windows does not let it be replaced."""
    usual = os.replace

    def refusing(source, target):
        if Path(target).suffix in (".csv", ".png", ".json"):
            raise PermissionError(13, "The process cannot access the file")
        return usual(source, target)
    monkeypatch.setattr(os, "replace", refusing)
    done = run(tmp_path, 3, quiet=False)[1]
    said = capsys.readouterr().out

    assert done.epoch == 3 and not done.stopped and len(read_checkpoint(tmp_path / "last.npz").losses) == 18
    for name in ("history.csv", "losses.csv", "settings.json", "curves.png", "losses.png", "filters.png"):
        assert len(re.findall(f"^{name} is left as it was: ", said, re.MULTILINE)) == 1


@pytest.mark.parametrize("system, path, line", [
    ("posix", "my runs/a", "npnet train --resume 'my runs/a'"), ("nt", r"my runs\a", r'npnet train --resume "my runs\a"'),
    ("nt", r"C:\runs\a", r"npnet train --resume C:\runs\a"), ("nt", "a&b", 'npnet train --resume "a&b"')])
def test_the_line_for_going_on_is_one_that_the_shell_takes(monkeypatch, system, path, line):
    monkeypatch.setattr(folder.os, "name", system)

    assert folder.command_line("npnet", "train", "--resume", path) == line


# ---------------------------------------------------------------------------- the pictures

def saved(place, classes=("cat", "dog"), count=12):
    """A folder of pictures, of classes of its own."""
    random = np.random.default_rng(3)
    for name in classes:
        (place / "train" / name).mkdir(parents=True)
        for i in range(count):
            Image.fromarray(random.integers(0, 256, (8, 8, 3), np.uint8)).save(place / "train" / name / f"{i:02}.png")
    return place


def of_folder(place, out, epochs, **options):
    net = npnet.Network((3, 8, 8), flatten=npnet.Flatten(), fc1=npnet.Dense(2))
    training = Loader(dataset(place).train, 6, PIPELINE, workers=0)
    return fit(net, npnet.SGD(0.01), training, epochs=epochs, out=out, quiet=True, **options)


def renamed(place):
    (place / "train" / "cat").rename(place / "train" / "zebra")


def replaced(place):
    Image.new("RGB", (8, 8)).save(place / "train" / "cat" / "03.png")


def added(place):
    Image.new("RGB", (8, 8)).save(place / "train" / "dog" / "99.png")


def missing(place):
    (place / "train" / "dog" / "07.png").unlink()


@pytest.mark.parametrize("change, words", [
    (renamed, "class cat is called zebra now"), (replaced, "cat/03.png.* has other content|has other content.*cat/03.png"),
    (added, "added.*dog/99.png|dog/99.png.*added"), (missing, "missing.*dog/07.png|dog/07.png.*missing")])
def test_a_run_goes_on_with_its_own_pictures_only(tmp_path, change, words):
    place = saved(tmp_path / "set")
    of_folder(place, tmp_path / "run", 1)
    before = (tmp_path / "run" / "last.npz").read_bytes()
    change(place)

    with pytest.raises(ValueError, match="last.npz cannot go on with other pictures: ") as error:
        of_folder(place, tmp_path / "run", 2, resume=True)
    assert re.search(words, str(error.value)) and (tmp_path / "run" / "last.npz").read_bytes() == before


def test_a_set_that_was_moved_is_the_same(tmp_path):
    of_folder(saved(tmp_path / "set"), tmp_path / "run", 1)
    shutil.move(tmp_path / "set", tmp_path / "elsewhere")

    assert of_folder(tmp_path / "elsewhere", tmp_path / "run", 2, resume=True).epoch == 2


def test_which_pictures_a_run_was_trained_on(tmp_path):
    run(tmp_path, 1)
    training, validation = loaders()
    for path in (tmp_path, tmp_path / "best.npz"):
        found = folder.identities(path)
        assert found.keys() == {"training", "validation"}
        assert len(found["training"].labels) == 60 and found["validation"].classes == ("top", "middle", "bottom")
        assert found["training"].digest == folder.identity(training.pictures).digest


def test_many_pictures_are_kept_once(tmp_path, monkeypatch):
    from npnet.weights import checkpoint
    monkeypatch.setattr(checkpoint, "MANY", 50)
    run(tmp_path, 1)
    with np.load(tmp_path / "last.npz") as file:
        assert not [name for name in file.files if name.startswith("pictures/")]
    assert folder.identities(tmp_path)["training"].digest == read_checkpoint(tmp_path / "last.npz").identity["training"]

    others = loaders()[0].pictures.take(range(59))
    with pytest.raises(ValueError, match="other pictures: one training picture is missing"):
        fit(small(), npnet.SGD(0.02), Loader(others, 10, PIPELINE), None, 2, tmp_path, resume=True, quiet=True)
    (tmp_path / "pictures.npz").unlink()                        # only a digest is left
    with pytest.raises(ValueError, match="other pictures: the training pictures are others"):
        fit(small(), npnet.SGD(0.02), Loader(others, 10, PIPELINE), None, 2, tmp_path, resume=True, quiet=True)


def test_a_checkpoint_gives_network_optimizer_and_pipeline(tmp_path):
    run(tmp_path / "whole", 3)
    run(tmp_path / "parts", 1)
    checkpoint = read_checkpoint(tmp_path / "parts" / "last.npz")
    training, validation = (Loader(each.pictures, 10, None, train=each.train, workers=0) for each in loaders())
    done = fit(resume=checkpoint, loader=training, validation=validation, epochs=3, quiet=True, settings=SETTINGS)

    assert done.folder == tmp_path / "parts" and done.net["drop2"].p_drop == 0.2 and training.pipeline == PIPELINE
    from training import ends_as
    ends_as(tmp_path / "parts", tmp_path / "whole")
    with pytest.raises(ValueError, match="goes on in its own folder, not in "):
        fit(resume=checkpoint, loader=training, epochs=3, out=tmp_path / "new", quiet=True)


def test_pictures_of_other_classes(tmp_path):
    run(tmp_path, 1)
    pictures = loaders()[0].pictures
    others = Pictures(pictures.images, pictures.labels, ("top", "middle", "below"))

    with pytest.raises(ValueError, match="the training class bottom is called below now"):
        fit(small(), npnet.SGD(0.02), Loader(others, 10, PIPELINE), None, 2, tmp_path, resume=True, quiet=True)


def test_mistakes_of_an_earlier_network_do_not_stay(tmp_path):
    done, held = run(tmp_path, 1)[1], loaders()[1].pictures
    (tmp_path / "confident-mistakes.png").write_bytes(b"of the epoch before")
    log_p = answers([(done.net, PIPELINE)], held)
    right = replace(held, labels=log_p.argmax(axis=1))
    done.test = score(log_p, right.labels)
    sheets = finish.tested(done, log_p, right, "last.npz", lambda *words: None)

    assert [title for title, _ in sheets] == ["Confusion"] and not (tmp_path / "confident-mistakes.png").exists()


def test_a_sheet_of_the_report_leaves_the_users_file_alone(tmp_path):
    from matplotlib.figure import Figure

    from npnet.fit.report import write_report
    done = run(tmp_path, 1)[1]
    write_report(done, done.net, PIPELINE, sheets=[("My sheet", Figure())])
    write_report(done, done.net, PIPELINE, sheets=[("My sheet", Figure())])             # its own is drawn again
    (tmp_path / "my-sheet.png").write_bytes(b"mine")

    with pytest.raises(FileExistsError, match="my-sheet.png is there and was not drawn by npnet; give the sheet 'My sheet' another title"):
        write_report(done, done.net, PIPELINE, sheets=[("My sheet", Figure())])
    assert (tmp_path / "my-sheet.png").read_bytes() == b"mine"


def test_a_folder_that_is_moved_while_its_run_is_under_way_is_not_made_anew(tmp_path, monkeypatch):
    place = tmp_path / "run"
    saved = folder.save

    def moved(run, *rest):
        if run.losses and place.exists():
            place.rename(tmp_path / "moved")
        return saved(run, *rest)
    monkeypatch.setattr(folder, "save", moved)
    with pytest.raises(FileNotFoundError, match="run has gone while its run was under way; where the folder is now"):
        run(place, 1)
    assert not place.exists() and (tmp_path / "moved" / "last.npz").exists()
