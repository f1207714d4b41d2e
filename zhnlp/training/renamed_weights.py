"""Checkpoints of a training whose weights have other names in the file than in the model.

transformers 5 gives some weights their older names when it saves, and takes those back when ``from_pretrained`` loads a
class of its own; its trainer does not, and the head of a GPT-NeoX (``embed_out``) would stay as it was, with a warning.
"""

from __future__ import annotations

from typing import Any

import transformers

from zhnlp.models.bars import no_bars


class LoadsRenamed:
    """Before transformers.Trainer among the bases of a trainer: resuming and the best model give all weights back."""

    _loaded: str | None = None  # the checkpoint that is being loaded

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        self._loaded = resume_from_checkpoint
        super()._load_from_checkpoint(resume_from_checkpoint, model)

    def _load_best_model(self) -> None:
        self._loaded = self.state.best_model_checkpoint
        super()._load_best_model()

    def _issue_warnings_after_load(self, load_result: Any) -> None:
        """As in transformers, but tied weights, which a file holds once, are not missing, nor are renamed ones."""
        tied = getattr(self.model, "all_tied_weights_keys", None) or ()
        load_result.missing_keys[:] = [name for name in load_result.missing_keys if name not in tied]
        both = load_result.missing_keys and load_result.unexpected_keys
        if not both or not load_by_names_of_the_file(self.model, self._loaded):
            super()._issue_warnings_after_load(load_result)


def load_by_names_of_the_file(model: Any, folder: str | None) -> bool:
    """Load a checkpoint as the stock class of transformers reads it, in place; whether that gave all weights."""
    stock = [kind for kind in type(model).__mro__ if kind.__module__.startswith("transformers.models.")]
    if not stock or folder is None or not issubclass(stock[0], transformers.PreTrainedModel):
        return False
    with no_bars():
        stored, found = stock[0].from_pretrained(folder, dtype=model.dtype, output_loading_info=True)
    if found["missing_keys"] or found["unexpected_keys"]:
        return False
    model.load_state_dict(stored.state_dict())
    return True
