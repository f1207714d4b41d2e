"""How many tokens a model reads.

Run: pytest tests/models/test_length_limit.py
"""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import transformers

from zhnlp.models.length_limit import length_limit

UNKNOWN = SimpleNamespace(model_max_length=10**30)
SIZES = {
    "vocab_size": 20,
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 8,
    "max_position_embeddings": 12,
    "pad_token_id": 1,
}
KINDS = [
    "Bert",
    "Roberta",
    "Camembert",
    "XLMRoberta",
    "XLMRobertaXL",
    "RobertaPreLayerNorm",
    "Data2VecText",
    "MPNet",
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_reads_what_the_limit_says_and_no_token_more(kind):
    config = getattr(transformers, f"{kind}Config")(**SIZES)
    model = getattr(transformers, f"{kind}Model")(config).eval()
    limit = length_limit(UNKNOWN, config)
    assert limit == (12 if kind == "Bert" else 10)
    with torch.no_grad():
        model(torch.full((1, limit), 5))
        with pytest.raises((IndexError, RuntimeError)):
            model(torch.full((1, limit + 1), 5))


def test_the_least_counts():
    config = transformers.GPT2Config(n_positions=64)
    assert length_limit(UNKNOWN, config) == 64
    assert length_limit(SimpleNamespace(model_max_length=40), config) == 40
    assert length_limit(SimpleNamespace(model_max_length=40), config, 20) == 20
    assert length_limit(SimpleNamespace(model_max_length=40), config, np.int64(2000)) == 40
    assert length_limit(UNKNOWN, None) == length_limit(UNKNOWN, SimpleNamespace()) == 8192


@pytest.mark.parametrize("asked", [0, -3, 2.5, True, "64"])
def test_limits_that_no_text_can_have_are_refused(asked):
    with pytest.raises(ValueError, match="is not possible: expected a whole number of tokens, 1 or more"):
        length_limit(UNKNOWN, None, asked)
