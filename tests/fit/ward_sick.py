"""All ill trainings of the ward: those of the files by kind, and the commonest ones."""
from ward_gradients import GRADIENTS
from ward_moves import MOVES

SICK = [*GRADIENTS, *MOVES]
