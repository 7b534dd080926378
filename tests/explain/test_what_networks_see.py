"""What real networks see: the two towers of AlexNet's conv1, a goldfish's eye, and animals in photographs.

The boxes were drawn by hand around the animal, on what the network is given of the photograph (227 x 227), before
any of these functions had seen it.
"""
import os
from pathlib import Path

import numpy as np
import pytest

import npnet
from npnet.data import Pipeline, read_picture
from npnet.explain.fields import fields
from npnet.explain.insight import deconvolution, feature_maps, first_filters, grad_cam, last_maps, occlusion_map, saliency
from npnet.explain.patches import best_patches, pixels
from npnet.layers import LRN
from npnet.models import MODELS
from npnet.weights import trained

pytestmark = pytest.mark.reference

BOXES = {                       # top, bottom, left, right
    "n01440764_tench": (72, 190, 3, 205), "n01601694_water_ouzel": (33, 213, 41, 169),
    "n01795545_black_grouse": (72, 138, 70, 156), "n01860187_black_swan": (0, 227, 51, 198),
    "n01980166_fiddler_crab": (50, 202, 61, 182), "n02027492_red-backed_sandpiper": (70, 165, 72, 146),
    "n02120505_grey_fox": (55, 152, 71, 177), "n02165105_tiger_beetle": (70, 150, 15, 197),
    "n02268853_damselfly": (97, 227, 20, 169), "n02444819_otter": (88, 168, 70, 121)}
SCALED = Pipeline(227, 256, scale="0-1", mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225))


@pytest.fixture(scope="module")
def squeezenet():
    """SqueezeNet 1.0 and the ten photographs: (Trained, {name: (x, class)})."""
    folder = Path(os.environ["NPNET_REFERENCE"])
    known = trained(folder / "squeezenet" / "compressed_SqueezeNet.net")
    ids = [line.split()[0] for line in (folder / "caffe" / "synset_words.txt").read_text().splitlines()]
    return known, {name: (known.pipeline.test(read_picture(folder / "imagenet_samples" / f"{name}.JPEG"))[None],
                          ids.index(name.split("_")[0])) for name in BOXES}


def inside(values, box):
    """Whether the largest of the numbers (H, W) is in the box."""
    h, v = np.unravel_index(values.argmax(), values.shape)
    top, bottom, left, right = box
    return bool(top <= h < bottom and left <= v < right)


def share(values, box):
    """Which part of the sum of what is above 0 is in the box, and which part of the pixels."""
    top, bottom, left, right = box
    above = np.maximum(values, 0)
    return above[top:bottom, left:right].sum() / above.sum(), (bottom - top) * (right - left) / above.size


def page():
    """docs/see.md, whose figures these are, in one line."""
    return " ".join((Path(npnet.__file__).parents[1] / "docs" / "see.md").read_text("utf-8").split())


def test_boxes_leave_room_to_miss():
    part = np.mean([(b - t) * (r - left) / 227 ** 2 for t, b, left, r in BOXES.values()])
    assert part < 0.4 and f"The boxes cover {100 * part:.0f} % of the pixels" in page()


@pytest.mark.long
def test_grad_cam_points_at_the_animal(squeezenet):
    known, photographs = squeezenet
    cams = {name: grad_cam(known.net, x, label) for name, (x, label) in photographs.items()}
    assert last_maps(known.net) == "relu10"
    hits = [name for name in BOXES if inside(cams[name], BOXES[name])]
    assert len(hits) >= 8, f"only {hits}"
    assert f"Grad-CAM is largest inside the box in {len(hits)} of 10" in page()
    for name in BOXES:
        part, of_pixels = share(cams[name], BOXES[name])
        assert part > of_pixels, name


@pytest.mark.long
def test_saliency_points_at_the_animal(squeezenet):
    known, photographs = squeezenet
    found = {name: saliency(known.net, x, label) for name, (x, label) in photographs.items()}
    hits = sum(inside(found[name], BOXES[name]) for name in BOXES)
    assert hits >= 8 and f"saliency in {hits} of 10" in page()
    gains = [part / of_pixels for part, of_pixels in (share(found[name], BOXES[name]) for name in BOXES)]
    assert np.mean(gains) > 1.5 and min(gains) > 1


