"""Plots: every function draws one thing and returns a matplotlib Figure; `save` writes it to a file.

    figure = plots.filters(net["conv1"].w, "conv1 after 20 epochs")
    plots.save(figure, "pictures/conv1.png")

They take arrays and names, nothing else of npnet, and need no screen: no pyplot, no global state.
This is the only room that imports matplotlib, and it does so when something is drawn.
"""
from .bars import gradient_norms, probabilities
from .confusion import confusion
from .curves import curves, losses
from .figure import check_name, drawn_by_npnet, save
from .gradients import gradient_maps
from .grids import feature_maps, filters
from .letters import letters_without_a_font
from .photograph import picture_and_input
from .ranks import ranks
from .seen import about_grey, five_best, heat, neighbours, patches, seen, signed_heat
from .sheets import before_after, mistakes, samples
from .speed import growth, ladder, layer_times, roofline
from .strip import shape_strip
from .trace import trace

__all__ = ["about_grey", "before_after", "check_name", "confusion", "curves", "drawn_by_npnet", "feature_maps",
           "filters", "five_best", "gradient_maps", "gradient_norms", "growth", "heat", "ladder", "layer_times",
           "letters_without_a_font", "losses", "mistakes", "neighbours", "patches", "picture_and_input",
           "probabilities", "ranks", "roofline", "samples", "save", "seen", "shape_strip", "signed_heat", "trace"]
