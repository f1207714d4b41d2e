"""pipeline("feature-extraction"): texts in, one vector each out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from zhnlp.models.batching import pad
from zhnlp.tasks.batching import Row
from zhnlp.tasks.model import ModelPipeline

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

POOLINGS = ("mean", "cls", "max", "last", "first-last")


class FeatureExtraction(ModelPipeline):
    """Turn texts into vectors: hidden states of an encoder, pooled over the tokens of each text.

    Args:
        model: shipped name, folder or Hub id, sentence encoders too; there is no default.
        pooling: "mean" over all real tokens; "cls" the first token; "max"; "last" the last token, for causal models;
            "first-last" the mean over the first and the last layer.
        normalize: vectors of length 1.
        **loading: options of every task with a model, listed by ``help()``.

    A list of N texts gives an array (N, D) of float32 in input order, one text (D,), an iterator a generator of (D,).
    A text without a token is the zero vector.

    Raises:
        ValueError: the pooling is not known.
        TypeError: no model was named.

    Example:
        >>> from zhnlp import pipeline
        >>> pipeline("feature-extraction", "zhnlp-mlm-small", pooling="middle")
        Traceback (most recent call last):
        ...
        ValueError: pooling='middle' is not known: expected mean, cls, max, last or first-last

    Source: 苏剑林, https://kexue.fm/archives/8069 (first-last)
    """

    task = "feature-extraction"
    head = "encoder"
    default = None

    def __init__(self, model: Any = None, *, pooling: str = "mean", normalize: bool = False, **loading: Any):
        if pooling not in POOLINGS:
            raise ValueError(
                f"pooling={pooling!r} is not known: expected {', '.join(POOLINGS[:-1])} or {POOLINGS[-1]}"
            )
        if model is None:
            raise TypeError(
                "feature-extraction got no model, and no sentence encoder ships yet: expected one by name. The mean states of a "
                'masked model compare sentences worse than a bag of characters. Next: model="zhnlp-mlm-small" if its states '
                "are what you want, or a folder or Hub id of a sentence encoder"
            )
        self.pooling, self.normalize = pooling, normalize
        super().__init__(model, **loading)

    def __call__(self, texts: Any) -> Any:
        """Vectors of a text, of a list or tuple of texts, or of an iterator.

        Raises:
            TypeError: what was given is no text.
            ValueError: the model gives nan.
        """
        import numpy as np

        vectors = self._map(texts, self._rows, self._pool, partial(_zeros, self))
        if not isinstance(vectors, list):
            return vectors
        return np.stack(vectors) if vectors else np.zeros((0, self.model.config.hidden_size), np.float32)

    def _pool(self, rows: list[Row]) -> list[np.ndarray]:
        ids, mask = (
            x.to(self.device) for x in pad([row.ids for row in rows], self.tokenizer.pad_token_id or 0)
        )
        layers = self.pooling == "first-last"
        output = self.model(input_ids=ids, attention_mask=mask, output_hidden_states=layers)
        hidden = output[0]  # (B, L, D)
        if layers:
            hidden = (output.hidden_states[1].float() + hidden.float()) / 2
        vectors = pool(hidden.float(), mask, "mean" if layers else self.pooling)
        if self.normalize:
            vectors = vectors / vectors.norm(dim=-1, keepdim=True).clamp_min(1e-12)
        return list(self._finite(vectors, "hidden states").cpu().numpy())


def pool(hidden: Tensor, mask: Tensor, pooling: str) -> Tensor:
    """Vectors (B, D) of hidden states (B, L, D) over the positions where ``mask`` (B, L) is 1, padded on the right.

    Example:
        >>> import torch
        >>> hidden = torch.tensor([[[1.0, 5.0], [3.0, 1.0], [9.0, 9.0]]])
        >>> [pool(hidden, torch.tensor([[1, 1, 0]]), name).tolist() for name in ("mean", "cls", "max", "last")]
        [[[2.0, 3.0]], [[1.0, 5.0]], [[3.0, 5.0]], [[3.0, 1.0]]]
    """
    if pooling == "cls":
        return hidden[:, 0]
    if pooling == "last":
        rows = mask.new_tensor(range(len(mask)))
        return hidden[rows, mask.sum(1) - 1]
    real = mask[..., None].bool()
    if pooling == "max":
        return hidden.masked_fill(~real, float("-inf")).amax(1)
    return hidden.masked_fill(~real, 0).sum(1) / mask.sum(1, keepdim=True)


def _zeros(pipe: FeatureExtraction, row: Row) -> np.ndarray:
    import numpy as np

    return np.zeros(pipe.model.config.hidden_size, np.float32)
