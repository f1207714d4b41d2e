"""EMA of weights in a Trainer: update, evaluate with the average, keep it in checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import nn
from transformers import TrainerCallback

from zhnlp.training.callbacks.ema import EMA

FILE = "ema.safetensors"


class EMACallback(TrainerCallback):
    """Average the weights of a `transformers.Trainer`'s model after each optimizer step.

    Evaluations that training starts see the average, checkpoints hold the model's own weights plus the average in
    ``ema.safetensors``, and a resumed training goes on with it exactly.  `evaluate()` and `predict()` of
    `zhnlp.training.Trainer` see the average too, from the beginning of training on; around your own calls with another
    trainer put ``with callback.evaluating():``.

    Args:
        decay, warmup, update_after, every: of `EMA`.
        at_end: "own" leaves the model's own weights in place after training; "average" replaces them (those of the best
            checkpoint with ``load_best_model_at_end``).
        resume_from: folder of the checkpoint that training resumes from, where it is not
            ``output_dir/checkpoint-<step>``.

    Raises:
        FileNotFoundError: training resumes from a checkpoint that was written without the average.

    Example:
        >>> callback = EMACallback(decay=0.999)
        >>> # Trainer(model=model, args=args, train_dataset=rows, callbacks=[callback])

    Source: 苏剑林, https://kexue.fm/archives/6575
    """

    def __init__(
        self,
        decay: float = 0.9999,
        warmup: bool = True,
        update_after: int = 0,
        every: int = 1,
        *,
        at_end: str = "own",
        resume_from: str | Path | None = None,
    ):
        if at_end not in ("own", "average"):
            raise ValueError(f"at_end got {at_end!r}: expected 'own' or 'average'")
        self.options = {"decay": decay, "warmup": warmup, "update_after": update_after, "every": every}
        EMA(nn.Identity(), **self.options)  # refuses wrong options now, not when training starts
        self.at_end, self.resume_from = at_end, resume_from
        self.ema: EMA | None = None
        self._armed = self._swapped = False
        self._handles: list = []

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """The average is in the model while the context is open; before training has begun nothing happens."""
        if self.ema is None or self.ema.active:
            yield
            return
        with self.ema.applied():
            yield

    def on_train_begin(self, args, state, control, model=None, **kwargs):
        self.ema = EMA(model, **self.options)
        if state.global_step:
            folder = Path(self.resume_from or Path(args.output_dir) / f"checkpoint-{state.global_step}")
            self._load(folder)
        self._release()
        # An evaluation has no beginning that callbacks hear of: its first forward pass is one.
        self._handles = [
            model.register_forward_pre_hook(self._before_forward),
            model.register_state_dict_pre_hook(self._before_state_dict),
        ]

    def _load(self, folder: Path) -> None:
        if not (folder / FILE).exists():
            raise FileNotFoundError(
                f"{folder} has no {FILE}: expected the averaged weights of that step. Likely it was written without "
                "EMACallback, or a kill came in between. Next: resume from an earlier checkpoint, or give resume_from="
            )
        self.ema.load(folder / FILE)

    def _before_forward(self, module: nn.Module, args: tuple) -> None:
        if module.training:
            self._swap_out()
        elif self._armed and not self.ema.active:
            self.ema.swap_in()
            self._swapped = True

    def _before_state_dict(self, module: nn.Module, prefix: str, keep_vars: bool) -> None:
        self._swap_out()  # checkpoints hold the model's own weights

    def _swap_out(self) -> None:
        if self._swapped:
            self.ema.swap_out()
            self._swapped = False

    def on_step_begin(self, args, state, control, **kwargs):
        self._armed = False
        self._swap_out()

    def on_step_end(self, args, state, control, **kwargs):
        self.ema.update()
        self._armed = control.should_evaluate

    def on_epoch_end(self, args, state, control, **kwargs):
        self._armed = control.should_evaluate

    def on_evaluate(self, args, state, control, **kwargs):
        self._swap_out()

    def on_predict(self, args, state, control, **kwargs):
        self._swap_out()

    def on_save(self, args, state, control, **kwargs):
        self._armed = False
        self._swap_out()
        if state.is_world_process_zero:
            self.ema.save(Path(args.output_dir) / f"checkpoint-{state.global_step}" / FILE)

    def on_train_end(self, args, state, control, **kwargs):
        self._armed = False
        self._swap_out()
        self._release()
        if args.load_best_model_at_end and state.best_model_checkpoint:
            self._load(Path(state.best_model_checkpoint))  # whose own weights the model has now
        if self.at_end == "average":
            self.ema.copy_to_model()

    def _release(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []
