"""De-redundancy of a lexicon against the plain algorithm of the post, by hand, and what it refuses."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhnlp.mining.segmentation.units import split_units
from zhnlp.mining.segmenter import remove_redundant


def slow_remove(counts, margin):
    """De-redundancy straight from the post, with dictionaries."""
    counts, removed = {word: float(count) for word, count in counts.items()}, []
    order = sorted(counts, key=lambda w: (-len(split_units(w)), counts[w], w))
    for word in order:
        units = split_units(word)
        if len(units) == 1:
            continue
        total = sum(counts.values())
        best = [(0.0, [])] + [(-math.inf, [])] * len(units)
        for j in range(1, len(units) + 1):
            for i in range(j):
                piece = "".join(units[i:j])
                if piece != word and piece in counts and best[i][0] > -math.inf:
                    score = best[i][0] + math.log(counts[piece] / total)
                    if score > best[j][0] + 1e-12:
                        best[j] = (score, [*best[i][1], piece])
        gain = math.log(counts[word] / total) - best[-1][0]
        if gain <= (len(units) - 1 if margin == "length" else margin):
            removed.append((word, tuple(best[-1][1]), gain))
            count = counts.pop(word)
            for piece in best[-1][1]:
                counts[piece] += count
    return counts, removed


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.lists(st.sampled_from(["天", "地", "人", "5G"]), min_size=1, max_size=4).map("".join),
        st.integers(1, 999),
        min_size=1,
        max_size=14,
    ),
    st.sampled_from(["length", 0.0, 1.5]),
)
def test_redundancy_equals_the_plain_algorithm(counts, margin):
    left, removed = remove_redundant(counts, margin=margin)
    slow, gone = slow_remove(counts, margin)
    assert [r.word for r in removed] == [word for word, _, _ in gone]
    assert [r.gain for r in removed] == pytest.approx([gain for _, _, gain in gone], abs=1e-9)
    assert set(left) | {r.word for r in removed} == set(counts)
    for r in removed:
        assert "".join(r.pieces) == r.word
        assert r.gain <= r.margin
    characters = sum(c * len(w) for w, c in counts.items())
    assert sum(c * len(w) for w, c in left.items()) == characters  # the same text, written in pieces
    if [r.pieces for r in removed] == [pieces for _, pieces, _ in gone]:
        assert left == slow


def test_redundancy_reasons_and_refusals():
    counts = {"的": 900, "研究": 300, "的研究": 150, "区块链": 40, "区": 9, "块": 9, "链": 9}
    left, removed = remove_redundant(counts)
    assert left == {"的": 1050, "研究": 450, "区块链": 40, "区": 9, "块": 9, "链": 9}
    assert removed[0].pieces == ("的", "研究")
    assert remove_redundant({"区块链": 5})[0] == {"区块链": 5}  # nothing spells it
    assert remove_redundant({}) == ({}, [])
    with pytest.raises(ValueError, match="margin='lenght' is not known"):
        remove_redundant(counts, margin="lenght")
    with pytest.raises(ValueError, match="'区' with count 0"):
        remove_redundant({"区": 0})
