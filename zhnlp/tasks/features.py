"""pipeline("feature-extraction"): texts in, one vector each out."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from zhnlp.checkpoints.hub import SENTENCE_PATTERNS
from zhnlp.models.batching import pad
from zhnlp.tasks.batching import Row
from zhnlp.tasks.model import ModelPipeline

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from zhnlp.similarity.network import SentenceNetwork

POOLINGS = ("mean", "cls", "max", "last", "first-last")


class FeatureExtraction(ModelPipeline):
    """Turn texts into vectors: hidden states of an encoder, pooled over the tokens of each text.

    Args:
        model: shipped name, folder or Hub id, sentence encoders too; there is no default.
        pooling: "mean" over all real tokens; "cls" the first token; "max"; "last" the last token, for causal models;
            "first-last" the mean over the first and the last layer; None for that of a sentence encoder, else "mean".
        normalize: vectors of length 1.
        **loading: options of every task with a model, listed by ``help()``.

    A list of N texts gives an array (N, D) of float32 in input order, one text (D,), an iterator a generator of (D,).
    A text without a token is the zero vector.  Folders of sentence encoders bring pooling, length and further layers.

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
    wanted = SENTENCE_PATTERNS

    def __init__(
        self, model: Any = None, *, pooling: str | None = None, normalize: bool = False, **loading: Any
    ):
        if pooling is not None and pooling not in POOLINGS:
            raise ValueError(
                f"pooling={pooling!r} is not known: expected {', '.join(POOLINGS[:-1])} or {POOLINGS[-1]}"
            )
        if model is None:
            raise TypeError(
                "feature-extraction got no model, and the sentence encoder that ships is a bag of characters without states: expected "
                'a network by name. Next: model="zhnlp-mlm-small" if its states are what you want, a folder or Hub id of a '
                "sentence encoder, or zhnlp.similarity.load_encoder() for vectors to compare"
            )
        self.pooling, self.normalize = pooling, normalize
        self._longest, self._head, self._weights = None, [], None
        super().__init__(model, **loading)

    def __call__(self, texts: Any) -> Any:
        """Vectors of a text, of a list or tuple of texts, or of an iterator.

        Raises:
            TypeError: what was given is no text.
            ValueError: the model gives nan.
        """
        import numpy as np

        vectors = self._map(texts, self._rows, self._pool, self._zeros)
        if not isinstance(vectors, list):
            return vectors
        return np.stack(vectors) if vectors else np.zeros((0, self.size), np.float32)

    @property
    def limit(self) -> int:
        """Tokens that a text may have, those at its ends included."""
        longest = super().limit
        return longest if self._longest is None else min(longest, self._longest)

    @property
    def size(self) -> int:
        """D."""
        return self._network.size

    def save(self, folder: str | Path) -> Path:
        """Write what ``SentenceEncoder(folder)`` and ``SentenceTransformer(folder)`` load too, pooling and all.

        Raises:
            FileExistsError: ``folder`` is a file.
        """
        from zhnlp.similarity.folders import save_network
        from zhnlp.similarity.network import SentenceNetwork

        network = SentenceNetwork(self._original(), self._network.pooling, self._network.head)
        return save_network(network, self.tokenizer, folder, self.limit)

    def _opened(self, folder: Path) -> Path:
        from zhnlp.similarity.folders import one_pooling, read_parts

        parts = read_parts(folder)
        self.pooling = one_pooling(self.name, self.pooling, parts.pooling)
        self._longest, self._head, self._weights = parts.max_length, parts.head, parts.weights
        return parts.backbone

    @cached_property
    def _network(self) -> SentenceNetwork:
        """The model with the pooling and the layers behind it, which stay float32."""
        from zhnlp.nn.pooling import Pooling
        from zhnlp.similarity.network import SentenceNetwork

        model = self.model
        layer = Pooling(self.pooling or "mean", model.config.hidden_size)
        if self._weights is not None:
            layer.load_state_dict(self._weights)
        network = SentenceNetwork(model, layer, self._head).eval()
        network.pooling.to(self.device)
        network.head.to(self.device)
        return network

    def _pool(self, rows: list[Row]) -> list[np.ndarray]:
        ids, mask = (
            x.to(self.device) for x in pad([row.ids for row in rows], self.tokenizer.pad_token_id or 0)
        )
        vectors = self._finite(self._network(ids, mask), "hidden states")
        if self.normalize:
            vectors = vectors / vectors.norm(dim=-1, keepdim=True).clamp_min(1e-12)
        return list(vectors.cpu().numpy())

    def _zeros(self, row: Row) -> np.ndarray:
        """Of a text without a token."""
        import torch

        found = torch.zeros(1, self._network.pooling.size, device=self.device)
        for layer in self._network.head:
            found = layer(found)
        return found[0].numpy(force=True)
