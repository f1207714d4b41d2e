"""Labels of all kinds as attributes, and back.

Run: pytest tests/conditional/test_attributes.py
"""

import math

import numpy as np
import pytest

from zhnlp.conditional import Attributes


def test_single_labels():
    found = Attributes.of(np.array([3, 1, 3]))
    assert found.classes == {"label": [1, 3]} and found.row(3) == {"label": 1} == found.row(np.int64(3))
    assert found.row("3") == {"label": 1}  # as a command line has it
    assert found.row(None) == found.row(float("nan")) == found.row({}) == {}
    mixed = Attributes.of(["1", 1, "a"])
    assert mixed.classes == {"label": [1, "1", "a"]} and mixed.row("1") == {"label": 1}


def test_the_order_of_labels_hangs_on_what_they_are_alone():
    assert Attributes.of(["b", "a", None]).classes == Attributes.of(["a", "b", "b"]).classes


def test_several_attributes_and_vectors():
    labels = [{"mood": "好", "stars": 5, "image": [0.5, 1.0]}, {"mood": "差"}, {"mood": None, "stars": 1}]
    found = Attributes.of(labels)
    assert found.classes == {"mood": ["好", "差"], "stars": [1, 5]} and found.vectors == {"image": 2}
    assert found.rows(labels) == [{"mood": 0, "stars": 1, "image": [0.5, 1.0]}, {"mood": 1}, {"stars": 0}]
    tensors = found.tensors(found.rows(labels))
    assert tensors["mood"].tolist() == [0, 1, -1] and tensors["stars"].tolist() == [1, -1, 0]
    assert tensors["image"][0].tolist() == [0.5, 1.0] and all(map(math.isnan, tensors["image"][1].tolist()))
    assert found.row("差") == {"mood": 1}  # only one attribute has it
    assert found.row([1.0, 2.0]) == {"image": [1.0, 2.0]}


@pytest.mark.parametrize(
    "labels, asked, error, said",
    [
        ([None, None], None, ValueError, "no text has a label"),
        ([{"a": "x"}, {"a": [1.0]}], None, ValueError, "'a' has labels and vectors"),
        ([[1.0], [1.0, 2.0]], None, ValueError, "vectors of 1, 2 numbers"),
        ([object()], None, TypeError, "expected a str, an int, a vector"),
        ([[1.0, math.inf]], None, ValueError, "holds nan or infinity"),
        ([{1: "x"}], None, TypeError, "an attribute is called 1"),
        (["正面", "负面"], "中性", ValueError, "'中性' is not known. Known: label: '正面', '负面'"),
        (["正面"], {"mood": "正面"}, ValueError, "attribute 'mood' is not known: expected 'label'"),
        ([{"a": 1, "b": 1}], 1, ValueError, "1 is a label of 'a', 'b': expected"),
        (["正面"], [1.0], ValueError, "a vector of 1 numbers is no condition of 'label'"),
        ([[1.0, 2.0]], [1.0], ValueError, "Known: label: a vector of 2 numbers"),
    ],
)
def test_refusals(labels, asked, error, said):
    with pytest.raises(error, match=said):
        Attributes.of(labels).row(asked)


def test_a_bad_label_among_many_is_numbered():
    with pytest.raises(ValueError, match=r"label 1 \(counted from 0\): the label '丙' is not known"):
        Attributes.of(["甲", "乙"]).rows(["甲", "丙"])
