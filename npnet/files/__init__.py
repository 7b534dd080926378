"""Files: everything that npnet writes is written beside its target and renamed when it is complete; downloads
are checked before they count (npnet.files.download); pickles are read without being run."""
from .beside import tidy, writing
from .unpickle import unpickled

__all__ = ["tidy", "unpickled", "writing"]
