"""What an index is given: texts, ids and answers, checked before anything is encoded, and vectors before they are kept."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

import numpy as np

if TYPE_CHECKING:
    from zhnlp.similarity.entry_store import EntryStore


class TextEncoder(Protocol):
    """Anything that makes a vector of each text."""

    def encode(self, texts: list[str]) -> Any:
        """(N, D) of floats, an array or a tensor on the CPU, in the order of the texts."""


class Hit(TypedDict):
    id: Any
    question: str
    answer: str | None
    score: float
    """Cosine, -1 to 1."""
    rank: int
    """From 1."""
    above: bool | None
    """Whether the score reaches the threshold; None where there is none."""


def listed(texts: str | Iterable[str]) -> list[str]:
    """A list of texts, of one or of several.

    Raises:
        TypeError: what was given is neither.
    """
    if isinstance(texts, str):
        return [texts]
    if isinstance(texts, (bytes, dict)) or not isinstance(texts, Iterable):
        raise TypeError(f"got {type(texts).__name__}: expected a text or a list of texts")
    return list(texts)


def check_texts(texts: Sequence[str], name: str, most: int) -> None:
    """Refuse what is no text, blank, or longer than ``most`` characters.

    Example:
        >>> check_texts(["怎么退款", "退" * 10_000], "query", 2_000)
        Traceback (most recent call last):
        ValueError: query 1 (counted from 0) has 10,000 characters: expected 2,000 at most, as an encoder reads the beginning alone. ...
    """
    for number, text in enumerate(texts):
        where = f"{name} {number} (counted from 0)"
        if not isinstance(text, str):
            raise TypeError(f"{where} is {type(text).__name__} {text!r:.40}: expected text")
        if not text or text.isspace():
            raise ValueError(f"{where} is blank: expected text. Next: leave blank ones out")
        if len(text) > most:
            raise ValueError(
                f"{where} has {len(text):,} characters: expected {most:,} at most, as an encoder reads the beginning alone. Next: cut "
                "it to the question, or FAQIndex(..., max_characters=…)"
            )


def chosen_ids(
    ids: Sequence[Hashable] | None, count: int, entries: EntryStore, extend: bool
) -> list[Hashable]:
    """The ids of ``count`` new questions: those given, or numbers that are free.

    Raises:
        TypeError: an id is neither str nor int.
        ValueError: an id is in the index and ``extend`` is False.
    """
    if ids is None:
        found, number = [], len(entries)
        while len(found) < count:
            if entries.row_of(number) is None:
                found.append(number)
            number += 1
        return found
    found = (
        [ids]
        if isinstance(ids, (str, int))
        else [id.item() if isinstance(id, np.generic) else id for id in ids]
    )
    for id in found:
        if isinstance(id, bool) or not isinstance(id, (str, int)):
            raise TypeError(f"got the id {id!r:.40} of {type(id).__name__}: expected str or int")
        if not extend and entries.row_of(id) is not None:
            raise ValueError(
                f"the id {id!r} is in the index already: expected new ones. Next: index.remove([{id!r}]) first, or add(..., "
                "extend=True) for further questions of it"
            )
    return found


def chosen_answers(
    ids: Sequence[Hashable], answers: Sequence[str | None], entries: EntryStore
) -> list[str | None]:
    """The answers, that of each id at its first question.

    Raises:
        TypeError: an answer is neither text nor None.
        ValueError: an id has two answers.
    """
    of: dict[Hashable, str | None] = {}
    for number, (id, answer) in enumerate(zip(ids, answers)):
        if answer is not None and not isinstance(answer, str):
            raise TypeError(
                f"answer {number} (counted from 0) is {type(answer).__name__}: expected text or None"
            )
        if id not in of:
            row = entries.row_of(id)
            of[id] = None if row is None else entries[row]["answer"]
            if row is not None and of[id] is None and answer is not None:
                raise ValueError(
                    f"the id {id!r} is in the index without an answer: expected none. Next: index.remove([{id!r}]), and add all of it"
                )
        if answer is not None and of[id] not in (None, answer):
            raise ValueError(
                f"the id {id!r} has two answers, {of[id]!r:.40} and {answer!r:.40}: expected one. Questions of one id mean the same; next: "
                "another id for the second"
            )
        of[id] = of[id] if answer is None else answer
    return [of[id] for id in ids]


def encode(encoder: TextEncoder, texts: Sequence[str], width: int | None = None) -> np.ndarray:
    """Vectors (N, D) of length 1 in float32.

    Raises:
        ValueError: not one vector a text, another width than that of the index, NaN, or a vector of zeros.
    """
    found = encoder.encode(list(texts))
    vectors = np.asarray(found.detach().cpu() if hasattr(found, "detach") else found)
    if vectors.ndim != 2 or len(vectors) != len(texts) or vectors.dtype.kind != "f" or not vectors.shape[1]:
        raise ValueError(
            f"the encoder gave {vectors.dtype} {vectors.shape} for {len(texts)} texts: expected floats ({len(texts)}, D)"
        )
    if width is not None and vectors.shape[1] != width:
        raise ValueError(
            f"the encoder gave vectors of {vectors.shape[1]} dimensions, the index has {width}: expected the same. Another encoder made "
            "the index; next: give that one, or build the index again"
        )
    vectors = vectors.astype(np.float64)
    lengths = np.linalg.norm(vectors, axis=1)
    bad = np.flatnonzero(~np.isfinite(lengths) | (lengths == 0))
    if len(bad):
        what = "only zeros" if lengths[bad[0]] == 0 else "NaN or infinite numbers"
        raise ValueError(
            f"the vector of {texts[bad[0]]!r:.40} has {what}: expected finite ones. "
            + (
                "The encoder knows none of its characters; next: leave the text out"
                if lengths[bad[0]] == 0
                else "float16 that overflows is the usual cause; next: encode in float32"
            )
        )
    return (vectors / lengths[:, None]).astype(np.float32)
