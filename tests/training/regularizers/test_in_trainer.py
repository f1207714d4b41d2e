"""Every regularizer through zhnlp's Trainer, with accumulation, against the plain loop; and all techniques at once.

Run: pytest tests/training/regularizers/test_in_trainer.py
"""

import pytest
import torch
from problems import arguments, bert_rows, tiny_bert, weights
from torch.optim import SGD

from zhnlp.training.callbacks import EMACallback
from zhnlp.training.optimizers import Lookahead, layer_wise_groups
from zhnlp.training.regularizers import FGM, VAT, FloodingLoss, GradientPenalty, RDrop, regularized_backward
from zhnlp.training.trainer import Trainer

ROWS = bert_rows(16)


def trained(folder, parts, dropout=0.0, accumulate=2, **options):
    from transformers import get_constant_schedule

    model = tiny_bert(dropout=dropout)
    optimizer = SGD(model.parameters(), lr=0.1)
    run = Trainer(
        model,
        arguments(
            folder,
            max_steps=2,
            gradient_accumulation_steps=accumulate,
            train_sampling_strategy="sequential",
            max_grad_norm=0.0,
            **options,
        ),
        train_dataset=ROWS,
        optimizers=(optimizer, get_constant_schedule(optimizer)),
        regularizers=parts,
    )
    run.train()
    return weights(run.model)


def in_a_loop(parts, accumulate=2):
    model = tiny_bert(dropout=0.0).train()
    optimizer = SGD(model.parameters(), lr=0.1)
    for step in range(2):
        optimizer.zero_grad()
        for micro in range(accumulate):
            rows = ROWS[(step * accumulate + micro) * 4 :][:4]
            inputs = {key: torch.stack([torch.as_tensor(row[key]) for row in rows]) for key in rows[0]}

            def compute_loss(inputs=inputs):
                outputs = model(**inputs)
                return outputs.loss, outputs

            regularized_backward(model, inputs, compute_loss, parts, scale=1 / accumulate)
        optimizer.step()
    return weights(model)


@pytest.mark.parametrize(
    "make",
    [
        lambda: FloodingLoss(0.8),
        lambda: FloodingLoss(0.69, per_sample=True),
        lambda: GradientPenalty(5.0),
        lambda: GradientPenalty(0.05, of="parameters"),
        lambda: FGM(1.0),
    ],
    ids=["flooding", "per sample", "penalty", "penalty of all", "fgm"],
)
def test_the_trainer_and_a_plain_loop_give_the_same_weights(make, tmp_path):
    found = trained(tmp_path, [make()])
    assert torch.allclose(found, in_a_loop([make()]), atol=2e-6)
    assert (found - in_a_loop([])).abs().max() > 1e-5


def test_random_parts_change_the_weights_and_repeat_with_the_seed(tmp_path):
    plain = trained(tmp_path / "plain", [], dropout=0.2)
    for name, make in {"vat": lambda: VAT(5.0, alpha=10.0), "rdrop": lambda: RDrop(4.0)}.items():
        first, second = (trained(tmp_path / f"{name}{turn}", [make()], dropout=0.2) for turn in "ab")
        assert first.equal(second)
        assert (first - plain).abs().max() > 1e-5


def test_everything_at_once(tmp_path):
    from transformers import get_constant_schedule

    model = tiny_bert(dropout=0.2)
    optimizer = Lookahead(torch.optim.AdamW(layer_wise_groups(model, lr=1e-3)), k=2)
    callback = EMACallback(0.9)
    run = Trainer(
        model,
        arguments(
            tmp_path,
            max_steps=4,
            eval_strategy="steps",
            eval_steps=2,
            logging_strategy="steps",
            logging_steps=1,
        ),
        train_dataset=ROWS,
        eval_dataset=ROWS[:4],
        optimizers=(optimizer, get_constant_schedule(optimizer)),
        callbacks=[callback],
        regularizers=[RDrop(1.0), VAT(1.0), GradientPenalty(0.1), FloodingLoss(0.1), FGM(0.5)],
    )
    run.train()
    assert callback.ema.updates == 4 and weights(model).isfinite().all()


def test_unlabelled_batches_go_on_where_a_training_was_left(tmp_path):
    """A loader that shuffles, read round and round: resumed is as unbroken, bit for bit."""
    from torch.utils.data import DataLoader

    spare = [{key: value for key, value in row.items() if key != "labels"} for row in bert_rows(10)]

    def train(folder, steps, resume=None):
        part = VAT(1.0, unlabelled=DataLoader(spare, batch_size=4, shuffle=True))
        run = Trainer(
            tiny_bert(dropout=0.1),
            arguments(folder, max_steps=steps, save_strategy="steps", save_steps=5),
            train_dataset=ROWS,
            regularizers=[part],
        )
        run.train(resume_from_checkpoint=resume)
        return weights(run.model), part.state_dict()

    whole, drawn = train(tmp_path / "whole", 10)
    resumed, again = train(tmp_path / "resumed", 10, resume=tmp_path / "whole/checkpoint-5")
    assert drawn == again == {"drawn": 10}
    assert torch.equal(whole, resumed)
    other = Trainer(
        tiny_bert(), arguments(tmp_path / "other", max_steps=10), train_dataset=ROWS, regularizers=[VAT()] * 2
    )
    with pytest.raises(ValueError, match="keeps the state of 1 regularizers: expected as many, got 2"):
        other.train(resume_from_checkpoint=tmp_path / "whole/checkpoint-5")
