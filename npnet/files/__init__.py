"""Files: everything that npnet writes is written beside its target and renamed when it is complete."""
from npnet.files.beside import writing

__all__ = ["writing"]
