from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.metrics import evaluate_language_model, evaluate_masked_language_model
from zhnlp.metrics.language_model import count_characters


def test_bits_by_hand():
    """A fair coin a character: 4 characters and a line end at 1 bit each make 5 bits on 4 characters."""
    score = evaluate_language_model([5 * log(2)], ["天地\n玄黄"], unknown=[1])
    assert (
        score["bits_per_character"] == pytest.approx(1.25) and score["primary_metric"] == "bits_per_character"
    )
    assert (score["characters"], score["documents"], score["unknown_share"]) == (4, 1, 0.25)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), st.text("天地 \n", min_size=1).filter(str.strip)), min_size=1))
def test_documents_are_pooled_and_not_averaged(pairs):
    nats, texts = zip(*pairs)
    one = evaluate_language_model([sum(nats)], ["".join(texts)])
    assert evaluate_language_model(nats, texts)["bits_per_character"] == pytest.approx(
        one["bits_per_character"]
    )


def test_perplexity_is_of_tokens_by_hand():
    """3 tokens and an end, each one of 8: perplexity 8, 12 bits; without tokens there is none."""
    score = evaluate_language_model([3 * log(8), log(8)], ["天地", "玄"], tokens=[3, 1])
    assert score["perplexity"] == pytest.approx(8) and score["bits_per_character"] == pytest.approx(4)
    assert evaluate_language_model([1.0], ["天"])["perplexity"] is None


def test_characters_are_those_of_the_source():
    assert count_characters("iPhone 15\u3000卖\n") == 9


@pytest.mark.parametrize(
    ("nats", "texts", "message"),
    [
        ([1.0], ["天", "地"], "nats of 1 documents and 2 texts"),
        ([-1.0], ["天"], "costs -1.0 nats: expected a finite number"),
        ([float("nan")], ["天"], "costs nan nats"),
        ([1.0], ["  "], "no character in 1 documents"),
    ],
)
def test_bits_refused(nats, texts, message):
    with pytest.raises(ValueError, match=message):
        evaluate_language_model(nats, texts)


def test_perplexity_of_other_documents_or_no_token_is_refused():
    with pytest.raises(ValueError, match="nats of 1 documents and 1 texts and token counts of 2"):
        evaluate_language_model([1.0], ["天"], tokens=[1, 1])
    with pytest.raises(ValueError, match="no token in 1 documents"):
        evaluate_language_model([1.0], ["天"], tokens=[0])


def test_masked_accuracy_by_hand():
    score = evaluate_masked_language_model(
        [10, 11, 12, 1],
        [10, 11, 13, 1],
        nats=[0, 1, 2, 3],
        unknown_id=1,
        kinds=["han", "digit", "han", "han"],
    )
    assert score["accuracy"] == 0.5 and score["standard_error"] == pytest.approx(0.25)
    assert (score["correct"], score["masked"], score["unknown"], score["cross_entropy"]) == (2, 4, 1, 1.5)
    assert score["accuracy_by_kind"] == {"digit": 1.0, "han": pytest.approx(1 / 3)}
    assert score["masked_by_kind"] == {"digit": 1, "han": 3}


def test_masked_refused():
    with pytest.raises(ValueError, match=r"\(2,\) gold and \(1,\) predicted"):
        evaluate_masked_language_model([1, 2], [1])
    with pytest.warns(UserWarning, match="no masked token"):
        assert evaluate_masked_language_model([], [])["accuracy"] == 0
