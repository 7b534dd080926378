"""The files for a cluster's queue: bash reads them, and their lines do what they say, with mpiexec in place of srun."""
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ranked import MPIEXEC, ONE_THREAD, OPEN_MPI, ROOT

from npnet.weights import read_checkpoint

SLURM = ROOT / "examples" / "slurm"
BATCHES = sorted(SLURM.glob("*.sbatch"))

# Slurm sends a step's signal to its tasks, which are rank 0's watcher and the others'
SRUN = f"""#!/bin/bash
echo "srun $*" >> "$FAKE/said"
while [[ "$1" == --* ]]; do shift; done
export NPNET_NOTES=$(mktemp -d)
trap 'kill -TERM "$(cat "$NPNET_NOTES/begun")"' TERM
{MPIEXEC} -n "$SLURM_NTASKS" "$@" &
mpiexec=$!
echo $$ > "$FAKE/step"
wait $mpiexec
code=$?
[ $code -gt 128 ] && kill -0 $mpiexec 2> /dev/null && {{ wait $mpiexec; code=$?; }}
exit $code
"""
SCONTROL = """#!/bin/bash
echo "scontrol $*" >> "$FAKE/said"
"""
NPNET = f"""#!/bin/bash
exec {sys.executable} -m npnet "$@"
"""


