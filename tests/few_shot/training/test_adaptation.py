"""Training on raw text: rows of it, what it learns, and that it can be repeated.

Run: pytest tests/few_shot/training/test_adaptation.py
"""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_models import VOCABULARY, make_model, make_tokenizer

from zhnlp.few_shot.training.adaptation import adapt_model, seed_of
from zhnlp.few_shot.training.raw_text import raw_texts

TOKENIZER = make_tokenizer()


@settings(max_examples=50)
@given(texts=st.lists(st.text(alphabet="电网变a龘 ", max_size=20), max_size=5), limit=st.integers(3, 9))
def test_no_token_is_lost_and_no_row_too_long(texts, limit):
    texts.append("电")
    rows = raw_texts(texts, TOKENIZER, limit=limit)
    assert max(len(row.ids) for row in rows) <= limit
    whole = [token for text in texts for token in TOKENIZER(text, add_special_tokens=False)["input_ids"]]
    kept = [token for row in rows for token in row.ids[1:-1]]
    unknown = TOKENIZER.unk_token_id
    assert [t for t in kept if t != unknown] == [t for t in whole if t != unknown]
    for row in rows:
        assert row.ids[0] == 2 and row.ids[-1] == 3
        assert [not free for free in row.free] == [t in TOKENIZER.all_special_ids for t in row.ids]


def test_the_fields_of_an_example_follow_one_another():
    (row,) = raw_texts([{"text_a": "电网", "text_b": "很好"}], TOKENIZER, limit=20)
    assert TOKENIZER.convert_ids_to_tokens(row.ids) == ["[CLS]", *"电网很好", "[SEP]"]


def after(text, model):
    ids = torch.tensor([TOKENIZER(text)["input_ids"]])
    with torch.no_grad():
        chances = model(ids).logits[ids == TOKENIZER.mask_token_id].softmax(-1)
    return [VOCABULARY[int(row.argmax())] for row in chances]


def adapted(seed=0, **options):
    return adapt_model(
        make_model("bert", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, initializer_range=0.05),
        TOKENIZER,
        ["电网检修", "天气很好"] * 8,
        learning_rate=1e-2,
        batch_size=4,
        mlm_rate=0.25,
        seed=seed,
        progress=False,
        **options,
    )


def test_it_learns_the_text():
    model = adapted(epochs=15)
    assert after("电[MASK]检修", model) == ["网"] and after("天[MASK]很好", model) == ["气"]
    assert not model.training


def test_same_seed_same_weights_and_the_caller_s_random_numbers_stay():
    torch.manual_seed(5)
    wanted = torch.rand(3)
    torch.manual_seed(5)
    first = adapted(epochs=1).state_dict()
    torch.manual_seed(5)
    again = adapted(epochs=1).state_dict()
    torch.manual_seed(5)
    other = adapted(epochs=1, seed=1).state_dict()
    assert all(first[name].equal(again[name]) for name in first)
    assert any(not first[name].equal(other[name]) for name in first)
    model = make_model("bert")
    torch.manual_seed(5)
    adapt_model(model, TOKENIZER, ["电网"], progress=False)
    assert torch.rand(3).equal(wanted)


def test_a_causal_model_learns_what_comes_next():
    tokenizer = make_tokenizer(causal=True)
    model = make_model("llama")
    adapt_model(
        model, tokenizer, ["电网检修"] * 8, epochs=20, learning_rate=1e-2, causal=True, progress=False
    )
    ids = torch.tensor([tokenizer("电网检")["input_ids"]])
    with torch.no_grad():
        assert VOCABULARY[int(model(ids).logits[0, -1].argmax())] == "修"


def test_refusals():
    model = make_model("bert")
    with pytest.raises(ValueError, match="hold no character that the vocabulary knows"):
        adapt_model(model, TOKENIZER, ["", "龘"])
    for epochs in (0, None, float("inf"), float("nan"), True, "3"):
        with pytest.raises(ValueError, match=f"epochs is {epochs!r}"):
            adapt_model(model, TOKENIZER, ["电"], epochs=epochs)
    with pytest.raises(ValueError, match="mlm_rate is 0"):
        adapt_model(model, TOKENIZER, ["电"], mlm_rate=0)
    with pytest.raises(ValueError, match="a row of 2 tokens holds no text: expected max_length of 3"):
        adapt_model(model, TOKENIZER, ["电"], limit=2)


def test_seeds():
    import numpy as np

    assert seed_of(np.random.RandomState(3)) == seed_of(np.random.RandomState(3))
    assert isinstance(seed_of(None), int)
