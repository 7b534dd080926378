"""Measuring: how fast a network is on this machine, what the machine allows, and how fast PyTorch is.

    from npnet import bench
    data = bench.everything("krizhevsky2012", batches=(1, 16, 128))         # some minutes
    bench.print_summary(data)

`npnet bench` prints all of it. What is timed runs in processes of its own, which take turns (sides.py); what a layer
must at least compute and move is counted from shapes (work.py); the network in PyTorch is npnet's own, translated
layer by layer (theirs.py), and the two are compared before anything is timed.
"""
from . import peers, scaling
from .drawn import drawings, scaling_drawing
from .measure import Settings, measured, measured_limits, processors, rows, torch_present, typical
from .report import print_batch, print_limits, print_machine, print_peers, print_scaling, print_summary
from .run import BATCHES, Bench, everything
from .targets import TARGETS

__all__ = ["BATCHES", "Bench", "Settings", "TARGETS", "drawings", "everything", "measured", "measured_limits",
           "peers", "print_batch", "print_limits", "print_machine", "print_peers", "print_scaling", "print_summary",
           "processors", "rows", "scaling", "scaling_drawing", "torch_present", "typical"]
