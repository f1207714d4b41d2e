"""`SentenceEncoder`: texts become vectors, whatever network makes them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from zhnlp.checkpoints.hub import SENTENCE_PATTERNS
from zhnlp.checkpoints.locate import locate
from zhnlp.models.fused_encoder import FusedEncoder, can_fuse
from zhnlp.models.inference import speed_up
from zhnlp.models.length_limit import length_limit
from zhnlp.models.loading import choose_device, dtype_of, load_model
from zhnlp.nn.pooling import Pooling, check_pooling
from zhnlp.similarity.folders import Parts, one_pooling, read_parts, read_tokenizer, save_network
from zhnlp.similarity.gru import new_gru
from zhnlp.similarity.network import Dense, Normalize, SentenceNetwork
from zhnlp.similarity.reading import encode_texts, ids_of, matrix

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from zhnlp.nn.whitening import Whitening
    from zhnlp.similarity.examples import Examples

MAX_LENGTH = 64  # tokens, where neither caller nor folder says otherwise


class SentenceEncoder:
    """An encoder of sentences: transformer or GRU, pooling, and what follows.

    Args:
        model: shipped name, folder (of ours, of sentence-transformers or of transformers), Hub id, or a network of transformers
            with ``tokenizer``.  The default is the shipped masked model, which was never trained to compare: begin a training
            from it; what compares without one is `load_encoder`'s default.
        pooling: "mean", "cls" (first token), "max", "last" (for causal models and GRUs), "first-last" (mean of first and last
            layer), "attention" (with weights, to be trained); None for that of the folder, else "mean".
        max_length: tokens of a text, more are cut; None for that of the folder, else 64.
        whitening: learnt on vectors of this encoder; it becomes a dense layer.
        normalize: vectors of length 1, as a last layer that is kept; None for what the folder has.
        seed: of weights that are new (attention pooling).
        tokenizer: of a network that was given.
        revision, cache_dir: of the Hub.
        device: such as "cpu" or "cuda:0"; None for the GPU where there is one.
        check: refuse a tokenizer that does not fit the model or knows no Chinese.

    Attributes:
        network: the `SentenceNetwork`, which can be trained; `encode` reads it in evaluation mode, and leaves the mode as it was.
        tokenizer: of transformers.
        max_length: tokens of a text.
        history_: the figures of each pass of the last `fit`.

    Raises:
        ValueError: an option is not possible, or the folder has a part that is not known.
        FileNotFoundError, ConnectionError: no such model.

    Example:
        >>> encoder = SentenceEncoder.gru(["今天天气很好", "明天下雨"], min_count=1)
        >>> encoder.encode(["天气很好", "下雨", "天气很好"]).shape
        (3, 128)

    Source: 苏剑林, https://kexue.fm/archives/5743, https://kexue.fm/archives/8069
    """

    def __init__(
        self,
        model: str | Path | PreTrainedModel = "zhnlp-mlm-small",
        *,
        pooling: str | None = None,
        max_length: int | None = None,
        whitening: Whitening | None = None,
        normalize: bool | None = None,
        seed: int = 0,
        tokenizer: PreTrainedTokenizerFast | None = None,
        revision: str | None = None,
        cache_dir: str | Path | None = None,
        device: str | torch.device | None = None,
        check: bool = True,
    ):
        if pooling is not None:
            check_pooling(pooling)
        named = isinstance(model, (str, Path))
        if named:
            self.name = str(model)
            folder = locate(model, revision=revision, cache_dir=cache_dir, patterns=SENTENCE_PATTERNS)
            parts = read_parts(folder)
            transformer = load_model(parts.backbone, "encoder", device="cpu", dtype="float32", check=False)
            transformer = speed_up(transformer)
            tokenizer = tokenizer or read_tokenizer(parts, transformer, check)
        else:
            self.name, parts, transformer = type(model).__name__, Parts(Path()), model
            if tokenizer is None:
                raise TypeError(
                    "SentenceEncoder got a model without tokenizer=: expected both, or a name or folder"
                )
        chosen = one_pooling(self.name, pooling, parts.pooling) or "mean"
        self.tokenizer = tokenizer
        self._packed: tuple[list, FusedEncoder] | None = None
        self.history_: list[dict[str, float]] = []
        self.max_length = _max_length(max_length, parts, tokenizer, transformer)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layer = Pooling(chosen, transformer.config.hidden_size)
        if parts.weights is not None:
            layer.load_state_dict(parts.weights)
        self.network = SentenceNetwork(transformer, layer, parts.head).eval()
        if whitening is not None:
            self._whiten(whitening)
        if normalize is not None:
            self.normalized = normalize
        self.network.to(choose_device(device) if named or device is not None else transformer.device)

    @classmethod
    def gru(
        cls,
        texts: Iterable[str],
        *,
        embedding_size: int = 128,
        hidden_size: int = 128,
        state_size: int | None = None,
        min_count: int = 5,
        max_length: int = 32,
        dropout: float = 0.2,
        pooling: str | None = None,
        seed: int = 0,
        device: str | torch.device | None = None,
    ) -> SentenceEncoder:
        """The encoder of post 5743, untrained: a GRU over characters; or, with ``state_size``, characters that a GRU corrects.

        Args:
            texts: the vocabulary are their characters.
            embedding_size, hidden_size: features of a character, and of a vector.
            state_size: each way, of a GRU whose states are added to the characters, weighted by rarity in the texts.  That learns far
                more from few groups; the two sizes before must be equal.  None for the post's.
            min_count: occurrences below which a character is [UNK].
            max_length: characters of a text, more are cut.
            dropout: of the features of a character in training, with ``state_size``.
            pooling: of the states; None for "last" as in the post, "mean" with ``state_size``.
            seed: of the weights.
            device: as of the class.

        Raises:
            ValueError: no character occurs so often, or the sizes do not fit.

        Example:
            >>> encoder = SentenceEncoder.gru(["天气好"], hidden_size=16, min_count=1)
            >>> {name: tuple(ids.shape) for name, ids in encoder.tokenize(["天气", "好"]).items()}
            {'input_ids': (2, 2), 'attention_mask': (2, 2)}
        """
        network, tokenizer = new_gru(
            list(texts),
            embedding_size=embedding_size,
            hidden_size=hidden_size,
            state_size=state_size,
            min_count=min_count,
            max_length=max_length,
            dropout=dropout,
            seed=seed,
        )
        pooling = pooling or ("last" if state_size is None else "mean")
        options = {"max_length": max_length, "seed": seed, "device": choose_device(device)}
        return cls(network, tokenizer=tokenizer, pooling=pooling, **options)

    @property
    def pooling(self) -> str:
        """Its name."""
        return self.network.pooling.pooling

    @property
    def size(self) -> int:
        """D, features of a vector."""
        return self.network.size

    @property
    def normalized(self) -> bool:
        """Whether all vectors have length 1; it can be set."""
        return any(isinstance(layer, Normalize) for layer in self.network.head[-1:])

    @normalized.setter
    def normalized(self, wanted: bool) -> None:
        if wanted and not self.normalized:
            self.network.head.append(Normalize())
        elif not wanted and self.normalized:
            self.network.head = self.network.head[:-1]

    def tokenize(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """``input_ids`` and ``attention_mask`` (B, L) of texts, padded on the right, as `network` takes them.

        Raises:
            TypeError: what was given is no list of texts.
        """
        if isinstance(texts, str):
            raise TypeError("tokenize got a str: expected a list of texts. Next: tokenize([text])")
        rows, _ = ids_of(self.tokenizer, list(texts), self.max_length)
        ids, mask = matrix(rows, self.tokenizer.pad_token_id or 0)
        return {"input_ids": ids, "attention_mask": mask}

    def encode(
        self,
        texts: str | Iterable[str],
        *,
        batch_size: int | None = None,
        token_budget: int | None = None,
        normalize: bool = False,
        progress: bool | None = False,
        dtype: str | torch.dtype | None = None,
    ) -> np.ndarray:
        """Vectors (N, D) of texts in float32, in their order; (D,) of a single text.

        A text that occurs several times is read once.  Batches hold texts of nearly equal length, so a vector does not
        depend on the others beyond rounding (1e-6 of its length).

        Args:
            texts: a text, or an iterable of texts.
            batch_size: texts of a batch at most; None for no such limit.
            token_budget: positions of a batch, padding included; None for what suits the device.
            normalize: vectors of length 1, zeros aside.
            progress: a bar on stderr; None for a terminal only.
            dtype: numbers that the network runs in, such as "bfloat16"; None for its own.

        Raises:
            TypeError: what was given is no text.
            ValueError: a vector is nan or infinite.
        """
        if isinstance(texts, str):
            return self.encode([texts], normalize=normalize, dtype=dtype)[0]
        chosen = dtype_of(dtype) if isinstance(dtype, str) else dtype
        network = self.network
        if chosen is not None and chosen != network.transformer.dtype:
            network = copy.deepcopy(network)
            network.transformer.to(chosen)
        training = [module for module in network.modules() if module.training]
        network.eval()
        try:
            return encode_texts(
                network,
                self.tokenizer,
                texts,
                max_length=self.max_length,
                batch_size=batch_size,
                token_budget=token_budget,
                normalize=normalize and not self.normalized,
                progress=progress,
                name=self.name,
                states=self._fused(network),
            )
        finally:
            for module in training:
                module.training = True

    def _fused(self, network: SentenceNetwork) -> FusedEncoder | None:
        """A faster way to the hidden states, where there is one; made anew when weights have changed."""
        transformer = network.transformer
        if not can_fuse(transformer):
            return None
        state = [(weight.data_ptr(), weight._version) for weight in transformer.parameters()]
        if self._packed is None or self._packed[0] != state:
            self._packed = state, FusedEncoder(transformer)
        return self._packed[1]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_packed": None}  # cannot be copied

    def fit(
        self, examples: Examples, valid: Examples | bool | None = None, **training: Any
    ) -> SentenceEncoder:
        """Train the network on what there is: groups, pairs, triples or texts alone; goes on from the weights there are.

        Args:
            examples: of `zhnlp.similarity.examples`.
            valid: examples to choose the best pass by, and when to stop; None holds out a twentieth (1,000 rows at most, whole
                groups; none of fewer than 200 rows, of texts alone or of pairs without grades); False trains to the end.
            **training: of `SimilarityTraining`: ``loss``, ``epochs``, ``batch_size``, ``learning_rate``, ``out`` …

        Raises:
            TypeError: the examples are something else.
            ValueError: the loss is not one for the examples, or a setting is out of its range.

        Example:
            >>> from zhnlp.similarity import Examples
            >>> groups = Examples.of("groups", [(0, "怎么退款"), (0, "如何退钱"), (1, "何时发货"), (1, "几天发出")])
            >>> encoder = SentenceEncoder.gru(groups.texts(), min_count=1).fit(groups, epochs=20, batch_size=4, progress=False)
            >>> a, b, c, d = encoder.encode(groups.columns[0], normalize=True)
            >>> bool(a @ b > a @ c), bool(c @ d > b @ d)
            (True, True)
        """
        from zhnlp.similarity.examples import Examples
        from zhnlp.similarity.training import SimilarityTraining, split, train

        if not isinstance(examples, Examples):
            raise TypeError(
                f"fit got {type(examples).__name__}: expected Examples. Next: Examples.of(form, rows), or read_examples(file, form)"
            )
        settings = SimilarityTraining(**training)
        if valid is None:
            examples, valid = split(examples, settings.seed)
        self.history_ = train(self, examples, valid or None, settings)
        return self

    def whiten(self, texts: Iterable[str], k: int | None = None) -> SentenceEncoder:
        """Learn a whitening on texts (not those of a test) and keep it as a dense layer.

        It helps encoders that were never trained to be compared, and hurts those that were.

        Args:
            texts: some thousands.
            k: features kept; None for all.

        Raises:
            ValueError: the texts are too few for so many features.
        """
        from zhnlp.nn.whitening import Whitening

        normalized, self.normalized = self.normalized, False
        self._whiten(Whitening(k).fit(torch.from_numpy(self.encode(texts))))
        self.normalized = normalized
        return self

    def _whiten(self, whitening: Whitening) -> None:
        if len(whitening.kernel) != self.size:
            raise ValueError(
                f"the whitening was learnt of vectors of {len(whitening.kernel)} features: expected {self.size}"
            )
        self.network.head.append(Dense.of_whitening(whitening).to(self.network.device))

    def save(self, folder: str | Path, *, int8: bool = False) -> Path:
        """Write a folder that `SentenceEncoder` and, but for attention pooling, ``SentenceTransformer(folder)`` load again.

        Of a GRU sentence-transformers has to be told first: ``zhnlp.models.gru_encoder.register()``.

        Args:
            int8: store each row of the network in 8 bits: a quarter of the size, cosines all but the same (1e-2); it is
                read by this package alone.

        Raises:
            FileExistsError: ``folder`` is a file.
        """
        return save_network(self.network, self.tokenizer, folder, self.max_length, int8=int8)


def _max_length(asked: int | None, parts: Parts, tokenizer: Any, transformer: PreTrainedModel) -> int:
    """Tokens of a text: those asked for, if the model has so many positions; else the folder's, else `MAX_LENGTH`."""
    if asked is None:
        found = parts.max_length or (MAX_LENGTH if parts.pooling is None else None)
        return length_limit(tokenizer, transformer.config, found)
    most = length_limit(SimpleNamespace(model_max_length=10**30), transformer.config, asked)
    if most < asked:
        raise ValueError(f"max_length={asked:,} is not possible: the model has {most:,} positions")
    return most
