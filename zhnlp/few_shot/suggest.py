"""Which template, and which label words, without a label: ranked by how templates agree, how sure and how balanced they are.

N texts, C labels, T templates.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.few_shot.network import Network
from zhnlp.few_shot.template import Template
from zhnlp.few_shot.template_families import FAMILIES, families_for, word_sets
from zhnlp.few_shot.template_ranking import FEWEST, TemplateReader
from zhnlp.few_shot.verbalizer import describe
from zhnlp.mining.progress import Progress

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from zhnlp.few_shot.classifier import PromptClassifier

RANKINGS = ("agreement", "mutual-information", "confidence", "balance")
ENOUGH = 50  # distinct texts below which the numbers say little
SHOWN = 24  # characters of an example


class Suggestions(list):
    """Rows, best first; printing gives a table and what the best one predicts.

    Each row is a dict:

    - ``template``, ``labels`` (label → words), ``words`` (where they are from: "given", "found 8" …);
    - ``agreement``: correlation, -1 to 1, of its scores with the mean of those of the other templates; None below three templates;
    - ``mutual_information``: between text and label, in nats: entropy of the mean prediction less the mean entropy;
    - ``confidence``: mean probability of the predicted label, 1/C to 1;
    - ``balance``: entropy of the shares of predicted labels over ln C, 0 (one label only) to 1 (all alike);
    - ``shares``: label → share of the texts, and ``examples``: label → the text that it is surest of.

    Attributes:
        ranked_by: the number that the order goes by.
        texts: how many texts were read.
    """

    def __init__(self, rows: Iterable[dict] = (), *, ranked_by: str = "agreement", texts: int = 0):
        super().__init__(rows)
        self.ranked_by, self.texts = ranked_by, texts

    def classifier(self, top: int = 3, **parameters: Any) -> PromptClassifier:
        """An ensemble of the first ``top`` templates that go with the words of the best row.

        Args:
            top: templates, 1 or more.
            **parameters: of `PromptClassifier`, such as ``model``.
        """
        from zhnlp.few_shot.classifier import PromptClassifier

        if not self or top < 1:
            raise ValueError(f"top={top} of {len(self)} suggestions is not possible: expected 1 or more")
        best = self[0]["labels"]
        same = [row["template"] for row in self if row["labels"] == best][:top]
        return PromptClassifier(same if len(same) > 1 else same[0], best, **parameters)

    def __str__(self) -> str:
        if not self:
            return "no suggestion"
        lines = ["agreement  information  confidence  balance  words      template"]
        for row in self:
            agreement = "        –" if row["agreement"] is None else f"{row['agreement']:9.3f}"
            lines.append(
                f"{agreement}  {row['mutual_information']:11.3f}  {row['confidence']:10.3f}  {row['balance']:7.3f}  "
                f"{row['words']:<9}  {row['template']}"
            )
        best = self[0]
        lines.append(f"\nranked by {self.ranked_by} over {self.texts:,} texts; the best one:")
        for label, words in best["labels"].items():
            example = " ".join(str(best["examples"].get(label, "")).split())
            shown = example if len(example) <= SHOWN else example[:SHOWN] + "…"
            lines.append(
                f"  {label} = {', '.join(words)}: {best['shares'][label]:.0%} of the texts, such as {shown}"
            )
        return "\n".join(lines)


def suggest_templates(
    labels: Any,
    unlabelled: Iterable[Any],
    *,
    templates: str | Sequence[str] | None = None,
    words: Sequence[Mapping[Any, Sequence[str]]] | None = None,
    find: int = 8,
    model: str | Path | PreTrainedModel | None = None,
    tokenizer: PreTrainedTokenizerFast | None = None,
    top_k: int | None = 10,
    sample: int = 200,
    rank_by: str = "agreement",
    max_length: int | None = 128,
    random_state: int | None = 0,
    device: Any = None,
    dtype: Any = None,
    progress: bool | None = None,
) -> Suggestions:
    """Rank templates and label words by what they predict on texts without labels.

    A template whose predictions go with those of the others reads what all of them are asked for; one that is merely sure
    of itself often reads something else, such as which character follows the text.  So the default order is by agreement;
    figures in docs/few-shot.md.  Scores are calibrated by their mean over the texts.

    Args:
        labels: label → its words, or a list of labels, as `PromptClassifier` takes them.
        unlabelled: texts, or pairs; 50 or more, of all labels.
        templates: to choose from, or the name of a family ("sentiment", "topic", "intent", "pair", "general"); None for the
            families that fit: "sentiment" for labels such as 正面 and 负面, "pair" for pairs, else "topic", "intent" and "general".
        words: more sets of label words to choose from; for 正面 and 负面 some are known.
        find: words of a label that the model finds by itself for each set (see `find_words`); 0 for none, and none for pairs
            and causal models.
        model, tokenizer, device, dtype, max_length: as in `PromptClassifier`.
        top_k: rows to return; None for all.
        sample: texts that are read, drawn with ``random_state`` where there are more.
        rank_by: "agreement", "mutual-information", "confidence" or "balance", the higher the better; by agreement fewer than
            three templates cannot be ranked, and are by mutual information.
        progress: a bar on stderr; None for a terminal only.

    Raises:
        ValueError: fewer than two labels or texts, an unknown family or ranking, a template that cannot be read, a word that
            the vocabulary cannot write.

    Example:
        >>> texts = ["味道很好", "太难吃了", "服务热情", "又脏又贵", "下次还来", "排队两小时"]
        >>> found = suggest_templates({"正面": ["好"], "负面": ["坏"]}, texts, find=0, words=[], templates="sentiment")
        >>> found[0]["template"] in FAMILIES["sentiment"], found[0]["agreement"] >= found[-1]["agreement"]
        (True, True)
        >>> found.classifier(top=2).predict(["难吃"]).shape
        (1,)
    """
    if rank_by not in RANKINGS:
        raise ValueError(
            f"rank_by={rank_by!r} is not known: expected one of {', '.join(map(repr, RANKINGS))}"
        )
    for name, value, least in (
        ("find", find, 0),
        ("sample", sample, 2),
        ("top_k", 1 if top_k is None else top_k, 1),
    ):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name}={value!r} is not possible: expected {least} or more")
    described = describe(labels, Template("{text}。总之，很{mask}。"))
    texts = _drawn(unlabelled, sample, random_state)
    sources = _sources(templates, described, texts[0])
    network = Network(model, tokenizer, device=device, dtype=dtype, max_length=max_length)
    reader = TemplateReader(sources, texts, network, Progress(progress))
    sets = word_sets(described) if words is None else {"given": described}
    for number, more in enumerate(words or (), 1):
        sets[f"words {number}"] = _matching(more, described)
    rows = reader.rows(sets, find)
    key = rank_by.replace("-", "_")
    if rank_by == "agreement" and len(sources) < FEWEST:
        key = "mutual_information"
        warnings.warn(
            f"{len(sources)} templates are too few to agree: ranked by mutual information. Next: three templates or more",
            stacklevel=2,
        )
    rows.sort(key=lambda row: -row[key])
    return Suggestions(rows[:top_k], ranked_by=key.replace("_", " "), texts=len(texts))


def _drawn(unlabelled: Iterable[Any], number: int, random_state: int | None) -> list[Any]:
    """Texts to read, in the order in which they came."""
    from sklearn.utils import check_random_state

    if isinstance(unlabelled, (str, bytes, Mapping)) or not isinstance(unlabelled, Iterable):
        raise TypeError(f"unlabelled is {type(unlabelled).__name__}: expected a list of texts or pairs")
    if hasattr(unlabelled, "columns") and hasattr(unlabelled, "to_dict"):  # a table of pandas
        unlabelled = unlabelled.to_dict("records")
    texts = unlabelled.tolist() if hasattr(unlabelled, "tolist") else list(unlabelled)
    if len(texts) < 2:
        raise ValueError(f"unlabelled has {len(texts)} text: expected 50 or more, of all labels")
    if (distinct := len({str(text) for text in texts})) < ENOUGH:
        warnings.warn(
            f"unlabelled has {distinct} distinct text{'s' * (distinct != 1)}: the order of the templates is mostly chance. Expected "
            f"{ENOUGH} or more, of all labels. Next: more texts",
            stacklevel=3,
        )
    if len(texts) <= number:
        return texts
    order = check_random_state(random_state).permutation(len(texts))[:number]
    return [texts[place] for place in sorted(order)]


def _sources(templates: Any, labels: Mapping[Any, Any], first: Any) -> list[Any]:
    """The templates to choose from."""
    if templates is None:
        pairs = isinstance(first, Mapping) and "text_a" in first
        pairs = pairs or (isinstance(first, (tuple, list)) and len(first) == 2)
        return [one for name in families_for(labels, pairs=pairs) for one in FAMILIES[name]]
    if isinstance(templates, str):
        if templates in FAMILIES:
            return list(FAMILIES[templates])
        if "{" not in templates:
            raise ValueError(
                f"templates={templates!r} is no family: expected one of {', '.join(map(repr, FAMILIES))}, or templates"
            )
        return [templates]
    return list(templates)


def _matching(words: Mapping[Any, Sequence[str]], labels: Mapping[Any, Any]) -> dict[Any, list[str]]:
    """A set of words in the order of the labels."""
    described = describe(words)
    if set(described) != set(labels):
        raise ValueError(
            f"words has the labels {', '.join(map(repr, described))}: expected {', '.join(map(repr, labels))}"
        )
    return {label: described[label] for label in labels}
