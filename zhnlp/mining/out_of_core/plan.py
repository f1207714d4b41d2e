"""The plan of an out-of-core job: what it will read, write and hold, and whether that can be had."""

from __future__ import annotations

import errno
import math
import shutil
from dataclasses import dataclass
from pathlib import Path

from zhnlp.mining.out_of_core.buckets import NODE_BYTES, SCAN_BYTES, Bucket, Costs
from zhnlp.mining.out_of_core.memory import readable

RESERVE = 130_000_000  # bytes: compiled code, the alphabet, what Python and numpy keep
BLOCK_BYTES = 80_000_000  # a block of 4 million characters while it is read and encoded
THREAD_BYTES = 48_000_000  # what the C library keeps for each thread but the first
LINKED_NODE_BYTES = 33  # a node of the finished trie
IN_MEMORY_BYTES = 15  # a character of text that is counted in memory
_BYTES_PER_SYMBOL = 3.0  # of UTF-8 text


def bucket_capacity(memory: int, threads: int) -> int:
    """Bytes of ``memory`` that one bucket may take.

    Raises:
        ValueError: nothing sensible is left.
    """
    kept = RESERVE + THREAD_BYTES * (threads - 1)
    least = kept + BLOCK_BYTES + SCAN_BYTES * (threads - 1)
    if memory < least:
        raise ValueError(
            f"memory got {readable(memory)}, expected at least {readable(least)} with threads={threads}: compiled "
            f"code and threads take about {readable(kept)}, reading and encoding a block {readable(BLOCK_BYTES)}; "
            "give more memory" + (" or fewer threads" if threads > 1 else "")
        )
    return memory - kept


def fits_in_memory(text_bytes: int, memory: int) -> bool:
    """Whether uncompressed UTF-8 text of ``text_bytes`` can be counted in memory, within ``memory`` bytes.

    Example:
        >>> fits_in_memory(200_000_000, 2_000_000_000), fits_in_memory(2_000_000_000, 2_000_000_000)
        (True, False)
    """
    return text_bytes / _BYTES_PER_SYMBOL * IN_MEMORY_BYTES + RESERVE <= memory


@dataclass(frozen=True)
class Plan:
    """What an out-of-core job takes; ``print`` it.

    Attributes:
        symbols: symbols of the corpus, estimated from its bytes until it is encoded; None if not even these are known.
        exact: whether ``symbols``, ``passes`` and ``bucket_bytes`` are known, not estimated.
        passes: how often the symbols are read, once for each bucket.
        bucket_bytes: memory of the largest bucket while it is counted.
        nodes: about how many n-grams there will be.
        disk: most bytes on disk at one time.
        memory: the ceiling, in bytes.
    """

    folder: Path
    memory: int
    min_count: int
    symbols: int | None
    exact: bool
    passes: int
    bucket_bytes: int
    nodes: int
    disk: int

    @classmethod
    def estimate(cls, folder: Path, memory: int, costs: Costs, total_bytes: int | None) -> Plan:
        """Before the corpus is read; ``total_bytes`` of UTF-8 text, None if unknown."""
        capacity = bucket_capacity(memory, costs.threads)
        symbols = None if total_bytes is None else math.ceil(total_bytes / _BYTES_PER_SYMBOL)
        size = symbols or 0
        bucket_bytes = min(capacity, costs.of(size, size // 20))
        passes = max(1, math.ceil(costs.of(size, size // 50) / capacity))
        return cls(
            folder, memory, costs.min_count, symbols, False, passes, bucket_bytes, *_results(size, costs)
        )

    @classmethod
    def of_buckets(cls, folder: Path, memory: int, costs: Costs, symbols: int, buckets: list[Bucket]) -> Plan:
        """When the symbols are counted and the buckets cut."""
        most = max((costs.of(bucket.positions, bucket.largest) for bucket in buckets), default=0)
        return cls(
            folder, memory, costs.min_count, symbols, True, len(buckets), most, *_results(symbols, costs)
        )

    @property
    def node_bytes(self) -> int:
        """Memory of the finished n-gram table."""
        return self.nodes * LINKED_NODE_BYTES

    def warnings(self) -> list[str]:
        """What will work, but not as the ceiling has it."""
        if self.node_bytes <= self.memory - RESERVE:
            return []
        count = math.ceil(self.min_count * (self.node_bytes / (self.memory - RESERVE)) ** (1 / 1.3))
        return [
            f"about {self.nodes:,} n-grams occur {self.min_count} times or more; their table of "
            f"{readable(self.node_bytes)} is larger than memory and will be read from disk, slowly. "
            f"Raise min_count to {count} or more, or give more memory"
        ]

    def check_disk(self) -> None:
        """Refuse a job for which the disk is too small.

        Raises:
            OSError: with ``ENOSPC``, more bytes are needed than are free.
        """
        used = sum(entry.stat().st_size for entry in self.folder.iterdir() if entry.is_file())
        free = shutil.disk_usage(self.folder).free
        if self.disk - used > free:
            raise OSError(
                errno.ENOSPC,
                f"the job needs about {readable(self.disk - used)} in {str(self.folder)!r}, but only {readable(free)} are free: "
                "free some space, or give a workdir on a larger disk",
            )

    def __str__(self) -> str:
        free = readable(shutil.disk_usage(self.folder).free)
        if self.symbols is None:
            size, work = "a corpus of unknown size", "as many passes as the size asks for"
        else:
            size = f"{'' if self.exact else 'about '}{self.symbols / 1e6:,.1f} million symbols"
            work = (
                f"{'' if self.exact else 'about '}{self.passes:,} passes over {readable(2 * self.symbols)} of symbols, "
                f"a bucket each; the largest takes {readable(self.bucket_bytes)} of memory"
            )
        lines = [
            f"plan: count {size} out of core, below {readable(self.memory)} of memory, in {self.folder}",
            "  1 encode    one pass over the text" + (" (done)" if self.exact else ""),
            f"  2 count     {work}",
        ]
        if self.symbols is not None:
            lines.append(f"  3 assemble  about {self.nodes:,} n-grams, {readable(self.node_bytes)}")
            lines.append(f"  disk        at most {readable(self.disk)}; {free} are free")
        else:
            lines.append(f"  disk        about twice the size of the text; {free} are free")
        return "\n".join(lines + [f"  warning: {warning}" for warning in self.warnings()])


def _results(symbols: int, costs: Costs) -> tuple[int, int]:
    """About how many nodes, and the most bytes on disk."""
    nodes = int(symbols * costs.nodes_per_symbol) + 1
    encoding = 6 * symbols  # provisional identities and symbols
    counting = 2 * symbols + nodes * (NODE_BYTES + LINKED_NODE_BYTES)
    return nodes, max(encoding, counting) + symbols // 5  # document starts
