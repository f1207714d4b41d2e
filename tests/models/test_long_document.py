"""Encoders made long: the same for short texts, dense attention with the same mask for long ones, saved and loaded.

Run: pytest tests/models/test_long_document.py
"""

import copy
import json

import pytest
import torch
import transformers
from small_models import make_model, make_tokenizer

from zhnlp.models.loading import load_model
from zhnlp.models.long_document import continued, tiled, to_long_document
from zhnlp.models.sparse_layers import SparseSelfAttention, is_sparse, restore
from zhnlp.nn import masks
from zhnlp.nn.sparse_attention import Local, LocalGlobal, Sparse, pattern_mask

LONG, SHORT = 200, 30


def texts(length, padded=True, seed=0):
    """Ids (2, L) and the attention mask; the second text is a third shorter."""
    torch.manual_seed(seed)
    mask = torch.ones(2, length, dtype=torch.long)
    if padded:
        mask[1, length * 2 // 3 :] = 0
    return torch.randint(5, 40, (2, length)), mask


@pytest.fixture(params=["bert", "roformer"])
def short(request):
    return make_model(request.param)


class TestPositions:
    def test_rows_come_again_from_the_first(self):
        assert tiled(torch.tensor([[1.0], [2.0], [3.0]]), 7).flatten().tolist() == [1, 2, 3, 1, 2, 3, 1]

    def test_the_rotary_table_is_that_of_a_longer_model(self):
        longer = make_model("roformer", max_position_embeddings=LONG).roformer.encoder.embed_positions.weight
        table = make_model("roformer").roformer.encoder.embed_positions.weight
        torch.testing.assert_close(continued(table, LONG), longer.detach(), atol=1e-6, rtol=0)
        assert continued(table, LONG)[: len(table)].equal(table)

    def test_roberta_keeps_the_rows_before_its_first_position(self):
        sizes = {"vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4}
        config = transformers.RobertaConfig(**sizes, max_position_embeddings=34, pad_token_id=1)
        model = transformers.RobertaModel(config).eval()
        before = model.embeddings.position_embeddings.weight.detach().clone()
        to_long_document(model, 80, Local(5))
        after = model.embeddings.position_embeddings.weight
        assert after.shape == (82, 32) and after[:34].equal(before) and after[34:66].equal(before[2:])
        assert model(texts(80)[0]).last_hidden_state.isfinite().all()


class TestTheSameAsDense:
    def test_texts_that_the_window_covers_come_out_as_before(self, short):
        ids, mask = texts(SHORT)
        with torch.no_grad():
            before = short(ids, attention_mask=mask, output_hidden_states=True).hidden_states[-1]
            long = to_long_document(copy.deepcopy(short), LONG, LocalGlobal(SHORT))
            after = long(ids, attention_mask=mask, output_hidden_states=True).hidden_states[-1]
        torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-5)

    @pytest.mark.parametrize(
        "pattern", [LocalGlobal(3), LocalGlobal(2, (0, 50)), Sparse(9), Local(4)], ids=str
    )
    def test_long_texts_are_as_with_the_mask(self, short, pattern):
        long = to_long_document(short, LONG, pattern).double()
        dense = make_model(short.config.model_type, max_position_embeddings=LONG).double()
        dense.load_state_dict(long.state_dict())
        ids, mask = texts(150)
        floats = masks.additive(pattern_mask(pattern, 150, padding=mask), torch.float64)
        difference = long(ids, attention_mask=mask).logits - dense(ids, attention_mask=floats).logits
        assert difference[mask.bool()].abs().max() < 1e-9

    def test_tokens_that_are_global_in_one_text_alone(self, short):
        long = to_long_document(short, LONG, LocalGlobal(3)).double()
        dense = make_model(short.config.model_type, max_position_embeddings=LONG).double()
        dense.load_state_dict(long.state_dict())
        ids, mask = texts(150)
        marks = torch.zeros_like(ids)
        marks[0, 5:9] = 1
        floats = masks.additive(pattern_mask(LocalGlobal(3), 150, padding=mask, marks=marks), torch.float64)
        found = long(ids, attention_mask=mask, global_marks=marks).logits
        difference = found - dense(ids, attention_mask=floats).logits
        assert difference[mask.bool()].abs().max() < 1e-9
        assert (found - long(ids, attention_mask=mask).logits).abs().max() > 1e-3

    @pytest.mark.filterwarnings("ignore:.*gradient_checkpointing_enable:FutureWarning")
    def test_it_learns_with_dropout_and_checkpointed_layers(self, short):
        long = to_long_document(short, LONG, LocalGlobal(3)).train()
        ids, mask = texts(120)
        long.gradient_checkpointing_enable({"use_reentrant": False})
        long(ids, attention_mask=mask, labels=ids).loss.backward()
        still = {"embed_positions"}
        for name, weight in long.named_parameters():
            if weight.requires_grad and not still & set(name.split(".")):
                assert weight.grad is not None and weight.grad.isfinite().all(), name


class TestFiles:
    def test_saved_and_loaded_with_its_pattern(self, short, tmp_path):
        long = to_long_document(short, LONG, LocalGlobal(3, (0, 7)))
        long.save_pretrained(tmp_path)
        make_tokenizer().save_pretrained(tmp_path)
        config = json.loads((tmp_path / "config.json").read_text("utf-8"))
        assert config["zhnlp_attention"] == {"kind": "LocalGlobal", "radius": 3, "positions": [0, 7]}
        assert config["max_position_embeddings"] == LONG
        again = load_model(tmp_path, "masked-lm", device="cpu")
        assert isinstance(again.base_model.encoder.layer[0].attention.self, SparseSelfAttention)
        ids, mask = texts(150)
        assert again(ids, attention_mask=mask).logits.equal(long(ids, attention_mask=mask).logits)
        encoder = load_model(tmp_path, "encoder", device="cpu")
        assert is_sparse(encoder) and encoder(ids, attention_mask=mask)[0].shape == (2, 150, 32)

    def test_transformers_alone_loads_it_with_dense_attention(self, short, tmp_path):
        long = to_long_document(short, LONG, LocalGlobal(3))
        long.save_pretrained(tmp_path)
        stock = transformers.AutoModelForMaskedLM.from_pretrained(tmp_path)
        ids, mask = texts(150)
        floats = masks.additive(pattern_mask(LocalGlobal(3), 150, padding=mask))
        difference = stock(ids, attention_mask=floats).logits - long(ids, attention_mask=mask).logits
        assert difference[mask.bool()].abs().max() < 1e-4

    def test_the_state_has_the_names_it_had(self, short):
        before = set(short.state_dict())
        assert set(to_long_document(short, LONG).state_dict()) == before

    def test_a_classifier_built_over_it_keeps_the_pattern(self, short, tmp_path):
        from zhnlp.few_shot.baselines.networks import classifier_over

        long = to_long_document(short, LONG, LocalGlobal(3))
        ids, mask = texts(150)
        hidden = long.base_model(ids, attention_mask=mask)[0]
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        network = classifier_over(long, 2, "mean", 0.0).eval()
        torch.testing.assert_close(network(ids, attention_mask=mask).logits, network.head(pooled))
        stock = classifier_over(long, 2, "cls", 0.0)
        assert isinstance(stock.base_model.encoder.layer[0].attention.self, SparseSelfAttention)

    def test_a_model_without_a_pattern_stays_as_it_is(self, short):
        kind = type(short.base_model.encoder.layer[0].attention.self)
        assert restore(short) is short and not is_sparse(short)
        assert type(short.base_model.encoder.layer[0].attention.self) is kind


class TestFastPasses:
    def test_they_leave_a_long_model_its_attention(self):
        """Our quick passes over a RoFormer compute all pairs, so they step aside."""
        from zhnlp.models import roformer
        from zhnlp.models.inference import speed_up

        long = to_long_document(make_model("roformer"), LONG, LocalGlobal(3))
        ids, mask = texts(150)
        before = long.base_model(ids, attention_mask=mask)[0]
        loss = long(ids, attention_mask=mask, labels=ids).loss
        torch.testing.assert_close(roformer.encode(long.roformer, ids, mask), before)
        torch.testing.assert_close(speed_up(long).base_model(ids, attention_mask=mask)[0], before)
        ours = roformer.RoFormerForMaskedLM(long.config)
        ours.load_state_dict(long.state_dict())
        torch.testing.assert_close(restore(ours.eval())(ids, attention_mask=mask, labels=ids).loss, loss)

    def test_the_shipped_model(self):
        short = load_model("zhnlp-mlm-small", "encoder", device="cpu")
        long = to_long_document(copy.deepcopy(short))
        assert long.config.max_position_embeddings == 4096
        torch.manual_seed(0)
        ids = torch.randint(200, 7000, (1, 250))
        with torch.no_grad():
            torch.testing.assert_close(long(ids)[0], short(ids)[0], atol=1e-5, rtol=1e-5)
            assert long(ids.repeat(1, 4))[0].isfinite().all()


class TestRefusals:
    def test_fewer_positions_than_there_are(self, short):
        with pytest.raises(ValueError, match="length got 10: the model has 64 positions already"):
            to_long_document(short, 10)

    def test_other_layouts(self):
        with pytest.raises(
            TypeError, match=r"GPT2LMHeadModel has no encoder\.layer: expected an encoder of BERT's layout"
        ):
            to_long_document(make_model("gpt2"))
        with pytest.raises(TypeError, match=r"is a decoder, or turns its values"):
            to_long_document(make_model("roformer", rotary_value=True))
        with pytest.raises(TypeError, match=r"is a decoder"):
            to_long_document(make_model("bert", is_decoder=True))

    def test_weights_that_are_not_there(self, short):
        long = to_long_document(short, LONG, LocalGlobal(3))
        if short.config.model_type == "roformer":
            with pytest.raises(ValueError, match="output_attentions=True: sparse attention keeps no matrix"):
                long(texts(9)[0], output_attentions=True)

    def test_masks_that_are_no_padding(self, short):
        long = to_long_document(short, LONG, LocalGlobal(3))
        with pytest.raises(
            ValueError, match=r"attention_mask came as \(1, 1, 9, 9\): sparse attention takes padding alone"
        ):
            long(texts(9)[0], attention_mask=masks.additive(masks.causal(9)))

    def test_a_writer_over_it(self, short):
        from zhnlp.models.unilm import UniLM

        with pytest.raises(TypeError, match="has sparse attention, which reads but does not write"):
            UniLM(to_long_document(short, LONG, LocalGlobal(3)))

    def test_a_layer_of_another_kind(self):
        with pytest.raises(
            TypeError, match="Linear has no query: expected the self-attention of BERT's layout"
        ):
            SparseSelfAttention(torch.nn.Linear(2, 2), Local(1))
