"""The planner: how long a training step will take on N ranks, and what each of them sends.

    units.py            "10Gbit", "50us" and the like, read and said
    costs.py            what messages cost: the formulas of MPI's collectives
    rates.py            what computing costs: seconds of every layer, measured or assumed
    ways.py             three ways to share a step among ranks, each as the list of what one rank does
    predictions.py      plan(): all of it put together
    conclusions.py      what follows from a plan, in words
    compare.py          predicted beside measured
"""
from .costs import Link
from .predictions import Plan, Prediction, plan

__all__ = ["Link", "Plan", "Prediction", "plan"]
