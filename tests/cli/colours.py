"""Pictures in three colours, a network that learns them in seconds, and `npnet train` on them."""
import numpy as np
from PIL import Image

from npnet.cli import main

COLOURS = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}
QUICK = ["--batch", "9", "--workers", "0", "--net", "caffe_lenet", "--size", "16", "--lr", "0.05"]


def train(data, *words):
    return main(["train", "--data", str(data), *QUICK, *words])


def noisy(count):
    """Noisy pictures uint8 (count, 12, 12, 3), and their labels."""
    random, labels = np.random.default_rng(0), np.arange(count) % 3
    images = np.array(list(COLOURS.values()))[labels][:, None, None] + random.integers(-40, 41, (count, 12, 12, 3))
    return np.clip(images, 0, 255).astype(np.uint8), labels


def picture(colour, path):
    Image.new("RGB", (40, 30), COLOURS[colour]).save(path)
    return str(path)


def coloured(folder, **parts):
    """Folders with so many pictures in each colour, no two alike: coloured(folder, train=4, test=2)."""
    number = 0
    for part, count in parts.items():
        for name, colour in COLOURS.items():
            (folder / part / name).mkdir(parents=True)
            for i in range(count):
                number += 1
                image = Image.new("RGB", (40, 30), colour)
                image.putpixel((number % 40, number // 40), (255, 255, 255))
                image.save(folder / part / name / f"{i}.png")


def width(path):
    with Image.open(path) as image:
        return image.size[0]
