"""The progress bars of transformers, which show up where nobody asked for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_bars() -> Iterator[None]:
    """Without transformers' bars, such as that of each file that is saved or read; afterwards as before.

    Example:
        >>> from transformers.utils import logging
        >>> before = logging.is_progress_bar_enabled()
        >>> with no_bars():
        ...     logging.is_progress_bar_enabled()
        False
        >>> logging.is_progress_bar_enabled() == before
        True
    """
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
