"""Stop strings: across the borders of tokens, cut before or after.

Run: pytest tests/decoding/test_stop.py
"""

import pytest
import torch

from zhnlp.decoding import StepOutput, generate
from zhnlp.decoding.stop import StopStrings

PIECES = ["", "今天", "天气", "好。", "\n明", "天", "见。", "\n", "再"]  # 0 ends


def said(tokens):
    return "".join(PIECES[token] for token in tokens)


def writes(*tokens):
    """A step that writes these tokens, each with probability about 1."""

    def step(given, cache):
        place = 0 if cache is None else cache
        return StepOutput(
            torch.full((len(given), len(PIECES)), -30.0).index_fill(
                1, torch.tensor(tokens[min(place, len(tokens) - 1)]), 0.0
            ),
            place + 1,
        )

    return step


TEXT = (1, 2, 3, 4, 5, 6, 7, 8, 8, 0)  # 今天|天气|好。|\n明|天|见。|\n|再|再


@pytest.mark.parametrize("beams", [1, 2])
@pytest.mark.parametrize(
    "options, text, tokens",
    [
        ({"stop": "好"}, "今天天气", [1, 2]),
        ({"stop": "好", "keep_stop": True}, "今天天气好", [1, 2]),
        ({"stop": "。\n"}, "今天天气好", [1, 2]),  # ends in the fourth token, begins in the third
        ({"stop": "。\n", "keep_stop": True}, "今天天气好。\n", [1, 2, 3]),
        ({"stop": "明天见"}, "今天天气好。\n", [1, 2, 3]),  # on three tokens
        ({"stop": ["见", "明天"]}, "今天天气好。\n", [1, 2, 3]),  # whichever is complete first
        ({"stop": ["天气好", "天天"]}, "今", []),
        ({"stop": "好", "min_new_tokens": 5}, "今天天气好。\n明天见。\n再再", [1, 2, 3, 4, 5, 6, 7, 8, 8]),
        ({"stop": "天", "min_new_tokens": 5}, "今天天气好。\n明", [1, 2, 3, 4]),
        ({"stop": "没有"}, "今天天气好。\n明天见。\n再再", [1, 2, 3, 4, 5, 6, 7, 8, 8]),
    ],
)
def test_a_text_ends_at_a_stop_string(options, text, tokens, beams):
    [[one]] = generate(
        writes(*TEXT), torch.tensor([[1]]), end=0, max_new_tokens=20, text=said, beams=beams, **options
    )
    assert (one.text, one.tokens, one.ended) == (text, tokens, True)


@pytest.mark.parametrize("beams", [1, 3])
def test_rows_stop_one_by_one(beams):
    lengths = []

    def step(tokens, cache):
        lengths.append(len(tokens))
        rows = torch.full((len(tokens), len(PIECES)), -30.0)
        return StepOutput(rows.scatter(1, (tokens[:, -1:] + 1) % len(PIECES), 0.0), None)

    found = generate(
        step, torch.tensor([[1], [4], [2]]), end=None, max_new_tokens=5, text=said, stop="。", beams=beams
    )
    assert [one.text for [one] in found] == ["天气好", "天见", "好"]
    assert [one.ended for [one] in found] == [True] * 3
    assert beams > 1 or lengths == [3, 2]


def test_the_first_of_several_counts_and_of_two_at_one_place_the_longer():
    stops = StopStrings(said, ["气好", "天", "天天"], keep=True)
    assert stops.find([1]) == 2 and stops.find([1, 2]) == 3
