"""Run a pre-training: a constant rate for as long as it still improves, continued from the newest checkpoint.

`zhnlp.training.pretraining.anneal` then makes a model of one of the checkpoints, and the training can go on from it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from zhnlp.text.files import write_whole
from zhnlp.training.pretraining.blocks import PackedBlocks
from zhnlp.training.pretraining.masking import MaskTokens, NextTokens
from zhnlp.training.pretraining.plan import PLAN_FILE, Plan
from zhnlp.training.pretraining.processes import main_process_first
from zhnlp.training.pretraining.start import start_from_counts, start_from_model
from zhnlp.training.pretraining.throughput import Throughput
from zhnlp.training.pretraining.tokens import TokenFile
from zhnlp.training.resumable import newest_complete
from zhnlp.training.trainer import Trainer

_START = 5_000_000  # tokens from which the embeddings start
_PIECE = 1000  # of them at a time
_EVALUATION_RATE = 0.15  # masked share on held-out text, whatever was trained with

log = logging.getLogger(__name__)


def pretrain(
    plan: Plan,
    tokenizer: Any,
    files: Sequence[TokenFile],
    out: str | Path,
    *,
    steps: int,
    weights: Sequence[float] | None = None,
    held_out: Mapping[str, TokenFile] | None = None,
    held_out_rows: int = 512,
    evaluate_every: int = 1000,
    save_every: int = 1000,
    anneal: int = 0,
    **arguments: Any,
) -> Path:
    """Train to ``steps`` steps in all, continuing from the newest checkpoint in ``out``; returns the last checkpoint.

    Args:
        plan: network, batch and rates; another plan than the one ``out`` was begun with is refused.
        tokenizer: that of ``files``; it is saved with every checkpoint.
        files: token files to train on, mixed by ``weights``.
        out: folder of checkpoints.
        steps: optimizer steps since the beginning.
        held_out: token files by name, scored every ``evaluate_every`` steps on at most ``held_out_rows`` rows; those
            shorter than a row are left out, with a warning.
        anneal: of ``steps`` the last ones, in which the rate falls linearly to zero from what it had reached; 0 for a
            rate without an end.
        **arguments: for transformers.TrainingArguments, e.g. ``torch_compile=True`` or ``use_cpu=True``.

    Raises:
        ValueError: ``out`` holds the training of another plan, or ``steps`` lie behind its newest checkpoint, or are
            fewer than ``anneal``.
    """
    import transformers

    out = Path(out)
    if not 0 <= anneal <= steps:
        raise ValueError(f"anneal is {anneal}: expected 0 to {steps}, the steps in all")
    with main_process_first(use_cpu=bool(arguments.get("use_cpu"))):
        out.mkdir(parents=True, exist_ok=True)
        _same_plan(plan, out)
    begun = newest_complete(out)
    done = 0 if begun is None else int(begun.name.rpartition("-")[2])
    if steps < done:
        raise ValueError(f"{out} has {done:,} steps: expected more in all, got steps={steps:,}")
    transformers.set_seed(plan.seed)
    model = plan.make_model(tokenizer)
    earlier: dict[str, Any] = {}
    if begun is None and plan.start is not None:
        earlier = start_from_model(model, tokenizer, plan.start, plan.objective)
    elif begun is None:
        start_from_counts(model, _stretch(files, weights, plan.seed), seed=plan.seed)
    masked = plan.objective == "masked-lm"
    frame = (tokenizer.cls_token_id, tokenizer.sep_token_id) if masked else ()
    tests = _held_out_rows(held_out or {}, plan, frame, held_out_rows)
    cuda = torch.cuda.is_available() and not arguments.get("use_cpu")
    settings = transformers.TrainingArguments(
        **{
            "output_dir": str(out),
            "max_steps": steps,
            "per_device_train_batch_size": plan.rows,
            "learning_rate": plan.learning_rate,
            "weight_decay": plan.weight_decay,
            "adam_beta2": 0.98,
            "warmup_steps": plan.warmup,
            "lr_scheduler_type": "constant_with_warmup",  # without an end, so that more steps continue it exactly
            "optim": "adamw_torch_fused",
            "bf16": True,
            "use_cpu": not cuda,
            "train_sampling_strategy": "sequential",
            "remove_unused_columns": False,
            "save_steps": save_every,
            "save_total_limit": 2,
            "eval_strategy": "steps" if tests else "no",
            "eval_steps": evaluate_every,
            "logging_steps": 100,
            "report_to": "none",
            "seed": plan.seed,
            "data_seed": plan.seed,
            **arguments,
        }
    )
    devices = settings.world_size * max(1, settings.n_gpu)
    length, every = plan.length, plan.rows * devices * settings.gradient_accumulation_steps
    train = PackedBlocks(
        files, length=length, size=steps * every, weights=weights, frame=frame, seed=plan.seed
    )
    collate = _collator(plan, tokenizer, rate=plan.mask_rate, whole_words=plan.whole_words)
    trainer = _PretrainingTrainer(
        model=model,
        args=settings,
        train_dataset=train,
        eval_dataset=tests or None,
        data_collator=collate,
        processing_class=tokenizer,
        callbacks=[Throughput(plan.length * every, earlier)],
    )
    trainer.collate_held_out = _collator(plan, tokenizer, rate=_EVALUATION_RATE, whole_words=0.0)
    trainer.decay = anneal
    trainer.train(resume_from_checkpoint=None if begun is None else str(begun))
    trainer.accelerator.wait_for_everyone()  # all look at the same files
    last = newest_complete(out)
    if last is None or not last.name.endswith(f"-{steps}"):
        trainer._save_checkpoint(model, trial=None)
        last = newest_complete(out)
    return last


def decaying_rate(warmup: int, steps: int, decay: int) -> Callable[[int], float]:
    """The share of the learning rate at a step: it rises, stays, and over the last ``decay`` steps falls linearly to 0.

    It falls from the rate that was reached, also where the warmup was not over.

    Example:
        >>> rate = decaying_rate(warmup=20, steps=14, decay=4)
        >>> [rate(step) for step in (0, 5, 10, 12, 14)]
        [0.0, 0.25, 0.5, 0.25, 0.0]
    """

    def rate(step: int) -> float:
        reached = min(1.0, min(step, steps - decay) / max(1, warmup))
        return reached * max(0, steps - max(step, steps - decay)) / decay

    return rate


def _collator(plan: Plan, tokenizer: Any, *, rate: float, whole_words: float) -> MaskTokens | NextTokens:
    if plan.objective == "causal-lm":
        return NextTokens()
    return MaskTokens(tokenizer, rate=rate, whole_words=whole_words, seed=plan.seed)


def _stretch(files: Sequence[TokenFile], weights: Sequence[float] | None, seed: int) -> Any:
    """A sample of the mixed text, one array of ids."""
    import numpy as np

    long = [number for number, file in enumerate(files) if len(file) >= _PIECE]
    if not long:
        return np.concatenate([file.ids for file in files])
    weights = None if weights is None else [weights[number] for number in long]
    files = [files[number] for number in long]
    rows = min(_START, sum(map(len, files))) // _PIECE
    blocks = PackedBlocks(files, length=_PIECE, size=rows, weights=weights, seed=seed)
    return np.concatenate([blocks[row]["ids"] for row in range(rows)])


def _held_out_rows(
    held_out: Mapping[str, TokenFile], plan: Plan, frame: tuple[int, ...], most: int
) -> dict[str, PackedBlocks]:
    """The rows to score, by name; what is shorter than a row is left out and said."""
    rows = {name: len(file) // (plan.length - len(frame)) for name, file in held_out.items()}
    if short := ", ".join(name for name, count in rows.items() if not count):
        log.warning("held-out text shorter than a row of %d tokens is not scored: %s", plan.length, short)
    return {
        name: PackedBlocks(
            [held_out[name]], length=plan.length, size=min(most, count), frame=frame, seed=plan.seed
        )
        for name, count in rows.items()
        if count
    }


def _same_plan(plan: Plan, out: Path) -> None:
    path = out / PLAN_FILE
    if not path.exists():
        write_whole(path, json.dumps(plan.as_dict(), indent=1))
        return
    old = json.loads(path.read_text(encoding="utf-8"))
    if changed := {
        name: (old.get(name), value) for name, value in plan.as_dict().items() if old.get(name) != value
    }:
        said = ", ".join(f"{name} {before} → {now}" for name, (before, now) in changed.items())
        raise ValueError(f"{out} was begun with another plan: {said}. Next: the same plan, or another folder")


class _PretrainingTrainer(Trainer):
    """The trainer with held-out loss, and accuracy or bits, of each named set in place of transformers' evaluation."""

    collate_held_out: Any = None
    decay = 0

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        if self.decay and self.lr_scheduler is None:
            rate = decaying_rate(
                self.args.get_warmup_steps(num_training_steps), num_training_steps, self.decay
            )
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer or self.optimizer, rate)
        return super().create_scheduler(num_training_steps, optimizer)

    def evaluate(self, eval_dataset=None, ignore_keys=None, metric_key_prefix="eval"):
        figures: dict[str, float] = {}
        for name, rows in (eval_dataset or self.eval_dataset).items():
            for key, value in held_out_scores(self.model, rows, self.collate_held_out).items():
                figures[f"{metric_key_prefix}_{name}_{key}"] = value
        self.log(dict(figures))
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, figures)
        return figures


