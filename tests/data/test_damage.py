"""Any damage gives a data set or one sentence, quickly and in little memory."""
import numpy as np
from made import TABLE, TRUTH_FILE, X, Y, cifar10_binary, cifar10_python, devkit, flat, jpegs, mnist_files, training

from npnet.data import dataset


def test_damage_anywhere_gives_one_sentence(tmp_path, random):
    """Any byte of any file may be wrong: a data set comes or a sentence that names the folder, nothing else."""
    mnist_files(tmp_path / "mnist", ending=".gz")
    devkit(flat(training(tmp_path / "ilsvrc")), "map_clsloc.txt", TABLE)
    np.savez_compressed(tmp_path / "a.npz", x=X, y=Y, classes=["a", "b", "c"])
    np.savez(tmp_path / "b.npz", **dict(zip(("jpeg", "end", "label"), jpegs(4))))
    for place, file in (
            (cifar10_python(tmp_path / "python"), "data_batch_2"), (cifar10_binary(tmp_path / "binary"), "data_batch_2.bin"),
            (tmp_path / "mnist", "t10k-images-idx3-ubyte.gz"), (tmp_path / "ilsvrc", "map_clsloc.txt"),
            (tmp_path / "ilsvrc", TRUTH_FILE), (tmp_path / "a.npz", ""), (tmp_path / "b.npz", "")):
        sound = np.frombuffer((place / file).read_bytes(), np.uint8)
        for attempt in range(40):
            broken = sound.copy()
            broken[random.integers(0, len(sound) if attempt % 2 else min(len(sound), 200), 3)] = random.integers(0, 256, 3)
            (place / file).write_bytes(broken[:None if attempt % 4 else random.integers(len(sound))].tobytes())
            try:
                assert len(dataset(place).classes) > 2
            except (ValueError, FileNotFoundError) as error:
                assert str(tmp_path) in str(error) and "\n" not in str(error)
        (place / file).write_bytes(sound.tobytes())
