"""What is corrupted, how much of it, and into what; special, slot and trainable tokens never.

Run: pytest tests/few_shot/training/test_corruption.py
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import make_tokenizer

from zhnlp.few_shot.template import Template
from zhnlp.few_shot.training.corruption import choose_places, corrupt, ordinary_tokens
from zhnlp.few_shot.training.rows import Cloze, RowMaker

TOKENIZER = make_tokenizer()
SPECIAL = set(TOKENIZER.all_special_ids)


@given(free=st.lists(st.booleans(), max_size=40), rate=st.floats(0, 0.99), seed=st.integers(0, 99))
def test_only_free_places_are_chosen_as_many_as_asked_for(free, rate, seed):
    chosen = choose_places(free, rate, np.random.default_rng(seed))
    allowed = [place for place, good in enumerate(free) if good]
    assert set(chosen) <= set(allowed) and len(set(chosen)) == len(chosen)
    assert len(chosen) == (max(1, round(rate * len(allowed))) if rate and allowed else 0)


def test_of_the_chosen_80_percent_are_masked_10_random_10_kept():
    ids, chosen = [9] * 20000, np.arange(1, 20000)
    ordinary = np.array([5, 6, 7, 8])
    found = np.array(corrupt(ids, chosen, 4, ordinary, np.random.default_rng(0)))[1:]
    shares = [(found == 4).mean(), np.isin(found, ordinary).mean(), (found == 9).mean()]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.01)
    assert {5, 6, 7, 8} <= set(found.tolist())  # any of them
    assert ids == [9] * 20000  # the caller's own


def test_random_tokens_are_never_special():
    assert not SPECIAL & set(ordinary_tokens(TOKENIZER).tolist())
    assert len(ordinary_tokens(TOKENIZER)) + len(SPECIAL) == len(TOKENIZER)


TEMPLATES = [
    Template("{text}。很{mask}。"),
    Template("{mask}的{text}"),
    Template("{soft:2}{text}{soft}是{mask}，"),
    Template("{text}全{mask}生{soft}"),
]


@settings(max_examples=60)
@given(
    text=st.text(alphabet="电网变压器a龘 ", max_size=15),
    which=st.integers(0, 3),
    word=st.lists(st.integers(5, 20), min_size=1, max_size=3),
    seed=st.integers(0, 50),
)
def test_special_slot_and_trainable_tokens_stay_as_they_are(text, which, word, seed):
    maker = RowMaker(TEMPLATES, TOKENIZER, limit=32, longest=3, mlm_rate=0.9)
    cloze = Cloze({"text": text}, ((1.0, (tuple(word),)),))
    row = maker.label_row(cloze, which, np.random.default_rng(seed))
    (prompt,) = TEMPLATES[which].encode(TOKENIZER, [{"text": text}], masks=len(word), limit=32)
    for place, (before, after) in enumerate(zip(prompt.ids, row.ids, strict=True)):
        if not prompt.free[place]:
            assert before == after
    for place in [0, len(row.ids) - 1]:
        assert row.ids[place] in SPECIAL
    assert [row.ids[place] for place in prompt.slots] == [TOKENIZER.mask_token_id] * len(word)
    asked = {question.place: question for question in row.questions}
    assert [asked[place].tokens for place in prompt.slots] == [((token, 1.0),) for token in word]
    for place, question in asked.items():
        if place not in prompt.slots:
            assert prompt.free[place] and question.tokens == ((prompt.ids[place], 1.0),)
    assert not {place for place, _ in row.soft} & set(asked)


@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5])
def test_rates_out_of_range_are_refused(rate):
    with pytest.raises(ValueError, match=r"mlm_rate is .*expected 0"):
        choose_places([True], rate, np.random.default_rng(0))
