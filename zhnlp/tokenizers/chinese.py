"""The tokenizer of zhnlp's own models: a character a token, Latin words in pieces, offsets into the user's own string.

A Han character, a digit, a sign is a token each; a run of Latin letters is cut into pieces (``i ##P ##h ##on ##e``), so
that iphone15 is never one [UNK]. Full-width letters and digits are folded, case is kept, a line break is a token, other
blanks and control characters are dropped. It is one ``tokenizer.json``: transformers loads it without zhnlp, and its
``decode`` puts no blank between Chinese characters.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from zhnlp.text.characters import is_han
from zhnlp.tokenizers.wrapping import wrap

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LINE_BREAK = "\n"
_LONGEST = 24  # letters of a Latin run that are cut into pieces together
_LATIN = re.compile(f"[A-Za-z]{{1,{_LONGEST}}}")
_LETTERS = (*string.ascii_letters, *("##" + letter for letter in string.ascii_letters))
_FORMS = {"masked-lm": "[CLS] $A [SEP]", "causal-lm": "[CLS] $A"}


def train_char_vocab(
    corpus: Iterable[str],
    *,
    min_count: int = 12,
    min_sign: int = 100,
    latin_pieces: int = 500,
    size: int | None = None,
) -> list[str]:
    """The vocabulary of a corpus: special tokens, the line break, digits, then characters and Latin pieces by count.

    Args:
        corpus: documents; it is read once.
        min_count: occurrences below which a Han character is left out (it becomes [UNK]).
        min_sign: the same for all other characters.
        latin_pieces: pieces of Latin words, learned by WordPiece; single letters are there in any case.
        size: the most entries; the rarest characters are left out.

    Raises:
        ValueError: the corpus holds no character, or ``size`` does not hold what is always there.

    Example:
        >>> vocab = train_char_vocab(["深度学习", "深度"], min_count=1, latin_pieces=0)
        >>> vocab[:6], vocab[16:20], len(vocab)
        (['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '\\n'], ['度', '深', '习', '学'], 124)
    """
    characters: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for document in corpus:
        characters.update(document)
        words.update(_LATIN.findall(document))
    if not characters:
        raise ValueError(
            "the corpus holds no character: expected text. Next: look at corpus.report for what was skipped"
        )
    always = [*SPECIAL, LINE_BREAK, *string.digits]
    latin = [*_LETTERS, *_latin_pieces(words, latin_pieces)]
    least = {True: min_count, False: min_sign}
    kept = [
        character
        for character, count in sorted(characters.items(), key=lambda item: (-item[1], item[0]))
        if count >= least[is_han(character)] and character.isprintable() and not character.isspace()
        and not _folds(character) and character not in string.ascii_letters + string.digits
    ]  # fmt: skip
    if size is not None:
        room = size - len(always) - len(latin)
        if room < 1:
            raise ValueError(
                f"size is {size}: expected more than {len(always) + len(latin)}, which are always there"
            )
        kept = kept[:room]
    return [*always, *kept, *latin]


def _latin_pieces(words: Counter[str], number: int) -> list[str]:
    """Pieces of Latin words by WordPiece training; a word goes in at most 1,000 times, its share kept."""
    if not words or number < 1:
        return []
    from tokenizers import Tokenizer, models, trainers

    share = max(1, max(words.values()) // 1000)
    sample = (word for word, count in sorted(words.items()) for _ in range(-(-count // share)) if count > 1)
    learner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    first = [
        "[UNK]",
        *_LETTERS,
    ]  # ties go by the number of a letter, which hangs on a hash where none is given
    trainer = trainers.WordPieceTrainer(
        vocab_size=number + len(first), special_tokens=first, show_progress=False
    )
    learner.train_from_iterator(sample, trainer)
    vocabulary = learner.get_vocab()
    return sorted(vocabulary.keys() - first, key=vocabulary.__getitem__)


def _folds(character: str) -> bool:
    """Whether the character is the full-width form of a letter or digit."""
    return "\uff10" <= character <= "\uff5a" and chr(ord(character) - 0xFEE0).isalnum()


def build_tokenizer(
    vocab: Sequence[str], *, form: str = "masked-lm", max_length: int = 512
) -> PreTrainedTokenizerFast:
    """The tokenizer of a vocabulary, as transformers has it.

    Args:
        vocab: entries in the order of their ids, as `train_char_vocab` gives them.
        form: "masked-lm" puts [CLS] before and [SEP] behind a text, "causal-lm" only [CLS] before it; there [CLS] is
            also the beginning and [SEP] the end of a text.
        max_length: positions that the model is meant for.

    Raises:
        ValueError: an entry occurs twice, or a special token is missing.

    Example:
        >>> tokenizer = build_tokenizer(train_char_vocab(["深度学习"], min_count=1, latin_pieces=0))
        >>> text = "深度Ａ１ 学"
        >>> encoded = tokenizer(text, return_offsets_mapping=True, add_special_tokens=False)
        >>> [text[begin:end] for begin, end in encoded["offset_mapping"]], tokenizer.decode(encoded["input_ids"])
        (['深', '度', 'Ａ', '１', '学'], '深度A1学')
    """
    from tokenizers import (
        AddedToken,
        Regex,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    if form not in _FORMS:
        raise ValueError(f"form got {form!r}: expected one of {', '.join(map(repr, _FORMS))}")
    ids = {entry: number for number, entry in enumerate(vocab)}
    if len(ids) < len(vocab):
        double = next(entry for entry, count in Counter(vocab).items() if count > 1)
        raise ValueError(f"the vocabulary has {double!r} more than once: expected each entry once")
    if missing := [token for token in SPECIAL if token not in ids]:
        raise ValueError(
            f"the vocabulary lacks {', '.join(missing)}. Next: make it with train_char_vocab(...)"
        )
    core = Tokenizer(models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=_LONGEST))
    wide = [chr(code) for code in range(0xFF10, 0xFF5B) if _folds(chr(code))]
    core.normalizer = normalizers.Sequence(
        [
            normalizers.BertNormalizer(handle_chinese_chars=False, strip_accents=False, lowercase=False),
            *(normalizers.Replace(character, chr(ord(character) - 0xFEE0)) for character in wide),
        ]
    )
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex(_LATIN.pattern + "|."), "isolated")]
    )
    # A blank stays between Latin letters, also behind a comma and the like; elsewhere Chinese has none.
    before, blank = Regex(" (?=[,;:!?])"), Regex("(?<![A-Za-z]|[A-Za-z][,;:!?]) | (?![A-Za-z])")
    core.decoder = decoders.Sequence(
        [
            decoders.WordPiece(cleanup=False),
            decoders.Fuse(),
            decoders.Replace(before, ""),
            decoders.Replace(blank, ""),
        ]
    )
    core.add_special_tokens(list(SPECIAL))
    if LINE_BREAK in ids:
        core.add_tokens([AddedToken(LINE_BREAK, normalized=False)])
    pair = _FORMS["masked-lm"] + " $B:1 [SEP]:1"
    ends = [("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])]
    core.post_processor = processors.TemplateProcessing(single=_FORMS[form], pair=pair, special_tokens=ends)
    begin_and_end = {"bos_token": "[CLS]", "eos_token": "[SEP]"} if form == "causal-lm" else {}
    return wrap(core, model_max_length=max_length, **begin_and_end)
