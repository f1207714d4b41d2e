"""Which words stand for which label, and what tokens they are.

Source: 苏剑林, https://kexue.fm/archives/7764; the name: Schick and Schütze 2020, https://arxiv.org/abs/2001.07676
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from zhnlp.few_shot.prompt import encode_bare
from zhnlp.few_shot.template import SAMPLE

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedTokenizerFast

    from zhnlp.few_shot.template import Template


class Verbalizer:
    """The label words of some classes.

    Args:
        labels: label → its words, or one word; or a list of labels, each its own word.
        tokenizer: says what tokens a word is.
        template: is shown filled in where a word is refused; None for none.

    Attributes:
        classes: the labels in sorted order, as scikit-learn has them.
        words: (number of the class, word, ids) of every word; the words of a class stand together.

    Raises:
        TypeError: labels are neither a mapping nor a list, a word is no str, or labels cannot be sorted.
        ValueError: fewer than two labels, one given twice, a label without words, an empty word, a word that the vocabulary
            cannot write, one word for two labels.

    Example:
        >>> from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
        >>> tokenizer = build_tokenizer(train_char_vocab(["好差劲"], min_count=1, latin_pieces=0))
        >>> verbalizer = Verbalizer({"负面": ["差", "差劲"], "正面": "好"}, tokenizer)
        >>> verbalizer.classes, [(number, word, len(ids)) for number, word, ids in verbalizer.words]
        (['正面', '负面'], [(0, '好', 1), (1, '差', 1), (1, '差劲', 2)])
    """

    def __init__(self, labels: Any, tokenizer: PreTrainedTokenizerFast, template: Template | None = None):
        described = describe(labels, template)
        self.classes: list[Any] = list(described)
        self.words: list[tuple[int, str, tuple[int, ...]]] = []
        owners: dict[tuple[int, ...], tuple[Any, str]] = {}
        for number, (label, words) in enumerate(described.items()):
            for word in words:
                ids = word_ids(tokenizer, word, label, template)
                if ids in owners:
                    owner, other = owners[ids]
                    if owner != label:
                        raise ValueError(
                            f"the label words {other!r} of {owner!r} and {word!r} of {label!r} are the same for the model: "
                            "expected words that differ. Next: leave one of them out"
                        )
                    continue
                owners[ids] = (label, word)
                self.words.append((number, word, ids))

    @property
    def owners(self) -> np.ndarray:
        """(W,) the number of the class of each word."""
        import numpy as np

        return np.array([number for number, _, _ in self.words])

    @property
    def longest(self) -> int:
        """Tokens of the longest word."""
        return max(len(ids) for _, _, ids in self.words)


def describe(labels: Any, template: Template | None = None) -> dict[Any, list[str]]:
    """Label → words, in the sorted order of the labels; ``template`` is shown filled in where there is one label only.

    Raises:
        TypeError, ValueError: as `Verbalizer`.

    Example:
        >>> describe({1: ["好", "棒"], 0: "差"})
        {0: ['差'], 1: ['好', '棒']}
    """
    if isinstance(labels, Mapping):
        described = {label: [words] if isinstance(words, str) else words for label, words in labels.items()}
    elif isinstance(labels, Iterable) and not isinstance(labels, (str, bytes)):
        labels = list(labels)
        if unfit := [label for label in labels if not isinstance(label, Hashable) or not str(label)]:
            raise TypeError(f"a label is {unfit[0]!r}: expected a str with a character or more, or a number")
        if len(set(labels)) < len(labels):
            twice = next(label for label in labels if labels.count(label) > 1)
            raise ValueError(
                f"labels has {twice!r} twice: expected each once. Next: list(dict.fromkeys(labels))"
            )
        described = {label: [str(label)] for label in labels}
    else:
        raise TypeError(
            f"labels is {labels!r}: expected label → words such as {{'正面': ['好', '满意'], '负面': ['差']}}, or a list of labels"
        )
    if len(described) < 2:
        only = next((words[0] for words in described.values() if isinstance(words, list) and words), "[MASK]")
        shown = (
            f": every text would read {template.render(SAMPLE, str(only), SAMPLE['label'])!r}"
            if template
            else ""
        )
        raise ValueError(
            f"labels has {len(described) or 'no'} label ({labels!r}){shown}. Expected two or more to choose from. Next: name the "
            "others too, such as labels={'正面': ['好'], '负面': ['差']}"
        )
    if tuples := [label for label in described if isinstance(label, (tuple, frozenset))]:
        raise TypeError(
            f"a label is {tuples[0]!r} ({type(tuples[0]).__name__}): expected a str or a number, which an array of labels can hold. "
            "Next: '/'.join(label) for each, in y too"
        )
    for label, words in described.items():
        if not isinstance(words, Iterable) or isinstance(words, (bytes, Mapping)):
            raise TypeError(f"the words of label {label!r} are {words!r}: expected a list of str")
        described[label] = words = list(words)
        if not words:
            raise ValueError(
                f"label {label!r} has no words: expected one or more. Next: labels={{{label!r}: ['…']}} with a word that fits the "
                "blank, or leave the label out"
            )
        if strange := [word for word in words if not isinstance(word, str)]:
            raise TypeError(
                f"the words of label {label!r} hold {strange[0]!r} ({type(strange[0]).__name__}): expected str. Next: "
                f"{str(strange[0])!r}"
            )
    try:
        return dict(sorted(described.items(), key=lambda item: item[0]))
    except TypeError:
        raise TypeError(
            f"the labels {', '.join(map(repr, described))} cannot be sorted: expected all str or all numbers. Next: str(label) "
            "for each, in y too"
        ) from None


def word_ids(
    tokenizer: PreTrainedTokenizerFast, word: str, label: Any, template: Template | None = None
) -> tuple[int, ...]:
    """The ids of a label word.

    Raises:
        ValueError: it is empty, or a character of it is not in the vocabulary; the message shows the filled template.
    """
    ids = tuple(encode_bare(tokenizer, word))
    unknown = tokenizer.unk_token_id
    if special := [one for one in ids if one != unknown and one in tokenizer.all_special_ids]:
        raise ValueError(
            f"the word {word!r} of label {label!r} holds {tokenizer.convert_ids_to_tokens(special[0])}, a mark of the tokenizer and no "
            "word: the model never reads it in a text. Expected a word that fits the blank. Next: another word for this label"
        )
    if ids and (unknown is None or unknown not in ids):
        return ids
    shown = f" (it would read {template.render(SAMPLE, word, SAMPLE['label'])!r})" if template else ""
    if not ids:
        raise ValueError(
            f"a word of label {label!r} is {word!r}, which has no token{shown}: expected a character or more"
        )
    lost = [character for character in word if unknown in encode_bare(tokenizer, character)] or [word]
    raise ValueError(
        f"the word {word!r} of label {label!r} cannot be written with this vocabulary: {' '.join(lost)} would be "
        f"{tokenizer.unk_token}{shown}. Next: another word for this label, or another model"
    )
