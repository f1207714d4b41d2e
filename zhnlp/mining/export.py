"""Write a lexicon for the tools that will use it: jieba, HanLP, IK, a plain list, a Unigram tokenizer.

Every writer takes rows (mappings with ``word`` or ``term``, and ``count``), makes the folders above its file, and
puts a finished file in place of an old one at once, so that nobody ever reads half a lexicon.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from zhnlp.mining.segmentation.weights import LIMIT
from zhnlp.mining.segmenter import UNKNOWN_GAP
from zhnlp.text.files import write_whole
from zhnlp.tokenizers.wrapping import roles

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN_TOKEN = "[UNK]"
SPECIAL_TOKENS = ("[PAD]", UNKNOWN_TOKEN, "[CLS]", "[SEP]", "[MASK]")


def write_jieba(
    rows: Iterable[Mapping], path: str | Path, *, tag: str | None = None, frequency: bool = True
) -> int:
    """Write jieba's ``word freq tag`` lines; for ``jieba.load_userdict`` or ``jieba.Tokenizer(path)``.

    Args:
        rows: words with a count (≥ 0; rounded, at least 1).
        tag: part of speech for every word (small Latin letters), such as "n" or "nz"; None writes none.
        frequency: False leaves the numbers out: as a user dictionary jieba then chooses one with which the word
            wins over its split.  A main dictionary needs them.

    Returns:
        The number of words written; words with a blank, which jieba cannot read, are skipped with a warning.

    Raises:
        ValueError: a row has no word, or no usable count although ``frequency``; ``tag`` has other characters.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "words.dict"
        >>> write_jieba([{"word": "深度学习", "count": 6}], path, tag="n"), path.read_text(encoding="utf-8")
        (1, '深度学习 6 n\\n')
    """
    if tag is not None and not (tag.isascii() and tag.isalpha() and tag.islower()):
        raise ValueError(
            f'tag={tag!r}, expected small Latin letters such as "n" or "nz", which is all jieba reads'
        )
    end = f" {tag}" if tag else ""
    return _write(
        path,
        rows,
        "jieba",
        lambda row, word: f"{word} {_frequency(row, word)}{end}" if frequency else word + end,
        blanks=False,
    )


def write_hanlp(rows: Iterable[Mapping], path: str | Path, *, nature: str = "nz") -> int:
    """Write HanLP's custom dictionary, ``word nature frequency`` a line; returns the number of words.

    Args:
        rows: words with a count (≥ 0; rounded, at least 1).
        nature: HanLP's part of speech for every word; "nz" is other proper noun.

    Raises:
        ValueError: a row has no word or no usable count; ``nature`` is empty or has a blank.
    """
    if len(nature.split()) != 1:
        raise ValueError(f'nature={nature!r}, expected one of HanLP\'s natures such as "n" or "nz"')
    return _write(
        path, rows, "HanLP", lambda row, word: f"{word} {nature} {_frequency(row, word)}", blanks=False
    )


def write_ik(rows: Iterable[Mapping], path: str | Path) -> int:
    """Write IK Analyzer's dictionary: one word a line, UTF-8 without a byte-order mark; returns the number of words.

    Raises:
        ValueError: a row has no word.
    """
    return _write(path, rows, "IK", lambda _, word: word)


def write_list(rows: Iterable[Mapping], path: str | Path) -> int:
    """Write one word a line, in the order of the rows; returns the number of words.

    Raises:
        ValueError: a row has no word.
    """
    return _write(path, rows, "a list", lambda _, word: word)


def to_tokenizer(
    rows: Iterable[Mapping],
    *,
    byte_fallback: bool = False,
    special_tokens: Iterable[str] = SPECIAL_TOKENS,
) -> Tokenizer:
    """A `tokenizers` Unigram model that cuts text as `Segmenter.from_counts` does, offsets into the text as given.

    The pieces are the words with ln(count / sum of counts), and every character of a word that is no word itself,
    with the weight that `Segmenter` gives an unknown one (10 nats below the rarest word).  Text is parted at blanks
    only, which decoding cannot bring back.  Unlike `Segmenter` the model folds no width, may cut a run of letters
    that is no word into its characters, and joins neighbouring unknown characters to one ``[UNK]``.

    Args:
        rows: words with a count (> 0; others are left out).
        byte_fallback: write characters outside the vocabulary as UTF-8 bytes (256 more pieces), not ``[UNK]``.
        special_tokens: put first in the vocabulary; ``[UNK]`` is added if it is not among them.

    Raises:
        ValueError: a row has no word or no usable count.

    Example:
        >>> rows = [{"word": "深度学习", "count": 5}, {"word": "很", "count": 9}, {"word": "好", "count": 9}]
        >>> encoding = to_tokenizer(rows).encode("深度学习 很好")
        >>> encoding.tokens, encoding.offsets
        (['深度学习', '很', '好'], [(0, 4), (5, 6), (6, 7)])
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    counts: dict[str, float] = {}
    for row in rows:
        word, count = row_text(row), _count(row)
        if count > 0 and word not in counts and len(word.split()) == 1:
            counts[word] = count
    if not counts:
        _warn_empty("a tokenizer")
    special = list(dict.fromkeys(special_tokens))
    if UNKNOWN_TOKEN not in special:
        special.append(UNKNOWN_TOKEN)
    for token in special:
        counts.pop(token, None)
    log_total = math.log(sum(counts.values())) if counts else 0.0
    pieces = {word: math.log(count) - log_total for word, count in counts.items()}
    unknown = max(min(pieces.values(), default=-UNKNOWN_GAP) - UNKNOWN_GAP, -LIMIT)
    characters = sorted({character for word in counts for character in word} - pieces.keys())
    # special and byte pieces never compete with words: the model's own unknown weighs 10 nats less again
    vocabulary = [(token, unknown) for token in special]
    if byte_fallback:
        vocabulary += [(f"<0x{byte:02X}>", unknown) for byte in range(256)]
    vocabulary += [*pieces.items(), *((character, unknown) for character in characters)]
    tokenizer = Tokenizer(models.Unigram(vocabulary, special.index(UNKNOWN_TOKEN), byte_fallback))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    parts = [decoders.ByteFallback(), decoders.Fuse()] if byte_fallback else [decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence(parts)
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in special])
    return tokenizer


