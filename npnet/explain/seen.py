"""What a network sees, drawn: each picture with its caption, which ends with what it does not show.

    look = Look(net, pipeline, classes, read_picture("cat.jpg"))
    drawn = sheet(look, "saliency gradcam occlusion".split())       # a Figure of npnet.plots
    plots.save(drawn, "cat.png")
"""
import re
from contextlib import nullcontext

import numpy as np

from .. import plots
from ..backend import ops
from ..screen import percent
from ..screen.words import listed, short_names
from . import insight
from .ascent import excite
from .fields import fields
from .neighbours import features, nearest
from .patches import best_patches, coloured, limits, pixels
from .words import Said

LONG_LIST = 12          # patches of channels, rows of neighbours: no more are drawn


class Look:
    """One photograph in front of one network: the class that is looked for, and how the results are said.

    picture: uint8 (H, W, 3). label: the number of the class (None: the most probable one). random: whether the
    weights are, so that nothing is to be seen. layer, channel: for what looks at one (None: insight.last_maps, and
    the channel that answers most). progress(done, total) is called by what takes long.
    """

    def __init__(self, net, pipeline, classes, picture, label=None, layer=None, channel=None, language="en",
                 random=False, progress=None):
        self.net, self.pipeline, self.classes, self.language, self.random = net, pipeline, classes, language, random
        self.progress = progress
        self.x = pipeline.test(picture).astype(net.dtype)[None]
        self.shown = pixels(self.x[0], pipeline)
        insight.logits_of(net)
        self.probabilities = ops.to_host(net.probabilities(ops.to_device(self.x)))[0]
        self.label = int(self.probabilities.argmax()) if label is None else insight.known_class(net, label)
        self.layer = insight.last_maps(net) if layer is None else net.known(layer)
        self.channel = self.loudest() if channel is None else insight.known_channel(net, self.layer, channel)

    def loudest(self):
        """The channel of the layer that answers most."""
        y = insight.feature_maps(self.net, self.x, self.layer)
        return int(y.reshape(len(y), -1).max(axis=1).argmax())

    @property
    def name(self):
        """The class in words."""
        return short_names(self.classes)[self.label]

    def say(self, name, /, **values):
        """A sentence by its id, in the language of this look."""
        return Said(name, **values).within(self.language)


# ---------------------------------------------------------------------------- one picture each: (image, words)

def photograph(look):
    return look.shown, look.say("see.photograph")


def saliency(look):
    return plots.heat(insight.saliency(look.net, look.x, look.label)), look.say("see.saliency")


def guided(look):
    back = insight.guided_backprop(look.net, look.x, look.label)
    return plots.about_grey(coloured(back, look.pipeline)), look.say("see.guided")


def gradcam(look):
    cam = insight.grad_cam(look.net, look.x, look.label, look.layer)
    return plots.heat(cam, look.shown), look.say("see.gradcam", layer=look.layer)


def occlusion(look):
    drops = insight.occlusion_map(look.net, look.x, look.label, progress=look.progress)
    return plots.signed_heat(drops, look.shown), look.say("see.occlusion", most=float(drops.max()))


def deconvolution(look):
    back = insight.deconvolution(look.net, look.x, look.layer, look.channel)
    return plots.about_grey(coloured(back, look.pipeline)), look.say(
        "see.deconvolution", layer=look.layer, channel=look.channel)


def exciting(look):
    x = excite(look.net, None, look.label, *limits(look.pipeline), progress=look.progress)
    return pixels(x, look.pipeline), look.say("see.excite", name=look.name)


OF_A_PHOTOGRAPH = {"saliency": saliency, "guided": guided, "gradcam": gradcam, "occlusion": occlusion,
                   "deconvolution": deconvolution, "excite": exciting}


# ---------------------------------------------------------------------------- whole figures

def sheet(look, kinds, watch=None):
    """The photograph and pictures of some kinds beside it, in one figure.

    watch(kind): a context that gives the progress(done, total) of this kind.
    """
    images = [photograph(look)]
    for kind in kinds:
        with watch(kind) if watch else nullcontext(look.progress) as look.progress:
            images.append(OF_A_PHOTOGRAPH[kind](look))
    caption = " ".join(limit(kind, look.language, named=len(kinds) > 1) for kind in kinds)
    share = percent(look.probabilities[look.label])
    title = look.say("see.title", name=look.name, share=share, weights=untrained(look))
    return plots.seen(images, title, caption, columns=min(len(images), 4))


def limit(kind, language="en", named=False):
    """What a picture does not show, in one sentence; with the picture's name before it where there are several."""
    text = Said(f"see.not_{kind}").within(language)
    return f"{Said(f'see.kind_{kind}').within(language)}: {text}" if named else text


