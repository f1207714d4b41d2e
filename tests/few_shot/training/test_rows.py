"""Rows of a batch: masked and causal, hard and soft labels, words of unequal length, filled slots.

Run: pytest tests/few_shot/training/test_rows.py
"""

from collections import Counter

import numpy as np
import pytest
from small_models import VOCABULARY, make_tokenizer
from tokenizers.processors import TemplateProcessing

from zhnlp.few_shot.template import Template
from zhnlp.few_shot.training.rows import Cloze, RawText, RowMaker
from zhnlp.few_shot.training.samples import ClassWords, Draw, Labelled

ID = {token: number for number, token in enumerate(VOCABULARY)}
GOOD, TOP, BAD = (ID["好"],), (ID["真"], ID["美"]), (ID["没"],)


def ids(text):
    return [ID[character] for character in text]


def maker(*templates, causal=False, **options):
    return RowMaker(
        [Template(one) for one in templates or ["{text}很{mask}"]],
        make_tokenizer(causal),
        limit=32,
        causal=causal,
        **options,
    )


def rng(seed=0):
    return np.random.default_rng(seed)


def test_without_mlm_the_label_alone_is_asked_for():
    row = maker(mlm_rate=0).label_row(Cloze({"text": "电网"}, ((1.0, (GOOD,)),)), 0, rng())
    assert row.ids == [2, *ids("电网很"), 4, 3]
    assert row.questions == [(4, ((GOOD[0], 1.0),), True)]


def test_words_of_a_class_are_drawn_and_the_slot_is_as_long_as_the_word():
    made = maker(mlm_rate=0, longest=2)
    lengths = Counter()
    for seed in range(200):
        row = made.label_row(Cloze({"text": "电网"}, ((1.0, (GOOD, TOP)),)), 0, rng(seed))
        wanted = tuple(question.tokens[0][0] for question in row.questions)
        assert wanted in (GOOD, TOP) and row.ids[4:-1] == [4] * len(wanted)
        lengths[len(wanted)] += 1
    assert 70 < lengths[1] < 130


def test_soft_labels_of_one_length_are_asked_for_at_once():
    cloze = Cloze({"text": "电"}, ((0.75, (GOOD,)), (0.25, (BAD,))))
    row = maker(mlm_rate=0).label_row(cloze, 0, rng())
    assert row.questions == [(3, ((GOOD[0], 0.75), (BAD[0], 0.25)), True)]


def test_of_soft_labels_of_unequal_length_one_length_is_drawn_by_its_share():
    cloze = Cloze({"text": "电"}, ((0.2, (GOOD,)), (0.2, (BAD,)), (0.6, (TOP,))))
    made, count = maker(mlm_rate=0, longest=2), Counter()
    for seed in range(300):
        questions = made.label_row(cloze, 0, rng(seed)).questions
        count[len(questions)] += 1
        if len(questions) == 1:
            assert questions[0].tokens == ((GOOD[0], 0.5), (BAD[0], 0.5))
        else:
            assert [question.tokens for question in questions] == [((TOP[0], 1.0),), ((TOP[1], 1.0),)]
    assert 90 < count[1] < 150  # 0.4 of 300


def test_a_slot_of_another_length_says_which_words_are_wrong_there():
    made = maker(mlm_rate=0, longest=2)
    cloze = Cloze({"text": "电"}, ((1.0, (GOOD,)),), wrong=(BAD, TOP, (ID["真"], ID["好"])))
    row = made.contrast_row(cloze, 0, 2)
    assert row.ids == [2, *ids("电很"), 4, 4, 3] and row.role == "contrast"
    first, second = row.questions
    assert first == (3, ((ID["真"], 1.0),), True)  # both words begin so
    assert second == (4, ((ID["美"], 1.0), (ID["好"], 1.0)), True)
    soft = Cloze({"text": "电"}, ((0.7, (GOOD,)), (0.3, (TOP,))))
    assert [q.tokens for q in made.contrast_row(soft, 0, 2).questions] == [
        ((ID["真"], 0.7),),
        ((ID["美"], 0.7),),
    ]


def test_where_a_word_of_that_length_is_right_or_the_model_causal_there_is_no_contrast():
    right = Cloze({"text": "电"}, ((1.0, (GOOD, TOP)),), wrong=(BAD, (ID["真"], ID["好"])))
    made = maker(longest=2)
    assert made.contrast_row(right, 0, 2) is None and made.contrast_row(right, 0, 3) is None
    cloze = Cloze({"text": "电"}, ((1.0, (GOOD,)),), wrong=(TOP,))
    assert maker(causal=True).contrast_row(cloze, 0, 2) is None
    assert (
        Draw(made, ClassWords([[GOOD], [TOP]]))(Labelled({"text": "电"}, (1.0, 0.0)), rng())[1].role
        == "contrast"
    )
    assert len(Draw(made, ClassWords([[GOOD], [BAD]]))(Labelled({"text": "电"}, (1.0, 0.0)), rng())) == 1