def save_tokenizer(rows: Iterable[Mapping], folder: str | Path, **options) -> Tokenizer:
    """Write ``tokenizer.json`` and ``tokenizer_config.json``, which ``AutoTokenizer.from_pretrained(folder)`` loads.

    Args:
        options: as for `to_tokenizer`.

    Raises:
        ValueError: as `to_tokenizer`.
    """
    tokenizer = to_tokenizer(rows, **options)
    folder = Path(folder)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": int(1e30),
        **roles(tokenizer),
    }
    write_whole(folder / "tokenizer.json", tokenizer.to_str(pretty=True))
    write_whole(folder / "tokenizer_config.json", json.dumps(config, ensure_ascii=False, indent=2) + "\n")
    return tokenizer


def export(rows: Iterable[Mapping], path: str | Path, format: str, **options) -> None:
    """Write rows in one of the formats "jieba", "hanlp", "ik", "list" and "tokenizer" (a folder).

    Raises:
        ValueError: the format is not known; and as its writer.
    """
    check_format(format)
    FORMATS[format](rows, path, **options)


def check_format(format: str) -> None:
    """Refuse a format that `export` does not know.

    Raises:
        ValueError: the format is not known.
    """
    if format not in FORMATS:
        raise ValueError(f"format={format!r} is not known: expected one of {', '.join(map(repr, FORMATS))}")


FORMATS: dict[str, Callable] = {
    "jieba": write_jieba,
    "hanlp": write_hanlp,
    "ik": write_ik,
    "list": write_list,
    "tokenizer": save_tokenizer,
}


def row_text(row: Mapping) -> str:
    """What a row is about: its "word", or its "term", without the blanks around it.

    Raises:
        ValueError: the row is no mapping, or has neither.

    Example:
        >>> row_text({"term": "变压器", "count": 3})
        '变压器'
    """
    if not isinstance(row, Mapping):
        raise ValueError(
            f"got the row {row!r:.60}, expected a mapping such as {{'word': '深度学习', 'count': 6}}"
        )
    word = row.get("word", row.get("term"))
    if not isinstance(word, str) or not word.strip():
        raise ValueError(
            f"got a row whose word is {word!r} (its keys: {', '.join(map(str, row))}), expected text"
        )
    return word.strip()


def _count(row: Mapping) -> float:
    count = row.get("count")
    if isinstance(count, bool) or not isinstance(count, (int, float)) or not 0 <= count < math.inf:
        raise ValueError(
            f"the count of {row_text(row)!r} is {count!r}, expected a finite number of 0 or more; add a column 'count', "
            "or write a plain list"
        )
    return count


def _frequency(row: Mapping, word: str) -> int:
    return max(1, round(_count(row)))


def _warn_empty(what: str) -> None:
    warnings.warn(
        f"the lexicon has no word to write for {what}; were the mining thresholds too strict, or the rows an "
        "iterator that was used before?",
        stacklevel=4,
    )


def _write(
    path: str | Path,
    rows: Iterable[Mapping],
    what: str,
    line: Callable[[Mapping, str], str],
    blanks: bool = True,
) -> int:
    lines, skipped = [], []
    for row in rows:
        word = row_text(row)
        if len(word.splitlines()) > 1 or (not blanks and len(word.split()) > 1):
            skipped.append(word)
        else:
            lines.append(line(row, word) + "\n")
    if skipped:
        warnings.warn(
            f"{len(skipped)} words were left out because {what} cannot read a blank within a word, the first is "
            f"{skipped[0]!r}",
            stacklevel=3,
        )
    if not lines:
        _warn_empty(what)
    write_whole(path, "".join(lines))
    return len(lines)
