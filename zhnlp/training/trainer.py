"""The trainer of zhnlp: transformers.Trainer with the blog's techniques as parts, and training that can be repeated.

What it adds: the same weights bit for bit after a kill and a restart; evaluations that leave the random numbers of the
training alone; losses weighted by tokens over micro-batches and processes; regularizers; errors that say what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset
from transformers.trainer_callback import ExportableState, TrainerControl
from transformers.trainer_utils import has_length

from zhnlp.models.bars import no_bars
from zhnlp.training import resumable
from zhnlp.training.callbacks.jsonl_log import JsonlLog
from zhnlp.training.callbacks.memory import ReturnMemory
from zhnlp.training.callbacks.progress import ProgressBar
from zhnlp.training.divergence import Watch
from zhnlp.training.loaders import batches_of, indexed_loader, stream_loader
from zhnlp.training.regularizers.base import Regularizer, split_loss
from zhnlp.training.renamed_weights import LoadsRenamed
from zhnlp.training.seeds import derive_seed, own_randomness, seed_everything
from zhnlp.training.unlabelled import with_some_labels, zero_loss


class Trainer(LoadsRenamed, transformers.Trainer):
    """transformers.Trainer whose training can be repeated, resumed bit for bit and regularized.

    All arguments of transformers.Trainer, and:

    Args:
        regularizers: parts of `zhnlp.training.regularizers`, applied in order to every micro-batch.
        batch_sampler: yields lists of indices for one process, e.g. `TokenBudgetBatches`; None makes batches of
            ``per_device_train_batch_size`` by ``train_sampling_strategy`` ("random", "sequential", "group_by_length").
        log: keep ``log.jsonl`` in the output folder.

    The loss of a step is the mean over all labels (those that are not -100) of its micro-batches and processes, also
    for models that ignore ``num_items_in_batch``, such as BertForMaskedLM (post 6794).

    Raises:
        ValueError: the training data is empty, a batch has no labels, a checkpoint is broken, or fp16 is asked of a CPU.
        FloatingPointError: the loss is nan or infinite; the message has the step and the likely cause.
    """

    def __init__(
        self,
        *args: Any,
        regularizers: Sequence[Regularizer] = (),
        batch_sampler: Iterable[Sequence[int]] | None = None,
        log: bool = True,
        **options: Any,
    ):
        super().__init__(*args, **options)
        self.regularizers = list(regularizers)
        self.batch_sampler = batch_sampler
        self.args.logging_nan_inf_filter = False  # the watch below refuses them, and asks the GPU less often
        self._watch = Watch(self)
        self._unfinished: Path | None = None
        self._defer_finish = False
        if self.pop_callback(transformers.ProgressCallback) is not None:
            self.add_callback(ProgressBar())
        self.pop_callback(transformers.PrinterCallback)
        if self.args.device.type == "cpu":
            self.add_callback(ReturnMemory())
        if log and not any(isinstance(callback, JsonlLog) for callback in self.callback_handler.callbacks):
            self.add_callback(JsonlLog())  # last: callbacks before it may add to what is logged
        if self.args.fp16 and self.args.device.type == "cpu":  # which would train in float32 and not say so
            raise ValueError(
                "fp16 needs a GPU: expected one, got the cpu. Next: bf16=True, or neither for float32"
            )
        if self.regularizers and self._has_own_engine():
            raise ValueError(
                "regularizers need the plain backward pass: expected no DeepSpeed or context parallelism. "
                "Next: leave regularizers out, or train with torchrun alone"
            )

    # --- training, from a checkpoint or not ------------------------------------------------------------------------

    def train(self, resume_from_checkpoint: str | Path | bool | None = None, **options: Any) -> Any:
        """Train; ``resume_from_checkpoint`` is a folder, True for the newest one, "auto" for the newest one if any.

        Checkpoints that a kill left half-written are passed over, with a warning.
        """
        checkpoint = self._checkpoint_to_resume(resume_from_checkpoint)
        if checkpoint is None:
            rank = self.args.process_index
            seed_everything(self.args.seed if rank == 0 else derive_seed(self.args.seed, "rank", rank))
        resumable.load_parts(checkpoint, self.regularizers)
        return super().train(resume_from_checkpoint=checkpoint, **options)

    def _checkpoint_to_resume(self, asked: str | Path | bool | None) -> str | None:
        folder = Path(self.args.output_dir)
        if asked is None or asked is False:
            if self.args.should_save and any(folder.glob("checkpoint-*")):
                transformers.logging.get_logger(__name__).warning(
                    f"{folder} holds checkpoints of an earlier training, and this one starts anew. "
                    'To go on instead: train(resume_from_checkpoint="auto")'
                )
            return None
        if asked is True or asked == "auto":
            newest = resumable.newest_complete(folder)
            if newest is None and asked is True:
                raise ValueError(
                    f"{folder} holds no whole checkpoint to resume from: expected checkpoint-<step>. "
                    'Next: train(resume_from_checkpoint="auto"), which starts anew where there is none'
                )
            return None if newest is None else str(newest)
        found = resumable.fault(asked)
        if found is not None:
            raise ValueError(
                f"training cannot resume from {asked}: {found}. Next: train(resume_from_checkpoint=True) "
                "for the newest whole one"
            )
        return str(asked)

    def _run_epoch(self, *args: Any, **options: Any) -> None:
        """Not one step more when the training was over before it was resumed."""
        over = self.state.max_steps > 0 and self.state.global_step >= self.state.max_steps
        if over or self.control.should_training_stop:
            self.control.should_training_stop = True
            return
        super()._run_epoch(*args, **options)

    def _load_callback_state(self) -> None:
        """Give callbacks back what the checkpoint keeps of them, without replacing them."""
        if self.args.restore_callback_states_from_checkpoint:
            super()._load_callback_state()
            return
        for name, kept in self.state.stateful_callbacks.items():
            own = [
                callback
                for callback in self.callback_handler.callbacks
                if isinstance(callback, ExportableState)
                and not isinstance(callback, TrainerControl)
                and type(callback).__name__ == name
            ]
            kept = kept if isinstance(kept, list) else [kept]
            for callback, state in zip(own, kept[-len(own) :] if own else ()):
                for attribute, value in state.get("attributes", {}).items():
                    setattr(callback, attribute, value)

    # --- checkpoints -----------------------------------------------------------------------------------------------

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Write a checkpoint that says so while it is being written; older ones go when it is whole."""
        self._watch.check()
        folder = Path(self._get_output_dir(trial)) / f"checkpoint-{self.state.global_step}"
        if self.args.should_save:
            resumable.begin(folder)
        self.accelerator.wait_for_everyone()
        limit, self.args.save_total_limit = self.args.save_total_limit, None
        try:
            with no_bars():
                super()._save_checkpoint(model, trial)
        finally:
            self.args.save_total_limit = limit
        if self.args.should_save:
            resumable.save_parts(folder, self.regularizers)
        self._unfinished = folder
        if not self._defer_finish:
            self._finish_checkpoint()

    def _finish_checkpoint(self) -> None:
        folder, self._unfinished = self._unfinished, None
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            (folder / resumable.MARK).unlink(missing_ok=True)
            best = self.state.best_model_checkpoint
            resumable.rotate(folder, self.args.save_total_limit, keep=best)
        self.accelerator.wait_for_everyone()  # no process looks at a folder that is not whole, or about to go

    def _maybe_log_save_evaluate(self, *args: Any, **options: Any) -> None:
        """As in transformers; a checkpoint is whole only after the callbacks' ``on_save``."""
        if self.control.should_log or self.control.should_evaluate:
            self._watch.check()
        self._defer_finish = True
        try:
            super()._maybe_log_save_evaluate(*args, **options)
        finally:
            self._defer_finish = False
        if self._unfinished is not None:
            self._finish_checkpoint()

    # --- data ------------------------------------------------------------------------------------------------------

    def get_train_dataloader(self) -> DataLoader:
        """Batches whose order and random draws hang on the seed, the epoch and their number alone."""
        dataset, args = self.train_dataset, self.args
        if dataset is None:
            raise ValueError("there is no training data. Next: Trainer(train_dataset=…)")
        if self.batch_sampler is None and self._is_loaded_by_transformers(dataset):
            return super().get_train_dataloader()
        if getattr(dataset, "column_names", None) and hasattr(dataset, "remove_columns"):
            lean, collate = self._remove_unused_columns(dataset, description="Training"), self.data_collator
        else:
            lean, collate = dataset, self._get_collator_with_removed_columns(self.data_collator, "Training")
        if isinstance(dataset, IterableDataset):
            return stream_loader(lean, collate, args, self._train_batch_size)
        batches = self.batch_sampler
        if batches is None:
            batches = batches_of(dataset, args, self._train_batch_size)
        return indexed_loader(lean, collate, args, batches)

    def _is_loaded_by_transformers(self, dataset: Any) -> bool:
        """Streams of ``datasets`` share themselves out over workers; other parallelisms than of data have loaders of their own."""
        foreign = type(dataset).__module__.partition(".")[0] == "datasets" and isinstance(
            dataset, IterableDataset
        )
        foreign = foreign and self.args.dataloader_num_workers > 0
        parallel = getattr(self.accelerator, "parallelism_config", None) is not None
        unknown = not isinstance(dataset, IterableDataset) and not has_length(dataset)
        return foreign or parallel or unknown or self.args.train_sampling_strategy == "batch_rebalance"

    # --- evaluation ------------------------------------------------------------------------------------------------

    def evaluate(self, *args: Any, **options: Any) -> dict[str, float]:
        """Evaluate on random numbers that are the same each time, and leave those of the training where they stood.

        A callback with a context ``evaluating()`` has it open meanwhile: `EMACallback` puts its average in.
        """
        with own_randomness(self.args.seed), self._evaluating():
            return super().evaluate(*args, **options)

    def _evaluate(self, *args: Any, **options: Any) -> dict[str, float]:
        """The same where a subclass has an ``evaluate`` of its own."""
        with own_randomness(self.args.seed):
            return super()._evaluate(*args, **options)

    def predict(self, *args: Any, **options: Any) -> Any:
        """Predict with the weights that `evaluate` sees, and leave the training's random numbers where they stood."""
        with own_randomness(self.args.seed), self._evaluating():
            return super().predict(*args, **options)

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        with ExitStack() as contexts:
            for callback in self.callback_handler.callbacks:
                if hasattr(callback, "evaluating"):
                    contexts.enter_context(callback.evaluating())
            yield

    # --- a step ----------------------------------------------------------------------------------------------------

    def _has_own_engine(self) -> bool:
        return self.is_deepspeed_enabled or getattr(self.accelerator, "parallelism_config", None) is not None

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> Tensor:
        """Forward and backward pass of one micro-batch; returns its share of the loss of the step, 0-d."""
        if self._has_own_engine():
            return super().training_step(model, inputs, num_items_in_batch)
        model.train()
        if callable(getattr(self.optimizer, "train", None)):
            self.optimizer.train()
        items = self._count_items(inputs)
        weight = self._weight(items, num_items_in_batch)
        inputs = self._prepare_inputs(inputs)
        if items == 0:  # its weight is 0, but the processes have to meet in all passes
            inputs = with_some_labels(inputs)
            items = self._count_items(inputs)
        for regularizer in self.regularizers:
            inputs = regularizer.inputs(model, inputs)

        def compute_loss() -> tuple[Tensor, Any]:
            return self._mean_loss(model, inputs, items)

        loss, outputs = split_loss(compute_loss())
        for regularizer in self.regularizers:
            loss = regularizer.loss(model, inputs, loss, outputs)
        self._watch.see(loss, inputs)
        del outputs
        weighted = loss if weight == 1 else loss * weight
        self.accelerator.backward(weighted)
        if self.regularizers:
            scaler = self.accelerator.scaler
            scale = weight if scaler is None else weight * scaler.get_scale()
            for regularizer in self.regularizers:
                regularizer.after_backward(model, inputs, compute_loss, scale)
        return weighted.detach()

    def _mean_loss(self, model: Any, inputs: dict[str, Any], items: int | None) -> tuple[Tensor, Any]:
        """The mean loss over the labels of a micro-batch, and the outputs."""
        own = self.compute_loss_func is not None  # such a function may divide by the number it is given
        with self.compute_loss_context_manager():
            loss, outputs = self.compute_loss(
                model, dict(inputs), return_outputs=True, num_items_in_batch=items if own else None
            )
        if own and items is not None and self.args.average_tokens_across_devices:
            loss = loss / (self.accelerator.num_processes if self.args.n_gpu <= 1 else self.args.n_gpu)
        if items == 0:
            loss = zero_loss(outputs, loss)
        return (loss.mean() if self.args.n_gpu > 1 else loss), outputs

    def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **options: Any) -> Any:
        """The loss of a batch, as in transformers; says when the labels are missing."""
        names = list(inputs)
        try:
            return super().compute_loss(model, inputs, *args, **options)
        except (ValueError, KeyError, AttributeError) as error:
            if set(names) & {*self.label_names, "labels"} or self.compute_loss_func is not None:
                raise
            raise ValueError(
                f"the batch has no labels to learn from: got {', '.join(names) or 'nothing'}, expected "
                f"{' or '.join(self.label_names or ['labels'])} too. Next: let the dataset or the collator give them; "
                "a column that the model does not know is dropped unless remove_unused_columns=False"
            ) from error

    def _count_items(self, inputs: dict[str, Any]) -> int | None:
        """Labels of a micro-batch that count; None where that cannot be told."""
        labels = inputs.get("shift_labels", inputs.get("labels"))
        if not isinstance(labels, Tensor):
            return None
        if self._loss_shifts_labels and "shift_labels" not in inputs:
            labels = labels[..., 1:]
        return int(labels.ne(-100).sum())

    def _get_num_items_in_batch(self, batch_samples: list, device: torch.device) -> int | None:
        """Labels that count in all micro-batches of a step, and in all processes."""
        if self._has_own_engine():
            return super()._get_num_items_in_batch(batch_samples, device)
        counts = [self._count_items(batch) if hasattr(batch, "get") else None for batch in batch_samples]
        if not counts or None in counts:
            return None
        total = sum(counts)
        if self.args.world_size > 1 and self.args.average_tokens_across_devices:
            total = int(self.accelerator.gather(torch.tensor([total], device=device)).sum())
        return total

    def _weight(self, items: int | None, total: Any) -> float:
        """What the mean loss of a micro-batch counts in its step, times the processes that are averaged over."""
        if items is None or total is None:
            return 1 / self.current_gradient_accumulation_steps
        across = self.args.world_size > 1 and self.args.average_tokens_across_devices
        return items * (self.args.world_size if across else 1) / max(int(total), 1)
