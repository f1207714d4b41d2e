"""A classifier that has learnt keywords: the explanations find them, with the right sign, and are faithful.

Run: pytest tests/attribution/test_planted_keyword.py
"""

import numpy as np
import pytest
from tiny_classifiers import planted_texts, train_planted

from zhnlp.attribution import Explainer, measure_faithfulness, telling_words
from zhnlp.tokenizers.words import WordTokenizer

KEYWORDS = "电气"


class Characters(WordTokenizer):
    """Every character is a word."""

    def cut(self, text):
        return [(place, place + 1) for place in range(len(text))]


@pytest.fixture(scope="module")
def pair():
    return train_planted(keywords=KEYWORDS)


@pytest.fixture(scope="module")
def texts():
    return planted_texts(60, seed=99, keywords=KEYWORDS)


@pytest.mark.parametrize("method", ["integrated-gradients", "occlusion"])
def test_the_keyword_is_first(pair, texts, method):
    explainer = Explainer(pair, method=method, baseline="mask", words=Characters())
    hits = 0
    for text, label in zip(*texts):
        found = explainer(text)
        assert found["prediction"] == ("负面", "中性")[label]  # else nothing was learnt
        hits += found.top(1)[0]["text"] == KEYWORDS[label]
    assert hits >= 0.95 * len(texts[0])


def test_what_speaks_for_one_class_speaks_against_the_other(pair, texts):
    explainer = Explainer(pair, baseline="mask", words=Characters())
    for text, label in list(zip(*texts))[:10]:
        place = text.index(KEYWORDS[label])
        own, other = (explainer(text, target)["tokens"][place]["score"] for target in (label, 1 - label))
        assert own > 0 > other


def test_completeness_holds_at_fifty_points(pair, texts):
    errors = [Explainer(pair, words=Characters()).explain(text)["completeness_error"] for text in texts[0]]
    assert max(errors) < 0.01


def test_the_ranking_is_faithful_where_random_order_is_not(pair, texts):
    explainer = Explainer(pair, baseline="mask", output="probability", words=Characters())
    found = measure_faithfulness(explainer, texts[0][:30], seed=1)
    assert found["deletion"] < found["random_deletion"] - 0.1
    assert found["insertion"] > found["random_insertion"] + 0.1
    assert found["comprehensiveness"] > found["random_comprehensiveness"] + 0.1
    assert found["sufficiency"] < found["random_sufficiency"] - 0.1
    assert measure_faithfulness(explainer, texts[0][:2], seed=1) == measure_faithfulness(
        explainer, texts[0][:2], seed=1
    )
    with pytest.raises(ValueError, match="measure_faithfulness got no text"):
        measure_faithfulness(explainer, [])


def test_the_table_of_telling_words_begins_with_the_keywords(pair, texts):
    explainer = Explainer(pair, baseline="mask", words=Characters())
    table = telling_words(map(explainer, texts[0]))
    assert table.classes == list(dict.fromkeys(("负面", "中性")[label] for label in texts[1]))
    for number, name in enumerate(("负面", "中性")):
        assert table.of(name, 1)[0]["word"] == KEYWORDS[number]
        counted = sum(label == number for label in texts[1])
        assert table.of(name, 1)[0]["count"] == counted == table.settings["texts"][name]
    assert np.isfinite([row["score"] for row in table]).all()
