"""Choice among candidates that differ from text to text: an idiom for a gap (CHID), what a pronoun stands for (WSC).

A candidate is scored as a label word is, less what the model says of it in texts without content.

Source: 苏剑林, https://kexue.fm/archives/7764; the data sets: FewCLUE, https://arxiv.org/abs/2107.07498
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from zhnlp.few_shot.causal import score_filled
from zhnlp.few_shot.prompt import encode_bare, spare_tokens
from zhnlp.few_shot.scoring import Cuts, score_words
from zhnlp.mining.progress import Progress

if TYPE_CHECKING:
    from zhnlp.few_shot.classifier_state import ClassifierState
    from zhnlp.few_shot.scorer import Examples, PromptScorer


class Choices(NamedTuple):
    """What was chosen: the number of the candidate of each text, and the scores of all its candidates in nats."""

    picked: list[int]
    scores: list[np.ndarray]


def choose(
    state: ClassifierState,
    examples: Examples,
    candidates: Sequence[Sequence[str]],
    calibration: str = "auto",
    bars: Progress | None = None,
) -> Choices:
    """`PromptClassifier.choose`, on examples.

    Raises:
        ValueError: as there; or ``calibration="batch"``, since texts with other candidates have no mean.
    """
    words = check_candidates(examples, candidates)
    if calibration == "batch":
        raise ValueError(
            "calibration='batch' takes off the mean over texts with the same labels, and candidates differ: expected 'auto', "
            "'content-free' or 'none'"
        )
    state.check_soft()
    scorer = state.scorer
    bars = bars or Progress(False)
    with bars.stage("choose", len(examples) * len(scorer.templates), "text"):
        scores = candidate_scores(scorer, examples, words, bars)
    if calibration == "content-free" or (calibration == "auto" and state.fitted is None):
        cuts = scorer.cuts
        prior = _priors(scorer, state.neutral(), words)
        scorer.cuts = cuts
        scores = [row - [prior[word] for word in row_words] for row, row_words in zip(scores, words)]
    return Choices([int(row.argmax()) for row in scores], scores)


def candidate_scores(
    scorer: PromptScorer, examples: Examples, words: Sequence[Sequence[str]], bars: Progress | None = None
) -> list[np.ndarray]:
    """Scores of the candidates of each text in nats, a mean over templates, before calibration."""
    ids = _encoded(scorer.network.tokenizer, words)
    scorer.cuts = Cuts(len(examples))
    found = []
    for number, template in enumerate(scorer.templates):
        score = _entailed if template.has_label else _likelihoods if scorer.network.causal else _masked
        found.append(score(scorer, number, examples, words, ids, bars))
    return [np.mean(rows, axis=0) for rows in zip(*found)]


def check_candidates(examples: Examples, candidates: Sequence[Sequence[str]]) -> list[list[str]]:
    """The candidates as lists.

    Raises:
        TypeError: candidates of a text are no list of str.
        ValueError: there are not as many lists as texts, or one has fewer than two candidates.
    """
    if isinstance(candidates, (str, bytes)) or not isinstance(candidates, Iterable):
        raise TypeError(
            f"candidates is {candidates!r} ({type(candidates).__name__}): expected a list of words for each text. Next: "
            "candidates=[['国', '水'], …]"
        )
    rows = [row if isinstance(row, str) or not isinstance(row, Iterable) else list(row) for row in candidates]
    if len(rows) != len(examples):
        raise ValueError(
            f"got {len(examples):,} texts and {len(rows):,} lists of candidates: expected one list for each text. Next: where all "
            "texts share their candidates, [candidates] * len(texts), or predict with labels=candidates"
        )
    for number, row in enumerate(rows):
        if not isinstance(row, list) or not all(isinstance(word, str) and word for word in row):
            raise TypeError(
                f"the candidates of text {number} are {row!r}: expected a list of str, none of them empty. Next: "
                "candidates=[['国', '水'], …], a list for each text"
            )
        if len(row) < 2:
            raise ValueError(
                f"text {number} has {len(row) or 'no'} candidate{'s' * (not row)}: expected two or more to choose from. Next: leave "
                "the text out, or give all its candidates"
            )
    return rows


def _encoded(tokenizer: Any, words: Sequence[Sequence[str]]) -> dict[str, tuple[int, ...]]:
    """The ids of every candidate; those that the vocabulary cannot write are said."""
    ids = {word: tuple(encode_bare(tokenizer, word)) for row in words for word in row}
    lost = [word for word, found in ids.items() if not found or tokenizer.unk_token_id in found]
    if empty := [word for word in lost if not ids[word]]:
        raise ValueError(
            f"the candidate {empty[0]!r} has no token: expected a character or more. Next: leave it out"
        )
    if lost:
        warnings.warn(
            f"{len(lost):,} of {len(ids):,} candidates have characters outside the vocabulary, such as {lost[0]!r}: they are "
            f"scored as {tokenizer.unk_token} and seldom win",
            stacklevel=4,
        )
    return ids


def _groups(
    words: Sequence[Sequence[str]], ids: dict[str, tuple[int, ...]]
) -> Iterator[tuple[int, int, list[tuple[int, list[int]]]]]:
    """Length, greatest length of the text's candidates, and (text, its candidates of that length) for all such texts."""
    groups: dict[tuple[int, int], list[tuple[int, list[int]]]] = defaultdict(list)
    for text, row in enumerate(words):
        lengths = [len(ids[word]) for word in row]
        for length in set(lengths):
            places = [place for place, one in enumerate(lengths) if one == length]
            groups[length, max(lengths)].append((text, places))
    for (length, longest), members in sorted(groups.items()):
        yield length, longest, members


