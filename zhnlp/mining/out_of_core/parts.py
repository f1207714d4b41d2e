"""The grown nodes of one bucket as a file: written once, checked by length and checksum when read again.

The columns of each group of first symbols stand one behind the other (bigram nodes, deeper nodes), then the rows of
the first symbols, then an index as JSON, its checksum and its length.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zhnlp.mining.kernel import Nodes
from zhnlp.mining.out_of_core.buckets import Bucket
from zhnlp.mining.out_of_core.durable import whole_file

_TRAILER = struct.Struct("<IQ8s")  # checksum and length of the index, then the mark
_MARK = b"zhnlp-p1"
_DTYPES = [column.dtype for column in Nodes.empty(0)]
_BLOCK = 1 << 22


class Group(NamedTuple):
    """Nodes below the first symbols ``first`` to ``stop``; children of the file's nodes count from ``split``."""

    first: int
    stop: int
    n_bigrams: int
    n_deeper: int
    split: int
    offset: int  # byte in the file


@dataclass(frozen=True)
class Part:
    """The grown nodes of one bucket, on disk."""

    path: Path
    bucket: Bucket
    groups: tuple[Group, ...]
    roots_offset: int

    def nodes(self, group: Group) -> tuple[Nodes, Nodes]:
        """The bigram nodes and the deeper nodes of a group."""
        with self.path.open("rb") as file:
            file.seek(group.offset)
            return _read_nodes(file, group.n_bigrams), _read_nodes(file, group.n_deeper)

    def roots(self) -> Nodes:
        """The rows of the bucket's first symbols."""
        with self.path.open("rb") as file:
            file.seek(self.roots_offset)
            return _read_nodes(file, self.bucket.stop - self.bucket.first)


def _read_nodes(file, size: int) -> Nodes:
    return Nodes(*(np.fromfile(file, dtype, size) for dtype in _DTYPES))


def write_part(path: Path, bucket: Bucket, grown: Iterable[tuple], roots: Nodes) -> Part:
    """Write what `grow_parts` gives for a bucket, group by group, then the bucket's rows of ``roots``."""
    groups = []
    with whole_file(path) as file:
        checksum = 0

        def write(nodes):
            nonlocal checksum
            for column in nodes:
                data = memoryview(np.ascontiguousarray(column)).cast("B")
                checksum = zlib.crc32(data, checksum)
                file.write(data)

        for firsts, bigrams, deeper, split in grown:
            sizes = bigrams.symbol.size, deeper.symbol.size
            groups.append(Group(int(firsts[0]), int(firsts[-1]) + 1, *sizes, int(split), file.tell()))
            write(bigrams)
            write(deeper)
        roots_offset = file.tell()
        write(roots.take(bucket.first, bucket.stop))
        index = {
            "bucket": bucket,
            "groups": groups,
            "roots": roots_offset,
            "end": file.tell(),
            "crc": checksum,
        }
        data = json.dumps(index).encode()
        file.write(data)
        file.write(_TRAILER.pack(zlib.crc32(data), len(data), _MARK))
    return Part(path, bucket, tuple(groups), roots_offset)


def open_part(path: Path, bucket: Bucket) -> Part | None:
    """The part of ``bucket``, or None when it is missing, cut short, changed, or of another bucket."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, 2)
            if end < _TRAILER.size:
                return None
            file.seek(end - _TRAILER.size)
            checksum, length, mark = _TRAILER.unpack(file.read())
            if mark != _MARK or length > end - _TRAILER.size:
                return None
            file.seek(end - _TRAILER.size - length)
            data = file.read(length)
            if zlib.crc32(data) != checksum:
                return None
            index = json.loads(data)
            if Bucket(*index["bucket"]) != bucket or index["end"] != end - _TRAILER.size - length:
                return None
            file.seek(0)
            checksum, left = 0, index["end"]
            while left:
                block = file.read(min(_BLOCK, left))
                checksum = zlib.crc32(block, checksum)
                left -= len(block)
            if checksum != index["crc"]:
                return None
    except FileNotFoundError:
        return None
    return Part(path, bucket, tuple(Group(*group) for group in index["groups"]), index["roots"])
