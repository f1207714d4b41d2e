"""Texts as people hand them over.

Run: pytest tests/few_shot/test_inputs.py
"""

import numpy as np
import pytest

from zhnlp.few_shot.examples import examples_of

ONE, TWO = ("text",), ("text_b", "text_a")
A, B = {"text": "甲"}, {"text": "乙"}


@pytest.mark.parametrize(
    "X",
    [
        ["甲", "乙"],
        ("甲", "乙"),
        np.array(["甲", "乙"]),
        np.array(["甲", "乙"], object),
        np.array([["甲"], ["乙"]]),
        [("甲",), ["乙"]],
        [A, {**B, "label": 3}],
        [np.str_("甲"), "乙"],
        (one for one in "甲乙"),
    ],
)
def test_forms_of_texts(X):
    assert examples_of(X, ONE) == [A, B]


def test_forms_of_pairs():
    wanted = [{"text_a": "甲", "text_b": "乙"}]
    for X in ([("甲", "乙")], [["甲", "乙"]], np.array([["甲", "乙"]]), [{"text_b": "乙", "text_a": "甲"}]):
        assert examples_of(X, TWO) == wanted
    assert examples_of([], ONE) == []


def test_tables_of_pandas():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(
        {"y": [1, 0], "text": ["甲", "乙"], "text_a": ["甲", "乙"], "text_b": ["丙", "丁"]}
    )
    assert examples_of(table["text"], ONE) == examples_of(table, ONE) == [A, B]
    assert examples_of(table[::-1], TWO)[0] == {"text_a": "乙", "text_b": "丁"}
    with pytest.raises(ValueError, match=r"has the columns y, text_b and no 'text'.*rename"):
        examples_of(table[["y", "text_b"]], ONE)
    with pytest.raises(TypeError, match=r"item 1 is nan .float.: expected a str.*nan or None"):
        examples_of(pandas.Series(["甲", float("nan")], dtype=object), ONE)


@pytest.mark.parametrize(
    ("X", "fields", "error", "message"),
    [
        ("甲", ONE, TypeError, r"got str: expected a list of texts. Next: \['甲'\]"),
        ({"text": "甲"}, ONE, TypeError, "got dict"),
        (None, ONE, TypeError, "got NoneType"),
        (["甲", None], ONE, TypeError, r"item 1 is None \(NoneType\)"),
        (["甲", 3], ONE, TypeError, "item 1 is 3"),
        (["甲", b"x"], ONE, TypeError, "item 1 is b'x'"),
        ([{"text": "甲"}, {"txt": "乙"}], ONE, ValueError, "item 1 has 'txt' and no 'text'"),
        (
            [("甲", "乙")],
            ONE,
            ValueError,
            "item 0 has 2 texts: expected texts, since the template has the field text",
        ),
        (["甲"], TWO, ValueError, r"item 0 is '甲': expected pairs \(text_a, text_b\)"),
        ([3], TWO, TypeError, "item 0 is 3: expected pairs"),
        ([("甲", "乙"), ("甲",)], TWO, ValueError, "item 1 has 1 texts"),
        ([("甲", None)], TWO, TypeError, "item 0 is None"),
    ],
)
def test_what_is_no_text_is_named(X, fields, error, message):
    with pytest.raises(error, match=message):
        examples_of(X, fields)
