import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.metrics import (
    evaluate_trees,
    induce_tree,
    left_branching,
    random_branching,
    right_branching,
    tree_spans,
    tree_tokens,
    unlabelled_f1,
)

words = st.lists(st.text("天地玄黄宇宙", min_size=1, max_size=2), min_size=1, max_size=12)


def sentences():
    """Tokens and a distance of each."""
    return words.flatmap(
        lambda tokens: st.tuples(
            st.just(tokens),
            st.lists(st.floats(-5, 5), min_size=len(tokens), max_size=len(tokens)),
        )
    )


@st.composite
def trees(draw, most=9):
    """Any tree, with nodes of two to four parts."""
    if most < 2 or draw(st.booleans()):
        return draw(st.text("天地玄黄", min_size=1, max_size=1))
    return tuple(draw(trees(most // 2)) for _ in range(draw(st.integers(2, 4))))


def test_the_split_is_at_the_greatest_distance():
    tokens = ["研究", "生命", "的", "起源", "很", "难"]
    distances = [0.9, 0.2, 0.4, 0.3, 0.8, 0.1]
    assert induce_tree(tokens, distances) == ((("研究", "生命"), ("的", "起源")), ("很", "难"))


def test_the_tree_of_the_post_takes_the_token_apart():
    tokens = ["研究", "生命", "的", "起源", "很", "难"]
    distances = [0.1, 0.2, 0.4, 0.3, 0.8, 0.1]
    left = (("研究", "生命"), ("的", "起源"))  # 0.4 at 的, then 0.2 at 生命: left 研究, no rest
    assert induce_tree(tokens, distances, "post") == (left, ("很", "难"))
    assert induce_tree("天地玄黄", [0.0, 1.0, 0.1, 0.5], "post") == ("天", ("地", ("玄", "黄")))
    assert induce_tree("天地玄黄", [0.0, 1.0, 0.1, 0.5]) == ("天", (("地", "玄"), "黄"))


def test_the_tree_of_the_post_branches_to_the_right_by_itself():
    """Distances drawn at random: the unbiased method is even, that of the post is not."""
    draw, tokens = random.Random(0), [str(place) for place in range(12)]
    right, left = tree_spans(right_branching(tokens)), tree_spans(left_branching(tokens))
    agree = {"unbiased": [0.0, 0.0], "post": [0.0, 0.0]}
    for _ in range(500):
        distances = [draw.random() for _ in tokens]
        for method, sums in agree.items():
            found = tree_spans(induce_tree(tokens, distances, method))
            sums[0] += len(found & right) / 10 / 500
            sums[1] += len(found & left) / 10 / 500
    assert abs(agree["unbiased"][0] - agree["unbiased"][1]) < 0.03
    assert agree["post"][0] > 1.5 * agree["post"][1]


@given(sentences(), st.sampled_from(["unbiased", "post"]))
def test_trees_are_binary_and_keep_the_tokens(sentence, method):
    tokens, distances = sentence
    tree = induce_tree(tokens, distances, method)
    assert tree_tokens(tree) == tokens
    assert len(tree_spans(tree)) == max(0, len(tokens) - 2)


@given(sentences(), st.floats(0.1, 9), st.floats(-3, 3))
def test_only_the_order_of_the_distances_counts(sentence, scale, shift):
    tokens, distances = sentence
    ranks = sorted(set(distances))
    even = [ranks.index(one) * scale + shift for one in distances]
    assert induce_tree(tokens, even) == induce_tree(tokens, distances)


@given(sentences())
def test_a_constituent_is_closed_by_greater_distances(sentence):
    """Inside an unbiased constituent no distance is greater than both at its borders."""
    tokens, distances = sentence
    for begin, end in tree_spans(induce_tree(tokens, distances)):
        borders = [distances[place] for place in (begin, end) if 0 < place < len(tokens)]
        assert max(distances[begin + 1 : end]) <= min(borders)


def test_trees_by_rule():
    assert left_branching("天地玄黄") == ((("天", "地"), "玄"), "黄")
    assert right_branching("天地玄黄") == ("天", ("地", ("玄", "黄")))
    assert left_branching("天") == right_branching("天") == random_branching("天") == "天"
    drawn = {random_branching("天地玄黄", seed=seed) for seed in range(60)}
    assert len(drawn) == 5  # all binary trees of four tokens
    going_on = random.Random(0)
    assert len({random_branching("天地玄黄宇宙", going_on) for _ in range(9)}) > 3


@given(trees())
def test_spans_are_those_of_the_tokens(tree):
    tokens, spans = tree_tokens(tree), tree_spans(tree)
    assert all(0 <= begin < end - 1 < len(tokens) and end - begin < len(tokens) for begin, end in spans)
    for begin, end in spans:  # two spans of a tree are apart, or one holds the other
        assert not any(begin < other < end < last for other, last in spans)


@given(trees(), trees())
def test_f1_is_even_and_1_for_the_same(one, other):
    assert unlabelled_f1(one, one) == 1.0
    assert unlabelled_f1(one, other) == unlabelled_f1(other, one)
    assert 0 <= unlabelled_f1(one, other) <= 1


def test_f1_by_hand():
    gold, found = {(0, 2), (2, 5), (3, 5)}, (("a", "b"), (("c", "d"), "e"))  # (0, 2), (2, 5), (2, 4)
    assert unlabelled_f1(gold, found) == pytest.approx(2 / 3)
    assert unlabelled_f1(set(), ("a", "b")) == 1.0 and unlabelled_f1({(0, 2)}, ("a", ("b", "c"))) == 0.0
    score = evaluate_trees([gold, {(0, 2)}, set()], [found, ("a", ("b", ("c", "d"))), ("a", ("b", "c"))])
    assert score["f1"] == pytest.approx((2 / 3 + 0) / 2)
    assert (score["precision"], score["recall"]) == (pytest.approx(2 / 5), pytest.approx(2 / 4))
    assert score["corpus_f1"] == pytest.approx(4 / 9)
    assert score["best_f1"] == pytest.approx((1 + 2 / 3) / 2)
    assert (score["sentences"], score["left_out"]) == (2, 1)
    assert (score["gold_spans"], score["predicted_spans"], score["matched_spans"]) == (4, 5, 2)


def test_nothing_to_score_warns():
    with pytest.warns(UserWarning, match="no sentence has a gold constituent"):
        assert evaluate_trees([set()], [("a", "b")])["f1"] == 0.0


def test_other_sentences_are_refused():
    with pytest.raises(ValueError, match="gold ends after 1 sentences"):
        evaluate_trees([set()], iter([("a", "b"), ("c", "d")]))


@pytest.mark.parametrize(
    ("tokens", "distances", "said"),
    [
        ("天地", [1.0], r"2 tokens and distances of shape \(1,\)"),
        ("天地", [1.0, float("nan")], "a finite number for each token"),
        ("", [], "got 0 tokens"),
        ("天" * 501, [0.0] * 501, "got 501 tokens"),
    ],
)
def test_sentences_that_do_not_fit_are_refused(tokens, distances, said):
    with pytest.raises(ValueError, match=said):
        induce_tree(tokens, distances)


def test_an_unknown_method_is_refused():
    with pytest.raises(ValueError, match="'unbiased' or 'post'"):
        induce_tree("天地", [0, 1], "author")


def test_the_longest_sentence_is_no_trouble():
    assert len(tree_spans(right_branching("天" * 500))) == 498
