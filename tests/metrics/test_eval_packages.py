"""Scores by the packages of ``[eval]``: against direct calls of them, by hand, and their absence.

Run: pytest tests/metrics/test_eval_packages.py
"""

import sys

import jieba
import pytest
import sacrebleu
from rouge_chinese import Rouge

from zhnlp.metrics import rouge_chinese_scores, sacrebleu_scores

PREDICTIONS = ["国家电网升级改造", "GIS 开关柜", "天天向上3.5"]
REFERENCES = [["国家电网改造升级", "电网升级"], ["gis开关"], ["好好学习天天向上3.5"]]


def test_bleu_and_chrf_are_those_of_sacrebleu():
    scores = sacrebleu_scores(PREDICTIONS, REFERENCES)
    streams = [[texts[0] for texts in REFERENCES], ["电网升级", None, None]]
    assert scores["bleu"] * 100 == sacrebleu.corpus_bleu(PREDICTIONS, streams, tokenize="zh").score > 10
    assert scores["chrf"] * 100 == sacrebleu.corpus_chrf(PREDICTIONS, streams).score > 10
    assert "tok:zh" in scores["bleu_signature"] and "nc:6" in scores["chrf_signature"]


def test_without_its_chinese_tokenizer_sacrebleu_would_give_0():
    streams = [[texts[0] for texts in REFERENCES]]
    assert (
        sacrebleu.corpus_bleu(PREDICTIONS, streams).score
        < 10
        < 100 * sacrebleu_scores(PREDICTIONS, REFERENCES)["bleu"]
    )


def test_rouge_chinese_scores_characters_and_words():
    references = [texts[0] for texts in REFERENCES]
    found = rouge_chinese_scores(PREDICTIONS, references)
    cuts = {
        "characters": " ".join,
        "words": lambda text: " ".join(word for word in jieba.cut(text) if word.strip()),
    }
    for unit, cut in cuts.items():
        sides = [[cut(text.lower()) for text in texts] for texts in (PREDICTIONS, references)]
        theirs = Rouge().get_scores(*sides, avg=True)
        assert found[unit] == {
            name.replace("-", "_"): pytest.approx(part["f"]) for name, part in theirs.items()
        }


def test_repeated_characters_by_hand():
    """天天 against 天天天: the subsequence has 2 of 2 and of 3 characters, F 0.8; the posts' package sees one 天."""
    assert rouge_chinese_scores(["天天"], ["天天天"])["characters"]["rouge_l"] == pytest.approx(0.8)


def test_an_empty_text_scores_0_and_counts():
    scores = rouge_chinese_scores(["", "天地"], ["天地", "天地"])
    assert scores["words"]["rouge_1"] == scores["characters"]["rouge_l"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("module", "name", "score"),
    [
        ("sacrebleu.metrics", "sacrebleu", sacrebleu_scores),
        ("rouge_chinese", "rouge-chinese", rouge_chinese_scores),
    ],
)
def test_a_missing_package_names_its_extra(monkeypatch, module, name, score):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf'needs {name}\. Next: pip install "zhnlp\[eval\]"'):
        score(["天"], ["天"])
