"""Where a batch holds what a decoder reads of the target, and what of it stays as it is.

B batch, L positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

_ROW = ("input_ids", "segments", "attention_mask")
_SOURCES = (
    ("input_ids", "attention_mask"),
    ("source_ids", "source_mask"),
)  # of transformers, of LSTMSeq2SeqLM


@dataclass(frozen=True)
class DecoderInputs:
    """The tokens that a decoder reads, in a batch of one of two kinds.

    An encoder-decoder has ``decoder_input_ids``, whose first token is the start.  A row of UniLM is ``[CLS] source [SEP]
    target [SEP]`` in ``input_ids``, with ``segments`` 1 in the target, whose start is the first ``[SEP]``.

    Attributes:
        name: "decoder_input_ids" or "input_ids".
        ids: (B, L), the tensor of that name.
        target: (B, L), true where a token is read of the target.
        sequence: ids of source and target (B, S) and where they are no padding (B, S).
        frame: the start of the decoder, or ``[CLS]`` and ``[SEP]`` of the rows.
    """

    name: str
    ids: Tensor
    target: Tensor
    sequence: tuple[Tensor, Tensor]
    frame: Tensor

    @classmethod
    def of(cls, inputs: Any) -> DecoderInputs:
        """Those of a batch.

        Raises:
            ValueError: the batch holds none.

        Example:
            >>> row = {"input_ids": torch.tensor([[2, 5, 3, 7, 8, 3]]), "segments": torch.tensor([[0, 0, 0, 1, 1, 1]])}
            >>> found = DecoderInputs.of({**row, "attention_mask": torch.ones(1, 6, dtype=int)})
            >>> found.ids[found.target].tolist(), found.frame.tolist()
            ([7, 8, 3], [2, 3])
        """
        tensors = inputs if isinstance(inputs, Mapping) else {}
        if isinstance(tensors.get("decoder_input_ids"), Tensor):
            return cls._of_a_decoder(tensors)
        if all(isinstance(tensors.get(name), Tensor) for name in _ROW):
            return cls._of_rows(*(tensors[name] for name in _ROW))
        held = ", ".join(map(str, tensors)) if tensors else type(inputs).__name__
        raise ValueError(
            f"the batch has no inputs of a decoder: got {held}, expected decoder_input_ids, or {', '.join(_ROW)} of rows [CLS] source "
            "[SEP] target [SEP]. Likely it is of a classifier, or the model makes them of the labels. Next: let the collator add them "
            "(DataCollatorForSeq2Seq(tokenizer, model=model))"
        )

    @classmethod
    def _of_a_decoder(cls, inputs: Mapping[str, Any]) -> DecoderInputs:
        ids = inputs["decoder_input_ids"]
        mask, labels = inputs.get("decoder_attention_mask"), inputs.get("labels")
        if isinstance(mask, Tensor):
            target = mask != 0
        elif isinstance(labels, Tensor) and labels.shape == ids.shape:
            counts = labels != -100
            target = counts.flip(1).cumsum(1).flip(1) > 0  # a label here or behind; else padding
        else:
            target = torch.ones_like(ids, dtype=torch.bool)
        whole, real = ids, target
        kind = next((one for one in _SOURCES if isinstance(inputs.get(one[0]), Tensor)), None)
        if kind is not None:
            source, seen = inputs[kind[0]], inputs.get(kind[1])
            seen = torch.ones_like(source) if seen is None else seen
            whole, real = torch.cat((source, ids), 1), torch.cat((seen != 0, target), 1)
        return cls("decoder_input_ids", ids, target, (whole, real), ids[:, 0].unique())

    @classmethod
    def _of_rows(cls, ids: Tensor, segments: Tensor, attention_mask: Tensor) -> DecoderInputs:
        real = attention_mask != 0
        target, source = real & (segments == 1), real & (segments != 1)
        frame = torch.cat([ids[_last(source.flip(1)).flip(1)], ids[_last(source)]])
        return cls("input_ids", ids, target, (ids, real), frame.unique())

    def special(self, model: nn.Module, more: Iterable[int] = ()) -> Tensor:
        """Ids that are no text: `frame`, those that the model's configuration names, and ``more``."""
        config = getattr(getattr(model, "module", model), "config", None)  # inside DistributedDataParallel
        named = config.to_dict() if hasattr(config, "to_dict") else {}
        ids = [value for name, value in named.items() if name.endswith("_token_id") and value is not None]
        ids = [one for value in ids for one in (value if isinstance(value, list) else [value])]
        return torch.cat((self.frame, self.frame.new_tensor([*ids, *more]))).unique()

    def changed(self, inputs: Mapping[str, Any], ids: Tensor) -> dict[str, Any]:
        """The batch with other ids; all else, labels too, is the same."""
        return {**inputs, self.name: ids}


def _last(run: Tensor) -> Tensor:
    """Where a run of true values ends."""
    return run & ~nn.functional.pad(run[:, 1:], (0, 1))
