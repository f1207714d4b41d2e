"""Label words: their classes and tokens, and what is refused.

Run: pytest tests/few_shot/test_verbalizer.py
"""

import numpy as np
import pytest
from bag_models import bag_tokenizer

from zhnlp.few_shot.template import Template
from zhnlp.few_shot.verbalizer import Verbalizer

TOKENIZER = bag_tokenizer("好差劲满意10a")
TEMPLATE = Template("{text}。很{mask}。")


def test_words_and_classes_by_hand():
    verbalizer = Verbalizer({"负": ["差", "差劲"], "正": "好"}, TOKENIZER)
    assert verbalizer.classes == ["正", "负"]
    assert verbalizer.words == [(0, "好", (5,)), (1, "差", (6,)), (1, "差劲", (6, 7))]
    assert verbalizer.owners.tolist() == [0, 1, 1] and verbalizer.longest == 2


def test_a_label_is_its_own_word_in_a_list():
    assert Verbalizer([1, 0], TOKENIZER).words == [(0, "0", (11,)), (1, "1", (10,))]
    assert Verbalizer(np.array(["满意", "差"]), TOKENIZER).classes == ["差", "满意"]


def test_a_word_given_twice_counts_once():
    assert len(Verbalizer({0: ["好", "好"], 1: "差"}, TOKENIZER).words) == 2


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ({"正": ["好"]}, ValueError, r"labels has 1 label .*: every text would read '今天天气不错。很好。'. Expected two or more"),
        ([], ValueError, "labels has no label.*Next: name the others"),
        ({"正": "好", "负": "龘差"}, ValueError, r"'龘差' of label '负' cannot be written with this vocabulary: 龘 would be \[UNK\] "
         r"\(it would read '今天天气不错。很龘差。'\)"),
        ({"正": "好", "负": ""}, ValueError, "is '', which has no token .it would read '今天天气不错。很。'"),
        ({"正": "好", "负": []}, ValueError, "label '负' has no words: expected one or more"),
        ({"正": "好", "负": [3]}, TypeError, r"words of label '负' hold 3 \(int\): expected str. Next: '3'"),
        ({"正": "好", "负": 3}, TypeError, "words of label '负' are 3"),
        ({"正": "a", "负": ["差", "A"]}, ValueError, "'a' of '正' and 'A' of '负' are the same for the model"),
        ({"正": "好", 3: "差"}, TypeError, "cannot be sorted: expected all str or all numbers"),
        (["好", "好"], ValueError, "labels has '好' twice"),
        (["好", ""], TypeError, "a label is ''"),
        ("好差", TypeError, "labels is '好差': expected label → words such as"),
        (None, TypeError, "labels is None"),
    ],
)  # fmt: skip
def test_labels_that_cannot_work_are_shown(labels, error, message):
    with pytest.raises(error, match=message):
        Verbalizer(labels, TOKENIZER, TEMPLATE)