@pytest.mark.long
def test_covering_the_animal_costs_most(squeezenet):
    known, photographs = squeezenet
    drops = {name: occlusion_map(known.net, x, label) for name, (x, label) in photographs.items()}
    hits = [name for name in BOXES if inside(drops[name], BOXES[name])]
    assert len(hits) >= 8, f"only {hits}"
    assert f"occlusion in {len(hits)} of 10" in page()
    gains = [part / of_pixels for part, of_pixels in (share(drops[name], BOXES[name]) for name in BOXES)]
    assert np.mean(gains) > 1.5


@pytest.mark.long
def test_patches_of_a_channel_are_where_it_answers(squeezenet):
    known, photographs = squeezenet
    pictures = [pixels(x[0], known.pipeline) for x, _ in photographs.values()]
    plain = Pipeline(227, 227, order="BGR", mean=(123, 117, 104))               # they are cut out already
    best = best_patches(known.net, plain, pictures, "expand9", 300, count=3)
    for patch in best:
        maps = feature_maps(known.net, plain.test(pictures[patch.picture])[None], "expand9")[300]
        assert patch.value == pytest.approx(maps.max(), rel=1e-4)
        top, bottom, left, right = patch.window
        assert patch.pixels.shape == (bottom - top, right - left, 3)
        np.testing.assert_array_equal(patch.pixels, pictures[patch.picture][top:bottom, left:right])


# ---------------------------------------------------------------------------- AlexNet's convolutions

def alexnet(reference):
    """The convolutions of a real AlexNet (tests/test_reference_alexnet.py)."""
    input_shape, layers = MODELS["caffe"]()
    layers = {name: layer for name, layer in list(layers.items())[:list(layers).index("flatten")]}
    for layer in layers.values():
        if isinstance(layer, LRN):
            layer.k = 1
    net = npnet.Network(input_shape, 0, **layers)
    with np.load(reference / "alexnet_conv" / "alexnet_conv_float.npz") as file:
        for name, array in net.params().items():
            array[...] = file[name.replace(".", "_")]
    return net


def test_the_two_towers_of_conv1_divide_the_work(reference):
    """Filters 0 to 47 are mostly grey, 48 to 95 mostly coloured. The share of a filter's energy that is colour: what
    the mean of its three channels does not explain. Filters that pruning emptied are left out."""
    name, w = first_filters(alexnet(reference))
    energy = (w ** 2).sum(axis=(1, 2, 3))
    colour = ((w - w.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2, 3))
    kept = energy > 0.1 * np.median(energy)
    towers = [np.arange(96)[half][kept[half]] for half in (slice(0, 48), slice(48, 96))]
    shares = [colour[tower] / energy[tower] for tower in towers]
    assert name == "conv1" and w.shape == (96, 3, 11, 11) and [len(tower) for tower in towers] == [43, 48]
    assert np.median(shares[0]) < 0.2 and np.median(shares[1]) > 0.6
    grey, coloured = (f"{100 * np.median(share):.0f} %" for share in shares)
    assert f"has a median of {grey} in the first tower, and of {coloured} in the second" in page()
    assert (shares[0] > 0.3).mean() < 0.3 and (shares[1] > 0.3).mean() > 0.6
    assert colour[:48].sum() / energy[:48].sum() < 0.25 and colour[48:].sum() / energy[48:].sum() > 0.45


def test_what_excited_conv5_most_is_the_goldfish_s_eye(reference):
    """Two channels answer most to the goldfish, both to its eye, at row 115 and column 142; what is sent back lies
    there, and nowhere outside of the receptive field."""
    net = alexnet(reference)
    x = (np.load(reference / "alexnet_conv" / "input_s8.npy")[None] / 32).astype(np.float32)
    y, seen = feature_maps(net, x, "relu5"), fields(net, "relu5")
    for channel in np.argsort(-y.max(axis=(1, 2)))[:2]:
        back = np.abs(deconvolution(net, x, "relu5", int(channel))).sum(axis=0)
        place = np.unravel_index(y[channel].argmax(), y[channel].shape)
        top, bottom, left, right = seen.window(channel, place)
        assert back[top:bottom, left:right].sum() == pytest.approx(back.sum(), rel=1e-6)
        middle = [(back * axis).sum() / back.sum() for axis in np.mgrid[:227, :227]]
        assert np.hypot(middle[0] - 115, middle[1] - 142) < 15, (channel, middle)
    assert pixels(x[0], SCALED).shape == (227, 227, 3)
