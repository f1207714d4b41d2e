"""The result of an explanation: a dict that json can write, and the ways to look at it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Explanation(dict):
    """Why a classifier gave a text a score: signed shares of tokens and words, above 0 for the target.

    Keys:
        text: what was explained: a str, or a dict of the two texts of a pair.
        tokens: ``{"text", "start", "end", "score"}`` in order, offsets into your own string; of a pair also "field".
        words: the same for words.
        template: ``{"text", "score"}`` of tokens that are not in your text, those of a prompt's template; of several
            templates also "template".
        target: the label that was explained; prediction: the label that the classifier chooses.
        probability: of the target, 0 to 1; None where the classifier has none.
        value, baseline_value: the score of the target for the text and for its baseline, in the unit of ``output``.
        completeness_error: |Σ − (value − baseline_value)| / |value − baseline_value|, Σ over tokens and template; None
            where the two values are equal and Σ is not 0, and for slopes (method "gradient"), which add up to nothing.
        output, method, baseline, steps: how it was computed, ``baseline`` never "auto"; ``steps`` is 1 for methods without a path.
        cut: whether the classifier left out characters of a text that is too long; read: how many characters it read.

    Example:
        >>> token = {"text": "好", "start": 0, "end": 1, "score": 0.5}
        >>> found = Explanation(text="好", tokens=[token], words=[token], template=[], target="正面", completeness_error=0.0)
        >>> found["target"], found.top(1)[0]["text"], found.to_dict() == found
        ('正面', '好', True)
    """

    def top(self, count: int = 5, of: str = "words") -> list[dict[str, Any]]:
        """The words, or tokens, that speak most for the target, best first."""
        return sorted(self[of], key=lambda part: -part["score"])[:count]

    @property
    def texts(self) -> dict[str, str]:
        """Field → text; the field of a single text is "text"."""
        return dict(self["text"]) if isinstance(self["text"], Mapping) else {"text": self["text"]}

    def parts(self, field: str, of: str = "tokens") -> list[dict[str, Any]]:
        """The tokens, or words, of one field."""
        return [part for part in self[of] if part.get("field", field) == field]

    @property
    def templates(self) -> dict[str, list[dict[str, Any]]]:
        """Template → its tokens; the only one has the name ""."""
        found: dict[str, list[dict[str, Any]]] = {}
        for part in self["template"]:
            found.setdefault(part.get("template", ""), []).append(part)
        return found

    def to_dict(self) -> dict[str, Any]:
        """A plain dict that json can write."""
        return dict(self)

    def to_text(self, *, color: bool | None = None, width: int | None = None, of: str = "tokens") -> str:
        """The heat map for a terminal.

        Args:
            color: ANSI colours; None for a standard output that is a terminal, unless NO_COLOR is set. Without, a line of
                marks stands below each line of text.
            width: columns; None for those of the terminal.
            of: "tokens" or "words".
        """
        from zhnlp.attribution.terminal import render_text

        return render_text(self, color=color, width=width, of=of)

    def to_html(
        self, path: str | Path | None = None, *, title: str | None = None, language: str = "en"
    ) -> str:
        """One self-contained HTML page with the heat map; for several texts see `zhnlp.attribution.render_page`.

        Args:
            path: a file to write too.
            title: heading of the page.
            language: "en" or "zh".
        """
        from zhnlp.attribution.page import render_page
        from zhnlp.text.files import write_whole

        page = render_page([self], title=title, language=language)
        if path is not None:
            write_whole(path, page)
        return page

    def __str__(self) -> str:
        return self.to_text()
