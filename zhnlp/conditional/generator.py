"""`ConditionalGenerator`: learn what labelled texts are like, and write new ones with an asked label."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.checkpoints.catalogue import find
from zhnlp.checkpoints.locate import locate
from zhnlp.conditional.attributes import Attributes
from zhnlp.conditional.files import Parts, is_conditional, load_conditional, save_conditional
from zhnlp.mining.progress import Progress

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from zhnlp.conditional.training import Example
    from zhnlp.conditional.writing import Text

DEFAULT = "zhnlp-gpt-small"
HELD_OUT, MOST_HELD_OUT, LEAST = 0.05, 1000, 40  # texts that `fit` keeps out; none of fewer than LEAST
SCORED = 32  # texts that `score` reads together


class ConditionalGenerator:
    """Write texts with an asked label, by a causal language model whose norms know the label.

    Args:
        model: what training begins from, a causal model: shipped name, folder or Hub id; None: zhnlp-gpt-small.  Or a folder that
            `save` wrote, ready to write.
        condition_size: features of the vector that a label becomes; no fewer than there are labels.
        max_length: characters of a text; longer ones are cut behind a sentence.
        seed: of training and of what is drawn.
        device: such as "cpu"; None for the GPU where there is one.
        progress: bars and samples on stderr; None on a terminal only.

    Example:
        >>> texts, labels = ["房间很好，很干净。", "房间太差，很脏。"] * 8, ["正面", "负面"] * 8
        >>> generator = ConditionalGenerator(max_length=16, progress=False).fit(texts, labels, epochs=6, batch_size=4)
        >>> len(generator.generate("正面", 3, guidance=2)), generator.labels_
        (3, {'label': ['正面', '负面']})
        >>> asked, other = generator.score(["房间太差，很脏。"] * 2, ["负面", "正面"])
        >>> asked > other
        True

    Source: 苏剑林, https://kexue.fm/archives/7124
    """

    def __init__(
        self,
        model: str | Path | None = None,
        *,
        condition_size: int = 64,
        max_length: int = 128,
        seed: int = 0,
        device: Any = None,
        progress: bool | None = None,
    ):
        for name, value in (("condition_size", condition_size), ("max_length", max_length)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name}={value!r} is not possible: expected a whole number, 1 or more")
        self.model, self.seed, self.device, self.progress = model, seed, device, progress
        self.condition_size, self.max_length = condition_size, max_length
        self.history_: list[dict[str, float]] = []
        self._parts: Parts | None = None
        self._packed: PreTrainedModel | None = None
        known = None if model is None else find(str(model)) or Path(model)
        if known is not None and is_conditional(known):
            self._take(load_conditional(known, device=device, dtype="float32"))

    # --- learning --------------------------------------------------------------------------------------------------

    def fit(
        self,
        texts: Sequence[str],
        labels: Sequence[Any],
        valid: Any = None,
        *,
        out: str | Path | None = None,
        **training: Any,
    ) -> ConditionalGenerator:
        """Train on texts and their labels; begins from ``model`` each time. Returns the generator.

        Args:
            texts: blank ones are left out and counted.
            labels: one for each text: a str or int, a vector of numbers, a dict of attribute → such, None for a text of which
                nothing is said.
            valid: (texts, labels) to choose the best pass by, and when to stop; None holds out a twentieth of the texts (1,000 at
                most, none of fewer than 40); False trains on all of them to the end.
            out: folder for checkpoints and a log; a killed training continues there.
            **training: of `ConditionalTraining`: ``epochs``, ``batch_size``, ``learning_rate``, ``drop``, ``dropout``, ``patience``,
                ``regularizers`` …

        Raises:
            ValueError: there are no texts, as many labels, or a setting is out of its range.
            TypeError: a text is no str, or a label of another kind.
        """
        from zhnlp.conditional.training import ConditionalTraining, train
        from zhnlp.training.learning_rates import adaptation_rate

        texts, labels = _filled(texts, labels)
        if not texts:
            raise ValueError("there is no text to train on: expected texts with their labels, one or more")
        if valid is None:
            (texts, labels), held_out = _split(texts, labels, self.seed)
        else:
            held_out = ([], []) if valid is False else _filled(*valid)
        parts = self._new(Attributes.of(labels))
        settings = ConditionalTraining(
            **{
                "learning_rate": adaptation_rate(parts.module.network),
                "seed": self.seed,
                "progress": self.progress,
                "out": None if out is None else Path(out),
                **training,
            }
        )
        self._take(parts)
        self.history_ = train(
            parts.module,
            self._examples(texts, labels),
            self._examples(*held_out),
            settings,
            collate=self._batch,
            show=self._shown,
        )
        parts.module.fold_null()
        self._packed = None
        return self

    def _shown(self, count: int) -> list[str]:
        self._packed = None  # the weights have changed
        asked = [{name: label} for name, known in self.labels_.items() for label in known][:count]
        return [f"{label}  {self.generate(label, progress=False)[0]['text']}" for label in asked or [None]]

    # --- writing ---------------------------------------------------------------------------------------------------

    def generate(
        self, label: Any = None, n: int = 1, *, progress: bool | None = None, **writing: Any
    ) -> list[Text]:
        """``n`` texts with an asked label, in the order drawn; the i-th is the same whatever ``n`` and ``batch_size`` are.

        Args:
            label: as `fit` took them, or a dict of some of the attributes; None for nothing asked.
            progress: a bar; None as the generator.
            **writing: of `Writing`: ``guidance``, ``prompt``, ``seed``, ``temperature``, ``top_k``, ``top_p``, ``max_new_tokens``,
                ``num_beams`` …

        Returns:
            ``{"text", "score"}`` for each: the score is the mean log-probability of its tokens, in nats.

        Raises:
            NotFittedError: nothing was trained or loaded.
            ValueError: the label is not known (the message lists those that are), or a setting is out of its range.
        """
        from zhnlp.conditional.writing import Writing, write

        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ValueError(f"n={n!r} is not possible: expected texts to write, 1 or more")
        chosen, parts = Writing(**{"seed": self.seed, **writing}), self.parts
        vector = parts.vector(label)[0]
        shown = Progress(self.progress if progress is None else progress)
        most = self.max_length + 1
        network, null = self._network(), parts.module.conditions.null().detach()
        return list(write(network, self._reader, vector, null, n, chosen, most, shown))

    def score(self, texts: Sequence[str], labels: Any = None) -> list[float]:
        """The log-probability of each text given its label, its end included, in nats; texts are cut as those of `fit`.

        Args:
            labels: one for each text, or None for nothing said of any.

        Raises:
            NotFittedError: nothing was trained or loaded.
            ValueError: a label is not known, or there are as many texts as labels not.
        """
        from zhnlp.conditional.writing import score
        from zhnlp.models.batching import batches_by_length

        texts = _listed(texts, "texts")
        labels = [None] * len(texts) if labels is None else _listed(labels, "labels")
        _check_as_many(texts, labels)
        module, examples = self.parts.module, self._examples(texts, labels)
        lengths = [len(ids) for ids, _ in examples]
        batches = list(batches_by_length(lengths, token_budget=8192, batch_size=SCORED))
        return score(
            module.costs, batches, lambda rows: self._batch([examples[row] for row in rows]), module.device
        )

    # --- files -----------------------------------------------------------------------------------------------------

    def save(self, folder: str | Path, *, int8: bool = False) -> Path:
        """Write network, tokenizer and labels; ``ConditionalGenerator(folder)`` and ``pipeline("text-generation", folder)`` load them.

        Args:
            int8: store each row of the network's weights in 8 bits: a quarter of the size.

        Raises:
            NotFittedError: nothing was trained or loaded.
            FileExistsError: ``folder`` is a file.
        """
        return save_conditional(self.parts, folder, int8=int8)

    @classmethod
    def load(cls, folder: str | Path, **options: Any) -> ConditionalGenerator:
        """As `save` wrote it.

        Raises:
            ValueError: ``folder`` holds a plain model, or none.
        """
        made = cls(folder, **options)
        if made._parts is None:
            made._take(load_conditional(locate(folder), device=made.device, dtype="float32"))
        return made

    # --- parts -----------------------------------------------------------------------------------------------------

    @property
    def parts(self) -> Parts:
        """Network, tokenizer and labels.

        Raises:
            NotFittedError: nothing was trained or loaded.
        """
        if self._parts is None and self.model is not None and is_conditional(folder := locate(self.model)):
            self._take(load_conditional(folder, device=self.device, dtype="float32"))  # of the Hub
        if self._parts is None:
            from sklearn.exceptions import NotFittedError

            raise NotFittedError(
                f"this generator has learnt nothing yet: expected fit(texts, labels) first, or a folder that save wrote. {self.model or DEFAULT} "
                "alone knows no labels"
            )
        return self._parts

    @property
    def labels_(self) -> dict[str, list[Any]]:
        """Attribute → its labels."""
        return {name: list(known) for name, known in self.parts.attributes.classes.items()}

    def _new(self, attributes: Attributes) -> Parts:
        from zhnlp import tokenizers
        from zhnlp.models.conditional import ConditionalLM
        from zhnlp.models.loading import load_model
        from zhnlp.training.seeds import own_randomness

        name = DEFAULT if self.model is None else self.model
        tokenizer = tokenizers.load(name)
        network = load_model(name, "causal-lm", device=self.device, dtype="float32", check=False)
        tokenizers.repair(tokenizer, network)
        with own_randomness(self.seed):
            module = ConditionalLM(network, attributes.conditions(self.condition_size))
        return Parts(module, tokenizer, attributes, self.max_length)

    def _take(self, parts: Parts) -> None:
        from zhnlp.conditional.reader import TextReader

        self._reader = TextReader(parts.tokenizer, parts.module.config, max_length=parts.max_length)
        self.max_length, self.condition_size = parts.max_length, parts.module.conditions.size
        self._parts, self._packed = parts, None

    def _network(self) -> PreTrainedModel:
        """The network to write with: packed where that is faster, in evaluation mode."""
        from zhnlp.models.packed_linear import pack_linear

        if self._packed is None:
            self._packed = pack_linear(self.parts.module.network.eval())
        return self._packed

    def _examples(self, texts: Sequence[str], labels: Sequence[Any]) -> list[Example]:
        return list(zip(self._reader.read(texts), self.parts.attributes.rows(labels)))

    def _batch(self, examples: Sequence[Example]) -> dict[str, Any]:
        from zhnlp.conditional.training import batch_of

        return batch_of(examples, self._reader, self.parts.attributes)


def _listed(values: Any, name: str) -> list[Any]:
    """A list of what was given, of numpy or pandas too.

    Raises:
        TypeError: it is one str, or cannot be listed.
    """
    if isinstance(values, (str, bytes, dict)) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} is {type(values).__name__}: expected a list, one for each text")
    return list(values)


def _filled(texts: Any, labels: Any) -> tuple[list[str], list[Any]]:
    """Texts and labels without those whose text is blank, which are warned of."""
    texts, labels = _listed(texts, "texts"), _listed(labels, "labels")
    _check_as_many(texts, labels)
    kept = [number for number, text in enumerate(texts) if not isinstance(text, str) or text.strip()]
    if len(kept) < len(texts):
        warnings.warn(
            f"{len(texts) - len(kept):,} of {len(texts):,} texts are blank and were left out", stacklevel=3
        )
    return [texts[number] for number in kept], [labels[number] for number in kept]


def _check_as_many(texts: list[Any], labels: list[Any]) -> None:
    if len(texts) != len(labels):
        raise ValueError(
            f"got {len(texts):,} texts and {len(labels):,} labels: expected one label for each text"
        )


def _split(texts: list[str], labels: list[Any], seed: int) -> tuple[tuple[list, list], tuple[list, list]]:
    """(texts, labels) to train on, and those held out, in their order."""
    import numpy as np

    count = 0 if len(texts) < LEAST else min(MOST_HELD_OUT, round(HELD_OUT * len(texts)))
    order = np.random.default_rng(seed).permutation(len(texts)).tolist()
    parts = [sorted(order[count:]), sorted(order[:count])]
    kept, held_out = (([texts[n] for n in part], [labels[n] for n in part]) for part in parts)
    return kept, held_out
