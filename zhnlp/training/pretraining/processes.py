"""Work on files when several processes train: the main one does it, the others come after and find it done."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any

_LONGEST = timedelta(
    days=7
)  # the others wait while a corpus is tokenized; torchrun ends them if the main one dies


def is_main_process() -> bool:
    """Whether this process is the one that writes files: the only one, or number 0 of torchrun.

    Example:
        >>> is_main_process()
        True
    """
    return int(os.environ.get("RANK", 0)) == 0


@contextmanager
def main_process_first(*, use_cpu: bool = False) -> Iterator[bool]:
    """Run a block in the main process, then in all others; yields whether this is the main one.

    Args:
        use_cpu: the training will run on CPUs although there are GPUs.

    Example:
        >>> with main_process_first() as main:
        ...     main
        True
    """
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        yield True
        return
    group = _group(use_cpu)
    main = is_main_process()
    if not main:
        _wait(group)
    yield main
    if main:
        _wait(group)


def _wait(group: Any) -> None:
    import torch

    torch.distributed.barrier(group=group)


@cache
def _group(use_cpu: bool) -> Any:
    """A group of all processes that may wait longer than one of a training step."""
    import torch
    from accelerate import PartialState

    PartialState(cpu=use_cpu or not torch.cuda.is_available())
    return torch.distributed.new_group(backend="gloo", timeout=_LONGEST)
