"""Measuring: how fast a network is on this machine, what the machine allows, and how fast PyTorch is.

    settings = bench.Settings(threads=2)
    limits = bench.limits(settings)                         # matrix rate, copying, reading
    found = bench.measured("krizhevsky2012", 16, settings)  # every layer, forward, step, memory
    bench.rows("krizhevsky2012", found, settings, limits)   # layer by layer, beside the limit and PyTorch

`npnet bench` prints all of it. What is timed runs in processes of its own (sides.py), which take turns.
"""
from .measure import Settings, check, limits, measured, rows, ticks, torch_present, typical
from .report import print_layers, print_limits, print_whole

__all__ = ["Settings", "check", "limits", "measured", "print_layers", "print_limits", "print_whole", "rows", "ticks",
           "torch_present", "typical"]
