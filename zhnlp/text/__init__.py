"""Raw text: characters, width, normalisation with offset maps, sentences, and reading corpora.

Imports numpy and the standard library only; pyarrow and zstandard are loaded when a file needs them.
"""

from zhnlp.text.blocks import Block
from zhnlp.text.characters import (
    Script,
    code_points,
    from_code_points,
    is_han,
    replace_surrogates,
    script,
    script_table,
)
from zhnlp.text.corpus import Corpus
from zhnlp.text.duplicates import DuplicateFilter
from zhnlp.text.holdout import held_out
from zhnlp.text.normalise import normalise
from zhnlp.text.offsets import Normalised, OffsetMap
from zhnlp.text.overlap import shared_shingles
from zhnlp.text.report import CorpusError, CorpusReport, CorpusWarning
from zhnlp.text.sentences import Span, split_sentences
from zhnlp.text.width import fold_characters, fold_width, width_table

__all__ = [
    "Block",
    "Corpus",
    "CorpusError",
    "CorpusReport",
    "CorpusWarning",
    "DuplicateFilter",
    "Normalised",
    "OffsetMap",
    "Script",
    "Span",
    "code_points",
    "fold_characters",
    "fold_width",
    "from_code_points",
    "held_out",
    "is_han",
    "normalise",
    "replace_surrogates",
    "script",
    "script_table",
    "shared_shingles",
    "split_sentences",
    "width_table",
]