def _masked(
    scorer: PromptScorer, number: int, examples: Examples, words: Any, ids: Any, bars: Progress | None
) -> list[np.ndarray]:
    network, rows = scorer.network, [np.empty(len(row)) for row in words]
    for length, longest, members in _groups(words, ids):
        prompts = scorer.templates[number].encode(
            network.tokenizer,
            [examples[text] for text, _ in members],
            masks=length,
            limit=network.limit - longest + length,
        )
        scorer.cuts.count(prompts, [text for text, _ in members])
        found = score_words(
            network.reader(),
            network.tokenizer,
            prompts,
            [[ids[words[text][place]] for place in places] for text, places in members],
            scorer.length_norm,
            scorer.rows_of(number),
            progress=bars,
        )
        for (text, places), scores in zip(members, found):
            rows[text][places] = scores
    return rows


def _likelihoods(
    scorer: PromptScorer, number: int, examples: Examples, words: Any, ids: Any, bars: Progress | None
) -> list[np.ndarray]:
    network, rows = scorer.network, [np.empty(len(row)) for row in words]
    for length, longest, members in _groups(words, ids):
        flat = [(text, place) for text, places in members for place in places]
        prompts = scorer.templates[number].encode(
            network.tokenizer,
            [examples[text] for text, _ in flat],
            limit=network.limit - longest + length,
            words=[ids[words[text][place]] for text, place in flat],
        )
        scorer.cuts.count(prompts, [text for text, _ in flat])
        found = score_filled(
            network.reader(),
            network.tokenizer,
            prompts,
            scorer.length_norm,
            scorer.rows_of(number),
            progress=bars,
        )
        for (text, place), score in zip(flat, found):
            rows[text][place] = score
    return rows


def _entailed(
    scorer: PromptScorer, number: int, examples: Examples, words: Any, ids: Any, bars: Progress | None
) -> list[np.ndarray]:
    template, tokenizer = scorer.templates[number], scorer.network.tokenizer
    flat = [(text, word) for text, row in enumerate(words) for word in row]
    cuts = Cuts()
    found = scorer.yes_over_no(
        number,
        [examples[text] for text, _ in flat],
        [word for _, word in flat],
        spare=[spare for row in words for spare in spare_tokens(template, tokenizer, row)],
        progress=bars,
        cuts=cuts,
    )
    scorer.cuts.lost.update(flat[number][0] for number in cuts.lost)
    return np.split(found, np.cumsum([len(row) for row in words])[:-1])


def _priors(scorer: PromptScorer, neutral: Examples, words: Sequence[Sequence[str]]) -> dict[str, float]:
    """What the model says of each candidate in texts without content."""
    distinct = sorted({word for row in words for word in row})
    if not distinct:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said of the texts themselves
        scores = candidate_scores(scorer, neutral, [distinct] * len(neutral))
    return dict(zip(distinct, np.mean(scores, axis=0)))
