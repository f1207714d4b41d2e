"""Dependency trees in CoNLL-U, and the constituents that lie in them.

The words below a head, with it, are a phrase, so every subtree whose words stand together is a constituent.  Such trees are
flat: a head with three dependents makes no constituent of itself and two of them.

Reference: https://universaldependencies.org/format.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DependencyTree:
    """One sentence.

    Attributes:
        words: as they are written.
        heads: of each word the place of its head, counted from 0; -1 for the root.
        tags: universal parts of speech, ``PUNCT`` for punctuation.
    """

    words: tuple[str, ...]
    heads: tuple[int, ...]
    tags: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.words)

    def without_punctuation(self) -> tuple[DependencyTree, list[int]]:
        """The sentence without punctuation, and where its words stood; what hung on a sign hangs on the sign's head.

        Example:
            >>> tree = DependencyTree(("好", "。"), (-1, 0), ("ADJ", "PUNCT"))
            >>> tree.without_punctuation()
            (DependencyTree(words=('好',), heads=(-1,), tags=('ADJ',)), [0])
        """
        kept = [place for place, tag in enumerate(self.tags) if tag != "PUNCT"]
        number = {place: new for new, place in enumerate(kept)}
        heads = []
        for place in kept:
            head = self.heads[place]
            while head >= 0 and head not in number:
                head = self.heads[head]
            heads.append(number.get(head, -1))
        parts = ([column[place] for place in kept] for column in (self.words, self.tags))
        words, tags = map(tuple, parts)
        return DependencyTree(words, tuple(heads), tags), kept


def read_conllu(path: str | Path) -> Iterator[DependencyTree]:
    """The sentences of a CoNLL-U file; ranges such as 3-4 and empty words such as 5.1 are no words of the tree.

    Raises:
        ValueError: a line that is no CoNLL-U, a head that is not in the sentence, or heads in a circle.
    """
    path = Path(path)
    rows: list[list[str]] = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            line = line.rstrip("\r\n")
            if line.startswith("#"):
                continue
            if line.strip():
                columns = line.split("\t")
                if len(columns) != 10:
                    raise ValueError(
                        f"{path}, line {number} has {len(columns)} columns: expected the 10 of CoNLL-U, with tabs between them"
                    )
                if columns[0].isdecimal():
                    rows.append(columns)
            elif rows:
                yield _sentence(rows, f"{path}, the sentence before line {number}")
                rows = []
    if rows:
        yield _sentence(rows, f"{path}, the last sentence")


def _sentence(rows: list[list[str]], where: str) -> DependencyTree:
    try:
        heads = tuple(int(row[6]) - 1 for row in rows)
    except ValueError:
        raise ValueError(
            f"{where} has a word without a head: expected a number in the seventh column"
        ) from None
    tree = DependencyTree(tuple(row[1] for row in rows), heads, tuple(row[3] for row in rows))
    for place, head in enumerate(heads):
        steps = 0
        while -1 < head < len(rows) and steps <= len(rows):
            head, steps = heads[head], steps + 1
        if head != -1:
            raise ValueError(
                f"{where}: following the heads of word {place + 1}, {tree.words[place]!r}, leads to no root. Expected a tree"
            )
    return tree


def dependency_constituents(heads: Sequence[int]) -> set[tuple[int, int]]:
    """The spans (begin, end) of subtrees whose words stand together: more than one word, not the whole sentence.

    Args:
        heads: of each word the place of its head, counted from 0; -1 for a root.  They must be a tree.

    Example:
        >>> sorted(dependency_constituents([1, -1, 4, 2, 1]))  # 我 爱 美丽 的 语言
        [(2, 4), (2, 5)]
    """
    first, last, size = list(range(len(heads))), list(range(len(heads))), [1] * len(heads)
    for place, head in enumerate(heads):
        while head >= 0:  # the word is below all of these
            first[head], last[head] = min(first[head], place), max(last[head], place)
            size[head] += 1
            head = heads[head]
    return {
        (begin, end + 1)
        for begin, end, words in zip(first, last, size)
        if 1 < words == end - begin + 1 < len(heads)
    }
