"""What a miner refuses before it counts, what it says of an empty table, and a scorer that is no subclass."""

import numpy as np
import pytest

from zhnlp.mining.terms import DomainTermMiner

TEXTS = ["检修主变压器。", "主变压器漏油。", "主变压器发热。", "更换主变压器。"] * 3
GENERAL = ["今天天气很好。"] * 9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seeds": []}, "seeds"),
        ({"seeds": [3, None]}, "seeds"),
        ({"known_terms": []}, "known_terms is empty"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 2**32}, "seed="),
        ({"seed": "a"}, "seed='a'"),
        ({"top": 1.5}, "top=1.5"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_read(options, message):
    with pytest.raises(ValueError, match=message):
        DomainTermMiner(GENERAL, **options)


def test_a_bound_above_every_score_is_said_in_one_short_line():
    miner = DomainTermMiner(GENERAL, min_count=3, min_score=1e9).fit(TEXTS)
    with pytest.warns(UserWarning, match=r"the best score is \d+\.\d+, min_score=1e\+09") as said:
        assert len(miner.freeze()) == 0
    assert "{" not in str(said[0].message)


def test_any_object_with_a_name_and_a_score_is_a_scorer():
    class Frequency:
        name = "frequency"

        def score(self, statistics):
            return np.asarray(statistics.count, float)

    table = DomainTermMiner(GENERAL, min_count=3, scorer=Frequency()).fit(TEXTS).freeze()
    assert table[0]["score"] == table[0]["count"]
