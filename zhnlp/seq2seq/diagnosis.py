"""Does a wider beam find better titles, or only likelier ones; and does the model prefer its own to the right ones.

A model that was only shown right beginnings is normalised step by step, and its likeliest texts need not be its best
(post 7259): scores then fall as the beam grows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zhnlp.metrics import evaluate_titles
from zhnlp.seq2seq.pairs import read_pairs

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from zhnlp.seq2seq.generator import TitleGenerator


@dataclass
class BeamCurse:
    """What `beam_curse` found, a value for each beam width.

    Attributes:
        beams: the widths.
        rouge_l: of the titles, in [0, 1]; ``intervals`` of 95 %.
        log_probability: mean Σ log p of the titles, nats.
        length: mean characters of a title.
        preferred: share of the items whose own title the model finds likelier than the right one, in [0, 1]; in
            ``preferred_per_token`` likelier by the mean over tokens.
        reference_log_probability: mean Σ log p of the right titles, nats.
    """

    beams: list[int]
    rouge_l: list[float] = field(default_factory=list)
    intervals: list[list[float]] = field(default_factory=list)
    log_probability: list[float] = field(default_factory=list)
    length: list[float] = field(default_factory=list)
    preferred: list[float] = field(default_factory=list)
    preferred_per_token: list[float] = field(default_factory=list)
    reference_log_probability: float = 0.0

    def __str__(self) -> str:
        head = "beam  ROUGE-L  log p (nats)  characters  own title likelier  per token"
        rows = zip(
            self.beams,
            self.rouge_l,
            self.log_probability,
            self.length,
            self.preferred,
            self.preferred_per_token,
        )
        lines = [
            f"{beam:4}  {rouge:7.4f}  {likely:12.2f}  {length:10.1f}  {own:18.1%}  {per:9.1%}"
            for beam, rouge, likely, length, own, per in rows
        ]
        return "\n".join([head, *lines, f"right titles: log p {self.reference_log_probability:.2f} nats"])

    def plot(self, path: str | Path | None = None) -> Figure:
        """ROUGE-L with its interval, and the share of preferred own titles, against the beam width.

        Args:
            path: picture to write, such as "curse.png"; None writes none.

        Raises:
            ImportError: matplotlib is missing (extra ``plot``).
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ImportError('plots need matplotlib. Next: pip install "zhnlp[plot]"') from error
        figure = Figure(figsize=(6, 4), layout="constrained")
        left = figure.subplots()
        low, high = zip(*self.intervals)
        left.plot(self.beams, self.rouge_l, marker="o")
        left.fill_between(self.beams, low, high, alpha=0.2)
        left.set(xlabel="beam width", ylabel="ROUGE-L, 95 % interval", xticks=self.beams)
        right = left.twinx()
        right.plot(self.beams, self.preferred, marker="s", linestyle="--", color="tab:red")
        right.set(ylabel="own title likelier than the right one (dashed)", ylim=(0, 1))
        if path is not None:
            figure.savefig(path)
        return figure


def beam_curse(
    generator: TitleGenerator,
    pairs: Any,
    *,
    beams: Sequence[int] = (1, 2, 3, 5, 8),
    length_penalty: float = 0.0,
) -> BeamCurse:
    """Write titles with several beam widths, and compare them with the right ones by ROUGE-L and by the model itself.

    Args:
        pairs: see `read_pairs`.
        beams: widths, 1 or more.
        length_penalty: 0 searches for the likeliest title, which is what the question is about.

    Source: 苏剑林, https://kexue.fm/archives/7259
    """
    articles, titles = read_pairs(pairs)
    engine = generator.engine
    lengths = [len(target) + 1 for _, target in engine.pairs(articles, titles)]
    right = generator.score(list(zip(articles, titles)))
    found = BeamCurse(list(beams), reference_log_probability=sum(right) / len(right))
    for width in beams:
        written = generator.generate(articles, num_beams=width, length_penalty=length_penalty)
        texts = [one["title"] for one in written]
        own = generator.score(list(zip(articles, texts)))
        tokens = [len(target) + 1 for _, target in engine.pairs(articles, texts)]
        figures = evaluate_titles(texts, titles)
        found.rouge_l.append(figures["rouge_l"])
        found.intervals.append(figures["intervals"]["rouge_l"])
        found.length.append(figures["mean_length"])
        found.log_probability.append(sum(own) / len(own))
        found.preferred.append(sum(map(float.__gt__, own, right)) / len(own))
        means = zip(own, tokens, right, lengths)
        found.preferred_per_token.append(sum(a / n > b / m for a, n, b, m in means) / len(own))
    return found
