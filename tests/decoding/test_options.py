"""Options that cannot be met are refused before anything is computed.

Run: pytest tests/decoding/test_options.py
"""

import pytest
import torch
from toy_language import ToyLanguage

from zhnlp.decoding import DecodingOptions, PerRow, generate

PLAIN = {"end": 0, "max_new_tokens": 5}


@pytest.mark.parametrize(
    "options, said",
    [
        ({"max_new_tokens": 0}, "max_new_tokens=0 is not possible: expected a whole number, 1 or more"),
        ({"max_new_tokens": PerRow([3, 0])}, "max_new_tokens=0"),
        ({"min_new_tokens": 6}, "min_new_tokens=6 is above max_new_tokens=5"),
        ({"beams": True}, "beams=True"),
        ({"beams": 2, "num_return": 3}, "num_return=3 of beams=2: expected at most as many"),
        ({"num_return": 3}, "num_return=3 of 1 beam"),
        ({"beams": 2, "sample": True}, "beams=2 with sample=True: expected one of them. Next: num_return=2"),
        ({"temperature": 0, "sample": True}, "temperature=0 is not possible: expected a number above 0"),
        ({"temperature": 0.7, "top_k": 5}, "temperature=0.7, top_k=5 without sample=True does nothing"),
        ({"top_p": 1.5, "sample": True}, "top_p=1.5 is not possible: expected a number above 0, at most 1"),
        ({"repetition_penalty": 0}, "repetition_penalty=0"),
        ({"length_penalty": float("nan")}, "length_penalty=nan"),
        ({"coverage": -1}, "coverage=-1 is not possible: expected 0 or more"),
        ({"early_stopping": "maybe"}, "early_stopping='maybe' is not known"),
        ({"seed": -1}, "seed=-1"),
        ({"forced": [[1, 0]]}, r"the forced phrase \(1, 0\) of row 0 holds the end token"),
        ({"forced": [[1, 2]], "forbidden": [2]}, "holds a forbidden phrase"),
        ({"forced": [[1, 2]], "allowed": [1]}, "holds a token that is not in allowed"),
        ({"forced": [[1]], "sample": True}, "forced= with sample=True"),
        ({"forced": [[]]}, "forced holds an empty phrase"),
        ({"forbidden": [-1]}, "forbidden holds -1: expected ids"),
        ({"forbidden": [[5]]}, "forbidden holds the token 5, but the step scores 5 tokens: expected 0 to 4"),
        ({"allowed": [9]}, "allowed holds the token 9"),
        ({"end": 5}, "end holds the token 5"),
        ({"stop": ""}, "stop='' is not possible"),
        ({"forbidden": PerRow([[1]])}, "forbidden has 1 values for 2 rows: expected one a row"),
    ],
)
def test_what_cannot_be_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        generate(ToyLanguage().step, torch.tensor([[1, 2], [2, 3]]), **{**PLAIN, **options})


@pytest.mark.parametrize(
    "options, said",
    [
        ({"forbidden": ["谁"]}, "forbidden holds '谁': expected phrases as ids. Next: encode it"),
        ({"forced": "谁"}, "forced is a str"),
        ({"stop": "。"}, "without text="),
        ({"beam": 3}, "beam"),
    ],
)
def test_what_is_of_the_wrong_kind_is_refused(options, said):
    with pytest.raises(TypeError, match=said):
        generate(ToyLanguage().step, torch.tensor([[1, 2]]), **{**PLAIN, **options})


@pytest.mark.parametrize(
    "prefix, more, said",
    [
        ([[1]], {}, "the prefix is list: expected ids"),
        (torch.tensor([[1.0]]), {}, r"the prefix is torch.float32 \(1, 1\)"),
        (torch.ones(2, 0, dtype=torch.long), {}, "a token or more a row"),
    ],
)
def test_a_prefix_that_is_none(prefix, more, said):
    with pytest.raises(TypeError, match=said):
        generate(ToyLanguage().step, prefix, **PLAIN, **more)


def test_masks_that_do_not_fit():
    prefix = torch.tensor([[1, 2], [2, 3]])
    with pytest.raises(ValueError, match=r"prefix_mask is \(2, 3\) where the prefix is \(2, 2\)"):
        generate(ToyLanguage().step, prefix, **PLAIN, prefix_mask=torch.ones(2, 3))
    with pytest.raises(ValueError, match="prefix_mask ends in padding: expected padding on the left"):
        generate(ToyLanguage().step, prefix, **PLAIN, prefix_mask=torch.tensor([[1, 1], [1, 0]]))
    with pytest.raises(ValueError, match=r"source_mask is \(2, 9\) where the attention is \(2, 3\)"):
        generate(ToyLanguage().step, prefix, **PLAIN, coverage=0.1, source_mask=torch.ones(2, 9))


def test_ids_come_as_lists_sets_or_tensors():
    one = DecodingOptions(end=torch.tensor([3, 4]), max_new_tokens=5, allowed={7}, forbidden=[5, (6, 7), 5])
    assert (one.end, one.allowed, one.forbidden) == ((3, 4), (7,), ((5,), (6, 7)))
    assert DecodingOptions(end=None, max_new_tokens=5).end == ()


def test_a_keyword_counts_more_than_the_options():
    options = DecodingOptions(end=0, max_new_tokens=5, min_new_tokens=5)
    [[one]] = generate(
        ToyLanguage().step, torch.tensor([[1, 2]]), options, min_new_tokens=2, max_new_tokens=2
    )
    assert len(one.tokens) == 2
