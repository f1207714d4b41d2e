"""What a passage has of a question: by hand, its range, and in a reader.

Run: pytest tests/reading/test_coverage.py
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.reading import Example, PassageReader, WordKnowledge
from zhnlp.reading.coverage import question_coverage
from zhnlp.reading.engines.dgcnn import DGCNNEngine

WORDS = st.lists(st.sampled_from(["电网", "电", "网", "公司", "谁", "😀"]), max_size=6)
KNOWN = WordKnowledge(["电网", "检修", "谁"], [6, 2, 8], np.eye(3, dtype=np.float32))


@given(WORDS, st.lists(WORDS, max_size=3))
def test_shares_grow_with_the_passage_and_end_at_one(question, passages):
    found = question_coverage(question, passages, len)
    assert found.shape == (len(passages), 2) and ((found >= 0) & (found <= 1)).all()
    more = question_coverage(question, [[*one, *question] for one in passages], len)
    assert (more >= found).all()
    if question and passages:
        assert (more[:, 0] == 1).all() and (more[:, 1] == (len("".join(question)) > 1)).all()


def test_unknown_words_are_the_rarest():
    unknown, rare, common = map(KNOWN.rarity, ("断路器", "检修", "谁"))
    assert unknown == pytest.approx(np.log(16)) and unknown > rare > common


@pytest.mark.parametrize("form", ["6906", "5409"])
def test_a_reader_is_told_of_each_place(form):
    rows = [Example("谁检修电网", ("他检修电网。", "谁"), ((0, 0, 1),))]
    engine = DGCNNEngine.new(
        None, rows, words=KNOWN, form=form, coverage=True, hand_features=True, min_count=1, hidden_size=8
    )
    assert engine.network.config.features == 10
    first, second = (
        reading.features[:, 8:].astype(float) for reading in engine.read(rows[0].question, rows[0].passages)
    )
    rarity = [KNOWN.rarity(word) for word in ("谁", "检修", "电网")]
    assert first[:, 0] == pytest.approx(sum(rarity[1:]) / sum(rarity), abs=1e-3) and first[
        :, 1
    ] == pytest.approx(0.75, abs=1e-3)
    assert second[:, 0] == pytest.approx(rarity[0] / sum(rarity), abs=1e-3) and not second[:, 1].any()
    alone = DGCNNEngine.new(
        None, rows, words=KNOWN, form=form, coverage=True, hand_features=False, min_count=1, hidden_size=8
    )
    assert alone.read(rows[0].question, rows[0].passages)[0].features.shape[1] == 2


def test_without_words_there_is_nothing_to_weigh():
    with pytest.raises(ValueError, match="coverage=True weighs words by their counts"):
        PassageReader(words=None, coverage=True).fit(
            [{"question": "谁写的", "context": "他写的", "answer": "他"}], valid=False
        )
