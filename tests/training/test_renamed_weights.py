"""A head that the file calls otherwise comes back, when a training resumes and when the best model is taken.

Run: pytest tests/training/test_renamed_weights.py
"""

import pytest
import torch
from small_models import make_model
from trainings import make_trainer, rows
from transformers import TrainerCallback

from zhnlp.models.gpt_neox import GPTNeoXForCausalLM
from zhnlp.training.packed_rows import collate_rows


def collate(items):
    return collate_rows([{"ids": item["input_ids"].numpy()} for item in items])


class Heads(TrainerCallback):
    """The head at each checkpoint."""

    def __init__(self):
        self.seen = {}

    def on_save(self, args, state, control, model=None, **kwargs):
        self.seen[state.global_step] = model.lm_head.weight.detach().clone()


@pytest.mark.parametrize("ours", [False, True])
def test_the_best_model_and_a_resumed_one_have_their_head(tmp_path, ours):
    made = make_model("gpt-neox", tie_word_embeddings=False)
    made.save_pretrained(tmp_path / "base")
    start = type(made).from_pretrained(tmp_path / "base")
    if ours:
        start.__class__ = GPTNeoXForCausalLM
    heads, options = (
        Heads(),
        {"save_strategy": "steps", "save_steps": 2, "eval_strategy": "steps", "eval_steps": 2},
    )
    trainer = make_trainer(
        tmp_path / "out",
        start,
        rows(),
        collate=collate,
        callbacks=[heads],
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
        prediction_loss_only=True,
        learning_rate=0.05,
        **options,
    )
    trainer.train()
    best = int(trainer.state.best_model_checkpoint.rpartition("-")[2])
    assert torch.equal(start.lm_head.weight, heads.seen[best])
    moved = make_model("gpt-neox", seed=7, tie_word_embeddings=False)
    if ours:
        moved.__class__ = GPTNeoXForCausalLM
    trainer.model = moved
    trainer._load_from_checkpoint(str(tmp_path / "out/checkpoint-4"))
    assert torch.equal(moved.lm_head.weight, heads.seen[4])
