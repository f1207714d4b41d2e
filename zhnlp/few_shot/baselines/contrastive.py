"""Contrastive vectors, then logistic regression: what SetFit does, on any encoder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from zhnlp.few_shot.baselines.labels import checked_labels, plain, seed_of

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

DEFAULT = "zhnlp-mlm-small"
FILE, HEAD = "contrastive.json", "head.safetensors"


class ContrastiveClassifier(ClassifierMixin, BaseEstimator):
    """Texts of one class are drawn together and others pushed apart; logistic regression then parts the vectors.

    Vectors are means of the last hidden states.  The loss of a pair is (cos(u, v) − s)², s = 1 for the same class and 0
    for different ones.  ``fit`` begins from the checkpoint each time.

    Args:
        model: shipped name, folder or Hub id, or a model of transformers with ``tokenizer``.
        pairs: pairs drawn for each text, half of them with a text of its own class.
        epochs: passes over the pairs.
        learning_rate: peak of AdamW; None as in `FineTunedClassifier`.
        batch_size: pairs of a step.
        C: inverse strength of the penalty of the logistic regression.
        max_length: tokens of a text, those at its ends included; longer ones lose their end.
        random_state: of pairs, order and dropout.
        tokenizer, dropout, device, dtype, progress: as in `FineTunedClassifier`.

    After ``fit``: ``classes_``, ``encoder_``, ``tokenizer_``, ``head_`` (scikit-learn's LogisticRegression).

    Example:
        >>> classifier = ContrastiveClassifier(pairs=8, random_state=1, device="cpu")
        >>> texts, labels = ["味道很好", "非常好吃", "难吃死了", "太差了"] * 2, ["好", "好", "差", "差"] * 2
        >>> classifier.fit(texts, labels).predict(["很好吃", "太差"]).tolist()
        ['好', '差']

    Source: Tunstall et al. 2022, https://arxiv.org/abs/2209.11055
    """

    def __init__(
        self,
        model: str | Path | PreTrainedModel = DEFAULT,
        *,
        tokenizer: PreTrainedTokenizerFast | None = None,
        pairs: int = 40,
        epochs: int = 1,
        learning_rate: float | None = None,
        batch_size: int = 16,
        dropout: float = 0.1,
        C: float = 1.0,
        max_length: int | None = 128,
        random_state: Any = 0,
        device: Any = None,
        dtype: Any = None,
        progress: bool | None = None,
    ):
        self.model = model
        self.tokenizer = tokenizer
        self.pairs = pairs
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.dropout = dropout
        self.C = C
        self.max_length = max_length
        self.random_state = random_state
        self.device = device
        self.dtype = dtype
        self.progress = progress

    def fit(self, X: Iterable[Any], y: Iterable[Any]) -> ContrastiveClassifier:
        """Train on texts (or pairs, or dicts with "text" or "text_a" and "text_b") and their labels.

        Raises:
            ValueError: texts and labels differ in number, there is one class only, or a setting is not possible.
            TypeError: what was given is no list of texts.
        """
        from sklearn.linear_model import LogisticRegression

        from zhnlp.few_shot.baselines.networks import placed, tokenizer_of
        from zhnlp.few_shot.baselines.rows import texts_of

        if self.pairs < 2:
            raise ValueError(f"pairs={self.pairs!r} is not possible: expected 2 or more for each text")
        texts = texts_of(X)
        self.classes_, targets = checked_labels(y, len(texts))
        self.tokenizer_ = tokenizer_of(self.model, self.tokenizer)
        seed = seed_of(self.random_state)
        self.encoder_ = placed(self._trained(texts, targets, seed), self.device)
        self.head_ = LogisticRegression(C=self.C, max_iter=2000, random_state=seed)
        self.head_.fit(self._vectors(texts), targets)
        return self

    def predict(self, X: Iterable[Any]) -> np.ndarray:
        """The most probable class of each text, (N,)."""
        return self.classes_[self.predict_proba(X).argmax(1)]

    def predict_proba(self, X: Iterable[Any]) -> np.ndarray:
        """Probabilities of the classes, (N, C) in the order of ``classes_``."""
        return self.head_.predict_proba(self.transform(X))

    def transform(self, X: Iterable[Any]) -> np.ndarray:
        """Vectors (N, D) of texts."""
        from zhnlp.few_shot.baselines.rows import texts_of

        check_is_fitted(self, "head_")
        return self._vectors(texts_of(X))

    def evaluate(self, X: Iterable[Any], y: Iterable[Any]) -> dict:
        """What `zhnlp.metrics.evaluate_classification` says of the predictions."""
        from zhnlp.metrics import evaluate_classification

        return evaluate_classification(list(y), self.predict(X), labels=plain(self.classes_))

    def save(self, folder: str | Path) -> Path:
        """Write encoder and head (safetensors), tokenizer and settings."""
        from safetensors.numpy import save_file

        check_is_fitted(self, "head_")
        folder = Path(folder)
        if folder.exists() and not folder.is_dir():
            raise FileExistsError(
                f"{folder} is a file: expected the name of a folder, which may be a new one"
            )
        classes = plain(self.classes_)
        self.encoder_.save_pretrained(folder)
        self.tokenizer_.save_pretrained(folder)
        weights = {"coef": np.ascontiguousarray(self.head_.coef_), "intercept": self.head_.intercept_}
        save_file(weights, folder / HEAD)
        text = json.dumps({"classes": classes, "max_length": self.max_length}, ensure_ascii=False, indent=1)
        (folder / FILE).write_text(text + "\n", encoding="utf-8")
        return folder

    @classmethod
    def load(cls, folder: str | Path, *, device: Any = None, dtype: Any = None) -> ContrastiveClassifier:
        """A classifier that `save` wrote, ready to predict.

        Raises:
            FileNotFoundError: the folder is none of these.
        """
        from safetensors.numpy import load_file
        from sklearn.linear_model import LogisticRegression

        from zhnlp.few_shot.baselines.networks import body_of, placed, tokenizer_of

        folder = Path(folder)
        if missing := [name for name in (FILE, HEAD) if not (folder / name).is_file()]:
            raise FileNotFoundError(
                f"{folder} has no {' and no '.join(missing)}: expected the folder that ContrastiveClassifier.save wrote"
            )
        kept, head = json.loads((folder / FILE).read_text(encoding="utf-8")), load_file(folder / HEAD)
        made = cls(str(folder), max_length=kept["max_length"], device=device, dtype=dtype)
        made.classes_ = np.array(kept["classes"])
        made.tokenizer_ = tokenizer_of(folder, None)
        made.encoder_ = placed(body_of(folder), device)
        made.head_ = LogisticRegression(C=made.C)
        made.head_.coef_, made.head_.intercept_ = head["coef"], head["intercept"]
        made.head_.classes_ = np.arange(len(made.classes_))
        made.head_.n_features_in_ = head["coef"].shape[1]
        return made

    def _trained(self, texts: list[tuple[str, ...]], targets: np.ndarray, seed: int) -> PreTrainedModel:
        from zhnlp.few_shot.baselines.networks import PairCosine, placed, with_dropout
        from zhnlp.few_shot.baselines.rows import encode
        from zhnlp.few_shot.training.optimise import optimise
        from zhnlp.models.length_limit import length_limit
        from zhnlp.training.learning_rates import fine_tuning_rate
        from zhnlp.training.loading import ShuffledBatches

        body = placed(with_dropout(self.model, self.dropout), self.device)
        rows = encode(self.tokenizer_, texts, length_limit(self.tokenizer_, body.config, self.max_length))
        drawn = draw_pairs(targets, self.pairs, seed)
        optimise(
            PairCosine(body),
            [(rows[first], rows[second], same) for first, second, same in drawn],
            partial(_collate, self.tokenizer_.pad_token_id or 0),
            ShuffledBatches(len(drawn), self.batch_size, seed=seed),
            epochs=self.epochs,
            learning_rate=fine_tuning_rate(body) if self.learning_rate is None else self.learning_rate,
            device=body.device,
            seed=seed,
            progress=self.progress,
        )
        return body

    def _vectors(self, texts: list[tuple[str, ...]]) -> np.ndarray:
        from zhnlp.few_shot.baselines.networks import mean_states
        from zhnlp.few_shot.baselines.reading import read
        from zhnlp.few_shot.baselines.rows import encode
        from zhnlp.models.length_limit import length_limit

        body = self.encoder_
        rows = encode(self.tokenizer_, texts, length_limit(self.tokenizer_, body.config, self.max_length))

        def call(batch: dict) -> Any:
            return mean_states(body, **batch)

        return read(call, rows, self.tokenizer_.pad_token_id or 0, body.device, self.dtype, self.progress)


def draw_pairs(targets: np.ndarray, pairs: int, seed: int) -> list[tuple[int, int, float]]:
    """For each text ``pairs // 2`` others of its class (1.0) and as many of other classes (0.0), drawn with repetition.

    A text that is alone in its class has pairs of the second kind only; no text is its own partner.

    Example:
        >>> draw_pairs(np.array([0, 0, 1]), 2, seed=0)
        [(0, 1, 1.0), (0, 2, 0.0), (1, 0, 1.0), (1, 2, 0.0), (2, 1, 0.0)]
    """
    random, numbers = np.random.default_rng(seed), np.arange(len(targets))
    drawn = []
    for number, target in enumerate(targets):
        same = numbers[(targets == target) & (numbers != number)]
        for partners, likeness in ((same, 1.0), (numbers[targets != target], 0.0)):
            if len(partners):
                chosen = random.choice(partners, pairs // 2)
                drawn += [(number, int(partner), likeness) for partner in chosen]
    return drawn


def _collate(padding: int, batch: list[tuple[dict, dict, float]]) -> dict[str, Any]:
    import torch

    from zhnlp.few_shot.baselines.rows import pad_rows

    first, second, same = zip(*batch)
    return {**pad_rows([*first, *second], padding), "labels": torch.tensor(same)}
