"""Plots: every function draws one thing and returns a matplotlib Figure; `save` writes it to a file.

    figure = plots.filters(net["conv1"].w, "conv1 after 20 epochs")
    plots.save(figure, "pictures/conv1.png")

They take arrays and names, nothing else of npnet, and need no screen: no pyplot, no global state.
This is the only room that imports matplotlib, and it does so when something is drawn.
"""
from npnet.plots.bars import gradient_norms, probabilities
from npnet.plots.confusion import confusion
from npnet.plots.curves import curves, losses
from npnet.plots.figure import save
from npnet.plots.grids import feature_maps, filters
from npnet.plots.photograph import picture_and_input
from npnet.plots.sheets import before_after, samples
from npnet.plots.strip import shape_strip

__all__ = ["before_after", "confusion", "curves", "feature_maps", "filters", "gradient_norms", "losses",
           "picture_and_input", "probabilities", "samples", "save", "shape_strip"]