@pytest.fixture
def cluster(tmp_path):
    """A folder with srun, scontrol, npnet and an environment, and the variables that Slurm sets in a job."""
    programs = tmp_path / "environment" / "bin"
    programs.mkdir(parents=True)
    for name, text in (("srun", SRUN), ("scontrol", SCONTROL), ("npnet", NPNET)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (programs / "activate").write_text(f"export PATH={programs}:{Path(sys.executable).parent}:$PATH\n")
    return {**os.environ, **ONE_THREAD, **OPEN_MPI, "PYTHONPATH": str(ROOT), "FAKE": str(tmp_path), "SLURM_JOB_ID": "77",
            "SLURM_NTASKS": "2", "SLURM_CPUS_PER_TASK": "1", "ENVIRONMENT": str(programs.parent), "NPNET_BACKEND": "numpy",
            "EXAMPLES": str(ROOT / "examples")}


def job(name, cluster, *words, **more):
    """The process of a job's file."""
    return subprocess.Popen(["bash", SLURM / f"{name}.sbatch", *map(str, words)], cwd=cluster["FAKE"], text=True,
                            env=cluster | more, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)


def said(cluster):
    """What srun and scontrol were called with."""
    path = Path(cluster["FAKE"]) / "said"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("path", BATCHES, ids=lambda path: path.stem)
def test_bash_and_slurm_can_read_a_file(path):
    lines = path.read_text("ascii").splitlines()
    options = [line for line in lines if line.startswith("#SBATCH")]

    assert subprocess.run(["bash", "-n", path]).returncode == 0
    assert lines[0] == "#!/bin/bash" and len(options) >= 6
    assert all(re.fullmatch(r"#SBATCH --[a-z-]+(=[\w:%@.-]+)?", line) for line in options)
    first = next(number for number, line in enumerate(lines) if line and not line.startswith("#"))
    assert lines.index(options[-1]) < first                     # after a command Slurm reads no more of them


def test_the_readme_names_every_file_and_every_line_it_explains():
    text = (SLURM / "README.md").read_text("utf-8")
    used = set(re.findall(r"--[a-z-]+(?:=\S+)?", "\n".join(re.findall("^#SBATCH (.*)", (SLURM / "train.sbatch").read_text(), re.M))))

    assert all(f"`{path.name}`" in text for path in BATCHES)
    explained = {"--ntasks-per-node=1", "--cpus-per-task=16", "--signal=TERM@180", "--requeue", "--open-mode=append"}
    assert explained <= used and all(f"`{line}`" in text for line in explained)


@pytest.mark.mpi
def test_a_training_whose_time_is_over_saves_goes_back_to_the_queue_and_is_resumed(cluster):
    folder = Path(cluster["FAKE"])
    random = np.random.default_rng(0)
    pictures, labels = random.integers(0, 256, (40, 28, 28), np.uint8), np.arange(40) % 10
    np.savez(folder / "my.npz", train_x=pictures, train_y=labels, test_x=pictures[:10], test_y=labels[:10])
    words = ["--data", "my.npz", "--net", "lenet5", "--epochs", "2000", "--batch", "16", "--no-probe"]
    first = job("train", cluster, *words)
    deadline = time.monotonic() + 90
    while not (folder / "runs/77/last.npz").exists() and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(int((folder / "step").read_text()), signal.SIGTERM)
    out, _ = first.communicate(timeout=60)

    assert first.returncode == 143, out
    assert [line.split()[0] for line in said(cluster)] == ["srun", "scontrol"] and said(cluster)[1] == "scontrol requeue 77"
    assert said(cluster)[0].startswith("srun --mpi=pmi2 --kill-on-bad-exit=1 --cpus-per-task=1 npnet train --out runs/77")
    steps = len(read_checkpoint(folder / "runs/77/last.npz").losses)

    second = job("train", cluster, *words, LAUNCH="srun --mpi=pmix")        # the next turn
    out, _ = finished(second, folder / "runs/77/last.npz", folder / "step")
    assert said(cluster)[2] == "srun --mpi=pmix npnet train --resume runs/77", out
    assert second.returncode == 143 and len(read_checkpoint(folder / "runs/77/last.npz").losses) > steps, out


def finished(process, checkpoint, step):
    """What a job printed that was ended by SIGTERM when it had written another checkpoint."""
    before, deadline = checkpoint.stat().st_mtime_ns, time.monotonic() + 90
    while checkpoint.stat().st_mtime_ns == before and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(int(step.read_text()), signal.SIGTERM)
    return process.communicate(timeout=60)


@pytest.mark.parametrize("words, resumed", [(["--towers", "--data", "my.npz"], "--resume runs/77 --towers"), (["--data", "--towers-"], "--resume runs/77")])
def test_towers_stay_towers_in_the_next_turn(cluster, words, resumed):
    process = job("train", cluster, *words, LAUNCH="echo")
    assert f"npnet train --out runs/77 {' '.join(words)}\n" in process.communicate(timeout=20)[0]
    (Path(cluster["FAKE"]) / "runs/77").mkdir(parents=True)
    (Path(cluster["FAKE"]) / "runs/77/last.npz").touch()
    process = job("train", cluster, *words, LAUNCH="echo")
    assert f"npnet train {resumed}\n" in process.communicate(timeout=20)[0]


@pytest.mark.mpi
def test_a_training_that_fails_does_not_go_back_to_the_queue(cluster):
    process = job("train", cluster, "--data", "no-such-data")
    out, _ = process.communicate(timeout=60)

    assert process.returncode not in (0, 143) and "no-such-data" in out
    assert [line.split()[0] for line in said(cluster)] == ["srun"]


@pytest.mark.mpi
@pytest.mark.long
def test_the_plan_measures_predicts_and_shows(cluster):
    text = (ROOT / "examples" / "parallel_trace.py").read_text("utf-8")
    (Path(cluster["FAKE"]) / "parallel_trace.py").write_text(text.replace("PICTURES = 64", "PICTURES = 2"), "utf-8")
    process = job("plan", cluster, NET="lenet5", BATCHES="2,4", BANDWIDTH="1Gbit", EXAMPLES=cluster["FAKE"])
    out, _ = process.communicate(timeout=180)

    assert process.returncode == 0, out
    assert "1 Gbit/s" in out and "of the communication was hidden" in out
    assert {"speed-77.json", "plan-77.png", "parallel_trace.png"} <= {path.name for path in Path(cluster["FAKE"]).iterdir()}
