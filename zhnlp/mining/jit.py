"""The compiler of the mining room: numba where it is installed, plain Python where it is not.

Every compiled function is written so that it also runs, slowly, as ordinary Python: the results are the
same, only the speed differs, and `HAVE_NUMBA` says which of the two you have.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

try:
    import numba
except ImportError:  # pragma: no cover - exercised by a subprocess test that hides numba
    numba = None

HAVE_NUMBA = numba is not None


def compiled(function: Callable) -> Callable:
    """Compile ``function`` without the interpreter lock, keeping the machine code on disk."""
    if numba is None:  # products of 64-bit hashes wrap around, as compiled ones do without a word
        return np.errstate(over="ignore")(function)
    return numba.njit(nogil=True, cache=True)(function)


def warn_if_slow() -> None:
    """Warn once when numba is missing, because mining is then hundreds of times slower."""
    if numba is None:
        warnings.warn(
            "numba is not installed: counting falls back to plain numpy and Python, which gives the same table "
            "but is hundreds of times slower. Next: pip install numba",
            RuntimeWarning,
            stacklevel=3,
        )