def untrained(look):
    return look.say("picture.random") if look.random else ""


def filters(net, order="RGB", language="en"):
    """The filters of the first convolution."""
    name, w = insight.first_filters(net, order)
    return plots.filters(w, name, note=limit("filters", language))


def feature_maps(look):
    """What a layer makes of the photograph."""
    y = insight.feature_maps(look.net, look.x, look.layer)
    return plots.feature_maps(y if y.ndim == 3 else y.reshape(1, 1, -1), look.layer, note=limit("maps", look.language),
                              strongest=True)


def excited(net, pipeline, layer, channel, name=None, language="en", seed=0, progress=None):
    """The picture that excites a channel of a layer most, or, with layer None, a class, which is called `name`."""
    x = excite(net, layer, channel, *limits(pipeline), seed=seed, progress=progress)
    words = (Said("see.excite", name=name) if layer is None else
             Said("see.excite_channel", layer=layer, channel=channel)).within(language)
    return plots.seen([(pixels(x, pipeline), words)], None, limit("excite", language), side=3.6)


def patches(net, pipeline, pictures, layer, channel, language="en", progress=None):
    """The nine patches of many pictures that excite a channel most, and what the deconvnet sends back of each."""
    best = best_patches(net, pipeline, pictures, layer, channel, back=True, progress=progress)
    size = fields(net, layer).size
    title = Said("see.patches", layer=layer, channel=channel, rows=size[0] if size else net.input_shape[1],
                 columns=size[1] if size else net.input_shape[2]).within(language)
    return plots.patches([(one.pixels, one.value, one.back) for one in best], title, limit("patches", language)), best


def neighbours(net, pipeline, queries, pictures, count=5, language="en", progress=None):
    """To each query the pictures that are nearest to it, by what stands before the classes.

    queries, pictures: series of uint8 (H, W, C), which are gone through twice, and not kept. Returns the figure and,
    for each query, the numbers of the nearest and their distances.
    """
    rows = features(net, pipeline, pictures, progress)
    found = [nearest(rows, row, count) for row in features(net, pipeline, queries)]
    wanted = {int(number) for numbers, _ in found for number in numbers}
    shown = {number: given(net, pipeline, picture) for number, picture in enumerate(pictures) if number in wanted}
    drawn = [[(given(net, pipeline, query), ""), *((shown[int(number)], f"{distance:.3g}")
                                                   for number, distance in zip(numbers, distances))]
             for query, (numbers, distances) in zip(queries, found)]
    title = Said("see.nearest").within(language)
    return plots.neighbours(drawn[:LONG_LIST], title, limit("nearest", language)), found


def given(net, pipeline, picture):
    """What the network is given of a picture, as a picture."""
    return pixels(pipeline.test(picture), pipeline)


def answers(net, pipeline, classes, pictures, truths=None, language="en"):
    """Pictures with their five best answers: figure 4 of the paper. Returns the figure and the probabilities."""
    pictures = list(pictures)
    p = np.concatenate([ops.to_host(net.probabilities(ops.to_device(pipeline.test(one)[None].astype(net.dtype))))
                        for one in pictures])
    caption = limit("answers", language)
    if any(truth is not None for truth in truths or ()):
        caption = f"{Said('see.truths').within(language)} {caption}"
    return plots.five_best([given(net, pipeline, one) for one in pictures], p, short_names(classes), truths,
                           caption=caption), p


def of_explain(explain, pipeline):
    """Saliency, Grad-CAM and occlusion of the best class of an Explain, in one figure."""
    names = explain.names or [explain.name(label) for label in range(explain.classes)]
    look = Look(explain.net, pipeline, names, explain.picture, language=explain.language, random=explain.random)
    return sheet(look, ("saliency", "gradcam", "occlusion")), look.name


def class_number(word, classes):
    """The number of the class that a word names: its number, its name, or the only name that holds it.

    ValueError with the names that come near.
    """
    if re.fullmatch(r"\d+", str(word)) and int(word) < len(classes):
        return int(word)
    lower = [str(name).lower() for name in classes]
    exact = [k for k, name in enumerate(lower) if str(word).lower() in [part.strip() for part in name.split(",")]]
    holding = exact or [k for k, name in enumerate(lower) if str(word).lower() in name]
    if len(holding) != 1:
        near = listed([f"{k} {classes[k]}" for k in holding])
        raise ValueError(Said("see.which_class", word=word, near=near) if near else
                         Said("see.no_class", word=word, last=len(classes) - 1))
    return holding[0]
