"""Blocks: many whole documents in one string, with their ends in an array; no Python object per document."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zhnlp.text.characters import Script, code_points, script_table
from zhnlp.text.report import CorpusReport


@dataclass(frozen=True)
class Block:
    """Whole documents joined by one ``\\n``.

    Document k is ``text[ends[k-1] + 1 : ends[k]]``, with -1 for ``ends[-1]`` before the first; ``ends`` are
    offsets in code points, exclusive, int64, increasing, the last one ``len(text)``. Documents of rows,
    paragraphs and whole files may hold ``\\n`` themselves: only ``ends`` tells. Blank documents (empty, or
    nothing but blanks) of plain text stay in place as blank spans; they are not counted as documents.

    Attributes:
        text: the documents.
        ends: (K,) int64, the end of each.
        source_bytes: bytes of input consumed since the pass began, this block included (compressed files:
            compressed bytes); compare with ``Corpus.total_bytes()``. 0 for texts in memory.

    Example:
        >>> block = Block("天地\\n\\n玄黄", np.array([2, 3, 6]))
        >>> list(block.documents())
        ['天地', '玄黄']
    """

    text: str
    ends: np.ndarray
    source_bytes: int = 0

    def filled(self) -> np.ndarray:
        """Which of the documents are not blank, (K,) bool."""
        return _filled(self.text, self.ends) if self.ends.size else np.zeros(0, bool)

    def documents(self) -> Iterator[str]:
        """The documents that are not blank, as strings."""
        start = 0
        for end in self.ends.tolist():
            document = self.text[start:end]
            if document and not document.isspace():
                yield document
            start = end + 1


class BlockBuilder:
    """Gathers documents, or chunks of lines, until a block is full.

    Args:
        size: a block is closed as soon as it holds so many characters.
        report: chunks are counted here; documents are counted by who adds them.
    """

    def __init__(self, size: int, report: CorpusReport):
        self.size, self.report = size, report
        self._texts: list[str] = []
        self._inner: list[np.ndarray | None] = []  # ends inside a chunk; None for one document
        self._length = 0

    def add_document(self, document: str) -> Iterator[Block]:
        return self._add(document, None)

    def add_chunk(self, chunk: str) -> Iterator[Block]:
        """Add lines joined by line ends, each a document; counts them."""
        ends, documents, characters = _measure(chunk)
        self.report.documents += documents
        self.report.characters += characters
        if blank := len(ends) - documents:
            self.report.skipped["blank"] += blank
        return self._add(chunk, ends)

    def close(self) -> Iterator[Block]:
        """The last block, if anything is left."""
        if self._texts:
            yield self._block()

    def _add(self, text: str, ends: np.ndarray | None) -> Iterator[Block]:
        self._texts.append(text)
        self._inner.append(ends)
        self._length += len(text) + 1
        if self._length > self.size:
            yield self._block()

    def _block(self) -> Block:
        texts, inner = self._texts, self._inner
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        last = np.cumsum(lengths + 1) - 1  # the end of each text
        if any(ends is not None for ends in inner):
            first = last - lengths
            ends = np.concatenate(
                [last[k : k + 1] if ends is None else ends + first[k] for k, ends in enumerate(inner)]
            )
        else:
            ends = last
        text = texts[0] if len(texts) == 1 else "\n".join(texts)
        self._texts, self._inner, self._length = [], [], 0
        return Block(text, ends, self.report.bytes)


def _measure(chunk: str) -> tuple[np.ndarray, int, int]:
    """The line ends of a chunk, and how many lines and characters in them are not blank."""
    ends = np.append(np.flatnonzero(_narrow_codes(chunk) == 10), len(chunk))
    filled = _filled(chunk, ends)
    lengths = np.diff(ends, prepend=-1) - 1
    return ends, int(filled.sum()), int(lengths[filled].sum())


def _filled(text: str, ends: np.ndarray) -> np.ndarray:
    """Which of the documents that end at ``ends`` are not blank, (K,) bool."""
    codes = _narrow_codes(text)
    starts = np.append(0, ends[:-1] + 1)
    filled = ends > starts
    which = np.flatnonzero(filled)
    spaces = script_table()[codes[starts[which]]] == Script.SPACE
    spaces &= script_table()[codes[ends[which] - 1]] == Script.SPACE
    for k in which[spaces].tolist():  # begins and ends with a blank: look inside
        filled[k] = not text[starts[k] : ends[k]].isspace()
    return filled


def _narrow_codes(text: str) -> np.ndarray:
    """The code points in the narrowest type that is quick to make: bytes, UTF-16 without pairs, UTF-32."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii"), np.uint8)
    data = text.encode("utf-16-le", "surrogatepass")
    return np.frombuffer(data, "<u2") if len(data) == 2 * len(text) else code_points(text)
