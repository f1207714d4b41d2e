"""Where trainable rows begin, and that a frozen network gathers nothing.

Run: pytest tests/few_shot/training/test_soft_prompt.py
"""

import pytest
import torch
from small_models import VOCABULARY, make_model, make_tokenizer

from zhnlp.few_shot.template import Template
from zhnlp.few_shot.training.soft_prompt import frozen, initial_rows

MODEL, TOKENIZER = make_model("bert"), make_tokenizer()
TABLE = MODEL.get_input_embeddings().weight.detach()
TEMPLATES = [Template("{soft:3}{text}{mask}"), Template("{text}{soft}{mask}")]


def start(how, seed=0, templates=TEMPLATES):
    return initial_rows(MODEL, TOKENIZER, templates, start=how, seed=seed)


def test_rows_of_the_vocabulary_are_embeddings_of_ordinary_tokens():
    rows = start("vocabulary")
    assert rows.shape == (4, 32) and rows.dtype == torch.float32
    found = [int((row == TABLE).all(1).nonzero()[0]) for row in rows]
    assert len(set(found)) == 4 and not set(found) & set(TOKENIZER.all_special_ids)
    assert rows.equal(start("vocabulary")) and not rows.equal(start("vocabulary", seed=1))


def test_rows_of_words_are_their_embeddings_over_and_over():
    wanted = [VOCABULARY.index(character) for character in "很好很好"]
    assert start("很好").equal(TABLE[wanted])


def test_rows_of_the_mean_and_of_noise():
    ordinary = TABLE[5:]
    assert torch.allclose(start("mean"), ordinary.mean(0).expand(4, -1), atol=1e-6)
    noise = initial_rows(MODEL, TOKENIZER, [Template("{soft:400}{text}{mask}")], start="random")
    assert torch.allclose(noise.std(0).mean(), ordinary.std(0).mean(), rtol=0.1)


def test_no_trainable_token_no_rows():
    assert start("mean", templates=[Template("{text}{mask}")]) is None


def test_words_that_the_vocabulary_lacks_are_refused():
    with pytest.raises(ValueError, match=r"expected one of 'vocabulary'.*or text"):
        start("龘")


def test_frozen_parameters_gather_nothing_and_those_frozen_before_stay_so():
    model = make_model("bert")
    first = next(model.parameters())
    first.requires_grad_(False)
    with frozen(model):
        assert not any(parameter.requires_grad for parameter in model.parameters())
    assert [name for name, p in model.named_parameters() if not p.requires_grad] == [
        "bert.embeddings.word_embeddings.weight"
    ]
