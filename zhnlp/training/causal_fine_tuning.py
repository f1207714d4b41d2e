"""Fine-tuning a causal language model on one's own text: all weights with AdamW or Adafactor, or thin adapters (LoRA).

Adam keeps two numbers beside each weight; Adafactor keeps a row and a column of each matrix, which is what fits GPT2_ML
(1.5 thousand million weights) on a GPU of 24 GB (post 7292).

Source: 苏剑林, https://kexue.fm/archives/7292; Shazeer & Stern 2018, https://arxiv.org/abs/1804.04235 (Adafactor)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers

from zhnlp.models.length_limit import length_limit
from zhnlp.models.precision import fast_dtype
from zhnlp.text.files import write_whole
from zhnlp.text.holdout import held_out
from zhnlp.training.lora import add_lora, check_lora
from zhnlp.training.optimizers.adamw import adamw
from zhnlp.training.optimizers.by_name import optimizer_by_name
from zhnlp.training.packed_rows import PackedRows, collate_rows
from zhnlp.training.regularizers.base import Regularizer
from zhnlp.training.trainer import Trainer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

OPTIMIZERS = ("adamw", "adafactor")
SMALL = 50_000_000  # weights below which a model takes a larger rate
_RATES = {  # (optimizer, small, LoRA) → rate; those of Adafactor are relative to the size of the weights
    ("adamw", True, False): 5e-4,
    ("adamw", False, False): 5e-5,
    ("adamw", True, True): 2e-3,
    ("adamw", False, True): 3e-4,
    ("adafactor", True, False): 1e-2,
    ("adafactor", False, False): 2e-3,
    ("adafactor", True, True): 3e-2,
    ("adafactor", False, True): 1e-2,
}
_LENGTH = 512  # tokens of a row where the model reads more
_SCORED = 200_000  # characters of held-out documents that are scored at most
_PLAN = "fine_tuning.json"
_CHECKPOINTING = (  # its name from transformers 5.2x on, and before
    "activation_checkpointing"
    if hasattr(transformers.TrainingArguments, "activation_checkpointing")
    else "gradient_checkpointing"
)


@dataclass(frozen=True)
class FineTuning:
    """How a causal model is fine-tuned.

    Attributes:
        optimizer: "adamw" or "adafactor".
        lora: rank of the adapters that learn in place of the weights; None: all weights learn.
        epochs: passes over the text.
        batch_size: rows a step.
        length: tokens of a row; None for what the model reads, at most 512.
        learning_rate: the highest; it rises over a tenth of the steps and then falls to zero. None: by optimizer and size.
        weight_decay: of matrices.
        gradient_checkpointing: compute layers twice and keep less, for large models.
        held_out_share: share of the documents that are kept out and scored, 0 to below 1.
        seed: of order, adapters and dropout.

    Raises:
        ValueError: one of them cannot be.
        ImportError: LoRA without peft.
    """

    optimizer: str = "adamw"
    lora: int | None = None
    epochs: float = 3.0
    batch_size: int = 8
    length: int | None = None
    learning_rate: float | None = None
    weight_decay: float = 0.01
    gradient_checkpointing: bool = False
    held_out_share: float = 0.05
    seed: int = 0

    def __post_init__(self):
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(
                f"optimizer={self.optimizer!r} is not known: expected {' or '.join(map(repr, OPTIMIZERS))}"
            )
        for name, value in (("epochs", self.epochs), ("learning_rate", self.learning_rate)):
            if value is not None and not 0 < value < 1e6:
                raise ValueError(f"{name}={value!r} is not possible: expected a number above 0")
        for name, value, least in (("batch_size", self.batch_size, 1), ("length", self.length, 2)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
                raise ValueError(
                    f"{name}={value!r} is not possible: expected a whole number, {least} or more"
                )
        if not 0 <= self.held_out_share < 1:
            raise ValueError(f"held_out_share={self.held_out_share!r} is not possible: expected 0 to below 1")
        check_lora(self.lora)


def fine_tune(
    model: str | Path,
    texts: Iterable[str],
    out: str | Path,
    settings: FineTuning | None = None,
    *,
    device: str | torch.device | None = None,
    progress: bool | None = None,
    callbacks: Sequence[transformers.TrainerCallback] = (),
    regularizers: Sequence[Regularizer] = (),
    **arguments: Any,
) -> dict[str, Any]:
    """Fine-tune a causal model of any kind on texts; ``out`` is then a checkpoint that loads anywhere.

    Called again it goes on from the newest checkpoint in ``out/training``, and returns at once where it was done.  With LoRA
    the adapters are merged into the weights of ``out``, and lie alone in ``out/adapter``.

    Args:
        model: shipped name, folder or Hub id.
        texts: documents; they are held in memory as tokens.
        out: folder of the model.
        settings: None for the defaults.
        device: "cpu", or None for the GPU where there is one.
        progress: False for no bar.
        callbacks, regularizers: of `zhnlp.training`, for the trainer.
        **arguments: of `transformers.TrainingArguments`, which go before these.

    Returns:
        ``folder``, ``documents``, ``tokens``, ``steps``, ``trained`` (weights that learnt) and, of the documents that were held
        out, ``bits_per_character`` and ``before`` (None where there is none).

    Raises:
        ValueError: there is no text, the model is none, or ``out`` holds another training.
    """
    from zhnlp import tokenizers
    from zhnlp.models.loading import choose_device, load_model

    settings, out = settings or FineTuning(), Path(out)
    chosen = choose_device(device)
    network = load_model(model, "causal-lm", device=chosen, dtype="float32")
    tokenizer = tokenizers.load(model)
    tokenizers.repair(tokenizer, network)
    limit = length_limit(tokenizer, network.config)
    length = min(limit, settings.length or _LENGTH)
    kept, tests = _split(texts, settings.held_out_share)
    rows = PackedRows(kept, tokenizer, length)
    _same_training(out / "training", settings, str(model), rows)
    before = _bits(network, tokenizer, tests, length, chosen)
    network = _quick(network)
    transformers.set_seed(settings.seed)
    if settings.gradient_checkpointing and settings.lora:
        network.enable_input_require_grads()
    learner = network if settings.lora is None else add_lora(network, settings.lora)
    trained = sum(one.numel() for one in learner.parameters() if one.requires_grad)
    trainer = Trainer(
        model=learner,
        args=_arguments(settings, out / "training", chosen, progress, arguments),
        train_dataset=rows,
        data_collator=collate_rows,
        optimizers=(_optimizer(learner, settings), None),
        callbacks=list(callbacks),
        regularizers=regularizers,
    )
    trainer.train(resume_from_checkpoint="auto")
    learner = trainer.accelerator.unwrap_model(trainer.model, keep_fp32_wrapper=False)
    if settings.lora is not None:
        learner.save_pretrained(out / "adapter", save_embedding_layers=False)
        learner = learner.merge_and_unload()
    learner.eval().save_pretrained(out)
    tokenizer.save_pretrained(out)
    after = _bits(learner, tokenizer, tests, length, chosen)
    return {
        "folder": str(out),
        "documents": rows.documents,
        "tokens": rows.tokens,
        "steps": trainer.state.global_step,
        "trained": trained,
        "before": before,
        "bits_per_character": after,
    }


def learning_rate_of(settings: FineTuning, weights: int) -> float:
    """The rate that is asked for, or that of the optimizer and the size.

    Example:
        >>> learning_rate_of(FineTuning(), 5_000_000), learning_rate_of(FineTuning("adafactor"), 1_500_000_000)
        (0.0005, 0.002)
    """
    if settings.learning_rate is not None:
        return settings.learning_rate
    return _RATES[settings.optimizer, weights < SMALL, settings.lora is not None]


def _optimizer(learner: Any, settings: FineTuning) -> torch.optim.Optimizer:
    rate = learning_rate_of(settings, sum(one.numel() for one in learner.parameters()))
    if settings.optimizer == "adamw":
        return adamw(learner.parameters(), rate, settings.weight_decay)
    learnt = [one for one in learner.parameters() if one.requires_grad]
    return optimizer_by_name("adafactor", learnt, lr=rate, weight_decay=settings.weight_decay)


def _arguments(
    settings: FineTuning, folder: Path, device: torch.device, progress: bool | None, more: dict[str, Any]
) -> transformers.TrainingArguments:
    made = {
        "output_dir": str(folder),
        "num_train_epochs": settings.epochs,
        "per_device_train_batch_size": settings.batch_size,
        "learning_rate": 1.0,  # the optimizer is made here
        "lr_scheduler_type": "linear",
        "warmup_steps": 0.1,
        "max_grad_norm": 1.0,
        "bf16": fast_dtype(device) == torch.bfloat16,
        "use_cpu": device.type == "cpu",
        "remove_unused_columns": False,
        "save_strategy": "epoch",
        "save_total_limit": 1,
        "logging_steps": 10,
        "report_to": "none",
        "disable_tqdm": progress is False,
        "seed": settings.seed,
        "data_seed": settings.seed,
        **({_CHECKPOINTING: True} if settings.gradient_checkpointing else {}),
        **more,
    }
    return transformers.TrainingArguments(**made)


def _split(texts: Iterable[str], share: float) -> tuple[list[str], list[str]]:
    """Documents to learn from, and those held out; where all would be, none is."""
    kept, tests = [], []
    for text in texts:
        (tests if share and held_out(text, share) else kept).append(text)
    return (kept, tests) if kept else (tests, [])


def _bits(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    documents: Sequence[str],
    length: int,
    device: torch.device,
) -> float | None:
    """Bits a character of held-out documents, at most `_SCORED` characters; None where there are none."""
    from zhnlp.models.batching import default_budget
    from zhnlp.training.pretraining.evaluation import score_causal

    chosen, size = [], 0
    for text in documents:
        if chosen and size + len(text) > _SCORED:
            break
        chosen.append(text)
        size += len(text)
    if not chosen:
        return None
    fast = fast_dtype(device) == torch.bfloat16
    with torch.autocast(device.type, torch.bfloat16) if fast else nullcontext():
        scores = score_causal(model, tokenizer, chosen, context=length, batch_tokens=default_budget(device))
    return scores.summary()["bits_per_character"]


def _quick(model: PreTrainedModel) -> PreTrainedModel:
    """A stock GPT-NeoX, such as the shipped one, with the loss that trains faster on a CPU; the weights are the same."""
    from zhnlp.models.gpt_neox import GPTNeoXForCausalLM

    if type(model) is transformers.GPTNeoXForCausalLM and model.device.type == "cpu":
        model.__class__ = GPTNeoXForCausalLM
    return model


def _same_training(folder: Path, settings: FineTuning, model: str, rows: PackedRows) -> None:
    """Refuse to go on with another model, other text or other settings than a training was begun with."""
    text = blake2b(rows.ids.tobytes(), digest_size=8).hexdigest()
    plan = {"model": model, "text": text, "row": rows.length, **asdict(settings)}
    file = folder / _PLAN
    if file.is_file() and any(folder.glob("checkpoint-*")):
        old = json.loads(file.read_text("utf-8"))
        changed = [
            f"{name} {old.get(name)} → {value}" for name, value in plan.items() if old.get(name) != value
        ]
        if changed:
            raise ValueError(
                f"{folder} holds another training: {', '.join(changed)}. Expected the same to go on. Next: another folder"
            )
    write_whole(file, json.dumps(plan, ensure_ascii=False, indent=1))
