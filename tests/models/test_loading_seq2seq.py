"""`load_model` with the head "seq2seq-lm": T5, mT5 and BART, int8, a head apart from the embedding, refusals.

Run: pytest tests/models/test_loading_seq2seq.py
"""

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from small_models import save_checkpoint
from tiny_seq2seq import SEQ2SEQ

from zhnlp.checkpoints import quantized
from zhnlp.models.loading import load_model

INPUTS = {"input_ids": torch.arange(5, 25)[None], "decoder_input_ids": torch.arange(8, 16)[None]}


@pytest.fixture(params=["t5", "mt5", "bart"])
def folder(request, tmp_path):
    return SEQ2SEQ[request.param](tmp_path)


@torch.no_grad()
def test_a_folder_gives_the_model_that_was_saved(folder):
    saved = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    model = load_model(folder, "seq2seq-lm")
    assert type(model) is type(saved) and not model.training
    assert torch.equal(model(**INPUTS).logits, saved(**INPUTS).logits)


@torch.no_grad()
def test_int8_is_nearly_the_same_model(folder, tmp_path):
    saved = load_model(folder, "seq2seq-lm")
    quantized.save(saved, tmp_path / "int8")
    model = load_model(tmp_path / "int8", "seq2seq-lm")
    exact, near = (one(**INPUTS).logits.log_softmax(-1) for one in (saved, model))
    assert 0 < (exact - near).abs().mean() < 0.05


def test_a_head_apart_from_the_embedding_stays_so_when_rows_are_added(tmp_path):
    """Plain transformers 5.23 ties the two of an mT5 at resize_token_embeddings, and the head is lost."""
    folder = SEQ2SEQ["mt5"](tmp_path)
    kept = load_file(folder / "model.safetensors")["lm_head.weight"]
    model = load_model(folder, "seq2seq-lm")
    model.resize_token_embeddings(len(kept) + 16, mean_resizing=False)
    assert torch.equal(model.lm_head.weight[: len(kept)], kept)
    model.save_pretrained(tmp_path / "again")
    again = load_model(tmp_path / "again", "seq2seq-lm", check=False)
    assert torch.equal(again.lm_head.weight, model.lm_head.weight)
    assert not torch.equal(again.lm_head.weight, again.shared.weight)


def test_a_tied_head_stays_tied(tmp_path):
    model = load_model(SEQ2SEQ["t5"](tmp_path), "seq2seq-lm")
    model.resize_token_embeddings(400, mean_resizing=False)
    assert model.lm_head.weight is model.shared.weight


def test_refusals(tmp_path):
    save_checkpoint(tmp_path / "bert", "bert")
    with pytest.raises(ValueError, match="kind bert, for which transformers has no seq2seq-lm model"):
        load_model(tmp_path / "bert", "seq2seq-lm")
    file = SEQ2SEQ["bart"](tmp_path / "bart") / "model.safetensors"
    state = load_file(file)
    del state["model.decoder.layers.1.fc1.weight"]
    save_file(state, file, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"no weights for model\.decoder\.layers\.1\.fc1\.weight"):
        load_model(tmp_path / "bart", "seq2seq-lm")
