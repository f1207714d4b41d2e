"""Histograms of scores: areas, the threshold by hand, refusals.

Run: pytest tests/similarity/test_plots.py
"""

import pytest

from zhnlp.similarity import plot_scores

SCORES, SAME = [0.9, 0.7, 0.4, 0.6, 0.2, 0.1], [1, 1, 1, 0, 0, 0]


def test_both_histograms_have_area_1_and_the_threshold_is_counted(tmp_path):
    figure = plot_scores(SCORES, SAME, tmp_path / "new" / "scores.png", threshold=0.5, bins=8, title="FAQ")
    axes = figure.axes[0]
    heights = [[bar.get_height() * bar.get_width() for bar in drawn] for drawn in axes.containers]
    assert [sum(areas) for areas in heights] == pytest.approx([1, 1])
    said = [text.get_text() for text in axes.get_legend().get_texts()]
    assert said == ["different (3)", "same (3)", "0.500: precision 0.67, recall 0.67"]
    assert (tmp_path / "new" / "scores.png").stat().st_size > 1000


def test_scores_that_are_all_the_same_are_drawn():
    assert len(plot_scores([0.5, 0.5], [0, 1]).axes[0].containers) == 2


@pytest.mark.parametrize(
    "scores, same, said",
    [
        ([0.1], [1], "of one kind"),
        ([0.1, 0.2], [1], "one score and one label"),
        ([0.1, float("nan")], [0, 1], "nan or infinite"),
        ([0.1, 0.2], [0, 2], "label of 0 or 1"),
    ],
    ids=["one-kind", "numbers", "nan", "grades"],
)
def test_refusals(scores, same, said):
    with pytest.raises(ValueError, match=said):
        plot_scores(scores, same)
