"""The picture holds the mask and its labels, and says what to do where a font is missing.

Run: pytest tests/nn/test_mask_plot.py
"""

import sys
import warnings

import pytest
import torch

from zhnlp.nn.mask_plot import plot_mask
from zhnlp.nn.masks import additive, bidirectional, causal, padding, sparse

pytest.importorskip("matplotlib", reason='pip install "zhnlp[plot]"')


def ticks(figure):
    axes = figure.axes[0]
    return [[label.get_text() for label in side] for side in (axes.get_xticklabels(), axes.get_yticklabels())]


def drawn(figure):
    return torch.tensor(figure.axes[0].images[0].get_array().tolist()).bool()


def test_it_shows_the_mask_with_labels_on_both_sides():
    figure = plot_mask(causal(3), ["[CLS]", "a", "b"], title="causal")
    assert drawn(figure).equal(causal(3)[0, 0])
    assert ticks(figure) == [["[CLS]", "a", "b"]] * 2
    assert figure.axes[0].get_title() == "causal"


def test_new_queries_have_the_last_labels_and_one_row_for_all_has_none():
    assert ticks(plot_mask(causal(2, 4), "abcd")) == [["a", "b", "c", "d"], ["c", "d"]]
    assert ticks(plot_mask(padding(torch.tensor([1, 0])), "ab")) == [["a", "b"], []]
    assert ticks(plot_mask(bidirectional(3, 2), "ab")) == [["a", "b"], []]


def test_another_row_is_drawn_by_cutting_the_mask():
    mask = padding(torch.tensor([[1, 0], [1, 1]])) & causal(2)
    assert drawn(plot_mask(mask)).tolist() == [[True, False], [True, False]]
    assert drawn(plot_mask(mask[1:])).equal(causal(2)[0, 0])


def test_several_masks_in_one_figure(tmp_path):
    from matplotlib.figure import Figure

    figure = Figure()
    for axes, mask in zip(figure.subplots(1, 2), (causal(3), sparse(5, 2))):
        assert plot_mask(mask, axes=axes) is figure
    plot_mask(causal(3), path=tmp_path / "new/mask.png", axes=figure.axes[0])
    assert [axes.images[0].get_array().shape for axes in figure.axes] == [(3, 3), (5, 5)]
    assert (tmp_path / "new/mask.png").stat().st_size > 2_000


def test_a_long_mask_is_numbered():
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # labels that are not written need no font
        columns, rows = ticks(plot_mask(sparse(100, 9), ["电"] * 100))
    assert "电" not in columns + rows


def test_chinese_labels_are_written_or_it_is_said_why_not(tmp_path):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        figure = plot_mask(causal(2), ["电", "网"], tmp_path / "mask.svg", title="掩码")
    numbered = any("no installed font writes" in str(one.message) for one in said)
    assert (ticks(figure)[0] == ["电", "网"]) != numbered
    assert figure.axes[0].get_title() == ("" if numbered else "掩码")
    assert not any("missing from font" in str(one.message) for one in said)


def test_another_font_helps_out_for_characters_that_matplotlibs_own_lacks(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a glyph that it draws as a box
        figure = plot_mask(causal(2), ["Ⓐ", "b"], tmp_path / "mask.png")  # DejaVu Sans has no Ⓐ, STIX has
    assert ticks(figure) == [["Ⓐ", "b"]] * 2


def test_characters_of_no_font_become_positions():
    with pytest.warns(
        UserWarning, match=r"no installed font writes '\\u0378', so positions .* fonts-noto-cjk"
    ):
        figure = plot_mask(causal(2), ["\u0378", "b"])
    assert "b" not in ticks(figure)[0]


def test_refusals(monkeypatch):
    with pytest.raises(ValueError, match=r"got 3 labels for 2 keys: .*\.convert_ids_to_tokens"):
        plot_mask(causal(2), "abc")
    with pytest.raises(TypeError, match=r"mask got torch.float32: expected torch.bool"):
        plot_mask(additive(causal(2)))
    with pytest.raises(ValueError, match="expected four dimensions"):
        plot_mask(causal(2)[0])
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'plots need matplotlib\. Next: pip install "zhnlp\[plot\]"'):
        plot_mask(causal(2))
