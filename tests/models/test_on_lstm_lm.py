"""The language model of post 6621: its loss, what it sees, its distances, and that it trains, is scored, saved and read."""

import math

import pytest
import torch
import torch.nn.functional as F
from small_models import make_tokenizer
from trainings import make_trainer
from transformers import AutoModelForCausalLM

from zhnlp.models.on_lstm_lm import ONLSTMConfig, ONLSTMForCausalLM, register
from zhnlp.training.pretraining.evaluation import score_causal

SIZES = {"vocab_size": 60, "hidden_size": 16, "levels": 4, "num_layers": 2}
IDS = torch.tensor([[2, 5, 6, 7, 8, 3], [2, 9, 10, 3, 0, 0]])
MASK = (IDS > 0).long()


def made(**options):
    torch.manual_seed(3)
    return ONLSTMForCausalLM(ONLSTMConfig(**SIZES | options)).eval()


def test_loss_is_the_mean_over_the_next_tokens():
    model, labels = made(), IDS.masked_fill(IDS == 0, -100)
    out, logits = model(IDS, MASK, labels), model(IDS, MASK).logits
    expected = F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
    torch.testing.assert_close(out.loss, expected)
    assert out.logits is None and abs(float(out.loss.detach()) - math.log(60)) < 0.3


def test_it_is_embedding_layer_and_head():
    model = made()
    hidden, state, gates = model.lstm.with_gates(model.embedding.weight[IDS])
    out = model(IDS)
    torch.testing.assert_close(out.logits, hidden @ model.embedding.weight.T + model.head.bias)
    torch.testing.assert_close(out.state, state)
    torch.testing.assert_close(out.distances, 1 - gates.mean(-1).transpose(0, 1))
    assert out.distances.shape == (2, 2, 6)


@torch.no_grad()
def test_no_token_sees_a_later_one_and_padding_changes_nothing():
    model = made()
    whole, other = model(IDS), model(torch.cat((IDS[:, :3], IDS[:, 3:] + 20), 1))
    torch.testing.assert_close(whole.logits[:, :3], other.logits[:, :3])
    torch.testing.assert_close(whole.distances[..., :3], other.distances[..., :3])
    assert not torch.allclose(whole.logits[:, 3:], other.logits[:, 3:])
    torch.testing.assert_close(model(IDS[1:, :4]).logits[0], whole.logits[1, :4])


@torch.no_grad()
def test_a_text_goes_on_with_the_state():
    model = made()
    whole, first = model(IDS), model(IDS[:, :2])
    second = model(IDS[:, 2:], state=first.state)
    torch.testing.assert_close(torch.cat((first.logits, second.logits), 1), whole.logits)


def test_head_is_tied_or_not():
    model = made()
    assert model.head.weight is model.embedding.weight
    apart = made(tie_word_embeddings=False)
    assert apart.head.weight is not apart.embedding.weight


def test_every_parameter_learns():
    model = made()
    model(IDS, labels=IDS).loss.backward()
    assert [name for name, one in model.named_parameters() if not float(one.grad.abs().sum()) > 0] == []


@torch.no_grad()
@pytest.mark.parametrize("options", [{}, {"tie_word_embeddings": False, "master": "paper"}])
def test_a_saved_network_says_the_same(tmp_path, options):
    register()
    model = made(**options)
    model.save_pretrained(tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path)
    assert isinstance(again, ONLSTMForCausalLM) and again.lstm.master == model.lstm.master
    assert torch.equal(again(IDS).logits, model(IDS).logits)
    assert torch.equal(again(IDS).distances, model(IDS).distances)


def test_the_trainer_lowers_the_loss(tmp_path):
    """Rows that count upwards; labels are shifted in the model, so the trainer counts one a row less."""
    data = [{"input_ids": torch.arange(begin, begin + 12)} for begin in range(5, 45)]

    def collate(items):
        ids = torch.stack([item["input_ids"] for item in items])
        return {"input_ids": ids, "labels": ids}

    trainer = make_trainer(
        tmp_path,
        made(dropout=0.0, dropconnect=0.0, hidden_size=32, tie_word_embeddings=False),
        data,
        collate=collate,
        eval_dataset=data[:8],
        max_steps=40,
        learning_rate=0.02,
    )
    before = trainer.evaluate()["eval_loss"]
    trainer.train()
    assert trainer._count_items(collate(data[:3])) == 3 * 11
    assert trainer.evaluate()["eval_loss"] < 0.9 * before


def test_held_out_text_is_scored():
    tokenizer = make_tokenizer(causal=True)
    model = made(vocab_size=len(tokenizer), tie_word_embeddings=False)
    with torch.no_grad():
        model.head.weight.zero_()
    score = score_causal(model, tokenizer, ["今天", "北京天气"]).summary()
    assert score["characters"] == 6
    tokens = 6 + 2  # and the two ends
    assert score["bits"] == pytest.approx(tokens * math.log2(len(tokenizer)), rel=1e-5)


def test_the_sizes_of_the_post():
    config = ONLSTMConfig()
    assert (config.hidden_size, config.num_layers, config.levels) == (128, 3, 16)
    model = ONLSTMForCausalLM(ONLSTMConfig(vocab_size=50))
    shapes = {name: tuple(one.shape) for name, one in model.named_parameters()}
    assert shapes["lstm.weight_hh_l2"] == (512, 128) and shapes["lstm.master_hh_l2"] == (32, 128)


def test_padding_before_tokens_is_refused():
    with pytest.raises(ValueError, match="padding before tokens"):
        made()(torch.tensor([[0, 5]]), torch.tensor([[0, 1]]))


def test_no_label_is_refused():
    with pytest.raises(ValueError, match="no position has a label"):
        made()(IDS, labels=torch.full_like(IDS, -100))


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="levels=3"):
        made(levels=3)
