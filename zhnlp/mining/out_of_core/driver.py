"""Count a corpus that is larger than memory: encode to disk, count bucket by bucket, assemble one trie.

Why passes and no shuffle: the symbols take 2 bytes each and reading past one costs about a nanosecond, while its context
record would take 20 bytes, written and read again.  So each bucket picks its own records out of the symbols in a
pass of its own; nothing but results goes to disk, and a bucket can be counted anew at any time.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from zhnlp.mining.alphabet import Alphabet
from zhnlp.mining.count import check_limits, grow_parts
from zhnlp.mining.encode import PADDING, RUN_MODES, Encoder, Symbols
from zhnlp.mining.jit import HAVE_NUMBA
from zhnlp.mining.kernel import Nodes
from zhnlp.mining.out_of_core import encoding
from zhnlp.mining.out_of_core.assembly import assemble_parts, load_trie
from zhnlp.mining.out_of_core.buckets import Bucket, Costs, cut_buckets, frequent_symbols
from zhnlp.mining.out_of_core.gather import gather_bucket
from zhnlp.mining.out_of_core.memory import give_back, parse_memory, readable
from zhnlp.mining.out_of_core.parts import Part, open_part, write_part
from zhnlp.mining.out_of_core.plan import BLOCK_BYTES, Plan, bucket_capacity
from zhnlp.mining.out_of_core.survey import NEIGHBOUR_BYTES, Survey, survey
from zhnlp.mining.out_of_core.workdir import COUNT, DONE, ENCODE, Workdir, locked
from zhnlp.mining.progress import Progress
from zhnlp.mining.trie import Trie
from zhnlp.mining.workers import thread_count


def count_out_of_core(
    blocks: Callable[[], Iterable],
    *,
    workdir: str | os.PathLike | None = None,
    memory: str | int = "2GB",
    runs: str = "symbol",
    max_length: int = 8,
    min_count: int = 5,
    threads: int | None = 1,
    fingerprint: str | None = None,
    total_bytes: int | None = None,
    progress: Progress | None = None,
    _capacity: int | None = None,
) -> tuple[Symbols, Trie]:
    """Count as `count_ngrams` does, bit for bit, in bounded memory; a job that was killed goes on.

    Args:
        blocks: gives the blocks of the corpus (with ``text`` and ``ends``) from the first one, the same ones at each
            call, of about 4 million characters or less: ``corpus.blocks``.
        workdir: where the job keeps its files, and finds them again; None takes a folder that is removed.
        memory: ceiling above the bare interpreter, such as "2GB", or bytes; at least 210 MB, and 53 MB
            more for each thread but the first.
        runs: see `Encoder`.
        max_length: longest n-gram, in symbols (1-12).
        min_count: occurrences below which an n-gram is dropped (1 or more).
        threads: workers; None takes all processors.  The result does not depend on it.
        fingerprint: changes with the corpus: ``corpus.fingerprint()``.  None means unknown; then nothing that
            lies in the workdir is used again.
        total_bytes: of the corpus as uncompressed UTF-8, for the first plan and the time left.
        progress: says the plan and shows the stages.

    Returns:
        The symbols and the trie, both mapped from disk: their pages can leave memory at any time.

    Raises:
        ValueError: a limit is out of range, memory is too small, or the workdir is not this job's.
        OSError: the disk is too small for the plan (``ENOSPC``).
        MemoryError: the encoder's table of distinct runs outgrows ``memory``.
        RuntimeError: another process uses the workdir.
        ImportError: numba is missing.

    Example:
        >>> from zhnlp.text.corpus import Corpus
        >>> corpus = Corpus.from_texts(["深度学习，深度神经"] * 3)
        >>> symbols, trie = count_out_of_core(corpus.blocks, memory="300MB", min_count=6)
        >>> trie.words([node for node in range(len(trie)) if trie.depth[node] == 2]), int(trie.total)
        (['深度'], 24)
    """
    check_limits(max_length, min_count)
    if runs not in RUN_MODES:
        Encoder(runs)  # says what is wrong
    if not HAVE_NUMBA:
        raise ImportError(
            "counting out of core needs numba, which is not installed. Next: pip install numba, or count in memory"
        )
    job = _Job(
        parse_memory(memory), runs, Costs(max_length, min_count, thread_count(threads)), progress, _capacity
    )
    if workdir is not None:
        folder = Path(workdir)
        folder.mkdir(parents=True, exist_ok=True)
        return job.run(folder, blocks, fingerprint, total_bytes)
    folder = Path(tempfile.mkdtemp(prefix="zhnlp-"))
    try:
        return job.run(folder, blocks, fingerprint, total_bytes)
    finally:
        if os.name == "posix":  # mapped files live on without a name
            shutil.rmtree(folder, ignore_errors=True)
        else:  # pragma: no cover
            atexit.register(shutil.rmtree, folder, ignore_errors=True)


class _Job:
    """The stages of one job, each going on where it was broken off."""

    def __init__(self, memory: int, runs: str, costs: Costs, progress: Progress | None, capacity: int | None):
        self.memory, self.runs, self.costs = memory, runs, costs
        self.progress = progress or Progress()
        self.room = bucket_capacity(memory, costs.threads)
        self.capacity = capacity or self.room

    def run(self, folder: Path, blocks: Callable, fingerprint: str | None, total_bytes: int | None):
        parameters = {
            "runs": self.runs,
            "max_length": self.costs.max_length,
            "min_count": self.costs.min_count,
        }
        with locked(folder):
            work = Workdir(folder, fingerprint, parameters)
            if work.stage != ENCODE and not _whole_symbols(work):
                self.progress.say(f"the symbols in {folder} are not whole: encoding anew")
                work.update(stage=ENCODE)
                (folder / encoding.ENCODER).unlink(missing_ok=True)
            if work.stage == DONE:
                try:
                    result = self.load(folder)
                    self.progress.say(f"the finished table in {folder} is used")
                    return result
                except (OSError, ValueError) as error:
                    self.progress.say(
                        f"the finished table in {folder} cannot be read ({error}): counting anew"
                    )
                    work.update(stage=COUNT)
            if work.stage == ENCODE:
                self.encode(work, blocks, total_bytes)
            alphabet = encoding.load_alphabet(folder)
            self.count(work, alphabet)
            return self.load(folder)

    def load(self, folder: Path) -> tuple[Symbols, Trie]:
        symbols = encoding.load_symbols(folder)
        return symbols, load_trie(folder, symbols.alphabet, self.costs.max_length, self.costs.min_count)

    def announce(self, plan: Plan) -> None:
        """Say the plan, then refuse it if it cannot be met."""
        self.progress.say(str(plan))
        for warning in plan.warnings() if plan.exact else ():
            warnings.warn(warning, RuntimeWarning, stacklevel=4)
        plan.check_disk()

    def encode(self, work: Workdir, blocks: Callable, total_bytes: int | None) -> None:
        """Stage 1: text to symbols on disk."""
        self.announce(Plan.estimate(work.folder, self.memory, self.costs, total_bytes))
        symbols, documents = encoding.encode_to_disk(
            blocks,
            work.folder,
            runs=self.runs,
            capacity=max(self.room - BLOCK_BYTES, 0) + (32 << 20),  # a part of RESERVE is for it
            total_bytes=total_bytes,
            progress=self.progress,
        )
        work.update(stage=COUNT, symbols=symbols, documents=documents, buckets=None)
        encoding.discard_provisional(work.folder)

    def count(self, work: Workdir, alphabet: Alphabet) -> None:
        """Stages 2 and 3: symbols to parts, parts to the columns of a trie."""
        encoding.discard_provisional(work.folder)
        seen, buckets = self.look(work, alphabet)
        self.announce(
            Plan.of_buckets(work.folder, self.memory, self.costs, work.manifest["symbols"], buckets)
        )
        parts = []
        with self.progress.stage("count", sum(bucket.positions for bucket in buckets)):
            for bucket in buckets:
                path = work.folder / f"{bucket.name}.bin"
                part = open_part(path, bucket)
                if part is None:
                    if path.exists():
                        self.progress.say(f"{path.name} is damaged: counted anew")
                    give_back()
                    part = self.grow(work, seen, bucket, path)
                else:
                    self.progress.advance(bucket.positions)
                parts.append(part)
        costs = self.costs
        assemble_parts(
            work.folder,
            alphabet,
            costs.max_length,
            costs.min_count,
            parts,
            costs.threads,
            self.progress,
            room=self.room // 2,
        )
        work.update(stage=DONE)
        for part in parts:
            part.path.unlink()

    def look(self, work: Workdir, alphabet: Alphabet) -> tuple[Survey, list[Bucket]]:
        """Survey the symbols, and cut the buckets or take those of an earlier run if they still fit."""
        counts, costs, capacity = alphabet.counts, self.costs, self.capacity
        if int(counts.max()) >= 1 << 32:
            raise ValueError(
                f"one symbol occurs {int(counts.max()):,} times, more than 32 bits can count: split the corpus"
            )
        earlier = [Bucket(*bucket) for bucket in work.manifest.get("buckets") or ()]
        if any(costs.of(bucket.positions, bucket.largest) > self.capacity for bucket in earlier):
            earlier = []
        if earlier:
            frequent = np.array(sorted({bucket.first for bucket in earlier if bucket.is_split}), np.int64)
        else:
            frequent = frequent_symbols(counts, costs, capacity)
            for _ in range(
                3
            ):  # the tables of frequent symbols take room, so more symbols may become too frequent
                if self.capacity == self.room:
                    capacity = self.room - NEIGHBOUR_BYTES * frequent.size * counts.size * costs.threads
                frequent = frequent_symbols(counts, costs, capacity)
        size = work.manifest["symbols"]
        if frequent.size or costs.threads > 1:
            with self.progress.stage("survey", size):
                path = work.folder / encoding.SYMBOLS
                seen = survey(path, size, counts.size, frequent, costs.threads, self.progress)
        else:
            seen = Survey([(PADDING, size - PADDING)], counts[None], frequent, [], [])
        if earlier:
            return seen, earlier
        followers = {
            int(symbol): table.sum(axis=0, dtype=np.int64) for symbol, table in zip(frequent, seen.followers)
        }
        buckets = cut_buckets(counts, followers, costs, capacity)
        for bucket in buckets:
            self.check_bucket(bucket, alphabet)
        for path in work.folder.glob("part-*.bin"):
            path.unlink()
        work.update(buckets=buckets)
        return seen, buckets

    def check_bucket(self, bucket: Bucket, alphabet: Alphabet) -> None:
        """Refuse a pair of symbols that does not fit into memory."""
        need = self.costs.of(bucket.positions, bucket.largest)
        if need <= self.room and bucket.positions <= self.costs.most_positions:
            return
        pair = alphabet.texts[bucket.first] + alphabet.texts[bucket.second_stop - 1]
        raise ValueError(
            f"memory got {readable(self.memory)}, but the pair {pair!r} alone occurs {bucket.positions:,} times and needs "
            f"{readable(need)}: give more memory, or fewer threads (now {self.costs.threads})"
        )

    def grow(self, work: Workdir, seen: Survey, bucket: Bucket, path: Path) -> Part:
        """Gather the records of a bucket, grow its nodes and write them as its part."""
        costs = self.costs
        records, bounds = gather_bucket(work.folder / encoding.SYMBOLS, seen, bucket, costs)
        positions = np.arange(1, 1 + int(bounds[-1]) * costs.stride, costs.stride, np.uint32)
        roots = Nodes(*(np.zeros(bounds.size - 1, column.dtype) for column in Nodes.empty(0)))
        grown = grow_parts(
            records,
            positions,
            bounds,
            costs.max_length,
            costs.min_count,
            roots,
            costs.threads,
            self.progress,
        )

        def with_exact_roots():
            yield from grown
            if bucket.is_split:
                exact = seen.entropies[seen.index(bucket.first)]
                roots.left_entropy[bucket.first], roots.right_entropy[bucket.first] = exact

        return write_part(path, bucket, with_exact_roots(), roots)


def _whole_symbols(work: Workdir) -> bool:
    """Whether the files of a finished encoding have the lengths that they had."""
    wanted = {encoding.SYMBOLS: 2 * work.manifest["symbols"], encoding.STARTS: 8 * work.manifest["documents"]}
    try:
        sizes = {name: (work.folder / name).stat().st_size for name in wanted}
        return sizes == wanted and (work.folder / encoding.ALPHABET).stat().st_size > 0
    except FileNotFoundError:
        return False