def test_a_causal_model_is_asked_for_the_word_and_what_follows_it_from_the_place_before():
    made = maker("{text}很{mask}，的", causal=True, mlm_rate=0)
    row = made.label_row(Cloze({"text": "电网"}, ((1.0, (TOP,)),)), 0, rng())
    assert row.ids == [2, *ids("电网很"), *TOP, *ids("，的")]
    assert row.questions == [
        (place - 1, ((row.ids[place], 1.0),), True) for place in range(4, 8)
    ]  # the word stands at 4 and 5


def test_a_causal_model_is_asked_for_a_share_of_the_text_before():
    made = maker("{text}很{mask}", causal=True, mlm_rate=0.5)
    row = made.label_row(Cloze({"text": "电网变压器"}, ((1.0, (GOOD,)),)), 0, rng())
    before = [question for question in row.questions if not question.slot]
    assert len(before) == 3
    assert all(row.ids[question.place + 1] == question.tokens[0][0] for question in before)


def test_a_causal_model_needs_a_token_before_the_blank():
    tokenizer = make_tokenizer(causal=True)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="$A", pair="$A $B", special_tokens=[]
    )
    made = RowMaker([Template("{mask}{text}")], tokenizer, limit=9, causal=True)
    with pytest.raises(ValueError, match="the blank comes first"):
        made.label_row(Cloze({"text": "电"}, ((1.0, (GOOD,)),)), 0, rng())


def test_a_filled_slot_is_read_and_not_asked_for():
    cloze = Cloze({"text": "电网变压"}, ((1.0, (GOOD,)),), wrong=(BAD,))
    for right, word, role in ((True, GOOD, "right"), (False, BAD, "wrong")):
        row = maker(mlm_rate=0.5).filled_row(cloze, 0, right, rng())
        assert row.ids[6] == word[0] and row.role == role
        places = [question.place for question in row.questions]
        assert 6 not in places and len(places) == 2
        assert all(
            question.tokens[0][0] == ids("电网变压很")[question.place - 1] for question in row.questions
        )


def test_what_stands_before_the_word_does_not_know_it_in_a_causal_model():
    cloze = Cloze({"text": "电网变压"}, ((1.0, (GOOD,)),), wrong=(BAD,))
    made = maker("的{mask}，{text}", causal=True, mlm_rate=0.9)
    row = made.filled_row(cloze, 0, False, rng())
    assert row.ids == [2, ID["的"], BAD[0], *ids("，电网变压")]
    assert min(question.place for question in row.questions) >= 2


def test_raw_text_is_masked_or_read_whole():
    text = RawText((2, *ids("电网变压器"), 3), (False, *[True] * 5, False))
    row = maker(mlm_rate=0.4).text_row(text, rng())
    assert len(row.questions) == 2 and row.role == "text" and not any(q.slot for q in row.questions)
    row = maker(causal=True).text_row(text, rng())
    assert row.ids == list(text.ids)
    assert [question.tokens[0][0] for question in row.questions] == ids("电网变压器")
    assert [question.place for question in row.questions] == [0, 1, 2, 3, 4]


def test_an_unlabelled_text_in_its_template_is_not_asked_for_a_label():
    row = maker("{soft:2}{text}很{mask}", mlm_rate=0.5).open_row(Cloze({"text": "电网"}, ()), 0, rng())
    assert row.ids[-2] == 4 and len(row.ids) - 2 not in [question.place for question in row.questions]
    assert len(row.soft) == 2 and row.questions and not any(question.slot for question in row.questions)


def test_trainable_tokens_of_several_templates_are_numbered_through():
    made = maker("{soft:2}{text}{mask}", "{text}{soft}{mask}{soft}", mlm_rate=0)
    cloze = Cloze({"text": "电"}, ((1.0, (GOOD,)),))
    assert made.label_row(cloze, 0, rng()).soft == [(1, 0), (2, 1)]
    assert made.label_row(cloze, 1, rng()).soft == [(2, 2), (4, 3)]


def test_a_long_text_leaves_room_for_the_longest_word_whichever_is_asked_for():
    made = maker(mlm_rate=0, longest=3)
    long = {"text": "电" * 50}
    rows = [made.label_row(Cloze(long, ((1.0, (word,)),)), 0, rng()) for word in (GOOD, TOP)]
    assert [len(row.ids) for row in rows] == [30, 31]
    assert {row.ids.count(ID["电"]) for row in rows} == {26}


def test_every_description_of_a_label_is_read_with_as_much_text():
    made = maker("{text}是{label}{mask}", mlm_rate=0)
    long, labels = {"text": "电" * 50}, ("水", "山水")
    rows = [
        made.label_row(Cloze(long, ((1.0, (GOOD,)),), label=label, labels=labels), 0, rng())
        for label in labels
    ]
    assert [row.ids.count(ID["电"]) for row in rows] == [26, 26]
    assert [len(row.ids) for row in rows] == [31, 32]


def test_a_tokenizer_without_mask_is_refused():
    tokenizer = make_tokenizer()
    tokenizer.mask_token = None
    with pytest.raises(ValueError, match=r"no mask token.*causal"):
        RowMaker([], tokenizer, limit=9)
