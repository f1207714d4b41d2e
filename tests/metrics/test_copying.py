"""What was taken over from the source: by hand, bounds, refusals.

Run: pytest tests/metrics/test_copying.py
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhnlp.metrics import copied_share, novel_share

TEXT = st.text("甲乙丙 Aa", max_size=10)


def test_by_hand():
    """电网升级 stands in its source; of 电网改造 the bigrams 网改 and 改造 do not; 柜 has no bigram."""
    predictions, sources = ["电网升级", "电网改造", "柜"], ["南方电网 升级", "南方电网升级", "GIS"]
    assert copied_share(predictions, sources) == 1 / 3
    assert novel_share(predictions, sources) == 2 / 6
    assert novel_share(predictions, sources, 1) == 3 / 9  # 改 造 柜


@given(st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1))
def test_a_piece_of_the_source_has_nothing_new(parts):
    pieces, sources = [part[1] for part in parts], ["".join(part).upper() for part in parts]
    assert novel_share(pieces, sources) == 0
    assert copied_share(pieces, sources) == sum(bool(piece.strip()) for piece in pieces) / len(parts)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1))
def test_what_was_copied_is_never_new_and_nothing_is_known_to_an_empty_source(pairs):
    predictions, sources = zip(*pairs)
    assert copied_share(predictions, sources) < 1 or novel_share(predictions, sources) == 0
    assert novel_share(predictions, [""] * len(pairs)) == any(
        len("".join(text.split())) > 1 for text in predictions
    )


@pytest.mark.parametrize("measure", [copied_share, novel_share])
def test_refusals(measure):
    with pytest.raises(ValueError, match="got 1 predictions and 2 sources: expected as many, 1 or more"):
        measure(["天"], ["天", "地"])
    with pytest.raises(ValueError, match="got 0 predictions and 0 sources"):
        measure([], [])
    with pytest.raises(TypeError, match="got one str as sources"):
        measure(["天"], "天")
