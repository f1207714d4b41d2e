"""Samples of whole documents.  Run: pytest tests/text/test_sampling.py"""

import pytest

from zhnlp.text.sampling import sample


def test_documents_are_whole_but_the_last_and_the_seed_fixes_them():
    rows = ["天" * n for n in range(1, 40)] + [" \n"]
    chosen = sample(iter(rows), 100, seed=1)
    assert sum(map(len, chosen)) == 100 and set(chosen[:-1]) < set(rows) and " \n" not in chosen
    assert chosen == sample(iter(rows), 100, seed=1) != sample(iter(rows), 100, seed=2)
    assert sorted(sample(rows, 0)) == rows[:-1]


def test_less_text_than_asked_for_is_all_of_it():
    assert sorted(sample(["天地", "玄"], 100)) == ["天地", "玄"] and sample([], 5) == []
    with pytest.raises(ValueError, match="limit is -1"):
        sample(["天"], -1)
