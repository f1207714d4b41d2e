"""First stage: blocks of text to 16-bit symbols on disk, with checkpoints of the encoder on the way.

Provisional identities are appended to a file as blocks come in; when the alphabet is known they are renumbered into
the symbols.  A checkpoint holds the encoder's tables and how much of each file belongs to it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import numpy as np

from zhnlp.mining.alphabet import Alphabet
from zhnlp.mining.encode import PADDING, Encoder
from zhnlp.mining.out_of_core.durable import flush, whole_file, write_json
from zhnlp.mining.out_of_core.memory import readable
from zhnlp.mining.out_of_core.symbol_file import DiskSymbols, map_array
from zhnlp.mining.progress import Progress

CHECKPOINT_SECONDS = 30.0
IDENTITIES, STARTS, ENCODER = "identities.bin", "starts.bin", "encoder.npz"
SYMBOLS, ALPHABET = "symbols.bin", "alphabet.json"
_CHUNK = 1 << 20  # identities renumbered at a time


class _Job:
    """An encoding that goes on where its last checkpoint stands."""

    def __init__(self, folder: Path, runs: str):
        self.folder = folder
        self.encoder = Encoder(runs)
        self.blocks = self.written = self.documents = 0
        self.complete = False
        try:
            with np.load(folder / ENCODER) as saved:
                state = dict(saved)
        except FileNotFoundError:
            return
        progress = state.pop("progress").tolist()
        if _size(folder / IDENTITIES) < 4 * progress[1] or _size(folder / STARTS) < 8 * progress[2]:
            return  # what the checkpoint counts on is gone
        self.blocks, self.written, self.documents, self.complete = progress
        self.encoder.restore(state)

    def checkpoint(self, complete: bool = False) -> None:
        """Keep the encoder; what the other files hold must lie on the disk already."""
        progress = np.array([self.blocks, self.written, self.documents, complete], np.int64)
        with whole_file(self.folder / ENCODER) as file:
            np.savez(file, progress=progress, **self.encoder.state())
        self.complete = complete


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def encode_to_disk(
    blocks: Callable[[], Iterable],
    folder: Path,
    *,
    runs: str,
    capacity: int,
    total_bytes: int | None = None,
    progress: Progress,
) -> tuple[int, int]:
    """Encode all blocks into ``folder`` and return how many padded symbols and documents there are.

    Args:
        blocks: gives the blocks (with ``text`` and ``ends``) from the first one, the same ones at each call.
        folder: where files go; an encoding that was broken off goes on there.
        runs: see `Encoder`.
        capacity: bytes that the tables of the encoder may take.
        total_bytes: of the corpus, for the time left.
        progress: gets one stage for encoding and one for renumbering.

    Raises:
        MemoryError: the corpus has more distinct runs of letters and digits than fit into ``capacity``.
    """
    job = _Job(folder, runs)
    if not job.complete:
        _read_blocks(job, blocks, capacity, total_bytes, progress)
    alphabet, renumber = job.encoder.alphabet()
    size = job.written + 2 * PADDING
    with (
        progress.stage("renumber", job.written),
        whole_file(folder / SYMBOLS) as out,
        (folder / IDENTITIES).open("rb") as identities,
    ):
        out.write(bytes(2 * PADDING))
        for begin in range(0, job.written, _CHUNK):
            chunk = np.fromfile(identities, np.int32, min(_CHUNK, job.written - begin))
            out.write(renumber[chunk])
            progress.advance(chunk.size)
        out.write(bytes(2 * PADDING))
    content = {"texts": alphabet.texts, "counts": alphabet.counts.tolist()}
    write_json(folder / ALPHABET, content | {"runs": alphabet.runs, "dropped": alphabet.dropped})
    return size, job.documents


def _read_blocks(job, blocks, capacity, total_bytes, progress):
    identities, starts = job.folder / IDENTITIES, job.folder / STARTS
    for path, size in (identities, 4 * job.written), (starts, 8 * job.documents):
        with path.open("ab") as file:
            file.truncate(size)
    if job.blocks:
        progress.say(f"encoding goes on behind block {job.blocks:,}")
    unit = "B" if total_bytes else "char"
    with (
        progress.stage("encode", total_bytes, unit),
        identities.open("ab") as out,
        starts.open("ab") as places,
    ):
        last, done = time.monotonic(), 0
        for block in islice(blocks(), job.blocks, None):
            symbols, begins = job.encoder.add(block.text, block.ends)
            out.write(symbols)
            places.write(begins + job.written)
            job.blocks += 1
            job.written += symbols.size
            job.documents += begins.size
            read = getattr(block, "source_bytes", 0) if total_bytes else done + len(block.text)
            progress.advance(read - done)
            done = read
            del block, symbols, begins
            _check_tables(job.encoder, capacity)
            if time.monotonic() - last >= CHECKPOINT_SECONDS:
                flush(out)
                flush(places)
                job.checkpoint()
                last = time.monotonic()
        flush(out)
        flush(places)
    job.checkpoint(complete=True)


def _check_tables(encoder: Encoder, capacity: int) -> None:
    if encoder.nbytes > capacity:
        raise MemoryError(
            f"the corpus has more than {encoder.counts.size:,} distinct symbols, and their table of "
            f"{readable(encoder.nbytes)} does not fit into the {readable(capacity)} that memory leaves for it. "
            'The likely cause is many different numbers or codes; use runs="drop" or runs="token", or give more memory'
        )


def discard_provisional(folder: Path) -> None:
    """Remove what only an unfinished encoding needs."""
    for name in (IDENTITIES, ENCODER):
        (folder / name).unlink(missing_ok=True)


def load_alphabet(folder: Path) -> Alphabet:
    """The alphabet of an encoding that is finished."""
    content = json.loads((folder / ALPHABET).read_text(encoding="utf-8"))
    counts = np.array(content["counts"], np.int64)
    return Alphabet(content["texts"], counts, content["runs"], dropped=content["dropped"])


def load_symbols(folder: Path) -> DiskSymbols:
    """The symbols of an encoding that is finished, mapped from disk."""
    array, pages = map_array(folder / SYMBOLS, np.uint16)
    starts, _ = map_array(folder / STARTS, np.int64)
    return DiskSymbols(array, starts, load_alphabet(folder), pages)
