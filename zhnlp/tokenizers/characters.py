"""The tokenizer of post 5743: half-width, lower case, a character a token, nothing around a text.

Source: 苏剑林, https://kexue.fm/archives/5743
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from zhnlp.tokenizers.wrapping import wrap

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

_FIRST = ("[PAD]", "[UNK]")
_WIDE = {
    chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)
}  # ！ to ～, letters and digits among them


def character_tokenizer(
    texts: Iterable[str], *, min_count: int = 5, max_length: int = 32
) -> PreTrainedTokenizerFast:
    """A tokenizer whose vocabulary are the characters of ``texts``, the commonest first; [PAD] is 0, [UNK] 1.

    Full-width signs, letters and digits count as half-width, capitals as small ones; blanks are dropped.  Offsets are those
    of the user's own string.

    Args:
        texts: they are read once.
        min_count: occurrences below which a character is [UNK].
        max_length: characters of a text that are read.

    Raises:
        ValueError: no character occurs so often.

    Example:
        >>> tokenizer = character_tokenizer(["Ａ股涨了", "a股跌了"], min_count=2)
        >>> encoded = tokenizer("Ａ 股跌", return_offsets_mapping=True)
        >>> tokenizer.convert_ids_to_tokens(encoded["input_ids"]), encoded["offset_mapping"]
        (['a', '股', '[UNK]'], [(0, 1), (2, 3), (3, 4)])
    """
    from tokenizers import models

    core = _rules()
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update("".join(core.normalizer.normalize_str(text).split()))
    kept = sorted((one for one in counts if counts[one] >= min_count), key=lambda one: (-counts[one], one))
    if not kept:
        raise ValueError(
            f"no character occurs {min_count} times in the texts: expected more text. Next: min_count=1 for a small set"
        )
    core.model = models.WordLevel({entry: number for number, entry in enumerate([*_FIRST, *kept])}, "[UNK]")
    core.add_special_tokens(list(_FIRST))
    return wrap(core, model_max_length=max_length)


def _rules() -> Tokenizer:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    core = Tokenizer(models.WordLevel({"[UNK]": 0}, "[UNK]"))
    folds = [normalizers.Replace(wide, narrow) for wide, narrow in _WIDE.items()]
    core.normalizer = normalizers.Sequence([*folds, normalizers.Lowercase()])
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex("."), "isolated")]
    )
    return core
