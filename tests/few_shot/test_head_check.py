"""The check of masked-language-model heads: real, random, by hand, and where it can say nothing.

Run: pytest tests/few_shot/test_head_check.py
"""

import math
import warnings

import pytest
import torch
from small_models import make_model, make_tokenizer, save_checkpoint

from zhnlp import tokenizers
from zhnlp.few_shot import head_check
from zhnlp.few_shot.head_check import check_head
from zhnlp.models.loading import load_model
from zhnlp.tokenizers.chinese import build_tokenizer, train_char_vocab

SHIPPED = "zhnlp-mlm-small"


def tokenizer_of_the_probe():
    return build_tokenizer(train_char_vocab(head_check.PROBE, min_count=1, min_sign=1, latin_pieces=0))


def test_the_shipped_head_is_real_and_its_loss_that_of_one_place_at_a_time():
    model, tokenizer = load_model(SHIPPED, "masked-lm"), tokenizers.load(SHIPPED)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = check_head(model, tokenizer)
    losses = []
    for text in head_check.PROBE:
        ids = tokenizer(text)["input_ids"]
        for place in range(1 + head_check.EVERY // 2, len(ids) - 1, head_check.EVERY):
            row = torch.tensor([ids])
            row[0, place] = tokenizer.mask_token_id
            with torch.no_grad():
                losses.append(-model(row).logits[0, place].log_softmax(-1)[ids[place]].item())
    assert report.places == len(losses) > 30
    assert report.loss == pytest.approx(sum(losses) / len(losses), abs=1e-4)
    assert report.uniform == pytest.approx(math.log(model.config.vocab_size))


@pytest.mark.parametrize("kind", ["roformer", "bert"])
@pytest.mark.parametrize("width_of_weights", [0.02, 0.3])
def test_random_weights_are_called_random(kind, width_of_weights):
    tokenizer = tokenizer_of_the_probe()
    model = make_model(kind, vocab_size=len(tokenizer), initializer_range=width_of_weights)
    with pytest.warns(UserWarning, match="looks random: .* Next: another checkpoint"):
        assert check_head(model, tokenizer).real is False


def test_a_real_encoder_with_a_random_head_is_called_random():
    """As HFL's large RoBERTa was published: embeddings and layers learnt, the head's own layer not."""
    model, tokenizer = load_model(SHIPPED, "masked-lm"), tokenizers.load(SHIPPED)
    torch.manual_seed(0)
    dense = model.cls.predictions.transform.dense
    torch.nn.init.normal_(dense.weight, std=0.02)
    torch.nn.init.zeros_(dense.bias)
    torch.nn.init.zeros_(model.cls.predictions.decoder.bias)
    with pytest.warns(UserWarning, match=r"head of mine looks random"):
        report = check_head(model, tokenizer, name="mine")
    assert report.real is False and report.tied is True


def test_untied_embeddings_are_said():
    tokenizer = tokenizer_of_the_probe()
    model = make_model("bert", vocab_size=len(tokenizer), tie_word_embeddings=False)
    with pytest.warns(UserWarning, match="output embedding is not its input embedding"):
        assert check_head(model, tokenizer).tied is False


def test_a_vocabulary_of_few_characters_says_nothing():
    tokenizer = build_tokenizer(train_char_vocab(["电网"], min_count=1, latin_pieces=0))
    model = make_model("bert", vocab_size=len(tokenizer))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = check_head(model, tokenizer)
    assert report.real is None and math.isnan(report.loss) and report.places == 0


def test_mode_and_truncation_stay_and_nothing_is_drawn():
    tokenizer = make_tokenizer()
    tokenizer.backend_tokenizer.enable_truncation(3)
    model = make_model("bert", hidden_dropout_prob=0.5).train()
    state = torch.get_rng_state()
    with pytest.warns(UserWarning):
        first, second = check_head(model, tokenizer), check_head(model, tokenizer)
    assert first == second and model.training
    assert torch.equal(torch.get_rng_state(), state)
    assert tokenizer.backend_tokenizer.truncation["max_length"] == 3


def test_a_tokenizer_without_mask_is_refused():
    tokenizer = make_tokenizer()
    tokenizer.mask_token = None
    with pytest.raises(ValueError, match="no mask token: expected that of a masked model"):
        check_head(make_model("bert"), tokenizer)


def test_a_random_head_is_said_once_where_a_classifier_loads_it(tmp_path):
    from zhnlp.few_shot.network import Network

    save_checkpoint(tmp_path, "bert")
    with pytest.warns(UserWarning, match="looks random"):
        Network(tmp_path).reader()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Network(tmp_path).reader()
        Network(SHIPPED).reader()
