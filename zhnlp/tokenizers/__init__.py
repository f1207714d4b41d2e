"""Building, loading, checking and pruning tokenizers; words, characters and pieces.

Everything is imported at its first use: ``import zhnlp.tokenizers`` loads neither transformers nor tokenizers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zhnlp.tokenizers.alignment import Alignment
    from zhnlp.tokenizers.checks import TokenizerReport, check
    from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
    from zhnlp.tokenizers.join import join_chinese
    from zhnlp.tokenizers.keep import keep_ids
    from zhnlp.tokenizers.loading import load
    from zhnlp.tokenizers.prompts import encode_prompt
    from zhnlp.tokenizers.pruning import prune
    from zhnlp.tokenizers.repairs import repair
    from zhnlp.tokenizers.words import JiebaWords, MinedWords, UnigramWords, WordTokenizer

_HOMES = {
    "Alignment": "alignment",
    "JiebaWords": "words",
    "MinedWords": "words",
    "TokenizerReport": "checks",
    "UnigramWords": "words",
    "WordTokenizer": "words",
    "build_tokenizer": "chinese",
    "check": "checks",
    "encode_prompt": "prompts",
    "join_chinese": "join",
    "keep_ids": "keep",
    "load": "loading",
    "prune": "pruning",
    "repair": "repairs",
    "train_char_vocab": "chinese",
}

__all__ = [
    "Alignment",
    "JiebaWords",
    "MinedWords",
    "TokenizerReport",
    "UnigramWords",
    "WordTokenizer",
    "build_tokenizer",
    "check",
    "encode_prompt",
    "join_chinese",
    "keep_ids",
    "load",
    "prune",
    "repair",
    "train_char_vocab",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(
            f"module 'zhnlp.tokenizers' has no attribute {name!r}: it has {', '.join(sorted(__all__))}"
        )
    from importlib import import_module

    return getattr(import_module(f"zhnlp.tokenizers.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
