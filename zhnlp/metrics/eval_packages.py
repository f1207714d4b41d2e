"""The same texts scored by sacrebleu and rouge-chinese, the packages of the extra ``[eval]``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

from zhnlp.metrics.rouge import NAMES, spaced


def sacrebleu_scores(predictions: Sequence[str], references: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Corpus BLEU on characters (``tokenize="zh"``) and chrF by sacrebleu, both in [0, 1], and their signatures.

    Corpus BLEU sums matches over all texts before it divides, so it is no mean over items; case counts.

    Args:
        predictions: the texts that are scored.
        references: of each prediction one right text or more.

    Raises:
        ImportError: sacrebleu is missing.

    Example:
        >>> scores = sacrebleu_scores(["天地玄黄"], [["天地玄黄"]])
        >>> round(scores["bleu"], 4), round(scores["chrf"], 4)
        (1.0, 1.0)

    References:
        Post, "A Call for Clarity in Reporting BLEU Scores", 2018, aclanthology.org/W18-6319
        Popović, "chrF: character n-gram F-score for automatic MT evaluation", 2015, aclanthology.org/W15-3049
    """
    try:
        from sacrebleu.metrics import BLEU, CHRF
    except ImportError as error:
        raise ImportError('this score needs sacrebleu. Next: pip install "zhnlp[eval]"') from error
    streams = [list(texts) for texts in zip_longest(*references)]  # None where an item has fewer references
    bleu, chrf = BLEU(tokenize="zh"), CHRF()
    return {
        "bleu": bleu.corpus_score(list(predictions), streams).score / 100,
        "chrf": chrf.corpus_score(list(predictions), streams).score / 100,
        "bleu_signature": str(bleu.get_signature()),
        "chrf_signature": str(chrf.get_signature()),
    }


def rouge_chinese_scores(
    predictions: Sequence[str], references: Sequence[str]
) -> dict[str, dict[str, float]]:
    """Mean F of ROUGE-1, ROUGE-2 and ROUGE-L by rouge-chinese, on characters and on jieba's words, in lower case.

    Its ROUGE-L counts every character of the longest common subsequence, repeated ones too; a "." is a character like any
    other. An empty text scores 0. It fills a table of both lengths: a second for 1,000 titles, most of a minute for as many
    abstracts of 300 characters.

    Args:
        predictions: the texts that are scored.
        references: the right text of each.

    Raises:
        ImportError: rouge-chinese is missing.

    Example:
        >>> scores = rouge_chinese_scores(["天地玄黄"], ["天地黄"])
        >>> round(scores["characters"]["rouge_l"], 4)  # 2 · 3/(4 + 3)
        0.8571
    """
    try:
        from rouge_chinese import Rouge
    except ImportError as error:
        raise ImportError('this score needs rouge-chinese. Next: pip install "zhnlp[eval]"') from error
    from zhnlp.tokenizers.words import JiebaWords

    jieba, scorer = JiebaWords(), Rouge()
    cuts: dict[str, Callable[[str], str]] = {
        "characters": spaced,
        "words": lambda text: " ".join(jieba.words(text.lower())),
    }
    found = {}
    for unit, cut in cuts.items():
        sums = dict.fromkeys(NAMES, 0.0)
        for prediction, reference in zip(predictions, references):
            if not prediction.strip() or not reference.strip():
                continue
            (scores,) = scorer.get_scores(cut(prediction), cut(reference))
            for name in NAMES:
                sums[name] += scores[name.replace("_", "-")]["f"]
        found[unit] = {name: total / len(predictions) for name, total in sums.items()}
    return found
