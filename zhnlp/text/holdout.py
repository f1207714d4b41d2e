"""Which documents of a corpus are kept out of training: a rule on the text alone, so no list has to be kept."""

from __future__ import annotations

from hashlib import blake2b

SHARE = 0.01  # of the pre-training documents

_PERSON = b"zhnlp held out 1"  # 16 bytes: the rule's version


def held_out(document: str, share: float = SHARE) -> bool:
    """Whether ``document`` belongs to the held-out part, by a 64-bit blake2b hash of its text without white space.

    The verdict depends on nothing but the characters: it is the same on every machine, in every order, for any subset
    of the corpus and however the paragraphs are joined. A larger share holds out the same documents and more; equal
    documents stay together, near-duplicates do not (`benchmarks/language_models.py` reports them apart).

    Args:
        document: a whole document, not a piece of one.
        share: expected share of documents to hold out, in [0, 1].

    Raises:
        ValueError: ``share`` outside [0, 1].

    Example:
        >>> texts = [f"第{n}篇" for n in range(10_000)]
        >>> sum(held_out(text) for text in texts)
        92
        >>> held_out("天地\\n玄黄", 0.5) == held_out("天地 玄黄", 0.5)
        True
    """
    if not 0 <= share <= 1:
        raise ValueError(
            f"share={share!r} is not possible: expected 0 to 1, e.g. 0.01 for one document in a hundred"
        )
    text = "".join(document.split()).encode("utf-8", "surrogatepass")
    digest = blake2b(text, digest_size=8, person=_PERSON).digest()
    return int.from_bytes(digest, "big") < share * 2**64
