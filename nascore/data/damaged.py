"""What reading a damaged file may raise, whatever the damage: a reader makes one DataError of all of it."""

from __future__ import annotations

import zipfile
import zlib

# text that is cut off, or holds other values than expected
TEXT = (OSError, LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
# the same inside a zip
ZIP = (*TEXT, NotImplementedError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error)
