import json
from functools import lru_cache
from math import log

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM, RoFormerConfig, RoFormerForMaskedLM

from zhnlp.models.token_nats import sliding_windows
from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab
from zhnlp.training.pretraining.evaluation import (
    encode,
    score_causal,
    score_masked,
    token_kinds,
)

TEXTS = ["深度学习，很好。" * 12 + "龘\nGPT-4", "天地玄黄", "　", "宇宙洪荒" * 40]


@lru_cache
def tokenizer_for(form):
    corpus = [text.replace("龘", "") for text in TEXTS]
    return build_tokenizer(train_char_vocab(corpus, min_count=1, min_sign=1), form=form)


@lru_cache
def masked_model():
    torch.manual_seed(0)
    config = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    tokenizer = tokenizer_for("masked-lm")
    return RoFormerForMaskedLM(
        RoFormerConfig(vocab_size=len(tokenizer), initializer_range=0.3, **config)
    ).train()


@lru_cache
def causal_model():
    torch.manual_seed(0)
    config = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    tokenizer = tokenizer_for("causal-lm")
    return GPTNeoXForCausalLM(
        GPTNeoXConfig(vocab_size=len(tokenizer), initializer_range=0.3, **config)
    ).train()


@settings(deadline=None)
@given(st.integers(1, 60), st.integers(2, 20), st.data())
def test_each_token_is_scored_once_and_with_context(tokens, context, data):
    stride = data.draw(st.integers(1, context))
    windows = list(sliding_windows(tokens, context, stride))
    assert [i for _, first, stop in windows for i in range(first, stop)] == list(range(tokens))
    assert all(0 <= start <= first < stop <= start + context for start, first, stop in windows)
    assert all(first - start == context - stride for start, first, _ in windows[1:])


def test_causal_nats_are_those_of_the_whole_document_when_the_context_holds_it():
    """Oracle: the loss that the model itself gives for one document alone."""
    tokenizer, model = tokenizer_for("causal-lm"), causal_model()
    scores = score_causal(model, tokenizer, TEXTS, context=512, batch_tokens=300)
    assert model.training
    model.eval()
    for text, nats in zip(TEXTS, scores.nats):
        ids = torch.tensor([[*tokenizer(text)["input_ids"], tokenizer.eos_token_id]])
        expected = model(input_ids=ids, labels=ids).loss.item() * (ids.shape[1] - 1)
        assert nats == pytest.approx(expected, rel=1e-5)
    model.train()


def test_causal_nats_with_a_sliding_context():
    """Each token by hand: the model sees the window that scores it, and nothing else."""
    tokenizer, model = tokenizer_for("causal-lm"), causal_model()
    score = score_causal(model, tokenizer, TEXTS[:1], context=16, stride=4).nats[0]
    ids = [*tokenizer(TEXTS[0])["input_ids"], tokenizer.eos_token_id]
    total = 0.0
    model.eval()
    with torch.inference_mode():
        for start, first, stop in sliding_windows(len(ids) - 1, 16, 4):
            said = torch.log_softmax(model(input_ids=torch.tensor([ids[start:stop]])).logits[0], -1)
            total -= sum(said[i - start, ids[i + 1]].item() for i in range(first, stop))
    model.train()
    assert score == pytest.approx(total, rel=1e-5)


def test_causal_summary_counts_characters_of_the_source():
    tokenizer = tokenizer_for("causal-lm")
    scores = score_causal(causal_model(), tokenizer, TEXTS)
    assert scores.unknown == [1, 0, 0, 0]
    summary = scores.summary()
    assert summary["characters"] == 12 * 8 + 6 + 4 + 160
    assert summary["bits_per_character"] == pytest.approx(sum(scores.nats) / log(2) / summary["characters"])
    assert scores.summary([1])["bits"] == pytest.approx(scores.nats[1] / log(2))


