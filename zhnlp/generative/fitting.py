"""One optimizer over one loss: the package's trainer, for generative models."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import TrainerCallback, TrainingArguments

from zhnlp.generative.rows import Rows
from zhnlp.training.callbacks.early_stopping import EarlyStopping
from zhnlp.training.callbacks.ema_callback import EMACallback
from zhnlp.training.optimizers.adamw import adamw
from zhnlp.training.seeds import own_randomness
from zhnlp.training.trainer import Trainer

if TYPE_CHECKING:
    from zhnlp.generative.model import GenerativeModel


@dataclass(frozen=True)
class Fitting:
    """How a generative model is trained.

    Attributes:
        epochs: passes over the rows.
        batch_size: rows a step.
        learning_rate: the highest.
        schedule: "constant", "linear" or "cosine" (to zero), of transformers.
        warmup: share of the steps in which the rate rises, 0 to 1.
        betas: of Adam.
        weight_decay: of matrices.
        clip: greatest norm of the gradient; 0 for none.
        ema: decay of the average of weights that is kept in the end; None for none.
        patience: passes without a lower loss of the valid rows before the end; None for none.
        sample_every: passes between pictures of samples in ``out``; None for none.
        samples: examples in such a picture.
        out: folder of checkpoints, ``log.jsonl`` and ``samples/``, in which a second call continues; None for none.
        seed: of order and draws.
        progress: a bar; None on a terminal only.
        callbacks, regularizers: of `zhnlp.training`.
        optimizer: of torch, over the model's parameters; None for AdamW.
        arguments: of transformers' TrainingArguments, which go before these.
    """

    epochs: float = 50
    batch_size: int = 128
    learning_rate: float = 1e-3
    schedule: str = "constant"
    warmup: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    clip: float = 0.0
    ema: float | None = None
    patience: int | None = None
    sample_every: int | None = None
    samples: int = 64
    out: str | Path | None = None
    seed: int = 0
    progress: bool | None = None
    callbacks: Sequence[TrainerCallback] = ()
    regularizers: Sequence[Any] = ()
    optimizer: torch.optim.Optimizer | None = None
    arguments: dict[str, Any] | None = None

    def __post_init__(self):
        for name in ("epochs", "learning_rate"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < 1e6:
                raise ValueError(f"{name}={value!r} is not possible: expected a number above 0")
        if isinstance(self.batch_size, bool) or not isinstance(self.batch_size, int) or self.batch_size < 1:
            raise ValueError(
                f"batch_size={self.batch_size!r} is not possible: expected a whole number, 1 or more"
            )
        if self.sample_every is not None and self.out is None:
            raise ValueError(
                "sample_every draws pictures into out: expected a folder. Next: fit(…, out=folder)"
            )


def fit(model: GenerativeModel, rows: Rows, valid: Rows | None, settings: Fitting) -> list[dict[str, float]]:
    """Train in place; returns one dict of figures for each pass.

    Raises:
        FloatingPointError: the loss became nan or infinite.
    """
    with ExitStack() as stack:
        stack.enter_context(own_randomness(settings.seed))
        out = None if settings.out is None else Path(settings.out)
        folder = out or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        figures = _Figures()
        callbacks = [figures, *settings.callbacks]
        if settings.ema is not None:
            callbacks.append(EMACallback(settings.ema, at_end="average"))
        if valid is not None and settings.patience is not None:
            callbacks.append(EarlyStopping("eval_loss", patience=settings.patience))
        if settings.sample_every is not None:
            from zhnlp.generative.sampling import DrawSamples

            callbacks.append(DrawSamples(out, settings.sample_every, settings.samples, settings.seed))
        optimizer = settings.optimizer
        if optimizer is None:
            optimizer = adamw(model.parameters(), settings.learning_rate, settings.weight_decay)
            for group in optimizer.param_groups:
                group["betas"] = settings.betas
        stack.callback(model.register_forward_hook(figures.see).remove)
        trainer = _Trainer(
            model=model,
            args=_arguments(settings, folder, valid is not None),
            train_dataset=rows,
            eval_dataset=valid,
            data_collator=_whole,
            optimizers=(optimizer, None),
            callbacks=callbacks,
            regularizers=settings.regularizers,
            log=out is not None,
        )
        trainer.train(resume_from_checkpoint="auto" if out is not None else None)
    model.eval()
    return [
        {name: value for name, value in line.items() if isinstance(value, (int, float))}
        for line in trainer.state.log_history
        if "loss" in line or "eval_loss" in line
    ]


def _whole(batch: Any) -> dict[str, torch.Tensor]:
    """Batches come whole from `Rows`."""
    return batch


def _arguments(settings: Fitting, folder: Path, chooses: bool) -> TrainingArguments:
    cpu = not torch.cuda.is_available()
    made = {
        "output_dir": str(folder),
        "num_train_epochs": settings.epochs,
        "per_device_train_batch_size": settings.batch_size,
        "per_device_eval_batch_size": 4 * settings.batch_size,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": settings.schedule
        if settings.warmup == 0 or settings.schedule != "constant"
        else "constant_with_warmup",
        "warmup_steps": settings.warmup,
        "max_grad_norm": settings.clip,
        "use_cpu": cpu,
        "remove_unused_columns": False,
        "prediction_loss_only": True,
        "eval_strategy": "epoch" if chooses else "no",
        "save_strategy": "epoch" if chooses or settings.out is not None else "no",
        "save_total_limit": 2,
        "save_only_model": settings.out is None,
        "load_best_model_at_end": chooses,
        "metric_for_best_model": "eval_loss" if chooses else None,
        "greater_is_better": False if chooses else None,
        "logging_strategy": "epoch",
        "report_to": "none",
        "disable_tqdm": settings.progress is False,
        "seed": settings.seed,
        "data_seed": settings.seed,
        **(settings.arguments or {}),
    }
    return TrainingArguments(**made)


class _Trainer(Trainer):
    """A model's own loss is one number for the batch, whatever labels there are."""

    def prediction_step(
        self, model: Any, inputs: Any, prediction_loss_only: bool, ignore_keys: Any = None
    ) -> tuple[torch.Tensor, None, None]:
        with torch.no_grad():
            return model(**self._prepare_inputs(inputs))["loss"].detach(), None, None


class _Figures(TrainerCallback):
    """The mean of a model's other figures over a pass, added to the line of its loss."""

    def __init__(self):
        self.sums: dict[str, torch.Tensor] = {}
        self.seen = 0

    def see(self, model: Any, inputs: Any, outputs: dict[str, torch.Tensor]) -> None:
        """Note the figures of a batch that is learnt from."""
        if model.training:
            self.seen += 1
            for name, value in outputs.items():
                if name != "loss":
                    value = value.detach().float()
                    self.sums[name] = value + self.sums[name] if name in self.sums else value

    def on_log(self, args, state, control, logs=None, **kwargs):
        if logs is None or "loss" not in logs or not self.seen:
            return
        figures = {name: round(value.item() / self.seen, 6) for name, value in self.sums.items()}
        logs.update(figures)
        state.log_history[-1].update(figures)
        self.sums, self.seen = {}, 0
