"""What a task does with a model that may be conditional: loads it with its labels, gives its step, keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.tasks.model import ModelPipeline

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from zhnlp.conditional.files import Parts
    from zhnlp.decoding import Step


class ConditionedPipeline(ModelPipeline):
    """A task with a causal model, which may be one that `zhnlp.conditional.ConditionalGenerator` saved."""

    _conditional: Parts | None = None

    def _make(self) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
        from zhnlp.checkpoints.locate import locate
        from zhnlp.conditional.files import is_conditional, load_conditional
        from zhnlp.models.loading import choose_device

        if isinstance(self._given, (str, Path)):
            folder = locate(self.name, **self._hub)
            if is_conditional(folder):
                device = choose_device(self._device)
                kept = load_conditional(folder, device=device, dtype=self._dtype or self._fast(device))
                self._conditional = kept
                return kept.module.network, kept.tokenizer
        return super()._make()

    def save(self, folder: str | Path) -> Path:
        """Write model (float32, safetensors) and tokenizer, and the conditions where it has them; ``pipeline(task, model=folder)``
        loads them again.

        Raises:
            FileExistsError: ``folder`` is a file.
        """
        if self._conditional is None:
            return super().save(folder)
        from zhnlp.checkpoints.locate import locate
        from zhnlp.conditional.files import load_conditional, save_conditional

        kept = load_conditional(locate(self.name, **self._hub), device="cpu", dtype="float32")
        return save_conditional(kept, folder)

    def _step(self, network: PreTrainedModel, condition: Any, guidance: float, mask: torch.Tensor) -> Step:
        """That of the model or its packed copy, under a condition where the model knows any; ``mask`` is that of the prefix."""
        if self._conditional is None:
            from zhnlp.decoding import CausalStep

            return CausalStep(network, mask)
        from zhnlp.conditional.steps import conditional_step

        null = self._conditional.module.conditions.null()
        vector = self._conditional.vector(condition).expand(len(mask), -1)
        return conditional_step(network, vector, null, guidance, mask=mask)

    def _check_condition(self, condition: Any, guidance: float) -> None:
        """Refuse a condition that the model does not know.

        Raises:
            ValueError: it knows none, or not this one; the message lists those it knows.
        """
        asked = condition is not None or guidance != 1
        if self._given is None and not asked:
            return  # the default model is loaded at the first call
        self._load()
        if self._conditional is not None:
            self._conditional.attributes.row(condition)
        elif asked:
            raise ValueError(
                f"{self.name} knows no condition (condition={condition!r}, guidance={guidance!r}): expected the folder of a conditional "
                "model. Next: zhnlp.conditional.ConditionalGenerator().fit(texts, labels).save(folder), or zhnlp train conditional"
            )
