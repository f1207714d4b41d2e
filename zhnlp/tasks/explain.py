"""pipeline("explain"): which characters decided."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.mining.progress import Progress
from zhnlp.tasks.base import Pipeline

if TYPE_CHECKING:
    from zhnlp.attribution import Explainer, Explanation, TellingWords
    from zhnlp.tokenizers import WordTokenizer


class Explain(Pipeline):
    """Say which characters and words of a text speak for a label, and which against it.

    Args:
        model: a classifier (of `zhnlp.few_shot`, a pipeline for few-shot classification, a text-classification pipeline
            of transformers, (model, tokenizer), a scikit-learn pipeline for method="occlusion"), the folder of one, or a Hub id of a sequence classifier. With ``labels``
            a language model, None for zhnlp-mlm-small.
        labels: label → words of a prompt; makes a zero-shot classifier of a language model.
        template: of that prompt; None for the default one.
        method: "integrated-gradients", "gradient", "gradient-x-input" or "occlusion".
        baseline: "pad", "mask", "zero" or "mean": what stands for "no token"; "auto" is the mask of a prompt over a masked
            model, else the pad.
        steps: points of integrated gradients, or "auto" for as many as the error needs.
        output: "logit" or "probability".
        words: cuts text into words; None for jieba.
        tokenizer: of a model of transformers that is given as such.
        revision, cache_dir: of the Hub.
        device: of a model given by name; None for the GPU where there is one.
        token_budget: positions computed together; None for 1,024 on a CPU, 32,768 elsewhere.
        tolerance: completeness error above which a warning is given (0-1).
        progress: bars on stderr; None for a terminal only.

    A text gives an `zhnlp.attribution.Explanation`: a dict with ``tokens`` and ``words`` (``{"text", "start", "end",
    "score"}``, offsets into your own string), ``target``, ``completeness_error`` and more, that json can write and
    ``print`` shows as a heat map; ``.to_html()`` is a page. A list gives a list, an iterator a generator in the same
    order. A pair is a tuple of two str or a dict; a DataFrame gives its columns of the classifier's fields ("text"; "text_a"
    and "text_b").

    Raises:
        TypeError: neither a classifier nor labels; or a classifier that cannot be explained.
        ValueError: a method, baseline or output that is not known; a model that is no classifier.

    Example:
        >>> from zhnlp import pipeline
        >>> pipe = pipeline("explain", labels={"正面": "好", "负面": "差"})
        >>> found = pipe("服务太差了，再也不来", target="负面")
        >>> found["target"], max(found["tokens"], key=lambda token: token["score"])["text"]
        ('负面', '差')

    Source: 苏剑林, https://kexue.fm/archives/7533; Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365
    """

    task = "explain"

    def __init__(
        self,
        model: Any = None,
        *,
        labels: Any = None,
        template: Any = None,
        method: str = "integrated-gradients",
        baseline: str = "auto",
        steps: int | str = 50,
        output: str = "logit",
        words: WordTokenizer | None = None,
        tokenizer: Any = None,
        revision: str | None = None,
        cache_dir: str | Path | None = None,
        device: Any = None,
        token_budget: int | None = None,
        tolerance: float = 0.01,
        progress: bool | None = None,
    ):
        from zhnlp.attribution import Explainer

        if template is not None and labels is None:
            raise TypeError(
                "explain got a template without labels=: expected label → words of the template's blank"
            )
        hub = {"revision": revision, "cache_dir": cache_dir}
        classifier = self._classifier(model, tokenizer, labels, template, device, hub)
        self.explainer: Explainer = Explainer(
            classifier,
            method=method,
            baseline=baseline,
            steps=steps,
            output=output,
            words=words,
            token_budget=token_budget,
            tolerance=tolerance,
        )
        self.progress = Progress(progress)

    @property
    def classes(self) -> list[Any]:
        """The labels, in the order of the classifier."""
        return list(self.explainer.network.classes)

    def __call__(self, texts: Any, target: Any = None) -> Any:
        """Explain a text or a pair, a list or tuple of them, or an iterator of them.

        Args:
            texts: each a str, or the two texts of a pair as (a, b) or a dict. A tuple of two str is one pair for a classifier of
                pairs, and two texts for any other. A column, array or DataFrame gives a list.
            target: a label; None for the one that the classifier chooses, text by text.

        Raises:
            TypeError: what was given is no text.
            ValueError: a text without a token, or with unknown ones only; a target that is no class; a DataFrame without a
                column of texts. The message says which text.

        Warns:
            UserWarning: texts were cut, or completeness errors are above ``tolerance``; once a call.
        """
        if target is not None:
            self.explainer.network.class_number(target)  # refused before the work
        if self._is_one(texts):
            (found,) = self._stream([texts], target)
            return found
        return self._deliver(self._plain(texts), lambda items: self._stream(items, target))

    def telling_words(self, texts: Iterable[Any], target: Any = None, *, min_count: int = 2) -> TellingWords:
        """The most telling words of each class over many texts, read once.

        Args:
            texts, target: as of a call.
            min_count: occurrences below which a word is left out.
        """
        from zhnlp.attribution import telling_words

        texts = [texts] if self._is_one(texts) else self._plain(texts)
        return telling_words(self(iter(texts), target), min_count=min_count)

    def _is_one(self, texts: Any) -> bool:
        """Whether this is a single text or pair."""
        pair = isinstance(texts, tuple) and len(texts) == 2 and all(isinstance(one, str) for one in texts)
        return isinstance(texts, (str, Mapping)) or (pair and len(self.explainer.network.fields) == 2)

    def _plain(self, texts: Any) -> Any:
        """A column, an array or a table of pandas or polars as a list; all else as it is."""
        if hasattr(texts, "columns"):
            return self._of_table(texts)
        for name in ("tolist", "to_list"):
            if hasattr(texts, name):
                return getattr(texts, name)()
        return texts

    def _of_table(self, table: Any) -> list[Any]:
        """The texts, or pairs, of the columns that are named as the fields of the classifier."""
        network, there = self.explainer.network, list(table.columns)
        known = (
            list(dict.fromkeys(map(tuple, (network.fields, network.pair))))
            if network.pair
            else [network.fields]
        )
        for fields in known:
            if set(fields) <= set(there):
                columns = [list(table[field]) for field in fields]
                return columns[0] if len(fields) == 1 else list(zip(*columns))
        wanted = ", or ".join(" and ".join(map(repr, fields)) for fields in known)
        single = len(network.fields) == 1
        raise ValueError(
            f"{self.task} got a table with the columns {', '.join(map(repr, there))}: expected {wanted}. Next: "
            + ("pipe(table[column])" if single else "pipe(list(zip(table[column_a], table[column_b])))")
        )

    def _stream(self, texts: Iterable[Any], target: Any) -> Iterator[Explanation]:
        known = len(texts) if isinstance(texts, (list, tuple)) else None
        count = cut = rough = 0
        with self.progress.stage(self.task, known, "text"):
            for number, text in enumerate(self._checked(texts)):
                try:
                    found = self.explainer.explain(text, target)
                except (TypeError, ValueError) as error:
                    if known == 1:
                        raise
                    raise type(error)(f"text {number}: {error}") from error
                count += 1
                cut += found["cut"]
                rough += self.explainer.is_rough(found)
                self.progress.advance(1)
                yield found
        explainer = self.explainer
        if cut:
            warnings.warn(
                f"{cut:,} of {count:,} texts were too long for {explainer.network.name}: their ends have no score. Next: cut them into "
                "sentences",
                stacklevel=3,
            )
        if rough:
            warnings.warn(
                f"{rough:,} of {count:,} explanations have a completeness error above {explainer.tolerance:.0%}: their scores are rough. "
                f"Next: {explainer.advice}",
                stacklevel=3,
            )

    def _checked(self, texts: Iterable[Any]) -> Iterator[Any]:
        for number, text in enumerate(texts):
            pair = isinstance(text, (tuple, list)) and len(text) == 2
            if not pair and not isinstance(text, (str, Mapping)):
                raise TypeError(
                    f"{self.task} got {type(text).__name__} as text {number}: expected str, or for a pair (a, b) or a dict of two texts"
                )
            yield text

    def _classifier(
        self, model: Any, tokenizer: Any, labels: Any, template: Any, device: Any, hub: dict
    ) -> Any:
        """What `zhnlp.attribution.Explainer` takes."""
        named = isinstance(model, (str, Path))
        if labels is not None:
            from zhnlp.checkpoints.locate import locate
            from zhnlp.few_shot import PromptClassifier

            options = {} if template is None else {"template": template}
            if named and any(hub.values()):
                model = locate(model, **hub)
            return PromptClassifier(
                labels=labels, model=model, tokenizer=tokenizer, device=device, progress=False, **options
            )
        if named:
            from zhnlp.attribution.classifiers import load_classifier

            return load_classifier(model, device=device, **hub)
        if model is None:
            raise TypeError(
                "explain got no classifier: expected one, or a folder or Hub id of one. Next: labels={'正面': ['好'], '负面': ['差']} for a "
                "zero-shot classifier"
            )
        if device is not None:
            raise TypeError(
                "explain got a classifier and device=: expected device= with a name. Next: classifier.to(device)"
            )
        return (model, tokenizer) if tokenizer is not None else model
