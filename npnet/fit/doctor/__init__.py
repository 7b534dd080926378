"""The doctor: watches a training and says in plain sentences what is wrong, what it comes from, what to do."""
from .doctor import Doctor
from .finding import Finding, Remark
from .kinds import KINDS

__all__ = ["KINDS", "Doctor", "Finding", "Remark"]
