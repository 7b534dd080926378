"""What the tests of the course share."""
from pocket import pocket  # noqa: F401
