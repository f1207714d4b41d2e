import builtins

import nltk
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.metrics import bracket_string, draw_tree, induce_tree, nltk_tree

drawn = st.lists(st.floats(0, 1), min_size=2, max_size=12).map(
    lambda distances: induce_tree([f"词{place}" for place in range(len(distances))], distances)
)


@given(drawn)
def test_nltk_reads_the_brackets(tree):
    read = nltk.Tree.fromstring(bracket_string(tree).replace("(", "(X "))
    assert read == nltk_tree(tree)


@given(drawn, st.booleans())
def test_a_line_of_the_drawing_is_a_token(tree, ascii_only):
    lines = draw_tree(tree, ascii_only=ascii_only).split("\n")
    leaves = nltk_tree(tree).leaves()
    assert [line.lstrip("┬├└─│ +-|`") for line in lines] == leaves
    depths = [len(place) for place in nltk_tree(tree).treepositions("leaves")]
    assert [len(line) - len(leaf) for line, leaf in zip(lines, leaves)] == [2 * depth for depth in depths]


def test_drawings_by_hand():
    tree = ("我", (("爱", "美丽"), "的", "语言"))
    assert draw_tree(tree).split("\n") == ["┬─我", "└─┬─┬─爱", "  │ └─美丽", "  ├─的", "  └─语言"]
    assert draw_tree("我") == "我"
    assert draw_tree(tree, ascii_only=True).split("\n")[1:] == [
        "`-+-+-爱",
        "  | `-美丽",
        "  +-的",
        "  `-语言",
    ]
    assert bracket_string(tree) == "(我 ((爱 美丽) 的 语言))"
    assert bracket_string("我") == "我"


def test_one_token_is_a_tree_of_nltk():
    assert str(nltk_tree("我", "S")) == "(S 我)"


def test_without_nltk_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name == "nltk":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'pip install "zhnlp\[eval\]"'):
        nltk_tree(("我", "你"))
