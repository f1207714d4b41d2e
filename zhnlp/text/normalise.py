"""Normalisation that keeps the way back: width, Unicode form and case, each with its offset map."""

import unicodedata
from functools import lru_cache

import numpy as np

from zhnlp.text.characters import CODE_POINTS, code_points
from zhnlp.text.offsets import Normalised, OffsetMap
from zhnlp.text.width import fold_width

FORMS = ("NFC", "NFKC")

# Every character with a decomposition or a combining class lies here or among the Hangul syllables.
_DECOMPOSING_RANGES = (
    (0x00A0, 0x33FF),
    (0xA000, 0xABFF),
    (0xF900, 0xFFFF),
    (0x10000, 0x1FFFF),
    (0x2F800, 0x2FA1F),
)


def normalise(
    text: str, *, width: bool = True, form: str | None = "NFKC", lowercase: bool = False
) -> Normalised:
    """Normalise ``text`` and keep, for every character of the result, the source span it was made from.

    Args:
        text: any string.
        width: fold full-width and half-width forms first (NFKC implies it).
        form: "NFKC", "NFC" or None for no Unicode normalisation.
        lowercase: lower each character by itself at the end (a final sigma stays σ).

    Raises:
        ValueError: ``form`` is none of these.

    Example:
        >>> result = normalise("Ｋ歌ⅷ", lowercase=True)
        >>> result.text, result.offsets.to_source(2, 6)
        ('k歌viii', (2, 3))
    """
    if form is not None and form not in FORMS:
        raise ValueError(
            f"form got {form!r}, expected one of {', '.join(FORMS)} or None (NFD and NFKD are not offered: models want composed text)"
        )
    result = fold_width(text) if width else Normalised(text, OffsetMap.identity(len(text)))
    if form is not None and not unicodedata.is_normalized(form, result.text):
        result = _then(result, _unicode_form(result.text, form))
    if lowercase and (lowered := result.text.lower()) != result.text:
        result = _then(result, _lower(result.text, lowered))
    return result


def _then(first: Normalised, second: Normalised) -> Normalised:
    return Normalised(second.text, first.offsets.then(second.offsets))


def _lower(text: str, lowered: str) -> Normalised:
    pieces = [character.lower() for character in text]
    offsets = OffsetMap.from_lengths(np.ones(len(text), np.int64), np.array([len(piece) for piece in pieces]))
    return Normalised("".join(pieces), offsets)


def _unicode_form(text: str, form: str) -> Normalised:
    """Normalise cluster by cluster: a cluster is a character and all that may combine with it."""
    starts_cluster, changes = _tables(form)
    codes = code_points(text)
    begins = starts_cluster[codes]
    begins[0] = True
    borders = np.append(np.flatnonzero(begins), len(text))  # (clusters + 1,)
    lengths = np.diff(borders)
    touched = np.flatnonzero((lengths > 1) | changes[codes[borders[:-1]]])
    pieces: list[str] = []
    # Untouched clusters are single characters, copied whole between the touched ones.
    source_lengths, text_lengths = lengths.tolist(), lengths.tolist()
    split: dict[int, int] = {}  # clusters that are as they should be, taken apart again below
    position = 0
    for k in touched.tolist():
        start, end = int(borders[k]), int(borders[k + 1])
        pieces.append(text[position:start])
        cluster = unicodedata.normalize(form, text[start:end])
        pieces.append(cluster)
        text_lengths[k] = len(cluster)
        if cluster == text[start:end]:
            split[k] = len(cluster)
        position = end
    pieces.append(text[position:])
    source = np.array(source_lengths, np.int64)
    target = np.array(text_lengths, np.int64)
    if split:
        repeats = np.ones(len(source), np.int64)
        repeats[list(split)] = list(split.values())
        unchanged = np.repeat(repeats > 1, repeats)
        source, target = np.repeat(source, repeats), np.repeat(target, repeats)
        source[unchanged] = target[unchanged] = 1
    return Normalised("".join(pieces), OffsetMap.from_lengths(source, target))


@lru_cache(maxsize=2)
def _tables(form: str) -> tuple[np.ndarray, np.ndarray]:
    """For every code point: may a cluster start here, and does it change when it stands alone."""
    starts_cluster = np.ones(CODE_POINTS, bool)
    changes = np.zeros(CODE_POINTS, bool)
    seconds = set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))  # Hangul vowels and finals
    for first, last in _DECOMPOSING_RANGES:
        for code in range(first, last + 1):
            mapping = unicodedata.decomposition(chr(code))
            if mapping and mapping[0] != "<" and " " in mapping:
                seconds.add(int(mapping.split()[1], 16))
    decomposed = "NFKD" if form == "NFKC" else "NFD"
    for first, last in _DECOMPOSING_RANGES:
        for code in range(first, last + 1):
            character = chr(code)
            head = unicodedata.normalize(decomposed, character)[0]
            starts_cluster[code] = unicodedata.combining(head) == 0 and ord(head) not in seconds
            changes[code] = not unicodedata.is_normalized(form, character)
    return starts_cluster, changes
