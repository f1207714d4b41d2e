"""The two stages of post 5505 through the package's trainer: cross-entropy, then macro-F1 from the best weights.

Source: 苏剑林, https://kexue.fm/archives/5505; logits moved while learning: Menon et al. 2021, https://arxiv.org/abs/2007.07314
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from transformers import TrainingArguments

from zhnlp.nn.losses.soft_macro_f1 import soft_macro_f1
from zhnlp.training.class_fractions import ClassFractionBatches
from zhnlp.training.seeds import own_randomness
from zhnlp.training.trainer import Trainer

if TYPE_CHECKING:
    from zhnlp.generative.spectra.classifier import SpectrumClassifier

STAGES = ("cross-entropy", "macro-F1")


class Learner(nn.Module):
    """A network with the loss of a stage, as the trainer calls it."""

    def __init__(self, network: nn.Module, stage: str, weights: Tensor | None, shift: Tensor | None):
        super().__init__()
        self.network, self.stage = network, stage
        self.register_buffer("weights", weights, persistent=False)
        self.register_buffer("shift", shift, persistent=False)

    def forward(self, x: Tensor, labels: Tensor) -> dict[str, Tensor]:
        logits = self.network(x)
        if self.training and self.shift is not None:
            logits = logits + self.shift
        if self.stage == STAGES[1]:
            return {"loss": soft_macro_f1(logits, labels), "logits": logits}
        return {"loss": F.cross_entropy(logits, labels, self.weights), "logits": logits}


def train(model: SpectrumClassifier, x: Tensor, y: Tensor) -> np.ndarray:
    """Train ``model.network_`` on x (N, C, L), y (N,), and write ``history_``.

    Returns:
        (K,) what is added to the logits for classes as frequent as in the data: log of their share there by that in the batches.

    Raises:
        ValueError: a class has one spectrum only, where some are to be held out.
    """
    counts = torch.bincount(y, minlength=len(model.classes_))
    learnt, held_out = _split(model, y, counts)
    counts = torch.bincount(y[learnt], minlength=len(model.classes_)).double()
    shares = counts / counts.sum()
    in_batch = shares
    weights = shift = None
    if model.imbalance == "fractions":
        asked = model.fractions or dict(zip(model.classes_.tolist(), counts.sqrt().tolist()))
        named = {_number(model, name): share for name, share in asked.items()}
        in_batch = torch.tensor([named.get(number, 0.0) for number in range(len(counts))]).double()
        in_batch = in_batch / in_batch.sum()
    elif model.imbalance == "weights":
        weights = (1 / (len(counts) * shares)).float()
        in_batch = torch.full_like(shares, 1 / len(counts))
    elif model.imbalance == "logits":
        shift = shares.log().float()
        in_batch = torch.full_like(shares, 1 / len(counts))
    rows = [{"x": x[row], "labels": y[row]} for row in learnt.tolist()]
    valid = [{"x": x[row], "labels": y[row]} for row in held_out.tolist()]
    for stage, epochs in zip(STAGES, (model.epochs, model.f1_epochs)):
        if epochs:
            _stage(model, stage, epochs, rows, valid, y[learnt], in_batch, weights, shift)
    model.network_.eval()
    return (shares.log() - in_batch.log()).numpy()


def _split(model: SpectrumClassifier, y: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    everything = torch.arange(len(y))
    if not model.valid:
        return everything, everything[:0]
    if counts.min() < 2:
        rare = model.classes_[int(counts.argmin())]
        raise ValueError(
            f"class {str(rare)!r} has one spectrum only: expected two or more, to learn from and to choose by. Next: leave it out, or valid=0"
        )
    least = max(model.valid, len(counts) / len(y))
    learnt, held_out = train_test_split(
        everything.numpy(), test_size=least, random_state=model.seed, stratify=y
    )
    return torch.as_tensor(np.sort(learnt)), torch.as_tensor(np.sort(held_out))


def _number(model: SpectrumClassifier, name: Any) -> int:
    found = np.flatnonzero(model.classes_ == name)
    if not len(found):
        raise ValueError(f"fractions name class {name!r}: expected {model.classes_.tolist()}")
    return int(found[0])


def _stage(
    model: SpectrumClassifier,
    stage: str,
    epochs: int,
    rows: list[dict[str, Tensor]],
    valid: list[dict[str, Tensor]],
    labels: Tensor,
    fractions: Tensor,
    weights: Tensor | None,
    shift: Tensor | None,
) -> None:
    second = stage == STAGES[1]
    size = min(model.batch_size * (2 if second else 1), max(len(rows), len(fractions)))
    with ExitStack() as stack:
        stack.enter_context(own_randomness(model.seed + second))
        out = None if model.out is None else Path(model.out) / stage
        folder = out or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # The F1 of a class is only defined where the batch holds it, so the second stage always draws by class.
        drawn = model.imbalance == "fractions" or second
        shares = dict(enumerate(fractions.tolist()))
        batches = ClassFractionBatches(labels.numpy(), size, shares, seed=model.seed) if drawn else None
        learner = Learner(model.network_, stage, weights, shift)
        trainer = Trainer(
            model=learner,
            args=_arguments(model, folder, epochs, size, second, bool(valid)),
            train_dataset=rows,
            eval_dataset=valid or None,
            batch_sampler=batches,
            compute_metrics=lambda given: _scores(model, *given),
            log=out is not None,
        )
        trainer.train(resume_from_checkpoint="auto" if out is not None else None)
        for line in trainer.state.log_history:
            if "eval_macro_f1" in line:
                figures = {name.removeprefix("eval_"): value for name, value in line.items()}
                kept = {name: figures[name] for name in ("epoch", "loss", "macro_f1", "accuracy")}
                kept["f1"] = [figures[f"f1_{number}"] for number in range(len(model.classes_))]
                model.history_.append({"stage": stage, **kept})


def _scores(model: SpectrumClassifier, logits: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    from sklearn.metrics import f1_score

    predicted = logits.argmax(1)
    every = f1_score(labels, predicted, labels=range(len(model.classes_)), average=None, zero_division=0)
    each = {f"f1_{number}": float(value) for number, value in enumerate(every)}
    return {"macro_f1": float(every.mean()), "accuracy": float((predicted == labels).mean()), **each}


def _arguments(
    model: SpectrumClassifier, folder: Path, epochs: int, size: int, second: bool, chooses: bool
) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder),
        num_train_epochs=epochs,
        per_device_train_batch_size=size,
        per_device_eval_batch_size=512,
        learning_rate=model.learning_rate / (5 if second else 1),
        lr_scheduler_type="constant",
        max_grad_norm=0.0,
        weight_decay=0.0,
        use_cpu=model._where().type == "cpu",
        remove_unused_columns=False,
        eval_strategy="epoch" if chooses else "no",
        save_strategy="epoch" if chooses or model.out is not None else "no",
        save_total_limit=1,
        save_only_model=model.out is None,
        load_best_model_at_end=chooses,
        metric_for_best_model="macro_f1" if chooses else None,
        greater_is_better=True if chooses else None,
        logging_strategy="epoch",
        report_to="none",
        disable_tqdm=model.progress is False,
        seed=model.seed,
        data_seed=model.seed,
    )
