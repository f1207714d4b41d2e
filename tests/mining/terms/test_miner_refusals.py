"""What a miner refuses before it counts, what it says of an empty table, and a scorer that is no subclass."""

from pathlib import Path

import numpy as np
import pytest

from zhnlp.mining.terms import DomainTermMiner
from zhnlp.mining.terms.rules import Rule

GRID = sorted(Path(__file__).parents[3].glob("corpora/power_grid/[0-9]*.txt"))

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


def test_a_rule_that_fails_is_named():
    def boom(terms, statistics):
        raise KeyError("boom")

    with pytest.raises(ValueError, match=r"rule 'mine' failed on .*KeyError"):
        DomainTermMiner(GENERAL, rules=[Rule("mine", boom)], min_count=2, progress=False).fit(TEXTS).freeze()


def test_settings_before_freeze_are_refused():
    with pytest.raises(RuntimeError, match="nothing is frozen yet"):
        DomainTermMiner(progress=False).settings()


def test_a_longer_table_begins_with_the_shorter_one(monkeypatch):
    """Vectors correct the same best candidates whatever ``top`` is, and with them the ranking is the same."""
    monkeypatch.setattr("zhnlp.mining.terms.miner.SHORTLIST", 40)
    given = {"vectors": True, "min_count": 3, "progress": False, "examples": False}
    few = DomainTermMiner(top=15, **given).fit(GRID).freeze()
    every = DomainTermMiner(top=None, **given).fit(GRID).freeze()
    assert len(every) > 100 and every.terms[:15] == few.terms
