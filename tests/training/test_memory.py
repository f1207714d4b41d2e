"""Memory that a training on a CPU gives back."""

import sys
from pathlib import Path

import pytest

from zhnlp.training.callbacks.memory import ReturnMemory, return_memory

STATM = Path("/proc/self/statm")


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(STATM.read_text().split()[1]) * 4096


def test_holes_in_the_heap_go_back_to_the_system():
    if not sys.platform.startswith("linux") or not return_memory():
        pytest.skip("the C library is not glibc")
    blocks = [bytes(60_000) for _ in range(4_000)]  # 240 MB, below the size that malloc maps apart
    full = resident()
    blocks = blocks[::8]  # and holes between
    assert return_memory()
    assert full - resident() > 100_000_000
    assert len(blocks) == 500


def test_every_has_to_be_a_number_of_steps():
    with pytest.raises(ValueError, match="every=0"):
        ReturnMemory(0)
