"""Duplicate documents in a stream: exact by hash, near by folded hash and SimHash, in bounded memory."""

from functools import lru_cache
from hashlib import blake2b

import numpy as np

from zhnlp.text.characters import Script, code_points, script_table
from zhnlp.text.width import width_table

MODES = ("keep", "exact", "near")
_DROPPED = (
    Script.SPACE,
    Script.PUNCTUATION,
    Script.SYMBOL,
    Script.DIGIT,
    Script.MARK,
    Script.EMOJI,
    Script.OTHER,
)


class DuplicateFilter:
    """Says for each document of a stream whether one like it came before; deterministic, single pass.

    ``exact``: the same text. ``near``: the same after width and case are folded and blanks, punctuation,
    symbols, emoji and digits dropped; and, for documents with at least ``min_length`` characters left, a
    64-bit SimHash of character bigrams within ``distance`` bits of an earlier one. Four bands of 16 bits
    find every pair up to 3 bits apart and most (not all) pairs of 4 to 6. In broadcast news, one altered
    character leaves 83 % of texts of 64 characters within 6 bits, 94 % of 100 and 99 % of 200.

    Memory is bounded: the last ``capacity / 2`` to ``capacity`` distinct documents are remembered, at about
    80 bytes each ("exact") or 500 ("near"). Keys are 64-bit hashes: among a million distinct
    documents the chance of a single one being dropped by a collision is about 3e-8.

    Args:
        mode: "exact" or "near".
        capacity: most documents remembered (at least 2).
        distance: largest number of differing bits, 0-6.
        min_length: shortest folded document, in characters, that SimHash may judge.

    Raises:
        ValueError: an argument outside these ranges.

    Example:
        >>> seen = DuplicateFilter("near")
        >>> [seen(text) for text in ("第1期：AI好！", "第２期 ai好", "第2期：AI不好")]
        [False, True, False]
    """

    def __init__(
        self, mode: str = "exact", *, capacity: int = 2_000_000, distance: int = 6, min_length: int = 64
    ):
        if mode not in MODES[1:]:
            raise ValueError(
                f"mode got {mode!r}, expected 'exact' or 'near' (to keep everything, use no filter)"
            )
        if capacity < 2 or not 0 <= distance <= 6 or min_length < 2:
            raise ValueError(
                f"got capacity={capacity}, distance={distance}, min_length={min_length}; "
                "expected capacity >= 2, distance 0-6 bits, min_length >= 2 characters"
            )
        self.mode, self.capacity, self.distance, self.min_length = mode, capacity, distance, min_length
        self._keys = _Recent(capacity)
        self._signatures = _RecentSignatures(capacity, distance)

    def __call__(self, text: str) -> bool:
        """True if ``text`` repeats an earlier document; else it is remembered."""
        if self.mode == "exact":
            return self._keys.seen(_hash(text.encode("utf-8", "surrogatepass")))
        folded = fold_for_comparison(text)
        if len(folded) == 0:  # nothing but digits or signs: only the text itself can tell
            return self._keys.seen(_hash(b"=" + text.encode("utf-8", "surrogatepass")))
        if self._keys.seen(_hash(folded.tobytes())):
            return True
        return len(folded) >= self.min_length and self._signatures.seen(simhash(folded))


def fold_for_comparison(text: str) -> np.ndarray:
    """The code points that tell near-duplicates apart: width and case folded; letters and Han only.

    Example:
        >>> "".join(map(chr, fold_for_comparison("第１２期：Ｈello，世界！")))
        '第期hello世界'
    """
    folded = _comparison_table()[code_points(text)]
    return folded[folded > 0]


def simhash(codes: np.ndarray) -> int:
    """The 64-bit SimHash of the bigrams of ``codes``: similar sequences differ in few bits."""
    grams = codes[:-1].astype(np.uint64) << np.uint64(21) | codes[1:].astype(np.uint64)
    # splitmix64: spreads each bigram over 64 bits
    grams = grams * np.uint64(0x9E3779B97F4A7C15)
    grams = (grams ^ (grams >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    grams = (grams ^ (grams >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    grams ^= grams >> np.uint64(31)
    votes = np.zeros(64, np.int64)
    for start in range(0, len(grams), 65_536):
        part = np.ascontiguousarray(grams[start : start + 65_536]).astype("<u8").view(np.uint8).reshape(-1, 8)
        votes += np.unpackbits(part, axis=1, bitorder="little").sum(axis=0, dtype=np.int64)
    return int.from_bytes(np.packbits(votes * 2 > len(grams), bitorder="little").tobytes(), "little")


def _hash(data: bytes) -> bytes:
    return blake2b(data, digest_size=8).digest()


@lru_cache(maxsize=1)
def _comparison_table() -> np.ndarray:
    """Code point -> folded code point, 0 where it is dropped."""
    table = width_table().copy()
    letters = script_table()[table]
    for script in (Script.LATIN, Script.GREEK, Script.CYRILLIC):
        for code in np.flatnonzero(letters == script).tolist():
            lowered = chr(table[code]).lower()
            if len(lowered) == 1:
                table[code] = ord(lowered)
    table[np.isin(letters, [int(script) for script in _DROPPED])] = 0
    return table


class _Recent:
    """A set of the latest keys: two halves, of which the older is forgotten when the newer is full."""

    def __init__(self, capacity: int):
        self.half = capacity // 2
        self.new: set[bytes] = set()
        self.old: set[bytes] = set()

    def seen(self, key: bytes) -> bool:
        if key in self.new or key in self.old:
            return True
        self.new.add(key)
        if len(self.new) >= self.half:
            self.new, self.old = set(), self.new
        return False


class _RecentSignatures:
    """The latest SimHashes under their four 16-bit bands, in two halves like ``_Recent``."""

    def __init__(self, capacity: int, distance: int):
        self.half, self.distance, self.count = capacity // 2, distance, 0
        self.new: dict[int, list[int]] = {}
        self.old: dict[int, list[int]] = {}

    def seen(self, signature: int) -> bool:
        bands = [(band << 16) | (signature >> (16 * band) & 0xFFFF) for band in range(4)]
        for half in (self.new, self.old):
            for band in bands:
                for other in half.get(band, ()):
                    if (signature ^ other).bit_count() <= self.distance:
                        return True
        for band in bands:
            self.new.setdefault(band, []).append(signature)
        self.count += 1
        if self.count >= self.half:
            self.new, self.old, self.count = {}, self.new, 0
        return False
