"""What happened inside: the facts of every layer, and the walk of one picture through a network."""
from .counts import Summary, summary, torchsummary
from .facts import LayerFacts, layer_facts
from .walk import Explain

__all__ = ["Explain", "LayerFacts", "Summary", "layer_facts", "summary", "torchsummary"]