@torch.no_grad()
def held_out_scores(
    model: torch.nn.Module, rows: PackedBlocks, collate: Any, *, batch: int = 32
) -> dict[str, float]:
    """Mean loss in nats over the asked tokens, and the share guessed right where the model is a masked one."""
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    total = count = right = 0.0
    masked = isinstance(collate, MaskTokens)
    for begin in range(0, len(rows), batch):
        data = collate([rows[number] for number in range(begin, min(begin + batch, len(rows)))])
        data = {name: tensor.to(device) for name, tensor in data.items()}
        if masked:
            nats, hits, asked = _masked_scores(model, data)
            total, right = total + nats, right + hits
        else:
            asked = int((data["labels"][:, 1:] != -100).sum())
            with torch.autocast(device.type, torch.bfloat16):
                total += float(model(**data).loss) * asked
        count += asked
    model.train(was_training)
    scores = {"loss": total / count}
    return scores | {"accuracy": right / count} if masked else scores


def _masked_scores(model: torch.nn.Module, data: dict[str, torch.Tensor]) -> tuple[float, int, int]:
    """The nats of the asked tokens, how many are the likeliest of the vocabulary, and how many were asked."""
    from zhnlp.models.roformer import encode

    network = getattr(model, "_orig_mod", model)
    head = network.cls.predictions
    asked = data["labels"] != -100
    gold = data["labels"][asked]
    with torch.autocast(gold.device.type, torch.bfloat16):
        picked = head.transform(encode(network.roformer, data["input_ids"])[asked])  # (N, D)
    decoder = head.decoder
    said = torch.nn.functional.linear(picked.float(), decoder.weight.float(), decoder.bias.float())  # (N, V)
    nats = torch.nn.functional.cross_entropy(said, gold, reduction="sum")
    return float(nats), int((said.argmax(-1) == gold).sum()), len(gold)
