import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.metrics import DependencyTree, dependency_constituents, read_conllu

DATA = Path(os.environ.get("ZHNLP_DATA", Path(__file__).parents[3] / "shared" / "data"))


@st.composite
def heads(draw, most=9):
    """A tree over words in any order: each is hung on one that is already there."""
    order = draw(st.permutations(range(draw(st.integers(1, most)))))
    found = [-1] * len(order)
    for number, place in enumerate(order[1:], start=1):
        found[place] = order[draw(st.integers(0, number - 1))]
    return found


def subtree(heads, root):
    """The words below a word, with it."""
    return {root}.union(*(subtree(heads, place) for place, head in enumerate(heads) if head == root))


@given(heads())
def test_constituents_are_the_subtrees_whose_words_stand_together(tree):
    expected = set()
    for place in range(len(tree)):
        words = subtree(tree, place)
        if words == set(range(min(words), max(words) + 1)) and 1 < len(words) < len(tree):
            expected.add((min(words), max(words) + 1))
    assert dependency_constituents(tree) == expected


@given(heads(), st.data())
def test_without_punctuation_it_is_a_tree_still(tree, data):
    tags = data.draw(st.lists(st.sampled_from(["NOUN", "PUNCT"]), min_size=len(tree), max_size=len(tree)))
    words = tuple(map(str, range(len(tree))))
    shorter, kept = DependencyTree(words, tuple(tree), tuple(tags)).without_punctuation()
    assert shorter.words == tuple(map(str, kept)) and "PUNCT" not in shorter.tags
    if -1 in [tree[place] for place in kept]:  # the root is a word: all others hang below it
        assert sorted(subtree(shorter.heads, shorter.heads.index(-1))) == list(range(len(shorter)))


def test_a_subtree_with_a_gap_is_no_constituent():
    # 0 ← 2 ← 3 (root), 1 ← 3: the words {0, 2} do not stand together
    assert dependency_constituents([2, 3, 3, -1]) == set()
    assert dependency_constituents([1, 3, 3, -1]) == {(0, 2)}


def row(number, word, tag, head):
    return "\t".join([str(number), word, "_", tag, "_", "_", str(head), "_", "_", "_"])


def write(tmp_path, *rows):
    path = tmp_path / "a.conllu"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def test_conllu_is_read(tmp_path):
    path = write(
        tmp_path,
        "# text = 我爱你。",
        row(1, "我", "PRON", 2),
        row("2-3", "爱你", "_", "_"),
        row(2, "爱", "VERB", 0),
        row(3, "你", "PRON", 2),
        row("3.1", "空", "_", "_"),
        row(4, "。", "PUNCT", 2),
        "",
        "",
        row(1, "好", "ADJ", 0),
    )
    first, second = read_conllu(path)
    assert first == DependencyTree(("我", "爱", "你", "。"), (1, -1, 1, 1), ("PRON", "VERB", "PRON", "PUNCT"))
    assert first.without_punctuation() == (
        DependencyTree(("我", "爱", "你"), (1, -1, 1), ("PRON", "VERB", "PRON")),
        [0, 1, 2],
    )
    assert len(first) == 4 and second.words == ("好",)


def test_what_hangs_on_a_sign_hangs_on_its_head():
    tree = DependencyTree(("甲", "（", "乙", "丙"), (-1, 0, 1, 1), ("NOUN", "PUNCT", "NOUN", "NOUN"))
    assert tree.without_punctuation()[0].heads == (-1, 0, 0)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["1 我 PRON 2"], "line 1 has 1 columns"),
        ([row(1, "我", "PRON", 2), row(2, "爱", "VERB", 1)], "leads to no root"),
        ([row(1, "我", "PRON", 7)], "word 1, '我', leads to no root"),
        ([row(1, "我", "PRON", "_")], "a word without a head"),
    ],
)
def test_what_is_no_tree_is_refused(tmp_path, rows, said):
    with pytest.raises(ValueError, match=said):
        list(read_conllu(write(tmp_path, *rows)))


@pytest.mark.data
def test_the_public_sentences():
    path = DATA / "segmentation/ud_gsdsimp/zh_gsdsimp-ud-dev.conllu"
    if not path.exists():
        pytest.skip(f"no data in {DATA}: set ZHNLP_DATA to the folder of the public sets")
    trees = list(read_conllu(path))
    assert (len(trees), sum(map(len, trees))) == (500, 12_663)
    first = dependency_constituents(trees[0].heads)
    assert {(2, 4), (2, 5), (2, 7), (2, 9), (2, 11), (13, 15), (13, 16), (22, 27)} <= first
