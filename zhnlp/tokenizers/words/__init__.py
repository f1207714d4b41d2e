"""Words behind one interface: jieba's, those of a mined lexicon, those of a Unigram model."""

from __future__ import annotations

from zhnlp.tokenizers.words.base import WordTokenizer
from zhnlp.tokenizers.words.jieba import JiebaWords
from zhnlp.tokenizers.words.mined import MinedWords
from zhnlp.tokenizers.words.numbers import WordNumbers
from zhnlp.tokenizers.words.unigram import UnigramWords

__all__ = ["JiebaWords", "MinedWords", "UnigramWords", "WordNumbers", "WordTokenizer"]