def test_masked_predictions_are_those_of_the_model_window_by_window():
    tokenizer, model = tokenizer_for("masked-lm"), masked_model()
    scores = score_masked(model, tokenizer, TEXTS, length=24, batch_tokens=100, seed=3)
    assert model.training
    inner, generator = 22, np.random.default_rng(3)
    gold, predicted, nats = [], [], []
    model.eval()
    for text in TEXTS:
        ids, _ = encode(tokenizer, text)
        for row in np.array_split(ids, -(-ids.size // inner)) if ids.size else []:
            mask = generator.random(row.size) < 0.15
            mask &= ~np.isin(row, tokenizer.convert_tokens_to_ids(["\n"]))
            given = torch.tensor([[2, *np.where(mask, 4, row), 3]])
            with torch.inference_mode():
                said = torch.log_softmax(model(input_ids=given).logits[0, 1:-1][torch.from_numpy(mask)], -1)
            gold += row[mask].tolist()
            predicted += said.argmax(-1).tolist()
            nats += [-line[answer].item() for line, answer in zip(said, row[mask])]
    model.train()
    assert scores.gold.tolist() == gold and scores.predicted.tolist() == predicted
    assert scores.nats == pytest.approx(nats, rel=1e-4)
    assert set(scores.document.tolist()) <= {0, 1, 3}


def test_masked_summary_and_the_rate():
    tokenizer = tokenizer_for("masked-lm")
    documents = TEXTS * 10
    state = torch.get_rng_state()
    scores = score_masked(masked_model(), tokenizer, documents)
    assert torch.equal(state, torch.get_rng_state())
    tokens = sum(encode(tokenizer, text)[0].size - text.count("\n") for text in documents)
    assert abs(scores.gold.size - 0.15 * tokens) < 4 * (0.15 * 0.85 * tokens) ** 0.5
    summary = scores.summary(tokenizer)
    assert summary["masked"] == scores.gold.size == sum(summary["masked_by_kind"].values())
    assert {"han", "sign"} <= set(summary["accuracy_by_kind"])
    assert json.dumps(summary)
    assert scores.summary(tokenizer, [3, 7])["masked"] == int(np.isin(scores.document, [3, 7]).sum())


def test_a_document_is_encoded_the_same_whole_and_in_pieces(monkeypatch):
    tokenizer = tokenizer_for("masked-lm")
    text = "深度学习\n很好。\n\n天地玄黄" * 30
    whole = encode(tokenizer, text)[0]
    assert whole.tolist() == tokenizer(text, add_special_tokens=False)["input_ids"]
    monkeypatch.setattr("zhnlp.training.pretraining.evaluation._PIECE", 37)
    assert encode(tokenizer, text)[0].tolist() == whole.tolist()


def test_a_mask_token_in_the_text_is_no_question():
    tokenizer = tokenizer_for("masked-lm")
    scores = score_masked(masked_model(), tokenizer, ["天[MASK]地" * 20], share=1)
    assert scores.gold.size == 40 and tokenizer.mask_token_id not in scores.gold


def test_other_heads_are_scored_alike():
    """The vocabulary layer is found in any architecture: the same nats as from all logits."""
    tokenizer = tokenizer_for("masked-lm")
    torch.manual_seed(1)
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    for kind in ("Bert", "ModernBert", "Roberta"):
        config = getattr(transformers, f"{kind}Config")(vocab_size=len(tokenizer), pad_token_id=0, **shape)
        model = getattr(transformers, f"{kind}ForMaskedLM")(config).eval()
        scores = score_masked(model, tokenizer, TEXTS[1:2], share=1)
        ids = torch.tensor([[2, 4, 4, 4, 4, 3]])
        with torch.inference_mode():
            said = torch.log_softmax(model(input_ids=ids).logits[0, 1:5], -1)
        expected = [-line[answer].item() for line, answer in zip(said, scores.gold)]
        assert scores.nats == pytest.approx(expected, rel=1e-4)


def test_kinds():
    tokenizer = tokenizer_for("masked-lm")
    kind = dict(zip(tokenizer.convert_ids_to_tokens(range(len(tokenizer))), token_kinds(tokenizer)))
    pairs = {
        "深": "han",
        "7": "digit",
        "##e": "latin",
        "，": "sign",
        "[UNK]": "unknown",
        "[CLS]": "",
        "\n": "",
    }
    assert {token: kind[token] for token in pairs} == pairs


def test_refusals():
    tokenizer = tokenizer_for("masked-lm")
    with pytest.raises(ValueError, match="length=4, share=0"):
        score_masked(masked_model(), tokenizer, TEXTS, length=4, share=0)
    with pytest.raises(ValueError, match="RoFormerModel has no layer over the vocabulary"):
        score_masked(masked_model().roformer, tokenizer, TEXTS)
    with pytest.raises(ValueError, match="stride=9"):
        score_causal(causal_model(), tokenizer_for("causal-lm"), TEXTS, context=8, stride=9)
