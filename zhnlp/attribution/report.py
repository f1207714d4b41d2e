"""The most telling words of each class over many texts: a table, and a page."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any, ClassVar

from zhnlp.mining.table import RankedTable

SHRINK = 2  # occurrences with the score 0 that every word is given


class TellingWords(RankedTable):
    """Rows of words by class, those that speak for a class first, by falling ``score``.

    Columns: class; word; ``score``, the sum of its scores over count + 2; ``count``, its occurrences in texts explained for
    that class; ``mean`` of its scores, in the unit of the explanations; ``texts`` that hold it.  Every text counts for the
    class it was explained for.

    Example:
        >>> word = {"text": "很脏", "start": 0, "end": 2, "score": 3.0}
        >>> table = telling_words([{"target": "负面", "words": [word], "output": "logit"}], min_count=1)
        >>> table[0]["class"], table[0]["word"], table[0]["score"], table[0]["count"]
        ('负面', '很脏', 1.0, 1)
    """

    columns: ClassVar[Mapping[str, str]] = {
        "class": "text",
        "word": "text",
        "score": "real",
        "count": "whole",
        "mean": "real",
        "texts": "whole",
    }

    @property
    def classes(self) -> list[str]:
        """The classes, in the order in which they came."""
        return list(dict.fromkeys(row["class"] for row in self))

    def of(self, label: Any, count: int | None = None, *, against: bool = False) -> list[dict[str, Any]]:
        """The words that speak for a class, or against it, strongest first.

        Raises:
            ValueError: no text was explained for that class.
        """
        if str(label) not in self.classes:
            raise ValueError(
                f"class {label!r} is not in the table: expected one of {', '.join(map(repr, self.classes))}"
            )
        own = [
            row
            for row in self
            if row["class"] == str(label) and (row["score"] < 0 if against else row["score"] > 0)
        ]
        return (own[::-1] if against else own)[:count]

    def report(self, path: str | Path, **options: Any) -> Path:
        """Write the page of `to_html`."""
        from zhnlp.text.files import write_whole

        write_whole(path, self.to_html(**options))
        return Path(path)

    def to_html(self, *, top: int = 20, title: str | None = None, language: str = "en") -> str:
        """One self-contained HTML page: for each class the ``top`` words for it and against it.

        Raises:
            ValueError: the language is not known.
        """
        from zhnlp.attribution.page import frame, safe
        from zhnlp.attribution.page_labels import labels

        label = labels(language)
        note = label["report_note"].format(shrink=SHRINK, output=self.settings.get("output", "logit"))
        parts = [f'<p class="notes">{escape(note)}</p>']
        for name in self.classes:
            count = self.settings.get("texts", {}).get(name)
            said = "" if count is None else label["texts"].format(n=count)
            parts.append(
                f'<article><div class="head"><h2>{safe(name)}</h2><span class="notes">{said}</span></div>'
                f'<div class="columns">{self._list(name, top, label, False)}{self._list(name, top, label, True)}</div></article>'
            )
        if not self:
            parts.append(f"<p>{label['empty']}</p>")
        total = sum(self.settings.get("texts", {}).values())
        return frame(
            title or label["report_title"],
            "\n".join(parts),
            language,
            label["texts"].format(n=total),
            "strongest_word",
        )

    def _list(self, name: str, top: int, label: Mapping[str, str], against: bool) -> str:
        from zhnlp.attribution.page import number, safe, shaded
        from zhnlp.attribution.terminal import level

        rows = self.of(name, top, against=against)
        if not rows:
            return ""
        strongest = max(abs(row["score"]) for row in rows)
        heading = label["speaks_against" if against else "speaks_for"].format(label=name)
        head = "".join(f'<th scope="col">{label[key]}</th>' for key in ("score", "count", "mean"))
        cells = "".join(
            f'<tr><td class="word">{shaded(row["word"], level(row["score"], strongest))}</td><td>{number(row["score"])}</td>'
            f"<td>{row['count']:,}</td><td>{number(row['mean'])}</td></tr>"
            for row in rows
        )
        return (
            f'<section><h3>{safe(heading)}</h3><div class="scroll"><table><thead><tr><th class="word" scope="col">{label["word"]}</th>'
            f"{head}</tr></thead><tbody>{cells}</tbody></table></div></section>"
        )


def telling_words(explanations: Iterable[Mapping[str, Any]], *, min_count: int = 2) -> TellingWords:
    """Count the words of explanations by the class that was explained.

    Args:
        explanations: read once, one at a time.
        min_count: occurrences below which a word is left out; how many were is in ``settings``.

    Warns:
        UserWarning: there is no explanation, or no word is frequent enough.
    """
    sums: dict[tuple[str, str], list[float]] = defaultdict(list)
    holding: dict[tuple[str, str], int] = defaultdict(int)
    texts: dict[str, int] = defaultdict(int)
    output = "logit"
    for found in explanations:
        name, output = str(found["target"]), found["output"]
        texts[name] += 1
        for word in found["words"]:
            sums[name, word["text"]].append(word["score"])
        for word in {word["text"] for word in found["words"]}:
            holding[name, word] += 1
    rows = [
        {
            "class": name,
            "word": word,
            "score": sum(scores) / (len(scores) + SHRINK),
            "count": len(scores),
            "mean": sum(scores) / len(scores),
            "texts": holding[name, word],
        }
        for (name, word), scores in sums.items()
        if len(scores) >= min_count
    ]
    order = list(texts)
    rows.sort(key=lambda row: (order.index(row["class"]), -row["score"], row["word"]))
    if not rows:
        why = "no text was explained" if not texts else f"no word occurs {min_count} times in one class"
        warnings.warn(f"the table of telling words is empty: {why}", stacklevel=2)
    rare = sum(len(scores) < min_count for scores in sums.values())
    return TellingWords(
        rows, settings={"texts": dict(texts), "output": output, "min_count": min_count, "rare_words": rare}
    )
