"""How pictures are prepared, and what a network can answer at all, as sentences that know both languages.

In English in_words says exactly what npnet.data.pipeline says of itself; a test holds the two together.
"""
from ..data.pipeline import listed
from ..screen.words import short_names
from .words import Listed, Said, several

MOST = 10           # classes that are named


def in_words(pipeline, training=False):
    """What a Pipeline makes of a picture at test; training: what is added there, and how it is cut out, too."""
    size, shorter = pipeline.size, pipeline.shorter
    test = number_words(pipeline)
    if not training:
        return Listed(test)
    cut = [Said("prepared.stretched", whole=shorter)] if pipeline.stretch else []
    cut += [] if size == shorter else [Said("prepared.middle", size=size, whole=shorter)]
    added = training_words(pipeline)
    added = Listed(added) if added else Said("prepared.same")
    return Said("prepared.training", test=Listed(cut + test), training=added)


def number_words(pipeline):
    """What the pixels become."""
    black, white = pipeline.scale.split("-")
    words = [Said("prepared.grey") if pipeline.channels == 1 else pipeline.order,
             Said("prepared.scale", black=black, white=white)]
    some = Said("prepared.of_pictures", count=pipeline.counted) if pipeline.counted else ""
    if pipeline.mean.ndim == 3:
        words.append(Said("prepared.mean_picture", pictures=some))
    elif pipeline.mean.any():
        words.append(Said("prepared.mean", mean=listed(pipeline.mean, pipeline.order), pictures=some))
    if (pipeline.deviation != 1).any():
        words.append(Said("prepared.over", deviation=listed(pipeline.deviation, pipeline.order)))
    return words


def training_words(pipeline):
    """What is added in training."""
    words = [Said("prepared.crops", size=pipeline.size)] if pipeline.crop else []
    if pipeline.pad:
        words.append(Said("prepared.moved", pixels=several("pixel", pipeline.pad)))
    if pipeline.mirror:
        words.append(Said("prepared.mirrored"))
    if pipeline.colour:
        words.append(Said(f"prepared.colours_{pipeline.colour}", std=pipeline.std))
    return words


def knowledge(name, classes):
    """What a network can answer at all: `name` holds a plus where several networks answer together."""
    if list(classes) == [f"class {k}" for k in range(len(classes))]:
        how = Said("head.get_names") if len(classes) == 1000 else ""
        return Said("head.unnamed_know" if " + " in name else "head.unnamed_knows", name=name,
                    count=several("class", len(classes)), how=how)
    listing = ", ".join(short_names(classes)[:MOST])
    if len(classes) > MOST:
        listing = Said("head.more", names=listing, count=len(classes) - MOST)
    return Said("head.know" if " + " in name else "head.knows", name=name, count=several("class", len(classes)),
                classes=listing)
