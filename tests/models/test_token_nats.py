"""Nats of tokens: one pass where the text fits, sliding windows by hand where it does not, refusals.

Run: pytest tests/models/test_token_nats.py
"""

import numpy as np
import pytest
import torch
from small_models import make_model
from transformers import BertConfig, BertModel

from zhnlp.models.token_nats import token_nats

ROWS = [[2, 9, 8, 7, 30, 31, 32, 33, 12, 3], [2, 40], [2, 11, 12, 13]]


@pytest.fixture(scope="module", params=["gpt2", "llama", "gpt-neox"])
def model(request):
    return make_model(request.param)


@torch.no_grad()
def of_one_pass(model, row, start=0):
    logs = model(torch.tensor([row[start:-1]])).logits[0].log_softmax(-1)
    return [-logs[place, token].item() for place, token in enumerate(row[start + 1 :])]


@pytest.mark.parametrize("batch_tokens", [1, 12, 4096])
def test_one_pass_gives_all(model, batch_tokens):
    found = token_nats(model.train(), ROWS, batch_tokens=batch_tokens)
    assert model.training
    model.eval()
    for row, nats in zip(ROWS, found):
        np.testing.assert_allclose(nats, of_one_pass(model, row), atol=1e-4)


def test_windows_see_what_they_should(model):
    """Of 9 inputs windows of 4 that move by 2 score 4, 2, 2 and 1."""
    row = ROWS[0]
    wanted = of_one_pass(model, row[:5])
    wanted += (
        of_one_pass(model, row[:7], 2)[2:]
        + of_one_pass(model, row[:9], 4)[2:]
        + of_one_pass(model, row, 6)[2:]
    )
    np.testing.assert_allclose(token_nats(model, [row], context=4, stride=2)[0], wanted, atol=1e-4)


def test_rows_without_anything_to_score(model):
    assert [len(nats) for nats in token_nats(model, [[2], [], [2, 5]])] == [0, 0, 1]
    assert token_nats(model, []) == []


def test_refusals(model):
    for options in ({"context": 1}, {"context": 4, "stride": 5}, {"context": 4, "stride": 0}):
        with pytest.raises(ValueError, match="expected context 2 or more and stride 1 to context"):
            token_nats(model, ROWS, **options)
    broken = make_model("gpt2")
    with torch.no_grad():
        broken.transformer.wte.weight[9] = torch.nan
    with pytest.raises(ValueError, match="nan or infinite logits"):
        token_nats(broken, ROWS)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    with pytest.raises(ValueError, match="no layer over the vocabulary"):
        token_nats(BertModel(BertConfig(vocab_size=50, **sizes)), ROWS)
