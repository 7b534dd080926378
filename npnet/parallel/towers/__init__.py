"""The two towers of AlexNet in two processes: how a network is cut, what they exchange, and the paper's figure 2.

    cutting.py      which half of every layer is whose, and where the halves must be joined
    exchange.py     what travels between the towers, and how many bytes
    tower.py        TwoTowers: one tower, with Network's methods
    team.py         Towers: npnet train --towers, on two ranks
    figure.py       figure 2 as text, with the bytes on its crossing lines
"""
from .cutting import Unbuilt
from .exchange import traffic
from .tower import TwoTowers

__all__ = ["TwoTowers", "Unbuilt", "traffic"]
