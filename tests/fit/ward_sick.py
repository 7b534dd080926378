"""All ill trainings of the ward, in the files of their kinds."""
from ward_gradients import GRADIENTS
from ward_held import HELD
from ward_moves import MOVES
from ward_sets import SETS

SICK = [*GRADIENTS, *MOVES, *HELD, *SETS]
