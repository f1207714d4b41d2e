"""Counting a corpus that is larger than memory, exactly and resumably."""

from zhnlp.mining.out_of_core.driver import count_out_of_core
from zhnlp.mining.out_of_core.memory import parse_memory
from zhnlp.mining.out_of_core.plan import Plan, fits_in_memory

__all__ = ["Plan", "count_out_of_core", "fits_in_memory", "parse_memory"]
