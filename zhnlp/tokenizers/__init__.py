"""Building, loading, checking and pruning tokenizers; words, characters and pieces.

Everything is imported at its first use: ``import zhnlp.tokenizers`` loads neither transformers nor tokenizers.
"""

from __future__ import annotations

from zhnlp.lazy import exports

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Alignment": "alignment",
        "JiebaWords": "words",
        "MinedWords": "words",
        "TokenizerReport": "checks",
        "UnigramWords": "words",
        "WordTokenizer": "words",
        "build_tokenizer": "chinese",
        "character_tokenizer": "characters",
        "check": "checks",
        "encode_prompt": "prompts",
        "join_chinese": "join",
        "keep_ids": "keep",
        "load": "loading",
        "prune": "pruning",
        "repair": "repairs",
        "train_char_vocab": "chinese",
    },
)
